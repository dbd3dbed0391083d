//! The bytes a page shows → characters and how far each moves the pen.
//!
//! In: a font's dictionary and the strings shown with it. Out: one [`Shown`] a code. hayro's fonts know `ToUnicode`,
//! the predefined CMaps and the names of glyphs; added here are the CMaps whose codes are Unicode already, some of which
//! it does not know (UniJIS2004-UTF16-H, UniJIS-UTF8-H), and embedded fonts of a known collection (Adobe-Japan1) without
//! `ToUnicode`. Deliberately absent: shapes of glyphs.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use hayro_cmap::{BfString, CMap, CMapName, CidFamily, load_embedded};
use hayro_font::{CMapResolverFn, Font, FontCache, FontGlyph, FontQuery, FontResolverFn, UNITS_PER_EM};
use hayro_syntax::object::{Array, Dict, Name, Stream, String as Bytes};

use super::filter;
use crate::inspect::Reason;

/// The largest font program that is looked into. Whole Japanese fonts have 20 MiB.
const PROGRAM: u64 = 64 << 20;

/// All font programs of a document together.
const PROGRAMS: u64 = 256 << 20;

/// One code of a string.
#[derive(Clone)]
pub(super) struct Shown {
    pub(super) code: u32,
    /// How many bytes it took.
    pub(super) length: usize,
    /// Its text; nothing if nobody can tell.
    pub(super) text: Option<Rc<str>>,
    /// How far the pen moves, in ems; downwards (negative) if the font is vertical.
    pub(super) advance: f64,
}

/// All fonts of a document.
pub(super) struct Fonts<'a> {
    cache: FontCache<'a>,
    programs: FontResolverFn,
    cmaps: CMapResolverFn,
    faces: RefCell<HashMap<(usize, usize), Rc<Face<'a>>>>,
    /// How much may still be unpacked.
    left: Cell<u64>,
}

impl<'a> Fonts<'a> {
    pub(super) fn new() -> Self {
        Self {
            cache: FontCache::new(),
            programs: Arc::new(|query| match query {
                FontQuery::Standard(font) => Some(font.get_font_data()),
                FontQuery::Fallback(like) => Some(like.pick_standard_font().get_font_data()),
            }),
            cmaps: Arc::new(load_embedded),
            faces: RefCell::default(),
            left: Cell::new(PROGRAMS),
        }
    }

    /// The font that a dictionary describes.
    pub(super) fn face(&self, dict: &Dict<'a>) -> Rc<Face<'a>> {
        let key = (dict.data().as_ptr() as usize, dict.data().len());
        if let Some(face) = self.faces.borrow().get(&key) {
            return Rc::clone(face);
        }
        let face = Rc::new(self.load(dict));
        self.faces.borrow_mut().insert(key, Rc::clone(&face));
        face
    }

    fn load(&self, dict: &Dict<'a>) -> Face<'a> {
        let flaw = self.flaw(dict);
        let font = if flaw.is_none() { self.cache.font(dict, &self.programs, &self.cmaps) } else { None };
        let name = dict.get::<Name<'_>>("Encoding").map(|name| name.as_str().to_owned()).unwrap_or_default();
        let is_mapped = dict.contains_key("ToUnicode");
        let named = Wide::of(&name);
        // What a font says itself comes before what its codes are.
        let wide = named.filter(|_| !is_mapped || font.is_none());
        let composite = dict.get::<Name<'_>>("Subtype").is_some_and(|kind| kind.as_str() == "Type0");
        let vertical = font.as_ref().map_or(name.ends_with("-V"), |font| !font.is_horizontal());
        let collection = composite.then(|| self.collection(dict)).flatten();
        Face { font, wide, named, composite, vertical, collection, flaw, em: em(dict), seen: RefCell::default() }
    }

    /// What forbids to hand a font to the library, which unpacks its streams without a bound.
    fn flaw(&self, dict: &Dict<'a>) -> Option<Reason> {
        let descendant = dict.get::<Array<'_>>("DescendantFonts").and_then(|fonts| fonts.iter::<Dict<'_>>().next());
        let mut streams: Vec<Stream<'_>> = Vec::new();
        for dict in [Some(dict.clone()), descendant].into_iter().flatten() {
            streams.extend(["ToUnicode", "Encoding", "CIDToGIDMap"].iter().filter_map(|key| dict.get(*key)));
            if let Some(descriptor) = dict.get::<Dict<'_>>("FontDescriptor") {
                streams.extend(["FontFile", "FontFile2", "FontFile3"].iter().filter_map(|key| descriptor.get(*key)));
            }
        }
        let is_bomb = |stream: &Stream<'_>| {
            let unpacked = filter::unpack(stream, PROGRAM.min(self.left.get()));
            self.left.set(self.left.get().saturating_sub(unpacked.bytes.len() as u64));
            unpacked.flaw == Some(Reason::Limit)
        };
        streams.iter().any(is_bomb).then_some(Reason::Limit)
    }

    /// From codes to the glyphs of Adobe's collections, and from those to Unicode.
    fn collection(&self, dict: &Dict<'a>) -> Option<(CMap, CMap)> {
        let descendant = dict.get::<Array<'_>>("DescendantFonts")?.iter::<Dict<'_>>().next()?;
        let system = descendant.get::<Dict<'_>>("CIDSystemInfo")?;
        let entry = |key: &str| system.get::<Bytes<'_>>(key);
        let family = CidFamily::from_registry_ordering(&entry("Registry")?, &entry("Ordering")?);
        let parse = |data: &[u8]| CMap::parse(data, load_embedded);
        let unicode = parse(load_embedded(family.ucs2_cmap()?)?)?;
        let codes = if let Some(name) = dict.get::<Name<'_>>("Encoding") {
            match CMapName::from_bytes(name.as_ref()) {
                CMapName::IdentityH => CMap::identity_h(),
                CMapName::IdentityV => CMap::identity_v(),
                name => parse(load_embedded(name)?)?,
            }
        } else {
            parse(&filter::unpack(&dict.get::<Stream<'_>>("Encoding")?, PROGRAM).bytes)?
        };
        Some((codes, unicode))
    }
}

/// A font.
pub(super) struct Face<'a> {
    font: Option<Font<'a>>,
    wide: Option<Wide>,
    named: Option<Wide>,
    composite: bool,
    pub(super) vertical: bool,
    /// How large its letters are, for a size of one.
    pub(super) em: f64,
    collection: Option<(CMap, CMap)>,
    /// Why it could not be read.
    pub(super) flaw: Option<Reason>,
    seen: RefCell<HashMap<(u32, usize), Shown>>,
}

impl Face<'_> {
    /// The code at `at` and what it stands for.
    pub(super) fn next(&self, bytes: &[u8], at: usize) -> Shown {
        let (code, length) = self.code(bytes, at);
        if let Some(shown) = self.seen.borrow().get(&(code, length)) {
            return shown.clone();
        }
        let own = bytes.get(at..at + length).unwrap_or_default();
        let text = self.text(code, length, own).map(Rc::from);
        let shown = Shown { code, length, text, advance: self.advance(code, own) };
        self.seen.borrow_mut().insert((code, length), shown.clone());
        shown
    }

    fn code(&self, bytes: &[u8], at: usize) -> (u32, usize) {
        let rest = bytes.get(at..).unwrap_or_default();
        if let Some(wide) = self.wide {
            let length = wide.length(rest).clamp(1, rest.len().max(1));
            return (rest.iter().take(length).fold(0, |code, &byte| code << 8 | u32::from(byte)), length);
        }
        match &self.font {
            Some(font) if !rest.is_empty() => font.read_code(bytes, at),
            _ => (rest.first().copied().unwrap_or_default().into(), 1),
        }
    }

    fn text(&self, code: u32, length: usize, own: &[u8]) -> Option<String> {
        let by_code = self.wide.and_then(|wide| wide.text(own));
        let by_name = || self.named.and_then(|named| named.text(own));
        let by_font = || self.font.as_ref().and_then(|font| unicode(font, code));
        let by_collection = || {
            let (codes, unicode) = self.collection.as_ref()?;
            let cid = u8::try_from(length).ok().and_then(|length| codes.lookup_cid_code(code, length))?;
            unicode.lookup_bf_string(cid).map(string)
        };
        // A font that nobody knows, with codes that look like text.
        let as_it_stands = || {
            let ascii = self.font.is_none() && !self.composite && matches!(code, 0x20..=0x7e);
            ascii.then(|| char::from_u32(code).map(String::from)).flatten()
        };
        let is_text = |text: &String| !text.is_empty() && !text.chars().any(|c| c == '\u{fffd}' || c == '\0');
        by_code
            .filter(is_text)
            .or_else(|| by_font().filter(is_text))
            .or_else(by_name)
            .or_else(by_collection)
            .or_else(as_it_stands)
            .filter(is_text)
    }

    fn advance(&self, code: u32, own: &[u8]) -> f64 {
        match &self.font {
            Some(font) => {
                let moved = font.code_advance(code);
                (if self.vertical { moved.y } else { moved.x }) / f64::from(UNITS_PER_EM)
            }
            None if self.vertical => -1.0,
            None if self.composite && !own.is_ascii() => 1.0,
            None => 0.5,
        }
    }
}

/// Fonts that are drawn by operators (Type 3) may be of any size.
fn em(dict: &Dict<'_>) -> f64 {
    let matrix = dict.get::<[f64; 6]>("FontMatrix");
    let bounds = dict.get::<[f64; 4]>("FontBBox");
    let (Some([.., scale, _, _]), Some([_, low, _, high])) = (matrix, bounds) else { return 1.0 };
    let em = ((high - low) * scale).abs();
    if em > 0.0 && !(0.3..3.0).contains(&em) { em } else { 1.0 }
}

/// What a font itself says that a code means.
fn unicode(font: &Font<'_>, code: u32) -> Option<String> {
    match font.glyph(font.map_code(code), code) {
        FontGlyph::Outline(glyph) => glyph.as_unicode().map(string),
        FontGlyph::Type3(glyph) => glyph.as_unicode().map(string),
    }
}

fn string(unicode: BfString) -> String {
    match unicode {
        BfString::Char(c) => c.into(),
        BfString::String(text) => text,
    }
}

/// A CMap whose codes are Unicode in this form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wide {
    Utf8,
    Utf16,
    Utf32,
}

impl Wide {
    /// Tells it by the CMap's name: `UniJIS-UCS2-HW-H`, `UniGB-UTF16-V`, ….
    fn of(name: &str) -> Option<Self> {
        let has = |form| name.starts_with("Uni") && name.contains(form);
        match () {
            () if has("-UCS2-") || has("-UTF16-") => Some(Self::Utf16),
            () if has("-UTF8-") => Some(Self::Utf8),
            () if has("-UTF32-") || has("-UCS4-") => Some(Self::Utf32),
            () => None,
        }
    }

    fn length(self, rest: &[u8]) -> usize {
        let first = rest.first().copied().unwrap_or_default();
        match self {
            Self::Utf8 => match first {
                0..=0xbf => 1,
                0xc0..=0xdf => 2,
                0xe0..=0xef => 3,
                0xf0.. => 4,
            },
            Self::Utf16 if (0xd8..=0xdb).contains(&first) => 4,
            Self::Utf16 => 2,
            Self::Utf32 => 4,
        }
    }

    fn text(self, own: &[u8]) -> Option<String> {
        let text = match self {
            Self::Utf8 => std::str::from_utf8(own).ok()?.to_owned(),
            Self::Utf16 => encoding_rs::UTF_16BE.decode_without_bom_handling(own).0.into_owned(),
            Self::Utf32 => char::from_u32(u32::from_be_bytes(own.try_into().ok()?))?.into(),
        };
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_that_are_unicode() {
        assert_eq!(Wide::of("UniJIS2004-UTF16-H"), Some(Wide::Utf16));
        assert_eq!(Wide::of("UniJIS-UCS2-HW-V"), Some(Wide::Utf16));
        assert_eq!(Wide::of("UniJIS-UTF8-H"), Some(Wide::Utf8));
        assert_eq!(Wide::of("90ms-RKSJ-H"), None);
        assert_eq!(Wide::Utf16.length(&[0xd8, 0x42, 0xdf, 0xb7]), 4);
        assert_eq!(Wide::Utf16.text(&[0xd8, 0x42, 0xdf, 0xb7]).unwrap(), "𠮷");
        assert_eq!(Wide::Utf8.text("山".as_bytes()).unwrap(), "山");
        assert_eq!(Wide::Utf8.text(&[0xff]), None);
        assert_eq!(Wide::Utf32.text(&[0, 0, 0x5c, 0x71]).unwrap(), "山");
    }
}
