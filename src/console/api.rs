//! `/api/v1`: the held mails for programs, as JSON; and, for those whose it is, the journal (`journal::api`).
//!
//! In: a token of a person (`Authorization: Bearer …`), never a cookie, so that no other site can use it through a browser.
//! Out: what that person may see and do, as on the pages and through the same [`Desk`]; an error as `{"error": {"code",
//! "message"}}`. `/api/v1/openapi.json` describes all of it and needs no token.
//! Deliberately absent: originals and anything unmasked, and rights of its own.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{FromRequestParts, Path, Query, State, rejection::JsonRejection},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Desk, DeskError, Need, Web, held::id_of, journal};
use crate::{
    directory::{ApiToken, Identities},
    hold::{File, HeldSummary, Opinion, Part, State as Standing, Wish},
    inspect::Inspection,
    mail::{Address, MailId},
    notice::words::pick,
    policy::{Action, Matched},
    recipients::Recipient,
};

/// What the API is, for programs that make clients.
const DESCRIPTION: &str = include_str!("../../templates/console/openapi.json");

/// The routes.
pub(super) fn routes<D: Desk, A: Identities>() -> Router<Arc<Web<D, A>>> {
    Router::new()
        .route("/api/v1/openapi.json", get(|| async { ([(header::CONTENT_TYPE, "application/json")], DESCRIPTION) }))
        .route("/api/v1/held", get(list::<D, A>))
        .route("/api/v1/held/{id}", get(show::<D, A>))
        .route("/api/v1/held/{id}/{what}", post(decide::<D, A>))
        .route("/api/v1/journal", get(journal::api::search::<D, A>))
        .route("/api/v1/journal/charts", get(journal::api::charts::<D, A>))
        .route("/api/v1/journal/report", get(journal::api::report::<D, A>))
        .route("/api/v1/{*rest}", get(nowhere).post(nowhere))
}

/// Whose token a request brings.
pub(super) struct Caller(pub(super) Address);

impl<D: Desk, A: Identities> FromRequestParts<Arc<Web<D, A>>> for Caller {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Arc<Web<D, A>>) -> Result<Self, Response> {
        let named = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token =
            named.and_then(|value| value.split_once(' ')).filter(|(kind, _)| kind.eq_ignore_ascii_case("bearer"));
        let Some(hash) = token.and_then(|(_, token)| ApiToken::hash(token.trim())) else { return Err(unknown()) };
        let asked = async {
            let Some(token) = web.accounts.api_token(&hash, Timestamp::now()).await? else { return Ok(None) };
            let account = web.accounts.account(&token.who).await?;
            Ok::<_, crate::directory::AccountsError>((!account.is_some_and(|a| a.disabled)).then_some(token.who))
        };
        match asked.await {
            Ok(Some(who)) => Ok(Self(who)),
            Ok(None) => Err(unknown()),
            Err(error) => {
                tracing::error!(%error, "tokens cannot be read");
                Err(failed(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "tokens cannot be read now; try again"))
            }
        }
    }
}

fn unknown() -> Response {
    let message = "a token is needed: Authorization: Bearer sekisho_…; `sekisho user token` makes one";
    let mut response = failed(StatusCode::UNAUTHORIZED, "unauthorized", message);
    response.headers_mut().insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
    response
}

/// What a list is asked for.
#[derive(Debug, Default, Deserialize)]
struct Asked {
    #[serde(default)]
    part: Option<String>,
    #[serde(default)]
    q: String,
    #[serde(default)]
    behind: Option<String>,
}

/// Some held mails.
#[derive(Serialize)]
struct Listed {
    held: Vec<Line>,
    /// What `behind` is for the next ones.
    next: Option<String>,
}

#[derive(Serialize)]
struct Line {
    #[serde(flatten)]
    summary: HeldSummary,
    may_decide: bool,
    may_withdraw: bool,
}

async fn list<D: Desk, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    Caller(who): Caller,
    Query(asked): Query<Asked>,
) -> Response {
    let part = match asked.part.as_deref() {
        None | Some("waiting") => Part::Waiting,
        Some("others") => Part::Others,
        Some("own") => Part::Own,
        Some("done") => Part::Done,
        Some(_) => return failed(StatusCode::BAD_REQUEST, "bad_request", "part is waiting, others, own or done"),
    };
    let Ok(behind) = asked.behind.map(|behind| behind.parse()).transpose() else {
        return failed(StatusCode::BAD_REQUEST, "bad_request", "behind is what `next` said before");
    };
    match web.desk.leaf(&who, &Wish { part, words: asked.q, behind, ..Wish::default() }).await {
        Ok(leaf) => {
            let line = |line: crate::hold::Line| Line {
                summary: line.summary,
                may_decide: line.may_decide,
                may_withdraw: line.may_withdraw,
            };
            let held = leaf.lines.into_iter().map(line).collect();
            Json(Listed { held, next: leaf.next.map(|next| next.to_string()) }).into_response()
        }
        Err(error) => refused(&web, error),
    }
}

/// One held mail, masked as everywhere.
#[derive(Serialize)]
struct Shown {
    id: MailId,
    state: Standing,
    mail_from: Option<Address>,
    author: String,
    subject: String,
    message_id: Option<String>,
    decision: Action,
    reasons: Vec<Matched>,
    recipients: Vec<Recipient>,
    inspection: Inspection,
    deciders: Vec<Address>,
    /// Of the present level: how many have said yes, how many must.
    given: u8,
    needed: u8,
    sender_says: String,
    created_at: Timestamp,
    expires_at: Timestamp,
    history: Vec<Step>,
    may_decide: bool,
    may_withdraw: bool,
    may_ask_colleague: bool,
    may_give_opinion: bool,
    /// Whether it was rejected to be changed.
    sent_back: bool,
    opinions: Vec<Said>,
}

/// What a colleague was asked, and thinks.
#[derive(Serialize)]
struct Said {
    person: Address,
    asked_by: Address,
    question: String,
    asked_at: Timestamp,
    opinion: Option<String>,
}

#[derive(Serialize)]
struct Step {
    at: Timestamp,
    by: Option<Address>,
    change: String,
    comment: String,
    /// What it was about: which place was looked at, who was asked.
    about: String,
}

impl From<File> for Shown {
    fn from(file: File) -> Self {
        let (story, (given, needed)) = (file.story, file.tally);
        let step = |step: crate::hold::Step| Step {
            at: step.at,
            by: step.by,
            change: step.change,
            comment: step.comment,
            about: step.about,
        };
        let said = |one: Opinion| Said {
            person: one.person,
            asked_by: one.asked_by,
            question: one.question,
            asked_at: one.asked_at,
            opinion: one.said.map(|(opinion, _)| opinion),
        };
        Self {
            id: story.id,
            state: file.state,
            mail_from: story.sender,
            author: story.author,
            subject: story.subject,
            message_id: story.message_id,
            decision: story.action,
            reasons: story.matched,
            recipients: story.recipients,
            inspection: story.inspection,
            deciders: story.deciders,
            given,
            needed,
            sender_says: file.reason,
            created_at: story.arrived_at,
            expires_at: story.deadline,
            history: file.history.into_iter().map(step).collect(),
            may_decide: file.may_decide,
            may_withdraw: file.may_withdraw,
            may_ask_colleague: file.may_ask_colleague,
            may_give_opinion: file.may_give_opinion,
            sent_back: file.sent_back,
            opinions: file.opinions.into_iter().map(said).collect(),
        }
    }
}

async fn show<D: Desk, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    Caller(who): Caller,
    Path(id): Path<String>,
) -> Response {
    let Some(id) = id_of(id) else { return refused(&web, DeskError::Unknown) };
    match web.desk.show(&who, &id).await {
        Ok(file) => Json(Shown::from(file)).into_response(),
        Err(error) => refused(&web, error),
    }
}

/// What can be done about a held mail.
const WHATS: &str = "approve, reject, send-back, ask-colleague, opinion, withdraw and reason are known";

/// What a decision brings.
#[derive(Debug, Default, Deserialize)]
struct Brought {
    #[serde(default)]
    comment: String,
    /// Who is asked, where somebody is.
    #[serde(default)]
    colleague: String,
}

async fn decide<D: Desk, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    Caller(who): Caller,
    Path((id, what)): Path<(String, String)>,
    brought: Result<Json<Brought>, JsonRejection>,
) -> Response {
    let Brought { comment, colleague } = match brought {
        Ok(Json(brought)) => brought,
        // No body at all is a decision without a comment.
        Err(JsonRejection::MissingJsonContentType(_)) => Brought::default(),
        Err(error) => return failed(StatusCode::BAD_REQUEST, "bad_request", &error.body_text()),
    };
    let Some(id) = id_of(id) else { return refused(&web, DeskError::Unknown) };
    let decides = matches!(what.as_str(), "approve" | "reject" | "send-back");
    if decides && web.logins.second_factor != Need::Nobody {
        let message = "two factors are asked for here, and a token is one: decide in the console";
        return failed(StatusCode::FORBIDDEN, "second_factor", message);
    }
    let done = match what.as_str() {
        "approve" => web.desk.approve(&who, &id, comment.trim(), false).await,
        "reject" => web.desk.reject(&who, &id, comment.trim()).await,
        "send-back" => web.desk.send_back(&who, &id, comment.trim()).await,
        "ask-colleague" => match Address::parse(colleague.trim()) {
            Ok(colleague) => web.desk.ask_colleague(&who, &id, &colleague, comment.trim()).await,
            Err(_) => return failed(StatusCode::BAD_REQUEST, "bad_request", "colleague is the address of a person"),
        },
        "opinion" => web.desk.give_opinion(&who, &id, comment.trim()).await,
        "withdraw" => web.desk.withdraw(&who, &id).await,
        "reason" => web.desk.give_reason(&who, &id, comment.trim()).await,
        _ => return failed(StatusCode::NOT_FOUND, "not_found", WHATS),
    };
    match done {
        Ok(()) => match web.desk.show(&who, &id).await {
            Ok(file) => Json(Shown::from(file)).into_response(),
            // It is done; only telling about it failed.
            Err(_) => StatusCode::NO_CONTENT.into_response(),
        },
        Err(error) => refused(&web, error),
    }
}

async fn nowhere() -> Response {
    failed(StatusCode::NOT_FOUND, "not_found", "there is no such address; /api/v1/openapi.json lists them")
}

#[derive(Serialize)]
struct Failed<'a> {
    error: Reason<'a>,
}

#[derive(Serialize)]
struct Reason<'a> {
    code: &'static str,
    message: &'a str,
}

pub(super) fn failed(status: StatusCode, code: &'static str, message: &str) -> Response {
    (status, Json(Failed { error: Reason { code, message } })).into_response()
}

fn refused<D, A>(web: &Web<D, A>, error: DeskError) -> Response {
    match error {
        DeskError::Unknown => {
            failed(StatusCode::NOT_FOUND, "not_found", "there is no such held mail, or it is not yours to see")
        }
        DeskError::NotAllowed(why) => {
            failed(StatusCode::FORBIDDEN, "not_allowed", pick(web.language, &why.ja, &why.en))
        }
        DeskError::AlreadyDecided(state) => {
            let message = format!("it was decided before: it is {state}; nothing was changed now");
            failed(StatusCode::CONFLICT, "decided", &message)
        }
        DeskError::Unavailable(reason) => {
            tracing::error!(reason, "the desk is not available");
            failed(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "not available now; see later where the mail stands")
        }
    }
}
