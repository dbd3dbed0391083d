//! Held mails as somebody reads them one after the other: the newest first, narrowed down by the database.
//!
//! In: a [`Listing`]. Out: rows, as many as asked for, behind the last one that was seen, so that nobody ever has all of them
//! in memory. Of an address that is not all ASCII the two engines think differently what its small letters are: such a
//! sender's mails all come, and whoever asks looks again.
//! Deliberately absent: what one person may see (`queue`), and any other order.

use jiff::Timestamp;

use super::{
    HeldRow, State, Store, StoreError,
    held::Raw,
    micros, plain,
    sql::{Engine, Statement},
};
use crate::mail::MailId;

/// Which held mails.
#[derive(Debug, Clone, Default)]
pub struct Listing<'a> {
    /// Those in one of these states; in any if there are none.
    pub states: &'a [State],
    /// Those that such somebody sent.
    pub sender: Option<SentBy<'a>>,
    /// Nothing before.
    pub since: Option<Timestamp>,
    /// When the last one that was seen came, and its id.
    pub behind: Option<(Timestamp, MailId)>,
    /// How many at most.
    pub limit: u32,
}

/// Who sent a mail.
#[derive(Debug, Clone, Copy)]
pub enum SentBy<'a> {
    /// An address in canonical form.
    Mailbox(&'a str),
    /// A domain in lower case, with all below it.
    Domain(&'a str),
}

impl Store {
    /// The next of `listing`, the newest first.
    pub async fn list_held(&self, listing: &Listing<'_>) -> Result<Vec<HeldRow>, StoreError> {
        let raw: Vec<Raw> = query(self.inner.engine, "", listing).build_query_as().fetch_all(self.readers()).await?;
        raw.into_iter().map(HeldRow::try_from).collect()
    }
}

/// The query for `listing`, with something `before` it.
fn query(engine: Engine, before: &str, listing: &Listing<'_>) -> Statement {
    let mut query = Statement::new(engine, before);
    query.push(&format!("SELECT {} FROM held WHERE TRUE", super::held::columns()));
    match listing.states {
        [] => {}
        // In its own words and not as a value: by them SQLite knows the index of what waits.
        [state] => {
            query.push(&format!(" AND held.state = '{}'", state.name()));
        }
        states => {
            let names: Vec<String> = states.iter().map(|state| format!("'{}'", state.name())).collect();
            query.push(&format!(" AND held.state IN ({})", names.join(", ")));
        }
    }
    if let Some(since) = listing.since {
        query.push(" AND held.created_at >= ").push_bind(micros(since));
    }
    if let Some(sender) = listing.sender {
        push_sender(&mut query, sender);
    }
    if let Some((at, id)) = &listing.behind {
        // The second says all; the first is what SQLite looks up.
        query.push(" AND held.created_at <= ").push_bind(micros(*at));
        query.push(" AND (held.created_at, held.id) < (").push_bind(micros(*at));
        query.push(", ").push_bind(plain(&id.0)).push(")");
    }
    query.push(" ORDER BY held.created_at DESC, held.id DESC LIMIT ").push_bind(i64::from(listing.limit));
    query
}

/// Asks for the sender. A `>` stands for the end of an address, as none has one.
fn push_sender(query: &mut Statement, sender: SentBy<'_>) {
    query.push(
        " AND EXISTS (SELECT 1 FROM mail WHERE mail.id = held.mail_id \
         AND (octet_length(mail.mail_from) <> length(mail.mail_from) OR ",
    );
    match sender {
        SentBy::Mailbox(address) => {
            query.push("lower(mail.mail_from) = ").push_bind(plain(address));
        }
        SentBy::Domain(domain) => {
            for (number, sign) in ["@", "."].into_iter().enumerate() {
                query.push(if number == 0 { "" } else { " OR " });
                query.push("instr(lower(mail.mail_from) || '>', ").push_bind(plain(&format!("{sign}{domain}>")));
                query.push(") > 0");
            }
        }
    }
    query.push("))");
}

#[cfg(test)]
mod tests {
    use sqlx::Row as _;

    use super::*;

    #[tokio::test]
    async fn every_list_is_a_walk_along_an_index() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        if !store.is_a_file() {
            return;
        }
        let behind = Some((Timestamp::UNIX_EPOCH, MailId("01".to_owned())));
        for states in [&[][..], &[State::Pending], &[State::Pending, State::Approved], &[State::Released]] {
            for sender in [None, Some(SentBy::Mailbox("a@b.jp")), Some(SentBy::Domain("b.jp"))] {
                for (since, behind) in [(None, None), (Some(Timestamp::UNIX_EPOCH), behind.clone())] {
                    let listing = Listing { states, sender, since, behind, limit: 200 };
                    let explained = query(Engine::Sqlite, "EXPLAIN QUERY PLAN ", &listing);
                    let rows = explained.build().fetch_all(store.readers()).await.unwrap();
                    let plan: Vec<String> = rows.iter().map(|row| row.get::<String, _>("detail")).collect();
                    let along = |index| plan[0].contains(&format!("held USING INDEX {index}"));
                    let walks = along("held_by_arrival") || along("held_waiting_by_arrival");
                    assert!(walks && !plan.join(" ").contains("TEMP B-TREE"), "{listing:?}: {plan:?}");
                }
            }
        }
    }
}
