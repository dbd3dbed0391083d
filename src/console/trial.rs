//! Trying the rules: paste a text or drop a mail, and see what would be decided and why. Nothing is sent, kept or learned.
//!
//! In: a text, a file or a mail, and for whom it would be. Out: the page that a held mail has, without its buttons. The
//! judgement is the server's own, with the rules that it has now. For the security team, auditors and administrators: a
//! sender who could try would learn what slips through. Deliberately absent: rules that are not in force yet
//! (`sekisho rules diff` compares).

use std::{future::Future, pin::Pin, sync::Arc};

use askama::Template;
use axum::{
    extract::{Multipart, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use mail_builder::MessageBuilder;

use super::{
    Desk, Web,
    held::frame,
    login::Person,
    pages::{self, Frame},
    review::Show,
    section::{self, Section},
    session,
};
use crate::{
    directory::Identities,
    hold::{File, State as Standing},
    mail::{Address, BodyKind, Envelope, Message, header},
    notice::{Story, words::pick},
};

/// The largest mail that is tried.
pub(super) const LARGEST: usize = 25 * 1024 * 1024;

/// What judges a mail as the server does now; an error says why nothing could be judged.
pub type Judge =
    Arc<dyn Fn(Envelope, Message) -> Pin<Box<dyn Future<Output = Result<Story, String>> + Send>> + Send + Sync>;

/// The form.
pub(super) async fn show<D: Desk, A: Identities>(State(web): State<Arc<Web<D, A>>>, person: Person) -> Response {
    match section::closed(&web, &person, Section::Trial) {
        Some(refused) => refused,
        None => pages::html(&Form { frame: frame(&web, &person), csrf: &person.csrf, problem: None }),
    }
}

/// What the form sends.
#[derive(Default)]
struct Sent {
    csrf: String,
    from: String,
    to: String,
    subject: String,
    text: String,
    file: Option<(String, Vec<u8>)>,
}

/// Judges what was sent.
pub(super) async fn judge<D: Desk, A: Identities>(
    State(web): State<Arc<Web<D, A>>>,
    person: Person,
    form: Multipart,
) -> Response {
    if let Some(refused) = section::closed(&web, &person, Section::Trial) {
        return refused;
    }
    let Some(sent) = read(form).await else { return pages::bad_form(person.language) };
    if !session::same(&person.csrf, &sent.csrf) {
        return pages::bad_token(person.language);
    }
    let again = |(ja, en): (&str, &str)| {
        let problem = Some(pick(person.language, ja, en).to_owned());
        let page = Form { frame: frame(&web, &person), csrf: &person.csrf, problem };
        (StatusCode::BAD_REQUEST, pages::html(&page)).into_response()
    };
    let (envelope, message) = match mail(&person.session.who, sent) {
        Ok(mail) => mail,
        Err(problem) => return again(problem),
    };
    match (web.engine.judge)(envelope, message).await {
        Ok(story) => {
            let file = tried(story);
            pages::html(&Show::new(frame(&web, &person), &file, &web.timezone, None))
        }
        Err(reason) => {
            tracing::warn!(reason, "a mail could not be tried");
            again((
                "いまは検査できません。しばらくしてからお試しください。",
                "It cannot be inspected now. Please try again in a while.",
            ))
        }
    }
}

/// The form's fields; none where it cannot be read or is too large.
async fn read(mut form: Multipart) -> Option<Sent> {
    let mut sent = Sent::default();
    while let Some(field) = form.next_field().await.ok()? {
        let (name, file) = (field.name()?.to_owned(), field.file_name().map(str::to_owned));
        let bytes = field.bytes().await.ok()?;
        let text = || String::from_utf8_lossy(&bytes).into_owned();
        match name.as_str() {
            "csrf" => sent.csrf = text(),
            "from" => sent.from = text(),
            "to" => sent.to = text(),
            "subject" => sent.subject = text(),
            "text" => sent.text = text(),
            "file" if !bytes.is_empty() => sent.file = Some((file.unwrap_or_default(), bytes.to_vec())),
            _ => {}
        }
    }
    Some(sent)
}

/// The mail to be tried: the dropped one, or one that is made of the fields. Fields that are filled in say more than its
/// header.
fn mail(who: &Address, sent: Sent) -> Result<(Envelope, Message), (&'static str, &'static str)> {
    let addresses = |text: &str| -> Result<Vec<Address>, ()> {
        let names = text.split([',', ';', ' ', '\n', '\r', '、']).map(str::trim).filter(|name| !name.is_empty());
        names.map(|name| Address::parse(name).map_err(|_| ())).collect()
    };
    let odd = |()| ("メールアドレスの形になっていない宛先があります。", "One of the addresses is none.");
    let (from, to) = (addresses(&sent.from).map_err(odd)?, addresses(&sent.to).map_err(odd)?);
    let message = match sent.file {
        Some((name, bytes)) if is_mail(&name, &bytes) => Message::new(bytes),
        file => {
            let sender = from.first().unwrap_or(who).as_str().to_owned();
            let listed: Vec<String> = to.iter().map(|to| to.as_str().to_owned()).collect();
            let made = MessageBuilder::new().from(sender).to(listed).subject(sent.subject).text_body(sent.text);
            let made = match file {
                Some((name, bytes)) => made.attachment("application/octet-stream", name, bytes),
                None => made,
            };
            let bytes = made.write_to_vec();
            Message::new(bytes.map_err(|_| ("メールを作れませんでした。", "The mail could not be made."))?)
        }
    };
    let named = |fields: &[&str]| -> Vec<Address> {
        let headers = message.headers().filter(|h| fields.iter().any(|name| h.is(name)));
        let mailboxes = headers.flat_map(|h| header::mailboxes(h.value));
        mailboxes.filter_map(|mailbox| Address::parse(&mailbox.address).ok()).collect()
    };
    let sender = from.into_iter().next().or_else(|| named(&["From"]).into_iter().next());
    let recipients = if to.is_empty() { named(&["To", "Cc", "Bcc"]) } else { to };
    if recipients.is_empty() {
        return Err(("宛先を入力してください。", "Please say to whom it would go."));
    }
    let envelope = Envelope { sender, recipients, body: BodyKind::EightBitMime, ..Envelope::default() };
    Ok((envelope, message))
}

/// Whether a dropped file is a whole mail.
fn is_mail(name: &str, bytes: &[u8]) -> bool {
    let named = name.rsplit_once('.').is_some_and(|(_, extension)| extension.eq_ignore_ascii_case("eml"));
    named
        || Message::new(bytes.get(..bytes.len().min(65_536)).unwrap_or_default().to_vec())
            .header("Message-ID")
            .is_some()
}

/// The form.
#[derive(Template)]
#[template(path = "console/trial.html")]
struct Form<'a> {
    frame: Frame<'a>,
    csrf: &'a str,
    problem: Option<String>,
}

/// A mail that was only tried: it has no id, and nobody can do anything about it.
fn tried(story: Story) -> File {
    File {
        story,
        state: Standing::Pending,
        history: Vec::new(),
        may_decide: false,
        may_withdraw: false,
        may_release_alone: false,
        may_ask_others: false,
        tally: (0, 1),
        reason: String::new(),
        may_view: false,
        may_ask_colleague: false,
        may_give_opinion: false,
        opinions: Vec::new(),
        sent_back: false,
    }
}
