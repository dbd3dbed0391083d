//! Logging in through a provider, against one that says what a test tells it to.

use serde_json::json;

use super::*;
use crate::directory::oidc::{Settings as Oidc, fake::Fake as Idp};

const LOGIN: &str = "sekisho_login";

async fn browser_with(idp: &Idp, language: Language, change: impl FnOnce(&mut Settings)) -> Browser {
    let mut settings = Settings {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        public_url: "https://sekisho.example.co.jp".to_owned(),
        local_login: true,
        second_factor: Need::Nobody,
        trusted_proxies: Vec::new(),
        oidc: Some(Oidc { label: Some("会社のアカウントで".to_owned()), ..idp.settings() }),
    };
    change(&mut settings);
    Browser::with(language, Logins::new(&settings, directory::Directory::default()).unwrap()).await
}

/// To the provider, and what its browser brings back.
async fn sent_away(browser: &mut Browser, idp: &Idp, path: &str) -> String {
    let away = browser.get(path).await;
    assert_eq!(away.status, 303, "{}", away.body);
    let (code, state) = idp.log_in(away.header("location"));
    format!("{}?code={code}&state={state}", provider::BACK)
}

fn is_logged_in(browser: &Browser) -> bool {
    browser.cookies.get("sekisho").is_some_and(|token| !token.is_empty())
}

#[tokio::test]
async fn the_providers_word_lets_in_and_leads_to_where_the_person_wanted_to_go() {
    let idp = Idp::start().await;
    let mut browser = browser_with(&idp, Language::Ja, |_| ()).await;
    let page = browser.get(&format!("/login?next={}", mail(""))).await;
    let link = format!("/login/oidc?next={}", mail(""));
    assert!(page.body.contains(&format!("href=\"{link}\">会社のアカウントで</a>")), "{}", page.body);
    assert!(page.body.contains("type=\"password\""));

    browser.cookies.insert("sekisho".into(), "planted".into());
    let back = sent_away(&mut browser, &idp, &link).await;
    let page = browser.get(&back).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains(&format!("content=\"0;url={}\"", mail(""))), "{}", page.body);
    assert!(browser.cookies[LOGIN].is_empty() && browser.cookies["sekisho"].len() > 40);
    let page = browser.get(&mail("")).await;
    assert!(page.status == 200 && page.body.contains("Hanako@example.co.jp"), "{}", page.body);

    let old = browser.cookies["sekisho"].clone();
    let back = sent_away(&mut browser, &idp, "/login/oidc").await;
    browser.get(&back).await;
    let new = browser.cookies.insert("sekisho".into(), old).unwrap();
    assert_eq!(browser.get("/held").await.status, 303, "the session before ends");
    browser.cookies.insert("sekisho".into(), new);
    assert_eq!(browser.get("/held").await.status, 200);
    let csrf = browser.csrf().await;
    assert_eq!(browser.post("/logout", &[("csrf", &csrf)]).await.status, 303);
    assert_eq!(browser.get("/held").await.status, 303);
}

#[tokio::test]
async fn the_cookie_on_the_way_is_bound_to_the_browser_and_short_lived() {
    let idp = Idp::start().await;
    let mut browser = browser_with(&idp, Language::Ja, |_| ()).await;
    let away = browser.get("/login/oidc").await;
    let cookie = away.header("set-cookie");
    assert!(cookie.starts_with("sekisho_login=") && cookie.ends_with("; Max-Age=600"), "{cookie}");
    assert!(cookie.contains("; HttpOnly; SameSite=Lax; Secure"), "{cookie}");
    let (code, state) = idp.log_in(away.header("location"));
    let back = format!("{}?code={code}&state={state}", provider::BACK);

    let mine = browser.cookies.remove(LOGIN).unwrap();
    assert_eq!(browser.get(&back).await.status, 400, "another browser");
    browser.cookies.insert(LOGIN.into(), mine.clone());
    assert_eq!(browser.get(&back).await.status, 200);
    browser.cookies.remove("sekisho");
    browser.cookies.insert(LOGIN.into(), mine);
    assert_eq!(browser.get(&back).await.status, 400, "the same once more");
    assert!(!is_logged_in(&browser));
}

#[tokio::test]
async fn no_link_leads_out_of_here() {
    let idp = Idp::start().await;
    let mut browser = browser_with(&idp, Language::Ja, |_| ()).await;
    for next in ["//evil.example", "https://evil.example/", "/held/%0d%0aX", "/logout", ""] {
        let back = sent_away(&mut browser, &idp, &format!("/login/oidc?next={next}")).await;
        let page = browser.get(&back).await;
        assert!(page.body.contains("content=\"0;url=/held\"") && !page.body.contains("evil"), "{}", page.body);
    }
}

#[tokio::test]
async fn whoever_is_refused_is_told_what_to_do_next() {
    let idp = Idp::start().await;
    let mut browser = browser_with(&idp, Language::En, |_| ()).await;
    let none = json!({});
    for (told, change, status, words) in [
        (&none, "state=", 400, "Please log in again"),
        (&none, "error=access_denied", 403, "cancelled or not allowed"),
        (&none, "code=another", 502, "did not work"),
        (&json!({"nonce": "x"}), "", 403, "could not be confirmed"),
        (&json!({"email_verified": false}), "", 403, "no confirmed mail address"),
        (&json!({"email": "x@evil.example"}), "", 403, "not of this organisation"),
        (&json!({"email": "gone@example.co.jp"}), "", 403, "is switched off"),
    ] {
        idp.script().claims = told.as_object().unwrap().clone();
        let mut back = sent_away(&mut browser, &idp, "/login/oidc").await;
        if let Some((key, value)) = change.split_once('=') {
            let (path, rest) = back.split_once('?').unwrap();
            let kept = rest.split('&').filter(|pair| !pair.starts_with(&format!("{key}=")));
            back = format!("{path}?{}&{key}={value}", kept.collect::<Vec<_>>().join("&"));
        }
        let page = browser.get(&back).await;
        assert!(page.status == status && page.body.contains(words), "{told} {change}: {} {}", page.status, page.body);
        assert!(page.body.contains("href=\"/login/oidc\"") && !is_logged_in(&browser), "{told} {change}");
    }
    assert_eq!(browser.get(&format!("{}?state=a&state=b", provider::BACK)).await.status, 400);
}

#[tokio::test]
async fn without_the_provider_passwords_still_work() {
    let idp = Idp::start().await;
    idp.script().down = true;
    let mut browser = browser_with(&idp, Language::Ja, |_| ()).await;
    let page = browser.get(&format!("/login/oidc?next={}", mail(""))).await;
    assert_eq!(page.status, 503);
    assert!(
        page.body.contains("接続できません") && page.body.contains("パスワードでもログインできます"),
        "{}",
        page.body
    );
    assert_eq!(page.field("next"), mail(""));
    assert_eq!(browser.log_in("hanako@example.co.jp", PASSWORD).await.status, 303);
}

#[tokio::test]
async fn passwords_can_be_switched_off() {
    let idp = Idp::start().await;
    let mut browser = browser_with(&idp, Language::Ja, |settings| settings.local_login = false).await;
    let page = browser.get("/login").await;
    assert!(page.body.contains("href=\"/login/oidc\"") && !page.body.contains("type=\"password\""), "{}", page.body);
    let form = browser.cookies["sekisho_form"].clone();
    let sent = [("account", "hanako@example.co.jp"), ("password", PASSWORD), ("form", &form)];
    assert_eq!(browser.post("/login", &sent).await.status, 403);
    idp.script().down = true;
    let page = browser.get("/login/oidc").await;
    assert!(page.status == 503 && !page.body.contains("パスワードでも"), "{}", page.body);
}

#[tokio::test]
async fn a_disabled_account_ends_the_session_that_a_provider_began() {
    let idp = Idp::start().await;
    let mut browser = browser_with(&idp, Language::Ja, |_| ()).await;
    let back = sent_away(&mut browser, &idp, "/login/oidc").await;
    browser.get(&back).await;
    assert_eq!(browser.get("/held").await.status, 200);
    browser.people.set_account_password(&address("hanako@example.co.jp"), "another").await.unwrap();
    assert_eq!(browser.get("/held").await.status, 200, "no password is concerned");
    browser.people.set_account_disabled(&address("hanako@example.co.jp"), true).await.unwrap();
    assert_eq!(browser.get("/held").await.status, 303);
}

#[tokio::test]
async fn without_a_provider_there_is_no_button() {
    let mut browser = Browser::new(Language::Ja).await;
    assert!(!browser.get("/login").await.body.contains("/login/oidc"));
    for path in [provider::BEGIN, provider::BACK] {
        let page = browser.get(path).await;
        assert_eq!((page.status, page.header("location")), (303, "/login"));
    }
}
