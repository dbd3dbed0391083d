//! `[console]` and `[console.oidc]`: where the web pages are, and how people log in to them.
//!
//! In: the section, the folder of the file, where mail is taken, and our domains. Out: [`console::Settings`], and where its
//! own certificate is, if it has one. The file of
//! the client secret is read here to see that it is one, and forgotten. Deliberately absent: asking the provider, which
//! may be down when we start.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use super::doors::{certificate, networks};
use crate::{
    config::{
        document::{Problem, Section},
        value,
    },
    console,
    directory::oidc,
    recipients::own_domain,
    smtp::server::KeyFiles,
};

/// The longest label of a button, in characters.
const LONGEST_LABEL: usize = 60;

pub(super) fn read(
    mut section: Section<'_>,
    folder: &Path,
    smtp: &[SocketAddr],
    domains: &[String],
    problems: &mut Vec<Problem>,
) -> (console::Settings, KeyFiles) {
    let listen = section.read("listen", value::socket).unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8_025)));
    if listen.port() != 0 && smtp.contains(&listen) {
        let at = section.place_of("listen");
        section.wrong("listen", at, "mail is already taken there (smtp.listen, smtp.listen_tls); choose another port");
    }
    let certificate = certificate(&mut section, folder);
    let scheme = if certificate.is_some() { "https" } else { "http" };
    let public_url = section.read("public_url", value::url).unwrap_or_else(|| format!("{scheme}://{listen}"));
    if certificate.is_some() && public_url.starts_with("http://") {
        let message = "with a certificate the console is reached by https; write \"https://…\"";
        section.wrong("public_url", section.place_of("public_url"), message);
    }
    let local_login = section.flag("local_login").unwrap_or(true);
    if !local_login && !section.has("oidc") {
        let at = section.place_of("local_login");
        section.wrong("local_login", at, "nobody could log in any more; set up [console.oidc], or remove this");
    }
    let oidc = section.table("oidc", "console.oidc").and_then(|table| provider(table, folder, domains, problems));
    let second_factor = section.read("second_factor", need).unwrap_or_default();
    let trusted_proxies = networks(&mut section, "trusted_proxies");
    problems.extend(section.finish());
    let settings = console::Settings { listen, public_url, local_login, oidc, second_factor, trusted_proxies };
    (settings, KeyFiles { certificate, users: None })
}

fn need(text: &str) -> Result<console::Need, String> {
    match text {
        "nobody" => Ok(console::Need::Nobody),
        "deciders" => Ok(console::Need::Deciders),
        "everybody" => Ok(console::Need::Everybody),
        _ => {
            Err(format!("`{text}` is nobody whom a second factor can be asked of; write nobody, deciders or everybody"))
        }
    }
}

/// The provider, if nothing that it cannot do without is missing.
fn provider(
    mut section: Section<'_>,
    folder: &Path,
    domains: &[String],
    problems: &mut Vec<Problem>,
) -> Option<oidc::Settings> {
    let issuer = section.read("issuer", |text| oidc::check_issuer(text).map(|()| text.to_owned()));
    section.require("issuer", "issuer = \"https://login.example.com\" under [console.oidc], as the provider writes it");
    let client_id = section.read("client_id", value::something);
    section.require("client_id", "client_id = \"…\" under [console.oidc], as the provider shows it");
    let client_secret_file = secret(&mut section, folder);
    section.require("client_secret_file", "client_secret_file = \"oidc-secret\" under [console.oidc]");
    let scopes = section.list("scopes", scope);
    let scopes = scopes.map(|scopes| scopes.into_iter().map(|(_, scope)| scope).collect());
    let email_claim = section.read("email_claim", value::something).unwrap_or_else(|| "email".to_owned());
    let trust_email = section.flag("trust_email").unwrap_or(false);
    if email_claim != "email" && !trust_email {
        let message = "no provider says of this claim that it was verified; if nobody can choose their own, write \
                       trust_email = true beside it";
        section.wrong("email_claim", section.place_of("email_claim"), message);
    }
    let allowed = section.list("allowed_domains", own_domain);
    let allowed = allowed.map(|allowed| allowed.into_iter().map(|(_, domain)| domain).collect());
    let label = section.read("label", label);
    problems.extend(section.finish());
    Some(oidc::Settings {
        issuer: issuer?,
        client_id: client_id?,
        client_secret_file: client_secret_file?,
        scopes: scopes.unwrap_or_else(|| ["openid", "email", "profile"].map(str::to_owned).to_vec()),
        email_claim,
        trust_email,
        allowed_domains: allowed.unwrap_or_else(|| domains.to_vec()),
        label,
    })
}

fn secret(section: &mut Section<'_>, folder: &Path) -> Option<PathBuf> {
    let path = folder.join(section.read("client_secret_file", value::something)?);
    if let Err(why) = oidc::check_secret(&path) {
        section.wrong("client_secret_file", section.place_of("client_secret_file"), &why);
    }
    Some(path)
}

/// What RFC 6749 takes for a scope.
fn scope(text: &str) -> Result<String, String> {
    let odd = |c: char| !c.is_ascii_graphic() || matches!(c, '"' | '\\');
    if text.is_empty() || text.contains(odd) {
        return Err(format!("`{text}` is no scope; write one word each, as in [\"openid\", \"email\"]"));
    }
    Ok(text.to_owned())
}

fn label(text: &str) -> Result<String, String> {
    let text = value::something(text)?;
    if text.chars().count() > LONGEST_LABEL || text.contains(char::is_control) {
        return Err(format!("this does not fit on a button; write at most {LONGEST_LABEL} characters"));
    }
    Ok(text)
}
