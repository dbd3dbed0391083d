//! One record: what happened, when, and to which mail.
//!
//! In: what was decided about a mail ([`MailRecord`]), or what somebody did. Out: a [`Record`], whose JSON form is what is
//! chained and searched.
//! Deliberately absent: content, see the room's doc.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::MailRecord;
use crate::mail::MailId;

/// One record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The mail it is about.
    pub id: MailId,
    /// When it happened.
    pub at: Timestamp,
    /// When it was put into the chain, if the store was away when it happened and it waited in the spool of its node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spooled_until: Option<Timestamp>,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum What {
    /// A mail came and was decided on.
    Mail(Box<MailRecord>),
    /// Something happened to a held mail.
    Change(Change),
    /// The rules were replaced by others.
    Rules(RulesChange),
    /// Records were removed, being older than they are to be kept.
    Removed(Removed),
    /// Somebody had the history of recipients learn or forget.
    History(HistoryAct),
    /// Somebody came into the console, or tried to.
    Access(Accessed),
    /// Somebody took records of the journal out as a file.
    Export(Exported),
    /// Mails of our own making were sent through, to see that nothing is left unread. Not a drill of those who decide,
    /// which is a [`Change`] of a held mail.
    MachineDrill(MachineDrill),
}

/// How a drill of the machine ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineDrill {
    /// Who ordered it: the user of the operating system, or `sekisho` where it is its time.
    pub by: String,
    /// From where.
    pub via: Via,
    /// The machine on which it was.
    pub node: String,
    /// How many mails were sent through.
    pub scenarios: u32,
    /// How many did not come out as they should.
    pub failed: u32,
    /// How many would have gone out although something in them was not found or not read.
    pub left_uninspected: u32,
    /// How many would have gone out unread because the rules that stop such mails only report.
    #[serde(default)]
    pub only_reported: u32,
    /// What failed, the first of them: `jp.phone in xlsx: not_found`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<String>,
    /// How long it took.
    pub seconds: u64,
}

impl MachineDrill {
    /// Whether all of it came out as it should.
    pub fn is_well(&self) -> bool {
        self.scenarios > 0 && self.failed == 0 && self.left_uninspected == 0
    }
}

/// Which records of the journal are gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    /// How many.
    pub records: u64,
    /// The number of the last of them.
    pub through: i64,
    /// Its hash, in hexadecimal: a copy of the journal that somebody kept elsewhere ends with it.
    pub hash: String,
    /// All of them were from before this time.
    pub before: Timestamp,
}

/// What somebody did with the history of recipients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryAct {
    /// `forgotten`, `importing` (it began) or `imported`.
    pub act: String,
    /// Who: the user of the operating system.
    pub by: String,
    /// From where.
    pub via: Via,
    /// Of an address that is forgotten a keyed digest, and never the address: whoever has the address, the store and its
    /// key can tell that it was forgotten and when, and nobody can tell from this whose it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// How many counters were forgotten, mails learned, or files read.
    pub count: u64,
}

/// What somebody took out of the journal. Two records of one id tell of it: one before the first row goes out, and one
/// with the number of rows when the last did, or when the reader went away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exported {
    /// Who.
    pub by: String,
    /// From where.
    pub via: Via,
    /// From which network address.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub place: String,
    /// `csv` or `json`
    pub format: String,
    /// What was asked, as the address of the page says it; empty for everything.
    pub query: String,
    /// How many rows went out; not said before they do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Whether those were all.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub whole: bool,
}

/// Who came in, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accessed {
    /// Who, or as whom somebody tried.
    pub who: String,
    /// What was done.
    #[serde(flatten)]
    pub access: Access,
    /// From where.
    pub via: Via,
    /// From which network address; on the command line, who sat there by the system's account.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub place: String,
}

/// How somebody came in, or changed how they do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "access", rename_all = "snake_case")]
pub enum Access {
    /// Logged in, by two factors if `strong`.
    LoggedIn {
        /// By two factors.
        strong: bool,
    },
    /// Logged out.
    LoggedOut,
    /// Too many wrong passwords or codes: nobody gets in for a while.
    Locked,
    /// Sessions were ended from another one, or by an administrator.
    SessionsEnded {
        /// How many.
        sessions: u64,
    },
    /// A second factor was set up.
    FactorSet,
    /// It was taken away.
    FactorRemoved,
    /// A recovery code was used in its place.
    RecoveryUsed,
    /// A token of the API was made.
    TokenMade,
    /// One was ended.
    TokenEnded,
    /// Whoever sat at the command line decided about held mail in this person's name.
    ActedAs,
}

/// Which rules are other ones from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesChange {
    /// From where.
    pub via: Via,
    /// How many policy rules there are now.
    pub rules: usize,
    /// Which are new (`+`), gone (`-`) or other ones (`~`), and in what; none if only other files changed.
    pub differences: Vec<String>,
    /// What else is another one: texts of notices, the server of the directory.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub renewed: Vec<String>,
}

/// What happened to a held mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The held mail.
    pub held: MailId,
    /// `approved` `rejected` `sent_back` `withdrawn` `expired` `released` `delivered` `bounced`, or what was done without a
    /// change: `viewed` (of which `detail` says what, if not all) `consulted` `opinion` `retried` `refused` (an answer)
    /// `destroyed` (its bytes).
    pub change: String,
    /// Who did it; nobody if time did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// From where.
    pub via: Via,
    /// What more there is to say: why an answer was refused, what the next hop replied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// From where somebody acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// By replying to a mail.
    Reply,
    /// In the console, or by a program through its API.
    Console,
    /// On the command line.
    Cli,
    /// By SMTP.
    Smtp,
    /// By a signal to the process: who sent it cannot be known.
    Signal,
    /// Nobody: time, or Sekisho itself.
    System,
}

impl Via {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::Console => "console",
            Self::Cli => "cli",
            Self::Smtp => "smtp",
            Self::Signal => "signal",
            Self::System => "system",
        }
    }
}

impl Record {
    /// The record of a mail on which policy has decided.
    pub fn mail(id: MailId, at: Timestamp, mail: MailRecord) -> Self {
        Self { id, at, spooled_until: None, what: What::Mail(Box::new(mail)) }
    }

    /// The record of a reload; `id` is nobody else's.
    pub fn rules(id: MailId, at: Timestamp, change: RulesChange) -> Self {
        Self { id, at, spooled_until: None, what: What::Rules(change) }
    }

    /// The record of an act upon the history; `id` is nobody else's.
    pub fn history(id: MailId, at: Timestamp, act: HistoryAct) -> Self {
        Self { id, at, spooled_until: None, what: What::History(act) }
    }

    /// The record of somebody coming in; `id` is nobody else's.
    pub fn access(id: MailId, at: Timestamp, accessed: Accessed) -> Self {
        Self { id, at, spooled_until: None, what: What::Access(accessed) }
    }

    /// The record of an export.
    pub fn export(id: MailId, at: Timestamp, exported: Exported) -> Self {
        Self { id, at, spooled_until: None, what: What::Export(exported) }
    }

    /// The record of a drill of the machine; `id` is nobody else's.
    pub fn machine_drill(id: MailId, at: Timestamp, drill: MachineDrill) -> Self {
        Self { id, at, spooled_until: None, what: What::MachineDrill(drill) }
    }

    /// The record of a change.
    pub fn change(mail: MailId, at: Timestamp, change: Change) -> Self {
        Self { id: mail, at, spooled_until: None, what: What::Change(change) }
    }
}
