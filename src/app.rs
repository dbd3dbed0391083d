//! The composition root: builds everything from a loaded configuration, binds, runs, stops.
//!
//! In: [`Loaded`]. Out: a running relay, until it is told to stop. Explicit construction, no registry: what depends
//! on what can be read here from top to bottom. Deliberately absent: signals (`cli::serve`) and any decision.

pub mod nodes;

use std::{
    net::{SocketAddr, TcpListener as Socket},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use anyhow::{Context, anyhow, bail};
use axum::Router;
use jiff::Timestamp;
use nodes::Badge;
use tokio::{
    net::TcpListener,
    task::{JoinHandle, JoinSet},
};
use tokio_util::sync::CancellationToken;

use crate::{
    config::{Config, Loaded},
    console::{self, Doorway, Rulebook},
    directory::{self, Directory},
    drill::{Daily, Door, Drill, Marks},
    hold::Hold,
    inspect::{
        Plant,
        sandbox::{self, Workers},
    },
    journal::{Counting, Journal, Record, RulesChange, Spool, Spooled, Via},
    language::Text,
    mail::{Address, MailId},
    notice::Voice,
    outbox::{Outbox, Pulse},
    pipeline::{Judgement, Memory, Past, Pipeline, Pressure, PressureSettings, Splits, Stages},
    policy::Policies,
    recipients::Organization,
    siem::{self, Feed},
    smtp::{
        client::NextHop,
        server::{self, Keyring, Listener},
    },
    store::{Claim, Store},
    telemetry::{
        health::{Condition, Health},
        metrics::Metrics,
        traces::{Exporter, Traces},
    },
};

/// How long all parts may take to end: longer than SMTP's own grace of 30 s, shorter than systemd's patience of 90 s.
const GRACE: Duration = Duration::from_secs(45);

/// The name of a part that ended well, or why it did not.
type Part = anyhow::Result<&'static str>;

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
    rulebook: Arc<RwLock<Arc<Rulebook>>>,
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

/// The socket for `address`: one of the `inherited`, of which it is taken, or else one of our own.
async fn bind(address: SocketAddr, inherited: &mut Vec<Socket>) -> anyhow::Result<Listener> {
    if let Some(found) = inherited.iter().position(|socket| socket.local_addr().is_ok_and(|known| known == address)) {
        let socket = inherited.swap_remove(found);
        socket.set_nonblocking(true)?;
        return Ok(Listener { inherited: true, ..TcpListener::from_std(socket)?.into() });
    }
    let socket = TcpListener::bind(address).await.with_context(|| {
        format!("{address} cannot be listened on; is another server there, or the port below 1024?")
    })?;
    Ok(socket.into())
}

/// A socket that nobody serves would let mail servers wait for ever.
fn all_taken(inherited: &[Socket]) -> anyhow::Result<()> {
    let Some(socket) = inherited.first() else { return Ok(()) };
    bail!(
        "the service manager opened {}, which neither smtp.listen nor console.listen nor metrics.listen names; make both say the same",
        socket.local_addr()?
    )
}

/// Tells in the health report how old the people are that a directory server told, until `stop`.
async fn watch_directory(directory: &Directory, health: &Health, stop: CancellationToken) {
    loop {
        let (condition, words) = (Condition::Directory, |ja, en| Text { ja, en });
        match directory.health() {
            None => {
                health.well(condition, words("サーバーは使っていません。".to_owned(), "no server is used".to_owned()))
            }
            Some(directory::Health { people, known_at, trouble }) => {
                let read = known_at.map_or_else(|| "-".to_owned(), |at| format!("{at:.0}"));
                let (ja, en) =
                    (format!("{people} 人を {read} に読み込みました。"), format!("{people} people, read at {read}"));
                match trouble {
                    None => health.well(condition, words(ja, en)),
                    Some(directory::Trouble { why, since, .. }) => health.unwell(
                        condition,
                        words(
                            format!("{ja}{since:.0} から読み込めません（{why}）。最後に読んだ内容で動いています。"),
                            format!(
                                "{en}; since {since:.0} it cannot be read ({why}), and the people known last are used"
                            ),
                        ),
                    ),
                }
            }
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(5)) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Tells in the health report whether a certificate of ours ends soon or has ended, until `stop`.
async fn watch_certificates(keyrings: [Arc<Keyring>; 2], health: &Health, stop: CancellationToken) {
    let text = |ja, en| Text { ja, en };
    loop {
        let complaint = keyrings.iter().find_map(|keys| keys.complaint());
        match complaint.map(|why| text(format!("証明書を確認してください（{why}）。"), why)) {
            Some(words) => health.unwell(Condition::Certificates, words),
            None if keyrings.iter().all(|keys| keys.acceptor().is_none()) => health.well(
                Condition::Certificates,
                text("自身の証明書は設定されていません。".to_owned(), "none of our own is configured".to_owned()),
            ),
            None => health.well(
                Condition::Certificates,
                text("二週間以内に切れるものはありません。".to_owned(), "none ends within two weeks".to_owned()),
            ),
        }
        if stop.run_until_cancelled(tokio::time::sleep(Duration::from_secs(60))).await.is_none() {
            return;
        }
    }
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

/// What judges a mail that somebody tries in the console: as the server judges now, keeping and learning nothing.
fn trial(stages: &Arc<Stages>) -> console::Judge {
    let stages = Arc::clone(stages);
    Arc::new(move |envelope, message| {
        let stages = Arc::clone(&stages);
        Box::pin(async move { stages.try_out(&envelope, &message).await.map_err(|why| why.to_string()) })
    })
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

/// What holds a drill of those who decide, for the console.
fn drill(stages: &Arc<Stages>) -> console::Drill {
    let stages = Arc::clone(stages);
    Arc::new(move |by| {
        let stages = Arc::clone(&stages);
        Box::pin(async move { stages.drill(&by).await })
    })
}

/// What reads a held mail for whoever may look at its content.
fn reader(stages: &Arc<Stages>) -> console::Reader {
    let stages = Arc::clone(stages);
    Arc::new(move |envelope, message, what| {
        let stages = Arc::clone(&stages);
        Box::pin(async move {
            let shown = stages.show(&envelope, &message, what).await.map_err(|why| why.to_string())?;
            shown.ok_or_else(|| "reading it failed or took too long".to_owned())
        })
    })
}

/// The journal for the console, with the titles of the rules that are in force when somebody looks.
fn books(stages: &Arc<Stages>) -> Arc<console::Books> {
    let (journal, stages) = (stages.journal.clone(), Arc::clone(stages));
    Arc::new(console::Books { journal, titles: Arc::new(move || stages.titles()) })
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

/// Telling the collector of traces. No part of the server: whatever becomes of it, mail goes on. It ends behind the parts, so
/// that it is told of their last.
struct Exporting {
    stop: CancellationToken,
    running: Option<JoinHandle<()>>,
}

impl Exporting {
    fn begin(exporter: Option<Exporter>) -> Self {
        let stop = CancellationToken::new();
        let running = exporter.map(|exporter| tokio::spawn(exporter.run(stop.clone())));
        Self { stop, running }
    }

    /// Takes some seconds at most.
    async fn end(self) {
        self.stop.cancel();
        if let Some(running) = self.running
            && running.await.is_err()
        {
            tracing::warn!("what tells the collector of traces had died");
        }
    }
}

/// The watch over the nodes as a part of the server.
async fn watching_nodes(
    badge: Arc<Badge>,
    store: Store,
    health: Health,
    keyrings: [Arc<Keyring>; 2],
    stop: CancellationToken,
) -> Part {
    badge.watch(&store, &health, &keyrings, stop).await;
    Ok("the watch over the nodes")
}

/// The feed as a part of the server.
async fn telling(feed: Feed, stop: CancellationToken) -> Part {
    feed.run(stop).await;
    Ok("the feed of the SIEM")
}

/// The daily drill as a part of the server.
async fn drilling(daily: Daily, stop: CancellationToken) -> Part {
    daily.run(stop).await;
    Ok("the daily drill")
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
        let mut smtp = Vec::new();
        for address in &config.smtp.listen {
            smtp.push(Listener { tls: false, ..bind(*address, &mut inherited).await? });
        }
        for address in &config.smtp.listen_tls {
            smtp.push(Listener { tls: true, ..bind(*address, &mut inherited).await? });
        }
        let console = bind(config.console.listen, &mut inherited).await?.socket;
        let counting = match config.metrics {
            Some(address) => Some(bind(address, &mut inherited).await?.socket),
            None => None,
        };
        all_taken(&inherited)?;
        let voice = voice(config);
        let logins =
            console::Logins::new(&config.console, directory.clone()).map_err(|why| anyhow!("console.oidc: {why}"))?;
        let rulebook = Arc::new(RwLock::new(Arc::new(Rulebook::new(&loaded.policies, loaded.rules.detectors()))));
        let shown = Arc::clone(&rulebook);
        let engine = console::Engine {
            judge: trial(&stages),
            drill: drill(&stages),
            reader: reader(&stages),
            ledger: books(&stages),
            rulebook: Arc::new(move || Arc::clone(&shown.read().unwrap_or_else(PoisonError::into_inner))),
            health: health.clone(),
        };
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
        let mut parts = JoinSet::<Part>::new();
        let next_hop = stages.next_hop.clone();
        tokio::spawn(async move { next_hop.probe().await });
        let gate = Arc::new(Pipeline::new(Arc::clone(&stages)));
        let (taken, heard) = (Arc::clone(&keys), stop.clone());
        parts.spawn(async move {
            server::serve(smtp, gate, smtp_settings, taken, heard).await;
            Ok("the SMTP server")
        });
        let (watching, watched, heard) = (Arc::clone(&stages), store.clone(), stop.clone());
        parts.spawn(async move {
            watching.watch(&watched, heard).await;
            Ok("the watch over the room there is")
        });
        let (heard, claimed) = (stop.clone(), Arc::clone(&claim));
        parts.spawn(async move {
            outbox.run(&claimed, heard).await;
            Ok("the outbox")
        });
        let (journal, heard) = (stages.journal.clone(), stop.clone());
        let counting = counting(&config, &directory, &organization);
        parts.spawn(async move {
            journal.keep_index(&counting, heard).await;
            Ok("the index of the journal")
        });
        let (learning, heard) = (past.clone(), stop.clone());
        parts.spawn(async move {
            learning.run(heard).await;
            Ok("the history of recipients")
        });
        let (known, heard) = (directory.clone(), stop.clone());
        parts.spawn(async move {
            known.run(heard).await;
            Ok("the directory")
        });
        let (watched, heard) = (health.clone(), stop.clone());
        parts.spawn(async move {
            watch_directory(&directory, &watched, heard).await;
            Ok("the watch over the directory")
        });
        let keyrings = [Arc::clone(&keys), Arc::clone(&console_keys)];
        parts.spawn(watching_nodes(badge, store.clone(), health.clone(), keyrings, stop.clone()));
        let (keyrings, heard) = ([Arc::clone(&keys), Arc::clone(&console_keys)], stop.clone());
        parts.spawn(async move {
            watch_certificates(keyrings, &health, heard).await;
            Ok("the watch over the certificates")
        });
        parts.spawn(drilling(daily, stop.clone()));
        feed.into_iter().for_each(|feed| drop(parts.spawn(telling(feed, stop.clone()))));
        let heard = stop.clone();
        let doorway = doorway(console, console_keys, stop.clone());
        parts.spawn(async move {
            console::serve(doorway, pages, heard).await?;
            Ok("the console")
        });
        if let Some((socket, counted)) = counted {
            tracing::info!(address = %socket.local_addr()?, "telling what is counted");
            let heard = stop.clone();
            parts.spawn(async move {
                console::serve(socket, counted, heard).await?;
                Ok("the page of what is counted")
            });
        }
        let exporting = Exporting::begin(exporter);
        all_ended(parts, stop).await?;
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

/// Where the console is entered: with TLS if it has a certificate, which is renewed until `stop`.
fn doorway(socket: TcpListener, keys: Arc<Keyring>, stop: CancellationToken) -> Doorway {
    if keys.acceptor().is_none() {
        return socket.into();
    }
    tokio::spawn(Arc::clone(&keys).watch(stop));
    Doorway::with_tls(socket, Arc::new(move || keys.acceptor()))
}

/// Waits until all parts have ended. After `stop`, those that take too long (a browser that never finishes its
/// request) are left behind; what they had in hand was never promised.
async fn all_ended(mut parts: JoinSet<Part>, stop: CancellationToken) -> anyhow::Result<()> {
    let patience = async {
        stop.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::pin!(patience);
    loop {
        let ended = tokio::select! {
            ended = parts.join_next() => ended,
            () = &mut patience => None,
        };
        let Some(ended) = ended else { return Ok(()) };
        let part = ended.context("a part of the server died")??;
        if !stop.is_cancelled() {
            bail!("{part} ended by itself");
        }
    }
}

/// Replaces rules, partners, people, passwords, texts of notices, the certificate and the users of a running server.
pub struct Reload {
    stages: Arc<Stages>,
    rulebook: Arc<RwLock<Arc<Rulebook>>>,
    keys: Arc<Keyring>,
    console_keys: Arc<Keyring>,
    organization: Organization,
    voice: Voice,
    directory: Directory,
    store: Store,
    badge: Arc<Badge>,
    past: Past,
    plants: Plants,
    /// As it was at the start, which is what most of it stays.
    config: Config,
}

impl Reload {
    /// Starts workers with the new rules and lets the next mail be judged by them. On an error nothing changes. Who
    /// we are stays as it was at the start: judging by new domains and telling by old ones would tell outsiders.
    /// Gives the sections that say something else than at the start, and take a restart to be in force.
    pub async fn apply(&self, loaded: &Loaded) -> anyhow::Result<Vec<&'static str>> {
        let organization = self.organization.clone();
        let judgement = judgement(loaded, Some(&self.store), Some(self.past.clone())).await?;
        let ldap = self.directory.renew_ldap(loaded.config.directory.ldap.clone()).await;
        let ldap = ldap
            .context("nobody can be read with the new [directory.ldap]; mend it, or wait until its server is there")?;
        let before = self.stages.replace_judgement(Judgement { organization, ..judgement });
        let rulebook = Arc::new(Rulebook::new(&loaded.policies, loaded.rules.detectors()));
        *self.rulebook.write().unwrap_or_else(PoisonError::into_inner) = rulebook;
        *self.plants.write().unwrap_or_else(PoisonError::into_inner) = loaded.rules.plants();
        self.keys.replace(loaded.keys.clone());
        if self.config.console_keys == loaded.config.console_keys {
            self.console_keys.replace(loaded.console_keys.clone());
        }
        self.directory.replace_file(loaded.people.clone());
        self.badge.renew(loaded);
        loaded.warnings().iter().for_each(|lack| tracing::warn!("{lack}"));
        let words = self.voice.wording.replace(&loaded.config.wording);
        let renewed = [(words, "texts of notices"), (ldap, "directory.ldap")];
        let renewed = renewed.into_iter().filter(|(is, _)| *is).map(|(_, what)| what.to_owned()).collect();
        self.journal(&before.policies, &loaded.policies, renewed).await;
        Ok(self.config.needs_restart(&loaded.config))
    }

    /// The new rules are in force; a journal that cannot be written closes the gate for the mails after this by itself.
    async fn journal(&self, before: &Policies, now: &Policies, renewed: Vec<String>) {
        let differences = before.differences(now).iter().map(ToString::to_string).collect();
        let change = RulesChange { via: Via::Signal, rules: now.rules().count(), differences, renewed };
        let id = MailId(ulid::Ulid::generate().to_string());
        if let Err(why) = self.stages.journal.record(Record::rules(id, Timestamp::now(), change)).await {
            tracing::error!(%why, "the rules were replaced, but that is not journalled");
        }
    }
}
