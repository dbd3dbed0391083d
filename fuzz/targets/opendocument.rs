//! Parts of OpenDocument files: the first byte chooses the kind and which part is replaced.

#![no_main]

mod support;

#[path = "../../tests/generators/mod.rs"]
#[allow(dead_code, reason = "this target needs only some of the writers")]
mod generators;

use generators::zipped;

const KINDS: [&str; 3] = ["spreadsheet", "text", "presentation"];
const PARTS: [&str; 4] = ["content.xml", "styles.xml", "meta.xml", "META-INF/manifest.xml"];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((kind, rest)) = support::choose(&KINDS, bytes) else { return };
    let Some((part, rest)) = support::choose(&PARTS, rest) else { return };
    let kind = format!("application/vnd.oasis.opendocument.{kind}");
    support::read("a.odt", &zipped::archive(&[zipped::entry("mimetype", kind), zipped::entry(part, rest)]));
});
