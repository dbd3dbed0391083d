//! Which lines of a text are business courtesy, and whose they are.
//!
//! In: the lines of a text. Out: for each line whether it is ordinary text, the salutation at the head, a quoted mail's
//! header lines, or a signature ([`Zone`], [`super::signature`]). Names and addresses there are the sender's and the
//! recipients' own, not leaked. Each zone is narrow on purpose: a list of customers below `-- ` is still a list of
//! customers. Deliberately absent: what is found in the lines; that is compared with the limits by [`super::clusters`].

use std::ops::ControlFlow;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::signature::{self, Load};
use crate::inspect::detect::names::script::is_alphanumeric;
use crate::inspect::detect::words::vocabulary::Vocabulary;

/// What a line is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Zone {
    /// What the writer has to say.
    Body,
    /// `株式会社北保安サービス 山田様`.
    Salutation,
    /// `From: …` above a quoted mail, `2026年3月3日 山田 <…>:`.
    Quoted,
    /// Who writes: this block, by number.
    Signature(u32),
}

/// Lines at the head, not counting empty ones, in which a salutation stands.
const HEAD: usize = 8;
/// More salutations than this are a list of people.
const SALUTATIONS: usize = 4;

/// The zone of each line; `own` are the addresses of sender and recipients, `loads` tells what was found in each line: a
/// signature without anything in it need not be known, and one with too many people in it is none.
pub(crate) fn of(lines: &[&str], own: &[String], loads: &[Load]) -> Vec<Zone> {
    let lines = Lines::of(lines);
    let mut zones: Vec<Zone> =
        lines.quoted.iter().map(|quoted| if *quoted { Zone::Quoted } else { Zone::Body }).collect();
    salutations(&lines, &mut zones);
    signature::mark(&lines, own, loads, &mut zones);
    zones
}

/// Lines, and what each is at first sight.
pub(crate) struct Lines<'a> {
    /// Without the marks of quotation.
    pub(crate) bare: Vec<&'a str>,
    /// Headers of quoted mails.
    quoted: Vec<bool>,
    rules: Vec<bool>,
}

impl<'a> Lines<'a> {
    fn of(lines: &[&'a str]) -> Self {
        let bare: Vec<&str> = lines.iter().map(|line| unquoted(line)).collect();
        let quoted = bare.iter().map(|line| is_quoted_header(line)).collect();
        let rules = bare.iter().map(|line| is_rule(line)).collect();
        Self { bare, quoted, rules }
    }

    pub(super) fn is_rule(&self, number: usize) -> bool {
        self.rules.get(number).copied().unwrap_or_default()
    }

    /// Whether a line parts paragraphs.
    pub(crate) fn is_break(&self, number: usize) -> bool {
        self.bare.get(number).is_some_and(|line| line.is_empty()) || self.is_rule(number)
    }
}

/// A line without the marks of quotation before it.
pub(super) fn unquoted(line: &str) -> &str {
    let (first, last) = (line.as_bytes().first_chunk::<2>(), line.as_bytes().last_chunk::<3>());
    if first.is_some_and(|&first| begins_plainly(first)) && last.is_some_and(|&last| ends_plainly(last)) {
        return line;
    }
    line.trim_start_matches(|c: char| matches!(c, '>' | '|') || c.is_whitespace()).trim_end()
}

/// Most lines begin with a letter.
fn begins_plainly([a, b]: [u8; 2]) -> bool {
    match a {
        0xE3 => b != 0x80,
        0xE4..=0xE9 => true,
        _ => a.is_ascii_alphanumeric(),
    }
}

/// Most end in a letter or a full stop.
fn ends_plainly([a, b, c]: [u8; 3]) -> bool {
    match a {
        0xE3 if c >= 0x80 => (b, c) != (0x80, 0x80),
        0xE4..=0xE9 if c >= 0x80 => true,
        _ => c.is_ascii_graphic(),
    }
}

/// As [`unquoted`], for a row of a list, whose bars and tabs count.
pub(super) fn unquoted_list(line: &str) -> &str {
    line.trim_start_matches(['>', ' '])
}

/// Whether a line only separates: `-----`, `━━━━`, `*=*=*`.
pub(super) fn is_rule(line: &str) -> bool {
    let line = unquoted(line);
    // Most lines end this at their first character.
    line.chars().all(|c| matches!(c, 'ー' | '一') || !(is_alphanumeric(c) || matches!(c, '.' | '。' | '、')))
        && line.chars().nth(3).is_some()
}

/// Marks the lines that only address somebody.
fn salutations(lines: &Lines<'_>, zones: &mut [Zone]) {
    let mut left = HEAD;
    let mut found = Vec::new();
    let mut listed = false;
    for (number, line) in lines.bare.iter().enumerate() {
        if line.is_empty() {
            listed = false;
            continue;
        }
        // Below `当選者名簿` nobody is addressed.
        listed |= ["一覧", "名簿", "リスト"].iter().any(|end| line.ends_with(end));
        if lines.quoted.get(number) == Some(&true) || lines.is_rule(number) {
            // Below a quoted header another mail begins.
            left = HEAD;
            continue;
        }
        if left == 0 {
            continue;
        }
        left -= 1;
        if listed {
            continue;
        }
        if is_salutation(line) {
            found.push(number);
        } else if line.contains('。') || line.contains("世話") {
            left = 0;
        }
    }
    // Each mail in a thread has its own; what counts is how many stand in one place.
    let crowded = found.windows(SALUTATIONS + 1).any(|run| match (run.first(), run.last()) {
        (Some(first), Some(last)) => last - first <= HEAD,
        _ => false,
    });
    if !crowded {
        for number in found {
            if let Some(zone) = zones.get_mut(number) {
                *zone = Zone::Salutation;
            }
        }
    }
}

/// A line that only addresses somebody; what is marked as one of a list does not.
fn is_salutation(line: &str) -> bool {
    if line.starts_with(['・', '•', '●', '■', '○', '*']) || line.starts_with("- ") {
        return false;
    }
    let end = line.trim_end_matches(['、', ',', '。', ')', '!', ':', ' ']);
    let short = line.chars().count() <= 48 && !line.chars().any(|c| c.is_ascii_digit() || c == '@');
    let honorific =
        ["様", "さま", "殿", "御中", "各位", "さん", "先生", "君", "へ"].iter().any(|word| end.ends_with(word));
    let english = ["Dear ", "Hi ", "Hello "].iter().any(|word| line.starts_with(word));
    let copied = ["CC", "Cc", "cc"].iter().any(|word| line.trim_start_matches('(').starts_with(word));
    short && (honorific || english || (copied && line.contains('様')))
}

/// A header line of a mail that is quoted below, or the line that introduces a quotation.
fn is_quoted_header(line: &str) -> bool {
    const FIELDS: [&str; 19] = [
        "from",
        "to",
        "cc",
        "bcc",
        "sent",
        "date",
        "reply-to",
        "message-id",
        "sender",
        "差出人",
        "宛先",
        "送信者",
        "送信元",
        "送信日時",
        "受信日時",
        "日時",
        "送信先",
        "返信先",
        "写し",
    ];
    const LONGEST: usize = "送信日時".len();
    if let Some(field) = memchr::memchr(b':', line.as_bytes()).and_then(|colon| line.get(..colon)) {
        let field = field.trim_matches(|c: char| matches!(c, '*' | '【' | '】' | ' '));
        let is = |name: &str| field.eq_ignore_ascii_case(name);
        let address = || line.contains('@') || line.contains(';');
        if field.len() <= LONGEST && FIELDS.iter().any(|name| is(name)) && (!(is("from") || is("to")) || address()) {
            return true;
        }
    }
    let introduces = line.ends_with(':') || line.ends_with("wrote") || line.ends_with("書きました");
    (introduces && line.contains('@') && line.contains(|c: char| c.is_ascii_digit()))
        || memchr::memchr2(b'O', b'F', line.as_bytes()).is_some_and(|at| {
            let rest = line.as_bytes().get(at..).unwrap_or_default();
            ANNOUNCED.iter().any(|words| words.find(rest).is_some())
        })
}

/// What stands above a quoted mail. Looked for in nearly every line.
static ANNOUNCED: LazyLock<[Finder<'static>; 2]> =
    LazyLock::new(|| ["Original Message", "Forwarded message"].map(Finder::new));

/// What names of organisations have in them.
pub(super) const COMPANY: [&str; 29] = [
    "株式会社",
    "有限会社",
    "合同会社",
    "合資会社",
    "(株)",
    "(有)",
    "(同)",
    "法人",
    "事務所",
    "協会",
    "組合",
    "銀行",
    "大学",
    "病院",
    "市役所",
    "区役所",
    "県庁",
    "本社",
    "営業所",
    "支社",
    " inc",
    " ltd",
    " llc",
    " corp",
    " gmbh",
    "co., ",
    "co.,l",
    " company",
    " k.k.",
];

/// Whether an organisation is named.
pub(super) fn has_company(text: &str) -> bool {
    static WORDS: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::of(COMPANY));
    WORDS.is_in(text)
}

/// Whether the line's label says that whoever follows is there for work: `担当：`, `出席者：`.
pub(super) fn is_staff_line(line: &str) -> bool {
    has_staff_word(line, |_| true)
}

/// Whether what stands before a telephone says that it is of who does business with the reader: `弊社担当：山田（`.
pub(super) fn is_of_staff(head: &str) -> bool {
    let label = head.rsplit_once(':').map_or(head, |(label, _)| label).trim_end_matches('者').trim();
    ["担当", "窓口"].iter().any(|word| label.ends_with(word))
}

/// Whether what stands before an address says that people meet there: `会場：`.
pub(super) fn is_venue(head: &str) -> bool {
    const VENUES: [&str; 7] =
        ["会場", "開催地", "開催場所", "集合場所", "待ち合わせ場所", "打ち合わせ場所", "打合せ場所"];
    let label = head
        .trim_end_matches([' ', ':', '】', ']', '〒', '-'])
        .trim_end_matches(|c: char| c.is_ascii_digit() || c == '-');
    let label = label.trim_end_matches([' ', ':', '】', ']', '〒']);
    VENUES.iter().any(|venue| label.ends_with(venue))
}

/// The same of a list of names: who takes part is somebody's staff one by one, and people as a list.
pub(super) fn is_staff_list(line: &str) -> bool {
    has_staff_word(line, |word| word != "参加者")
}

fn has_staff_word(line: &str, counts: impl Fn(&str) -> bool) -> bool {
    static WORDS: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::of(STAFF));
    const STAFF: [&str; 22] = [
        "担当",
        "出席",
        "参加者",
        "弊社",
        "当社",
        "御社",
        "貴社",
        "作成",
        "承認",
        "発信",
        "文責",
        "責任者",
        "講師",
        "議長",
        "司会",
        "同席",
        "訪問",
        "代表取締役",
        "取締役",
        "部長",
        "課長",
        "発表",
    ];
    let line = unquoted(line);
    let head = line.char_indices().nth(16).map_or(line, |(end, _)| line.get(..end).unwrap_or(line));
    // The number of a pupil says nothing of who attends.
    let head = head.strip_prefix("出席番号").unwrap_or(head);
    let mut found = false;
    if !head.is_ascii() {
        WORDS.each(head, |word, _| {
            found |= STAFF.get(word).is_some_and(|word| counts(word));
            if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zones(text: &str) -> String {
        let lines: Vec<&str> = text.lines().collect();
        let mark = |zone| match zone {
            Zone::Body => 'b',
            Zone::Salutation => 's',
            Zone::Quoted => 'q',
            Zone::Signature(_) => 'g',
        };
        let loads = vec![Load { busy: true, ..Load::default() }; lines.len()];
        of(&lines, &["suzuki@example.co.jp".to_owned()], &loads).into_iter().map(mark).collect()
    }

    #[test]
    fn a_business_letter() {
        let letter = "株式会社北保安サービス\n営業部 山田様\n\nお世話になっております。\n鈴木です。\n\n-- \n東邦観光株式会社\n鈴木一郎\nTEL 03-3580-3311";
        assert_eq!(zones(letter), "bsbbbbgggg");
    }

    #[test]
    fn a_signature_between_lines_or_at_the_end() {
        assert_eq!(zones("本文です。\n=====\n東邦観光株式会社\n鈴木\nTEL: 03\n====="), "bbgggb");
        assert_eq!(zones("本文です。\n\n東邦観光株式会社 営業部\n鈴木\nTEL: 03\n"), "bbggg");
        assert_eq!(zones("本文です。\n\n鈴木一郎\n03-3580-3311\n"), "bbbb");
        // HTML has no empty lines, and the letter may be longer than a signature.
        let letter = "A line.\n".repeat(20);
        assert_eq!(zones(&format!("{letter}-- \nMary Brown\nTel. +1 617 803 8279")), "b".repeat(20) + "ggg");
    }

    #[test]
    fn a_quoted_mail() {
        assert_eq!(
            zones("了解\n\nFrom: 山田 <y@example.com>\nTo: suzuki@example.co.jp\n\n> 鈴木様\n> 本文。"),
            "bbqqbsb"
        );
        assert_eq!(zones("2026年3月3日(火) 10:00 山田太郎 <y@example.com>:\n> はい"), "qb");
    }

    #[test]
    fn a_list_of_people_is_no_salutation() {
        assert!(!zones("山田太郎様\n佐藤花子様\n鈴木一郎様\n高橋健一様\n田中美咲様\n伊藤誠様").contains('s'));
    }
}
