//! One mail with all that SMTP told about it.
//!
//! In: the transaction's data. Out: its trace header, its journal record, and what the hold wants to know.
//! Deliberately absent: any decision.

use jiff::Timestamp;

use super::Judged;
use crate::{
    hold::{Arrival, Outgoing, Passed, Relayed},
    inspect::Inspection,
    journal::{MailRecord, Record},
    mail::{
        Address, Envelope, MailId, Message, header,
        trace::{Protocol, Trace},
    },
    policy::{self, Action, Group},
    recipients::{Lesson, Recipient},
    smtp::server::Peer,
};

/// One mail with all that SMTP told about it.
pub(super) struct Incoming {
    pub(super) id: MailId,
    pub(super) at: Timestamp,
    pub(super) peer: Peer,
    pub(super) envelope: Envelope,
    pub(super) message: Message,
    /// The header lines to put in front.
    pub(super) trace: Vec<u8>,
}

impl Incoming {
    /// What the journal says about it, before it is known what the next hop says.
    pub(super) fn record(&self, judged: &Judged) -> MailRecord {
        let Judged { inspection, facts, verdict, .. } = judged;
        MailRecord::new(self.peer.client(), &self.envelope, &self.message, inspection, verdict.groups())
            .with_facts(facts.clone())
    }

    pub(super) fn entry(&self, record: MailRecord) -> Record {
        Record::mail(self.id.clone(), self.at, record)
    }

    pub(super) fn into_arrival(
        self,
        recipients: Vec<Recipient>,
        inspection: Inspection,
        facts: policy::Mail,
        lesson: &Lesson,
        groups: Vec<Group>,
    ) -> Arrival {
        let subject = self.subject();
        Arrival {
            peer: self.peer.client(),
            trace: self.trace,
            authors: authors(&self.message),
            subject,
            recipients,
            inspection,
            facts: Some(facts),
            lesson: lesson.clone(),
            groups,
            id: self.id,
            at: self.at,
            envelope: self.envelope,
            message: self.message,
        }
    }

    /// Decoded.
    pub(super) fn subject(&self) -> String {
        self.message.header("Subject").map(|subject| header::decode(subject.value)).unwrap_or_default()
    }

    /// What its sender is told when the next hop took it and will not report on it.
    pub(super) fn relayed<'a>(&'a self, subject: &'a str, reply: &'a str) -> Relayed<'a> {
        let Self { id, at, envelope, message, .. } = self;
        let recipients = envelope.recipients.as_slice();
        Relayed { id, at: *at, envelope, message, subject, recipients, via: None, reply }
    }

    pub(super) fn outgoing(&self) -> Outgoing<'_> {
        let Self { id, envelope, trace, message, .. } = self;
        Outgoing { id, sender: envelope.sender.as_ref(), trace, message }
    }

    /// What the journal says about a mail that passed before; nothing was inspected this time.
    pub(super) fn record_of_passed(&self, passed: &Passed) -> MailRecord {
        let recipients = self.envelope.recipients.clone();
        let groups = [Group::new(Action::Forward, recipients)];
        let record =
            MailRecord::new(self.peer.client(), &self.envelope, &self.message, &Inspection::default(), &groups);
        MailRecord { passed_before: Some(passed.first().clone()), ..record }
    }
}

/// The trace header of a mail (RFC 5321 §4.4); `with_client` tells who handed it over.
pub(super) fn trace(
    hostname: &str,
    with_client: bool,
    (id, at): (&MailId, Timestamp),
    peer: &Peer,
    envelope: &Envelope,
) -> Vec<u8> {
    let recipient = if let [only] = envelope.recipients.as_slice() { Some(only) } else { None };
    Trace {
        client: with_client.then(|| (peer.helo.as_str(), peer.address.ip().to_canonical().to_string())),
        hostname,
        protocol: Protocol {
            extended: peer.extended,
            utf8: envelope.smtputf8,
            tls: peer.tls.as_deref(),
            login: peer.login.is_some(),
        },
        id,
        recipient,
        at,
    }
    .field()
}

/// Everybody who says in the header to have written or sent it, those of From fields first, each mailbox once.
pub(super) fn authors(message: &Message) -> Vec<Address> {
    let mut seen = std::collections::HashSet::new();
    ["From", "Sender", "Resent-From", "Resent-Sender"]
        .into_iter()
        .flat_map(|name| message.headers().filter(move |header| header.is(name)))
        .flat_map(|header| header::mailboxes(header.value))
        .filter_map(|mailbox| Address::parse(&mailbox.address).ok())
        .filter(|author| seen.insert(author.canonical()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authors_are_everybody_in_every_field_of_origin() {
        let message = Message::new(
            *b"Resent-Sender: e@example.co.jp\r\nSender: C <c@example.co.jp>\r\nFrom: A <a@example.co.jp>, nobody,\r\n \
               b@example.co.jp\r\nTo: to@example.co.jp\r\nFROM: A@example.co.jp, d@example.co.jp\r\n\
               Resent-From: f@example.co.jp\r\n\r\nFrom: body@example.co.jp\r\n",
        );
        let authors: Vec<String> = authors(&message).iter().map(|author| author.local().to_owned()).collect();
        assert_eq!(authors, ["a", "b", "d", "c", "f", "e"]);
    }
}
