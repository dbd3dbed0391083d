//! Whether a file holds entries of a hash, and which they are: the filter and the directory that its head part is.
//!
//! In: their bytes. Out: whether a hash may be there, and the run of entries of its bucket, among which they stand. The
//! filter is our own because it is part of a file: a library's may change with its version, and would then find nothing
//! without a word. Deliberately absent: the entries themselves, which each file has in its own form, and how they are read.

/// Bytes of one block of a filter.
pub(super) const BLOCK: usize = 64;

/// Bits that each value sets in its block.
const BITS: u32 = 6;

/// A filter and a directory that are held.
#[derive(Debug)]
pub(super) struct Buckets {
    filter: Vec<u8>,
    /// How many blocks the filter has.
    blocks: u32,
    /// Where each bucket's entries begin, and the end.
    directory: Vec<u32>,
    /// How many buckets there are.
    buckets: u32,
}

impl Buckets {
    /// From a filter of so many blocks, and the bytes of a directory of so many buckets.
    pub(super) fn new((filter, blocks): (Vec<u8>, u32), (directory, buckets): (&[u8], u32)) -> Self {
        let directory = directory.chunks_exact(4).map(|four| four.try_into().map_or(0, u32::from_le_bytes)).collect();
        Self { filter, blocks, directory, buckets }
    }

    /// Whether a hash may be there; one in some hundreds that is not may be, too.
    pub(super) fn may_hold(&self, hash: u64) -> bool {
        let (block, bits) = filter_bits(hash, self.blocks);
        bits.iter().all(|&(byte, bit)| self.filter.get(block + byte).is_some_and(|held| held & bit != 0))
    }

    /// The first entry of a hash's bucket, and how many there are.
    pub(super) fn run(&self, hash: u64) -> Option<(u32, u32)> {
        let bucket = bucket(hash, self.buckets);
        let (from, to) = (*self.directory.get(bucket)?, *self.directory.get(bucket + 1)?);
        Some((from, to.saturating_sub(from)))
    }
}

/// How many blocks a filter for so many entries has: ten bits each, at least one block.
pub(super) fn blocks(entries: usize) -> u32 {
    u32::try_from((entries * 10).div_ceil(BLOCK * 8)).unwrap_or(u32::MAX).max(1)
}

/// The first byte of a value's block, and in it the bytes and bits that it sets.
pub(super) fn filter_bits(quick: u64, blocks: u32) -> (usize, [(usize, u8); BITS as usize]) {
    let mixed = mix(quick);
    let block = usize::try_from((u128::from(mixed) * u128::from(blocks)) >> 64).unwrap_or_default() * BLOCK;
    let more = mix(mixed);
    let bits = std::array::from_fn(|number| {
        let bit = usize::try_from((more >> (9 * number)) & 511).unwrap_or_default();
        (bit / 8, 1 << (bit % 8))
    });
    (block, bits)
}

/// splitmix64's last steps: every bit of the result hangs on every bit of `value`.
pub(super) fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// Which bucket a hash is in: by its first bits, so that entries in the order of their hashes are in that of buckets.
pub(super) fn bucket(hash: u64, buckets: u32) -> usize {
    usize::try_from((u128::from(hash) * u128::from(buckets)) >> 64).unwrap_or_default()
}
