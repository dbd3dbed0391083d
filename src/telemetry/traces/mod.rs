//! Traces for OpenTelemetry: what a sample of the mails went through, told to a collector over OTLP (HTTP, protobuf).
//!
//! In: a [`Trail`] of each mail and of each attempt to bring one out. Out: spans, one for the whole and one a stage below it.
//! The trace's id is the mail's: a ULID is 128 bits, as a trace id is, so that whoever has the one can find the other. The
//! span of the whole has an id that is made of it, too, so that any node can put a later delivery below it; and whether a mail
//! is among the sampled is decided by it, as `TraceIdRatioBased` of the OpenTelemetry specification does, so that all nodes
//! agree.
//!
//! Nothing waits for the collector: a trail goes into a bounded queue, or is lost and counted. [`Exporter`] empties it in a
//! task of its own. The batch processor of `opentelemetry_sdk` is not used: it counts nothing of what it loses, and a thread
//! that blocks in an export outlives a runtime that is being stopped.
//! Deliberately absent: content, and anything that `tracing` events say ([`trail`](super::trail) has no place for it).

mod endpoint;
mod export;
mod figures;
mod otlp;
mod post;
#[cfg(test)]
mod tests;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use tokio::sync::mpsc;

pub use endpoint::{Endpoint, Headers};
pub use export::Exporter;
pub(super) use figures::TraceFigures;

use super::{metrics::Metrics, trail::Trail};

/// So many trails wait for the collector at most: some megabytes, and some seconds of a busy node.
const QUEUE: usize = 2_048;

/// `[traces]`
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Where the collector is.
    pub endpoint: Endpoint,
    /// Which share of the mails is told, from 0 to 1.
    pub share: f64,
    /// What each request says beside, to be let in.
    pub headers: Headers,
}

impl Settings {
    /// The id of the trace of a mail, in hexadecimal, if the mail is among the sampled.
    pub fn trace_of(&self, mail: &str) -> Option<String> {
        let trace = otlp::trace_id(mail)?;
        is_sampled(trace, self.share).then(|| data_encoding::HEXLOWER.encode(&trace.to_be_bytes()))
    }
}

/// Where trails go. Cheap to clone; all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Traces {
    /// None if nobody is told.
    inner: Option<Arc<Inner>>,
}

#[derive(Debug)]
struct Inner {
    share: f64,
    queue: mpsc::Sender<Trail>,
    metrics: Metrics,
    /// Whether it was told in the log that the queue is full, since the collector last took something.
    full: Arc<AtomicBool>,
}

impl Traces {
    /// A way to the collector, and what tells it there.
    ///
    /// # Errors
    /// This system knows no CA certificates to check the collector by.
    pub fn start(settings: Settings, hostname: &str, metrics: Metrics) -> Result<(Self, Exporter), String> {
        let (queue, trails) = mpsc::channel(QUEUE);
        let full = Arc::<AtomicBool>::default();
        let share = settings.share;
        let exporter = Exporter::new(settings, hostname, trails, (metrics.clone(), Arc::clone(&full)))?;
        Ok((Self { inner: Some(Arc::new(Inner { share, queue, metrics, full })) }, exporter))
    }

    /// Tells a trail that has ended, if its mail is among the sampled. Returns at once.
    pub fn tell(&self, mut trail: Trail) {
        trail.ended = Instant::now();
        let Some(inner) = &self.inner else { return };
        if !otlp::trace_id(&trail.mail).is_some_and(|trace| is_sampled(trace, inner.share)) {
            return;
        }
        if let Err(refused) = inner.queue.try_send(trail) {
            let (mpsc::error::TrySendError::Full(trail) | mpsc::error::TrySendError::Closed(trail)) = refused;
            inner.metrics.traces_lost("queue_full", otlp::spans_of(&trail));
            if !inner.full.swap(true, Ordering::Relaxed) {
                tracing::warn!("the collector of traces is too slow; what does not fit into the queue is lost");
            }
        }
    }
}

/// By the lower 63 bits, which are random in a ULID.
fn is_sampled(trace: u128, share: f64) -> bool {
    let bound = (share.clamp(0.0, 1.0) * (1_u64 << 63) as f64) as u64;
    otlp::lower(trace) >> 1 < bound
}
