//! Japanese names in Latin letters.
//!
//! In: a reading in katakana, or a word in Latin letters. Out: one spelling for all that people write: Hepburn and
//! Kunrei, long vowels told or not (`Satou`, `Satoh`, `Sato`; `Tsuchiya`, `Tutiya`), capitals or not. Deliberately
//! absent: the dictionaries ([`super`]).

/// The one spelling of a reading; empty when it is no katakana.
pub fn of_kana(reading: &str) -> String {
    let mut out = String::with_capacity(reading.len());
    for c in reading.chars() {
        match c {
            'ー' | 'ッ' => {}
            'ン' => out.push('n'),
            // キャ is ky + a: the vowel before a small letter goes.
            'ャ' | 'ュ' | 'ョ' => {
                out.pop();
                out.push('y');
                out.push(match c {
                    'ャ' => 'a',
                    'ュ' => 'u',
                    _ => 'o',
                });
            }
            c => match syllable(c) {
                Some(syllable) => out.push_str(syllable),
                None => return String::new(),
            },
        }
    }
    shortened(&out)
}

/// The one spelling of a word in Latin letters; empty when it cannot be a Japanese one.
pub fn of_latin(word: &str) -> String {
    let mut letters = String::with_capacity(word.len());
    for c in word.chars() {
        match c {
            'A'..='Z' => letters.push(c.to_ascii_lowercase()),
            'a'..='z' => letters.push(c),
            'ō' | 'Ō' | 'ô' | 'Ô' => letters.push('o'),
            'ū' | 'Ū' | 'û' | 'Û' => letters.push('u'),
            '\'' | '-' => {}
            _ => return String::new(),
        }
    }
    const HEPBURN: [(&str, &str); 13] = [
        ("tch", "ch"),
        ("shi", "si"),
        ("sh", "sy"),
        ("chi", "ti"),
        ("ch", "ty"),
        ("tsu", "tu"),
        ("fu", "hu"),
        ("ji", "zi"),
        ("jy", "zy"),
        ("j", "zy"),
        ("mb", "nb"),
        ("mp", "np"),
        ("mm", "nm"),
    ];
    let mut out = String::with_capacity(letters.len());
    let mut rest = letters.as_str();
    while let Some(c) = rest.chars().next() {
        if let Some((from, to)) = HEPBURN.iter().find(|(from, _)| rest.starts_with(from)) {
            if *from == "tch" {
                rest = rest.get(1..).unwrap_or_default();
                continue;
            }
            out.push_str(to);
            rest = rest.get(from.len()..).unwrap_or_default();
            continue;
        }
        rest = rest.get(1..).unwrap_or_default();
        let vowel_follows = rest.starts_with(['a', 'i', 'u', 'e', 'o', 'y']);
        // Satoh, Ohno: the h only makes the vowel long. Double consonants count once.
        let long = c == 'h' && out.ends_with('o') && !vowel_follows;
        let double = c != 'n' && !"aiueo".contains(c) && rest.starts_with(c);
        if !long && !double {
            out.push(c);
        }
    }
    shortened(&out)
}

/// Long vowels as short ones.
fn shortened(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    for c in word.chars() {
        let long = (c == 'u' && out.ends_with(['o', 'u'])) || (c == 'o' && out.ends_with('o'));
        if !long {
            out.push(c);
        }
    }
    out
}

fn syllable(c: char) -> Option<&'static str> {
    const KANA: &str = "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲガギグゲゴザジズゼゾダヂヅデドバビブベボパピプペポヴヱヰェァィォ";
    const LATIN: [&str; 77] = [
        "a", "i", "u", "e", "o", "ka", "ki", "ku", "ke", "ko", "sa", "si", "su", "se", "so", "ta", "ti", "tu", "te",
        "to", "na", "ni", "nu", "ne", "no", "ha", "hi", "hu", "he", "ho", "ma", "mi", "mu", "me", "mo", "ya", "yu",
        "yo", "ra", "ri", "ru", "re", "ro", "wa", "o", "ga", "gi", "gu", "ge", "go", "za", "zi", "zu", "ze", "zo",
        "da", "zi", "zu", "de", "do", "ba", "bi", "bu", "be", "bo", "pa", "pi", "pu", "pe", "po", "bu", "e", "i", "e",
        "a", "i", "o",
    ];
    KANA.chars().position(|kana| kana == c).and_then(|at| LATIN.get(at)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_spellings_of_a_name_are_one() {
        for (reading, spellings) in [
            ("サトウ", &["Sato", "SATOU", "Satoh", "Satō"][..]),
            ("オオノ", &["Ono", "Ohno", "Oono"]),
            ("ツチヤ", &["Tsuchiya", "Tutiya"]),
            ("シュンスケ", &["Shunsuke", "Syunsuke"]),
            ("ジュンイチロウ", &["Junichiro", "Jun'ichirou", "Zyunitiro"]),
            ("ハットリ", &["Hattori"]),
            ("ナンバ", &["Namba", "Nanba"]),
            ("フジイ", &["Fujii", "Huzii"]),
            ("ユウコ", &["Yuko", "Yuuko"]),
            ("リョウ", &["Ryo", "Ryoh"]),
        ] {
            for spelling in spellings {
                assert_eq!(of_latin(spelling), of_kana(reading), "{spelling}");
            }
        }
        assert_ne!(of_latin("Smith"), of_kana("スミス"));
        assert_eq!((of_latin("x1"), of_kana("山")), (String::new(), String::new()));
    }
}
