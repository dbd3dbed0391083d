//! Files that stand in RTF as hexadecimal digits or bytes.
//!
//! In: what was gathered of one. Out: pictures, embedded objects and data of other programs as parts of their own.
//! Deliberately absent: numbers too short to be a file; they are text.

use super::{Data, Rtf, Target};
use crate::inspect::Reason;
use crate::inspect::extract::document::ole;
use crate::inspect::extract::reading::Reading;
use crate::inspect::extract::sniff::{self, Format};
use crate::inspect::extract::sweep;

/// Data of so many bytes is no file.
const IDENTIFIER: usize = 256;

impl Rtf<'_> {
    pub(super) fn close_data(&mut self, reading: &mut Reading<'_>, kind: Data) {
        let data = std::mem::take(&mut self.data);
        if data.is_empty() {
            return;
        }
        let (count, name) = match kind {
            Data::Picture => (&mut self.pictures, "picture"),
            Data::Object => (&mut self.objects, "object"),
            // An identifier, or a telephone number that looks like one.
            Data::Other if data.len() <= IDENTIFIER => {
                let digits: String = data.iter().map(|byte| format!("{byte:02x}")).collect();
                self.flow.aside(&digits);
                // Or text, in digits.
                let is_text = std::str::from_utf8(&data).is_ok();
                let text = if is_text { sweep::text(&data) } else { sweep::odd_text(&data) };
                return self.flow.aside(&text);
            }
            Data::Other => (&mut self.objects, "data"),
        };
        *count += 1;
        let place = self.part.place.inside(&format!("{name} {count}"));
        if !reading.take_entry() || !reading.charge(data.len() as u64) {
            return reading.unread(&place, Reason::Limit);
        }
        let inside = self.part.inside(&data, &place);
        match kind {
            Data::Object => ole::read_object(reading, &inside),
            Data::Picture if matches!(sniff::format(&data, inside.hint), Format::Other(..)) => {
                reading.unread(&place, Reason::Image);
            }
            Data::Picture | Data::Other => {
                reading.read(&inside);
            }
        }
    }

    pub(super) fn binary(&mut self, reading: &mut Reading<'_>, bytes: &[u8]) {
        if let Target::Data(_) = self.group.target {
            return self.data.extend_from_slice(bytes);
        }
        let place = self.part.place.inside("binary");
        if reading.take_entry() {
            reading.read(&self.part.inside(bytes, &place));
        } else {
            reading.unread(&place, Reason::Limit);
        }
    }
}
