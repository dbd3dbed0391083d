//! TLS: by STARTTLS, from the first byte, required, and with a certificate that changes.

use super::*;

#[tokio::test]
async fn a_session_starts_afresh_behind_starttls() {
    let server = Server::start(|_| {}).await;
    let mut client = server.plain().await;
    client.expect("220").await;
    client.say("EHLO a.example").await;
    let offered = client.reply().await;
    assert!(offered.contains("STARTTLS") && !offered.contains("AUTH") && !offered.contains("REQUIRETLS"), "{offered}");
    client.gets("STARTTLS now", "501 5.5.2").await;
    client.gets("AUTH PLAIN", "538 5.7.11").await;
    client.gets("MAIL FROM:<a@example.co.jp>", "250").await;
    client.gets("STARTTLS", "220 2.0.0").await;
    let mut client = client.encrypted(&server.trusted).await.unwrap();
    client.gets("RCPT TO:<b@example.com>", "503").await;
    client.gets("MAIL FROM:<a@example.co.jp>", "503").await;
    client.say("EHLO a.example").await;
    let offered = client.reply().await;
    assert!(!offered.contains("STARTTLS") && offered.contains("AUTH PLAIN LOGIN") && offered.contains("REQUIRETLS"));
    client.gets("STARTTLS", "503 5.5.1").await;
    client.sends_as("a@example.co.jp").await;
    client.gets("QUIT", "221").await;
    client.assert_closed().await;
    let seen = server.end().await;
    assert_eq!(seen[1], "a@example.co.jp by 127.0.0.1 a.example over TLSv1.3");
}

#[tokio::test]
async fn commands_behind_starttls_in_plain_text_are_not_taken_for_encrypted_ones() {
    let server = Server::start(|_| {}).await;
    for injected in ["MAIL FROM:<a@example.co.jp>\r\n", "R", "\r\n"] {
        let mut client = server.plain().await;
        client.ask("220", "EHLO a.example").await;
        client.expect("250").await;
        client.send(format!("STARTTLS\r\n{injected}").as_bytes()).await;
        client.expect("503 5.5.1").await;
        client.assert_closed().await;
    }
    // What comes too late to be seen goes into the handshake, which it breaks.
    let mut client = server.plain().await;
    client.ask("220", "EHLO a.example").await;
    client.expect("250").await;
    client.gets("STARTTLS", "220 2.0.0").await;
    client.say("MAIL FROM:<a@example.co.jp>").await;
    client.assert_closed().await;
    assert!(server.end().await.is_empty());
}

#[tokio::test]
async fn a_host_without_a_certificate_offers_no_tls() {
    let server = Server::start(|_| {}).await;
    server.keys.replace(Keys::default());
    let mut client = server.plain().await;
    client.ask("220", "EHLO a.example").await;
    let offered = client.reply().await;
    assert!(!offered.contains("STARTTLS"), "{offered}");
    client.gets("STARTTLS", "502 5.5.1").await;
    client.gets("AUTH PLAIN", "502 5.5.1").await;
    let mut implicit = Client::new(TcpStream::connect(server.implicit).await.unwrap());
    implicit.assert_closed().await;
    server.end().await;
}

#[tokio::test]
async fn mail_without_tls_is_refused_where_tls_is_required() {
    let server = Server::start(|settings| settings.require_tls = true).await;
    let mut client = server.plain().await;
    client.ask("220", "EHLO a.example").await;
    client.expect("250").await;
    client.gets("MAIL FROM:<a@example.co.jp>", "530 5.7.0").await;
    let mut client = server.encrypted().await;
    client.sends_as("a@example.co.jp").await;
    assert_eq!(server.end().await.len(), 1);
}

#[tokio::test]
async fn tls_from_the_first_byte() {
    let server = Server::start(|_| {}).await;
    let stream = TcpStream::connect(server.implicit).await.unwrap();
    let mut client = Client::new(handshake(stream, &server.trusted).await.unwrap());
    client.ask("220", "EHLO a.example").await;
    client.expect("250").await;
    client.sends_as("a@example.co.jp").await;
    // Who speaks SMTP there hears nothing that looks like it.
    let mut plain = Client::new(TcpStream::connect(server.implicit).await.unwrap());
    plain.say("EHLO a.example").await;
    plain.assert_closed().await;
    assert_eq!(server.end().await.len(), 1);
}

#[tokio::test]
async fn a_new_certificate_is_for_new_handshakes_and_old_connections_go_on() {
    let server = Server::start(|_| {}).await;
    let mut before = server.encrypted().await;
    let (files, renewed) = fixture::write(server.folder.path(), (2091, 1, 1));
    let key_files = KeyFiles { certificate: Some(files), users: None };
    server.keys.replace(Keys::load(&key_files).unwrap());
    before.sends_as("a@example.co.jp").await;
    let stream = TcpStream::connect(server.implicit).await.unwrap();
    assert!(handshake(stream, &server.trusted).await.is_err());
    let stream = TcpStream::connect(server.implicit).await.unwrap();
    let after = handshake(stream, renewed.der()).await.unwrap();
    Client::new(after).expect("220").await;
    before.gets("NOOP", "250").await;
    server.end().await;
}
