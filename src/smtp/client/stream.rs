//! The TCP stream under lettre's connection: it writes when somebody starts to listen.
//!
//! In: lettre's writes, each followed by a flush. Out: one write for all of them, made when the reply is read: message,
//! last line and final dot leave in one segment where they fit, under TLS too. Reading hands out one line at a time, so
//! that nothing a server (or somebody between) sent ahead in plain text can wait in lettre's buffer while TLS is
//! started: such bytes go into the handshake, which fails (the response injection of CVE-2021-38371 and its kin).
//! Deliberately absent: TLS itself, and any change of a byte.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
};

use lettre::transport::smtp::client::AsyncTokioStream;
use memchr::memchr;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// What gathers before it is written without waiting for a reader.
const GATHER: usize = 64 * 1024;

/// More than any reply line.
const READ: usize = 4 * 1024;

/// A stream that gathers what is written until it is read from.
#[derive(Debug)]
pub(super) struct GatheringStream {
    tcp: TcpStream,
    output: Vec<u8>,
    written: usize,
    input: Vec<u8>,
    read: usize,
}

impl GatheringStream {
    /// Takes a connected stream.
    pub(super) fn new(tcp: TcpStream) -> Self {
        Self { tcp, output: Vec::new(), written: 0, input: Vec::new(), read: 0 }
    }

    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest) = self.output.get(self.written..).filter(|rest| !rest.is_empty()) {
            match ready!(Pin::new(&mut self.tcp).poll_write(context, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                count => self.written += count,
            }
        }
        self.output.clear();
        self.output.shrink_to(GATHER);
        self.written = 0;
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for GatheringStream {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        ready!(this.poll_send(context))?;
        if this.read >= this.input.len() {
            this.input.resize(READ, 0);
            let mut fresh = ReadBuf::new(&mut this.input);
            let polled = Pin::new(&mut this.tcp).poll_read(context, &mut fresh);
            let count = fresh.filled().len();
            this.input.truncate(count);
            this.read = 0;
            ready!(polled)?;
        }
        let waiting = this.input.get(this.read..).unwrap_or_default();
        let line = memchr(b'\n', waiting).map_or(waiting.len(), |end| end + 1).min(buf.remaining());
        buf.put_slice(waiting.get(..line).unwrap_or_default());
        this.read += line;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for GatheringStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.output.len() >= GATHER {
            ready!(self.poll_send(context))?;
        }
        self.output.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    /// Does nothing: what has gathered leaves when the next reply is waited for.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_send(context))?;
        Pin::new(&mut self.tcp).poll_shutdown(context)
    }
}

impl AsyncTokioStream for GatheringStream {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.peer_addr()
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    #[tokio::test]
    async fn writes_leave_together_and_lines_arrive_one_by_one() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tcp = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        let mut client = GatheringStream::new(tcp);
        for part in ["line\r\n", "last", "\r\n.\r\n"] {
            client.write_all(part.as_bytes()).await.unwrap();
            client.flush().await.unwrap();
        }
        assert_eq!(server.try_read(&mut [0; 10]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        server.write_all(b"250-a\r\n250 b\r\nrest").await.unwrap();
        let mut got = [0; 100];
        for line in ["250-a\r\n", "250 b\r\n", "rest"] {
            let count = client.read(&mut got).await.unwrap();
            assert_eq!(&got[..count], line.as_bytes());
        }
        let count = server.read(&mut got).await.unwrap();
        assert_eq!(&got[..count], b"line\r\nlast\r\n.\r\n");
        client.write_all(b"QUIT\r\n").await.unwrap();
        client.shutdown().await.unwrap();
        let mut rest = Vec::new();
        server.read_to_end(&mut rest).await.unwrap();
        assert_eq!(rest, b"QUIT\r\n");
    }
}
