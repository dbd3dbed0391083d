//! StartTLS (RFC 4511, §4.14), asked for before the library sees the connection.
//!
//! In: a connection that nothing was said on. Out: the same, ready for the handshake. Until TLS stands, anybody on the way
//! may answer, and the library reads answers of any depth and length; here an answer is one small, strictly read message.
//! Nothing is read beyond it, so nothing that was slipped in before TLS is taken for something said within.

use std::io::{Error, ErrorKind};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Message 1, an extended request with the name 1.3.6.1.4.1.1466.20037.
const REQUEST: &[u8; 31] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";

/// An answer with a long explanation is well below this.
const LONGEST: usize = 4_096;

/// Asks for TLS.
///
/// # Errors
/// The connection broke, or the server does not want to.
pub(super) async fn ask(stream: &mut TcpStream) -> Result<(), Error> {
    stream.write_all(REQUEST).await?;
    let mut head = [0; 2];
    stream.read_exact(&mut head).await?;
    let [tag, length] = head;
    let length = match length {
        0..=0x7f => usize::from(length),
        0x81 => usize::from(stream.read_u8().await?),
        0x82 => usize::from(stream.read_u16().await?),
        _ => return Err(strange()),
    };
    if tag != 0x30 || length > LONGEST {
        return Err(strange());
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    match result(&body) {
        Some(0) => Ok(()),
        Some(code) => {
            Err(Error::new(ErrorKind::Unsupported, format!("the server refuses StartTLS with result code {code}")))
        }
        None => Err(strange()),
    }
}

/// The result code of the answer to message 1.
fn result(body: &[u8]) -> Option<u8> {
    let rest = body.strip_prefix(b"\x02\x01\x01\x78")?;
    let rest = match rest.split_first()? {
        (0..=0x7f, rest) => rest,
        (0x81, rest) => rest.get(1..)?,
        (0x82, rest) => rest.get(2..)?,
        _ => return None,
    };
    match rest {
        [0x0a, 0x01, code, ..] => Some(*code),
        _ => None,
    }
}

fn strange() -> Error {
    Error::new(ErrorKind::InvalidData, "the answer to StartTLS is no LDAP")
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    async fn answered(answer: &[u8]) -> Result<(), Error> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        server.write_all(answer).await.unwrap();
        server.shutdown().await.unwrap();
        let asked = ask(&mut stream).await;
        let mut request = [0; 31];
        server.read_exact(&mut request).await.unwrap();
        assert_eq!(&request, REQUEST);
        asked
    }

    #[tokio::test]
    async fn yes_is_yes_in_every_form_of_length() {
        for yes in [
            &b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00"[..],
            b"\x30\x81\x0d\x02\x01\x01\x78\x81\x07\x0a\x01\x00\x04\x00\x04\x00",
            b"\x30\x82\x00\x0e\x02\x01\x01\x78\x82\x00\x07\x0a\x01\x00\x04\x00\x04\x00",
        ] {
            answered(yes).await.unwrap();
        }
    }

    #[tokio::test]
    async fn everything_else_is_no() {
        for no in [
            &b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x02\x04\x00\x04\x00"[..],
            b"\x30\x0c\x02\x01\x02\x78\x07\x0a\x01\x00\x04\x00\x04\x00",
            b"\x30\x84\x7f\xff\xff\xff",
            b"\x30\x82\xff\xff",
            b"HTTP/1.1 200 OK",
            b"",
            b"\x30\x00",
        ] {
            answered(no).await.unwrap_err();
        }
    }
}
