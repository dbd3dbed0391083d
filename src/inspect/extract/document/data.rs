//! XML that is nobody's document: exports, settings, feeds.
//!
//! In: the decoded file. Out: its text, an element that holds text on a line of its own, and the values of an element's
//! attributes together on one, since in an export they are a record; comments and declarations behind. Whoever opens such
//! a file sees all of it, so nothing is hidden. Structure: names of elements and attributes, unless they look like data.
//! Deliberately absent: tables; an export's records have no header but their names.

use crate::inspect::Reason;
use crate::inspect::extract::oddity::{is_odd, unseen};
use crate::inspect::extract::reading::{Part, Reading};
use crate::inspect::extract::xml::{self, Attributes, Event, Reader};

/// How much text is gathered before it is handed over.
const TEXT: usize = 1 << 20;

/// Reads a file.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>, document: &str) {
    let mut text = String::new();
    // An element's end ends its line, unless text goes on directly behind it.
    let mut ended = false;
    for event in Reader::new(document) {
        match event {
            Event::Start { name, attributes } => {
                if std::mem::take(&mut ended) {
                    end_line(&mut text);
                }
                start(&mut text, name, attributes);
            }
            Event::End { .. } => ended = true,
            Event::Text(piece) if piece.trim().is_empty() => {}
            Event::Text(piece) => {
                if std::mem::take(&mut ended) && piece.starts_with(char::is_whitespace) {
                    end_line(&mut text);
                }
                text.push_str(&piece);
            }
        }
        if text.len() >= TEXT && text.ends_with('\n') {
            reading.text(part.place, &std::mem::take(&mut text));
            if reading.is_over() {
                reading.unread(part.place, Reason::Limit);
                break;
            }
        }
    }
    text.push('\n');
    text.push_str(&unseen(document));
    reading.text(part.place, &text);
    if xml::declares_entities(document) {
        reading.unread(part.place, Reason::Limit);
    }
    reading.done(part.place);
}

fn start(text: &mut String, name: &str, attributes: Attributes<'_>) {
    let before = text.len();
    if is_odd(name) {
        end_line(text);
        text.push_str(name);
    }
    for (name, value) in attributes.iter() {
        let is_namespace = value.starts_with("http://www.w3.org/");
        for piece in
            [Some(name).filter(|name| is_odd(name)), Some(&*value).filter(|_| !is_namespace)].into_iter().flatten()
        {
            if !piece.trim().is_empty() {
                text.push_str(if text.len() > before { "\t" } else { "\n" });
                text.push_str(piece);
            }
        }
    }
    if text.len() > before {
        text.push('\n');
    }
}

fn end_line(text: &mut String) {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
}
