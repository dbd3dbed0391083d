//! What readers hand over: running text, and tables row by row.
//!
//! In: text as its reader understands it. Out: to the sink, with escapes made readable and within the budget of characters; on
//! the way passwords are noted and files in letters kept. Deliberately absent: formats, and what is found in the text.

use std::borrow::Cow;

use super::Reading;
use crate::inspect::extract::escapes;
use crate::inspect::extract::letters::{self, Found, Letters};
use crate::inspect::extract::unlock::Words;
use crate::inspect::{Cell, Place, Reason};

impl Reading<'_> {
    /// Hands over running text.
    pub(crate) fn text(&mut self, place: &Place, text: &str) {
        if text.trim().is_empty() {
            return;
        }
        self.end_table();
        // A password may look like an escape, or be written in some.
        self.words.note(place, text);
        let readable = escapes::readable(text);
        if let Cow::Owned(text) = &readable {
            self.words.note(place, text);
        }
        let text = &*readable;
        self.keep_letters(place, letters::found(text));
        let text = self.within_characters(place, text);
        self.sink.text(place, text);
    }

    /// Keeps what stands in letters of a text until its part is read.
    fn keep_letters(&mut self, place: &Place, all: Vec<Found>) {
        for found in all {
            let letters = Letters { place: place.clone(), found };
            if self.charge(letters.len()) {
                self.letters.push(letters);
            } else {
                self.unread(place, Reason::Limit);
            }
        }
    }

    /// As much of `text` as the budget covers.
    fn within_characters<'t>(&mut self, place: &Place, text: &'t str) -> &'t str {
        let count = text.chars().count() as u64;
        self.count(count);
        if count <= self.characters_left {
            self.characters_left -= count;
            return text;
        }
        let covered = usize::try_from(self.characters_left).unwrap_or(usize::MAX);
        self.characters_left = 0;
        self.unread(place, Reason::Limit);
        let end = text.char_indices().nth(covered).map_or(text.len(), |(at, _)| at);
        text.get(..end).unwrap_or_default()
    }

    /// So many characters more were handed over for the part that is open, within the budget or not.
    fn count(&mut self, characters: u64) {
        if let Some(open) = self.characters.last_mut() {
            *open = open.saturating_add(characters);
        }
    }

    pub(crate) fn begin_table(&mut self, place: &Place) {
        self.end_table();
        self.sink.begin_table(place);
        self.table = place.clone();
        self.heard = Words::wants_rows_of(place);
        self.in_table = true;
    }

    /// Hands over one row of the table that was begun.
    pub(crate) fn row(&mut self, row: u32, cells: &[Cell<'_>]) {
        if self.in_table && !cells.is_empty() {
            let original = cells;
            let cells = &*readable(cells);
            let count: u64 = cells.iter().map(|cell| cell.text.chars().count() as u64).sum();
            self.count(count);
            // A string that a thousand cells share is read a thousand times.
            if count > self.characters_left {
                self.characters_left = 0;
                let place = self.table.clone();
                return self.unread(&place, Reason::Limit);
            }
            self.characters_left -= count;
            if self.heard {
                self.words.note_row(&self.table, original.iter().map(|cell| cell.text.as_ref()));
            }
            for cell in cells {
                let found = letters::found(&cell.text);
                // Nearly no cell has any, and there are millions.
                if !found.is_empty() {
                    let table = self.table.clone();
                    self.keep_letters(&table, found);
                }
            }
            self.sink.row(row, cells);
        }
    }

    pub(crate) fn end_table(&mut self) {
        if self.in_table {
            self.in_table = false;
            self.sink.end_table();
        }
    }
}

/// Cells with what is escaped in them readable. Nearly no row has any.
fn readable<'a, 'c>(cells: &'a [Cell<'c>]) -> Cow<'a, [Cell<'c>]> {
    let mut all = Cow::Borrowed(cells);
    for (at, cell) in cells.iter().enumerate() {
        if let Cow::Owned(text) = escapes::readable(&cell.text)
            && let Some(cell) = all.to_mut().get_mut(at)
        {
            cell.text = Cow::Owned(text);
        }
    }
    all
}

/// A cell with its text, in plain sight.
pub(crate) fn cell<'a>(column: u32, text: impl Into<Cow<'a, str>>) -> Cell<'a> {
    Cell { column, text: text.into(), hidden: false }
}
