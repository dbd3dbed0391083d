//! Every way of tampering is found at its place, and what is untouched is whole.

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
    assert_eq!(found[..2], [(5, Fault::Misplaced { belongs: 4 }), (6, Fault::Misplaced { belongs: 5 })], "{found:?}");
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
