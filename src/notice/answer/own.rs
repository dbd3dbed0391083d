//! Which lines of a reply its writer wrote.
//!
//! In: the text of a reply. Out: the own lines, in order, normalised only as far as needed to compare them later.
//! Quoted lines are dropped wherever a mark (`>`) shows them; behind a line that introduces a quote, or heads an old
//! mail, everything without such marks is taken for quoted. Deliberately absent: what the lines mean (`verdict`).
//! Our own request holds every word of consent, so in doubt a line is quoted.

use unicode_normalization::UnicodeNormalization;

/// The lines that a person wrote, trimmed. Empty lines stay, as they separate paragraphs.
pub(super) fn lines(text: &str) -> Vec<String> {
    let all: Vec<String> = text.lines().map(clean).collect();
    let mut own: Vec<String> = Vec::new();
    let mut after_quote = false;
    let mut at = 0;
    while let Some(line) = all.get(at) {
        let rest = all.get(at..).unwrap_or_default();
        if line.starts_with('>') {
            after_quote = true;
        } else if ends_all(line) {
            break;
        } else if let Some(length) = introduces(rest) {
            if !quote_is_marked(rest.get(length..).unwrap_or_default()) {
                break;
            }
            at += length;
            continue;
        } else if line.is_empty() {
            after_quote = false;
            own.push(String::new());
        } else if after_quote {
            // The tail of a quoted line that was wrapped, or an answer too close to it to tell.
        } else if !is_advertisement(line) {
            own.push(line.clone());
        }
        at += 1;
    }
    own
}

/// NFKC (full-width letters, half-width kana), invisible characters dropped, trimmed.
fn clean(line: &str) -> String {
    let visible = |c: &char| !matches!(c, '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}' | '\u{00AD}');
    let line: String = line.nfkc().filter(visible).collect();
    line.trim().to_owned()
}

/// Behind such a line there is nothing of the writer's: an old mail, or a signature.
fn ends_all(line: &str) -> bool {
    if line == "--" {
        return true;
    }
    if line.len() >= 10 && line.chars().all(|c| c == '_') {
        return true;
    }
    let lower = line.to_lowercase();
    let heads = ["差出人:", "送信者:", "送信元:", "from:", "*from:*", "from :", "差出人 :"];
    if heads.iter().any(|head| lower.starts_with(head)) {
        return true;
    }
    let ruled = lower.starts_with("---") || lower.starts_with("___") || lower.starts_with("===");
    let names = ["original", "forwarded", "メール", "メッセージ", "message", "mail"];
    ruled && names.iter().any(|name| lower.contains(name))
}

/// How many lines introduce a quote (`On … wrote:`, `2026年11月30日(月) 18:00 Sekisho <…>:`), if these do. Programs
/// wrap the sentence over up to three lines.
fn introduces(rest: &[String]) -> Option<usize> {
    let first = rest.first().filter(|line| !line.is_empty())?.to_lowercase();
    let dated = first.starts_with("on ") || begins_with_date(&first);
    let reach = if dated { 3 } else { 1 };
    (1..=reach.min(rest.len())).find(|&length| {
        let joined = rest.iter().take(length).map(|line| line.to_lowercase()).collect::<Vec<_>>().join(" ");
        let written = ["wrote:", "writes:", "書きました:", "のメール:", "からのメッセージ:"];
        written.iter().any(|end| joined.ends_with(end))
            || (dated && joined.ends_with(':') && (joined.contains('@') || joined.contains('<')))
    })
}

/// `2026年…`, `2026/…`, `2026-…`, `30.11.2026 …`, `(2026/…`.
fn begins_with_date(line: &str) -> bool {
    let line = line.trim_start_matches(['(', '[', '<', '【']);
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let next = line.chars().nth(digits);
    matches!(digits, 1 | 2 | 4) && next.is_some_and(|next| "年/-.月".contains(next))
}

/// Whether what follows an introduction carries quote marks.
fn quote_is_marked(rest: &[String]) -> bool {
    rest.iter().find(|line| !line.is_empty()).is_some_and(|line| line.starts_with('>'))
}

/// What phones and programs add by themselves.
fn is_advertisement(line: &str) -> bool {
    // `Outlook for iOS を入手<https://…>`
    let shown = line.strip_suffix('>').and_then(|line| line.rsplit_once("<http")).map_or(line, |(shown, _)| shown);
    let lower = shown.trim_end().to_lowercase();
    let starts = ["sent from my ", "sent from outlook", "get outlook for", "sent via "];
    let ends = ["から送信", "から送信されました", "を入手", "を使用して送信"];
    let lower = lower.trim_end_matches(['。', '.']);
    lower.chars().count() <= 60
        && (starts.iter().any(|start| lower.starts_with(start)) || ends.iter().any(|end| lower.ends_with(end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_told_from_numbers() {
        for (line, yes) in [
            ("2026年11月30日(月) 18:00 x", true),
            ("2026/11/30 18:00、x", true),
            ("11月30日", true),
            ("30.11.2026", true),
            ("12000件です", false),
            ("承認", false),
            ("", false),
        ] {
            assert_eq!(begins_with_date(line), yes, "{line}");
        }
    }

    #[test]
    fn a_persons_own_sentence_with_a_date_is_kept() {
        assert_eq!(lines("却下\n2026/12/01 までに直してください。"), ["却下", "2026/12/01 までに直してください。"]);
    }
}
