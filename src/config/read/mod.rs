//! The keys of sekisho.toml, their defaults, and what must hold between them.
//!
//! In: the file's text. Out: a checked [`Config`], or every problem. One function a section; a key stands in one place
//! only. Deliberately absent: other files (`load`).

mod console;
mod directory;
mod doors;
mod inspection;
mod journal;
mod next_hop;
mod outbox;
mod siem;
mod smtp;
mod traces;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::civil::Time;

use super::{
    Config, RuleFiles,
    document::{Problem, Section, parse},
    value,
};
use crate::{
    hold,
    notice::Wording,
    policy::{Calendar, Hours, Settings, Wait},
    recipients::{EXPOSED_AT, LEARNING_DAYS, MOST, Organization, own_domain},
    store::Place,
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
    let data_dir = folder.join(data_dir.as_deref().unwrap_or("/var/lib/sekisho"));
    let mut organization_section = document.section("organization");
    let language = organization_section.read("language", value::language).unwrap_or_default();
    let timezone = organization_section.read("timezone", value::timezone);
    let timezone = timezone.unwrap_or_else(|| value::timezone("Asia/Tokyo").unwrap_or(jiff::tz::TimeZone::UTC));
    let mut policy = document.section("policy");
    let exposed = policy.number("exposed_recipients", 2..=10_000).and_then(|n| usize::try_from(n).ok());
    let organization = organization(organization_section, exposed, &mut problems);
    let policy = policy_settings(policy, document.section("calendar"), &mut problems);

    let hostname = hostname.unwrap_or_default();
    let mut smtp_section = document.section("smtp");
    let trace_client = smtp_section.flag("trace_client").unwrap_or(true);
    let smtp = smtp::read(smtp_section, &hostname, folder, &timezone, &mut problems);
    let sockets: Vec<SocketAddr> = smtp.listen.iter().chain(&smtp.listen_tls).copied().collect();
    let next_hop = next_hop::read(document.section("next_hop"), folder, &hostname, &sockets, &mut problems);
    let outbox = outbox::read(document.section("outbox"), &mut problems);
    let mut inspection_section = document.section("inspection");
    let (password_file, remember_passwords) = passwords(&mut inspection_section, folder);
    let accept_missing_landlock = inspection_section.flag("accept_missing_landlock").unwrap_or(false);
    let count_quoted = inspection_section.flag("count_quoted").unwrap_or(false);
    let mut inspection = inspection::read(inspection_section, &mut problems);
    let rules = rules(document.section("rules"), folder, &mut problems);
    // Workers have no folder that a relative path could begin at.
    let shelf = rules.directory.clone();
    inspection.shelf = shelf.map(|shelf| std::path::absolute(&shelf).unwrap_or(shelf));
    let keep = retention(document.section("retention"), &mut problems);
    let (notice_templates, limits, digest) = notice(document.section("notice"), folder, &mut problems);
    let approval = approval(document.section("approval"), policy.calendar.clone(), &mut problems);
    let approval = hold::Settings { keep, limits, digest, ..approval };
    let directory = directory::read(document.section("directory"), folder, &mut problems);
    let spool = journal::read(document.section("journal"), &mut problems);
    let (store, min_free) = store(document.section("store"), &data_dir, &mut problems);
    let (console, console_keys) =
        console::read(document.section("console"), folder, &sockets, &organization.domains, &mut problems);
    let metrics = metrics(document.section("metrics"), &sockets, &console, &mut problems);
    let siem = siem::read(document.section("siem"), folder, &mut problems);
    let traces = traces::read(document.section("traces"), folder, &mut problems);
    let drill_at = drill(document.section("drill"), &mut problems);
    let (learning_days, history) = history(document.section("history"), &mut problems);
    let organization = Organization { learning_days, ..organization };

    problems.splice(0..0, document.finish());
    if !problems.is_empty() {
        problems.sort_by_key(|problem| problem.at);
        return Err(problems);
    }
    Ok(Config {
        hostname,
        data_dir,
        organization,
        language,
        timezone,
        smtp,
        trace_client,
        next_hop,
        outbox,
        inspection,
        password_file,
        remember_passwords,
        count_quoted,
        accept_missing_landlock,
        rules,
        approval,
        directory,
        store,
        spool,
        min_free,
        console,
        console_keys,
        metrics,
        siem,
        traces,
        drill_at,
        notice_templates,
        wording: Wording::default(),
        history,
        policy,
    })
}

fn organization(mut section: Section<'_>, exposed: Option<usize>, problems: &mut Vec<Problem>) -> Organization {
    let domains = section.list("domains", own_domain).unwrap_or_default();
    section.require("domains", "domains = [\"example.co.jp\"] under [organization]");
    let domains: Vec<String> = domains.into_iter().map(|(_, domain)| domain).collect();
    let name = section.read("name", value::something).or_else(|| domains.first().cloned());
    problems.extend(section.finish());
    Organization {
        name: name.unwrap_or_default(),
        domains,
        exposed_recipients: exposed.unwrap_or(EXPOSED_AT),
        ..Organization::default()
    }
}

/// What an organisation says about its rules as a whole.
fn policy_settings(mut policy: Section<'_>, mut calendar: Section<'_>, problems: &mut Vec<Problem>) -> Settings {
    let usual = Settings::default();
    let hours = calendar.read("hours", Hours::parse).unwrap_or(usual.calendar.hours);
    let days_off = calendar.list("days_off", value::day).unwrap_or_default();
    let settings = Settings {
        default: policy.read("default", value::action).unwrap_or(usual.default),
        mode: policy.read("mode", value::mode).unwrap_or(usual.mode),
        preset: policy.read("preset", value::preset).unwrap_or(usual.preset),
        calendar: Calendar { hours, days_off: days_off.into_iter().map(|(_, day)| day).collect() },
    };
    problems.extend(policy.finish());
    problems.extend(calendar.finish());
    settings
}

/// The file with the organisation's passwords, and how long those of mails are remembered.
fn passwords(section: &mut Section<'_>, folder: &Path) -> (Option<PathBuf>, Duration) {
    let file = section.read("passwords", value::something).map(|file| folder.join(file));
    if let Some(path) = file.as_ref().filter(|path| !path.is_file()) {
        let message = format!("there is no file at {}; make it, readable for this user only", path.display());
        section.wrong("passwords", section.place_of("passwords"), &message);
    }
    let remember = section.read("remember_passwords", |text| {
        within(
            value::duration(text)?,
            Duration::ZERO,
            90 * DAY,
            "write a duration up to 90d, or \"0s\" to remember none",
        )
    });
    (file, remember.unwrap_or(7 * DAY))
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

/// How long the bytes of held mails are kept after the last thing that happened to them.
fn retention(mut section: Section<'_>, problems: &mut Vec<Problem>) -> hold::Keep {
    let usual = hold::Keep::default();
    let mut kept = |key, usual| {
        let bounded =
            |text: &str| within(value::duration(text)?, Duration::ZERO, 3_660 * DAY, "write a duration up to 3660d");
        let read = section.read(key, bounded).and_then(|kept| jiff::SignedDuration::try_from(kept).ok());
        read.unwrap_or(usual)
    };
    let keep = hold::Keep { held: kept("held", usual.held), specific: kept("specific", usual.specific), journal: None };
    let journal = section.read("journal", value::years_or_forever).flatten();
    let keep = hold::Keep { journal, ..keep };
    if keep.specific > keep.held {
        let at = section.place_of("specific");
        let message = "My Number must not be kept longer than other mail; make it no longer than retention.held";
        section.wrong("specific", at, message);
    }
    problems.extend(section.finish());
    keep
}

fn approval(mut section: Section<'_>, calendar: Calendar, problems: &mut Vec<Problem>) -> hold::Settings {
    let addresses =
        |list: Option<Vec<(usize, _)>>| list.unwrap_or_default().into_iter().map(|(_, address)| address).collect();
    let security = addresses(section.list("security", value::address));
    section.require("security", "security = [\"security@example.co.jp\"] under [approval]");
    let approvers = addresses(section.list("approvers", value::address));
    let bounded = |text: &str| within(value::duration(text)?, SECOND, 366 * DAY, "write a duration from 1s to 366d");
    let expires_after = section.read("expires_after", bounded).unwrap_or(10 * DAY);
    let delay = section.read("delay", bounded).unwrap_or(600 * SECOND);
    // "never" is a word of its own, so that nobody has to write a very long time.
    let wait = |text: &str| if text == "never" { Ok(None) } else { Wait::parse(text).map(Some) };
    let remind_after = section.read("remind_after", wait).unwrap_or(Some(Wait::BusinessHours(8)));
    let escalate_after = section.read("escalate_after", wait).flatten();
    if delay >= expires_after {
        let at = section.place_of("delay");
        section.wrong("delay", at, "a delayed mail would expire before it leaves; make it shorter than expires_after");
    }
    problems.extend(section.finish());
    hold::Settings {
        security,
        approvers,
        expires_after,
        delay,
        remind_after,
        escalate_after,
        calendar,
        keep: hold::Keep::default(),
        limits: hold::Limits::default(),
        digest: None,
    }
}

fn store(mut section: Section<'_>, data_dir: &Path, problems: &mut Vec<Problem>) -> (Place, u64) {
    let store = section.read("url", |text| match text {
        "sqlite" => Ok(Place::from(data_dir)),
        url => Place::on_server(data_dir, url),
    });
    let read_url = section.read("read_url", |url| Place::on_server(data_dir, url).map(|_| url.to_owned()));
    if read_url.is_some() && store.as_ref().is_none_or(|place| place.server().is_none()) {
        let message = "only a database on a server has a read replica; set url to its primary, or leave read_url out";
        section.wrong("read_url", section.place_of("read_url"), message);
    }
    let key_command = section.list("key_command", value::something);
    let key_command = key_command.map(|words| words.into_iter().map(|(_, word)| word).collect());
    let min_free = section
        .read("min_free", |text| within(value::size(text)?, 1 << 20, 1 << 40, "write a size from 1 MiB to 1 TiB"));
    problems.extend(section.finish());
    (
        store.unwrap_or_else(|| data_dir.into()).with_mirror(read_url).with_key_from(key_command),
        min_free.unwrap_or(512 << 20),
    )
}

/// Where the organisation's own texts of notices are, of how many mails people are told one by one, and when the security
/// team gets its digest.
fn notice(
    mut section: Section<'_>,
    folder: &Path,
    problems: &mut Vec<Problem>,
) -> (Option<PathBuf>, hold::Limits, Option<Time>) {
    let templates = section.read("templates", value::something).map(|path| folder.join(path));
    if let Some(missing) = templates.as_ref().filter(|path| !path.is_dir()) {
        let message = format!("there is no folder at {}; make it, or leave the key out", missing.display());
        section.wrong("templates", section.place_of("templates"), &message);
    }
    let usual = hold::Limits::default();
    let mut most =
        |key, usual| section.number(key, 1..=10_000).and_then(|number| u32::try_from(number).ok()).unwrap_or(usual);
    let (to_sender, to_decider) = (most("to_sender", usual.to_sender), most("to_decider", usual.to_decider));
    let within = section
        .read("within", |text| within(value::duration(text)?, 60 * SECOND, DAY, "write a duration from 1m to 1d"));
    let digest = section.read("digest", value::time_or_never).unwrap_or(Some(Time::constant(8, 30, 0, 0)));
    problems.extend(section.finish());
    (templates, hold::Limits { to_sender, to_decider, within: within.unwrap_or(usual.within) }, digest)
}

/// `[metrics]`: an address of its own.
fn metrics(
    mut section: Section<'_>,
    smtp: &[SocketAddr],
    console: &crate::console::Settings,
    problems: &mut Vec<Problem>,
) -> Option<SocketAddr> {
    let listen = section.read("listen", value::socket);
    if let Some(listen) = listen
        && listen.port() != 0
        && (smtp.contains(&listen) || console.listen == listen)
    {
        let message = "mail or the console is already there; choose another port, as in \"127.0.0.1:9464\"";
        section.wrong("listen", section.place_of("listen"), message);
    }
    problems.extend(section.finish());
    listen
}

/// When the machine is drilled, every day: before people come, if nothing else is said.
fn drill(mut section: Section<'_>, problems: &mut Vec<Problem>) -> Option<Time> {
    let at = section.read("at", value::time_or_never).unwrap_or(Some(Time::constant(4, 30, 0, 0)));
    problems.extend(section.finish());
    at
}

/// How long the history only reports, and how many counters it keeps.
fn history(mut section: Section<'_>, problems: &mut Vec<Problem>) -> (u16, usize) {
    let learning = section.read("learning", |text| {
        within(value::duration(text)?, Duration::ZERO, 366 * DAY, "write a duration up to 366d")
    });
    let days = learning.and_then(|learning| u16::try_from(learning.as_secs().div_ceil(DAY.as_secs())).ok());
    let most = whole(section.number("max_entries", 1_000..=50_000_000), MOST);
    problems.extend(section.finish());
    (days.unwrap_or(LEARNING_DAYS), most)
}

fn within<T: PartialOrd>(value: T, least: T, most: T, mend: &str) -> Result<T, String> {
    if value < least || value > most { Err(format!("this is out of bounds; {mend}")) } else { Ok(value) }
}

fn whole(number: Option<u64>, usual: usize) -> usize {
    number.and_then(|number| usize::try_from(number).ok()).unwrap_or(usual)
}
