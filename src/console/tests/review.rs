//! The page of one mail: the evidence, its content step by step, sending back, asking a colleague, and mails that attack all
//! of it.

use super::*;
use crate::inspect::{self, Job, Kind, Limits, Rules, Shown, hear};

static RULES: std::sync::LazyLock<Rules> = std::sync::LazyLock::new(|| Rules::compile(&[]).unwrap());

/// Reads held mails as a worker does, in this process.
pub(super) fn reader() -> Reader {
    Arc::new(|_, message: Message, what| {
        Box::pin(async move {
            if let inspect::Show::Place(place) = &what {
                return Ok(Shown::Place(vec![format!("the value at {place}: 090-1234-5678\n<b>next</b>")]));
            }
            let job = Job { show: Some(what), ..Job::new(Kind::Mail) };
            hear(message.bytes(), &job, &RULES, &Limits::default(), &mut ()).1.shown.ok_or("nothing".into())
        })
    })
}

#[tokio::test]
async fn one_value_is_opened_and_only_by_a_form_and_the_history_tells_which() {
    let mut browser = Browser::of("hanako@example.co.jp").await;
    let (csrf, place) = (browser.csrf().await, "業務委託.xlsx › 顧客!F2");
    let page = browser.get(&mail("")).await;
    assert!(page.body.contains(&format!("name=\"place\" value=\"{place}\"")), "a button beside each sample");
    assert_eq!(browser.post(&mail("/place"), &[("place", place)]).await.status, 403, "without the form's token");
    let other = browser.post(&mail("/place"), &[("csrf", &csrf), ("place", "給与.xlsx › 全員!A1")]).await;
    assert_eq!(other.status, 403, "nothing was found there, so nothing is opened there");
    let page = browser.post(&mail("/place"), &[("csrf", &csrf), ("place", place)]).await;
    assert_eq!(page.status, 200);
    let told = format!("the value at {place}: 090-1234-5678");
    assert_eq!(page.body.matches(&told).count(), 1, "beside its own sample only: {}", page.body);
    assert!(page.body.contains("&#60;b&#62;next") && !page.body.contains("<b>next"));
    assert!(page.body.contains("中身を閲覧") && page.body.contains("hanako@example.co.jp 1回"));
    assert!(!browser.get(&mail("")).await.body.contains("the value at"), "a reload shows nothing");
}

#[tokio::test]
async fn the_mail_is_shown_as_its_recipient_would_see_it_in_a_frame_that_is_shut() {
    let mut browser = Browser::of("hanako@example.co.jp").await;
    let csrf = browser.csrf().await;
    assert_eq!(browser.post(&mail("/letter"), &[]).await.status, 403);
    let page = browser.post(&mail("/letter"), &[("csrf", &csrf)]).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.body.matches("<iframe class=\"shut\" sandbox title=").count(), 1, "{}", page.body);
    for mark in ["<script", "script&#62;", "allow-", "evil.example", "&#60;form", "&#60;/iframe", "href=&#34;"] {
        assert!(!page.body.replace(SCRIPT, "").contains(mark), "{mark} in {}", page.body);
    }
    assert_eq!(page.body.matches("</iframe>").count(), 1, "nothing in the mail ends its frame");
    assert!(page.body.contains("&#60;b&#62;12,000名分&#60;/b&#62;") && page.body.contains("佐藤太郎"), "{}", page.body);
    assert!(page.body.contains("表示していません：1"), "what is not loaded is told");
    assert!(page.body.contains("suzuki@kita-hoan.example.com"));
    assert!(!page.body.contains("hidden@example.com"), "nobody sees blind recipients");
    let policy = page.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none';") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("script") && !policy.contains("http"), "{policy}");
    assert!(browser.get(&mail("")).await.body.contains("受信者の見え方"), "the history tells");
}

#[tokio::test]
async fn its_content_needs_a_second_factor_where_deciding_does() {
    let mut logins = Logins::default();
    logins.second_factor = Need::Deciders;
    let mut browser = Browser::with(Language::En, logins).await;
    assert_eq!(browser.log_in("hanako@example.co.jp", PASSWORD).await.status, 303);
    let csrf = browser.csrf().await;
    for what in ["/letter", "/place", "/original", "/send-back"] {
        let page = browser.post(&mail(what), &[("csrf", &csrf), ("place", "業務委託.xlsx › 顧客!F2")]).await;
        assert_eq!(page.status, 403, "{what}");
        assert!(page.body.contains("A second factor is needed"), "{what}");
    }
    assert!(browser.desk.state.lock().unwrap().1.is_empty(), "nothing was looked at");
}

#[tokio::test]
async fn a_mail_is_sent_back_with_words_and_says_so_everywhere() {
    let mut browser = Browser::of("hanako@example.co.jp").await;
    let csrf = browser.csrf().await;
    let mute = browser.post(&mail("/send-back"), &[("csrf", &csrf), ("comment", " ")]).await;
    assert_eq!(mute.status, 403);
    assert!(mute.body.contains("何も書かれていません"));
    let sent = [("csrf", csrf.as_str()), ("comment", "口座のシートを外してください。")];
    let page = browser.post(&mail("/send-back"), &sent).await;
    assert_eq!((page.status, page.header("location")), (303, mail("?done=send-back").as_str()));
    let page = browser.get(&mail("?done=send-back")).await;
    assert!(page.body.contains("差し戻しました。直してほしいことを差出人に通知します。"));
    assert!(page.body.contains(">差し戻し</span>") && !page.body.contains("承認して送信する"));
}

/// What the line at the top of the page says was done, if it says anything.
async fn said(browser: &mut Browser, state: State, changes: &[&str], done: &str) -> Option<String> {
    let step = |change: &&str| Step {
        at: jiff::Timestamp::UNIX_EPOCH,
        by: None,
        change: (*change).to_owned(),
        comment: String::new(),
        about: String::new(),
    };
    *browser.desk.state.lock().unwrap() = (state, changes.iter().map(step).collect());
    let page = browser.get(&mail(&format!("?done={done}"))).await;
    assert_eq!(page.status, 200, "{done}");
    let (_, line) = page.body.split_once("<p class=\"flash good\" role=\"status\">")?;
    Some(line.split('<').next().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_page_says_that_a_mail_was_decided_only_as_it_was() {
    let mut browser = Browser::of("hanako@example.co.jp").await;
    let drill = "承認しました。訓練のメールだったため、送信されません。";
    let first = "承認を記録しました。ほかの人の承認がそろうと送信されます。";
    let cases: &[(State, &[&str], &str, Option<&str>)] = &[
        (State::Pending, &[], "approve", None),
        (State::Pending, &["agreed"], "approve", Some(first)),
        (State::Approved, &["approved"], "approve", Some("承認しました。メールはこれから送信されます。")),
        (State::Released, &["approved"], "approve", Some("承認しました。メールを送信しています。")),
        (State::Delivered, &["approved"], "approve", Some("承認しました。メールは送信されました。")),
        (State::Approved, &["released_alone"], "approve", None),
        (State::Rejected, &["agreed", "rejected"], "approve", None),
        (State::Withdrawn, &["withdrawn"], "approve", None),
        (State::Expired, &["expired"], "approve", None),
        (State::Bounced, &["approved", "bounced"], "approve", None),
        (State::Withdrawn, &["drill", "drill_passed"], "approve", Some(drill)),
        (State::Withdrawn, &["drill", "drill_passed"], "withdraw", None),
        (State::Rejected, &["rejected"], "reject", Some("却下しました。差出人に通知します。")),
        (State::Approved, &["approved"], "reject", None),
        (State::Withdrawn, &["withdrawn"], "reject", None),
        (State::Withdrawn, &["withdrawn"], "withdraw", Some("取り消しました。メールは送信されません。")),
        (State::Delivered, &["approved"], "withdraw", None),
        (State::Rejected, &["rejected"], "withdraw", None),
    ];
    for (state, changes, done, told) in cases {
        let line = said(&mut browser, *state, changes, done).await;
        assert_eq!(line.as_deref(), *told, "{state} {changes:?} {done}");
    }
}

#[tokio::test]
async fn a_colleague_is_asked_and_answers() {
    let mut browser = Browser::of("hanako@example.co.jp").await;
    let csrf = browser.csrf().await;
    let ask = |whom: &'static str| [("csrf", csrf.clone()), ("colleague", whom.into()), ("comment", "契約は？".into())];
    for (whom, status) in [("", 400), ("not an address", 400), ("taro@example.co.jp", 403), ("jiro@example.co.jp", 303)]
    {
        let fields = ask(whom);
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(browser.post(&mail("/ask-colleague"), &fields).await.status, status, "{whom}");
    }
    let page = browser.get(&mail("?done=ask-colleague")).await;
    assert!(page.body.contains("意見をたずねました") && page.body.contains("契約は？"));
    let own = browser.post(&mail("/opinion"), &[("csrf", &csrf), ("comment", "x")]).await;
    assert_eq!(own.status, 403, "who was not asked");
    browser.desk.give_opinion(&address("jiro@example.co.jp"), &MailId(ID.into()), "氏名だけです。").await.unwrap();
    assert!(browser.get(&mail("")).await.body.contains("氏名だけです。"));
}

/// A mail whose every name attacks.
fn hostile() -> Story {
    let evil = "\"></iframe><script>alert(1)</script><svg onload=alert(1)>'\u{202E}\r\n${{7*7}} › x!F2";
    let mut story = story();
    story.subject = evil.to_owned();
    story.author = evil.to_owned();
    story.inspection.attachments = vec![Attachment { kind: evil.to_owned(), name: evil.to_owned(), size: u64::MAX }];
    story.inspection.inspected =
        vec![Inspected { place: evil.to_owned(), characters: u64::MAX, note: Some(evil.to_owned()) }; 2];
    story.inspection.uninspected = vec![Uninspected { place: evil.to_owned(), reason: Reason::Encrypted }];
    for finding in &mut story.inspection.findings {
        finding.title = Some(Text { ja: evil.to_owned(), en: evil.to_owned() });
        finding.examples[0].place = evil.to_owned();
        finding.examples[0].masked = evil.to_owned();
    }
    story
}

#[test]
fn hostile_names_become_no_markup_in_any_part_of_the_page() {
    let step = |change: &str| Step {
        at: jiff::Timestamp::UNIX_EPOCH,
        by: None,
        change: change.into(),
        comment: "<script>alert(1)</script>".into(),
        about: "<script>alert(1)</script>".into(),
    };
    let opinion = Opinion {
        person: address("jiro@example.co.jp"),
        asked_by: address("hanako@example.co.jp"),
        question: "<script>alert(1)</script>".into(),
        asked_at: jiff::Timestamp::UNIX_EPOCH,
        said: Some(("<img src=x onerror=alert(1)>".into(), jiff::Timestamp::UNIX_EPOCH)),
    };
    for language in [Language::Ja, Language::En] {
        let file = File {
            story: hostile(),
            state: State::Pending,
            history: vec![step("viewed"), step("consulted"), step("<script>")],
            may_decide: true,
            may_withdraw: true,
            may_release_alone: true,
            may_ask_others: true,
            tally: (0, 1),
            reason: "</textarea><script>alert(1)</script>".into(),
            may_view: true,
            may_ask_colleague: true,
            may_give_opinion: true,
            opinions: vec![opinion.clone()],
            sent_back: false,
        };
        let frame = pages::Frame::outside(language, "x");
        let place = file.story.inspection.findings[0].examples[0].place.clone();
        let opened = crate::console::review::Opened::new(&place, &["<script>alert(1)</script>".to_owned()], language);
        let page = crate::console::review::Show::with(frame, &file, &TimeZone::UTC, None, Some(&opened));
        let html = askama::Template::render(&page).unwrap().replace(SCRIPT, "");
        for mark in ["<script", "<svg", "<img", "</iframe", "onload=alert(1)>"] {
            assert!(!html.contains(mark), "{mark} in {html}");
        }
        assert_eq!(html.matches("</textarea>").count(), html.matches("<textarea").count());
    }
}

/// As `pages_can_be_looked_at`, the pages of this file, each with its policy beside it: a value opened, an opinion, the mail as
/// its recipient sees it.
#[tokio::test]
async fn review_pages_can_be_looked_at() {
    let folder = std::env::var_os("SEKISHO_PAGES").map(std::path::PathBuf::from);
    for (language, tag) in [(Language::Ja, "ja"), (Language::En, "en")] {
        let mut browser = Browser::new(language).await;
        assert_eq!(browser.log_in("hanako@example.co.jp", PASSWORD).await.status, 303);
        let csrf = browser.csrf().await;
        let asked =
            [("csrf", csrf.as_str()), ("colleague", "jiro@example.co.jp"), ("comment", "口座番号まで渡す契約ですか。")];
        assert_eq!(browser.post(&mail("/ask-colleague"), &asked).await.status, 303);
        browser.desk.give_opinion(&address("jiro@example.co.jp"), &MailId(ID.into()), "氏名だけです。").await.unwrap();
        let place = browser.post(&mail("/place"), &[("csrf", &csrf), ("place", "業務委託.xlsx › 顧客!F2")]).await;
        let letter = browser.post(&mail("/letter"), &[("csrf", &csrf)]).await;
        let show = browser.get(&mail("")).await;
        for (name, page) in [("place", place), ("letter", letter), ("review", show)] {
            assert_eq!(page.status, 200, "{name}");
            if let Some(folder) = &folder {
                std::fs::write(folder.join(format!("{name}.{tag}.html")), &page.body).unwrap();
                let policy = page.header("content-security-policy");
                std::fs::write(folder.join(format!("{name}.{tag}.csp")), policy).unwrap();
            }
        }
    }
}
