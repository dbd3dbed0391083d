//! Proof that the lock holds: this program locks itself in as a worker does, and then tries what no worker may do.
//!
//! In: one [`Act`], on the command line of a hidden command that the tests call. Out: whether it could be done; most
//! acts end the process. Whoever can start this program can do all of it anyway, so there is nothing to guard.
//! Deliberately absent: a way for a worker to come here; it reads mails and nothing else.

use std::{
    fs,
    io::{self, Write},
    net::{SocketAddr, TcpStream, UdpSocket},
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Command, ExitCode},
};

use clap::{Args, Subcommand, ValueEnum};
use rustix::process::{Pid, Signal, getppid, kill_process};

use super::{Settings, lockdown};

/// The hidden command.
pub const ATTEMPT_COMMAND: &str = "sandbox-attempt";

/// How the attempt is made.
#[derive(Debug, Args)]
pub struct Attempt {
    /// How much of the lock is put on
    #[arg(long, value_enum, default_value_t)]
    lock: Lock,
    #[command(subcommand)]
    act: Act,
}

/// How much of the lock is put on. Less than the whole of it shows that a part of it holds by itself, or that the act can
/// be done at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Lock {
    /// As for a worker
    #[default]
    Whole,
    /// Without the system-call filter
    Unfiltered,
    /// Nothing
    None,
}

/// What no worker may do.
#[derive(Debug, Subcommand)]
enum Act {
    /// Read a file
    Open { file: PathBuf },
    /// Make a file
    Write { file: PathBuf },
    /// List a folder
    List { folder: PathBuf },
    /// Call a server
    Connect { address: SocketAddr },
    /// Be a server
    Bind,
    /// Start another program
    Fork { program: PathBuf },
    /// Become another program
    Exec { program: PathBuf },
    /// Start a thread
    Thread,
    /// Send a signal to the process that started this one
    Signal,
    /// Take so many bytes of memory and write to all of them
    Allocate { bytes: usize },
    /// Raise its own limits
    Raise,
}

/// Locks this process in and tries it: success is a failure of the lock.
pub fn main(attempt: &Attempt) -> ExitCode {
    let Settings { memory, user, .. } = Settings::default();
    let locked = match attempt.lock {
        Lock::Whole => lockdown::lock_down(memory, user).map(drop),
        Lock::Unfiltered => lockdown::restrict(memory, user).map(drop),
        Lock::None => Ok(()),
    };
    if let Err(error) = locked {
        let _ = writeln!(io::stderr(), "not locked: {error}");
        return ExitCode::from(70);
    }
    match attempt.act.attempt() {
        Ok(()) => {
            let _ = writeln!(io::stderr(), "done");
            ExitCode::SUCCESS
        }
        Err(error) => {
            let _ = writeln!(io::stderr(), "refused: {error}");
            ExitCode::FAILURE
        }
    }
}

impl Act {
    fn attempt(&self) -> io::Result<()> {
        match self {
            Self::Open { file } => fs::read(file).map(drop),
            Self::Write { file } => fs::write(file, "written"),
            Self::List { folder } => fs::read_dir(folder).map(drop),
            Self::Connect { address } => TcpStream::connect(address).map(drop),
            Self::Bind => UdpSocket::bind("127.0.0.1:0").map(drop),
            Self::Fork { program } => Command::new(program).status().map(drop),
            Self::Exec { program } => Err(Command::new(program).exec()),
            Self::Thread => std::thread::Builder::new().spawn(|| ()).map(drop),
            Self::Signal => Ok(kill_process(getppid().unwrap_or(Pid::INIT), Signal::URG)?),
            Self::Allocate { bytes } => {
                let mut memory: Vec<u8> = Vec::new();
                memory.try_reserve_exact(*bytes).map_err(io::Error::other)?;
                memory.resize(*bytes, 1);
                std::hint::black_box(&memory);
                Ok(())
            }
            Self::Raise => {
                let (soft, hard) = rlimit::getrlimit(rlimit::Resource::NOFILE)?;
                rlimit::setrlimit(rlimit::Resource::NOFILE, soft, hard)
            }
        }
    }
}
