//! A page as mail: headers, the two renderings, the attached original.
//!
//! In: a [`Page`], what it is about, who gets it. Out: a [`Notice`], worded as the organisation wants it. Everything from
//! the held mail that reaches a header has gone through [`words::one_line`](super::words::one_line) and is encoded by
//! mail-builder. Deliberately absent: wording of our own (`tell`).

use aws_lc_rs::digest;
use mail_builder::{
    MessageBuilder,
    headers::{address::Address as Mailbox, raw::Raw},
    mime::MimePart,
};

use super::{Letter, Notice, Voice, page::Page, wording::Values};
use crate::{
    language::Language,
    mail::{Message, dsn},
};

/// The display name of every own mail.
const NAME: &str = "Sekisho";

/// What a notice is about.
#[derive(Debug)]
pub(super) struct About<'a> {
    /// The id of the held mail, or another word that makes a Message-ID its own.
    pub(super) id: String,
    /// The Message-ID of the mail in whose thread it belongs, with its angle brackets.
    pub(super) thread: Option<&'a str>,
    /// What the organisation's own texts may name.
    pub(super) values: Values,
}

/// Writes the mail.
pub(super) fn write(
    voice: &Voice,
    letter: &Letter<'_>,
    about: &About<'_>,
    page: Page,
    original: Option<&Message>,
) -> Notice {
    let page = voice.wording.over(page, &about.values);
    let kind = page.kind.name();
    let id = message_id(voice, letter, kind, &about.id);
    let mut builder = MessageBuilder::new()
        .from(Mailbox::new_address(Some(NAME), own_address(voice)))
        .to(Mailbox::new_address(None::<&str>, letter.to.as_str()))
        .subject(page.subject.as_str())
        .date(letter.now.as_second())
        .message_id(id.as_str())
        .header("Auto-Submitted", Raw::new("auto-generated"))
        .header("X-Auto-Response-Suppress", Raw::new("All"))
        .header("X-Sekisho-Notice", Raw::new(kind))
        .header("Content-Language", Raw::new(language_tag(page.language)));
    if let Some(reply_to) = letter.reply_to {
        builder = builder.reply_to(Mailbox::new_address(None::<&str>, reply_to.as_str()));
    }
    if let Some(thread) = about.thread.and_then(dsn::repeatable) {
        builder = builder.header("In-Reply-To", Raw::new(thread.clone())).header("References", Raw::new(thread));
    }
    let words = MimePart::new(
        "multipart/alternative",
        vec![
            MimePart::new("text/plain", dsn::lines(&page.text())),
            MimePart::new("text/html", dsn::lines(&page.html())),
        ],
    );
    let body = match original {
        None => words,
        Some(original) => {
            let attached = dsn::original_part(original, true).attachment("original.eml");
            MimePart::new("multipart/mixed", vec![words, attached])
        }
    };
    // Writing into a Vec cannot fail.
    let bytes = builder.body(body).write_to_vec().unwrap_or_default();
    Notice::new(letter.to.clone(), format!("<{id}>"), bytes)
}

/// The address that own mails come from.
pub(super) fn own_address(voice: &Voice) -> String {
    format!("sekisho@{}", voice.hostname)
}

/// The display name that own mails come from.
pub(super) fn own_name() -> &'static str {
    NAME
}

/// A Message-ID without angle brackets that depends on nothing but what is written to whom and when: a notice that is
/// composed twice after a crash is the same notice.
pub(super) fn message_id(voice: &Voice, letter: &Letter<'_>, kind: &str, id: &str) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(letter.to.canonical().as_bytes());
    context.update(&letter.now.as_microsecond().to_be_bytes());
    let hash = data_encoding::BASE32_NOPAD.encode(context.finish().as_ref()).to_lowercase();
    let hash = hash.get(..16).unwrap_or(&hash);
    format!("{kind}.{id}.{hash}@{}", voice.hostname)
}

fn language_tag(language: Language) -> &'static str {
    match language {
        Language::Ja => "ja",
        Language::En => "en",
    }
}
