//! The held mails as one person leafs through them: what waits for them, what waits for others, their own, what is done.
//!
//! In: who asks, a [`Wish`]. Out: a [`Leaf`], some lines at a time, and where the next one begins; how many came since a
//! leaf was shown. Mails are looked at only until a leaf is full, so that ten thousand that wait cost no more than fifty.
//! Deliberately absent: pages, and the proof that the person is who they say.

use std::{collections::HashMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use super::{Hold, HoldError, cause::cause, person::Line, show};
use crate::{
    directory::Role,
    mail::{Address, MailId},
    policy::Action,
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

#[cfg(test)]
mod tests;
