//! Where the tests keep their stores: in files, or on a PostgreSQL server if `SEKISHO_TEST_POSTGRES` is the address of a
//! database there. Each directory has a schema of its own, so that no test knows which, but for those about files.

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::{Place, Store, StoreError, sql::Engine};

/// What tests say to the database behind the program's back, in words of SQLite.
const WORDS: &str = "
    CREATE FUNCTION zeroblob(length bigint) RETURNS bytea LANGUAGE sql
        RETURN decode(repeat('00', CAST(length AS int)), 'hex');
    CREATE FUNCTION unixepoch() RETURNS bigint LANGUAGE sql RETURN CAST(extract(epoch FROM now()) AS bigint);
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION '%', TG_ARGV[0]; END $$;";

/// The place of the tests' store at `place`.
pub(super) async fn place(place: Place) -> Place {
    let (None, Ok(server)) = (&place.server, std::env::var("SEKISHO_TEST_POSTGRES")) else { return place };
    let name = data_encoding::HEXLOWER.encode(place.directory.as_os_str().as_encoded_bytes());
    let schema = format!("t{}", name.get(name.len().saturating_sub(60)..).unwrap_or(&name));
    let server = format!("{server}{}options=-c%20search_path%3D{schema}", if server.contains('?') { '&' } else { '?' });
    let mut connection = PgConnection::connect(&server).await.unwrap();
    let make = format!("CREATE SCHEMA {schema}; {WORDS}");
    let _made_before = sqlx::raw_sql(AssertSqlSafe(make)).execute(&mut connection).await;
    connection.close().await.unwrap();
    Place { server: Some(server), ..place }
}

impl Store {
    /// Whether the database is a file, at which a test may look.
    pub(crate) fn is_a_file(&self) -> bool {
        self.inner.engine == Engine::Sqlite
    }

    /// The same store as a node elsewhere has it: another directory, the same key, the same database on the server.
    pub(crate) async fn as_another_node(&self) -> (Self, tempfile::TempDir) {
        let dir = tempfile::tempdir().unwrap();
        let key = super::open::KEY;
        std::fs::copy(self.inner.directory.join(key), dir.path().join(key)).unwrap();
        let place = Place {
            directory: dir.path().to_owned(),
            server: self.inner.server.clone(),
            mirror: None,
            key_command: None,
        };
        (Self::open(&place).await.unwrap(), dir)
    }

    /// Leaves the writer's connection in a state that sqlx knows nothing of.
    pub(crate) async fn leave_a_transaction_open(&self) {
        sqlx::query("BEGIN").execute(self.inner.writers.pool()).await.unwrap();
    }

    /// Changes the database behind everybody's back, as an intruder would.
    pub(crate) async fn tamper(&self, sql: &str) -> Result<(), StoreError> {
        let sql = AssertSqlSafe(self.in_its_words(sql));
        sqlx::raw_sql(sql).execute(self.inner.writers.pool()).await?;
        Ok(())
    }

    /// Reads and does not end, as who makes a backup.
    pub(crate) async fn read_on(&self, sql: &'static str) -> sqlx::Transaction<'static, sqlx::Any> {
        let mut reading = self.inner.readers.begin().await.unwrap();
        sqlx::raw_sql(sql).execute(&mut *reading).await.unwrap();
        reading
    }

    /// `sql` as this engine says it.
    pub(super) fn in_its_words(&self, sql: &str) -> String {
        if self.is_a_file() {
            return sql.to_owned();
        }
        let refusal = regex::Regex::new(r"BEGIN SELECT RAISE\(ABORT, ('[^']*')\); END").unwrap();
        let sql = refusal.replace_all(sql, "FOR EACH ROW EXECUTE FUNCTION refuse($1)");
        let bytes = regex::Regex::new(r"x'([0-9a-f]*)'").unwrap();
        let sql = bytes.replace_all(&sql, r"CAST('\x$1' AS bytea)");
        let bytes = regex::Regex::new(r"CAST\(('[^']*') AS BLOB\)").unwrap();
        let sql = bytes.replace_all(&sql, "CAST($1 AS bytea)");
        let trigger = regex::Regex::new(r"DROP TRIGGER (\w+)").unwrap();
        let dropped = "DO $$$$ BEGIN EXECUTE (SELECT format('DROP TRIGGER %I ON %s', tgname, tgrelid::regclass) FROM pg_trigger \
                       JOIN pg_class ON pg_class.oid = tgrelid WHERE tgname = '$1' AND tgparentid = 0 \
                       AND relnamespace = current_schema()::regnamespace); END $$$$";
        trigger.replace_all(&sql, dropped).into_owned()
    }
}
