//! A real Postfix in a directory of its own, with the snippets of `deploy/postfix` in its main.cf and master.cf.
//!
//! In: what to append to each file. Out: a running instance, its queue, log and mailboxes. Needs root and Debian's
//! postfix.

use std::{
    fs,
    net::{SocketAddr, TcpStream},
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use super::{eventually, free_port, talk};

/// A user id that owns the maildir; Postfix refuses to deliver as root.
const MAILBOX_USER: u32 = 5000;

/// Lines of main.cf by which an instance delivers mail of `domains` to its own maildir.
pub(crate) fn mailboxes(domains: &str) -> String {
    format!(
        "virtual_mailbox_domains = {domains}\nvirtual_mailbox_base = $queue_directory/../mail\n\
         virtual_mailbox_maps = static:inbox/\nvirtual_uid_maps = static:{MAILBOX_USER}\n\
         virtual_gid_maps = static:{MAILBOX_USER}\nvirtual_minimum_uid = 100\nvirtual_mailbox_limit = 0\n"
    )
}

/// A file of `deploy/`, with what it says in general replaced by what holds in this test.
pub(crate) fn recipe(file: &str, here: &[(&str, &str)]) -> String {
    let mut text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(file)).unwrap();
    for (general, ours) in here {
        assert!(text.contains(general), "deploy/{file} does not say {general:?}");
        text = text.replace(general, ours);
    }
    text
}

/// One Postfix instance in a directory of its own.
pub(crate) struct Postfix {
    pub(crate) home: TempDir,
    pub(crate) address: SocketAddr,
}

impl Postfix {
    /// An instance that listens on a port of its own and has `main` appended to its main.cf.
    pub(crate) fn start(main: &str) -> Self {
        let port = free_port();
        Self::start_on(port, main, &format!("127.0.0.1:{port} inet n - n - - smtpd\n"))
    }

    /// An instance with `main` appended to its main.cf and `services` to its master.cf, one of which takes mail on
    /// `port`.
    pub(crate) fn start_on(port: u16, main: &str, services: &str) -> Self {
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

        let main = format!(
            "compatibility_level = 3.6\nmyhostname = mail.toho.example.co.jp\nmydestination =\nlocal_recipient_maps =\n\
             queue_directory = {queue}\ndata_directory = {data}\nmaillog_file = {log}\nmaillog_file_prefixes = {home}\n\
             inet_interfaces = loopback-only\ninet_protocols = ipv4\nalias_maps =\n\
             smtpd_peername_lookup = no\n{main}\n",
            queue = path("queue").display(),
            data = path("data").display(),
            log = path("log").display(),
            home = home.path().display(),
        );
        fs::write(path("etc/main.cf"), main).unwrap();
        fs::write(path("etc/master.cf"), format!("{services}\n{SERVICES}")).unwrap();
        let instance = Self { home, address: SocketAddr::from(([127, 0, 0, 1], port)) };
        instance.go();
        instance
    }

    pub(crate) fn go(&self) {
        self.postfix("start");
        eventually("Postfix to listen", || talk::Talk::start(self.address).ok());
    }

    pub(crate) fn postfix(&self, command: &str) {
        let output = Command::new("postfix").arg("-c").arg(self.etc()).arg(command).output().unwrap();
        assert!(
            output.status.success(),
            "postfix {command}: {}{}",
            String::from_utf8_lossy(&output.stderr),
            self.log()
        );
    }

    /// Stops listening on one of its addresses.
    pub(crate) fn close_service(&self, address: SocketAddr) {
        self.set("master_service_disable", &format!("{address}.inet"));
        eventually("Postfix to close a port", || TcpStream::connect(address).err());
    }

    /// Listens again on what [`Self::close_service`] closed.
    pub(crate) fn open_service(&self, address: SocketAddr) {
        self.set("master_service_disable", "");
        eventually("Postfix to open a port", || TcpStream::connect(address).ok());
    }

    fn set(&self, name: &str, value: &str) {
        let status =
            Command::new("postconf").arg("-c").arg(self.etc()).arg(format!("{name}={value}")).status().unwrap();
        assert!(status.success());
        self.postfix("reload");
    }

    /// Tries again now whatever is in the queue.
    pub(crate) fn flush(&self) {
        let status = Command::new("postqueue").arg("-c").arg(self.etc()).arg("-f").status().unwrap();
        assert!(status.success());
    }

    /// How many mails wait in the queue.
    pub(crate) fn queued(&self) -> usize {
        let output = Command::new("postqueue").arg("-c").arg(self.etc()).arg("-j").output().unwrap();
        String::from_utf8_lossy(&output.stdout).lines().count()
    }

    fn etc(&self) -> PathBuf {
        self.home.path().join("etc")
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("log")).unwrap_or_default()
    }

    /// Every mail delivered to `recipient`.
    pub(crate) fn delivered_to(&self, recipient: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.home.path().join("mail/inbox/new")) else { return Vec::new() };
        let mails = entries.flatten().map(|entry| String::from_utf8(fs::read(entry.path()).unwrap()).unwrap());
        let marker = format!("Delivered-To: {recipient}\n");
        mails.filter(|mail| mail.contains(&marker)).collect()
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        // Not "stop", which sleeps a second between its looks.
        let _ = Command::new("postfix").arg("-c").arg(self.etc()).arg("abort").output();
        if std::thread::panicking() {
            eprintln!("--- log of Postfix ---\n{}", self.log());
        }
    }
}

/// What every Postfix runs beside the services that take mail.
const SERVICES: &str = "\
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
";
