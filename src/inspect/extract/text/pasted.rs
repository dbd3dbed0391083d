//! A document of RTF in a text: pasted, or a value of an export.
//!
//! In: a text. Out: where such a document begins and ends. Deliberately absent: reading it (`document::rtf`).

use std::ops::Range;

use memchr::memmem;

const BEGIN: &str = "{\\rtf1";

/// The first one: to the brace that closes the first, or to the end. At the start of a text it is the text.
pub(super) fn rtf(text: &str) -> Option<Range<usize>> {
    let start = memmem::find(text.as_bytes(), BEGIN.as_bytes())?;
    let bytes = text.as_bytes().get(start..)?;
    let (mut open, mut escaped) = (0usize, usize::MAX);
    for at in memchr::memchr3_iter(b'{', b'}', b'\\', bytes) {
        match bytes.get(at) {
            _ if escaped == at => {}
            Some(b'\\') => escaped = at + 1,
            Some(b'{') => open += 1,
            _ => open = open.saturating_sub(1),
        }
        if open == 0 {
            return Some(start..start + at + 1);
        }
    }
    Some(start..text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pasted_document_ends_with_its_brace() {
        let text = r"x {\rtf1 a{\b b\}\\}c} y}";
        assert_eq!(text.get(rtf(text).unwrap()), Some(r"{\rtf1 a{\b b\}\\}c}"));
        assert_eq!(rtf(r"{\rtf1 open {"), Some(0..13));
        assert_eq!(rtf(r"we say {\rtf"), None);
    }
}
