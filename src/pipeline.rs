//! One mail from MAIL to its reply: the story of Sekisho in one screen ([`Stages::pass`]).
//!
//! In: what the SMTP server hears, through its [`Gate`]. Out: the reply, after the next hop has taken the mail or
//! the store has committed it, and not before. MAIL and RCPT travel to the next hop as they come (cut-through), so
//! that the mail server sees the next hop's own replies; the message follows only after a forward decision.
//! Deliberately absent: what each stage knows. A stage is one call; its reasons live in its room.

use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;

use crate::{
    hold::{Answered, Arrival, Clearance, Hold},
    inspect::{
        Inspection, Job, Kind,
        sandbox::{Unavailable, Workers},
    },
    journal::{Journal, MailRecord, Record},
    mail::{Address, Dsn, Envelope, MailId, Message, header},
    notice::{Answer, answer},
    policy::{Decision, Forward, Group, Policies, Verdict},
    recipients::{self, Organization, Partners, Recipient},
    smtp::{
        Reply,
        client::{self, NextHop},
        server::{Gate, MailFrom, Peer, RcptTo, Transaction},
    },
};

/// A mail with more Received fields than this goes round in circles (RFC 5321 §6.3 asks for at least 100).
const MAX_HOPS: usize = 100;
/// A mail that passed here more often than this goes round between us and a neighbour.
const MAX_OWN_HOPS: usize = 5;

/// What judges a mail; SIGHUP replaces it as a whole.
#[derive(Debug)]
pub struct Judgement {
    /// Who we are.
    pub organization: Organization,
    /// Whom we know.
    pub partners: Partners,
    /// What is to happen.
    pub policies: Policies,
    /// Who reads the mail.
    pub workers: Workers,
}

/// A mail judged.
#[derive(Debug)]
pub struct Judged {
    /// What is in it.
    pub inspection: Inspection,
    /// Who gets it.
    pub recipients: Vec<Recipient>,
    /// What happens to it.
    pub verdict: Verdict,
}

impl Judgement {
    /// Inspects the mail, looks at its recipients, asks policy. Only the want of a worker is an error.
    pub async fn judge(&self, envelope: &Envelope, message: &Message) -> Result<Judged, Unavailable> {
        let job = Job { kind: Kind::Mail, own: own_addresses(envelope, message) };
        let inspection = self.workers.inspect(message.bytes(), &job).await?;
        let recipients = recipients::judge(envelope, message, &self.organization, &self.partners);
        let verdict = self.policies.decide(&recipients, &inspection);
        Ok(Judged { inspection, recipients, verdict })
    }
}

/// The sender and the recipients: people whose contact lines are not leaked by being in their own mail.
fn own_addresses(envelope: &Envelope, message: &Message) -> Vec<String> {
    // One author: a From field with a thousand mailboxes must not excuse a thousand people.
    let author = message.header("From").and_then(|from| header::mailboxes(from.value).into_iter().next());
    let envelope = envelope.recipients.iter().chain(&envelope.sender).map(Address::canonical);
    envelope.chain(author.map(|author| author.address.to_lowercase())).collect()
}

/// All stages of the way of a mail; [`Pipeline`] hands them out to the SMTP server.
pub struct Stages {
    /// What we call ourselves in trace headers.
    pub hostname: String,
    /// Where clean mail goes.
    pub next_hop: NextHop,
    /// Where the rest goes.
    pub hold: Hold,
    /// What is written about all of it.
    pub journal: Journal,
    /// How it is judged.
    pub judgement: RwLock<Arc<Judgement>>,
}

/// One mail with all that SMTP told about it.
struct Incoming {
    id: MailId,
    at: Timestamp,
    peer: Peer,
    envelope: Envelope,
    message: Message,
}

impl Stages {
    /// Replaces what judges; mails on their way keep the judgement they began with.
    pub fn replace_judgement(&self, judgement: Judgement) {
        *self.judgement.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(judgement);
    }

    fn judgement(&self) -> Arc<Judgement> {
        Arc::clone(&self.judgement.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The way of a mail.
    async fn pass(&self, mail: Incoming, next_hop: client::Transaction) -> Reply {
        if self.goes_in_circles(&mail.message) {
            let_go(next_hop);
            return Reply::mail_loop();
        }
        let judged = match self.judgement().judge(&mail.envelope, &mail.message).await {
            Ok(judged) => judged,
            Err(why) => {
                tracing::error!(id = %mail.id, %why, "not inspected, so not taken");
                let_go(next_hop);
                return if matches!(why, Unavailable::Busy) { Reply::busy() } else { Reply::internal() };
            }
        };
        let record = mail.record(&judged);
        let Judged { inspection, recipients, verdict } = judged;
        match verdict.into_decision() {
            Decision::Forward(forward) => self.forward(&mail, record, &forward, next_hop).await,
            Decision::Store(groups) => {
                let_go(next_hop);
                self.keep(mail.into_arrival(&self.hostname, recipients, inspection, groups)).await
            }
            Decision::Reject(_) => {
                let_go(next_hop);
                self.refused(mail.entry(record), Reply::rejected(REJECTED)).await
            }
        }
    }

    /// The next hop's answer is ours. The journal is written between the two; once the next hop has the mail, a
    /// journal that fails can no longer call it back, so it closes the gate for the mails after this one instead.
    async fn forward(&self, mail: &Incoming, record: MailRecord, pass: &Forward, hop: client::Transaction) -> Reply {
        let clearance = Clearance::forward(pass, mail.trace(&self.hostname), &mail.message);
        let reply = hop.data(&clearance).await;
        let entry = mail.entry(record.answered(reply.text()));
        if !reply.is_positive() {
            return self.refused(entry, reply).await;
        }
        if let Err(why) = self.journal.record(entry).await {
            tracing::error!(id = %mail.id, %why, "forwarded, but not journalled");
        }
        Reply::forwarded(&reply)
    }

    /// Everything about a held mail is one commit, its journal record included.
    async fn keep(&self, arrival: Arrival) -> Reply {
        let id = arrival.id.clone();
        match self.hold.take(arrival).await {
            Ok(held) => Reply::held(&held),
            Err(why) => {
                tracing::error!(%id, %why, "could not be held, so not taken");
                Reply::internal()
            }
        }
    }

    /// A refusal leaves the mail where it is, so it may stand without its record.
    async fn refused(&self, entry: Record, reply: Reply) -> Reply {
        if let Err(why) = self.journal.record(entry).await {
            tracing::error!(%why, "a refusal was not journalled");
        }
        reply
    }

    /// A person's reply to one of our notices. Envelope and From must both say who it is: a mail with the null reverse
    /// path is a machine's, and its From field is anybody's.
    async fn answer(&self, sender: Option<Address>, to: &[Address], message: &Message) -> Reply {
        let Some(sender) = sender else { return Reply::new(250, "2.0.0", "an automatic mail decides nothing") };
        let authors = authors(message);
        if authors.is_empty() {
            return Reply::rejected("your answer needs a From field with your own address");
        }
        let from: Vec<Address> = std::iter::once(sender).chain(authors).collect();
        let Ok(said) = read_answer(message.clone()).await else { return Reply::internal() };
        for secret in to.iter().filter_map(secret_of) {
            match self.hold.answer(secret, &from, &said, Timestamp::now()).await {
                Ok(Answered::Refused(why)) => tracing::warn!(?why, "an answer was refused"),
                Ok(came) => tracing::info!(?came, "an answer came"),
                Err(why) => {
                    tracing::error!(%why, "an answer could not be taken");
                    return Reply::internal();
                }
            }
        }
        Reply::new(250, "2.0.0", "your answer was taken")
    }

    /// Whether `address` is a secret reply address of ours. A store that does not answer is no reason to bounce an
    /// answer: it is taken, and the store asked again.
    async fn expects(&self, address: &Address) -> bool {
        match secret_of(address) {
            Some(secret) => self.hold.expects(secret).await.unwrap_or(true),
            None => false,
        }
    }

    fn goes_in_circles(&self, message: &Message) -> bool {
        let ours = format!("by {} (Sekisho)", self.hostname);
        let passed_here = |value: &[u8]| memchr::memmem::find(value, ours.as_bytes()).is_some();
        let own = message.headers().filter(|h| h.is("Received") && passed_here(h.value)).count();
        own > MAX_OWN_HOPS || message.hops() > MAX_HOPS
    }
}

/// How much of an answer is read, in bytes: its words stand at the top, what it quotes may be large.
const ANSWER: usize = 1 << 20;

/// Reads an answer where a slow one holds up nobody.
async fn read_answer(message: Message) -> Result<Answer, tokio::task::JoinError> {
    tokio::task::spawn_blocking(move || {
        let bytes = message.bytes();
        if bytes.len() <= ANSWER {
            return answer::parse(&message);
        }
        answer::parse(&Message::new(bytes.get(..ANSWER).unwrap_or_default()))
    })
    .await
}

/// Gives the connection back without waiting for the next hop's word on it.
fn let_go(next_hop: client::Transaction) {
    tokio::spawn(next_hop.reset());
}

/// What a sender is told: what to do, not what matched.
const REJECTED: &str = "this mail may not leave the organisation; ask your security team";

/// Everybody who says in the header to have written or sent it, those of From fields first, each mailbox once.
fn authors(message: &Message) -> Vec<Address> {
    let mut seen = std::collections::HashSet::new();
    ["From", "Sender", "Resent-From", "Resent-Sender"]
        .into_iter()
        .flat_map(|name| message.headers().filter(move |header| header.is(name)))
        .flat_map(|header| header::mailboxes(header.value))
        .filter_map(|mailbox| Address::parse(&mailbox.address).ok())
        .filter(|author| seen.insert(author.canonical()))
        .collect()
}

/// What stands between `sekisho+` and `@` in a secret reply address.
fn secret_of(address: &Address) -> Option<&str> {
    let (name, secret) = address.local().split_once('+')?;
    name.eq_ignore_ascii_case("sekisho").then_some(secret)
}

impl Incoming {
    /// What the journal says about it, before it is known what the next hop says.
    fn record(&self, judged: &Judged) -> MailRecord {
        MailRecord::new(self.peer.client(), &self.envelope, &self.message, &judged.inspection, judged.verdict.groups())
    }

    fn entry(&self, record: MailRecord) -> Record {
        Record::mail(self.id.clone(), self.at, record)
    }

    fn into_arrival(
        self,
        hostname: &str,
        recipients: Vec<Recipient>,
        inspection: Inspection,
        groups: Vec<Group>,
    ) -> Arrival {
        let subject = self.message.header("Subject").map(|subject| header::decode(subject.value)).unwrap_or_default();
        Arrival {
            trace: self.trace(hostname),
            peer: self.peer.client(),
            authors: authors(&self.message),
            subject,
            recipients,
            inspection,
            groups,
            id: self.id,
            at: self.at,
            envelope: self.envelope,
            message: self.message,
        }
    }

    /// The trace header of RFC 5321 §4.4, with our id for the mail.
    fn trace(&self, hostname: &str) -> Vec<u8> {
        let Self { id, at, peer, .. } = self;
        let protocol = if peer.extended { "ESMTP" } else { "SMTP" };
        let date = at.strftime("%a, %d %b %Y %H:%M:%S +0000");
        let ip = peer.address.ip();
        format!(
            "Received: from {} ([{ip}])\r\n\tby {hostname} (Sekisho) with {protocol} id {id};\r\n\t{date}\r\n",
            peer.helo
        )
        .into_bytes()
    }
}

/// The gate of the SMTP server.
#[derive(Clone)]
pub struct Pipeline {
    stages: Arc<Stages>,
}

impl Pipeline {
    /// Takes the stages as they were built.
    pub fn new(stages: Arc<Stages>) -> Self {
        Self { stages }
    }
}

/// One mail between MAIL and its reply.
pub struct Passage {
    stages: Arc<Stages>,
    peer: Peer,
    id: MailId,
    from: MailFrom,
    dsn: Dsn,
    way: Way,
}

/// Where a transaction goes; its first recipient decides.
enum Way {
    /// To the next hop, which has heard MAIL and every recipient accepted so far.
    Out { next_hop: client::Transaction, recipients: Vec<Address> },
    /// Nowhere: it is a person's answer to one of our notices.
    Answer(Vec<Address>),
}

impl Gate for Pipeline {
    type Transaction = Passage;

    async fn mail(&self, peer: &Peer, id: MailId, from: MailFrom) -> Result<Passage, Reply> {
        if !self.stages.journal.healthy() {
            return Err(Reply::internal());
        }
        let next_hop = self.stages.next_hop.begin(&from).await?;
        let way = Way::Out { next_hop, recipients: Vec::new() };
        let dsn = Dsn { ret: from.ret, envid: from.envid.clone(), recipients: Vec::new() };
        Ok(Passage { stages: Arc::clone(&self.stages), peer: peer.clone(), id, from, dsn, way })
    }
}

impl Transaction for Passage {
    async fn recipient(&mut self, to: RcptTo) -> Reply {
        let recipient = to.address.clone();
        let ours = recipient.domain().eq_ignore_ascii_case(&self.stages.hostname);
        match (&mut self.way, ours) {
            (Way::Out { next_hop, recipients }, false) => {
                let reply = next_hop.recipient(&to).await;
                if reply.is_positive() {
                    self.dsn.note(&recipient, to.dsn);
                    recipients.push(recipient);
                }
                reply
            }
            (_, true) if !self.stages.expects(&recipient).await => Reply::no_such_mailbox(),
            (Way::Answer(answers), true) => {
                answers.push(recipient);
                Reply::recipient_accepted()
            }
            (Way::Out { recipients, .. }, true) if recipients.is_empty() => {
                if let Way::Out { next_hop, .. } = std::mem::replace(&mut self.way, Way::Answer(vec![recipient])) {
                    let_go(next_hop);
                }
                Reply::recipient_accepted()
            }
            // An answer and a mail to others have different fates; the mail server sends them one after the other.
            _ => Reply::too_many_recipients(),
        }
    }

    async fn message(self, message: Message) -> Reply {
        let Self { stages, peer, id, from, dsn, way } = self;
        match way {
            Way::Out { next_hop, recipients } => {
                let MailFrom { sender, body, smtputf8, requiretls, .. } = from;
                let envelope = Envelope { sender, recipients, body, smtputf8, requiretls, dsn };
                stages.pass(Incoming { id, at: Timestamp::now(), peer, envelope, message }, next_hop).await
            }
            Way::Answer(to) => stages.answer(from.sender, &to, &message).await,
        }
    }

    async fn abandon(self) {
        if let Way::Out { next_hop, .. } = self.way {
            next_hop.reset().await;
        }
    }
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
