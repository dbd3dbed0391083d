//! Telling a SIEM what the journal says, one message a record.
//!
//! In: the journal, followed from a mark in the store on. Out: syslog messages (RFC 5424) in CEF or OCSF, over TLS, TCP, UDP
//! or a socket of this machine; and the mark, moved on when they have arrived. Every record that was written after the feed
//! was first switched on is told at least once: after a broken connection or a crash the last seconds are told again, and
//! `metadata.uid` or the record's number tells which are the same.
//!
//! Of several nodes on one store one tells ([`Telling`]); the others look every second whether it still does, and whichever is
//! next goes on at the mark. A node that cannot tell lets another try.
//!
//! The feed is a follower: nothing that takes mail knows of it. A collector that is slow or dead costs one waiting task,
//! one page of the journal in memory, and a condition of `GET /health`.
//!
//! Deliberately absent: content. The journal has none, and nothing else is told. And a queue: the journal is it.

mod cef;
mod event;
#[cfg(test)]
mod fixture;
mod mark;
mod ocsf;
mod syslog;
#[cfg(test)]
mod tests;
mod wire;

use std::{
    collections::VecDeque,
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
pub use wire::check_files;

use self::{
    event::Event,
    mark::{Mark, MarkError},
    wire::Wire,
};
use crate::{
    journal::{Journal, JournalError, Record},
    language::Text,
    store::{Store, StoreError, Telling},
    telemetry::{
        health::{Condition, Health},
        metrics::Metrics,
        siem::Feeding,
    },
};

/// So many records are read and sent at once.
const PAGE: u32 = 200;

/// How often the journal is asked for more.
const TICK: Duration = Duration::from_secs(1);

/// After a failure; each further wait is twice as long …
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// … up to this.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// How long the last records may take when the server stops.
const LAST: Duration = Duration::from_secs(5);

/// What every receiver takes (RFC 5426 §3.2 recommends it for UDP), and what common ones take on a stream.
const LONGEST_DATAGRAM: usize = 2_048;
const LONGEST_MESSAGE: usize = 8_192;

/// `[siem]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where the collector is.
    pub server: Server,
    /// What it reads.
    pub format: Format,
    /// Which records it is told.
    pub records: Records,
    /// With TLS: whom to believe, instead of this system's CA certificates.
    pub ca: Option<PathBuf>,
    /// With TLS: what we show of ourselves.
    pub identity: Option<Identity>,
}

/// The collector, and how it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Server {
    /// RFC 5425; its certificate is checked against the name.
    Tls {
        /// `host:port`
        server: String,
        /// The host alone.
        name: String,
    },
    /// RFC 6587, with octet counting.
    Tcp(String),
    /// RFC 5426; what is lost on the way is lost.
    Udp(String),
    /// A datagram socket of this machine.
    Unix(PathBuf),
}

/// What a message is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Common Event Format, version 0.
    Cef,
    /// Open Cybersecurity Schema Framework, JSON.
    Ocsf,
}

/// Which records are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Records {
    /// All of them.
    All,
    /// All but those of mails that were read whole and forwarded with nothing to report.
    Notable,
}

/// A certificate of ours, for a collector that asks who we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The chain, PEM.
    pub certificate: PathBuf,
    /// Its key, PEM.
    pub key: PathBuf,
}

impl Server {
    /// The longest message that it takes.
    fn most(&self) -> usize {
        match self {
            Self::Udp(_) => LONGEST_DATAGRAM,
            Self::Tls { .. } | Self::Tcp(_) | Self::Unix(_) => LONGEST_MESSAGE,
        }
    }
}

impl std::fmt::Display for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tls { server, .. } => write!(f, "tls://{server}"),
            Self::Tcp(server) => write!(f, "tcp://{server}"),
            Self::Udp(server) => write!(f, "udp://{server}"),
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
        }
    }
}

/// Why the feed does not go on.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("{0}")]
    Journal(#[from] JournalError),
    #[error("{0}")]
    Mark(#[from] MarkError),
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("{0}")]
    Wire(#[from] io::Error),
}

/// The feed.
pub struct Feed {
    settings: Settings,
    hostname: String,
    journal: Journal,
    mark: Mark,
    telling: Telling,
    /// Whether it was ours when it was last asked.
    tells: bool,
    /// Whether another node told since it was.
    stood_by: bool,
    health: Health,
    metrics: Metrics,
    wire: Option<Wire>,
    /// All up to this record has arrived; the mark says the same.
    settled: i64,
    /// All up to this record is written.
    written: i64,
    /// What is written and has not arrived for certain: when, and up to which record.
    pending: VecDeque<(Instant, i64)>,
    /// How long to wait after the next failure.
    wait: Duration,
}

impl Feed {
    /// A feed that goes on where it was; at the end of the journal if it never was anywhere.
    ///
    /// # Errors
    /// The mark or the journal cannot be read.
    pub async fn resume(
        settings: Settings,
        hostname: &str,
        (journal, store): (Journal, &Store),
        data_dir: &Path,
        (health, metrics): (Health, Metrics),
    ) -> Result<Self, String> {
        let mark = Mark::new(store.clone(), data_dir);
        let told = |why: &dyn std::fmt::Display| format!("the feed of the SIEM cannot begin: {why}");
        let last = journal.last().await.map_err(|why| told(&why))?;
        mark.take_over_file().await.map_err(|why| told(&why))?;
        let settled = mark.read().await.map_err(|why| told(&why))?.unwrap_or(last);
        mark.put(settled).await.map_err(|why| told(&why))?;
        let (hostname, telling) = (hostname.to_owned(), store.telling());
        let (tells, wire, pending, wait) = (false, None, VecDeque::new(), FIRST_WAIT);
        let written = settled;
        Ok(Self {
            settings,
            hostname,
            journal,
            mark,
            telling,
            tells,
            stood_by: false,
            health,
            metrics,
            wire,
            settled,
            written,
            pending,
            wait,
        })
    }

    /// Tells until `stop`; then what is left is told, if it goes fast.
    pub async fn run(mut self, stop: CancellationToken) {
        self.well(0);
        loop {
            let wait = match self.advance().await {
                Ok(true) => Duration::ZERO,
                Ok(false) => TICK,
                Err(trouble) => self.failed(&trouble).await,
            };
            if stop.run_until_cancelled(sleep(wait)).await.is_none() {
                break;
            }
        }
        if timeout(LAST, self.farewell()).await.is_err() {
            tracing::warn!("the SIEM did not take the last records in time; it is told them after the next start");
        }
        self.telling.give_up().await;
    }

    /// Tells the next page; whether there may be more.
    async fn advance(&mut self) -> Result<bool, Trouble> {
        if !self.is_ours_to_tell().await? {
            self.stand_by().await?;
            return Ok(false);
        }
        self.look_at_the_wire().await?;
        let last = self.journal.last().await?;
        if last < self.written {
            // Another journal, as after a restore: what it holds was told, as far as it goes.
            tracing::warn!(
                told = self.written,
                last,
                "the journal is shorter than what the SIEM was told; going on at its end"
            );
            self.pending.clear();
            self.written = last;
            self.mark.set_back(last).await?;
            self.settled = last;
        }
        let rows = self.journal.after(self.written, PAGE).await?;
        let Some((through, _)) = rows.last() else {
            self.behind(last, None);
            return Ok(false);
        };
        let (through, oldest) = (*through, rows.iter().find_map(|(_, record)| record.as_ref().map(|record| record.at)));
        self.behind(last, oldest);
        self.mind_the_gap(rows.first().map_or(through, |(seq, _)| *seq));
        let messages: Vec<String> =
            rows.iter().filter_map(|(seq, record)| self.message(*seq, record.as_ref())).collect();
        if messages.is_empty() {
            self.written = through;
            return self.nothing_to_tell(through).await.map(|()| true);
        }
        let wire = match &mut self.wire {
            Some(wire) => wire,
            none => none.insert(Wire::open(&self.settings).await?),
        };
        wire.send(&messages).await?;
        let at_once = wire.settles_at_once();
        self.metrics.siem_sent(messages.len());
        self.well(last - through);
        self.written = through;
        self.pending.push_back((Instant::now(), through));
        if at_once {
            self.pending.clear();
            self.settle(through).await?;
        }
        Ok(rows.len() == PAGE as usize)
    }

    /// Whether this node tells. If it begins to, it goes on where the one before it was; and where the mark is, if somebody
    /// has put that back ([`Mark::take_over_file`]).
    async fn is_ours_to_tell(&mut self) -> Result<bool, Trouble> {
        let tells = self.telling.is_ours().await?;
        let mark = if tells { self.mark.read().await?.unwrap_or(self.settled) } else { self.settled };
        if tells && (!self.tells || mark < self.settled) {
            self.settled = mark;
            self.begin_again();
            if std::mem::take(&mut self.stood_by) {
                tracing::info!(from = self.settled, "this node tells the SIEM now, where another did");
            }
        }
        self.tells = tells;
        Ok(tells)
    }

    /// Another node tells. That it gets on is all there is to say; what this node could not tell is well when it does.
    async fn stand_by(&mut self) -> Result<(), Trouble> {
        let (last, mark) = (self.journal.last().await?, self.mark.read().await?.unwrap_or(self.settled));
        let behind = last - mark;
        if mark > self.settled || behind <= 0 {
            let server = &self.settings.server;
            self.health.well(
                Condition::Siem,
                Text {
                    ja: format!("別のノードが {server} へ送っています。残り {behind} 件。"),
                    en: format!("another node tells {server}; {behind} records to go"),
                },
            );
            self.wait = FIRST_WAIT;
        }
        self.settled = mark;
        self.stood_by = true;
        self.begin_again();
        let next = self.journal.after(mark, 1).await?;
        self.behind(last, next.first().and_then(|(_, record)| record.as_ref().map(|record| record.at)));
        Ok(())
    }

    /// Whatever has not arrived for certain is told again.
    fn begin_again(&mut self) {
        (self.wire, self.written) = (None, self.settled);
        self.pending.clear();
    }

    /// What has been written for long enough has arrived; what was written on a connection that broke is written again.
    async fn look_at_the_wire(&mut self) -> Result<(), Trouble> {
        if self.wire.as_ref().is_some_and(Wire::is_broken) {
            self.wire = None;
            // A collector that hangs up when nothing is under way may do so.
            if !self.pending.is_empty() {
                return Err(io::Error::other("the collector hung up").into());
            }
        }
        let mut arrived = None;
        while let Some((at, through)) = self.pending.front().copied() {
            if at.elapsed() < wire::SETTLED {
                break;
            }
            self.pending.pop_front();
            arrived = Some(through);
        }
        match arrived {
            Some(through) => Ok(self.settle(through).await?),
            None => Ok(()),
        }
    }

    /// What is not to be told has arrived with what was told before it.
    async fn nothing_to_tell(&mut self, through: i64) -> Result<(), Trouble> {
        match self.pending.back_mut() {
            Some((_, last)) => *last = through,
            None => self.settle(through).await?,
        }
        Ok(())
    }

    async fn settle(&mut self, through: i64) -> Result<(), StoreError> {
        self.mark.put(through).await?;
        self.settled = through;
        self.wait = FIRST_WAIT;
        Ok(())
    }

    fn message(&self, seq: i64, record: Option<&Record>) -> Option<String> {
        let Some(record) = record else {
            tracing::warn!(seq, "a row of the journal holds no record; the SIEM is not told of it");
            return None;
        };
        let event = Event::of(seq, record);
        if self.settings.records == Records::Notable && !event.is_notable() {
            return None;
        }
        let Settings { server, format, .. } = &self.settings;
        let message = syslog::message(&event, *format, &self.hostname, server.most());
        if message.is_none() {
            tracing::error!(seq, "a record does not fit into any message; the SIEM is not told of it");
        }
        message
    }

    /// Records that retention took before they were told are gone; that is said.
    fn mind_the_gap(&self, first: i64) {
        let gone = first - self.written - 1;
        if gone > 0 {
            tracing::error!(gone, "records of the journal were removed before the SIEM was told of them");
        }
    }

    /// Notes a failure; how long to wait now. All that has not arrived for certain is told again.
    async fn failed(&mut self, trouble: &Trouble) -> Duration {
        self.begin_again();
        // Another node may have a way to the collector, or a better one to the store.
        self.telling.give_up().await;
        self.tells = false;
        let wait = self.wait;
        self.wait = (wait * 2).min(LONGEST_WAIT);
        let last = self.journal.last().await.unwrap_or(self.settled);
        let (server, behind, seconds) = (&self.settings.server, last - self.settled, wait.as_secs());
        tracing::debug!(%server, %trouble, behind, "the SIEM is not told");
        self.metrics.siem_failed(wait);
        let oldest = self.journal.after(self.settled, 1).await.unwrap_or_default();
        self.behind(last, oldest.first().and_then(|(_, record)| record.as_ref()).map(|record| record.at));
        self.health.unwell(
            Condition::Siem,
            Text {
                ja: format!(
                    "{server} へ送れません（{trouble}）。{behind} 件が待っています。{seconds} 秒後に再び試みます。"
                ),
                en: format!(
                    "{server} takes nothing ({trouble}); {behind} records wait, and it is tried again in {seconds} s"
                ),
            },
        );
        wait
    }

    fn well(&self, behind: i64) {
        let server = &self.settings.server;
        self.health.well(
            Condition::Siem,
            Text {
                ja: format!("{server} へ送っています。残り {behind} 件。"),
                en: format!("telling {server}; {behind} records to go"),
            },
        );
    }

    fn behind(&self, last: i64, oldest: Option<jiff::Timestamp>) {
        let age = oldest.map_or(0, |at| jiff::Timestamp::now().duration_since(at).as_secs());
        let records = last - self.written;
        self.metrics.siem_behind(Feeding { records, age: age.max(0), connected: self.wire.is_some() });
    }

    /// Tells what is left, and waits until the collector has read it.
    async fn farewell(&mut self) {
        while let Ok(true) = self.advance().await {}
        if let Some(wire) = self.wire.take()
            && wire.finish().await
            && let Some((_, through)) = self.pending.back().copied()
            && let Err(why) = self.settle(through).await
        {
            tracing::warn!(%why, "how far the SIEM was told is not kept; it is told the last records again");
        }
    }
}

/// Says that there is no feed.
pub fn off(health: &Health) {
    let (ja, en) = ("SIEM への送信は設定されていません。", "no SIEM is configured");
    health.well(Condition::Siem, Text { ja: ja.to_owned(), en: en.to_owned() });
}
