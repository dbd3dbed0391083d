//! A cell's number as a person sees it.
//!
//! In: the number and the cell's number format. Out: its text: no `.0`, leading zeros put back, `0901234…` under
//! `000-0000-0000` with its dashes, a date as a date, and whether the format shows anything at all (`;;;`). A telephone
//! number typed into Excel is a number with such a format, and its bare value is a digit short. Deliberately absent:
//! thousands separators, currency, rounding; they would only hide a number from detection.

use std::fmt::Write as _;

/// What a number format makes of a cell.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Format {
    kind: Kind,
    /// Nothing is seen of numbers, or of texts.
    hides_numbers: bool,
    hides_texts: bool,
    /// The cell is filled with another colour than white.
    is_painted: bool,
}

#[derive(Debug, Clone, Default, PartialEq)]
enum Kind {
    #[default]
    Plain,
    Date,
    Duration,
    Pattern(Pattern),
}

impl Format {
    /// Of a format code.
    pub(crate) fn of(code: &str) -> Self {
        let sections = sections(code);
        let is_blank = |at: usize| sections.get(at).is_some_and(|section| shows_nothing(section));
        let hides_texts = sections.len() >= 4 && is_blank(3);
        // An empty code, and a colour alone, are General.
        let hides_numbers = is_blank(0) && (sections.len() > 1 || code.contains(['"', ' ', '_', '\\']));
        let kind = match letters(code) {
            Letters::Date => Kind::Date,
            Letters::Duration => Kind::Duration,
            Letters::Neither => Pattern::parse(code).map_or(Kind::Plain, Kind::Pattern),
        };
        Self { kind, hides_numbers, hides_texts, is_painted: false }
    }

    /// Of one of the formats that every workbook has without saying so (ECMA-376 18.8.30, with those of Japan).
    pub(crate) fn built_in(number: u32) -> Self {
        let kind = match number {
            14..=22 | 27..=36 | 45 | 47 | 50..=58 => Kind::Date,
            46 => Kind::Duration,
            _ => Kind::Plain,
        };
        Self { kind, ..Self::default() }
    }

    /// The same in a cell of which nothing is seen.
    pub(crate) fn unseen(self, is_unseen: bool) -> Self {
        Self { hides_numbers: self.hides_numbers || is_unseen, hides_texts: self.hides_texts || is_unseen, ..self }
    }

    /// The same in a cell that is filled with a colour.
    pub(crate) fn painted(self, is_painted: bool) -> Self {
        Self { is_painted, ..self }
    }

    /// Whether the cell is filled with another colour than white.
    pub(crate) fn is_painted(&self) -> bool {
        self.is_painted
    }

    /// Whether numbers under this format are shown as they are.
    pub(crate) fn is_plain(&self) -> bool {
        self.kind == Kind::Plain
    }

    /// Appends a number as it is shown.
    pub(crate) fn write(&self, number: f64, is_1904: bool, text: &mut String) {
        match &self.kind {
            Kind::Plain => text.push_str(&plain(number)),
            Kind::Date => text.push_str(&date(number, is_1904)),
            Kind::Duration => text.push_str(&duration(number)),
            Kind::Pattern(pattern) => text.push_str(&pattern.fill(number).unwrap_or_else(|| plain(number))),
        }
    }

    pub(crate) fn hides_numbers(&self) -> bool {
        self.hides_numbers
    }

    pub(crate) fn hides_texts(&self) -> bool {
        self.hides_texts
    }
}

/// Whether a section of a format puts nothing into the cell, colours and widths aside.
fn shows_nothing(section: &str) -> bool {
    let mut rest = section.chars();
    while let Some(c) = rest.next() {
        match c {
            '[' => rest.by_ref().take_while(|&c| c != ']').for_each(drop),
            '"' if rest.by_ref().take_while(|&c| c != '"').any(|c| !c.is_whitespace()) => return false,
            '_' | '*' => drop(rest.next()),
            '\\' | '!' if rest.next().is_some_and(|c| !c.is_whitespace()) => return false,
            '"' | '\\' | '!' => {}
            c if c.is_whitespace() => {}
            _ => return false,
        }
    }
    true
}

enum Letters {
    Date,
    Duration,
    Neither,
}

/// Whether the letters of a format, outside of quotes and brackets, are those of dates and times.
fn letters(code: &str) -> Letters {
    if code.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("general")) {
        return Letters::Neither;
    }
    let mut rest = code.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' => rest.by_ref().take_while(|&c| c != '"').for_each(drop),
            '\\' | '!' | '_' | '*' => drop(rest.next()),
            '[' => {
                let inside: String = rest.by_ref().take_while(|&c| c != ']').collect();
                if !inside.is_empty() && inside.chars().all(|c| matches!(c.to_ascii_lowercase(), 'h' | 'm' | 's')) {
                    return Letters::Duration;
                }
            }
            // `E+` is an exponent, `e` a year of an era.
            'E' | 'e' if matches!(rest.peek(), Some('+' | '-')) => drop(rest.next()),
            'y' | 'Y' | 'm' | 'M' | 'd' | 'D' | 'h' | 'H' | 's' | 'S' | 'g' | 'G' | 'e' => return Letters::Date,
            _ => {}
        }
    }
    Letters::Neither
}

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

/// The sections that the number's pattern may be in: the third and fourth are for zero and text, unless conditions say
/// otherwise.
fn split(code: &str) -> Vec<&str> {
    let mut sections = sections(code);
    if !code.contains("[<") && !code.contains("[>") && !code.contains("[=") {
        sections.truncate(1);
    }
    sections.retain(|section| *section != "@");
    sections
}

/// At semicolons outside quotes.
fn sections(code: &str) -> Vec<&str> {
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

/// A date as `1990-01-02`, with its time if it has one; a time of day as `9:30:00`.
pub(crate) fn date(serial: f64, is_1904: bool) -> String {
    // Excel ends with the year 9999.
    if !(0.0..2_958_466.0).contains(&serial) {
        return plain(serial);
    }
    let seconds = (serial * 86_400.0).round() as i64;
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    let mut text = String::new();
    if days == 0 && !is_1904 {
        let _ = write!(text, "{hour}:{minute:02}:{second:02}");
        return text;
    }
    let (year, month, day) = match days {
        _ if is_1904 => civil(days + 1_462),
        // Excel's calendar has a 29 February 1900.
        1..60 => civil(days + 1),
        60 => (1900, 2, 29),
        _ => civil(days),
    };
    let _ = write!(text, "{year:04}-{month:02}-{day:02}");
    if (hour, minute, second) != (0, 0, 0) {
        let _ = write!(text, " {hour:02}:{minute:02}:{second:02}");
    }
    text
}

/// Hours that go on beyond a day: `36:00:00`.
fn duration(serial: f64) -> String {
    if !(0.0..2_958_466.0).contains(&serial) {
        return plain(serial);
    }
    let seconds = (serial * 86_400.0).round() as i64;
    format!("{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

/// Year, month and day of a number of days since 30 December 1899, in the Gregorian calendar.
fn civil(days: i64) -> (i64, i64, i64) {
    // From 1 March of the year 0, so that the leap day ends a year.
    let days = days + 693_899;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
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
        for (serial, is_1904, expected) in [
            (32_875.0, false, "1990-01-02"),
            (32_875.5, false, "1990-01-02 12:00:00"),
            (0.395_833_333, false, "9:30:00"),
            (1.0, false, "1900-01-01"),
            (60.0, false, "1900-02-29"),
            (61.0, false, "1900-03-01"),
            (36_585.0, false, "2000-02-29"),
            (31_413.0, true, "1990-01-02"),
            (1e300, false, "1e300"),
            (f64::NAN, false, "NaN"),
        ] {
            assert_eq!(date(serial, is_1904), expected);
        }
        assert_eq!(duration(1.5), "36:00:00");
    }

    #[test]
    fn formats_are_told_from_their_codes() {
        let kind = |code| match Format::of(code).kind {
            Kind::Plain => 'p',
            Kind::Date => 'd',
            Kind::Duration => 't',
            Kind::Pattern(_) => '0',
        };
        for (code, expected) in [
            ("General", 'p'),
            ("General\"年\"", 'p'),
            ("0.00E+00", 'p'),
            ("#,##0;[Red]-#,##0", 'p'),
            ("yyyy\"年\"m\"月\"d\"日\"", 'd'),
            ("[$-411]ggge\"年\"m\"月\"d\"日\";@", 'd'),
            ("[h]:mm:ss", 't'),
            ("[Red]000-0000", '0'),
            ("\"day\" 0", 'p'),
        ] {
            assert_eq!(kind(code), expected, "{code}");
        }
        let hides = |code| (Format::of(code).hides_numbers, Format::of(code).hides_texts);
        assert_eq!(
            (hides(";;;"), hides(";;"), hides("\"\""), hides("[White] ")),
            ((true, true), (true, false), (true, false), (true, false))
        );
        assert_eq!((hides(""), hides("0;;;@"), hides("General")), ((false, false), (false, false), (false, false)));
        assert_eq!(hides(";;;@"), (true, false));
    }
}
