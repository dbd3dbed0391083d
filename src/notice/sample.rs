//! Every notice about one invented mail, to be looked at: the gas company's list of customers.
//!
//! In: a voice and a language. Out: [`Sample`]s. The mail is one that nobody meant to send, to a domain that nobody meant to
//! write to. Deliberately absent: anything of a real mail; and the clock, so that a preview is the same every day.

use jiff::Timestamp;
use mail_parser::{MessageParser, PartType};

use super::{
    Caught, Delivery, Digest, Done, EndedOne, Kind, Letter, Notice, OneOfMany, Outcome, Progress, Refusal, StandIn,
    Story, Unasked, Voice, Waiting,
};
use crate::{
    inspect::{Category, Confidence, Coverage, Example, Finding, Inspection, Reason, Reportable, Uninspected},
    language::{Language, Text},
    mail::{Address, MailId, Message, dsn},
    policy::{Action, Matched},
    recipients::{Check, Direction, Issue, Recipient},
};

/// One notice.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Its name: that of its kind, and to whom, where a kind has several readers.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// The mail.
    pub notice: Notice,
}

/// A notice as people read it.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub text: String,
    /// Its HTML; a delivery status notice has none.
    pub html: Option<String>,
}

/// The notice as mail programs show it.
pub fn seen(notice: &Notice) -> Seen {
    let Some(mail) = MessageParser::default().parse(notice.bytes()) else { return Seen::default() };
    let text = mail.parts.iter().find_map(|part| match &part.body {
        PartType::Text(text) => Some(text.replace("\r\n", "\n")),
        _ => None,
    });
    let html = mail.parts.iter().find_map(|part| match &part.body {
        PartType::Html(html) => Some(html.replace("\r\n", "\n")),
        _ => None,
    });
    Seen { subject: mail.subject().unwrap_or_default().to_owned(), text: text.unwrap_or_default(), html }
}

/// The gas company's mail, held.
pub fn story() -> Option<Story> {
    let boss = address("kacho@example.co.jp")?;
    let matched = Matched {
        rule: "bulk-personal-data".to_owned(),
        action: Action::RequireApproval,
        title: text("10人以上の個人情報を社外に送ろうとしています", "Personal data of ten people or more to outside"),
        duties: Default::default(),
    };
    Some(Story {
        id: MailId("01KB3M7Q8ZJ4V0C2N9T5R6W1XY".to_owned()),
        message_id: Some("<20261120093000.1234@example.co.jp>".to_owned()),
        subject: "業務委託の件".to_owned(),
        sender: address("taro@example.co.jp"),
        author: "佐藤太郎 <taro@example.co.jp>".to_owned(),
        recipients: recipients()?,
        sent_to: address("hanako@example.co.jp").into_iter().collect(),
        inspection: inspection(),
        action: Action::RequireApproval,
        matched: vec![matched],
        deciders: vec![boss],
        arrived_at: time("2026-11-20T00:30:00Z"),
        deadline: time("2026-11-30T09:00:00Z"),
        progress: Progress::default(),
    })
}

fn recipients() -> Option<Vec<Recipient>> {
    let meant = "yamada@kita-hoan.example.com";
    let lookalike = Issue::new(
        Check::LookalikeDomain,
        "kita-haon.example.com ≈ kita-hoan.example.com",
        "いつもの宛先とよく似た、別のドメインです（kita-haon.example.com ≈ kita-hoan.example.com）。",
        "The domain looks like one that you write to, but is a different one (kita-haon.example.com ≈ \
         kita-hoan.example.com).",
    )
    .meaning(meant);
    let known = Recipient::new(address("suzuki@kita-hoan.example.com")?, Direction::External);
    let wrong = Recipient::new(address("yamada@kita-haon.example.com")?, Direction::External);
    Some(vec![
        Recipient { partner: Some("kita-hoan".to_owned()), ..known },
        Recipient { issues: vec![lookalike], ..wrong },
    ])
}

fn inspection() -> Inspection {
    Inspection {
        kind: "mail".to_owned(),
        persons: 12_000,
        visible_persons: 2_517,
        hidden_persons: 9_483,
        persons_min: 12_000,
        persons_max: 12_000,
        reportable: vec![Reportable::Over1000],
        findings: vec![
            finding("jp.phone", Category::Contact, 12_000, ("090-****-5678", "業務委託.xlsx › 顧客!F2", true)),
            finding("jp.name", Category::Identity, 12_000, ("山* 太*", "業務委託.xlsx › 顧客!B2", true)),
            finding("email", Category::Contact, 1, ("t***@example.com", "body:3", false)),
        ],
        uninspected: vec![Uninspected { place: "図面.zip › 図面.pdf".to_owned(), reason: Reason::Encrypted }],
        coverage: Coverage { parts: 4, inspected: 3, characters: 900 },
        ..Inspection::default()
    }
}

fn finding(detector: &str, category: Category, count: u32, example: (&str, &str, bool)) -> Finding {
    let (masked, place, hidden) = example;
    let example = Example { masked: masked.to_owned(), place: place.to_owned(), hidden, quoted: false, why: None };
    Finding {
        detector: detector.to_owned(),
        title: None,
        category,
        confidence: Confidence::High,
        count,
        examples: vec![example],
    }
}

/// Every notice there is, in the order of a held mail's life, about the gas company's mail.
pub fn every(voice: &Voice, language: Language) -> Vec<Sample> {
    story().and_then(|story| about(&story, voice, language)).unwrap_or_default()
}

/// Every notice there is about `story`.
pub(super) fn about(story: &Story, voice: &Voice, language: Language) -> Option<Vec<Sample>> {
    let people = People::new()?;
    let original =
        Message::new("Message-ID: <20261120093000.1234@example.co.jp>\r\nSubject: test\r\n\r\n本文です\r\n".as_bytes());
    let mut all = waiting(story, voice, language, (&people, &original));
    all.extend(ended(story, voice, language, &people));
    all.extend(delivered(story, voice, language, (&people, &original)));
    all.extend(beside(story, voice, language, &people));
    Some(all)
}

/// Who is in the story.
struct People {
    sender: Address,
    boss: Address,
    deputy: Address,
    director: Address,
    security: Address,
    secret: Address,
}

impl People {
    fn new() -> Option<Self> {
        Some(Self {
            sender: address("taro@example.co.jp")?,
            boss: address("kacho@example.co.jp")?,
            deputy: address("dairi@example.co.jp")?,
            director: address("bucho@example.co.jp")?,
            security: address("security@example.co.jp")?,
            secret: address("sekisho+abcdefghijklmnopqrstuvwxyz@sekisho.example.co.jp")?,
        })
    }

    fn letter<'a>(&'a self, to: &'a Address, language: Language) -> Letter<'a> {
        Letter { to, reply_to: Some(&self.secret), language, now: time("2026-11-20T00:30:01Z") }
    }

    /// A letter to which no reply does anything.
    fn asked<'a>(&'a self, to: &'a Address, language: Language) -> Letter<'a> {
        Letter { reply_to: None, ..self.letter(to, language) }
    }
}

const QUESTION: &str = "北保安サービス様に、口座番号まで渡す契約になっていますか。";
const OPINION: &str = "契約では氏名と電話番号だけです。口座のシートは不要です。";
const REASON: &str = "北保安サービス様との契約に基づき、点検の対象となるお客様の一覧を送るものです。";

/// While it is held.
fn waiting(story: &Story, voice: &Voice, language: Language, (p, original): (&People, &Message)) -> Vec<Sample> {
    let (sender, boss) = (p.letter(&p.sender, language), p.letter(&p.boss, language));
    let with = |deciders: &[&Address], progress: Progress| Story {
        deciders: deciders.iter().map(|&decider| decider.clone()).collect(),
        progress,
        ..story.clone()
    };
    let reason = story.progress.reason.clone().or_else(|| Some(REASON.to_owned()));
    let stand_in =
        StandIn { person: p.deputy.clone(), instead_of: p.boss.clone(), until: Some(time("2026-11-24T15:00:00Z")) };
    let instead = with(&[&p.deputy], Progress { stand_ins: vec![stand_in], ..Progress::default() });
    let two = Progress {
        need: 2,
        given: vec![p.deputy.clone()],
        asked_at: Some(time("2026-11-20T00:31:00Z")),
        ..Progress::default()
    };
    let two = with(&[&p.boss, &p.director], two);
    let next = Progress { level: 2, levels: 2, passed: vec![p.boss.clone()], ..Progress::default() };
    let next = with(&[&p.director], next);
    let nobody = with(&[&p.security], Progress { by_security: true, ..Progress::default() });
    let explained = with(&[&p.boss], Progress { reason: reason.clone(), ..Progress::default() });
    let factors = with(&[&p.boss], Progress { second_factor: true, ..Progress::default() });
    let alone = with(&[&p.boss], Progress { may_release: true, ..Progress::default() });
    let asked = with(&[&p.director], Progress { reason, ..Progress::default() });
    let first = [p.boss.clone()];
    let looked_for = match language {
        Language::Ja => "taro@example.co.jp さんの上司",
        Language::En => "the manager of taro@example.co.jp",
    };
    let security = p.letter(&p.security, language);
    let (deputy, director) = (p.letter(&p.deputy, language), p.letter(&p.director, language));
    vec![
        sample("hold", Kind::Hold, super::hold_notice(story, voice, &sender)),
        sample("hold-may-release", Kind::Hold, super::hold_notice(&alone, voice, &sender)),
        sample("request", Kind::Request, super::approval_request(story, voice, &boss, original)),
        sample("request-stand-in", Kind::Request, super::approval_request(&instead, voice, &deputy, original)),
        sample("request-two_factors", Kind::Request, super::approval_request(&factors, voice, &boss, original)),
        sample("delay", Kind::Delay, super::delay_notice(story, voice, &sender)),
        sample("reminder", Kind::Reminder, super::reminder(&two, voice, &boss)),
        sample("escalated", Kind::Escalated, super::escalated(&asked, voice, &director, &first, original)),
        sample("asked_others", Kind::AskedOthers, super::asked_others(&asked, voice, &sender, &first)),
        sample("level_passed", Kind::LevelPassed, super::level_passed(&next, voice, &sender)),
        sample("level_passed-one-of-two", Kind::LevelPassed, super::level_passed(&two, voice, &sender)),
        sample("no_approver", Kind::NoApprover, super::no_approver(&nobody, voice, &sender, looked_for, None)),
        sample(
            "no_approver-security",
            Kind::NoApprover,
            super::no_approver(&nobody, voice, &security, looked_for, Some(original)),
        ),
        sample("reason_given", Kind::ReasonGiven, super::reason_given(&explained, voice, &boss)),
        sample("self_released", Kind::SelfReleased, super::self_released(&explained, voice, &security)),
        sample(
            "question",
            Kind::Question,
            super::question(story, voice, &p.asked(&p.deputy, language), &p.boss, QUESTION),
        ),
        sample(
            "opinion",
            Kind::Opinion,
            super::opinion(story, voice, &p.asked(&p.boss, language), &p.deputy, (QUESTION, OPINION)),
        ),
    ]
}

/// When it ended.
fn ended(story: &Story, voice: &Voice, language: Language, p: &People) -> Vec<Sample> {
    let (sender, boss) = (p.letter(&p.sender, language), p.letter(&p.boss, language));
    let comment = "先方に確認しました。\n次からは一覧を分けて送ってください。".to_owned();
    let released = Outcome::Released { by: vec![p.boss.clone()], comment: comment.clone() };
    let rejected = Outcome::Rejected { by: p.boss.clone(), comment };
    let change = "口座のシートを外し、宛先のドメインを直してください。".to_owned();
    let sent_back = Outcome::SentBack { by: p.boss.clone(), comment: change };
    let tell = |name, kind, letter, outcome| sample(name, kind, super::outcome(story, voice, letter, outcome));
    vec![
        tell("released", Kind::Released, &sender, &released),
        tell("rejected", Kind::Rejected, &sender, &rejected),
        tell("sent_back", Kind::SentBack, &sender, &sent_back),
        tell("refused", Kind::Refused, &sender, &Outcome::Refused),
        tell("withdrawn", Kind::Withdrawn, &boss, &Outcome::Withdrawn),
        tell("expired", Kind::Expired, &boss, &Outcome::Expired),
        sample("decided", Kind::Decided, super::already_decided(story, voice, &boss, &released)),
    ]
}

/// Delivery status notices.
fn delivered(story: &Story, voice: &Voice, language: Language, (p, original): (&People, &Message)) -> Vec<Sample> {
    let sender = p.letter(&p.sender, language);
    let to = story.recipients.first().map(|recipient| recipient.address.clone());
    let entry = |action, said| dsn::Entry::said(to.clone().unwrap_or_else(|| p.sender.clone()), action, said);
    let failed = [entry(dsn::Action::Failed, "550 5.1.1 no such user")];
    let waits =
        [dsn::Entry { retry_until: Some(story.deadline), ..entry(dsn::Action::Delayed, "450 4.2.0 mailbox busy") }];
    let went = [entry(dsn::Action::Relayed, "250 2.6.0 queued")];
    let unasked: Vec<_> = (story.recipients.iter())
        .map(|recipient| dsn::Entry::new(recipient.address.clone(), dsn::Action::Failed, "5.4.7"))
        .collect();
    let about = |entries| Delivery {
        envid: None,
        entries,
        original: dsn::Original { message: original, whole: true, utf8: false },
    };
    let dropped = super::dropped(story, voice, &sender, &about(&failed), "この宛先は廃止されました。");
    vec![
        sample(
            "expired-returned",
            Kind::Expired,
            super::returned(story, voice, &sender, &Outcome::Expired, &about(&unasked)),
        ),
        sample("undeliverable", Kind::Undeliverable, super::undeliverable(story, voice, &sender, &about(&failed))),
        sample("delayed", Kind::Delayed, super::delayed(story, voice, &sender, &about(&waits))),
        sample("relayed", Kind::Relayed, super::relayed(story, voice, &sender, &about(&went))),
        sample("dropped", Kind::Dropped, dropped),
        sample("not_sent", Kind::NotSent, super::not_sent(story, voice, &sender, &about(&failed))),
    ]
}

/// About answers, requests, and many mails at once.
fn beside(story: &Story, voice: &Voice, language: Language, p: &People) -> Vec<Sample> {
    let (sender, boss) = (p.letter(&p.sender, language), p.letter(&p.boss, language));
    let quiet = Letter { reply_to: None, ..p.letter(&p.security, language) };
    let wrong = super::refused_answer(story, voice, &quiet, "someone@mail.example.net", Refusal::WrongPerson);
    let unasked = super::request_undeliverable(story, voice, &quiet, &p.boss, "550 5.1.1 no such user");
    let (digest, morning) = (digest(story, p), Letter { now: time("2026-11-24T00:00:00Z"), ..quiet });
    let many = Letter { reply_to: None, now: time("2026-11-20T00:45:00Z"), ..sender };
    let (many_to_boss, many_to_security) = (Letter { to: &p.boss, ..many }, Letter { to: &p.security, ..many });
    let one = OneOfMany { story: story.clone(), reply_to: None };
    let asked = OneOfMany { reply_to: Some(p.secret.clone()), ..one.clone() };
    let comment = "先方に確認しました。".to_owned();
    let released = Outcome::Released { by: vec![p.boss.clone()], comment };
    let ended = EndedOne { story: story.clone(), outcome: released };
    let lost = Unasked { story: story.clone(), person: p.boss.clone(), said: "550 5.1.1 no such user".to_owned() };
    vec![
        sample("unclear", Kind::Unclear, super::answer_not_understood(story, voice, &boss)),
        sample("drill", Kind::Drill, super::drill(story, voice, &boss, false)),
        sample("drill-caught", Kind::Drill, super::drill(story, voice, &boss, true)),
        sample("unclear-two_factors", Kind::Unclear, super::approve_on_console(story, voice, &boss)),
        sample("unclear-sender", Kind::Unclear, super::answer_not_understood(story, voice, &sender)),
        sample("answer_refused", Kind::AnswerRefused, wrong),
        sample("request_undelivered", Kind::RequestUndelivered, unasked),
        sample("digest", Kind::Digest, super::digest(&digest, voice, &morning)),
        sample("too_many", Kind::TooMany, super::too_many(&[one], 486, time("2026-11-20T00:30:00Z"), voice, &many)),
        sample("requests", Kind::Requests, super::requests(&[asked], voice, &many_to_boss)),
        sample("outcomes", Kind::Outcomes, super::outcomes(&[ended], voice, &many)),
        sample(
            "request_undelivered-many",
            Kind::RequestUndelivered,
            super::requests_undeliverable(&[lost], voice, &many_to_security),
        ),
    ]
}

fn digest(story: &Story, p: &People) -> Digest {
    let waiting = |id: &str, persons, action, deciders: &[&Address], arrived_at| Waiting {
        id: MailId(id.to_owned()),
        sender: story.sender.clone(),
        persons,
        action,
        deciders: deciders.iter().map(|&decider| decider.clone()).collect(),
        arrived_at,
        deadline: story.deadline,
    };
    let done = |id: &str, at, outcome| Done { id: MailId(id.to_owned()), at: time(at), outcome };
    let caught = |rule: &str, mails, ja, en| Caught { rule: rule.to_owned(), title: text(ja, en), mails };
    let title = story.matched.first().map_or_else(|| text("規則", "rule"), |matched| matched.title.clone());
    Digest {
        since: time("2026-11-20T00:00:00Z"),
        waiting: vec![
            waiting("01KB3Q5R2M8W4X6Y9Z1A3B5C7D", 3, Action::Hold, &[&p.security], time("2026-11-23T22:10:00Z")),
            waiting(&story.id.0, story.inspection.persons, Action::RequireApproval, &[&p.boss], story.arrived_at),
        ],
        decided: vec![
            done(
                "01KB3N1A2B3C4D5E6F7G8H9J0K",
                "2026-11-20T02:00:00Z",
                Outcome::Released { by: vec![p.boss.clone()], comment: String::new() },
            ),
            done("01KB3P6F7G8H9J0K1A2B3C4D5E", "2026-11-20T05:12:00Z", Outcome::Withdrawn),
        ],
        rules: vec![
            caught("lookalike-domain", 1, "いつもの宛先とよく似たドメインです", "The domain looks like a known one"),
            Caught { rule: "bulk-personal-data".to_owned(), title, mails: 3 },
        ],
        unread: 2,
        refused: 1,
        unasked: 0,
        destroyed: 5,
    }
}

fn sample(name: &'static str, kind: Kind, notice: Notice) -> Sample {
    Sample { name, kind, notice }
}

fn address(text: &str) -> Option<Address> {
    Address::parse(text).ok()
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap_or(Timestamp::UNIX_EPOCH)
}

fn text(ja: &str, en: &str) -> Text {
    Text { ja: ja.to_owned(), en: en.to_owned() }
}
