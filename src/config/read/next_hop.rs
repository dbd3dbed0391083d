//! `[next_hop]`: where mail goes from here, over what kind of connection.
//!
//! In: the section, the folder of the file, and where we listen. Out: [`client::Settings`]. Files are checked here, so
//! that a wrong path is no surprise at the first mail. Deliberately absent: looking names up, and reading secrets.

use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

use super::whole;
use crate::{
    config::{
        document::{Problem, Section},
        value,
    },
    smtp::client::{self, Login, Secret, Tls},
};

pub(super) fn read(
    mut section: Section<'_>,
    folder: &Path,
    hostname: &str,
    listen: &[SocketAddr],
    problems: &mut Vec<Problem>,
) -> client::Settings {
    let usual = client::Settings::default();
    let hosts = section.list("hosts", value::next_hop).unwrap_or_default();
    section.require("hosts", "hosts = [\"127.0.0.1:10026\"] under [next_hop]");
    let tls = section.read("tls", value::tls).unwrap_or(usual.tls);
    for (at, host) in &hosts {
        if listen.iter().any(|own| is_own(host, hostname, *own)) {
            let message = format!("`{host}` is where Sekisho itself listens (smtp.listen), a loop; name the next hop");
            section.wrong("hosts", *at, &message);
        }
        if host.starts_with("smtps://") && tls == Tls::Never {
            section.wrong("hosts", *at, "smtps:// is TLS, and next_hop.tls is \"never\"; change one of them");
        }
    }
    let ca = certificates(&mut section, folder, tls);
    let server_name = section.read("server_name", value::server_name);
    let login = login(&mut section, folder);
    let far = hosts.iter().any(|(_, host)| !is_loopback(host));
    if login.is_some() && tls == Tls::Never && far {
        let at = section.place_of("login");
        section.wrong("login", at, "the password would travel in plain text; write tls = \"verified\"");
    }
    let max_connections = section.number("max_connections", 1..=10_000);
    problems.extend(section.finish());
    client::Settings {
        hostname: hostname.to_owned(),
        hosts: hosts.into_iter().map(|(_, host)| host).collect(),
        tls,
        ca,
        server_name,
        login,
        max_connections: whole(max_connections, usual.max_connections),
    }
}

fn certificates(section: &mut Section<'_>, folder: &Path, tls: Tls) -> Option<PathBuf> {
    let ca = folder.join(section.read("ca", value::something)?);
    if tls != Tls::Verified {
        let at = section.place_of("ca");
        section.wrong("ca", at, "certificates are checked only with tls = \"verified\"; write that, or remove ca");
    } else if let Err(error) = client::check_ca(&ca) {
        section.wrong("ca", section.place_of("ca"), error.to_string().trim_start_matches("next_hop.ca: "));
    }
    Some(ca)
}

/// `login` and the file of its secret: all of it or nothing.
fn login(section: &mut Section<'_>, folder: &Path) -> Option<Login> {
    let user = section.read("login", |text| match value::something(text)? {
        user if user.contains(char::is_control) => Err("this holds a control character; write the user's name".into()),
        user => Ok(user),
    });
    let mut file = |key: &'static str| {
        let path = folder.join(section.read(key, value::something)?);
        if !path.is_file() {
            let message = format!("there is no file at {}; make it, readable for this user only", path.display());
            section.wrong(key, section.place_of(key), &message);
        }
        Some(path)
    };
    let (password, token) = (file("password_file"), file("token_file"));
    if section.has("password_file") && section.has("token_file") {
        let at = section.place_of("token_file");
        section.wrong("token_file", at, "there is a password_file as well; remove one of them");
    }
    let given = ["password_file", "token_file"].into_iter().find(|key| section.has(key));
    match given {
        Some(key) if !section.has("login") => {
            section.wrong(key, section.place_of(key), "nobody's; write login = \"user\" beside it, or remove it");
        }
        None if section.has("login") => {
            let message = "there is nothing to prove it; write password_file or token_file beside it";
            section.wrong("login", section.place_of("login"), message);
        }
        _ => {}
    }
    let secret = password.map(Secret::Password).or(token.map(Secret::Token))?;
    Some(Login { user: user?, secret })
}

/// Whether nobody can listen on the way to `host`.
fn is_loopback(host: &str) -> bool {
    let Some((name, _)) = host.trim_start_matches("smtps://").rsplit_once(':') else { return false };
    let name = name.trim_matches(['[', ']']);
    name.eq_ignore_ascii_case("localhost") || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

/// Whether `host` (as in `next_hop.hosts`) is the socket that we listen at. A port of 0 is chosen at start, so
/// nothing can be said about it here.
fn is_own(host: &str, hostname: &str, own: SocketAddr) -> bool {
    let Some((name, port)) = host.trim_start_matches("smtps://").rsplit_once(':') else { return false };
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
