//! Which organisations a content names, in whose name, and whose mail domains and customer codes stand in it.
//!
//! In: lines of text, rows of tables, names of files. Out: [`Mention`]s, each with how often and where first, for the
//! checks of recipients: data about one customer that goes to another. A name is told by its corporate form (株式会社,
//! ㈱, Inc.); forms, spaces and width are folded ([`folded`]). Of long tables a part of the rows is read: whose they are
//! shows in any part of them. Deliberately absent: who is a partner (`recipients`), and names without a corporate form.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use super::names::script::is_name_character;

/// One name that a content says.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Mention {
    /// Folded, as [`folded`] does; a mail domain in small letters.
    pub name: String,
    /// How often, among what was read.
    pub count: u32,
    /// How often as whom a document is for: `北保安サービス株式会社 御中`.
    #[serde(default)]
    pub addressed: u32,
    /// How often in rows of tables.
    #[serde(default)]
    pub rows: u32,
    /// Where first: `顧客.xlsx › 顧客`, `body`.
    pub place: String,
}

/// Content is counted, not shown.
impl std::fmt::Debug for Mention {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mention").field("count", &self.count).finish_non_exhaustive()
    }
}

/// So many different ones; a list of more names is about none of them.
const DISTINCT: usize = 64;
/// A longer name is none.
const NAME: usize = 40;

/// Mentions, each name once.
#[derive(Debug, Default)]
pub(super) struct Mentions(Vec<Mention>);

impl Mentions {
    pub(super) fn add(&mut self, name: &str, place: &str, in_row: bool, addressed: bool) {
        let mention = match self.0.iter_mut().position(|mention| mention.name == name) {
            Some(at) => self.0.get_mut(at),
            None if self.0.len() < DISTINCT => {
                self.0.push(Mention { name: name.to_owned(), place: place.to_owned(), ..Mention::default() });
                self.0.last_mut()
            }
            None => None,
        };
        if let Some(mention) = mention {
            mention.count = mention.count.saturating_add(1);
            mention.rows = mention.rows.saturating_add(in_row.into());
            mention.addressed = mention.addressed.saturating_add(addressed.into());
        }
    }

    pub(super) fn finish(self) -> Vec<Mention> {
        self.0
    }
}

/// What stands in a line.
#[derive(Debug, PartialEq, Eq)]
pub enum Said<'t> {
    /// An organisation, folded, and whether the line is addressed to it.
    Organization(String, bool),
    /// What announces a customer's code, and what follows it in the line.
    Code(&'t str),
}

/// Corporate forms that stand before or behind a name.
const EITHER: [&str; 17] = [
    "株式会社",
    "有限会社",
    "合同会社",
    "合資会社",
    "合名会社",
    "(株)",
    "（株）",
    "㈱",
    "(有)",
    "（有）",
    "㈲",
    "(同)",
    "（同）",
    "税理士法人",
    "弁護士法人",
    "監査法人",
    "協同組合",
];
/// Those that stand before it only.
const BEFORE: [&str; 16] = [
    "一般社団法人",
    "公益社団法人",
    "一般財団法人",
    "公益財団法人",
    "社団法人",
    "財団法人",
    "医療法人社団",
    "医療法人財団",
    "医療法人",
    "学校法人",
    "社会福祉法人",
    "地方独立行政法人",
    "独立行政法人",
    "国立大学法人",
    "特定非営利活動法人",
    "npo法人",
];
/// Those in Latin letters, which stand behind it.
const LATIN: [&str; 11] =
    ["inc", "incorporated", "ltd", "limited", "llc", "llp", "corp", "corporation", "gmbh", "k.k", "plc"];
/// What stands above or before the codes of customers.
const CODES: [&str; 16] = [
    "顧客コード",
    "顧客番号",
    "顧客id",
    "顧客no",
    "得意先コード",
    "得意先番号",
    "取引先コード",
    "取引先番号",
    "お客様番号",
    "お客様コード",
    "customer code",
    "customer id",
    "customer no",
    "client code",
    "client id",
    "account code",
];

static SIGNS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let words = EITHER.iter().chain(&BEFORE).chain(&LATIN).chain(&CODES);
    AhoCorasickBuilder::new().match_kind(MatchKind::LeftmostLongest).ascii_case_insensitive(true).build(words).ok()
});

/// What a line says.
pub fn said(line: &str) -> impl Iterator<Item = Said<'_>> {
    let signs = SIGNS.iter().flat_map(move |signs| signs.find_iter(line));
    signs.filter_map(move |sign| {
        let (before, after) = (line.get(..sign.start())?, line.get(sign.end()..)?);
        let number = sign.pattern().as_usize();
        let (either, before_only) = (EITHER.len(), EITHER.len() + BEFORE.len());
        if number >= before_only + LATIN.len() {
            return Some(Said::Code(after));
        }
        if number >= before_only {
            return latin(before, after).map(|(name, addressed)| Said::Organization(name, addressed));
        }
        let front = if number < either { front(before) } else { "" };
        let (name, rest) = if front.is_empty() { behind(after) } else { (front, after) };
        let (name, named) = unaddressed(name);
        let name = folded(name);
        let length = name.chars().count();
        (2..=NAME).contains(&length).then(|| Said::Organization(name, named || addresses(rest)))
    })
}

/// Whether somebody is addressed by what follows a name.
pub(super) fn addresses(rest: &str) -> bool {
    let rest = rest.trim_start();
    rest.starts_with("御中") || rest.starts_with('様') || rest.starts_with("各位") || rest.starts_with('殿')
}

/// The name that ends here.
fn front(before: &str) -> &str {
    let mut start = before.len();
    let mut next = ' ';
    for (at, c) in before.char_indices().rev().take(NAME) {
        // Kita Hoan株式会社: a space inside Latin words.
        let inside = c == ' ' && next.is_ascii_alphanumeric() && before.get(..at).is_some_and(ends_latin);
        if !is_corporate(c) && !inside {
            break;
        }
        (start, next) = (at, c);
    }
    let name = before.get(start..).unwrap_or_default();
    let cut = particles(name).last().map_or(0, |(_, end)| end);
    let name = name.get(cut..).unwrap_or_default();
    let is_word = ["弊社", "当社", "御社", "貴社", "本社", "各", "同", "親会社", "子会社"].contains(&name);
    if is_word { "" } else { name }
}

/// The name that begins here, and what follows it.
fn behind(after: &str) -> (&str, &str) {
    let after = after.trim_start_matches([' ', '　']);
    let mut end = 0;
    for (at, c) in after.char_indices().take(NAME) {
        let next = after.get(at + c.len_utf8()..).and_then(|rest| rest.chars().next());
        let inside = c == ' '
            && after.get(..at).is_some_and(ends_latin)
            && next.is_some_and(|next| next.is_ascii_alphanumeric());
        if !is_corporate(c) && !inside {
            break;
        }
        end = at + c.len_utf8();
    }
    let name = after.get(..end).unwrap_or_default();
    let cut = particles(name).next().map_or(end, |(start, _)| start);
    after.split_at_checked(cut).unwrap_or_default()
}

fn ends_latin(text: &str) -> bool {
    text.ends_with(|c: char| c.is_ascii_alphanumeric())
}

fn is_corporate(c: char) -> bool {
    is_name_character(c) || c.is_alphanumeric() || "・･&＆-－'’.．".contains(c)
}

/// Particles between words that are not written in hiragana: 弊社は北保安…, …に送る.
fn particles(text: &str) -> impl Iterator<Item = (usize, usize)> {
    let hiragana = |c: Option<char>| c.is_some_and(|c| matches!(c, 'ぁ'..='ゖ'));
    text.char_indices().filter_map(move |(at, c)| {
        let end = at + c.len_utf8();
        let before = text.get(..at)?.chars().next_back()?;
        let after = text.get(end..)?.chars().next();
        // 味の素 is a name; so の ends none.
        ("はがをにへとでもや".contains(c) && !hiragana(Some(before)) && !hiragana(after)).then_some((at, end))
    })
}

/// A name without the honorific behind it, and whether there was one.
fn unaddressed(name: &str) -> (&str, bool) {
    let bare = ["御中", "様", "各位", "殿"].iter().find_map(|word| name.split_once(word));
    bare.map_or((name, false), |(bare, _)| (bare, true))
}

/// `Kita Security Co., Ltd.`: the capitalised words before the form.
fn latin(before: &str, after: &str) -> Option<(String, bool)> {
    let apart = before.ends_with([' ', ',', '.']) && !after.starts_with(|c: char| c.is_ascii_alphanumeric());
    if !apart {
        return None;
    }
    let words = before.trim_end().rsplit(' ').take(6);
    let capital = |word: &str| word.starts_with(|c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '&');
    let words: Vec<&str> = words.take_while(|word| capital(word)).collect();
    let name: String = words.into_iter().rev().collect::<Vec<_>>().join(" ");
    let name = folded(&name);
    ((3..=NAME).contains(&name.len()) && name.is_ascii()).then(|| (name, addresses(after.trim_start_matches('.'))))
}

/// A name as names are compared: width and case folded, without corporate form, spaces and points.
pub fn folded(written: &str) -> String {
    let text: String = written.nfkc().flat_map(char::to_lowercase).collect();
    let mut text = text.trim().to_owned();
    // Others are one of these once their width is folded.
    for form in EITHER.iter().chain(&BEFORE).filter(|form| !form.contains(['（', '㈱', '㈲'])) {
        if text.len() > form.len() && text.contains(form) {
            text = text.replace(form, " ");
        }
    }
    // Latin forms are words at the end.
    let mut words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || matches!(c, ',' | '.')).filter(|word| !word.is_empty()).collect();
    const ENDS: [&str; 17] = [
        "inc",
        "incorporated",
        "ltd",
        "limited",
        "llc",
        "llp",
        "corp",
        "corporation",
        "gmbh",
        "plc",
        "co",
        "company",
        "kk",
        "k",
        "pte",
        "pty",
        "ag",
    ];
    while words.len() > 1 && words.last().is_some_and(|word| ENDS.contains(word)) {
        words.pop();
    }
    if words.len() > 1 && words.first() == Some(&"the") {
        words.remove(0);
    }
    words.concat().chars().filter(|c| !"・･-'’\"「」『』()".contains(*c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(line: &str) -> Vec<(String, bool)> {
        said(line)
            .filter_map(|said| match said {
                Said::Organization(name, addressed) => Some((name, addressed)),
                Said::Code(_) => None,
            })
            .collect()
    }

    #[test]
    fn names_are_told_by_their_corporate_form() {
        for (line, name) in [
            ("北保安サービス株式会社", "北保安サービス"),
            ("株式会社北保安サービス", "北保安サービス"),
            ("㈱北保安サービス 営業部", "北保安サービス"),
            ("（株）北保安サービスに送ります", "北保安サービス"),
            ("弊社は北保安サービス株式会社と契約", "北保安サービス"),
            ("味の素有限会社", "味の素"),
            ("一般社団法人関所協会", "関所協会"),
            ("医療法人社団 青空会", "青空会"),
            ("ＡＢＣ商事(株)", "abc商事"),
            ("Kita Hoan株式会社", "kitahoan"),
            ("Invoice for Kita Security Co., Ltd.", "kitasecurity"),
            ("see Minami Trading, Inc. for", "minamitrading"),
            ("合同会社DMM", "dmm"),
        ] {
            assert_eq!(names(line).first().map(|found| found.0.as_str()), Some(name), "{line}");
        }
        for line in ["since 1990", "the company limited", "株式会社", "including", "弊社株式会社", "(株)"] {
            assert!(names(line).is_empty(), "{line}: {:?}", names(line));
        }
    }

    #[test]
    fn who_is_addressed_is_told() {
        for line in ["北保安サービス株式会社 御中", "株式会社北保安サービス御中", "㈱北保安サービス　様"]
        {
            assert_eq!(names(line), [("北保安サービス".to_owned(), true)], "{line}");
        }
        assert_eq!(names("発行: 南商事株式会社"), [("南商事".to_owned(), false)]);
    }

    #[test]
    fn all_ways_to_write_a_name_are_one() {
        for written in
            ["北保安サービス株式会社", "㈱北保安サービス", "(株) 北保安サービス", "北保安 サービス", "北保安ｻｰﾋﾞｽ（株）"]
        {
            assert_eq!(folded(written), "北保安サービス", "{written}");
        }
        for written in ["Kita Security Co., Ltd.", "KITA SECURITY K.K.", "The Kita-Security Inc", "kita security"] {
            assert_eq!(folded(written), "kitasecurity", "{written}");
        }
        assert_eq!(folded("株式会社"), "株式会社");
    }

    #[test]
    fn a_code_is_what_follows_its_label() {
        assert_eq!(said("顧客コード：KH-001").collect::<Vec<_>>(), [Said::Code("：KH-001")]);
    }
}
