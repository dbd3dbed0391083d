//! Postfix as a plain relay in front of the sink: Debian's defaults, no filter, no check of anything.

use std::{
    fs,
    net::{SocketAddr, TcpStream},
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

use crate::support::{eventually, free_port};

/// One Postfix instance in a directory of its own; dropping it stops it.
pub(crate) struct Postfix {
    home: TempDir,
    pub(crate) address: SocketAddr,
}

impl Postfix {
    /// Starts it, or says why it cannot be had.
    pub(crate) fn start(sink: SocketAddr) -> Result<Self, &'static str> {
        if !rustix::process::geteuid().is_root() {
            return Err("it can be started by root only");
        }
        if !Path::new("/usr/sbin/postfix").exists() {
            return Err("it is not installed");
        }
        let home = tempfile::Builder::new().prefix("postfix").tempdir().unwrap();
        // Postfix runs as several users, all of whom must reach the queue.
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
        for folder in ["etc", "queue", "data"] {
            fs::create_dir(home.path().join(folder)).unwrap();
        }
        let user = Command::new("id").args(["-u", "postfix"]).output().unwrap();
        let user = String::from_utf8(user.stdout).unwrap().trim().parse().unwrap();
        chown(home.path().join("data"), Some(user), None).unwrap();
        let port = free_port();
        fs::write(home.path().join("etc/main.cf"), main_cf(home.path(), sink)).unwrap();
        fs::write(home.path().join("etc/master.cf"), master_cf(port)).unwrap();
        let instance = Self { home, address: SocketAddr::from(([127, 0, 0, 1], port)) };
        assert!(instance.postfix("start"), "Postfix does not start");
        eventually("Postfix to listen", || TcpStream::connect(instance.address).ok());
        Ok(instance)
    }

    /// The process id of its master.
    pub(crate) fn master(&self) -> u32 {
        let pid = fs::read_to_string(self.path("queue/pid/master.pid")).unwrap();
        pid.trim().parse().unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn postfix(&self, command: &str) -> bool {
        let output = Command::new("postfix").arg("-c").arg(self.path("etc")).arg(command).output().unwrap();
        output.status.success()
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        self.postfix("stop");
    }
}

fn main_cf(home: &Path, sink: SocketAddr) -> String {
    format!(
        "compatibility_level = 3.6\nmyhostname = mail.toho.example.co.jp\nmydestination =\nlocal_recipient_maps =\n\
         queue_directory = {home}/queue\ndata_directory = {home}/data\nmaillog_file = {home}/log\n\
         maillog_file_prefixes = {home}\ninet_interfaces = loopback-only\ninet_protocols = ipv4\nalias_maps =\n\
         mynetworks = 127.0.0.0/8\nsmtpd_peername_lookup = no\nsmtp_dns_support_level = disabled\n\
         relayhost = [127.0.0.1]:{port}\nmessage_size_limit = 52428800\n",
        home = home.display(),
        port = sink.port(),
    )
}

fn master_cf(port: u16) -> String {
    let services = [
        "cleanup unix n - n - 0 cleanup",
        "qmgr unix n - n 300 1 qmgr",
        "rewrite unix - - n - - trivial-rewrite",
        "bounce unix - - n - 0 bounce",
        "defer unix - - n - 0 bounce",
        "trace unix - - n - 0 bounce",
        "proxymap unix - - n - - proxymap",
        "smtp unix - - n - - smtp",
        "error unix - - n - - error",
        "retry unix - - n - - error",
        "anvil unix - - n - 1 anvil",
        "scache unix - - n - 1 scache",
        "postlog unix-dgram n - n - 1 postlogd",
    ];
    format!("127.0.0.1:{port} inet n - n - - smtpd\n{}\n", services.join("\n"))
}
