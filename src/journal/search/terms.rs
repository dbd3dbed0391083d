//! What the index knows records by.
//!
//! In: a record, or a query. Out: hash sums of what it says, each with what it is (an address that sends is another term
//! than one that receives), so that the index holds numbers only: nobody reads an address in it, and it stays small.
//! A domain is a term for itself and for what it lies below; a name of a file is known by every two letters that stand
//! side by side in it, for Japanese has no spaces to take words by. Deliberately absent: any judgement whether a record
//! fits.

use std::hash::Hasher;

use siphasher::sip::SipHasher13;

use super::query::{Query, Who, bare};
use crate::journal::{MailRecord, Record, What};
pub(super) use crate::store::Term;

/// So many pairs of letters of a name are asked for: more find hardly less.
const PAIRS: usize = 4;

/// Every term of a record.
pub(super) fn of(record: &Record, put: &mut impl FnMut(Term)) {
    match &record.what {
        What::Mail(mail) => of_mail(mail, &record.id.0, put),
        What::Change(change) => {
            if let Some(by) = &change.by {
                person('b', by, put);
            }
            put(id(&change.held.0));
        }
        What::Access(accessed) => person('b', &accessed.who, put),
        What::History(act) => person('b', &act.by, put),
        What::Export(exported) => person('b', &exported.by, put),
        What::MachineDrill(drill) => person('b', &drill.by, put),
        What::Rules(_) | What::Removed(_) => {}
    }
}

fn of_mail(mail: &MailRecord, own: &str, put: &mut impl FnMut(Term)) {
    if let Some(from) = &mail.mail_from {
        person('f', from.as_str(), put);
    }
    mail.rcpt_to.iter().for_each(|to| person('t', to.as_str(), put));
    mail.held.iter().filter(|held| held.0 != own).for_each(|held| put(id(&held.0)));
    if let Some(id) = bare(mail.message_id.as_deref()) {
        put(term('m', &id));
    }
    for detector in mail.detectors.keys() {
        let parts = detector.match_indices('.').filter_map(|(at, _)| detector.get(..at));
        parts.chain([detector.as_str()]).for_each(|name| put(term('d', name)));
    }
    mail.categories.iter().for_each(|category| put(term('c', &word(category))));
    let actions = mail.decisions.iter().map(|decided| decided.action).chain([mail.decision]);
    actions.for_each(|action| put(term('a', action.name())));
    mail.decisions.iter().flat_map(|decided| &decided.rules).for_each(|rule| put(term('r', rule)));
    mail.files.iter().flat_map(|file| pairs(&file.name)).for_each(|pair| put(term('n', &pair)));
}

/// For each thing that is asked: the terms of which a record has at least one, if it fits.
pub(super) fn asked(query: &Query) -> Vec<Vec<Term>> {
    let mut asked = Vec::new();
    let who = |who: &Who, roles: &[char]| -> Vec<Term> {
        let one = |role: &char| match who {
            Who::Address(address) => term(*role, address),
            Who::Domain(domain) => term(role.to_ascii_uppercase(), domain),
        };
        roles.iter().map(one).collect()
    };
    let people: [(&Option<Who>, &[char]); 4] =
        [(&query.person, &['f', 't', 'b']), (&query.from, &['f']), (&query.to, &['t']), (&query.by, &['b'])];
    for (person, roles) in people {
        asked.extend(person.iter().map(|person| who(person, roles)));
    }
    if let Some(file) = &query.file {
        asked.extend(pairs(file).take(PAIRS).map(|pair| vec![term('n', &pair)]));
    }
    let one = |kind, text: Option<String>| text.map(|text| vec![term(kind, &text)]);
    asked.extend(one('d', query.detector.as_ref().map(|id| id.trim_end_matches(['*', '.']).to_owned())));
    asked.extend(one('c', query.category.as_ref().map(word)));
    asked.extend(one('a', query.decision.map(|action| action.name().to_owned())));
    asked.extend(one('r', query.rule.clone()));
    asked.extend(one('m', bare(query.message_id.as_deref())));
    asked
}

/// An id under which a mail is held.
pub(super) fn id(id: &str) -> Term {
    term('i', &id.to_uppercase())
}

/// An address, and the domains that it lies in.
fn person(role: char, address: &str, put: &mut impl FnMut(Term)) {
    let address = address.to_lowercase();
    put(term(role, &address));
    let Some((_, domain)) = address.rsplit_once('@') else { return };
    let kind = role.to_ascii_uppercase();
    put(term(kind, domain));
    // A domain has at most 127 labels; nobody asks for the last alone.
    let parents = domain.match_indices('.').filter_map(|(at, _)| domain.get(at + 1..));
    parents.filter(|parent| parent.contains('.')).for_each(|parent| put(term(kind, parent)));
}

/// Every two letters side by side.
fn pairs(name: &str) -> impl Iterator<Item = String> {
    let letters: Vec<char> = name.to_lowercase().chars().collect();
    let pairs: Vec<String> = letters.windows(2).map(|pair| pair.iter().collect()).collect();
    pairs.into_iter()
}

fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn term(kind: char, text: &str) -> Term {
    // Not a secret: the index must come out the same in every process, and guards nothing.
    let mut hash = SipHasher13::new_with_keys(0x7365_6b69_7368_6f20, 0x6a6f_7572_6e61_6c20);
    hash.write_u8(kind as u8);
    hash.write(text.as_bytes());
    hash.finish().cast_signed()
}
