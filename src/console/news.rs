//! Whether something new waits, for a page that lies open.
//!
//! In: since when; it is the page's script that asks (`templates/console/script.js`), every half minute while somebody
//! looks at the page. Out: how many mails came that wait for this person, with the words that tell it, as JSON. Only
//! those are looked at, along an index. Such a question is no use of a session: a browser that was left alone is logged
//! out all the same, and is then told so with 401. Deliberately absent: what they are, and connections held open.

use std::sync::Arc;

use axum::{
    Json,
    extract::{FromRequestParts, Query, State, rejection::QueryRejection},
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Desk, Need, Web,
    login::{Person, looked_up},
    tongue,
};
use crate::{
    directory::{Identities, Stage},
    hold::NEWS,
    language::Language,
    notice::words::pick,
};

/// A person whose page asks by itself.
pub(super) struct Onlooker(Person);

impl<D: Desk, A: Identities> FromRequestParts<Arc<Web<D, A>>> for Onlooker {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Arc<Web<D, A>>) -> Result<Self, Response> {
        match looked_up(&parts.headers, web).await? {
            Some(person) if person.session.stage == Stage::Strong => Ok(Self(person)),
            Some(person) if person.session.stage == Stage::Open && web.logins.second_factor != Need::Everybody => {
                Ok(Self(person))
            }
            Some(_) | None => {
                let language = tongue::spoken(&parts.headers, web);
                let told = pick(language, "ログインの有効期限が切れました。", "You have been logged out.").to_owned();
                let open = pick(language, "ログインする", "Log in");
                Err((StatusCode::UNAUTHORIZED, Json(News { count: 0, told, open })).into_response())
            }
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Asked {
    /// In microseconds since 1970, as the page has it; what does not say is told nothing.
    since: Option<i64>,
}

/// What the page is told.
#[derive(Serialize)]
struct News {
    count: usize,
    /// Empty if there is nothing to tell.
    told: String,
    /// What the link says that leads there.
    open: &'static str,
}

/// How many there are.
pub(super) async fn show<D: Desk, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    Onlooker(person): Onlooker,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let since = asked.ok().and_then(|Query(asked)| Timestamp::from_microsecond(asked.since?).ok());
    match web.desk.news(&person.session.who, since.unwrap_or(person.at)).await {
        Ok(count) => {
            let open = pick(person.language, "一覧を開く", "Open the list");
            Json(News { count, told: told(count, person.language), open }).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "what is new cannot be counted");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

fn told(count: usize, language: Language) -> String {
    let more = if count >= NEWS { "+" } else { "" };
    match (count, language) {
        (0, _) => String::new(),
        (_, Language::Ja) => format!("あなたの判断を待つメールが、新しく{count}{more}件届きました。"),
        (1, Language::En) => "A new mail waits for your decision.".to_owned(),
        (_, Language::En) => format!("{count}{more} new mails wait for your decision."),
    }
}
