//! What a rule orders beside its action: who decides, how long a mail waits, what people are told, header edits.
//!
//! In: keys of a `[[policy]]` table. Out: [`Duties`] of one rule, and [`Orders`] of all that matched, by which the mail is
//! dealt with. The strictest wins, in whatever order the rules stand:
//!
//! | of several rules that decide | what counts |
//! |---|---|
//! | `delay` | the longest |
//! | `deadline` | the shortest |
//! | `approvers`, `then` | level by level, those whom all rules name that name any; the security team if they have nobody in common |
//! | `approvals` | the most |
//! | `remind`, `escalate` | the earliest |
//! | `self_release` | only what all of them allow |
//! | `second_factor` | what one of them wants |
//! | `bcc`, `tag_subject`, `add_header`, of every matching rule | all of them |
//! | `notice`, of every matching rule | all of them, each with its reason |
//!
//! What cannot be carried out is refused when rules are loaded; nothing here is passed over in silence.
//! Deliberately absent: carrying it out (`hold`, `mail::edit`).

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, civil::DateTime};
use serde::{Deserialize, Serialize};

use super::{Action, Group, Matched, calendar::Calendar};
use crate::{
    language::Text,
    mail::{
        Address,
        edit::{self, Edits},
    },
    written,
};

/// A tag is read by people in a list of mails.
const TAG: usize = 40;

/// How many people may be asked to say yes on one level.
const MOST: u8 = 9;

/// How many levels there may be.
const LEVELS: usize = 5;

/// How often somebody is reminded of one mail.
const REMINDERS: usize = 3;

/// What one rule orders beside its action.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Duties {
    /// Who decides; whoever the action asks if empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub approvers: Vec<Approver>,
    /// How many of them; one if not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approvals: Option<u8>,
    /// Who decides after them, level by level.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub then: Vec<Level>,
    /// So many seconds after it came, those who have not decided are reminded; each time in ascending order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remind: Vec<u32>,
    /// Who is asked as well when nobody has decided for some time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub escalate: Option<Escalation>,
    /// Whether the sender may let it go alone, having looked again and said why.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub self_release: bool,
    /// Whether it is approved only by whoever has logged in with two factors.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub second_factor: bool,
    /// For so many seconds a delayed mail waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay: Option<u32>,
    /// So many seconds after it came, a held mail goes back to its sender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<u32>,
    /// What people are told beside the title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notice: Option<Text>,
    /// What is changed in the header of the mail when it goes out.
    #[serde(skip_serializing_if = "Edits::is_empty")]
    pub edits: Edits,
}

/// One level of approval: some of several people, before the next level is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level {
    /// Who decides.
    pub approvers: Vec<Approver>,
    /// How many of them must say yes.
    #[serde(default = "one")]
    pub approvals: u8,
}

/// Who is asked as well, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalation {
    /// So many seconds after it came.
    pub after: u32,
    /// These.
    pub to: Vec<Approver>,
}

/// What is ordered for the recipients of a group by all its rules together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Orders {
    /// Who decides, level by level; never empty. A level that names nobody is for whoever the action asks.
    pub levels: Vec<Level>,
    /// So many seconds after it came, those who have not decided are reminded.
    pub remind: Vec<u32>,
    /// Who is asked as well when nobody has decided for some time.
    pub escalate: Option<Escalation>,
    /// Whether the sender may let it go alone.
    pub self_release: bool,
    /// Whether it is approved only by whoever has logged in with two factors.
    pub second_factor: bool,
    /// For so many seconds a delayed mail waits.
    pub delay: Option<u32>,
    /// So many seconds after it came, a held mail goes back to its sender.
    pub deadline: Option<u32>,
    /// What is changed in the header.
    pub edits: Edits,
}

/// Who decides about a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Approver {
    /// The security team (`approval.security`).
    Security,
    /// To whom the sender reports, by the directory.
    Manager,
    /// A group of the directory.
    Group(String),
    /// This person.
    Person(Address),
}

impl TryFrom<String> for Approver {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if let Some(group) = text.strip_prefix("group:") {
            let group = group.trim();
            return if group.is_empty() {
                Err("`group:` names no group; write \"group:legal\"".to_owned())
            } else {
                Ok(Self::Group(group.to_owned()))
            };
        }
        match text.as_str() {
            "security" => Ok(Self::Security),
            "manager" => Ok(Self::Manager),
            person => Address::parse(person).map(Self::Person).map_err(|error| {
                format!(
                    "`{person}` is no approver ({error}); write \"manager\", \"security\", \"group:NAME\" or a mail address"
                )
            }),
        }
    }
}

impl From<Approver> for String {
    fn from(approver: Approver) -> Self {
        match approver {
            Approver::Security => "security".to_owned(),
            Approver::Manager => "manager".to_owned(),
            Approver::Group(name) => format!("group:{name}"),
            Approver::Person(address) => address.as_str().to_owned(),
        }
    }
}

/// The same as it is written.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct RawDuties {
    pub(super) approvers: Option<Vec<String>>,
    pub(super) approvals: Option<u32>,
    pub(super) then: Option<Vec<RawLevel>>,
    pub(super) remind: Option<String>,
    pub(super) escalate: Option<RawEscalation>,
    pub(super) self_release: bool,
    pub(super) second_factor: bool,
    pub(super) delay: Option<String>,
    pub(super) deadline: Option<String>,
    pub(super) notice: Option<Text>,
    pub(super) bcc: bool,
    pub(super) add_header: BTreeMap<String, String>,
    pub(super) tag_subject: Option<String>,
}

/// A further level: who, or who and how many of them.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub(super) enum RawLevel {
    Any(Vec<String>),
    Some { approvers: Vec<String>, approvals: u32 },
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawEscalation {
    after: String,
    to: Vec<String>,
}

/// The same checked; what is in business time becomes seconds only when a mail is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Ordered {
    approvers: Vec<Approver>,
    approvals: Option<u8>,
    then: Vec<Level>,
    remind: Option<Wait>,
    escalate: Option<(Wait, Vec<Approver>)>,
    self_release: bool,
    second_factor: bool,
    delay: Option<u32>,
    deadline: Option<Wait>,
    notice: Option<Text>,
    pub(super) edits: Edits,
}

/// How long something may take, on the clock or in business time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    /// On the clock.
    Seconds(u32),
    /// To the same time of day, so many business days later.
    BusinessDays(u32),
    /// Until so many hours of business have passed.
    BusinessHours(u32),
}

impl RawDuties {
    /// Checked against the action, or what is wrong.
    pub(super) fn check(self, action: Action) -> Result<Ordered, String> {
        let decided = matches!(action, Action::Hold | Action::RequireApproval);
        let asks = self.approvers.is_some() || self.approvals.is_some() || self.then.is_some();
        let nudges = self.remind.is_some() || self.escalate.is_some();
        let how = self.self_release || self.second_factor;
        if !decided && (asks || nudges || how || self.deadline.is_some()) {
            return Err(format!(
                "approvers, approvals, then, remind, escalate, self_release, second_factor and deadline go with hold and \
                 require_approval, not with {action}; drop them"
            ));
        }
        if self.self_release && self.second_factor {
            return Err(
                "second_factor asks more of whoever approves than self_release of the sender; drop one of them"
                    .to_owned(),
            );
        }
        if action != Action::Delay && self.delay.is_some() {
            return Err(format!("delay goes with the action delay, not with {action}; drop it"));
        }
        let approvals = self.approvals.map(count).transpose()?;
        let approvers = named(self.approvers.unwrap_or_default())?;
        let then: Vec<Level> =
            self.then.unwrap_or_default().into_iter().map(RawLevel::check).collect::<Result<_, _>>()?;
        if then.len() >= LEVELS {
            return Err(format!("then has more than {} levels; nobody waits for so many", LEVELS - 1));
        }
        let escalate = self.escalate.map(RawEscalation::check).transpose()?;
        if let Some(notice) = &self.notice
            && (notice.ja.trim().is_empty() || notice.en.trim().is_empty())
        {
            return Err("the notice is empty; write it in ja and en".to_owned());
        }
        if action == Action::Reject && (self.bcc || self.tag_subject.is_some() || !self.add_header.is_empty()) {
            return Err("a mail that is refused has no header to edit; drop bcc, tag_subject and add_header".to_owned());
        }
        for (name, value) in &self.add_header {
            edit::addable(name)?;
            if value.trim().is_empty() || value.chars().any(char::is_control) || value.len() > 500 {
                return Err(format!("add_header: the value of `{name}` is empty, too long or not one line; mend it"));
            }
        }
        if let Some(tag) = &self.tag_subject
            && (tag.trim().is_empty() || tag.chars().any(char::is_control) || tag.chars().count() > TAG)
        {
            return Err(format!("tag_subject is empty, not one line, or longer than {TAG} characters; mend it"));
        }
        Ok(Ordered {
            approvers,
            approvals,
            then,
            remind: self.remind.as_deref().map(Wait::parse).transpose()?,
            escalate,
            self_release: self.self_release,
            second_factor: self.second_factor,
            delay: self.delay.as_deref().map(seconds).transpose()?,
            deadline: self.deadline.as_deref().map(Wait::parse).transpose()?,
            notice: self.notice,
            edits: Edits {
                bcc: self.bcc,
                tags: self.tag_subject.map(|tag| tag.trim().to_owned()).into_iter().collect(),
                headers: self.add_header.into_iter().map(|(name, value)| (name, value.trim().to_owned())).collect(),
            },
        })
    }
}

impl Ordered {
    /// Everybody who is ever asked.
    pub(super) fn approvers(&self) -> impl Iterator<Item = &Approver> {
        let then = self.then.iter().flat_map(|level| &level.approvers);
        self.approvers.iter().chain(then).chain(self.escalate.iter().flat_map(|(_, to)| to))
    }

    /// For a mail that came at `at`.
    pub(super) fn at(&self, at: DateTime, calendar: &Calendar) -> Duties {
        Duties {
            approvers: self.approvers.clone(),
            approvals: self.approvals,
            then: self.then.clone(),
            remind: self.remind.map(|wait| wait.repeatedly(at, calendar)).unwrap_or_default(),
            escalate: (self.escalate.as_ref())
                .map(|(wait, to)| Escalation { after: wait.after(at, calendar), to: to.clone() }),
            self_release: self.self_release,
            second_factor: self.second_factor,
            delay: self.delay,
            deadline: self.deadline.map(|deadline| deadline.after(at, calendar)),
            notice: self.notice.clone(),
            edits: self.edits.clone(),
        }
    }
}

impl RawLevel {
    fn check(self) -> Result<Level, String> {
        let (approvers, approvals) = match self {
            Self::Any(approvers) => (approvers, 1),
            Self::Some { approvers, approvals } => (approvers, approvals),
        };
        if approvers.is_empty() {
            return Err("a level of `then` names nobody; name approvers or drop it".to_owned());
        }
        Ok(Level { approvers: named(approvers)?, approvals: count(approvals)? })
    }
}

impl RawEscalation {
    fn check(self) -> Result<(Wait, Vec<Approver>), String> {
        if self.to.is_empty() {
            return Err("escalate asks nobody; name them, as in to = [\"security\"]".to_owned());
        }
        Ok((Wait::parse(&self.after)?, named(self.to)?))
    }
}

fn named(list: Vec<String>) -> Result<Vec<Approver>, String> {
    list.into_iter().map(Approver::try_from).collect()
}

fn count(approvals: u32) -> Result<u8, String> {
    u8::try_from(approvals)
        .ok()
        .filter(|approvals| (1..=MOST).contains(approvals))
        .ok_or_else(|| format!("approvals = {approvals} is out of bounds; write a number from 1 to {MOST}"))
}

/// For levels that were written down before there were several approvals.
fn one() -> u8 {
    1
}

impl Wait {
    /// Reads `48h`, `2 business days` or `16 business hours`.
    ///
    /// # Errors
    /// It is none of those; and how to write it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let business = |unit: &str| -> Option<u32> {
            let number = text.strip_suffix(unit).or_else(|| text.strip_suffix(unit.trim_end_matches('s')))?;
            number.trim_end().parse().ok().filter(|number| (1..=1_000).contains(number))
        };
        if let Some(days) = business("business days") {
            return Ok(Self::BusinessDays(days));
        }
        if let Some(hours) = business("business hours") {
            return Ok(Self::BusinessHours(hours));
        }
        seconds(text).map(Self::Seconds).map_err(|_| {
            format!(
                "`{text}` is no length of time; write \"48h\", \"2 business days\" or \"16 business hours\", at most 366d"
            )
        })
    }

    /// In seconds, from `at` on.
    pub fn after(self, at: DateTime, calendar: &Calendar) -> u32 {
        let wait = match self {
            Self::Seconds(seconds) => return seconds,
            Self::BusinessDays(days) => calendar.business_days(at, days),
            Self::BusinessHours(hours) => calendar.business_hours(at, hours),
        };
        u32::try_from(wait.as_secs()).unwrap_or(u32::MAX)
    }

    /// Again and again, each time in seconds from `at` on. After a few times nobody listens any more.
    pub fn repeatedly(self, at: DateTime, calendar: &Calendar) -> Vec<u32> {
        let mut times: Vec<u32> = Vec::with_capacity(REMINDERS);
        for _ in 0..REMINDERS {
            let last = times.last().copied().unwrap_or(0);
            let from = at.saturating_add(SignedDuration::from_secs(i64::from(last)));
            times.push(last.saturating_add(self.after(from, calendar)));
        }
        times
    }
}

fn seconds(text: &str) -> Result<u32, String> {
    let seconds = written::duration(text)?.as_secs();
    u32::try_from(seconds)
        .ok()
        .filter(|seconds| (1..=366 * 86_400).contains(seconds))
        .ok_or_else(|| format!("`{text}` is out of bounds; write a duration from 1s to 366d"))
}

impl Duties {
    /// Whether nothing is ordered.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Group {
    /// What its rules order together.
    pub fn orders(&self) -> Orders {
        Orders::of(self.action, &self.matched)
    }
}

impl Level {
    /// Both together: who is in both that name somebody, and the more of them.
    fn join(&mut self, other: &Self) {
        self.approvals = self.approvals.max(other.approvals);
        if self.approvers.is_empty() {
            self.approvers.clone_from(&other.approvers);
        } else if !other.approvers.is_empty() {
            self.approvers.retain(|approver| other.approvers.contains(approver));
            if self.approvers.is_empty() {
                self.approvers.push(Approver::Security);
            }
        }
    }
}

impl Orders {
    /// What `matched` order together for recipients for whom `action` was decided.
    pub fn of(action: Action, matched: &[Matched]) -> Self {
        let mut orders = Self::default();
        for reason in matched {
            orders.edits = orders.edits.and(&reason.duties.edits);
        }
        let mut deciding =
            matched.iter().filter(|reason| reason.action == action).map(|reason| &reason.duties).peekable();
        orders.self_release = deciding.peek().is_some();
        for duties in deciding {
            orders.delay = orders.delay.max(duties.delay);
            orders.deadline = orders.deadline.into_iter().chain(duties.deadline).min();
            orders.self_release &= duties.self_release;
            orders.second_factor |= duties.second_factor;
            if !duties.remind.is_empty() && (orders.remind.is_empty() || duties.remind < orders.remind) {
                orders.remind.clone_from(&duties.remind);
            }
            if let Some(escalation) = &duties.escalate
                && orders.escalate.as_ref().is_none_or(|known| known.after > escalation.after)
            {
                orders.escalate = Some(escalation.clone());
            }
            let first = Level { approvers: duties.approvers.clone(), approvals: duties.approvals.unwrap_or(1) };
            for (at, level) in std::iter::once(&first).chain(&duties.then).enumerate() {
                match orders.levels.get_mut(at) {
                    Some(known) => known.join(level),
                    None => orders.levels.push(level.clone()),
                }
            }
        }
        if orders.levels.is_empty() {
            orders.levels.push(Level { approvers: Vec::new(), approvals: 1 });
        }
        for level in &mut orders.levels {
            let names: BTreeSet<String> = level.approvers.drain(..).map(String::from).collect();
            level.approvers.extend(names.into_iter().filter_map(|name| Approver::try_from(name).ok()));
        }
        orders
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn duties(toml: &str, action: Action) -> Result<Ordered, String> {
        toml::from_str::<RawDuties>(toml).unwrap().check(action)
    }

    fn matched(action: Action, toml: &str) -> Matched {
        let at = jiff::civil::date(2026, 11, 20).at(17, 0, 0, 0);
        let duties = duties(toml, action).unwrap().at(at, &Calendar::default());
        Matched { rule: toml.to_owned(), action, title: Text { ja: String::new(), en: String::new() }, duties }
    }

    fn names(orders: &Orders) -> Vec<String> {
        orders.levels[0].approvers.iter().cloned().map(String::from).collect()
    }

    #[test]
    fn the_strictest_wins_in_whatever_order() {
        use Action::{Delay, Hold, RequireApproval};
        let delays = [
            matched(Delay, "delay = \"10m\""),
            matched(Delay, "delay = \"1h\""),
            matched(Delay, "tag_subject = \"[A]\""),
        ];
        let holds = [
            matched(Hold, "deadline = \"2 business days\"\napprovers = [\"b@x.jp\", \"a@x.jp\", \"security\"]"),
            matched(Hold, "deadline = \"48h\"\napprovers = [\"c@x.jp\", \"a@x.jp\"]\nbcc = true"),
            matched(Delay, "delay = \"9h\"\nadd_header = { X-A = \"1\" }"),
            matched(Hold, "tag_subject = \"[B]\""),
        ];
        let strangers = [
            matched(RequireApproval, "approvers = [\"a@x.jp\"]"),
            matched(RequireApproval, "approvers = [\"b@x.jp\"]"),
        ];
        for backwards in [false, true] {
            let of = |action, list: &[Matched]| {
                let mut list = list.to_vec();
                if backwards {
                    list.reverse();
                }
                Orders::of(action, &list)
            };
            let delay = of(Delay, &delays);
            assert_eq!((delay.delay, delay.edits.tags.len(), names(&delay).len()), (Some(3_600), 1, 0));
            let hold = of(Hold, &holds);
            assert_eq!(names(&hold), ["a@x.jp"]);
            // From Friday evening: 48 hours end before two business days do.
            assert_eq!((hold.deadline, hold.delay), (Some(48 * 3_600), None));
            assert_eq!((hold.edits.bcc, hold.edits.tags.len(), hold.edits.headers.len()), (true, 1, 1));
            assert_eq!(names(&of(RequireApproval, &strangers)), ["security"]);
        }
    }

    #[test]
    fn what_cannot_be_carried_out_is_refused() {
        use Action::{Delay, Forward, Hold, Reject, RequireApproval};
        for (toml, action, why) in [
            ("approvers = [\"group:\"]", Hold, "`group:` names no group"),
            ("then = [[]]", Hold, "names nobody"),
            ("then = [[\"security\"]]", Delay, "go with hold and require_approval"),
            ("then = [{ approvers = [\"security\"], approvals = 0 }]", Hold, "out of bounds"),
            ("remind = \"often\"", Hold, "`often` is no length of time"),
            ("escalate = { after = \"1h\", to = [] }", Hold, "escalate asks nobody"),
            ("self_release = true", Reject, "go with hold"),
            ("second_factor = true", Delay, "go with hold"),
            ("self_release = true\nsecond_factor = true", Hold, "drop one of them"),
            ("approvers = [\"boss\"]", Hold, "`boss` is no approver"),
            ("approvers = [\"security\"]", Delay, "go with hold and require_approval"),
            ("approvals = 0", RequireApproval, "write a number from 1 to 9"),
            ("delay = \"10m\"", Hold, "delay goes with the action delay"),
            ("delay = \"0s\"", Delay, "out of bounds"),
            ("deadline = \"soon\"", Hold, "`soon` is no length of time"),
            ("deadline = \"2 business days\"", Forward, "go with hold"),
            ("tag_subject = \"\"", Forward, "tag_subject is empty"),
            ("add_header = { Bcc = \"x\" }", Forward, "`Bcc` says what a mail is"),
            ("add_header = { X-A = \"\" }", Forward, "add_header: the value of `X-A`"),
            ("bcc = true", Reject, "has no header to edit"),
            ("notice = { ja = \"\", en = \"\" }", Hold, "the notice is empty"),
        ] {
            let error = duties(toml, action).unwrap_err();
            assert!(error.contains(why) && error.contains("; "), "{toml}: {error}");
        }
        assert!(duties("approvals = 1\ndeadline = \"16 business hours\"", Hold).is_ok());
    }

    #[test]
    fn levels_are_joined_one_by_one_and_reminders_keep_business_hours() {
        use Action::RequireApproval;
        let rules = [
            matched(
                RequireApproval,
                "approvers = [\"manager\", \"group:legal\"]\nthen = [[\"security\"]]\nself_release = true\nremind = \"4 business hours\"",
            ),
            matched(
                RequireApproval,
                "approvers = [\"manager\"]\napprovals = 2\nescalate = { after = \"1 business days\", to = [\"security\"] }",
            ),
        ];
        let orders = Orders::of(RequireApproval, &rules);
        assert_eq!(names(&orders), ["manager"]);
        let counts: Vec<u8> = orders.levels.iter().map(|level| level.approvals).collect();
        assert_eq!(counts, [2, 1]);
        assert!(!orders.self_release, "one of them does not allow it");
        // Friday 20 November 2026, 17:00, then a weekend and a Monday that is a holiday: Tuesday noon, 16:00, Wednesday 11:00.
        let hours: Vec<u32> = orders.remind.iter().map(|seconds| seconds / 3_600).collect();
        assert_eq!(hours, [91, 95, 114]);
        assert_eq!(orders.escalate.map(|escalation| escalation.after / 3_600), Some(96));
        let alone = Orders::of(RequireApproval, &rules[..1]);
        assert!(alone.self_release);
        assert!(!Orders::of(RequireApproval, &[]).self_release, "what nobody ordered nobody allows");
    }

    #[test]
    fn what_an_older_version_wrote_down_is_still_understood() {
        let old: Duties = serde_json::from_str(r#"{"approvers":["security"],"deadline":60}"#).unwrap();
        assert_eq!((old.approvers.len(), old.approvals, old.then.len()), (1, None, 0));
    }
}
