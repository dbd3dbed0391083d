//! A mail that the next hop took while its own server waited: whom of ours that concerns.
//!
//! In: what went straight through ([`Relayed`]). Out: to a sender who asked for it, that the mail went on to where nobody reports
//! on it (RFC 3461 §5.2.2). Deliberately absent: mail that was held (`outgoing`), and the journal record, which the pipeline
//! has written by then.

use jiff::Timestamp;

use super::{
    Hold, HoldError,
    outgoing::{Tidings, told, wanted},
    rounded,
};
use crate::{
    mail::{
        Address, Envelope, MailId, Message,
        dsn::{Action, Original},
    },
    notice::{self, Delivery, Progress, Story},
    policy,
    recipients::{Direction, Recipient},
    store::{Consignee, Kind},
};

/// A mail that the next hop took while its own server waited, and about whose delivery it will not report.
#[derive(Debug)]
pub struct Relayed<'a> {
    /// Its name.
    pub id: &'a MailId,
    /// When it came.
    pub at: Timestamp,
    /// From whom, and what was asked.
    pub envelope: &'a Envelope,
    /// The bytes.
    pub message: &'a Message,
    /// The subject, decoded.
    pub subject: &'a str,
    /// For whom it was taken.
    pub recipients: &'a [Address],
    /// Which host took it.
    pub via: Option<&'a str>,
    /// What it said: code and text.
    pub reply: &'a str,
}

impl Hold {
    /// Whether somebody of ours wants to hear that this mail was relayed to where nobody reports on it ([`Hold::relayed`]).
    pub fn owes_report(&self, envelope: &Envelope) -> bool {
        let ours = envelope.sender.as_ref().is_some_and(|sender| self.inner.organization.is_internal(sender));
        ours && envelope.recipients.iter().any(|to| envelope.dsn.of(to).wants().success)
    }

    /// Tells the sender, one of ours, of those recipients of `passed` for whom `NOTIFY=SUCCESS` was asked that their
    /// mail went on to a server which will not report on it (RFC 3461 §5.2.2). Whether there was anybody to tell.
    pub async fn relayed(&self, passed: &Relayed<'_>, now: Timestamp) -> Result<bool, HoldError> {
        let now = rounded(now);
        let dsn = &passed.envelope.dsn;
        let ours = |sender: &&Address| self.inner.organization.is_internal(sender);
        let Some(to) = passed.envelope.sender.as_ref().filter(ours) else { return Ok(false) };
        let consignees = passed.recipients.iter().map(|address| Consignee {
            reply: Some(passed.reply.to_owned()),
            via: passed.via.map(str::to_owned),
            ..Consignee::new(address.clone())
        });
        let entries = consignees.map(|consignee| told(&consignee, Action::Relayed, &Tidings::default(), now)).collect();
        let entries = wanted(dsn, Action::Relayed, entries);
        if entries.is_empty() {
            return Ok(false);
        }
        let original = Original { message: passed.message, whole: false, utf8: passed.envelope.smtputf8 };
        let delivery = Delivery { envid: dsn.envid.as_deref(), entries: &entries, original };
        let letter = self.letter(to, None, now);
        let notice = notice::relayed(&story_of(passed), self.voice(), &letter, &delivery);
        let mut writing = self.store().write().await?;
        self.post(&mut writing, (None, None), Kind::Dsn, notice, now).await?;
        writing.commit().await?;
        Ok(true)
    }
}

/// The story of a mail that went straight through, of which nothing is kept.
fn story_of(passed: &Relayed<'_>) -> Story {
    let recipients = passed.recipients.iter();
    Story {
        id: passed.id.clone(),
        message_id: passed.message.message_id(),
        subject: passed.subject.to_owned(),
        sender: passed.envelope.sender.clone(),
        author: String::new(),
        recipients: recipients.map(|to| Recipient::new(to.clone(), Direction::External)).collect(),
        sent_to: Vec::new(),
        inspection: crate::inspect::Inspection::default(),
        action: policy::Action::Forward,
        matched: Vec::new(),
        deciders: Vec::new(),
        progress: Progress::default(),
        arrived_at: passed.at,
        deadline: passed.at,
    }
}
