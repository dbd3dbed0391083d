//! Which bytes of a text are of a kind, a bit each.
//!
//! In: 64 bytes, and what is asked of each. Out: 64 bits ([`bits`]), of which the first byte's is the lowest: what is told
//! of a byte by its neighbour is then told of all at once. Deliberately absent: what is looked for ([`super::starts`]).

/// So many bytes are looked at together.
pub(crate) const BLOCK: usize = 64;
/// So many behind them are known too.
pub(super) const AHEAD: usize = 8;

/// A bit for each byte of which `is` holds. Sixteen of them go through it together where it only compares.
#[inline(always)]
pub(crate) fn bits(bytes: &[u8; BLOCK], is: impl Fn(u8) -> bool) -> u64 {
    // Brings the lowest bits of eight bytes together in the highest byte.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let flags = bytes.map(|byte| u8::from(is(byte)));
    let (eights, _) = flags.as_chunks::<8>();
    eights.iter().rev().fold(0, |bits, &eight| bits << 8 | u64::from_le_bytes(eight).wrapping_mul(GATHER) >> 56)
}

/// A bit for each byte that `(?-u:\b)` takes for a letter.
#[inline]
pub(crate) fn words(bytes: &[u8; BLOCK]) -> u64 {
    let within = |byte: u8, first: u8, count: u8| byte.wrapping_sub(first) < count;
    bits(bytes, |byte| within(byte | 0x20, b'a', 26) | within(byte, b'0', 10) | (byte == b'_'))
}

/// The places of the bits that are set, ascending.
pub(crate) fn places(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let place = (bits != 0).then_some(bits.trailing_zeros() as usize);
        bits &= bits.wrapping_sub(1);
        place
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_has_its_bit() {
        for place in 0..BLOCK {
            let mut bytes = [b' '; BLOCK];
            bytes[place] = b'x';
            assert_eq!(bits(&bytes, |byte| byte == b'x'), 1 << place);
            assert_eq!(places(words(&bytes)).collect::<Vec<_>>(), [place]);
        }
        for byte in 0..=u8::MAX {
            let expected = byte.is_ascii_alphanumeric() || byte == b'_';
            assert_eq!(words(&[byte; BLOCK]), if expected { u64::MAX } else { 0 }, "{byte}");
        }
    }
}
