//! A report as a page to print: one HTML file that needs nothing else.
//!
//! In: a [`Report`]. Out: HTML. The template escapes all that it puts in; there is no script, no picture and no link.
//! Deliberately absent: words, but for the mark of a gap.

use askama::Template;

use super::{Block, Report};
use crate::{
    language::Language,
    notice::words::{one_line, pick},
};

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    report: &'a Report,
}

impl Page<'_> {
    fn lang(&self) -> &'static str {
        match self.report.language {
            Language::Ja => "ja",
            Language::En => "en",
        }
    }

    fn mark(&self) -> &'static str {
        mark(self.report.language)
    }

    fn plain(text: &str) -> String {
        plain(text)
    }

    fn has_head(head: &[String]) -> bool {
        has_head(head)
    }
}

/// What stands before a gap.
pub fn mark(language: Language) -> &'static str {
    pick(language, "【要確認】", "[to be filled in]")
}

/// A text on one harmless line.
pub fn plain(text: &str) -> String {
    one_line(text, 4_000)
}

/// Whether the columns of a table are called anything.
pub fn has_head(head: &[String]) -> bool {
    head.iter().any(|name| !name.is_empty())
}

/// The whole report.
///
/// # Errors
/// Never in practice: the template is compiled in and writes into memory.
pub fn page(report: &Report) -> Result<String, askama::Error> {
    Page { report }.render()
}
