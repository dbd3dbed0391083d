//! Compound files: as they are, and the streams of old workbooks, documents and presentations.

#![no_main]

mod support;

#[path = "../../tests/generators/mod.rs"]
#[allow(dead_code, reason = "this target needs only some of the writers")]
mod generators;

use generators::ole::{Node, compound};

const STREAMS: [&str; 6] =
    ["Workbook", "WordDocument", "PowerPoint Document", "\u{1}Ole10Native", "\u{5}SummaryInformation", "VBA"];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((&first, rest)) = bytes.split_first() else { return };
    let nodes = match STREAMS.get(usize::from(first) % (STREAMS.len() + 1)) {
        Some(&"WordDocument") => {
            let (document, table) = rest.split_at(rest.len() / 2);
            vec![Node::Stream("WordDocument", document.to_vec()), Node::Stream("1Table", table.to_vec())]
        }
        Some(&"VBA") => vec![
            Node::Storage("VBA", vec![Node::Stream("dir", rest.to_vec()), Node::Stream("Module1", rest.to_vec())]),
            Node::Stream("Workbook", Vec::new()),
        ],
        Some(&stream) => vec![Node::Stream(stream, rest.to_vec())],
        None => return support::read_as("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", rest),
    };
    support::read("a.doc", &compound(nodes));
});
