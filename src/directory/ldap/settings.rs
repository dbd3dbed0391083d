//! Where a directory is and how it is read.
//!
//! In: `[directory.ldap]`, checked by `config`. Out: [`Settings`], whose defaults fit Active Directory and OpenLDAP alike:
//! an attribute or object class that a server does not know matches nothing there. Deliberately absent: the password,
//! which is read from its file for each connection.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    net::IpAddr,
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;

use crate::directory::Role;

/// Where a directory is and how it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Servers, tried in this order.
    pub urls: Vec<ServerUrl>,
    /// Whether `ldap://` is left without StartTLS; taken on this machine only.
    pub plain_text: bool,
    /// PEM file with the certificates to believe, instead of the system's.
    pub ca: Option<PathBuf>,
    /// As whom we read; anonymously if nobody.
    pub bind: Option<Bind>,
    /// Below which people are.
    pub base: String,
    /// Which entries are people.
    pub filter: String,
    /// Which entries are groups.
    pub groups: Groups,
    /// What their attributes are called.
    pub attributes: Attributes,
    /// The DNs of the groups whose members have a role.
    pub roles: BTreeMap<Role, Vec<String>>,
    /// How often everything is read.
    pub refresh: Duration,
    /// How long one answer may take.
    pub timeout: Duration,
    /// How many entries are asked for at once.
    pub page_size: u16,
}

/// As whom we read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bind {
    /// Our distinguished name, or in Active Directory `user@domain`.
    pub dn: String,
    /// A file whose first line is the password.
    pub password_file: PathBuf,
}

/// Which entries are groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Groups {
    /// Below which they are; where people are if not said.
    pub base: Option<String>,
    /// Which entries.
    pub filter: String,
}

/// What the attributes of a person are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attributes {
    /// Their address.
    pub mail: String,
    /// Their other addresses, plain or behind `smtp:`.
    pub aliases: Vec<String>,
    /// Their name; of several the first that has a value.
    pub name: Vec<String>,
    /// Their language (RFC 2798).
    pub language: String,
    /// The DN of their manager, or the address.
    pub manager: String,
    /// What they may log in with, beside their addresses.
    pub login: Vec<String>,
}

impl Default for Groups {
    fn default() -> Self {
        let filter =
            "(|(objectClass=group)(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup))";
        Self { base: None, filter: filter.to_owned() }
    }
}

impl Default for Attributes {
    fn default() -> Self {
        let list = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Self {
            mail: "mail".to_owned(),
            aliases: list(&["proxyAddresses", "mailAlternateAddress"]),
            name: list(&["displayName;lang-ja", "displayName", "cn;lang-ja", "cn"]),
            language: "preferredLanguage".to_owned(),
            manager: "manager".to_owned(),
            login: list(&["uid", "sAMAccountName", "userPrincipalName"]),
        }
    }
}

impl Settings {
    /// People of Active Directory and of `inetOrgPerson`, who have an address.
    pub const FILTER: &str = "(&(mail=*)(|(&(objectCategory=person)(objectClass=user))(objectClass=inetOrgPerson)))";

    /// What is usual, for the servers `urls` and the people below `base`.
    pub fn new(urls: Vec<ServerUrl>, base: String) -> Self {
        Self {
            urls,
            plain_text: false,
            ca: None,
            bind: None,
            base,
            filter: Self::FILTER.to_owned(),
            groups: Groups::default(),
            attributes: Attributes::default(),
            roles: BTreeMap::new(),
            refresh: Duration::from_secs(600),
            timeout: Duration::from_secs(10),
            page_size: 500,
        }
    }

    /// Tells what the people that were read depend on: with other settings they would be others.
    pub(in crate::directory) fn fingerprint(&self) -> String {
        let what = format!("{:?}", (&self.base, &self.filter, &self.groups, &self.attributes, &self.roles));
        HEXLOWER.encode(digest(&SHA256, what.as_bytes()).as_ref())
    }
}

impl Attributes {
    /// What is asked of a person's entry, each once, without options: a server answers with those that there are.
    pub(super) fn of_person(&self) -> Vec<String> {
        let told = [&self.mail, &self.language, &self.manager].into_iter();
        let told = told.chain(&self.aliases).chain(&self.name).chain(&self.login).map(String::as_str);
        let names = told.chain(["memberOf", "userAccountControl", "nsAccountLock", "pwdAccountLockedTime"]);
        let mut known = BTreeSet::new();
        let names = names.map(|name| name.split(';').next().unwrap_or(name));
        names.filter(|name| known.insert(name.to_ascii_lowercase())).map(str::to_owned).collect()
    }
}

/// A server: `ldaps://dc1.example.co.jp`, or `ldap://` with StartTLS; the port is 636 or 389 if not said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerUrl {
    /// Whether TLS comes before LDAP.
    pub tls_at_once: bool,
    /// A host name or an address, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl ServerUrl {
    /// Host and port, as a URL has them.
    pub(super) fn authority(&self) -> String {
        let (open, close) = if self.host.contains(':') { ("[", "]") } else { ("", "") };
        format!("{open}{}{close}:{}", self.host, self.port)
    }

    /// Whether nobody can listen on the way.
    pub fn is_loopback(&self) -> bool {
        self.host.eq_ignore_ascii_case("localhost") || self.host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
    }
}

/// A filter of RFC 4515.
///
/// # Errors
/// It is none; and how to write one.
pub fn checked_filter(text: &str) -> Result<String, String> {
    if text.starts_with('(') && ldap3::parse_filter(text).is_ok() {
        return Ok(text.to_owned());
    }
    Err(format!("`{text}` is no filter; write it as in \"(&(objectClass=person)(mail=*))\""))
}

/// A distinguished name, roughly.
///
/// # Errors
/// It is none; and how to write one.
pub fn checked_dn(text: &str) -> Result<String, String> {
    let is_part =
        |part: &str| part.split_once('=').is_some_and(|(name, value)| !name.trim().is_empty() && !value.is_empty());
    if text.split(',').next().is_some_and(is_part) && !text.contains(char::is_control) {
        return Ok(text.to_owned());
    }
    Err(format!("`{text}` is no distinguished name; write it as in \"OU=People,DC=example,DC=co,DC=jp\""))
}

/// The name of an attribute, options included.
///
/// # Errors
/// It is none; and how to write one.
pub fn checked_attribute(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ';');
    if text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(plain) {
        return Ok(text.to_owned());
    }
    Err(format!("`{text}` is no attribute; write its name, as in \"displayName;lang-ja\""))
}

impl FromStr for ServerUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no directory server; write it as in \"ldaps://dc1.example.co.jp\"");
        let (tls_at_once, rest) = match (text.strip_prefix("ldaps://"), text.strip_prefix("ldap://")) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return Err(wrong()),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, "")) => (host, None),
            Some((host, port)) => (host, Some(port.strip_prefix(':').ok_or_else(wrong)?)),
            None => rest.split_once(':').map_or((rest, None), |(host, port)| (host, Some(port))),
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
        let is_host = !host.is_empty() && host.chars().all(plain);
        if !is_host && host.parse::<IpAddr>().is_err() {
            return Err(wrong());
        }
        let port = match port {
            Some(port) => port.parse().ok().filter(|port| *port != 0).ok_or_else(wrong)?,
            None => {
                if tls_at_once {
                    636
                } else {
                    389
                }
            }
        };
        Ok(Self { tls_at_once, host: host.to_owned(), port })
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls_at_once { "ldaps" } else { "ldap" };
        write!(f, "{scheme}://{}", self.authority())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_read_and_written() {
        for (text, written) in [
            ("ldaps://dc1.example.co.jp", "ldaps://dc1.example.co.jp:636"),
            ("ldap://dc1.example.co.jp/", "ldap://dc1.example.co.jp:389"),
            ("ldap://127.0.0.1:1389", "ldap://127.0.0.1:1389"),
            ("ldaps://[::1]:1636", "ldaps://[::1]:1636"),
            ("ldaps://[::1]", "ldaps://[::1]:636"),
        ] {
            let url: ServerUrl = text.parse().unwrap();
            assert_eq!(url.to_string(), written);
            assert_eq!(url, written.parse().unwrap());
        }
        for wrong in
            ["dc1", "http://dc1", "ldap://", "ldap://a:0", "ldap://a:b", "ldap://[::1]x", "ldap://a b", "ldap://a/dc=x"]
        {
            assert!(wrong.parse::<ServerUrl>().is_err(), "{wrong}");
        }
        assert!("ldap://localhost".parse::<ServerUrl>().unwrap().is_loopback());
        assert!(!"ldap://dc1".parse::<ServerUrl>().unwrap().is_loopback());
    }

    #[test]
    fn what_becomes_part_of_a_question_is_checked() {
        for right in ["(mail=*)", "(&(ou=営業部)(!(mail=x*)))", Settings::FILTER, &Groups::default().filter] {
            assert!(checked_filter(right).is_ok(), "{right}");
        }
        for wrong in ["mail=*", "(mail=*", "(mail=*))", "", "()", "(mail=*)(uid=*)"] {
            assert!(checked_filter(wrong).is_err(), "{wrong}");
        }
        assert!(checked_dn("OU=社員,DC=jp").is_ok() && checked_dn("社員").is_err() && checked_dn("=x").is_err());
        assert!(checked_attribute("cn;lang-ja").is_ok());
        for wrong in ["", "mail=*)(uid", "a b", "(cn", ";cn"] {
            assert!(checked_attribute(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn attributes_are_asked_for_once_and_without_options() {
        let asked = Attributes::default().of_person();
        assert_eq!(asked.iter().filter(|name| name.eq_ignore_ascii_case("displayname")).count(), 1);
        assert!(asked.iter().all(|name| !name.contains(';')));
    }

    #[test]
    fn other_roles_are_another_directory() {
        let one = Settings::new(vec![], "dc=a".to_owned());
        let mut other = one.clone();
        other.urls.push("ldap://a".parse().unwrap());
        assert_eq!(one.fingerprint(), other.fingerprint());
        other.roles.insert(Role::Security, vec!["cn=x".to_owned()]);
        assert_ne!(one.fingerprint(), other.fingerprint());
    }
}
