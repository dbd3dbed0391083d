//! The lock on those who read mail: what no worker may do is tried, and refused; what the lock lacks is told.

use std::{
    net::TcpListener,
    os::unix::process::ExitStatusExt,
    process::{Command, Output, Stdio},
};

use rustix::process::Signal;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

use crate::{
    health::{condition, health},
    support::{
        eventually,
        relay::{Relay, SEKISHO},
        sink::Sink,
        talk::{self, letter},
    },
};

const FROM: &str = "sato@toho.example.co.jp";
const TO: &str = "yamada@kita-hoan.example.com";

/// The program locks itself in as far as `lock` says, and then tries `act`.
fn attempt(lock: &str, act: &[&str]) -> Output {
    // Pipes, since a worker has nothing else, and a file would be refused by a limit of its own.
    Command::new(SEKISHO)
        .args(["sandbox-attempt", "--lock", lock])
        .args(act)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn what_no_worker_needs_no_worker_can_do() {
    let folder = tempfile::tempdir().unwrap();
    // Whoever the worker becomes could do it, were it not locked in.
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    let (file, new) = (folder.path().join("file"), folder.path().join("new"));
    std::fs::write(&file, "x").unwrap();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let (file, new, address) =
        (file.to_str().unwrap(), new.to_str().unwrap(), server.local_addr().unwrap().to_string());
    let acts: [&[&str]; 11] = [
        &["open", file],
        &["write", new],
        &["list", "/"],
        &["connect", &address],
        &["bind"],
        &["fork", "/bin/true"],
        &["exec", "/bin/true"],
        &["thread"],
        &["signal"],
        &["raise"],
        &["allocate", "4294967296"],
    ];
    for act in acts {
        let unlocked = attempt("none", act);
        assert!(unlocked.status.success(), "{act:?} proves nothing: {}", said(&unlocked));
        let _ = std::fs::remove_file(new);
        let locked = attempt("whole", act);
        let killed = locked.status.signal() == Some(Signal::SYS.as_raw());
        let refused = locked.status.code() == Some(1) && said(&locked).starts_with("refused: ");
        let expected = if act[0] == "allocate" { refused } else { killed };
        assert!(expected, "{act:?}: {} {}", locked.status, said(&locked));
    }
    assert!(!std::path::Path::new(new).exists());
    // What a mail needs is there.
    assert!(attempt("whole", &["allocate", "100000000"]).status.success());
}

#[test]
fn landlock_and_limits_hold_by_themselves() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap().to_string();
    let acts: [&[&str]; 7] = [
        &["open", "/etc/passwd"],
        &["write", "/tmp/sekisho-was-here"],
        &["list", "/"],
        &["connect", &address],
        &["exec", "/bin/true"],
        &["fork", "/bin/true"],
        &["allocate", "4294967296"],
    ];
    for act in acts {
        let output = attempt("unfiltered", act);
        let refused = output.status.code() == Some(1) && said(&output).starts_with("refused: ");
        assert!(refused, "{act:?}: {} {}", output.status, said(&output));
    }
}

#[test]
fn a_worker_is_nobody_and_cannot_become_anybody() {
    let sink = Sink::start();
    let relay = Relay::start_with(sink.address, "[inspection]\nworkers = 1\n");
    let worker = eventually("a worker", || relay.workers().first().copied());
    let status = std::fs::read_to_string(format!("/proc/{worker}/status")).unwrap();
    let line = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
    assert_eq!((line("NoNewPrivs:").as_str(), line("Seccomp:").as_str()), ("1", "2"));
    assert_eq!((line("CapPrm:"), line("CapEff:")), ("0".repeat(16), "0".repeat(16)));
    if rustix::process::geteuid().is_root() {
        assert_eq!(line("Uid:").split_whitespace().collect::<Vec<_>>(), ["65534"; 4]);
        assert_eq!(line("Gid:").split_whitespace().collect::<Vec<_>>(), ["65534"; 4]);
        assert_eq!(line("Groups:"), "");
    }
    let (_, report) = health(relay.console);
    assert!(condition(&report, "sandbox"), "{report}");
}

/// Runs `act` where the kernel does not know Landlock: this thread and all it starts.
fn without_landlock<T: Send + 'static>(act: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = std::thread::spawn(|| {
        let unknown = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
        let rules = [(libc::SYS_landlock_create_ruleset, Vec::new())].into();
        let arch = std::env::consts::ARCH.try_into().unwrap();
        let filter: BpfProgram =
            SeccompFilter::new(rules, SeccompAction::Allow, unknown, arch).unwrap().try_into().unwrap();
        seccompiler::apply_filter(&filter).unwrap();
        act()
    });
    thread.join().unwrap()
}

#[test]
fn a_kernel_without_landlock_is_told_and_mail_still_goes() {
    let sink = Sink::start();
    let address = sink.address;
    let relay = without_landlock(move || Relay::start(address));
    eventually("the lock to be looked at", || (health(relay.console).0 == 503).then_some(()));
    let (_, report) = health(relay.console);
    assert!(!condition(&report, "sandbox") && condition(&report, "workers"), "{report}");
    assert!(relay.log().contains("WARN") && relay.log().contains("no Landlock"), "{}", relay.log());
    let reply = talk::send(relay.smtp, FROM, &[TO], &letter("lock-1", "s", "定例会議です。")).unwrap();
    assert!(reply.starts_with("250 2.0.0 forwarded"), "{reply}");
}

#[test]
fn a_kernel_without_landlock_can_be_accepted_and_is_still_told() {
    let sink = Sink::start();
    let address = sink.address;
    let relay = without_landlock(move || Relay::start_with(address, "[inspection]\naccept_missing_landlock = true\n"));
    eventually("the lock to be looked at", || {
        let (status, report) = health(relay.console);
        assert_eq!(status, 200, "{report}");
        report["conditions"]
            .as_array()
            .unwrap()
            .iter()
            .find(|line| line["name"] == "sandbox" && line["words"].as_str().unwrap().contains("Landlock"))?;
        Some(())
    });
    assert!(relay.log().contains("no Landlock"), "{}", relay.log());
}
