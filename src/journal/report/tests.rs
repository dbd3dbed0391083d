//! Whole reports, kept in `tests/reports` for people to read and to see changes in the diff.
//!
//! `UPDATE_SNAPSHOTS=1 cargo test --lib journal::report` writes them anew; also the pages, to a folder that
//! `SEKISHO_REPORTS` names, for a look in a browser.

use std::{collections::BTreeSet, fs, path::Path};

use jiff::civil;

use super::{
    duty::{Count, Ground, Heading, ground, must_report},
    incident::Why,
    *,
};
use crate::{
    inspect::{Attachment, Category, Confidence, Coverage, Inspection, Reason, Reportable},
    journal::{Change, Journal, MailRecord, Record, Via, append},
    mail::{Address, Envelope, MailId, Message},
    policy::{Action, Found, Group, Mail, Persons, To},
    recipients::{Check, Seen, Standing},
    store::Store,
};

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// What was found in a mail.
struct Letter<'a> {
    id: &'a str,
    at: &'a str,
    persons: (u32, u32, u32),
    hidden: u32,
    quoted: u32,
    found: &'a [(&'a str, Category, Confidence, u32)],
    reportable: &'a [Reportable],
    files: &'a [&'a str],
    unread: &'a [Reason],
    groups: &'a [Together<'a>],
}

/// Action, to whom, the rules, the rules that only report, what is wrong with them.
type Together<'a> = (Action, &'a [&'a str], &'a [&'a str], &'a [&'a str], &'a [Check]);

impl Letter<'_> {
    fn record(&self) -> MailRecord {
        let recipients: Vec<Address> =
            self.groups.iter().flat_map(|(_, to, ..)| to.iter().map(|to| address(to))).collect();
        let envelope = Envelope {
            sender: Some(address("sato@toho.example.co.jp")),
            recipients: recipients.clone(),
            ..Envelope::default()
        };
        let message = Message::new(format!("Message-ID: <{}@toho.example.co.jp>\r\n\r\nx\r\n", self.id).into_bytes());
        let file = |name: &&str| Attachment { kind: "xlsx".to_owned(), name: (*name).to_owned(), size: 876_543 };
        let inspection = Inspection {
            kind: "mail".to_owned(),
            persons: self.persons.1,
            persons_min: self.persons.0,
            persons_max: self.persons.2,
            hidden_persons: self.hidden,
            reportable: self.reportable.to_vec(),
            coverage: Coverage {
                parts: 5,
                inspected: 5 - u32::try_from(self.unread.len()).unwrap(),
                characters: 1_234_567,
            },
            attachments: self.files.iter().map(file).collect(),
            ..Inspection::default()
        };
        let groups: Vec<Group> = self
            .groups
            .iter()
            .map(|(action, to, ..)| Group::new(*action, to.iter().map(|to| address(to)).collect()))
            .collect();
        let mut mail = MailRecord::new("127.0.0.1 mta", &envelope, &message, &inspection, &groups);
        mail.size = if self.files.is_empty() { 2_345 } else { 1_203_456 };
        mail.detectors = self.found.iter().map(|(detector, .., count)| ((*detector).to_owned(), *count)).collect();
        mail.categories = self.found.iter().map(|(_, category, ..)| *category).collect();
        mail.unread = self.unread.iter().map(|reason| (*reason, 1)).collect();
        for (decided, (_, _, rules, reported, _)) in mail.decisions.iter_mut().zip(self.groups) {
            decided.rules = rules.iter().map(|rule| (*rule).to_owned()).collect();
            decided.reported = reported.iter().map(|rule| (*rule).to_owned()).collect();
            decided.would = (!reported.is_empty()).then_some(Action::RequireApproval);
        }
        mail.with_facts(self.facts())
    }

    fn facts(&self) -> Mail {
        let to = |to: &str, issues: &[Check]| To {
            address: address(to),
            standing: if to.ends_with("@toho.example.co.jp") { Standing::Internal } else { Standing::External },
            seen: Seen::To,
            partner: None,
            within_scope: false,
            issues: issues.to_vec(),
            learning: Vec::new(),
        };
        let found = |(detector, category, confidence, count): &(&str, Category, Confidence, u32)| Found {
            detector: (*detector).to_owned(),
            category: *category,
            confidence: *confidence,
            count: *count,
        };
        let recipients = self.groups.iter().flat_map(|(_, all, _, _, issues)| all.iter().map(|one| to(one, issues)));
        Mail {
            format: crate::policy::FORMAT,
            sender: None,
            at: civil::date(2026, 11, 20).at(9, 30, 0, 0),
            size: 1,
            persons: Persons {
                total: self.persons.1,
                visible: self.persons.1,
                hidden: self.hidden,
                quoted: self.quoted,
            },
            findings: self.found.iter().map(found).collect(),
            reportable: self.reportable.to_vec(),
            unread: self.unread.iter().copied().collect(),
            coverage: 100,
            attachments: None,
            headers: None,
            labels: None,
            recipients: recipients.collect(),
        }
    }

    fn mail(&self, mail: MailRecord) -> Record {
        Record::mail(MailId(self.id.to_owned()), moment(self.at), mail)
    }
}

fn change(mail: &str, held: &str, at: &str, what: &str, by: Option<&str>, detail: Option<&str>) -> Record {
    let change = Change {
        held: MailId(held.to_owned()),
        change: what.to_owned(),
        by: by.map(str::to_owned),
        via: if by.is_some() { Via::Reply } else { Via::System },
        detail: detail.map(str::to_owned),
    };
    Record::change(MailId(mail.to_owned()), moment(at), change)
}

const GAS: &str = "01KB3M7Q8ZJ4V0C2N9T5R6W1XY";
const CARE: &str = "01KB5D2H6M3E8QW0R7T4Y1P9ZA";
const NUMBER: &str = "01KB8V4K1N6S2XC5B0G7J3F8DE";

/// A work schedule with 12,000 customers on a sheet behind it, to a domain with a slip, approved and delivered.
fn gas_company() -> Vec<Record> {
    let to = "yamada@kita-haon.example.com";
    let letter = Letter {
        id: GAS,
        at: "2026-11-20T00:30:00Z",
        persons: (11_950, 12_000, 12_000),
        hidden: 0,
        quoted: 0,
        found: &[
            ("jp.name", Category::Identity, Confidence::High, 12_000),
            ("jp.address", Category::Contact, Confidence::High, 12_000),
            ("jp.phone", Category::Contact, Confidence::High, 12_000),
            ("jp.postal_code", Category::Contact, Confidence::High, 12_000),
            ("mark.confidential", Category::Organizational, Confidence::Medium, 1),
        ],
        reportable: &[Reportable::Over1000],
        files: &["業務委託_12月作業予定.xlsx"],
        unread: &[],
        groups: &[(
            Action::RequireApproval,
            &[to],
            &["bulk-personal-data", "lookalike-domain"],
            &[],
            &[Check::LookalikeDomain],
        )],
    };
    let mut mail = letter.record();
    mail.held = vec![MailId(GAS.to_owned())];
    let said = format!("{to}: 250 2.0.0 Ok: queued as 4BqX1");
    vec![
        letter.mail(mail),
        change(GAS, GAS, "2026-11-20T02:10:00Z", "approved", Some("kacho@toho.example.co.jp"), None),
        change(GAS, GAS, "2026-11-20T02:10:01Z", "released", None, None),
        change(GAS, GAS, "2026-11-20T02:10:04Z", "delivered", None, Some(&said)),
    ]
}

/// One row about an illness, to a private mailbox; the rule that would have stopped it only reports.
fn one_special_care_row() -> Vec<Record> {
    let letter = Letter {
        id: CARE,
        at: "2026-11-25T08:02:00Z",
        persons: (1, 1, 1),
        hidden: 0,
        quoted: 2,
        found: &[
            ("jp.special_care", Category::SpecialCare, Confidence::High, 1),
            ("jp.name", Category::Identity, Confidence::Medium, 1),
        ],
        reportable: &[Reportable::SpecialCare],
        files: &[],
        unread: &[],
        groups: &[(
            Action::Forward,
            &["sato.kenichi@freemail.example", "jinji@toho.example.co.jp"],
            &[],
            &["special-care-data"],
            &[Check::FreeMail, Check::FirstContact],
        )],
    };
    vec![letter.mail(letter.record().answered("2.0.0 Ok: queued as 4BqX2"))]
}

/// A My Number to the tax accountant and, by mistake, to somebody else, from whom the sender took it back in time.
fn my_number() -> Vec<Record> {
    let letter = Letter {
        id: NUMBER,
        at: "2026-11-27T06:40:00Z",
        persons: (1, 1, 1),
        hidden: 0,
        quoted: 0,
        found: &[
            ("jp.my_number", Category::Specific, Confidence::High, 1),
            ("jp.bank_account", Category::Financial, Confidence::Low, 1),
        ],
        reportable: &[Reportable::Specific],
        files: &["年末調整.zip", "![x](http://evil.example/<script>).csv"],
        unread: &[Reason::Encrypted],
        groups: &[
            (Action::Forward, &["nencho@zeirishi.example.com"], &[], &[], &[]),
            (Action::Delay, &["nencho@zeirisi.example.com"], &["delay-outside"], &[], &[Check::LookalikeDomain]),
        ],
    };
    let mut mail = letter.record().answered("2.0.0 Ok: queued as 4BqX3");
    mail.held = vec![MailId(NUMBER.to_owned())];
    let sender = Some("sato@toho.example.co.jp");
    vec![letter.mail(mail), change(NUMBER, NUMBER, "2026-11-27T06:44:00Z", "withdrawn", sender, None)]
}

fn order(language: Language, form: Form, stage: Stage) -> Order {
    let title = |ja: &str, en: &str| Text { ja: ja.to_owned(), en: en.to_owned() };
    Order {
        organization: "東邦ガス株式会社".to_owned(),
        language,
        timezone: TimeZone::get("Asia/Tokyo").unwrap(),
        form,
        stage,
        aware: moment("2026-11-27T15:00:00Z"),
        to_the_hour: false,
        malicious: false,
        now: moment("2026-11-29T01:15:00Z"),
        titles: BTreeMap::from([
            (
                "bulk-personal-data".to_owned(),
                title(
                    "10人以上の個人情報を社外に送ろうとしています",
                    "Personal data of ten or more people is going outside",
                ),
            ),
            (
                "special-care-data".to_owned(),
                title("要配慮個人情報を社外に送ろうとしています", "Special-care data is going outside"),
            ),
        ]),
    }
}

fn incident(records: &[Record]) -> Incident {
    let mails: Vec<MailId> = records.iter().map(|record| record.id.clone()).collect();
    Incident::of(records, &mails)
}

#[test]
fn whole_reports_read_as_their_snapshots() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reports");
    let update = std::env::var_os("UPDATE_SNAPSHOTS").is_some();
    let several = [gas_company(), one_special_care_row(), my_number()].concat();
    let stories: [(&str, Vec<Record>, Form, Stage); 6] = [
        ("gas-company", gas_company(), Form::Appi, Stage::Preliminary),
        ("gas-company-final", gas_company(), Form::Appi, Stage::Final),
        ("gas-company-gdpr", gas_company(), Form::Gdpr, Stage::Preliminary),
        ("special-care", one_special_care_row(), Form::Appi, Stage::Preliminary),
        ("my-number", my_number(), Form::Appi, Stage::Preliminary),
        ("three-mails", several, Form::Appi, Stage::Preliminary),
    ];
    let (mut wrong, mut names) = (Vec::new(), BTreeSet::new());
    for (story, records, form, stage) in stories {
        for (language, tag) in [(Language::Ja, "ja"), (Language::En, "en")] {
            let report = draft(&incident(&records), &order(language, form, stage)).unwrap();
            assert!(report.gaps() >= 4, "{story}");
            let said = markdown::markdown(&report);
            let name = format!("{story}.{tag}.md");
            if update {
                fs::create_dir_all(&folder).unwrap();
                fs::write(folder.join(&name), &said).unwrap();
            }
            if let Some(looked_at) = std::env::var_os("SEKISHO_REPORTS") {
                let page = page::page(&report).unwrap();
                fs::write(Path::new(&looked_at).join(format!("{story}.{tag}.html")), page).unwrap();
            }
            let kept = fs::read_to_string(folder.join(&name)).unwrap_or_default();
            if kept != said {
                wrong.push(format!("{name}: kept\n{kept}\nfound\n{said}"));
            }
            names.insert(name);
        }
    }
    assert!(wrong.is_empty(), "UPDATE_SNAPSHOTS=1 writes them anew\n{}", wrong.join("\n"));
    let there: BTreeSet<String> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(there, names, "a snapshot of no report");
}

/// The handbook shows the report of the gas company's mail, word for word.
#[test]
fn the_handbook_shows_the_report_of_the_gas_company() {
    // In the light crate of a room the tests are elsewhere, and the documents beside them.
    let root = fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")).unwrap();
    let handbook = fs::read_to_string(root.join("../docs/journal.md")).unwrap();
    let said = fs::read_to_string(root.join("reports/gas-company.ja.md")).unwrap();
    let quoted = said.lines().map(|line| format!("> {line}").trim_end().to_owned()).collect::<Vec<_>>().join("\n");
    assert!(handbook.contains(&quoted), "docs/journal.md does not show tests/reports/gas-company.ja.md");
}

#[test]
fn the_law_is_applied_to_what_was_recorded() {
    let grounds = |records: &[Record]| Heading::ALL.map(|heading| ground(heading, &incident(records), false));
    assert_eq!(
        grounds(&gas_company()),
        [Ground::NotFound, Ground::NotFound, Ground::Unknown, Ground::Applies, Ground::NotFound]
    );
    assert_eq!(
        grounds(&one_special_care_row()),
        [Ground::Applies, Ground::NotFound, Ground::Unknown, Ground::NotFound, Ground::NotFound]
    );
    // A guess at an account, an archive that nobody could open, and a number of one person.
    assert_eq!(
        grounds(&my_number()),
        [Ground::NotExcluded, Ground::MayApply, Ground::Unknown, Ground::NotExcluded, Ground::MayApply]
    );
    assert_eq!(must_report(&incident(&my_number()), false), Ground::MayApply);
    assert_eq!(must_report(&incident(&my_number()), true), Ground::Applies);
}

#[test]
fn persons_of_several_mails_have_an_honest_bound() {
    let count = |records: &[Record]| Count::of(&incident(records));
    let one = count(&gas_company());
    assert_eq!((one.least, one.most, one.open), (11_950, 12_000, false));
    let all = count(&[gas_company(), one_special_care_row(), my_number()].concat());
    // The largest mail at least; all of them, with who is quoted, at most.
    assert_eq!((all.least, all.most, all.open), (11_950, 12_000 + 1 + 2 + 1, true));
}

#[test]
fn what_never_left_is_no_leak() {
    let mut held = gas_company();
    held.truncate(1);
    let gone = [
        ("rejected", Some("kacho@toho.example.co.jp"), Why::Rejected),
        ("sent_back", Some("kacho@toho.example.co.jp"), Why::Rejected),
        ("withdrawn", Some("sato@toho.example.co.jp"), Why::Withdrawn),
        ("expired", None, Why::Expired),
        ("viewed", Some("kacho@toho.example.co.jp"), Why::Held),
    ];
    for (what, by, why) in gone {
        let mut records = held.clone();
        records.push(change(GAS, GAS, "2026-11-20T02:10:00Z", what, by, None));
        let incident = incident(&records);
        assert_eq!(draft(&incident, &order(Language::Ja, Form::Appi, Stage::Preliminary)), None, "{what}");
        assert_eq!(incident.mails[0].stayed.iter().map(|stayed| stayed.why).collect::<Vec<_>>(), [why]);
    }
    let mut refused = one_special_care_row();
    let crate::journal::What::Mail(mail) = &mut refused[0].what else { unreachable!() };
    mail.not_taken = true;
    assert_eq!(incident(&refused).leaked().count(), 0);
}

#[test]
fn nothing_in_a_report_acts() {
    let report = draft(&incident(&my_number()), &order(Language::En, Form::Appi, Stage::Preliminary)).unwrap();
    let (said, page) = (markdown::markdown(&report), page::page(&report).unwrap());
    assert!(said.contains(r"\!\[x\](http\://evil.example/\<script\>).csv"), "{said}");
    assert!(page.contains("![x](http://evil.example/&#60;script&#62;).csv"), "{page}");
    for outside in ["<script", "<img", "<a ", "<link", "url(", "@import", "src="] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert_eq!(page.matches("class=\"gap\"").count(), report.gaps());
}

#[test]
fn seventy_two_hours_and_what_is_late() {
    let late = |now: &str| {
        let order = Order { now: moment(now), ..order(Language::En, Form::Gdpr, Stage::Preliminary) };
        markdown::markdown(&draft(&incident(&gas_company()), &order).unwrap())
    };
    let said = late("2026-11-30T14:59:00Z");
    assert!(said.contains("Tue 1 Dec 2026, 00:00 JST: 72 hours from the beginning of the day"), "{said}");
    assert!(!said.contains("reasons for the delay"));
    assert!(late("2026-11-30T15:01:00Z").contains("reasons for the delay"));
}

#[tokio::test]
async fn mails_are_known_by_every_name_that_they_have() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    // The gas company's mail went round once more, and was let go without being looked at.
    let mut again = Letter {
        id: "01KB9Z",
        at: "2026-11-28T00:00:00Z",
        persons: (0, 0, 0),
        hidden: 0,
        quoted: 0,
        found: &[],
        reportable: &[],
        files: &[],
        unread: &[],
        groups: &[(Action::Forward, &["yamada@kita-haon.example.com"], &[], &[], &[])],
    }
    .record();
    again.passed_before = Some(MailId(GAS.to_owned()));
    again.facts = None;
    let round = Record::mail(MailId("01KB9Z".to_owned()), moment("2026-11-28T00:00:00Z"), again.answered("2.0.0 Ok"));
    let records = [gas_company(), one_special_care_row(), my_number(), vec![round]].concat();
    let mut writing = store.write().await.unwrap();
    append(&mut writing, &records).await.unwrap();
    writing.commit().await.unwrap();
    let journal = Journal::start(store);
    let ids = |incident: &Incident| incident.mails.iter().map(|mail| mail.id.0.clone()).collect::<Vec<_>>();
    for name in [GAS, "01kb3m", &format!("{GAS}@toho.example.co.jp"), &format!("<{GAS}@toho.example.co.jp>")] {
        let meant = journal.incident(&[name.to_owned()]).await.unwrap();
        assert_eq!(
            (ids(&meant.incident), meant.unknown.len(), meant.ambiguous.len()),
            (vec![GAS.to_owned()], 0, 0),
            "{name}"
        );
        assert_eq!(meant.incident, incident(&gas_company()));
    }
    let meant = journal.incident(&["01KB".to_owned(), "01XX".to_owned(), String::new()]).await.unwrap();
    assert_eq!((meant.ambiguous, meant.unknown.len(), meant.incident.mails.len()), (vec!["01KB".to_owned()], 2, 0));
    let meant = journal.incident(&["01KB9Z".to_owned()]).await.unwrap();
    let contents = meant.incident.mails[0].contents.as_ref().unwrap();
    assert_eq!((contents.persons, meant.incident.mails.len()), (12_000, 1), "what was found the first time");
}
