//! The levels of a held mail's route: who was asked on each, who said what, and what is still needed.
//!
//! In: a held mail, what its rules order, what was said. Out: a [`Stage`] for each level. Deliberately absent: who may decide
//! at this moment (`asking`), and how it is shown.

use serde::Serialize;

use super::{State, asking::YES};
use crate::{
    directory::Asked,
    policy::{Approver, Orders},
    store::{Approval, HeldRow},
};

/// One level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stage {
    /// Counted from 1.
    pub level: u8,
    /// How it stands.
    pub standing: Standing,
    /// Whom the rules name; nobody, where the action says who decides.
    pub approvers: Vec<Approver>,
    /// How many must say yes.
    pub needed: u8,
    /// How many have.
    pub given: u8,
    /// Who was asked, and in whose place.
    pub asked: Vec<Asked>,
    /// What was said, in order.
    pub said: Vec<Approval>,
}

/// How a level stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// As many as were needed have said yes.
    Passed,
    /// Those on it are asked now.
    Open,
    /// Those before it come first.
    Later,
    /// The mail ended before anything came of it.
    Ended,
}

impl Standing {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Open => "open",
            Self::Later => "later",
            Self::Ended => "ended",
        }
    }
}

impl Stage {
    /// How many must still say yes for it to be passed.
    pub fn missing(&self) -> u8 {
        if self.standing == Standing::Open { self.needed.saturating_sub(self.given) } else { 0 }
    }
}

/// All levels of `held`; none of a mail that only waits for its time.
pub(super) fn stages(held: &HeldRow, orders: &Orders, said: &[Approval]) -> Vec<Stage> {
    if held.release_at.is_some() {
        return Vec::new();
    }
    let level_of = |(at, level): (u8, &crate::policy::Level)| {
        let said: Vec<Approval> = said.iter().filter(|one| one.level == at).cloned().collect();
        let given = said.iter().filter(|one| one.verdict == YES).count();
        let given = u8::try_from(given).unwrap_or(u8::MAX);
        let standing = match (held.state, at.cmp(&held.level)) {
            (_, std::cmp::Ordering::Less) => Standing::Passed,
            (State::Pending, std::cmp::Ordering::Equal) => Standing::Open,
            (State::Pending, std::cmp::Ordering::Greater) => Standing::Later,
            _ if given >= level.approvals => Standing::Passed,
            _ => Standing::Ended,
        };
        Stage {
            level: at.saturating_add(1),
            standing,
            approvers: level.approvers.clone(),
            needed: level.approvals,
            given,
            asked: held.asked.iter().filter(|asked| asked.level == at).cloned().collect(),
            said,
        }
    };
    (0_u8..).zip(&orders.levels).map(level_of).collect()
}
