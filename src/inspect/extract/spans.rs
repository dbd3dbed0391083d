//! Which bytes of a container belong to something that was read or is structure, and which belong to nothing.
//!
//! In: ranges, as a reader walks its container. Out: the gaps between them. An entry that no directory lists, a deleted
//! stream, a file put behind the end of another: whatever no reader claims is read as a part of its own, so that every
//! byte is accounted for. Deliberately absent: what is in the gaps (`reading`).

use std::ops::Range;

/// A shorter gap can hold nothing: no telephone number and no name with anything beside it.
const SHORTEST: usize = 8;

/// Claimed ranges of one container.
#[derive(Debug, Default)]
pub(crate) struct Spans {
    claimed: Vec<Range<usize>>,
}

impl Spans {
    /// Claims a range; what reaches beyond the container counts up to its end.
    pub(crate) fn claim(&mut self, start: usize, length: usize) {
        let end = start.saturating_add(length);
        match self.claimed.last_mut() {
            // Readers mostly go from front to back.
            Some(last) if last.start <= start && start <= last.end => last.end = last.end.max(end),
            _ => self.claimed.push(start..end),
        }
    }

    /// The stretches that nobody claimed and that are more than filling, in order.
    pub(crate) fn gaps(&self, bytes: &[u8]) -> Vec<Range<usize>> {
        let mut claimed = self.claimed.clone();
        claimed.sort_by_key(|range| range.start);
        claimed.push(bytes.len()..bytes.len());
        let (mut gaps, mut at) = (Vec::new(), 0);
        for range in claimed {
            let gap = at..range.start.min(bytes.len());
            if gap.len() >= SHORTEST && !is_filling(bytes.get(gap.clone()).unwrap_or_default()) {
                gaps.push(gap);
            }
            at = at.max(range.end);
        }
        gaps
    }
}

/// Padding: one byte again and again, or line ends.
fn is_filling(bytes: &[u8]) -> bool {
    let first = bytes.first().copied().unwrap_or_default();
    bytes.iter().all(|&c| c == first) || bytes.iter().all(|&c| matches!(c, 0 | b' ' | b'\r' | b'\n' | b'\t'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_claims_is_a_gap() {
        let bytes = b"headXXXXXXXX-padding-secret!\0\0\0\0\0\0\0\0\0\0tail is here";
        let mut spans = Spans::default();
        spans.claim(0, 4);
        spans.claim(4, 8);
        spans.claim(38, 4);
        assert_eq!(spans.gaps(bytes), [12..38, 42..50]);
        spans.claim(12, 26);
        spans.claim(40, usize::MAX);
        assert_eq!(spans.gaps(bytes), [0..0; 0]);
        assert_eq!(Spans::default().gaps(&[0; 100]), [0..0; 0]);
    }
}
