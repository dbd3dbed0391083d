//! Clients whom somebody else names: PROXY, XCLIENT and XFORWARD.

use super::*;

#[tokio::test]
async fn a_balancer_says_who_comes_and_that_client_is_judged() {
    let server = Server::start(|settings| {
        settings.allow_from = networks(&["198.51.100.0/24"]);
        settings.proxy_protocol_from = networks(&["127.0.0.1"]);
        settings.max_connections_per_address = 1;
    })
    .await;
    let mut client = server.plain().await;
    client.send(b"PROXY TCP4 198.51.100.7 192.0.2.1 12345 25\r\n").await;
    client.ask("220", "EHLO a.example").await;
    client.expect("250").await;
    client.sends_as("a@example.co.jp").await;
    let mut second = server.plain().await;
    second.send(b"PROXY TCP4 198.51.100.7 192.0.2.1 12346 25\r\n").await;
    second.expect("421 4.7.0").await;
    let mut stranger = server.plain().await;
    stranger.send(b"PROXY TCP4 203.0.113.7 192.0.2.1 12345 25\r\n").await;
    stranger.expect("554 5.7.1").await;
    // The balancer itself may not relay.
    let mut local = server.plain().await;
    local.send(b"PROXY UNKNOWN\r\n").await;
    local.expect("554 5.7.1").await;
    for garbage in ["EHLO client.example\r\nMAIL\r\n", "PROXY TCP4 198.51.100.7\r\n192.0.2.1 1 2\r\n"] {
        let mut broken = server.plain().await;
        broken.send(garbage.as_bytes()).await;
        broken.assert_closed().await;
    }
    // Version 2, and TLS right behind it.
    let stream = TcpStream::connect(server.implicit).await.unwrap();
    let mut encrypted = Client::new(stream);
    encrypted.send(b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc6\x33\x64\x08\xc0\0\x02\x01\x30\x39\0\x19").await;
    let mut encrypted = encrypted.encrypted(&server.trusted).await.unwrap();
    encrypted.ask("220", "EHLO a.example").await;
    encrypted.expect("250").await;
    encrypted.sends_as("a@example.co.jp").await;
    let seen = server.end().await;
    assert_eq!(seen[0], "a@example.co.jp by 198.51.100.7 a.example over plain");
    assert_eq!(seen[1], "a@example.co.jp by 198.51.100.8 a.example over TLSv1.3");
}

#[tokio::test]
async fn a_proxy_header_from_anybody_else_is_speaking_out_of_turn() {
    let server = Server::start(|settings| settings.allow_from = networks(&["127.0.0.1"])).await;
    let mut client = server.plain().await;
    client.expect("220").await;
    client.gets("PROXY TCP4 198.51.100.7 192.0.2.1 12345 25", "500 5.5.2").await;
    client.gets("EHLO a.example", "250").await;
    client.sends_as("a@example.co.jp").await;
    assert_eq!(server.end().await, ["a@example.co.jp by 127.0.0.1 a.example over plain"]);
}

#[tokio::test]
async fn xclient_is_for_named_hosts_and_cannot_open_the_relay() {
    let server = Server::start(|_| {}).await;
    let mut stranger = server.plain().await;
    stranger.ask("220", "EHLO a.example").await;
    let offered = stranger.reply().await;
    assert!(!offered.contains("XCLIENT") && !offered.contains("XFORWARD"), "{offered}");
    stranger.gets("XCLIENT ADDR=127.0.0.2", "550 5.7.1").await;
    stranger.gets("XFORWARD ADDR=127.0.0.2", "550 5.7.1").await;
    server.end().await;

    let server = Server::start(|settings| {
        settings.allow_from = networks(&["127.0.0.1", "198.51.100.0/24"]);
        settings.auth_from = networks(&["192.0.2.0/24"]);
        settings.xclient_from = networks(&["127.0.0.1"]);
    })
    .await;
    let mut host = server.plain().await;
    host.ask("220", "EHLO a.example").await;
    let offered = host.reply().await;
    assert!(offered.contains("XCLIENT NAME ADDR") && offered.contains("XFORWARD NAME ADDR"), "{offered}");
    host.gets("XCLIENT ADDR=nonsense", "501 5.5.4").await;
    host.gets("XCLIENT ADDR=198.51.100.7 HELO=pc.example PROTO=ESMTP", "220 ").await;
    host.gets("MAIL FROM:<a@example.co.jp>", "250").await;
    host.gets("XCLIENT ADDR=198.51.100.8", "503 5.5.1").await;
    host.gets("RSET", "250").await;
    host.gets("XCLIENT ADDR=192.0.2.9", "220 ").await;
    host.gets("MAIL FROM:<a@example.co.jp>", "503 5.5.1").await;
    host.gets("EHLO pc.example", "250").await;
    host.gets("MAIL FROM:<a@example.co.jp>", "530 5.7.0").await;
    host.gets("XCLIENT LOGIN=taro", "220 ").await;
    host.gets("EHLO pc.example", "250").await;
    host.sends_as("taro@example.co.jp").await;
    host.gets("XCLIENT ADDR=192.0.2.9 LOGIN=app", "220 ").await;
    host.gets("EHLO pc.example", "250").await;
    host.gets("MAIL FROM:<a@other.example>", "553 5.7.1").await;
    host.gets("XCLIENT ADDR=203.0.113.7 LOGIN=app", "554 5.7.1").await;
    host.assert_closed().await;
    let seen = server.end().await;
    assert_eq!(
        seen,
        [
            "a@example.co.jp by 198.51.100.7 pc.example over plain",
            "taro@example.co.jp by 192.0.2.9 pc.example login taro over plain",
        ]
    );
}

#[tokio::test]
async fn xforward_tells_of_one_mail_and_changes_nothing() {
    let server = Server::start(|settings| settings.xclient_from = networks(&["127.0.0.1"])).await;
    let mut host = server.plain().await;
    host.ask("220", "EHLO a.example").await;
    host.expect("250").await;
    host.gets("XFORWARD NAME=pc.example ADDR=203.0.113.7", "250").await;
    host.gets("XFORWARD HELO=pc.example IDENT=4XYZ SOURCE=REMOTE", "250").await;
    host.sends_as("a@example.co.jp").await;
    host.sends_as("b@example.co.jp").await;
    host.gets("XFORWARD ADDR=203.0.113.7", "250").await;
    host.gets("EHLO a.example", "250").await;
    host.sends_as("c@example.co.jp").await;
    host.gets("MAIL FROM:<d@example.co.jp>", "250").await;
    host.gets("XFORWARD ADDR=203.0.113.7", "503 5.5.1").await;
    host.gets("QUIT", "221").await;
    let seen = server.end().await;
    assert_eq!(seen[0], "a@example.co.jp by 127.0.0.1 a.example (from 203.0.113.7 pc.example as 4XYZ) over plain");
    assert_eq!(
        seen[1..3],
        [
            "b@example.co.jp by 127.0.0.1 a.example over plain".to_owned(),
            "c@example.co.jp by 127.0.0.1 a.example over plain".to_owned(),
        ]
    );
}
