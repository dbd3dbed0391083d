//! The composition root: builds everything from a loaded configuration, binds, runs, stops.
//!
//! In: [`Loaded`]. Out: a running relay, until it is told to stop. Explicit construction, no registry: what depends
//! on what can be read here from top to bottom. Deliberately absent: signals (`cli::serve`) and any decision.

use std::{
    net::{SocketAddr, TcpListener as Socket},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, anyhow, bail};
use axum::Router;
use jiff::Timestamp;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    config::{Config, Loaded},
    console,
    directory::{self, Directory},
    hold::Hold,
    inspect::sandbox::{self, Workers},
    journal::{Journal, Record, RulesChange, Via},
    language::Text,
    mail::MailId,
    notice::Voice,
    outbox::{Outbox, Pulse},
    pipeline::{Judgement, Memory, Past, Pipeline, Pressure, PressureSettings, Splits, Stages},
    policy::Policies,
    recipients::Organization,
    smtp::{
        client::NextHop,
        server::{self, Keyring, Listener},
    },
    store::{Claim, Store},
    telemetry::health::{Condition, Health},
};

/// How long all parts may take to end: longer than SMTP's own grace of 30 s, shorter than systemd's patience of 90 s.
const GRACE: Duration = Duration::from_secs(45);

/// The name of a part that ended well, or why it did not.
type Part = anyhow::Result<&'static str>;

/// Everything built and bound, nothing running yet.
pub struct App {
    smtp: Vec<Listener>,
    keys: Arc<Keyring>,
    smtp_settings: Arc<server::Settings>,
    console: TcpListener,
    pages: Router,
    voice: Voice,
    organization: Organization,
    stages: Arc<Stages>,
    directory: Directory,
    health: Health,
    outbox: Outbox,
    store: Store,
    past: Past,
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
    if !Store::is_in(&loaded.config.data_dir) {
        return Ok(None);
    }
    let store = Store::open(&loaded.config.data_dir).await?;
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
    let store = Store::open(&config.data_dir).await?;
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
        "the service manager opened {}, which neither smtp.listen nor console.listen names; make both say the same",
        socket.local_addr()?
    )
}

/// Tells in the health report how old the people are that a directory server told, until `stop`.
async fn watch_directory(directory: &Directory, health: &Health, stop: CancellationToken) {
    loop {
        let (condition, words) = (Condition::Directory, |ja, en| Text { ja, en });
        match directory.health() {
            None => health.well(condition, words("設定されていません。".to_owned(), "none is configured".to_owned())),
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

/// Removes what a process that died had prepared and promised to nobody. Who holds the claim knows that none lives.
async fn discard_prepared(_claim: &Claim, hold: &Hold) -> anyhow::Result<()> {
    let left = hold.discard_prepared(Timestamp::MAX).await?;
    if left > 0 {
        tracing::warn!(mails = left, "mails that were half taken when the last process died were discarded");
    }
    Ok(())
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
        let store = Store::open(&config.data_dir).await?;
        let journal = Journal::start(store.clone());
        let past = Past::load(store.clone(), config.history).await?;
        let directory = Directory::open(loaded.people.clone(), config.directory.ldap.clone(), &config.data_dir);
        let hold = Hold::new(
            store.clone(),
            config.approval.clone(),
            voice(config),
            config.organization.clone(),
            directory.clone(),
        );
        let claim = store.claim_outbox()?;
        discard_prepared(&claim, &hold).await?;
        let health = Health::default();
        let next_hop = NextHop::new(config.next_hop.clone())?;
        let outbox = Outbox::new(store.clone(), hold.clone(), next_hop.clone(), config.outbox.clone());
        let stages = Arc::new(Stages {
            hostname: config.hostname.clone(),
            trace_client: config.trace_client,
            next_hop,
            hold: hold.clone(),
            journal,
            judgement: Arc::new(judgement(&loaded, Some(&store), Some(past.clone())).await?).into(),
            splits: Splits::default(),
            pressure: Pressure::new(health.clone(), pressure_settings(config)),
        });
        let mut smtp = Vec::new();
        for address in &config.smtp.listen {
            smtp.push(Listener { tls: false, ..bind(*address, &mut inherited).await? });
        }
        for address in &config.smtp.listen_tls {
            smtp.push(Listener { tls: true, ..bind(*address, &mut inherited).await? });
        }
        let console = bind(config.console.listen, &mut inherited).await?.socket;
        all_taken(&inherited)?;
        let voice = voice(config);
        let logins =
            console::Logins::new(&config.console, directory.clone()).map_err(|why| anyhow!("console.oidc: {why}"))?;
        let pages = console::router(Arc::new(hold), Arc::new(store.clone()), logins, &voice);
        let pages = pages.merge(console::health(health.clone(), &voice));
        Ok(Self {
            smtp,
            keys: Arc::new(Keyring::new(loaded.keys.clone())),
            smtp_settings: Arc::new(config.smtp.clone()),
            console,
            pages,
            voice,
            organization: config.organization.clone(),
            stages,
            directory,
            health,
            outbox,
            store,
            past,
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

    /// What tells whether the outbox still goes round.
    pub fn pulse(&self) -> Pulse {
        self.outbox.pulse()
    }

    /// What SIGHUP calls.
    pub fn reload(&self) -> Reload {
        Reload {
            stages: Arc::clone(&self.stages),
            keys: Arc::clone(&self.keys),
            organization: self.organization.clone(),
            directory: self.directory.clone(),
            store: self.store.clone(),
            past: self.past.clone(),
        }
    }

    /// Runs until `stop`; then what is under way is finished. A part that ends or panics by itself ends all: half a
    /// server is worse than a restart.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        let Self {
            smtp,
            keys,
            smtp_settings,
            console,
            pages,
            stages,
            directory,
            health,
            outbox,
            store,
            past,
            claim,
            ..
        } = self;
        for listener in &smtp {
            let Listener { socket, tls, inherited } = listener;
            tracing::info!(address = %socket.local_addr()?, tls, inherited, "taking mail");
        }
        tracing::info!(address = %console.local_addr()?, "serving the console");
        let mut parts = JoinSet::<Part>::new();
        let next_hop = stages.next_hop.clone();
        tokio::spawn(async move { next_hop.probe().await });
        let gate = Arc::new(Pipeline::new(Arc::clone(&stages)));
        let heard = stop.clone();
        parts.spawn(async move {
            server::serve(smtp, gate, smtp_settings, keys, heard).await;
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
        let heard = stop.clone();
        parts.spawn(async move {
            watch_directory(&directory, &health, heard).await;
            Ok("the watch over the directory")
        });
        let heard = stop.clone();
        parts.spawn(async move {
            console::serve(console, pages, heard).await?;
            Ok("the console")
        });
        all_ended(parts, stop).await?;
        // What the last mails taught, after the SMTP server has ended.
        if let Err(error) = past.settle().await {
            tracing::error!(%error, "what the last mails taught about recipients is not kept");
        }
        stages.next_hop.close().await;
        store.close().await;
        drop(claim);
        Ok(())
    }
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

/// Replaces rules, partners, people, passwords, the certificate and the users of a running server.
pub struct Reload {
    stages: Arc<Stages>,
    keys: Arc<Keyring>,
    organization: Organization,
    directory: Directory,
    store: Store,
    past: Past,
}

impl Reload {
    /// Starts workers with the new rules and lets the next mail be judged by them. On an error nothing changes. Who
    /// we are stays as it was at the start: judging by new domains and telling by old ones would tell outsiders.
    pub async fn apply(&self, loaded: &Loaded) -> anyhow::Result<()> {
        let organization = self.organization.clone();
        let judgement = judgement(loaded, Some(&self.store), Some(self.past.clone())).await?;
        let before = self.stages.replace_judgement(Judgement { organization, ..judgement });
        self.keys.replace(loaded.keys.clone());
        self.directory.replace_file(loaded.people.clone());
        self.journal(&before.policies, &loaded.policies).await;
        Ok(())
    }

    /// The new rules are in force; a journal that cannot be written closes the gate for the mails after this by itself.
    async fn journal(&self, before: &Policies, now: &Policies) {
        let differences = before.differences(now).iter().map(ToString::to_string).collect();
        let change = RulesChange { via: Via::System, rules: now.rules().count(), differences };
        let id = MailId(ulid::Ulid::generate().to_string());
        if let Err(why) = self.stages.journal.record(Record::rules(id, Timestamp::now(), change)).await {
            tracing::error!(%why, "the rules were replaced, but that is not journalled");
        }
    }
}
