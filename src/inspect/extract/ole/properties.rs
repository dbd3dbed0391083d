//! The properties of an old Office document ([MS-OLEPS]): title, author, company, and whatever somebody added.
//!
//! In: a property set's stream. Out: its texts, those that somebody added behind their names. Deliberately absent:
//! numbers and times.

use std::collections::HashMap;

use crate::inspect::extract::compound::{u16_at, u32_at};
use crate::mail::charset;

/// How many properties, and strings in one, are looked at.
const MOST: u32 = 4_096;

/// The property whose value is the code page of the others, and the one that names them.
const CODE_PAGE: u32 = 1;
const NAMES: u32 = 0;

/// The texts of a property set, a line each; `None` if it is none.
pub(crate) fn text(stream: &[u8]) -> Option<String> {
    if u16_at(stream, 0)? != 0xfffe {
        return None;
    }
    let mut text = String::new();
    for section in 0..u32_at(stream, 24)?.min(8) {
        let offset = u32_at(stream, usize::try_from(44 + section * 20).ok()?);
        if let Some(section) = offset.and_then(|offset| stream.get(usize::try_from(offset).ok()?..)) {
            read_section(section, &mut text);
        }
    }
    Some(text)
}

fn read_section(section: &[u8], text: &mut String) {
    let count = u32_at(section, 4).unwrap_or_default().min(MOST);
    let properties: Vec<(u32, &[u8])> = (0..count)
        .filter_map(|number| {
            let at = usize::try_from(8 + number * 8).ok()?;
            let offset = usize::try_from(u32_at(section, at + 4)?).ok()?;
            Some((u32_at(section, at)?, section.get(offset..)?))
        })
        .collect();
    let value = |id: u32| properties.iter().find(|(known, _)| *known == id).map(|(_, value)| *value);
    let page = value(CODE_PAGE).and_then(|value| u16_at(value, 4)).unwrap_or(932);
    let names = value(NAMES).map(|value| names(value, page)).unwrap_or_default();
    for &(id, value) in properties.iter().filter(|(id, _)| *id != NAMES && *id != CODE_PAGE) {
        let start = text.len();
        read_value(value, page, 0, text);
        if let (Some(name), true) = (names.get(&id), text.len() > start) {
            text.insert_str(start, &format!("{name}: "));
        } else if let Some(name) = names.get(&id) {
            text.push_str(name);
            text.push('\n');
        }
    }
}

/// Returns how long the value is, as far as it is known.
fn read_value(value: &[u8], page: u16, depth: u32, text: &mut String) -> Option<usize> {
    let kind = u16_at(value, 0)?;
    let data = value.get(4..)?;
    let mut line = |found: String| {
        let found = found.trim_end_matches('\0');
        if !found.trim().is_empty() {
            text.push_str(found);
            text.push('\n');
        }
    };
    match kind {
        // A string of bytes, of UTF-16.
        0x1e | 0x1f => {
            let (found, length) = string(data, if kind == 0x1f { 1_200 } else { page }, kind == 0x1f)?;
            line(found);
            Some(4 + length.next_multiple_of(4))
        }
        0x03 | 0x13 | 0x0b | 0x02 | 0x0a | 0x16 | 0x17 => Some(8),
        0x05 | 0x06 | 0x07 | 0x14 | 0x15 | 0x40 => Some(12),
        // Vectors of strings, and of values that say themselves what they are.
        0x101e | 0x101f | 0x100c if depth < 4 => {
            let mut at = 4;
            for _ in 0..u32_at(data, 0)?.min(MOST) {
                let rest = data.get(at..)?;
                at += match kind {
                    0x100c => read_value(rest, page, depth + 1, text)?,
                    _ => {
                        let (found, length) = string(rest, if kind == 0x101f { 1_200 } else { page }, kind == 0x101f)?;
                        let found = found.trim_end_matches('\0');
                        text.push_str(found);
                        text.push('\n');
                        // Only those of UTF-16 are filled up.
                        if kind == 0x101f { length.next_multiple_of(4) } else { length }
                    }
                };
            }
            Some(4 + at)
        }
        _ => None,
    }
}

/// A string behind its length, and how long both are.
fn string(data: &[u8], page: u16, in_characters: bool) -> Option<(String, usize)> {
    let length = usize::try_from(u32_at(data, 0)?).ok()?;
    let length = if in_characters { length.checked_mul(2)? } else { length };
    let bytes = data.get(4..)?;
    let bytes = bytes.get(..length).unwrap_or(bytes);
    Some((decode(bytes, page), 4 + bytes.len()))
}

fn decode(bytes: &[u8], page: u16) -> String {
    match page {
        1_200 => encoding_rs::UTF_16LE.decode_without_bom_handling(bytes).0.into_owned(),
        932 => charset::decode(bytes, Some("cp932")),
        65_001 => charset::decode(bytes, Some("utf-8")),
        _ => charset::decode(bytes, Some(&format!("windows-{page}"))),
    }
}

fn names(value: &[u8], page: u16) -> HashMap<u32, String> {
    let mut names = HashMap::new();
    let mut at = 4;
    for _ in 0..u32_at(value, 0).unwrap_or_default().min(MOST) {
        let Some(id) = u32_at(value, at) else { break };
        let Some((name, length)) = value.get(at + 4..).and_then(|rest| string(rest, page, page == 1_200)) else {
            break;
        };
        at += 4 + if page == 1_200 { length.next_multiple_of(4) } else { length };
        names.insert(id, name.trim_end_matches('\0').to_owned());
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_their_names_are_read() {
        let word = |n: usize| u32::try_from(n).unwrap().to_le_bytes();
        let string = |text: &str| {
            let bytes = encoding_rs::SHIFT_JIS.encode(text).0.into_owned();
            [&word(bytes.len() + 1)[..], &bytes, &[0]].concat()
        };
        let names = [&word(1)[..], &word(2), &string("分類")].concat();
        let page = [&word(2)[..], &word(932)].concat();
        let value = [&word(0x1e)[..], &string("社外秘")].concat();
        let offsets = [32, 32 + names.len(), 32 + names.len() + page.len()];
        let mut section = [&word(0)[..], &word(3)].concat();
        for (id, offset) in [0, 1, 2].into_iter().zip(offsets) {
            section.extend([word(id), word(offset)].concat());
        }
        section.extend([names, page, value].concat());
        let mut stream = vec![0xfe, 0xff];
        stream.resize(24, 0);
        stream.extend(word(1));
        stream.resize(44, 0);
        stream.extend(word(48));
        stream.extend(section);
        assert_eq!(text(&stream).as_deref(), Some("分類: 社外秘\n"));
        for cut in 0..stream.len() {
            let _ = text(&stream[..cut]);
        }
    }
}
