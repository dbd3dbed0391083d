//! Which parts of a mail a mail program shows as its text.
//!
//! In: a mail's bytes. Out: a [`View`]: its texts in order, and the pictures that they name. Of alternatives the last counts
//! that can be shown, of related parts the first; what is attached is not text. Deliberately absent: reading all parts
//! (`mail`), and making the HTML harmless (`show`).

use std::collections::HashMap;

use super::{
    entity::Entity,
    mime::{Fields, Line, guessed_boundary, pieces},
};
use crate::mail::{charset, header};

/// How deep multiparts are looked into. Mail programs write four or five.
const DEPTH: u32 = 16;

/// How many parts are looked at.
const PARTS: u32 = 1_000;

/// What a mail program shows.
#[derive(Default)]
pub(in crate::inspect) struct View {
    pub(in crate::inspect) texts: Vec<Text>,
    /// Pictures by their Content-ID: media type and bytes.
    pub(in crate::inspect) pictures: HashMap<String, (String, Vec<u8>)>,
    /// Whether there was too much of it.
    pub(in crate::inspect) cut: bool,
}

/// One text.
pub(in crate::inspect) enum Text {
    Plain(String),
    Html(String),
}

/// The view of a mail.
pub(in crate::inspect) fn view(bytes: &[u8]) -> View {
    let mut reader = Reader { view: View::default(), parts: 0 };
    let texts = reader.entity(bytes, 0);
    View { texts, ..reader.view }
}

struct Reader {
    view: View,
    parts: u32,
}

impl Reader {
    /// The texts of an entity.
    fn entity(&mut self, bytes: &[u8], level: u32) -> Vec<Text> {
        self.parts += 1;
        if level > DEPTH || self.parts > PARTS {
            self.view.cut = true;
            return Vec::new();
        }
        let (mut entity, mut id) = (Entity::default(), String::new());
        let mut fields = Fields { rest: bytes };
        for line in &mut fields {
            let Line::Field(field) = line else { continue };
            entity.note(&field);
            if field.is("Content-ID") {
                id = header::decode(field.value).trim().trim_matches(['<', '>']).to_owned();
            }
        }
        entity.settle(false);
        let body = fields.rest;
        match entity.media.as_str() {
            "multipart/alternative" => {
                let mut shown = Vec::new();
                for part in parts_of(&entity, body) {
                    let texts = self.entity(part, level + 1);
                    if !texts.is_empty() {
                        shown = texts;
                    }
                }
                shown
            }
            // The others are pictures, and what mail programs find by their ids.
            "multipart/related" => {
                let mut shown = Vec::new();
                for part in parts_of(&entity, body) {
                    let texts = self.entity(part, level + 1);
                    if shown.is_empty() {
                        shown = texts;
                    }
                }
                shown
            }
            media if media.starts_with("multipart/") => {
                parts_of(&entity, body).into_iter().flat_map(|part| self.entity(part, level + 1)).collect()
            }
            media if media.starts_with("image/") => {
                if !id.is_empty() {
                    let bytes = entity.decoded(body).bytes.into_owned();
                    self.view.pictures.entry(id).or_insert_with(|| (media.to_owned(), bytes));
                }
                Vec::new()
            }
            _ if entity.attachment => Vec::new(),
            "text/html" => vec![Text::Html(text(&entity, body))],
            "" | "text/plain" | "text" => vec![Text::Plain(text(&entity, body))],
            _ => Vec::new(),
        }
    }
}

fn text(entity: &Entity, body: &[u8]) -> String {
    charset::decode(&entity.decoded(body).bytes, entity.charset.as_deref())
}

fn parts_of<'a>(entity: &Entity, body: &'a [u8]) -> Vec<&'a [u8]> {
    let declared = entity.boundaries.iter().map(|boundary| pieces(body, boundary.as_bytes()).parts);
    let found = declared.into_iter().find(|parts| !parts.is_empty());
    found.unwrap_or_else(|| guessed_boundary(body).map(|boundary| pieces(body, &boundary).parts).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(mail: &str) -> Vec<String> {
        let told = |text: Text| match text {
            Text::Plain(text) => format!("plain {}", text.trim()),
            Text::Html(html) => format!("html {}", html.trim()),
        };
        view(mail.replace('\n', "\r\n").as_bytes()).texts.into_iter().map(told).collect()
    }

    #[test]
    fn alternatives_are_chosen_as_mail_programs_choose() {
        let alternative = "Content-Type: multipart/alternative; boundary=a\n\n--a\nContent-Type: text/plain\n\nwords\n--a\n\
                           Content-Type: multipart/related; boundary=r\n\n--r\nContent-Type: text/html\n\n<b>words</b>\n\
                           --r\nContent-Type: image/png\nContent-ID: <1>\n\nx\n--r--\n--a\nContent-Type: \
                           text/calendar\n\nBEGIN:VCALENDAR\n--a--\n";
        assert_eq!(shown(alternative), ["html <b>words</b>"]);
        let mixed = "Content-Type: multipart/mixed; boundary=m\n\n--m\n\nfirst\n--m\nContent-Type: text/plain\n\
                     Content-Disposition: attachment; filename=a.txt\n\nnot shown\n--m\nContent-Type: text/plain\n\n\
                     signature\n--m\nContent-Type: message/rfc822\n\nSubject: inside\n\nnot shown\n--m--\n";
        assert_eq!(shown(mixed), ["plain first", "plain signature"]);
        assert_eq!(shown("Subject: x\n\nonly words"), ["plain only words"]);
        let cid = view(alternative.replace('\n', "\r\n").as_bytes()).pictures;
        assert_eq!(cid.get("1").map(|(kind, _)| kind.as_str()), Some("image/png"));
    }

    #[test]
    fn japanese_is_read_as_it_was_written_and_not_as_it_was_declared() {
        let mail = b"Content-Type: text/plain; charset=us-ascii\r\n\r\n\x1b$B%a!<%k\x1b(B\r\n";
        let texts = view(mail).texts;
        assert!(matches!(&texts[..], [Text::Plain(text)] if text.trim() == "メール"));
    }

    #[test]
    fn what_nests_without_end_is_cut_and_says_so() {
        let mut mail = String::new();
        for level in 0..5_000 {
            mail += &format!("Content-Type: multipart/mixed; boundary=b{level}\r\n\r\n--b{level}\r\n");
        }
        let view = view(mail.as_bytes());
        assert!(view.cut && view.texts.is_empty());
    }
}
