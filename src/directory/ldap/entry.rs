//! One entry of a directory, as it came.
//!
//! In: a search answer, or a name with attributes. Out: the texts of an attribute. Values are bytes: what is not UTF-8,
//! too long, or made to deceive the eye is no text. The library's own reader of entries panics on what is no entry; this
//! one says so. Deliberately absent: what an attribute means (`register`).

use std::collections::HashMap;

use ldap3::asn1::{PL, StructureTag};

/// A search result entry of RFC 4511, §4.5.2.
const ENTRY: u64 = 4;

/// Longer texts are no names, addresses or DNs.
const LONGEST: usize = 2_048;

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its distinguished name.
    pub(super) dn: String,
    /// By name in lower case, options included (`displayname;lang-ja`).
    attributes: HashMap<String, Vec<Vec<u8>>>,
}

impl Entry {
    /// The entry of a search answer; none if it is no entry.
    pub(super) fn of_answer(answer: StructureTag) -> Option<Self> {
        if answer.id != ENTRY {
            return None;
        }
        let mut parts = sequence(answer)?.into_iter();
        let dn = String::from_utf8(octets(parts.next()?)?).ok()?;
        let mut attributes: HashMap<String, Vec<Vec<u8>>> = HashMap::new();
        for attribute in sequence(parts.next()?)? {
            let mut parts = sequence(attribute)?.into_iter();
            let name = String::from_utf8(octets(parts.next()?)?).ok()?.to_ascii_lowercase();
            let values: Option<Vec<_>> = sequence(parts.next()?)?.into_iter().map(octets).collect();
            attributes.entry(name).or_default().extend(values?);
        }
        Some(Self { dn, attributes })
    }

    /// Its values under exactly this name that are texts, without spaces around them.
    pub(super) fn texts<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        let values = self.attributes.get(&name.to_ascii_lowercase());
        values.into_iter().flatten().filter_map(|value| text(value))
    }

    /// The same, also of the parts in which Active Directory gives long lists (`member;range=0-1499`), and where the
    /// next part begins.
    pub(super) fn all_texts<'a>(&'a self, name: &str) -> (Vec<&'a str>, Option<u64>) {
        let prefix = format!("{};range=", name.to_ascii_lowercase());
        let mut texts: Vec<&str> = self.texts(name).collect();
        let mut next = None;
        for (key, values) in &self.attributes {
            let Some(range) = key.strip_prefix(&prefix) else { continue };
            texts.extend(values.iter().filter_map(|value| text(value)));
            let last = range.split_once('-').and_then(|(_, last)| last.parse::<u64>().ok());
            next = next.max(last.and_then(|last| last.checked_add(1)));
        }
        (texts, next)
    }

    /// How much it weighs, about.
    pub(super) fn size(&self) -> usize {
        let of =
            |(name, values): (&String, &Vec<Vec<u8>>)| name.len() + values.iter().map(|v| v.len() + 24).sum::<usize>();
        self.dn.len() + self.attributes.iter().map(of).sum::<usize>()
    }

    /// Whether a value of these attributes is no text.
    pub(super) fn has_junk(&self, names: &[&str]) -> bool {
        let values = names.iter().filter_map(|name| self.attributes.get(&name.to_ascii_lowercase())).flatten();
        values.into_iter().any(|value| !value.is_empty() && text(value).is_none())
    }
}

fn sequence(tag: StructureTag) -> Option<Vec<StructureTag>> {
    match tag.payload {
        PL::C(parts) => Some(parts),
        PL::P(_) => None,
    }
}

fn octets(tag: StructureTag) -> Option<Vec<u8>> {
    match tag.payload {
        PL::P(bytes) => Some(bytes),
        PL::C(_) => None,
    }
}

fn text(value: &[u8]) -> Option<&str> {
    // Marks that turn the direction of writing make a name look like another one.
    let deceives = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let text = std::str::from_utf8(value).ok().filter(|text| text.len() <= LONGEST)?.trim();
    (!text.is_empty() && !text.contains(deceives)).then_some(text)
}

#[cfg(test)]
pub(super) mod tests {
    use ldap3::asn1::TagClass;

    use super::*;

    /// An entry as tests write it.
    pub(in crate::directory::ldap) fn entry(dn: &str, attributes: &[(&str, &str)]) -> Entry {
        let mut entry = Entry { dn: dn.to_owned(), attributes: HashMap::new() };
        for (name, value) in attributes {
            entry.attributes.entry(name.to_ascii_lowercase()).or_default().push(value.as_bytes().to_vec());
        }
        entry
    }

    /// The same with a value that is no text.
    pub(in crate::directory::ldap) fn with_bytes(mut entry: Entry, name: &str, value: &[u8]) -> Entry {
        entry.attributes.entry(name.to_ascii_lowercase()).or_default().push(value.to_vec());
        entry
    }

    fn tag(id: u64, payload: PL) -> StructureTag {
        StructureTag { class: TagClass::Universal, id, payload }
    }

    fn answer(name: &str, values: &[&[u8]]) -> StructureTag {
        let octets = |bytes: &[u8]| tag(4, PL::P(bytes.to_vec()));
        let values = tag(17, PL::C(values.iter().map(|value| octets(value)).collect()));
        let attribute = tag(16, PL::C(vec![octets(name.as_bytes()), values]));
        tag(ENTRY, PL::C(vec![octets("cn=a".as_bytes()), tag(16, PL::C(vec![attribute]))]))
    }

    #[test]
    fn an_answer_becomes_an_entry() {
        let entry =
            Entry::of_answer(answer("displayName;lang-JA", &["山田".as_bytes(), b" ", b"\xff\xfe", b"a\0b"])).unwrap();
        assert_eq!(entry.texts("DisplayName;lang-ja").collect::<Vec<_>>(), ["山田"]);
        assert_eq!(entry.texts("displayName").count(), 0);
        assert!(entry.has_junk(&["displayname;lang-ja"]) && !entry.has_junk(&["mail"]));
    }

    #[test]
    fn what_is_no_entry_is_none() {
        assert_eq!(Entry::of_answer(tag(19, PL::C(vec![]))), None, "a referral");
        assert_eq!(Entry::of_answer(tag(ENTRY, PL::P(vec![]))), None);
        assert_eq!(Entry::of_answer(tag(ENTRY, PL::C(vec![]))), None);
        assert_eq!(Entry::of_answer(tag(ENTRY, PL::C(vec![tag(4, PL::P(b"\xff".to_vec()))]))), None);
        let half =
            tag(ENTRY, PL::C(vec![tag(4, PL::P(b"cn=a".to_vec())), tag(16, PL::C(vec![tag(4, PL::P(vec![]))]))]));
        assert_eq!(Entry::of_answer(half), None);
    }

    #[test]
    fn long_lists_come_in_parts() {
        let group = entry("cn=g", &[("member;range=0-1", "cn=a"), ("member;range=0-1", "cn=b")]);
        assert_eq!(group.all_texts("Member"), (vec!["cn=a", "cn=b"], Some(2)));
        let last = entry("cn=g", &[("member;range=2-*", "cn=c")]);
        assert_eq!(last.all_texts("member"), (vec!["cn=c"], None));
        let torn = entry("cn=g", &[("member;range=18446744073709551615-18446744073709551615", "cn=c")]);
        assert_eq!(torn.all_texts("member").1, None);
    }

    #[test]
    fn names_that_deceive_the_eye_are_no_texts() {
        assert_eq!(text("taro\u{202e}pj.oc".as_bytes()), None);
        assert_eq!(text(&[b'a'; LONGEST + 1]), None);
        assert_eq!(text("  花子 ".as_bytes()), Some("花子"));
    }
}
