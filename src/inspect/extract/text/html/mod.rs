//! HTML → text and tables.
//!
//! In: the decoded page. Out: what a reader sees, words whole across tags, tables of data as tables; and, as hidden text,
//! what a reader does not see: elements that CSS or an attribute hides ([`style`]), comments, scripts, templates, and
//! attributes. What the page marks as quoted from an earlier mail comes apart from what is new. Only html5ever's tokenizer is used: building a tree is what makes deeply nested pages slow, so which
//! elements are open is known from tags alone ([`elements`]). Structure: tags, attributes of layout in ASCII, style rules
//! in ASCII. Deliberately absent: the cascade of CSS beyond single classes, names and tags, and running scripts.

mod content;
mod elements;
mod style;

use std::cell::RefCell;

use html5ever::TokenizerResult;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{BufferQueue, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};

use self::content::Content;
use crate::inspect::extract::reading::{Hint, Part, Reading, cell};
use crate::inspect::extract::text::grid::Row;
use crate::inspect::{Cell, Place, Reason};

/// A tag with more attributes than this is not given to the tokenizer, which compares each attribute with all before
/// it: 200,000 of them take ten seconds. Its source is read as text instead.
const ATTRIBUTES: usize = 512;

/// Hands over a page.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>, page: &str) {
    let whole = part;
    let places = [false, true].map(|quoted| Place { quoted: Some(quoted), ..part.place.clone() });
    for (piece, quoted) in content_of(page, Content::default()) {
        let [new, old] = &places;
        let part = &Part { place: if quoted { old } else { new }, ..*whole };
        match piece {
            Piece::Text(text) => super::running(reading, part, &text),
            Piece::Hidden(text) => reading.text(&Place { hidden: true, ..part.place.clone() }, &text),
            Piece::Table(rows) => {
                if !hand_over_table(reading, part, &rows) {
                    reading.unread(part.place, Reason::Limit);
                    return;
                }
            }
            Piece::Embedded { media, bytes } => {
                let place = part.place.inside("data:");
                if !reading.take_entry() {
                    return reading.unread(&place, Reason::Limit);
                }
                let hint = Hint { media: &media, ..Hint::default() };
                reading.read(&Part { bytes: &bytes, place: &place, depth: part.depth + 1, hint });
            }
        }
    }
}

/// The charset that a page declares in its head, for when nobody else does.
pub(crate) fn declared_charset(bytes: &[u8]) -> Option<String> {
    let head = String::from_utf8_lossy(bytes.get(..2048).unwrap_or(bytes)).to_ascii_lowercase();
    let (_, rest) = head.split_once("charset=")?;
    let name = rest
        .trim_start_matches(['"', '\'', ' '])
        .split(|c: char| !(c.is_ascii_alphanumeric() || "-_.:".contains(c)))
        .next()?;
    (!name.is_empty()).then(|| name.to_owned())
}

fn hand_over_table(reading: &mut Reading<'_>, part: &Part<'_>, rows: &[Row]) -> bool {
    let all_hidden = rows.iter().flatten().all(|field| field.hidden);
    let place = Place { hidden: part.place.hidden || all_hidden, ..part.place.clone() };
    reading.begin_table(&place);
    let mut covered = true;
    for (number, row) in (0u32..).zip(rows) {
        covered = row.iter().all(|_| reading.take_cell());
        if !covered {
            break;
        }
        let cells: Vec<Cell<'_>> =
            row.iter().map(|field| Cell { hidden: field.hidden, ..cell(field.column, field.text.as_str()) }).collect();
        reading.row(number, &cells);
    }
    reading.end_table();
    covered
}

/// What a page falls into.
#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// What a reader does not see.
    Hidden(String),
    Table(Vec<Row>),
    /// A file inside an attribute (`data:image/png;base64,…`).
    Embedded {
        media: String,
        bytes: Vec<u8>,
    },
}

/// Of a page inside a comment or an attribute; whatever that quotes, it stands where it stands.
fn inner_pieces(page: &str) -> Vec<Piece> {
    content_of(page, Content::of_inner()).into_iter().map(|(piece, _)| piece).collect()
}

/// The pieces of a page, each with whether it is quoted from an earlier mail.
fn content_of(page: &str, content: Content) -> Vec<(Piece, bool)> {
    let tokenizer = Tokenizer::new(Page { content: RefCell::new(content) }, TokenizerOpts::default());
    let queue = BufferQueue::default();
    for chunk in Chunks(page) {
        match chunk {
            Chunk::Markup(text) => {
                queue.push_back(StrTendril::from_slice(text));
                // The tokenizer stops at every script.
                while let TokenizerResult::Script(()) = tokenizer.feed(&queue) {}
            }
            Chunk::Monster(tag) => tokenizer.sink.content.borrow_mut().hidden(tag),
        }
    }
    tokenizer.end();
    let mut content = tokenizer.sink.content.into_inner();
    // A tag that the page ends in is none, and no browser shows it.
    if let Some(tag) = open_tag(page).filter(|_| content.is_cut) {
        content.hidden(tag);
    }
    declarations(page).for_each(|declaration| content.hidden(declaration));
    content.finish()
}

/// Declarations of the document's type that are not in ASCII: of those the tokenizer keeps the first words only.
fn declarations(page: &str) -> impl Iterator<Item = &str> {
    const BEGIN: &str = "<!doctype";
    let mut done = 0;
    memchr::memmem::find_iter(page.as_bytes(), "<!").filter_map(move |at| {
        let rest = page.get(at..).filter(|_| at >= done)?;
        if !rest.get(..BEGIN.len())?.eq_ignore_ascii_case(BEGIN) {
            return None;
        }
        let declaration = rest.get(..rest.find('>').unwrap_or(rest.len()))?;
        done = at + declaration.len();
        (!declaration.is_ascii()).then_some(declaration)
    })
}

/// The tag that a page ends in; an attribute without its closing quote swallows the rest of the page.
fn open_tag(page: &str) -> Option<&str> {
    let mut from = 0;
    while let Some(at) = page.get(from..).and_then(|rest| rest.find('<')).map(|at| from + at) {
        let rest = page.get(at..)?;
        match measure(rest).0 {
            Some(length) => from = at + length,
            None => return Some(rest),
        }
    }
    None
}

/// A page cut at the tags that are too large for the tokenizer.
struct Chunks<'a>(&'a str);

enum Chunk<'a> {
    Markup(&'a str),
    Monster(&'a str),
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Chunk<'a>;

    fn next(&mut self) -> Option<Chunk<'a>> {
        if self.0.is_empty() {
            return None;
        }
        let mut from = 0;
        while let Some(at) = self.0.get(from..).and_then(|rest| rest.find('<')).map(|at| from + at) {
            let tag = self.0.get(at..).unwrap_or_default();
            let (length, attributes) = measure(tag);
            let length = length.unwrap_or(tag.len());
            if attributes > ATTRIBUTES {
                // The tag itself comes next, when it stands first.
                let end = if at == 0 { length } else { at };
                let (chunk, rest) = self.0.split_at_checked(end)?;
                self.0 = rest;
                return Some(if at == 0 { Chunk::Monster(chunk) } else { Chunk::Markup(chunk) });
            }
            from = at + length.max(1);
        }
        Some(Chunk::Markup(std::mem::take(&mut self.0)))
    }
}

/// The length of the tag that `text` starts with, if it ends, and how many attributes it can have.
fn measure(text: &str) -> (Option<usize>, usize) {
    let bytes = text.as_bytes();
    if !bytes.get(1).is_some_and(|c| c.is_ascii_alphabetic() || *c == b'/') {
        return (Some(1), 0);
    }
    let (mut quote, mut last, mut attributes) = (None, b' ', 0);
    for (at, &c) in bytes.iter().enumerate().skip(1) {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == b'>' => return (Some(at + 1), attributes),
            // Elsewhere a quote is part of a name.
            None if matches!(c, b'"' | b'\'') && last == b'=' => quote = Some(c),
            None if c.is_ascii_whitespace() || c == b'/' => attributes += 1,
            None => {}
        }
        if !c.is_ascii_whitespace() {
            last = c;
        }
    }
    (None, attributes)
}

/// The sink of the tokenizer; it wants shared references.
struct Page {
    content: RefCell<Content>,
}

impl TokenSink for Page {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut content = self.content.borrow_mut();
        match token {
            Token::CharacterTokens(text) => content.push(&text),
            Token::CommentToken(text) => content.comment(&text),
            Token::TagToken(tag) => return content.tag(&tag),
            Token::ParseError(error) => content.is_cut |= error.contains("EOF"),
            Token::DoctypeToken(_) | Token::NullCharacterToken | Token::EOFToken => {}
        }
        TokenSinkResult::Continue
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inspect::extract::text::grid::Field;

    fn pieces(page: &str) -> Vec<Piece> {
        content_of(page, Content::default()).into_iter().map(|(piece, _)| piece).collect()
    }

    fn text(page: &str) -> String {
        let mut all = String::new();
        for piece in pieces(page) {
            match piece {
                Piece::Text(text) | Piece::Hidden(text) => all.push_str(&text),
                other => all.push_str(&format!("{other:?}")),
            }
        }
        all
    }

    fn field(column: u32, text: &str, hidden: bool) -> Field {
        Field { column, text: text.to_owned(), hidden }
    }

    /// What is seen, and what is not.
    fn sight(page: &str) -> (String, String) {
        let (mut seen, mut unseen) = (String::new(), String::new());
        for piece in pieces(page) {
            match piece {
                Piece::Text(text) => seen.push_str(&text),
                Piece::Hidden(text) => unseen.push_str(&text),
                Piece::Table(_) | Piece::Embedded { .. } => {}
            }
        }
        (seen, unseen)
    }

    #[test]
    fn what_is_hidden_does_not_part_what_is_seen() {
        for (page, seen, unseen) in [
            ("090-<span style='display:none'>x</span>1234", "090-1234", "x"),
            ("a<p hidden>b<p>c", "a\nc", "b\n"),
            ("<style>.h{display:none}</style>a<i class='k h'>b</i>c", "ac", "b"),
            ("a<font color=#ffffff>b</font>c", "ac", "b"),
            ("<td bgcolor=#336699>a<font color=white>b</font>c", "abc", ""),
            ("a<!-- b -->c", "ac", " b \n"),
            ("a<!--[if mso]>090-<b>12</b><![endif]-->c", "ac", "[if mso]>090-12\n[endif]\n"),
            ("a<template>b</template>c<noscript>d</noscript>", "acd", "b"),
            ("a<div style='display:none'><div>b</div>c</div>d", "ad", "b\nc\n"),
            (
                "<a href='mailto:a@b.jp?body=%E5%90%8D'>x</a>",
                "x",
                "mailto:a@b.jp?body=%E5%90%8D\nmailto:a@b.jp?body=名\n",
            ),
            ("<p class=a data-x='山田 090'>x", "x", "山田 090\n"),
            ("a<br style='display:none'>b<img hidden>c", "a\nbc", ""),
            ("<div style='font-size:0'>b<p style='font-size:13px'>a</p></div>", "a", "b"),
            ("<p style='color:#fff'>b<a href='#'>a</a></p>", "a", "b\n#\n"),
            ("<table><tr><td style='font-size:0px'> <div style='font-size:13px'>a</div></td></tr></table>", "a", ""),
            ("<input type=hidden value=v><input value=w>", "w\n", "v\n"),
        ] {
            let (found, hidden) = sight(page);
            assert_eq!((found.trim(), hidden.trim()), (seen.trim(), unseen.trim()), "{page}");
        }
    }

    #[test]
    fn what_no_browser_shows_is_read() {
        let name = "秘密太郎";
        let file = "data:text/plain;base64,56eY5a+G5aSq6YOO";
        for page in [
            format!("<p>x<a title=\"{name}</p></body></html>"),
            format!("<p>x<a title='{name}"),
            format!("<p {name}=1>x"),
            format!("<p>x</p {name} title='{name}'>"),
            format!("<!DOCTYPE html SYSTEM \"{name}\">x"),
            format!("<style>a {{ background: url({file}) }} /* x */</style>").replace("56eY5a+G5aSq6YOO", name),
        ] {
            assert!(sight(&page).1.contains(name), "{page}: {:?}", pieces(&page));
        }
        for page in [
            format!("<style>a {{ background: url({file}) }}</style>"),
            format!("<p style=\"background:url({file})\">x"),
            "<p class='x-56eY5a+G5aSq6YOO'>x".to_owned(),
        ] {
            assert!(sight(&page).1.contains("56eY5a+G5aSq6YOO"), "{page}: {:?}", pieces(&page));
        }
        for page in ["<a href='data:text/plain,%8E%52'>", "<a href=' DATA:text/plain;charset=x;BASE64,jlI'>"] {
            let file = pieces(page).into_iter().find_map(|piece| match piece {
                Piece::Embedded { bytes, .. } => Some(bytes),
                _ => None,
            });
            assert_eq!(file.as_deref(), Some(&b"\x8eR"[..]), "{page}");
        }
    }

    #[test]
    fn hidden_rows_and_tables_keep_their_cells() {
        let page = "<table><tr><td>a<td>b<tr style='display:none'><td>c<td>d<span hidden>e</span></table>";
        let pieces = pieces(page);
        let Piece::Table(rows) = &pieces[0] else { panic!("{pieces:?}") };
        assert_eq!(rows[0], [field(0, "a", false), field(1, "b", false)]);
        assert_eq!(rows[1], [field(0, "c", true), field(1, "de", true)]);
        assert_eq!(pieces.len(), 1);
    }

    #[test]
    fn words_stay_whole_and_lines_apart() {
        assert_eq!(text("<p>福田\r\n  太郎 様<pre>a\n b</pre>c  d"), "福田 太郎 様\na\n b\nc d");
        assert_eq!(text("<p>090-<b>1234</b>-5678<p>a&amp;b<br>c"), "090-1234-5678\na&b\nc");
        assert_eq!(text("<ruby>紫式部<rt>むらさきしきぶ</rt></ruby>"), "紫式部むらさきしきぶ");
        assert_eq!(text("<style>p { color: red }</style>x<script>var a='090'</script>"), "xvar a='090'\n");
    }

    #[test]
    fn what_is_not_seen_is_read() {
        let page = "<div style='display:none'>隠し</div><!-- 注釈 --><img alt='代替' src='cid:1'><a href='mailto:a@b.jp'>x</a>";
        let all = text(page);
        for word in ["隠し", "注釈", "代替", "mailto:a@b.jp", "x"] {
            assert!(all.contains(word), "{word} in {all}");
        }
    }

    #[test]
    fn a_table_of_data_is_a_table_and_a_layout_is_text() {
        let data = pieces("前<table><tr><th>氏名<th>電話</tr><tr><td>山田<td>090</tr></table>後");
        let rows = vec![
            vec![field(0, "氏名", false), field(1, "電話", false)],
            vec![field(0, "山田", false), field(1, "090", false)],
        ];
        assert_eq!(data, [Piece::Text("前".to_owned()), Piece::Table(rows), Piece::Text("後".to_owned())]);
        let layout =
            "<table><tr><td>menu</td><td><table><tr><td>a<td>b<tr><td>c<td>d</table></td></tr><tr><td>x<td>y</table>";
        let pieces = pieces(layout);
        assert!(
            matches!(&pieces[..], [Piece::Table(inner), Piece::Text(outer)] if inner.len() == 2 && outer.contains("menu") && outer.contains('y')),
            "{pieces:?}"
        );
    }

    #[test]
    fn what_is_quoted_comes_apart_from_what_is_new() {
        let told = |page: &str| {
            let pieces = content_of(page, Content::default()).into_iter();
            let told = pieces.map(|(piece, quoted)| match piece {
                Piece::Text(text) => format!("{}{}", if quoted { ">" } else { "" }, text.trim().replace('\n', "|")),
                Piece::Hidden(text) => format!("{}({})", if quoted { ">" } else { "" }, text.trim()),
                Piece::Table(rows) => format!("{}[{}]", if quoted { ">" } else { "" }, rows.len()),
                Piece::Embedded { .. } => "file".to_owned(),
            });
            told.collect::<Vec<_>>().join(" ")
        };
        let table = "<table><tr><td>a<td>b<tr><td>c<td>d</table>";
        for (page, pieces) in [
            ("<p>new<blockquote type=cite cite='mid:x'>old<p>b</blockquote>below", "new >old|b >(mid:x) below"),
            ("a<blockquote class='gmail_quote'>b<blockquote>c</blockquote>d</blockquote>e", "a >b|c|d e"),
            (
                "a<blockquote style='margin:0; border-left: 1px solid'>b<a href='mailto:x@y.jp'>c</a></blockquote>",
                "a >bc >(mailto:x@y.jp)",
            ),
            ("a<blockquote style='margin:0 0 0 40px;border:none'>b</blockquote>c", "a|b|c"),
            (&format!("a<blockquote type=cite>b{table}c</blockquote>{table}"), "a >b >[2] >c [2]"),
            ("a<blockquote type=cite>b<blockquote type=cite>c</blockquote></blockquote>d", "a >b|c d"),
            ("<table><tr><td>a<blockquote type=cite>b</blockquote>c</table>d", "a|b|c\t|d"),
            ("a<div class='x yahoo_quoted'><div>b</div>c</div>d", "a >b|c d"),
        ] {
            assert_eq!(told(page), pieces, "{page}");
        }
    }

    #[test]
    fn spans_keep_columns_true() {
        let page = "<table><tr><td rowspan=2>a<td colspan=2>b<td>c</tr><tr><td>d<td>e<td>f</tr></table>";
        let columns = |row: &Row| row.iter().map(|field| field.column).collect::<Vec<_>>();
        let pieces = pieces(page);
        let [Piece::Table(rows)] = &pieces[..] else { panic!("{pieces:?}") };
        assert_eq!((columns(&rows[0]), columns(&rows[1])), (vec![0, 1, 3], vec![1, 2, 3]));
    }

    #[test]
    fn a_tag_of_many_attributes_is_text_and_takes_no_time() {
        let tag = format!("a<b {}>c", "x=秘密 ".repeat(200_000));
        let all = text(&tag);
        assert!(all.contains("x=秘密") && all.starts_with('a') && all.contains('c'));
        let nested = "<table><tr><td>".repeat(100_000) + "深い";
        assert!(text(&nested).contains("深い"));
        let _ = text(&"<div>".repeat(300_000));
        let _ = text(&"<p><b>".repeat(100_000));
        assert!(text(&("<!-- <i ".repeat(100_000) + "深い")).contains("深い"));
    }

    #[test]
    fn files_in_attributes_come_out() {
        let found = pieces("<img src='data:image/png;base64,iVBORw0K'>");
        assert_eq!(found, [Piece::Embedded { media: "image/png".to_owned(), bytes: b"\x89PNG\r\n".to_vec() }]);
    }

    #[test]
    fn a_page_declares_its_charset() {
        assert_eq!(
            declared_charset(b"<meta http-equiv=x content=\"text/html; charset=Shift_JIS\">").as_deref(),
            Some("shift_jis")
        );
        assert_eq!(declared_charset(b"<meta charset='euc-jp'>").as_deref(), Some("euc-jp"));
        assert_eq!(declared_charset(b"<p>"), None);
    }
}
