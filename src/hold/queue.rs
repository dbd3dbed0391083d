//! The held mails as one person leafs through them: what waits for them, what waits for others, their own, what is done.
//!
//! In: who asks, a [`Wish`]. Out: a [`Leaf`], some lines at a time, and where the next one begins; how many came since a
//! leaf was shown. Mails are looked at only until a leaf is full, so that ten thousand that wait cost no more than fifty.
//! Deliberately absent: pages, and the proof that the person is who they say.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::{Hold, HoldError, person::Line, show, telling};
use crate::{
    directory::Role,
    inspect::{Category, Reason},
    mail::{Address, MailId},
    policy::Action,
    recipients::Check,
    store::{Approval, HeldRow, Leafing, MailRow, Order, Shelf, State},
};

/// How many lines a leaf has at most.
pub const LEAF: usize = 50;

/// How many mails are looked at in one go.
const CHUNK: u32 = 200;

/// How many words are looked for.
const WORDS: usize = 8;

/// A deadline that is nearer than this is soon.
const SOON: SignedDuration = SignedDuration::from_hours(24);

/// No more news than this are counted.
pub const NEWS: usize = 100;

/// A part of the held mails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Part {
    /// What waits for the person's decision.
    #[default]
    Waiting,
    /// What waits for others, as far as the person may see it.
    Others,
    /// What the person sent, whatever became of it.
    Own,
    /// What is decided.
    Done,
}

/// What a person wants to see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    /// Of which part.
    pub part: Part,
    /// In which order; the part's own if not said, or if the part has not got that one.
    pub order: Option<Order>,
    /// Which of them.
    pub only: Only,
    /// Words that stand in the subject, an address, a file's name or a detector's.
    pub words: String,
    /// Where the leaf before ended.
    pub behind: Option<Bookmark>,
}

/// Which mails of a part.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Only {
    /// Those in this state.
    pub state: Option<State>,
    /// Those for which policy decided this.
    pub action: Option<Action>,
    /// Those that wait and whose deadline is soon.
    pub soon: bool,
    /// Those with the data of so many people or more.
    pub persons: u32,
}

/// Where a leaf ended: a place in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bookmark {
    place: i64,
    id: MailId,
}

/// Why a mail is held, in what a line has room for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cause {
    /// Kinds of data whose leak is grave, each once.
    pub grave: Vec<Category>,
    /// What is wrong with those for whom it is held, each once.
    pub checks: Vec<Check>,
    /// Why something was not read, each once.
    pub unread: Vec<Reason>,
}

/// Some lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// At most [`LEAF`], in the order of the part.
    pub lines: Vec<Line>,
    /// Where the next one begins, if there is more.
    pub next: Option<Bookmark>,
}

impl std::fmt::Display for Bookmark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.place, self.id)
    }
}

impl std::str::FromStr for Bookmark {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (place, id) = text.split_once('-').ok_or(())?;
        Ok(Self { place: place.parse().map_err(|_| ())?, id: MailId(id.to_owned()) })
    }
}

impl Part {
    fn shelf(self) -> Shelf {
        match self {
            Self::Waiting | Self::Others => Shelf::Waiting,
            Self::Own => Shelf::All,
            Self::Done => Shelf::Ended,
        }
    }

    /// The orders that it has, its own first. Each is a walk along an index.
    pub fn orders(self) -> &'static [Order] {
        match self {
            Self::Waiting | Self::Others => &[Order::Deadline, Order::Arrival, Order::Persons],
            Self::Own => &[Order::Arrival],
            Self::Done => &[Order::Change, Order::Arrival, Order::Persons],
        }
    }

    /// Its order that is `wished` for, or its own.
    pub fn order(self, wished: Option<Order>) -> Order {
        let orders = self.orders();
        let known = wished.filter(|order| orders.contains(order));
        known.or(orders.first().copied()).unwrap_or(Order::Arrival)
    }
}

impl Hold {
    /// The next leaf of what `who` wishes to see; what is not theirs does not exist for them.
    pub async fn leaf(&self, who: &Address, wish: &Wish, now: Timestamp) -> Result<Leaf, HoldError> {
        let words: Vec<&str> = wish.words.split_whitespace().take(WORDS).collect();
        let own = self.own_addresses(who);
        let of = (wish.part == Part::Own || !self.may_see_others(who)).then_some(&own[..]);
        let order = wish.part.order(wish.order);
        let mut leafing = Leafing {
            shelf: wish.part.shelf(),
            order,
            of,
            sent: wish.part == Part::Own,
            state: wish.only.state,
            action: wish.only.action.map(Action::name),
            persons: wish.only.persons,
            since: None,
            until: wish.only.soon.then(|| now.saturating_add(SOON).unwrap_or(now)),
            words: &words,
            behind: wish.behind.clone().map(|bookmark| (bookmark.place, bookmark.id)),
            limit: CHUNK,
        };
        let mut lines = Vec::new();
        loop {
            let rows = self.store().leaf(&leafing).await?;
            let last = rows.len() < CHUNK as usize;
            for (mail, held, said) in self.with_mails(rows).await? {
                let here = (order.place(&held, mail.persons), held.id.clone());
                let rights = self.rights(who, &mail, &held, &said, now)?;
                let wanted = match wish.part {
                    Part::Waiting => rights.decide,
                    Part::Others => rights.see && !rights.decide,
                    Part::Own => rights.own,
                    Part::Done => rights.see,
                };
                if wanted {
                    if lines.len() == LEAF {
                        return Ok(Leaf { lines, next: leafing.behind.map(|(place, id)| Bookmark { place, id }) });
                    }
                    let cause = cause(&mail, &held)?;
                    let summary = show::summary(&mail, &held, said)?;
                    let left = summary.expires_at.duration_since(now);
                    let left = (summary.state == State::Pending).then_some(left);
                    lines.push(Line { summary, may_decide: rights.decide, may_withdraw: rights.withdraw, left, cause });
                }
                leafing.behind = Some(here);
            }
            if last {
                return Ok(Leaf { lines, next: None });
            }
        }
    }

    /// How many mails that wait for `who` came after `since`, up to [`NEWS`]. Only those are looked at.
    pub async fn news(&self, who: &Address, since: Timestamp, now: Timestamp) -> Result<usize, HoldError> {
        let own = self.own_addresses(who);
        let leafing = Leafing {
            shelf: Shelf::Waiting,
            order: Order::Arrival,
            of: (!self.may_see_others(who)).then_some(&own[..]),
            sent: false,
            state: None,
            action: None,
            persons: 0,
            since: Some(since),
            until: None,
            words: &[],
            behind: None,
            limit: u32::try_from(NEWS).unwrap_or(u32::MAX),
        };
        let mut news = 0;
        for (mail, held, said) in self.with_mails(self.store().leaf(&leafing).await?).await? {
            news += usize::from(self.rights(who, &mail, &held, &said, now)?.decide);
        }
        Ok(news)
    }

    fn own_addresses(&self, who: &Address) -> Vec<String> {
        self.people().addresses_of(who).iter().map(Address::canonical).collect()
    }

    /// Whether `who` may see mails that they neither sent nor were asked about: by their role, or because policy may
    /// lead to them by now.
    fn may_see_others(&self, who: &Address) -> bool {
        let people = self.people();
        let is = |person: &Address| people.is_one(person, who);
        self.security().iter().chain(&self.inner.settings.approvers).any(is)
            || [Role::Auditor, Role::Approver].iter().any(|&role| people.has_role(who, role))
            || people.groups().any(|(_, members)| members.iter().any(is))
            || people.persons().any(|person| person.manager.as_ref().is_some_and(is))
    }

    /// The same rows with their mails and what was said about them, in the same order.
    pub(super) async fn with_mails(
        &self,
        rows: Vec<HeldRow>,
    ) -> Result<Vec<(Arc<MailRow>, HeldRow, Vec<Approval>)>, HoldError> {
        let ids: Vec<MailId> = rows.iter().map(|row| row.id.clone()).collect();
        let mut said: HashMap<MailId, Vec<Approval>> = HashMap::new();
        for approval in self.store().approvals(&ids).await? {
            said.entry(approval.held_id.clone()).or_default().push(approval);
        }
        let ids: Vec<MailId> = rows.iter().map(|row| row.mail_id.clone()).collect();
        let mails = self.store().mails(&ids).await?;
        let mails: HashMap<MailId, Arc<MailRow>> =
            mails.into_iter().map(|mail| (mail.id.clone(), Arc::new(mail))).collect();
        let whole = rows.into_iter().map(|row| {
            let mail = mails.get(&row.mail_id);
            let mail = mail.ok_or_else(|| HoldError::Row(format!("{} belongs to no mail", row.id)))?;
            let approvals = said.remove(&row.id).unwrap_or_default();
            Ok((Arc::clone(mail), row, approvals))
        });
        whole.collect()
    }
}

/// Why `held` is held. Of what was found only what a line tells is read: an inspection may be long.
fn cause(mail: &MailRow, held: &HeldRow) -> Result<Cause, HoldError> {
    #[derive(Deserialize)]
    struct Inspected {
        findings: Vec<Found>,
        uninspected: Vec<Unread>,
    }
    #[derive(Deserialize)]
    struct Found {
        category: Category,
    }
    #[derive(Deserialize)]
    struct Unread {
        reason: Reason,
    }
    #[derive(Deserialize)]
    struct To {
        address: String,
        #[serde(default)]
        issues: Vec<Wrong>,
    }
    #[derive(Deserialize)]
    struct Wrong {
        check: Check,
    }
    let mut cause = Cause::default();
    let inspected: Inspected = telling::parse(&mail.inspection)?;
    for Found { category } in inspected.findings {
        if is_grave(category) && !cause.grave.contains(&category) {
            cause.grave.push(category);
        }
    }
    cause.grave.sort_unstable();
    for Unread { reason } in inspected.uninspected {
        if !cause.unread.contains(&reason) {
            cause.unread.push(reason);
        }
    }
    let recipients: Vec<To> = telling::parse(&mail.recipients)?;
    let here: HashSet<&str> = held.rcpt_to.iter().map(Address::as_str).collect();
    let concerned = recipients.into_iter().filter(|to| here.contains(to.address.as_str()));
    for Wrong { check } in concerned.flat_map(|to| to.issues) {
        if !cause.checks.contains(&check) {
            cause.checks.push(check);
        }
    }
    Ok(cause)
}

/// Whether a leak of such data is grave however few people it is about.
fn is_grave(category: Category) -> bool {
    match category {
        Category::SpecialCare | Category::Financial | Category::Specific | Category::Credential => true,
        Category::Identity | Category::Contact | Category::Organizational => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{hold::fixture::*, journal::Via, policy::Action};

    async fn part(hold: &Hold, who: &str, part: Part) -> usize {
        let wish = Wish { part, ..Wish::default() };
        hold.leaf(&address(who), &wish, noon()).await.unwrap().lines.len()
    }

    #[tokio::test]
    async fn each_person_sees_what_is_theirs_and_what_they_may_do() {
        let dir = tempfile::tempdir().unwrap();
        let (_, hold) = hold_in(dir.path(), settings()).await;
        let id = hold.take(arrival(vec![group(Action::RequireApproval, &[OUTSIDE])])).await.unwrap().0;
        hold.take(arrival(vec![group(Action::Hold, &["b@x.example.com"])])).await.unwrap();
        let parts = [Part::Waiting, Part::Others, Part::Own, Part::Done];
        for (person, seen) in [
            (SENDER, [0, 2, 2, 0]),
            (BOSS, [1, 0, 0, 0]),
            (SECURITY, [1, 1, 0, 0]),
            ("eve@example.co.jp", [0, 0, 0, 0]),
        ] {
            for (part_of, count) in parts.into_iter().zip(seen) {
                assert_eq!(part(&hold, person, part_of).await, count, "{person} {part_of:?}");
            }
        }
        hold.approve(&id, &address(BOSS), Via::Console, "", noon()).await.unwrap();
        for (person, seen) in [(SENDER, [0, 1, 2, 1]), (BOSS, [0, 0, 0, 1]), ("eve@example.co.jp", [0, 0, 0, 0])] {
            for (part_of, count) in parts.into_iter().zip(seen) {
                assert_eq!(part(&hold, person, part_of).await, count, "{person} {part_of:?} after the decision");
            }
        }
    }

    #[tokio::test]
    async fn leaves_follow_each_other_without_gap_or_repetition_though_most_is_somebody_elses() {
        let dir = tempfile::tempdir().unwrap();
        let (_, hold) = hold_in(dir.path(), settings()).await;
        for number in 0..(2 * LEAF + 3) {
            let action = if number % 2 == 0 { Action::RequireApproval } else { Action::Hold };
            hold.take(arrival(vec![group(action, &[&format!("to{number}@x.example.com")])])).await.unwrap();
        }
        for (person, part, count) in
            [(BOSS, Part::Waiting, LEAF + 2), (SECURITY, Part::Others, LEAF + 2), (SENDER, Part::Own, 2 * LEAF + 3)]
        {
            let (mut wish, mut ids) = (Wish { part, ..Wish::default() }, Vec::new());
            loop {
                let leaf = hold.leaf(&address(person), &wish, noon()).await.unwrap();
                assert!(leaf.lines.len() <= LEAF);
                ids.extend(leaf.lines.into_iter().map(|line| line.summary.id));
                let Some(next) = leaf.next else { break };
                wish.behind = Some(next.to_string().parse().unwrap());
            }
            let seen = ids.len();
            ids.sort();
            ids.dedup();
            assert_eq!((seen, ids.len()), (count, count), "{person}");
        }
    }

    /// Three mails, one after the other: about 5, 2,000 and 0 people; the third is delayed and so has the nearest deadline.
    async fn three(dir: &std::path::Path) -> Hold {
        let ten_days = std::time::Duration::from_secs(10 * 24 * 60 * 60);
        let (_, hold) = hold_in(dir, crate::hold::Settings { expires_after: ten_days, ..settings() }).await;
        for (number, persons, action) in [(0, 5, Action::Hold), (1, 2_000, Action::Hold), (2, 0, Action::Delay)] {
            let mut mail = arrival(vec![group(action, &[&format!("to{number}@x.example.com")])]);
            mail.subject = number.to_string();
            mail.inspection.persons = persons;
            mail.at += SignedDuration::from_mins(number);
            hold.take(mail).await.unwrap();
        }
        hold
    }

    async fn subjects(hold: &Hold, part: Part, order: Option<Order>, only: Only) -> Vec<String> {
        let (who, now) = (address(SECURITY), noon() + SignedDuration::from_mins(5));
        let (mut wish, mut seen) = (Wish { part, order, only, ..Wish::default() }, Vec::new());
        loop {
            let leaf = hold.leaf(&who, &wish, now).await.unwrap();
            seen.extend(leaf.lines.into_iter().map(|line| line.summary.subject));
            let Some(next) = leaf.next else { return seen };
            wish.behind = Some(next.to_string().parse().unwrap());
        }
    }

    #[tokio::test]
    async fn a_part_is_put_in_order_and_narrowed() {
        let dir = tempfile::tempdir().unwrap();
        let hold = three(dir.path()).await;
        let any = Only::default();
        for (order, expected) in [
            (None, ["2", "0", "1"]),
            (Some(Order::Deadline), ["2", "0", "1"]),
            (Some(Order::Arrival), ["2", "1", "0"]),
            (Some(Order::Persons), ["1", "0", "2"]),
            // What waits has not ended; the part's own order instead.
            (Some(Order::Change), ["2", "0", "1"]),
        ] {
            let both =
                [subjects(&hold, Part::Waiting, order, any).await, subjects(&hold, Part::Others, order, any).await];
            let mut seen: Vec<&String> = both.iter().flatten().collect();
            seen.sort_by_key(|subject| expected.iter().position(|one| one == subject));
            assert_eq!(seen, expected, "{order:?}");
            for part in &both {
                let place = |subject: &String| expected.iter().position(|one| one == subject);
                assert!(part.is_sorted_by_key(place), "{order:?}: {part:?}");
            }
        }
        for (only, expected) in [
            (Only { persons: 1, ..any }, vec!["1", "0"]),
            (Only { persons: 1_000, ..any }, vec!["1"]),
            (Only { soon: true, ..any }, vec!["2"]),
            (Only { action: Some(Action::Hold), ..any }, vec!["1", "0"]),
            (Only { action: Some(Action::RequireApproval), ..any }, vec![]),
            (Only { state: Some(State::Expired), ..any }, vec![]),
        ] {
            let mut seen = subjects(&hold, Part::Waiting, Some(Order::Persons), only).await;
            seen.extend(subjects(&hold, Part::Others, Some(Order::Persons), only).await);
            assert_eq!(seen, expected, "{only:?}");
        }
    }

    #[tokio::test]
    async fn only_what_came_since_and_waits_for_the_person_is_news() {
        let dir = tempfile::tempdir().unwrap();
        let hold = three(dir.path()).await;
        let now = noon() + SignedDuration::from_mins(5);
        for (who, minutes, news) in
            [(SECURITY, -1, 2), (SECURITY, 0, 1), (SECURITY, 1, 0), (SENDER, -1, 0), ("eve@example.co.jp", -1, 0)]
        {
            let since = noon() + SignedDuration::from_mins(minutes);
            assert_eq!(hold.news(&address(who), since, now).await.unwrap(), news, "{who} {minutes}");
        }
    }

    #[tokio::test]
    async fn a_line_says_why_its_mail_is_held() {
        let dir = tempfile::tempdir().unwrap();
        let (_, hold) = hold_in(dir.path(), settings()).await;
        let mut mail = arrival(vec![group(Action::Hold, &[OUTSIDE]), group(Action::Delay, &["b@x.example.com"])]);
        let wrong = |check| crate::recipients::Issue::new(check, "x", "x", "x");
        mail.recipients[0].issues = vec![wrong(Check::FirstContact), wrong(Check::FirstContact)];
        mail.recipients[1].issues = vec![wrong(Check::FreeMail)];
        let uninspected = |reason| crate::inspect::Uninspected { place: "a".into(), reason };
        mail.inspection.uninspected = vec![uninspected(Reason::Encrypted), uninspected(Reason::Encrypted)];
        hold.take(mail).await.unwrap();
        let wish = Wish { only: Only { action: Some(Action::Hold), ..Only::default() }, ..Wish::default() };
        let lines = hold.leaf(&address(SECURITY), &wish, noon()).await.unwrap().lines;
        let cause = Cause { grave: vec![], checks: vec![Check::FirstContact], unread: vec![Reason::Encrypted] };
        assert_eq!((lines.len(), &lines[0].cause), (1, &cause));
        assert!(lines[0].left.is_some_and(|left| left.is_positive()));
    }

    #[tokio::test]
    async fn words_are_looked_for_in_what_people_see() {
        let dir = tempfile::tempdir().unwrap();
        let (_, hold) = hold_in(dir.path(), settings()).await;
        // No id has an L or a U, and so none has such a word by chance.
        for (subject, to) in [("見積書の件 Full", "a@kita-hoan.example.com"), ("名簿", "b@minami.example.com")] {
            let mut mail = arrival(vec![group(Action::Hold, &[to])]);
            mail.subject = subject.to_owned();
            mail.message = crate::mail::Message::new(format!("Subject: {to}\r\n\r\n").into_bytes());
            hold.take(mail).await.unwrap();
        }
        for (words, count) in [
            ("", 2),
            ("見積書", 1),
            ("KITA-hoan", 1),
            ("full kita", 1),
            ("full minami", 0),
            ("taro@", 2),
            ("%", 0),
            ("' OR 1 --", 0),
        ] {
            let wish = Wish { words: words.to_owned(), ..Wish::default() };
            let leaf = hold.leaf(&address(SECURITY), &wish, noon()).await.unwrap();
            assert_eq!(leaf.lines.len(), count, "{words:?}");
        }
    }
}
