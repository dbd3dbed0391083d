//! Trying the rules: what is made of the form, who may, and what comes of it.

use super::*;

const BOUNDARY: &str = "----sekisho";

async fn tried(browser: &mut Browser, fields: &[(&str, &str)], file: Option<(&str, &str)>) -> Page {
    let mut body = String::new();
    for (name, value) in fields {
        body += &format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    }
    if let Some((name, bytes)) = file {
        body += &format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n{bytes}\r\n"
        );
    }
    body += &format!("--{BOUNDARY}--\r\n");
    let extra =
        format!("Origin: https://sekisho.example.co.jp\r\nContent-Type: multipart/form-data; boundary={BOUNDARY}\r\n");
    browser.send("POST", "/trial", &extra, &body).await
}

#[tokio::test]
async fn a_text_a_file_or_a_whole_mail_is_judged_and_nothing_can_be_decided_about_it() {
    let mut browser = Browser::of("hanako@example.co.jp").await;
    let form = browser.get("/trial").await;
    assert!(form.body.contains("実際には送信せず"), "{}", form.body);
    let csrf = form.field("csrf");
    let eml = "From: jiro@example.co.jp\r\nTo: b@x.example.com\r\nMessage-ID: <1@x>\r\nSubject: whole\r\n\r\ntext\r\n";
    for (fields, file, facts) in [
        (
            vec![("to", "a@x.example.com, b@x.example.com"), ("subject", "made"), ("text", "090-1234-5678")],
            None,
            vec!["made / hanako@example.co.jp / false", "a@x.example.com", "b@x.example.com"],
        ),
        (
            vec![("to", "a@x.example.com"), ("from", "taro@example.co.jp"), ("subject", "made")],
            Some(("名簿.csv", "a,b")),
            vec!["made / taro@example.co.jp / true"],
        ),
        (vec![], Some(("x.eml", eml)), vec!["whole / jiro@example.co.jp / false", "b@x.example.com"]),
        (vec![("to", "c@x.example.com")], Some(("no name", eml)), vec!["whole / jiro", "c@x.example.com"]),
    ] {
        let fields: Vec<_> = fields.into_iter().chain([("csrf", csrf.as_str())]).collect();
        let page = tried(&mut browser, &fields, file).await;
        assert_eq!(page.status, 200, "{}", page.body);
        for fact in facts.into_iter().chain(["試しただけです", "電話番号", "090-****-5678"]) {
            assert!(page.body.contains(fact), "{fact} in {}", page.body);
        }
        for button in ["/approve\"", "/reject", "/original", "/withdraw", "管理番号"] {
            assert!(!page.body.contains(button), "{button}");
        }
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_trial_is_said() {
    let mut browser = Browser::of("hanako@example.co.jp").await;
    let csrf = browser.get("/trial").await.field("csrf");
    for (fields, said, status) in [
        (vec![("to", "nobody"), ("csrf", &*csrf)], "メールアドレスの形", 400),
        (vec![("text", "x"), ("csrf", &*csrf)], "宛先を入力", 400),
        (vec![("to", "a@x.example.com"), ("subject", "busy"), ("csrf", &*csrf)], "いまは検査できません", 400),
        (vec![("to", "a@x.example.com"), ("csrf", "x")], "受け付けられません", 403),
        (vec![("to", "a@x.example.com")], "受け付けられません", 403),
    ] {
        let page = tried(&mut browser, &fields, None).await;
        assert!(page.status == status && page.body.contains(said), "{fields:?}: {} {}", page.status, page.body);
    }
    let page = browser.post("/trial", &[("csrf", &csrf), ("to", "a@x.example.com")]).await;
    assert_eq!(page.status, 400, "a form of another kind");
}

#[tokio::test]
async fn a_sender_may_not_try_what_slips_through() {
    let mut browser = Browser::of("taro@example.co.jp").await;
    let csrf = browser.get("/me").await.field("csrf");
    assert_eq!(browser.get("/trial").await.status, 403);
    let page = tried(&mut browser, &[("csrf", &csrf), ("to", "a@x.example.com")], None).await;
    assert!(page.status == 403 && !page.body.contains("試しただけです"));
    let mut stranger = Browser::new(Language::Ja).await;
    assert_eq!(stranger.get("/trial").await.header("location"), "/login");
}
