//! Bytes of which nothing is known: text in some charset, tables, JSON, XML, mailboxes.

#![no_main]

mod support;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| support::read("a.txt", bytes));
