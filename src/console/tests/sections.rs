//! The sections of overseers: what they show, in both languages, and that nothing from outside becomes HTML there.

use super::*;

#[tokio::test]
async fn the_rules_in_force_are_told_as_they_are_written() {
    let mut browser = Browser::of("hanako@example.co.jp").await;
    let page = browser.get("/rules").await.body;
    assert!(page.contains("10人以上の個人情報が社外へ送られようとしています") && page.contains("承認が必要"), "{page}");
    assert!(page.contains("# Ten people and more is a list, not a conversation."), "the words of whoever wrote it");
    assert!(page.contains("within_partner_scope = true") && !page.contains("must_match"));
    assert!(page.contains("lookalike_domain") && page.contains("href=\"/trial\""));
}

#[tokio::test]
async fn people_are_found_by_name_address_and_role_and_are_text() {
    let mut browser = Browser::of("hanako@example.co.jp").await;
    let page = browser.get("/people").await.body;
    assert!(page.contains("山田 &#60;i&#62;花子&#60;/i&#62;") && !page.contains("<i>花子"), "{page}");
    assert!(page.contains("セキュリティ担当") && page.contains("boss@example.co.jp") && page.contains("法務"));
    for (words, found) in [
        ("%E8%8A%B1%E5%AD%90", true),
        ("HANAKO+%E5%B1%B1%E7%94%B0", true),
        ("hanako taro", false),
        ("%25", false),
        ("%27+OR+1%3D1", false),
    ] {
        let page = browser.get(&format!("/people?q={words}")).await.body;
        assert_eq!(page.contains("boss@example.co.jp"), found, "{words}");
    }
    assert!(browser.get("/people?q=%22%3E%3Cscript%3E").await.body.contains("&#34;&#62;&#60;script&#62;"));
}

#[tokio::test]
async fn what_is_not_well_stands_first() {
    let health = Health::default();
    let text = |words: &str| Text { ja: words.to_owned(), en: words.to_owned() };
    health.well(Condition::Store, text("fast"));
    let mut browser = Browser::over(Language::En, Logins::default(), |engine| engine.health = health.clone()).await;
    browser.log_in("hanako@example.co.jp", PASSWORD).await;
    let page = browser.get("/status").await.body;
    assert!(page.contains("All is well.") && page.contains("fast") && page.contains(">7</b>"), "{page}");
    health.unwell(Condition::Certificates, text("the TLS certificate expired"));
    let page = browser.get("/status").await.body;
    let at = |words: &str| page.find(words).unwrap();
    assert!(page.contains("Something is not well.") && at("the TLS certificate expired") < at("fast"), "{page}");
}

#[tokio::test]
async fn approvers_are_told_with_what_deserves_a_word() {
    let mut browser = Browser::of("hanako@example.co.jp").await;
    for address in ["/approvers", "/approvers?days=7", "/approvers?days=-1", "/approvers?days=x"] {
        let page = browser.get(address).await.body;
        assert!(page.contains("3件は、画面を開かずに判断しています。"), "{address}: {page}");
        assert!(page.contains("25件すべてを承認しています。") && page.contains("100 %"));
        assert!(!page.contains("<b>hanako"), "an address is text");
    }
}

#[tokio::test]
async fn the_security_team_holds_a_drill_and_says_so() {
    let mut browser = Browser::of("hanako@example.co.jp").await;
    let csrf = browser.get("/approvers").await.field("csrf");
    assert_eq!(browser.post("/approvers/drill", &[("csrf", "wrong")]).await.status, 403);
    let page = browser.post("/approvers/drill", &[("csrf", &csrf)]).await;
    assert_eq!((page.status, page.header("location")), (303, "/approvers?drilled=1"));
    assert!(browser.get("/approvers?drilled=1").await.body.contains("訓練のメールを一通、保留にしました"));
}

#[tokio::test]
async fn a_decider_who_opens_a_page_has_seen_it_and_its_sender_has_not() {
    let mut browser = Browser::of("taro@example.co.jp").await;
    assert_eq!(browser.get(&format!("/held/{ID}")).await.status, 200);
    assert!(browser.desk.seen.lock().unwrap().is_empty());
    browser.log_in("hanako@example.co.jp", PASSWORD).await;
    assert_eq!(browser.get(&format!("/held/{ID}")).await.status, 200);
    assert_eq!(*browser.desk.seen.lock().unwrap(), [MailId(ID.into())]);
}
