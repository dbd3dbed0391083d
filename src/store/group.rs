//! Changes that go to the disk together.
//!
//! One change is let in at a time, and what takes long in a change is the disk. So a change that is complete makes
//! room for the next at once; when all are through who came meanwhile, one COMMIT makes all of them durable, and each is
//! told. A change that comes alone is committed at once. One that is given up is undone by itself: each stands behind a
//! savepoint of its own.
//!
//! Whoever records what went out goes ahead of all who wait, and is made durable at once with what is complete: mail that
//! passes waits for one change of people, never for a line of them.
//!
//! A server may fall silent without hanging up. What is said to it here is waited for so long ([`SILENCE`]); then the
//! connection is given up, and the next change begins on another one. Whoever waits for their turn waits as long, and so does
//! each statement of a change (`bounded`), but for the few that may take minutes ([`Turn::at_length`]).
//!
//! In: whoever wants to write. Out: a [`Turn`], in which they alone write. Deliberately absent: a timer that waits for
//! company, and a promise before the COMMIT.

use std::{
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use sqlx::{Any, AnyPool, AssertSqlSafe, pool::PoolConnection};
use tokio::{
    sync::{Mutex as Queue, OwnedMappedMutexGuard, OwnedMutexGuard, oneshot},
    time::timeout,
};

use super::{
    StoreError,
    bounded::{Bounded, silence},
    latency::{Latency, Work},
    postgres,
    sql::Engine,
};

/// How long a database may say nothing to a statement: longer than it waits for a lock (10 s), and than it lets a statement of
/// a change take (15 s).
const SILENCE: Duration = Duration::from_secs(20);

/// The same for what takes long: longer than a server lets it take (10 min).
const LONG_SILENCE: Duration = Duration::from_secs(11 * 60);

/// How long a connection may take to close; then it is left to the system.
const FAREWELL: Duration = Duration::from_secs(2);

/// What the members of a group are told.
type Outcome = Result<(), Arc<sqlx::Error>>;

/// The one connection that writes, within a transaction as long as a group is not on the disk.
type Open = Option<Bounded>;

/// Who writes, one after the other in the order in which they came.
pub(super) struct Writers {
    /// One connection: whoever writes without a [`Turn`] waits here for the end of the group.
    pool: AnyPool,
    begin: &'static str,
    engine: Engine,
    /// How long the database may say nothing.
    silence: Duration,
    /// Where those wait who are not let ahead, and the ends of their groups with them.
    line: Arc<Queue<()>>,
    open: Arc<Queue<Open>>,
    group: Mutex<Group>,
    latency: Latency,
}

/// The changes that are complete and not on the disk.
#[derive(Default)]
struct Group {
    number: u64,
    members: Vec<oneshot::Sender<Outcome>>,
    /// Whether what was written since the last savepoint is to be undone.
    given_up: bool,
}

/// The right to write. Dropped without [`Turn::commit`], what was written is undone.
pub(super) struct Turn {
    connection: OwnedMappedMutexGuard<Open, Bounded>,
    /// The first place in the line; none who was let ahead has it.
    place: Option<OwnedMutexGuard<()>>,
    writers: Arc<Writers>,
    complete: bool,
}

/// The right to write without a [`Turn`]: no change is open, and none is opened meanwhile.
pub(super) struct Alone {
    pub(super) connection: PoolConnection<Any>,
    _open: OwnedMutexGuard<Open>,
}

impl Writers {
    pub(super) fn new(pool: AnyPool, engine: Engine, latency: Latency) -> Arc<Self> {
        Arc::new(Self::with(pool, engine, latency, SILENCE))
    }

    pub(super) fn with(pool: AnyPool, engine: Engine, latency: Latency, silence: Duration) -> Self {
        let begin = match engine {
            Engine::Sqlite => "BEGIN IMMEDIATE; SAVEPOINT change",
            Engine::Postgres => postgres::BEGIN,
        };
        let (line, open, group) = (Arc::default(), Arc::default(), Mutex::default());
        Self { pool, begin, engine, silence, line, open, group, latency }
    }

    pub(super) fn pool(&self) -> &AnyPool {
        &self.pool
    }

    /// Waits for one's turn.
    pub(super) async fn turn(self: &Arc<Self>) -> Result<Turn, StoreError> {
        let place = patiently(&self.line).await?;
        self.enter(Some(place)).await
    }

    /// A turn ahead of all who wait for theirs.
    pub(super) async fn turn_ahead(self: &Arc<Self>) -> Result<Turn, StoreError> {
        self.enter(None).await
    }

    /// The connection without a turn, ahead of all who wait; none while a change is open.
    pub(super) async fn alone(&self) -> Result<Option<Alone>, StoreError> {
        let open = patiently(&self.open).await?;
        if open.is_some() {
            return Ok(None);
        }
        Ok(Some(Alone { connection: self.pool.acquire().await?, _open: open }))
    }

    async fn enter(self: &Arc<Self>, place: Option<OwnedMutexGuard<()>>) -> Result<Turn, StoreError> {
        let open = patiently(&self.open).await?;
        // Whoever asks may be broken off at any time, and what is said between changes must be said to its end: of a RELEASE
        // without its SAVEPOINT the whole group would die.
        let entering = tokio::spawn(Arc::clone(self).let_in(open, place));
        entering.await.map_err(|died| StoreError::System(format!("the turn was cut off: {died}")))?
    }

    async fn let_in(
        self: Arc<Self>,
        mut open: OwnedMutexGuard<Open>,
        place: Option<OwnedMutexGuard<()>>,
    ) -> Result<Turn, StoreError> {
        self.make_room(&mut open).await;
        match open.as_mut() {
            // Whoever was here before may have been broken off in the midst of what takes long.
            Some(connection) => connection.let_it_take(self.silence),
            None => *open = Some(self.begin().await?),
        }
        let connection = OwnedMutexGuard::try_map(open, Option::as_mut)
            .map_err(|_nothing_open| StoreError::System("no transaction is open".to_owned()))?;
        Ok(Turn { connection, place, writers: self, complete: false })
    }

    /// Puts a savepoint behind what is complete, and undoes what was given up.
    async fn make_room(&self, open: &mut Open) {
        let Some(connection) = open else { return };
        let given_up = self.group().given_up;
        let next = if given_up { "ROLLBACK TO change" } else { "RELEASE change; SAVEPOINT change" };
        match self.say(connection, next).await {
            Ok(()) => self.group().given_up = false,
            // A full disk ends a transaction of SQLite, a lost connection one of PostgreSQL, and with it the savepoint: all is
            // gone.
            Err(error) => self.end(open, Err(error)).await,
        }
    }

    async fn begin(&self) -> Result<Bounded, StoreError> {
        let begin = async || {
            // A file has no server that could fall silent.
            let limit = (self.engine == Engine::Postgres).then_some(self.silence);
            let mut connection = Bounded::new(self.pool.acquire().await?, limit);
            match self.say(&mut connection, self.begin).await {
                Ok(()) => Ok(connection),
                // Whatever state it is in, nothing begins on it any more.
                Err(error) => {
                    hang_up(connection).await;
                    Err(error)
                }
            }
        };
        match begin().await {
            Ok(connection) => Ok(connection),
            Err(_) => Ok(begin().await?),
        }
    }

    /// Makes the group `number` durable, unless somebody has.
    async fn flush(&self, number: u64, ahead: bool) {
        let _place = if ahead { None } else { Some(self.line.lock().await) };
        let mut open = Arc::clone(&self.open).lock_owned().await;
        if self.group().number != number {
            return;
        }
        if self.group().given_up {
            self.make_room(&mut open).await;
        }
        let Some(connection) = open.as_mut() else { return };
        // Where a statement has failed, PostgreSQL answers a bare COMMIT with success and undoes everything. It refuses to
        // release a savepoint there.
        let began = Instant::now();
        let committed = self.say(connection, "RELEASE change; COMMIT").await;
        self.latency.took(Work::Commit, began);
        self.end(&mut open, committed).await;
    }

    /// Undoes what was given up, and ends the transaction if nobody else is in it.
    async fn undo(&self) {
        let mut open = Arc::clone(&self.open).lock_owned().await;
        if !self.group().given_up {
            return;
        }
        self.make_room(&mut open).await;
        if self.group().members.is_empty()
            && let Some(connection) = open.as_mut()
        {
            let ended = self.say(connection, "ROLLBACK").await;
            self.end(&mut open, ended).await;
        }
    }

    /// Ends the group with `outcome`, which every member is told. A connection on which anything failed is closed.
    async fn end(&self, open: &mut Open, outcome: Result<(), sqlx::Error>) {
        let outcome = outcome.map_err(Arc::new);
        let members = {
            let mut group = self.group();
            let next = Group { number: group.number + 1, ..Group::default() };
            std::mem::replace(&mut *group, next).members
        };
        for told in members {
            // Whoever does not listen any more was promised nothing.
            let _gone = told.send(outcome.clone());
        }
        let connection = open.take();
        if outcome.is_err()
            && let Some(connection) = connection
        {
            hang_up(connection).await;
        }
    }

    /// Has the database do something that gives no rows.
    async fn say(&self, connection: &mut Bounded, words: &'static str) -> Result<(), sqlx::Error> {
        // Whatever it was asked last, it has not answered: what it would answer now says nothing about this.
        if connection.is_silent() {
            return Err(silence());
        }
        let said = timeout(self.silence, sqlx::raw_sql(words).execute(&mut **connection)).await;
        said.map_or_else(|_elapsed| Err(silence()), |done| done.map(drop))
    }

    fn group(&self) -> std::sync::MutexGuard<'_, Group> {
        self.group.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for `what`; somebody whose database says nothing any more may be at it.
async fn patiently<T>(what: &Arc<Queue<T>>) -> Result<OwnedMutexGuard<T>, StoreError> {
    timeout(SILENCE, Arc::clone(what).lock_owned()).await.map_err(|_| StoreError::Busy)
}

/// Closes a connection on which something failed.
async fn hang_up(connection: Bounded) {
    match timeout(FAREWELL, connection.into_inner().close()).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "a database connection did not close"),
        Err(_) => tracing::warn!("a database connection does not close"),
    }
}

impl Turn {
    /// Has the database do what may take minutes while everybody waits who wants to write. A change that waits for others
    /// meanwhile fails, and is made again by whoever asked for it.
    pub(super) async fn at_length(&mut self, words: &str) -> Result<(), sqlx::Error> {
        let words = match self.writers.engine {
            Engine::Sqlite => words.to_owned(),
            Engine::Postgres => format!("{}; {words}; {}", postgres::AT_LENGTH, postgres::AS_EVER),
        };
        self.connection.let_it_take(LONG_SILENCE);
        let done = sqlx::raw_sql(AssertSqlSafe(words)).execute(&mut *self.connection).await;
        self.connection.let_it_take(self.writers.silence);
        done.map(drop)
    }

    /// Makes the change durable, with whatever others come meanwhile. It happens even if nobody waits for it.
    pub(super) async fn commit(mut self) -> Result<(), StoreError> {
        let (told, outcome) = oneshot::channel();
        let writers = Arc::clone(&self.writers);
        let number = {
            let mut group = writers.group();
            group.members.push(told);
            group.number
        };
        let ahead = self.place.is_none();
        self.complete = true;
        drop(self);
        tokio::spawn(async move { writers.flush(number, ahead).await });
        let outcome = outcome.await;
        Ok(outcome.map_err(|_cut_off| StoreError::System("the change was cut off".to_owned()))??)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.complete {
            return;
        }
        self.writers.group().given_up = true;
        // The next turn undoes it. If none comes, the transaction must not stay open: other processes wait for its end.
        let writers = Arc::clone(&self.writers);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { writers.undo().await });
        }
    }
}

impl Deref for Turn {
    type Target = Bounded;

    fn deref(&self) -> &Bounded {
        &self.connection
    }
}

impl DerefMut for Turn {
    fn deref_mut(&mut self) -> &mut Bounded {
        &mut self.connection
    }
}

#[cfg(test)]
mod tests;
