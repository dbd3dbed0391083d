//! Every notice in both languages, written and parsed back: headers right, facts told, nothing injected.

use mail_parser::{MessageParser, MimeHeaders, PartType};

use super::*;
use crate::{
    inspect::{Category, Confidence, Coverage, Example, Finding, Reason, Reportable, Uninspected},
    language::Text,
    recipients::{Check, Direction, Issue},
};

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

pub(super) fn voice(language: Language) -> Voice {
    Voice {
        language,
        organization: "東邦観光株式会社".to_owned(),
        hostname: "sekisho.example.co.jp".to_owned(),
        timezone: TimeZone::get("Asia/Tokyo").unwrap(),
        public_url: "https://sekisho.example.co.jp".to_owned(),
    }
}

fn finding(detector: &str, category: Category, examples: &[(&str, &str, bool)]) -> Finding {
    let examples = examples
        .iter()
        .map(|(masked, place, hidden)| Example {
            masked: (*masked).to_owned(),
            place: (*place).to_owned(),
            hidden: *hidden,
            quoted: false,
            why: None,
        })
        .collect();
    Finding {
        detector: detector.to_owned(),
        title: None,
        category,
        confidence: Confidence::High,
        count: 12_000,
        examples,
    }
}

/// The gas-company case: a list of customers that nobody meant to send, to a domain that nobody meant to write to.
pub(super) fn story() -> Story {
    let inspection = Inspection {
        kind: "mail".to_owned(),
        persons: 12_000,
        visible_persons: 2_517,
        reportable: vec![Reportable::Over1000],
        findings: vec![
            finding("jp.phone", Category::Contact, &[("090-****-5678", "業務委託.xlsx › 顧客!F2", true)]),
            finding("jp.name", Category::Identity, &[("山* 太*", "業務委託.xlsx › 顧客!B2", true)]),
            finding("email", Category::Contact, &[("t***@example.com", "body:3", false)]),
        ],
        uninspected: vec![Uninspected { place: "図面.zip › 図面.pdf".to_owned(), reason: Reason::Encrypted }],
        inspected: Vec::new(),
        hidden_persons: 9_483,
        persons_min: 12_000,
        persons_max: 12_000,
        quoted_persons: 0,
        attachments: Vec::new(),
        coverage: Coverage { parts: 4, inspected: 3, characters: 900 },
    };
    let lookalike = Issue::new(
        Check::LookalikeDomain,
        "kita-haon.example.com ≈ kita-hoan.example.com",
        "いつもの宛先とよく似た、別のドメインです（kita-haon.example.com ≈ kita-hoan.example.com）。",
        "The domain looks like one that you write to, but is a different one (kita-haon.example.com ≈ kita-hoan.example.com).",
    )
    .meaning("yamada@kita-hoan.example.com");
    let recipients = vec![
        Recipient {
            partner: Some("kita-hoan".to_owned()),
            ..Recipient::new(address("suzuki@kita-hoan.example.com"), Direction::External)
        },
        Recipient {
            issues: vec![lookalike],
            ..Recipient::new(address("yamada@kita-haon.example.com"), Direction::External)
        },
    ];
    Story {
        id: MailId("01KB3M7Q8ZJ4V0C2N9T5R6W1XY".to_owned()),
        message_id: Some("<abc@example.co.jp>".to_owned()),
        subject: "業務委託の件".to_owned(),
        sender: Some(address("taro@example.co.jp")),
        author: "佐藤太郎 <taro@example.co.jp>".to_owned(),
        recipients,
        sent_to: vec![address("hanako@example.co.jp")],
        inspection,
        action: Action::RequireApproval,
        matched: vec![Matched {
            rule: "bulk-personal-data".to_owned(),
            action: Action::RequireApproval,
            title: Text {
                ja: "10人以上の個人情報を社外に送ろうとしています".to_owned(),
                en: "Personal data of ten people or more to outside".to_owned(),
            },
            duties: Default::default(),
        }],
        deciders: vec![address("bucho@example.co.jp")],
        arrived_at: "2026-11-20T00:30:00Z".parse().unwrap(),
        deadline: "2026-11-30T09:00:00Z".parse().unwrap(),
    }
}

fn original() -> Message {
    Message::new("Message-ID: <abc@example.co.jp>\r\nSubject: 業務委託の件\r\n\r\n本文です\r\n".as_bytes())
}

/// Every notice there is.
fn all(story: &Story, voice: &Voice) -> Vec<(&'static str, Notice)> {
    let (sender, decider) = (address("taro@example.co.jp"), address("bucho@example.co.jp"));
    let secret = address("sekisho+abcdefghijklmnopqrstuvwxyz@sekisho.example.co.jp");
    let now = "2026-11-20T00:30:01Z".parse().unwrap();
    let to_sender = Letter { to: &sender, reply_to: Some(&secret), now };
    let to_decider = Letter { to: &decider, reply_to: Some(&secret), now };
    let (by, comment) = (decider.clone(), "先方に確認しました。\n<b>大丈夫</b>です。".to_owned());
    let released = Outcome::Released { by: vec![by.clone()], comment: comment.clone() };
    let rejected = Outcome::Rejected { by, comment };
    let (original, suzuki) = (original(), address("suzuki@kita-hoan.example.com"));
    let entry = |action, said| dsn::Entry::said(suzuki.clone(), action, said);
    let refused = [entry(dsn::Action::Failed, "550 5.1.1 no such user")];
    let waits = [dsn::Entry { retry_until: Some(now), ..entry(dsn::Action::Delayed, "450 4.2.0 mailbox busy") }];
    let went = [entry(dsn::Action::Relayed, "250 2.6.0 queued")];
    let unasked: Vec<_> = (story.recipients.iter())
        .map(|recipient| dsn::Entry::new(recipient.address.clone(), dsn::Action::Failed, "5.4.7"))
        .collect();
    let about = |entries| Delivery {
        envid: None,
        entries,
        original: dsn::Original { message: &original, whole: true, utf8: false },
    };
    vec![
        ("hold", hold_notice(story, voice, &to_sender)),
        ("request", approval_request(story, voice, &to_decider, &original)),
        ("delay", delay_notice(story, voice, &to_sender)),
        ("released", outcome(story, voice, &to_sender, &released)),
        ("rejected", outcome(story, voice, &to_sender, &rejected)),
        ("withdrawn", outcome(story, voice, &to_decider, &Outcome::Withdrawn)),
        ("expired", outcome(story, voice, &to_decider, &Outcome::Expired)),
        ("returned", returned(story, voice, &to_sender, &Outcome::Expired, &about(&unasked))),
        ("undeliverable", undeliverable(story, voice, &to_sender, &about(&refused))),
        ("late", delayed(story, voice, &to_sender, &about(&waits))),
        ("relayed", relayed(story, voice, &to_sender, &about(&went))),
        ("dropped", dropped(story, voice, &to_sender, &about(&refused), "<b>宛先が廃止されました</b>")),
        ("not sent", not_sent(story, voice, &to_sender, &about(&refused))),
        ("unclear", answer_not_understood(story, voice, &to_decider)),
        ("decided", already_decided(story, voice, &to_decider, &released)),
        ("refused", refused_answer(story, voice, &to_decider, "x@evil.example <script>", Refusal::WrongPerson)),
        ("unasked", request_undeliverable(story, voice, &to_decider, &sender, "550 <script>")),
    ]
}

fn both(story: &Story) -> Vec<(String, Notice)> {
    [Language::Ja, Language::En]
        .into_iter()
        .flat_map(|l| all(story, &voice(l)).into_iter().map(move |(name, notice)| (format!("{name} {l:?}"), notice)))
        .collect()
}

/// The text and, where there is one, the HTML.
fn bodies(notice: &Notice) -> (String, Option<String>) {
    let mail = MessageParser::default().parse(notice.bytes()).unwrap();
    let html = mail.parts.iter().find_map(|part| match &part.body {
        PartType::Html(html) => Some(html.to_string()),
        _ => None,
    });
    (mail.body_text(0).unwrap().replace('\r', ""), html)
}

fn named(name: &str, language: Language) -> Notice {
    all(&story(), &voice(language)).into_iter().find(|(known, _)| *known == name).unwrap().1
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
        assert_eq!(raw("Date"), "Fri, 20 Nov 2026 00:30:01 +0000", "{name}");
        assert_eq!(raw("Message-ID"), notice.message_id(), "{name}");
        assert!(notice.message_id().ends_with("@sekisho.example.co.jp>"), "{name}");
        assert_eq!(raw("In-Reply-To"), "<abc@example.co.jp>", "{name}");
        assert_eq!(raw("References"), "<abc@example.co.jp>", "{name}");
        assert_eq!(raw("Precedence"), "", "{name}");
        assert!(mail.subject().unwrap().starts_with('['), "{name}");
        let head = notice.bytes().windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        assert!(notice.bytes()[..head].is_ascii(), "{name}: header fields are encoded");
        let text = String::from_utf8(notice.bytes().to_vec()).unwrap();
        assert_eq!(text.matches('\n').count(), text.matches("\r\n").count(), "{name}: lines end in CRLF");
        assert!(text.lines().all(|line| line.len() <= 998), "{name}");
        let (text, html) = bodies(&notice);
        assert!(text.contains("01KB3M7Q8ZJ4V0C2N9T5R6W1XY"), "{name}: {text}");
        if let Some(html) = html {
            assert!(html.starts_with("<!DOCTYPE html>") && !html.contains("<img") && !html.contains("url("), "{name}");
        }
    }
}

#[test]
fn composing_twice_gives_one_message_id_and_each_notice_its_own() {
    let ids = |notices: Vec<(String, Notice)>| -> Vec<String> {
        notices.into_iter().map(|(_, notice)| notice.message_id().to_owned()).collect()
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
                "まだ相手に届いていません",
                "件名：業務委託の件",
                "受付日時：2026年11月20日(金) 09:30",
                "bucho@example.co.jp",
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
                "has not reached anybody yet",
                "Subject: 業務委託の件",
                "Mon 30 Nov 2026, 18:00 JST",
                "An approver (bucho@example.co.jp) has been asked",
                "Personal data of ten people or more to outside",
                "Did you mean yamada@kita-hoan.example.com?",
                "Personal data of about 12,000 people",
                "About 9,483 of them only where a normal reader does not see them",
                "e.g. 090-****-5678 (業務委託.xlsx › 顧客!F2) [hidden from a normal reader]",
                "it is protected by a password",
                "WITHDRAW",
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
        assert_eq!(inner.raw_message(), original().bytes());
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
    let mail = all(&held, &voice(Language::Ja)).swap_remove(1).1;
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
fn a_hostile_mail_injects_nothing() {
    let mut evil = story();
    evil.subject = "x\r\nBcc: evil@example.com\r\n\r\n<script>alert(1)</script>\u{202E}".to_owned();
    evil.author = "\"<img src=x onerror=alert(1)>\" <a@b.jp>\r\nX-Evil: 1".to_owned();
    evil.message_id = Some("<a@b>\r\nBcc: evil@example.com".to_owned());
    let said = "<script>alert(2)</script>\r\nX-Evil: 2";
    evil.recipients[1].issues[0] = Issue::new(Check::LookalikeDomain, said, said, said).meaning(said);
    evil.inspection.findings[0].examples[0].place = "</td><script>alert(3)</script>.xlsx".to_owned();
    evil.inspection.findings[0].detector = "<script>".to_owned();
    for (name, notice) in both(&evil) {
        let mail = MessageParser::default().parse(notice.bytes()).unwrap();
        assert!(mail.bcc().is_none() && mail.header("X-Evil").is_none(), "{name}");
        // A report takes it from the original itself.
        let is_report = mail.content_type().is_some_and(|kind| kind.subtype() == Some("report"));
        assert!(mail.header("In-Reply-To").is_none() || is_report, "{name}");
        let (text, html) = bodies(&notice);
        assert!(
            !text.contains('\u{202E}') && !text.contains("\nBcc:") && !text.contains("\nX-Evil:"),
            "{name}\n{text}"
        );
        if let Some(html) = html {
            let lower = html.to_lowercase();
            assert!(!lower.contains("<script") && !lower.contains("<img"), "{name}\n{html}");
        }
    }
}

#[test]
fn long_lists_are_capped() {
    let mut many = story();
    let one = many.recipients[1].clone();
    many.recipients = (0..500).map(|n| Recipient { address: address(&format!("u{n}@x.jp")), ..one.clone() }).collect();
    many.inspection.uninspected =
        (0..500).map(|n| Uninspected { place: format!("{n}.zip"), reason: Reason::Limit }).collect();
    many.deciders = (0..50).map(|n| address(&format!("d{n}@a.jp"))).collect();
    let (text, _) = bodies(&all(&many, &voice(Language::Ja)).swap_remove(0).1);
    assert_eq!(text.matches("ほか480件").count(), 2, "{text}");
    assert!(text.contains("ほか45件") && text.lines().count() < 200);
    let (text, _) = bodies(&all(&many, &voice(Language::En)).swap_remove(0).1);
    assert_eq!(text.matches("and 480 more").count(), 2, "{text}");
}

#[test]
fn a_returned_mail_is_a_delivery_report() {
    for (name, status, listed) in [("returned", "5.4.7", 2), ("undeliverable", "5.1.1", 1)] {
        let notice = named(name, Language::Ja);
        let mail = MessageParser::default().parse(notice.bytes()).unwrap();
        assert_eq!(mail.content_type().unwrap().attribute("report-type"), Some("delivery-status"));
        let text = String::from_utf8_lossy(notice.bytes()).into_owned();
        assert_eq!(text.matches("\r\nFinal-Recipient: rfc822; ").count(), listed, "{name}");
        assert_eq!(text.matches(&format!("\r\nStatus: {status}\r\n")).count(), listed, "{name}");
        assert!(text.contains("Message-ID: <abc@example.co.jp>"), "the original comes along");
    }
    assert!(bodies(&named("undeliverable", Language::Ja)).0.contains("550 5.1.1 no such user"));
}

#[test]
fn a_sender_outside_learns_only_that_it_was_not_sent() {
    for (name, notice) in both(&story()).into_iter().filter(|(name, _)| name.starts_with("not sent")) {
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
        for secret in ["業務委託", "taro@example.co.jp", "hanako@", "bucho@", "yamada@", "090-", "no such user", "10人"]
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
    assert!(text.contains("bucho@example.co.jp") && text.contains("先方に確認しました。") && text.contains("却下"));
    assert!(html.unwrap().contains("&#60;b&#62;大丈夫"));
    let (text, _) = bodies(&named("released", Language::En));
    assert!(flat(&text).contains(&flat("approved by bucho@example.co.jp")));
    let (text, _) = bodies(&named("refused", Language::En));
    assert!(!text.contains("業務委託の件"), "the security team's warning tells nothing of the mail's content");
}

#[test]
fn without_a_console_or_a_reply_address_none_is_promised() {
    let mut voice = voice(Language::Ja);
    voice.public_url = String::new();
    let to = address("taro@example.co.jp");
    let letter = Letter { to: &to, reply_to: None, now: Timestamp::UNIX_EPOCH };
    let (text, _) = bodies(&hold_notice(&story(), &voice, &letter));
    assert!(!text.contains("http") && !text.contains("このメールに返信"));
}

/// `SEKISHO_NOTICES=folder cargo test notices_can_be_looked_at` writes every notice there, to be looked at.
#[test]
fn notices_can_be_looked_at() {
    let folder = std::env::var_os("SEKISHO_NOTICES").map(std::path::PathBuf::from);
    for (name, notice) in both(&story()) {
        let (text, html) = bodies(&notice);
        assert!(text.len() > 100, "{name}");
        if let Some(folder) = &folder {
            let name = name.replace(' ', "-").to_lowercase();
            std::fs::write(folder.join(format!("{name}.txt")), text).unwrap();
            std::fs::write(folder.join(format!("{name}.html")), html.unwrap_or_default()).unwrap();
            std::fs::write(folder.join(format!("{name}.eml")), notice.bytes()).unwrap();
        }
    }
}
