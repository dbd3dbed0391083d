//! By what nodes know that they were given the same files.
//!
//! In: the rule sources, the partner file, the people file, and what sekisho.toml says beside them. Out: a digest of each, of what
//! is written and not of what this version makes of it: nodes of two versions with the same files have the same marks.
//! Deliberately absent: indexes of exact data and libraries of documents, which are opened where they lie and may be large; and
//! what each node has of its own, as addresses and certificates.

use std::{fs, path::Path};

use aws_lc_rs::digest::{Context, SHA256};

use super::Config;
use crate::inspect::RuleSource;

/// Digests of what must be the same on every node, in hexadecimal digits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks {
    /// The organisation's own detectors, dictionaries and policies, and `[policy]` and `[calendar]`.
    pub rules: String,
    /// partners.toml, and whose domains are ours.
    pub partners: String,
    /// people.toml, and who decides by `[approval]`.
    pub people: String,
}

/// The digests of what is loaded; `text` is that of sekisho.toml, which was read without an error.
pub(super) fn of(config: &Config, text: &str, sources: &[RuleSource]) -> Marks {
    let settings = written(text, &["calendar", "policy"]);
    let rules = sources.iter().flat_map(|source| [source.name.as_bytes(), source.text.as_bytes()]);
    let organization = &config.organization;
    let ours = organization.domains.iter().map(String::as_bytes);
    let deciders = config.approval.security.iter().map(|who| format!("security {who}"));
    let deciders: Vec<String> =
        deciders.chain(config.approval.approvers.iter().map(|who| format!("approver {who}"))).collect();
    let (partners, people) = (file(config.rules.partners.as_deref()), file(config.directory.file.as_deref()));
    Marks {
        rules: digest(rules.chain(settings.iter().map(String::as_bytes))),
        partners: digest(ours.chain([partners.as_slice()])),
        people: digest(deciders.iter().map(String::as_bytes).chain([people.as_slice()])),
    }
}

/// What is in a file; whether it can be read is asked elsewhere.
fn file(path: Option<&Path>) -> Vec<u8> {
    path.and_then(|path| fs::read(path).ok()).unwrap_or_default()
}

/// What these sections say, key by key in the order of their names; comments, spaces and ways of writing make no difference.
fn written(text: &str, sections: &[&str]) -> Vec<String> {
    let document: toml::Table = toml::from_str(text).unwrap_or_default();
    let mut said = Vec::new();
    for name in sections {
        if let Some(section) = document.get(*name) {
            tell(name, section, &mut said);
        }
    }
    said.sort_unstable();
    said
}

fn tell(key: &str, value: &toml::Value, said: &mut Vec<String>) {
    use toml::Value::{Array, Boolean, Datetime, Float, Integer, String, Table};
    match value {
        Table(table) => table.iter().for_each(|(name, value)| tell(&format!("{key}.{name}"), value, said)),
        Array(items) => items.iter().enumerate().for_each(|(at, value)| tell(&format!("{key}.{at}"), value, said)),
        String(text) => said.push(format!("{key} = {text}")),
        Integer(number) => said.push(format!("{key} = {number}")),
        Float(number) => said.push(format!("{key} = {number}")),
        Boolean(flag) => said.push(format!("{key} = {flag}")),
        Datetime(time) => said.push(format!("{key} = {time}")),
    }
}

/// The first eight bytes are enough to tell files apart that nobody made to look alike.
fn digest<'a>(parts: impl Iterator<Item = &'a [u8]>) -> String {
    let mut sum = Context::new(&SHA256);
    for part in parts {
        sum.update(&(part.len() as u64).to_be_bytes());
        sum.update(part);
    }
    let sum = sum.finish();
    data_encoding::HEXLOWER.encode(sum.as_ref().get(..8).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use crate::config::load_all;

    /// Pinned: nodes are upgraded one by one, and an older one has made its mark already.
    #[test]
    fn the_mark_of_the_rules_is_of_what_is_written_and_of_no_version() {
        let mark = |sections: &str| {
            let folder = tempfile::tempdir().unwrap();
            let config = format!(
                "hostname = \"a.example.co.jp\"\ndata_dir = \"data\"\n[organization]\ndomains = [\"example.co.jp\"]\n\
                 [next_hop]\nhosts = [\"127.0.0.1:26\"]\n[approval]\nsecurity = [\"s@example.co.jp\"]\n\
                 [console]\npublic_url = \"https://a.example.co.jp\"\n{sections}"
            );
            let path = folder.path().join("sekisho.toml");
            std::fs::write(&path, config).unwrap();
            load_all(&path).unwrap().marks.rules
        };
        let plain = "[calendar]\ndays_off = [\"2026-12-29\", \"2026-12-30\"]\n\
                     [policy]\npreset = \"strict\"\nexposed_recipients = 20\n";
        assert_eq!(mark(plain), "333b82e2d4198419");
        let same = "[policy] # ours\nexposed_recipients  =  0x14\npreset = 'strict'\n\
                    [calendar]\ndays_off = [\n\"2026-12-29\",\n\"2026-12-30\", # and on\n]\n";
        assert_eq!(mark(plain), mark(same));
        for other in [plain.replace("12-30", "12-31"), plain.replace("20", "21"), plain.replace("strict", "starter")] {
            assert_ne!(mark(plain), mark(&other), "{other}");
        }
        assert_ne!(mark(""), mark(plain));
    }

    #[test]
    fn each_file_has_a_mark_of_its_own_wherever_it_lies() {
        let load = |policy: &str, partner: &str, approver: &str| {
            let folder = tempfile::tempdir().unwrap();
            let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
            write("people.toml", "");
            let partners = format!("[[partner]]\nid = \"p\"\nnames = [\"P\"]\ndomains = [\"{partner}\"]\n");
            write("partners.toml", &partners);
            let config = format!(
                "hostname = \"a.example.co.jp\"\ndata_dir = \"data\"\n[organization]\ndomains = [\"example.co.jp\"]\n\
                 [next_hop]\nhosts = [\"127.0.0.1:26\"]\n[rules]\npartners = \"partners.toml\"\n\
                 [approval]\nsecurity = [\"s@example.co.jp\"]\napprovers = [\"{approver}\"]\n\
                 [directory]\nfile = \"people.toml\"\n[console]\npublic_url = \"https://a.example.co.jp\"\n\
                 [policy]\npreset = \"{policy}\"\n"
            );
            write("sekisho.toml", &config);
            load_all(&folder.path().join("sekisho.toml")).unwrap().marks
        };
        let usual = load("starter", "p.example.com", "a@example.co.jp");
        assert_eq!(usual, load("starter", "p.example.com", "a@example.co.jp"));
        let rules = load("strict", "p.example.com", "a@example.co.jp");
        assert!(rules.rules != usual.rules && rules.partners == usual.partners && rules.people == usual.people);
        let partners = load("starter", "q.example.com", "a@example.co.jp");
        assert!(partners.partners != usual.partners && partners.rules == usual.rules);
        let people = load("starter", "p.example.com", "b@example.co.jp");
        assert!(people.people != usual.people && people.rules == usual.rules);
    }
}
