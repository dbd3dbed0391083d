//! OpenDocument packages behind a password.
//!
//! In: the package. Out: the same package with its entries in the clear, each written back over itself: decrypted it is
//! never longer than it was, and it is packed already. So everything else about the package, what hides in it included,
//! stays for its reader. Its manifest says how each entry is encrypted: AES-256-CBC (LibreOffice since 3.5), Blowfish
//! (before), or one AES-256-GCM entry with everything in it (since 24.8); a checksum verifies each try.
//! Deliberately absent: packages that are encrypted with a public key (OpenPGP); those stay encrypted.

use std::io::{Cursor, Read};
use std::num::NonZeroU32;

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY as SHA1, SHA256};
use aws_lc_rs::pbkdf2;
use data_encoding::BASE64;
use zip::ZipArchive;

use super::cipher::{aes_cbc, blowfish_cfb, hash};
use super::{Cost, Locked, try_each};
use crate::inspect::Reason;
use crate::inspect::extract::reading::Reading;
use crate::inspect::extract::xml::{self, Attributes, Event};

const MANIFEST: &str = "META-INF/manifest.xml";

/// What the manifest is called afterwards, since it describes what is no longer so: as long as before.
const FORMER: &[u8] = b"META-INF/manifest.old";

/// The largest manifest that is looked at.
const MANIFEST_BYTES: u64 = 1 << 20;

/// LibreOffice writes 100,000 rounds and 64 MiB; more is somebody who wants us to be busy.
const ROUNDS: u32 = 1_000_000;
const MEMORY_KIB: u32 = 128 << 10;
const PASSES: u32 = 16;

/// The checksum is that of so many bytes.
const CHECKED: usize = 1_024;

/// Whether a password protects the package: its manifest then describes how each part is encrypted.
pub(crate) fn is_protected(bytes: &[u8]) -> bool {
    ZipArchive::new(Cursor::new(bytes))
        .ok()
        .and_then(|mut archive| manifest(&mut archive))
        .is_some_and(|manifest| memchr::memmem::find(&manifest, b"encryption-data").is_some())
}

fn manifest(archive: &mut ZipArchive<Cursor<&[u8]>>) -> Option<Vec<u8>> {
    let mut manifest = Vec::new();
    archive.by_name(MANIFEST).ok()?.take(MANIFEST_BYTES).read_to_end(&mut manifest).ok()?;
    Some(manifest)
}

/// The package in the clear, if a password opens it.
pub(super) fn open(reading: &mut Reading<'_>, locked: &Locked) -> Option<Vec<u8>> {
    let bytes = locked.bytes();
    let mut archive = ZipArchive::new(Cursor::new(bytes)).ok()?;
    let manifest = manifest(&mut archive)?;
    let mut entries: Vec<(String, Slot, Protection)> = Vec::new();
    let mut closed = Vec::new();
    for (name, protection) in protections(&xml::decode(&manifest)) {
        match Slot::of(&mut archive, &name).zip(protection) {
            Some((slot, protection)) => entries.push((name, slot, protection)),
            None => closed.push(name),
        }
    }
    // The smallest that can be verified is tried.
    let verified = entries.iter().filter(|(_, _, protection)| protection.is_verified());
    let (_, slot, protection) = verified.min_by_key(|(_, slot, _)| slot.length)?;
    let sample = slot.data(bytes)?;
    let password = try_each(reading, Cost::Dear, None, |password| {
        protection.decrypt(password, sample).map(|_| password.to_owned())
    })?;
    let mut clear = bytes.to_vec();
    for (name, slot, protection) in entries {
        let data = slot.data(bytes).filter(|_| !reading.is_over());
        let plain = data.and_then(|data| protection.decrypt(&password, data));
        let written = plain.and_then(|plain| slot.write(&mut clear, &plain, protection.packed, reading.allowance()));
        if written.is_none() {
            closed.push(name);
        }
    }
    // What has another password, or none that we know of, stays what it is.
    for name in closed {
        reading.unread(&locked.place().inside(&name), Reason::Encrypted);
    }
    Slot::of(&mut archive, MANIFEST)?.rename(&mut clear, FORMER)?;
    Some(clear)
}

/// Where an entry stands in the package.
struct Slot {
    local: usize,
    central: usize,
    start: usize,
    length: usize,
}

impl Slot {
    fn of(archive: &mut ZipArchive<Cursor<&[u8]>>, name: &str) -> Option<Self> {
        let index = archive.index_for_name(name)?;
        let file = archive.by_index_raw(index).ok()?;
        Some(Self {
            local: usize::try_from(file.header_start()).ok()?,
            central: usize::try_from(file.central_header_start()).ok()?,
            start: usize::try_from(file.data_start()?).ok()?,
            length: usize::try_from(file.compressed_size()).ok()?,
        })
    }

    fn data<'b>(&self, bytes: &'b [u8]) -> Option<&'b [u8]> {
        bytes.get(self.start..self.start.checked_add(self.length)?)
    }

    /// Writes what was decrypted in place of what was encrypted, and its sizes into both headers.
    fn write(&self, package: &mut [u8], plain: &[u8], packed: bool, allowance: u64) -> Option<()> {
        let data = package.get_mut(self.start..self.start.checked_add(self.length)?)?;
        let (written, rest) = data.split_at_mut_checked(plain.len())?;
        written.copy_from_slice(plain);
        rest.fill(0);
        let mut unpacked = Vec::new();
        if packed {
            // A stream that breaks off is its reader's matter.
            let _ = flate2::read::DeflateDecoder::new(plain).take(allowance).read_to_end(&mut unpacked);
        }
        let content = if packed { &unpacked } else { plain };
        let mut sum = flate2::Crc::new();
        sum.update(content);
        let sizes = [sum.sum(), u32::try_from(plain.len()).ok()?, u32::try_from(content.len()).ok()?];
        let method = if packed { 8u16 } else { 0 };
        for (at, flags, fields) in [(self.local, 6, 14), (self.central, 8, 16)] {
            let header = package.get_mut(at..)?;
            // Sizes stand in front, and no longer behind the data.
            *header.get_mut(flags)? &= !8;
            header.get_mut(flags + 2..flags + 4)?.copy_from_slice(&method.to_le_bytes());
            for (field, size) in sizes.iter().enumerate() {
                let at = fields + 4 * field;
                header.get_mut(at..at + 4)?.copy_from_slice(&size.to_le_bytes());
            }
        }
        Some(())
    }

    fn rename(&self, package: &mut [u8], name: &[u8]) -> Option<()> {
        for at in [self.local + 30, self.central + 46] {
            package.get_mut(at..at + name.len())?.copy_from_slice(name);
        }
        Some(())
    }
}

/// How one entry is encrypted.
struct Protection {
    cipher: Cipher,
    vector: Vec<u8>,
    start_key: &'static aws_lc_rs::digest::Algorithm,
    derivation: Derivation,
    key_bytes: usize,
    checksum: Option<(&'static aws_lc_rs::digest::Algorithm, Vec<u8>)>,
    /// Whether what is decrypted is packed: each entry of a package is, a package in one piece is not.
    packed: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Cipher {
    AesCbc,
    AesGcm,
    Blowfish,
}

enum Derivation {
    Pbkdf2 { rounds: NonZeroU32, salt: Vec<u8> },
    Argon2 { passes: u32, memory: u32, lanes: u32, salt: Vec<u8> },
}

/// What the manifest says of each encrypted entry; nothing where we do not know the way.
fn protections(manifest: &str) -> Vec<(String, Option<Protection>)> {
    let mut found = Vec::new();
    let mut described = Described::default();
    for event in xml::Reader::new(manifest) {
        match event {
            Event::Start { name: "file-entry", attributes } => {
                described = Described { name: attributes.value("full-path").map(Into::into), ..Described::default() };
            }
            Event::Start { name: "encryption-data", attributes } => described.data = Some(attributes),
            Event::Start { name: "algorithm", attributes } => described.algorithm = Some(attributes),
            Event::Start { name: "start-key-generation", attributes } => described.start_key = Some(attributes),
            Event::Start { name: "key-derivation", attributes } => described.derivation = Some(attributes),
            Event::End { name: "file-entry" } => {
                let protection = described.protection();
                let name = described.name.take().filter(|_| described.data.is_some());
                found.extend(name.map(|name| (name, protection)));
            }
            _ => {}
        }
    }
    found
}

/// The elements of one entry.
#[derive(Default)]
struct Described<'a> {
    name: Option<String>,
    data: Option<Attributes<'a>>,
    algorithm: Option<Attributes<'a>>,
    start_key: Option<Attributes<'a>>,
    derivation: Option<Attributes<'a>>,
}

impl Described<'_> {
    fn protection(&self) -> Option<Protection> {
        let (data, algorithm, derivation) = (self.data?, self.algorithm?, self.derivation?);
        let cipher = match algorithm.value("algorithm-name")?.to_ascii_lowercase() {
            name if name.ends_with("aes256-cbc") => Cipher::AesCbc,
            name if name.ends_with("aes256-gcm") => Cipher::AesGcm,
            name if name.contains("blowfish") => Cipher::Blowfish,
            _ => return None,
        };
        let start_key = match self.start_key.and_then(|key| key.value("start-key-generation-name")) {
            Some(name) if name.to_ascii_lowercase().ends_with("sha256") => &SHA256,
            Some(name) if !name.to_ascii_lowercase().ends_with("sha1") => return None,
            _ => &SHA1,
        };
        let number = |name: &str| derivation.value(name).and_then(|value| value.parse::<u32>().ok());
        let salt = base64(derivation, "salt")?;
        let derivation_name = derivation.value("key-derivation-name")?.to_ascii_lowercase();
        let derivation = if derivation_name.ends_with("argon2id") {
            let bounded = |name: &str, most: u32| number(name).filter(|&number| number <= most);
            let passes = bounded("argon2-iterations", PASSES)?;
            let memory = bounded("argon2-memory", MEMORY_KIB)?;
            Derivation::Argon2 { passes, memory, lanes: bounded("argon2-lanes", 64)?, salt }
        } else if derivation_name.contains("pbkdf2") {
            let rounds = number("iteration-count").filter(|&rounds| rounds <= ROUNDS).and_then(NonZeroU32::new)?;
            Derivation::Pbkdf2 { rounds, salt }
        } else {
            return None;
        };
        let key_bytes = match number("key-size") {
            Some(size) => usize::try_from(size).ok().filter(|size| (5..=56).contains(size))?,
            None if cipher == Cipher::Blowfish => 16,
            None => 32,
        };
        let kind = data.value("checksum-type").unwrap_or_default().to_ascii_lowercase();
        let sum = if kind.contains("sha256") { &SHA256 } else { &SHA1 };
        let checksum = base64(data, "checksum").filter(|_| kind.contains("sha")).map(|expected| (sum, expected));
        let packed = self.name.as_deref() != Some("encrypted-package");
        let vector = base64(algorithm, "initialisation-vector")?;
        Some(Protection { cipher, vector, start_key, derivation, key_bytes, checksum, packed })
    }
}

fn base64(attributes: Attributes<'_>, name: &str) -> Option<Vec<u8>> {
    BASE64.decode(attributes.value(name)?.trim().as_bytes()).ok()
}

impl Protection {
    /// Whether a wrong password shows.
    fn is_verified(&self) -> bool {
        self.checksum.is_some() || self.cipher == Cipher::AesGcm
    }

    /// What was encrypted; `None` if the password is wrong.
    fn decrypt(&self, password: &str, bytes: &[u8]) -> Option<Vec<u8>> {
        let key = self.key(password)?;
        let mut plain = match self.cipher {
            Cipher::AesCbc => aes_cbc(&key, &self.vector, bytes)?,
            Cipher::Blowfish => blowfish_cfb(&key, &self.vector, bytes)?,
            Cipher::AesGcm => return self.decrypt_gcm(&key, bytes),
        };
        if self.cipher == Cipher::AesCbc {
            // As W3C pads: the last byte says how many.
            let padding = plain.last().copied().map(usize::from).filter(|padding| (1..=16).contains(padding))?;
            plain.truncate(plain.len().checked_sub(padding)?);
        }
        if let Some((sum, expected)) = &self.checksum {
            let checked = plain.get(..CHECKED).unwrap_or(&plain);
            (hash(sum, &[checked]) == *expected).then_some(())?;
        }
        Some(plain)
    }

    /// The vector stands in front of the data, as W3C writes them; the tag is the checksum.
    fn decrypt_gcm(&self, key: &[u8], bytes: &[u8]) -> Option<Vec<u8>> {
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).ok()?);
        let mut buffer = bytes.strip_prefix(self.vector.as_slice()).unwrap_or(bytes).to_vec();
        let nonce = Nonce::try_assume_unique_for_key(&self.vector).ok()?;
        let length = key.open_in_place(nonce, Aad::empty(), &mut buffer).ok()?.len();
        buffer.truncate(length);
        Some(buffer)
    }

    fn key(&self, password: &str) -> Option<Vec<u8>> {
        let start = hash(self.start_key, &[password.as_bytes()]);
        let mut key = vec![0; self.key_bytes];
        match &self.derivation {
            Derivation::Pbkdf2 { rounds, salt } => {
                pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA1, *rounds, salt, &start, &mut key);
            }
            Derivation::Argon2 { passes, memory, lanes, salt } => {
                let parameters = Params::new(*memory, *passes, *lanes, Some(self.key_bytes)).ok()?;
                let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters);
                argon2.hash_password_into(&start, salt, &mut key).ok()?;
            }
        }
        Some(key)
    }
}
