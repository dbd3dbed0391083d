//! Who comes in, who does not, and how a session ends.

use super::*;

#[tokio::test]
async fn a_stranger_is_asked_to_log_in() {
    let mut browser = Browser::new(Language::Ja).await;
    for (path, to) in [("/held", "/login".to_owned()), (&mail(""), format!("/login?next={}", mail("")))] {
        let page = browser.get(path).await;
        assert_eq!((page.status, page.header("location")), (303, to.as_str()));
        assert!(!page.body.contains("業務委託"));
    }
    for what in [
        "approve",
        "reject",
        "send-back",
        "ask-colleague",
        "opinion",
        "withdraw",
        "reason",
        "ask-others",
        "release-alone",
        "original",
        "letter",
        "place",
    ] {
        let page = browser.post(&mail(&format!("/{what}")), &[("csrf", "x")]).await;
        assert_eq!((page.status, page.header("location")), (303, "/login"));
    }
    assert_eq!(browser.desk.state(), State::Pending);
    browser.cookies.insert("sekisho".into(), "forged".into());
    assert_eq!(browser.get("/held").await.status, 303);
}

#[tokio::test]
async fn wrong_unknown_and_disabled_look_the_same() {
    let mut browser = Browser::new(Language::Ja).await;
    let mut pages = Vec::new();
    for (who, password) in [
        ("hanako@example.co.jp", "wrong"),
        ("nobody@example.co.jp", PASSWORD),
        ("gone@example.co.jp", PASSWORD),
        ("not an address", PASSWORD),
    ] {
        let page = browser.log_in(who, password).await;
        assert_eq!(page.status, 401, "{who}");
        assert!(browser.cookies.get("sekisho").is_none_or(String::is_empty), "{who}");
        let token = page.field("form");
        pages.push(page.body.replace(&token, ""));
    }
    assert!(pages.windows(2).all(|two| two[0] == two[1]));
    let upper = browser.log_in(" Hanako@Example.co.jp ", PASSWORD).await;
    assert_eq!(upper.status, 303);
}

#[tokio::test]
async fn too_many_failures_make_even_the_right_password_wait() {
    let mut browser = Browser::new(Language::En).await;
    for _ in 0..5 {
        assert_eq!(browser.log_in("hanako@example.co.jp", "wrong").await.status, 401);
    }
    let page = browser.log_in("hanako@example.co.jp", PASSWORD).await;
    assert_eq!(page.status, 429);
    assert!(page.body.contains("Please wait"));
    assert_eq!(browser.log_in("taro@example.co.jp", PASSWORD).await.status, 303, "others are not concerned");
}

#[tokio::test]
async fn a_login_form_from_elsewhere_is_refused() {
    let mut browser = Browser::new(Language::Ja).await;
    let sent = [("account", "hanako@example.co.jp"), ("password", PASSWORD), ("form", "")];
    assert_eq!(browser.post("/login", &sent).await.status, 403);
    browser.get("/login").await;
    assert_eq!(browser.post("/login", &sent).await.status, 403);
}

#[tokio::test]
async fn leaving_ends_the_session_and_so_do_a_new_password_and_a_disabled_account() {
    let mut browser = Browser::of("hanako@example.co.jp").await;
    let cookie = browser.cookies["sekisho"].clone();
    let csrf = browser.csrf().await;
    assert_eq!(browser.post("/logout", &[("csrf", &csrf)]).await.status, 303);
    browser.cookies.insert("sekisho".into(), cookie);
    assert_eq!(browser.get("/held").await.status, 303, "the old cookie is worth nothing");

    assert_eq!(browser.log_in("hanako@example.co.jp", PASSWORD).await.status, 303);
    assert_eq!(browser.get("/held").await.status, 200);
    browser.people.set_account_password(&address("hanako@example.co.jp"), "$argon2id$new").await.unwrap();
    assert_eq!(browser.get("/held").await.status, 303);

    assert_eq!(browser.log_in("taro@example.co.jp", PASSWORD).await.status, 303);
    browser.people.set_account_disabled(&address("taro@example.co.jp"), true).await.unwrap();
    assert_eq!(browser.get("/held").await.status, 303);
}

#[tokio::test]
async fn logging_in_comes_back_to_the_mail_but_nowhere_else() {
    let mut browser = Browser::new(Language::Ja).await;
    let page = browser.get(&format!("/login?next={}", mail(""))).await;
    assert_eq!(page.field("next"), mail(""));
    for (next, to) in [(mail(""), mail("")), ("//evil.example".into(), "/held".into())] {
        let form = browser.get("/login").await.field("form");
        let sent = [("account", "hanako@example.co.jp"), ("password", PASSWORD), ("form", &form), ("next", &next)];
        let page = browser.post("/login", &sent).await;
        assert_eq!((page.status, page.header("location")), (303, to.as_str()));
    }
    let outside = browser.get("/login?next=https://evil.example").await;
    assert_eq!(outside.field("next"), "");
}

#[tokio::test]
async fn a_link_in_a_webmail_opens_itself_again_from_our_own_site() {
    let mut browser = Browser::new(Language::Ja).await;
    let page = browser.send("GET", &mail(""), "Sec-Fetch-Site: cross-site\r\n", "").await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains(&format!("http-equiv=\"refresh\" content=\"0;url={}\"", mail(""))), "{}", page.body);
    assert!(!page.body.contains("業務委託"));
}
