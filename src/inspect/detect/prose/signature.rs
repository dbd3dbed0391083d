//! Which lines of a text are a signature.
//!
//! In: the lines, and what was found in each ([`Load`]). Out: blocks that look like a business card: below `-- `, between
//! separators, or the last paragraph, with an organisation, a telephone, a page, an address in them, and the data of one
//! person or two. A form (`お名前：…`) is none, nor is what addresses somebody (`山田様`); and of many in one letter none
//! is: those are customers. Deliberately absent: the other courtesies of a letter ([`super::zones`]).

use std::ops::{ControlFlow, Range};
use std::sync::LazyLock;

use super::zones::{COMPANY, Lines, Zone};
use crate::inspect::detect::names::script::is_alphanumeric;
use crate::inspect::detect::words::vocabulary::Vocabulary;

/// No signature is longer.
const SIGNATURE: usize = 15;
/// A letter has no more: its writer's own, and that of the mail it forwards or answers.
const SIGNATURES: usize = 2;

/// What was found in a line, or in several.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Load {
    /// Anything.
    pub(super) busy: bool,
    pub(crate) names: u16,
    pub(crate) mails: u16,
    pub(crate) phones: u16,
    pub(crate) other: u16,
}

impl Load {
    fn with(self, more: Self) -> Self {
        Self {
            busy: self.busy || more.busy,
            names: self.names.saturating_add(more.names),
            mails: self.mails.saturating_add(more.mails),
            phones: self.phones.saturating_add(more.phones),
            other: self.other.saturating_add(more.other),
        }
    }

    /// More than the signature of one person, or of two, has in it.
    fn is_too_much(self) -> bool {
        self.names > 2 || self.mails > 3 || self.phones > 5 || self.other > 0
    }
}

/// Marks what looks like a signature: below `-- `, between separators, or the last paragraph.
pub(crate) fn mark(lines: &Lines<'_>, own: &[String], loads: &[Load], zones: &mut [Zone]) {
    let count = lines.bare.len();
    let mut rules = Ahead::default();
    let mut breaks = Ahead::default();
    let mut number = 0;
    let mut after_rule = false;
    let mut start = 0;
    let mut found = Vec::new();
    let filled_behind = (0..count).rev().find(|&line| !lines.is_break(line)).map_or(0, |last| last + 1);
    while let Some(&line) = lines.bare.get(start) {
        if lines.is_break(start) {
            // `-- ` loses its space on the way through many programs.
            after_rule = lines.is_rule(start) || line == "--" || (after_rule && line.is_empty());
            start += 1;
            continue;
        }
        let delimiter = line == "--";
        // Below a separator a signature may have empty lines; elsewhere it is one paragraph.
        let in_block = after_rule || delimiter;
        // In HTML nothing but the delimiter may part a signature from the letter.
        let ends = |line| lines.is_break(line) || lines.bare.get(line) == Some(&"--");
        let paragraph = breaks.next(count, start + 1, ends);
        let end = if in_block { rules.next(count, start, |line| lines.is_rule(line)) } else { paragraph };
        let block = lines.bare.get(start..end).unwrap_or_default();
        let filled = block.iter().filter(|line| !line.is_empty()).take(SIGNATURE + 1).count();
        let (own_zones, own_loads) = (zones.get(start..end), loads.get(start..end));
        let load = own_zones.unwrap_or_default().iter().zip(own_loads.unwrap_or_default());
        let body = load.filter(|(zone, _)| **zone == Zone::Body).map(|(_, load)| *load);
        let too_much = filled <= SIGNATURE && body.fold(Load::default(), Load::with).is_too_much();
        let is_busy = || own_loads.is_some_and(|loads| loads.iter().any(|load| load.busy));
        // What holds too much is no signature, and only in a block does it matter whether it looks like one.
        let points = if filled <= SIGNATURE && (in_block || !too_much) && is_busy() { points(block, own) } else { 0 };
        let enough = filled <= SIGNATURE
            && if delimiter {
                true
            } else if in_block {
                points >= 2
            } else {
                let is_last = end >= filled_behind;
                points >= if is_last { 3 } else { 4 } || (points >= 2 && has_own(block, own) && filled >= 2)
            };
        if enough && !too_much && (has_own(block, own) || !is_form(block)) {
            number += 1;
            for zone in zones.iter_mut().take(end).skip(start).filter(|zone| **zone == Zone::Body) {
                *zone = Zone::Signature(number);
            }
            if is_busy() && !has_own(block, own) {
                found.push((start..end, number));
            }
        }
        // A block that is no signature is looked at again paragraph by paragraph.
        start = if enough || !in_block { end } else { paragraph }.max(start + 1);
        after_rule = false;
    }
    leave_crowds(zones, &found);
}

/// Signatures of others in one letter, if there are many, are a list of people. Each mail in a thread has its own: it begins
/// with the header of the mail that is quoted, or with its salutation.
fn leave_crowds(zones: &mut [Zone], found: &[(Range<usize>, u32)]) {
    let begins = |zone: &Zone| matches!(zone, Zone::Quoted | Zone::Salutation);
    let mut rest = found;
    while let Some((first, _)) = rest.first() {
        let next = zones.iter().enumerate().skip(first.end).find(|(_, zone)| begins(zone)).map(|(line, _)| line);
        let count = next.map_or(rest.len(), |next| rest.partition_point(|(block, _)| block.start < next)).max(1);
        let Some((letter, others)) = rest.split_at_checked(count) else { return };
        if letter.len() > SIGNATURES {
            for (block, number) in letter {
                let lines = zones.iter_mut().take(block.end).skip(block.start);
                lines.filter(|zone| **zone == Zone::Signature(*number)).for_each(|zone| *zone = Zone::Body);
            }
        }
        rest = others;
    }
}

/// Whether a block asks for somebody's name or tells who is addressed, as no signature does of its writer.
fn is_form(block: &[&str]) -> bool {
    const LABELS: [&str; 14] = [
        "氏名",
        "ご氏名",
        "お名前",
        "名前",
        "お客様名",
        "ご住所",
        "お届け先",
        "ご注文者",
        "フリガナ",
        "ふりがな",
        "name",
        "full name",
        "customer",
        "customer name",
    ];
    block.iter().any(|line| {
        let line = line.trim_start_matches(|c: char| !is_alphanumeric(c));
        let label = line.split_once([':', '】', ']']).map(|(label, _)| label.trim_end());
        let asks = label.is_some_and(|label| LABELS.iter().any(|known| label.eq_ignore_ascii_case(known)));
        asks || ["様", "さま", "殿"].iter().any(|honorific| line.trim_end().ends_with(honorific))
    })
}

/// Where the next line of a kind stands. Whoever asks goes down the text, so that no line is looked at twice.
#[derive(Default)]
struct Ahead {
    known: Option<usize>,
}

impl Ahead {
    fn next(&mut self, count: usize, from: usize, is_one: impl Fn(usize) -> bool) -> usize {
        let known = self.known.filter(|&known| known >= from);
        let next = known.unwrap_or_else(|| (from..count).find(|&line| is_one(line)).unwrap_or(count));
        self.known = Some(next);
        next
    }
}

/// What stands on a business card, in small letters: organisation, telephone, page, mail, address, department.
const CARD: [&[&str]; 6] = [
    &COMPANY,
    &["tel", "電話", "fax", "phone", "mobile", "携帯", "直通", "代表"],
    &["http://", "https://", "www."],
    &["e-mail", "email", "mail:", "メール"],
    &["〒", "address", "住所", "所在地"],
    &[
        "部 ",
        "部\n",
        "課 ",
        "課\n",
        "事業部",
        "営業部",
        "支店",
        "営業所",
        "department",
        "division",
        "manager",
        "部長",
        "課長",
        "担当",
    ],
];

/// How many things of a business card stand in the block.
fn points(block: &[&str], own: &[String]) -> usize {
    /// All of them, and whose each is.
    static WORDS: LazyLock<(Vocabulary, Vec<usize>)> = LazyLock::new(|| {
        let words = (0..).zip(CARD).flat_map(|(point, words)| words.iter().map(move |word| (*word, point)));
        let (words, points): (Vec<&str>, Vec<usize>) = words.unzip();
        (Vocabulary::of(words), points)
    });
    let text = block.join("\n");
    let (words, whose) = &*WORDS;
    let mut seen = [false; CARD.len()];
    words.each(&text, |word, _| {
        let point = whose.get(word).and_then(|&point| seen.get_mut(point));
        point.into_iter().for_each(|point| *point = true);
        ControlFlow::Continue(())
    });
    let [company, phone, page, mail, address, department] = seen;
    let points = [company, phone, page, mail || has_own(block, own), address, department];
    points.iter().filter(|&&point| point).count()
}

fn has_own(block: &[&str], own: &[String]) -> bool {
    !own.is_empty()
        && block.iter().filter(|line| memchr::memchr(b'@', line.as_bytes()).is_some()).any(|line| {
            let lower = line.to_ascii_lowercase();
            own.iter().any(|address| lower.contains(address.as_str()))
        })
}
