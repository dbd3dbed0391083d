//! Judging a mail: what is in it, who gets it, what policy says about both.
//!
//! In: an envelope and a message. Out: [`Judged`]. What the mail says about passwords goes to the [`Memory`] and
//! nowhere else. Deliberately absent: what becomes of the mail; and a judgement that
//! fails, but for the want of a worker.

use std::time::Instant;

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    inspect::{
        Fault, Inspection, Job, Kind, Passwords, Show, Shown,
        sandbox::{Hearing, Unavailable, Workers},
    },
    mail::{Address, Envelope, Message, header},
    policy::{self, Policies, Verdict},
    recipients::{self, Case, History, Lesson, Organization, Partners, Recipient},
    store::Remembered,
    telemetry::trail::Stage,
};

use super::{
    count,
    memory::{Earlier, Memory},
    past::{Past, day},
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
    /// What opens protected attachments, by the organisation's own word.
    pub passwords: Passwords,
    /// By which clock rules ask for the time of day.
    pub timezone: TimeZone,
    /// Whether people in the quoted history of a mail are counted.
    pub count_quoted: bool,
    /// What the sender's mails of the last days say; not in a command that looks at one mail.
    pub memory: Option<Memory>,
    /// To whom we wrote before.
    pub past: Option<Past>,
}

/// A mail judged.
#[derive(Debug)]
pub struct Judged {
    /// What is in it.
    pub inspection: Inspection,
    /// Who gets it.
    pub recipients: Vec<Recipient>,
    /// What rules were asked about.
    pub facts: policy::Mail,
    /// What it teaches once it has gone out.
    pub lesson: Lesson,
    /// What happens to it.
    pub verdict: Verdict,
    /// How long each step of this took.
    pub stages: Vec<Stage>,
}

impl Judgement {
    /// Inspects the mail, looks at its recipients, asks policy. Only the want of a worker is an error.
    pub async fn judge(&self, envelope: &Envelope, message: &Message) -> Result<Judged, Unavailable> {
        self.judged(envelope, message, (Earlier::asked(self.memory.as_ref()), self.memory.as_ref()), None).await
    }

    /// The same while the memory is away: the mail is read without it, and what it says about passwords is not kept. A
    /// password in it is taken for that of a file that was sent earlier, since nobody can tell.
    pub(super) async fn judge_by_itself(&self, envelope: &Envelope, message: &Message) -> Result<Judged, Unavailable> {
        self.judged(envelope, message, (Earlier::unasked(self.memory.as_ref()), None), None).await
    }

    /// The same of a mail that is only looked at: what it says about passwords is not kept.
    pub async fn look(&self, envelope: &Envelope, message: &Message) -> Result<Judged, Unavailable> {
        self.judged(envelope, message, (Earlier::asked(self.memory.as_ref()), None), None).await
    }

    /// The same of a drill mail, with what is to befall the worker that reads it.
    pub async fn look_in_a_drill(
        &self,
        envelope: &Envelope,
        message: &Message,
        fault: Option<Fault>,
    ) -> Result<Judged, Unavailable> {
        self.judged(envelope, message, (Earlier::Nothing, None), fault).await
    }

    /// What a reviewer wants to see of a mail that was judged before; the passwords that opened it then open it now, if
    /// they are still known. Nothing if the workers could not read it.
    pub async fn show(&self, envelope: &Envelope, message: &Message, what: Show) -> Result<Option<Shown>, Unavailable> {
        let job = Job { show: Some(what), ..self.job(envelope, message, Earlier::asked(self.memory.as_ref())).await };
        Ok(self.workers.hear(message.bytes(), &job).await?.heard.shown)
    }

    /// What is known before a mail is read.
    async fn job(&self, envelope: &Envelope, message: &Message, earlier: Earlier<'_>) -> Job {
        let Remembered { passwords, protected } = earlier.known(envelope, message).await;
        Job {
            own: own_addresses(envelope, message),
            passwords: passwords.into_iter().chain(self.passwords.iter().cloned()).collect(),
            protected_before: protected,
            count_quoted: self.count_quoted,
            ..Job::new(Kind::Mail)
        }
    }

    async fn judged(
        &self,
        envelope: &Envelope,
        message: &Message,
        (earlier, keeper): (Earlier<'_>, Option<&Memory>),
        fault: Option<Fault>,
    ) -> Result<Judged, Unavailable> {
        let began = Instant::now();
        let job = Job { fault, ..self.job(envelope, message, earlier).await };
        let mut stages = vec![Stage::since("recall", began)];
        let asked = Instant::now();
        let Hearing { inspection, heard, waited } = self.workers.hear(message.bytes(), &job).await?;
        stages.push(Stage::between("wait", asked, asked + waited));
        stages.push(count::inspected(Stage::since("inspect", asked + waited), &inspection));
        let (letter, attached) = (heard.letter.clone(), heard.attached.clone());
        if let Some(memory) = keeper {
            let began = Instant::now();
            memory.keep(envelope, message, heard).await;
            stages.push(Stage::since("remember", began));
        }
        let began = Instant::now();
        let (recipients, lesson) = {
            let nothing = History::default();
            let history = self.past.as_ref().map(Past::read);
            let case = Case {
                envelope,
                message,
                inspection: &inspection,
                letter: &letter,
                organization: &self.organization,
                partners: &self.partners,
                history: history.as_deref().unwrap_or(&nothing),
                today: day(Timestamp::now()),
            };
            let judged = recipients::judge(case);
            (judged.recipients, judged.lesson)
        };
        stages.push(Stage::since("recipients", began));
        let began = Instant::now();
        let at = Timestamp::now().to_zoned(self.timezone.clone()).datetime();
        let asked = self.policies.fields();
        let facts = policy::Mail::gather((envelope, message), &inspection, &recipients, at, asked, &attached);
        let verdict = self.policies.decide(&facts);
        stages.push(Stage::since("policy", began));
        Ok(Judged { inspection, recipients, facts, lesson, verdict, stages })
    }
}

/// The sender and the recipients: people whose contact lines are not leaked by being in their own mail.
fn own_addresses(envelope: &Envelope, message: &Message) -> Vec<String> {
    // One author: a From field with a thousand mailboxes must not excuse a thousand people.
    let author = message.header("From").and_then(|from| header::mailboxes(from.value).into_iter().next());
    let envelope = envelope.recipients.iter().chain(&envelope.sender).map(Address::canonical);
    envelope.chain(author.map(|author| author.address.to_lowercase())).collect()
}
