//! What may be wrong with the journal, and how that is told.
//!
//! In: what was found at a row. Out: plain words for whoever keeps the journal. What each way of tampering comes to:
//!
//! | what was done | what is found |
//! |---|---|
//! | a record, its time or its id was changed | [`Fault::Changed`], [`Fault::Mislabelled`] |
//! | records were deleted before the last one | [`Fault::Missing`] |
//! | records were deleted at the end | [`Fault::CutOff`], by the seal; with its seal too: [`Fault::Unsealed`] |
//! | records were exchanged, or moved | [`Fault::Misplaced`], with the place where it belongs |
//! | a record was put in | [`Fault::Stray`] or, at the end, [`Fault::Unsealed`] |
//! | all hashes from a record on were made anew | [`Fault::Rechained`], by the first seal behind it |
//! | the seals too, without the key | [`Fault::Forged`] |
//! | the oldest were deleted, and that looks as if their time was over | [`Fault::ForeignMark`], [`Fault::Untold`] |
//! | everything was replaced by an older copy, seals and all | [`Fault::NotTheHead`], if a head was kept elsewhere |
//!
//! Deliberately absent: how it is found (`verify`).

use std::fmt;

use serde::Serialize;

/// Where the journal is broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Broken {
    /// The row's number.
    pub seq: i64,
    /// What is wrong there.
    #[serde(flatten)]
    pub fault: Fault,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum Fault {
    /// Records before this one are not there, from this number on.
    Missing {
        /// The first of them.
        from: i64,
    },
    /// The record does not say what it said when it was written.
    Changed,
    /// The time or the id by which it is found is not the one in the record.
    Mislabelled,
    /// It is an untouched record that belongs elsewhere.
    Misplaced {
        /// Its own number.
        belongs: i64,
    },
    /// It was not written behind the record before it.
    Stray,
    /// Its hash is not the one that was sealed.
    Rechained,
    /// The seal on it is not this store's.
    Forged,
    /// The seals say that there were records up to this one.
    CutOff,
    /// It and what follows was never sealed.
    Unsealed,
    /// The mark of what was removed before it, as its time was over, is not this store's.
    ForeignMark,
    /// No record tells that those before it were removed.
    Untold,
    /// The head that was kept is not in the journal; where it should be, if that is known, stands another one.
    NotTheHead,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seq = self.seq;
        match self.fault {
            Fault::Missing { from } if from == seq - 1 => write!(f, "record {from} is missing: it was deleted"),
            Fault::Missing { from } => write!(f, "records {from} to {} are missing: they were deleted", seq - 1),
            Fault::Changed => write!(f, "record {seq} was changed after it was written"),
            Fault::Mislabelled => write!(
                f,
                "record {seq} is untouched, but the time or the id beside it, by which it is found, was changed"
            ),
            Fault::Misplaced { belongs } => write!(
                f,
                "in the place of record {seq} stands record {belongs}: records were exchanged or moved, or one was put in"
            ),
            Fault::Stray => write!(
                f,
                "record {seq} was not written behind the one before it: it, or the one before it, was put in or replaced"
            ),
            Fault::Rechained => write!(
                f,
                "record {seq} does not have the hash that was sealed: it or a record before it was replaced, and the \
                 hashes made anew"
            ),
            Fault::Forged => write!(
                f,
                "the seal on record {seq} was not made with this store's key: the records up to it may have been replaced"
            ),
            Fault::CutOff => {
                write!(f, "there was a record {seq}, as its seal says: the end of the journal was cut off")
            }
            Fault::Unsealed => write!(
                f,
                "record {seq} and what follows was never sealed: it was added by something else than Sekisho, or records \
                 and seals behind it were removed"
            ),
            Fault::ForeignMark => write!(
                f,
                "the mark of what was removed before record {seq} was not made with this store's key: more may be gone than \
                 had to go"
            ),
            Fault::Untold => {
                write!(f, "no record tells that those before record {seq} were removed, or other ones were")
            }
            Fault::NotTheHead => write!(
                f,
                "the head that you kept is not in the journal: records were removed or replaced since, or it is the head \
                 of another journal"
            ),
        }
    }
}
