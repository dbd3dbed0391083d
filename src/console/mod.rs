//! The web pages: a view over the held mails, for those who send and those who decide; the same for programs (`api`);
//! mails that are tried against the rules and not sent (`trial`); and what left, for those who answer for it (`journal`).
//!
//! In: HTTP/1.1 requests. Out: pages rendered here, in the organisation's language; decisions handed to the [`Desk`]
//! in the name of the person who is logged in or whose token it is, never of anybody a form names. GET shows, only POST
//! decides, so a link scanner that opens every link of a notice decides nothing.
//! The one thing shown unmasked is the content of a mail (`look`): the original as a file, the mail as its recipients would see
//! it, or one value; and each time it is journalled first.
//! One small script, compiled in, moves the focus by keys and asks what is new (`news`); everything works without it.
//! Deliberately absent: script or style within a page (but in the frame that shows a mail, which may be styled), outside
//! resources, and any other way to state than [`Desk`], [`Ledger`] and [`Identities`].

mod api;
mod approvers;
mod cause;
mod code;
mod desk;
mod door;
mod doorway;
mod form;
mod health;
mod held;
mod journal;
mod ledger;
mod login;
mod look;
pub mod mailbox;
mod me;
mod metrics;
mod news;
mod pages;
mod people;
mod place;
mod proof;
mod provider;
mod queue;
mod review;
mod rules;
mod section;
mod session;
mod status;
mod together;
mod tongue;
mod trial;

use std::{io, net::SocketAddr, sync::Arc};

pub use approvers::Drill;
use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    response::Redirect,
    routing::{get, post},
};
pub use desk::{Desk, DeskError};
use doorway::Peer;
pub use doorway::{Acceptor, Doorway};
pub use health::health;
use ipnet::IpNet;
use jiff::tz::TimeZone;
pub use ledger::{Answer, Books, Ledger, Titles};
pub use look::Reader;
pub use metrics::metrics;
pub use provider::Logins;
pub use rules::Rulebook;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
pub use trial::Judge;

use crate::{
    directory::{Identities, oidc},
    language::Language,
    notice::Voice,
    telemetry::health::Health,
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
    /// Who must log in with a second factor.
    pub second_factor: Need,
    /// Proxies that are believed when they say from where a request came.
    pub trusted_proxies: Vec<IpNet>,
}

/// Who must log in with a second factor. Whoever has set one up is asked for it in any case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Need {
    /// Nobody.
    #[default]
    Nobody,
    /// Whoever decides about a mail in the console, or looks at its content.
    Deciders,
    /// Everybody.
    Everybody,
}

/// Everything that the pages share.
struct Web<D, A> {
    desk: Arc<D>,
    accounts: Arc<A>,
    engine: Engine,
    logins: Logins,
    /// Wrong passwords, by what was typed as the account: anybody's doing.
    failures: session::Failures,
    /// Wrong codes of second factors, by person: only of those who have shown the password.
    wrong_codes: session::Failures,
    checking: Arc<Semaphore>,
    language: Language,
    organization: String,
    timezone: TimeZone,
    public_url: String,
}

/// What the pages show of the running server beside its mails.
#[derive(Clone)]
pub struct Engine {
    /// Tries mails that are not sent.
    pub judge: Judge,
    /// Reads a held mail for what somebody wants to see of it.
    pub reader: Reader,
    /// The journal.
    pub ledger: Arc<dyn Ledger>,
    /// Holds a drill that this person ordered.
    pub drill: Drill,
    /// The rules that are in force.
    pub rulebook: Arc<dyn Fn() -> Arc<Rulebook> + Send + Sync>,
    /// How it is.
    pub health: Health,
}

/// The console's pages over `desk`, for the people in `accounts`, who log in as `logins` says; `voice` says in which
/// language, time zone and under which public address.
pub fn router<D: Desk, A: Identities>(
    desk: Arc<D>,
    accounts: Arc<A>,
    logins: Logins,
    engine: Engine,
    voice: &Voice,
) -> Router {
    let web = Arc::new(Web {
        desk,
        accounts,
        engine,
        logins,
        failures: session::Failures::default(),
        wrong_codes: session::Failures::default(),
        checking: Arc::new(Semaphore::new(CHECKED_AT_ONCE)),
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
        .route("/login/code", get(code::show::<D, A>).post(code::enter::<D, A>))
        .route("/logout", post(login::leave::<D, A>))
        .route("/language", post(tongue::choose::<D, A>))
        .route("/me", get(me::show::<D, A>))
        .route("/me/sessions/end", post(me::end_session::<D, A>))
        .route("/me/factor", post(me::begin_factor::<D, A>))
        .route("/me/factor/confirm", post(me::confirm_factor::<D, A>))
        .route("/me/factor/remove", post(me::remove_factor::<D, A>))
        .route("/held", get(queue::list::<D, A>))
        .route("/held/news", get(news::show::<D, A>))
        .route("/held/decide", post(together::decide::<D, A>))
        .route("/held/{id}", get(held::show::<D, A>))
        .route("/held/{id}/original", post(look::original::<D, A>))
        .route("/held/{id}/letter", post(look::letter::<D, A>))
        .route("/held/{id}/place", post(look::place::<D, A>))
        .route("/held/{id}/approve", post(held::approve::<D, A>))
        .route("/held/{id}/reject", post(held::reject::<D, A>))
        .route("/held/{id}/send-back", post(held::send_back::<D, A>))
        .route("/held/{id}/ask-colleague", post(held::ask_colleague::<D, A>))
        .route("/held/{id}/opinion", post(held::opinion::<D, A>))
        .route("/held/{id}/withdraw", post(held::withdraw::<D, A>))
        .route("/held/{id}/reason", post(held::reason::<D, A>))
        .route("/held/{id}/ask-others", post(held::ask_others::<D, A>))
        .route("/held/{id}/release-alone", post(held::release_alone::<D, A>))
        .route(
            "/trial",
            get(trial::show::<D, A>).post(trial::judge::<D, A>).layer(DefaultBodyLimit::max(trial::LARGEST)),
        )
        .route("/approvers", get(approvers::show::<D, A>))
        .route("/approvers/drill", post(approvers::drill::<D, A>))
        .route("/rules", get(rules::show::<D, A>))
        .route("/people", get(people::show::<D, A>))
        .route("/status", get(status::show::<D, A>))
        .route("/journal", get(journal::list::<D, A>))
        .route("/journal/charts", get(journal::charts::show::<D, A>))
        .route("/journal/report", get(journal::report::show::<D, A>))
        .route("/journal/export", get(journal::export::give::<D, A>))
        .merge(api::routes())
        .fallback(held::nowhere::<D, A>)
        .method_not_allowed_fallback(held::wrong_method::<D, A>)
        .layer(middleware::from_fn_with_state(Arc::clone(&web), door::same_origin::<D, A>))
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
        .with_state(Arc::clone(&web));
    door::guarded(routes.merge(open_to_all()), voice)
}

/// What needs no login: the style sheet, the script, the icon and the health check.
fn open_to_all() -> Router {
    Router::new()
        .route("/style.css", get(pages::style))
        .route("/script.js", get(pages::script))
        .route("/icon.svg", get(pages::icon))
        .route("/healthz", get(|| async { "ok\n" }))
}

/// Serves `router` at `doorway`, a socket or one with TLS, until `stop`; requests under way are finished.
pub async fn serve(doorway: impl Into<Doorway>, router: Router, stop: CancellationToken) -> io::Result<()> {
    let service = router.into_make_service_with_connect_info::<Peer>();
    axum::serve(doorway.into(), service).with_graceful_shutdown(stop.cancelled_owned()).await
}

#[cfg(test)]
mod tests;
