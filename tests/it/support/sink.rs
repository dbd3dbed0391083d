//! The next hop of the tests: takes mail over SMTP on threads and keeps it.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

/// A mail that arrived.
#[derive(Debug, Clone)]
pub(crate) struct Delivered {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) bytes: Vec<u8>,
}

impl Delivered {
    /// The bytes without the first header field, which is the trace that Sekisho put there.
    pub(crate) fn without_trace(&self) -> &[u8] {
        assert!(self.bytes.starts_with(b"Received: "), "no trace header: {}", String::from_utf8_lossy(&self.bytes));
        let mut at = 0;
        loop {
            at += self.bytes[at..].iter().position(|c| *c == b'\n').unwrap() + 1;
            if !matches!(self.bytes[at], b' ' | b'\t') {
                return &self.bytes[at..];
            }
        }
    }

    /// The message as text, for a look at its headers.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

/// A next hop on a port of its own.
///
/// `refused@…` gets 550 at RCPT, `later@…` gets 451, a mail with the header `X-Refuse: yes` gets 554 at the dot.
#[derive(Debug, Clone)]
pub(crate) struct Sink {
    pub(crate) address: SocketAddr,
    mails: Arc<Mutex<Vec<Delivered>>>,
    connections: Arc<AtomicUsize>,
    down: Arc<AtomicBool>,
}

impl Sink {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let sink = Self {
            address: listener.local_addr().unwrap(),
            mails: Arc::default(),
            connections: Arc::default(),
            down: Arc::default(),
        };
        let accepting = sink.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let sink = accepting.clone();
                sink.connections.fetch_add(1, Ordering::SeqCst);
                std::thread::spawn(move || {
                    // A peer that hangs up is an ordinary end.
                    let _ = sink.serve(stream);
                });
            }
        });
        sink
    }

    /// Everything delivered so far.
    pub(crate) fn mails(&self) -> Vec<Delivered> {
        self.mails.lock().unwrap().clone()
    }

    /// The mails that went to `address`.
    pub(crate) fn to(&self, address: &str) -> Vec<Delivered> {
        self.mails().into_iter().filter(|mail| mail.to.iter().any(|to| to == address)).collect()
    }

    /// How many connections were made so far.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// From now on every MAIL gets 421 (`true`), or service is back (`false`).
    pub(crate) fn go_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let mut out = stream.try_clone()?;
        let mut lines = BufReader::new(stream);
        out.write_all(b"220 sink.test ESMTP\r\n")?;
        let (mut from, mut to) = (String::new(), Vec::new());
        loop {
            let mut line = Vec::new();
            if lines.read_until(b'\n', &mut line)? == 0 {
                return Ok(());
            }
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            let reply = match line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase().as_str() {
                "EHLO" => {
                    "250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n250 SIZE 104857600\r\n"
                }
                "HELO" | "NOOP" => "250 2.0.0 ok\r\n",
                "MAIL" if self.down.load(Ordering::SeqCst) => "421 4.3.2 not now\r\n",
                // What a client sent along with that MAIL without waiting.
                "RCPT" | "DATA" if self.down.load(Ordering::SeqCst) => "503 5.5.1 no sender yet\r\n",
                "MAIL" => {
                    from = path(&line);
                    to.clear();
                    "250 2.1.0 sender ok\r\n"
                }
                "RCPT" if path(&line).starts_with("refused@") => "550 5.1.1 no such mailbox here\r\n",
                "RCPT" if path(&line).starts_with("later@") => "451 4.2.0 mailbox busy\r\n",
                "RCPT" => {
                    to.push(path(&line));
                    "250 2.1.5 recipient ok\r\n"
                }
                "RSET" => {
                    to.clear();
                    "250 2.0.0 reset\r\n"
                }
                "DATA" => {
                    out.write_all(b"354 go ahead\r\n")?;
                    let bytes = read_data(&mut lines)?;
                    if bytes.windows(13).any(|w| w == b"X-Refuse: yes") {
                        "554 5.6.0 refused at the dot\r\n"
                    } else {
                        let mail = Delivered { from: from.clone(), to: to.clone(), bytes };
                        self.mails.lock().unwrap().push(mail);
                        "250 2.0.0 queued in the sink\r\n"
                    }
                }
                "QUIT" => {
                    out.write_all(b"221 2.0.0 bye\r\n")?;
                    return Ok(());
                }
                _ => "500 5.5.2 what\r\n",
            };
            out.write_all(reply.as_bytes())?;
        }
    }
}

fn path(line: &str) -> String {
    let inner = line.split_once('<').map_or("", |(_, rest)| rest);
    inner.split_once('>').map_or("", |(path, _)| path).to_owned()
}

fn read_data(lines: &mut impl BufRead) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let start = bytes.len();
        if lines.read_until(b'\n', &mut bytes)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        match &bytes[start..] {
            b".\r\n" => {
                bytes.truncate(start);
                return Ok(bytes);
            }
            line if line.starts_with(b".") => {
                bytes.remove(start);
            }
            _ => {}
        }
    }
}
