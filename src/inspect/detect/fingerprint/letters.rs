//! Text → the letters that documents are compared by.
//!
//! In: normalised text ([`super::super::normal`]), a stretch at a time. Out: its letters in small letters, old forms of kanji
//! as new ones. Spaces, line ends, punctuation and marks are nothing, so that a text may be wrapped and set anew. Digits
//! count where there are three and more together, `1,234` among them: fewer number pages, paragraphs and days, which a
//! program puts in and leaves out as it likes. Deliberately absent: words; Japanese has no spaces between them.

use super::super::words::modern;

/// Between one stretch of text and the next.
#[derive(Debug, Default)]
pub(super) struct Letters {
    /// How many digits came together, up to [`MANY`].
    digits: usize,
    /// A comma stood behind the last of them.
    comma: bool,
    /// The first of them, until it is known whether they count.
    held: [char; MANY - 1],
}

/// So many digits count.
const MANY: usize = 3;

impl Letters {
    /// The letters of `text`, each with its offset.
    pub(super) fn of(&mut self, text: &str, mut each: impl FnMut(char, usize)) {
        for (at, c) in text.char_indices() {
            let letter = match c {
                'a'..='z' => c,
                'A'..='Z' => c.to_ascii_lowercase(),
                '0'..='9' => {
                    self.digit(c, at, &mut each);
                    continue;
                }
                ',' if self.digits > 0 && !self.comma => {
                    self.comma = true;
                    continue;
                }
                '\u{3041}'..='\u{3096}' | '\u{30A1}'..='\u{30FA}' | 'ー' => c,
                '\u{4E00}'..='\u{9FFF}' => modern(c),
                _ if c.is_ascii() || !c.is_alphabetic() => {
                    self.end();
                    continue;
                }
                _ => modern(c.to_lowercase().next().unwrap_or(c)),
            };
            self.end();
            each(letter, at);
        }
        self.end();
    }

    fn digit(&mut self, c: char, at: usize, each: &mut impl FnMut(char, usize)) {
        self.comma = false;
        if let Some(held) = self.held.get_mut(self.digits) {
            *held = c;
            self.digits += 1;
            return;
        }
        if self.digits == MANY - 1 {
            self.digits = MANY;
            self.held.iter().for_each(|&held| each(held, at));
        }
        each(c, at);
    }

    fn end(&mut self) {
        self.digits = 0;
        self.comma = false;
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::normal::Normal;
    use super::*;

    fn letters(text: &str) -> String {
        let (mut letters, mut found) = (Letters::default(), String::new());
        letters.of(Normal::of(text).text(), |c, _| found.push(c));
        found
    }

    #[test]
    fn one_text_in_all_its_dresses_is_one() {
        for (one, other) in [
            ("第3条（秘密保持）　甲及び乙は、", "第 １０ 条 (秘密保持)\n甲及び\n  乙は､"),
            ("ＡＢＣ株式会社", "abc 株式会社"),
            ("ｻｰﾋﾞｽ仕様書", "サービス仕様書"),
            ("The Receiving Party shall, at all times,", "the receiving\r\nparty shall at\u{a0}all times"),
            ("金1,234,567円", "金１２３４５６７円"),
            ("髙橋", "高橋"),
        ] {
            assert_eq!(letters(one), letters(other));
            assert!(!letters(one).is_empty());
        }
    }

    #[test]
    fn few_digits_are_nothing_and_many_are_letters() {
        assert_eq!(letters("2026年4月1日 12.5 % 第3.1.2項 ①"), "2026年月日第項");
        assert_eq!(letters("1,2,3,4 x12,3456 7,8a"), "1234x123456a");
        assert_eq!(letters("12\n34"), "");
    }
}
