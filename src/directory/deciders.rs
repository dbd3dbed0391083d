//! Who may decide about a mail.
//!
//! In: what policy asks for, the configured lists, the sender. Out: persons, each once.
//! Deliberately absent: managers, deputies and absences (a later room's), and any way for a sender to be in the list.

use crate::{mail::Address, policy::Action};

/// The persons who may decide about a mail that `sender` sent, in the order of the configured list, each mailbox
/// once. The sender is never among them, whatever lists they are on and however the address is spelt there.
///
/// A hold is for the security team. An approval is for the approvers; when the sender is the only approver, or none
/// is configured, for the security team. An empty answer means that nobody may decide: the mail waits and goes back
/// to its sender when its time is over.
pub fn deciders(action: Action, security: &[Address], approvers: &[Address], sender: Option<&Address>) -> Vec<Address> {
    match action {
        Action::Forward | Action::Delay | Action::Reject => Vec::new(),
        Action::Hold => others(security, sender),
        Action::RequireApproval => {
            let named = others(approvers, sender);
            if named.is_empty() { others(security, sender) } else { named }
        }
    }
}

fn others(list: &[Address], sender: Option<&Address>) -> Vec<Address> {
    let mut persons: Vec<Address> = Vec::with_capacity(list.len());
    for person in list {
        let is_sender = sender.is_some_and(|sender| sender.may_be_same_person(person));
        if !is_sender && !persons.iter().any(|known| known.same_mailbox(person)) {
            persons.push(person.clone());
        }
    }
    persons
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people(list: &[&str]) -> Vec<Address> {
        list.iter().map(|text| Address::parse(text).unwrap()).collect()
    }

    fn ask(action: Action, security: &[&str], approvers: &[&str], sender: &str) -> Vec<String> {
        let sender = Address::parse(sender).ok();
        deciders(action, &people(security), &people(approvers), sender.as_ref())
            .iter()
            .map(|person| person.as_str().to_owned())
            .collect()
    }

    #[test]
    fn approvers_approve_and_security_releases() {
        let (security, approvers) = (["sec@a.jp"], ["boss@a.jp", "vice@a.jp"]);
        assert_eq!(ask(Action::RequireApproval, &security, &approvers, "taro@a.jp"), approvers);
        assert_eq!(ask(Action::Hold, &security, &approvers, "taro@a.jp"), security);
    }

    #[test]
    fn the_sender_is_never_a_decider() {
        let (security, approvers) = (["Taro@A.jp", "sec@a.jp"], ["TARO@a.jp", "boss@a.jp"]);
        assert_eq!(ask(Action::RequireApproval, &security, &approvers, "taro@a.jp"), ["boss@a.jp"]);
        assert_eq!(ask(Action::Hold, &security, &approvers, "taro@a.JP"), ["sec@a.jp"]);
        for spelling in ["taro+x@a.jp", "\"taro\"@a.jp", "taro@a.jp."] {
            assert_eq!(ask(Action::RequireApproval, &security, &approvers, spelling), ["boss@a.jp"], "{spelling}");
            assert_eq!(ask(Action::Hold, &[spelling, "sec@a.jp"], &[], "taro@a.jp"), ["sec@a.jp"], "{spelling}");
        }
    }

    #[test]
    fn without_another_approver_the_security_team_decides_or_nobody() {
        assert_eq!(ask(Action::RequireApproval, &["sec@a.jp"], &["taro@a.jp"], "taro@a.jp"), ["sec@a.jp"]);
        assert_eq!(ask(Action::RequireApproval, &["sec@a.jp"], &[], "taro@a.jp"), ["sec@a.jp"]);
        assert!(ask(Action::Hold, &["taro@a.jp"], &["taro@a.jp"], "taro@a.jp").is_empty());
        assert!(ask(Action::RequireApproval, &["taro@a.jp"], &["taro@a.jp"], "taro@a.jp").is_empty());
    }

    #[test]
    fn one_person_counts_once() {
        assert_eq!(ask(Action::Hold, &["sec@a.jp", "SEC@a.jp", "b@a.jp"], &[], "taro@a.jp"), ["sec@a.jp", "b@a.jp"]);
    }

    #[test]
    fn a_mail_without_a_sender_still_has_deciders_and_a_delay_has_none() {
        assert_eq!(ask(Action::Hold, &["sec@a.jp"], &[], "<>"), ["sec@a.jp"]);
        assert!(ask(Action::Delay, &["sec@a.jp"], &["b@a.jp"], "taro@a.jp").is_empty());
    }
}
