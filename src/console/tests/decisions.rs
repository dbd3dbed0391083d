//! What it takes to decide about a mail, and to look at it.

use super::*;

#[tokio::test]
async fn get_decides_nothing() {
    let mut browser = Browser::of("hanako@example.co.jp").await;
    for what in [
        "/approve",
        "/reject",
        "/send-back",
        "/ask-colleague",
        "/opinion",
        "/withdraw",
        "/reason",
        "/ask-others",
        "/release-alone",
        "/original",
        "/letter",
        "/place",
    ] {
        for method in ["GET", "HEAD", "PUT"] {
            let csrf = browser.csrf().await;
            let extra = format!("Origin: http://{}\r\n", browser.at);
            let page = browser.send(method, &format!("{}?csrf={csrf}", mail(what)), &extra, "").await;
            assert_eq!(page.status, 405, "{method} {what}");
        }
    }
    assert_eq!(browser.get("/logout").await.status, 405);
    assert_eq!(browser.desk.state(), State::Pending);
}

#[tokio::test]
async fn a_decision_needs_its_token_and_our_own_origin() {
    let mut browser = Browser::of("hanako@example.co.jp").await;
    let csrf = browser.csrf().await;
    assert_eq!(browser.post(&mail("/approve"), &[]).await.status, 403);
    assert_eq!(browser.post(&mail("/approve"), &[("csrf", "guessed")]).await.status, 403);
    let body = format!("csrf={csrf}");
    for origin in ["https://evil.example", "null"] {
        let extra = format!("Content-Type: application/x-www-form-urlencoded\r\nOrigin: {origin}\r\n");
        assert_eq!(browser.send("POST", &mail("/approve"), &extra, &body).await.status, 403, "{origin}");
    }
    assert_eq!(browser.post("/logout", &[("csrf", "x")]).await.status, 403);
    assert_eq!(browser.desk.state(), State::Pending);
    let proxied = "Content-Type: application/x-www-form-urlencoded\r\nOrigin: https://sekisho.example.co.jp\r\n";
    assert_eq!(browser.send("POST", &mail("/approve"), proxied, &body).await.status, 303);
    assert_eq!(browser.desk.state(), State::Approved);
}

#[tokio::test]
async fn an_approval_is_made_once_and_told() {
    let mut browser = Browser::of("hanako@example.co.jp").await;
    let csrf = browser.csrf().await;
    let sent = [("csrf", csrf.as_str()), ("comment", " 先方に確認済み<b> ")];
    let page = browser.post(&mail("/approve"), &sent).await;
    assert_eq!((page.status, page.header("location")), (303, mail("?done=approve").as_str()));
    let page = browser.get(&mail("?done=approve")).await;
    assert!(page.body.contains("承認しました") && page.body.contains("先方に確認済み&#60;b&#62;"));
    assert!(!page.body.contains("承認して送信する"));
    let page = browser.post(&mail("/reject"), &sent).await;
    assert_eq!(page.status, 409);
    assert!(page.body.contains("すでに判断が終わっています（承認済み）"));
    assert_eq!(browser.desk.state(), State::Approved);
}

#[tokio::test]
async fn a_link_cannot_make_a_page_claim_a_decision() {
    let mut browser = Browser::of("hanako@example.co.jp").await;
    let page = browser.get(&mail("?done=approve")).await;
    assert!(page.status == 200 && !page.body.contains("承認しました"));
    assert_eq!(browser.get(&mail("?done=%3Cscript%3E")).await.status, 200);
}

#[tokio::test]
async fn a_sender_withdraws_but_never_approves() {
    let mut browser = Browser::of("taro@example.co.jp").await;
    let page = browser.get(&mail("")).await;
    assert!(page.body.contains("取り消す</button>") && !page.body.contains("承認して送信する"));
    let csrf = page.field("csrf");
    let page = browser.post(&mail("/approve"), &[("csrf", &csrf)]).await;
    assert_eq!(page.status, 403);
    assert!(page.body.contains("自分が送ったメールは、承認も却下もできません。"));
    assert_eq!(browser.desk.state(), State::Pending);
    assert_eq!(browser.post(&mail("/withdraw"), &[("csrf", &csrf)]).await.status, 303);
    assert_eq!(browser.desk.state(), State::Withdrawn);
}

#[tokio::test]
async fn a_sender_lets_a_mail_go_alone_with_every_tick_and_no_forged_form() {
    let mut browser = Browser::of("taro@example.co.jp").await;
    let page = browser.get(&mail("")).await;
    for field in ["name=\"recipient\" value=\"yamada@kita-haon.example.com\"", "/reason\"", "/ask-others\""] {
        assert!(page.body.contains(field), "{field}");
    }
    let csrf = page.field("csrf");
    let all = [
        ("recipient", "suzuki@kita-hoan.example.com"),
        ("recipient", "yamada@kita-haon.example.com"),
        ("attachment", "業務委託.xlsx"),
        ("attachment", "図面.zip"),
        ("comment", "checked"),
    ];
    let forged = browser.post(&mail("/release-alone"), &all).await;
    assert_eq!(forged.status, 403);
    let some = [("csrf", csrf.as_str()), all[0], all[2], all[3], all[4]];
    let page = browser.post(&mail("/release-alone"), &some).await;
    assert_eq!(page.status, 403);
    assert!(page.body.contains("一つずつ確かめて"), "{}", page.body);
    assert_eq!(browser.desk.state(), State::Pending);
    let ticked = [("csrf", csrf.as_str()), all[0], all[1], all[2], all[3], all[4]];
    let page = browser.post(&mail("/release-alone"), &ticked).await;
    assert_eq!(page.status, 303);
    let page = browser.get(page.header("location")).await;
    assert!(page.body.contains("判断を依頼していた人に伝えました"), "{}", page.body);
    assert_eq!(browser.desk.state(), State::Approved);
}

#[tokio::test]
async fn the_original_is_a_file_and_having_seen_it_is_told() {
    let mut browser = Browser::of("hanako@example.co.jp").await;
    let csrf = browser.csrf().await;
    assert_eq!(browser.get(&mail("/original")).await.status, 405);
    assert_eq!(browser.post(&mail("/original"), &[]).await.status, 403);
    assert!(!browser.get(&mail("")).await.body.contains("中身が見られた回数"));
    let page = browser.post(&mail("/original"), &[("csrf", &csrf)]).await;
    assert_eq!((page.status, page.header("content-type")), (200, "message/rfc822"));
    assert_eq!(page.header("content-disposition"), format!("attachment; filename=\"{ID}.eml\""));
    assert_eq!(page.body, LETTER.replace('\n', "\r\n"));
    assert!(browser.get(&mail("")).await.body.contains("中身が見られた回数：1回（hanako@example.co.jp 1回）"));
}
