//! A marked mail: one of a drill of the machine (`drill`), judged as any mail and refused with what would have become of it.
//!
//! In: what its mark asks for, its recipients, its message. Out: the reply. Nothing here has a transaction with the next hop,
//! makes a clearance, or gives anything to the hold, the journal, the history, the memory or the counters of mails, so that a
//! drill leaves no more trace than its own record. It is let in only while a worker has nothing to do: real mail comes first.
//! Deliberately absent: the drill of those who decide (`drill.rs`), which is held like any mail.

use tracing::{instrument::WithSubscriber, subscriber::NoSubscriber};

use super::Stages;
use crate::{
    drill::{Act, Outcome, SENDER},
    inspect::{Fault, sandbox::Unavailable},
    mail::{Address, BodyKind, Envelope, Message},
    smtp::{MailFrom, Reply},
};

impl Stages {
    /// MAIL of a drill: what is to befall the worker that reads it, or the reply that ends it here.
    pub(super) async fn let_drill_in(&self, act: Act, from: &MailFrom) -> Result<Option<Fault>, Reply> {
        if !self.judgement().workers.are_idle() {
            return Err(Reply::busy());
        }
        match act {
            Act::Judge => Ok(None),
            Act::Fault(fault) => Ok(Some(fault)),
            Act::DeadNextHop => {
                let (nobody, _port) = self.next_hop.where_nobody_listens().map_err(|why| {
                    tracing::error!(%why, "a drill finds no port where nobody listens");
                    Reply::internal()
                })?;
                // Should somebody answer there, the drill hears a reply that it should not.
                // That there is none is no news for the log.
                let tried = nobody.begin(from).with_subscriber(NoSubscriber::default()).await;
                tried.map_err(Reply::quietly)?.reset().await;
                Ok(None)
            }
        }
    }

    /// What would have become of a drill mail.
    pub(super) async fn examine(&self, fault: Option<Fault>, recipients: Vec<Address>, message: &Message) -> Reply {
        let judgement = self.judgement();
        let domain = judgement.organization.domains.first().map_or("", String::as_str);
        let sender = Address::parse(&format!("{SENDER}@{domain}")).ok();
        let envelope = Envelope { sender, recipients, body: BodyKind::EightBitMime, ..Envelope::default() };
        match judgement.look_in_a_drill(&envelope, message, fault).await {
            Ok(judged) => Outcome::of(&judged.inspection, &judged.verdict).reply(),
            Err(Unavailable::Busy) => Reply::busy(),
            Err(why) => {
                tracing::error!(%why, "a drill mail could not be inspected");
                Reply::internal()
            }
        }
    }
}
