//! Reading the files: sekisho.toml, the rule folder, partners.toml, people.toml, the organisation's passwords and texts of
//! notices, the certificate and users of the SMTP server, and the certificate of the console.
//!
//! In: the path of sekisho.toml. Out: [`Config`] alone, or [`Loaded`] with rules and partners compiled and checked
//! against each other. A file that cannot be read is an error, never an empty file.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{Config, ConfigErrors, Marks, marks, read};
use crate::{
    directory::{FileError, Written},
    inspect::{Passwords, RuleError, RuleSource, Rules, detect::fingerprint, sandbox},
    notice::{Wording, wording::Source},
    policy::Policies,
    recipients::Partners,
    smtp::server::Keys,
    written,
};

/// The folders of a rule folder; a TOML file beside them is told by what is in it.
const FOLDERS: [&str; 5] = ["detectors", "dictionaries", "exact", "fingerprints", "policies"];

/// Everything that is loaded at start and on SIGHUP.
#[derive(Debug)]
pub struct Loaded {
    /// sekisho.toml
    pub config: Config,
    /// The organisation's own detectors and dictionaries, for the workers.
    pub rule_sources: Vec<RuleSource>,
    /// The same compiled with the shipped ones, as every worker compiles them.
    pub rules: Rules,
    /// The shipped policies and the organisation's own.
    pub policies: Policies,
    /// partners.toml; nobody if there is none.
    pub partners: Partners,
    /// people.toml; nobody if there is none.
    pub people: Written,
    /// The organisation's passwords; none if there is no file.
    pub passwords: Passwords,
    /// The certificate and the users file of `[smtp]`.
    pub keys: Keys,
    /// The certificate of `[console]`.
    pub console_keys: Keys,
    /// By what other nodes see whether they were given the same.
    pub marks: Marks,
}

impl Config {
    /// Reads and checks sekisho.toml.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn load(path: &Path) -> Result<Self, ConfigErrors> {
        let text = fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
        Self::parse(&path.display().to_string(), &text, folder_of(path))
    }

    /// Checks the text of a sekisho.toml that errors call `name`; relative paths in it are taken from `folder`.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(name: &str, text: &str, folder: &Path) -> Result<Self, ConfigErrors> {
        read::config(text, folder).map_err(|problems| ConfigErrors {
            lines: problems
                .into_iter()
                .map(|problem| format!("{}: {}", written::place(name, text, problem.at), problem.message))
                .collect(),
        })
    }
}

/// Reads sekisho.toml and everything that it names.
///
/// # Errors
/// Everything that is wrong with any of the files; but if sekisho.toml itself is wrong, only that.
pub fn load_all(path: &Path) -> Result<Loaded, ConfigErrors> {
    let text = fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
    let mut config = Config::parse(&path.display().to_string(), &text, folder_of(path))?;
    let mut lines = Vec::new();

    let sources = match &config.rules.directory {
        Some(directory) => rule_sources(directory, &mut lines),
        None => Vec::new(),
    };
    let marks = marks::of(&config, &text, &sources);
    let (policy_sources, rule_sources): (Vec<_>, Vec<_>) = sources.into_iter().partition(is_policy);
    let mut told = |errors: Vec<RuleError>| lines.extend(errors.iter().map(|e| in_directory(&config, e)));
    let shelf = sandbox::Folder::new(config.inspection.shelf.clone());
    let rules = Rules::compile_with(&rule_sources, &shelf).map_err(|error| told(vec![error])).ok();
    let policies = Policies::compile_all(&policy_sources, config.policy.clone()).map_err(&mut told).ok();

    if let (Some(rules), Some(policies)) = (&rules, &policies) {
        let detectors: Vec<&str> = rules.detectors().map(|detector| detector.id.as_str()).collect();
        told(policies.unknown_detectors(&detectors));
    }

    let partners = partners(&config, &mut lines);
    let people = people(&config, &mut lines);
    let passwords = passwords(&config, &mut lines);
    config.wording = wording(&config, &mut lines);
    let mut keys = |files| {
        Keys::load(files).unwrap_or_else(|errors| {
            lines.extend(errors);
            Keys::default()
        })
    };
    let (keys, console_keys) = (keys(&config.smtp.key_files), keys(&config.console_keys));
    match (rules, policies) {
        (Some(rules), Some(policies)) if lines.is_empty() => {
            Ok(Loaded { config, rule_sources, rules, policies, partners, people, passwords, keys, console_keys, marks })
        }
        _ => Err(ConfigErrors { lines }),
    }
}

/// The policies as they would be with `rules` in the place of the organisation's own: a folder such as rules.directory,
/// or one file, which stands beside those that there are and replaces the one of its name.
///
/// # Errors
/// Everything that is wrong with them.
pub fn load_policies(config: Option<&Config>, rules: &Path) -> Result<Policies, ConfigErrors> {
    let mut lines = Vec::new();
    let sources = if rules.is_dir() {
        rule_sources(rules, &mut lines)
    } else {
        let directory = config.and_then(|config| config.rules.directory.as_deref());
        let mut sources = directory.map(|directory| rule_sources(directory, &mut lines)).unwrap_or_default();
        let name = format!("policies/{}", file_name(rules));
        sources.retain(|source| source.name != name && source.name != file_name(rules));
        sources.extend(rule_source(rules, name, &mut lines));
        sources
    };
    let policies: Vec<RuleSource> = sources.into_iter().filter(is_policy).collect();
    let settings = config.map(|config| config.policy.clone()).unwrap_or_default();
    match Policies::compile_all(&policies, settings) {
        Ok(compiled) if lines.is_empty() => return Ok(compiled),
        Ok(_) => {}
        Err(errors) => lines.extend(errors.iter().map(ToString::to_string)),
    }
    Err(ConfigErrors { lines })
}

/// Every rule file of the folder, in the order of their names, so that two machines load the same.
fn rule_sources(directory: &Path, lines: &mut Vec<String>) -> Vec<RuleSource> {
    let mut sources = Vec::new();
    for path in entries(directory, lines) {
        let name = file_name(&path);
        if !path.is_dir() {
            sources.extend(rule_source(&path, name, lines));
        } else if FOLDERS.contains(&name.as_str()) {
            for file in entries(&path, lines) {
                let name = format!("{name}/{}", file_name(&file));
                sources.extend(rule_source(&file, name, lines));
            }
        } else {
            let hint = written::did_you_mean(&name, FOLDERS);
            lines.push(format!("{}: nothing is read from this folder{hint}; rename or remove it", path.display()));
        }
    }
    sources
}

fn rule_source(path: &Path, name: String, lines: &mut Vec<String>) -> Option<RuleSource> {
    let kind = path.extension().and_then(|extension| extension.to_str());
    // Indexes of exact data, the library of documents and their keys are opened where they lie.
    let is_opened = match name.split_once('/') {
        Some(("exact", _)) => matches!(kind, Some("edm" | "key")),
        Some(("fingerprints", _)) => name == fingerprint::LIBRARY || name == fingerprint::SECRET,
        _ => false,
    };
    if is_opened {
        return None;
    }
    if name.starts_with("fingerprints/") {
        let message = "nothing but the library of `sekisho fingerprint` and its key stands here; rename or remove it";
        lines.push(format!("{}: {message}", path.display()));
        return None;
    }
    if !matches!(kind, Some("toml" | "txt")) || (kind == Some("txt") && !name.starts_with("dictionaries/")) {
        let message = "this is no rule file (.toml, or .txt in dictionaries); rename or remove it";
        lines.push(format!("{}: {message}", path.display()));
        return None;
    }
    match fs::read_to_string(path) {
        Ok(text) => Some(RuleSource { name, text }),
        Err(error) => {
            lines.extend(unreadable(path, &error).lines);
            None
        }
    }
}

/// What is in a folder, sorted; hidden files and notes for people left out.
fn entries(directory: &Path, lines: &mut Vec<String>) -> Vec<PathBuf> {
    let paths = fs::read_dir(directory).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    let mut paths: Vec<PathBuf> = paths.unwrap_or_else(|error: io::Error| {
        lines.extend(unreadable(directory, &error).lines);
        Vec::new()
    });
    paths.retain(|path| {
        let name = file_name(path);
        !name.starts_with('.') && !name.ends_with(".md")
    });
    paths.sort();
    paths
}

/// Whether a rule file holds policies: by its folder or, beside the folders, by what is in it.
fn is_policy(source: &RuleSource) -> bool {
    match source.name.split_once('/') {
        Some((folder, _)) => folder == "policies",
        None => toml::from_str::<toml::Table>(&source.text).is_ok_and(|table| table.contains_key("policy")),
    }
}

fn partners(config: &Config, lines: &mut Vec<String>) -> Partners {
    let Some(path) = &config.rules.partners else { return Partners::default() };
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            lines.extend(unreadable(path, &error).lines);
            return Partners::default();
        }
    };
    let partners = match Partners::parse(&path.display().to_string(), &text) {
        Ok(partners) => partners,
        Err(errors) => {
            lines.extend(errors.iter().map(ToString::to_string));
            return Partners::default();
        }
    };
    for partner in partners.iter() {
        for domain in partner.domains.iter().filter(|domain| config.organization.owns(domain)) {
            lines.push(format!(
                "{}: `{domain}` of partner `{}` is one of our own domains (organization.domains); remove it",
                partner.place, partner.id
            ));
        }
    }
    partners
}

/// The organisation's own texts of notices.
fn wording(config: &Config, lines: &mut Vec<String>) -> Wording {
    let Some(directory) = &config.notice_templates else { return Wording::default() };
    let mut sources = Vec::new();
    for path in entries(directory, lines) {
        match fs::read_to_string(&path) {
            Ok(text) => sources.push(Source { name: path.display().to_string(), text }),
            Err(error) => lines.extend(unreadable(&path, &error).lines),
        }
    }
    Wording::read(&sources).unwrap_or_else(|errors| {
        lines.extend(errors);
        Wording::default()
    })
}

fn people(config: &Config, lines: &mut Vec<String>) -> Written {
    let Some(path) = &config.directory.file else { return Written::default() };
    let read = fs::read_to_string(path).map_err(|error| unreadable(path, &error).lines);
    let parsed = read.and_then(|text| {
        let told = |errors: Vec<FileError>| errors.iter().map(ToString::to_string).collect::<Vec<_>>();
        Written::parse(&path.display().to_string(), &text).map_err(told)
    });
    parsed.unwrap_or_else(|errors| {
        lines.extend(errors);
        Written::default()
    })
}

fn passwords(config: &Config, lines: &mut Vec<String>) -> Passwords {
    let Some(path) = &config.password_file else { return Passwords::default() };
    let read = fs::read_to_string(path).map_err(|error| unreadable(path, &error).lines);
    let parsed =
        read.and_then(|text| Passwords::parse(&text).map_err(|message| vec![format!("{}:{message}", path.display())]));
    parsed.unwrap_or_else(|errors| {
        lines.extend(errors);
        Passwords::default()
    })
}

/// A rule's error with the folder that its file is in.
pub(super) fn in_directory(config: &Config, error: &RuleError) -> String {
    let file = error.file.split(':').next().unwrap_or_default();
    match &config.rules.directory {
        Some(directory) if directory.join(file).is_file() => format!("{}/{error}", directory.display()),
        _ => error.to_string(),
    }
}

fn unreadable(path: &Path, error: &io::Error) -> ConfigErrors {
    let mend = match error.kind() {
        io::ErrorKind::NotFound => "name the right path",
        io::ErrorKind::PermissionDenied => "let this user read it",
        io::ErrorKind::InvalidData => "save it as UTF-8",
        _ => "see to it that it can be read",
    };
    ConfigErrors { lines: vec![format!("{}: cannot be read ({error}); {mend}", path.display())] }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository(path: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
    }

    /// The errors of one case: `NAME.toml`, or a folder `NAME` with a sekisho.toml and what belongs to it.
    fn errors_of(case: &Path) -> String {
        let (file, folder) =
            if case.is_dir() { (case.join("sekisho.toml"), case) } else { (case.to_owned(), folder_of(case)) };
        let errors = load_all(&file).expect_err(&format!("{} loads", case.display()));
        errors.to_string().replace(&format!("{}/", folder.display()), "") + "\n"
    }

    /// Every bad configuration fails with exactly its message. `SEKISHO_BLESS=1` writes the messages anew, for a
    /// person to read in the diff.
    #[test]
    fn every_bad_configuration_fails_for_its_reason() {
        let folder = repository("tests/bad-config");
        let mut cases: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        cases.retain(|path| path.extension().is_none_or(|extension| extension == "toml"));
        cases.sort();
        assert!(cases.len() >= 25, "only {} bad configurations", cases.len());
        let mut wrong = Vec::new();
        for case in cases {
            let expected_at = case.with_extension("expected");
            let found = errors_of(&case);
            for line in found.lines() {
                assert!(line.contains(": ") && line.contains("; "), "{line}: say where it is and how to mend it");
            }
            if std::env::var_os("SEKISHO_BLESS").is_some() {
                fs::write(&expected_at, &found).unwrap();
            }
            let expected = fs::read_to_string(&expected_at).unwrap_or_default();
            if found != expected {
                wrong.push(format!("{}\n  expected {expected}  found    {found}", case.display()));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn the_sample_loads_and_says_the_defaults() {
        let sample = load_all(&repository("deploy/sekisho.toml")).unwrap();
        assert_eq!(sample.partners.iter().count(), 1);
        let least = "hostname = \"sekisho.example.co.jp\"\norganization.domains = [\"example.co.jp\"]\n\
                     next_hop.hosts = [\"127.0.0.1:10026\"]\napproval.security = [\"security@example.co.jp\"]\n";
        let mut least = Config::parse("least.toml", least, Path::new("/")).unwrap();
        assert_eq!(least.organization.name, "example.co.jp");
        assert_eq!(least.console.public_url, "http://127.0.0.1:8025");
        // What the sample writes beyond the defaults.
        least.organization.name.clone_from(&sample.config.organization.name);
        least.console.public_url.clone_from(&sample.config.console.public_url);
        least.rules.partners.clone_from(&sample.config.rules.partners);
        assert_eq!(format!("{least:?}"), format!("{:?}", sample.config));
    }

    #[test]
    fn single_sign_on_is_for_our_own_domains_unless_others_are_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("oidc-secret"), "himitsu\n").unwrap();
        let text = |more: &str| {
            format!(
                "hostname = \"sekisho.example.co.jp\"\norganization.domains = [\"Example.co.jp\"]\n\
                 next_hop.hosts = [\"127.0.0.1:10026\"]\napproval.security = [\"security@example.co.jp\"]\n\
                 [console]\nlocal_login = false\n[console.oidc]\nissuer = \"https://login.example.com\"\n\
                 client_id = \"sekisho\"\nclient_secret_file = \"oidc-secret\"\n{more}"
            )
        };
        let read = |more: &str| Config::parse("sso.toml", &text(more), folder.path()).unwrap().console;
        let usual = read("");
        assert!(!usual.local_login);
        let oidc = usual.oidc.unwrap();
        assert_eq!(oidc.client_secret_file, folder.path().join("oidc-secret"));
        assert_eq!((oidc.allowed_domains, oidc.email_claim.as_str()), (vec!["example.co.jp".to_owned()], "email"));
        assert_eq!(
            (oidc.scopes, oidc.trust_email),
            (["openid", "email", "profile"].map(str::to_owned).to_vec(), false)
        );
        let more = "email_claim = \"upn\"\ntrust_email = true\nscopes = [\"openid\"]\n\
                    allowed_domains = [\"osaka.example.co.jp\"]\nlabel = \"SSO\"\n";
        let oidc = read(more).oidc.unwrap();
        assert_eq!((oidc.allowed_domains, oidc.email_claim.as_str()), (vec!["osaka.example.co.jp".to_owned()], "upn"));
        assert_eq!((oidc.label.as_deref(), oidc.scopes.len()), (Some("SSO"), 1));
    }

    #[test]
    fn own_rules_add_replace_and_switch_off() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let config = fs::read_to_string(repository("deploy/sekisho.toml")).unwrap();
        write("sekisho.toml", &config.replace("# directory = \"/etc/sekisho/rules\"", "directory = \"rules\""));
        write("partners.toml", "");
        write("rules/README.md", "for people");
        write("rules/policies/off.toml", "[[policy]]\nid = \"personal-data\"\nenabled = false\n");
        write(
            "rules/own.toml",
            "[[policy]]\nid = \"uninspected\"\naction = \"reject\"\ntitle = { ja = \"a\", en = \"a\" }\nwhen = { uninspected \
             = \"any\" }\nmust_match = [{ what = \"a\", uninspected = [\"image\"] }]\nmust_not_match = [{ what = \"b\" }]\n",
        );
        let loaded = load_all(&folder.path().join("sekisho.toml")).unwrap();
        assert_eq!(loaded.rule_sources, []);
        assert!(loaded.policies.rules().all(|rule| rule.id != "personal-data"));
        let own = loaded.policies.rules().find(|rule| rule.id == "uninspected").unwrap();
        assert_eq!((own.action.name(), own.place), ("reject", "own.toml:1:1"));
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        let error = load_all(&repository("tests/bad-config/no-such-file.toml")).unwrap_err().to_string();
        assert!(error.contains("cannot be read") && error.ends_with("; name the right path"), "{error}");
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("latin.toml"), b"hostname = \"\xe9\"").unwrap();
        let error = load_all(&folder.path().join("latin.toml")).unwrap_err().to_string();
        assert!(error.ends_with("; save it as UTF-8"), "{error}");
    }

    #[test]
    fn what_takes_a_restart_is_named_and_the_same_file_needs_none() {
        let sample = fs::read_to_string(repository("deploy/sekisho.toml")).unwrap();
        let parse = |text: &str| Config::parse("a.toml", text, &repository("deploy")).unwrap();
        let (before, again) = (parse(&sample), parse(&sample));
        assert_eq!(before.needs_restart(&again), [] as [&str; 0]);
        let changed = sample
            .replace("max_recipients = 1000", "max_recipients = 999")
            .replace("# digest = \"08:30\"", "digest = \"never\"")
            .replace("# journal = \"forever\"", "journal = \"5y\"");
        let changed = before.needs_restart(&parse(&changed));
        assert_eq!(changed, ["[smtp]", "[retention]", "[notice] but for its texts"]);
        let approval = sample.replace("security = [\"", "security = [\"another@example.co.jp\", \"");
        assert_eq!(before.needs_restart(&parse(&approval)), ["[approval]"]);
    }

    #[test]
    fn numbers_may_be_written_as_toml_writes_them() {
        let sample = fs::read_to_string(repository("deploy/sekisho.toml")).unwrap();
        for written in ["2_000", "0x7D0", "+2000"] {
            let text = sample.replace("max_recipients = 1000", &format!("max_recipients = {written}"));
            let config = Config::parse("a.toml", &text, &repository("deploy")).unwrap();
            assert_eq!(config.smtp.max_recipients, 2_000, "{written}");
        }
    }

    proptest::proptest! {
        /// Whatever stands in the file, it is read or refused with places; and a torn line is never the end of it.
        #[test]
        fn no_text_breaks_the_loader(at in 0..4_000usize, length in 0..40usize, instead in "\\PC{0,8}") {
            let sample = fs::read_to_string(repository("deploy/sekisho.toml")).unwrap();
            let mut text: Vec<char> = sample.chars().collect();
            let start = at.min(text.len());
            let end = (start + length).min(text.len());
            text.splice(start..end, instead.chars());
            let text: String = text.into_iter().collect();
            if let Err(errors) = Config::parse("a.toml", &text, &repository("deploy")) {
                proptest::prop_assert!(!errors.lines.is_empty());
                proptest::prop_assert!(errors.lines.iter().all(|line| line.starts_with("a.toml:")));
            }
        }
    }
}
