//! The sent mail of a real organisation, from files and folders of mails.
//!
//! In: paths of mails, mboxes and folders of them, and the organisation's domains; without these, the domain that most
//! mails come from. Out: the mails of the organisation in the order of their time, each once, and the organisation. A mail
//! without a date or a sender that can be read, from the future, or that came in, is passed over and counted; what cannot be
//! read of a header is left out. Their bodies are read by the product's own extraction, for the salutation; nothing of
//! them is printed. Deliberately absent: mails that were received, whatever folder they are in.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use sekisho::{
    inspect::{self, Job, Kind, Limits, Rules},
    mail::{Address, Message, header},
    recipients::{Day, History, Lesson, Organization, Partners, past_lesson},
};

use super::office::Mail;

/// Nobody wrote mail before (1982, RFC 822); an earlier date is a clock that was not set.
const FIRST: i64 = 378_691_200;

/// How many mails were passed over, and why.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Passed {
    undated: usize,
    nameless: usize,
    elsewhere: usize,
    twice: usize,
    nobody: usize,
}

impl std::fmt::Display for Passed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { undated, nameless, elsewhere, twice, nobody } = self;
        write!(
            f,
            "passed over: {undated} without a date, {nameless} without a sender, {elsewhere} from elsewhere, {twice} twice, \
             {nobody} to nobody"
        )
    }
}

/// One mail by its header.
struct Dated {
    at: i64,
    message: Message,
    lesson: Lesson,
}

pub(super) fn mails(paths: &[PathBuf], ours: &[String]) -> (Organization, Vec<Mail>, Passed) {
    let mut passed = Passed::default();
    let mut dated = Vec::new();
    for path in files(paths) {
        let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for bytes in each(&bytes) {
            dated.extend(self::dated(bytes, now(), &mut passed));
        }
    }
    let domains = if ours.is_empty() { most(&dated).into_iter().collect() } else { ours.to_vec() };
    let organization = Organization { domains, ..Organization::default() };
    let (sent, elsewhere): (Vec<Dated>, Vec<Dated>) =
        dated.into_iter().partition(|mail| organization.is_ours(&mail.lesson.sender));
    passed.elsewhere = elsewhere.len();
    drop(elsewhere);
    let rules = Rules::compile(&[]).expect("no rules at all");
    (organization.clone(), in_order(sent, &organization, &rules, &mut passed), passed)
}

/// The files under these paths. What cannot be listed is said: figures of half a mailbox are wrong.
fn files(paths: &[PathBuf]) -> Vec<PathBuf> {
    let mut open = paths.to_vec();
    let mut found = Vec::new();
    while let Some(path) = open.pop() {
        let unreadable = |path: &Path, error: std::io::Error| -> ! { panic!("{}: {error}", path.display()) };
        if path.is_dir() {
            let entries = std::fs::read_dir(&path).unwrap_or_else(|error| unreadable(&path, error));
            open.extend(entries.map(|entry| entry.unwrap_or_else(|error| unreadable(&path, error)).path()));
        } else {
            found.push(path);
        }
    }
    // In whatever order a disk lists them, a mail that is there twice is the same one.
    found.sort();
    found
}

/// The mails in a file: of an mbox each, else the one.
fn each(file: &[u8]) -> Vec<&[u8]> {
    if !file.starts_with(b"From ") {
        return vec![file];
    }
    let mut starts = vec![0];
    let mut at = 0;
    let mut behind_empty = false;
    for line in file.split_inclusive(|byte| *byte == b'\n') {
        if at > 0 && behind_empty && line.starts_with(b"From ") {
            starts.push(at);
        }
        behind_empty = matches!(line, b"\n" | b"\r\n");
        at += line.len();
    }
    starts.push(file.len());
    let mail = |range: &[usize]| file.get(*range.first()?..*range.get(1)?);
    starts.windows(2).filter_map(mail).collect()
}

fn dated(bytes: &[u8], now: i64, passed: &mut Passed) -> Option<Dated> {
    let message = Message::new(bytes.to_vec());
    let dates = message.headers().filter(|field| field.is("Date"));
    let read = |value: &[u8]| {
        let at = mail_parser::DateTime::parse_rfc822(String::from_utf8_lossy(value).trim())?;
        Some(at.to_timestamp()).filter(|at| (FIRST..=now).contains(at))
    };
    let Some(at) = dates.filter_map(|date| read(date.value)).next() else {
        passed.undated += 1;
        return None;
    };
    let lesson = Lesson::of_message(&message);
    if Address::parse(&lesson.sender).is_err() {
        passed.nameless += 1;
        return None;
    }
    Some(Dated { at, message, lesson })
}

fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
}

/// The domain that most mails come from.
fn most(mails: &[Dated]) -> Option<String> {
    let mut domains: HashMap<&str, usize> = HashMap::new();
    for (_, domain) in mails.iter().filter_map(|mail| mail.lesson.sender.rsplit_once('@')) {
        *domains.entry(domain).or_default() += 1;
    }
    let most = domains.into_iter().max_by(|(a, of_a), (b, of_b)| of_a.cmp(of_b).then_with(|| b.cmp(a)));
    most.map(|(domain, _)| domain.to_owned())
}

fn in_order(mut sent: Vec<Dated>, organization: &Organization, rules: &Rules, passed: &mut Passed) -> Vec<Mail> {
    sent.sort_by(|a, b| (a.at, &a.lesson.message_id).cmp(&(b.at, &b.lesson.message_id)));
    // A mail lies in the folder of each who got it.
    let mut seen = HashSet::new();
    let before = sent.len();
    sent.retain(|mail| {
        let id = mail.lesson.message_id.clone().unwrap_or_default();
        id.is_empty() || seen.insert((mail.lesson.sender.clone(), id))
    });
    passed.twice = before - sent.len();
    let mails: Vec<Mail> = sent.into_iter().filter_map(|mail| self::mail(mail, organization, rules)).collect();
    passed.nobody = before - passed.twice - mails.len();
    mails
}

fn mail(dated: Dated, organization: &Organization, rules: &Rules) -> Option<Mail> {
    let Dated { at, message, lesson } = dated;
    let named = |name: &str| -> Vec<(String, String)> {
        let fields = message.headers().filter(|field| field.is(name));
        let mailboxes = fields.flat_map(|field| header::mailboxes(field.value));
        mailboxes
            .filter_map(|mailbox| Some((plain(&mailbox.name), Address::parse(&mailbox.address).ok()?.canonical())))
            .collect()
    };
    let (to, cc) = (named("To"), named("Cc"));
    if to.is_empty() && cc.is_empty() {
        return None;
    }
    let day = Day(u16::try_from(at / 86_400).ok()?);
    let (_, heard) = inspect::hear(message.bytes(), &Job::new(Kind::Mail), rules, &Limits::default(), &mut ());
    let taught = past_lesson(&message, &heard.letter, organization, &Partners::default(), &History::default(), day);
    Some(Mail {
        day,
        from: lesson.sender,
        to,
        cc,
        subject: message.header("Subject").map(|subject| plain(&header::decode(subject.value))).unwrap_or_default(),
        id: plain(&lesson.message_id.unwrap_or_default()),
        answers: lesson.thread,
        quoted: heard.letter.quoted,
        greeted: taught.to.into_iter().filter(|to| !to.greeted.is_empty()).map(|to| to.address).collect(),
        opening: heard.letter.opening,
    })
}

/// A text that may stand in a header between quotes: a name may hold line breaks, quotes and worse.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).filter(|c| !matches!(c, '"' | '\\')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn read(files: &[&[u8]]) -> (Vec<Mail>, Passed) {
        let mut passed = Passed::default();
        let mut all: Vec<Dated> = Vec::new();
        for file in files {
            all.extend(each(file).into_iter().filter_map(|bytes| dated(bytes, NOW, &mut passed)));
        }
        let organization = Organization { domains: vec!["ours.example".to_owned()], ..Organization::default() };
        all.retain(|mail| organization.is_ours(&mail.lesson.sender));
        let mails = in_order(all, &organization, &Rules::compile(&[]).unwrap(), &mut passed);
        (mails, passed)
    }

    fn sent(day: u8, id: &str, to: &str) -> String {
        format!(
            "From: Sato <Sato@Ours.example>\nTo: {to}\nDate: {day} Nov 2026 10:00:00 +0900\nMessage-ID: <{id}@x>\n\n\
             Dear Yamada-san,\n\nhello\n\n"
        )
    }

    #[test]
    fn an_mbox_is_read_mail_by_mail_in_the_order_of_time_and_each_once() {
        let (late, early) = (sent(21, "2", "yamada@kita.example"), sent(20, "1", "suzuki@minami.example"));
        let mbox = format!("From - Sat Nov 21\n{late}From - Sat\n{early}From here on\n\nFrom - x\n{late}");
        let (mails, passed) = read(&[mbox.as_bytes(), late.as_bytes()]);
        let to: Vec<&str> = mails.iter().map(|mail| mail.to[0].1.as_str()).collect();
        assert_eq!(to, ["suzuki@minami.example", "yamada@kita.example"]);
        assert_eq!(mails[0].from, "sato@ours.example");
        assert_eq!(mails[1].greeted, ["yamada@kita.example"]);
        let plain = late.replace("Dear Yamada-san,", "The list is below.");
        assert!(read(&[plain.as_bytes()]).0[0].greeted.is_empty());
        assert_eq!((passed.twice, passed.undated), (2, 1), "{passed}");
    }

    #[test]
    fn what_cannot_be_dated_or_has_no_sender_or_nobody_to_go_to_is_counted() {
        let mail = sent(20, "1", "yamada@kita.example");
        let broken = [
            mail.replace("Date: 20 Nov 2026 10:00:00 +0900\n", ""),
            mail.replace("20 Nov 2026", "20 Nov 1970"),
            mail.replace("20 Nov 2026", "20 Nov 2126"),
            mail.replace("20 Nov 2026 10:00:00", "soon"),
            mail.replace("From: Sato <Sato@Ours.example>\n", ""),
            mail.replace("Sato@Ours.example", "MAILER-DAEMON"),
            mail.replace("yamada@kita.example", "undisclosed-recipients:;"),
        ];
        let broken: Vec<&[u8]> = broken.iter().map(String::as_bytes).collect();
        let (mails, passed) = read(&broken);
        assert!(mails.is_empty());
        assert_eq!(passed, Passed { undated: 4, nameless: 2, nobody: 1, ..Passed::default() });
        assert_eq!(read(&[b"", b"From ", b"\xff\xfe\0\n\n", b"From - x\n"]).0.len(), 0);
    }

    #[test]
    fn a_name_breaks_no_header_in_whatever_character_set() {
        let name = "=?iso-2022-jp?B?GyRCOzNFRBsoQg==?= \"a\\\"b\" =?utf-8?q?x=0D=0ABcc:_y?=";
        let (mails, _) = read(&[sent(20, "1", &format!("{name} <Yamada@Kita.example>, <broken>")).as_bytes()]);
        let (name, address) = &mails[0].to[0];
        assert_eq!((mails[0].to.len(), address.as_str()), (1, "yamada@kita.example"));
        assert!(name.contains("山田") && !name.contains(['\r', '\n', '"', '\\']), "{name:?}");
        // Shift_JIS in a header that says nothing of it.
        let raw = b"From: \x8eR\x93c <sato@ours.example>\nTo: \x8eR\x93c <yamada@kita.example>\nDate: 20 Nov 2026 10:00:00 +0900\n\n";
        let (mails, _) = read(&[raw]);
        assert_eq!(mails.first().map(|mail| mail.to[0].1.clone()), Some("yamada@kita.example".to_owned()));
    }

    #[test]
    fn the_organization_is_the_domain_that_most_mails_come_from() {
        let mut passed = Passed::default();
        let of = |domain: &str| sent(20, "1", "y@z.example").replace("Ours.example", domain);
        let mails = [of("b.example"), of("a.example"), of("a.example")];
        let mails: Vec<Dated> = mails.iter().filter_map(|mail| dated(mail.as_bytes(), NOW, &mut passed)).collect();
        assert_eq!(most(&mails).as_deref(), Some("a.example"));
        assert_eq!(most(&[]), None);
    }
}
