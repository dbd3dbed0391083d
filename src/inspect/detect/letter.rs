//! What a mail's own text says about whom it is for: the head of the new text, and who took part before.
//!
//! In: the texts of the mail as they come. Out: a [`Letter`], for the checks of its recipients. It is a few lines of
//! content and stands unmasked, so it is never written, logged or shown; what a check says of it, the check says in its
//! own words. Deliberately absent: what the lines mean (`recipients`), and the bodies of mails inside the mail.

use serde::{Deserialize, Serialize};

use super::history::{addresses, begins_history};
use crate::inspect::Place;

/// A salutation stands within so many lines that are not empty.
const LINES: usize = 12;
/// A longer line is no salutation; its head is enough to see that.
const CHARACTERS: usize = 120;
/// Nobody writes more new text above a quotation; what comes later is not searched for one.
const SEARCHED: usize = 1_000;
/// A thread has seldom more people than that in its quoted headers.
const QUOTED: usize = 64;

/// What a mail says about whom it is for.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Letter {
    /// The first lines of the new text, without empty ones, as they are written.
    pub opening: Vec<String>,
    /// Addresses in the headers of quoted mails, in small letters: who took part in the thread before.
    pub quoted: Vec<String>,
}

/// Lines are counted, not shown.
impl std::fmt::Debug for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { opening, quoted } = self;
        f.debug_struct("Letter").field("opening", &opening.len()).field("quoted", &quoted.len()).finish()
    }
}

/// Reads the letter out of the texts of a mail.
#[derive(Debug, Default)]
pub(super) struct Reader {
    letter: Letter,
    /// Whether the head is complete: the same letter as HTML says the same once more.
    read: bool,
}

impl Reader {
    /// Takes note of a text; only the mail's own body is the letter.
    pub(super) fn text(&mut self, place: &Place, text: &str) {
        if place.field || place.hidden || place.path != "body" {
            return;
        }
        let mut lines = text.lines().take(SEARCHED).peekable();
        let mut opening = Vec::new();
        while let Some(line) = lines.next() {
            let ahead = [line, lines.peek().copied().unwrap_or_default()];
            if line.trim_start().starts_with('>') || begins_history(&ahead) {
                self.quote(std::iter::once(line).chain(lines));
                break;
            }
            let line = line.trim();
            if !line.is_empty() && opening.len() < LINES {
                opening.push(line.chars().take(CHARACTERS).collect());
            }
        }
        if !self.read && !opening.is_empty() {
            self.letter.opening = opening;
            self.read = true;
        }
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
    pub(super) fn finish(self) -> Letter {
        self.letter
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn only_the_mails_own_body_is_the_letter_and_no_line_of_it_is_shown() {
        let mut reader = Reader::default();
        reader.text(&Place::new("a.eml › body"), "佐藤様");
        reader.text(&Place::default().field("Subject"), "佐藤様");
        assert_eq!(reader.finish(), Letter::default());
        let long = "あ".repeat(10_000);
        let letter = letter(&[&format!("{long}\n").repeat(100)]);
        assert_eq!((letter.opening.len(), letter.opening[0].chars().count()), (LINES, CHARACTERS));
        assert_eq!(format!("{letter:?}"), "Letter { opening: 12, quoted: 0 }");
    }
}
