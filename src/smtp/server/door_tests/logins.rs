//! Logins: their forms, guesses, users who are taken away, and lettre as a client that others wrote.

use super::*;

#[tokio::test]
async fn logins_in_all_their_forms() {
    let server = Server::start(|settings| settings.auth_from = networks(&["127.0.0.0/8"])).await;
    let mut client = server.encrypted().await;
    client.gets("MAIL FROM:<a@example.co.jp>", "530 5.7.0").await;
    client.gets("AUTH CRAM-MD5", "504 5.5.4").await;
    client.gets("AUTH PLAIN !", "501 5.5.2").await;
    client.gets("AUTH PLAIN", "334 ").await;
    client.gets("*", "501 5.7.0").await;
    client.gets("AUTH PLAIN", "334 ").await;
    client.gets(&"A".repeat(3000), "500 5.5.6").await;
    client.gets("NOOP", "250").await;
    client.gets("AUTH LOGIN", "334 VXNlcm5hbWU6").await;
    client.gets(&BASE64.encode(b"app"), "334 UGFzc3dvcmQ6").await;
    client.gets(&BASE64.encode(PASSWORD.as_bytes()), "235 2.7.0").await;
    client.gets("AUTH PLAIN", "503 5.5.1").await;
    client.gets("MAIL FROM:<a@other.example>", "553 5.7.1").await;
    client.sends_as("a@example.co.jp").await;
    client.gets("MAIL FROM:<>", "250").await;
    client.gets("QUIT", "221").await;

    let mut client = server.encrypted().await;
    client.gets(&format!("AUTH PLAIN {}", plain_response("any", PASSWORD)), "235 2.7.0").await;
    client.sends_as("a@other.example").await;
    let seen = server.end().await;
    assert_eq!(seen[0], "a@example.co.jp by 127.0.0.1 client.example login app over TLSv1.3");
    assert_eq!(seen[2], "a@other.example by 127.0.0.1 client.example login any over TLSv1.3");
}

#[tokio::test]
async fn a_login_comes_between_mails_and_only_after_ehlo() {
    let server = Server::start(|_| {}).await;
    let login = format!("AUTH PLAIN {}", plain_response("app", PASSWORD));
    let mut client = server.encrypted().await;
    client.gets("MAIL FROM:<a@example.co.jp>", "250").await;
    client.gets(&login, "503 5.5.1").await;
    client.gets("HELO client.example", "250").await;
    client.gets(&login, "503 5.5.1").await;
    server.end().await;
}

#[tokio::test]
async fn guesses_end_the_connection_and_the_address_has_to_wait() {
    let server = Server::start(|_| {}).await;
    for (round, wanted) in
        [["535 5.7.8", "535 5.7.8", "421 4.7.0"], ["535 5.7.8", "535 5.7.8", "454 4.7.0"]].into_iter().enumerate()
    {
        let mut client = server.encrypted().await;
        for (guess, wanted) in wanted.into_iter().enumerate() {
            let name = if guess == 1 { "nobody" } else { "app" };
            client.gets(&format!("AUTH PLAIN {}", plain_response(name, &format!("guess {round}"))), wanted).await;
        }
        if round == 0 {
            client.assert_closed().await;
        }
    }
    // The right password is not even looked at now.
    let mut client = server.encrypted().await;
    client.gets(&format!("AUTH PLAIN {}", plain_response("app", PASSWORD)), "454 4.7.0").await;
    server.end().await;
}

#[tokio::test]
async fn a_login_that_is_taken_out_of_the_file_may_send_no_more() {
    let server = Server::start(|_| {}).await;
    let mut client = server.encrypted().await;
    client.gets(&format!("AUTH PLAIN {}", plain_response("app", PASSWORD)), "235 2.7.0").await;
    client.sends_as("a@example.co.jp").await;
    let path = server.folder.path().join("users.toml");
    std::fs::write(&path, users().replace("\"app\"", "\"other\"")).unwrap();
    server.keys.replace(Keys::load(&KeyFiles { certificate: None, users: Some(path) }).unwrap());
    client.gets("MAIL FROM:<a@example.co.jp>", "553 5.7.1").await;
    server.end().await;
}

async fn lettre_sends(server: &Server, port: u16, tls: fn(TlsParameters) -> Tls, mechanism: Mechanism) {
    let trusted = Trusted::from_der(server.trusted.to_vec()).unwrap();
    let parameters = TlsParameters::builder("localhost".to_owned()).add_root_certificate(trusted).build().unwrap();
    let transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("localhost")
        .port(port)
        .tls(tls(parameters))
        .credentials(Credentials::new("app".to_owned(), PASSWORD.to_owned()))
        .authentication(vec![mechanism])
        .build();
    let envelope = lettre::address::Envelope::new(
        Some("a@example.co.jp".parse().unwrap()),
        vec!["b@example.com".parse().unwrap()],
    );
    let sent =
        timeout(HANG, transport.send_raw(&envelope.unwrap(), b"Subject: a\r\n\r\nb\r\n")).await.unwrap().unwrap();
    assert!(sent.is_positive());
}

#[tokio::test]
async fn lettre_logs_in_over_starttls_and_over_tls_from_the_first_byte() {
    let server = Server::start(|settings| {
        settings.auth_from = networks(&["127.0.0.0/8", "::1/128"]);
        settings.require_tls = true;
    })
    .await;
    lettre_sends(&server, server.address.port(), Tls::Required, Mechanism::Plain).await;
    lettre_sends(&server, server.implicit.port(), Tls::Wrapper, Mechanism::Login).await;
    let seen = server.end().await;
    assert_eq!(seen.len(), 2);
    assert!(seen.iter().all(|mail| mail.ends_with("login app over TLSv1.3")), "{seen:?}");
}
