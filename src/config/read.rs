//! The keys of sekisho.toml, their defaults, and what must hold between them.
//!
//! In: the file's text. Out: a checked [`Config`], or every problem. One function a section; a key stands in one place
//! only. Deliberately absent: other files (`load`).

use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    Config, RuleFiles, Store,
    document::{Problem, Section, parse},
    value,
};
use crate::{
    console, hold,
    inspect::{Limits, sandbox},
    policy::Action,
    recipients::{EXPOSED_AT, Organization, own_domain},
    smtp::{client, server},
};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);

/// Reads the whole file; relative paths are taken from `folder`, where the file is.
pub(super) fn config(text: &str, folder: &Path) -> Result<Config, Vec<Problem>> {
    let parsed = parse(text)?;
    let mut document = Section::document(parsed.get_ref());
    let mut problems = Vec::new();

    let hostname = document.read("hostname", value::hostname);
    document.require("hostname", "hostname = \"sekisho.example.co.jp\"");
    let data_dir = document.read("data_dir", value::something);
    let mut organization_section = document.section("organization");
    let language = organization_section.read("language", value::language).unwrap_or_default();
    let timezone = organization_section.read("timezone", value::timezone);
    let mut policy = document.section("policy");
    let exposed = policy.number("exposed_recipients", 2..=10_000).and_then(|n| usize::try_from(n).ok());
    let organization = organization(organization_section, exposed, &mut problems);
    let default_action = policy.read("default", value::action).unwrap_or(Action::Forward);
    problems.extend(policy.finish());

    let hostname = hostname.unwrap_or_default();
    let smtp = smtp(document.section("smtp"), &hostname, &mut problems);
    let next_hop = next_hop(document.section("next_hop"), &hostname, &smtp.listen, &mut problems);
    let inspection = inspection(document.section("inspection"), &mut problems);
    let rules = rules(document.section("rules"), folder, &mut problems);
    let approval = approval(document.section("approval"), &mut problems);
    let store = store(document.section("store"), &mut problems);
    let console = console(document.section("console"), &smtp.listen, &mut problems);

    problems.splice(0..0, document.finish());
    if !problems.is_empty() {
        problems.sort_by_key(|problem| problem.at);
        return Err(problems);
    }
    Ok(Config {
        hostname,
        data_dir: folder.join(data_dir.as_deref().unwrap_or("/var/lib/sekisho")),
        organization,
        language,
        timezone: timezone.unwrap_or_else(|| value::timezone("Asia/Tokyo").unwrap_or(jiff::tz::TimeZone::UTC)),
        smtp,
        next_hop,
        inspection,
        rules,
        approval,
        store,
        console,
        default_action,
    })
}

fn organization(mut section: Section<'_>, exposed: Option<usize>, problems: &mut Vec<Problem>) -> Organization {
    let domains = section.list("domains", own_domain).unwrap_or_default();
    section.require("domains", "domains = [\"example.co.jp\"] under [organization]");
    let domains: Vec<String> = domains.into_iter().map(|(_, domain)| domain).collect();
    let name = section.read("name", value::something).or_else(|| domains.first().cloned());
    problems.extend(section.finish());
    Organization { name: name.unwrap_or_default(), domains, exposed_recipients: exposed.unwrap_or(EXPOSED_AT) }
}

fn smtp(mut section: Section<'_>, hostname: &str, problems: &mut Vec<Problem>) -> server::Settings {
    let listen = section.list("listen", value::socket).map(|list| list.into_iter().map(|(_, socket)| socket).collect());
    let allow_from =
        section.list("allow_from", value::network).map(|list| list.into_iter().map(|(_, net)| net).collect());
    let max_message_size = section.read("max_message_size", |text| {
        // Less than RFC 5321 §4.5.3.1.7 guarantees would refuse ordinary mail; more than a GiB fits no worker.
        within(value::size(text)?, 64 << 10, 1 << 30, "write a size from 64 KiB to 1 GiB")
    });
    let max_recipients = section.number("max_recipients", 1..=50_000);
    let idle_timeout = section.read("idle_timeout", |text| {
        within(value::duration(text)?, SECOND, 3_600 * SECOND, "write a duration from 1s to 1h")
    });
    let max_connections = section.number("max_connections", 1..=10_000);
    problems.extend(section.finish());
    server::Settings {
        hostname: hostname.to_owned(),
        listen: listen.unwrap_or_else(|| vec![SocketAddr::from(([127, 0, 0, 1], 10_025))]),
        allow_from: allow_from.unwrap_or_else(|| {
            vec![
                ipnet::Ipv4Net::new_assert([127, 0, 0, 0].into(), 8).into(),
                IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]).into(),
            ]
        }),
        max_message_size: max_message_size.unwrap_or(50 << 20),
        max_recipients: whole(max_recipients, 1_000),
        idle_timeout: idle_timeout.unwrap_or(300 * SECOND),
        max_connections: whole(max_connections, 200),
    }
}

fn next_hop(
    mut section: Section<'_>,
    hostname: &str,
    listen: &[SocketAddr],
    problems: &mut Vec<Problem>,
) -> client::Settings {
    let hosts = section.list("hosts", value::host_and_port).unwrap_or_default();
    section.require("hosts", "hosts = [\"127.0.0.1:10026\"] under [next_hop]");
    for (at, host) in &hosts {
        if listen.iter().any(|own| is_own(host, hostname, *own)) {
            let message = format!("`{host}` is where Sekisho itself listens (smtp.listen), a loop; name the next hop");
            section.wrong("hosts", *at, &message);
        }
    }
    let tls = section.read("tls", value::tls).unwrap_or(client::Tls::Opportunistic);
    problems.extend(section.finish());
    client::Settings { hostname: hostname.to_owned(), hosts: hosts.into_iter().map(|(_, host)| host).collect(), tls }
}

/// Whether `host` (as in `next_hop.hosts`) is the socket that we listen at. A port of 0 is chosen at start, so
/// nothing can be said about it here.
fn is_own(host: &str, hostname: &str, own: SocketAddr) -> bool {
    let Some((name, port)) = host.rsplit_once(':') else { return false };
    if own.port() == 0 || port.parse() != Ok(own.port()) {
        return false;
    }
    let name = name.trim_matches(['[', ']']);
    match name.parse::<IpAddr>() {
        Ok(ip) => ip == own.ip() || (own.ip().is_unspecified() && ip.is_loopback()),
        Err(_) => {
            name.eq_ignore_ascii_case(hostname)
                || (name.eq_ignore_ascii_case("localhost") && (own.ip().is_loopback() || own.ip().is_unspecified()))
        }
    }
}

fn inspection(mut section: Section<'_>, problems: &mut Vec<Problem>) -> sandbox::Settings {
    let usual = Limits::default();
    let workers = section.number("workers", 0..=256);
    let timeout = section.read("timeout", |text| {
        // Mail servers wait 10 minutes for the reply to the final dot (RFC 5321 §4.5.3.2.6); ours must come earlier.
        within(value::duration(text)?, SECOND, 540 * SECOND, "write a duration from 1s to 9m")
    });
    let bytes = section.read("max_unpacked", |text| {
        within(value::size(text)?, 1 << 20, 64 << 30, "write a size from 1 MiB to 64 GiB")
    });
    let depth = section.number("max_depth", 1..=100).and_then(|n| u32::try_from(n).ok());
    let entries = section.number("max_entries", 1..=10_000_000).and_then(|n| u32::try_from(n).ok());
    let cells = section.number("max_cells", 1..=1_000_000_000);
    problems.extend(section.finish());
    sandbox::Settings {
        workers: whole(workers, 0),
        timeout: timeout.unwrap_or(60 * SECOND),
        limits: Limits {
            bytes: bytes.unwrap_or(usual.bytes),
            depth: depth.unwrap_or(usual.depth),
            entries: entries.unwrap_or(usual.entries),
            cells: cells.unwrap_or(usual.cells),
        },
    }
}

fn rules(mut section: Section<'_>, folder: &Path, problems: &mut Vec<Problem>) -> RuleFiles {
    let mut path = |key, exists: fn(&Path) -> bool, what: &str| -> Option<PathBuf> {
        let path = folder.join(section.read(key, value::something)?);
        if !exists(&path) {
            let message = format!("there is no {what} at {}; make it, or leave the key out", path.display());
            section.wrong(key, section.place_of(key), &message);
        }
        Some(path)
    };
    let directory = path("directory", Path::is_dir, "folder");
    let partners = path("partners", Path::is_file, "file");
    problems.extend(section.finish());
    RuleFiles { directory, partners }
}

fn approval(mut section: Section<'_>, problems: &mut Vec<Problem>) -> hold::Settings {
    let addresses =
        |list: Option<Vec<(usize, _)>>| list.unwrap_or_default().into_iter().map(|(_, address)| address).collect();
    let security = addresses(section.list("security", value::address));
    section.require("security", "security = [\"security@example.co.jp\"] under [approval]");
    let approvers = addresses(section.list("approvers", value::address));
    let bounded = |text: &str| within(value::duration(text)?, SECOND, 366 * DAY, "write a duration from 1s to 366d");
    let expires_after = section.read("expires_after", bounded).unwrap_or(10 * DAY);
    let delay = section.read("delay", bounded).unwrap_or(600 * SECOND);
    if delay >= expires_after {
        let at = section.place_of("delay");
        section.wrong("delay", at, "a delayed mail would expire before it leaves; make it shorter than expires_after");
    }
    problems.extend(section.finish());
    hold::Settings { security, approvers, expires_after, delay }
}

fn store(mut section: Section<'_>, problems: &mut Vec<Problem>) -> Store {
    let store = section.read("url", |text| match text {
        "sqlite" => Ok(Store::Sqlite),
        text if text.starts_with("postgres://") || text.starts_with("postgresql://") => {
            Err("this version keeps its state in SQLite only; write url = \"sqlite\"".to_owned())
        }
        text => Err(format!("`{text}` is no store; write url = \"sqlite\"")),
    });
    problems.extend(section.finish());
    store.unwrap_or(Store::Sqlite)
}

fn console(mut section: Section<'_>, smtp: &[SocketAddr], problems: &mut Vec<Problem>) -> console::Settings {
    let listen = section.read("listen", value::socket).unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8_025)));
    if listen.port() != 0 && smtp.contains(&listen) {
        let at = section.place_of("listen");
        section.wrong("listen", at, "smtp.listen is already there; choose another port");
    }
    let public_url = section.read("public_url", value::url).unwrap_or_else(|| format!("http://{listen}"));
    problems.extend(section.finish());
    console::Settings { listen, public_url }
}

fn within<T: PartialOrd>(value: T, least: T, most: T, mend: &str) -> Result<T, String> {
    if value < least || value > most { Err(format!("this is out of bounds; {mend}")) } else { Ok(value) }
}

fn whole(number: Option<u64>, usual: usize) -> usize {
    number.and_then(|number| usize::try_from(number).ok()).unwrap_or(usual)
}
