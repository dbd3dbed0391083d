//! Who may do what, over every route of the console and its API, with the real hold behind it. A route that is missing from
//! [`TABLE`] fails the test: whoever adds one says here whose it is.

use std::collections::BTreeMap;

use super::*;
use crate::{
    directory::{ApiToken, ApiTokens, People, Person},
    hold::{
        Hold,
        fixture::{BOSS, OUTSIDE, SENDER, arrival, group, hold_over, settings},
    },
    policy::Action,
};

/// Somebody of the company who has nothing to do with the mail, its sender, whom it waits for, an auditor, an
/// administrator.
const PEOPLE: [&str; 5] = ["other@example.co.jp", SENDER, BOSS, "auditor@example.co.jp", "administrator@example.co.jp"];

/// Method, route, and what somebody without a login and each of [`PEOPLE`] get.
const TABLE: &[(&str, &str, u16, [u16; 5])] = &[
    ("GET", "/", 303, [303; 5]),
    ("GET", "/login", 200, [200; 5]),
    // Nobody has begun one.
    ("GET", "/login/oidc", 303, [303; 5]),
    ("GET", "/login/oidc/callback", 303, [303; 5]),
    ("GET", "/login/code", 303, [303; 5]),
    ("POST", "/login/code", 303, [303; 5]),
    ("GET", "/held", 303, [200; 5]),
    // A page's script asks it.
    ("GET", "/held/news", 401, [200; 5]),
    ("GET", "/held/{id}", 303, [404, 200, 200, 200, 404]),
    ("POST", "/held/{id}/original", 303, [403, 200, 200, 403, 403]),
    ("POST", "/held/{id}/letter", 303, [403, 200, 200, 403, 403]),
    // Nothing was found in it.
    ("POST", "/held/{id}/place", 303, [403; 5]),
    ("POST", "/held/{id}/send-back", 303, [403, 403, 303, 403, 403]),
    ("POST", "/held/{id}/ask-colleague", 303, [403, 403, 303, 403, 403]),
    // Nobody was asked.
    ("POST", "/held/{id}/opinion", 303, [403; 5]),
    ("POST", "/held/{id}/reason", 303, [403, 303, 403, 403, 403]),
    ("POST", "/held/{id}/ask-others", 303, [403, 303, 403, 403, 403]),
    ("POST", "/held/{id}/release-alone", 303, [403, 403, 403, 403, 403]),
    ("POST", "/held/{id}/approve", 303, [403, 403, 303, 403, 403]),
    ("POST", "/held/{id}/reject", 303, [403, 403, 303, 403, 403]),
    ("POST", "/held/{id}/withdraw", 303, [403, 303, 403, 403, 403]),
    // Each mail is told of by itself.
    ("POST", "/held/decide", 303, [200; 5]),
    ("GET", "/me", 303, [200; 5]),
    ("POST", "/me/sessions/end", 303, [303; 5]),
    ("POST", "/me/factor", 303, [200; 5]),
    ("POST", "/me/factor/confirm", 303, [401; 5]),
    ("POST", "/me/factor/remove", 303, [401; 5]),
    ("GET", "/trial", 303, [403, 403, 403, 200, 200]),
    // Before anything else: this is no form of that kind.
    ("POST", "/trial", 303, [400; 5]),
    ("GET", "/journal", 303, [403, 403, 403, 200, 403]),
    ("GET", "/journal/charts", 303, [403, 403, 403, 200, 403]),
    ("GET", "/journal/report", 303, [403, 403, 403, 200, 403]),
    // It names no format.
    ("GET", "/journal/export", 303, [403, 403, 403, 400, 403]),
    ("GET", "/approvers", 303, [403, 403, 403, 200, 403]),
    // The security team's.
    ("POST", "/approvers/drill", 303, [403; 5]),
    ("GET", "/rules", 303, [403, 403, 403, 200, 200]),
    ("GET", "/people", 303, [403, 403, 403, 200, 200]),
    ("GET", "/status", 303, [403, 403, 403, 200, 200]),
    ("POST", "/logout", 303, [303; 5]),
    // A cookie of the browser, and no more.
    ("POST", "/language", 303, [303; 5]),
    ("GET", "/style.css", 200, [200; 5]),
    ("GET", "/script.js", 200, [200; 5]),
    ("GET", "/icon.svg", 200, [200; 5]),
    ("GET", "/healthz", 200, [200; 5]),
    ("GET", "/api/v1/openapi.json", 200, [200; 5]),
    ("GET", "/api/v1/held", 401, [200; 5]),
    ("GET", "/api/v1/held/{id}", 401, [404, 200, 200, 200, 404]),
    ("POST", "/api/v1/held/{id}/approve", 401, [403, 403, 200, 403, 403]),
    ("POST", "/api/v1/held/{id}/reject", 401, [403, 403, 200, 403, 403]),
    ("POST", "/api/v1/held/{id}/send-back", 401, [403, 403, 200, 403, 403]),
    ("POST", "/api/v1/held/{id}/ask-colleague", 401, [403, 403, 200, 403, 403]),
    ("POST", "/api/v1/held/{id}/opinion", 401, [403; 5]),
    ("POST", "/api/v1/held/{id}/withdraw", 401, [403, 200, 403, 403, 403]),
    ("POST", "/api/v1/held/{id}/reason", 401, [403, 200, 403, 403, 403]),
    ("GET", "/api/v1/journal", 401, [403, 403, 403, 200, 403]),
    ("GET", "/api/v1/journal/charts", 401, [403, 403, 403, 200, 403]),
    // It names no mail.
    ("GET", "/api/v1/journal/report", 401, [403, 403, 403, 400, 403]),
    ("GET", "/api/v1/nothing", 404, [404; 5]),
];

/// A company with one held mail, and a console over it.
async fn office() -> (Browser, String, Hold) {
    let browser = Browser::new(Language::En).await;
    let of = |who: &str, role| {
        let mut person = Person::new(address(who));
        person.roles.insert(role);
        person
    };
    let people = vec![of(PEOPLE[3], Role::Auditor), of(PEOPLE[4], Role::Administrator)];
    let hold = hold_over((*browser.people).clone(), settings(), People::new(people, BTreeMap::new()));
    let now = jiff::Timestamp::now();
    let mail = crate::hold::Arrival { at: now, ..arrival(vec![group(Action::RequireApproval, &[OUTSIDE])]) };
    let id = hold.take(mail).await.unwrap().0;
    (browser, id, hold)
}

/// Puts a console over `hold` before the browser; it ends with what this gives.
async fn open(browser: &mut Browser, hold: Hold) -> tokio_util::sync::DropGuard {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    browser.at = listener.local_addr().unwrap();
    let people = Arc::clone(&browser.people);
    let engine = engine(&people);
    let pages = router(Arc::new(hold), people, Logins::default(), engine, &voice(Language::En));
    let stop = CancellationToken::new();
    tokio::spawn(serve(listener, pages, stop.clone()));
    stop.drop_guard()
}

/// An account for `who`, and the header with their token for the API.
async fn bearer(browser: &Browser, who: &str) -> String {
    let hash = browser.people.account(&address("hanako@example.co.jp")).await.unwrap().unwrap().password_hash;
    let created_at = jiff::Timestamp::UNIX_EPOCH;
    let account = Account { address: address(who), password_hash: hash, disabled: false, created_at };
    // Some of them have one in every test.
    let _exists = browser.people.put_account(&account).await;
    let (token, made_at) = (ApiToken::generate().unwrap(), jiff::Timestamp::now());
    let expires_at = made_at + jiff::SignedDuration::from_hours(1);
    let kept = ApiToken { who: address(who), name: "test".to_owned(), made_at, expires_at };
    browser.people.put_api_token(&ApiToken::hash(&token).unwrap(), &kept).await.unwrap();
    format!("Authorization: Bearer {token}\r\n")
}

/// What `who` (nobody if empty) gets for one request on a held mail of their own.
async fn status(who: &str, method: &str, route: &str) -> u16 {
    let (mut browser, id, hold) = office().await;
    let _stopped_in_the_end = open(&mut browser, hold).await;
    let (path, mut extra, mut csrf) = (route.replace("{id}", &id), String::new(), String::new());
    if !who.is_empty() {
        extra = bearer(&browser, who).await;
        assert_eq!(browser.log_in(who, PASSWORD).await.status, 303);
        csrf = browser.get("/me").await.field("csrf");
    }
    let body = if method == "GET" {
        String::new()
    } else if route.starts_with("/api") {
        extra += "Content-Type: application/json\r\n";
        r#"{"comment":"because","colleague":"auditor@example.co.jp"}"#.to_owned()
    } else {
        extra += "Content-Type: application/x-www-form-urlencoded\r\nOrigin: https://sekisho.example.co.jp\r\n";
        let field = |name: &str, value: &str| format!("{name}={value}");
        [
            field("csrf", &csrf),
            field("comment", "because"),
            field("id", &id),
            field("what", "approve"),
            field("colleague", PEOPLE[3]),
            field("to", "ja"),
        ]
        .join("&")
    };
    if route == "/me/factor/confirm" && !who.is_empty() {
        browser.send("POST", "/me/factor", &extra, &body).await;
    }
    browser.send(method, &path, &extra, &body).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_may_do_what_is_theirs_and_nothing_else() {
    let mut wrong = Vec::new();
    for (method, route, stranger, rights) in TABLE {
        let expected = std::iter::once(("", *stranger)).chain(PEOPLE.into_iter().zip(*rights));
        for (who, expected) in expected {
            let status = status(who, method, route).await;
            if status != expected {
                wrong.push(format!("{method} {route} as {who:?}: {status}, not {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_gives_a_sender_no_question_to_a_colleague_and_no_opinion() {
    let (mut browser, id, hold) = office().await;
    let (boss, colleague) = (address(BOSS), address(PEOPLE[3]));
    let (via, now) = (crate::journal::Via::Console, jiff::Timestamp::now());
    hold.ask_colleague(&id, &boss, &colleague, "May he?", via, now).await.unwrap();
    hold.give_opinion(&id, &colleague, "He may not.", via, now).await.unwrap();
    let _stopped_in_the_end = open(&mut browser, hold).await;
    for (who, reads) in [(SENDER, false), (BOSS, true), (PEOPLE[3], true)] {
        let extra = bearer(&browser, who).await;
        let page = browser.send("GET", &format!("/api/v1/held/{id}"), &extra, "").await;
        assert_eq!(page.status, 200, "{who}");
        for words in ["May he?", "He may not."] {
            assert_eq!(page.body.contains(words), reads, "{who}, {words}: {}", page.body);
        }
    }
}

#[test]
fn no_route_is_missing_from_the_table() {
    let known = |route: &str| {
        let route = route.replace("{what}", "approve");
        TABLE.iter().any(|(_, listed, ..)| *listed == route)
    };
    let mut routes = vec![provider::BEGIN, provider::BACK];
    for source in [include_str!("../mod.rs"), include_str!("../api.rs")] {
        let quoted = source.split(".route(\"").skip(1).filter_map(|rest| rest.split('"').next());
        routes.extend(quoted.filter(|route| !route.contains("{*")));
    }
    assert!(routes.len() >= 25, "{routes:?}");
    let missing: Vec<&str> = routes.into_iter().filter(|route| !known(route)).collect();
    assert!(missing.is_empty(), "say in TABLE whose they are: {missing:?}");
}
