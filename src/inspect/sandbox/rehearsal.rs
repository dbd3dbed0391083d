//! Deaths of a worker, rehearsed for the tests: a part whose name asks for one brings it about, as a parser would that
//! aborts, overflows its stack or never ends.
//!
//! In: the place of a part that is begun. Out: nothing, or no more of this process. Only builds with debug assertions have
//! this at all, so no release has it; and what it does is what any hostile file might: the parent must stand it.
//! Deliberately absent: want of memory, which real files bring about (`tests/it/killers.rs`).

use std::hint::{black_box, spin_loop};

/// Dies, if the last step of `place` asks for it.
pub(super) fn perform(place: &str) {
    match place.rsplit(" › ").next().unwrap_or_default() {
        "sekisho-rehearses-an-abort.zip" => std::process::abort(),
        "sekisho-rehearses-an-overflow.zip" => drop(black_box(dig(0))),
        "sekisho-rehearses-a-loop.zip" => loop {
            spin_loop();
        },
        _ => {}
    }
}

/// As deep as the stack is, and deeper.
fn dig(depth: u64) -> u64 {
    let earth = black_box([depth; 64]);
    if earth.contains(&u64::MAX) { depth } else { dig(depth + 1) + black_box(earth).len() as u64 }
}
