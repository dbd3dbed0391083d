//! The strings that the cells of a workbook share.
//!
//! In: the table of strings, from XML as it is unpacked or one by one. Out: each by its number, and in the end those that
//! no cell asked for: Excel leaves strings of deleted cells in the table. All stand in one string, so that two million
//! of them take hardly more than their letters; how many there are is counted and never believed. Readings (furigana)
//! stand aside, so that they are not glued to the names. Runs of a string that are not seen on paper are noted; on what
//! they stand, the cell knows. Deliberately absent: any other looks.

use std::collections::{BTreeMap, HashSet};
use std::io::Read;
use std::ops::Range;

use crate::inspect::extract::oddity::is_odd;
use crate::inspect::extract::reading::Reading;
use crate::inspect::extract::workbook::looks::{self, Runs};
use crate::inspect::extract::xml::Event;
use crate::inspect::extract::xml_stream::Stream;
use crate::inspect::{Place, Reason};

/// All strings together; more would not fit into a worker beside everything else.
const BYTES: usize = 256 << 20;

/// As many as there may be cells.
const COUNT: usize = 20_000_000;

/// From this size on the table grows by steps and not twofold.
const STEP: usize = 16 << 20;

/// As many different attributes may say something; so many fonts has nobody.
const ODD: usize = 10_000;

/// So many strings may have runs that are not seen.
const UNSEEN: usize = 1 << 18;

/// How much text is handed over at once.
const PIECE: usize = 64 << 10;

/// Strings by their number.
#[derive(Default)]
pub(crate) struct Strings {
    text: String,
    ends: Vec<u32>,
    used: Vec<bool>,
    readings: String,
    /// By the number of their string: its runs that are not seen, from its start.
    unseen: BTreeMap<usize, Vec<Range<usize>>>,
}

impl Strings {
    /// A string.
    pub(crate) fn at(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index)?;
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or_default();
        self.text.get(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
    }

    /// What is seen of a string, and what is not, if any of it is not.
    pub(crate) fn parted(&self, index: usize) -> Option<(String, String)> {
        let unseen = self.unseen.get(&index)?;
        Some(looks::parted(self.at(index)?, unseen))
    }

    /// How long a string is, in bytes.
    pub(crate) fn length(&self, index: usize) -> Option<u64> {
        let end = *self.ends.get(index)?;
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or_default();
        Some(u64::from(end.saturating_sub(start)))
    }

    /// A cell shows this string; false if there is no such string.
    pub(crate) fn mark(&mut self, index: usize) -> bool {
        self.used.get_mut(index).map(|used| *used = true).is_some()
    }

    /// Appends to the string that is being put together; false when there is no room.
    pub(crate) fn append(&mut self, piece: &str) -> bool {
        if self.text.len() + piece.len() > BYTES {
            return false;
        }
        if self.text.capacity() - self.text.len() < piece.len() && self.text.len() >= STEP {
            self.text.reserve_exact(STEP.max(piece.len()));
        }
        self.text.push_str(piece);
        true
    }

    /// How long the string is that is being put together.
    fn open_length(&self) -> usize {
        let last = self.ends.last().and_then(|&end| usize::try_from(end).ok()).unwrap_or_default();
        self.text.len() - last.min(self.text.len())
    }

    /// The string that is being put together is whole; false when there is no room for another.
    pub(crate) fn close(&mut self) -> bool {
        let Some(end) = u32::try_from(self.text.len()).ok().filter(|_| self.ends.len() < COUNT) else { return false };
        self.ends.push(end);
        self.used.push(false);
        true
    }

    /// Puts a reading aside.
    pub(crate) fn reading(&mut self, text: &str) {
        if self.readings.len() + text.len() <= BYTES / 4 {
            self.readings.push_str(text);
        }
    }

    /// Reads the table from its XML; what stopped it, if anything did.
    pub(crate) fn read(&mut self, reading: &mut Reading<'_>, source: impl Read) -> Option<Reason> {
        let mut stream = Stream::new(source);
        let (mut in_reading, mut in_text, mut count, mut odd) = (0u32, false, 0u32, HashSet::new());
        let mut runs = Runs::default();
        while let Some(event) = stream.next() {
            if let Some(run) = runs.event(&event, self.open_length())
                && self.unseen.len() < UNSEEN
            {
                self.unseen.entry(self.ends.len()).or_default().push(run);
            }
            let covered = match event {
                Event::Start { name: "rPh", .. } => {
                    in_reading += 1;
                    true
                }
                Event::Start { name, attributes } if !attributes.is_empty() => {
                    in_text |= name == "t";
                    // Names of fonts come with every run.
                    for (_, value) in attributes.iter().filter(|(_, value)| is_odd(value)) {
                        if odd.len() < ODD && odd.insert(value.as_ref().to_owned()) {
                            self.readings.push_str(&value);
                            self.readings.push('\n');
                        }
                    }
                    odd.len() < ODD
                }
                Event::End { name: "rPh" } => {
                    in_reading = in_reading.saturating_sub(1);
                    self.readings.push('\n');
                    true
                }
                Event::Start { name, .. } => {
                    in_text |= name == "t";
                    true
                }
                Event::End { name } => {
                    in_text &= name != "t";
                    name != "si" || self.close()
                }
                // White space between elements is layout.
                Event::Text(text) if !in_text && text.trim().is_empty() => true,
                Event::Text(text) if in_reading > 0 => {
                    let room = self.readings.len() + text.len() <= BYTES / 4;
                    if room {
                        self.readings.push_str(&text);
                    }
                    room
                }
                Event::Text(text) => self.append(&text),
            };
            count = count.wrapping_add(1);
            if !covered || !reading.charge(stream.unpacked()) || (count.is_multiple_of(4_096) && reading.is_over()) {
                return Some(Reason::Limit);
            }
        }
        self.readings.push_str(&stream.take_comments());
        if stream.declares_entities() {
            return Some(Reason::Limit);
        }
        stream.is_damaged().then_some(Reason::Damaged)
    }

    /// Hands over what no cell showed, and the readings.
    pub(crate) fn hand_over_rest(mut self, reading: &mut Reading<'_>, place: &Place) {
        let place = Place { hidden: true, ..place.clone() };
        let mut piece = String::new();
        for index in 0..self.ends.len() {
            if self.used.get(index).copied().unwrap_or_default() {
                continue;
            }
            piece.push_str(self.at(index).unwrap_or_default());
            piece.push('\n');
            if piece.len() >= PIECE {
                reading.text(&place, &piece);
                piece.clear();
            }
        }
        // What stands behind the last string that was closed.
        let last = self.ends.last().and_then(|&end| usize::try_from(end).ok()).unwrap_or_default();
        piece.push_str(self.text.get(last..).unwrap_or_default());
        reading.text(&place, &piece);
        reading.text(&place.inside("readings"), &std::mem::take(&mut self.readings));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::extract::Limits;
    use crate::inspect::{Cell, Job, Kind, Sink};

    #[derive(Default)]
    struct Texts(Vec<String>);

    impl Sink for Texts {
        fn text(&mut self, place: &Place, text: &str) {
            assert!(place.hidden);
            self.0.push(text.to_owned());
        }
        fn begin_table(&mut self, _: &Place) {}
        fn row(&mut self, _: u32, _: &[Cell<'_>]) {}
        fn end_table(&mut self) {}
    }

    #[test]
    fn runs_that_are_not_seen_are_told_from_the_others() {
        let white = "<rPr><color rgb='FFFFFFFF'/></rPr>";
        let xml = format!(
            "<sst><si><t>plain</t></si><si><r><t>見える</t></r><r>{white}<t>見えない</t></r><r><t>も</t></r></si>\
             <si><r>{white}<t>全部</t></r></si><si><r><rPr><sz val='1'/></rPr><t>点</t></r><r><t>字</t></r></si></sst>"
        );
        let job = Job::new(Kind::File(String::new()));
        let (mut texts, mut watch) = (Texts::default(), ());
        let mut reading = Reading::new(&job, &Limits::default(), &mut texts, &mut watch);
        let mut strings = Strings::default();
        assert_eq!(strings.read(&mut reading, xml.as_bytes()), None);
        let parted = |index: usize| strings.parted(index).map(|(seen, unseen)| format!("{seen}|{unseen}"));
        assert_eq!(
            [parted(0), parted(1), parted(2), parted(3)],
            [None, Some("見えるも|見えない".into()), Some("|全部".into()), Some("字|点".into())]
        );
    }

    #[test]
    fn strings_are_joined_readings_stand_aside_and_the_unused_are_told() {
        let xml = "<sst uniqueCount='4294967295'>\n<si><r><t>福田</t></r><r><t xml:space='preserve".to_owned()
            + "'> 太郎</t></r><rPh sb='0'><t>フクダ</t></rPh></si><si><t/></si><si><t>消した人</t></si></sst>";
        let job = Job::new(Kind::File(String::new()));
        let (mut texts, mut watch) = (Texts::default(), ());
        let mut reading = Reading::new(&job, &Limits::default(), &mut texts, &mut watch);
        let mut strings = Strings::default();
        assert_eq!(strings.read(&mut reading, xml.as_bytes()), None);
        assert_eq!((strings.at(0), strings.at(1), strings.at(3)), (Some("福田 太郎"), Some(""), None));
        assert!(strings.mark(0) && !strings.mark(3));
        strings.hand_over_rest(&mut reading, &Place::new("a"));
        drop(reading);
        assert_eq!(texts.0, ["\n消した人\n", "4294967295\nフクダ\n"]);
    }
}
