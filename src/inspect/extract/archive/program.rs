//! Programs: those that unpack themselves.
//!
//! In: an executable's bytes (Windows, ELF, Mach-O). Out: every archive in it or behind it as a part, and its strings;
//! the program itself is `unsupported`, whatever was found. Deliberately absent: machine code, resources, installers' own formats.

use crate::inspect::Reason;
use crate::inspect::extract::carve;
use crate::inspect::extract::reading::{Part, Reading};
use crate::inspect::extract::sweep;

/// Reads a program.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>) {
    for range in carve::inside(part.bytes, 1) {
        reading.carved(part, range);
    }
    reading.text(part.place, &sweep::glimpse(part.bytes));
    reading.unread(part.place, Reason::Unsupported);
}
