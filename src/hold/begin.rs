//! What begins when a mail is ours: it waits, people are told and asked, and the journal has it.
//!
//! In: a mail that is on the disk, with what policy decided, in a change that is not committed yet. Out, in that change: a held
//! row for every group that waits, the notices and the secret addresses at which they are answered, what goes back for those
//! whom policy refuses, what it teaches once it is released, and the journal record.
//! Deliberately absent: how it came to the disk, and whether it was there before (`arrival`).

use std::time::Duration;

use jiff::Timestamp;

use super::{Arrival, Hold, HoldError, Taken, arrival::json, asking::Wanting, drill, later, new_id, telling, token};
use crate::{
    directory::Asked,
    journal::{self, MailRecord, Record},
    mail::Message,
    notice::{self, Outcome},
    policy::{Action, Group},
    store::{HeldRow, Kind, MailRow, Purpose, State, Topic, Writing},
};

impl Hold {
    /// From now on the mail is ours: what waits, who is told, what goes back, and the journal record.
    pub(super) async fn begin_waiting(
        &self,
        writing: &mut Writing,
        arrival: &Arrival,
        mail: &MailRow,
        said: Option<&str>,
    ) -> Result<Taken, HoldError> {
        let held = self.held_rows(arrival, mail.at)?;
        for row in &held {
            writing.put_held(row).await?;
            writing.put_lesson(&row.id, &json(&arrival.lesson.for_only(&row.rcpt_to))?).await?;
            self.tell_about(writing, mail, row, &arrival.message).await?;
        }
        for group in arrival.groups.iter().filter(|group| group.action == Action::Reject) {
            self.give_back_refused(writing, mail, group, &arrival.message).await?;
        }
        journal::append(writing, &[record(arrival, mail.at, &held, said)]).await?;
        Ok(match held.into_iter().next() {
            Some(first) => Taken::Held(first.id),
            None => Taken::Settled(mail.id.clone()),
        })
    }

    /// A row for each group that waits, the most severe first; that one has the mail's own id.
    pub(super) fn held_rows(&self, arrival: &Arrival, at: Timestamp) -> Result<Vec<HeldRow>, HoldError> {
        let waits = |group: &&Group| matches!(group.action, Action::Delay | Action::Hold | Action::RequireApproval);
        let mut groups: Vec<&Group> = arrival.groups.iter().filter(waits).collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.action));
        let settings = &self.inner.settings;
        let mut rows = Vec::with_capacity(groups.len());
        for group in groups {
            let id = if rows.is_empty() { arrival.id.clone() } else { new_id() };
            let orders = group.orders();
            let ordered = |seconds: Option<u32>, usual| seconds.map_or(usual, |s| Duration::from_secs(s.into()));
            let delay = ordered(orders.delay, settings.delay);
            let release_at = (group.action == Action::Delay).then(|| later(at, delay));
            let expires_at = later(at, ordered(orders.deadline, settings.expires_after));
            let sender = drill::or_drilled(arrival.envelope.sender.as_ref(), &arrival.peer, &arrival.authors);
            let wanting = Wanting { action: group.action, sender, authors: &arrival.authors };
            let asked = self.first_panel(&wanting, &orders, at).asked.into_iter();
            let waits_for_people = release_at.is_none();
            rows.push(HeldRow {
                id,
                mail_id: arrival.id.clone(),
                state: State::Pending,
                action: group.action.name().to_owned(),
                rcpt_to: group.recipients.clone(),
                matched: json(&group.matched)?,
                asked: asked.map(|(person, instead_of)| Asked { person, level: 0, instead_of }).collect(),
                level: 0,
                nudges: if waits_for_people { self.nudges(&orders, at, expires_at) } else { Vec::new() },
                escalated: false,
                reason: String::new(),
                created_at: at,
                // A delay that a rule makes longer must not expire before it is over.
                expires_at: release_at.map_or(expires_at, |release| expires_at.max(later(release, delay))),
                release_at,
                changed_at: at,
            });
        }
        Ok(rows)
    }

    /// Tells the sender what happened and asks those who decide.
    pub(super) async fn tell_about(
        &self,
        writing: &mut Writing,
        mail: &MailRow,
        held: &HeldRow,
        original: &Message,
    ) -> Result<(), HoldError> {
        let story = self.story_so_far(mail, held, &[])?;
        let hostname = &self.voice().hostname;
        if let Some(sender) = self.sender_of_ours(mail)
            && self.tells_alone(writing, held, (sender, Topic::Held), held.created_at).await?
        {
            let (reply_to, token) = token::make(hostname, &held.id, sender, Purpose::Withdraw)?;
            writing.put_token(&token).await?;
            let letter = self.letter(sender, Some(&reply_to), held.created_at);
            let tell = if held.release_at.is_some() { notice::delay_notice } else { notice::hold_notice };
            let notice = tell(&story, self.voice(), &letter);
            self.post(writing, (Some(&mail.id), Some(&held.id)), Kind::Notice, notice, held.created_at).await?;
        }
        self.request(writing, (mail, held), &held.asked, Some(original), held.created_at).await?;
        self.tell_nobody_found(writing, (mail, held), &[], held.created_at).await
    }

    /// Gives the mail back for the recipients whom policy refuses.
    async fn give_back_refused(
        &self,
        writing: &mut Writing,
        mail: &MailRow,
        group: &Group,
        original: &Message,
    ) -> Result<(), HoldError> {
        let story = telling::story_of(mail, group.action, group.matched.clone(), &group.recipients)?;
        self.give_back(writing, (mail, None), &story, &Outcome::Refused, Some(original), mail.at).await
    }
}

fn record(arrival: &Arrival, at: Timestamp, held: &[HeldRow], said: Option<&str>) -> Record {
    let Arrival { peer, envelope, message, inspection, facts, groups, .. } = arrival;
    let mut mail = MailRecord::new(peer.clone(), envelope, message, inspection, groups);
    if let Some(facts) = facts {
        mail = mail.with_facts(facts.clone());
    }
    mail.held = held.iter().map(|row| row.id.clone()).collect();
    if let Some(said) = said {
        mail = mail.answered(said);
    }
    Record::mail(arrival.id.clone(), at, mail)
}
