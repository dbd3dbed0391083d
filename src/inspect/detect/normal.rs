//! Text as it stands → text as rules want it, with the way back.
//!
//! In: a stretch of original text. Out: the same text with full-width and half-width forms, dashes, odd spaces and
//! invisible characters folded away ([`Normal`]), and for each place in it the place in the original. Text that is
//! already normal is lent, not copied: most Japanese prose passes at the speed of a byte scan.
//! Deliberately absent: folds that change which word it is (old forms of kanji are the dictionary's matter,
//! [`super::words`]), circled numbers, which would grow into the number beside them (`①090` is no `1090`), and ㊙.

use std::borrow::Cow;

use unicode_normalization::char::is_combining_mark;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

/// Normalised text and the way back to the original.
#[derive(Debug)]
pub(super) struct Normal<'a> {
    text: Cow<'a, str>,
    /// Where the two texts stop running in step: offset here, offset in the original. Ascending.
    steps: Vec<(usize, usize)>,
}

impl<'a> Normal<'a> {
    /// Normalises `original`.
    pub(super) fn of(original: &'a str) -> Self {
        let first = plain_until(original.as_bytes(), 0);
        if first == original.len() {
            return Self { text: Cow::Borrowed(original), steps: Vec::new() };
        }
        let mut fold = Fold { original, out: String::with_capacity(original.len()), steps: Vec::new() };
        fold.run(first);
        if fold.out == original {
            return Self { text: Cow::Borrowed(original), steps: Vec::new() };
        }
        Self { text: Cow::Owned(fold.out), steps: fold.steps }
    }

    /// The normalised text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The normalised text, for one who needs no way back.
    pub(super) fn into_text(self) -> Cow<'a, str> {
        self.text
    }

    /// The offset in the original that `offset` came from.
    pub(super) fn original(&self, offset: usize) -> usize {
        let after = self.steps.partition_point(|&(here, _)| here <= offset);
        match after.checked_sub(1).and_then(|i| self.steps.get(i)) {
            None => offset,
            Some(&(here, there)) => {
                let next = self.steps.get(after).map_or(usize::MAX, |&(_, next)| next);
                (there + (offset - here)).min(next)
            }
        }
    }
}

struct Fold<'a> {
    original: &'a str,
    out: String,
    steps: Vec<(usize, usize)>,
}

impl Fold<'_> {
    /// Copies what is plain and folds what is not; everything before `first` is plain.
    fn run(&mut self, first: usize) {
        let bytes = self.original.as_bytes();
        let (mut copied, mut at) = (0, first);
        while at < bytes.len() {
            self.out.push_str(self.original.get(copied..at).unwrap_or_default());
            let Some(c) = self.original.get(at..).and_then(|rest| rest.chars().next()) else { break };
            let length = self.fold(c, at);
            self.steps.push((self.out.len(), at + length));
            copied = at + length;
            at = plain_until(bytes, copied);
        }
        self.out.push_str(self.original.get(copied..).unwrap_or_default());
    }

    /// Folds the character at `at` and says how many bytes of the original that took.
    fn fold(&mut self, c: char, at: usize) -> usize {
        let step = (self.out.len(), at);
        if self.steps.last() != Some(&step) {
            self.steps.push(step);
        }
        let after = at + c.len_utf8();
        match c {
            _ if is_invisible(c) => {}
            '\u{FF01}'..='\u{FF5D}' if !matches!(c, '\u{FF0D}') => self.push_code(u32::from(c) - 0xFEE0),
            _ if is_dash(c) => self.out.push('-'),
            '\u{301C}' | '\u{FF5E}' => self.out.push('~'),
            // A long vowel and the line of a box are dashes between digits only.
            'ー' | 'ｰ' | '─' | '━' => {
                let next = self.original.get(after..).and_then(|rest| rest.chars().find(|&c| !is_invisible(c)));
                let between = self.out.ends_with(|c: char| c.is_ascii_digit() || c == ')')
                    && next.is_some_and(|n| n.is_ascii_digit() || ('０'..='９').contains(&n) || n == '(' || n == '（');
                self.out.push(if between {
                    '-'
                } else if c == 'ｰ' {
                    'ー'
                } else {
                    c
                });
            }
            '\u{3000}' => self.out.push(' '),
            '\u{2460}'..='\u{24FF}' | '㊙' => self.out.push(c),
            _ if is_combining_mark(c) || matches!(c, 'ﾞ' | 'ﾟ') => return self.compose(c, at),
            _ if is_nfkc_quick(std::iter::once(c)) == IsNormalized::Yes => self.out.push(c),
            _ => self.out.extend(std::iter::once(c).nfkc()),
        }
        c.len_utf8()
    }

    fn push_code(&mut self, code: u32) {
        self.out.extend(char::from_u32(code));
    }

    /// A mark joins the character before it (`か` + `゛`), as do the marks after it.
    fn compose(&mut self, mark: char, at: usize) -> usize {
        let rest = self.original.get(at..).unwrap_or_default();
        // Unicode's stream-safe format allows 30 marks; text made of marks must not cost its square.
        let marks: String =
            rest.chars().take_while(|&c| is_combining_mark(c) || matches!(c, 'ﾞ' | 'ﾟ')).take(30).collect();
        let taken = marks.len().max(mark.len_utf8());
        if let Some(base) = self.out.pop() {
            while self.steps.last().is_some_and(|&(here, _)| here > self.out.len()) {
                self.steps.pop();
            }
            let there = self.original.floor_char_boundary(at.saturating_sub(base.len_utf8()));
            let before = self.steps.last().map_or(0, |&(_, there)| there);
            self.steps.push((self.out.len(), there.max(before)));
            self.out.extend(std::iter::once(base).chain(marks.chars()).nfkc());
        }
        taken
    }
}

/// The end of the run from `at` in which no character changes.
fn plain_until(bytes: &[u8], mut at: usize) -> usize {
    while let Some(&lead) = bytes.get(at) {
        at += match lead {
            0x00..=0x7F => ascii(bytes, at),
            0xC3 => 2,
            0xE3..=0xED => match unchanged(bytes, at) {
                0 if !bytes.get(at..).is_some_and(|rest| rest.starts_with("ー".as_bytes())) => return at,
                0 if follows_number(bytes, at) => return at,
                0 => 3,
                length => length,
            },
            _ => return at,
        };
    }
    bytes.len()
}

/// How many bytes from `at` on are kanji, kana and marks that never change.
fn unchanged(bytes: &[u8], at: usize) -> usize {
    let (characters, _) = bytes.get(at..).unwrap_or_default().as_chunks::<3>();
    let never_changes = |&[a, b, c]: &[u8; 3]| {
        let place = usize::from(a & 0x0F) << 6 | usize::from(b & 0x3F);
        a >> 4 == 0xE && UNCHANGED.get(place).is_some_and(|marks| marks >> (c & 0x3F) & 1 == 1)
    };
    3 * characters.iter().position(|character| !never_changes(character)).unwrap_or(characters.len())
}

/// A mark for each character of three bytes that never changes, by the bits of its code.
static UNCHANGED: [u64; 1_024] = {
    let mut marks = [0; 1_024];
    let mut place = 0x3000 >> 6;
    while place < 0xE000 >> 6 {
        marks[place] = u64::MAX;
        place += 1;
    }
    // The wide space and the wave dash.
    marks[0x3000 >> 6] &= !(1 | 1 << 0x1C);
    // Marks of voice that stand alone.
    marks[0x3099 >> 6] &= !(0xF << 0x19);
    // ー is a dash between digits and a letter elsewhere; behind it コト in one character.
    marks[0x30FC >> 6] &= !(1 << 0x3C | 1 << 0x3F);
    // Jamo, letters in circles, units in one character.
    place = 0x3100 >> 6;
    while place < 0x3400 >> 6 {
        marks[place] = 0;
        place += 1;
    }
    marks
};

/// How many bytes from `at`, which is one, are ASCII; not all of a long run at once.
fn ascii(bytes: &[u8], at: usize) -> usize {
    const STRIDE: usize = 32;
    match bytes.get(at..).and_then(|rest| rest.first_chunk::<STRIDE>()) {
        Some(stride) if stride.is_ascii() => STRIDE,
        _ => 1,
    }
}

/// Whether the character before `at` may end a number: an ASCII digit or bracket, or any full-width form.
fn follows_number(bytes: &[u8], at: usize) -> bool {
    match at.checked_sub(1).and_then(|i| bytes.get(i)) {
        Some(b) if b.is_ascii() => b.is_ascii_digit() || *b == b')',
        _ => at.checked_sub(3).and_then(|i| bytes.get(i)) == Some(&0xEF),
    }
}

/// Dashes that people and programs put for `-`: hyphens, figure and em dashes, the minus sign, full-width forms.
fn is_dash(c: char) -> bool {
    matches!(c, '\u{2010}'..='\u{2015}' | '\u{2043}' | '\u{2212}' | '\u{FE58}' | '\u{FE63}' | '\u{FF0D}')
}

/// Characters that a reader does not see and that must not break a number in two.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
        | '\u{E0000}'..='\u{E007F}' | '\u{E0100}'..='\u{E01EF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_and_programs_write_becomes_one_form() {
        for (written, normal) in [
            ("０９０－１２３４－５６７８", "090-1234-5678"),
            ("090‐1234–5678", "090-1234-5678"),
            ("090−1234—5678", "090-1234-5678"),
            ("090ー1234ー5678", "090-1234-5678"),
            ("０９０ー１２３４ー５６７８", "090-1234-5678"),
            ("09\u{200B}0-12\u{AD}34-5678", "090-1234-5678"),
            ("０３（１２３４）５６７８", "03(1234)5678"),
            ("090─1234━5678", "090-1234-5678"),
            ("サーバー１ー２", "サーバー1-2"),
            ("──1──", "──1──"),
            ("センター", "センター"),
            ("東京〜大阪～京都", "東京~大阪~京都"),
            ("ﾔﾏﾀﾞ ﾀﾛｳ", "ヤマダ タロウ"),
            ("か\u{3099}き", "がき"),
            ("㈱山田　商店", "(株)山田 商店"),
            ("葛\u{E0100}城", "葛城"),
            ("①090", "①090"),
            ("ｔａｒｏ＠ｅｘａｍｐｌｅ．ｊｐ", "taro@example.jp"),
            ("e\u{301}", "é"),
            ("𝟎𝟗𝟎", "090"),
        ] {
            assert_eq!(Normal::of(written).text(), normal, "{written}");
        }
    }

    #[test]
    fn normal_text_is_lent() {
        for text in [
            "",
            "plain",
            "本日は晴天なり。ラーメン、コーヒー、10月３日".split('３').next().unwrap(),
            "「引用」・々〆ヶ",
        ] {
            assert!(matches!(Normal::of(text).into_text(), Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn each_place_leads_back_to_the_original() {
        let original = "電話\u{200B}：０９０-1234 と ﾔﾏﾀﾞ";
        let normal = Normal::of(original);
        assert_eq!(normal.text(), "電話:090-1234 と ヤマダ");
        let back = |needle: &str| normal.original(normal.text().find(needle).unwrap());
        assert_eq!(back("090"), original.find("０９０").unwrap());
        assert_eq!(back("-1234"), original.find("-1234").unwrap());
        assert_eq!(back("と"), original.find('と').unwrap());
        assert_eq!(back("ヤマ"), original.find("ﾔﾏ").unwrap());
        assert_eq!(normal.original(normal.text().len()), original.len());
    }

    #[test]
    fn any_text_folds_without_fault() {
        let pieces =
            ["\u{3099}", "ｰ", "ー", "1", "９", "\u{200B}", "ﾞ", "\u{301}", "山", "\u{FFFD}", "\n", "𠮷", "㈱", "(", "ﾊ"];
        let mut dice = 0x2545_F491_4F6C_DD1D_u64;
        for _ in 0..2_000 {
            let mut text = String::new();
            for _ in 0..12 {
                dice ^= dice << 13;
                dice ^= dice >> 7;
                dice ^= dice << 17;
                text.push_str(pieces[usize::try_from(dice % pieces.len() as u64).unwrap()]);
            }
            let normal = Normal::of(&text);
            let mut last = 0;
            for offset in 0..=normal.text().len() {
                let there = normal.original(offset);
                assert!(there >= last && there <= text.len(), "{text:?} at {offset}");
                last = there;
            }
        }
    }
}
