//! The composition root: builds everything from a loaded configuration, binds, runs, stops.
//!
//! In: [`Loaded`]. Out: a running relay, until it is told to stop. Explicit construction, no registry: what depends
//! on what can be read here from top to bottom. Beside it: what runs at the same time (`parts`), where we listen (`sockets`),
//! what the console asks (`engine`), what SIGHUP renews (`reload`), what tells health (`watches`, `nodes`).
//! Deliberately absent: signals (`cli::serve`) and any decision.

mod engine;
pub mod nodes;
mod parts;
mod reload;
mod sockets;
mod watches;

use std::{
    net::TcpListener as Socket,
    sync::{Arc, PoisonError, RwLock},
};

use anyhow::{Context, anyhow};
use axum::Router;
use engine::Rules;
use jiff::Timestamp;
use nodes::Badge;
use parts::{Exporting, Parts};
pub use reload::Reload;
use sockets::doorway;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use watches::{watch_certificates, watch_directory};

use crate::{
    config::{Config, Loaded},
    console::{self, Rulebook},
    directory::Directory,
    drill::{Daily, Door, Drill, Marks},
    hold::Hold,
    inspect::{
        Plant,
        sandbox::{self, Workers},
    },
    journal::{Counting, Journal, Spool, Spooled},
    mail::Address,
    notice::Voice,
    outbox::{Outbox, Pulse},
    pipeline::{Judgement, Memory, Past, Pipeline, Pressure, PressureSettings, Splits, Stages},
    recipients::Organization,
    siem::{self, Feed},
    smtp::{
        client::NextHop,
        server::{self, Keyring, Listener},
    },
    store::{Claim, Store},
    telemetry::{
        health::Health,
        metrics::Metrics,
        traces::{Exporter, Traces},
    },
};

/// Everything built and bound, nothing running yet.
pub struct App {
    smtp: Vec<Listener>,
    keys: Arc<Keyring>,
    console_keys: Arc<Keyring>,
    smtp_settings: Arc<server::Settings>,
    console: TcpListener,
    pages: Router,
    /// What is counted, and where it is asked for.
    counted: Option<(TcpListener, Router)>,
    voice: Voice,
    organization: Organization,
    config: Config,
    stages: Arc<Stages>,
    rulebook: Rules,
    directory: Directory,
    health: Health,
    outbox: Outbox,
    store: Store,
    badge: Arc<Badge>,
    past: Past,
    /// What tells the SIEM, if there is one.
    feed: Option<Feed>,
    /// What tells the collector of traces, if there is one.
    exporter: Option<Exporter>,
    /// What drills the machine.
    daily: Daily,
    plants: Plants,
    /// Kept until the last mail under way is done: another process would discard what is prepared for it.
    claim: Arc<Claim>,
}

/// What judges mail, as `loaded` says, with a memory of earlier mails if there is a store and a history if there is one; starts the inspection workers.
pub async fn judgement(loaded: &Loaded, store: Option<&Store>, past: Option<Past>) -> anyhow::Result<Judgement> {
    let program = sandbox::this_program().context("this program cannot find itself")?;
    let settings = loaded.config.inspection.clone();
    let workers = Workers::start(program, settings, loaded.rule_sources.clone()).await?;
    if let Some(lack) = workers.protection().lack() {
        tracing::warn!("{}", lack.en);
    }
    Ok(Judgement {
        organization: loaded.config.organization.clone(),
        partners: loaded.partners.clone(),
        policies: loaded.policies.clone(),
        workers,
        passwords: loaded.passwords.clone(),
        timezone: loaded.config.timezone.clone(),
        count_quoted: loaded.config.count_quoted,
        past,
        memory: store.and_then(|store| Memory::new(store.clone(), loaded.config.remember_passwords)),
    })
}

/// What the server of this configuration has learned so far; nothing if it never ran.
pub async fn past(loaded: &Loaded) -> anyhow::Result<Option<Past>> {
    if !loaded.config.store.is_made() {
        return Ok(None);
    }
    let store = Store::open(&loaded.config.store).await?;
    Ok(Some(Past::load(store, loaded.config.history).await?))
}

fn pressure_settings(config: &Config) -> PressureSettings {
    PressureSettings { min_free: config.min_free, accept_missing_landlock: config.accept_missing_landlock }
}

/// How notices speak.
pub fn voice(config: &Config) -> Voice {
    Voice {
        language: config.language,
        organization: config.organization.name.clone(),
        hostname: config.hostname.clone(),
        timezone: config.timezone.clone(),
        public_url: config.console.public_url.clone(),
        wording: config.wording.clone(),
    }
}

/// The hold of a configuration, for commands that act on it beside the server.
pub async fn hold(loaded: &Loaded) -> anyhow::Result<Hold> {
    let config = &loaded.config;
    let store = Store::open(&config.store).await?;
    let directory = Directory::open(loaded.people.clone(), config.directory.ldap.clone(), &config.data_dir);
    Ok(Hold::new(store, config.approval.clone(), voice(config), config.organization.clone(), directory))
}

/// Removes what a process that died had prepared and promised to nobody. Who holds the claim knows that none lives.
async fn discard_prepared(claim: &Claim, hold: &Hold) -> anyhow::Result<()> {
    if !claim.is_alone() {
        // Another node may be at them; `Hold::due` discards those that nobody can be at any more.
        return Ok(());
    }
    let left = hold.discard_prepared(Timestamp::MAX).await?;
    if left > 0 {
        tracing::warn!(mails = left, "mails that were half taken when the last process died were discarded");
    }
    Ok(())
}

/// The drill of the machine, as it would be of this configuration; none if the server listens nowhere.
pub fn machine_drill(config: &Config, plants: Vec<Plant>, store: &Store) -> Option<Drill> {
    let inspection = &config.inspection;
    Some(Drill {
        store: store.clone(),
        door: Door::of(&config.smtp, inspection.timeout)?,
        plants,
        limits: inspection.limits.clone(),
        domain: config.organization.domains.first().cloned().unwrap_or_default(),
    })
}

/// What a drill plants: the examples of the rules in force.
type Plants = Arc<RwLock<Vec<Plant>>>;

/// The drill of the machine that comes by itself.
fn daily(config: &Config, plants: &Plants, store: &Store, (health, metrics): (&Health, &Metrics)) -> Daily {
    let (of, plants, kept) = (config.clone(), Arc::clone(plants), store.clone());
    let drill = move || {
        let plants = plants.read().unwrap_or_else(PoisonError::into_inner).clone();
        machine_drill(&of, plants, &kept)
    };
    Daily {
        at: config.drill_at,
        timezone: config.timezone.clone(),
        store: store.clone(),
        drill: Arc::new(drill),
        health: health.clone(),
        metrics: metrics.clone(),
    }
}

/// What tells the SIEM what the journal says, from where it was; nothing if none is configured.
async fn feed(
    config: &Config,
    (journal, store): (&Journal, &Store),
    (health, metrics): (&Health, &Metrics),
) -> anyhow::Result<Option<Feed>> {
    let Some(settings) = config.siem.clone() else {
        siem::off(health);
        return Ok(None);
    };
    let told = (health.clone(), metrics.clone());
    let feed = Feed::resume(settings, &config.hostname, (journal.clone(), store), &config.data_dir, told).await;
    feed.map(Some).map_err(|why| anyhow!(why))
}

/// Where records wait while the store takes none, and those that a process before us left there.
fn spool(config: &Config, store: &Store) -> anyhow::Result<Spool> {
    let spool = Spool::open(store.clone(), &config.data_dir, config.spool).context("the spool of the journal")?;
    let Spooled { records, aside, .. } = spool.figures();
    if records > 0 {
        tracing::warn!(records, "records wait in the spool of the journal from before; they are put into it now");
    }
    if aside > 0 {
        tracing::error!(
            files = aside,
            "files of the journal's spool were torn or changed; `sekisho doctor` says where"
        );
    }
    Ok(spool)
}

/// What is told to a collector of traces, and what tells it; nothing if none is configured.
fn traces(config: &Config, metrics: &Metrics) -> anyhow::Result<(Traces, Option<Exporter>)> {
    let Some(settings) = config.traces.clone() else { return Ok((Traces::default(), None)) };
    let started = Traces::start(settings, &config.hostname, metrics.clone());
    started.map(|(traces, exporter)| (traces, Some(exporter))).map_err(|why| anyhow!("[traces]: {why}"))
}

/// By what mails are counted: in the days of the organisation, and by the smallest group of their sender in the directory.
/// A colleague whom it does not know counts for the domain. Others may write whatever domain they like, and so count
/// together.
fn counting(config: &Config, directory: &Directory, organization: &Organization) -> Counting {
    let (directory, organization) = (directory.clone(), organization.clone());
    let department = move |sender: Option<&Address>| {
        let Some(sender) = sender else { return String::new() };
        match directory.people().department(sender) {
            Some(department) => department.to_owned(),
            None if organization.is_internal(sender) => sender.domain().to_lowercase(),
            None => String::new(),
        }
    };
    Counting { timezone: config.timezone.clone(), department: Arc::new(department) }
}

impl App {
    /// Builds and binds everything; from here on mail waits in the listeners' queues. Addresses of which a socket is
    /// among the `inherited` are not bound again.
    pub async fn build(loaded: Loaded, mut inherited: Vec<Socket>) -> anyhow::Result<Self> {
        let config = &loaded.config;
        for person in config.approval.security.iter().chain(&config.approval.approvers) {
            if !config.organization.is_internal(person) {
                tracing::warn!(%person, "decides about mail but is outside organization.domains; requests carry the mail");
            }
        }
        loaded.warnings().iter().for_each(|lack| tracing::warn!("{lack}"));
        let store = Store::open(&config.store).await?;
        if let Some(fault) = store.set_clock().await? {
            tracing::error!("{fault}");
        }
        // Whoever has it serves alone on this directory, and so on the spool in it.
        let claim = store.claim_outbox().await?;
        let journal = Journal::start_with(store.clone(), spool(config, &store)?);
        let past = Past::load(store.clone(), config.history).await?;
        let directory = Directory::open(loaded.people.clone(), config.directory.ldap.clone(), &config.data_dir);
        let hold = Hold::new(
            store.clone(),
            config.approval.clone(),
            voice(config),
            config.organization.clone(),
            directory.clone(),
        );
        discard_prepared(&claim, &hold).await?;
        let health = Health::default();
        let next_hop = NextHop::new(config.next_hop.clone())?;
        let metrics = Metrics::default();
        let timed = metrics.clone();
        store.watched_by(move |work, took| timed.database(work.name(), took));
        let (traces, exporter) = traces(config, &metrics)?;
        let outbox = Outbox::new(store.clone(), hold.clone(), next_hop.clone(), config.outbox.clone());
        let outbox = outbox.traced(traces.clone());
        let feed = feed(config, (&journal, &store), (&health, &metrics)).await?;
        let stages = Arc::new(Stages {
            hostname: config.hostname.clone(),
            trace_client: config.trace_client,
            next_hop,
            hold: hold.clone(),
            journal,
            judgement: Arc::new(judgement(&loaded, Some(&store), Some(past.clone())).await?).into(),
            splits: Splits::default(),
            marks: Marks::new(store.clone()),
            pressure: Pressure::new(health.clone(), pressure_settings(config)),
            metrics: metrics.clone(),
            traces,
        });
        let smtp = sockets::smtp(&config.smtp, &mut inherited).await?;
        let console = sockets::bind(config.console.listen, &mut inherited).await?.socket;
        let counting = match config.metrics {
            Some(address) => Some(sockets::bind(address, &mut inherited).await?.socket),
            None => None,
        };
        sockets::all_taken(&inherited)?;
        let voice = voice(config);
        let logins =
            console::Logins::new(&config.console, directory.clone()).map_err(|why| anyhow!("console.oidc: {why}"))?;
        let rulebook = Arc::new(RwLock::new(Arc::new(Rulebook::new(&loaded.policies, loaded.rules.detectors()))));
        let engine = engine::engine(&stages, &rulebook, &health);
        let plants: Plants = Arc::new(RwLock::new(loaded.rules.plants()));
        let daily = daily(config, &plants, &store, (&health, &metrics));
        let hold = Arc::new(hold);
        let counted = console::metrics(Arc::clone(&hold), metrics, health.clone(), &voice);
        let pages = console::router(hold, Arc::new(store.clone()), logins, engine, &voice);
        let pages = pages.merge(console::health(health.clone(), &voice));
        Ok(Self {
            smtp,
            keys: Arc::new(Keyring::new(loaded.keys.clone())),
            console_keys: Arc::new(Keyring::new(loaded.console_keys.clone())),
            smtp_settings: Arc::new(config.smtp.clone()),
            console,
            pages,
            counted: counting.map(|socket| (socket, counted)),
            voice,
            organization: config.organization.clone(),
            config: config.clone(),
            stages,
            rulebook,
            directory,
            health,
            outbox,
            badge: Arc::new(Badge::new(&loaded, &store)),
            store,
            past,
            feed,
            exporter,
            daily,
            plants,
            claim: Arc::new(claim),
        })
    }

    /// Adds pages beside the console's own, which speak with the same voice.
    #[must_use]
    pub fn with_pages(mut self, pages: impl FnOnce(&Voice) -> Router) -> Self {
        self.pages = self.pages.merge(pages(&self.voice));
        self
    }

    /// The store, for a command that runs a server and adds accounts to it.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Who is known; kept current while the server runs.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// What is written about mails, and where.
    pub fn journal(&self) -> &Journal {
        &self.stages.journal
    }

    /// What tells whether the outbox still goes round.
    pub fn pulse(&self) -> Pulse {
        self.outbox.pulse()
    }

    /// What SIGHUP calls.
    pub fn reload(&self) -> Reload {
        Reload {
            stages: Arc::clone(&self.stages),
            rulebook: Arc::clone(&self.rulebook),
            keys: Arc::clone(&self.keys),
            console_keys: Arc::clone(&self.console_keys),
            organization: self.organization.clone(),
            voice: self.voice.clone(),
            config: self.config.clone(),
            directory: self.directory.clone(),
            store: self.store.clone(),
            badge: Arc::clone(&self.badge),
            past: self.past.clone(),
            plants: Arc::clone(&self.plants),
        }
    }

    /// Runs until `stop`; then what is under way is finished. A part that ends or panics by itself ends all: half a
    /// server is worse than a restart.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let Self {
            smtp,
            keys,
            console_keys,
            smtp_settings,
            console,
            pages,
            counted,
            stages,
            directory,
            health,
            outbox,
            store,
            badge,
            past,
            feed,
            exporter,
            daily,
            claim,
            config,
            organization,
            ..
        } = self;
        for listener in &smtp {
            let Listener { socket, tls, inherited } = listener;
            tracing::info!(address = %socket.local_addr()?, tls, inherited, "taking mail");
        }
        tracing::info!(address = %console.local_addr()?, tls = console_keys.acceptor().is_some(), "serving the console");
        let next_hop = stages.next_hop.clone();
        tokio::spawn(async move { next_hop.probe().await });
        let exporting = Exporting::begin(exporter);
        let mut parts = Parts::until(stop);
        let (gate, taken) = (Arc::new(Pipeline::new(Arc::clone(&stages))), Arc::clone(&keys));
        parts.start("the SMTP server", |stop| server::serve(smtp, gate, smtp_settings, taken, stop));
        let (watching, watched) = (Arc::clone(&stages), store.clone());
        parts.start("the watch over the room there is", |stop| async move { watching.watch(&watched, stop).await });
        let claimed = Arc::clone(&claim);
        parts.start("the outbox", |stop| async move { outbox.run(&claimed, stop).await });
        let (journal, counting) = (stages.journal.clone(), counting(&config, &directory, &organization));
        parts.start("the index of the journal", |stop| async move { journal.keep_index(&counting, stop).await });
        let learning = past.clone();
        parts.start("the history of recipients", |stop| async move { learning.run(stop).await });
        let known = directory.clone();
        parts.start("the directory", |stop| async move { known.run(stop).await });
        let (keyrings, watched) = ([keys, Arc::clone(&console_keys)], health.clone());
        let (known, node) = (store.clone(), (keyrings.clone(), health.clone()));
        parts
            .start("the watch over the nodes", |stop| async move { badge.watch(&known, &node.1, &node.0, stop).await });
        parts.start("the watch over the directory", |stop| async move {
            watch_directory(&directory, &watched, stop).await;
        });
        parts.start("the watch over the certificates", |stop| async move {
            watch_certificates(keyrings, &health, stop).await;
        });
        parts.start("the daily drill", |stop| async move { daily.run(stop).await });
        if let Some(feed) = feed {
            parts.start("the feed of the SIEM", |stop| async move { feed.run(stop).await });
        }
        parts
            .try_start("the console", |stop| console::serve(doorway(console, console_keys, stop.clone()), pages, stop));
        if let Some((socket, counted)) = counted {
            tracing::info!(address = %socket.local_addr()?, "telling what is counted");
            parts.try_start("the page of what is counted", |stop| console::serve(socket, counted, stop));
        }
        parts.all_ended().await?;
        // What the last mails taught, after the SMTP server has ended.
        if let Err(error) = past.settle().await {
            tracing::error!(%error, "what the last mails taught about recipients is not kept");
        }
        stages.next_hop.close().await;
        store.close().await;
        exporting.end().await;
        drop(claim);
        Ok(())
    }
}
