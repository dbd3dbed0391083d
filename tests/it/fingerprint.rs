//! Registered documents from the shell: workers take the fingerprint of a document, locked workers find it in mails in
//! whatever form it stands there, a running server learns of it by SIGHUP, and its text is nowhere.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::generators::{docx, mail, package, pdf};
use crate::support::{
    eventually,
    relay::{Relay, SEKISHO, Signal},
    sink::Sink,
    talk::{self, letter},
};

fn sekisho(folder: &Path, args: &[&str]) -> Output {
    Command::new(SEKISHO).args(args).current_dir(folder).stdin(Stdio::null()).output().unwrap()
}

fn said(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Invented clauses, each like no other.
fn clauses(seed: usize) -> Vec<String> {
    const WHO: [&str; 5] = ["受託者は", "委託者は", "検査責任者は", "販売店は", "再委託先は"];
    const WHAT: [&str; 7] = [
        "試作部品の図面を",
        "予約台帳の写しを",
        "測定装置の記録を",
        "船積書類の原本を",
        "車両整備の計画を",
        "温度記録の一覧を",
        "研修教材の版下を",
    ];
    const WHOM: [&str; 6] =
        ["倉庫責任者に", "監査部門に", "品質保証部に", "運営委員会に", "現地事務所に", "共同研究室に"];
    const HOW: [&str; 4] =
        ["提出し承認を得る。", "送付し控えを保管する。", "開示し意見を求める。", "引き渡し受領書を得る。"];
    const RARE: [&str; 11] = ["航路", "鉱床", "醸造", "帆布", "礎石", "樹脂", "鋼材", "琴線", "窯業", "扇状", "渓谷"];
    let lot = |n: usize| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (n << 7)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 33;
    (0..60)
        .map(|number| {
            let one = |of: &[&'static str], slot: usize| of[lot(seed * 10_007 + number * 13 + slot) % of.len()];
            let rare = |slot| format!("{}{}の", one(&RARE, slot), one(&RARE, slot + 1));
            [one(&WHO, 0), &rare(1), one(&WHAT, 3), &rare(4), one(&WHOM, 6), one(&HOW, 7)].concat()
        })
        .collect()
}

fn document(clauses: &[String]) -> Vec<u8> {
    let paragraphs: String = clauses.chunks(5).map(|five| package::paragraph(&five.concat())).collect();
    package::Package::document(&paragraphs)
        .part("docProps/core.xml", package::xml("<a>作成者の所属部署とその連絡先がここに書かれています</a>"))
        .build()
}

/// As a printer would set the same document, heading and all: lines of 30 letters, by their place on the page.
fn printed(clauses: &[String]) -> Vec<u8> {
    let text: Vec<u16> = format!("お知らせ{}", clauses.concat()).encode_utf16().collect();
    let line = |units: &[u16]| units.iter().map(|unit| format!("{unit:04X}")).collect::<String>();
    let lines: String = text.chunks(30).map(|units| format!("0 -10 Td <{}> Tj\n", line(units))).collect();
    pdf::Pdf::with_page(&format!("BT /F1 9 Tf 40 830 Td\n{lines}ET")).build()
}

fn installation() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("rules")).unwrap();
    let config = "hostname = \"sekisho.toho.example.co.jp\"\ndata_dir = \"data\"\n\
                  [organization]\ndomains = [\"toho.example.co.jp\"]\n[next_hop]\nhosts = [\"127.0.0.1:10026\"]\n\
                  [approval]\nsecurity = [\"security@toho.example.co.jp\"]\n[rules]\ndirectory = \"rules\"\n\
                  [inspection]\nworkers = 1\n";
    std::fs::write(folder.path().join("sekisho.toml"), config).unwrap();
    std::fs::write(folder.path().join("契約書ひな形.docx"), document(&clauses(1))).unwrap();
    folder
}

fn command(folder: &TempDir, args: &[&str]) -> Output {
    sekisho(folder.path(), &[&["fingerprint"], args, &["--config", "sekisho.toml"]].concat())
}

fn explain(folder: &TempDir, mail: &[u8]) -> Value {
    let head = b"From: sato@toho.example.co.jp\r\nTo: yamada@kita-hoan.example.com\r\nSubject: s\r\n";
    let mail = [head, mail.split_at(mail.windows(5).position(|five| five == b"MIME-").unwrap_or(0)).1].concat();
    std::fs::write(folder.path().join("mail.eml"), mail).unwrap();
    let output = sekisho(folder.path(), &["explain", "--json", "--config", "sekisho.toml", "mail.eml"]);
    assert!(output.status.success(), "{}", said(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn body(text: &str) -> Vec<u8> {
    format!("Content-Type: text/plain; charset=UTF-8\r\n\r\n{text}\r\n").into_bytes()
}

fn attached(name: &str, bytes: &[u8]) -> Vec<u8> {
    let encoded = data_encoding::BASE64_MIME.encode(bytes);
    let headers =
        format!("Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n");
    let text = mail::part("text/plain; charset=utf-8", "", "お送りします。".as_bytes());
    let mail =
        mail::multipart("mixed", &[&text, &mail::part("application/octet-stream", &headers, encoded.as_bytes())]);
    let start = mail.windows(5).position(|five| five == b"MIME-").unwrap();
    mail[start..].to_vec()
}

/// What is said of the document, and where it stands.
fn found(explained: &Value) -> Option<(String, String)> {
    let finding =
        explained["inspection"]["findings"].as_array().unwrap().iter().find(|f| f["detector"] == "fingerprint")?;
    assert_eq!((&finding["category"], &finding["confidence"]), (&"organizational".into(), &"high".into()));
    assert_eq!((&explained["decision"], &explained["rules"][0]), (&"hold".into(), &"registered-documents".into()));
    let example = &finding["examples"][0];
    Some((example["masked"].as_str().unwrap().to_owned(), example["where"].as_str().unwrap().to_owned()))
}

#[test]
fn a_document_is_found_in_whatever_form_it_leaves() {
    let folder = installation();
    assert_eq!(found(&explain(&folder, &body(&clauses(1).join("\r\n")))), None);
    assert!(!folder.path().join("rules/fingerprints").exists());
    let output = command(&folder, &["add", "契約書ひな形.docx"]);
    assert!(output.status.success(), "{}", said(&output.stderr));
    let told = said(&output.stdout);
    assert!(told.starts_with("契約書ひな形\tfingerprint\tfrom 30 %\t") && told.contains(": 1 documents, "), "{told}");

    let all = clauses(1);
    let (share, place) = found(&explain(&folder, &attached("keiyaku.docx", &document(&all)))).unwrap();
    assert_eq!((share.as_str(), place.split(':').next().unwrap()), ("契約書ひな形: 100 %", "keiyaku.docx"));
    let (share, place) = found(&explain(&folder, &attached("keiyaku.pdf", &printed(&all)))).unwrap();
    assert!(share.ends_with(" 100 %") && place.starts_with("keiyaku.pdf"), "{share} {place}");
    // Half of it, quoted; every third clause reworded.
    let (share, place) = found(&explain(&folder, &body(&format!("> {}", all[..30].join("\r\n> "))))).unwrap();
    assert!(share.ends_with(" %") && place.starts_with("body:"), "{share} {place}");
    let mut edited = all.clone();
    edited.iter_mut().zip(clauses(2)).step_by(3).for_each(|(clause, other)| *clause = other);
    assert!(found(&explain(&folder, &body(&edited.join("\r\n")))).is_some());
    // Its properties are not it, a tenth is not enough, and another contract is another.
    for text in
        ["作成者の所属部署とその連絡先がここに書かれています".to_owned(), all[..6].concat(), clauses(3).join("\r\n")]
    {
        assert_eq!(found(&explain(&folder, &body(&text))), None, "{text}");
    }
}

#[test]
fn a_library_keeps_its_key_apart_and_is_refused_without_it() {
    let folder = installation();
    assert!(command(&folder, &["add", "契約書ひな形.docx", "--class", "board", "--share", "50%"]).status.success());
    let path = |name: &str| folder.path().join("rules/fingerprints").join(name);
    let check = || sekisho(folder.path(), &["rules", "check", "--config", "sekisho.toml"]);
    assert!(check().status.success());
    let listed = said(&sekisho(folder.path(), &["rules", "list", "--config", "sekisho.toml"]).stdout);
    assert!(listed.contains("detector\tfingerprint.board\torganizational\t"), "{listed}");
    let library = std::fs::read(path("documents.fpr")).unwrap();
    for clause in clauses(1) {
        assert!(memchr::memmem::find(&library, &clause.as_bytes()[..18]).is_none());
    }
    let key = std::fs::read(path("fingerprint.key")).unwrap();
    std::fs::write(path("fingerprint.key"), [7; 32]).unwrap();
    for output in [check(), command(&folder, &["list"]), command(&folder, &["add", "契約書ひな形.docx"])] {
        let said = said(&output.stderr);
        assert!(said.contains("registered with another key") && !output.status.success(), "{said}");
    }
    assert_eq!(check().status.code(), Some(78));
    std::fs::remove_file(path("fingerprint.key")).unwrap();
    assert_eq!(
        (check().status.code(), command(&folder, &["add", "契約書ひな形.docx"]).status.code()),
        (Some(78), Some(2))
    );
    std::fs::write(path("fingerprint.key"), key).unwrap();
    std::fs::write(path("documents.fpr"), &library[..library.len() - 40]).unwrap();
    let output = check();
    assert_eq!(output.status.code(), Some(78));
    assert!(said(&output.stderr).contains("rules/fingerprints/documents.fpr: it is not as long as it says"));
}

#[test]
fn documents_are_listed_replaced_and_removed() {
    let folder = installation();
    std::fs::create_dir(folder.path().join("more")).unwrap();
    std::fs::write(folder.path().join("more/議事録.docx"), docx::simple(&clauses(4).concat())).unwrap();
    std::fs::write(folder.path().join("more/公開.txt"), clauses(4)[..10].concat()).unwrap();
    assert!(command(&folder, &["add", "契約書ひな形.docx", "more/議事録.docx"]).status.success());
    assert!(command(&folder, &["add", "--public", "more/公開.txt"]).status.success());
    assert!(command(&folder, &["add", "--share", "80", "--name", "議事録", "more/議事録.docx"]).status.success());
    let output = command(&folder, &["list", "--json"]);
    let documents: Vec<Value> = said(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<_> = documents.iter().map(|document| document["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["契約書ひな形", "公開", "議事録"]);
    let minutes = &documents[2];
    assert_eq!(minutes["share"], 80);
    assert!(minutes["own"].as_u64().unwrap() < minutes["hashes"].as_u64().unwrap(), "{minutes}");
    let output = command(&folder, &["remove", "議事禄"]);
    assert!(
        said(&output.stderr).contains("did you mean") && output.status.code() == Some(2),
        "{}",
        said(&output.stderr)
    );
    assert!(command(&folder, &["remove", "議事録", "公開"]).status.success());
    assert_eq!(said(&command(&folder, &["list"]).stdout).lines().count(), 1);
    assert!(command(&folder, &["remove", "契約書ひな形"]).status.success());
    assert_eq!(found(&explain(&folder, &body(&clauses(1).join("\r\n")))), None);
}

#[test]
fn what_cannot_be_registered_is_told_and_the_rest_is() {
    let folder = installation();
    let write = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    write("short.txt", "これは短い文書です。".as_bytes());
    write(
        "encrypted.xls",
        &std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/corpus/encrypted/rc4.xls")).unwrap(),
    );
    let files = ["add", "short.txt", "encrypted.xls", "missing.docx", "契約書ひな形.docx"];
    let output = command(&folder, &files);
    assert_eq!(output.status.code(), Some(2));
    let told = said(&output.stderr);
    for line in [
        "sekisho: short.txt: it has 9 letters, which is too little to be told by; register the document that it is part of",
        "sekisho: encrypted.xls: encrypted.xls was not read (encrypted); give its password with --passwords",
        "sekisho: missing.docx: it cannot be read: ",
    ] {
        assert!(told.contains(line), "{told}");
    }
    assert_eq!(said(&command(&folder, &["list"]).stdout).lines().count(), 1);
    write("passwords.txt", b"Himitsu2026\n");
    let output = command(&folder, &["add", "encrypted.xls", "--passwords", "passwords.txt"]);
    assert!(output.status.success(), "{}", said(&output.stderr));
    std::fs::write(folder.path().join("sekisho.toml"), "hostname = 1").unwrap();
    assert_eq!(command(&folder, &["list"]).status.code(), Some(78));
}

#[test]
fn a_running_server_learns_of_a_document_by_sighup() {
    let sink = Sink::start();
    let mut relay = Relay::configured(sink.address, "");
    let rules = relay.home().join("rules");
    std::fs::create_dir_all(&rules).unwrap();
    let config = std::fs::read_to_string(relay.config()).unwrap();
    std::fs::write(relay.config(), config.replace("[rules]", &format!("[rules]\ndirectory = {rules:?}"))).unwrap();
    relay.run();
    let mut n = 0;
    let mut send = |relay: &Relay| {
        n += 1;
        let mail = letter(&format!("print-{n}"), "s", &clauses(1).join("\r\n"));
        talk::send(relay.smtp, "sato@toho.example.co.jp", &["yamada@kita-hoan.example.com"], &mail).unwrap()
    };
    assert!(send(&relay).starts_with("250 2.0.0 forwarded"));
    let file = relay.home().join("ひな形.docx");
    std::fs::write(&file, document(&clauses(1))).unwrap();
    let output = relay.command(&["fingerprint", "add", file.to_str().unwrap()]);
    assert!(output.status.success(), "{}", said(&output.stderr));
    relay.signal(Signal::HUP);
    eventually("the document to be known", || send(&relay).starts_with("250 2.0.0 held").then_some(()));
    // A library that is broken later changes nothing.
    std::fs::write(rules.join("fingerprints/documents.fpr"), b"broken").unwrap();
    relay.signal(Signal::HUP);
    eventually("the refusal in the log", || relay.log().contains("not reloaded").then_some(()));
    assert!(send(&relay).starts_with("250 2.0.0 held"));
}
