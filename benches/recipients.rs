//! What it costs to judge the recipients of a mail and to ask policy, with a history of a million pairs.
//!
//! `cargo bench --bench recipients`. Aim: under 200 µs for 10 recipients and under 5 ms for 1,000. Beside it what a look at the
//! history alone costs, as the floor: two look-ups a recipient; and how long the history takes to load, and how much room.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench that cannot go on panics, and prints its figures"
)]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use sekisho::{
    inspect::{Inspection, Letter},
    mail::{Address, Envelope, Message},
    policy::{Action, Mail, Policies},
    recipients::{Case, Day, Entry, History, Organization, Partners, Relation, judge},
};

const TODAY: Day = Day(20_000);
const PAIRS: usize = 1_000_000;

fn main() {
    let (before, start) = (resident(), Instant::now());
    let mut history = History::default();
    entries().for_each(|entry| history.restore(&entry));
    let (loaded, room) = (start.elapsed(), resident().saturating_sub(before) >> 20);
    println!(
        "history: {} counters, loaded in {loaded:.1?}, {room} MiB; 300 partners; the shipped policies",
        history.len()
    );
    let partners: String = (0..300)
        .map(|n| {
            format!(
                "[[partner]]\nid = \"p{n}\"\nnames = [\"第{n}商事株式会社\"]\ndomains = [\"partner{n}.example.jp\"]\n"
            )
        })
        .collect();
    let partners = Partners::parse("partners.toml", &partners).expect("partners");
    let policies = Policies::compile(&[], Action::Forward).expect("policies");
    println!("| recipients | known | salutation | judged and decided | history alone |");
    println!("|---:|---|---|---:|---:|");
    let cases = [
        (1, true, "山田様"),
        (10, true, "山田様"),
        (10, true, "鈴木様"),
        (10, true, "第3商事株式会社 鈴木様"),
        (10, true, "第3商事株式会社 御中"),
        (10, false, "山田様"),
        (10, false, "鈴木様"),
        (1_000, true, "各位"),
        (1_000, false, "各位"),
    ];
    for (number, known, salutation) in cases {
        let mail = mail(number, known);
        let times = if number > 100 { 200 } else { 300 };
        let whole = best(times, || decide(&mail, salutation, &history, &partners, &policies));
        let floor = best(times, || {
            let weight = |to: &Address| {
                history.weight(Relation::Known, "", &to.canonical(), TODAY)
                    + history.weight(Relation::Wrote, "user1@toho-kanko.example", &to.canonical(), TODAY)
            };
            mail.0.recipients.iter().map(weight).sum::<f32>()
        });
        println!("| {number} | {} | {salutation} | {whole:.1?} | {floor:.1?} |", if known { "yes" } else { "no" });
    }
}

fn decide(
    mail: &(Envelope, Message),
    salutation: &str,
    history: &History,
    partners: &Partners,
    policies: &Policies,
) -> usize {
    let organization = Organization { domains: vec!["toho-kanko.example".to_owned()], ..Organization::default() };
    let (inspection, letter) = (
        Inspection::default(),
        Letter {
            opening: vec![salutation.to_owned(), "お世話になっております。".to_owned()], ..Letter::default()
        },
    );
    let (envelope, message) = mail;
    let judged = judge(Case {
        envelope,
        message,
        inspection: &inspection,
        letter: &letter,
        organization: &organization,
        partners,
        history,
        today: TODAY,
    });
    let at = jiff::civil::date(2026, 11, 24).at(10, 0, 0, 0);
    let facts = Mail::gather((envelope, message), &inspection, &judged.recipients, at, policies.fields(), &[]);
    policies.decide(&facts).groups().len()
}

/// Somebody's address: 300 people at each of a thousand companies.
fn address(number: usize) -> String {
    format!("yamada{}@company{}.example.jp", number / 1_000, number % 1_000)
}

fn mail(number: usize, known: bool) -> (Envelope, Message) {
    let to: Vec<String> =
        (0..number).map(|n| if known { address(n * 7) } else { format!("suzuki{n}@stranger{n}.example.jp") }).collect();
    let header = format!(
        "From: user1@toho-kanko.example\r\nTo: {}\r\nSubject: x\r\nMessage-ID: <1@toho-kanko.example>\r\n\r\nx\r\n",
        to.join(",\r\n ")
    );
    let parse = |text: &String| Address::parse(text).expect("an address");
    let envelope = Envelope {
        sender: Address::parse("user1@toho-kanko.example").ok(),
        recipients: to.iter().map(parse).collect(),
        ..Envelope::default()
    };
    (envelope, Message::new(header.into_bytes()))
}

/// A thousand senders, three hundred thousand addresses, a million pairs of both kinds.
fn entries() -> impl Iterator<Item = Entry> {
    let entry = |relation, from: String, to: String| Entry { relation, from, to, weight: 4.0, day: Day(19_990) };
    let nobody = String::new;
    let known = (0..300_000).map(move |n| entry(Relation::Known, nobody(), address(n)));
    let domains = (0..1_000).map(move |n| entry(Relation::KnownDomain, nobody(), format!("company{n}.example.jp")));
    let pairs = (0..PAIRS / 2).flat_map(move |n| {
        let sender = format!("user{}@toho-kanko.example", n % 1_000);
        [
            entry(Relation::Wrote, sender, address(n * 7 % 300_000)),
            entry(Relation::Together, address(n * 7 % 300_000), address(n * 13 % 300_000)),
        ]
    });
    known.chain(domains).chain(pairs)
}

/// How much memory this process holds, in bytes; 0 where nobody tells.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.and_then(|pages| pages.split(' ').nth(1)?.parse::<usize>().ok());
    pages.unwrap_or_default() * 4_096
}

fn best<T>(times: usize, mut run: impl FnMut() -> T) -> Duration {
    let one = |_| {
        let start = Instant::now();
        black_box(run());
        start.elapsed()
    };
    (0..times).map(one).min().unwrap_or_default()
}
