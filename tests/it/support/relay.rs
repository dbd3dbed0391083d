//! The real program in a process of its own, with a configuration and a data directory of its own.

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

pub(crate) use rustix::process::Signal;
use tempfile::TempDir;
use toml::{Table, Value};

use sekisho::inspect::sandbox::WORKER_COMMAND;

use super::{eventually, free_port};

/// The program under test.
pub(crate) const SEKISHO: &str = env!("CARGO_BIN_EXE_sekisho");

pub(crate) struct Relay {
    child: Option<Child>,
    home: TempDir,
    pub(crate) smtp: SocketAddr,
    pub(crate) console: SocketAddr,
}

impl Relay {
    /// Starts `sekisho serve` in front of `next_hop` and waits until it takes connections.
    pub(crate) fn start(next_hop: SocketAddr) -> Self {
        Self::start_with(next_hop, "")
    }

    /// The same with settings in TOML that are added to the configuration of the tests, or replace what it says.
    pub(crate) fn start_with(next_hop: SocketAddr, extra: &str) -> Self {
        let mut relay = Self::configured(next_hop, extra);
        relay.run();
        relay
    }

    /// A configuration on disk, nothing running yet.
    pub(crate) fn configured(next_hop: SocketAddr, extra: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let (smtp, console) = (free_port(), free_port());
        let partners = home.path().join("partners.toml");
        fs::write(
            &partners,
            "[[partner]]\nid = \"kita-hoan\"\nnames = [\"北保安サービス株式会社\"]\ndomains = [\"kita-hoan.example.com\"]\n",
        )
        .unwrap();
        let ours = format!(
            "hostname = \"sekisho.toho.example.co.jp\"\ndata_dir = {data:?}\n\
             [organization]\nname = \"東邦ガス株式会社\"\ndomains = [\"toho.example.co.jp\"]\nlanguage = \"ja\"\n\
             [smtp]\nlisten = [\"127.0.0.1:{smtp}\"]\n\
             [next_hop]\nhosts = [\"{next_hop}\"]\ntls = \"never\"\n\
             [rules]\npartners = {partners:?}\n\
             [approval]\nsecurity = [\"security@toho.example.co.jp\"]\napprovers = [\"kacho@toho.example.co.jp\"]\n\
             [console]\nlisten = \"127.0.0.1:{console}\"\npublic_url = \"http://127.0.0.1:{console}\"\n\
             [inspection]\nworkers = 2\n\
             [notice]\nto_sender = 1000\nto_decider = 1000\n\
             [drill]\nat = \"never\"\n",
            data = home.path().join("data"),
        );
        let mut config: Table = ours.parse().unwrap();
        merge(&mut config, extra.parse().unwrap());
        fs::write(home.path().join("sekisho.toml"), config.to_string()).unwrap();
        Self {
            child: None,
            home,
            smtp: SocketAddr::from(([127, 0, 0, 1], smtp)),
            console: SocketAddr::from(([127, 0, 0, 1], console)),
        }
    }

    /// Gives this one the key of another, as nodes on one database have it.
    pub(crate) fn shares_the_key_of(&self, other: &Self) {
        let key = |relay: &Self| relay.home().join("data").join("seal.key");
        fs::create_dir(self.home().join("data")).unwrap();
        fs::copy(key(other), key(self)).unwrap();
    }

    /// Starts the program and waits until it takes connections.
    pub(crate) fn run(&mut self) {
        let mut program = Command::new(SEKISHO);
        program.stdin(Stdio::null());
        self.run_as(program);
    }

    /// The same with a `program` of the caller's making, which passes its arguments on.
    pub(crate) fn run_as(&mut self, mut program: Command) {
        let log = fs::File::options().create(true).append(true).open(self.home.path().join("log")).unwrap();
        let child = program
            .args(["serve", "--config"])
            .arg(self.config())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        self.child = Some(child);
        let mut waits = 0;
        eventually("the relay to listen", || {
            waits += 1;
            let ended = self.child.as_mut().unwrap().try_wait().unwrap();
            assert!(ended.is_none(), "sekisho ended at start: {ended:?}\n{}", self.log());
            TcpStream::connect(self.smtp).ok().map(leave)
        });
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.home.path().join("sekisho.toml")
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// What the program has logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("log")).unwrap_or_default()
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// The memory of the relay itself, its workers not counted, in KiB.
    pub(crate) fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// SIGKILL, as a power cut would.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    pub(crate) fn signal(&self, which: Signal) {
        signal(self.pid(), which);
    }

    /// SIGSTOP, and waits until no thread of it moves: on a busy machine that takes a while.
    pub(crate) fn pause(&self) {
        self.signal(Signal::STOP);
        let stopped = |stat: &str| stat.rsplit_once(") ").is_some_and(|(_, state)| state.starts_with('T'));
        eventually("all threads of the relay to stand still", || {
            let tasks = fs::read_dir(format!("/proc/{}/task", self.pid())).unwrap().flatten();
            let mut stats = tasks.map(|task| fs::read_to_string(task.path().join("stat")).unwrap_or_default());
            stats.all(|stat| stopped(&stat)).then_some(())
        });
    }

    /// SIGTERM, and waits for the end; gives whether it ended with status 0.
    pub(crate) fn stop(&mut self) -> bool {
        self.signal(Signal::TERM);
        let mut child = self.child.take().unwrap();
        eventually("the relay to stop", || child.try_wait().unwrap()).success()
    }

    /// The process ids of the inspection workers.
    pub(crate) fn workers(&self) -> Vec<u32> {
        // Until it has become another program, a child is still the relay, with all that the relay has open.
        let is_worker = |pid: &u32| {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            line.windows(WORKER_COMMAND.len()).any(|part| part == WORKER_COMMAND.as_bytes())
        };
        children(self.pid()).into_iter().filter(is_worker).collect()
    }

    /// Runs another command of the program with this configuration.
    pub(crate) fn command(&self, args: &[&str]) -> Output {
        Command::new(SEKISHO).args(args).arg("--config").arg(self.config()).stdin(Stdio::null()).output().unwrap()
    }

    /// `held list --json`, one value a mail.
    pub(crate) fn held(&self) -> Vec<serde_json::Value> {
        let output = self.command(&["held", "list", "--json"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The one held mail, once it has come to `state`.
    pub(crate) fn wait_for_state(&self, state: &str) -> serde_json::Value {
        eventually(&format!("a held mail to be {state}; {:?}", self.held()), || {
            self.held().into_iter().find(|mail| mail["state"] == state)
        })
    }
}

/// Says goodbye and waits for the other side to hang up, so that this connection counts no more in what a test looks at.
fn leave(mut connection: TcpStream) {
    let _ = connection.set_read_timeout(Some(Duration::from_secs(5)));
    let _ = connection.write_all(b"QUIT\r\n");
    let _ = connection.read_to_end(&mut Vec::new());
}

/// The processes that `parent` has started.
pub(crate) fn children(parent: u32) -> Vec<u32> {
    let parent = parent.to_string();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
        if stat(pid).get(1) == Some(&parent) {
            found.push(pid);
        }
    }
    found
}

/// How long a process has worked.
pub(crate) fn worked(process: u32) -> Option<Duration> {
    // Counted in hundredths of a second on every Linux.
    let stat = stat(process);
    let ticks = |field: usize| stat.get(field)?.parse::<u64>().ok();
    Some(Duration::from_millis(10 * (ticks(11)? + ticks(12)?)))
}

/// The fields of /proc/PID/stat from the state on; before it stands the name, which may hold spaces.
fn stat(process: u32) -> Vec<String> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().map(str::to_owned).collect()
}

/// Puts what stands in `other` into `table`, section by section.
fn merge(table: &mut Table, other: Table) {
    for (key, value) in other {
        match (table.get_mut(&key), value) {
            (Some(Value::Table(section)), Value::Table(more)) => merge(section, more),
            (_, value) => {
                table.insert(key, value);
            }
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("--- log of the relay ---\n{}", self.log());
        }
    }
}

/// Sends a signal to any process, if it is still there: a worker that was listed a moment ago may have been replaced.
pub(crate) fn signal(pid: u32, signal: Signal) {
    let pid = rustix::process::Pid::from_raw(pid.cast_signed()).unwrap();
    let sent = rustix::process::kill_process(pid, signal);
    assert!(matches!(sent, Ok(()) | Err(rustix::io::Errno::SRCH)), "{sent:?}");
}
