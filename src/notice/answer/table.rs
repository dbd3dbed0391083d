//! Replies as real mail programs write them (`tests/replies`), each with what it says.

use std::{collections::BTreeSet, fs, path::Path};

use serde::Deserialize;

use super::{Verdict, parse};
use crate::mail::Message;

#[derive(Deserialize)]
struct Table {
    reply: Vec<Reply>,
}

#[derive(Deserialize)]
struct Reply {
    file: String,
    verdict: String,
    comment: String,
}

fn name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Approve => "approve",
        Verdict::Reject => "reject",
        Verdict::Withdraw => "withdraw",
        Verdict::Reason => "reason",
        Verdict::Unclear => "unclear",
        Verdict::Ignore => "ignore",
    }
}

/// With CRLF at the end of each line, as replies come over SMTP.
fn crlf(bytes: &[u8]) -> Vec<u8> {
    bytes.split(|byte| *byte == b'\n').collect::<Vec<_>>().join(&b"\r\n"[..])
}

#[test]
fn replies_of_every_mail_program_are_read_right() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/replies");
    let table: Table = toml::from_str(&fs::read_to_string(folder.join("verdicts.toml")).unwrap()).unwrap();
    let mut wrong = Vec::new();
    for reply in &table.reply {
        let bytes = fs::read(folder.join(&reply.file)).unwrap();
        for (ends, bytes) in [("LF", bytes.clone()), ("CRLF", crlf(&bytes))] {
            let answer = parse(&Message::new(bytes));
            if (name(answer.verdict), &answer.comment) != (reply.verdict.as_str(), &reply.comment) {
                let found = name(answer.verdict);
                wrong
                    .push(format!("{} ({ends}): {found} {:?}, expected {}", reply.file, answer.comment, reply.verdict));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    let listed: BTreeSet<&str> = table.reply.iter().map(|reply| reply.file.as_str()).collect();
    let there: Vec<String> =
        fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    for file in there.iter().filter(|file| file.ends_with(".eml")) {
        assert!(listed.contains(file.as_str()), "{file} is not in verdicts.toml");
    }
    assert!(listed.len() >= 60, "only {} replies", listed.len());
}
