//! RTF → tokens: groups, control words, bytes of text.
//!
//! In: the file's bytes. Out: what comes next, never an error. Deliberately absent: what control words mean.

/// The longest control word; beyond it letters are text.
const WORD: usize = 32;

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    Open,
    Close,
    /// `\word` or `\word12`.
    Word(&'a [u8], Option<i32>),
    /// `\*`, `\~`, ….
    Symbol(u8),
    /// A byte of text, as it stands or as `\'8e`.
    Byte(u8),
    /// What `\bin` announced.
    Binary(&'a [u8]),
}

/// Reads a file from its start to its end.
pub(crate) struct Tokens<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Tokens<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// How many bytes are read.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn take_while(&mut self, longest: usize, is_part: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = rest.iter().take(longest).take_while(|&&c| is_part(c)).count();
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// What stands behind a backslash.
    fn control(&mut self) -> Option<Token<'a>> {
        let first = self.peek()?;
        if first == b'\'' {
            self.at += 1;
            let digits = self.bytes.get(self.at..self.at.saturating_add(2)).unwrap_or_default();
            let value = std::str::from_utf8(digits).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok());
            // What is no number stays to be read as text.
            self.at += if value.is_some() { 2 } else { 0 };
            return Some(value.map_or(Token::Symbol(b'\''), Token::Byte));
        }
        if !first.is_ascii_alphabetic() {
            self.at += 1;
            return Some(match first {
                b'\\' | b'{' | b'}' => Token::Byte(first),
                _ => Token::Symbol(first),
            });
        }
        let word = self.take_while(WORD, |c| c.is_ascii_alphabetic());
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        self.take_while(10, |c| c.is_ascii_digit());
        let number = self.bytes.get(start..self.at).and_then(|n| std::str::from_utf8(n).ok()?.parse().ok());
        self.at += usize::from(self.peek() == Some(b' '));
        if word == b"bin" {
            let length = usize::try_from(number.unwrap_or(0)).unwrap_or(0);
            let rest = self.bytes.get(self.at..).unwrap_or_default();
            let data = rest.get(..length).unwrap_or(rest);
            self.at += data.len();
            return Some(Token::Binary(data));
        }
        Some(Token::Word(word, number))
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let c = self.peek()?;
            self.at += 1;
            match c {
                b'{' => return Some(Token::Open),
                b'}' => return Some(Token::Close),
                b'\\' => return self.control(),
                b'\r' | b'\n' => {}
                _ => return Some(Token::Byte(c)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_told() {
        let tokens: Vec<Token<'_>> = Tokens::new(b"{\\u-3\\'8e\\\\a\\bin3 {}x}\\*\\'zz\\b").collect();
        assert_eq!(
            tokens,
            [
                Token::Open,
                Token::Word(b"u", Some(-3)),
                Token::Byte(0x8e),
                Token::Byte(b'\\'),
                Token::Byte(b'a'),
                Token::Binary(b"{}x"),
                Token::Close,
                Token::Symbol(b'*'),
                Token::Symbol(b'\''),
                Token::Byte(b'z'),
                Token::Byte(b'z'),
                Token::Word(b"b", None),
            ]
        );
        assert_eq!(Tokens::new(b"\\bin99 ab").last(), Some(Token::Binary(b"ab")));
        assert_eq!(Tokens::new(b"\\").last(), None);
    }
}
