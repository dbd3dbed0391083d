//! Who tells the SIEM what the journal says, and how far that has come.
//!
//! In: nodes that would tell. Out: leave to, for one at a time, and the mark at which whoever is next goes on. Where the store
//! is a file there is one process and it always may. On a server it is an advisory lock (PostgreSQL, "Explicit Locking") of a
//! session that is there for nothing else: when a node dies, the server ends its session, and another may tell at once.
//!
//! Between the end of a session and the moment at which its node notices, two may tell: both tell from the same mark, so that
//! records may be told twice, and none is left out. The mark only grows, but for a journal that became shorter.
//! Deliberately absent: what is told, and to whom (`siem`).

use sqlx::{Connection, PgConnection};
use tokio::time::timeout;

use super::{Store, StoreError, postgres};

const MARK: &str = "siem_mark";

/// The right to tell, or the wish for it.
pub struct Telling {
    server: Option<String>,
    /// The session that asks; none before the first time and after it broke off.
    session: Option<Session>,
}

struct Session {
    connection: PgConnection,
    has_it: bool,
}

impl Store {
    /// What asks for the right to tell.
    pub fn telling(&self) -> Telling {
        Telling { server: self.inner.server.clone(), session: None }
    }

    /// The last record that the SIEM has for certain; none if it never was told any.
    pub async fn siem_mark(&self) -> Result<Option<i64>, StoreError> {
        let found = sqlx::query_scalar("SELECT value FROM meta WHERE name = $1").bind(MARK);
        let found: Option<Vec<u8>> = found.fetch_optional(self.readers()).await?;
        let wrong = |_| StoreError::Row("the mark of the SIEM is no number".to_owned());
        found.map(|bytes| <[u8; 8]>::try_from(bytes).map(i64::from_be_bytes).map_err(wrong)).transpose()
    }

    /// Moves the mark on to a record; it stays where it is if it is there or further already.
    pub async fn move_siem_mark(&self, seq: i64) -> Result<(), StoreError> {
        self.put_siem_mark(seq, " WHERE meta.value < excluded.value").await
    }

    /// Puts the mark where the journal ends that is shorter than it was.
    pub async fn set_siem_mark_back(&self, seq: i64) -> Result<(), StoreError> {
        self.put_siem_mark(seq, "").await
    }

    async fn put_siem_mark(&self, seq: i64, only: &str) -> Result<(), StoreError> {
        let put = format!(
            "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value{only}"
        );
        // The most significant byte first: numbers that are not negative compare as their bytes do, in either engine.
        let value = seq.max(0).to_be_bytes().to_vec();
        let mut writing = self.write().await?;
        sqlx::query(sqlx::AssertSqlSafe(put)).bind(MARK).bind(value).execute(&mut *writing.transaction).await?;
        writing.commit().await
    }
}

impl Telling {
    /// Whether it is ours to tell. Asked again and again: a session that broke off has lost it.
    ///
    /// # Errors
    /// The server cannot be asked. It is not ours then.
    pub async fn is_ours(&mut self) -> Result<bool, StoreError> {
        match timeout(postgres::LOCKS_WITHIN, self.asked()).await {
            Ok(asked) => Ok(asked?),
            Err(_elapsed) => Err(StoreError::System("the database does not answer in time".to_owned())),
        }
    }

    async fn asked(&mut self) -> Result<bool, sqlx::Error> {
        let Some(url) = &self.server else { return Ok(true) };
        // Taken out: what fails, or is cut off, is closed.
        let mut session = match self.session.take() {
            Some(session) => session,
            None => Session { connection: postgres::locking(url, "sekisho, telling the SIEM").await?, has_it: false },
        };
        if session.has_it {
            session.connection.ping().await?;
        } else {
            // By the schema: several installations may share a database.
            let asked = "SELECT pg_try_advisory_lock(hashtextextended('sekisho siem ' || current_schema(), 0))";
            session.has_it = sqlx::query_scalar(asked).fetch_one(&mut session.connection).await?;
        }
        let has_it = session.has_it;
        self.session = Some(session);
        Ok(has_it)
    }

    /// Lets another have it, until we ask again.
    pub async fn give_up(&mut self) {
        if let Some(session) = self.session.take()
            && session.has_it
        {
            // If it cannot say goodbye, the server ends it.
            let _ended = session.connection.close().await;
        }
    }
}

impl std::fmt::Debug for Telling {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let has_it = self.server.is_none() || self.session.as_ref().is_some_and(|session| session.has_it);
        f.debug_struct("Telling").field("has_it", &has_it).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn the_mark_only_grows_but_for_a_journal_that_became_shorter() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        assert_eq!(store.siem_mark().await.unwrap(), None);
        for (seq, now) in [(0, 0), (255, 255), (256, 256), (3, 256), (1 << 40, 1 << 40), (7, 1 << 40)] {
            store.move_siem_mark(seq).await.unwrap();
            assert_eq!(store.siem_mark().await.unwrap(), Some(now), "after {seq}");
        }
        store.set_siem_mark_back(9).await.unwrap();
        assert_eq!(store.siem_mark().await.unwrap(), Some(9));
    }

    #[tokio::test]
    async fn a_file_has_one_who_tells() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        assert!(!store.is_a_file() || store.telling().is_ours().await.unwrap());
    }

    /// The server ends a session a little after it was told goodbye.
    async fn wait_for(telling: &mut Telling) {
        let waited = async {
            while !telling.is_ours().await.unwrap() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(Duration::from_secs(30), waited).await.unwrap();
    }

    /// Of two nodes; where the store is a file there is only ever one.
    #[tokio::test]
    async fn one_node_tells_until_it_gives_up_or_its_session_ends() {
        let dir = tempfile::tempdir().unwrap();
        let one = Store::open(dir.path()).await.unwrap();
        if one.is_a_file() {
            return;
        }
        let (two, _other) = one.as_another_node().await;
        let (mut first, mut second) = (one.telling(), two.telling());
        assert!(first.is_ours().await.unwrap() && !second.is_ours().await.unwrap());
        assert!(first.is_ours().await.unwrap() && !second.is_ours().await.unwrap(), "and so it stays");
        first.give_up().await;
        wait_for(&mut second).await;
        assert!(!first.is_ours().await.unwrap());
        // The server ends the session of the second, as it does when the node is gone.
        let session = second.session.as_mut().unwrap();
        let ended = sqlx::query("SELECT pg_terminate_backend(pg_backend_pid())").execute(&mut session.connection).await;
        assert!(ended.is_err() && second.is_ours().await.is_err(), "it notices");
        wait_for(&mut first).await;
        assert!(!second.is_ours().await.unwrap(), "over a new session");
    }
}
