//! How those who decide are doing: load, time to decide, and who decides without looking.
//!
//! In: a span of days. Out: a page with a line for each of them and a hint where a figure deserves a word. Deliberately
//! absent: marks. A hint says what was counted, and people know why.

use std::{future::Future, pin::Pin, sync::Arc};

use askama::Template;
use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::{
    Desk, Web,
    form::{Fields, Sent},
    held::{frame, refused},
    login::Person,
    pages::{self, Frame},
    section::{self, Section},
    status::age,
};
use crate::{
    directory::{Identities, Role},
    hold::Approving,
    language::Language,
    mail::{Address, MailId},
    notice::words,
};

/// Holds a drill in the name of somebody; an error says why there is none.
pub type Drill = Arc<dyn Fn(Address) -> Pin<Box<dyn Future<Output = Result<MailId, String>> + Send>> + Send + Sync>;

/// The spans that can be chosen, in days.
const SPANS: [i64; 3] = [7, 30, 90];

/// From so many decisions on a figure says something.
const TELLING: usize = 20;

/// Half of the pages that were opened were decided sooner: hardly read.
const GLANCE: SignedDuration = SignedDuration::from_secs(10);

/// A mail that waits longer for somebody is worth a word.
const LONG: SignedDuration = SignedDuration::from_hours(24);

/// What an address of the page says.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    days: Option<i64>,
    drilled: Option<String>,
}

/// The page.
pub(super) async fn show<D: Desk, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    person: Person,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    if let Some(refused) = section::closed(&web, &person, Section::Approvers) {
        return refused;
    }
    let asked = asked.map(|Query(asked)| asked).unwrap_or_default();
    let days = asked.days.filter(|days| SPANS.contains(days)).unwrap_or(30);
    let now = Timestamp::now();
    let since = now.checked_sub(SignedDuration::from_hours(24 * days)).unwrap_or(Timestamp::UNIX_EPOCH);
    match web.desk.approving(since).await {
        Ok(all) => {
            let frame = frame(&web, &person);
            let rows = all.iter().map(|one| row(one, now, frame.language)).collect();
            let may_drill = person.roles.contains(&Role::Security);
            pages::html(&Page { frame, days, rows, may_drill, drilled: asked.drilled.is_some() })
        }
        Err(error) => refused(&web, &person, error),
    }
}

/// Holds a drill about which those who decide are asked as about any mail.
pub(super) async fn drill<D: Desk, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    Sent { person, .. }: Sent<Fields>,
) -> Response {
    if let Some(refused) = section::closed(&web, &person, Section::Approvers) {
        return refused;
    }
    let frame = frame(&web, &person);
    if !person.roles.contains(&Role::Security) {
        let text = ("訓練を始められるのは、セキュリティ担当だけです。", "Only the security team may begin a drill.");
        let page = pages::told(frame, ("この操作はできません", "You cannot do this"), text);
        return (StatusCode::FORBIDDEN, page).into_response();
    }
    match (web.engine.drill)(person.session.who.clone()).await {
        Ok(_) => Redirect::to("/approvers?drilled=1").into_response(),
        Err(reason) => {
            tracing::error!(reason, "a drill could not be held");
            let text = (
                "訓練のメールを作れませんでした。しばらくしてからお試しください。",
                "The drill could not be made. Please try again in a while.",
            );
            let page = pages::told(frame, ("いまは利用できません", "Not available at the moment"), text);
            (StatusCode::SERVICE_UNAVAILABLE, page).into_response()
        }
    }
}

#[derive(Template)]
#[template(path = "console/approvers.html")]
struct Page<'a> {
    frame: Frame<'a>,
    days: i64,
    rows: Vec<Row>,
    may_drill: bool,
    drilled: bool,
}

impl Page<'_> {
    fn spans(&self) -> [(i64, bool); 3] {
        SPANS.map(|days| (days, days == self.days))
    }
}

struct Row {
    person: String,
    waiting: usize,
    oldest: Option<String>,
    decided: usize,
    approved: String,
    half: String,
    most: String,
    by_reply: usize,
    unseen: usize,
    /// Drills: caught of all.
    drills: String,
    hints: Vec<String>,
}

fn row(one: &Approving, now: Timestamp, language: Language) -> Row {
    let span = |span: Option<SignedDuration>| span.map_or_else(|| "–".to_owned(), |span| age(span, language));
    Row {
        person: words::one_line(&one.person, 160),
        waiting: one.waiting,
        oldest: one.oldest.map(|at| age(now.duration_since(at), language)),
        decided: one.decided,
        approved: (one.approved * 100)
            .checked_div(one.decided)
            .map_or_else(|| "–".to_owned(), |percent| format!("{percent} %")),
        half: span(one.half),
        most: span(one.most),
        by_reply: one.by_reply,
        unseen: one.unseen,
        drills: match one.caught + one.passed {
            0 => "–".to_owned(),
            all => format!("{} / {all}", one.caught),
        },
        hints: hints(one, now, language),
    }
}

fn hints(one: &Approving, now: Timestamp, language: Language) -> Vec<String> {
    let mut hints = Vec::new();
    let mut hint = |is: bool, ja: String, en: String| {
        if is {
            hints.push(if language == Language::Ja { ja } else { en });
        }
    };
    let waits = one.oldest.map(|at| now.duration_since(at)).unwrap_or_default();
    hint(
        waits > LONG,
        format!("{}待っているメールがあります。", age(waits, Language::Ja)),
        format!("a mail has waited for {}", age(waits, Language::En)),
    );
    hint(
        one.unseen > 0,
        format!("{}件は、画面を開かずに判断しています。", one.unseen),
        format!("{} decided without opening the mail's page", one.unseen),
    );
    let glance = one.looked.filter(|looked| one.decided >= TELLING && *looked < GLANCE);
    hint(
        glance.is_some(),
        format!("開いてから{}以内に判断することが半数を超えます。", age(glance.unwrap_or_default(), Language::Ja)),
        format!("half of the pages were decided within {}", age(glance.unwrap_or_default(), Language::En)),
    );
    hint(
        one.passed > 0,
        format!("訓練のメールを{}件、承認しています。", one.passed),
        format!("{} drills were approved", one.passed),
    );
    hint(
        one.decided >= TELLING && one.approved == one.decided,
        format!("{}件すべてを承認しています。", one.decided),
        format!("all {} were approved", one.decided),
    );
    hints
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_says_what_was_counted_and_nobody_gets_one_for_nothing() {
        let now: Timestamp = "2026-11-29T00:00:00Z".parse().unwrap();
        let good = Approving {
            waiting: 3,
            oldest: Some(now - SignedDuration::from_hours(3)),
            decided: 40,
            approved: 33,
            looked: Some(SignedDuration::from_secs(60)),
            ..Approving::default()
        };
        assert!(hints(&good, now, Language::En).is_empty());
        assert!(hints(&Approving { decided: 19, approved: 19, ..good.clone() }, now, Language::En).is_empty());
        let stamp = Approving {
            oldest: Some(now - SignedDuration::from_hours(72)),
            approved: 40,
            unseen: 5,
            looked: Some(SignedDuration::from_secs(4)),
            ..good
        };
        let told = hints(&stamp, now, Language::En);
        assert_eq!(told.len(), 4, "{told:?}");
        assert!(told[0].ends_with("3 d") && told[1].starts_with("5 ") && told[2].ends_with("4 s"));
        assert_eq!(hints(&stamp, now, Language::Ja).len(), 4);
    }
}
