//! RAR archives, from 1.3 to 7.
//!
//! In: the archive's bytes. Out: each file as a part, names, comments and what links point to as text, what no block
//! covers as parts. Encrypted files, and archives whose headers are encrypted too, wait for their passwords.
//! Structure, which is passed over: block headers, times and rights, recovery records.
//! Deliberately absent: putting volumes together. A file that goes on in another volume is `unsupported`.

use std::cell::RefCell;
use std::io::Write;
use std::rc::Rc;

use rars::{
    Archive, ArchiveMember, ArchiveMemberDetail, ArchiveReadOptions, ArchiveReader, Error, ErrorKind,
    ExtractionDecision, ExtractionErrorAction,
};

use crate::inspect::extract::archive::{self, FREE, RATIO, Trial, name_of};
use crate::inspect::extract::reading::{Part, Reading};
use crate::inspect::extract::spans::Spans;
use crate::inspect::extract::unlock::{Cost, Lock};
use crate::inspect::{Place, Reason};
use crate::mail::charset;

/// What one archive may use for dictionaries, filters and everything else.
const MEMORY: u64 = 192 << 20;

/// Headers of one archive.
const HEADERS: u64 = 200_000;
const HEADER_BYTES: u64 = 64 << 20;

/// How many passwords are tried: up to version 4 each costs 2^18 rounds of SHA-1, since version 5 what the archive says.
const TRIES: usize = 32;
const ROUNDS: u32 = 22;

/// Reads an archive.
pub(crate) fn read(reading: &mut Reading<'_>, part: &Part<'_>) {
    match open(part.bytes, None) {
        Ok(archive) => {
            name_all(reading, part, &archive, None);
            let mut contents = Contents::new(part, None, &archive);
            let whole = contents.read(reading, &archive);
            if contents.closed {
                reading.locked(part, Lock::Rar);
            }
            if whole {
                reading.done(part.place);
            }
            reading.leftovers(part, &claimed(&archive, part.bytes));
        }
        Err(error) if reason(&error) == Reason::Encrypted => reading.locked(part, Lock::Rar),
        Err(error) => {
            reading.unread(part.place, reason(&error));
            reading.leftovers(part, &Spans::default());
        }
    }
}

/// Opens what waited for its password: all of it if the headers were encrypted, else the encrypted files.
pub(crate) fn unlock(reading: &mut Reading<'_>, part: &Part<'_>) {
    let plain = open(part.bytes, None).ok();
    let tries = plain.as_ref().map_or(TRIES, tries);
    let mut tried = 0;
    for password in reading.passwords(Cost::Dear) {
        for bytes in archive::spellings(&password) {
            tried += 1;
            if tried > tries || reading.is_over() {
                break;
            }
            let opened = match &plain {
                Some(archive) => fits(reading, archive, &bytes).then_some(None),
                None => open(part.bytes, Some(&bytes)).ok().map(Some),
            };
            let Some(opened) = opened else { continue };
            reading.password_fits(&password);
            let Some(archive) = opened.as_ref().or(plain.as_ref()) else { return };
            if opened.is_some() {
                name_all(reading, part, archive, Some(&bytes));
            }
            let mut contents = Contents::new(part, Some(&bytes), archive);
            contents.all = opened.is_some() || archive.is_solid();
            if contents.read(reading, archive) && opened.is_some() {
                reading.done(part.place);
            }
            return;
        }
    }
    match &plain {
        Some(archive) => {
            for member in archive.members().filter(|member| member.meta.is_encrypted) {
                reading.unread(&part.place.inside(&name_of(&member.meta.name)), Reason::Encrypted);
            }
        }
        None => reading.unread(part.place, Reason::Encrypted),
    }
}

fn open(bytes: &[u8], password: Option<&[u8]>) -> Result<Archive, Error> {
    ArchiveReader::read_with_options(bytes, options(password))
}

fn options(password: Option<&[u8]>) -> ArchiveReadOptions<'_> {
    ArchiveReadOptions::with_optional_password(password)
        .with_max_header_count(HEADERS)
        .with_max_header_bytes(HEADER_BYTES)
        .with_rar50_dictionary_size_limit(MEMORY)
        .with_rar50_buffered_decode_limit(MEMORY / 4)
        .with_max_reader_workspace_bytes(MEMORY)
}

/// How many passwords the archive's own number of rounds leaves time for.
fn tries(archive: &Archive) -> usize {
    let files = archive.as_rar50().into_iter().flat_map(|archive| &archive.blocks).filter_map(|block| match block {
        rars::rar50::Block::File(file) => file.encryption.as_ref(),
        _ => None,
    });
    let power = files.map(|encryption| u32::from(encryption.kdf_count)).max().unwrap_or(0);
    1usize << ROUNDS.saturating_sub(power).min(TRIES.ilog2())
}

/// Names, comments and link targets of everything in an archive.
fn name_all(reading: &mut Reading<'_>, part: &Part<'_>, archive: &Archive, password: Option<&[u8]>) {
    if let Ok(Some(comment)) = archive.comment_with_options(options(password).with_max_member_output_bytes(1 << 20)) {
        reading.text(&part.place.inside("comment"), &charset::text(&comment, None));
    }
    for member in archive.members() {
        let name = name_of(&member.meta.name);
        let place = part.place.inside(&name);
        reading.text(&place, &name);
        if let ArchiveMemberDetail::Rar50Plus { redirection: Some(link), .. } = &member.detail {
            reading.text(&place, &name_of(&link.target_name));
        }
    }
    for block in archive.as_rar15_40().into_iter().flat_map(|archive| &archive.blocks) {
        if let rars::rar15_40::Block::File(file) = block
            && !file.file_comment.is_empty()
        {
            reading.text(&part.place.inside(&name_of(&file.name)), &charset::text(&file.file_comment, None));
        }
    }
}

/// Whether the first encrypted file comes out whole with this password.
fn fits(reading: &Reading<'_>, archive: &Archive, password: &[u8]) -> bool {
    let solid = archive.is_solid();
    let output = Output::new(reading.allowance(), usize::MAX);
    let mut done = false;
    let outcome = archive.extract_with_control(options(Some(password)), |member| {
        if done {
            return Ok(ExtractionDecision::Stop);
        }
        done = member.meta.is_encrypted && !member.meta.is_directory && !member.meta.is_redirection;
        Ok(if done || solid { ExtractionDecision::Extract(Box::new(output.clone())) } else { ExtractionDecision::Skip })
    });
    outcome.is_ok() || output.0.borrow().trial.failure == Some(Reason::Limit)
}

/// The files of an archive, one after the other.
struct Contents<'p> {
    part: &'p Part<'p>,
    password: Option<&'p [u8]>,
    /// Whether files that are not encrypted are read as well, though there is a password.
    all: bool,
    solid: bool,
    /// Whether some of it is encrypted and there is no password.
    closed: bool,
    /// The file that is being unpacked.
    current: Option<(String, Output)>,
}

impl<'p> Contents<'p> {
    fn new(part: &'p Part<'p>, password: Option<&'p [u8]>, archive: &Archive) -> Self {
        Self { part, password, all: password.is_none(), solid: archive.is_solid(), closed: false, current: None }
    }

    /// False if not everything could be read, other than what is encrypted.
    fn read(&mut self, reading: &mut Reading<'_>, archive: &Archive) -> bool {
        let mut visited = 0;
        let options = options(self.password);
        // A wish of both callbacks below, of which only one runs at a time.
        let this = RefCell::new((self, reading));
        let outcome = archive.extract_with_control_and_errors(
            options,
            |member| {
                let (contents, reading) = &mut *this.borrow_mut();
                contents.finish(reading, None);
                let decision = contents.decide(reading, member);
                visited += usize::from(!matches!(decision, ExtractionDecision::Stop));
                Ok(decision)
            },
            |_, error| {
                let (contents, reading) = &mut *this.borrow_mut();
                contents.finish(reading, Some(reason(error)));
                Ok(ExtractionErrorAction::Continue)
            },
        );
        let (contents, reading) = this.into_inner();
        let failure = outcome.err().map(|error| reason(&error));
        contents.finish(reading, failure);
        let Some(failure) = failure else { return true };
        for member in archive.members().skip(visited).filter(|member| !member.meta.is_directory) {
            reading.unread(&contents.place(&member), failure);
        }
        false
    }

    fn decide(&mut self, reading: &mut Reading<'_>, member: &ArchiveMember) -> ExtractionDecision {
        let meta = &member.meta;
        if meta.is_directory || meta.is_redirection {
            return ExtractionDecision::Skip;
        }
        if meta.is_encrypted && self.password.is_none() {
            self.closed = true;
            // What is packed behind it in one cannot be read without it.
            return if self.solid { ExtractionDecision::Stop } else { ExtractionDecision::Skip };
        }
        let place = self.place(member);
        if !reading.take_entry() {
            reading.unread(&place, Reason::Limit);
            return ExtractionDecision::Stop;
        }
        if meta.is_split_before || meta.is_split_after {
            reading.unread(&place, Reason::Unsupported);
            return ExtractionDecision::Skip;
        }
        if !meta.is_encrypted && !self.all {
            return ExtractionDecision::Skip;
        }
        let packed = usize::try_from(meta.packed_size).unwrap_or(usize::MAX);
        let output = Output::new(reading.allowance(), packed);
        self.current = Some((name_of(&meta.name), output.clone()));
        ExtractionDecision::Extract(Box::new(output))
    }

    /// Hands on the file that was unpacked last.
    fn finish(&mut self, reading: &mut Reading<'_>, failure: Option<Reason>) {
        let Some((name, output)) = self.current.take() else { return };
        let mut trial = output.take();
        trial.failure = trial.failure.or(failure);
        if let Some(content) = archive::settle(reading, &self.part.place.inside(&name), trial) {
            archive::read_entry(reading, self.part, &name, &content);
        }
    }

    fn place(&self, member: &ArchiveMember) -> Place {
        self.part.place.inside(&name_of(&member.meta.name))
    }
}

/// Where a file is unpacked to: up to the budget, and to the ratio of a bomb.
#[derive(Clone)]
struct Output(Rc<RefCell<Bounded>>);

struct Bounded {
    trial: Trial,
    most: usize,
}

impl Output {
    fn new(allowance: u64, packed: usize) -> Self {
        let trial = Trial::new(allowance);
        let most = trial.most.min(packed.saturating_mul(RATIO).max(FREE));
        Self(Rc::new(RefCell::new(Bounded { trial, most })))
    }

    fn take(&self) -> Trial {
        std::mem::replace(&mut self.0.borrow_mut().trial, Trial::new(0))
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let bounded = &mut *self.0.borrow_mut();
        let room = bounded.most.saturating_sub(bounded.trial.content.len());
        bounded.trial.content.extend_from_slice(bytes.get(..bytes.len().min(room)).unwrap_or_default());
        if bytes.len() > room {
            bounded.trial.failure = Some(Reason::Limit);
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What blocks cover. Blocks of an unknown kind are left over, and so is what stands behind the end.
fn claimed(archive: &Archive, bytes: &[u8]) -> Spans {
    let mut spans = Spans::default();
    match archive {
        Archive::Rar50Plus(archive) => {
            use rars::rar50::Block;
            spans.claim(0, archive.main.block.header_range.end);
            for block in &archive.blocks {
                let header = match block {
                    Block::File(file) | Block::Service(file) => &file.block,
                    Block::End(end) => &end.block,
                    _ => continue,
                };
                spans.claim(header.offset, header.header_range.end.saturating_sub(header.offset));
                spans.claim(header.data_range.start, header.data_range.len());
            }
            if archive.main.encrypted_headers {
                spans.claim(0, bytes.len());
            }
        }
        Archive::Rar15To40(archive) => {
            use rars::rar15_40::Block;
            spans.claim(0, 7 + usize::from(archive.main.head_size));
            for block in &archive.blocks {
                let (header, data) = match block {
                    Block::File(file) => (&file.block, file.packed_range.clone()),
                    Block::NewSub(sub) => (&sub.file.block, sub.file.packed_range.clone()),
                    Block::Comment(comment) => (&comment.block, comment.packed_range.clone()),
                    Block::Protect(record) => (&record.block, record.data_range.clone()),
                    Block::End(end) => (end, 0..0),
                    _ => continue,
                };
                spans.claim(header.offset, usize::from(header.head_size));
                spans.claim(data.start, data.len());
            }
        }
        // Of the oldest the ranges are not told.
        _ => spans.claim(0, bytes.len()),
    }
    spans
}

fn reason(error: &Error) -> Reason {
    match error.kind() {
        ErrorKind::PasswordRequired | ErrorKind::BadPassword => Reason::Encrypted,
        ErrorKind::UnsupportedFormat | ErrorKind::UnsupportedFeature => Reason::Unsupported,
        ErrorKind::ResourceLimit => Reason::Limit,
        _ => Reason::Damaged,
    }
}
