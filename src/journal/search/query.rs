//! What is sought.
//!
//! In: what somebody asks for. Out: whether a record is it. All that is given must hold. Deliberately absent: how records
//! are come by (`search`), and relative times, which need a clock.

use jiff::Timestamp;

use crate::{
    inspect::Category,
    journal::{MailRecord, Record, What},
    mail::Address,
    policy::Action,
};

/// What is sought; everything is in the default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// In whatever place of the record, whatever the case of its ASCII letters.
    pub text: Option<String>,
    /// Who sent, received or decided.
    pub person: Option<Who>,
    /// Who sent.
    pub from: Option<Who>,
    /// Who received.
    pub to: Option<Who>,
    /// Who decided, or did something else with a held mail, or came into the console, or took records out.
    pub by: Option<Who>,
    /// A part of the name of an attached file.
    pub file: Option<String>,
    /// A detector that hit: `jp.phone`, or `jp` for all that begin so.
    pub detector: Option<String>,
    /// What was found.
    pub category: Option<Category>,
    /// What was decided for one of the recipients.
    pub decision: Option<Action>,
    /// A rule that matched.
    pub rule: Option<String>,
    /// An id of the mail, or its beginning; the whole one for one of several under which a mail is held.
    pub id: Option<String>,
    /// With or without its angle brackets.
    pub message_id: Option<String>,
    /// About so many people at least.
    pub persons: u32,
    /// Nothing before.
    pub since: Option<Timestamp>,
    /// Nothing from then on.
    pub until: Option<Timestamp>,
    /// Whether every record is to be looked at, whatever the index says.
    pub whole: bool,
}

/// A person, or everybody in a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// In canonical form.
    Address(String),
    /// In lower case; what is below it counts too.
    Domain(String),
}

/// What cannot be sought.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// Neither an address nor a domain.
    #[error("`{0}` is neither a mail address nor a domain")]
    Who(String),
}

impl std::str::FromStr for Who {
    type Err = QueryError;

    fn from_str(text: &str) -> Result<Self, QueryError> {
        let wrong = || QueryError::Who(text.to_owned());
        match text.strip_prefix('@').unwrap_or(text) {
            address if address.contains('@') => {
                Address::parse(address).map(|address| Self::Address(address.canonical())).map_err(|_| wrong())
            }
            domain if domain.contains('.') && !domain.contains(char::is_whitespace) => {
                Ok(Self::Domain(domain.trim_matches('.').to_lowercase()))
            }
            _ => Err(wrong()),
        }
    }
}

impl Who {
    /// Whether the address is meant.
    pub fn is(&self, address: &str) -> bool {
        let address = address.to_lowercase();
        match self {
            Self::Address(known) => address == *known,
            Self::Domain(known) => {
                let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
                domain.strip_suffix(known.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            }
        }
    }
}

impl Query {
    /// Whether the record fits, its time and its text apart.
    pub(super) fn fits(&self, record: &Record) -> bool {
        let by = |who: &Who| match &record.what {
            What::Change(change) => change.by.as_deref().is_some_and(|by| who.is(by)),
            What::Access(accessed) => who.is(&accessed.who),
            What::History(act) => who.is(&act.by),
            What::Export(exported) => who.is(&exported.by),
            What::MachineDrill(drill) => who.is(&drill.by),
            What::Mail(_) | What::Rules(_) | What::Removed(_) => false,
        };
        let mail = match &record.what {
            What::Mail(mail) => Some(mail.as_ref()),
            _ => None,
        };
        let in_mail = |fits: &dyn Fn(&MailRecord) -> bool| mail.is_some_and(fits);
        let from = |who: &Who| in_mail(&|mail| mail.mail_from.as_ref().is_some_and(|from| who.is(from.as_str())));
        let to = |who: &Who| in_mail(&|mail| mail.rcpt_to.iter().any(|to| who.is(to.as_str())));
        asked(self.person.as_ref(), |who| from(who) || to(who) || by(who))
            && asked(self.from.as_ref(), from)
            && asked(self.to.as_ref(), to)
            && asked(self.by.as_ref(), by)
            && asked(self.file.as_ref(), |name| in_mail(&|mail| has_file(mail, name)))
            && asked(self.detector.as_ref(), |id| in_mail(&|mail| mail.detectors.keys().any(|known| names(id, known))))
            && asked(self.category.as_ref(), |category| in_mail(&|mail| mail.categories.contains(category)))
            && asked(self.decision.as_ref(), |action| in_mail(&|mail| decided(mail, *action)))
            && asked(self.rule.as_ref(), |rule| {
                in_mail(&|mail| mail.decisions.iter().any(|decided| decided.rules.contains(rule)))
            })
            && asked(self.message_id.as_ref(), |id| in_mail(&|mail| bare(mail.message_id.as_deref()) == bare(Some(id))))
            && asked(self.id.as_ref(), |id| is_about(record, id))
            && (self.persons == 0 || in_mail(&|mail| mail.persons >= self.persons))
    }
}

fn asked<T: ?Sized>(wanted: Option<&T>, fits: impl FnOnce(&T) -> bool) -> bool {
    wanted.is_none_or(fits)
}

fn has_file(mail: &MailRecord, part: &str) -> bool {
    let part = part.to_lowercase();
    mail.files.iter().any(|file| file.name.to_lowercase().contains(&part))
}

/// Whether `asked` is this detector, or the first word of its name.
fn names(asked: &str, detector: &str) -> bool {
    let asked = asked.trim_end_matches(['*', '.']);
    detector.strip_prefix(asked).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn decided(mail: &MailRecord, action: Action) -> bool {
    mail.decision == action || mail.decisions.iter().any(|decided| decided.action == action)
}

/// A Message-ID without its brackets; case may matter to the left of its `@`, but nobody types it with another one.
pub(super) fn bare(message_id: Option<&str>) -> Option<String> {
    message_id.map(|id| id.trim().trim_start_matches('<').trim_end_matches('>').to_lowercase())
}

fn is_about(record: &Record, id: &str) -> bool {
    let begins = |known: &str| known.get(..id.len()).is_some_and(|start| start.eq_ignore_ascii_case(id));
    begins(&record.id.0)
        || match &record.what {
            What::Mail(mail) => mail.held.iter().any(|held| begins(&held.0)),
            What::Change(change) => begins(&change.held.0),
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_an_address_or_a_domain() {
        let who = |text: &str| text.parse::<Who>();
        assert_eq!(who("Sato@Example.co.jp").unwrap(), Who::Address("sato@example.co.jp".to_owned()));
        assert_eq!(who("@Example.co.jp").unwrap(), Who::Domain("example.co.jp".to_owned()));
        for wrong in ["", "sato", "a b.example"] {
            who(wrong).unwrap_err();
        }
    }

    #[test]
    fn a_domain_is_everything_below_it_and_nothing_beside_it() {
        let who = Who::Domain("example.co.jp".to_owned());
        assert!(who.is("a@example.co.jp") && who.is("a@Mail.EXAMPLE.co.jp"));
        assert!(!who.is("a@notexample.co.jp") && !who.is("example.co.jp@a.example") && !who.is("a@co.jp"));
    }

    #[test]
    fn a_detector_is_asked_by_name_or_by_its_first_word() {
        assert!(names("jp.phone", "jp.phone") && names("jp", "jp.phone") && names("jp.*", "jp.phone"));
        assert!(!names("jp.pho", "jp.phone") && !names("phone", "jp.phone"));
    }
}
