//! A mail address exactly as it was written in the envelope.
//!
//! In: the text between `<` and `>`. Out: an [`Address`] that keeps it to the letter, with its two halves.
//! Deliberately absent: the full grammar of RFC 5321 §4.1.2. Japanese phone addresses (`taro..yamada.@docomo.ne.jp`)
//! break it and must pass; what is refused is only what could be mistaken for a command or for another address, in
//! the eyes of any mail server behind us.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest address accepted, in bytes (RFC 5321 §4.5.3.1.3 allows a path of 256 with its angle brackets;
/// SMTPUTF8 addresses may need more).
const MAX_LENGTH: usize = 512;

/// One mail address, `local@domain`, kept to the letter.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    text: String,
    at: usize,
}

/// Why a text is not an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// There is no `@` with something on both sides of it.
    #[error("an address needs a local part and a domain, as in taro@example.co.jp")]
    Incomplete,
    /// It holds a space or comment outside quotes, an angle bracket or a control character.
    #[error("an address cannot contain spaces, brackets or control characters")]
    Forbidden,
    /// Its domain is neither a host name nor an address literal in square brackets.
    #[error("the domain may hold letters, digits, hyphens and points only, or be an address in square brackets")]
    Domain,
    /// It is longer than 512 bytes.
    #[error("the address is longer than 512 bytes")]
    TooLong,
}

impl Address {
    /// Reads an address; `text` is what stands between the angle brackets.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        if text.len() > MAX_LENGTH {
            return Err(AddressError::TooLong);
        }
        let at = text.rfind('@').ok_or(AddressError::Incomplete)?;
        let (local, domain) = (&text[..at], &text[at + 1..]);
        if local.is_empty() || domain.is_empty() {
            return Err(AddressError::Incomplete);
        }
        let quoted = local.len() >= 2 && local.starts_with('"') && local.ends_with('"');
        let forbidden = |c: char| c.is_control() || c == '<' || c == '>';
        let spaced = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')');
        if text.contains(forbidden) || (!quoted && local.contains(spaced)) {
            return Err(AddressError::Forbidden);
        }
        if !is_domain(domain) {
            return Err(AddressError::Domain);
        }
        Ok(Self { text: text.to_owned(), at })
    }

    /// The address as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What stands before the last `@`.
    pub fn local(&self) -> &str {
        &self.text[..self.at]
    }

    /// What stands after the last `@`, as written.
    pub fn domain(&self) -> &str {
        &self.text[self.at + 1..]
    }

    /// Whether a mail server may read another address out of the local part and send the mail on to that one:
    /// `user%evil.example@ours.example`, `evil.example!user@…`, `"user@evil.example"@…` (RFC 1123 §5.2.16; Postfix
    /// rewrites them by default). Such an address is where the local part says, not where the domain says.
    pub fn is_routed(&self) -> bool {
        self.local().contains(['@', '%', '!'])
    }

    /// The form in which two addresses are compared: lower case, as practically every mail system treats them.
    pub fn canonical(&self) -> String {
        self.text.to_lowercase()
    }

    /// Whether both name the same mailbox.
    pub fn same_mailbox(&self, other: &Self) -> bool {
        self.canonical() == other.canonical()
    }

    /// Whether both may reach one person: quotes, what follows a `+`, case and a dot behind the domain make no
    /// difference to many mail systems. It may say yes of two persons, so it is for excluding somebody, never for
    /// letting somebody do something; that is [`Address::same_mailbox`].
    pub fn may_be_same_person(&self, other: &Self) -> bool {
        self.person() == other.person()
    }

    /// The form in which the mails of a mailbox are counted: as [`Address::canonical`], and without the quotes and the dot
    /// behind the domain that change nothing about where it is. For counting only; `+tags` count apart, as a newsletter has
    /// one for each of its readers.
    pub fn counted(&self) -> String {
        format!("{}@{}", self.plain_local().to_lowercase(), self.domain().trim_end_matches('.').to_lowercase())
    }

    fn person(&self) -> (String, String) {
        let local = self.plain_local();
        let name = local.split('+').next().unwrap_or_default();
        (name.to_lowercase(), self.domain().trim_end_matches('.').to_lowercase())
    }

    /// What stands before the `@`, without quotes.
    fn plain_local(&self) -> String {
        let mut local = String::with_capacity(self.local().len());
        let mut chars = self.local().chars();
        while let Some(c) = chars.next() {
            match c {
                '"' => {}
                '\\' => local.extend(chars.next()),
                _ => local.push(c),
            }
        }
        local
    }
}

/// A host name, in ASCII or not, or an address literal. Signs that stand for a point or an at-sign elsewhere are none.
fn is_domain(domain: &str) -> bool {
    if let Some(literal) = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return !literal.is_empty()
            && literal.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '-'));
    }
    let look_alike = |c: char| matches!(c, '。' | '．' | '｡' | '＠' | '﹒' | '﹫' | '／' | '％' | '！');
    let fits = |c: char| match c {
        '-' | '.' | '_' => true,
        c if c.is_ascii() => c.is_ascii_alphanumeric(),
        c => !c.is_whitespace() && !c.is_control() && !look_alike(c),
    };
    domain.chars().all(fits)
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for Address {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, AddressError> {
        Self::parse(&text)
    }
}

impl std::str::FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        Self::parse(text)
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_japanese_phones_write() {
        for text in
            ["taro..yamada.@docomo.ne.jp", ".a@ezweb.ne.jp", "花子@例え.jp", "\"a b\"@example.jp", "a@[127.0.0.1]"]
        {
            assert_eq!(Address::parse(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn refuses_what_could_be_mistaken() {
        for (text, error) in [
            ("taro", AddressError::Incomplete),
            ("@example.jp", AddressError::Incomplete),
            ("taro@", AddressError::Incomplete),
            ("a b@example.jp", AddressError::Forbidden),
            ("a(c)@example.jp", AddressError::Forbidden),
            ("user@evil.com(.example.co.jp", AddressError::Domain),
            ("user@evil.com%.example.co.jp", AddressError::Domain),
            ("user@evil.com／.example.co.jp", AddressError::Domain),
            ("a@b.jp\r\nDATA", AddressError::Forbidden),
            ("a@b.jp> SIZE=1", AddressError::Forbidden),
            ("a,b@example.jp", AddressError::Forbidden),
        ] {
            assert_eq!(Address::parse(text), Err(error), "{text}");
        }
        assert_eq!(Address::parse(&format!("{}@b.jp", "a".repeat(600))), Err(AddressError::TooLong));
    }

    #[test]
    fn equal_spellings_may_be_the_same_person() {
        let suzuki = Address::parse("suzuki@example.co.jp").unwrap();
        for (text, same) in [
            ("suzuki@example.co.jp", true),
            ("suzuki+x@example.co.jp", true),
            ("suzuki+x+y@example.co.jp", true),
            ("\"suzuki\"@example.co.jp", true),
            ("\"su\\zuki+x\"@example.co.jp", true),
            ("SUZUKI@EXAMPLE.co.jp", true),
            ("suzuki@example.co.jp.", true),
            ("suzuki2@example.co.jp", false),
            ("suzuki@example.com", false),
            ("x+suzuki@example.co.jp", false),
        ] {
            let other = Address::parse(text).unwrap();
            assert_eq!((suzuki.may_be_same_person(&other), other.may_be_same_person(&suzuki)), (same, same), "{text}");
        }
    }

    #[test]
    fn a_mailbox_is_counted_under_one_name_however_it_is_written() {
        let counted = |text: &str| Address::parse(text).unwrap().counted();
        for text in ["Taro@Example.jp", "\"taro\"@example.jp", "\"t\\aro\"@example.jp.", "taro@example.jp."] {
            assert_eq!(counted(text), "taro@example.jp", "{text}");
        }
        assert_eq!(counted("taro+1@example.jp"), "taro+1@example.jp");
    }

    #[test]
    fn halves_split_at_the_last_at_sign() {
        let address = Address::parse("\"a@b\"@Example.JP").unwrap();
        assert_eq!((address.local(), address.domain()), ("\"a@b\"", "Example.JP"));
        assert_eq!(address.canonical(), "\"a@b\"@example.jp");
    }
}
