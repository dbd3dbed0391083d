//! What would have become of a drill mail, on its way back to who sent it.
//!
//! In: what was found and decided, without anything of the mail. Out: a reply to its final dot that takes no responsibility
//! for it (`550 5.7.0`, which is no `250` by which a real mail could get lost), and from the text of such a reply the outcome
//! again. Deliberately absent: any judgement whether it is as it should be (`scenario`).

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use crate::{
    inspect::{Coverage, Inspection, Reason},
    policy::{Action, Matched, Verdict},
    smtp::Reply,
};

/// How a line begins that carries a piece of an outcome, and how long a piece is: a reply line is 512 octets.
const LEAD: &str = "outcome=";
const PIECE: usize = 400;

/// What would have become of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The least severe action for any recipient: if that is `forward`, somebody would have got it at once.
    pub decision: Action,
    /// The rules that stop it until somebody decides, or for good.
    pub rules: BTreeSet<String>,
    /// The rules that would, if they did more than report.
    pub reported: BTreeSet<String>,
    /// The detectors that found something.
    pub detectors: BTreeSet<String>,
    /// How many parts were not read, by reason.
    pub unread: BTreeMap<Reason, u32>,
    /// How much was read.
    pub coverage: Coverage,
}

impl Outcome {
    /// What inspection and policy said.
    pub fn of(inspection: &Inspection, verdict: &Verdict) -> Self {
        let mut unread = BTreeMap::<Reason, u32>::new();
        for part in &inspection.uninspected {
            let count = unread.entry(part.reason).or_default();
            *count = count.saturating_add(1);
        }
        let ids = |rules: Vec<Matched>| {
            rules.into_iter().filter(|matched| matched.action >= Action::Hold).map(|matched| matched.rule).collect()
        };
        Self {
            decision: verdict.groups().iter().map(|group| group.action).min().unwrap_or(Action::Hold),
            rules: ids(verdict.matched()),
            reported: ids(verdict.reported()),
            detectors: inspection.findings.iter().map(|finding| finding.detector.clone()).collect(),
            unread,
            coverage: inspection.coverage,
        }
    }

    /// The reply to the mail.
    pub fn reply(&self) -> Reply {
        let mut reply = Reply::new(550, "5.7.0", "a drill: examined, and it goes nowhere");
        // Nothing in here fails to be JSON; a reply without an outcome is a failure to its reader.
        let told = serde_json::to_vec(self).map(|told| BASE64URL_NOPAD.encode(&told)).unwrap_or_default();
        let pieces = told.as_bytes().chunks(PIECE).map(|piece| format!("{LEAD}{}", String::from_utf8_lossy(piece)));
        reply.lines.extend(pieces);
        reply.quietly()
    }

    /// What a reply says, if it is one of these; `text` is all its lines.
    pub fn read(code: u16, text: &str) -> Option<Self> {
        if code != 550 {
            return None;
        }
        let told: String = text.split_whitespace().filter_map(|word| word.strip_prefix(LEAD)).collect();
        serde_json::from_slice(&BASE64URL_NOPAD.decode(told.as_bytes()).ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_comes_back_as_it_was_told() {
        let outcome = Outcome {
            decision: Action::Hold,
            rules: (0..60).map(|number| format!("rule-{number}")).collect(),
            reported: BTreeSet::from(["uninspected".to_owned()]),
            detectors: BTreeSet::from(["jp.phone".to_owned()]),
            unread: BTreeMap::from([(Reason::Crashed, 2)]),
            coverage: Coverage { parts: 3, inspected: 2, characters: 40 },
        };
        let reply = outcome.reply();
        assert!(!reply.is_positive() && !reply.is_transient() && reply.lines.len() > 2, "{reply:?}");
        assert!(reply.lines.iter().all(|line| line.len() < 480));
        let mut wire = Vec::new();
        reply.render(&mut wire);
        assert_eq!(Outcome::read(550, &String::from_utf8(wire).unwrap()), Some(outcome.clone()));
        assert_eq!(Outcome::read(250, &reply.text()), None);
        assert_eq!(Outcome::read(550, "5.7.1 this mail may not leave"), None);
        let cut = reply.text();
        assert_eq!(Outcome::read(550, &cut[..cut.len() - 9]), None);
    }
}
