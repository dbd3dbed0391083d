//! The mailbox of the demo, beside the console.

use super::*;
use crate::console::mailbox;

struct Shelf;

impl mailbox::Inbox for Shelf {
    fn received(&self) -> Vec<mailbox::Received> {
        vec![mailbox::Received {
            at: "2026-11-20T00:30:00Z".parse().unwrap(),
            from: String::new(),
            to: vec!["a@example.com".into()],
            subject: "<script>x".into(),
            raw: Arc::from(&b"Subject: <script>x\r\n\r\nbody\r\n"[..]),
        }]
    }
}

#[tokio::test]
async fn the_mailbox_shows_what_arrived_beside_the_console() {
    let mut browser = Browser::new(Language::Ja).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    browser.at = listener.local_addr().unwrap();
    let people = Arc::clone(&browser.people);
    let router = router(Fake::new(), Arc::clone(&people), Logins::default(), engine(&people), &voice(Language::Ja))
        .merge(mailbox::router(Arc::new(Shelf), &voice(Language::Ja)));
    tokio::spawn(serve(listener, router, CancellationToken::new()));
    let list = browser.get("/mailbox").await;
    assert!(list.body.contains("&#60;script&#62;x") && list.body.contains("a@example.com"));
    let page = browser.get("/mailbox/1").await;
    let own = page.body.replace(SCRIPT, "");
    assert!(own.contains("&#60;script&#62;x\r\n\r\nbody") && !own.contains("<script"));
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
    for number in ["0", "2", "x", "99999999999999999999"] {
        assert_eq!(browser.get(&format!("/mailbox/{number}")).await.status, 404, "{number}");
    }
    assert_eq!(browser.get("/held").await.status, 303);
}
