//! The page on which a mail is judged: what it is, whose data, how many people, to whom, what is wrong.
//!
//! In: the hold's [`File`] of one mail. Out: what its template is filled with, each text on one harmless line. What a person
//! sees first is the [`answer`], one sentence; below it are recipients, the map of the evidence, the files, what happened.
//! Deliberately absent: the mail's own content; the evidence is masked samples and where they stand, unless the reader has
//! just opened one.

mod answer;
mod attachments;
mod evidence;
mod history;
mod spot;

use askama::Template;
use jiff::tz::TimeZone;

pub(super) use self::evidence::Opened;
use self::{
    answer::{Piece, answer},
    attachments::Ledger,
    evidence::Map,
    history::{StepView, looks, steps},
};
use super::pages::{Done, Frame, MOST, state, until};
use crate::{
    hold::{File, Opinion, State},
    language::Language,
    mail::Address,
    notice::words,
    recipients::{Direction, Recipient},
};

/// One held mail: whose data, how many people, to whom, what is wrong, and the decision.
#[derive(Template)]
#[template(path = "console/show.html")]
pub(super) struct Show<'a> {
    frame: Frame<'a>,
    file: &'a File,
    /// Whether it was only tried, and has no id.
    trial: bool,
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
    /// The whole answer in one sentence.
    answer: Vec<Piece>,
    map: Map,
    about_persons: Vec<String>,
    /// The files, and what was read beside.
    ledger: Ledger,
    coverage: String,
    history: Vec<StepView>,
    deciders: String,
    /// How many have approved of how many, where more than one must.
    tally: String,
    /// Why its sender says that it should go.
    reason: Vec<String>,
    /// What the sender looks at again before letting it go alone.
    ticks: Vec<(&'static str, String, String)>,
    /// What colleagues were asked, and think.
    opinions: Vec<OpinionView>,
    /// Who looked at its content how often, in one line.
    looks: String,
}

struct RecipientView {
    address: String,
    direction: &'static str,
    outside: bool,
    partner: Option<String>,
    issues: Vec<(String, Option<String>)>,
}

/// What a colleague was asked, and thinks.
struct OpinionView {
    person: String,
    asked_by: String,
    question: Vec<String>,
    /// Empty if they have not answered.
    said: Vec<String>,
    at: String,
}

impl<'a> Show<'a> {
    /// Fills the page.
    pub(super) fn new(frame: Frame<'a>, file: &'a File, timezone: &TimeZone, done: Option<Done>) -> Self {
        Self::with(frame, file, timezone, done, None)
    }

    /// The same with what stands at a place that the reader just opened.
    pub(super) fn with(
        frame: Frame<'a>,
        file: &'a File,
        timezone: &TimeZone,
        done: Option<Done>,
        opened: Option<&Opened>,
    ) -> Self {
        let (l, story) = (frame.language, &file.story);
        let inspection = &story.inspection;
        let (state, tone) = state(file.state, story.action, file.sent_back, l);
        let mut recipients: Vec<&Recipient> = story.recipients.iter().collect();
        recipients.sort_by_key(|recipient| recipient.issues.is_empty());
        let when = |at| words::when_in(at, timezone, l);
        Self {
            frame,
            file,
            trial: story.id.0.is_empty(),
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
            answer: answer(story, l),
            map: Map::of(inspection, opened, l),
            about_persons: words::about_persons(inspection, l),
            ledger: Ledger::of(inspection, l),
            coverage: words::coverage(inspection.coverage, l),
            history: steps(&file.history, l, timezone),
            deciders: names(&story.deciders, l),
            tally: tally(file, l),
            reason: words::lines(&file.reason, 50, 500),
            ticks: ticks(file),
            opinions: file.opinions.iter().map(|opinion| opinion_view(opinion, l, timezone)).collect(),
            looks: looks(&file.history, l),
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

/// Each recipient and each attachment, with the field that ticks it, as it is sent and as it is shown.
fn ticks(file: &File) -> Vec<(&'static str, String, String)> {
    let recipients = file.story.recipients.iter().map(|recipient| ("recipient", recipient.address.as_str()));
    let attachments = file.story.inspection.attachments.iter().map(|file| ("attachment", file.name.as_str()));
    let tick = |(field, value): (&'static str, &str)| (field, value.to_owned(), words::one_line(value, 200));
    recipients.chain(attachments).map(tick).collect()
}

fn names(list: &[Address], language: Language) -> String {
    let names: Vec<String> = list.iter().take(10).map(|who| words::one_line(who.as_str(), 160)).collect();
    names.join(words::pick(language, "、", ", "))
}

fn opinion_view(opinion: &Opinion, language: Language, timezone: &TimeZone) -> OpinionView {
    let (said, at) = opinion.said.as_ref().map_or(("", opinion.asked_at), |(said, at)| (said.as_str(), *at));
    OpinionView {
        person: words::one_line(opinion.person.as_str(), 160),
        asked_by: words::one_line(opinion.asked_by.as_str(), 160),
        question: words::lines(&opinion.question, 50, 500),
        said: words::lines(said, 50, 500),
        at: words::when_in(at, timezone, language),
    }
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
