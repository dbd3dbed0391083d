//! Counters of the history, and what held mails will teach it.
//!
//! In: counts to add, and lessons of mails that wait. Out: the counters, page by page or only those that changed since;
//! and the lessons of mails that were released. What is dropped every other process notices by the epoch. Deliberately absent: what is counted and how it fades (`recipients::history`).

use jiff::Timestamp;

use super::{Store, StoreError, Writing, plain, time};
use crate::mail::MailId;

/// How many rows are read at once.
const PAGE: u32 = 10_000;
/// How many lessons are taken at once.
const LESSONS: u32 = 500;

const EPOCH: &str = "history_epoch";

/// One counter.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct HistoryRow {
    /// What is counted.
    pub relation: String,
    /// The first of the two things.
    pub origin: String,
    /// The second.
    pub target: String,
    /// How much, as of `day`.
    pub weight: f64,
    /// Days since 1970, UTC.
    pub day: i64,
}

/// How far a process has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HistoryMark {
    /// Changes when counters were dropped.
    pub epoch: i64,
    /// Grows with every change.
    pub seq: i64,
}

impl Store {
    /// Where the history stands.
    pub async fn history_mark(&self) -> Result<HistoryMark, StoreError> {
        let epoch: Option<Vec<u8>> = sqlx::query_scalar("SELECT value FROM meta WHERE name = $1")
            .bind(EPOCH)
            .fetch_optional(self.readers())
            .await?;
        let seq: Option<i64> = sqlx::query_scalar("SELECT max(seq) FROM history").fetch_one(self.readers()).await?;
        Ok(HistoryMark { epoch: epoch.map_or(0, |bytes| number(&bytes)), seq: seq.unwrap_or(0) })
    }

    /// A page of the counters that changed after `seq`, behind the row `last` of the page before; empty at the end.
    pub async fn history_page(&self, seq: i64, last: Option<&HistoryRow>) -> Result<Vec<HistoryRow>, StoreError> {
        let (relation, origin, target) =
            last.map_or(("", "", ""), |row| (row.relation.as_str(), row.origin.as_str(), row.target.as_str()));
        // Few rows have changed, or all are wanted: the index helps in the one case, the order of the table in the other.
        let rows = sqlx::query_as(
            "SELECT relation, origin, target, weight, day FROM history WHERE seq > $1 AND (relation, origin, target) > \
             ($2, $3, $4) ORDER BY relation, origin, target LIMIT $5",
        )
        .bind(seq)
        .bind(relation)
        .bind(origin)
        .bind(target)
        .bind(i64::from(PAGE))
        .fetch_all(self.readers())
        .await?;
        Ok(rows)
    }

    /// Whether lessons of released mails wait to be learned.
    pub async fn lessons_wait(&self) -> Result<bool, StoreError> {
        let one: Option<i64> = sqlx::query_scalar("SELECT 1 FROM lesson WHERE released_at IS NOT NULL LIMIT 1")
            .fetch_optional(self.readers())
            .await?;
        Ok(one.is_some())
    }
}

impl Writing {
    /// Adds counts; `together` says what two counts of the same thing are together, each a weight as of a day.
    pub async fn count_history(
        &mut self,
        counts: &[HistoryRow],
        together: impl Fn((f64, i64), (f64, i64)) -> (f64, i64),
    ) -> Result<(), StoreError> {
        let seq: Option<i64> =
            sqlx::query_scalar("SELECT max(seq) FROM history").fetch_one(&mut *self.transaction).await?;
        let seq = seq.unwrap_or(0) + 1;
        for count in counts {
            let known: Option<(f64, i64)> =
                sqlx::query_as("SELECT weight, day FROM history WHERE relation = $1 AND origin = $2 AND target = $3")
                    .bind(&count.relation)
                    .bind(plain(&count.origin))
                    .bind(plain(&count.target))
                    .fetch_optional(&mut *self.transaction)
                    .await?;
            let (weight, day) =
                known.map_or((count.weight, count.day), |known| together(known, (count.weight, count.day)));
            sqlx::query(
                "INSERT INTO history (relation, origin, target, weight, day, seq) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT \
                 (relation, origin, target) DO UPDATE SET weight = excluded.weight, day = excluded.day, seq = excluded.seq",
            )
            .bind(&count.relation)
            .bind(plain(&count.origin))
            .bind(plain(&count.target))
            .bind(weight)
            .bind(day)
            .bind(seq)
            .execute(&mut *self.transaction)
            .await?;
        }
        Ok(())
    }

    /// Removes counters. Other processes notice with the next [`Writing::renew_history`], so that many may be removed in
    /// several changes.
    pub async fn drop_history(&mut self, rows: &[HistoryRow]) -> Result<(), StoreError> {
        for row in rows {
            sqlx::query("DELETE FROM history WHERE relation = $1 AND origin = $2 AND target = $3")
                .bind(&row.relation)
                .bind(plain(&row.origin))
                .bind(plain(&row.target))
                .execute(&mut *self.transaction)
                .await?;
        }
        Ok(())
    }

    /// Lets every process read the counters anew but the one that has this epoch already.
    pub async fn renew_history(&mut self) -> Result<i64, StoreError> {
        let epoch: Option<Vec<u8>> = sqlx::query_scalar("SELECT value FROM meta WHERE name = $1")
            .bind(EPOCH)
            .fetch_optional(&mut *self.transaction)
            .await?;
        let next = epoch.map_or(0, |bytes| number(&bytes)) + 1;
        self.set_meta(EPOCH, &next.to_be_bytes()).await?;
        Ok(next)
    }

    /// Keeps what a held mail teaches until somebody has decided about it.
    pub async fn put_lesson(&mut self, held: &MailId, lesson: &str) -> Result<(), StoreError> {
        sqlx::query("INSERT INTO lesson (held_id, lesson) VALUES ($1, $2)")
            .bind(&held.0)
            .bind(lesson)
            .execute(&mut *self.transaction)
            .await?;
        Ok(())
    }

    /// Takes lessons of mails that were released, the oldest first, and when that was; they are not here any more.
    pub async fn take_lessons(&mut self) -> Result<Vec<(String, Timestamp)>, StoreError> {
        let rows: Vec<(String, String, i64)> = sqlx::query_as(
            "SELECT held_id, lesson, released_at FROM lesson WHERE released_at IS NOT NULL ORDER BY released_at LIMIT $1",
        )
        .bind(i64::from(LESSONS))
        .fetch_all(&mut *self.transaction)
        .await?;
        let mut lessons = Vec::with_capacity(rows.len());
        for (held, lesson, at) in rows {
            sqlx::query("DELETE FROM lesson WHERE held_id = $1").bind(held).execute(&mut *self.transaction).await?;
            lessons.push((lesson, time(at)?));
        }
        Ok(lessons)
    }
}

/// A number of the table of small facts; 0 if it is none.
fn number(bytes: &[u8]) -> i64 {
    bytes.try_into().map_or(0, i64::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(origin: &str, target: &str, weight: f64, day: i64) -> HistoryRow {
        HistoryRow { relation: "wrote".to_owned(), origin: origin.to_owned(), target: target.to_owned(), weight, day }
    }

    fn sum((a, first): (f64, i64), (b, second): (f64, i64)) -> (f64, i64) {
        (a + b, first.max(second))
    }

    #[tokio::test]
    async fn counts_of_two_processes_add_up_and_each_finds_what_the_other_changed() {
        let dir = tempfile::tempdir().unwrap();
        let one = Store::open(dir.path()).await.unwrap();
        let two = Store::open(dir.path()).await.unwrap();
        let mut writing = one.write().await.unwrap();
        writing.count_history(&[row("a", "b", 1.0, 5), row("a", "c", 1.0, 5)], sum).await.unwrap();
        writing.commit().await.unwrap();
        let mark = one.history_mark().await.unwrap();
        let mut writing = two.write().await.unwrap();
        writing.count_history(&[row("a", "b", 2.0, 4)], sum).await.unwrap();
        writing.commit().await.unwrap();
        assert_eq!(one.history_page(mark.seq, None).await.unwrap(), [row("a", "b", 3.0, 5)]);
        let all = one.history_page(0, None).await.unwrap();
        assert_eq!(all, [row("a", "b", 3.0, 5), row("a", "c", 1.0, 5)]);
        assert!(one.history_page(0, all.last()).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn what_is_dropped_is_gone_and_the_epoch_tells() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let mut writing = store.write().await.unwrap();
        writing.count_history(&[row("a", "b", 1.0, 5), row("a", "c", 1.0, 5)], sum).await.unwrap();
        writing.commit().await.unwrap();
        let before = store.history_mark().await.unwrap();
        let mut writing = store.write().await.unwrap();
        writing.drop_history(&[row("a", "b", 0.0, 0)]).await.unwrap();
        assert_eq!(writing.renew_history().await.unwrap(), before.epoch + 1);
        writing.commit().await.unwrap();
        assert_eq!(store.history_page(0, None).await.unwrap(), [row("a", "c", 1.0, 5)]);
        assert_eq!(store.history_mark().await.unwrap().epoch, before.epoch + 1);
    }
}
