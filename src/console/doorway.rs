//! The console's socket: plain HTTP, or HTTPS with a certificate of its own.
//!
//! In: connections, and whoever does the handshakes, asked for each of them, so that a renewed certificate counts from the
//! next on. Out: open connections with the address of the other side. Handshakes go on beside each other and have their
//! time; one that fails or takes too long is nobody's but that client's.
//! Deliberately absent: the certificate's files (`app`), and a second socket that leads from HTTP to HTTPS.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{extract::connect_info::Connected, serve};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_util::either::Either;

/// What does the handshakes at the moment.
pub type Acceptor = Arc<dyn Fn() -> Option<TlsAcceptor> + Send + Sync>;

/// A handshake that takes longer is given up.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// So many handshakes go on at once; who comes then waits in the system's queue.
const AT_ONCE: usize = 256;

/// A socket on which pages are served.
pub struct Doorway {
    socket: TcpListener,
    acceptor: Option<Acceptor>,
    handshakes: JoinSet<Option<Opened>>,
}

type Opened = (Either<TcpStream, TlsStream<TcpStream>>, SocketAddr);

impl Doorway {
    /// One on which nobody is served without TLS.
    pub fn with_tls(socket: TcpListener, acceptor: Acceptor) -> Self {
        Self { socket, acceptor: Some(acceptor), handshakes: JoinSet::new() }
    }

    /// Takes a connection as it is, or begins its handshake.
    async fn taken(&mut self, taken: io::Result<(TcpStream, SocketAddr)>) -> Option<Opened> {
        let (stream, peer) = match taken {
            Ok(taken) => taken,
            Err(error) if is_its_own(&error) => return None,
            Err(error) => {
                // No file left to open, most likely: it passes when connections end.
                tracing::error!(%error, "the console cannot take a connection");
                sleep(Duration::from_secs(1)).await;
                return None;
            }
        };
        let Some(acceptor) = &self.acceptor else { return Some((Either::Left(stream), peer)) };
        let acceptor = acceptor()?;
        self.handshakes.spawn(async move {
            match timeout(HANDSHAKE, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => Some((Either::Right(stream), peer)),
                Ok(Err(error)) => {
                    tracing::debug!(%peer, %error, "a TLS handshake of the console failed");
                    None
                }
                Err(_) => None,
            }
        });
        None
    }
}

impl From<TcpListener> for Doorway {
    fn from(socket: TcpListener) -> Self {
        Self { socket, acceptor: None, handshakes: JoinSet::new() }
    }
}

/// Whether only that one connection is lost.
fn is_its_own(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

impl serve::Listener for Doorway {
    type Io = Either<TcpStream, TlsStream<TcpStream>>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> Opened {
        loop {
            let opened = tokio::select! {
                taken = self.socket.accept(), if self.handshakes.len() < AT_ONCE => self.taken(taken).await,
                Some(shaken) = self.handshakes.join_next() => shaken.ok().flatten(),
            };
            if let Some(opened) = opened {
                return opened;
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }
}

/// The address of the other side.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) SocketAddr);

impl Connected<serve::IncomingStream<'_, Doorway>> for Peer {
    fn connect_info(stream: serve::IncomingStream<'_, Doorway>) -> Self {
        Self(*stream.remote_addr())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use axum::{Router, extract::ConnectInfo, routing::get};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio_rustls::{
        TlsConnector,
        rustls::{ClientConfig, RootCertStore, ServerConfig, crypto::aws_lc_rs, pki_types::ServerName},
    };
    use tokio_util::sync::CancellationToken;

    use super::*;

    type Identity = (TlsAcceptor, TlsConnector);

    /// A certificate for `localhost`: what shows it, and what trusts it alone.
    fn identity() -> Identity {
        let rcgen::CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], signing_key.serialize_der().try_into().unwrap())
            .unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(cert.der().clone()).unwrap();
        let client = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let client = client.with_root_certificates(roots).with_no_client_auth();
        (TlsAcceptor::from(Arc::new(server)), TlsConnector::from(Arc::new(client)))
    }

    /// A page over TLS that says who asks; the certificate can be exchanged.
    async fn start(acceptor: TlsAcceptor) -> (SocketAddr, Arc<Mutex<TlsAcceptor>>, tokio_util::sync::DropGuard) {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = socket.local_addr().unwrap();
        let shown = Arc::new(Mutex::new(acceptor));
        let asked = Arc::clone(&shown);
        let doorway = Doorway::with_tls(socket, Arc::new(move || Some(asked.lock().unwrap().clone())));
        let who = |ConnectInfo(Peer(peer)): ConnectInfo<Peer>| async move { peer.ip().to_string() };
        let stop = CancellationToken::new();
        tokio::spawn(super::super::serve(doorway, Router::new().route("/", get(who)), stop.clone()));
        (at, shown, stop.drop_guard())
    }

    async fn page(at: SocketAddr, trusting: &TlsConnector) -> io::Result<String> {
        let stream = TcpStream::connect(at).await?;
        let mut stream = trusting.connect(ServerName::try_from("localhost").unwrap(), stream).await?;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    }

    #[tokio::test]
    async fn pages_come_over_tls_while_others_stall_and_a_renewed_certificate_counts() {
        let ((old, trusts_old), (new, trusts_new)) = (identity(), identity());
        let (at, shown, _stop) = start(old).await;
        let mut silent = Vec::new();
        for _ in 0..20 {
            silent.push(TcpStream::connect(at).await.unwrap());
        }
        let answer = timeout(Duration::from_secs(5), page(at, &trusts_old)).await.unwrap().unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("127.0.0.1"), "{answer}");
        *shown.lock().unwrap() = new;
        assert!(page(at, &trusts_new).await.unwrap().starts_with("HTTP/1.1 200"));
        assert!(page(at, &trusts_old).await.is_err(), "the certificate of before is shown no more");
    }

    #[tokio::test]
    async fn whoever_speaks_plainly_to_it_gets_no_page() {
        let (acceptor, trusting) = identity();
        let (at, _, _stop) = start(acceptor).await;
        let mut plain = TcpStream::connect(at).await.unwrap();
        plain.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        let mut answer = Vec::new();
        let _ended = plain.read_to_end(&mut answer).await;
        assert!(!answer.starts_with(b"HTTP"), "{}", String::from_utf8_lossy(&answer));
        assert!(page(at, &trusting).await.is_ok(), "and the next one is served");
    }
}
