//! One notice about many mails: a mass mailing that is held must not bury the people who are to look at it.
//!
//! In: each time somebody is to be told of one mail. Out: whether they are, alone and now; or else a place among those of
//! which they are told together a little later, in one notice that names every one of them (`notice::too_many`,
//! `requests`, `outcomes`, `requests_undeliverable`). A request gives its reader a secret address for each mail, so that
//! all of them can be decided as if they had been asked about one by one. How many there were is counted in the change
//! that tells, from the store: two mails at once, two processes and a restart count each other.
//! Deliberately absent: mails that come back to their sender. Each does, by itself (RFC 3464).

use std::{collections::BTreeSet, time::Duration};

use jiff::{SignedDuration, Timestamp};

use super::{Hold, HoldError, State, decide::mail_of, due::known, later, telling, token};
use crate::{
    mail::{Address, MailId},
    notice::{self, EndedOne, Letter, Notice, OneOfMany, Outcome, Unasked},
    store::{Approval, HeldRow, Kind, MailRow, Purpose, Told, Topic, Untold, Writing},
};

/// How long the first of those that are told together waits for others: a mass mailing comes within seconds.
const GATHER: Duration = Duration::from_secs(60);

/// So many mails are named in one notice.
const NAMED: u32 = 100;

/// How many persons are told together in one go.
const STEP: u32 = 1000;

/// Of how many mails one person is told one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A sender of held mail, of each kind of news.
    pub to_sender: u32,
    /// Somebody who decides, or the security team.
    pub to_decider: u32,
    /// Within this time; more are told together.
    pub within: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { to_sender: 20, to_decider: 50, within: Duration::from_secs(600) }
    }
}

/// What is told of one mail.
enum Point {
    Waits(OneOfMany),
    Ended(EndedOne),
    Unasked(Unasked),
}

impl Hold {
    /// Whether a person is told of `held` alone, now. If not, they are told of it together with others.
    pub(super) async fn tells_alone(
        &self,
        writing: &mut Writing,
        held: &HeldRow,
        to: (&Address, Topic),
        now: Timestamp,
    ) -> Result<bool, HoldError> {
        self.tells_alone_with(writing, held, to, "", now).await
    }

    /// The same with something to say that only this moment knows.
    pub(super) async fn tells_alone_with(
        &self,
        writing: &mut Writing,
        held: &HeldRow,
        (person, topic): (&Address, Topic),
        detail: &str,
        now: Timestamp,
    ) -> Result<bool, HoldError> {
        let limits = self.inner.settings.limits;
        let most = match topic {
            Topic::Held | Topic::Outcome => limits.to_sender,
            Topic::Request | Topic::Unasked => limits.to_decider,
        };
        let within = SignedDuration::try_from(limits.within).unwrap_or(SignedDuration::MAX);
        let told = Told { person, topic, held: &held.id, detail, at: now };
        let crowd = writing.crowd(&told, now.saturating_sub(within).unwrap_or(Timestamp::MIN), most).await?;
        // Behind those that wait nobody is told alone: news come in order.
        let due_at = (crowd.due_at.is_some() || crowd.others >= most).then(|| {
            let first = later(now, GATHER.min(limits.within));
            let next = crowd.together_at.map_or(first, |last| first.max(later(last, limits.within)));
            // In time to do something about it.
            let deadline = held.release_at.unwrap_or(held.expires_at);
            let half = now.duration_until(deadline) / 2;
            if topic == Topic::Outcome || half.is_negative() { next } else { next.min(now + half) }
        });
        writing.put_told(&told, due_at).await?;
        Ok(due_at.is_none())
    }

    /// Tells everybody of what they are to be told together by now; how many notices that makes.
    pub(super) async fn tell_together(&self, now: Timestamp) -> Result<usize, HoldError> {
        let longest = self.inner.settings.limits.within.saturating_mul(2).max(GATHER);
        let mut notices = 0;
        for (mailbox, topic) in self.store().crowds_due(now, later(now, longest), STEP).await? {
            match self.tell_crowd(&mailbox, topic, now).await {
                Ok(told) => notices += told,
                Err(error) => tracing::error!(%error, topic = topic.name(), "people cannot be told of many mails"),
            }
        }
        Ok(notices)
    }

    /// Tells one person everything that waits for them, a notice at a time, each in one change.
    async fn tell_crowd(&self, mailbox: &str, topic: Topic, now: Timestamp) -> Result<usize, HoldError> {
        // Of a mass mailing its sender gets one notice, however large it was; all of it is on the web.
        let most = if topic == Topic::Held { u32::MAX } else { NAMED };
        let mut notices = 0;
        loop {
            let mut writing = self.store().write().await?;
            let waiting = writing.untold(mailbox, topic, most).await?;
            let Some(last) = waiting.last() else { return Ok(notices) };
            let person = last.person.clone();
            let (points, requiretls, more) = self.points(&mut writing, &waiting, topic, now).await?;
            let since = waiting.first().map_or(now, |first| first.at);
            let notice = self.about_many(points, topic, (more, since), &self.letter(&person, None, now));
            let posted = match notice {
                Some(notice) => {
                    notices += 1;
                    let kind = (Kind::Notice, requiretls);
                    Some(self.post_as(&mut writing, (None, None), kind, notice, now).await?)
                }
                None => None,
            };
            let ids: Vec<i64> = waiting.iter().map(|row| row.id).collect();
            writing.set_told(&ids, posted.as_ref(), now).await?;
            writing.commit().await?;
        }
    }

    /// What there is to say of each, whether it must not cross a line in the clear, and of how many more there is
    /// something that is not named.
    async fn points(
        &self,
        writing: &mut Writing,
        waiting: &[Untold],
        topic: Topic,
        now: Timestamp,
    ) -> Result<(Vec<Point>, bool, u32), HoldError> {
        let (mut points, mut requiretls, mut more) = (Vec::new(), false, 0_u32);
        let mut seen = BTreeSet::<&MailId>::new();
        for row in waiting.iter().filter(|row| seen.insert(&row.held)) {
            let held = known(writing, &row.held).await?;
            let full = points.len() >= usize::try_from(NAMED).unwrap_or(usize::MAX);
            if full {
                more += u32::from(held.state == State::Pending);
                continue;
            }
            let mail = mail_of(writing, &held).await?;
            let said = writing.approvals(std::slice::from_ref(&held.id)).await?;
            if let Some(point) = self.point(writing, (&mail, &held), &said, (row, topic), now).await? {
                requiretls |= mail.requiretls;
                points.push(point);
            }
        }
        Ok((points, requiretls, more))
    }

    /// What there is still to say of one mail: nothing, if somebody has decided about it meanwhile.
    async fn point(
        &self,
        writing: &mut Writing,
        (mail, held): (&MailRow, &HeldRow),
        said: &[Approval],
        (row, topic): (&Untold, Topic),
        now: Timestamp,
    ) -> Result<Option<Point>, HoldError> {
        let pending = held.state == State::Pending;
        Ok(match topic {
            Topic::Held if pending => {
                let (reply_to, token) = token::make(&self.voice().hostname, &held.id, &row.person, Purpose::Withdraw)?;
                writing.put_token(&token).await?;
                let story = self.story_so_far(mail, held, said)?;
                Some(Point::Waits(OneOfMany { story, reply_to: Some(reply_to) }))
            }
            Topic::Request if pending => {
                let may = self.deciders(mail, held, said, now)?;
                if !may.iter().any(|person| person.same_mailbox(&row.person)) {
                    return Ok(None);
                }
                let reply_to = Some(self.secret(writing, held, &row.person).await?);
                Some(Point::Waits(OneOfMany { story: self.story_so_far(mail, held, said)?, reply_to }))
            }
            Topic::Unasked if pending => {
                let (person, reply) = row.detail.split_once(": ").unwrap_or((row.detail.as_str(), ""));
                let person = Address::parse(person).map_err(|error| HoldError::Row(error.to_string()))?;
                Some(Point::Unasked(Unasked { story: telling::story(mail, held)?, person, said: reply.to_owned() }))
            }
            Topic::Outcome => telling::outcome_of(held, said)
                .map(|outcome| match outcome {
                    // Its sender let it go alone, and said why.
                    Outcome::Released { by, .. } if by.is_empty() && !held.reason.is_empty() => {
                        Outcome::Released { by: mail.sender.iter().cloned().collect(), comment: held.reason.clone() }
                    }
                    outcome => outcome,
                })
                .map(|outcome| Ok::<_, HoldError>(EndedOne { story: telling::story(mail, held)?, outcome }))
                .transpose()?
                .map(Point::Ended),
            Topic::Held | Topic::Request | Topic::Unasked => None,
        })
    }

    /// The notice that says all of it; none if there is nothing to say.
    fn about_many(
        &self,
        points: Vec<Point>,
        topic: Topic,
        (more, since): (u32, Timestamp),
        letter: &Letter<'_>,
    ) -> Option<Notice> {
        let (mut waits, mut ended, mut unasked) = (Vec::new(), Vec::new(), Vec::new());
        if points.is_empty() {
            return None;
        }
        for point in points {
            match point {
                Point::Waits(one) => waits.push(one),
                Point::Ended(one) => ended.push(one),
                Point::Unasked(one) => unasked.push(one),
            }
        }
        let voice = self.voice();
        Some(match topic {
            Topic::Held => notice::too_many(&waits, more, since, voice, letter),
            Topic::Request => notice::requests(&waits, voice, letter),
            Topic::Outcome => notice::outcomes(&ended, voice, letter),
            Topic::Unasked => notice::requests_undeliverable(&unasked, voice, letter),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        hold::{Arrival, Settings, Tidings, fixture::*},
        journal::Via,
        notice::{Answer, Verdict},
        policy::Action,
        store::{Fate, Store},
    };

    const MANY: usize = 130;

    fn few() -> Settings {
        Settings { limits: Limits { to_sender: 5, to_decider: 20, within: minutes(10) }, ..settings() }
    }

    fn mail(number: usize, action: Action) -> Arrival {
        arrival(vec![group(action, &[&format!("a{number}@x.example.com")])])
    }

    async fn take(hold: &Hold, count: usize) -> Vec<MailId> {
        let mut ids = Vec::new();
        for number in 0..count {
            ids.push(hold.take(mail(number, Action::RequireApproval)).await.unwrap());
        }
        ids
    }

    /// The texts of a kind of notice to somebody, decoded.
    async fn told(store: &Store, to: &str, kind: &str) -> Vec<String> {
        let field = format!("X-Sekisho-Notice: {kind}\r\n");
        let letters = outbox(store).await.into_iter();
        let letters = letters.filter(|letter| letter.to == [to] && letter.text.contains(&field));
        letters.map(|letter| plain(&letter.text)).collect()
    }

    fn plain(mail: &str) -> String {
        let parsed = mail_parser::MessageParser::default().parse(mail.as_bytes()).unwrap();
        parsed.body_text(0).unwrap().into_owned()
    }

    fn secrets(text: &str) -> Vec<String> {
        text.split("sekisho+").skip(1).map(|rest| rest.split('@').next().unwrap().to_owned()).collect()
    }

    #[tokio::test]
    async fn a_mass_mailing_is_one_notice_to_its_sender_and_every_mail_of_it_can_be_decided_by_reply() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), few()).await;
        let ids = take(&hold, MANY).await;
        assert_eq!(told(&store, SENDER, "hold").await.len(), 5);
        assert_eq!(told(&store, BOSS, "request").await.len(), 20);
        assert_eq!(hold.due(later(noon(), minutes(1) - Duration::from_millis(1))).await.unwrap().together, 0);
        store.close().await;

        // A restart changes nothing of what is still to be told.
        let (store, hold) = hold_in(dir.path(), few()).await;
        let soon = later(noon(), minutes(1));
        assert_eq!(hold.due(soon).await.unwrap().together, 1 + 2 * 2, "one to the sender, two to each approver");
        assert_eq!(hold.due(soon).await.unwrap().together, 0);
        let sender = told(&store, SENDER, "too_many").await;
        assert_eq!(sender.len(), 1);
        assert!(sender[0].contains("125 more of your mails are on hold") && sender[0].contains("and 25 more"));
        assert_eq!(secrets(&sender[0]).len(), 100);
        let asked = told(&store, BOSS, "requests").await;
        let named: Vec<String> = asked.iter().flat_map(|text| secrets(text)).collect();
        assert_eq!((asked.len(), named.len()), (2, MANY - 20));
        assert!(ids[20..].iter().all(|id| asked.iter().any(|text| text.contains(&id.0))), "every one is named");
        for secret in named {
            let answer = Answer { verdict: Verdict::Approve, comment: String::new() };
            hold.answer(&secret, &[address(BOSS)], &answer, soon).await.unwrap();
        }
        let approved = hold.list(Some(State::Approved)).await.unwrap();
        assert_eq!(approved.len(), MANY - 20);
        assert_eq!(hold.list(None).await.unwrap().len(), MANY, "nothing is lost");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn mails_at_once_over_two_processes_count_each_other() {
        let dir = tempfile::tempdir().unwrap();
        let (store, one) = hold_in(dir.path(), few()).await;
        let (_, two) = hold_in(dir.path(), few()).await;
        let mut taking = tokio::task::JoinSet::new();
        for number in 0..40 {
            let hold = if number % 2 == 0 { one.clone() } else { two.clone() };
            taking.spawn(async move { hold.take(mail(number, Action::RequireApproval)).await.unwrap() });
        }
        taking.join_all().await;
        assert_eq!((told(&store, SENDER, "hold").await.len(), told(&store, BOSS, "request").await.len()), (5, 20));
        let soon = later(noon(), minutes(1));
        let (first, second) = tokio::join!(one.due(soon), two.due(soon));
        assert_eq!(first.unwrap().together + second.unwrap().together, 3, "each is told once, by whoever comes first");
    }

    #[tokio::test]
    async fn a_mailing_that_goes_on_is_told_every_ten_minutes_and_what_is_decided_is_not_asked_any_more() {
        let dir = tempfile::tempdir().unwrap();
        let settings = Settings { expires_after: minutes(6000), ..few() };
        let (store, hold) = hold_in(dir.path(), settings).await;
        let mut together = 0;
        for minute in 0..31 {
            let at = later(noon(), minutes(minute));
            for number in 0..4 {
                let number = usize::try_from(minute).unwrap() * 10 + number;
                let id = hold.take(Arrival { at, ..mail(number, Action::Hold) }).await.unwrap();
                if number % 10 == 0 {
                    hold.reject(&id.0, &address(SECURITY), Via::Cli, "", at).await.unwrap();
                }
            }
            together += hold.due(at).await.unwrap().together;
        }
        let held = told(&store, SENDER, "too_many").await;
        assert_eq!(held.len(), 3, "{together} in all");
        let asked = told(&store, SECURITY, "requests").await.concat();
        let rejected = hold.list(Some(State::Rejected)).await.unwrap();
        assert!(rejected.iter().all(|mail| !asked.contains(&mail.id.0)));
        // An hour of quiet, and people are told one by one again.
        let at = later(noon(), minutes(90));
        hold.due(at).await.unwrap();
        let before = told(&store, SENDER, "hold").await.len();
        hold.take(Arrival { at, ..mail(999, Action::Hold) }).await.unwrap();
        assert_eq!(told(&store, SENDER, "hold").await.len(), before + 1);
    }

    #[tokio::test]
    async fn how_each_of_many_ended_is_told_with_what_was_said_about_it() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), few()).await;
        for (number, id) in take(&hold, 12).await.iter().enumerate() {
            let said = format!("remark number {number}.");
            if number % 2 == 0 {
                hold.reject(&id.0, &address(BOSS), Via::Cli, &said, noon()).await.unwrap();
            } else {
                hold.approve(&id.0, &address(BOSS), Via::Cli, &said, noon()).await.unwrap();
            }
        }
        hold.due(later(noon(), minutes(1))).await.unwrap();
        let alone = told(&store, SENDER, "released").await.len() + told(&store, SENDER, "rejected").await.len();
        let together = told(&store, SENDER, "outcomes").await;
        assert_eq!((alone, together.len()), (5, 1));
        for number in 5..12 {
            assert!(together[0].contains(&format!("remark number {number}.")), "{number}");
        }
        assert!(told(&store, SENDER, "too_many").await.is_empty(), "nothing of it is on hold any more");
    }

    #[tokio::test]
    async fn a_clock_that_is_set_back_puts_nothing_off() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), few()).await;
        take(&hold, 8).await;
        let last_year = "2025-11-02T12:00:00Z".parse().unwrap();
        assert!(hold.due(last_year).await.unwrap().together > 0);
        assert_eq!(told(&store, SENDER, "too_many").await.len(), 1);
    }

    #[tokio::test]
    async fn a_delay_is_told_while_there_is_time_to_take_it_back() {
        let dir = tempfile::tempdir().unwrap();
        let settings = Settings { delay: Duration::from_secs(60), ..few() };
        let (store, hold) = hold_in(dir.path(), settings).await;
        for number in 0..7 {
            hold.take(mail(number, Action::Delay)).await.unwrap();
        }
        hold.due(later(noon(), Duration::from_secs(30))).await.unwrap();
        let told = told(&store, SENDER, "too_many").await;
        let answer = Answer { verdict: Verdict::Withdraw, comment: String::new() };
        let at = later(noon(), Duration::from_secs(31));
        for secret in secrets(&told[0]) {
            hold.answer(&secret, &[address(SENDER)], &answer, at).await.unwrap();
        }
        assert_eq!(hold.list(Some(State::Withdrawn)).await.unwrap().len(), 2);
    }

    #[tokio::test]
    async fn requests_that_were_sent_together_and_did_not_arrive_are_told_to_the_security_team_once() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), few()).await;
        take(&hold, 60).await;
        hold.due(later(noon(), minutes(1))).await.unwrap();
        for mut row in store.outbox_due(Timestamp::MAX, 1000).await.unwrap() {
            if row.recipients[0].address == address(BOSS) {
                row.recipients[0].fate = Fate::Refused;
                row.recipients[0].reply = Some("550 5.1.1 no such user".to_owned());
                let tidings = Tidings { refused: row.recipients.clone(), ..Tidings::default() };
                hold.settle(&row, &tidings, noon()).await.unwrap();
            }
        }
        let alone = told(&store, SECURITY, "request_undelivered").await;
        assert_eq!(alone.len(), 20);
        hold.due(later(noon(), minutes(1))).await.unwrap();
        let all = told(&store, SECURITY, "request_undelivered").await;
        let together: Vec<&String> = all.iter().filter(|text| text.contains("40 requests")).collect();
        assert_eq!((all.len(), together.len()), (21, 1));
        assert_eq!(changes(&store).await.iter().filter(|change| *change == "unasked").count(), 60);
        // The warning asks nobody: refused in its turn, it makes no other.
        for mut row in store.outbox_due(Timestamp::MAX, 1000).await.unwrap() {
            if row.recipients[0].address == address(SECURITY) {
                row.recipients[0].fate = Fate::Refused;
                let tidings = Tidings { refused: row.recipients.clone(), ..Tidings::default() };
                hold.settle(&row, &tidings, noon()).await.unwrap();
            }
        }
        assert_eq!(hold.due(later(noon(), minutes(30))).await.unwrap().together, 0);
    }
}
