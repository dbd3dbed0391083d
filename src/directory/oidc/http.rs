//! As much of an HTTP client as a provider of logins needs: one request, one answer, one connection.
//!
//! In: the requests that `openidconnect` makes. Out: their answers, bounded in size and time. Plain HTTP goes to this
//! very machine only. Deliberately absent: redirects (an answer that points elsewhere is an error of the caller),
//! cookies, proxies, connections that are kept, and a TLS stack other than the one that mail travels by.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use http_body_util::{BodyExt, Full, Limited};
use hyper::{body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use openidconnect::{
    AsyncHttpClient, HttpRequest, HttpResponse,
    http::{HeaderValue, Response, Uri, header},
    url::{Host, Url},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{self, ClientConfig, RootCertStore, crypto::aws_lc_rs, pki_types::ServerName},
};

/// How long one request may take, from the name's look-up to the answer's last byte.
const LONGEST: Duration = Duration::from_secs(10);

/// The largest answer that is read. Metadata and keys of the large providers are some 10 KB.
const LARGEST: usize = 1 << 20;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum HttpError {
    #[error("`{0}` is neither https nor on this machine")]
    Insecure(String),
    #[error("{0} did not answer within {1:?}")]
    Slow(String, Duration),
    #[error("{0} cannot be connected to: {1}")]
    Connect(String, #[source] std::io::Error),
    #[error("{0} does not speak HTTP as expected: {1}")]
    Broken(String, #[source] hyper::Error),
    #[error("{0} does not finish its answer, or it is larger than {LARGEST} bytes: {1}")]
    Body(String, #[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Whether what is said to `url` is heard by nobody else: https, or this very machine.
pub(super) fn is_private(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => url.has_host(),
        "http" => loopback,
        _ => false,
    }
}

/// The client; cheap to call, keeps nothing between two requests.
pub(super) struct Http {
    tls: TlsConnector,
    longest: Duration,
}

impl Http {
    /// Trusts the certificates that the system trusts.
    pub(super) fn new() -> Result<Self, rustls::Error> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Self::trusting(roots)
    }

    fn trusting(roots: RootCertStore) -> Result<Self, rustls::Error> {
        let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { tls: TlsConnector::from(Arc::new(config)), longest: LONGEST })
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let uri = request.uri().to_string();
        let url = Url::parse(&uri).ok().filter(is_private).ok_or(HttpError::Insecure(uri))?;
        let host = url.host_str().unwrap_or_default().to_owned();
        match timeout(self.longest, self.exchange(&url, &host, request)).await {
            Ok(answer) => answer,
            Err(_elapsed) => Err(HttpError::Slow(host, self.longest)),
        }
    }

    async fn exchange(&self, url: &Url, host: &str, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let port = url.port_or_known_default().unwrap_or(443);
        let unreachable = |error| HttpError::Connect(host.to_owned(), error);
        // An IPv6 address stands in brackets in a URL only.
        let name = host.trim_matches(['[', ']']);
        let stream = TcpStream::connect((name, port)).await.map_err(unreachable)?;
        if url.scheme() == "http" {
            return speak(stream, url, host, request).await;
        }
        let server =
            ServerName::try_from(name.to_owned()).map_err(|error| unreachable(std::io::Error::other(error)))?;
        let stream = self.tls.connect(server, stream).await.map_err(unreachable)?;
        speak(stream, url, host, request).await
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

/// Sends the request and reads the whole answer.
async fn speak<S>(stream: S, url: &Url, host: &str, request: HttpRequest) -> Result<HttpResponse, HttpError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let broken = |error| HttpError::Broken(host.to_owned(), error);
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    // Ends with the exchange, also when that runs out of time.
    let mut driven = tokio::task::JoinSet::new();
    driven.spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "the connection to a provider of logins ended badly");
        }
    });
    let (mut parts, body) = request.into_parts();
    let authority = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    if let Ok(value) = HeaderValue::from_str(&authority) {
        parts.headers.insert(header::HOST, value);
    }
    parts.headers.insert(header::USER_AGENT, HeaderValue::from_static("sekisho"));
    parts.uri = parts.uri.path_and_query().map_or_else(|| Uri::from_static("/"), |path| Uri::from(path.clone()));
    let request = hyper::Request::from_parts(parts, Full::new(Bytes::from(body)));
    let (parts, body) = sender.send_request(request).await.map_err(broken)?.into_parts();
    let body = Limited::new(body, LARGEST).collect().await.map_err(|error| HttpError::Body(host.to_owned(), error))?;
    Ok(Response::from_parts(parts, body.to_bytes().to_vec()))
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use openidconnect::http::Request;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };
    use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};

    use super::*;

    fn get(url: &str) -> HttpRequest {
        Request::builder().uri(url).body(Vec::new()).unwrap()
    }

    /// Serves `answer` to one connection; gives what was asked.
    async fn serve_once(answer: Vec<u8>, tls: Option<TlsAcceptor>) -> (SocketAddr, tokio::task::JoinHandle<String>) {
        async fn talk(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: &[u8]) -> String {
            let mut asked = vec![0; 4096];
            let read = stream.read(&mut asked).await.unwrap();
            let _ = stream.write_all(answer).await;
            let _ = stream.shutdown().await;
            String::from_utf8_lossy(&asked[..read]).into_owned()
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            match tls {
                None => talk(stream, &answer).await,
                Some(tls) => match tls.accept(stream).await {
                    Ok(stream) => talk(stream, &answer).await,
                    Err(_refused) => String::new(),
                },
            }
        });
        (address, asked)
    }

    #[test]
    fn what_is_said_is_heard_by_nobody_else() {
        for (url, private) in [
            ("https://login.example.com/x", true),
            ("http://127.0.0.1:3000", true),
            ("http://localhost:3000/", true),
            ("http://[::1]:3000/", true),
            ("http://login.example.com", false),
            ("http://localhost.example.com", false),
            ("http://127.0.0.1.example.com", false),
            ("http://127.0.0.1@evil.example/", false),
            ("ftp://127.0.0.1/", false),
            ("file:///etc/passwd", false),
        ] {
            assert_eq!(is_private(&Url::parse(url).unwrap()), private, "{url}");
        }
    }

    #[tokio::test]
    async fn a_redirect_is_handed_back_and_not_followed() {
        let answer = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 2\r\n\r\nno".to_vec();
        let (address, asked) = serve_once(answer, None).await;
        let answer = Http::new().unwrap().send(get(&format!("http://{address}/a?b=c"))).await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.body().as_slice()), (302, b"no".as_slice()));
        let asked = asked.await.unwrap().to_lowercase();
        assert!(asked.starts_with("get /a?b=c http/1.1\r\n") && asked.contains(&format!("host: {address}")), "{asked}");
    }

    #[tokio::test]
    async fn an_endless_answer_is_cut_off() {
        let mut answer = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
        answer.resize(LARGEST + 1000, b'x');
        let (address, _asked) = serve_once(answer, None).await;
        let error = Http::new().unwrap().send(get(&format!("http://{address}/"))).await.unwrap_err();
        assert!(matches!(error, HttpError::Body(..)), "{error}");
    }

    #[tokio::test]
    async fn a_silent_server_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let silent = tokio::spawn(async move {
            let held = listener.accept().await;
            std::future::pending::<()>().await;
            drop(held);
        });
        let hasty = Http { longest: Duration::from_millis(200), ..Http::new().unwrap() };
        let error = hasty.send(get(&format!("http://{address}/"))).await.unwrap_err();
        assert!(matches!(error, HttpError::Slow(..)), "{error}");
        silent.abort();
    }

    #[tokio::test]
    async fn plain_http_to_elsewhere_is_refused_and_so_is_a_certificate_that_nobody_trusts() {
        let http = Http::new().unwrap();
        let error = http.send(get("http://login.example.com/")).await.unwrap_err();
        assert!(matches!(error, HttpError::Insecure(_)), "{error}");

        let rcgen::CertifiedKey { cert, signing_key } =
            rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let key = signing_key.serialize_der().try_into().unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec();
        let (address, _asked) = serve_once(answer.clone(), Some(acceptor.clone())).await;
        let error = http.send(get(&format!("https://localhost:{}/", address.port()))).await.unwrap_err();
        assert!(matches!(error, HttpError::Connect(..)), "{error}");

        let mut roots = RootCertStore::empty();
        roots.add(cert.der().clone()).unwrap();
        let (address, _asked) = serve_once(answer, Some(acceptor)).await;
        let answer = Http::trusting(roots).unwrap().send(get(&format!("https://localhost:{}/", address.port()))).await;
        assert_eq!(answer.unwrap().body().as_slice(), b"ok");
    }
}
