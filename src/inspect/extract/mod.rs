//! One file per format: where the text is, and where it was found.
//!
//! In: bytes of a mail or a file. Out: text and tables into a [`Sink`], and a [`Ledger`] of what was read and what
//! was not.

use serde::{Deserialize, Serialize};

use super::{Coverage, Kind, Sink, Uninspected};

/// How much of one mail is read. Running over any of them is `uninspected: limit`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Unpacked bytes in all.
    pub bytes: u64,
    /// How deep archives and mails may nest.
    pub depth: u32,
    /// Parts and archive entries in all.
    pub entries: u32,
    /// Table cells in all.
    pub cells: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 1 << 30, depth: 16, entries: 20_000, cells: 20_000_000 }
    }
}

/// What was read and what was not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ledger {
    /// What the outermost bytes are.
    pub kind: String,
    /// What could not be read.
    pub uninspected: Vec<Uninspected>,
    /// How much was read.
    pub coverage: Coverage,
}

/// Finds all text in `bytes` and hands it to `sink`.
pub fn extract(_bytes: &[u8], _kind: &Kind, _limits: &Limits, _sink: &mut dyn Sink) -> Ledger {
    Ledger::default()
}
