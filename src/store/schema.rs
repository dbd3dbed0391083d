//! The schema of the database, and how one version of the program takes over from another.
//!
//! In: the migrations that this program knows (`migrations/`), and a database. Out: a database whose schema is at least as
//! new, or an error that says why not. All that is missing is done in one transaction under one lock: nodes that start
//! together do it once, and one that fails leaves everything as it was, for the version before to go on with.
//!
//! The database says in `meta`, as `needs`, the oldest schema whose programs can work with it. A migration that only adds
//! names that in a line `-- needs 17`, and programs that know no more than schema 17 go on, also after a restart; one that
//! says nothing needs its own number (`migrations/README.md`).
//! Deliberately absent: the way back. A schema is not made older; a backup is restored.

use std::path::Path;

use sqlx::{
    Any, AnyConnection, Connection, Executor,
    migrate::{Migrate, MigrateError, Migration, Migrator},
};

use super::{StoreError, Writing, nodes, place::without_password, postgres, sql::Engine};

/// The table in which sqlx keeps what was done.
const DONE: &str = "_sqlx_migrations";

/// How a migration says which schema's programs can go on.
const NEEDS: &str = "-- needs ";

/// What in `meta` says so of the whole schema.
const META: &str = "needs";

/// The number of the last migration of a program.
pub(super) fn known(schema: &Migrator) -> i64 {
    schema.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// Which schema's programs can go on after `migration`.
fn needs(migration: &Migration) -> i64 {
    let said = migration.sql.as_str().lines().find_map(|line| line.strip_prefix(NEEDS));
    said.and_then(|number| number.trim().parse().ok()).unwrap_or(migration.version)
}

/// Does what is missing of `schema` in the database, which is at `place`.
pub(super) async fn renew(
    connection: &mut AnyConnection,
    engine: Engine,
    schema: &Migrator,
    place: &Path,
) -> Result<(), StoreError> {
    // Most of the time there is nothing to do, and nobody has to wait for a lock.
    if is_whole(connection, engine, schema, place).await? {
        return Ok(());
    }
    let begin = match engine {
        Engine::Sqlite => "BEGIN IMMEDIATE",
        Engine::Postgres => "BEGIN",
    };
    let opening = |error| StoreError::opening(place, error);
    let mut change = connection.begin_with(begin).await.map_err(opening)?;
    if engine == Engine::Postgres {
        postgres::lock_schema(&mut change).await.map_err(opening)?;
    }
    // Whoever had the lock before may have done it.
    if !is_whole(&mut change, engine, schema, place).await? {
        if engine == Engine::Postgres {
            let needed = schema.iter().map(needs).max().unwrap_or(0);
            let nodes = nodes::too_old(&mut change, needed).await.map_err(opening)?;
            if !nodes.is_empty() {
                return Err(StoreError::OlderNodes {
                    place: place.to_owned(),
                    number: needed,
                    nodes: nodes.join(", "),
                });
            }
        }
        let mut missing = Migrator::with_migrations(schema.iter().cloned().collect());
        missing.set_locking(false).set_ignore_missing(true);
        missing.run_direct(None, &mut *change, false).await.map_err(|error| failed(error, place))?;
        tell_needs(&mut change, schema).await.map_err(opening)?;
        tracing::info!(schema = known(schema), "the database has the schema of this version");
    }
    change.commit().await.map_err(opening)
}

/// Whether nothing is missing.
///
/// # Errors
/// The schema is none with which this program can work.
async fn is_whole(
    connection: &mut AnyConnection,
    engine: Engine,
    schema: &Migrator,
    place: &Path,
) -> Result<bool, StoreError> {
    let there = match engine {
        Engine::Sqlite => "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = $1",
        Engine::Postgres => {
            "SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = current_schema() AND tablename = $1"
        }
    };
    let opening = |error| StoreError::opening(place, error);
    let there: i64 = sqlx::query_scalar(there).bind(DONE).fetch_one(&mut *connection).await.map_err(opening)?;
    if there == 0 {
        return Ok(false);
    }
    let done = connection.list_applied_migrations(DONE).await.map_err(|error| failed(error, place))?;
    if let Some(number) = connection.dirty_version(DONE).await.map_err(|error| failed(error, place))? {
        return Err(StoreError::HalfChanged { place: place.to_owned(), number });
    }
    let (known, found) = (known(schema), done.iter().map(|one| one.version).max().unwrap_or(0));
    let is_ours =
        |version, checksum: &[u8]| schema.iter().any(|ours| ours.version == version && *ours.checksum == *checksum);
    if let Some(foreign) = done.iter().find(|one| one.version <= known && !is_ours(one.version, &one.checksum)) {
        return Err(StoreError::ForeignSchema { place: place.to_owned(), number: foreign.version });
    }
    if found > known {
        match told_needs(&mut *connection).await.map_err(opening)? {
            Some(needs) if needs <= known => tracing::warn!(
                schema = found,
                known,
                "a newer sekisho has changed the database; this one works on with it until it is replaced"
            ),
            _ => return Err(StoreError::Newer { path: place.to_owned(), found, known }),
        }
    }
    Ok(schema.iter().all(|ours| done.iter().any(|one| one.version == ours.version)))
}

impl Writing {
    /// Fails if a newer version has made of the database what this one cannot work with.
    pub(super) async fn is_not_outgrown(&mut self) -> Result<(), StoreError> {
        let (needs, known) = (told_needs(&mut *self.transaction).await?.unwrap_or(0), self.store.known_schema());
        if needs <= known {
            return Ok(());
        }
        let path = self
            .store
            .inner
            .server
            .as_deref()
            .map_or_else(|| self.store.inner.directory.clone(), |url| without_password(url).into());
        Err(StoreError::Newer { path, found: needs, known })
    }
}

/// Which schema's programs can work with the database, if it says so.
async fn told_needs(connection: impl Executor<'_, Database = Any>) -> Result<Option<i64>, sqlx::Error> {
    let told = sqlx::query_scalar("SELECT value FROM meta WHERE name = $1").bind(META);
    let told: Option<Vec<u8>> = told.fetch_optional(connection).await?;
    Ok(told.and_then(|text| String::from_utf8(text).ok()).and_then(|text| text.parse().ok()))
}

async fn tell_needs(connection: &mut AnyConnection, schema: &Migrator) -> Result<(), sqlx::Error> {
    let ours = schema.iter().map(needs).max().unwrap_or(0);
    // A newer version may have said more.
    let needs = told_needs(&mut *connection).await?.map_or(ours, |told| told.max(ours));
    let tell = "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    sqlx::query(tell).bind(META).bind(needs.to_string().into_bytes()).execute(connection).await?;
    Ok(())
}

/// Why a migration did not happen.
fn failed(error: MigrateError, place: &Path) -> StoreError {
    match error {
        MigrateError::Execute(error) => StoreError::opening(place, error),
        MigrateError::ExecuteMigration(error, number) => match StoreError::opening(place, error) {
            StoreError::Database(cause) => {
                StoreError::NotChanged { place: place.to_owned(), number, cause: cause.to_string() }
            }
            other => other,
        },
        other => StoreError::Damaged { path: place.to_owned(), cause: other.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, sync::Arc};

    use sqlx::{SqlSafeStr, migrate::MigrationType};

    use super::*;
    use crate::store::{Store, sqlite};

    /// The migrations of the engine of `store`, and further ones of a version to come.
    fn later(store: &Store, more: &[(i64, String)]) -> Migrator {
        let engine = store.inner.engine;
        let ours = if engine == Engine::Sqlite { &sqlite::SCHEMA } else { &postgres::SCHEMA };
        let mut all: Vec<Migration> = ours.iter().cloned().collect();
        for (version, sql) in more {
            let sql = sqlx::AssertSqlSafe(store.in_its_words(sql)).into_sql_str();
            all.push(Migration::new(*version, "later".into(), MigrationType::Simple, sql, false));
        }
        Migrator::with_migrations(all)
    }

    /// Opens the database of `store` as the version with `schema` does.
    async fn upgrade(store: &Store, schema: &Migrator) -> Result<(), StoreError> {
        let mut connection = store.inner.writers.pool().acquire().await.unwrap();
        let done = renew(&mut connection, store.inner.engine, schema, Path::new("the database")).await;
        if done.is_err() {
            connection.close().await.unwrap();
        }
        done
    }

    async fn text(store: &Store, sql: &'static str) -> String {
        sqlx::query_scalar(sql).fetch_one(store.readers()).await.unwrap()
    }

    #[tokio::test]
    async fn a_migration_that_fails_leaves_everything_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let number = known(&sqlite::SCHEMA);
        let good = "CREATE TABLE later (one BIGINT)".to_owned();
        let bad = "CREATE TABLE latest (one BIGINT); INSERT INTO nowhere VALUES (1)".to_owned();
        let schema = later(&store, &[(number + 1, good.clone()), (number + 2, bad)]);
        let refused = upgrade(&store, &schema).await.unwrap_err();
        assert!(matches!(refused, StoreError::NotChanged { .. }), "{refused}");
        let words = refused.to_string();
        assert!(words.contains(&(number + 2).to_string()) && words.contains("as it was"), "{words}");
        // The one before it went well, and is gone all the same: the version before goes on, and starts again.
        assert!(store.tamper("INSERT INTO later VALUES (1)").await.is_err());
        store.probe().await.unwrap();
        let again = Store::open(dir.path()).await.unwrap();
        again.probe().await.unwrap();
        // Mended, it is done.
        upgrade(&store, &later(&store, &[(number + 1, good)])).await.unwrap();
        store.tamper("INSERT INTO later VALUES (1)").await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn nodes_that_start_together_with_a_new_version_change_the_schema_once() {
        let dir = tempfile::tempdir().unwrap();
        let first = Store::open(dir.path()).await.unwrap();
        let number = known(&sqlite::SCHEMA) + 1;
        let more = format!("{NEEDS}{}\nCREATE TABLE later (one BIGINT); INSERT INTO later VALUES (1)", number - 1);
        let schema = Arc::new(later(&first, &[(number, more)]));
        let mut starting = tokio::task::JoinSet::new();
        for _ in 0..6 {
            let (store, schema) = (Store::open(dir.path()).await.unwrap(), Arc::clone(&schema));
            starting.spawn(async move { upgrade(&store, &schema).await });
        }
        starting.join_all().await.into_iter().for_each(|done| done.unwrap());
        assert_eq!(text(&first, "SELECT CAST(count(*) AS TEXT) FROM later").await, "1");
    }

    #[tokio::test]
    async fn an_older_version_goes_on_with_what_was_only_added_to() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        // Statements that are known to the server by now.
        let look = async || {
            store.probe().await.unwrap();
            store.journal_after(0, 9).await.unwrap();
            store.list_held(&crate::store::Listing { limit: 9, ..Default::default() }).await.unwrap();
            store.outbox_due(jiff::Timestamp::MAX, 9).await.unwrap();
        };
        look().await;
        let number = known(&sqlite::SCHEMA);
        let added = ["journal", "held", "outbox", "mail", "session", "sealed", "meta"]
            .map(|table| format!("ALTER TABLE {table} ADD COLUMN later INTEGER NOT NULL DEFAULT 0;"));
        let added = format!("-- Only adds.\n{NEEDS}{number}\n{}", added.concat());
        upgrade(&store, &later(&store, &[(number + 1, added.clone())])).await.unwrap();
        look().await;
        store.close().await;
        let store = Store::open(dir.path()).await.unwrap();
        store.probe().await.unwrap();
        // And not with the version after that, which takes something away: not while a node is there that would fail.
        let more = [(number + 1, added), (number + 2, "ALTER TABLE held DROP COLUMN later".to_owned())];
        let there = "INSERT INTO node (name, process, version, schema, rules, partners, people, started_at, seen_at) \
                     VALUES ('a 10.0.0.1:25', 'P', '1', 18, '', '', '', 0, 9000000000000000)";
        store.tamper(there).await.unwrap();
        if !store.is_a_file() {
            let refused = upgrade(&store, &later(&store, &more)).await.unwrap_err();
            assert!(refused.to_string().contains("a 10.0.0.1:25"), "{refused}");
            store.probe().await.unwrap();
        }
        store.node_is_gone("a 10.0.0.1:25", "P").await.unwrap();
        upgrade(&store, &later(&store, &more)).await.unwrap();
        // One that is there all the same takes no mail any more.
        assert!(matches!(store.probe().await, Err(StoreError::Newer { .. })));
        let refused = Store::open(dir.path()).await.unwrap_err();
        assert!(matches!(refused, StoreError::Newer { .. }), "{refused}");
    }

    #[tokio::test]
    async fn half_a_change_and_a_foreign_one_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let number = known(&sqlite::SCHEMA);
        store.tamper("UPDATE _sqlx_migrations SET success = FALSE WHERE version = 17").await.unwrap();
        let half = Store::open(dir.path()).await.unwrap_err();
        assert!(matches!(half, StoreError::HalfChanged { number: 17, .. }), "{half}");
        assert!(half.to_string().contains("DELETE FROM _sqlx_migrations WHERE version = 17"), "{half}");
        store.tamper("UPDATE _sqlx_migrations SET success = TRUE, checksum = x'00' WHERE version = 17").await.unwrap();
        let foreign = Store::open(dir.path()).await.unwrap_err();
        assert!(matches!(foreign, StoreError::ForeignSchema { number: 17, .. }), "{number}: {foreign}");
    }

    /// Whoever writes a migration has to think of the version before.
    #[test]
    fn every_migration_says_who_can_go_on_and_both_engines_say_the_same() {
        let after = |schema: &Migrator| -> Vec<(i64, i64)> {
            let later = schema.iter().filter(|migration| migration.version > 17);
            later.map(|migration| (migration.version, needs(migration))).collect()
        };
        assert_eq!(after(&sqlite::SCHEMA), after(&postgres::SCHEMA));
        for schema in [&sqlite::SCHEMA, &postgres::SCHEMA] {
            for migration in schema.iter().filter(|migration| migration.version > 17) {
                let said = migration.sql.as_str().lines().any(|line| line.starts_with(NEEDS));
                assert!(said, "migration {} has no line `{NEEDS}N`; see migrations/README.md", migration.version);
                assert!(needs(migration) <= migration.version, "{}", migration.version);
            }
        }
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/README.md");
        assert!(fs::read_to_string(folder).unwrap().contains(NEEDS));
    }

    /// PostgreSQL refuses a prepared statement whose columns have become more.
    #[test]
    fn every_statement_names_the_columns_that_it_reads() {
        let entries =
            |folder: &Path| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
        let mut files = entries(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/store")));
        assert!(files.len() > 30);
        files.extend(files.clone().iter().filter(|path| path.is_dir()).flat_map(|folder| entries(folder)));
        for file in files.iter().filter(|path| path.is_file()) {
            let text = fs::read_to_string(file).unwrap();
            let all = ["SELECT * FROM ", "RETURNING *", ".* FROM"].map(|all| text.matches(all).count());
            // A list of values has the columns that it was given; this file names the words that it looks for.
            let excused = text.matches("SELECT * FROM (").count() + if file.ends_with("schema.rs") { 3 } else { 0 };
            assert_eq!(all.into_iter().sum::<usize>(), excused, "{}", file.display());
        }
    }
}
