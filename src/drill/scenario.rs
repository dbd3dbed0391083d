//! What a drill tries, and how each trial should come out.
//!
//! In: what is to be found by the rules in force; later what would have become of each mail. Out: scenarios; and of an
//! outcome a [`Trial`], which says what is wrong with it. Whether policy holds a mail with one telephone number in it is the
//! organisation's affair, so that a scenario asks whether it was found; what was not read, though, must be stopped by a
//! rule, or by one that says it would (the preset `observe`). Deliberately absent: the mails themselves (`letter`).

use std::{fmt, time::Duration};

use serde::Serialize;

use super::{format::Format, mark::Act, outcome::Outcome};
use crate::{
    inspect::{Fault, Plant, Reason},
    policy::Action,
};

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
    /// All of them: every plant in every format, and what may go wrong besides.
    pub fn all(plants: &[Plant]) -> Vec<Self> {
        let find = |plant: &Plant| Format::ALL.map(|format| Self::Find { plant: plant.clone(), format });
        let wrong = [Self::Bomb, Self::Crash, Self::Hang, Self::DeadNextHop];
        wrong.into_iter().chain(plants.iter().flat_map(find)).collect()
    }

    /// What is to befall the mail.
    pub fn act(&self) -> Act {
        match self {
            Self::Find { .. } | Self::Bomb => Act::Judge,
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
            Self::Find { .. } | Self::DeadNextHop => None,
        }
    }

    /// What is wrong with the outcome, if anything is.
    pub fn judge(&self, outcome: &Outcome) -> Verdict {
        let forwards = outcome.decision == Action::Forward;
        let failed = |lapse| Verdict { lapse: Some(lapse), left_uninspected: forwards, only_reported: false };
        match (self, self.unread()) {
            (Self::Find { plant, .. }, _) if !outcome.detectors.contains(&plant.detector) => failed(Lapse::NotFound),
            (Self::DeadNextHop, _) => failed(Lapse::Taken),
            (_, Some(reasons)) if !reasons.iter().any(|reason| outcome.unread.contains_key(reason)) => {
                failed(Lapse::NotAccounted)
            }
            (_, Some(_)) if forwards && outcome.reported.is_empty() => failed(Lapse::LetOut),
            (_, unread) => {
                let only_reported = forwards && unread.is_some();
                Verdict { lapse: None, left_uninspected: false, only_reported }
            }
        }
    }
}

/// `jp.phone in xlsx`
impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Find { plant, format } => write!(f, "{} in {}", plant.detector, format.name()),
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
    use std::collections::{BTreeMap, BTreeSet};

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
        assert_eq!(all.len(), 4 + 2 * Format::ALL.len());
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
            let verdict = phone().judge(&outcome);
            assert_eq!((verdict.lapse, verdict.left_uninspected), (lapse, left), "{outcome:?}");
        }
    }

    #[test]
    fn what_is_not_read_must_be_accounted_for_and_stopped() {
        for (scenario, reason) in
            [(Scenario::Bomb, Reason::Limit), (Scenario::Crash, Reason::Crashed), (Scenario::Hang, Reason::Timeout)]
        {
            let held = scenario.judge(&outcome(Action::Hold, &[], &[reason]));
            assert_eq!(held, Verdict::well(), "{scenario}");
            let unsaid = scenario.judge(&outcome(Action::Forward, &[], &[Reason::Image]));
            assert_eq!((unsaid.lapse, unsaid.left_uninspected), (Some(Lapse::NotAccounted), true));
            let out = scenario.judge(&outcome(Action::Forward, &[], &[reason]));
            assert_eq!((out.lapse, out.left_uninspected), (Some(Lapse::LetOut), true));
            let observed = Outcome {
                reported: BTreeSet::from(["uninspected".to_owned()]),
                ..outcome(Action::Forward, &[], &[reason])
            };
            let verdict = scenario.judge(&observed);
            assert!(verdict.lapse.is_none() && verdict.only_reported && !verdict.left_uninspected);
        }
    }

    #[test]
    fn a_dead_next_hop_has_no_outcome() {
        let verdict = Scenario::DeadNextHop.judge(&outcome(Action::Hold, &[], &[]));
        assert_eq!(verdict.lapse, Some(Lapse::Taken));
        assert!(Verdict::without_outcome(Lapse::Taken).left_uninspected);
        assert!(!Verdict::without_outcome(Lapse::Refused(451)).left_uninspected);
    }
}
