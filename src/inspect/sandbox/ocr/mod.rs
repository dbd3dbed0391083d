//! What is written in pictures, read by the tesseract program in a process of its own.
//!
//! In: pictures that a worker came across. Out: their text, or none for those that could not be read, which stay
//! `uninspected: image`. A worker can start nothing, so its parent does, for one picture at a time: this program again,
//! which locks itself in ([`lock`]) and then becomes tesseract, so that a picture made to take tesseract over finds
//! nothing to take. Off unless the configuration asks for it. Deliberately absent: judging how well a text was read.

mod lock;
mod program;

use std::{path::PathBuf, process::Stdio, time::Duration};

use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::Command,
    time::{Instant, timeout_at},
};

pub use lock::{OCR_COMMAND, Options, main};
pub use program::{Lack, Program};

use super::Identity;
use crate::inspect::PictureText;

/// More text than this is on no picture.
const TEXT: u64 = 1 << 20;

/// How pictures begin that tesseract reads; others would only cost it a start.
const PICTURES: [&[u8]; 10] = [
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"GIF8",
    b"II*\0",
    b"MM\0*",
    b"BM",
    b"RIFF",
    b"\0\0\0\x0cjP  ",
    b"P4",
    b"P6",
];

/// How pictures are read; from `[inspection.ocr]`.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The program and its data.
    pub program: Program,
    /// In which languages, as tesseract names them.
    pub languages: Vec<String>,
    /// How long one picture may take.
    pub timeout: Duration,
    /// How many of one mail are looked at, and how large.
    pub bounds: Bounds,
}

/// How many pictures are looked at, and how large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Bounds {
    /// So many of one mail.
    pub pictures: u32,
    /// So many bytes each.
    pub each: usize,
    /// So many bytes in all.
    pub bytes: usize,
}

/// Pictures that nobody has looked at.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Pictures {
    /// Part number and length of each.
    pub(super) parts: Vec<(u64, usize)>,
    /// One after the other.
    pub(super) bytes: Vec<u8>,
}

impl Pictures {
    pub(super) fn push(&mut self, part: u64, bytes: &[u8]) {
        self.parts.push((part, bytes.len()));
        self.bytes.extend_from_slice(bytes);
    }

    /// Part number and bytes of each. What a worker that was taken over says of bytes that it did not send is left out.
    fn iter(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let mut rest = self.bytes.as_slice();
        self.parts.iter().map_while(move |(part, length)| {
            let (picture, after) = rest.split_at_checked(*length)?;
            rest = after;
            Some((*part, picture))
        })
    }
}

/// Why a picture stays unread.
#[derive(Debug, thiserror::Error)]
enum Unseen {
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("it took too long")]
    Timeout,
    #[error("the program ended with {0}")]
    Failed(std::process::ExitStatus),
}

impl Bounds {
    /// Whether there is room for a picture of so many bytes, which is then taken up.
    pub(super) fn take(&mut self, bytes: usize) -> bool {
        let fits = self.pictures > 0 && bytes > 0 && bytes <= self.each && bytes <= self.bytes;
        if fits {
            self.pictures -= 1;
            self.bytes -= bytes;
        }
        fits
    }
}

/// Who looks at pictures.
#[derive(Debug)]
pub(super) struct Eye {
    /// This program, which becomes tesseract.
    pub(super) program: PathBuf,
    pub(super) settings: Settings,
    pub(super) user: Identity,
}

impl Eye {
    /// The texts of those pictures that could be read until the deadline.
    pub(super) async fn look(&self, pictures: &Pictures, deadline: Instant) -> Vec<PictureText> {
        let mut texts = Vec::new();
        for (part, picture) in pictures.iter() {
            if !PICTURES.iter().any(|magic| picture.starts_with(magic)) {
                continue;
            }
            let until = deadline.min(Instant::now() + self.settings.timeout);
            match self.read(picture, until).await {
                Ok(text) => texts.push(PictureText { part, text }),
                Err(why) => tracing::warn!(%why, bytes = picture.len(), "a picture could not be read"),
            }
        }
        texts
    }

    async fn read(&self, picture: &[u8], until: Instant) -> Result<String, Unseen> {
        let mut child = Command::new(&self.program)
            .args(self.options().arguments())
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let write = async move {
            if let Some(mut input) = input {
                // A program that does not want all of it says why by its status.
                let _ = input.write_all(picture).await;
            }
        };
        let read = async move {
            let mut text = Vec::new();
            if let Some(output) = output {
                output.take(TEXT).read_to_end(&mut text).await?;
            }
            Ok::<_, std::io::Error>(text)
        };
        let all = async { (tokio::join!(write, read).1, child.wait().await) };
        let Ok((text, status)) = timeout_at(until, all).await else {
            return Err(Unseen::Timeout);
        };
        let (text, status) = (text?, status?);
        if !status.success() {
            return Err(Unseen::Failed(status));
        }
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    fn options(&self) -> Options {
        let Program { path, data } = self.settings.program.clone();
        Options {
            program: path,
            data,
            languages: self.settings.languages.join("+"),
            seconds: self.settings.timeout.as_secs().max(1),
            user: self.user,
        }
    }
}
