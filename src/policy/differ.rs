//! What is different between two sets of rules, and what they decide about one mail.
//!
//! In: two [`Policies`], and for [`Policies::changed_for`] the facts of a mail. Out: differences, by rule and by
//! recipient. Deliberately absent: the journal and the printing (`cli::rules`).

use super::{Action, Mail, Policies, Verdict, compile::Compiled};
use crate::mail::Address;

/// One rule that is not the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference<'a> {
    /// The rule's id.
    pub id: &'a str,
    /// What it asked for; nothing if it is new.
    pub before: Option<Action>,
    /// What it asks for; nothing if it is gone.
    pub after: Option<Action>,
    /// Which parts of it changed, as TOML calls them.
    pub parts: Vec<&'static str>,
}

/// One recipient for whom other rules decide otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Who it is.
    pub recipient: Address,
    /// What was decided.
    pub before: Action,
    /// What would be.
    pub after: Action,
    /// Rules that match now and did not.
    pub new: Vec<String>,
    /// Rules that matched and do not now.
    pub gone: Vec<String>,
}

impl std::fmt::Display for Difference<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { id, before, after, parts } = self;
        let parts = parts.join(", ");
        match (before, after) {
            (Some(before), Some(after)) if before != after => write!(f, "~ {id}: {before} → {after} ({parts})"),
            (Some(before), Some(_)) => write!(f, "~ {id}: {before}; changed: {parts}"),
            (Some(before), None) => write!(f, "- {id}: {before}"),
            (None, after) => write!(f, "+ {id}: {}", after.map_or("", Action::name)),
        }
    }
}

impl Policies {
    /// What differs in `new`, by rule id.
    pub fn differences<'a>(&'a self, new: &'a Self) -> Vec<Difference<'a>> {
        let find = |rules: &'a [Compiled], id: &str| rules.iter().find(|compiled| compiled.rule.id == id);
        let mut ids: Vec<&str> =
            self.rules.iter().chain(&new.rules).map(|compiled| compiled.rule.id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        let difference = |id: &'a str| {
            let (before, after) = (find(&self.rules, id), find(&new.rules, id));
            let parts = before.zip(after).map_or_else(Vec::new, |(before, after)| parts(before, after));
            let action = |compiled: Option<&Compiled>| compiled.map(|compiled| compiled.rule.action);
            let same = before.is_some() == after.is_some() && parts.is_empty();
            (!same).then(|| Difference { id, before: action(before), after: action(after), parts })
        };
        ids.into_iter().filter_map(difference).collect()
    }

    /// Whether a past mail can be decided again at all: nobody knows more about it than the facts.
    pub fn changed_for(&self, new: &Self, mail: &Mail) -> (Vec<Changed>, bool) {
        let (before, after) = (self.decide(mail), new.decide(mail));
        let change = |to: &Address| {
            let (was, is) = (before.action_for(to)?, after.action_for(to)?);
            (was != is).then(|| {
                let (had, has) = (rules(&before, to), rules(&after, to));
                Changed {
                    recipient: to.clone(),
                    before: was,
                    after: is,
                    new: has.iter().filter(|rule| !had.contains(rule)).cloned().collect(),
                    gone: had.iter().filter(|rule| !has.contains(rule)).cloned().collect(),
                }
            })
        };
        let changes = mail.recipients.iter().filter_map(|to| change(&to.address)).collect();
        let undecided = after.groups().iter().chain(before.groups()).any(|group| !group.undecided.is_empty());
        (changes, undecided)
    }
}

fn rules(verdict: &Verdict, to: &Address) -> Vec<String> {
    let group = verdict.groups().iter().find(|group| group.recipients.contains(to));
    group.into_iter().flat_map(|group| &group.matched).map(|matched| matched.rule.clone()).collect()
}

fn parts(before: &Compiled, after: &Compiled) -> Vec<&'static str> {
    let (before, after) = (&before.rule, &after.rule);
    let parts = [
        ("action", before.action != after.action),
        ("mode", before.mode != after.mode),
        ("title", before.title != after.title),
        ("when", before.when != after.when),
        ("unless", before.unless != after.unless),
        ("if_unknown", before.if_unknown != after.if_unknown),
        ("orders", before.orders != after.orders),
    ];
    parts.into_iter().filter_map(|(name, changed)| changed.then_some(name)).collect()
}
