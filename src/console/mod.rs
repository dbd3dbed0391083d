//! The web pages: a view over the held mails, for those who send and those who decide.
//!
//! In: HTTP/1.1 requests. Out: pages rendered here, in the organisation's language; decisions handed to the [`Desk`]
//! in the name of the person who is logged in, never of anybody a form names. GET shows, only POST decides, so a link
//! scanner that opens every link of a notice decides nothing.
//! The one thing shown unmasked is the original, as a file to save, and each time it is journalled.
//! Deliberately absent: scripts, outside resources, TLS (a proxy in front does it), and any other way to state than
//! [`Desk`] and [`Accounts`].

mod desk;
mod door;
mod health;
mod held;
mod login;
pub mod mailbox;
mod pages;
mod provider;
mod review;
mod session;

use std::{io, net::SocketAddr, sync::Arc};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    response::Redirect,
    routing::{get, post},
};
pub use desk::{Desk, DeskError};
pub use health::health;
use jiff::tz::TimeZone;
pub use provider::Logins;
use tokio::{net::TcpListener, sync::Semaphore};
use tokio_util::sync::CancellationToken;

use crate::{
    directory::{Accounts, oidc},
    language::Language,
    notice::Voice,
};

/// The largest form that is read; a comment is a few thousand characters.
const LARGEST_FORM: usize = 64 * 1024;

/// How many passwords are checked at once; each takes 19 MiB and some 25 ms of a core.
const CHECKED_AT_ONCE: usize = 2;

/// Where the console is; from `[console]`.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it listens.
    pub listen: SocketAddr,
    /// The address that people see, for links in notices; without a slash at its end.
    pub public_url: String,
    /// Whether people log in with accounts and passwords of our own.
    pub local_login: bool,
    /// `[console.oidc]`: the provider through which they log in.
    pub oidc: Option<oidc::Settings>,
}

/// Everything that the pages share.
struct Web<D, A> {
    desk: Arc<D>,
    accounts: Arc<A>,
    logins: Logins,
    sessions: session::Sessions,
    failures: session::Failures,
    checking: Semaphore,
    language: Language,
    organization: String,
    timezone: TimeZone,
    public_url: String,
}

/// The console's pages over `desk`, for the people in `accounts`, who log in as `logins` says; `voice` says in which
/// language, time zone and under which public address.
pub fn router<D: Desk, A: Accounts>(desk: Arc<D>, accounts: Arc<A>, logins: Logins, voice: &Voice) -> Router {
    let web = Arc::new(Web {
        desk,
        accounts,
        logins,
        sessions: session::Sessions::default(),
        failures: session::Failures::default(),
        checking: Semaphore::new(CHECKED_AT_ONCE),
        language: voice.language,
        organization: voice.organization.clone(),
        timezone: voice.timezone.clone(),
        public_url: voice.public_url.clone(),
    });
    let routes = Router::new()
        .route("/", get(|| async { Redirect::to("/held") }))
        .route("/login", get(login::show::<D, A>).post(login::enter::<D, A>))
        .route(provider::BEGIN, get(provider::begin::<D, A>))
        .route(provider::BACK, get(provider::finish::<D, A>))
        .route("/logout", post(login::leave::<D, A>))
        .route("/held", get(held::list::<D, A>))
        .route("/held/{id}", get(held::show::<D, A>))
        .route("/held/{id}/original", post(held::original::<D, A>))
        .route("/held/{id}/approve", post(held::approve::<D, A>))
        .route("/held/{id}/reject", post(held::reject::<D, A>))
        .route("/held/{id}/withdraw", post(held::withdraw::<D, A>))
        .route("/held/{id}/reason", post(held::reason::<D, A>))
        .route("/held/{id}/ask-others", post(held::ask_others::<D, A>))
        .route("/held/{id}/release-alone", post(held::release_alone::<D, A>))
        .fallback(held::nowhere::<D, A>)
        .method_not_allowed_fallback(held::wrong_method::<D, A>)
        .layer(middleware::from_fn_with_state(Arc::clone(&web), door::same_origin::<D, A>))
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
        .with_state(Arc::clone(&web));
    door::guarded(routes.merge(open_to_all()), voice)
}

/// What needs no login: the style sheet and the health check.
fn open_to_all() -> Router {
    Router::new().route("/style.css", get(pages::style)).route("/healthz", get(|| async { "ok\n" }))
}

/// Serves `router` on `listener` until `stop`; requests under way are finished.
pub async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) -> io::Result<()> {
    axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await
}

#[cfg(test)]
mod tests;
