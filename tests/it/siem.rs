//! A relay tells a SIEM what it decided, and nothing of what was in the mail.

use std::{
    io::{BufReader, Read},
    net::{TcpListener, TcpStream},
    time::Duration,
};

use crate::support::{
    relay::Relay,
    sink::Sink,
    talk::{self, letter},
};

const SENDER: &str = "sato@toho.example.co.jp";
const CONTRACTOR: &str = "yamada@kita-hoan.example.com";

/// The next message, by its length.
fn next(stream: &mut BufReader<TcpStream>) -> String {
    let (mut length, mut byte) = (0, [0]);
    loop {
        stream.read_exact(&mut byte).unwrap();
        match byte[0] {
            b' ' => break,
            digit => length = length * 10 + usize::from(digit - b'0'),
        }
    }
    let mut message = vec![0; length];
    stream.read_exact(&mut message).unwrap();
    String::from_utf8(message).unwrap()
}

#[test]
fn a_collector_hears_of_each_mail_and_reads_no_content() {
    let (sink, collector) = (Sink::start(), TcpListener::bind("127.0.0.1:0").unwrap());
    let server = collector.local_addr().unwrap();
    let mut relay = Relay::start_with(sink.address, &format!("[siem]\nserver = \"tcp://{server}\"\n"));
    talk::send(relay.smtp, SENDER, &[CONTRACTOR], &letter("clean", "planted subject", "no data")).unwrap();
    let mynumber = "マイナンバー 1234 5678 9018";
    talk::send(relay.smtp, SENDER, &[CONTRACTOR], &letter("held", "planted subject", mynumber)).unwrap();
    let (stream, _) = collector.accept().unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut stream = BufReader::new(stream);
    let told = [next(&mut stream), next(&mut stream)];
    assert!(told[0].contains("|mail.forward|") && told[0].contains(" act=forward "), "{}", told[0]);
    assert!(told[1].contains("|mail.require_approval|") && told[1].contains(" cs1=my-number"), "{}", told[1]);
    for message in &told {
        assert!(message.contains(&format!(" suser={SENDER} duser={CONTRACTOR} ")), "{message}");
        for private in ["planted", "マイナンバー", "1234 5678", "123456789018"] {
            assert!(!message.contains(private), "{private} in {message}");
        }
    }
    drop(stream);
    assert!(relay.stop());
}
