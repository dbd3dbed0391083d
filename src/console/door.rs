//! What every request and every response passes through.
//!
//! In: requests. Out: responses with the headers that keep a page to itself; 403 for a form that comes from elsewhere;
//! 500 for a handler that panicked, the server living on. Deliberately absent: who is logged in (`login`).

use std::sync::Arc;

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};

use super::{Web, pages, tongue};
use crate::{directory::Identities, language::Language, notice::Voice};

/// Nothing but our own style sheet and our own script, which asks only us; forms only to ourselves, no frames. Nothing
/// within a page is ever run or styled, and whatever else we hand out says by its type and `nosniff` that it is no script.
const POLICY: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; \
                      form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The same for the page that shows a mail in a frame of its own, which inherits this: it may be styled, and has the
/// pictures that are written into it.
const FRAMING: &str = "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; form-action 'self'; \
                       frame-ancestors 'none'; base-uri 'none'";

/// A mark of a response that needs [`FRAMING`].
#[derive(Clone, Copy)]
pub(super) struct Framing;

/// Puts the panic door and the headers around `routes`.
pub(super) fn guarded(routes: Router, voice: &Voice) -> Router {
    let language = voice.language;
    let secure = voice.public_url.starts_with("https://");
    routes
        .layer(middleware::from_fn(move |request: Request, next: Next| survive(request, next, language)))
        .layer(middleware::map_response(move |response: Response| async move { sealed(response, secure) }))
}

/// Runs the request as its own task: a panic ends that task, and a decision under way is finished even when the
/// browser goes away.
async fn survive(request: Request, next: Next, language: Language) -> Response {
    let place = request.uri().path().to_owned();
    match tokio::spawn(next.run(request)).await {
        Ok(response) => response,
        Err(error) => {
            tracing::error!(place, panicked = error.is_panic(), "a console request failed");
            pages::fault(language).into_response()
        }
    }
}

fn sealed(mut response: Response, secure: bool) -> Response {
    let policy = if response.extensions().get::<Framing>().is_some() { FRAMING } else { POLICY };
    let headers = response.headers_mut();
    let fixed: [(HeaderName, &'static str); 7] = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        // Not `no-referrer`: browsers would then send `Origin: null` with our own forms.
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if secure {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    response
}

/// Lets a form pass only when the browser says that it comes from one of our own pages. The CSRF token of each form
/// guards as well; this is the second bolt.
pub(super) async fn same_origin<D, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    request: Request,
    next: Next,
) -> Response
where
    Web<D, A>: Send + Sync,
{
    let reads = request.method() == Method::GET || request.method() == Method::HEAD;
    if reads || is_our_own(request.headers(), &web.public_url) {
        next.run(request).await
    } else {
        let page = pages::message(
            tongue::spoken(request.headers(), &web),
            ("この操作は受け付けられません", "This cannot be accepted"),
            (
                "別のサイトから送られた操作のため、何も行いませんでした。画面を開き直して、もう一度お試しください。",
                "The request came from another site, so nothing was done. Please open the page again and retry.",
            ),
        );
        (StatusCode::FORBIDDEN, page).into_response()
    }
}

fn is_our_own(headers: &HeaderMap, public_url: &str) -> bool {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("null"));
    let Some(origin) = text(header::ORIGIN) else {
        let site = text(HeaderName::from_static("sec-fetch-site"));
        return site.is_none_or(|site| site == "same-origin" || site == "none");
    };
    let host = text(header::HOST).unwrap_or_default();
    let public = public_url.split('/').take(3).collect::<Vec<_>>().join("/");
    let named = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    origin.eq_ignore_ascii_case(&public)
        || named.is_some_and(|named| !host.is_empty() && named.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_pages_may_post() {
        for (origin, site, own) in [
            (None, None, true),
            (None, Some("same-origin"), true),
            (None, Some("cross-site"), false),
            (None, Some("same-site"), false),
            (Some("http://127.0.0.1:8025"), None, true),
            (Some("https://sekisho.example.co.jp"), Some("same-origin"), true),
            (Some("https://sekisho.example.co.jp.evil.example"), None, false),
            (Some("https://evil.example"), None, false),
            (Some("null"), None, false),
            (Some(""), None, false),
            (Some("127.0.0.1:8025"), None, false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("127.0.0.1:8025"));
            headers.extend(origin.map(|origin| (header::ORIGIN, HeaderValue::from_static(origin))));
            headers.extend(site.map(|s| (HeaderName::from_static("sec-fetch-site"), HeaderValue::from_static(s))));
            assert_eq!(is_our_own(&headers, "https://sekisho.example.co.jp/x"), own, "{origin:?} {site:?}");
        }
    }
}
