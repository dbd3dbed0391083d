//! What an Excel 97–2003 workbook says outside its cells.
//!
//! In: the workbook's bytes. Out: headers, footers, comments, text boxes, links, names and prompts as text; pictures,
//! macros and embedded objects as entries in the ledger. The records ([MS-XLS]) are walked without building anything:
//! strings whose place is known are decoded, of records with several parts everything that looks like text is taken.
//! Deliberately absent: cells (`sheet`, through calamine), formulas, looks.

use encoding_rs::{UTF_16LE, WINDOWS_1252};

use crate::inspect::Reason;
use crate::inspect::extract::compound::{Compound, u16_at};
use crate::inspect::extract::reading::{Part, Reading};
use crate::mail::charset;

/// Streams that describe the file to programs, the properties (which `sheet` reads), and the mark of a well-known
/// library.
const STRUCTURE: [&str; 5] =
    ["\u{5}SummaryInformation", "\u{5}DocumentSummaryInformation", "\u{1}CompObj", "\u{1}Ole", "\u{1}Sh33tJ5"];

/// Reads everything but the cells.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>) {
    let Some(file) = Compound::open(part.bytes) else {
        reading.unread(&part.place.inside("not cells"), Reason::Damaged);
        return;
    };
    for entry in file.top() {
        match entry.name.as_str() {
            "Workbook" | "Book" => workbook(reading, part, &file.stream(entry)),
            name if STRUCTURE.contains(&name) => {}
            name => reading.unread(&part.place.inside(name.trim_start_matches(char::is_control)), Reason::Unsupported),
        }
    }
}

fn workbook(reading: &mut Reading<'_>, part: &Part<'_>, stream: &[u8]) {
    let mut sweep = Sweep::default();
    let mut rest = stream;
    while let (Some(kind), Some(length)) = (u16_at(rest, 0), u16_at(rest, 2)) {
        let end = 4 + usize::from(length);
        let data = rest.get(4..end).or_else(|| rest.get(4..)).unwrap_or_default();
        sweep.record(kind, data);
        rest = rest.get(end..).unwrap_or_default();
    }
    reading.text(part.place, &sweep.text);
    if sweep.pictures {
        reading.unread(&part.place.inside("pictures"), Reason::Image);
    }
}

#[derive(Default)]
struct Sweep {
    text: String,
    /// Excel 5 and 95: 8-bit strings.
    old: bool,
    /// Characters of a text box that are still to come, in CONTINUE records.
    box_left: usize,
    pictures: bool,
}

impl Sweep {
    fn record(&mut self, kind: u16, data: &[u8]) {
        match kind {
            // BOF: the version is its first word.
            0x0809 => self.old = u16_at(data, 0).is_some_and(|version| version < 0x0600),
            // HEADER, FOOTER.
            0x0014 | 0x0015 => self.string(data),
            // NOTE: row, column, flags, object, author.
            0x001c => self.string(data.get(8..).unwrap_or_default()),
            // TXO: the length of the text; it follows in CONTINUE records.
            0x01b6 => self.box_left = u16_at(data, 10).map_or(0, usize::from),
            0x003c if self.box_left > 0 => self.continued(data),
            // NAME, EXTERNNAME, SUPBOOK, CRN, DCONREF, DV, HLINK, HLINKTOOLTIP, HEADERFOOTER, SXSTRING, CODENAME.
            0x0018 | 0x0023 | 0x01ae | 0x005a | 0x0051 | 0x01be | 0x01b8 | 0x0800 | 0x089c | 0x00cd => {
                self.anything(data)
            }
            // Drawings: of a picture at least its format's first bytes are in the clear.
            0x00eb | 0x00ec | 0x007f | 0x003c => self.pictures |= holds_picture(data),
            _ => {}
        }
    }

    /// A string with its length before it.
    fn string(&mut self, data: &[u8]) {
        if self.old {
            let bytes = data.get(1..).unwrap_or_default();
            self.line(&charset::text(bytes, Some("cp932")));
            return;
        }
        let (Some(length), Some(&flags)) = (u16_at(data, 0), data.get(2)) else { return };
        let characters = data.get(3..).unwrap_or_default();
        let (text, _) = characters_of(characters, flags, usize::from(length));
        self.line(&text);
    }

    fn continued(&mut self, data: &[u8]) {
        let Some((&flags, characters)) = data.split_first() else { return };
        let (text, taken) = characters_of(characters, flags, self.box_left);
        self.box_left = self.box_left.saturating_sub(taken);
        self.text.push_str(&text);
        if self.box_left == 0 {
            self.text.push('\n');
        }
    }

    /// Runs of four characters and more, as UTF-16 from either byte on, and as 8-bit text.
    fn anything(&mut self, data: &[u8]) {
        for from in 0..2 {
            let text = UTF_16LE.decode_without_bom_handling(data.get(from..).unwrap_or_default()).0;
            self.runs(&text);
        }
        let text = if self.old {
            charset::text(data, Some("cp932"))
        } else {
            WINDOWS_1252.decode_without_bom_handling(data).0
        };
        self.runs(&text);
    }

    fn runs(&mut self, text: &str) {
        for run in text.split(|c: char| c.is_control() || c == '\u{fffd}') {
            // From the wrong byte on, ASCII looks like Chinese.
            if run.chars().nth(3).is_some() && !run.chars().all(|c| u32::from(c) & 0xff == 0) {
                self.line(run);
            }
        }
    }

    fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }
}

/// At most `length` characters, and how many there were.
fn characters_of(bytes: &[u8], flags: u8, length: usize) -> (String, usize) {
    let (encoding, width) = if flags & 1 == 1 { (UTF_16LE, 2) } else { (WINDOWS_1252, 1) };
    let bytes = bytes.get(..length.saturating_mul(width)).unwrap_or(bytes);
    (encoding.decode_without_bom_handling(bytes).0.into_owned(), bytes.len() / width)
}

fn holds_picture(data: &[u8]) -> bool {
    [&b"\x89PNG\r\n"[..], b"\xff\xd8\xff\xe0", b"\xff\xd8\xff\xe1", b" EMF", b"\xd7\xcd\xc6\x9a"]
        .iter()
        .any(|magic| memchr::memmem::find(data, magic).is_some())
}
