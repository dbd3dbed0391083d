//! The second step of logging in: the code of the second factor.
//!
//! In: a session that has shown its password and nothing more, and a code. Out: a session that opens everything, in the
//! place of the first. A code works once; too many wrong ones make the person wait, as with passwords. Whoever has lost
//! their phone takes a recovery code. Deliberately absent: a box to be remembered by; a session lasts half a day.

use std::{sync::Arc, time::Instant};

use askama::Template;
use axum::{
    Form,
    extract::{
        Query, State,
        rejection::{FormRejection, QueryRejection},
    },
    http::{HeaderMap, StatusCode, header},
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};
use jiff::Timestamp;
use serde::Deserialize;

use super::{
    Desk, Web,
    login::{self, Begun, Person, SESSION, Wish, baked, safe_next},
    pages::{self, Frame},
    place::Place,
    session,
};
use crate::{
    directory::{AccountsError, Identities, Stage, recovery_hash},
    journal::Access,
    mail::Address,
    notice::words::pick,
};

/// The form for the code.
pub(super) async fn show<D: Desk, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    headers: HeaderMap,
    wish: Result<Query<Wish>, QueryRejection>,
) -> Response {
    let next = wish.map(|Query(wish)| wish.next).unwrap_or_default();
    match half_way(&web, &headers).await {
        Ok(person) => form(&web, &person, &next, None, StatusCode::OK),
        Err(elsewhere) => elsewhere,
    }
}

#[derive(Deserialize)]
pub(super) struct Sent {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    next: String,
}

/// Checks the code.
pub(super) async fn enter<D: Desk, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    Place(place): Place,
    headers: HeaderMap,
    sent: Result<Form<Sent>, FormRejection>,
) -> Response {
    let person = match half_way(&web, &headers).await {
        Ok(person) => person,
        Err(elsewhere) => return elsewhere,
    };
    let Ok(Form(sent)) = sent else { return pages::bad_form(person.language) };
    if !session::same(&person.csrf, &sent.csrf) {
        return pages::bad_token(person.language);
    }
    match proven(&web, &person, &sent.code, &place).await {
        Ok(true) => finish(&web, &headers, person, &sent.next, &place).await,
        Ok(false) => {
            let wrong = pick(
                person.language,
                "コードが違うか、すでに使われています。アプリに表示されている新しいコードを入力してください。",
                "The code is wrong or was used before. Please type the one that your app shows now.",
            );
            form(&web, &person, &sent.next, Some(wrong), StatusCode::UNAUTHORIZED)
        }
        Err(Refusal::Wait) => {
            let wait = pick(
                person.language,
                "コードの誤りが続いたため、しばらく受け付けません。数分から15分ほどお待ちください。",
                "Too many wrong codes. Please wait a few minutes, a quarter of an hour at most.",
            );
            form(&web, &person, &sent.next, Some(wait), StatusCode::TOO_MANY_REQUESTS)
        }
        Err(Refusal::Fault(error)) => {
            tracing::error!(%error, "a second factor cannot be read");
            pages::fault(person.language).into_response()
        }
    }
}

/// Why a code was not even looked at.
pub(super) enum Refusal {
    /// There were too many wrong ones.
    Wait,
    /// The store cannot be read or written.
    Fault(AccountsError),
}

impl From<AccountsError> for Refusal {
    fn from(error: AccountsError) -> Self {
        Self::Fault(error)
    }
}

/// Whether `code` is right for the person's second factor. It is used up by that.
pub(super) async fn proven<D: Desk, A: Identities>(
    web: &Web<D, A>,
    person: &Person,
    code: &str,
    place: &str,
) -> Result<bool, Refusal> {
    let who = &person.session.who;
    let Some(attempt) = web.wrong_codes.try_begin(&who.canonical(), Instant::now()) else { return Err(Refusal::Wait) };
    let right = used(web, who, code, place).await.inspect_err(|_fault| web.wrong_codes.take_back(&attempt))?;
    if right {
        web.wrong_codes.forget(&attempt);
    } else if attempt.locks() {
        web.desk.note(who, Access::Locked, place).await;
    }
    Ok(right)
}

/// Whether `code` was right, and is used up.
async fn used<D: Desk, A: Identities>(
    web: &Web<D, A>,
    who: &Address,
    code: &str,
    place: &str,
) -> Result<bool, AccountsError> {
    let Some(factor) = web.accounts.factor(who).await?.filter(|factor| factor.confirmed) else { return Ok(false) };
    if let Some(step) = factor.step(code, Timestamp::now()) {
        return web.accounts.use_step(who, step).await;
    }
    let right = web.accounts.use_recovery(who, &recovery_hash(code)).await?;
    if right {
        web.desk.note(who, Access::RecoveryUsed, place).await;
    }
    Ok(right)
}

/// The session that opens everything, under a new cookie.
async fn finish<D: Desk, A: Identities>(
    web: &Web<D, A>,
    headers: &HeaderMap,
    person: Person,
    next: &str,
    place: &str,
) -> Response {
    // What the password was when it was shown: one that was changed meanwhile has ended this login already.
    let password = match web.accounts.account(&person.session.who).await {
        Ok(account) => account.filter(|_| person.session.password.is_some()).map(|account| account.password_hash),
        Err(error) => {
            tracing::error!(%error, "accounts cannot be read");
            return pages::fault(person.language).into_response();
        }
    };
    let begun = Begun { who: person.session.who, password: password.as_deref(), strong: true, place };
    match login::opened(web, headers, begun).await {
        Ok((token, _)) => {
            let to = safe_next(next).unwrap_or("/held");
            (AppendHeaders([(header::SET_COOKIE, baked(SESSION, &token, web))]), Redirect::to(to)).into_response()
        }
        Err(response) => response,
    }
}

/// Whoever has shown a password and owes the code; others are sent where they belong.
async fn half_way<D: Desk, A: Identities>(web: &Web<D, A>, headers: &HeaderMap) -> Result<Person, Response> {
    match login::known(headers, web).await? {
        Some(person) if person.session.stage == Stage::Code => Ok(person),
        Some(_) => Err(Redirect::to("/held").into_response()),
        None => Err(Redirect::to("/login").into_response()),
    }
}

/// The form for the code.
#[derive(Template)]
#[template(path = "console/code.html")]
struct Code<'a> {
    frame: Frame<'a>,
    csrf: &'a str,
    next: &'a str,
    problem: Option<&'a str>,
}

fn form<D, A>(web: &Web<D, A>, person: &Person, next: &str, problem: Option<&str>, status: StatusCode) -> Response {
    let frame = Frame::outside(person.language, &web.organization);
    let next = safe_next(next).unwrap_or_default();
    (status, pages::html(&Code { frame, csrf: &person.csrf, next, problem })).into_response()
}
