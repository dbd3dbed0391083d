//! Mails and logs of earlier days, one after the other.
//!
//! In: files and folders. Out: each mail, or its lesson if only a log tells of it, and when it was sent. A file is told by
//! its content: an mbox begins with `From `, a Postfix log has its daemons' names, anything else is one mail. Maildirs and
//! folders are walked. Of a mail the header and the first kilobytes behind it are read, in which the letter's head stands.
//! Deliberately absent: attachments, and what the letter says; whom it greets is `recipients`' to read.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use super::{postfix, unreadable};
use crate::{cli::Failure, mail::Message, recipients::Lesson};

/// No header is longer; what comes behind is not read.
const HEADER: usize = 1 << 20;
/// So much of what comes behind the header is read: whom a letter greets stands in its first lines.
const BODY: usize = 64 << 10;
/// So much of a file tells what it is.
const GLIMPSE: usize = 64 << 10;

/// One file that may hold mails.
pub(super) struct Source {
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
}

/// A mail that was sent.
pub(super) enum Sent {
    /// Its header and the beginning of its body.
    Mail(Message),
    /// What a log tells of it.
    Logged(Lesson),
}

impl Sent {
    /// What it teaches without its text.
    pub(super) fn lesson(&self) -> Lesson {
        match self {
            Self::Mail(message) => Lesson::of_message(message),
            Self::Logged(lesson) => lesson.clone(),
        }
    }
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
pub(super) fn read(path: &Path, learn: &mut dyn FnMut(Sent, Timestamp)) -> io::Result<()> {
    let mut file = BufReader::with_capacity(GLIMPSE, File::open(path)?);
    let glimpse = file.fill_buf()?;
    if glimpse.starts_with(b"From ") {
        return mbox(file, learn);
    }
    if postfix::is_log(glimpse) {
        return postfix::read(file, learn);
    }
    let mut mail = Mail::default();
    let mut line = Vec::new();
    while mail.wants_more() {
        line.clear();
        if file.by_ref().take(HEADER as u64).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        mail.add(&line);
    }
    mail.finish(learn);
    Ok(())
}

/// Mails one after the other, each behind a line that begins with `From ` (RFC 4155).
fn mbox(mut file: impl BufRead, learn: &mut dyn FnMut(Sent, Timestamp)) -> io::Result<()> {
    let (mut mail, mut after_empty) = (Mail::default(), true);
    let mut line = Vec::new();
    loop {
        line.clear();
        let ended = file.by_ref().take(HEADER as u64).read_until(b'\n', &mut line)? == 0;
        if ended || (after_empty && line.starts_with(b"From ")) {
            std::mem::take(&mut mail).finish(learn);
            if ended {
                return Ok(());
            }
            after_empty = false;
            continue;
        }
        after_empty = is_empty(&line);
        mail.add(&line);
    }
}

fn is_empty(line: &[u8]) -> bool {
    matches!(line, b"\n" | b"\r\n")
}

/// A mail that is being read, line by line, as far as it is wanted.
#[derive(Default)]
struct Mail {
    bytes: Vec<u8>,
    /// Where the body begins, once it has begun.
    body: Option<usize>,
}

impl Mail {
    fn add(&mut self, line: &[u8]) {
        let end = self.body.map_or(HEADER, |body| body + BODY);
        let room = end.saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(line.get(..room).unwrap_or(line));
        if self.body.is_none() && is_empty(line) {
            self.body = Some(self.bytes.len());
        }
    }

    fn wants_more(&self) -> bool {
        self.bytes.len() < self.body.map_or(HEADER, |body| body + BODY)
    }

    fn finish(self, learn: &mut dyn FnMut(Sent, Timestamp)) {
        let message = Message::new(self.bytes);
        let date = message.header("Date").map(|date| String::from_utf8_lossy(date.value).trim().to_owned());
        let at = date.and_then(|date| mail_parser::DateTime::parse_rfc822(&date));
        let at = at.and_then(|at| Timestamp::from_second(at.to_timestamp()).ok());
        if let Some(at) = at {
            learn(Sent::Mail(message), at);
        }
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
        read(&path, &mut |sent, at| {
            let lesson = sent.lesson();
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

    fn bodies(content: &[u8]) -> Vec<Vec<u8>> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sent");
        fs::write(&path, content).unwrap();
        let mut all = Vec::new();
        read(&path, &mut |sent, _| {
            if let Sent::Mail(message) = sent {
                all.push(message.body().to_vec());
            }
        })
        .unwrap();
        all
    }

    #[test]
    fn the_beginning_of_each_body_is_read_and_no_more() {
        let head = "From: a@x.jp\nTo: b@y.jp\nDate: Fri, 20 Nov 2026 10:00:00 +0900\n\n";
        let mbox = format!("From a\n{head}one\n\nFrom b\n{head}two\n\n2\n");
        assert_eq!(bodies(mbox.as_bytes()), [b"one\n\n".to_vec(), b"two\n\n2\n".to_vec()]);
        assert_eq!(bodies(format!("{head}one\n").as_bytes()), [b"one\n".to_vec()]);
        // Many lines, one endless line, and a header that does not end.
        for content in [format!("{head}{}", "x\n".repeat(1 << 20)), format!("{head}{}", "x".repeat(3 << 20))] {
            assert_eq!(bodies(content.as_bytes())[0].len(), BODY);
            let two = bodies(format!("From a\n{content}\n\nFrom b\n{head}two\n").as_bytes());
            assert_eq!((two[0].len(), two[1].as_slice()), (BODY, &b"two\n"[..]));
        }
        let endless = format!("Date: Fri, 20 Nov 2026 10:00:00 +0900\n{}", "X: y\n".repeat(1 << 20));
        assert!(bodies(endless.as_bytes())[0].len() <= HEADER);
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
