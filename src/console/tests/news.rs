//! What a page asks by itself: it is told what is new, and keeps nobody logged in.

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::directory::Sessions;

/// Makes the one session of `who` one that was used so many minutes ago.
async fn grown_old(browser: &Browser, who: &str, minutes: i64) -> Timestamp {
    let mut session = browser.people.sessions_of(&address(who)).await.unwrap().remove(0);
    browser.people.end_session(&session.key).await.unwrap();
    session.used_at -= SignedDuration::from_mins(minutes);
    session.began_at = session.used_at;
    browser.people.put_session(&session).await.unwrap();
    browser.people.sessions_of(&address(who)).await.unwrap().remove(0).used_at
}

#[tokio::test]
async fn a_page_is_told_how_many_came_since_it_was_made() {
    let mut browser = Browser::of("hanako@example.co.jp").await;
    let page = browser.get("/held").await.body;
    let (_, since) = page.split_once("data-from=\"/held/news?since=").unwrap();
    let since: i64 = since.split('"').next().unwrap().parse().unwrap();
    assert!((Timestamp::now().as_microsecond() - since) < 60_000_000, "{since}");
    let none = browser.get(&format!("/held/news?since={since}")).await;
    assert_eq!(none.body, r#"{"count":0,"told":"","open":"一覧を開く"}"#);
    let one = browser.get("/held/news?since=0").await;
    assert_eq!(one.header("content-type"), "application/json");
    assert!(
        one.body.starts_with(r#"{"count":1,"told":"あなたの判断を待つメールが、新しく1件届きました。""#),
        "{}",
        one.body
    );
    for odd in ["/held/news", "/held/news?since=x", "/held/news?since=-9223372036854775808"] {
        assert!(browser.get(odd).await.body.starts_with(r#"{"count":0"#), "{odd}");
    }
}

#[tokio::test]
async fn asking_for_news_is_no_use_of_a_session_and_an_old_one_hears_that_it_is_over() {
    let who = "hanako@example.co.jp";
    let mut browser = Browser::of(who).await;
    let used = grown_old(&browser, who, 10).await;
    assert_eq!(browser.get("/held/news?since=0").await.status, 200);
    assert_eq!(browser.people.sessions_of(&address(who)).await.unwrap()[0].used_at, used, "asking was taken for use");
    assert_eq!(browser.get("/held").await.status, 200);
    assert!(browser.people.sessions_of(&address(who)).await.unwrap()[0].used_at > used, "reading is use");
    grown_old(&browser, who, 60).await;
    let over = browser.get("/held/news?since=0").await;
    assert_eq!(over.status, 401);
    assert!(over.body.contains("ログインの有効期限が切れました。"), "{}", over.body);
}
