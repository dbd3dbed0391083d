//! The console over the real hold: log in, look, approve; and a scanner that opens every link decides nothing.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
};

use crate::support::{
    eventually,
    relay::Relay,
    sink::Sink,
    talk::{self, letter},
};

const SENDER: &str = "sato@toho.example.co.jp";
const APPROVER: &str = "kacho@toho.example.co.jp";
const ACCOUNTANT: &str = "nencho@zeirishi.example.com";

/// As much of a browser as the pages need: cookies and forms.
pub(crate) struct Browser {
    at: SocketAddr,
    cookies: BTreeMap<String, String>,
}

pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) location: String,
    pub(crate) body: String,
}

impl Page {
    /// The value of a hidden field.
    pub(crate) fn field(&self, name: &str) -> String {
        let rest = self.body.split(&format!("name=\"{name}\" value=\"")).nth(1);
        assert!(rest.is_some(), "no field {name} in {}", self.body);
        rest.unwrap().split('"').next().unwrap().to_owned()
    }
}

impl Browser {
    pub(crate) fn new(at: SocketAddr) -> Self {
        Self { at, cookies: BTreeMap::new() }
    }

    pub(crate) fn get(&mut self, path: &str) -> Page {
        self.request(&format!("GET {path} HTTP/1.1\r\n"), "")
    }

    pub(crate) fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let encoded = |text: &str| text.bytes().map(|b| format!("%{b:02X}")).collect::<String>();
        let form =
            fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&");
        let head = format!(
            "POST {path} HTTP/1.1\r\nOrigin: http://{}\r\nContent-Type: application/x-www-form-urlencoded\r\n",
            self.at
        );
        self.request(&head, &form)
    }

    fn request(&mut self, head: &str, body: &str) -> Page {
        let cookies = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        let mut stream = TcpStream::connect(self.at).unwrap();
        write!(
            stream,
            "{head}Host: {}\r\nCookie: {cookies}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.at,
            body.len()
        )
        .unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let mut page = Page { status: head[9..12].parse().unwrap(), location: String::new(), body: body.to_owned() };
        for line in head.lines().skip(1) {
            let (name, value) = line.split_once(": ").unwrap();
            match name.to_ascii_lowercase().as_str() {
                "location" => page.location = value.to_owned(),
                "set-cookie" => {
                    let (name, value) = value.split(';').next().unwrap().split_once('=').unwrap();
                    self.cookies.insert(name.to_owned(), value.to_owned());
                }
                _ => {}
            }
        }
        page
    }

    pub(crate) fn log_in(&mut self, account: &str, password: &str) -> Page {
        let form = self.get("/login").field("form");
        self.post("/login", &[("form", &form), ("next", ""), ("account", account), ("password", password)])
    }
}

/// An account for `person`, logged in.
pub(crate) fn logged_in(relay: &Relay, person: &str) -> Browser {
    let add = relay.command(&["user", "add", person]);
    let password = String::from_utf8(add.stdout).unwrap().trim().split('\t').nth(1).unwrap().to_owned();
    let mut browser = Browser::new(relay.console);
    let page = browser.log_in(person, &password);
    assert_eq!(page.status, 303, "{}", page.body);
    browser
}

pub(crate) fn hold_one(relay: &Relay) -> String {
    let mail = letter("console", "年末調整", "従業員 高橋 由美のマイナンバーは 123456789018 です。");
    let reply = talk::send(relay.smtp, SENDER, &[ACCOUNTANT], &mail).unwrap();
    assert!(reply.starts_with("250 2.0.0 held"), "{reply}");
    relay.wait_for_state("pending")["id"].as_str().unwrap().to_owned()
}

#[test]
fn an_approver_looks_and_approves() {
    let sink = Sink::start();
    let relay = Relay::start(sink.address);
    let id = hold_one(&relay);
    let mut browser = logged_in(&relay, APPROVER);
    let list = browser.get("/held");
    assert!(list.body.contains(&id) && list.body.contains("年末調整"), "{}", list.body);
    let page = browser.get(&format!("/held/{id}"));
    assert!(page.body.contains("マイナンバー") && page.body.contains("9018"), "{}", page.body);
    assert!(!page.body.contains("123456789018"), "an unmasked value on a page");
    let csrf = page.field("csrf");
    let done = browser.post(&format!("/held/{id}/approve"), &[("csrf", &csrf), ("comment", "確認済み")]);
    assert_eq!(done.status, 303, "{}", done.body);
    eventually("the released mail", || sink.to(ACCOUNTANT).pop());
    let held = relay.wait_for_state("delivered");
    assert_eq!(held["approvals"][0]["via"], "console");
}

#[test]
fn the_sender_sees_the_mail_and_can_only_take_it_back() {
    let sink = Sink::start();
    let relay = Relay::start(sink.address);
    let id = hold_one(&relay);
    let mut browser = logged_in(&relay, SENDER);
    let page = browser.get(&format!("/held/{id}"));
    assert_eq!(page.status, 200);
    assert!(!page.body.contains(&format!("/held/{id}/approve")), "the sender is offered to approve");
    let csrf = page.field("csrf");
    let refused = browser.post(&format!("/held/{id}/approve"), &[("csrf", &csrf), ("comment", "")]);
    assert_ne!(refused.status, 303, "{}", refused.location);
    assert_eq!(relay.held()[0]["state"], "pending");
    let taken_back = browser.post(&format!("/held/{id}/withdraw"), &[("csrf", &csrf), ("comment", "")]);
    assert_eq!(taken_back.status, 303, "{}", taken_back.body);
    relay.wait_for_state("withdrawn");
    assert!(sink.to(ACCOUNTANT).is_empty());
}

#[test]
fn a_stranger_sees_nothing_and_a_scanner_decides_nothing() {
    let sink = Sink::start();
    let relay = Relay::start(sink.address);
    let id = hold_one(&relay);
    let mut stranger = logged_in(&relay, "somebody@toho.example.co.jp");
    assert_eq!(stranger.get(&format!("/held/{id}")).status, 404);
    assert!(!stranger.get("/held").body.contains(&id));

    // Every link of every notice, opened by a machine, with and without a login.
    let links: Vec<String> = eventually("both notices", || {
        let text = sink.mails().iter().map(|mail| decoded(&mail.bytes)).collect::<String>();
        let found =
            text.split("http://").skip(1).map(|rest| rest.split(['"', '<', '\r', '\n', ' ', '>']).next().unwrap());
        Some(found.map(str::to_owned).collect::<Vec<_>>()).filter(|links| links.len() >= 2)
    });
    // That no notice of any kind has another link is held by src/notice/tests.rs.
    let mut approver = logged_in(&relay, APPROVER);
    for link in links {
        let path = link.strip_prefix(&relay.console.to_string()).expect("a link to elsewhere");
        for browser in [&mut Browser::new(relay.console), &mut approver] {
            for what in ["", "/approve", "/reject", "/withdraw", "/release-alone", "?done=approve", "?what=approve"] {
                browser.get(&format!("{path}{what}"));
                browser.request(&format!("HEAD {path}{what} HTTP/1.1\r\n"), "");
                let posted = browser.post(&format!("{path}{what}"), &[]);
                assert!(!posted.location.contains("done="), "{path}{what}: {}", posted.location);
            }
        }
    }
    assert_eq!(relay.held()[0]["state"], "pending");
    assert_eq!(relay.held()[0]["approvals"], serde_json::json!([]));
}

#[test]
fn a_drill_is_decided_like_any_mail_never_leaves_and_is_told_to_whoever_let_it_pass() {
    let sink = Sink::start();
    let relay = Relay::start(sink.address);
    let mut security = logged_in(&relay, "security@toho.example.co.jp");
    let csrf = security.get("/approvers").field("csrf");
    let begun = security.post("/approvers/drill", &[("csrf", &csrf)]);
    assert_eq!((begun.status, begun.location.as_str()), (303, "/approvers?drilled=1"), "{}", begun.body);
    let held = relay.wait_for_state("pending");
    let id = held["id"].as_str().unwrap();
    assert!(held["persons"].as_u64().unwrap() >= 20, "it is judged as any mail: {held}");
    let request = eventually("the request", || sink.to(APPROVER).pop());
    assert!(!decoded(&request.bytes).contains("訓練"), "who is asked is not told beforehand");

    let mut approver = logged_in(&relay, APPROVER);
    let csrf = approver.get(&format!("/held/{id}")).field("csrf");
    assert_eq!(approver.post(&format!("/held/{id}/approve"), &[("csrf", &csrf), ("comment", "")]).status, 303);
    relay.wait_for_state("withdrawn");
    let told = eventually("the word that it was a drill", || sink.to(APPROVER).into_iter().nth(1));
    assert!(decoded(&told.bytes).contains("訓練のメールを承認しました"));
    assert!(sink.mails().iter().all(|mail| mail.to.iter().all(|to| !to.contains("kenshu"))), "it left");
    assert!(security.get("/approvers").body.contains("訓練のメールを1件、承認しています。"));
    let traced = String::from_utf8(relay.command(&["trace", id]).stdout).unwrap();
    assert_eq!(traced.lines().count(), 2, "{traced}");
}

/// All text parts of a mail.
pub(crate) fn decoded(bytes: &[u8]) -> String {
    let mail = mail_parser::MessageParser::default().parse(bytes).unwrap();
    let texts = (0..mail.text_body_count()).filter_map(|n| mail.body_text(n).map(|text| text.into_owned()));
    texts.chain((0..mail.html_body_count()).filter_map(|n| mail.body_html(n).map(|html| html.into_owned()))).collect()
}
