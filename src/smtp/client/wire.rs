//! The bytes of one connection: what is said, and the replies.
//!
//! In: lines and slices to write. Out: replies, one by one, or a [`Fault`]. One buffer each way. Whatever is said
//! leaves together when somebody listens; whatever the other side says while we write is read, so that neither waits
//! for the other (a host may refuse a message half-way, or answer a hundred pipelined commands as they come).
//! Bounded: neither a reply nor what comes unasked fills the memory. Deliberately absent: what is said (`connection`).

use std::{
    io::{self, IoSlice},
    net::IpAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, timeout, timeout_at},
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{ClientConfig, pki_types::ServerName},
};

use super::{answer, fault::Fault};
use crate::smtp::Reply;

/// So much has to leave within the time that a block may take; otherwise a host that takes a byte at a time would hold
/// a mail for ever.
const BLOCK: usize = 16 * 1024;

/// More than anybody says unasked or to a window of pipelined commands.
const MAX_UNREAD: usize = 256 * 1024;

/// How long a host that stopped reading is listened to for the reason.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// TCP, with TLS or without.
enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// One connection as bytes.
pub(super) struct Wire {
    stream: Stream,
    /// What was read and not yet taken.
    input: Vec<u8>,
    /// What was said and has not left.
    output: String,
}

/// How writing ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrote {
    /// All of it has left.
    All,
    /// The other side said something, or stopped reading, before it had all.
    Interrupted,
}

impl Wire {
    pub(super) fn new(tcp: TcpStream) -> Self {
        Self { stream: Stream::Plain(tcp), input: Vec::new(), output: String::new() }
    }

    /// Starts TLS. What the other side sent before must be nothing: somebody between could have put replies there for
    /// us to believe once we think ourselves safe (CVE-2021-38371 and its kin).
    pub(super) async fn encrypt(self, config: Arc<ClientConfig>, name: ServerName<'static>) -> Result<Self, Fault> {
        if !self.input.is_empty() {
            return Err(Fault::Injected);
        }
        let Stream::Plain(tcp) = self.stream else { return Err(Fault::Injected) };
        let tls = TlsConnector::from(config).connect(name, tcp).await.map_err(Fault::Handshake)?;
        Ok(Self { stream: Stream::Tls(Box::new(tls)), input: Vec::new(), output: self.output })
    }

    pub(super) fn is_encrypted(&self) -> bool {
        matches!(self.stream, Stream::Tls(_))
    }

    /// Who is at the other end.
    pub(super) fn peer(&self) -> io::Result<IpAddr> {
        let tcp = match &self.stream {
            Stream::Plain(tcp) => tcp,
            Stream::Tls(tls) => tls.get_ref().0,
        };
        tcp.peer_addr().map(|address| address.ip())
    }

    /// Where to put what is to be said; it leaves before the next reply is read.
    pub(super) fn say(&mut self) -> &mut String {
        &mut self.output
    }

    /// Whether nothing came that nobody asked for, the end of the connection included.
    pub(super) fn is_quiet(&mut self) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        self.input.is_empty() && self.poll_more(&mut context).is_pending()
    }

    /// Sends what was said and reads the next reply.
    pub(super) async fn reply(&mut self, step: &'static str, wait: Duration) -> Result<Reply, Fault> {
        let deadline = Instant::now() + wait;
        if !self.output.is_empty() {
            let output = std::mem::take(&mut self.output);
            let sent = self.send(step, &mut [IoSlice::new(output.as_bytes())], wait, false).await;
            self.output = output;
            self.output.clear();
            sent?;
        }
        loop {
            if let Some((reply, used)) = answer::read(&self.input).map_err(|why| Fault::Garbled { step, why })? {
                self.input.drain(..used);
                return Ok(reply);
            }
            let more = std::future::poll_fn(|context| self.poll_more(context));
            match timeout_at(deadline, more).await.map_err(|_| Fault::Timeout(step))? {
                Ok(0) => return Err(Fault::Closed(step)),
                Ok(_) => {}
                Err(source) => return Err(Fault::Lost { step, source }),
            }
        }
    }

    /// Sends what was said with a message behind it. Interrupted, the other side may be asked for its reply, and the
    /// connection is of no further use.
    pub(super) async fn message(&mut self, slices: &mut [IoSlice<'_>], block: Duration) -> Result<Wrote, Fault> {
        if !self.input.is_empty() {
            return Ok(Wrote::Interrupted);
        }
        let sent = self.send("message", slices, block, true).await;
        match sent {
            // It closed: it may have said why before.
            Err(Fault::Lost { .. }) => {
                let more = std::future::poll_fn(|context| self.poll_more(context));
                match timeout(LAST_WORDS, more).await {
                    Ok(Ok(read)) if read > 0 => Ok(Wrote::Interrupted),
                    _ => sent,
                }
            }
            sent => sent,
        }
    }

    /// Writes slices, all or until the other side says something (`stop`).
    async fn send(
        &mut self,
        step: &'static str,
        mut slices: &mut [IoSlice<'_>],
        block: Duration,
        stop: bool,
    ) -> Result<Wrote, Fault> {
        let (mut deadline, mut written) = (Instant::now() + block, 0);
        IoSlice::advance_slices(&mut slices, 0);
        loop {
            let flushing = slices.is_empty();
            let stepped = std::future::poll_fn(|context| self.poll_send(context, slices));
            match timeout_at(deadline, stepped).await.map_err(|_| Fault::Timeout(step))? {
                Ok(Step::Wrote(_)) if flushing => return Ok(Wrote::All),
                Ok(Step::Wrote(count)) => {
                    IoSlice::advance_slices(&mut slices, count);
                    written += count;
                    if written >= BLOCK {
                        (deadline, written) = (Instant::now() + block, 0);
                    }
                }
                Ok(Step::Heard(0)) => return Err(Fault::Closed(step)),
                Ok(Step::Heard(_)) if stop => return Ok(Wrote::Interrupted),
                Ok(Step::Heard(_)) if self.input.len() <= MAX_UNREAD => {}
                Ok(Step::Heard(_)) => return Err(Fault::Garbled { step, why: answer::Garbled::TooLong }),
                Err(source) => return Err(Fault::Lost { step, source }),
            }
        }
    }

    /// Writes, or flushes when there is nothing left to write; while that has to wait, reads.
    fn poll_send(&mut self, context: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<Step>> {
        let polled = match (&mut self.stream, slices.is_empty()) {
            (Stream::Plain(tcp), false) => Pin::new(tcp).poll_write_vectored(context, slices),
            (Stream::Tls(tls), false) => Pin::new(tls).poll_write_vectored(context, slices),
            (Stream::Plain(_), true) => Poll::Ready(Ok(0)),
            (Stream::Tls(tls), true) => Pin::new(tls).poll_flush(context).map_ok(|()| 0),
        };
        match polled {
            Poll::Ready(Ok(0)) if !slices.is_empty() => Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            Poll::Ready(result) => Poll::Ready(result.map(Step::Wrote)),
            Poll::Pending => self.poll_more(context).map_ok(Step::Heard),
        }
    }

    /// Reads more into `input`; 0 is the end.
    fn poll_more(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut fresh = [0; 4 * 1024];
        let mut fresh = ReadBuf::new(&mut fresh);
        ready!(match &mut self.stream {
            Stream::Plain(tcp) => Pin::new(tcp).poll_read(context, &mut fresh),
            Stream::Tls(tls) => Pin::new(tls).poll_read(context, &mut fresh),
        })?;
        self.input.extend_from_slice(fresh.filled());
        Poll::Ready(Ok(fresh.filled().len()))
    }
}

/// One step of writing.
enum Step {
    Wrote(usize),
    Heard(usize),
}
