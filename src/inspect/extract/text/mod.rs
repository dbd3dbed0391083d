//! Text of every kind: plain, CSV, HTML, XML, JSON, transfer files of banks, mailboxes of several mails.
//!
//! In: bytes that are text in some charset. Out: running text, tables, and the files that mailers and people write into
//! the text itself (uuencode, yEnc, BinHex; base64 and armour are looked for in every text, see `letters`). A wrong
//! charset label is noted on the ledger's entry, and stretches that have no meaning are `damaged` (`mail::charset` says
//! from when on). Deliberately absent: any grammar of JSON; it is read as it stands.

mod binhex;
pub(crate) mod csv;
pub(crate) mod grid;
pub(crate) mod html;
mod ldif;
mod percent;
mod uuencode;
pub(crate) mod yenc;
mod zengin;

use crate::inspect::Reason;
use crate::inspect::extract::document;
use crate::inspect::extract::mail::{card, mbox};
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
    if let Some(text) = zengin::decoded(part.bytes).filter(|_| !yenc::is_in(part.bytes)) {
        running(reading, part, &text);
        return None;
    }
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

/// Running text; the records of a bank's transfer file in it are a table, and a directory's export is made readable.
fn running(reading: &mut Reading<'_>, part: &Part<'_>, text: &str) {
    if ldif::is_ldif(text) {
        let export = ldif::readable(text);
        lettered(reading, part, &export.text);
        for (name, bytes) in &export.files {
            exported(reading, part, name, bytes);
        }
        return;
    }
    let Some(file) = zengin::first(text) else { return lettered(reading, part, text) };
    lettered(reading, part, file.before);
    let others = zengin::read(reading, part.place, &file);
    lettered(reading, part, &others);
}

/// Running text, and the files that are written in letters of it.
fn lettered(reading: &mut Reading<'_>, part: &Part<'_>, text: &str) {
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
}

/// What a directory keeps beside its texts: certificates and identifiers are structure, other files are not.
fn exported(reading: &mut Reading<'_>, part: &Part<'_>, name: &str, bytes: &[u8]) {
    const SMALL: usize = 8 << 10;
    if bytes.len() > SMALL || !matches!(sniff::format(bytes, Hint::default()), Format::Other("unknown", _)) {
        embedded(reading, part, name, bytes, None);
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

/// `\u5c71` as the character it stands for, since some programs write nothing but ASCII, and `\/` as well.
fn json_unescaped(text: &str) -> String {
    let text = text.replace("\\/", "/");
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

    #[test]
    fn files_in_values_are_read_whatever_they_stand_in() {
        let csv = "氏名,電話\n山田花子,090-1234-5678\n佐藤一郎,080-1111-2222\n";
        let noise: Vec<u8> =
            (0..9_000u32).map(|n| (n.wrapping_mul(n).wrapping_mul(2_654_435_761) >> 23) as u8).collect();
        let base64 = |bytes: &[u8]| data_encoding::BASE64.encode(bytes);
        let places = |name: &str, file: &str| {
            let job = Job::new(Kind::File(name.to_owned()));
            let ledger = extract(file.as_bytes(), &job, &Limits::default(), &mut Silent, &mut ());
            let read: Vec<String> = ledger.inspected.into_iter().map(|entry| entry.place).collect();
            let unread = ledger.uninspected.into_iter().map(|entry| (entry.place, entry.reason));
            (read, unread.collect::<Vec<(String, Reason)>>())
        };
        type Case = (&'static str, fn(&str) -> String);
        let cases: [Case; 4] = [
            ("a.json", |letters| format!("{{\"file\": \"{}\"}}", letters.replace('/', "\\/"))),
            ("a.xml", |letters| format!("<?xml version='1.0'?><a><f>{letters}</f></a>")),
            ("a.csv", |letters| format!("id,file\n1,{letters}\n2,x\n3,y\n")),
            ("a.html", |letters| format!("<html><body><pre>{letters}</pre></body></html>")),
        ];
        for (name, file) in cases {
            let inner = format!("{name} › base64");
            assert_eq!(places(name, &file(&base64(csv.as_bytes()))), (vec![name.to_owned(), inner.clone()], vec![]));
            assert_eq!(places(name, &file(&base64(&noise))).1, [(inner, Reason::Unsupported)]);
            // In a value of a file that is itself in a value.
            let json = format!("{{\"name\": \"a.csv\", \"content\": \"{}\"}}", base64(csv.as_bytes()));
            let (read, unread) = places(name, &file(&base64(json.as_bytes())));
            assert_eq!((read.last(), unread), (Some(&format!("{name} › base64 › base64")), vec![]));
        }
        let armour = |bytes: &[u8]| format!("see\n-----BEGIN THING-----\n{}\n-----END THING-----\n", base64(bytes));
        assert_eq!(places("a.txt", &armour(&noise)).1, [("a.txt › THING".to_owned(), Reason::Unsupported)]);
        assert_eq!(places("a.txt", &armour(&noise[..900])).1, []);
        // What only begins like an export is read as any other text.
        let begun = "version: 1\ndn: cn=a\n\nbegin 644 a.csv\n#0V%T\n`\nend\n";
        assert!(places("a.txt", begun).0.contains(&"a.txt › a.csv".to_owned()));
        let photo = base64(b"\xff\xd8\xff\xe0\x00\x10JFIF");
        let export = format!("dn: cn=a\nobjectGUID:: {}\njpegPhoto:: {photo}\n", base64(&noise[100..116]));
        assert_eq!(places("a.ldif", &export).1, [("a.ldif › jpegPhoto".to_owned(), Reason::Image)]);
    }

    struct Silent;

    impl Sink for Silent {
        fn text(&mut self, _: &Place, _: &str) {}
        fn begin_table(&mut self, _: &Place) {}
        fn row(&mut self, _: u32, _: &[Cell<'_>]) {}
        fn end_table(&mut self) {}
    }
}
