//! The two languages Sekisho speaks to people.
//!
//! In: `organization.language`. Out: which half of a bilingual [`Text`] a person reads.
//! Deliberately absent: translation catalogues; what is said to people lives beside the thing that says it.

use serde::{Deserialize, Serialize};

/// A language that notices, pages and reasons are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Japanese, the default.
    #[default]
    Ja,
    /// English.
    En,
}

/// One sentence in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// In Japanese.
    pub ja: String,
    /// In English.
    pub en: String,
}

impl Text {
    /// The half that a reader of `language` reads.
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::Ja => &self.ja,
            Language::En => &self.en,
        }
    }
}
