//! The next hop of the bench: a process of its own that takes every mail, counts it and forgets it.
//!
//! It is this program again, called with `--sink`. On standard output it tells its address; after that every line on
//! standard input is answered with the number of mails that have arrived, and the end of input ends it.

use std::{
    io::{BufRead, BufReader, Write},
    net::SocketAddr,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::atomic::{AtomicU64, Ordering},
};

use memchr::memmem;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// The parent's side.
pub(crate) struct Sink {
    pub(crate) address: SocketAddr,
    child: Child,
    ask: ChildStdin,
    told: BufReader<ChildStdout>,
}

impl Sink {
    pub(crate) fn start() -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg("--sink")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (ask, told) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut told = BufReader::new(told);
        let mut address = String::new();
        told.read_line(&mut address).unwrap();
        Self { address: address.trim().parse().expect("the sink tells its address"), child, ask, told }
    }

    /// How many mails have arrived so far.
    pub(crate) fn arrived(&mut self) -> u64 {
        self.ask.write_all(b"\n").unwrap();
        let mut count = String::new();
        self.told.read_line(&mut count).unwrap();
        count.trim().parse().expect("the sink tells its count")
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

static ARRIVED: AtomicU64 = AtomicU64::new(0);

/// The child's side: serves until standard input ends.
pub(crate) fn serve() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    println!("{}", listener.local_addr().unwrap());
    runtime.spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            // A peer that hangs up is an ordinary end.
            tokio::spawn(async move { Session::new(stream).run().await });
        }
    });
    for _ in std::io::stdin().lines() {
        println!("{}", ARRIVED.load(Ordering::SeqCst));
    }
}

const END: &[u8] = b"\r\n.\r\n";
const OFFERS: &str = "250-sink.test\r\n250-PIPELINING\r\n250-SIZE 104857600\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n\
                      250-DSN\r\n250-CHUNKING\r\n250 ENHANCEDSTATUSCODES\r\n";

struct Session {
    stream: TcpStream,
    buffer: Vec<u8>,
    replies: Vec<u8>,
}

impl Session {
    fn new(stream: TcpStream) -> Self {
        Self { stream, buffer: Vec::with_capacity(256 * 1024), replies: b"220 sink.test ESMTP\r\n".to_vec() }
    }

    async fn run(mut self) -> std::io::Result<()> {
        self.stream.set_nodelay(true)?;
        loop {
            while let Some(length) = memchr::memchr(b'\n', &self.buffer) {
                let line: Vec<u8> = self.buffer.drain(..=length).collect();
                let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
                let reply = match verb.as_slice() {
                    b"EHLO" => OFFERS,
                    b"MAIL" => "250 2.1.0 ok\r\n",
                    b"RCPT" => "250 2.1.5 ok\r\n",
                    b"DATA" => {
                        self.say("354 go ahead\r\n");
                        self.data().await?;
                        "250 2.0.0 taken\r\n"
                    }
                    b"BDAT" => {
                        self.chunk(&line).await?;
                        "250 2.0.0 taken\r\n"
                    }
                    b"QUIT" => {
                        self.say("221 2.0.0 bye\r\n");
                        return self.flush().await;
                    }
                    b"HELO" | b"RSET" | b"NOOP" => "250 2.0.0 ok\r\n",
                    _ => "500 5.5.2 what\r\n",
                };
                self.say(reply);
            }
            self.read().await?;
        }
    }

    fn say(&mut self, reply: &str) {
        self.replies.extend_from_slice(reply.as_bytes());
    }

    async fn flush(&mut self) -> std::io::Result<()> {
        if !self.replies.is_empty() {
            self.stream.write_all(&self.replies).await?;
            self.replies.clear();
        }
        Ok(())
    }

    /// Says what there is to say, then waits for more.
    async fn read(&mut self) -> std::io::Result<()> {
        self.flush().await?;
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// Drops everything up to the end of data.
    async fn data(&mut self) -> std::io::Result<()> {
        loop {
            if let Some(at) = memmem::find(&self.buffer, END) {
                self.buffer.drain(..at + END.len());
                ARRIVED.fetch_add(1, Ordering::SeqCst);
                return Ok(());
            }
            // Only what may be the beginning of the end is kept.
            let keep = self.buffer.len().min(END.len() - 1);
            self.buffer.drain(..self.buffer.len() - keep);
            self.read().await?;
        }
    }

    /// Drops a chunk; the last one is a mail.
    async fn chunk(&mut self, line: &[u8]) -> std::io::Result<()> {
        let line = String::from_utf8_lossy(line).to_ascii_uppercase();
        let mut words = line.split_ascii_whitespace().skip(1);
        let mut left: usize = words.next().and_then(|size| size.parse().ok()).expect("BDAT with a size");
        loop {
            let here = left.min(self.buffer.len());
            self.buffer.drain(..here);
            left -= here;
            if left == 0 {
                break;
            }
            self.read().await?;
        }
        if words.next() == Some("LAST") {
            ARRIVED.fetch_add(1, Ordering::SeqCst);
        }
        Ok(())
    }
}
