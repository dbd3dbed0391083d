//! Who brings out what is in the outbox.
//!
//! In: the mails of which a process wants to make an attempt. Out: leave to, for one process at a time. In a file the whole
//! outbox is one process's, by a file lock. On a server each mail is one node's for as long as its attempt lasts, by an
//! advisory lock (PostgreSQL, "Explicit Locking") of a session that is there for nothing else: when a node dies, the server
//! ends its session, and what it had taken is free at once; within half a minute if its power is cut.
//!
//! A node whose session breaks off, or says nothing any more, takes what it is at again over a new one. Between the two
//! another node may begin the same attempt; each asks the store once more just before the mail leaves (`hold::clear`), so
//! both must have a database then.
//! Deliberately absent: what is due (`outbox`).

use std::{
    collections::BTreeMap,
    fs::{File, TryLockError},
    time::Duration,
};

use aws_lc_rs::digest::{SHA256, digest};
use sqlx::PgConnection;
use tokio::{sync::Mutex, time::timeout};

use super::{
    OutboxRow, Store, StoreError,
    open::{open_lock, unwritable},
    postgres,
};
use crate::mail::MailId;

/// The right to deliver what is in the outbox.
pub struct Claim {
    _file: File,
    server: Option<Server>,
}

/// The session that locks mails on a server.
struct Server {
    url: String,
    /// How long it may say nothing.
    patience: Duration,
    session: Mutex<Session>,
}

#[derive(Default)]
struct Session {
    /// None while it is broken off.
    connection: Option<PgConnection>,
    /// Whose locks are not another installation's in the same database.
    schema: String,
    taken: BTreeMap<MailId, i64>,
    /// What was taken over the session before, and cannot be locked over this one yet.
    lacking: BTreeMap<MailId, i64>,
}

impl Store {
    /// Claims the outbox of this directory until the claim is dropped: two servers on one directory would send
    /// everything twice.
    pub async fn claim_outbox(&self) -> Result<Claim, StoreError> {
        let path = self.inner.directory.join("outbox.lock");
        let file = open_lock(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse(self.inner.directory.clone())),
            Err(TryLockError::Error(error)) => return Err(unwritable(&path, &error)),
        }
        let server = self.inner.server.clone();
        let server = server.map(|url| Server { url, patience: postgres::LOCKS_WITHIN, session: Mutex::default() });
        Ok(Claim { _file: file, server })
    }
}

impl Claim {
    /// Whether no other process can be at the outbox.
    pub fn is_alone(&self) -> bool {
        self.server.is_none()
    }

    /// Takes a mail for an attempt. False if another node is at it, or has been since `row` was read.
    pub async fn take(&self, store: &Store, row: &OutboxRow) -> Result<bool, StoreError> {
        let Some(server) = &self.server else { return Ok(true) };
        if !server.lock(&row.id).await? {
            return Ok(false);
        }
        // What another node did before we had the lock is in the store by now.
        let same = store.outbox_row(&row.id).await.map(|now| now.as_ref() == Some(row));
        if !matches!(same, Ok(true)) {
            self.give_back(&row.id).await;
        }
        same
    }

    /// Gives a mail back whose attempt is over.
    pub async fn give_back(&self, id: &MailId) {
        let Some(server) = &self.server else { return };
        let mut session = server.session.lock().await;
        let Some(key) = session.taken.remove(id) else { return };
        if session.lacking.remove(id).is_some() {
            return;
        }
        let Some(connection) = &mut session.connection else { return };
        let unlocking = sqlx::query("SELECT pg_advisory_unlock($1)").bind(key).execute(connection);
        let unlocked = timeout(server.patience, unlocking).await;
        if !matches!(unlocked, Ok(Ok(_))) {
            // The server gives back what a session had that is no more.
            session.connection = None;
        }
    }
}

impl Server {
    async fn lock(&self, id: &MailId) -> Result<bool, StoreError> {
        let mut session = self.session.lock().await;
        match self.lock_over(&mut session, id).await {
            Ok(locked) => Ok(locked),
            Err(_) => self.lock_over(&mut session, id).await,
        }
    }

    /// A session on which anything failed, or that says nothing, is given up: nothing else could go out while it is waited
    /// for.
    async fn lock_over(&self, session: &mut Session, id: &MailId) -> Result<bool, StoreError> {
        let locked = match timeout(self.patience, Box::pin(session.lock(&self.url, id))).await {
            Ok(locked) => locked.map_err(StoreError::from),
            Err(_elapsed) => Err(StoreError::System("the database does not answer in time".to_owned())),
        };
        if locked.is_err() {
            session.connection = None;
        }
        locked
    }
}

impl Session {
    async fn lock(&mut self, url: &str, id: &MailId) -> Result<bool, sqlx::Error> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => {
                self.lacking.clone_from(&self.taken);
                none.insert(begin(url, &mut self.schema).await?)
            }
        };
        if !self.lacking.is_empty() {
            self.lacking = lock_again(connection, &self.lacking).await?;
        }
        let key = key(&self.schema, id);
        let locked = try_lock(connection, key).await?;
        if locked {
            self.taken.insert(id.clone(), key);
        }
        Ok(locked)
    }
}

async fn begin(url: &str, schema: &mut String) -> Result<PgConnection, sqlx::Error> {
    let mut connection = postgres::locking(url, "sekisho, bringing out").await?;
    *schema = sqlx::query_scalar("SELECT current_schema()").fetch_one(&mut connection).await?;
    Ok(connection)
}

/// Takes again what the session before had; gives what it cannot. The server may not know for half a minute that the one
/// before is no more, so what is lacking is asked for again each time.
async fn lock_again(
    connection: &mut PgConnection,
    lacking: &BTreeMap<MailId, i64>,
) -> Result<BTreeMap<MailId, i64>, sqlx::Error> {
    let mut still = BTreeMap::new();
    for (id, key) in lacking {
        if !try_lock(connection, *key).await? {
            tracing::warn!(outgoing = %id, "a mail under way is locked by another session since the database was away");
            still.insert(id.clone(), *key);
        }
    }
    Ok(still)
}

async fn try_lock(connection: &mut PgConnection, key: i64) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT pg_try_advisory_lock($1)").bind(key).fetch_one(connection).await
}

/// The number by which the server knows a mail.
fn key(schema: &str, id: &MailId) -> i64 {
    let sum = digest(&SHA256, format!("{schema}\0{id}").as_bytes());
    let mut first = [0; 8];
    first.iter_mut().zip(sum.as_ref()).for_each(|(byte, of_sum)| *byte = *of_sum);
    i64::from_be_bytes(first)
}

impl std::fmt::Debug for Claim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Claim").field("alone", &self.is_alone()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::store::Fate;

    #[tokio::test]
    async fn the_outbox_of_a_directory_has_one_owner() {
        let dir = tempfile::tempdir().unwrap();
        let (one, two) = (Store::open(dir.path()).await.unwrap(), Store::open(dir.path()).await.unwrap());
        let claim = one.claim_outbox().await.unwrap();
        assert!(matches!(two.claim_outbox().await, Err(StoreError::InUse(_))));
        drop(claim);
        assert!(two.claim_outbox().await.is_ok());
    }

    /// Of two nodes; where the store is a file there is only ever one.
    #[tokio::test]
    async fn a_mail_is_one_nodes_until_its_attempt_is_over_or_the_node_is_gone() {
        let dir = tempfile::tempdir().unwrap();
        let one = Store::open(dir.path()).await.unwrap();
        if one.is_a_file() {
            return;
        }
        let (two, other) = one.as_another_node().await;
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let row = OutboxRow::notice("A", now);
        let mut writing = one.write().await.unwrap();
        writing.put_outbox(&row).await.unwrap();
        writing.commit().await.unwrap();
        let (first, second) = (one.claim_outbox().await.unwrap(), two.claim_outbox().await.unwrap());
        assert!(first.take(&one, &row).await.unwrap() && !second.take(&two, &row).await.unwrap());
        first.give_back(&row.id).await;
        assert!(second.take(&two, &row).await.unwrap() && !first.take(&one, &row).await.unwrap());
        // The second node dies.
        drop(second);
        let waited = async {
            while !first.take(&one, &row).await.unwrap() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(Duration::from_secs(10), waited).await.unwrap();
        // The first has brought it out: whoever still has it in hand as it was learns that.
        let mut done = row.clone();
        done.recipients[0].fate = Fate::Accepted;
        let mut writing = one.write().await.unwrap();
        writing.settle_outbox(&done, now).await.unwrap();
        writing.commit().await.unwrap();
        first.give_back(&row.id).await;
        let third = two.claim_outbox().await.unwrap();
        assert!(!third.take(&two, &row).await.unwrap(), "it is done");
        drop(other);
    }

    #[tokio::test]
    async fn a_node_whose_session_breaks_off_keeps_what_it_is_at() {
        let dir = tempfile::tempdir().unwrap();
        let one = Store::open(dir.path()).await.unwrap();
        if one.is_a_file() {
            return;
        }
        let (two, _other) = one.as_another_node().await;
        let (a, b) = two_waiting(&one).await;
        let (first, second) = (one.claim_outbox().await.unwrap(), two.claim_outbox().await.unwrap());
        assert!(first.take(&one, &a).await.unwrap());
        first.break_off().await;
        assert!(first.take(&one, &b).await.unwrap(), "over a new session");
        assert!(!second.take(&two, &a).await.unwrap() && !second.take(&two, &b).await.unwrap());
    }

    /// As behind a firewall that swallows everything without a word.
    #[tokio::test]
    async fn a_server_that_says_nothing_is_given_up() {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("postgres://nobody@{}/nothing", silent.local_addr().unwrap());
        let server = Server { url, patience: Duration::from_millis(50), session: Mutex::default() };
        let asked = timeout(Duration::from_secs(5), server.lock(&MailId("A".to_owned()))).await.unwrap();
        assert!(asked.unwrap_err().to_string().contains("in time"));
        assert!(server.session.lock().await.connection.is_none());
    }

    /// The server may not know yet that the session before is no more.
    #[tokio::test]
    async fn what_a_new_session_lacks_it_takes_when_it_can() {
        let dir = tempfile::tempdir().unwrap();
        let one = Store::open(dir.path()).await.unwrap();
        if one.is_a_file() {
            return;
        }
        let (two, _other) = one.as_another_node().await;
        let (a, b) = two_waiting(&one).await;
        let (first, second) = (one.claim_outbox().await.unwrap(), two.claim_outbox().await.unwrap());
        assert!(first.take(&one, &a).await.unwrap());
        // The session stays, and nobody listens to it any more.
        let left = first.server.as_ref().unwrap().session.lock().await.connection.take();
        assert!(first.take(&one, &b).await.unwrap());
        drop(left);
        let lacks = async || !first.server.as_ref().unwrap().session.lock().await.lacking.is_empty();
        assert!(lacks().await);
        first.give_back(&b.id).await;
        let waited = async {
            while lacks().await {
                assert!(first.take(&one, &b).await.unwrap());
                first.give_back(&b.id).await;
            }
        };
        timeout(Duration::from_secs(10), waited).await.unwrap();
        assert!(!second.take(&two, &a).await.unwrap(), "it is the first node's again");
    }

    async fn two_waiting(store: &Store) -> (OutboxRow, OutboxRow) {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let (a, b) = (OutboxRow::notice("A", now), OutboxRow::notice("B", now));
        let mut writing = store.write().await.unwrap();
        writing.put_outbox(&a).await.unwrap();
        writing.put_outbox(&b).await.unwrap();
        writing.commit().await.unwrap();
        (a, b)
    }

    impl Claim {
        /// Ends the session, as a server that starts anew does.
        async fn break_off(&self) {
            let mut session = self.server.as_ref().unwrap().session.lock().await;
            let connection = session.connection.as_mut().unwrap();
            let own = sqlx::query("SELECT pg_terminate_backend(pg_backend_pid())").execute(connection).await;
            assert!(own.is_err());
        }
    }
}
