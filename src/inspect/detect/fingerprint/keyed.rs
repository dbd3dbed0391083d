//! The keys of a library of documents.
//!
//! In: the organisation's secret and the salt of a library. Out: a quick hash of each letter, by which shingles are made and
//! chosen and which is never written anywhere; and SipHash-2-4 of what is kept. Without the secret a library confirms no
//! guess about a text. Deliberately absent: text.

use std::hash::Hasher;

use aws_lc_rs::hmac;
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher24;

/// What fingerprints are taken and looked up with.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keys {
    sip: [u8; 16],
    seed: u64,
}

/// It opens what the library keeps to itself.
impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys")
    }
}

impl Keys {
    /// The keys of the library with this salt.
    pub fn new(secret: &[u8], salt: &[u8; 16]) -> Self {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, secret));
        context.update(b"document fingerprints");
        context.update(salt);
        let tag = context.sign();
        let (mut sip, mut seed) = ([0; 16], [0; 8]);
        for (to, from) in sip.iter_mut().chain(&mut seed).zip(tag.as_ref()) {
            *to = *from;
        }
        Self { sip, seed: u64::from_le_bytes(seed) }
    }

    /// The quick hash of one letter: splitmix64 with a seed that nobody knows.
    pub(super) fn letter(&self, letter: char) -> u64 {
        let value = self.seed ^ u64::from(u32::from(letter)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }

    /// What is kept of a shingle.
    pub(super) fn kept(&self, shingle: u64) -> u64 {
        let mut hasher = SipHasher24::new_with_key(&self.sip);
        hasher.write_u64(shingle.to_le());
        hasher.finish()
    }

    /// What the keys make of nothing: others are told by it.
    pub(super) fn proof(&self) -> u64 {
        SipHasher24::new_with_key(&self.sip).finish()
    }
}
