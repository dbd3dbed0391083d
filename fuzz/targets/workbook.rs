//! Parts of binary workbooks: the first byte chooses which part is replaced.

#![no_main]

mod support;

#[path = "../../tests/generators/mod.rs"]
#[allow(dead_code, reason = "this target needs only some of the writers")]
mod generators;

use generators::{biff12, zipped};

const PARTS: [&str; 5] =
    ["xl/worksheets/sheet1.bin", "xl/sharedStrings.bin", "xl/workbook.bin", "xl/comments1.bin", "xl/styles.bin"];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((part, rest)) = support::choose(&PARTS, bytes) else { return };
    let mut parts = biff12::package(&[], &[], 0);
    parts.retain(|known| known.name != part.as_bytes());
    parts.push(zipped::entry(part, rest));
    support::read("a.xlsb", &zipped::archive(&parts));
});
