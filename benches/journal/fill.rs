//! A company of invented people, its held mails, and what left in a year: by rule, so that every run has the same.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use sekisho::{
    directory::{Account, Accounts, Directory, Password, People, Person, Role},
    hold::{self, Arrival, Hold},
    inspect::{Attachment, Category, Coverage, Inspection},
    journal::{self, Change, Counting, Decided, MailRecord, Record, Via},
    language::{Language, Text},
    mail::{Address, Envelope, MailId, Message},
    notice::{Voice, Wording},
    policy::{Action, Calendar, Duties, Group, Matched},
    recipients::{Direction, Lesson, Organization, Recipient},
    store::Store,
};
use tokio::task::JoinSet;

/// Who looks.
pub(crate) const AUDITOR: &str = "auditor@toho.example.co.jp";
pub(crate) const PASSWORD: &str = "a-sentence-that-only-one-person-knows";
/// Who wrote a handful of mails in the year.
pub(crate) const RARE: &str = "rare@toho.example.co.jp";
/// Who wrote one of every hundred.
pub(crate) const FREQUENT: &str = "staff0@toho.example.co.jp";

const SECURITY: &str = "security@toho.example.co.jp";
const STAFF: u64 = 2_000;
const DETECTORS: [(&str, Category); 6] = [
    ("jp.phone", Category::Contact),
    ("jp.address", Category::Contact),
    ("email", Category::Contact),
    ("jp.name", Category::Identity),
    ("jp.bank_account", Category::Financial),
    ("secret.password", Category::Credential),
];
const FILES: [&str; 6] =
    ["顧客名簿.xlsx", "見積書.pdf", "議事録.docx", "請求書_11月.pdf", "image001.png", "作業予定.xlsx"];

/// Numbers that look like chance: xorshift64*, from one seed.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new() -> Self {
        Self(0x5e_c1_50_20_26)
    }

    pub(crate) fn below(&mut self, many: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % many
    }

    fn one<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len() as u64) as usize]
    }
}

pub(crate) fn address(text: &str) -> Address {
    Address::parse(text).expect("an address")
}

pub(crate) fn timezone() -> TimeZone {
    TimeZone::get("Asia/Tokyo").expect("a zone")
}

pub(crate) fn voice() -> Voice {
    Voice {
        language: Language::Ja,
        organization: "東邦ガス株式会社".to_owned(),
        hostname: "sekisho.toho.example.co.jp".to_owned(),
        timezone: timezone(),
        public_url: String::new(),
        wording: Wording::default(),
    }
}

/// Two thousand people in forty departments, one of whom audits.
fn people() -> People {
    let mut persons: Vec<Person> =
        (0..STAFF).map(|n| Person::new(address(&format!("staff{n}@toho.example.co.jp")))).collect();
    let mut auditor = Person::new(address(AUDITOR));
    auditor.roles.insert(Role::Auditor);
    let mut groups = BTreeMap::<String, Vec<Address>>::new();
    for (n, person) in persons.iter().enumerate() {
        groups.entry(format!("第{}課", n % 40 + 1)).or_default().push(person.address.clone());
    }
    persons.push(auditor);
    People::new(persons, groups)
}

/// The hold of the company, and how its mails are counted.
pub(crate) async fn company(store: &Store, dir: &std::path::Path) -> (Hold, Counting) {
    let created_at = Timestamp::UNIX_EPOCH;
    let password_hash = Password::chosen(PASSWORD, &address(AUDITOR)).expect("a password").hash().expect("a hash");
    let account = Account { address: address(AUDITOR), password_hash, disabled: false, created_at };
    store.put_account(&account).await.expect("an account");
    let settings = hold::Settings {
        security: vec![address(SECURITY)],
        approvers: Vec::new(),
        expires_after: Duration::from_secs(10 * 86_400),
        delay: Duration::from_secs(600),
        remind_after: None,
        escalate_after: None,
        calendar: Calendar::default(),
        keep: hold::Keep::default(),
        limits: hold::Limits::default(),
        digest: None,
    };
    let organization = Organization { domains: vec!["toho.example.co.jp".to_owned()], ..Organization::default() };
    let directory = Directory::open(people().into(), None, dir);
    let known = directory.clone();
    let department = move |sender: Option<&Address>| {
        let people = known.people();
        sender.and_then(|sender| people.department(sender)).unwrap_or_default().to_owned()
    };
    let hold = Hold::new(store.clone(), settings, voice(), organization, directory);
    (hold, Counting { timezone: timezone(), department: Arc::new(department) })
}

/// Holds so many mails, some at a time, as they come from the mail server.
pub(crate) async fn hold_mails(hold: &Hold, count: u64) {
    let mut holding = JoinSet::new();
    for first in 0..25 {
        let hold = hold.clone();
        holding.spawn(async move {
            for n in (first..count).step_by(25) {
                hold.take(held_mail(n)).await.expect("a mail is held");
            }
        });
    }
    holding.join_all().await;
}

fn held_mail(n: u64) -> Arrival {
    let sender = address(&format!("staff{}@toho.example.co.jp", n % STAFF));
    let to = address(&format!("yamada@customer{}.example.com", n % 500));
    let title = Text { ja: "10人以上の個人情報".to_owned(), en: "personal data of ten people".to_owned() };
    let (rule, action) = ("bulk-personal-data".to_owned(), Action::RequireApproval);
    let matched = vec![Matched { rule, action, title, duties: Duties::default() }];
    let subject = format!("作業予定の送付 {n}");
    let bytes =
        format!("From: <{sender}>\r\nTo: <{to}>\r\nMessage-ID: <held.{n}@toho.example.co.jp>\r\n\r\nsee {n}\r\n");
    Arrival {
        id: MailId(ulid::Ulid::generate().to_string()),
        at: Timestamp::now(),
        peer: "127.0.0.1 (mta)".to_owned(),
        recipients: vec![Recipient::new(to.clone(), Direction::External)],
        envelope: Envelope { sender: Some(sender.clone()), recipients: vec![to.clone()], ..Envelope::default() },
        authors: vec![sender],
        message: Message::new(bytes.into_bytes()),
        trace: Vec::new(),
        subject,
        inspection: Inspection { persons: 12, ..Inspection::default() },
        facts: None,
        lesson: Lesson::default(),
        groups: vec![Group { matched, ..Group::new(Action::RequireApproval, vec![to]) }],
    }
}

/// Record `n` of `all`, which are spread over the year before `now`: of ten mails one was held, and for each of those
/// there is what people did with it.
pub(crate) fn record(dice: &mut Dice, n: u64, all: u64, now: Timestamp) -> Record {
    let back = SignedDuration::from_secs(365 * 86_400 * (all - n) as i64 / all as i64);
    let at = now - back;
    let id = MailId(ulid::Ulid::from_parts(at.as_millisecond() as u64, u128::from(n)).to_string());
    if n % 10 == 9 {
        let change = Change {
            held: id.clone(),
            change: dice.one(&["approved", "rejected", "released", "delivered", "viewed"]).to_owned(),
            by: Some(SECURITY.to_owned()),
            via: Via::Console,
            detail: None,
        };
        return Record::change(id, at, change);
    }
    Record::mail(id, at, mail(dice, n))
}

fn mail(dice: &mut Dice, n: u64) -> MailRecord {
    let from = match n {
        // A handful in the oldest tenth.
        n if n < 100_000 && n % 20_000 == 1 => RARE.to_owned(),
        _ if dice.below(100) == 0 => FREQUENT.to_owned(),
        _ => format!("staff{}@toho.example.co.jp", dice.below(STAFF)),
    };
    let to = address(&format!("user{}@customer{}.example.com", dice.below(50), dice.below(5_000)));
    let found: BTreeSet<usize> = (0..dice.below(4))
        .map(|_| dice.below(DETECTORS.len() as u64) as usize)
        .filter(|_| n.is_multiple_of(3))
        .collect();
    let action = match dice.below(100) {
        0..=89 => Action::Forward,
        90 => Action::Delay,
        91..=94 => Action::Hold,
        95..=98 => Action::RequireApproval,
        _ => Action::Reject,
    };
    let persons = if found.is_empty() { 0 } else { 1 + dice.below(200) as u32 };
    let file = |dice: &mut Dice| Attachment { kind: "x".into(), name: dice.one(&FILES).into(), size: 9 };
    let files = (0..dice.below(3)).map(|_| file(dice)).collect();
    MailRecord {
        client: "192.0.2.25 mta.toho.example.co.jp".to_owned(),
        mail_from: Some(address(&from)),
        rcpt_to: vec![to.clone()],
        message_id: Some(format!("<{n}.{}@toho.example.co.jp>", dice.below(1 << 30))),
        size: 1_000 + dice.below(500_000),
        persons,
        hidden_persons: 0,
        persons_min: Some(persons),
        persons_max: Some(persons),
        files,
        detectors: found.iter().map(|&at| (DETECTORS[at].0.to_owned(), 1 + dice.below(30) as u32)).collect(),
        categories: found.iter().map(|&at| DETECTORS[at].1).collect(),
        reportable: Vec::new(),
        unread: BTreeMap::new(),
        uninspected: 0,
        coverage: Coverage::default(),
        decision: action,
        decisions: vec![Decided {
            action,
            rcpt_to: vec![to],
            rules: if action == Action::Forward { Vec::new() } else { vec!["bulk-personal-data".to_owned()] },
            reported: Vec::new(),
            would: None,
            undecided: Vec::new(),
        }],
        next_hop: Some("250 2.0.0 Ok: queued as 4BqX1".to_owned()),
        not_taken: false,
        passed_before: None,
        facts: None,
        held: Vec::new(),
    }
}

/// Writes `all` records, many in one change.
pub(crate) async fn write_journal(store: &Store, all: u64, now: Timestamp) {
    let mut dice = Dice::new();
    for from in (0..all).step_by(10_000) {
        let records: Vec<Record> = (from..(from + 10_000).min(all)).map(|n| record(&mut dice, n, all, now)).collect();
        let mut writing = store.write().await.expect("the store writes");
        journal::append(&mut writing, &records).await.expect("records are written");
        writing.commit().await.expect("records are written");
    }
}
