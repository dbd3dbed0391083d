//! The chain: each row's hash covers its number, its record and the hash of the row before.
//!
//! In: records, and a change of the store in which they are to be written. Out: rows; or, when the chain is walked, the
//! first row that does not fit. Deliberately absent: protection against cutting off the end, which no chain has by
//! itself; [`Verified::head`] is there to be kept elsewhere and compared.

use aws_lc_rs::digest::{Context, SHA256};

use super::{JournalError, Record};
use crate::store::{JournalRow, Store, Writing};

/// What the first row takes for the hash before it.
const BEGINNING: [u8; 32] = [0; 32];

/// How many rows are read at once when the chain is walked.
const STEP: u32 = 1000;

/// What a walk along the chain found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// How many rows fit.
    pub records: u64,
    /// The hash of the last row that fits, in hexadecimal.
    pub head: String,
    /// The first row that does not fit, if there is one.
    pub broken: Option<Broken>,
}

/// Where the chain is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The row's number.
    pub seq: i64,
    /// What is wrong with it.
    pub why: &'static str,
}

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
    Ok(head)
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

/// Walks the chain from its beginning.
pub(super) async fn verify(store: &Store) -> Result<Verified, JournalError> {
    let (mut seq, mut head) = (0, BEGINNING.to_vec());
    let mut broken = None;
    'walk: loop {
        let rows = store.journal_after(seq, STEP).await?;
        if rows.is_empty() {
            break;
        }
        for row in rows {
            if let Some(why) = fault(&row, seq, &head) {
                broken = Some(Broken { seq: row.seq, why });
                break 'walk;
            }
            (seq, head) = (row.seq, row.hash);
        }
    }
    let head = data_encoding::HEXLOWER.encode(&head);
    Ok(Verified { records: u64::try_from(seq).unwrap_or(0), head, broken })
}

fn fault(row: &JournalRow, last: i64, head: &[u8]) -> Option<&'static str> {
    if row.seq != last + 1 {
        return Some("records before it are missing");
    }
    if row.previous != head {
        return Some("it does not follow the record before it");
    }
    if row.hash != link(head, row.seq, &row.record) {
        return Some("its text was changed");
    }
    let record: Option<Record> = serde_json::from_str(&row.record).ok();
    let fits = record.is_some_and(|r| r.id.0 == row.id && r.at.as_microsecond() == row.at.as_microsecond());
    (!fits).then_some("its time or id was changed")
}

fn link(previous: &[u8], seq: i64, record: &str) -> Vec<u8> {
    let mut hash = Context::new(&SHA256);
    hash.update(previous);
    hash.update(&seq.to_be_bytes());
    hash.update(record.as_bytes());
    hash.finish().as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::{
        journal::{Change, Via},
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
        Record::change(MailId(format!("M{number}")), Timestamp::from_nanosecond(number.into()).unwrap(), change)
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

    #[tokio::test]
    async fn an_untouched_chain_verifies() {
        let dir = tempfile::tempdir().unwrap();
        let store = journal_of_nine(dir.path()).await;
        let verified = verify(&store).await.unwrap();
        assert_eq!((verified.records, verified.broken), (9, None));
        assert_eq!(verified.head.len(), 64);
    }

    #[tokio::test]
    async fn every_kind_of_tampering_is_found_at_its_place() {
        for (sql, seq, why) in [
            ("UPDATE journal SET record = replace(record, 'viewed', 'hidden') WHERE seq = 5", 5, "text"),
            ("UPDATE journal SET at = at + 1000000 WHERE seq = 5", 5, "time or id"),
            ("UPDATE journal SET id = 'M1' WHERE seq = 5", 5, "time or id"),
            ("DELETE FROM journal WHERE seq = 5", 6, "missing"),
            ("DELETE FROM journal WHERE seq = 1", 2, "missing"),
            (
                "UPDATE journal SET (record, hash) = (SELECT record, hash FROM journal WHERE seq = 4) WHERE seq = 5",
                5,
                "",
            ),
            ("UPDATE journal SET previous = zeroblob(32) WHERE seq = 5", 5, "follow"),
        ] {
            let dir = tempfile::tempdir().unwrap();
            let store = journal_of_nine(dir.path()).await;
            let mut writing = store.write().await.unwrap();
            writing.tamper(sql).await;
            writing.commit().await.unwrap();
            let broken = verify(&store).await.unwrap().broken.expect(sql);
            assert_eq!(broken.seq, seq, "{sql}");
            assert!(broken.why.contains(why), "{sql}: {}", broken.why);
        }
    }
}
