//! Why the hold did not do what it was asked, in words for the person who asked.
//!
//! In: faults and refusals. Out: a [`HoldError`]. Deliberately absent: how it is shown (`console`, `cli`).

use jiff::Timestamp;

use crate::{
    journal::JournalError,
    mail::{Address, MailId},
    store::{State, StoreError},
};

/// Why not.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HoldError {
    /// No held mail has this id.
    #[error("no held mail has the id {0}; `sekisho held list` shows those there are")]
    Unknown(String),
    /// Several mails have ids that begin so.
    #[error("several mails have ids that begin with {0}; give more of the id")]
    Ambiguous(String),
    /// Somebody who is not in the approver set of this mail.
    #[error("{person} may not decide about {id}; those who may: {}", listed(.deciders))]
    NotADecider {
        /// The held mail.
        id: MailId,
        /// Who tried.
        person: Address,
        /// Who may.
        deciders: Vec<Address>,
    },
    /// The sender of a mail tried to approve or reject it.
    #[error("{person} sent {id} and cannot decide about it; the sender can only withdraw it")]
    OwnMail {
        /// The held mail.
        id: MailId,
        /// Who tried.
        person: Address,
    },
    /// Somebody else than the sender tried to take a mail back.
    #[error("only the sender can withdraw {id}, and {person} is not its sender")]
    NotTheSender {
        /// The held mail.
        id: MailId,
        /// Who tried.
        person: Address,
    },
    /// Somebody else than its sender and those who decide asked to see a mail.
    #[error("{person} may not see the original of {id}")]
    NotForYou {
        /// The held mail.
        id: MailId,
        /// Who tried.
        person: Address,
    },
    /// Somebody who has said what they think already.
    #[error("{person} has already decided about {id}; one person counts once")]
    Heard {
        /// The held mail.
        id: MailId,
        /// Who tried.
        person: Address,
    },
    /// The sender wants others to be asked a second time.
    #[error("others have been asked about {id} already")]
    AskedAlready {
        /// The held mail.
        id: MailId,
    },
    /// A delayed mail goes by itself, and nobody is asked about it.
    #[error("{id} is only delayed and goes out by itself; it can be withdrawn")]
    OnlyDelayed {
        /// The held mail.
        id: MailId,
    },
    /// A rule that stopped it wants a second person.
    #[error("policy lets nobody release {id} alone; it waits for those who decide")]
    NotAlone {
        /// The held mail.
        id: MailId,
    },
    /// The sender said nothing where a reason is wanted.
    #[error("say why {id} should go; the reason is kept for those who decide")]
    NoReason {
        /// The held mail.
        id: MailId,
    },
    /// Somebody said nothing where words are needed: what is to be changed, what is asked, what they think.
    #[error("say something about {id}: an empty comment tells nobody anything")]
    NoComment {
        /// The held mail.
        id: MailId,
    },
    /// Who is to be asked is nobody who can be.
    #[error(
        "{person} cannot be asked about {id}: it must be somebody else of the company, known to the directory or with an \
         account, and not its sender"
    )]
    NotAColleague {
        /// The held mail.
        id: MailId,
        /// Who was to be asked.
        person: Address,
    },
    /// A colleague is asked once, and not too many are.
    #[error("{person} was asked about {id} already, or enough others were")]
    ColleagueAsked {
        /// The held mail.
        id: MailId,
        /// Who was to be asked.
        person: Address,
    },
    /// Somebody gives an opinion who was not asked for one.
    #[error("{person} was not asked about {id}, or has answered")]
    NotConsulted {
        /// The held mail.
        id: MailId,
        /// Who tried.
        person: Address,
    },
    /// Nothing was found at the place that somebody wants to see.
    #[error("nothing was found in {id} at that place")]
    NoSuchPlace {
        /// The held mail.
        id: MailId,
    },
    /// The sender did not look at everything again.
    #[error("look at every recipient and attachment of {id} and tick each; not ticked: {}", .missing.join(", "))]
    NotLooked {
        /// The held mail.
        id: MailId,
        /// What was not ticked.
        missing: Vec<String>,
    },
    /// A rule wants two factors of whoever approves it.
    #[error("{id} is approved only on the console, by whoever has logged in with a second factor; nothing was changed")]
    NeedsFactor {
        /// The held mail.
        id: MailId,
    },
    /// It is not pending any more.
    #[error("{id} is already {state} (since {since}); nothing was changed")]
    Decided {
        /// The held mail.
        id: MailId,
        /// Where it stands.
        state: State,
        /// Since when.
        since: Timestamp,
    },
    /// Its time is over, and it is about to go back to its sender.
    #[error("the time to decide about {id} was over at {deadline}; it goes back to its sender")]
    TooLate {
        /// The held mail.
        id: MailId,
        /// When its time was over.
        deadline: Timestamp,
    },
    /// What is in the outbox under this id has not been released by anybody.
    #[error("the outgoing mail {0} belongs to a held mail that is not approved; it stays here")]
    NotCleared(MailId),
    /// A mail whose forwarded part the next hop does not have yet was to be taken.
    #[error("the mail {0} goes out at once to some recipients, and the next hop does not have it yet")]
    NotForwarded(MailId),
    /// A prepared mail that is gone: it was discarded.
    #[error("the mail {0} is not prepared any more")]
    NotPrepared(MailId),
    /// Nothing that waits to go out has this id.
    #[error("no outgoing mail has the id {0}; `sekisho outbox list` shows those there are")]
    NotOutgoing(String),
    /// Somebody who is not in the security team tried to stop the delivery of a mail.
    #[error("{person} may not drop outgoing mail; those who may: {}", listed(.team))]
    NotInSecurity {
        /// Who tried.
        person: Address,
        /// Who may.
        team: Vec<Address>,
    },
    /// A row does not say what this program writes.
    #[error("the database holds a row that cannot be understood: {0}")]
    Row(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal failed.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

fn listed(deciders: &[Address]) -> String {
    if deciders.is_empty() {
        return "nobody (it waits until its time is over, or its delay)".to_owned();
    }
    deciders.iter().map(Address::as_str).collect::<Vec<_>>().join(", ")
}
