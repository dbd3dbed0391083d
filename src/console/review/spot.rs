//! Where something stands, taken apart: the file, the sheet or part in it, the column or line.
//!
//! In: a place as the inspection writes it (`顧客.zip › 顧客.xlsx › 顧客!F2`, `body:3`). Out: a [`Spot`], in words that a
//! page can show. Deliberately absent: any guess; a name that only looks like a cell is a name.

use crate::{language::Language, notice::words};

/// Between the names of a place.
const SEPARATOR: &str = " › ";

/// Names longer than this are cut.
const LONGEST: usize = 200;

/// A place taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spot<'p> {
    /// The attachment, `body`, or a header field.
    pub(super) file: &'p str,
    /// The way from there to the sheet, the entry or the page; may be empty.
    pub(super) part: &'p str,
    /// Where in that.
    pub(super) at: At<'p>,
}

/// Where in a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At<'p> {
    /// A cell: its column, and all of it.
    Cell { column: &'p str, cell: &'p str },
    /// A line.
    Line(&'p str),
    /// The part as a whole.
    Whole,
}

impl<'p> Spot<'p> {
    /// Takes a place apart.
    pub(super) fn of(place: &'p str) -> Self {
        let (path, at) = cut(place);
        let (file, part) = path.split_once(SEPARATOR).unwrap_or((path, ""));
        Self { file, part, at }
    }

    /// The file and the part in words.
    pub(super) fn whole(&self, language: Language) -> String {
        let file = words::place(self.file, language);
        if self.part.is_empty() { file } else { format!("{file}{SEPARATOR}{}", words::one_line(self.part, LONGEST)) }
    }

    /// The column, the line, or nothing, in words.
    pub(super) fn column(&self, language: Language) -> String {
        match (self.at, language) {
            (At::Cell { column, .. }, Language::Ja) => format!("{column}列"),
            (At::Cell { column, .. }, Language::En) => format!("column {column}"),
            (At::Line(_), Language::Ja) => "文中".to_owned(),
            (At::Line(_), Language::En) => "running text".to_owned(),
            (At::Whole, _) => String::new(),
        }
    }

    /// The cell or the line.
    pub(super) fn point(&self, language: Language) -> String {
        match (self.at, language) {
            (At::Cell { cell, .. }, _) => cell.to_owned(),
            (At::Line(line), Language::Ja) => format!("{line}行目"),
            (At::Line(line), Language::En) => format!("line {line}"),
            (At::Whole, _) => String::new(),
        }
    }
}

/// The path, and what stands behind it.
fn cut(place: &str) -> (&str, At<'_>) {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some((path, cell)) = place.rsplit_once('!') {
        let letters = cell.trim_end_matches(|c: char| c.is_ascii_digit());
        let is_column = (1..=3).contains(&letters.len()) && letters.bytes().all(|byte| byte.is_ascii_uppercase());
        if is_column && cell.strip_prefix(letters).is_some_and(digits) {
            return (path, At::Cell { column: letters, cell });
        }
    }
    match place.rsplit_once(':') {
        Some((path, line)) if digits(line) => (path, At::Line(line)),
        _ => (place, At::Whole),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_taken_apart_and_a_name_that_looks_like_one_is_not() {
        let cell = At::Cell { column: "F", cell: "F2" };
        for (place, file, part, at) in [
            ("業務委託.xlsx › 顧客!F2", "業務委託.xlsx", "顧客", cell),
            ("顧客.zip › 顧客.csv!F2", "顧客.zip", "顧客.csv", cell),
            ("顧客.csv!F2", "顧客.csv", "", cell),
            ("body:3", "body", "", At::Line("3")),
            ("転送.eml › body:12", "転送.eml", "body", At::Line("12")),
            ("Subject", "Subject", "", At::Whole),
            ("至急!", "至急!", "", At::Whole),
            ("至急!!.xlsx › Hello!World", "至急!!.xlsx", "Hello!World", At::Whole),
            ("C:目録", "C:目録", "", At::Whole),
            ("", "", "", At::Whole),
        ] {
            assert_eq!(Spot::of(place), Spot { file, part, at }, "{place}");
        }
    }
}
