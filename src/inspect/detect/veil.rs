//! Places → places that may be shown.
//!
//! In: where something stands, by the names of files, entries and sheets (`顧客_090-1234-5678.zip › 名簿.csv!C2`). Out: the
//! same with whatever a detector knows in a name masked as in a finding, and full names of people as well; a name without
//! any stays as it is. A name is short and few are shown, so each is looked at once, when all is read.
//! Deliberately absent: whether it is a leak, and any doubt: a telephone number in a name is masked whoever's it is.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use super::checks::Note;
use super::mask::Mask;
use super::normal::Normal;
use super::prose::bare;
use super::rules::Rules;
use super::scan;

/// What masks names; it remembers those that it has seen.
pub(in crate::inspect) struct Veil<'r> {
    rules: &'r Rules,
    /// Addresses of sender and recipients, which stand on the envelope.
    own: Vec<String>,
    /// What is shown of each name; nothing where nothing is to be hidden.
    known: HashMap<String, Option<String>>,
}

impl<'r> Veil<'r> {
    /// `own` are the addresses of sender and recipients.
    pub(in crate::inspect) fn new(rules: &'r Rules, own: &[String]) -> Self {
        Self { rules, own: own.iter().map(|address| address.to_lowercase()).collect(), known: HashMap::new() }
    }

    /// Masks what the names in a place say.
    pub(in crate::inspect) fn draw_over(&mut self, place: &mut String) {
        let shown: Vec<Cow<'_, str>> = place.split(SEPARATOR).map(|name| self.shown(name)).collect();
        if shown.iter().any(|name| matches!(name, Cow::Owned(_))) {
            *place = shown.join(SEPARATOR);
        }
    }

    fn shown<'n>(&mut self, name: &'n str) -> Cow<'n, str> {
        let known = match self.known.get(name) {
            Some(known) => known.clone(),
            None => {
                let masked = self.masked(name);
                self.known.insert(name.to_owned(), masked.clone());
                masked
            }
        };
        known.map_or(Cow::Borrowed(name), Cow::Owned)
    }

    /// The name with its values masked, if there are any. What stands behind it (a cell, a line, an ending) may join
    /// with a value to something that is none, so the name is read without it as well.
    fn masked(&self, name: &str) -> Option<String> {
        // `body`, `Subject`, `document.xml`: most places of a clean mail.
        if name.len() < WORD && name.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'.') {
            return None;
        }
        let mut ends = vec![name.len(), cell_or_line(name), name.rfind('.').unwrap_or(name.len())];
        ends.dedup();
        ends.into_iter().find_map(|end| {
            let (head, tail) = name.split_at_checked(end)?;
            Some(mask(self.rules, &self.own, head)? + tail)
        })
    }
}

/// A shorter word of letters is nobody's value.
const WORD: usize = 16;

/// Between the names of a place.
const SEPARATOR: &str = " › ";

/// Where `!C2` or `:3` begins at the end of a name.
fn cell_or_line(name: &str) -> usize {
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let cell = bare.trim_end_matches(|c: char| c.is_ascii_uppercase());
    let marked = cell.strip_suffix('!').or_else(|| bare.strip_suffix(':'));
    marked.filter(|_| bare.len() < name.len()).map_or(name.len(), str::len)
}

fn mask(rules: &Rules, own: &[String], name: &str) -> Option<String> {
    // A name is one line, whatever it has in it.
    let line: Cow<'_, str> =
        if name.contains(LINE_ENDS) { Cow::Owned(name.replace(LINE_ENDS, " ")) } else { Cow::Borrowed(name) };
    let normal = Normal::of(&line);
    let text = normal.text();
    let mut values = values(rules, own, text);
    if text.contains('_') {
        // It stands for a space in the names of files.
        for (value, mask) in self::values(rules, own, &text.replace('_', " ")) {
            if !values.iter().any(|(known, _)| known.start < value.end && value.start < known.end) {
                values.push((value, mask));
            }
        }
        values.sort_by_key(|(value, _)| value.start);
    }
    let (mut shown, mut from) = (String::with_capacity(name.len()), 0);
    for (value, mask) in &values {
        let (start, end) = (normal.original(value.start), normal.original(value.end));
        shown.push_str(name.get(from..start).unwrap_or_default());
        shown.push_str(&mask.apply(text.get(value.clone()).unwrap_or_default()));
        from = end.max(from);
    }
    shown.push_str(name.get(from..).unwrap_or_default());
    (!values.is_empty()).then_some(shown)
}

/// What is to be masked in a name, in its order.
fn values(rules: &Rules, own: &[String], text: &str) -> Vec<(Range<usize>, Mask)> {
    let mut values: Vec<(Range<usize>, Mask)> = Vec::new();
    for hit in scan::hits(rules, text, NUMBERED) {
        let (Some(detector), Some(value)) = (rules.detector(hit.detector), text.get(hit.range.clone())) else {
            continue;
        };
        let is_own = |own: &String| value.get(..own.len()).is_some_and(|head| head.eq_ignore_ascii_case(own));
        let is_known = matches!(hit.note, Note::Surname | Note::Service | Note::RoleAddress)
            || matches!(detector.mask, Mask::Nothing)
            || own.iter().any(is_own)
            || rules.exclusions().hold(hit.detector, detector, value);
        if !is_known {
            values.push((hit.range, detector.mask));
        }
    }
    let is_taken = |name: &bare::Bare| values.iter().any(|(value, _)| value.start < name.end && name.start < value.end);
    let names = bare::find(rules, text).alone.into_iter().filter(|name| !is_taken(name));
    let names: Vec<_> = names.map(|name| (name.start..name.end, Mask::First)).collect();
    values.extend(names);
    values.sort_by_key(|(value, _)| value.start);
    values
}

/// Twelve digits by which something is called may be anybody's number: in a name there is no doubt.
const NUMBERED: &str = "個人番号";

const LINE_ENDS: [char; 4] = ['\n', '\r', '\u{b}', '\u{c}'];

#[cfg(test)]
mod tests {
    use super::super::super::{Inspection, Job, Kind, Limits, hear};
    use super::*;

    fn shown(place: &str) -> String {
        let rules = Rules::compile(&[]).unwrap();
        let mut place = place.to_owned();
        Veil::new(&rules, &["own@example.co.jp".to_owned()]).draw_over(&mut place);
        place
    }

    #[test]
    fn values_in_names_are_masked() {
        for (place, told) in [
            ("顧客_090-1234-5678.txt:3", "顧客_090-****-5678.txt:3"),
            ("顧客０９０－１２３４－５６７８.txt", "顧客090-****-5678.txt"),
            ("4111111111111111.pdf", "************1111.pdf"),
            ("a.zip › 4111111111111111:3", "a.zip › ************1111:3"),
            ("a.zip › カード 4111-1111-1111-1111 › b", "a.zip › カード ****-****-****-1111 › b"),
            ("名簿.xlsx › taro.yamada@example.jp!C2", "名簿.xlsx › t***@example.jp!C2"),
            ("taro.yamada@example.jp.eml", "t***@example.jp.eml"),
            ("個人番号/123456789018.txt", "個人番号/********9018.txt"),
            ("a.zip › 739201846574.txt", "a.zip › ********6574.txt"),
            ("履歴書_山田太郎.pdf", "履歴書_山***.pdf"),
            ("a_090-1234-5678_山田太郎.pdf", "a_090-****-5678_山***.pdf"),
            ("履歴書\n氏名：山田太郎\n.pdf", "履歴書\n氏名：山***\n.pdf"),
        ] {
            assert_eq!(shown(place), told);
        }
    }

    #[test]
    fn harmless_names_stay_as_they_are() {
        for place in [
            "body:3",
            "Subject",
            "顧客.zip › 顧客.xlsx › 顧客!C2",
            "議事録_20261120.docx › word/document.xml",
            "見積書_4900123.pdf › page 3",
            "社外秘_価格表.xlsx › Sheet1!AA12345",
            "山田様_見積書.pdf",
            "info@example.jp.txt",
            "own@example.co.jp.txt",
            "IMG_20261120_123456.jpg",
            "bytes 1234567–7654321",
            "",
        ] {
            assert_eq!(shown(place), place);
        }
    }

    fn inspected(mail: &str) -> (Inspection, String) {
        let rules = Rules::compile(&[]).unwrap();
        let (inspection, heard) = hear(mail.as_bytes(), &Job::new(Kind::Mail), &rules, &Limits::default(), &mut ());
        assert_eq!(heard.attached.len(), inspection.attachments.len());
        (inspection, heard.attached.concat())
    }

    #[test]
    fn no_inspection_tells_a_value_by_a_name() {
        let part = |name: &str, text: &str| {
            format!(
                "--b\r\nContent-Type: application/octet-stream; name=\"{name}\"\r\nContent-Disposition: attachment; \
                 filename=\"{name}\"\r\n\r\n{text}\r\n"
            )
        };
        let mail = format!(
            "From: a@example.co.jp\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{}{}{}--b--\r\n",
            part("080-1234-5678.txt", "TEL 090-8765-4321"),
            part("4111111111111111.csv", "name,phone\r\nTaro Yamada,090-1111-2222\r\nHanako Sato,090-1111-3333\r\n"),
            part("taro.yamada@example.jp.bin", "\u{1}\u{2}\u{0}\u{0}"),
        );
        let (inspection, attached) = inspected(&mail);
        let told = serde_json::to_string(&inspection).unwrap();
        for value in ["080-1234-5678", "4111111111111111", "taro.yamada"] {
            assert!(!told.contains(value), "{told}");
            assert!(attached.contains(value), "rules ask for the name as it came: {attached}");
        }
        for shown in ["080-****-5678.txt:1", "************1111.csv!B2", "\"t***@example.jp.bin\""] {
            assert!(told.contains(shown), "{told}");
        }
        assert!(inspection.uninspected.iter().any(|part| part.place == "t***@example.jp.bin"), "{told}");
    }
}
