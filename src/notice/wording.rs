//! What an organisation words in its own way: `hold.ja.toml` and its kin in the folder `notice.templates`.
//!
//! In: the files. Out: a [`Wording`], or every mistake with file, line and how to mend it; and a page with the
//! organisation's subject, opening, closing and footer in the place of ours. A file holds up to four texts:
//!
//! ```toml
//! subject = "[送信保留] {{subject}}"
//! opening = "次のメールは、{{organization}}の規程により送信を保留しました。"
//! closing = """
//! お問い合わせ：情報システム部（内線 1234）
//! 受付時間：平日 9:00〜17:30"""
//! footer = "{{organization}} 情報システム部"
//! ```
//!
//! A kind that is worded anew is so in both languages, or some people would read the old text. `all.ja.toml` and
//! `all.en.toml` have a closing and a footer for every kind that has none of its own. Values are put in as one harmless
//! line each, after the text was taken apart: nothing in a held mail can name a placeholder, begin a line or a header
//! field, and HTML is escaped where all else is.
//! Deliberately absent: conditions and loops (what was found, who decides and how to answer are said by us, and stay),
//! and files (`config` reads them).

use std::{
    ops::Range,
    sync::{Arc, PoisonError, RwLock},
};

use serde::Deserialize;
use toml::Spanned;

use super::{
    Kind,
    page::{Page, Prose},
    words,
};
use crate::{language::Language, written};

/// A longer file is no text for a notice.
const LARGEST: usize = 64 * 1024;

/// The name of the files for every kind.
const ALL: &str = "all";

/// The organisation's own texts; none, if it has none. All clones are one: who speaks with other texts in the place of
/// these does so everywhere.
#[derive(Debug, Clone, Default)]
pub struct Wording {
    texts: Arc<RwLock<Arc<Vec<Texts>>>>,
}

impl PartialEq for Wording {
    fn eq(&self, other: &Self) -> bool {
        self.texts() == other.texts()
    }
}

impl Eq for Wording {}

/// One file of the folder.
#[derive(Debug, Clone)]
pub struct Source {
    /// As errors call it: its path.
    pub name: String,
    /// What it says.
    pub text: String,
}

/// What stands between `{{` and `}}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placeholder {
    /// The subject of the held mail.
    Subject,
    /// Its sender's address.
    Sender,
    /// Until when it is decided about.
    Deadline,
    /// `organization.name`
    Organization,
    /// The id under which it is held.
    Id,
    /// Its page of the console.
    Page,
    /// Who decides, or who has decided.
    People,
}

impl Placeholder {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Subject, Self::Sender, Self::Deadline, Self::Organization, Self::Id, Self::Page, Self::People];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Sender => "sender",
            Self::Deadline => "deadline",
            Self::Organization => "organization",
            Self::Id => "id",
            Self::Page => "page",
            Self::People => "people",
        }
    }
}

/// What is put in for each placeholder.
#[derive(Debug, Clone, Default)]
pub(super) struct Values {
    pub(super) subject: String,
    pub(super) sender: String,
    pub(super) deadline: String,
    pub(super) organization: String,
    pub(super) id: String,
    pub(super) page: String,
    pub(super) people: String,
}

impl Values {
    fn of(&self, placeholder: Placeholder) -> String {
        let value = match placeholder {
            Placeholder::Subject => &self.subject,
            Placeholder::Sender => &self.sender,
            Placeholder::Deadline => &self.deadline,
            Placeholder::Organization => &self.organization,
            Placeholder::Id => &self.id,
            Placeholder::Page => &self.page,
            Placeholder::People => &self.people,
        };
        words::one_line(value, 1_000)
    }
}

/// The texts of one file.
#[derive(Debug, PartialEq, Eq)]
struct Texts {
    /// `None`: of all kinds.
    kind: Option<Kind>,
    language: Language,
    subject: Option<Phrase>,
    opening: Option<Phrase>,
    closing: Option<Phrase>,
    footer: Option<Phrase>,
}

/// A text, taken apart.
#[derive(Debug, PartialEq, Eq)]
struct Phrase(Vec<Piece>);

#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Value(Placeholder),
}

impl Phrase {
    fn with(&self, values: &Values) -> String {
        let pieces = self.0.iter().map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Value(placeholder) => values.of(*placeholder),
        });
        pieces.collect()
    }

    fn lines(&self, values: &Values) -> Vec<String> {
        self.with(values).lines().map(|line| words::one_line(line, 1_000)).filter(|line| !line.is_empty()).collect()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    subject: Option<Spanned<String>>,
    opening: Option<Spanned<String>>,
    closing: Option<Spanned<String>>,
    footer: Option<Spanned<String>>,
}

impl Wording {
    /// Reads the files of the folder.
    ///
    /// # Errors
    /// Everything that is wrong with them, a line each.
    pub fn read(files: &[Source]) -> Result<Self, Vec<String>> {
        let mut errors = Vec::new();
        let mut texts = Vec::new();
        for file in files {
            match named(file) {
                Ok((kind, language)) => texts.extend(texts_of(file, kind, language, &mut errors)),
                Err(error) => errors.push(error),
            }
        }
        for file in files {
            errors.extend(without_its_pair(file, files));
        }
        if errors.is_empty() { Ok(Self { texts: Arc::new(RwLock::new(Arc::new(texts))) }) } else { Err(errors) }
    }

    /// Takes the texts of `other` in the place of these, for everybody who speaks with them; whether they are other ones.
    pub fn replace(&self, other: &Self) -> bool {
        let changes = self != other;
        let texts = other.texts();
        *self.texts.write().unwrap_or_else(PoisonError::into_inner) = texts;
        changes
    }

    fn texts(&self) -> Arc<Vec<Texts>> {
        Arc::clone(&self.texts.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The page with the organisation's texts in the place of ours.
    pub(super) fn over(&self, mut page: Page, values: &Values) -> Page {
        let texts = self.texts();
        let of = |kind| texts.iter().find(|texts| texts.kind == kind && texts.language == page.language);
        // What is said to everybody is meant for our own people: a sender outside reads only what is written for them.
        let common = if page.kind == Kind::NotSent { None } else { of(None) };
        let own = of(Some(page.kind));
        if let Some(subject) = own.and_then(|texts| texts.subject.as_ref()) {
            page.subject = words::one_line(&subject.with(values), 250);
        }
        if let Some(opening) = own.and_then(|texts| texts.opening.as_ref()) {
            page.opening = Prose::of(&opening.with(values));
        }
        let first = |text: fn(&Texts) -> Option<&Phrase>| own.and_then(text).or_else(|| common.and_then(text));
        if let Some(closing) = first(|texts| texts.closing.as_ref()) {
            page.closing = Prose::of(&closing.with(values));
        }
        if let Some(footer) = first(|texts| texts.footer.as_ref()) {
            // Whom to ask about which mail stays.
            let reference = page.footer.pop();
            page.footer = footer.lines(values).into_iter().chain(reference).collect();
        }
        page
    }
}

/// Of which kind and in which language a file is, by its name.
fn named(file: &Source) -> Result<(Option<Kind>, Language), String> {
    let wrong = |what: String| Err(format!("{}: {what}", file.name));
    let name = file_name(file);
    let mut parts = name.split('.');
    let (Some(kind), Some(language), Some("toml"), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return wrong("this is no text of a notice; call it KIND.ja.toml or KIND.en.toml, or remove it".to_owned());
    };
    let language = match language {
        "ja" => Language::Ja,
        "en" => Language::En,
        other => return wrong(format!("notices do not speak `{other}`; write ja or en in its name")),
    };
    let kinds = || Kind::ALL.into_iter().map(Kind::name).chain([ALL]);
    match (kind, Kind::of_name(kind)) {
        (ALL, _) => Ok((None, language)),
        (_, Some(kind)) => Ok((Some(kind), language)),
        (other, None) => {
            let near = written::did_you_mean(other, kinds());
            wrong(format!("there is no notice `{other}`{near}; `sekisho notice list` names all kinds"))
        }
    }
}

fn file_name(file: &Source) -> &str {
    file.name.rsplit(['/', '\\']).next().unwrap_or(&file.name)
}

/// A kind that is worded in one language only.
fn without_its_pair(file: &Source, files: &[Source]) -> Option<String> {
    named(file).ok()?;
    let name = file_name(file);
    let pair = match name.strip_suffix(".ja.toml") {
        Some(kind) => format!("{kind}.en.toml"),
        None => format!("{}.ja.toml", name.strip_suffix(".en.toml")?),
    };
    let missing = !files.iter().any(|other| file_name(other) == pair);
    missing.then(|| {
        format!("{}: people who read the other language would read the old text; write {pair}, too", file.name)
    })
}

fn texts_of(file: &Source, kind: Option<Kind>, language: Language, errors: &mut Vec<String>) -> Option<Texts> {
    if file.text.len() > LARGEST {
        errors.push(format!("{}: it is larger than 64 KiB; shorten it", file.name));
        return None;
    }
    let at = |offset| written::place(&file.name, &file.text, offset);
    let raw: Raw = match toml::from_str(&file.text) {
        Ok(raw) => raw,
        Err(error) => {
            let offset = error.span().map_or(0, |span| span.start);
            errors.push(format!("{}: {}", at(offset), written::mended(error.message())));
            return None;
        }
    };
    let only_in_kinds = [("subject", &raw.subject), ("opening", &raw.opening)];
    for (key, text) in only_in_kinds.into_iter().filter(|_| kind.is_none()) {
        if let Some(text) = text {
            let what = format!("`{key}` cannot be the same for all kinds; write it into the file of a kind");
            errors.push(format!("{}: {what}", at(text.span().start)));
        }
    }
    let mut phrase = |key: &str, text: Option<Spanned<String>>| -> Option<Phrase> {
        let text = text?;
        let span = text.span();
        match phrase(kind, key, text.get_ref()) {
            Ok(phrase) => Some(phrase),
            Err(Wrong { near, what }) => {
                errors.push(format!("{}: {what}", at(offset_of(&near, span, &file.text))));
                None
            }
        }
    };
    Some(Texts {
        kind,
        language,
        subject: phrase("subject", raw.subject),
        opening: phrase("opening", raw.opening),
        closing: phrase("closing", raw.closing),
        footer: phrase("footer", raw.footer),
    })
}

/// Where in the file `near` stands, or the text itself if it is written with escapes.
fn offset_of(near: &str, span: Range<usize>, text: &str) -> usize {
    let inside = text.get(span.clone()).unwrap_or_default();
    span.start + inside.find(near).unwrap_or(0)
}

/// What is wrong with a text, and with which piece of it.
struct Wrong {
    near: String,
    what: String,
}

fn phrase(kind: Option<Kind>, key: &str, text: &str) -> Result<Phrase, Wrong> {
    let wrong = |near: &str, what: String| Err(Wrong { near: near.to_owned(), what });
    if text.trim().is_empty() {
        return wrong("", format!("`{key}` is empty; write a text, or leave the key out to keep ours"));
    }
    if key == "subject" && text.contains(['\n', '\r']) {
        return wrong("\n", "a subject is one line; write it on one".to_owned());
    }
    if let Some(c) = text.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return wrong(&c.to_string(), format!("U+{:04X} does not belong into a text; take it out", u32::from(c)));
    }
    let known: &[Placeholder] = kind.map_or(&[Placeholder::Organization], Kind::placeholders);
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("{{") {
        let Some((name, tail)) = behind.split_once("}}") else {
            return wrong("{{", "`{{` is not closed; write }} behind the name".to_owned());
        };
        let Some(placeholder) = known.iter().find(|placeholder| placeholder.name() == name.trim()) else {
            let names: Vec<&str> = known.iter().map(|placeholder| placeholder.name()).collect();
            let near = written::did_you_mean(name.trim(), names.iter().copied());
            let what = format!(
                "`{{{{{}}}}}` is not known in this text{near}; write one of {}",
                words::one_line(name, 40),
                names.join(", ")
            );
            return wrong(&format!("{{{{{name}}}}}"), what);
        };
        pieces.extend([Piece::Text(before.to_owned()), Piece::Value(*placeholder)]);
        rest = tail;
    }
    pieces.push(Piece::Text(rest.to_owned()));
    pieces.retain(|piece| *piece != Piece::Text(String::new()));
    Ok(Phrase(pieces))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notice::{Voice, sample, tests::voice};

    fn files(texts: &[(&str, &str)]) -> Vec<Source> {
        let source = |(name, text): &(&str, &str)| Source { name: format!("/n/{name}"), text: (*text).to_owned() };
        texts.iter().map(source).collect()
    }

    fn worded(texts: &[(&str, &str)]) -> Voice {
        Voice { wording: Wording::read(&files(texts)).unwrap(), ..voice() }
    }

    /// Subject, text and HTML of a sample.
    fn seen(name: &str, voice: &Voice, language: Language) -> sample::Seen {
        let all = sample::every(voice, language);
        sample::seen(&all.into_iter().find(|sample| sample.name == name).unwrap().notice)
    }

    #[test]
    fn subject_opening_closing_and_footer_are_replaced_and_facts_stay() {
        let ja = "subject = \"【要確認】{{subject}}\"\nopening = \"\"\"\n{{ organization }}の規程により保留しました。\n<{{sender}}> さん\n\n期限は {{deadline}} です。\"\"\"\n\
                  closing = \"お問い合わせ：内線 1234\\n平日 9:00〜17:30\"\nfooter = \"情報システム部\\n{{id}} {{page}}\"\n";
        let voice = worded(&[("hold.ja.toml", ja), ("hold.en.toml", "subject = \"HELD {{subject}} {{people}}\"\n")]);
        let told = seen("hold", &voice, Language::Ja);
        assert_eq!(told.subject, "【要確認】業務委託の件");
        for line in [
            "東邦観光株式会社の規程により保留しました。\n<taro@example.co.jp> さん\n\n期限は 2026年11月30日(月) 18:00 です。\n\n件名：",
            "お問い合わせ：内線 1234\n平日 9:00〜17:30\n\n-- \n情報システム部\n01KB3M7Q8ZJ4V0C2N9T5R6W1XY",
            "例 090-****-5678",
            "管理番号：01KB3M7Q8ZJ4V0C2N9T5R6W1XY",
            "「取消」",
        ] {
            assert!(told.text.contains(line), "{line} in\n{}", told.text);
        }
        assert!(!told.text.contains("気になる点が見つかった"));
        let html = told.html.unwrap();
        assert!(html.contains("&#60;taro@example.co.jp&#62; さん</p>") && html.contains("内線 1234<br>平日"), "{html}");
        assert_eq!(seen("hold", &voice, Language::En).subject, "HELD 業務委託の件 kacho@example.co.jp");
        assert_eq!(seen("request", &voice, Language::Ja).subject, "[承認依頼] 業務委託の件", "other kinds stay");
    }

    #[test]
    fn what_stands_for_all_kinds_gives_way_to_a_kinds_own() {
        let voice = worded(&[
            ("all.ja.toml", "closing = \"{{organization}} 内線 1234\"\n"),
            ("all.en.toml", "closing = \"ext. 1234\"\nfooter = \"IT\"\n"),
            ("digest.en.toml", "closing = \"on {{page}}\"\n"),
            ("digest.ja.toml", ""),
        ]);
        for sample in sample::every(&voice, Language::Ja) {
            let told = sample::seen(&sample.notice).text.contains("東邦観光株式会社 内線 1234\n");
            assert_eq!(told, sample.kind != Kind::NotSent, "{}: not to people outside", sample.name);
        }
        let digest = seen("digest", &voice, Language::En).text;
        assert!(digest.contains("on https://sekisho.example.co.jp/held\n\n-- \nIT\n"), "{digest}");
        assert!(seen("undeliverable", &voice, Language::En).text.contains("ext. 1234"));
    }

    /// Values are put in once: what a mail says is no text of the organisation's.
    #[test]
    fn a_value_is_one_line_and_names_no_placeholder() {
        let text = "subject = \"A {{subject}} B\"\nopening = \"{{subject}}\"\n";
        let voice = worded(&[("hold.ja.toml", text), ("hold.en.toml", text)]);
        let mut story = sample::story().unwrap();
        story.subject = "{{organization}}\r\nBcc: x@evil.example\u{202E}<b>".to_owned();
        let all = sample::about(&story, &voice, Language::Ja).unwrap();
        let told = sample::seen(&all.iter().find(|sample| sample.name == "hold").unwrap().notice);
        assert_eq!(told.subject, "A {{organization}} Bcc: x@evil.example<b> B");
        assert!(
            told.text.contains("\n{{organization}} Bcc: x@evil.example<b>\n") && !told.html.unwrap().contains("<b>")
        );
    }

    #[test]
    fn mistakes_are_told_with_their_place_and_how_to_mend_them() {
        let errors = |name: &str, text: &str| Wording::read(&files(&[(name, text)])).unwrap_err().remove(0);
        for (name, text, error) in [
            (
                "hold.ja.toml",
                "# x\nopening = \"\"\"\nあ\n{{sendr}}\"\"\"",
                "/n/hold.ja.toml:4:1: `{{sendr}}` is not known in this text (did you mean `sender`?); write one of subject, \
                 sender, deadline, organization, id, page, people",
            ),
            (
                "hold.ja.toml",
                "opening = \"a {{subject\"",
                "/n/hold.ja.toml:1:14: `{{` is not closed; write }} behind the name",
            ),
            ("hold.ja.toml", "subject = \"a\\nb\"", "/n/hold.ja.toml:1:11: a subject is one line; write it on one"),
            (
                "hold.ja.toml",
                "footer = \"a\\u0000\"",
                "/n/hold.ja.toml:1:10: U+0000 does not belong into a text; take it out",
            ),
            (
                "hold.ja.toml",
                "subject = \" \"",
                "/n/hold.ja.toml:1:11: `subject` is empty; write a text, or leave the key out to keep ours",
            ),
            (
                "hold.ja.toml",
                "openin = \"x\"",
                "/n/hold.ja.toml:1:1: unknown field `openin`, expected one of `subject`, `opening`, `closing`, `footer` (did you \
                 mean `opening`?); write one that is known",
            ),
            (
                "holt.ja.toml",
                "",
                "/n/holt.ja.toml: there is no notice `holt` (did you mean `hold`?); `sekisho notice list` names all kinds",
            ),
            ("hold.fr.toml", "", "/n/hold.fr.toml: notices do not speak `fr`; write ja or en in its name"),
            (
                "hold.toml",
                "",
                "/n/hold.toml: this is no text of a notice; call it KIND.ja.toml or KIND.en.toml, or remove it",
            ),
            (
                "hold.ja.toml",
                "",
                "/n/hold.ja.toml: people who read the other language would read the old text; write hold.en.toml, too",
            ),
            (
                "all.ja.toml",
                "subject = \"x\"",
                "/n/all.ja.toml:1:11: `subject` cannot be the same for all kinds; write it into the file of a kind",
            ),
            (
                "not_sent.ja.toml",
                "opening = \"{{subject}}\"",
                "/n/not_sent.ja.toml:1:12: `{{subject}}` is not known in this text; write one of organization, id",
            ),
        ] {
            assert_eq!(errors(name, text), error);
        }
        let large = format!("closing = \"{}\"", "x".repeat(LARGEST));
        assert!(errors("all.ja.toml", &large).ends_with("it is larger than 64 KiB; shorten it"));
    }
}
