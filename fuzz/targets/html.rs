//! Pages.

#![no_main]

mod support;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| support::read_as("a.html", b"<html>", bytes));
