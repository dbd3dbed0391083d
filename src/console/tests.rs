//! The console over a real loopback socket: a small HTTP client, an invented desk, invented accounts.

mod account;
mod api;
mod browser;
mod decisions;
mod door;
mod fake;
mod journal;
mod mailbox;
mod news;
mod queue;
mod review;
mod rights;
mod sections;
mod sign_on;
mod tongue;
mod trial;

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, OnceLock},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use self::{
    browser::{Browser, Page, engine, voice},
    fake::{Fake, story},
};
use super::*;
use crate::{
    directory::{self, Account, Accounts, Password, People, Role},
    hold::{
        Approving, Cause, Content, File, HeldSummary, HoldError, Leaf, Line, Look, Looked, Opinion, Part, Queue,
        Queues, State, Step, Wish,
    },
    inspect::{
        Attachment, By, Category, Confidence, Coverage, Example, Finding, Inspected, Inspection, Raised, Reason,
        Reportable, Uninspected, Validation, Why,
    },
    journal::Access,
    language::Text,
    mail::{Address, Envelope, MailId, Message},
    notice::{Progress, Story, Wording},
    policy::{Action, Matched, Policies},
    recipients::{Check, Direction, Issue, Recipient},
    store::Store,
    telemetry::health::Condition,
};

const PASSWORD: &str = "a sentence only Hanako knows";
/// The mail behind it, whose text attacks the page that shows it.
const LETTER: &str = "From: =?utf-8?B?5L2Q6Jek5aSq6YOO?= <taro@example.co.jp>\nTo: suzuki@kita-hoan.example.com\nBcc: \
                      hidden@example.com\nSubject: x\nContent-Type: text/html; charset=utf-8\n\n<p>北保安サービス 山田様</p>\
                      <p style=\"color:#1a56a0\">いつもお世話になっております。<b>12,000名分</b>の顧客名簿をお送りします。</p>\
                      <table border=1><tr><th>区分</th><td>点検</td></tr></table>\
                      <script>alert(1)</script></iframe><img src=\"https://evil.example/pixel.png\">\
                      <form action=\"https://evil.example\"><input name=a></form><a href=\"https://evil.example\">開く</a>\n";
/// The only script that a page has.
const SCRIPT: &str = "<script src=\"/script.js\" defer></script>";
const ID: &str = "01KB3M7Q8ZJ4V0C2N9T5R6W1XY";

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

fn mail(rest: &str) -> String {
    format!("/held/{ID}{rest}")
}

#[tokio::test]
async fn the_list_and_the_mail_tell_the_story() {
    let mut browser = Browser::of("hanako@example.co.jp").await;
    let list = browser.get("/held").await;
    assert_eq!(list.status, 200);
    for fact in ["承認待ち", "約12,000人分", "taro@example.co.jp", "2026年11月30日(月) 18:00", "hanako@example.co.jp"]
    {
        assert!(list.body.contains(fact), "{fact}");
    }
    let page = browser.get(&mail("")).await;
    for fact in [
        "10人以上の個人情報を社外に送ろうとしています",
        "yamada@kita-haon.example.com",
        "正しい宛先は yamada@kita-hoan.example.com",
        "電話番号",
        "業務委託.xlsx</p>",
        "<b>顧客</b>",
        "F列",
        "見本2件（メール全体で12,000件）",
        "社外の2件（yamada@kita-haon.example.com、suzuki@kita-hoan.example.com）",
        "090-****-5678",
        "通常の表示では見えない",
        "電話番号計画に合う（libphonenumber）；確度を上げたもの：列の見出し「電話番号」",
        "図面.pdf</b>",
        "中身を読めていません",
        "すべて読みました（2か所、968,000文字）",
        "パスワードがかかっているため",
        "本文</p>",
        "3行目",
        "承認して送信する",
        "1,000人超",
    ] {
        assert!(page.body.contains(fact), "{fact}");
    }
    assert!(!page.body.contains("取り消す</button>"), "only the sender withdraws");
}

#[tokio::test]
async fn nothing_of_a_mail_becomes_markup() {
    let mut browser = Browser::of("hanako@example.co.jp").await;
    for path in ["/held".to_owned(), mail("")] {
        let page = browser.get(&path).await;
        assert!(!page.body.replace(SCRIPT, "").contains("<script"), "{path}");
        assert!(page.body.contains("&#60;script&#62;alert(1)"), "{path}");
    }
}

#[tokio::test]
async fn every_answer_carries_the_headers_that_close_it() {
    let mut browser = Browser::of("hanako@example.co.jp").await;
    for path in [
        "/held",
        "/login",
        "/nowhere",
        "/style.css",
        "/script.js",
        "/healthz",
        &mail(""),
        &mail("/approve"),
        "/held/PANIC",
    ] {
        let page = browser.get(path).await;
        let policy = page.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'")
                && !policy.contains("unsafe"),
            "{path}"
        );
        assert_eq!(page.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(page.header("x-frame-options"), "DENY", "{path}");
        assert!(page.header("strict-transport-security").contains("max-age"), "{path}");
        let cached = if ["/style.css", "/script.js"].contains(&path) { "max-age=3600" } else { "no-store" };
        assert_eq!(page.header("cache-control"), cached, "{path}");
        assert!(!page.body.contains("style=\"") && !page.body.contains("onclick"), "{path}");
    }
}

#[tokio::test]
async fn faults_tell_nothing_and_the_server_lives_on() {
    let mut browser = Browser::of("hanako@example.co.jp").await;
    let page = browser.get("/held/PANIC").await;
    assert_eq!(page.status, 500);
    assert!(page.body.contains("問題が起きました") && !page.body.contains("panics"));
    let page = browser.get("/held/BROKEN").await;
    assert_eq!(page.status, 503);
    assert!(!page.body.contains("/var/lib"));
    assert_eq!(browser.get("/held/UNKNOWN").await.status, 404);
    assert_eq!(browser.get("/nowhere").await.status, 404);
    assert_eq!(browser.get("/held/%FF%FE").await.status, 400);
    assert_eq!(browser.get("/held/%0D%0AX:1").await.status, 404);
    let csrf = browser.csrf().await;
    let huge = "x".repeat(LARGEST_FORM);
    let page = browser.post(&mail("/reject"), &[("csrf", &csrf), ("comment", &huge)]).await;
    assert_eq!(page.status, 400);
    let page = browser.get("/healthz").await;
    assert_eq!((page.status, page.body.as_str()), (200, "ok\n"));
    assert_eq!(browser.desk.state(), State::Pending);
}

#[tokio::test]
async fn english_pages_are_english() {
    let mut browser = Browser::new(Language::En).await;
    assert_eq!(browser.log_in("hanako@example.co.jp", PASSWORD).await.status, 303);
    let page = browser.get(&mail("")).await;
    assert!(page.body.contains("lang=\"en\"") && page.body.contains("Approve and send"));
    assert!(page.body.contains("Mon 30 Nov 2026, 18:00 JST") && page.body.contains("about 12,000 people"));
}

/// `SEKISHO_PAGES=folder cargo test pages_can_be_looked_at` writes the pages there, style inlined, to be looked at.
#[tokio::test]
async fn pages_can_be_looked_at() {
    let folder = std::env::var_os("SEKISHO_PAGES").map(std::path::PathBuf::from);
    let mut browser = Browser::of("hanako@example.co.jp").await;
    let style = browser.get("/style.css").await.body;
    let csrf = browser.csrf().await;
    for (name, path) in
        [("list", "/held".to_owned()), ("show", mail("")), ("login", "/login".into()), ("none", "/x".into())]
    {
        let page = browser.get(&path).await;
        assert!(page.body.contains("href=\"/style.css\""), "{name}");
        if let Some(folder) = &folder {
            let link = "<link rel=\"stylesheet\" href=\"/style.css\">";
            let body = page.body.replace(link, &format!("<style>{style}</style>"));
            std::fs::write(folder.join(format!("{name}.html")), body).unwrap();
        }
    }
    browser.post(&mail("/reject"), &[("csrf", &csrf), ("comment", "宛先が違います。\n正しくは北保安様です。")]).await;
    let page = browser.get(&mail("?done=reject")).await;
    assert!(page.body.contains("却下しました"));
    if let Some(folder) = &folder {
        let body =
            page.body.replace("<link rel=\"stylesheet\" href=\"/style.css\">", &format!("<style>{style}</style>"));
        std::fs::write(folder.join("rejected.html"), body).unwrap();
    }
}
