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
    /// What was read and is not yet handed out.
    input: Vec<u8>,
    /// The line that is being handed out, and how much of it has been.
    line: Vec<u8>,
    handed: usize,
    phase: Phase,
}

/// What the bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Lines.
    Plain,
    /// Lines, until the next write: that is the handshake.
    Starting,
    /// Not ours to look at.
    Tls,
}

impl GatheringStream {
    /// Takes a connected stream.
    pub(super) fn new(tcp: TcpStream) -> Self {
        let (output, input, line) = (Vec::new(), Vec::new(), Vec::new());
        Self { tcp, output, written: 0, input, line, handed: 0, phase: Phase::Plain }
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

impl GatheringStream {
    /// Makes the next line ready to be handed out; at the end of the stream, what there is of one.
    fn poll_line(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.line.clear();
        self.handed = 0;
        loop {
            let line = memchr(b'\n', &self.input).map(|end| end + 1).or((self.input.len() >= READ).then_some(READ));
            if let Some(end) = line {
                self.line = mended(self.input.drain(..end).collect());
                return Poll::Ready(Ok(()));
            }
            let filled = self.input.len();
            self.input.resize(filled + READ, 0);
            let mut fresh = ReadBuf::new(self.input.get_mut(filled..).unwrap_or_default());
            let polled = Pin::new(&mut self.tcp).poll_read(context, &mut fresh);
            let count = fresh.filled().len();
            self.input.truncate(filled + count);
            ready!(polled)?;
            if count == 0 {
                self.line = std::mem::take(&mut self.input);
                return Poll::Ready(Ok(()));
            }
        }
    }
}

/// A reply line as lettre can read it.
fn mended(line: Vec<u8>) -> Vec<u8> {
    match line.as_slice() {
        [code @ .., b'\r', b'\n'] if code.len() == 3 && code.iter().all(u8::is_ascii_digit) => {
            [code, b" \r\n"].concat()
        }
        bytes if std::str::from_utf8(bytes).is_err() => {
            bytes.iter().map(|&byte| if byte.is_ascii() { byte } else { b'?' }).collect()
        }
        _ => line,
    }
}

impl AsyncRead for GatheringStream {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        ready!(this.poll_send(context))?;
        if this.handed >= this.line.len() {
            if this.phase == Phase::Tls {
                if this.input.is_empty() {
                    return Pin::new(&mut this.tcp).poll_read(context, buf);
                }
                this.line = std::mem::take(&mut this.input);
                this.handed = 0;
            } else {
                ready!(this.poll_line(context))?;
            }
        }
        let waiting = this.line.get(this.handed..).unwrap_or_default();
        let count = waiting.len().min(buf.remaining());
        buf.put_slice(waiting.get(..count).unwrap_or_default());
        this.handed += count;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for GatheringStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.output.len() >= GATHER {
            ready!(self.poll_send(context))?;
        }
        self.phase = match self.phase {
            Phase::Plain if bytes != b"STARTTLS\r\n" => Phase::Plain,
            Phase::Plain => Phase::Starting,
            Phase::Starting | Phase::Tls => Phase::Tls,
        };
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

    async fn pair() -> (GatheringStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tcp = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (GatheringStream::new(tcp), listener.accept().await.unwrap().0)
    }

    async fn expect(client: &mut GatheringStream, parts: &[&[u8]]) {
        for part in parts {
            let mut got = [0; 2 * READ];
            let count = client.read(&mut got).await.unwrap();
            assert_eq!(got[..count].escape_ascii().to_string(), part.escape_ascii().to_string());
        }
    }

    #[tokio::test]
    async fn replies_are_mended_in_plain_text_only() {
        let (mut client, mut server) = pair().await;
        server.write_all(b"250\r\n250-\x93\xfa\r\n250 caf\xc3\xa9\r\n").await.unwrap();
        expect(&mut client, &[b"250 \r\n", b"250-??\r\n", "250 café\r\n".as_bytes()]).await;
        // What came with the 220 stays out of lettre's buffer and in front of the handshake's answer.
        client.write_all(b"STARTTLS\r\n").await.unwrap();
        server.write_all(b"220\r\n250 injected\r\n250\r\n").await.unwrap();
        expect(&mut client, &[b"220 \r\n"]).await;
        client.write_all(b"\x16hello").await.unwrap();
        expect(&mut client, &[b"250 injected\r\n250\r\n"]).await;
        server.write_all(b"250\r\n\xff\r\n").await.unwrap();
        expect(&mut client, &[b"250\r\n\xff\r\n"]).await;
    }

    #[tokio::test]
    async fn lines_without_an_end_are_handed_out_in_pieces() {
        let (mut client, mut server) = pair().await;
        server.write_all(&[b'x'; READ]).await.unwrap();
        expect(&mut client, &[&[b'x'; READ]]).await;
        server.write_all(b"250 x").await.unwrap();
        server.shutdown().await.unwrap();
        expect(&mut client, &[b"250 x", b"", b""]).await;
    }

    #[tokio::test]
    async fn writes_leave_together_and_lines_arrive_one_by_one() {
        let (mut client, mut server) = pair().await;
        for part in ["line\r\n", "last", "\r\n.\r\n"] {
            client.write_all(part.as_bytes()).await.unwrap();
            client.flush().await.unwrap();
        }
        assert_eq!(server.try_read(&mut [0; 10]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        server.write_all(b"250-a\r\n250 b\r\n").await.unwrap();
        expect(&mut client, &[b"250-a\r\n", b"250 b\r\n"]).await;
        let mut got = [0; 100];
        let count = server.read(&mut got).await.unwrap();
        assert_eq!(&got[..count], b"line\r\nlast\r\n.\r\n");
        client.write_all(b"QUIT\r\n").await.unwrap();
        client.shutdown().await.unwrap();
        let mut rest = Vec::new();
        server.read_to_end(&mut rest).await.unwrap();
        assert_eq!(rest, b"QUIT\r\n");
    }
}
