//! `sekisho edm build`: a table of the organisation's own → an index that finds its rows and holds none of them.
//!
//! In: a CSV file and the headers of the columns that tell a person. Out: an index (`customers.edm`), its key where there is
//! none yet (`edm.key`, for its owner's eyes only), and a rule that uses both (`customers.toml`), beside each other, ready for the folder
//! `exact` of the organisation's rules; a progress bar on a terminal. An index that stood there before is replaced whole or
//! not at all. Deliberately absent: any other format; every program that holds customers writes CSV.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufReader, BufWriter, Read, Write},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use clap::{Args, Subcommand};
use csv::{ByteRecord, Reader, ReaderBuilder};

use super::{Failure, progress};
use crate::{
    inspect::detect::exact::{Builder, Summary},
    mail::charset,
};

#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Make an index of a CSV file
    Build(Build),
}

#[derive(Debug, Args)]
struct Build {
    /// The table, with a header line; UTF-8, Shift_JIS or EUC-JP
    #[arg(value_name = "CSV")]
    table: PathBuf,
    /// The headers of the columns that tell a person, separated by commas
    #[arg(long, value_delimiter = ',', required = true, value_name = "HEADERS")]
    columns: Vec<String>,
    /// The index to write: NAME.edm
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

/// How much of the table its charset is told by.
const GLIMPSE: u64 = 1 << 20;

/// Rows between two moves of the progress bar.
const STEP: u64 = 10_000;

pub(super) fn run(options: &Options) -> Result<ExitCode, Failure> {
    let Action::Build(build) = &options.action;
    let stem = build.output.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    if build.output.extension().is_none_or(|extension| extension != "edm") || stem.is_empty() {
        return Err(Failure::Input(format!("{}: name the index NAME.edm", build.output.display())));
    }
    let folder = match build.output.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let table = Table::open(&build.table, &build.columns)?;
    let key = folder.join("edm.key");
    let secret = secret(&key)?;
    let mut salt = [0; 16];
    aws_lc_rs::rand::fill(&mut salt).map_err(|_| anyhow::anyhow!("the system has no random numbers"))?;
    let rows = table.count()?;
    let builder = Builder::new(build.columns.clone(), rows, &secret, salt);
    let builder = builder.map_err(|error| Failure::Input(error.to_string()))?;
    let summary = table.index(builder, rows, &build.output)?;
    let rule = folder.join(format!("{stem}.toml"));
    if !rule.exists() {
        fs::write(&rule, rule_text(stem, &build.columns)).with_context(|| rule.display().to_string())?;
    }
    told(&build.output, &rule, &key, summary)?;
    Ok(ExitCode::SUCCESS)
}

/// A table whose columns are known.
struct Table<'a> {
    path: &'a Path,
    /// Where the columns stand in a row.
    columns: Vec<usize>,
    charset: &'static str,
}

impl<'a> Table<'a> {
    fn open(path: &'a Path, wanted: &[String]) -> Result<Self, Failure> {
        let unreadable = |error: io::Error| {
            Failure::Input(format!("{}: it cannot be read: {error}; check the path and its rights", path.display()))
        };
        let mut glimpse = Vec::new();
        File::open(path).map_err(unreadable)?.take(GLIMPSE).read_to_end(&mut glimpse).map_err(unreadable)?;
        // The last character may be cut in two.
        let whole = glimpse.iter().rposition(|&c| c == b'\n').map_or(glimpse.as_slice(), |end| &glimpse[..=end]);
        let charset = charset::read(whole, None).charset;
        if charset.starts_with("utf-16") || charset.starts_with("iso-2022") {
            return Err(Failure::Input(format!("{}: it is in {charset}; save it as CSV in UTF-8", path.display())));
        }
        let table = Self { path, columns: Vec::new(), charset };
        let headers = table.reader()?.byte_headers().map_err(|error| table.wrong(&error))?.clone();
        let headers: Vec<String> = headers.iter().map(|header| table.text(header)).collect();
        let place = |name: &String| {
            headers.iter().position(|header| header.trim() == name.trim()).ok_or_else(|| {
                let known = headers.join(", ");
                Failure::Input(format!("{}: it has no column {name:?}; it has {known}", path.display()))
            })
        };
        let columns = wanted.iter().map(place).collect::<Result<_, _>>()?;
        Ok(Self { columns, ..table })
    }

    fn reader(&self) -> Result<Reader<BufReader<File>>, Failure> {
        let file = File::open(self.path).with_context(|| self.path.display().to_string())?;
        Ok(ReaderBuilder::new().flexible(true).from_reader(BufReader::with_capacity(1 << 20, file)))
    }

    fn wrong(&self, error: &csv::Error) -> Failure {
        Failure::Input(format!("{}: {error}; mend the line, or save the table as CSV again", self.path.display()))
    }

    fn text(&self, field: &[u8]) -> String {
        let field = field.strip_prefix(b"\xef\xbb\xbf").unwrap_or(field);
        charset::decode(field, Some(self.charset))
    }

    /// How many rows there are.
    fn count(&self) -> Result<usize, Failure> {
        let (mut reader, mut row, mut rows) = (self.reader()?, ByteRecord::new(), 0);
        while reader.read_byte_record(&mut row).map_err(|error| self.wrong(&error))? {
            rows += 1;
        }
        Ok(rows)
    }

    /// Reads all rows and writes the index, which appears under its name when it is whole.
    fn index(&self, mut builder: Builder, rows: usize, output: &Path) -> Result<Summary, Failure> {
        let bar = progress::bar(rows as u64, "{bar:30} {human_pos}/{human_len} rows  {eta} left  {msg}");
        let (mut reader, mut row) = (self.reader()?, ByteRecord::new());
        while reader.read_byte_record(&mut row).map_err(|error| self.wrong(&error))? {
            let cells: Vec<String> =
                self.columns.iter().map(|&column| self.text(row.get(column).unwrap_or_default())).collect();
            builder.row(cells.iter().map(String::as_str)).map_err(|error| Failure::Input(error.to_string()))?;
            if row.position().is_some_and(|position| position.record() % STEP == 0) {
                bar.inc(STEP);
            }
        }
        bar.set_message("writing");
        // Whoever loads the rules meanwhile passes over names that begin so.
        let name = output.file_name().unwrap_or_default().display();
        let unfinished = output.with_file_name(format!(".{name}.new"));
        let written = write(builder, &unfinished).and_then(|summary| {
            fs::rename(&unfinished, output)?;
            Ok(summary)
        });
        if written.is_err() {
            let _ = fs::remove_file(&unfinished);
        }
        bar.finish_and_clear();
        Ok(written.with_context(|| output.display().to_string())?)
    }
}

fn write(builder: Builder, to: &Path) -> io::Result<Summary> {
    let mut file = BufWriter::new(File::create(to)?);
    let summary = builder.finish(&mut file)?;
    file.get_ref().sync_all()?;
    Ok(summary)
}

/// The organisation's secret; made where there is none.
pub(super) fn secret(path: &Path) -> Result<Vec<u8>, Failure> {
    match fs::read(path) {
        Ok(secret) if secret.len() >= 32 => return Ok(secret),
        Ok(_) => {
            let message =
                "it is too short for a key; bring the right one, or remove it and make all that it was for again";
            return Err(Failure::Input(format!("{}: {message}", path.display())));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(Failure::Input(format!("{}: it cannot be read: {error}", path.display()))),
    }
    let mut secret = vec![0; 32];
    aws_lc_rs::rand::fill(&mut secret).map_err(|_| anyhow::anyhow!("the system has no random numbers"))?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| path.display().to_string())?;
    file.write_all(&secret).and_then(|()| file.sync_all()).with_context(|| path.display().to_string())?;
    Ok(secret)
}

/// A rule for the index, for people to change.
fn rule_text(stem: &str, columns: &[String]) -> String {
    let id: String =
        stem.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    let at_least = columns.len().min(2);
    format!(
        "# Rows of the organisation's own table, by `sekisho edm build`.\n\
         [[exact]]\n\
         id = \"our.{id}\"\n\
         title = {{ ja = {stem:?}, en = {stem:?} }}\n\
         category = \"identity\"            # special_care financial specific identity contact organizational\n\
         file = \"{stem}.edm\"\n\
         # columns = {columns:?}\n\
         at_least = {at_least}                     # so many columns of one row\n\
         near = 200                       # within so many characters, or in one row of a table\n\
         # personal = false                # where a row is no person\n"
    )
}

fn told(output: &Path, rule: &Path, key: &Path, summary: Summary) -> io::Result<()> {
    let Summary { rows, cells, short, common } = summary;
    let size = fs::metadata(output)?.len();
    let mut out = io::stdout().lock();
    writeln!(out, "{}: {rows} rows, {cells} cells, {size} bytes", output.display())?;
    if short > 0 {
        writeln!(out, "  left out: {short} cells too short to tell anybody")?;
    }
    if common > 0 {
        writeln!(out, "  left out: {common} cells whose value stands in more than 256 rows")?;
    }
    writeln!(out, "  rule: {}; key: {} (keep it from whoever may read the index)", rule.display(), key.display())?;
    writeln!(out, "  put the three into the folder exact/ of rules.directory, then `sekisho rules check`")
}
