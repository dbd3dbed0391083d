//! One client's dialogue: which command may come now, and what it is answered.
//!
//! In: command lines and message bytes from a [`Wire`]. Out: replies, and calls to the [`Gate`]. The session keeps what
//! lasts as long as the connection; [`Current`] keeps what lasts as long as one mail, and dropping it is all that RSET
//! has to do. `greet` tells how a client introduces itself, `trust` what makes more of it than its address, `envelope` how a
//! mail begins, `message` how it is read, `patience` how long that may take. Deliberately absent: reading and writing bytes (`wire`), the grammar
//! (`command`), the end of a message (`data`, `chunk`).

mod envelope;
mod greet;
mod message;
mod patience;
mod trust;

use std::{future::Future, io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Instant, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info};

use super::{
    Gate, Peer, Settings, Transaction,
    access::{Access, names},
    auth::Logins,
    budget::Budget,
    keys::Keyring,
    limits::{Senders, Turn},
    stream::Stream,
    wire::{Line, Wire},
};
use patience::Patience;

use crate::{
    mail::MailId,
    smtp::{Reply, Then, caught, command::Command},
};

/// A client with this many bad commands is lost or is trying something.
const MAX_ERRORS: u32 = 20;

/// So many commands may come without a mail among them (RFC 5321 §7.8 lets us give up on clients that waste our time).
const MAX_IDLE_COMMANDS: u32 = 100;

/// So much of a refusal is logged: that of a drill mail carries what would have become of it.
const LOGGED: usize = 200;

/// How long the end of a connection may take: giving up what is under way, and the last reply.
const FAREWELL: Duration = Duration::from_secs(5);

/// What a session starts with.
pub(super) struct Start<G> {
    pub(super) gate: Arc<G>,
    pub(super) settings: Arc<Settings>,
    pub(super) budget: Arc<Budget>,
    pub(super) keys: Arc<Keyring>,
    pub(super) logins: Arc<Logins>,
    pub(super) senders: Arc<Senders>,
    pub(super) address: SocketAddr,
    pub(super) stop: CancellationToken,
}

/// Talks to one client until it leaves, or until `hurry` says that there is no time left.
pub(super) async fn run<G: Gate, S: AsyncRead + AsyncWrite + Unpin + Send>(
    start: Start<G>,
    stream: Stream<S>,
    hurry: CancellationToken,
) {
    let mut session = Session::new(start, stream);
    let ended = tokio::select! {
        biased;
        () = hurry.cancelled() => {
            session.say(&Reply::shutting_down());
            Ok(Ok(()))
        }
        ended = caught(session.talk()) => ended,
    };
    let (peer, id) = (session.peer.address, session.id().clone());
    match ended {
        Ok(Ok(())) => debug!(%id, %peer, "SMTP connection closed"),
        Ok(Err(error)) => debug!(%id, %peer, %error, "SMTP connection lost"),
        Err(_) => {
            error!(%id, %peer, "panic in an SMTP connection; it is closed, the mail was not taken");
            session.say(&Reply::broken());
        }
    }
    match timeout(FAREWELL, caught(session.abandon())).await {
        Ok(Ok(())) => {}
        Ok(Err(_)) => error!(%id, %peer, "panic while a transaction was abandoned"),
        Err(_) => error!(%id, %peer, "abandoning a transaction took too long and was cut"),
    }
    // The goodbye is written if the client listens; one that does not is not waited for.
    let _ = timeout(FAREWELL, session.wire.close(session.cut)).await;
}

struct Session<G: Gate, S> {
    start: Start<G>,
    wire: Wire<S>,
    peer: Peer,
    /// What the peer's address may do.
    access: Access,
    /// Whether the host at the other end may say for whom it speaks, whoever the peer is by now.
    speaks_for_others: bool,
    /// Whether that host, and not a password, says as whom the peer has logged in.
    vouched: bool,
    failed_logins: u32,
    /// Names the connection in the log where there is no mail to name.
    connection: MailId,
    /// The mail that the log speaks of; also while its refusal is being said, when `current` is over.
    mail: Option<MailId>,
    /// When the connection has lasted long enough.
    until: Instant,
    mails: u32,
    errors: u32,
    idle_commands: u32,
    /// We hang up on a client that is still sending.
    cut: bool,
    current: Option<Current<G::Transaction>>,
}

/// One mail between MAIL and its final reply.
struct Current<T> {
    transaction: T,
    /// Counts for its sender once it is taken.
    turn: Turn,
    smtputf8: bool,
    binary: bool,
    /// What `SIZE=` promised.
    size: u64,
    offered: usize,
    accepted: usize,
    /// What BDAT has brought so far.
    chunks: Option<message::Chunks>,
    /// Until when its transaction waits for the client with all that it holds.
    patience: Patience,
}

impl<G: Gate, S: AsyncRead + AsyncWrite + Unpin + Send> Session<G, S> {
    fn new(start: Start<G>, stream: Stream<S>) -> Self {
        let wire = Wire::new(stream);
        let peer = Peer {
            address: start.address,
            helo: String::new(),
            extended: false,
            tls: wire.protection(),
            login: None,
            forwarded: None,
        };
        Self {
            until: Instant::now() + start.settings.max_session,
            access: start.settings.access(start.address.ip()),
            speaks_for_others: names(&start.settings.xclient_from, start.address.ip()),
            start,
            wire,
            peer,
            failed_logins: 0,
            vouched: false,
            connection: new_id(),
            mail: None,
            mails: 0,
            errors: 0,
            idle_commands: 0,
            cut: false,
            current: None,
        }
    }

    /// Greets, then answers command by command until one side closes.
    async fn talk(&mut self) -> io::Result<()> {
        self.wire.reply(&Reply::greeting(&self.start.settings.hostname));
        loop {
            let reply = match self.next_command().await? {
                Next::Command(command) => self.answer(command).await?,
                Next::Refused(refusal) => {
                    // What is left of a line that ends the connection is none of our business any more.
                    self.cut |= refusal.then == Then::Close;
                    self.counted(refusal)
                }
                Next::Farewell(reply) => reply,
                Next::Gone => return Ok(()),
            };
            self.say(&reply);
            match reply.then {
                Then::Continue => {}
                Then::Encrypt => self.encrypt().await?,
                Then::Close => return Ok(()),
            }
        }
    }

    /// Answers, and leaves one line in the log about each refusal.
    fn say(&mut self, reply: &Reply) {
        if reply.is_refusal() && !reply.quiet {
            let (id, peer) = (self.id(), self.peer.address);
            let text: String = reply.text().chars().take(LOGGED).collect();
            info!(%id, %peer, code = reply.code, text, "refused");
        }
        if self.current.is_none() {
            self.mail = None;
        }
        self.wire.reply(reply);
    }

    /// What the log calls what we are at.
    fn id(&self) -> &MailId {
        self.mail.as_ref().unwrap_or(&self.connection)
    }

    /// Waits for a command; between mails also for the end.
    async fn next_command(&mut self) -> io::Result<Next> {
        let stop = &self.start.stop;
        let between_mails = self.current.is_none();
        if between_mails && stop.is_cancelled() {
            return Ok(Next::Farewell(Reply::shutting_down()));
        }
        if between_mails && Instant::now() >= self.until {
            return Ok(Next::Farewell(Reply::timeout()));
        }
        let message_until =
            self.current.as_ref().and_then(|current| current.chunks.as_ref()).map(message::Chunks::until);
        let until = message_until.unwrap_or(self.until);
        let line = line_in_time(&mut self.wire, &self.start.settings, until);
        let line = tokio::select! {
            biased;
            line = waiting(self.current.as_mut(), line) => line?,
            () = stop.cancelled(), if between_mails => return Ok(Next::Farewell(Reply::shutting_down())),
        };
        Ok(match line {
            Some(Line::Whole(line)) => match Command::parse(line) {
                Ok(command) => Next::Command(command),
                Err(refusal) => Next::Refused(refusal),
            },
            Some(Line::TooLong) => Next::Refused(Reply::bad_line("the command line is too long")),
            Some(Line::Closed) => Next::Gone,
            None => Next::Farewell(Reply::timeout()),
        })
    }

    async fn answer(&mut self, command: Command) -> io::Result<Reply> {
        if let Some(farewell) = self.too_idle(&command) {
            return Ok(farewell);
        }
        Ok(match command {
            Command::Ehlo(name) => self.hello(name, true).await,
            Command::Helo(name) => self.hello(name, false).await,
            Command::StartTls => self.start_tls(),
            Command::Auth { mechanism, initial } => self.authenticate(&mechanism, initial).await?,
            Command::Xclient(attributes) => self.xclient(&attributes).await,
            Command::Xforward(attributes) => self.xforward(&attributes),
            Command::Mail(from, names_author) => self.mail(from, names_author).await,
            Command::Rcpt(recipient, dsn) => self.recipients(recipient, dsn).await,
            Command::Data => self.data().await?,
            Command::Bdat { size, last } => self.chunk(size, last).await?,
            Command::Rset => {
                self.abandon().await;
                Reply::done()
            }
            Command::Noop => Reply::done(),
            Command::Vrfy => Reply::not_verified(),
            // RFC 5321 §3.5.3 asks for EXPN only where there are lists, and a relay has none.
            Command::Expn => Reply::not_implemented(),
            Command::Help => Reply::help(),
            Command::Quit => Reply::closing(&self.start.settings.hostname),
        })
    }

    /// The end of a client that only ever says commands that bring no mail.
    fn too_idle(&mut self, command: &Command) -> Option<Reply> {
        let brings_mail = match command {
            Command::Mail(..) | Command::Rcpt(..) | Command::Data | Command::Quit => true,
            Command::Bdat { size, last } => *last || *size > 0,
            _ => false,
        };
        self.idle_commands += u32::from(!brings_mail);
        (self.idle_commands > MAX_IDLE_COMMANDS).then(Reply::too_many_idle_commands)
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

/// Waits for the client, and pauses the mail under way if that takes long.
async fn waiting<T: Transaction, F: Future>(current: Option<&mut Current<T>>, client: F) -> F::Output {
    match current {
        Some(Current { transaction, patience, .. }) => patience.wait(client, || transaction.pause()).await,
        None => client.await,
    }
}

/// A command line, unless it takes longer than it may: to begin, to end once it has begun, or beyond `until`.
async fn line_in_time<'a, S: AsyncRead + AsyncWrite + Unpin>(
    wire: &'a mut Wire<S>,
    settings: &Settings,
    until: Instant,
) -> io::Result<Option<Line<'a>>> {
    if !wire.has_begun() {
        match timeout_at(until.min(Instant::now() + settings.idle_timeout), wire.more_of_command()).await {
            Ok(Ok(0)) => return Ok(Some(Line::Closed)),
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return Err(error),
            Err(_) => return Ok(None),
        }
    }
    timeout_at(until.min(Instant::now() + settings.command_timeout), wire.line()).await.ok().transpose()
}

fn new_id() -> MailId {
    MailId(ulid::Ulid::generate().to_string())
}

/// What is to be answered.
enum Next {
    Command(Command),
    /// A line that is no command.
    Refused(Reply),
    /// The connection ends on our side.
    Farewell(Reply),
    Gone,
}
