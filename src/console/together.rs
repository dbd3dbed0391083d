//! Several held mails decided in one go, for one reason that must be said.
//!
//! In: a form with several mails, one decision and its reason. Out: what became of each of them: some may have been decided
//! by others meanwhile. Deliberately absent: who may decide what; the desk tells that for every single mail.

use std::sync::Arc;

use askama::Template;
use axum::{extract::State, response::Response};

use super::{
    Desk, DeskError, Web,
    form::{Fields, Sent},
    held::{frame, id_of, lacks_a_factor},
    pages::{self, Frame},
};
use crate::{directory::Identities, hold, language::Language, mail::MailId, notice::words};

/// Decides several mails in one go, for one reason that must be said.
pub(super) async fn decide<D: Desk, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    Sent { person, form }: Sent<Fields>,
) -> Response {
    if let Some(refused) = lacks_a_factor(&web, &person) {
        return refused;
    }
    let approves = match form.one("what") {
        "approve" => true,
        "reject" => false,
        // The form's first button, which Enter in a tick presses.
        "" => {
            let text = (
                "承認か却下のボタンを押してください。何も行いませんでした。",
                "Please press the button that approves or rejects. Nothing was done.",
            );
            return pages::told(frame(&web, &person), ("まだ判断していません", "Nothing is decided yet"), text);
        }
        _ => return pages::bad_form(person.language),
    };
    let ids: Vec<MailId> = form.all("id").into_iter().filter_map(id_of).collect();
    let comment = form.one("comment").trim();
    if ids.is_empty() || comment.is_empty() {
        let text = (
            "メールを選び、理由を書いてください。何も行いませんでした。",
            "Please tick the mails and write a reason. Nothing was done.",
        );
        return pages::told(frame(&web, &person), ("選択と理由が必要です", "Mails and a reason are needed"), text);
    }
    let mut outcomes = Vec::new();
    for id in ids {
        let who = &person.session.who;
        let subject = web.desk.show(who, &id).await.map(|file| file.story.subject).unwrap_or_default();
        let decided = match approves {
            true => web.desk.approve(who, &id, comment, person.is_strong()).await.map(|()| Word::Approved),
            false => web.desk.reject(who, &id, comment).await.map(|()| Word::Rejected),
        };
        // What came of it only the mail itself tells: an approval may not be the last that it needs.
        let state = match decided {
            Ok(Word::Approved) => web.desk.show(who, &id).await.map(|file| file.state).ok(),
            Ok(Word::Rejected) | Err(_) => None,
        };
        outcomes.push(Outcome::of(id, &subject, decided, state, person.language));
    }
    pages::html(&Outcomes { frame: frame(&web, &person), outcomes })
}

/// What became of several mails.
#[derive(Template)]
#[template(path = "console/outcomes.html")]
struct Outcomes<'a> {
    frame: Frame<'a>,
    outcomes: Vec<Outcome>,
}

struct Outcome {
    id: MailId,
    subject: String,
    tone: &'static str,
    text: String,
}

/// What somebody said of a mail, and the desk took.
enum Word {
    Approved,
    Rejected,
}

impl Outcome {
    /// `state` is that of the mail after an approval, if it can be read.
    fn of(
        id: MailId,
        subject: &str,
        decided: Result<Word, DeskError>,
        state: Option<hold::State>,
        language: Language,
    ) -> Self {
        let pick = |ja: &str, en: &str| words::pick(language, ja, en).to_owned();
        let (tone, text) = match decided {
            Ok(Word::Approved) => approved(state, language),
            Ok(Word::Rejected) => ("good", pick("却下しました", "rejected")),
            Err(DeskError::AlreadyDecided(_)) => (
                "dull",
                pick(
                    "すでに判断が終わっていました。何も変わっていません。",
                    "Was decided before; nothing was changed.",
                ),
            ),
            Err(DeskError::NotAllowed(why)) => ("bad", pick(&why.ja, &why.en)),
            Err(DeskError::Unknown) => ("bad", pick("見つかりません", "There is no such mail.")),
            Err(DeskError::Unavailable(reason)) => {
                tracing::error!(reason, "the desk is not available");
                (
                    "bad",
                    pick(
                        "いまは判断できません。しばらくしてからお試しください。",
                        "Cannot be decided now. Please try again in a while.",
                    ),
                )
            }
        };
        Self { id, subject: words::subject(subject, language), tone, text }
    }
}

/// What an approval came to.
fn approved(state: Option<hold::State>, language: Language) -> (&'static str, String) {
    let (tone, ja, en) = match state {
        Some(hold::State::Pending) => (
            "wait",
            "承認を記録しました。ほかの人の承認も必要です。",
            "Your approval is recorded; another one is needed.",
        ),
        // Of those that were approved only a drill ends so.
        Some(hold::State::Withdrawn) => (
            "good",
            "承認しました。訓練のメールだったため、送信されません。",
            "approved; it was a drill, so nothing is sent",
        ),
        Some(_) => ("good", "承認しました", "approved"),
        None => ("good", "承認を記録しました", "Your approval is recorded."),
    };
    (tone, words::pick(language, ja, en).to_owned())
}
