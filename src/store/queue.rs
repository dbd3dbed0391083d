//! Held mails as people leaf through them: a part of them, some at a time, with words to look for.
//!
//! In: a [`Leafing`]. Out: rows in order, as many as asked for, behind the last one that was seen. Whoever asks still has
//! to tell what a person may see; `of` only leaves out what surely is not theirs.
//! Deliberately absent: counting. A count of ten thousand is no use to somebody who opens one.

use jiff::Timestamp;

use super::{
    HeldRow, State, Store, StoreError,
    held::Raw,
    micros, plain,
    sql::{Engine, Statement},
    to_json,
};
use crate::mail::MailId;

/// Which held mails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shelf {
    /// Those that wait.
    Waiting,
    /// All others.
    Ended,
    /// All of them.
    All,
}

/// In which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The earliest deadline first.
    Deadline,
    /// The newest first.
    Arrival,
    /// With the data of the most people first.
    Persons,
    /// What changed last first.
    Change,
}

/// What is looked for.
#[derive(Debug, Clone)]
pub struct Leafing<'a> {
    /// Among which.
    pub shelf: Shelf,
    /// In which order.
    pub order: Order,
    /// Only those that somebody with one of these addresses (in canonical form) sent or was asked about.
    pub of: Option<&'a [String]>,
    /// Of those only what they sent.
    pub sent: bool,
    /// Only those in this state.
    pub state: Option<State>,
    /// Only those for which this was decided.
    pub action: Option<&'a str>,
    /// Only those with the data of so many people or more.
    pub persons: u32,
    /// Only those that came later.
    pub since: Option<Timestamp>,
    /// Only those whose deadline is earlier.
    pub until: Option<Timestamp>,
    /// Every one of these words stands in the subject, an address, a file's name or a detector's.
    pub words: &'a [&'a str],
    /// The place of the last one that was seen.
    pub behind: Option<(i64, MailId)>,
    /// How many at most.
    pub limit: u32,
}

impl Order {
    /// What stands first in the order, as a number: a mail's place, together with its id. `persons` is of its mail.
    pub fn place(self, held: &HeldRow, persons: u32) -> i64 {
        match self {
            Self::Deadline => micros(held.release_at.unwrap_or(held.expires_at)),
            Self::Arrival => micros(held.created_at),
            Self::Persons => i64::from(persons),
            Self::Change => micros(held.changed_at),
        }
    }

    /// The expression of which migrations/0015 has an index.
    fn column(self) -> &'static str {
        match self {
            Self::Deadline => DEADLINE,
            Self::Arrival => "held.created_at",
            Self::Persons => "held.persons",
            Self::Change => "held.changed_at",
        }
    }
}

impl Shelf {
    fn states(self) -> &'static str {
        match self {
            Self::Waiting => " WHERE held.state = 'pending'",
            Self::Ended => " WHERE held.state <> 'pending'",
            Self::All => " WHERE TRUE",
        }
    }
}

const DEADLINE: &str = "coalesce(held.release_at, held.expires_at)";

/// Where a word is looked for: people search for what they see.
const PLACES: &str = "lower(mail.subject || ' ' || coalesce(mail.mail_from, '') || ' ' || mail.from_field || ' ' || held.id || ' ' \
                      || held.rcpt_to || ' ' || mail.inspection)";

impl Store {
    /// The next of `leafing`.
    pub async fn leaf(&self, leafing: &Leafing<'_>) -> Result<Vec<HeldRow>, StoreError> {
        let raw: Vec<Raw> = query(self.inner.engine, "", leafing)?.build_query_as().fetch_all(self.readers()).await?;
        raw.into_iter().map(HeldRow::try_from).collect()
    }
}

/// The query for `leafing`, with something `before` it.
fn query(engine: Engine, before: &str, leafing: &Leafing<'_>) -> Result<Statement, StoreError> {
    let column = leafing.order.column();
    // Held mails are walked along the index of their order, and each is looked up among the mails: never the other way round.
    let mut query = Statement::new(engine, before);
    let join = engine.join_onwards();
    let columns = super::held::columns();
    query
        .push(&format!("SELECT {columns} FROM held {join} mail ON mail.id = held.mail_id"))
        .push(leafing.shelf.states());
    if let Some(state) = leafing.state {
        query.push(" AND held.state = ").push_bind(state.name());
    }
    if let Some(action) = leafing.action {
        query.push(" AND held.action = ").push_bind(action.to_owned());
    }
    if leafing.persons > 0 {
        query.push(" AND held.persons >= ").push_bind(i64::from(leafing.persons));
    }
    if let Some(since) = leafing.since {
        query.push(" AND held.created_at > ").push_bind(micros(since));
    }
    if let Some(until) = leafing.until {
        query.push(&format!(" AND {DEADLINE} < ")).push_bind(micros(until));
    }
    if let Some(addresses) = leafing.of {
        query.push(" AND EXISTS (SELECT 1 FROM json_each(").push_bind(to_json(&addresses)?);
        let asked = if leafing.sent { "" } else { "held.asked || " };
        query.push(&format!(
            ") AS own WHERE instr(lower({asked}mail.authors || coalesce(mail.mail_from, '')), own.value) > 0)"
        ));
    }
    for word in leafing.words {
        query.push(&format!(" AND instr({PLACES}, lower(")).push_bind(plain(word)).push(")) > 0");
    }
    let ascending = leafing.order == Order::Deadline;
    if let Some((place, id)) = &leafing.behind {
        let later = if ascending { ">" } else { "<" };
        // The second says all; the first is what SQLite can look up where the order is an expression.
        query.push(&format!(" AND {column} {later}= ")).push_bind(*place);
        query.push(&format!(" AND ({column}, held.id) {later} ("));
        query.push_bind(*place).push(", ").push_bind(id.0.clone()).push(")");
    }
    let order = if ascending { "ASC" } else { "DESC" };
    query.push(&format!(" ORDER BY {column} {order}, held.id {order} LIMIT ")).push_bind(i64::from(leafing.limit));
    Ok(query)
}

#[cfg(test)]
mod tests {
    use sqlx::Row as _;

    use super::*;

    #[tokio::test]
    async fn every_order_is_a_walk_along_an_index() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        if !store.is_a_file() {
            return;
        }
        let any = Leafing {
            shelf: Shelf::Waiting,
            order: Order::Deadline,
            of: None,
            sent: false,
            state: None,
            action: None,
            persons: 0,
            since: None,
            until: None,
            words: &[],
            behind: Some((1, MailId("01".to_owned()))),
            limit: 50,
        };
        for (shelf, order, index) in [
            (Shelf::Waiting, Order::Deadline, "held_by_deadline"),
            (Shelf::Waiting, Order::Arrival, "held_waiting_by_arrival"),
            (Shelf::Waiting, Order::Persons, "held_waiting_by_persons"),
            (Shelf::Ended, Order::Change, "held_ended"),
            (Shelf::Ended, Order::Persons, "held_ended_by_persons"),
            (Shelf::All, Order::Arrival, "held_by_arrival"),
        ] {
            for narrow in [false, true] {
                let epoch = narrow.then_some(Timestamp::UNIX_EPOCH);
                let leafing = Leafing {
                    shelf,
                    order,
                    since: epoch.filter(|_| order == Order::Arrival),
                    until: epoch.filter(|_| order == Order::Deadline),
                    persons: if narrow { 10 } else { 0 },
                    action: narrow.then_some("hold"),
                    ..any.clone()
                };
                let explained = query(Engine::Sqlite, "EXPLAIN QUERY PLAN ", &leafing).unwrap();
                let rows = explained.build().fetch_all(store.readers()).await.unwrap();
                let plan: Vec<String> = rows.iter().map(|row| row.get::<String, _>("detail")).collect();
                let walks =
                    plan.first().is_some_and(|step| step.contains(&format!("SEARCH held USING INDEX {index} ")));
                assert!(walks && !plan.join(" ").contains("TEMP B-TREE"), "{shelf:?} {order:?}: {plan:?}");
            }
        }
    }
}
