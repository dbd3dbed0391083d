//! Writes the first inputs of each fuzz target: the generated corpus, by format.
//!
//!     cargo run --example seeds
//!
//! In: nothing. Out: files under `corpus/TARGET`. Deliberately absent: targets that put a part into a package; they begin
//! with the parts of those packages.

#[path = "../tests/generators/mod.rs"]
#[allow(dead_code, reason = "only whole cases are written")]
mod generators;

use std::fs;
use std::path::Path;

/// Folder of the generated corpus → the target that reads it, and whether its first byte chooses something.
const TARGETS: [(&str, &str, bool); 29] = [
    ("mail", "mail", false),
    ("html", "html", false),
    ("text", "text", false),
    ("rtf", "rtf", false),
    ("pdf", "pdf", false),
    ("zip", "zip", false),
    ("xlsx", "zip", false),
    ("docx", "zip", false),
    ("pptx", "zip", false),
    ("ods", "zip", false),
    ("odt", "zip", false),
    ("odp", "zip", false),
    ("xlsb", "zip", false),
    ("polyglot", "text", false),
    ("image", "image", true),
    ("tnef", "outlook", true),
    ("xls", "compound", true),
    ("doc", "compound", true),
    ("ppt", "compound", true),
    ("msg", "compound", true),
    ("7z", "archive", true),
    ("rar", "archive", true),
    ("gz", "archive", true),
    ("bz2", "archive", true),
    ("xz", "archive", true),
    ("zst", "archive", true),
    ("cab", "archive", true),
    ("tar", "archive", true),
    ("lzh", "archive", true),
];

fn main() -> std::io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for case in generators::cases() {
        let format = case.name.split_once('/').map_or("", |(format, _)| format);
        let Some((_, target, chooses)) = TARGETS.iter().find(|(name, _, _)| *name == format) else { continue };
        // The last choice of those targets is the bytes as they are.
        let first: &[u8] = match (*chooses, *target) {
            (false, _) => &[],
            (true, "archive") => &[9],
            (true, "image") => &[0],
            (true, _) => &[6],
        };
        write(&folder.join(target), case.file(), &[first, &case.bytes].concat())?;
    }
    for (target, packages) in
        [("office", vec![generators::package::Package::workbook(), generators::package::Package::document("<w:p/>")])]
    {
        for package in packages {
            for (number, (name, content)) in package.parts().iter().enumerate() {
                let choice = u8::try_from(number).unwrap_or_default();
                write(&folder.join(target), &name.replace('/', "-"), &[&[choice][..], content].concat())?;
            }
        }
    }
    let parts = generators::biff12::package(&[], &[], 0);
    for (choice, part) in (0u8..).zip(&parts) {
        let name = String::from_utf8_lossy(&part.name).replace('/', "-");
        write(&folder.join("workbook"), &name, &[&[choice][..], &part.packed].concat())?;
    }
    Ok(())
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::write(folder.join(name), bytes)
}
