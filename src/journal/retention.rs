//! The journal is kept for as long as `retention.journal` says; what is older goes, from the oldest end and in whole.
//!
//! In: how long, and the clock. Out: a shorter chain that still verifies, because an anchor keeps the hash of the last
//! record that went and a record at the end tells how many went. Both are written in the change that removes them.
//! What is removed is verified before: nobody gets rid of a record that was tampered with by waiting. For a month of a large
//! journal that takes hours, and how far it came is remembered ([`Walked`]). And while the journal does not show that the last
//! days were lived through, nothing goes: a clock that jumps by years removes nothing.
//! Several nodes may be at it: each verifies by itself, the first that is through removes, and the others find where the journal
//! begins then.
//! Deliberately absent: choosing among records. A journal with gaps proves nothing.

use jiff::{SignedDuration, Timestamp};

use super::{Broken, JournalError, Record, Removed, What, chain, verify};
use crate::{
    mail::MailId,
    store::{JournalRow, Store, StoreError},
};

/// So many records go in one change, so that it holds up nobody who takes mail; whole months go with their tables.
const STEP: u32 = 2_000;

/// So many changes are made in one go.
const STEPS: u32 = 50;

/// Old records go once a day.
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A clock is believed when records tell that it stood in these days before, too.
const LIVED: (SignedDuration, SignedDuration) =
    (SignedDuration::from_hours(40 * 24), SignedDuration::from_hours(7 * 24));

/// How far the oldest month is verified that is to go. A month may be billions of records, and whoever reads the journal may be
/// in the way of its end: what was verified once is not read again.
#[derive(Debug, Clone, Default)]
pub struct Walked(Option<(i64, Vec<u8>)>);

impl Walked {
    /// Where to go on, if the journal begins behind `head`: it may have become shorter meanwhile, by another node too.
    fn behind(&self, head: &(i64, Vec<u8>)) -> (i64, Vec<u8>) {
        self.0.clone().filter(|end| end.0 > head.0).unwrap_or_else(|| head.clone())
    }
}

/// Removes what is older than `keep`; how many records went. It may take hours, and goes on where `walked` says if it is broken
/// off.
pub async fn retain(
    store: &Store,
    keep: SignedDuration,
    now: Timestamp,
    walked: &mut Walked,
) -> Result<u64, JournalError> {
    let cutoff = now.saturating_sub(keep).unwrap_or(Timestamp::MIN);
    let mut gone = 0;
    // Each in a change of its own: what went is gone, whatever becomes of the next one.
    while let Some(last) = store.journal_whole_month(begins(store).await?.0, cutoff).await? {
        let removed = retain_month(store, last, cutoff, now, walked).await?;
        if removed == 0 {
            // Records of a month that is to go with its table are not removed one by one meanwhile.
            return Ok(gone);
        }
        gone += removed;
    }
    for _ in 0..STEPS {
        let head = begins(store).await?;
        // Before the first step a day must be full; after it, everything goes that is old.
        let old = if gone == 0 { cutoff.saturating_sub(DAY).unwrap_or(Timestamp::MIN) } else { cutoff };
        let oldest = store.journal_after(head.0, 1).await?;
        if oldest.first().is_none_or(|row| row.at >= old) || !is_believed(store, now).await? {
            break;
        }
        let rows = store.journal_after(head.0, STEP).await?;
        let rows: Vec<JournalRow> = rows.into_iter().take_while(|row| row.at < cutoff).collect();
        let Some(end) = follow(head.clone(), &rows) else { break };
        let removed = remove(store, &head, end, cutoff, now, Scope::Records).await?;
        if removed == 0 {
            break;
        }
        gone += removed;
    }
    Ok(gone)
}

/// Removes the month that ends with number `last`, and everything before it; how many records went.
async fn retain_month(
    store: &Store,
    last: i64,
    cutoff: Timestamp,
    now: Timestamp,
    walked: &mut Walked,
) -> Result<u64, JournalError> {
    let head = begins(store).await?;
    if last <= head.0 || !is_believed(store, now).await? {
        return Ok(0);
    }
    let mut end = walked.behind(&head);
    while end.0 < last {
        let rows = store.journal_after(end.0, STEP).await?;
        let rows: Vec<JournalRow> = rows.into_iter().take_while(|row| row.seq <= last).collect();
        match follow(end.clone(), &rows) {
            Some(next) if next.0 > end.0 => end = next,
            // Somebody was at work in it, or another node has removed it.
            _ => return Ok(0),
        }
        walked.0 = Some(end.clone());
    }
    let removed = match remove(store, &head, end, cutoff, now, Scope::Months).await {
        // Somebody reads it; the next time, then.
        Err(JournalError::Store(error)) if matches!(*error, StoreError::Busy) => return Ok(0),
        removed => removed?,
    };
    while store.forget_gone_journal_terms().await? {}
    Ok(removed)
}

/// Number and hash of the last record that is gone.
async fn begins(store: &Store) -> Result<(i64, Vec<u8>), JournalError> {
    let anchor = store.journal_anchor().await?;
    Ok(anchor.map_or_else(|| (0, chain::BEGINNING.to_vec()), |anchor| (anchor.seq, anchor.hash)))
}

/// Whether the clock is believed.
async fn is_believed(store: &Store, now: Timestamp) -> Result<bool, JournalError> {
    let (since, until) = (now.saturating_sub(LIVED.0), now.saturating_sub(LIVED.1));
    let (since, until) = (since.unwrap_or(Timestamp::MIN), until.unwrap_or(Timestamp::MIN));
    let believed = store.journal_has_between(since, until).await?;
    if !believed {
        tracing::warn!(%now, "no old record of the journal is removed: it has none of some days ago, and the clock may be wrong");
    }
    Ok(believed)
}

/// The end of `rows`, which follow `head`, if they do.
fn follow(head: (i64, Vec<u8>), rows: &[JournalRow]) -> Option<(i64, Vec<u8>)> {
    let (mut seq, mut hash) = head;
    for row in rows {
        if let Some(fault) = verify::fault(row, seq, &hash) {
            let why = Broken { seq: row.seq, fault };
            tracing::error!(seq = row.seq, %why, "the journal is broken; no old record of it is removed");
            return None;
        }
        (seq, hash) = (row.seq, row.hash.clone());
    }
    Some((seq, hash))
}

/// What goes in one change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    Records,
    /// With the tables that they are in.
    Months,
}

/// Removes what is behind `head` up to `end`; how many records went.
async fn remove(
    store: &Store,
    head: &(i64, Vec<u8>),
    (seq, hash): (i64, Vec<u8>),
    cutoff: Timestamp,
    now: Timestamp,
    scope: Scope,
) -> Result<u64, JournalError> {
    let records = u64::try_from(seq - head.0).unwrap_or(0);
    if records == 0 {
        return Ok(0);
    }
    let mut writing = store.write().await?;
    let begins = writing.journal_anchor().await?.map_or(0, |anchor| anchor.seq);
    if begins != head.0 {
        // Another process was faster.
        return Ok(0);
    }
    let hash_text = data_encoding::HEXLOWER.encode(&hash);
    let removed = Removed { records, through: seq, hash: hash_text, before: cutoff };
    let id = MailId(ulid::Ulid::generate().to_string());
    chain::append(&mut writing, &[Record { id, at: now, spooled_until: None, what: What::Removed(removed) }]).await?;
    match scope {
        Scope::Records => writing.remove_journal(seq, &hash).await?,
        Scope::Months => match writing.remove_journal_months(seq, &hash).await? {
            Some(removed) => writing = removed,
            // Something came into the month since somebody looked.
            None => return Ok(0),
        },
    }
    writing.commit().await?;
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::{Change, Fault, Journal, Verified, Via};

    const YEAR: SignedDuration = SignedDuration::from_hours(365 * 24);

    fn day(number: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + number * 86_400).unwrap()
    }

    fn record(number: i64) -> Record {
        let change = Change {
            held: MailId(format!("H{number}")),
            change: "viewed".to_owned(),
            by: None,
            via: Via::System,
            detail: None,
        };
        Record::change(MailId(format!("M{number}")), day(number), change)
    }

    /// A record a day for 400 days.
    async fn journal(dir: &std::path::Path) -> Store {
        let store = Store::open(dir).await.unwrap();
        let mut writing = store.write().await.unwrap();
        chain::append(&mut writing, &(0..400).map(record).collect::<Vec<_>>()).await.unwrap();
        writing.commit().await.unwrap();
        store
    }

    /// As after a start.
    async fn go(store: &Store, now: Timestamp) -> Result<u64, JournalError> {
        retain(store, YEAR, now, &mut Walked::default()).await
    }

    async fn tamper(store: &Store, sql: &'static str) {
        let mut writing = store.write().await.unwrap();
        writing.tamper(sql).await;
        writing.commit().await.unwrap();
    }

    async fn verified(store: &Store) -> Verified {
        verify::verify(store, None).await.unwrap()
    }

    async fn broken(store: &Store) -> Option<Fault> {
        verified(store).await.broken.map(|broken| broken.fault)
    }

    #[tokio::test]
    async fn what_is_older_goes_and_the_rest_verifies_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let store = journal(dir.path()).await;
        assert_eq!(go(&store, day(365)).await.unwrap(), 0, "nothing is a day too old");
        assert_eq!(go(&store, day(400)).await.unwrap(), 35);
        assert_eq!(go(&store, day(400)).await.unwrap(), 0);
        store.close().await;
        let store = Store::open(dir.path()).await.unwrap();
        let whole = verified(&store).await;
        assert_eq!((whole.records, whole.removed, whole.broken), (366, 35, None));
        assert_eq!(store.journal_seals().await.unwrap().iter().filter(|seal| seal.seq <= 35).count(), 0);
        let left = Journal::start(store.clone()).search("", Timestamp::MIN, Timestamp::MAX, 1000).await.unwrap();
        let What::Removed(removed) = &left[0].what else { panic!("the removal is journalled") };
        assert_eq!((removed.records, removed.through, left.last().unwrap().at), (35, 35, day(35)));
        // And on, behind those that are gone.
        Journal::start(store.clone()).record(record(401)).await.unwrap();
        assert_eq!(go(&store, day(410)).await.unwrap(), 10);
        assert_eq!(verified(&store).await.removed, 45);
        assert_eq!(broken(&store).await, None);
    }

    /// On a server, where each month has a table of its own.
    #[tokio::test]
    async fn whole_months_go_at_once_and_the_rest_of_them_in_steps() {
        let dir = tempfile::tempdir().unwrap();
        let store = journal(dir.path()).await;
        // As if they had been there when the records came.
        store.make_journal_months(day(400)).await.unwrap();
        let whole = store.journal_whole_month(0, day(35)).await.unwrap();
        assert_eq!(whole, (!store.is_a_file()).then_some(17), "November 2023");
        assert_eq!(go(&store, day(400)).await.unwrap(), 35);
        assert_eq!(go(&store, day(400)).await.unwrap(), 0);
        assert_eq!(store.journal_whole_month(35, day(35)).await.unwrap(), None);
        let verified = verified(&store).await;
        let told = if store.is_a_file() { 1 } else { 2 };
        assert_eq!((verified.records, verified.removed, verified.broken), (365 + told, 35, None));
        // Nothing of a month goes in which somebody was at work.
        tamper(&store, "UPDATE journal SET record = replace(record, 'viewed', 'hidden') WHERE seq = 40").await;
        assert_eq!(go(&store, day(450)).await.unwrap(), 0);
        assert_eq!(broken(&store).await, Some(Fault::Changed));
    }

    /// Somebody reads the second month all the time. The first one goes nevertheless, what was verified of the second is known,
    /// and none of its records goes alone.
    #[tokio::test]
    async fn a_month_that_is_read_waits_and_is_not_verified_again() {
        let dir = tempfile::tempdir().unwrap();
        let store = journal(dir.path()).await;
        if store.is_a_file() {
            return;
        }
        store.make_journal_months(day(400)).await.unwrap();
        let mut walked = Walked::default();
        let reading = store.read_on("SELECT count(*) FROM journal_2023_12").await;
        // November is 17 days, December 31, and twelve are of January.
        assert_eq!(retain(&store, YEAR, day(425), &mut walked).await.unwrap(), 17);
        assert_eq!((begins(&store).await.unwrap().0, walked.behind(&(17, Vec::new())).0), (17, 48));
        assert_eq!(retain(&store, YEAR, day(425), &mut walked).await.unwrap(), 0, "nor do its records go one by one");
        // Whoever would read it again would stop here.
        reading.rollback().await.unwrap();
        tamper(&store, "UPDATE journal SET record = replace(record, 'viewed', 'hidden') WHERE seq = 30").await;
        assert_eq!(go(&store, day(425)).await.unwrap(), 0, "as after a start");
        assert_eq!(retain(&store, YEAR, day(425), &mut walked).await.unwrap(), 31 + 12);
        assert_eq!((verified(&store).await.removed, broken(&store).await), (60, None));
    }

    #[test]
    fn what_another_node_removed_meanwhile_is_not_gone_on_from() {
        let (head, end, later) = ((17, vec![1]), (30, vec![2]), (48, vec![3]));
        assert_eq!(Walked::default().behind(&head), head);
        let walked = Walked(Some(end.clone()));
        assert_eq!((walked.behind(&head), walked.behind(&later)), (end, later));
    }

    #[tokio::test]
    async fn records_that_went_by_hand_are_missed_whatever_mark_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let store = journal(dir.path()).await;
        go(&store, day(400)).await.unwrap();
        tamper(&store, "DELETE FROM journal WHERE seq <= 40").await;
        assert_eq!(broken(&store).await, Some(Fault::Missing { from: 36 }));
        // A mark of somebody who has not the store's key.
        let forged = "UPDATE meta SET value = CAST(json_set(CAST(value AS TEXT), '$.seq', 40, '$.hash', \
                      json('[' || (SELECT group_concat(0) FROM journal WHERE seq <= 72) || ']')) AS BLOB) \
                      WHERE name = 'journal_anchor'";
        if store.is_a_file() {
            tamper(&store, forged).await;
            assert_eq!(broken(&store).await, Some(Fault::ForeignMark));
        }
        tamper(&store, "DELETE FROM meta WHERE name = 'journal_anchor'").await;
        assert_eq!(broken(&store).await, Some(Fault::Missing { from: 1 }));
        // All of them, so that the next would begin anew.
        tamper(&store, "DELETE FROM journal").await;
        let whole = verified(&store).await;
        assert_eq!((whole.records, whole.removed), (0, 0));
    }

    #[tokio::test]
    async fn an_older_mark_and_a_removal_of_which_nothing_tells_are_found() {
        let dir = tempfile::tempdir().unwrap();
        let store = journal(dir.path()).await;
        go(&store, day(390)).await.unwrap();
        tamper(&store, "INSERT INTO meta SELECT 'kept', value FROM meta WHERE name = 'journal_anchor'").await;
        go(&store, day(400)).await.unwrap();
        tamper(
            &store,
            "UPDATE meta SET value = (SELECT value FROM meta WHERE name = 'kept') WHERE name = 'journal_anchor'",
        )
        .await;
        assert_eq!(broken(&store).await, Some(Fault::Missing { from: 26 }));
        let dir = tempfile::tempdir().unwrap();
        let store = journal(dir.path()).await;
        let hash = store.journal_after(9, 1).await.unwrap().remove(0).hash;
        let mut writing = store.write().await.unwrap();
        writing.remove_journal(10, &hash).await.unwrap();
        writing.commit().await.unwrap();
        assert_eq!(broken(&store).await, Some(Fault::Untold));
    }

    #[tokio::test]
    async fn tampering_cannot_be_waited_away() {
        let dir = tempfile::tempdir().unwrap();
        let store = journal(dir.path()).await;
        tamper(&store, "UPDATE journal SET record = replace(record, 'viewed', 'hidden') WHERE seq = 5").await;
        assert_eq!(go(&store, day(400)).await.unwrap(), 0);
        assert_eq!(broken(&store).await, Some(Fault::Changed));
    }

    #[tokio::test]
    async fn a_clock_that_jumps_removes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let store = journal(dir.path()).await;
        assert_eq!(go(&store, day(4_000)).await.unwrap(), 0);
        let mut writing = store.write().await.unwrap();
        chain::append(&mut writing, &[record(4_000)]).await.unwrap();
        writing.commit().await.unwrap();
        assert_eq!(go(&store, day(4_000)).await.unwrap(), 0, "a record of the same moment proves nothing");
        assert_eq!(go(&store, day(400)).await.unwrap(), 35);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn two_processes_remove_once_and_mail_goes_on_being_journalled() {
        let dir = tempfile::tempdir().unwrap();
        let (one, two) = (journal(dir.path()).await, Store::open(dir.path()).await.unwrap());
        let journal = Journal::start(one.clone());
        journal.record(record(399)).await.unwrap();
        let recording = async {
            for _ in 0..20 {
                journal.record(record(400)).await.unwrap();
            }
        };
        let ((), a, b) = tokio::join!(recording, go(&one, day(400)), go(&two, day(400)));
        assert_eq!(a.unwrap() + b.unwrap(), 35);
        let verified = journal.verify().await.unwrap();
        assert_eq!((verified.removed, verified.broken), (35, None));
        // By months, where there are some, and then the rest; each removal is told once.
        let told = verified.records - (400 - 35 + 21);
        assert!(told == 1 || (told == 2 && !one.is_a_file()), "{told}");
    }
}
