//! Calendars and cards.

#![no_main]

mod support;

const OPENINGS: [&[u8]; 2] = [b"BEGIN:VCARD\r\n", b"BEGIN:VCALENDAR\r\n"];

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Some((opening, rest)) = support::choose(&OPENINGS, bytes) {
        support::read_as("a.vcf", opening, rest);
    }
});
