//! What is known about a mail and about each of its recipients, gathered once, for all checks.
//!
//! In: the envelope, the header, the letter's opening, what was found in it, the organisation, its partners and its
//! history. Out: [`Facts`]: every recipient with its domain, its [`Standing`], its display name, who sees it and whether
//! it is part of the thread. Deliberately absent: any opinion.

use std::{
    cell::{OnceCell, RefCell},
    collections::{HashMap, HashSet},
    rc::Rc,
};

use serde::{Deserialize, Serialize};

use super::{
    Day, Direction, History, Issue, Lesson, LessonTo, Organization, Partner, Partners, Relation, domain::Domain,
    first_contact::Contacts, history::folded as counted, known, meant::Searched,
};
use crate::{
    inspect::{Inspection, Letter, detect::organizations::folded},
    mail::{Address, Envelope, Message, header},
};

/// What an address is to us, more finely than inside or outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// One of our domains.
    Internal,
    /// A domain of partners.toml.
    Partner,
    /// A private person's mailbox at a free-mail service or an internet provider.
    FreeMail,
    /// A private person's telephone.
    MobileCarrier,
    /// Any other organisation.
    External,
}

/// Where a recipient stands in the header, so who sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    /// In To: everybody sees it.
    To,
    /// In Cc: everybody sees it.
    Cc,
    /// In the envelope only: nobody sees it.
    Bcc,
}

/// One envelope recipient and what is known about it.
#[derive(Debug, Clone)]
pub(super) struct To<'a> {
    /// As the envelope has it.
    pub(super) address: &'a Address,
    /// As addresses are compared.
    pub(super) canonical: String,
    /// As the history counts it.
    pub(super) folded: String,
    /// Its domain, and the number of it among those of the mail.
    pub(super) domain: Rc<Domain>,
    pub(super) domain_number: usize,
    /// How many mails went to it, and to its domain, by the history.
    pub(super) known: f32,
    pub(super) domain_known: f32,
    pub(super) standing: Standing,
    pub(super) partner: Option<&'a Partner>,
    /// What the header calls it; empty if nothing.
    pub(super) display_name: String,
    pub(super) seen: Seen,
}

/// One mailbox of To or Cc, whether or not the envelope has it.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    /// As addresses are compared.
    pub(super) canonical: String,
    /// What the header calls it; empty if nothing.
    pub(super) display_name: String,
    pub(super) seen: Seen,
    /// The number of its domain, if it has one.
    pub(super) domain_number: Option<usize>,
}

/// A domain of the mail and whose it is; found once for all who are there.
#[derive(Debug)]
pub(super) struct Host<'a> {
    pub(super) domain: Rc<Domain>,
    pub(super) partner: Option<&'a Partner>,
    pub(super) is_ours: bool,
    /// What an address there is to us if it is none of ours.
    pub(super) outside: Standing,
    /// How many mails went there, by the history.
    known: f32,
}

/// Everything that a check may look at.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    pub(super) organization: &'a Organization,
    /// Our name, as names of organisations are compared; empty if we have none.
    pub(super) own_name: String,
    pub(super) partners: &'a Partners,
    pub(super) history: &'a History,
    /// Which day it is, for what fades.
    pub(super) today: Day,
    pub(super) inspection: &'a Inspection,
    pub(super) letter: &'a Letter,
    /// The reverse path, or the author of a mail without one, as addresses are compared; empty if nobody knows.
    pub(super) sender: String,
    pub(super) subject: String,
    /// Its own Message-ID.
    pub(super) message_id: Option<String>,
    /// The mails that this one answers (`In-Reply-To`, `References`), with their brackets.
    pub(super) thread: Vec<String>,
    /// To and Cc as the recipients will see them, each address once.
    pub(super) shown: Vec<Shown>,
    pub(super) recipients: Vec<To<'a>>,
    /// The domains of all of them.
    pub(super) hosts: Vec<Host<'a>>,
    /// What the sender's contacts are by domain, and who was meant; found when a check asks for it first.
    pub(super) contacts: Contacts,
    pub(super) searched: RefCell<Vec<Rc<Searched>>>,
    on_mail: OnceCell<HashSet<String>>,
}

/// What [`Facts`] are gathered from.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// Who sends it to whom.
    pub envelope: &'a Envelope,
    /// The mail.
    pub message: &'a Message,
    /// What was found in it.
    pub inspection: &'a Inspection,
    /// Whom it is for, by its own words.
    pub letter: &'a Letter,
    /// Who we are.
    pub organization: &'a Organization,
    /// Whom we know.
    pub partners: &'a Partners,
    /// To whom we wrote before.
    pub history: &'a History,
    /// Which day it is.
    pub today: Day,
}

impl<'a> Facts<'a> {
    pub(super) fn gather(case: Case<'a>) -> Self {
        let Case { envelope, message, inspection, letter, organization, partners, history, today } = case;
        let mut hosts = Hosts { case, numbers: HashMap::new(), all: Vec::new() };
        let (shown, places) = shown(message, &mut hosts);
        let recipient = |address: &'a Address| {
            let canonical = address.canonical();
            let in_header = places.get(canonical.as_str()).and_then(|place| shown.get(*place));
            let domain_number = hosts.number(address.domain());
            let host = hosts.all.get(domain_number)?;
            // `user%evil.example@ours.example` is not one of ours.
            let ours = host.is_ours && !address.is_routed();
            let folded = counted(&canonical);
            Some(To {
                standing: if ours { Standing::Internal } else { host.outside },
                partner: host.partner,
                display_name: in_header.map(|shown| shown.display_name.clone()).unwrap_or_default(),
                seen: in_header.map_or(Seen::Bcc, |shown| shown.seen),
                address,
                known: history.weight(Relation::Known, "", &folded, today),
                domain_known: host.known,
                folded,
                canonical,
                domain: Rc::clone(&host.domain),
                domain_number,
            })
        };
        let recipients = envelope.recipients.iter().filter_map(recipient).collect();
        let subject = message.header("Subject").map(|subject| header::decode(subject.value)).unwrap_or_default();
        Self {
            organization,
            own_name: folded(&organization.name),
            partners,
            history,
            today,
            inspection,
            letter,
            sender: sender(envelope, message),
            subject,
            message_id: message.message_id(),
            thread: thread(message),
            shown,
            recipients,
            hosts: hosts.all,
            contacts: Contacts::default(),
            searched: RefCell::default(),
            on_mail: OnceCell::new(),
        }
    }

    /// Whether an address, as the history counts it, gets the mail.
    pub(super) fn is_on_mail(&self, folded: &str) -> bool {
        let on_mail = || self.recipients.iter().map(|to| to.folded.clone()).collect();
        self.on_mail.get_or_init(on_mail).contains(folded)
    }

    /// How strongly two things belong together today; 0 if they never did.
    pub(super) fn weight(&self, relation: Relation, from: &str, to: &str) -> f32 {
        self.history.weight(relation, from, to, self.today)
    }

    /// An issue that rests on the history, which may be too short to act on it.
    pub(super) fn of_history(&self, issue: Issue) -> Issue {
        let long = |began| self.today.since(began) >= self.organization.learning_days;
        Issue { learning: !self.history.began().is_some_and(long), ..issue }
    }

    /// What the mail teaches once it has gone out.
    pub(super) fn lesson(&self) -> Lesson {
        let to = self.recipients.iter().map(|to| LessonTo {
            address: to.canonical.clone(),
            display_name: to.display_name.clone(),
            greeted: Vec::new(),
        });
        Lesson {
            sender: self.sender.clone(),
            to: to.collect(),
            message_id: self.message_id.clone(),
            thread: self.thread.clone(),
        }
    }
}

impl To<'_> {
    /// Whether it is one of ours.
    pub(super) fn is_internal(&self) -> bool {
        self.standing == Standing::Internal
    }

    /// Inside or outside.
    pub(super) fn direction(&self) -> Direction {
        if self.is_internal() { Direction::Internal } else { Direction::External }
    }

    /// Whether another person lives behind every address of its domain.
    pub(super) fn is_private(&self) -> bool {
        matches!(self.standing, Standing::FreeMail | Standing::MobileCarrier)
    }
}

/// The domains of a mail while they are gathered.
struct Hosts<'a> {
    case: Case<'a>,
    numbers: HashMap<String, usize>,
    all: Vec<Host<'a>>,
}

impl<'a> Hosts<'a> {
    /// The number of a domain as it is written.
    fn number(&mut self, written: &str) -> usize {
        if let Some(number) = self.numbers.get(written) {
            return *number;
        }
        let Case { organization, partners, history, today, .. } = self.case;
        let domain = Domain::new(written);
        let partner = partners.of_domain(&domain);
        let number = self.all.len();
        self.numbers.insert(written.to_owned(), number);
        self.all.push(Host {
            is_ours: organization.owns(&domain.text),
            outside: if partner.is_some() { Standing::Partner } else { known::standing(&domain) },
            known: history.weight(Relation::KnownDomain, "", &domain.text, today),
            partner,
            domain: Rc::new(domain),
        });
        number
    }
}

/// To and Cc, and where each address stands in them; who stands in both is seen in To.
fn shown(message: &Message, hosts: &mut Hosts<'_>) -> (Vec<Shown>, HashMap<String, usize>) {
    let (mut all, mut places) = (Vec::new(), HashMap::new());
    for (name, seen) in [("To", Seen::To), ("Cc", Seen::Cc)] {
        for field in message.headers().filter(|field| field.is(name)) {
            for mailbox in header::mailboxes(field.value) {
                let canonical = mailbox.address.trim().to_lowercase();
                if !places.contains_key(&canonical) {
                    places.insert(canonical.clone(), all.len());
                    let domain_number = canonical.rsplit_once('@').map(|(_, domain)| hosts.number(domain));
                    all.push(Shown { canonical, display_name: mailbox.name, seen, domain_number });
                }
            }
        }
    }
    (all, places)
}

fn sender(envelope: &Envelope, message: &Message) -> String {
    let author = || {
        let from = message.header("From")?;
        header::mailboxes(from.value).into_iter().next().map(|author| author.address.to_lowercase())
    };
    envelope.sender.as_ref().map(Address::canonical).or_else(author).unwrap_or_default()
}

/// The Message-IDs of a thread, the latest first, each once.
pub(super) fn thread(message: &Message) -> Vec<String> {
    /// A thread is known by its last mails; a hostile References field holds thousands.
    const LAST: usize = 20;
    let mut ids: Vec<String> = Vec::new();
    for name in ["In-Reply-To", "References"] {
        let fields = message.headers().filter(|field| field.is(name));
        for field in fields {
            let text = String::from_utf8_lossy(field.value);
            let ids_of_field = text.split_whitespace().rev().filter(|id| id.starts_with('<') && id.ends_with('>'));
            for id in ids_of_field.take(LAST) {
                if !ids.iter().any(|known| known == id) {
                    ids.push(id.to_owned());
                }
            }
        }
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_recipient_is_known_by_its_standing_and_by_who_sees_it() {
        let address = |text: &str| Address::parse(text).unwrap();
        let envelope = Envelope {
            sender: Some(address("Sato@example.co.jp")),
            recipients: [
                "boss@mail.example.co.jp",
                "Yamada@kita-hoan.jp",
                "hanako@gmail.com",
                "taro@docomo.ne.jp",
                "x@other.example",
                "user%evil.example@example.co.jp",
            ]
            .map(address)
            .to_vec(),
            ..Envelope::default()
        };
        let message = Message::new(
            *b"From: sato@example.co.jp\r\nTo: Yamada Jiro <yamada@KITA-hoan.jp>, boss@mail.example.co.jp\r\n\
               Cc: yamada@kita-hoan.jp, hanako@gmail.com\r\nIn-Reply-To: <2@x>\r\nReferences: <1@x> <2@x>\r\n\
               Subject: =?utf-8?b?5ZCN57C/?=\r\n\r\n",
        );
        let partners =
            Partners::parse("partners.toml", "[[partner]]\nid = \"kita\"\ndomains = [\"kita-hoan.jp\"]\n").unwrap();
        let organization = Organization { domains: vec!["example.co.jp".to_owned()], ..Organization::default() };
        let (inspection, letter, history) = Default::default();
        let facts = Facts::gather(Case {
            envelope: &envelope,
            message: &message,
            inspection: &inspection,
            letter: &letter,
            organization: &organization,
            partners: &partners,
            history: &history,
            today: Day(0),
        });
        use Seen::{Bcc, Cc, To};
        use Standing::{External, FreeMail, Internal, MobileCarrier, Partner};
        assert_eq!(
            facts.recipients.iter().map(|to| (to.standing, to.seen)).collect::<Vec<_>>(),
            [(Internal, To), (Partner, To), (FreeMail, Cc), (MobileCarrier, Bcc), (External, Bcc), (External, Bcc)]
        );
        assert_eq!(facts.recipients[1].display_name, "Yamada Jiro");
        assert_eq!((facts.sender.as_str(), facts.subject.as_str()), ("sato@example.co.jp", "名簿"));
        assert_eq!(facts.thread, ["<2@x>", "<1@x>"]);
        assert_eq!(facts.shown.len(), 3);
    }
}
