//! One request to the collector.
//!
//! In: the bytes of a request. Out: what the collector says to it, bounded in size and time. Each request has a connection of
//! its own: there is one a second at most. Deliberately absent: redirects, and trying again (`export`).

use std::{io, sync::Arc, time::Duration};

use http_body_util::{BodyExt, Full, Limited};
use hyper::{Request, StatusCode, body::Bytes, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs, pki_types::ServerName},
};

use super::{Endpoint, Headers};

/// How long one request may take, from the name's look-up to the answer's last byte.
const LONGEST: Duration = Duration::from_secs(10);

/// The largest answer that is read.
const LARGEST: usize = 64 << 10;

/// What became of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Taken, but for so many spans.
    Taken {
        /// How many the collector did not want.
        refused: u64,
    },
    /// Not now.
    Later(String),
    /// Not at all.
    Never(String),
}

/// How the collector is reached.
pub(super) struct Post {
    endpoint: Endpoint,
    headers: Headers,
    tls: Option<TlsConnector>,
}

impl Post {
    /// Trusts the certificates that the system trusts.
    pub(super) fn new(endpoint: Endpoint, headers: Headers) -> Result<Self, String> {
        let tls = if endpoint.tls { Some(connector()?) } else { None };
        Ok(Self { endpoint, headers, tls })
    }

    /// Posts one request.
    pub(super) async fn send(&self, body: Bytes) -> Answer {
        let said = match timeout(LONGEST, self.exchange(body)).await {
            Ok(Ok(said)) => said,
            Ok(Err(why)) => return Answer::Later(why.to_string()),
            Err(_elapsed) => return Answer::Later("it does not answer in time".to_owned()),
        };
        let (status, bytes) = said;
        if status.is_success() {
            // An answer that is none of this protocol's takes nothing back.
            let said = ExportTraceServiceResponse::decode(bytes).unwrap_or_default();
            let refused = said.partial_success.map_or(0, |partial| partial.rejected_spans);
            return Answer::Taken { refused: u64::try_from(refused).unwrap_or(0) };
        }
        // OTLP: these may be tried again, and no others.
        let transient = [
            StatusCode::TOO_MANY_REQUESTS,
            StatusCode::BAD_GATEWAY,
            StatusCode::SERVICE_UNAVAILABLE,
            StatusCode::GATEWAY_TIMEOUT,
        ];
        let why = format!("it answers {status}");
        if transient.contains(&status) { Answer::Later(why) } else { Answer::Never(why) }
    }

    async fn exchange(&self, body: Bytes) -> io::Result<(StatusCode, Bytes)> {
        let Endpoint { host, port, .. } = &self.endpoint;
        let stream = TcpStream::connect((host.as_str(), *port)).await?;
        let Some(tls) = &self.tls else { return self.speak(stream, body).await };
        let server = ServerName::try_from(host.clone()).map_err(io::Error::other)?;
        self.speak(tls.connect(server, stream).await?, body).await
    }

    async fn speak<S>(&self, stream: S, body: Bytes) -> io::Result<(StatusCode, Bytes)>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        // Ends with the exchange, also when that runs out of time.
        let mut driven = tokio::task::JoinSet::new();
        driven.spawn(connection);
        let mut request = Request::post(self.endpoint.path.as_str())
            .header(header::HOST, self.endpoint.authority())
            .header(header::USER_AGENT, concat!("sekisho/", env!("CARGO_PKG_VERSION")))
            .header(header::CONTENT_TYPE, "application/x-protobuf");
        for (name, value) in &self.headers.0 {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(body)).map_err(io::Error::other)?;
        let answer = sender.send_request(request).await.map_err(io::Error::other)?;
        let status = answer.status();
        let body = Limited::new(answer.into_body(), LARGEST).collect().await.map_err(io::Error::other)?;
        Ok((status, body.to_bytes()))
    }
}

fn connector() -> Result<TlsConnector, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err("this system has no CA certificates to check the collector of traces by".to_owned());
    }
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|why| why.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
