//! Takes every right from the worker that reading bytes does not need. Order matters: each step forbids more.
//!
//! Resource limits, then Landlock (no path at all), then a seccomp allow-list: no socket, no open, no exec, no new
//! process. A forbidden call kills the worker (SIGSYS), which its parent sees as a crash. Deliberately absent: a
//! mode that goes on unprotected; only Landlock may be missing, on kernels built without it, where seccomp's
//! refusal of every `open` stands alone.

use std::collections::BTreeMap;

use landlock::{ABI, Access, AccessFs, CompatLevel, Compatible, Ruleset, RulesetAttr};
use rlimit::Resource;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

/// Everything that an inspection needs of the kernel once its rules are loaded: its pipe, memory, time, and the
/// way to die.
const ALLOWED: &[libc::c_long] = &[
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_close,
    libc::SYS_fstat,
    libc::SYS_lseek,
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_mprotect,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_futex,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_clock_gettime,
    libc::SYS_getrandom,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_tgkill,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// Why the worker could not be locked down; it then refuses to work.
#[derive(Debug, thiserror::Error)]
pub(super) enum LockdownError {
    #[error("resource limits could not be set: {0}")]
    Limits(#[from] std::io::Error),
    #[error("Landlock failed: {0}")]
    Landlock(#[from] landlock::RulesetError),
    #[error("the system-call filter could not be built: {0}")]
    Filter(#[from] seccompiler::BackendError),
    #[error("the system-call filter could not be installed: {0}")]
    Install(#[from] seccompiler::Error),
}

/// Locks this process down for good; `memory` bounds its address space in bytes.
pub(super) fn lock_down(memory: u64) -> Result<(), LockdownError> {
    for (resource, limit) in [(Resource::AS, memory), (Resource::CORE, 0), (Resource::FSIZE, 0), (Resource::NOFILE, 16)]
    {
        rlimit::setrlimit(resource, limit, limit)?;
    }
    Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(ABI::V5))?
        .create()?
        .restrict_self()?;
    seccompiler::apply_filter(&filter()?)?;
    Ok(())
}

fn filter() -> Result<BpfProgram, seccompiler::BackendError> {
    let rules: BTreeMap<_, _> = ALLOWED.iter().map(|call| (*call, Vec::new())).collect();
    let arch = std::env::consts::ARCH.try_into()?;
    SeccompFilter::new(rules, SeccompAction::KillProcess, SeccompAction::Allow, arch)?.try_into()
}
