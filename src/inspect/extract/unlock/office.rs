//! Office documents in the encrypted container of [MS-OFFCRYPTO]: agile (Office 2010 and later) and standard (2007).
//!
//! In: the compound file. Out: the package that was in it. Each try is verified by the verifier that the file carries,
//! before anything is decrypted; Office's own default password, which opens without a question, is tried first.
//! Ours and not the library's that reads the binary formats: that tells no wrong password from a right one, decrypts the
//! whole package for each try, and knows one hash sum of four. Deliberately absent: certificates, extensible encryption
//! and rights management; those stay encrypted.

use aws_lc_rs::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY as SHA1};
use data_encoding::BASE64;

use super::cipher::{aes_cbc, aes_ecb, algorithm, hash, spin};
use super::{Cost, try_each};
use crate::inspect::extract::compound::{Compound, u32_at};
use crate::inspect::extract::reading::Reading;
use crate::inspect::extract::xml::{self, Attributes, Event, Reader};

/// What Excel and others protect with when nobody gave a password.
pub(super) const DEFAULT: &str = "VelvetSweatshop";

/// Office writes 100,000 rounds; ten times as many is somebody who wants us to be busy.
const ROUNDS: u32 = 1_000_000;

/// Standard encryption has no choice.
const STANDARD_ROUNDS: u32 = 50_000;

/// What is encrypted with one vector.
const SEGMENT: usize = 4_096;

/// The package inside, if a password opens it.
pub(super) fn open(reading: &mut Reading<'_>, bytes: &[u8]) -> Option<Vec<u8>> {
    let file = Compound::open(bytes)?;
    let stream = |name: &str| file.top().into_iter().find(|entry| entry.name == name).map(|entry| file.stream(entry));
    let (info, package) = (stream("EncryptionInfo")?, stream("EncryptedPackage")?);
    let scheme = Scheme::parse(&info)?;
    let key = try_each(reading, Cost::Dear, Some(DEFAULT), |password| scheme.key(password))?;
    let length = usize::try_from(u32_at(&package, 0)?).ok()?;
    let mut plain = scheme.decrypt(&key, package.get(8..)?)?;
    plain.truncate(length);
    Some(plain)
}

enum Scheme {
    Agile(Agile),
    Standard(Standard),
}

impl Scheme {
    fn parse(info: &[u8]) -> Option<Self> {
        match info.get(..4)? {
            [4, 0, 4, 0] => Agile::parse(info.get(8..)?).map(Self::Agile),
            [2..=4, 0, 2, 0] => Standard::parse(info.get(8..)?).map(Self::Standard),
            _ => None,
        }
    }

    /// The key of the package, if the password is right.
    fn key(&self, password: &str) -> Option<Vec<u8>> {
        let password: Vec<u8> = password.encode_utf16().flat_map(u16::to_le_bytes).collect();
        match self {
            Self::Agile(agile) => agile.key(&password),
            Self::Standard(standard) => standard.key(&password),
        }
    }

    fn decrypt(&self, key: &[u8], bytes: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Agile(agile) => agile.decrypt(key, bytes),
            Self::Standard(_) => aes_ecb(key, bytes),
        }
    }
}

/// [MS-OFFCRYPTO] 2.3.4.10 and following.
struct Agile {
    data: Parameters,
    password: Parameters,
    rounds: u32,
    verifier: Vec<u8>,
    verifier_hash: Vec<u8>,
    key: Vec<u8>,
}

struct Parameters {
    salt: Vec<u8>,
    hash: &'static Algorithm,
    block: usize,
    key_bytes: usize,
}

impl Parameters {
    fn parse(attributes: Attributes<'_>) -> Option<Self> {
        let number = |name: &str| attributes.value(name)?.parse::<usize>().ok();
        let is_aes_cbc =
            attributes.value("cipherAlgorithm")? == "AES" && attributes.value("cipherChaining")? == "ChainingModeCBC";
        is_aes_cbc.then_some(())?;
        Some(Self {
            salt: base64(attributes, "saltValue")?,
            hash: algorithm(&attributes.value("hashAlgorithm")?)?,
            block: number("blockSize").filter(|&size| size == 16)?,
            key_bytes: number("keyBits").filter(|bits| matches!(bits, 128 | 192 | 256))? / 8,
        })
    }

    /// A hash sum cut, or filled up, to a length.
    fn fitted(&self, mut sum: Vec<u8>, length: usize) -> Vec<u8> {
        sum.resize(length, 0x36);
        sum
    }
}

fn base64(attributes: Attributes<'_>, name: &str) -> Option<Vec<u8>> {
    BASE64.decode(attributes.value(name)?.trim().as_bytes()).ok()
}

impl Agile {
    fn parse(document: &[u8]) -> Option<Self> {
        let document = xml::decode(document);
        let (mut data, mut key) = (None, None);
        for event in Reader::new(&document) {
            match event {
                Event::Start { name: "keyData", attributes } => data = data.or(Some(attributes)),
                // A certificate's key has the same name and no rounds.
                Event::Start { name: "encryptedKey", attributes } if attributes.value("spinCount").is_some() => {
                    key = key.or(Some(attributes));
                }
                _ => {}
            }
        }
        let key = key?;
        Some(Self {
            data: Parameters::parse(data?)?,
            password: Parameters::parse(key)?,
            rounds: key.value("spinCount")?.parse().ok().filter(|&rounds| rounds <= ROUNDS)?,
            verifier: base64(key, "encryptedVerifierHashInput")?,
            verifier_hash: base64(key, "encryptedVerifierHashValue")?,
            key: base64(key, "encryptedKeyValue")?,
        })
    }

    fn key(&self, password: &[u8]) -> Option<Vec<u8>> {
        const VERIFIER: [u8; 8] = [0xfe, 0xa7, 0xd2, 0x76, 0x3b, 0x4b, 0x9e, 0x79];
        const VERIFIER_HASH: [u8; 8] = [0xd7, 0xaa, 0x0f, 0x6d, 0x30, 0x61, 0x34, 0x4e];
        const KEY: [u8; 8] = [0x14, 0x6e, 0x0b, 0xe7, 0xab, 0xac, 0xd0, 0xd6];
        let with = &self.password;
        let spun = spin(with.hash, &hash(with.hash, &[&with.salt, password]), self.rounds);
        let vector = with.fitted(with.salt.clone(), with.block);
        let open = |what: [u8; 8], bytes: &[u8]| {
            let key = with.fitted(hash(with.hash, &[&spun, &what]), with.key_bytes);
            aes_cbc(&key, &vector, bytes)
        };
        let verifier = open(VERIFIER, &self.verifier)?;
        let expected = hash(with.hash, &[verifier.get(..with.salt.len())?]);
        (open(VERIFIER_HASH, &self.verifier_hash)?.get(..expected.len())? == expected).then_some(())?;
        Some(open(KEY, &self.key)?.get(..self.data.key_bytes)?.to_vec())
    }

    fn decrypt(&self, key: &[u8], bytes: &[u8]) -> Option<Vec<u8>> {
        let mut plain = Vec::with_capacity(bytes.len());
        for (number, segment) in (0u32..).zip(bytes.chunks(SEGMENT)) {
            let vector = hash(self.data.hash, &[&self.data.salt, &number.to_le_bytes()]);
            // A file that was cut ends anywhere.
            let whole = segment.get(..segment.len() / 16 * 16)?;
            plain.extend(aes_cbc(key, &self.data.fitted(vector, self.data.block), whole)?);
        }
        Some(plain)
    }
}

/// [MS-OFFCRYPTO] 2.3.4.5 and following.
struct Standard {
    key_bytes: usize,
    salt: Vec<u8>,
    verifier: Vec<u8>,
    verifier_hash: Vec<u8>,
}

impl Standard {
    fn parse(info: &[u8]) -> Option<Self> {
        const AES: [u32; 3] = [0x660e, 0x660f, 0x6610];
        let header_length = usize::try_from(u32_at(info, 0)?).ok()?;
        let header = info.get(4..4usize.checked_add(header_length)?)?;
        let verifier = info.get(4 + header_length..)?;
        AES.contains(&u32_at(header, 8)?).then_some(())?;
        Some(Self {
            key_bytes: usize::try_from(u32_at(header, 16)?).ok().filter(|bits| matches!(bits, 128 | 192 | 256))? / 8,
            salt: verifier.get(4..20)?.to_vec(),
            verifier: verifier.get(20..36)?.to_vec(),
            verifier_hash: verifier.get(40..72)?.to_vec(),
        })
    }

    fn key(&self, password: &[u8]) -> Option<Vec<u8>> {
        let spun = spin(&SHA1, &hash(&SHA1, &[&self.salt, password]), STANDARD_ROUNDS);
        let last = hash(&SHA1, &[&spun, &[0; 4]]);
        let half = |fill: u8| {
            let mut block = [fill; 64];
            block.iter_mut().zip(&last).for_each(|(byte, sum)| *byte ^= sum);
            hash(&SHA1, &[&block])
        };
        let key = [half(0x36), half(0x5c)].concat();
        let key = key.get(..self.key_bytes)?;
        let expected = hash(&SHA1, &[&aes_ecb(key, &self.verifier)?]);
        (aes_ecb(key, &self.verifier_hash)?.get(..20)? == expected).then(|| key.to_vec())
    }
}
