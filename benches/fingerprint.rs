//! Document fingerprints: what looking for none, a hundred and three thousand registered documents costs.
//!
//! `cargo bench --bench fingerprint`. Megabytes per second of processor time on one core, the best of several runs, of all of
//! detection over clean text; and how long the library takes to open and how large it is. Documents are of 100 KB each, half
//! of them Japanese, by rule.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench that cannot go on panics, and prints its figures"
)]

#[path = "support/prose.rs"]
#[expect(dead_code, reason = "other benches take their dense text from there")]
mod prose;

use std::fs::{self, File};
use std::hint::black_box;
use std::io::{self, BufWriter};
use std::path::PathBuf;

use prose::{Kind, Random, text};
use rustix::time::{ClockId, clock_gettime};
use sekisho::inspect::detect::exact::{Bytes, Shelf};
use sekisho::inspect::detect::fingerprint::{Catalogue, Keys, LIBRARY, Print, Registered, SECRET};
use sekisho::inspect::sandbox::Folder;
use sekisho::inspect::{Job, Limits, Rules, detect::stages, hear};

const KEY: &[u8] = b"a key of 32 bytes for the bench.";
const MB: usize = 1_000_000;

/// No rule folder but this one.
struct Library(PathBuf);

impl Library {
    /// So many documents of 100 KB.
    fn of(count: usize, rules: &Rules) -> Self {
        let folder = std::env::temp_dir().join(format!("sekisho-bench-{}-{count}", std::process::id()));
        fs::create_dir_all(folder.join("fingerprints")).expect("a folder");
        fs::write(folder.join(SECRET), KEY).expect("a key");
        let mut catalogue = Catalogue::new(KEY, [1; 16]);
        for number in 0..count {
            let registered = Registered {
                name: format!("document {number}"),
                class: None,
                share: 30,
                public: false,
                added: "2026-11-29".to_owned(),
            };
            catalogue.add(registered, &print(number, catalogue.keys(), rules)).expect("room for it");
        }
        let mut file = BufWriter::new(File::create(folder.join(LIBRARY)).expect("a file"));
        catalogue.finish(&mut file).expect("a library");
        Self(folder)
    }

    fn size(&self) -> u64 {
        fs::metadata(self.0.join(LIBRARY)).map_or(0, |data| data.len())
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Shelf for Library {
    fn index(&self, _: &str) -> io::Result<Box<dyn Bytes>> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn secret(&self, _: &str) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn library(&self) -> io::Result<Option<Box<dyn Bytes>>> {
        Folder::new(Some(self.0.clone())).library()
    }

    fn library_secret(&self) -> io::Result<Vec<u8>> {
        Ok(KEY.to_vec())
    }
}

/// The fingerprint of a text of 100 KB that is like no other.
fn print(number: usize, keys: &Keys, rules: &Rules) -> Print {
    let mut random = Random::new(&format!("document {number}"));
    let (first, count) = if number.is_multiple_of(2) { (0x4E00, 3_000) } else { (0x61, 26) };
    let mut text = String::with_capacity(100_000);
    while text.len() < 100_000 {
        text.extend(u32::try_from(first + random.below(count)).ok().and_then(char::from_u32));
    }
    let job = Job { print: Some(keys.clone()), ..Job::new(sekisho::inspect::Kind::File("a.txt".to_owned())) };
    let (_, heard) = hear(text.as_bytes(), &job, rules, &Limits::default(), &mut ());
    heard.print.expect("a fingerprint")
}

fn main() {
    let plain = Rules::compile(&[]).expect("the built-in rules");
    let texts = [Kind::CleanJapanese, Kind::CleanEnglish].map(|kind| (kind, text(kind, 8 * MB)));
    for count in [0, 100, 3_000] {
        let library = (count > 0).then(|| Library::of(count, &plain));
        let (rules, opening) = match &library {
            Some(library) => {
                let plain = best(2, || Rules::compile(&[]).expect("rules")).0;
                let (time, rules) = best(2, || Rules::compile_with(&[], library).expect("rules with a library"));
                (rules, time - plain)
            }
            None => (Rules::compile(&[]).expect("the built-in rules"), 0.0),
        };
        print!("{count:>5} documents, {:>6.1} MB, opened in {:>4.0} ms:", size(library.as_ref()), opening * 1e3);
        for (kind, text) in &texts {
            let time = best(4, || stages::all(&rules, text)).0;
            print!("  {} {:.0}", kind.name(), text.len() as f64 / 1e6 / time);
        }
        println!("  MB per CPU second");
    }
}

fn size(library: Option<&Library>) -> f64 {
    library.map_or(0, Library::size) as f64 / 1e6
}

/// The least processor time of several runs, in seconds, and what the last gave.
fn best<T>(times: usize, mut run: impl FnMut() -> T) -> (f64, T) {
    let mut timed = || {
        let start = clock_gettime(ClockId::ProcessCPUTime);
        let made = black_box(run());
        let end = clock_gettime(ClockId::ProcessCPUTime);
        ((end.tv_sec - start.tv_sec) as f64 + (end.tv_nsec - start.tv_nsec) as f64 / 1e9, made)
    };
    let first = timed();
    (1..times).fold(first, |(least, _), _| {
        let (time, made) = timed();
        (least.min(time), made)
    })
}
