//! Distinguished names, as far as two spellings of one must be recognised.
//!
//! In: a DN as a server or an administrator writes it (RFC 4514). Out: a form that is the same for every spelling: case,
//! spaces around signs, `\2C` or `\,`, the order of the parts of a multi-valued RDN. Deliberately absent: the equality of
//! attributes with two names (`cn`, `commonName`), and the quotes of RFC 1779.

/// Between RDNs, and between the parts of one; signs that no name can hold, see [`Part::take`].
const RDN: char = '\u{1}';
const PART: char = '\u{2}';

/// The same for every spelling of one DN.
pub(super) fn normal(dn: &str) -> String {
    let mut rdns: Vec<Vec<String>> = vec![Vec::new()];
    let mut part = Part::default();
    let mut bytes = dn.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => part.escaped(&mut bytes),
            b',' | b';' => {
                rdns.last_mut().into_iter().for_each(|rdn| rdn.push(part.take()));
                rdns.push(Vec::new());
            }
            b'+' => rdns.last_mut().into_iter().for_each(|rdn| rdn.push(part.take())),
            byte => part.plain(byte),
        }
    }
    rdns.last_mut().into_iter().for_each(|rdn| rdn.push(part.take()));
    let joined = rdns.into_iter().map(|mut parts| {
        parts.sort_unstable();
        parts.join(&PART.to_string())
    });
    joined.collect::<Vec<_>>().join(&RDN.to_string())
}

/// The value of the first RDN, for showing.
pub(super) fn first_value(dn: &str) -> String {
    let mut part = Part::default();
    let mut bytes = dn.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => part.escaped(&mut bytes),
            b',' | b';' | b'+' => break,
            byte => part.plain(byte),
        }
    }
    let text = part.shown();
    text.split_once('=').map(|(_, value)| value.to_owned()).unwrap_or(text)
}

/// `attribute=value`, being read.
#[derive(Default)]
struct Part {
    bytes: Vec<u8>,
    /// Up to here no space is one that may be dropped.
    kept: usize,
    in_value: bool,
}

impl Part {
    fn plain(&mut self, byte: u8) {
        let begins = self.kept == 0 || (self.in_value && self.bytes.get(self.kept - 1..) == Some(b"="));
        match byte {
            b' ' if begins && self.bytes.len() == self.kept => return,
            b'=' if !self.in_value => {
                self.bytes.truncate(self.kept);
                self.in_value = true;
            }
            _ => {}
        }
        self.bytes.push(byte);
        if byte != b' ' {
            self.kept = self.bytes.len();
        }
    }

    /// What follows a backslash: two hexadecimal digits, or a sign that is meant as it is.
    fn escaped(&mut self, bytes: &mut std::str::Bytes<'_>) {
        let Some(first) = bytes.next() else { return };
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let mut ahead = bytes.clone();
        match (digit(first), ahead.next().and_then(digit)) {
            (Some(high), Some(low)) => {
                *bytes = ahead;
                self.bytes.push(high << 4 | low);
            }
            _ => self.bytes.push(first),
        }
        self.kept = self.bytes.len();
    }

    fn shown(&mut self) -> String {
        self.bytes.truncate(self.kept);
        let text = String::from_utf8_lossy(&self.bytes).into_owned();
        *self = Self::default();
        text
    }

    fn take(&mut self) -> String {
        self.shown().to_lowercase().replace(char::is_control, "\u{fffd}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_are_one() {
        let same = [
            "CN=山田\\, 太郎,OU=営業部,DC=example,DC=jp",
            "cn=山田\\2c 太郎, ou=営業部, dc=Example, dc=JP",
            "cn = 山田\\2C 太郎 ,ou=\\E5\\96\\b6業部;dc=example,dc=jp",
        ];
        for spelling in same {
            assert_eq!(normal(spelling), normal(same[0]), "{spelling}");
        }
        assert_eq!(normal("cn=a+uid=b,dc=c"), normal("UID=b + CN=a,dc=c"));
        assert_eq!(normal("cn=a\\ ,dc=c"), normal("cn=a\\20,dc=c"));
    }

    #[test]
    fn different_names_stay_different() {
        for (one, other) in [
            ("cn=a,dc=b", "cn=a\\,dc=b"),
            ("cn=a\\ ,dc=c", "cn=a,dc=c"),
            ("cn=a b,dc=c", "cn=ab,dc=c"),
            ("cn=a+b,dc=c", "cn=a\\+b,dc=c"),
            ("cn=a,dc=c", "cn=a\\01dc=c"),
            ("", "cn=a"),
        ] {
            assert_ne!(normal(one), normal(other), "{one} {other}");
        }
    }

    #[test]
    fn torn_names_break_nothing() {
        for torn in ["\\", "cn=\\", "cn=\\e5", "=", ",,", "+", "cn=\\zz", " = , = "] {
            normal(torn);
            first_value(torn);
        }
        assert_eq!(first_value("CN=情報\\, 法務,DC=jp"), "情報, 法務");
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_in_normal_form_is_read_as_the_same(dn in "([a-z]{1,3}=[a-zあ-ん ]{1,4},){0,3}[a-z]=[a-z]") {
            proptest::prop_assert_eq!(normal(&dn), normal(&dn.to_uppercase().replace(',', " , ")));
        }
    }
}
