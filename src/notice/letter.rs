//! A page as mail: headers, the two renderings, the attached original.

use mail_builder::MessageBuilder;

use super::{Letter, Notice, Story, Voice, page::Page};
use crate::mail::Message;

/// Writes the mail.
pub(super) fn write(
    story: &Story,
    voice: &Voice,
    letter: &Letter<'_>,
    kind: &str,
    page: &Page,
    original: Option<&Message>,
) -> Notice {
    let id = format!("{}.{kind}@{}", story.id, voice.hostname);
    let mut builder = MessageBuilder::new()
        .from(("Sekisho".to_owned(), format!("sekisho@{}", voice.hostname)))
        .to(letter.to.as_str())
        .message_id(id.clone())
        .date(letter.now.as_second())
        .subject(page.subject.clone())
        .text_body(page.text());
    if let Some(original) = original {
        builder = builder.attachment("message/rfc822", "original.eml", original.bytes());
    }
    let bytes = builder.write_to_vec().unwrap_or_default();
    Notice { to: letter.to.clone(), message_id: format!("<{id}>"), bytes }
}
