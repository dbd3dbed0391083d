//! In which language somebody is shown pages.
//!
//! In: what they chose on a page of this browser (a cookie), else what the directory says of them, else the
//! organisation's language. Out: the language; the cookie, for whoever chooses. Notices follow the directory alone.
//! Deliberately absent: what a browser says by itself (`Accept-Language`): it tells how it was installed.

use std::sync::Arc;

use axum::{
    Form,
    extract::{State, rejection::FormRejection},
    http::{HeaderMap, header},
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{
    Desk, Web,
    login::{baked, cookie},
    pages,
};
use crate::{directory::Identities, language::Language, mail::Address};

/// The cookie with the choice.
const LANGUAGE: &str = "sekisho_language";

/// Half a year, in seconds.
const KEPT: u32 = 183 * 24 * 60 * 60;

/// For whoever is not logged in.
pub(super) fn spoken<D, A>(headers: &HeaderMap, web: &Web<D, A>) -> Language {
    chosen(headers).unwrap_or(web.language)
}

/// For `who`.
pub(super) fn of<D: Desk, A>(headers: &HeaderMap, web: &Web<D, A>, who: &Address) -> Language {
    chosen(headers).or_else(|| web.desk.language(who)).unwrap_or(web.language)
}

fn chosen(headers: &HeaderMap) -> Option<Language> {
    match cookie(headers, LANGUAGE)? {
        "ja" => Some(Language::Ja),
        "en" => Some(Language::En),
        _ => None,
    }
}

/// What the switch sends.
#[derive(Deserialize)]
pub(super) struct Choice {
    to: Language,
}

/// Keeps the choice and goes back to the page where it was made. It needs no login and changes nothing but a cookie.
pub(super) async fn choose<D: Desk, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    headers: HeaderMap,
    sent: Result<Form<Choice>, FormRejection>,
) -> Response {
    let Ok(Form(sent)) = sent else { return pages::bad_form(spoken(&headers, &web)) };
    let word = match sent.to {
        Language::Ja => "ja",
        Language::En => "en",
    };
    let set = baked(LANGUAGE, word, &web) + &format!("; Max-Age={KEPT}");
    let back = headers.get(header::REFERER).and_then(|from| from.to_str().ok()).and_then(page_of).unwrap_or("/");
    (AppendHeaders([(header::SET_COOKIE, set)]), Redirect::to(back)).into_response()
}

/// The page of ours on which a form was. Whatever site it names, the way back is ours; what only a form leads to is left
/// for the page with that form.
fn page_of(referer: &str) -> Option<&str> {
    let rest = referer.strip_prefix("https://").or_else(|| referer.strip_prefix("http://"))?;
    let path = rest.get(rest.find('/')?..)?;
    let plain = path.bytes().all(|c| c.is_ascii_graphic() && c != b'\\');
    if !plain || path.starts_with("//") {
        return None;
    }
    let behind = path.split(['?', '#']).next().unwrap_or_default();
    match behind {
        "/held/decide" => Some("/held"),
        _ if behind.starts_with("/me/") => Some("/me"),
        _ => match behind.strip_prefix("/held/").and_then(|rest| rest.split_once('/')) {
            Some((id, _)) => path.get(.."/held/".len() + id.len()),
            None => Some(path),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_is_a_page_of_ours() {
        for (referer, page) in [
            ("https://sekisho.example.co.jp/held?part=own&q=%E5%90%8D", Some("/held?part=own&q=%E5%90%8D")),
            ("http://127.0.0.1:8025/login?next=/held/01AB", Some("/login?next=/held/01AB")),
            ("https://sekisho.example.co.jp/held/01AB", Some("/held/01AB")),
            ("https://sekisho.example.co.jp/held/01AB/approve", Some("/held/01AB")),
            ("https://sekisho.example.co.jp/held/decide", Some("/held")),
            ("https://sekisho.example.co.jp/me/factor/confirm", Some("/me")),
            ("https://evil.example/trial", Some("/trial")),
            ("https://evil.example//evil.example/x", None),
            ("https://evil.example/\\evil.example", None),
            ("https://evil.example/a\r\nX: 1", None),
            ("https://evil.example", None),
            ("javascript:alert(1)", None),
            ("", None),
        ] {
            assert_eq!(page_of(referer), page, "{referer:?}");
        }
    }
}
