//! The way to the collector: TLS, TCP, UDP, or a datagram socket of this machine.
//!
//! In: a batch of messages. Out: that they are gone, and later that they arrived. On a stream `write` means only that our
//! own kernel has them: they have arrived when the connection is still whole after [`SETTLED`], because the kernel ends one
//! whose bytes are not acknowledged within [`UNACKNOWLEDGED`]; or when the collector has read to the end and hung up after
//! us ([`Wire::finish`]). Datagrams have arrived when they are sent; nobody would tell.
//! Deliberately absent: when to try again, and what is sent (`super`).

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UdpSocket, UnixDatagram},
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
    },
};
use tokio_util::task::AbortOnDropHandle;

use super::{Identity, Server, Settings, syslog};

/// How long connecting and one write may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The kernel ends a connection whose bytes the collector's machine does not acknowledge for so long.
const UNACKNOWLEDGED: Duration = Duration::from_secs(10);

/// What was written so long ago on a connection that is whole has arrived.
pub(super) const SETTLED: Duration = Duration::from_secs(13);

/// How long a collector may take to read to the end and hang up.
const FAREWELL: Duration = Duration::from_secs(3);

/// An open way.
pub(super) enum Wire {
    /// `reader` ends with the connection, and says whether that was an end and no fault.
    Stream {
        writer: Box<dyn AsyncWrite + Send + Unpin>,
        reader: AbortOnDropHandle<bool>,
    },
    Udp(UdpSocket),
    Unix(UnixDatagram),
}

impl Wire {
    /// Opens the way; certificates are read anew each time, since they change.
    pub(super) async fn open(settings: &Settings) -> io::Result<Self> {
        let opened = async {
            match &settings.server {
                Server::Tcp(server) => Ok(Self::stream(reach(server).await?)),
                Server::Tls { server, name } => {
                    let config = tls(settings.ca.clone(), settings.identity.clone()).await?;
                    let name = ServerName::try_from(name.clone()).map_err(io::Error::other)?;
                    let stream = TlsConnector::from(config).connect(name, reach(server).await?).await?;
                    Ok(Self::stream(stream))
                }
                Server::Udp(server) => {
                    let address = tokio::net::lookup_host(server).await?.next();
                    let address = address.ok_or_else(|| io::Error::other("the name has no address"))?;
                    let any = if address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
                    let socket = UdpSocket::bind(any).await?;
                    socket.connect(address).await?;
                    Ok(Self::Udp(socket))
                }
                Server::Unix(path) => {
                    let socket = UnixDatagram::unbound()?;
                    socket.connect(path)?;
                    Ok(Self::Unix(socket))
                }
            }
        };
        timeout(PATIENCE, opened).await.map_err(|_| io::Error::other("no answer in time"))?
    }

    fn stream(stream: impl AsyncRead + AsyncWrite + Send + 'static) -> Self {
        let (mut reader, writer) = tokio::io::split(stream);
        // Collectors say nothing; what one says all the same is read away, and its end is the end.
        let reader = tokio::spawn(async move {
            let mut said = [0; 512];
            loop {
                match reader.read(&mut said).await {
                    Ok(0) => return true,
                    Ok(_) => {}
                    // Many end TLS without saying so.
                    Err(why) => return why.kind() == io::ErrorKind::UnexpectedEof,
                }
            }
        });
        Self::Stream { writer: Box::new(writer), reader: AbortOnDropHandle::new(reader) }
    }

    /// Whether the collector hung up.
    pub(super) fn is_broken(&self) -> bool {
        matches!(self, Self::Stream { reader, .. } if reader.is_finished())
    }

    /// Whether what is sent has arrived at once, as far as anybody can tell.
    pub(super) fn settles_at_once(&self) -> bool {
        !matches!(self, Self::Stream { .. })
    }

    /// Sends all of `messages`, or fails; some of them may be gone then.
    pub(super) async fn send(&mut self, messages: &[String]) -> io::Result<()> {
        let sent = async {
            match self {
                Self::Stream { writer, .. } => {
                    let mut stream = Vec::with_capacity(messages.iter().map(|message| message.len() + 6).sum());
                    messages.iter().for_each(|message| syslog::counted(message, &mut stream));
                    writer.write_all(&stream).await?;
                    writer.flush().await
                }
                Self::Udp(socket) => {
                    for message in messages {
                        socket.send(message.as_bytes()).await?;
                    }
                    Ok(())
                }
                Self::Unix(socket) => {
                    for message in messages {
                        socket.send(message.as_bytes()).await?;
                    }
                    Ok(())
                }
            }
        };
        timeout(PATIENCE, sent).await.map_err(|_| io::Error::other("nothing is taken from us"))?
    }

    /// Says that nothing more comes; true if the collector has read to the end and hung up after that.
    pub(super) async fn finish(self) -> bool {
        let Self::Stream { mut writer, reader } = self else { return true };
        if reader.is_finished() || writer.shutdown().await.is_err() {
            return false;
        }
        matches!(timeout(FAREWELL, reader).await, Ok(Ok(true)))
    }
}

async fn reach(server: &str) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(server).await?;
    socket2::SockRef::from(&stream).set_tcp_user_timeout(Some(UNACKNOWLEDGED))?;
    Ok(stream)
}

async fn tls(ca: Option<PathBuf>, identity: Option<Identity>) -> io::Result<Arc<ClientConfig>> {
    let read = move || -> Result<ClientConfig, String> {
        let roots = roots(ca.as_deref())?;
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().map_err(|why| why.to_string())?;
        let builder = builder.with_root_certificates(roots);
        match identity {
            None => Ok(builder.with_no_client_auth()),
            Some(identity) => {
                let (chain, key) = presented(&identity)?;
                builder.with_client_auth_cert(chain, key).map_err(|why| why.to_string())
            }
        }
    };
    let read = tokio::task::spawn_blocking(read).await.map_err(io::Error::other)?;
    read.map(Arc::new).map_err(io::Error::other)
}

/// Whom to believe: those of a PEM file, or those of this system.
fn roots(ca: Option<&Path>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    match ca {
        None => drop(roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs)),
        Some(ca) => {
            for certificate in chain(ca)? {
                roots.add(certificate).map_err(|why| format!("{}: {why}", ca.display()))?;
            }
        }
    }
    if roots.is_empty() {
        Err("this system has no CA certificates; name a file in siem.ca".to_owned())
    } else {
        Ok(roots)
    }
}

type Presented = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// What we show of ourselves.
fn presented(identity: &Identity) -> Result<Presented, String> {
    let key = PrivateKeyDer::from_pem_file(&identity.key);
    let key = key.map_err(|why| format!("{}: {why}; name a PEM file with a private key", identity.key.display()))?;
    Ok((chain(&identity.certificate)?, key))
}

/// The certificates of a PEM file; one at least.
fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let wrong = |why: &dyn std::fmt::Display| format!("{}: {why}; name a PEM file with certificates", path.display());
    let text = fs::read(path).map_err(|why| wrong(&why))?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let chain = chain.map_err(|why| wrong(&why))?;
    if chain.is_empty() { Err(wrong(&"there is no certificate in it")) } else { Ok(chain) }
}

/// Whether the files of the section hold what they should.
///
/// # Errors
/// They do not; why, and how to mend it.
pub fn check_files(ca: Option<&Path>, identity: Option<&Identity>) -> Result<(), String> {
    ca.map_or(Ok(()), |ca| roots(Some(ca)).map(drop))?;
    identity.map_or(Ok(()), |identity| presented(identity).map(drop))
}
