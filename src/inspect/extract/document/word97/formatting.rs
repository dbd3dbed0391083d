//! Where text of a Word 97 document is hidden or deleted, and where tables are.
//!
//! In: the two bin tables, the pages of formatting that they list, and the styles. Out: what holds at a position in the
//! stream. Hidden is what says so, by itself or by a style; letters of a point; and white ones with nothing behind them,
//! outside of tables. Deliberately absent: every other property.

use std::collections::HashSet;

use crate::inspect::extract::compound::{u16_at, u32_at};
use crate::inspect::extract::document::word97::styles::Styles;

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

/// What formatting is read from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tables<'t> {
    pub(super) styles: &'t [u8],
    pub(super) characters: &'t [u8],
    pub(super) paragraphs: &'t [u8],
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
    pub(super) fn read(text: &[u8], tables: Tables<'_>) -> Self {
        let styles = Styles::of(tables.styles);
        let mut formatting = Self::default();
        let (mut hidden, mut shown, mut white) = (Vec::new(), Vec::new(), Vec::new());
        for page in pages(text, tables.characters) {
            for (from, to, list) in entries(page, 1) {
                let length = list.first().map_or(0, |&length| usize::from(length));
                let look = Look::of(list.get(1..=length).unwrap_or_default());
                match look.is_hidden(&styles) {
                    Some(true) => hidden.push((from, to)),
                    Some(false) => shown.push((from, to)),
                    None => {}
                }
                if look.is_white && !look.is_backed {
                    white.push((from, to));
                }
            }
        }
        let (mut styled, mut backed) = (Vec::new(), Vec::new());
        for page in pages(text, tables.paragraphs) {
            for (from, to, list) in entries(page, 13) {
                let (style, list) = properties(list);
                let found = paragraph(list);
                if styles.hides(style) {
                    styled.push((from, to));
                }
                if found.depth > 0 || modifiers(list).any(|(number, _)| matches!(number, 0x442d | 0xc64d)) {
                    backed.push((from, to));
                }
                if found != Paragraph::default() {
                    formatting.paragraphs.push((from, to, found));
                }
            }
        }
        hidden.extend(without(styled, shown));
        hidden.extend(without(white, backed));
        formatting.hidden = merged(hidden);
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

/// Stretches in order, each apart from the next.
fn merged(mut stretches: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    stretches.sort_unstable();
    let mut merged: Vec<(usize, usize)> = Vec::with_capacity(stretches.len());
    for (from, to) in stretches {
        match merged.last_mut().filter(|last| from <= last.1) {
            Some(last) => last.1 = last.1.max(to),
            None => merged.push((from, to)),
        }
    }
    merged
}

/// What is left of stretches without others.
fn without(stretches: Vec<(usize, usize)>, others: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    let (stretches, others) = (merged(stretches), merged(others));
    let mut left = Vec::new();
    let mut next = 0;
    for (mut from, to) in stretches {
        while let Some(&(start, end)) = others.get(next).filter(|other| other.0 < to) {
            if from < start {
                left.push((from, start));
            }
            from = from.max(end);
            // One that goes on may reach into the next stretch as well.
            if end > to {
                break;
            }
            next += 1;
        }
        if from < to {
            left.push((from, to));
        }
    }
    left
}

/// The pages that a bin table lists.
fn pages<'a>(text: &'a [u8], table: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let count = (table.len().saturating_sub(4) / 8).min(PAGES);
    // No page is listed twice but to take time.
    let mut seen = HashSet::new();
    (0..count).filter_map(move |index| {
        let number = u32_at(table, 4 * (count + 1) + 4 * index)? & 0x003f_ffff;
        if !seen.insert(number) {
            return None;
        }
        let start = usize::try_from(number).ok()?.checked_mul(PAGE)?;
        text.get(start..start + PAGE)
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

/// The style of a paragraph and its properties, which stand behind a length in one of two forms.
fn properties(list: &[u8]) -> (u16, &[u8]) {
    let (start, length) = match list {
        [0, words, ..] => (2, usize::from(*words) * 2),
        [words, ..] => (1, (usize::from(*words) * 2).saturating_sub(1)),
        [] => (0, 0),
    };
    (u16_at(list, start).unwrap_or_default(), list.get(start + 2..start + length.max(2)).unwrap_or_default())
}

/// Single properties: their number and their value.
pub(super) fn modifiers(mut list: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
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

/// What a run says of how it looks.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Look {
    is_deleted: bool,
    /// On or off; or as the style has it, or the opposite.
    pub(super) hidden: Option<u8>,
    style: Option<u16>,
    is_tiny: bool,
    is_white: bool,
    is_backed: bool,
}

impl Look {
    pub(super) fn of(list: &[u8]) -> Self {
        const TINY: u16 = 2;
        let mut look = Self::default();
        for (number, value) in modifiers(list) {
            match number {
                0x0800 => look.is_deleted = is_on(value),
                0x083c => look.hidden = value.first().copied(),
                0x4a30 => look.style = u16_at(value, 0),
                0x4a43 => look.is_tiny = u16_at(value, 0).is_some_and(|size| size <= TINY),
                // One of the sixteen colours, or red, green and blue.
                0x2a42 => look.is_white = value.first() == Some(&8),
                0x6870 => look.is_white = matches!(value, [240..=255, 240..=255, 240..=255, 0]),
                0x2a0c => look.is_backed |= value.first() != Some(&0),
                0x4866 | 0xca71 => look.is_backed = true,
                _ => {}
            }
        }
        look
    }

    /// Whether it is hidden, if that is said of itself or by its style.
    fn is_hidden(self, styles: &Styles) -> Option<bool> {
        let by_style = self.style.is_some_and(|style| styles.hides(style));
        let hidden = match self.hidden {
            Some(0) => Some(false),
            Some(1) => Some(true),
            Some(0x81) => Some(!by_style),
            _ => by_style.then_some(true),
        };
        if self.is_deleted || self.is_tiny { Some(true) } else { hidden }
    }
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
        let hides = |list: &[u8]| Look::of(list).is_hidden(&Styles::default());
        assert_eq!(hides(&[0x3c, 0x08, 1]), Some(true));
        assert_eq!((hides(&[0x3c, 0x08, 0]), hides(&[0x3c])), (Some(false), None));
        assert_eq!((hides(&[0x43, 0x4a, 2, 0]), hides(&[0x43, 0x4a, 21, 0])), (Some(true), None));
        assert!(Look::of(&[0x70, 0x68, 255, 255, 250, 0]).is_white && Look::of(&[0x42, 0x2a, 8]).is_white);
        assert!(!Look::of(&[0x70, 0x68, 255, 255, 250, 255]).is_white);
    }

    #[test]
    fn stretches_are_cut_by_others() {
        assert_eq!(
            without(vec![(10, 20), (30, 40)], vec![(0, 12), (15, 16), (18, 35)]),
            [(12, 15), (16, 18), (35, 40)]
        );
        assert_eq!(without(vec![(10, 20), (18, 30)], vec![]), [(10, 30)]);
        assert_eq!(without(vec![(10, 20), (30, 40)], vec![(0, 50)]), []);
        assert_eq!(merged(vec![(5, 6), (1, 3), (2, 4)]), [(1, 4), (5, 6)]);
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
