//! Maps whose keys are numbers of ours.
//!
//! In: a number that is a hash already, or that we gave out ourselves. Out: its place in a map, for a tenth of what the
//! default costs. Nobody outside chooses these keys, so nobody can choose such as share a place. Deliberately absent: texts;
//! those are hashed with care.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

/// A map by numbers of ours.
pub(super) type Keyed<K, V> = HashMap<K, V, BuildHasherDefault<Number>>;

/// Multiplies, and lets the high bits, which depend on all, stand where the map looks.
#[derive(Debug, Default, Clone)]
pub(super) struct Number(u64);

impl Hasher for Number {
    fn finish(&self) -> u64 {
        self.0.rotate_left(26)
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_isize(&mut self, number: isize) {
        self.write_u64(number.cast_unsigned() as u64);
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.wrapping_add(number)).wrapping_mul(0xF135_7AEA_2E62_A9C5);
    }
}
