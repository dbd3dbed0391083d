//! TLS, logins, and who speaks for whom, over real loopback sockets: rustls and lettre as clients that we did not write.
//!
//! The gate writes down whom it sees, so that what a session makes of its client is seen from the product's side.

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
async fn a_session_starts_afresh_behind_starttls() {
    let server = Server::start(|_| {}).await;
    let mut client = server.plain().await;
    client.expect("220").await;
    client.say("EHLO a.example").await;
    let offered = client.reply().await;
    assert!(offered.contains("STARTTLS") && !offered.contains("AUTH") && !offered.contains("REQUIRETLS"), "{offered}");
    client.gets("STARTTLS now", "501 5.5.2").await;
    client.gets("AUTH PLAIN", "538 5.7.11").await;
    client.gets("MAIL FROM:<a@example.co.jp>", "250").await;
    client.gets("STARTTLS", "220 2.0.0").await;
    let mut client = client.encrypted(&server.trusted).await.unwrap();
    client.gets("RCPT TO:<b@example.com>", "503").await;
    client.gets("MAIL FROM:<a@example.co.jp>", "503").await;
    client.say("EHLO a.example").await;
    let offered = client.reply().await;
    assert!(!offered.contains("STARTTLS") && offered.contains("AUTH PLAIN LOGIN") && offered.contains("REQUIRETLS"));
    client.gets("STARTTLS", "503 5.5.1").await;
    client.sends_as("a@example.co.jp").await;
    client.gets("QUIT", "221").await;
    client.assert_closed().await;
    let seen = server.end().await;
    assert_eq!(seen[1], "a@example.co.jp by 127.0.0.1 a.example over TLSv1.3");
}

#[tokio::test]
async fn commands_behind_starttls_in_plain_text_are_not_taken_for_encrypted_ones() {
    let server = Server::start(|_| {}).await;
    for injected in ["MAIL FROM:<a@example.co.jp>\r\n", "R", "\r\n"] {
        let mut client = server.plain().await;
        client.ask("220", "EHLO a.example").await;
        client.expect("250").await;
        client.send(format!("STARTTLS\r\n{injected}").as_bytes()).await;
        client.expect("503 5.5.1").await;
        client.assert_closed().await;
    }
    // What comes too late to be seen goes into the handshake, which it breaks.
    let mut client = server.plain().await;
    client.ask("220", "EHLO a.example").await;
    client.expect("250").await;
    client.gets("STARTTLS", "220 2.0.0").await;
    client.say("MAIL FROM:<a@example.co.jp>").await;
    client.assert_closed().await;
    assert!(server.end().await.is_empty());
}

#[tokio::test]
async fn a_host_without_a_certificate_offers_no_tls() {
    let server = Server::start(|_| {}).await;
    server.keys.replace(Keys::default());
    let mut client = server.plain().await;
    client.ask("220", "EHLO a.example").await;
    let offered = client.reply().await;
    assert!(!offered.contains("STARTTLS"), "{offered}");
    client.gets("STARTTLS", "502 5.5.1").await;
    client.gets("AUTH PLAIN", "502 5.5.1").await;
    let mut implicit = Client::new(TcpStream::connect(server.implicit).await.unwrap());
    implicit.assert_closed().await;
    server.end().await;
}

#[tokio::test]
async fn mail_without_tls_is_refused_where_tls_is_required() {
    let server = Server::start(|settings| settings.require_tls = true).await;
    let mut client = server.plain().await;
    client.ask("220", "EHLO a.example").await;
    client.expect("250").await;
    client.gets("MAIL FROM:<a@example.co.jp>", "530 5.7.0").await;
    let mut client = server.encrypted().await;
    client.sends_as("a@example.co.jp").await;
    assert_eq!(server.end().await.len(), 1);
}

#[tokio::test]
async fn tls_from_the_first_byte() {
    let server = Server::start(|_| {}).await;
    let stream = TcpStream::connect(server.implicit).await.unwrap();
    let mut client = Client::new(handshake(stream, &server.trusted).await.unwrap());
    client.ask("220", "EHLO a.example").await;
    client.expect("250").await;
    client.sends_as("a@example.co.jp").await;
    // Who speaks SMTP there hears nothing that looks like it.
    let mut plain = Client::new(TcpStream::connect(server.implicit).await.unwrap());
    plain.say("EHLO a.example").await;
    plain.assert_closed().await;
    assert_eq!(server.end().await.len(), 1);
}

#[tokio::test]
async fn a_new_certificate_is_for_new_handshakes_and_old_connections_go_on() {
    let server = Server::start(|_| {}).await;
    let mut before = server.encrypted().await;
    let (files, renewed) = fixture::write(server.folder.path(), (2091, 1, 1));
    let key_files = KeyFiles { certificate: Some(files), users: None };
    server.keys.replace(Keys::load(&key_files).unwrap());
    before.sends_as("a@example.co.jp").await;
    let stream = TcpStream::connect(server.implicit).await.unwrap();
    assert!(handshake(stream, &server.trusted).await.is_err());
    let stream = TcpStream::connect(server.implicit).await.unwrap();
    let after = handshake(stream, renewed.der()).await.unwrap();
    Client::new(after).expect("220").await;
    before.gets("NOOP", "250").await;
    server.end().await;
}

#[tokio::test]
async fn logins_in_all_their_forms() {
    let server = Server::start(|settings| settings.auth_from = networks(&["127.0.0.0/8"])).await;
    let mut client = server.encrypted().await;
    client.gets("MAIL FROM:<a@example.co.jp>", "530 5.7.0").await;
    client.gets("AUTH CRAM-MD5", "504 5.5.4").await;
    client.gets("AUTH PLAIN !", "501 5.5.2").await;
    client.gets("AUTH PLAIN", "334 ").await;
    client.gets("*", "501 5.7.0").await;
    client.gets("AUTH PLAIN", "334 ").await;
    client.gets(&"A".repeat(3000), "500 5.5.6").await;
    client.gets("NOOP", "250").await;
    client.gets("AUTH LOGIN", "334 VXNlcm5hbWU6").await;
    client.gets(&BASE64.encode(b"app"), "334 UGFzc3dvcmQ6").await;
    client.gets(&BASE64.encode(PASSWORD.as_bytes()), "235 2.7.0").await;
    client.gets("AUTH PLAIN", "503 5.5.1").await;
    client.gets("MAIL FROM:<a@other.example>", "553 5.7.1").await;
    client.sends_as("a@example.co.jp").await;
    client.gets("MAIL FROM:<>", "250").await;
    client.gets("QUIT", "221").await;

    let mut client = server.encrypted().await;
    client.gets(&format!("AUTH PLAIN {}", plain_response("any", PASSWORD)), "235 2.7.0").await;
    client.sends_as("a@other.example").await;
    let seen = server.end().await;
    assert_eq!(seen[0], "a@example.co.jp by 127.0.0.1 client.example login app over TLSv1.3");
    assert_eq!(seen[2], "a@other.example by 127.0.0.1 client.example login any over TLSv1.3");
}

#[tokio::test]
async fn a_login_comes_between_mails_and_only_after_ehlo() {
    let server = Server::start(|_| {}).await;
    let login = format!("AUTH PLAIN {}", plain_response("app", PASSWORD));
    let mut client = server.encrypted().await;
    client.gets("MAIL FROM:<a@example.co.jp>", "250").await;
    client.gets(&login, "503 5.5.1").await;
    client.gets("HELO client.example", "250").await;
    client.gets(&login, "503 5.5.1").await;
    server.end().await;
}

#[tokio::test]
async fn guesses_end_the_connection_and_the_address_has_to_wait() {
    let server = Server::start(|_| {}).await;
    for (round, wanted) in
        [["535 5.7.8", "535 5.7.8", "421 4.7.0"], ["535 5.7.8", "535 5.7.8", "454 4.7.0"]].into_iter().enumerate()
    {
        let mut client = server.encrypted().await;
        for (guess, wanted) in wanted.into_iter().enumerate() {
            let name = if guess == 1 { "nobody" } else { "app" };
            client.gets(&format!("AUTH PLAIN {}", plain_response(name, &format!("guess {round}"))), wanted).await;
        }
        if round == 0 {
            client.assert_closed().await;
        }
    }
    // The right password is not even looked at now.
    let mut client = server.encrypted().await;
    client.gets(&format!("AUTH PLAIN {}", plain_response("app", PASSWORD)), "454 4.7.0").await;
    server.end().await;
}

#[tokio::test]
async fn a_login_that_is_taken_out_of_the_file_may_send_no_more() {
    let server = Server::start(|_| {}).await;
    let mut client = server.encrypted().await;
    client.gets(&format!("AUTH PLAIN {}", plain_response("app", PASSWORD)), "235 2.7.0").await;
    client.sends_as("a@example.co.jp").await;
    let path = server.folder.path().join("users.toml");
    std::fs::write(&path, users().replace("\"app\"", "\"other\"")).unwrap();
    server.keys.replace(Keys::load(&KeyFiles { certificate: None, users: Some(path) }).unwrap());
    client.gets("MAIL FROM:<a@example.co.jp>", "553 5.7.1").await;
    server.end().await;
}

async fn lettre_sends(server: &Server, port: u16, tls: fn(TlsParameters) -> Tls, mechanism: Mechanism) {
    let trusted = Trusted::from_der(server.trusted.to_vec()).unwrap();
    let parameters = TlsParameters::builder("localhost".to_owned()).add_root_certificate(trusted).build().unwrap();
    let transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("localhost")
        .port(port)
        .tls(tls(parameters))
        .credentials(Credentials::new("app".to_owned(), PASSWORD.to_owned()))
        .authentication(vec![mechanism])
        .build();
    let envelope = lettre::address::Envelope::new(
        Some("a@example.co.jp".parse().unwrap()),
        vec!["b@example.com".parse().unwrap()],
    );
    let sent =
        timeout(HANG, transport.send_raw(&envelope.unwrap(), b"Subject: a\r\n\r\nb\r\n")).await.unwrap().unwrap();
    assert!(sent.is_positive());
}

#[tokio::test]
async fn lettre_logs_in_over_starttls_and_over_tls_from_the_first_byte() {
    let server = Server::start(|settings| {
        settings.auth_from = networks(&["127.0.0.0/8", "::1/128"]);
        settings.require_tls = true;
    })
    .await;
    lettre_sends(&server, server.address.port(), Tls::Required, Mechanism::Plain).await;
    lettre_sends(&server, server.implicit.port(), Tls::Wrapper, Mechanism::Login).await;
    let seen = server.end().await;
    assert_eq!(seen.len(), 2);
    assert!(seen.iter().all(|mail| mail.ends_with("login app over TLSv1.3")), "{seen:?}");
}

#[tokio::test]
async fn a_balancer_says_who_comes_and_that_client_is_judged() {
    let server = Server::start(|settings| {
        settings.allow_from = networks(&["198.51.100.0/24"]);
        settings.proxy_protocol_from = networks(&["127.0.0.1"]);
        settings.max_connections_per_address = 1;
    })
    .await;
    let mut client = server.plain().await;
    client.send(b"PROXY TCP4 198.51.100.7 192.0.2.1 12345 25\r\n").await;
    client.ask("220", "EHLO a.example").await;
    client.expect("250").await;
    client.sends_as("a@example.co.jp").await;
    let mut second = server.plain().await;
    second.send(b"PROXY TCP4 198.51.100.7 192.0.2.1 12346 25\r\n").await;
    second.expect("421 4.7.0").await;
    let mut stranger = server.plain().await;
    stranger.send(b"PROXY TCP4 203.0.113.7 192.0.2.1 12345 25\r\n").await;
    stranger.expect("554 5.7.1").await;
    // The balancer itself may not relay.
    let mut local = server.plain().await;
    local.send(b"PROXY UNKNOWN\r\n").await;
    local.expect("554 5.7.1").await;
    for garbage in ["EHLO client.example\r\nMAIL\r\n", "PROXY TCP4 198.51.100.7\r\n192.0.2.1 1 2\r\n"] {
        let mut broken = server.plain().await;
        broken.send(garbage.as_bytes()).await;
        broken.assert_closed().await;
    }
    // Version 2, and TLS right behind it.
    let stream = TcpStream::connect(server.implicit).await.unwrap();
    let mut encrypted = Client::new(stream);
    encrypted.send(b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc6\x33\x64\x08\xc0\0\x02\x01\x30\x39\0\x19").await;
    let mut encrypted = encrypted.encrypted(&server.trusted).await.unwrap();
    encrypted.ask("220", "EHLO a.example").await;
    encrypted.expect("250").await;
    encrypted.sends_as("a@example.co.jp").await;
    let seen = server.end().await;
    assert_eq!(seen[0], "a@example.co.jp by 198.51.100.7 a.example over plain");
    assert_eq!(seen[1], "a@example.co.jp by 198.51.100.8 a.example over TLSv1.3");
}

#[tokio::test]
async fn a_proxy_header_from_anybody_else_is_speaking_out_of_turn() {
    let server = Server::start(|settings| settings.allow_from = networks(&["127.0.0.1"])).await;
    let mut client = server.plain().await;
    client.expect("220").await;
    client.gets("PROXY TCP4 198.51.100.7 192.0.2.1 12345 25", "500 5.5.2").await;
    client.gets("EHLO a.example", "250").await;
    client.sends_as("a@example.co.jp").await;
    assert_eq!(server.end().await, ["a@example.co.jp by 127.0.0.1 a.example over plain"]);
}

#[tokio::test]
async fn xclient_is_for_named_hosts_and_cannot_open_the_relay() {
    let server = Server::start(|_| {}).await;
    let mut stranger = server.plain().await;
    stranger.ask("220", "EHLO a.example").await;
    let offered = stranger.reply().await;
    assert!(!offered.contains("XCLIENT") && !offered.contains("XFORWARD"), "{offered}");
    stranger.gets("XCLIENT ADDR=127.0.0.2", "550 5.7.1").await;
    stranger.gets("XFORWARD ADDR=127.0.0.2", "550 5.7.1").await;
    server.end().await;

    let server = Server::start(|settings| {
        settings.allow_from = networks(&["127.0.0.1", "198.51.100.0/24"]);
        settings.auth_from = networks(&["192.0.2.0/24"]);
        settings.xclient_from = networks(&["127.0.0.1"]);
    })
    .await;
    let mut host = server.plain().await;
    host.ask("220", "EHLO a.example").await;
    let offered = host.reply().await;
    assert!(offered.contains("XCLIENT NAME ADDR") && offered.contains("XFORWARD NAME ADDR"), "{offered}");
    host.gets("XCLIENT ADDR=nonsense", "501 5.5.4").await;
    host.gets("XCLIENT ADDR=198.51.100.7 HELO=pc.example PROTO=ESMTP", "220 ").await;
    host.gets("MAIL FROM:<a@example.co.jp>", "250").await;
    host.gets("XCLIENT ADDR=198.51.100.8", "503 5.5.1").await;
    host.gets("RSET", "250").await;
    host.gets("XCLIENT ADDR=192.0.2.9", "220 ").await;
    host.gets("MAIL FROM:<a@example.co.jp>", "503 5.5.1").await;
    host.gets("EHLO pc.example", "250").await;
    host.gets("MAIL FROM:<a@example.co.jp>", "530 5.7.0").await;
    host.gets("XCLIENT LOGIN=taro", "220 ").await;
    host.gets("EHLO pc.example", "250").await;
    host.sends_as("taro@example.co.jp").await;
    host.gets("XCLIENT ADDR=192.0.2.9 LOGIN=app", "220 ").await;
    host.gets("EHLO pc.example", "250").await;
    host.gets("MAIL FROM:<a@other.example>", "553 5.7.1").await;
    host.gets("XCLIENT ADDR=203.0.113.7 LOGIN=app", "554 5.7.1").await;
    host.assert_closed().await;
    let seen = server.end().await;
    assert_eq!(
        seen,
        [
            "a@example.co.jp by 198.51.100.7 pc.example over plain",
            "taro@example.co.jp by 192.0.2.9 pc.example login taro over plain",
        ]
    );
}

#[tokio::test]
async fn xforward_tells_of_one_mail_and_changes_nothing() {
    let server = Server::start(|settings| settings.xclient_from = networks(&["127.0.0.1"])).await;
    let mut host = server.plain().await;
    host.ask("220", "EHLO a.example").await;
    host.expect("250").await;
    host.gets("XFORWARD NAME=pc.example ADDR=203.0.113.7", "250").await;
    host.gets("XFORWARD HELO=pc.example IDENT=4XYZ SOURCE=REMOTE", "250").await;
    host.sends_as("a@example.co.jp").await;
    host.sends_as("b@example.co.jp").await;
    host.gets("XFORWARD ADDR=203.0.113.7", "250").await;
    host.gets("EHLO a.example", "250").await;
    host.sends_as("c@example.co.jp").await;
    host.gets("MAIL FROM:<d@example.co.jp>", "250").await;
    host.gets("XFORWARD ADDR=203.0.113.7", "503 5.5.1").await;
    host.gets("QUIT", "221").await;
    let seen = server.end().await;
    assert_eq!(seen[0], "a@example.co.jp by 127.0.0.1 a.example (from 203.0.113.7 pc.example as 4XYZ) over plain");
    assert_eq!(
        seen[1..3],
        [
            "b@example.co.jp by 127.0.0.1 a.example over plain".to_owned(),
            "c@example.co.jp by 127.0.0.1 a.example over plain".to_owned(),
        ]
    );
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
