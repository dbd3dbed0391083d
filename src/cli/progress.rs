//! How far a long command is, for whoever watches a terminal.
//!
//! In: how much there is to do, and how it is told. Out: a bar on standard error, or none where nobody watches.
//! Deliberately absent: what is done.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressStyle};

/// A bar for so much, told as `template` says.
pub(super) fn bar(total: u64, template: &str) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(template);
    ProgressBar::new(total).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
