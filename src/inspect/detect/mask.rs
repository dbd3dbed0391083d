//! A found value → what may be shown of it.
//!
//! In: the value as normalised and the rule's style. Out: text in which nobody can read the value, but its owner can
//! tell which one it is. Nothing else in Sekisho shows found values.

use serde::Deserialize;

use super::checks::is_role_address;
use super::names::script::is_kanji;

/// What stays readable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Mask {
    /// First and last group of a telephone number: `090-****-5678`.
    Phone,
    /// First letter and domain: `t***@example.jp`.
    Email,
    /// First character: `山***`.
    First,
    /// Last four digits: `********9018`.
    Last4,
    /// Up to the municipality: `東京都千代田区***`.
    Address,
    /// The year: `1980-**-**`.
    Date,
    /// Nothing.
    All,
    /// Everything: marks and numbers that are public.
    Nothing,
}

/// Longer values are cut: what is shown is a hint, not a copy.
const LONGEST: usize = 40;

impl Mask {
    /// Masks `value`.
    pub(super) fn apply(self, value: &str) -> String {
        let masked = match self {
            Self::Phone => phone(value),
            Self::Email => email(value),
            Self::First => first(value),
            Self::Last4 => last_digits(value, 4),
            Self::Address => address(value),
            Self::Date => date(value),
            Self::All => "***".to_owned(),
            Self::Nothing => value.to_owned(),
        };
        // A number may go on in the next line.
        masked.chars().take(LONGEST).map(|c| if c == '\n' { ' ' } else { c }).collect()
    }
}

fn first(value: &str) -> String {
    value.chars().next().map_or_else(|| "***".to_owned(), |c| format!("{c}***"))
}

fn email(value: &str) -> String {
    match value.rsplit_once('@') {
        Some((local, domain)) if is_role_address(local) => format!("{}@{domain}", first(local)),
        Some((local, domain)) => format!("{}@{domain}", first(local)),
        None => first(value),
    }
}

/// Digits become stars save the last group (or four); a number in groups keeps its first one too.
fn phone(value: &str) -> String {
    let head = value.split(|c: char| !c.is_ascii_digit() && c != '+').next().unwrap_or_default();
    let kept_head = if head.len() == value.len() { 3 } else { head.len().min(4) };
    let masked = last_digits(value.get(kept_head..).unwrap_or_default(), 4);
    format!("{}{masked}", value.get(..kept_head).unwrap_or_default())
}

fn last_digits(value: &str, keep: usize) -> String {
    let mut left = value.chars().filter(char::is_ascii_alphanumeric).count();
    // Of a short value the end would be most of it.
    let keep = if left >= keep * 2 - 1 { keep } else { left.min(1) };
    value
        .chars()
        .map(|c| {
            if !c.is_ascii_alphanumeric() {
                return c;
            }
            left -= 1;
            if left < keep { c } else { '*' }
        })
        .collect()
}

fn address(value: &str) -> String {
    let mut end = 0;
    for (at, c) in value.char_indices().take(12) {
        if at > 0 && "都道府県市区町村".contains(c) {
            end = at + c.len_utf8();
            if "市区町村".contains(c) {
                break;
            }
        }
    }
    match value.get(..end).filter(|kept| !kept.is_empty()) {
        Some(kept) => format!("{kept}***"),
        None => first(value),
    }
}

fn date(value: &str) -> String {
    // The year is the first number; of 8 digits in a row the first four.
    let mut digits = 0;
    let mut ended = false;
    value
        .chars()
        .map(|c| {
            if c.is_ascii_digit() {
                digits += 1;
                return if ended || digits > 4 { '*' } else { c };
            }
            ended |= digits > 0;
            if is_kanji(c) || matches!(c, '-' | '/' | '.' | ' ') || digits == 0 { c } else { '*' }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_style_shows_what_it_says() {
        for (mask, value, shown) in [
            (Mask::Phone, "090-1234-5678", "090-****-5678"),
            (Mask::Phone, "09012345678", "090****5678"),
            (Mask::Phone, "+81-90-1234-5678", "+81-**-****-5678"),
            (Mask::Email, "taro@example.jp", "t***@example.jp"),
            (Mask::First, "山田太郎", "山***"),
            (Mask::Last4, "1234-5678-9018", "****-****-9018"),
            (Mask::Last4, "123", "**3"),
            (Mask::Address, "東京都千代田区霞が関3-1-1", "東京都千代田区***"),
            (Mask::Address, "霞が関3-1-1", "霞***"),
            (Mask::Date, "1980-01-02", "1980-**-**"),
            (Mask::Date, "昭和55年1月2日", "昭和55年*月*日"),
            (Mask::Date, "19800102", "1980****"),
            (Mask::All, "secret", "***"),
            (Mask::Nothing, "社外秘", "社外秘"),
            (Mask::First, "", "***"),
        ] {
            assert_eq!(mask.apply(value), shown);
        }
    }
}
