//! The pages of held mails: the list, one mail, its original, and the three decisions.
//!
//! In: the logged-in person, an id, a form. Out: pages; decisions handed to the desk in that person's name.
//! Deliberately absent: who may do what. The desk decides that, and its refusals are shown here in plain words.

use std::sync::Arc;

use axum::{
    Form,
    extract::{
        Path, Query, State,
        rejection::{FormRejection, QueryRejection},
    },
    http::{StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{
    Desk, DeskError, Web,
    login::Person,
    pages::{self, Done, Frame},
    review::Show,
    session,
};
use crate::{
    directory::Accounts,
    hold::Looked,
    mail::{Address, MailId},
};

/// What may be seen, what waits first.
pub(super) async fn list<D: Desk, A: Accounts>(State(web): State<Arc<Web<D, A>>>, person: Person) -> Response {
    match web.desk.list(&person.session.who).await {
        Ok(lines) => pages::html(&pages::List::new(frame(&web, &person), &lines, &web.timezone)),
        Err(error) => refused(&web, &person, error),
    }
}

#[derive(Deserialize)]
pub(super) struct Flash {
    done: Option<Done>,
}

/// One held mail.
pub(super) async fn show<D: Desk, A: Accounts>(
    State(web): State<Arc<Web<D, A>>>,
    person: Person,
    Path(id): Path<String>,
    flash: Result<Query<Flash>, QueryRejection>,
) -> Response {
    let Some(id) = id_of(id) else { return refused(&web, &person, DeskError::Unknown) };
    match web.desk.show(&person.session.who, &id).await {
        Ok(file) => {
            let done = flash.ok().and_then(|Query(flash)| flash.done);
            pages::html(&Show::new(frame(&web, &person), &file, &web.timezone, done))
        }
        Err(error) => refused(&web, &person, error),
    }
}

/// What a decision's form sends.
#[derive(Deserialize)]
pub(super) struct Decision {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    comment: String,
}

type Sent = Result<Form<Decision>, FormRejection>;

/// The mail as it came, as a file to save: never shown as a page, so nothing in it runs or loads here.
pub(super) async fn original<D: Desk, A: Accounts>(
    State(web): State<Arc<Web<D, A>>>,
    person: Person,
    Path(id): Path<String>,
    sent: Sent,
) -> Response {
    let Ok(Form(sent)) = sent else { return pages::bad_form(web.language) };
    if !session::same(&person.session.csrf, &sent.csrf) {
        return pages::bad_token(web.language);
    }
    let Some(id) = id_of(id) else { return refused(&web, &person, DeskError::Unknown) };
    match web.desk.original(&person.session.who, &id).await {
        Ok(message) => {
            let name = format!("attachment; filename=\"{id}.eml\"");
            let kind = (header::CONTENT_TYPE, "message/rfc822".to_owned());
            ([kind, (header::CONTENT_DISPOSITION, name)], message.bytes().to_vec()).into_response()
        }
        Err(error) => refused(&web, &person, error),
    }
}

/// Lets it go out.
pub(super) async fn approve<D: Desk, A: Accounts>(
    State(web): State<Arc<Web<D, A>>>,
    person: Person,
    Path(id): Path<String>,
    sent: Sent,
) -> Response {
    decide(&web, &person, id, sent, Done::Approve).await
}

/// Keeps it from going out.
pub(super) async fn reject<D: Desk, A: Accounts>(
    State(web): State<Arc<Web<D, A>>>,
    person: Person,
    Path(id): Path<String>,
    sent: Sent,
) -> Response {
    decide(&web, &person, id, sent, Done::Reject).await
}

/// Takes it back.
pub(super) async fn withdraw<D: Desk, A: Accounts>(
    State(web): State<Arc<Web<D, A>>>,
    person: Person,
    Path(id): Path<String>,
    sent: Sent,
) -> Response {
    decide(&web, &person, id, sent, Done::Withdraw).await
}

/// Says why it should go.
pub(super) async fn reason<D: Desk, A: Accounts>(
    State(web): State<Arc<Web<D, A>>>,
    person: Person,
    Path(id): Path<String>,
    sent: Sent,
) -> Response {
    decide(&web, &person, id, sent, Done::Reason).await
}

/// Has others asked as well.
pub(super) async fn ask_others<D: Desk, A: Accounts>(
    State(web): State<Arc<Web<D, A>>>,
    person: Person,
    Path(id): Path<String>,
    sent: Sent,
) -> Response {
    decide(&web, &person, id, sent, Done::AskOthers).await
}

/// Lets it go out alone: a form with a tick for every recipient and attachment, and a reason.
pub(super) async fn release_alone<D: Desk, A: Accounts>(
    State(web): State<Arc<Web<D, A>>>,
    person: Person,
    Path(id): Path<String>,
    sent: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Response {
    let Ok(Form(fields)) = sent else { return pages::bad_form(web.language) };
    let all = |name: &str| -> Vec<String> {
        fields.iter().filter(|(field, _)| field == name).map(|(_, value)| value.clone()).collect()
    };
    let csrf = all("csrf").pop().unwrap_or_default();
    if !session::same(&person.session.csrf, &csrf) {
        return pages::bad_token(web.language);
    }
    let Some(id) = id_of(id) else { return refused(&web, &person, DeskError::Unknown) };
    let looked = Looked { recipients: all("recipient"), attachments: all("attachment") };
    let reason = all("comment").pop().unwrap_or_default();
    match web.desk.release_alone(&person.session.who, &id, &looked, reason.trim()).await {
        Ok(()) => done(&id, Done::ReleaseAlone),
        Err(error) => refused(&web, &person, error),
    }
}

async fn decide<D: Desk, A: Accounts>(
    web: &Web<D, A>,
    person: &Person,
    id: String,
    sent: Sent,
    what: Done,
) -> Response {
    let Ok(Form(sent)) = sent else { return pages::bad_form(web.language) };
    if !session::same(&person.session.csrf, &sent.csrf) {
        return pages::bad_token(web.language);
    }
    let Some(id) = id_of(id) else { return refused(web, person, DeskError::Unknown) };
    let (who, comment): (&Address, &str) = (&person.session.who, sent.comment.trim());
    let decided = match what {
        Done::Approve => web.desk.approve(who, &id, comment).await,
        Done::Reject => web.desk.reject(who, &id, comment).await,
        Done::Withdraw => web.desk.withdraw(who, &id).await,
        Done::Reason => web.desk.give_reason(who, &id, comment).await,
        Done::AskOthers => web.desk.ask_others(who, &id).await,
        // It has a form of its own.
        Done::ReleaseAlone => return pages::bad_form(web.language),
    };
    match decided {
        Ok(()) => done(&id, what),
        Err(error) => refused(web, person, error),
    }
}

/// Back to the mail, which says what was done.
fn done(id: &MailId, what: Done) -> Response {
    Redirect::to(&format!("/held/{id}?done={}", what.word())).into_response()
}

/// The id in an address, if it can be one: what is put into addresses and logs holds nothing else.
fn id_of(text: String) -> Option<MailId> {
    let fits = !text.is_empty() && text.len() <= 64 && text.bytes().all(|c| c.is_ascii_alphanumeric());
    fits.then_some(MailId(text))
}

/// Any address that is none of ours. Says so to everybody, logged in or not.
pub(super) async fn nowhere<D: Desk, A: Accounts>(State(web): State<Arc<Web<D, A>>>) -> Response {
    let page = pages::message(
        web.language,
        ("ページが見つかりません", "There is no such page"),
        ("アドレスをお確かめください。", "Please check the address."),
    );
    (StatusCode::NOT_FOUND, page).into_response()
}

/// A link or a scanner asks for what only a form may do.
pub(super) async fn wrong_method<D: Desk, A: Accounts>(State(web): State<Arc<Web<D, A>>>) -> Response {
    let page = pages::message(
        web.language,
        ("この操作はできません", "This is not possible"),
        ("承認や却下は、画面のボタンからだけ行えます。", "Mails are decided only by the buttons on their page."),
    );
    (StatusCode::METHOD_NOT_ALLOWED, page).into_response()
}

fn refused<D, A>(web: &Web<D, A>, person: &Person, error: DeskError) -> Response {
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

fn frame<'a, D, A>(web: &'a Web<D, A>, person: &'a Person) -> Frame<'a> {
    Frame::of(web.language, &web.organization, &person.session)
}
