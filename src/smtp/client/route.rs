//! Where a connection goes, and how it is protected.
//!
//! In: a host as it is configured, the TLS policy, a file of certificates. Out: a [`Route`] with everything that can be
//! prepared before connecting. `opportunistic` and `required` accept any certificate: they protect against listeners,
//! not against impostors, as between mail servers without DANE or MTA-STS; `verified` checks chain, name and time.
//! Deliberately absent: client certificates, and looking names up (each connection does).

use std::{fmt, path::Path, sync::Arc};

use tokio_rustls::rustls::{
    self, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};

use super::{NextHopError, Settings, Tls};

/// Where a connection goes.
pub(super) struct Route {
    /// `host:port`.
    pub(super) host: String,
    pub(super) tls: Tls,
    /// TLS from the first byte on (RFC 8314), instead of STARTTLS.
    pub(super) implicit: bool,
    pub(super) config: Option<(Arc<ClientConfig>, ServerName<'static>)>,
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Route").field("host", &self.host).field("tls", &self.tls).finish_non_exhaustive()
    }
}

impl Route {
    /// One for each host; certificates are read once.
    pub(super) fn all(settings: &Settings) -> Result<Vec<Self>, NextHopError> {
        let config = config(settings.tls, settings.ca.as_deref())?;
        settings.hosts.iter().map(|host| Self::new(host, settings, config.clone())).collect()
    }

    fn new(host: &str, settings: &Settings, config: Option<Arc<ClientConfig>>) -> Result<Self, NextHopError> {
        let (address, implicit) = match host.strip_prefix("smtps://") {
            Some(address) => (address, true),
            None => (host, false),
        };
        let name = match address.rsplit_once(':') {
            Some((name, port)) if !name.is_empty() && port.parse::<u16>().is_ok() => name,
            _ => return Err(NextHopError::NotHostPort(host.to_owned())),
        };
        if implicit && settings.tls == Tls::Never {
            return Err(NextHopError::NeverTls(host.to_owned()));
        }
        let name = settings.server_name.as_deref().unwrap_or(name).trim_matches(['[', ']']);
        let name = ServerName::try_from(name.to_owned()).map_err(|_| NextHopError::ServerName(name.to_owned()));
        let config = config.map(|config| Ok((config, name?))).transpose()?;
        Ok(Self { host: address.to_owned(), tls: settings.tls, implicit, config })
    }

    /// Whether we know for certain whom an encrypted connection is with.
    pub(super) fn verifies(&self) -> bool {
        self.tls == Tls::Verified
    }
}

/// How handshakes are done; none without TLS.
fn config(tls: Tls, ca: Option<&Path>) -> Result<Option<Arc<ClientConfig>>, NextHopError> {
    if tls == Tls::Never {
        return Ok(None);
    }
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(NextHopError::Tls)?;
    let config = match (tls, ca) {
        (Tls::Verified, Some(ca)) => builder.with_root_certificates(certificates(ca)?).with_no_client_auth(),
        (Tls::Verified, None) => builder.with_root_certificates(system_roots()?).with_no_client_auth(),
        _ => {
            let any = Arc::new(AnyCertificate(provider));
            builder.dangerous().with_custom_certificate_verifier(any).with_no_client_auth()
        }
    };
    Ok(Some(Arc::new(config)))
}

/// The certificates of a PEM file, as roots.
pub(super) fn certificates(path: &Path) -> Result<RootCertStore, NextHopError> {
    let wrong = |why: String| NextHopError::Ca { path: path.display().to_string(), why };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| wrong(error.to_string()))? {
        let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
        roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(wrong("there is no certificate in it".to_owned()));
    }
    Ok(roots)
}

fn system_roots() -> Result<RootCertStore, NextHopError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() { Err(NextHopError::NoRoots) } else { Ok(roots) }
}

/// Takes any certificate; that the other side has its key is checked all the same.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(tls: Tls, host: &str) -> Settings {
        Settings { hosts: vec![host.to_owned()], tls, ..Settings::default() }
    }

    #[test]
    fn hosts_have_ports() {
        for good in ["127.0.0.1:25", "mail.example.co.jp:587", "[::1]:25", "smtps://mail.example.co.jp:465"] {
            assert!(Route::all(&settings(Tls::Opportunistic, good)).is_ok(), "{good}");
        }
        for bad in ["127.0.0.1", ":25", "host:", "host:smtp", "host:70000", "", "smtps://host"] {
            let error = Route::all(&settings(Tls::Opportunistic, bad)).unwrap_err();
            assert!(matches!(error, NextHopError::NotHostPort(_)), "{bad}");
        }
        let error = Route::all(&settings(Tls::Never, "smtps://host:465")).unwrap_err();
        assert!(matches!(error, NextHopError::NeverTls(_)));
    }

    #[test]
    fn a_file_without_certificates_is_no_ca() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        for text in [None, Some(""), Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")] {
            if let Some(text) = text {
                std::fs::write(&path, text).unwrap();
            }
            let settings = Settings { ca: Some(path.clone()), ..settings(Tls::Verified, "127.0.0.1:25") };
            assert!(matches!(Route::all(&settings), Err(NextHopError::Ca { .. })), "{text:?}");
        }
    }
}
