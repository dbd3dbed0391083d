//! Reminding those who have not decided, and asking others as well.
//!
//! In: the clock, and the moments that were worked out when the mail came, in business time where policy says so. Out:
//! reminders, requests to others, the journal record, in one commit. What was missed while the server was down is done
//! once, not once for each moment.
//! Deliberately absent: business time itself (`policy`), and the loop (`outbox`).

use jiff::Timestamp;

use super::{
    Hold, HoldError, State,
    decide::mail_of,
    due::{entry, known, original_of},
    telling,
};
use crate::{
    directory::Asked,
    journal::{self, Record, Via},
    mail::{Address, MailId, Message},
    notice::{self, Letter},
    policy::Orders,
    store::{Approval, HeldRow, Kind, MailRow, Nudge, Nudging, Topic, Writing},
};

impl Hold {
    /// When to remind and whom else to ask about a mail that came at `at`, as far as there is time before `end`.
    pub(super) fn nudges(&self, orders: &Orders, at: Timestamp, end: Timestamp) -> Vec<Nudge> {
        let settings = &self.inner.settings;
        let local = at.to_zoned(self.voice().timezone.clone()).datetime();
        let remind = match (orders.remind.is_empty(), settings.remind_after) {
            (true, Some(wait)) => wait.repeatedly(local, &settings.calendar),
            _ => orders.remind.clone(),
        };
        let usual = || settings.escalate_after.map(|wait| wait.after(local, &settings.calendar));
        let escalate = orders.escalate.as_ref().map(|escalation| escalation.after).or_else(usual);
        let moment = |what: Nudging| {
            move |seconds: u32| Nudge {
                at: super::later(at, std::time::Duration::from_secs(seconds.into())).as_microsecond(),
                what,
            }
        };
        let remind = remind.into_iter().map(moment(Nudging::Remind));
        let mut nudges: Vec<Nudge> = remind.chain(escalate.map(moment(Nudging::Escalate))).collect();
        nudges.retain(|nudge| nudge.at < end.as_microsecond());
        nudges.sort_by_key(|nudge| nudge.at);
        nudges
    }

    /// Does what was to be done about `id` by `now`.
    pub(super) async fn nudge(&self, id: &MailId, now: Timestamp) -> Result<(), HoldError> {
        let mut writing = self.store().write().await?;
        let mut held = known(&mut writing, id).await?;
        let (due, rest): (Vec<Nudge>, Vec<Nudge>) =
            held.nudges.iter().partition(|nudge| nudge.at <= now.as_microsecond());
        if held.state != State::Pending || due.is_empty() {
            return Ok(());
        }
        held.nudges = rest;
        let mail = mail_of(&mut writing, &held).await?;
        let said = writing.approvals(std::slice::from_ref(&held.id)).await?;
        let escalate = !held.escalated && due.iter().any(|nudge| nudge.what == Nudging::Escalate);
        if due.iter().any(|nudge| nudge.what == Nudging::Remind) {
            self.remind(&mut writing, (&mail, &held), &said, now).await?;
        }
        if escalate {
            self.escalate(&mut writing, (&mail, &mut held), &said, (None, Via::System), now).await?;
        } else {
            writing.set_asked(&held).await?;
        }
        Ok(writing.commit().await?)
    }

    async fn remind(
        &self,
        writing: &mut Writing,
        (mail, held): (&MailRow, &HeldRow),
        said: &[Approval],
        now: Timestamp,
    ) -> Result<(), HoldError> {
        let silent = self.silent(mail, held, said, now)?;
        let story = self.story_so_far(mail, held, said)?;
        for asked in &silent {
            self.tell_reminder(writing, (mail, held), &story, &asked.person, now).await?;
        }
        let names: Vec<&str> = silent.iter().map(|asked| asked.person.as_str()).collect();
        let change = entry(&held.id, "reminded", Some(names.join(", ")));
        journal::append(writing, &[Record::change(mail.id.clone(), now, change)]).await?;
        Ok(())
    }

    /// Asks others as well; those who were asked before may still decide. By whom it was wanted goes into the journal.
    pub(super) async fn escalate(
        &self,
        writing: &mut Writing,
        (mail, held): (&MailRow, &mut HeldRow),
        said: &[Approval],
        (by, via): (Option<&Address>, Via),
        now: Timestamp,
    ) -> Result<(), HoldError> {
        held.escalated = true;
        held.nudges.retain(|nudge| nudge.what != Nudging::Escalate);
        let before = self.silent(mail, held, said, now)?;
        let before: Vec<Address> = before.into_iter().map(|asked| asked.person).collect();
        let panel = self.reserve(mail, held, said, now)?;
        let asked = self.seat(writing, held, panel).await?;
        let mut story = self.story_so_far(mail, held, said)?;
        story.deciders = asked.iter().map(|asked| asked.person.clone()).collect();
        let original = original_of(self.store(), mail).await?.unwrap_or_else(|| Message::new(Vec::new()));
        for Asked { person, .. } in &asked {
            if !self.tells_alone(writing, held, (person, Topic::Request), now).await? {
                continue;
            }
            let reply_to = self.secret(writing, held, person).await?;
            let letter = self.letter(person, Some(&reply_to), now);
            let notice = notice::escalated(&story, self.voice(), &letter, &before, &original);
            self.post(writing, (Some(&mail.id), Some(&held.id)), Kind::Notice, notice, now).await?;
        }
        let say = |letter: &Letter<'_>| notice::asked_others(&story, self.voice(), letter, &before);
        self.tell_sender(writing, (mail, held), say, now).await?;
        let mut change = telling::change(held, "escalated", by, via);
        change.detail = Some(asked.iter().map(|asked| asked.person.as_str()).collect::<Vec<_>>().join(", "));
        journal::append(writing, &[Record::change(mail.id.clone(), now, change)]).await?;
        Ok(())
    }

    /// Those who were asked on the present level, may decide, and have said nothing.
    fn silent(
        &self,
        mail: &MailRow,
        held: &HeldRow,
        said: &[Approval],
        now: Timestamp,
    ) -> Result<Vec<Asked>, HoldError> {
        let may = self.deciders(mail, held, said, now)?;
        let silent =
            |asked: &&Asked| asked.level == held.level && may.iter().any(|person| person.same_mailbox(&asked.person));
        Ok(held.asked.iter().filter(silent).cloned().collect())
    }
}
