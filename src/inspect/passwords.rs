//! The organisation's list of passwords that may open what its people send.
//!
//! In: the text of the file, one password a line. Out: the list, for each mail's [`Job`](super::Job). Deliberately absent:
//! comments; a password may begin with any sign.

use std::sync::Arc;

/// How many there may be. Every one is tried on everything that is protected, and some formats make that slow on purpose.
const MOST: usize = 256;

/// No format takes longer ones.
const LONGEST: usize = 255;

/// The list; cheap to clone, and never shown.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Passwords(Arc<[String]>);

impl Passwords {
    /// Reads the file's text. An error says which line is wrong, not what stands in it.
    ///
    /// # Errors
    /// The first line that is no password, or a list that is too long.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut passwords = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            if line.is_empty() {
                continue;
            }
            if line.chars().count() > LONGEST {
                return Err(format!("{number}: this is no password, it is too long; write one a line"));
            }
            if passwords.len() == MOST {
                return Err(format!("{number}: there are more than {MOST} passwords; keep those that are in use"));
            }
            passwords.push(line.to_owned());
        }
        Ok(Self(passwords.into()))
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = &String> {
        self.0.iter()
    }
}

impl std::fmt::Debug for Passwords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Passwords").field(&self.0.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_one_password_a_line() {
        let list = Passwords::parse("\u{feff}Himitsu2026\r\n\n# no comment\n 秘密\n").unwrap();
        assert_eq!(list.iter().collect::<Vec<_>>(), ["Himitsu2026", "# no comment", " 秘密"]);
        assert_eq!(format!("{list:?}"), "Passwords(3)");
        let long = Passwords::parse(&format!("a\n{}", "x".repeat(256))).unwrap_err();
        assert!(long.starts_with("2: ") && !long.contains("xx"), "{long}");
        assert!(Passwords::parse(&"a\n".repeat(257)).unwrap_err().starts_with("257: there are more than 256"));
    }
}
