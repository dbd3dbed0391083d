//! What the recipes say of `sekisho.toml` is true: every example loads, and every key that they name exists.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::support::relay::SEKISHO;

/// What a whole configuration needs, section by section; an example that shows less is completed with it.
const LEAST: &[(&str, &str)] = &[
    ("", "hostname = \"sekisho.example.co.jp\""),
    ("organization", "domains = [\"example.co.jp\"]"),
    ("next_hop", "hosts = [\"127.0.0.1:10026\"]"),
    ("approval", "security = [\"security@example.co.jp\"]"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// README, the pages about logging in and about drills, and every page under `deploy/`.
fn pages() -> Vec<PathBuf> {
    let mut pages = vec![root().join("README.md"), root().join("docs/login.md"), root().join("docs/drills.md")];
    let mut waiting = vec![root().join("deploy")];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|e| e == "md") {
                pages.push(path);
            }
        }
    }
    pages
}

/// The blocks of a page that are marked as TOML, without their indentation.
fn examples(page: &str) -> Vec<String> {
    let mut examples = Vec::new();
    let mut lines = page.lines().map(str::trim);
    while lines.by_ref().any(|line| line == "```toml") {
        examples.push(lines.by_ref().take_while(|line| *line != "```").collect::<Vec<_>>().join("\n"));
    }
    examples
}

/// The example with whatever a configuration needs and it does not show, and with its files in `folder`.
fn completed(example: &str, folder: &Path) -> String {
    let mut whole = example.replace("/etc/sekisho/", &format!("{}/", folder.display()));
    for (section, line) in LEAST {
        let key = line.split(' ').next().unwrap();
        if example.lines().any(|shown| shown.starts_with(&format!("{key} ="))) {
            continue;
        }
        let header = format!("[{section}]\n");
        whole = match section.is_empty() {
            true => format!("{line}\n{whole}"),
            false if whole.contains(&header) => whole.replacen(&header, &format!("{header}{line}\n"), 1),
            false => format!("{whole}\n{header}{line}\n"),
        };
    }
    whole
}

#[test]
fn every_example_of_a_configuration_loads() {
    let home = tempfile::tempdir().unwrap();
    for folder in ["tls", "rules"] {
        fs::create_dir(home.path().join(folder)).unwrap();
    }
    let names = vec!["sekisho.example.co.jp".to_owned()];
    let rcgen::CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(names).unwrap();
    fs::write(home.path().join("tls/cert.pem"), cert.pem()).unwrap();
    fs::write(home.path().join("tls/key.pem"), signing_key.serialize_pem()).unwrap();
    fs::write(home.path().join("passwords.txt"), "Himitsu2026\n").unwrap();
    fs::write(home.path().join("oidc-secret"), "Himitsu2026\n").unwrap();
    let mut seen = 0;
    for page in pages() {
        for example in examples(&fs::read_to_string(&page).unwrap()) {
            seen += 1;
            let file = home.path().join("sekisho.toml");
            fs::write(&file, completed(&example, home.path())).unwrap();
            let check = Command::new(SEKISHO).args(["config", "check"]).arg(&file).output().unwrap();
            let said = String::from_utf8_lossy(&check.stderr).into_owned();
            assert!(check.status.success(), "{}: {said}\n{example}", page.display());
        }
    }
    assert!(seen >= 5, "only {seen} examples found");
}

#[test]
fn every_key_that_the_recipes_name_exists() {
    let known = fs::read_to_string(root().join("deploy/sekisho.toml")).unwrap();
    let is_known = |section: &str, key: &str| {
        let part = known.split(&format!("\n[{section}]")).nth(1).and_then(|rest| rest.split("\n[").next());
        part.unwrap_or_default().lines().any(|line| line.trim_start_matches("# ").starts_with(&format!("{key} =")))
    };
    let mut seen = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        // As in `[smtp] listen`; a section alone or another server's brackets are something else.
        for named in text.split("`[").skip(1).filter_map(|rest| rest.split('`').next()) {
            let Some((section, key)) = named.split_once("] ") else { continue };
            let key = key.split(' ').next().unwrap();
            seen += 1;
            assert!(is_known(section, key), "{} names [{section}] {key}", page.display());
        }
    }
    assert!(seen >= 5, "only {seen} keys found");
}
