//! What was found in a file or mail, as a person wants to read it on a terminal.
//!
//! In: an [`Inspection`]. Out: a headline (about how many people, reportable or not), what was found, the gravest first,
//! with masked examples, their places and why, and what was not read with what to do about it. Columns stand below each
//! other whatever the language: a kanji is as wide as two letters. Colours are always written; the stream that they go to
//! takes them out where nobody sees them (`anstream`: no terminal, `NO_COLOR`).
//! Deliberately absent: unmasked values, and anything from a mail that could act on a terminal.

use std::{
    io::{self, Write},
    path::Path,
};

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

use crate::{
    inspect::{Category, Confidence, Example, Finding, Inspection, Reason, Uninspected, Why},
    language::Language,
    notice::{why::why, words},
};

pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
pub(super) const WARN: Style = AnsiColor::Yellow.on_default();
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();

/// Examples told of each detector.
const EXAMPLES: usize = 3;
/// Unread parts told of each reason.
const UNREAD: usize = 20;

/// Everything about one file or mail.
pub(super) fn inspection(out: &mut impl Write, path: &Path, found: &Inspection, l: Language) -> io::Result<()> {
    let name = words::one_line(&path.display().to_string(), 1_000);
    writeln!(out, "{BOLD}{name}{BOLD:#} {DIM}{}{DIM:#}", found.kind)?;
    headline(out, found, l)?;
    let mut findings: Vec<&Finding> = found.findings.iter().collect();
    findings.sort_by_key(|finding| (finding.category, std::cmp::Reverse(finding.count)));
    let names: Vec<String> = findings.iter().map(|finding| words::finding(finding, l)).collect();
    let widest = names.iter().map(|name| name.width()).max().unwrap_or_default();
    for (finding, name) in findings.iter().zip(&names) {
        one(out, finding, &padded(name, widest), l)?;
    }
    unread(out, &found.uninspected, l)?;
    let coverage = words::coverage(found.coverage, l);
    writeln!(out, "  {DIM}{coverage}{DIM:#}")
}

/// About how many people it is, what is to be known about that number, and whether a leak would be reportable.
fn headline(out: &mut impl Write, found: &Inspection, l: Language) -> io::Result<()> {
    let whole = found.uninspected.is_empty();
    let (style, verdict) = match (found.persons, found.findings.is_empty()) {
        (0, true) if whole => (GOOD, words::pick(l, "何も見つかりませんでした", "nothing found").to_owned()),
        (0, true) => (
            WARN,
            words::pick(l, "確認できた範囲では何も見つかりませんでした", "nothing found in what could be read")
                .to_owned(),
        ),
        (0, false) => (
            WARN,
            words::pick(l, "見つかりました（特定の人の情報ではありません）", "found, but about no person").to_owned(),
        ),
        (persons, _) => (BAD, people(persons, l)),
    };
    writeln!(out, "  {style}{verdict}{style:#}")?;
    for about in words::about_persons(found, l) {
        writeln!(out, "  {WARN}{about}{WARN:#}")?;
    }
    if !found.reportable.is_empty() {
        let headings: Vec<&str> = found.reportable.iter().map(|heading| words::reportable(*heading, l)).collect();
        let told = words::pick(l, "漏えいした場合は報告対象：", "a leak would have to be reported: ");
        writeln!(out, "  {BAD}{told}{}{BAD:#}", headings.join(words::pick(l, "、", ", ")))?;
    }
    Ok(())
}

fn people(count: u32, l: Language) -> String {
    let number = words::number(count);
    match (l, count) {
        (Language::Ja, _) => format!("{number}人分の個人情報"),
        (Language::En, 1) => "personal data of 1 person".to_owned(),
        (Language::En, _) => format!("personal data of {number} people"),
    }
}

/// What one detector found.
fn one(out: &mut impl Write, finding: &Finding, name: &str, l: Language) -> io::Result<()> {
    let grave = !matches!(finding.category, Category::Identity | Category::Contact | Category::Organizational);
    let style = if grave { BAD } else { BOLD };
    let sure = match finding.confidence {
        Confidence::High => BAD,
        Confidence::Medium => WARN,
        Confidence::Low => DIM,
    };
    let confidence = padded(words::confidence(finding.confidence, l), widest_confidence(l));
    let count = words::count(finding.count, l);
    writeln!(
        out,
        "  {style}{name}{style:#}  {sure}{confidence}{sure:#}  {count}  {DIM}{}{DIM:#}",
        words::one_line(&finding.detector, 60)
    )?;
    let shown: Vec<(String, &Example)> =
        finding.examples.iter().take(EXAMPLES).map(|example| (words::one_line(&example.masked, 80), example)).collect();
    let widest = shown.iter().map(|(masked, _)| masked.width()).max().unwrap_or_default();
    // What holds for several is told once, below them.
    for alike in shown.chunk_by(|(_, a), (_, b)| a.why == b.why) {
        for (masked, example) in alike {
            let place = words::place(&example.place, l);
            writeln!(out, "    {}  {place}{}", padded(masked, widest), marks(example, l))?;
        }
        if let Some(reason) = alike.first().and_then(|(_, example)| example.why.as_ref()) {
            writeln!(out, "      {DIM}{}{DIM:#}", because(reason, l))?;
        }
    }
    Ok(())
}

fn because(reason: &Why, l: Language) -> String {
    format!("{}{}", words::pick(l, "理由：", "why: "), why(reason, l))
}

/// Whether a reader sees it, and whether it is an older mail's.
fn marks(example: &Example, l: Language) -> String {
    let mut marks = String::new();
    if example.hidden {
        marks += &format!("  {WARN}{}{WARN:#}", words::pick(l, "［見えない場所］", "[hidden]"));
    }
    if example.quoted {
        marks +=
            &format!("  {DIM}{}{DIM:#}", words::pick(l, "［引用部分・数えない］", "[quoted history, not counted]"));
    }
    marks
}

/// What was not read, by reason, and what to do about it.
fn unread(out: &mut impl Write, parts: &[Uninspected], l: Language) -> io::Result<()> {
    let mut reasons: Vec<Reason> = parts.iter().map(|part| part.reason).collect();
    reasons.sort_unstable();
    reasons.dedup();
    for reason in reasons {
        let told = words::pick(l, "未確認", "NOT READ");
        let alike: Vec<&Uninspected> = parts.iter().filter(|part| part.reason == reason).collect();
        writeln!(out, "  {WARN}{told}{WARN:#} {}", unread_because(reason, l))?;
        for part in alike.iter().take(UNREAD) {
            writeln!(out, "    {}", words::place(&part.place, l))?;
        }
        if let Some(more) = alike.len().checked_sub(UNREAD).filter(|more| *more > 0) {
            match l {
                Language::Ja => writeln!(out, "    ほか{more}か所")?,
                Language::En => writeln!(out, "    and {more} more")?,
            }
        }
        writeln!(out, "      {DIM}{}{}{DIM:#}", words::pick(l, "対処：", "what to do: "), remedy(reason, l))?;
    }
    Ok(())
}

fn unread_because(reason: Reason, l: Language) -> String {
    let said = words::reason(reason, l);
    match l {
        Language::Ja => format!("（{said}）"),
        Language::En => format!("({said})"),
    }
}

/// What a person can do about a part that was not read.
fn remedy(reason: Reason, l: Language) -> &'static str {
    let (ja, en) = match reason {
        Reason::Encrypted => (
            "パスワードをリストに加えて再度確認する（scanでは --passwords、サーバーでは [inspection] passwords）",
            "add its password to the list (scan: --passwords, server: [inspection] passwords) and read it again",
        ),
        Reason::Unsupported => {
            ("開いて目で確認するか、一般的な形式で保存し直す", "open it and look, or save it in a common format")
        }
        Reason::Damaged => (
            "元のソフトで開けるか確かめる。開けなければ作り直す",
            "see whether its own program opens it; make it anew if not",
        ),
        Reason::Limit => ("分割するか、開いて目で確認する", "split it, or open it and look"),
        Reason::Timeout => (
            "時間を延ばして再度確認する（scanでは --timeout、サーバーでは [inspection] timeout）",
            "give it more time (scan: --timeout, server: [inspection] timeout) and read it again",
        ),
        Reason::Crashed => ("開いて目で確認する", "open it and look"),
        Reason::Image => (
            "目で確認する。サーバーでは [inspection.ocr] で文字を読み取れる",
            "look at it; the server reads pictures with [inspection.ocr]",
        ),
    };
    words::pick(l, ja, en)
}

/// What was read, a line each.
pub(super) fn ledger(out: &mut impl Write, found: &Inspection, l: Language) -> io::Result<()> {
    let told = words::pick(l, "確認済み", "read");
    for entry in &found.inspected {
        let count = words::number(entry.characters);
        let unit = words::pick(l, "文字", "characters");
        writeln!(out, "  {DIM}{told} {count:>11} {unit}  {}{DIM:#}", words::place(&entry.place, l))?;
    }
    let listed = u32::try_from(found.inspected.len()).unwrap_or(u32::MAX);
    match (found.coverage.inspected.saturating_sub(listed), l) {
        (0, _) => Ok(()),
        (more, Language::Ja) => writeln!(out, "  {DIM}ほか{more}か所を確認済み{DIM:#}"),
        (more, Language::En) => writeln!(out, "  {DIM}and {more} parts more that were read{DIM:#}"),
    }
}

fn widest_confidence(l: Language) -> usize {
    let all = [Confidence::Low, Confidence::Medium, Confidence::High];
    all.map(|confidence| words::confidence(confidence, l).width()).into_iter().max().unwrap_or_default()
}

/// `text` with spaces up to `width` columns.
fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

#[cfg(test)]
mod tests {
    use anstream::StripStream;

    use super::*;
    use crate::inspect::{By, Coverage, Lowered, Raised, Reportable, Validation};

    fn found() -> Inspection {
        let header = |word: &str| Why {
            raised: vec![Raised::Header { word: word.to_owned() }],
            ..Why::plain(By::Column, Validation::NumberingPlan)
        };
        let bare =
            Why { lowered: vec![Lowered::NoContext], ..Why::plain(By::Pattern { pattern: 1 }, Validation::CheckDigit) };
        let example = |masked: &str, place: &str, hidden, quoted, why: &Why| Example {
            masked: masked.to_owned(),
            place: place.to_owned(),
            hidden,
            quoted,
            why: Some(why.clone()),
        };
        let phones = vec![
            example("090-****-5678", "顧客.xlsx › 顧客!F2", false, false, &header("電話番号")),
            example("+81-**-****-5678", "顧客.xlsx › 顧客!F3", true, false, &header("電話番号")),
            example("080-****-1111", "body:12", false, true, &bare),
        ];
        let finding = |detector: &str, category, confidence, count, examples| Finding {
            detector: detector.to_owned(),
            title: None,
            category,
            confidence,
            count,
            examples,
        };
        Inspection {
            kind: "mail".to_owned(),
            persons: 1_200,
            visible_persons: 1_199,
            hidden_persons: 1,
            persons_min: 1_200,
            persons_max: 1_200,
            reportable: vec![Reportable::Specific, Reportable::Over1000],
            findings: vec![
                finding("jp.phone", Category::Contact, Confidence::High, 1_200, phones),
                finding(
                    "jp.my_number",
                    Category::Specific,
                    Confidence::Low,
                    1,
                    vec![example("****-****-9018", "evil\u{1b}[2Jname.csv!A1", false, false, &bare)],
                ),
            ],
            uninspected: vec![Uninspected { place: "a.zip › 秘密.xlsx".to_owned(), reason: Reason::Encrypted }],
            coverage: Coverage { parts: 3, inspected: 2, characters: 4_711 },
            ..Inspection::default()
        }
    }

    fn plain(found: &Inspection, l: Language) -> String {
        let mut bytes = StripStream::new(Vec::new());
        inspection(&mut bytes, Path::new("顧客.eml"), found, l).unwrap();
        String::from_utf8(bytes.into_inner()).unwrap()
    }

    #[test]
    fn a_person_reads_it_in_english() {
        let expected = "\
顧客.eml mail
  personal data of 1,200 people
  One of them only where a normal reader does not see it (hidden sheets, rows, …).
  a leak would have to be reported: My Number, more than 1,000 people
  My Number              low confidence     1 found  jp.my_number
    ****-****-9018  evil [2Jname.csv!A1
      why: pattern 1, its check digit is right; lowered by no context word near it
  Japanese phone number  high confidence    1,200 found  jp.phone
    090-****-5678     顧客.xlsx › 顧客!F2
    +81-**-****-5678  顧客.xlsx › 顧客!F3  [hidden]
      why: it fits the numbering plan (libphonenumber); raised by the column header “電話番号”
    080-****-1111     the text, line 12  [quoted history, not counted]
      why: pattern 1, its check digit is right; lowered by no context word near it
  NOT READ (it is protected by a password)
    a.zip › 秘密.xlsx
      what to do: add its password to the list (scan: --passwords, server: [inspection] passwords) and read it again
  2 of 3 parts were read, 4,711 characters.
";
        assert_eq!(plain(&found(), Language::En), expected);
    }

    #[test]
    fn a_person_reads_it_in_japanese() {
        let told = plain(&found(), Language::Ja);
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(
            lines[1..8],
            [
                "  1,200人分の個人情報",
                "  うち約1人分は、非表示のシートや行など、通常の表示では見えない場所だけにあります。",
                "  漏えいした場合は報告対象：マイナンバー、1,000人超",
                "  マイナンバー（個人番号）  確度 低  1件  jp.my_number",
                "    ****-****-9018  evil [2Jname.csv!A1",
                "      理由：パターン1に一致、検査数字が正しい；下げたもの：手がかりになる語が近くにない",
                // Twelve kanji and kana are as wide as 24 letters.
                "  電話番号                  確度 高  1,200件  jp.phone",
            ]
        );
    }

    #[test]
    fn nothing_found_is_one_thing_and_nothing_readable_another() {
        let headline = |inspection: &Inspection| plain(inspection, Language::En).lines().nth(1).unwrap().to_owned();
        let empty = Inspection::default();
        assert_eq!(headline(&empty), "  nothing found");
        let failed = Inspection::failed("a.bin", Reason::Crashed);
        assert_eq!(headline(&failed), "  nothing found in what could be read");
    }

    #[test]
    fn what_comes_from_a_mail_cannot_act_on_a_terminal() {
        let mut bytes = Vec::new();
        inspection(&mut bytes, Path::new("a\u{1b}]0;x\u{7}.eml"), &found(), Language::Ja).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains("\u{1b}[1m"), "no colours at all");
        assert!(!text.contains("\u{1b}[2J") && !text.contains("\u{1b}]0") && !text.contains('\u{7}'));
    }
}
