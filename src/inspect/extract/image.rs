//! Pictures: named in the ledger, so that policy decides.
//!
//! In: a picture's bytes. Out: `uninspected: image`. Deliberately absent: what is seen in it.

use crate::inspect::Reason;
use crate::inspect::extract::reading::{Part, Reading};

/// Names a picture.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>) {
    reading.unread(part.place, Reason::Image);
}
