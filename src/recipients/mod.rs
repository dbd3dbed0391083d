//! Envelope + headers + letter + partners + history → who the recipients are and what is wrong with each.
//!
//! In: a [`Case`]: the envelope, the message, what was found in it, the organisation, its partners and to whom it wrote
//! before. Out: one [`Recipient`] per envelope recipient with its issues, and the [`Lesson`] that the mail teaches once it
//! has gone out. The way of a case: [`facts`] gathers what is known, once; each check, one file, gives its [`opinion`].
//! Deliberately absent: I/O, the clock, decisions.

mod called;
mod check;
mod companies;
mod data_scope;
mod display_name_mismatch;
mod domain;
mod exposed_recipients;
mod facts;
mod first_contact;
#[cfg(test)]
mod fixture;
mod free_mail;
mod history;
mod introduction;
mod keyed;
mod known;
mod local_part;
mod lookalike_domain;
mod meant;
mod near;
mod new_to_thread;
mod odds;
mod office;
mod opinion;
mod organization_mismatch;
mod partners;
mod person;
mod readings;
mod salutation;
mod salutation_mismatch;
mod spelled;
mod unusual_recipient;

pub use check::Check;
pub use exposed_recipients::EXPOSED_AT;
pub use facts::{Case, Seen, Standing};
pub use history::{Day, Entry, History, Lesson, LessonTo, MOST, Relation, folded, together};
pub use opinion::Issue;
pub use partners::{Partner, Partners, PartnersError};
use serde::{Deserialize, Serialize};

use self::facts::{Facts, To};
use crate::{
    inspect::{Category, Confidence, Inspection, Letter},
    mail::{Address, Envelope, Message},
};

/// Who we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// The organisation's name, as notices sign.
    pub name: String,
    /// Our domains in lower case; their subdomains are ours too.
    pub domains: Vec<String>,
    /// From how many outside addresses in To and Cc on a mail exposes its recipients; see [`EXPOSED_AT`].
    pub exposed_recipients: usize,
    /// For so many days after its first lesson the history only reports.
    pub learning_days: u16,
}

/// A month has seen most of those whom one writes to every week.
pub const LEARNING_DAYS: u16 = 30;

impl Default for Organization {
    fn default() -> Self {
        Self { name: String::new(), domains: Vec::new(), exposed_recipients: EXPOSED_AT, learning_days: LEARNING_DAYS }
    }
}

impl Organization {
    /// Whether an address is one of ours.
    pub fn is_internal(&self, address: &Address) -> bool {
        // `user%evil.example@ours.example` is delivered to evil.example by the mail server behind us.
        !address.is_routed() && self.owns(&domain::normal(address.domain()))
    }

    /// Whether an address, as it stands in a header or a log, is one of ours.
    pub fn is_ours(&self, address: &str) -> bool {
        Address::parse(address).is_ok_and(|address| self.is_internal(&address))
    }

    /// Whether a domain in normal form (lower case, Punycode decoded) is ours.
    pub fn owns(&self, domain: &str) -> bool {
        self.domains.iter().any(|own| domain::is_within(domain, own))
    }
}

/// Inside or outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// One of our domains.
    Internal,
    /// Anybody else.
    External,
}

/// One envelope recipient, judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// The address as the envelope has it.
    pub address: Address,
    /// Inside or outside.
    pub direction: Direction,
    /// What it is to us, more finely.
    #[serde(default = "external")]
    pub standing: Standing,
    /// Where it stands in the header.
    #[serde(default = "in_envelope")]
    pub seen: Seen,
    /// The partner whose domain it is, by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<String>,
    /// What personal data that partner may receive without being stopped, if anything was agreed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub may_receive: Option<MayReceive>,
    /// What is wrong with it.
    pub issues: Vec<Issue>,
    /// How odd it is on this mail by the history, in tenths of a bit: below 0 is one who may well be meant, 100 one of whom
    /// a mistake is a thousand times likelier. None if nobody can tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surprise: Option<i16>,
}

/// Reads one of our domains as an administrator writes it, into the form that [`Organization`] compares.
///
/// # Errors
/// It is no domain, or a public suffix, under which everybody would count as ours.
pub fn own_domain(written: &str) -> Result<String, String> {
    domain::of_organization(written).map(|domain| domain.text)
}

/// Whether an address is under `domain`, which may be written in any form.
pub fn is_under(address: &Address, domain: &str) -> bool {
    domain::is_within(&domain::normal(address.domain()), &domain::normal(domain))
}

/// A mail's recipients, judged, and what it teaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// In the order of the envelope.
    pub recipients: Vec<Recipient>,
    /// For the history, once the mail has gone out.
    pub lesson: Lesson,
}

/// Judges every recipient of the envelope.
pub fn judge(case: Case<'_>) -> Judged {
    let facts = Facts::gather(case);
    let checks = Checks::new(&facts);
    let recipients = facts.recipients.iter().enumerate().map(|(number, to)| checks.judge(number, to)).collect();
    let mut lesson = facts.lesson();
    checks.greetings.teach(&mut lesson);
    Judged { recipients, lesson }
}

/// What a mail of earlier days teaches: what its header says, and whom the head of its letter greets.
pub fn past_lesson(
    message: &Message,
    letter: &Letter,
    organization: &Organization,
    partners: &Partners,
    history: &History,
    day: Day,
) -> Lesson {
    let mut lesson = Lesson::of_message(message);
    let recipients = lesson.to.iter().filter_map(|to| Address::parse(&to.address).ok()).collect();
    let envelope = Envelope { sender: Address::parse(&lesson.sender).ok(), recipients, ..Envelope::default() };
    let inspection = Inspection::default();
    let facts = Facts::gather(Case {
        envelope: &envelope,
        message,
        inspection: &inspection,
        letter,
        organization,
        partners,
        history,
        today: day,
    });
    let mut taught = facts.lesson();
    salutation_mismatch::Greetings::new(&facts).teach(&mut taught);
    for to in taught.to.into_iter().filter(|to| !to.greeted.is_empty()) {
        if let Some(known) = lesson.to.iter_mut().find(|known| known.address == to.address) {
            known.greeted = to.greeted;
        }
    }
    lesson
}

/// All checks, with what they work out once for the whole mail.
struct Checks<'a> {
    exposed: Option<Issue>,
    lookalikes: lookalike_domain::Known<'a>,
    greetings: salutation_mismatch::Greetings<'a>,
    organizations: organization_mismatch::Organizations<'a>,
    scope: data_scope::Scope<'a>,
    thread: new_to_thread::Thread,
    company: unusual_recipient::Company,
    odds: odds::Odds<'a>,
    facts: &'a Facts<'a>,
}

impl<'a> Checks<'a> {
    fn new(facts: &'a Facts<'a>) -> Self {
        let greetings = salutation_mismatch::Greetings::new(facts);
        let thread = new_to_thread::Thread::new(facts);
        Self {
            exposed: exposed_recipients::check(facts),
            lookalikes: lookalike_domain::Known::new(facts),
            organizations: organization_mismatch::Organizations::new(facts, &greetings),
            greetings,
            scope: data_scope::Scope::new(facts),
            odds: odds::Odds::new(facts, &thread),
            thread,
            company: unusual_recipient::Company::new(facts),
            facts,
        }
    }

    fn judge(&self, number: usize, to: &To<'_>) -> Recipient {
        let recipient = Recipient {
            standing: to.standing,
            seen: to.seen,
            partner: to.partner.map(|partner| partner.id.clone()),
            may_receive: to.partner.and_then(|partner| partner.may_receive.clone()),
            ..Recipient::new(to.address.clone(), to.direction())
        };
        if to.is_internal() {
            return recipient;
        }
        let salutation = self.greetings.check(number, to);
        let greeted = salutation == opinion::Opinion::Match;
        let organization = self.organizations.check(to, greeted, &self.greetings);
        let letter = unusual_recipient::Says { greeted, at_home: organization == opinion::Opinion::Match };
        let unusual = self.company.check(self.facts, &self.odds, to, letter);
        let opinions = [
            self.lookalikes.check(to),
            salutation,
            organization,
            display_name_mismatch::check(self.facts, to),
            self.scope.check(to),
            first_contact::check(self.facts, to),
            self.thread.check(self.facts, to),
            unusual.opinion,
            free_mail::check(self.facts, to),
        ];
        let issues = opinions.into_iter().filter_map(opinion::Opinion::issue).chain(self.exposed.clone()).collect();
        Recipient { issues, surprise: unusual.surprise, ..recipient }
    }
}

impl Recipient {
    /// A recipient with whom nothing is wrong and nothing was agreed.
    pub fn new(address: Address, direction: Direction) -> Self {
        let standing = if direction == Direction::Internal { Standing::Internal } else { Standing::External };
        Self {
            address,
            direction,
            standing,
            seen: Seen::To,
            partner: None,
            may_receive: None,
            issues: Vec::new(),
            surprise: None,
        }
    }
}

impl Recipient {
    /// How odd it is by everything that is known, in bits: the one that is oddest is the one to look at first. A letter that
    /// greets somebody else is hardly better for going to somebody usual.
    pub fn suspicion(&self) -> f32 {
        let issues: f32 = self.issues.iter().map(|issue| issue.check.bits()).sum();
        let history = f32::from(self.surprise.unwrap_or_default()) / 10.0;
        match issues > 0.0 && history < 0.0 {
            true => issues + history / 10.0,
            false => issues + history,
        }
    }
}

/// What a recipient was that was kept before standings were.
fn external() -> Standing {
    Standing::External
}

/// Where a recipient stood that was kept before it was noted.
fn in_envelope() -> Seen {
    Seen::Bcc
}

/// What an agreement with a partner covers: `may_receive` in partners.toml.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MayReceive {
    /// These categories and no others.
    pub categories: Vec<Category>,
    /// About so many people in one mail at most.
    pub max_persons: u32,
}

impl MayReceive {
    /// Whether all personal data of a mail stays within the agreement. Marks and secrets are not personal data, and
    /// no agreement about people covers them; rules about them take no notice of this.
    pub fn covers(&self, inspection: &Inspection) -> bool {
        let personal = |category| !matches!(category, Category::Credential | Category::Organizational);
        inspection.persons <= self.max_persons
            && inspection
                .findings
                .iter()
                .filter(|finding| finding.confidence >= Confidence::Medium && personal(finding.category))
                .all(|finding| self.categories.contains(&finding.category))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(header: &str, envelope: &[String]) -> Vec<Recipient> {
        let envelope = Envelope {
            sender: None,
            recipients: envelope.iter().map(|address| Address::parse(address).unwrap()).collect(),
            ..Envelope::default()
        };
        let partners = Partners::parse(
            "partners.toml",
            "[[partner]]\nid = \"kita\"\ndomains = [\"kita-hoan.jp\", \"khs.example.com\"]\nmay_receive = { categories = \
             [\"contact\"], max_persons = 5 }\n",
        )
        .unwrap();
        let organization = Organization { domains: vec!["example.co.jp".to_owned()], ..Organization::default() };
        let message = Message::new(format!("{header}\r\n\r\nbody\r\n").into_bytes());
        let case = Case {
            envelope: &envelope,
            message: &message,
            inspection: &Inspection::default(),
            letter: &Letter::default(),
            organization: &organization,
            partners: &partners,
            history: &History::default(),
            today: Day(0),
        };
        judge(case).recipients
    }

    fn customers(number: usize, domain: impl Fn(usize) -> String) -> Vec<String> {
        (0..number).map(|n| format!("customer{n}@{}", domain(n))).collect()
    }

    fn exposed(header: &str, envelope: &[String]) -> Vec<bool> {
        let has = |recipient: &Recipient| recipient.issues.iter().any(|i| i.check == Check::ExposedRecipients);
        judged(header, envelope).iter().map(has).collect()
    }

    #[test]
    fn a_mail_of_earlier_days_teaches_whom_it_greets() {
        let organization = Organization { domains: vec!["example.co.jp".to_owned()], ..Organization::default() };
        let mut history = History::default();
        let mut learn = |header: &str, opening: &str| {
            let message = Message::new(format!("From: Sato@example.co.jp\r\n{header}\r\n\r\n").into_bytes());
            let letter = Letter { opening: opening.lines().map(str::to_owned).collect(), ..Letter::default() };
            let lesson = past_lesson(&message, &letter, &organization, &Partners::default(), &history, Day(0));
            history.learn(&lesson, Day(0));
            lesson
        };
        let lesson = learn("To: Info@kita.jp\r\nBcc: boss@example.co.jp", "北保安サービス株式会社\n山田太郎様");
        assert_eq!(lesson.sender, "sato@example.co.jp");
        assert_eq!(
            (lesson.to[0].address.as_str(), lesson.to[1].address.as_str()),
            ("info@kita.jp", "boss@example.co.jp")
        );
        assert_eq!(lesson.to[0].greeted, ["㈱北保安サービス", "山田", "山田太郎"]);
        assert!(lesson.to[1].greeted.is_empty());
        // What was learned says of two who is meant; a letter to everybody teaches no name.
        let lesson = learn("To: info@kita.jp, x1@kita.jp", "山田様");
        assert_eq!(lesson.to[0].greeted, ["山田"]);
        assert!(lesson.to[1].greeted.is_empty());
        assert!(learn("To: x2@kita.jp", "各位").to[0].greeted.is_empty());
        assert!(learn("To: x2@kita.jp", "").to[0].greeted.is_empty());
    }

    #[test]
    fn subdomains_are_ours_and_partners_are_named() {
        let to =
            ["a@Example.CO.jp", "b@mail.example.co.jp", "c@badexample.net", "d@mx.kita-hoan.jp"].map(str::to_owned);
        let judged = judged("To: x", &to);
        use Direction::{External, Internal};
        assert_eq!(judged.iter().map(|r| r.direction).collect::<Vec<_>>(), [Internal, Internal, External, External]);
        assert_eq!(judged[3].partner.as_deref(), Some("kita"));
        assert_eq!(judged[3].may_receive.as_ref().map(|scope| scope.max_persons), Some(5));
        assert_eq!(judged[2].partner, None);
        assert!(judged.iter().all(|r| r.issues.is_empty()));
    }

    #[test]
    fn the_names_of_documentation_are_no_slips_for_each_other() {
        let to = ["a@example.com", "b@foo.example.net", "c@example.org"].map(str::to_owned);
        assert!(judged("To: x", &to).iter().all(|recipient| recipient.issues.is_empty()));
        assert!(!judged("To: x", &["d@exmaple.co.jp".to_owned()])[0].issues.is_empty());
    }

    #[test]
    fn forty_customers_in_to_see_each_other() {
        let to = customers(40, |n| if n % 2 == 0 { "gmail.com".to_owned() } else { format!("shop{n}.example") });
        let header = format!("To: {}", to.join(",\r\n "));
        assert!(exposed(&header, &to).iter().all(|exposed| *exposed));
        let issue = &judged(&header, &to)[0].issues[0];
        assert_eq!(issue.detail, "To/Cc: 40 external addresses of 40 organizations");
    }

    #[test]
    fn who_stands_in_bcc_is_not_seen() {
        let to = customers(40, |n| format!("shop{n}.example"));
        assert!(exposed("To: undisclosed-recipients:;", &to).iter().all(|exposed| !exposed));
        assert!(exposed("To: info@example.co.jp", &to).iter().all(|exposed| !exposed));
    }

    #[test]
    fn the_list_goes_to_colleagues_too_but_they_are_not_concerned() {
        let mut to = customers(12, |n| format!("shop{n}.example"));
        let header = format!("To: {}\r\nCc: boss@example.co.jp", to.join(", "));
        to.push("boss@example.co.jp".to_owned());
        assert_eq!(exposed(&header, &to).iter().filter(|exposed| !**exposed).count(), 1);
    }

    #[test]
    fn a_conversation_is_no_exposure() {
        // one organisation; one partner under two domains, however many; and nine of nine
        let one = customers(19, |_| "big.example".to_owned());
        assert!(exposed(&format!("To: {}", one.join(", ")), &one).iter().all(|exposed| !exposed));
        let partner = customers(30, |n| if n % 2 == 0 { "kita-hoan.jp" } else { "khs.example.com" }.to_owned());
        assert!(exposed(&format!("To: {}", partner.join(", ")), &partner).iter().all(|exposed| !exposed));
        let nine = customers(9, |n| format!("shop{n}.example"));
        assert!(exposed(&format!("To: {}", nine.join(", ")), &nine).iter().all(|exposed| !exposed));
        // the same address ten times is one
        let repeated = vec!["a@shop.example".to_owned(); 20];
        let header = format!("To: {}\r\nCc: b@other.example", repeated.join(", "));
        assert!(exposed(&header, &repeated).iter().all(|exposed| !exposed));
    }

    #[test]
    fn a_crowd_under_one_unknown_domain_are_a_providers_customers() {
        let to = customers(40, |n| format!("shop{n}.provider.example"));
        assert!(exposed(&format!("To: {}", to.join(", ")), &to).iter().all(|exposed| *exposed));
    }

    #[test]
    fn free_mail_addresses_are_strangers_to_each_other() {
        let to = customers(10, |_| "gmail.com".to_owned());
        assert!(exposed(&format!("Cc: {}", to.join(", ")), &to).iter().all(|exposed| *exposed));
    }
}
