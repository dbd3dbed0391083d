//! Why a mail is held and how urgent it is, in the few words that a line of a list has room for.
//!
//! In: what the desk says of it. Out: words, the gravest first. Deliberately absent: sentences; the page of the mail has those.

use jiff::SignedDuration;

use crate::{
    hold::Cause,
    inspect::{Category, Reason},
    language::Language,
    notice::words::pick,
    recipients::Check,
};

/// So many words at most.
const MOST: usize = 4;

/// The reasons, each in a word: `要配慮個人情報・12,000人・似たドメイン`. `persons` says how many people.
pub(super) fn line(cause: &Cause, persons: &str, language: Language) -> String {
    let grave = cause.grave.iter().map(|category| kind(*category, language));
    let persons = Some(persons).filter(|persons| !persons.is_empty());
    let wrong = cause.checks.iter().map(|check| mistake(*check, language));
    let unread = cause.unread.iter().map(|reason| unread(*reason, language));
    let words: Vec<&str> = grave.take(2).chain(persons).chain(wrong).chain(unread).take(MOST).collect();
    words.join(pick(language, "・", " · "))
}

/// How long is left, and whether that is little; nothing while it is long.
pub(super) fn urgency(left: SignedDuration, language: Language) -> Option<String> {
    let minutes = left.as_mins();
    let (hours, minutes) = (minutes / 60, minutes % 60);
    match language {
        _ if hours >= 24 => None,
        Language::Ja if left.is_negative() => Some("期限切れ".to_owned()),
        Language::En if left.is_negative() => Some("overdue".to_owned()),
        Language::Ja if hours > 0 => Some(format!("あと{hours}時間")),
        Language::En if hours > 0 => Some(format!("{hours} h left")),
        Language::Ja => Some(format!("あと{minutes}分")),
        Language::En => Some(format!("{minutes} min left")),
    }
}

fn kind(category: Category, language: Language) -> &'static str {
    let (ja, en) = match category {
        Category::SpecialCare => ("要配慮個人情報", "special-care data"),
        Category::Specific => ("マイナンバー", "My Number"),
        Category::Financial => ("口座やカード", "accounts, cards"),
        Category::Credential => ("パスワードや鍵", "passwords, keys"),
        Category::Identity => ("氏名など", "identity"),
        Category::Contact => ("連絡先", "contacts"),
        Category::Organizational => ("社外秘", "confidential"),
    };
    pick(language, ja, en)
}

fn mistake(check: Check, language: Language) -> &'static str {
    let (ja, en) = match check {
        Check::LookalikeDomain => ("似たドメイン", "lookalike domain"),
        Check::SalutationMismatch => ("宛名が違う", "greets another"),
        Check::OrganizationMismatch => ("会社名が違う", "names another company"),
        Check::DisplayNameMismatch => ("表示名が違う", "wrong display name"),
        Check::ExposedRecipients => ("宛先が互いに見える", "recipients see each other"),
        Check::DataScope => ("取り決めを超える", "beyond what was agreed"),
        Check::FirstContact => ("初めての宛先", "first contact"),
        Check::NewToThread => ("途中から加わった宛先", "new to the thread"),
        Check::UnusualRecipient => ("いつもと違う宛先", "unusual recipient"),
        Check::FreeMail => ("個人のアドレス", "private mailbox"),
    };
    pick(language, ja, en)
}

fn unread(reason: Reason, language: Language) -> &'static str {
    let (ja, en) = match reason {
        Reason::Encrypted => ("暗号化", "encrypted"),
        Reason::Unsupported => ("読めない形式", "unknown format"),
        Reason::Damaged => ("破損", "damaged"),
        Reason::Limit => ("大きすぎる", "too large"),
        Reason::Timeout | Reason::Crashed => ("検査できず", "not inspected"),
        Reason::Image => ("画像", "picture"),
    };
    pick(language, ja, en)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_is_said_first_and_no_more_than_fits() {
        let cause = Cause {
            grave: vec![Category::SpecialCare, Category::Financial],
            checks: vec![Check::LookalikeDomain, Check::FirstContact],
            unread: vec![Reason::Encrypted],
        };
        let said = line(&cause, "12,000人", Language::Ja);
        assert_eq!(said, "要配慮個人情報・口座やカード・12,000人・似たドメイン");
        assert_eq!(line(&Cause::default(), "", Language::En), "");
    }

    #[test]
    fn a_deadline_is_urgent_in_its_last_day() {
        for (minutes, ja, en) in [
            (-1, Some("期限切れ"), Some("overdue")),
            (0, Some("あと0分"), Some("0 min left")),
            (59, Some("あと59分"), Some("59 min left")),
            (61, Some("あと1時間"), Some("1 h left")),
            (24 * 60 - 1, Some("あと23時間"), Some("23 h left")),
            (24 * 60, None, None),
        ] {
            let left = SignedDuration::from_mins(minutes);
            assert_eq!(urgency(left, Language::Ja).as_deref(), ja);
            assert_eq!(urgency(left, Language::En).as_deref(), en);
        }
    }
}
