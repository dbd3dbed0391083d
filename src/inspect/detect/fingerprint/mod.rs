//! Document fingerprints: registered documents, found again without keeping their text.
//!
//! In: a document once, when it is registered ([`Press`]); later the texts and rows of a mail. Out: a finding that says
//! which document and how much of it. The way of a text: [`letters`] leaves its letters, [`shingles`] hashes each stretch
//! of them, [`winnow`] chooses the few that are kept of a document, [`keyed`] makes them tell nothing without the
//! organisation's secret, [`catalogue`] writes them and [`library`] reads them, [`search`] counts them in a mail.
//!
//! After Schleimer, Wilkerson and Aiken, "Winnowing: Local Algorithms for Document Fingerprinting" (SIGMOD 2003), with one
//! change: a mail is winnowed by windows of half the length. What is the least of a document's window is the least of each
//! half of it that it is in, so the paper's promise holds, that no common run of [`SURE_WIDE`] Japanese or [`SURE`] other
//! letters goes unnoticed; and what was kept of a document is found nearer to something reworded.
//! Deliberately absent: text, in the library and in what is said; and likeness of meaning.

mod catalogue;
#[cfg(test)]
mod evaluation;
mod keyed;
mod letters;
mod library;
mod search;
mod shingles;
#[cfg(test)]
mod tests;
mod winnow;

pub use catalogue::{Catalogue, Registered, TooMany};
pub use keyed::Keys;
pub use library::{Document, Library};
pub use search::DETECTOR;
pub(super) use search::{Search, infos};
use winnow::Press;
pub use winnow::Print;

use super::RuleError;
use super::exact::Shelf;
use super::whereabouts::{Where, Whereabouts};
use crate::inspect::{Cell, Place};

/// A run of so many letters that are not Chinese, Japanese or Korean never goes unnoticed, nor one of
pub const SURE: usize = winnow::WINDOW + shingles::WEIGHT - 1;

/// so many that are.
pub const SURE_WIDE: usize = winnow::WINDOW + shingles::WEIGHT / 2 - 1;

/// A document with fewer letters tells too little of itself.
pub const FEWEST: u64 = 200;

/// Where the library lies below the organisation's rules, for messages.
pub const LIBRARY: &str = "fingerprints/documents.fpr";

/// The file of the organisation's secret beside it.
pub const SECRET: &str = "fingerprints/fingerprint.key";

/// Opens the organisation's library, if it has one.
pub(super) fn open(shelf: &dyn Shelf) -> Result<Option<Library>, RuleError> {
    let wrong = |file: &str, message: String| RuleError { file: file.to_owned(), message };
    let Some(bytes) = shelf.library().map_err(|error| wrong(LIBRARY, format!("it cannot be read: {error}")))? else {
        return Ok(None);
    };
    let secret = shelf.library_secret().map_err(|error| {
        wrong(SECRET, format!("it cannot be read: {error}; bring the key that the documents were registered with"))
    })?;
    let library = Library::open(bytes, &secret).map_err(|why| wrong(LIBRARY, why))?;
    // An empty one costs nobody anything.
    Ok(Some(library).filter(|library| !library.documents().is_empty()))
}

/// What reads along while a mail or a document is read: the search for registered documents, and the press that takes the
/// fingerprint of a new one.
#[derive(Debug, Default)]
pub(super) struct Reader<'a> {
    search: Option<Search<'a>>,
    press: Option<Press>,
}

impl<'a> Reader<'a> {
    /// One that looks for the documents of `library`.
    pub(super) fn new(library: Option<&'a Library>) -> Self {
        Self { search: library.map(Search::new), press: None }
    }

    /// Takes the fingerprint of what is read from now on.
    pub(super) fn take(&mut self, keys: &Keys) {
        self.press = Some(Press::new(keys));
    }

    /// Reads normalised running text.
    pub(super) fn text(&mut self, place: &Place, text: &str, whereabouts: &Whereabouts<'_>) {
        if let Some(search) = &mut self.search {
            search.at(&place.path);
            search.text(text, |offset| whereabouts.of(offset));
        }
        if let Some(press) = self.press.as_mut().filter(|_| is_seen(place)) {
            press.text(text);
        }
    }

    /// Reads a row of a table.
    pub(super) fn row(&mut self, row: u32, cells: &[Cell<'_>], table: &Where) {
        if self.search.is_none() && self.press.is_none() {
            return;
        }
        if let (Some(search), Where::Sheet { place, .. }) = (&mut self.search, table) {
            search.at(&place.path);
        }
        for cell in cells {
            let normal = super::Normal::of(&cell.text);
            if let Some(search) = &mut self.search {
                search.text(normal.text(), |_| table.cell(row, cell.column));
            }
            if let Some(press) = self.press.as_mut().filter(|_| !table.is_hidden(row, cell.column)) {
                press.text(normal.text());
            }
        }
    }

    /// The fingerprint, if one was taken.
    pub(super) fn print(&mut self) -> Option<Print> {
        self.press.take().map(Press::finish)
    }

    /// What the search came to, if there was one.
    pub(super) fn finish(self) -> search::Outcome {
        self.search.map(Search::finish).unwrap_or_default()
    }
}

/// Whether a document is known by what stands there: a reader sees it, and it is neither a property nor what every
/// presentation says of how it is to be filled in.
fn is_seen(place: &Place) -> bool {
    let last = place.path.rsplit(" › ").next().unwrap_or_default();
    let is_pattern = place.path.contains(" › ") && ["master", "layout"].iter().any(|name| last.starts_with(name));
    !place.hidden && !place.field && !is_pattern
}
