//! One connection of the mail server, and the mails that are held.

use std::net::SocketAddr;

use mail_builder::MessageBuilder;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
};

use crate::mails::{RECIPIENT, SENDER};

/// A mail that waits for the security team: a key in it. Each is another one, from one of a hundred people.
pub(crate) fn held_mail(number: usize) -> Vec<u8> {
    let mail = MessageBuilder::new()
        .from(format!("staff{}@toho.example.co.jp", number % 100))
        .to(("山田 太郎", RECIPIENT))
        .message_id(format!("held.{number}@toho.example.co.jp"))
        .date(1_795_312_800_i64 + number as i64)
        .subject(format!("検証環境の設定 {number}"))
        .text_body("山田様\r\n\r\nいつもお世話になっております。\r\n検証環境のパスワード: Kx7vQ2mT9pLw4Rz\r\n");
    let mut wire = mail.write_to_vec().expect("a mail");
    wire.extend_from_slice(b"\r\n.\r\n");
    wire
}

/// An SMTP session that is open.
pub(crate) struct Session {
    stream: BufReader<TcpStream>,
    line: Vec<u8>,
}

impl Session {
    pub(crate) async fn open(to: SocketAddr) -> Self {
        let stream = TcpStream::connect(to).await.expect("the relay listens");
        stream.set_nodelay(true).expect("a socket");
        let mut session = Self { stream: BufReader::new(stream), line: Vec::new() };
        session.expect(b"220").await;
        session.say(b"EHLO bench.toho.example.co.jp\r\n").await;
        session.expect(b"250").await;
        session
    }

    /// Sends a mail whose own header names its sender; over the wire it is always the same.
    pub(crate) async fn send(&mut self, mail: &[u8]) {
        self.say(format!("MAIL FROM:<{SENDER}>\r\nRCPT TO:<{RECIPIENT}>\r\nDATA\r\n").as_bytes()).await;
        for code in [b"250", b"250", b"354"] {
            self.expect(code).await;
        }
        self.say(mail).await;
        self.expect(b"250").await;
    }

    async fn say(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).await.expect("the relay reads");
    }

    /// Reads one reply, all its lines; anything but `code` ends the bench.
    async fn expect(&mut self, code: &[u8]) {
        loop {
            self.line.clear();
            let read = self.stream.read_until(b'\n', &mut self.line).await.expect("the relay answers");
            assert!(read > 0, "the relay hung up");
            assert!(self.line.starts_with(code), "{}", String::from_utf8_lossy(&self.line));
            if self.line.get(3) != Some(&b'-') {
                return;
            }
        }
    }
}
