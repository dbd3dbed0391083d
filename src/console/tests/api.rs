//! The API: tokens, the same rights as on the pages, and a description that is true.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::*;
use crate::directory::{ApiToken, ApiTokens};

/// A program with a token of `who`.
pub(super) async fn program(browser: &Browser, who: &str, lasts: i64) -> String {
    let token = ApiToken::generate().unwrap();
    let (made_at, name) = (Timestamp::now(), format!("test {lasts}"));
    let expires_at = made_at + SignedDuration::from_secs(lasts);
    let kept = ApiToken { who: address(who), name, made_at, expires_at };
    browser.people.put_api_token(&ApiToken::hash(&token).unwrap(), &kept).await.unwrap();
    token
}

pub(super) async fn ask(browser: &mut Browser, token: &str, request: (&str, &str), body: &str) -> (u16, Value) {
    let kind = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
    let extra = format!("Authorization: Bearer {token}\r\n{kind}");
    let page = browser.send(request.0, request.1, &extra, body).await;
    (page.status, serde_json::from_str(&page.body).unwrap_or(Value::Null))
}

#[tokio::test]
async fn a_program_sees_and_decides_what_its_person_may() {
    let mut browser = Browser::new(Language::En).await;
    let (hanako, taro) =
        (program(&browser, "hanako@example.co.jp", 60).await, program(&browser, "taro@example.co.jp", 60).await);
    let (status, list) = ask(&mut browser, &hanako, ("GET", "/api/v1/held"), "").await;
    assert_eq!((status, &list["held"][0]["id"], &list["held"][0]["may_decide"]), (200, &json!(ID), &json!(true)));
    assert_eq!(list["next"], "1795312800000000-01");
    let (_, rest) = ask(&mut browser, &hanako, ("GET", "/api/v1/held?behind=1795312800000000-01"), "").await;
    assert_eq!(rest["next"], Value::Null);
    assert_eq!(ask(&mut browser, &taro, ("GET", "/api/v1/held"), "").await.1["held"], json!([]));
    assert_eq!(ask(&mut browser, &taro, ("GET", "/api/v1/held?part=own"), "").await.1["held"][0]["id"], ID);

    let path = format!("/api/v1/held/{ID}");
    let (status, held) = ask(&mut browser, &hanako, ("GET", &path), "").await;
    assert_eq!((status, &held["state"], &held["inspection"]["persons"]), (200, &json!("pending"), &json!(12_000)));
    assert_eq!(held["inspection"]["findings"][0]["examples"][0]["masked"], "090-****-5678");

    let approve = format!("{path}/approve");
    let (status, refused) = ask(&mut browser, &taro, ("POST", &approve), "{}").await;
    assert_eq!((status, &refused["error"]["code"]), (403, &json!("not_allowed")));
    assert_eq!(browser.desk.state(), State::Pending);
    let (status, done) = ask(&mut browser, &hanako, ("POST", &approve), r#"{"comment":"checked"}"#).await;
    assert_eq!((status, &done["state"]), (200, &json!("approved")));
    assert_eq!(done["history"][0]["comment"], "checked");
    let (status, late) = ask(&mut browser, &hanako, ("POST", &approve), "").await;
    assert_eq!((status, &late["error"]["code"]), (409, &json!("decided")));
}

#[tokio::test]
async fn only_a_living_token_opens_the_api_and_a_cookie_never_does() {
    let mut browser = Browser::of("hanako@example.co.jp").await;
    let (ended, living) =
        (program(&browser, "hanako@example.co.jp", 0).await, program(&browser, "hanako@example.co.jp", 60).await);
    let gone = program(&browser, "gone@example.co.jp", 60).await;
    for (token, why) in [
        (ended.as_str(), "its time is over"),
        (gone.as_str(), "its person is shut out"),
        ("", "there is none"),
        ("sekisho_AAAA", "nobody made it"),
        (&living[..20], "it is cut off"),
    ] {
        let (status, refused) = ask(&mut browser, token, ("GET", "/api/v1/held"), "").await;
        assert_eq!((status, &refused["error"]["code"]), (401, &json!("unauthorized")), "{why}");
    }
    let page = browser.get("/api/v1/held").await;
    assert_eq!((page.status, page.header("www-authenticate")), (401, "Bearer"), "the cookie of a browser is none");
    assert_eq!(ask(&mut browser, &living, ("GET", "/api/v1/held"), "").await.0, 200);
    browser.people.end_api_token(&address("hanako@example.co.jp"), "test 60").await.unwrap();
    assert_eq!(ask(&mut browser, &living, ("GET", "/api/v1/held"), "").await.0, 401);
}

#[tokio::test]
async fn what_cannot_be_understood_is_said_in_json() {
    let mut browser = Browser::new(Language::En).await;
    let token = program(&browser, "hanako@example.co.jp", 60).await;
    for (request, body, status, code) in [
        (("GET", "/api/v1/held?part=all"), "", 400, "bad_request"),
        (("GET", "/api/v1/held?behind=x"), "", 400, "bad_request"),
        (("GET", "/api/v1/held/UNKNOWN"), "", 404, "not_found"),
        (("GET", "/api/v1/held/..%2f"), "", 404, "not_found"),
        (("GET", "/api/v1/held/BROKEN"), "", 503, "unavailable"),
        (("POST", &*format!("/api/v1/held/{ID}/burn")), "{}", 404, "not_found"),
        (("POST", &*format!("/api/v1/held/{ID}/approve")), "{", 400, "bad_request"),
        (("POST", &*format!("/api/v1/held/{ID}/approve")), r#"{"comment":5}"#, 400, "bad_request"),
        (("GET", "/api/v1/nothing"), "", 404, "not_found"),
        (("GET", "/api/v1/held/a/b/c"), "", 404, "not_found"),
    ] {
        let (found, said) = ask(&mut browser, &token, request, body).await;
        assert_eq!((found, &said["error"]["code"]), (status, &json!(code)), "{request:?} {body}");
        assert!(said["error"]["message"].as_str().is_some_and(|text| !text.contains("/var/lib")));
    }
    assert_eq!(browser.desk.state(), State::Pending);
}

#[tokio::test]
async fn a_token_is_one_factor_and_decides_nothing_where_two_are_asked_for() {
    let mut logins = Logins::default();
    logins.second_factor = Need::Deciders;
    let mut browser = Browser::with(Language::En, logins).await;
    let token = program(&browser, "hanako@example.co.jp", 60).await;
    for what in ["approve", "reject"] {
        let (status, refused) = ask(&mut browser, &token, ("POST", &format!("/api/v1/held/{ID}/{what}")), "").await;
        assert_eq!((status, &refused["error"]["code"]), (403, &json!("second_factor")));
    }
    assert_eq!(ask(&mut browser, &token, ("GET", "/api/v1/held"), "").await.0, 200);
    assert_eq!(browser.desk.state(), State::Pending);
}

#[tokio::test]
async fn the_description_names_every_route_and_every_field() {
    let mut browser = Browser::new(Language::En).await;
    let page = browser.get("/api/v1/openapi.json").await;
    assert_eq!(page.header("content-type"), "application/json");
    let described: Value = serde_json::from_str(&page.body).unwrap();
    let paths: BTreeSet<&str> = described["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    let source = include_str!("../api.rs");
    let routed: BTreeSet<&str> = source
        .split(".route(\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .filter(|route| !route.contains("{*"))
        .collect();
    assert_eq!(paths, routed);

    let token = program(&browser, "hanako@example.co.jp", 60).await;
    let list = ask(&mut browser, &token, ("GET", "/api/v1/held"), "").await.1;
    let held = ask(&mut browser, &token, ("GET", &format!("/api/v1/held/{ID}")), "").await.1;
    for (schema, answer) in [("List", &list), ("Line", &list["held"][0]), ("Held", &held)] {
        let named = described["components"]["schemas"][schema]["properties"].as_object().unwrap();
        let named: BTreeSet<&String> = named.keys().collect();
        let given: BTreeSet<&String> = answer.as_object().unwrap().keys().collect();
        assert_eq!(named, given, "{schema}");
    }
}
