//! A connection's stream: plain, and after a handshake encrypted.
//!
//! In: a plain stream and a [`Certificate`]. Out: bytes either way. Deliberately absent: when to encrypt (the session),
//! and any buffer of its own: what was read before the handshake stays with the reader, who has to throw it away.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::timeout,
};
use tokio_rustls::server::TlsStream;

use super::tls::Certificate;

/// How long a handshake may take: many times what a slow line needs, and not long enough to collect half-open ones.
const HANDSHAKE: Duration = Duration::from_secs(15);

/// The two forms of a connection.
#[derive(Debug)]
pub(super) enum Stream<S> {
    /// As it was accepted.
    Plain(S),
    /// After a handshake.
    Tls(Box<TlsStream<S>>),
    /// A handshake failed or was given up half-way: nothing can be read or written any more.
    Lost,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream<S> {
    /// Does the handshake as the server.
    ///
    /// # Errors
    /// If it fails or takes too long; the stream is lost then.
    pub(super) async fn encrypt(&mut self, certificate: &Certificate) -> io::Result<()> {
        let Self::Plain(plain) = std::mem::replace(self, Self::Lost) else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let encrypted = timeout(HANDSHAKE, certificate.acceptor().accept(plain)).await;
        *self = Self::Tls(Box::new(encrypted.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??));
        Ok(())
    }

    /// The protocol version as in `TLSv1.3`, once encrypted.
    pub(super) fn protection(&self) -> Option<String> {
        let Self::Tls(stream) = self else { return None };
        let version = stream.get_ref().1.protocol_version()?;
        Some(format!("{version:?}").replace('_', "."))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Stream<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buf),
            Self::Lost => Poll::Ready(Ok(())),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Lost => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
            Self::Lost => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Lost => Poll::Ready(Ok(())),
        }
    }
}
