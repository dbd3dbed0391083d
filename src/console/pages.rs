//! The pages themselves: what the templates are filled with.
//!
//! In: what is to be said. Out: HTML. Everything from a mail is put on one harmless line and escaped by the template (`.html`
//! templates escape by default). The page of one mail is in `review`, lists of them are in `queue`. Deliberately absent: decisions, and cookies.

use askama::Template;
use axum::{
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use serde::Deserialize;

use super::{login::Person, section::Section};
use crate::{
    hold::{File, State},
    language::Language,
    mail::Address,
    notice::words,
    policy::Action,
};

/// How many findings' samples, recipients, … one page shows.
pub(super) const MOST: usize = 200;

/// What the journal calls a drill that somebody approved: it ends withdrawn, and nothing is sent.
const DRILL_PASSED: &str = "drill_passed";

/// What every page has around it.
#[derive(Clone, Copy)]
pub(super) struct Frame<'a> {
    pub(super) language: Language,
    pub(super) organization: &'a str,
    person: Option<&'a Person>,
}

impl<'a> Frame<'a> {
    /// For somebody who is not logged in.
    pub(super) fn outside(language: Language, organization: &'a str) -> Self {
        Self { language, organization, person: None }
    }

    /// For a logged-in person.
    pub(super) fn of(organization: &'a str, person: &'a Person) -> Self {
        Self { language: person.language, organization, person: Some(person) }
    }

    pub(super) fn t(&self, ja: &'a str, en: &'a str) -> &'a str {
        words::pick(self.language, ja, en)
    }

    pub(super) fn lang(&self) -> &'static str {
        words::pick(self.language, "ja", "en")
    }

    pub(super) fn who(&self) -> Option<&Address> {
        self.person.map(|person| &person.session.who)
    }

    /// Address and name of each section that the person has.
    pub(super) fn sections(&self) -> Vec<(&'static str, &'static str)> {
        let sections = self.person.iter().flat_map(|person| Section::of(&person.roles));
        sections.map(|section| (section.path(), section.title(self.language))).collect()
    }

    /// Since when there may be news: the moment at which the page was asked for, in microseconds since 1970.
    pub(super) fn since(&self) -> i64 {
        self.person.map_or(0, |person| person.at.as_microsecond())
    }

    /// Whether the person has the journal.
    pub(super) fn reads_journal(&self) -> bool {
        self.person.is_some_and(|person| Section::Journal.is_open_to(&person.roles))
    }

    pub(super) fn csrf(&self) -> &str {
        self.person.map_or("", |person| &person.csrf)
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
    /// A reason was given.
    Reason,
    /// Others were asked.
    #[serde(rename = "ask-others")]
    AskOthers,
    /// Sent back for a change.
    #[serde(rename = "send-back")]
    SendBack,
    /// A colleague was asked.
    #[serde(rename = "ask-colleague")]
    AskColleague,
    /// A colleague said what they think.
    Opinion,
    /// Let go by its sender alone.
    #[serde(rename = "release-alone")]
    ReleaseAlone,
}

impl Done {
    /// Its word in addresses.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Withdraw => "withdraw",
            Self::Reason => "reason",
            Self::AskOthers => "ask-others",
            Self::SendBack => "send-back",
            Self::AskColleague => "ask-colleague",
            Self::Opinion => "opinion",
            Self::ReleaseAlone => "release-alone",
        }
    }

    /// Whether it happened to this mail: a link with `?done=` cannot make a page say what did not happen.
    pub(super) fn fits(self, file: &File) -> bool {
        let (state, happened) = (file.state, |what: &str| file.history.iter().any(|step| step.change == what));
        match self {
            Self::Approve => match state {
                State::Pending => happened("agreed"),
                // What its sender let go alone nobody has approved.
                State::Approved | State::Released | State::Delivered => !happened("released_alone"),
                State::Withdrawn => happened(DRILL_PASSED),
                State::Rejected | State::Expired | State::Bounced => false,
            },
            Self::Reject => state == State::Rejected,
            Self::Withdraw => state == State::Withdrawn && !happened(DRILL_PASSED),
            Self::Reason => !file.reason.is_empty(),
            Self::AskOthers => state == State::Pending && !file.may_ask_others,
            Self::SendBack => file.sent_back,
            Self::AskColleague => !file.opinions.is_empty(),
            Self::Opinion => file.opinions.iter().any(|one| one.said.is_some()),
            Self::ReleaseAlone => happened("released_alone"),
        }
    }

    pub(super) fn told(self, file: &File, language: Language) -> &'static str {
        let (ja, en) = match self {
            Self::Approve => approved(file.state),
            Self::Reject => ("却下しました。差出人に通知します。", "Rejected. Its sender is told."),
            Self::Withdraw => ("取り消しました。メールは送信されません。", "Taken back. The mail is not sent."),
            Self::Reason => ("理由を、判断する人に伝えました。", "Those who decide were told your reason."),
            Self::AskOthers => ("ほかの人にも判断を依頼しました。", "Others were asked as well."),
            Self::SendBack => (
                "差し戻しました。直してほしいことを差出人に通知します。",
                "Sent back. Its sender is told what to change.",
            ),
            Self::AskColleague => (
                "意見をたずねました。返事が届いたらメールで知らせます。",
                "Your colleague was asked. You get a mail when they have answered.",
            ),
            Self::Opinion => ("意見を伝えました。", "Your opinion was passed on."),
            Self::ReleaseAlone => (
                "送信します。理由は、判断を依頼していた人に伝えました。",
                "It is on its way. Those who were asked were told your reason.",
            ),
        };
        words::pick(language, ja, en)
    }
}

/// What is said of an approval, by what came of it.
fn approved(state: State) -> Both<'static> {
    match state {
        State::Pending => (
            "承認を記録しました。ほかの人の承認がそろうと送信されます。",
            "Your approval is recorded. The mail goes when the others have approved too.",
        ),
        // Of those that were approved only a drill ends so.
        State::Withdrawn => {
            ("承認しました。訓練のメールだったため、送信されません。", "Approved. It was a drill, so nothing is sent.")
        }
        State::Released => ("承認しました。メールを送信しています。", "Approved. The mail is being sent."),
        State::Delivered => ("承認しました。メールは送信されました。", "Approved. The mail was sent."),
        State::Approved | State::Rejected | State::Expired | State::Bounced => {
            ("承認しました。メールはこれから送信されます。", "Approved. The mail is on its way now.")
        }
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
    /// Whether a password of our own counts.
    pub(super) local: bool,
    /// What the button says that leads to the provider, if there is one.
    pub(super) provider: Option<&'a str>,
}

/// What happens at the deadline.
pub(super) fn until(action: Action, language: Language) -> &'static str {
    match action {
        Action::Delay => words::pick(language, "送信予定", "Goes out"),
        Action::Forward | Action::Hold | Action::RequireApproval | Action::Reject => {
            words::pick(language, "期限", "Until")
        }
    }
}

/// A state in words, and its colour's class; what is rejected may be `sent_back` to be changed.
pub(super) fn state(state: State, action: Action, sent_back: bool, language: Language) -> (&'static str, &'static str) {
    let (ja, en, tone) = match state {
        State::Pending => return (words::action(action, language), "wait"),
        State::Approved => ("承認済み", "approved", "good"),
        State::Released => ("送信中", "on its way", "good"),
        State::Delivered => ("送信済み", "sent", "good"),
        State::Rejected if sent_back => ("差し戻し", "sent back for a change", "bad"),
        State::Rejected => ("却下", "rejected", "bad"),
        State::Withdrawn => ("取消", "withdrawn", "dull"),
        State::Expired => ("期限切れ", "expired", "bad"),
        State::Bounced => ("配信不能", "undeliverable", "bad"),
    };
    (words::pick(language, ja, en), tone)
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
    let (state, _) = state(now, Action::Hold, false, l);
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

/// The database is away: nothing can be done here, and whoever reads it need do nothing.
pub(super) fn away(language: Language) -> Response {
    let page = message(
        language,
        ("データベースに接続できません", "The database cannot be reached"),
        (
            "いまはこの画面で操作できません。復旧すると、そのまま使えるようになります。預かっているメールは失われていません。管理者の方は /health で状況を確認できます。",
            "Nothing can be done here until it is back; then everything works as before. No held mail is lost. Administrators see at /health how things stand.",
        ),
    );
    (StatusCode::SERVICE_UNAVAILABLE, page).into_response()
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

/// The one script.
pub(super) async fn script() -> impl IntoResponse {
    let headers = [(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), (header::CACHE_CONTROL, "max-age=3600")];
    (headers, include_str!("../../templates/console/script.js"))
}

/// The picture in the browser's tab.
pub(super) async fn icon() -> impl IntoResponse {
    let headers = [(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "max-age=3600")];
    (headers, include_str!("../../templates/console/icon.svg"))
}

/// The one style sheet.
pub(super) async fn style() -> impl IntoResponse {
    let headers = [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "max-age=3600")];
    (headers, include_str!("../../templates/console/style.css"))
}
