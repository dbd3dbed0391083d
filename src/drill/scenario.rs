//! What a drill tries, and how each trial should come out.
//!
//! In: what is to be found by the rules in force; later what would have become of each mail. Out: scenarios; and of an
//! outcome a [`Trial`], which says what is wrong with it. Whether policy holds a mail with one telephone number in it is the
//! organisation's affair, so that a scenario asks whether it was found; what was not read, though, must be stopped by a
//! rule, or by one that says it would (the preset `observe`), and by one that lets a calm mail of the same kind be: a rule that
//! stops every drill mail shows nothing. Deliberately absent: the mails themselves (`letter`).

use std::{collections::BTreeSet, fmt, time::Duration};

use serde::Serialize;

use super::{format::Format, mark::Act, outcome::Outcome};
use crate::{
    inspect::{Fault, Plant, Reason},
    policy::Action,
};

/// What `policy.default` is called among the rules.
const DEFAULT: &str = "default";

/// One mail of a drill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scenario {
    /// What a detector must find, in one format.
    Find {
        /// What is planted.
        plant: Plant,
        /// Where it stands.
        format: Format,
    },
    /// A mail with an archive in which nothing is: what the next three are compared with.
    Calm,
    /// An archive that unpacks to more than is read.
    Bomb,
    /// The worker that reads the mail dies.
    Crash,
    /// The worker that reads the mail says nothing more.
    Hang,
    /// Nobody listens at the next hop.
    DeadNextHop,
}

impl Scenario {
    /// All of them: a calm mail first, what may go wrong, and every plant in every format.
    pub fn all(plants: &[Plant]) -> Vec<Self> {
        let find = |plant: &Plant| Format::ALL.map(|format| Self::Find { plant: plant.clone(), format });
        let others = [Self::Calm, Self::Bomb, Self::Crash, Self::Hang, Self::DeadNextHop];
        others.into_iter().chain(plants.iter().flat_map(find)).collect()
    }

    /// What is to befall the mail.
    pub fn act(&self) -> Act {
        match self {
            Self::Find { .. } | Self::Calm | Self::Bomb => Act::Judge,
            Self::Crash => Act::Fault(Fault::Crash),
            Self::Hang => Act::Fault(Fault::Hang),
            Self::DeadNextHop => Act::DeadNextHop,
        }
    }

    /// Why a part of the mail must count as not read.
    fn unread(&self) -> Option<&'static [Reason]> {
        match self {
            Self::Bomb => Some(&[Reason::Limit]),
            Self::Crash => Some(&[Reason::Crashed]),
            // On a machine that is slow enough it is stopped for its work first.
            Self::Hang => Some(&[Reason::Timeout, Reason::Limit]),
            Self::Find { .. } | Self::Calm | Self::DeadNextHop => None,
        }
    }

    /// What is wrong with the outcome, if anything is; `calm` is that of the calm mail, if there is one yet.
    pub fn judge(&self, outcome: &Outcome, calm: Option<&Outcome>) -> Verdict {
        // What is only put off goes out by itself.
        let leaves = outcome.decision < Action::Hold;
        let failed = |lapse| Verdict { lapse: Some(lapse), left_uninspected: leaves, only_reported: false };
        match (self, self.unread()) {
            (Self::Find { plant, .. }, _) if !outcome.detectors.contains(&plant.detector) => failed(Lapse::NotFound),
            (Self::Calm, _) if !outcome.unread.is_empty() => failed(Lapse::NotRead),
            (Self::DeadNextHop, _) => failed(Lapse::Taken),
            (_, Some(reasons)) if !reasons.iter().any(|reason| outcome.unread.contains_key(reason)) => {
                failed(Lapse::NotAccounted)
            }
            (_, Some(_)) => match outcome.stopped_beside(calm) {
                Some(Stopped::Truly) => Verdict::well(),
                Some(Stopped::Reported) => Verdict { only_reported: true, ..Verdict::well() },
                None => Verdict { lapse: Some(Lapse::LetOut), left_uninspected: true, only_reported: false },
            },
            (_, None) => Verdict::well(),
        }
    }
}

/// How a mail is stopped for what was not read in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stopped {
    Truly,
    /// By rules that only say so.
    Reported,
}

impl Outcome {
    /// Whether a rule stops it that does not stop a calm mail, or all mail is stopped.
    fn stopped_beside(&self, calm: Option<&Self>) -> Option<Stopped> {
        let beside = |rules: fn(&Self) -> &BTreeSet<String>| match calm {
            Some(calm) => !rules(self).is_subset(rules(calm)),
            None => !rules(self).is_empty(),
        };
        if beside(|outcome| &outcome.rules) || self.rules.contains(DEFAULT) {
            return Some(Stopped::Truly);
        }
        beside(|outcome| &outcome.reported).then_some(Stopped::Reported)
    }
}

/// `jp.phone in xlsx`
impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Find { plant, format } => write!(f, "{} in {}", plant.detector, format.name()),
            Self::Calm => f.write_str("calm"),
            Self::Bomb => f.write_str("bomb"),
            Self::Crash => f.write_str("crash"),
            Self::Hang => f.write_str("timeout"),
            Self::DeadNextHop => f.write_str("dead_next_hop"),
        }
    }
}

/// What was wrong with a mail of a drill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Lapse {
    /// What was planted was not found.
    NotFound,
    /// A mail in which nothing is could not be read.
    NotRead,
    /// What could not be read does not count as that.
    NotAccounted,
    /// It counts as not read, and no rule stops such a mail, or says that it would.
    LetOut,
    /// The server took the mail, or said that somebody did.
    Taken,
    /// The server refused it with another reply than it should.
    Refused(u16),
    /// There was no room for it for too long.
    Busy,
    /// The server did not answer.
    NoAnswer,
}

impl Lapse {
    /// The word for it in the journal and in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::NotRead => "not_read",
            Self::NotAccounted => "not_accounted",
            Self::LetOut => "let_out",
            Self::Taken => "taken",
            Self::Refused(_) => "refused",
            Self::Busy => "busy",
            Self::NoAnswer => "no_answer",
        }
    }
}

/// What is to be said of an outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What is wrong.
    pub lapse: Option<Lapse>,
    /// Whether such a mail would go out with something in it that was not found or not read.
    pub left_uninspected: bool,
    /// Whether it would go out unread, because the rules that stop such mails only report.
    pub only_reported: bool,
}

impl Verdict {
    /// It came to no outcome; nothing left.
    pub fn without_outcome(lapse: Lapse) -> Self {
        let left_uninspected = lapse == Lapse::Taken;
        Self { lapse: Some(lapse), left_uninspected, only_reported: false }
    }

    /// As it should be.
    pub fn well() -> Self {
        Self { lapse: None, left_uninspected: false, only_reported: false }
    }
}

/// One mail of a drill, and how it came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// What was tried.
    pub scenario: Scenario,
    /// How it came out.
    pub verdict: Verdict,
    /// The server's last word, if it was not an outcome.
    pub reply: Option<String>,
    /// How long it took.
    pub took: Duration,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::inspect::Coverage;

    fn outcome(decision: Action, detectors: &[&str], unread: &[Reason]) -> Outcome {
        Outcome {
            decision,
            rules: BTreeSet::new(),
            reported: BTreeSet::new(),
            detectors: detectors.iter().map(|&id| id.to_owned()).collect(),
            unread: unread.iter().map(|reason| (*reason, 1)).collect::<BTreeMap<_, _>>(),
            coverage: Coverage::default(),
        }
    }

    fn phone() -> Scenario {
        let plant = Plant { detector: "jp.phone".to_owned(), texts: vec!["x".to_owned()] };
        Scenario::Find { plant, format: Format::Xlsx }
    }

    #[test]
    fn every_plant_is_tried_in_every_format() {
        let Scenario::Find { plant, .. } = phone() else { unreachable!() };
        let all = Scenario::all(&[plant.clone(), plant]);
        assert_eq!(all.len(), 5 + 2 * Format::ALL.len());
        assert!(all.iter().any(|scenario| scenario.to_string() == "jp.phone in xlsx"));
    }

    #[test]
    fn what_is_not_found_is_left_uninspected_if_it_goes_out() {
        for (outcome, lapse, left) in [
            (outcome(Action::Forward, &["jp.phone"], &[]), None, false),
            (outcome(Action::Hold, &["jp.phone"], &[]), None, false),
            (outcome(Action::Forward, &["jp.name"], &[]), Some(Lapse::NotFound), true),
            (outcome(Action::Hold, &[], &[Reason::Damaged]), Some(Lapse::NotFound), false),
        ] {
            let verdict = phone().judge(&outcome, None);
            assert_eq!((verdict.lapse, verdict.left_uninspected), (lapse, left), "{outcome:?}");
        }
    }

    #[test]
    fn what_is_not_read_must_be_accounted_for_and_stopped() {
        for (scenario, reason) in
            [(Scenario::Bomb, Reason::Limit), (Scenario::Crash, Reason::Crashed), (Scenario::Hang, Reason::Timeout)]
        {
            let rules = |rules: &[&str]| rules.iter().map(|&rule| rule.to_owned()).collect::<BTreeSet<String>>();
            let of = |action, stop: &[&str], reported: &[&str]| Outcome {
                rules: rules(stop),
                reported: rules(reported),
                ..outcome(action, &[], &[reason])
            };
            let said = |outcome: &Outcome, calm: &Outcome| scenario.judge(outcome, Some(calm));
            let calm = of(Action::Forward, &[], &[]);
            assert_eq!(said(&of(Action::Hold, &["uninspected"], &[]), &calm), Verdict::well(), "{scenario}");
            let unsaid = scenario.judge(&outcome(Action::Forward, &[], &[Reason::Image]), None);
            assert_eq!((unsaid.lapse, unsaid.left_uninspected), (Some(Lapse::NotAccounted), true));
            // A rule that stops a calm mail as well, one that only puts off, and none.
            let strangers = of(Action::Hold, &["strangers"], &["strangers-soon"]);
            for (outcome, calm) in [
                (strangers.clone(), strangers.clone()),
                (of(Action::Delay, &[], &[]), calm.clone()),
                (of(Action::Forward, &[], &[]), calm.clone()),
            ] {
                let out = said(&outcome, &calm);
                assert_eq!((out.lapse, out.left_uninspected), (Some(Lapse::LetOut), true), "{outcome:?}");
            }
            let both = of(Action::Hold, &["strangers", "uninspected"], &[]);
            assert_eq!(said(&both, &strangers), Verdict::well());
            let everything = of(Action::Hold, &["default"], &[]);
            assert_eq!(said(&everything, &everything), Verdict::well(), "nothing leaves at all");
            let verdict = said(&of(Action::Forward, &[], &["uninspected"]), &calm);
            assert!(verdict.lapse.is_none() && verdict.only_reported && !verdict.left_uninspected);
        }
    }

    #[test]
    fn a_calm_mail_must_be_read_whole_whatever_becomes_of_it() {
        assert_eq!(Scenario::Calm.judge(&outcome(Action::Hold, &[], &[]), None), Verdict::well());
        let unread = Scenario::Calm.judge(&outcome(Action::Forward, &[], &[Reason::Crashed]), None);
        assert_eq!((unread.lapse, unread.left_uninspected), (Some(Lapse::NotRead), true));
    }

    #[test]
    fn a_dead_next_hop_has_no_outcome() {
        let verdict = Scenario::DeadNextHop.judge(&outcome(Action::Hold, &[], &[]), None);
        assert_eq!(verdict.lapse, Some(Lapse::Taken));
        assert!(Verdict::without_outcome(Lapse::Taken).left_uninspected);
        assert!(!Verdict::without_outcome(Lapse::Refused(451)).left_uninspected);
    }
}
