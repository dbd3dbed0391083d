//! Outlook: winmail.dat, and the streams of a message; the first byte chooses which.

#![no_main]

mod support;

#[path = "../../tests/generators/mod.rs"]
#[allow(dead_code, reason = "this target needs only some of the writers")]
mod generators;

use generators::ole::{Node, compound};

const STREAMS: [&str; 6] = [
    "__substg1.0_1000001F",
    "__substg1.0_1000001E",
    "__substg1.0_10130102",
    "__substg1.0_10090102",
    "__substg1.0_37010102",
    "__properties_version1.0",
];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((&first, rest)) = bytes.split_first() else { return };
    let Some(&stream) = STREAMS.get(usize::from(first) % (STREAMS.len() + 1)) else {
        return support::read_as("winmail.dat", b"\x78\x9f\x3e\x22", rest);
    };
    let mut nodes = vec![Node::Stream(stream, rest.to_vec())];
    if stream != "__properties_version1.0" {
        nodes.push(Node::Stream("__properties_version1.0", vec![0; 32]));
    }
    support::read("a.msg", &compound(nodes));
});
