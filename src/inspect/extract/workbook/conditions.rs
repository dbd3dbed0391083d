//! Conditional formats that hide cells whatever is in them.
//!
//! In: a sheet's XML as far as it is held, and what conditions may change ([`Difference`]). Out: the ranges in which a
//! condition that always holds (`TRUE`, `1=1`) shows nothing. Where a rule that goes before it touches the range nobody can
//! say, and the range counts as seen. Deliberately absent: calculating, so all other conditions.

use std::ops::RangeInclusive;

use crate::inspect::extract::workbook::looks::Difference;
use crate::inspect::extract::workbook::number::Format;
use crate::inspect::extract::workbook::sheet::column;
use crate::inspect::extract::xml::{Event, Reader};

/// So many ranges are told; a sheet with more is one that a program wrote.
const RANGES: usize = 4_096;

/// Cells by their rows and columns.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Range {
    rows: RangeInclusive<u32>,
    columns: RangeInclusive<u32>,
}

impl Range {
    /// `B2:C9`, `B2`, `B:C`.
    fn of(reference: &str) -> Option<Self> {
        let (first, last) = reference.split_once(':').unwrap_or((reference, reference));
        let row = |cell: &str, none: u32| {
            let digits = cell.trim_start_matches(|c: char| !c.is_ascii_digit());
            if digits.is_empty() { Some(none) } else { digits.parse::<u32>().ok()?.checked_sub(1) }
        };
        let (top, bottom) = (row(first, 0)?, row(last, u32::MAX)?);
        let (left, right) = (column(first).unwrap_or(0), column(last).unwrap_or(u32::MAX));
        Some(Self { rows: top..=bottom, columns: left..=right })
    }

    fn has(&self, row: u32, column: u32) -> bool {
        self.rows.contains(&row) && self.columns.contains(&column)
    }

    fn touches(&self, other: &Self) -> bool {
        let meet = |a: &RangeInclusive<u32>, b: &RangeInclusive<u32>| a.start() <= b.end() && b.start() <= a.end();
        meet(&self.rows, &other.rows) && meet(&self.columns, &other.columns)
    }
}

/// One rule of a sheet.
#[derive(Debug, Default)]
struct Rule {
    ranges: Vec<Range>,
    priority: i64,
    difference: Option<usize>,
    /// It is a formula and nothing else that decides.
    by_formula: bool,
    formula: String,
}

impl Rule {
    fn always_holds(&self) -> bool {
        let formula = self.formula.trim().trim_start_matches('=').to_ascii_uppercase();
        self.by_formula
            && (matches!(formula.as_str(), "TRUE" | "TRUE()" | "1=1" | "NOT(FALSE)")
                || formula.parse::<f64>().is_ok_and(|number| number != 0.0))
    }
}

/// Where a sheet's conditions hide cells.
#[derive(Debug, Default)]
pub(super) struct Conditions {
    hiding: Vec<(Range, Difference)>,
}

impl Conditions {
    /// Of a sheet.
    pub(super) fn of(document: &str, differences: &[Difference]) -> Self {
        let rules = rules(document);
        let mut hiding = Vec::new();
        for rule in &rules {
            let difference = rule.difference.and_then(|number| differences.get(number)).filter(|it| it.hides());
            let Some(difference) = difference.filter(|_| rule.always_holds()) else { continue };
            let before = || rules.iter().filter(|other| other.priority < rule.priority).flat_map(|other| &other.ranges);
            let certain = rule.ranges.iter().filter(|range| !before().any(|other| other.touches(range)));
            hiding.extend(certain.map(|range| (range.clone(), difference.clone())));
        }
        hiding.truncate(RANGES);
        Self { hiding }
    }

    /// Whether numbers, and whether texts, are hidden in a cell of this format.
    pub(super) fn hide(&self, row: u32, column: u32, format: Option<&Format>) -> (bool, bool) {
        let mut hidden = (false, false);
        for (_, it) in self.hiding.iter().filter(|(range, _)| range.has(row, column)) {
            let unseen = it.unseen && !it.painted && !format.is_some_and(Format::is_painted);
            hidden.0 |= unseen || it.format.hides_numbers();
            hidden.1 |= unseen || it.format.hides_texts();
        }
        hidden
    }
}

fn rules(document: &str) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    let (mut ranges, mut count, mut in_formula) = (Vec::new(), 0_usize, false);
    for event in Reader::new(document) {
        match event {
            Event::Start { name: "conditionalFormatting", attributes } => {
                let all = attributes.value("sqref").unwrap_or_default();
                ranges = all.split(' ').filter_map(Range::of).take(RANGES).collect::<Vec<_>>();
            }
            Event::Start { name: "cfRule", attributes } => {
                count += ranges.len().max(1);
                if count > RANGES {
                    break;
                }
                let number = |name: &str| attributes.value(name).and_then(|value| value.parse::<i64>().ok());
                rules.push(Rule {
                    ranges: ranges.clone(),
                    priority: number("priority").unwrap_or(i64::MAX),
                    difference: number("dxfId").and_then(|id| usize::try_from(id).ok()),
                    by_formula: attributes.value("type").is_some_and(|kind| &*kind == "expression"),
                    formula: String::new(),
                });
            }
            Event::Start { name: "formula", .. } => in_formula = true,
            Event::End { name: "formula" } => in_formula = false,
            Event::Text(text) if in_formula => {
                if let Some(rule) = rules.last_mut().filter(|rule| rule.formula.len() < 64) {
                    rule.formula.push_str(&text);
                }
            }
            _ => {}
        }
    }
    rules
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(rules: &str) -> String {
        let differences = Difference::all(
            "<styleSheet><dxfs><dxf><numFmt numFmtId='200' formatCode=';;;'/></dxf><dxf><font><color rgb='FFFFFFFF'/></font>\
             </dxf><dxf><font><color rgb='FFFFFFFF'/></font><fill><patternFill><bgColor rgb='FF203040'/></patternFill>\
             </fill></dxf><dxf><font><b/></font></dxf></dxfs></styleSheet>",
        );
        let conditions = Conditions::of(&format!("<worksheet><sheetData/>{rules}</worksheet>"), &differences);
        let cell = |row, column| match conditions.hide(row, column, None) {
            (false, false) => '-',
            (true, true) => 'h',
            _ => '?',
        };
        (0..3).flat_map(|row| (0..3).map(move |column| (row, column))).map(|(row, column)| cell(row, column)).collect()
    }

    #[test]
    fn only_what_always_holds_hides() {
        let rule = |range: &str, number: u32, priority: u32, formula: &str| {
            format!(
                "<conditionalFormatting sqref='{range}'><cfRule type='expression' dxfId='{number}' priority='{priority}'>\
                 <formula>{formula}</formula></cfRule></conditionalFormatting>"
            )
        };
        for (rules, cells) in [
            (rule("B1:B2", 0, 1, "TRUE"), "-h--h----"),
            (rule("A1 C3", 1, 1, "1=1"), "h-------h"),
            (rule("B:B", 0, 1, "1"), "-h--h--h-"),
            (rule("A1:C3", 0, 1, "A1=1"), "---------"),
            (rule("A1:C3", 2, 1, "TRUE"), "---------"),
            (rule("A1:C3", 3, 1, "TRUE"), "---------"),
            // What goes before it may well show it.
            (rule("A1:C2", 0, 2, "TRUE") + &rule("C3 A1", 3, 1, "A1=1"), "---------"),
            (rule("A1:C2", 0, 1, "TRUE") + &rule("C3 A1", 3, 2, "A1=1"), "hhhhhh---"),
            (rule("A1:C3", 0, 1, "0"), "---------"),
        ] {
            assert_eq!(hidden(&rules), cells, "{rules}");
        }
        let by_value = "<conditionalFormatting sqref='A1:C3'><cfRule type='cellIs' dxfId='0' priority='1'><formula>TRUE</formula></cfRule></conditionalFormatting>";
        assert_eq!(hidden(by_value), "---------");
    }
}
