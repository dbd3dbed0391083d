//! Bytes to text, for Japanese mail as it really is.
//!
//! In: bytes and the charset somebody declared for them, which may be missing, misspelt or wrong. Out: text, always;
//! bytes that have no meaning become U+FFFD. encoding_rs knows the charsets of the web; what mail needs beyond them
//! is here: the names that Japanese mailers write, ISO-2022-JP with everything that has ever been put into it,
//! UTF-7, and labels that do not tell the truth.
//! Deliberately absent: JIS X 0213 plane 2 and the Chinese and Korean sets of ISO-2022-JP-2 (their characters become
//! U+FFFD), and any error: a mail is never refused for its charset.

use std::borrow::Cow;

use encoding_rs::{EUC_JP, Encoding, ISO_2022_JP, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// How much of a text is looked at to guess its charset. chardetng is sure after a few dozen characters.
const GUESS_BYTES: usize = 64 * 1024;

/// Decodes `bytes`, believing `declared` only as far as the bytes allow.
pub fn decode(bytes: &[u8], declared: Option<&str>) -> String {
    text(bytes, declared).into_owned()
}

/// As [`decode`], without a copy when the bytes are UTF-8 already.
pub fn text<'a>(bytes: &'a [u8], declared: Option<&str>) -> Cow<'a, str> {
    if let Some(text) = by_mark(bytes) {
        return text;
    }
    let label = declared.map_or(Label::Unknown, Label::of);
    if label != Label::Jis && looks_like_jis(bytes) {
        // Mailers label JIS as us-ascii, iso-8859-1, utf-8 or not at all. Only when every character of it exists
        // is the label overruled, so that a stray escape cannot hide the digits behind it.
        let text = Jis::decode(bytes);
        if !text.contains('\u{fffd}') {
            return Cow::Owned(text);
        }
    }
    match label {
        Label::Utf7 => utf7(bytes),
        Label::Jis => Cow::Owned(Jis::decode(bytes)),
        Label::Utf16 => utf16(bytes).unwrap_or_else(|| UTF_16BE.decode_without_bom_handling(bytes).0),
        Label::Known(encoding) => by_label(bytes, encoding),
        Label::Unknown => guess(bytes),
    }
}

/// What a declared charset name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Label {
    Known(&'static Encoding),
    Jis,
    Utf7,
    /// `utf-16` without a byte order.
    Utf16,
    /// Nothing declared, a name nobody knows, or one that says nothing about 8-bit bytes.
    Unknown,
}

impl Label {
    fn of(name: &str) -> Self {
        let name = name.trim().trim_matches(['"', '\'']).to_ascii_lowercase();
        // RFC 2231 §5 allows a language behind an asterisk.
        let name = name.split('*').next().unwrap_or_default();
        match name {
            "cp932" | "x-ms-cp932" | "ms-932" | "windows-932" | "cp943" | "cp943c" | "ibm-943" | "ibm943"
            | "x-sjis-cp932" | "shiftjis" | "shift_jisx0213" | "shift_jis-2004" | "sjis-win" => Self::Known(SHIFT_JIS),
            "eucjp-ms" | "eucjpms" | "cp51932" | "x-eucjp" | "euc_jp" | "eucjp" | "eucjp-win" | "euc-jisx0213"
            | "euc-jis-2004" => Self::Known(EUC_JP),
            "iso-2022-jp-ms"
            | "cp50220"
            | "cp50221"
            | "cp50222"
            | "x-windows-50221"
            | "x-windows-iso2022jp"
            | "iso-2022-jp-1"
            | "iso-2022-jp-2"
            | "iso-2022-jp-3"
            | "iso-2022-jp-2004"
            | "iso2022jp"
            | "jis" => Self::Jis,
            "utf-7" | "utf7" | "unicode-1-1-utf-7" | "x-unicode-2-0-utf-7" => Self::Utf7,
            "utf-16" | "utf16" | "ucs-2" | "iso-10646-ucs-2" => Self::Utf16,
            "utf8mb4" | "utf_8" => Self::Known(UTF_8),
            // encoding_rs takes us-ascii for windows-1252, but a mailer that writes it claims nothing about 8-bit bytes.
            "us-ascii" | "ascii" | "ansi_x3.4-1968" => Self::Unknown,
            _ => match Encoding::for_label(name.as_bytes()) {
                Some(encoding) if encoding == ISO_2022_JP => Self::Jis,
                Some(encoding) if encoding == encoding_rs::REPLACEMENT => Self::Unknown,
                Some(encoding) => Self::Known(encoding),
                None => Self::Unknown,
            },
        }
    }
}

/// A byte order mark beats every label.
fn by_mark(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let (encoding, mark) = Encoding::for_bom(bytes)?;
    Some(encoding.decode_without_bom_handling(bytes.get(mark..).unwrap_or_default()).0)
}

/// Decodes as declared, unless the bytes say clearly that they are something else.
fn by_label<'a>(bytes: &'a [u8], encoding: &'static Encoding) -> Cow<'a, str> {
    if let Ok(text) = simdutf8::basic::from_utf8(bytes) {
        // Valid UTF-8 with 8-bit bytes is practically never anything else, and plain ASCII reads the same in every
        // charset but the 16-bit ones.
        if encoding != UTF_16LE && encoding != UTF_16BE {
            return Cow::Borrowed(text);
        }
    }
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    if encoding == WINDOWS_1252 {
        // Nothing is ever wrong in windows-1252, so the label proves nothing.
        let guessed = guess(bytes);
        return if guessed.chars().any(is_kana) { guessed } else { text };
    }
    let wrong = text.chars().filter(|&c| c == '\u{fffd}').count();
    let foreign = text.chars().filter(|c| !c.is_ascii()).count();
    // A few broken characters are damage; more than a tenth of all is another charset.
    if wrong * 10 > foreign { guess(bytes) } else { text }
}

/// No usable label: UTF-8, JIS, UTF-16, and then what chardetng says for a text from Japan.
fn guess(bytes: &[u8]) -> Cow<'_, str> {
    if let Some(text) = utf16(bytes) {
        return text;
    }
    if let Ok(text) = simdutf8::basic::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    if looks_like_jis(bytes) && bytes.iter().filter(|&&c| c >= 0x80).count() * 10 < bytes.len() {
        return Cow::Owned(Jis::decode(bytes));
    }
    // Leading ASCII tells the detector nothing.
    let start = bytes.iter().position(|&c| c >= 0x80).unwrap_or_default();
    let sample = bytes.get(start..).unwrap_or_default();
    let sample = sample.get(..GUESS_BYTES).unwrap_or(sample);
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    detector.feed(sample, true);
    detector.guess(Some(b"jp"), chardetng::Utf8Detection::Allow).decode_without_bom_handling(bytes).0
}

/// UTF-16 without a mark: every ASCII character leaves a NUL in the same half of its pair.
fn utf16(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let sample = bytes.get(..bytes.len().min(GUESS_BYTES) & !1)?;
    if sample.len() < 4 || !sample.contains(&0) {
        return None;
    }
    let zeros = |half: usize| sample.iter().skip(half).step_by(2).filter(|&&c| c == 0).count();
    let (first, second) = (zeros(0), zeros(1));
    let pairs = sample.len() / 2;
    // Japanese text has few ASCII characters, so an eighth must do; the other half must then be almost free of NULs.
    let encoding = match () {
        () if first * 8 > pairs && second * 50 < pairs => UTF_16BE,
        () if second * 8 > pairs && first * 50 < pairs => UTF_16LE,
        () => return None,
    };
    let (text, wrong) = encoding.decode_without_bom_handling(bytes);
    (!wrong || bytes.len() % 2 == 1).then_some(text)
}

/// RFC 2152. Without a shifted run it is ASCII.
fn utf7(bytes: &[u8]) -> Cow<'_, str> {
    let Ok(source) = simdutf8::basic::from_utf8(bytes) else { return guess(bytes) };
    let mut pieces = source.split('+');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let end = piece.find(|c: char| !c.is_ascii_alphanumeric() && c != '/').unwrap_or(piece.len());
        let (run, rest) = piece.split_at(end);
        if run.is_empty() {
            text.push('+');
        } else {
            let units: Vec<u16> = super::header::base64(run.as_bytes())
                .chunks_exact(2)
                .map(|c| u16::from_be_bytes([c[0], c[1]]))
                .collect();
            text.push_str(&String::from_utf16_lossy(&units));
        }
        text.push_str(rest.strip_prefix('-').unwrap_or(rest));
    }
    Cow::Owned(text)
}

fn is_kana(c: char) -> bool {
    ('\u{3041}'..='\u{30ff}').contains(&c) || ('\u{ff66}'..='\u{ff9f}').contains(&c)
}

/// Whether an escape sequence of ISO-2022-JP is in there.
fn looks_like_jis(bytes: &[u8]) -> bool {
    memchr::memchr_iter(0x1b, bytes).any(|at| {
        let rest = bytes.get(at + 1..).unwrap_or_default();
        [&b"$B"[..], b"$@", b"$(", b"(I", b"(J"].iter().any(|escape| rest.starts_with(escape))
    })
}

/// ISO-2022-JP and everything that travels under its name: CP50220/1/2, -1, -3, -2004.
///
/// Rows of JIS X 0208 are turned into Shift_JIS and decoded there, which brings NEC row 13 and the NEC-selected IBM
/// characters along (CP50221); X 0212 goes the same way through EUC-JP.
struct Jis {
    text: String,
    /// Characters in Shift_JIS that wait for being decoded.
    pending: Vec<u8>,
    set: Set,
    /// SO was seen: half-width kana until SI (CP50222).
    shifted: bool,
}

/// The character set that an escape sequence called up.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Set {
    Ascii,
    HalfwidthKana,
    X0208,
    X0212,
    /// A double-byte set we have no table for.
    Foreign,
}

impl Jis {
    fn decode(bytes: &[u8]) -> String {
        let mut jis =
            Self { text: String::with_capacity(bytes.len()), pending: Vec::new(), set: Set::Ascii, shifted: false };
        let mut rest = bytes;
        while !rest.is_empty() {
            rest = jis.step(rest);
        }
        jis.flush();
        jis.text
    }

    /// Takes one character or one escape sequence off the front.
    fn step<'a>(&mut self, rest: &'a [u8]) -> &'a [u8] {
        let (taken, double) = match *rest {
            [0x1b, ..] => (self.escape(rest), false),
            [0x0e, ..] => (self.shift(true), false),
            [0x0f, ..] => (self.shift(false), false),
            [c @ (b'\r' | b'\n'), ..] => (self.line_end(c), false),
            [c, ..] if self.shifted || self.set == Set::HalfwidthKana => (self.single(c | 0x80), false),
            [a, b, ..] if self.set != Set::Ascii && in_row(a) && in_row(b) => (2, true),
            [c, ..] => (self.single(c), false),
            [] => (1, false),
        };
        if let (true, [a, b, ..]) = (double, rest) {
            self.pair(a & 0x7f, b & 0x7f);
        }
        rest.get(taken..).unwrap_or_default()
    }

    /// Returns how many bytes the escape sequence has; an unknown escape is passed over alone.
    fn escape(&mut self, rest: &[u8]) -> usize {
        let (length, set) = match rest {
            [_, b'(', b'B' | b'J' | b'H', ..] => (3, Set::Ascii),
            [_, b'(', b'I', ..] => (3, Set::HalfwidthKana),
            [_, b'$', b'B' | b'@', ..] => (3, Set::X0208),
            [_, b'$', b'A', ..] => (3, Set::Foreign),
            // Plane 1 of JIS X 0213 (Q, O) is X 0208 with more rows.
            [_, b'$', b'(', b'B' | b'@' | b'Q' | b'O', ..] => (4, Set::X0208),
            [_, b'$', b'(', b'D', ..] => (4, Set::X0212),
            [_, b'$', b'(', _, ..] => (4, Set::Foreign),
            _ => return 1,
        };
        self.set = set;
        length
    }

    fn shift(&mut self, on: bool) -> usize {
        self.shifted = on;
        1
    }

    /// A line end resets everything (RFC 1468), whether the mailer wrote the escape or not.
    fn line_end(&mut self, c: u8) -> usize {
        self.pending.push(c);
        if c == b'\n' {
            (self.set, self.shifted) = (Set::Ascii, false);
        }
        1
    }

    /// ASCII, or an 8-bit half-width kana, which is the same byte in Shift_JIS.
    fn single(&mut self, c: u8) -> usize {
        if c < 0x80 || (0xa1..=0xdf).contains(&c) {
            self.pending.push(c);
        } else {
            self.flush();
            self.text.push('\u{fffd}');
        }
        1
    }

    fn pair(&mut self, a: u8, b: u8) {
        match self.set {
            Set::X0212 => {
                self.flush();
                self.text.push_str(&EUC_JP.decode_without_bom_handling(&[0x8f, a | 0x80, b | 0x80]).0);
            }
            Set::Foreign => {
                self.flush();
                self.text.push('\u{fffd}');
            }
            Set::X0208 | Set::Ascii | Set::HalfwidthKana => self.pending.extend(shift_jis(a, b)),
        }
    }

    fn flush(&mut self) {
        if !self.pending.is_empty() {
            self.text.push_str(&SHIFT_JIS.decode_without_bom_handling(&self.pending).0);
            self.pending.clear();
        }
    }
}

/// Whether a byte, its high bit aside, can be half of a double-byte character.
fn in_row(c: u8) -> bool {
    (0x21..=0x7e).contains(&(c & 0x7f))
}

/// JIS row and cell (0x21–0x7e each) as Shift_JIS: two rows share one lead byte.
fn shift_jis(a: u8, b: u8) -> [u8; 2] {
    let lead = (a - 0x21) / 2 + 0x81;
    let lead = if lead > 0x9f { lead + 0x40 } else { lead };
    let trail = match (a % 2, b + 0x1f) {
        (1, trail) if trail >= 0x7f => trail + 1,
        (1, trail) => trail,
        (_, _) => b + 0x7e,
    };
    [lead, trail]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jis(text: &str) -> Vec<u8> {
        let mut bytes = b"\x1b$B".to_vec();
        let (euc, _, _) = EUC_JP.encode(text);
        bytes.extend(euc.iter().map(|c| c & 0x7f));
        bytes.extend(b"\x1b(B");
        bytes
    }

    #[test]
    fn every_name_a_japanese_mailer_writes_is_known() {
        let sjis = SHIFT_JIS.encode("①㈱髙﨑ソ表").0;
        for name in
            ["Shift_JIS", "CP932", "x-ms-cp932", "Windows-31J", "MS_Kanji", "sjis", "\"x-sjis\"", "SHIFT-JIS*ja"]
        {
            assert_eq!(decode(&sjis, Some(name)), "①㈱髙﨑ソ表", "{name}");
        }
        let euc = EUC_JP.encode("山田花子").0;
        for name in ["EUC-JP", "eucJP-ms", "CP51932", "x-euc-jp", "eucJP"] {
            assert_eq!(decode(&euc, Some(name)), "山田花子", "{name}");
        }
        for name in ["ISO-2022-JP", "iso-2022-jp-ms", "CP50221", "csISO2022JP", "ISO-2022-JP-2004", "jis"] {
            assert_eq!(decode(&jis("山田花子"), Some(name)), "山田花子", "{name}");
        }
    }

    #[test]
    fn iso_2022_jp_takes_what_mailers_put_into_it() {
        let cases: [(&[u8], &str); 8] = [
            (b"\x1b$@;3ED\x1b(J 1", "山田 1"),
            (b"\x1b(I6\x5e\x1b(B!", "ｶﾞ!"),
            (b"\x0e6\x5e\x0f!", "ｶﾞ!"),
            (b"\xb6\xde!", "ｶﾞ!"),
            (b"\x1b$B-!-j\x1b(B", "①㈱"),
            (b"\x1b$B;3ED", "山田"),
            (b"\x1b$B;3ED\nplain", "山田\nplain"),
            (b"\x1b$(D0!\x1b(B", "丂"),
        ];
        for (bytes, expected) in cases {
            assert_eq!(decode(bytes, Some("iso-2022-jp")), expected, "{bytes:02x?}");
        }
        assert_eq!(decode(b"\x1b$B;3\x1b$B", Some("iso-2022-jp")), "山");
        assert_eq!(decode(b"\x1b$A0!\x1b(B", Some("iso-2022-jp-2")), "\u{fffd}");
    }

    #[test]
    fn labels_that_lie_are_overruled() {
        let sentence = "顧客の山田花子様 電話090-1234-5678 本文です";
        let sjis = SHIFT_JIS.encode(sentence).0;
        let euc = EUC_JP.encode(sentence).0;
        for name in [Some("utf-8"), Some("us-ascii"), Some("iso-8859-1"), Some("x-nobody-knows"), None] {
            assert_eq!(decode(&sjis, name), sentence, "sjis as {name:?}");
            assert_eq!(decode(&euc, name), sentence, "euc as {name:?}");
            assert_eq!(decode(sentence.as_bytes(), name), sentence, "utf-8 as {name:?}");
            assert_eq!(decode(&jis("山田花子"), name), "山田花子", "jis as {name:?}");
        }
        assert_eq!(decode(sentence.as_bytes(), Some("shift_jis")), sentence);
    }

    #[test]
    fn an_escape_that_makes_no_sense_does_not_hide_digits() {
        assert!(decode(b"\x1b$B 090-1234-5678 ~~~~", Some("us-ascii")).contains("090-1234-5678"));
    }

    #[test]
    fn sixteen_bit_text_is_read_with_and_without_its_mark() {
        let text = "山田花子 090-1234-5678\n";
        let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let marked = [b"\xff\xfe", le.as_slice()].concat();
        for (bytes, name) in [
            (&le, Some("utf-16le")),
            (&be, Some("utf-16be")),
            (&be, Some("utf-16")),
            (&le, Some("utf-16")),
            (&le, None),
            (&be, None),
            (&marked, Some("us-ascii")),
        ] {
            assert_eq!(decode(bytes, name), text, "{name:?}");
        }
    }

    #[test]
    fn utf_7_and_marks() {
        assert_eq!(decode(b"+XHF1MA- 1+-1", Some("utf-7")), "山田 1+1");
        assert_eq!(decode(b"\xef\xbb\xbfa", Some("shift_jis")), "a");
        assert_eq!(decode(b"caf\xe9", Some("iso-8859-1")), "café");
        assert_eq!(decode(b"", None), "");
    }

    #[test]
    fn damage_stays_damage_and_does_not_change_the_charset() {
        let mut bytes = "顧客の山田花子様、いつもお世話になっております".as_bytes().to_vec();
        bytes.push(0xff);
        assert_eq!(decode(&bytes, Some("utf-8")), "顧客の山田花子様、いつもお世話になっております\u{fffd}");
    }
}
