//! Judging a mail: what is in it, who gets it, what policy says about both.
//!
//! In: an envelope and a message. Out: [`Judged`]. Deliberately absent: what becomes of the mail; and a judgement that
//! fails, but for the want of a worker.

use crate::{
    inspect::{
        Inspection, Job, Kind,
        sandbox::{Unavailable, Workers},
    },
    mail::{Address, Envelope, Message, header},
    policy::{Policies, Verdict},
    recipients::{self, Organization, Partners, Recipient},
};

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
        let job = Job { own: own_addresses(envelope, message), ..Job::new(Kind::Mail) };
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
