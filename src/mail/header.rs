//! Header fields decoded: encoded words, parameters, mailbox lists.
//!
//! In: the bytes of a field's value, folds included. Out: text, parameters, mailboxes; never an error, because what
//! stands there must be shown and searched whatever its state. RFC 2047 and 2231 are read as mailers write them, not
//! as they are meant: words cut in the middle of a character, encoded words in quotes, raw Shift_JIS.
//! Deliberately absent: dates, message identifiers, and writing header fields.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::charset;

/// The longest charset name and the longest text that an encoded word is searched for; RFC 2047 allows 75 bytes in
/// all, mailers write hundreds. Without a bound a field of many openings and no end takes quadratic time.
const WORD_BYTES: usize = 16 * 1024;
const CHARSET_BYTES: usize = 128;

/// One name and address of a From, To or Cc field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mailbox {
    /// The display name or, in the old style, the comment behind the address; empty if there is none.
    pub name: String,
    /// What stands between the angle brackets, as written.
    pub address: String,
}

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

/// Reads an address list (RFC 5322 §3.4): groups are opened, comments are names when there is no other.
pub fn mailboxes(value: &[u8]) -> Vec<Mailbox> {
    // Raw Japanese first becomes text: a second byte of Shift_JIS or JIS may look like a quote or a comma.
    let value = unfold(value);
    let text = charset::text(&value, None);
    let mut list = AddressList::default();
    let mut rest = &*text;
    while let Some(c) = rest.chars().next() {
        rest = list.step(c, rest);
    }
    list.finish_mailbox();
    list.found
}

/// The parameters of a Content-Type or Content-Disposition value, in order of appearance, names in lower case.
///
/// A name may come twice: clients disagree on which one counts. RFC 2231 continuations are put together (their bytes
/// first, then the charset), encoded words in quoted values are decoded although RFC 2047 forbids them.
pub fn parameters(value: &[u8]) -> Vec<(String, String)> {
    let value = unfold(value);
    let text = charset::text(&value, None);
    let mut found: Vec<(String, Option<String>)> = Vec::new();
    let mut segments: BTreeMap<String, BTreeMap<u32, Segment>> = BTreeMap::new();
    let mut rest = text.split_once(';').map_or("", |(_, rest)| rest);
    while !rest.is_empty() {
        let (name, value, after) = parameter(rest);
        rest = after;
        let Some((name, value)) = name.zip(value) else { continue };
        match name.split_once('*') {
            None => found.push((name, Some(decode(value.as_bytes())))),
            Some((base, suffix)) => {
                let segment =
                    Segment { encoded: suffix.is_empty() || suffix.ends_with('*'), value: value.into_owned() };
                let number = suffix.trim_end_matches('*').parse().unwrap_or_default();
                if !segments.contains_key(base) {
                    found.push((base.to_owned(), None));
                }
                segments.entry(base.to_owned()).or_default().entry(number).or_insert(segment);
            }
        }
    }
    found
        .into_iter()
        .map(|(name, value)| {
            let value = value.or_else(|| segments.remove(&name).map(joined)).unwrap_or_default();
            (name, value)
        })
        .collect()
}

/// Base64 that survives what happens to it on the way: anything outside the alphabet is passed over, padding in the
/// middle starts a new run (two encoded blocks joined).
pub(crate) fn base64(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let (mut bits, mut count) = (0u32, 0u32);
    let mut rest = text;
    loop {
        if count == 0 {
            rest = whole_groups(rest, &mut bytes);
        }
        let Some((&c, after)) = rest.split_first() else { return bytes };
        rest = after;
        match SEXTETS[usize::from(c)] {
            PADDING => (bits, count) = (0, 0),
            FOREIGN => {}
            value => {
                bits = (bits << 6 | u32::from(value)) & 0xffff;
                count += 6;
                if count >= 8 {
                    count -= 8;
                    // The mask keeps exactly the eight bits that are complete.
                    bytes.push((bits >> count & 0xff) as u8);
                }
            }
        }
    }
}

/// Decodes groups of four characters that are all in the alphabet, which is nearly all of a file; gives the rest.
fn whole_groups<'a>(mut text: &'a [u8], bytes: &mut Vec<u8>) -> &'a [u8] {
    while let Some((group, after)) = text.split_first_chunk::<4>() {
        let [a, b, c, d] = group.map(|c| SEXTETS[usize::from(c)]);
        if a | b | c | d >= PADDING {
            break;
        }
        let [_, triple @ ..] =
            (u32::from(a) << 18 | u32::from(b) << 12 | u32::from(c) << 6 | u32::from(d)).to_be_bytes();
        bytes.extend_from_slice(&triple);
        text = after;
    }
    text
}

/// What every byte means in base64: its value below 64, [`PADDING`], or nothing ([`FOREIGN`]). The alphabet of URLs
/// counts as well.
const SEXTETS: [u8; 256] = {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut sextets = [FOREIGN; 256];
    let mut value = 0;
    while value < 64 {
        sextets[alphabet[value as usize] as usize] = value;
        value += 1;
    }
    sextets[b'-' as usize] = 62;
    sextets[b'_' as usize] = 63;
    sextets[b'=' as usize] = PADDING;
    sextets
};
const PADDING: u8 = 64;
const FOREIGN: u8 = 128;

/// Quoted-printable (RFC 2045 §6.7); with `header`, an underscore is a space (RFC 2047 §4.2). What is no escape stays
/// as it is.
pub(crate) fn quoted_printable(text: &[u8], header: bool) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    loop {
        let plain = if header { memchr::memchr2(b'=', b'_', rest) } else { memchr::memchr(b'=', rest) };
        let (plain, special) = rest.split_at(plain.unwrap_or(rest.len()));
        bytes.extend_from_slice(plain);
        let Some((&c, after)) = special.split_first() else { return bytes };
        rest = after;
        if c == b'_' {
            bytes.push(b' ');
        } else if let Some(byte) = hex_pair(after) {
            bytes.push(byte);
            rest = after.get(2..).unwrap_or_default();
        } else if let Some(after) = soft_break(after) {
            rest = after;
        } else {
            bytes.push(c);
        }
    }
}

/// Behind an equals sign: white space and a line end, which together mean nothing.
fn soft_break(after: &[u8]) -> Option<&[u8]> {
    let blank = after.iter().position(|c| !matches!(c, b' ' | b'\t' | b'\r')).unwrap_or(after.len());
    match after.get(blank..) {
        Some([b'\n', rest @ ..]) => Some(rest),
        Some([]) => Some(&[]),
        _ => None,
    }
}

fn hex_pair(text: &[u8]) -> Option<u8> {
    let digit = |c: &u8| char::from(*c).to_digit(16);
    let (high, low) = (digit(text.first()?)?, digit(text.get(1)?)?);
    u8::try_from(high << 4 | low).ok()
}

fn unfold(value: &[u8]) -> Cow<'_, [u8]> {
    if value.iter().any(|c| matches!(c, b'\r' | b'\n')) {
        Cow::Owned(value.iter().copied().filter(|c| !matches!(c, b'\r' | b'\n')).collect())
    } else {
        Cow::Borrowed(value)
    }
}

/// An encoded word, its encoding undone, its charset not.
struct Word {
    charset: String,
    bytes: Vec<u8>,
}

/// Reads `=?charset?B|Q?text?=` at the front.
fn encoded_word(text: &[u8]) -> Option<(Word, &[u8])> {
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

/// Reads an address list token by token.
#[derive(Default)]
struct AddressList {
    found: Vec<Mailbox>,
    /// Words before the address, encoded words still encoded.
    phrase: String,
    comment: String,
    address: Option<String>,
    /// Whether the phrase holds an at sign.
    at_seen: bool,
}

impl AddressList {
    /// Takes the token that starts with `c` off `rest`.
    fn step<'a>(&mut self, c: char, rest: &'a str) -> &'a str {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        match c {
            '"' => {
                let (quoted, after) = quoted_string(after);
                self.phrase.push_str(&quoted);
                after
            }
            '(' => {
                let (comment, after) = comment(after);
                self.comment = comment.to_owned();
                after
            }
            '<' => {
                let end = after.find(['>', '\n']).unwrap_or(after.len());
                let (address, after) = after.split_at(end);
                // A source route (RFC 5322 §4.4) stands before a colon.
                let address = address.strip_prefix('@').and_then(|a| a.split_once(':')).map_or(address, |(_, a)| a);
                self.address = Some(address.trim().to_owned());
                after.get(1..).unwrap_or_default()
            }
            ',' | ';' => {
                self.finish_mailbox();
                after
            }
            // What stands before a colon is a group's name, not a person's.
            ':' if self.address.is_none() && !self.at_seen => {
                self.phrase.clear();
                after
            }
            // A comma or a quote inside an encoded word is part of the name.
            '=' => match encoded_word(rest.as_bytes()) {
                Some((_, tail)) if rest.is_char_boundary(rest.len() - tail.len()) => {
                    let (word, after) = rest.split_at(rest.len() - tail.len());
                    self.phrase.push_str(word);
                    after
                }
                _ => {
                    self.phrase.push(c);
                    after
                }
            },
            _ => {
                let next = after.find(['"', '(', '<', ',', ';', ':', '=']);
                let (run, after) = rest.split_at(next.map_or(rest.len(), |at| c.len_utf8() + at));
                self.at_seen |= run.contains('@');
                self.phrase.push_str(run);
                after
            }
        }
    }

    fn finish_mailbox(&mut self) {
        self.at_seen = false;
        let phrase = decode(std::mem::take(&mut self.phrase).as_bytes());
        let comment = std::mem::take(&mut self.comment);
        let comment = if comment.is_empty() { comment } else { decode(comment.as_bytes()) };
        let mailbox = match self.address.take() {
            Some(address) => Mailbox { name: if phrase.is_empty() { comment } else { phrase }, address },
            None => Mailbox { name: comment, address: phrase },
        };
        if !mailbox.address.is_empty() {
            self.found.push(mailbox);
        }
    }
}

/// Behind an opening quote: the content with its escapes undone, and what follows the closing one.
fn quoted_string(text: &str) -> (Cow<'_, str>, &str) {
    let mut content = Cow::Borrowed("");
    let mut rest = text;
    loop {
        let end = rest.find(['"', '\\']).unwrap_or(rest.len());
        let (plain, tail) = rest.split_at(end);
        content += plain;
        let mut tail = tail.chars();
        match (tail.next(), tail.clone().next()) {
            // Only these two are ever escaped; Windows paths are not.
            (Some('\\'), Some(c @ ('"' | '\\'))) => {
                content.to_mut().push(c);
                tail.next();
                rest = tail.as_str();
            }
            (Some('\\'), _) => {
                content.to_mut().push('\\');
                rest = tail.as_str();
            }
            _ => return (content, tail.as_str()),
        }
    }
}

/// Behind an opening parenthesis: the comment, inner ones included, and what follows.
fn comment(text: &str) -> (&str, &str) {
    let mut depth = 1u32;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default());
        }
    }
    (text, "")
}

/// One segment of an RFC 2231 parameter.
struct Segment {
    /// Whether it carries %XX.
    encoded: bool,
    value: String,
}

/// Takes one `name=value` off the front; either may be missing in a damaged field.
fn parameter(text: &str) -> (Option<String>, Option<Cow<'_, str>>, &str) {
    let text = text.trim_start_matches([' ', '\t', ';']);
    let end = text.find(['=', ';']).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let name = Some(name.trim().to_ascii_lowercase()).filter(|name| !name.is_empty());
    let Some(rest) = rest.strip_prefix('=') else { return (name, None, rest) };
    let rest = rest.trim_start_matches([' ', '\t']);
    if let Some(quoted) = rest.strip_prefix('"') {
        let (value, rest) = quoted_string(quoted);
        (name, Some(value), rest.find(';').and_then(|at| rest.get(at..)).unwrap_or_default())
    } else {
        let end = rest.find(';').unwrap_or(rest.len());
        let (value, rest) = rest.split_at(end);
        (name, Some(Cow::Borrowed(value.trim_end())), rest)
    }
}

/// Puts the segments together as bytes: a character, even a %XX, may be cut between two of them.
fn joined(segments: BTreeMap<u32, Segment>) -> String {
    let mut charset = None;
    let mut bytes = Vec::new();
    // Encoded segments that follow each other; a %XX may be cut between them.
    let mut percent = String::new();
    for (number, segment) in segments {
        if !segment.encoded {
            bytes.extend(percent_decoded(&std::mem::take(&mut percent)));
            bytes.extend(segment.value.as_bytes());
            continue;
        }
        // charset'language'value, in the first segment only.
        let mut pieces = segment.value.splitn(3, '\'');
        match (number, pieces.next(), pieces.next(), pieces.next()) {
            (0, Some(name), Some(_), Some(value)) => {
                charset = Some(name.to_owned()).filter(|name| !name.is_empty());
                percent.push_str(value);
            }
            _ => percent.push_str(&segment.value),
        }
    }
    bytes.extend(percent_decoded(&percent));
    charset::decode(&bytes, charset.as_deref())
}

/// `%XX` as the byte it stands for.
pub(crate) fn percent_decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&c, after)) = rest.split_first() {
        match hex_pair(after) {
            Some(byte) if c == b'%' => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(c);
                rest = after;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sjis(text: &str) -> Vec<u8> {
        encoding_rs::SHIFT_JIS.encode(text).0.into_owned()
    }

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

    #[test]
    fn mailboxes_as_people_write_them() {
        let read = |value: &[u8]| {
            mailboxes(value).into_iter().map(|m| format!("{}|{}", m.name, m.address)).collect::<Vec<_>>().join(" ; ")
        };
        let cases: [(&[u8], &str); 10] = [
            (b"taro@example.jp", "|taro@example.jp"),
            (b"Taro Yamada <taro@example.jp>, b@example.jp", "Taro Yamada|taro@example.jp ; |b@example.jp"),
            (b"\"Yamada, Taro\" <taro@example.jp>", "Yamada, Taro|taro@example.jp"),
            (b"taro@example.jp (Taro (T.) Yamada)", "Taro (T.) Yamada|taro@example.jp"),
            (b"=?utf-8?Q?a,_b?= <c@example.jp>", "a, b|c@example.jp"),
            (
                b"Friends: a@example.jp, B <b@example.jp>;, c@example.jp",
                "|a@example.jp ; B|b@example.jp ; |c@example.jp",
            ),
            (b"undisclosed-recipients:;", ""),
            (b"<@relay.example,@b.example:a@example.jp>", "|a@example.jp"),
            (b"\"a \\\"b\\\" c\" <d@example.jp>", "a \"b\" c|d@example.jp"),
            (b"taro..yamada.@docomo.ne.jp", "|taro..yamada.@docomo.ne.jp"),
        ];
        for (value, expected) in cases {
            assert_eq!(read(value), expected, "{}", String::from_utf8_lossy(value));
        }
        // An unclosed quote swallows the rest, but must not be lost: it comes back as the address text.
        assert!(read(b"\"open <a@example.jp>, b@example.jp").contains("b@example.jp"));
        assert_eq!(read(&sjis("髙橋 一郎ソ <a@example.jp>")), "髙橋 一郎ソ|a@example.jp");
        assert_eq!(read("花子 <花子@例え.jp>".as_bytes()), "花子|花子@例え.jp");
    }

    #[test]
    fn parameters_in_every_state() {
        let read =
            |value: &[u8]| parameters(value).into_iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join("|");
        let cases: [(&[u8], &str); 11] = [
            (b"text/plain; charset=utf-8", "charset=utf-8"),
            (b"text/plain;CHARSET=\"utf-8\" ; x=y;", "charset=utf-8|x=y"),
            (b"a; filename=\"a;b.txt\"", "filename=a;b.txt"),
            (b"a; filename=\xe5\x90\x8d \xe7\xb0\xbf.xlsx; size=1", "filename=名 簿.xlsx|size=1"),
            (b"a; filename*=utf-8'ja'%E5%90%8D.txt", "filename=名.txt"),
            (b"a; filename*0*=utf-8''%E5%9;\r\n filename*1*=0%8D;filename*2=.txt", "filename=名.txt"),
            (b"a; filename*1=b; filename*0=a; name=n", "filename=ab|name=n"),
            (b"a; filename=\"=?utf-8?B?5ZCN?= =?utf-8?B?57C/?=.txt\"", "filename=名簿.txt"),
            (b"a; filename=x.txt; filename=y.exe", "filename=x.txt|filename=y.exe"),
            (b"a; filename=\"C:\\x\\y.txt\"", "filename=C:\\x\\y.txt"),
            (b"a; filename=\"open", "filename=open"),
        ];
        for (value, expected) in cases {
            assert_eq!(read(value), expected, "{}", String::from_utf8_lossy(value));
        }
        let raw = [b"a; filename=\"".as_slice(), &sjis("顧客名簿（社外秘）ソ表.xlsx"), b"\""].concat();
        assert_eq!(read(&raw), "filename=顧客名簿（社外秘）ソ表.xlsx");
        assert_eq!(read(b"a; filename*=cp932''%8C%DA%8Bq.txt"), "filename=顧客.txt");
    }

    #[test]
    fn transfer_encodings_survive_damage() {
        assert_eq!(base64(b"5Lu2\r\n!5ZCN"), "件名".as_bytes());
        assert_eq!(base64(b"5Lu25A==5Lu2"), [b"\xe4\xbb\xb6\xe4".as_slice(), "件".as_bytes()].concat());
        // Wherever a group of four is cut by a line end, and in the alphabet of URLs.
        let text = "顧客の山田花子様".as_bytes();
        let encoded = b"6aGn5a6i44Gu5bGx55Sw6Iqx5a2Q5qeY";
        for cut in 0..encoded.len() {
            let (first, second) = encoded.split_at(cut);
            assert_eq!(base64(&[first, b"\r\n", second].concat()), text, "cut at {cut}");
        }
        assert_eq!(base64(b"-_-_+/+/"), base64(b"+/+/-_-_"));
        assert_eq!(quoted_printable(b"a=\r\nb=3Dc=\t \nd=zz=", false), b"ab=cd=zz");
        assert_eq!(quoted_printable(b"a_b=3D_", true), b"a b= ");
        assert_eq!(quoted_printable(b"a_b=", false), b"a_b");
    }
}
