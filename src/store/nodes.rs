//! The nodes that work on this database: who is there, and what each of them runs.
//!
//! In: what a node is, again every few seconds. Out: all that were there lately, and in what they differ. One that ends says
//! so; one that died is not there any more when it has said nothing for a minute.
//! Deliberately absent: work that is given to nodes (`claim`), and what people are told of it (`crate::app`).

use jiff::{SignedDuration, Timestamp};

use super::{Store, StoreError, micros, plain, schema, sql::Engine, time};

/// Who has said nothing for so long is not there.
const LIVE: SignedDuration = SignedDuration::from_secs(60);

/// Whoever was not there for so long is forgotten.
const KNOWN: SignedDuration = SignedDuration::from_hours(24);

/// A node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeRow {
    /// Its host name and the first address at which it takes mail.
    pub name: String,
    /// Which process of that name.
    pub process: String,
    /// Its version.
    pub version: String,
    /// A digest of its rules.
    pub rules: String,
    /// A digest of its partners.
    pub partners: String,
    /// A digest of its people and of those who decide.
    pub people: String,
    /// What is wrong with its certificates; nothing if all is well.
    pub certificate: Option<String>,
    /// Since when it runs.
    pub started_at: Timestamp,
    /// When it last said that it is there.
    pub seen_at: Timestamp,
}

/// In what live nodes differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// Their rules: one mail is judged in two ways.
    Rules,
    /// Their partners.
    Partners,
    /// Their people, or those who decide.
    People,
    /// Their versions, as during an upgrade.
    Versions,
    /// Two processes have one name.
    Names,
}

/// What of a node is compared.
type Part = fn(&NodeRow) -> &str;

impl NodeRow {
    /// In what `nodes` differ.
    pub fn differences(nodes: &[Self]) -> Vec<Difference> {
        let differ = |of: Part| nodes.windows(2).any(|pair| matches!(pair, [a, b] if of(a) != of(b)));
        let all: [(Difference, Part); 4] = [
            (Difference::Rules, |node| &node.rules),
            (Difference::Partners, |node| &node.partners),
            (Difference::People, |node| &node.people),
            (Difference::Versions, |node| &node.version),
        ];
        all.into_iter().filter(|(_, of)| differ(*of)).map(|(what, _)| what).collect()
    }
}

impl Store {
    /// The nodes that are there now, in the order of their names.
    pub async fn nodes(&self) -> Result<Vec<NodeRow>, StoreError> {
        let find = "SELECT name, process, version, rules, partners, people, certificate, started_at, seen_at FROM node \
                    WHERE seen_at >= $1 ORDER BY name";
        let since = self.now().saturating_sub(LIVE).unwrap_or(Timestamp::MIN);
        let raw: Vec<Raw> = sqlx::query_as(find).bind(micros(since)).fetch_all(self.readers()).await?;
        raw.into_iter().map(NodeRow::try_from).collect()
    }

    /// Notes that `node` is there now. Whether another process had its name meanwhile, and says so, too.
    pub async fn node_is_there(&self, node: &NodeRow) -> Result<bool, StoreError> {
        let now = self.now();
        let mut writing = self.write().await?;
        let before = sqlx::query_as("SELECT process, seen_at, started_at FROM node WHERE name = $1").bind(&node.name);
        let before: Option<(String, i64, i64)> = before.fetch_optional(&mut *writing.transaction).await?;
        let live = micros(now.saturating_sub(LIVE).unwrap_or(Timestamp::MIN));
        // One that was started after this one, or that came back after this one had taken its place.
        let namesake = before.is_some_and(|(process, seen, started)| {
            process != node.process && seen >= live && started >= micros(node.started_at)
        });
        let put = "INSERT INTO node (name, process, version, schema, rules, partners, people, certificate, started_at, seen_at) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (name) DO UPDATE SET process = excluded.process, \
                   version = excluded.version, schema = excluded.schema, rules = excluded.rules, partners = excluded.partners, \
                   people = excluded.people, certificate = excluded.certificate, started_at = excluded.started_at, \
                   seen_at = excluded.seen_at";
        sqlx::query(put)
            .bind(&node.name)
            .bind(&node.process)
            .bind(&node.version)
            .bind(self.known_schema())
            .bind(&node.rules)
            .bind(&node.partners)
            .bind(&node.people)
            .bind(node.certificate.as_deref().map(plain))
            .bind(micros(node.started_at))
            .bind(micros(now))
            .execute(&mut *writing.transaction)
            .await?;
        let known = now.saturating_sub(KNOWN).unwrap_or(Timestamp::MIN);
        let forget = sqlx::query("DELETE FROM node WHERE seen_at < $1").bind(micros(known));
        forget.execute(&mut *writing.transaction).await?;
        writing.commit().await?;
        Ok(namesake)
    }

    /// Notes that a node has ended.
    pub async fn node_is_gone(&self, name: &str, process: &str) -> Result<(), StoreError> {
        let mut writing = self.write().await?;
        let gone = sqlx::query("DELETE FROM node WHERE name = $1 AND process = $2").bind(name).bind(process);
        gone.execute(&mut *writing.transaction).await?;
        writing.commit().await
    }

    /// The number of the schema that this program knows.
    pub(super) fn known_schema(&self) -> i64 {
        schema::known(match self.inner.engine {
            Engine::Sqlite => &super::sqlite::SCHEMA,
            Engine::Postgres => &super::postgres::SCHEMA,
        })
    }
}

/// The nodes at a server that are there and know no schema as new as `needed`.
pub(super) async fn too_old(connection: &mut sqlx::AnyConnection, needed: i64) -> Result<Vec<String>, sqlx::Error> {
    let there: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = current_schema() AND tablename = 'node'",
    )
    .fetch_one(&mut *connection)
    .await?;
    if there == 0 {
        return Ok(Vec::new());
    }
    let live = i64::try_from(LIVE.as_micros()).unwrap_or(i64::MAX);
    let find = "SELECT name FROM node WHERE schema < $1 \
                AND seen_at >= CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT) - $2 ORDER BY name";
    sqlx::query_scalar(find).bind(needed).bind(live).fetch_all(connection).await
}

#[derive(sqlx::FromRow)]
struct Raw {
    name: String,
    process: String,
    version: String,
    rules: String,
    partners: String,
    people: String,
    certificate: Option<String>,
    started_at: i64,
    seen_at: i64,
}

impl TryFrom<Raw> for NodeRow {
    type Error = StoreError;

    fn try_from(raw: Raw) -> Result<Self, StoreError> {
        Ok(Self {
            name: raw.name,
            process: raw.process,
            version: raw.version,
            rules: raw.rules,
            partners: raw.partners,
            people: raw.people,
            certificate: raw.certificate,
            started_at: time(raw.started_at)?,
            seen_at: time(raw.seen_at)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str, process: &str, started_at: Timestamp) -> NodeRow {
        NodeRow {
            name: name.to_owned(),
            process: process.to_owned(),
            version: "1.0.0".to_owned(),
            rules: "r".to_owned(),
            partners: "p".to_owned(),
            people: "h".to_owned(),
            certificate: None,
            started_at,
            seen_at: started_at,
        }
    }

    #[tokio::test]
    async fn who_is_there_and_in_what_they_differ() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let now = store.now();
        let (one, two) = (node("a 10.0.0.1:25", "A", now), node("b 10.0.0.2:25", "B", now));
        assert!(!store.node_is_there(&one).await.unwrap() && !store.node_is_there(&two).await.unwrap());
        let names = async || store.nodes().await.unwrap().into_iter().map(|node| node.name).collect::<Vec<_>>();
        assert_eq!(names().await, ["a 10.0.0.1:25", "b 10.0.0.2:25"]);
        assert_eq!(NodeRow::differences(&store.nodes().await.unwrap()), []);
        let two = NodeRow { rules: "other".to_owned(), version: "1.1.0".to_owned(), ..two };
        assert!(!store.node_is_there(&two).await.unwrap());
        let different = NodeRow::differences(&store.nodes().await.unwrap());
        assert_eq!(different, [Difference::Rules, Difference::Versions]);
        store.node_is_gone("b 10.0.0.2:25", "another process").await.unwrap();
        assert_eq!(names().await.len(), 2);
        store.node_is_gone("b 10.0.0.2:25", "B").await.unwrap();
        assert_eq!(names().await, ["a 10.0.0.1:25"]);
        // One that died says nothing any more.
        store.tamper("UPDATE node SET seen_at = seen_at - 61000000").await.unwrap();
        assert!(names().await.is_empty());
    }

    #[tokio::test]
    async fn two_processes_of_one_name_notice_each_other_and_a_restart_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let now = store.now();
        let second = |seconds| now + SignedDuration::from_secs(seconds);
        let (first, again) = (node("a", "1", now), node("a", "2", second(5)));
        assert!(!store.node_is_there(&first).await.unwrap());
        assert!(!store.node_is_there(&again).await.unwrap(), "it was started anew");
        assert!(store.node_is_there(&first).await.unwrap(), "and is there all the same");
    }
}
