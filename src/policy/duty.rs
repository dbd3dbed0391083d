//! What a rule orders beside its action: who decides, how long a mail waits, what people are told, header edits.
//!
//! In: keys of a `[[policy]]` table. Out: [`Duties`] of one rule, and [`Orders`] of all that matched, by which the mail is
//! dealt with. The strictest wins, in whatever order the rules stand:
//!
//! | of several rules that decide | what counts |
//! |---|---|
//! | `delay` | the longest |
//! | `deadline` | the shortest |
//! | `approvers` | those whom all rules name that name any; the security team if they have nobody in common |
//! | `bcc`, `tag_subject`, `add_header`, of every matching rule | all of them |
//! | `notice`, of every matching rule | all of them, each with its reason |
//!
//! What cannot be carried out is refused when rules are loaded; nothing here is passed over in silence.
//! Deliberately absent: carrying it out (`hold`, `mail::edit`).

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::DateTime;
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

/// What one rule orders beside its action.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Duties {
    /// Who decides; whoever the action asks if empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub approvers: Vec<Approver>,
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

/// What is ordered for the recipients of a group by all its rules together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Orders {
    /// Who decides; whoever the action asks if nothing is said.
    pub approvers: Option<Vec<Approver>>,
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
    /// This person.
    Person(Address),
}

impl TryFrom<String> for Approver {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "security" => Ok(Self::Security),
            "manager" => {
                Err("the route `manager` needs a directory, which this version does not read; name \"security\" \
                              or people"
                    .to_owned())
            }
            group if group.starts_with("group:") => Err(format!(
                "the route `{group}` needs a directory, which this version does not read; name \"security\" or people"
            )),
            person => Address::parse(person)
                .map(Self::Person)
                .map_err(|error| format!("`{person}` is no approver ({error}); write \"security\" or a mail address")),
        }
    }
}

impl From<Approver> for String {
    fn from(approver: Approver) -> Self {
        match approver {
            Approver::Security => "security".to_owned(),
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
    pub(super) delay: Option<String>,
    pub(super) deadline: Option<String>,
    pub(super) notice: Option<Text>,
    pub(super) bcc: bool,
    pub(super) add_header: BTreeMap<String, String>,
    pub(super) tag_subject: Option<String>,
}

/// The same checked; a deadline in business time becomes seconds only when a mail is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Ordered {
    approvers: Vec<Approver>,
    delay: Option<u32>,
    deadline: Option<Deadline>,
    notice: Option<Text>,
    pub(super) edits: Edits,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deadline {
    Seconds(u32),
    BusinessDays(u32),
    BusinessHours(u32),
}

impl RawDuties {
    /// Checked against the action, or what is wrong.
    pub(super) fn check(self, action: Action) -> Result<Ordered, String> {
        let decided = matches!(action, Action::Hold | Action::RequireApproval);
        if !decided && (self.approvers.is_some() || self.approvals.is_some() || self.deadline.is_some()) {
            return Err(format!(
                "approvers, approvals and deadline go with hold and require_approval, not with {action}; drop them"
            ));
        }
        if action != Action::Delay && self.delay.is_some() {
            return Err(format!("delay goes with the action delay, not with {action}; drop it"));
        }
        if let Some(approvals) = self.approvals.filter(|approvals| *approvals != 1) {
            return Err(format!(
                "approvals = {approvals}: in this version one person decides; write 1 or leave it out"
            ));
        }
        let approvers = self.approvers.unwrap_or_default();
        let approvers = approvers.into_iter().map(Approver::try_from).collect::<Result<Vec<_>, _>>()?;
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
            delay: self.delay.as_deref().map(seconds).transpose()?,
            deadline: self.deadline.as_deref().map(Deadline::parse).transpose()?,
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
    /// For a mail that came at `at`.
    pub(super) fn at(&self, at: DateTime, calendar: &Calendar) -> Duties {
        Duties {
            approvers: self.approvers.clone(),
            delay: self.delay,
            deadline: self.deadline.map(|deadline| deadline.after(at, calendar)),
            notice: self.notice.clone(),
            edits: self.edits.clone(),
        }
    }
}

impl Deadline {
    fn parse(text: &str) -> Result<Self, String> {
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
                "`{text}` is no deadline; write \"48h\", \"2 business days\" or \"16 business hours\", at most 366d"
            )
        })
    }

    fn after(self, at: DateTime, calendar: &Calendar) -> u32 {
        let wait = match self {
            Self::Seconds(seconds) => return seconds,
            Self::BusinessDays(days) => calendar.business_days(at, days),
            Self::BusinessHours(hours) => calendar.business_hours(at, hours),
        };
        u32::try_from(wait.as_secs()).unwrap_or(u32::MAX)
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

impl Orders {
    /// What `matched` order together for recipients for whom `action` was decided.
    pub fn of(action: Action, matched: &[Matched]) -> Self {
        let mut orders = Self::default();
        for reason in matched {
            orders.edits = orders.edits.and(&reason.duties.edits);
        }
        for Duties { approvers, delay, deadline, .. } in
            matched.iter().filter(|reason| reason.action == action).map(|reason| &reason.duties)
        {
            orders.delay = orders.delay.max(*delay);
            orders.deadline = orders.deadline.into_iter().chain(*deadline).min();
            if !approvers.is_empty() {
                let common = |approver: &Approver| orders.approvers.as_ref().is_none_or(|all| all.contains(approver));
                orders.approvers = Some(approvers.iter().filter(|approver| common(approver)).cloned().collect());
            }
        }
        if let Some(approvers) = &mut orders.approvers {
            let names: BTreeSet<String> = approvers.drain(..).map(String::from).collect();
            approvers.extend(names.into_iter().filter_map(|name| Approver::try_from(name).ok()));
            if approvers.is_empty() {
                approvers.push(Approver::Security);
            }
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

    fn names(orders: &Orders) -> Option<Vec<String>> {
        orders.approvers.clone().map(|all| all.into_iter().map(String::from).collect())
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
            assert_eq!((delay.delay, delay.edits.tags.len(), delay.approvers), (Some(3_600), 1, None));
            let hold = of(Hold, &holds);
            assert_eq!(names(&hold), Some(vec!["a@x.jp".to_owned()]));
            // From Friday evening: 48 hours end before two business days do.
            assert_eq!((hold.deadline, hold.delay), (Some(48 * 3_600), None));
            assert_eq!((hold.edits.bcc, hold.edits.tags.len(), hold.edits.headers.len()), (true, 1, 1));
            assert_eq!(names(&of(RequireApproval, &strangers)), Some(vec!["security".to_owned()]));
        }
    }

    #[test]
    fn what_cannot_be_carried_out_is_refused() {
        use Action::{Delay, Forward, Hold, Reject, RequireApproval};
        for (toml, action, why) in [
            ("approvers = [\"manager\"]", RequireApproval, "the route `manager` needs a directory"),
            ("approvers = [\"group:legal\"]", Hold, "the route `group:legal` needs a directory"),
            ("approvers = [\"boss\"]", Hold, "`boss` is no approver"),
            ("approvers = [\"security\"]", Delay, "go with hold and require_approval"),
            ("approvals = 2", RequireApproval, "in this version one person decides"),
            ("delay = \"10m\"", Hold, "delay goes with the action delay"),
            ("delay = \"0s\"", Delay, "out of bounds"),
            ("deadline = \"soon\"", Hold, "`soon` is no deadline"),
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
}
