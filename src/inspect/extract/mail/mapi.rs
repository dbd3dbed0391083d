//! Outlook's properties (MS-OXPROPS), whichever container they came in: a `.msg` file or a `winmail.dat`.
//!
//! In: properties with their values, and the code page of their 8-bit strings. Out: bodies as parts (plain, HTML, RTF
//! unpacked), the transport header as header fields, what a mail or a contact shows as `label: value`, every other
//! string as hidden text. Structure: numbers, times other than those of people, identifiers and keys below a kilobyte, unless they say
//! something.
//! Deliberately absent: containers (`msg`, `tnef`) and attachments, which each keeps in its own way.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::inspect::extract::mail::{self, labels, lzfu, machine};
use crate::inspect::extract::reading::{Hint, Part, Reading};
use crate::inspect::extract::sniff::{self, Format};
use crate::inspect::extract::sweep;
use crate::inspect::{Place, Reason};
use crate::mail::charset;

const STRING_8: u16 = 0x1e;
pub(crate) const STRING_16: u16 = 0x1f;
const TIME: u16 = 0x40;
pub(crate) const BINARY: u16 = 0x102;
pub(crate) const OBJECT: u16 = 0x0d;
/// Added to a type: there are several values.
pub(crate) const MULTIPLE: u16 = 0x1000;

const HEADERS: u16 = 0x007d;
const BODY: u16 = 0x1000;
const RTF: u16 = 0x1009;
const HTML: u16 = 0x1013;
const RECIPIENT_TYPE: u16 = 0x0c15;
const DISPLAY_NAME: u16 = 0x3001;
const ADDRESS: u16 = 0x3003;
const SMTP_ADDRESS: u16 = 0x39fe;
pub(crate) const ATTACHED: u16 = 0x3701;
/// Long, short, and as shown.
const NAMES: [u16; 3] = [0x3707, 0x3704, DISPLAY_NAME];
const ATTACHED_MEDIA: u16 = 0x370e;
/// Pictures of an attachment's icon.
const RENDERING: u16 = 0x3709;
const MESSAGE_CODE_PAGE: u16 = 0x3ffd;
const INTERNET_CODE_PAGE: u16 = 0x3fde;

/// Numbers of more bytes than this are a list.
const NUMBERS: usize = 64;

/// Binary values below this are identifiers and keys.
const BLOB: usize = 1025;

/// One property of a message, a recipient or an attachment.
pub(crate) struct Property<'a> {
    pub(crate) id: u16,
    /// The type, without [`MULTIPLE`].
    pub(crate) kind: u16,
    /// The name, if that is what it goes by.
    pub(crate) name: String,
    pub(crate) values: Vec<Cow<'a, [u8]>>,
}

impl Property<'_> {
    /// Its values as text, if that is what they are.
    fn texts(&self, code_page: u32) -> Vec<String> {
        let decoded = self.values.iter().map(|value| match self.kind {
            STRING_16 => encoding_rs::UTF_16LE.decode_without_bom_handling(value).0.into_owned(),
            _ => charset::decode(value.strip_suffix(b"\0").unwrap_or(value), label_of(code_page).as_deref()),
        });
        let texts = decoded.map(|text| text.trim_end_matches('\0').to_owned());
        if self.is_text() { texts.filter(|text| !text.trim().is_empty()).collect() } else { Vec::new() }
    }

    fn is_text(&self) -> bool {
        matches!(self.kind, STRING_8 | STRING_16)
    }

    fn number(&self) -> Option<u32> {
        let value = self.values.first()?;
        value.first_chunk::<4>().map(|bytes| u32::from_le_bytes(*bytes))
    }
}

/// The code page of the 8-bit strings among these properties.
pub(crate) fn code_page(properties: &[Property<'_>]) -> Option<u32> {
    let find = |id| properties.iter().find(|property| property.id == id).and_then(Property::number);
    find(MESSAGE_CODE_PAGE).or_else(|| find(INTERNET_CODE_PAGE)).filter(|&page| page != 0)
}

/// The charset behind the number of a code page.
pub(crate) fn label_of(code_page: u32) -> Option<String> {
    Some(match code_page {
        932 => "cp932".to_owned(),
        936 => "gbk".to_owned(),
        949 => "euc-kr".to_owned(),
        950 => "big5".to_owned(),
        50_220..=50_222 => "iso-2022-jp".to_owned(),
        51_932 => "euc-jp".to_owned(),
        54_936 => "gb18030".to_owned(),
        65_000 => "utf-7".to_owned(),
        65_001 => "utf-8".to_owned(),
        1_200 => "utf-16le".to_owned(),
        20_866 => "koi8-r".to_owned(),
        28_591..=28_605 => format!("iso-8859-{}", code_page - 28_590),
        874 | 1_250..=1_258 => format!("windows-{code_page}"),
        _ => return None,
    })
}

/// Hands over a message's own properties.
pub(crate) fn read_message(reading: &mut Reading<'_>, part: &Part<'_>, properties: &[Property<'_>], code_page: u32) {
    let body = part.place.inside("body");
    for property in properties {
        match (property.id, property.kind) {
            (HEADERS, STRING_8 | STRING_16) => {
                for text in property.texts(code_page) {
                    mail::read_header(reading, part, text.as_bytes());
                }
            }
            (BODY, STRING_8 | STRING_16) => {
                for text in property.texts(code_page) {
                    let hint = Hint { charset: Some("utf-8"), body: true, ..Hint::default() };
                    reading.read(&Part { bytes: text.as_bytes(), place: &body, depth: part.depth, hint });
                }
            }
            // As a string, and as bytes in a charset of their own, which the code page may contradict.
            (HTML, STRING_8 | STRING_16) => {
                for text in property.texts(code_page) {
                    page(reading, part, &body, text.as_bytes(), Some("utf-8"));
                }
            }
            (HTML, BINARY) => {
                for value in &property.values {
                    page(reading, part, &body, value, None);
                }
            }
            (RTF, BINARY) => {
                for value in &property.values {
                    rich_text(reading, part, &body, value);
                }
            }
            _ => {}
        }
    }
    let other = |property: &&Property<'_>| {
        !matches!((property.id, property.kind), (HEADERS | BODY | HTML, STRING_8 | STRING_16) | (RTF | HTML, BINARY))
    };
    rest(reading, part, part.place, properties.iter().filter(other), code_page);
}

fn page(reading: &mut Reading<'_>, part: &Part<'_>, place: &Place, bytes: &[u8], charset: Option<&str>) {
    let hint = Hint { media: "text/html", charset, body: true };
    reading.read(&Part { bytes, place, depth: part.depth, hint });
}

fn rich_text(reading: &mut Reading<'_>, part: &Part<'_>, place: &Place, packed: &[u8]) {
    let limit = usize::try_from(reading.allowance()).unwrap_or(usize::MAX);
    // What it unpacks to is bounded: two bytes give seventeen.
    match lzfu::unpacked(packed, limit) {
        Some(bytes) if reading.charge(bytes.len() as u64) => {
            reading.read(&Part { bytes: &bytes, place, depth: part.depth, hint: Hint::default() });
        }
        Some(_) => reading.unread(place, Reason::Limit),
        None => {
            sweep::read(reading, &part.inside(packed, place));
            reading.unread(place, Reason::Damaged);
        }
    }
}

/// Hands over one recipient: under `To`, `Cc` or `Bcc`.
pub(crate) fn read_recipient(reading: &mut Reading<'_>, part: &Part<'_>, properties: &[Property<'_>], code_page: u32) {
    let kind = properties.iter().find(|property| property.id == RECIPIENT_TYPE).and_then(Property::number);
    let place = part.place.field(match kind.map(|kind| kind & 0xf) {
        Some(2) => "Cc",
        Some(3) => "Bcc",
        _ => "To",
    });
    let text_of =
        |id| properties.iter().find(|p| p.id == id).and_then(|p| p.texts(code_page).pop()).unwrap_or_default();
    let address = Some(text_of(SMTP_ADDRESS)).filter(|address| !address.is_empty()).unwrap_or_else(|| text_of(ADDRESS));
    reading.text(&place, &format!("{} <{address}>", text_of(DISPLAY_NAME)));
    let other = |property: &&Property<'_>| ![DISPLAY_NAME, ADDRESS, SMTP_ADDRESS].contains(&property.id);
    rest(reading, part, &place, properties.iter().filter(other), code_page);
}

/// The names of an attachment, every different one, the long one first.
pub(crate) fn names(properties: &[Property<'_>], code_page: u32) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for id in NAMES {
        let texts = properties.iter().filter(|property| property.id == id).flat_map(|p| p.texts(code_page));
        for name in texts {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

/// What an attachment is said to be.
pub(crate) fn media(properties: &[Property<'_>], code_page: u32) -> String {
    let found = properties.iter().find(|property| property.id == ATTACHED_MEDIA);
    found.and_then(|property| property.texts(code_page).pop()).unwrap_or_default().to_ascii_lowercase()
}

/// Hands over what an attachment has beside its names and its content.
pub(crate) fn read_attachment(
    reading: &mut Reading<'_>,
    part: &Part<'_>,
    place: &Place,
    properties: &[Property<'_>],
    code_page: u32,
) {
    let other = |property: &&Property<'_>| property.id != ATTACHED && !NAMES.contains(&property.id);
    rest(reading, part, place, properties.iter().filter(other), code_page);
}

/// Hands over everything else: what people see under its label, the rest as hidden text.
fn rest<'p>(
    reading: &mut Reading<'_>,
    part: &Part<'_>,
    place: &Place,
    properties: impl Iterator<Item = &'p Property<'p>>,
    code_page: u32,
) {
    let (mut shown, mut hidden) = (String::new(), String::new());
    for property in properties {
        match (property.id, property.kind) {
            (_, STRING_8 | STRING_16) => {
                let label = labels::of(property.id).or_else(|| labels::of_name(&property.name));
                for text in property.texts(code_page) {
                    // Adding to a string never fails.
                    let _ = match label {
                        Some("Subject" | "From" | "To" | "Cc" | "Bcc") => {
                            reading.text(&place.field(label.unwrap_or_default()), &text);
                            Ok(())
                        }
                        Some(label) => writeln!(shown, "{label}: {text}"),
                        None if labels::is_of_machine(property.id) => {
                            writeln!(hidden, "{}", machine::text(&text))
                        }
                        None if property.name.is_empty() => writeln!(hidden, "{text}"),
                        None => writeln!(hidden, "{}: {text}", property.name),
                    };
                }
            }
            (_, TIME) => {
                if let Some((label, date)) =
                    labels::of_time(property.id).zip(property.values.first().and_then(|v| date(v)))
                {
                    let _ = writeln!(shown, "{label}: {date}");
                }
            }
            (_, BINARY | OBJECT) => {
                for value in &property.values {
                    binary(reading, part, place, property, value, &mut hidden);
                }
            }
            // Numbers, which could be letters.
            _ => {
                let bytes: Vec<u8> = property.values.concat();
                let text = if bytes.len() > NUMBERS { sweep::text(&bytes) } else { sweep::odd_text(&bytes) };
                hidden.push_str(&machine::text(&text));
            }
        }
        // The names that people give their own fields; those of Outlook are numbers.
        if !property.is_text() && property.name.len() > 4 {
            let _ = writeln!(hidden, "{}", property.name);
        }
    }
    reading.text(place, &shown);
    let mut place = place.inside("properties");
    place.hidden = true;
    reading.text(&place, &hidden);
}

fn binary(
    reading: &mut Reading<'_>,
    part: &Part<'_>,
    place: &Place,
    property: &Property<'_>,
    value: &[u8],
    hidden: &mut String,
) {
    let format = sniff::format(value, Hint::default());
    let is_icon = property.id == RENDERING && matches!(format, Format::Image(_));
    if value.len() < BLOB || is_icon {
        // A key or an identifier; but somebody may have written into it.
        let is_text = is_icon || std::str::from_utf8(value).is_ok() || labels::is_of_machine(property.id);
        let text = if is_text { sweep::text(value) } else { sweep::odd_text(value) };
        hidden.push_str(&machine::text(&text));
        return;
    }
    let mut place = place.inside(&format!("property {:04x}", property.id));
    place.hidden = true;
    if !reading.take_entry() {
        return reading.unread(&place, Reason::Limit);
    }
    match format {
        Format::Other(..) | Format::Text => sweep::read(reading, &part.inside(value, &place)),
        _ => {
            reading.read(&part.inside(value, &place));
        }
    }
}

/// A day, from the number of 100-nanosecond steps since 1601. Birthdays are midnights of their owner's time zone, so
/// half a day is added.
fn date(value: &[u8]) -> Option<String> {
    let ticks = u64::from_le_bytes(*value.first_chunk::<8>()?);
    let seconds = i64::try_from(ticks / 10_000_000).ok()? - 11_644_473_600 + 12 * 3_600;
    let time = jiff::Timestamp::from_second(seconds).ok()?;
    Some(time.strftime("%Y-%m-%d").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_birthday_is_the_same_day_everywhere() {
        // 1980-04-01 00:00 in Tokyo and in New York.
        for unix in [323_362_800u64, 323_413_200] {
            let ticks = (unix + 11_644_473_600) * 10_000_000;
            assert_eq!(date(&ticks.to_le_bytes()).as_deref(), Some("1980-04-01"));
        }
        assert_eq!(date(b"short"), None);
        assert_eq!(date(&[0xff; 8]), None);
    }

    #[test]
    fn strings_come_in_any_code_page() {
        let property = |kind, value: &[u8]| Property {
            id: 0x37,
            kind,
            name: String::new(),
            values: vec![Cow::Owned(value.to_vec())],
        };
        let sjis = encoding_rs::SHIFT_JIS.encode("件名①髙").0;
        assert_eq!(property(STRING_8, &sjis).texts(932), ["件名①髙"]);
        assert_eq!(property(STRING_8, "件名です\0".as_bytes()).texts(932), ["件名です"]);
        let wide: Vec<u8> = "件名\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(property(STRING_16, &wide).texts(932), ["件名"]);
        assert!(property(3, b"abcd").texts(932).is_empty());
    }
}
