//! A next hop for tests, on loopback, that does as it is told.
//!
//! In: replies by recipient and to DATA; and recipients of whose mail an attempt dies. Out: what it accepted. Deliberately absent: everything else of SMTP.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

use crate::{
    smtp::client::{NextHop, Settings, Tls},
    store::OutboxRow,
};

/// One mail as it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Came {
    /// The reverse path, as written.
    pub(crate) from: String,
    /// The recipients that were accepted.
    pub(crate) to: Vec<String>,
    /// The bytes, dots unstuffed.
    pub(crate) bytes: Vec<u8>,
}

/// As a reply: there never is one.
pub(crate) const NEVER: &str = "never";

/// The fake next hop.
#[derive(Clone)]
pub(crate) struct Fake {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    came: Mutex<Vec<Came>>,
    /// Replies to RCPT by recipient; 250 for all others.
    recipients: Mutex<Vec<(String, String)>>,
    asked: Mutex<Vec<String>>,
    data: Mutex<Option<String>>,
    arrived: Notify,
}

impl Fake {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let fake = Self { address: listener.local_addr().unwrap(), state: Arc::default() };
        let state = Arc::clone(&fake.state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(talk(stream, Arc::clone(&state)));
            }
        });
        fake
    }

    pub(crate) fn next_hop(&self) -> NextHop {
        let hosts = vec![self.address.to_string()];
        let hostname = "relay.example.co.jp".to_owned();
        NextHop::new(Settings { hostname, hosts, tls: Tls::Never, ..Settings::default() }).unwrap()
    }

    /// From now on `reply` answers RCPT of `recipient`.
    pub(crate) fn answer(&self, recipient: &str, reply: &str) {
        let mut recipients = self.state.recipients.lock().unwrap();
        recipients.retain(|(known, _)| known != recipient);
        recipients.push((recipient.to_owned(), reply.to_owned()));
    }

    /// From now on `reply` answers the final dot; `None` is 250.
    pub(crate) fn answer_data(&self, reply: Option<&str>) {
        *self.state.data.lock().unwrap() = reply.map(str::to_owned);
    }

    pub(crate) fn came(&self) -> Vec<Came> {
        self.state.came.lock().unwrap().clone()
    }

    /// The recipients that were named, taken or not.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.state.asked.lock().unwrap().clone()
    }

    /// What came, once there are `count` mails.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Came> {
        loop {
            let arrived = self.state.arrived.notified();
            if self.came().len() >= count {
                return self.came();
            }
            arrived.await;
        }
    }
}

/// Dies of the first attempt at a mail to `dies-once@…`, between its clearance and the next hop.
pub(super) fn die_once(row: &OutboxRow) {
    assert!(row.attempts > 0 || !is_to(row, "dies-once@"), "a fault of ours, made for a test");
}

/// Dies of any attempt at a mail to `dies@…`, before it has begun.
pub(super) fn die(row: &OutboxRow) {
    assert!(!is_to(row, "dies@"), "a fault of ours, made for a test");
}

fn is_to(row: &OutboxRow, beginning: &str) -> bool {
    row.queued().any(|consignee| consignee.address.as_str().starts_with(beginning))
}

async fn talk(stream: TcpStream, state: Arc<State>) -> Option<()> {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    write.write_all(b"220 fake ESMTP\r\n").await.ok()?;
    let mut mail = Came { from: String::new(), to: Vec::new(), bytes: Vec::new() };
    loop {
        let mut line = String::new();
        if read.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let path = || line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
        let reply = match line.get(..4).unwrap_or_default().to_ascii_uppercase().as_str() {
            "EHLO" => "250-fake\r\n250-8BITMIME\r\n250 SIZE".to_owned(),
            "MAIL" => {
                mail = Came { from: path(), to: Vec::new(), bytes: Vec::new() };
                "250 2.1.0 ok".to_owned()
            }
            "RCPT" => {
                state.asked.lock().unwrap().push(path());
                let known = state.recipients.lock().unwrap().iter().find(|(to, _)| *to == path()).cloned();
                let reply = known.map_or("250 2.1.5 ok".to_owned(), |(_, reply)| reply);
                if reply == NEVER {
                    return std::future::pending().await;
                }
                if reply.starts_with('2') {
                    mail.to.push(path());
                }
                reply
            }
            "DATA" => {
                write.write_all(b"354 go\r\n").await.ok()?;
                mail.bytes = message(&mut read).await?;
                let refusal = state.data.lock().unwrap().clone();
                if refusal.is_none() {
                    state.came.lock().unwrap().push(mail.clone());
                    state.arrived.notify_waiters();
                }
                refusal.unwrap_or("250 2.0.0 taken".to_owned())
            }
            "QUIT" => return None,
            _ => "250 2.0.0 ok".to_owned(),
        };
        write.write_all(format!("{reply}\r\n").as_bytes()).await.ok()?;
    }
}

async fn message(read: &mut (impl AsyncBufReadExt + Unpin)) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let mut line = Vec::new();
        read.read_until(b'\n', &mut line).await.ok()?;
        if line == b".\r\n" {
            return Some(bytes);
        }
        bytes.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}
