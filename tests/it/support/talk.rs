//! A plain SMTP client on a blocking socket; tests see each reply as it comes.

use std::{
    io,
    net::{SocketAddr, TcpStream},
};

use super::stream::Stream;

pub(crate) struct Talk {
    pub(crate) stream: Stream,
}

impl Talk {
    /// Connects and says EHLO.
    pub(crate) fn start(to: SocketAddr) -> io::Result<Self> {
        let mut talk = Self::connect(to)?;
        let greeting = talk.reply()?;
        assert!(greeting.starts_with("220"), "{greeting}");
        let reply = talk.say("EHLO client.test")?;
        assert!(reply.starts_with("250"), "{reply}");
        Ok(talk)
    }

    /// Connects and says nothing.
    pub(crate) fn connect(to: SocketAddr) -> io::Result<Self> {
        Ok(Self { stream: Stream::new(TcpStream::connect(to)?)? })
    }

    /// Sends one line, gives the whole reply.
    pub(crate) fn say(&mut self, line: &str) -> io::Result<String> {
        self.stream.send(format!("{line}\r\n").as_bytes())?;
        self.reply()
    }

    /// Sends raw bytes, gives the whole next reply.
    pub(crate) fn raw(&mut self, bytes: &[u8]) -> io::Result<String> {
        self.stream.send(bytes)?;
        self.reply()
    }

    /// The next reply, all its lines.
    pub(crate) fn reply(&mut self) -> io::Result<String> {
        let mut reply = String::new();
        loop {
            let line = self.stream.line()?;
            if line.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            reply.push_str(&String::from_utf8_lossy(&line));
            if line.get(3) != Some(&b'-') {
                return Ok(reply.trim_end().to_owned());
            }
        }
    }

    /// MAIL, RCPT and DATA for one mail; gives the reply to the final dot, or the first refusal.
    pub(crate) fn send(&mut self, from: &str, to: &[&str], message: &[u8]) -> io::Result<String> {
        let reply = self.say(&format!("MAIL FROM:<{from}> BODY=8BITMIME"))?;
        if !reply.starts_with("250") {
            return Ok(reply);
        }
        for recipient in to {
            let reply = self.say(&format!("RCPT TO:<{recipient}>"))?;
            if !reply.starts_with("250") {
                self.say("RSET")?;
                return Ok(reply);
            }
        }
        self.data(message)
    }

    /// DATA and the message; gives the reply to the final dot.
    pub(crate) fn data(&mut self, message: &[u8]) -> io::Result<String> {
        let reply = self.say("DATA")?;
        if !reply.starts_with("354") {
            return Ok(reply);
        }
        let mut wire = Vec::with_capacity(message.len() + 64);
        for line in message.split_inclusive(|c| *c == b'\n') {
            if line.starts_with(b".") {
                wire.push(b'.');
            }
            wire.extend_from_slice(line);
        }
        if !message.is_empty() && !message.ends_with(b"\r\n") {
            wire.extend_from_slice(b"\r\n");
        }
        wire.extend_from_slice(b".\r\n");
        self.stream.send(&wire)?;
        self.reply()
    }
}

/// One mail over a connection of its own.
pub(crate) fn send(relay: SocketAddr, from: &str, to: &[&str], message: &[u8]) -> io::Result<String> {
    Talk::start(relay)?.send(from, to, message)
}

/// A small text mail.
pub(crate) fn letter(id: &str, subject: &str, text: &str) -> Vec<u8> {
    format!(
        "From: =?UTF-8?B?5L2Q6Jek?= <sato@toho.example.co.jp>\r\nTo: yamada@kita-hoan.example.com\r\n\
         Subject: {subject}\r\nMessage-ID: <{id}@toho.example.co.jp>\r\nDate: Sun, 22 Nov 2026 10:00:00 +0900\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}\r\n"
    )
    .into_bytes()
}
