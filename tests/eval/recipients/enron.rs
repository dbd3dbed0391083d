//! Who wrote to whom at Enron, and when: a real history, without a word of the mails.
//!
//! In: a folder with `messages.tsv`, `recipients.tsv` and `employees.tsv` as P. Perry and P. Wolfe published them beside
//! "Point process modelling for directed interaction networks" (J. R. Statist. Soc. B 75, 2013): 21,635 mails among 156
//! people, cleaned by Zhou et al. (2007). Out: the mails in the order of their time. All of these people were colleagues,
//! whom the product does not judge; so everybody writes from `enron.example` and is written to at the domain of their
//! department. A mail answers one of the last thirty days if it has its subject behind `Re:` and one of its people.
//! Deliberately absent: texts, so salutations: what is found here is found by the history alone.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::Path,
};

use sekisho::recipients::{Day, Organization};

use super::office::Mail;

/// A mail to more people is an announcement.
const MOST: usize = 20;
/// An answer comes within so many seconds.
const ANSWERED: i64 = 30 * 86_400;

/// Everybody who is in a conversation, when its last mail was, and the Message-IDs.
#[derive(Default)]
struct Thread {
    people: BTreeSet<String>,
    /// Those whose mails an answer quotes.
    authors: BTreeSet<String>,
    at: i64,
    ids: Vec<String>,
}

pub(super) fn mails(folder: &Path) -> (Organization, Vec<Mail>) {
    let employees: HashMap<String, (String, String)> = table(folder, "employees.tsv")
        .into_iter()
        .filter_map(|row| Some((field(&row, 0)?, (field(&row, 1)?, field(&row, 3)?))))
        .collect();
    let mut recipients: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in table(folder, "recipients.tsv") {
        if let (Some(mail), Some(who)) = (field(&row, 0), field(&row, 2)) {
            recipients.entry(mail).or_default().push(who);
        }
    }
    let mut rows: Vec<(i64, Vec<String>)> = table(folder, "messages.tsv")
        .into_iter()
        .filter_map(|row| Some((field(&row, 2)?.trim().parse().ok()?, row)))
        .collect();
    rows.sort_by_key(|(at, _)| *at);
    let mut threads: HashMap<String, Thread> = HashMap::new();
    let mails = rows.iter().filter_map(|(at, row)| mail(*at, row, &employees, &recipients, &mut threads));
    let organization = Organization { domains: vec!["enron.example".to_owned()], ..Organization::default() };
    (organization, mails.collect())
}

fn mail(
    at: i64,
    row: &[String],
    employees: &HashMap<String, (String, String)>,
    recipients: &BTreeMap<String, Vec<String>>,
    threads: &mut HashMap<String, Thread>,
) -> Option<Mail> {
    let (number, subject, sender) = (field(row, 0)?, field(row, 3)?, field(row, 4)?);
    let to: BTreeSet<String> = recipients.get(&number)?.iter().filter(|who| **who != sender).cloned().collect();
    if to.is_empty() || to.len() > MOST {
        return None;
    }
    let mailbox = |who: &String| {
        let (name, department) = employees.get(who)?;
        Some((name.clone(), format!("{}@{}-group.example", local(name), letters(department))))
    };
    let (about, answering) = topic(&subject);
    let id = format!("<{number}@enron.example>");
    let (mut answers, mut quoted) = (Vec::new(), Vec::new());
    if about.len() > 3 {
        let thread = threads.entry(about).or_default();
        let goes_on = at - thread.at < ANSWERED && (thread.people.contains(&sender) || !thread.people.is_disjoint(&to));
        if goes_on && answering {
            answers.clone_from(&thread.ids);
            quoted = thread.authors.iter().filter_map(mailbox).map(|(_, address)| address).collect();
        } else if !goes_on {
            *thread = Thread::default();
        }
        thread.people.extend(to.iter().cloned().chain([sender.clone()]));
        thread.authors.insert(sender.clone());
        thread.at = at;
        thread.ids.push(id.clone());
    }
    Some(Mail {
        day: Day(u16::try_from(at / 86_400).ok()?),
        from: format!("{}@enron.example", local(&employees.get(&sender)?.0)),
        to: to.iter().filter_map(mailbox).collect(),
        subject,
        id,
        answers,
        quoted,
        ..Mail::default()
    })
}

/// The subject without what says that it is answered or forwarded, and whether it is answered.
fn topic(subject: &str) -> (String, bool) {
    let lower = subject.trim().to_lowercase();
    let mut rest = lower.as_str();
    while let Some(after) = ["re:", "fw:", "fwd:", "re :"].iter().find_map(|sign| rest.strip_prefix(sign)) {
        rest = after.trim_start();
    }
    (rest.to_owned(), lower.starts_with("re"))
}

fn local(name: &str) -> String {
    let words = name.split_whitespace().map(letters).filter(|word| word.len() > 1);
    words.collect::<Vec<_>>().join(".")
}

fn letters(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_lowercase()
}

fn field(row: &[String], at: usize) -> Option<String> {
    row.get(at).cloned()
}

fn table(folder: &Path, name: &str) -> Vec<Vec<String>> {
    let path = folder.join(name);
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    // Latin-1, whose bytes are the first characters.
    let text: String = bytes.into_iter().map(char::from).collect();
    text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}
