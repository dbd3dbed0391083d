//! How those who decide are doing: what waits for them, how soon they decide, and whether they look.
//!
//! In: since when. Out: an [`Approving`] for each person, whoever has most waiting first; and the [`Queues`]. Times run from
//! the moment the mail was held, by the clock and not by business hours. A decision by reply counts as looked at: the request
//! carries the mail. Deliberately absent: marks and rankings. What a figure means is for people to say.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{Hold, HoldError, asking::YES};
use crate::{
    mail::{Address, MailId},
    store::{Queue, Said},
};

/// What waits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Queues {
    /// For somebody's decision.
    pub held: Queue,
    /// To go out.
    pub outbox: Queue,
}

/// One person who decides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Approving {
    /// Their address.
    pub person: String,
    /// Mails about which they are asked now.
    pub waiting: usize,
    /// Since when the oldest of them waits.
    pub oldest: Option<Timestamp>,
    /// Their decisions in the span.
    pub decided: usize,
    /// How many of those were a yes.
    pub approved: usize,
    /// How many came by reply to the request.
    pub by_reply: usize,
    /// How many came without the mail's page being opened, and not by reply.
    pub unseen: usize,
    /// From the mail's being held to the decision: half of them took no longer, and nine of ten.
    pub half: Option<SignedDuration>,
    /// See `half`.
    pub most: Option<SignedDuration>,
    /// From opening the page to the decision, half of them; of those who opened it.
    pub looked: Option<SignedDuration>,
    /// Drills that they caught, and
    pub caught: u32,
    /// let pass.
    pub passed: u32,
}

impl Hold {
    /// What waits now.
    pub async fn queues(&self) -> Result<Queues, HoldError> {
        Ok(Queues { held: self.store().held_queue().await?, outbox: self.store().outbox_queue().await? })
    }

    /// Notes that `who`, who may decide about it, has the page of `id` before them.
    pub async fn saw(&self, who: &Address, id: &MailId, now: Timestamp) -> Result<(), HoldError> {
        Ok(self.store().saw(id, &who.canonical(), now).await?)
    }

    /// Everybody who decided since then or is asked now.
    pub async fn approving(&self, since: Timestamp) -> Result<Vec<Approving>, HoldError> {
        let mut all: BTreeMap<String, Approving> = BTreeMap::new();
        for (asked, since) in self.store().asked_now().await? {
            for asked in asked {
                let one = entry(&mut all, &asked.person.canonical());
                one.waiting += 1;
                one.oldest = Some(one.oldest.map_or(since, |oldest| oldest.min(since)));
            }
        }
        let mut by_person: BTreeMap<String, Vec<Said>> = BTreeMap::new();
        for said in self.store().said_since(since).await? {
            by_person.entry(said.person.clone()).or_default().push(said);
        }
        for (person, said) in by_person {
            count(entry(&mut all, &person), &said);
        }
        for (person, caught, passed) in self.store().drills_since(since).await? {
            let one = entry(&mut all, &person);
            (one.caught, one.passed) = (caught, passed);
        }
        let mut all: Vec<Approving> = all.into_values().collect();
        all.sort_by(|a, b| b.waiting.cmp(&a.waiting).then(b.decided.cmp(&a.decided)).then(a.person.cmp(&b.person)));
        Ok(all)
    }
}

fn entry<'a>(all: &'a mut BTreeMap<String, Approving>, person: &str) -> &'a mut Approving {
    all.entry(person.to_owned()).or_insert_with(|| Approving { person: person.to_owned(), ..Approving::default() })
}

fn count(one: &mut Approving, said: &[Said]) {
    one.decided = said.len();
    one.approved = said.iter().filter(|said| said.verdict == YES).count();
    one.by_reply = said.iter().filter(|said| said.via == "reply").count();
    let looked = |said: &Said| said.seen_at.filter(|seen| *seen <= said.at);
    one.unseen = said.iter().filter(|said| said.via != "reply" && looked(said).is_none()).count();
    let mut took: Vec<SignedDuration> = said.iter().map(|said| said.at.duration_since(said.held_at)).collect();
    let mut looking: Vec<SignedDuration> =
        said.iter().filter_map(|said| Some(said.at.duration_since(looked(said)?))).collect();
    (one.half, one.most) = (share(&mut took, 50), share(&mut took, 90));
    one.looked = share(&mut looking, 50);
}

/// The least duration that `percent` of them do not exceed.
fn share(durations: &mut [SignedDuration], percent: usize) -> Option<SignedDuration> {
    durations.sort_unstable();
    let rank = (durations.len() * percent).div_ceil(100);
    durations.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        hold::fixture::{BOSS, OUTSIDE, arrival, group, hold_in, settings},
        journal::Via,
        mail::Message,
        policy::Action,
    };

    #[test]
    fn shares_are_ranks_and_not_averages() {
        let seconds = |list: &[i64]| list.iter().map(|s| SignedDuration::from_secs(*s)).collect::<Vec<_>>();
        for (list, percent, rank) in [
            (&[][..], 50, None),
            (&[7], 90, Some(7)),
            (&[1, 100], 50, Some(1)),
            (&[9, 8, 7, 6, 5, 4, 3, 2, 1, 1000], 90, Some(9)),
        ] {
            assert_eq!(share(&mut seconds(list), percent), rank.map(SignedDuration::from_secs), "{list:?} {percent}");
        }
    }

    #[tokio::test]
    async fn who_decides_without_looking_is_seen_and_a_reply_is_looking() {
        let dir = tempfile::tempdir().unwrap();
        let (_store, hold) = hold_in(dir.path(), settings()).await;
        let boss = Address::parse(BOSS).unwrap();
        let start = Timestamp::now();
        let mut ids = Vec::new();
        for number in 0..4 {
            let message = Message::new(format!("Message-ID: <{number}@example.co.jp>\r\n\r\nwords\r\n").into_bytes());
            let mail = super::super::Arrival {
                at: start,
                message,
                ..arrival(vec![group(Action::RequireApproval, &[OUTSIDE])])
            };
            ids.push(MailId(hold.take(mail).await.unwrap().0));
        }
        let at = |seconds| start + SignedDuration::from_secs(seconds);
        hold.saw(&boss, &ids[0], at(100)).await.unwrap();
        hold.saw(&boss, &ids[0], at(190)).await.unwrap();
        hold.approve(&ids[0].0, &boss, Via::Console, "", at(200)).await.unwrap();
        hold.approve(&ids[1].0, &boss, Via::Console, "", at(10)).await.unwrap();
        hold.reject(&ids[2].0, &boss, Via::Reply, "no", at(300)).await.unwrap();
        let all = hold.approving(start).await.unwrap();
        let one = all.iter().find(|one| one.person == boss.canonical()).unwrap();
        assert_eq!((one.decided, one.approved, one.by_reply, one.unseen, one.waiting), (3, 2, 1, 1, 1), "{all:?}");
        let seconds = |duration: Option<SignedDuration>| duration.unwrap().as_secs();
        assert_eq!((seconds(one.half), seconds(one.most), seconds(one.looked)), (200, 300, 100));
        assert_eq!(one.oldest.map(|at| at.as_second()), Some(start.as_second()));
        let later = hold.approving(at(250)).await.unwrap();
        assert_eq!(later.iter().find(|one| one.person == boss.canonical()).unwrap().decided, 1);
        let queues = hold.queues().await.unwrap();
        assert_eq!(queues.held.length, 1);
        assert!(queues.outbox.length > 0 && queues.outbox.oldest.is_some());
    }
}
