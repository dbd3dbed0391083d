//! Servers that are none, and what a reading may cost.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;
use crate::directory::ldap::read;

/// A server that answers the first question with `answer` and then waits.
async fn server(answer: &'static [u8]) -> Settings {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ldap://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut question = [0; 4_096];
            let _ = stream.read(&mut question).await;
            let _ = stream.write_all(answer).await;
            let _ = stream.read(&mut question).await;
        }
    });
    let mut settings = Settings::new(vec![url.parse().unwrap()], "dc=jp".to_owned());
    (settings.plain_text, settings.timeout) = (true, Duration::from_millis(300));
    settings
}

/// The library panics on some of these; that ends the reading and nothing else.
#[tokio::test]
async fn answers_that_are_no_ldap_end_the_reading_and_nothing_else() {
    for answer in [
        &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
        b"\x30\x00",
        b"\x30\x03\x02\x01\x01",
        b"\x30\x05\x02\x01\x01\x7f\x00",
        b"\x30\x05\x02\x01\x01\x65\x00",
        b"\x30\x0a\x02\x01\x01\x65\x05\x0a\x01\x00\x04\x00",
        b"\x30\x84\x7f\xff\xff\xff\x02",
        b"",
    ] {
        let settings = server(answer).await;
        let why = read(&settings).await.unwrap_err();
        let told = matches!(why, LdapError::Unreachable(_) | LdapError::Late | LdapError::Broken);
        assert!(told, "{answer:?}: {why}");
    }
}

#[tokio::test]
async fn an_empty_answer_is_a_failure() {
    let settings = server(b"\x30\x0c\x02\x01\x01\x65\x07\x0a\x01\x00\x04\x00\x04\x00").await;
    let mut budget = Budget::new(10, 1_000, Duration::from_secs(5));
    let mut session = Session::open(&settings).await.unwrap();
    let attributes = vec!["cn".to_owned()];
    assert_eq!(session.entry("cn=a,dc=jp", attributes, &mut budget).await, Ok(None));
}

#[tokio::test]
async fn nobody_is_bound_without_a_name_and_a_password() {
    let settings = server(b"").await;
    let mut session = Session::open(&settings).await.unwrap();
    for (dn, password) in [("cn=a", ""), ("", "secret")] {
        assert!(matches!(session.bind(dn, password).await, Err(LdapError::Settings(_))), "{dn}");
    }
}

#[test]
fn a_reading_has_a_budget() {
    let entry = crate::directory::ldap::entry::tests::entry("cn=a", &[("cn", "a")]);
    let mut few = Budget::new(1, 1_000, Duration::from_secs(5));
    assert_eq!(few.spend(&entry), Ok(()));
    assert!(matches!(few.spend(&entry), Err(LdapError::TooMuch(_))));
    assert!(matches!(Budget::new(9, 1, Duration::from_secs(5)).spend(&entry), Err(LdapError::TooMuch(_))));
    assert_eq!(Budget::new(9, 1_000, Duration::ZERO).spend(&entry), Err(LdapError::Late));
}
