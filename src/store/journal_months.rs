//! The months of the journal: on a server each has a table of its own, a partition of `journal` by time.
//!
//! In: what time it is. Out: tables for this month and the next ones, made before anything is written there, and whole months
//! dropped when they are old. What comes for a month that has no table (a clock that went wrong, a server that could not make
//! it because somebody read all the time) is caught by `journal_rest`, and moves when the table is made. Nobody who reads or
//! writes the journal has to know: `journal` is all of it.
//! Deliberately absent: which records are old (`crate::journal`); and months in a file, which has one table.

use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use sqlx::{Any, AssertSqlSafe, Executor};

use super::{Store, StoreError, Writing, copy::COPYING, micros, sql::Engine, time};

/// For how many months ahead there are tables.
const AHEAD: i32 = 2;

/// How many months are taken out of the rest in one go.
const AT_ONCE: usize = 24;

/// Who makes or drops a table waits no longer than this for those who read; everybody who comes meanwhile waits behind.
const BRIEFLY: &str = "SET LOCAL lock_timeout = '2s'";
const AS_EVER: &str = "SET LOCAL lock_timeout = '10s'";

/// A month of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Month(Date);

impl Month {
    fn of(at: Timestamp) -> Self {
        Self(TimeZone::UTC.to_datetime(at).date().first_of_month())
    }

    fn later(self, months: i32) -> Option<Self> {
        self.0.checked_add(months.months()).ok().map(Self)
    }

    /// The name of its table.
    fn table(self) -> String {
        format!("journal_{:04}_{:02}", self.0.year(), self.0.month())
    }

    /// The number of the last record in its table; nothing if it is empty.
    async fn ends(self, connection: impl Executor<'_, Database = Any>) -> Result<Option<i64>, StoreError> {
        let last = format!("SELECT max(seq) FROM {}", self.table());
        Ok(sqlx::query_scalar(AssertSqlSafe(last)).fetch_one(connection).await?)
    }

    /// The month whose table has this name.
    fn named(table: &str) -> Option<Self> {
        let (year, month) = table.strip_prefix("journal_")?.split_once('_')?;
        Date::new(year.parse().ok()?, month.parse().ok()?, 1).ok().map(Self)
    }

    /// Where it begins, as the journal has it.
    fn begins(self) -> Option<i64> {
        self.0.to_zoned(TimeZone::UTC).ok().map(|start| micros(start.timestamp()))
    }
}

impl Store {
    /// Sees to it that there is a table for this month and the next, and for every month of which something is in the rest;
    /// and drops tables of past months that hold nothing.
    pub async fn make_journal_months(&self, now: Timestamp) -> Result<(), StoreError> {
        if self.inner.engine == Engine::Sqlite {
            return Ok(());
        }
        let this = Month::of(now);
        let there = self.journal_months().await?;
        for month in (0..=AHEAD).filter_map(|months| this.later(months)).filter(|month| !there.contains(month)) {
            self.make_month(month).await?;
        }
        for _ in 0..AT_ONCE {
            let first = sqlx::query_scalar("SELECT min(at) FROM journal_rest");
            let first: Option<i64> = first.fetch_one(self.readers()).await?;
            let Some(first) = first else { break };
            self.make_month(Month::of(time(first)?)).await?;
        }
        for month in there.into_iter().filter(|month| *month < this) {
            if self.month_ends(month).await?.is_none() {
                let mut writing = self.write().await?;
                if writing.drop_empty_month(month).await? {
                    writing.commit().await?;
                }
            }
        }
        Ok(())
    }

    /// Sees to it that every month from `first` until `last` has a table.
    pub(super) async fn make_journal_months_between(&self, first: i64, last: i64) -> Result<(), StoreError> {
        let (mut month, last) = (Some(Month::of(time(first)?)), Month::of(time(last)?));
        let there = self.journal_months().await?;
        while let Some(this) = month.filter(|month| *month <= last) {
            if !there.contains(&this) {
                self.make_month(this).await?;
            }
            month = this.later(1);
        }
        Ok(())
    }

    /// The number of the last record of the oldest month that is older than `cutoff` as a whole, with everything before it,
    /// and ends behind number `after`; nothing if there is none, as in a file.
    pub async fn journal_whole_month(&self, after: i64, cutoff: Timestamp) -> Result<Option<i64>, StoreError> {
        if self.inner.engine == Engine::Sqlite {
            return Ok(None);
        }
        // Clocks of nodes differ a little, so months overlap a little.
        let young = sqlx::query_scalar("SELECT min(seq) FROM journal WHERE at >= $1").bind(micros(cutoff));
        let young: Option<i64> = young.fetch_one(self.readers()).await?;
        for month in self.journal_months().await? {
            let end = self.month_ends(month).await?.filter(|end| *end > after);
            if end.is_some_and(|end| young.is_none_or(|young| end < young)) {
                return Ok(end);
            }
        }
        Ok(None)
    }

    async fn journal_months(&self) -> Result<Vec<Month>, StoreError> {
        months(&mut *self.readers().acquire().await?).await
    }

    /// Nothing as well where another node has dropped the month since somebody looked which there are.
    async fn month_ends(&self, month: Month) -> Result<Option<i64>, StoreError> {
        match month.ends(&mut *self.readers().acquire().await?).await {
            Err(error) if error.is_of_no_table() => Ok(None),
            end => end,
        }
    }

    async fn make_month(&self, month: Month) -> Result<(), StoreError> {
        let no_month = || StoreError::Row(format!("{} is no month", month.table()));
        let from = month.begins().ok_or_else(no_month)?;
        let to = month.later(1).and_then(Month::begins).ok_or_else(no_month)?;
        let table = month.table();
        // Attached when it is whole: a new partition that is made as one would wait for everybody who reads the journal, and
        // everybody who comes after for it.
        let make = format!(
            "{BRIEFLY}; CREATE TABLE IF NOT EXISTS {table} (LIKE journal INCLUDING ALL); \
             WITH moved AS (DELETE FROM journal_rest WHERE at >= {from} AND at < {to} \
             RETURNING seq, at, id, record, previous, hash) INSERT INTO {table} (seq, at, id, record, previous, hash) \
             SELECT seq, at, id, record, previous, hash FROM moved; \
             ALTER TABLE journal ATTACH PARTITION {table} FOR VALUES FROM ({from}) TO ({to}); {AS_EVER}"
        );
        let mut writing = self.write().await?;
        let there = "SELECT count(*) FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid \
                     WHERE inhparent = CAST('journal' AS regclass) AND relname = $1";
        let there: i64 = sqlx::query_scalar(there).bind(&table).fetch_one(&mut *writing.transaction).await?;
        if there > 0 {
            // Another node was faster, before it had the lock of all changes.
            return Ok(());
        }
        writing.transaction.at_length(&make).await?;
        writing.commit().await
    }
}

impl Writing {
    /// Drops the tables of the months in which nothing is after number `seq`; whether there were any.
    ///
    /// What is in a table is asked within the change: until it began, other nodes wrote, and what this node has written is not
    /// on the disk yet.
    pub(super) async fn drop_journal_months(&mut self, seq: i64) -> Result<bool, StoreError> {
        let mut dropped = false;
        for month in months(&mut *self.transaction).await? {
            if month.ends(&mut *self.transaction).await?.is_some_and(|end| end <= seq) {
                self.drop_month(month).await?;
                dropped = true;
            }
        }
        Ok(dropped)
    }

    /// Drops the table of a month if it is still there and nothing is in it; whether it did. While a copy is under way, it may
    /// have been made for what has not come yet.
    async fn drop_empty_month(&mut self, month: Month) -> Result<bool, StoreError> {
        let copying = sqlx::query_scalar("SELECT count(*) FROM meta WHERE name = $1").bind(COPYING);
        let copying: i64 = copying.fetch_one(&mut *self.transaction).await?;
        let there = months(&mut *self.transaction).await?.contains(&month);
        if copying > 0 || !there || month.ends(&mut *self.transaction).await?.is_some() {
            return Ok(false);
        }
        self.drop_month(month).await?;
        Ok(true)
    }

    async fn drop_month(&mut self, month: Month) -> Result<(), StoreError> {
        let drop = format!("{BRIEFLY}; DROP TABLE {}; {AS_EVER}", month.table());
        Ok(self.transaction.at_length(&drop).await?)
    }
}

/// The months that have a table, the oldest first.
async fn months(connection: impl Executor<'_, Database = Any>) -> Result<Vec<Month>, StoreError> {
    let tables = "SELECT CAST(relname AS TEXT) FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid \
                  WHERE inhparent = CAST('journal' AS regclass) ORDER BY 1";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(connection).await?;
    Ok(tables.iter().filter_map(|table| Month::named(table)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::JournalRow;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn row(seq: i64, when: &str) -> JournalRow {
        JournalRow {
            seq,
            at: at(when),
            id: format!("M{seq}"),
            record: "{}".to_owned(),
            previous: vec![0; 32],
            hash: vec![1; 32],
        }
    }

    async fn put(store: &Store, rows: &[(i64, &str)]) {
        let mut writing = store.write().await.unwrap();
        writing.put_journal(&rows.iter().map(|(seq, when)| row(*seq, when)).collect::<Vec<_>>()).await.unwrap();
        writing.commit().await.unwrap();
    }

    /// Table and number of each record.
    async fn where_they_are(store: &Store) -> Vec<(String, i64)> {
        let find = "SELECT CAST(CAST(tableoid AS regclass) AS TEXT), seq FROM journal ORDER BY seq";
        let found: Vec<(String, i64)> = sqlx::query_as(find).fetch_all(store.readers()).await.unwrap();
        found.into_iter().map(|(table, seq)| (table.rsplit('.').next().unwrap().to_owned(), seq)).collect()
    }

    #[test]
    fn months_are_those_of_utc_and_have_a_name() {
        let month = Month::of(at("2026-12-31T23:59:59.999999Z"));
        assert_eq!(month.table(), "journal_2026_12");
        assert_eq!(Month::named("journal_2026_12"), Some(month));
        assert_eq!(month.later(1).unwrap().begins(), Some(micros(at("2027-01-01T00:00:00Z"))));
        assert_eq!((Month::named("journal_rest"), Month::named("journal_2026_13")), (None, None));
    }

    #[tokio::test]
    async fn a_month_that_another_node_dropped_meanwhile_holds_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        if !store.is_a_file() {
            let gone = Month::of(at("1999-01-15T00:00:00Z"));
            assert_eq!(store.month_ends(gone).await.unwrap(), None);
        }
    }

    #[tokio::test]
    async fn what_came_before_its_month_had_a_table_moves_there_and_old_months_go_as_a_whole() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        if store.is_a_file() {
            store.make_journal_months(at("2026-11-10T00:00:00Z")).await.unwrap();
            assert_eq!(store.journal_whole_month(0, Timestamp::MAX).await.unwrap(), None);
            return;
        }
        // Across the end of a month the numbers may be a little out of order: clocks of nodes differ.
        let rows = [
            (1, "2021-01-15T00:00:00Z"),
            (2, "2021-02-01T00:00:01Z"),
            (3, "2021-01-31T23:59:59Z"),
            (4, "2021-02-20T00:00:00Z"),
            (5, "2021-03-02T00:00:00Z"),
        ];
        put(&store, &rows).await;
        assert!(where_they_are(&store).await.iter().all(|(table, _)| table == "journal_rest"));
        let now = at("2021-03-03T00:00:00Z");
        store.make_journal_months(now).await.unwrap();
        store.make_journal_months(now).await.unwrap();
        let months: Vec<String> = where_they_are(&store).await.into_iter().map(|(table, _)| table).collect();
        let (january, february) = ("journal_2021_01", "journal_2021_02");
        assert_eq!(months, [january, february, january, february, "journal_2021_03"]);
        assert!(store.journal_months().await.unwrap().contains(&Month::named("journal_2021_05").unwrap()));
        // February is not over, and the third record stands behind one of February.
        let (within, end) = (at("2021-02-10T00:00:00Z"), at("2021-03-01T00:00:00Z"));
        assert_eq!(store.journal_whole_month(0, within).await.unwrap(), Some(3));
        assert_eq!(store.journal_whole_month(3, within).await.unwrap(), None);
        assert_eq!(store.journal_whole_month(0, end).await.unwrap(), Some(3), "one month after the other");
        assert_eq!(store.journal_whole_month(3, end).await.unwrap(), Some(4));
        let mut writing = store.write().await.unwrap().remove_journal_months(3, &[1; 32]).await.unwrap().unwrap();
        assert_eq!(writing.journal_anchor().await.unwrap().unwrap().seq, 3);
        writing.commit().await.unwrap();
        assert_eq!(where_they_are(&store).await.into_iter().map(|(_, seq)| seq).collect::<Vec<_>>(), [4, 5]);
        assert!(!store.journal_months().await.unwrap().contains(&Month::named(january).unwrap()));
        // Emptied by hand, a month of the past goes, and one to come stays.
        store.tamper("DELETE FROM journal WHERE seq = 4").await.unwrap();
        store.make_journal_months(now).await.unwrap();
        let left: Vec<String> = store.journal_months().await.unwrap().into_iter().map(Month::table).collect();
        assert!(!left.contains(&february.to_owned()) && left.contains(&"journal_2021_04".to_owned()), "{left:?}");
    }

    /// What comes between the look at a month and its end: here in this node's own group, which no reader sees.
    #[tokio::test]
    async fn a_month_in_which_something_came_meanwhile_stays() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        if store.is_a_file() {
            return;
        }
        let (january, february) = (Month::named("journal_2021_01").unwrap(), Month::named("journal_2021_02").unwrap());
        store.make_month(january).await.unwrap();
        store.make_month(february).await.unwrap();
        put(&store, &[(1, "2021-01-15T00:00:00Z")]).await;
        let mut writing = store.write().await.unwrap();
        let (late, early) = (row(2, "2021-01-31T00:00:00Z"), row(3, "2021-02-01T00:00:00Z"));
        writing.put_journal(&[late, early]).await.unwrap();
        assert_eq!(store.month_ends(january).await.unwrap(), Some(1));
        assert_eq!(store.month_ends(february).await.unwrap(), None);
        assert!(!writing.drop_journal_months(1).await.unwrap(), "January ends at 2");
        assert!(!writing.drop_empty_month(february).await.unwrap(), "it has a record");
        writing.commit().await.unwrap();
        let there: Vec<i64> = where_they_are(&store).await.into_iter().map(|(_, seq)| seq).collect();
        assert_eq!(there, [1, 2, 3]);
        let none = store.write().await.unwrap().remove_journal_months(1, &[1; 32]).await.unwrap();
        assert!(none.is_none() && store.journal_anchor().await.unwrap().is_none());
    }

    #[tokio::test]
    async fn the_months_that_a_copy_is_to_fill_stay_until_it_has() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        if store.is_a_file() {
            return;
        }
        let old = Month::named("journal_2021_01").unwrap();
        store.make_month(old).await.unwrap();
        store.tamper("INSERT INTO meta VALUES ('copying', x'00')").await.unwrap();
        store.make_journal_months(at("2021-06-01T00:00:00Z")).await.unwrap();
        assert!(store.journal_months().await.unwrap().contains(&old));
        store.tamper("DELETE FROM meta WHERE name = 'copying'").await.unwrap();
        store.make_journal_months(at("2021-06-01T00:00:00Z")).await.unwrap();
        assert!(!store.journal_months().await.unwrap().contains(&old));
        // Another node was faster.
        assert!(!store.write().await.unwrap().drop_empty_month(old).await.unwrap());
    }

    /// Somebody reads all day: no month is made then, nobody waits for long, and nothing is lost.
    #[tokio::test]
    async fn a_reader_in_the_way_only_puts_it_off() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        if store.is_a_file() {
            return;
        }
        let mut reading = store.inner.readers.begin().await.unwrap();
        let count = sqlx::query_scalar("SELECT count(*) FROM journal");
        let _count: i64 = count.fetch_one(&mut *reading).await.unwrap();
        let put_off = store.make_journal_months(at("2031-05-05T00:00:00Z")).await;
        assert!(matches!(put_off, Err(StoreError::Busy)), "{put_off:?}");
        put(&store, &[(1, "2031-05-05T00:00:00Z")]).await;
        reading.rollback().await.unwrap();
        store.make_journal_months(at("2031-05-05T00:00:00Z")).await.unwrap();
        assert_eq!(where_they_are(&store).await, [("journal_2031_05".to_owned(), 1)]);
    }
}
