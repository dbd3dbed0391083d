//! The next hop of the tests: takes mail over SMTP on threads, keeps it, and misbehaves as it is told.

use std::{
    collections::HashMap,
    io::{self, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use super::stream::Stream;

/// A mail that arrived.
#[derive(Debug, Clone)]
pub(crate) struct Delivered {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    /// The message as it was meant, stuffed dots removed.
    pub(crate) bytes: Vec<u8>,
    /// The message as it was on the wire: between 354 and the end of the final dot's line, or the chunks of BDAT.
    pub(crate) wire: Vec<u8>,
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

/// How a next hop behaves.
#[derive(Debug, Clone)]
pub(crate) struct Hop {
    /// Where it listens; port 0 chooses one.
    pub(crate) listen: SocketAddr,
    /// What EHLO offers. STARTTLS is really spoken, and not offered again behind it.
    pub(crate) offers: Vec<String>,
    /// Verb (or `GREETING`, or `DOT` for the end of a message) → what it answers instead of the ordinary, all lines
    /// with their CRLF.
    pub(crate) answers: HashMap<String, String>,
    /// What it says in plain text directly behind the reply to STARTTLS: an attacker on the wire.
    pub(crate) injected: String,
    /// Where each mail is written down when it is taken, and again when that has been answered.
    pub(crate) ledger: Option<PathBuf>,
}

impl Default for Hop {
    fn default() -> Self {
        let offers = ["PIPELINING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "SIZE 104857600"];
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            offers: offers.map(str::to_owned).into(),
            answers: HashMap::new(),
            injected: String::new(),
            ledger: None,
        }
    }
}

/// A next hop on a port of its own.
///
/// `refused@…` gets 550 at RCPT, `later@…` gets 451, a mail with the header `X-Refuse: yes` gets 554 at the dot.
#[derive(Debug, Clone)]
pub(crate) struct Sink {
    pub(crate) address: SocketAddr,
    hop: Arc<Hop>,
    mails: Arc<Mutex<Vec<Delivered>>>,
    commands: Arc<Mutex<Vec<String>>>,
    connections: Arc<AtomicUsize>,
    down: Arc<AtomicBool>,
}

impl Sink {
    pub(crate) fn start() -> Self {
        Self::start_as(Hop::default())
    }

    pub(crate) fn start_as(hop: Hop) -> Self {
        let listener = TcpListener::bind(hop.listen).unwrap();
        let sink = Self {
            address: listener.local_addr().unwrap(),
            hop: Arc::new(hop),
            mails: Arc::default(),
            commands: Arc::default(),
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

    /// Every command line heard so far, over all connections, without its line end.
    pub(crate) fn commands(&self) -> Vec<String> {
        self.commands.lock().unwrap().clone()
    }

    /// How many connections were made so far.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// From now on every MAIL gets 421 (`true`), or service is back (`false`).
    pub(crate) fn go_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        let mut dialogue = Dialogue {
            sink: self,
            stream: Stream::new(stream)?,
            secure: false,
            from: String::new(),
            to: Vec::new(),
            chunks: Vec::new(),
        };
        dialogue.stream.send(self.answer("GREETING", "220 sink.test ESMTP\r\n").as_bytes())?;
        loop {
            let line = dialogue.stream.line()?;
            if line.is_empty() {
                return Ok(());
            }
            let line = String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned();
            self.commands.lock().unwrap().push(line.clone());
            let Some(reply) = dialogue.hear(&line)? else { return Ok(()) };
            dialogue.stream.send(reply.as_bytes())?;
        }
    }

    fn answer(&self, to: &str, ordinary: &str) -> String {
        self.hop.answers.get(to).map_or(ordinary, String::as_str).to_owned()
    }

    fn write_down(&self, what: &str, mail: &Delivered) -> io::Result<()> {
        let Some(ledger) = &self.hop.ledger else { return Ok(()) };
        let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let line = format!("{what} {at} {} {}\n", mail.id().unwrap_or_default(), mail.to.join(" "));
        std::fs::File::options().create(true).append(true).open(ledger)?.write_all(line.as_bytes())
    }
}

impl Delivered {
    /// The left half of its Message-ID, by which the tests know it.
    pub(crate) fn id(&self) -> Option<String> {
        let text = self.text();
        let line = text.lines().find_map(|line| line.strip_prefix("Message-ID: <"))?;
        line.split('@').next().map(str::to_owned)
    }
}

/// One connection to the sink.
struct Dialogue<'a> {
    sink: &'a Sink,
    stream: Stream,
    secure: bool,
    from: String,
    to: Vec<String>,
    chunks: Vec<u8>,
}

impl Dialogue<'_> {
    /// The reply to one command; `None` ends the connection.
    fn hear(&mut self, line: &str) -> io::Result<Option<String>> {
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let ordinary = match verb.as_str() {
            "EHLO" => self.offers(),
            "HELO" | "NOOP" => "250 2.0.0 ok\r\n".into(),
            "STARTTLS" if !self.secure && self.sink.hop.offers.iter().any(|offer| offer == "STARTTLS") => {
                let reply = self.sink.answer("STARTTLS", "220 2.0.0 go ahead\r\n");
                self.stream.send(format!("{reply}{}", self.sink.hop.injected).as_bytes())?;
                if reply.starts_with("220") {
                    self.stream.accept_tls()?;
                    self.secure = true;
                }
                return Ok(Some(String::new()));
            }
            "AUTH" => "235 2.7.0 welcome\r\n".into(),
            "MAIL" if self.sink.down.load(Ordering::SeqCst) => "421 4.3.2 not now\r\n".into(),
            // What a client sent along with that MAIL without waiting.
            "RCPT" | "DATA" if self.sink.down.load(Ordering::SeqCst) => "503 5.5.1 no sender yet\r\n".into(),
            "MAIL" => {
                self.from = path(line);
                self.forget();
                "250 2.1.0 sender ok\r\n".into()
            }
            "RCPT" if path(line).starts_with("refused@") => "550 5.1.1 no such mailbox here\r\n".into(),
            "RCPT" if path(line).starts_with("later@") => "451 4.2.0 mailbox busy\r\n".into(),
            "RCPT" => {
                if !self.sink.hop.answers.contains_key("RCPT") {
                    self.to.push(path(line));
                }
                "250 2.1.5 recipient ok\r\n".into()
            }
            "RSET" => {
                self.forget();
                "250 2.0.0 reset\r\n".into()
            }
            "DATA" if self.to.is_empty() => "554 5.5.1 no valid recipients\r\n".into(),
            "DATA" => return self.data().map(Some),
            "BDAT" => return self.chunk(line).map(Some),
            "QUIT" => {
                self.stream.send(b"221 2.0.0 bye\r\n")?;
                return Ok(None);
            }
            _ => "500 5.5.2 what\r\n".into(),
        };
        Ok(Some(self.sink.answer(&verb, &ordinary)))
    }

    fn offers(&self) -> String {
        let offers = self.sink.hop.offers.iter().filter(|offer| !self.secure || *offer != "STARTTLS");
        let lines: Vec<&str> = std::iter::once("sink.test").chain(offers.map(String::as_str)).collect();
        let last = lines.len() - 1;
        lines
            .iter()
            .enumerate()
            .map(|(n, line)| format!("250{}{line}\r\n", if n == last { ' ' } else { '-' }))
            .collect()
    }

    fn forget(&mut self) {
        self.to.clear();
        self.chunks.clear();
    }

    fn data(&mut self) -> io::Result<String> {
        let reply = self.sink.answer("DATA", "354 go ahead\r\n");
        if !reply.starts_with("354") {
            return Ok(reply);
        }
        self.stream.send(reply.as_bytes())?;
        let (mut bytes, mut wire) = (Vec::new(), Vec::new());
        loop {
            let line = self.stream.line()?;
            if line.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            wire.extend_from_slice(&line);
            if line == b".\r\n" {
                break;
            }
            bytes.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        }
        self.take(bytes, wire)
    }

    fn chunk(&mut self, line: &str) -> io::Result<String> {
        let mut words = line.split(' ').skip(1);
        let size = words.next().and_then(|size| size.parse().ok()).unwrap_or(0);
        let chunk = self.stream.exactly(size)?;
        self.chunks.extend_from_slice(&chunk);
        if words.next().is_some_and(|word| word.eq_ignore_ascii_case("LAST")) {
            let bytes = std::mem::take(&mut self.chunks);
            return self.take(bytes.clone(), bytes);
        }
        Ok(self.sink.answer("BDAT", "250 2.0.0 go on\r\n"))
    }

    /// A whole message is here. It is kept before it is answered, so that a kill in between is a mail that was taken
    /// and not answered.
    fn take(&mut self, bytes: Vec<u8>, wire: Vec<u8>) -> io::Result<String> {
        if bytes.windows(13).any(|w| w == b"X-Refuse: yes") {
            return Ok("554 5.6.0 refused at the dot\r\n".into());
        }
        let reply = self.sink.answer("DOT", "250 2.0.0 queued in the sink\r\n");
        if !reply.starts_with('2') {
            return Ok(reply);
        }
        let mail = Delivered { from: self.from.clone(), to: std::mem::take(&mut self.to), bytes, wire };
        self.sink.write_down("taken", &mail)?;
        self.sink.mails.lock().unwrap().push(mail.clone());
        self.stream.send(reply.as_bytes())?;
        self.sink.write_down("answered", &mail)?;
        Ok(String::new())
    }
}

fn path(line: &str) -> String {
    let inner = line.split_once('<').map_or("", |(_, rest)| rest);
    inner.split_once('>').map_or("", |(path, _)| path).to_owned()
}
