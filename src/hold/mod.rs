//! The life of a held mail: `pending`, then `approved`, `released`, `delivered` or `bounced`; or `rejected`,
//! `withdrawn`, `expired`. A mail that is sent back for a change is `rejected`, and its own record says what for.
//!
//! In: an [`Arrival`] from the pipeline, decisions of people from the console, the command line and replies by mail,
//! and the passing of time. Out: state changes, each in one commit with the journal record and the mails that follow
//! from it; and [`Clearance`], without which nothing leaves.
//!
//! Whatever comes at the same time, exactly one of approval, rejection, withdrawal and expiry happens: each begins by
//! taking the database's write lock and ends with a change that the schema allows only from `pending`.
//! Deliberately absent: sending. The outbox picks up what was committed here. Also absent: who is logged in; a caller
//! says who acts and from where, and has made sure of it.

mod answer;
mod arrival;
mod asking;
mod begin;
mod by_hand;
mod cause;
mod clearance;
mod consult;
mod crowd;
mod decide;
mod digest;
mod drill;
mod due;
mod error;
#[cfg(test)]
pub(crate) mod fixture;
mod listing;
mod nudge;
mod outgoing;
mod oversight;
mod pass;
#[cfg(test)]
mod paths;
mod person;
mod queue;
mod relayed;
mod send_back;
mod sender;
mod show;
mod stage;
mod telling;
mod token;

use std::{sync::Arc, time::Duration};

pub use answer::Answered;
pub use arrival::{Arrival, Preparation, Prepared, RetryKey, Taken};
pub use cause::Cause;
pub use clearance::{Clearance, Consignment, Outgoing, Proof};
pub use crowd::Limits;
pub use decide::{Decided, Hand};
pub use drill::PEER as DRILL;
pub use due::Due;
pub use error::HoldError;
use jiff::{SignedDuration, Timestamp};
pub use listing::{Listing, Wanted};
pub use outgoing::Tidings;
pub use oversight::{Approving, Queues};
pub use pass::Passed;
pub use person::{File, Line, Step};
pub use queue::{Bookmark, LEAF, Leaf, NEWS, Only, Part, Wish};
pub use relayed::Relayed;
pub use sender::Looked;
pub use show::{Content, HeldDetail, HeldSummary, Look};
pub use stage::{Stage, Standing};

use crate::{
    directory::{Directory, People},
    language::Language,
    mail::Address,
    notice::Voice,
    policy::{Calendar, Wait},
    recipients::Organization,
    store::{MailRow, Store},
};
pub use crate::{
    journal::Walked,
    store::{Opinion, Order, Queue, State},
};

/// Who decides and until when; from `[approval]`.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The team that releases held mail.
    pub security: Vec<Address>,
    /// Who approves mail that needs a second person; the security team if empty.
    pub approvers: Vec<Address>,
    /// How long a held mail waits before it goes back to its sender.
    pub expires_after: Duration,
    /// How long a delayed mail can be taken back before it goes out.
    pub delay: Duration,
    /// After what time those who were asked are reminded, up to three times; never if not said.
    pub remind_after: Option<Wait>,
    /// After what time the security team is asked as well; never if not said.
    pub escalate_after: Option<Wait>,
    /// When business is done.
    pub calendar: Calendar,
    /// How long the bytes of a mail are kept after the last thing that happened to it.
    pub keep: Keep,
    /// Of how many mails people are told one by one; from `[notice]`.
    pub limits: Limits,
    /// At what time of a business day the security team gets its digest; never if not said.
    pub digest: Option<jiff::civil::Time>,
}

/// How long the bytes of held mails are kept after the last thing that happened to them, until their keys are destroyed; and
/// how long the journal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Any mail.
    pub held: SignedDuration,
    /// A mail with specific personal data (My Number), which must not be kept longer than it is needed.
    pub specific: SignedDuration,
    /// The records of the journal; for ever if not said.
    pub journal: Option<SignedDuration>,
}

impl Default for Keep {
    fn default() -> Self {
        Self { held: SignedDuration::from_hours(30 * 24), specific: SignedDuration::from_hours(24), journal: None }
    }
}

/// The hold. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct Hold {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Store,
    settings: Settings,
    voice: Voice,
    organization: Organization,
    directory: Directory,
}

impl Hold {
    /// A hold over `store`, in which `settings` and the people of `directory`, as they are at any time, say who
    /// decides, and notices speak with `voice` to the people of `organization`.
    pub fn new(
        store: Store,
        settings: Settings,
        voice: Voice,
        organization: Organization,
        directory: Directory,
    ) -> Self {
        Self { inner: Arc::new(Inner { store, settings, voice, organization, directory }) }
    }

    /// Everybody who is known now.
    pub fn people(&self) -> Arc<People> {
        self.inner.directory.people()
    }

    /// The sender of `mail`, if it is one of ours. Others (a mail forwarded by a rule keeps its outside sender) hear
    /// nothing of what was found; only a delivery status notice when the mail does not go out.
    fn sender_of_ours<'a>(&self, mail: &'a MailRow) -> Option<&'a Address> {
        mail.sender.as_ref().filter(|sender| self.inner.organization.is_internal(sender))
    }

    /// In which language people are told things who have none of their own.
    pub fn language(&self) -> Language {
        self.inner.voice.language
    }

    /// What time it is, by which deadlines go: the database's time, where nodes share one.
    pub fn now(&self) -> Timestamp {
        self.inner.store.now()
    }

    fn store(&self) -> &Store {
        &self.inner.store
    }

    fn voice(&self) -> &Voice {
        &self.inner.voice
    }
}

/// `at` plus `wait`.
fn later(at: Timestamp, wait: Duration) -> Timestamp {
    at.checked_add(wait).unwrap_or(Timestamp::MAX)
}

/// `at` to the microsecond, as the store keeps it.
fn rounded(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}

/// A new id, as mails have.
fn new_id() -> crate::mail::MailId {
    crate::mail::MailId(ulid::Ulid::generate().to_string())
}
