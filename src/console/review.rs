//! The page on which a mail is judged: what it is, whose data, how many people, to whom, what is wrong.
//!
//! In: the hold's [`File`] of one mail. Out: what its template is filled with, each text on one harmless line.
//! Deliberately absent: the mail's own content; the evidence is masked samples and where they stand.

use std::collections::BTreeMap;

use askama::Template;
use jiff::tz::TimeZone;

use super::pages::{Done, Frame, MOST, state, until};
use crate::{
    hold::{File, State, Step},
    inspect::{Category, Example, Finding},
    language::Language,
    mail::Address,
    notice::{why::why, words},
    policy::Action,
    recipients::{Direction, Recipient},
};

/// One held mail: whose data, how many people, to whom, what is wrong, and the decision.
#[derive(Template)]
#[template(path = "console/show.html")]
pub(super) struct Show<'a> {
    frame: Frame<'a>,
    file: &'a File,
    open: bool,
    until: &'static str,
    flash: Option<&'static str>,
    subject: String,
    author: String,
    sender: String,
    state: &'static str,
    tone: &'static str,
    arrived: String,
    deadline: String,
    persons: String,
    reportable: Vec<&'static str>,
    reasons: Vec<String>,
    recipients: Vec<RecipientView>,
    more_recipients: usize,
    evidence: Vec<FindingView>,
    about_persons: Vec<String>,
    uninspected: Vec<(String, &'static str)>,
    /// What was read: where, and how many characters.
    read: Vec<(String, String)>,
    coverage: String,
    history: Vec<StepView>,
    deciders: String,
    /// How many have approved of how many, where more than one must.
    tally: String,
    /// Why its sender says that it should go.
    reason: Vec<String>,
    /// What the sender looks at again before letting it go alone.
    ticks: Vec<(&'static str, String)>,
}

struct RecipientView {
    address: String,
    direction: &'static str,
    outside: bool,
    partner: Option<String>,
    issues: Vec<(String, Option<String>)>,
}

struct FindingView {
    name: String,
    category: &'static str,
    severe: bool,
    confidence: &'static str,
    count: String,
    /// Samples by where they stand, so that a sheet is named once.
    places: Vec<PlaceView>,
}

struct PlaceView {
    file: String,
    samples: Vec<SampleView>,
}

struct SampleView {
    masked: String,
    spot: String,
    hidden: bool,
    why: String,
}

struct StepView {
    at: String,
    by: String,
    state: &'static str,
    tone: &'static str,
    comment: Vec<String>,
}

impl<'a> Show<'a> {
    /// Fills the page.
    pub(super) fn new(frame: Frame<'a>, file: &'a File, timezone: &TimeZone, done: Option<Done>) -> Self {
        let (l, story) = (frame.language, &file.story);
        let inspection = &story.inspection;
        let (state, tone) = state(file.state, story.action, l);
        let mut findings: Vec<&Finding> = inspection.findings.iter().collect();
        findings.sort_by_key(|finding| (finding.category, std::cmp::Reverse(finding.count)));
        let mut recipients: Vec<&Recipient> = story.recipients.iter().collect();
        recipients.sort_by_key(|recipient| recipient.issues.is_empty());
        let when = |at| words::when_in(at, timezone, l);
        let history = file.history.iter().map(|step| step_view(step, l, timezone)).collect();
        Self {
            frame,
            file,
            open: file.state == State::Pending,
            until: until(story.action, l),
            flash: done.filter(|done| done.fits(file)).map(|done| done.told(file, l)),
            subject: words::subject(&story.subject, l),
            author: words::one_line(&story.author, 160),
            sender: story.sender.as_ref().map(|sender| words::one_line(sender.as_str(), 160)).unwrap_or_default(),
            state,
            tone,
            arrived: when(story.arrived_at),
            deadline: when(story.deadline),
            persons: if inspection.persons == 0 { String::new() } else { words::persons(inspection.persons, l) },
            reportable: inspection.reportable.iter().map(|heading| words::reportable(*heading, l)).collect(),
            reasons: reasons(file, l),
            more_recipients: recipients.len().saturating_sub(MOST),
            recipients: recipients.into_iter().take(MOST).map(|recipient| recipient_view(recipient, l)).collect(),
            evidence: findings.into_iter().take(MOST).map(|finding| finding_view(finding, l)).collect(),
            uninspected: inspection
                .uninspected
                .iter()
                .take(MOST)
                .map(|part| (words::place(&part.place, l), words::reason(part.reason, l)))
                .collect(),
            about_persons: words::about_persons(inspection, l),
            read: inspection
                .inspected
                .iter()
                .take(MOST)
                .map(|part| (words::place(&part.place, l), words::number(part.characters)))
                .collect(),
            coverage: words::coverage(inspection.coverage, l),
            history,
            deciders: names(&story.deciders, l),
            tally: tally(file, l),
            reason: words::lines(&file.reason, 50, 500),
            ticks: ticks(file),
        }
    }
}

fn reasons(file: &File, language: Language) -> Vec<String> {
    let mut titles: Vec<String> = Vec::new();
    for matched in &file.story.matched {
        let title = words::one_line(matched.title.in_language(language), 200);
        if !titles.contains(&title) {
            titles.push(title);
        }
    }
    titles
}

/// Levels and approvals so far, where one approval is not enough.
fn tally(file: &File, language: Language) -> String {
    let ((given, needed), progress) = (file.tally, &file.story.progress);
    let levels = progress.levels.max(1);
    if needed <= 1 && levels == 1 {
        return String::new();
    }
    match language {
        Language::Ja if levels == 1 => format!("{needed}人中{given}人が承認"),
        Language::En if levels == 1 => format!("{given} of {needed} have approved"),
        Language::Ja => format!("全{levels}段階のうち{}段階目、{needed}人中{given}人が承認", progress.level),
        Language::En => format!("level {} of {levels}: {given} of {needed} have approved", progress.level),
    }
}

/// Each recipient and each attachment, with the field that ticks it.
fn ticks(file: &File) -> Vec<(&'static str, String)> {
    let recipients = file.story.recipients.iter().map(|recipient| ("recipient", recipient.address.as_str().to_owned()));
    let attachments = file.story.inspection.attachments.iter();
    recipients.chain(attachments.map(|attachment| ("attachment", attachment.name.clone()))).collect()
}

fn names(list: &[Address], language: Language) -> String {
    let names: Vec<String> = list.iter().take(10).map(|who| words::one_line(who.as_str(), 160)).collect();
    names.join(words::pick(language, "、", ", "))
}

fn recipient_view(recipient: &Recipient, language: Language) -> RecipientView {
    let (direction, outside) = match recipient.direction {
        Direction::Internal => (words::pick(language, "社内", "inside"), false),
        Direction::External => (words::pick(language, "社外", "outside"), true),
    };
    let issues =
        recipient.issues.iter().map(|issue| (words::issue(issue, language), words::suggestion(issue, language)));
    RecipientView {
        address: words::one_line(recipient.address.as_str(), 160),
        direction,
        outside,
        partner: recipient.partner.as_deref().map(|partner| words::one_line(partner, 80)),
        issues: issues.collect(),
    }
}

fn finding_view(finding: &Finding, language: Language) -> FindingView {
    let mut places: BTreeMap<String, Vec<SampleView>> = BTreeMap::new();
    for example in &finding.examples {
        let (file, spot) = split(example, language);
        let masked = words::one_line(&example.masked, 80);
        places.entry(file).or_default().push(SampleView {
            masked,
            spot,
            hidden: example.hidden,
            why: example.why.as_ref().map(|reason| why(reason, language)).unwrap_or_default(),
        });
    }
    FindingView {
        name: words::finding(finding, language),
        category: words::category(finding.category, language),
        severe: matches!(finding.category, Category::SpecialCare | Category::Specific | Category::Financial),
        confidence: words::confidence(finding.confidence, language),
        count: words::count(finding.count, language),
        places: places.into_iter().map(|(file, samples)| PlaceView { file, samples }).collect(),
    }
}

/// `業務委託.xlsx › 顧客!F2` in the sheet and the cell; a place in the text in words.
fn split(example: &Example, language: Language) -> (String, String) {
    match example.place.rsplit_once('!') {
        Some((sheet, cell)) => (words::one_line(sheet, 200), words::one_line(cell, 80)),
        None => (words::place(&example.place, language), String::new()),
    }
}

fn step_view(step: &Step, language: Language, timezone: &TimeZone) -> StepView {
    let known = State::ALL.into_iter().find(|state| state.name() == step.change);
    let (state, tone) = match (known, step.change.as_str()) {
        (Some(known), _) => state(known, Action::Hold, language),
        (None, "agreed") => (words::pick(language, "承認", "approved"), "good"),
        (None, "released_alone") => (words::pick(language, "本人が送信", "released by its sender"), "good"),
        (None, "reason") => (words::pick(language, "理由を記入", "reason given"), "dull"),
        (None, "reminded") => (words::pick(language, "催促", "reminded"), "dull"),
        (None, "escalated") => (words::pick(language, "ほかの人にも依頼", "others asked as well"), "wait"),
        (None, "viewed") => (words::pick(language, "中身を閲覧", "content viewed"), "dull"),
        (None, "retried") => (words::pick(language, "再送を受付", "sent again by the mail server"), "dull"),
        (None, "refused") => (words::pick(language, "返信を拒否", "answer refused"), "bad"),
        (None, _) => (words::pick(language, "記録", "recorded"), "dull"),
    };
    StepView {
        at: words::when_in(step.at, timezone, language),
        by: step.by.as_ref().map(|by| words::one_line(by.as_str(), 160)).unwrap_or_default(),
        state,
        tone,
        comment: words::lines(&step.comment, 50, 500),
    }
}
