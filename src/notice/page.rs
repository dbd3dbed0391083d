//! A notice before it is mail: blocks that are rendered twice, as text and as HTML, and so cannot disagree.
//!
//! In: [`Block`]s with harmless lines. Out: plain text wrapped for reading, and HTML with everything escaped, without
//! images, scripts or outside resources. Deliberately absent: wording (`tell`) and headers (`letter`).

use askama::Template;

use super::{Kind, words};
use crate::{language::Language, mail::Address};

/// Columns of the plain text; a Japanese character takes two.
const WIDTH: usize = 72;

/// One notice's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Page {
    /// What it is.
    pub(super) kind: Kind,
    /// In which it is written.
    pub(super) language: Language,
    /// The subject, and the title of the HTML.
    pub(super) subject: String,
    /// The one line that says it all.
    pub(super) headline: String,
    /// How loudly it is said.
    pub(super) tone: Tone,
    /// What happened, in a sentence or two; an organisation may word it in its own way.
    pub(super) opening: Prose,
    /// Everything that is to be said, in order.
    pub(super) blocks: Vec<Block>,
    /// What the organisation adds, such as whom to call.
    pub(super) closing: Prose,
    /// Who decides, or who has decided.
    pub(super) people: Vec<Address>,
    /// Who signs, and which mail this is about.
    pub(super) footer: Vec<String>,
}

/// Running text: paragraphs of lines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Prose(pub(super) Vec<Vec<String>>);

impl Prose {
    /// One paragraph of one line.
    pub(super) fn line(text: impl Into<String>) -> Self {
        Self(vec![vec![text.into()]])
    }

    /// A text whose paragraphs are parted by empty lines, every line made harmless.
    pub(super) fn of(text: &str) -> Self {
        let lines: Vec<String> = text.lines().map(|line| words::one_line(line, 1_000)).collect();
        Self(lines.split(String::is_empty).filter(|lines| !lines.is_empty()).map(<[String]>::to_vec).collect())
    }

    fn text(&self) -> String {
        let paragraph = |lines: &Vec<String>| lines.iter().map(|line| wrap(line, "", "")).collect::<String>() + "\n";
        self.0.iter().map(paragraph).collect()
    }
}

/// The colour of a headline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// Something waits.
    Wait,
    /// It went well.
    Good,
    /// It did not go out, or something is wrong.
    Bad,
}

impl Tone {
    fn color(self) -> &'static str {
        match self {
            Self::Wait => "#8a5a00",
            Self::Good => "#1a6b3c",
            Self::Bad => "#a3262a",
        }
    }

    /// The class by which the style of a dark screen finds it.
    fn name(self) -> &'static str {
        match self {
            Self::Wait => "wait",
            Self::Good => "good",
            Self::Bad => "bad",
        }
    }
}

/// A piece of content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Block {
    /// Running text.
    Para(String),
    /// What the next blocks are about.
    Heading(String),
    /// Names and values.
    Facts(Vec<(String, String)>),
    /// Points, each with further lines.
    List(Vec<Item>),
    /// What a person wrote.
    Quote(Vec<String>),
    /// What the reader can do: most important, so it stands out.
    Steps(Vec<String>),
    /// A link.
    Link {
        /// What is there.
        label: String,
        /// Where.
        url: String,
    },
}

/// One point of a list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Item {
    /// The point.
    pub(super) text: String,
    /// What is to be said about it.
    pub(super) notes: Vec<String>,
}

impl Item {
    /// A point without notes.
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), notes: Vec::new() }
    }
}

#[derive(Template)]
#[template(path = "notice.html")]
struct Html<'a> {
    page: &'a Page,
    lang: &'static str,
    color: &'static str,
    tone: &'static str,
}

impl Page {
    /// As HTML. Should the template ever fail, the text is shown escaped instead: a notice is not lost for its looks.
    pub(super) fn html(&self) -> String {
        let lang = match self.language {
            Language::Ja => "ja",
            Language::En => "en",
        };
        let html = Html { page: self, lang, color: self.tone.color(), tone: self.tone.name() };
        html.render().unwrap_or_else(|_error| format!("<pre>{}</pre>", escaped(&self.text())))
    }

    /// As plain text.
    pub(super) fn text(&self) -> String {
        let mut text = wrap(&self.headline, "", "");
        text.push('\n');
        text.push_str(&self.opening.text());
        for block in &self.blocks {
            text.push_str(&self.block_text(block));
        }
        text.push_str(&self.closing.text());
        text.push_str("-- \n");
        for line in &self.footer {
            text.push_str(&wrap(line, "", ""));
        }
        text
    }

    fn block_text(&self, block: &Block) -> String {
        let ja = self.language == Language::Ja;
        let (dot, hang) = if ja { ("・", "  ") } else { ("- ", "  ") };
        let mut text = String::new();
        match block {
            Block::Para(para) => text.push_str(&wrap(para, "", "")),
            Block::Heading(heading) if ja => return format!("■ {heading}\n"),
            Block::Heading(heading) => return format!("{heading}\n{}\n", "-".repeat(width(heading).min(WIDTH))),
            Block::Facts(facts) => {
                let colon = if ja { "：" } else { ": " };
                for (name, value) in facts {
                    text.push_str(&wrap(&format!("{name}{colon}{value}"), "", "    "));
                }
            }
            Block::List(items) => {
                for item in items {
                    text.push_str(&wrap(&item.text, dot, hang));
                    for note in &item.notes {
                        text.push_str(&wrap(note, "    ", "    "));
                    }
                }
            }
            Block::Quote(lines) => {
                for line in lines {
                    text.push_str(&wrap(line, "  | ", "  | "));
                }
            }
            Block::Steps(steps) => {
                for step in steps {
                    text.push_str(&wrap(step, if ja { "→ " } else { "* " }, "  "));
                }
            }
            Block::Link { label, url } => text.push_str(&format!("{label}\n  {url}\n")),
        }
        text + "\n"
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// `text` in lines of at most [`WIDTH`] columns, each ended: English breaks at spaces, Japanese between characters
/// but never before closing punctuation, and a long address or link stays whole.
fn wrap(text: &str, first: &str, next: &str) -> String {
    let mut out = first.to_owned();
    let mut column = width(first);
    let mut empty = true;
    for unit in units(text) {
        let visible = width(unit.trim_end());
        if !empty && column + visible > WIDTH {
            out.truncate(out.trim_end_matches(' ').len());
            out.push('\n');
            out.push_str(next);
            column = width(next);
        }
        out.push_str(unit);
        column += width(unit);
        empty = false;
    }
    out.truncate(out.trim_end_matches(' ').len());
    out + "\n"
}

/// The pieces between which a line may break.
fn units(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let mut chars = rest.char_indices().peekable();
        let (_, mut last) = chars.next()?;
        let mut end = rest.len();
        // A word that is to be written, such as 「取消」, stays whole.
        let whole = quoted(rest);
        for (at, c) in chars {
            let between = is_wide(last) || is_wide(c);
            let breaks = c != ' ' && (last == ' ' || (between && !opens(last) && !closes(c)));
            if breaks && at >= whole {
                end = at;
                break;
            }
            last = c;
        }
        let (unit, tail) = rest.split_at(end);
        rest = tail;
        Some(unit)
    })
}

/// Where a short word in quotation marks ends, if `text` begins with one; else 0.
fn quoted(text: &str) -> usize {
    let mut chars = text.char_indices();
    match chars.next() {
        Some((_, '「')) => chars.take(9).find(|(_, c)| *c == '」').map_or(0, |(at, c)| at + c.len_utf8()),
        _ => 0,
    }
}

fn width(text: &str) -> usize {
    text.chars().map(|c| if is_wide(c) { 2 } else { 1 }).sum()
}

/// Whether `c` takes two columns; kana, kanji, hangul and full-width forms do.
fn is_wide(c: char) -> bool {
    matches!(u32::from(c), 0x1100..=0x115F | 0x2E80..=0xA4CF | 0xAC00..=0xD7A3 | 0xF900..=0xFAFF | 0xFE30..=0xFE4F
        | 0xFF01..=0xFF60 | 0xFFE0..=0xFFE6 | 0x1F300..=0x1FAFF | 0x20000..=0x3FFFD)
}

/// What may not begin a line (kinsoku).
fn closes(c: char) -> bool {
    "。、，．・：；？！ー々」』）］｝〉》】〕…ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ)]},.;:!?".contains(c)
}

/// What may not end a line.
fn opens(c: char) -> bool {
    "「『（［｛〈《【〔([{".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_breaks_at_spaces_and_links_stay_whole() {
        let link = format!("https://sekisho.example.co.jp/held/{}", "A".repeat(60));
        let text = wrap(&format!("{} {link} end", "word ".repeat(20).trim()), "- ", "  ");
        assert!(text.contains(&link));
        for line in text.lines().filter(|line| !line.contains("https")) {
            assert!(width(line) <= WIDTH && !line.ends_with(' '), "{line:?}");
        }
        assert!(text.lines().skip(1).all(|line| line.starts_with("  ")));
    }

    #[test]
    fn japanese_never_starts_a_line_with_closing_punctuation() {
        let sentence = "このメールには、お客様の個人情報が含まれている可能性があります（添付ファイル「顧客.xlsx」）。";
        for shift in 0..10 {
            let text = wrap(&format!("{}{}", "あ".repeat(shift), sentence.repeat(4)), "", "");
            for line in text.lines() {
                assert!(width(line) <= WIDTH, "{line}");
                assert!(!line.starts_with(closes), "{line}");
                assert!(!line.ends_with(opens), "{line}");
            }
            assert_eq!(text.replace('\n', ""), format!("{}{}", "あ".repeat(shift), sentence.repeat(4)));
        }
    }

    #[test]
    fn a_word_to_be_written_is_never_broken() {
        for shift in 20..40 {
            let text = wrap(&format!("{}「理由：」と「取消」と書く", "あ".repeat(shift)), "", "");
            assert!(text.contains("「理由：」") && text.contains("「取消」"), "{text}");
        }
    }

    #[test]
    fn html_escapes_everything() {
        let evil = "<script>alert(\"x\")</script>&amp;'";
        let page = Page {
            kind: Kind::Hold,
            language: Language::En,
            subject: evil.into(),
            headline: evil.into(),
            tone: Tone::Bad,
            opening: Prose::line(evil),
            closing: Prose::of(evil),
            people: Vec::new(),
            blocks: vec![
                Block::Para(evil.into()),
                Block::Heading(evil.into()),
                Block::Facts(vec![(evil.into(), evil.into())]),
                Block::List(vec![Item { text: evil.into(), notes: vec![evil.into()] }]),
                Block::Quote(vec![evil.into()]),
                Block::Steps(vec![evil.into()]),
                Block::Link { label: evil.into(), url: "https://x.example/\"onclick=\"a".into() },
            ],
            footer: vec![evil.into()],
        };
        let html = page.html();
        assert!(!html.contains("<script") && !html.contains("\"onclick"), "{html}");
        assert_eq!(html.matches("&#60;script&#62;").count(), 14, "{html}");
        assert!(!html.contains("<img") && !html.contains("src="));
    }
}
