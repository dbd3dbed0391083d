//! TLS, logins, and who speaks for whom, over real loopback sockets: rustls and lettre as clients that we did not write.
//!
//! The gate writes down whom it sees, so that what a session makes of its client is seen from the product's side.

mod encrypted;
mod logins;
mod named;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use data_encoding::BASE64;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Tokio1Executor,
    transport::smtp::{
        authentication::{Credentials, Mechanism},
        client::{Certificate as Trusted, Tls, TlsParameters},
    },
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs, pki_types::CertificateDer},
};
use tokio_util::sync::CancellationToken;

use super::{listen::serve_with_grace, tls::fixture, *};
use crate::mail::MailId;

/// No step of any test takes this long unless it hangs.
const HANG: Duration = Duration::from_secs(20);

const PASSWORD: &str = "correct horse battery";

/// A gate that takes everything and notes from whom.
#[derive(Debug, Default, Clone)]
struct Witness(Arc<Mutex<Vec<String>>>);

struct Seen;

impl Gate for Witness {
    type Transaction = Seen;

    async fn mail(&self, peer: &Peer, _: MailId, from: MailFrom) -> Result<Seen, Reply> {
        let tls = peer.tls.as_deref().unwrap_or("plain");
        let sender = from.sender.map_or("<>".to_owned(), String::from);
        self.0.lock().unwrap().push(format!("{sender} by {} over {tls}", peer.client()));
        Ok(Seen)
    }
}

impl Transaction for Seen {
    async fn recipient(&mut self, recipient: RcptTo) -> Reply {
        match recipient.address.local() {
            "refused" => Reply::no_such_mailbox(),
            _ => Reply::recipient_accepted(),
        }
    }

    async fn message(self, _: Message) -> Reply {
        Reply::forwarded(&Reply::new(250, "2.0.0", "queued"))
    }

    async fn abandon(self) {}
}

struct Server {
    address: SocketAddr,
    implicit: SocketAddr,
    gate: Witness,
    keys: Arc<Keyring>,
    trusted: CertificateDer<'static>,
    folder: TempDir,
    stop: CancellationToken,
    running: JoinHandle<()>,
}

fn users() -> String {
    let hash = hash(PASSWORD).unwrap();
    format!(
        "[[user]]\nname = \"app\"\npassword = \"{hash}\"\nsenders = [\"example.co.jp\"]\n\
         [[user]]\nname = \"any\"\npassword = \"{hash}\"\n"
    )
}

impl Server {
    /// With a certificate and two users; `change` does the rest.
    async fn start(change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (files, certificate) = fixture::write(folder.path(), (2090, 1, 1));
        let path = folder.path().join("users.toml");
        std::fs::write(&path, users()).unwrap();
        let key_files = KeyFiles { certificate: Some(files), users: Some(path) };
        let keys = Arc::new(Keyring::new(Keys::load(&key_files).unwrap()));
        let mut settings = Settings { hostname: "sekisho.example".into(), idle_timeout: HANG, ..Settings::default() };
        change(&mut settings);
        let (plain, tls) = (bound().await, bound().await);
        let (address, implicit) = (plain.local_addr().unwrap(), tls.local_addr().unwrap());
        let listeners = vec![plain.into(), Listener { socket: tls, tls: true, inherited: false }];
        let (gate, stop) = (Witness::default(), CancellationToken::new());
        let running = tokio::spawn(serve_with_grace(
            listeners,
            Arc::new(gate.clone()),
            Arc::new(settings),
            Arc::clone(&keys),
            stop.clone(),
            HANG,
        ));
        Self { address, implicit, gate, keys, trusted: certificate.der().clone(), folder, stop, running }
    }

    async fn plain(&self) -> Client<TcpStream> {
        Client::new(TcpStream::connect(self.address).await.unwrap())
    }

    /// After EHLO, STARTTLS and EHLO again.
    async fn encrypted(&self) -> Client<TlsStream<TcpStream>> {
        let mut client = self.plain().await;
        client.ask("220", "EHLO a.example").await;
        client.ask("250", "STARTTLS").await;
        client.expect("220 2.0.0").await;
        let mut client = client.encrypted(&self.trusted).await.unwrap();
        client.say("EHLO client.example").await;
        client.expect("250").await;
        client
    }

    /// Stops, and gives what the gate has seen.
    async fn end(self) -> Vec<String> {
        self.stop.cancel();
        timeout(HANG, self.running).await.expect("the server does not stop").unwrap();
        self.gate.0.lock().unwrap().clone()
    }
}

async fn bound() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

/// A client that trusts exactly `certificate`.
async fn handshake(stream: TcpStream, certificate: &CertificateDer<'static>) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    timeout(HANG, connector.connect("localhost".try_into().unwrap(), stream)).await.expect("no handshake")
}

struct Client<S>(BufReader<S>);

impl Client<TcpStream> {
    async fn encrypted(self, certificate: &CertificateDer<'static>) -> std::io::Result<Client<TlsStream<TcpStream>>> {
        handshake(self.0.into_inner(), certificate).await.map(Client::new)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    fn new(stream: S) -> Self {
        Self(BufReader::new(stream))
    }

    async fn send(&mut self, bytes: &[u8]) {
        self.0.get_mut().write_all(bytes).await.unwrap();
        self.0.get_mut().flush().await.unwrap();
    }

    async fn say(&mut self, line: &str) {
        self.send(format!("{line}\r\n").as_bytes()).await;
    }

    /// The whole next reply.
    async fn reply(&mut self) -> String {
        let mut reply = String::new();
        loop {
            let start = reply.len();
            let read = timeout(HANG, self.0.read_line(&mut reply)).await.expect("no reply").unwrap();
            if read == 0 || reply.as_bytes().get(start + 3) != Some(&b'-') {
                return reply;
            }
        }
    }

    async fn expect(&mut self, start: &str) {
        let reply = self.reply().await;
        assert!(reply.starts_with(start), "{reply:?}, not {start}");
    }

    /// Waits for the reply to what was said before, then says `line`.
    async fn ask(&mut self, before: &str, line: &str) {
        self.expect(before).await;
        self.say(line).await;
    }

    /// Says `line` and expects this start of its reply.
    async fn gets(&mut self, line: &str, start: &str) {
        self.say(line).await;
        let reply = self.reply().await;
        assert!(reply.starts_with(start), "{line}: {reply:?}, not {start}");
    }

    /// A whole mail.
    async fn sends_as(&mut self, sender: &str) {
        self.gets(&format!("MAIL FROM:<{sender}>"), "250").await;
        self.gets("RCPT TO:<b@example.com>", "250").await;
        self.gets("DATA", "354").await;
        self.gets("Subject: a\r\n\r\nb\r\n.", "250 2.0.0").await;
    }

    async fn assert_closed(&mut self) {
        let mut rest = Vec::new();
        // A close in the midst of a handshake may be a reset.
        let _ = timeout(HANG, self.0.read_to_end(&mut rest)).await.expect("not closed");
        assert!(!rest.windows(4).any(|four| four == b"250 "), "{}", rest.escape_ascii());
    }
}

fn plain_response(name: &str, password: &str) -> String {
    BASE64.encode(format!("\0{name}\0{password}").as_bytes())
}

fn networks(list: &[&str]) -> Vec<IpNet> {
    let one = |text: &&str| text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).unwrap();
    list.iter().map(one).collect()
}

#[tokio::test]
async fn one_address_has_only_so_many_connections() {
    let server = Server::start(|settings| settings.max_connections_per_address = 2).await;
    let (mut first, mut second) = (server.plain().await, server.plain().await);
    first.expect("220").await;
    second.expect("220").await;
    let mut third = server.plain().await;
    third.expect("421 4.7.0").await;
    third.assert_closed().await;
    drop(first);
    let served = async {
        while !server.plain().await.reply().await.starts_with("220") {
            tokio::task::yield_now().await;
        }
    };
    timeout(HANG, served).await.expect("the place is never given free");
    server.end().await;
}

#[tokio::test]
async fn a_sender_over_its_limits_is_told_when_to_come_back_and_refused_mail_does_not_count() {
    let server = Server::start(|settings| {
        settings.senders = SenderLimits { rate: Some(2), daily: Some(3), timezone: TimeZone::UTC };
    })
    .await;
    let mut client = server.plain().await;
    client.ask("220", "EHLO a.example").await;
    client.expect("250").await;
    for _ in 0..5 {
        client.gets("MAIL FROM:<a@example.co.jp>", "250").await;
        client.gets("RCPT TO:<refused@example.com>", "550").await;
        client.gets("RSET", "250").await;
    }
    client.sends_as("a@example.co.jp").await;
    client.sends_as("A@EXAMPLE.co.jp").await;
    client.gets("MAIL FROM:<a@example.co.jp>", "450 4.7.1").await;
    for _ in 0..3 {
        client.sends_as("").await;
    }
    client.sends_as("b@example.co.jp").await;
    server.end().await;

    let server = Server::start(|settings| {
        settings.senders = SenderLimits { rate: None, daily: Some(1), timezone: TimeZone::UTC };
    })
    .await;
    let mut client = server.plain().await;
    client.ask("220", "EHLO a.example").await;
    client.expect("250").await;
    client.sends_as("a@example.co.jp").await;
    client.gets("MAIL FROM:<a@example.co.jp>", "550 5.7.1").await;
    server.end().await;
}

#[tokio::test]
async fn strangers_are_told_no_key_of_the_configuration() {
    let server = Server::start(|settings| settings.allow_from = networks(&["192.0.2.1"])).await;
    let mut client = server.plain().await;
    let reply = client.reply().await;
    assert!(reply.starts_with("554 5.7.1") && !reply.contains("allow_from"), "{reply}");
    server.end().await;
}
