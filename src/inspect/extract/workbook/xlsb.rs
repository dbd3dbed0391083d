//! The records of a binary workbook (.xlsb), beside its cells.
//!
//! In: one binary part. Out: the text in it, and whether it has cells that calamine passes over in silence. Every
//! string in these records is UTF-16 ([MS-XLSB] 2.5.169), so text can be swept up without knowing each record.
//! Deliberately absent: cells (`sheet`, through calamine), formulas, looks.

use encoding_rs::UTF_16LE;

/// Cells that leave out their column: `BrtShortBlank` to `BrtShortIsst`. Some programs write them, and calamine
/// passes over them.
const SHORT_CELLS: std::ops::RangeInclusive<u32> = 0x0c..=0x12;

/// Records of a sheet with text that is no cell: data validation, header and footer, link.
const SHEET_TEXTS: [u32; 4] = [64, 479, 494, 1053];

/// Whether a sheet has cells that calamine does not give.
pub(crate) fn has_short_cells(sheet: &[u8]) -> bool {
    Records { rest: sheet }.any(|record| SHORT_CELLS.contains(&record.kind))
}

/// What a sheet says outside its cells.
pub(crate) fn sheet_text(sheet: &[u8]) -> String {
    text_of(Records { rest: sheet }.filter(|record| SHEET_TEXTS.contains(&record.kind)))
}

/// All text of a part; `None` if it does not consist of records.
pub(crate) fn part_text(part: &[u8]) -> Option<String> {
    let mut records = Records { rest: part };
    let whole = records.by_ref().last().is_some() && records.rest.is_empty();
    whole.then(|| text_of(Records { rest: part }))
}

fn text_of<'a>(records: impl Iterator<Item = Record<'a>>) -> String {
    let mut text = String::new();
    for record in records {
        for from in 0..2 {
            let wide = UTF_16LE.decode_without_bom_handling(record.data.get(from..).unwrap_or_default()).0;
            for run in wide.split(|c: char| c.is_control() || c == '\u{fffd}') {
                // From the wrong byte on, ASCII looks like Chinese.
                if run.chars().nth(1).is_some() && !run.chars().all(|c| u32::from(c) & 0xff == 0) {
                    text.push_str(run);
                    text.push('\n');
                }
            }
        }
    }
    text
}

struct Record<'a> {
    kind: u32,
    data: &'a [u8],
}

/// Type and length are numbers of seven bits a byte, of at most two and four bytes; the type keeps its marker bits.
struct Records<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        let (kind, rest) = number(self.rest, 2)?;
        let (length, rest) = number(rest, 4)?;
        let (data, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        self.rest = rest;
        Some(Record { kind, data })
    }
}

fn number(bytes: &[u8], longest: usize) -> Option<(u32, &[u8])> {
    let mut value = 0;
    for (at, &byte) in bytes.iter().take(longest).enumerate() {
        value |= u32::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 || at + 1 == longest {
            return Some((value, bytes.get(at + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: &[u8], text: &str) -> Vec<u8> {
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        [kind, &[u8::try_from(wide.len() + 1).unwrap(), 0], &wide].concat()
    }

    #[test]
    fn text_beside_the_cells_is_swept_up() {
        // BrtBeginHeaderFooter is 479 = 0xDF 0x03; BrtCellSt is 6; BrtShortSt is 0x11.
        let sheet = [record(&[0xdf, 0x03], "社外秘"), record(&[6], "cell")].concat();
        assert_eq!(sheet_text(&sheet).lines().filter(|line| *line == "社外秘").count(), 1);
        assert!(!sheet_text(&sheet).contains("cell") && !has_short_cells(&sheet));
        assert!(has_short_cells(&[sheet.clone(), record(&[0x11], "short")].concat()));
        assert!(part_text(&sheet).unwrap().contains("cell"));
        assert_eq!(part_text(&sheet[..sheet.len() - 1]), None);
        assert_eq!(part_text(b""), None);
    }
}
