//! In which language people are shown pages.

use super::*;

async fn speaks(browser: &mut Browser, path: &str) -> String {
    let page = browser.get(path).await.body;
    let (_, rest) = page.split_once("<html lang=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

async fn choose(browser: &mut Browser, to: &str, from: &str) -> Page {
    let body = format!("to={to}");
    let extra = format!(
        "Content-Type: application/x-www-form-urlencoded\r\nOrigin: http://{0}\r\nReferer: http://{0}{from}\r\n",
        browser.at
    );
    browser.send("POST", "/language", &extra, &body).await
}

#[tokio::test]
async fn a_choice_holds_for_the_browser_before_and_after_logging_in() {
    let mut browser = Browser::new(Language::Ja).await;
    assert_eq!(speaks(&mut browser, "/login").await, "ja");
    let chosen = choose(&mut browser, "en", "/login?next=/held/01AB").await;
    assert_eq!((chosen.status, chosen.header("location")), (303, "/login?next=/held/01AB"));
    assert!(chosen.header("set-cookie").contains("Max-Age="), "{}", chosen.head);
    assert_eq!(speaks(&mut browser, "/login").await, "en");
    assert_eq!(browser.log_in("hanako@example.co.jp", PASSWORD).await.status, 303);
    for path in ["/held", "/me", "/trial", "/held/NONE", "/nowhere", &mail("")] {
        assert_eq!(speaks(&mut browser, path).await, "en", "{path}");
    }
    let bad = browser.post(&mail("/approve"), &[("csrf", "wrong")]).await;
    assert!(bad.body.contains("This cannot be accepted"), "{}", bad.body);
    choose(&mut browser, "ja", "/held").await;
    assert_eq!(speaks(&mut browser, &mail("")).await, "ja");
    assert_eq!(choose(&mut browser, "fr", "/held").await.status, 400);
    assert_eq!(speaks(&mut browser, "/held").await, "ja");
}

#[tokio::test]
async fn without_a_choice_the_directory_says_it() {
    let mut browser = Browser::new(Language::Ja).await;
    let hanako = browser.people.account(&address("hanako@example.co.jp")).await.unwrap().unwrap();
    browser.people.put_account(&Account { address: address("jane@example.co.jp"), ..hanako }).await.unwrap();
    assert_eq!(browser.log_in("jane@example.co.jp", PASSWORD).await.status, 303);
    assert_eq!(speaks(&mut browser, "/held").await, "en");
    choose(&mut browser, "ja", "/held").await;
    assert_eq!(speaks(&mut browser, "/held").await, "ja");
}

#[tokio::test]
async fn another_site_chooses_nothing() {
    let mut browser = Browser::new(Language::Ja).await;
    let extra = "Content-Type: application/x-www-form-urlencoded\r\nOrigin: https://evil.example\r\n";
    assert_eq!(browser.send("POST", "/language", extra, "to=en").await.status, 403);
    assert_eq!(speaks(&mut browser, "/login").await, "ja");
}
