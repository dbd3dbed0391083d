//! Pictures; the first byte chooses the format.

#![no_main]

mod support;

const OPENINGS: [&[u8]; 7] =
    [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"II*\0", b"MM\0*", b"RIFF\x40\0\0\0WEBP", b"BM"];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Some((opening, rest)) = support::choose(&OPENINGS, bytes) {
        support::read_as("a.png", opening, rest);
    }
});
