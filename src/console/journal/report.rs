//! The draft of a leak's report, to read, to print, to save.
//!
//! In: ids of mails, as a held mail or a search of the journal gives them; to whom the report goes and since when the leak
//! is known. Out: a page in the console's frame, which prints without it; or the same as Markdown or as one HTML file, in
//! either language. Deliberately absent: what the report says (`crate::journal::report`), and keeping it: the same records
//! and the same day make the same draft again.

use std::sync::Arc;

use askama::Template;
use axum::{
    extract::{Query as Fields, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::{Timestamp, Zoned};

use super::{
    Sent,
    asked::{Problem, beyond, escaped, moment},
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
    journal::report::{self, Block, Form, Incident, Meant, Order, Report, Stage},
    language::{Language, Text},
    notice::words::one_line,
};

/// So many mails make one incident at most.
const MOST: usize = 100;

/// The shortest beginning of an id; fewer characters are the ids of many mails.
const SHORTEST: usize = 8;

/// As many characters as a Message-ID has.
const LONGEST: usize = 1_000;

/// What the address says.
#[derive(Debug, Default)]
pub(super) struct Asked {
    ids: Vec<String>,
    form: String,
    is_final: bool,
    malicious: bool,
    aware: String,
    language: String,
    save: String,
}

impl Asked {
    pub(super) fn of(fields: Vec<(String, String)>) -> Self {
        let mut asked = Self::default();
        for (name, value) in fields {
            let value = value.trim().to_owned();
            match name.as_str() {
                // Several in one field, as somebody copies them.
                "id" => asked.ids.extend(value.split([' ', ',', '\n', '、']).map(|id| id.trim().to_owned())),
                "form" => asked.form = value,
                "final" => asked.is_final = matches!(value.as_str(), "1" | "true"),
                "malicious" => asked.malicious = matches!(value.as_str(), "1" | "true"),
                "aware" => asked.aware = value,
                "language" => asked.language = value,
                "save" => asked.save = value,
                _ => {}
            }
        }
        asked.ids.retain(|id| !id.is_empty());
        let mut seen = std::collections::BTreeSet::new();
        asked.ids.retain(|id| seen.insert(id.clone()));
        asked
    }

    pub(super) fn ids(&self) -> &[String] {
        &self.ids
    }

    pub(super) fn order<D, A>(&self, web: &Web<D, A>, now: &Zoned) -> Result<Order, Problem> {
        let wrong = |field, ja: &str, en: &str| Problem { field, what: Text { ja: ja.into(), en: en.into() } };
        let fits = |id: &&String| id.len() < SHORTEST || id.len() > LONGEST;
        if self.ids.iter().find(fits).is_some() || self.ids.len() > MOST {
            return Err(wrong(
                "id",
                "メールのIDを先頭の8文字以上で、100通まで指定してください。",
                "Name at most 100 mails, each by the first 8 characters of its id or more.",
            ));
        }
        let today = || wrong("aware", "日時を読み取れません。", "The time cannot be read.");
        let aware = match moment("aware", &self.aware)? {
            Some(aware) => aware,
            None => "today".parse().map_err(|_| today())?,
        };
        let order = Order {
            organization: web.organization.clone(),
            language: match self.language.as_str() {
                "ja" => Language::Ja,
                "en" => Language::En,
                _ => web.language,
            },
            timezone: web.timezone.clone(),
            form: if self.form == "gdpr" { Form::Gdpr } else { Form::Appi },
            stage: if self.is_final { Stage::Final } else { Stage::Preliminary },
            aware: aware.since(now).map_err(beyond("aware"))?,
            to_the_hour: aware.has_time(),
            malicious: self.malicious,
            now: now.timestamp(),
            titles: web.engine.ledger.titles(),
        };
        if order.aware > order.now {
            return Err(wrong(
                "aware",
                "漏えいを知った日時が未来です。",
                "The leak cannot become known in the future.",
            ));
        }
        Ok(order)
    }

    /// The address of this draft in another way.
    fn address(&self, language: &str, save: &str) -> String {
        let mut pairs: Vec<String> = self.ids.iter().map(|id| format!("id={}", escaped(id))).collect();
        let flag = |set| if set { "1" } else { "" };
        for (name, value) in [
            ("form", self.form.as_str()),
            ("final", flag(self.is_final)),
            ("malicious", flag(self.malicious)),
            ("aware", &self.aware),
            ("language", language),
            ("save", save),
        ] {
            if !value.is_empty() {
                pairs.push(format!("{name}={}", escaped(value)));
            }
        }
        format!("/journal/report?{}", pairs.join("&"))
    }
}

/// What is wrong with the mails that were named, if anything is.
pub(super) fn unclear(meant: &Meant, order: &Order) -> Option<Problem> {
    let list = |ids: &[String]| one_line(&ids.join(", "), 300);
    let wrong = |field, ja, en| Some(Problem { field, what: Text { ja, en } });
    if !meant.unknown.is_empty() {
        let ids = list(&meant.unknown);
        return wrong("id", format!("記録にないメールです：{ids}"), format!("The journal has no mail {ids}."));
    }
    if !meant.ambiguous.is_empty() {
        let ids = list(&meant.ambiguous);
        return wrong(
            "id",
            format!("このIDで始まるメールが複数あります：{ids}"),
            format!("More than one mail begins with {ids}; give more of the id."),
        );
    }
    let day = |at: Timestamp| at.to_zoned(order.timezone.clone()).date();
    match meant.incident.first_left() {
        Some(first) if day(order.aware) < day(first) => wrong(
            "aware",
            format!("漏えいを知った日が、最初のメールが送信された日（{}）より前です。", day(first)),
            format!("The leak cannot be known before {}, when the first of these mails left.", day(first)),
        ),
        _ => None,
    }
}

/// The draft.
pub(in crate::console) async fn show<D: Desk, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    person: Person,
    fields: Sent<Vec<(String, String)>>,
) -> Response {
    if let Some(refused) = section::closed(&web, &person, Section::Journal) {
        return refused;
    }
    let (frame, now) = (frame(&web, &person), now(&web));
    let asked = Asked::of(fields.map(|Fields(fields)| fields).unwrap_or_default());
    let bad = |asked, problem: Option<Problem>, stayed| {
        let problem = problem.map(|problem| problem.what.in_language(frame.language).to_owned());
        let status = if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
        (status, pages::html(&Draft { frame, asked, problem, stayed, report: None })).into_response()
    };
    let order = match asked.order(&web, &now) {
        Ok(order) => order,
        Err(problem) => return bad(asked, Some(problem), Vec::new()),
    };
    if asked.ids.is_empty() {
        return bad(asked, None, Vec::new());
    }
    let meant = match web.engine.ledger.incident(&asked.ids).await {
        Ok(meant) => meant,
        Err(error) => return unavailable(frame, &error),
    };
    if let Some(problem) = unclear(&meant, &order) {
        return bad(asked, Some(problem), Vec::new());
    }
    drafted(frame, asked, &meant.incident, &order)
}

fn drafted(frame: Frame<'_>, asked: Asked, incident: &Incident, order: &Order) -> Response {
    let stayed = report::stayed(incident, order);
    let report = report::draft(incident, order);
    let file = |kind, extension: &str, text: String| {
        let day = order.now.to_zoned(order.timezone.clone()).strftime("%Y%m%d-%H%M%S");
        let name = format!("attachment; filename=\"sekisho-report-{day}.{extension}\"");
        ([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, name.as_str())], text).into_response()
    };
    match (&report, asked.save.as_str()) {
        (Some(report), "md") => file("text/markdown; charset=utf-8", "md", report::markdown::markdown(report)),
        (Some(report), "html") => match report::page::page(report) {
            Ok(page) => file("text/html; charset=utf-8", "html", page),
            Err(error) => {
                tracing::error!(%error, "a report could not be rendered");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        },
        _ => pages::html(&Draft { frame, asked, problem: None, stayed, report }),
    }
}

/// The draft in the console's frame.
#[derive(Template)]
#[template(path = "console/journal_report.html")]
struct Draft<'a> {
    frame: Frame<'a>,
    asked: Asked,
    problem: Option<String>,
    /// What did not leave.
    stayed: Vec<String>,
    report: Option<Report>,
}

impl Draft<'_> {
    fn address(&self, language: &str, save: &str) -> String {
        self.asked.address(language, save)
    }

    /// The language of the draft, which need not be that of the page.
    fn language(&self) -> &'static str {
        match self.report.as_ref().map_or(self.frame.language, |report| report.language) {
            Language::Ja => "ja",
            Language::En => "en",
        }
    }

    fn mark(&self) -> &'static str {
        report::page::mark(self.report.as_ref().map_or(self.frame.language, |report| report.language))
    }

    fn plain(text: &str) -> String {
        report::page::plain(text)
    }

    fn has_head(head: &[String]) -> bool {
        report::page::has_head(head)
    }

    fn gaps(&self) -> String {
        let gaps = self.report.as_ref().map_or(0, Report::gaps);
        match self.frame.language {
            Language::Ja => format!("記入する箇所が{gaps}か所あります。"),
            Language::En => format!("{gaps} places are to be filled in."),
        }
    }

    fn ids(&self) -> String {
        one_line(&self.asked.ids.join(" "), 4_000)
    }
}
