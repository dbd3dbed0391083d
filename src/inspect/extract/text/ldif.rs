//! LDIF (RFC 2849): what directories export, with every name that is not ASCII in base64.
//!
//! In: a text that begins as such a file does. Out: its lines, folds undone and values in letters; what is no text (photos,
//! certificates) comes out as files. Deliberately absent: changes (`changetype`) as anything but the lines they are.

use crate::mail::{charset, header};

/// A file with its lines readable.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Readable {
    pub(crate) text: String,
    /// What is no text, by the name of its attribute.
    pub(crate) files: Vec<(String, Vec<u8>)>,
}

/// Whether a text is a directory's export: behind comments and its version it names an entry. Settings in YAML have a
/// version too, and lines that are no folds.
pub(crate) fn is_ldif(text: &str) -> bool {
    let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim_end);
    let mut lines = lines.filter(|line| !line.starts_with('#') && !line.is_empty());
    let first = lines.next().filter(|line| !matches!(*line, "version: 1" | "version:1"));
    first
        .or_else(|| lines.next())
        .is_some_and(|line| line.strip_prefix("dn:").is_some_and(|name| name.starts_with(':') || name.contains('=')))
}

/// Makes an export readable.
pub(crate) fn readable(text: &str) -> Readable {
    let mut readable = Readable::default();
    for line in text.replace("\r\n", "\n").replace("\n ", "").lines() {
        let value = line.split_once("::").filter(|(name, _)| is_attribute(name));
        let Some((name, value)) = value else {
            readable.line(line);
            continue;
        };
        let bytes = header::base64(value.as_bytes());
        let is_text = !bytes.iter().any(|c| c.is_ascii_control() && !c.is_ascii_whitespace());
        match charset::read(&bytes, Some("utf-8")) {
            decoded if is_text && !decoded.damaged => readable.line(&format!("{name}: {}", decoded.text)),
            _ => {
                readable.line(name);
                readable.files.push((name.to_owned(), bytes));
            }
        }
    }
    readable
}

impl Readable {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }
}

/// `displayName`, `userCertificate;binary`, `2.5.4.3`.
fn is_attribute(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b';' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_export_is_told_by_its_first_line() {
        assert!(is_ldif("version: 1\n\ndn: cn=a\n"));
        assert!(is_ldif("# extended LDIF\n#\n\ndn:: Y249\n"));
        assert!(!is_ldif("Hello\ndn: cn=a\n"));
        assert!(!is_ldif("version: 1.2\nservices:\n  web:\n"));
        assert!(!is_ldif("version: 1\nname: x\n"));
    }

    #[test]
    fn names_in_base64_are_read_and_folds_undone() {
        let export = "dn: cn=1\r\ndisplayName:: 5bGx55Sw6Iqx\r\n 5a2Q\r\nmail: hanako@exam\r\n ple.co.jp\r\n\
                      url: http://a.jp/x::y\r\njpegPhoto:: /9j/4AAQSkZJRg==\r\n";
        assert_eq!(
            readable(export),
            Readable {
                text: "dn: cn=1\ndisplayName: 山田花子\nmail: hanako@example.co.jp\nurl: http://a.jp/x::y\njpegPhoto\n"
                    .to_owned(),
                files: vec![("jpegPhoto".to_owned(), b"\xff\xd8\xff\xe0\x00\x10JFIF".to_vec())],
            }
        );
    }
}
