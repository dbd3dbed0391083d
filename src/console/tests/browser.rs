//! A running console, and a browser without scripts before it.
//!
//! Out: [`Browser`], which keeps cookies and fills in forms; [`Page`], what it got. Deliberately absent: what is asked of
//! them.

use super::*;

/// Accounts in a store of their own: Hanako's, Taro's, and one that is switched off.
pub(super) async fn people() -> (tempfile::TempDir, Arc<Store>) {
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
pub(super) fn engine(people: &Arc<Store>) -> Engine {
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
pub(super) struct Browser {
    pub(super) at: SocketAddr,
    pub(super) desk: Arc<Fake>,
    pub(super) people: Arc<Store>,
    pub(super) cookies: HashMap<String, String>,
    pub(super) _dir: tempfile::TempDir,
    pub(super) _stop: tokio_util::sync::DropGuard,
}

pub(super) struct Page {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: String,
}

impl Page {
    pub(super) fn header(&self, name: &str) -> &str {
        let of = |line: &'_ str| line.split_once(": ").is_some_and(|(known, _)| known.eq_ignore_ascii_case(name));
        self.head.lines().find(|line| of(line)).and_then(|line| line.split_once(": ")).map_or("", |(_, value)| value)
    }

    pub(super) fn field(&self, name: &str) -> String {
        let mark = format!("name=\"{name}\" value=\"");
        let (_, rest) = self.body.split_once(&mark).unwrap_or_default();
        rest.split('"').next().unwrap_or_default().to_owned()
    }
}

pub(super) fn voice(language: Language) -> Voice {
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
    pub(super) async fn new(language: Language) -> Self {
        Self::with(language, Logins::default()).await
    }

    pub(super) async fn with(language: Language, logins: Logins) -> Self {
        Self::over(language, logins, |_| {}).await
    }

    /// One over an engine that was changed.
    pub(super) async fn over(language: Language, logins: Logins, change: impl FnOnce(&mut Engine)) -> Self {
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

    pub(super) async fn send(&mut self, method: &str, path: &str, extra: &str, body: &str) -> Page {
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

    pub(super) async fn get(&mut self, path: &str) -> Page {
        self.send("GET", path, "", "").await
    }

    pub(super) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
        let body: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let extra = format!("Content-Type: application/x-www-form-urlencoded\r\nOrigin: http://{}\r\n", self.at);
        self.send("POST", path, &extra, &body.join("&")).await
    }

    pub(super) async fn log_in(&mut self, who: &str, password: &str) -> Page {
        let form = self.get("/login").await.field("form");
        self.post("/login", &[("account", who), ("password", password), ("form", &form)]).await
    }

    pub(super) async fn of(who: &str) -> Self {
        let mut browser = Self::new(Language::Ja).await;
        let page = browser.log_in(who, PASSWORD).await;
        assert_eq!((page.status, page.header("location")), (303, "/held"), "{}", page.body);
        browser
    }

    pub(super) async fn csrf(&mut self) -> String {
        self.get(&format!("/held/{ID}")).await.field("csrf")
    }
}
