//! The pages themselves: what the templates are filled with.
//!
//! In: lines and held mails of the desk. Out: HTML. Everything from a mail is put on one harmless line and escaped by
//! the template (`.html` templates escape by default). Deliberately absent: decisions, cookies, and scripts.

use std::collections::BTreeMap;

use askama::Template;
use axum::{
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::session::Session;
use crate::{
    hold::{File, Line, State, Step},
    inspect::{Category, Example, Finding},
    language::Language,
    mail::Address,
    notice::words,
    policy::Action,
    recipients::{Direction, Recipient},
};

/// How many findings' samples, recipients, … one page shows.
const MOST: usize = 200;

/// What every page has around it.
#[derive(Clone, Copy)]
pub(super) struct Frame<'a> {
    language: Language,
    pub(super) organization: &'a str,
    session: Option<&'a Session>,
}

impl<'a> Frame<'a> {
    /// For somebody who is not logged in.
    pub(super) fn outside(language: Language, organization: &'a str) -> Self {
        Self { language, organization, session: None }
    }

    /// For a logged-in person.
    pub(super) fn of(language: Language, organization: &'a str, session: &'a Session) -> Self {
        Self { language, organization, session: Some(session) }
    }

    pub(super) fn t(&self, ja: &'a str, en: &'a str) -> &'a str {
        words::pick(self.language, ja, en)
    }

    pub(super) fn lang(&self) -> &'static str {
        words::pick(self.language, "ja", "en")
    }

    pub(super) fn who(&self) -> Option<&Address> {
        self.session.map(|session| &session.who)
    }

    pub(super) fn csrf(&self) -> &str {
        self.session.map_or("", |session| &session.csrf)
    }
}

/// A decision that was just made, for the line that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Done {
    /// Approved.
    Approve,
    /// Rejected.
    Reject,
    /// Taken back.
    Withdraw,
}

impl Done {
    /// Its word in addresses.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Withdraw => "withdraw",
        }
    }

    fn told(self, language: Language) -> &'static str {
        let (ja, en) = match self {
            Self::Approve => ("承認しました。メールはこれから送信されます。", "Approved. The mail is on its way now."),
            Self::Reject => ("却下しました。差出人に通知します。", "Rejected. Its sender is told."),
            Self::Withdraw => ("取り消しました。メールは送信されません。", "Taken back. The mail is not sent."),
        };
        words::pick(language, ja, en)
    }
}

/// The login form.
#[derive(Template)]
#[template(path = "console/login.html")]
pub(super) struct Login<'a> {
    pub(super) frame: Frame<'a>,
    pub(super) next: &'a str,
    pub(super) form: &'a str,
    pub(super) problem: Option<&'a str>,
}

/// The list of held mails.
#[derive(Template)]
#[template(path = "console/list.html")]
pub(super) struct List<'a> {
    frame: Frame<'a>,
    waiting: Vec<Row>,
    open: Vec<Row>,
    ended: Vec<Row>,
}

struct Row {
    id: String,
    subject: String,
    sender: String,
    recipients: String,
    persons: String,
    state: &'static str,
    tone: &'static str,
    arrived: String,
    until: &'static str,
    deadline: String,
}

impl<'a> List<'a> {
    /// Sorts `lines`, which come in the desk's order, into what waits for the person, what else is open, and the rest.
    pub(super) fn new(frame: Frame<'a>, lines: &[Line], timezone: &TimeZone) -> Self {
        let mut list = Self { frame, waiting: Vec::new(), open: Vec::new(), ended: Vec::new() };
        for line in lines {
            let place = match (line.summary.state == State::Pending, line.may_decide) {
                (true, true) => &mut list.waiting,
                (true, false) => &mut list.open,
                (false, _) => &mut list.ended,
            };
            if place.len() < MOST {
                place.push(row(line, frame.language, timezone));
            }
        }
        list
    }
}

fn row(line: &Line, language: Language, timezone: &TimeZone) -> Row {
    let summary = &line.summary;
    let (state, tone) = state(summary.state, summary.decision, language);
    let shown: Vec<String> = summary.rcpt_to.iter().take(2).map(|to| words::one_line(to.as_str(), 80)).collect();
    let more = match (summary.rcpt_to.len().saturating_sub(2), language) {
        (0, _) => String::new(),
        (more, Language::Ja) => format!(" ほか{more}件"),
        (more, Language::En) => format!(" and {more} more"),
    };
    Row {
        id: summary.id.to_string(),
        subject: words::subject(&summary.subject, language),
        sender: summary.mail_from.as_ref().map(|sender| words::one_line(sender.as_str(), 80)).unwrap_or_default(),
        recipients: shown.join(words::pick(language, "、", ", ")) + &more,
        persons: if summary.persons == 0 { String::new() } else { words::persons(summary.persons, language) },
        state,
        tone,
        arrived: words::when_in(summary.created_at, timezone, language),
        until: until(summary.decision, language),
        deadline: words::when_in(summary.expires_at, timezone, language),
    }
}

/// What happens at the deadline.
fn until(action: Action, language: Language) -> &'static str {
    match action {
        Action::Delay => words::pick(language, "送信予定", "Goes out"),
        Action::Forward | Action::Hold | Action::RequireApproval | Action::Reject => {
            words::pick(language, "期限", "Until")
        }
    }
}

/// A state in words, and its colour's class.
fn state(state: State, action: Action, language: Language) -> (&'static str, &'static str) {
    let (ja, en, tone) = match state {
        State::Pending => return (words::action(action, language), "wait"),
        State::Approved => ("承認済み", "approved", "good"),
        State::Released => ("送信中", "on its way", "good"),
        State::Delivered => ("送信済み", "sent", "good"),
        State::Rejected => ("却下", "rejected", "bad"),
        State::Withdrawn => ("取消", "withdrawn", "dull"),
        State::Expired => ("期限切れ", "expired", "bad"),
        State::Bounced => ("配信不能", "undeliverable", "bad"),
    };
    (words::pick(language, ja, en), tone)
}

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
    uninspected: Vec<(String, &'static str)>,
    history: Vec<StepView>,
    deciders: String,
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
            // Only while it fits: a link with `?done=` cannot make a page say what did not happen.
            flash: done.filter(|_| file.state != State::Pending).map(|done| done.told(l)),
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
            history,
            deciders: names(&story.deciders, l),
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
        places.entry(file).or_default().push(SampleView { masked, spot, hidden: example.hidden });
    }
    FindingView {
        name: words::detector(&finding.detector, language),
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

/// A page that only says something.
#[derive(Template)]
#[template(path = "console/message.html")]
struct Message<'a> {
    frame: Frame<'a>,
    title: &'a str,
    text: &'a str,
    again: Option<&'a str>,
}

type Both<'a> = (&'a str, &'a str);

/// Says something in the frame of a logged-in person; Japanese and English each.
pub(super) fn told(frame: Frame<'_>, title: Both<'_>, text: Both<'_>) -> Response {
    let pick = |(ja, en)| words::pick(frame.language, ja, en);
    html(&Message { frame, title: pick(title), text: pick(text), again: None })
}

/// Says something to anybody.
pub(super) fn message(language: Language, title: Both<'_>, text: Both<'_>) -> Response {
    told(Frame::outside(language, ""), title, text)
}

/// Somebody was faster.
pub(super) fn already(frame: Frame<'_>, now: State) -> Response {
    let l = frame.language;
    let (state, _) = state(now, Action::Hold, l);
    let text = match l {
        Language::Ja => {
            format!("このメールは、すでに判断が終わっています（{state}）。今回の操作では何も変わっていません。")
        }
        Language::En => format!("This mail was already decided ({state}). Nothing was changed now."),
    };
    let title = words::pick(l, "すでに判断が終わっています", "Already decided");
    html(&Message { frame, title, text: &text, again: None })
}

/// A page that opens `path` again at once, from our own site.
pub(super) fn again(language: Language, path: &str) -> Response {
    let (title, text) = (words::pick(language, "開いています…", "Opening…"), "");
    html(&Message { frame: Frame::outside(language, ""), title, text, again: Some(path) })
}

/// Something inside went wrong; what, only the log knows.
pub(super) fn fault(language: Language) -> Response {
    let page = message(
        language,
        ("問題が起きました", "Something went wrong"),
        (
            "画面を開き直して、メールの状態を確かめてください。続くときは管理者にお知らせください。",
            "Please open the page again and see where the mail stands. If this happens again, tell your administrator.",
        ),
    );
    (StatusCode::INTERNAL_SERVER_ERROR, page).into_response()
}

/// A form that cannot be read.
pub(super) fn bad_form(language: Language) -> Response {
    let page = message(
        language,
        ("送信された内容を読み取れません", "The form could not be read"),
        (
            "何も行いませんでした。コメントは短くして、もう一度お試しください。",
            "Nothing was done. Please shorten the comment and retry.",
        ),
    );
    (StatusCode::BAD_REQUEST, page).into_response()
}

/// A form without its session's token.
pub(super) fn bad_token(language: Language) -> Response {
    let page = message(
        language,
        ("この操作は受け付けられません", "This cannot be accepted"),
        (
            "画面が古くなっているため、何も行いませんでした。画面を開き直して、もう一度お試しください。",
            "The page was too old, so nothing was done. Please open it again and retry.",
        ),
    );
    (StatusCode::FORBIDDEN, page).into_response()
}

/// Renders a template.
pub(super) fn html(template: &(impl Template + ?Sized)) -> Response {
    match template.render() {
        Ok(text) => Html(text).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// The one style sheet.
pub(super) async fn style() -> impl IntoResponse {
    let headers = [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "max-age=3600")];
    (headers, include_str!("../../templates/console/style.css"))
}
