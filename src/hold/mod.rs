//! The life of a held mail: `pending`, then `approved`, `released`, `delivered` or `bounced`; or `rejected`,
//! `withdrawn`, `expired`.
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
mod clearance;
mod decide;
mod due;
mod error;
#[cfg(test)]
pub(crate) mod fixture;
mod outgoing;
mod pass;
mod person;
mod show;
mod telling;
mod token;

use std::{sync::Arc, time::Duration};

pub use answer::Answered;
pub use arrival::{Arrival, Preparation, Prepared, RetryKey, Taken};
pub use clearance::{Clearance, Consignment, Outgoing, Proof};
pub use decide::Decided;
pub use due::Due;
pub use error::HoldError;
use jiff::Timestamp;
pub use outgoing::{Relayed, Tidings};
pub use pass::Passed;
pub use person::{File, Line, Step};
pub use show::{HeldDetail, HeldSummary};

pub use crate::store::State;
use crate::{
    directory,
    mail::Address,
    notice::Voice,
    policy::{Action, Approver, Orders},
    recipients::Organization,
    store::{MailRow, Store},
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
}

impl Hold {
    /// A hold over `store`, in which `settings` say who decides, and notices speak with `voice` to the people of
    /// `organization`.
    pub fn new(store: Store, settings: Settings, voice: Voice, organization: Organization) -> Self {
        Self { inner: Arc::new(Inner { store, settings, voice, organization }) }
    }

    /// The sender of `mail`, if it is one of ours. Others (a mail forwarded by a rule keeps its outside sender) hear
    /// nothing of what was found; only a delivery status notice when the mail does not go out.
    fn sender_of_ours<'a>(&self, mail: &'a MailRow) -> Option<&'a Address> {
        mail.sender.as_ref().filter(|sender| self.inner.organization.is_internal(sender))
    }

    fn store(&self) -> &Store {
        &self.inner.store
    }

    fn voice(&self) -> &Voice {
        &self.inner.voice
    }

    /// Who may decide about a mail by `sender` and `authors`, none of whom is ever among them. A mail with the null
    /// reverse path has nobody to answer for it: the security team decides, whatever policy asks for.
    /// Those whom rules name decide in the place of the usual ones, unless none of them is left.
    fn deciders(&self, action: Action, sender: Option<&Address>, authors: &[Address], orders: &Orders) -> Vec<Address> {
        let others = |list: &[Address]| -> Vec<Address> {
            list.iter().filter(|person| !authors.iter().any(|own| own.may_be_same_person(person))).cloned().collect()
        };
        let security = others(&self.inner.settings.security);
        let approvers = if sender.is_some() { others(&self.inner.settings.approvers) } else { Vec::new() };
        let named: Vec<Address> = sender.map_or_else(Vec::new, |sender| {
            let named = orders.approvers.iter().flatten().flat_map(|approver| match approver {
                Approver::Security => security.clone(),
                Approver::Person(person) => others(std::slice::from_ref(person)),
            });
            named.filter(|person| !sender.may_be_same_person(person)).collect()
        });
        match (named.is_empty(), action) {
            (true, _) => directory::deciders(action, &security, &approvers, sender),
            (false, Action::Hold) => directory::deciders(action, &named, &approvers, sender),
            (false, _) => directory::deciders(action, &security, &named, sender),
        }
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
