//! A PostgreSQL server of the test's own, from Debian's package, on a port of its own; it can be killed and come back.

use std::{
    fs,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use tempfile::TempDir;

use super::{
    eventually, free_port,
    relay::{Signal, children, signal},
};

/// Whom the package runs its servers as; root may not.
const USER: &str = "postgres";

pub(crate) struct Postgres {
    home: TempDir,
    pub(crate) port: u16,
    programs: PathBuf,
    settings: Vec<&'static str>,
    /// The process of which all its others are children.
    pub(crate) server: Option<Child>,
}

impl Postgres {
    /// A new server with an empty database. What a killed process wrote the system still has, so nothing waits for the
    /// disk: one that forgets is not what these tests are about.
    pub(crate) fn start() -> Self {
        Self::start_with(vec!["fsync=off"])
    }

    /// The same with settings of its own.
    pub(crate) fn start_with(settings: Vec<&'static str>) -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let mut postgres = Self { home, port: free_port(), programs: programs(), settings, server: None };
        let mut making = postgres.program("initdb");
        making.args(["-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N", "-D"]).arg(postgres.data());
        done(making.output().unwrap());
        postgres.live();
        let port = postgres.port.to_string();
        done(postgres.program("createdb").args(["-h", "127.0.0.1", "-p", &port, "sekisho"]).output().unwrap());
        postgres
    }

    /// A standby that follows it, as its own server.
    pub(crate) fn standby(&self) -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let settings = self.settings.clone();
        let mut standby = Self { home, port: free_port(), programs: programs(), settings, server: None };
        let mut copying = standby.program("pg_basebackup");
        copying.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-R", "-X", "stream", "-c", "fast", "-N", "-D"]);
        done(copying.arg(standby.data()).output().unwrap());
        standby.live();
        standby
    }

    /// What `[store] url` says.
    pub(crate) fn url(&self) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/sekisho", self.port)
    }

    /// Says `sql` to the database as its administrator, and gives what came back.
    pub(crate) fn sql(&self, sql: &str) -> String {
        let port = self.port.to_string();
        let mut said = self.program("psql");
        said.args([
            "-h",
            "127.0.0.1",
            "-p",
            &port,
            "-d",
            "sekisho",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-c",
            sql,
        ]);
        done(said.output().unwrap())
    }

    /// SIGKILL, to all of it: what it had promised is in its log.
    pub(crate) fn die(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill().unwrap();
            server.wait().unwrap();
        }
    }

    /// Starts it, again if need be: processes of one that was killed may still be on their way out.
    pub(crate) fn live(&mut self) {
        let (port, sockets) = (self.port.to_string(), self.home.path().display().to_string());
        eventually("PostgreSQL to answer", || {
            let ended = self.server.as_mut().is_none_or(|server| server.try_wait().unwrap().is_some());
            if ended {
                let log = fs::File::options().create(true).append(true).open(self.home.path().join("log")).unwrap();
                let mut server = self.program("postgres");
                server.arg("-D").arg(self.data()).args(["-p", &port, "-k", &sockets]);
                server.args(["-c", "listen_addresses=127.0.0.1", "-c", "max_connections=300"]);
                server.args(self.settings.iter().flat_map(|setting| ["-c", setting]));
                self.server =
                    Some(server.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap());
                std::thread::sleep(std::time::Duration::from_millis(100));
            }
            let asked = self.program("pg_isready").args(["-q", "-h", "127.0.0.1", "-p", &port]).status().unwrap();
            asked.success().then_some(())
        });
    }

    /// SIGSTOP, to all of it: connections stay open, new ones are made by the system, and nothing is answered.
    pub(crate) fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// The end of that.
    pub(crate) fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, which: Signal) {
        let server = self.server.as_ref().unwrap().id();
        // The one that makes others first: none is missed then.
        signal(server, which);
        children(server).into_iter().for_each(|process| signal(process, which));
    }

    fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// A program of the package, as the user that it is for.
    pub(crate) fn program(&self, name: &str) -> Command {
        let mut program = Command::new(self.programs.join(name));
        let id = |what: &str| done(Command::new("id").args([what, USER]).output().unwrap()).trim().parse().unwrap();
        program.uid(id("-u")).gid(id("-g")).current_dir("/");
        program
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if self.server.is_some() {
            // What stands still would outlive its server.
            self.thaw();
        }
        self.die();
        if std::thread::panicking() {
            let log = fs::read_to_string(self.home.path().join("log")).unwrap_or_default();
            let last: Vec<&str> = log.lines().rev().take(20).collect();
            eprintln!("--- the end of PostgreSQL's log ---\n{}", last.into_iter().rev().collect::<Vec<_>>().join("\n"));
        }
    }
}

/// Where Debian has the newest version's programs; tests/run installs them.
fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").unwrap().flatten();
    let version = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions.map(|entry| entry.path()).max_by_key(|path| version(path)).unwrap();
    newest.join("bin")
}

pub(crate) fn done(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
