//! What stands beside the cells of a workbook and is told where it belongs: comments at their cells, properties with
//! their names.
//!
//! In: one XML part. Out: text. Deliberately absent: everything that [`xml::plain`] tells as well.

use crate::inspect::Place;
use crate::inspect::extract::oddity;
use crate::inspect::extract::package::Entry;
use crate::inspect::extract::reading::Reading;
use crate::inspect::extract::xml::{self, Event, Plain};

/// Reads comments, threaded or not: each at the cell of `sheet` that it is about, their authors at `part`.
pub(crate) fn read_comments(reading: &mut Reading<'_>, bytes: &[u8], sheet: &Place, part: &Place) {
    let mut others = Plain::default();
    let mut comment = Plain::default();
    let mut cell = None;
    let document = xml::decode(bytes);
    for event in xml::Reader::new(&document) {
        match &event {
            Event::Start { name: "comment" | "threadedComment", attributes } => {
                cell = attributes.value("ref").map(std::borrow::Cow::into_owned);
                others.event(&event);
            }
            Event::End { name: "comment" | "threadedComment" } => {
                let mut place = sheet.clone();
                place.path.push('!');
                place.path.push_str(&cell.take().unwrap_or_default());
                reading.text(&place.inside("comment"), &comment.take());
            }
            _ if cell.is_some() => comment.event(&event),
            _ => others.event(&event),
        }
    }
    reading.text(sheet, &comment.take());
    reading.text(part, &(others.take() + &oddity::unseen(&document)));
}

/// Reads properties: a name, a colon, a value, each on a line. A label of sensitivity is one of them (`MSIP_Label_…`).
pub(crate) fn read_properties(reading: &mut Reading<'_>, entry: &Entry<'_>) {
    let mut text = String::new();
    let document = xml::decode(entry.bytes);
    for event in xml::Reader::new(&document) {
        match &event {
            Event::Start { name, attributes } => {
                for (attribute, value) in attributes.iter() {
                    let is_name = *name == "property" && attribute == "name";
                    if is_name || oddity::is_odd(&value) {
                        text.push_str(&value);
                        text.push_str(if is_name { ": " } else { "\n" });
                    }
                }
            }
            Event::End { name: "property" } => text.push('\n'),
            Event::Text(piece) if !piece.trim().is_empty() => {
                text.push_str(piece);
                text.push(' ');
            }
            Event::End { .. } if text.ends_with(' ') && !text.ends_with(": ") => text.push('\n'),
            _ => {}
        }
    }
    reading.text(entry.place, &text);
    reading.text(entry.place, &oddity::unseen(&document));
}
