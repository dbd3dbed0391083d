//! What a rule orders beside its action: who decides, how long a mail waits, what people are told, header edits.
//!
//! In: the [`Duties`] of each rule that matched. Out: [`Orders`] of all of them, by which the mail is dealt with. The strictest wins, in whatever order the rules stand:
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
//! Deliberately absent: how it is written, and what cannot be carried out (`duty_keys`); carrying it out (`hold`, `mail::edit`).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Action, Group, Matched};
use crate::{
    language::Text,
    mail::{Address, edit::Edits},
};

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

/// For levels that were written down before there were several approvals.
fn one() -> u8 {
    1
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
    use crate::policy::{Calendar, duty_keys::RawDuties};

    fn matched(action: Action, toml: &str) -> Matched {
        let at = jiff::civil::date(2026, 11, 20).at(17, 0, 0, 0);
        let ordered = toml::from_str::<RawDuties>(toml).unwrap().check(action).unwrap();
        let duties = ordered.at(at, &Calendar::default());
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
