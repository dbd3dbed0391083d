//! PDF.

#![no_main]

mod support;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| support::read_as("a.pdf", b"%PDF-1.7\n", bytes));
