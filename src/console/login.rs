//! Logging in and out, and who a request is from.
//!
//! In: account and password, of our own accounts or of the directory (a provider's word comes through `provider`),
//! cookies. Out: the session cookie; a [`Person`] for the handlers that need one.
//! An unknown account, a disabled one and a wrong password look the same and take as long.
//! Deliberately absent: what a person may do (`Desk`), self-registration, and passwords by mail.

use std::{sync::Arc, time::Instant};

use axum::{
    Form,
    extract::{
        FromRequestParts, Query, State,
        rejection::{FormRejection, QueryRejection},
    },
    http::{HeaderMap, Method, StatusCode, header, request::Parts},
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{
    Desk, Web,
    pages::{self, Frame},
    session::{self, Session},
};
use crate::{
    directory::{Account, Accounts, proves},
    language::Language,
    mail::Address,
    notice::words::pick,
};

/// The session's cookie.
pub(super) const SESSION: &str = "sekisho";

/// The cookie that the login form is bound to, as there is no session yet.
const FORM: &str = "sekisho_form";

/// The person a request is from, proven by their session.
pub(super) struct Person {
    pub(super) session: Session,
}

impl<D: Desk, A: Accounts> FromRequestParts<Arc<Web<D, A>>> for Person {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Arc<Web<D, A>>) -> Result<Self, Response> {
        let session = cookie(&parts.headers, SESSION).and_then(|token| web.sessions.find(token, Instant::now()));
        let Some(session) = session else { return Err(ask_to_log_in(parts, web.language)) };
        match web.accounts.account(&session.who).await {
            Ok(account) if stands(&session, account.as_ref()) => Ok(Self { session }),
            Ok(_) => {
                cookie(&parts.headers, SESSION).inspect(|token| web.sessions.end(token));
                Err(ask_to_log_in(parts, web.language))
            }
            Err(error) => {
                tracing::error!(%error, "accounts cannot be read");
                Err(pages::fault(web.language).into_response())
            }
        }
    }
}

/// Whether a session is still good: its password is the same, and the person's account, if there is one, not disabled.
fn stands(session: &Session, account: Option<&Account>) -> bool {
    account.is_none_or(|account| !account.disabled)
        && session.fits(account.map(|account| account.password_hash.as_str()))
}

/// To the login page, and afterwards to where the person wanted to go.
///
/// A link in a webmail comes from another site, and then a strict cookie is not sent although the person is logged in:
/// such a request gets a page that opens itself again, now from our own site.
fn ask_to_log_in(parts: &Parts, language: Language) -> Response {
    let path = parts.uri.path();
    let reads = parts.method == Method::GET;
    let crossed = parts.headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site");
    match safe_next(path).filter(|_| reads) {
        Some(path) if crossed => pages::again(language, path).into_response(),
        Some(path) => Redirect::to(&format!("/login?next={path}")).into_response(),
        None => Redirect::to("/login").into_response(),
    }
}

/// A path of ours that is worth coming back to; anything else is dropped, so that no link leads out of here.
pub(super) fn safe_next(path: &str) -> Option<&str> {
    let id = path.strip_prefix("/held/")?;
    (!id.is_empty() && id.len() <= 64 && id.bytes().all(|c| c.is_ascii_alphanumeric())).then_some(path)
}

#[derive(Deserialize)]
pub(super) struct Wish {
    #[serde(default)]
    pub(super) next: String,
}

/// The login form.
pub(super) async fn show<D: Desk, A: Accounts>(
    State(web): State<Arc<Web<D, A>>>,
    wish: Result<Query<Wish>, QueryRejection>,
) -> Response {
    let next = wish.map(|Query(wish)| wish.next).unwrap_or_default();
    form(&web, &next, None, StatusCode::OK)
}

/// What the login form sends.
#[derive(Deserialize)]
pub(super) struct Credentials {
    account: String,
    password: String,
    #[serde(default)]
    next: String,
    #[serde(default)]
    form: String,
}

/// Checks account and password and begins a session.
pub(super) async fn enter<D: Desk, A: Accounts>(
    State(web): State<Arc<Web<D, A>>>,
    headers: HeaderMap,
    sent: Result<Form<Credentials>, FormRejection>,
) -> Response {
    let Ok(Form(sent)) = sent else { return pages::bad_form(web.language) };
    if !web.logins.local {
        let off = pick(
            web.language,
            "パスワードでのログインは使えません。シングルサインオンでログインしてください。",
            "Logging in with a password is switched off. Please use single sign-on.",
        );
        return form(&web, &sent.next, Some(off), StatusCode::FORBIDDEN);
    }
    if !cookie(&headers, FORM).is_some_and(|planted| !planted.is_empty() && session::same(planted, &sent.form)) {
        let again = pick(
            web.language,
            "ログイン画面の有効期限が切れました。もう一度お試しください。",
            "The login page was too old. Please try again.",
        );
        return form(&web, &sent.next, Some(again), StatusCode::FORBIDDEN);
    }
    let name = sent.account.trim().to_lowercase();
    if web.failures.wait(&name, Instant::now()).is_some() {
        let wait = pick(
            web.language,
            "ログインに続けて失敗したため、しばらく受け付けません。数分から15分ほどお待ちください。",
            "Too many failed attempts. Please wait a few minutes, a quarter of an hour at most.",
        );
        return form(&web, &sent.next, Some(wait), StatusCode::TOO_MANY_REQUESTS);
    }
    match proven(&web, &name, sent.password).await {
        Ok(Some((who, hash))) => {
            web.failures.forget(&name);
            cookie(&headers, SESSION).inspect(|old| web.sessions.end(old));
            begin(&web, who, hash.as_deref(), &sent.next)
        }
        Ok(None) => {
            web.failures.add(&name, Instant::now());
            let wrong = pick(
                web.language,
                "メールアドレスまたはパスワードが違います。",
                "The mail address or the password is wrong.",
            );
            form(&web, &sent.next, Some(wrong), StatusCode::UNAUTHORIZED)
        }
        Err(()) => pages::fault(web.language).into_response(),
    }
}

/// Whose the name and the password are: with the password's hash for one of our own accounts, without one for somebody
/// whom the directory knows. `Err` when it could not be found out.
async fn proven<D, A: Accounts>(
    web: &Web<D, A>,
    name: &str,
    password: String,
) -> Result<Option<(Address, Option<String>)>, ()> {
    if let Some((who, hash)) = own(web, name, password.clone()).await? {
        return Ok(Some((who, Some(hash))));
    }
    let proven = web.logins.directory.authenticate(name, &password).await.map_err(|error| {
        tracing::warn!(%error, "the directory cannot be asked for a password");
    })?;
    let Some(who) = proven else { return Ok(None) };
    let account = web.accounts.account(&who).await.map_err(|error| {
        tracing::error!(%error, "accounts cannot be read");
    })?;
    // Whoever is shut out here is shut out, whatever the directory says.
    let shut_out = account.is_some_and(|account| account.disabled);
    Ok((!shut_out).then_some((who, None)))
}

/// The account's address and password hash if the password is right.
async fn own<D, A: Accounts>(web: &Web<D, A>, name: &str, password: String) -> Result<Option<(Address, String)>, ()> {
    let account = match Address::parse(name) {
        Ok(address) => web.accounts.account(&address).await.map_err(|error| {
            tracing::error!(%error, "accounts cannot be read");
        })?,
        Err(_) => None,
    };
    // Held until the check is over: a flood of logins takes neither all memory nor all cores.
    let _turn = web.checking.acquire().await.map_err(|_closed| ())?;
    let checked = tokio::task::spawn_blocking(move || proves(account.as_ref(), &password).then_some(account).flatten());
    let account = checked.await.map_err(|_panicked| ())?;
    Ok(account.map(|account| (account.address, account.password_hash)))
}

fn begin<D, A>(web: &Web<D, A>, who: Address, hash: Option<&str>, next: &str) -> Response {
    let Some(token) = web.sessions.begin(who, hash, Instant::now()) else {
        return pages::fault(web.language).into_response();
    };
    let to = safe_next(next).unwrap_or("/held");
    let set = [(header::SET_COOKIE, baked(SESSION, &token, web)), (header::SET_COOKIE, eaten(FORM, web))];
    (AppendHeaders(set), Redirect::to(to)).into_response()
}

#[derive(Deserialize)]
pub(super) struct Token {
    #[serde(default)]
    csrf: String,
}

/// Ends the session.
pub(super) async fn leave<D: Desk, A: Accounts>(
    State(web): State<Arc<Web<D, A>>>,
    person: Person,
    headers: HeaderMap,
    sent: Result<Form<Token>, FormRejection>,
) -> Response {
    let Ok(Form(sent)) = sent else { return pages::bad_form(web.language) };
    if !session::same(&person.session.csrf, &sent.csrf) {
        return pages::bad_token(web.language);
    }
    cookie(&headers, SESSION).inspect(|token| web.sessions.end(token));
    (AppendHeaders([(header::SET_COOKIE, eaten(SESSION, &web))]), Redirect::to("/login")).into_response()
}

/// The login page, with what went wrong.
pub(super) fn form<D, A>(web: &Web<D, A>, next: &str, problem: Option<&str>, status: StatusCode) -> Response {
    let Some(token) = session::random() else { return pages::fault(web.language).into_response() };
    let page = pages::Login {
        frame: Frame::outside(web.language, &web.organization),
        next: safe_next(next).unwrap_or_default(),
        form: &token,
        problem,
        local: web.logins.local,
        provider: web.logins.provider.as_ref().map(|provider| {
            let own = pick(web.language, "シングルサインオンでログイン", "Log in with single sign-on");
            provider.label().unwrap_or(own)
        }),
    };
    (status, AppendHeaders([(header::SET_COOKIE, baked(FORM, &token, web))]), pages::html(&page)).into_response()
}

/// A cookie that scripts cannot read and other sites cannot cause to be sent.
pub(super) fn baked<D, A>(name: &str, value: &str, web: &Web<D, A>) -> String {
    let secure = if web.public_url.starts_with("https://") { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict{secure}")
}

fn eaten<D, A>(name: &str, web: &Web<D, A>) -> String {
    baked(name, "", web) + "; Max-Age=0"
}

pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_held_mails_page_is_come_back_to() {
        assert_eq!(safe_next("/held/01ABC"), Some("/held/01ABC"));
        for path in
            ["", "/", "//evil.example", "/held/", "/held/1/approve", "https://evil", "/held/%2e", "/held/a\r\nX: 1"]
        {
            assert_eq!(safe_next(path), None, "{path:?}");
        }
    }
}
