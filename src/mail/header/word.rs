//! Encoded words, and whatever stands around them → text.
//!
//! In: an unstructured value. Out: its text, and whether all of it could be decoded. RFC 2047 is read as mailers write it:
//! words cut in the middle of a character, in quotes, of any length. Deliberately absent: structure around the words.

use super::super::charset;
use super::transfer::{base64, quoted_printable};
use super::unfold;

/// The longest charset name and the longest text that an encoded word is searched for; RFC 2047 allows 75 bytes in
/// all, mailers write hundreds. Without a bound a field of many openings and no end takes quadratic time.
const WORD_BYTES: usize = 16 * 1024;
const CHARSET_BYTES: usize = 128;

/// Decodes an unstructured value (RFC 2047): unfolded, encoded words and raw 8-bit bytes as text, trimmed.
///
/// Adjacent words of one charset are joined as bytes before decoding: mailers cut inside characters and inside the
/// escape sequences of ISO-2022-JP.
pub fn decode(value: &[u8]) -> String {
    decoded(value).text
}

/// A decoded value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// The text.
    pub text: String,
    /// Whether stretches of it have no meaning in any charset.
    pub damaged: bool,
}

/// As [`decode`], and tells whether all of it was decoded.
pub fn decoded(value: &[u8]) -> Value {
    let value = unfold(value);
    let mut decoder = Words::default();
    let mut rest = &*value;
    while !rest.is_empty() {
        if let Some((word, after)) = encoded_word(rest) {
            decoder.word(&word);
            rest = after;
        } else {
            // Up to the next place where a word could begin.
            let end = memchr::memmem::find(rest.get(1..).unwrap_or_default(), b"=?").map_or(rest.len(), |at| at + 1);
            let (plain, after) = rest.split_at(end);
            decoder.plain(plain);
            rest = after;
        }
    }
    decoder.finish()
}

/// An encoded word, its encoding undone, its charset not.
pub(super) struct Word {
    charset: String,
    bytes: Vec<u8>,
}

/// Reads `=?charset?B|Q?text?=` at the front.
pub(super) fn encoded_word(text: &[u8]) -> Option<(Word, &[u8])> {
    let rest = text.strip_prefix(b"=?")?;
    let charset_end = rest.iter().take(CHARSET_BYTES).position(|&c| c == b'?')?;
    let (charset, rest) = rest.split_at_checked(charset_end)?;
    if charset.iter().any(u8::is_ascii_whitespace) {
        return None;
    }
    let [b'?', encoding, b'?', rest @ ..] = rest else { return None };
    let end = memchr::memmem::find(rest.get(..WORD_BYTES).unwrap_or(rest), b"?=")?;
    let (encoded, rest) = rest.split_at_checked(end)?;
    let bytes = match encoding {
        b'b' | b'B' => base64(encoded),
        b'q' | b'Q' => quoted_printable(encoded, true),
        _ => return None,
    };
    let charset = String::from_utf8_lossy(charset).to_ascii_lowercase();
    let charset = charset.split('*').next().unwrap_or_default().to_owned();
    Some((Word { charset, bytes }, rest.get(2..).unwrap_or_default()))
}

/// Puts encoded words and plain stretches together.
#[derive(Default)]
struct Words {
    text: String,
    /// Words of one charset that may go on.
    pending: Option<Word>,
    /// White space behind them: it vanishes if another word follows.
    space: Vec<u8>,
    damaged: bool,
}

impl Words {
    fn word(&mut self, word: &Word) {
        match &mut self.pending {
            Some(pending) if pending.charset == word.charset => pending.bytes.extend(&word.bytes),
            _ => {
                self.flush();
                self.pending = Some(Word { charset: word.charset.clone(), bytes: word.bytes.clone() });
            }
        }
        self.space.clear();
    }

    fn plain(&mut self, plain: &[u8]) {
        if self.pending.is_some() && plain.iter().all(u8::is_ascii_whitespace) {
            self.space = plain.to_vec();
        } else {
            self.flush();
            self.push(plain, None);
        }
    }

    fn flush(&mut self) {
        if let Some(word) = self.pending.take() {
            self.push(&word.bytes, Some(&word.charset));
        }
    }

    fn push(&mut self, bytes: &[u8], declared: Option<&str>) {
        let read = charset::read(bytes, declared);
        self.text.push_str(&read.text);
        self.damaged |= read.damaged;
    }

    fn finish(mut self) -> Value {
        self.flush();
        Value { text: self.text.trim().to_owned(), damaged: self.damaged }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use super::super::sjis;

    #[test]
    fn encoded_words_in_every_state() {
        let cases: [(&[u8], &str); 11] = [
            (b" =?UTF-8?B?5Lu25ZCN?=", "件名"),
            (b" =?utf-8?b?5Lu25ZCN", "=?utf-8?b?5Lu25ZCN"),
            (b" =?utf-8?B?5Lu2?=\r\n =?UTF-8?B?5ZCN?=", "件名"),
            // Cut in the middle of a character, and without padding.
            (b"=?utf-8?B?5Lu25Q?= =?utf-8?B?kI0?=", "件名"),
            (b"=?iso-2022-jp?B?GyRCN28=?= =?iso-2022-jp?B?TD4bKEI=?=", "件名"),
            (b"Re: =?utf-8?Q?=E4=BB=B6=E5=90=8D?= (2)", "Re: 件名 (2)"),
            (b"\"=?utf-8?Q?=E4=BB=B6_=E5=90=8D?=\"", "\"件 名\""),
            (b"=?utf-8*ja?Q?=E4=BB=B6?=", "件"),
            (b"=?utf-8?Q?a?= b =?utf-8?Q?c?=", "a b c"),
            (b"=?utf-8?Q?a?==?utf-8?Q?b?=", "ab"),
            (b"\x1b$B7oL>\x1b(B", "件名"),
        ];
        for (value, expected) in cases {
            assert_eq!(decode(value), expected, "{}", String::from_utf8_lossy(value));
        }
        assert_eq!(decode(&sjis("件名ソ表")), "件名ソ表");
        assert_eq!(decode(b"=?x?y?=?=?"), "=?x?y?=?=?");
    }

    #[test]
    fn a_value_that_cannot_be_decoded_is_told() {
        assert!(!decoded(&sjis("件名ソ表")).damaged);
        assert!(!decoded(b"=?utf-8?Q?=E4=BB=B6=E4?=").damaged, "a character cut at the end");
        assert!(!decoded("Re: \u{fffd}\u{fffd}\u{fffd}\u{fffd}".as_bytes()).damaged, "somebody else's damage");
        let value = decoded(b"=?iso-2022-jp?B?GyQoRTAhMCEwITAhGyhC?=");
        assert!(value.damaged && value.text.contains('\u{fffd}'), "{value:?}");
    }
}
