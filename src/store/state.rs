//! Where a held mail stands, and every way from one place to another.
//!
//! In: nothing. Out: [`State`], and [`Change`], which names the state before and the state after in one word, so that an illegal
//! one cannot be written down; a trigger in the schema refuses it a second time. Deliberately absent: who may cause which
//! (`hold`), and the rows (`held`).

use serde::{Deserialize, Serialize};

use super::StoreError;

/// Where a held mail stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Somebody must decide, or its delay runs.
    Pending,
    /// It may go; the outbox has not taken it up yet.
    Approved,
    /// A person said no.
    Rejected,
    /// Its sender took it back.
    Withdrawn,
    /// Nobody decided in time.
    Expired,
    /// The outbox is bringing it to the next hop.
    Released,
    /// The next hop has it for every recipient.
    Delivered,
    /// The next hop refused it for at least one recipient, and its sender was told.
    Bounced,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Approved,
        Self::Rejected,
        Self::Withdrawn,
        Self::Expired,
        Self::Released,
        Self::Delivered,
        Self::Bounced,
    ];

    /// The word for it in the database, the journal and the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
            Self::Released => "released",
            Self::Delivered => "delivered",
            Self::Bounced => "bounced",
        }
    }

    pub(super) fn of(name: &str) -> Result<Self, StoreError> {
        let state = Self::ALL.into_iter().find(|state| state.name() == name);
        state.ok_or_else(|| StoreError::Row(format!("{name} is no state of a held mail")))
    }
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Every legal change of a held mail's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Everybody who must say yes has.
    Approve,
    /// Its sender let it go alone, as policy allows.
    ReleaseAlone,
    /// A second person said no.
    Reject,
    /// The sender took it back.
    Withdraw,
    /// Its time was over.
    Expire,
    /// Its delay was over and nobody took it back (delayed mail only).
    Lapse,
    /// The outbox takes up what was approved.
    Release,
    /// The next hop took it for everybody.
    Deliver,
    /// The next hop refused it for somebody.
    Bounce,
}

impl Change {
    /// The only state from which it leads.
    pub fn from(self) -> State {
        match self {
            Self::Approve | Self::ReleaseAlone | Self::Reject | Self::Withdraw | Self::Expire | Self::Lapse => {
                State::Pending
            }
            Self::Release => State::Approved,
            Self::Deliver | Self::Bounce => State::Released,
        }
    }

    /// The state to which it leads.
    pub fn to(self) -> State {
        match self {
            Self::Approve | Self::ReleaseAlone => State::Approved,
            Self::Reject => State::Rejected,
            Self::Withdraw => State::Withdrawn,
            Self::Expire => State::Expired,
            Self::Lapse | Self::Release => State::Released,
            Self::Deliver => State::Delivered,
            Self::Bounce => State::Bounced,
        }
    }
}
