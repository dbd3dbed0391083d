//! `sekisho notice list | preview`: what people are told, to be looked at before anybody is.
//!
//! In: perhaps a configuration, whose organisation, language and own texts (`notice.templates`) are used. Out: every notice
//! about one invented mail, as text, or as files to open in a browser and in a mail program. Deliberately absent: sending,
//! and any mail that really came.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Subcommand};
use jiff::tz::TimeZone;

use super::{Failure, config::Outcome, show};
use crate::{
    app,
    config::load_all,
    language::Language,
    notice::{
        Kind, Voice, Wording,
        sample::{self, Sample},
    },
    written,
};

/// `sekisho notice`.
#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List all kinds of notices, and what a text of your own may name in each
    List,
    /// Show the notices about an invented mail, with your own texts if there are any
    Preview(Preview),
}

#[derive(Debug, Args)]
struct Preview {
    /// Only this kind; `sekisho notice list` names them
    #[arg(long, value_parser = kind)]
    kind: Option<Kind>,
    /// ja or en; both without it
    #[arg(long, value_parser = language)]
    language: Option<Language>,
    /// Write the notice of --kind as HTML to this file, or as a mail if its name ends in .eml
    #[arg(long, value_name = "FILE", requires = "kind")]
    html: Option<PathBuf>,
    /// Write each notice to this folder: as text, as HTML and as a mail
    #[arg(long, value_name = "FOLDER", conflicts_with = "html")]
    folder: Option<PathBuf>,
    /// The configuration whose organisation and texts to use; without it, an invented one's
    #[arg(long, value_name = "FILE", env = "SEKISHO_CONFIG")]
    config: Option<PathBuf>,
}

/// Runs the command.
pub(super) fn run(options: Options) -> Result<ExitCode, Failure> {
    let outcome = match options.action {
        Action::List => Outcome { out: list(show::language()), ..Outcome::default() },
        Action::Preview(options) => preview(&options)?,
    };
    outcome.print()
}

fn kind(name: &str) -> Result<Kind, String> {
    Kind::of_name(name).ok_or_else(|| {
        let near = written::did_you_mean(name, Kind::ALL.into_iter().map(Kind::name));
        format!("there is no notice `{name}`{near}; `sekisho notice list` names all kinds")
    })
}

fn language(name: &str) -> Result<Language, String> {
    match name {
        "ja" => Ok(Language::Ja),
        "en" => Ok(Language::En),
        _ => Err("write ja or en".to_owned()),
    }
}

/// Kind, placeholders, who is told what: a line each.
fn list(language: Language) -> String {
    let mut out = String::new();
    for kind in Kind::ALL {
        let names: Vec<String> =
            kind.placeholders().iter().map(|placeholder| format!("{{{{{}}}}}", placeholder.name())).collect();
        let _ = writeln!(out, "{}\t{}\t{}", kind.name(), kind.what().in_language(language), names.join(" "));
    }
    out
}

fn preview(options: &Preview) -> Result<Outcome, Failure> {
    let voice = match &options.config {
        Some(path) => app::voice(&load_all(path)?.config),
        None => invented(),
    };
    let languages = options.language.map_or_else(|| vec![Language::Ja, Language::En], |language| vec![language]);
    let mut out = String::new();
    for language in languages {
        let mut samples = sample::every(&voice, language);
        samples.retain(|sample| options.kind.is_none_or(|kind| kind == sample.kind));
        match (&options.html, &options.folder) {
            (Some(file), _) => {
                if let Some(sample) = samples.first() {
                    write_one(file, sample)?;
                    let _ = writeln!(out, "{}: {} ({})", file.display(), sample.name, tag(language));
                }
                // One file holds one notice: the first language that was asked for.
                break;
            }
            (None, Some(folder)) => {
                fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
                for sample in &samples {
                    write_all(folder, sample, language)?;
                }
                let _ = writeln!(out, "{}: {} notices ({})", folder.display(), samples.len(), tag(language));
            }
            (None, None) => samples.iter().for_each(|sample| show_one(&mut out, sample, language)),
        }
    }
    Ok(Outcome { out, ..Outcome::default() })
}

/// As whoever gets it reads it.
fn show_one(out: &mut String, sample: &Sample, language: Language) {
    let seen = sample::seen(&sample.notice);
    let title = format!("==== {} ({}) ", sample.name, tag(language));
    let _ = writeln!(out, "{title:=<72}\nTo: {}\nSubject: {}\n\n{}", sample.notice.to(), seen.subject, seen.text);
}

fn write_one(file: &Path, sample: &Sample) -> Result<(), Failure> {
    if file.extension().is_some_and(|extension| extension == "eml") {
        return write(file, sample.notice.bytes());
    }
    let html = sample::seen(&sample.notice).html;
    let html = html.ok_or_else(|| {
        let name = sample.name;
        Failure::Input(format!("{name} is a delivery status notice without HTML; name a file that ends in .eml"))
    })?;
    write(file, html.as_bytes())
}

fn write_all(folder: &Path, sample: &Sample, language: Language) -> Result<(), Failure> {
    let seen = sample::seen(&sample.notice);
    let path = |ending: &str| folder.join(format!("{}.{}.{ending}", sample.name, tag(language)));
    write(&path("txt"), format!("Subject: {}\n\n{}", seen.subject, seen.text).as_bytes())?;
    if let Some(html) = seen.html {
        write(&path("html"), html.as_bytes())?;
    }
    write(&path("eml"), sample.notice.bytes())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    fs::write(path, bytes).map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Input(format!("{}: it cannot be written ({error}); name another place", path.display()))
}

/// Who speaks where there is no configuration.
fn invented() -> Voice {
    Voice {
        language: Language::default(),
        organization: "東邦観光株式会社".to_owned(),
        hostname: "sekisho.example.co.jp".to_owned(),
        timezone: TimeZone::get("Asia/Tokyo").unwrap_or(TimeZone::UTC),
        public_url: "https://sekisho.example.co.jp".to_owned(),
        wording: Wording::default(),
    }
}

fn tag(language: Language) -> &'static str {
    match language {
        Language::Ja => "ja",
        Language::En => "en",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Preview {
        Preview { kind: None, language: None, html: None, folder: None, config: None }
    }

    #[test]
    fn every_kind_is_listed_and_shown_in_both_languages() {
        let (list, out) = (list(Language::En), preview(&options()).unwrap().out);
        for kind in Kind::ALL {
            assert!(list.contains(&format!("{}\t", kind.name())), "{list}");
            for tag in ["ja", "en"] {
                let shown = |behind: &str| out.contains(&format!("==== {}{behind}", kind.name()));
                assert!(shown(&format!(" ({tag}) =")), "{}", kind.name());
            }
        }
        assert!(list.contains("hold\tto the sender: it is on hold\t{{subject}} {{sender}} {{deadline}}"), "{list}");
        assert!(out.contains("Subject: [送信保留] 業務委託の件"));
    }

    #[test]
    fn one_kind_is_written_as_html_or_as_a_mail() {
        let folder = tempfile::tempdir().unwrap();
        let (html, mail) = (folder.path().join("hold.html"), folder.path().join("hold.eml"));
        let one = |file: &Path, kind| {
            let language = Some(Language::En);
            preview(&Preview { kind: Some(kind), language, html: Some(file.to_owned()), ..options() })
        };
        one(&html, Kind::Hold).unwrap();
        assert!(fs::read_to_string(&html).unwrap().starts_with("<!DOCTYPE html>"));
        one(&mail, Kind::Hold).unwrap();
        assert!(fs::read_to_string(&mail).unwrap().contains("X-Sekisho-Notice: hold\r\n"));
        let failed = one(&html, Kind::Undeliverable).unwrap_err().to_string();
        assert!(failed.contains("ends in .eml"), "{failed}");
        let folder = folder.path().join("all");
        preview(&Preview { folder: Some(folder.clone()), ..options() }).unwrap();
        assert!(folder.join("digest.ja.txt").is_file() && folder.join("hold.en.html").is_file());
        assert!(folder.join("undeliverable.ja.eml").is_file() && !folder.join("undeliverable.ja.html").exists());
    }

    #[test]
    fn a_misspelt_kind_is_told() {
        assert!(kind("holt").unwrap_err().contains("did you mean `hold`?"));
    }
}
