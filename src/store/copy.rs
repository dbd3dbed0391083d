//! Moving a whole store from a file to a server.
//!
//! In: a store in a file, which nobody uses meanwhile, and an empty one on a server with the same key. Out: every row there,
//! in the order of the tables' keys, some hundreds a transaction; begun again, it goes on behind the last one that is there.
//! Nothing is changed on the way: sealed bytes stay sealed, and the journal's chain is the same chain.
//! Deliberately absent: what the journal's rows are found by and counted as; the server makes that anew (`journal`).

use sqlx::{AssertSqlSafe, Row as _, any::AnyRow};

use super::{
    Store, StoreError,
    place::without_password,
    sql::{Engine, List, Statement},
};

/// How many rows are read and written at once, but for tables whose rows are whole mails.
const ROWS: i64 = 500;

/// The tables in an order in which each only names what is in those before.
pub(super) const TABLES: [&str; 22] = [
    "meta",
    "seal_key",
    "sealed",
    "mail",
    "held",
    "approval",
    "opinion",
    "seen",
    "reply_token",
    "outbox",
    "drill",
    "prepared",
    "remembered",
    "history",
    "lesson",
    "told",
    "journal_seal",
    "account",
    "session",
    "second_factor",
    "recovery_code",
    "api_token",
];

/// What in `meta` belongs to the store there, and not to what is copied.
const ITS_OWN: &str = "name NOT IN ('key_proof', 'probe', 'journal_indexed', 'journal_counted', 'copying', 'needs')";

/// What in `meta` says that a copy was begun there and is not whole.
pub(super) const COPYING: &str = "copying";

/// A table as the file has it.
struct Table {
    name: &'static str,
    columns: Vec<Column>,
    /// By which its rows are told apart.
    key: Vec<usize>,
}

struct Column {
    name: String,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Integer,
    Real,
    Bytes,
}

/// What is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// How many rows there are.
    pub rows: u64,
    /// How many of them were there before, from a copy that was broken off.
    pub before: u64,
}

impl Store {
    /// How many rows there are to copy.
    pub async fn rows(&self) -> Result<u64, StoreError> {
        let mut rows = 0;
        for table in TABLES.into_iter().chain(["journal"]) {
            rows += count(self, table).await?;
        }
        Ok(rows)
    }

    /// Copies all of this store to `other`, telling `progress` how many rows each step brought. `other` has to be empty, or
    /// hold what an earlier copy brought.
    ///
    /// # Errors
    /// It holds something else, or one of the two fails; what is there by then stays, and the copy can be begun again.
    pub async fn copy_to(&self, other: &Self, progress: impl Fn(u64)) -> Result<Copied, StoreError> {
        other.begin_copy().await?;
        let mut copied = Copied { rows: 0, before: 0 };
        for name in TABLES.into_iter().chain(["journal"]) {
            let table = self.table(name).await?;
            if name == "journal" {
                self.make_months_at(other).await?;
            }
            let (here, there) = (count(self, name).await?, count(other, name).await?);
            progress(there);
            copied.before += there;
            copied.rows += here;
            let mut last = if there == 0 { None } else { other.last(&table).await? };
            loop {
                let rows = self.rows_after(&table, last.as_ref()).await?;
                let Some(end) = rows.last() else { break };
                other.put_rows(&table, &rows).await?;
                progress(rows.len() as u64);
                last = Some(Values::of(&table, end)?);
            }
            let arrived = count(other, name).await?;
            if arrived != here {
                return Err(other.no_copy(&format!("the table {name} has {arrived} rows there and {here} here")));
            }
        }
        // Rows that come later are numbered behind those that came along.
        let next =
            "SELECT setval(pg_get_serial_sequence('told', 'id'), (SELECT coalesce(max(id), 0) + 1 FROM told), false)";
        sqlx::query(next).execute(other.inner.writers.pool()).await?;
        let whole = sqlx::query("DELETE FROM meta WHERE name = $1").bind(COPYING);
        whole.execute(other.inner.writers.pool()).await?;
        Ok(copied)
    }

    /// Makes a table there for every month of which this journal has a record.
    async fn make_months_at(&self, other: &Self) -> Result<(), StoreError> {
        let ends: (Option<i64>, Option<i64>) =
            sqlx::query_as("SELECT min(at), max(at) FROM journal").fetch_one(self.readers()).await?;
        match ends {
            (Some(first), Some(last)) => other.make_journal_months_between(first, last).await,
            _ => Ok(()),
        }
    }

    /// Notes that a copy is begun here, which is empty, or was begun before.
    async fn begin_copy(&self) -> Result<(), StoreError> {
        let begun = sqlx::query_scalar("SELECT value FROM meta WHERE name = $1").bind(COPYING);
        let begun: Option<Vec<u8>> = begun.fetch_optional(self.readers()).await?;
        if begun.is_none() && self.rows().await? > 0 {
            return Err(self.no_copy("there is something in it already; name an empty database"));
        }
        let mut writing = self.write().await?;
        writing.set_meta(COPYING, &[]).await?;
        writing.commit().await
    }

    fn no_copy(&self, cause: &str) -> StoreError {
        let place = self.inner.server.as_deref().map_or_else(String::new, without_password);
        StoreError::NoCopy { place, cause: cause.to_owned() }
    }

    async fn table(&self, name: &'static str) -> Result<Table, StoreError> {
        let asked = "SELECT name, type, pk FROM pragma_table_info($1) ORDER BY cid";
        let found: Vec<(String, String, i64)> = sqlx::query_as(asked).bind(name).fetch_all(self.readers()).await?;
        let mut key: Vec<(i64, usize)> = Vec::new();
        let mut columns = Vec::new();
        for (at, (column, kind, place)) in found.into_iter().enumerate() {
            if place > 0 {
                key.push((place, at));
            }
            let kind = match kind.as_str() {
                "TEXT" => Kind::Text,
                "INTEGER" => Kind::Integer,
                "REAL" => Kind::Real,
                "BLOB" => Kind::Bytes,
                other => return Err(StoreError::Row(format!("a column of {name} is {other}"))),
            };
            columns.push(Column { name: column, kind });
        }
        if key.is_empty() {
            // These two are told apart by their first two columns, which are unique.
            key = vec![(1, 0), (2, 1)];
        }
        key.sort_unstable();
        Ok(Table { name, columns, key: key.into_iter().map(|(_, at)| at).collect() })
    }

    async fn rows_after(&self, table: &Table, last: Option<&Values>) -> Result<Vec<AnyRow>, StoreError> {
        let mut find = Statement::new(self.inner.engine, &format!("SELECT {} FROM {}", table.list(), table.name));
        find.push(" WHERE ").push(condition(table.name));
        if let Some(last) = last {
            find.push(&format!(" AND ({}) > (", table.key_list()));
            last.push(&mut find.list(), &table.key);
            find.push(")");
        }
        find.push(&format!(" ORDER BY {} LIMIT ", table.key_list())).push_bind(table.at_once());
        Ok(find.build().fetch_all(self.readers()).await?)
    }

    /// The key of the last row that is there.
    async fn last(&self, table: &Table) -> Result<Option<Values>, StoreError> {
        let order: Vec<String> =
            table.key.iter().filter_map(|at| Some(format!("{} DESC", table.columns.get(*at)?.name))).collect();
        let find = format!(
            "SELECT {} FROM {} WHERE {} ORDER BY {} LIMIT 1",
            table.list(),
            table.name,
            condition(table.name),
            order.join(", ")
        );
        let row = sqlx::query(AssertSqlSafe(find)).fetch_optional(self.readers()).await?;
        row.map(|row| Values::of(table, &row)).transpose()
    }

    async fn put_rows(&self, table: &Table, rows: &[AnyRow]) -> Result<(), StoreError> {
        let rows: Result<Vec<Values>, StoreError> = rows.iter().map(|row| Values::of(table, row)).collect();
        let all: Vec<usize> = (0..table.columns.len()).collect();
        let mut put = Statement::new(self.inner.engine, &format!("INSERT INTO {} ({}) ", table.name, table.list()));
        put.push_values(&rows?, |list, row| row.push(list, &all));
        let mut writing = self.write().await?;
        // The schema lets a held mail begin as pending only; these began elsewhere.
        let begins_anew = table.name == "held" && self.inner.engine == Engine::Postgres;
        if begins_anew {
            sqlx::query("ALTER TABLE held DISABLE TRIGGER USER").execute(&mut *writing.transaction).await?;
        }
        put.build().persistent(false).execute(&mut *writing.transaction).await?;
        if begins_anew {
            sqlx::query("ALTER TABLE held ENABLE TRIGGER USER").execute(&mut *writing.transaction).await?;
        }
        writing.commit().await
    }
}

impl Table {
    fn list(&self) -> String {
        self.columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    fn key_list(&self) -> String {
        let names = self.key.iter().filter_map(|at| Some(self.columns.get(*at)?.name.as_str()));
        names.collect::<Vec<_>>().join(", ")
    }

    /// A whole mail is up to 50 MiB and more.
    fn at_once(&self) -> i64 {
        if self.name == "sealed" { 1 } else { ROWS }
    }
}

/// The values of a row.
struct Values(Vec<Value>);

enum Value {
    Text(Option<String>),
    Integer(Option<i64>),
    Real(Option<f64>),
    Bytes(Option<Vec<u8>>),
}

impl Values {
    fn of(table: &Table, row: &AnyRow) -> Result<Self, StoreError> {
        let value = |(at, column): (usize, &Column)| {
            Ok(match column.kind {
                Kind::Text => Value::Text(row.try_get::<Option<String>, _>(at)?.map(|text| super::plain(&text))),
                Kind::Integer => Value::Integer(row.try_get(at)?),
                Kind::Real => Value::Real(row.try_get(at)?),
                Kind::Bytes => Value::Bytes(row.try_get(at)?),
            })
        };
        table.columns.iter().enumerate().map(value).collect::<Result<_, sqlx::Error>>().map(Self).map_err(Into::into)
    }

    /// Adds those of some columns.
    fn push(&self, list: &mut List<'_>, columns: &[usize]) {
        for value in columns.iter().filter_map(|at| self.0.get(*at)) {
            match value {
                Value::Text(text) => list.push_bind(text.clone()),
                Value::Integer(number) => list.push_bind(*number),
                Value::Real(number) => list.push_bind(*number),
                Value::Bytes(bytes) => list.push_bind(bytes.clone()),
            };
        }
    }
}

/// Which rows of a table are copied.
fn condition(table: &str) -> &'static str {
    if table == "meta" { ITS_OWN } else { "TRUE" }
}

async fn count(store: &Store, table: &'static str) -> Result<u64, StoreError> {
    let count = format!("SELECT count(*) FROM {table} WHERE {}", condition(table));
    let count: i64 = sqlx::query_scalar(AssertSqlSafe(count)).fetch_one(store.readers()).await?;
    Ok(u64::try_from(count).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        directory::People,
        hold::{
            Arrival,
            fixture::{OUTSIDE, arrival, group, hold_over, minutes, noon, settings},
        },
        policy::Action,
        store::Place,
    };

    /// From a file to a server: needs one.
    #[tokio::test]
    async fn a_copy_is_the_same_store_and_goes_on_where_it_was_broken_off() {
        let Ok(_server) = std::env::var("SEKISHO_TEST_POSTGRES") else { return };
        let (dir, away) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        // The tests' stores are on the server; this one is to be a file.
        let file = Place { directory: dir.path().to_owned(), server: None, mirror: None, key_command: None };
        let source = Box::pin(Store::open_at(file)).await.unwrap();
        // The same mail days later is another one.
        let take = async |store: &Store, day: u64| {
            let mail = arrival(vec![group(Action::RequireApproval, &[OUTSIDE])]);
            let mail = Arrival { at: noon() + minutes(day * 24 * 60), ..mail };
            hold_over(store.clone(), settings(), People::default()).take(mail).await.unwrap();
        };
        for day in [0, 2, 4] {
            take(&source, day).await;
        }
        std::fs::copy(dir.path().join("seal.key"), away.path().join("seal.key")).unwrap();
        let target = Store::open(away.path()).await.unwrap();
        let copied = source.copy_to(&target, |_| {}).await.unwrap();
        assert_eq!((copied.rows, copied.before), (source.rows().await.unwrap(), 0));
        let all = crate::store::Listing { limit: 9, ..Default::default() };
        let held = source.list_held(&all).await.unwrap();
        assert_eq!(held, target.list_held(&all).await.unwrap());
        let last = source.journal_last().await.unwrap();
        assert_eq!(source.journal_after(0, 99).await.unwrap(), target.journal_after(0, 99).await.unwrap());
        let mail = held[0].mail_id.0.clone();
        assert_eq!(source.unseal(&mail).await.unwrap(), target.unseal(&mail).await.unwrap());
        // Broken off, and begun again.
        target.tamper("DELETE FROM journal WHERE seq > 1").await.unwrap();
        let refused = source.copy_to(&target, |_| {}).await.unwrap_err();
        assert!(refused.to_string().contains("name an empty database"), "it was whole: {refused}");
        target.tamper("INSERT INTO meta VALUES ('copying', x'00')").await.unwrap();
        let again = source.copy_to(&target, |_| {}).await.unwrap();
        assert_eq!(again.before, copied.rows - u64::try_from(last - 1).unwrap());
        assert_eq!(source.journal_after(0, 99).await.unwrap(), target.journal_after(0, 99).await.unwrap());
        // What people are told next is numbered behind what came along.
        take(&target, 6).await;
        assert!(source.copy_to(&target, |_| {}).await.is_err(), "it has more than this one by now");
    }
}
