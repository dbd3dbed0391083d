//! Archives and packed files other than zip; the first byte chooses which.

#![no_main]

mod support;

const OPENINGS: [&[u8]; 10] = [
    b"7z\xbc\xaf\x27\x1c\0\x04",
    b"Rar!\x1a\x07\0",
    b"Rar!\x1a\x07\x01\0",
    b"\x1f\x8b\x08",
    b"BZh9",
    b"\xfd7zXZ\0",
    b"\x28\xb5\x2f\xfd",
    b"MSCF\0\0\0\0",
    b"MZ",
    b"",
];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Some((opening, rest)) = support::choose(&OPENINGS, bytes) {
        support::read_as("a.bin", opening, rest);
    }
});
