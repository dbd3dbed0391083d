//! Judging one made-up or real mail with the product's own checks, and how odd its oddest recipient is.

use sekisho::{
    inspect::{Inspection, Letter},
    mail::{Address, Envelope, Message},
    recipients::{Case, Check, History, Judged, Organization, Partners, Recipient, judge as judge_case},
};

use super::office::Mail;

/// What is kept of a judged mail.
pub(super) struct Scored {
    pub(super) score: f64,
    pub(super) ranked_first: bool,
    /// Whether the address that was meant is suggested for the wrong one; for a wrong salutation, any suggestion.
    pub(super) suggested: bool,
    pub(super) checks: Vec<Check>,
    /// The oddest recipient and what is wrong with it.
    pub(super) oddest: String,
    /// The wrong recipient and the one who is odder, if one is.
    pub(super) missed: Option<String>,
}

/// How odd a recipient is, in bits, as the product says.
fn suspicion(recipient: &Recipient) -> f64 {
    f64::from(recipient.suspicion())
}

impl Scored {
    /// Of a mail in which `wrong` is the recipient that was put there, if one was.
    pub(super) fn of(judged: &Judged, wrong: Option<&str>) -> Self {
        let outside = || judged.recipients.iter();
        let score = outside().map(suspicion).fold(f64::NEG_INFINITY, f64::max);
        let is_wrong = |recipient: &&Recipient| Some(recipient.address.canonical().as_str()) == wrong;
        let rival = |wrong: &Recipient| {
            let rivals = outside().filter(|other| other.address != wrong.address);
            rivals
                .max_by(|a, b| suspicion(a).total_cmp(&suspicion(b)))
                .filter(|rival| suspicion(rival) >= suspicion(wrong))
        };
        let put = outside().find(is_wrong);
        let ranked_first = put.is_some_and(|put| rival(put).is_none());
        let missed = put.and_then(|put| Some(format!("{} < {}", described(put), described(rival(put)?))));
        let suggests = |recipient: &Recipient| recipient.issues.iter().any(|issue| issue.suggestion.is_some());
        let suggested = match wrong {
            Some(_) => outside().filter(is_wrong).any(suggests),
            None => outside().any(suggests),
        };
        let mut checks: Vec<Check> = outside().flat_map(|r| r.issues.iter().map(|issue| issue.check)).collect();
        checks.sort_unstable();
        checks.dedup();
        let oddest = outside().max_by(|a, b| suspicion(a).total_cmp(&suspicion(b)));
        let oddest = oddest.map_or_else(String::new, described);
        Self { score, ranked_first, suggested, checks, oddest, missed }
    }
}

/// A recipient, how odd it is, and what is wrong with it.
fn described(recipient: &Recipient) -> String {
    let issues = recipient.issues.iter().map(|issue| format!("; {}: {}", issue.check.name(), issue.detail));
    format!("{} {:.1}{}", recipient.address, recipient.suspicion(), issues.collect::<String>())
}

/// What the product says about a mail.
pub(super) fn judge(mail: &Mail, organization: &Organization, partners: &Partners, history: &History) -> Judged {
    let list = |name: &str, people: &[(String, String)]| {
        let mailboxes: Vec<String> = people
            .iter()
            .map(|(name, address)| if name.is_empty() { address.clone() } else { format!("\"{name}\" <{address}>") })
            .collect();
        if mailboxes.is_empty() { String::new() } else { format!("{name}: {}\r\n", mailboxes.join(",\r\n ")) }
    };
    let references =
        if mail.answers.is_empty() { String::new() } else { format!("References: {}\r\n", mail.answers.join(" ")) };
    let header = format!(
        "From: {}\r\n{}{}Subject: {}\r\nMessage-ID: {}\r\n{references}\r\n",
        mail.from,
        list("To", &mail.to),
        list("Cc", &mail.cc),
        mail.subject,
        mail.id,
    );
    let all = mail.to.iter().chain(&mail.cc);
    let envelope = Envelope {
        sender: Address::parse(&mail.from).ok(),
        recipients: all.filter_map(|(_, address)| Address::parse(address).ok()).collect(),
        ..Envelope::default()
    };
    let letter = Letter { opening: mail.opening.clone(), quoted: mail.quoted.clone(), ..Letter::default() };
    judge_case(Case {
        envelope: &envelope,
        message: &Message::new(header.into_bytes()),
        inspection: &Inspection::default(),
        letter: &letter,
        organization,
        partners,
        history,
        today: mail.day,
    })
}
