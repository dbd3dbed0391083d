//! The sent mail of a real organisation, from files and folders of mails.
//!
//! In: paths. Out: the mails in the order of their time, and an organisation that is the domain most of them come from.
//! Their bodies are read by the product's own extraction, for the salutation; nothing of them is printed.

use std::{collections::HashMap, path::PathBuf};

use sekisho::{
    inspect::{self, Job, Kind, Limits, Rules},
    mail::{Message, header},
    recipients::{Day, Lesson, Organization},
};

use super::office::Mail;

pub(super) fn mails(paths: &[PathBuf]) -> (Organization, Vec<Mail>) {
    let rules = Rules::compile(&[]).expect("the shipped rules");
    let mut mails: Vec<(i64, Mail)> = files(paths).iter().filter_map(|path| mail(path, &rules)).collect();
    mails.sort_by_key(|(at, _)| *at);
    let mut domains: HashMap<String, usize> = HashMap::new();
    for (_, mail) in &mails {
        let domain = mail.from.rsplit_once('@').map_or("", |(_, domain)| domain);
        *domains.entry(domain.to_owned()).or_default() += 1;
    }
    let domain = domains.into_iter().max_by_key(|(_, count)| *count).map(|(domain, _)| domain).unwrap_or_default();
    let ours = format!("@{domain}");
    let mails =
        mails.into_iter().map(|(_, mail)| mail).filter(|mail| mail.from.ends_with(&ours) && !mail.to.is_empty());
    (Organization { domains: vec![domain], ..Organization::default() }, mails.collect())
}

fn files(paths: &[PathBuf]) -> Vec<PathBuf> {
    let mut open = paths.to_vec();
    let mut found = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path()));
        } else {
            found.push(path);
        }
    }
    found
}

fn mail(path: &PathBuf, rules: &Rules) -> Option<(i64, Mail)> {
    let bytes = std::fs::read(path).ok()?;
    let message = Message::new(bytes);
    let date = String::from_utf8_lossy(message.header("Date")?.value).trim().to_owned();
    let at = mail_parser::DateTime::parse_rfc822(&date)?.to_timestamp();
    let lesson = Lesson::of_message(&message);
    let (_, heard) = inspect::hear(message.bytes(), &Job::new(Kind::Mail), rules, &Limits::default(), &mut ());
    let named = |name: &str| -> Vec<(String, String)> {
        let fields = message.headers().filter(|field| field.is(name));
        let mailboxes = fields.flat_map(|field| header::mailboxes(field.value));
        mailboxes.map(|mailbox| (mailbox.name.replace('"', ""), mailbox.address.to_lowercase())).collect()
    };
    let mail = Mail {
        day: Day(u16::try_from(at / 86_400).ok()?),
        from: lesson.sender,
        to: named("To"),
        cc: named("Cc"),
        subject: message.header("Subject").map(|subject| header::decode(subject.value)).unwrap_or_default(),
        id: lesson.message_id.unwrap_or_default(),
        answers: lesson.thread,
        quoted: heard.letter.quoted,
        opening: heard.letter.opening,
    };
    Some((at, mail))
}
