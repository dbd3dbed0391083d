//! Excel 97–2003 workbooks behind a password: RC4, RC4 CryptoAPI, and the XOR obfuscation of Excel 95.
//!
//! In: the compound file. Out: the same file, the records of its workbook in the clear ([MS-XLS] 2.2.10). All three
//! methods keep every record where it is and as long as it was, so the stream is written back over itself. Each try is
//! verified by the record FILEPASS. Deliberately absent: workbooks that are only protected against changes, which need no
//! password to be read.

use aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY as SHA1;

use super::cipher::{Rc4, hash, md5};
use super::{Cost, try_each};
use crate::inspect::extract::compound::{Compound, u16_at, u32_at};
use crate::inspect::extract::reading::Reading;

const FILEPASS: u16 = 0x002f;
const END: u16 = 0x000a;
const BOUNDSHEET: u16 = 0x0085;

/// A record that says nothing, in place of FILEPASS.
const EXCEL9FILE: u16 = 0x01c0;

/// Records that stay in the clear: BOF, FILEPASS, INTERFACEHDR, RRDHEAD, USREXCL, FILELOCK, RRDINFO.
const CLEAR: [u16; 7] = [0x0809, FILEPASS, 0x00e1, 0x0138, 0x0194, 0x0195, 0x0196];

/// After so many bytes of the stream RC4 starts with a new key.
const BLOCK: usize = 1_024;

/// Whether a password protects this workbook.
pub(crate) fn is_protected(bytes: &[u8]) -> bool {
    Compound::open(bytes).is_some_and(|file| streams(&file).any(|(_, stream)| filepass(&stream).is_some()))
}

/// The workbook in the clear, if a password opens it.
pub(super) fn open(reading: &mut Reading<'_>, bytes: &[u8]) -> Option<Vec<u8>> {
    let file = Compound::open(bytes)?;
    let mut clear = bytes.to_vec();
    // A file for Excel 95 and 97 has two workbooks.
    for (ranges, mut stream) in streams(&file) {
        let Some((at, scheme)) = filepass(&stream) else { continue };
        let scheme = scheme?;
        let key = try_each(reading, Cost::Cheap, Some(super::office::DEFAULT), |password| scheme.key(password))?;
        key.decrypt(&mut stream);
        stream.get_mut(at..at + 2)?.copy_from_slice(&EXCEL9FILE.to_le_bytes());
        let length = usize::from(u16_at(&stream, at + 2)?);
        stream.get_mut(at + 4..at + 4 + length)?.fill(0);
        let mut rest = stream.as_slice();
        for range in ranges {
            let (piece, after) = rest.split_at_checked(range.len())?;
            clear.get_mut(range)?.copy_from_slice(piece);
            rest = after;
        }
    }
    Some(clear)
}

/// The workbook streams and where their bytes are in the file.
fn streams(file: &Compound<'_>) -> impl Iterator<Item = (Vec<std::ops::Range<usize>>, Vec<u8>)> {
    let books = file.top().into_iter().filter(|entry| matches!(entry.name.as_str(), "Workbook" | "Book"));
    books.map(|entry| (file.extents(entry), file.stream(entry)))
}

/// Records of a stream: where each begins, its number, its length.
fn records(stream: &[u8]) -> impl Iterator<Item = (usize, u16, usize)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let (kind, length) = (u16_at(stream, at)?, usize::from(u16_at(stream, at + 2)?));
        let start = at;
        at += 4 + length;
        Some((start, kind, length))
    })
}

/// FILEPASS among the first records: where it is, and what it says if that is understood.
fn filepass(stream: &[u8]) -> Option<(usize, Option<Scheme>)> {
    let (at, _, length) =
        records(stream).take_while(|&(_, kind, _)| kind != END).find(|&(_, kind, _)| kind == FILEPASS)?;
    Some((at, stream.get(at + 4..at + 4 + length).and_then(Scheme::parse)))
}

/// How the records are protected.
enum Scheme {
    Xor { key: u16, sum: u16 },
    Rc4 { salt: Vec<u8>, verifier: Vec<u8> },
    CryptoApi { salt: Vec<u8>, key_bytes: usize, verifier: Vec<u8> },
}

impl Scheme {
    fn parse(record: &[u8]) -> Option<Self> {
        let xor = |at: usize| Some(Self::Xor { key: u16_at(record, at)?, sum: u16_at(record, at + 2)? });
        // Excel 5 and 95 knew nothing else.
        if record.len() == 4 {
            return xor(0);
        }
        if u16_at(record, 0)? == 0 {
            return xor(2);
        }
        let info = record.get(6..)?;
        match (u16_at(record, 2)?, u16_at(record, 4)?) {
            (1, 1) => Some(Self::Rc4 { salt: info.get(..16)?.to_vec(), verifier: info.get(16..48)?.to_vec() }),
            (2..=4, 2) => {
                let header_length = usize::try_from(u32_at(info, 4)?).ok()?;
                let header = info.get(8..8usize.checked_add(header_length)?)?;
                let bits = usize::try_from(u32_at(header, 16)?).ok()?;
                let verifier = info.get(8 + header_length..)?;
                Some(Self::CryptoApi {
                    salt: verifier.get(4..20)?.to_vec(),
                    key_bytes: if bits == 0 { 5 } else { bits / 8 },
                    // The verifier, its length, its sum.
                    verifier: [verifier.get(20..36)?, verifier.get(40..60)?].concat(),
                })
            }
            _ => None,
        }
    }

    /// The key, if the password is right.
    fn key(&self, password: &str) -> Option<Key> {
        let wide: Vec<u8> = password.encode_utf16().flat_map(u16::to_le_bytes).collect();
        match self {
            Self::Xor { key, sum } => {
                let bytes = encoding_rs::SHIFT_JIS.encode(password).0;
                // Longer ones are cut.
                let bytes = bytes.get(..15).unwrap_or(&bytes);
                (!bytes.is_empty() && xor_key(bytes) == *key && xor_sum(bytes) == *sum)
                    .then(|| Key::Xor(xor_pad(bytes, *key)))
            }
            Self::Rc4 { salt, verifier } => {
                let first = md5(&[&wide]);
                let salted = [first.get(..5)?, salt].concat().repeat(16);
                let key = Key::Rc4(md5(&[&salted]).get(..5)?.to_vec());
                let plain = key.stream(0).apply(verifier);
                (md5(&[plain.get(..16)?])[..] == *plain.get(16..)?).then_some(key)
            }
            Self::CryptoApi { salt, key_bytes, verifier } => {
                let key = Key::CryptoApi(hash(&SHA1, &[salt, &wide]), *key_bytes);
                let plain = key.stream(0).apply(verifier);
                (hash(&SHA1, &[plain.get(..16)?]) == plain.get(16..)?).then_some(key)
            }
        }
    }
}

enum Key {
    Xor([u8; 16]),
    Rc4(Vec<u8>),
    CryptoApi(Vec<u8>, usize),
}

impl Key {
    /// The RC4 stream of a block.
    fn stream(&self, block: u32) -> Rc4 {
        match self {
            Self::Xor(_) => Rc4::new(&[0]),
            Self::Rc4(key) => Rc4::new(&md5(&[key, &block.to_le_bytes()])),
            Self::CryptoApi(base, length) => {
                let mut key = hash(&SHA1, &[base, &block.to_le_bytes()]);
                key.truncate(*length);
                if *length == 5 {
                    // 40 bits are filled up with zeros.
                    key.resize(16, 0);
                }
                Rc4::new(&key)
            }
        }
    }

    fn decrypt(&self, stream: &mut [u8]) {
        let pad = match self {
            Self::Xor(_) => Vec::new(),
            // Headers and clear records use up the stream as well.
            _ => (0u32..)
                .zip(stream.chunks(BLOCK))
                .flat_map(|(number, block)| self.stream(number).apply(&vec![0; block.len()]))
                .collect(),
        };
        let found: Vec<_> = records(stream).collect();
        for (at, kind, length) in found {
            if CLEAR.contains(&kind) {
                continue;
            }
            // Where its sheet begins stays in the clear.
            let clear = if kind == BOUNDSHEET { length.min(4) } else { 0 };
            let start = at + 4 + clear;
            let end = (at + 4 + length).min(stream.len());
            let Some(data) = stream.get_mut(start..end) else { continue };
            match self {
                Self::Xor(keys) => {
                    let keys = keys.iter().cycle().skip((start + length) % 16);
                    data.iter_mut().zip(keys).for_each(|(byte, key)| *byte = byte.rotate_left(3) ^ key);
                }
                _ => data.iter_mut().zip(pad.get(start..end).unwrap_or_default()).for_each(|(byte, pad)| *byte ^= pad),
            }
        }
    }
}

/// [MS-OFFCRYPTO] 2.3.7.2, CreateXorKey_Method1, without its table: each bit of the password adds one state of a shift
/// register.
fn xor_key(password: &[u8]) -> u16 {
    let step = |state: u16| {
        let next = state.rotate_left(1);
        if next & 1 == 1 { next ^ 0x1020 } else { next }
    };
    let (mut key, mut state, mut end) = (0, 0x8000, 0xffff);
    for byte in password.iter().rev() {
        for bit in 0..8 {
            state = step(state);
            end = step(end);
            if bit < 7 && byte >> bit & 1 == 1 {
                key ^= state;
            }
        }
    }
    key ^ end
}

/// [MS-OFFCRYPTO] 2.3.7.1, CreatePasswordVerifier_Method1.
fn xor_sum(password: &[u8]) -> u16 {
    let rotated = (1..).zip(password).map(|(by, &byte)| {
        let (by, value) = (by % 15, u32::from(byte));
        (value << by | value >> (15 - by)) & 0x7fff
    });
    let sum = rotated.fold(0, |sum, value| sum ^ value) ^ password.len() as u32 ^ 0xce4b;
    u16::try_from(sum).unwrap_or_default()
}

/// [MS-OFFCRYPTO] 2.3.7.2, CreateXorArray_Method1, rotated so that the data are rotated first.
fn xor_pad(password: &[u8], key: u16) -> [u8; 16] {
    const FILL: [u8; 15] = [0xbb, 0xff, 0xff, 0xba, 0xff, 0xff, 0xb9, 0x80, 0x00, 0xbe, 0x0f, 0x00, 0xbf, 0x0f, 0x00];
    let mut pad = [0; 16];
    let filled = password.iter().chain(&FILL).zip(key.to_le_bytes().into_iter().cycle());
    pad.iter_mut().zip(filled).for_each(|(place, (byte, key))| *place = (byte ^ key).rotate_left(2));
    pad
}
