//! What a mail's own text says about whom it is for: the head of the new text, who took part before, and whose names
//! its content says.
//!
//! In: the texts and tables of the mail as they come. Out: a [`Letter`], for the checks of its recipients. It is a few
//! lines of content and stands unmasked, so it is never written, logged or shown; what a check says of it, the check
//! says in its own words. Deliberately absent: what the lines mean (`recipients`), and the bodies of mails inside the mail.

use serde::{Deserialize, Serialize};

use super::history::{addresses, introduction, is_quoted};
use super::signature::Load;
use super::zones::{self, Zone};
use crate::inspect::detect::organizations::{self, Mention, Mentions, Said};
use crate::inspect::{Cell, Place};

/// A salutation stands within so many lines that are not empty.
const LINES: usize = 12;
/// A longer line is no salutation; its head is enough to see that.
const CHARACTERS: usize = 120;
/// Nobody writes more new text above a quotation; what comes later is not searched for one.
const SEARCHED: usize = 1_000;
/// A thread has seldom more people than that in its quoted headers.
const QUOTED: usize = 64;
/// So much of a text, and of all texts together, is searched for names of organisations; whose it is stands at its head.
const READ: usize = 16 << 10;
const READ_IN_ALL: usize = 256 << 10;
/// So many lines of the new text likewise.
const READ_LINES: usize = 100;
/// So many names of files are handed on, and so much of each.
const FILES: usize = 64;
const FILE_NAME: usize = 200;
/// So many codes of customers are drawn from what stands in rows.
const DRAWN: usize = 64;
/// The first rows of a table are read for names, then one of so many.
const FIRST_ROWS: u32 = 512;
const ONE_OF: u32 = 64;
/// Within so many rows the head of a table stands.
const HEAD_ROWS: u32 = 32;
/// A longer cell is no name.
const CELL: usize = 200;

/// What a mail says about whom it is for.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Letter {
    /// The first lines of the new text, without empty ones, as they are written.
    pub opening: Vec<String>,
    /// Addresses in the headers of quoted mails, in small letters: who took part in the thread before.
    pub quoted: Vec<String>,
    /// Organisations that are named by their corporate form, outside signatures and quotations.
    #[serde(default)]
    pub organizations: Vec<Mention>,
    /// Mail domains in the content.
    #[serde(default)]
    pub domains: Vec<Mention>,
    /// Some of the codes in columns of customers' codes, as they are written, drawn evenly.
    #[serde(default)]
    pub codes: Vec<String>,
    /// What attached files are called.
    #[serde(default)]
    pub files: Vec<FileName>,
}

/// What a file is called.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FileName {
    /// As it came; whoever reads it says nothing of it.
    pub name: String,
    /// What may be shown of it.
    pub shown: String,
}

impl FileName {
    /// A name with nothing to hide.
    pub fn plain(name: impl Into<String>) -> Self {
        let name = name.into();
        Self { shown: name.clone(), name }
    }
}

impl Letter {
    /// What the text of a mail says, as its writer typed it, without anything else of the mail.
    pub fn of_text(text: &str) -> Self {
        let mut reader = Reader::default();
        reader.text(&Place::new("body"), text);
        reader.finish()
    }
}

/// Lines are counted, not shown.
impl std::fmt::Debug for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { opening, quoted, organizations, .. } = self;
        let mut letter = f.debug_struct("Letter");
        letter.field("opening", &opening.len()).field("quoted", &quoted.len());
        letter.field("organizations", &organizations.len()).finish_non_exhaustive()
    }
}

/// Reads the letter out of the texts of a mail.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    letter: Letter,
    /// Whether the head is complete: the same letter as HTML says the same once more.
    read: bool,
    organizations: Mentions,
    domains: Mentions,
    codes: Drawn,
    table: Option<Rows>,
    /// How much was searched, in bytes.
    searched: usize,
}

/// The table that is being read.
#[derive(Debug)]
struct Rows {
    place: String,
    /// Columns of customers' codes.
    codes: Vec<u32>,
}

impl Reader {
    /// Takes note of a text; only the mail's own body is the letter.
    pub(crate) fn text(&mut self, place: &Place, text: &str) {
        if place.field {
            return;
        }
        if place.path != "body" {
            return self.content(place, text);
        }
        if place.hidden {
            return;
        }
        if place.quoted == Some(true) {
            return self.quote(text.lines());
        }
        let new = self.without_quotation(text, place.quoted.is_some());
        let filled = new.iter().map(|line| line.trim()).filter(|line| !line.is_empty());
        let opening: Vec<String> = filled.take(LINES).map(|line| line.chars().take(CHARACTERS).collect()).collect();
        if !self.read && !opening.is_empty() {
            self.letter.opening = opening;
            self.read = true;
            self.body(new.get(..READ_LINES).unwrap_or(&new));
        }
    }

    /// The lines of a text that are not quoted, as far as a salutation may stand; who is named in the others is kept. What
    /// a `page` quotes is no part of the text.
    fn without_quotation<'t>(&mut self, text: &'t str, page: bool) -> Vec<&'t str> {
        let lines: Vec<&str> = text.lines().take(SEARCHED).collect();
        let mut new = Vec::new();
        let mut at = 0;
        while let Some(line) = lines.get(at) {
            let rest = lines.get(at..).unwrap_or_default();
            if is_quoted(line) {
                self.quote(std::iter::once(*line));
                at += 1;
            } else if let Some(length) = introduction(rest) {
                let next = rest.iter().skip(length).find(|line| !line.trim().is_empty());
                // Where no mark says what is quoted, all that follows is.
                let is_marked = next.map_or(page, |line| is_quoted(line));
                let length = if is_marked { length.max(1) } else { rest.len() };
                self.quote(rest.iter().take(length).copied());
                at += length;
            } else {
                new.push(*line);
                at += 1;
            }
        }
        new
    }

    /// The new text, without the signature below it: who writes names himself there.
    fn body(&mut self, lines: &[&str]) {
        let says = |line: &&str| line.contains('@') || organizations::said(line).next().is_some();
        if !lines.iter().any(says) {
            return;
        }
        let loads = vec![Load { busy: true, ..Load::default() }; lines.len()];
        let zones = zones::of(lines, &[], &loads);
        for (line, zone) in lines.iter().zip(zones) {
            if matches!(zone, Zone::Body | Zone::Salutation) {
                self.line("body", line, "");
            }
        }
    }

    /// What is no body: a file's name, or what stands in it.
    fn content(&mut self, place: &Place, text: &str) {
        let name = place.path.rsplit(" › ").next().unwrap_or_default();
        if text.starts_with(name) && text.lines().next() == Some(name) {
            if self.letter.files.len() < FILES {
                let name: String = name.chars().take(FILE_NAME).collect();
                self.letter.files.push(FileName::plain(name));
            }
            return;
        }
        let end = text.floor_char_boundary(READ.min(READ_IN_ALL.saturating_sub(self.searched)));
        self.searched += end;
        let mut lines = text.get(..end).unwrap_or_default().lines().peekable();
        while let Some(line) = lines.next() {
            self.line(&place.path, line, lines.peek().copied().unwrap_or_default());
        }
    }

    fn line(&mut self, place: &str, line: &str, next: &str) {
        for said in organizations::said(line) {
            match said {
                Said::Organization(name, addressed) => {
                    let addressed = addressed || organizations::addresses(next) && next.trim().chars().count() <= 3;
                    self.organizations.add(&name, place, false, addressed);
                }
                Said::Code(rest) => {
                    let value = rest.trim_start_matches([':', '：', ' ', '　', '\t', '=']);
                    let value = value.split(|c: char| c.is_whitespace() || "、。,)）".contains(c)).next();
                    self.codes.add(value.unwrap_or_default());
                }
            }
        }
        if memchr::memchr(b'@', line.as_bytes()).is_some() {
            self.addresses(place, line, false);
        }
    }

    fn addresses(&mut self, place: &str, text: &str, in_row: bool) {
        for address in addresses(text) {
            let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain).trim_end_matches('.');
            self.domains.add(domain, place, in_row, false);
        }
    }

    /// A table begins. Whose data it is counts in a hidden sheet as well.
    pub(crate) fn begin_table(&mut self, place: &Place) {
        self.table = Some(Rows { place: place.path.clone(), codes: Vec::new() });
    }

    /// A row of it; of a long table not every one is read.
    pub(crate) fn row(&mut self, row: u32, cells: &[Cell<'_>]) {
        if row >= FIRST_ROWS && !row.is_multiple_of(ONE_OF) {
            return;
        }
        let Some(mut table) = self.table.take() else { return };
        for (cell, next) in cells.iter().zip(cells.iter().skip(1).map(Some).chain([None])) {
            let text = cell.text.as_ref();
            if table.codes.contains(&cell.column) {
                self.codes.add(text);
                continue;
            }
            if text.len() > CELL {
                continue;
            }
            for said in organizations::said(text) {
                match said {
                    Said::Organization(name, addressed) => {
                        let addressed = addressed || next.is_some_and(|next| organizations::addresses(&next.text));
                        self.organizations.add(&name, &table.place, true, addressed);
                    }
                    Said::Code(rest) if row < HEAD_ROWS && rest.trim().chars().count() <= 2 => {
                        table.codes.push(cell.column);
                    }
                    Said::Code(_) => {}
                }
            }
            if memchr::memchr(b'@', text.as_bytes()).is_some() {
                self.addresses(&table.place, text, true);
            }
        }
        self.table = Some(table);
    }

    fn quote<'a>(&mut self, lines: impl Iterator<Item = &'a str>) {
        for address in lines.filter(|line| line.contains('@')).flat_map(addresses) {
            let quoted = &mut self.letter.quoted;
            if quoted.len() == QUOTED {
                return;
            }
            if !quoted.contains(&address) {
                quoted.push(address);
            }
        }
    }

    /// What was read.
    pub(crate) fn finish(self) -> Letter {
        let (organizations, domains) = (self.organizations.finish(), self.domains.finish());
        Letter { organizations, domains, codes: self.codes.values, ..self.letter }
    }
}

/// An even draw of what comes, in bounded memory: when it is full, every second value goes and half as many come.
#[derive(Debug, Default)]
struct Drawn {
    values: Vec<String>,
    seen: u64,
    /// One of two to the power of this is taken.
    halvings: u32,
}

impl Drawn {
    fn add(&mut self, value: &str) {
        let value = value.trim();
        if value.is_empty() || value.len() > CELL || !value.bytes().any(|byte| byte.is_ascii_digit()) {
            return;
        }
        let turn = self.seen;
        self.seen += 1;
        if turn & ((1 << self.halvings.min(63)) - 1) != 0 {
            return;
        }
        self.values.push(value.to_owned());
        if self.values.len() > DRAWN {
            let mut keep = false;
            self.values.retain(|_| {
                keep = !keep;
                keep
            });
            self.halvings += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_alone_is_a_letter() {
        assert_eq!(Letter::of_text("山田様\n\n> 鈴木様\n").opening, ["山田様"]);
    }

    fn letter(texts: &[&str]) -> Letter {
        let mut reader = Reader::default();
        texts.iter().for_each(|text| reader.text(&Place::new("body"), text));
        reader.finish()
    }

    #[test]
    fn the_head_of_the_new_text_is_the_opening() {
        let text = "\n北保安サービス株式会社\n　山田様\n\nお世話になります。\n\n-----Original Message-----\nFrom: A <a@b.example>\n\
                    Sent: Friday\nTo: c@d.example\n\n鈴木様\n";
        let letter = letter(&[text, "<html>のほう"]);
        assert_eq!(letter.opening, ["北保安サービス株式会社", "山田様", "お世話になります。"]);
        assert_eq!(letter.quoted, ["a@b.example", "c@d.example"]);
    }

    #[test]
    fn an_answer_below_the_quotation_has_no_opening_above_it() {
        let letter = letter(&["> 鈴木様\n> From: x@y.example\n了解です。", "了解です。"]);
        assert_eq!(
            (letter.opening.as_slice(), letter.quoted.as_slice()),
            (&["了解です。".to_owned()][..], &["x@y.example".to_owned()][..])
        );
    }

    #[test]
    fn an_answer_below_or_between_what_is_quoted_is_the_letter() {
        let told = |letter: &Letter| (letter.opening.join("|"), letter.quoted.join("|"));
        let gmail = "On Fri, Nov 20, 2026 at 10:00 You <x@y.example> wrote:\n";
        let plain = letter(&[&format!("{gmail}\n> 鈴木様\n> はい z@y.example\n\n山田様\n了解です。\n> では\n以上")]);
        assert_eq!(told(&plain), ("山田様|了解です。|以上".to_owned(), "x@y.example|z@y.example".to_owned()));
        let mut reader = Reader::default();
        for (text, quoted) in [(gmail, false), ("鈴木様\nz@y.example", true), ("山田様\n了解です。", false)]
        {
            reader.text(&Place { quoted: Some(quoted), ..Place::new("body") }, text);
        }
        assert_eq!(told(&reader.finish()), ("山田様|了解です。".to_owned(), "x@y.example|z@y.example".to_owned()));
    }

    #[test]
    fn only_the_mails_own_body_is_the_letter_and_no_line_of_it_is_shown() {
        let mut reader = Reader::default();
        reader.text(&Place::new("a.eml › body"), "佐藤様");
        reader.text(&Place::default().field("Subject"), "佐藤様");
        assert_eq!(reader.finish(), Letter::default());
        let long = "あ".repeat(10_000);
        let letter = letter(&[&format!("{long}\n").repeat(100)]);
        assert_eq!((letter.opening.len(), letter.opening[0].chars().count()), (LINES, CHARACTERS));
        assert_eq!(format!("{letter:?}"), "Letter { opening: 12, quoted: 0, organizations: 0, .. }");
    }

    fn cells<'a>(texts: &[&'a str]) -> Vec<Cell<'a>> {
        (0..).zip(texts).map(|(column, text)| Cell { column, text: (*text).into(), hidden: false }).collect()
    }

    #[test]
    fn names_of_organizations_are_handed_on_but_not_the_writers_own() {
        let mut reader = Reader::default();
        let body = "山田様\n\n南商事株式会社の件です。\n\n-- \n東邦観光株式会社\n佐藤\nsato@example.co.jp\n\n\
                    -----Original Message-----\nFrom: a@b.example\n\n西不動産株式会社";
        reader.text(&Place::new("body"), body);
        reader.text(&Place::new("見積書_北保安.pdf"), "見積書_北保安.pdf");
        reader.text(&Place::new("見積書_北保安.pdf"), "御見積書\n北保安サービス株式会社\n御中\nx@kita.example");
        reader.begin_table(&Place::new("顧客.xlsx › 顧客"));
        reader.row(0, &cells(&["顧客コード", "会社", "メール"]));
        for row in 1..100 {
            reader.row(row, &cells(&["KH-001", "㈱北保安サービス", "a@kita.example"]));
        }
        reader.row(100, &cells(&["", "南商事株式会社", "御中"]));
        let letter = reader.finish();
        let found: Vec<_> =
            letter.organizations.iter().map(|m| (m.name.as_str(), m.count, m.addressed, m.rows)).collect();
        assert_eq!(found, [("南商事", 2, 1, 1), ("北保安サービス", 100, 1, 99)]);
        assert_eq!(letter.organizations[1].place, "見積書_北保安.pdf");
        assert_eq!(
            letter.domains.iter().map(|m| (m.name.as_str(), m.count)).collect::<Vec<_>>(),
            [("kita.example", 100)]
        );
        assert_eq!(letter.files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["見積書_北保安.pdf"]);
        assert!((DRAWN / 2..=DRAWN).contains(&letter.codes.len()) && letter.codes.iter().all(|code| code == "KH-001"));
    }

    #[test]
    fn what_is_handed_on_is_bounded_and_drawn_evenly() {
        let mut reader = Reader::default();
        reader.begin_table(&Place::new("a.csv"));
        reader.row(0, &cells(&["Customer ID", "Name"]));
        for row in 1..200_000u32 {
            let code = format!("{}-1", if row < 100_000 { "A" } else { "B" });
            reader.row(row, &cells(&[&code, &format!("会社{row}株式会社")]));
        }
        let letter = reader.finish();
        assert_eq!(letter.organizations.len(), 64);
        let of_a = letter.codes.iter().filter(|code| code.starts_with('A')).count();
        assert!(of_a * 10 > letter.codes.len() * 4 && of_a * 10 < letter.codes.len() * 6, "{of_a}");
    }
}
