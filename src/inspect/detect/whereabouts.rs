//! Where something was found, as a person would look for it.
//!
//! In: an offset in normalised text, or a row and a column. Out: `body:3`, `顧客.xlsx › 顧客!C2`, and whether a normal
//! reader sees that place. Deliberately absent: any text found there.

use std::collections::HashSet;
use std::ops::Range;

use super::normal::Normal;
use crate::inspect::Place;

/// A table's place.
#[derive(Debug, Clone)]
pub(super) enum Where {
    /// A sheet or a file of rows: `顧客.csv!C2`. `hidden` are the cells out of sight, by row and column, of the rows that
    /// are being read.
    Sheet { place: Place, hidden: HashSet<(u32, u32)> },
    /// A list in running text whose rows are lines; the first line's number.
    Lines(Place, usize),
    /// A list inside something smaller than a line.
    Fixed(Place),
}

impl Where {
    /// Whether a normal reader does not see a cell.
    pub(super) fn is_hidden(&self, row: u32, column: u32) -> bool {
        match self {
            Self::Sheet { place, hidden } => place.hidden || hidden.contains(&(row, column)),
            Self::Lines(place, _) | Self::Fixed(place) => place.hidden,
        }
    }

    /// What a sheet is a part of: the file that it stands in.
    pub(super) fn book(&self) -> Option<String> {
        let Self::Sheet { place, .. } = self else { return None };
        place.path.rsplit_once(" › ").map(|(book, _)| book.to_owned())
    }

    /// The place of one cell.
    pub(super) fn cell(&self, row: u32, column: u32) -> (String, bool) {
        match self {
            Self::Sheet { place, .. } => {
                (format!("{}!{}{}", place.path, letters(column), u64::from(row) + 1), self.is_hidden(row, column))
            }
            Self::Lines(place, first) => {
                let line = first.saturating_add(usize::try_from(row).unwrap_or(usize::MAX));
                (format!("{}:{line}", place.path), place.hidden)
            }
            Self::Fixed(place) => (place.path.clone(), place.hidden),
        }
    }
}

/// The places of a running text's offsets.
pub(super) enum Whereabouts<'a> {
    /// A stretch of text that starts at line `first` of `place`; a header field has no lines (`None`).
    Text { place: &'a Place, first: Option<usize>, original: &'a str, normal: &'a Normal<'a> },
    /// Cells put one after another: where each starts, its row and its column. Ascending.
    Cells { table: &'a Where, starts: &'a [(usize, u32, u32)] },
}

impl Whereabouts<'_> {
    /// Whether a normal reader does not see what stands at an offset.
    pub(super) fn is_hidden(&self, offset: usize) -> bool {
        match self {
            Self::Text { place, .. } => place.hidden,
            Self::Cells { table, .. } => {
                let (row, column) = self.cell(offset);
                table.is_hidden(row, column)
            }
        }
    }

    /// A part of a running text as it stood before it was normalised.
    pub(super) fn original(&self, part: Range<usize>) -> Option<&str> {
        match self {
            Self::Text { original, normal, .. } => original.get(normal.original(part.start)..normal.original(part.end)),
            Self::Cells { .. } => None,
        }
    }

    /// The row and column of an offset in cells.
    fn cell(&self, offset: usize) -> (u32, u32) {
        let Self::Cells { starts, .. } = self else { return (0, 0) };
        let after = starts.partition_point(|&(start, ..)| start <= offset);
        let (_, row, column) = after.checked_sub(1).and_then(|i| starts.get(i)).copied().unwrap_or_default();
        (row, column)
    }

    /// The place of an offset.
    pub(super) fn of(&self, offset: usize) -> (String, bool) {
        match self {
            Self::Text { place, first: None, .. } => (place.path.clone(), place.hidden),
            Self::Text { place, first: Some(first), original, normal } => {
                let before = original.get(..normal.original(offset)).unwrap_or(original);
                let line = first + memchr::memchr_iter(b'\n', before.as_bytes()).count();
                (format!("{}:{line}", place.path), place.hidden)
            }
            Self::Cells { table, .. } => {
                let (row, column) = self.cell(offset);
                table.cell(row, column)
            }
        }
    }

    /// The place of a list that starts at an offset; its rows are the lines of the whole text.
    pub(super) fn list(&self, offset: usize) -> Where {
        match self {
            Self::Text { place, first: Some(first), .. } => Where::Lines((*place).clone(), *first),
            _ => {
                let (path, hidden) = self.of(offset);
                Where::Fixed(Place { path, hidden, ..Place::default() })
            }
        }
    }
}

/// A column as spreadsheets call it: A … Z, AA ….
fn letters(column: u32) -> String {
    let mut rest = u64::from(column) + 1;
    let mut letters = Vec::new();
    while rest > 0 {
        rest -= 1;
        letters.extend(char::from_digit(u32::try_from(rest % 26).unwrap_or_default() + 10, 36));
        rest /= 26;
    }
    letters.iter().rev().map(char::to_ascii_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_called_as_in_a_spreadsheet() {
        for (column, name) in [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA"), (16_383, "XFD")] {
            assert_eq!(letters(column), name);
        }
        let sheet = Where::Sheet { place: Place::new("a.xlsx › 顧客"), hidden: HashSet::from([(1, 3)]) };
        assert_eq!(sheet.cell(1, 2), ("a.xlsx › 顧客!C2".to_owned(), false));
        assert_eq!(sheet.cell(1, 3), ("a.xlsx › 顧客!D2".to_owned(), true));
    }

    #[test]
    fn lines_are_counted_in_the_original() {
        let original = "１行目\n\u{200B}２行目\n0";
        let normal = Normal::of(original);
        let place = Place::new("body");
        let text = Whereabouts::Text { place: &place, first: Some(11), original, normal: &normal };
        assert_eq!(text.of(normal.text().find('0').unwrap()).0, "body:13");
        assert_eq!(text.of(normal.text().find('2').unwrap()).0, "body:12");
        assert_eq!(text.of(0).0, "body:11");
    }
}
