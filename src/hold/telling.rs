//! The seam to `notice`: from rows to a story, from a story to mails in the outbox.
//!
//! In: what the store has about a mail. Out: a [`Story`], and our own mails sealed and queued as part of the same
//! change. Deliberately absent: words (`notice`) and when to tell whom (the rest of this room).

use jiff::Timestamp;

use super::{
    Hold, HoldError, asking, drill, new_id,
    outgoing::{delivery, wanted},
    send_back::RETURN,
};
use crate::{
    journal,
    mail::{
        Address, Dsn, MailId, Message,
        dsn::{self, Entry},
    },
    notice::{self, Letter, Notice, Outcome, Progress, StandIn, Story},
    policy::{Action, Matched, Orders},
    recipients::Recipient,
    store::{Approval, Consignee, HeldRow, Kind, MailRow, OutboxRow, State, Topic, Writing},
};

/// Everything that may be told about a held mail.
pub(super) fn story(mail: &MailRow, held: &HeldRow) -> Result<Story, HoldError> {
    let mut story = story_of(mail, action(&held.action)?, parse(&held.matched)?, &held.rcpt_to)?;
    story.id = held.id.clone();
    story.deciders =
        (held.asked.iter().filter(|asked| asked.level == held.level)).map(|asked| asked.person.clone()).collect();
    story.deadline = held.release_at.unwrap_or(held.expires_at);
    Ok(story)
}

/// The same about recipients for whom it is not held.
pub(super) fn story_of(
    mail: &MailRow,
    action: Action,
    matched: Vec<Matched>,
    rcpt_to: &[Address],
) -> Result<Story, HoldError> {
    let mut recipients: Vec<Recipient> = parse(&mail.recipients)?;
    recipients.retain(|recipient| rcpt_to.contains(&recipient.address));
    Ok(Story {
        id: mail.id.clone(),
        message_id: mail.message_id.clone(),
        subject: mail.subject.clone(),
        sender: drill::or_drilled(mail.sender.as_ref(), &mail.peer, &mail.authors).cloned(),
        author: mail.from_field.clone(),
        recipients,
        sent_to: mail.sent_to.clone(),
        inspection: parse(&mail.inspection)?,
        action,
        matched,
        deciders: Vec::new(),
        progress: Progress::default(),
        arrived_at: mail.at,
        deadline: mail.at,
    })
}

/// How it ended, if it did.
pub(super) fn outcome_of(held: &HeldRow, approvals: &[Approval]) -> Option<Outcome> {
    let said = |verdict: &'static str| approvals.iter().filter(move |approval| approval.verdict == verdict);
    let person = |approval: &Approval| Address::parse(&approval.person).ok();
    match held.state {
        State::Pending => None,
        State::Approved | State::Released | State::Delivered | State::Bounced => Some(Outcome::Released {
            by: said(asking::YES).filter_map(person).collect(),
            comment: said(asking::YES).map(|approval| approval.comment.as_str()).collect::<Vec<_>>().join("\n"),
        }),
        State::Rejected => {
            let rejected = said("reject").find_map(|one| Some((person(one)?, one.comment.clone())));
            let sent_back = said(RETURN).find_map(|one| Some((person(one)?, one.comment.clone())));
            (rejected.map(|(by, comment)| Outcome::Rejected { by, comment }))
                .or(sent_back.map(|(by, comment)| Outcome::SentBack { by, comment }))
        }
        State::Withdrawn => Some(Outcome::Withdrawn),
        State::Expired => Some(Outcome::Expired),
    }
}

/// A journal entry about a held mail.
pub(super) fn change(held: &HeldRow, what: &str, by: Option<&Address>, via: journal::Via) -> journal::Change {
    journal::Change {
        held: held.id.clone(),
        change: what.to_owned(),
        by: by.map(Address::canonical),
        via,
        detail: None,
    }
}

/// The action of a held mail.
pub(super) fn action(name: &str) -> Result<Action, HoldError> {
    Action::ALL
        .into_iter()
        .find(|action| action.name() == name)
        .ok_or_else(|| HoldError::Row(format!("{name} is no action")))
}

/// What the rules for which it is held order.
pub(super) fn orders(held: &HeldRow) -> Result<Orders, HoldError> {
    let matched: Vec<Matched> = parse(&held.matched)?;
    Ok(Orders::of(action(&held.action)?, &matched))
}

pub(super) fn parse<T: serde::de::DeserializeOwned>(json: &str) -> Result<T, HoldError> {
    serde_json::from_str(json).map_err(|error| HoldError::Row(error.to_string()))
}

impl Hold {
    /// A letter to `to` in the language in which they read.
    pub(super) fn letter<'a>(&self, to: &'a Address, reply_to: Option<&'a Address>, now: Timestamp) -> Letter<'a> {
        let people = self.people();
        let language = people.person(to).and_then(|person| person.language).unwrap_or(self.voice().language);
        Letter { to, reply_to, language, now }
    }

    /// Everything that may be told about a held mail, with how far the decision is.
    pub(super) fn story_so_far(&self, mail: &MailRow, held: &HeldRow, said: &[Approval]) -> Result<Story, HoldError> {
        let mut story = story(mail, held)?;
        let orders = orders(held)?;
        let yes = |on_level: fn(u8, u8) -> bool| -> Vec<Address> {
            let yes = said.iter().filter(|one| one.verdict == asking::YES && on_level(one.level, held.level));
            yes.filter_map(|one| Address::parse(&one.person).ok()).collect()
        };
        let stand_ins = held.asked.iter().filter(|asked| asked.level == held.level).filter_map(|asked| {
            let instead_of = asked.instead_of.clone()?;
            Some(StandIn { person: asked.person.clone(), until: self.back(&instead_of, held.created_at), instead_of })
        });
        story.progress = Progress {
            need: asking::tally(held, &orders, said).1,
            given: yes(|level, now| level == now),
            level: held.level.saturating_add(1),
            levels: u8::try_from(orders.levels.len()).unwrap_or(u8::MAX),
            passed: yes(|level, now| level < now),
            asked_at: None,
            stand_ins: stand_ins.collect(),
            reason: (!held.reason.is_empty()).then(|| held.reason.clone()),
            by_security: self.nobody_found(mail, held, said)?,
            may_release: orders.self_release,
            second_factor: orders.second_factor,
        };
        Ok(story)
    }

    /// When somebody who is away at `at` is back: the end of the last day of that absence.
    fn back(&self, person: &Address, at: Timestamp) -> Option<Timestamp> {
        let people = self.people();
        let zone = &self.voice().timezone;
        let today = at.to_zoned(zone.clone()).date();
        let absence = people.person(person)?.absences.iter().find(|absence| absence.contains(today))?;
        let end = absence.until.at(23, 59, 0, 0).to_zoned(zone.clone()).ok()?;
        Some(end.timestamp())
    }

    /// Reminds somebody who was asked.
    pub(super) async fn tell_reminder(
        &self,
        writing: &mut Writing,
        (mail, held): (&MailRow, &HeldRow),
        story: &Story,
        person: &Address,
        now: Timestamp,
    ) -> Result<(), HoldError> {
        if !self.tells_alone(writing, held, (person, Topic::Request), now).await? {
            return Ok(());
        }
        let reply_to = self.secret(writing, held, person).await?;
        let notice = notice::reminder(story, self.voice(), &self.letter(person, Some(&reply_to), now));
        self.post(writing, (Some(&mail.id), Some(&held.id)), Kind::Notice, notice, now).await
    }

    /// Tells the sender, if it is one of ours, something on the way.
    pub(super) async fn tell_sender(
        &self,
        writing: &mut Writing,
        (mail, held): (&MailRow, &HeldRow),
        say: impl FnOnce(&Letter<'_>) -> Notice,
        now: Timestamp,
    ) -> Result<(), HoldError> {
        let Some(to) = self.sender_of_ours(mail) else { return Ok(()) };
        if !self.tells_alone(writing, held, (to, Topic::Held), now).await? {
            return Ok(());
        }
        let notice = say(&self.letter(to, None, now));
        self.post(writing, (Some(&mail.id), Some(&held.id)), Kind::Notice, notice, now).await
    }

    /// Puts one of our own mails into the outbox as part of `writing`.
    pub(super) async fn post(
        &self,
        writing: &mut Writing,
        (mail, held): (Option<&MailId>, Option<&MailId>),
        kind: Kind,
        notice: Notice,
        now: Timestamp,
    ) -> Result<(), HoldError> {
        // What we say about a mail that must not cross a line in the clear must not either (RFC 8689 §5).
        let about = match mail {
            Some(mail) => writing.mail(mail).await?,
            None => None,
        };
        let requiretls = about.is_some_and(|mail| mail.requiretls);
        self.post_as(writing, (mail, held), (kind, requiretls), notice, now).await.map(drop)
    }

    /// The same, whether it may cross a line in the clear being known; gives its id.
    pub(super) async fn post_as(
        &self,
        writing: &mut Writing,
        (mail, held): (Option<&MailId>, Option<&MailId>),
        (kind, requiretls): (Kind, bool),
        notice: Notice,
        now: Timestamp,
    ) -> Result<MailId, HoldError> {
        let id = new_id();
        let to = notice.to().clone();
        let row = OutboxRow {
            id: id.clone(),
            kind,
            mail_id: mail.cloned(),
            held_id: held.cloned(),
            sealed_id: id.0.clone(),
            sender: None,
            body: notice.body_kind(),
            smtputf8: !to.as_str().is_ascii(),
            requiretls,
            dsn: Dsn::default(),
            trace: Vec::new(),
            recipients: vec![Consignee::new(to)],
            attempts: 0,
            created_at: now,
            next_attempt_at: now,
        };
        let sealed = self.store().seal(&id.0, notice.into_bytes()).await?;
        writing.put_sealed(sealed).await?;
        writing.put_outbox(&row).await?;
        Ok(id)
    }

    /// Tells the sender, if it is one of ours, how it ended.
    pub(super) async fn tell_outcome(
        &self,
        writing: &mut Writing,
        (mail, held): (&MailRow, &HeldRow),
        outcome: &Outcome,
        now: Timestamp,
    ) -> Result<(), HoldError> {
        let Some(to) = self.sender_of_ours(mail) else { return Ok(()) };
        if !self.tells_alone(writing, held, (to, Topic::Outcome), now).await? {
            return Ok(());
        }
        let letter = self.letter(to, None, now);
        let notice = notice::outcome(&story(mail, held)?, self.voice(), &letter, outcome);
        self.post(writing, (Some(&mail.id), Some(&held.id)), Kind::Notice, notice, now).await
    }

    /// Gives a mail back to its sender, if there is one who wants to hear of failures. The mail itself and what was found
    /// go only to one of ours; others learn that it did not go out. Without the `original` one of ours at least hears
    /// how it ended.
    pub(super) async fn give_back(
        &self,
        writing: &mut Writing,
        (mail, held): (&MailRow, Option<&MailId>),
        story: &Story,
        outcome: &Outcome,
        original: Option<&Message>,
        now: Timestamp,
    ) -> Result<(), HoldError> {
        let entry = |recipient: &Recipient| Entry::new(recipient.address.clone(), dsn::Action::Failed, status(outcome));
        let entries = wanted(&mail.dsn, dsn::Action::Failed, story.recipients.iter().map(entry).collect());
        let Some(to) = self.sender_of_ours(mail) else {
            return self.tell_outsider(writing, (mail, held), story, &entries, now).await;
        };
        if entries.is_empty() {
            return Ok(());
        }
        let letter = self.letter(to, None, now);
        let (kind, notice) = match original {
            Some(original) => {
                let delivery = delivery(mail, &entries, original, dsn::Action::Failed);
                (Kind::Dsn, notice::returned(story, self.voice(), &letter, outcome, &delivery))
            }
            None => (Kind::Notice, notice::outcome(story, self.voice(), &letter, outcome)),
        };
        self.post(writing, (Some(&mail.id), held), kind, notice, now).await
    }

    /// Tells a sender who is not one of ours, if there is one, that the mail did not reach those of `entries`: nothing
    /// of the mail, nothing of what was found in it, nothing of who else got it.
    pub(super) async fn tell_outsider(
        &self,
        writing: &mut Writing,
        (mail, held): (&MailRow, Option<&MailId>),
        story: &Story,
        entries: &[Entry],
        now: Timestamp,
    ) -> Result<(), HoldError> {
        let Some(to) = mail.sender.as_ref().filter(|_| !entries.is_empty()) else { return Ok(()) };
        let nothing = Message::new(Vec::new());
        let letter = self.letter(to, None, now);
        let delivery = delivery(mail, entries, &nothing, dsn::Action::Failed);
        let notice = notice::not_sent(story, self.voice(), &letter, &delivery);
        self.post(writing, (Some(&mail.id), held), Kind::Dsn, notice, now).await
    }
}

/// The status code of how it ended. RFC 3463: 4.7 is "delivery time expired", 7.1 "delivery not authorized".
fn status(how: &Outcome) -> &'static str {
    match how {
        Outcome::Expired => "5.4.7",
        Outcome::Rejected { .. }
        | Outcome::SentBack { .. }
        | Outcome::Refused
        | Outcome::Withdrawn
        | Outcome::Released { .. } => "5.7.1",
    }
}
