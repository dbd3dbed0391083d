//! Logging in and out, and who a request is from.
//!
//! In: account and password, of our own accounts or of the directory (a provider's word comes through `provider`),
//! cookies. Out: the session cookie; a [`Person`] for the handlers that need one.
//! Deliberately absent: whether a password is right (`proof`), what a person may do (`Desk`), self-registration, and passwords
//! by mail.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    Form,
    extract::{
        FromRequestParts, Query, State,
        rejection::{FormRejection, QueryRejection},
    },
    http::{HeaderMap, Method, StatusCode, header, request::Parts},
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};
use jiff::Timestamp;
use serde::Deserialize;

use super::{
    Desk, Need, Web,
    form::{Fields, Sent},
    pages::{self, Frame},
    place::Place,
    proof::{Outcome, tried},
    session, tongue,
};
use crate::{
    directory::{Account, AccountsError, Identities, Role, Session, Stage},
    journal::Access,
    language::Language,
    mail::Address,
    notice::words::{self, pick},
    telemetry::health::Condition,
};

/// The session's cookie.
pub(super) const SESSION: &str = "sekisho";

/// The cookie that the login form is bound to, as there is no session yet.
const FORM: &str = "sekisho_form";

/// As much of what a browser calls itself as is kept.
const BROWSER: usize = 160;

/// The person a request is from, proven by their session.
pub(super) struct Person {
    pub(super) session: Session,
    /// What every form of theirs carries.
    pub(super) csrf: String,
    /// What they may do beside what everybody may.
    pub(super) roles: BTreeSet<Role>,
    /// In which they are shown pages.
    pub(super) language: Language,
    /// When they asked.
    pub(super) at: Timestamp,
}

impl Person {
    /// Whether they showed a second factor.
    pub(super) fn is_strong(&self) -> bool {
        self.session.stage == Stage::Strong
    }
}

impl<D: Desk, A: Identities> FromRequestParts<Arc<Web<D, A>>> for Person {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Arc<Web<D, A>>) -> Result<Self, Response> {
        let Some(person) = known(&parts.headers, web).await? else {
            return Err(ask_to_log_in(parts, tongue::spoken(&parts.headers, web)));
        };
        let path = parts.uri.path();
        match person.session.stage {
            Stage::Code => Err(Redirect::to("/login/code").into_response()),
            // Nothing but their own page, where they can set one up, and the way out.
            Stage::Open
                if web.logins.second_factor == Need::Everybody && !path.starts_with("/me") && path != "/logout" =>
            {
                Err(Redirect::to("/me").into_response())
            }
            Stage::Open | Stage::Strong => Ok(person),
        }
    }
}

/// Whose cookie it is, if it is anybody's, at whatever stage. That they are there is written down.
pub(super) async fn known<D: Desk, A: Identities>(
    headers: &HeaderMap,
    web: &Web<D, A>,
) -> Result<Option<Person>, Response> {
    let person = looked_up(headers, web).await?;
    if let Some(person) = &person
        && person.session.is_news(person.at)
        && let Err(error) = web.accounts.use_session(&person.session.key, person.at).await
    {
        tracing::error!(%error, "sessions cannot be written");
        return Err(unreadable(web, person.language));
    }
    Ok(person)
}

/// The same for what a page asks by itself, which is no sign that anybody is there: a session grows old all the same.
pub(super) async fn looked_up<D: Desk, A: Identities>(
    headers: &HeaderMap,
    web: &Web<D, A>,
) -> Result<Option<Person>, Response> {
    let fault = |error: AccountsError| {
        tracing::error!(%error, "accounts cannot be read");
        unreadable(web, tongue::spoken(headers, web))
    };
    let Some(token) = cookie(headers, SESSION).filter(|token| !token.is_empty()) else { return Ok(None) };
    let (key, now) = (session::hashed(token), Timestamp::now());
    let Some(session) = web.accounts.session(&key).await.map_err(fault)? else { return Ok(None) };
    let account = web.accounts.account(&session.who).await.map_err(fault)?;
    if session.is_over(now) || !stands(&session, account.as_ref()) {
        web.accounts.end_session(&key).await.map_err(fault)?;
        return Ok(None);
    }
    let roles = web.desk.roles(&session.who);
    let language = tongue::of(headers, web, &session.who);
    Ok(Some(Person { session, csrf: session::csrf(token), roles, language, at: now }))
}

/// What somebody sees whose session or account cannot be read or written: why, if it is known.
fn unreadable<D: Desk, A: Identities>(web: &Web<D, A>, language: Language) -> Response {
    let health = &web.engine.health;
    if health.is_well(Condition::Store) && health.is_well(Condition::Journal) {
        return pages::fault(language).into_response();
    }
    pages::away(language).into_response()
}

/// Whether a session is still good: its password is the same, and the person's account, if there is one, not disabled.
fn stands(session: &Session, account: Option<&Account>) -> bool {
    let fits = |known: [u8; 32]| account.is_some_and(|account| known == session::hashed(&account.password_hash));
    account.is_none_or(|account| !account.disabled) && session.password.is_none_or(fits)
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
pub(super) async fn show<D: Desk, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    headers: HeaderMap,
    wish: Result<Query<Wish>, QueryRejection>,
) -> Response {
    let next = wish.map(|Query(wish)| wish.next).unwrap_or_default();
    form(&web, tongue::spoken(&headers, &web), &next, None, StatusCode::OK)
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
pub(super) async fn enter<D: Desk, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    Place(place): Place,
    headers: HeaderMap,
    sent: Result<Form<Credentials>, FormRejection>,
) -> Response {
    let language = tongue::spoken(&headers, &web);
    let Ok(Form(sent)) = sent else { return pages::bad_form(language) };
    if !web.logins.local {
        let off = pick(
            language,
            "パスワードでのログインは使えません。シングルサインオンでログインしてください。",
            "Logging in with a password is switched off. Please use single sign-on.",
        );
        return form(&web, language, &sent.next, Some(off), StatusCode::FORBIDDEN);
    }
    if !cookie(&headers, FORM).is_some_and(|planted| !planted.is_empty() && session::same(planted, &sent.form)) {
        let again = pick(
            language,
            "ログイン画面の有効期限が切れました。もう一度お試しください。",
            "The login page was too old. Please try again.",
        );
        return form(&web, language, &sent.next, Some(again), StatusCode::FORBIDDEN);
    }
    let name = sent.account.trim().to_lowercase();
    match tried(&web, &name, sent.password, &place).await {
        Outcome::Proven(who, hash) => {
            let begun = Begun { who, password: hash.as_deref(), strong: false, place: &place };
            begin(&web, &headers, begun, &sent.next).await
        }
        Outcome::Wait => {
            let wait = pick(
                language,
                "ログインに続けて失敗したため、しばらく受け付けません。数分から15分ほどお待ちください。",
                "Too many failed attempts. Please wait a few minutes, a quarter of an hour at most.",
            );
            form(&web, language, &sent.next, Some(wait), StatusCode::TOO_MANY_REQUESTS)
        }
        Outcome::Wrong => {
            let wrong = pick(
                language,
                "メールアドレスまたはパスワードが違います。",
                "The mail address or the password is wrong.",
            );
            form(&web, language, &sent.next, Some(wrong), StatusCode::UNAUTHORIZED)
        }
        Outcome::Broken => unreadable(&web, language),
    }
}

/// Somebody who has just proven who they are.
pub(super) struct Begun<'a> {
    pub(super) who: Address,
    /// The hash of their password, if it is one of ours.
    pub(super) password: Option<&'a str>,
    /// Whether by two factors.
    pub(super) strong: bool,
    pub(super) place: &'a str,
}

/// Begins a session, or asks for the code of the second factor first where the person has one.
async fn begin<D: Desk, A: Identities>(web: &Web<D, A>, headers: &HeaderMap, begun: Begun<'_>, next: &str) -> Response {
    match opened(web, headers, begun).await {
        Ok((token, stage)) => {
            let next = safe_next(next);
            let to = match (stage, next) {
                (Stage::Code, Some(next)) => format!("/login/code?next={next}"),
                (Stage::Code, None) => "/login/code".to_owned(),
                (Stage::Open | Stage::Strong, next) => next.unwrap_or("/held").to_owned(),
            };
            let set = [(header::SET_COOKIE, baked(SESSION, &token, web)), (header::SET_COOKIE, eaten(FORM, web))];
            (AppendHeaders(set), Redirect::to(&to)).into_response()
        }
        Err(response) => response,
    }
}

/// A new session in the place of the browser's old one: its cookie, and how far the person has come.
pub(super) async fn opened<D: Desk, A: Identities>(
    web: &Web<D, A>,
    headers: &HeaderMap,
    Begun { who, password, strong, place }: Begun<'_>,
) -> Result<(String, Stage), Response> {
    let language = tongue::spoken(headers, web);
    let fault = |error: AccountsError| {
        tracing::error!(%error, "a session cannot begin");
        unreadable(web, language)
    };
    if let Some(old) = cookie(headers, SESSION) {
        web.accounts.end_session(&session::hashed(old)).await.map_err(fault)?;
    }
    let factor = if strong { None } else { web.accounts.factor(&who).await.map_err(fault)? };
    let stage = match factor {
        _ if strong => Stage::Strong,
        Some(factor) if factor.confirmed => Stage::Code,
        Some(_) | None => Stage::Open,
    };
    let Some(token) = session::random() else { return Err(pages::fault(language).into_response()) };
    let browser = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    let now = Timestamp::now();
    let session = Session {
        key: session::hashed(&token),
        who,
        stage,
        password: password.map(session::hashed),
        place: place.to_owned(),
        browser: words::one_line(browser, BROWSER),
        began_at: now,
        used_at: now,
    };
    web.accounts.put_session(&session).await.map_err(fault)?;
    if stage != Stage::Code {
        web.desk.note(&session.who, Access::LoggedIn { strong }, place).await;
    }
    Ok((token, stage))
}

/// Ends the session.
pub(super) async fn leave<D: Desk, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    Sent { person, .. }: Sent<Fields>,
) -> Response {
    if let Err(error) = web.accounts.end_session(&person.session.key).await {
        tracing::error!(%error, "a session cannot be ended");
        return unreadable(&web, person.language);
    }
    web.desk.note(&person.session.who, Access::LoggedOut, &person.session.place).await;
    (AppendHeaders([(header::SET_COOKIE, eaten(SESSION, &web))]), Redirect::to("/login")).into_response()
}

/// The login page, with what went wrong.
pub(super) fn form<D, A>(
    web: &Web<D, A>,
    language: Language,
    next: &str,
    problem: Option<&str>,
    status: StatusCode,
) -> Response {
    let Some(token) = session::random() else { return pages::fault(language).into_response() };
    let page = pages::Login {
        frame: Frame::outside(language, &web.organization),
        next: safe_next(next).unwrap_or_default(),
        form: &token,
        problem,
        local: web.logins.local,
        provider: web.logins.provider.as_ref().map(|provider| {
            let own = pick(language, "シングルサインオンでログイン", "Log in with single sign-on");
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
