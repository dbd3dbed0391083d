//! Text → findings and persons.

use super::{Cell, Finding, Place, Sink};

/// One rule file as text: its name for messages, and its content.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RuleSource {
    /// What messages call it: `detectors/jp.toml`.
    pub name: String,
    /// TOML or a word list.
    pub text: String,
}

/// A rule file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {message}")]
pub struct RuleError {
    /// Which file.
    pub file: String,
    /// What is wrong and how to mend it.
    pub message: String,
}

/// Compiled detectors and dictionaries.
#[derive(Debug)]
pub struct Rules {}

impl Rules {
    /// Compiles the built-in rules and then `extra`, which add to them or, with the same id, replace them.
    pub fn compile(_extra: &[RuleSource]) -> Result<Self, RuleError> {
        Ok(Self {})
    }
}

/// The sink that detects.
pub struct Detection<'a> {
    _rules: &'a Rules,
}

impl<'a> Detection<'a> {
    /// Starts with nothing found; `own` are addresses whose owners are not leaked persons.
    pub fn new(rules: &'a Rules, _own: &[String]) -> Self {
        Self { _rules: rules }
    }

    /// What was found, and about how many people.
    pub fn finish(self) -> (Vec<Finding>, u32) {
        (Vec::new(), 0)
    }
}

impl Sink for Detection<'_> {
    fn text(&mut self, _place: &Place, _text: &str) {}
    fn begin_table(&mut self, _place: &Place) {}
    fn row(&mut self, _row: u32, _cells: &[Cell<'_>]) {}
    fn end_table(&mut self) {}
}
