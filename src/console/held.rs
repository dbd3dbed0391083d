//! The pages of one held mail: what is known about it, and the decisions.
//!
//! In: the logged-in person, an id, a form. Out: pages; decisions handed to the desk in that person's name.
//! Deliberately absent: its content (`look`), and who may do what. The desk decides that, and its refusals are shown here in plain
//! words.

use std::sync::Arc;

use axum::{
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{
    Desk, DeskError, Need, Web,
    form::{Fields, Sent},
    login::Person,
    pages::{self, Done, Frame},
    review::Show,
    tongue,
};
use crate::{
    directory::Identities,
    hold::Looked,
    mail::{Address, MailId},
};

#[derive(Deserialize)]
pub(super) struct Flash {
    done: Option<Done>,
}

/// One held mail.
pub(super) async fn show<D: Desk, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    person: Person,
    Path(id): Path<String>,
    flash: Result<Query<Flash>, QueryRejection>,
) -> Response {
    let Some(id) = id_of(id) else { return refused(&web, &person, DeskError::Unknown) };
    match web.desk.show(&person.session.who, &id).await {
        Ok(file) => {
            if file.may_decide
                && let Err(error) = web.desk.saw(&person.session.who, &id).await
            {
                // The page is worth more than the note.
                tracing::warn!(%error, "that a decider opened a mail is not noted");
            }
            let done = flash.ok().and_then(|Query(flash)| flash.done);
            pages::html(&Show::new(frame(&web, &person), &file, &web.timezone, done))
        }
        Err(error) => refused(&web, &person, error),
    }
}

/// Lets it go out.
pub(super) async fn approve<D: Desk, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    Path(id): Path<String>,
    sent: Sent<Fields>,
) -> Response {
    decide(&web, sent, id, Done::Approve).await
}

/// Keeps it from going out.
pub(super) async fn reject<D: Desk, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    Path(id): Path<String>,
    sent: Sent<Fields>,
) -> Response {
    decide(&web, sent, id, Done::Reject).await
}

/// Sends it back for a change.
pub(super) async fn send_back<D: Desk, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    Path(id): Path<String>,
    sent: Sent<Fields>,
) -> Response {
    decide(&web, sent, id, Done::SendBack).await
}

/// Asks a colleague what they think.
pub(super) async fn ask_colleague<D: Desk, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    Path(id): Path<String>,
    sent: Sent<Fields>,
) -> Response {
    decide(&web, sent, id, Done::AskColleague).await
}

/// Says what one thinks, having been asked.
pub(super) async fn opinion<D: Desk, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    Path(id): Path<String>,
    sent: Sent<Fields>,
) -> Response {
    decide(&web, sent, id, Done::Opinion).await
}

/// Takes it back.
pub(super) async fn withdraw<D: Desk, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    Path(id): Path<String>,
    sent: Sent<Fields>,
) -> Response {
    decide(&web, sent, id, Done::Withdraw).await
}

/// Says why it should go.
pub(super) async fn reason<D: Desk, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    Path(id): Path<String>,
    sent: Sent<Fields>,
) -> Response {
    decide(&web, sent, id, Done::Reason).await
}

/// Has others asked as well.
pub(super) async fn ask_others<D: Desk, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    Path(id): Path<String>,
    sent: Sent<Fields>,
) -> Response {
    decide(&web, sent, id, Done::AskOthers).await
}

/// Lets it go out alone: a form with a tick for every recipient and attachment, and a reason.
pub(super) async fn release_alone<D: Desk, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    Path(id): Path<String>,
    sent: Sent<Fields>,
) -> Response {
    decide(&web, sent, id, Done::ReleaseAlone).await
}

async fn decide<D: Desk, A: Identities>(web: &Web<D, A>, sent: Sent<Fields>, id: String, what: Done) -> Response {
    let Sent { person, form } = sent;
    if matches!(what, Done::Approve | Done::Reject | Done::SendBack)
        && let Some(refused) = lacks_a_factor(web, &person)
    {
        return refused;
    }
    let Some(id) = id_of(id) else { return refused(web, &person, DeskError::Unknown) };
    let (who, comment): (&Address, &str) = (&person.session.who, form.one("comment").trim());
    let decided = match what {
        Done::Approve => web.desk.approve(who, &id, comment, person.is_strong()).await,
        Done::Reject => web.desk.reject(who, &id, comment).await,
        Done::SendBack => web.desk.send_back(who, &id, comment).await,
        Done::AskColleague => match Address::parse(form.one("colleague").trim()) {
            Ok(colleague) => web.desk.ask_colleague(who, &id, &colleague, comment).await,
            Err(_) => return no_address(web, &person),
        },
        Done::Opinion => web.desk.give_opinion(who, &id, comment).await,
        Done::Withdraw => web.desk.withdraw(who, &id).await,
        Done::Reason => web.desk.give_reason(who, &id, comment).await,
        Done::AskOthers => web.desk.ask_others(who, &id).await,
        Done::ReleaseAlone => {
            let looked = Looked { recipients: form.all("recipient"), attachments: form.all("attachment") };
            web.desk.release_alone(who, &id, &looked, comment).await
        }
    };
    match decided {
        Ok(()) => done(&id, what),
        Err(error) => refused(web, &person, error),
    }
}

fn no_address<D, A>(web: &Web<D, A>, person: &Person) -> Response {
    let page = pages::told(
        frame(web, person),
        ("メールアドレスを入力してください", "An address is needed"),
        (
            "意見をたずねる人のメールアドレスを入力してください。何も行いませんでした。",
            "Please type the address of whom you want to ask. Nothing was done.",
        ),
    );
    (StatusCode::BAD_REQUEST, page).into_response()
}

/// Says that a second factor is needed, if it is and this session has not shown one.
pub(super) fn lacks_a_factor<D, A>(web: &Web<D, A>, person: &Person) -> Option<Response> {
    if web.logins.second_factor == Need::Nobody || person.is_strong() {
        return None;
    }
    let page = pages::told(
        frame(web, person),
        ("二要素認証が必要です", "A second factor is needed"),
        (
            "メールを判断するには、右上の自分のアドレスから二要素認証を設定し、確認コードを使ってログインし直してください。何も行いませんでした。",
            "To decide about mails, open your account (your address, above), set up a second factor, and log in again with its code. Nothing was done.",
        ),
    );
    Some((StatusCode::FORBIDDEN, page).into_response())
}

/// Back to the mail, which says what was done.
fn done(id: &MailId, what: Done) -> Response {
    Redirect::to(&format!("/held/{id}?done={}", what.word())).into_response()
}

/// The id in an address, if it can be one: what is put into addresses and logs holds nothing else.
pub(super) fn id_of(text: String) -> Option<MailId> {
    let fits = !text.is_empty() && text.len() <= 64 && text.bytes().all(|c| c.is_ascii_alphanumeric());
    fits.then_some(MailId(text))
}

/// Any address that is none of ours. Says so to everybody, logged in or not.
pub(super) async fn nowhere<D: Desk, A: Identities>(State(web): State<Arc<Web<D, A>>>, headers: HeaderMap) -> Response {
    let page = pages::message(
        tongue::spoken(&headers, &web),
        ("ページが見つかりません", "There is no such page"),
        ("アドレスをお確かめください。", "Please check the address."),
    );
    (StatusCode::NOT_FOUND, page).into_response()
}

/// A link or a scanner asks for what only a form may do.
pub(super) async fn wrong_method<D: Desk, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    headers: HeaderMap,
) -> Response {
    let page = pages::message(
        tongue::spoken(&headers, &web),
        ("この操作はできません", "This is not possible"),
        ("承認や却下は、画面のボタンからだけ行えます。", "Mails are decided only by the buttons on their page."),
    );
    (StatusCode::METHOD_NOT_ALLOWED, page).into_response()
}

pub(super) fn refused<D, A>(web: &Web<D, A>, person: &Person, error: DeskError) -> Response {
    let (status, title, text) = match &error {
        DeskError::Unknown => (
            StatusCode::NOT_FOUND,
            ("メールが見つかりません", "There is no such mail"),
            (
                "そのメールは存在しないか、あなたには表示できません。",
                "There is no such mail, or it is not yours to see.",
            ),
        ),
        DeskError::NotAllowed(why) => {
            (StatusCode::FORBIDDEN, ("この操作はできません", "You cannot do this"), (why.ja.as_str(), why.en.as_str()))
        }
        DeskError::AlreadyDecided(state) => {
            let page = pages::already(frame(web, person), *state);
            return (StatusCode::CONFLICT, page).into_response();
        }
        DeskError::Unavailable(reason) => {
            tracing::error!(reason, "the desk is not available");
            (
                StatusCode::SERVICE_UNAVAILABLE,
                ("いまは利用できません", "Not available at the moment"),
                (
                    "しばらくしてから画面を開き直し、メールの状態を確かめてください。",
                    "Please open the page again in a while and see where the mail stands.",
                ),
            )
        }
    };
    (status, pages::told(frame(web, person), title, text)).into_response()
}

pub(super) fn frame<'a, D, A>(web: &'a Web<D, A>, person: &'a Person) -> Frame<'a> {
    Frame::of(&web.organization, person)
}
