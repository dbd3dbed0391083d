//! The keys of a `[[policy]]` table beside its action, and whether they can be carried out.
//!
//! In: the keys as they are written ([`RawDuties`]). Out: [`Ordered`], by which a rule has its [`Duties`] for a mail that came
//! at some time; or what is wrong, and how to mend it: nothing is passed over in silence.
//! Deliberately absent: what several rules order together (`duty`), and carrying it out (`hold`, `mail::edit`).

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use serde::Deserialize;

use super::{
    Action,
    calendar::Calendar,
    duty::{Approver, Duties, Escalation, Level},
    wait::{Wait, seconds},
};
use crate::{
    language::Text,
    mail::edit::{self, Edits},
};

/// A tag is read by people in a list of mails.
const TAG: usize = 40;

/// How many people may be asked to say yes on one level.
const MOST: u8 = 9;

/// How many levels there may be.
const LEVELS: usize = 5;

/// What a rule orders, as it is written.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn duties(toml: &str, action: Action) -> Result<Ordered, String> {
        toml::from_str::<RawDuties>(toml).unwrap().check(action)
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
}
