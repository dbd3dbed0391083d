//! The cache of a pivot table in an old workbook: a copy of the data it was made from.
//!
//! In: the cache's stream. Out: a table for each field, hidden: its name, and below it the values. Deliberately absent:
//! which values stood in one row; the file keeps that in numbers whose width depends on much else.

use crate::inspect::extract::compound::u16_at;
use crate::inspect::extract::reading::Reading;
use crate::inspect::extract::sweep;
use crate::inspect::extract::workbook::biff::Records;
use crate::inspect::extract::workbook::biff::strings::Script;
use crate::inspect::extract::workbook::number;
use crate::inspect::extract::workbook::rows::Rows;
use crate::inspect::extract::workbook::strings::Strings;
use crate::inspect::{Place, Reason};

/// Reads a cache.
pub(crate) fn read(reading: &mut Reading<'_>, place: &Place, stream: &[u8]) {
    let (strings, mut rows, mut texts) = (Strings::default(), Rows::default(), String::new());
    let mut records = Records { stream, at: 0 };
    let mut row = 0u32;
    while let Some(record) = records.next() {
        let data = record.data;
        let text = match record.kind {
            // SXFDB: a field.
            0x00c7 => {
                rows.end(reading, &strings);
                rows.begin(reading, place);
                row = 0;
                Script::Unicode.string(data.get(14..).unwrap_or_default(), 2)
            }
            // SXSTRING, SXNUM, SXINT, SXDTR.
            0x00cd => Script::Unicode.string(data, 2),
            0x00c9 => {
                data.first_chunk::<8>().map(|bytes| number::plain(f64::from_le_bytes(*bytes))).unwrap_or_default()
            }
            0x00cc => u16_at(data, 0).map(|number| number.cast_signed().to_string()).unwrap_or_default(),
            0x00ce => date(data).unwrap_or_default(),
            // SXDBB: the numbers of the values in a row; SXDB, SXDBEX, formulas, the end.
            0x00c8 | 0x00c6 | 0x0122 | 0x000a => continue,
            _ => {
                texts.push_str(&sweep::text(data));
                continue;
            }
        };
        rows.row(reading, &strings, row, false);
        row = row.saturating_add(1);
        if !rows.push(reading, &strings, (0, false), |to| to.push_str(&text)) {
            reading.unread(place, Reason::Limit);
            break;
        }
    }
    rows.end(reading, &strings);
    let rest = stream.get(records.at..).unwrap_or_default();
    if rest.len() > 4 {
        reading.unread(place, Reason::Damaged);
        texts.push_str(&sweep::text(rest));
    }
    reading.text(place, &texts);
    reading.done(place);
}

/// Year, month, day, hour, minute, second.
fn date(data: &[u8]) -> Option<String> {
    let (year, month, day) = (u16_at(data, 0)?, u16_at(data, 2)?, data.get(4)?);
    Some(format!("{year:04}-{month:02}-{day:02}"))
}
