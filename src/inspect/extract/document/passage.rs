//! A stretch of text, and which of it is hidden.
//!
//! In: pieces of text, each in sight or not. Out: what is in sight, and what is hidden with the word or number that it is
//! part of, so that a number half of which is hidden is whole in one of the two. Deliberately absent: places.

use std::ops::Range;

/// How far the word is followed that a hidden stretch is part of.
const WORD_BYTES: usize = 64;

/// Text of which some stretches are hidden.
#[derive(Debug, Default, Clone)]
pub(crate) struct Passage {
    pub(super) text: String,
    /// In order, none touching another.
    pub(super) hidden: Vec<Range<usize>>,
}

impl Passage {
    pub(crate) fn push(&mut self, text: &str, hidden: bool) {
        let start = self.text.len();
        self.text.push_str(text);
        if !hidden || text.is_empty() {
            return;
        }
        match self.hidden.last_mut().filter(|last| last.end == start) {
            Some(last) => last.end = self.text.len(),
            None => self.hidden.push(start..self.text.len()),
        }
    }

    /// Ends a line, unless none was begun.
    pub(crate) fn end_line(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    pub(crate) fn append(&mut self, other: &Self) {
        let start = self.text.len();
        self.text.push_str(&other.text);
        self.hidden.extend(other.hidden.iter().map(|range| range.start + start..range.end + start));
    }

    pub(crate) fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// All of it, in sight or not.
    pub(crate) fn all(&self) -> &str {
        &self.text
    }

    /// What is in sight.
    pub(super) fn visible(&self) -> String {
        let mut visible = String::with_capacity(self.text.len());
        let mut at = 0;
        for range in &self.hidden {
            visible.push_str(self.text.get(at..range.start).unwrap_or_default());
            at = range.end;
        }
        visible.push_str(self.text.get(at..).unwrap_or_default());
        visible
    }

    /// What is hidden, a line each, with the rest of the word or number that it is part of.
    pub(super) fn concealed(&self) -> String {
        let mut concealed = String::new();
        let mut at = 0;
        // Whether the line before goes on up to here.
        let mut joined = false;
        for (index, range) in self.hidden.iter().enumerate() {
            if !joined {
                concealed.push_str(word_end(self.text.get(at..range.start).unwrap_or_default()));
            }
            concealed.push_str(self.text.get(range.clone()).unwrap_or_default());
            let next = self.hidden.get(index + 1).map_or(self.text.len(), |next| next.start);
            let behind = self.text.get(range.end..next).unwrap_or_default();
            let rest = word_start(behind);
            concealed.push_str(rest);
            joined = rest.len() == behind.len() && next < self.text.len();
            if !joined {
                concealed.push('\n');
            }
            at = range.end;
        }
        concealed
    }
}

/// The beginning of a number or an address, should `text` end within one.
fn word_end(text: &str) -> &str {
    let from = text.ceil_char_boundary(text.len().saturating_sub(WORD_BYTES));
    let tail = text.get(from..).unwrap_or_default();
    tail.rfind(|c| !is_of_word(c)).map_or(tail, |at| {
        let width = tail.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8);
        tail.get(at + width..).unwrap_or_default()
    })
}

fn word_start(text: &str) -> &str {
    let head = text.get(..text.floor_char_boundary(WORD_BYTES)).unwrap_or_default();
    head.split(|c| !is_of_word(c)).next().unwrap_or_default()
}

/// Numbers, mail addresses and Western names break where letters go on; Japanese has no such end.
fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '@' | '_' | '+' | '０'..='９' | '－' | '‐' | '−')
}

/// The text under the furigana, should a field's code be that: `EQ \\* jc2 \\o\\ad(\\s\\up 10(むらさき),紫式部)`.
pub(crate) fn ruby_base(code: &str) -> Option<&str> {
    let code = code.trim();
    if !code.get(..2)?.eq_ignore_ascii_case("EQ") || !code.to_ascii_lowercase().contains("\\o") {
        return None;
    }
    let (_, base) = code.strip_suffix(')')?.rsplit_once("),")?;
    Some(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_text_brings_the_number_it_is_part_of() {
        let mut passage = Passage::default();
        passage.push("電話は090-", false);
        passage.push("1234", true);
        passage.push("-5678です", false);
        passage.push("秘密", true);
        assert_eq!(passage.visible(), "電話は090--5678です");
        assert_eq!(passage.concealed(), "090-1234-5678\n秘密\n");
        let mut passage = Passage::default();
        for (digits, hidden) in [("0", false), ("9", true), ("0", false), ("-1234", true), (" 山", false)] {
            passage.push(digits, hidden);
        }
        assert_eq!(passage.concealed(), "090-1234\n");
    }

    #[test]
    fn furigana_in_a_field_leave_their_name() {
        let code = r" EQ \* jc2 \o\ad(\s\up 10(むらさき),紫式部) ";
        assert_eq!(ruby_base(code), Some("紫式部"));
        assert_eq!((ruby_base("PAGE"), ruby_base("EQ"), ruby_base("式")), (None, None, None));
    }
}
