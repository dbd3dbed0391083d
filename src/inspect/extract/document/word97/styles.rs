//! Which styles of a Word 97 document hide the text that has them.
//!
//! In: the style sheet of the table stream. Out: whether a style hides, by itself or by the one it is based on.
//! Deliberately absent: names, which are read with the rest of the stream, and every other property.

use crate::inspect::extract::compound::u16_at;
use crate::inspect::extract::document::word97::formatting::Look;

/// Numbers of styles have twelve bits.
const STYLES: usize = 1 << 12;

/// The style that a style is based on which is based on none.
const NOTHING: u16 = 0xfff;

/// How many styles one may be based on.
const DEPTH: usize = 16;

#[derive(Debug, Clone, Copy)]
struct Style {
    hides: Option<bool>,
    based_on: u16,
}

/// The styles by their numbers.
#[derive(Debug, Default)]
pub(super) struct Styles(Vec<Style>);

impl Styles {
    /// Of the style sheet, as far as it can be read.
    pub(super) fn of(sheet: &[u8]) -> Self {
        let mut styles = Vec::new();
        let header = usize::from(u16_at(sheet, 0).unwrap_or_default());
        let base = u16_at(sheet, 4).map_or(10, usize::from);
        let mut at = 2 + header;
        while let Some(length) = u16_at(sheet, at).filter(|_| styles.len() < STYLES) {
            let style = sheet.get(at + 2..at + 2 + usize::from(length)).unwrap_or_default();
            styles.push(self::style(style, base).unwrap_or(Style { hides: None, based_on: NOTHING }));
            at += 2 + usize::from(length);
        }
        // Most documents have none that hides.
        let hides = styles.iter().any(|style| style.hides == Some(true));
        Self(if hides { styles } else { Vec::new() })
    }

    pub(super) fn hides(&self, style: u16) -> bool {
        let mut at = style;
        for _ in 0..DEPTH {
            match self.0.get(usize::from(at)) {
                Some(Style { hides: Some(hides), .. }) => return *hides,
                Some(style) => at = style.based_on,
                None => break,
            }
        }
        false
    }
}

/// One style: what it is and what it is based on, its name, and its properties, those of text last.
fn style(bytes: &[u8], base: usize) -> Option<Style> {
    const PARAGRAPH: u16 = 1;
    const TEXT: u16 = 2;
    let (kind, count) = (u16_at(bytes, 2)?, usize::from(u16_at(bytes, 4)? & 0xf));
    let based_on = kind >> 4;
    let of_text = match kind & 0xf {
        PARAGRAPH => 1,
        TEXT => 0,
        _ => return Some(Style { hides: None, based_on }),
    };
    let mut at = base + 2 + usize::from(u16_at(bytes, base)?) * 2 + 2;
    for number in 0..count {
        let length = usize::from(u16_at(bytes, at)?);
        if number == of_text {
            let look = Look::of(bytes.get(at + 2..at + 2 + length)?);
            let hides = look.hidden.map(|value| matches!(value, 1 | 0x81));
            return Some(Style { hides, based_on });
        }
        at = (at + 2 + length).next_multiple_of(2);
    }
    Some(Style { hides: None, based_on })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn style_of(kind: u16, based_on: u16, lists: &[&[u8]]) -> Vec<u8> {
        let mut style = vec![0, 0];
        style.extend((kind | based_on << 4).to_le_bytes());
        style.extend(u16::try_from(lists.len()).unwrap().to_le_bytes());
        style.extend([0; 4]);
        style.extend([1, 0, b'x', 0, 0, 0]);
        for list in lists {
            style.extend(u16::try_from(list.len()).unwrap().to_le_bytes());
            style.extend(*list);
            style.resize(style.len().next_multiple_of(2), 0);
        }
        [u16::try_from(style.len()).unwrap().to_le_bytes().to_vec(), style].concat()
    }

    #[test]
    fn a_style_hides_as_the_one_it_is_based_on() {
        const HIDDEN: &[u8] = &[0x3c, 0x08, 1];
        let styles = [
            style_of(1, 0xfff, &[&[0, 0, 9], HIDDEN]),
            style_of(1, 0, &[&[1, 0]]),
            style_of(2, 0xfff, &[HIDDEN]),
            style_of(2, 2, &[&[0x3c, 0x08, 0]]),
            vec![0, 0],
            style_of(1, 5, &[&[5, 0], &[]]),
        ];
        let sheet = [&[4, 0, 6, 0, 10, 0][..], &styles.concat()].concat();
        let styles = Styles::of(&sheet);
        let found: Vec<bool> = (0..8).map(|number| styles.hides(number)).collect();
        assert_eq!(found, [true, true, true, false, false, false, false, false]);
        assert!(!Styles::of(&sheet[..9]).hides(0));
    }
}
