//! The mail of a drill: made up, and judged as a mail of somebody would be.
//!
//! In: who ordered it. Out: a held mail (`hold::Hold::drill`), or why there is none. Its people are invented by rule, its
//! recipient is of a domain that can never exist (RFC 2606), and a header field says what it is to whoever looks.
//! Deliberately absent: what becomes of it.

use std::fmt::Write as _;

use super::Stages;
use crate::{
    hold::{Arrival, DRILL},
    language::{Language, Text},
    mail::{Address, BodyKind, Envelope, MailId, Message},
    policy::{Action, Duties, Group, Matched},
};

/// How many people are in it: more than a conversation has, and not so many that anybody is frightened.
const PEOPLE: usize = 24;

impl Stages {
    /// Holds a drill that `by` ordered.
    pub async fn drill(&self, by: &Address) -> Result<MailId, String> {
        let judgement = self.judgement();
        let domain = judgement.organization.domains.first().cloned().unwrap_or_default();
        let to = Address::parse("tanto@kenshu-drill.example").map_err(|why| why.to_string())?;
        let from = Address::parse(&format!("okyakusama-jimu@{domain}")).map_err(|why| why.to_string())?;
        let (subject, message) = letter(self.hold.language(), &from, &to);
        let envelope = Envelope { recipients: vec![to.clone()], body: BodyKind::EightBitMime, ..Envelope::default() };
        let judged = judgement.look(&envelope, &message).await.map_err(|why| why.to_string())?;
        let mut matched: Vec<Matched> =
            judged.verdict.matched().into_iter().filter(|rule| rule.action == Action::RequireApproval).collect();
        if matched.is_empty() {
            // A preset that only reports stops nothing by itself.
            let title = Text {
                ja: "10人以上の個人情報が社外へ送られようとしています".to_owned(),
                en: "Personal data of ten or more people is about to leave the organisation".to_owned(),
            };
            let (rule, action) = ("drill".to_owned(), Action::RequireApproval);
            matched.push(Matched { rule, action, title, duties: Duties::default() });
        }
        let arrival = Arrival {
            id: MailId(ulid::Ulid::generate().to_string()),
            at: self.hold.now(),
            peer: DRILL.to_owned(),
            groups: vec![Group { matched, ..Group::new(Action::RequireApproval, vec![to]) }],
            recipients: judged.recipients,
            envelope,
            authors: vec![from],
            message,
            trace: Vec::new(),
            subject,
            inspection: judged.inspection,
            facts: None,
            lesson: judged.lesson,
        };
        self.hold.drill(arrival, by).await.map_err(|why| why.to_string())
    }
}

/// Subject and message.
fn letter(language: Language, from: &Address, to: &Address) -> (String, Message) {
    const FAMILY: [(&str, &str); 6] = [
        ("佐藤", "Sato"),
        ("鈴木", "Suzuki"),
        ("高橋", "Takahashi"),
        ("田中", "Tanaka"),
        ("伊藤", "Ito"),
        ("渡辺", "Watanabe"),
    ];
    const GIVEN: [(&str, &str); 4] = [("太郎", "Taro"), ("花子", "Hanako"), ("一郎", "Ichiro"), ("由美", "Yumi")];
    let (subject, opening) = match language {
        Language::Ja => ("お客様一覧の送付", "ご担当者様\n\nお世話になっております。お客様の一覧をお送りします。\n\n"),
        Language::En => ("List of customers", "Hello,\n\nhere is the list of customers.\n\n"),
    };
    let mut text = opening.to_owned();
    for number in 0..PEOPLE {
        let (family, given) = (FAMILY.get(number % FAMILY.len()), GIVEN.get(number / FAMILY.len() % GIVEN.len()));
        let (Some(family), Some(given)) = (family, given) else { continue };
        let phone = format!("090-{:04}-{:04}", 2_000 + number * 37, 1_000 + number * 211);
        let _ = match language {
            Language::Ja => writeln!(
                text,
                "{} {} 様　電話 {phone}　生年月日 19{}年4月{}日",
                family.0,
                given.0,
                60 + number,
                1 + number
            ),
            Language::En => {
                writeln!(text, "{} {}, phone {phone}, born 19{}-04-{:02}", given.1, family.1, 60 + number, 1 + number)
            }
        };
    }
    let id = ulid::Ulid::generate();
    let encoded = data_encoding::BASE64.encode(subject.as_bytes());
    let bytes = format!(
        "From: {from}\r\nTo: {to}\r\nSubject: =?utf-8?B?{encoded}?=\r\nMessage-ID: <{id}@{}>\r\n\
         X-Sekisho-Drill: this mail is a drill and never leaves\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{}",
        from.domain(),
        text.replace('\n', "\r\n")
    );
    (subject.to_owned(), Message::new(bytes.into_bytes()))
}
