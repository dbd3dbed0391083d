//! What befalls a worker in a drill of the machine: the same end that a parser might bring about, at a part of the mail
//! that may take long.
//!
//! In: the [`Fault`] of a [`Job`](crate::inspect::Job), which only the parent can set, and sets only for a mail of its own
//! making (`pipeline::marked`). Out: no more of this process. Deliberately absent: a way to ask for it from inside a mail.

use crate::inspect::Fault;

/// Ends this process, or lets it say nothing more until it is killed.
pub(super) fn befall(fault: Fault) -> ! {
    match fault {
        Fault::Crash => std::process::abort(),
        // The parent waits in vain; it costs the machine no work.
        Fault::Hang => loop {
            std::thread::park();
        },
    }
}
