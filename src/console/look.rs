//! Looking at the content of a held mail: the whole of it as a file, the mail as its recipients would see it, one value.
//!
//! In: a form; whoever may look is known to the desk, which journals each look before anything is shown. Out: a file, or a
//! page. A worker reads the mail for us; what it gives back is shown in a frame that is shut on all sides: no scripts, no
//! forms, no links, nothing loaded (`sandbox`, and the page's own policy, which the frame inherits).
//! Deliberately absent: GET. A link or a reload of the browser's history shows nothing.

use std::{fmt::Write, future::Future, pin::Pin, sync::Arc};

use askama::Template;
use axum::{
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{
    Desk, DeskError, Web, door,
    form::{Fields, Sent},
    held::{frame, id_of, lacks_a_factor, refused},
    pages::{self, Frame},
    review::{self, Show},
};
use crate::{
    directory::Identities,
    hold::{Content, File, Look},
    inspect::{self, Body, Shown, ShownLetter},
    language::Language,
    mail::{Envelope, Message, header::decode},
    notice::words,
};

/// What reads a mail for what somebody wants to see of it; an error says why it cannot be read now.
pub type Reader = Arc<
    dyn Fn(Envelope, Message, inspect::Show) -> Pin<Box<dyn Future<Output = Result<Shown, String>> + Send>>
        + Send
        + Sync,
>;

/// The mail as it came, as a file to save: never shown as a page, so nothing in it runs or loads here.
pub(super) async fn original<D: Desk, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    Path(id): Path<String>,
    Sent { person, .. }: Sent<Fields>,
) -> Response {
    if let Some(refused) = lacks_a_factor(&web, &person) {
        return refused;
    }
    let Some(id) = id_of(id) else { return refused(&web, &person, DeskError::Unknown) };
    match web.desk.look(&person.session.who, &id, Look::Original).await {
        Ok(Content { message, .. }) => {
            let name = format!("attachment; filename=\"{id}.eml\"");
            let kind = (header::CONTENT_TYPE, "message/rfc822".to_owned());
            ([kind, (header::CONTENT_DISPOSITION, name)], message.bytes().to_vec()).into_response()
        }
        Err(error) => refused(&web, &person, error),
    }
}

/// The mail as its recipients would see it.
pub(super) async fn letter<D: Desk, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    Path(id): Path<String>,
    Sent { person, .. }: Sent<Fields>,
) -> Response {
    if let Some(refused) = lacks_a_factor(&web, &person) {
        return refused;
    }
    let Some(id) = id_of(id) else { return refused(&web, &person, DeskError::Unknown) };
    let who = &person.session.who;
    let looked = async {
        let content = web.desk.look(who, &id, Look::Letter).await?;
        Ok((web.desk.show(who, &id).await?, content))
    };
    let (file, Content { message, envelope }) = match looked.await {
        Ok(looked) => looked,
        Err(error) => return refused(&web, &person, error),
    };
    match (web.engine.reader)(envelope, message.clone(), inspect::Show::Letter).await {
        Ok(Shown::Letter(letter)) => {
            let mut page = pages::html(&Letter::new(frame(&web, &person), &file, &message, letter));
            page.extensions_mut().insert(door::Framing);
            page
        }
        Ok(Shown::Place(_)) => unreadable(&web, &person, "a place in the place of a letter"),
        Err(why) => unreadable(&web, &person, &why),
    }
}

/// One value, on the page of its mail.
pub(super) async fn place<D: Desk, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    Path(id): Path<String>,
    Sent { person, form }: Sent<Fields>,
) -> Response {
    if let Some(refused) = lacks_a_factor(&web, &person) {
        return refused;
    }
    let Some(id) = id_of(id) else { return refused(&web, &person, DeskError::Unknown) };
    let (who, place) = (&person.session.who, form.one("place"));
    let content = match web.desk.look(who, &id, Look::Place(place)).await {
        Ok(content) => content,
        Err(error) => return refused(&web, &person, error),
    };
    let Content { message, envelope } = content;
    let texts = match (web.engine.reader)(envelope, message, inspect::Show::Place(place.to_owned())).await {
        Ok(Shown::Place(texts)) => texts,
        Ok(Shown::Letter(_)) => return unreadable(&web, &person, "a letter in the place of a place"),
        Err(why) => return unreadable(&web, &person, &why),
    };
    // Read after it was journalled, so that the history tells of it.
    match web.desk.show(who, &id).await {
        Ok(file) => {
            let opened = review::Opened::new(place, &texts, person.language);
            pages::html(&Show::with(frame(&web, &person), &file, &web.timezone, None, Some(&opened)))
        }
        Err(error) => refused(&web, &person, error),
    }
}

/// It was journalled, and could not be shown.
fn unreadable<D, A>(web: &Web<D, A>, person: &super::login::Person, why: &str) -> Response {
    tracing::warn!(why, "a held mail could not be read to be shown");
    let page = pages::told(
        frame(web, person),
        ("いまは表示できません", "It cannot be shown now"),
        (
            "メールを読み取れませんでした。しばらくしてからお試しになるか、元のメールを保存してご確認ください。",
            "The mail could not be read. Please try again in a while, or save the original and look at that.",
        ),
    );
    (StatusCode::SERVICE_UNAVAILABLE, page).into_response()
}

/// The mail in its frame.
#[derive(Template)]
#[template(path = "console/letter.html")]
struct Letter<'a> {
    frame: Frame<'a>,
    id: String,
    /// The header as a mail program shows it.
    fields: Vec<(&'static str, String)>,
    attachments: Vec<String>,
    /// How many things were not loaded.
    remote: u32,
    cut: bool,
    empty: bool,
    /// The whole page in the frame.
    inside: String,
}

impl<'a> Letter<'a> {
    fn new(frame: Frame<'a>, file: &File, message: &Message, letter: ShownLetter) -> Self {
        let ShownLetter { bodies, remote, cut } = letter;
        let attachments = file.story.inspection.attachments.iter();
        Self {
            fields: fields(message, frame.language),
            id: file.story.id.to_string(),
            attachments: attachments.take(pages::MOST).map(|file| words::one_line(&file.name, 200)).collect(),
            remote,
            cut,
            empty: bodies.is_empty(),
            inside: inside(&bodies),
            frame,
        }
    }
}

/// From, to, subject, date. Recipients do not see who else got it blindly, so that is not here.
fn fields(message: &Message, language: Language) -> Vec<(&'static str, String)> {
    let named = [("From", "差出人"), ("To", "宛先"), ("Cc", "Cc"), ("Subject", "件名"), ("Date", "日時")];
    let value = |name: &str| {
        let values = message.headers().filter(|field| field.is(name)).map(|field| decode(field.value));
        words::one_line(&values.collect::<Vec<_>>().join(", "), 2_000)
    };
    let shown = named.into_iter().map(|(name, ja)| (words::pick(language, ja, name), value(name)));
    shown.filter(|(_, value)| !value.is_empty()).collect()
}

/// The page in the frame. Its own policy is a third bolt: the frame has the one of the page around it.
fn inside(bodies: &[Body]) -> String {
    let mut page = String::from(
        "<!DOCTYPE html><html><head><meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\"><style>body{margin:0.8rem;\
         background:#fff;color:#111;font-family:sans-serif;line-height:1.6;overflow-wrap:anywhere}\
         pre{margin:0;white-space:pre-wrap;font:inherit}img{max-width:100%}</style></head><body>",
    );
    for (number, body) in bodies.iter().enumerate() {
        if number > 0 {
            page += "<hr>";
        }
        let written = match body {
            Body::Plain(text) => write!(page, "<pre>{}</pre>", escaped(text)),
            Body::Html(html) => write!(page, "<div>{html}</div>"),
        };
        // Writing into a String cannot fail.
        debug_assert!(written.is_ok());
    }
    page + "</body></html>"
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            _ => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text_in_the_frame() {
        let page =
            inside(&[Body::Plain("</pre><script>alert(\"1\")</script>&lt;".to_owned()), Body::Plain(String::new())]);
        assert!(
            page.contains("<pre>&lt;/pre&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;lt;</pre><hr>"),
            "{page}"
        );
        assert_eq!(page.matches("<script").count(), 0);
    }
}
