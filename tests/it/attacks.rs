//! One test for each class of attack that relays have met. Each fails when its guard is taken away.
//!
//! The real program between a client that attacks and a next hop that writes down every byte it hears. Tests that
//! need no settings of their own share one relay while they run side by side.

use std::{
    io::Write,
    net::SocketAddr,
    sync::{Arc, Mutex, Weak},
    time::{Duration, Instant},
};

use crate::support::{
    eventually,
    relay::Relay,
    sink::{Delivered, Hop, Sink},
    stream::Certificate,
    talk::{self, Talk, letter},
    users,
};

const SENDER: &str = "sato@toho.example.co.jp";
const OUTSIDER: &str = "nencho@zeirishi.example.com";
const SECRET: &str = "従業員 高橋 由美のマイナンバーは 123456789018 です。";

/// A relay and its next hop.
struct Scene {
    relay: Relay,
    sink: Sink,
}

impl Scene {
    /// The one that is open, or a new one.
    fn shared() -> Arc<Self> {
        static OPEN: Mutex<Weak<Scene>> = Mutex::new(Weak::new());
        let mut open = OPEN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        open.upgrade().unwrap_or_else(|| {
            let scene = Arc::new(Self::with(Hop::default(), ""));
            *open = Arc::downgrade(&scene);
            scene
        })
    }

    fn with(hop: Hop, config: &str) -> Self {
        let sink = Sink::start_as(hop);
        let relay = Relay::start_with(sink.address, &format!("inspection.workers = 1\n{config}"));
        Self { relay, sink }
    }

    /// With a certificate, and somebody who may log in.
    fn with_tls() -> Self {
        let Certificate { certificate, key, .. } = Certificate::shared();
        let users = users::file();
        Self::with(
            Hop::default(),
            &format!("smtp.certificate = {certificate:?}\nsmtp.key = {key:?}\nsmtp.users = {users:?}\n"),
        )
    }

    fn talk(&self) -> Talk {
        Talk::start(self.relay.smtp).unwrap()
    }

    /// A dialogue that has come to the message for `to`, which each test has for itself.
    fn ready_for_data(&self, to: &str) -> Talk {
        let mut talk = self.ready_for_message(to);
        assert!(talk.say("DATA").unwrap().starts_with("354"));
        talk
    }

    fn ready_for_message(&self, to: &str) -> Talk {
        let mut talk = self.talk();
        assert!(talk.say(&format!("MAIL FROM:<{SENDER}> BODY=8BITMIME")).unwrap().starts_with("250"));
        assert!(talk.say(&format!("RCPT TO:<{to}>")).unwrap().starts_with("250"));
        talk
    }

    /// Whether the next hop has heard of `word`, in a command or in a mail.
    fn heard(&self, word: &str) -> bool {
        let in_a_command = self.sink.commands().iter().any(|command| command.contains(word));
        in_a_command || self.sink.mails().iter().any(|mail| mail.text().contains(word))
    }
}

/// Says that a mail whose lines end in `ends` is refused, and that no second mail comes out of it.
fn refuses_smuggling(ends: &[&str]) {
    let scene = Scene::shared();
    for (n, end) in ends.iter().enumerate() {
        let (first, second) =
            (format!("first-{n}@kita-hoan.example.com"), format!("smuggled-{}@kita-hoan.example.com", end.len()));
        let mut talk = scene.ready_for_data(&first);
        let wire = format!(
            "Subject: one\r\n\r\nx{end}MAIL FROM:<ceo@toho.example.co.jp>\r\nRCPT TO:<{second}>\r\nDATA\r\n\
             Subject: two\r\n\r\ntwo\r\n.\r\n"
        );
        let reply = talk.raw(wire.as_bytes()).unwrap();
        assert!(reply.starts_with("550 5.6.0"), "{}: {reply}", end.escape_debug());
        // Exactly one reply came, and the dialogue is where it should be.
        assert!(talk.say("NOOP").unwrap().starts_with("250 2.0.0"), "{}", end.escape_debug());
        assert!(!scene.heard(&second) && !scene.heard("ceo@"), "{} let a second mail in", end.escape_debug());
    }
}

/// SMTP smuggling: CVE-2023-51764 (Postfix), CVE-2023-51765 (Sendmail).
#[test]
fn smuggling_with_bare_line_feeds() {
    refuses_smuggling(&["\n.\n", "\n.\r\n", "\r\n.\n", "\n\n.\n\n", "\r\n.\n\r\n"]);
}

/// SMTP smuggling: CVE-2023-51766 (Exim), and the forms that Cisco's gateways rewrote.
#[test]
fn smuggling_with_bare_carriage_returns() {
    refuses_smuggling(&["\r.\r", "\r.\r\n", "\r\n.\r", "\n.\r\r\n", "\r\n.\r\r\n", "\r\r\n.\r\r\n"]);
}

/// SMTP smuggling by way of BDAT: a server that takes the bytes as they are and passes them on by DATA.
#[test]
fn smuggling_through_bdat() {
    let scene = Scene::shared();
    for (n, text) in ["a\n.\nb\r\n", "a\r\n.\nb\r\n", "a\r.\rb\r\n"].into_iter().enumerate() {
        let mut talk = scene.ready_for_message(&format!("bdat-{n}@kita-hoan.example.com"));
        let message = format!("Subject: x\r\n\r\n{text}");
        let reply = talk.raw(format!("BDAT {} LAST\r\n{message}", message.len()).as_bytes()).unwrap();
        assert!(reply.starts_with("550 5.6.0"), "{}: {reply}", text.escape_debug());
    }
    // A CR at the end of one chunk and a LF at the start of the next are one line end.
    let mut talk = scene.ready_for_message("bdat-cut@kita-hoan.example.com");
    assert!(talk.raw(b"BDAT 15\r\nSubject: x\r\n\r\n\r").unwrap().starts_with("250"));
    assert!(talk.raw(b"BDAT 5 LAST\r\n\n.\r\nb").unwrap().starts_with("250"));
    let mail = scene.sink.to("bdat-cut@kita-hoan.example.com").pop().unwrap();
    is_one_message(&mail);
}

/// Smuggling on the way out: whatever a message holds, what we send has no bare line end and one end only.
#[test]
fn what_goes_out_ends_once() {
    let scene = Scene::shared();
    let bodies: [&[u8]; 8] = [
        b".\r\n..\r\n...\r\n",
        b"\0.\r\n.\0\r\n\0\r\n",
        b"no line end",
        b"\r\n\r\n.\r\n\r\n",
        b".",
        b"x\r\n.",
        b".\r\nMAIL FROM:<ceo@toho.example.co.jp>\r\nRCPT TO:<victim@kita-hoan.example.com>\r\nDATA\r\n",
        b"\x85.\x85\xe2\x80\xa8.\xe2\x80\xa8\x0b.\x0b\x0c.\x0c\r\n",
    ];
    for (n, body) in bodies.into_iter().enumerate() {
        let to = format!("out-{n}@kita-hoan.example.com");
        let message = [b"From: sato@toho.example.co.jp\r\nSubject: x\r\n\r\n", body].concat();
        let mut talk = scene.ready_for_message(&to);
        talk.stream.send(format!("BDAT {} LAST\r\n", message.len()).as_bytes()).unwrap();
        let reply = talk.raw(&message).unwrap();
        if reply.starts_with("250 2.0.0 held") {
            continue;
        }
        assert!(reply.starts_with("250 2.0.0 forwarded"), "{}: {reply}", body.escape_ascii());
        let mail = scene.sink.to(&to).pop().unwrap();
        is_one_message(&mail);
        let arrived = mail.without_trace();
        let arrived = arrived.strip_suffix(b"\r\n").filter(|_| !message.ends_with(b"\r\n")).unwrap_or(arrived);
        assert_eq!(arrived.escape_ascii().to_string(), message.escape_ascii().to_string());
    }
    assert!(!scene.sink.commands().iter().any(|command| command.contains("victim@") || command.contains("ceo@")));
}

/// Asserts that a mail was on the wire as one message to every server, however it reads line ends.
fn is_one_message(mail: &Delivered) {
    let wire = &mail.wire;
    for (at, byte) in wire.iter().enumerate() {
        let bare = match byte {
            b'\n' => at == 0 || wire[at - 1] != b'\r',
            b'\r' => wire.get(at + 1) != Some(&b'\n'),
            _ => false,
        };
        assert!(!bare, "a bare line end at {at}: {}", wire.escape_ascii());
    }
    let ends = wire.windows(5).filter(|window| window == b"\r\n.\r\n").count();
    assert!(wire.ends_with(b"\r\n.\r\n") && ends == 1, "{ends} ends: {}", wire.escape_ascii());
}

/// NUL bytes, at which C programs end a string: in commands they are refused, in a message they are content.
#[test]
fn nul_bytes_end_nothing() {
    let scene = Scene::shared();
    let mut talk = scene.talk();
    for line in ["MAIL FROM:<sato@toho.example.co.jp\0@evil.example>", "NOOP\0", "\0QUIT"] {
        assert!(talk.say(line).unwrap().starts_with("500 5.5.2"), "{}", line.escape_debug());
    }
    let mut talk = scene.ready_for_data("nul@kita-hoan.example.com");
    let reply = talk.raw(b"Subject: x\r\n\r\n\0.\r\nRSET\r\n.\0\r\nQUIT\r\n\0\r\n.\r\n").unwrap();
    assert!(reply.starts_with("250") || reply.starts_with('5'), "{reply}");
    assert!(talk.say("NOOP").unwrap().starts_with("250 2.0.0"));
    for mail in scene.sink.to("nul@kita-hoan.example.com") {
        is_one_message(&mail);
        // The dot that was not stuffed by the client fell away, as RFC 5321 §4.5.2 says; everything else is there.
        assert!(mail.text().contains("\0.\r\nRSET\r\n\0\r\nQUIT\r\n\0\r\n"), "{:?}", mail.text());
    }
}

/// Commands behind STARTTLS in plain text, run as if they had come encrypted: CVE-2011-0411 (Postfix and many others).
#[test]
fn commands_injected_behind_starttls_are_dropped() {
    let scene = Scene::with_tls();
    let mut talk = scene.talk();
    let injected =
        "STARTTLS\r\nEHLO evil.test\r\nMAIL FROM:<evil@evil.example>\r\nRCPT TO:<victim@kita-hoan.example.com>\r\n";
    let reply = talk.raw(injected.as_bytes()).unwrap();
    assert!(reply.starts_with("503 5.5.1"), "{reply}");
    assert!(talk.reply().is_err(), "the connection goes on");
    // Without them TLS begins, and nothing of before it is left.
    let mut talk = scene.talk();
    assert!(talk.say("STARTTLS").unwrap().starts_with("220"));
    talk.stream.start_tls().unwrap();
    let reply = talk.say(&format!("MAIL FROM:<{SENDER}>")).unwrap();
    assert!(reply.starts_with("503 5.5.1"), "EHLO of before TLS still counts: {reply}");
    assert!(!scene.heard("evil@"), "{:?}", scene.sink.commands());
}

/// Replies in plain text behind the next hop's 220 to STARTTLS, taken for encrypted ones: CVE-2021-38371 (Exim).
#[test]
fn replies_injected_behind_starttls_are_not_believed() {
    let hop = Hop {
        offers: ["PIPELINING", "8BITMIME", "STARTTLS"].map(str::to_owned).into(),
        injected: "250-sink.test\r\n250 8BITMIME\r\n250 2.1.0 injected\r\n250 2.1.5 injected\r\n354 injected\r\n\
                   250 2.0.0 injected\r\n"
            .into(),
        ..Hop::default()
    };
    let honest = Hop { injected: String::new(), ..hop.clone() };
    for (hop, expected, arrives) in [(honest, "250 2.0.0 forwarded", 1), (hop, "451 4.3.0", 0)] {
        let scene = Scene::with(hop, "next_hop.tls = \"required\"\n");
        let to = "yamada@kita-hoan.example.com";
        let reply = talk::send(scene.relay.smtp, SENDER, &[to], &letter("injected", "s", "会議")).unwrap();
        assert!(reply.starts_with(expected) && !reply.contains("injected"), "{reply}");
        assert_eq!(scene.sink.to(to).len(), arrives);
        // Replies out of turn would be noticed later too; here nothing is said to whoever put them there.
        let seen = scene.relay.log().contains("sent more than a reply before the handshake");
        assert_eq!(seen, arrives == 0, "{}", scene.relay.log());
    }
}

/// Line ends in what becomes part of our own commands to the next hop.
#[test]
fn no_line_end_reaches_the_commands_to_the_next_hop() {
    let hop = Hop { offers: ["PIPELINING", "8BITMIME", "SMTPUTF8", "DSN"].map(str::to_owned).into(), ..Hop::default() };
    let scene = Scene::with(hop, "");
    let mut talk = scene.talk();
    for line in [
        "MAIL FROM:<\"a\rRSET\"@toho.example.co.jp>",
        "MAIL FROM:<\"a\nRSET\"@toho.example.co.jp>",
        "MAIL FROM:<sato@toho.example.co.jp> ENVID=a\rQUIT",
        "MAIL FROM:<sato@toho.example.co.jp> ENVID=a+0",
        "MAIL FROM:<\"a\u{85}b\"@toho.example.co.jp> SMTPUTF8",
    ] {
        talk.stream.send(format!("{line}\r\n").as_bytes()).unwrap();
        let reply = talk.reply().unwrap();
        assert!(reply.starts_with('5'), "{}: {reply}", line.escape_debug());
        // A bare LF makes two lines of it, the second of which is no command either.
        talk = scene.talk();
    }
    // Nor do line ends that hide in xtext: whoever decodes it next might let them out.
    let mut talk = scene.talk();
    assert!(talk.say(&format!("MAIL FROM:<{SENDER}> ENVID=a+0D+0AQUIT")).unwrap().starts_with("501 5.5.4"));
    assert!(talk.say(&format!("MAIL FROM:<{SENDER}> BODY=8BITMIME ENVID=a+2B+3D")).unwrap().starts_with("250"));
    assert!(talk.say("RCPT TO:<a@b.example> ORCPT=rfc822;a+0D+0ARSET@b.example").unwrap().starts_with("501 5.5.4"));
    assert!(talk.say("RCPT TO:<a@kita-hoan.example.com> ORCPT=rfc822;a+2Bb@b.example").unwrap().starts_with("250"));
    assert!(talk.data(&letter("xtext", "s", "会議")).unwrap().starts_with("250"));
    let commands = scene.sink.commands();
    assert!(commands.iter().any(|command| command.contains("ENVID=a+2B+3D")), "{commands:?}");
    let known = ["EHLO", "MAIL", "RCPT", "DATA", "BDAT", "RSET", "NOOP", "QUIT"];
    for command in &commands {
        assert!(known.contains(&command.split([' ', ':']).next().unwrap()), "{command:?}");
    }
}

/// Line ends in what becomes part of our Received field: the name in EHLO, XCLIENT from a named host.
#[test]
fn no_line_end_reaches_our_received_field() {
    let scene = Scene::with(Hop::default(), "smtp.xclient_from = [\"127.0.0.0/8\"]\n");
    for name in ["evil.test\rX-Injected: yes", "evil.test\nX-Injected: yes", "evil\0test", "evil\u{85}X-Injected: yes"]
    {
        let mut talk = Talk::connect(scene.relay.smtp).unwrap();
        talk.reply().unwrap();
        let reply = talk.say(&format!("EHLO {name}")).unwrap();
        assert!(reply.starts_with("50"), "{}: {reply}", name.escape_debug());
    }
    let mut talk = scene.talk();
    for attributes in
        ["HELO=evil+0D+0AX-Injected:+20yes", "NAME=evil+0AX-Injected:+20yes", "LOGIN=a+0D+0AX-Injected:+20yes"]
    {
        let reply = talk.say(&format!("XCLIENT {attributes}")).unwrap();
        assert!(reply.starts_with("501"), "{attributes}: {reply}");
    }
    let mut talk = scene.talk();
    assert!(talk.say("EHLO evil.test(comment;").unwrap().starts_with("250"));
    let reply = talk.send(SENDER, &["yamada@kita-hoan.example.com"], &letter("helo", "s", "会議")).unwrap();
    assert!(reply.starts_with("250 2.0.0 forwarded"), "{reply}");
    let mail = scene.sink.to("yamada@kita-hoan.example.com").pop().unwrap().text();
    let trace = mail.split_once("\r\nFrom: ").unwrap().0;
    assert_eq!(trace.matches('(').count(), trace.matches(')').count(), "{trace}");
    assert!(!trace.contains("X-Injected"), "{trace}");
}

/// Line ends in what our notices quote: the decoded subject of a held mail, ENVID and ORCPT of one that was relayed.
#[test]
fn no_line_end_reaches_the_header_of_a_notice() {
    let scene = Scene::shared();
    let sender = "injector@toho.example.co.jp";
    let mut talk = scene.talk();
    let subject = "=?UTF-8?Q?hello=0D=0AX-Injected:_yes=0D=0A=0D=0Abody?=";
    assert!(talk.send(sender, &[OUTSIDER], &letter("notice", subject, SECRET)).unwrap().starts_with("250 2.0.0 held"));
    // A next hop without DSN: we ourselves tell the sender that the mail was relayed.
    assert!(talk.say(&format!("MAIL FROM:<{sender}> ENVID=b+0AX-Injected:+20yes")).unwrap().starts_with("501"));
    assert!(talk.say(&format!("MAIL FROM:<{sender}> BODY=8BITMIME ENVID=b:+20c")).unwrap().starts_with("250"));
    let to = "RCPT TO:<yamada@kita-hoan.example.com> NOTIFY=SUCCESS";
    assert!(talk.say(&format!("{to} ORCPT=rfc822;b+0D+0AX-Injected:+20yes@b.example")).unwrap().starts_with("501"));
    assert!(talk.say(&format!("{to} ORCPT=rfc822;b+2Bc@b.example")).unwrap().starts_with("250"));
    assert!(talk.data(&letter("relayed", subject, "会議")).unwrap().starts_with("250 2.0.0 forwarded"));
    let notices = eventually("both notices", || Some(scene.sink.to(sender)).filter(|notices| notices.len() >= 2));
    for notice in notices {
        is_one_message(&notice);
        let text = notice.text();
        // Within a returned mail's own header the field is the sender's, in encoded words.
        assert!(!text.contains("\r\nX-Injected"), "{text}");
    }
}

/// Line ends and escapes in what is logged: a client could write lines into the log, or to the operator's terminal.
#[test]
fn no_line_end_reaches_the_log() {
    let scene = Scene::shared();
    let mut talk = scene.talk();
    for line in ["EHLO a\x1b[2Jb", "MAIL FROM:<a\u{9b}2Jb@toho.example.co.jp> SMTPUTF8", "VRFY a\rINFO forged"] {
        talk.say(line).unwrap();
    }
    let subject = "=?UTF-8?Q?x=0A2026-11-22_ERROR_forged_line?=";
    let mut mail = letter("log", subject, SECRET);
    mail.splice(0..0, *b"X-Forged: \x1b[31mred\r\n");
    talk.send("logger@toho.example.co.jp", &[OUTSIDER], &mail).unwrap();
    let log = scene.relay.log();
    assert!(!log.lines().any(|line| line.contains("forged line") && line.starts_with("2026")), "{log}");
    // Colours are ours; no other escape sequence is.
    assert!(
        !log.contains("\x1b[2J") && !log.contains('\u{9b}') && !log.contains('\r') && !log.contains("\x1b[31mred"),
        "{log}"
    );
}

/// The state of BDAT: chunks without recipients, after RSET, with impossible sizes (Exim's CVE-2017-16943 and
/// CVE-2017-16944 were use after free and an endless loop here). No byte of a chunk may become a command.
#[test]
fn chunks_are_never_commands() {
    let scene = Scene::shared();
    let chunk = "RSET\r\nMAIL FROM:<evil@evil.example>\r\nRCPT TO:<victim@kita-hoan.example.com>\r\n.\r\n";
    let mut talk = scene.talk();
    for prelude in ["", "MAIL FROM:<sato@toho.example.co.jp>\r\n", "RSET\r\n"] {
        if !prelude.is_empty() {
            assert!(talk.raw(prelude.as_bytes()).unwrap().starts_with("250"));
        }
        for last in ["", " LAST"] {
            let reply = talk.raw(format!("BDAT {}{last}\r\n{chunk}", chunk.len()).as_bytes()).unwrap();
            assert!(reply.starts_with("503 5.5.1") || reply.starts_with("554 5.5.1"), "{reply}");
            assert!(talk.say("NOOP").unwrap().starts_with("250 2.0.0"));
        }
    }
    for size in ["18446744073709551616", "99999999999999999999999", "-1", "0x10", "1e3", "", "1 2", "10 LAST x"] {
        let mut talk = scene.ready_for_message("bdat-size@kita-hoan.example.com");
        let reply = talk.raw(format!("BDAT {size}\r\n{chunk}").as_bytes()).unwrap();
        assert!(reply.starts_with('5'), "{size}: {reply}");
        let after = talk.reply().unwrap_or_default();
        assert!(after.is_empty() || after.starts_with("421"), "{size}: what followed was answered: {after}");
    }
    // A chunk that begins and never ends leaves nothing behind.
    let mut talk = scene.ready_for_message("bdat-half@kita-hoan.example.com");
    talk.stream.send(b"BDAT 1000 LAST\r\nhalf of it").unwrap();
    drop(talk);
    assert!(scene.talk().say("NOOP").unwrap().starts_with("250"));
    assert!(!scene.heard("evil@") && scene.sink.to("bdat-half@kita-hoan.example.com").is_empty());
}

/// A client that goes on with its message although DATA was refused: its message must not be read as commands.
#[test]
fn the_message_behind_a_refused_data_is_not_commands() {
    let scene = Scene::shared();
    let behind = "MAIL FROM:<evil@evil.example>\r\nRCPT TO:<victim@kita-hoan.example.com>\r\nDATA\r\nx\r\n.\r\n";
    let refused = "MAIL FROM:<sato@toho.example.co.jp>\r\nRCPT TO:<refused@kita-hoan.example.com>\r\n";
    for (before, codes) in [("", &["503"][..]), (refused, &["250", "550", "554"])] {
        let mut talk = scene.talk();
        talk.stream.send(format!("{before}DATA\r\n{behind}").as_bytes()).unwrap();
        let mut heard = Vec::new();
        while let Ok(reply) = talk.reply() {
            heard.push(reply[..3].to_owned());
        }
        assert_eq!(heard, codes, "then the connection ends, and nothing of the message is answered");
    }
    assert!(!scene.heard("evil@") && !scene.heard("victim@"));
}

/// AUTH with what broke others: endless or binary responses (Exim's CVE-2023-42115 class), and a clock.
#[test]
fn logins_cannot_be_timed_or_overflowed() {
    let scene = Scene::with_tls();
    let plain = |name: &str, password: &str| data_encoding::BASE64.encode(format!("\0{name}\0{password}").as_bytes());
    let encrypted = || {
        let mut talk = scene.talk();
        assert!(talk.say("STARTTLS").unwrap().starts_with("220"));
        talk.stream.start_tls().unwrap();
        assert!(talk.say("EHLO client.test").unwrap().contains("AUTH PLAIN LOGIN"));
        talk
    };
    // In clear it is not even looked at.
    let right = plain(users::NAME, users::PASSWORD);
    let reply = scene.talk().say(&format!("AUTH PLAIN {right}")).unwrap();
    assert!(reply.starts_with('5'), "{reply}");
    assert!(encrypted().say(&format!("AUTH PLAIN {right}")).unwrap().starts_with("235 2.7.0"));
    // A name that is nobody's takes as long as a wrong password: the difference would tell who exists.
    let time = |name: &str| {
        let mut times: Vec<Duration> = (0..2)
            .map(|_| {
                let mut talk = encrypted();
                let began = Instant::now();
                talk.say(&format!("AUTH PLAIN {}", plain(name, "a wrong password"))).unwrap();
                began.elapsed()
            })
            .collect();
        times.sort();
        times[0]
    };
    let (somebody, nobody) = (time(users::NAME), time("nobody"));
    assert!(nobody * 4 > somebody && somebody * 4 > nobody, "somebody {somebody:?}, nobody {nobody:?}");
    // Nothing that cannot be read is let in, and the relay lives on.
    for response in ["=", "!!!!", "AAAA", "AA==", "AGEAYgBj", "/////w==", &"A".repeat(1800), "AGE=", "*"] {
        let mut talk = encrypted();
        let reply = talk.say(&format!("AUTH PLAIN {response}")).unwrap();
        assert!(reply.starts_with(['4', '5']), "{response}: {reply}");
        let mut talk = encrypted();
        assert!(talk.say("AUTH LOGIN").unwrap().starts_with("334"));
        let reply = talk.say(response).unwrap();
        let reply = if reply.starts_with("334") { talk.say(response).unwrap() } else { reply };
        assert!(reply.starts_with(['4', '5']), "{response}: {reply}");
    }
}

/// Guessing passwords: a connection ends at its third wrong one, and an address with many has to wait.
#[test]
fn passwords_cannot_be_guessed_one_after_the_other() {
    let scene = Scene::with_tls();
    let guess = |n: usize| data_encoding::BASE64.encode(format!("\0{}\0wrong guess {n}", users::NAME).as_bytes());
    let mut looked_at = 0;
    for connection in 0..5 {
        let mut talk = scene.talk();
        assert!(talk.say("STARTTLS").unwrap().starts_with("220"));
        talk.stream.start_tls().unwrap();
        talk.say("EHLO client.test").unwrap();
        for n in 0..4 {
            let Ok(reply) = talk.say(&format!("AUTH PLAIN {}", guess(n))) else { break };
            assert!(reply.starts_with(['4', '5']), "{reply}");
            looked_at += usize::from(!reply.starts_with("454"));
            assert!(n < 3 || connection > 0, "a fourth guess over one connection: {reply}");
        }
    }
    assert!(looked_at <= 8, "{looked_at} guesses were looked at within seconds");
}

/// Open relay by address tricks, each of which a real Postfix behind us, whose domain is ours, sent on to evil.example:
/// percent hack, bang path, a second `@`, a quoted one. Such an address is outside, however it ends.
#[test]
fn an_address_that_is_routed_on_is_not_ours() {
    let scene = Scene::shared();
    for (n, to) in [
        "user%evil.example@toho.example.co.jp",
        "evil.example!user@toho.example.co.jp",
        "user@evil.example@toho.example.co.jp",
        "\"user@evil.example\"@toho.example.co.jp",
        "user@evil.example(.toho.example.co.jp",
        "@toho.example.co.jp:user@evil.example",
    ]
    .into_iter()
    .enumerate()
    {
        let mail = letter(&format!("routed-{n}"), "s", SECRET);
        let reply = talk::send(scene.relay.smtp, "router@toho.example.co.jp", &[to], &mail).unwrap();
        assert!(reply.starts_with("250 2.0.0 held") || reply.starts_with('5'), "{to}: {reply}");
    }
    assert!(scene.sink.mails().iter().all(|mail| mail.from != "router@toho.example.co.jp"), "it went out");
}

/// Memory bombs: lines without an end, headers without an end, promises of size that cost the client nothing.
#[test]
fn endless_lines_headers_and_promises_take_no_memory() {
    let scene = Scene::with(Hop::default(), "smtp.max_message_size = \"1 MiB\"\nsmtp.max_memory = \"4 MiB\"\n");
    let before = scene.relay.memory();
    // A command line that does not end.
    let mut talk = scene.talk();
    for _ in 0..2000 {
        if talk.stream.send(&[b'x'; 64 * 1024]).is_err() {
            break;
        }
    }
    drop(talk);
    // One header line, and very many, over the limit.
    for line in [&b"x"[..], b"X-A: b\r\n"] {
        let mut talk = scene.ready_for_data("bomb@kita-hoan.example.com");
        talk.stream.send(&line.repeat((3 << 20) / line.len())).unwrap();
        let reply = talk.raw(b"\r\n.\r\n").unwrap();
        assert!(reply.starts_with("552 5.3.4"), "{reply}");
    }
    // Promises of the largest size, which together are more than all messages may have.
    let promises: Vec<Talk> = (0..20)
        .map(|n| {
            let mut talk = scene.talk();
            assert!(talk.say(&format!("MAIL FROM:<p{n}@toho.example.co.jp> SIZE=1048576")).unwrap().starts_with("250"));
            assert!(talk.say("RCPT TO:<bomb@kita-hoan.example.com>").unwrap().starts_with("250"));
            assert!(talk.say("DATA").unwrap().starts_with("354"));
            talk
        })
        .collect();
    let reply =
        talk::send(scene.relay.smtp, SENDER, &["honest@kita-hoan.example.com"], &letter("h", "s", "会議")).unwrap();
    assert!(reply.starts_with("250 2.0.0 forwarded"), "promises took what an honest mail needed: {reply}");
    let grown = scene.relay.memory().saturating_sub(before);
    assert!(grown < 40 * 1024, "memory grew by {grown} KiB");
    drop(promises);
    assert!(scene.talk().say("NOOP").unwrap().starts_with("250"));
}

/// A message of header fields only, 100,000 of them, within the limits (the class of Haraka's slow header parsing):
/// answered in time, and nobody else waits for it.
#[test]
fn a_hundred_thousand_header_fields_are_no_trouble() {
    let scene = Scene::shared();
    let mail = [&b"From: sato@toho.example.co.jp\r\n"[..], &b"X-A: b\r\n".repeat(100_000), b"\r\nx\r\n"].concat();
    let began = Instant::now();
    let reply = talk::send(scene.relay.smtp, SENDER, &["fields@kita-hoan.example.com"], &mail).unwrap();
    assert!(reply.starts_with("250") || reply.starts_with('5'), "{reply}");
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
}

/// File names of attachments that a shell would run (Haraka's attachment plugin, CVE-2016-1000282) or that leave the
/// folder they are unpacked to: here nothing is unpacked to files and nothing is run.
#[test]
fn names_of_attachments_are_only_names() {
    let scene = Scene::shared();
    let mark = scene.relay.home().join("mark");
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for name in
        [format!("a\";$(touch {0});`touch {0}`;.txt", mark.display()), format!("../../../../../..{}", mark.display())]
    {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(b"text").unwrap();
    }
    let zip = data_encoding::BASE64.encode(&zip.finish().unwrap().into_inner());
    let mail = format!(
        "From: {SENDER}\r\nMIME-Version: 1.0\r\nContent-Type: application/zip; name=\"`touch {0}`.zip\"\r\n\
         Content-Disposition: attachment; filename=\"../../$(touch {0}).zip\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{zip}\r\n",
        mark.display()
    );
    let reply = talk::send(scene.relay.smtp, SENDER, &["zip@kita-hoan.example.com"], mail.as_bytes()).unwrap();
    assert!(reply.starts_with("250"), "{reply}");
    assert!(!mark.exists(), "a file name was believed");
}

/// A mail that goes in circles, and one that pretends to have been here already to get past inspection.
#[test]
fn forged_traces_of_ours_prove_nothing() {
    let scene = Scene::shared();
    let hostname = "sekisho.toho.example.co.jp";
    let trace = |n: usize, more: &str| {
        format!(
            "Received: from a.test ([127.0.0.1])\r\n\tby {hostname} (Sekisho) with ESMTP id 01J{n:023}{more};\r\n\tSun, 22 Nov 2026 01:00:00 +0000\r\n"
        )
    };
    // Too often here: a loop, not a mail.
    let circles: String = (0..8).map(|n| trace(n, "")).collect();
    let mail = [circles.as_bytes(), &letter("circles", "s", "会議")].concat();
    let reply = talk::send(scene.relay.smtp, SENDER, &["circles@kita-hoan.example.com"], &mail).unwrap();
    assert!(reply.starts_with("554 5.4.6"), "{reply}");
    // Marks that say "released", without the proof that only we can make.
    let forged = [
        trace(1, ""),
        trace(1, "\r\n\t(pass v1.1999999999.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA)"),
        format!("X-Sekisho-Released: yes\r\nX-Sekisho-Pass: {}\r\nX-Sekisho: 01J\r\n", "A".repeat(52)),
    ];
    for (n, marks) in forged.iter().enumerate() {
        let mail = [marks.as_bytes(), &letter(&format!("forged-{n}"), "s", SECRET)].concat();
        let to = format!("forged-{n}@zeirishi.example.com");
        let reply = talk::send(scene.relay.smtp, SENDER, &[&to], &mail).unwrap();
        assert!(reply.starts_with("250 2.0.0 held"), "{marks}: {reply}");
        assert!(scene.sink.to(&to).is_empty());
    }
}

/// A proof of release that was taken from one mail and put on another: other bytes, other recipients.
#[test]
fn a_true_mark_on_another_mail_proves_nothing() {
    let scene = Scene::shared();
    let to = "stolen@zeirishi.example.com";
    let reply = talk::send(scene.relay.smtp, SENDER, &[to], &letter("stolen", "s", SECRET)).unwrap();
    let id = reply.rsplit(' ').next().unwrap().to_owned();
    let approved = scene.relay.command(&["held", "approve", &id, "--as", "kacho@toho.example.co.jp"]);
    assert!(approved.status.success(), "{}", String::from_utf8_lossy(&approved.stderr));
    let released = eventually("the released mail", || scene.sink.to(to).pop());
    let text = released.text();
    let trace = text[..text.len() - released.without_trace().len()].to_owned();
    // The released mail itself, coming back through us: known, and not held a second time.
    let again = talk::send(scene.relay.smtp, SENDER, &[to], &released.bytes).unwrap();
    assert!(again.starts_with("250 2.0.0 forwarded"), "{again}");
    // The same mark on other content, and for another recipient.
    let other = [trace.as_bytes(), &letter("stolen", "s", &format!("{SECRET}\r\nand more"))].concat();
    let reply = talk::send(scene.relay.smtp, SENDER, &[to], &other).unwrap();
    assert!(reply.starts_with("250 2.0.0 held"), "another body: {reply}");
    let reply = talk::send(scene.relay.smtp, SENDER, &["thief@evil.example"], &released.bytes).unwrap();
    assert!(reply.starts_with("250 2.0.0 held"), "another recipient: {reply}");
    assert!(scene.sink.to("thief@evil.example").is_empty());
}

/// Guessing the secret address that an approver's answer goes to.
#[test]
fn secret_addresses_cannot_be_guessed() {
    let scene = Scene::shared();
    let sender = "guesser@toho.example.co.jp";
    let reply = talk::send(scene.relay.smtp, sender, &[OUTSIDER], &letter("guess", "s", SECRET)).unwrap();
    assert!(reply.starts_with("250 2.0.0 held as"), "{reply}");
    let notice = eventually("the notice", || scene.sink.to(sender).pop()).text();
    let secret = notice.split("sekisho+").nth(1).unwrap().split('@').next().unwrap().to_owned();
    assert!(secret.len() >= 20, "{secret} is short enough to be guessed");
    let last = if secret.ends_with('a') { 'b' } else { 'a' };
    let near = format!("{}{last}", &secret[..secret.len() - 1]);
    let id = reply.rsplit(' ').next().unwrap();
    let mut talk = scene.talk();
    talk.say("MAIL FROM:<kacho@toho.example.co.jp>").unwrap();
    for guess in [near.as_str(), "", "%", "*", id, "' OR 1=1 --", "a"] {
        let to = format!("RCPT TO:<\"sekisho+{guess}\"@sekisho.toho.example.co.jp>");
        let quoted = talk.say(&to).unwrap();
        assert!(quoted.starts_with('5'), "{guess}: {quoted}");
    }
    for guess in [near.as_str(), id, "%25", "a"] {
        let reply = talk.say(&format!("RCPT TO:<sekisho+{guess}@sekisho.toho.example.co.jp>")).unwrap();
        assert!(reply.starts_with("550 5.1.1"), "{guess}: {reply}");
    }
}

/// A stranger who says who they are: XCLIENT and PROXY count only from hosts that are named for them.
#[test]
fn nobody_may_say_who_they_are() {
    let scene = Scene::with(Hop::default(), "smtp.allow_from = [\"127.0.0.0/8\"]\n");
    let mut talk = scene.talk();
    assert!(talk.say("XCLIENT ADDR=192.0.2.1 NAME=trusted.example LOGIN=admin").unwrap().starts_with('5'));
    assert!(talk.say("XFORWARD ADDR=192.0.2.1").unwrap().starts_with('5'));
    let reply = talk.send(SENDER, &["who@kita-hoan.example.com"], &letter("who", "s", "会議")).unwrap();
    assert!(reply.starts_with("250 2.0.0 forwarded"), "{reply}");
    for header in [
        &b"PROXY TCP4 192.0.2.1 192.0.2.2 1 25\r\n"[..],
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x01\xc0\0\x02\x02\0\x01\0\x19",
    ] {
        let mut talk = Talk::connect(scene.relay.smtp).unwrap();
        talk.stream.send(header).unwrap();
        let mut replies = String::new();
        for _ in 0..3 {
            replies.push_str(&talk.reply().unwrap_or_default());
        }
        assert!(replies.contains("50") || replies.contains("554"), "{replies}");
    }
    assert!(!scene.sink.mails().iter().any(|mail| mail.text().contains("192.0.2.1")));
    let named = Scene::with(Hop::default(), "smtp.proxy_protocol_from = [\"127.0.0.0/8\"]\n");
    let mut talk = Talk::connect(named.relay.smtp).unwrap();
    // The client behind the balancer is judged by its own address, not by the balancer's.
    let greeting = talk.raw(b"PROXY TCP4 192.0.2.1 192.0.2.2 1 25\r\n").unwrap();
    assert!(greeting.starts_with("554 5.7.1"), "{greeting}");
}

/// Floods: connections of one address beyond its share, commands that bring no mail.
#[test]
fn floods_are_turned_away() {
    let scene = Scene::with(Hop::default(), "smtp.max_connections = 50\nsmtp.max_connections_per_address = 10\n");
    let open: Vec<Talk> = (0..10).map(|_| scene.talk()).collect();
    let refused = Talk::connect(scene.relay.smtp).unwrap().reply().unwrap();
    assert!(refused.starts_with("421 4.7.0"), "{refused}");
    drop(open);
    let mut talk = eventually("a place", || connect(scene.relay.smtp));
    let mut noops = 0;
    while talk.say("NOOP").is_ok_and(|reply| reply.starts_with("250")) {
        noops += 1;
        assert!(noops < 1000, "NOOP goes on for ever");
    }
}

/// A connection that was greeted.
fn connect(relay: SocketAddr) -> Option<Talk> {
    let mut talk = Talk::connect(relay).ok()?;
    talk.reply().ok().filter(|greeting| greeting.starts_with("220")).map(|_| talk)
}
