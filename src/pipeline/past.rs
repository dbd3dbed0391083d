//! To whom we wrote before, for the checks of recipients.
//!
//! In: the lesson of every mail that was forwarded, here, and of every one that was released, by whichever process. Out:
//! the [`History`] in memory, which a judgement reads. Counts are kept a few seconds later, in one commit for many mails;
//! a crash costs those seconds of learning and nothing else. What other processes counted, imported or forgot is picked
//! up at the same time. Deliberately absent: anything that could stop a mail; a history that cannot be kept is one line in
//! the log.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::Duration,
};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::{
    journal::{self, HistoryAct, JournalError, Record, Via},
    mail::MailId,
    recipients::{Day, Entry, History, Lesson, Relation, folded, together},
    store::{HistoryMark, HistoryRow, Store, StoreError, Writing},
};

/// How long counts wait to be kept.
const KEEP_EVERY: Duration = Duration::from_secs(5);
/// How many counts one change keeps or drops, so that it does not hold up those who take mail.
const COUNTS: usize = 2_000;
/// What the digest of somebody who was forgotten is made of, before the address.
const FORGOTTEN: &[u8] = b"sekisho: forgotten, 1:";
/// The history is pruned when it is so much over its bound, in percent.
const SLACK: usize = 5;

/// Weights as of a day, of what belongs together.
type Counts = HashMap<(Relation, String, String), (f32, Day)>;

/// The history of one organisation. Cheap to clone; all clones are one.
#[derive(Debug, Clone)]
pub struct Past {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Store,
    most: usize,
    history: RwLock<History>,
    /// What was counted and not kept yet.
    pending: Mutex<Counts>,
    mark: Mutex<HistoryMark>,
}

impl Past {
    /// Reads what is kept in a store; beyond `most` counters those that are worth least are dropped.
    pub async fn load(store: Store, most: usize) -> Result<Self, StoreError> {
        let inner = Inner {
            store,
            most,
            history: RwLock::default(),
            pending: Mutex::default(),
            mark: Mutex::new(HistoryMark { epoch: -1, seq: 0 }),
        };
        let past = Self { inner: Arc::new(inner) };
        past.follow().await?;
        Ok(past)
    }

    /// The history as it is now.
    pub fn read(&self) -> RwLockReadGuard<'_, History> {
        self.inner.history.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Learns from a mail that went out at this moment.
    pub fn learn(&self, lesson: &Lesson, at: Timestamp) {
        let counts = self.write().learn(lesson, day(at));
        let mut pending = self.pending();
        for Entry { relation, from, to, weight, day } in counts {
            let count = pending.entry((relation, from, to)).or_insert((0.0, day));
            *count = together(*count, (weight, day));
        }
    }

    /// Keeps what is learned until `stop`, and then what is left.
    pub async fn run(&self, stop: CancellationToken) {
        loop {
            let stopping = tokio::select! {
                () = tokio::time::sleep(KEEP_EVERY) => false,
                () = stop.cancelled() => true,
            };
            if let Err(error) = self.settle().await {
                tracing::error!(%error, "what was learned about recipients is not kept yet");
            }
            if stopping {
                return;
            }
        }
    }

    /// Learns from what was released, keeps what was counted, and picks up what others did.
    pub async fn settle(&self) -> Result<(), StoreError> {
        self.learn_released().await?;
        while self.keep().await? {}
        self.follow().await?;
        self.prune().await
    }

    async fn learn_released(&self) -> Result<(), StoreError> {
        while self.inner.store.lessons_wait().await? {
            let mut writing = self.inner.store.write().await?;
            let lessons = writing.take_lessons().await?;
            writing.commit().await?;
            for (lesson, at) in lessons {
                match serde_json::from_str(&lesson) {
                    Ok(lesson) => self.learn(&lesson, at),
                    Err(error) => tracing::error!(%error, "a released mail teaches nothing"),
                }
            }
        }
        Ok(())
    }

    /// Keeps some of the counts; whether there were any.
    async fn keep(&self) -> Result<bool, StoreError> {
        let counts: Vec<_> = self.pending().iter().take(COUNTS).map(|(key, count)| (key.clone(), *count)).collect();
        if counts.is_empty() {
            return Ok(false);
        }
        let rows: Vec<HistoryRow> = counts.iter().map(|((r, from, to), (w, d))| row(*r, from, to, *w, *d)).collect();
        let mut writing = self.inner.store.write().await?;
        writing.count_history(&rows, sum).await?;
        writing.commit().await?;
        let mut pending = self.pending();
        for (key, kept) in counts {
            // What was counted meanwhile is not kept yet.
            match pending.get(&key) {
                Some(now) if *now == kept => drop(pending.remove(&key)),
                Some(&(weight, day)) => {
                    let (before, _) = together(kept, (0.0, day));
                    pending.insert(key, (weight - before, day));
                }
                None => {}
            }
        }
        Ok(true)
    }

    /// Picks up what was kept since the last time, by this process and by others.
    async fn follow(&self) -> Result<(), StoreError> {
        let store = &self.inner.store;
        let seen = *self.mark();
        let now = store.history_mark().await?;
        if now == seen {
            return Ok(());
        }
        let anew = now.epoch != seen.epoch;
        let after = if anew { 0 } else { seen.seq };
        let mut fresh = History::default();
        let mut changed = Vec::new();
        let mut page = store.history_page(after, None).await?;
        while !page.is_empty() {
            let entries = page.iter().filter_map(entry);
            if anew {
                entries.for_each(|entry| fresh.restore(&entry))
            } else {
                changed.extend(entries)
            }
            page = store.history_page(after, page.last()).await?;
        }
        let mut history = self.write();
        let pending = self.pending();
        if anew {
            *history = fresh;
            pending.iter().for_each(|(key, count)| history.count(&counted(key, *count)));
        }
        for entry in changed {
            history.restore(&entry);
            let key = (entry.relation, entry.from, entry.to);
            // What the store does not know yet was just overwritten.
            if let Some(count) = pending.get(&key) {
                history.count(&counted(&key, *count));
            }
        }
        *self.mark() = now;
        Ok(())
    }

    async fn prune(&self) -> Result<(), StoreError> {
        let (now, most) = (self.read().len(), self.inner.most);
        if now <= most + most / 100 * SLACK {
            return Ok(());
        }
        let dropped = self.write().prune(most, day(Timestamp::now()));
        let rows: Vec<HistoryRow> = dropped.iter().map(|e| row(e.relation, &e.from, &e.to, e.weight, e.day)).collect();
        for some in rows.chunks(COUNTS) {
            let mut writing = self.inner.store.write().await?;
            writing.drop_history(some).await?;
            writing.commit().await?;
        }
        let writing = self.inner.store.write().await?;
        self.renew(writing).await
    }

    /// Lets all other processes read anew what is kept; this one has dropped it itself.
    async fn renew(&self, mut writing: Writing) -> Result<(), StoreError> {
        let epoch = writing.renew_history().await?;
        writing.commit().await?;
        let mut mark = self.mark();
        // Others may have dropped something meanwhile.
        if mark.epoch + 1 == epoch {
            mark.epoch = epoch;
        }
        Ok(())
    }

    /// Forgets a person everywhere, and has the journal say that `by` did, in the same change; how many counters that were.
    pub async fn forget(&self, address: &str, by: &str, via: Via, now: Timestamp) -> Result<usize, JournalError> {
        self.settle().await?;
        let dropped = self.write().forget(address);
        let rows: Vec<HistoryRow> = dropped.iter().map(|e| row(e.relation, &e.from, &e.to, e.weight, e.day)).collect();
        let act = HistoryAct {
            act: "forgotten".to_owned(),
            by: by.to_owned(),
            via,
            person: Some(self.digest_of(address)),
            count: u64::try_from(rows.len()).unwrap_or(u64::MAX),
        };
        let mut writing = self.inner.store.write().await?;
        writing.drop_history(&rows).await?;
        journal::append(&mut writing, &[record(act, now)]).await?;
        self.renew(writing).await?;
        Ok(rows.len())
    }

    /// By what the journal knows a person who was forgotten: a digest under the store's key. It tells whoever has the
    /// address that this was done, and nobody else whose it was.
    pub fn digest_of(&self, address: &str) -> String {
        let code = self.inner.store.vouch(&[FORGOTTEN, folded(address).as_bytes()].concat());
        data_encoding::HEXLOWER.encode(&code)
    }

    /// Has the journal say what `by` does with the history.
    pub async fn journal(&self, act: HistoryAct, now: Timestamp) -> Result<(), JournalError> {
        let mut writing = self.inner.store.write().await?;
        journal::append(&mut writing, &[record(act, now)]).await?;
        Ok(writing.commit().await?)
    }

    fn write(&self) -> RwLockWriteGuard<'_, History> {
        self.inner.history.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn pending(&self) -> MutexGuard<'_, Counts> {
        self.inner.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn mark(&self) -> MutexGuard<'_, HistoryMark> {
        self.inner.mark.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The day of a moment.
pub fn day(at: Timestamp) -> Day {
    Day(u16::try_from(at.as_second().div_euclid(86_400)).unwrap_or_default())
}

fn row(relation: Relation, from: &str, to: &str, weight: f32, day: Day) -> HistoryRow {
    let (origin, target) = (from.to_owned(), to.to_owned());
    HistoryRow { relation: relation.name().to_owned(), origin, target, weight: weight.into(), day: day.0.into() }
}

fn counted((relation, from, to): &(Relation, String, String), (weight, day): (f32, Day)) -> Entry {
    Entry { relation: *relation, from: from.clone(), to: to.clone(), weight, day }
}

/// A counter of the store; none if a newer version counted something that is not known here.
fn entry(row: &HistoryRow) -> Option<Entry> {
    let relation = Relation::by_name(&row.relation)?;
    let (weight, day) = narrow((row.weight, row.day));
    Some(Entry { relation, from: row.origin.clone(), to: row.target.clone(), weight, day })
}

fn sum(one: (f64, i64), other: (f64, i64)) -> (f64, i64) {
    let (weight, day) = together(narrow(one), narrow(other));
    (weight.into(), day.0.into())
}

#[expect(clippy::cast_possible_truncation, reason = "a weight is about the number of mails")]
fn narrow((weight, day): (f64, i64)) -> (f32, Day) {
    (weight as f32, Day(u16::try_from(day).unwrap_or_default()))
}

fn record(act: HistoryAct, now: Timestamp) -> Record {
    Record::history(MailId(ulid::Ulid::generate().to_string()), now, act)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipients::LessonTo;

    fn lesson(to: &str) -> Lesson {
        let to = LessonTo { address: to.to_owned(), ..LessonTo::default() };
        Lesson { sender: "sato@example.co.jp".to_owned(), to: vec![to], ..Lesson::default() }
    }

    fn known(past: &Past, to: &str) -> i32 {
        #[expect(clippy::cast_possible_truncation, reason = "a small number")]
        let mails = past.read().weight(Relation::Known, "", to, day(Timestamp::now())).round() as i32;
        mails
    }

    #[tokio::test]
    async fn what_one_process_learns_another_knows_and_both_add_up() {
        let dir = tempfile::tempdir().unwrap();
        let one = Past::load(Store::open(dir.path()).await.unwrap(), 1_000).await.unwrap();
        let two = Past::load(Store::open(dir.path()).await.unwrap(), 1_000).await.unwrap();
        let now = Timestamp::now();
        one.learn(&lesson("a@x.jp"), now);
        one.learn(&lesson("a@x.jp"), now);
        two.learn(&lesson("a@x.jp"), now);
        assert_eq!((known(&one, "a@x.jp"), known(&two, "a@x.jp")), (2, 1));
        one.settle().await.unwrap();
        two.settle().await.unwrap();
        one.learn(&lesson("a@x.jp"), now);
        one.settle().await.unwrap();
        two.settle().await.unwrap();
        assert_eq!((known(&one, "a@x.jp"), known(&two, "a@x.jp")), (4, 4));
        let again = Past::load(Store::open(dir.path()).await.unwrap(), 1_000).await.unwrap();
        assert_eq!(known(&again, "a@x.jp"), 4);
    }

    #[tokio::test]
    async fn a_person_is_forgotten_in_every_process() {
        let dir = tempfile::tempdir().unwrap();
        let one = Past::load(Store::open(dir.path()).await.unwrap(), 1_000).await.unwrap();
        one.learn(&lesson("a@x.jp"), Timestamp::now());
        one.learn(&lesson("b@x.jp"), Timestamp::now());
        one.settle().await.unwrap();
        let two = Past::load(Store::open(dir.path()).await.unwrap(), 1_000).await.unwrap();
        assert!(two.forget("A@x.jp", "taro (uid 1000)", Via::Cli, Timestamp::now()).await.unwrap() > 0);
        one.settle().await.unwrap();
        assert_eq!((known(&one, "a@x.jp"), known(&one, "b@x.jp"), known(&two, "b@x.jp")), (0, 1, 1));
        assert!(one.inner.store.history_page(0, None).await.unwrap().iter().all(|row| row.target != "a@x.jp"));
    }

    #[tokio::test]
    async fn beyond_its_bound_the_rest_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let past = Past::load(Store::open(dir.path()).await.unwrap(), 100).await.unwrap();
        for n in 0..60 {
            past.learn(&lesson(&format!("p{n}@x.jp")), Timestamp::now());
        }
        let other = Past::load(Store::open(dir.path()).await.unwrap(), 1_000).await.unwrap();
        past.settle().await.unwrap();
        assert!(past.read().len() <= 100, "{}", past.read().len());
        // It has dropped them itself and need not read the rest anew; others must.
        let kept = past.inner.store.history_mark().await.unwrap().epoch;
        assert_eq!(past.mark().epoch, kept);
        other.follow().await.unwrap();
        assert_eq!(other.read().len(), past.read().len());
        let again = Past::load(Store::open(dir.path()).await.unwrap(), 100).await.unwrap();
        assert_eq!(again.read().len(), past.read().len());
    }

    #[tokio::test]
    async fn a_store_that_fails_costs_nothing_but_the_keeping() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let past = Past::load(store.clone(), 100).await.unwrap();
        store.close().await;
        past.learn(&lesson("a@x.jp"), Timestamp::now());
        assert!(past.settle().await.is_err());
        assert_eq!(known(&past, "a@x.jp"), 1);
    }

    #[tokio::test]
    async fn that_a_person_was_forgotten_is_journalled_in_the_same_change_without_the_address() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let past = Past::load(store.clone(), 1_000).await.unwrap();
        let lesson = Lesson {
            sender: "hanako@x.jp".to_owned(),
            to: vec![LessonTo { address: "forgotten@y.jp".to_owned(), ..LessonTo::default() }],
            ..Lesson::default()
        };
        past.learn(&lesson, Timestamp::now());
        let count = past.forget("Forgotten+news@Y.jp", "taro (uid 1000)", Via::Cli, Timestamp::now()).await.unwrap();
        let records = journal::Journal::start(store.clone());
        let found = records.search(&past.digest_of("forgotten@y.jp"), Timestamp::MIN, Timestamp::MAX, 9).await.unwrap();
        let journal::What::History(act) = &found[0].what else { panic!("{found:?}") };
        assert_eq!((act.act.as_str(), act.by.as_str(), act.via), ("forgotten", "taro (uid 1000)", Via::Cli));
        assert_eq!((usize::try_from(act.count).unwrap(), count > 0), (count, true));
        assert!(records.search("forgotten@y", Timestamp::MIN, Timestamp::MAX, 9).await.unwrap().is_empty());
        assert_ne!(past.digest_of("forgotten@y.jp"), past.digest_of("other@y.jp"));
        // Where it cannot be journalled it does not happen.
        past.learn(&lesson, Timestamp::now());
        past.settle().await.unwrap();
        let kept = past.read().len();
        let mut writing = store.write().await.unwrap();
        writing.tamper("ALTER TABLE journal RENAME TO gone").await;
        writing.commit().await.unwrap();
        past.forget("forgotten@y.jp", "taro", Via::Cli, Timestamp::now()).await.unwrap_err();
        let again = Past::load(store, 1_000).await.unwrap();
        assert_eq!(again.read().len(), kept);
    }
}
