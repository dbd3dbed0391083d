//! One policy rule: what is written in TOML, and whether it matches.
//!
//! In: one `[[policy]]` table. Out: a checked [`Rule`], or what is wrong with it: no examples, a contradiction, an order
//! that nobody can carry out. A rule matches when `when` is true and `unless` is not: an exemption must be certain. Where
//! `when` is unknown, because a part of the mail was not read, the rule is noted as undecided, or matches all the same if
//! it says `if_unknown = "match"`.
//! Deliberately absent: which rule wins (`decide`); a rule can only add a reason to stop.

use serde::{Deserialize, Serialize};

use super::{
    Action,
    condition::{Asked, Condition, World},
    crowd::Crowd,
    duty_keys::{Ordered, RawDuties, RawEscalation, RawLevel},
    example::Example,
    mail::{Mail, To},
    truth::Truth,
};
use crate::{language::Text, written};

/// What an organisation may not call its own rule: the reason that `policy.default` gives.
pub(super) const DEFAULT_ID: &str = "default";

/// Whether a rule acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It does.
    #[default]
    Enforce,
    /// It only says what it would do.
    Report,
}

/// What unknown means to a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum IfUnknown {
    #[default]
    Pass,
    Match,
}

/// A rule that can decide.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rule {
    pub(super) id: String,
    pub(super) title: Text,
    pub(super) action: Action,
    pub(super) mode: Mode,
    pub(super) when: Condition,
    pub(super) unless: Option<Condition>,
    pub(super) if_unknown: IfUnknown,
    pub(super) orders: Ordered,
    pub(super) examples: usize,
}

/// `[[policy]]` as it is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRule {
    pub(super) id: String,
    #[serde(default = "yes")]
    pub(super) enabled: bool,
    title: Option<Text>,
    action: Option<Action>,
    #[serde(default)]
    mode: Mode,
    #[serde(default)]
    when: Condition,
    unless: Option<Condition>,
    #[serde(default)]
    if_unknown: IfUnknown,
    approvers: Option<Vec<String>>,
    approvals: Option<u32>,
    then: Option<Vec<RawLevel>>,
    remind: Option<String>,
    escalate: Option<RawEscalation>,
    #[serde(default)]
    self_release: bool,
    #[serde(default)]
    second_factor: bool,
    delay: Option<String>,
    deadline: Option<String>,
    notice: Option<Text>,
    #[serde(default)]
    bcc: bool,
    #[serde(default)]
    add_header: std::collections::BTreeMap<String, String>,
    tag_subject: Option<String>,
    #[serde(default)]
    must_match: Vec<Example>,
    #[serde(default)]
    must_not_match: Vec<Example>,
}

impl RawRule {
    /// The checked rule, or what is wrong and how to mend it. Its examples run in `world`.
    pub(super) fn check(self, world: &World) -> Result<Rule, String> {
        let id = &self.id;
        if !is_id(id) {
            return Err(format!("`{id}` is no rule id; use lower-case letters, digits and hyphens"));
        }
        if id == DEFAULT_ID {
            return Err(format!("`{DEFAULT_ID}` is what policy.default is called as a reason; choose another id"));
        }
        let Some(title) = self.title else {
            return Err(format!("rule `{id}` has no title; say in ja and en why it stops a mail"));
        };
        if title.ja.trim().is_empty() || title.en.trim().is_empty() {
            return Err(format!("rule `{id}` has an empty title; say in ja and en why it stops a mail"));
        }
        let Some(action) = self.action else {
            return Err(format!("rule `{id}` has no action; choose delay, hold, require_approval or reject"));
        };
        let duties = RawDuties {
            approvers: self.approvers,
            approvals: self.approvals,
            then: self.then,
            remind: self.remind,
            escalate: self.escalate,
            self_release: self.self_release,
            second_factor: self.second_factor,
            delay: self.delay,
            deadline: self.deadline,
            notice: self.notice,
            bcc: self.bcc,
            add_header: self.add_header,
            tag_subject: self.tag_subject,
        };
        let orders = duties.check(action).map_err(|why| format!("rule `{id}`: {why}"))?;
        if action == Action::Forward && orders.edits.is_empty() {
            return Err(format!(
                "rule `{id}` can never decide: `forward` is the mildest action and the most severe wins; narrow the \
                 rule that stops the mail instead"
            ));
        }
        if let Some(why) = self.when.contradiction() {
            return Err(format!("rule `{id}` can never match: {why}"));
        }
        if let Some(unless) = &self.unless {
            if *unless == Condition::default() {
                return Err(format!("rule `{id}` can never match: unless exempts every mail; say which, or drop it"));
            }
            if let Some(why) = unless.contradiction() {
                return Err(format!("rule `{id}` has an exemption that never applies: {why}"));
            }
        }
        if self.must_match.is_empty() || self.must_not_match.is_empty() {
            return Err(format!(
                "rule `{id}` has no examples of both kinds; add at least one must_match and one must_not_match"
            ));
        }
        let rule = Rule {
            id: self.id,
            title,
            action,
            mode: self.mode,
            when: self.when,
            unless: self.unless,
            if_unknown: self.if_unknown,
            orders,
            examples: self.must_match.len() + self.must_not_match.len(),
        };
        if let Some(why) = rule.unknown_list(world) {
            return Err(why);
        }
        rule.run(&self.must_match, true, world)?;
        rule.run(&self.must_not_match, false, world)?;
        Ok(rule)
    }
}

/// A rule of which everything is answered but what differs between recipients.
pub(super) struct Question<'a> {
    pub(super) rule: &'a Rule,
    when: Asked<'a>,
    unless: Option<Asked<'a>>,
}

impl Rule {
    /// Asks what is the same for all recipients.
    pub(super) fn ask<'a>(&'a self, mail: &Mail, world: &'a World) -> Question<'a> {
        Question {
            rule: self,
            when: self.when.ask(mail, world),
            unless: self.unless.as_ref().map(|unless| unless.ask(mail, world)),
        }
    }

    /// Both conditions of it and of their groups.
    pub(super) fn conditions(&self) -> Vec<&Condition> {
        let mut all = Vec::new();
        for condition in std::iter::once(&self.when).chain(&self.unless) {
            condition.walk(&mut |condition| all.push(condition));
        }
        all
    }

    /// A list that it names and nobody wrote.
    fn unknown_list(&self, world: &World) -> Option<String> {
        let conditions = self.conditions();
        let whos = conditions
            .iter()
            .flat_map(|condition| condition.recipient.iter().chain(condition.recipients.iter().flat_map(Crowd::each)));
        let named = whos.flat_map(|who| who.lists.iter().flatten());
        let senders = conditions.iter().flat_map(|condition| &condition.sender);
        let mut named = named.chain(senders.flat_map(|sender| sender.lists.iter().flatten()));
        let unknown = named.find(|id| !world.lists.contains_key(*id))?;
        let hint = written::did_you_mean(unknown, world.lists.keys().map(String::as_str));
        Some(format!("rule `{}` names the list `{unknown}`, which there is not{hint}; add it as a [[list]]", self.id))
    }

    fn run(&self, examples: &[Example], expected: bool, world: &World) -> Result<(), String> {
        for (number, example) in examples.iter().enumerate() {
            let mail = example.mail();
            let question = self.ask(&mail, world);
            // The first recipient is the one in question.
            if mail.recipients.first().is_some_and(|to| (question.answer(to) == Truth::True) != expected) {
                return Err(format!(
                    "rule `{}`: {} example {} ({}) {}; mend the rule or the example",
                    self.id,
                    if expected { "must_match" } else { "must_not_match" },
                    number + 1,
                    example.what(),
                    if expected { "does not match" } else { "matches" },
                ));
            }
        }
        Ok(())
    }
}

impl Question<'_> {
    /// Whether the rule matches for this recipient; unknown if that cannot be decided.
    pub(super) fn answer(&self, to: &To) -> Truth {
        let when = match (self.when.of(to), self.rule.if_unknown) {
            (Truth::Unknown, IfUnknown::Match) => Truth::True,
            (when, _) => when,
        };
        let exempt = when != Truth::False && self.unless.as_ref().is_some_and(|unless| unless.of(to) == Truth::True);
        if exempt { Truth::False } else { when }
    }
}

pub(super) fn is_id(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn yes() -> bool {
    true
}
