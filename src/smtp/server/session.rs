//! One client's dialogue: which command may come now, and what it is answered.
//!
//! In: command lines and message bytes from a [`Wire`]. Out: replies, and calls to the [`Gate`]. The session keeps what
//! lasts as long as the connection; [`Current`] keeps what lasts as long as one mail, and dropping it is all that RSET
//! has to do. Deliberately absent: reading and writing bytes (`wire`), the grammar (`command`), the end of a message
//! (`data`).

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Instant, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info};

use super::{
    Gate, MailFrom, Peer, Settings, Transaction,
    caught::caught,
    wire::{CHUNK, Line, Wire},
};
use crate::{
    mail::{Address, MailId, Message},
    smtp::{
        Reply, Then,
        command::{Command, Recipient},
        data::{DataError, DataReader},
    },
};

/// A client with this many bad commands is lost or is trying something.
const MAX_ERRORS: u32 = 20;

/// A message this many times over the limit is not read to its end any more.
const GIVE_UP: u64 = 4;

/// How long the end of a connection may take: giving up what is under way, and the last reply.
const FAREWELL: Duration = Duration::from_secs(5);

/// What a session starts with.
pub(super) struct Start<G> {
    pub(super) gate: Arc<G>,
    pub(super) settings: Arc<Settings>,
    pub(super) address: SocketAddr,
    pub(super) stop: CancellationToken,
}

/// Talks to one client until it leaves, or until `hurry` says that there is no time left.
pub(super) async fn run<G: Gate, S: AsyncRead + AsyncWrite + Unpin + Send>(
    start: Start<G>,
    stream: S,
    hurry: CancellationToken,
) {
    let peer = Peer { address: start.address, helo: String::new(), extended: false, tls: None, login: None };
    let mut session = Session { start, wire: Wire::new(stream), peer, errors: 0, cut: false, current: None };
    let ended = tokio::select! {
        biased;
        () = hurry.cancelled() => {
            session.wire.reply(&Reply::shutting_down());
            Ok(Ok(()))
        }
        ended = caught(session.talk()) => ended,
    };
    let peer = session.peer.address;
    match ended {
        Ok(Ok(())) => debug!(%peer, "SMTP connection closed"),
        Ok(Err(error)) => debug!(%peer, %error, "SMTP connection lost"),
        Err(_) => {
            error!(%peer, "panic in an SMTP connection; it is closed, the mail was not taken");
            session.wire.reply(&Reply::broken());
        }
    }
    match timeout(FAREWELL, caught(session.abandon())).await {
        Ok(Ok(())) => {}
        Ok(Err(_)) => error!(%peer, "panic while a transaction was abandoned"),
        Err(_) => error!(%peer, "abandoning a transaction took too long and was cut"),
    }
    // The goodbye is written if the client listens; one that does not is not waited for.
    let _ = timeout(FAREWELL, session.wire.close(session.cut)).await;
}

struct Session<G: Gate, S> {
    start: Start<G>,
    wire: Wire<S>,
    peer: Peer,
    errors: u32,
    /// We hang up on a client that is still sending.
    cut: bool,
    current: Option<Current<G::Transaction>>,
}

/// One mail between MAIL and its final reply.
struct Current<T> {
    transaction: T,
    smtputf8: bool,
    size: u64,
    offered: usize,
    accepted: usize,
}

impl<G: Gate, S: AsyncRead + AsyncWrite + Unpin + Send> Session<G, S> {
    /// Greets, then answers command by command until one side closes.
    async fn talk(&mut self) -> io::Result<()> {
        self.wire.reply(&Reply::greeting(&self.start.settings.hostname));
        loop {
            let reply = match self.next_line().await? {
                Next::Command(line) => match Command::parse(&line) {
                    Ok(command) => self.answer(command).await?,
                    Err(refusal) => self.counted(refusal),
                },
                Next::Complaint(reply) => reply,
                Next::Gone => return Ok(()),
            };
            self.wire.reply(&reply);
            if reply.then == Then::Close {
                return Ok(());
            }
        }
    }

    /// Waits for a command; between mails also for the end.
    async fn next_line(&mut self) -> io::Result<Next> {
        let stop = self.start.stop.clone();
        if self.current.is_none() && stop.is_cancelled() {
            return Ok(Next::Complaint(Reply::shutting_down()));
        }
        let between_mails = self.current.is_none();
        let line = tokio::select! {
            biased;
            line = timeout(self.start.settings.idle_timeout, self.wire.line()) => line,
            () = stop.cancelled(), if between_mails => return Ok(Next::Complaint(Reply::shutting_down())),
        };
        Ok(match line {
            Ok(Ok(Line::Whole(line))) => Next::Command(line),
            Ok(Ok(Line::TooLong)) => Next::Complaint(self.counted(Reply::bad_line("the command line is too long"))),
            Ok(Ok(Line::Closed)) => Next::Gone,
            Ok(Err(error)) => return Err(error),
            Err(_) => Next::Complaint(Reply::timeout()),
        })
    }

    async fn answer(&mut self, command: Command) -> io::Result<Reply> {
        Ok(match command {
            Command::Ehlo(name) => self.hello(name, true).await,
            Command::Helo(name) => self.hello(name, false).await,
            Command::Mail(from) => self.mail(from).await,
            Command::Rcpt(recipient) => self.recipient(recipient).await,
            Command::Data => self.data().await?,
            Command::Rset => {
                self.abandon().await;
                Reply::done()
            }
            Command::Noop => Reply::done(),
            Command::Vrfy => Reply::not_verified(),
            Command::Help => Reply::help(),
            Command::Quit => Reply::closing(&self.start.settings.hostname),
        })
    }

    async fn hello(&mut self, name: String, extended: bool) -> Reply {
        self.abandon().await;
        self.peer.helo = name;
        self.peer.extended = extended;
        let settings = &self.start.settings;
        if extended {
            let size = format!("SIZE {}", settings.max_message_size);
            let offered = ["PIPELINING", &size, "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "HELP"];
            Reply::extended_hello(&settings.hostname, offered.map(str::to_owned))
        } else {
            Reply::hello(&settings.hostname)
        }
    }

    async fn mail(&mut self, from: MailFrom) -> Reply {
        if self.peer.helo.is_empty() {
            return self.counted(Reply::bad_sequence("say EHLO or HELO first"));
        }
        if self.current.is_some() {
            return self.counted(Reply::bad_sequence("a mail is under way; finish it or say RSET"));
        }
        let limit = self.start.settings.max_message_size;
        if from.size.is_some_and(|size| size > limit) {
            return Reply::too_large(limit);
        }
        let (smtputf8, size) = (from.smtputf8, from.size.unwrap_or_default());
        let id = MailId(ulid::Ulid::generate().to_string());
        match self.start.gate.mail(&self.peer, id, from).await {
            Ok(transaction) => {
                let reply = transaction.mail_reply();
                self.current = Some(Current { transaction, smtputf8, size, offered: 0, accepted: 0 });
                reply
            }
            Err(refusal) => refusal,
        }
    }

    async fn recipient(&mut self, recipient: Recipient) -> Reply {
        let Some(current) = &mut self.current else {
            return self.counted(Reply::bad_sequence("say MAIL first"));
        };
        current.offered += 1;
        if current.accepted >= self.start.settings.max_recipients {
            return Reply::too_many_recipients();
        }
        let address = match recipient {
            Recipient::Address(address) => address,
            Recipient::Postmaster => match Address::parse(&format!("postmaster@{}", self.start.settings.hostname)) {
                Ok(address) => address,
                Err(_) => return Reply::internal(),
            },
        };
        if !current.smtputf8 && !address.as_str().is_ascii() {
            return self.counted(Reply::smtputf8_needed());
        }
        let reply = current.transaction.recipient(address.into()).await;
        if reply.is_positive() {
            current.accepted += 1;
        }
        reply
    }

    async fn data(&mut self) -> io::Result<Reply> {
        let refusal = match &self.current {
            None => Some(Reply::bad_sequence("say MAIL and RCPT first")),
            Some(Current { accepted: 0, offered: 0, .. }) => Some(Reply::bad_sequence("say RCPT first")),
            Some(Current { accepted: 0, .. }) => Some(Reply::no_valid_recipients()),
            Some(_) => None,
        };
        if let Some(refusal) = refusal {
            let refusal = self.counted(refusal);
            // DATA ends a pipelined batch (RFC 2920 §3.1). A client that went on without our 354 is sending its message:
            // none of it may be taken for commands.
            self.cut = !self.wire.buffered().is_empty();
            return Ok(if self.cut { refusal.and_close() } else { refusal });
        }
        self.wire.reply(&Reply::start_message());
        let read = self.read_message().await?;
        let Some(current) = self.current.take() else { return Ok(Reply::internal()) };
        Ok(match read {
            Read::Message(message) => current.transaction.message(message).await,
            Read::Refused(reply) => {
                info!(peer = %self.peer.address, reply = %reply.text(), "message refused");
                current.transaction.abandon().await;
                reply
            }
        })
    }

    /// Reads up to the final dot.
    async fn read_message(&mut self) -> io::Result<Read> {
        let (limit, idle) = (self.start.settings.max_message_size, self.start.settings.idle_timeout);
        let expected = self.current.as_ref().map_or(0, |current| current.size);
        let mut reader = DataReader::new(limit, expected);
        let used = reader.feed(self.wire.buffered());
        self.wire.take(used);
        let mut chunk = vec![0; CHUNK];
        while !reader.is_complete() {
            let count = match timeout_at(Instant::now() + idle, self.wire.read(&mut chunk)).await {
                Ok(count) => count?,
                Err(_) => return Ok(Read::Refused(Reply::timeout())),
            };
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let bytes = chunk.get(..count).unwrap_or_default();
            let used = reader.feed(bytes);
            self.wire.put_back(bytes.get(used..).unwrap_or_default());
            if reader.seen() > limit.saturating_mul(GIVE_UP) {
                self.cut = true;
                return Ok(Read::Refused(Reply::too_large(limit).and_close()));
            }
        }
        Ok(match reader.finish() {
            Ok(bytes) => Read::Message(Message::new(bytes)),
            Err(DataError::BareNewline) => Read::Refused(Reply::bare_newline()),
            Err(DataError::TooLarge) => Read::Refused(Reply::too_large(limit)),
        })
    }

    /// Ends the mail under way, if there is one, with nothing coming of it.
    async fn abandon(&mut self) {
        if let Some(current) = self.current.take() {
            current.transaction.abandon().await;
        }
    }

    /// The refusal, or the end of the connection if it was one too many.
    fn counted(&mut self, refusal: Reply) -> Reply {
        self.errors += 1;
        if self.errors > MAX_ERRORS { Reply::too_many_errors() } else { refusal }
    }
}

/// What is to be answered.
enum Next {
    Command(Vec<u8>),
    Complaint(Reply),
    Gone,
}

/// What DATA brought.
enum Read {
    Message(Message),
    Refused(Reply),
}
