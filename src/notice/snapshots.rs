//! What every notice says, kept in `tests/notices` for people to read and to see changes in the diff.
//!
//! `UPDATE_SNAPSHOTS=1 cargo test --lib notice::snapshots` writes the files anew; also the HTML, to a folder that
//! `SEKISHO_NOTICES` names, for a look in a browser.

use std::{collections::BTreeSet, fs, path::Path};

use super::{sample, tests::voice};
use crate::language::Language;

#[test]
fn every_notice_reads_as_its_snapshot() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/notices");
    let update = std::env::var_os("UPDATE_SNAPSHOTS").is_some();
    let mut wrong = Vec::new();
    let mut names = BTreeSet::new();
    for (language, tag) in [(Language::Ja, "ja"), (Language::En, "en")] {
        for one in sample::every(&voice(), language) {
            let seen = sample::seen(&one.notice);
            let said = format!("Subject: {}\n\n{}", seen.subject, seen.text);
            let name = format!("{}.{tag}.txt", one.name);
            if update {
                fs::create_dir_all(&folder).unwrap();
                fs::write(folder.join(&name), &said).unwrap();
            }
            if let (Some(looked_at), Some(html)) = (std::env::var_os("SEKISHO_NOTICES"), seen.html) {
                fs::write(Path::new(&looked_at).join(format!("{}.{tag}.html", one.name)), html).unwrap();
            }
            let kept = fs::read_to_string(folder.join(&name)).unwrap_or_default();
            if kept != said {
                wrong.push(format!("{name}: kept\n{kept}\nfound\n{said}"));
            }
            names.insert(name);
        }
    }
    assert!(wrong.is_empty(), "UPDATE_SNAPSHOTS=1 writes them anew\n{}", wrong.join("\n"));
    let there: BTreeSet<String> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(there, names, "a snapshot of no notice");
    assert!(names.len() >= 60, "only {} snapshots", names.len());
}

/// The README shows what the sender of the gas company's mail reads, word for word.
#[test]
fn the_readme_shows_the_notice_of_the_gas_company() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    // The light crate of a room has no README beside it.
    let Ok(readme) = fs::read_to_string(root.join("tests/../README.md")) else { return };
    let said = fs::read_to_string(root.join("tests/notices/hold.ja.txt")).unwrap();
    assert!(readme.contains(said.trim_end()), "README.md does not show tests/notices/hold.ja.txt");
}
