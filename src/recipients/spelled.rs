//! Domains as they are compared letter by letter, and by their looks.
//!
//! In: a [`Domain`]. Out: [`Spelled`], the forms that tell whether one was written for another. They cost more than all
//! else that is known of a domain, so they are made only of one that is not known exactly. Deliberately absent: which
//! two resemble each other (`lookalike_domain`), and how those are found among many (`near`).

use std::sync::LazyLock;

use unicode_security::skeleton;

use super::domain::Domain;

/// One domain in the forms that are compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spelled {
    pub(super) domain: Domain,
    /// What it looks like: look-alike characters made equal (Unicode TS 39), so that `gmаil` with a Cyrillic а and
    /// `gmail` are the same.
    pub(super) skeleton: String,
    /// Without dots and hyphens.
    pub(super) squeezed: String,
    /// The letters of its name, for comparing them one by one.
    pub(super) letters: Vec<char>,
    /// Those without hyphens.
    pub(super) unhyphened: Vec<char>,
}

impl Spelled {
    pub(super) fn new(domain: Domain) -> Self {
        let skeleton = looks(&domain.text);
        let squeezed = domain.text.chars().filter(|c| !matches!(c, '.' | '-')).collect();
        let letters: Vec<char> = domain.name().chars().collect();
        let unhyphened = letters.iter().copied().filter(|c| *c != '-').collect();
        Self { skeleton, squeezed, letters, unhyphened, domain }
    }
}

/// The skeletons of the characters of ASCII: practically every domain is made of these.
static PLAIN: LazyLock<Vec<String>> =
    LazyLock::new(|| (0..128u8).map(|c| folded(char::from(c).encode_utf8(&mut [0; 4]))).collect());

/// The skeleton, and two joined letters that eyes take for one.
pub(super) fn looks(text: &str) -> String {
    let plain = |c: u8| PLAIN.get(usize::from(c)).map_or("", String::as_str);
    let looks = if text.is_ascii() { text.bytes().map(plain).collect() } else { folded(text) };
    let joined =
        |looks: String, two: &str, one: &str| if looks.contains(two) { looks.replace(two, one) } else { looks };
    joined(joined(looks, "vv", "w"), "cl", "d")
}

/// The skeleton turns 0 into O and I into l, and names are compared without case.
fn folded(text: &str) -> String {
    skeleton(text).collect::<String>().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_one_domain() {
        let spelled = Spelled::new(Domain::new("Mail.Kita-Hoan.CO.JP."));
        assert_eq!(spelled.squeezed, "mailkitahoancojp");
        assert_eq!(spelled.unhyphened.iter().collect::<String>(), "mail.kitahoan");
        let looks = |written: &str| Spelled::new(Domain::new(written)).skeleton;
        assert_eq!(
            [looks("gmаil.com"), looks("vvind.jp"), looks("clean.jp")],
            [looks("gmail.com"), looks("wind.jp"), looks("dean.jp")]
        );
    }

    #[test]
    fn a_plain_text_looks_as_its_characters_do() {
        for one in 0..128u8 {
            for other in 0..128u8 {
                let text: String = [char::from(one), char::from(other)].iter().collect();
                let whole = folded(&text).replace("vv", "w").replace("cl", "d");
                assert_eq!(looks(&text), whole, "{text:?}");
            }
        }
    }
}
