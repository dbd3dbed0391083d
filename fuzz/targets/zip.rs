//! Zip archives, whatever office format they hold.

#![no_main]

mod support;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| support::read_as("a.zip", b"PK\x03\x04", bytes));
