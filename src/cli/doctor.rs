//! `sekisho doctor`: looks at everything that a server needs, and says in plain words what is wrong and what helps.
//!
//! In: the configuration. Out: a line for each thing, the bad ones with what to do; exit 1 if one is bad. It changes nothing
//! and sends no mail; the next hop is greeted, no more. Deliberately absent: what only a running server knows (`GET /health`).

use std::{
    fs,
    io::{self, IsTerminal, Write},
    net::SocketAddr,
    os::unix::fs::MetadataExt,
    path::Path,
    process::ExitCode,
    time::Duration,
};

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use tokio::{
    net::{TcpListener, lookup_host},
    time::timeout,
};

use super::{ConfigFile, Failure, show};
use crate::{
    app::nodes,
    config::{Config, Loaded, load_all},
    drill,
    inspect::sandbox::{self, Workers},
    journal::{Left, SPOOL_FOLDER as FOLDER},
    smtp::{client::NextHop, server::Keyring},
    store::{NodeRow, Store, StoreError},
};

/// So long each look may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// `sekisho doctor`.
#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    config: ConfigFile,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// How one thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum How {
    Good,
    /// It works, and yet.
    Odd,
    Bad,
}

#[derive(Debug, Serialize)]
struct Look {
    what: &'static str,
    how: How,
    words: String,
}

impl Look {
    fn good(what: &'static str, words: impl Into<String>) -> Self {
        Self { what, how: How::Good, words: words.into() }
    }

    fn odd(what: &'static str, words: impl Into<String>) -> Self {
        Self { what, how: How::Odd, words: words.into() }
    }

    fn bad(what: &'static str, words: impl Into<String>) -> Self {
        Self { what, how: How::Bad, words: words.into() }
    }
}

/// Looks at everything.
pub(super) async fn run(options: Options) -> Result<ExitCode, Failure> {
    let path = &options.config.path;
    let looks = match load_all(path) {
        Err(errors) => vec![Look::bad("configuration", errors.to_string())],
        Ok(loaded) => examine(path, &loaded).await,
    };
    let mut out = io::stdout().lock();
    for look in &looks {
        if options.json {
            writeln!(out, "{}", serde_json::to_string(look).map_err(io::Error::other)?)?;
        } else {
            tell(&mut out, look)?;
        }
    }
    let bad = looks.iter().filter(|look| look.how == How::Bad).count();
    if !options.json {
        let said = if bad == 0 { "nothing stands in the way".to_owned() } else { format!("{bad} to mend") };
        writeln!(out, "{said}")?;
    }
    Ok(ExitCode::from(u8::from(bad > 0)))
}

fn tell(out: &mut impl Write, look: &Look) -> io::Result<()> {
    let colours = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let (mark, colour) = match look.how {
        How::Good => ("good", "32"),
        How::Odd => ("odd ", "33"),
        How::Bad => ("BAD ", "31"),
    };
    let mark = if colours { format!("\u{1b}[{colour}m{mark}\u{1b}[0m") } else { mark.to_owned() };
    for (number, line) in look.words.lines().enumerate() {
        let (mark, what) = if number == 0 { (mark.as_str(), look.what) } else { ("    ", "") };
        writeln!(out, "{mark} {what:<14} {line}")?;
    }
    Ok(())
}

async fn examine(path: &Path, loaded: &Loaded) -> Vec<Look> {
    let config = &loaded.config;
    let rules = loaded.policies.rules().count();
    let mut looks = vec![Look::good("configuration", format!("{}: {rules} policy rules", path.display()))];
    looks.extend(loaded.warnings().into_iter().map(|warning| Look::odd("configuration", warning)));
    looks.push(permissions(&config.data_dir));
    looks.extend(owners(path, &config.data_dir));
    let (told, store) = store(config).await;
    looks.extend(told);
    looks.push(spool(config, store.as_ref()));
    if let Some(store) = store {
        store.close().await;
    }
    looks.extend(ports(config).await);
    looks.push(names(config).await);
    looks.push(next_hop(config).await);
    looks.extend(certificates(loaded));
    looks.push(inspection(loaded).await);
    looks
}

/// Held mail is for the server's user alone.
fn permissions(data_dir: &Path) -> Look {
    const WHAT: &str = "data_dir";
    let name = data_dir.display();
    match fs::metadata(data_dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Look::odd(WHAT, format!("{name} is not there yet; the server makes it at its first start"))
        }
        Err(error) => Look::bad(WHAT, format!("{name}: {error}; run this as root or as the server's user")),
        Ok(metadata) if metadata.mode() & 0o077 != 0 => Look::bad(
            WHAT,
            format!("{name} can be read by others (mode {:03o}); chmod 700 {name}", metadata.mode() & 0o777),
        ),
        Ok(metadata) => Look::good(WHAT, format!("{name}, for user {} alone", metadata.uid())),
    }
}

/// Whether the server's user, who owns data_dir, can write what is in it and read the configuration: root may have made
/// either.
fn owners(config: &Path, data_dir: &Path) -> Vec<Look> {
    let Ok(server) = fs::metadata(data_dir) else { return Vec::new() };
    let mut looks = Vec::new();
    let files = fs::read_dir(data_dir).into_iter().flatten().flatten();
    let others = files.filter(|file| file.metadata().is_ok_and(|known| known.uid() != server.uid()));
    let mut others: Vec<String> = others.map(|file| file.file_name().to_string_lossy().into_owned()).collect();
    others.sort();
    if !others.is_empty() {
        let (folder, uid, gid) = (data_dir.display(), server.uid(), server.gid());
        let names = others.join(", ");
        looks.push(Look::bad(
            "data_dir",
            format!("not of user {uid}, whose folder it is: {names}; the server cannot write that: chown -R {uid}:{gid} {folder}"),
        ));
    }
    if let Ok(file) = fs::metadata(config) {
        let (mode, root) = (file.mode(), server.uid() == 0);
        let readable = root
            || (file.uid() == server.uid() && mode & 0o400 != 0)
            || (file.gid() == server.gid() && mode & 0o040 != 0)
            || mode & 0o004 != 0;
        if !readable {
            let (name, uid, gid) = (config.display(), server.uid(), server.gid());
            looks.push(Look::bad(
                "configuration",
                format!(
                    "{name} cannot be read by user {uid}, who owns data_dir: chgrp {gid} {name} and the files it names"
                ),
            ));
        }
    }
    looks
}

/// The database, its key, the room it has, and whether the clock goes forwards; and the database, if it opens.
async fn store(config: &Config) -> (Vec<Look>, Option<Store>) {
    const WHAT: &str = "store";
    if !config.store.is_made() {
        return (vec![Look::good(WHAT, "none yet; the server makes it at its first start")], None);
    }
    let store = match Store::open(&config.store).await {
        Ok(store) => store,
        Err(error) => return (vec![Look::bad(WHAT, error.to_string())], None),
    };
    let mut looks = vec![match store.integrity().await {
        Ok(None) => Look::good(WHAT, "the database is whole, and the key is its own"),
        Ok(Some(fault)) => {
            Look::bad(WHAT, format!("the database is damaged ({fault}); stop the server and restore the last backup"))
        }
        Err(error) => Look::bad(WHAT, error.to_string()),
    }];
    looks.push(match store.free_space().await {
        Ok(free) if free < config.min_free => {
            let (free, least) = (free >> 20, config.min_free >> 20);
            Look::bad(
                "disk",
                format!("{free} MiB are free, and mail is taken only with {least} (store.min_free); make room"),
            )
        }
        Ok(free) => Look::good("disk", format!("{} MiB are free", free >> 20)),
        Err(error) => Look::bad("disk", error.to_string()),
    });
    match store.nodes().await {
        // In a file there is one at most.
        Ok(nodes) if nodes.len() > 1 => looks.push(nodes_of(&nodes)),
        Ok(_) => {}
        Err(error) => looks.push(Look::bad("nodes", error.to_string())),
    }
    if let Some(fault) = store.set_clock().await.unwrap_or_else(|error| Some(error.to_string())) {
        looks.push(Look::bad("clock", fault));
    }
    let local = |at| show::second(at, &config.timezone);
    looks.push(match store.journal_end().await {
        Ok(Some(at)) if at > Timestamp::now() => Look::bad(
            "clock",
            format!("the journal's last record is of {}, which is yet to come; set the clock (NTP)", local(at)),
        ),
        Ok(_) => Look::good("clock", format!("{}, behind all that is journalled", local(Timestamp::now()))),
        Err(error) => Look::bad("clock", error.to_string()),
    });
    looks.push(drill(config, &store).await);
    (looks, Some(store))
}

/// What waits in the spool of the journal, and what is wrong there.
fn spool(config: &Config, store: Option<&Store>) -> Look {
    const WHAT: &str = "spool";
    let Left { records, aside, locked, oldest } = match Left::look(&config.data_dir, store) {
        Ok(left) => left,
        Err(error) => {
            return Look::bad(WHAT, format!("{error}; run this as root or as the server's user"));
        }
    };
    let folder = config.data_dir.join(FOLDER).display().to_string();
    let mode = if config.spool.spools {
        "while the database is away, clean mail goes out and its records wait there"
    } else {
        "while the database is away, no mail goes out (journal.on_outage = \"451\")"
    };
    if locked > 0 {
        return Look::bad(
            WHAT,
            format!(
                "{locked} files in {folder} were sealed with another key, or their first line was changed: nothing of them is in \
                 the journal; the server's log names them; move them to {FOLDER} of a node that has their seal.key"
            ),
        );
    }
    if aside > 0 {
        return Look::bad(
            WHAT,
            format!(
                "{aside} files in {folder} were torn or changed (.torn, .damaged): what was whole in them is in the journal; \
                 see in the log and at the next hop what left at that time, and remove them then"
            ),
        );
    }
    match oldest {
        Some(oldest) => Look::odd(
            WHAT,
            format!(
                "{records} records wait in {folder}, the oldest since {}; the server puts them into the journal when \
                 the database is back",
                show::second(oldest, &config.timezone)
            ),
        ),
        None => Look::good(WHAT, mode),
    }
}

/// How the last drill of the machine ended.
async fn drill(config: &Config, store: &Store) -> Look {
    const WHAT: &str = "drill";
    let last = match drill::last(store).await {
        Ok(last) => last,
        Err(error) => return Look::bad(WHAT, error.to_string()),
    };
    let (well, words) = drill::told(last.as_ref(), config.drill_at.is_some(), Timestamp::now(), &config.timezone);
    match (well, last.is_some()) {
        (true, true) => Look::good(WHAT, words.en),
        (true, false) => Look::odd(WHAT, words.en),
        (false, _) => Look::bad(WHAT, words.en),
    }
}

/// Each node that works on the database, and whether they were given the same.
fn nodes_of(nodes: &[NodeRow]) -> Look {
    let differences = NodeRow::differences(nodes);
    let mut words = nodes::words(nodes, &differences).en;
    for node in nodes {
        let NodeRow { name, version, rules, partners, people, .. } = node;
        words.push_str(&format!("\n{name}: version {version}, rules {rules}, partners {partners}, people {people}"));
        if let Some(complaint) = &node.certificate {
            words.push_str(&format!("; {complaint}"));
        }
    }
    let how = match (nodes::is_well(&differences), differences.is_empty()) {
        (false, _) => How::Bad,
        (true, false) => How::Odd,
        (true, true) => How::Good,
    };
    Look { what: "nodes", how, words }
}

/// Each address is free, or a server of ours has it.
async fn ports(config: &Config) -> Vec<Look> {
    let running = match config.store.is_made() {
        true => match Store::open(&config.store).await {
            Ok(store) => matches!(store.claim_outbox().await, Err(StoreError::InUse(_))),
            Err(_) => false,
        },
        false => false,
    };
    let smtp = config.smtp.listen.iter().chain(&config.smtp.listen_tls).map(|address| ("smtp", *address));
    let others = [("console", Some(config.console.listen)), ("metrics", config.metrics)];
    let all = smtp.chain(others.into_iter().filter_map(|(what, address)| Some((what, address?))));
    let mut looks = Vec::new();
    for (what, address) in all {
        looks.push(port(what, address, running).await);
    }
    looks
}

async fn port(what: &'static str, address: SocketAddr, running: bool) -> Look {
    match (TcpListener::bind(address).await, running) {
        (Ok(_), false) => Look::good(what, format!("{address} is free")),
        (Ok(_), true) => {
            Look::bad(what, format!("a server runs on this data_dir and does not listen on {address}; restart it"))
        }
        (Err(error), true) if error.kind() == io::ErrorKind::AddrInUse => {
            Look::good(what, format!("the server listens on {address}"))
        }
        (Err(error), _) => {
            let help = match error.kind() {
                io::ErrorKind::AddrInUse => "another program is there; stop it, or choose another port",
                io::ErrorKind::PermissionDenied => "ports below 1024 need root or systemd's socket unit",
                io::ErrorKind::AddrNotAvailable => "this machine has no such address; choose another",
                _ => "choose another address",
            };
            Look::bad(what, format!("{address}: {error}; {help}"))
        }
    }
}

/// Answers of approvers come to our name, and people open the console by its own.
async fn names(config: &Config) -> Look {
    const WHAT: &str = "names";
    let host = config.console.public_url.split("://").nth(1).unwrap_or_default();
    let host = host.split(['/', ':']).next().unwrap_or_default().to_owned();
    let mut missing = Vec::new();
    for name in [config.hostname.clone(), host] {
        let found = timeout(PATIENCE, lookup_host((name.clone(), 0))).await;
        if !found.is_ok_and(|found| found.is_ok_and(|mut all| all.next().is_some())) && !missing.contains(&name) {
            missing.push(name);
        }
    }
    if missing.is_empty() {
        return Look::good(WHAT, format!("{} and the console's name are known here", config.hostname));
    }
    let missing = missing.join(", ");
    Look::odd(
        WHAT,
        format!(
            "{missing} cannot be resolved here; people and the mail server must know it: answers of approvers go to {}",
            config.hostname
        ),
    )
}

async fn next_hop(config: &Config) -> Look {
    const WHAT: &str = "next hop";
    let hop = match NextHop::new(config.next_hop.clone()) {
        Ok(hop) => hop,
        Err(error) => return Look::bad(WHAT, error.to_string()),
    };
    let probed = timeout(PATIENCE, hop.probe()).await;
    hop.close().await;
    match probed {
        Ok(Ok(())) => Look::good(WHAT, "it can be reached, and greets us"),
        Ok(Err(reply)) => Look::bad(
            WHAT,
            format!(
                "{} {}; see that a mail server listens at next_hop.hosts, with the TLS and login that is written there",
                reply.code,
                reply.text()
            ),
        ),
        Err(_) => Look::bad(WHAT, format!("no answer within {} s; is a firewall in between?", PATIENCE.as_secs())),
    }
}

fn certificates(loaded: &Loaded) -> Vec<Look> {
    let all = [("smtp", &loaded.keys), ("console", &loaded.console_keys)];
    let look = |(whose, keys): (&str, &crate::smtp::server::Keys)| {
        let keyring = Keyring::new(keys.clone());
        keyring.acceptor()?;
        Some(match keyring.complaint() {
            Some(complaint) => Look::bad("certificate", format!("[{whose}] {complaint}")),
            None => Look::good("certificate", format!("[{whose}] valid for two weeks at least")),
        })
    };
    all.into_iter().filter_map(look).collect()
}

/// One worker is started as the server does, with the rules, locked in.
async fn inspection(loaded: &Loaded) -> Look {
    const WHAT: &str = "inspection";
    let program = match sandbox::this_program() {
        Ok(program) => program,
        Err(error) => return Look::bad(WHAT, format!("this program cannot find itself: {error}")),
    };
    let settings = sandbox::Settings { workers: 1, ..loaded.config.inspection.clone() };
    match Workers::start(program, settings, loaded.rule_sources.clone()).await {
        Err(error) => Look::bad(WHAT, error.to_string()),
        Ok(workers) => match workers.protection().lack() {
            Some(lack) if loaded.config.accept_missing_landlock => Look::odd(WHAT, lack.en),
            Some(lack) => Look::bad(WHAT, lack.en),
            None => Look::good(WHAT, "a worker starts, loads the rules and is locked in"),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, chown};

    use super::*;

    /// Only root can give a file to somebody else.
    #[test]
    fn what_root_made_where_the_server_writes_is_told() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let (data_dir, config) = (folder.path().join("data"), folder.path().join("sekisho.toml"));
        fs::create_dir(&data_dir).unwrap();
        fs::write(&config, "").unwrap();
        let words = || owners(&config, &data_dir).into_iter().map(|look| look.words).collect::<Vec<_>>().join("; ");
        fs::set_permissions(&config, fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(words(), "");
        chown(&data_dir, Some(4_711), Some(4_712)).unwrap();
        fs::write(data_dir.join("outbox.lock"), "").unwrap();
        let said = words();
        assert!(said.contains("not of user 4711") && said.contains("chown -R 4711:4712"), "{said}");
        assert!(said.contains("outbox.lock; the server") && said.contains("chgrp 4712"), "{said}");
        chown(&config, None, Some(4_712)).unwrap();
        chown(data_dir.join("outbox.lock"), Some(4_711), None).unwrap();
        assert_eq!(words(), "");
    }
}
