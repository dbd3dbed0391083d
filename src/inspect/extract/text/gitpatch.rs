//! Binary files in a patch of git: packed, in base 85, as `git format-patch` and `git diff --binary` write them.
//!
//! In: a text. Out: the file's name and bytes. What is only the difference to a file that is elsewhere comes out as far as
//! it is here, and that it is not all is told. Deliberately absent: patches of text, which are text.

use std::io::Read as _;

use memchr::memmem;

use crate::inspect::Reason;

const BEGIN: &str = "GIT binary patch\n";

/// Base 85 as git has it.
const ALPHABET: &[u8; 85] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";

/// A file of a patch.
pub(super) struct File<'a> {
    pub(super) name: &'a str,
    pub(super) bytes: Vec<u8>,
    /// Why this is not all of it.
    pub(super) lack: Option<Reason>,
}

/// The first one in a text with its old form behind it, if that is there, and what follows. At most `limit` bytes are
/// unpacked.
pub(super) fn first(text: &str, limit: usize) -> Option<(File<'_>, &str)> {
    let mut from = 0;
    loop {
        let at = from + memmem::find(text.get(from..)?.as_bytes(), BEGIN.as_bytes())?;
        from = at + BEGIN.len();
        let rest = text.get(from..)?;
        let (head, lines) = rest.split_once('\n')?;
        let is_delta = head.starts_with("delta ");
        if !is_delta && !head.starts_with("literal ") {
            continue;
        }
        let before = text.get(..at).unwrap_or_default();
        let name = before.rfind("diff --git ").and_then(|at| before.get(at..)?.lines().next()?.split_once(" b/"));
        let (packed, after) = decoded(lines);
        let (bytes, failure) = unpacked(&packed, limit);
        let lack = failure.or(is_delta.then_some(Reason::Unsupported));
        return Some((File { name: name.map_or("patch", |(_, name)| name.trim_end()), bytes, lack }, after));
    }
}

/// The bytes of lines that each tell their length, up to an empty one.
fn decoded(lines: &str) -> (Vec<u8>, &str) {
    let (mut bytes, mut rest) = (Vec::new(), lines);
    while let Some((line, after)) = rest.split_once('\n').filter(|(line, _)| !line.trim_end().is_empty()) {
        let line = line.trim_end().as_bytes();
        let length = match line.first() {
            Some(c @ b'A'..=b'Z') => usize::from(c - b'A') + 1,
            Some(c @ b'a'..=b'z') => usize::from(c - b'a') + 27,
            _ => break,
        };
        let start = bytes.len();
        for group in line.get(1..).unwrap_or_default().chunks(5) {
            let value = |c: &u8| ALPHABET.iter().position(|letter| letter == c).unwrap_or_default() as u32;
            let number = group.iter().fold(0u32, |number, c| number.wrapping_mul(85).wrapping_add(value(c)));
            bytes.extend(number.to_be_bytes());
        }
        bytes.truncate(start + length);
        rest = after;
    }
    (bytes, rest)
}

fn unpacked(packed: &[u8], limit: usize) -> (Vec<u8>, Option<Reason>) {
    let mut bytes = Vec::new();
    let most = (limit as u64).saturating_add(1);
    let outcome = flate2::read::ZlibDecoder::new(packed).take(most).read_to_end(&mut bytes);
    let is_over = bytes.len() > limit;
    bytes.truncate(limit);
    (bytes, if is_over { Some(Reason::Limit) } else { outcome.err().map(|_| Reason::Damaged) })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn patch(content: &[u8], kind: &str) -> String {
        let mut writer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        writer.write_all(content).unwrap();
        let packed = writer.finish().unwrap();
        let line = |chunk: &[u8]| {
            let length = u8::try_from(chunk.len()).unwrap();
            let mut line = String::from(char::from(if length <= 26 { b'A' + length - 1 } else { b'a' + length - 27 }));
            for group in chunk.chunks(4) {
                let mut number =
                    u32::from_be_bytes(core::array::from_fn(|at| group.get(at).copied().unwrap_or_default()));
                let mut letters = [0; 5];
                for letter in letters.iter_mut().rev() {
                    *letter = ALPHABET[(number % 85) as usize];
                    number /= 85;
                }
                line.push_str(core::str::from_utf8(&letters).unwrap());
            }
            line + "\n"
        };
        let lines: String = packed.chunks(52).map(line).collect();
        format!(
            "diff --git a/a.csv b/a.csv\nindex 1..2 100644\n{BEGIN}{kind} {}\n{lines}\n{kind} 0\nHcmV?d00001\n\n",
            content.len()
        )
    }

    #[test]
    fn a_file_of_a_patch_comes_out() {
        let list = "氏名,電話\n山田花子,090-1234-5678\n".repeat(9);
        let text = format!("see\n{}bye\n", patch(list.as_bytes(), "literal"));
        let (file, after) = first(&text, 1 << 20).unwrap();
        assert_eq!((file.name, file.bytes.as_slice(), file.lack), ("a.csv", list.as_bytes(), None));
        assert!(after.ends_with("bye\n") && first(after, 9).is_none());
        assert!(first("a GIT binary patch\nis a thing\n", 9).is_none());
    }

    #[test]
    fn what_is_not_all_is_told_and_what_is_too_much_is_not_unpacked() {
        let text = patch(b"plain text that is long enough", "delta");
        assert_eq!(first(&text, 1 << 20).unwrap().0.lack, Some(Reason::Unsupported));
        let (file, _) = first(&text, 8).map(|(file, after)| (file, after.len())).unwrap();
        assert_eq!((file.bytes.len(), file.lack), (8, Some(Reason::Limit)));
        let broken = text.replace("\ndelta", "\nliteral").replacen("literal 30\n", "literal 30\nA00000\n", 1);
        assert_eq!(first(&broken, 99).unwrap().0.lack, Some(Reason::Damaged));
    }
}
