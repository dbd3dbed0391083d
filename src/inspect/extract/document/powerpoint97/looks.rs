//! Which letters of a presentation of old cannot be seen: white on a slide on which nothing is painted, or of a point.
//!
//! In: the records of the presentation, and the atom that says how the runs of a text look (MS-PPT 2.9.44). Out: those
//! runs that are not seen. White is seen wherever a colour scheme has another background than white, or any shape has a
//! fill of another colour or a picture, since nobody says here what a text stands on. Deliberately absent: looks that a
//! master gives, and colours but white.

use std::ops::Range;

use super::{DEPTH, records};
use crate::inspect::extract::compound::{u16_at, u32_at};

/// How the runs of the text before it look.
pub(super) const STYLE: u16 = 0x0fa1;
const SCHEME: u16 = 0x07f0;
const SHAPE: u16 = 0xf00b;

/// What is at least so light in all its parts is white.
const WHITE: u8 = 0xf0;

/// How many colours a scheme has; the first is the background's.
const COLOURS: usize = 8;

/// A font of so many points is a dot.
const TINY: u16 = 1;

/// On what texts stand.
#[derive(Debug)]
pub(super) struct Ground {
    /// Which colours of the scheme are white, in all schemes there are.
    white: [bool; COLOURS],
    painted: bool,
}

impl Ground {
    /// Of a whole presentation.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut ground = Self { white: [true; COLOURS], painted: false };
        let mut schemes = 0;
        ground.look(bytes, 0, &mut schemes);
        if schemes == 0 {
            // Black on white.
            ground.white = [false; COLOURS];
            ground.white[0] = true;
        }
        ground.painted |= !ground.white[0];
        ground
    }

    fn look(&mut self, bytes: &[u8], depth: usize, schemes: &mut u32) {
        for record in records(bytes) {
            match record.kind {
                // The others are a list to choose from.
                SCHEME if record.instance == 1 => {
                    *schemes += 1;
                    for (white, colour) in self.white.iter_mut().zip(record.content.chunks(4)) {
                        *white &= is_white(colour);
                    }
                }
                SHAPE => self.painted |= paints(record.instance, record.content),
                _ if record.is_container && depth < DEPTH => self.look(record.content, depth + 1, schemes),
                _ => {}
            }
        }
    }

    /// The runs of a text of so many characters (of UTF-16) that are not seen.
    pub(super) fn unseen(&self, style: &[u8], characters: usize) -> Vec<Range<usize>> {
        self.runs(style, characters).unwrap_or_default()
    }

    fn runs(&self, style: &[u8], characters: usize) -> Option<Vec<Range<usize>>> {
        let mut atom = Atom { bytes: style, at: 0 };
        // A text ends with a paragraph's end that is not in it.
        let whole = characters + 1;
        let mut covered = 0;
        while covered < whole {
            covered = covered.saturating_add(usize::try_from(atom.u32()?).ok()?);
            atom.skip(2);
            atom.paragraph()?;
        }
        let (mut unseen, mut start) = (Vec::new(), 0_usize);
        while start < whole {
            let end = start.saturating_add(usize::try_from(atom.u32()?).ok()?);
            let look = atom.letters()?;
            let white = look.colour.is_some_and(|colour| self.is_white(colour));
            if look.size.is_some_and(|size| size <= TINY) || (white && !self.painted) {
                unseen.push(start..end.min(characters));
            }
            start = end.max(start + 1);
        }
        unseen.retain(|run| !run.is_empty());
        Some(unseen)
    }

    fn is_white(&self, [red, green, blue, index]: [u8; 4]) -> bool {
        match index {
            0xfe => is_white(&[red, green, blue]),
            index => self.white.get(usize::from(index)).copied().unwrap_or_default(),
        }
    }
}

fn is_white(colour: &[u8]) -> bool {
    colour.get(..3).is_some_and(|parts| parts.iter().all(|&part| part >= WHITE))
}

/// Whether a shape's properties paint it: a fill of another colour than white, of more than one, or a picture.
fn paints(count: u16, content: &[u8]) -> bool {
    let (mut colour, mut filled, mut other) = (false, true, false);
    for property in content.chunks_exact(6).take(count.into()) {
        let (Some(id), Some(value)) = (u16_at(property, 0), u32_at(property, 2)) else { continue };
        let [red, green, blue, flags] = value.to_le_bytes();
        match id & 0x3fff {
            0x0104 => other |= value != 0,
            0x0180 => other |= value != 0,
            // The first colour of the scheme is the background's.
            0x0181 => colour = if flags & 8 != 0 { red != 0 } else { !is_white(&[red, green, blue]) },
            0x01bf if value & 0x0010_0000 != 0 => filled = value & 0x10 != 0,
            _ => {}
        }
    }
    other || colour && filled
}

/// What is said of the letters of a run.
struct Letters {
    size: Option<u16>,
    colour: Option<[u8; 4]>,
}

/// The atom, read from its front.
struct Atom<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Atom<'_> {
    fn u16(&mut self) -> Option<u16> {
        let value = u16_at(self.bytes, self.at);
        self.at += 2;
        value
    }

    fn u32(&mut self) -> Option<u32> {
        let value = u32_at(self.bytes, self.at);
        self.at += 4;
        value
    }

    fn skip(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes);
    }

    /// Passes over what is said of a paragraph: fields stand there if their bit is set, in this order.
    fn paragraph(&mut self) -> Option<()> {
        let mask = self.u32()?;
        let has = |bits: u32| mask & bits != 0;
        let fields =
            [(0xf, 2), (1 << 7, 2), (1 << 4, 2), (1 << 6, 2), (1 << 5, 4), (1 << 11, 2), (1 << 12, 2), (1 << 13, 2)];
        fields.iter().filter(|(bits, _)| has(*bits)).for_each(|(_, size)| self.skip(*size));
        let fields = [1 << 14, 1 << 8, 1 << 10, 1 << 15];
        fields.iter().filter(|bits| has(**bits)).for_each(|_| self.skip(2));
        if has(1 << 20) {
            let tabs = self.u16()?;
            self.skip(usize::from(tabs) * 4);
        }
        let fields = [1 << 16, 0b111 << 17, 1 << 21];
        fields.iter().filter(|bits| has(**bits)).for_each(|_| self.skip(2));
        Some(())
    }

    /// What is said of letters.
    fn letters(&mut self) -> Option<Letters> {
        let mask = self.u32()?;
        let has = |bits: u32| mask & bits != 0;
        let fields = [0x3fff, 1 << 16, 1 << 21, 1 << 22, 1 << 23];
        fields.iter().filter(|bits| has(**bits)).for_each(|_| self.skip(2));
        let size = if has(1 << 17) { Some(self.u16()?) } else { None };
        let colour = if has(1 << 18) { Some(self.u32()?.to_le_bytes()) } else { None };
        if has(1 << 19) {
            self.skip(2);
        }
        Some(Letters { size, colour })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: u16, instance: u16, content: &[u8]) -> Vec<u8> {
        let head = if kind == 0x03ee { 0xf } else { instance << 4 };
        let length = u32::try_from(content.len()).unwrap();
        [&head.to_le_bytes()[..], &kind.to_le_bytes(), &length.to_le_bytes(), content].concat()
    }

    /// A paragraph with a bullet and two tabs, and two runs of four characters: a bold one, and one that says this.
    fn style(mask: u32, fields: &[u8]) -> Vec<u8> {
        let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<_>>();
        let paragraph =
            [&words(&[9])[..], &[0, 0], &words(&[1 | 1 << 11 | 1 << 20]), &[0, 0, 1, 0, 2, 0], &[0; 8]].concat();
        let bold = [&words(&[4, 1])[..], &[1, 0]].concat();
        [paragraph, bold, words(&[5, mask]), fields.to_vec()].concat()
    }

    fn unseen(presentation: &[u8], style: &[u8]) -> Vec<Range<usize>> {
        Ground::of(presentation).unseen(style, 8)
    }

    #[test]
    fn white_is_not_seen_where_nothing_is_painted() {
        let white = style(1 << 18, &[255, 255, 255, 0xfe]);
        let scheme = |background: u8, text: u8| {
            let colours: Vec<u8> =
                [background, text].iter().flat_map(|&part| [part, part, part, 0]).chain([0; 24]).collect();
            record(0x03ee, 0, &record(SCHEME, 1, &colours))
        };
        let fill = |properties: &[(u16, u32)]| {
            let content: Vec<u8> = properties
                .iter()
                .flat_map(|(id, value)| [&id.to_le_bytes()[..], &value.to_le_bytes()].concat())
                .collect();
            record(0x03ee, 0, &record(SHAPE, u16::try_from(properties.len()).unwrap(), &content))
        };
        for (presentation, style, expected) in [
            (vec![], white.clone(), true),
            (vec![], style(1 << 18, &[0, 0, 0, 0xfe]), false),
            (vec![], style(1 << 16 | 1 << 17 | 1 << 18, &[9, 0, 18, 0, 255, 255, 255, 0xfe]), true),
            (vec![], style(1 << 17, &[1, 0]), true),
            (vec![], style(1 << 17, &[18, 0]), false),
            // The colour of the background.
            (scheme(255, 0), style(1 << 18, &[0, 0, 0, 0]), true),
            (scheme(255, 0), style(1 << 18, &[0, 0, 0, 1]), false),
            (scheme(0, 255), white.clone(), false),
            (fill(&[(0x0181, 0x0040_2010)]), white.clone(), false),
            (fill(&[(0x0181, 0x0040_2010), (0x01bf, 0x0010_0000)]), white.clone(), true),
            (fill(&[(0x0181, 0x0800_0000)]), white.clone(), true),
            (fill(&[(0x4104, 1)]), white.clone(), false),
        ] {
            let found: Vec<_> = unseen(&presentation, &style).iter().map(|run| (run.start, run.end)).collect();
            let expected = if expected { vec![(4, 8)] } else { Vec::new() };
            assert_eq!(found, expected, "{presentation:?} {style:?}");
        }
        assert!(unseen(&[], &white[..white.len() - 1]).is_empty(), "what is cut says nothing");
    }
}
