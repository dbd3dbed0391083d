//! The content of a page, as its tokens come.
//!
//! In: tags, text, comments. Out: [`Piece`]s: visible text, tables, files in attributes, and hidden text, each quoted from
//! an earlier mail or not. What stands between two visible words without being seen goes aside, so that it does not part
//! them. Deliberately absent: tokens (`html`), and what hides an element (`style`).

use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{Tag, TagKind, TokenSinkResult};

use super::elements::Elements;
use super::style::{self, Sheet};
use super::{Piece, inner_pieces};
use crate::inspect::extract::text::grid::Grid;
use crate::mail::{charset, header};

/// Tables deeper than this are read as text. Each level copies what is inside it.
const TABLE_DEPTH: usize = 32;

/// Columns that a `colspan` may stretch over.
const SPAN: u32 = 1_000;

/// What has come so far.
#[derive(Default)]
pub(super) struct Content {
    /// Each with whether it is quoted.
    pieces: Vec<(Piece, bool)>,
    /// Whether what comes now is quoted.
    quoted: bool,
    /// Whether the text of the open table is partly quoted: then it counts as new.
    mixed: bool,
    text: String,
    /// Furigana, and attributes that are shown: apart, so that they do not part the words they stand between.
    aside: String,
    /// Text that is not seen.
    unseen: String,
    /// Comments and attributes that are not seen.
    remarks: String,
    elements: Elements,
    sheet: Sheet,
    /// Whether this is a page in a page.
    inner: bool,
    /// Whether the page ends within a tag.
    pub(super) is_cut: bool,
    /// The source of the open style element.
    style: String,
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
    /// Of a page inside a comment or an attribute.
    pub(super) fn of_inner() -> Self {
        Self { inner: true, ..Self::default() }
    }

    pub(super) fn push(&mut self, text: &str) {
        if self.in_style {
            self.style.push_str(text);
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

    /// Where text goes: the open cell, the page, or out of sight.
    fn here(&mut self) -> &mut String {
        let hidden = self.elements.is_hidden();
        if let Some(table) = self.tables.last_mut().filter(|table| table.hidden && !hidden) {
            // A cell that shows something after all.
            let text = table.show();
            self.hidden(&text);
        }
        if hidden && self.tables.last().is_none_or(|table| !table.hidden) {
            return &mut self.unseen;
        }
        if self.in_furigana {
            return &mut self.aside;
        }
        match self.tables.last_mut() {
            Some(table) => &mut table.open,
            None => &mut self.text,
        }
    }

    pub(super) fn hidden(&mut self, text: &str) {
        if !text.trim().is_empty() {
            self.remarks.push_str(text);
            self.remarks.push('\n');
        }
    }

    /// Comments of Outlook's hold a page that Outlook shows.
    pub(super) fn comment(&mut self, text: &str) {
        // A comment in a comment is a text: thousands of them would be thousands of pages in pages.
        if self.inner || !text.contains('<') {
            return self.hidden(text);
        }
        for piece in inner_pieces(text) {
            match piece {
                Piece::Text(text) | Piece::Hidden(text) => self.hidden(&text),
                other => self.add(other),
            }
        }
    }

    fn add(&mut self, piece: Piece) {
        self.pieces.push((piece, self.quoted));
    }

    /// What comes from here on is quoted, or no more.
    fn turn(&mut self, quoted: bool) {
        if quoted != self.quoted {
            self.mixed |= !self.tables.is_empty();
            self.end_text();
            self.end_unseen();
            self.quoted = quoted;
        }
    }

    pub(super) fn tag(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let start = tag.kind == TagKind::StartTag;
        let was_hidden = self.elements.is_hidden();
        if start {
            self.begin(tag);
        }
        self.place(tag, start);
        if !start {
            // An end has no attributes, and whoever writes some does not want them to be seen.
            self.attributes(tag);
            self.elements.end(&tag.name);
        }
        self.turn(self.elements.look().quoted);
        // What stands in different hidden elements is apart.
        if was_hidden != self.elements.is_hidden() && !self.unseen.is_empty() && !self.unseen.ends_with('\n') {
            self.unseen.push('\n');
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

    /// What a tag does to the lines and cells of the page.
    fn place(&mut self, tag: &Tag, start: bool) {
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
                let hidden = self.elements.is_hidden();
                self.with_table(|table| table.begin_cell(columns.clamp(1, SPAN), rows.max(1), hidden));
            }
            ("td" | "th", false) if self.ignored == 0 => self.with_table(Grid::end_cell),
            ("rt" | "rp", _) => self.in_furigana = start,
            ("ruby", false) => self.in_furigana = false,
            ("style", _) => {
                self.in_style = start;
                let text = self.sheet.learn(&std::mem::take(&mut self.style));
                self.hidden(&text);
            }
            ("pre" | "textarea" | "script" | "xmp" | "plaintext", _) => {
                self.preformatted = if start { self.preformatted + 1 } else { self.preformatted.saturating_sub(1) };
                self.line_end();
            }
            (name, _) if is_block(name) => self.line_end(),
            _ => {}
        }
    }

    /// Opens an element, hidden or not.
    fn begin(&mut self, tag: &Tag) {
        self.elements.end_implied(&tag.name, is_block(&tag.name));
        let value = |name| attribute(tag, name).unwrap_or_default();
        let mut effect = style::effect(value("style"));
        effect.backed |= attribute(tag, "background").is_some()
            || attribute(tag, "bgcolor").is_some_and(|colour| !style::is_white(colour))
            || (self.sheet.has_backgrounds && (attribute(tag, "class").is_some() || attribute(tag, "id").is_some()));
        let colour = attribute(tag, "color").map(style::is_white);
        // Links have a colour of their own.
        effect.white = effect.white.or(colour).or((&*tag.name == "a").then_some(false));
        effect.hides |= attribute(tag, "hidden").is_some()
            || matches!(&*tag.name, "template" | "script" | "datalist")
            || (&*tag.name == "dialog" && attribute(tag, "open").is_none())
            || self.sheet.hides(&tag.name, value("class"), value("id"));
        effect.quotes = is_quotation(tag);
        let look = self.elements.look().inside(&effect);
        self.turn(look.quoted);
        self.attributes(tag);
        if !tag.self_closing && !is_void(&tag.name) {
            self.elements.begin(tag.name.clone(), look);
        }
    }

    fn attributes(&mut self, tag: &Tag) {
        let unseen_field = attribute(tag, "type").is_some_and(|kind| kind.eq_ignore_ascii_case("hidden"));
        for attribute in &tag.attrs {
            let (name, value) = (&*attribute.name.local, &*attribute.value);
            match name {
                "value" | "placeholder" | "label" | "summary" if !unseen_field && !self.elements.is_hidden() => {
                    self.aside.push_str(value);
                    self.aside.push('\n');
                }
                "srcdoc" => self.comment(value),
                "href" | "src" | "background" | "action" | "data" | "xlink:href" => match data_uri(value) {
                    Some(piece) => self.add(piece),
                    None => self.hidden(&address(value)),
                },
                _ if is_layout(name) && !style::says_something(value) => {}
                _ => self.hidden(value),
            }
            if !name.is_ascii() {
                self.hidden(name);
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
            self.add(Piece::Table(table.rows));
        } else {
            let (seen, unseen) = table.into_text();
            self.hidden(&unseen);
            self.line_end();
            self.here().push_str(&seen);
        }
        if let Some(outer) = self.tables.last_mut() {
            outer.nests = true;
        }
    }

    fn end_text(&mut self) {
        // Text inside an open outer table waits for that table's end.
        if self.tables.is_empty() && !self.text.trim().is_empty() {
            let quoted = self.quoted && !std::mem::take(&mut self.mixed);
            self.pieces.push((Piece::Text(std::mem::take(&mut self.text)), quoted));
        }
    }

    /// What goes beside the text: furigana and shown attributes, and what is not seen.
    fn end_unseen(&mut self) {
        if !self.aside.trim().is_empty() {
            let aside = std::mem::take(&mut self.aside);
            self.add(Piece::Text(aside));
        }
        for hidden in [std::mem::take(&mut self.unseen), std::mem::take(&mut self.remarks)] {
            if !hidden.trim().is_empty() {
                self.add(Piece::Hidden(hidden));
            }
        }
    }

    pub(super) fn finish(mut self) -> Vec<(Piece, bool)> {
        let style = std::mem::take(&mut self.style);
        self.hidden(&style);
        while !self.tables.is_empty() {
            self.close_table();
        }
        self.end_text();
        self.end_unseen();
        self.pieces
    }
}

/// Whether an element is what mailers put around the mail that they answer. A plain `blockquote` is not: it indents, and
/// what somebody indents is new.
fn is_quotation(tag: &Tag) -> bool {
    let has = |name: &str, word: &str| {
        attribute(tag, name)
            .is_some_and(|value| value.len() <= style::LAYOUT && value.to_ascii_lowercase().contains(word))
    };
    match &*tag.name {
        "blockquote" => {
            let lined = || {
                let style = attribute(tag, "style").unwrap_or_default().to_ascii_lowercase().replace(' ', "");
                style.split(';').any(|line| line.starts_with("border-left:") && !line.contains("none"))
            };
            has("type", "cite") || attribute(tag, "cite").is_some() || has("class", "quote") || lined()
        }
        "div" => has("class", "yahoo_quoted") || has("id", "mail-editor-reference-message-container"),
        _ => false,
    }
}

fn attribute<'a>(tag: &'a Tag, name: &str) -> Option<&'a str> {
    tag.attrs.iter().find(|attribute| &*attribute.name.local == name).map(|attribute| &*attribute.value)
}

fn data_uri(value: &str) -> Option<Piece> {
    let (_, rest) = value.trim_start().split_once(':').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("data"))?;
    let (head, data) = rest.split_once(',')?;
    let head = head.to_ascii_lowercase();
    let media = head.split(';').next().unwrap_or_default().to_owned();
    let bytes = header::percent_decoded(data);
    let bytes = if head.ends_with(";base64") { header::base64(&bytes) } else { bytes };
    Some(Piece::Embedded { media, bytes })
}

/// A link as it reads: `mailto:a@b.jp?body=%E5%90%8D…` may hold a whole mail.
fn address(value: &str) -> String {
    if !value.contains('%') {
        return value.to_owned();
    }
    let decoded = charset::decode(&header::percent_decoded(value), None);
    if decoded == value { decoded } else { format!("{value}\n{decoded}") }
}

/// Attributes that lay out a page. Text has no business in them.
fn is_layout(name: &str) -> bool {
    matches!(
        name,
        "style"
            | "class"
            | "id"
            | "width"
            | "height"
            | "align"
            | "valign"
            | "border"
            | "cellpadding"
            | "cellspacing"
            | "bgcolor"
            | "color"
            | "face"
            | "size"
            | "target"
            | "rel"
            | "type"
            | "lang"
            | "dir"
            | "role"
            | "name"
            | "for"
            | "method"
            | "colspan"
            | "rowspan"
            | "charset"
            | "http-equiv"
            | "media"
            | "hidden"
            | "tabindex"
            | "nowrap"
            | "clear"
            | "hspace"
            | "vspace"
            | "start"
            | "scope"
            | "xml:lang"
    ) || name.starts_with("xmlns")
}

/// Elements without content.
fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "br"
            | "col"
            | "embed"
            | "hr"
            | "img"
            | "input"
            | "link"
            | "meta"
            | "source"
            | "track"
            | "wbr"
    )
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
