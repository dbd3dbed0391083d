//! One connection's bytes: lines in, replies out.
//!
//! In: a stream. Out: command lines, raw message chunks, and replies that gather until the client has nothing more to
//! say, so that a pipelined batch is answered in one write (RFC 2920 §3.2). Memory is bounded: [`READ`] bytes in, about
//! [`GATHER`] bytes out, and [`CHUNK`] more while a message is read. Deliberately absent: what any line means.

use std::io;

use memchr::memchr;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::smtp::{Reply, command::MAX_LINE};

/// How much is read at a time while commands are awaited; also the most that waits for its turn.
const READ: usize = 8 * 1024;

/// How much is read at a time within DATA.
pub(super) const CHUNK: usize = 32 * 1024;

/// Replies are written at the latest when this much has gathered.
const GATHER: usize = 16 * 1024;

/// A line without an end is read on for this long, to be answered like any bad line; then the connection is given up.
const MAX_SKIPPED: usize = 64 * 1024;

/// The stream of one connection and what is buffered before and behind it.
#[derive(Debug)]
pub(super) struct Wire<S> {
    stream: S,
    input: Vec<u8>,
    read: usize,
    skipped: usize,
    output: Vec<u8>,
    written: usize,
}

/// What came instead of a command line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// One line with its line end.
    Whole(Vec<u8>),
    /// A line longer than [`MAX_LINE`]; all of it has been passed over.
    TooLong,
    /// The connection is closed, or not worth keeping.
    Closed,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    /// Nothing read, nothing written.
    pub(super) fn new(stream: S) -> Self {
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
        self.read = self.input.len().min(self.read + count);
        if self.read == self.input.len() {
            self.input.clear();
            self.read = 0;
        }
    }

    /// The next command line. Replies are written before the client is waited for. Dropping the future loses nothing.
    pub(super) async fn line(&mut self) -> io::Result<Line> {
        loop {
            if let Some(end) = memchr(b'\n', self.buffered()) {
                let skipped = std::mem::take(&mut self.skipped);
                let line = self.buffered().get(..=end).unwrap_or_default().to_vec();
                self.take(end + 1);
                if self.output.len() > GATHER {
                    self.flush().await?;
                }
                return Ok(if skipped + line.len() > MAX_LINE { Line::TooLong } else { Line::Whole(line) });
            }
            if self.buffered().len() > MAX_LINE {
                self.skipped += self.buffered().len();
                self.take(usize::MAX);
            }
            if self.skipped > MAX_SKIPPED {
                return Ok(Line::Closed);
            }
            self.flush().await?;
            self.input.drain(..self.read);
            self.read = 0;
            self.input.reserve(READ);
            if self.stream.read_buf(&mut self.input).await? == 0 {
                return Ok(Line::Closed);
            }
        }
    }

    /// The next bytes of a message, at most what `chunk` holds; 0 when the connection is closed.
    pub(super) async fn read(&mut self, chunk: &mut [u8]) -> io::Result<usize> {
        self.flush().await?;
        self.stream.read(chunk).await
    }

    /// Puts back what was read and does not belong to the message: the next command.
    pub(super) fn put_back(&mut self, rest: &[u8]) {
        self.input.extend_from_slice(rest);
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
            let mut chunk = vec![0; CHUNK];
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
        let mut wire = Wire::new(server);
        client.write_all(b"NOOP\r\nRSET\r\nQU").await.unwrap();
        for line in [&b"NOOP\r\n"[..], b"RSET\r\n"] {
            assert_eq!(wire.line().await.unwrap(), Line::Whole(line.to_vec()));
            wire.reply(&Reply::done());
        }
        let mut got = [0; 100];
        tokio::select! {
            biased;
            line = wire.line() => panic!("{line:?}"),
            count = client.read(&mut got) => assert_eq!(&got[..count.unwrap()], b"250 2.0.0 ok\r\n250 2.0.0 ok\r\n"),
        }
        client.write_all(b"IT\r\n").await.unwrap();
        assert_eq!(wire.line().await.unwrap(), Line::Whole(b"QUIT\r\n".to_vec()));
        drop(client);
        assert_eq!(wire.line().await.unwrap(), Line::Closed);
    }

    #[tokio::test]
    async fn long_lines_are_passed_over_and_endless_ones_end() {
        let (mut client, server) = duplex(1 << 20);
        let mut wire = Wire::new(server);
        for length in [MAX_LINE - 1, MAX_LINE, 3 * READ] {
            client.write_all(&[&b"x".repeat(length)[..], b"\nNOOP\r\n"].concat()).await.unwrap();
            let line = wire.line().await.unwrap();
            assert_eq!(line == Line::TooLong, length >= MAX_LINE, "{length}");
            assert_eq!(wire.line().await.unwrap(), Line::Whole(b"NOOP\r\n".to_vec()));
        }
        client.write_all(&b"x".repeat(200_000)).await.unwrap();
        assert_eq!(wire.line().await.unwrap(), Line::Closed);
        assert!(wire.input.capacity() <= 4 * READ);
    }

    #[tokio::test]
    async fn replies_to_a_very_long_batch_do_not_pile_up() {
        let (_client, server) = duplex(1 << 20);
        let mut wire = Wire::new(server);
        wire.put_back(&b"NOOP\r\n".repeat(5000));
        for _ in 0..5000 {
            wire.line().await.unwrap();
            wire.reply(&Reply::done());
            assert!(wire.output.len() <= GATHER + 100);
        }
    }

    #[tokio::test]
    async fn what_is_put_back_is_read_again() {
        let (mut client, server) = duplex(64);
        let mut wire = Wire::new(server);
        client.write_all(b"RSET\r\n").await.unwrap();
        wire.put_back(b"NOOP\r\n");
        assert_eq!(wire.line().await.unwrap(), Line::Whole(b"NOOP\r\n".to_vec()));
        assert_eq!(wire.line().await.unwrap(), Line::Whole(b"RSET\r\n".to_vec()));
    }
}
