//! The second step of logging in, and a person's own page.

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::directory::{Factor, Factors, RECOVERY_CODES, Sessions, Stage, recovery_hash};

const HANAKO: &str = "hanako@example.co.jp";

async fn browser_with(second_factor: Need) -> Browser {
    let mut logins = Logins::default();
    logins.second_factor = second_factor;
    logins.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    Browser::with(Language::Ja, logins).await
}

/// What a phone shows `steps` of half a minute from now; a step early is right for half a minute at least.
fn code(factor: &Factor, steps: i64) -> String {
    factor.shown(Timestamp::now() + SignedDuration::from_secs(30 * steps))
}

/// Hanako's second factor, set up by her as she would.
async fn set_up(browser: &mut Browser) -> (Factor, Vec<String>, String) {
    browser.log_in(HANAKO, PASSWORD).await;
    let csrf = browser.get("/me").await.field("csrf");
    let page = browser.post("/me/factor", &[("csrf", &csrf)]).await;
    assert!(page.body.contains("<svg class=\"qr\"") && !page.body.contains("otpauth://"), "{}", page.body);
    let factor = browser.people.factor(&address(HANAKO)).await.unwrap().unwrap();
    assert!(!factor.confirmed && page.body.contains(&factor.typed()));
    let wrong = browser.post("/me/factor/confirm", &[("csrf", &csrf), ("code", "000000x")]).await;
    assert_eq!((wrong.status, wrong.body.contains(&factor.typed())), (401, true));
    let used = code(&factor, 0);
    let page = browser.post("/me/factor/confirm", &[("csrf", &csrf), ("code", &used)]).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let codes: Vec<String> = page.body.split("<li><code>").skip(1).map(|rest| rest[..14].to_owned()).collect();
    assert_eq!(codes.len(), RECOVERY_CODES, "{}", page.body);
    assert!(!browser.get("/me").await.body.contains(&codes[0]), "they are shown once");
    (factor, codes, used)
}

/// Another window over the same pages, with the same cookies.
fn window(browser: &Browser) -> Browser {
    Browser {
        at: browser.at,
        desk: Arc::clone(&browser.desk),
        people: Arc::clone(&browser.people),
        cookies: browser.cookies.clone(),
        _dir: tempfile::tempdir().unwrap(),
        _stop: CancellationToken::new().drop_guard(),
    }
}

/// How many of fifty posts of the same, sent at once, were looked at and found wrong, and how many were told to wait.
async fn at_once(browser: &Browser, path: &'static str, fields: &[(&'static str, &str)]) -> (usize, usize) {
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let mut other = window(browser);
        let owned: Vec<(&'static str, String)> =
            fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        asking.spawn(async move {
            let sent: Vec<(&str, &str)> = owned.iter().map(|(name, value)| (*name, value.as_str())).collect();
            other.post(path, &sent).await.status
        });
    }
    let answers = asking.join_all().await;
    let with = |status: u16| answers.iter().filter(|answer| **answer == status).count();
    (with(401), with(429))
}

async fn csrf_of_code(browser: &mut Browser) -> String {
    browser.get("/login/code").await.field("csrf")
}

#[tokio::test]
async fn a_second_factor_is_asked_for_and_a_half_open_session_opens_nothing() {
    let mut browser = browser_with(Need::Nobody).await;
    let (factor, _, used) = set_up(&mut browser).await;
    let page = browser.log_in(HANAKO, PASSWORD).await;
    assert_eq!((page.status, page.header("location")), (303, "/login/code"));
    let half = browser.cookies["sekisho"].clone();
    for path in ["/held", "/me", &mail("")] {
        let page = browser.get(path).await;
        assert_eq!((page.status, page.header("location")), (303, "/login/code"), "{path}");
    }
    let csrf = csrf_of_code(&mut browser).await;
    assert_eq!(browser.post(&mail("/approve"), &[("csrf", &csrf)]).await.header("location"), "/login/code");
    assert_eq!(browser.post("/login/code", &[("csrf", "x"), ("code", &code(&factor, 1))]).await.status, 403);
    let old = browser.post("/login/code", &[("csrf", &csrf), ("code", &used)]).await;
    assert_eq!(old.status, 401, "a code that was used, or an older one, works no more");
    let page = browser.post("/login/code", &[("csrf", &csrf), ("code", &code(&factor, 1)), ("next", &mail(""))]).await;
    assert_eq!((page.status, page.header("location")), (303, mail("").as_str()));
    assert_ne!(browser.cookies["sekisho"], half, "a new cookie, so that none can be planted");
    assert_eq!(browser.get(&mail("")).await.status, 200);
    browser.cookies.insert("sekisho".into(), half);
    assert_eq!(browser.get("/held").await.header("location"), "/login", "the half one is gone");
    let accesses = browser.desk.accesses.lock().unwrap().clone();
    let expected = [Access::LoggedIn { strong: false }, Access::FactorSet, Access::LoggedIn { strong: true }];
    assert_eq!(accesses.iter().map(|(_, access)| *access).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn a_recovery_code_works_once_and_wrong_codes_make_everybody_wait() {
    let mut browser = browser_with(Need::Nobody).await;
    let (_, codes, _) = set_up(&mut browser).await;
    for (given, status) in [(codes[3].to_uppercase(), 303), (codes[3].clone(), 401)] {
        browser.log_in(HANAKO, PASSWORD).await;
        let csrf = csrf_of_code(&mut browser).await;
        assert_eq!(browser.post("/login/code", &[("csrf", &csrf), ("code", &given)]).await.status, status, "{given}");
    }
    assert!(!browser.people.use_recovery(&address(HANAKO), &recovery_hash(&codes[3])).await.unwrap());
    let csrf = csrf_of_code(&mut browser).await;
    let mut answers = Vec::new();
    for _ in 0..6 {
        answers.push(browser.post("/login/code", &[("csrf", &csrf), ("code", "123456")]).await.status);
    }
    assert_eq!(answers.last(), Some(&429), "{answers:?}");
    assert_eq!(
        browser.post("/login/code", &[("csrf", &csrf), ("code", &codes[4])]).await.status,
        429,
        "a right one too"
    );
    let accesses = browser.desk.accesses.lock().unwrap().clone();
    assert!(accesses.iter().any(|(_, access)| *access == Access::RecoveryUsed));
    assert!(accesses.iter().any(|(_, access)| *access == Access::Locked));
}

#[tokio::test]
async fn who_decides_needs_two_factors_where_that_is_asked_for() {
    for (need, opens_the_list) in [(Need::Deciders, true), (Need::Everybody, false)] {
        let mut browser = browser_with(need).await;
        browser.log_in(HANAKO, PASSWORD).await;
        let list = browser.get("/held").await;
        assert_eq!(
            (list.status == 200, list.header("location") == "/me"),
            (opens_the_list, !opens_the_list),
            "{need:?}"
        );
        let me = browser.get("/me").await;
        assert!(me.status == 200 && me.body.contains("二要素認証の設定が必要です"), "{}", me.body);
        let csrf = me.field("csrf");
        let fields = [("csrf", csrf.as_str()), ("comment", "c"), ("id", ID), ("what", "approve")];
        for path in [mail("/approve"), mail("/reject"), mail("/original"), "/held/decide".to_owned()] {
            let page = browser.post(&path, &fields).await;
            let refused = if opens_the_list { (403, "") } else { (303, "/me") };
            assert_eq!((page.status, page.header("location")), refused, "{need:?} {path}");
        }
        assert_eq!(browser.desk.state(), State::Pending);

        let (factor, ..) = set_up(&mut browser).await;
        browser.log_in(HANAKO, PASSWORD).await;
        let csrf = csrf_of_code(&mut browser).await;
        browser.post("/login/code", &[("csrf", &csrf), ("code", &code(&factor, 1))]).await;
        let csrf = browser.csrf().await;
        assert_eq!(browser.post(&mail("/approve"), &[("csrf", &csrf), ("comment", "")]).await.status, 303);
        assert_eq!(browser.desk.state(), State::Approved, "{need:?}");
    }
    // A sender takes a mail back without one.
    let mut browser = browser_with(Need::Deciders).await;
    browser.log_in("taro@example.co.jp", PASSWORD).await;
    let csrf = browser.csrf().await;
    assert_eq!(browser.post(&mail("/withdraw"), &[("csrf", &csrf)]).await.status, 303);
    assert_eq!(browser.desk.state(), State::Withdrawn);
}

#[tokio::test]
async fn a_person_sees_where_they_are_logged_in_and_ends_it() {
    let mut browser = browser_with(Need::Nobody).await;
    let mut cookies = Vec::new();
    for (agent, from) in [("Firefox/140", "198.51.100.1"), ("<b>Phone", "198.51.100.2"), ("Chrome", "198.51.100.3")] {
        browser.cookies.clear();
        let form = browser.get("/login").await.field("form");
        let extra = format!(
            "User-Agent: {agent}\r\nX-Forwarded-For: 203.0.113.9, {from}\r\nOrigin: https://sekisho.example.co.jp\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n"
        );
        let body = format!("account=hanako%40example.co.jp&password={}&form={form}", PASSWORD.replace(' ', "+"));
        assert_eq!(browser.send("POST", "/login", &extra, &body).await.status, 303);
        cookies.push(browser.cookies["sekisho"].clone());
    }
    let me = browser.get("/me").await;
    for fact in ["198.51.100.1", "Firefox/140", "&#60;b&#62;Phone", "198.51.100.3", "この画面"] {
        assert!(me.body.contains(fact), "{fact} in {}", me.body);
    }
    assert!(!me.body.contains("203.0.113.9"), "what a client writes itself is not believed");
    let (csrf, named) = (me.field("csrf"), me.field("session"));
    assert_eq!(browser.post("/me/sessions/end", &[("csrf", "x"), ("session", &named)]).await.status, 403);
    browser.post("/me/sessions/end", &[("csrf", &csrf), ("session", "ffffffffffffffff")]).await;
    assert_eq!(browser.people.sessions_of(&address(HANAKO)).await.unwrap().len(), 3);
    browser.post("/me/sessions/end", &[("csrf", &csrf), ("session", &named)]).await;
    assert_eq!(browser.people.sessions_of(&address(HANAKO)).await.unwrap().len(), 2);
    browser.post("/me/sessions/end", &[("csrf", &csrf), ("session", "others")]).await;
    let left = browser.people.sessions_of(&address(HANAKO)).await.unwrap();
    assert_eq!((left.len(), left[0].stage), (1, Stage::Open));
    for cookie in &cookies[..2] {
        browser.cookies.insert("sekisho".into(), cookie.clone());
        assert_eq!(browser.get("/held").await.status, 303);
    }
    let accesses = browser.desk.accesses.lock().unwrap().clone();
    assert_eq!(accesses.last().unwrap().1, Access::SessionsEnded { sessions: 1 });
}

#[tokio::test]
async fn a_second_factor_is_taken_away_only_for_one_of_its_codes() {
    let mut browser = browser_with(Need::Nobody).await;
    let (_, codes, used) = set_up(&mut browser).await;
    let csrf = browser.get("/me").await.field("csrf");
    for wrong in ["", "000000x", &used] {
        let page = browser.post("/me/factor/remove", &[("csrf", &csrf), ("code", wrong)]).await;
        assert!(page.status == 401 && page.body.contains("何も変えませんでした"), "{wrong:?}");
    }
    assert_eq!(browser.post("/me/factor", &[("csrf", &csrf)]).await.status, 303, "none is put in its place");
    assert_eq!(browser.post("/me/factor/remove", &[("csrf", &csrf), ("code", &codes[0])]).await.status, 303);
    assert!(browser.people.factor(&address(HANAKO)).await.unwrap().is_none());
    assert_eq!(browser.log_in(HANAKO, PASSWORD).await.header("location"), "/held");
}

#[tokio::test]
async fn wrong_passwords_that_lock_an_account_are_told_to_the_journal() {
    let mut browser = browser_with(Need::Nobody).await;
    for _ in 0..5 {
        browser.log_in(HANAKO, "wrong").await;
    }
    let accesses = browser.desk.accesses.lock().unwrap().clone();
    assert_eq!(accesses, [(HANAKO.to_owned(), Access::Locked)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_guesses_sent_at_once_five_are_looked_at() {
    let mut browser = browser_with(Need::Nobody).await;
    set_up(&mut browser).await;
    browser.log_in(HANAKO, PASSWORD).await;
    let csrf = csrf_of_code(&mut browser).await;
    assert_eq!(at_once(&browser, "/login/code", &[("csrf", &csrf), ("code", "123456")]).await, (5, 45));
    let (form, taro) = (browser.get("/login").await.field("form"), "taro@example.co.jp");
    let sent = [("account", taro), ("password", "wrong"), ("form", form.as_str())];
    assert_eq!(at_once(&browser, "/login", &sent).await, (5, 45));
    let accesses = browser.desk.accesses.lock().unwrap().clone();
    let locked: Vec<&str> =
        accesses.iter().filter(|(_, access)| *access == Access::Locked).map(|(who, _)| who.as_str()).collect();
    assert_eq!(locked, [HANAKO, taro], "the journal is told once of each");
}

#[tokio::test]
async fn no_name_that_a_stranger_types_locks_the_code_of_somebody() {
    let mut browser = browser_with(Need::Nobody).await;
    set_up(&mut browser).await;
    let mut answers = Vec::new();
    for _ in 0..6 {
        answers.push(browser.log_in(&format!("code {HANAKO}"), "wrong").await.status);
    }
    assert_eq!(answers.last(), Some(&429), "{answers:?}");
    assert_eq!(browser.log_in(HANAKO, PASSWORD).await.header("location"), "/login/code");
    let csrf = csrf_of_code(&mut browser).await;
    assert_eq!(browser.post("/login/code", &[("csrf", &csrf), ("code", "123456")]).await.status, 401);
}

#[tokio::test]
async fn a_password_longer_than_any_is_no_guess() {
    let mut browser = browser_with(Need::Nobody).await;
    for _ in 0..6 {
        assert_eq!(browser.log_in(HANAKO, &"x".repeat(513)).await.status, 401);
    }
    assert_eq!(browser.log_in(HANAKO, PASSWORD).await.status, 303);
}

#[tokio::test]
async fn setting_a_second_factor_up_ends_the_sessions_that_one_factor_began_elsewhere() {
    let mut elsewhere = browser_with(Need::Nobody).await;
    let mut of_taro = window(&elsewhere);
    let mut here = window(&elsewhere);
    elsewhere.log_in(HANAKO, PASSWORD).await;
    of_taro.log_in("taro@example.co.jp", PASSWORD).await;
    assert_eq!(elsewhere.get("/held").await.status, 200);
    set_up(&mut here).await;
    let page = elsewhere.get("/held").await;
    assert_eq!((page.status, page.header("location")), (303, "/login"));
    assert_eq!((here.get("/held").await.status, of_taro.get("/held").await.status), (200, 200));
    let accesses = here.desk.accesses.lock().unwrap().clone();
    let of_hanako = |access| (HANAKO.to_owned(), access);
    let expected = [Access::FactorSet, Access::SessionsEnded { sessions: 1 }].map(of_hanako);
    assert_eq!(accesses[accesses.len() - 2..], expected);
}
