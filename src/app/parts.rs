//! What the server does at the same time.
//!
//! In: its parts, each with a name. Out: all of them running until they are to stop; then what is under way is finished. A
//! part that ends or panics by itself ends all: half a server is worse than a restart. Deliberately absent: what they do.

use std::time::Duration;

use anyhow::{Context, bail};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::telemetry::traces::Exporter;

/// How long all parts may take to end: longer than SMTP's own grace of 30 s, shorter than systemd's patience of 90 s.
const GRACE: Duration = Duration::from_secs(45);

/// The name of a part that ended well, or why it did not.
type Part = anyhow::Result<&'static str>;

/// The parts of a server.
pub(super) struct Parts {
    running: JoinSet<Part>,
    stop: CancellationToken,
}

impl Parts {
    /// None yet.
    pub(super) fn until(stop: CancellationToken) -> Self {
        Self { running: JoinSet::new(), stop }
    }

    /// Starts one, which ends soon after its token.
    pub(super) fn start<F: Future<Output = ()> + Send + 'static>(
        &mut self,
        name: &'static str,
        part: impl FnOnce(CancellationToken) -> F,
    ) {
        let part = part(self.stop.clone());
        self.running.spawn(async move {
            part.await;
            Ok(name)
        });
    }

    /// The same of one that can fail.
    pub(super) fn try_start<F: Future<Output = std::io::Result<()>> + Send + 'static>(
        &mut self,
        name: &'static str,
        part: impl FnOnce(CancellationToken) -> F,
    ) {
        let part = part(self.stop.clone());
        self.running.spawn(async move {
            part.await.context(name)?;
            Ok(name)
        });
    }

    /// Waits until all have ended. After the stop, those that take too long (a browser that never finishes its request) are
    /// left behind; what they had in hand was never promised.
    pub(super) async fn all_ended(mut self) -> anyhow::Result<()> {
        let patience = async {
            self.stop.cancelled().await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::pin!(patience);
        loop {
            let ended = tokio::select! {
                ended = self.running.join_next() => ended,
                () = &mut patience => None,
            };
            let Some(ended) = ended else { return Ok(()) };
            let part = ended.context("a part of the server died")??;
            if !self.stop.is_cancelled() {
                bail!("{part} ended by itself");
            }
        }
    }
}

/// Telling the collector of traces. No part of the server: whatever becomes of it, mail goes on. It ends behind the parts, so
/// that it is told of their last.
pub(super) struct Exporting {
    stop: CancellationToken,
    running: Option<JoinHandle<()>>,
}

impl Exporting {
    pub(super) fn begin(exporter: Option<Exporter>) -> Self {
        let stop = CancellationToken::new();
        let running = exporter.map(|exporter| tokio::spawn(exporter.run(stop.clone())));
        Self { stop, running }
    }

    /// Takes some seconds at most.
    pub(super) async fn end(self) {
        self.stop.cancel();
        if let Some(running) = self.running
            && running.await.is_err()
        {
            tracing::warn!("what tells the collector of traces had died");
        }
    }
}
