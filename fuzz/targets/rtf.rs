//! Rich text.

#![no_main]

mod support;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| support::read_as("a.rtf", b"{\\rtf1", bytes));
