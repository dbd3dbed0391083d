//! Whether a server's database will do, before anything is written to it.
//!
//! In: a connection to it. Out: nothing, or what is wrong and what its administrator does about it, in words. What is looked at:
//! the version, whether it is written to at all (a standby is not), the encoding, the schema and the right to make tables in
//! it, and the tables that are there: whose they are, and what may be done with them.
//! Deliberately absent: what is in the tables (`schema`).

use sqlx::{Connection, PgConnection};

use super::{StoreError, copy::TABLES, place::without_password, postgres::unreachable};

/// The oldest server whose language the schema is written in.
const OLDEST: i64 = 140_000;

/// Looks at the database at `url` and changes nothing.
///
/// # Errors
/// It cannot be reached, or will not do, and why.
pub async fn look_at_server(url: &str) -> Result<(), StoreError> {
    let mut connection = PgConnection::connect(url).await.map_err(|error| unreachable(url, &error))?;
    look_at(&mut connection, url).await?;
    connection.close().await.map_err(|error| unreachable(url, &error))
}

/// The same over a connection that is there.
pub(super) async fn look_at(connection: &mut PgConnection, url: &str) -> Result<(), StoreError> {
    let failed = |error: sqlx::Error| unreachable(url, &error);
    let version = "SELECT CAST(current_setting('server_version_num') AS BIGINT)";
    let version: i64 = sqlx::query_scalar(version).fetch_one(&mut *connection).await.map_err(failed)?;
    if let Some(oldest) = too_old(version) {
        return Err(StoreError::OldServer { place: without_password(url), found: version / 10_000, oldest });
    }
    let asked = "SELECT pg_is_in_recovery(), current_setting('transaction_read_only') = 'on', \
                 CAST(pg_encoding_to_char(encoding) AS TEXT), CAST(current_user AS TEXT), \
                 CAST(current_schema() AS TEXT), coalesce(has_schema_privilege(current_schema(), 'CREATE'), FALSE) \
                 FROM pg_database WHERE datname = current_database()";
    let found: Found = sqlx::query_as(asked).fetch_one(&mut *connection).await.map_err(failed)?;
    let cause = match found.fault() {
        Some(fault) => Some(fault),
        None => tables_fault(connection, found.4.as_deref()).await.map_err(failed)?,
    };
    cause.map_or(Ok(()), |cause| Err(StoreError::Unfit { place: without_password(url), cause }))
}

/// The oldest version that will do, if this one is older.
fn too_old(version: i64) -> Option<i64> {
    (version < OLDEST).then_some(OLDEST / 10_000)
}

/// Whether it is a standby, can only be read, its encoding, who we are, in which schema, and whether we may make tables there.
#[derive(sqlx::FromRow)]
struct Found(bool, bool, String, String, Option<String>, bool);

impl Found {
    fn fault(&self) -> Option<String> {
        let Self(standby, read_only, encoding, user, schema, may_create) = self;
        if *standby {
            return Some(
                "it is a standby, which can only be read; name the primary in [store] url (a standby is for read_url)"
                    .to_owned(),
            );
        }
        if *read_only {
            return Some(format!(
                "nothing can be written there; ALTER ROLE {user} RESET default_transaction_read_only, or name another database"
            ));
        }
        if encoding != "UTF8" {
            return Some(format!(
                "its encoding is {encoding}, and mail is in every script; make one with createdb -E UTF8 -T template0"
            ));
        }
        let Some(schema) = schema else {
            return Some(format!(
                "there is no schema that {user} may use; as its administrator: CREATE SCHEMA {user} AUTHORIZATION {user}, or GRANT USAGE, \
                 CREATE ON SCHEMA … TO {user}"
            ));
        };
        (!may_create).then(|| {
            format!(
                "{user} may not make tables in the schema {schema}; as its administrator: GRANT CREATE ON SCHEMA {schema} TO {user}, or \
                 CREATE SCHEMA {user} AUTHORIZATION {user}"
            )
        })
    }
}

/// What is wrong with the tables that are there: the schema grows with each version and the journal with each month, so they
/// must be our own.
async fn tables_fault(connection: &mut PgConnection, schema: Option<&str>) -> Result<Option<String>, sqlx::Error> {
    // Others may have tables in the same schema.
    let beside = ["_sqlx_migrations", "turn", "node", "journal", "journal_term", "journal_block", "journal_count"];
    let ours: Vec<&str> = TABLES.into_iter().chain(beside).collect();
    let asked = "SELECT CAST(string_agg(relname, ', ' ORDER BY relname) AS TEXT), \
                 bool_and(pg_has_role(relowner, 'USAGE')), CAST(current_user AS TEXT) \
                 FROM pg_class WHERE relnamespace = CAST(current_schema() AS regnamespace) AND relkind IN ('r', 'p') \
                 AND (CAST(relname AS TEXT) = ANY($1) OR CAST(relname AS TEXT) ~ '^journal_(rest|[0-9]{4}_[0-9]{2})$') \
                 AND NOT (pg_has_role(relowner, 'USAGE') AND has_table_privilege(pg_class.oid, 'SELECT') \
                 AND has_table_privilege(pg_class.oid, 'INSERT') AND has_table_privilege(pg_class.oid, 'UPDATE') \
                 AND has_table_privilege(pg_class.oid, 'DELETE'))";
    let found: (Option<String>, Option<bool>, String) = sqlx::query_as(asked).bind(ours).fetch_one(connection).await?;
    let (Some(tables), owns, user) = found else { return Ok(None) };
    let schema = schema.unwrap_or_default();
    let what = if owns == Some(true) {
        format!(
            "{user} may not read and write {tables}; as its administrator: GRANT ALL ON ALL TABLES IN SCHEMA {schema} TO {user}"
        )
    } else {
        format!(
            "{tables} belong to somebody else; as its administrator: ALTER TABLE … OWNER TO {user} for each of them"
        )
    };
    Ok(Some(what))
}

#[cfg(test)]
mod tests {
    use sqlx::AssertSqlSafe;

    use super::*;
    use crate::store::{Place, Store};

    #[test]
    fn versions_before_14_are_too_old() {
        assert_eq!((too_old(130_018), too_old(140_000), too_old(180_001)), (Some(14), None, None));
    }

    fn found(standby: bool, read_only: bool, encoding: &str, schema: Option<&str>, may_create: bool) -> Option<String> {
        Found(standby, read_only, encoding.to_owned(), "sekisho".to_owned(), schema.map(str::to_owned), may_create)
            .fault()
    }

    #[test]
    fn what_will_not_do_is_said_with_what_helps() {
        assert_eq!(found(false, false, "UTF8", Some("public"), true), None);
        for (fault, word) in [
            (found(true, true, "UTF8", Some("public"), false), "read_url"),
            (found(false, true, "UTF8", Some("public"), true), "default_transaction_read_only"),
            (found(false, false, "SQL_ASCII", Some("public"), true), "-E UTF8"),
            (found(false, false, "UTF8", None, false), "CREATE SCHEMA"),
            (found(false, false, "UTF8", Some("public"), false), "GRANT CREATE ON SCHEMA public TO sekisho"),
        ] {
            let fault = fault.unwrap();
            assert!(fault.contains(word), "{fault}");
        }
    }

    /// As somebody who may do less and less.
    #[tokio::test]
    async fn a_user_without_rights_is_told_which_are_missing() {
        let Ok(server) = std::env::var("SEKISHO_TEST_POSTGRES") else { return };
        let mut administrator = PgConnection::connect(&server).await.unwrap();
        let name = format!("weak_{}", ulid::Ulid::generate().to_string().to_lowercase());
        let mut say = async |sql: String| sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut administrator).await.unwrap();
        say(format!("CREATE ROLE {name} LOGIN; CREATE SCHEMA {name}")).await;
        let url = server.replacen("postgres@", &format!("{name}@"), 1);
        let url = format!("{url}&options=-c%20search_path%3D{name}");
        let dir = tempfile::tempdir().unwrap();
        let open = async || {
            let place = Place::on_server(dir.path(), &url).unwrap();
            Box::pin(Store::open_at(place)).await.map(drop).map_err(|error| error.to_string())
        };
        let no_schema = open().await.unwrap_err();
        assert!(no_schema.contains("no schema") && no_schema.contains("GRANT USAGE"), "{no_schema}");
        say(format!("GRANT USAGE ON SCHEMA {name} TO {name}")).await;
        let no_create = open().await.unwrap_err();
        assert!(no_create.contains(&format!("GRANT CREATE ON SCHEMA {name} TO {name}")), "{no_create}");
        say(format!(
            "ALTER ROLE {name} SET default_transaction_read_only = on; GRANT CREATE ON SCHEMA {name} TO {name}"
        ))
        .await;
        let read_only = open().await.unwrap_err();
        assert!(read_only.contains("RESET default_transaction_read_only"), "{read_only}");
        say(format!("ALTER ROLE {name} RESET default_transaction_read_only")).await;
        open().await.unwrap();
        say(format!("REVOKE INSERT ON {name}.held, {name}.outbox FROM {name}")).await;
        let no_insert = open().await.unwrap_err();
        assert!(no_insert.contains("may not read and write held, outbox"), "{no_insert}");
        say(format!("ALTER TABLE {name}.held OWNER TO postgres")).await;
        let foreign = open().await.unwrap_err();
        assert!(foreign.contains("held") && foreign.contains("belong to somebody else"), "{foreign}");
        // Nothing was half done meanwhile.
        say(format!("ALTER TABLE {name}.held OWNER TO {name}; GRANT INSERT ON {name}.held, {name}.outbox TO {name}"))
            .await;
        open().await.unwrap();
        // Another application's tables are none of ours, whatever they are called; the journal's months are.
        say(format!(
            "CREATE TABLE {name}.journals (n int); CREATE TABLE {name}.journal_entries (n int); \
             CREATE TABLE {name}.journal_2026_1 (n int)"
        ))
        .await;
        open().await.unwrap();
        say(format!("CREATE TABLE {name}.journal_1999_11 (n int)")).await;
        let foreign_month = open().await.unwrap_err();
        assert!(foreign_month.contains("journal_1999_11 belong"), "{foreign_month}");
        say(format!("DROP SCHEMA {name} CASCADE; DROP OWNED BY {name}; DROP ROLE {name}")).await;
    }

    /// A right that is taken away while the server runs, and a disk that is full: nothing is promised, and both are named.
    #[tokio::test]
    async fn a_lost_right_and_a_full_disk_are_named_and_nothing_is_promised() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        if store.is_a_file() {
            return;
        }
        let raise = "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS \
                     $$ BEGIN RAISE EXCEPTION USING ERRCODE = TG_ARGV[0], MESSAGE = 'so it is'; END $$; \
                     CREATE TRIGGER raise BEFORE INSERT OR UPDATE ON meta FOR EACH ROW EXECUTE FUNCTION full_disk(";
        store.tamper(&format!("{raise}'53100')")).await.unwrap();
        assert!(matches!(store.probe().await, Err(StoreError::Full)));
        store.tamper(&format!("DROP TRIGGER raise; DROP FUNCTION full_disk; {raise}'42501')")).await.unwrap();
        let right = store.probe().await.unwrap_err();
        assert!(matches!(right, StoreError::NoRight(_)) && right.to_string().contains("GRANT"), "{right}");
        store.tamper("DROP TRIGGER raise").await.unwrap();
        store.probe().await.unwrap();
    }
}
