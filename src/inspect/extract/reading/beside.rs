//! What stands in a part beside what its own reader reads: gaps, tails, and files within files.
//!
//! In: a part, and which stretches of it were read. Out: the others as parts of their own, at places out of sight.
//! Deliberately absent: which stretches those are (each format knows, [`Spans`]).

use std::ops::Range;

use super::{Hint, Part, Reading, addresses};
use crate::inspect::extract::sniff::{self, Format};
use crate::inspect::extract::spans::Spans;
use crate::inspect::extract::sweep;
use crate::inspect::{Place, Reason};

impl Reading<'_> {
    /// Reads a stretch of a part that is something else as well.
    pub(crate) fn carved(&mut self, part: &Part<'_>, range: Range<usize>) {
        let place = out_of_sight(part.place, &range);
        if !self.take_entry() {
            return self.unread(&place, Reason::Limit);
        }
        self.read(&part.inside(part.bytes.get(range).unwrap_or_default(), &place));
    }

    /// Reads what a container's own reader had no use for: stretches that belong to no entry, stream or record.
    pub(crate) fn leftovers(&mut self, part: &Part<'_>, spans: &Spans) {
        for range in spans.gaps(part.bytes) {
            let place = out_of_sight(part.place, &range);
            if !self.take_entry() {
                return self.unread(&place, Reason::Limit);
            }
            let bytes = part.bytes.get(range.clone()).unwrap_or_default();
            // What its own reader made nothing of would come back here again and again.
            if range.start == 0 && sniff::format(bytes, Hint::default()) == sniff::format(part.bytes, part.hint) {
                sweep::read(self, &part.inside(bytes, &place));
            } else {
                self.aside(part, bytes, &place);
            }
            // What was unpacked from the part is no stretch of it.
            let (stretch, whole) = (addresses(bytes), &self.whole);
            if whole.start <= stretch.start && stretch.end <= whole.end {
                self.apart.push(stretch.start - whole.start..stretch.end - whole.start);
            }
        }
    }

    /// Reads bytes that stand beside a container's contents: whatever they are, or the text in them.
    pub(crate) fn aside(&mut self, part: &Part<'_>, bytes: &[u8], place: &Place) {
        let inside = part.inside(bytes, place);
        let format = sniff::format(bytes, inside.hint);
        if !matches!(format, Format::Other(..) | Format::Text) {
            self.read(&inside);
            return;
        }
        let others = sniff::others(bytes, format);
        let end = others.first().map_or(bytes.len(), |first| first.start);
        sweep::read(self, &Part { bytes: bytes.get(..end).unwrap_or_default(), ..inside });
        for other in others {
            self.carved(&inside, other);
        }
    }
}

/// The place of a stretch of bytes, which nobody who opens the file sees.
fn out_of_sight(place: &Place, range: &Range<usize>) -> Place {
    Place { hidden: true, ..place.inside(&format!("bytes {}–{}", range.start, range.end)) }
}
