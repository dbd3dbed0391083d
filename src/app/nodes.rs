//! What this node tells the others of itself, and what there is to say of all of them.
//!
//! In: what is loaded, and the nodes in the store. Out: a row that is renewed every few seconds, the time by the database, the
//! condition in the health report, and the nodes for the console's page of it. Deliberately absent: mending; the same files
//! are for whoever distributes them.

use std::{
    collections::BTreeSet,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use tokio_util::sync::CancellationToken;

use crate::{
    config::{Config, Loaded},
    language::Text,
    smtp::server::Keyring,
    store::{Difference, NodeRow, Store},
    telemetry::health::{Condition, Health, Node},
};

/// How often it says that it is there.
const EVERY: Duration = Duration::from_secs(10);

/// How long it takes at most to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

/// What this node is.
#[derive(Debug)]
pub(super) struct Badge(RwLock<NodeRow>);

impl Badge {
    pub(super) fn new(loaded: &Loaded, store: &Store) -> Self {
        let (now, marks) = (store.now(), loaded.marks.clone());
        Self(RwLock::new(NodeRow {
            name: name(&loaded.config),
            process: ulid::Ulid::generate().to_string(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            rules: marks.rules,
            partners: marks.partners,
            people: marks.people,
            certificate: None,
            started_at: now,
            seen_at: now,
        }))
    }

    /// What is loaded now.
    pub(super) fn renew(&self, loaded: &Loaded) {
        let (mut row, marks) = (self.0.write().unwrap_or_else(PoisonError::into_inner), loaded.marks.clone());
        (row.rules, row.partners, row.people) = (marks.rules, marks.partners, marks.people);
    }

    fn row(&self) -> NodeRow {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Says that it is there, and what there is to say of all, until `stop`; then that it is gone.
    pub(super) async fn watch(
        &self,
        store: &Store,
        health: &Health,
        keyrings: &[Arc<Keyring>],
        stop: CancellationToken,
    ) {
        loop {
            let certificate = keyrings.iter().find_map(|keys| keys.complaint());
            let row = NodeRow { certificate, ..self.row() };
            match look(store, &row).await {
                Ok(seen) => seen.tell(health),
                // How the store is, is another condition.
                Err(error) => tracing::warn!(%error, "other nodes cannot be looked for"),
            }
            if stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_none() {
                break;
            }
        }
        let row = self.row();
        if let Ok(Err(error)) = tokio::time::timeout(GOODBYE, store.node_is_gone(&row.name, &row.process)).await {
            tracing::warn!(%error, "the other nodes are not told that this one ends");
        }
    }
}

/// Host name and address, which no two nodes share.
fn name(config: &Config) -> String {
    let listen = config.smtp.listen.iter().chain(&config.smtp.listen_tls).next();
    listen.map_or_else(|| config.hostname.clone(), |listen| format!("{} {listen}", config.hostname))
}

/// What was seen at one time.
struct Seen {
    nodes: Vec<NodeRow>,
    namesake: bool,
    /// What is wrong with the clock, or with the read replica.
    fault: Option<String>,
}

async fn look(store: &Store, row: &NodeRow) -> Result<Seen, crate::store::StoreError> {
    let fault = store.set_clock().await?.or(store.mirror_fault().await);
    let namesake = store.node_is_there(row).await?;
    Ok(Seen { nodes: store.nodes().await?, namesake, fault })
}

impl Seen {
    fn tell(self, health: &Health) {
        let mut differences = NodeRow::differences(&self.nodes);
        differences.extend(self.namesake.then_some(Difference::Names));
        let words = words(&self.nodes, &differences);
        let (well, words) = match self.fault {
            None => (is_well(&differences), words),
            Some(fault) => {
                let ja = format!("{}時計または読み取り用の複製に問題があります（{fault}）。", words.ja);
                (false, Text { ja, en: format!("{}; {fault}", words.en) })
            }
        };
        if well {
            health.well(Condition::Nodes, words)
        } else {
            health.unwell(Condition::Nodes, words)
        }
        health.set_nodes(self.nodes.into_iter().map(line).collect());
    }
}

/// Nodes of two versions are what an upgrade looks like; all else that differs is to be mended.
pub fn is_well(differences: &[Difference]) -> bool {
    differences.iter().all(|difference| *difference == Difference::Versions)
}

/// What there is to say of `nodes`, without their names.
pub fn words(nodes: &[NodeRow], differences: &[Difference]) -> Text {
    let count = nodes.len();
    let mut text = match count {
        0 | 1 => Text { ja: "このノードだけです。".to_owned(), en: "this one alone".to_owned() },
        _ => Text {
            ja: format!("{count} 台が動いています。"), en: format!("{count} nodes work on this database")
        },
    };
    let differ: Vec<(&str, &str)> = differences.iter().filter_map(|difference| kind(*difference)).collect();
    if !differ.is_empty() {
        let (ja, en): (Vec<&str>, Vec<&str>) = differ.into_iter().unzip();
        text.ja.push_str(&format!(
            "ノードによって{}が異なります。同じファイルを配布し、各ノードに SIGHUP を送ってください。",
            ja.join("・")
        ));
        text.en.push_str(&format!(
            "; they do not have the same {}: put the same files on each, and send each SIGHUP",
            en.join(" and ")
        ));
    }
    if differences.contains(&Difference::Versions) {
        let versions: BTreeSet<&str> = nodes.iter().map(|node| node.version.as_str()).collect();
        let versions = versions.into_iter().collect::<Vec<_>>().join(", ");
        text.ja.push_str(&format!("バージョンが異なります（{versions}）。更新の途中なら正常です。"));
        text.en.push_str(&format!("; they run versions {versions}, as they do during an upgrade"));
    }
    if differences.contains(&Difference::Names) {
        text.ja.push_str("同じ名前のノードがもう一台あります。hostname か listen をそれぞれ別にしてください。");
        text.en.push_str("; another one has this one's name: give each a hostname or an address of its own");
    }
    text
}

/// What nodes have that has to be the same.
fn kind(difference: Difference) -> Option<(&'static str, &'static str)> {
    match difference {
        Difference::Rules => Some(("規則", "rules")),
        Difference::Partners => Some(("取引先", "partners")),
        Difference::People => Some(("人と承認者", "people")),
        Difference::Versions | Difference::Names => None,
    }
}

fn line(node: NodeRow) -> Node {
    Node {
        name: node.name,
        version: node.version,
        started_at: node.started_at,
        rules: node.rules,
        partners: node.partners,
        people: node.people,
        certificate: node.certificate,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::language::Language;

    fn node(name: &str, rules: &str, version: &str) -> NodeRow {
        NodeRow {
            name: name.to_owned(),
            process: name.to_owned(),
            version: version.to_owned(),
            rules: rules.to_owned(),
            partners: "p".to_owned(),
            people: "h".to_owned(),
            certificate: None,
            started_at: Timestamp::UNIX_EPOCH,
            seen_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn told(nodes: Vec<NodeRow>, namesake: bool, fault: Option<&str>) -> (bool, String) {
        let health = Health::default();
        Seen { nodes, namesake, fault: fault.map(str::to_owned) }.tell(&health);
        let report = health.report(Language::En);
        let line = report.conditions.into_iter().find(|line| line.name == "nodes").unwrap();
        (line.ok, line.words)
    }

    #[test]
    fn other_rules_are_not_well_and_another_version_is_an_upgrade() {
        let same = told(vec![node("a", "r", "1"), node("b", "r", "1")], false, None);
        assert_eq!(same, (true, "2 nodes work on this database".to_owned()));
        let (well, words) = told(vec![node("a", "r", "1"), node("b", "r", "2")], false, None);
        assert!(well && words.contains("versions 1, 2, as they do during an upgrade"), "{words}");
        let (well, words) = told(vec![node("a", "r", "1"), node("b", "s", "2")], false, None);
        assert!(!well && words.contains("the same rules:") && words.contains("SIGHUP"), "{words}");
        assert!(!words.contains("partners") && words.contains("versions 1, 2"), "{words}");
        let (well, words) = told(vec![node("a", "r", "1")], true, None);
        assert!(!well && words.contains("hostname"), "{words}");
        let (well, words) = told(vec![node("a", "r", "1")], false, Some("the clock is 9 s ahead"));
        assert!(!well && words.contains("9 s ahead"), "{words}");
    }
}
