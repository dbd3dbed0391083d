//! What happened to a mail, as the page tells it.
//!
//! In: the steps from the journal. Out: one view a step, and who looked at its content how often. Deliberately absent: the
//! journal's own search (`journal`).

use jiff::tz::TimeZone;

use super::super::pages;
use crate::{
    hold::{Look, State, Step},
    language::Language,
    notice::words,
    policy::Action,
};

/// One step.
pub(super) struct StepView {
    pub(super) at: String,
    pub(super) by: String,
    pub(super) state: &'static str,
    pub(super) tone: &'static str,
    /// What they wrote.
    pub(super) comment: Vec<String>,
    /// What it was about: a place, a person.
    pub(super) about: String,
}

/// Every step in order.
pub(super) fn steps(history: &[Step], language: Language, timezone: &TimeZone) -> Vec<StepView> {
    history.iter().map(|step| step_view(step, language, timezone)).collect()
}

fn step_view(step: &Step, language: Language, timezone: &TimeZone) -> StepView {
    let known = State::ALL.into_iter().find(|state| state.name() == step.change);
    let (state, tone) = match (known, step.change.as_str()) {
        (Some(known), _) => pages::state(known, Action::Hold, false, language),
        (None, "agreed") => (words::pick(language, "承認", "approved"), "good"),
        (None, "released_alone") => (words::pick(language, "本人が送信", "released by its sender"), "good"),
        (None, "sent_back") => pages::state(State::Rejected, Action::Hold, true, language),
        (None, "consulted") => (words::pick(language, "意見を依頼", "colleague asked"), "wait"),
        (None, "opinion") => (words::pick(language, "意見", "opinion given"), "dull"),
        (None, "reason") => (words::pick(language, "理由を記入", "reason given"), "dull"),
        (None, "reminded") => (words::pick(language, "催促", "reminded"), "dull"),
        (None, "escalated") => (words::pick(language, "ほかの人にも依頼", "others asked as well"), "wait"),
        (None, "viewed") if step.about.is_empty() => {
            (words::pick(language, "元のメールを保存", "original saved"), "dull")
        }
        (None, "viewed") => (words::pick(language, "中身を閲覧", "content viewed"), "dull"),
        (None, "retried") => (words::pick(language, "再送を受付", "sent again by the mail server"), "dull"),
        (None, "drill") => (words::pick(language, "訓練を開始", "a drill began"), "dull"),
        (None, "drill_passed") => (words::pick(language, "訓練のメールを承認", "the drill was approved"), "bad"),
        (None, "refused") => (words::pick(language, "返信を拒否", "answer refused"), "bad"),
        (None, _) => (words::pick(language, "記録", "recorded"), "dull"),
    };
    StepView {
        at: words::when_in(step.at, timezone, language),
        by: step.by.as_ref().map(|by| words::one_line(by.as_str(), 160)).unwrap_or_default(),
        state,
        tone,
        comment: words::lines(&step.comment, 50, 500),
        about: about(step, language),
    }
}

/// What a step was about: a person who was asked, a place that was looked at.
fn about(step: &Step, language: Language) -> String {
    match step.about.as_str() {
        Look::LETTER => words::pick(language, "受信者の見え方", Look::LETTER).to_owned(),
        about => words::place(about, language),
    }
}

/// Who looked at the content how often: many steps by one person are for whoever audits to see at a glance.
pub(super) fn looks(history: &[Step], language: Language) -> String {
    let mut people: Vec<(String, u32)> = Vec::new();
    for step in history.iter().filter(|step| step.change == "viewed") {
        let who = step.by.as_ref().map(|by| words::one_line(by.as_str(), 160)).unwrap_or_default();
        match people.iter_mut().find(|(known, _)| *known == who) {
            Some((_, count)) => *count += 1,
            None => people.push((who, 1)),
        }
    }
    let all: u32 = people.iter().map(|(_, count)| count).sum();
    let named: Vec<String> = match language {
        Language::Ja => people.iter().map(|(who, count)| format!("{who} {count}回")).collect(),
        Language::En => people.iter().map(|(who, count)| format!("{who} {count}")).collect(),
    };
    match (language, all) {
        (_, 0) => String::new(),
        (Language::Ja, _) => format!("中身が見られた回数：{all}回（{}）", named.join("、")),
        (Language::En, 1) => format!("Its content was looked at once ({}).", named.join(", ")),
        (Language::En, _) => format!("Its content was looked at {all} times ({}).", named.join(", ")),
    }
}
