//! Hearing of what other nodes put into the outbox.
//!
//! In: the server's notifications, of which a change that puts something there sends one with its commit. Out: the same
//! wake-up as for a change of this process. Whoever waits for that looks by itself now and then, so a notification that is
//! lost costs a second and nothing else. Deliberately absent: what was put there.

use std::time::Duration;

use sqlx::postgres::PgListener;

use super::{Store, StoreError, Writing, sql::Engine};

/// The channel. What is said on it is the schema, because several installations may share a database.
const CHANNEL: &str = "sekisho_outbox";

/// How long to wait before a listener that broke off begins anew.
const PAUSE: Duration = Duration::from_secs(5);

impl Store {
    /// Wakes whoever waits for [`Store::outbox_grew`] when another node puts something there; does nothing for a store in a
    /// file, and never ends.
    pub async fn hear(&self) {
        let Some(url) = &self.inner.server else { return std::future::pending().await };
        loop {
            if let Err(error) = self.listen(url).await {
                tracing::warn!(%error, "other nodes are not heard; what they put into the outbox is looked for every second");
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn listen(&self, url: &str) -> Result<(), sqlx::Error> {
        let schema: String =
            sqlx::query_scalar("SELECT CAST(current_schema() AS TEXT)").fetch_one(self.readers()).await?;
        let mut listener = PgListener::connect(url).await?;
        listener.listen(CHANNEL).await?;
        loop {
            // Nothing, where it broke off and began anew by itself: something may have been said meanwhile.
            let heard = listener.try_recv().await?;
            if heard.is_none_or(|said| said.payload() == schema) {
                self.inner.outbox_grew.notify_one();
            }
        }
    }
}

impl Writing {
    /// Tells the other nodes, when this change is durable.
    pub(super) async fn tell_nodes(&mut self) -> Result<(), StoreError> {
        if self.store.inner.engine == Engine::Postgres {
            sqlx::query("SELECT pg_notify($1, current_schema())").bind(CHANNEL).execute(&mut *self.transaction).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_another_node_puts_into_the_outbox_wakes_this_one() {
        let dir = tempfile::tempdir().unwrap();
        let one = Store::open(dir.path()).await.unwrap();
        if one.is_a_file() {
            return;
        }
        let (two, _other) = one.as_another_node().await;
        let hearing = one.clone();
        let ear = tokio::spawn(async move { hearing.hear().await });
        let woken = async {
            // The first word may be said before anybody listens.
            let say = async {
                loop {
                    let mut writing = two.write().await.unwrap();
                    writing.outbox_grew = true;
                    writing.commit().await.unwrap();
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            };
            tokio::select! {
                () = one.outbox_grew() => {}
                () = say => {}
            }
        };
        tokio::time::timeout(Duration::from_secs(20), woken).await.unwrap();
        ear.abort();
    }
}
