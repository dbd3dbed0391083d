//! `[smtp]`: how mail is taken.
//!
//! In: the section. Out: [`server::Settings`]. Deliberately absent: the files that it names (`load`).

use std::{path::Path, time::Duration};

use jiff::tz::TimeZone;

use super::{SECOND, doors, whole, within};
use crate::{
    config::{
        document::{Problem, Section},
        value,
    },
    smtp::server,
};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);

pub(super) fn read(
    mut section: Section<'_>,
    hostname: &str,
    folder: &Path,
    timezone: &TimeZone,
    problems: &mut Vec<Problem>,
) -> server::Settings {
    let usual = server::Settings::default();
    let listen = section.list("listen", value::socket).map(|list| list.into_iter().map(|(_, socket)| socket).collect());
    let allow_from =
        section.list("allow_from", value::network).map(|list| list.into_iter().map(|(_, net)| net).collect());
    let max_message_size = section.read("max_message_size", |text| {
        // Less than RFC 5321 §4.5.3.1.7 guarantees would refuse ordinary mail; more than a GiB fits no worker.
        within(value::size(text)?, 64 << 10, 1 << 30, "write a size from 64 KiB to 1 GiB")
    });
    let max_recipients = section.number("max_recipients", 1..=50_000);
    let max_connections = section.number("max_connections", 1..=10_000);
    let max_message_size = max_message_size.unwrap_or(usual.max_message_size);
    let mut settings = server::Settings {
        hostname: hostname.to_owned(),
        listen: listen.unwrap_or(usual.listen),
        allow_from: allow_from.unwrap_or(usual.allow_from),
        max_message_size,
        max_recipients: whole(max_recipients, usual.max_recipients),
        max_connections: whole(max_connections, usual.max_connections),
        max_memory: usual.max_memory.max(2 * max_message_size),
        ..server::Settings::default()
    };
    patience(&mut section, &mut settings);
    memory(&mut section, &mut settings);
    doors::read(&mut section, folder, timezone, &mut settings);
    problems.extend(section.finish());
    settings
}

/// How long a client may take, and how much one connection may bring.
fn patience(section: &mut Section<'_>, settings: &mut server::Settings) {
    let hour = |text: &str| within(value::duration(text)?, SECOND, HOUR, "write a duration from 1s to 1h");
    let day = |text: &str| within(value::duration(text)?, MINUTE, 24 * HOUR, "write a duration from 1m to 24h");
    let into = |place: &mut Duration, read: Option<Duration>| *place = read.unwrap_or(*place);
    into(&mut settings.idle_timeout, section.read("idle_timeout", hour));
    into(&mut settings.command_timeout, section.read("command_timeout", hour));
    into(&mut settings.message_timeout, section.read("message_timeout", day));
    into(&mut settings.max_session, section.read("max_session", day));
    settings.min_data_rate = section.number("min_data_rate", 0..=1_000_000).unwrap_or(settings.min_data_rate);
    let mails = section.number("max_mails_per_connection", 1..=1_000_000).and_then(|mails| u32::try_from(mails).ok());
    settings.max_mails_per_connection = mails.unwrap_or(settings.max_mails_per_connection);
}

fn memory(section: &mut Section<'_>, settings: &mut server::Settings) {
    let read = section
        .read("max_memory", |text| within(value::size(text)?, 1 << 20, 1 << 40, "write a size from 1 MiB to 1024 GiB"));
    settings.max_memory = read.unwrap_or(settings.max_memory);
    // A message grows by doubling, so that it may need twice its size.
    if settings.max_memory < settings.max_message_size.saturating_mul(2) {
        let at = section.place_of("max_memory");
        section.wrong("max_memory", at, "the largest mail could never be taken; write at least twice max_message_size");
    }
}
