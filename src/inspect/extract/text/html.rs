//! HTML → text and tables.
//!
//! In: the decoded page. Out: everything a reader or a machine could find in it: text (hidden text too), comments,
//! titles, and the attributes that carry text or addresses; tables of data as tables. Only html5ever's tokenizer is
//! used: building a tree is what makes deeply nested pages slow. Deliberately absent: CSS (so hidden text is not
//! marked as such) and scripts run; a script's source is read as text.

use std::cell::RefCell;

use html5ever::TokenizerResult;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};

use crate::inspect::extract::reading::{Hint, Part, Reading, cell};
use crate::inspect::extract::text::grid::{Grid, Row};
use crate::inspect::{Cell, Reason};
use crate::mail::header;

/// A tag with more attributes than this is not given to the tokenizer, which compares each attribute with all before
/// it: 200,000 of them take ten seconds. Its source is read as text instead.
const ATTRIBUTES: usize = 512;

/// Tables deeper than this are read as text. Each level copies what is inside it.
const TABLE_DEPTH: usize = 32;

/// Columns that a `colspan` may stretch over.
const SPAN: u32 = 1_000;

/// Hands over a page.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>, page: &str) {
    for piece in pieces(page) {
        match piece {
            Piece::Text(text) => reading.text(part.place, &text),
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
    reading.begin_table(part.place);
    let mut covered = true;
    for (number, row) in (0u32..).zip(rows) {
        covered = row.iter().all(|_| reading.take_cell());
        if !covered {
            break;
        }
        let cells: Vec<Cell<'_>> = row.iter().map(|(column, text)| cell(*column, text.as_str())).collect();
        reading.row(number, &cells);
    }
    reading.end_table();
    covered
}

/// What a page falls into.
#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Table(Vec<Row>),
    /// A file inside an attribute (`data:image/png;base64,…`).
    Embedded {
        media: String,
        bytes: Vec<u8>,
    },
}

fn pieces(page: &str) -> Vec<Piece> {
    let tokenizer = Tokenizer::new(Page::default(), TokenizerOpts::default());
    let queue = BufferQueue::default();
    for chunk in Chunks(page) {
        match chunk {
            Chunk::Markup(text) => {
                queue.push_back(StrTendril::from_slice(text));
                // The tokenizer stops at every script.
                while let TokenizerResult::Script(()) = tokenizer.feed(&queue) {}
            }
            Chunk::Monster(tag) => tokenizer.sink.content.borrow_mut().aside(tag),
        }
    }
    tokenizer.end();
    tokenizer.sink.content.into_inner().finish()
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
            let (length, attributes) = measure(self.0.get(at..).unwrap_or_default());
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

/// The length of the tag that `text` starts with, and how many attributes it can have.
fn measure(text: &str) -> (usize, usize) {
    let bytes = text.as_bytes();
    if !bytes.get(1).is_some_and(|c| c.is_ascii_alphabetic() || *c == b'/') {
        return (1, 0);
    }
    let (mut quote, mut last, mut attributes) = (None, b' ', 0);
    for (at, &c) in bytes.iter().enumerate().skip(1) {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == b'>' => return (at + 1, attributes),
            // Elsewhere a quote is part of a name.
            None if matches!(c, b'"' | b'\'') && last == b'=' => quote = Some(c),
            None if c.is_ascii_whitespace() || c == b'/' => attributes += 1,
            None => {}
        }
        if !c.is_ascii_whitespace() {
            last = c;
        }
    }
    (text.len(), attributes)
}

/// The sink of the tokenizer; it wants shared references.
#[derive(Default)]
struct Page {
    content: RefCell<Content>,
}

impl TokenSink for Page {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut content = self.content.borrow_mut();
        match token {
            Token::CharacterTokens(text) => content.push(&text),
            Token::CommentToken(text) => content.aside(&text),
            Token::TagToken(tag) => return content.tag(&tag),
            Token::DoctypeToken(_) | Token::NullCharacterToken | Token::EOFToken | Token::ParseError(_) => {}
        }
        TokenSinkResult::Continue
    }
}

#[derive(Default)]
struct Content {
    pieces: Vec<Piece>,
    text: String,
    /// Comments and attributes: apart, so that they do not part the words they stand between.
    aside: String,
    /// Open tables, the innermost last.
    tables: Vec<Grid>,
    /// Open `table` tags beyond the depth.
    ignored: u32,
    /// Inside furigana, which must not part the word they are written over.
    in_furigana: bool,
    /// Inside a style sheet, which is not read.
    in_style: bool,
    /// Open elements whose line ends are line ends.
    preformatted: u32,
}

impl Content {
    fn push(&mut self, text: &str) {
        if self.in_style {
            return;
        }
        let as_it_stands = self.preformatted > 0;
        let here = self.here();
        if as_it_stands {
            here.push_str(text);
            return;
        }
        // A line end in the source is a space on the page: 福田⏎太郎 is one name.
        for (at, word) in text.split([' ', '\t', '\n', '\r', '\x0c']).enumerate() {
            if at > 0 && !here.is_empty() && !here.ends_with([' ', '\n', '\t']) {
                here.push(' ');
            }
            here.push_str(word);
        }
    }

    /// Where text goes: the open cell, or the page.
    fn here(&mut self) -> &mut String {
        if self.in_furigana {
            return &mut self.aside;
        }
        match self.tables.last_mut() {
            Some(table) => &mut table.open,
            None => &mut self.text,
        }
    }

    fn aside(&mut self, text: &str) {
        self.aside.push_str(text);
        self.aside.push('\n');
    }

    fn tag(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let start = tag.kind == TagKind::StartTag;
        if start {
            self.attributes(tag);
        }
        match (&*tag.name, start) {
            ("table", true) if self.tables.len() < TABLE_DEPTH => self.tables.push(Grid::default()),
            ("table", true) => self.ignored += 1,
            ("table", false) if self.ignored > 0 => self.ignored -= 1,
            ("table", false) => self.close_table(),
            ("tr", true) if self.ignored == 0 => self.with_table(Grid::begin_row),
            ("tr", false) if self.ignored == 0 => self.with_table(Grid::end_cell),
            ("td" | "th", true) if self.ignored == 0 => {
                let span = |name: &str| attribute(tag, name).and_then(|value| value.trim().parse::<u32>().ok());
                let (columns, rows) = (span("colspan").unwrap_or(1), span("rowspan").unwrap_or(1));
                self.with_table(|table| table.begin_cell(columns.clamp(1, SPAN), rows.max(1)));
            }
            ("td" | "th", false) if self.ignored == 0 => self.with_table(Grid::end_cell),
            ("rt" | "rp", _) => self.in_furigana = start,
            ("ruby", false) => self.in_furigana = false,
            ("style", _) => self.in_style = start,
            ("pre" | "textarea" | "script" | "xmp" | "plaintext", _) => {
                self.preformatted = if start { self.preformatted + 1 } else { self.preformatted.saturating_sub(1) };
                self.line_end();
            }
            (name, _) if is_block(name) => self.line_end(),
            _ => {}
        }
        if !start {
            return TokenSinkResult::Continue;
        }
        match &*tag.name {
            "script" => TokenSinkResult::RawData(RawKind::ScriptData),
            "style" | "xmp" | "iframe" | "noembed" | "noframes" => TokenSinkResult::RawData(RawKind::Rawtext),
            "title" | "textarea" => TokenSinkResult::RawData(RawKind::Rcdata),
            "plaintext" => TokenSinkResult::Plaintext,
            _ => TokenSinkResult::Continue,
        }
    }

    fn attributes(&mut self, tag: &Tag) {
        for attribute in &tag.attrs {
            let (name, value) = (&*attribute.name.local, &*attribute.value);
            match name {
                "alt" | "title" | "value" | "placeholder" | "content" | "summary" | "label" | "aria-label" | "cite" => {
                    self.aside(value);
                }
                "href" | "src" | "background" | "action" | "data" => match data_uri(value) {
                    Some(piece) => self.pieces.push(piece),
                    None => self.aside(value),
                },
                _ => {}
            }
        }
    }

    fn line_end(&mut self) {
        let here = self.here();
        if !here.is_empty() && !here.ends_with('\n') {
            here.push('\n');
        }
    }

    fn with_table(&mut self, act: impl FnOnce(&mut Grid)) {
        match self.tables.last_mut() {
            Some(table) => act(table),
            None => self.line_end(),
        }
    }

    /// A table of data becomes a piece of its own, in its place; any other one text of what is around it.
    fn close_table(&mut self) {
        let Some(mut table) = self.tables.pop() else { return };
        table.end_cell();
        if table.is_data() {
            self.end_text();
            self.pieces.push(Piece::Table(table.rows));
        } else {
            let text = table.into_text();
            self.line_end();
            self.here().push_str(&text);
        }
        if let Some(outer) = self.tables.last_mut() {
            outer.nests = true;
        }
    }

    fn end_text(&mut self) {
        // Text inside an open outer table waits for that table's end.
        if self.tables.is_empty() && !self.text.trim().is_empty() {
            self.pieces.push(Piece::Text(std::mem::take(&mut self.text)));
        }
    }

    fn finish(mut self) -> Vec<Piece> {
        while !self.tables.is_empty() {
            self.close_table();
        }
        self.end_text();
        if !self.aside.trim().is_empty() {
            self.pieces.push(Piece::Text(self.aside));
        }
        self.pieces
    }
}

fn attribute<'a>(tag: &'a Tag, name: &str) -> Option<&'a str> {
    tag.attrs.iter().find(|attribute| &*attribute.name.local == name).map(|attribute| &*attribute.value)
}

fn data_uri(value: &str) -> Option<Piece> {
    let rest = value.trim_start().strip_prefix("data:")?;
    let (head, data) = rest.split_once(',')?;
    let media = head.split(';').next().unwrap_or_default().to_ascii_lowercase();
    let bytes = if head.ends_with(";base64") { header::base64(data.as_bytes()) } else { data.as_bytes().to_vec() };
    Some(Piece::Embedded { media, bytes })
}

fn is_block(name: &str) -> bool {
    matches!(
        name,
        "p" | "div"
            | "br"
            | "li"
            | "ul"
            | "ol"
            | "dl"
            | "dt"
            | "dd"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "hr"
            | "title"
            | "option"
            | "blockquote"
            | "section"
            | "article"
            | "header"
            | "footer"
            | "caption"
            | "body"
            | "form"
            | "address"
            | "head"
            | "html"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(page: &str) -> String {
        let mut all = String::new();
        for piece in pieces(page) {
            match piece {
                Piece::Text(text) => all.push_str(&text),
                other => all.push_str(&format!("{other:?}")),
            }
        }
        all
    }

    #[test]
    fn words_stay_whole_and_lines_apart() {
        assert_eq!(text("<p>福田\r\n  太郎 様<pre>a\n b</pre>c  d"), "福田 太郎 様\na\n b\nc d");
        assert_eq!(text("<p>090-<b>1234</b>-5678<p>a&amp;b<br>c"), "090-1234-5678\na&b\nc");
        assert_eq!(text("<ruby>紫式部<rt>むらさきしきぶ</rt></ruby>"), "紫式部むらさきしきぶ");
        assert_eq!(text("<style>p { color: red }</style>x<script>var a='090'</script>"), "x\nvar a='090'\n");
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
            vec![(0, "氏名".to_owned()), (1, "電話".to_owned())],
            vec![(0, "山田".to_owned()), (1, "090".to_owned())],
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
    fn spans_keep_columns_true() {
        let page = "<table><tr><td rowspan=2>a<td colspan=2>b<td>c</tr><tr><td>d<td>e<td>f</tr></table>";
        let columns = |row: &Row| row.iter().map(|(column, _)| *column).collect::<Vec<_>>();
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
