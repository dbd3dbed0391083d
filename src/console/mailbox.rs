//! The mailbox page of `sekisho demo`: what the local next hop received.
//!
//! In: an [`Inbox`]. Out: a router with a list and the raw mails. Deliberately absent: a login. It shows whole mails
//! and is for the demo on one's own machine only; `serve` never mounts it.

use std::sync::Arc;

use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use jiff::{Timestamp, tz::TimeZone};

use super::{
    door,
    pages::{self, Frame},
};
use crate::{
    language::Language,
    notice::{Voice, words},
};

/// Longer mails are cut on the page.
const LONGEST: usize = 256 * 1024;

/// One mail that was delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// When.
    pub at: Timestamp,
    /// The reverse path as it was said; empty for the null path.
    pub from: String,
    /// The recipients as they were said.
    pub to: Vec<String>,
    /// The subject, decoded.
    pub subject: String,
    /// The whole mail.
    pub raw: Arc<[u8]>,
}

/// Where delivered mails are.
pub trait Inbox: Send + Sync + 'static {
    /// All of them, oldest first; a mail keeps its place in the list.
    fn received(&self) -> Vec<Received>;
}

/// `/mailbox` and `/mailbox/{number}`.
pub fn router<I: Inbox>(inbox: Arc<I>, voice: &Voice) -> Router {
    let room = Arc::new(Room {
        inbox,
        language: voice.language,
        organization: voice.organization.clone(),
        timezone: voice.timezone.clone(),
    });
    let routes =
        Router::new().route("/mailbox", get(list::<I>)).route("/mailbox/{number}", get(show::<I>)).with_state(room);
    door::guarded(routes, voice)
}

struct Room<I> {
    inbox: Arc<I>,
    language: Language,
    organization: String,
    timezone: TimeZone,
}

#[derive(Template)]
#[template(path = "console/mailbox.html")]
struct List<'a> {
    frame: Frame<'a>,
    mails: Vec<Row>,
}

struct Row {
    number: usize,
    at: String,
    from: String,
    to: String,
    subject: String,
    size: usize,
}

#[derive(Template)]
#[template(path = "console/received.html")]
struct Show<'a> {
    frame: Frame<'a>,
    row: Row,
    raw: &'a str,
}

async fn list<I: Inbox>(State(room): State<Arc<Room<I>>>) -> Response {
    let mails = room.inbox.received();
    let mails = mails.iter().enumerate().rev().map(|(at, mail)| row(at + 1, mail, &room)).collect();
    pages::html(&List { frame: Frame::outside(room.language, &room.organization), mails })
}

async fn show<I: Inbox>(State(room): State<Arc<Room<I>>>, Path(number): Path<String>) -> Response {
    let number: usize = number.parse().unwrap_or(0);
    let mails = room.inbox.received();
    let Some(mail) = number.checked_sub(1).and_then(|at| mails.get(at)) else {
        let (title, text) = (("メールがありません", "There is no such mail"), ("", ""));
        return (StatusCode::NOT_FOUND, pages::message(room.language, title, text)).into_response();
    };
    let raw = String::from_utf8_lossy(mail.raw.get(..LONGEST).unwrap_or(&mail.raw));
    let frame = Frame::outside(room.language, &room.organization);
    pages::html(&Show { frame, row: row(number, mail, &room), raw: &raw })
}

fn row<I>(number: usize, mail: &Received, room: &Room<I>) -> Row {
    let from = words::one_line(&mail.from, 160);
    Row {
        number,
        at: words::when_in(mail.at, &room.timezone, room.language),
        from: if from.is_empty() { "<>".to_owned() } else { from },
        to: words::one_line(&mail.to.join(", "), 300),
        subject: words::subject(&mail.subject, room.language),
        size: mail.raw.len().div_ceil(1024),
    }
}
