//! Numbers that a program gave to what it does: `seq=4539578763621486`, `"offset": 6011000990139424`.
//!
//! In: where a number stands. Out: whether the key of a log or of a record announces it as one of those. A tenth of all
//! numbers have the check digit of a card, and a log has millions. Deliberately absent: keys that say what a person has
//! (`card_id`, `customer`), and numbers that are written in groups, as no program counts.

use std::ops::Range;

/// Last words of such keys, in small letters. Sorted.
const KEYS: [&str; 58] = [
    "ack",
    "bytes",
    "commit",
    "conn",
    "connection",
    "correlation",
    "correlationid",
    "cursor",
    "duration",
    "elapsed",
    "epoch",
    "event",
    "eventid",
    "hash",
    "id",
    "index",
    "job",
    "jobid",
    "length",
    "lsn",
    "message",
    "messageid",
    "micros",
    "millis",
    "msg",
    "msgid",
    "nanos",
    "nonce",
    "ns",
    "offset",
    "pid",
    "pos",
    "position",
    "req",
    "reqid",
    "request",
    "requestid",
    "rev",
    "revision",
    "seq",
    "seqno",
    "sequence",
    "session",
    "sessionid",
    "sid",
    "size",
    "span",
    "spanid",
    "tid",
    "time",
    "timestamp",
    "trace",
    "traceid",
    "ts",
    "txid",
    "version",
    "window",
    "xid",
];

/// A key that has one of these in it may well tell of a card.
const CARDS: [&str; 8] = ["card", "pan", "cc", "credit", "pay", "account", "customer", "member"];

/// A key is no longer than this.
const KEY: usize = 48;

/// Whether a key right before the number at `range` says that a program counts by it.
pub(super) fn is_counter(text: &str, range: &Range<usize>) -> bool {
    let digits = text.get(range.clone()).is_some_and(|value| value.bytes().all(|byte| byte.is_ascii_digit()));
    let Some(before) = text.get(..range.start).filter(|_| digits) else { return false };
    let before = before.trim_end_matches([' ', '"', '\'']);
    let Some(before) = before.strip_suffix(['=', ':']) else { return false };
    let before = before.trim_end_matches([' ', '"', '\'']).as_bytes();
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let length = before.iter().rev().take(KEY).take_while(is_part).count();
    let key = before.get(before.len() - length..).and_then(|key| std::str::from_utf8(key).ok()).unwrap_or_default();
    let words = words(key);
    let counts = words.last().is_some_and(|word| KEYS.binary_search(&word.as_str()).is_ok());
    counts && !words.iter().any(|word| CARDS.iter().any(|card| word.starts_with(card)))
}

/// The words of a key, in small letters: `requestId`, `request_id` and `request-id` have two.
fn words(key: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small = false;
    for c in key.chars() {
        if !c.is_alphanumeric() || (c.is_ascii_uppercase() && small) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.push(c.to_ascii_lowercase());
        }
        small = c.is_ascii_lowercase() || c.is_ascii_digit();
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARD: &str = "4539578763621486";

    fn counts(text: &str) -> bool {
        let start = text.find(CARD).or_else(|| text.find("4539 ")).unwrap();
        let length = if text.contains(CARD) { 16 } else { 19 };
        is_counter(text, &(start..start + length))
    }

    #[test]
    fn keys_of_logs_announce_no_card() {
        assert!(KEYS.is_sorted());
        for key in ["seq=", "id=", "offset: ", "\"requestId\": ", "'ts':'", "x-trace-id: ", "span_id=\"", "DEBUG seq="]
        {
            assert!(counts(&format!("{key}{CARD}")), "{key}");
        }
        for key in
            ["", "card=", "card_id=", "cardId: ", "pan:", "number=", "カード番号: ", "no. ", "paid=", "grid=", "seq "]
        {
            assert!(!counts(&format!("{key}{CARD}")), "{key}");
        }
        assert!(!counts("id=4539 5787 6362 1486"), "no program writes groups");
    }
}
