//! One connection's bytes: lines and messages in, replies out.
//!
//! In: a stream. Out: command lines, the bytes of messages, and replies that gather until the client has nothing more to
//! say, so that a pipelined batch is answered in one write (RFC 2920 §3.2). Everything is read into one buffer that
//! belongs to the connection: a small mail that comes in one segment is one read, and no byte of it is copied before
//! the reader of the message keeps it. Memory is bounded: [`READ`] bytes in ([`MOST`] while a large message flows),
//! about [`GATHER`] bytes out. Deliberately absent: what any line means.

use std::{io, time::Duration};

use memchr::memchr;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::timeout,
};

use super::{stream::Stream, tls::Certificate};
use crate::smtp::{Reply, command::MAX_LINE};

/// How much is read at a time; a small mail fits.
const READ: usize = 8 * 1024;

/// How much is read at a time once a message has filled the buffer.
const MOST: usize = 64 * 1024;

/// Replies are written at the latest when this much has gathered.
const GATHER: usize = 16 * 1024;

/// A line without an end is read on for this long, to be answered like any bad line; then the connection is given up.
const MAX_SKIPPED: usize = 64 * 1024;

/// The stream of one connection and what is buffered before and behind it.
#[derive(Debug)]
pub(super) struct Wire<S> {
    stream: Stream<S>,
    input: Vec<u8>,
    read: usize,
    skipped: usize,
    output: Vec<u8>,
    written: usize,
}

/// A command line, or what came instead.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// One line with its line end.
    Whole(&'a [u8]),
    /// A line longer than [`MAX_LINE`]; all of it has been passed over.
    TooLong,
    /// The connection is closed, or not worth keeping.
    Closed,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    /// Nothing read, nothing written.
    pub(super) fn new(stream: Stream<S>) -> Self {
        Self { stream, input: Vec::new(), read: 0, skipped: 0, output: Vec::new(), written: 0 }
    }

    /// Adds a reply to those that go out with the next write.
    pub(super) fn reply(&mut self, reply: &Reply) {
        reply.render(&mut self.output);
    }

    /// What has been read and not yet been taken.
    pub(super) fn buffered(&self) -> &[u8] {
        self.input.get(self.read..).unwrap_or_default()
    }

    /// Marks `count` buffered bytes as taken.
    pub(super) fn take(&mut self, count: usize) {
        self.read = self.input.len().min(self.read.saturating_add(count));
    }

    /// Whether a line has begun to come.
    pub(super) fn has_begun(&self) -> bool {
        !self.buffered().is_empty() || self.skipped > 0
    }

    /// The next command line. Replies are written before the client is waited for. Dropping the future loses nothing.
    pub(super) async fn line(&mut self) -> io::Result<Line<'_>> {
        let end = loop {
            if let Some(end) = memchr(b'\n', self.buffered()) {
                break end;
            }
            if self.buffered().len() > MAX_LINE {
                self.skipped += self.buffered().len();
                self.take(usize::MAX);
            }
            if self.skipped > MAX_SKIPPED || self.more(READ).await? == 0 {
                return Ok(Line::Closed);
            }
        };
        if self.output.len() > GATHER {
            self.flush().await?;
        }
        let skipped = std::mem::take(&mut self.skipped);
        let start = self.read;
        self.take(end + 1);
        let line = self.input.get(start..self.read).unwrap_or_default();
        Ok(if skipped + line.len() > MAX_LINE { Line::TooLong } else { Line::Whole(line) })
    }

    /// The next command line if all of it has been read already and `wanted` says yes to it.
    pub(super) fn line_at_hand(&mut self, wanted: impl Fn(&[u8]) -> bool) -> Option<&[u8]> {
        let end = memchr(b'\n', self.buffered()).filter(|&end| self.skipped == 0 && end < MAX_LINE)?;
        let start = self.read;
        wanted(self.buffered().get(..=end)?).then(|| self.take(end + 1))?;
        self.input.get(start..self.read)
    }

    /// Waits for the first bytes of a command, as [`more_of_message`](Self::more_of_message) does.
    pub(super) async fn more_of_command(&mut self) -> io::Result<usize> {
        self.more(READ).await
    }

    /// Waits for more bytes than are buffered and says how many came; none when the connection is closed. Replies are
    /// written first. Dropping the future loses nothing.
    pub(super) async fn more_of_message(&mut self) -> io::Result<usize> {
        self.more(MOST).await
    }

    /// A buffer that was full grows up to `most`.
    async fn more(&mut self, most: usize) -> io::Result<usize> {
        self.flush().await?;
        let was_full = self.input.len() == self.input.capacity();
        self.input.drain(..self.read);
        self.read = 0;
        if was_full {
            let size = (2 * self.input.capacity()).clamp(READ, most);
            self.input.reserve_exact(size - self.input.len().min(size));
        }
        self.stream.read_buf(&mut self.input).await
    }

    /// Gives back the memory that a large message needed.
    pub(super) fn slim(&mut self) {
        if self.input.capacity() > READ && self.buffered().len() <= READ {
            self.input.drain(..self.read);
            self.read = 0;
            self.input.shrink_to(READ);
        }
    }

    /// Which protocol protects the stream, if one does.
    pub(super) fn protection(&self) -> Option<String> {
        self.stream.protection()
    }

    /// Does the handshake, behind the replies that are still to be written, for which the client has `patience`: one that
    /// reads none of them would keep its place for ever. Whatever was read in plain text is gone: it
    /// may have been put there by somebody who could not have written behind the handshake.
    pub(super) async fn encrypt(&mut self, certificate: &Certificate, patience: Duration) -> io::Result<()> {
        timeout(patience, self.flush()).await??;
        self.input = Vec::new();
        self.read = 0;
        self.skipped = 0;
        self.stream.encrypt(certificate).await
    }

    /// Writes what has gathered. Dropping the future half-way loses nothing and repeats nothing.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        while let Some(rest) = self.output.get(self.written..).filter(|rest| !rest.is_empty()) {
            match self.stream.write(rest).await? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                count => self.written += count,
            }
        }
        self.output.clear();
        self.written = 0;
        self.stream.flush().await
    }

    /// Writes what has gathered and ends our side of the connection. With `drain`, what the client still sends is read
    /// until it stops: input that nobody read would turn our close into a reset, and a reset can overtake the reply.
    pub(super) async fn close(&mut self, drain: bool) -> io::Result<()> {
        self.flush().await?;
        self.stream.shutdown().await?;
        if drain {
            let mut chunk = vec![0; READ];
            while self.stream.read(&mut chunk).await? > 0 {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;

    use super::*;

    #[tokio::test]
    async fn lines_come_one_by_one_and_replies_in_one_write() {
        let (mut client, server) = duplex(1 << 16);
        let mut wire = Wire::new(Stream::Plain(server));
        client.write_all(b"NOOP\r\nRSET\r\nQU").await.unwrap();
        for line in [&b"NOOP\r\n"[..], b"RSET\r\n"] {
            assert_eq!(wire.line().await.unwrap(), Line::Whole(line));
            wire.reply(&Reply::done());
        }
        let mut got = [0; 100];
        tokio::select! {
            biased;
            line = wire.line() => panic!("{line:?}"),
            count = client.read(&mut got) => assert_eq!(&got[..count.unwrap()], b"250 2.0.0 ok\r\n250 2.0.0 ok\r\n"),
        }
        client.write_all(b"IT\r\n").await.unwrap();
        assert_eq!(wire.line().await.unwrap(), Line::Whole(b"QUIT\r\n"));
        drop(client);
        assert_eq!(wire.line().await.unwrap(), Line::Closed);
    }

    #[tokio::test]
    async fn long_lines_are_passed_over_and_endless_ones_end() {
        let (mut client, server) = duplex(1 << 20);
        let mut wire = Wire::new(Stream::Plain(server));
        for length in [MAX_LINE - 1, MAX_LINE, 3 * READ] {
            client.write_all(&[&b"x".repeat(length)[..], b"\nNOOP\r\n"].concat()).await.unwrap();
            let line = wire.line().await.unwrap();
            assert_eq!(line == Line::TooLong, length >= MAX_LINE, "{length}");
            assert_eq!(wire.line().await.unwrap(), Line::Whole(b"NOOP\r\n"));
        }
        client.write_all(&b"x".repeat(200_000)).await.unwrap();
        assert_eq!(wire.line().await.unwrap(), Line::Closed);
        assert!(wire.input.capacity() <= 4 * READ);
    }

    #[tokio::test]
    async fn who_reads_no_reply_before_the_handshake_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let (files, _) = super::super::tls::fixture::write(folder.path(), (2090, 1, 1));
        let certificate = Certificate::load(&files).unwrap();
        let (_client, server) = duplex(8);
        let mut wire = Wire::new(Stream::Plain(server));
        wire.reply(&Reply::start_tls());
        let encrypting = wire.encrypt(&certificate, Duration::from_millis(20));
        let ended = timeout(Duration::from_secs(10), encrypting).await.expect("it waits for ever");
        assert_eq!(ended.unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn replies_to_a_very_long_batch_do_not_pile_up() {
        let (mut client, server) = duplex(1 << 20);
        let mut wire = Wire::new(Stream::Plain(server));
        client.write_all(&b"NOOP\r\n".repeat(5000)).await.unwrap();
        for _ in 0..5000 {
            wire.line().await.unwrap();
            wire.reply(&Reply::done());
            assert!(wire.output.len() <= GATHER + 100);
        }
    }

    #[tokio::test]
    async fn lines_at_hand_are_whole_and_wanted() {
        let (mut client, server) = duplex(1 << 16);
        let mut wire = Wire::new(Stream::Plain(server));
        client.write_all(b"a\r\nb\r\nc\r\nd").await.unwrap();
        assert_eq!(wire.line_at_hand(|_| true), None);
        assert_eq!(wire.line().await.unwrap(), Line::Whole(b"a\r\n"));
        assert_eq!(wire.line_at_hand(|line| line == b"x"), None);
        assert_eq!(wire.line_at_hand(|line| line == b"b\r\n"), Some(&b"b\r\n"[..]));
        assert_eq!(wire.line().await.unwrap(), Line::Whole(b"c\r\n"));
        assert_eq!(wire.line_at_hand(|_| true), None);
        assert!(wire.has_begun());
    }

    #[tokio::test]
    async fn a_large_message_gets_a_larger_buffer_for_its_time_only() {
        let (mut client, server) = duplex(1 << 20);
        let mut wire = Wire::new(Stream::Plain(server));
        client.write_all(&vec![b'x'; 1 << 20]).await.unwrap();
        let (mut read, mut reads) = (0, 0);
        while read < 1 << 20 {
            read += wire.more_of_message().await.unwrap();
            wire.take(usize::MAX);
            reads += 1;
            assert!(wire.input.capacity() <= MOST);
        }
        assert!(reads < 30, "{reads} reads of a megabyte");
        wire.slim();
        assert!(wire.input.capacity() <= READ);
        client.write_all(&vec![b'x'; READ]).await.unwrap();
        assert_eq!(wire.more_of_command().await.unwrap(), READ);
    }
}
