//! How well wrong recipients are noticed:
//! `cargo run --release --example recipients [-- --mails N --seed N] [--log PATH… --ours DOMAIN…] [--enron FOLDER]
//! [--oddest N] [--missed N]`.
//!
//! In: the mails of a synthetic organisation, made with a fixed seed ([`office`]), or the sent mail of a real one (files
//! and folders of mails, [`real`]), or the published tables of who wrote to whom at Enron ([`enron`]). Out: two tables, and
//! if asked for the mails without a mistake that look oddest, which are what people would be disturbed by, and those with
//! one in which somebody else looks odder. The mails are judged in the order of their time and learned afterwards, as the
//! product does it; those among ourselves, of whom nobody is judged, are only learned. Into each mail of the second half
//! one wrong recipient is put, in five ways:
//!
//! - a random contact of the sender,
//! - the contact whose address is most similar to the right one,
//! - a namesake elsewhere in the organisation's address book,
//! - the right address with a slip in its domain,
//! - the right recipient, with the salutation of another mail.
//!
//! A mail's score is that of its oddest recipient ([`score`]). The first table says how often the wrong recipient is the
//! oddest of its mail; the second, how many of the mails with a mistake are found where so many of those without one are
//! disturbed. Deliberately absent: the network, and a model trained on these mails; the product's own checks are judged.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "an evaluation that cannot go on panics, and prints its figures"
)]

mod enron;
mod inject;
mod office;
mod real;
mod score;

use std::path::PathBuf;

use sekisho::recipients::{History, Organization, Partners};

use self::{
    inject::{KINDS, Kind},
    office::Mail,
    score::Scored,
};

/// The share of mails without a mistake that may be disturbed.
const FALSE_ALARMS: [f64; 4] = [0.000_1, 0.001, 0.005, 0.01];

fn main() {
    let mut mails = 40_000;
    let mut oddest = 0;
    let mut missed = 0;
    let mut seed = office::SEED;
    let mut logs: Vec<PathBuf> = Vec::new();
    let mut ours: Vec<String> = Vec::new();
    let mut tables: Option<PathBuf> = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let value = arguments.next();
        match (argument.as_str(), value) {
            ("--mails", Some(number)) => mails = number.parse().expect("--mails takes a number"),
            ("--log", Some(path)) => logs.push(path.into()),
            ("--ours", Some(domain)) => ours.push(domain.to_lowercase()),
            ("--enron", Some(path)) => tables = Some(path.into()),
            ("--oddest", Some(number)) => oddest = number.parse().expect("--oddest takes a number"),
            ("--missed", Some(number)) => missed = number.parse().expect("--missed takes a number"),
            ("--seed", Some(number)) => seed = number.parse().expect("--seed takes a number"),
            (other, _) => panic!(
                "{other}: --mails --seed --log --ours --enron --oddest and --missed are known, each with a value"
            ),
        }
    }
    let (organization, mails) = match &tables {
        Some(folder) => enron::mails(folder),
        None if logs.is_empty() => office::mails(mails, seed),
        None => {
            let (organization, mails, passed) = real::mails(&logs, &ours);
            println!("{} ({passed})", organization.domains.join(", "));
            (organization, mails)
        }
    };
    if mails.len() < 2 {
        panic!("there is nothing to judge: mails that were sent from one domain are needed (--ours DOMAIN)");
    }
    println!("{} mails of {} senders", mails.len(), senders(&mails));
    let outcome = replay(&organization, &mails);
    outcome.print();
    outcome.print_oddest(oddest);
    outcome.print_missed(missed);
}

fn senders(mails: &[Mail]) -> usize {
    mails.iter().map(|mail| mail.from.as_str()).collect::<std::collections::HashSet<_>>().len()
}

/// The scores of all mails of the second half, as they were and with each kind of mistake.
struct Outcome {
    right: Vec<Scored>,
    wrong: Vec<(Kind, Vec<Scored>)>,
}

fn replay(organization: &Organization, mails: &[Mail]) -> Outcome {
    let partners = Partners::default();
    let mut history = History::default();
    let mut book = inject::Book::default();
    let mut outcome = Outcome { right: Vec::new(), wrong: KINDS.iter().map(|kind| (*kind, Vec::new())).collect() };
    let organization = Organization { learning_days: 0, ..organization.clone() };
    for (number, mail) in mails.iter().enumerate() {
        let judged = score::judge(mail, &organization, &partners, &history);
        // A mail among us has nobody who is judged, and can neither be found nor disturb.
        if number >= mails.len() / 2 && mail.to.iter().chain(&mail.cc).any(|(_, to)| !organization.is_ours(to)) {
            outcome.right.push(Scored::of(&judged, None));
            for (kind, scored) in &mut outcome.wrong {
                if let Some((mail, wrong)) = inject::wrong(*kind, mail, mails, number, &book, &organization) {
                    let judged = score::judge(&mail, &organization, &partners, &history);
                    scored.push(Scored::of(&judged, wrong.as_deref()));
                }
            }
        }
        history.learn(&judged.lesson, mail.day);
        book.learn(mail);
    }
    outcome
}

impl Outcome {
    fn print(&self) {
        let mut clean: Vec<f64> = self.right.iter().map(|scored| scored.score).collect();
        clean.sort_by(|a, b| b.total_cmp(a));
        println!(
            "\n| mistake | mails | wrong one ranked first | found at 0.01 % | 0.1 % | 0.5 % | 1 % false alarms | right one suggested |"
        );
        println!("|---|---:|---:|---:|---:|---:|---:|---:|");
        for (kind, scored) in &self.wrong {
            let share = |count: usize| percent(count, scored.len());
            let first = scored.iter().filter(|scored| scored.ranked_first).count();
            let suggested = scored.iter().filter(|scored| scored.suggested).count();
            let found = FALSE_ALARMS.map(|alarms| {
                let bar = bar(&clean, alarms);
                share(scored.iter().filter(|scored| scored.score > bar).count())
            });
            let first = if *kind == Kind::Salutation { "–".to_owned() } else { share(first) };
            println!("| {} | {} | {first} | {} | {} |", kind.name(), scored.len(), found.join(" | "), share(suggested));
        }
        println!("\n| check | of {} mails without a mistake | of those with one |", self.right.len());
        println!("|---|---:|---:|");
        let wrong: Vec<&Scored> = self.wrong.iter().flat_map(|(_, scored)| scored).collect();
        for check in sekisho::recipients::Check::ALL {
            let raised = |scored: &Scored| scored.checks.contains(&check);
            let right = self.right.iter().filter(|scored| raised(scored)).count();
            let found = wrong.iter().filter(|scored| raised(scored)).count();
            println!("| `{}` | {} | {} |", check.name(), percent(right, self.right.len()), percent(found, wrong.len()));
        }
    }

    /// The mails without a mistake that look oddest, and why.
    fn print_oddest(&self, number: usize) {
        let mut right: Vec<&Scored> = self.right.iter().collect();
        right.sort_by(|a, b| b.score.total_cmp(&a.score));
        for (place, scored) in right.iter().enumerate().take(number) {
            println!("{place} {:.1} {}", scored.score, scored.oddest);
        }
    }

    /// Of each kind the first mails in which somebody else is odder than the wrong one.
    fn print_missed(&self, number: usize) {
        for (kind, scored) in &self.wrong {
            for missed in scored.iter().filter_map(|scored| scored.missed.as_deref()).take(number) {
                println!("{}: {missed}", kind.name());
            }
        }
    }
}

/// The score above which so large a share of the clean mails lies; `clean` descends.
fn bar(clean: &[f64], share: f64) -> f64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a count")]
    let at = (clean.len() as f64 * share).floor() as usize;
    clean.get(at).copied().unwrap_or(f64::NEG_INFINITY)
}

fn percent(count: usize, of: usize) -> String {
    #[expect(clippy::cast_precision_loss, reason = "counts of mails")]
    let share = 100.0 * count as f64 / of.max(1) as f64;
    format!("{share:.2} %")
}
