//! One mail from MAIL to its reply: the story of Sekisho in one screen ([`Stages::pass`]).
//!
//! In: what the SMTP server hears, through its [`Gate`](crate::smtp::server::Gate). Out: the reply, after the next hop
//! has taken the mail or the store has committed it, and not before. MAIL and RCPT travel to the next hop as they come
//! (cut-through, `passage`), so that the mail server sees the next hop's own replies; the message follows only after a
//! forward decision, and a mail whose client is slow holds no connection to the next hop. A decision that splits is
//! `split`'s story. While the store is away (`outage`), a mail that is forwarded goes out if its record finds a place in the
//! spool, and every other one is answered with 451.
//! Deliberately absent: what each stage knows. A stage is one call; its reasons live in its room.

mod answer;
mod count;
mod drill;
mod incoming;
mod judgement;
mod marked;
mod memory;
mod outage;
mod passage;
mod past;
mod pressure;
mod split;

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
    time::Instant,
};

use jiff::Timestamp;

use crate::{
    drill::Marks,
    hold::{Arrival, Clearance, Hold, Passed, Proof, Relayed},
    inspect::{Show, Shown, sandbox::Unavailable},
    journal::{Journal, MailRecord},
    language::Text,
    mail::{Address, Envelope, MailId, Message, header, trace},
    notice::{Progress, Story},
    policy::{Action, Decision, Forward},
    recipients::Lesson,
    smtp::{
        Reply,
        client::{self, NextHop, Sent},
    },
    telemetry::{
        metrics::Metrics,
        traces::Traces,
        trail::{Stage, Trail},
    },
};

use incoming::Incoming;
pub use judgement::{Judged, Judgement};
pub use memory::Memory;
pub use passage::{Passage, Pipeline};
pub use past::{Past, day};
pub use pressure::{Pressure, Settings as PressureSettings};
use split::Split;
pub use split::Splits;

/// A mail with more Received fields than this goes round in circles (RFC 5321 §6.3 asks for at least 100).
const MAX_HOPS: usize = 100;
/// A mail that passed here more often than this goes round between us and a neighbour.
const MAX_OWN_HOPS: usize = 5;

/// All stages of the way of a mail; [`Pipeline`] hands them out to the SMTP server.
pub struct Stages {
    /// What we call ourselves in trace headers.
    pub hostname: String,
    /// Whether they say who handed the mail over.
    pub trace_client: bool,
    /// Where clean mail goes.
    pub next_hop: NextHop,
    /// Where the rest goes.
    pub hold: Hold,
    /// What is written about all of it.
    pub journal: Journal,
    /// How it is judged.
    pub judgement: RwLock<Arc<Judgement>>,
    /// Mails that go out for some of their recipients only.
    pub splits: Splits,
    /// Which mails are drills of the machine.
    pub marks: Marks,
    /// Whether there is room for more.
    pub pressure: Pressure,
    /// What is counted.
    pub metrics: Metrics,
    /// Who is told what took how long.
    pub traces: Traces,
}

impl Stages {
    /// Replaces what judges, and gives back what did; mails on their way keep the judgement they began with.
    pub fn replace_judgement(&self, judgement: Judgement) -> Arc<Judgement> {
        let mut current = self.judgement.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut current, Arc::new(judgement))
    }

    /// What the rules in force are called.
    pub fn titles(&self) -> BTreeMap<String, Text> {
        self.judgement().policies.rules().map(|rule| (rule.id.to_owned(), rule.title.clone())).collect()
    }

    fn judgement(&self) -> Arc<Judgement> {
        Arc::clone(&self.judgement.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What would become of a mail; nothing is sent, kept or learned, and its story has no id.
    pub async fn try_out(&self, envelope: &Envelope, message: &Message) -> Result<Story, Unavailable> {
        let judged = self.judgement().look(envelope, message).await?;
        let at = Timestamp::now();
        let decoded = |name| message.header(name).map(|field| header::decode(field.value)).unwrap_or_default();
        Ok(Story {
            id: MailId(String::new()),
            message_id: message.message_id(),
            subject: decoded("Subject"),
            sender: envelope.sender.clone(),
            author: decoded("From"),
            action: judged.verdict.action(),
            matched: judged.verdict.matched(),
            recipients: judged.recipients,
            sent_to: Vec::new(),
            inspection: judged.inspection,
            deciders: Vec::new(),
            progress: Progress::default(),
            arrived_at: at,
            deadline: at,
        })
    }

    /// What a reviewer wants to see of a held mail; nothing if it cannot be read.
    pub async fn show(&self, envelope: &Envelope, message: &Message, what: Show) -> Result<Option<Shown>, Unavailable> {
        self.judgement().show(envelope, message, what).await
    }

    /// The way of a mail, counted.
    async fn pass(&self, mail: Incoming, next_hop: client::Transaction, mut trail: Trail) -> Reply {
        let (began, mut action) = (Instant::now(), None);
        count::arrived(&mut trail, &mail.envelope, &mail.message);
        let (id, recipients) = (mail.id.clone(), mail.envelope.recipients.len());
        let from = mail.envelope.sender.as_ref().map_or_else(|| "<>".to_owned(), ToString::to_string);
        let reply = self.passed(mail, next_hop, &mut trail, &mut action).await;
        // Of those that are not taken another line says why.
        if reply.is_positive() {
            let decision = action.map_or("passed before", Action::name);
            tracing::info!(%id, from, recipients, decision, reply = %said(&reply), "mail");
        }
        self.metrics.stage("whole", began.elapsed());
        count::answered(&self.metrics, &mut trail, action, &reply);
        self.metrics.stages(&trail);
        self.traces.tell(trail);
        reply
    }

    /// The way of a mail, of which `trail` notes what took how long; `action` is what was decided, once it is.
    async fn passed(
        &self,
        mail: Incoming,
        next_hop: client::Transaction,
        trail: &mut Trail,
        action: &mut Option<Action>,
    ) -> Reply {
        if self.goes_in_circles(&mail.message) {
            let_go(next_hop);
            return refused(&mail.id, "it goes in circles", Reply::mail_loop());
        }
        let began = Instant::now();
        let passed = self.recognised(&mail).await;
        trail.stage(Stage::since("recognise", began));
        if let Some(passed) = passed {
            return self.pass_again(&mail, &passed, next_hop, trail).await;
        }
        let began = Instant::now();
        let mut judged = match self.judged(&mail).await {
            Ok(judged) => judged,
            Err(why) => {
                let_go(next_hop);
                trail.stage(Stage::since(if matches!(why, Unavailable::Busy) { "wait" } else { "inspect" }, began));
                let reply = if matches!(why, Unavailable::Busy) { Reply::busy() } else { Reply::internal() };
                return refused(&mail.id, &format!("not inspected, so not taken: {why}"), reply);
            }
        };
        count::judged(&self.metrics, &mail.message, &judged, began.elapsed());
        count::decided(trail, &mut judged);
        *action = Some(judged.verdict.action());
        let record = mail.record(&judged);
        let Judged { inspection, recipients, facts, lesson, verdict, .. } = judged;
        match verdict.into_decision() {
            Decision::Forward(forward) => {
                let reply = self.forward(&mail, record, Proof::Forward(&forward), next_hop, trail).await;
                self.learn(&lesson, forward.recipients(), mail.at, &reply);
                reply
            }
            Decision::Split(..) | Decision::Store(_) if self.store_is_away() => {
                let_go(next_hop);
                refused(&mail.id, "it needs the store, which is away", Reply::needs_store())
            }
            Decision::Split(forward, groups) => {
                let_go(next_hop);
                let at = mail.at;
                let arrival = mail.into_arrival(recipients, inspection, facts, &lesson, groups);
                let reply = self.split(arrival, &forward, trail).await;
                self.learn(&lesson, forward.recipients(), at, &reply);
                reply
            }
            Decision::Store(groups) => {
                let_go(next_hop);
                self.keep(mail.into_arrival(recipients, inspection, facts, &lesson, groups), trail).await
            }
            Decision::Reject(_) => {
                let_go(next_hop);
                self.refuse(&mail, record, "policy rejects it", Reply::rejected(REJECTED), trail).await
            }
        }
    }

    /// The next hop's answer is ours. The journal is written between the two; once the next hop has the mail, a
    /// journal that fails can no longer call it back, so it closes the gate for the mails after this one instead. If it is
    /// known before that it is written to the spool, its place there is made before.
    async fn forward(
        &self,
        mail: &Incoming,
        record: MailRecord,
        proof: Proof<'_>,
        next_hop: client::Transaction,
        trail: &mut Trail,
    ) -> Reply {
        let room = match self.room_for(mail, &record, &next_hop).await {
            Ok(room) => room,
            Err(reply) => {
                let_go(next_hop);
                return reply;
            }
        };
        let clearance: Clearance = self.hold.clear_at_once(proof, mail.outgoing(), mail.at).await;
        let began = Instant::now();
        let Sent { reply, reports, .. } = next_hop.data(&clearance).await;
        trail.stage(count::replied(Stage::since("next_hop", began), &reply));
        let record = record.answered(reply.text());
        if !reply.is_positive() {
            // The mail has not left, so this record may want for a place; others need theirs.
            drop(room);
            return self.refuse(mail, record.not_taken(), "the next hop did not take it", reply, trail).await;
        }
        let began = Instant::now();
        let written = self.journal.record_in(room, mail.entry(record)).await;
        trail.stage(Stage::since("journal", began));
        if let Err(why) = written {
            tracing::error!(id = %mail.id, %why, "forwarded, but not journalled");
        }
        if !reports && !mail.envelope.dsn.recipients.is_empty() {
            let said = format!("{} {}", reply.code, reply.text());
            tell_relayed(&self.hold, &mail.relayed(&mail.subject(), &said)).await;
        }
        Reply::forwarded(&reply)
    }

    /// What went out teaches to whom we write.
    fn learn(&self, lesson: &Lesson, recipients: &[Address], at: Timestamp, reply: &Reply) {
        if reply.is_positive()
            && let Some(past) = &self.judgement().past
        {
            past.learn(&lesson.for_only(recipients), at);
        }
    }

    /// A mail that was let go before, to the same recipients, goes on without being inspected a second time.
    async fn pass_again(
        &self,
        mail: &Incoming,
        passed: &Passed,
        next_hop: client::Transaction,
        trail: &mut Trail,
    ) -> Reply {
        tracing::info!(id = %mail.id, first = %passed.first(), "passed before, so not inspected again");
        let record = mail.record_of_passed(passed);
        self.forward(mail, record, Proof::Passed(passed), next_hop, trail).await
    }

    /// Some recipients get it at once, the others wait.
    async fn split(&self, arrival: Arrival, forward: &Forward, trail: &mut Trail) -> Reply {
        let split = Split { hold: &self.hold, next_hop: &self.next_hop, splits: &self.splits };
        split.carry_out(arrival, forward, trail).await
    }

    /// Everything about a held mail is one commit, its journal record included.
    async fn keep(&self, arrival: Arrival, trail: &mut Trail) -> Reply {
        let (id, began) = (arrival.id.clone(), Instant::now());
        let taken = outage::in_time(self.hold.take(arrival)).await;
        trail.stage(Stage::since("hold", began));
        match taken {
            Ok(held) => {
                count::held(trail, &held);
                Reply::held(&held)
            }
            Err(why) => {
                tracing::error!(%id, %why, "could not be held, so not taken");
                Reply::internal()
            }
        }
    }

    /// A refusal leaves the mail where it is, so it may stand without its record.
    async fn refuse(&self, mail: &Incoming, record: MailRecord, why: &str, reply: Reply, trail: &mut Trail) -> Reply {
        let began = Instant::now();
        let written = self.journal.record(mail.entry(record)).await;
        trail.stage(Stage::since("journal", began));
        if let Err(why) = written {
            tracing::error!(id = %mail.id, %why, "a refusal was not journalled");
        }
        refused(&mail.id, why, reply)
    }

    /// Mails that are recognised count like all others: a loop is one, whatever it carries.
    fn goes_in_circles(&self, message: &Message) -> bool {
        trace::own(message, &self.hostname).count() > MAX_OWN_HOPS || message.hops() > MAX_HOPS
    }
}

/// Every refusal leaves one line in the log.
fn refused(id: &MailId, why: &str, reply: Reply) -> Reply {
    tracing::info!(%id, why, reply = %said(&reply), "mail refused");
    reply
}

fn said(reply: &Reply) -> String {
    format!("{} {}", reply.code, reply.text())
}

/// Tells a sender who asked for it that the mail went to where nobody reports on it. It is gone; a notice that cannot be
/// kept changes nothing about that.
async fn tell_relayed(hold: &Hold, relayed: &Relayed<'_>) {
    if let Err(why) = outage::in_time(hold.relayed(relayed, hold.now())).await {
        tracing::error!(id = %relayed.id, %why, "its sender could not be told that it was relayed");
    }
}

/// Gives the connection back without waiting for the next hop's word on it.
fn let_go(next_hop: client::Transaction) {
    tokio::spawn(next_hop.reset());
}

/// What a sender is told: what to do, not what matched.
const REJECTED: &str = "this mail may not leave the organisation; ask your security team";
