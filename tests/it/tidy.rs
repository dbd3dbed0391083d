//! The rules of the house, checked on the source text: who may import whom, module docs, the map.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Room → the rooms it may import. A room that is not listed may not exist.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("language", &[]),
    ("written", &[]),
    ("mail", &[]),
    // `written` tells where in the users file something is wrong.
    ("smtp", &["mail", "written"]),
    ("inspect", &["mail", "language", "written"]),
    ("recipients", &["mail", "language", "inspect", "written"]),
    ("policy", &["mail", "language", "inspect", "recipients", "written"]),
    ("store", &["mail", "directory"]),
    // `language` and the words of `notice` only in `journal::report`, `journal::row` and `journal::broken_off`, which are read by
    // people.
    ("journal", &["mail", "language", "inspect", "policy", "recipients", "store", "notice"]),
    // `store` for its mark, and for who of several nodes tells.
    ("siem", &["mail", "language", "inspect", "policy", "journal", "store", "telemetry"]),
    ("directory", &["mail", "language", "policy", "written"]),
    // `written` tells where in an organisation's own text something is wrong.
    ("notice", &["mail", "language", "inspect", "recipients", "policy", "written"]),
    (
        "hold",
        &["mail", "language", "inspect", "recipients", "policy", "store", "directory", "notice", "journal", "smtp"],
    ),
    ("outbox", &["mail", "store", "hold", "smtp", "telemetry"]),
    (
        "console",
        &["mail", "language", "inspect", "recipients", "policy", "hold", "journal", "directory", "notice", "telemetry"],
    ),
    ("telemetry", &["language"]),
    // It has no part in `smtp::client`; what it needs of `smtp` are the server's settings and replies.
    ("drill", &["mail", "language", "smtp", "inspect", "policy", "store", "journal", "telemetry"]),
    (
        "config",
        &[
            "mail",
            "language",
            "written",
            "smtp",
            "inspect",
            "recipients",
            "policy",
            "hold",
            "outbox",
            "console",
            "directory",
            "notice",
            "siem",
            "journal",
            "store",
            "telemetry",
        ],
    ),
    // `store` only in `pipeline::pressure`, which asks how the disk is and says how we are, and `store`
    // in `pipeline::memory`, which remembers what senders say about passwords, and `pipeline::outage`, which waits no longer
    // than it must.
    (
        "pipeline",
        &[
            "mail",
            "language",
            "smtp",
            "inspect",
            "recipients",
            "policy",
            "hold",
            "journal",
            "notice",
            "store",
            "telemetry",
            "drill",
        ],
    ),
];

/// Rooms that do no I/O and know no clock; `inspect/sandbox` is the process boundary.
const PURE: &[&str] = &["src/mail", "src/inspect", "src/recipients", "src/policy", "src/notice", "src/journal/report"];
const IMPURE: &[&str] =
    &["tokio::", "std::fs", "std::net", "std::process", "sqlx::", "Timestamp::now", "SystemTime", "Instant::now"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every source file with its path from the root and its text.
fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut waiting = vec![root().join("src")];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path: PathBuf = entry.path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(found.len() > 50, "only {} source files found", found.len());
    let tests: Vec<String> = found.iter().flat_map(|(path, text)| test_modules(path, text)).collect();
    found.retain(|(path, _)| !tests.contains(path));
    found.sort();
    found
}

/// The files that `path` declares as `#[cfg(test)] mod …;`: tests, not source.
fn test_modules(path: &str, text: &str) -> Vec<String> {
    let folder = path.strip_suffix("/mod.rs").or_else(|| path.strip_suffix(".rs")).unwrap();
    let declared = text.split("#[cfg(test)]\nmod ").skip(1).filter_map(|rest| rest.split_once(';'));
    let names = declared.map(|(name, _)| name).filter(|name| name.chars().all(|c| c.is_alphanumeric() || c == '_'));
    names.flat_map(|name| [format!("{folder}/{name}.rs"), format!("{folder}/{name}/mod.rs")]).collect()
}

/// The part of a file before its unit tests.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests").next().unwrap()
}

fn room(path: &str) -> &str {
    let inside = path.strip_prefix("src/").unwrap();
    inside.split(['/', '.']).next().unwrap()
}

/// The rooms named in `use crate::…` and `crate::…` paths.
fn imported(text: &str) -> BTreeSet<String> {
    let mut rooms = BTreeSet::new();
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let names: Vec<&str> = match rest.strip_prefix('{') {
            Some(group) => top_level_names(group),
            None => vec![rest],
        };
        for name in names {
            let word: String = name.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            rooms.insert(word);
        }
    }
    rooms
}

/// The items of a `{…}` group that are not inside a deeper one.
fn top_level_names(group: &str) -> Vec<&str> {
    let (mut depth, mut start, mut names) = (0, 0, Vec::new());
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                names.push(&group[start..at]);
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                names.push(&group[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    names.into_iter().filter(|name| !name.trim().is_empty()).collect()
}

#[test]
fn imports_follow_the_architecture() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let room = room(&path);
        if matches!(room, "app" | "cli" | "main" | "lib") {
            continue;
        }
        let Some((_, allowed)) = MAY_IMPORT.iter().find(|(name, _)| *name == room) else {
            wrong.push(format!("{path}: the room `{room}` is not in the map of tests/it/tidy.rs"));
            continue;
        };
        for import in imported(without_tests(&text)) {
            if import != room && !allowed.contains(&import.as_str()) {
                wrong.push(format!("{path}: `{room}` must not import `{import}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_import_reader_sees_groups_and_paths() {
    let text = "use crate::{a::{x, y}, b};\nfn f() { crate::c::g() }\n// use crate::d;\n";
    assert_eq!(imported(text), ["a", "b", "c"].map(str::to_owned).into());
}

#[test]
fn pure_rooms_do_no_io() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        if !PURE.iter().any(|room| path.starts_with(room)) || path.starts_with("src/inspect/sandbox") {
            continue;
        }
        for word in IMPURE {
            if without_tests(&text).lines().any(|line| !line.trim_start().starts_with("//") && line.contains(word)) {
                wrong.push(format!("{path}: a pure room must not use {word}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_opens_with_a_module_doc() {
    let without: Vec<_> = sources().into_iter().filter(|(_, text)| !text.starts_with("//! ")).map(|(p, _)| p).collect();
    assert!(without.is_empty(), "without a module doc: {without:?}");
}

#[test]
fn every_room_is_on_the_map() {
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let docs: String = lib.lines().filter(|line| line.starts_with("//!")).collect::<Vec<_>>().join("\n");
    let rooms: BTreeSet<String> = sources().iter().map(|(path, _)| room(path).to_owned()).collect();
    let missing: Vec<_> = rooms
        .iter()
        .filter(|room| *room != "lib" && !docs.contains(&format!("`{room}`")) && !docs.contains(&format!("[`{room}`]")))
        .collect();
    assert!(missing.is_empty(), "not on the map in src/lib.rs: {missing:?}");
}

#[test]
fn only_a_clearance_reaches_the_next_hop() {
    let implementations: Vec<_> = sources()
        .into_iter()
        .filter(|(_, text)| without_tests(text).contains("Cleared for "))
        .map(|(p, _)| p)
        .collect();
    assert_eq!(implementations.len(), 1, "exactly one type may be Cleared: {implementations:?}");
    assert!(implementations[0].starts_with("src/hold/"), "{implementations:?}");
}

/// The tests named in a document, as `attacks::name` or `name.smtp`.
fn named_tests(document: &str) -> BTreeSet<String> {
    let quoted = document.split('`').skip(1).step_by(2);
    let names_test = |word: &&str| {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-:.".contains(c);
        word.chars().all(plain) && (word.contains("::") || word.ends_with(".smtp"))
    };
    quoted.filter(names_test).map(str::to_owned).collect()
}

#[test]
fn the_table_of_smtp_names_tests_that_exist_and_every_transcript() {
    let table = fs::read_to_string(root().join("docs/smtp.md")).unwrap();
    let named = named_tests(&table);
    let tests = root().join("tests/it");
    let exists = |name: &String| match name.split_once("::") {
        Some((file, test)) => {
            let text = fs::read_to_string(tests.join(file).with_extension("rs")).unwrap_or_default();
            text.contains(&format!("#[test]\nfn {test}(")) || text.contains(&format!("]\nfn {test}("))
        }
        None => tests.join("dialogs").join(name).is_file(),
    };
    let missing: Vec<_> = named.iter().filter(|name| !exists(name)).collect();
    assert!(missing.is_empty(), "docs/smtp.md names tests that do not exist: {missing:?}");
    let mut unnamed = Vec::new();
    for entry in fs::read_dir(tests.join("dialogs")).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !named.contains(&name) {
            unnamed.push(name);
        }
    }
    let attacks = fs::read_to_string(tests.join("attacks.rs")).unwrap();
    let attacks = attacks.split("#[test]\nfn ").skip(1).filter_map(|rest| rest.split_once('('));
    unnamed.extend(attacks.map(|(name, _)| format!("attacks::{name}")).filter(|name| !named.contains(name)));
    assert!(unnamed.is_empty(), "not in docs/smtp.md: {unnamed:?}");
}

/// The fuzz targets are built with a lock of their own, which no other test reads; their seeds come from the generators.
#[test]
fn the_fuzz_targets_know_every_crate_that_the_generators_use() {
    let manifest = |path: &str| fs::read_to_string(root().join(path)).unwrap().parse::<toml::Table>().unwrap();
    let (ours, theirs) = (manifest("Cargo.toml"), manifest("fuzz/Cargo.toml"));
    let known = theirs["dependencies"].as_table().unwrap();
    let generators: Vec<String> = fs::read_dir(root().join("tests/generators"))
        .unwrap()
        .flatten()
        .filter_map(|file| fs::read_to_string(file.path()).ok())
        .collect();
    let sections = ["dependencies", "dev-dependencies"];
    for name in sections.into_iter().flat_map(|section| ours[section].as_table().unwrap().keys()) {
        let path = format!("{}::", name.replace('-', "_"));
        let used = generators.iter().any(|text| text.split_whitespace().any(|word| word.contains(&path)));
        assert!(!used || known.contains_key(name), "{name} is used by tests/generators and missing in fuzz/Cargo.toml");
    }
}
