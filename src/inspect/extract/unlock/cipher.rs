//! The ciphers and hash sums that office documents are protected with, each in the one form that they need.
//!
//! In: keys and bytes. Out: bytes. AES, Blowfish and the hash sums come from libraries; RC4, which none of those in use
//! here offers any more, is ours, to read what was written with it. Deliberately absent: encryption.

use aes::cipher::block_padding::NoPadding;
use aes::cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, KeyInit, KeyIvInit};
use aws_lc_rs::digest::{self, Algorithm};
use md5::{Digest, Md5};

/// The hash sums of [MS-OFFCRYPTO] agile encryption and of OpenDocument.
pub(super) fn algorithm(name: &str) -> Option<&'static Algorithm> {
    Some(match name.to_ascii_uppercase().replace('-', "").as_str() {
        "SHA1" => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        "SHA256" => &digest::SHA256,
        "SHA384" => &digest::SHA384,
        "SHA512" => &digest::SHA512,
        _ => return None,
    })
}

/// The hash sum of some bytes after each other.
pub(super) fn hash(algorithm: &'static Algorithm, parts: &[&[u8]]) -> Vec<u8> {
    let mut context = digest::Context::new(algorithm);
    parts.iter().for_each(|part| context.update(part));
    context.finish().as_ref().to_vec()
}

/// MD5, for keys of Office 97.
pub(super) fn md5(parts: &[&[u8]]) -> [u8; 16] {
    let mut context = Md5::new();
    parts.iter().for_each(|part| context.update(part));
    context.finalize().into()
}

/// The hash sum of a hash sum, `count` times over, the number of the round in front of each.
pub(super) fn spin(algorithm: &'static Algorithm, first: &[u8], count: u32) -> Vec<u8> {
    let mut input = [&[0; 4], first].concat();
    for round in 0..count {
        if let Some(number) = input.first_chunk_mut() {
            *number = round.to_le_bytes();
        }
        let next = digest::digest(algorithm, &input);
        if let Some(sum) = input.get_mut(4..).filter(|sum| sum.len() == next.as_ref().len()) {
            sum.copy_from_slice(next.as_ref());
        }
    }
    input.split_off(4)
}

/// AES in CBC mode without padding; `None` if key, vector or length do not fit.
pub(super) fn aes_cbc(key: &[u8], vector: &[u8], bytes: &[u8]) -> Option<Vec<u8>> {
    let mut buffer = bytes.to_vec();
    let whole = match key.len() {
        16 => {
            cbc::Decryptor::<aes::Aes128>::new_from_slices(key, vector).ok()?.decrypt_padded::<NoPadding>(&mut buffer)
        }
        24 => {
            cbc::Decryptor::<aes::Aes192>::new_from_slices(key, vector).ok()?.decrypt_padded::<NoPadding>(&mut buffer)
        }
        32 => {
            cbc::Decryptor::<aes::Aes256>::new_from_slices(key, vector).ok()?.decrypt_padded::<NoPadding>(&mut buffer)
        }
        _ => return None,
    };
    whole.ok()?;
    Some(buffer)
}

/// AES in ECB mode; an unfinished last block stays as it is.
pub(super) fn aes_ecb(key: &[u8], bytes: &[u8]) -> Option<Vec<u8>> {
    fn each<C: BlockCipherDecrypt + KeyInit>(key: &[u8], bytes: &mut [u8]) -> Option<()> {
        let cipher = C::new_from_slice(key).ok()?;
        let (blocks, _) = Array::slice_as_chunks_mut(bytes);
        cipher.decrypt_blocks(blocks);
        Some(())
    }
    let mut buffer = bytes.to_vec();
    match key.len() {
        16 => each::<aes::Aes128>(key, &mut buffer)?,
        24 => each::<aes::Aes192>(key, &mut buffer)?,
        32 => each::<aes::Aes256>(key, &mut buffer)?,
        _ => return None,
    }
    Some(buffer)
}

/// Blowfish in CFB mode with whole blocks, as OpenOffice wrote it.
pub(super) fn blowfish_cfb(key: &[u8], vector: &[u8], bytes: &[u8]) -> Option<Vec<u8>> {
    let cipher = <blowfish::Blowfish>::new_from_slice(key).ok()?;
    let mut register: Array<u8, _> = Array::try_from(vector).ok()?;
    let mut plain = Vec::with_capacity(bytes.len());
    for block in bytes.chunks(8) {
        cipher.encrypt_block(&mut register);
        plain.extend(block.iter().zip(register.iter()).map(|(byte, mask)| byte ^ mask));
        register.iter_mut().zip(block).for_each(|(held, byte)| *held = *byte);
    }
    Some(plain)
}

/// The RC4 stream of one key.
pub(super) struct Rc4 {
    state: [u8; 256],
    i: u8,
    j: u8,
}

impl Rc4 {
    pub(super) fn new(key: &[u8]) -> Self {
        let mut state = [0; 256];
        (0..=u8::MAX).zip(&mut state).for_each(|(value, place)| *place = value);
        let mut j = 0u8;
        for (i, byte) in (0..256).zip(key.iter().cycle()) {
            j = j.wrapping_add(state[i]).wrapping_add(*byte);
            state.swap(i, usize::from(j));
        }
        Self { state, i: 0, j: 0 }
    }

    /// The next byte of the stream.
    pub(super) fn byte(&mut self) -> u8 {
        self.i = self.i.wrapping_add(1);
        let (i, first) = (usize::from(self.i), self.state[usize::from(self.i)]);
        self.j = self.j.wrapping_add(first);
        self.state.swap(i, usize::from(self.j));
        self.state[usize::from(first.wrapping_add(self.state[i]))]
    }

    pub(super) fn apply(&mut self, bytes: &[u8]) -> Vec<u8> {
        bytes.iter().map(|byte| byte ^ self.byte()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ciphers_agree_with_their_published_vectors() {
        // RFC 6229, key 0102030405.
        assert_eq!(Rc4::new(&[1, 2, 3, 4, 5]).apply(&[0; 4]), [0xb2, 0x39, 0x63, 0x05]);
        // FIPS 197, appendix C.1.
        let key: Vec<u8> = (0..16).collect();
        let cipher = data_encoding::HEXLOWER.decode(b"69c4e0d86a7b0430d8cdb78070b4c55a").unwrap();
        let plain: Vec<u8> = (0..16).map(|n| n * 0x11).collect();
        assert_eq!(aes_ecb(&key, &cipher).unwrap(), plain);
        assert_eq!(aes_cbc(&key, &[0; 16], &cipher).unwrap(), plain);
        assert_eq!(aes_cbc(&key, &[0; 16], &cipher[1..]), None);
        // Eric Young's vectors for Blowfish: CFB64.
        let hex = |text: &str| data_encoding::HEXUPPER.decode(text.as_bytes()).unwrap();
        let cipher = hex("E73214A2822139CAF26ECF6D2EB9E76E3DA3DE04D1517200519D57A6C3");
        let plain = blowfish_cfb(&hex("0123456789ABCDEFF0E1D2C3B4A59687"), &hex("FEDCBA9876543210"), &cipher).unwrap();
        assert_eq!(plain, b"7654321 Now is the time for \0");
    }
}
