//! What all fuzz targets do: read bytes as a file, with a small budget and a clock.
//!
//! In: bytes. Out: nothing; what fuzzing looks for is an abort, a stack that overflows, memory without end, time without
//! end. A panic is caught by the reading itself and costs a mail one part, so that it stops a target only with
//! `FUZZ_PANICS` in the environment. Deliberately absent: any look at what was read; the corpus does that.

use std::sync::Once;
use std::time::{Duration, Instant};

use sekisho::inspect::{Cell, Job, Kind, Limits, Place, Sink, Watch, extract::extract};

/// Reads bytes under this name; one that ends in `.eml` is a mail.
pub fn read(name: &str, bytes: &[u8]) {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        if std::env::var_os("FUZZ_PANICS").is_none() {
            std::panic::set_hook(Box::new(|_| {}));
        }
    });
    let kind = if name.ends_with(".eml") { Kind::Mail } else { Kind::File(name.to_owned()) };
    let limits =
        Limits { bytes: 64 << 20, depth: 8, entries: 2_000, cells: 200_000, characters: 4 << 20, ..Limits::default() };
    extract(bytes, &Job::new(kind), &limits, &mut Deaf, &mut Clock(Instant::now()));
}

/// The same with bytes in front that make it the format under test, if they are not there already.
#[allow(dead_code, reason = "not every target has such bytes")]
pub fn read_as(name: &str, opening: &[u8], bytes: &[u8]) {
    if bytes.starts_with(opening) {
        read(name, bytes);
    } else {
        read(name, &[opening, bytes].concat());
    }
}

/// Takes one byte to choose between several things.
#[allow(dead_code, reason = "not every target chooses")]
pub fn choose<'a, T>(choices: &'a [T], bytes: &'a [u8]) -> Option<(&'a T, &'a [u8])> {
    let (&first, rest) = bytes.split_first()?;
    Some((choices.get(usize::from(first) % choices.len())?, rest))
}

struct Deaf;

impl Sink for Deaf {
    fn text(&mut self, _: &Place, _: &str) {}
    fn begin_table(&mut self, _: &Place) {}
    fn row(&mut self, _: u32, _: &[Cell<'_>]) {}
    fn end_table(&mut self) {}
}

struct Clock(Instant);

impl Watch for Clock {
    fn begin(&mut self, _: u64, _: &str, _: bool) {}

    fn end(&mut self, _: u64) {}

    fn picture(&mut self, _: u64, _: &str, _: &[u8]) {}

    fn is_over(&self) -> bool {
        self.0.elapsed() > Duration::from_secs(5)
    }
}
