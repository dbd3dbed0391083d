//! The rules that are in force, explained: what each does, and how it is written, with the words of whoever wrote it.
//!
//! In: the [`Rulebook`] of the running server. Out: a page. Deliberately absent: changing rules. They are files, which
//! `sekisho rules check` proves and a reload puts into force, with a record in the journal.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, response::Response};

use super::{
    Desk, Web,
    held::frame,
    login::Person,
    pages::{self, Frame},
    section::{self, Section},
};
use crate::{
    directory::Identities,
    inspect::detect::DetectorInfo,
    language::{Language, Text},
    notice::words,
    policy::{Action, Mode, Policies},
    recipients::Check,
};

/// The rules as they are in force.
#[derive(Debug, Default)]
pub struct Rulebook {
    rules: Vec<Rule>,
    detectors: Vec<DetectorInfo>,
}

#[derive(Debug)]
struct Rule {
    id: String,
    action: Action,
    mode: Mode,
    title: Text,
    place: String,
    source: String,
    examples: usize,
}

impl Rulebook {
    /// What there is to tell about these.
    pub fn new<'a>(policies: &Policies, detectors: impl Iterator<Item = &'a DetectorInfo>) -> Self {
        let rule = |rule: crate::policy::Summary<'_>| Rule {
            id: rule.id.to_owned(),
            action: rule.action,
            mode: rule.mode,
            title: rule.title.clone(),
            place: rule.place.to_owned(),
            source: rule.source.to_owned(),
            examples: rule.examples,
        };
        Self { rules: policies.rules().map(rule).collect(), detectors: detectors.cloned().collect() }
    }
}

/// The page.
pub(super) async fn show<D: Desk, A: Identities>(State(web): State<Arc<Web<D, A>>>, person: Person) -> Response {
    if let Some(refused) = section::closed(&web, &person, Section::Rules) {
        return refused;
    }
    let book = (web.engine.rulebook)();
    pages::html(&Page { frame: frame(&web, &person), book: &book })
}

#[derive(Template)]
#[template(path = "console/rules.html")]
struct Page<'a> {
    frame: Frame<'a>,
    book: &'a Rulebook,
}

impl Page<'_> {
    fn action(&self, rule: &Rule) -> (&'static str, &'static str) {
        action_word(rule.action, self.frame.language)
    }

    fn only_reports(&self, rule: &Rule) -> bool {
        rule.mode == Mode::Report
    }

    fn category(&self, detector: &DetectorInfo) -> &'static str {
        words::category(detector.category, self.frame.language)
    }

    fn text<'t>(&self, text: &'t Text) -> &'t str {
        text.in_language(self.frame.language)
    }

    fn checks(&self) -> Vec<(&'static str, String)> {
        let what = |check: Check| check.what().in_language(self.frame.language).to_owned();
        Check::ALL.into_iter().map(|check| (check.name(), what(check))).collect()
    }
}

/// What a rule does with a mail, and its colour's class.
fn action_word(action: Action, language: Language) -> (&'static str, &'static str) {
    let (ja, en, tone) = match action {
        Action::Forward => ("送信", "forward", "good"),
        Action::Delay => ("遅らせて送信", "delay", "wait"),
        Action::Hold => ("保留", "hold", "wait"),
        Action::RequireApproval => ("承認が必要", "require approval", "wait"),
        Action::Reject => ("拒否", "reject", "bad"),
    };
    (words::pick(language, ja, en), tone)
}
