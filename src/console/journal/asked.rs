//! What is sought, as an address of the console says it.
//!
//! In: the fields of a form that was sent by GET, or of the same in the API. Out: a query, or what is wrong with which
//! field; and the address again, so that a search is a link that can be kept and sent to somebody. Deliberately absent: what
//! is found.

use jiff::Zoned;
use serde::{
    Deserialize,
    de::{DeserializeOwned, IntoDeserializer, value::Error as WordError},
};

use crate::{
    journal::{Moment, MomentError, Query, Who},
    language::Text,
    notice::words::one_line,
};

/// As many characters as anybody types into a field.
const LONGEST: usize = 300;

/// The shortest beginning of an id that is looked for: fewer characters are the id of half a journal.
const SHORTEST_ID: usize = 8;

/// The fields, as they came.
#[derive(Debug, Clone, Default, Deserialize)]
pub(in crate::console) struct Asked {
    #[serde(default)]
    pub(super) text: String,
    #[serde(default)]
    pub(super) person: String,
    #[serde(default)]
    pub(super) from: String,
    #[serde(default)]
    pub(super) to: String,
    #[serde(default)]
    pub(super) by: String,
    #[serde(default)]
    pub(super) file: String,
    #[serde(default)]
    pub(super) detector: String,
    #[serde(default)]
    pub(super) category: String,
    #[serde(default)]
    pub(super) decision: String,
    #[serde(default)]
    pub(super) rule: String,
    #[serde(default)]
    pub(super) id: String,
    #[serde(default)]
    pub(super) message_id: String,
    #[serde(default)]
    pub(super) persons: String,
    #[serde(default)]
    pub(super) since: String,
    #[serde(default)]
    pub(super) until: String,
}

/// A field that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    /// Its name.
    pub(super) field: &'static str,
    /// What is wrong with it, and how it would be right.
    pub(super) what: Text,
}

impl Asked {
    /// Every field by its name.
    pub(super) fn fields(&self) -> [(&'static str, &str); 15] {
        [
            ("text", &self.text),
            ("person", &self.person),
            ("from", &self.from),
            ("to", &self.to),
            ("by", &self.by),
            ("file", &self.file),
            ("detector", &self.detector),
            ("category", &self.category),
            ("decision", &self.decision),
            ("rule", &self.rule),
            ("id", &self.id),
            ("message_id", &self.message_id),
            ("persons", &self.persons),
            ("since", &self.since),
            ("until", &self.until),
        ]
    }

    /// Whether only the fields are filled in that most people need.
    pub(super) fn is_plain(&self) -> bool {
        const PLAIN: [&str; 7] = ["text", "person", "file", "detector", "decision", "since", "until"];
        self.fields().iter().all(|(name, value)| value.trim().is_empty() || PLAIN.contains(name))
    }

    /// What comes behind the `?` in the address of this search; empty for everything.
    pub(super) fn address(&self) -> String {
        let filled = self.fields().map(|(name, value)| (name, value.trim()));
        let pairs = filled.into_iter().filter(|(_, value)| !value.is_empty());
        pairs.map(|(name, value)| format!("{name}={}", escaped(value))).collect::<Vec<_>>().join("&")
    }

    /// What is sought; or every field that cannot be understood. `now` is the time where the organisation is.
    pub(super) fn query(&self, now: &Zoned) -> Result<Query, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut wrong = |field, ja: String, en: String| problems.push(Problem { field, what: Text { ja, en } });
        if let Some((field, _)) = self.fields().into_iter().find(|(_, value)| value.chars().count() > LONGEST) {
            wrong(
                field,
                format!("{LONGEST}文字までで入力してください。"),
                format!("Please use at most {LONGEST} characters."),
            );
        }
        let mut who = |field, text: &str| {
            let text = text.trim();
            let known = (!text.is_empty()).then(|| text.parse::<Who>());
            known.and_then(|known| {
                let told = one_line(text, 60);
                known
                    .map_err(|_| {
                        wrong(
                            field,
                            format!("「{told}」はメールアドレスでもドメインでもありません。sato@example.co.jp や example.co.jp のように入力してください。"),
                            format!("“{told}” is neither a mail address nor a domain. Write it like sato@example.co.jp or example.co.jp."),
                        );
                    })
                    .ok()
            })
        };
        let (person, from) = (who("person", &self.person), who("from", &self.from));
        let (to, by) = (who("to", &self.to), who("by", &self.by));
        let category = word(&self.category).unwrap_or_else(|()| {
            wrong("category", "区分を一覧から選んでください。".into(), "Please choose a category of the list.".into());
            None
        });
        let decision = word(&self.decision).unwrap_or_else(|()| {
            wrong("decision", "判断を一覧から選んでください。".into(), "Please choose a decision of the list.".into());
            None
        });
        let persons = match self.persons.trim() {
            "" => 0,
            text => text.parse().unwrap_or_else(|_| {
                wrong(
                    "persons",
                    "人数を数字で入力してください。".into(),
                    "Please write the number of people in digits.".into(),
                );
                0
            }),
        };
        let id = said(&self.id);
        if id.as_ref().is_some_and(|id| id.chars().count() < SHORTEST_ID) {
            wrong(
                "id",
                format!("IDは先頭の{SHORTEST_ID}文字以上を入力してください。"),
                format!("Please give at least the first {SHORTEST_ID} characters of the id."),
            );
        }
        let (since, until) = (moment("since", &self.since), moment("until", &self.until));
        let since = since.and_then(|since| since.map(|since| since.since(now)).transpose().map_err(beyond("since")));
        let until = until.and_then(|until| until.map(|until| until.until(now)).transpose().map_err(beyond("until")));
        let mut time = |read: Result<_, Problem>| {
            read.unwrap_or_else(|problem| {
                problems.push(problem);
                None
            })
        };
        let (since, until) = (time(since), time(until));
        if let (Some(since), Some(until)) = (since, until)
            && since >= until
        {
            let (ja, en) = ("終わりが始まりより前です。", "The end is before the beginning.");
            problems.push(Problem { field: "until", what: Text { ja: ja.into(), en: en.into() } });
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let (text, file, detector) = (said(&self.text), said(&self.file), said(&self.detector));
        let (rule, message_id) = (said(&self.rule), said(&self.message_id));
        Ok(Query {
            text,
            person,
            from,
            to,
            by,
            file,
            detector,
            category,
            decision,
            rule,
            id,
            message_id,
            persons,
            since,
            until,
            whole: false,
        })
    }
}

/// A time as it is typed; nothing if nothing is.
pub(super) fn moment(field: &'static str, text: &str) -> Result<Option<Moment>, Problem> {
    match text.trim() {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| {
            let told = one_line(text, 60);
            let ja = format!("「{told}」は日時として読み取れません。2026-11-29、2026-11-29T17:00、today、30d（30日前）のように入力してください。");
            let en = format!("“{told}” is no time. Write it like 2026-11-29, 2026-11-29T17:00, today, or 30d for 30 days ago.");
            Problem { field, what: Text { ja, en } }
        }),
    }
}

pub(super) fn beyond(field: &'static str) -> impl Fn(MomentError) -> Problem {
    move |_| {
        let (ja, en) = ("扱える範囲を超えた日時です。", "The time is beyond what can be counted; give a nearer one.");
        Problem { field, what: Text { ja: ja.into(), en: en.into() } }
    }
}

/// For an address: everything but what is plain in it, by RFC 3986.
pub(super) fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

fn said(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// A word of the shared vocabulary; nothing if nothing is said.
fn word<T: DeserializeOwned>(text: &str) -> Result<Option<T>, ()> {
    match text.trim() {
        "" => Ok(None),
        text => {
            let read: Result<T, WordError> = T::deserialize(text.into_deserializer());
            read.map(Some).map_err(drop)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Zoned {
        "2026-11-30T08:30:00+09:00[Asia/Tokyo]".parse().unwrap()
    }

    #[test]
    fn an_address_says_what_was_asked_and_nothing_else() {
        let asked = Asked {
            person: " sato@example.co.jp ".to_owned(),
            file: "名簿&x=1".to_owned(),
            text: "' OR 1=1 --".to_owned(),
            ..Asked::default()
        };
        let address = "text=%27%20OR%201%3D1%20--&person=sato%40example.co.jp&file=%E5%90%8D%E7%B0%BF%26x%3D1";
        assert_eq!(asked.address(), address);
        assert_eq!(Asked::default().address(), "");
        assert_eq!(asked.query(&now()).unwrap().text.as_deref(), Some("' OR 1=1 --"));
    }

    #[test]
    fn every_field_that_cannot_be_understood_is_named() {
        let asked = Asked {
            person: "佐藤".to_owned(),
            category: "all".to_owned(),
            decision: "x".to_owned(),
            persons: "many".to_owned(),
            id: "01K".to_owned(),
            since: "2026-13-01".to_owned(),
            until: "9999999999d".to_owned(),
            ..Asked::default()
        };
        let named: Vec<&str> = asked.query(&now()).unwrap_err().iter().map(|problem| problem.field).collect();
        assert_eq!(named, ["person", "category", "decision", "persons", "id", "since", "until"]);
        let backwards = Asked { since: "2026-11-02".into(), until: "2026-11-01".into(), ..Asked::default() };
        assert_eq!(backwards.query(&now()).unwrap_err()[0].field, "until");
        let day = Asked { since: "2026-11-01".into(), until: "2026-11-01".into(), ..Asked::default() };
        day.query(&now()).unwrap();
        let long = Asked { file: "x".repeat(301), ..Asked::default() };
        assert_eq!(long.query(&now()).unwrap_err()[0].field, "file");
    }
}
