//! Pictures: named in the ledger, so that policy decides.
//!
//! In: a picture's bytes. Out: `uninspected: image`, or the text that was seen in it by a program of its own
//! (`sandbox::ocr`). Deliberately absent: looking at it.

use crate::inspect::extract::reading::{Part, Reading};

/// Names a picture.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>) {
    reading.picture(part);
}
