//! A real Exim with Sekisho in its middle, with the files of `deploy/exim`: Exim routes what leaves to Sekisho, and
//! Sekisho hands it back to the same Exim, which delivers. Exim is a client that sends BDAT by itself.
//!
//! Needs root and the program `target/exim/usr/sbin/exim4`, which `tests/run` unpacks there: Debian's package cannot be
//! installed beside Postfix.

use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use crate::support::{
    eventually, free_port,
    postfix::recipe,
    relay::Relay,
    sink::{Delivered, Sink},
    talk::{self, Talk, letter},
};

const SENDER: &str = "sato@toho.example.co.jp";
const CONTRACTOR: &str = "yamada@kita-hoan.example.com";
const ACCOUNTANT: &str = "nencho@zeirishi.example.com";
const APPROVER: &str = "kacho@toho.example.co.jp";

/// The user that Debian's Exim is built to run as.
const EXIM_USER: &str = "Debian-exim";

/// Exim with Sekisho in its middle; `internet` is where Exim delivers what is not the company's own.
struct Office {
    exim: Child,
    home: TempDir,
    address: SocketAddr,
    relay: Relay,
    internet: Sink,
}

fn program() -> PathBuf {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/exim/usr/sbin/exim4");
    assert!(program.exists(), "{} is missing; run the tests with tests/run, which unpacks it", program.display());
    program
}

fn user_id() -> u32 {
    let output = Command::new("id").args(["-u", EXIM_USER]).output().unwrap();
    assert!(output.status.success(), "no user {EXIM_USER}; run the tests with tests/run, which adds it");
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

impl Office {
    fn open(sekisho: &str) -> Self {
        let (public, after, internet) = (free_port(), free_port(), Sink::start());
        let relay = Relay::start_with(SocketAddr::from(([127, 0, 0, 1], after)), sekisho);
        let home = tempfile::Builder::new().prefix("exim").tempdir().unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let path = |name: &str| home.path().join(name);
        for folder in ["spool", "log", "mail"] {
            fs::create_dir(path(folder)).unwrap();
            chown(path(folder), Some(user_id()), None).unwrap();
        }
        // Exim runs itself anew for each delivery, as its own user, who may not reach the repository.
        fs::copy(program(), path("exim4")).unwrap();
        fs::set_permissions(path("exim4"), fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(path("conf"), configuration(home.path(), public, after, &relay, &internet)).unwrap();

        let log = fs::File::create(path("out")).unwrap();
        let exim = Command::new(path("exim4"))
            .arg("-C")
            .arg(path("conf"))
            .args(["-bdf", "-q1m"])
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], public));
        let office = Self { exim, home, address, relay, internet };
        eventually("Exim to listen", || Talk::start(address).ok());
        office
    }

    fn exim(&self, args: &[&str]) -> String {
        let output = Command::new(self.home.path().join("exim4"))
            .arg("-C")
            .arg(self.home.path().join("conf"))
            .args(args)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("log/mainlog")).unwrap_or_default()
    }

    fn send(&self, to: &[&str], mail: &[u8]) -> String {
        talk::send(self.address, SENDER, to, mail).unwrap()
    }

    /// The one mail that arrived outside for `to`, once the queue is empty.
    fn arrival(&self, to: &str) -> Delivered {
        eventually(&format!("mail to {to}"), || self.internet.to(to).pop());
        eventually("the queue to empty", || (self.exim(&["-bpc"]).trim() == "0").then_some(()));
        let mut mails = self.internet.to(to);
        assert_eq!(mails.len(), 1, "it arrived more than once");
        mails.remove(0)
    }

    /// Every mail in the company's own mailboxes that was delivered to `address`.
    fn delivered_to(&self, address: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.home.path().join("mail/new")) else { return Vec::new() };
        let mails = entries.flatten().map(|entry| String::from_utf8(fs::read(entry.path()).unwrap()).unwrap());
        let marker = format!("Envelope-to: {address}\n");
        mails.filter(|mail| mail.contains(&marker)).collect()
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        let _ = self.exim.kill();
        let _ = self.exim.wait();
        if std::thread::panicking() {
            let said = fs::read_to_string(self.home.path().join("out")).unwrap_or_default();
            eprintln!("--- what Exim said ---\n{said}\n--- log of Exim ---\n{}", self.log());
        }
    }
}

/// The four files of `deploy/exim` within the least that Exim runs with.
fn configuration(home: &Path, public: u16, after: u16, relay: &Relay, internet: &Sink) -> String {
    let interfaces = format!("127.0.0.1.{public} ; 127.0.0.1.{after}");
    let main = recipe("exim/main/01_sekisho", &[("0.0.0.0.25 ; 127.0.0.1.10026", &interfaces)]);
    let came_back = format!("{{{after}}}");
    let listen = format!("127.0.0.1::{}", relay.smtp.port());
    let router = recipe("exim/router/150_sekisho", &[("{10026}", &came_back), ("127.0.0.1::10025", &listen)]);
    let transport = recipe("exim/transport/30_sekisho", &[]);
    let retry = recipe("exim/retry/10_sekisho", &[]);
    let (home, internet) = (home.display(), internet.address.port());
    format!(
        "{main}\n\
         primary_hostname = mail.toho.example.co.jp\ndomainlist local_domains = toho.example.co.jp\n\
         exim_path = {home}/exim4\nexim_user = {EXIM_USER}\nexim_group = {EXIM_USER}\ndeliver_drop_privilege\n\
         spool_directory = {home}/spool\nlog_file_path = {home}/log/%slog\npid_file_path = {home}/spool/pid\n\
         keep_environment =\nhost_lookup =\nrfc1413_hosts =\ntls_advertise_hosts =\nacl_smtp_rcpt = accept\n\
         log_selector = +smtp_confirmation\n\
         begin routers\n{router}\n\
         out:\n  driver = manualroute\n  domains = ! +local_domains\n  transport = out_smtp\n  \
         route_list = * 127.0.0.1::{internet} byname\n  self = send\n\n\
         mailbox:\n  driver = accept\n  transport = mailbox\n\
         begin transports\n{transport}\n\
         out_smtp:\n  driver = smtp\n  multi_domain\n\n\
         mailbox:\n  driver = appendfile\n  directory = {home}/mail\n  create_directory\n  maildir_format\n  \
         envelope_to_add\n  user = {EXIM_USER}\n\
         begin retry\n{retry}\n* * F,1h,1m\n"
    )
}

/// Without the trace headers that Exim, Sekisho and Exim put on top.
fn without_traces(mail: &Delivered) -> &[u8] {
    let start = mail.bytes.windows(7).position(|w| w == b"\r\nFrom:").unwrap() + 2;
    let traces = String::from_utf8_lossy(&mail.bytes[..start]).into_owned();
    assert_eq!(traces.matches("Received: ").count(), 3, "{traces}");
    assert_eq!(traces.matches("(Sekisho) with ").count(), 1, "{traces}");
    &mail.bytes[start..]
}

#[test]
#[ignore = "needs root and Exim; tests/run runs it"]
fn ordinary_mail_passes_exim_unchanged_and_once() {
    let office = Office::open("");
    let mails = [
        (CONTRACTOR, letter("dots", "s", "来週の定例会議です。\r\n.\r\n..点が二つ\r\n.\r\n\r\n最後の行")),
        ("large@kita-hoan.example.com", letter("large", "s", &"定例会議の資料です。\r\n".repeat(100_000))),
    ];
    for (to, mail) in &mails {
        let reply = office.send(&[to, "hidden@kita-hoan.example.com"], mail);
        assert!(reply.starts_with("250"), "{reply}");
        assert!(without_traces(&office.arrival(to)) == mail, "the mail to {to} changed");
    }
    assert_eq!(office.internet.to("hidden@kita-hoan.example.com").len(), 2);

    // K is Exim's mark for BDAT: on what it sent to Sekisho, and on what it took from it.
    let log = office.log();
    let in_chunks = |what: &str| log.lines().filter(|line| line.contains(what) && line.contains(" K ")).count();
    assert_eq!(in_chunks("T=sekisho_smtp "), 4, "{log}");
    assert_eq!(in_chunks("H=(sekisho.toho.example.co.jp) "), 2, "{log}");
}

#[test]
#[ignore = "needs root and Exim; tests/run runs it"]
fn mail_that_exim_hands_over_is_held_and_leaves_after_approval() {
    let office = Office::open("");
    let secret = letter("held", "nencho", "従業員 高橋 由美のマイナンバーは 123456789018 です。");
    assert!(office.send(&[ACCOUNTANT], &secret).starts_with("250"));
    let held = office.relay.wait_for_state("pending");
    eventually("Exim to hear that it is held", || office.log().contains("C=\"250 2.0.0 held as ").then_some(()));
    eventually("the approver to be asked", || office.delivered_to(APPROVER).pop());
    assert!(office.internet.mails().is_empty());

    let approve = office.relay.command(&["held", "approve", held["id"].as_str().unwrap(), "--as", APPROVER]);
    assert!(approve.status.success(), "{}", String::from_utf8_lossy(&approve.stderr));
    assert!(without_traces(&office.arrival(ACCOUNTANT)) == secret);
    assert_eq!(office.relay.held().len(), 1);
}

#[test]
#[ignore = "needs root and Exim; tests/run runs it"]
fn mail_that_sekisho_refuses_comes_back_to_its_sender_by_exim() {
    let office = Office::open("[policy]\ndefault = \"reject\"\n");
    assert!(office.send(&[CONTRACTOR], &letter("refused", "s", "定例会議です。")).starts_with("250"));
    let bounce = eventually("the bounce", || office.delivered_to(SENDER).pop());
    assert!(bounce.contains("550 5.7.1"), "{bounce}");
    assert!(office.internet.mails().is_empty());
}

#[test]
#[ignore = "needs root and Exim; tests/run runs it"]
fn exim_keeps_mail_while_sekisho_or_the_internet_is_away() {
    let mut office = Office::open("");
    office.relay.kill();
    assert!(office.send(&[CONTRACTOR], &letter("waits", "s", "定例会議です。")).starts_with("250"));
    eventually("Exim to keep the mail", || office.log().contains("Connection refused").then_some(()));
    assert_eq!(office.exim(&["-bpc"]).trim(), "1");

    office.internet.go_down(true);
    office.relay.run();
    office.exim(&["-qff"]);
    eventually("the mail to wait behind Sekisho", || office.log().contains("421 4.3.2 not now").then_some(()));
    eventually("the first pass to be over", || (office.exim(&["-bpc"]).trim() == "1").then_some(()));

    office.internet.go_down(false);
    eventually("the mail to arrive", || {
        office.exim(&["-qff"]);
        office.internet.to(CONTRACTOR).pop()
    });
    office.arrival(CONTRACTOR);
}
