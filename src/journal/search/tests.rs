//! Searches in a journal of some records, each compared with a look at all of them.

use std::collections::BTreeMap;

use jiff::{Timestamp, ToSpan};

use super::*;
use crate::{
    inspect::{Attachment, Category, Coverage},
    journal::{Change, Decided, Journal, MailRecord, Via, Who, append},
    mail::{Address, MailId},
    policy::Action,
};

const OURS: [&str; 3] = ["sato@toho.example.co.jp", "suzuki@toho.example.co.jp", "kacho@toho.example.co.jp"];
const THEIRS: [&str; 5] = [
    "Yamada@kita-hoan.example.com",
    "tanaka@mail.kita-hoan.example.com",
    "info@customer.example",
    "x@notkita-hoan.example.com",
    "a@b.example",
];
const FILES: [&str; 3] = ["顧客名簿.xlsx", "見積書.pdf", "image001.png"];

/// When record `n` happened; the clock jumps back now and then.
fn at(n: i64) -> Timestamp {
    let back = if n % 10 == 9 { 3_600 * 24 * 2 } else { 0 };
    Timestamp::from_second(1_790_000_000 + n * 600 - back).unwrap()
}

fn pick<T: Copy>(list: &[T], n: i64) -> T {
    list[usize::try_from(n).unwrap() % list.len()]
}

fn record(n: i64) -> Record {
    let address = |text: &str| Address::parse(text).unwrap();
    if n % 4 == 3 {
        let change = Change {
            held: MailId(format!("HELD{n:04}")),
            change: "approved".to_owned(),
            by: Some(pick(&OURS, n / 4).to_owned()),
            via: Via::Reply,
            detail: None,
        };
        return Record::change(MailId(format!("MAIL{:04}", n - 1)), at(n), change);
    }
    let action = pick(&[Action::Forward, Action::Forward, Action::Hold, Action::RequireApproval], n);
    let to = address(pick(&THEIRS, n / 3));
    let hits = n % 5 == 0;
    let mail = MailRecord {
        client: "127.0.0.1 mta".to_owned(),
        mail_from: Some(address(pick(&OURS, n))),
        rcpt_to: vec![to.clone()],
        message_id: Some(format!("<Message-{n}@toho.example.co.jp>")),
        size: 1_000,
        persons: if hits { 12 } else { 0 },
        hidden_persons: 0,
        persons_min: None,
        persons_max: None,
        files: vec![Attachment { kind: "x".to_owned(), name: pick(&FILES, n / 2).to_owned(), size: 9 }],
        detectors: if hits { BTreeMap::from([("jp.phone".to_owned(), 12)]) } else { BTreeMap::new() },
        categories: if hits { [Category::Contact].into() } else { [].into() },
        reportable: Vec::new(),
        unread: BTreeMap::new(),
        uninspected: 0,
        coverage: Coverage::default(),
        decision: action,
        decisions: vec![Decided {
            action,
            rcpt_to: vec![to],
            rules: if hits { vec!["bulk-personal-data".to_owned()] } else { Vec::new() },
            reported: Vec::new(),
            would: None,
            undecided: Vec::new(),
        }],
        next_hop: Some("2.0.0 ok".to_owned()),
        not_taken: false,
        passed_before: None,
        facts: None,
        held: if n % 4 == 2 { vec![MailId(format!("MAIL{n:04}")), MailId(format!("PART{n:04}"))] } else { Vec::new() },
    };
    Record::mail(MailId(format!("MAIL{n:04}")), at(n), mail)
}

async fn journal_of(dir: &std::path::Path, count: i64) -> Journal {
    let store = Store::open(dir).await.unwrap();
    let mut writing = store.write().await.unwrap();
    append(&mut writing, &(0..count).map(record).collect::<Vec<_>>()).await.unwrap();
    writing.commit().await.unwrap();
    Journal::start(store)
}

async fn found(journal: &Journal, query: &Query) -> Vec<i64> {
    let mut numbers = Vec::new();
    journal
        .find(query, |hit| {
            numbers.push(hit.seq);
            ControlFlow::Continue(())
        })
        .await
        .unwrap();
    numbers
}

fn who(text: &str) -> Option<Who> {
    Some(text.parse().unwrap())
}

/// Each with how many of 400 records it finds at least: a query that finds nothing proves nothing.
fn queries() -> Vec<(Query, usize)> {
    let some = |text: &str| Some(text.to_owned());
    let all = Query::default;
    let day = at(200);
    vec![
        (Query { person: who("sato@toho.example.co.jp"), ..all() }, 100),
        (Query { from: who("SATO@toho.example.co.jp"), ..all() }, 90),
        (Query { to: who("yamada@kita-hoan.example.com"), ..all() }, 50),
        (Query { to: who("kita-hoan.example.com"), ..all() }, 100),
        (Query { to: who("example.com"), ..all() }, 150),
        (Query { by: who("kacho@toho.example.co.jp"), ..all() }, 30),
        (Query { by: who("toho.example.co.jp"), ..all() }, 100),
        (Query { file: some("名簿"), ..all() }, 90),
        (Query { file: some("簿"), ..all() }, 90),
        (Query { file: some("IMAGE001.png"), ..all() }, 90),
        (Query { detector: some("jp.phone"), ..all() }, 50),
        (Query { detector: some("jp"), ..all() }, 50),
        (Query { category: Some(Category::Contact), ..all() }, 50),
        (Query { decision: Some(Action::Hold), ..all() }, 90),
        (Query { rule: some("bulk-personal-data"), decision: Some(Action::Forward), ..all() }, 20),
        (Query { id: some("mail0012"), ..all() }, 1),
        (Query { id: some("MAIL0012"), ..all() }, 1),
        (Query { id: some("MAIL00"), ..all() }, 90),
        (Query { id: some("PART0014"), ..all() }, 1),
        (Query { id: some("HELD0015"), ..all() }, 1),
        (Query { message_id: some("message-12@toho.example.co.jp"), ..all() }, 1),
        (Query { text: some("BULK-personal"), ..all() }, 50),
        (Query { persons: 10, ..all() }, 50),
        (Query { since: Some(day), ..all() }, 150),
        (Query { until: Some(day), ..all() }, 150),
        (
            Query { since: Some(day - 1.hours()), until: Some(day), person: who("suzuki@toho.example.co.jp"), ..all() },
            1,
        ),
        (Query { to: who("kita-hoan.example.com"), file: some("見積"), detector: some("jp.phone"), ..all() }, 5),
        (Query { person: who("nobody@nowhere.example"), ..all() }, 0),
        (Query { text: some("' OR 1=1 --"), ..all() }, 0),
        (Query { file: some("%_'\""), ..all() }, 0),
    ]
}

#[tokio::test]
async fn the_index_finds_what_a_look_at_every_record_finds() {
    let dir = tempfile::tempdir().unwrap();
    let journal = journal_of(dir.path(), 400).await;
    for (query, least) in queries() {
        let by_index = found(&journal, &query).await;
        let whole = found(&journal, &Query { whole: true, ..query.clone() }).await;
        let sorted = by_index.is_sorted_by(|a, b| a > b);
        assert!(by_index.len() >= least && sorted, "{} of {query:?}", by_index.len());
        // A mail is asked for by id in another way than all records are looked at.
        if query.id.is_none() {
            assert_eq!(by_index, whole, "{query:?}");
        }
        assert!(least > 0 || by_index.is_empty(), "{query:?}");
    }
}

#[tokio::test]
async fn what_is_newer_than_the_index_is_found_too() {
    let dir = tempfile::tempdir().unwrap();
    let journal = journal_of(dir.path(), 100).await;
    journal.index().await.unwrap();
    journal.record(record(102)).await.unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    let query = Query { from: who("sato@toho.example.co.jp"), ..Query::default() };
    let mut seen = Vec::new();
    let mut each = |hit: Hit| {
        seen.push(hit.seq);
        ControlFlow::Continue(())
    };
    find(&store, &query, Reach::default(), &mut each).await.unwrap();
    assert_eq!((store.journal_indexed().await.unwrap(), seen[0]), (100, 101));
}

#[tokio::test]
async fn an_index_of_a_journal_that_was_cut_is_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    let journal = journal_of(dir.path(), 40).await;
    journal.index().await.unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    let mut writing = store.write().await.unwrap();
    writing.tamper("DELETE FROM journal WHERE seq > 20").await;
    writing.commit().await.unwrap();
    let query = Query { from: who("toho.example.co.jp"), ..Query::default() };
    assert_eq!(found(&journal, &query).await.len(), 15);
    assert_eq!(store.journal_indexed().await.unwrap(), 20);
}

#[tokio::test]
async fn a_search_ends_when_enough_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let journal = journal_of(dir.path(), 400).await;
    for query in [Query::default(), Query { from: who("toho.example.co.jp"), ..Query::default() }] {
        let mut seen = 0;
        journal
            .find(&query, |_| {
                seen += 1;
                if seen == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })
            .await
            .unwrap();
        assert_eq!(seen, 3);
    }
}

/// What is in a journal of several blocks: one was written while the clock was a year behind.
#[tokio::test]
async fn blocks_are_left_out_by_their_time_only() {
    const RECORDS: i64 = 66_000;
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    let mut writing = store.write().await.unwrap();
    let late = |n: i64| Record { at: at(n) - 8_760.hours(), ..record(n) };
    let records = (0..RECORDS).map(|n| if n == 65_900 { late(n) } else { record(n) });
    append(&mut writing, &records.collect::<Vec<_>>()).await.unwrap();
    writing.commit().await.unwrap();
    let journal = Journal::start(store.clone());
    let year_before = at(65_900) - 8_760.hours();
    let alone = Query { since: Some(year_before), until: Some(year_before + 1.second()), ..Query::default() };
    assert!(found(&journal, &alone).await.contains(&65_901));
    for (since, until, to) in [
        (None, Some(at(30_000)), None),
        (Some(at(1_000)), Some(at(40_000)), who("yamada@kita-hoan.example.com")),
        (Some(at(65_800)), None, None),
        (Some(at(20_000)), None, who("a@b.example")),
    ] {
        let query = Query { since, until, to, ..Query::default() };
        let by_index = found(&journal, &query).await;
        let whole = found(&journal, &Query { whole: true, ..query.clone() }).await;
        assert!(!by_index.is_empty() && by_index == whole, "{} and {} of {query:?}", by_index.len(), whole.len());
    }
    let old = Sieve { since: None, until: Some(at(14_000)), text: None };
    assert_eq!(store.journal_blocks_outside(&old).await.unwrap(), [].into(), "the second block has one from then");
    let new = Sieve { since: Some(at(65_600)), until: None, text: None };
    assert_eq!(store.journal_blocks_outside(&new).await.unwrap(), [0].into());
}

async fn leaf(journal: &Journal, query: &Query, before: Option<i64>, most: usize) -> Leaf {
    journal.leaf(query, Reach { before, patience: None }, most).await.unwrap()
}

#[tokio::test]
async fn leaves_put_together_are_the_whole_whatever_is_written_meanwhile() {
    for (query, _) in queries() {
        let dir = tempfile::tempdir().unwrap();
        let journal = journal_of(dir.path(), 200).await;
        journal.index().await.unwrap();
        let whole = found(&journal, &query).await;
        let (mut together, mut before, mut more) = (Vec::new(), None, 200);
        loop {
            let leaf = leaf(&journal, &query, before, 7).await;
            assert!(leaf.hits.len() <= 7 && !leaf.tired);
            together.extend(leaf.hits.into_iter().map(|hit| hit.seq));
            let Some(next) = leaf.next else { break };
            before = Some(next);
            journal.record(record(more)).await.unwrap();
            more += 4;
        }
        assert_eq!(together, whole, "{query:?}");
    }
}

#[tokio::test]
async fn a_search_without_patience_says_how_far_it_got_and_gets_to_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let journal = journal_of(dir.path(), 40_000).await;
    journal.index().await.unwrap();
    let some = |text: &str| Some(text.to_owned());
    for query in [
        Query { text: some("Message-42@"), ..Query::default() },
        Query { from: who("toho.example.co.jp"), persons: 1_000, ..Query::default() },
        Query { persons: 12, ..Query::default() },
    ] {
        let whole = found(&journal, &query).await;
        let (mut together, mut before, mut leaves) = (Vec::new(), None, 0);
        loop {
            let reach = Reach { before, patience: Some(Duration::ZERO) };
            let leaf = journal.leaf(&query, reach, 50).await.unwrap();
            together.extend(leaf.hits.iter().map(|hit| hit.seq));
            leaves += 1;
            let Some(next) = leaf.next else { break };
            assert!(before.is_none_or(|before| next < before), "it gets on");
            before = Some(next);
        }
        assert!(leaves > 2, "{leaves} of {query:?}");
        assert_eq!(together, whole, "{query:?}");
    }
}
