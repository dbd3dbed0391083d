//! Names, numbers and times as people read them, in both languages; notices and console share them.
//!
//! In: values of the vocabulary (detectors, checks, reasons, actions) and texts from a held mail. Out: words, and
//! lines that can do no harm. Deliberately absent: whole sentences of a notice (`tell`), HTML escaping (templates).

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    inspect::{Category, Confidence, Coverage, Finding, Inspection, Reason, Reportable},
    language::Language,
    policy::Action,
    recipients::Issue,
};

/// A subject longer than this is cut.
const LONGEST_SUBJECT: usize = 120;

/// A decoded subject on one harmless line; a placeholder when there is none.
pub fn subject(text: &str, language: Language) -> String {
    let line = one_line(text, LONGEST_SUBJECT);
    if line.is_empty() { pick(language, "（件名なし）", "(no subject)").to_owned() } else { line }
}

/// Any text on one line of at most `longest` characters: control characters, line and paragraph separators and runs
/// of white space become one space; what turns the reading direction (U+202E and its kin) or is invisible is dropped.
pub fn one_line(text: &str, longest: usize) -> String {
    let mut line = String::new();
    let mut length = 0;
    for c in text.chars() {
        if turns_or_hides(c) {
            continue;
        }
        let blank = c.is_whitespace() || c.is_control();
        if blank && (line.is_empty() || line.ends_with(' ')) {
            continue;
        }
        if length == longest {
            return line.trim_end().to_owned() + "…";
        }
        line.push(if blank { ' ' } else { c });
        length += 1;
    }
    line.trim_end().to_owned()
}

/// A text of several lines, each made harmless like [`one_line`], at most `lines` of them.
pub fn lines(text: &str, lines: usize, longest: usize) -> Vec<String> {
    let all: Vec<String> = text.lines().map(|line| one_line(line, longest)).collect();
    let full = |line: &&String| !line.is_empty();
    let Some(first) = all.iter().position(|line| full(&line)) else { return Vec::new() };
    let last = all.iter().rposition(|line| full(&line)).unwrap_or(first);
    let mut kept: Vec<String> = all.into_iter().take(last + 1).skip(first).collect();
    if kept.len() > lines {
        kept.truncate(lines);
        kept.push("…".to_owned());
    }
    kept
}

fn turns_or_hides(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{00AD}' | '\u{061C}')
}

/// Day and time in the organisation's time zone: `2026年11月30日(月) 18:00`, `Mon 30 Nov 2026, 18:00 JST`.
pub fn when_in(at: Timestamp, timezone: &TimeZone, language: Language) -> String {
    let local = at.to_zoned(timezone.clone());
    match language {
        Language::En => local.strftime("%a %-d %b %Y, %H:%M %Z").to_string(),
        Language::Ja => {
            let day = match local.weekday() {
                jiff::civil::Weekday::Monday => "月",
                jiff::civil::Weekday::Tuesday => "火",
                jiff::civil::Weekday::Wednesday => "水",
                jiff::civil::Weekday::Thursday => "木",
                jiff::civil::Weekday::Friday => "金",
                jiff::civil::Weekday::Saturday => "土",
                jiff::civil::Weekday::Sunday => "日",
            };
            let (date, time) = (local.strftime("%Y年%-m月%-d日"), local.strftime("%H:%M"));
            format!("{date}({day}) {time}")
        }
    }
}

/// The hour alone: `18:00`.
pub fn hour(at: Timestamp, timezone: &TimeZone) -> String {
    at.to_zoned(timezone.clone()).strftime("%H:%M").to_string()
}

/// A number with its thousands apart: `12,000`.
pub fn number(value: impl Into<u64>) -> String {
    let value: u64 = value.into();
    let digits = value.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How many people: `約12,000人分`, `about 12,000 people`.
pub fn persons(count: u32, language: Language) -> String {
    match (language, count) {
        (Language::Ja, _) => format!("約{}人分", number(count)),
        (Language::En, 1) => "about 1 person".to_owned(),
        (Language::En, _) => format!("about {} people", number(count)),
    }
}

/// How many of them a reader who opens everything normally does not see; nothing if all are in sight.
fn hidden_persons(count: u32, language: Language) -> Option<String> {
    (count > 0).then(|| match (language, count) {
        (Language::Ja, _) => {
            format!("うち約{}人分は、非表示のシートや行など、通常の表示では見えない場所だけにあります。", number(count))
        }
        (Language::En, 1) => {
            "One of them only where a normal reader does not see it (hidden sheets, rows, …).".to_owned()
        }
        (Language::En, _) => {
            format!(
                "About {} of them only where a normal reader does not see them (hidden sheets, rows, …).",
                number(count)
            )
        }
    })
}

/// What is to be known about the number of people beside it, a sentence each: who is out of sight, who stands only in
/// the history of the mail, and how sure the number is.
pub fn about_persons(inspection: &Inspection, language: Language) -> Vec<String> {
    let Inspection { persons, persons_min: least, persons_max: most, quoted_persons: quoted, .. } = *inspection;
    let quoted = (quoted > 0).then(|| match language {
        Language::Ja => {
            format!("このほか約{}人分が引用部分（過去のメール）にあり、人数には含めていません。", number(quoted))
        }
        Language::En => format!("About {} more in what it quotes of earlier mails, not counted here.", number(quoted)),
    });
    let bounds = (persons > 0 && least < most).then(|| match language {
        Language::Ja => {
            format!("氏名だけで区別できない人がいるため、{}〜{}人の幅があります。", number(least), number(most))
        }
        Language::En => {
            format!("Between {} and {}, as some have nothing but a name in common.", number(least), number(most))
        }
    });
    hidden_persons(inspection.hidden_persons, language).into_iter().chain(quoted).chain(bounds).collect()
}

/// How much was read, in one line.
pub fn coverage(coverage: Coverage, language: Language) -> String {
    let Coverage { inspected, parts, characters } = coverage;
    let (read, parts, characters) = (number(inspected), number(parts), number(characters));
    match language {
        Language::Ja => format!("{parts}か所のうち{read}か所、{characters}文字を確認しました。"),
        Language::En => format!("{read} of {parts} parts were read, {characters} characters."),
    }
}

/// How often: `12,000件`, `12,000 found`.
pub fn count(count: u32, language: Language) -> String {
    match language {
        Language::Ja => format!("{}件", number(count)),
        Language::En => format!("{} found", number(count)),
    }
}

/// What a finding is, as its rule calls it.
pub fn finding(finding: &Finding, language: Language) -> String {
    match &finding.title {
        Some(title) => one_line(title.in_language(language), 60),
        None => detector(&finding.detector, language),
    }
}

/// The detectors of the public contract.
pub fn detectors() -> impl Iterator<Item = &'static str> {
    DETECTORS.iter().map(|(id, ..)| *id)
}

/// What a detector looks for. One that is not known here (an organisation's own) is called by its id.
pub fn detector(id: &str, language: Language) -> String {
    DETECTORS
        .iter()
        .find(|(known, ..)| *known == id)
        .map_or_else(|| one_line(id, 60), |(_, ja, en)| pick(language, ja, en).to_owned())
}

/// The legal category of a finding.
pub fn category(category: Category, language: Language) -> &'static str {
    let (ja, en) = match category {
        Category::SpecialCare => ("要配慮個人情報", "special-care data"),
        Category::Financial => ("財産的被害につながる情報", "financial data"),
        Category::Specific => ("マイナンバー（特定個人情報）", "My Number data"),
        Category::Identity => ("本人を特定する情報", "identity"),
        Category::Contact => ("連絡先", "contact details"),
        Category::Credential => ("パスワード・鍵", "passwords and keys"),
        Category::Organizational => ("組織の情報", "organizational"),
    };
    pick(language, ja, en)
}

/// How sure a detector is.
pub fn confidence(confidence: Confidence, language: Language) -> &'static str {
    let (ja, en) = match confidence {
        Confidence::Low => ("確度 低", "low confidence"),
        Confidence::Medium => ("確度 中", "medium confidence"),
        Confidence::High => ("確度 高", "high confidence"),
    };
    pick(language, ja, en)
}

/// Under which heading a leak would have to be reported.
pub fn reportable(heading: Reportable, language: Language) -> &'static str {
    let (ja, en) = match heading {
        Reportable::SpecialCare => ("要配慮個人情報", "special-care data"),
        Reportable::Financial => ("財産的被害のおそれ", "risk of financial loss"),
        Reportable::Specific => ("マイナンバー", "My Number"),
        Reportable::Over1000 => ("1,000人超", "more than 1,000 people"),
    };
    pick(language, ja, en)
}

/// Why something could not be read.
pub fn reason(reason: Reason, language: Language) -> &'static str {
    let (ja, en) = match reason {
        Reason::Encrypted => ("パスワードがかかっているため", "it is protected by a password"),
        Reason::Unsupported => ("対応していない形式のため", "its format is not supported"),
        Reason::Damaged => ("ファイルが壊れているため", "it is damaged"),
        Reason::Limit => ("大きすぎる、または入れ子が深すぎるため", "it is too large or nested too deeply"),
        Reason::Timeout => ("検査に時間がかかりすぎたため", "reading it took too long"),
        Reason::Crashed => ("検査の途中で読み取りに失敗したため", "reading it failed half-way"),
        Reason::Image => ("画像のため", "it is a picture"),
    };
    pick(language, ja, en)
}

/// What happens to a mail.
pub fn action(action: Action, language: Language) -> &'static str {
    let (ja, en) = match action {
        Action::Forward => ("送信", "sent"),
        Action::Delay => ("時間をおいて送信", "sent after a while"),
        Action::Hold => ("確認待ち", "waits for the security team"),
        Action::RequireApproval => ("承認待ち", "waits for approval"),
        Action::Reject => ("送信拒否", "refused"),
    };
    pick(language, ja, en)
}

/// What is wrong with a recipient, as one sentence.
pub fn issue(issue: &Issue, language: Language) -> String {
    let said = match &issue.reason {
        Some(reason) => reason.in_language(language).to_owned(),
        // Kept before reasons were.
        None => format!("{} ({})", issue.check.what().in_language(language), issue.detail),
    };
    let said = one_line(&said, 300);
    match (issue.learning, language) {
        (false, _) => said,
        (true, Language::Ja) => format!("{said}（学習期間中のため参考）"),
        (true, Language::En) => format!("{said} (for information: the history is still being learned)"),
    }
}

/// Who was probably meant, as one sentence.
pub fn suggestion(issue: &Issue, language: Language) -> Option<String> {
    let meant = one_line(issue.suggestion.as_deref()?, 200);
    (!meant.is_empty()).then(|| match language {
        Language::Ja => format!("正しい宛先は {meant} ではありませんか。"),
        Language::En => format!("Did you mean {meant}?"),
    })
}

/// Where something stands; `body:3` becomes words.
pub fn place(place: &str, language: Language) -> String {
    let line = match place.strip_prefix("body") {
        Some("") => return pick(language, "本文", "the text").to_owned(),
        Some(rest) => rest.strip_prefix(':').filter(|line| line.bytes().all(|digit| digit.is_ascii_digit())),
        None => None,
    };
    match (line, language) {
        (Some(line), Language::Ja) => format!("本文 {line}行目"),
        (Some(line), Language::En) => format!("the text, line {line}"),
        (None, _) => one_line(place, 200),
    }
}

/// The half for `language`.
pub fn pick<'a>(language: Language, ja: &'a str, en: &'a str) -> &'a str {
    match language {
        Language::Ja => ja,
        Language::En => en,
    }
}

/// The detectors of the public contract: id, Japanese, English.
const DETECTORS: &[(&str, &str, &str)] = &[
    ("jp.my_number", "マイナンバー（個人番号）", "My Number"),
    ("jp.corporate_number", "法人番号", "corporate number"),
    ("jp.drivers_license", "運転免許証番号", "driver's licence number"),
    ("jp.passport", "旅券番号", "Japanese passport number"),
    ("jp.residence_card", "在留カード番号", "residence card number"),
    ("jp.health_insurance", "健康保険証の記号・番号", "health insurance number"),
    ("jp.basic_pension", "基礎年金番号", "basic pension number"),
    ("jp.employment_insurance", "雇用保険被保険者番号", "employment insurance number"),
    ("jp.resident_code", "住民票コード", "resident record code"),
    ("jp.bank_account", "銀行口座番号", "bank account number"),
    ("jp.yucho_account", "ゆうちょ銀行の記号・番号", "Japan Post Bank account"),
    ("jp.invoice_number", "適格請求書発行事業者の登録番号", "qualified invoice number"),
    ("jp.phone", "電話番号", "Japanese phone number"),
    ("jp.postal_code", "郵便番号", "postal code"),
    ("jp.address", "住所", "Japanese address"),
    ("jp.name", "氏名", "Japanese name"),
    ("jp.birth_date", "生年月日", "birth date"),
    ("jp.special_care", "要配慮個人情報（病歴など）", "special-care data (illness and the like)"),
    ("email", "メールアドレス", "e-mail address"),
    ("credit_card", "クレジットカード番号", "credit card number"),
    ("iban", "IBAN（国際銀行口座番号）", "IBAN"),
    ("swift_bic", "SWIFT/BICコード", "SWIFT/BIC code"),
    ("phone", "電話番号（海外）", "phone number"),
    ("ip_address", "IPアドレス", "IP address"),
    ("birth_date", "生年月日", "birth date"),
    ("person_name", "氏名（外国）", "person's name"),
    ("mrz", "旅券の機械読取部分", "passport's machine-readable zone"),
    ("us.ssn", "米国 社会保障番号", "US Social Security number"),
    ("us.itin", "米国 個人納税者番号", "US ITIN"),
    ("us.ein", "米国 雇用者番号", "US EIN"),
    ("secret.private_key", "秘密鍵", "private key"),
    ("secret.aws_key", "AWSのアクセスキー", "AWS key"),
    ("secret.github_token", "GitHubのトークン", "GitHub token"),
    ("secret.google_key", "GoogleのAPIキー", "Google API key"),
    ("secret.slack_token", "Slackのトークン", "Slack token"),
    ("secret.jwt", "認証トークン（JWT）", "JSON Web Token"),
    ("secret.password", "パスワード", "password"),
    ("secret.connection_string", "データベースの接続文字列", "connection string"),
    ("mark.confidential", "「社外秘」などの表示", "confidentiality mark"),
    ("mark.sensitivity_label", "秘密度ラベル", "sensitivity label"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_the_zone_of_the_organisation() {
        let at: Timestamp = "2026-11-30T09:00:00Z".parse().unwrap();
        let tokyo = TimeZone::get("Asia/Tokyo").unwrap();
        assert_eq!(when_in(at, &tokyo, Language::Ja), "2026年11月30日(月) 18:00");
        assert_eq!(when_in(at, &tokyo, Language::En), "Mon 30 Nov 2026, 18:00 JST");
        assert_eq!(hour(at, &tokyo), "18:00");
    }

    #[test]
    fn thousands_stand_apart() {
        for (value, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (12_000, "12,000"), (u32::MAX, "4,294,967,295")]
        {
            assert_eq!(number(value), text);
        }
        assert_eq!(persons(12_000, Language::Ja), "約12,000人分");
        assert_eq!(persons(1, Language::En), "about 1 person");
    }

    #[test]
    fn a_hostile_subject_becomes_one_harmless_line() {
        assert_eq!(subject("見積\r\nBcc: x@y\u{2028}z\u{0}", Language::Ja), "見積 Bcc: x@y z");
        assert_eq!(subject("請求\u{202E}fdp.exe", Language::Ja), "請求fdp.exe");
        assert_eq!(subject(" \r\n ", Language::Ja), "（件名なし）");
        assert_eq!(subject(&"あ".repeat(500), Language::En).chars().count(), LONGEST_SUBJECT + 1);
    }

    #[test]
    fn lines_are_trimmed_and_capped() {
        assert_eq!(lines("\n\nどうぞ \r\n\nよろしく\n\n", 9, 80), ["どうぞ", "", "よろしく"]);
        assert_eq!(lines("a\nb\nc\nd", 2, 80), ["a", "b", "…"]);
        assert!(lines(" \n\n", 2, 80).is_empty());
    }

    #[test]
    fn an_unknown_detector_keeps_its_id() {
        assert_eq!(detector("jp.phone", Language::Ja), "電話番号");
        assert_eq!(detector("acme.member_no", Language::Ja), "acme.member_no");
    }
}
