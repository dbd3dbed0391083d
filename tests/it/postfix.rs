//! Real Postfix in front and behind, with the files of `deploy/postfix`.
//!
//! Needs root and Debian's postfix: `tests/run` installs it and runs these ignored tests.

use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use crate::support::{
    eventually, free_port,
    relay::Relay,
    talk::{self, letter},
};

/// A user id that owns the maildir; Postfix refuses to deliver as root.
const MAILBOX_USER: u32 = 5000;

/// One Postfix instance in a directory of its own.
struct Postfix {
    home: TempDir,
    address: SocketAddr,
}

impl Postfix {
    /// An instance that listens on a port of its own: `deployed` is the file of `deploy/postfix`, `ours` what only
    /// this test needs, `ported` the file with this test's ports.
    fn start(deployed: &str, ours: &str, ported: impl FnOnce(String) -> String) -> Self {
        let home = tempfile::Builder::new().prefix("postfix").tempdir().unwrap();
        // Postfix runs as several users, all of whom must reach the queue.
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let path = |name: &str| home.path().join(name);
        for folder in ["etc", "queue", "data", "mail"] {
            fs::create_dir(path(folder)).unwrap();
        }
        let user = Command::new("id").args(["-u", "postfix"]).output().unwrap();
        let user = String::from_utf8(user.stdout).unwrap().trim().parse().unwrap();
        chown(path("data"), Some(user), None).unwrap();
        chown(path("mail"), Some(MAILBOX_USER), Some(MAILBOX_USER)).unwrap();

        let port = free_port();
        let deployed = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/postfix").join(deployed);
        let main = format!(
            "compatibility_level = 3.6\nmyhostname = mail.toho.example.co.jp\nmydestination =\nlocal_recipient_maps =\n\
             queue_directory = {queue}\ndata_directory = {data}\nmaillog_file = {log}\nmaillog_file_prefixes = {home}\n\
             inet_interfaces = loopback-only\ninet_protocols = ipv4\nalias_maps =\n\
             smtpd_peername_lookup = no\n{deployed}\n{ours}\n",
            queue = path("queue").display(),
            data = path("data").display(),
            log = path("log").display(),
            home = home.path().display(),
            deployed = ported(fs::read_to_string(deployed).unwrap()),
        );
        fs::write(path("etc/main.cf"), main).unwrap();
        fs::write(path("etc/master.cf"), master(port)).unwrap();
        let instance = Self { home, address: SocketAddr::from(([127, 0, 0, 1], port)) };
        instance.go();
        instance
    }

    fn go(&self) {
        self.postfix("start");
        eventually("Postfix to listen", || talk::Talk::start(self.address).ok());
    }

    fn postfix(&self, command: &str) {
        let output = Command::new("postfix").arg("-c").arg(self.etc()).arg(command).output().unwrap();
        assert!(
            output.status.success(),
            "postfix {command}: {}{}",
            String::from_utf8_lossy(&output.stderr),
            self.log()
        );
    }

    /// Tries again now whatever is in the queue.
    fn flush(&self) {
        let status = Command::new("postqueue").arg("-c").arg(self.etc()).arg("-f").status().unwrap();
        assert!(status.success());
    }

    /// How many mails wait in the queue.
    fn queued(&self) -> usize {
        let output = Command::new("postqueue").arg("-c").arg(self.etc()).arg("-j").output().unwrap();
        String::from_utf8_lossy(&output.stdout).lines().count()
    }

    fn etc(&self) -> PathBuf {
        self.home.path().join("etc")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("log")).unwrap_or_default()
    }

    /// Every mail delivered to `recipient`.
    fn delivered_to(&self, recipient: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.home.path().join("mail/inbox/new")) else { return Vec::new() };
        let mails = entries.flatten().map(|entry| String::from_utf8(fs::read(entry.path()).unwrap()).unwrap());
        let marker = format!("Delivered-To: {recipient}\n");
        mails.filter(|mail| mail.contains(&marker)).collect()
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        let _ = Command::new("postfix").arg("-c").arg(self.etc()).arg("stop").output();
        if std::thread::panicking() {
            eprintln!("--- log of Postfix ---\n{}", self.log());
        }
    }
}

fn master(port: u16) -> String {
    let mut services = format!("127.0.0.1:{port} inet n - n - - smtpd\n");
    for service in [
        "pickup unix n - n 60 1 pickup",
        "cleanup unix n - n - 0 cleanup",
        "qmgr unix n - n 300 1 qmgr",
        "rewrite unix - - n - - trivial-rewrite",
        "bounce unix - - n - 0 bounce",
        "defer unix - - n - 0 bounce",
        "trace unix - - n - 0 bounce",
        "verify unix - - n - 1 verify",
        "flush unix n - n 1000? 0 flush",
        "proxymap unix - - n - - proxymap",
        "smtp unix - - n - - smtp",
        "relay unix - - n - - smtp",
        "showq unix n - n - - showq",
        "error unix - - n - - error",
        "retry unix - - n - - error",
        "discard unix - - n - - discard",
        "virtual unix - n n - - virtual",
        "anvil unix - - n - 1 anvil",
        "scache unix - - n - 1 scache",
        "postlog unix-dgram n - n - 1 postlogd",
    ] {
        services.push_str(service);
        services.push('\n');
    }
    services
}

/// Front, Sekisho and behind, wired up.
struct Office {
    front: Postfix,
    relay: Relay,
    behind: Postfix,
}

impl Office {
    fn open() -> Self {
        let behind = Postfix::start(
            "behind.main.cf",
            &format!(
                "virtual_mailbox_domains = toho.example.co.jp, kita-hoan.example.com, zeirishi.example.com\n\
                 virtual_mailbox_base = $queue_directory/../mail\nvirtual_mailbox_maps = static:inbox/\n\
                 virtual_uid_maps = static:{MAILBOX_USER}\nvirtual_gid_maps = static:{MAILBOX_USER}\n\
                 virtual_minimum_uid = 100\nvirtual_mailbox_limit = 0\n"
            ),
            |deployed| deployed,
        );
        let relay = Relay::start(behind.address);
        let port = relay.smtp.port();
        let front = Postfix::start("front.main.cf", "mynetworks = 127.0.0.0/8\n", |deployed| {
            deployed.replace("relayhost = [127.0.0.1]:10025", &format!("relayhost = [127.0.0.1]:{port}"))
        });
        Self { front, relay, behind }
    }

    fn send(&self, from: &str, to: &str, mail: &[u8]) {
        let reply = talk::send(self.front.address, from, &[to], mail).unwrap();
        assert!(reply.starts_with("250"), "{reply}");
    }

    fn arrival(&self, to: &str) -> String {
        eventually(&format!("mail to {to}"), || self.behind.delivered_to(to).pop())
    }
}

const SENDER: &str = "sato@toho.example.co.jp";
const CONTRACTOR: &str = "yamada@kita-hoan.example.com";
const ACCOUNTANT: &str = "nencho@zeirishi.example.com";
const APPROVER: &str = "kacho@toho.example.co.jp";

/// The body as Postfix keeps it in a maildir: everything behind the first empty line, lines ending in LF.
fn body(mail: &str) -> String {
    mail.replace("\r\n", "\n").split_once("\n\n").unwrap().1.to_owned()
}

fn secret(id: &str) -> Vec<u8> {
    letter(id, "nencho", "従業員 高橋 由美のマイナンバーは 123456789018 です。\r\n.先頭の点\r\n")
}

#[test]
#[ignore = "needs root and Postfix; tests/run runs it"]
fn clean_mail_arrives_and_held_mail_arrives_after_approval() {
    let office = Office::open();
    let clean = letter("postfix-clean", "teirei", "来週の定例会議は水曜日です。\r\n..点が二つ\r\n最後の行");
    office.send(SENDER, CONTRACTOR, &clean);
    let arrived = office.arrival(CONTRACTOR);
    assert_eq!(body(&arrived), body(&String::from_utf8(clean).unwrap()));
    assert!(arrived.contains("(Sekisho) with ESMTP id "), "{arrived}");

    let mail = secret("postfix-held");
    office.send(SENDER, ACCOUNTANT, &mail);
    let held = office.relay.wait_for_state("pending");
    assert_eq!(held["decision"], "require_approval");
    office.arrival(APPROVER);
    assert!(office.behind.delivered_to(ACCOUNTANT).is_empty());

    let id = held["id"].as_str().unwrap();
    let approve = office.relay.command(&["held", "approve", id, "--as", APPROVER]);
    assert!(approve.status.success(), "{}", String::from_utf8_lossy(&approve.stderr));
    let arrived = office.arrival(ACCOUNTANT);
    assert_eq!(body(&arrived), body(&String::from_utf8(mail).unwrap()));
}

#[test]
#[ignore = "needs root and Postfix; tests/run runs it"]
fn an_approver_answers_by_mail_through_postfix() {
    let office = Office::open();
    office.send(SENDER, ACCOUNTANT, &secret("postfix-reply"));
    let request = office.arrival(APPROVER);
    let secret_address = request
        .lines()
        .find_map(|line| line.strip_prefix("Reply-To:"))
        .map(|value| value.trim().trim_start_matches('<').trim_end_matches('>').to_owned())
        .unwrap();
    assert!(secret_address.starts_with("sekisho+"), "{secret_address}");
    let answer = format!(
        "From: {APPROVER}\r\nTo: {secret_address}\r\nSubject: Re: \r\nContent-Type: text/plain; charset=UTF-8\r\n\r\n\
         承認\r\n\r\n> 承認または却下とお答えください\r\n"
    );
    office.send(APPROVER, &secret_address, answer.as_bytes());
    office.arrival(ACCOUNTANT);
    let held = office.relay.wait_for_state("delivered");
    assert_eq!(held["approvals"].as_array().map(Vec::len), Some(1), "{held}");
}

#[test]
#[ignore = "needs root and Postfix; tests/run runs it"]
fn postfix_keeps_mail_while_sekisho_is_away_or_says_451() {
    let mut office = Office::open();
    office.relay.kill();
    office.send(SENDER, CONTRACTOR, &letter("postfix-away", "s", "関所が止まっている間のメール"));
    eventually("Postfix to queue the mail", || (office.front.log().contains("status=deferred")).then_some(()));
    assert_eq!(office.front.queued(), 1);

    // The next hop is away, so Sekisho is up but answers 451.
    office.behind.postfix("stop");
    office.relay.run();
    office.front.flush();
    eventually("Postfix to hear 451", || office.front.log().contains("451 4.3.0").then_some(()));
    assert_eq!(office.front.queued(), 1);

    office.behind.go();
    eventually("the mail to arrive", || {
        office.front.flush();
        std::thread::sleep(std::time::Duration::from_secs(1));
        office.behind.delivered_to(CONTRACTOR).pop()
    });
    eventually("the queue to empty", || (office.front.queued() == 0).then_some(()));
    assert_eq!(office.behind.delivered_to(CONTRACTOR).len(), 1);
}
