//! `[directory]`: where people are known from.
//!
//! In: the section, and the folder of the file. Out: [`Settings`]. The files that it names are looked at here, so that a
//! wrong path is no surprise at the first reading. Deliberately absent: the people themselves (`load` reads the file, the
//! server reads LDAP).

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{DAY, SECOND, within};
use crate::{
    config::{
        document::{Problem, Section},
        value,
    },
    directory::{
        Role, Settings,
        ldap::{self, Attributes, Bind, Groups, ServerUrl},
    },
};

pub(super) fn read(mut section: Section<'_>, folder: &Path, problems: &mut Vec<Problem>) -> Settings {
    let file = file(&mut section, "file", folder);
    let ldap = section.table("ldap", "directory.ldap").and_then(|section| ldap(section, folder, problems));
    problems.extend(section.finish());
    Settings { file, ldap }
}

fn ldap(mut section: Section<'_>, folder: &Path, problems: &mut Vec<Problem>) -> Option<ldap::Settings> {
    let urls = section.list("urls", str::parse::<ServerUrl>);
    section.require("urls", "urls = [\"ldaps://dc1.example.co.jp\"] under [directory.ldap]");
    let base = section.read("base", ldap::checked_dn);
    section.require("base", "base = \"DC=example,DC=co,DC=jp\" under [directory.ldap]");
    let plain_text = section.read("tls", |text| value::word(text, "TLS mode", &[("required", false), ("never", true)]));
    let plain_text = plain_text.unwrap_or(false);
    servers(&mut section, urls.as_deref().unwrap_or_default(), plain_text);
    let ca = file(&mut section, "ca", folder);
    if let Some(why) = ca.as_deref().filter(|ca| ca.is_file()).and_then(|ca| ldap::check_ca(ca).err()) {
        section.wrong("ca", section.place_of("ca"), &why);
    }
    let bind = bind(&mut section, folder);
    let usual = Groups::default();
    let groups = Groups {
        base: section.read("groups_base", ldap::checked_dn),
        filter: section.read("groups_filter", ldap::checked_filter).unwrap_or(usual.filter),
    };
    let filter = section.read("filter", ldap::checked_filter);
    let bounded = |least, most, mend: &'static str| move |text: &str| within(value::duration(text)?, least, most, mend);
    let refresh = section.read("refresh", bounded(10 * SECOND, DAY, "write a duration from 10s to 1d"));
    let timeout = section.read("timeout", bounded(SECOND, 120 * SECOND, "write a duration from 1s to 120s"));
    let page_size = section.number("page_size", 10..=10_000).and_then(|size| u16::try_from(size).ok());
    let attributes = section.table("attributes", "directory.ldap.attributes");
    let attributes = attributes.map(|section| attributes_of(section, problems)).unwrap_or_default();
    let roles = section.table("roles", "directory.ldap.roles");
    let roles = roles.map(|section| roles_of(section, problems)).unwrap_or_default();
    problems.extend(section.finish());
    let urls = urls?.into_iter().map(|(_, url)| url).collect();
    let usual = ldap::Settings::new(urls, base?);
    Some(ldap::Settings {
        plain_text,
        ca,
        bind,
        filter: filter.unwrap_or(usual.filter),
        groups,
        attributes,
        roles,
        refresh: refresh.unwrap_or(usual.refresh),
        timeout: timeout.unwrap_or(usual.timeout),
        page_size: page_size.unwrap_or(usual.page_size),
        ..usual
    })
}

/// A server can be reached as it is named, and its certificate be checked.
fn servers(section: &mut Section<'_>, urls: &[(usize, ServerUrl)], plain_text: bool) {
    for (at, url) in urls {
        if plain_text && url.tls_at_once {
            section.wrong("urls", *at, "ldaps:// is TLS, and directory.ldap.tls is \"never\"; change one of them");
        } else if plain_text && !url.is_loopback() {
            let message = "passwords would travel in plain text; remove tls = \"never\", and StartTLS is asked for";
            section.wrong("urls", *at, message);
        } else if !plain_text && url.host.contains(':') {
            let message = "the certificate of this address cannot be checked; name the server as its certificate does";
            section.wrong("urls", *at, message);
        }
    }
}

/// `bind_dn` and the file of its password: both or none.
fn bind(section: &mut Section<'_>, folder: &Path) -> Option<Bind> {
    let dn = section.read("bind_dn", |text| match value::something(text)? {
        dn if dn.contains(char::is_control) => Err("this holds a control character; write the account's name".into()),
        dn => Ok(dn),
    });
    let password_file = file(section, "password_file", folder);
    for (one, other) in [("bind_dn", "password_file"), ("password_file", "bind_dn")] {
        if section.has(one) && !section.has(other) {
            let message = format!("{one} is of no use without {other}; write that too, or remove both");
            section.wrong(one, section.place_of(one), &message);
        }
    }
    Some(Bind { dn: dn?, password_file: password_file? })
}

fn attributes_of(mut section: Section<'_>, problems: &mut Vec<Problem>) -> Attributes {
    let usual = Attributes::default();
    let mut one = |key: &'static str, usual: String| section.read(key, ldap::checked_attribute).unwrap_or(usual);
    let (mail, language) = (one("mail", usual.mail), one("language", usual.language));
    let manager = one("manager", usual.manager);
    let mut several = |key: &'static str, usual: Vec<String>| {
        let listed = section.list(key, ldap::checked_attribute);
        listed.map(|names| names.into_iter().map(|(_, name)| name).collect()).unwrap_or(usual)
    };
    let (aliases, name) = (several("aliases", usual.aliases), several("name", usual.name));
    let login = several("login", usual.login);
    problems.extend(section.finish());
    Attributes { mail, aliases, name, language, manager, login }
}

fn roles_of(mut section: Section<'_>, problems: &mut Vec<Problem>) -> BTreeMap<Role, Vec<String>> {
    let mut roles = BTreeMap::new();
    for role in Role::ALL {
        if let Some(groups) = section.list(role.name(), ldap::checked_dn) {
            roles.insert(role, groups.into_iter().map(|(_, dn)| dn).collect());
        }
    }
    problems.extend(section.finish());
    roles
}

/// A file that must be there.
fn file(section: &mut Section<'_>, key: &'static str, folder: &Path) -> Option<PathBuf> {
    let path = folder.join(section.read(key, value::something)?);
    if !path.is_file() {
        let message = format!("there is no file at {}; make it, or leave the key out", path.display());
        section.wrong(key, section.place_of(key), &message);
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::config::Config;

    /// What docs/directory.md shows, but the file of people.
    fn documented() -> String {
        let document = include_str!("../../../docs/directory.md");
        let blocks =
            document.split("```toml\n").skip(1).filter_map(|rest| rest.split_once("```").map(|(block, _)| block));
        blocks.filter(|block| block.starts_with("[directory")).collect()
    }

    fn read(text: &str, folder: &Path) -> Settings {
        let least = "hostname = \"sekisho.example.co.jp\"\norganization.domains = [\"example.co.jp\"]\n\
                     next_hop.hosts = [\"127.0.0.1:10026\"]\napproval.security = [\"security@example.co.jp\"]\n";
        Config::parse("a.toml", &format!("{least}{text}"), folder).unwrap().directory
    }

    #[test]
    fn what_is_documented_is_read_and_says_the_defaults() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        ["people.toml", "ldap-password"].iter().for_each(|name| fs::write(path(name), "").unwrap());
        let settings = read(&documented(), folder.path());
        assert_eq!(settings.file, Some(path("people.toml")));
        let ldap = settings.ldap.unwrap();
        assert_eq!(ldap.urls.len(), 2);
        assert_eq!(ldap.bind.as_ref().unwrap().password_file, path("ldap-password"));
        assert_eq!(ldap.roles.keys().collect::<Vec<_>>(), [&Role::Security, &Role::Auditor]);
        let (bind, roles) = (ldap.bind.clone(), ldap.roles.clone());
        let usual = ldap::Settings::new(ldap.urls.clone(), "OU=社員,DC=example,DC=co,DC=jp".to_owned());
        assert_eq!(ldap, ldap::Settings { bind, roles, ..usual });
    }

    #[test]
    fn without_a_word_there_is_no_directory_and_this_machine_takes_plain_text() {
        assert_eq!(read("", Path::new("/")), Settings::default());
        let text = "[directory.ldap]\nurls = [\"ldap://localhost:1389\"]\ntls = \"never\"\nbase = \"dc=jp\"\nrefresh = \"1m\"\n";
        let ldap = read(text, Path::new("/")).ldap.unwrap();
        assert!(ldap.plain_text && ldap.bind.is_none());
        assert_eq!((ldap.refresh.as_secs(), ldap.page_size), (60, 500));
    }
}
