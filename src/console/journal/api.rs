//! The journal for programs: search, figures and reports, as JSON, under `/api/v1`.
//!
//! In: a token of somebody who has the section; the fields of the pages. Out: the same as on the pages; records as they are
//! chained, each with its number. Deliberately absent: the export, whose whole a program gets by following `next`.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Query as Fields, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{
    Asked, Problem, Sent, charts, now,
    report::{self, unclear},
};
use crate::{
    console::{
        Desk, Web,
        api::{Caller, failed},
        section::Section,
    },
    directory::Identities,
    journal::{Figures, Hit, JournalError, Reach, Record, report as reports},
    mail::Address,
    notice::words::pick,
};

/// At most so many records are in one answer.
const MOST: usize = 500;

/// How long an answer looks before it says how far it got.
const PATIENCE: std::time::Duration = std::time::Duration::from_millis(500);

#[derive(Debug, Default, Deserialize)]
pub(in crate::console) struct Page {
    #[serde(default)]
    before: String,
    #[serde(default)]
    limit: String,
}

#[derive(Serialize)]
struct Found {
    records: Vec<Numbered>,
    /// What `before` is for the next ones.
    next: Option<String>,
}

#[derive(Serialize)]
struct Numbered {
    number: i64,
    #[serde(flatten)]
    record: Record,
}

/// The records that fit, the newest first.
pub(in crate::console) async fn search<D: Desk, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    Caller(who): Caller,
    asked: Sent<Asked>,
    page: Sent<Page>,
) -> Response {
    if let Some(refused) = closed(&web, &who) {
        return refused;
    }
    let (Ok(Fields(asked)), Ok(Fields(page))) = (asked, page) else { return unread() };
    let query = match asked.query(&now(&web)) {
        Ok(query) => query,
        Err(problems) => return wrong(&web, &problems),
    };
    let before = match page.before.as_str() {
        "" => Ok(None),
        before => before.parse().map(Some),
    };
    let limit = match page.limit.as_str() {
        "" => Ok(50),
        limit => limit.parse(),
    };
    let (Ok(before), Ok(most @ 1..=MOST)) = (before, limit) else {
        let message = format!("before is what `next` said before, and limit a number from 1 to {MOST}");
        return failed(StatusCode::BAD_REQUEST, "bad_request", &message);
    };
    match web.engine.ledger.leaf(&query, Reach { before, patience: Some(PATIENCE) }, most).await {
        Ok(leaf) => {
            let numbered = |Hit { seq, record, .. }| Numbered { number: seq, record };
            let records = leaf.hits.into_iter().map(numbered).collect();
            Json(Found { records, next: leaf.next.map(|next| next.to_string()) }).into_response()
        }
        Err(error) => unavailable(&error),
    }
}

#[derive(Serialize)]
struct Charted {
    since: Date,
    until: Date,
    #[serde(flatten)]
    figures: Figures,
}

/// How much of what there was.
pub(in crate::console) async fn charts<D: Desk, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    Caller(who): Caller,
    asked: Sent<charts::Asked>,
) -> Response {
    if let Some(refused) = closed(&web, &who) {
        return refused;
    }
    let Ok(Fields(asked)) = asked else { return unread() };
    let span = match asked.span(&now(&web)) {
        Ok(span) => span,
        Err(problem) => return wrong(&web, &[problem]),
    };
    match web.engine.ledger.figures(span.from, span.until).await {
        Ok(figures) => Json(Charted { since: span.from, until: span.until, figures }).into_response(),
        Err(error) => unavailable(&error),
    }
}

#[derive(Serialize)]
struct Drafted {
    /// What did not leave, and so is no part of the leak.
    stayed: Vec<String>,
    /// Nothing if none of the mails left.
    report: Option<reports::Report>,
}

/// The draft of a leak's report.
pub(in crate::console) async fn report<D: Desk, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    Caller(who): Caller,
    fields: Sent<Vec<(String, String)>>,
) -> Response {
    if let Some(refused) = closed(&web, &who) {
        return refused;
    }
    let Ok(Fields(fields)) = fields else { return unread() };
    let asked = report::Asked::of(fields);
    let order = match asked.order(&web, &now(&web)) {
        Ok(order) => order,
        Err(problem) => return wrong(&web, &[problem]),
    };
    if asked.ids().is_empty() {
        return failed(StatusCode::BAD_REQUEST, "bad_request", "id: name at least one mail");
    }
    let meant = match web.engine.ledger.incident(asked.ids()).await {
        Ok(meant) => meant,
        Err(error) => return unavailable(&error),
    };
    if let Some(problem) = unclear(&meant, &order) {
        return wrong(&web, &[problem]);
    }
    let (stayed, report) = (reports::stayed(&meant.incident, &order), reports::draft(&meant.incident, &order));
    Json(Drafted { stayed, report }).into_response()
}

fn closed<D: Desk, A>(web: &Web<D, A>, who: &Address) -> Option<Response> {
    if Section::Journal.is_open_to(&web.desk.roles(who)) {
        return None;
    }
    let message = pick(
        web.language,
        "送信記録を見られるのは、セキュリティ担当と監査担当だけです。",
        "the journal is for the security team and auditors only",
    );
    Some(failed(StatusCode::FORBIDDEN, "not_allowed", message))
}

fn unread() -> Response {
    failed(StatusCode::BAD_REQUEST, "bad_request", "the query cannot be read; each parameter is given once")
}

fn wrong<D, A>(web: &Web<D, A>, problems: &[Problem]) -> Response {
    let said = |problem: &Problem| format!("{}: {}", problem.field, problem.what.in_language(web.language));
    let message: Vec<String> = problems.iter().map(said).collect();
    failed(StatusCode::BAD_REQUEST, "bad_request", &message.join(" "))
}

fn unavailable(error: &JournalError) -> Response {
    tracing::error!(%error, "the journal cannot be read");
    failed(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "the journal cannot be read now; try again")
}
