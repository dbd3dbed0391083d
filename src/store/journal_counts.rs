//! How many mails there were on a day, by kinds of names.
//!
//! In: numbers to add, a while after the records were written. Out: what they come to, by day or over a span of days.
//! Deliberately absent: what is counted (`crate::journal::figures`).
//!
//! Retention takes counts away with the records: a day of which the journal holds nothing any more is forgotten in the
//! change that removes its last record. Numbers name nobody, but a department may be two people, and who says how long
//! the journal is kept means what can be read from it, too. The day within which the journal begins stays whole, so that
//! a chart never shows a half-counted day.

use super::{Store, StoreError, Writing, sql::Statement};

/// What is added to a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalCount {
    /// What is counted by.
    pub kind: &'static str,
    /// Days since 1970-01-01, in the organisation's time zone.
    pub day: i64,
    /// Which of that kind.
    pub name: String,
    /// How many mails.
    pub mails: i64,
    /// How many of them did not go out at once.
    pub stopped: i64,
}

/// How many tuples one statement adds.
const TUPLES: usize = 500;

/// A day of UTC, in microseconds.
const DAY: i64 = 86_400_000_000;

/// What in `meta` says how far records are counted.
const COUNTED: &str = "journal_counted";

impl Store {
    /// The number of the last row that is counted.
    pub async fn journal_counted(&self) -> Result<i64, StoreError> {
        let kept = sqlx::query_scalar("SELECT value FROM meta WHERE name = $1");
        let kept: Option<Vec<u8>> = kept.bind(COUNTED).fetch_optional(self.readers()).await?;
        Ok(number(kept))
    }

    /// Day, name, mails and mails that were stopped, of one kind in `from..=until`.
    pub async fn journal_days(
        &self,
        kind: &str,
        from: i64,
        until: i64,
    ) -> Result<Vec<(i64, String, i64, i64)>, StoreError> {
        let days = "SELECT day, name, mails, stopped FROM journal_count WHERE kind = $1 AND day BETWEEN $2 AND $3";
        Ok(sqlx::query_as(days).bind(kind).bind(from).bind(until).fetch_all(&mut *self.onlooker().await?).await?)
    }

    /// Name, mails and mails that were stopped, of one kind in all of `from..=until`, the most first.
    pub async fn journal_sums(&self, kind: &str, from: i64, until: i64) -> Result<Vec<(String, i64, i64)>, StoreError> {
        let sums = "SELECT name, CAST(sum(mails) AS BIGINT), CAST(sum(stopped) AS BIGINT) FROM journal_count WHERE kind = $1 AND day BETWEEN $2 AND $3 \
                    GROUP BY name ORDER BY 2 DESC, 1";
        Ok(sqlx::query_as(sums).bind(kind).bind(from).bind(until).fetch_all(&mut *self.onlooker().await?).await?)
    }
}

impl Writing {
    /// The number of the last row that is counted; nothing is any more if the journal is shorter than that.
    pub async fn journal_counted(&mut self) -> Result<i64, StoreError> {
        let kept = sqlx::query_scalar("SELECT value FROM meta WHERE name = $1");
        let kept: Option<Vec<u8>> = kept.bind(COUNTED).fetch_optional(&mut *self.transaction).await?;
        let (counted, last) = (number(kept), self.journal_head().await?.map_or(0, |(seq, _)| seq));
        if counted <= last {
            return Ok(counted);
        }
        self.transaction.at_length("DELETE FROM journal_count").await?;
        Ok(0)
    }

    /// Adds to the days, and notes that all up to row `last` is counted.
    pub async fn add_journal_counts(&mut self, last: i64, counts: &[JournalCount]) -> Result<(), StoreError> {
        for chunk in counts.chunks(TUPLES) {
            let mut add =
                Statement::new(self.store.inner.engine, "INSERT INTO journal_count (kind, day, name, mails, stopped) ");
            add.push_values(chunk, |values, count| {
                values.push_bind(count.kind).push_bind(count.day).push_bind(&count.name);
                values.push_bind(count.mails).push_bind(count.stopped);
            });
            add.push(
                " ON CONFLICT (kind, day, name) DO UPDATE SET mails = journal_count.mails + excluded.mails, \
                 stopped = journal_count.stopped + excluded.stopped",
            );
            add.build().persistent(false).execute(&mut *self.transaction).await?;
        }
        self.set_meta(COUNTED, &last.to_be_bytes()).await
    }

    /// Forgets the days before the oldest record that is left. No time zone is a day away from UTC, so a day more is kept
    /// than UTC alone would tell.
    pub(super) async fn forget_journal_counts(&mut self) -> Result<(), StoreError> {
        let oldest = sqlx::query_scalar("SELECT min(at) FROM journal");
        let oldest: Option<i64> = oldest.fetch_one(&mut *self.transaction).await?;
        let Some(oldest) = oldest else { return Ok(()) };
        let forget = sqlx::query("DELETE FROM journal_count WHERE day < $1").bind(oldest.div_euclid(DAY) - 1);
        forget.execute(&mut *self.transaction).await?;
        Ok(())
    }
}

fn number(kept: Option<Vec<u8>>) -> i64 {
    kept.and_then(|bytes| bytes.try_into().ok()).map_or(0, i64::from_be_bytes)
}
