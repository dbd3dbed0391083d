//! The server over real loopback sockets: the transcripts in `dialogs/`, and what transcripts cannot say (silence, lost
//! connections, shutdown, who may connect).
//!
//! In a transcript each `s:` line is the start of a reply line that must come (`...` for the rest of a reply of many
//! lines, `(closed)` for the end), `c:` lines that follow each other go out in one write, `r:` is raw bytes with
//! escapes, and `g:` lines are what the gate must have seen in the end.

mod ends;
mod slow;

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::{listen::serve_with_grace, *};
use crate::mail::{BodyKind, RcptDsn};

/// No step of any test takes this long unless it hangs.
const HANG: Duration = Duration::from_secs(20);

/// A gate that writes down what it sees. Addresses say what it answers.
#[derive(Debug, Default, Clone)]
struct Recorder {
    seen: Arc<Mutex<Vec<String>>>,
    /// `slow@…` as sender waits in `message` for this.
    finish: Arc<Notify>,
    /// Notified when `message` starts.
    started: Arc<Notify>,
    /// What the gate had seen at each pause. Not in `seen`: a slow machine makes clients slow.
    pauses: Arc<Mutex<Vec<usize>>>,
    /// Notified at each pause.
    paused: Arc<Notify>,
    /// How many recipients came in each call.
    batches: Arc<Mutex<Vec<usize>>>,
}

impl Recorder {
    fn note(&self, what: impl Into<String>) {
        self.seen.lock().unwrap().push(what.into());
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

struct Recorded {
    recorder: Recorder,
    sender: String,
}

impl Gate for Recorder {
    type Transaction = Recorded;

    async fn mail(&self, peer: &Peer, _id: MailId, from: MailFrom) -> Result<Recorded, Reply> {
        let sender = from.sender.map_or("<>".to_owned(), String::from);
        if sender.starts_with("refused@") {
            let mut reply = Reply::new(550, "5.7.1", "no mail from here");
            reply.lines.push("ask postmaster".into());
            return Err(reply);
        }
        let extended = if peer.extended { ", extended" } else { "" };
        let body = match from.body {
            BodyKind::SevenBit => "",
            BodyKind::EightBitMime => ", 8bit",
            BodyKind::BinaryMime => ", binary",
        };
        let ret = from.ret.map(|ret| format!(", ret {ret:?}").to_lowercase()).unwrap_or_default();
        let envid = from.envid.map(|id| format!(", envid {id}")).unwrap_or_default();
        self.note(format!("mail {sender} from {}{extended}{body}{ret}{envid}", peer.helo));
        Ok(Recorded { recorder: self.clone(), sender })
    }

    fn takes_binary(&self) -> bool {
        true
    }
}

/// What RCPT asked.
fn asked(dsn: &RcptDsn) -> String {
    let notify = dsn.notify.map(|notify| match notify {
        crate::mail::Notify { success: false, failure: false, delay: false } => ", notify NEVER".to_owned(),
        notify => [(notify.success, " SUCCESS"), (notify.failure, " FAILURE"), (notify.delay, " DELAY")]
            .iter()
            .filter(|(wanted, _)| *wanted)
            .fold(", notify".to_owned(), |text, (_, word)| text + word),
    });
    let orcpt = dsn.orcpt.as_ref().map(|orcpt| format!(", orcpt {orcpt}"));
    [notify, orcpt].into_iter().flatten().collect()
}

impl Transaction for Recorded {
    fn mail_reply(&self) -> Reply {
        Reply::new(250, "2.1.0", format!("{} is welcome", self.sender))
    }

    async fn recipient(&mut self, recipient: RcptTo) -> Reply {
        self.recorder.note(format!("rcpt {}{}", recipient.address, asked(&recipient.dsn)));
        match recipient.address.local() {
            "refused" => Reply::new(550, "5.1.1", "no such user"),
            "later" => Reply::new(451, "4.7.1", "greylisted"),
            "panic" => panic!("the product is broken"),
            _ => Reply::recipient_accepted(),
        }
    }

    async fn recipients(&mut self, recipients: Vec<RcptTo>) -> Vec<Reply> {
        self.recorder.batches.lock().unwrap().push(recipients.len());
        let mut replies = Vec::new();
        for recipient in recipients {
            replies.push(self.recipient(recipient).await);
        }
        replies
    }

    fn pause(&mut self) {
        let seen = self.recorder.seen().len();
        self.recorder.pauses.lock().unwrap().push(seen);
        self.recorder.paused.notify_one();
    }

    async fn message(self, message: Message) -> Reply {
        self.recorder.note(format!("message {}", message.bytes().escape_ascii()));
        assert!(!self.sender.starts_with("panic@"), "the product is broken");
        if self.sender.starts_with("slow@") {
            self.recorder.started.notify_one();
            self.recorder.finish.notified().await;
            self.recorder.note("finished");
        }
        Reply::forwarded(&Reply::new(250, "2.0.0", "Ok: queued as 1"))
    }

    async fn abandon(self) {
        self.recorder.note("abandon");
    }
}

struct Server {
    address: SocketAddr,
    gate: Recorder,
    stop: CancellationToken,
    running: JoinHandle<()>,
}

fn settings() -> Settings {
    Settings {
        hostname: "sekisho.example".into(),
        listen: Vec::new(),
        allow_from: vec!["127.0.0.0/8".parse().unwrap()],
        max_message_size: 1000,
        max_recipients: 3,
        idle_timeout: HANG,
        max_connections: 10,
        ..Settings::default()
    }
}

impl Server {
    async fn start(settings: Settings) -> Self {
        Self::start_with_grace(settings, HANG).await
    }

    async fn start_with_grace(settings: Settings, grace: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, gate, stop) = (listener.local_addr().unwrap(), Recorder::default(), CancellationToken::new());
        let (door, signal) = (Arc::new(gate.clone()), stop.clone());
        let running = tokio::spawn(serve_with_grace(
            vec![listener.into()],
            door,
            Arc::new(settings),
            Arc::default(),
            signal,
            grace,
        ));
        Self { address, gate, stop, running }
    }

    async fn connect(&self) -> Client {
        Client(BufReader::new(TcpStream::connect(self.address).await.unwrap()))
    }

    /// Stops and waits until no connection is left.
    async fn end(self) -> Vec<String> {
        self.stop.cancel();
        timeout(HANG, self.running).await.expect("the server does not stop").unwrap();
        self.gate.seen()
    }
}

struct Client(BufReader<TcpStream>);

impl Client {
    async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.get_mut().write_all(bytes.as_ref()).await.unwrap();
    }

    /// The next line without its end; `None` when the server closed.
    async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        timeout(HANG, self.0.read_line(&mut line)).await.expect("no reply").unwrap();
        line.strip_suffix("\r\n").map(str::to_owned)
    }

    /// The last line of the next reply.
    async fn reply(&mut self) -> String {
        loop {
            let line = self.line().await.expect("closed");
            if line.as_bytes().get(3) == Some(&b' ') {
                return line;
            }
        }
    }

    async fn expect(&mut self, start: &str) {
        let reply = self.reply().await;
        assert!(reply.starts_with(start), "{reply}, not {start}");
    }

    /// Sends a command and expects this start of its reply.
    async fn ask(&mut self, command: &str, start: &str) {
        self.send(format!("{command}\r\n")).await;
        self.expect(start).await;
    }

    /// Up to the point where the message may come.
    async fn up_to_data(&mut self, sender: &str) {
        self.expect("220").await;
        self.ask("EHLO client.example", "250 ").await;
        self.ask(&format!("MAIL FROM:<{sender}>"), "250").await;
        self.ask("RCPT TO:<b@example.com>", "250").await;
        self.ask("DATA", "354").await;
    }

    async fn assert_closed(&mut self) {
        assert_eq!(self.line().await, None);
    }
}

/// `(1100 bytes)` and escapes.
fn bytes(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    if let Some((count, after)) = text.strip_prefix('(').and_then(|text| text.split_once(" bytes)")) {
        out.resize(count.parse().unwrap(), b'x');
        rest = after;
    }
    let mut parts = rest.split('\\');
    out.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
    for part in parts {
        let (byte, length) = match part.as_bytes()[0] {
            b'r' => (b'\r', 1),
            b'n' => (b'\n', 1),
            b'0' => (0, 1),
            b'x' => (u8::from_str_radix(&part[1..3], 16).unwrap(), 3),
            other => panic!("unknown escape {}", char::from(other)),
        };
        out.push(byte);
        out.extend_from_slice(&part.as_bytes()[length..]);
    }
    out
}

async fn play(name: &str, transcript: &str) {
    let server = Server::start(settings()).await;
    let mut client = server.connect().await;
    let (mut batch, mut gate) = (Vec::new(), Vec::new());
    for (number, line) in transcript.lines().enumerate() {
        let at = format!("{name}:{}: {line}", number + 1);
        let (kind, text) = line.split_once(": ").unwrap_or((line.trim_end_matches(':'), ""));
        if kind != "c" && !batch.is_empty() {
            client.send(std::mem::take(&mut batch)).await;
        }
        match (kind, text) {
            ("c", text) => batch.extend([bytes(text), b"\r\n".to_vec()].concat()),
            ("r", text) => client.send(bytes(text)).await,
            ("s", "(closed)") => assert_eq!(client.line().await, None, "{at}"),
            ("s", "...") => drop(client.reply().await),
            ("s", text) => {
                let got = client.line().await.unwrap_or_else(|| panic!("{at}: closed"));
                assert!(got.starts_with(text.trim_end()), "{at}: got {got}");
            }
            ("g", text) => gate.push(text.to_owned()),
            _ => assert!(line.starts_with('#'), "{at}: not understood"),
        }
    }
    drop(client);
    // `g:` lines may end in a space that an editor eats.
    let seen: Vec<String> = server.end().await.iter().map(|line| line.trim_end().to_owned()).collect();
    let gate: Vec<String> = gate.iter().map(|line| line.trim_end().to_owned()).collect();
    assert_eq!(seen, gate, "{name}: what the gate saw");
}

#[tokio::test]
async fn dialogs() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/smtp/server/dialogs");
    let mut played = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        play(&name, &std::fs::read_to_string(&path).unwrap()).await;
        played += 1;
    }
    assert!(played >= 24, "only {played} transcripts were found");
}

#[tokio::test]
async fn only_named_networks_may_relay() {
    let allow_from = vec!["192.0.2.0/24".parse().unwrap()];
    let server = Server::start(Settings { allow_from, ..settings() }).await;
    let mut client = server.connect().await;
    client.expect("554 5.7.1").await;
    client.assert_closed().await;
    assert!(server.end().await.is_empty());
}

#[tokio::test]
async fn the_next_connection_after_the_last_allowed_one_is_told_to_come_back() {
    let server = Server::start(Settings { max_connections: 1, ..settings() }).await;
    let mut first = server.connect().await;
    first.expect("220").await;
    let mut second = server.connect().await;
    second.expect("421 4.7.0").await;
    second.assert_closed().await;
    first.ask("QUIT", "221").await;
    first.assert_closed().await;
    // The place is free again once the first session has ended; until then the answer is the same 421.
    let served = async {
        loop {
            if server.connect().await.reply().await.starts_with("220") {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(HANG, served).await.expect("the place is never given free");
    server.end().await;
}

#[tokio::test]
async fn who_speaks_before_the_greeting_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    client.write_all(b"EHLO x\r\n").await.unwrap();
    let stop = CancellationToken::new();
    let running = tokio::spawn(serve(
        vec![listener.into()],
        Arc::new(Recorder::default()),
        settings().into(),
        Arc::default(),
        stop.clone(),
    ));
    let mut client = Client(BufReader::new(client));
    client.expect("554 5.5.1").await;
    client.assert_closed().await;
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn a_message_arrives_the_same_however_it_is_cut() {
    let server = Server::start(settings()).await;
    let mut client = server.connect().await;
    client.up_to_data("a@example.jp").await;
    for byte in b"..a\r\n.\r\nQUIT\r\n" {
        client.send([*byte]).await;
        client.0.get_mut().flush().await.unwrap();
        tokio::task::yield_now().await;
    }
    client.expect("250 2.0.0").await;
    client.expect("221").await;
    assert_eq!(server.end().await.last().unwrap(), "message .a\\r\\n");
}

#[tokio::test]
async fn mails_without_memory_come_back_later_and_leave_it_free() {
    let little = Settings { max_message_size: 1 << 20, max_memory: 140_000, ..settings() };
    let server = Server::start(little).await;
    let mut client = server.connect().await;
    client.expect("220").await;
    client.ask("EHLO x", "250").await;
    client.ask("MAIL FROM:<a@example.jp> SIZE=200000", "451 4.3.2").await;
    for (size, reply) in [(90_000, "250 2.0.0"), (200_000, "451 4.3.2"), (90_000, "250 2.0.0")] {
        for chunked in [false, true] {
            client.ask("MAIL FROM:<a@example.jp> SIZE=60000", "250").await;
            client.ask("RCPT TO:<b@example.com>", "250").await;
            let message = "x".repeat(size);
            if chunked {
                client.send(format!("BDAT {size} LAST\r\n{message}")).await;
            } else {
                client.ask("DATA", "354").await;
                client.send(format!("{message}\r\n.\r\n")).await;
            }
            client.expect(reply).await;
        }
    }
    client.ask("NOOP", "250").await;
    server.end().await;
}

#[tokio::test]
async fn recipients_of_one_batch_come_in_as_few_calls_as_their_limit_allows() {
    let server = Server::start(settings()).await;
    let mut client = server.connect().await;
    client.expect("220").await;
    client.ask("EHLO x", "250").await;
    let rcpt = |name: &str| format!("RCPT TO:<{name}@example.com>\r\n");
    let batch: String = ["1", "refused", "2", "3", "4"].map(rcpt).concat();
    client.send(format!("MAIL FROM:<a@example.jp>\r\n{batch}")).await;
    for reply in ["250 2.1.0", "250 2.1.5", "550", "250 2.1.5", "250 2.1.5", "452 4.5.3"] {
        client.expect(reply).await;
    }
    // Three fit at most; one was refused, so that one more could come.
    assert_eq!(*server.gate.batches.lock().unwrap(), [3, 1]);
    drop(client);
    server.end().await;
}
