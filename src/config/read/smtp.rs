//! `[smtp]`: how mail is taken.
//!
//! In: the section. Out: [`server::Settings`]. Deliberately absent: the files that it names (`load`).

use std::{
    net::{IpAddr, SocketAddr},
    path::Path,
};

use jiff::tz::TimeZone;

use super::{SECOND, doors, whole, within};
use crate::{
    config::{
        document::{Problem, Section},
        value,
    },
    smtp::server,
};

pub(super) fn read(
    mut section: Section<'_>,
    hostname: &str,
    folder: &Path,
    timezone: &TimeZone,
    problems: &mut Vec<Problem>,
) -> server::Settings {
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
    let mut settings = server::Settings {
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
        ..server::Settings::default()
    };
    doors::read(&mut section, folder, timezone, &mut settings);
    problems.extend(section.finish());
    settings
}
