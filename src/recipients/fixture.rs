//! Made-up mails for the tests of the checks: what is left out is plain and harmless.

use super::{Case, Check, Day, History, Issue, Judged, Lesson, LessonTo, Organization, Partners, judge};
use crate::{
    inspect::{Inspection, Letter},
    mail::{Address, Envelope, Message},
};

/// The day on which made-up mails are sent.
pub(super) const TODAY: Day = Day(20_000);

/// One made-up mail of `sato@example.co.jp`.
#[derive(Debug)]
pub(super) struct Mail {
    from: String,
    to: Vec<String>,
    cc: Vec<String>,
    subject: String,
    answers: Vec<String>,
    pub(super) inspection: Inspection,
    pub(super) letter: Letter,
    pub(super) organization: Organization,
    partners: Partners,
    pub(super) history: History,
}

impl Mail {
    /// To these mailboxes (`Name <a@b.example>` or bare).
    pub(super) fn to(to: &[&str]) -> Self {
        let organization = Organization { domains: vec!["example.co.jp".to_owned()], ..Organization::default() };
        Self {
            from: "sato@example.co.jp".to_owned(),
            to: to.iter().map(ToString::to_string).collect(),
            cc: Vec::new(),
            subject: String::new(),
            answers: Vec::new(),
            inspection: Inspection::default(),
            letter: Letter::default(),
            organization,
            partners: Partners::default(),
            history: History::default(),
        }
    }

    pub(super) fn cc(mut self, cc: &[&str]) -> Self {
        self.cc.extend(cc.iter().map(ToString::to_string));
        self
    }

    pub(super) fn subject(mut self, subject: &str) -> Self {
        subject.clone_into(&mut self.subject);
        self
    }

    /// The Message-IDs of the thread, the first one first.
    pub(super) fn answers(mut self, ids: &[&str]) -> Self {
        self.answers = ids.iter().map(ToString::to_string).collect();
        self
    }

    /// The first lines of the letter.
    pub(super) fn opening(mut self, text: &str) -> Self {
        self.letter.opening = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
        self
    }

    /// partners.toml.
    pub(super) fn partners(mut self, toml: &str) -> Self {
        self.partners = Partners::parse("partners.toml", toml).unwrap();
        self
    }

    /// A mail that went out so many times, the last time today: from whom, to these mailboxes.
    pub(super) fn before(mut self, times: usize, from: &str, to: &[&str]) -> Self {
        for _ in 0..times {
            self.history.learn(&lesson(from, to, None), TODAY);
        }
        self
    }

    /// The same so many days ago.
    pub(super) fn ago(mut self, days: u16, times: usize, from: &str, to: &[&str]) -> Self {
        for _ in 0..times {
            self.history.learn(&lesson(from, to, None), Day(TODAY.0 - days));
        }
        self
    }

    /// A mail of a thread that went out before, by its Message-ID.
    pub(super) fn thread(mut self, id: &str, from: &str, to: &[&str]) -> Self {
        self.history.learn(&lesson(from, to, Some(id)), TODAY);
        self
    }

    /// The issues of each recipient, in the order To, Cc.
    pub(super) fn judged(&self) -> Judged {
        let line = |name: &str, list: &[String]| {
            if list.is_empty() { String::new() } else { format!("{name}: {}\r\n", list.join(",\r\n ")) }
        };
        let references = line("References", &self.answers).replace(",\r\n", "\r\n");
        let header = format!(
            "From: {}\r\n{}{}Subject: {}\r\nMessage-ID: <new@example.co.jp>\r\n{references}\r\n",
            self.from,
            line("To", &self.to),
            line("Cc", &self.cc),
            self.subject
        );
        let all = self.to.iter().chain(&self.cc);
        let envelope = Envelope {
            sender: Some(Address::parse(bare(&self.from)).unwrap()),
            recipients: all.map(|mailbox| Address::parse(bare(mailbox)).unwrap()).collect(),
            ..Envelope::default()
        };
        judge(Case {
            envelope: &envelope,
            message: &Message::new(header.into_bytes()),
            inspection: &self.inspection,
            letter: &self.letter,
            organization: &self.organization,
            partners: &self.partners,
            history: &self.history,
            today: TODAY,
        })
    }

    /// The issue that a check raises for each recipient.
    pub(super) fn issues(&self, check: Check) -> Vec<Option<Issue>> {
        let issue = |issues: Vec<Issue>| issues.into_iter().find(|issue| issue.check == check);
        self.judged().recipients.into_iter().map(|recipient| issue(recipient.issues)).collect()
    }
}

fn lesson(from: &str, to: &[&str], id: Option<&str>) -> Lesson {
    let to = to.iter().map(|mailbox| LessonTo {
        address: bare(mailbox).to_owned(),
        display_name: mailbox.split_once('<').map_or("", |(name, _)| name.trim()).to_owned(),
        greeted: Vec::new(),
    });
    Lesson { sender: bare(from).to_owned(), to: to.collect(), message_id: id.map(str::to_owned), thread: Vec::new() }
}

/// `a@b.example` of `Name <a@b.example>`.
fn bare(mailbox: &str) -> &str {
    mailbox.split_once('<').map_or(mailbox, |(_, rest)| rest.trim_end_matches('>'))
}
