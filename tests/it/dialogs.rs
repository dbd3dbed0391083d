//! The SMTP dialogue as it looks from outside, told in transcripts: `dialogs/*.smtp`, one behaviour each.
//!
//! A transcript opens with what it stands for (a comment with the section of the RFC, or the attack) and may set the
//! stage. Transcripts on the same stage share one relay and one next hop, and run one after the other.
//!
//! | line | meaning |
//! |---|---|
//! | `# …` | a comment |
//! | `config: smtp.max_recipients = 2` | a setting of the relay, as TOML; `{certificate}`, `{key}`, `{users}` are files |
//! | `hop: offers PIPELINING SIZE` | what the next hop offers in EHLO |
//! | `hop: RCPT 450 4.2.1 later` | what it answers to a verb, to `GREETING`, or to `DOT` |
//! | `hop: injects 250 x` | what it says in plain text behind its reply to STARTTLS |
//! | `hop: away` | nobody listens there |
//! | `early: EHLO x\r\n` | raw bytes sent before the greeting is read |
//! | `C: EHLO client.test` | a line with its CRLF; lines that follow each other go out in one write |
//! | `R: a\n.\n\{x*9}\xff` | raw bytes with escapes and repetitions |
//! | `S: 250 2.1.* ok` | the next reply line starts like this; `*` is any text |
//! | `S: 250+` | a whole reply of any number of lines, kept for `offers:` |
//! | `offers: SIZE *`, `lacks: AUTH*` | a line of that reply, without its code |
//! | `tls` | the client starts TLS |
//! | `wait 1s` | silence of the client |
//! | `closed` | the relay has closed the connection, and said nothing more |
//! | `reconnect` | a new connection, and its greeting |
//! | `second: 421 4.7.0` | a second connection beside this one is greeted like this |
//! | `H: MAIL FROM:<a@b> *` | the next hop heard such a command; `not H:` none |
//! | `M: Subject: x\r\n` | the mail delivered last holds these bytes; `not M:` no mail of this transcript does |
//! | `mails: 1`, `held: 0` | so many mails arrived at the next hop (notices not counted), or are held |
//! | `log: refused*` | the relay's log has a line that holds this |

use std::{
    collections::BTreeMap,
    fmt::Write,
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::support::{
    free_port,
    relay::{Relay, Signal},
    sink::{Hop, Sink},
    stream::Certificate,
    talk::Talk,
    users,
};

/// The issue asks for at least this many.
const AT_LEAST: usize = 60;

/// How long a transcript waits for a reply.
const PATIENCE: Duration = Duration::from_secs(20);

/// How many relays run at the same time.
const AT_ONCE: usize = 4;

#[derive(Debug)]
struct Transcript {
    path: PathBuf,
    stage: Stage,
    early: Vec<u8>,
    /// Line number and the line.
    steps: Vec<(usize, String)>,
}

/// What transcripts must have in common to share a relay.
#[derive(Debug, Default, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Stage {
    config: Vec<String>,
    hop: Vec<String>,
}

impl Transcript {
    fn read(path: PathBuf) -> Self {
        let text = fs::read_to_string(&path).unwrap();
        let (mut stage, mut early, mut steps) = (Stage::default(), Vec::new(), Vec::new());
        assert!(text.starts_with("# "), "{}: says nothing about what it stands for", path.display());
        for (at, line) in text.lines().enumerate() {
            if let Some(setting) = line.strip_prefix("config: ") {
                stage.config.push(setting.to_owned());
            } else if let Some(word) = line.strip_prefix("hop: ") {
                stage.hop.push(word.to_owned());
            } else if let Some(bytes) = line.strip_prefix("early: ") {
                early = raw(bytes);
            } else if !line.is_empty() && !line.starts_with('#') {
                steps.push((at + 1, line.to_owned()));
            }
        }
        Self { path, stage, early, steps }
    }

    fn name(&self) -> String {
        self.path.file_name().unwrap().to_string_lossy().into_owned()
    }
}

/// The relay and the next hop of a stage.
struct Scene {
    relay: Relay,
    sink: Sink,
}

impl Stage {
    fn open(&self) -> Scene {
        let mut hop = Hop::default();
        let mut away = false;
        for line in &self.hop {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            match word {
                "offers" => hop.offers = offers(rest),
                "injects" => hop.injected = format!("{rest}\r\n"),
                "away" => away = true,
                verb => {
                    hop.answers.insert(verb.to_owned(), format!("{rest}\r\n"));
                }
            }
        }
        let sink = Sink::start_as(hop);
        let address = if away { SocketAddr::from(([127, 0, 0, 1], free_port())) } else { sink.address };
        let certificate = Certificate::shared();
        let config = self
            .config
            .join("\n")
            .replace("{certificate}", &certificate.certificate.to_string_lossy())
            .replace("{key}", &certificate.key.to_string_lossy())
            .replace("{users}", &users::file().to_string_lossy());
        let mut relay = Relay::configured(address, &format!("inspection.workers = 1\n{config}"));
        relay.run();
        Scene { relay, sink }
    }
}

/// Words, where `SIZE=1000` stands for an offer with a value (`SIZE 1000`).
fn offers(words: &str) -> Vec<String> {
    words.split_whitespace().map(|word| word.replace('=', " ")).collect()
}

/// A transcript under way.
struct Performance<'a> {
    scene: &'a Scene,
    talk: Talk,
    /// The whole reply that came last.
    reply: Vec<String>,
    commands_before: usize,
    mails_before: usize,
    held_before: usize,
    log_before: usize,
}

/// What was expected, and what came instead.
type Outcome = Result<(), String>;

impl<'a> Performance<'a> {
    fn start(scene: &'a Scene, transcript: &Transcript) -> io::Result<Self> {
        // Counted before the first word, so that nothing of this transcript is missed.
        let (commands_before, mails_before) = (scene.sink.commands().len(), scene.sink.mails().len());
        let asks_for_held = transcript.steps.iter().any(|(_, step)| step.starts_with("held: "));
        let held_before = if asks_for_held { scene.relay.held().len() } else { 0 };
        let log_before = scene.relay.log().len();
        // Early is what is there before the relay can look: it stands still meanwhile.
        let early = !transcript.early.is_empty();
        if early {
            scene.relay.pause();
        }
        let mut talk = Talk::connect(scene.relay.smtp)?;
        talk.stream.patience(PATIENCE)?;
        talk.stream.send(&transcript.early)?;
        if early {
            scene.relay.signal(Signal::CONT);
        }
        Ok(Self { scene, talk, reply: Vec::new(), commands_before, mails_before, held_before, log_before })
    }

    fn step(&mut self, line: &str) -> Outcome {
        let (word, rest) = line.split_once(": ").unwrap_or((line, ""));
        match word {
            "R" => self.talk.stream.send(&raw(rest)).map_err(|error| format!("cannot send: {error}")),
            "S" => self.expect(rest),
            "offers" => self.offered(rest, true),
            "lacks" => self.offered(rest, false),
            "tls" => self.talk.stream.start_tls().map_err(|error| format!("no TLS: {error}")),
            "closed" => self.closed(),
            "reconnect" => self.reconnect(),
            "second" => self.second(rest),
            "H" => self.heard(rest, true),
            "not H" => self.heard(rest, false),
            "M" => self.arrived(&raw(rest), true),
            "not M" => self.arrived(&raw(rest), false),
            "mails" => self.count(rest, "mails delivered", Self::delivered),
            "held" => self.count(rest, "mails held", |now| now.scene.relay.held().len() - now.held_before),
            "log" => self.logged(rest),
            _ => match word.strip_prefix("wait ").and_then(|time| time.strip_suffix('s')?.parse().ok()) {
                Some(seconds) => {
                    std::thread::sleep(Duration::from_secs_f32(seconds));
                    Ok(())
                }
                None => Err(format!("a line that no transcript knows: {line}")),
            },
        }
    }

    fn expect(&mut self, pattern: &str) -> Outcome {
        if pattern.ends_with('+') {
            let reply = self.talk.reply().map_err(|error| format!("expected {pattern}, got {error}"))?;
            self.reply = reply.lines().map(str::to_owned).collect();
            let code = pattern.trim_end_matches('+');
            return if reply.starts_with(code) { Ok(()) } else { Err(format!("expected {pattern}, got {reply}")) };
        }
        let line = self.talk.stream.line().map_err(|error| format!("expected {pattern}, got {error}"))?;
        let line = String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned();
        let fits = matches(&format!("{pattern}*"), &line);
        let got = if line.is_empty() { "the end of the connection" } else { &line };
        if fits { Ok(()) } else { Err(format!("expected {pattern}, got {got}")) }
    }

    fn offered(&self, pattern: &str, wanted: bool) -> Outcome {
        let found = self.reply.iter().any(|line| line.get(4..).is_some_and(|offer| matches(pattern, offer)));
        if found == wanted { Ok(()) } else { Err(format!("{pattern} wanted: {wanted}, got {:?}", self.reply)) }
    }

    fn closed(&mut self) -> Outcome {
        match self.talk.stream.line() {
            Ok(line) if line.is_empty() => Ok(()),
            Ok(line) => Err(format!("expected the end of the connection, got {}", line.escape_ascii())),
            Err(error) => Err(format!("expected the end of the connection, got {error}")),
        }
    }

    fn reconnect(&mut self) -> Outcome {
        let again = || -> io::Result<Talk> {
            let mut talk = Talk::connect(self.scene.relay.smtp)?;
            talk.stream.patience(PATIENCE)?;
            talk.reply()?;
            Ok(talk)
        };
        self.talk = again().map_err(|error| format!("cannot connect again: {error}"))?;
        Ok(())
    }

    fn second(&self, expected: &str) -> Outcome {
        let greeting = Talk::connect(self.scene.relay.smtp).and_then(|mut talk| talk.reply());
        match greeting {
            Ok(greeting) if greeting.starts_with(expected) => Ok(()),
            other => Err(format!("expected a second connection to hear {expected}, got {other:?}")),
        }
    }

    fn heard(&self, pattern: &str, wanted: bool) -> Outcome {
        let commands = self.scene.sink.commands();
        let heard = &commands[self.commands_before..];
        let found = heard.iter().any(|command| matches(pattern, command));
        if found == wanted { Ok(()) } else { Err(format!("next hop to hear {pattern}: {wanted}, got {heard:#?}")) }
    }

    fn arrived(&self, bytes: &[u8], wanted: bool) -> Outcome {
        // A notice about an earlier transcript may come last.
        let mut mails = self.scene.sink.mails().split_off(self.mails_before);
        mails.retain(|mail| !wanted || !mail.text().contains("Auto-Submitted: auto"));
        let holds = |mail: &Vec<u8>| mail.windows(bytes.len()).any(|window| window == bytes);
        let found = mails.last().is_some_and(|mail| holds(&mail.bytes));
        let anywhere = mails.iter().any(|mail| holds(&mail.bytes));
        if if wanted { found } else { !anywhere } {
            return Ok(());
        }
        let got: Vec<String> = mails.iter().map(|mail| mail.bytes.escape_ascii().to_string()).collect();
        Err(format!("a mail with {}: {wanted}, got {got:#?}", bytes.escape_ascii()))
    }

    /// Mails that the next hop has from this transcript; our own notices come from the null path or from ourselves.
    fn delivered(&self) -> usize {
        let mails = self.scene.sink.mails().split_off(self.mails_before);
        mails.iter().filter(|mail| !mail.text().contains("Auto-Submitted: auto")).count()
    }

    fn count(&self, wanted: &str, what: &str, count: impl Fn(&Self) -> usize) -> Outcome {
        let got = count(self).to_string();
        if got == wanted { Ok(()) } else { Err(format!("expected {wanted} {what}, got {got}")) }
    }

    fn logged(&self, pattern: &str) -> Outcome {
        let pattern = format!("*{pattern}*");
        let log = self.scene.relay.log().split_off(self.log_before);
        if log.lines().any(|line| matches(&pattern, line)) {
            return Ok(());
        }
        Err(format!("expected {pattern} in the log, got\n{log}"))
    }
}

/// Whether `text` is `pattern`, in which `*` is any text.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else { return pattern == text };
    let Some(rest) = text.strip_prefix(head) else { return false };
    (0..=rest.len()).filter(|at| rest.is_char_boundary(*at)).any(|at| matches(tail, &rest[at..]))
}

/// Bytes with `\r \n \t \0 \\ \xff` and `\{text*9}` for repetition.
fn raw(text: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::new(), text);
    while let Some((plain, escape)) = rest.split_once('\\') {
        bytes.extend_from_slice(plain.as_bytes());
        let (kind, behind) = escape.split_at(1);
        rest = behind;
        match kind {
            "r" => bytes.push(b'\r'),
            "n" => bytes.push(b'\n'),
            "t" => bytes.push(b'\t'),
            "0" => bytes.push(0),
            "\\" => bytes.push(b'\\'),
            "x" => {
                let (digits, behind) = behind.split_at(2);
                bytes.push(u8::from_str_radix(digits, 16).unwrap());
                rest = behind;
            }
            "{" => {
                let (repeated, behind) = behind.split_once('}').unwrap();
                let (what, times) = repeated.rsplit_once('*').unwrap();
                bytes.extend(raw(what).repeat(times.parse().unwrap()));
                rest = behind;
            }
            _ => unreachable!("no such escape: \\{kind}"),
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

/// Plays one transcript; the error says where it went wrong.
fn play(transcript: &Transcript, scene: &Scene) -> Outcome {
    let start = Performance::start(scene, transcript);
    let mut performance = start.map_err(|error| format!("{}: {error}", transcript.name()))?;
    let mut steps = transcript.steps.iter().peekable();
    while let Some((line, step)) = steps.next() {
        let outcome = if let Some(first) = client_line(step) {
            let mut batch = format!("{first}\r\n");
            while let Some(next) = steps.peek().and_then(|(_, step)| client_line(step)) {
                write!(batch, "{next}\r\n").unwrap();
                steps.next();
            }
            performance.talk.stream.send(batch.as_bytes()).map_err(|error| format!("cannot send: {error}"))
        } else {
            performance.step(step)
        };
        outcome.map_err(|what| format!("tests/it/dialogs/{}:{line}: {what}", transcript.name()))?;
    }
    Ok(())
}

fn client_line(step: &str) -> Option<&str> {
    if step == "C:" { Some("") } else { step.strip_prefix("C: ") }
}

/// Every transcript there is.
fn transcripts() -> Vec<Transcript> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/dialogs");
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|extension| extension == "smtp")).collect();
    paths.sort();
    paths.into_iter().map(Transcript::read).collect()
}

#[test]
fn every_dialog_goes_as_written() {
    let all = transcripts();
    assert!(all.len() >= AT_LEAST, "only {} transcripts in tests/it/dialogs", all.len());
    let only = std::env::var("DIALOG").unwrap_or_default();
    let mut stages: BTreeMap<Stage, Vec<Transcript>> = BTreeMap::new();
    for transcript in all.into_iter().filter(|transcript| transcript.name().contains(&only)) {
        stages.entry(transcript.stage.clone()).or_default().push(transcript);
    }
    let stages: Vec<_> = stages.into_iter().collect();
    let next = std::sync::atomic::AtomicUsize::new(0);
    let play_some = || {
        let mut wrong = Vec::new();
        while let Some((stage, transcripts)) = stages.get(next.fetch_add(1, std::sync::atomic::Ordering::SeqCst)) {
            match std::panic::catch_unwind(|| stage.open()) {
                Ok(scene) => wrong.extend(transcripts.iter().filter_map(|transcript| play(transcript, &scene).err())),
                Err(_) => wrong.extend(transcripts.iter().map(|t| format!("{}: the relay did not start", t.name()))),
            }
        }
        wrong
    };
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let players: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(play_some)).collect();
        players.into_iter().flat_map(|player| player.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{} transcripts went wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn patterns_and_escapes() {
    for (pattern, text, fits) in
        [("250 *", "250 ok", true), ("a*b*c", "a-b-c", true), ("a*b", "abc", false), ("a", "a", true), ("*", "", true)]
    {
        assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
    }
    assert_eq!(raw(r"a\r\n\0\x41\{xy*3}\\."), b"a\r\n\0Axyxyxy\\.");
}
