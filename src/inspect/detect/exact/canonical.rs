//! Text → the letters and digits that exact data is compared by.
//!
//! In: a cell, or a line of text, normalised ([`super::super::normal`]). Out: its letters and digits in small letters, old
//! forms of kanji as new ones, without spaces and marks, `+81` as `0`; each with the place that it came from. Deliberately
//! absent: what a value means; `C-123456`, `山田　太郎` and `090-1234-5678` are told apart by nothing but their letters.

use super::super::words::modern;

/// Longer values are compared by so many characters.
pub(super) const LONGEST: usize = 64;

/// One letter or digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Letter {
    pub(super) value: char,
    /// Where it stands in the text.
    pub(super) at: usize,
    /// Whether it follows right upon an ASCII letter or digit and is one, so that no value begins with it.
    pub(super) within: bool,
}

/// The letters and digits of `text`, into `letters`.
pub(super) fn letters(text: &str, letters: &mut Vec<Letter>) {
    letters.clear();
    let mut before = None;
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let start = at;
        at += c.len_utf8();
        if c == '+' && text.get(at..).is_some_and(|rest| rest.starts_with("81")) {
            at = after_country(text, at + 2);
            letters.push(Letter { value: '0', at: start, within: false });
            before = Some('0');
            continue;
        }
        if c.is_alphanumeric() {
            let within = c.is_ascii() && before.is_some_and(|before: char| before.is_ascii_alphanumeric());
            let small = if c.is_ascii() { c.to_ascii_lowercase() } else { c.to_lowercase().next().unwrap_or(c) };
            letters.push(Letter { value: modern(small), at: start, within });
        }
        before = Some(c);
    }
}

/// Where the number goes on behind `+81`: a zero in brackets is the one that the country code replaces.
fn after_country(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let inner = rest.trim_start_matches([' ', '-']);
    let inner = inner.strip_prefix("(0)").or_else(|| inner.strip_prefix('0')).unwrap_or(rest);
    text.len() - inner.len()
}

/// A cell as it is compared; nothing if so little is left of it that it would be found everywhere.
pub(super) fn value(cell: &str) -> Option<Vec<char>> {
    let mut all = Vec::new();
    letters(cell, &mut all);
    let value: Vec<char> = all.iter().map(|letter| letter.value).take(LONGEST).collect();
    let shortest = if value.iter().all(char::is_ascii) { 5 } else { 2 };
    (value.len() >= shortest).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(cell: &str) -> String {
        value(super::super::super::normal::Normal::of(cell).text()).unwrap_or_default().into_iter().collect()
    }

    #[test]
    fn one_value_in_all_its_dresses_is_one() {
        for (one, other) in [
            ("０９０－１２３４－５６７８", "+81 (0)90 1234 5678"),
            ("090-1234-5678", "+81-90-1234-5678"),
            ("髙橋　太郎", "高橋太郎"),
            ("ﾔﾏﾀﾞ ﾀﾛｳ", "ヤマダタロウ"),
            ("Taro.Yamada@Example.com", "taro.yamada@example.com"),
            ("Ｃ－１２３４５６", "c-123456"),
        ] {
            assert_eq!(told(one), told(other));
            assert!(!told(one).is_empty());
        }
    }

    #[test]
    fn what_would_be_found_everywhere_is_no_value() {
        for cell in ["", "1234", "-", "男", "A"] {
            assert_eq!(told(cell), "", "{cell}");
        }
        assert_eq!(told("佐藤"), "佐藤");
    }

    #[test]
    fn no_value_begins_within_a_number() {
        let mut found = Vec::new();
        letters("x12 3,4あ5", &mut found);
        let within: Vec<bool> = found.iter().map(|letter| letter.within).collect();
        assert_eq!(within, [false, true, true, false, false, false, false]);
    }
}
