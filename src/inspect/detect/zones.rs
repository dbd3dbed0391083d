//! Which lines of a text are business courtesy, and whose they are.
//!
//! In: the lines of a text. Out: for each line whether it is ordinary text, the salutation at the head, a quoted
//! mail's header lines, or a signature ([`Zone`]). Names and addresses there are the sender's and the recipients' own,
//! not leaked. Each zone is narrow on purpose: a list of customers below `-- ` is still a list of customers.
//! Deliberately absent: what is found in the lines; that is compared with the limits by [`super::clusters`].

use std::ops::ControlFlow;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::names::is_kanji;
use super::vocabulary::Vocabulary;

/// What a line is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Zone {
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
/// No signature is longer.
const SIGNATURE: usize = 15;

/// The zone of each line; `own` are the addresses of sender and recipients, `busy` tells in which lines something was
/// found: a signature without anything in it need not be known.
pub(super) fn of(lines: &[&str], own: &[String], busy: &[bool]) -> Vec<Zone> {
    let bare: Vec<&str> = lines.iter().map(|line| unquoted(line)).collect();
    let quoted: Vec<bool> = bare.iter().map(|line| is_quoted_header(line)).collect();
    let mut zones = vec![Zone::Body; lines.len()];
    salutations(&bare, &quoted, &mut zones);
    for (quoted, zone) in quoted.iter().zip(&mut zones) {
        if *quoted {
            *zone = Zone::Quoted;
        }
    }
    signatures(&bare, own, busy, &mut zones);
    zones
}

/// A line without the marks of quotation before it.
pub(super) fn unquoted(line: &str) -> &str {
    line.trim_start_matches(|c: char| matches!(c, '>' | '|') || c.is_whitespace()).trim_end()
}

/// As [`unquoted`], for a row of a list, whose bars and tabs count.
pub(super) fn unquoted_list(line: &str) -> &str {
    line.trim_start_matches(['>', ' '])
}

/// Whether a line only separates: `-----`, `━━━━`, `*=*=*`.
pub(super) fn is_rule(line: &str) -> bool {
    let line = unquoted(line);
    // Most lines end this at their first character.
    line.chars().all(|c| matches!(c, 'ー' | '一') || !(c.is_alphanumeric() || matches!(c, '.' | '。' | '、')))
        && line.chars().nth(3).is_some()
}

fn salutations(lines: &[&str], quoted: &[bool], zones: &mut [Zone]) {
    let mut left = HEAD;
    let mut found = Vec::new();
    for (number, (line, quoted)) in lines.iter().zip(quoted).enumerate() {
        if line.is_empty() {
            continue;
        }
        if *quoted || is_rule(line) {
            // Below a quoted header another mail begins.
            left = HEAD;
            continue;
        }
        if left == 0 {
            continue;
        }
        left -= 1;
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

/// A line that only addresses somebody.
fn is_salutation(line: &str) -> bool {
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
    if let Some(field) = memchr::memchr(b':', line.as_bytes()).and_then(|colon| line.get(..colon)) {
        let field = field.trim_matches(|c: char| matches!(c, '*' | '【' | '】' | ' '));
        let is = |name: &str| field.eq_ignore_ascii_case(name);
        let address = || line.contains('@') || line.contains(';');
        if FIELDS.iter().any(|name| is(name)) && (!(is("from") || is("to")) || address()) {
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

/// Marks what looks like a signature: below `-- `, between separators, or the last paragraph.
fn signatures(lines: &[&str], own: &[String], busy: &[bool], zones: &mut [Zone]) {
    let is_break = |line: &&str| line.is_empty() || is_rule(line);
    let mut rules = Ahead::default();
    let mut breaks = Ahead::default();
    let mut number = 0;
    let mut after_rule = false;
    let mut start = 0;
    while let Some(line) = lines.get(start) {
        if is_break(line) {
            // `-- ` loses its space on the way through many programs.
            after_rule = is_rule(line) || *line == "--" || (after_rule && line.is_empty());
            start += 1;
            continue;
        }
        let delimiter = *line == "--";
        // Below a separator a signature may have empty lines; elsewhere it is one paragraph.
        let in_block = after_rule || delimiter;
        let paragraph = breaks.next(lines, start, |line| is_break(&line));
        let end = if in_block { rules.next(lines, start, is_rule) } else { paragraph };
        let block = lines.get(start..end).unwrap_or_default();
        let filled = block.iter().filter(|line| !line.is_empty()).take(SIGNATURE + 1).count();
        let is_busy = || busy.get(start..end).is_some_and(|busy| busy.contains(&true));
        let is_last = || lines.get(end..).unwrap_or_default().iter().all(is_break);
        let points = if filled <= SIGNATURE && is_busy() { points(block, own) } else { 0 };
        let enough = filled <= SIGNATURE
            && if delimiter {
                true
            } else if in_block {
                points >= 2
            } else {
                points >= if is_last() { 3 } else { 4 } || (points >= 2 && has_own(block, own) && filled >= 2)
            };
        if enough {
            number += 1;
            for zone in zones.iter_mut().take(end).skip(start).filter(|zone| **zone == Zone::Body) {
                *zone = Zone::Signature(number);
            }
        }
        // A block that is no signature is looked at again paragraph by paragraph.
        start = if enough || !in_block { end } else { paragraph }.max(start + 1);
        after_rule = false;
    }
}

/// Where the next line of a kind stands. Whoever asks goes down the text, so that no line is looked at twice.
#[derive(Default)]
struct Ahead {
    known: Option<usize>,
}

impl Ahead {
    fn next(&mut self, lines: &[&str], from: usize, is_one: impl Fn(&str) -> bool) -> usize {
        let known = self.known.filter(|&known| known >= from);
        let next = known.unwrap_or_else(|| {
            let rest = lines.get(from..).unwrap_or_default();
            from + rest.iter().position(|line| is_one(line)).unwrap_or(rest.len())
        });
        self.known = Some(next);
        next
    }
}

/// What stands on a business card, in small letters: organisation, telephone, page, mail, address, department.
const CARD: [&[&str]; 6] = [
    &COMPANY,
    &["tel", "電話", "fax", "phone", "mobile", "携帯", "直通", "代表"],
    &["http://", "https://", "www."],
    &["e-mail", "email", "mail:", "メール"],
    &["〒", "address", "住所", "所在地"],
    &[
        "部 ",
        "部\n",
        "課 ",
        "課\n",
        "事業部",
        "営業部",
        "支店",
        "営業所",
        "department",
        "division",
        "manager",
        "部長",
        "課長",
        "担当",
    ],
];

/// How many things of a business card stand in the block.
fn points(block: &[&str], own: &[String]) -> usize {
    /// All of them, and whose each is.
    static WORDS: LazyLock<(Vocabulary, Vec<usize>)> = LazyLock::new(|| {
        let words = (0..).zip(CARD).flat_map(|(point, words)| words.iter().map(move |word| (*word, point)));
        let (words, points): (Vec<&str>, Vec<usize>) = words.unzip();
        (Vocabulary::of(words), points)
    });
    let text = block.join("\n");
    let (words, whose) = &*WORDS;
    let mut seen = [false; CARD.len()];
    words.each(&text, |word, _| {
        let point = whose.get(word).and_then(|&point| seen.get_mut(point));
        point.into_iter().for_each(|point| *point = true);
        ControlFlow::Continue(())
    });
    let [company, phone, page, mail, address, department] = seen;
    let points = [company, phone, page, mail || has_own(block, own), address, department];
    points.iter().filter(|&&point| point).count()
}

fn has_own(block: &[&str], own: &[String]) -> bool {
    !own.is_empty()
        && block.iter().filter(|line| memchr::memchr(b'@', line.as_bytes()).is_some()).any(|line| {
            let lower = line.to_ascii_lowercase();
            own.iter().any(|address| lower.contains(address.as_str()))
        })
}

/// What names of organisations have in them.
const COMPANY: [&str; 29] = [
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
    !head.is_ascii() && WORDS.is_in(head) && head.chars().any(is_kanji)
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
        of(&lines, &["suzuki@example.co.jp".to_owned()], &vec![true; lines.len()]).into_iter().map(mark).collect()
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
