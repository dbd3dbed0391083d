//! Whether the journal is whole: the chain is walked, and compared with the seals of this store and with a head that
//! somebody kept elsewhere.
//!
//! In: rows, seals, a kept head. Out: every row that does not fit, what is wrong with it and what that means. What each
//! way of tampering comes to:
//!
//! | what was done | what is found |
//! |---|---|
//! | a record, its time or its id was changed | [`Fault::Changed`], [`Fault::Mislabelled`] |
//! | records were deleted before the last one | [`Fault::Missing`] |
//! | records were deleted at the end | [`Fault::CutOff`], by the seal; with its seal too: [`Fault::Unsealed`] |
//! | records were exchanged, or moved | [`Fault::Misplaced`], with the place where it belongs |
//! | a record was put in | [`Fault::Stray`] or, at the end, [`Fault::Unsealed`] |
//! | all hashes from a record on were made anew | [`Fault::Rechained`], by the first seal behind it |
//! | the seals too, without the key | [`Fault::Forged`] |
//! | the oldest were deleted, and that looks as if their time was over | [`Fault::ForeignMark`], [`Fault::Untold`] |
//! | everything was replaced by an older copy, seals and all | [`Fault::NotTheHead`], if a head was kept elsewhere |
//!
//! Deliberately absent: repair. What does not fit is evidence.

use std::{fmt, str::FromStr};

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    JournalError, Record, What,
    chain::{BEGINNING, link},
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

/// Where the journal is broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Broken {
    /// The row's number.
    pub seq: i64,
    /// What is wrong there.
    #[serde(flatten)]
    pub fault: Fault,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum Fault {
    /// Records before this one are not there, from this number on.
    Missing {
        /// The first of them.
        from: i64,
    },
    /// The record does not say what it said when it was written.
    Changed,
    /// The time or the id by which it is found is not the one in the record.
    Mislabelled,
    /// It is an untouched record that belongs elsewhere.
    Misplaced {
        /// Its own number.
        belongs: i64,
    },
    /// It was not written behind the record before it.
    Stray,
    /// Its hash is not the one that was sealed.
    Rechained,
    /// The seal on it is not this store's.
    Forged,
    /// The seals say that there were records up to this one.
    CutOff,
    /// It and what follows was never sealed.
    Unsealed,
    /// The mark of what was removed before it, as its time was over, is not this store's.
    ForeignMark,
    /// No record tells that those before it were removed.
    Untold,
    /// The head that was kept is not in the journal; where it should be, if that is known, stands another one.
    NotTheHead,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seq = self.seq;
        match self.fault {
            Fault::Missing { from } if from == seq - 1 => write!(f, "record {from} is missing: it was deleted"),
            Fault::Missing { from } => write!(f, "records {from} to {} are missing: they were deleted", seq - 1),
            Fault::Changed => write!(f, "record {seq} was changed after it was written"),
            Fault::Mislabelled => write!(
                f,
                "record {seq} is untouched, but the time or the id beside it, by which it is found, was changed"
            ),
            Fault::Misplaced { belongs } => write!(
                f,
                "in the place of record {seq} stands record {belongs}: records were exchanged or moved, or one was put in"
            ),
            Fault::Stray => write!(
                f,
                "record {seq} was not written behind the one before it: it, or the one before it, was put in or replaced"
            ),
            Fault::Rechained => write!(
                f,
                "record {seq} does not have the hash that was sealed: it or a record before it was replaced, and the \
                 hashes made anew"
            ),
            Fault::Forged => write!(
                f,
                "the seal on record {seq} was not made with this store's key: the records up to it may have been replaced"
            ),
            Fault::CutOff => {
                write!(f, "there was a record {seq}, as its seal says: the end of the journal was cut off")
            }
            Fault::Unsealed => write!(
                f,
                "record {seq} and what follows was never sealed: it was added by something else than Sekisho, or records \
                 and seals behind it were removed"
            ),
            Fault::ForeignMark => write!(
                f,
                "the mark of what was removed before record {seq} was not made with this store's key: more may be gone than \
                 had to go"
            ),
            Fault::Untold => {
                write!(f, "no record tells that those before record {seq} were removed, or other ones were")
            }
            Fault::NotTheHead => write!(
                f,
                "the head that you kept is not in the journal: records were removed or replaced since, or it is the head \
                 of another journal"
            ),
        }
    }
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
mod tests {
    use super::*;
    use crate::{
        journal::{Change, Record, Via, append},
        mail::MailId,
    };

    fn record(number: i64) -> Record {
        let change = Change {
            held: MailId(format!("H{number}")),
            change: "viewed".to_owned(),
            by: Some("sec@example.co.jp".to_owned()),
            via: Via::Cli,
            detail: None,
        };
        Record::change(MailId(format!("M{number}")), Timestamp::from_second(number).unwrap(), change)
    }

    async fn journal_of_nine(dir: &std::path::Path) -> Store {
        let store = Store::open(dir).await.unwrap();
        for batch in [1..4, 4..10] {
            let mut writing = store.write().await.unwrap();
            append(&mut writing, &batch.map(record).collect::<Vec<_>>()).await.unwrap();
            writing.commit().await.unwrap();
        }
        store
    }

    async fn tampered(store: &Store, sql: &'static str) -> Vec<(i64, Fault)> {
        let mut writing = store.write().await.unwrap();
        writing.tamper(sql).await;
        writing.commit().await.unwrap();
        faults(verify(store, None).await.unwrap())
    }

    fn faults(verified: Verified) -> Vec<(i64, Fault)> {
        verified.broken.into_iter().chain(verified.others).map(|broken| (broken.seq, broken.fault)).collect()
    }

    #[tokio::test]
    async fn an_untouched_journal_is_whole_and_an_empty_one_too() {
        let dir = tempfile::tempdir().unwrap();
        let verified = verify(&Store::open(dir.path()).await.unwrap(), None).await.unwrap();
        assert_eq!((verified.records, verified.broken), (0, None));
        let store = journal_of_nine(dir.path()).await;
        let verified = verify(&store, None).await.unwrap();
        assert_eq!((verified.records, verified.last, verified.broken), (9, 9, None));
        assert_eq!(verified.head.len(), 64);
    }

    #[tokio::test]
    async fn every_way_of_tampering_is_found_at_its_place() {
        const SWAPPED: &str = "UPDATE journal SET seq = CASE seq WHEN 4 THEN -6 ELSE -4 END WHERE seq IN (4, 6); \
                               UPDATE journal SET seq = -seq WHERE seq < 0";
        const PUT_IN: &str = "UPDATE journal SET seq = -seq - 1 WHERE seq >= 5; UPDATE journal SET seq = -seq WHERE seq < 0; \
                              INSERT INTO journal SELECT 5, at, id, record, previous, hash FROM journal WHERE seq = 4";
        let cases: &[(&str, &[(i64, Fault)])] = &[
            ("UPDATE journal SET record = replace(record, 'viewed', 'hidden') WHERE seq = 5", &[(5, Fault::Changed)]),
            ("UPDATE journal SET record = substr(record, 1, 40) WHERE seq = 5", &[(5, Fault::Changed)]),
            ("UPDATE journal SET hash = zeroblob(32) WHERE seq = 5", &[(5, Fault::Changed), (6, Fault::Stray)]),
            ("UPDATE journal SET at = at + 1000000 WHERE seq = 5", &[(5, Fault::Mislabelled)]),
            ("UPDATE journal SET id = 'M1' WHERE seq = 5", &[(5, Fault::Mislabelled)]),
            ("DELETE FROM journal WHERE seq = 5", &[(6, Fault::Missing { from: 5 })]),
            ("DELETE FROM journal WHERE seq IN (1, 2)", &[(3, Fault::Missing { from: 1 })]),
            ("DELETE FROM journal WHERE seq = 9", &[(9, Fault::CutOff)]),
            ("DELETE FROM journal", &[(9, Fault::CutOff)]),
            ("DELETE FROM journal WHERE seq > 5; DELETE FROM journal_seal", &[(1, Fault::Unsealed)]),
            (
                SWAPPED,
                &[
                    (4, Fault::Misplaced { belongs: 6 }),
                    (5, Fault::Stray),
                    (6, Fault::Misplaced { belongs: 4 }),
                    (7, Fault::Stray),
                ],
            ),
            (
                "UPDATE journal SET (record, hash, previous) = (SELECT record, hash, previous FROM journal WHERE seq = 4) \
                 WHERE seq = 5",
                &[(5, Fault::Misplaced { belongs: 4 }), (6, Fault::Stray)],
            ),
            ("UPDATE journal_seal SET code = zeroblob(32)", &[(9, Fault::Forged)]),
        ];
        for (sql, expected) in cases {
            let dir = tempfile::tempdir().unwrap();
            let store = journal_of_nine(dir.path()).await;
            assert_eq!(tampered(&store, sql).await, *expected, "{sql}");
        }
        let dir = tempfile::tempdir().unwrap();
        let store = journal_of_nine(dir.path()).await;
        let found = tampered(&store, PUT_IN).await;
        assert_eq!(
            found[..2],
            [(5, Fault::Misplaced { belongs: 4 }), (6, Fault::Misplaced { belongs: 5 })],
            "{found:?}"
        );
        assert!(found.contains(&(9, Fault::Rechained)), "{found:?}");
    }

    /// Makes the chain anew from a changed record on, as somebody who knows how it is made would.
    async fn rechained(store: &Store, from: i64) {
        let mut rows = store.journal_after(from - 1, 100).await.unwrap();
        let mut previous = rows[0].previous.clone();
        rows[0].record = rows[0].record.replace("viewed", "hidden");
        for row in &mut rows {
            row.hash = link(&previous, row.seq, &row.record);
            row.previous.clone_from(&previous);
            previous.clone_from(&row.hash);
        }
        let mut writing = store.write().await.unwrap();
        writing.tamper("DELETE FROM journal WHERE seq >= 5").await;
        writing.put_journal(&rows).await.unwrap();
        writing.commit().await.unwrap();
    }

    #[tokio::test]
    async fn a_chain_made_anew_is_found_by_its_seal() {
        let dir = tempfile::tempdir().unwrap();
        let store = journal_of_nine(dir.path()).await;
        rechained(&store, 5).await;
        assert_eq!(faults(verify(&store, None).await.unwrap()), [(9, Fault::Rechained)]);
    }

    #[tokio::test]
    async fn a_chain_sealed_with_another_key_is_found() {
        let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let store = journal_of_nine(dir.path()).await;
        let stranger = Store::open(other.path()).await.unwrap();
        rechained(&store, 5).await;
        let rows = store.journal_after(0, 100).await.unwrap();
        let mut writing = stranger.write().await.unwrap();
        writing.put_journal(&rows).await.unwrap();
        writing.seal_journal(9, &rows[8].hash).await.unwrap();
        writing.commit().await.unwrap();
        assert_eq!(faults(verify(&stranger, None).await.unwrap()), [], "it is its own journal");
        let mut writing = store.write().await.unwrap();
        writing.seals_of(&stranger).await;
        writing.commit().await.unwrap();
        assert_eq!(faults(verify(&store, None).await.unwrap()), [(9, Fault::Forged)]);
    }

    #[tokio::test]
    async fn records_that_somebody_else_adds_are_not_sealed() {
        let dir = tempfile::tempdir().unwrap();
        let store = journal_of_nine(dir.path()).await;
        let last = store.journal_after(8, 1).await.unwrap().remove(0);
        let text = serde_json::to_string(&record(10)).unwrap();
        let added = JournalRow {
            seq: 10,
            at: Timestamp::from_second(10).unwrap(),
            id: "M10".to_owned(),
            hash: link(&last.hash, 10, &text),
            record: text,
            previous: last.hash,
        };
        let mut writing = store.write().await.unwrap();
        writing.put_journal(&[added]).await.unwrap();
        writing.commit().await.unwrap();
        assert_eq!(faults(verify(&store, None).await.unwrap()), [(10, Fault::Unsealed)]);
    }

    #[tokio::test]
    async fn an_older_copy_is_found_by_the_head_that_was_kept() {
        let (dir, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let store = journal_of_nine(dir.path()).await;
        store.close().await;
        for entry in std::fs::read_dir(dir.path()).unwrap().flatten() {
            std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
        }
        let store = Store::open(dir.path()).await.unwrap();
        let mut writing = store.write().await.unwrap();
        append(&mut writing, &[record(10)]).await.unwrap();
        writing.commit().await.unwrap();
        let verified = verify(&store, None).await.unwrap();
        let kept: KeptHead = format!("{}:{}", verified.last, verified.head).parse().unwrap();
        assert_eq!(verify(&store, Some(&kept)).await.unwrap().kept, Some(10));
        let older = Store::open(copy.path()).await.unwrap();
        assert_eq!(faults(verify(&older, None).await.unwrap()), [], "nothing else shows it");
        assert_eq!(faults(verify(&older, Some(&kept)).await.unwrap()), [(10, Fault::NotTheHead)]);
    }

    #[test]
    fn a_head_is_read_as_it_is_printed() {
        let hash = "0a".repeat(32);
        assert_eq!(hash.parse::<KeptHead>().unwrap().seq, None);
        assert_eq!(format!("12:{hash}").parse::<KeptHead>().unwrap().seq, Some(12));
        for bad in ["", "12", "12:", "x:0a", &hash[1..], &format!("{hash}00")] {
            bad.parse::<KeptHead>().unwrap_err();
        }
    }

    /// A copy that was broken off, a disk that lost its end: refused, not read as far as it goes.
    #[tokio::test]
    async fn a_file_cut_within_a_record_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let store = journal_of_nine(dir.path()).await;
        let rows: Vec<Record> = (10..400).map(record).collect();
        let mut writing = store.write().await.unwrap();
        append(&mut writing, &rows).await.unwrap();
        writing.commit().await.unwrap();
        if !store.is_a_file() {
            return;
        }
        store.close().await;
        let path = dir.path().join("sekisho.db");
        let whole = std::fs::metadata(&path).unwrap().len();
        std::fs::File::options().write(true).open(&path).unwrap().set_len(whole * 2 / 3 + 100).unwrap();
        let outcome = match Store::open(dir.path()).await {
            Ok(store) => verify(&store, None).await.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        assert!(outcome.is_err(), "{outcome:?}");
    }
}
