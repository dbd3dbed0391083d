//! The feed against real collectors on loopback: what arrives, what is told again, and what a dead one costs.

use std::sync::Arc;

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UdpSocket, UnixDatagram},
    task::JoinHandle,
};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig, rustls::pki_types::PrivatePkcs8KeyDer};

use super::{fixture, *};
use crate::{language::Language, policy::Action, store::Store};

const LIMIT: Duration = Duration::from_secs(60);

struct Home {
    dir: tempfile::TempDir,
    store: Store,
    journal: Journal,
    health: Health,
    metrics: Metrics,
}

impl Home {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self::over(Store::open(dir.path()).await.unwrap(), dir)
    }

    fn over(store: Store, dir: tempfile::TempDir) -> Self {
        let journal = Journal::start(store.clone());
        Self { dir, store, journal, health: Health::default(), metrics: Metrics::default() }
    }

    async fn write(&self, records: usize) {
        for number in 0..records {
            self.journal.record(fixture::change(&format!("change_{number}"))).await.unwrap();
        }
    }

    async fn feed(&self, server: Server) -> Feed {
        let settings = Settings { server, format: Format::Cef, records: Records::All, ca: None, identity: None };
        self.feed_of(settings).await
    }

    async fn feed_of(&self, settings: Settings) -> Feed {
        let told = (self.health.clone(), self.metrics.clone());
        let journal = (self.journal.clone(), &self.store);
        let mut feed = Feed::resume(settings, "sekisho.example.co.jp", journal, self.dir.path(), told).await.unwrap();
        // On a server a feed of the same test that has ended may not be gone yet.
        while !feed.is_ours_to_tell().await.unwrap() {
            sleep(Duration::from_millis(10)).await;
        }
        feed
    }

    async fn mark(&self) -> Option<i64> {
        self.store.siem_mark().await.unwrap()
    }

    /// Waits until the mark is there.
    async fn marked(&self, number: i64) {
        let there = async {
            while self.mark().await != Some(number) {
                sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(LIMIT, there).await.unwrap();
    }

    fn words(&self) -> (bool, String) {
        let report = self.health.report(Language::En);
        report.conditions.into_iter().find(|line| line.name == "siem").map(|line| (line.ok, line.words)).unwrap()
    }
}

/// The next message of a stream, by its length; none at the end.
async fn next(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut length = 0;
    loop {
        match stream.read_u8().await.ok()? {
            b' ' => break,
            digit => length = length * 10 + usize::from(digit.checked_sub(b'0').unwrap()),
        }
    }
    let mut message = vec![0; length];
    stream.read_exact(&mut message).await.ok()?;
    Some(String::from_utf8(message).unwrap())
}

/// The number in the journal that a message says.
fn number(message: &str) -> i64 {
    message.split("cn3=").nth(1).and_then(|rest| rest.split(' ').next()).unwrap().parse().unwrap()
}

/// Takes `count` messages of one connection.
async fn take(stream: &mut (impl AsyncRead + Unpin), count: usize) -> Vec<i64> {
    let mut numbers = Vec::new();
    while numbers.len() < count {
        numbers.push(number(&timeout(LIMIT, next(stream)).await.unwrap().unwrap()));
    }
    numbers
}

fn run(feed: Feed) -> (CancellationToken, JoinHandle<()>) {
    let stop = CancellationToken::new();
    (stop.clone(), tokio::spawn(feed.run(stop)))
}

async fn eventually(what: &str, mut is: impl FnMut() -> bool) {
    let began = std::time::Instant::now();
    while !is() {
        assert!(began.elapsed() < LIMIT, "{what}");
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn every_record_arrives_over_tcp_and_a_stop_settles_what_the_collector_has_read() {
    let home = Home::new().await;
    home.write(3).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = Server::Tcp(listener.local_addr().unwrap().to_string());
    // What was there before the feed is not told.
    let (stop, running) = run(home.feed(server.clone()).await);
    home.write(450).await;
    let (mut stream, _) = listener.accept().await.unwrap();
    assert_eq!(take(&mut stream, 450).await, (4..=453).collect::<Vec<_>>());
    assert_eq!((home.mark().await, home.words().0), (Some(3), true), "written is not arrived");
    stop.cancel();
    assert_eq!(next(&mut stream).await, None);
    drop(stream);
    running.await.unwrap();
    assert_eq!(home.mark().await, Some(453));
    // The next start goes on there, and tells what was written meanwhile.
    home.write(1).await;
    let (stop, running) = run(home.feed(server).await);
    let (mut stream, _) = listener.accept().await.unwrap();
    assert_eq!(take(&mut stream, 1).await, [454]);
    let text = home.metrics.text(&home.health, &[]).unwrap();
    assert!(text.contains("sekisho_siem_sent_total 451") && text.contains("sekisho_siem_failures_total 0"), "{text}");
    stop.cancel();
    drop(stream);
    running.await.unwrap();
}

#[tokio::test]
async fn what_was_on_its_way_when_a_collector_died_is_told_again() {
    let home = Home::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (stop, running) = run(home.feed(Server::Tcp(listener.local_addr().unwrap().to_string())).await);
    home.write(5).await;
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut told = take(&mut stream, 2).await;
    // It dies with three of them in its buffer.
    drop(stream);
    home.write(2).await;
    while told.last() != Some(&7) {
        let (mut stream, _) = timeout(LIMIT, listener.accept()).await.unwrap().unwrap();
        while told.last() != Some(&7) {
            match timeout(LIMIT, next(&mut stream)).await.unwrap() {
                Some(message) => told.push(number(&message)),
                None => break,
            }
        }
        if told.last() == Some(&7) {
            stop.cancel();
            assert_eq!(next(&mut stream).await, None);
        }
    }
    running.await.unwrap();
    let mut once = told.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once, (1..=7).collect::<Vec<_>>(), "{told:?}");
    assert!(home.metrics.text(&home.health, &[]).unwrap().contains("sekisho_siem_failures_total 1"));
    assert_eq!(home.mark().await, Some(7));
}

#[tokio::test]
async fn a_dead_collector_delays_no_record_and_is_told_when_it_lives() {
    let home = Home::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let (stop, running) = run(home.feed(Server::Tcp(address.to_string())).await);
    let began = std::time::Instant::now();
    home.write(50).await;
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    eventually("it to be noticed", || !home.words().0).await;
    let (_, words) = home.words();
    assert!(words.starts_with(&format!("tcp://{address} takes nothing (")) && words.contains("tried again"), "{words}");
    let text = home.metrics.text(&home.health, &[]).unwrap();
    assert!(text.contains("sekisho_condition{condition=\"siem\"} 0") && text.contains("sekisho_siem_connected 0"));
    let listener = TcpListener::bind(address).await.unwrap();
    let (mut stream, _) = timeout(LIMIT, listener.accept()).await.unwrap().unwrap();
    assert_eq!(take(&mut stream, 50).await, (1..=50).collect::<Vec<_>>());
    eventually("it to be well", || home.words().0).await;
    stop.cancel();
    drop(stream);
    running.await.unwrap();
}

/// A collector that takes connections and reads nothing: its window closes, and mail goes on.
#[tokio::test]
async fn a_collector_that_reads_nothing_costs_a_page_and_no_more() {
    let home = Home::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut feed = home.feed(Server::Tcp(listener.local_addr().unwrap().to_string())).await;
    let large = (0..400).map(|_| {
        let mut record = fixture::mail(Action::Hold);
        fixture::mail_of(&mut record).next_hop = Some("x".repeat(500));
        fixture::mail_of(&mut record).files = vec![fixture::mail_of(&mut record).files[0].clone(); 100];
        record
    });
    for record in large {
        home.journal.record(record).await.unwrap();
    }
    let _held = listener;
    let trouble = loop {
        if let Err(trouble) = feed.advance().await {
            break trouble;
        }
        assert!(feed.written < 100_000, "no kernel's buffers are so large");
        // The kernel's buffers take some; more is made until they are full.
        for _ in 0..PAGE {
            home.journal.record(fixture::mail(Action::Hold)).await.unwrap();
        }
    };
    // We lose patience, or the kernel does, which is noticed on either side of the connection.
    let words = trouble.to_string();
    let expected = ["nothing is taken", "timed out", "hung up"];
    assert!(expected.iter().any(|known| words.contains(known)), "{words}");
    feed.failed(&trouble).await;
    assert_eq!((home.mark().await, feed.written, feed.pending.len()), (Some(0), 0, 0), "all of it is told again");
}

#[tokio::test]
async fn tls_checks_whom_it_tells() {
    let home = Home::new().await;
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(vec!["siem.example.co.jp".to_owned(), "localhost".to_owned()]).unwrap();
    let ca = home.dir.path().join("ca.pem");
    std::fs::write(&ca, cert.pem()).unwrap();
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![cert.der().clone()], key.into()).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = listener.local_addr().unwrap().to_string();
    let settings = |name: &str, ca: Option<PathBuf>| Settings {
        server: Server::Tls { server: server.clone(), name: name.to_owned() },
        format: Format::Ocsf,
        records: Records::All,
        ca,
        identity: None,
    };
    let accept = async || {
        let (stream, _) = listener.accept().await.unwrap();
        acceptor.accept(stream).await
    };
    let mut feed = home.feed_of(settings("siem.example.co.jp", Some(ca.clone()))).await;
    home.write(1).await;
    // Another name than the certificate's, or a certificate that nobody vouches for.
    for wrong in [settings("other.example.co.jp", Some(ca.clone())), settings("siem.example.co.jp", None)] {
        feed.settings = wrong;
        let (told, refused) = tokio::join!(feed.advance(), accept());
        assert!(told.is_err() && refused.is_err(), "{told:?}");
    }
    feed.settings = settings("siem.example.co.jp", Some(ca));
    let (stop, running) = run(feed);
    let mut stream: tokio_rustls::server::TlsStream<TcpStream> = accept().await.unwrap();
    let message = next(&mut stream).await.unwrap();
    assert!(message.contains(" {\"") && message.contains("\"class_uid\":2006"), "{message}");
    stop.cancel();
    assert_eq!(next(&mut stream).await, None);
    stream.shutdown().await.unwrap();
    running.await.unwrap();
    assert_eq!(home.mark().await, Some(1));
}

#[tokio::test]
async fn datagrams_have_arrived_when_they_are_sent() {
    let home = Home::new().await;
    let path = home.dir.path().join("log.sock");
    let (unix, udp) = (UnixDatagram::bind(&path).unwrap(), UdpSocket::bind("127.0.0.1:0").await.unwrap());
    let mut buffer = [0; 9_000];
    let mut feed = home.feed(Server::Unix(path)).await;
    home.write(2).await;
    assert!(!feed.advance().await.unwrap());
    for expected in 1..=2 {
        let length = unix.recv(&mut buffer).await.unwrap();
        assert_eq!(number(std::str::from_utf8(&buffer[..length]).unwrap()), expected);
    }
    assert_eq!(home.mark().await, Some(2));
    drop(feed);
    let mut feed = home.feed(Server::Udp(udp.local_addr().unwrap().to_string())).await;
    home.write(1).await;
    feed.advance().await.unwrap();
    let length = udp.recv(&mut buffer).await.unwrap();
    assert!(buffer[..length].starts_with(b"<109>1 ") || buffer[..length].starts_with(b"<110>1 "));
    assert_eq!((number(std::str::from_utf8(&buffer[..length]).unwrap()), home.mark().await), (3, Some(3)));
}

#[tokio::test]
async fn what_is_not_notable_is_passed_over_and_the_mark_goes_on() {
    let home = Home::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = Server::Tcp(listener.local_addr().unwrap().to_string());
    let settings = Settings { server, format: Format::Cef, records: Records::Notable, ca: None, identity: None };
    let mut feed = home.feed_of(settings).await;
    home.journal.record(fixture::clean_mail()).await.unwrap();
    assert!(feed.advance().await.unwrap() && feed.wire.is_none());
    assert_eq!(home.mark().await, Some(1));
    home.journal.record(fixture::mail(Action::Hold)).await.unwrap();
    home.journal.record(fixture::clean_mail()).await.unwrap();
    feed.advance().await.unwrap();
    let (mut stream, _) = listener.accept().await.unwrap();
    assert_eq!((take(&mut stream, 1).await, feed.pending.back().map(|(_, through)| *through)), (vec![2], Some(3)));
}

#[tokio::test]
async fn a_journal_shorter_than_the_mark_is_another_one() {
    let home = Home::new().await;
    home.write(2).await;
    home.store.move_siem_mark(99).await.unwrap();
    let mut feed = home.feed(Server::Udp("127.0.0.1:9".to_owned())).await;
    feed.advance().await.unwrap();
    assert_eq!((feed.settled, home.mark().await), (2, Some(2)));
}

/// Another node had told less before there was one mark for all.
#[tokio::test]
async fn a_mark_that_is_put_back_is_followed_by_whoever_tells() {
    let home = Home::new().await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut feed = home.feed(Server::Udp(socket.local_addr().unwrap().to_string())).await;
    home.write(5).await;
    feed.advance().await.unwrap();
    assert_eq!((heard(&socket, 5).await, home.mark().await), ((1..=5).collect(), Some(5)));
    let other = tempfile::tempdir().unwrap();
    std::fs::write(other.path().join("siem.mark"), "3").unwrap();
    Mark::new(home.store.clone(), other.path()).take_over_file().await.unwrap();
    feed.advance().await.unwrap();
    assert_eq!((heard(&socket, 2).await, home.mark().await), (vec![4, 5], Some(5)));
}

#[tokio::test]
async fn a_mark_that_is_none_stops_the_start() {
    let home = Home::new().await;
    std::fs::write(home.dir.path().join("siem.mark"), "x").unwrap();
    let server = Server::Udp("127.0.0.1:9".to_owned());
    let settings = Settings { server, format: Format::Cef, records: Records::All, ca: None, identity: None };
    let told = (home.health.clone(), home.metrics.clone());
    let refused = Feed::resume(settings, "h", (home.journal.clone(), &home.store), home.dir.path(), told).await;
    assert!(refused.err().unwrap().starts_with("the feed of the SIEM cannot begin: "));
}

/// The numbers of the next messages.
async fn heard(socket: &UdpSocket, count: usize) -> Vec<i64> {
    let (mut numbers, mut buffer) = (Vec::new(), [0; 9_000]);
    while numbers.len() < count {
        let length = timeout(LIMIT, socket.recv(&mut buffer)).await.unwrap().unwrap();
        numbers.push(number(std::str::from_utf8(&buffer[..length]).unwrap()));
    }
    numbers
}

/// Of two nodes; where the store is a file there is only ever one.
#[tokio::test]
async fn of_two_nodes_one_tells_and_when_it_dies_the_other_goes_on_where_it_was() {
    let home = Home::new().await;
    if home.store.is_a_file() {
        return;
    }
    let (store, dir) = home.store.as_another_node().await;
    let other = Home::over(store, dir);
    let collector = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let server = Server::Udp(collector.local_addr().unwrap().to_string());
    let first = home.feed(server.clone()).await;
    let settings = first.settings.clone();
    let journal = (other.journal.clone(), &other.store);
    let told = (other.health.clone(), other.metrics.clone());
    let second = Feed::resume(settings, "node-2.example.co.jp", journal, other.dir.path(), told).await.unwrap();
    let ((_stop, first), (stop, second)) = (run(first), run(second));
    // Written by both, told by one, each once.
    tokio::join!(home.write(40), other.write(40));
    assert_eq!(heard(&collector, 80).await, (1..=80).collect::<Vec<_>>());
    // What it said of no records before would do for this too.
    home.marked(80).await;
    eventually("the second to see it", || other.words().1 == format!("another node tells {server}; 0 records to go"))
        .await;
    // It dies without a word.
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    other.write(20).await;
    assert_eq!(heard(&collector, 20).await, (81..=100).collect::<Vec<_>>());
    other.marked(100).await;
    assert!(other.words().1.starts_with("telling udp://"), "{:?}", other.words());
    // It stops, and says so: whoever comes next need not wait.
    stop.cancel();
    second.await.unwrap();
    let third = home.feed(server).await;
    assert_eq!((third.settled, third.tells), (100, true));
}

#[tokio::test]
async fn a_node_that_cannot_tell_lets_another_and_is_well_when_that_one_does() {
    let home = Home::new().await;
    if home.store.is_a_file() {
        return;
    }
    let (store, dir) = home.store.as_another_node().await;
    let other = Home::over(store, dir);
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = Server::Tcp(nobody.local_addr().unwrap().to_string());
    drop(nobody);
    let mut cut_off = home.feed(server).await;
    home.write(3).await;
    let trouble = cut_off.advance().await.unwrap_err();
    cut_off.failed(&trouble).await;
    assert!(!home.words().0);
    let collector = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut better = other.feed(Server::Udp(collector.local_addr().unwrap().to_string())).await;
    assert!(!cut_off.advance().await.unwrap() && !home.words().0, "nobody has told them yet");
    assert!(!better.advance().await.unwrap());
    assert_eq!(heard(&collector, 3).await, [1, 2, 3]);
    cut_off.advance().await.unwrap();
    assert_eq!((home.words().0, cut_off.settled), (true, 3), "{:?}", home.words());
}
