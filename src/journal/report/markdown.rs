//! A report as Markdown.
//!
//! In: a [`Report`]. Out: CommonMark with the tables of GFM. Names of files, addresses and replies come from outside: what
//! Markdown or the HTML in it would act on is escaped, so that a name of a file is neither a link nor a picture nor a
//! table's edge. Deliberately absent: words, but for the mark of a gap.

use std::fmt::Write as _;

use super::{Block, Report, Section};
use crate::notice::words::one_line;

/// Longer than anything in a report.
const LONGEST: usize = 4_000;

/// The whole report.
pub fn markdown(report: &Report) -> String {
    let mut out = format!("# {}\n", escaped(&report.title));
    blocks(&report.lead, report, &mut out);
    for Section { title, law, blocks: inside } in &report.sections {
        let _ = write!(out, "\n## {}\n", escaped(title));
        if let Some(law) = law {
            let _ = write!(out, "\n*{}*\n", escaped(law));
        }
        blocks(inside, report, &mut out);
    }
    out
}

fn blocks(blocks: &[Block], report: &Report, out: &mut String) {
    for block in blocks {
        out.push('\n');
        match block {
            Block::Text(text) => {
                let _ = writeln!(out, "{}", escaped(text));
            }
            Block::Gap { what, hint } => {
                let mark = super::page::mark(report.language);
                let _ = writeln!(out, "**{mark}** {} — {}", escaped(what), escaped(hint));
            }
            Block::List(items) => items.iter().for_each(|item| {
                let _ = writeln!(out, "- {}", escaped(item));
            }),
            Block::Table { head, rows } => {
                row(head, out);
                let _ = writeln!(out, "|{}", "---|".repeat(head.len()));
                rows.iter().for_each(|cells| row(cells, out));
            }
        }
    }
}

fn row(cells: &[String], out: &mut String) {
    out.push('|');
    for cell in cells {
        let _ = write!(out, " {} |", escaped(cell));
    }
    out.push('\n');
}

/// A text in which nothing acts as Markdown.
fn escaped(text: &str) -> String {
    let line = one_line(text, LONGEST);
    let chars: Vec<char> = line.chars().collect();
    let at = |index: Option<usize>| index.and_then(|index| chars.get(index)).copied();
    let mut out = String::with_capacity(line.len() + 8);
    for (index, c) in chars.iter().enumerate() {
        let (before, after) = (at(index.checked_sub(1)), at(Some(index + 1)));
        let within_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let acts = match c {
            '\\' | '*' | '[' | ']' | '<' | '>' | '|' | '~' | '`' | '!' => true,
            '&' => is_entity(chars.get(index + 1..).unwrap_or_default()),
            // Between letters it is a letter.
            '_' => !(within_word(before) && within_word(after)),
            // What would become a link by itself.
            ':' => after == Some('/'),
            // A list, a heading, a number of a list, at the beginning only.
            '#' | '-' | '+' | '=' => before.is_none(),
            _ => false,
        };
        if acts {
            out.push('\\');
        }
        out.push(*c);
    }
    out
}

/// Whether what stands behind a `&` makes it a character of HTML.
fn is_entity(behind: &[char]) -> bool {
    let named = behind.iter().take_while(|c| c.is_ascii_alphanumeric() || **c == '#').count();
    named > 0 && behind.get(named) == Some(&';')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_outside_is_not_markdown() {
        for (text, expected) in [
            ("業務委託_12月.xlsx", "業務委託_12月.xlsx"),
            ("_x_.csv", "\\_x\\_.csv"),
            ("![a](http://evil.example/p.png)", "\\!\\[a\\](http\\://evil.example/p.png)"),
            ("<script>alert(1)</script>", "\\<script\\>alert(1)\\</script\\>"),
            ("a|b\nc\r\n# d", "a\\|b c # d"),
            ("# d", "\\# d"),
            ("- d", "\\- d"),
            ("**x**`y`", "\\*\\*x\\*\\*\\`y\\`"),
            ("&lt; &#60; Q&A;", "\\&lt; \\&#60; Q\\&A;"),
            ("Q&A 6-1", "Q&A 6-1"),
            ("a\u{202e}b", "ab"),
        ] {
            assert_eq!(escaped(text), expected);
        }
    }
}
