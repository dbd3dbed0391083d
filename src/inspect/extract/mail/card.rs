//! vCard and iCalendar: content lines made readable.
//!
//! In: the file's bytes. Out: its lines with folds undone (RFC 6350 §3.2, RFC 5545 §3.1) and, in vCard 2.1 as
//! Japanese phones write it, quoted-printable values decoded from their own charset. A name that is cut by a fold is
//! a name nobody finds. Photos, keys and attachments in base64 are read as files. Names and Japanese addresses are put as
//! people write them. Deliberately absent: the meaning of other properties; they are read as text.

use crate::inspect::Reason;
use crate::inspect::extract::reading::{Hint, Part, Reading};
use crate::mail::{charset, header};

/// A property's name and parameters are not looked for beyond this: a line may be folded a million times.
const HEAD: usize = 256;

/// Whether these are content lines.
pub(crate) fn is_card(start: &str) -> bool {
    let start = start.get(..15).unwrap_or(start).to_ascii_uppercase();
    start.starts_with("BEGIN:VCARD") || start.starts_with("BEGIN:VCALENDAR")
}

/// Hands over the lines and the files in them. Gives a note if the charset is not the declared one.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>) -> Option<String> {
    let whole = charset::read(part.bytes, part.hint.charset);
    if whole.damaged {
        reading.unread(part.place, Reason::Damaged);
    }
    let card = Card::of(part.bytes, part.hint.charset);
    reading.text(part.place, &card.text);
    for file in card.files {
        let place = part.place.inside(&file.name);
        if !reading.take_entry() || !reading.charge(file.bytes.len() as u64) {
            reading.unread(&place, Reason::Limit);
            return None;
        }
        let hint = Hint { media: &file.media, ..Hint::default() };
        reading.read(&Part { bytes: &file.bytes, place: &place, depth: part.depth + 1, hint });
    }
    None
}

/// What is in the lines.
#[derive(Default)]
struct Card {
    text: String,
    files: Vec<File>,
}

/// A photo, a key, an attachment.
struct File {
    name: String,
    media: String,
    bytes: Vec<u8>,
}

impl Card {
    fn of(bytes: &[u8], declared: Option<&str>) -> Self {
        let mut card = Self::default();
        for line in logical_lines(bytes) {
            card.line(&line, declared);
        }
        card.text = card.text.replace("\\n", "\n").replace("\\,", ",").replace("\\;", ";");
        card
    }

    fn line(&mut self, line: &[u8], declared: Option<&str>) {
        let colon = colon(line);
        let (head, value) = line.split_at(colon);
        let parameters = String::from_utf8_lossy(head).to_ascii_uppercase();
        if let Some(file) = file(head, value.get(1..).unwrap_or_default(), &parameters) {
            self.text.push_str(&charset::text(head, declared));
            self.files.push(file);
        } else if parameters.contains("QUOTED-PRINTABLE") {
            let charset = parameters.split(';').find_map(|parameter| parameter.strip_prefix("CHARSET="));
            let value = header::quoted_printable(value, false);
            self.property(&charset::text(head, declared), &charset::text(&value, charset.or(declared)));
        } else {
            self.property(&charset::text(head, declared), &charset::text(value, declared));
        }
        self.text.push('\n');
    }
}

impl Card {
    /// A property as a reader of the card would say it: whose name it is, and the address in the order of its country.
    fn property(&mut self, head: &str, value: &str) {
        self.text.push_str(head);
        let name = head.split(';').next().unwrap_or_default();
        let name = name.rsplit('.').next().unwrap_or_default();
        let Some(said) = value.strip_prefix(':') else { return self.text.push_str(value) };
        match name.to_ascii_uppercase().as_str() {
            "FN" if said.is_ascii() => self.text.push_str(" Name: "),
            "FN" => self.text.push_str(" 氏名:"),
            "ADR" if !said.is_ascii() => return self.text.push_str(&format!(" 住所:{}", japanese_address(said))),
            _ => self.text.push(':'),
        }
        self.text.push_str(said);
    }
}

/// An address as it is written in Japan; a card has post office box, room, street, town, prefecture, postal code, country.
fn japanese_address(value: &str) -> String {
    // A `;` that is a part of the value stands behind a `\\`.
    let value = value.replace("\\;", "\u{1F}");
    let mut parts = value.split(';').map(|part| part.trim().replace('\u{1F}', ";"));
    let mut next = || parts.next().unwrap_or_default();
    let [office, room, street, town, prefecture, postal, country] = std::array::from_fn(|_| next());
    let postal = if postal.is_empty() { postal } else { format!("〒{} ", postal.trim_start_matches('〒')) };
    let parts = [format!("{postal}{prefecture}{town}{street}"), room, office, country];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Where the value starts: the first colon outside of quotes (`CN="a:b"`).
fn colon(line: &[u8]) -> usize {
    let mut quoted = false;
    let found = line.iter().position(|&c| {
        quoted ^= c == b'"';
        c == b':' && !quoted
    });
    // An open quote is none.
    found.or_else(|| memchr::memchr(b':', line)).unwrap_or(line.len())
}

/// The file in a value: `PHOTO;ENCODING=b:…`, `ATTACH;FMTTYPE=application/pdf;ENCODING=BASE64:…`, `PHOTO:data:…`.
fn file(head: &[u8], value: &[u8], parameters: &str) -> Option<File> {
    let parameter = |names: &[&str]| {
        let text = String::from_utf8_lossy(head).into_owned();
        text.split(';').skip(1).find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            names.iter().any(|wanted| name.eq_ignore_ascii_case(wanted)).then(|| value.trim_matches('"').to_owned())
        })
    };
    let property = parameters.split(';').next().unwrap_or_default();
    let name = parameter(&["FILENAME", "X-FILENAME", "X-APPLE-FILENAME", "LABEL"]);
    let name = name.unwrap_or_else(|| property.to_ascii_lowercase());
    let media = parameter(&["FMTTYPE", "MEDIATYPE"]).unwrap_or_default().to_ascii_lowercase();
    let is_base64 = ["ENCODING=B", "ENCODING=\"B", ";BASE64"].iter().any(|mark| parameters.contains(mark));
    if is_base64 {
        return Some(File { name, media, bytes: header::base64(value) });
    }
    let rest = value.strip_prefix(b"data:")?;
    let comma = memchr::memchr(b',', rest)?;
    let (head, data) = rest.split_at(comma);
    let data = data.get(1..).unwrap_or_default();
    let bytes = if head.ends_with(b";base64") { header::base64(data) } else { data.to_vec() };
    let media = String::from_utf8_lossy(head.split(|&c| c == b';').next().unwrap_or_default()).to_ascii_lowercase();
    Some(File { name, media, bytes })
}

/// Lines with their continuations: behind a fold, or behind the soft break of a quoted-printable value.
fn logical_lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    for line in bytes.split(|&c| c == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match (lines.last_mut(), line) {
            (Some(last), [b' ' | b'\t', rest @ ..]) => last.extend(rest),
            (Some(last), _) if last.ends_with(b"=") && is_quoted(last) => {
                last.pop();
                last.extend(line);
            }
            _ => lines.push(line.to_vec()),
        }
    }
    lines
}

fn is_quoted(line: &[u8]) -> bool {
    let head = line.get(..HEAD).unwrap_or(line).split(|&c| c == b':').next().unwrap_or_default();
    memchr::memmem::find(&head.to_ascii_uppercase(), b"QUOTED-PRINTABLE").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_and_quoted_values_are_undone() {
        assert_eq!(
            Card::of("FN:山田 花\r\n 子\r\nNOTE:a\\, b\\nc".as_bytes(), None).text,
            "FN 氏名:山田 花子\nNOTE:a, b\nc\n"
        );
        let address = "item1.ADR;TYPE=HOME:;101;霞が関3-1-1;千代田区;東京都;100-0013;日本\r\nFN:John Smith";
        assert_eq!(
            Card::of(address.as_bytes(), None).text,
            "item1.ADR;TYPE=HOME 住所:〒100-0013 東京都千代田区霞が関3-1-1 101 日本\nFN Name: John Smith\n"
        );
        assert_eq!(
            Card::of(b"ADR:;;1 Main St;Town;IL;62701;USA\nADR", None).text,
            "ADR:;;1 Main St;Town;IL;62701;USA\nADR\n"
        );
        let phone = b"N;CHARSET=SHIFT_JIS;ENCODING=QUOTED-PRINTABLE:=8E=\r\n=52=93=63;\r\nTEL:1";
        let read = Card::of(phone, None).text;
        assert!(read.ends_with(":山田;\nTEL:1\n"), "{read}");
        assert!(is_card("begin:vcard\n") && is_card("BEGIN:VCALENDAR") && !is_card("BEGIN"));
    }

    #[test]
    fn files_in_values_come_out() {
        let card = b"BEGIN:VCALENDAR\r\nATTACH;FMTTYPE=text/csv;FILENAME=\"a.csv\";ENCODING=BASE64;VALUE=BINARY:YWJ\r\n j\r\n\
                     PHOTO:data:image/png;base64,iVBORw0K\r\nKEY;ENCODING=b;TYPE=pgp:YWI=\r\nORGANIZER;CN=\"x:y\":mailto:z\r\n";
        let card = Card::of(card, None);
        let files: Vec<String> =
            card.files.iter().map(|f| format!("{} {} {}", f.name, f.media, f.bytes.escape_ascii())).collect();
        assert_eq!(files, ["a.csv text/csv abc", "photo image/png \\x89PNG\\r\\n", "key  ab"]);
        assert!(card.text.contains("mailto:z"));
    }
}
