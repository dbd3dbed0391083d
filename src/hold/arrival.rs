//! Taking a mail: from the pipeline's verdict to one commit after which it is ours.
//!
//! In: an [`Arrival`]. Out: the id to answer `250 held as ID` with, when the mail and its sealed bytes are on the disk, and with
//! them, in the same commit, everything that begins then (`begin`).
//!
//! A mail that some recipients get at once takes two steps: [`Hold::prepare`] puts it on the disk where nobody sees it,
//! and after the next hop has taken it for those, [`Hold::activate`] does all of the above in one commit; if the next
//! hop does not, [`Hold::discard`] leaves nothing. `pipeline::split` tells that story.
//!
//! A mail that the mail server brings again within a day is answered with the first id, and nothing else happens;
//! unless it has come to nothing (rejected, withdrawn, expired, bounced): then a person sent it again.
//! Deliberately absent: the decision (groups come from policy as they are), and sending the part that does not wait.

use aws_lc_rs::digest::{Context, SHA256};
use jiff::{SignedDuration, Timestamp};

use super::{Hold, HoldError, rounded};
use crate::{
    inspect::Inspection,
    journal::{self, Record, Via},
    mail::{Address, Envelope, MailId, Message, header},
    policy::{self, Action, Group},
    recipients::{Lesson, Recipient},
    store::{MailRow, StoreError, Writing},
};

/// How long the same mail counts as a retry.
const RETRY_WITHIN: SignedDuration = SignedDuration::from_hours(24);

/// A mail with at least one recipient for whom it does not simply go out.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Its name from now on.
    pub id: MailId,
    /// When it came.
    pub at: Timestamp,
    /// Who delivered it: address and EHLO name.
    pub peer: String,
    /// From whom, to whom.
    pub envelope: Envelope,
    /// Everybody who says in its header to have written or sent it, the first in the From field first: none of them
    /// ever decides about the mail either.
    pub authors: Vec<Address>,
    /// The bytes.
    pub message: Message,
    /// The header lines to put in front when it goes out.
    pub trace: Vec<u8>,
    /// The subject, decoded.
    pub subject: String,
    /// Every recipient, judged.
    pub recipients: Vec<Recipient>,
    /// What was found.
    pub inspection: Inspection,
    /// What rules were asked about, for the journal.
    pub facts: Option<policy::Mail>,
    /// What it teaches about recipients once it is released.
    pub lesson: Lesson,
    /// What policy decided.
    pub groups: Vec<Group>,
}

/// What two deliveries of one mail have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RetryKey([u8; 32]);

/// What became of a mail that is now ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// At least a part of it waits; people know it by this id.
    Held(MailId),
    /// Nothing of it waits: the next hop has it for some, and for the others it was given back.
    Settled(MailId),
}

impl Taken {
    /// The id that stands for it.
    pub fn into_id(self) -> MailId {
        let (Self::Held(id) | Self::Settled(id)) = self;
        id
    }
}

/// A mail that is on the disk and promised to nobody.
#[derive(Debug)]
#[must_use]
pub struct Prepared {
    arrival: Arrival,
    mail: MailRow,
}

impl Prepared {
    /// The mail.
    pub fn arrival(&self) -> &Arrival {
        &self.arrival
    }
}

/// What came of preparing a mail.
#[derive(Debug)]
#[must_use]
pub enum Preparation {
    /// It is on the disk; [`Hold::activate`] or [`Hold::discard`] comes next.
    New(Box<Prepared>),
    /// It is a retry of a mail that is ours already.
    Before(Taken),
}

impl Arrival {
    /// By what a retry of this mail is known again.
    pub async fn retry_key(&self) -> Result<RetryKey, HoldError> {
        let (envelope, message) = (self.envelope.clone(), self.message.clone());
        let hashed = tokio::task::spawn_blocking(move || retry_key(&envelope, &message)).await;
        Ok(RetryKey(hashed.map_err(|error| StoreError::System(error.to_string()))?))
    }

    /// The recipients for whom it goes out at once.
    fn passing(&self) -> impl Iterator<Item = &Address> {
        self.groups.iter().filter(|group| group.action == Action::Forward).flat_map(|group| &group.recipients)
    }
}

impl Hold {
    /// Takes a mail of which nothing goes out at once. After `Ok` it is ours, and the id is what people know it by.
    pub async fn take(&self, arrival: Arrival) -> Result<MailId, HoldError> {
        let key = arrival.retry_key().await?;
        Ok(self.take_rest(arrival, key, None).await?.into_id())
    }

    /// Takes what is left of a mail. `said` is what the next hop answered when it took the mail for those recipients
    /// for whom it goes out at once; while it has not, there is no rest to take.
    pub async fn take_rest(&self, arrival: Arrival, key: RetryKey, said: Option<&str>) -> Result<Taken, HoldError> {
        if said.is_none() && arrival.passing().next().is_some() {
            return Err(HoldError::NotForwarded(arrival.id));
        }
        let at = rounded(arrival.at);
        let since = at - RETRY_WITHIN;
        if let Some(first) = self.store().mail_by_retry_key(&key.0, since).await? {
            return taken_before(self.store().write().await?, first, at).await;
        }
        let sealed = self.store().seal(&arrival.id.0, arrival.message.shared()).await?;
        let mail = mail_row(&arrival, at, key)?;
        let mut writing = self.store().write().await?;
        // The same mail may have come over two connections at once.
        if let Some(first) = writing.mail_by_retry_key(&key.0, since).await? {
            return taken_before(writing, first, at).await;
        }
        writing.put_mail(&mail).await?;
        writing.put_sealed(sealed).await?;
        let taken = self.begin_waiting(&mut writing, &arrival, &mail, said).await?;
        writing.commit().await?;
        Ok(taken)
    }

    /// Puts a mail on the disk, with nothing promised and nobody told; what an earlier try with it left behind goes.
    pub async fn prepare(&self, arrival: Arrival, key: RetryKey) -> Result<Preparation, HoldError> {
        let at = rounded(arrival.at);
        let sealed = self.store().seal(&arrival.id.0, arrival.message.shared()).await?;
        let mail = mail_row(&arrival, at, key)?;
        let mut writing = self.store().write().await?;
        if let Some(first) = writing.mail_by_retry_key(&key.0, at - RETRY_WITHIN).await? {
            return Ok(Preparation::Before(taken_before(writing, first, at).await?));
        }
        writing.put_mail(&mail).await?;
        writing.put_sealed(sealed).await?;
        writing.mark_prepared(&mail.id, at).await?;
        writing.commit().await?;
        Ok(Preparation::New(Box::new(Prepared { arrival, mail })))
    }

    /// Makes a prepared mail ours, after the next hop has taken it for those for whom it goes out at once and `said`
    /// so. May be called again after an error: what was committed in spite of it is not done twice.
    pub async fn activate(&self, prepared: &Prepared, said: &str) -> Result<Taken, HoldError> {
        let Prepared { arrival, mail } = prepared;
        let mut writing = self.store().write().await?;
        if !writing.unmark_prepared(&mail.id).await? {
            return match writing.mail(&mail.id).await? {
                Some(_) => taken(&mut writing, mail.id.clone()).await,
                None => Err(HoldError::NotPrepared(mail.id.clone())),
            };
        }
        let taken = self.begin_waiting(&mut writing, arrival, mail, Some(said)).await?;
        writing.commit().await?;
        Ok(taken)
    }

    /// Removes a prepared mail: the next hop did not take its part, so nothing of it is ours.
    pub async fn discard(&self, prepared: &Prepared) -> Result<(), HoldError> {
        let mut writing = self.store().write().await?;
        writing.discard_prepared(&prepared.mail.id).await?;
        Ok(writing.commit().await?)
    }

    /// Removes every mail that has been prepared since before `before`: whoever prepared it died, and its mail server
    /// was promised nothing.
    pub async fn discard_prepared(&self, before: Timestamp) -> Result<usize, HoldError> {
        let mut writing = self.store().write().await?;
        let left = writing.prepared_before(before).await?;
        for id in &left {
            writing.discard_prepared(id).await?;
        }
        writing.commit().await?;
        Ok(left.len())
    }
}

/// Answers for a mail that is ours already, and notes that it came again.
async fn taken_before(mut writing: Writing, first: MailId, at: Timestamp) -> Result<Taken, HoldError> {
    let change =
        journal::Change { held: first.clone(), change: "retried".to_owned(), by: None, via: Via::Smtp, detail: None };
    journal::append(&mut writing, &[Record::change(first.clone(), at, change)]).await?;
    let taken = taken(&mut writing, first).await?;
    writing.commit().await?;
    Ok(taken)
}

/// What became of the mail `id`, which is ours. The most severe of its groups that wait has its own id.
async fn taken(writing: &mut Writing, id: MailId) -> Result<Taken, HoldError> {
    Ok(if writing.held(&id).await?.is_some() { Taken::Held(id) } else { Taken::Settled(id) })
}

pub(super) fn mail_row(arrival: &Arrival, at: Timestamp, key: RetryKey) -> Result<MailRow, HoldError> {
    Ok(MailRow {
        id: arrival.id.clone(),
        at,
        peer: arrival.peer.clone(),
        sender: arrival.envelope.sender.clone(),
        authors: arrival.authors.clone(),
        from_field: arrival.message.header("From").map(|from| header::decode(from.value)).unwrap_or_default(),
        body: arrival.envelope.body,
        smtputf8: arrival.envelope.smtputf8,
        requiretls: arrival.envelope.requiretls,
        dsn: arrival.envelope.dsn.clone(),
        message_id: arrival.message.message_id(),
        subject: arrival.subject.clone(),
        size: arrival.message.bytes().len() as u64,
        trace: arrival.trace.clone(),
        sent_to: arrival.passing().cloned().collect(),
        persons: arrival.inspection.persons,
        inspection: json(&arrival.inspection)?,
        recipients: json(&arrival.recipients)?,
        retry_key: key.0,
    })
}

pub(super) fn json<T: serde::Serialize>(value: &T) -> Result<String, HoldError> {
    serde_json::to_string(value).map_err(|error| HoldError::Row(error.to_string()))
}

/// Message-ID, envelope, body. Without a Message-ID all header fields count, for two short mails to one person may well
/// say the same.
fn retry_key(envelope: &Envelope, message: &Message) -> [u8; 32] {
    let mut recipients: Vec<String> = envelope.recipients.iter().map(Address::canonical).collect();
    recipients.sort_unstable();
    let sender = envelope.sender.as_ref().map(Address::canonical).unwrap_or_default();
    let (message_id, bytes) = match message.message_id() {
        Some(id) => (id, message.body()),
        None => (String::new(), message.bytes()),
    };
    let mut hash = Context::new(&SHA256);
    for text in [&message_id, &sender].into_iter().chain(&recipients) {
        hash.update(&(text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    hash.update(bytes);
    let mut key = [0; 32];
    key.copy_from_slice(hash.finish().as_ref());
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        hold::{Tidings, fixture::*, later},
        store::{Fate, Kind, State},
    };

    #[tokio::test]
    async fn one_commit_holds_the_mail_asks_the_approvers_and_tells_the_sender() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        let id = hold.take(arrival(vec![group(Action::RequireApproval, &[OUTSIDE])])).await.unwrap();
        drop((store, hold));
        let (store, hold) = hold_in(dir.path(), settings()).await;
        let list = hold.list(Some(State::Pending)).await.unwrap();
        assert_eq!((list.len(), &list[0].id, list[0].persons), (1, &id, 12));
        assert_eq!(list[0].rules, ["rule-require_approval"]);
        let mut letters = outbox(&store).await;
        letters.sort_by_key(|letter| [SENDER, BOSS, VICE].iter().position(|person| letter.to == [*person]));
        let to: Vec<&str> = letters.iter().map(|letter| letter.to[0].as_str()).collect();
        assert_eq!(to, [SENDER, BOSS, VICE]);
        let secrets: std::collections::HashSet<String> = letters.iter().map(|letter| letter.secret()).collect();
        assert_eq!(secrets.len(), 3);
        assert!(letters[1].text.contains("secret words"), "the approver gets the original");
        assert!(!letters[0].text.contains("secret words"), "the sender's notice has no content");
        assert_eq!(changes(&store).await, ["mail require_approval"]);
    }

    #[tokio::test]
    async fn an_outside_sender_hears_nothing_of_what_was_found() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        let mut mail = arrival(vec![group(Action::Hold, &[OUTSIDE])]);
        mail.envelope.sender = Some(address("somebody@elsewhere.example.net"));
        hold.take(mail).await.unwrap();
        let to: Vec<String> = outbox(&store).await.iter().map(|letter| letter.to[0].to_string()).collect();
        assert_eq!(to, [SECURITY]);
    }

    #[tokio::test]
    async fn the_summary_has_exactly_the_keys_of_the_contract() {
        let dir = tempfile::tempdir().unwrap();
        let (_store, hold) = hold_in(dir.path(), settings()).await;
        hold.take(arrival(vec![group(Action::Hold, &[OUTSIDE])])).await.unwrap();
        let line = serde_json::to_value(&hold.list(None).await.unwrap()[0]).unwrap();
        let mut keys: Vec<&str> = line.as_object().unwrap().keys().map(String::as_str).collect();
        keys.sort_unstable();
        let mut contract: Vec<&str> =
            "id state mail_from rcpt_to subject persons decision rules created_at expires_at approvals"
                .split(' ')
                .collect();
        contract.sort_unstable();
        assert_eq!(keys, contract);
        assert_eq!((line["state"].as_str(), line["decision"].as_str()), (Some("pending"), Some("hold")));
    }

    #[tokio::test]
    async fn every_group_of_a_mixed_verdict_goes_its_own_way() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        let mail = arrival(vec![
            group(Action::Forward, &["in@example.co.jp"]),
            group(Action::Delay, &["one@x.example.com"]),
            group(Action::RequireApproval, &["two@x.example.com"]),
            group(Action::Reject, &["three@x.example.com"]),
        ]);
        let Err(HoldError::NotForwarded(_)) = hold.take(mail.clone()).await else {
            panic!("taken without its forward")
        };
        let key = mail.retry_key().await.unwrap();
        let Taken::Held(id) = hold.take_rest(mail, key, Some("2.0.0 ok")).await.unwrap() else { panic!("not held") };
        let list = hold.list(None).await.unwrap();
        let held: Vec<_> = list.iter().map(|held| (held.decision, held.rcpt_to[0].as_str())).collect();
        assert!(held.contains(&(Action::Delay, "one@x.example.com")), "{held:?}");
        assert!(held.contains(&(Action::RequireApproval, "two@x.example.com")), "{held:?}");
        assert_eq!(held.len(), 2);
        let told = list.iter().find(|held| held.id == id).unwrap();
        assert_eq!(told.decision, Action::RequireApproval, "the id that is told is the most severe");
        let letters = outbox(&store).await;
        let of = |kind: Kind| letters.iter().filter(move |letter| letter.kind == kind).collect::<Vec<_>>();
        assert_eq!(of(Kind::Release).len(), 0, "the next hop has that part already");
        assert_eq!(of(Kind::Dsn).len(), 1);
        assert!(of(Kind::Dsn)[0].text.contains("three@x.example.com"));
        assert_eq!(of(Kind::Dsn)[0].to, [SENDER]);
        assert_eq!(of(Kind::Notice).len(), 4, "delay and hold notice, two approvers");
    }

    /// Its bytes are needed as soon as the next hop has its part, however short a time they are to be kept.
    #[tokio::test]
    async fn the_sweep_spares_a_mail_that_is_prepared() {
        let dir = tempfile::tempdir().unwrap();
        let mut keep = settings();
        (keep.keep.held, keep.keep.specific) = (SignedDuration::ZERO, SignedDuration::ZERO);
        let (store, hold) = hold_in(dir.path(), keep).await;
        let mail = arrival(vec![group(Action::Forward, &["in@example.co.jp"]), group(Action::Hold, &[OUTSIDE])]);
        let key = mail.retry_key().await.unwrap();
        let Preparation::New(prepared) = hold.prepare(mail, key).await.unwrap() else { panic!("not prepared") };
        let soon = later(noon(), minutes(1));
        assert_eq!(hold.destroy_old(soon).await.unwrap(), 0);
        let id = hold.activate(&prepared, "2.0.0 ok").await.unwrap().into_id();
        assert_eq!(hold.destroy_old(soon).await.unwrap(), 0, "it is held");
        assert_eq!(store.unseal(&id.0).await.unwrap(), BYTES);
        hold.reject(&id.0, &address(SECURITY), Via::Cli, "", noon()).await.unwrap();
        for mut row in store.outbox_due(Timestamp::MAX, 100).await.unwrap() {
            row.recipients.iter_mut().for_each(|consignee| consignee.fate = Fate::Accepted);
            hold.settle(&row, &Tidings::default(), noon()).await.unwrap();
        }
        assert_eq!(hold.destroy_old(soon).await.unwrap(), 1);
        assert!(matches!(store.unseal(&id.0).await, Err(StoreError::Destroyed(_))));
    }

    #[tokio::test]
    async fn a_retry_is_the_same_mail_unless_it_came_to_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        let verdict = || vec![group(Action::RequireApproval, &[OUTSIDE])];
        let id = hold.take(arrival(verdict())).await.unwrap();
        let before = outbox(&store).await.len();
        assert_eq!(hold.take(arrival(verdict())).await.unwrap(), id);
        hold.approve(&id.0, &address(BOSS), Via::Cli, "", noon()).await.unwrap();
        assert_eq!(hold.take(arrival(verdict())).await.unwrap(), id);
        assert_eq!(outbox(&store).await.len(), before + 2, "only the release and the outcome");
        assert_eq!(changes(&store).await, ["mail require_approval", "retried", "approved", "retried"]);

        let again = || arrival(vec![group(Action::Hold, &["again@x.example.com"])]);
        let rejected = hold.take(again()).await.unwrap();
        hold.reject(&rejected.0, &address(SECURITY), Via::Cli, "", noon()).await.unwrap();
        let withdrawn = hold.take(again()).await.unwrap();
        assert_ne!(withdrawn, rejected);
        hold.withdraw(&withdrawn.0, &address(SENDER), Via::Cli, noon()).await.unwrap();
        let pending = hold.take(again()).await.unwrap();
        assert!(pending != rejected && pending != withdrawn);
        assert_eq!(hold.take(again()).await.unwrap(), pending);

        let other_body =
            Arrival { message: Message::new(*b"Message-ID: <1@example.co.jp>\r\n\r\nother"), ..arrival(verdict()) };
        assert_ne!(hold.take(other_body).await.unwrap(), id);
        assert_ne!(hold.take(arrival(vec![group(Action::RequireApproval, &["b@x.example.com"])])).await.unwrap(), id);
        let next_day = Arrival { at: later(noon(), minutes(24 * 60)), ..arrival(verdict()) };
        assert_ne!(hold.take(next_day).await.unwrap(), id);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_same_mail_over_ten_connections_at_once_is_held_once() {
        let dir = tempfile::tempdir().unwrap();
        let (_, one) = hold_in(dir.path(), settings()).await;
        let (_, two) = hold_in(dir.path(), settings()).await;
        let mut taking = tokio::task::JoinSet::new();
        for number in 0..10 {
            let hold = if number % 2 == 0 { one.clone() } else { two.clone() };
            taking.spawn(async move { hold.take(arrival(vec![group(Action::Hold, &[OUTSIDE])])).await.unwrap() });
        }
        let ids: std::collections::HashSet<MailId> = taking.join_all().await.into_iter().collect();
        assert_eq!((ids.len(), one.list(None).await.unwrap().len()), (1, 1));
    }

    #[tokio::test]
    async fn what_cannot_be_journalled_is_not_taken() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        let mut writing = store.write().await.unwrap();
        writing.tamper("ALTER TABLE journal RENAME TO gone").await;
        writing.commit().await.unwrap();
        hold.take(arrival(vec![group(Action::Hold, &[OUTSIDE])])).await.unwrap_err();
        assert!(hold.list(None).await.unwrap().is_empty());
        assert!(outbox(&store).await.is_empty());
    }

    #[tokio::test]
    async fn what_is_said_about_a_mail_goes_only_where_the_mail_itself_may() {
        for requiretls in [false, true] {
            let dir = tempfile::tempdir().unwrap();
            let (store, hold) = hold_in(dir.path(), settings()).await;
            let mut mail = arrival(vec![group(Action::RequireApproval, &[OUTSIDE])]);
            mail.envelope.requiretls = requiretls;
            hold.take(mail).await.unwrap();
            let notices = store.outbox_due(Timestamp::MAX, 100).await.unwrap();
            assert!(notices.len() >= 2 && notices.iter().all(|row| row.requiretls == requiretls), "{notices:?}");
        }
    }

    #[tokio::test]
    async fn a_mail_without_a_sender_is_held_and_only_the_security_team_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        let mut mail = arrival(vec![group(Action::RequireApproval, &[OUTSIDE]), group(Action::Reject, &["b@x.jp"])]);
        mail.envelope.sender = None;
        let id = hold.take(mail).await.unwrap();
        let to: Vec<String> = outbox(&store).await.into_iter().flat_map(|letter| letter.to).collect();
        assert_eq!(to, [SECURITY]);
        let error = hold.approve(&id.0, &address(BOSS), Via::Cli, "", noon()).await.unwrap_err();
        assert!(matches!(error, HoldError::NotADecider { .. }), "{error}");
        hold.approve(&id.0, &address(SECURITY), Via::Cli, "", noon()).await.unwrap();
        assert_eq!(outbox(&store).await.len(), 2, "the release, and no notice to nobody");
    }
}
