//! `[smtp]`: who may come in and as whom, and what holds between those keys.
//!
//! In: the section, with the settings that the other keys have made. Out: the same settings with certificate, users,
//! networks and limits. Deliberately absent: the files that it names (`load`).

use std::{net::SocketAddr, path::Path};

use ipnet::IpNet;
use jiff::tz::TimeZone;

use super::whole;
use crate::{
    config::{document::Section, value},
    smtp::server::{CertificateFiles, KeyFiles, SenderLimits, Settings},
};

/// Reads the keys into `settings`; relative paths are taken from `folder`.
pub(super) fn read(section: &mut Section<'_>, folder: &Path, timezone: &TimeZone, settings: &mut Settings) {
    settings.key_files = files(section, folder);
    settings.listen_tls = sockets(section, settings);
    settings.require_tls = section.flag("require_tls").unwrap_or(false);
    for key in ["listen_tls", "require_tls"] {
        if settings.key_files.certificate.is_none() && (key == "listen_tls" || settings.require_tls) && section.has(key)
        {
            section.wrong(key, section.place_of(key), "TLS needs certificate and key under [smtp]; name both files");
        }
    }
    settings.auth_from = networks(section, "auth_from");
    if !settings.auth_from.is_empty() && settings.key_files.users.is_none() {
        let message =
            "who has to log in needs somebody to log in as; name the users file with users = \"smtp-users.toml\"";
        section.wrong("auth_from", section.place_of("auth_from"), message);
    }
    settings.proxy_protocol_from = networks(section, "proxy_protocol_from");
    settings.xclient_from = xclient(section, settings);
    let most = u64::try_from(settings.max_connections).unwrap_or(u64::MAX);
    let per_address = section.number("max_connections_per_address", 1..=10_000);
    settings.max_connections_per_address = whole(per_address, settings.max_connections);
    if per_address.is_some_and(|count| count > most) {
        let message = format!("max_connections is only {most}; write no more than that, or leave the key out");
        section.wrong("max_connections_per_address", section.place_of("max_connections_per_address"), &message);
    }
    let mut limit = |key| section.number(key, 0..=1_000_000).and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0);
    settings.senders =
        SenderLimits { rate: limit("sender_rate"), daily: limit("sender_daily"), timezone: timezone.clone() };
}

fn files(section: &mut Section<'_>, folder: &Path) -> KeyFiles {
    let certificate = certificate(section, folder);
    let users = section.read("users", value::something).map(|path| folder.join(path));
    if users.is_some() && !section.has("certificate") {
        let message = "passwords are taken over TLS only; name certificate and key under [smtp]";
        section.wrong("users", section.place_of("users"), message);
    }
    KeyFiles { certificate, users }
}

/// Where the certificate of the section is; one file alone is an error.
pub(super) fn certificate(section: &mut Section<'_>, folder: &Path) -> Option<CertificateFiles> {
    let mut path = |key| section.read(key, value::something).map(|path| folder.join(path));
    let (certificate, key) = (path("certificate"), path("key"));
    let pair = |one: &str, other: &str| format!("{one} is of no use without {other}; name that file too");
    for (one, other) in [("certificate", "key"), ("key", "certificate")] {
        if section.has(one) && !section.has(other) {
            section.wrong(one, section.place_of(one), &pair(one, other));
        }
    }
    certificate.zip(key).map(|(certificate, key)| CertificateFiles { certificate, key })
}

fn sockets(section: &mut Section<'_>, settings: &Settings) -> Vec<SocketAddr> {
    let listed = section.list("listen_tls", value::socket).unwrap_or_default();
    for (at, socket) in &listed {
        if socket.port() != 0 && settings.listen.contains(socket) {
            section.wrong("listen_tls", *at, "smtp.listen is already there; choose another port, usually 465");
        }
    }
    listed.into_iter().map(|(_, socket)| socket).collect()
}

pub(super) fn networks(section: &mut Section<'_>, key: &'static str) -> Vec<IpNet> {
    section.list(key, value::network).unwrap_or_default().into_iter().map(|(_, network)| network).collect()
}

/// A host that speaks for others has to be let in itself.
fn xclient(section: &mut Section<'_>, settings: &Settings) -> Vec<IpNet> {
    let listed = section.list("xclient_from", value::network).unwrap_or_default();
    for (at, network) in &listed {
        if !settings.allow_from.iter().any(|allowed| allowed.contains(network)) {
            let message = format!("{network} is not in allow_from and could not even connect; name it there too");
            section.wrong("xclient_from", *at, &message);
        }
    }
    listed.into_iter().map(|(_, network)| network).collect()
}
