//! Marks that say who may see a document: 社外秘, Confidential, a sensitivity label.
//!
//! In: a candidate in its text. Out: a mark that stands for itself ([`Note::Plain`]) – on a line of its own, before a
//! title, in brackets, in a file's name – or a word in a sentence ([`Note::Faint`]), which may only speak of marks.
//! Deliberately absent: what an organisation's own marks are called; it adds a rule.

use std::ops::Range;

use super::{Note, Passed};

/// A longer line is a sentence, wherever the word stands in it.
const LINE: usize = 60;

/// A mark, and whether it stands for itself.
pub(super) fn confidential(text: &str, range: &Range<usize>) -> Option<Passed> {
    let before = text.get(..range.start)?;
    let after = text.get(range.end..)?;
    // The rest of the line, as far as it matters: a text without line ends must not cost its square.
    let start = before.char_indices().rev().take(LINE * 2).take_while(|(_, c)| *c != '\n').last();
    let end = after.char_indices().take(LINE * 2).take_while(|(_, c)| *c != '\n').last();
    let before = start.map_or("", |(at, _)| before.get(at..).unwrap_or_default()).trim_start();
    let after = end.map_or("", |(at, c)| after.get(..at + c.len_utf8()).unwrap_or_default()).trim_end();
    let mark = text.get(range.clone())?;
    if stands(before, mark, after) {
        return Some(Passed { range: range.clone(), doubt: false, note: Note::Plain });
    }
    // 機密 and "confidential" in a sentence are words; 社外秘 hardly is.
    let telling = mark.ends_with('秘') && mark.chars().count() > 1 || mark == "取扱注意" || mark == "㊙";
    telling.then(|| Passed { range: range.clone(), doubt: false, note: Note::Faint })
}

/// Whether a mark stands for itself between what is before and after it on its line.
fn stands(before: &str, mark: &str, after: &str) -> bool {
    let enclosed = before.trim_end().ends_with(opens) && after.trim_start().starts_with(closes);
    // `This function is for *internal use only*.` ends as a sentence does.
    let enclosed = enclosed && !after.trim_start_matches(closes).starts_with(['.', '。']);
    if enclosed || is_file_name(before, after) {
        return true;
    }
    let length = before.chars().count() + after.chars().count();
    let sentence = after.ends_with(['。', '、']) || after.ends_with("です") || after.ends_with("ます");
    if length > LINE || sentence {
        return false;
    }
    let begins = before.chars().all(is_dress);
    let ends = after.chars().all(|c| is_dress(c) || c.is_ascii_digit());
    match (begins, ends) {
        (true, true) => true,
        // `社外秘 中期計画`, `取扱注意：人事資料`, `極秘資料`.
        (true, false) => heads(mark, after) || is_document(after),
        // `中期計画 -社外秘-`, `機密区分：社外秘`.
        (false, true) => {
            let title = before.trim_end();
            let spaced = before.len() > title.len() && title.ends_with(|c: char| !c.is_ascii() || c.is_ascii_digit());
            (title.ends_with(is_dress) || spaced) && title.chars().count() <= LINE / 2
        }
        (false, false) => false,
    }
}

/// Whether what follows is a title and not the rest of a sentence: `社外秘 中期計画`, but not `Confidential information`.
fn heads(mark: &str, after: &str) -> bool {
    let title = after.trim_start();
    let spaced = after.len() > title.len();
    let words = title.split(' ').count();
    title.starts_with(separates)
        || spaced && title.starts_with(|c: char| !c.is_ascii() || c.is_ascii_digit())
        || spaced
            && words <= 4
            && !mark.contains(|c: char| c.is_ascii_lowercase())
            && !title.contains(|c: char| c.is_ascii_lowercase())
}

/// `社外秘_中期計画.xlsx`, `中期計画-confidential.pdf`: one word with an ending.
fn is_file_name(before: &str, after: &str) -> bool {
    let (before, after) = (before.trim_end(), after.trim_start());
    let tail = if after.is_empty() { before } else { after };
    let ending = tail
        .rsplit_once('.')
        .is_some_and(|(_, e)| (2..=5).contains(&e.len()) && e.bytes().all(|b| b.is_ascii_alphanumeric()));
    let sentence = before.contains(['。', '、']) || after.contains(['。', '、']) || before.contains(". ");
    let apart = |c: char| matches!(c, '_' | '-' | ' ' | '.' | '(' | '[') || !c.is_ascii();
    ending
        && !sentence
        && before.chars().count() + after.chars().count() <= LINE
        && (before.is_empty() || before.ends_with(apart))
        && (after.starts_with(|c: char| matches!(c, '_' | '-' | ' ' | '.' | ')' | ']') || !c.is_ascii()))
}

fn opens(c: char) -> bool {
    matches!(c, '【' | '[' | '(' | '《' | '<' | '〔' | '『' | '■' | '*' | '★' | '●')
}

fn closes(c: char) -> bool {
    matches!(c, '】' | ']' | ')' | '》' | '>' | '〕' | '』' | '■' | '*' | '★' | '●' | '/' | '・' | ':')
}

/// What a mark is dressed with: brackets, stars, rules, quotes.
fn is_dress(c: char) -> bool {
    opens(c)
        || closes(c)
        || matches!(c, ' ' | '\t' | '-' | '=' | '_' | '#' | '◆' | '◎' | '※' | '~' | '|' | '「' | '」' | '"' | '!' | '+')
}

fn separates(c: char) -> bool {
    matches!(c, ':' | '-' | '|' | '/' | '・' | '_' | '(' | '[' | '【' | '©')
}

/// `資料`, `文書`: what carries the mark.
fn is_document(after: &str) -> bool {
    ["資料", "文書", "情報", "書類", "データ", "ファイル", "扱い", "事項"].contains(&after)
}

/// A sensitivity label in a document's properties or a mail's header: its name. Labels that say that a document is for
/// everybody are faint, one that was taken off is none.
pub(super) fn sensitivity_label(text: &str, range: &Range<usize>) -> Option<Passed> {
    let value = text.get(range.clone())?;
    if value.starts_with("clbl:label ") {
        return listed_label(value, range.start);
    }
    let (name, given) = value.rsplit_once([':', '=']).map(|(name, given)| (name, given.trim()))?;
    let start = range.start + value.rfind([':', '='])? + 1;
    let lower = given.to_ascii_lowercase();
    if given.is_empty()
        || matches!(lower.as_str(), "false" | "0")
        || (name.ends_with("Enabled") && named(text, range, name))
    {
        return None;
    }
    let note = label_note(&lower);
    let padding = text.get(start..range.end)?.len() - text.get(start..range.end)?.trim_start().len();
    Some(Passed { range: start + padding..start + padding + given.len(), doubt: false, note })
}

/// A label as `docMetadata/LabelInfo.xml` lists it, called by its name if it has one, or by its identifier. One that is
/// switched off or was taken off is none.
fn listed_label(value: &str, start: usize) -> Option<Passed> {
    let at = |key: &str| value.find(key).map(|at| at + key.len());
    let word = |key: &str| {
        let from = at(key)?;
        let length = value.get(from..)?.find(char::is_whitespace).unwrap_or(value.len() - from);
        value.get(from..from + length).map(|word| (from, word))
    };
    let says = |key: &str, values: [&str; 2]| {
        word(key).is_some_and(|(_, value)| values.iter().any(|known| value.eq_ignore_ascii_case(known)))
    };
    if says(" enabled=", ["0", "false"]) || says(" removed=", ["1", "true"]) {
        return None;
    }
    let name = at(" name=").map(|from| (from, value.get(from..).unwrap_or_default().trim_end()));
    let (from, called) = name.filter(|(_, name)| !name.is_empty()).or_else(|| word(" id="))?;
    let note = label_note(&called.to_ascii_lowercase());
    let range = start + from..start + from + called.len();
    (!called.is_empty()).then_some(Passed { range, doubt: false, note })
}

/// Labels that say that a document is for everybody are faint.
fn label_note(lower: &str) -> Note {
    let open = ["public", "公開", "general", "全般", "一般", "personal", "個人用", "non-business", "unrestricted"];
    if open.contains(&lower) { Note::Faint } else { Note::Plain }
}

/// Whether the same label is there by its name too: once is enough.
fn named(text: &str, range: &Range<usize>, property: &str) -> bool {
    let Some(stem) = property.trim_end().strip_suffix("Enabled") else { return false };
    let near = |from: usize, to: usize| {
        let (from, to) = (text.floor_char_boundary(from), text.ceil_char_boundary(to.min(text.len())));
        text.get(from..to).is_some_and(|near| near.contains(&format!("{stem}Name")))
    };
    near(range.start.saturating_sub(2_000), range.end.saturating_add(2_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(text: &str, mark: &str) -> Option<Note> {
        let start = text.find(mark).unwrap();
        confidential(text, &(start..start + mark.len())).map(|passed| passed.note)
    }

    #[test]
    fn a_mark_stands_for_itself() {
        for (text, mark) in [
            ("社外秘", "社外秘"),
            ("【社外秘】中期計画", "社外秘"),
            ("社外秘 中期計画", "社外秘"),
            ("取扱注意:人事資料", "取扱注意"),
            ("極秘資料", "極秘"),
            ("中期計画(案) 社外秘", "社外秘"),
            ("機密区分:極秘", "極秘"),
            ("本文です。\n\n  - 社外秘 -  \n3", "社外秘"),
            ("社外秘_中期計画.xlsx", "社外秘"),
            ("中期計画社外秘.pptx", "社外秘"),
            ("plan-confidential.pdf", "confidential"),
            ("CONFIDENTIAL", "CONFIDENTIAL"),
            ("Confidential - Board only", "Confidential"),
            ("[Confidential] Plan", "Confidential"),
            ("Confidential 12", "Confidential"),
            ("㊙ 価格表", "㊙"),
        ] {
            assert_eq!(note(text, mark), Some(Note::Plain), "{text}");
        }
    }

    #[test]
    fn a_word_in_a_sentence_is_weaker() {
        for (text, mark) in [
            ("社外秘とは、社外に出してはならない情報をいいます。", "社外秘"),
            ("この資料は社外秘です。", "社外秘"),
            ("極秘裏に進める", "極秘"),
            ("取扱注意でお願いします", "取扱注意"),
        ] {
            assert_eq!(note(text, mark), Some(Note::Faint), "{text}");
        }
        for (text, mark) in [
            ("This e-mail is confidential and may be privileged.", "confidential"),
            ("機密保持契約書の件", "機密"),
            ("All CONFIDENTIAL information shall be returned to the owner.", "CONFIDENTIAL"),
            ("親展のご案内をお送りします。", "親展"),
            ("Confidential information", "Confidential"),
            ("Please keep this confidential", "confidential"),
        ] {
            assert_eq!(note(text, mark), None, "{text}");
        }
    }

    #[test]
    fn a_label_is_called_by_its_name() {
        let label = |text: &str, from: &str| {
            let start = text.find(from).unwrap();
            let end = text[start..].find(['\n', ';']).map_or(text.len(), |end| start + end);
            sensitivity_label(text, &(start..end)).map(|passed| (text[passed.range].to_owned(), passed.note))
        };
        let found = |name: &str, note| Some((name.to_owned(), note));
        let text = "MSIP_Label_1_Enabled: true\nMSIP_Label_1_Name: 社外秘";
        assert_eq!(label(text, "MSIP_Label_1_Name"), found("社外秘", Note::Plain));
        assert_eq!(label(text, "MSIP_Label_1_Enabled"), None, "told by its name");
        assert_eq!(label("MSIP_Label_1_Enabled=true", "MSIP"), found("true", Note::Plain));
        assert_eq!(label("MSIP_Label_1_Enabled=false", "MSIP"), None);
        assert_eq!(label("MSIP_Label_1_Name=Public", "MSIP"), found("Public", Note::Faint));
        let listed = |rest: &str| label(&format!("clbl:label id={{2096f6a2}} {rest}"), "clbl");
        assert_eq!(listed("enabled=1 removed=0"), found("{2096f6a2}", Note::Plain));
        assert_eq!(listed("removed=0 name=社外秘 役員"), found("社外秘 役員", Note::Plain));
        assert_eq!(listed("enabled=1 name=General"), found("General", Note::Faint));
        assert_eq!((listed("enabled=false"), listed("enabled=1 removed=1 name=社外秘")), (None, None));
    }
}
