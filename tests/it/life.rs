//! The life of the process under a service manager: what it says, and what a restart does to mail and connections.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    os::{fd::OwnedFd, unix::net::UnixDatagram},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use crate::support::{
    eventually,
    relay::{Relay, SEKISHO, Signal},
    sink::Sink,
    talk::{Talk, letter},
};

const SENDER: &str = "sato@toho.example.co.jp";
const CONTRACTOR: &str = "yamada@kita-hoan.example.com";

/// The program as a service manager starts it: `socket` is its descriptor 3.
fn with_socket(socket: &TcpListener) -> Command {
    let mut program = Command::new("sh");
    program.args(["-c", "export LISTEN_FDS=1 LISTEN_PID=$$; exec \"$0\" \"$@\" 3<&0 </dev/null", SEKISHO]);
    program.stdin(Stdio::from(OwnedFd::from(socket.try_clone().unwrap())));
    program
}

/// A service manager's ear, and the program with it as `NOTIFY_SOCKET`.
fn with_ear(relay: &Relay, watchdog: Duration) -> (UnixDatagram, Command) {
    let path = relay.home().join("notify");
    let ear = UnixDatagram::bind(&path).unwrap();
    ear.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut program = Command::new("sh");
    program.args(["-c", "export WATCHDOG_PID=$$; exec \"$0\" \"$@\"", SEKISHO]).stdin(Stdio::null());
    program.env("NOTIFY_SOCKET", path).env("WATCHDOG_USEC", watchdog.as_micros().to_string());
    (ear, program)
}

/// Listens until it hears `word`; gives all that came with it.
fn hear(ear: &UnixDatagram, word: &str) -> String {
    let mut bytes = [0; 4096];
    loop {
        let heard = ear.recv(&mut bytes);
        assert!(heard.is_ok(), "{word} was not heard: {heard:?}");
        let said = String::from_utf8_lossy(&bytes[..heard.unwrap()]).into_owned();
        if said.lines().any(|line| line == word) {
            return said;
        }
    }
}

#[test]
fn the_service_manager_hears_how_we_are() {
    let sink = Sink::start();
    let mut relay = Relay::configured(sink.address, "");
    let (ear, program) = with_ear(&relay, Duration::from_secs(3));
    relay.run_as(program);
    assert!(hear(&ear, "READY=1").contains("STATUS="));
    hear(&ear, "WATCHDOG=1");
    hear(&ear, "WATCHDOG=1");
    relay.signal(Signal::HUP);
    assert!(hear(&ear, "RELOADING=1").contains("MONOTONIC_USEC="));
    hear(&ear, "READY=1");
    relay.signal(Signal::TERM);
    hear(&ear, "STOPPING=1");
}

#[test]
fn a_restart_on_an_inherited_socket_refuses_no_connection_and_loses_no_mail() {
    let sink = Sink::start();
    let mut relay = Relay::configured(sink.address, "");
    let socket = TcpListener::bind(relay.smtp).unwrap();
    relay.run_as(with_socket(&socket));
    let (stop, refused) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let senders: Vec<_> = (0..4)
        .map(|sender| {
            let (to, stop, refused) = (relay.smtp, Arc::clone(&stop), Arc::clone(&refused));
            std::thread::spawn(move || stream_of_mails(to, sender, &stop, &refused))
        })
        .collect();
    for _ in 0..3 {
        let before = sink.mails().len();
        eventually("mails to arrive", || (sink.mails().len() >= before + 10).then_some(()));
        assert!(relay.stop(), "it ended with an error\n{}", relay.log());
        relay.run_as(with_socket(&socket));
    }
    stop.store(true, Ordering::SeqCst);
    let sent: Vec<String> = senders.into_iter().flat_map(|sender| sender.join().unwrap()).collect();
    let arrived: Vec<String> = sink.mails().iter().map(super::support::sink::Delivered::text).collect();
    let lost: Vec<_> = sent.iter().filter(|id| !arrived.iter().any(|text| text.contains(&format!("<{id}@")))).collect();
    println!("sent {}, lost {}, refused connections {}", sent.len(), lost.len(), refused.load(Ordering::SeqCst));
    assert!(sent.len() >= 30 && lost.is_empty(), "{} sent, lost: {lost:?}", sent.len());
    assert_eq!(refused.load(Ordering::SeqCst), 0);
}

/// Sends one mail after the other, each until it is accepted, over a connection of its own.
fn stream_of_mails(to: SocketAddr, sender: usize, stop: &AtomicBool, refused: &AtomicUsize) -> Vec<String> {
    let mut sent = Vec::new();
    while !stop.load(Ordering::SeqCst) {
        let id = format!("life-{sender}-{}", sent.len());
        let mail = letter(&id, "s", "定例会議は水曜日です。");
        loop {
            let Ok(mut talk) = Talk::connect(to) else {
                refused.fetch_add(1, Ordering::SeqCst);
                continue;
            };
            // 421 to a client that was let in just before the stop is as good as "come back".
            let greeted = talk.reply().is_ok_and(|said| said.starts_with("220"));
            let greeted = greeted && talk.say("EHLO client.test").is_ok_and(|said| said.starts_with("250"));
            if greeted && talk.send(SENDER, &[CONTRACTOR], &mail).is_ok_and(|reply| reply.starts_with("250")) {
                break;
            }
        }
        sent.push(id);
    }
    sent
}

#[test]
fn more_connections_than_a_process_is_given_files_at_first_are_taken() {
    let sink = Sink::start();
    let mut relay = Relay::configured(sink.address, "smtp.max_connections = 400");
    let mut program = Command::new("sh");
    program.args(["-c", "ulimit -S -n 128; exec \"$0\" \"$@\"", SEKISHO]).stdin(Stdio::null());
    relay.run_as(program);
    let talks: Vec<Talk> = (0..250).map(|_| Talk::start(relay.smtp).unwrap()).collect();
    assert_eq!(talks.len(), 250);
}

#[test]
fn a_stop_lets_a_slow_mail_end_and_turns_others_away() {
    let sink = Sink::start();
    let mut relay = Relay::start(sink.address);
    let mut slow = Talk::start(relay.smtp).unwrap();
    slow.say(&format!("MAIL FROM:<{SENDER}>")).unwrap();
    slow.say(&format!("RCPT TO:<{CONTRACTOR}>")).unwrap();
    assert!(slow.say("DATA").unwrap().starts_with("354"));
    relay.signal(Signal::TERM);
    eventually("the stop", || relay.log().contains("stopping").then_some(()));
    // The accept loop may still let one in, which then gets its 421 instead of a greeting or at its next command.
    let turned_away = eventually("421 for a new client", || {
        Talk::connect(relay.smtp).ok()?.reply().ok().filter(|said| said.starts_with("421"))
    });
    assert!(turned_away.starts_with("421 4.3.2"), "{turned_away}");
    let mail = String::from_utf8(letter("slow", "s", "定例会議は水曜日です。")).unwrap();
    let reply = slow.say(&format!("{mail}.")).unwrap();
    assert!(reply.starts_with("250 2.0.0 forwarded"), "{reply}");
    assert!(relay.stop(), "it ended with an error");
    assert_eq!(sink.mails().len(), 1);
}

#[test]
fn while_a_process_finishes_its_last_mail_no_other_begins_on_its_data() {
    let sink = Sink::start();
    let mut relay = Relay::start(sink.address);
    let mut slow = Talk::start(relay.smtp).unwrap();
    slow.say(&format!("MAIL FROM:<{SENDER}>")).unwrap();
    slow.say(&format!("RCPT TO:<{CONTRACTOR}>")).unwrap();
    assert!(slow.say("DATA").unwrap().starts_with("354"));
    relay.signal(Signal::TERM);
    eventually("the stop", || relay.log().contains("stopping").then_some(()));
    // Longer than the outbox, which has nothing to do, takes to end.
    std::thread::sleep(Duration::from_secs(1));
    let second = Command::new(SEKISHO).args(["serve", "--config"]).arg(relay.config()).output().unwrap();
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(!second.status.success() && said.contains("is in use by another sekisho"), "{said}");
    let mail = String::from_utf8(letter("slow", "s", "定例会議は水曜日です。")).unwrap();
    assert!(slow.say(&format!("{mail}.")).unwrap().starts_with("250 2.0.0 forwarded"));
    assert!(relay.stop(), "it ended with an error");
}

#[test]
fn a_second_sigterm_does_not_wait_for_a_slow_mail() {
    let sink = Sink::start();
    let mut relay = Relay::start(sink.address);
    let mut slow = Talk::start(relay.smtp).unwrap();
    slow.say(&format!("MAIL FROM:<{SENDER}>")).unwrap();
    slow.say(&format!("RCPT TO:<{CONTRACTOR}>")).unwrap();
    assert!(slow.say("DATA").unwrap().starts_with("354"));
    relay.signal(Signal::TERM);
    eventually("the stop", || relay.log().contains("stopping").then_some(()));
    let start = Instant::now();
    assert!(relay.stop(), "it ended with an error");
    assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
    assert!(sink.mails().is_empty() && slow.reply().is_err(), "nothing was promised");
}

#[test]
fn workers_hold_no_socket() {
    let sink = Sink::start();
    let mut relay = Relay::configured(sink.address, "");
    let socket = TcpListener::bind(relay.smtp).unwrap();
    relay.run_as(with_socket(&socket));
    let workers = eventually("the workers", || Some(relay.workers()).filter(|workers| workers.len() == 2));
    for worker in workers {
        let open = fs::read_dir(format!("/proc/{worker}/fd")).unwrap().flatten();
        let open: Vec<String> =
            open.filter_map(|fd| Some(fs::read_link(fd.path()).ok()?.display().to_string())).collect();
        assert!(!open.is_empty() && open.iter().all(|what| !what.starts_with("socket:")), "{open:?}");
    }
}

#[test]
fn a_socket_that_nobody_would_serve_is_an_error() {
    let relay = Relay::configured(Sink::start().address, "");
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let output = with_socket(&socket).args(["serve", "--config"]).arg(relay.config()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(70), "{said}");
    assert!(said.contains(&socket.local_addr().unwrap().to_string()) && said.contains("smtp.listen"), "{said}");
}

/// Only where systemd is installed; the units are read as they ship.
#[test]
fn the_units_are_what_systemd_reads() {
    let unit = |name: &str| format!("{}/deploy/systemd/{name}", env!("CARGO_MANIFEST_DIR"));
    let service = fs::read_to_string(unit("sekisho.service")).unwrap();
    for line in ["Type=notify", "WatchdogSec=60", "ExecReload=kill -HUP $MAINPID", "TimeoutStopSec=90"] {
        assert!(service.lines().any(|known| known == line), "{line}");
    }
    let Ok(output) =
        Command::new("systemd-analyze").args(["verify", &unit("sekisho.socket"), &unit("sekisho.service")]).output()
    else {
        return;
    };
    let said = String::from_utf8_lossy(&output.stderr);
    let ours = said.lines().filter(|line| line.contains("sekisho") && !line.contains("not executable"));
    assert_eq!(ours.collect::<Vec<_>>(), Vec::<&str>::new());
}
