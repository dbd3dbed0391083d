//! The shipped rules, for three kinds of organisation.
//!
//! In: `policy.preset`. Out: rule files, layer by layer, of which a later one replaces what an earlier one says.
//! Deliberately absent: what the rules say; each file explains itself, line by line.

use super::rule::Mode;
use crate::inspect::RuleSource;

/// Which shipped rules an organisation begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Preset {
    /// What a Japanese company can switch on on day one.
    #[default]
    Starter,
    /// For those whose data costs more than a delay.
    Strict,
    /// The starter's rules, none of which acts: to see first what they would do.
    Observe,
}

const STARTER: [(&str, &str); 3] = [
    ("policies/personal-data.toml", include_str!("../../rules/policies/personal-data.toml")),
    ("policies/recipients.toml", include_str!("../../rules/policies/recipients.toml")),
    ("policies/content.toml", include_str!("../../rules/policies/content.toml")),
];

const STRICT: [(&str, &str); 1] = [("policies/strict.toml", include_str!("../../rules/policies/strict.toml"))];

impl Preset {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Starter, Self::Strict, Self::Observe];

    /// The word for it in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Starter => "starter",
            Self::Strict => "strict",
            Self::Observe => "observe",
        }
    }

    pub(super) fn layers(self) -> Vec<Vec<RuleSource>> {
        let files = |list: &[(&str, &str)]| -> Vec<RuleSource> {
            list.iter().map(|(name, text)| RuleSource { name: (*name).to_owned(), text: (*text).to_owned() }).collect()
        };
        match self {
            Self::Starter | Self::Observe => vec![files(&STARTER)],
            Self::Strict => vec![files(&STARTER), files(&STRICT)],
        }
    }

    /// Whether its rules act; an organisation's own always say so themselves.
    pub(super) fn mode(self) -> Mode {
        if self == Self::Observe { Mode::Report } else { Mode::Enforce }
    }
}
