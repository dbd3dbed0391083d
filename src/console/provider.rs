//! Logging in through a provider: the way there and back.
//!
//! In: a click on the button of the login page, and the browser that the provider sends back. Out: the same session as
//! after a password, or the login page that says what to do next. A cookie binds the browser to the login that it began:
//! an answer that somebody else's browser got is worth nothing here. Deliberately absent: what is believed of an answer
//! (`directory::oidc`), and accounts: whoever the provider vouches for in one of our domains may log in, unless their local
//! account is switched off.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode, header},
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};
use ipnet::IpNet;

use super::{
    Desk, Need, Settings, Web,
    login::{self, Begun as Proven, SESSION, Wish, cookie},
    pages,
    place::Place,
    session, tongue,
};
use crate::{
    directory::{
        Directory, Identities, Stage,
        oidc::{Answer, Identity, LoginError, PENDING, Pending, Provider},
    },
    language::Language,
    notice::words::pick,
};

/// Where a login begins.
pub(super) const BEGIN: &str = "/login/oidc";

/// Where the provider sends the browser back to.
pub(super) const BACK: &str = "/login/oidc/callback";

/// The cookie that a login on its way is bound to.
const COOKIE: &str = "sekisho_login";

/// No more logins on their way than this; the oldest gives way.
const MOST: usize = 10_000;

/// How people may prove who they are.
#[derive(Debug)]
pub struct Logins {
    /// With an account and a password: our own, or the directory's.
    pub(super) local: bool,
    /// Asked for passwords that are not those of our own accounts.
    pub(super) directory: Directory,
    /// By the word of a provider.
    pub(super) provider: Option<Provider>,
    /// Who must prove it twice.
    pub(super) second_factor: Need,
    /// Who is believed about where a request came from.
    pub(super) trusted_proxies: Vec<IpNet>,
    begun: Begun,
}

impl Default for Logins {
    fn default() -> Self {
        Self {
            local: true,
            directory: Directory::default(),
            provider: None,
            second_factor: Need::Nobody,
            trusted_proxies: Vec::new(),
            begun: Begun::default(),
        }
    }
}

impl Logins {
    /// As the configuration says; asks no provider yet.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(settings: &Settings, directory: Directory) -> Result<Self, String> {
        let back = format!("{}{BACK}", settings.public_url);
        let provider = settings.oidc.clone().map(|oidc| Provider::new(oidc, &back)).transpose()?;
        Ok(Self {
            local: settings.local_login,
            directory,
            provider,
            second_factor: settings.second_factor,
            trusted_proxies: settings.trusted_proxies.clone(),
            begun: Begun::default(),
        })
    }
}

/// The logins on their way, by the hash of their cookie, with where the person wanted to go.
#[derive(Debug, Default)]
struct Begun {
    open: Mutex<HashMap<[u8; 32], (Pending, String)>>,
}

impl Begun {
    fn put(&self, cookie: &str, pending: Pending, next: String, now: Instant) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= MOST {
            open.retain(|_, (pending, _)| !pending.is_over(now));
        }
        if open.len() >= MOST
            && let Some(oldest) = open.iter().min_by_key(|(_, (pending, _))| pending.made_at()).map(|(key, _)| *key)
        {
            open.remove(&oldest);
        }
        open.insert(session::hashed(cookie), (pending, next));
    }

    /// Works once.
    fn take(&self, cookie: &str) -> Option<(Pending, String)> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&session::hashed(cookie))
    }
}

/// To the provider.
pub(super) async fn begin<D: Desk, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    headers: HeaderMap,
    wish: Result<Query<Wish>, QueryRejection>,
) -> Response {
    let language = tongue::spoken(&headers, &web);
    let Some(provider) = &web.logins.provider else { return Redirect::to("/login").into_response() };
    let (next, now) = (wish.map(|Query(wish)| wish.next).unwrap_or_default(), Instant::now());
    let (to, pending) = match provider.begin(now).await {
        Ok(begun) => begun,
        Err(error) => return refused(&web, language, &next, &error),
    };
    let Some(token) = session::random() else { return pages::fault(language).into_response() };
    let next = login::safe_next(&next).unwrap_or_default().to_owned();
    web.logins.begun.put(&token, pending, next, now);
    (AppendHeaders([(header::SET_COOKIE, carried(&token, PENDING.as_secs(), &web))]), Redirect::to(&to)).into_response()
}

/// Back from the provider.
pub(super) async fn finish<D: Desk, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    Place(place): Place,
    headers: HeaderMap,
    answer: Result<Query<Answer>, QueryRejection>,
) -> Response {
    let language = tongue::spoken(&headers, &web);
    let Some(provider) = &web.logins.provider else { return Redirect::to("/login").into_response() };
    let Some((pending, next)) = cookie(&headers, COOKIE).and_then(|token| web.logins.begun.take(token)) else {
        return refused(&web, language, "", &LoginError::Stale("this browser has begun none"));
    };
    let Ok(Query(answer)) = answer else {
        return refused(&web, language, &next, &LoginError::Stale("the answer is odd"));
    };
    let identity = match provider.finish(pending, answer, Instant::now()).await {
        Ok(identity) => identity,
        Err(error) => return refused(&web, language, &next, &error),
    };
    match web.accounts.account(&identity.address).await {
        Ok(account) if account.as_ref().is_none_or(|account| !account.disabled) => {
            enter(&web, &headers, identity, (&place, &next)).await
        }
        Ok(_) => {
            tracing::warn!(person = %identity.address, "the provider vouches for somebody whose account here is disabled");
            let text = pick(
                language,
                "このメールアドレスのログインは停止されています。管理者にお知らせください。",
                "Logging in with this mail address is switched off. Please ask your administrator.",
            );
            login::form(&web, language, &next, Some(text), StatusCode::FORBIDDEN)
        }
        Err(error) => {
            tracing::error!(%error, "accounts cannot be read");
            pages::fault(language).into_response()
        }
    }
}

async fn enter<D: Desk, A: Identities>(
    web: &Web<D, A>,
    headers: &HeaderMap,
    identity: Identity,
    (place, next): (&str, &str),
) -> Response {
    let strong = identity.is_multi_factor();
    tracing::info!(
        person = %identity.address,
        subject = identity.subject,
        issuer = identity.issuer,
        methods = identity.methods.join(" "),
        level = identity.level.as_deref().unwrap_or_default(),
        multi_factor = strong,
        "logged in through the provider"
    );
    let begun = Proven { who: identity.address, password: None, strong, place };
    let (token, stage) = match login::opened(web, headers, begun).await {
        Ok(opened) => opened,
        Err(response) => return response,
    };
    let set = [(header::SET_COOKIE, login::baked(SESSION, &token, web)), (header::SET_COOKIE, carried("", 0, web))];
    let to = if stage == Stage::Code { "/login/code" } else { login::safe_next(next).unwrap_or("/held") };
    // Not a redirect: it would still count as coming from the provider, and the session's strict cookie stay behind.
    (AppendHeaders(set), pages::again(tongue::spoken(headers, web), to)).into_response()
}

/// The login page again; why goes to the log, what to do next to the person.
fn refused<D, A>(web: &Web<D, A>, language: Language, next: &str, error: &LoginError) -> Response {
    match error {
        LoginError::Stale(_) | LoginError::Declined(_) => tracing::info!(%error, "nobody was logged in"),
        _ => tracing::warn!(%error, "nobody was logged in"),
    }
    let (status, text) = advice(error, language);
    let local = pick(
        language,
        "メールアドレスとパスワードでもログインできます。",
        " You can also log in with your mail address and password.",
    );
    let more = if web.logins.local && status.is_server_error() { local } else { "" };
    login::form(web, language, next, Some(&format!("{text}{more}")), status)
}

fn advice(error: &LoginError, language: Language) -> (StatusCode, &'static str) {
    let (status, ja, en) = match error {
        LoginError::Unreachable(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "シングルサインオンのサーバーに接続できません。しばらくしてから、もう一度お試しください。",
            "The single sign-on server cannot be reached. Please try again in a while.",
        ),
        LoginError::Exchange(_) => (
            StatusCode::BAD_GATEWAY,
            "シングルサインオンでログインできませんでした。もう一度お試しください。続くときは管理者にお知らせください。",
            "Single sign-on did not work. Please try again; if it happens again, tell your administrator.",
        ),
        LoginError::Stale(_) => (
            StatusCode::BAD_REQUEST,
            "ログインの手続きの有効期限が切れたか、別の画面でやり直されています。もう一度ログインしてください。",
            "This login took too long, or was begun again in another window. Please log in again.",
        ),
        LoginError::Declined(_) => (
            StatusCode::FORBIDDEN,
            "シングルサインオンが取り消されたか、許可されませんでした。もう一度お試しいただくか、管理者にお問い合わせください。",
            "Single sign-on was cancelled or not allowed. Please try again, or ask your administrator.",
        ),
        LoginError::Unproven(_) => (
            StatusCode::FORBIDDEN,
            "シングルサインオンの結果を確認できませんでした。もう一度お試しください。続くときは管理者にお知らせください。",
            "The answer of single sign-on could not be confirmed. Please try again; if it happens again, tell your administrator.",
        ),
        LoginError::NoAddress(_) => (
            StatusCode::FORBIDDEN,
            "お使いのアカウントに、確認済みのメールアドレスがありません。管理者にお知らせください。",
            "Your account has no confirmed mail address. Please tell your administrator.",
        ),
        LoginError::Foreign(_) => (
            StatusCode::FORBIDDEN,
            "お使いのアカウントのメールアドレスは、この組織のものではありません。会社のアカウントでログインし直してください。",
            "The mail address of your account is not of this organisation. Please log in with your account at work.",
        ),
    };
    (status, pick(language, ja, en))
}

/// The cookie of a login on its way: the provider's page sends the browser back, which a strict cookie would not survive.
fn carried<D, A>(value: &str, seconds: u64, web: &Web<D, A>) -> String {
    login::baked(COOKIE, value, web).replace("SameSite=Strict", "SameSite=Lax") + &format!("; Max-Age={seconds}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::directory::oidc::fake::Fake;

    #[tokio::test]
    async fn there_are_never_more_than_the_most_logins_on_their_way_and_each_works_once() {
        let fake = Fake::start().await;
        let provider = Provider::new(fake.settings(), "https://sekisho.example.co.jp/login/oidc/callback").unwrap();
        let (begun, now) = (Begun::default(), Instant::now());
        let pending = async |at| provider.begin(at).await.unwrap().1;
        begun.put("first", pending(now).await, "/held/1".into(), now);
        for number in 0..MOST {
            let at = now + Duration::from_secs(1);
            begun.put(&number.to_string(), pending(at).await, String::new(), at);
        }
        assert_eq!(begun.open.lock().unwrap().len(), MOST);
        assert!(begun.take("first").is_none(), "the oldest gave way");
        assert!(begun.take("7").is_some() && begun.take("7").is_none());
        let late = now + PENDING + Duration::from_secs(60);
        begun.put("late", pending(now).await, String::new(), late);
        begun.put("last", pending(now).await, String::new(), late);
        assert_eq!(begun.open.lock().unwrap().len(), 1, "those that nobody can finish went first");
    }
}
