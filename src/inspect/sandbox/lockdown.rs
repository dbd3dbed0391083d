//! Takes every right from the worker that reading bytes does not need. Order matters: each step forbids more.
//!
//! Another user than root, resource limits, then Landlock (no path, no port, no signal to others), then a seccomp
//! allow-list: no socket, no open, no exec, no new process, no new code. A forbidden call kills the worker (SIGSYS), which
//! its parent sees as a crash. Deliberately absent: a mode that goes on unprotected in silence. Only Landlock may be
//! missing, on kernels built without it, where seccomp's refusal of every `open` stands alone; [`Protection`] says so, and
//! who started the worker tells it.

use std::collections::BTreeMap;

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, LandlockStatus, Ruleset, RulesetAttr, RulesetStatus,
    Scope,
};
use rlimit::Resource;
use rustix::process::getpid;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};
use serde::{Deserialize, Serialize};

use super::identity::Identity;
use crate::language::Text;

/// Everything that an inspection needs of the kernel once its rules are loaded: its pipe, memory, time, and the
/// way to die.
const ALLOWED: &[libc::c_long] = &[
    libc::SYS_read,
    libc::SYS_readv,
    // Indexes of exact data and the library of documents, which are open before.
    libc::SYS_pread64,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_close,
    libc::SYS_fstat,
    libc::SYS_lseek,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_futex,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_clock_gettime,
    libc::SYS_getrandom,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// Address space beside the memory that may be used: the program itself, its stack, and mappings that hold nothing.
const ADDRESSES: u64 = 512 << 20;

/// How many seconds a worker may work in its life. It is replaced long before ([`pool`](super::pool)), so that no mail
/// meets this; it ends a worker whose parent can no longer kill it.
const LIFE: u64 = 3_600;

/// How well a worker is locked in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Protection {
    /// Whether Landlock closes the file system to it, and in which version.
    pub landlock: Option<i32>,
    /// Whether it still runs as root.
    pub root: bool,
}

impl Protection {
    /// What is missing, and what helps, if anything is.
    pub fn lack(self) -> Option<Text> {
        let (ja, en) = match (self.landlock, self.root) {
            (Some(_), false) => return None,
            (None, false) => (
                "このカーネルには Landlock がなく、検査プロセスは seccomp だけで隔離されています。Landlock を有効にしてください (lsm=landlock,…)。",
                "this kernel has no Landlock, so seccomp alone locks the inspection workers in; boot with lsm=landlock,…",
            ),
            (_, true) => (
                "検査プロセスが root のまま動いています。別のユーザーで sekisho を起動してください。",
                "inspection workers still run as root; start sekisho as another user",
            ),
        };
        Some(Text { ja: ja.to_owned(), en: en.to_owned() })
    }
}

/// Why the worker could not be locked down; it then refuses to work.
#[derive(Debug, thiserror::Error)]
pub(super) enum LockdownError {
    #[error("root could not be given up: {0}")]
    User(std::io::Error),
    #[error("resource limits could not be set: {0}")]
    Limits(std::io::Error),
    #[error("Landlock failed: {0}")]
    Landlock(#[from] landlock::RulesetError),
    #[error("the system-call filter could not be built: {0}")]
    Filter(#[from] seccompiler::BackendError),
    #[error("the system-call filter could not be installed: {0}")]
    Install(#[from] seccompiler::Error),
}

/// Locks this process down for good; `memory` bounds what it may use in bytes.
pub(super) fn lock_down(memory: u64, user: Identity) -> Result<Protection, LockdownError> {
    let protection = restrict(memory, user)?;
    seccompiler::apply_filter(&filter()?)?;
    Ok(protection)
}

/// All of it but the system-call filter.
pub(super) fn restrict(memory: u64, user: Identity) -> Result<Protection, LockdownError> {
    let root = user.assume().map_err(LockdownError::User)?;
    let limits = [
        (Resource::AS, memory.saturating_add(ADDRESSES)),
        (Resource::DATA, memory),
        (Resource::CPU, LIFE),
        (Resource::CORE, 0),
        (Resource::FSIZE, 0),
        (Resource::NOFILE, 16),
        (Resource::NPROC, 0),
    ];
    for (resource, limit) in limits {
        rlimit::setrlimit(resource, limit, limit).map_err(LockdownError::Limits)?;
    }
    let restricted = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(ABI::V6))?
        .handle_access(AccessNet::from_all(ABI::V6))?
        .scope(Scope::from_all(ABI::V6))?
        .create()?
        .restrict_self()?;
    let landlock = match restricted.landlock {
        _ if restricted.ruleset == RulesetStatus::NotEnforced => None,
        LandlockStatus::Available { effective_abi, kernel_abi } => Some(kernel_abi.unwrap_or(effective_abi as i32)),
        LandlockStatus::NotEnabled | LandlockStatus::NotImplemented => None,
    };
    Ok(Protection { landlock, root })
}

fn filter() -> Result<BpfProgram, seccompiler::BackendError> {
    let mut rules: BTreeMap<_, _> = ALLOWED.iter().map(|call| (*call, Vec::new())).collect();
    // Memory, but none that can be run; and signals to itself only, to die by.
    let executable = u64::from(libc::PROT_EXEC.unsigned_abs());
    let inert = argument(2, SeccompCmpOp::MaskedEq(executable), 0)?;
    rules.insert(libc::SYS_mmap, vec![inert.clone()]);
    rules.insert(libc::SYS_mprotect, vec![inert]);
    let own = u64::from(getpid().as_raw_nonzero().get().unsigned_abs());
    rules.insert(libc::SYS_tgkill, vec![argument(0, SeccompCmpOp::Eq, own)?]);
    let arch = std::env::consts::ARCH.try_into()?;
    SeccompFilter::new(rules, SeccompAction::KillProcess, SeccompAction::Allow, arch)?.try_into()
}

fn argument(index: u8, is: SeccompCmpOp, value: u64) -> Result<SeccompRule, seccompiler::BackendError> {
    SeccompRule::new(vec![SeccompCondition::new(index, SeccompCmpArgLen::Dword, is, value)?])
}
