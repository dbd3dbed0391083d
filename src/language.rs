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

impl Language {
    /// That of a locale as POSIX names it (`LC_ALL`, `LC_MESSAGES`, `LANG`); English for all that are not Japanese.
    pub fn of_locale(locale: &str) -> Self {
        let language = locale.split(['_', '.', '@', '-']).next().unwrap_or_default();
        if language.eq_ignore_ascii_case("ja") { Self::Ja } else { Self::En }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_tells_the_language() {
        for locale in ["ja_JP.UTF-8", "ja", "ja_JP.eucJP", "JA-JP"] {
            assert_eq!(Language::of_locale(locale), Language::Ja, "{locale}");
        }
        for locale in ["", "C", "C.UTF-8", "POSIX", "en_US.UTF-8", "jam"] {
            assert_eq!(Language::of_locale(locale), Language::En, "{locale}");
        }
    }
}
