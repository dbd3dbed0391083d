//! Telling the collector, in a task of its own.
//!
//! In: trails from a bounded queue. Out: a request with many of them, at most one a second, tried a few times; what cannot be
//! told is lost, counted, and said once in the log until the collector takes something again. When the server stops, what
//! waits is told if that goes fast. Deliberately absent: keeping anything for later; a trace is no record.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use hyper::body::Bytes;
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;

use super::{
    Settings, otlp,
    post::{Answer, Post},
};
use crate::telemetry::{metrics::Metrics, trail::Trail};

/// How long the first of a request waits for others.
const COMPANY: Duration = Duration::from_secs(1);

/// So many trails are one request at most.
const TOGETHER: usize = 128;

/// How long to wait before each further try.
const WAITS: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// How long telling the last may take when the server stops.
const LAST: Duration = Duration::from_secs(3);

/// What tells the collector.
pub struct Exporter {
    /// The collector, as it is called in the log.
    collector: String,
    post: Post,
    resource: Resource,
    trails: mpsc::Receiver<Trail>,
    /// What is being told.
    batch: Vec<Trail>,
    metrics: Metrics,
    /// Whether the log says that the queue is full.
    full: Arc<AtomicBool>,
    /// Whether the log says that the collector takes nothing.
    away: bool,
}

impl Exporter {
    pub(super) fn new(
        settings: Settings,
        hostname: &str,
        trails: mpsc::Receiver<Trail>,
        (metrics, full): (Metrics, Arc<AtomicBool>),
    ) -> Result<Self, String> {
        let Settings { endpoint, headers, .. } = settings;
        let (collector, resource) = (endpoint.to_string(), otlp::resource(hostname));
        let post = Post::new(endpoint, headers)?;
        Ok(Self { collector, post, resource, trails, batch: Vec::new(), metrics, full, away: false })
    }

    /// Tells until `stop`; then what waits, for some seconds at most.
    pub async fn run(mut self, stop: CancellationToken) {
        let told = async {
            loop {
                self.gather().await;
                self.deliver().await;
            }
        };
        let _stopped: Option<()> = stop.run_until_cancelled(told).await;
        self.farewell().await;
    }

    /// Waits for trails, and a little for more of them.
    async fn gather(&mut self) {
        if self.batch.is_empty() && self.trails.recv_many(&mut self.batch, TOGETHER).await == 0 {
            // Nobody is left who could tell any; `run` ends with the server.
            return std::future::pending().await;
        }
        let until = Instant::now() + COMPANY;
        while self.batch.len() < TOGETHER {
            let room = TOGETHER - self.batch.len();
            match timeout_at(until, self.trails.recv_many(&mut self.batch, room)).await {
                Ok(1..) => {}
                Ok(0) | Err(_) => return,
            }
        }
    }

    /// Tells what is gathered, or loses it.
    async fn deliver(&mut self) {
        let request = self.request();
        let mut waits = WAITS.into_iter();
        loop {
            match (self.post.send(request.clone()).await, waits.next()) {
                (Answer::Taken { refused }, _) => return self.taken(refused),
                (Answer::Never(why), _) => return self.lost("refused", &why),
                (Answer::Later(why), None) => return self.lost("collector_away", &why),
                (Answer::Later(why), Some(wait)) => {
                    self.complain(&why);
                    sleep(wait).await;
                }
            }
        }
    }

    /// Tells what waits, each request once; the rest is lost.
    async fn farewell(mut self) {
        self.trails.close();
        let last = async {
            loop {
                while self.batch.len() < TOGETHER
                    && let Ok(trail) = self.trails.try_recv()
                {
                    self.batch.push(trail);
                }
                if self.batch.is_empty() {
                    return;
                }
                match self.post.send(self.request()).await {
                    Answer::Taken { refused } => self.taken(refused),
                    Answer::Never(why) | Answer::Later(why) => return self.complain(&why),
                }
            }
        };
        let _in_time = timeout(LAST, last).await;
        while let Ok(trail) = self.trails.try_recv() {
            self.batch.push(trail);
        }
        let spans = self.spans();
        if spans > 0 {
            self.metrics.traces_lost("stopped", spans);
            tracing::warn!(collector = %self.collector, spans, "the last traces could not be told and are lost");
        }
    }

    fn request(&self) -> Bytes {
        otlp::request(&self.resource, &self.batch).encode_to_vec().into()
    }

    fn spans(&self) -> u64 {
        self.batch.iter().map(otlp::spans_of).sum()
    }

    fn taken(&mut self, refused: u64) {
        let spans = self.spans();
        let refused = refused.min(spans);
        self.batch.clear();
        self.metrics.traces_sent(spans - refused);
        self.metrics.traces_lost("refused", refused);
        let full = self.full.swap(false, Ordering::Relaxed);
        if refused > 0 {
            self.complain(&format!("it refuses {refused} of {spans} spans"));
        } else if std::mem::take(&mut self.away) || full {
            tracing::info!(collector = %self.collector, "the collector of traces takes them again");
        }
    }

    fn lost(&mut self, reason: &'static str, why: &str) {
        self.metrics.traces_lost(reason, self.spans());
        self.batch.clear();
        self.complain(why);
    }

    fn complain(&mut self, why: &str) {
        if !std::mem::replace(&mut self.away, true) {
            let collector = &self.collector;
            tracing::warn!(%collector, why, "traces are not taken; mail goes on, and what is not told is lost");
        }
    }
}
