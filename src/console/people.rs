//! Who is who: people, roles, managers, deputies, absences and groups, as the directory knows them now.
//!
//! In: words to look for. Out: a page of them. Deliberately absent: changing anybody. People stand in the organisation's
//! file or its LDAP server, accounts are `sekisho user`'s.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::Response,
};
use jiff::{Timestamp, civil::Date};
use serde::Deserialize;

use super::{
    Desk, Web,
    held::frame,
    login::Person,
    pages::{self, Frame, MOST},
    section::{self, Section, role_name},
};
use crate::{
    directory::{self, Absence, Identities, People, Role},
    language::Language,
    mail::Address,
    notice::words,
};

/// What an address of the page says.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    q: String,
}

/// The page.
pub(super) async fn show<D: Desk, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    person: Person,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    if let Some(refused) = section::closed(&web, &person, Section::People) {
        return refused;
    }
    let words: String = asked.map(|Query(asked)| asked.q).unwrap_or_default().chars().take(200).collect();
    let people = web.desk.people();
    let now = Timestamp::now().to_zoned(web.timezone.clone());
    let known_at = people.known_at().map(|at| words::when_in(at, &web.timezone, web.language));
    let frame = frame(&web, &person);
    let roles = |who: &Address| web.desk.roles(who).into_iter().map(|role| role_name(role, frame.language)).collect();
    let mut page = Page::new(frame, &people, &words, now.date(), known_at);
    for row in &mut page.rows {
        row.roles = roles(row.who);
    }
    pages::html(&page)
}

#[derive(Template)]
#[template(path = "console/people.html")]
struct Page<'a> {
    frame: Frame<'a>,
    words: &'a str,
    rows: Vec<Row<'a>>,
    /// How many more there are.
    more: usize,
    all: usize,
    groups: Vec<(&'a str, String)>,
    known_at: Option<String>,
}

struct Row<'a> {
    who: &'a Address,
    name: &'a str,
    roles: Vec<&'static str>,
    /// To whom they report, who stands in for them, where else they are.
    about: Vec<(&'static str, String)>,
    away: Option<String>,
}

impl<'a> Page<'a> {
    fn new(frame: Frame<'a>, people: &'a People, words: &'a str, today: Date, known_at: Option<String>) -> Self {
        let wanted: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
        let mut found: Vec<&directory::Person> = people.persons().filter(|person| fits(person, &wanted)).collect();
        found.sort_by_key(|person| person.address.as_str());
        let groups = people.groups().map(|(name, members)| (name, list(members.iter(), frame.language)));
        Self {
            words,
            more: found.len().saturating_sub(MOST),
            rows: found.into_iter().take(MOST).map(|person| row(person, today, frame.language)).collect(),
            all: people.len(),
            groups: groups.collect(),
            known_at,
            frame,
        }
    }
}

/// Whether every word stands in an address, the name or a role.
fn fits(person: &directory::Person, words: &[String]) -> bool {
    let addresses = person.addresses().map(|address| address.as_str().to_lowercase());
    let roles = Role::ALL.iter().filter(|role| person.roles.contains(role)).map(|role| role.name().to_owned());
    let texts: Vec<String> = addresses.chain(person.name.iter().map(|name| name.to_lowercase())).chain(roles).collect();
    words.iter().all(|word| texts.iter().any(|text| text.contains(word)))
}

fn row(person: &directory::Person, today: Date, language: Language) -> Row<'_> {
    let next = person.absences.iter().filter(|absence| absence.until >= today).min_by_key(|absence| absence.from);
    let pick = |ja, en| words::pick(language, ja, en);
    let about = [
        (pick("上司", "reports to"), list(person.manager.iter(), language)),
        (pick("代理", "deputies"), list(person.deputies.iter(), language)),
        (pick("別のアドレス", "also"), list(person.aliases.iter(), language)),
    ];
    Row {
        who: &person.address,
        name: person.name.as_deref().unwrap_or_default(),
        roles: Vec::new(),
        about: about.into_iter().filter(|(_, who)| !who.is_empty()).collect(),
        away: next.map(|Absence { from, until }| match (person.is_away(today), language) {
            (true, Language::Ja) => format!("{until} まで不在"),
            (true, Language::En) => format!("away until {until}"),
            (false, Language::Ja) => format!("{from} から {until} まで不在の予定"),
            (false, Language::En) => format!("away from {from} to {until}"),
        }),
    }
}

fn list<'a>(all: impl Iterator<Item = &'a Address>, language: Language) -> String {
    all.map(Address::as_str).collect::<Vec<_>>().join(words::pick(language, "、", ", "))
}
