//! The evidence map: file › sheet › column, what was found there, how often, and masked samples.
//!
//! In: an inspection. Out: a [`Map`], the files in the order of how bad it is. The inspection counts hits and people in the
//! whole mail, and keeps a few samples of each detector with their places. So a count of one place is told only where all
//! samples of a detector are all its hits; else it is a number of samples, said to be one, beside the count of the whole
//! mail. Deliberately absent: any number that nobody counted, and unmasked values but one that the reader just opened.

use std::collections::BTreeMap;

use super::{super::pages::MOST, spot::Spot};
use crate::{
    inspect::{Category, Example, Finding, Inspection},
    language::Language,
    notice::{why::why, words},
};

/// What was found, by where it stands.
pub(super) struct Map {
    pub(super) files: Vec<FileView>,
    /// What was found in all, one line a detector.
    pub(super) totals: Vec<TotalView>,
    /// How many files or detectors are not shown.
    pub(super) more: usize,
}

/// A file, or the mail's own text.
pub(super) struct FileView {
    pub(super) name: String,
    pub(super) parts: Vec<PartView>,
}

/// A sheet, an entry, a page.
pub(super) struct PartView {
    /// Empty where the file has no parts.
    pub(super) name: String,
    /// Whether all that was sampled in it is hidden from a normal reader.
    pub(super) hidden: bool,
    /// How many characters of it were read, if that is known.
    pub(super) characters: String,
    pub(super) rows: Vec<RowView>,
}

/// One detector in one column, or in the running text.
pub(super) struct RowView {
    pub(super) column: String,
    pub(super) name: String,
    pub(super) category: &'static str,
    pub(super) severe: bool,
    /// How often, as far as that is known of this place.
    pub(super) count: String,
    pub(super) samples: Vec<SampleView>,
}

/// A masked sample.
pub(super) struct SampleView {
    pub(super) masked: String,
    /// The cell or the line.
    pub(super) point: String,
    /// Its place as it is recorded: what the button that opens it sends.
    pub(super) place: String,
    pub(super) hidden: bool,
    pub(super) quoted: bool,
    pub(super) why: String,
    /// What stands there, if the reader just opened it.
    pub(super) opened: Option<Vec<String>>,
}

/// What one detector found in the whole mail.
pub(super) struct TotalView {
    pub(super) name: String,
    pub(super) category: &'static str,
    pub(super) severe: bool,
    pub(super) confidence: &'static str,
    pub(super) count: String,
    /// In how many places there are samples.
    pub(super) places: String,
}

/// A place that the reader just opened.
pub(in crate::console) struct Opened {
    /// As it is recorded.
    pub(in crate::console) place: String,
    /// What stands there.
    pub(in crate::console) text: Vec<String>,
}

impl Opened {
    /// What a reader found at `place`.
    pub(in crate::console) fn new(place: &str, texts: &[String], language: Language) -> Self {
        let mut text: Vec<String> = texts.iter().flat_map(|text| words::lines(text, 30, 4_000)).collect();
        if text.is_empty() {
            let none = ("（ここには、いまは何も見つかりません）", "(nothing is found there now)");
            text.push(words::pick(language, none.0, none.1).to_owned());
        }
        Self { place: place.to_owned(), text }
    }
}

/// Whether a leak of it must be reported from the first person on.
pub(super) fn is_severe(category: Category) -> bool {
    matches!(category, Category::SpecialCare | Category::Specific | Category::Financial)
}

/// The findings, the worst first.
pub(super) fn sorted(inspection: &Inspection) -> Vec<&Finding> {
    let mut findings: Vec<&Finding> = inspection.findings.iter().collect();
    findings.sort_by_key(|finding| (finding.category, std::cmp::Reverse(finding.count)));
    findings
}

impl Map {
    /// The map of `inspection`; what stands at the place that was `opened` is shown.
    pub(super) fn of(inspection: &Inspection, opened: Option<&Opened>, language: Language) -> Self {
        let findings = sorted(inspection);
        let mut rows: Vec<Row<'_>> = Vec::new();
        // By where they stand: looking for each among all would take the square of their number.
        let mut known: BTreeMap<(&str, &str, String, &str), usize> = BTreeMap::new();
        for finding in findings.iter().take(MOST) {
            for example in &finding.examples {
                let spot = Spot::of(&example.place);
                let key = (spot.file, spot.part, spot.column(language), finding.detector.as_str());
                let at = *known.entry(key).or_insert_with(|| {
                    rows.push(Row { spot: spot.clone(), finding, examples: Vec::new() });
                    rows.len() - 1
                });
                if let Some(row) = rows.get_mut(at) {
                    row.examples.push(example);
                }
            }
        }
        let mut files: Vec<(&str, Vec<&Row<'_>>)> = Vec::new();
        for row in &rows {
            match files.iter_mut().find(|(name, _)| *name == row.spot.file) {
                Some((_, of_it)) => of_it.push(row),
                None => files.push((row.spot.file, vec![row])),
            }
        }
        let more = files.len().saturating_sub(MOST) + findings.len().saturating_sub(MOST);
        let read = |path: &str| inspection.inspected.iter().find(|part| part.place == path);
        let view = |(name, rows): (&str, Vec<&Row<'_>>)| FileView {
            name: words::place(name, language),
            parts: parts(&rows, read, opened, language),
        };
        Self {
            totals: findings.iter().take(MOST).map(|finding| total(finding, &rows, language)).collect(),
            files: files.into_iter().take(MOST).map(view).collect(),
            more,
        }
    }

    /// Whether there is anything on it.
    pub(super) fn is_empty(&self) -> bool {
        self.totals.is_empty()
    }
}

struct Row<'i> {
    spot: Spot<'i>,
    finding: &'i Finding,
    examples: Vec<&'i Example>,
}

fn parts<'i>(
    rows: &[&Row<'_>],
    read: impl Fn(&str) -> Option<&'i crate::inspect::Inspected>,
    opened: Option<&Opened>,
    language: Language,
) -> Vec<PartView> {
    let mut parts: Vec<(&str, Vec<&Row<'_>>)> = Vec::new();
    for row in rows {
        match parts.iter_mut().find(|(name, _)| *name == row.spot.part) {
            Some((_, of_it)) => of_it.push(row),
            None => parts.push((row.spot.part, vec![row])),
        }
    }
    let view = |(name, rows): (&str, Vec<&Row<'_>>)| {
        let file = rows.first().map_or("", |row| row.spot.file);
        let path = if name.is_empty() { file.to_owned() } else { format!("{file} › {name}") };
        let characters = read(&path).map(|part| characters(part.characters, language)).unwrap_or_default();
        let hidden = rows.iter().flat_map(|row| &row.examples).all(|example| example.hidden);
        let rows = rows.into_iter().map(|row| row_view(row, opened, language)).collect();
        PartView { name: words::one_line(name, 200), hidden, characters, rows }
    };
    parts.into_iter().map(view).collect()
}

/// `1,234文字`, `1,234 characters`.
pub(super) fn characters(count: u64, language: Language) -> String {
    match (language, count) {
        (Language::Ja, _) => format!("{}文字", words::number(count)),
        (Language::En, 1) => "1 character".to_owned(),
        (Language::En, _) => format!("{} characters", words::number(count)),
    }
}

fn row_view(row: &Row<'_>, opened: Option<&Opened>, language: Language) -> RowView {
    let finding = row.finding;
    let shown = |example: &&Example| {
        let opened = opened.filter(|opened| opened.place == example.place).map(|opened| opened.text.clone());
        SampleView {
            masked: words::one_line(&example.masked, 80),
            point: Spot::of(&example.place).point(language),
            place: example.place.clone(),
            hidden: example.hidden,
            quoted: example.quoted,
            why: example.why.as_ref().map(|reason| why(reason, language)).unwrap_or_default(),
            opened,
        }
    };
    RowView {
        column: row.spot.column(language),
        name: words::finding(finding, language),
        category: words::category(finding.category, language),
        severe: is_severe(finding.category),
        count: count_here(finding, row.examples.len(), language),
        samples: row.examples.iter().map(shown).collect(),
    }
}

/// How often `finding` is in a place of which there are so many samples.
fn count_here(finding: &Finding, samples: usize, language: Language) -> String {
    let (all, here) = (finding.count, u32::try_from(samples).unwrap_or(u32::MAX));
    // Every hit is a sample, so those here are counted.
    if usize::try_from(all).is_ok_and(|all| all == finding.examples.len()) {
        return words::count(here, language);
    }
    let (here, all) = (words::number(here), words::number(all));
    match language {
        Language::Ja => format!("見本{here}件（メール全体で{all}件）"),
        Language::En if here == "1" => format!("1 sample ({all} in the whole mail)"),
        Language::En => format!("{here} samples ({all} in the whole mail)"),
    }
}

fn total(finding: &Finding, rows: &[Row<'_>], language: Language) -> TotalView {
    let of_it = rows.iter().filter(|row| row.finding.detector == finding.detector);
    let mut spots: Vec<String> = of_it.map(|row| row.spot.whole(language)).collect();
    spots.dedup();
    let more = spots.len().saturating_sub(2);
    spots.truncate(2);
    let mut places = spots.join(words::pick(language, "、", ", "));
    if more > 0 {
        places += &match language {
            Language::Ja => format!(" ほか{more}か所"),
            Language::En => format!(" and {more} more"),
        };
    }
    TotalView {
        name: words::finding(finding, language),
        category: words::category(finding.category, language),
        severe: is_severe(finding.category),
        confidence: words::confidence(finding.confidence, language),
        count: words::count(finding.count, language),
        places,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::Confidence;

    fn finding(detector: &str, category: Category, count: u32, places: &[(&str, bool)]) -> Finding {
        let example = |&(place, hidden): &(&str, bool)| Example {
            masked: "0**".to_owned(),
            place: place.to_owned(),
            hidden,
            quoted: false,
            why: None,
        };
        let examples = places.iter().map(example).collect();
        Finding { detector: detector.to_owned(), title: None, category, confidence: Confidence::High, count, examples }
    }

    fn map(findings: Vec<Finding>) -> Map {
        Map::of(&Inspection { findings, ..Inspection::default() }, None, Language::En)
    }

    #[test]
    fn samples_stand_by_file_sheet_and_column() {
        let phones = [("a.xlsx › 顧客!F2", true), ("a.xlsx › 顧客!F3", true), ("a.xlsx › 履歴!C9", false)];
        let map = map(vec![
            finding("jp.phone", Category::Contact, 12_000, &phones),
            finding("jp.my_number", Category::Specific, 1, &[("body:3", false)]),
        ]);
        let files: Vec<(&str, usize)> = map.files.iter().map(|file| (file.name.as_str(), file.parts.len())).collect();
        assert_eq!(files, [("the text", 1), ("a.xlsx", 2)], "the worst first");
        let parts = &map.files[1].parts;
        assert_eq!((parts[0].name.as_str(), parts[0].hidden, parts[0].rows.len()), ("顧客", true, 1));
        assert_eq!((parts[1].name.as_str(), parts[1].hidden), ("履歴", false));
        let row = &parts[0].rows[0];
        assert_eq!((row.column.as_str(), row.samples.len(), row.samples[1].point.as_str()), ("column F", 2, "F3"));
    }

    #[test]
    fn only_what_was_counted_is_told_as_a_count() {
        let map = map(vec![
            finding("jp.phone", Category::Contact, 12_000, &[("a.xlsx › x!F2", false), ("body:1", false)]),
            finding("email", Category::Contact, 2, &[("a.xlsx › x!G2", false), ("body:1", false)]),
        ]);
        let counts: Vec<&str> =
            map.files.iter().flat_map(|f| &f.parts).flat_map(|p| &p.rows).map(|row| row.count.as_str()).collect();
        let sample = "1 sample (12,000 in the whole mail)";
        assert_eq!(counts, [sample, "1 found", sample, "1 found"]);
        assert_eq!(
            (map.totals[0].count.as_str(), map.totals[0].places.as_str()),
            ("12,000 found", "a.xlsx › x, the text")
        );
    }

    #[test]
    fn a_thousand_findings_are_cut_and_told() {
        let many =
            (0..1_000).map(|n| finding(&format!("own.{n}"), Category::Contact, 1, &[("body:1", false)])).collect();
        let map = map(many);
        assert_eq!((map.totals.len(), map.more), (MOST, 1_000 - MOST));
    }
}
