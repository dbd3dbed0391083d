//! What can go wrong with the store, by who can mend it.
//!
//! In: errors of SQLite and PostgreSQL, the file system and the cipher. Out: a [`StoreError`] that says what to do.
//! Deliberately absent: retries; callers answer 451 and the mail server comes back.

use std::{path::PathBuf, sync::Arc};

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The directory or a file in it cannot be written.
    #[error("cannot write {path}: {cause}")]
    Unwritable {
        /// Which.
        path: PathBuf,
        /// What the system says, and what helps.
        cause: String,
    },
    /// A later release of Sekisho has already changed the database.
    #[error("{path} was written by a newer sekisho (schema {found}; this one knows {known}); start that version again")]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The latest that this program knows.
        known: i64,
    },
    /// A change of the schema failed, and nothing of it happened.
    #[error(
        "{place}: changing the schema to {number} failed ({cause}); everything is as it was, and the version before works on: start that again, and report this"
    )]
    NotChanged {
        /// The database.
        place: PathBuf,
        /// To which number it was to be changed.
        number: i64,
        /// What the database says.
        cause: String,
    },
    /// A change of the schema was begun by something else than this program, and not finished.
    #[error(
        "{place}: a change of the schema to {number} was begun and not finished; restore the last backup, or, if you know that nothing of that change is there: DELETE FROM _sqlx_migrations WHERE version = {number}"
    )]
    HalfChanged {
        /// The database.
        place: PathBuf,
        /// To which number.
        number: i64,
    },
    /// Nodes are there that cannot work with the new schema.
    #[error(
        "{place}: schema {number} is not for the version that these nodes run: {nodes}; stop all of them, then start this version"
    )]
    OlderNodes {
        /// The database.
        place: PathBuf,
        /// The new schema.
        number: i64,
        /// Their names.
        nodes: String,
    },
    /// The database's server is none for this, or its user may not do what is needed.
    #[error("the database at {place} cannot be used: {cause}")]
    Unfit {
        /// Where, without the password.
        place: String,
        /// Why, and what helps.
        cause: String,
    },
    /// The schema is of a program that was never released, or was changed by hand.
    #[error(
        "{place}: the schema was changed to {number} in another way than by a released sekisho; start the program that did it, or restore a backup"
    )]
    ForeignSchema {
        /// The database.
        place: PathBuf,
        /// At which number it differs.
        number: i64,
    },
    /// The database is not one, or no longer a whole one.
    #[error("{path} is damaged ({cause}); stop sekisho, keep a copy of the file, and restore the last backup")]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What SQLite says.
        cause: String,
    },
    /// A copy is none, or not as it was made.
    #[error("{path}: {cause}; nothing was restored")]
    BadCopy {
        /// What is wrong in it.
        path: PathBuf,
        /// How.
        cause: String,
    },
    /// What is at a server is not what was copied there.
    #[error("the store at {place} is no copy of this one: {cause}")]
    NoCopy {
        /// Where, without the password.
        place: String,
        /// Why.
        cause: String,
    },
    /// A copy is not put over a store.
    #[error("{0} is there already; restore into an empty data_dir, or move the old one away first")]
    NotEmpty(PathBuf),
    /// There are sealed mails, but no key.
    #[error("{0} is missing, and held mail cannot be opened without it; put the key file back from its backup")]
    KeyMissing(PathBuf),
    /// Others can read the key.
    #[error("{path} has mode {mode:03o}: other users can read the key; run: chmod 600 {path}")]
    KeyExposed {
        /// The key file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The key file does not hold a key.
    #[error("{0} is not a key file (it must hold exactly 32 bytes); put the key file back from its backup")]
    KeyMalformed(PathBuf),
    /// The command that is to print the key does not.
    #[error("{command} gives no key: {cause}; [store] key_command must print 32 bytes, or 64 hexadecimal digits")]
    KeyCommand {
        /// The program.
        command: String,
        /// What is wrong.
        cause: String,
    },
    /// The key file belongs to another database.
    #[error("{0} does not belong to this database; put back the key file with which its mail was sealed")]
    WrongKey(PathBuf),
    /// Sealed bytes were changed, or belong to another mail.
    #[error("the sealed bytes of {0} do not open: they were changed or belong to another mail")]
    Seal(String),
    /// The bytes are gone on purpose.
    #[error("the bytes of {0} are no longer kept")]
    Destroyed(String),
    /// The disk is full.
    #[error("the disk is full; nothing was written and mail is answered with 451 until there is space")]
    Full,
    /// The database's user may not do what is needed.
    #[error(
        "the database does not let this user do that ({0}); its administrator has to GRANT it, or give it the tables"
    )]
    NoRight(String),
    /// Another process holds the write lock for too long.
    #[error("the database is locked by another process; try again")]
    Busy,
    /// The database ended a statement that took too long.
    #[error("the database took too long and nothing was changed; try again, and look at what else it is doing")]
    Slow,
    /// Another server works on this directory.
    #[error("{0} is in use by another sekisho; stop it first, or give this one its own data_dir")]
    InUse(PathBuf),
    /// A row does not say what this program writes.
    #[error("the database holds a row that cannot be understood: {0}")]
    Row(String),
    /// The database's server does not answer, or does not let us in.
    #[error("the database at {place} cannot be used: {cause}; see that it runs and that [store] url is right")]
    Unreachable {
        /// Where, without the password.
        place: String,
        /// What was said.
        cause: String,
    },
    /// The database's server speaks an older language than the schema.
    #[error("{place} is PostgreSQL {found}; sekisho needs {oldest} or later")]
    OldServer {
        /// Where.
        place: String,
        /// Its version.
        found: i64,
        /// The oldest that will do.
        oldest: i64,
    },
    /// Anything else the database says.
    #[error("database: {0}")]
    Database(Arc<sqlx::Error>),
    /// The system gives no random numbers or no thread.
    #[error("the system failed: {0}")]
    System(String),
}

/// SQLite's primary result codes (<https://sqlite.org/rescode.html>).
const BUSY: i32 = 5;
const READ_ONLY: i32 = 8;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const CANNOT_OPEN: i32 = 14;
const NOT_A_DATABASE: i32 = 26;

/// PostgreSQL's (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
const DISK_FULL: &str = "53100";
const LOCK_NOT_AVAILABLE: &str = "55P03";
const QUERY_CANCELED: &str = "57014";
const INSUFFICIENT_PRIVILEGE: &str = "42501";
const UNDEFINED_TABLE: &str = "42P01";

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Arc::new(error).into()
    }
}

impl From<Arc<sqlx::Error>> for StoreError {
    fn from(error: Arc<sqlx::Error>) -> Self {
        match (primary_code(&error), sql_state(&error).as_deref()) {
            (Some(FULL), _) | (_, Some(DISK_FULL)) => Self::Full,
            (Some(BUSY), _) | (_, Some(LOCK_NOT_AVAILABLE)) => Self::Busy,
            (_, Some(QUERY_CANCELED)) => Self::Slow,
            (_, Some(INSUFFICIENT_PRIVILEGE)) => Self::NoRight(error.to_string()),
            _ => Self::Database(error),
        }
    }
}

impl StoreError {
    /// The same for errors while the database `path` is being opened.
    pub(super) fn opening(path: &std::path::Path, error: sqlx::Error) -> Self {
        match primary_code(&error) {
            Some(READ_ONLY | CANNOT_OPEN) => Self::Unwritable { path: path.to_owned(), cause: error.to_string() },
            Some(CORRUPT | NOT_A_DATABASE) => Self::Damaged { path: path.to_owned(), cause: error.to_string() },
            _ => error.into(),
        }
    }

    /// Whether a table is not there, of those that come and go while the server runs.
    pub(super) fn is_of_no_table(&self) -> bool {
        matches!(self, Self::Database(error) if sql_state(error).as_deref() == Some(UNDEFINED_TABLE))
    }
}

fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let error = error.as_database_error()?.try_downcast_ref::<sqlx::sqlite::SqliteError>()?;
    let code: i32 = sqlx::error::DatabaseError::code(error)?.parse().ok()?;
    Some(code & 0xff)
}

fn sql_state(error: &sqlx::Error) -> Option<String> {
    let error = error.as_database_error()?.try_downcast_ref::<sqlx::postgres::PgDatabaseError>()?;
    Some(error.code().to_owned())
}
