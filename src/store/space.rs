//! How the store is: how much room it has, whether its database is whole, when it was last written to.
//!
//! In: the data directory and the database in it. Out: bytes, faults, times. Deliberately absent: how little is too little
//! (`pipeline::pressure`).

use jiff::Timestamp;

use super::{Store, StoreError, sql::Engine, time};

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

    /// When the last record of the journal was written.
    pub async fn journal_end(&self) -> Result<Option<Timestamp>, StoreError> {
        let at: Option<i64> = sqlx::query_scalar("SELECT at FROM journal ORDER BY seq DESC LIMIT 1")
            .fetch_optional(self.readers())
            .await?;
        at.map(time).transpose()
    }
}
