//! One mail between MAIL and its reply, as the SMTP server sees it.
//!
//! In: MAIL, each RCPT, the message. Out: replies; MAIL and RCPT are the next hop's own (cut-through). The first
//! recipient decides where the transaction goes: on, or to us as a person's answer; a mark in MAIL (`drill`) keeps it here
//! before any of that. Deliberately absent: what becomes of the message ([`Stages::pass`]).

use std::{sync::Arc, time::Instant};

use jiff::Timestamp;

use super::{Stages, count, incoming, incoming::Incoming, let_go, refused};
use crate::{
    drill::NoMark,
    inspect::Fault,
    mail::{Address, Dsn, Envelope, MailId, Message},
    smtp::{
        Reply, client,
        server::{Gate, MailFrom, Peer, RcptTo, Transaction},
    },
    telemetry::trail::{Stage, Trail},
};

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
    trail: Trail,
}

/// Where a transaction goes; its first recipient decides.
enum Way {
    /// To the next hop, which has heard MAIL and every recipient accepted so far.
    Out { next_hop: Box<client::Transaction>, recipients: Vec<Address> },
    /// Nowhere: it is a person's answer to one of our notices.
    Answer(Vec<Address>),
    /// Nowhere: it is a mail of a drill, and this may befall the worker that reads it.
    Drill { fault: Option<Fault>, recipients: Vec<Address> },
}

impl Gate for Pipeline {
    type Transaction = Passage;

    async fn mail(&self, peer: &Peer, id: MailId, from: MailFrom) -> Result<Passage, Reply> {
        let mut trail = Trail::of_mail(&id.0);
        if let Some(strain) = self.stages.strain() {
            let reply = refused(&id, "no room for it", Reply::strained(strain.words()));
            self.stages.ended(trail, "no_room", &reply);
            return Err(reply);
        }
        let dsn = Dsn { ret: from.ret, envid: from.envid.clone(), recipients: Vec::new() };
        match self.stages.marks.recognise(from.sender.as_ref(), Timestamp::now()) {
            Ok(None) => {}
            Ok(Some(act)) => {
                let fault = self.stages.let_drill_in(act, &from).await?;
                let way = Way::Drill { fault, recipients: Vec::new() };
                return Ok(Passage { stages: Arc::clone(&self.stages), peer: peer.clone(), id, from, dsn, way, trail });
            }
            Err(NoMark) => return Err(refused(&id, "it seems to be a drill and is none", Reply::no_drill())),
        }
        let begun = self.stages.next_hop.begin(&from).await;
        trail.stage(Stage::since("next_hop_mail", trail.began()));
        self.stages.pressure.heard_of_next_hop(begun.as_ref().err());
        let next_hop = match begun {
            Ok(next_hop) => next_hop,
            Err(reply) => {
                let reply = refused(&id, "the next hop refuses MAIL", reply);
                self.stages.ended(trail, "mail_refused", &reply);
                return Err(reply);
            }
        };
        let way = Way::Out { next_hop: Box::new(next_hop), recipients: Vec::new() };
        Ok(Passage { stages: Arc::clone(&self.stages), peer: peer.clone(), id, from, dsn, way, trail })
    }

    fn takes_binary(&self) -> bool {
        self.stages.next_hop.takes_binary()
    }
}

impl Stages {
    /// The trail of a mail that never was to go out.
    fn ended(&self, mut trail: Trail, outcome: &'static str, reply: &Reply) {
        count::ended(&mut trail, outcome, reply.code);
        self.traces.tell(trail);
    }
}

impl Passage {
    fn is_ours(&self, recipient: &Address) -> bool {
        recipient.domain().eq_ignore_ascii_case(&self.stages.hostname)
    }

    /// Our postmaster is the organisation's (RFC 5321 §4.5.1): nobody has a mailbox here.
    fn readdressed(&self, to: RcptTo) -> RcptTo {
        if !self.is_ours(&to.address) || !to.address.local().eq_ignore_ascii_case("postmaster") {
            return to;
        }
        let judgement = self.stages.judgement();
        let domain = judgement.organization.domains.first().map_or("", String::as_str);
        let address = Address::parse(&format!("postmaster@{domain}"));
        RcptTo { address: address.unwrap_or(to.address), ..to }
    }

    /// Recipients of one batch, none of them ours, in one go to the next hop.
    async fn relay_all(&mut self, batch: Vec<RcptTo>) -> Vec<Reply> {
        let Way::Out { next_hop, recipients } = &mut self.way else { return Vec::new() };
        let began = Instant::now();
        let mut replies = next_hop.recipients(&batch).await;
        self.trail.step(Stage::since("next_hop_rcpt", began));
        for (to, reply) in batch.into_iter().zip(&mut replies) {
            if reply.is_positive() {
                self.dsn.note(&to.address, to.dsn);
                recipients.push(to.address);
            } else {
                *reply = refused(&self.id, "the next hop refuses a recipient", reply.clone());
            }
        }
        replies
    }
}

impl Transaction for Passage {
    async fn recipient(&mut self, to: RcptTo) -> Reply {
        if let Way::Drill { recipients, .. } = &mut self.way {
            recipients.push(to.address);
            return Reply::recipient_accepted();
        }
        let to = self.readdressed(to);
        let recipient = to.address.clone();
        let ours = self.is_ours(&recipient);
        match (&mut self.way, ours) {
            (Way::Out { .. }, false) => {
                self.relay_all(vec![to]).await.pop().unwrap_or_else(Reply::next_hop_unavailable)
            }
            (_, true) if !self.stages.expects(&recipient).await => {
                refused(&self.id, "a recipient of ours that takes no answers", Reply::no_such_mailbox())
            }
            (Way::Answer(answers), true) => {
                answers.push(recipient);
                Reply::recipient_accepted()
            }
            (Way::Out { recipients, .. }, true) if recipients.is_empty() => {
                if let Way::Out { next_hop, .. } = std::mem::replace(&mut self.way, Way::Answer(vec![recipient])) {
                    let_go(*next_hop);
                }
                Reply::recipient_accepted()
            }
            // An answer and a mail to others have different fates; the mail server sends them one after the other.
            _ => refused(&self.id, "an answer and other mail at once", Reply::too_many_recipients()),
        }
    }

    async fn recipients(&mut self, batch: Vec<RcptTo>) -> Vec<Reply> {
        let batch: Vec<RcptTo> = batch.into_iter().map(|to| self.readdressed(to)).collect();
        if matches!(self.way, Way::Out { .. }) && !batch.iter().any(|to| self.is_ours(&to.address)) {
            return self.relay_all(batch).await;
        }
        let mut replies = Vec::with_capacity(batch.len());
        for to in batch {
            replies.push(self.recipient(to).await);
        }
        replies
    }

    fn pause(&mut self) {
        if let Way::Out { next_hop, .. } = &mut self.way {
            next_hop.park();
        }
    }

    async fn message(self, message: Message) -> Reply {
        let Self { stages, peer, id, from, dsn, way, mut trail } = self;
        match way {
            Way::Out { next_hop, recipients } => {
                let MailFrom { sender, body, smtputf8, requiretls, .. } = from;
                let envelope = Envelope { sender, recipients, body, smtputf8, requiretls, dsn };
                let at = stages.hold.now();
                let trace = incoming::trace(&stages.hostname, stages.trace_client, (&id, at), &peer, &envelope);
                stages.pass(Incoming { id, at, peer, envelope, message, trace }, *next_hop, trail).await
            }
            Way::Answer(_) if stages.store_is_away() => {
                let why = "an answer that needs the store, which is away";
                let reply = refused(&id, why, Reply::needs_store());
                stages.ended(trail, "answer", &reply);
                reply
            }
            Way::Answer(to) => {
                let began = Instant::now();
                let reply = stages.answer(&id, from.sender, &to, &message).await;
                trail.stage(Stage::since("answer", began));
                stages.ended(trail, "answer", &reply);
                reply
            }
            // No trail of it is told: a drill is no mail.
            Way::Drill { fault, recipients } => stages.examine(fault, recipients, &message).await,
        }
    }

    async fn abandon(self) {
        if let Way::Out { next_hop, .. } = self.way {
            next_hop.reset().await;
        }
    }
}
