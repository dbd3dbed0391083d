//! Mails and logs of earlier days, one after the other.
//!
//! In: files and folders. Out: the lesson of each mail and when it was sent. A file is told by its content: an mbox begins
//! with `From `, a Postfix log has its daemons' names, anything else is one mail. Maildirs and folders are walked.
//! Deliberately absent: bodies; only header fields are looked at, and nothing else of a mail is parsed here.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use super::{postfix, unreadable};
use crate::{cli::Failure, mail::Message, recipients::Lesson};

/// No header is longer; what comes behind is not read.
const HEADER: u64 = 1 << 20;
/// So much of a file tells what it is.
const GLIMPSE: usize = 64 << 10;

/// One file that may hold mails.
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
}

/// All files under these paths, in the order of their names.
pub(super) fn files(paths: &[PathBuf]) -> Result<Vec<Source>, Failure> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = paths.iter().rev().cloned().collect();
    while let Some(path) = open.pop() {
        let about = fs::metadata(&path).map_err(|error| unreadable(&path, &error))?;
        if about.is_dir() {
            let entries = fs::read_dir(&path).and_then(Iterator::collect::<io::Result<Vec<_>>>);
            let mut entries: Vec<PathBuf> =
                entries.map_err(|error| unreadable(&path, &error))?.iter().map(fs::DirEntry::path).collect();
            entries.sort_by(|a, b| b.cmp(a));
            open.extend(entries);
        } else {
            found.push(Source { path, bytes: about.len() });
        }
    }
    Ok(found)
}

/// Reads one file; `learn` gets each mail in it.
pub(super) fn read(path: &Path, learn: &mut dyn FnMut(Lesson, Timestamp)) -> io::Result<()> {
    let mut file = BufReader::with_capacity(GLIMPSE, File::open(path)?);
    let glimpse = file.fill_buf()?;
    if glimpse.starts_with(b"From ") {
        return mbox(file, learn);
    }
    if postfix::is_log(glimpse) {
        return postfix::read(file, learn);
    }
    let mut header = Vec::new();
    file.take(HEADER).read_to_end(&mut header)?;
    one(header, learn);
    Ok(())
}

/// Mails one after the other, each behind a line that begins with `From ` (RFC 4155).
fn mbox(mut file: impl BufRead, learn: &mut dyn FnMut(Lesson, Timestamp)) -> io::Result<()> {
    let (mut header, mut in_header, mut after_empty) = (Vec::new(), false, true);
    let mut line = Vec::new();
    loop {
        line.clear();
        let ended = file.by_ref().take(HEADER).read_until(b'\n', &mut line)? == 0;
        if ended || (after_empty && line.starts_with(b"From ")) {
            one(std::mem::take(&mut header), learn);
            if ended {
                return Ok(());
            }
            (in_header, after_empty) = (true, false);
            continue;
        }
        after_empty = matches!(line.as_slice(), b"\n" | b"\r\n");
        in_header &= !after_empty;
        if in_header && (header.len() as u64) < HEADER {
            header.extend_from_slice(&line);
        }
    }
}

fn one(header: Vec<u8>, learn: &mut dyn FnMut(Lesson, Timestamp)) {
    let message = Message::new(header);
    let date = message.header("Date").map(|date| String::from_utf8_lossy(date.value).trim().to_owned());
    let at = date.and_then(|date| mail_parser::DateTime::parse_rfc822(&date));
    let at = at.and_then(|at| Timestamp::from_second(at.to_timestamp()).ok());
    if let Some(at) = at {
        learn(Lesson::of_message(&message), at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learned(name: &str, content: &[u8]) -> Vec<(String, Vec<String>, String)> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        fs::write(&path, content).unwrap();
        let mut all = Vec::new();
        read(&path, &mut |lesson, at| {
            all.push((lesson.sender, lesson.to.into_iter().map(|to| to.address).collect(), at.to_string()));
        })
        .unwrap();
        all
    }

    fn mail(from: &str, to: &str) -> (String, Vec<String>, String) {
        (from.to_owned(), vec![to.to_owned()], "2026-11-20T01:00:00Z".to_owned())
    }

    const ONE: &str =
        "From: A <a@x.jp>\nTo: =?utf-8?q?B?= <B@y.jp>\nDate: Fri, 20 Nov 2026 10:00:00 +0900\n\nFrom: z@z.jp\n";

    #[test]
    fn mbox_and_single_mails_are_told_apart() {
        let mbox =
            format!("From a@x.jp Fri Nov 20\n{ONE}\nFrom here on is text\n\nFrom b\n{}", ONE.replace("a@", "c@"));
        assert_eq!(learned("sent", mbox.as_bytes()).len(), 3 - 1);
        assert_eq!(learned("1.eml", ONE.as_bytes()), [mail("a@x.jp", "b@y.jp")]);
        assert_eq!(learned("crlf.eml", ONE.replace('\n', "\r\n").as_bytes()), [mail("a@x.jp", "b@y.jp")]);
        assert!(learned("picture.png", b"\x89PNG\r\n\x1a\n").is_empty());
        assert!(learned("empty", b"").is_empty());
        // Without a date nobody knows how old it is.
        assert!(learned("2.eml", b"From: a@x.jp\nTo: b@y.jp\n\n").is_empty());
    }

    #[test]
    fn a_maildir_is_walked_in_order() {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["cur", "new", "tmp"] {
            fs::create_dir(dir.path().join(folder)).unwrap();
        }
        for name in ["new/2", "cur/1:2,S"] {
            fs::write(dir.path().join(name), ONE).unwrap();
        }
        let found = files(&[dir.path().to_owned()]).ok().unwrap();
        let names: Vec<String> =
            found.iter().map(|source| source.path.strip_prefix(dir.path()).unwrap().display().to_string()).collect();
        assert_eq!(names, ["cur/1:2,S", "new/2"]);
        assert!(files(&[dir.path().join("nothing")]).is_err());
    }
}
