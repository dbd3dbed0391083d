//! An address list → names and addresses.
//!
//! In: the value of a From, To or Cc field (RFC 5322 §3.4). Out: its mailboxes, whatever state the list is in.
//! Deliberately absent: whether an address is one.

use super::super::charset;
use super::word::encoded_word;
use super::{decode, quoted_string, unfold};

/// One name and address of a From, To or Cc field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mailbox {
    /// The display name or, in the old style, the comment behind the address; empty if there is none.
    pub name: String,
    /// What stands between the angle brackets, as written.
    pub address: String,
}

/// Reads an address list (RFC 5322 §3.4): groups are opened, comments are names when there is no other.
pub fn mailboxes(value: &[u8]) -> Vec<Mailbox> {
    // Raw Japanese first becomes text: a second byte of Shift_JIS or JIS may look like a quote or a comma.
    let value = unfold(value);
    let text = charset::text(&value, None);
    let mut list = AddressList::default();
    let mut rest = &*text;
    while let Some(c) = rest.chars().next() {
        rest = list.step(c, rest);
    }
    list.finish_mailbox();
    list.found
}

/// Reads an address list token by token.
#[derive(Default)]
struct AddressList {
    found: Vec<Mailbox>,
    /// Words before the address, encoded words still encoded.
    phrase: String,
    comment: String,
    address: Option<String>,
    /// Whether the phrase holds an at sign.
    at_seen: bool,
}

impl AddressList {
    /// Takes the token that starts with `c` off `rest`.
    fn step<'a>(&mut self, c: char, rest: &'a str) -> &'a str {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        match c {
            '"' => {
                let (quoted, after) = quoted_string(after);
                self.phrase.push_str(&quoted);
                after
            }
            '(' => {
                let (comment, after) = comment(after);
                self.comment = comment.to_owned();
                after
            }
            '<' => {
                let end = after.find(['>', '\n']).unwrap_or(after.len());
                let (address, after) = after.split_at(end);
                // A source route (RFC 5322 §4.4) stands before a colon.
                let address = address.strip_prefix('@').and_then(|a| a.split_once(':')).map_or(address, |(_, a)| a);
                self.address = Some(address.trim().to_owned());
                after.get(1..).unwrap_or_default()
            }
            ',' | ';' => {
                self.finish_mailbox();
                after
            }
            // What stands before a colon is a group's name, not a person's.
            ':' if self.address.is_none() && !self.at_seen => {
                self.phrase.clear();
                after
            }
            // A comma or a quote inside an encoded word is part of the name.
            '=' => match encoded_word(rest.as_bytes()) {
                Some((_, tail)) if rest.is_char_boundary(rest.len() - tail.len()) => {
                    let (word, after) = rest.split_at(rest.len() - tail.len());
                    self.phrase.push_str(word);
                    after
                }
                _ => {
                    self.phrase.push(c);
                    after
                }
            },
            _ => {
                let next = after.find(['"', '(', '<', ',', ';', ':', '=']);
                let (run, after) = rest.split_at(next.map_or(rest.len(), |at| c.len_utf8() + at));
                self.at_seen |= run.contains('@');
                self.phrase.push_str(run);
                after
            }
        }
    }

    fn finish_mailbox(&mut self) {
        self.at_seen = false;
        let phrase = decode(std::mem::take(&mut self.phrase).as_bytes());
        let comment = std::mem::take(&mut self.comment);
        let comment = if comment.is_empty() { comment } else { decode(comment.as_bytes()) };
        let mailbox = match self.address.take() {
            Some(address) => Mailbox { name: if phrase.is_empty() { comment } else { phrase }, address },
            None => Mailbox { name: comment, address: phrase },
        };
        if !mailbox.address.is_empty() {
            self.found.push(mailbox);
        }
    }
}

/// Behind an opening parenthesis: the comment, inner ones included, and what follows.
fn comment(text: &str) -> (&str, &str) {
    let mut depth = 1u32;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default());
        }
    }
    (text, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    use super::super::sjis;

    #[test]
    fn mailboxes_as_people_write_them() {
        let read = |value: &[u8]| {
            mailboxes(value).into_iter().map(|m| format!("{}|{}", m.name, m.address)).collect::<Vec<_>>().join(" ; ")
        };
        let cases: [(&[u8], &str); 10] = [
            (b"taro@example.jp", "|taro@example.jp"),
            (b"Taro Yamada <taro@example.jp>, b@example.jp", "Taro Yamada|taro@example.jp ; |b@example.jp"),
            (b"\"Yamada, Taro\" <taro@example.jp>", "Yamada, Taro|taro@example.jp"),
            (b"taro@example.jp (Taro (T.) Yamada)", "Taro (T.) Yamada|taro@example.jp"),
            (b"=?utf-8?Q?a,_b?= <c@example.jp>", "a, b|c@example.jp"),
            (
                b"Friends: a@example.jp, B <b@example.jp>;, c@example.jp",
                "|a@example.jp ; B|b@example.jp ; |c@example.jp",
            ),
            (b"undisclosed-recipients:;", ""),
            (b"<@relay.example,@b.example:a@example.jp>", "|a@example.jp"),
            (b"\"a \\\"b\\\" c\" <d@example.jp>", "a \"b\" c|d@example.jp"),
            (b"taro..yamada.@docomo.ne.jp", "|taro..yamada.@docomo.ne.jp"),
        ];
        for (value, expected) in cases {
            assert_eq!(read(value), expected, "{}", String::from_utf8_lossy(value));
        }
        // An unclosed quote swallows the rest, but must not be lost: it comes back as the address text.
        assert!(read(b"\"open <a@example.jp>, b@example.jp").contains("b@example.jp"));
        assert_eq!(read(&sjis("髙橋 一郎ソ <a@example.jp>")), "髙橋 一郎ソ|a@example.jp");
        assert_eq!(read("花子 <花子@例え.jp>".as_bytes()), "花子|花子@例え.jp");
    }
}
