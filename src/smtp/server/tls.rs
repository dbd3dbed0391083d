//! The certificate: two PEM files to a TLS configuration that can be replaced while connections go on.
//!
//! In: the paths of a certificate chain and of its key. Out: a [`Certificate`], or what is wrong with the files and how
//! to mend it; and at any time whether the files have changed since. TLS 1.2 and 1.3 with what rustls holds to be safe.
//! A session can be resumed only against the configuration that began it, so that a replaced certificate is seen by
//! every new handshake.
//! Deliberately absent: client certificates, several certificates by name (one relay has one name), and OCSP.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use jiff::Timestamp;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        self, CertificateError, InconsistentKeys, RootCertStore, ServerConfig,
        client::verify_server_cert_signed_by_trust_anchor,
        crypto::{CryptoProvider, aws_lc_rs},
        pki_types::{CertificateDer, PrivateKeyDer, UnixTime, pem::PemObject},
        server::ParsedCertificate,
    },
};

/// A certificate that ends within this time is worth a warning.
const SOON: Duration = Duration::from_secs(14 * 86_400);

/// Where a certificate and its key are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The chain in PEM form, our own certificate first.
    pub certificate: PathBuf,
    /// Its private key in PEM form, without a password.
    pub key: PathBuf,
}

/// What is wrong with a certificate or a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {message}")]
pub struct TlsError {
    /// The file.
    path: String,
    /// What is wrong and how to mend it.
    message: String,
}

impl TlsError {
    fn new(path: &Path, message: impl Into<String>) -> Self {
        Self { path: path.display().to_string(), message: message.into() }
    }
}

/// A certificate with its key, ready for handshakes.
#[derive(Clone)]
pub struct Certificate {
    acceptor: TlsAcceptor,
    chain: Vec<CertificateDer<'static>>,
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificate").field("chain", &self.chain.len()).finish_non_exhaustive()
    }
}

impl Certificate {
    /// Reads both files.
    ///
    /// # Errors
    /// The first thing that is wrong with them.
    pub fn load(files: &CertificateFiles) -> Result<Self, TlsError> {
        let chain = chain(&files.certificate)?;
        let key = key(&files.key)?;
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain.clone(), key))
            .map_err(|error| refused(files, &error))?;
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), chain })
    }

    /// What does the handshakes.
    pub(super) fn acceptor(&self) -> &TlsAcceptor {
        &self.acceptor
    }

    /// What clients that look at dates will object to, now or soon.
    pub fn complaint(&self, now: SystemTime) -> Option<String> {
        let at = |later: Duration| self.validity(unix(now + later));
        match (at(Duration::ZERO), at(SOON)) {
            (Some(CertificateError::ExpiredContext { not_after, .. }), _) => {
                Some(format!("the TLS certificate expired on {}; renew it", day(not_after)))
            }
            (Some(CertificateError::NotValidYetContext { not_before, .. }), _) => {
                Some(format!("the TLS certificate is not valid before {}; is the clock right?", day(not_before)))
            }
            (_, Some(CertificateError::ExpiredContext { not_after, .. })) => {
                Some(format!("the TLS certificate expires on {}; renew it in time", day(not_after)))
            }
            _ => None,
        }
    }

    /// What a verifier says about the dates. Nothing is trusted here, so there is always an error; the one about the
    /// dates comes before the one about trust, and carries the date.
    fn validity(&self, now: UnixTime) -> Option<CertificateError> {
        let own = ParsedCertificate::try_from(self.chain.first()?).ok()?;
        let algorithms = provider().signature_verification_algorithms.all;
        match verify_server_cert_signed_by_trust_anchor(&own, &RootCertStore::empty(), &[], now, algorithms) {
            Err(rustls::Error::InvalidCertificate(error)) => Some(error),
            _ => None,
        }
    }
}

/// What a file was when it was last looked at; a file that cannot be looked at has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamps([Option<(SystemTime, u64)>; 2]);

impl Stamps {
    /// As the files are now.
    pub(super) fn of(files: &CertificateFiles) -> Self {
        Self([&files.certificate, &files.key].map(|path| {
            let metadata = fs::metadata(path).ok()?;
            Some((metadata.modified().ok()?, metadata.len()))
        }))
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let pem = read(path)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let chain = chain.map_err(|error| TlsError::new(path, format!("this is no PEM file ({error}); write it anew")))?;
    if chain.is_empty() {
        let message = "there is no certificate in it (-----BEGIN CERTIFICATE-----); name the file with the full chain";
        return Err(TlsError::new(path, message));
    }
    Ok(chain)
}

fn key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    use rustls::pki_types::pem::Error;
    let pem = read(path)?;
    PrivateKeyDer::from_pem_slice(&pem).map_err(|error| match error {
        Error::NoItemsFound if memchr::memmem::find(&pem, b"ENCRYPTED PRIVATE KEY").is_some() => {
            TlsError::new(path, "the key is locked with a password; write it without one, readable by this user only")
        }
        Error::NoItemsFound => {
            TlsError::new(path, "there is no private key in it (-----BEGIN PRIVATE KEY-----); name the key's file")
        }
        error => TlsError::new(path, format!("this is no PEM file ({error}); write it anew")),
    })
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|error| {
        let mend = match error.kind() {
            io::ErrorKind::NotFound => "name the right path",
            io::ErrorKind::PermissionDenied => "let this user read it",
            _ => "see to it that it can be read",
        };
        TlsError::new(path, format!("cannot be read ({error}); {mend}"))
    })
}

/// What rustls has against the pair.
fn refused(files: &CertificateFiles, error: &rustls::Error) -> TlsError {
    match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => TlsError::new(
            &files.key,
            format!("this key does not belong to {}; name the key that it was made with", files.certificate.display()),
        ),
        rustls::Error::InvalidCertificate(_) => {
            TlsError::new(&files.certificate, format!("this certificate cannot be used ({error}); have it issued anew"))
        }
        _ => TlsError::new(&files.key, format!("this key cannot be used ({error}); take an RSA or ECDSA key")),
    }
}

fn unix(time: SystemTime) -> UnixTime {
    UnixTime::since_unix_epoch(time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
}

fn day(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_second(seconds)
        .map_or_else(|_| "a day beyond counting".to_owned(), |at| at.strftime("%Y-%m-%d").to_string())
}

/// Certificates for tests.
#[cfg(test)]
pub(super) mod fixture {
    use super::*;

    /// A certificate for `localhost`, written into `folder` with its key; gives the files and the certificate.
    pub(crate) fn write(folder: &Path, end: (i32, u8, u8)) -> (CertificateFiles, rcgen::Certificate) {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut parameters = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        parameters.not_before = rcgen::date_time_ymd(2020, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(end.0, end.1, end.2);
        let certificate = parameters.self_signed(&key).unwrap();
        let files = CertificateFiles { certificate: folder.join("certificate.pem"), key: folder.join("key.pem") };
        fs::write(&files.certificate, certificate.pem()).unwrap();
        fs::write(&files.key, key.serialize_pem()).unwrap();
        (files, certificate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(files: &CertificateFiles) -> String {
        let error = Certificate::load(files).unwrap_err().to_string();
        assert!(error.contains("; "), "{error}: say how to mend it");
        error
    }

    #[test]
    fn every_fault_of_the_files_is_told_by_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let (files, _) = fixture::write(folder.path(), (2090, 1, 1));
        Certificate::load(&files).unwrap();
        let missing = CertificateFiles { certificate: folder.path().join("none.pem"), ..files.clone() };
        assert!(error(&missing).contains("none.pem: cannot be read"));
        assert!(error(&CertificateFiles { key: folder.path().to_owned(), ..files.clone() }).contains("cannot be read"));
        let swapped = CertificateFiles { certificate: files.key.clone(), key: files.certificate.clone() };
        assert!(error(&swapped).contains("there is no certificate in it"));
        let twice = CertificateFiles { key: files.certificate.clone(), ..files.clone() };
        assert!(error(&twice).contains("there is no private key in it"));

        let other = tempfile::tempdir().unwrap();
        let (others, _) = fixture::write(other.path(), (2090, 1, 1));
        let mixed = CertificateFiles { key: others.key, ..files.clone() };
        assert!(error(&mixed).contains("this key does not belong to"));

        fs::write(&files.key, "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n")
            .unwrap();
        assert!(error(&files).contains("locked with a password"));
        fs::write(&files.key, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").unwrap();
        assert!(error(&files).contains("this key cannot be used"));
        fs::write(&files.key, "-----BEGIN PRIVATE KEY-----\n!!\n").unwrap();
        assert!(error(&files).contains("no PEM file"));
        fs::write(&files.certificate, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
        let (_, key) = (fixture::write(other.path(), (2090, 1, 1)), other.path().join("key.pem"));
        assert!(error(&CertificateFiles { key, ..files }).contains("this certificate cannot be used"));
    }

    #[test]
    fn the_end_of_a_certificate_is_told_with_its_date() {
        let folder = tempfile::tempdir().unwrap();
        let (files, _) = fixture::write(folder.path(), (2030, 6, 1));
        let certificate = Certificate::load(&files).unwrap();
        let said = |at: &str| certificate.complaint(at.parse::<Timestamp>().unwrap().into());
        assert_eq!(said("2030-05-01T00:00:00Z"), None);
        assert_eq!(
            said("2030-05-30T00:00:00Z").unwrap(),
            "the TLS certificate expires on 2030-06-01; renew it in time"
        );
        assert_eq!(said("2030-06-02T00:00:00Z").unwrap(), "the TLS certificate expired on 2030-06-01; renew it");
        assert!(said("2019-06-02T00:00:00Z").unwrap().contains("not valid before 2020-01-01"));
    }

    #[test]
    fn changed_files_have_other_stamps() {
        let folder = tempfile::tempdir().unwrap();
        let (files, _) = fixture::write(folder.path(), (2090, 1, 1));
        let before = Stamps::of(&files);
        assert_eq!(before, Stamps::of(&files));
        fs::remove_file(&files.key).unwrap();
        assert_ne!(before, Stamps::of(&files));
    }
}
