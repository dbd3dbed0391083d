//! A next hop for tests that plays scripts on loopback, in plain text or with TLS, and remembers what it heard.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::{mail::Address, smtp::Then};

/// What the hop expects (the start of a line; `.` for a whole message) and what it answers, `|` between lines. `close`
/// hangs up, `hang` never answers, an answer that ends in `|close` does both. `BDAT` reads the bytes that it announces,
/// unless the answer starts with `early:`; one that starts with `late:` comes after [`LATE`]. A step whose expectation is empty answers unasked.
pub(super) type Script = Vec<(&'static str, &'static str)>;

/// Less than [`next_hop`] waits for one reply of a hop that hangs somewhere, and more than it waits for three.
const LATE: Duration = Duration::from_millis(150);

/// A next hop that plays one script a connection, the last one for all that follow.
pub(super) struct Hop {
    pub(super) address: String,
    connections: Arc<AtomicUsize>,
    pub(super) heard: Arc<Mutex<Vec<u8>>>,
    pub(super) hangs: bool,
}

/// When a hop starts TLS.
#[derive(Clone)]
pub(super) enum Shakes {
    Never,
    AfterStarttls(TlsAcceptor),
    AtOnce(TlsAcceptor),
}

impl Hop {
    pub(super) async fn start(scripts: Vec<Script>) -> Self {
        Self::shaking(scripts, Shakes::Never).await
    }

    pub(super) async fn shaking(scripts: Vec<Script>, shakes: Shakes) -> Self {
        let hangs = scripts.iter().flatten().any(|(_, answer)| *answer == "hang");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let hop = Self {
            address: listener.local_addr().unwrap().to_string(),
            connections: Arc::default(),
            heard: Arc::default(),
            hangs,
        };
        let (connections, heard) = (Arc::clone(&hop.connections), Arc::clone(&hop.heard));
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let number = connections.fetch_add(1, Ordering::SeqCst).min(scripts.len() - 1);
                tokio::spawn(play(Box::new(stream), scripts[number].clone(), Arc::clone(&heard), shakes.clone()));
            }
        });
        hop
    }

    pub(super) fn next_hop(&self) -> NextHop {
        next_hop(&[&self.address], self.hangs)
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(super) fn heard(&self) -> String {
        self.heard.lock().unwrap().escape_ascii().to_string().replace("\\r\\n", "|")
    }
}

trait Io: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

async fn shake(stream: Box<dyn Io>, acceptor: &TlsAcceptor) -> Option<Box<dyn Io>> {
    Some(Box::new(acceptor.accept(stream).await.ok()?))
}

async fn play(stream: Box<dyn Io>, script: Script, heard: Arc<Mutex<Vec<u8>>>, shakes: Shakes) -> Option<()> {
    let stream = if let Shakes::AtOnce(acceptor) = &shakes { shake(stream, acceptor).await? } else { stream };
    let mut stream = BufReader::new(stream);
    for (expected, answer) in script {
        let mut got = Vec::new();
        while !expected.is_empty() {
            if stream.read_until(b'\n', &mut got).await.unwrap_or(0) == 0 {
                return None;
            }
            if expected != "." || got == b".\r\n" || got.ends_with(b"\r\n.\r\n") {
                break;
            }
        }
        let line = String::from_utf8_lossy(&got).into_owned();
        let (answer, early) = answer.strip_prefix("early:").map_or((answer, false), |answer| (answer, true));
        if let Some(chunk) = line.strip_prefix("BDAT ").filter(|_| !early) {
            let start = got.len();
            got.resize(start + chunk.split(' ').next().unwrap().parse::<usize>().unwrap(), 0);
            stream.read_exact(&mut got[start..]).await.ok()?;
        }
        heard.lock().unwrap().extend_from_slice(&got);
        if expected != "." && !line.starts_with(expected) {
            // A wrong command is answered as servers do, so that the test sees it in what it got.
            let _ = stream.write_all(format!("503 5.5.1 expected {expected}, got {line}").as_bytes()).await;
            continue;
        }
        let answer = match answer.strip_prefix("late:") {
            Some(answer) => {
                tokio::time::sleep(LATE).await;
                answer
            }
            None => answer,
        };
        match answer {
            "hang" => return std::future::pending().await,
            "close" => return None,
            _ => {}
        }
        let (answer, close) = answer.strip_suffix("|close").map_or((answer, false), |answer| (answer, true));
        stream.write_all(&[answer.replace('|', "\r\n").as_bytes(), b"\r\n"].concat()).await.ok()?;
        stream.flush().await.ok()?;
        if close {
            return None;
        }
        if let (Shakes::AfterStarttls(acceptor), true, "220") = (&shakes, expected == "STARTTLS", &answer[..3]) {
            stream = BufReader::new(shake(stream.into_inner(), acceptor).await?);
        }
    }
    let _ = stream.read(&mut [0]).await;
    Some(())
}

pub(super) const EHLO: &str = "250-hop.example|250-SIZE 1000|250-8BITMIME|250 SMTPUTF8";

pub(super) fn opened(rest: &[(&'static str, &'static str)]) -> Script {
    [&[("", "220 hop.example"), ("EHLO", EHLO)], rest].concat()
}

/// The same with other extensions, `|` between them.
pub(super) fn offering(extensions: &'static str, rest: &[(&'static str, &'static str)]) -> Script {
    let ehlo = format!("250-hop|250-{}", extensions.replace('|', "|250-"));
    let (head, last) = ehlo.rsplit_once("250-").unwrap();
    [&[("", "220 hop.example"), ("EHLO", format!("{head}250 {last}").leak() as &str)], rest].concat()
}

pub(super) fn mail_to_data(last: &'static str) -> Vec<(&'static str, &'static str)> {
    vec![("MAIL", "250 2.1.0 Ok"), ("RCPT", "250 2.1.5 Ok"), ("DATA", "354 go"), (".", last)]
}

/// Waits for replies for a short time only where the other side will not answer.
pub(super) fn next_hop(hosts: &[&str], hangs: bool) -> NextHop {
    let long = Duration::from_secs(20);
    let wait = if hangs { Duration::from_millis(400) } else { long };
    let timeouts = Timeouts {
        connect: long,
        open: long,
        greeting: wait,
        command: wait,
        data: wait,
        block: wait,
        message: wait,
        turn: wait,
        idle: long,
    };
    NextHop::with_timeouts(settings(hosts, Tls::Never), timeouts).unwrap()
}

pub(super) fn settings(hosts: &[&str], tls: Tls) -> Settings {
    let hosts = hosts.iter().map(|&host| host.to_owned()).collect();
    Settings { hostname: "sekisho.example".into(), hosts, tls, ..Settings::default() }
}

pub(super) fn from(sender: &str) -> MailFrom {
    let sender = (!sender.is_empty()).then(|| Address::parse(sender).unwrap());
    MailFrom { sender, ..MailFrom::default() }
}

pub(super) fn to(address: &str) -> RcptTo {
    Address::parse(address).unwrap().into()
}

pub(super) struct Pass(pub(super) &'static [u8], pub(super) Vec<u8>);

impl Cleared for Pass {
    fn trace(&self) -> &[u8] {
        self.0
    }

    fn message(&self) -> &[u8] {
        &self.1
    }
}

pub(super) fn pass() -> Pass {
    Pass(b"Received: here\r\n", b"Subject: x\r\n\r\nbody\r\n".to_vec())
}

/// A whole mail; the reply to its final dot.
pub(super) async fn send(hop: &NextHop) -> Reply {
    let mut transaction = hop.begin(&from("a@example.jp")).await.unwrap();
    assert!(transaction.recipient(&to("b@example.com")).await.is_positive());
    transaction.data(&pass()).await.reply
}

pub(super) fn shown(reply: &Reply) -> String {
    assert_eq!(reply.then, Then::Continue, "{reply:?}");
    format!("{} {}", reply.code, reply.text())
}

pub(super) const UNAVAILABLE: &str = "451 4.3.0 next hop unavailable, the mail was not taken; try again later";
