//! SIGHUP: a new certificate and new users from the next handshake and login on; faulty ones change nothing. The console's
//! own certificate. And the command that writes the users file.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto::aws_lc_rs, pki_types::CertificateDer,
};

use crate::support::{
    eventually, free_port,
    relay::{Relay, SEKISHO, Signal},
    sink::Sink,
};

const PASSWORD: &str = "a password of the edge";

/// A fresh certificate for localhost in `folder`.
fn certificate(folder: &Path) -> CertificateDer<'static> {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    std::fs::write(folder.join("certificate.pem"), certificate.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
    certificate.der().clone()
}

/// `sekisho user hash`, as an administrator would call it.
fn user(name: &str, password: &str) -> (bool, String) {
    let mut child = Command::new(SEKISHO)
        .args(["user", "hash", name])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(format!("{password}\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

/// What a client that trusts only `trusted` is told after these commands; none if the handshake fails.
fn told(to: SocketAddr, trusted: &CertificateDer<'static>, commands: &str) -> Option<String> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connection = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(to).unwrap());
    let mut said = String::new();
    stream.write_all(commands.as_bytes()).ok()?;
    // The server's close without our own is no fault here.
    let _ = stream.read_to_string(&mut said);
    (!said.is_empty()).then_some(said)
}

fn login(name: &str) -> String {
    let response = data_encoding::BASE64.encode(format!("\0{name}\0{PASSWORD}").as_bytes());
    format!("EHLO client.test\r\nAUTH PLAIN {response}\r\nQUIT\r\n")
}

#[test]
fn certificate_and_users_change_without_a_restart_and_faulty_ones_do_not_count() {
    let sink = Sink::start();
    let mut relay = Relay::configured(sink.address, "");
    let tls = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let config = std::fs::read_to_string(relay.config()).unwrap();
    let keys = "certificate = \"certificate.pem\"\nkey = \"key.pem\"\nusers = \"users.toml\"";
    let smtp = format!("[smtp]\nlisten_tls = [\"{tls}\"]\n{keys}");
    std::fs::write(relay.config(), config.replace("[smtp]", &smtp)).unwrap();
    let (home, users) = (relay.home().to_owned(), relay.home().join("users.toml"));
    let first = certificate(&home);
    std::fs::write(&users, user("app", PASSWORD).1).unwrap();
    relay.run();
    let answer = told(tls, &first, &login("app")).unwrap();
    assert!(answer.contains("235 2.7.0"), "{answer}");

    // Faulty: neither the broken key nor the new user counts.
    std::fs::write(home.join("key.pem"), "no key").unwrap();
    std::fs::write(&users, user("other", PASSWORD).1).unwrap();
    relay.signal(Signal::HUP);
    eventually("the refusal in the log", || relay.log().contains("not reloaded").then_some(()));
    assert!(relay.log().contains("there is no private key in it"));
    assert!(told(tls, &first, &login("app")).unwrap().contains("235 2.7.0"));

    let second = certificate(&home);
    relay.signal(Signal::HUP);
    eventually("the new certificate", || told(tls, &second, "QUIT\r\n"));
    assert_eq!(told(tls, &first, "QUIT\r\n"), None);
    assert!(told(tls, &second, &login("app")).unwrap().contains("535 5.7.8"));
    assert!(told(tls, &second, &login("other")).unwrap().contains("235 2.7.0"));
    assert!(!relay.log().contains(PASSWORD) && !relay.log().contains("argon2"));
    assert!(relay.stop());
}

#[test]
fn the_console_speaks_https_by_a_certificate_of_its_own_which_can_be_renewed() {
    let sink = Sink::start();
    let mut relay = Relay::configured(sink.address, "");
    let config = std::fs::read_to_string(relay.config()).unwrap();
    let keys = "[console]\ncertificate = \"certificate.pem\"\nkey = \"key.pem\"";
    let config = config.replace("[console]", keys).replace("http://127.0.0.1", "https://127.0.0.1");
    std::fs::write(relay.config(), config).unwrap();
    let home = relay.home().to_owned();
    let first = certificate(&home);
    relay.run();
    let ask = "GET /login HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let page = told(relay.console, &first, ask).unwrap().to_ascii_lowercase();
    assert!(page.starts_with("http/1.1 200") && page.contains("strict-transport-security"), "{page}");
    assert!(page.contains("; secure") && page.contains("</html>"), "{page}");
    let mut plain = TcpStream::connect(relay.console).unwrap();
    plain.write_all(ask.as_bytes()).unwrap();
    let mut said = Vec::new();
    let _ = plain.read_to_end(&mut said);
    assert!(!said.starts_with(b"HTTP"), "a password would have come in the clear");

    let second = certificate(&home);
    relay.signal(Signal::HUP);
    eventually("the new certificate", || told(relay.console, &second, ask));
    assert_eq!(told(relay.console, &first, ask), None);
    assert!(relay.stop());
}

#[test]
fn a_password_that_cannot_serve_is_refused_with_the_reason() {
    let (success, said) = user("app", "short");
    assert!(!success && said.contains("12 to 256 bytes"), "{said}");
    let (success, said) = user("two words", PASSWORD);
    assert!(!success && said.contains("without spaces"), "{said}");
}
