//! What the own lines of a reply ask for.
//!
//! In: the lines. Out: a verdict and the comment. Deliberately absent: guessing. Only whole lines made of known words
//! count; consent tolerates nothing beside itself but a courtesy.

use super::Verdict;

const APPROVE: &[&str] = &[
    "承認",
    "承認する",
    "承認です",
    "承認します",
    "承認しました",
    "承認いたします",
    "承認致します",
    "承認で",
    "許可",
    "許可します",
    "許可いたします",
    "了承",
    "了承します",
    "了承しました",
    "はい",
    "ok",
    "okです",
    "okay",
    "yes",
    "approve",
    "approved",
    "i approve",
    "i approve this",
    "approve this mail",
    "yes approve",
    "yes approved",
];

const REJECT: &[&str] = &[
    "却下",
    "却下する",
    "却下です",
    "却下します",
    "却下しました",
    "却下いたします",
    "却下致します",
    "否認",
    "否認します",
    "否認です",
    "差戻し",
    "差戻",
    "差戻します",
    "差し戻し",
    "差し戻します",
    "差戻しします",
    "差し戻しします",
    "差し戻しです",
    "いいえ",
    "不可",
    "不可です",
    "不承認",
    "不承認です",
    "否決",
    "ng",
    "ngです",
    "no",
    "reject",
    "rejected",
    "i reject",
    "deny",
    "denied",
    "承認しません",
    "承認できません",
    "承認いたしません",
    "許可しません",
    "許可できません",
    "not approved",
    "not approve",
    "disapprove",
    "disapproved",
];

const WITHDRAW: &[&str] = &[
    "取消",
    "取消し",
    "取消です",
    "取消します",
    "取消しします",
    "取り消し",
    "取り消します",
    "取り消しです",
    "取り消しします",
    "取消いたします",
    "取り消しいたします",
    "取下げ",
    "取下げます",
    "取り下げ",
    "取り下げます",
    "取り下げです",
    "撤回",
    "撤回します",
    "キャンセル",
    "キャンセルします",
    "キャンセルです",
    "withdraw",
    "withdrawn",
    "i withdraw",
    "withdraw it",
    "cancel",
    "cancelled",
    "canceled",
    "cancel it",
];

/// Words of consent that ask for it when a request follows.
const BIDS: &[&str] = &["承認", "承認で", "許可", "了承", "approve", "approve this mail"];

/// How a reason begins, the longer words first.
const REASONS: &[&str] = &["送信理由", "理由", "reason for sending", "reason"];

/// What may stand beside consent without changing it.
const COURTESIES: &[&str] = &[
    "お願いします",
    "お願いいたします",
    "お願い致します",
    "よろしくお願いします",
    "よろしくお願いいたします",
    "よろしくお願い致します",
    "宜しくお願いします",
    "宜しくお願いいたします",
    "宜しくお願い致します",
    "ありがとうございます",
    "お疲れ様です",
    "問題ありません",
    "問題ないです",
    "thanks",
    "thank you",
    "regards",
    "best regards",
    "please",
    "please send it",
];

/// Lines before the answer that people write without meaning anything by them.
const GREETINGS: &[&str] = &[
    "お疲れ様です",
    "お疲れさまです",
    "お疲れ様でございます",
    "おつかれさまです",
    "お世話になっております",
    "お世話になります",
    "いつもお世話になっております",
    "おはようございます",
    "こんにちは",
    "こんばんは",
    "ご連絡ありがとうございます",
    "連絡ありがとうございます",
    "hi",
    "hello",
    "dear all",
    "hi all",
    "good morning",
];

/// The verdict of the first line that is no greeting, and everything else as comment.
pub(super) fn of(lines: &[String]) -> (Verdict, String) {
    let mut rest = lines.iter().enumerate().filter(|(_, line)| !line.is_empty());
    let Some((at, line)) = rest.find(|(_, line)| !is_greeting(line)) else {
        return (Verdict::Unclear, String::new());
    };
    let (verdict, beside) = match reason(line) {
        Some(said) => (Verdict::Reason, said),
        None => of_line(line),
    };
    let after = lines.get(at + 1..).unwrap_or_default();
    let contradicted = after.iter().any(|line| {
        let other = whole_line(line);
        other.is_some() && other != Some(verdict)
    });
    let comment = std::iter::once(beside).chain(after.iter().map(String::as_str)).collect::<Vec<_>>().join("\n");
    let comment = comment.trim().to_owned();
    let nothing_said = verdict == Verdict::Reason && comment.is_empty();
    (if contradicted || nothing_said { Verdict::Unclear } else { verdict }, comment)
}

/// What stands behind `理由：` or `reason:`, which may be nothing if the word has the line for itself. A question for the
/// reason is none.
fn reason(line: &str) -> Option<&str> {
    let line = line.trim_start_matches(is_ornament);
    let lower = line.to_ascii_lowercase();
    let word = REASONS.iter().find(|word| lower.starts_with(*word))?;
    let rest = line.get(word.len()..)?.trim_start_matches(|c: char| "」』】]*\"'”’ ".contains(c));
    match rest.strip_prefix([':', '-', '—']) {
        Some(said) => Some(said.trim()),
        None => rest.is_empty().then_some(rest),
    }
}

/// The verdict of one line, and what stands beside its word.
fn of_line(line: &str) -> (Verdict, &str) {
    if let Some(verdict) = whole_line(line) {
        return (verdict, "");
    }
    let Some(end) = line.find(['。', '.', '!', '、', ',', ':', ';', '・', '-', '—']) else {
        return (Verdict::Unclear, line);
    };
    let (word, tail) = line.split_at(end);
    let tail = tail.trim_start_matches(|c: char| c.is_whitespace() || "。.!、,:;・-—".contains(c));
    match whole_line(word) {
        Some(Verdict::Approve) if is_consent(line) => (Verdict::Approve, ""),
        Some(verdict @ (Verdict::Reject | Verdict::Withdraw)) if !speaks_for_another(tail, verdict) => (verdict, tail),
        _ => (Verdict::Unclear, line),
    }
}

/// The verdict of a line that consists of nothing but its word.
fn whole_line(line: &str) -> Option<Verdict> {
    let word = bare(line);
    let says = |words: &[&str]| words.contains(&word.as_str());
    if says(APPROVE) {
        Some(Verdict::Approve)
    } else if says(REJECT) {
        Some(Verdict::Reject)
    } else if says(WITHDRAW) {
        Some(Verdict::Withdraw)
    } else {
        None
    }
}

/// A line in lower case without its ornaments and full stops; a question mark stays, because a question is none.
fn bare(line: &str) -> String {
    let lower = line.to_lowercase();
    let words: Vec<&str> = lower.trim_matches(is_ornament).split_whitespace().collect();
    words.join(" ")
}

fn is_ornament(c: char) -> bool {
    c.is_whitespace() || "。．.!、,;:「」『』【】[]()<>〈〉《》*\"'“”‘’・`_→".contains(c)
}

/// Whether a line is made of words of consent and courtesies. `承認、お願いします` asks another to consent, and is none.
fn is_consent(line: &str) -> bool {
    let pieces: Vec<String> = line.split(['。', '.', '!', '、', ',']).map(bare).collect();
    let asks = |piece: &String| ["お願い", "よろしく", "宜しく", "please"].iter().any(|word| piece.starts_with(word));
    let bids = |piece: &String| BIDS.contains(&piece.as_str());
    let known =
        |piece: &String| piece.is_empty() || APPROVE.contains(&piece.as_str()) || COURTESIES.contains(&piece.as_str());
    pieces.iter().all(known) && !pieces.windows(2).any(|two| matches!(two, [first, next] if bids(first) && asks(next)))
}

/// Whether the rest of a line may mean another verdict than its first word.
fn speaks_for_another(tail: &str, verdict: Verdict) -> bool {
    let lower = tail.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let sends = has(&[
        "承認",
        "許可",
        "approve",
        "ok",
        "問題な",
        "問題あり",
        "no problem",
        "送ってください",
        "送信してください",
    ]);
    let rejects = has(&["却下", "否認", "差戻", "差し戻", "reject"]);
    let withdraws = has(&["取消", "取り消", "取下", "取り下", "withdraw", "cancel", "キャンセル"]);
    sends || (verdict == Verdict::Withdraw && rejects) || (verdict == Verdict::Reject && withdraws)
}

fn is_greeting(line: &str) -> bool {
    let word = bare(line);
    let short = word.chars().count() <= 20;
    let named = ["様", "さま", "さん", "殿", "各位", "部長", "課長"].iter().any(|end| word.ends_with(end));
    let dear = word.starts_with("dear ") || word.starts_with("hi ") || word.starts_with("hello ");
    GREETINGS.contains(&word.as_str()) || (short && (named || dear) && whole_line(line).is_none())
}
