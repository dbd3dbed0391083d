//! How the last drill of the machine ended, node by node.
//!
//! In and out: what the journal says of it, for the node that it was on; kept once more so that nobody has to look through
//! the journal for it. Deliberately absent: what it says (`drill`), and drills of those who decide ([`drills`](super::drills)).

use super::{Store, StoreError, Writing};

/// Behind this stands the name of the node.
const NAME: &str = "machine_drill/";

impl Store {
    /// What was kept of the last drill on this node; nothing if there was none.
    pub async fn machine_drill(&self, node: &str) -> Result<Option<String>, StoreError> {
        let value: Option<Vec<u8>> = sqlx::query_scalar("SELECT value FROM meta WHERE name = $1")
            .bind(format!("{NAME}{node}"))
            .fetch_optional(self.readers())
            .await?;
        value.map(|bytes| String::from_utf8(bytes).map_err(|error| StoreError::Row(error.to_string()))).transpose()
    }
}

impl Writing {
    /// Keeps how the last drill on this node ended.
    pub async fn set_machine_drill(&mut self, node: &str, told: &str) -> Result<(), StoreError> {
        self.set_meta(&format!("{NAME}{node}"), told.as_bytes()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_node_has_its_own_and_the_last_one_counts() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        assert_eq!(store.machine_drill("mx1").await.unwrap(), None);
        for (node, told) in [("mx1", "first"), ("mx2", "other"), ("mx1", "second")] {
            let mut writing = store.write().await.unwrap();
            writing.set_machine_drill(node, told).await.unwrap();
            writing.commit().await.unwrap();
        }
        assert_eq!(store.machine_drill("mx1").await.unwrap().as_deref(), Some("second"));
        assert_eq!(store.machine_drill("mx2").await.unwrap().as_deref(), Some("other"));
    }
}
