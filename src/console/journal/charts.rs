//! How much of what there was: charts by day, decision, department and detector, for a span of days.
//!
//! In: the last 7, 30 or 90 days, or a first and a last day. Out: a page with drawings, and under each a table that says the
//! same. The numbers come from the journal's table of days, so that a page costs the same whatever the journal holds.
//! Deliberately absent: charts of persons.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Query as Fields, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use jiff::{ToSpan, Zoned, civil::Date};
use serde::Deserialize;
use unicode_width::UnicodeWidthChar;

use super::{
    Sent,
    asked::{Problem, beyond, escaped, moment},
    drawing::{self, Bar, Bars, Column, Columns},
    now, unavailable,
};
use crate::{
    console::{
        Desk, Web,
        held::frame,
        login::Person,
        pages::{self, Frame},
        section::{self, Section},
    },
    directory::Identities,
    journal::{Figure, Figures},
    language::{Language, Text},
    notice::words::{self, number},
    policy::Action,
};

/// The spans that a click gives.
const SPANS: [i32; 3] = [7, 30, 90];

/// The longest that is drawn; more columns than this nobody tells apart.
const LONGEST: i32 = 366;

/// So wide is the name of a bar at most, in Latin letters.
const WIDE: usize = 40;

/// So many bars are drawn; the others are one.
const BARS: usize = 15;

/// Which days.
#[derive(Debug, Clone, Default, Deserialize)]
pub(in crate::console) struct Asked {
    #[serde(default)]
    days: String,
    #[serde(default)]
    since: String,
    #[serde(default)]
    until: String,
}

/// From one day to another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: Date,
    pub(super) until: Date,
    /// If it is one of [`SPANS`] that ends today.
    last: Option<i32>,
}

impl Asked {
    /// The days that are meant; thirty if nothing is said.
    pub(super) fn span(&self, now: &Zoned) -> Result<Span, Problem> {
        let wrong = |field, ja: String, en: String| Err(Problem { field, what: Text { ja, en } });
        let today = now.date();
        let back = |day: Date, days: i32| day.checked_sub(days.days()).unwrap_or(Date::MIN);
        let (since, until) = (moment("since", &self.since)?, moment("until", &self.until)?);
        if since.is_none() && until.is_none() {
            let days = match self.days.trim() {
                "" => 30,
                text => text.parse().unwrap_or(0),
            };
            return match days {
                1..=LONGEST => Ok(Span { from: back(today, days - 1), until: today, last: Some(days) }),
                _ => wrong(
                    "days",
                    format!("日数は1から{LONGEST}までの数字です。"),
                    format!("The number of days is one from 1 to {LONGEST}."),
                ),
            };
        }
        let until = until.map_or(Ok(today), |until| until.day(now)).map_err(beyond("until"))?;
        let since = since.map_or(Ok(back(until, 29)), |since| since.day(now)).map_err(beyond("since"))?;
        match since.until(until).map(|span| span.get_days()) {
            Ok(days) if (0..LONGEST).contains(&days) => Ok(Span { from: since, until, last: None }),
            Ok(days) if days < 0 => {
                wrong("until", "終わりが始まりより前です。".into(), "The end is before the beginning.".into())
            }
            _ => {
                wrong("since", format!("期間は{LONGEST}日までです。"), format!("A chart shows at most {LONGEST} days."))
            }
        }
    }
}

/// The charts of some days.
pub(in crate::console) async fn show<D: Desk, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    person: Person,
    asked: Sent<Asked>,
) -> Response {
    if let Some(refused) = section::closed(&web, &person, Section::Journal) {
        return refused;
    }
    let frame = frame(&web, &person);
    let asked = asked.map(|Fields(asked)| asked).unwrap_or_default();
    let span = match asked.span(&now(&web)) {
        Ok(span) => span,
        Err(problem) => {
            let page = Charts::empty(frame, asked, &problem);
            return (StatusCode::BAD_REQUEST, pages::html(&page)).into_response();
        }
    };
    match web.engine.ledger.figures(span.from, span.until).await {
        Ok(figures) => pages::html(&Charts::new(frame, asked, span, &figures)),
        Err(error) => unavailable(frame, &error),
    }
}

#[derive(Template)]
#[template(path = "console/journal_charts.html")]
struct Charts<'a> {
    frame: Frame<'a>,
    spans: Vec<(i32, bool)>,
    asked: Asked,
    problem: Option<String>,
    from: String,
    until: String,
    behind: String,
    days: Option<Columns>,
    day_rows: Vec<(String, String, Vec<String>)>,
    kinds: Vec<(&'static str, &'static str)>,
    lists: Vec<List>,
}

/// A chart of bars and its table.
struct List {
    name: &'static str,
    title: String,
    what: String,
    note: String,
    bars: Option<Bars>,
    rows: Vec<Row>,
}

struct Row {
    name: String,
    /// The search for it.
    link: Option<String>,
    mails: String,
    stopped: String,
}

impl<'a> Charts<'a> {
    fn empty(frame: Frame<'a>, asked: Asked, problem: &Problem) -> Self {
        Self {
            frame,
            spans: SPANS.map(|days| (days, false)).to_vec(),
            from: String::new(),
            until: String::new(),
            behind: String::new(),
            problem: Some(problem.what.in_language(frame.language).to_owned()),
            asked,
            days: None,
            day_rows: Vec::new(),
            kinds: Vec::new(),
            lists: Vec::new(),
        }
    }

    fn new(frame: Frame<'a>, asked: Asked, span: Span, figures: &Figures) -> Self {
        let l = frame.language;
        let kinds = Action::ALL.map(|action| (action.name(), words::action(action, l))).to_vec();
        let columns = figures.days.iter().map(|day| {
            let name = day.day.strftime(words::pick(l, "%-m/%-d", "%-d %b")).to_string();
            let mails = match l {
                Language::Ja => format!("{}: {}通", day.day, number(day.mails())),
                Language::En => format!("{}: {} mails", day.day, number(day.mails())),
            };
            let pieces = Action::ALL.map(|action| (action.name(), day.decisions.get(&action).copied().unwrap_or(0)));
            let apart = pieces.iter().filter(|(_, count)| *count > 0).map(|(name, count)| {
                let kind = kinds.iter().find(|(known, _)| known == name).map_or("", |(_, word)| word);
                format!("{kind} {}", number(*count))
            });
            let told = [mails].into_iter().chain(apart).collect::<Vec<_>>().join(", ");
            Column { name, told, pieces: pieces.to_vec() }
        });
        let day_rows = figures.days.iter().rev().map(|day| {
            let of = |action: Action| number(day.decisions.get(&action).copied().unwrap_or(0));
            (day.day.to_string(), number(day.mails()), Action::ALL.map(of).to_vec())
        });
        let behind = match (figures.behind, l) {
            (0, _) => String::new(),
            (behind, Language::Ja) => format!("最新の{}件の記録は、まだ数えていません。", number(behind)),
            (behind, Language::En) => format!("The newest {} records are not counted yet.", number(behind)),
        };
        Self {
            frame,
            spans: SPANS.map(|days| (days, span.last == Some(days))).to_vec(),
            asked,
            problem: None,
            from: span.from.to_string(),
            until: span.until.to_string(),
            behind,
            days: drawing::columns(columns.collect()),
            day_rows: day_rows.collect(),
            kinds,
            lists: lists(span, figures, l),
        }
    }

    /// Two numbers on one line.
    fn heads(&self) -> [&'a str; 2] {
        [self.frame.t("メール", "Mails"), self.frame.t("そのまま送らなかった", "Not sent at once")]
    }
}

fn lists(span: Span, figures: &Figures, language: Language) -> Vec<List> {
    let pick = |ja, en| words::pick(language, ja, en);
    let search = |field: &str, name: &str| {
        let Span { from, until, .. } = span;
        Some(format!("/journal?{field}={}&since={from}&until={until}", escaped(name)))
    };
    let decision = |figure: &Figure| {
        let known = Action::ALL.into_iter().find(|action| action.name() == figure.name);
        known.map_or_else(|| figure.name.clone(), |action| words::action(action, language).to_owned())
    };
    let detector = |figure: &Figure| words::detector(&figure.name, language);
    let department = |figure: &Figure| match figure.name.as_str() {
        "" => pick("不明（名簿にない組織外の送信者など）", "unknown (senders of no department)").to_owned(),
        name => words::one_line(name, 60),
    };
    let stopped =
        pick("強い色の部分は、そのまま送らなかったメールです。", "Strong colour: mails that were not sent at once.");
    vec![
        list(
            ("decisions", pick("判断", "Decisions"), pick("判断", "Decision")),
            "",
            &figures.decisions,
            decision,
            &|figure| search("decision", &figure.name),
            language,
        ),
        list(
            ("departments", pick("部署", "Departments"), pick("送信者の部署", "Department of the sender")),
            stopped,
            &figures.departments,
            department,
            &|_| None,
            language,
        ),
        list(
            ("detectors", pick("検出した情報", "What was found"), pick("検出した情報", "Detector")),
            stopped,
            &figures.detectors,
            detector,
            &|figure| search("detector", &figure.name),
            language,
        ),
    ]
}

fn list(
    (name, title, what): (&'static str, &str, &str),
    note: &str,
    figures: &[Figure],
    called: impl Fn(&Figure) -> String,
    link: &dyn Fn(&Figure) -> Option<String>,
    language: Language,
) -> List {
    let told = |name: &str, mails: u64, stopped: u64| match language {
        Language::Ja => format!("{name}: {}通、うちそのまま送らなかったもの {}通", number(mails), number(stopped)),
        Language::En => format!("{name}: {} mails, {} of them not sent at once", number(mails), number(stopped)),
    };
    let bar = |name: String, mails, stopped| Bar {
        told: told(&name, mails, stopped),
        name,
        all: mails,
        // Where every bar is all of one kind, nothing is told apart.
        apart: if note.is_empty() { 0 } else { stopped },
    };
    let mut bars: Vec<Bar> =
        figures.iter().take(BARS).map(|one| bar(fitted(&called(one)), one.mails, one.stopped)).collect();
    if let Some(others @ [_, ..]) = figures.get(BARS..) {
        let sum = |of: fn(&Figure) -> u64| others.iter().map(of).sum();
        let name = match language {
            Language::Ja => format!("ほか{}件", others.len()),
            Language::En => format!("{} others", others.len()),
        };
        bars.push(bar(name, sum(|one| one.mails), sum(|one| one.stopped)));
    }
    let row = |one: &Figure| Row {
        name: called(one),
        link: link(one),
        mails: number(one.mails),
        stopped: number(one.stopped),
    };
    List {
        name,
        title: title.to_owned(),
        what: what.to_owned(),
        note: note.to_owned(),
        bars: drawing::bars(bars),
        rows: figures.iter().take(pages::MOST).map(row).collect(),
    }
}

/// As much of a name as stands beside its number; a Japanese letter is as wide as two others.
fn fitted(name: &str) -> String {
    let (mut line, mut width) = (String::new(), 0);
    for letter in words::one_line(name, 60).chars() {
        width += letter.width().unwrap_or(0);
        if width > WIDE {
            return line + "…";
        }
        line.push(letter);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_by_their_width() {
        assert_eq!(fitted("waits for the security team"), "waits for the security team");
        assert_eq!(fitted(&"部".repeat(30)), "部".repeat(20) + "…");
        assert_eq!(fitted("a\nb\u{202e}c"), "a bc");
    }

    #[test]
    fn a_span_is_days_that_end_today_or_two_dates() {
        let now: Zoned = "2026-11-30T08:30:00+09:00[Asia/Tokyo]".parse().unwrap();
        let span = |days: &str, since: &str, until: &str| {
            let asked = Asked { days: days.to_owned(), since: since.to_owned(), until: until.to_owned() };
            asked.span(&now).map(|span| (span.from.to_string(), span.until.to_string())).map_err(|wrong| wrong.field)
        };
        let is = |from: &str, until: &str| Ok((from.to_owned(), until.to_owned()));
        assert_eq!(span("", "", ""), is("2026-11-01", "2026-11-30"));
        assert_eq!(span("7", "", ""), is("2026-11-24", "2026-11-30"));
        assert_eq!(span("7", "2026-10-01", "2026-10-01"), is("2026-10-01", "2026-10-01"));
        assert_eq!(span("", "2026-11-20", ""), is("2026-11-20", "2026-11-30"));
        assert_eq!(span("", "", "2026-10-30"), is("2026-10-01", "2026-10-30"));
        for (days, since, until, field) in [
            ("0", "", "", "days"),
            ("367", "", "", "days"),
            ("x", "", "", "days"),
            ("", "2026-02-30", "", "since"),
            ("", "2026-11-02", "2026-11-01", "until"),
            ("", "2020-01-01", "", "since"),
            ("", "", "9999999999d", "until"),
        ] {
            assert_eq!(span(days, since, until), Err(field), "{days} {since} {until}");
        }
    }
}
