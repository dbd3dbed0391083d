//! Word lists: one word a line → is this word in it?
//!
//! In: the text of a dictionary, `#` starting a comment line. Out: [`Words`], which keeps a 64-bit hash of each word:
//! thirty thousand names in half a megabyte, and a look-up that copies nothing. Old and variant forms of kanji are
//! folded on both sides (髙橋 is 高橋). Hashing has a fixed key, so that results never depend on the run.
//!
//! Beside it: [`vocabulary`], a few words looked for all at once in a short text, and [`places`], municipalities and postal areas.

pub(super) mod places;
pub(super) mod vocabulary;

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher};

/// A set of 64-bit values that are hashes already.
pub(crate) type Hashes = HashSet<u64, BuildHasherDefault<AsIs>>;

/// The fixed-key hash of `value`.
pub(crate) fn hash(value: &(impl Hash + ?Sized)) -> u64 {
    // `DefaultHasher::new` has a fixed key; only `RandomState` draws one.
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// The hash of a stretch of characters. Millions of values a table go through here: a multiplication and a fold a
/// character, not SipHash; 64 bits of it still tell a hundred million people apart.
pub(super) fn hash_characters(characters: impl Iterator<Item = char>) -> u64 {
    characters.fold(Growing::default(), Growing::with).hash()
}

/// The same for a stretch that grows: the hash of each of its beginnings on the way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Growing(u64);

impl Default for Growing {
    fn default() -> Self {
        Self(0xCBF2_9CE4_8422_2325)
    }
}

impl Growing {
    #[inline]
    pub(super) fn with(self, c: char) -> Self {
        let mixed = (self.0 ^ u64::from(u32::from(c))).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Self(mixed ^ (mixed >> 29))
    }

    #[inline]
    pub(super) fn hash(self) -> u64 {
        let mixed = self.0.wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed ^ (mixed >> 32)
    }
}

/// Lets a hash be its own hash.
#[derive(Debug, Default)]
pub(crate) struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = hash(bytes);
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

/// A set of words.
#[derive(Debug, Default)]
pub(super) struct Words {
    hashes: Hashes,
    /// Which characters words begin with, a bit each: most look-ups end here.
    first: Vec<u64>,
    /// How words begin: a bit for the hash of the first two characters of each, or of its only one.
    heads: Vec<u64>,
    /// No word takes more bytes, in whichever form of its kanji.
    longest: usize,
}

/// Bits of a place among the heads of words.
const HEAD_BITS: u32 = 17;

impl Words {
    /// Adds the words of one dictionary file.
    pub(super) fn add(&mut self, text: &str) {
        let words = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        for word in words {
            self.hashes.insert(of_word(word));
            let (word_index, bit_of_head) = head(hash_characters(word.chars().take(2).map(modern)));
            self.heads.resize(1 << (HEAD_BITS - 6), 0);
            if let Some(bits) = self.heads.get_mut(word_index) {
                *bits |= bit_of_head;
            }
            // A variant may take four bytes where the usual form takes three.
            self.longest = self.longest.max(word.chars().count() * 4);
            if let Some((index, bit)) = word.chars().next().and_then(bit) {
                if self.first.len() <= index {
                    self.first.resize(index + 1, 0);
                }
                if let Some(bits) = self.first.get_mut(index) {
                    *bits |= bit;
                }
            }
        }
    }

    /// Whether any word begins with `c`.
    pub(super) fn begins(&self, c: char) -> bool {
        bit(c).is_some_and(|(index, bit)| self.first.get(index).is_some_and(|bits| bits & bit != 0))
    }

    /// Whether any word may begin with characters, each [`modern`], that have this hash: two, or one that is all of it.
    pub(super) fn may_begin(&self, hash: u64) -> bool {
        let (index, bit) = head(hash);
        self.heads.get(index).is_some_and(|bits| bits & bit != 0)
    }

    /// Whether `word` is one of them, in whichever form of its kanji.
    pub(super) fn has(&self, word: &str) -> bool {
        // Most look-ups need no hash.
        word.len() <= self.longest
            && word.chars().next().is_some_and(|c| self.begins(c))
            && self.hashes.contains(&of_word(word))
    }

    /// Whether a word whose characters, each [`modern`], have this hash is one of them.
    pub(super) fn has_hash(&self, hash: u64) -> bool {
        self.hashes.contains(&hash)
    }

    /// Whether `word`, its hiragana in katakana, is one of these readings.
    pub(super) fn has_reading(&self, word: &str) -> bool {
        self.hashes.contains(&hash_characters(word.chars().map(katakana).map(modern)))
    }
}

/// ひらがな as カタカナ.
pub(super) fn katakana(c: char) -> char {
    match c {
        'ぁ'..='ゖ' => char::from_u32(u32::from(c) + 0x60).unwrap_or(c),
        c => c,
    }
}

/// The kana that banks write for a small one.
pub(super) fn large(c: char) -> char {
    match c {
        'ャ' => 'ヤ',
        'ュ' => 'ユ',
        'ョ' => 'ヨ',
        'ッ' => 'ツ',
        'ァ' | 'ィ' | 'ゥ' | 'ェ' | 'ォ' => char::from_u32(u32::from(c) + 1).unwrap_or(c),
        c => c,
    }
}

/// The form of `c` that stands for all its variants in personal names.
#[inline(always)]
pub fn modern(c: char) -> char {
    // Most characters end here.
    let place = u32::from(c) as usize % (64 * MARKS);
    if VARIED.get(place / 64).is_none_or(|marks| marks >> (place % 64) & 1 == 0) { c } else { usual(c) }
}

#[cold]
fn usual(c: char) -> char {
    VARIANTS.iter().find(|(variant, _)| *variant == c).map_or(c, |(_, usual)| *usual)
}

/// How many times 64 marks say which characters may be variants.
const MARKS: usize = 32;

/// A mark for each variant, by the lower bits of its code.
static VARIED: [u64; MARKS] = {
    let mut marks = [0; MARKS];
    let mut at = 0;
    while at < VARIANTS.len() {
        let place = VARIANTS[at].0 as usize % (64 * MARKS);
        marks[place / 64] |= 1 << (place % 64);
        at += 1;
    }
    marks
};

/// Old and other forms of kanji, and the usual one of each.
const VARIANTS: [(char, char); 54] = [
    ('髙', '高'),
    ('﨑', '崎'),
    ('嵜', '崎'),
    ('碕', '崎'),
    ('邊', '辺'),
    ('邉', '辺'),
    ('齋', '斎'),
    ('齊', '斉'),
    ('澤', '沢'),
    ('濱', '浜'),
    ('濵', '浜'),
    ('廣', '広'),
    ('嶋', '島'),
    ('嶌', '島'),
    ('櫻', '桜'),
    ('國', '国'),
    ('龍', '竜'),
    ('眞', '真'),
    ('惠', '恵'),
    ('榮', '栄'),
    ('德', '徳'),
    ('瀨', '瀬'),
    ('瀧', '滝'),
    ('條', '条'),
    ('𠮷', '吉'),
    ('藪', '薮'),
    ('槇', '槙'),
    ('鷗', '鴎'),
    ('彌', '弥'),
    ('壽', '寿'),
    ('實', '実'),
    ('寬', '寛'),
    ('淺', '浅'),
    ('靜', '静'),
    ('壯', '壮'),
    ('穗', '穂'),
    ('豐', '豊'),
    ('增', '増'),
    ('黑', '黒'),
    ('鄕', '郷'),
    ('萬', '万'),
    ('與', '与'),
    ('圓', '円'),
    ('舘', '館'),
    ('檜', '桧'),
    ('禮', '礼'),
    ('曾', '曽'),
    ('晉', '晋'),
    ('緖', '緒'),
    ('來', '来'),
    ('佛', '仏'),
    ('應', '応'),
    ('關', '関'),
    ('假', '仮'),
];

/// The place of a character in the bits; characters beyond the first 196,608 share one.
fn bit(c: char) -> Option<(usize, u64)> {
    let code = u32::from(modern(c)).min(0x2_FFFF);
    Some((usize::try_from(code / 64).ok()?, 1 << (code % 64)))
}

/// The place of a hash among the heads of words.
fn head(hash: u64) -> (usize, u64) {
    let place = (hash >> (64 - HEAD_BITS)) as usize;
    (place / 64, 1 << (place % 64))
}

fn of_word(word: &str) -> u64 {
    hash_characters(word.chars().map(modern))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_in_all_its_forms() {
        let mut words = Words::default();
        words.add("# names\n高橋\n渡邉\n\n 濱田 \n");
        for word in ["高橋", "髙橋", "渡辺", "渡邊", "浜田"] {
            assert!(words.has(word), "{word}");
        }
        for word in ["", "高", "# names", "橋高"] {
            assert!(!words.has(word), "{word}");
        }
        assert!(words.begins('濵') && !words.begins('橋') && !words.begins('𠮷'));
        for (head, begins) in [("渡邉", true), ("髙橋", true), ("高田", false), ("渡", false)] {
            assert_eq!(words.may_begin(hash_characters(head.chars().map(modern))), begins, "{head}");
        }
    }

    #[test]
    fn the_hash_is_the_same_in_every_run() {
        assert_eq!(hash("関所"), hash(&String::from("関所")));
        assert_eq!(hash(&7_u64), hash(&7_u64));
    }
}
