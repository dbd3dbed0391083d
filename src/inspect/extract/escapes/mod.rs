//! Characters that are written out: `%E5%B1%B1`, `\u5c71`, `&#23665;`, `=E5=B1=B1`, `=?UTF-8?B?5bGx?=`, `_x5C71_`.
//!
//! In: any text that a reader hands over, a cell as well. Out: the same with what programs wrote in ASCII as the characters
//! it stands for, in its place, so that a name stays beside its number. Cost: two passes of `memchr` over a text that has
//! none of the signs; where a sign stands, a look at the bytes behind it. Deliberately absent: whole files in letters
//! (`letters`); what the reader of a format undoes anyway (HTML, XML, JSON, a mail's header); paths of URLs.

mod backslash;
mod entity;
mod excel;
mod percent;
mod quoted;
mod word;

use std::borrow::Cow;

/// `text` with its escapes readable.
pub(crate) fn readable(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    if memchr::memchr3(b'\\', b'%', b'=', bytes).is_none() && memchr::memchr2(b'&', b'_', bytes).is_none() {
        return Cow::Borrowed(text);
    }
    // Words first: their letters would look like others. Each of these is nothing where it finds nothing.
    let passes: [fn(&str) -> Option<String>; 6] =
        [word::readable, quoted::readable, percent::readable, backslash::readable, entity::readable, excel::readable];
    passes.into_iter().fold(Cow::Borrowed(text), |text, pass| pass(&text).map_or(text, Cow::Owned))
}

/// A text in which stretches are replaced.
struct Edit<'t> {
    text: &'t str,
    plain: String,
    /// How much of the text is done.
    done: usize,
}

impl<'t> Edit<'t> {
    fn of(text: &'t str) -> Self {
        Self { text, plain: String::new(), done: 0 }
    }

    /// Puts `readable` in the place of a stretch behind the last one.
    fn replace(&mut self, range: std::ops::Range<usize>, readable: &str) {
        self.plain.push_str(self.text.get(self.done..range.start).unwrap_or_default());
        self.plain.push_str(readable);
        self.done = range.end;
    }

    /// The whole text; nothing if nothing was replaced.
    fn finish(mut self) -> Option<String> {
        if self.done == 0 {
            return None;
        }
        self.plain.push_str(self.text.get(self.done..).unwrap_or_default());
        Some(self.plain)
    }
}

/// The byte that two hexadecimal digits write.
fn hex_pair(bytes: &[u8]) -> Option<u8> {
    let digit = |c: &u8| char::from(*c).to_digit(16);
    u8::try_from(digit(bytes.first()?)? << 4 | digit(bytes.get(1)?)?).ok()
}

/// Bytes that were escaped, as text beyond ASCII without control characters: in UTF-8, or as Japanese programs write.
fn foreign(bytes: &[u8]) -> Option<String> {
    if bytes.is_ascii() && !bytes.contains(&0x1b) {
        return None;
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) if !bytes.contains(&0x1b) => text.to_owned(),
        Ok(_) => crate::mail::charset::decode(bytes, Some("iso-2022-jp")),
        // One byte alone is a half-width letter to anybody who wants it to be.
        Err(_) if bytes.iter().filter(|c| !c.is_ascii()).count() < 2 => return None,
        Err(_) => crate::mail::charset::japanese(bytes)?,
    };
    (!text.is_ascii() && !text.chars().any(|c| c.is_control() || c == '\u{fffd}')).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_writing_a_character_out_is_readable() {
        let name = "山田太郎";
        for text in [
            "name=%E5%B1%B1%E7%94%B0%E5%A4%AA%E9%83%8E&x=1",
            "name=%8ER%93c%91%BE%98Y&x=1",
            r#"{"name": "\u5c71\u7530\u592a\u90ce"}"#,
            "name: &#23665;&#x7530;&#22826;&#x90ce; x",
            "Subject: =?UTF-8?B?5bGx55Sw5aSq6YOO?=",
            "x =E5=B1=B1=E7=94=B0=E5=A4=AA=E9=83=8E",
            "_x5C71__x7530__x592A__x90CE_",
        ] {
            assert!(readable(text).contains(name), "{text}: {}", readable(text));
        }
    }

    #[test]
    fn a_text_without_escapes_is_not_copied() {
        for text in ["", "plain", "a = b & c, 50% of C:\\users\\x", "山田 = 1 && 2", "https://a.jp/?a=1&b=2", "x=%20y"]
        {
            assert!(matches!(readable(text), Cow::Borrowed(_)), "{text}");
        }
    }
}
