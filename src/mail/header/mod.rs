//! Header fields decoded: encoded words, parameters, mailbox lists.
//!
//! In: the bytes of a field's value, folds included. Out: text, parameters, mailboxes; never an error, because what
//! stands there must be shown and searched whatever its state. RFC 2047 and 2231 are read as mailers write them, not
//! as they are meant: words cut in the middle of a character, encoded words in quotes, raw Shift_JIS.
//! Deliberately absent: dates, message identifiers, and writing header fields.

mod mailbox;
mod parameter;
mod transfer;
mod word;

use std::borrow::Cow;

pub use self::mailbox::{Mailbox, mailboxes};
pub use self::parameter::parameters;
pub(crate) use self::transfer::{base64, percent_decoded, quoted_printable};
pub use self::word::{Value, decode, decoded};

fn unfold(value: &[u8]) -> Cow<'_, [u8]> {
    if value.iter().any(|c| matches!(c, b'\r' | b'\n')) {
        Cow::Owned(value.iter().copied().filter(|c| !matches!(c, b'\r' | b'\n')).collect())
    } else {
        Cow::Borrowed(value)
    }
}

/// Behind an opening quote: the content with its escapes undone, and what follows the closing one.
fn quoted_string(text: &str) -> (Cow<'_, str>, &str) {
    let mut content = Cow::Borrowed("");
    let mut rest = text;
    loop {
        let end = rest.find(['"', '\\']).unwrap_or(rest.len());
        let (plain, tail) = rest.split_at(end);
        content += plain;
        let mut tail = tail.chars();
        match (tail.next(), tail.clone().next()) {
            // Only these two are ever escaped; Windows paths are not.
            (Some('\\'), Some(c @ ('"' | '\\'))) => {
                content.to_mut().push(c);
                tail.next();
                rest = tail.as_str();
            }
            (Some('\\'), _) => {
                content.to_mut().push('\\');
                rest = tail.as_str();
            }
            _ => return (content, tail.as_str()),
        }
    }
}

#[cfg(test)]
fn sjis(text: &str) -> Vec<u8> {
    encoding_rs::SHIFT_JIS.encode(text).0.into_owned()
}
