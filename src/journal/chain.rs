//! The chain: each row's hash covers its number, its record and the hash of the row before.
//!
//! In: records, and a change of the store in which they are to be written. Out: rows, and a seal over the last of them
//! under the store's own key, in the same change: no chain by itself shows that its end was cut off, or that all of it
//! was made anew. Deliberately absent: what is found when it is walked (`verify`).

use std::collections::{HashMap, HashSet};

use aws_lc_rs::digest::{Context, SHA256};
use jiff::Timestamp;

use super::{JournalError, Record};
use crate::{
    mail::MailId,
    store::{JournalRow, Store, Writing},
};

/// What the first row takes for the hash before it.
pub(super) const BEGINNING: [u8; 32] = [0; 32];

/// The end of the chain: number and hash of its last row.
#[derive(Debug, Clone)]
pub(super) struct Head {
    seq: i64,
    hash: Vec<u8>,
}

/// Adds `records` to the chain as part of `writing`.
pub async fn append(writing: &mut Writing, records: &[Record]) -> Result<(), JournalError> {
    extend(writing, records).await.map(drop)
}

/// The same; gives the new end.
pub(super) async fn extend(writing: &mut Writing, records: &[Record]) -> Result<Head, JournalError> {
    let (seq, hash) = writing.journal_head().await?.unwrap_or((0, BEGINNING.to_vec()));
    let (rows, head) = rows(Head { seq, hash }, records)?;
    writing.put_journal(&rows).await?;
    writing.seal_journal(head.seq, &head.hash).await?;
    Ok(head)
}

/// Adds those of `records` that are not in the chain yet, as a change of its own, and says how many: their last way into it
/// may have been cut off behind its commit. Those that waited in a spool keep their times and say until when they did.
pub(super) async fn add_missing(
    store: &Store,
    records: &[Record],
    spooled_until: Option<Timestamp>,
) -> Result<usize, JournalError> {
    let mut writing = store.write_ahead().await?;
    let ids: HashSet<&str> = records.iter().map(|record| record.id.0.as_str()).collect();
    let ids: Vec<&str> = ids.into_iter().collect();
    let mut known: HashMap<MailId, Vec<Record>> = HashMap::new();
    // A row that cannot be read is none of ours.
    for record in writing.journal_records_of(&ids).await?.iter().filter_map(|text| serde_json::from_str(text).ok()) {
        let record = Record { spooled_until: None, ..record };
        known.entry(record.id.clone()).or_default().push(record);
    }
    let is_known = |record: &&Record| known.get(&record.id).is_some_and(|known| known.contains(record));
    let missing = records.iter().filter(|record| !is_known(record)).cloned();
    let missing: Vec<Record> = missing.map(|record| Record { spooled_until, ..record }).collect();
    if !missing.is_empty() {
        extend(&mut writing, &missing).await?;
        writing.commit().await?;
    }
    Ok(missing.len())
}

/// Adds `records` behind `head`, as a change of its own and in one trip to the database; none if `head` is not the end
/// of the chain any more, and nothing happened.
pub(super) async fn follow(store: &Store, head: Head, records: &[Record]) -> Result<Option<Head>, JournalError> {
    let last = head.seq;
    let (rows, head) = rows(head, records)?;
    Ok(store.follow_journal(last, &rows).await?.then_some(head))
}

/// The rows that `records` make behind `head`, and the end of the chain behind them.
fn rows(head: Head, records: &[Record]) -> Result<(Vec<JournalRow>, Head), JournalError> {
    let Head { mut seq, hash: mut previous } = head;
    let mut rows = Vec::with_capacity(records.len());
    for record in records {
        seq += 1;
        let text = serde_json::to_string(record).map_err(|error| JournalError::Record(error.to_string()))?;
        let hash = link(&previous, seq, &text);
        rows.push(JournalRow {
            seq,
            at: record.at,
            id: record.id.0.clone(),
            record: text,
            previous,
            hash: hash.clone(),
        });
        previous = hash;
    }
    Ok((rows, Head { seq, hash: previous }))
}

pub(super) fn link(previous: &[u8], seq: i64, record: &str) -> Vec<u8> {
    let mut hash = Context::new(&SHA256);
    hash.update(previous);
    hash.update(&seq.to_be_bytes());
    hash.update(record.as_bytes());
    hash.finish().as_ref().to_vec()
}
