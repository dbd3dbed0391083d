//! A cell's number as a person sees it.
//!
//! In: the number and the cell's number format. Out: its text: no `.0`, leading zeros put back, `0901234…` under
//! `000-0000-0000` with its dashes. A telephone number typed into Excel is a number with such a format, and its bare
//! value is a digit short. Deliberately absent: thousands separators, currency, rounding; they would only hide a
//! number from detection.

use std::fmt::Write as _;

use calamine::ExcelDateTime;

/// A number format that puts digits into places: `000-0000`, `[<=999]000;[<=9999]000-00;000-0000`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pattern {
    sections: Vec<Section>,
}

#[derive(Debug, Clone, PartialEq)]
struct Section {
    condition: Option<(Comparison, f64)>,
    signs: Vec<Sign>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Sign {
    /// `0`: a digit, or a zero.
    Digit,
    /// `#` or `?`: a digit, or nothing.
    Optional,
    Literal(char),
}

impl Pattern {
    /// The pattern of a format code; `None` for every format under which the bare number says the same.
    pub(crate) fn parse(code: &str) -> Option<Self> {
        if !code.contains('0') {
            return None;
        }
        let sections: Option<Vec<_>> = split(code).into_iter().map(Section::parse).collect();
        let sections = sections?;
        let places = |section: &Section| section.signs.iter().filter(|sign| matches!(sign, Sign::Digit)).count();
        // One zero is just a whole number.
        (sections.iter().map(places).max().unwrap_or_default() >= 2).then_some(Self { sections })
    }

    /// Fills in a whole number; `None` when the pattern is not for it.
    pub(crate) fn fill(&self, number: f64) -> Option<String> {
        if number < 0.0 || number.fract() != 0.0 || number >= 1e18 {
            return None;
        }
        let section = match self.sections.as_slice() {
            [first, .., last] if self.sections.iter().any(|section| section.condition.is_some()) => {
                let fits = |section: &&Section| {
                    section.condition.is_none_or(|(comparison, value)| comparison.holds(number, value))
                };
                self.sections.iter().find(fits).unwrap_or(if first.condition.is_some() { last } else { first })
            }
            [first, ..] => first,
            [] => return None,
        };
        let digits = format!("{number:.0}");
        let mut digits = digits.bytes().rev().peekable();
        let mut reversed = Vec::new();
        // From the right; what is left over goes to the leftmost place.
        let places = section.signs.iter().filter(|sign| !matches!(sign, Sign::Literal(_))).count();
        let mut place = 0;
        for sign in section.signs.iter().rev() {
            match sign {
                Sign::Literal(c) => reversed.push(*c),
                Sign::Digit | Sign::Optional => {
                    place += 1;
                    match digits.next() {
                        Some(digit) => reversed.push(char::from(digit)),
                        None if *sign == Sign::Digit => reversed.push('0'),
                        None => {}
                    }
                    if place == places {
                        reversed.extend(digits.by_ref().map(char::from));
                    }
                }
            }
        }
        Some(reversed.into_iter().rev().collect::<String>().trim().to_owned())
    }
}

impl Section {
    /// `None` for anything that is not made of places and literals: dates, fractions, percentages, General.
    fn parse(code: &str) -> Option<Self> {
        let mut section = Self { condition: None, signs: Vec::new() };
        let mut rest = code.chars();
        while let Some(c) = rest.next() {
            match c {
                '0' => section.signs.push(Sign::Digit),
                '#' | '?' => section.signs.push(Sign::Optional),
                '\\' | '!' => section.signs.extend(rest.next().map(Sign::Literal)),
                '"' => section.signs.extend(rest.by_ref().take_while(|&c| c != '"').map(Sign::Literal)),
                // The width of a character, or a character to fill with.
                '_' | '*' => drop(rest.next()),
                '[' => {
                    let content: String = rest.by_ref().take_while(|&c| c != ']').collect();
                    section.condition = condition(&content).or(section.condition);
                }
                '-' | '(' | ')' | ' ' | '+' | ':' | '~' => section.signs.push(Sign::Literal(c)),
                _ if !c.is_ascii() => section.signs.push(Sign::Literal(c)),
                _ => return None,
            }
        }
        Some(section)
    }
}

impl Comparison {
    fn holds(self, number: f64, value: f64) -> bool {
        match self {
            Self::Less => number < value,
            Self::LessOrEqual => number <= value,
            Self::Greater => number > value,
            Self::GreaterOrEqual => number >= value,
            Self::Equal => (number - value).abs() < f64::EPSILON,
        }
    }
}

/// Reads `<=999`; colours and locales are not conditions.
fn condition(content: &str) -> Option<(Comparison, f64)> {
    const SIGNS: [(&str, Comparison); 5] = [
        ("<=", Comparison::LessOrEqual),
        (">=", Comparison::GreaterOrEqual),
        ("<", Comparison::Less),
        (">", Comparison::Greater),
        ("=", Comparison::Equal),
    ];
    SIGNS.iter().find_map(|(sign, comparison)| Some((*comparison, content.strip_prefix(sign)?.trim().parse().ok()?)))
}

/// Splits at semicolons outside quotes. Only the sections for numbers count: the third and fourth are for zero and
/// text, unless conditions say otherwise.
fn split(code: &str) -> Vec<&str> {
    let (mut sections, mut start, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, c) in code.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            ';' if !quoted => {
                sections.extend(code.get(start..at));
                start = at + 1;
            }
            _ => {}
        }
    }
    sections.extend(code.get(start..));
    if !code.contains("[<") && !code.contains("[>") && !code.contains("[=") {
        sections.truncate(1);
    }
    sections.retain(|section| *section != "@");
    sections
}

/// A number without a pattern: whole numbers without `.0`, very large ones with an exponent.
pub(crate) fn plain(number: f64) -> String {
    if number.abs() >= 1e21 || (number != 0.0 && number.abs() < 1e-9) {
        format!("{number:e}")
    } else {
        format!("{number}")
    }
}

/// A date as `1990-01-02`, with its time if it has one; a time of day or a duration as `9:30:00`.
pub(crate) fn date(date: ExcelDateTime) -> String {
    let value = date.as_f64();
    // Excel ends with the year 9999.
    if !(0.0..2_958_466.0).contains(&value) {
        return plain(value);
    }
    let (year, month, day, hour, minute, second, _) = date.to_ymd_hms_milli();
    let mut text = String::new();
    if date.is_duration() {
        // Hours go on beyond a day; the number of days is small enough for the conversion.
        let seconds = (value * 86_400.0).round() as u64;
        let _ = write!(text, "{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    } else if value < 1.0 {
        let _ = write!(text, "{hour}:{minute:02}:{second:02}");
    } else {
        let _ = write!(text, "{year:04}-{month:02}-{day:02}");
        if (hour, minute, second) != (0, 0, 0) {
            let _ = write!(text, " {hour:02}:{minute:02}:{second:02}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use calamine::ExcelDateTimeType;

    use super::*;

    #[test]
    fn leading_zeros_come_back() {
        let cases = [
            ("00000000000", 9_012_345_678.0, "09012345678"),
            ("000\\-0000\\-0000", 9_012_345_678.0, "090-1234-5678"),
            ("000-0000", 600_001.0, "060-0001"),
            ("[<=999]000;[<=9999]000\\-00;000\\-0000", 1_050_011.0, "105-0011"),
            ("[<=999]000;[<=9999]000\\-00;000\\-0000", 1_234.0, "012-34"),
            ("[<=99999999]####\\-####;\\(00\\)\\ ####\\-####", 312_345_678.0, "(03) 1234-5678"),
            ("\"〒\"000-0000;[Red]-0", 600_001.0, "〒060-0001"),
            ("00", 1_234.0, "1234"),
            ("0000 0000 0000", 12_345_678_901.0, "0123 4567 8901"),
        ];
        for (code, number, expected) in cases {
            assert_eq!(Pattern::parse(code).unwrap().fill(number).as_deref(), Some(expected), "{code}");
        }
        for code in ["General", "0", "#,##0", "0.00", "0%", "yyyy/mm/dd", "@", "0.00E+00", ""] {
            assert_eq!(Pattern::parse(code), None, "{code}");
        }
        assert_eq!(Pattern::parse("000").unwrap().fill(-5.0), None);
        assert_eq!(Pattern::parse("000").unwrap().fill(0.5), None);
    }

    #[test]
    fn numbers_and_dates_as_a_person_sees_them() {
        assert_eq!((plain(4_111_469_820_018_518.0).as_str(), plain(12.5).as_str()), ("4111469820018518", "12.5"));
        assert_eq!(plain(f64::MAX), "1.7976931348623157e308");
        let at = |value, kind| date(ExcelDateTime::new(value, kind, false));
        assert_eq!(at(32_875.0, ExcelDateTimeType::DateTime), "1990-01-02");
        assert_eq!(at(32_875.5, ExcelDateTimeType::DateTime), "1990-01-02 12:00:00");
        assert_eq!(at(0.395_833_333, ExcelDateTimeType::DateTime), "9:30:00");
        assert_eq!(at(1.5, ExcelDateTimeType::TimeDelta), "36:00:00");
        assert_eq!(at(1e300, ExcelDateTimeType::DateTime), "1e300");
        assert_eq!(at(f64::NAN, ExcelDateTimeType::DateTime), "NaN");
    }
}
