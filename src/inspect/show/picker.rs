//! The text at one place.
//!
//! In: all text of a mail with its places ([`Sink`]), and a place as findings name it, its names masked as there. Out: what
//! stands at it: a cell, a line, or a stretch that has no lines. Deliberately absent: the text around it.

use crate::inspect::{Cell, Place, Sink, detect::Veil};

/// No more of one text is kept, in characters: a line may be as long as a mail.
const LONGEST: usize = 4_000;

/// No more texts are kept: a mail says the same in text and in HTML, and several files may have one name.
const MOST: usize = 4;

/// The sink that keeps one place.
pub(super) struct Picker<'r> {
    wanted: String,
    /// Row and column, if it may be a cell.
    cell: Option<(u32, u32)>,
    /// Counted from 1, if it may be a line.
    line: Option<usize>,
    veil: Veil<'r>,
    /// The path of the open table.
    table: String,
    picked: Vec<String>,
}

impl<'r> Picker<'r> {
    pub(super) fn new(place: &str, veil: Veil<'r>) -> Self {
        let cell = place.rsplit_once('!').and_then(|(_, cell)| coordinates(cell));
        let line = place.rsplit_once(':').and_then(|(_, line)| line.parse().ok());
        Self { wanted: place.to_owned(), cell, line, veil, table: String::new(), picked: Vec::new() }
    }

    /// What was found.
    pub(super) fn picked(self) -> Vec<String> {
        self.picked
    }

    /// Whether `place` is the one, as it is shown.
    fn is_it(&mut self, mut place: String) -> bool {
        self.veil.draw_over(&mut place);
        place == self.wanted
    }

    fn keep(&mut self, text: &str) {
        let mut kept: String = text.chars().take(LONGEST).collect();
        if kept.len() < text.len() {
            kept.push('…');
        }
        if self.picked.len() < MOST && !self.picked.contains(&kept) {
            self.picked.push(kept);
        }
    }
}

impl Sink for Picker<'_> {
    fn text(&mut self, place: &Place, text: &str) {
        if let Some(line) = self.line.and_then(|line| lines(text).nth(line.checked_sub(1)?))
            && self.is_it(format!("{}:{}", place.path, self.line.unwrap_or_default()))
        {
            self.keep(line);
        }
        if self.is_it(place.path.clone()) {
            self.keep(text);
        }
    }

    fn begin_table(&mut self, place: &Place) {
        self.table.clone_from(&place.path);
    }

    fn row(&mut self, row: u32, cells: &[Cell<'_>]) {
        let Some((wanted, column)) = self.cell else { return };
        if row != wanted {
            return;
        }
        let Some(cell) = cells.iter().find(|cell| cell.column == column) else { return };
        let name = self.wanted.rsplit_once('!').map(|(_, cell)| cell.to_owned()).unwrap_or_default();
        if self.is_it(format!("{}!{name}", self.table)) {
            self.keep(&cell.text);
        }
    }

    fn end_table(&mut self) {}
}

/// Lines as places count them: line ends of all kinds are one.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let open = rest?;
        let Some(end) = open.find(['\r', '\n']) else {
            rest = None;
            return Some(open);
        };
        let (line, ended) = open.split_at_checked(end)?;
        rest = ended.strip_prefix("\r\n").or_else(|| ended.get(1..));
        Some(line)
    })
}

/// `F2` as row and column, counted from 0.
fn coordinates(cell: &str) -> Option<(u32, u32)> {
    let row = cell.trim_start_matches(|c: char| c.is_ascii_uppercase());
    let letters = cell.strip_suffix(row).filter(|letters| !letters.is_empty() && letters.len() <= 4)?;
    let column = letters.bytes().fold(0_u32, |column, letter| column * 26 + u32::from(letter - b'A') + 1);
    Some((row.parse::<u32>().ok()?.checked_sub(1)?, column.checked_sub(1)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::{Job, Kind, Limits, Rules, Show, Shown, hear};

    /// Every place that an inspection names is found again, and says what was masked.
    fn opened(bytes: &[u8], own: &[String], places: &mut Vec<(String, String)>) -> Vec<Vec<String>> {
        let rules = &Rules::compile(&[]).unwrap();
        let job = Job { own: own.to_vec(), ..Job::new(Kind::Mail) };
        let (inspection, _) = hear(bytes, &job, rules, &Limits::default(), &mut ());
        let examples = inspection.findings.iter().flat_map(|finding| &finding.examples);
        places.extend(examples.map(|example| (example.place.clone(), example.masked.clone())));
        let open = |place: &String| {
            let job = Job { show: Some(Show::Place(place.clone())), ..job.clone() };
            match hear(bytes, &job, rules, &Limits::default(), &mut ()).1.shown {
                Some(Shown::Place(texts)) => texts,
                other => panic!("{other:?}"),
            }
        };
        places.iter().map(|(place, _)| open(place)).collect()
    }

    const MAIL: &str = "From: a@example.co.jp\r\nSubject: call 090-1234-5678\r\nMIME-Version: 1.0\r\nContent-Type: \
                        multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
                        first\r\n\r\nCard: 4111 1111 1111 1111\r\nnothing\r\n--b\r\nContent-Type: text/csv; \
                        charset=utf-8\r\nContent-Disposition: attachment; filename=\"090-8765-4321.csv\"\r\n\r\n\
                        name,phone\r\nsato,080-1111-2222\r\nsuzuki,080-3333-4444\r\n--b--\r\n";

    #[test]
    fn every_place_of_a_finding_opens_and_nothing_beside_it() {
        let mut places = Vec::new();
        let texts = opened(MAIL.as_bytes(), &[], &mut places);
        assert!(places.len() >= 4, "{places:?}");
        for ((place, masked), texts) in places.iter().zip(&texts) {
            assert_eq!(texts.len(), 1, "{place}");
            let end: String = masked.chars().rev().take_while(char::is_ascii_digit).collect();
            let end: String = end.chars().rev().collect();
            assert!(texts[0].contains(&end), "{place}: {masked} in {texts:?}");
        }
        let at = |end: &str| places.iter().position(|(place, _)| place.ends_with(end)).map(|at| texts[at].clone());
        assert_eq!(at("body:3").unwrap(), ["Card: 4111 1111 1111 1111"]);
        assert_eq!(at("!B3").unwrap(), ["080-3333-4444"]);
        assert!(places.iter().all(|(place, _)| !place.contains("8765")), "the name of the file stays masked");
    }

    #[test]
    fn a_place_that_is_not_there_opens_nothing() {
        let rules = &Rules::compile(&[]).unwrap();
        for place in ["body:99", "body:0", "x!A1", "", "body", "!!", "body:18446744073709551616", "x!ZZZZ9999999999"] {
            let job = Job { show: Some(Show::Place(place.to_owned())), ..Job::new(Kind::Mail) };
            let (inspection, heard) = hear(MAIL.as_bytes(), &job, rules, &Limits::default(), &mut ());
            let all = heard.shown;
            assert!(inspection.findings.is_empty());
            let nothing = matches!(&all, Some(Shown::Place(texts)) if texts.is_empty());
            // The text as a whole is a place as well: what has no lines is named so.
            assert!(nothing || place == "body", "{place}");
            assert!(!format!("{all:?}").contains("4111"), "a log would show it");
        }
    }

    #[test]
    fn lines_are_counted_as_places_count_them() {
        let all: Vec<&str> = lines("a\r\nb\rc\n\nd").collect();
        assert_eq!(all, ["a", "b", "c", "", "d"]);
    }
}
