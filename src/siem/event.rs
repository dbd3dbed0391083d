//! What a record of the journal is to a SIEM: a class, a name, how severe it is, and the outcome.
//!
//! In: one [`Record`]. Out: an [`Event`], from which every format is written. How much of it fits is [`Room`]'s word: a
//! mail to a thousand people is told with the first of them, and with how many there are.
//! Deliberately absent: content. What the journal does not say, nobody is told.

use crate::{
    journal::{Access, MachineDrill, MailRecord, Record, What},
    policy::Action,
};

/// The longest class: what RFC 5424 takes for a message id.
const LONGEST_CLASS: usize = 32;

/// One record on its way out.
#[derive(Debug)]
pub(super) struct Event<'r> {
    /// Its number in the journal.
    pub(super) seq: i64,
    /// All that there is to say.
    pub(super) record: &'r Record,
    /// What a collector sorts by: `mail.hold`, `change.approved`, `access.locked`.
    pub(super) class: String,
    /// The same for people.
    pub(super) name: &'static str,
    /// From 0 to 10, as CEF counts.
    pub(super) severity: u8,
}

/// How much is told: so many of each list, so many characters of each text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    pub(super) items: usize,
    pub(super) characters: usize,
}

impl Room {
    /// What is told if there is room for it.
    pub(super) const WHOLE: Self = Self { items: 50, characters: 512 };

    /// Half of it; nothing if that would be nothing.
    pub(super) fn half(self) -> Option<Self> {
        (self.characters > 16).then_some(Self { items: self.items / 2, characters: self.characters / 2 })
    }

    /// The beginning of a text.
    pub(super) fn text(self, text: &str) -> &str {
        text.char_indices().nth(self.characters).map_or(text, |(end, _)| text.get(..end).unwrap_or_default())
    }

    /// The first of some items, with commas; and how many more there are.
    pub(super) fn list(self, items: impl ExactSizeIterator<Item = String>) -> String {
        let left_out = items.len().saturating_sub(self.items);
        let mut told: Vec<String> = items.take(self.items).map(|item| self.text(&item).to_owned()).collect();
        if left_out > 0 {
            told.push(format!("+{left_out}"));
        }
        told.join(", ")
    }
}

impl<'r> Event<'r> {
    /// The event of a record.
    pub(super) fn of(seq: i64, record: &'r Record) -> Self {
        let (class, name, severity) = match &record.what {
            What::Mail(mail) => {
                let (name, severity) = of_mail(mail);
                (format!("mail.{}", mail.decision.name()), name, severity)
            }
            What::Change(change) => {
                let (name, severity) = of_change(&change.change);
                (format!("change.{}", change.change), name, severity)
            }
            What::Access(accessed) => {
                let (word, name, severity) = of_access(accessed.access);
                (format!("access.{word}"), name, severity)
            }
            What::Rules(_) => ("rules.replaced".to_owned(), "Rules replaced", 4),
            What::Removed(_) => ("journal.removed".to_owned(), "Old records of the journal removed", 3),
            What::History(act) => (format!("history.{}", act.act), "History of recipients changed", 4),
            What::Export(_) => ("journal.exported".to_owned(), "Records of the journal taken out", 5),
            What::MachineDrill(drill) => of_drill(drill),
        };
        let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') { c } else { '_' };
        Self { seq, record, class: class.chars().map(plain).take(LONGEST_CLASS).collect(), name, severity }
    }

    /// Whether it says more than that a mail was read whole and went out, and that nobody would have objected.
    pub(super) fn is_notable(&self) -> bool {
        let What::Mail(mail) = &self.record.what else { return true };
        mail.decision != Action::Forward
            || mail.uninspected > 0
            || mail.not_taken
            || !mail.reportable.is_empty()
            || mail.decisions.iter().any(|decided| decided.would.is_some())
    }

    /// Severity as syslog counts: the lower, the worse.
    pub(super) fn syslog_severity(&self) -> u8 {
        match self.severity {
            0..=3 => 6,
            4..=6 => 5,
            7..=8 => 4,
            _ => 3,
        }
    }
}

/// A leak that would have to be reported is severe whatever became of the mail, and most so if it went out.
fn of_mail(mail: &MailRecord) -> (&'static str, u8) {
    let reportable = !mail.reportable.is_empty();
    match mail.decision {
        Action::Forward if mail.not_taken => ("Mail not taken by the next hop", 2),
        Action::Forward if reportable => ("Mail forwarded", 9),
        Action::Forward if mail.persons > 0 || mail.uninspected > 0 => ("Mail forwarded", 3),
        Action::Forward => ("Mail forwarded", 1),
        Action::Delay => ("Mail delayed", if reportable { 8 } else { 4 }),
        Action::Hold => ("Mail held", if reportable { 8 } else { 6 }),
        Action::RequireApproval => ("Mail held for approval", if reportable { 8 } else { 6 }),
        Action::Reject => ("Mail rejected", if reportable { 8 } else { 7 }),
    }
}

/// A drill in which mail would have left unread is as severe as a leak.
fn of_drill(drill: &MachineDrill) -> (String, &'static str, u8) {
    let (word, name, severity) = match (drill.is_well(), drill.left_uninspected) {
        (true, _) => ("passed", "Machine drill passed", 1),
        (false, 0) => ("failed", "Machine drill failed", 7),
        (false, _) => ("failed", "Machine drill left mails uninspected", 9),
    };
    (format!("machine_drill.{word}"), name, severity)
}

fn of_change(change: &str) -> (&'static str, u8) {
    match change {
        "approved" => ("Held mail approved", 4),
        "rejected" => ("Held mail rejected", 5),
        "sent_back" => ("Held mail sent back", 4),
        "withdrawn" => ("Held mail withdrawn", 3),
        "expired" => ("Held mail expired", 4),
        "released" => ("Held mail released", 5),
        "delivered" => ("Held mail delivered", 3),
        "bounced" => ("Held mail bounced", 4),
        "viewed" => ("Held mail viewed", 4),
        "refused" => ("An answer to a held mail refused", 6),
        "destroyed" => ("Held mail destroyed", 3),
        "broken_off" => ("Delivery of a mail broke off by a fault of sekisho", 6),
        _ => ("Held mail changed", 3),
    }
}

fn of_access(access: Access) -> (&'static str, &'static str, u8) {
    match access {
        Access::LoggedIn { .. } => ("logged_in", "Logged in", 2),
        Access::LoggedOut => ("logged_out", "Logged out", 1),
        Access::Locked => ("locked", "Too many wrong passwords or codes", 8),
        Access::SessionsEnded { .. } => ("sessions_ended", "Sessions ended", 3),
        Access::FactorSet => ("factor_set", "Second factor set up", 4),
        Access::FactorRemoved => ("factor_removed", "Second factor taken away", 6),
        Access::RecoveryUsed => ("recovery_used", "Recovery code used", 6),
        Access::TokenMade => ("token_made", "API token made", 5),
        Access::TokenEnded => ("token_ended", "API token ended", 4),
        Access::ActedAs => ("acted_as", "Acted in somebody's name on the command line", 6),
    }
}

/// The network address and the name that a client's line in the journal begins with.
pub(super) fn client(line: &str) -> (Option<std::net::IpAddr>, &str) {
    let (address, rest) = line.split_once(' ').unwrap_or((line, ""));
    (address.parse().ok(), rest.split(' ').next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::{super::fixture, *};

    #[test]
    fn what_would_have_to_be_reported_is_severe_and_most_so_if_it_went_out() {
        let severity = |record: &Record| Event::of(1, record).severity;
        let mut mail = fixture::mail(Action::Forward);
        assert_eq!(severity(&mail), 3);
        fixture::mail_of(&mut mail).reportable = vec![crate::inspect::Reportable::Specific];
        assert_eq!((severity(&mail), Event::of(1, &mail).syslog_severity()), (9, 3));
        fixture::mail_of(&mut mail).decision = Action::Hold;
        assert_eq!(severity(&mail), 8);
        let clean = fixture::clean_mail();
        assert_eq!((severity(&clean), Event::of(1, &clean).is_notable()), (1, false));
        assert!(Event::of(1, &fixture::mail(Action::Hold)).is_notable());
    }

    #[test]
    fn a_class_is_short_and_plain_whatever_a_record_says() {
        let record = fixture::change("approved\r\n| = ] \u{202e}世界 and so on and on and on");
        let event = Event::of(1, &record);
        assert_eq!(event.class, "change.approved____________and_s");
        assert_eq!(Event::of(1, &fixture::change("released")).class, "change.released");
    }

    #[test]
    fn lists_tell_how_many_they_leave_out() {
        let room = Room { items: 2, characters: 3 };
        assert_eq!(room.list(["abcdef", "関所の門", "c"].map(str::to_owned).into_iter()), "abc, 関所の, +1");
        let mut halves = std::iter::successors(Some(Room::WHOLE), |room| room.half());
        assert_eq!(halves.by_ref().last().map(|room| room.items), Some(1));
    }

    #[test]
    fn a_client_is_its_address_and_its_name() {
        let address = |text: &str| text.parse().ok();
        assert_eq!(client("192.0.2.1 mta.example"), (address("192.0.2.1"), "mta.example"));
        assert_eq!(client("::1 mta login x (from 10.0.0.1)"), (address("::1"), "mta"));
        assert_eq!([client(""), client("drill"), client("a  b")].map(|(address, _)| address), [None; 3]);
    }
}
