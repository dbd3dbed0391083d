//! PDF: the text of its pages, and everything else in it that is text or a file.
//!
//! In: the file's bytes. Out: text page by page, form fields, notes, outlines, properties, attached files; a page that
//! is only a picture is `uninspected: image`. Deliberately absent: rendering.

use crate::inspect::Reason;
use crate::inspect::extract::reading::{Part, Reading};

/// Reads a document.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>) {
    reading.unread(part.place, Reason::Unsupported);
}
