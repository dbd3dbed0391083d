//! Whether the journal is whole: the chain is walked, and compared with the seals of this store and with a head that
//! somebody kept elsewhere.
//!
//! In: rows, seals, a [`KeptHead`]. Out: [`Verified`], with every row that does not fit (`fault` says what may be wrong with
//! one, and by which tampering). Deliberately absent: repair. What does not fit is evidence.

use std::str::FromStr;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    JournalError, Record, What,
    chain::{BEGINNING, link},
    fault::{Broken, Fault},
};
use crate::store::{Anchor, JournalRow, JournalSeal, Store};

/// How many rows are read at once.
const STEP: u32 = 1000;

/// What the text of a record has that tells of removed ones.
const REMOVED: &str = r#""kind":"removed""#;

/// So many faults are told one by one; behind them it is only counted.
const TOLD: usize = 20;

/// For so many rows it is tried where they belong, which costs a hash for every record that there is.
const PLACED: usize = 8;

/// What a walk along the chain found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// How many rows there are.
    pub records: u64,
    /// How many older ones were removed before them, as `retention.journal` says.
    pub removed: u64,
    /// The number of the last one.
    pub last: i64,
    /// Its hash, in hexadecimal.
    pub head: String,
    /// The number of the record that the kept head is; none if none was given or it is not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept: Option<i64>,
    /// The first fault, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken: Option<Broken>,
    /// The others, as far as they are told one by one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<Broken>,
    /// How many more there are.
    pub more: u64,
}

/// A head that was kept elsewhere: `NUMBER:HASH`, or the hash alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptHead {
    seq: Option<i64>,
    hash: Vec<u8>,
}

impl FromStr for KeptHead {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (seq, hash) = match text.trim().split_once(':') {
            Some((seq, hash)) => (Some(seq.trim().parse().map_err(|_| NO_HEAD)?), hash),
            None => (None, text.trim()),
        };
        let hash = HEXLOWER_PERMISSIVE.decode(hash.as_bytes()).map_err(|_| NO_HEAD)?;
        if hash.len() == BEGINNING.len() { Ok(Self { seq, hash }) } else { Err(NO_HEAD) }
    }
}

const NO_HEAD: &str = "a head is written NUMBER:HASH, as `journal verify` prints it";

/// Walks the chain from where it begins: at its first row, or behind those that were removed when their time was over.
pub(super) async fn verify(store: &Store, kept: Option<&KeptHead>) -> Result<Verified, JournalError> {
    loop {
        let anchor = store.journal_anchor().await?;
        let verified = from(store, anchor.as_ref(), kept).await?;
        // What was removed during the walk is missed by no fault of anybody.
        if store.journal_anchor().await? == anchor {
            return Ok(verified);
        }
    }
}

async fn from(store: &Store, anchor: Option<&Anchor>, kept: Option<&KeptHead>) -> Result<Verified, JournalError> {
    // In this order: what is written meanwhile is sealed in the same change, so that every row up to `known` has its seal
    // among those read behind it, and every seal its row among those that are walked behind that.
    let known = store.journal_last().await?;
    let seals = store.journal_seals().await?;
    let mut walk = Walk::new(anchor, &seals, kept, known);
    if anchor.is_some_and(|anchor| !store.set_anchor_itself(anchor)) {
        walk.note(walk.begin + 1, Fault::ForeignMark);
    }
    loop {
        let rows = store.journal_after(walk.seq, STEP).await?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            walk.row(row);
        }
    }
    let mark = anchor.map(|anchor| (anchor.seq, HEXLOWER.encode(&anchor.hash)));
    Ok(walk.end(mark))
}

struct Walk<'a> {
    /// The number of the last row that was removed.
    begin: i64,
    /// Number and hash of the row before.
    seq: i64,
    head: Vec<u8>,
    records: u64,
    /// The last row that there was when the walk began.
    known: i64,
    /// The seals that were not reached yet, and the last one.
    seals: std::iter::Peekable<std::slice::Iter<'a, JournalSeal>>,
    sealed: i64,
    kept: Option<&'a KeptHead>,
    found: Option<i64>,
    faults: Vec<Broken>,
    more: u64,
    /// For how many rows it was tried where they belong.
    placed: usize,
    /// The last row that was removed and its hash, as the last record of a removal tells.
    told: Option<(i64, String)>,
}

impl<'a> Walk<'a> {
    fn new(anchor: Option<&Anchor>, seals: &'a [JournalSeal], kept: Option<&'a KeptHead>, known: i64) -> Self {
        let (begin, head) = anchor.map_or((0, BEGINNING.to_vec()), |anchor| (anchor.seq, anchor.hash.clone()));
        Self {
            begin,
            seq: begin,
            head,
            records: 0,
            known,
            sealed: seals.last().map_or(0, |seal| seal.seq),
            seals: seals.iter().peekable(),
            kept,
            found: None,
            faults: Vec::new(),
            more: 0,
            placed: 0,
            told: None,
        }
    }

    fn row(&mut self, row: JournalRow) {
        if let Some(fault) = self.fault(&row) {
            self.note(row.seq, fault);
        }
        self.seal(&row);
        let is_kept = |kept: &KeptHead| kept.hash == row.hash && kept.seq.is_none_or(|seq| seq == row.seq);
        if self.kept.is_some_and(is_kept) {
            self.found = Some(row.seq);
        }
        // Looked at closely only where it may be one: a journal has millions of records.
        if row.record.contains(REMOVED)
            && let Ok(Record { what: What::Removed(removed), .. }) = serde_json::from_str(&row.record)
        {
            self.told = Some((removed.through, removed.hash));
        }
        // The rows behind are measured by what this one says of itself: one fault is told once.
        (self.seq, self.head) = (row.seq, row.hash);
        self.records += 1;
    }

    fn fault(&mut self, row: &JournalRow) -> Option<Fault> {
        match fault(row, self.seq, &self.head) {
            Some(Fault::Changed) => {
                Some(self.belongs(row).map_or(Fault::Changed, |belongs| Fault::Misplaced { belongs }))
            }
            other => other,
        }
    }

    /// The number under which the row would be as it was written.
    fn belongs(&mut self, row: &JournalRow) -> Option<i64> {
        self.placed += 1;
        let last = self.known.max(self.sealed);
        let fits = |seq: &i64| link(&row.previous, *seq, &row.record) == row.hash;
        (self.placed <= PLACED).then(|| (self.begin + 1..=last).find(fits)).flatten()
    }

    fn seal(&mut self, row: &JournalRow) {
        while let Some(seal) = self.seals.next_if(|seal| seal.seq <= row.seq) {
            if !seal.genuine {
                self.note(seal.seq, Fault::Forged);
            } else if seal.seq == row.seq && seal.hash != row.hash {
                self.note(seal.seq, Fault::Rechained);
            }
        }
    }

    fn end(mut self, mark: Option<(i64, String)>) -> Verified {
        if mark != self.told {
            self.note_kept(self.begin + 1, Fault::Untold);
        }
        if let Some(seal) = self.seals.clone().last() {
            self.note_kept(seal.seq, if seal.genuine { Fault::CutOff } else { Fault::Forged });
        }
        if self.known > self.sealed.max(self.begin) {
            self.note_kept(self.sealed.max(self.begin) + 1, Fault::Unsealed);
        }
        if let (Some(kept), None) = (self.kept, self.found) {
            self.note_kept(kept.seq.unwrap_or(self.seq), Fault::NotTheHead);
        }
        let mut faults = self.faults.into_iter();
        Verified {
            records: self.records,
            removed: u64::try_from(self.begin).unwrap_or(0),
            last: self.seq,
            head: HEXLOWER.encode(&self.head),
            kept: self.found,
            broken: faults.next(),
            others: faults.collect(),
            more: self.more,
        }
    }

    fn note(&mut self, seq: i64, fault: Fault) {
        if self.faults.len() < TOLD {
            self.faults.push(Broken { seq, fault });
        } else {
            self.more += 1;
        }
    }

    /// Notes what is found at the end, however much was found before.
    fn note_kept(&mut self, seq: i64, fault: Fault) {
        self.faults.push(Broken { seq, fault });
    }
}

/// What is wrong with a row that should follow row `last`, whose hash is `head`.
pub(super) fn fault(row: &JournalRow, last: i64, head: &[u8]) -> Option<Fault> {
    if link(&row.previous, row.seq, &row.record) != row.hash {
        return Some(Fault::Changed);
    }
    // Behind a gap nothing can be said of what came before it.
    if row.seq != last + 1 {
        return Some(Fault::Missing { from: last + 1 });
    }
    if row.previous != head {
        return Some(Fault::Stray);
    }
    let said: Option<Label> = serde_json::from_str(&row.record).ok();
    let fits = said.is_some_and(|said| said.id == row.id && said.at.as_microsecond() == row.at.as_microsecond());
    (!fits).then_some(Fault::Mislabelled)
}

/// What of a record stands beside it as well.
#[derive(Deserialize)]
struct Label {
    id: String,
    at: Timestamp,
}

#[cfg(test)]
mod tests;
