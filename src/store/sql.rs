//! The two engines, and statements that are put together from pieces.
//!
//! In: pieces of SQL and values. Out: a statement in which the values stand in their order. Whole statements say `$1`, `$2`,
//! …, which both engines read, and are written once: what SQLite has and PostgreSQL has not, `migrations/postgres` teaches
//! it, and the few places at which they must differ ask the [`Engine`] for the word.
//! Deliberately absent: what is asked and written, and connections (`sqlite`, `postgres`).

use sqlx::{
    Any, AssertSqlSafe, FromRow,
    any::{AnyArguments, AnyRow},
    query::{Query, QueryAs, QueryScalar},
    query_as_with, query_scalar_with, query_with,
};

/// What the store is kept in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    /// A join that is done from left to right. PostgreSQL knows by its statistics that it should be.
    pub(super) fn join_onwards(self) -> &'static str {
        match self {
            Self::Sqlite => "CROSS JOIN",
            Self::Postgres => "JOIN",
        }
    }

    /// Which index answers a question about the time of the journal's rows; PostgreSQL is not told.
    pub(super) fn by_time(self) -> &'static str {
        match self {
            Self::Sqlite => "INDEXED BY journal_at",
            Self::Postgres => "",
        }
    }
}

/// A statement on its way.
pub(super) struct Statement {
    engine: Engine,
    sql: String,
    arguments: AnyArguments,
}

/// One of its lists, of which the first thing has no comma before it.
pub(super) struct List<'s> {
    statement: &'s mut Statement,
    begun: bool,
}

impl Statement {
    pub(super) fn new(engine: Engine, sql: &str) -> Self {
        Self { engine, sql: sql.to_owned(), arguments: AnyArguments::default() }
    }

    pub(super) fn push(&mut self, sql: &str) -> &mut Self {
        self.sql.push_str(sql);
        self
    }

    /// Adds a value, and where it stands.
    pub(super) fn push_bind<'v>(&mut self, value: impl Value<'v>) -> &mut Self {
        // Only a value that cannot be encoded is refused, and all that come here are numbers, text and bytes.
        if let Err(error) = sqlx::Arguments::add(&mut self.arguments, value) {
            tracing::error!(%error, "a value does not go into a statement");
            // Without a place for it the statement is none, and is refused.
            return self;
        }
        match self.engine {
            // It looks for the name of each value from the first on, so that hundreds of named ones cost as many squared.
            Engine::Sqlite => self.push("?"),
            Engine::Postgres => {
                let number = sqlx::Arguments::len(&self.arguments);
                self.push("$").push(&number.to_string())
            }
        }
    }

    /// Adds `VALUES (…), (…)`, a tuple for each row.
    pub(super) fn push_values<R>(&mut self, rows: &[R], mut tuple: impl FnMut(&mut List<'_>, &R)) -> &mut Self {
        self.push("VALUES ");
        for (number, row) in rows.iter().enumerate() {
            self.push(if number == 0 { "(" } else { ", (" });
            tuple(&mut self.list(), row);
            self.push(")");
        }
        self
    }

    /// A list that begins here.
    pub(super) fn list(&mut self) -> List<'_> {
        List { statement: self, begun: false }
    }

    /// Adds `IN (…)`.
    pub(super) fn push_one_of(&mut self, numbers: &[i64]) -> &mut Self {
        self.push("IN (");
        let mut list = self.list();
        for number in numbers {
            list.push_bind(*number);
        }
        self.push(")")
    }

    pub(super) fn build<'q>(self) -> Query<'q, Any, AnyArguments> {
        query_with(AssertSqlSafe(self.sql), self.arguments)
    }

    pub(super) fn build_query_as<'q, O: for<'r> FromRow<'r, AnyRow>>(self) -> QueryAs<'q, Any, O, AnyArguments> {
        query_as_with(AssertSqlSafe(self.sql), self.arguments)
    }

    pub(super) fn build_query_scalar<'q, O>(self) -> QueryScalar<'q, Any, O, AnyArguments>
    where
        (O,): for<'r> FromRow<'r, AnyRow>,
    {
        query_scalar_with(AssertSqlSafe(self.sql), self.arguments)
    }
}

impl List<'_> {
    pub(super) fn push_bind<'v>(&mut self, value: impl Value<'v>) -> &mut Self {
        if std::mem::replace(&mut self.begun, true) {
            self.statement.push(", ");
        }
        self.statement.push_bind(value);
        self
    }
}

/// What can stand in a statement of either engine.
pub(super) trait Value<'v>: sqlx::Encode<'v, Any> + sqlx::Type<Any> {}

impl<'v, T: sqlx::Encode<'v, Any> + sqlx::Type<Any>> Value<'v> for T {}
