//! Operators, and where their reader loses the thread.
//!
//! In: the bytes of a content stream. Out: [`Content`]: the stretches of it that the library's reader of operators gets
//! through. It ends at the first thing that it does not understand, and so does a page for whoever believes it; readers
//! show what comes behind. Deliberately absent: what operators mean (`walk`).

use std::ops::Range;

use hayro_syntax::content::UntypedIter;

/// How much may be gone over again behind stumbling blocks.
const AGAIN: usize = 64 << 20;

/// A content stream.
pub(super) struct Content {
    pub(super) bytes: Vec<u8>,
    /// Where operators stand, and how many.
    pub(super) stretches: Vec<(Range<usize>, usize)>,
    /// All of it was gone through.
    pub(super) whole: bool,
}

impl Content {
    pub(super) fn of(bytes: Vec<u8>) -> Self {
        let (mut from, mut again) = (0, 0);
        let (mut stretches, mut whole) = (Vec::new(), true);
        while let Some(rest) = bytes.get(from..) {
            let (length, operators) = stretch(rest);
            if operators > 0 {
                stretches.push((from..from + length, operators));
            }
            let tail = rest.get(length..).unwrap_or_default();
            let Some(skipped) = token(tail) else { break };
            again += tail.len();
            if again > AGAIN {
                whole = false;
                break;
            }
            from += length + skipped;
        }
        Self { bytes, stretches, whole }
    }
}

/// How far the reader of operators gets, and how many it finds.
fn stretch(bytes: &[u8]) -> (usize, usize) {
    let (mut end, mut count) = (0, 0);
    let mut operators = UntypedIter::new(bytes);
    while let Some(instruction) = operators.next() {
        count += 1;
        let name: &[u8] = instruction.operator;
        let after = (name.as_ptr() as usize + name.len()).wrapping_sub(bytes.as_ptr() as usize);
        // A name with escapes is a copy.
        if (end..=bytes.len()).contains(&after) {
            end = after;
        }
    }
    (end, count)
}

/// How long the next word is, with the space before it; nothing if there is none.
fn token(bytes: &[u8]) -> Option<usize> {
    let is_delimiter = |c: u8| b"()<>[]{}/%".contains(&c);
    let start = bytes.iter().position(|c| !(c.is_ascii_whitespace() || *c == 0))?;
    let rest = bytes.get(start + 1..).unwrap_or_default();
    let inside = rest.iter().position(|&c| c.is_ascii_whitespace() || c == 0 || is_delimiter(c)).unwrap_or(rest.len());
    Some(start + 1 + if bytes.get(start).is_some_and(|&c| is_delimiter(c)) { 0 } else { inside })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(&str, usize)> {
        let content = Content::of(text.as_bytes().to_vec());
        assert!(content.whole);
        content.stretches.iter().map(|(range, count)| (&text[range.clone()], *count)).collect()
    }

    #[test]
    fn what_stands_behind_nonsense_is_found() {
        assert_eq!(read("q 1 0 0 1 0 0 cm Q\n"), [("q 1 0 0 1 0 0 cm Q", 3)]);
        assert_eq!(read("q ) Q"), [("q", 1), (" Q", 1)]);
        assert_eq!(read("q 1 >> (a) Tj"), [("q", 1), (" (a) Tj", 1)]);
        let many = format!("q {} (a) Tj", "1 ".repeat(40));
        assert_eq!(read(&many).iter().map(|(_, count)| count).sum::<usize>(), 2);
        assert_eq!(read(""), []);
    }

    #[test]
    fn nonsense_without_end_ends() {
        let content = Content::of("( ".repeat(2 << 20).into_bytes());
        assert!(!content.whole);
    }
}
