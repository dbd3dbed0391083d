//! Where text of a Word 97 document is hidden or deleted, and where tables are.
//!
//! In: the two bin tables and the pages of formatting that they list. Out: what holds at a position in the stream.
//! Deliberately absent: every other property, and styles.

use std::collections::HashSet;

use crate::inspect::extract::compound::{u16_at, u32_at};
use crate::inspect::extract::spans::Spans;

const PAGE: usize = 512;

/// How many pages are read; a document of a hundred megabytes has as many.
const PAGES: usize = 1 << 17;

/// What holds for a paragraph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Paragraph {
    /// How many tables are around it.
    pub(super) depth: usize,
    /// It is a row's end.
    pub(super) ends_row: bool,
    /// Its end is the end of a cell, or of a row, of a table in a table.
    pub(super) ends_inner_cell: bool,
    pub(super) ends_inner_row: bool,
}

/// Formatting by positions in the stream, in order.
#[derive(Debug, Default)]
pub(super) struct Formatting {
    /// Stretches that are not shown.
    hidden: Vec<(usize, usize)>,
    /// Paragraphs in tables.
    paragraphs: Vec<(usize, usize, Paragraph)>,
}

impl Formatting {
    pub(super) fn read(text: &[u8], characters: &[u8], paragraphs: &[u8], spans: &mut Spans) -> Self {
        let mut formatting = Self::default();
        for (start, page) in pages(text, characters) {
            spans.claim(start, PAGE);
            for (from, to, list) in entries(page, 1) {
                let length = list.first().map_or(0, |&length| usize::from(length));
                if hides(list.get(1..=length).unwrap_or_default()) {
                    formatting.hidden.push((from, to));
                }
            }
        }
        for (start, page) in pages(text, paragraphs) {
            spans.claim(start, PAGE);
            for (from, to, list) in entries(page, 13) {
                let found = paragraph(properties(list));
                if found != Paragraph::default() {
                    formatting.paragraphs.push((from, to, found));
                }
            }
        }
        formatting.hidden.sort_unstable();
        formatting.paragraphs.sort_unstable_by_key(|&(from, ..)| from);
        formatting
    }

    /// Whether text here is hidden, and how far that holds.
    pub(super) fn run_at(&self, at: usize) -> (bool, usize) {
        let next = self.hidden.partition_point(|&(from, _)| from <= at);
        let until = self.hidden.get(next).map_or(usize::MAX, |&(from, _)| from);
        match next.checked_sub(1).and_then(|index| self.hidden.get(index)) {
            Some(&(_, to)) if at < to => (true, to),
            _ => (false, until),
        }
    }

    pub(super) fn paragraph_at(&self, at: usize) -> Paragraph {
        let next = self.paragraphs.partition_point(|&(from, ..)| from <= at);
        match next.checked_sub(1).and_then(|index| self.paragraphs.get(index)) {
            Some(&(_, to, paragraph)) if at < to => paragraph,
            _ => Paragraph::default(),
        }
    }
}

/// The pages that a bin table lists, and where they are.
fn pages<'a>(text: &'a [u8], table: &'a [u8]) -> impl Iterator<Item = (usize, &'a [u8])> {
    let count = (table.len().saturating_sub(4) / 8).min(PAGES);
    // No page is listed twice but to take time.
    let mut seen = HashSet::new();
    (0..count).filter_map(move |index| {
        let number = u32_at(table, 4 * (count + 1) + 4 * index)? & 0x003f_ffff;
        if !seen.insert(number) {
            return None;
        }
        let start = usize::try_from(number).ok()?.checked_mul(PAGE)?;
        Some((start, text.get(start..start + PAGE)?))
    })
}

/// The stretches of a page and their lists of properties. `width` bytes tell where each list is.
fn entries(page: &[u8], width: usize) -> impl Iterator<Item = (usize, usize, &[u8])> {
    // No more than have room.
    let count = page.last().map_or(0, |&count| usize::from(count)).min((PAGE - 5) / (4 + width));
    (0..count).filter_map(move |index| {
        let from = usize::try_from(u32_at(page, 4 * index)?).ok()?;
        let to = usize::try_from(u32_at(page, 4 * index + 4)?).ok()?;
        let offset = usize::from(*page.get(4 * (count + 1) + width * index)?) * 2;
        let list = if offset == 0 { &[][..] } else { page.get(offset..)? };
        Some((from, to, list))
    })
}

/// The properties of a paragraph stand behind a length in one of two forms, and a style.
fn properties(list: &[u8]) -> &[u8] {
    let (start, length) = match list {
        [0, words, ..] => (2, usize::from(*words) * 2),
        [words, ..] => (1, (usize::from(*words) * 2).saturating_sub(1)),
        [] => (0, 0),
    };
    list.get(start + 2..start + length.max(2)).unwrap_or_default()
}

/// Single properties: their number and their value.
fn modifiers(mut list: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let number = u16_at(list, 0)?;
        let (start, length) = match number >> 13 {
            0 | 1 => (2, 1),
            2 | 4 | 5 => (2, 2),
            3 => (2, 4),
            7 => (2, 3),
            // The definition of a table has a longer length.
            _ if number == 0xd608 => (4, usize::from(u16_at(list, 2)?).saturating_sub(1)),
            _ => (3, usize::from(*list.get(2)?)),
        };
        let value = list.get(start..start + length)?;
        list = list.get(start + length..)?;
        Some((number, value))
    })
}

fn is_on(value: &[u8]) -> bool {
    matches!(value.first(), Some(1 | 0x81))
}

fn hides(list: &[u8]) -> bool {
    const DELETED: u16 = 0x0800;
    const HIDDEN: u16 = 0x083c;
    modifiers(list).any(|(number, value)| matches!(number, DELETED | HIDDEN) && is_on(value))
}

fn paragraph(list: &[u8]) -> Paragraph {
    let mut paragraph = Paragraph::default();
    let mut in_table = false;
    for (number, value) in modifiers(list) {
        match number {
            0x2416 => in_table = is_on(value),
            0x2417 => paragraph.ends_row = is_on(value),
            0x244b => paragraph.ends_inner_cell = is_on(value),
            0x244c => paragraph.ends_inner_row = is_on(value),
            0x6649 => paragraph.depth = u32_at(value, 0).and_then(|depth| usize::try_from(depth).ok()).unwrap_or(0),
            _ => {}
        }
    }
    if in_table {
        paragraph.depth = paragraph.depth.max(1);
    }
    paragraph
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_of_every_width_are_stepped_over() {
        let list = [
            0x16, 0x24, 1, // in a table
            0x08, 0xd6, 4, 0, 9, 9, 9, // the table's definition
            0x15, 0xc6, 2, 9, 9, // of its own length
            0x49, 0x66, 2, 0, 0, 0, // in two tables
            0x4b, 0x24, 1,
        ];
        let expected = Paragraph { depth: 2, ends_inner_cell: true, ..Paragraph::default() };
        assert_eq!(paragraph(&list), expected);
        assert!(hides(&[0x3c, 0x08, 1]) && !hides(&[0x3c, 0x08, 0]) && !hides(&[0x3c]));
    }

    #[test]
    fn a_position_is_hidden_up_to_where_it_says() {
        let formatting = Formatting { hidden: vec![(10, 20), (30, 40)], paragraphs: Vec::new() };
        assert_eq!(formatting.run_at(5), (false, 10));
        assert_eq!(formatting.run_at(10), (true, 20));
        assert_eq!(formatting.run_at(20), (false, 30));
        assert_eq!(formatting.run_at(45), (false, usize::MAX));
    }
}
