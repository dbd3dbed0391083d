//! The PROXY protocol (versions 1 and 2): whom a load balancer brings.
//!
//! In: the first bytes of a connection from a balancer that is named in `smtp.proxy_protocol_from`. Out: the client's
//! address; none where the balancer speaks for itself (LOCAL, UNKNOWN). Not one byte behind the header is read, since it
//! may be the start of a TLS handshake. Deliberately absent: the header's additional fields (TLVs). What they say about
//! TLS between client and balancer is not what this connection is.

use std::{io, net::SocketAddr, time::Duration};

use proxy_header::{ParseConfig, Protocol, ProxyHeader};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    time::timeout,
};

/// How long a balancer may take for its header, which it sends with the connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// The shortest header of either version: so much can be read without reading too far.
const SHORTEST: usize = b"PROXY UNKNOWN\r\n".len();

/// The longest header of version 1, as its specification says.
const LONGEST_LINE: usize = 107;

/// What version 2 starts with, and the part of it whose last two bytes say how much follows.
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
const FIXED: usize = 16;

/// The most that may follow the fixed part of version 2. The field could claim 64 KiB; addresses take 36 bytes, and the
/// additional fields of the balancers in use (certificate names, identifiers) a few hundred.
const LONGEST_REST: usize = 4 * 1024;

/// Why there is no header.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProxyError {
    /// Nothing came, or not all of it.
    #[error("no PROXY header within {} s", PATIENCE.as_secs())]
    Slow,
    /// The balancer hung up, as health checks do.
    #[error("the connection ended before the PROXY header did")]
    Ended,
    /// Something else came.
    #[error("no valid PROXY header; does smtp.proxy_protocol_from name a host that is no load balancer?")]
    Malformed,
    /// Version 2 with too much in it.
    #[error("a PROXY header of more than {LONGEST_REST} bytes")]
    TooLong,
    /// The connection broke.
    #[error(transparent)]
    Lost(#[from] io::Error),
}

/// Reads the header.
pub(super) async fn client<S: AsyncRead + Unpin>(stream: &mut S) -> Result<Option<SocketAddr>, ProxyError> {
    within(PATIENCE, stream).await
}

async fn within<S: AsyncRead + Unpin>(patience: Duration, stream: &mut S) -> Result<Option<SocketAddr>, ProxyError> {
    timeout(patience, header(stream)).await.map_err(|_| ProxyError::Slow)?
}

async fn header<S: AsyncRead + Unpin>(stream: &mut S) -> Result<Option<SocketAddr>, ProxyError> {
    let mut header = vec![0; SHORTEST];
    fill(stream, &mut header).await?;
    if header.starts_with(SIGNATURE) {
        more(stream, &mut header, FIXED - SHORTEST).await?;
        let length = header.last_chunk().map_or(0, |length| usize::from(u16::from_be_bytes(*length)));
        if length > LONGEST_REST {
            return Err(ProxyError::TooLong);
        }
        more(stream, &mut header, length).await?;
    } else if header.starts_with(b"PROXY ") {
        while !header.ends_with(b"\r\n") {
            if header.len() >= LONGEST_LINE {
                return Err(ProxyError::Malformed);
            }
            more(stream, &mut header, 1).await?;
        }
    } else {
        return Err(ProxyError::Malformed);
    }
    parse(&header)
}

fn parse(header: &[u8]) -> Result<Option<SocketAddr>, ProxyError> {
    let (parsed, length) = ProxyHeader::parse(header, ParseConfig::default()).map_err(|_| ProxyError::Malformed)?;
    match parsed.proxied_address() {
        _ if length != header.len() => Err(ProxyError::Malformed),
        Some(address) if address.protocol == Protocol::Stream => Ok(Some(address.source)),
        Some(_) => Err(ProxyError::Malformed),
        None => Ok(None),
    }
}

async fn more<S: AsyncRead + Unpin>(stream: &mut S, header: &mut Vec<u8>, count: usize) -> Result<(), ProxyError> {
    let start = header.len();
    header.resize(start + count, 0);
    fill(stream, header.get_mut(start..).unwrap_or_default()).await
}

async fn fill<S: AsyncRead + Unpin>(stream: &mut S, bytes: &mut [u8]) -> Result<(), ProxyError> {
    match stream.read_exact(bytes).await {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(ProxyError::Ended),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read from `bytes`, and what is left.
    async fn read(bytes: &[u8]) -> (Result<Option<SocketAddr>, ProxyError>, Vec<u8>) {
        let mut rest = bytes;
        let client = client(&mut rest).await;
        (client, rest.to_owned())
    }

    fn version_two(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [&SIGNATURE[..], &[0x20 | command, family], &length, rest].concat()
    }

    const ADDRESSES: [u8; 12] = [198, 51, 100, 7, 192, 0, 2, 1, 0x30, 0x39, 0, 25];

    #[tokio::test]
    async fn both_versions_name_the_client_and_take_nothing_that_follows() {
        let local = version_two(0, 0, b"");
        let with_more = version_two(1, 0x11, &[&ADDRESSES[..], &[0x04, 0, 3, 1, 2, 3]].concat());
        for (header, client) in [
            (&b"PROXY TCP4 198.51.100.7 192.0.2.1 12345 25\r\n"[..], Some("198.51.100.7:12345")),
            (b"PROXY TCP6 2001:db8::7 2001:db8::1 12345 25\r\n", Some("[2001:db8::7]:12345")),
            (b"PROXY UNKNOWN\r\n", None),
            (b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", None),
            (&version_two(1, 0x11, &ADDRESSES), Some("198.51.100.7:12345")),
            (&with_more, Some("198.51.100.7:12345")),
            (&local, None),
        ] {
            let (found, rest) = read(&[header, b"EHLO x\r\n"].concat()).await;
            assert_eq!(found.unwrap(), client.map(|client| client.parse().unwrap()), "{}", header.escape_ascii());
            assert_eq!(rest, b"EHLO x\r\n", "{}", header.escape_ascii());
        }
    }

    #[tokio::test]
    async fn anything_else_is_refused() {
        for header in [
            &b"EHLO client.example\r\nMAIL FROM:<a@b.jp>\r\n"[..],
            b"PROXY TCP4 198.51.100.7 192.0.2.1 12345\r\n",
            b"PROXY TCP4 198.51.100.700 192.0.2.1 12345 25\r\n",
            b"PROXY TCP4 198.51.100.7 192.0.2.1 123456 25\r\n",
            b"PROXY TCP5 198.51.100.7 192.0.2.1 12345 25\r\n",
            b"PROXYXTCP4 198.51.100.7 192.0.2.1 12345 25\r\n",
            b"PROXY TCP4 198.51.100.7 192.0.2.1 12345 25 more\r\n",
            &[b"PROXY TCP4 ", &[b'1'; 200][..], b"\r\n"].concat(),
            &version_two(1, 0x12, &ADDRESSES),
            &version_two(1, 0x11, &ADDRESSES[..4]),
            &version_two(7, 0x11, &ADDRESSES),
        ] {
            assert!(matches!(read(header).await.0, Err(ProxyError::Malformed)), "{}", header.escape_ascii());
        }
        assert!(matches!(read(&version_two(1, 0x11, &[0; 5000])).await.0, Err(ProxyError::TooLong)));
        assert!(matches!(read(b"PROXY TCP4 198.51.100.7").await.0, Err(ProxyError::Ended)));
        assert!(matches!(read(b"").await.0, Err(ProxyError::Ended)));
    }

    #[tokio::test]
    async fn a_header_that_does_not_come_is_not_waited_for() {
        let (mut client_side, mut server_side) = tokio::io::duplex(64);
        tokio::io::AsyncWriteExt::write_all(&mut client_side, b"PROXY TCP4 198").await.unwrap();
        assert!(matches!(within(Duration::from_millis(50), &mut server_side).await, Err(ProxyError::Slow)));
    }
}
