//! The journal for those who answer for it: a search whose address can be kept, charts, the draft of a leak's report, and
//! records as a file.
//!
//! In: the logged-in person, a form sent by GET. Out: pages; each list is some fifty records, and the next one goes on
//! behind the number of the last, so that what is written meanwhile moves nothing. A page that would take long stops and
//! says how far it looked. Deliberately absent: whose it is (`section`), what is found (`crate::journal`), and how a record
//! is put into words (`crate::journal::row`).

pub(super) mod api;
mod asked;
pub(super) mod charts;
mod drawing;
pub(super) mod export;
pub(super) mod report;

use std::{sync::Arc, time::Duration};

use askama::Template;
use asked::{Asked, Problem};
use axum::{
    extract::{Query as Fields, State, rejection::QueryRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use jiff::{Zoned, tz::TimeZone};
use serde::Deserialize;

use super::{
    Desk, Web,
    held::frame,
    login::Person,
    pages::{self, Frame},
    section::{self, Section},
};
use crate::{
    directory::Identities,
    inspect::Category,
    journal::{BrokenOff, Hit, JournalError, Leaf, Reach, What, row},
    language::Language,
    notice::words,
    policy::Action,
};

/// So many records are on one page.
const MOST: usize = 50;

/// How long a page looks before it says how far it got.
const PATIENCE: Duration = Duration::from_millis(50);

/// How long it looks if somebody asks for the rest.
const MUCH_PATIENCE: Duration = Duration::from_secs(20);

/// Beside what is sought: where the last page ended, and whether to look for longer.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Place {
    #[serde(default)]
    before: String,
    #[serde(default)]
    long: String,
}

type Sent<T> = Result<Fields<T>, QueryRejection>;

/// The records that fit, or the newest.
pub(super) async fn list<D: Desk, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    person: Person,
    asked: Sent<Asked>,
    place: Sent<Place>,
) -> Response {
    if let Some(refused) = section::closed(&web, &person, Section::Journal) {
        return refused;
    }
    let asked = asked.map(|Fields(asked)| asked).unwrap_or_default();
    let place = place.map(|Fields(place)| place).unwrap_or_default();
    let frame = frame(&web, &person);
    let query = match asked.query(&now(&web)) {
        Ok(query) => query,
        Err(problems) => {
            let page = List { problems, ..List::new(frame, asked, Leaf::default(), &web.timezone) };
            return (StatusCode::BAD_REQUEST, pages::html(&page)).into_response();
        }
    };
    let patience = if place.long.is_empty() { PATIENCE } else { MUCH_PATIENCE };
    // A number that is none begins anew.
    let reach = Reach { before: place.before.parse().ok(), patience: Some(patience) };
    match web.engine.ledger.leaf(&query, reach, MOST).await {
        Ok(leaf) => {
            pages::html(&List { first: reach.before.is_none(), ..List::new(frame, asked, leaf, &web.timezone) })
        }
        Err(error) => unavailable(frame, &error),
    }
}

/// The time where the organisation is.
fn now<D, A>(web: &Web<D, A>) -> Zoned {
    Zoned::now().with_time_zone(web.timezone.clone())
}

fn unavailable(frame: Frame<'_>, error: &JournalError) -> Response {
    tracing::error!(%error, "the journal cannot be read or written");
    let page = pages::told(
        frame,
        ("いまは利用できません", "Not available at the moment"),
        (
            "送信記録を読み書きできません。しばらくしてから画面を開き直してください。",
            "The journal cannot be read or written. Please open the page again in a while.",
        ),
    );
    (StatusCode::SERVICE_UNAVAILABLE, page).into_response()
}

/// The search and what it found.
#[derive(Template)]
#[template(path = "console/journal.html")]
struct List<'a> {
    frame: Frame<'a>,
    asked: Asked,
    address: String,
    problems: Vec<Problem>,
    rows: Vec<Row>,
    next: Option<i64>,
    tired: bool,
    first: bool,
}

struct Row {
    number: i64,
    at: String,
    word: String,
    tone: &'static str,
    persons: String,
    parts: Vec<String>,
    /// The mail that it is about, if it is about one.
    mail: Option<String>,
    /// Whether it tells of the mail itself, of which a report can be drafted.
    chosen: bool,
    /// Under which ids it is held.
    held: Vec<String>,
}

impl<'a> List<'a> {
    fn new(frame: Frame<'a>, asked: Asked, leaf: Leaf, timezone: &TimeZone) -> Self {
        let rows = leaf.hits.iter().map(|hit| row_of(hit, frame.language, timezone)).collect();
        let address = asked.address();
        Self { frame, asked, address, problems: Vec::new(), rows, next: leaf.next, tired: leaf.tired, first: true }
    }

    /// The address of `path` with this search, and `more` behind it.
    fn link(&self, path: &str, more: &str) -> String {
        let parts: Vec<&str> = [self.address.as_str(), more].into_iter().filter(|part| !part.is_empty()).collect();
        if parts.is_empty() { path.to_owned() } else { format!("{path}?{}", parts.join("&")) }
    }

    fn problem(&self, field: &str) -> Option<&str> {
        let problem = self.problems.iter().find(|problem| problem.field == field)?;
        Some(problem.what.in_language(self.frame.language))
    }

    fn value(&self, field: &str) -> &str {
        self.asked.fields().into_iter().find(|(name, _)| *name == field).map_or("", |(_, value)| value)
    }

    /// A calendar for a date or nothing; a word like `30d` stays what it is.
    fn kind(&self, field: &str) -> &'static str {
        let value = self.value(field);
        let day = value.len() == "2026-11-29".len() && value.parse::<jiff::civil::Date>().is_ok();
        if value.is_empty() || day { "date" } else { "text" }
    }

    fn decisions(&self) -> Vec<(&'static str, &'static str, bool)> {
        let action = |action: Action| {
            let name = action.name();
            (name, words::action(action, self.frame.language), self.asked.decision == name)
        };
        Action::ALL.map(action).to_vec()
    }

    fn categories(&self) -> Vec<(&'static str, &'static str, bool)> {
        const CATEGORIES: [(&str, Category); 7] = [
            ("special_care", Category::SpecialCare),
            ("financial", Category::Financial),
            ("specific", Category::Specific),
            ("identity", Category::Identity),
            ("contact", Category::Contact),
            ("credential", Category::Credential),
            ("organizational", Category::Organizational),
        ];
        let category =
            |(name, category)| (name, words::category(category, self.frame.language), self.asked.category == name);
        CATEGORIES.map(category).to_vec()
    }

    /// Every detector of the public contract, for the list from which one is chosen.
    fn detectors(&self) -> impl Iterator<Item = (&'static str, String)> {
        words::detectors().map(|id| (id, words::detector(id, self.frame.language)))
    }

    fn may_report(&self) -> bool {
        self.rows.iter().any(|row| row.chosen)
    }

    fn empty(&self) -> &'a str {
        match (self.tired, self.address.is_empty() && self.first) {
            (true, _) => self.frame.t("ここまでには見つかりませんでした。", "Nothing so far."),
            (false, true) => self.frame.t("まだ記録がありません。", "There are no records yet."),
            (false, false) => self.frame.t(
                "見つかりませんでした。条件を減らすか、期間を広げてください。",
                "Nothing was found. Try fewer conditions or a longer time.",
            ),
        }
    }
}

fn row_of(hit: &Hit, language: Language, timezone: &TimeZone) -> Row {
    let record = &hit.record;
    let row::Said { word, mut parts } = row::said(record, language, timezone);
    let (tone, persons, mail, held): (_, _, _, Vec<String>) = match &record.what {
        What::Mail(mail) => {
            let tone = match mail.decision {
                Action::Forward if mail.not_taken => "bad",
                Action::Forward => "good",
                Action::Delay | Action::Hold | Action::RequireApproval => "wait",
                Action::Reject => "bad",
            };
            let persons = if mail.persons == 0 { String::new() } else { words::persons(mail.persons, language) };
            (tone, persons, Some(record.id.0.clone()), mail.held.iter().map(ToString::to_string).collect())
        }
        What::Change(change) => {
            let broken = change.detail.as_ref().filter(|_| change.change == "broken_off");
            let broken: Option<BrokenOff> = broken.and_then(|detail| detail.parse().ok());
            let tone = match change.change.as_str() {
                "approved" | "agreed" | "released" | "delivered" => "good",
                "rejected" | "sent_back" | "expired" | "bounced" | "refused" | "dropped" => "bad",
                // Nothing is lost while it is tried again.
                "broken_off" if broken.as_ref().is_some_and(|broken| broken.again.is_some()) => "wait",
                "broken_off" => "bad",
                _ => "dull",
            };
            // What is about no held mail has no page.
            let page = broken.is_none_or(|broken| broken.held).then(|| change.held.to_string());
            (tone, String::new(), Some(record.id.0.clone()), page.into_iter().collect())
        }
        What::MachineDrill(drill) => (if drill.is_well() { "good" } else { "bad" }, String::new(), None, Vec::new()),
        What::Rules(_) | What::Removed(_) | What::History(_) | What::Access(_) | What::Export(_) => {
            ("dull", String::new(), None, Vec::new())
        }
    };
    // The link says it.
    parts.retain(|part| !held.contains(part));
    let at = record.at.to_zoned(timezone.clone());
    Row {
        number: hit.seq,
        at: at.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        word,
        tone,
        persons,
        parts,
        mail,
        chosen: matches!(record.what, What::Mail(_)),
        held,
    }
}
