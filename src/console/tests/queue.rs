//! Lists of held mails: their parts, words, pages, and several decisions at once.

use super::*;

async fn shows(browser: &mut Browser, path: &str) -> bool {
    let page = browser.get(path).await;
    assert_eq!(page.status, 200, "{path}: {}", page.body);
    page.body.contains(&format!("href=\"/held/{ID}\""))
}

#[tokio::test]
async fn each_part_holds_what_belongs_to_it_and_the_first_that_holds_something_is_shown() {
    let (mut decider, mut sender) =
        (Browser::of("hanako@example.co.jp").await, Browser::of("taro@example.co.jp").await);
    for (part, decides, sent) in
        [("waiting", true, false), ("others", false, true), ("own", false, true), ("done", false, false)]
    {
        let path = format!("/held?part={part}");
        assert_eq!(shows(&mut decider, &path).await, decides, "{part}");
        assert_eq!(shows(&mut sender, &path).await, sent, "{part}");
    }
    for (browser, part) in [(&mut decider, "waiting"), (&mut sender, "own")] {
        let page = browser.get("/held").await.body;
        assert!(page.contains(&format!("href=\"/held?part={part}\" aria-current=\"page\"")), "{part} in {page}");
        assert!(page.contains(&format!("href=\"/held/{ID}\"")));
    }
}

#[tokio::test]
async fn words_are_kept_and_nothing_found_says_so() {
    let mut browser = Browser::of("hanako@example.co.jp").await;
    assert!(shows(&mut browser, "/held?part=waiting&q=%E6%A5%AD%E5%8B%99").await);
    let page = browser.get("/held?part=waiting&q=%22%3E%3Cscript%3E").await.body;
    assert!(page.contains("見つかりませんでした") && !page.contains("<script>"), "{page}");
    let page = browser.get("/held?part=waiting&q=%E6%A5%AD%E5%8B%99").await.body;
    let more = "href=\"/held?part=waiting&#38;q=%E6%A5%AD%E5%8B%99&#38;behind=1795312800000000-01\">続きを見る";
    assert!(page.contains(more), "{page}");
    assert!(!browser.get("/held?part=waiting&behind=1795312800000000-01").await.body.contains("続きを見る"));
    for odd in ["/held?part=nonsense", "/held?behind=x-y", "/held?part=waiting&behind=99999999999999999999-01"] {
        assert_eq!(browser.get(odd).await.status, 200, "{odd}");
    }
}

#[tokio::test]
async fn what_was_chosen_is_kept_and_what_is_odd_chooses_nothing() {
    let mut browser = Browser::of("hanako@example.co.jp").await;
    let page = browser.get("/held?part=waiting&sort=persons&only=hold&people=10&soon=1&q=").await.body;
    for kept in [
        "<details class=\"choose\" open>",
        "<option value=\"persons\" selected>",
        "<option value=\"hold\" selected>",
        "<option value=\"10\" selected>10人以上",
        "name=\"soon\" value=\"1\" checked>",
        "&#38;sort=persons&#38;only=hold&#38;people=10&#38;soon=1&#38;q=&#38;behind=1795312800000000-01\">続きを見る",
    ] {
        assert!(page.contains(kept), "{kept} in {page}");
    }
    let page = browser.get("/held?part=waiting&sort=%22%3E&only=x&people=-1&soon=%3Cscript%3E").await.body;
    assert!(page.contains("<details class=\"choose\">") && !page.contains("value=\"&#34;"), "{page}");
}

#[tokio::test]
async fn a_line_says_why_and_how_urgent() {
    let mut browser = Browser::of("hanako@example.co.jp").await;
    let page = browser.get("/held?part=waiting").await.body;
    assert!(page.contains("約12,000人分・似たドメイン") && page.contains(">あと5時間<"), "{page}");
}

#[tokio::test]
async fn several_are_decided_for_one_reason_and_each_outcome_is_told() {
    let mut browser = Browser::of("hanako@example.co.jp").await;
    let csrf = browser.csrf().await;
    let unknown = "01KB3M7Q8ZJ4V0C2N9T5R6W1XZ";
    for (fields, status) in [
        (vec![("csrf", "wrong"), ("what", "reject"), ("id", ID), ("comment", "c")], 403),
        (vec![("csrf", &csrf), ("what", "burn"), ("id", ID), ("comment", "c")], 400),
    ] {
        assert_eq!(browser.post("/held/decide", &fields).await.status, status, "{fields:?}");
    }
    for fields in [
        vec![("csrf", csrf.as_str()), ("what", "reject"), ("id", ID), ("comment", " ")],
        vec![("csrf", csrf.as_str()), ("what", "reject"), ("comment", "c")],
    ] {
        assert!(browser.post("/held/decide", &fields).await.body.contains("何も行いませんでした"), "{fields:?}");
    }
    assert_eq!(browser.desk.state(), State::Pending);
    let sent =
        [("csrf", csrf.as_str()), ("what", "reject"), ("id", ID), ("id", unknown), ("comment", "相手が違います")];
    let page = browser.post("/held/decide", &sent).await;
    assert_eq!(browser.desk.state(), State::Rejected);
    assert_eq!(browser.desk.state.lock().unwrap().1[0].comment, "相手が違います");
    assert!(page.body.contains("却下しました") && page.body.contains("見つかりません"), "{}", page.body);
    let again = browser.post("/held/decide", &sent).await;
    assert!(again.body.contains("すでに判断が終わっていました"), "{}", again.body);
}

#[tokio::test]
async fn nobody_decides_in_bulk_what_they_may_not_decide_alone() {
    let mut browser = Browser::of("taro@example.co.jp").await;
    let csrf = browser.csrf().await;
    let sent = [("csrf", csrf.as_str()), ("what", "approve"), ("id", ID), ("comment", "mine")];
    let page = browser.post("/held/decide", &sent).await;
    assert_eq!(browser.desk.state(), State::Pending);
    assert!(page.body.contains("自分が送ったメールは"), "{}", page.body);
    assert_eq!(browser.get("/held/decide").await.status, 405);
}

#[tokio::test]
async fn an_approval_that_is_not_the_last_is_told_as_that() {
    let mut browser = Browser::of("hanako@example.co.jp").await;
    let csrf = browser.csrf().await;
    let sent = [("csrf", csrf.as_str()), ("what", "approve"), ("id", ID), ("comment", "先方に確認済み")];
    *browser.desk.needs_another.lock().unwrap() = true;
    let page = browser.post("/held/decide", &sent).await;
    assert_eq!(browser.desk.state(), State::Pending);
    let another = "<span class=\"tag wait\">承認を記録しました。ほかの人の承認も必要です。</span>";
    assert!(page.body.contains(another) && !page.body.contains("承認しました"), "{}", page.body);
    *browser.desk.needs_another.lock().unwrap() = false;
    let page = browser.post("/held/decide", &sent).await;
    assert_eq!(browser.desk.state(), State::Approved);
    assert!(page.body.contains("<span class=\"tag good\">承認しました</span>"), "{}", page.body);
}

#[tokio::test]
async fn enter_in_a_tick_presses_no_button_that_decides() {
    let mut browser = Browser::of("hanako@example.co.jp").await;
    let page = browser.get("/held?part=waiting").await.body;
    let (_, form) = page.split_once("<form method=\"post\" action=\"/held/decide\">").unwrap();
    let mut buttons = form.split("<button ").skip(1);
    let first = buttons.next().unwrap();
    let (first, _) = first.split_once('>').unwrap();
    assert_eq!(first, "class=\"aside\" type=\"submit\" name=\"what\" value=\"\" tabindex=\"-1\" aria-hidden=\"true\"");
    // WebKit passes over a first button that is not laid out, and every browser over none that is.
    let style = browser.get("/style.css").await.body;
    let (_, aside) = style.split_once(".aside {").unwrap();
    let (aside, _) = aside.split_once('}').unwrap();
    assert!(!aside.contains("display") && !aside.contains("visibility"), "{aside}");
    assert!(buttons.any(|button| button.contains("value=\"approve\"")), "{form}");
    assert!(!page.contains("implicit submission"), "why it is there is for whoever reads the template");
    let csrf = browser.csrf().await;
    let sent = [("csrf", csrf.as_str()), ("what", ""), ("id", ID), ("comment", "先方に確認済み")];
    let told = browser.post("/held/decide", &sent).await;
    assert!(told.body.contains("何も行いませんでした"), "{}", told.body);
    assert_eq!(browser.desk.state(), State::Pending);
}
