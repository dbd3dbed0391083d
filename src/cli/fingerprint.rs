//! `sekisho fingerprint add | list | remove`: documents that must not leave → a library that finds them and holds no text.
//!
//! In: documents of any format that mail is read in. Out: the library (`documents.fpr`) and, where there is none yet, its key
//! (`fingerprint.key`, for its owner's eyes only) in the folder `fingerprints` of the organisation's rules; a progress bar on
//! a terminal. The library is replaced whole or not at all. A document that was not read to its end is refused, and so is
//! one that is too short to be told by. Deliberately absent: reading documents in this process; workers take their
//! fingerprints as they read mail, so that what is registered is what will be found.

use std::{
    collections::{BTreeSet, VecDeque},
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use clap::{Args, Subcommand};
use jiff::{Timestamp, tz::TimeZone};
use tokio::task::JoinHandle;

use super::{ConfigFile, Failure, edm, scan, show};
use crate::{
    config::Config,
    inspect::{
        Inspection, Job, Kind, Reason,
        detect::{
            exact::Shelf as _,
            fingerprint::{Catalogue, Document, FEWEST, LIBRARY, Library, Print, Registered, SECRET},
        },
        sandbox::{self, Hearing, Unavailable, Workers},
    },
    written,
};

#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Register documents
    Add(Add),
    /// List the registered documents
    List(List),
    /// Take documents out of the library
    Remove(Remove),
}

#[derive(Debug, Args)]
struct Add {
    #[command(flatten)]
    config: ConfigFile,
    /// What people are told that it is; the file's name without its ending, if not given
    #[arg(long)]
    name: Option<String>,
    /// How much of it a mail must hold
    #[arg(long, default_value = "30%", value_parser = share, value_name = "PERCENT")]
    share: u8,
    /// Policies know it as fingerprint.CLASS; as fingerprint, if not given
    #[arg(long, value_parser = class, value_name = "CLASS")]
    class: Option<String>,
    /// Everybody may have it: what it holds counts for no other document
    #[arg(long, conflicts_with = "class")]
    public: bool,
    /// Passwords to try on protected files, one a line
    #[arg(long, value_name = "FILE")]
    passwords: Option<PathBuf>,
    /// How long reading one file may take, in seconds
    #[arg(long, default_value_t = 60)]
    timeout: u64,
    /// Documents, and folders of them (walked)
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

#[derive(Debug, Args)]
struct List {
    #[command(flatten)]
    config: ConfigFile,
    /// One JSON object per document
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Remove {
    #[command(flatten)]
    config: ConfigFile,
    /// As `sekisho fingerprint list` calls them
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
}

pub(super) async fn run(options: Options) -> Result<ExitCode, Failure> {
    match options.action {
        Action::Add(options) => add(options).await,
        Action::List(options) => list(&options),
        Action::Remove(options) => remove(&options),
    }
}

/// `30%`, `30`.
fn share(text: &str) -> Result<u8, String> {
    let number = text.trim().trim_end_matches('%').trim_end().parse().ok();
    number.filter(|number| (1..=100).contains(number)).ok_or_else(|| "write a share from 1% to 100%".to_owned())
}

/// What may stand behind the dot of a detector's id.
fn class(text: &str) -> Result<String, String> {
    let simple = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !text.is_empty() && text.chars().all(simple) {
        return Ok(text.to_owned());
    }
    Err("write a class in small letters, digits and _".to_owned())
}

async fn add(options: Add) -> Result<ExitCode, Failure> {
    let mut refused = 0;
    let named = named(&options, &mut refused)?;
    let folder = Folder::of(&options.config)?;
    let (catalogue, _lock) = folder.open_or_begin()?;
    let settings = sandbox::Settings { timeout: Duration::from_secs(options.timeout.max(1)), ..Default::default() };
    let workers = Workers::start(sandbox::this_program()?, settings, Vec::new()).await.context("workers")?;
    let passwords = options.passwords.as_deref().map(scan::passwords).transpose()?.unwrap_or_default();
    let job = Job {
        passwords: passwords.iter().cloned().collect(),
        print: Some(catalogue.keys().clone()),
        ..Job::new(Kind::Mail)
    };
    let added = Timestamp::now().to_zoned(folder.timezone.clone()).date().to_string();
    let mut adding = Adding {
        options,
        added,
        workers: Arc::new(workers),
        job,
        catalogue,
        pending: VecDeque::new(),
        taken: BTreeSet::new(),
        refused,
    };
    let bar = scan::progress(named.len());
    for (path, name) in named {
        if let Err(why) = adding.submit(path, name).await? {
            bar.suspend(|| complain(&why));
        }
        bar.inc(1);
    }
    while let Some(result) = adding.next().await? {
        if let Err(why) = result {
            bar.suspend(|| complain(&why));
        }
    }
    bar.finish_and_clear();
    if !adding.taken.is_empty() {
        told(&folder, &folder.write(adding.catalogue)?, &adding.taken)?;
    }
    Ok(if adding.refused > 0 { ExitCode::from(2) } else { ExitCode::SUCCESS })
}

/// The files, and what each will be called.
fn named(options: &Add, unread: &mut usize) -> Result<Vec<(PathBuf, String)>, Failure> {
    let files = scan::files_of(&options.paths, unread);
    if let Some(name) = &options.name {
        let [file] = <[PathBuf; 1]>::try_from(files)
            .map_err(|_| Failure::Input("--name is for one file; register the others without it".to_owned()))?;
        return Ok(vec![(file, name.clone())]);
    }
    let mut seen = BTreeSet::new();
    let mut named = Vec::new();
    for file in files {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if !seen.insert(name.clone()) {
            let message = format!("another file is called {name:?} too; register one of them with --name");
            return Err(Failure::Input(format!("{}: {message}", file.display())));
        }
        named.push((file, name));
    }
    Ok(named)
}

type Reading = JoinHandle<Result<Hearing, Unavailable>>;

/// Documents on their way into the library.
struct Adding {
    options: Add,
    /// Today.
    added: String,
    workers: Arc<Workers>,
    job: Job,
    catalogue: Catalogue,
    pending: VecDeque<(PathBuf, String, Reading)>,
    /// The names of those that were taken in.
    taken: BTreeSet<String>,
    refused: usize,
}

impl Adding {
    /// Has a file read, and takes in the one that was read first when as many are under way as cores have work for.
    async fn submit(&mut self, path: PathBuf, name: String) -> Result<Result<(), String>, Failure> {
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.refused += 1;
                return Ok(Err(format!(
                    "{}: it cannot be read: {error}; check the path and its rights",
                    path.display()
                )));
            }
        };
        let is_mail = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("eml"));
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let job = Job { kind: if is_mail { Kind::Mail } else { Kind::File(file) }, ..self.job.clone() };
        let workers = Arc::clone(&self.workers);
        let task = tokio::spawn(async move {
            loop {
                match workers.hear(&bytes, &job).await {
                    Err(Unavailable::Busy) => {}
                    done => return done,
                }
            }
        });
        self.pending.push_back((path, name, task));
        if self.pending.len() > 2 * std::thread::available_parallelism().map_or(1, std::num::NonZero::get) {
            return Ok(self.next().await?.unwrap_or(Ok(())));
        }
        Ok(Ok(()))
    }

    /// Takes in the document that was read first; why not, if it cannot be.
    async fn next(&mut self) -> Result<Option<Result<(), String>>, Failure> {
        let Some((path, name, task)) = self.pending.pop_front() else { return Ok(None) };
        let Hearing { inspection, heard, .. } = task.await.context("a reading task died")?.context("inspection")?;
        let taken = self.take(name, &inspection, heard.print.unwrap_or_default());
        self.refused += usize::from(taken.is_err());
        Ok(Some(taken.map_err(|why| format!("{}: {why}", path.display()))))
    }

    fn take(&mut self, name: String, inspection: &Inspection, print: Print) -> Result<(), String> {
        if let Some(part) = inspection.uninspected.iter().find(|part| part.reason != Reason::Image) {
            let mend = match part.reason {
                Reason::Encrypted => "give its password with --passwords, or save it without one",
                Reason::Timeout | Reason::Limit => "cut it into smaller files, or give it more --timeout",
                _ => "save it anew, or as PDF or text",
            };
            return Err(format!("{} was not read ({}); {mend}", part.place, show::word(&part.reason)));
        }
        let letters = print.letters;
        if print.is_cut {
            return Err(format!("it is too long ({letters} letters); cut it in two"));
        }
        if print.size() == 0 || (letters < FEWEST && !self.options.public) {
            let pictures = if inspection.uninspected.is_empty() { "" } else { ", pictures apart" };
            return Err(format!(
                "it has {letters} letters{pictures}, which is too little to be told by; register the document that it is \
                 part of, or write a rule for its words (`sekisho rules new`)"
            ));
        }
        let Add { share, public, .. } = self.options;
        let (class, added) = (self.options.class.clone(), self.added.clone());
        let registered = Registered { name: name.clone(), class, share, public, added };
        self.catalogue.add(registered, &print).map_err(|error| error.to_string())?;
        self.taken.insert(name);
        Ok(())
    }
}

/// The folder of the library.
struct Folder {
    rules: PathBuf,
    timezone: TimeZone,
}

impl Folder {
    fn of(file: &ConfigFile) -> Result<Self, Failure> {
        let config = Config::load(&file.path)?;
        let timezone = config.timezone;
        let rules = config.rules.directory.ok_or_else(|| {
            let message = "it names no folder for rules of your own; write directory = \"rules\" under [rules]";
            Failure::Input(format!("{}: {message}", file.path.display()))
        })?;
        Ok(Self { rules, timezone })
    }

    /// The library, if there is one.
    fn library(&self) -> Result<Option<Library>, Failure> {
        let shelf = sandbox::Folder::new(Some(self.rules.clone()));
        let unreadable = |name: &str, error: &io::Error| {
            let path = self.rules.join(name);
            Failure::Input(format!("{}: it cannot be read: {error}; check its rights", path.display()))
        };
        let Some(bytes) = shelf.library().map_err(|error| unreadable(LIBRARY, &error))? else { return Ok(None) };
        let secret = shelf.library_secret().map_err(|error| unreadable(SECRET, &error))?;
        let library = Library::open(bytes, &secret);
        library.map(Some).map_err(|why| Failure::Input(format!("{}: {why}", self.rules.join(LIBRARY).display())))
    }

    /// What is in the library, to be changed; nobody else changes it while the file is held.
    fn change(&self) -> Result<(Option<Catalogue>, File), Failure> {
        let key = self.rules.join(SECRET);
        let lock = File::open(&key).with_context(|| key.display().to_string())?;
        lock.lock().with_context(|| key.display().to_string())?;
        let catalogue = match self.library()? {
            Some(library) => {
                let read = Catalogue::of(&library);
                Some(read.with_context(|| self.rules.join(LIBRARY).display().to_string())?)
            }
            None => None,
        };
        Ok((catalogue, lock))
    }

    /// The same, with a library and a key where there are none.
    fn open_or_begin(&self) -> Result<(Catalogue, File), Failure> {
        // A library without its key is told, and gets no other.
        self.library()?;
        let key = self.rules.join(SECRET);
        fs::create_dir_all(key.parent().unwrap_or(&self.rules)).with_context(|| key.display().to_string())?;
        let secret = edm::secret(&key)?;
        let (catalogue, lock) = self.change()?;
        if let Some(catalogue) = catalogue {
            return Ok((catalogue, lock));
        }
        let mut salt = [0; 16];
        aws_lc_rs::rand::fill(&mut salt).map_err(|_| anyhow::anyhow!("the system has no random numbers"))?;
        Ok((Catalogue::new(&secret, salt), lock))
    }

    /// Writes the library, which appears under its name when it is whole.
    fn write(&self, catalogue: Catalogue) -> Result<Vec<Document>, Failure> {
        let path = self.rules.join(LIBRARY);
        // Whoever loads the rules meanwhile passes over names that begin so.
        let unfinished = path.with_file_name(".documents.fpr.new");
        let write = |to: &Path| -> io::Result<Vec<Document>> {
            let mut file = BufWriter::new(File::create(to)?);
            let documents = catalogue.finish(&mut file)?;
            file.get_ref().sync_all()?;
            fs::rename(to, &path)?;
            Ok(documents)
        };
        let written = write(&unfinished);
        if written.is_err() {
            let _ = fs::remove_file(&unfinished);
        }
        Ok(written.with_context(|| path.display().to_string())?)
    }
}

fn list(options: &List) -> Result<ExitCode, Failure> {
    let library = Folder::of(&options.config)?.library()?;
    let mut out = io::stdout().lock();
    for document in library.iter().flat_map(Library::documents) {
        if options.json {
            writeln!(out, "{}", serde_json::to_string(document).context("JSON")?)?;
        } else {
            writeln!(out, "{}", line(document))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn remove(options: &Remove) -> Result<ExitCode, Failure> {
    let folder = Folder::of(&options.config)?;
    let nothing = || Failure::Input("no document is registered; nothing is to be removed".to_owned());
    folder.library()?.ok_or_else(nothing)?;
    let (catalogue, _lock) = folder.change()?;
    let mut catalogue = catalogue.ok_or_else(nothing)?;
    for name in &options.names {
        if !catalogue.remove(name) {
            let known = catalogue.documents().iter().map(|document| document.name.as_str());
            let hint = written::did_you_mean(name, known);
            let message = "; `sekisho fingerprint list` names them";
            return Err(Failure::Input(format!("no document is registered as {name:?}{hint}{message}")));
        }
    }
    let documents = folder.write(catalogue)?;
    writeln!(io::stdout().lock(), "{} documents are left", documents.len())?;
    Ok(ExitCode::SUCCESS)
}

fn line(document: &Document) -> String {
    let Document { name, class, share, public, added, letters, hashes, own, .. } = document;
    let what = match (public, class) {
        (true, _) => "public".to_owned(),
        (false, Some(class)) => format!("fingerprint.{class}"),
        (false, None) => "fingerprint".to_owned(),
    };
    format!("{name}\t{what}\tfrom {share} %\t{letters} letters\t{own} of {hashes} hashes its own\t{added}")
}

/// What became of the documents that were added.
fn told(folder: &Folder, documents: &[Document], names: &BTreeSet<String>) -> io::Result<()> {
    let path = folder.rules.join(LIBRARY);
    let size = fs::metadata(&path)?.len();
    let mut out = io::stdout().lock();
    for document in documents.iter().filter(|document| names.contains(&document.name)) {
        writeln!(out, "{}", line(document))?;
        if let Some(why) = never_found(document) {
            writeln!(out, "  it will never be found: {why}")?;
        }
    }
    writeln!(out, "{}: {} documents, {size} bytes", path.display(), documents.len())?;
    writeln!(out, "  key: {} (keep it from whoever may read the library)", folder.rules.join(SECRET).display())?;
    writeln!(out, "  `sekisho rules check`, then a reload (SIGHUP) puts it to work")
}

/// Why no mail can hold enough of the document; nothing if one can, or if it is not looked for.
fn never_found(document: &Document) -> Option<&'static str> {
    if document.public || document.can_be_found() {
        return None;
    }
    // Those that are its own are all that there are if no public document has any.
    Some(if document.own < document.hashes {
        "public documents hold all of it, or all but a phrase"
    } else {
        "it says the same over and over, and too little beside that"
    })
}

fn complain(why: &str) {
    let _ = writeln!(io::stderr(), "sekisho: {why}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_classes_are_read_as_people_write_them() {
        assert_eq!([share("30%"), share("5"), share(" 100 % ")], [Ok(30), Ok(5), Ok(100)]);
        assert!(["0", "101", "-3", "many", ""].iter().all(|text| share(text).is_err()));
        assert_eq!(class("board_2026"), Ok("board_2026".to_owned()));
        assert!(["", "Board", "a.b", "役員"].iter().all(|text| class(text).is_err()));
    }

    #[test]
    fn a_document_that_no_mail_can_hold_enough_of_is_told_with_its_reason() {
        let document = |hashes: u32, own: u32, public: bool| Document {
            id: 1,
            name: "a".to_owned(),
            class: None,
            share: 30,
            public,
            added: "2026-11-29".to_owned(),
            letters: 2_640,
            hashes,
            own,
        };
        for (hashes, own, public, why) in [
            (100, 100, false, None),
            (100, 0, true, None),
            (100, 0, false, Some("public documents hold all of it")),
            (100, 2, false, Some("all but a phrase")),
            // Sixty times the same sentence.
            (2, 2, false, Some("the same over and over")),
        ] {
            let told = never_found(&document(hashes, own, public));
            assert_eq!(told.is_some(), why.is_some(), "{hashes} {own}");
            assert!(why.is_none_or(|why| told.unwrap().contains(why)), "{told:?}");
        }
    }
}
