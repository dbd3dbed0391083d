//! The process that reads a picture: locks itself in, then becomes tesseract.
//!
//! In: the command line of a hidden command, and the picture on standard input, which tesseract reads. Out: its text, on
//! standard output. Another user than root, resource limits, Landlock (reading the system's libraries and the language
//! data, running the one program, and nothing else), then a seccomp allow-list. A system call that is not in it is answered
//! as by a kernel that does not know it, since libraries try many things. Deliberately absent: a picture read without
//! Landlock, because seccomp alone could not keep a program that must open files from opening ours.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    io::{self, Write},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use clap::Args;
use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetStatus, Scope,
};
use rlimit::Resource;
use rustix::process::getpid;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

use crate::inspect::sandbox::Identity;

/// The hidden command under which the binary locks itself in and becomes tesseract.
pub const OCR_COMMAND: &str = "picture-reader";

/// Address space, which the data of several languages and a picture of some megapixels do not fill.
const MEMORY: u64 = 1 << 30;

/// Where systems keep their libraries.
const LIBRARIES: [&str; 8] = [
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/usr/local/lib64",
    "/etc/ld.so.cache",
    "/etc/alternatives",
];

/// What the kernel runs in front of a program with libraries.
const LOADERS: [&str; 4] = [
    "/lib64/ld-linux-x86-64.so.2",
    "/lib/ld-linux-aarch64.so.1",
    "/lib/ld-musl-x86_64.so.1",
    "/lib/ld-musl-aarch64.so.1",
];

/// Where language data lies, if the program does not say.
const DATA: [&str; 3] = ["/usr/share/tesseract-ocr", "/usr/share/tessdata", "/usr/local/share/tessdata"];

/// What a program with libraries needs to read files and to calculate.
const ALLOWED: &[libc::c_long] = &[
    libc::SYS_execve,
    libc::SYS_brk,
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_mprotect,
    libc::SYS_madvise,
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_pread64,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_openat,
    libc::SYS_close,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_lseek,
    libc::SYS_faccessat,
    libc::SYS_readlinkat,
    libc::SYS_getdents64,
    libc::SYS_fcntl,
    libc::SYS_set_tid_address,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_futex,
    libc::SYS_getrandom,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_getrusage,
    libc::SYS_sysinfo,
    libc::SYS_uname,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_exit,
    libc::SYS_exit_group,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_arch_prctl,
];

/// What the hidden command is told.
#[derive(Debug, Args)]
pub struct Options {
    /// The tesseract program
    #[arg(long)]
    pub program: PathBuf,
    /// The folder of its language data
    #[arg(long)]
    pub data: Option<PathBuf>,
    /// Languages, joined by +
    #[arg(long)]
    pub languages: String,
    /// How many seconds it may work
    #[arg(long)]
    pub seconds: u64,
    /// Who it becomes where it was started as root
    #[arg(long)]
    pub user: Identity,
}

impl Options {
    /// The command line that says so.
    pub(super) fn arguments(&self) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = vec![OCR_COMMAND.into(), "--program".into(), self.program.clone().into()];
        if let Some(data) = &self.data {
            arguments.extend(["--data".into(), data.clone().into()]);
        }
        arguments.extend(["--languages".into(), (&self.languages).into()]);
        arguments.extend(["--seconds".into(), self.seconds.to_string().into()]);
        arguments.extend(["--user".into(), self.user.to_string().into()]);
        arguments
    }
}

/// Locks this process in and becomes tesseract.
pub fn main(options: &Options) -> ExitCode {
    let why = match lock_down(options) {
        Ok(()) => run(options).to_string(),
        Err(why) => why.to_string(),
    };
    let _ = writeln!(io::stderr(), "{why}");
    ExitCode::FAILURE
}

fn run(options: &Options) -> io::Error {
    let mut tesseract = Command::new(&options.program);
    tesseract.args(["stdin", "stdout", "-l", &options.languages]).env_clear();
    // A thread is a new process to the kernel, and forbidden.
    tesseract.env("OMP_THREAD_LIMIT", "1").env("LC_ALL", "C");
    if let Some(data) = &options.data {
        tesseract.env("TESSDATA_PREFIX", data);
    }
    tesseract.exec()
}

#[derive(Debug, thiserror::Error)]
enum LockError {
    #[error("root or resources could not be given up: {0}")]
    Io(#[from] io::Error),
    #[error("Landlock failed: {0}")]
    Landlock(#[from] landlock::RulesetError),
    #[error("this kernel has no Landlock, without which no picture is read")]
    NoLandlock,
    #[error("the system-call filter could not be built: {0}")]
    Filter(#[from] seccompiler::BackendError),
    #[error("the system-call filter could not be installed: {0}")]
    Install(#[from] seccompiler::Error),
}

fn lock_down(options: &Options) -> Result<(), LockError> {
    options.user.assume()?;
    let limits = [
        (Resource::AS, MEMORY),
        (Resource::CPU, options.seconds),
        (Resource::CORE, 0),
        (Resource::FSIZE, 0),
        (Resource::NOFILE, 32),
        (Resource::NPROC, 0),
    ];
    for (resource, limit) in limits {
        rlimit::setrlimit(resource, limit, limit)?;
    }
    let abi = ABI::V6;
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(abi))?
        .handle_access(AccessNet::from_all(abi))?
        .scope(Scope::from_all(abi))?
        .create()?;
    let readable = LIBRARIES.iter().chain(&DATA).map(Path::new).chain(options.data.as_deref());
    for path in readable {
        // What a system does not have needs no right.
        let Ok(opened) = PathFd::new(path) else { continue };
        let rights = if path.is_dir() { AccessFs::ReadFile | AccessFs::ReadDir } else { AccessFs::ReadFile.into() };
        ruleset = ruleset.add_rule(PathBeneath::new(opened, rights))?;
    }
    for path in LOADERS.iter().map(Path::new).chain([options.program.as_path()]) {
        let Ok(opened) = PathFd::new(path) else { continue };
        ruleset = ruleset.add_rule(PathBeneath::new(opened, AccessFs::Execute | AccessFs::ReadFile))?;
    }
    if ruleset.restrict_self()?.ruleset == RulesetStatus::NotEnforced {
        return Err(LockError::NoLandlock);
    }
    Ok(seccompiler::apply_filter(&filter()?)?)
}

fn filter() -> Result<BpfProgram, seccompiler::BackendError> {
    let mut rules: BTreeMap<_, _> = ALLOWED.iter().map(|call| (*call, Vec::new())).collect();
    // Limits may be asked for and not set; signals go to itself only, to die by.
    rules.insert(libc::SYS_prlimit64, vec![argument(2, SeccompCmpArgLen::Qword, 0)?]);
    let own = u64::from(getpid().as_raw_nonzero().get().unsigned_abs());
    rules.insert(libc::SYS_tgkill, vec![argument(0, SeccompCmpArgLen::Dword, own)?]);
    let unknown = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
    SeccompFilter::new(rules, unknown, SeccompAction::Allow, std::env::consts::ARCH.try_into()?)?.try_into()
}

fn argument(index: u8, length: SeccompCmpArgLen, value: u64) -> Result<SeccompRule, seccompiler::BackendError> {
    SeccompRule::new(vec![SeccompCondition::new(index, length, SeccompCmpOp::Eq, value)?])
}
