//! The parameters of a field: `name=value`, in pieces or encoded (RFC 2231) or both.
//!
//! In: the value of a Content-Type or Content-Disposition field. Out: its parameters as text. Deliberately absent: what
//! stands before the first of them, and which of two of one name counts.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::super::charset;
use super::transfer::percent_decoded;
use super::{decode, quoted_string, unfold};

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

#[cfg(test)]
mod tests {
    use super::*;

    use super::super::sjis;

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
}
