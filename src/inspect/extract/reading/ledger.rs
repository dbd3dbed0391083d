//! The entries of the ledger: what was read, what was not, and which files there are.
//!
//! In: places, as readers come through them. Out: a [`Ledger`](super::Ledger) whose counts are of everything, and whose lists
//! end somewhere. Deliberately absent: what follows from an entry.

use super::Reading;
use crate::inspect::extract::sniff::Format;
use crate::inspect::{Attachment, Inspected, Place, Reason, Uninspected};

/// How many entries each of the ledger's two lists may have; a reader of more would learn nothing, and a hostile archive
/// could make millions. The ledger's counts go on.
const ENTRIES: usize = 1_000;

impl Reading<'_> {
    /// What stands at `place` was read: everything that was handed over for the open part since the last such entry.
    pub(crate) fn done(&mut self, place: &Place) {
        self.done_noted(place, None);
    }

    /// As [`Self::done`], with something to know about it.
    pub(crate) fn done_noted(&mut self, place: &Place, note: Option<String>) {
        let characters = self.characters.last_mut().map(std::mem::take).unwrap_or_default();
        let coverage = &mut self.ledger.coverage;
        coverage.parts = coverage.parts.saturating_add(1);
        coverage.inspected = coverage.inspected.saturating_add(1);
        coverage.characters = coverage.characters.saturating_add(characters);
        if self.ledger.inspected.len() < ENTRIES {
            self.ledger.inspected.push(Inspected { place: named(place), characters, note });
        }
    }

    /// The mail carries this file; the first thousand are listed.
    pub(crate) fn attached(&mut self, name: &str, format: Format, size: usize) {
        if self.ledger.attachments.len() < ENTRIES {
            let (kind, name) = (format.name().to_owned(), name.to_owned());
            self.ledger.attachments.push(Attachment { kind, name, size: size as u64 });
        }
    }

    /// Something was not read, or not to its end.
    pub(crate) fn unread(&mut self, place: &Place, reason: Reason) {
        self.ledger.protected |= reason == Reason::Encrypted;
        let entry = Uninspected { place: named(place), reason };
        if self.seen.contains(&entry) {
            return;
        }
        self.ledger.coverage.parts = self.ledger.coverage.parts.saturating_add(1);
        if self.seen.len() < ENTRIES {
            self.seen.insert(entry.clone());
            self.ledger.uninspected.push(entry);
        }
    }
}

/// A mail's own text has no name in its path.
fn named(place: &Place) -> String {
    if place.path.is_empty() { "body".to_owned() } else { place.path.clone() }
}
