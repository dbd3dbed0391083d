//! What policy says about one mail, and the proof that it may go at once.
//!
//! In: groups from [`Policies::decide`](super::Policies::decide), and from nowhere else. Out: a [`Decision`] that its
//! reader cannot ignore, and [`Forward`], which no other module can make or alter.
//! Deliberately absent: what becomes of the mail; that is the pipeline's story.

use std::collections::BTreeSet;

use super::{Action, Group, Matched, Orders};
use crate::mail::{Address, edit::Edits};

/// Every recipient in exactly one group; never without a group.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Verdict {
    /// Private, and read-only from outside: a verdict that could be edited could be edited into a forward.
    groups: Vec<Group>,
}

/// What is to be done with the mail as a whole.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub enum Decision {
    /// Every recipient gets it at once.
    Forward(Forward),
    /// Nobody gets it at once, and at least one group is not `reject`: the mail must be committed to the store. A
    /// `reject` group may be among them.
    Store(Vec<Group>),
    /// Some recipients get it at once, others do not. All groups are here, those of the proof among them.
    Split(Forward, Vec<Group>),
    /// Every recipient is refused, for these reasons.
    Reject(Vec<Matched>),
}

/// The proof that policy lets this mail go at once to the recipients that it names. Only [`Verdict::into_decision`] makes one.
#[derive(Debug, PartialEq, Eq)]
pub struct Forward {
    recipients: Vec<Address>,
    matched: Vec<Matched>,
}

impl Verdict {
    /// Takes the groups of [`Policies::decide`](super::Policies::decide). Without any group (a mail without
    /// recipients, which SMTP refuses earlier) nobody can say where the mail would go, so it is held.
    pub(super) fn new(mut groups: Vec<Group>) -> Self {
        if groups.is_empty() {
            groups.push(Group::new(Action::Hold, Vec::new()));
        }
        Self { groups }
    }

    /// A verdict that no policy gave, for the tests of those who carry one out.
    #[cfg(test)]
    pub(crate) fn invented(groups: Vec<Group>) -> Self {
        Self::new(groups)
    }

    /// The groups, the most severe first; at least one.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// The most severe action of all groups.
    pub fn action(&self) -> Action {
        self.groups.iter().map(|group| group.action).max().unwrap_or(Action::Hold)
    }

    /// What happens to the mail for `recipient`, if it is one.
    pub fn action_for(&self, recipient: &Address) -> Option<Action> {
        self.groups.iter().find(|group| group.recipients.contains(recipient)).map(|group| group.action)
    }

    /// Every matching rule of every group, once, the most severe first.
    pub fn matched(&self) -> Vec<Matched> {
        once(self.groups.iter().flat_map(|group| &group.matched))
    }

    /// Every rule that would have matched if it were enforced, once, the most severe first.
    pub fn reported(&self) -> Vec<Matched> {
        once(self.groups.iter().flat_map(|group| &group.reported))
    }

    /// The rules of which nobody can tell for somebody, once.
    pub fn undecided(&self) -> BTreeSet<String> {
        self.groups.iter().flat_map(|group| group.undecided.iter().cloned()).collect()
    }

    /// What is to be done.
    pub fn into_decision(self) -> Decision {
        let matched = self.matched();
        if self.groups.iter().all(|group| group.action == Action::Forward) {
            let recipients = self.groups.into_iter().flat_map(|group| group.recipients).collect();
            return Decision::Forward(Forward { recipients, matched });
        }
        if self.groups.iter().all(|group| group.action == Action::Reject) {
            return Decision::Reject(matched);
        }
        let passing: Vec<&Group> = self.groups.iter().filter(|group| group.action == Action::Forward).collect();
        if passing.is_empty() {
            return Decision::Store(self.groups);
        }
        let matched = passing.iter().flat_map(|group| group.matched.clone()).collect();
        let recipients = passing.into_iter().flat_map(|group| group.recipients.clone()).collect();
        Decision::Split(Forward { recipients, matched }, self.groups)
    }
}

fn once<'a>(reasons: impl Iterator<Item = &'a Matched>) -> Vec<Matched> {
    let mut all: Vec<Matched> = Vec::new();
    for matched in reasons {
        if !all.iter().any(|seen| seen.rule == matched.rule) {
            all.push(matched.clone());
        }
    }
    all.sort_by(|a, b| b.action.cmp(&a.action).then_with(|| a.rule.cmp(&b.rule)));
    all
}

impl Forward {
    /// To whom it may go.
    pub fn recipients(&self) -> &[Address] {
        &self.recipients
    }

    /// The rules that matched and asked for nothing more than `forward`; usually none.
    pub fn matched(&self) -> &[Matched] {
        &self.matched
    }

    /// What is to be changed in its header.
    pub fn edits(&self) -> Edits {
        Orders::of(Action::Forward, &self.matched).edits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(action: Action, recipient: &str) -> Group {
        Group::new(action, vec![Address::parse(recipient).unwrap()])
    }

    #[test]
    fn only_all_forward_is_forward() {
        let decision = Verdict::new(vec![group(Action::Forward, "a@x.jp"), group(Action::Forward, "b@x.jp")]);
        assert!(matches!(decision.into_decision(), Decision::Forward(proof) if proof.recipients().len() == 2));
        for other in [Action::Delay, Action::Hold, Action::RequireApproval, Action::Reject] {
            let verdict = Verdict::new(vec![group(other, "a@x.jp"), group(Action::Forward, "b@x.jp")]);
            assert_eq!(verdict.action(), other);
            let Decision::Split(proof, groups) = verdict.into_decision() else { panic!("{other} was not split off") };
            assert_eq!((proof.recipients(), groups.len()), (&[Address::parse("b@x.jp").unwrap()][..], 2));
        }
        let verdict = Verdict::new(vec![group(Action::Delay, "a@x.jp"), group(Action::Hold, "b@x.jp")]);
        assert!(matches!(verdict.into_decision(), Decision::Store(groups) if groups.len() == 2));
    }

    #[test]
    fn only_all_rejected_is_rejected() {
        let verdict = Verdict::new(vec![group(Action::Reject, "a@x.jp")]);
        assert!(matches!(verdict.into_decision(), Decision::Reject(_)));
        let verdict = Verdict::new(vec![group(Action::Reject, "a@x.jp"), group(Action::Hold, "b@x.jp")]);
        assert!(matches!(verdict.into_decision(), Decision::Store(_)));
    }

    #[test]
    fn nobody_to_send_to_is_no_forward() {
        let verdict = Verdict::new(Vec::new());
        assert_eq!((verdict.groups().len(), verdict.action()), (1, Action::Hold));
        assert!(matches!(verdict.into_decision(), Decision::Store(_)));
    }
}
