//! Text of every kind: plain, CSV, HTML, XML, JSON, transfer files of banks, mailboxes of several mails.
//!
//! In: bytes that are text in some charset. Out: running text, tables, and the files that mailers and people write into
//! the text itself (uuencode, yEnc, BinHex, RTF, patches of git; base64 and armour are looked for in every text, see
//! `letters`). A wrong charset label is noted on the ledger's entry, and stretches that have no meaning are `damaged`
//! (`mail::charset` says from when on). Deliberately absent: any grammar of JSON but that of its strings.

mod binhex;
pub(crate) mod csv;
pub(crate) mod ebcdic;
mod gitpatch;
pub(crate) mod grid;
pub(crate) mod html;
mod json;
mod ldif;
mod pasted;
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
            decoded(reading, part, part.bytes, |reading, text| running(reading, part, &json::unescaped(text)))
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
    while let Some(document) = pasted::rtf(rest) {
        with_files(reading, part, rest.get(..document.start).unwrap_or_default());
        embedded(reading, part, "rtf", rest.get(document.clone()).unwrap_or_default().as_bytes(), None);
        rest = rest.get(document.end..).unwrap_or_default();
    }
    with_files(reading, part, rest);
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
    let mut rest = text;
    while let Some((file, after)) = gitpatch::first(rest, limit) {
        embedded(reading, part, file.name, &file.bytes, file.lack);
        rest = after;
    }
}

/// Running text and its uuencoded files.
fn with_files(reading: &mut Reading<'_>, part: &Part<'_>, text: &str) {
    let mut rest = text;
    while let Some(file) = uuencode::first(rest) {
        reading.text(part.place, file.before);
        embedded(reading, part, &file.name, &file.bytes, None);
        rest = file.after;
    }
    reading.text(part.place, rest);
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

/// Whether a text of eight bits goes on in sixteen: a program added to another's file.
fn has_wide_stretch(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_wide = |at: usize| {
        let pairs = bytes.get(at..).unwrap_or_default().chunks_exact(2).take(4);
        pairs.filter(|pair| pair.first() == Some(&0) && pair.last() != Some(&0)).count() == 4
    };
    memchr::memchr_iter(0, bytes).any(is_wide)
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
    if text.damaged || has_wide_stretch(&text.text) {
        reading.unread(part.place, Reason::Damaged);
    }
    read(reading, &text.text);
    let declared = declared.filter(|_| text.mislabelled)?;
    let declared: String = declared.chars().filter(|c| c.is_ascii_graphic()).take(40).collect();
    Some(format!("declared {declared}, read as {}", text.charset))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::extract::{Limits, extract};
    use crate::inspect::{Cell, Job, Kind, Place, Sink};

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
        let wide: Vec<u8> = "090-1234-5678\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let added = ["いつもお世話になっております\n".repeat(99).as_bytes(), &wide].concat();
        assert_eq!(mail("utf-8", &added), (None, vec![Reason::Damaged]));
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

    #[test]
    fn what_is_written_out_is_readable_in_every_text() {
        let escapes = [
            r"\u5c71\u7530\u592a\u90ce",
            "%E5%B1%B1%E7%94%B0%E5%A4%AA%E9%83%8E",
            "=E5=B1=B1=E7=94=B0=E5=A4=AA=E9=83=8E",
            "=?utf-8?B?5bGx55Sw5aSq6YOO?=",
            "5bGx55Sw5aSq6YOO",
            r"{\rtf1\ansi\ansicpg932 \'8e\'52\'93\'63\'91\'be\'98\'59}",
        ];
        for escape in escapes {
            let json = escape.replace('\\', "\\\\");
            let files = [
                ("a.txt", format!("name {escape} end\n")),
                ("a.csv", format!("id,name\n1,{escape}\n2,x\n3,y\n")),
                ("a.json", format!("{{\"name\": \"{json}\", \"n\": 1}}")),
                ("a.log", format!("INFO {{\"name\": \"{escape}\"}}\n")),
                ("a.html", format!("<p>x<script>var a = '{escape}'</script>")),
                ("a.xml", format!("<?xml version='1.0'?><a b='1'>{escape}</a>")),
                ("a.eml", format!("Subject: x\r\n\r\nname {escape} end\r\n")),
            ];
            for (name, file) in files {
                let kind = if name == "a.eml" { Kind::Mail } else { Kind::File(name.to_owned()) };
                let mut said = Said::default();
                extract(file.as_bytes(), &Job::new(kind), &Limits::default(), &mut said, &mut ());
                assert!(said.0.contains("山田太郎"), "{file}: {}", said.0);
            }
        }
    }

    #[derive(Default)]
    struct Said(String);

    impl Sink for Said {
        fn text(&mut self, _: &Place, text: &str) {
            self.0.push_str(text);
        }
        fn begin_table(&mut self, _: &Place) {}
        fn row(&mut self, _: u32, cells: &[Cell<'_>]) {
            cells.iter().for_each(|cell| self.0.push_str(&cell.text));
        }
        fn end_table(&mut self) {}
    }

    struct Silent;

    impl Sink for Silent {
        fn text(&mut self, _: &Place, _: &str) {}
        fn begin_table(&mut self, _: &Place) {}
        fn row(&mut self, _: u32, _: &[Cell<'_>]) {}
        fn end_table(&mut self) {}
    }
}
