//! What parent and worker say to each other over the worker's standard input and output.
//!
//! A frame is a JSON head and raw bytes: `u32` length of the head, `u64` length of the bytes, both little-endian,
//! then the two. Deliberately absent: versions. Both ends are the same binary.

use std::{
    borrow::Cow,
    io::{self, Read, Write},
    path::PathBuf,
    time::Duration,
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::{identity::Identity, lockdown::Protection, ocr};
use crate::inspect::{Heard, Inspection, Job, Limits, RuleSource};

/// No head is longer than this: an inspection with all its examples is some kilobytes.
const MAX_HEAD: usize = 64 << 20;
/// No mail is longer than this, whatever the configuration says.
const MAX_BODY: u64 = 4 << 30;
const PREFIX: usize = 12;
/// How much is written at once: what a pipe holds.
const TOGETHER: usize = 64 << 10;

/// The first frame to a worker: what it must know before it is locked down.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Setup {
    /// Rules that add to or replace the built-in ones.
    pub rules: Vec<RuleSource>,
    /// The organisation's rules, among which the files of exact data and of registered documents are.
    pub shelf: Option<PathBuf>,
    /// How much of one mail is read.
    pub limits: Limits,
    /// How many bytes of memory the worker may use.
    pub memory: u64,
    /// Who the worker becomes, where it was started as root.
    pub user: Identity,
}

/// The worker's answer to [`Setup`].
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Readiness {
    /// Rules loaded, locked down, and how well.
    Ready(Protection),
    /// It cannot work, and why.
    Failed(String),
}

/// One mail, whose bytes are the frame's.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Request<'j> {
    /// What is to be inspected.
    pub job: Cow<'j, Job>,
    /// After so long nothing more of it is read.
    pub time: Duration,
    /// After so much work on it nothing more of it is read.
    pub work: Duration,
    /// After so much work on one part the rest of that part is not read.
    pub part_time: Duration,
    /// How many of its pictures are to be sent back.
    pub pictures: ocr::Bounds,
}

/// What a worker says about a [`Request`], the last word last.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Word {
    /// A part that may take long is begun.
    Begin {
        /// Its number.
        part: u64,
        /// Where it is.
        place: String,
        /// How long this process has worked, ever.
        spent: Duration,
    },
    /// It came to its end.
    End {
        /// Its number.
        part: u64,
        /// How long this process has worked, ever.
        spent: Duration,
    },
    /// The whole mail was read.
    Done(Box<Answer>),
}

/// The answer to a [`Request`]; the frame's bytes are the pictures, one after the other.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Answer {
    /// What was found.
    pub inspection: Inspection,
    /// What is to be remembered. It stands beside the inspection, which is shown to people.
    pub heard: Heard,
    /// Pictures that nobody has looked at: part number and length.
    pub pictures: Vec<(u64, usize)>,
}

fn head_and_prefix(head: &impl Serialize, body: &[u8]) -> io::Result<Vec<u8>> {
    let mut frame = vec![0; PREFIX];
    serde_json::to_writer(&mut frame, head)?;
    let head_length = u32::try_from(frame.len() - PREFIX).map_err(io::Error::other)?;
    frame[..4].copy_from_slice(&head_length.to_le_bytes());
    frame[4..PREFIX].copy_from_slice(&(body.len() as u64).to_le_bytes());
    Ok(frame)
}

fn lengths(prefix: [u8; PREFIX], most: u64) -> io::Result<(usize, usize)> {
    let [a, b, c, d, body @ ..] = prefix;
    let head = u32::from_le_bytes([a, b, c, d]) as usize;
    let body = u64::from_le_bytes(body);
    if head > MAX_HEAD || body > most {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "frame is too long"));
    }
    Ok((head, usize::try_from(body).map_err(io::Error::other)?))
}

/// Sends one frame, from the worker's side.
pub(super) fn write(to: &mut impl Write, head: &impl Serialize, body: &[u8]) -> io::Result<()> {
    to.write_all(&head_and_prefix(head, body)?)?;
    to.write_all(body)?;
    to.flush()
}

/// Receives one frame, from the worker's side; `None` when the parent has closed its end.
pub(super) fn read<T: DeserializeOwned>(from: &mut impl Read) -> io::Result<Option<(T, Vec<u8>)>> {
    let mut prefix = [0; PREFIX];
    match from.read_exact(&mut prefix) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        result => result?,
    }
    let (head_length, body_length) = lengths(prefix, MAX_BODY)?;
    let head = exactly(from, head_length)?;
    let body = exactly(from, body_length)?;
    Ok(Some((serde_json::from_slice(&head)?, body)))
}

/// So many bytes, without first filling the memory for them with zeros.
fn exactly(from: &mut impl Read, length: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(length);
    let read = from.take(length as u64).read_to_end(&mut bytes)?;
    if read == length { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// Sends one frame, from the parent's side.
pub(super) async fn send(to: &mut (impl AsyncWrite + Unpin), head: &impl Serialize, body: &[u8]) -> io::Result<()> {
    let mut frame = head_and_prefix(head, body)?;
    // A small mail goes with its head: one write, and the worker is woken once.
    let (first, rest) = body.split_at(TOGETHER.saturating_sub(frame.len()).min(body.len()));
    frame.extend_from_slice(first);
    to.write_all(&frame).await?;
    to.write_all(rest).await?;
    to.flush().await
}

/// Receives one frame, from the parent's side, with at most so many bytes in it.
pub(super) async fn receive<T: DeserializeOwned>(
    from: &mut (impl AsyncRead + Unpin),
    most: u64,
) -> io::Result<(T, Vec<u8>)> {
    let mut prefix = [0; PREFIX];
    from.read_exact(&mut prefix).await?;
    let (head_length, body_length) = lengths(prefix, most)?;
    let mut head = vec![0; head_length];
    from.read_exact(&mut head).await?;
    let mut body = vec![0; body_length];
    from.read_exact(&mut body).await?;
    Ok((serde_json::from_slice(&head)?, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn both_sides_understand_each_other() {
        let mut pipe = Vec::new();
        send(&mut pipe, &"head", b"body").await.unwrap();
        assert_eq!(read::<String>(&mut pipe.as_slice()).unwrap(), Some(("head".to_owned(), b"body".to_vec())));
        let mut pipe = Vec::new();
        write(&mut pipe, &42, b"body").unwrap();
        assert_eq!(receive::<u32>(&mut pipe.as_slice(), 4).await.unwrap(), (42, b"body".to_vec()));
        assert_eq!(read::<u32>(&mut &b""[..]).unwrap(), None);
    }

    #[tokio::test]
    async fn a_worker_that_lies_about_lengths_is_not_believed() {
        let lie = [0xff; PREFIX];
        assert!(receive::<u32>(&mut &lie[..], u64::MAX).await.is_err());
        let cut = [4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, b'4'];
        assert!(receive::<u32>(&mut &cut[..], 0).await.is_err());
        let mut pipe = Vec::new();
        write(&mut pipe, &42, b"bytes").unwrap();
        assert!(receive::<u32>(&mut pipe.as_slice(), 4).await.is_err(), "more bytes than were asked for");
    }
}
