//! Accounts at Japanese banks in a line of text, and who holds them.
//!
//! In: the place of a label and a number in normalised text. Out: the number, unless it counts something or is a company's
//! own, and whether the words beside it say by themselves that it is an account ([`Note::Stated`]); the holder's name
//! behind it. Source: Japanese Bankers Association (全国銀行協会), 全銀協制定レコード・フォーマット: a bank, a branch, 普通, 当座
//! or 貯蓄, an account of seven digits, the holder in kana; カ) and its like abbreviate forms of companies. No check digit.
//! Deliberately absent: Japan Post Bank's 記号 and 番号 ([`super::japan`]).

use std::ops::Range;

use super::super::words::large;
use super::{Note, Passed};
use crate::inspect::detect::names::script::is_katakana;
use crate::inspect::detect::names::{Names, Reading};

/// An account has so many digits.
const DIGITS: usize = 7;
/// So many characters before a number say what it is.
const BEFORE: usize = 60;
/// A holder stands within so many characters behind it.
const BEHIND: usize = 48;
/// And so many lines below it, behind a label.
const BELOW: usize = 2;

/// What banks are called, and their branches.
const BANKS: [&str; 17] = [
    "銀行",
    "信用金庫",
    "信金",
    "信用組合",
    "信組",
    "農協",
    "漁協",
    "農業協同",
    "支所",
    "労働金庫",
    "労金",
    "ゆうちょ",
    "支店",
    "本店",
    "営業部",
    "出張所",
    "口座番号",
];

/// Where these stand before it, an account is one to pay a bill to.
const BILLS: [&str; 18] = [
    "振込先",
    "振込み先",
    "振り込み先",
    "お振込",
    "送金先",
    "入金先",
    "支払先",
    "お支払",
    "代金",
    "取引銀行",
    "寄付",
    "寄附",
    "義援金",
    "会費",
    "弊社",
    "当社",
    "御社",
    "貴社",
];
/// And if none of these does, which pay somebody.
const PAYING: [&str; 10] = ["返金", "給与", "給料", "賞与", "還付", "精算", "報酬", "謝金", "謝礼", "年金"];
/// Before these an account's holder is who sends the bill.
const INVOICES: [&str; 4] = ["お振込先", "お支払先", "下記口座", "請求"];

/// What a company's name has in it, as banks abbreviate it and in full.
const COMPANIES: [&str; 37] = [
    "株式会社",
    "有限会社",
    "合同会社",
    "会社",
    "(株)",
    "(有)",
    "(同)",
    "法人",
    "組合",
    "協会",
    "商店",
    "事務所",
    "病院",
    "医院",
    "学校",
    "学園",
    "市役所",
    "カ)",
    "(カ",
    "カ.",
    "ユ)",
    "(ユ",
    "ド)",
    "(ド",
    "メ)",
    "シ)",
    "ザイ)",
    "シャ)",
    "シヤ)",
    "イ)",
    "(イ",
    "フク)",
    "ガク)",
    "トクヒ)",
    "カブシキ",
    "ユウゲン",
    "ゴウドウ",
];

/// Forms of companies; the account beside one is its own, if nobody else is said to hold it.
const FORMS: [&str; 6] = ["株式会社", "(株)", "カ)", "(カ", "有限会社", "ユ)"];

/// What kana hold only where a company is written in them, its form left out. Small kana are written large by banks.
const TRADES: [&str; 40] = [
    "サービス",
    "ジドウシヤ",
    "シヨウジ",
    "シヨウカイ",
    "シヨウテン",
    "コウギヨウ",
    "サンギヨウ",
    "ケンセツ",
    "コウムテン",
    "ブツサン",
    "シヨクヒン",
    "セイサクシヨ",
    "フドウサン",
    "ウンユ",
    "ウンソウ",
    "コウツウ",
    "インサツ",
    "シユツパン",
    "ホケン",
    "ギンコウ",
    "クミアイ",
    "キヨウカイ",
    "ジムシヨ",
    "ビヨウイン",
    "クリニツク",
    "ヤツキヨク",
    "ガクエン",
    "ダイガク",
    "ホールデイングス",
    "グループ",
    "システム",
    "エンジニアリング",
    "コーポレーシヨン",
    "ジヤパン",
    "トレーデイング",
    "コンサルテイング",
    "フーズ",
    "セイヤク",
    "デンリヨク",
    "ジユウタク",
];

/// Labels of the holder.
const HOLDERS: [&str; 4] = ["名義", "受取人", "預金者", "加入者名"];

/// What may stand between a number and its holder.
const BETWEEN: [char; 12] = [' ', '\t', '/', ',', '、', ':', ')', '(', '・', '|', '】', ']'];

/// An account behind its label.
pub(super) fn in_text(names: &Names, text: &str, range: &Range<usize>) -> Option<Passed> {
    let value = text.get(range.clone())?;
    let number = value.bytes().rev().take_while(u8::is_ascii_digit).count();
    let number = range.end - number..range.end;
    if is_counted(text.get(range.end..)?) {
        return None;
    }
    let owner = owner(text, range.end);
    if is_company(owner) {
        return None;
    }
    let before = back(text.get(..number.start)?);
    let has = |words: &[&str]| words.iter().any(|word| before.contains(word));
    let bill = has(&BILLS) && !has(&PAYING);
    let is_firms = || stands_for_company(names, before) || is_form(below(text, range.end));
    if (bill || is_firms()) && holder(names, owner).is_none() {
        return None;
    }
    // Any number may stand behind 口座; an account has seven digits.
    let labelled = ["口座番号", "口座No"].iter().any(|label| value.contains(label));
    if !labelled && value.starts_with("口座") && number.len() != DIGITS {
        return None;
    }
    let note = if !bill && has(&BANKS) && (labelled || number.len() == DIGITS) { Note::Stated } else { Note::Plain };
    Some(Passed { range: number, doubt: false, note })
}

/// Whether a rule's trigger for names is an account, behind which its holder stands.
pub(super) fn is_trigger(trigger: &str) -> bool {
    trigger.trim_end_matches(BETWEEN).ends_with(|c: char| c.is_ascii_digit())
}

/// The holder behind the account at `range`.
pub(super) fn holder_behind(names: &Names, text: &str, range: &Range<usize>) -> Option<Passed> {
    let end = range.start + text.get(range.clone())?.trim_end_matches(BETWEEN).len();
    let before = back(text.get(..range.start)?);
    let behind = line(text.get(end..)?);
    let owner = behind.trim_start_matches(BETWEEN);
    if is_company(owner) || INVOICES.iter().any(|word| before.contains(word)) {
        return None;
    }
    let start = end + (behind.len() - owner.len());
    let holder = holder(names, owner)?;
    Some(Passed { range: start + holder.start..start + holder.end, doubt: false, note: Note::LabelledName })
}

/// Whether a trigger for names is the label of an account's holder.
pub(super) fn is_holder_label(trigger: &str) -> bool {
    HOLDERS.iter().any(|label| trigger.contains(label))
}

/// The holder that begins at `at`, behind such a label, if it is a person.
pub(super) fn holder_at(names: &Names, text: &str, at: usize) -> Option<Passed> {
    let owner = line(text.get(at..)?);
    let holder = holder(names, owner).filter(|_| !is_company(owner))?;
    Some(Passed { range: at + holder.start..at + holder.end, doubt: false, note: Note::LabelledName })
}

/// Whether the text behind a label names a company.
pub(super) fn is_company_at(text: &str, at: usize) -> bool {
    text.get(at..).is_some_and(|text| is_company(line(text)))
}

/// Whether what follows a number makes it an amount, or the beginning of another number.
fn is_counted(after: &str) -> bool {
    let mut rest = after.chars();
    match rest.next() {
        Some(c) if "円件個本株人名台回冊枚万千%￥¥".contains(c) => true,
        Some('-' | ',' | '.') => rest.next().is_some_and(|c| c.is_ascii_digit()),
        _ => false,
    }
}

/// Whether a company is named before a number, and nobody after it in a line of his own.
fn stands_for_company(names: &Names, before: &str) -> bool {
    let Some(form) = FORMS.iter().filter_map(|form| before.rfind(form)).max() else { return false };
    let after = before.get(form..).unwrap_or_default().lines().skip(1);
    let names_somebody = |line: &str| {
        let line = line.trim_end_matches([' ', '、', ':', '様', '氏']);
        let line = line.strip_suffix("さん").unwrap_or(line);
        names.ending(line).is_some_and(|(_, reading)| reading == Reading::Full)
    };
    !after.into_iter().any(names_somebody)
}

fn is_form(text: &str) -> bool {
    FORMS.iter().any(|form| text.contains(form))
}

/// The line below a number.
fn below(text: &str, end: usize) -> &str {
    text.get(end..).and_then(|rest| rest.split_once('\n')).map_or("", |(_, below)| line(below))
}

/// What stands behind a number on its line, or behind the label of the holder in a line below.
fn owner(text: &str, end: usize) -> &str {
    let after = text.get(end..).unwrap_or_default();
    let beside = line(after).trim_start_matches(BETWEEN);
    if !beside.is_empty() {
        return beside;
    }
    let mut below = after.split('\n').skip(1).take(BELOW);
    let labelled = |below: &&str| HOLDERS.iter().any(|label| line(below).contains(label));
    let Some(below) = below.find(labelled).map(line) else { return beside };
    below.split_once([':', ' ', ']', '】']).map_or(below, |(_, owner)| owner.trim_start())
}

/// Where the name of a person is with which `owner` begins, behind a label or without: in kana as banks write it, or one that
/// is known in kanji.
fn holder(names: &Names, owner: &str) -> Option<Range<usize>> {
    let rest = unlabelled(owner);
    let begin = owner.len() - rest.len();
    holder_in(names, rest).map(|length| begin..begin + length)
}

/// What stands behind the label of a holder, if one stands before it: `名義 ヤマダ タロウ`.
fn unlabelled(owner: &str) -> &str {
    let Some(at) = HOLDERS.iter().find_map(|label| owner.find(label)) else { return owner };
    let labelled = owner.get(at..).filter(|_| at < 12).unwrap_or_default();
    labelled.split_once([':', ' ']).map_or("", |(_, rest)| rest.trim_start_matches(BETWEEN))
}

/// How long the name is with which `owner` begins.
fn holder_in(names: &Names, owner: &str) -> Option<usize> {
    if let Some((end, reading)) = names.beginning(owner)
        && reading == Reading::Full
        && !owner.get(end..)?.starts_with(|c| is_katakana(c) || c == 'ー')
    {
        return Some(end);
    }
    let is_kana = |c: char| is_katakana(c) || c == 'ー';
    let first = owner.find(|c| !is_kana(c)).unwrap_or(owner.len());
    let given = owner.get(first..)?.strip_prefix([' ', '・']).unwrap_or_default();
    let second = given.find(|c| !is_kana(c)).unwrap_or(given.len());
    let count = |part: &str| part.chars().count();
    let (surname, given) = (owner.get(..first)?, given.get(..second)?);
    if (2..=8).contains(&count(surname)) && (2..=8).contains(&count(given)) {
        return Some(owner.len() - owner.get(first..)?.len() + separator(owner, first) + second);
    }
    ((4..=14).contains(&count(surname)) && given.is_empty() && names.beginning(surname).is_some()).then_some(first)
}

/// How long the character between two parts of a name is.
fn separator(owner: &str, at: usize) -> usize {
    owner.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8)
}

fn is_company(owner: &str) -> bool {
    COMPANIES.iter().any(|word| owner.contains(word)) || is_company_in_kana(unlabelled(owner))
}

/// Whether the katakana with which `owner` begins name a trade: `トヨタジドウシヤ`. 昭二 is written like 商事, but apart
/// from the surname.
fn is_company_in_kana(owner: &str) -> bool {
    let is_written = |c: char| is_katakana(c) || matches!(c, 'ー' | ' ' | '・');
    let length = owner.find(|c| !is_written(c)).unwrap_or(owner.len());
    let name: String = owner.get(..length).unwrap_or_default().chars().map(large).collect();
    let given = name.trim_end().split([' ', '・']).next_back().unwrap_or_default();
    given != "シヨウジ" && TRADES.iter().any(|trade| name.contains(trade))
}

/// The last characters of a text, without what stands above an empty line.
fn back(text: &str) -> &str {
    let from = text.char_indices().rev().take(BEFORE).last().map_or(text.len(), |(at, _)| at);
    let near = text.get(from..).unwrap_or_default();
    near.rfind("\n\n").and_then(|at| near.get(at..)).unwrap_or(near)
}

/// The first characters of a text, on its line.
fn line(text: &str) -> &str {
    let end = text.char_indices().enumerate().find(|&(count, (_, c))| c == '\n' || count == BEHIND);
    end.map_or(text, |(_, (at, _))| text.get(..at).unwrap_or(text))
}
