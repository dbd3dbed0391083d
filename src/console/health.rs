//! `GET /health`: how Sekisho is, for monitoring.
//!
//! In: [`Health`]. Out: its report as JSON, with 200 while all is well and 503 while something is not. No login: it names
//! no mail, no person and no address. Deliberately absent: anything to change; `/healthz` says only that the process
//! answers.

use axum::{Json, Router, http::StatusCode, response::IntoResponse, routing::get};

use super::door;
use crate::{notice::Voice, telemetry::health::Health};

/// The page, in the language of `voice`.
pub fn health(health: Health, voice: &Voice) -> Router {
    let language = voice.language;
    let report = move || async move {
        let report = health.report(language);
        let status = if report.ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        (status, Json(report)).into_response()
    };
    door::guarded(Router::new().route("/health", get(report)), voice)
}
