//! A blocking socket that can turn to TLS in the middle of a dialogue, for both ends of the tests.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Duration,
};

use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
};

/// What a step of a dialogue may take; whoever is silent for longer hangs.
const SILENCE: Duration = Duration::from_secs(120);

trait Channel: Read + Write + Send {}
impl<T: Read + Write + Send> Channel for T {}

/// A socket that no signal disturbs: one that has a timeout is interrupted whenever a child of the tests stands still or
/// ends.
struct Steady(TcpStream);

impl Read for Steady {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => return read,
            }
        }
    }
}

impl Write for Steady {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.0.write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                written => return written,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// One connection.
pub(crate) struct Stream {
    tcp: TcpStream,
    channel: Box<dyn Channel>,
    unread: Vec<u8>,
}

impl Stream {
    pub(crate) fn new(tcp: TcpStream) -> io::Result<Self> {
        tcp.set_nodelay(true)?;
        tcp.set_read_timeout(Some(SILENCE))?;
        Ok(Self { channel: Box::new(Steady(tcp.try_clone()?)), tcp, unread: Vec::new() })
    }

    /// The next line with its line end; what came before the end of the connection; nothing at its end.
    pub(crate) fn line(&mut self) -> io::Result<Vec<u8>> {
        loop {
            if let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
                return Ok(self.unread.drain(..=end).collect());
            }
            if !self.fill()? {
                return Ok(std::mem::take(&mut self.unread));
            }
        }
    }

    /// As many bytes as asked for.
    pub(crate) fn exactly(&mut self, count: usize) -> io::Result<Vec<u8>> {
        while self.unread.len() < count {
            if !self.fill()? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(self.unread.drain(..count).collect())
    }

    fn fill(&mut self) -> io::Result<bool> {
        let mut chunk = [0; 16 * 1024];
        let count = match self.channel.read(&mut chunk) {
            // A peer that was killed, and one that closes TLS without saying so, are gone like any other.
            Err(error) if matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset) => 0,
            count => count?,
        };
        self.unread.extend_from_slice(&chunk[..count]);
        Ok(count > 0)
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.channel.write_all(bytes)?;
        self.channel.flush()
    }

    /// Changes how long a step may take.
    pub(crate) fn patience(&self, silence: Duration) -> io::Result<()> {
        self.tcp.set_read_timeout(Some(silence))
    }

    /// Turns to TLS as the client; the certificate must be the one of the tests.
    pub(crate) fn start_tls(&mut self) -> io::Result<()> {
        let name = ServerName::try_from("localhost").unwrap();
        let connection = ClientConnection::new(Certificate::shared().trusted(), name).map_err(io::Error::other)?;
        let mut tls = StreamOwned::new(connection, Steady(self.tcp.try_clone()?));
        tls.conn.complete_io(&mut tls.sock)?;
        self.channel = Box::new(tls);
        Ok(())
    }

    /// Turns to TLS as the server. Plain text that came too early is thrown away.
    pub(crate) fn accept_tls(&mut self) -> io::Result<()> {
        self.unread.clear();
        let connection = ServerConnection::new(Certificate::shared().served()).map_err(io::Error::other)?;
        let mut tls = StreamOwned::new(connection, Steady(self.tcp.try_clone()?));
        tls.conn.complete_io(&mut tls.sock)?;
        self.channel = Box::new(tls);
        Ok(())
    }
}

/// The certificate of the tests, for `localhost` and 127.0.0.1, made once.
pub(crate) struct Certificate {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    /// Keeps the two files.
    _home: tempfile::TempDir,
}

impl Certificate {
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Certificate> = OnceLock::new();
        SHARED.get_or_init(|| {
            let home = tempfile::tempdir().unwrap();
            let names = ["localhost", "127.0.0.1", "sekisho.toho.example.co.jp"].map(str::to_owned);
            let made = rcgen::generate_simple_self_signed(names).unwrap();
            let (certificate, key) = (home.path().join("certificate.pem"), home.path().join("key.pem"));
            std::fs::write(&certificate, made.cert.pem()).unwrap();
            std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
            Self { certificate, key, _home: home }
        })
    }

    fn der(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_file(&self.certificate).unwrap()
    }

    fn trusted(&self) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.der()).unwrap();
        Arc::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())
    }

    fn served(&self) -> Arc<ServerConfig> {
        let key = PrivateKeyDer::from_pem_file(&self.key).unwrap();
        Arc::new(ServerConfig::builder().with_no_client_auth().with_single_cert(vec![self.der()], key).unwrap())
    }
}
