//! How the store is: how much room it has, whether its database is whole, when it was last written to.
//!
//! In: the data directory and the database in it. Out: bytes, faults, times. Deliberately absent: how little is too little
//! (`pipeline::pressure`).

use jiff::{SignedDuration, Timestamp};

use super::{Store, StoreError, sql::Engine, time};

/// How far two clocks may be apart before somebody is told.
const MAY_DIFFER: SignedDuration = SignedDuration::from_secs(2);

impl Store {
    /// The bytes that may still be written where the database is.
    pub async fn free_space(&self) -> Result<u64, StoreError> {
        let directory = self.inner.directory.clone();
        // A network file system may take its time.
        let asked = tokio::task::spawn_blocking(move || rustix::fs::statvfs(&directory)).await;
        let found = asked.map_err(|error| StoreError::System(error.to_string()))?;
        let found = found.map_err(|error| StoreError::System(error.to_string()))?;
        Ok(found.f_bavail.saturating_mul(found.f_frsize))
    }

    /// What SQLite finds wrong with the database, if anything. A server looks after its own.
    pub async fn integrity(&self) -> Result<Option<String>, StoreError> {
        if self.inner.engine == Engine::Postgres {
            return Ok(None);
        }
        let found: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(self.readers()).await?;
        Ok((found != "ok").then_some(found))
    }

    /// What is wrong with this machine's clock beside the database's, by which other nodes may go; nothing where there is no
    /// other.
    pub async fn clock_fault(&self) -> Result<Option<String>, StoreError> {
        if self.inner.engine == Engine::Sqlite {
            return Ok(None);
        }
        let before = Timestamp::now();
        let theirs: i64 = sqlx::query_scalar("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)")
            .fetch_one(self.readers())
            .await?;
        Ok(fault(before, time(theirs)?, Timestamp::now()))
    }

    /// When the last record of the journal was written.
    pub async fn journal_end(&self) -> Result<Option<Timestamp>, StoreError> {
        let at: Option<i64> = sqlx::query_scalar("SELECT at FROM journal ORDER BY seq DESC LIMIT 1")
            .fetch_optional(self.readers())
            .await?;
        at.map(time).transpose()
    }
}

/// What there is to say of two clocks, of which the other one said `theirs` at some time from `before` until `after` by ours.
fn fault(before: Timestamp, theirs: Timestamp, after: Timestamp) -> Option<String> {
    let apart = (before.duration_since(theirs)).max(theirs.duration_since(after));
    let direction = if theirs < before { "ahead of" } else { "behind" };
    (apart > MAY_DIFFER).then(|| {
        let seconds = apart.as_secs();
        format!("this machine's clock is {seconds} s {direction} the database's; set both by NTP: deadlines go by them")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_that_go_apart_are_told_of_and_a_slow_answer_is_none() {
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(fault(at(100), at(110), at(120)), None, "the answer took twenty seconds");
        assert_eq!(fault(at(100), at(99), at(101)), None);
        assert!(fault(at(100), at(90), at(101)).unwrap().contains("10 s ahead of"));
        assert!(fault(at(100), at(190), at(101)).unwrap().contains("89 s behind"));
    }
}
