//! The load: so many sessions, each sending one mail after the other for so long.
//!
//! A session pipelines MAIL, RCPT and DATA as mail servers do, and takes the time from the end of its data to the
//! reply. Throughput is told by arrivals: the clock stops when the last mail sent has come to the sink.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    task::JoinSet,
};

use crate::{
    mails::{RECIPIENT, SENDER},
    process::{self, Watch},
    sink::Sink,
};

/// How long the relay is warmed up before anything counts.
const WARM_UP: Duration = Duration::from_millis(500);
/// How long mail may be on its way after the last was sent.
const PATIENCE: Duration = Duration::from_secs(120);
/// After so many mails a session connects anew; servers bound how many they take over one connection.
const PER_CONNECTION: usize = 5_000;

/// What is to be sent where.
pub(crate) struct Load<'a> {
    pub(crate) address: SocketAddr,
    pub(crate) mail: &'a [u8],
    pub(crate) sessions: usize,
    pub(crate) duration: Duration,
}

/// What was measured.
#[derive(Debug)]
pub(crate) struct Figures {
    pub(crate) mails: u64,
    pub(crate) elapsed: Duration,
    /// From the end of DATA to the reply, sorted.
    replies: Vec<Duration>,
    /// From MAIL to the reply, sorted.
    wholes: Vec<Duration>,
    /// Of the relay and all its children.
    pub(crate) cpu: Option<Duration>,
    /// The highest sum of the memory of the relay and all its children (proportional set size), in bytes.
    pub(crate) memory: Option<u64>,
}

impl Figures {
    pub(crate) fn per_second(&self) -> f64 {
        self.mails as f64 / self.elapsed.as_secs_f64()
    }

    /// The time within which this share of the replies came.
    pub(crate) fn reply(&self, share: f64) -> Duration {
        at(&self.replies, share)
    }

    /// The median of the time from MAIL to the reply.
    pub(crate) fn whole(&self) -> Duration {
        at(&self.wholes, 0.5)
    }

    /// CPU seconds for a thousand mails.
    pub(crate) fn cpu_per_thousand(&self) -> Option<f64> {
        self.cpu.map(|cpu| cpu.as_secs_f64() * 1_000.0 / self.mails as f64)
    }
}

fn at(sorted: &[Duration], share: f64) -> Duration {
    sorted[((sorted.len() - 1) as f64 * share) as usize]
}

impl Load<'_> {
    /// Sends for as long as asked; `relay` is the process whose CPU time and memory are told.
    pub(crate) fn run(&self, sink: &mut Sink, relay: Option<u32>) -> Figures {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let mail: Arc<[u8]> = self.mail.into();
        let mut before = sink.arrived();
        let sessions = runtime.block_on(self.open());
        let (sessions, warm) = runtime.block_on(send(sessions, &mail, WARM_UP));
        wait_for(sink, before + warm.len() as u64);
        before = sink.arrived();

        let cpu = relay.map(process::cpu);
        let watch = relay.map(Watch::start);
        let start = Instant::now();
        let (_, times) = runtime.block_on(send(sessions, &mail, self.duration));
        wait_for(sink, before + times.len() as u64);
        let elapsed = start.elapsed();
        let cpu = cpu.zip(relay).map(|(before, relay)| process::cpu(relay).saturating_sub(before));
        let memory = watch.map(Watch::end);
        let (mut replies, mut wholes): (Vec<_>, Vec<_>) =
            times.into_iter().map(|time| (time.reply, time.whole)).unzip();
        replies.sort_unstable();
        wholes.sort_unstable();
        Figures { mails: replies.len() as u64, elapsed, replies, wholes, cpu, memory }
    }

    async fn open(&self) -> Vec<Session> {
        let mut sessions = Vec::new();
        for _ in 0..self.sessions {
            sessions.push(Session::open(self.address, self.mail.len()).await.expect("a session"));
        }
        sessions
    }
}

fn wait_for(sink: &mut Sink, count: u64) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let arrived = sink.arrived();
        if arrived >= count {
            assert_eq!(arrived, count, "more mails arrived than were sent");
            return;
        }
        assert!(Instant::now() < deadline, "{} of the mails did not arrive", count - arrived);
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Lets every session send for `duration`.
async fn send(sessions: Vec<Session>, mail: &Arc<[u8]>, duration: Duration) -> (Vec<Session>, Vec<Times>) {
    let deadline = Instant::now() + duration;
    let mut sending = JoinSet::new();
    for mut session in sessions {
        let mail = Arc::clone(mail);
        sending.spawn(async move {
            let mut times = Vec::new();
            while Instant::now() < deadline {
                times.push(session.send(&mail).await.expect("a reply"));
            }
            (session, times)
        });
    }
    let (sessions, times): (Vec<_>, Vec<_>) = sending.join_all().await.into_iter().unzip();
    (sessions, times.concat())
}

#[derive(Debug, Clone, Copy)]
struct Times {
    reply: Duration,
    whole: Duration,
}

struct Session {
    address: SocketAddr,
    /// How many bytes each mail has, as MAIL says.
    size: usize,
    sent: usize,
    replies: BufReader<OwnedReadHalf>,
    out: OwnedWriteHalf,
    commands: Vec<u8>,
    line: Vec<u8>,
}

impl Session {
    async fn open(address: SocketAddr, size: usize) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (read, out) = stream.into_split();
        let commands = format!("MAIL FROM:<{SENDER}> SIZE={size}\r\nRCPT TO:<{RECIPIENT}>\r\nDATA\r\n").into_bytes();
        let mut session =
            Self { address, size, sent: 0, replies: BufReader::new(read), out, commands, line: Vec::new() };
        session.expect(b"220").await?;
        session.out.write_all(b"EHLO bench.toho.example.co.jp\r\n").await?;
        session.expect(b"250").await?;
        Ok(session)
    }

    async fn send(&mut self, mail: &[u8]) -> std::io::Result<Times> {
        if self.sent == PER_CONNECTION {
            *self = Self::open(self.address, self.size).await?;
        }
        self.sent += 1;
        let start = Instant::now();
        self.out.write_all(&self.commands).await?;
        for code in [b"250", b"250", b"354"] {
            self.expect(code).await?;
        }
        self.out.write_all(mail).await?;
        let sent = Instant::now();
        self.expect(b"250").await?;
        Ok(Times { reply: sent.elapsed(), whole: start.elapsed() })
    }

    /// Reads one reply, all its lines; anything but `code` ends the bench.
    async fn expect(&mut self, code: &[u8]) -> std::io::Result<()> {
        loop {
            self.line.clear();
            if self.replies.read_until(b'\n', &mut self.line).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            assert!(self.line.starts_with(code), "{}", String::from_utf8_lossy(&self.line));
            if self.line.get(3) != Some(&b'-') {
                return Ok(());
            }
        }
    }
}
