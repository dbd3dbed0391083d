//! How much room there is for the store.
//!
//! In: the data directory. Out: the bytes that its file system has left for us. Deliberately absent: how little is
//! too little (`pipeline::pressure`).

use super::{Store, StoreError};

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
}
