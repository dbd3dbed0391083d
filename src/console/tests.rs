//! The console over a real loopback socket: a small HTTP client, an invented desk, invented accounts.

mod account;
mod api;
mod journal;
mod news;
mod queue;
mod review;
mod rights;
mod sections;
mod sign_on;
mod tongue;
mod trial;

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, OnceLock},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::*;
use crate::{
    directory::{self, Account, Accounts, Password, People, Role},
    hold::{
        Approving, Cause, Content, File, HeldSummary, HoldError, Leaf, Line, Look, Looked, Opinion, Part, Queue,
        Queues, State, Step, Wish,
    },
    inspect::{
        Attachment, By, Category, Confidence, Coverage, Example, Finding, Inspected, Inspection, Raised, Reason,
        Reportable, Uninspected, Validation, Why,
    },
    journal::Access,
    language::Text,
    mail::{Address, Envelope, MailId, Message},
    notice::{Progress, Story, Wording},
    policy::{Action, Matched, Policies},
    recipients::{Check, Direction, Issue, Recipient},
    store::Store,
    telemetry::health::Condition,
};

const PASSWORD: &str = "a sentence only Hanako knows";
/// The mail behind it, whose text attacks the page that shows it.
const LETTER: &str = "From: =?utf-8?B?5L2Q6Jek5aSq6YOO?= <taro@example.co.jp>\nTo: suzuki@kita-hoan.example.com\nBcc: \
                      hidden@example.com\nSubject: x\nContent-Type: text/html; charset=utf-8\n\n<p>北保安サービス 山田様</p>\
                      <p style=\"color:#1a56a0\">いつもお世話になっております。<b>12,000名分</b>の顧客名簿をお送りします。</p>\
                      <table border=1><tr><th>区分</th><td>点検</td></tr></table>\
                      <script>alert(1)</script></iframe><img src=\"https://evil.example/pixel.png\">\
                      <form action=\"https://evil.example\"><input name=a></form><a href=\"https://evil.example\">開く</a>\n";
/// The only script that a page has.
const SCRIPT: &str = "<script src=\"/script.js\" defer></script>";
const ID: &str = "01KB3M7Q8ZJ4V0C2N9T5R6W1XY";

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

fn story() -> Story {
    let example = |masked: &str, place: &str, hidden| Example {
        masked: masked.into(),
        place: place.into(),
        hidden,
        quoted: false,
        why: Some(Why {
            raised: vec![Raised::Header { word: "電話番号".to_owned() }],
            ..Why::plain(By::Column, Validation::NumberingPlan)
        }),
    };
    let finding = |detector: &str, category, examples| Finding {
        detector: detector.into(),
        title: None,
        category,
        confidence: Confidence::High,
        count: 12_000,
        examples,
    };
    let attached = |name: &str, kind: &str, size| Attachment { kind: kind.into(), name: name.into(), size };
    let read = |place: &str, characters| Inspected { place: place.into(), characters, note: None };
    let issue = Issue::new(
        Check::LookalikeDomain,
        "kita-haon.example.com ≈ kita-hoan.example.com",
        "いつもの宛先とよく似た、別のドメインです（kita-haon.example.com ≈ kita-hoan.example.com）。",
        "The domain looks like one that you write to, but is a different one (kita-haon.example.com ≈ kita-hoan.example.com).",
    )
    .meaning("yamada@kita-hoan.example.com");
    let recipient = |to: &str, issues| Recipient { issues, ..Recipient::new(address(to), Direction::External) };
    Story {
        id: MailId(ID.into()),
        message_id: None,
        subject: "業務委託の件<script>alert(1)</script>".into(),
        sender: Some(address("taro@example.co.jp")),
        author: "佐藤太郎 <taro@example.co.jp>".into(),
        recipients: vec![
            recipient("suzuki@kita-hoan.example.com", vec![]),
            recipient("yamada@kita-haon.example.com", vec![issue]),
        ],
        sent_to: vec![],
        inspection: Inspection {
            kind: "mail".into(),
            persons: 12_000,
            visible_persons: 12_000,
            reportable: vec![Reportable::Over1000],
            findings: vec![
                finding(
                    "jp.phone",
                    Category::Contact,
                    vec![
                        example("090-****-5678", "業務委託.xlsx › 顧客!F2", true),
                        example("080-****-1234", "業務委託.xlsx › 顧客!F3", true),
                    ],
                ),
                finding(
                    "jp.bank_account",
                    Category::Financial,
                    vec![example("***4567", "業務委託.xlsx › 口座!C2", false)],
                ),
                finding("jp.name", Category::Identity, vec![example("山* 太*", "body:3", false)]),
            ],
            uninspected: vec![Uninspected { place: "図面.zip › 図面.pdf".into(), reason: Reason::Encrypted }],
            coverage: Coverage { parts: 4, inspected: 3, characters: 968_412 },
            attachments: vec![attached("業務委託.xlsx", "xlsx", 1_734_000), attached("図面.zip", "zip", 88_100)],
            inspected: vec![
                read("body", 412),
                read("業務委託.xlsx › 顧客", 960_000),
                read("業務委託.xlsx › 口座", 8_000),
            ],
            ..Inspection::default()
        },
        action: Action::RequireApproval,
        matched: vec![Matched {
            rule: "bulk-personal-data".into(),
            action: Action::RequireApproval,
            title: Text {
                ja: "10人以上の個人情報を社外に送ろうとしています".into(),
                en: "Personal data of ten people or more to outside".into(),
            },
            duties: Default::default(),
        }],
        progress: Progress::default(),
        deciders: vec![address("hanako@example.co.jp")],
        arrived_at: "2026-11-20T00:30:00Z".parse().unwrap(),
        deadline: "2026-11-30T09:00:00Z".parse().unwrap(),
    }
}

/// One held mail: Taro sent it, Hanako decides.
struct Fake {
    state: Mutex<(State, Vec<Step>)>,
    /// How people came in.
    accesses: Mutex<Vec<(String, Access)>>,
    opinions: Mutex<Vec<Opinion>>,
    sent_back: Mutex<bool>,
    /// Whether an approval is not the last that is needed.
    needs_another: Mutex<bool>,
    /// Of which mails the page was before a decider.
    seen: Mutex<Vec<MailId>>,
}

impl Fake {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new((State::Pending, Vec::new())),
            accesses: Mutex::default(),
            opinions: Mutex::default(),
            sent_back: Mutex::default(),
            needs_another: Mutex::default(),
            seen: Mutex::default(),
        })
    }

    fn state(&self) -> State {
        self.state.lock().unwrap().0
    }

    fn act(&self, who: &Address, id: &MailId, to: State, comment: &str) -> Result<(), DeskError> {
        if id.0 != ID {
            return Err(DeskError::Unknown);
        }
        let (held, person) = (id.clone(), who.clone());
        match (who.as_str() == "taro@example.co.jp", to == State::Withdrawn) {
            (true, false) => return Err(HoldError::OwnMail { id: held, person }.into()),
            (false, true) => return Err(HoldError::NotTheSender { id: held, person }.into()),
            (true, true) | (false, false) => {}
        }
        let (mut state, at) = (self.state.lock().unwrap(), "2026-11-20T01:00:00Z".parse().unwrap());
        if state.0 != State::Pending {
            return Err(HoldError::Decided { id: held, state: state.0, since: at }.into());
        }
        state.0 = to;
        state.1.push(Step {
            at,
            by: Some(person),
            change: to.name().into(),
            comment: comment.into(),
            about: String::new(),
        });
        Ok(())
    }
}

impl Fake {
    /// What the sender does that decides nothing.
    async fn sent(&self, who: &Address, id: &MailId, change: &str, comment: &str) -> Result<(), DeskError> {
        if who.as_str() != "taro@example.co.jp" {
            return Err(HoldError::NotTheSender { id: id.clone(), person: who.clone() }.into());
        }
        let at = "2026-11-20T01:00:00Z".parse().unwrap();
        let step =
            Step { at, by: Some(who.clone()), change: change.into(), comment: comment.into(), about: String::new() };
        self.state.lock().unwrap().1.push(step);
        Ok(())
    }
}

impl Desk for Fake {
    async fn leaf(&self, who: &Address, wish: &Wish) -> Result<Leaf, DeskError> {
        let file = self.show(who, &MailId(ID.into())).await?;
        let story = file.story;
        let summary = HeldSummary {
            id: story.id,
            state: file.state,
            mail_from: story.sender,
            rcpt_to: story.recipients.into_iter().map(|recipient| recipient.address).collect(),
            subject: story.subject,
            persons: story.inspection.persons,
            decision: story.action,
            rules: vec![],
            created_at: story.arrived_at,
            expires_at: story.deadline,
            approvals: vec![],
        };
        let here = match wish.part {
            Part::Waiting => file.may_decide,
            Part::Others => file.state == State::Pending && !file.may_decide,
            Part::Own => who.as_str() == "taro@example.co.jp",
            Part::Done => file.state != State::Pending,
        } && (wish.words.is_empty() || summary.subject.contains(&wish.words));
        let cause = Cause { checks: vec![Check::LookalikeDomain], ..Cause::default() };
        let left = Some(jiff::SignedDuration::from_hours(5)).filter(|_| file.state == State::Pending);
        let line = Line { summary, may_decide: file.may_decide, may_withdraw: file.may_withdraw, left, cause };
        let next = wish.behind.is_none().then(|| "1795312800000000-01".parse().unwrap());
        Ok(Leaf { lines: if here { vec![line] } else { vec![] }, next: next.filter(|_| here) })
    }

    async fn show(&self, who: &Address, id: &MailId) -> Result<File, DeskError> {
        assert_ne!(id.0, "PANIC", "a handler panics");
        match id.0.as_str() {
            ID => {
                let (state, history) = self.state.lock().unwrap().clone();
                let (open, is_sender) = (state == State::Pending, who.as_str() == "taro@example.co.jp");
                let (may_decide, may_withdraw) = (open && !is_sender, open && is_sender);
                Ok(File {
                    story: story(),
                    state,
                    history,
                    may_decide,
                    may_withdraw,
                    may_release_alone: may_withdraw,
                    may_ask_others: may_withdraw,
                    tally: (0, 1),
                    reason: String::new(),
                    may_view: true,
                    may_ask_colleague: may_decide,
                    may_give_opinion: false,
                    opinions: self.opinions.lock().unwrap().clone(),
                    sent_back: *self.sent_back.lock().unwrap(),
                })
            }
            "BROKEN" => Err(HoldError::Row("disk /var/lib/secret is full".into()).into()),
            _ => Err(DeskError::Unknown),
        }
    }

    async fn look(&self, who: &Address, id: &MailId, look: Look<'_>) -> Result<Content, DeskError> {
        let by = Some(who.clone());
        let at = "2026-11-20T00:45:00Z".parse().unwrap();
        self.show(who, id).await?;
        let about = match look {
            Look::Original => String::new(),
            Look::Letter => Look::LETTER.to_owned(),
            Look::Place(place) if place.starts_with("業務委託.xlsx") => place.to_owned(),
            Look::Place(_) => return Err(HoldError::NoSuchPlace { id: id.clone() }.into()),
        };
        self.state.lock().unwrap().1.push(Step { at, by, change: "viewed".into(), comment: String::new(), about });
        let message = Message::new(LETTER.replace('\n', "\r\n").into_bytes());
        Ok(Content { message, envelope: Envelope::default() })
    }

    async fn send_back(&self, who: &Address, id: &MailId, comment: &str) -> Result<(), DeskError> {
        if comment.is_empty() {
            return Err(HoldError::NoComment { id: id.clone() }.into());
        }
        self.act(who, id, State::Rejected, comment)?;
        *self.sent_back.lock().unwrap() = true;
        Ok(())
    }

    async fn ask_colleague(
        &self,
        who: &Address,
        id: &MailId,
        colleague: &Address,
        question: &str,
    ) -> Result<(), DeskError> {
        if colleague.as_str() == "taro@example.co.jp" {
            return Err(HoldError::NotAColleague { id: id.clone(), person: colleague.clone() }.into());
        }
        let (asked_at, question) = ("2026-11-20T01:00:00Z".parse().unwrap(), question.to_owned());
        let (person, asked_by) = (colleague.clone(), who.clone());
        self.opinions.lock().unwrap().push(Opinion { person, asked_by, question, asked_at, said: None });
        Ok(())
    }

    async fn give_opinion(&self, who: &Address, id: &MailId, opinion: &str) -> Result<(), DeskError> {
        let mut opinions = self.opinions.lock().unwrap();
        let Some(asked) = opinions.iter_mut().find(|one| one.person == *who && one.said.is_none()) else {
            return Err(HoldError::NotConsulted { id: id.clone(), person: who.clone() }.into());
        };
        asked.said = Some((opinion.to_owned(), asked.asked_at));
        Ok(())
    }

    async fn approve(&self, who: &Address, id: &MailId, comment: &str, _strong: bool) -> Result<(), DeskError> {
        if *self.needs_another.lock().unwrap() {
            let (at, by) = ("2026-11-20T01:00:00Z".parse().unwrap(), Some(who.clone()));
            let step = Step { at, by, change: "agreed".into(), comment: comment.into(), about: String::new() };
            self.state.lock().unwrap().1.push(step);
            return Ok(());
        }
        self.act(who, id, State::Approved, comment)
    }

    async fn reject(&self, who: &Address, id: &MailId, comment: &str) -> Result<(), DeskError> {
        self.act(who, id, State::Rejected, comment)
    }

    async fn withdraw(&self, who: &Address, id: &MailId) -> Result<(), DeskError> {
        self.act(who, id, State::Withdrawn, "")
    }

    async fn give_reason(&self, who: &Address, id: &MailId, reason: &str) -> Result<(), DeskError> {
        self.sent(who, id, "reason", reason).await
    }

    async fn ask_others(&self, who: &Address, id: &MailId) -> Result<(), DeskError> {
        self.sent(who, id, "escalated", "").await
    }

    async fn release_alone(&self, who: &Address, id: &MailId, looked: &Looked, reason: &str) -> Result<(), DeskError> {
        let missing: Vec<String> = story().recipients.iter().map(|one| one.address.to_string()).collect();
        if looked.recipients != missing || looked.attachments.len() != story().inspection.attachments.len() {
            return Err(HoldError::NotLooked { id: id.clone(), missing }.into());
        }
        self.sent(who, id, "released_alone", reason).await?;
        self.state.lock().unwrap().0 = State::Approved;
        Ok(())
    }

    async fn saw(&self, _who: &Address, id: &MailId) -> Result<(), DeskError> {
        self.seen.lock().unwrap().push(id.clone());
        Ok(())
    }

    async fn approving(&self, _since: jiff::Timestamp) -> Result<Vec<Approving>, DeskError> {
        let stamp = Approving { waiting: 2, decided: 25, approved: 25, unseen: 3, ..Approving::default() };
        Ok(vec![Approving { person: "<b>hanako@example.co.jp".to_owned(), ..stamp }])
    }

    async fn queues(&self) -> Result<Queues, DeskError> {
        Ok(Queues { held: Queue { length: 7, oldest: None }, ..Queues::default() })
    }

    fn people(&self) -> Arc<People> {
        let mut person = directory::Person::new(address("hanako@example.co.jp"));
        person.name = Some("山田 <i>花子</i>".to_owned());
        person.manager = Some(address("boss@example.co.jp"));
        let groups = std::collections::BTreeMap::from([("法務".to_owned(), vec![person.address.clone()])]);
        Arc::new(People::new(vec![person], groups))
    }

    async fn news(&self, _: &Address, since: jiff::Timestamp) -> Result<usize, DeskError> {
        // One mail, which came at the beginning of time.
        Ok(usize::from(since == jiff::Timestamp::UNIX_EPOCH))
    }

    fn language(&self, who: &Address) -> Option<Language> {
        (who.as_str() == "jane@example.co.jp").then_some(Language::En)
    }

    fn roles(&self, who: &Address) -> BTreeSet<Role> {
        if who.as_str() == "hanako@example.co.jp" { BTreeSet::from([Role::Security]) } else { BTreeSet::new() }
    }

    async fn note(&self, who: &Address, access: Access, place: &str) {
        assert!(place == "127.0.0.1" || place.starts_with("198.51.100."), "{place}");
        self.accesses.lock().unwrap().push((who.to_string(), access));
    }
}

/// Accounts in a store of their own: Hanako's, Taro's, and one that is switched off.
async fn people() -> (tempfile::TempDir, Arc<Store>) {
    static HASH: OnceLock<String> = OnceLock::new();
    let hash = HASH.get_or_init(|| Password::chosen(PASSWORD, &address("x@y.jp")).unwrap().hash().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    for (name, disabled) in
        [("hanako@example.co.jp", false), ("taro@example.co.jp", false), ("gone@example.co.jp", true)]
    {
        let (address, created_at) = (address(name), jiff::Timestamp::UNIX_EPOCH);
        store.put_account(&Account { address, password_hash: hash.clone(), disabled, created_at }).await.unwrap();
    }
    (dir, Arc::new(store))
}

/// Judges every mail alike, and tells what it was asked; reads held mails without a worker.
fn engine(people: &Arc<Store>) -> Engine {
    let judge: Judge = Arc::new(|envelope: Envelope, message: Message| {
        Box::pin(async move {
            let subject =
                String::from_utf8_lossy(message.header("Subject").map_or(b"", |field| field.value)).into_owned();
            if subject.contains("busy") {
                return Err("no worker is free".to_owned());
            }
            let attached = message.bytes().windows(11).any(|bytes| bytes == b"attachment;");
            let recipients = envelope.recipients.iter();
            let recipients = recipients.map(|to| Recipient::new(to.clone(), Direction::External)).collect();
            let subject = format!("{} / {} / {}", subject.trim(), envelope.sender.unwrap(), attached);
            Ok(Story { id: MailId(String::new()), subject, recipients, ..story() })
        })
    });
    let policies = Policies::compile(&[], Action::Forward).unwrap();
    let book = Arc::new(Rulebook::new(&policies, std::iter::empty()));
    let drill: Drill = Arc::new(|_| Box::pin(async { Ok(MailId(ID.into())) }));
    Engine {
        judge,
        drill,
        reader: review::reader(),
        ledger: journal::books(people),
        rulebook: Arc::new(move || Arc::clone(&book)),
        health: Health::default(),
    }
}

/// A running console and a browser without scripts.
struct Browser {
    at: SocketAddr,
    desk: Arc<Fake>,
    people: Arc<Store>,
    cookies: HashMap<String, String>,
    _dir: tempfile::TempDir,
    _stop: tokio_util::sync::DropGuard,
}

struct Page {
    status: u16,
    head: String,
    body: String,
}

impl Page {
    fn header(&self, name: &str) -> &str {
        let of = |line: &'_ str| line.split_once(": ").is_some_and(|(known, _)| known.eq_ignore_ascii_case(name));
        self.head.lines().find(|line| of(line)).and_then(|line| line.split_once(": ")).map_or("", |(_, value)| value)
    }

    fn field(&self, name: &str) -> String {
        let mark = format!("name=\"{name}\" value=\"");
        let (_, rest) = self.body.split_once(&mark).unwrap_or_default();
        rest.split('"').next().unwrap_or_default().to_owned()
    }
}

fn voice(language: Language) -> Voice {
    Voice {
        language,
        organization: "東邦観光株式会社".into(),
        hostname: "sekisho.example.co.jp".into(),
        timezone: TimeZone::get("Asia/Tokyo").unwrap(),
        public_url: "https://sekisho.example.co.jp".into(),
        wording: Wording::default(),
    }
}

impl Browser {
    async fn new(language: Language) -> Self {
        Self::with(language, Logins::default()).await
    }

    async fn with(language: Language, logins: Logins) -> Self {
        Self::over(language, logins, |_| {}).await
    }

    /// One over an engine that was changed.
    async fn over(language: Language, logins: Logins, change: impl FnOnce(&mut Engine)) -> Self {
        let (desk, (dir, people)) = (Fake::new(), people().await);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let mut engine = engine(&people);
        change(&mut engine);
        let router = router(Arc::clone(&desk), Arc::clone(&people), logins, engine, &voice(language));
        let stop = CancellationToken::new();
        tokio::spawn(serve(listener, router, stop.clone()));
        Self { at, desk, people, cookies: HashMap::new(), _dir: dir, _stop: stop.drop_guard() }
    }

    async fn send(&mut self, method: &str, path: &str, extra: &str, body: &str) -> Page {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nCookie: {}\r\n{extra}Content-Length: {}\r\n\r\n{body}",
            self.at,
            cookies.join("; "),
            body.len()
        );
        let mut stream = TcpStream::connect(self.at).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        for line in head.lines().filter_map(|line| line.strip_prefix("set-cookie: ")) {
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            let site = if name == "sekisho_login" { "Lax" } else { "Strict" };
            assert!(line.contains(&format!("; HttpOnly; SameSite={site}; Secure")), "{line}");
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        Page { status, head: head.to_owned(), body: body.to_owned() }
    }

    async fn get(&mut self, path: &str) -> Page {
        self.send("GET", path, "", "").await
    }

    async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
        let body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let extra = format!("Content-Type: application/x-www-form-urlencoded\r\nOrigin: http://{}\r\n", self.at);
        self.send("POST", path, &extra, &body.join("&")).await
    }

    async fn log_in(&mut self, who: &str, password: &str) -> Page {
        let form = self.get("/login").await.field("form");
        self.post("/login", &[("account", who), ("password", password), ("form", &form)]).await
    }

    async fn of(who: &str) -> Self {
        let mut browser = Self::new(Language::Ja).await;
        let page = browser.log_in(who, PASSWORD).await;
        assert_eq!((page.status, page.header("location")), (303, "/held"), "{}", page.body);
        browser
    }

    async fn csrf(&mut self) -> String {
        self.get(&format!("/held/{ID}")).await.field("csrf")
    }
}

fn mail(rest: &str) -> String {
    format!("/held/{ID}{rest}")
}

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
async fn the_list_and_the_mail_tell_the_story() {
    let mut browser = Browser::of("hanako@example.co.jp").await;
    let list = browser.get("/held").await;
    assert_eq!(list.status, 200);
    for fact in ["承認待ち", "約12,000人分", "taro@example.co.jp", "2026年11月30日(月) 18:00", "hanako@example.co.jp"]
    {
        assert!(list.body.contains(fact), "{fact}");
    }
    let page = browser.get(&mail("")).await;
    for fact in [
        "10人以上の個人情報を社外に送ろうとしています",
        "yamada@kita-haon.example.com",
        "正しい宛先は yamada@kita-hoan.example.com",
        "電話番号",
        "業務委託.xlsx</p>",
        "<b>顧客</b>",
        "F列",
        "見本2件（メール全体で12,000件）",
        "社外の2件（yamada@kita-haon.example.com、suzuki@kita-hoan.example.com）",
        "090-****-5678",
        "通常の表示では見えない",
        "電話番号計画に合う（libphonenumber）；確度を上げたもの：列の見出し「電話番号」",
        "図面.pdf</b>",
        "中身を読めていません",
        "すべて読みました（2か所、968,000文字）",
        "パスワードがかかっているため",
        "本文</p>",
        "3行目",
        "承認して送信する",
        "1,000人超",
    ] {
        assert!(page.body.contains(fact), "{fact}");
    }
    assert!(!page.body.contains("取り消す</button>"), "only the sender withdraws");
}

#[tokio::test]
async fn nothing_of_a_mail_becomes_markup() {
    let mut browser = Browser::of("hanako@example.co.jp").await;
    for path in ["/held".to_owned(), mail("")] {
        let page = browser.get(&path).await;
        assert!(!page.body.replace(SCRIPT, "").contains("<script"), "{path}");
        assert!(page.body.contains("&#60;script&#62;alert(1)"), "{path}");
    }
}

#[tokio::test]
async fn every_answer_carries_the_headers_that_close_it() {
    let mut browser = Browser::of("hanako@example.co.jp").await;
    for path in [
        "/held",
        "/login",
        "/nowhere",
        "/style.css",
        "/script.js",
        "/healthz",
        &mail(""),
        &mail("/approve"),
        "/held/PANIC",
    ] {
        let page = browser.get(path).await;
        let policy = page.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'")
                && !policy.contains("unsafe"),
            "{path}"
        );
        assert_eq!(page.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(page.header("x-frame-options"), "DENY", "{path}");
        assert!(page.header("strict-transport-security").contains("max-age"), "{path}");
        let cached = if ["/style.css", "/script.js"].contains(&path) { "max-age=3600" } else { "no-store" };
        assert_eq!(page.header("cache-control"), cached, "{path}");
        assert!(!page.body.contains("style=\"") && !page.body.contains("onclick"), "{path}");
    }
}

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

#[tokio::test]
async fn faults_tell_nothing_and_the_server_lives_on() {
    let mut browser = Browser::of("hanako@example.co.jp").await;
    let page = browser.get("/held/PANIC").await;
    assert_eq!(page.status, 500);
    assert!(page.body.contains("問題が起きました") && !page.body.contains("panics"));
    let page = browser.get("/held/BROKEN").await;
    assert_eq!(page.status, 503);
    assert!(!page.body.contains("/var/lib"));
    assert_eq!(browser.get("/held/UNKNOWN").await.status, 404);
    assert_eq!(browser.get("/nowhere").await.status, 404);
    assert_eq!(browser.get("/held/%FF%FE").await.status, 400);
    assert_eq!(browser.get("/held/%0D%0AX:1").await.status, 404);
    let csrf = browser.csrf().await;
    let huge = "x".repeat(LARGEST_FORM);
    let page = browser.post(&mail("/reject"), &[("csrf", &csrf), ("comment", &huge)]).await;
    assert_eq!(page.status, 400);
    let page = browser.get("/healthz").await;
    assert_eq!((page.status, page.body.as_str()), (200, "ok\n"));
    assert_eq!(browser.desk.state(), State::Pending);
}

#[tokio::test]
async fn english_pages_are_english() {
    let mut browser = Browser::new(Language::En).await;
    assert_eq!(browser.log_in("hanako@example.co.jp", PASSWORD).await.status, 303);
    let page = browser.get(&mail("")).await;
    assert!(page.body.contains("lang=\"en\"") && page.body.contains("Approve and send"));
    assert!(page.body.contains("Mon 30 Nov 2026, 18:00 JST") && page.body.contains("about 12,000 people"));
}

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

/// `SEKISHO_PAGES=folder cargo test pages_can_be_looked_at` writes the pages there, style inlined, to be looked at.
#[tokio::test]
async fn pages_can_be_looked_at() {
    let folder = std::env::var_os("SEKISHO_PAGES").map(std::path::PathBuf::from);
    let mut browser = Browser::of("hanako@example.co.jp").await;
    let style = browser.get("/style.css").await.body;
    let csrf = browser.csrf().await;
    for (name, path) in
        [("list", "/held".to_owned()), ("show", mail("")), ("login", "/login".into()), ("none", "/x".into())]
    {
        let page = browser.get(&path).await;
        assert!(page.body.contains("href=\"/style.css\""), "{name}");
        if let Some(folder) = &folder {
            let link = "<link rel=\"stylesheet\" href=\"/style.css\">";
            let body = page.body.replace(link, &format!("<style>{style}</style>"));
            std::fs::write(folder.join(format!("{name}.html")), body).unwrap();
        }
    }
    browser.post(&mail("/reject"), &[("csrf", &csrf), ("comment", "宛先が違います。\n正しくは北保安様です。")]).await;
    let page = browser.get(&mail("?done=reject")).await;
    assert!(page.body.contains("却下しました"));
    if let Some(folder) = &folder {
        let body =
            page.body.replace("<link rel=\"stylesheet\" href=\"/style.css\">", &format!("<style>{style}</style>"));
        std::fs::write(folder.join("rejected.html"), body).unwrap();
    }
}
