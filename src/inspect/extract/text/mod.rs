//! Text of every kind: plain, CSV, HTML, XML, JSON, mailboxes of several mails.
//!
//! In: bytes that are text in some charset. Out: running text, tables, and the files that mailers and people write into
//! the text itself (uuencode, yEnc, BinHex, base64, armour). A wrong charset label is noted on the ledger's entry, and
//! stretches that have no meaning are `damaged` (`mail::charset` says from when on). Deliberately absent: any grammar of JSON, vCard or iCalendar; they are read as they stand.

mod base64;
mod binhex;
pub(crate) mod csv;
pub(crate) mod grid;
pub(crate) mod html;
mod percent;
mod uuencode;
pub(crate) mod yenc;

use self::base64::Run;
use crate::inspect::Reason;
use crate::inspect::extract::document;
use crate::inspect::extract::mail::{Wrapper, card, mbox};
use crate::inspect::extract::reading::{Hint, Part, Reading};
use crate::inspect::extract::sniff::{self, Format};
use crate::inspect::extract::xml;
use crate::mail::charset;

/// Reads a part that `sniff` took for text.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>, format: Format) {
    let note = match format {
        Format::Mbox => return mbox::read(reading, part),
        Format::Html => {
            let charset = part.hint.charset.map(str::to_owned).or_else(|| html::declared_charset(part.bytes));
            declared(reading, part, part.bytes, charset.as_deref(), |reading, text| html::read(reading, part, text))
        }
        Format::Xml => {
            return document::read_xml(reading, part, &xml::decode(part.bytes));
        }
        Format::Json => {
            decoded(reading, part, part.bytes, |reading, text| reading.text(part.place, &json_unescaped(text)))
        }
        Format::Csv => {
            let media = part.hint.media;
            decoded(reading, part, part.bytes, |reading, text| csv::read(reading, part.place, text, media))
        }
        _ if card::is_card(&charset::text(part.bytes.get(..64).unwrap_or(part.bytes), part.hint.charset)) => {
            card::read(reading, part)
        }
        _ => plain(reading, part),
    };
    reading.done_noted(part.place, note);
}

/// Text, and the files in it. Those of yEnc are cut out before there are characters.
fn plain(reading: &mut Reading<'_>, part: &Part<'_>) -> Option<String> {
    let mut note = None;
    let mut rest = part.bytes;
    while let Some(file) = yenc::first(rest) {
        note = note.or(decoded(reading, part, file.before, |reading, text| running(reading, part, text)));
        let name = charset::text(file.name, part.hint.charset);
        embedded(reading, part, &name, &file.bytes, file.lack);
        rest = file.after;
    }
    note.or(decoded(reading, part, rest, |reading, text| running(reading, part, text)))
}

/// Running text, and the files that are written in letters of it.
fn running(reading: &mut Reading<'_>, part: &Part<'_>, text: &str) {
    let mut rest = text;
    while let Some(file) = uuencode::first(rest) {
        reading.text(part.place, &percent::readable(file.before));
        embedded(reading, part, &file.name, &file.bytes, None);
        rest = file.after;
    }
    reading.text(part.place, &percent::readable(rest));
    let limit = usize::try_from(reading.allowance()).unwrap_or(usize::MAX);
    let mut rest = text;
    while let Some((file, after)) = binhex::first(rest, limit) {
        let name = charset::text(&file.name, None);
        embedded(reading, part, &name, &file.data, file.cut.then_some(Reason::Damaged));
        if !file.resources.is_empty() {
            embedded(reading, part, &name, &file.resources, None);
        }
        rest = after;
    }
    for armour in base64::armoured(text) {
        armoured(reading, part, &armour);
    }
    let runs = match base64::all(text) {
        Some(file) => vec![Run::File(file)],
        None => base64::runs(text),
    };
    for run in runs {
        match run {
            Run::File(file) => embedded(reading, part, "base64", &file, None),
            Run::Unknown => reading.unread(&part.place.inside("base64"), Reason::Unsupported),
        }
    }
}

/// Keys stay text; what is known by its content is read; a message that cannot be opened is closed.
fn armoured(reading: &mut Reading<'_>, part: &Part<'_>, armour: &base64::Armoured<'_>) {
    let format = sniff::format(&armour.bytes, Hint::default());
    let is_message = armour.label.starts_with("PGP MESSAGE");
    match format {
        // In place: a body in armour is a body.
        Format::Wrapped(Wrapper::Pgp) if is_message => {
            reading.read(&part.inside(&armour.bytes, part.place));
        }
        _ if is_message => reading.unread(part.place, Reason::Encrypted),
        Format::Other(..) => {}
        _ if armour.bytes.is_empty() => {}
        _ => embedded(reading, part, armour.label, &armour.bytes, None),
    }
}

/// A file in a text.
fn embedded(reading: &mut Reading<'_>, part: &Part<'_>, name: &str, bytes: &[u8], lack: Option<Reason>) {
    let place = part.place.inside(name);
    if !reading.take_entry() || !reading.charge(bytes.len() as u64) {
        return reading.unread(&place, Reason::Limit);
    }
    reading.text(&place, name);
    reading.read(&part.inside(bytes, &place));
    if let Some(reason) = lack {
        reading.unread(&place, reason);
    }
}

/// Decodes bytes as text for `read`; says what is lost, and gives a note on the label if it is wrong.
fn decoded(
    reading: &mut Reading<'_>,
    part: &Part<'_>,
    bytes: &[u8],
    read: impl FnOnce(&mut Reading<'_>, &str),
) -> Option<String> {
    declared(reading, part, bytes, part.hint.charset, read)
}

fn declared(
    reading: &mut Reading<'_>,
    part: &Part<'_>,
    bytes: &[u8],
    declared: Option<&str>,
    read: impl FnOnce(&mut Reading<'_>, &str),
) -> Option<String> {
    let text = charset::read(bytes, declared);
    if text.damaged {
        reading.unread(part.place, Reason::Damaged);
    }
    read(reading, &text.text);
    let declared = declared.filter(|_| text.mislabelled)?;
    let declared: String = declared.chars().filter(|c| c.is_ascii_graphic()).take(40).collect();
    Some(format!("declared {declared}, read as {}", text.charset))
}

/// `\u5c71` as the character it stands for: some programs write nothing but ASCII.
fn json_unescaped(text: &str) -> String {
    let mut pieces = text.split("\\u");
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    let mut units: Vec<u16> = Vec::new();
    for piece in pieces {
        let unit = piece.get(..4).and_then(|hex| u16::from_str_radix(hex, 16).ok());
        let rest = if unit.is_some() { piece.get(4..).unwrap_or_default() } else { piece };
        units.extend(unit);
        // Two escapes in a row may be one character beyond the first 65,536.
        if !rest.is_empty() || unit.is_none() {
            plain.push_str(&String::from_utf16_lossy(&std::mem::take(&mut units)));
            plain.push_str(rest);
        }
    }
    plain.push_str(&String::from_utf16_lossy(&units));
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::extract::{Limits, extract};
    use crate::inspect::{Cell, Job, Kind, Place, Sink};

    #[test]
    fn json_escapes_become_characters() {
        assert_eq!(json_unescaped(r#"{"\u6c0f\u540d": "\u5c71\ud842\udfb7x\uzz"}"#), r#"{"氏名": "山𠮷xzz"}"#);
    }

    #[test]
    fn wrong_labels_are_noted_and_damage_is_told() {
        let mail = |charset: &str, body: &[u8]| {
            let head = format!("Subject: x\r\nContent-Type: text/plain; charset={charset}\r\n\r\n");
            let job = Job::new(Kind::Mail);
            let mut sink = Silent;
            let ledger = extract(&[head.as_bytes(), body].concat(), &job, &Limits::default(), &mut sink, &mut ());
            let reasons: Vec<Reason> = ledger.uninspected.iter().map(|entry| entry.reason).collect();
            (ledger.inspected.first().and_then(|entry| entry.note.clone()), reasons)
        };
        let told = |note: &str| (Some(note.to_owned()), vec![]);
        assert_eq!(mail("utf-8", b"\x1b$B;3ED\x1b(B"), told("declared utf-8, read as iso-2022-jp"));
        assert_eq!(mail("iso-2022-jp", "山田".as_bytes()), told("declared iso-2022-jp, read as utf-8"));
        assert_eq!(mail("utf-8", "山田".as_bytes()), (None, vec![]));
        assert_eq!(mail("utf-8", "いつもお世話になっております\n-- \n\u{7}".as_bytes()), (None, vec![]));
        let broken = ["いつもお世話になっております".repeat(4).as_bytes(), b"\xff\xff\xff\xff\xff"].concat();
        assert_eq!(mail("utf-8", &broken), (None, vec![Reason::Damaged]));
    }

    struct Silent;

    impl Sink for Silent {
        fn text(&mut self, _: &Place, _: &str) {}
        fn begin_table(&mut self, _: &Place) {}
        fn row(&mut self, _: u32, _: &[Cell<'_>]) {}
        fn end_table(&mut self) {}
    }
}
