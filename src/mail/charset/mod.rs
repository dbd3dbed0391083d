//! Bytes to text, for Japanese mail as it really is.
//!
//! In: bytes and the charset somebody declared for them, which may be missing, misspelt or wrong. Out: text, always, and
//! how it came about: which charset it was read in, whether that is the declared one, whether stretches of it have no
//! meaning (they become U+FFFD). encoding_rs knows the charsets of the web; what mail needs beyond them is here: the
//! names that Japanese mailers write ([`label`]), ISO-2022-JP with everything that has ever been put into it ([`jis`]),
//! UTF-7, text of 16 and 32 bits ([`wide`](mod@wide)), lines of several charsets ([`mixed`]), and labels that do not tell the
//! truth.
//! Deliberately absent: any error: a mail is never refused for its charset.

mod guess;
mod jis;
mod label;
mod mixed;
mod wide;

use std::borrow::Cow;

use encoding_rs::{EUC_JP, Encoding, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use self::guess::{guess, is_in_runs, is_japanese, is_mostly_halfwidth};
use self::jis::Jis;
use self::label::Label;
pub(crate) use self::mixed::japanese;

/// How much of a text is looked at to guess its charset. chardetng is sure after a few dozen characters.
const GUESS_BYTES: usize = 64 * 1024;

/// This many characters that have no meaning are strays: a byte lost in a signature, a character cut by a line end. More
/// of them are damage if they stand together, or are more than a twentieth of what is not ASCII: then something was
/// written there that we do not read and somebody else may.
const STRAYS: usize = 3;

/// Bytes as text, and how they became it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded<'a> {
    /// The text. U+FFFD stands for what has no meaning.
    pub text: Cow<'a, str>,
    /// The charset it was read in, in lower case.
    pub charset: &'static str,
    /// Whether another charset was declared, and it matters.
    pub mislabelled: bool,
    /// Whether stretches of it have no meaning.
    pub damaged: bool,
}

/// Decodes `bytes`, believing `declared` only as far as the bytes allow.
pub fn decode(bytes: &[u8], declared: Option<&str>) -> String {
    text(bytes, declared).into_owned()
}

/// As [`decode`], without a copy when the bytes are UTF-8 already.
pub fn text<'a>(bytes: &'a [u8], declared: Option<&str>) -> Cow<'a, str> {
    by_evidence(bytes, declared.map_or(Label::Unknown, Label::of)).0
}

/// As [`text`], and tells how it went.
pub fn read<'a>(bytes: &'a [u8], declared: Option<&str>) -> Decoded<'a> {
    let label = declared.map_or(Label::Unknown, Label::of);
    let (text, charset) = by_evidence(bytes, label);
    // What is ASCII is the same under every label but those of 16 bits.
    let matters = !(text.is_ascii() && text.len() == bytes.len());
    let mislabelled = declared.is_some() && matters && !label.means(charset);
    // What is UTF-8 may hold U+FFFD as somebody wrote it.
    let is_as_written = charset == Charset::Of(UTF_8) && simdutf8::basic::from_utf8(bytes).is_ok();
    let damaged = !is_as_written && is_broken(&text);
    Decoded { text, charset: name_of(charset), mislabelled, damaged }
}

/// The text of bytes that are more than eight bits a character and do not say so.
pub(crate) fn wide(bytes: &[u8]) -> Option<Cow<'_, str>> {
    wide::unmarked(bytes).map(|(text, _)| text)
}

/// What a text was read in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Charset {
    Of(&'static Encoding),
    Jis,
    Utf7,
    Utf32,
}

fn name_of(charset: Charset) -> &'static str {
    match charset {
        Charset::Jis => "iso-2022-jp",
        Charset::Utf7 => "utf-7",
        Charset::Utf32 => "utf-32",
        // Those of the web have their names in capitals or mixed letters.
        Charset::Of(encoding) => match encoding.name() {
            "UTF-8" => "utf-8",
            "Shift_JIS" => "shift_jis",
            "EUC-JP" => "euc-jp",
            "UTF-16LE" => "utf-16le",
            "UTF-16BE" => "utf-16be",
            "GBK" => "gbk",
            "Big5" => "big5",
            "EUC-KR" => "euc-kr",
            name => name,
        },
    }
}

/// Whether so much of a text has no meaning that it is damage.
fn is_broken(text: &str) -> bool {
    let (mut lost, mut foreign, mut run, mut longest) = (0usize, 0usize, 0usize, 0usize);
    for c in text.chars().filter(|c| !c.is_ascii() || c.is_ascii_graphic()) {
        foreign += usize::from(!c.is_ascii());
        run = if c == '\u{fffd}' { run + 1 } else { 0 };
        lost += usize::from(run > 0);
        longest = longest.max(run);
    }
    lost > STRAYS && (longest > STRAYS || lost * 20 > foreign)
}

fn by_evidence(bytes: &[u8], label: Label) -> (Cow<'_, str>, Charset) {
    if let Some(marked) = wide::marked(bytes).or_else(|| by_mark(bytes)) {
        return marked;
    }
    // A NUL is no character of any text, and no label makes it one.
    if memchr::memchr(0, bytes.get(..GUESS_BYTES).unwrap_or(bytes)).is_some()
        && let Some(wide) = wide::unmarked(bytes)
    {
        return wide;
    }
    let (text, charset) = by_bytes_or_label(bytes, label);
    // What is one charset throughout is borrowed or has neither escapes nor gaps.
    let is_doubtful = mixed::is_likely(bytes) || matches!((&text, charset), (Cow::Owned(_), Charset::Of(_)));
    let is_wide = charset == Charset::Of(UTF_16LE) || charset == Charset::Of(UTF_16BE);
    if is_doubtful
        && !is_wide
        && let Some(mixed) = mixed::by_lines(bytes, charset)
    {
        return (mixed, charset);
    }
    (text, charset)
}

fn by_bytes_or_label(bytes: &[u8], label: Label) -> (Cow<'_, str>, Charset) {
    if label != Label::Jis && jis::is_escaped(bytes) {
        // Mailers label JIS as us-ascii, iso-8859-1, utf-8 or not at all. Only when every character of it exists
        // is the label overruled, so that a stray escape cannot hide the digits behind it.
        let text = Jis::decode(bytes);
        if !text.contains('\u{fffd}') {
            return (Cow::Owned(text), Charset::Jis);
        }
    }
    match label {
        Label::Utf7 => utf7(bytes),
        Label::Jis => jis_or_not(bytes),
        Label::Utf16 => {
            let guessed = guess(bytes);
            if is_japanese(&guessed.0) { guessed } else { wide::declared(bytes).unwrap_or(guessed) }
        }
        Label::Known(encoding) => by_label(bytes, encoding),
        Label::Utf32 | Label::Unknown => guess(bytes),
    }
}

/// Declared as JIS; without one escape sequence 8-bit bytes are something else, unless they are all half-width kana.
fn jis_or_not(bytes: &[u8]) -> (Cow<'_, str>, Charset) {
    let is_8_bit = |&c: &u8| c >= 0x80;
    if !bytes.iter().any(is_8_bit) || jis::is_escaped(bytes) {
        return (Cow::Owned(Jis::decode(bytes)), Charset::Jis);
    }
    let as_utf_8 = simdutf8::basic::from_utf8(bytes).is_ok_and(|text| text.chars().any(|c| c >= '\u{800}'));
    let as_kana = bytes.iter().filter(|c| is_8_bit(c)).all(|c| (0xa1..=0xdf).contains(c));
    if as_utf_8 || !as_kana { guess(bytes) } else { (Cow::Owned(Jis::decode(bytes)), Charset::Jis) }
}

/// A byte order mark beats every label.
fn by_mark(bytes: &[u8]) -> Option<(Cow<'_, str>, Charset)> {
    let (encoding, mark) = Encoding::for_bom(bytes)?;
    let text = encoding.decode_without_bom_handling(bytes.get(mark..).unwrap_or_default()).0;
    Some((text, Charset::Of(encoding)))
}

/// Decodes as declared, unless the bytes say clearly that they are something else.
fn by_label<'a>(bytes: &'a [u8], encoding: &'static Encoding) -> (Cow<'a, str>, Charset) {
    if let Ok(text) = simdutf8::basic::from_utf8(bytes) {
        // Valid UTF-8 with 8-bit bytes is practically never anything else, and plain ASCII reads the same in every
        // charset.
        return (Cow::Borrowed(text), Charset::Of(UTF_8));
    }
    let (text, _) = encoding.decode_without_bom_handling(bytes);
    if encoding.is_single_byte() {
        // Nothing is ever wrong in windows-1252 and its like, so the label proves nothing.
        let guessed = guess(bytes);
        // Of Cyrillic half-width kana are made.
        let is_kana = is_japanese(&guessed.0) && (encoding == WINDOWS_1252 || !is_mostly_halfwidth(&guessed.0));
        return if is_kana || is_in_runs(bytes, &guessed.0) { guessed } else { (text, Charset::Of(encoding)) };
    }
    if encoding == SHIFT_JIS && is_mostly_halfwidth(&text) {
        // EUC-JP is nearly always valid Shift_JIS, and then looks like half-width kana without end.
        let (euc, _, wrong) = EUC_JP.decode(bytes);
        let hiragana = euc.chars().filter(|c| ('\u{3041}'..='\u{309f}').contains(c)).count();
        // A third of the bytes of its kanji are none of half-width kana.
        let (high, beyond) =
            (bytes.iter().filter(|&&c| c >= 0x80).count(), bytes.iter().filter(|&&c| c >= 0xe0).count());
        if !wrong && (hiragana * 5 > euc.chars().filter(|c| !c.is_ascii()).count() || beyond * 10 > high) {
            return (euc, Charset::Of(EUC_JP));
        }
    }
    let wrong = text.chars().filter(|&c| c == '\u{fffd}').count();
    let foreign = text.chars().filter(|c| !c.is_ascii()).count();
    // A few broken characters are damage; more than a tenth of all is another charset. But what is UTF-8 by half cannot
    // be anything else.
    let is_utf_8 = encoding == UTF_8 && foreign > wrong * 2;
    if wrong * 10 > foreign && !is_utf_8 { guess(bytes) } else { (text, Charset::Of(encoding)) }
}

/// RFC 2152. Without a shifted run it is ASCII.
fn utf7(bytes: &[u8]) -> (Cow<'_, str>, Charset) {
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
    (Cow::Owned(text), Charset::Utf7)
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
        assert_eq!(decode(b"\x1b$A0!\x1b(B", Some("iso-2022-jp-2")), "啊");
        assert_eq!(decode(b"\x1b$(C0!\x1b(B", Some("iso-2022-jp-2")), "가");
        assert_eq!(decode(b"\x1b$(E0!\x1b(B", Some("iso-2022-jp")), "\u{fffd}");
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
        assert_eq!(decode(&euc, Some("shift_jis")), sentence);
        assert_eq!(decode(&sjis, Some("euc-jp")), sentence);
        // Names have no kana to tell them by.
        let names = "秘密太郎,090-1234-5678\n佐藤一郎,080-1111-2222\n";
        for name in [
            "iso-8859-1",
            "windows-1252",
            "windows-1250",
            "koi8-r",
            "macintosh",
            "utf-8",
            "shift_jis",
            "euc-jp",
            "us-ascii",
        ] {
            for charset in [SHIFT_JIS, EUC_JP] {
                assert_eq!(decode(&charset.encode(names).0, Some(name)), names, "{} as {name}", charset.name());
            }
        }
        for kana in ["ﾔﾏﾀﾞ ﾊﾅｺ", "ｶﾌﾞｼｷｶﾞｲｼｬ､ﾄｳﾎｳｶﾝｺｳ"] {
            assert_eq!(decode(&SHIFT_JIS.encode(kana).0, Some("shift_jis")), kana);
        }
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

    #[test]
    fn both_planes_of_jis_x_0213_are_read() {
        assert_eq!(decode(b"\x1b$(Q;3y!#!\x1b$(P!!\x1b(B", Some("iso-2022-jp-2004")), "山硃▷𠂉");
        assert_eq!(decode(b"\x1b$(P!\x22\x1b(B", None), "丂");
    }

    #[test]
    fn wrong_labels_are_told_and_harmless_ones_are_not() {
        let sjis = SHIFT_JIS.encode("顧客の山田花子様").0;
        let told = |bytes: &[u8], name| {
            let read = read(bytes, name);
            (read.charset, read.mislabelled)
        };
        assert_eq!(told(&sjis, Some("utf-8")), ("shift_jis", true));
        assert_eq!(told(&sjis, Some("iso-2022-jp")), ("shift_jis", true));
        assert_eq!(told(&sjis, Some("cp932")), ("shift_jis", false));
        assert_eq!(told(&sjis, None), ("shift_jis", false));
        assert_eq!(told("顧客の山田".as_bytes(), Some("iso-2022-jp")), ("utf-8", true));
        assert_eq!(told("顧客の山田".as_bytes(), Some("us-ascii")), ("utf-8", true));
        assert_eq!(told(&jis("山田花子"), Some("utf-8")), ("iso-2022-jp", true));
        assert_eq!(told(&jis("山田花子"), Some("cp50221")), ("iso-2022-jp", false));
        assert_eq!(told(b"plain", Some("iso-2022-jp")), ("iso-2022-jp", false));
        assert_eq!(told(b"plain", Some("x-nobody-knows")), ("utf-8", false));
        assert_eq!(told(b"caf\xe9", Some("iso-8859-1")), ("windows-1252", false));
        assert_eq!(told(b"+XHF1MA-", Some("utf-7")), ("utf-7", false));
    }

    #[test]
    fn strays_are_no_damage_and_stretches_are() {
        let damaged = |bytes: &[u8], name| read(bytes, Some(name)).damaged;
        let prose = "いつもお世話になっております。東邦観光の山田です。".repeat(4);
        let with = |junk: &[u8], times: usize| {
            [prose.as_bytes(), &[junk, "。".as_bytes()].concat().repeat(times), prose.as_bytes()].concat()
        };
        assert!(!damaged(&with(b"\xff", 3), "utf-8"));
        // Scattered far apart, between text that was read.
        assert!(!damaged(&with(b"\xff", 5), "utf-8"));
        assert!(damaged(&with(b"\xff", 40), "utf-8"));
        assert!(!damaged(&with(b"\xff\xff\xff", 1), "utf-8"));
        assert!(damaged(&with(b"\xff\xff\xff\xff", 1), "utf-8"));
        assert!(damaged(b"\x1b$(E0!0!0!0!0!\x1b(B", "iso-2022-jp"));
        // Somebody else's damage, written as such.
        assert!(!damaged("Re: \u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}".as_bytes(), "utf-8"));
        assert!(!damaged(b"caf\xe9", "utf-8"));
        assert_eq!(read(&with(b"\xff", 40), None).charset, "utf-8");
        let russian = "Здравствуйте, уважаемые коллеги. Список сотрудников отдела продаж прилагается.";
        for (name, charset) in [("windows-1251", encoding_rs::WINDOWS_1251), ("koi8-r", encoding_rs::KOI8_R)] {
            assert_eq!(read(&charset.encode(russian).0, Some(name)).text, russian, "{name}");
        }
        let swedish = "Välkommen på fredag! Årets höstmöte hålls i Göteborg, vi ses där. Anmälan är öppen nu.";
        let latin = WINDOWS_1252.encode(swedish).0;
        for name in ["iso-8859-1", "windows-1252", "us-ascii", "x-unknown"] {
            let found = read(&latin, Some(name));
            assert_eq!((&*found.text, found.damaged), (swedish, false), "{name}");
        }
    }
}
