//! How a message is read: DATA up to its dot, BDAT chunk by chunk, and what comes of it.
//!
//! In: the bytes behind DATA and BDAT. Out: a [`Message`] to the transaction, and its reply to the client. Whatever is
//! wrong with a message, it is read to its end first: no byte of it may become a command. Only one that is many times
//! too large, or comes too slowly, ends the connection instead. Deliberately absent: where a message ends (`data`,
//! `chunk`).

use std::io;

use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Instant, timeout_at},
};

use super::{Current, Gate, Session, Transaction, patience::Pace, waiting};
use crate::{
    mail::Message,
    smtp::{
        Reply,
        chunk::ChunkReader,
        data::DataReader,
        kept::{Fault, Reader},
        server::budget::Reserved,
    },
};

/// A message this many times over the limit is not read to its end any more.
const GIVE_UP: u64 = 4;

/// What BDAT has brought of a message.
pub(super) struct Chunks {
    reader: ChunkReader,
    memory: Reserved,
    until: Instant,
}

impl Chunks {
    /// When the last chunk must have come.
    pub(super) fn until(&self) -> Instant {
        self.until
    }
}

impl<G: Gate, S: AsyncRead + AsyncWrite + Unpin + Send> Session<G, S> {
    /// DATA.
    pub(super) async fn data(&mut self) -> io::Result<Reply> {
        if let Some(refusal) = self.refuses_message(true) {
            let refusal = self.counted(refusal);
            // DATA ends a pipelined batch (RFC 2920 §3.1). A client that went on without our 354 is sending its message:
            // none of it may be taken for commands.
            self.cut = !self.wire.buffered().is_empty();
            return Ok(if self.cut { refusal.and_close() } else { refusal });
        }
        self.wire.reply(&Reply::start_message());
        let size = self.current.as_ref().map_or(0, |current| current.size);
        let mut reader = DataReader::new(self.start.settings.max_message_size, size);
        let (mut memory, until) = (self.start.budget.reserve(), Instant::now() + self.start.settings.message_timeout);
        if let Some(farewell) = self.read(&mut reader, &mut memory, until).await? {
            return Ok(farewell);
        }
        let Some(current) = self.current.take() else { return Ok(Reply::internal()) };
        Ok(self.finish(current, reader.finish(), memory).await)
    }

    /// BDAT: one chunk, which is read in any case.
    pub(super) async fn chunk(&mut self, size: u64, last: bool) -> io::Result<Reply> {
        let settings = &self.start.settings;
        let limit = settings.max_message_size;
        if size > limit.saturating_mul(GIVE_UP) {
            self.cut = true;
            return Ok(Reply::too_large(limit).and_close());
        }
        let refusal = self.refuses_message(false);
        let begun = self.current.as_mut().and_then(|current| current.chunks.take());
        let mut chunks = begun.unwrap_or_else(|| Chunks {
            reader: match (&self.current, &refusal) {
                (Some(current), None) => ChunkReader::new(limit, current.size, current.binary),
                _ => ChunkReader::discarding(),
            },
            memory: self.start.budget.reserve(),
            until: Instant::now() + settings.message_timeout,
        });
        chunks.reader.begin(size);
        if let Some(farewell) = self.read(&mut chunks.reader, &mut chunks.memory, chunks.until).await? {
            return Ok(farewell);
        }
        if let Some(refusal) = refusal {
            return Ok(self.counted(refusal));
        }
        // A message that is refused ends its mail; what the client has sent behind it has no mail any more.
        if last || chunks.reader.fault().is_some() {
            let Some(current) = self.current.take() else { return Ok(Reply::internal()) };
            return Ok(self.finish(current, chunks.reader.finish(), chunks.memory).await);
        }
        if let Some(current) = &mut self.current {
            current.chunks = Some(chunks);
        }
        Ok(Reply::chunk_taken(size))
    }

    /// Why no message can come now, by DATA or else by BDAT.
    fn refuses_message(&self, by_data: bool) -> Option<Reply> {
        match &self.current {
            None => Some(Reply::bad_sequence("say MAIL and RCPT first")),
            Some(Current { accepted: 0, offered: 0, .. }) => Some(Reply::bad_sequence("say RCPT first")),
            Some(Current { accepted: 0, .. }) => Some(Reply::no_valid_recipients()),
            Some(Current { chunks: Some(_), .. }) if by_data => {
                Some(Reply::bad_sequence("the message has begun with BDAT; finish it with BDAT LAST or say RSET"))
            }
            // A dot may stand anywhere in a binary message (RFC 3030 §3).
            Some(Current { binary: true, .. }) if by_data => {
                Some(Reply::bad_sequence("a mail with BODY=BINARYMIME comes by BDAT; say RSET"))
            }
            Some(_) => None,
        }
    }

    /// The end of a connection whose client may still be sending.
    fn too_late(&mut self) -> Reply {
        self.cut = true;
        Reply::timeout()
    }

    /// Reads until `reader` has its end. A reply means that the connection ends before.
    async fn read(
        &mut self,
        reader: &mut impl Reader,
        memory: &mut Reserved,
        until: Instant,
    ) -> io::Result<Option<Reply>> {
        let settings = &self.start.settings;
        let give_up = settings.max_message_size.saturating_mul(GIVE_UP);
        let mut pace = Pace::new(settings.min_data_rate, settings.rate_window, Instant::now());
        loop {
            let used = reader.feed(self.wire.buffered());
            self.wire.take(used);
            pace.came(used);
            let kept = reader.kept();
            if !memory.cover(kept.capacity()) {
                kept.refuse(Fault::NoMemory);
            }
            if kept.seen() > give_up {
                self.cut = true;
                return Ok(Some(Reply::too_large(settings.max_message_size).and_close()));
            }
            if reader.is_complete() {
                self.wire.slim();
                return Ok(None);
            }
            let now = Instant::now();
            if pace.is_too_slow(now) {
                self.cut = true;
                return Ok(Some(Reply::too_slow()));
            }
            let patience = until.min(now + settings.idle_timeout);
            let more = timeout_at(patience.min(pace.looks_again()), self.wire.more_of_message());
            match waiting(self.current.as_mut(), more).await {
                Ok(Ok(0)) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => drop(count?),
                Err(_) if Instant::now() < patience => {}
                Err(_) => return Ok(Some(self.too_late())),
            }
            if Instant::now() >= until {
                return Ok(Some(self.too_late()));
            }
        }
    }

    /// The final reply. The memory stays reserved until it is known.
    async fn finish(
        &mut self,
        current: Current<G::Transaction>,
        read: Result<Vec<u8>, Fault>,
        memory: Reserved,
    ) -> Reply {
        let reply = match read {
            Ok(bytes) => {
                self.idle_commands = 0;
                let reply = current.transaction.message(Message::new(bytes)).await;
                if reply.is_positive() {
                    current.turn.keep();
                }
                reply
            }
            Err(fault) => {
                current.transaction.abandon().await;
                match fault {
                    Fault::BareNewline => Reply::bare_newline(),
                    Fault::TooLarge => Reply::too_large(self.start.settings.max_message_size),
                    Fault::NoMemory => Reply::no_memory(),
                }
            }
        };
        drop(memory);
        reply
    }
}
