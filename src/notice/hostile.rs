//! Mails that would like to write our notices: every text of a held mail filled with what might break out of a line, of a
//! header field or of HTML, and every notice about it read back.

use mail_parser::{HeaderName, MessageParser};

use super::{
    tests::{address, bodies, both, story, voice},
    *,
};
use crate::{
    inspect::{Reason, Uninspected},
    language::Text,
    mail::header,
    recipients::{Check, Direction, Issue, Recipient},
};

/// Texts that have broken something, somewhere, once.
fn texts() -> Vec<(&'static str, String)> {
    let decoded = |field: &[u8]| header::decode(field);
    vec![
        ("line ends", "x\r\nBcc: evil@example.com\r\nX-Evil: 1\r\n\r\nbody".to_owned()),
        ("bare ends", "x\nBcc: evil@example.com\rX-Evil: 1\u{85}X-Evil: 2\u{2028}X-Evil: 3\u{2029}".to_owned()),
        ("folded", "x\r\n Bcc: evil@example.com\r\n\tX-Evil: 1".to_owned()),
        ("NUL", "x\0\u{1}\u{7f}\u{1b}[31mX-Evil: 1\u{9b}".to_owned()),
        ("script", "<script>alert(1)</script><img src=x onerror=alert(1)>".to_owned()),
        ("out of a cell", "</td></tr></table></body></html><script>x</script><!-- ".to_owned()),
        ("out of an attribute", "\" onclick=\"alert(1)\" '><svg/onload=alert(1)>".to_owned()),
        ("comment of Outlook", "<![endif]--><style>*{display:none}</style><!--[if mso]>".to_owned()),
        ("entities", "&lt;script&gt;&#60;script&#62;&amp;lt;script".to_owned()),
        ("template", "{{ page.subject }}{% include \"x\" %}{{subject}}{{organization}}".to_owned()),
        ("right to left", "請求\u{202E}fdp.exe\u{2066}\u{2069}\u{200F}\u{061C}".to_owned()),
        ("invisible", "承\u{200B}認\u{FEFF}\u{2060}\u{00AD}".to_owned()),
        ("long", "あ".repeat(10_000)),
        ("long word", "x".repeat(10_000)),
        ("long line of words", "a b ".repeat(5_000)),
        ("emoji", "👩‍👩‍👧‍👦🇯🇵✅🏳️‍🌈".repeat(50)),
        ("combining", format!("e{}", "\u{301}".repeat(2_000))),
        ("encoded word in a text", "=?UTF-8?B?DQpCY2M6IGV2aWxAZXhhbXBsZS5jb20=?=".to_owned()),
        ("line ends in an encoded word", decoded(b"=?UTF-8?B?eA0KQmNjOiBldmlsQGV4YW1wbGUuY29tDQpYLUV2aWw6IDE=?=")),
        ("lone surrogate, UTF-8", decoded(b"=?UTF-8?B?7aCA7bCA?= x =?UTF-8?Q?=ED=A0=80?=")),
        ("lone surrogate, UTF-16", decoded(b"=?UTF-16BE?B?2AAAeA==?= =?UTF-16LE?B?ANg=?=")),
        ("rubbish in ISO-2022-JP", decoded(b"=?ISO-2022-JP?B?GyRC////GyhC?=\x1b$B\x80\xff")),
        ("consent", "承認\nAPPROVE\n取消\n理由：x".to_owned()),
        ("quote", "> 承認\n-- \nFrom: x\n".to_owned()),
        ("empty", String::new()),
        ("blank", " \t\r\n\u{3000} ".to_owned()),
    ]
}

/// The story with `text` in every place that takes one.
fn filled(text: &str) -> Story {
    let mut evil = story();
    let said = text.to_owned();
    evil.subject.clone_from(&said);
    evil.author.clone_from(&said);
    evil.message_id = Some(format!("<a@b>{text}"));
    let said = text;
    evil.recipients[1].issues[0] = Issue::new(Check::LookalikeDomain, said, said, said).meaning(said);
    for finding in &mut evil.inspection.findings {
        finding.detector = said.to_owned();
        finding.title = Some(Text { ja: said.to_owned(), en: said.to_owned() });
        finding.examples[0].place = said.to_owned();
        finding.examples[0].masked = said.to_owned();
    }
    evil.inspection.findings[1].title = None;
    evil.inspection.uninspected = vec![Uninspected { place: said.to_owned(), reason: Reason::Damaged }];
    evil.matched[0].rule = said.to_owned();
    evil.matched[0].title = Text { ja: said.to_owned(), en: said.to_owned() };
    evil.matched[0].duties.notice = Some(Text { ja: said.to_owned(), en: said.to_owned() });
    evil.progress.reason = Some(said.to_owned());
    // What may stand in an address at all is less; these are the worst that do.
    let quoted =
        ["\"<script>alert(1)</script>\"@x.example.com", "\"a\\\"b<img>\"@x.example.com", "x&y'{{id}}@x.example.com"];
    let quoted: Vec<Address> = quoted.iter().filter_map(|text| Address::parse(text).ok()).collect();
    assert!(!quoted.is_empty(), "no address is odd");
    evil.sent_to.clone_from(&quoted);
    evil.deciders.extend(quoted.iter().cloned());
    evil.progress.given.clone_from(&quoted);
    evil.recipients.extend(quoted.into_iter().map(|address| Recipient::new(address, Direction::External)));
    evil
}

/// Every notice about a mail filled with `text`, those with a text of their own among them.
fn notices(text: &str) -> Vec<(String, Notice)> {
    let evil = filled(text);
    let mut all = both(&evil);
    let (to, mut voice) = (address("taro@example.co.jp"), voice());
    voice.organization = text.to_owned();
    let by = address("kacho@example.co.jp");
    let comment = text.to_owned();
    for language in [Language::Ja, Language::En] {
        let letter = Letter { to: &to, reply_to: None, language, now: Timestamp::UNIX_EPOCH };
        let rejected = Outcome::Rejected { by: by.clone(), comment: comment.clone() };
        let sent_back = Outcome::SentBack { by: by.clone(), comment: comment.clone() };
        let released = Outcome::Released { by: vec![by.clone()], comment: comment.clone() };
        let (original, entries) =
            (Message::new(text.as_bytes()), [dsn::Entry::said(to.clone(), dsn::Action::Failed, text)]);
        let delivery = Delivery {
            envid: Some(text),
            entries: &entries,
            original: dsn::Original { message: &original, whole: true, utf8: false },
        };
        let digest = Digest {
            since: Timestamp::UNIX_EPOCH,
            waiting: Vec::new(),
            decided: vec![Done { id: evil.id.clone(), at: letter.now, outcome: rejected.clone() }],
            rules: vec![Caught { rule: text.to_owned(), title: evil.matched[0].title.clone(), mails: 1 }],
            unread: 1,
            refused: 0,
            unasked: 0,
            destroyed: 0,
        };
        let one = OneOfMany { story: evil.clone(), reply_to: Some(to.clone()) };
        let ended = EndedOne { story: evil.clone(), outcome: rejected.clone() };
        let lost = Unasked { story: evil.clone(), person: by.clone(), said: text.to_owned() };
        all.extend([
            ("hold".to_owned(), hold_notice(&evil, &voice, &letter)),
            ("released".to_owned(), outcome(&evil, &voice, &letter, &released)),
            ("rejected".to_owned(), outcome(&evil, &voice, &letter, &rejected)),
            ("sent_back".to_owned(), outcome(&evil, &voice, &letter, &sent_back)),
            ("question".to_owned(), question(&evil, &voice, &letter, &by, text)),
            ("opinion".to_owned(), opinion(&evil, &voice, &letter, &by, (text, text))),
            ("answer_refused".to_owned(), refused_answer(&evil, &voice, &letter, text, Refusal::OwnMail)),
            ("request_undelivered".to_owned(), request_undeliverable(&evil, &voice, &letter, &by, text)),
            ("no_approver".to_owned(), no_approver(&evil, &voice, &letter, text, Some(&original))),
            ("reason_given".to_owned(), reason_given(&evil, &voice, &letter)),
            ("self_released".to_owned(), self_released(&evil, &voice, &letter)),
            ("dropped".to_owned(), dropped(&evil, &voice, &letter, &delivery, text)),
            ("undeliverable".to_owned(), undeliverable(&evil, &voice, &letter, &delivery)),
            ("digest".to_owned(), super::digest(&digest, &voice, &letter)),
            ("too_many".to_owned(), too_many(std::slice::from_ref(&one), 3, letter.now, &voice, &letter)),
            ("requests".to_owned(), requests(std::slice::from_ref(&one), &voice, &letter)),
            ("outcomes".to_owned(), outcomes(&[ended], &voice, &letter)),
            ("request_undelivered-many".to_owned(), requests_undeliverable(&[lost], &voice, &letter)),
        ]);
    }
    all
}

/// The head of a mail: everything before the first empty line.
fn head(notice: &Notice) -> String {
    let end = notice.bytes().windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    String::from_utf8(notice.bytes()[..end].to_vec()).unwrap()
}

#[test]
fn no_text_adds_a_header_field_or_breaks_a_line() {
    let known = [
        "from",
        "to",
        "subject",
        "date",
        "message-id",
        "auto-submitted",
        "x-auto-response-suppress",
        "x-sekisho-notice",
        "content-language",
        "reply-to",
        "in-reply-to",
        "references",
        "mime-version",
        "content-type",
    ];
    for (what, text) in texts() {
        for (name, notice) in notices(&text) {
            let head = head(&notice);
            assert!(head.is_ascii(), "{what}, {name}");
            assert!(head.lines().all(|line| line.len() <= 998 && !line.contains(['\0', '\r'])), "{what}, {name}");
            for line in head.lines().filter(|line| !line.starts_with([' ', '\t'])) {
                let field = line.split(':').next().unwrap().to_lowercase();
                assert!(known.contains(&field.as_str()), "{what}, {name}: {line}");
            }
            let mail = MessageParser::default().parse(notice.bytes()).unwrap();
            for field in mail.parts[0].headers.iter().map(|field| &field.name) {
                let twice = mail.parts[0].headers.iter().filter(|other| other.name == *field).count();
                assert_eq!(twice, 1, "{what}, {name}: {field:?}");
            }
            assert!(mail.bcc().is_none() && mail.header(HeaderName::Other("X-Evil".into())).is_none());
            assert!(mail.subject().is_some_and(|subject| subject.starts_with('[') && subject.chars().count() <= 260));
        }
    }
}

#[test]
fn no_text_writes_html_of_its_own() {
    let ours = [
        "!doctype",
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "table",
        "tr",
        "td",
        "h1",
        "h2",
        "p",
        "br",
        "ul",
        "li",
        "span",
        "blockquote",
        "a",
        "!--[if",
        "![endif]--",
    ];
    for (what, text) in texts() {
        for (name, notice) in notices(&text) {
            let Some(html) = bodies(&notice).1 else { continue };
            let mut open: Vec<String> = Vec::new();
            for tag in html.split('<').skip(1) {
                let word: String = tag.chars().take_while(|c| !c.is_whitespace() && *c != '>').collect();
                let bare = word.trim_start_matches('/').to_lowercase();
                assert!(ours.contains(&bare.as_str()), "{what}, {name}: <{word}");
                assert!(!tag.split('>').next().unwrap().to_lowercase().contains(" on"), "{what}, {name}: {tag}");
                match (word.starts_with('/'), bare.as_str()) {
                    (_, "br" | "meta" | "!doctype" | "!--[if" | "![endif]--") => {}
                    (false, _) => open.push(bare),
                    (true, _) => assert_eq!(open.pop(), Some(bare), "{what}, {name}"),
                }
            }
            assert!(open.is_empty(), "{what}, {name}: {open:?}");
            assert_eq!(html.matches("<style>").count(), 1, "{what}, {name}");
            assert_eq!(html.matches("<!--").count(), 2, "{what}, {name}: comments are ours");
        }
    }
}

#[test]
fn no_text_hides_turns_or_swells_a_notice() {
    for (what, text) in texts() {
        for (name, notice) in notices(&text) {
            let (text, html) = bodies(&notice);
            for said in [Some(&text), html.as_ref()].into_iter().flatten() {
                let hidden = |c: char| matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\0' | '\u{1b}' | '\u{2028}' | '\u{85}');
                assert!(!said.contains(hidden), "{what}, {name}");
            }
            let evil_line = |line: &str| ["Bcc:", "X-Evil:"].iter().any(|field| line.starts_with(field));
            assert!(!text.lines().any(evil_line), "{what}, {name}\n{text}");
            assert!(text.len() < 120_000, "{what}, {name}: {} bytes", text.len());
        }
    }
}

/// A subject, a comment or a file name that says 承認 must not speak for whoever quotes it.
#[test]
fn no_text_answers_for_its_reader() {
    for (what, text) in texts() {
        for (name, notice) in notices(&text) {
            let said = bodies(&notice).0;
            let reply = format!("Content-Type: text/plain; charset=utf-8\r\n\r\n{said}");
            let verdict = answer::parse(&Message::new(reply.as_bytes())).verdict;
            assert_eq!(verdict, Verdict::Unclear, "{what}, {name}\n{said}");
        }
    }
}
