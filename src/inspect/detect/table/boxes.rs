//! Values that stand over several cells: a digit a box, as forms of the tax office have them, or a part of the number each.
//!
//! In: a table's rows as they come. Out: the row with such a value whole in its first cell ([`Boxes::joined`]), for all who
//! read tables. Cells are joined only if a label beside them or a header above calls for such a number and the number is
//! one; so are year, month and day of a birth. Answers to twelve questions stay what they are. Deliberately absent: names
//! over several cells ([`super::row`] joins names).

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::layout::HEAD;
use crate::inspect::Cell;
use crate::inspect::detect::checks::Check;
use crate::inspect::detect::normal::Normal;
use crate::inspect::detect::rules::Rules;

/// A part of a number has no more digits.
const PART: usize = 5;
/// No number has more parts, and what stands in fewer cells is none of this.
const PARTS: usize = 19;
const LEAST: usize = 3;
/// A label is no longer than this, in bytes.
const LABEL: usize = 120;

/// What is known of a table's headers.
#[derive(Debug, Default)]
pub(crate) struct Boxes {
    rows: usize,
    /// Which detectors the last header of a column announced.
    headers: BTreeMap<u32, Vec<usize>>,
}

impl Boxes {
    /// The cells with each value that stands over several of them in the first; nothing if there is none.
    pub(crate) fn joined<'c>(&mut self, rules: &Rules, cells: &'c [Cell<'_>]) -> Option<Vec<(u32, Cow<'c, str>)>> {
        self.rows += 1;
        if self.rows <= HEAD {
            let headers = cells.iter().map(|cell| (cell.column, announced(rules, cell.text.as_ref())));
            self.headers.extend(headers.filter(|(_, detectors)| !detectors.is_empty()));
        }
        // Most rows end here.
        if !cells.windows(LEAST).any(|cells| cells.iter().all(|cell| may_be_part(cell.text.as_ref()))) {
            return None;
        }
        let (mut row, mut any) = (Vec::with_capacity(cells.len()), false);
        let (mut rest, mut label) = (cells, "");
        while let Some((first, others)) = rest.split_first() {
            if !may_be_part(first.text.as_ref()) {
                label = first.text.as_ref();
            } else if let Some((count, whole)) = self.whole(rules, label, first.column, rest) {
                row.push((first.column, Cow::Owned(whole)));
                any = true;
                rest = rest.get(count..).unwrap_or_default();
                continue;
            }
            row.push((first.column, Cow::Borrowed(first.text.as_ref())));
            rest = others;
        }
        any.then_some(row)
    }

    /// The number that begins in the first cell, if the label before it or the header above calls for it: over how many
    /// cells it stands, and whole.
    fn whole(&self, rules: &Rules, label: &str, column: u32, cells: &[Cell<'_>]) -> Option<(usize, String)> {
        let run = run(cells);
        if run.len() < LEAST {
            return None;
        }
        let label = announced(rules, label);
        let header = self.headers.get(&column).map(Vec::as_slice).unwrap_or_default();
        let detectors = label.iter().chain(header).filter_map(|&detector| rules.detector(detector));
        let checks = detectors.map(|detector| detector.check);
        let checks = checks.filter(|check| check.has_check_digit() || is_written_out(*check));
        let mut ways = checks.flat_map(|check| (LEAST..=run.len()).rev().map(move |count| (check, count)));
        ways.find_map(|(check, count)| {
            let (parts, written_out) = (run.get(..count)?, is_written_out(check));
            let whole = parts.join(if written_out { "-" } else { "" });
            // A header makes up for zeros that a number has lost; of digits in boxes none is lost.
            let fits = is_parted(check, parts) && check.in_cell(rules.names(), &whole, written_out).is_some();
            fits.then_some((count, whole))
        })
    }
}

/// Whether a cell may be a part of a number by its first byte and its length; a wide digit is three bytes.
fn may_be_part(text: &str) -> bool {
    let begins = matches!(text.as_bytes(), [b'0'..=b'9' | b' ', ..] | [0xEF, 0xBC, ..] | [0xE3, 0x80, 0x80, ..]);
    begins && text.len() <= 3 * PART
}

/// The parts of a number that stand side by side from the first cell on.
fn run<'c>(cells: &'c [Cell<'_>]) -> Vec<Cow<'c, str>> {
    let mut run: Vec<Cow<'c, str>> = Vec::new();
    let first = cells.first().map_or(0, |cell| cell.column);
    for (column, cell) in (first..).zip(cells).take(PARTS) {
        if cell.column != column || !may_be_part(cell.text.as_ref()) {
            break;
        }
        let part = Normal::of(cell.text.as_ref()).into_text();
        let digits = part.trim();
        if digits.is_empty() || digits.len() > PART || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            break;
        }
        run.push(if digits.len() == part.len() { part } else { Cow::Owned(digits.to_owned()) });
    }
    run
}

/// Whether `-` stands between the parts when such a value is written.
fn is_written_out(check: Check) -> bool {
    matches!(check, Check::PhoneJp | Check::BirthDate)
}

/// Whether a number is parted so: a digit each, four each, as telephone numbers are, or year, month and day.
fn is_parted(check: Check, parts: &[Cow<'_, str>]) -> bool {
    if check == Check::BirthDate {
        return matches!(parts, [year, month, day] if year.len() == 4 && month.len() <= 2 && day.len() <= 2);
    }
    if check == Check::PhoneJp {
        return parts.len() == 3 && parts.iter().all(|part| part.len() >= 2);
    }
    parts.iter().all(|part| part.len() == 1) || parts.iter().all(|part| part.len() == 4)
}

/// Which detectors a label announces.
fn announced(rules: &Rules, text: &str) -> Vec<usize> {
    let is_label = text.len() <= LABEL && text.bytes().filter(u8::is_ascii_digit).count() < 3;
    if is_label { rules.announced(text) } else { Vec::new() }
}
