//! `[next_hop]`: where mail goes from here.
//!
//! In: the section, and where we listen. Out: [`client::Settings`]. Deliberately absent: looking names up.

use std::net::{IpAddr, SocketAddr};

use crate::{
    config::{
        document::{Problem, Section},
        value,
    },
    smtp::client,
};

pub(super) fn read(
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
    client::Settings { hostname: hostname.to_owned(), hosts: hosts.into_iter().map(|(_, host)| host).collect(), tls, ..client::Settings::default() }
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
