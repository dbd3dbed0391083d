//! A person's own page: where they are logged in, and their second factor.
//!
//! In: who is logged in, and forms. Out: their sessions, each of which they can end; the picture that their phone reads, and
//! recovery codes, shown once. Taking a second factor away needs a code of it, so that a borrowed browser cannot.
//! Deliberately absent: other people (`sekisho user` does that), and passwords.

use std::{fmt::Write as _, sync::Arc};

use askama::Template;
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use jiff::Timestamp;
use qrcode::{EcLevel, QrCode, types::Color};

use super::{
    Desk, Need, Web,
    code::{self, Refusal},
    form::{Fields, Sent},
    held::frame,
    login::Person,
    pages::{self, Frame},
    place::Place,
};
use crate::{
    directory::{AccountsError, Factor, Identities, Stage, recovery_codes, recovery_hash},
    journal::Access,
    notice::words::{self, pick},
};

/// The page.
pub(super) async fn show<D: Desk, A: Identities>(State(web): State<Arc<Web<D, A>>>, person: Person) -> Response {
    page(&web, &person, Told::Nothing, StatusCode::OK).await
}

/// Ends one of their sessions, or all others.
pub(super) async fn end_session<D: Desk, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    Place(place): Place,
    Sent { person, form }: Sent<Fields>,
) -> Response {
    let (who, here) = (&person.session.who, &person.session.key);
    let ended = async {
        if form.one("session") == "others" {
            return web.accounts.end_sessions_of(who, Some(here)).await;
        }
        let sessions = web.accounts.sessions_of(who).await?;
        let Some(named) = sessions.iter().find(|session| name(&session.key) == form.one("session")) else {
            return Ok(0);
        };
        Ok(u64::from(web.accounts.end_session(&named.key).await?))
    };
    match ended.await {
        Ok(sessions) => {
            note_ended(&web, &person, sessions, &place).await;
            Redirect::to("/me").into_response()
        }
        Err(error) => fault(&person, &error),
    }
}

/// Tells the journal that so many of their sessions were ended.
async fn note_ended<D: Desk, A: Identities>(web: &Web<D, A>, person: &Person, sessions: u64, place: &str) {
    if sessions > 0 {
        web.desk.note(&person.session.who, Access::SessionsEnded { sessions }, place).await;
    }
}

/// Shows a new secret to be read by the person's phone. It counts for nothing until the first code is right.
pub(super) async fn begin_factor<D: Desk, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    Sent { person, .. }: Sent<Fields>,
) -> Response {
    let begun = async {
        let factor = Factor::generate()?;
        Ok(web.accounts.put_factor(&person.session.who, &factor, Timestamp::now()).await?.then_some(factor))
    };
    match begun.await {
        Ok(Some(factor)) => setting(&web, &person, &factor, None, StatusCode::OK),
        Ok(None) => Redirect::to("/me").into_response(),
        Err(error) => fault(&person, &error),
    }
}

/// Confirms it by its first code, ends the sessions that one factor began elsewhere, and shows the recovery codes, once.
pub(super) async fn confirm_factor<D: Desk, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    Place(place): Place,
    Sent { person, form }: Sent<Fields>,
) -> Response {
    let who = &person.session.who;
    let factor = match web.accounts.factor(who).await {
        Ok(Some(factor)) if !factor.confirmed => factor,
        Ok(_) => return Redirect::to("/me").into_response(),
        Err(error) => return fault(&person, &error),
    };
    let Some(step) = factor.step(form.one("code"), Timestamp::now()) else {
        let wrong = pick(
            person.language,
            "コードが違います。アプリで読み取り直し、表示されたコードを入力してください。スマートフォンの時刻が合っていることもお確かめください。",
            "The code is wrong. Please scan the picture again, type what the app shows, and see that the phone's clock is right.",
        );
        return setting(&web, &person, &factor, Some(wrong), StatusCode::UNAUTHORIZED);
    };
    let confirmed = async {
        let codes = recovery_codes()?;
        let hashes: Vec<[u8; 32]> = codes.iter().map(|code| recovery_hash(code)).collect();
        Ok::<_, AccountsError>(web.accounts.confirm_factor(who, step, &hashes).await?.then_some(codes))
    };
    match confirmed.await {
        Ok(Some(codes)) => {
            web.desk.note(who, Access::FactorSet, &place).await;
            match web.accounts.end_sessions_of(who, Some(&person.session.key)).await {
                Ok(sessions) => note_ended(&web, &person, sessions, &place).await,
                // The codes are shown this once, and beside them the sessions that are left, which the person can end.
                Err(error) => tracing::error!(%error, "sessions of before the second factor cannot be ended"),
            }
            page(&web, &person, Told::Recovery(codes), StatusCode::OK).await
        }
        Ok(None) => Redirect::to("/me").into_response(),
        Err(error) => fault(&person, &error),
    }
}

/// Takes it away, for a code of it.
pub(super) async fn remove_factor<D: Desk, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    Place(place): Place,
    Sent { person, form }: Sent<Fields>,
) -> Response {
    let who = &person.session.who;
    let removed = async {
        if !code::proven(&web, &person, form.one("code"), &place).await? {
            return Ok(false);
        }
        Ok::<_, Refusal>(web.accounts.remove_factor(who).await?)
    };
    match removed.await {
        Ok(true) => {
            web.desk.note(who, Access::FactorRemoved, &place).await;
            Redirect::to("/me").into_response()
        }
        Ok(false) | Err(Refusal::Wait) => page(&web, &person, Told::WrongCode, StatusCode::UNAUTHORIZED).await,
        Err(Refusal::Fault(error)) => fault(&person, &error),
    }
}

fn fault(person: &Person, error: &AccountsError) -> Response {
    tracing::error!(%error, "sessions or second factors cannot be read or written");
    pages::fault(person.language).into_response()
}

/// What the page says besides.
enum Told {
    Nothing,
    WrongCode,
    Recovery(Vec<String>),
}

/// A person's own page.
#[derive(Template)]
#[template(path = "console/me.html")]
struct Me<'a> {
    frame: Frame<'a>,
    rows: Vec<Row>,
    has_factor: bool,
    recovery_left: u32,
    /// Whether it must be set up, and has not been.
    is_owed: bool,
    told: Told,
}

struct Row {
    name: String,
    here: bool,
    strong: bool,
    place: String,
    browser: String,
    since: String,
    used: String,
}

async fn page<D: Desk, A: Identities>(web: &Web<D, A>, person: &Person, told: Told, status: StatusCode) -> Response {
    let asked = async {
        let sessions = web.accounts.sessions_of(&person.session.who).await?;
        Ok::<_, AccountsError>((sessions, web.accounts.factor(&person.session.who).await?))
    };
    let (sessions, factor) = match asked.await {
        Ok(asked) => asked,
        Err(error) => return fault(person, &error),
    };
    let now = Timestamp::now();
    let when = |at| words::when_in(at, &web.timezone, person.language);
    let open = sessions.into_iter().filter(|session| session.stage != Stage::Code && !session.is_over(now));
    let rows = open.map(|session| Row {
        name: name(&session.key),
        here: session.key == person.session.key,
        strong: session.stage == Stage::Strong,
        since: when(session.began_at),
        used: when(session.used_at),
        place: session.place,
        browser: session.browser,
    });
    let factor = factor.filter(|factor| factor.confirmed);
    let me = Me {
        frame: frame(web, person),
        rows: rows.collect(),
        has_factor: factor.is_some(),
        recovery_left: factor.as_ref().map_or(0, |factor| factor.recovery_left),
        is_owed: web.logins.second_factor != Need::Nobody && person.session.stage != Stage::Strong,
        told,
    };
    (status, pages::html(&me)).into_response()
}

/// Setting a second factor up.
#[derive(Template)]
#[template(path = "console/factor.html")]
struct Setting<'a> {
    frame: Frame<'a>,
    picture: String,
    typed: String,
    problem: Option<&'a str>,
}

fn setting<D, A>(
    web: &Web<D, A>,
    person: &Person,
    factor: &Factor,
    problem: Option<&str>,
    status: StatusCode,
) -> Response {
    let drawn = factor.uri(&person.session.who, &web.organization).and_then(|uri| picture(&uri));
    match drawn {
        Ok(picture) => {
            let page = Setting { frame: frame(web, person), picture, typed: factor.typed(), problem };
            (status, pages::html(&page)).into_response()
        }
        Err(error) => fault(person, &error),
    }
}

/// A QR code as the path of an SVG of one unit a module, four of them margin; black on white in dark pages too, which
/// phones need.
fn picture(text: &str) -> Result<String, AccountsError> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M);
    let code = code.map_err(|error| AccountsError::Unavailable(error.to_string()))?;
    let (width, mut path) = (code.width(), String::new());
    for (at, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            // Writing to a string does not fail.
            let _ = write!(path, "M{} {}h1v1h-1z", at % width + 4, at / width + 4);
        }
    }
    let side = width + 8;
    Ok(format!(
        "<svg class=\"qr\" viewBox=\"0 0 {side} {side}\" role=\"img\" aria-label=\"QR\">\
         <rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/><path d=\"{path}\" fill=\"#000\"/></svg>"
    ))
}

/// By what a form names a session: enough of its key to tell it from the person's others.
fn name(key: &[u8; 32]) -> String {
    data_encoding::HEXLOWER.encode(key.get(..8).unwrap_or_default())
}
