//! Every notice in both languages, written and parsed back: headers right, facts told, nothing injected.

use std::collections::BTreeSet;

use mail_parser::{MessageParser, MimeHeaders, PartType};

use super::*;
use crate::{
    inspect::{Reason, Uninspected},
    policy::Action,
    recipients::Recipient,
};

/// Notices about several mails, in the thread of none of them.
const CROWDS: [&str; 5] = ["digest", "too_many", "requests", "outcomes", "request_undelivered-many"];

pub(super) fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

pub(super) fn voice() -> Voice {
    Voice {
        language: Language::Ja,
        organization: "東邦観光株式会社".to_owned(),
        hostname: "sekisho.example.co.jp".to_owned(),
        timezone: TimeZone::get("Asia/Tokyo").unwrap(),
        public_url: "https://sekisho.example.co.jp".to_owned(),
        wording: Wording::default(),
    }
}

/// The gas-company case.
pub(super) fn story() -> Story {
    sample::story().unwrap()
}

/// Every notice there is.
fn all(story: &Story, language: Language) -> Vec<(&'static str, Notice)> {
    sample::about(story, &voice(), language).unwrap().into_iter().map(|one| (one.name, one.notice)).collect()
}

fn one(story: &Story, name: &str, language: Language) -> Notice {
    all(story, language).into_iter().find(|(known, _)| *known == name).unwrap().1
}

pub(super) fn both(story: &Story) -> Vec<(String, Notice)> {
    [Language::Ja, Language::En]
        .into_iter()
        .flat_map(|l| all(story, l).into_iter().map(move |(name, notice)| (format!("{name} {l:?}"), notice)))
        .collect()
}

/// The text and, where there is one, the HTML.
pub(super) fn bodies(notice: &Notice) -> (String, Option<String>) {
    let seen = sample::seen(notice);
    (seen.text, seen.html)
}

fn named(name: &str, language: Language) -> Notice {
    one(&story(), name, language)
}

/// Without the line ends that wrapping puts in.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().concat()
}

#[test]
fn every_notice_is_well_formed() {
    for (name, notice) in both(&story()) {
        let mail = MessageParser::default().parse(notice.bytes()).unwrap();
        let raw = |field: &str| mail.header_raw(field).map(str::trim).unwrap_or_default().to_owned();
        assert_eq!(notice.sender(), None);
        assert_eq!(raw("From"), "\"Sekisho\" <sekisho@sekisho.example.co.jp>", "{name}");
        assert_eq!(raw("To"), format!("<{}>", notice.to()), "{name}");
        assert!(raw("Auto-Submitted").starts_with("auto-"), "{name}");
        let crowd = CROWDS.iter().any(|crowd| name.starts_with(crowd));
        assert!(crowd || raw("Date") == "Fri, 20 Nov 2026 00:30:01 +0000", "{name}");
        let language = if name.ends_with("Ja") { "ja" } else { "en" };
        let is_report = mail.content_type().is_some_and(|kind| kind.subtype() == Some("report"));
        assert!(is_report || raw("Content-Language") == language, "{name}");
        assert_eq!(raw("Message-ID"), notice.message_id(), "{name}");
        assert!(notice.message_id().ends_with("@sekisho.example.co.jp>"), "{name}");
        for thread in ["In-Reply-To", "References"] {
            let expected = if crowd { "" } else { "<20261120093000.1234@example.co.jp>" };
            assert_eq!(raw(thread), expected, "{name}");
        }
        assert_eq!(raw("Precedence"), "", "{name}");
        assert!(mail.subject().unwrap().starts_with('['), "{name}");
        let head = notice.bytes().windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        assert!(notice.bytes()[..head].is_ascii(), "{name}: header fields are encoded");
        let text = String::from_utf8(notice.bytes().to_vec()).unwrap();
        assert_eq!(text.matches('\n').count(), text.matches("\r\n").count(), "{name}: lines end in CRLF");
        assert!(text.lines().all(|line| line.len() <= 998), "{name}");
        let (text, html) = bodies(&notice);
        assert!(text.contains("01KB3M7Q8ZJ4V0C2N9T5R6W1XY"), "{name}: {text}");
        assert_eq!(html.is_none(), is_report, "{name}");
    }
}

#[test]
fn composing_twice_gives_one_message_id_and_each_notice_its_own() {
    // Behind a `-` stands another story of the same kind.
    let ids = |notices: Vec<(String, Notice)>| -> Vec<String> {
        let plain = notices.into_iter().filter(|(name, _)| !name.contains('-'));
        plain.map(|(_, notice)| notice.message_id().to_owned()).collect()
    };
    let (first, second) = (ids(both(&story())), ids(both(&story())));
    assert_eq!(first, second);
    let one_language: std::collections::HashSet<&String> = first.iter().take(first.len() / 2).collect();
    assert_eq!(one_language.len(), first.len() / 2);
}

#[test]
fn the_sender_learns_everything_from_the_hold_notice() {
    for (language, facts) in [
        (
            Language::Ja,
            &[
                "一部の宛先にはまだ届いていません",
                "件名：業務委託の件",
                "受付日時：2026年11月20日(金) 09:30",
                "kacho@example.co.jp",
                "2026年11月30日(月) 18:00",
                "10人以上の個人情報を社外に送ろうとしています",
                "yamada@kita-haon.example.com（社外）",
                "いつもの宛先とよく似た、別のドメインです",
                "正しい宛先は yamada@kita-hoan.example.com ではありませんか",
                "約12,000人分",
                "うち約9,483人分は、非表示のシートや行など、通常の表示では見えない場所だけにあります",
                "個人情報保護委員会への報告対象です（1,000人超）",
                "電話番号：12,000件",
                "例 090-****-5678（業務委託.xlsx › 顧客!F2）【通常の表示では見えない場所】",
                "例 t***@example.com（本文 3行目）",
                "本文の1行目を「理由：」で始めて",
                "図面.zip › 図面.pdf：パスワードがかかっているため",
                "「取消」とだけ",
                "https://sekisho.example.co.jp/held/01KB3M7Q8ZJ4V0C2N9T5R6W1XY",
                "hanako@example.co.jp",
                "東邦観光株式会社",
            ][..],
        ),
        (
            Language::En,
            &[
                "has not reached all of its recipients yet",
                "Subject: 業務委託の件",
                "Mon 30 Nov 2026, 18:00 JST",
                "An approver (kacho@example.co.jp) has been asked",
                "Personal data of ten people or more to outside",
                "Did you mean yamada@kita-hoan.example.com?",
                "Personal data of about 12,000 people",
                "About 9,483 of them only where a normal reader does not see them",
                "e.g. 090-****-5678 (業務委託.xlsx › 顧客!F2) [hidden from a normal reader]",
                "it is protected by a password",
                "WITHDRAW",
                "REASON:",
                "https://sekisho.example.co.jp/held/01KB3M7Q8ZJ4V0C2N9T5R6W1XY",
            ][..],
        ),
    ] {
        let (text, html) = bodies(&named("hold", language));
        let html = flat(&html.unwrap());
        for fact in facts {
            assert!(flat(&text).contains(&flat(fact)), "{fact} in\n{text}");
            let words = fact.split_once('：').map_or(*fact, |(_, value)| value);
            let words = words.strip_prefix("Subject: ").unwrap_or(words);
            assert!(html.contains(&flat(words)), "{words} in the HTML");
        }
        assert!(!text.contains("suzuki@"), "recipients without an issue are not listed to their sender");
    }
}

#[test]
fn the_request_carries_the_original_and_the_way_to_answer() {
    for language in [Language::Ja, Language::En] {
        let notice = named("request", language);
        let mail = MessageParser::default().parse(notice.bytes()).unwrap();
        let inner = mail.parts.iter().find_map(|part| match &part.body {
            PartType::Message(inner) => Some((part, inner)),
            _ => None,
        });
        let (part, inner) = inner.unwrap();
        assert_eq!(inner.raw_message(), original_bytes());
        assert_eq!(part.attachment_name(), Some("original.eml"));
        assert_eq!(notice.body_kind(), BodyKind::EightBitMime);
        let reply_to = mail.reply_to().and_then(|to| to.first()).and_then(|to| to.address());
        assert_eq!(reply_to, Some("sekisho+abcdefghijklmnopqrstuvwxyz@sekisho.example.co.jp"));
        let (text, _) = bodies(&notice);
        let (subject, words) = match language {
            Language::Ja => ("[承認依頼] 業務委託の件", ["「承認」", "「却下」", "suzuki@", "佐藤太郎"]),
            Language::En => ("[Approval needed] 業務委託の件", ["APPROVE", "REJECT", "suzuki@", "佐藤太郎"]),
        };
        assert_eq!(mail.subject(), Some(subject));
        assert!(words.iter().all(|word| text.contains(word)), "{text}");
    }
    let mut held = story();
    held.action = Action::Hold;
    let mail = one(&held, "request", Language::Ja);
    assert!(MessageParser::default().parse(mail.bytes()).unwrap().subject().unwrap().starts_with("[確認依頼]"));
}

#[test]
fn our_own_request_quoted_back_decides_nothing() {
    for language in [Language::Ja, Language::En] {
        let (text, _) = bodies(&named("request", language));
        let quoted: String = text.lines().map(|line| format!("> {line}\r\n")).collect();
        for body in [text.clone(), quoted.clone(), format!("On Mon, x <y@z> wrote:\r\n{text}")] {
            let reply = format!("Content-Type: text/plain; charset=utf-8\r\n\r\n{body}");
            assert_eq!(answer::parse(&Message::new(reply.as_bytes())).verdict, Verdict::Unclear, "{body}");
        }
        let reply = format!("Content-Type: text/plain; charset=utf-8\r\n\r\nreject\r\nwrong\r\n\r\n{quoted}");
        let answer = answer::parse(&Message::new(reply.as_bytes()));
        assert_eq!((answer.verdict, answer.comment.as_str()), (Verdict::Reject, "wrong"));
    }
}

#[test]
fn long_lists_are_capped() {
    let mut many = story();
    let wrong = many.recipients[1].clone();
    many.recipients =
        (0..500).map(|n| Recipient { address: address(&format!("u{n}@x.jp")), ..wrong.clone() }).collect();
    many.inspection.uninspected =
        (0..500).map(|n| Uninspected { place: format!("{n}.zip"), reason: Reason::Limit }).collect();
    many.deciders = (0..50).map(|n| address(&format!("d{n}@a.jp"))).collect();
    let (text, _) = bodies(&one(&many, "hold", Language::Ja));
    assert_eq!(text.matches("ほか480件").count(), 2, "{text}");
    assert!(text.contains("ほか45件") && text.lines().count() < 200);
    let (text, _) = bodies(&one(&many, "hold", Language::En));
    assert_eq!(text.matches("and 480 more").count(), 2, "{text}");
}

#[test]
fn a_returned_mail_is_a_delivery_report() {
    for (name, status, listed) in [("expired-returned", "5.4.7", 2), ("undeliverable", "5.1.1", 1)] {
        let notice = named(name, Language::Ja);
        let mail = MessageParser::default().parse(notice.bytes()).unwrap();
        assert_eq!(mail.content_type().unwrap().attribute("report-type"), Some("delivery-status"));
        let text = String::from_utf8_lossy(notice.bytes()).into_owned();
        assert_eq!(text.matches("\r\nFinal-Recipient: rfc822; ").count(), listed, "{name}");
        assert_eq!(text.matches(&format!("\r\nStatus: {status}\r\n")).count(), listed, "{name}");
        assert!(text.contains("Message-ID: <20261120093000.1234@example.co.jp>"), "the original comes along");
    }
    assert!(bodies(&named("undeliverable", Language::Ja)).0.contains("550 5.1.1 no such user"));
}

#[test]
fn a_sender_outside_learns_only_that_it_was_not_sent() {
    for (name, notice) in both(&story()).into_iter().filter(|(name, _)| name.starts_with("not_sent")) {
        let raw = String::from_utf8(notice.bytes().to_vec()).unwrap();
        let (text, _) = bodies(&notice);
        assert!(
            text.contains("送信されませんでした") && flat(&text).contains(&flat("contact the organisation")),
            "{text}"
        );
        assert!(
            raw.contains("Final-Recipient: rfc822; suzuki@kita-hoan.example.com\r\nAction: failed\r\nStatus: 5.1.1")
        );
        let mail = MessageParser::default().parse(notice.bytes()).unwrap();
        for secret in ["業務委託", "taro@example.co.jp", "hanako@", "kacho@", "yamada@", "090-", "no such user", "10人"]
        {
            let told = mail.subject().is_some_and(|subject| subject.contains(secret));
            let told = told || raw.lines().any(|line| !line.starts_with("To: ") && line.contains(secret));
            assert!(!told && !text.contains(secret), "{name} tells {secret}\n{raw}");
        }
    }
}

#[test]
fn outcomes_are_told_with_who_and_what_they_wrote() {
    let (text, html) = bodies(&named("rejected", Language::Ja));
    assert!(text.contains("kacho@example.co.jp") && text.contains("先方に確認しました。") && text.contains("却下"));
    assert!(html.unwrap().contains("次からは一覧を分けて送ってください。"));
    let (text, _) = bodies(&named("released", Language::En));
    assert!(flat(&text).contains(&flat("approved by kacho@example.co.jp")));
    let (text, _) = bodies(&named("answer_refused", Language::En));
    assert!(!text.contains("業務委託の件"), "the security team's warning tells nothing of the mail's content");
}

/// "Nobody has it" is said only where it is true.
#[test]
fn what_has_partly_gone_out_is_not_said_to_have_reached_nobody() {
    let mut whole = story();
    whole.sent_to.clear();
    for (story, says, not) in [(whole, "reached anybody", "reached all"), (story(), "reached all", "reached anybody")] {
        for name in ["hold", "asked_others"] {
            let text = flat(&bodies(&one(&story, name, Language::En)).0);
            assert!(text.contains(&flat(says)) && !text.contains(&flat(not)), "{name}: {text}");
        }
    }
}

/// Whoever has approved is not waited for, whether the caller still names them or not.
#[test]
fn who_has_approved_is_not_asked_any_more() {
    let mut two = story();
    two.deciders = ["kacho@example.co.jp", "dairi@example.co.jp", "bucho@example.co.jp"].map(address).to_vec();
    two.progress = Progress { need: 3, given: vec![address("Dairi@example.co.jp")], ..Progress::default() };
    let (to, sender) = (address("kacho@example.co.jp"), address("taro@example.co.jp"));
    let letter = Letter { to: &to, reply_to: None, language: Language::Ja, now: Timestamp::UNIX_EPOCH };
    let asked = bodies(&reminder(&two, &voice(), &letter)).0;
    assert!(asked.contains("ほかに依頼した人：bucho@example.co.jp\n"), "{asked}");
    let told = bodies(&level_passed(&two, &voice(), &Letter { to: &sender, ..letter })).0;
    let left = "承認者（kacho@example.co.jp、bucho@example.co.jp）のうち、あと2人の承認が必要です。";
    assert!(flat(&told).contains(&flat(left)), "{told}");
}

#[test]
fn without_a_console_or_a_reply_address_none_is_promised() {
    let voice = Voice { public_url: String::new(), ..voice() };
    let to = address("taro@example.co.jp");
    let letter = Letter { to: &to, reply_to: None, language: Language::Ja, now: Timestamp::UNIX_EPOCH };
    let (text, _) = bodies(&hold_notice(&story(), &voice, &letter));
    assert!(!text.contains("http") && !text.contains("このメールに返信"));
}

#[test]
fn each_person_reads_their_own_language() {
    let (to, voice) = (address("smith@example.co.jp"), voice());
    let letter = |language| Letter { to: &to, reply_to: None, language, now: Timestamp::UNIX_EPOCH };
    let subject = |language| sample::seen(&reminder(&story(), &voice, &letter(language))).subject;
    assert_eq!(subject(Language::Ja), "[再依頼] 業務委託の件");
    assert_eq!(subject(Language::En), "[Reminder] 業務委託の件");
}

/// What is there to be looked at on the web is linked, and nothing is fetched: a link shows, and never decides.
#[test]
fn every_link_is_the_page_of_that_mail_and_nothing_is_fetched() {
    for (name, notice) in both(&story()) {
        let (text, html) = bodies(&notice);
        let Some(html) = html else { continue };
        let id = "01KB3M7Q8ZJ4V0C2N9T5R6W1XY";
        let crowd = CROWDS.iter().any(|crowd| name.starts_with(crowd));
        let page = if crowd { "/held".to_owned() } else { format!("/held/{id}") };
        let links: Vec<&str> = html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        // A mail that a rule refuses is never held, and has no page.
        let expected =
            if name.starts_with("refused") { vec![] } else { vec![format!("https://sekisho.example.co.jp{page}")] };
        assert_eq!(links, expected, "{name}");
        let said: BTreeSet<&str> = text.split_whitespace().filter(|word| word.starts_with("https://")).collect();
        let own = format!("https://sekisho.example.co.jp/held/{id}");
        // A notice about several mails names the page of each beside that of all.
        let expected: BTreeSet<&str> = expected.iter().map(String::as_str).collect();
        let beside = said.difference(&expected).all(|page| crowd && *page == own);
        assert!(said.is_superset(&expected) && beside, "{name}: the text says the same: {said:?}");
        for fetched in
            ["src=", "url(", "@import", "<link", "<img", "<iframe", "<object", "<form", "<base", "background="]
        {
            assert!(!html.contains(fetched), "{name}: {fetched}");
        }
        let secret = "abcdefghijklmnopqrstuvwxyz";
        // Where many mails are asked about at once, each has a secret address of its own to write to.
        let told = name.starts_with("requests");
        assert_eq!(html.contains(secret), told, "{name}: the secret stands in Reply-To alone");
        assert_eq!(text.contains(secret), told, "{name}: the secret stands in Reply-To alone");
    }
}

#[test]
fn decisions_on_the_way_are_told() {
    let says = |name: &str, language, words: &[&str]| {
        let text = flat(&bodies(&named(name, language)).0);
        for word in words {
            assert!(text.contains(&flat(word)), "{name}: {word} in\n{}", bodies(&named(name, language)).0);
        }
    };
    let (ja, en) = (Language::Ja, Language::En);
    says(
        "reminder",
        ja,
        &["2026年11月20日(金) 09:31 から", "必要な2人のうち1人（dairi@example.co.jp）", "ほかに依頼した人：bucho@"],
    );
    says("reminder", en, &["since Fri 20 Nov 2026, 09:31 JST", "1 of 2 (dairi@example.co.jp)", "Also asked: bucho@"]);
    says("escalated", ja, &["kacho@example.co.jp さんに判断をお願いしましたが", "差出人の述べた理由", sample_reason()]);
    says("escalated", en, &["Therefore you are asked now", "The sender's reason", "APPROVE"]);
    says("asked_others", ja, &["bucho@example.co.jp さんにも判断をお願いしました", "「取消」"]);
    says(
        "level_passed",
        ja,
        &["kacho@example.co.jp さんが承認しました", "承認者（bucho@example.co.jp）に", "2段階のうち2段階目"],
    );
    says(
        "level_passed-one-of-two",
        en,
        &[
            "dairi@example.co.jp approved the mail below: 1 of the 2 approvals",
            "still needs the approval of 1 of the approvers (kacho@",
        ],
    );
    says("no_approver", ja, &["taro@example.co.jp さんの上司", "セキュリティ担当が判断します"]);
    says("no_approver-security", en, &["the manager of taro@example.co.jp", "APPROVE", "original.eml"]);
    says("reason_given", ja, &["差出人の述べた理由", sample_reason(), "「承認」"]);
    says("self_released", en, &["released it alone", sample_reason(), "12,000 people"]);
    says("request-stand-in", ja, &["kacho@example.co.jp さんが 2026年11月25日(水) 00:00 まで不在のため"]);
    says("request-stand-in", en, &["in place of kacho@example.co.jp, who is away until"]);
    says("hold-may-release", ja, &["自分の責任で送信できます"]);
    says("too_many", ja, &["ほかに487件保留しています", "https://sekisho.example.co.jp/held"]);
    says(
        "digest",
        ja,
        &["保留中 2件、判断済み 2件", "3日経過（taro@example.co.jp）", "[bulk-personal-data]：3件", "差出人が取消"],
    );
    says("digest", en, &["for 3 days (taro@example.co.jp)", "taken back by its sender", "[lookalike-domain]: 1"]);
    let digest = bodies(&named("digest", ja)).0;
    assert!(digest.find("01KB3M7Q8ZJ4V0C2N9T5R6W1XY") < digest.find("01KB3Q5R2M8W4X6Y9Z1A3B5C7D"), "the oldest first");
    assert!(!digest.contains("業務委託"), "no subject, no content");
}

fn original_bytes() -> &'static [u8] {
    "Message-ID: <20261120093000.1234@example.co.jp>\r\nSubject: test\r\n\r\n本文です\r\n".as_bytes()
}

fn sample_reason() -> &'static str {
    "北保安サービス様との契約に基づき"
}

/// Whoever is asked for one approval of one level reads nothing of counts.
#[test]
fn the_plain_case_is_told_plainly() {
    for name in ["hold", "request"] {
        let text = bodies(&named(name, Language::Ja)).0;
        for word in ["段階", "必要な", "ほかに依頼", "理由を書けば", "代わりに"] {
            assert!(!text.contains(word), "{name}: {word}");
        }
    }
}
