//! `GET /metrics`: what is counted, for Prometheus; on an address of its own.
//!
//! In: [`Metrics`], [`Health`], and the queues as they are now. Out: OpenMetrics text. No login: the address is for the
//! monitor alone, and nothing there names a mail, a person or an address; but how much personal data leaves is nobody else's
//! business. Deliberately absent: everything else of the console.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use jiff::Timestamp;
use tokio::time::timeout;

use super::{Desk, door};
use crate::{
    hold::Queue,
    notice::Voice,
    telemetry::{
        health::Health,
        metrics::{Metrics, Waiting},
    },
};

/// How long the database may take: less than a monitor waits, which must hear of the rest just then.
const PATIENCE: Duration = Duration::from_secs(3);

/// The page over `desk`.
pub fn metrics<D: Desk>(desk: Arc<D>, metrics: Metrics, health: Health, voice: &Voice) -> Router {
    let page = move || {
        let (desk, metrics, health) = (Arc::clone(&desk), metrics.clone(), health.clone());
        async move { page(&*desk, &metrics, &health).await }
    };
    door::guarded(Router::new().route("/metrics", get(page)), voice)
}

async fn page(desk: &impl Desk, metrics: &Metrics, health: &Health) -> Response {
    let now = Timestamp::now();
    let waiting = |queue, Queue { length, oldest }: Queue| {
        let oldest = oldest.map_or(0, |at| now.duration_since(at).as_secs());
        Waiting { queue, length, oldest }
    };
    // What can be counted is told also while the database cannot be read; that it cannot is a condition.
    let waiting = match timeout(PATIENCE, desk.queues()).await {
        Ok(Ok(queues)) => vec![waiting("held", queues.held), waiting("outbox", queues.outbox)],
        Ok(Err(error)) => {
            tracing::warn!(%error, "the queues cannot be counted");
            Vec::new()
        }
        Err(_) => {
            tracing::warn!("the queues are not counted in time");
            Vec::new()
        }
    };
    match metrics.text(health, &waiting) {
        Ok(text) => {
            let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
            ([(header::CONTENT_TYPE, kind)], text).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
