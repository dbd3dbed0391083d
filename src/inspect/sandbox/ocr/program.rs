//! Where the tesseract program is, and whether it knows the languages that are asked for.
//!
//! In: a name or a path, and languages. Out: a [`Program`], or what is missing and how to get it. It asks the program
//! itself (`--list-langs`), when the configuration is loaded. Deliberately absent: versions; 4 and 5 do.

use std::{
    env, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The program and its language data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Where it is.
    pub path: PathBuf,
    /// The folder of its data, if it says so.
    pub data: Option<PathBuf>,
}

/// What is missing for reading pictures.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Lack {
    /// The program.
    #[error("there is no program `{0}`; install the package tesseract-ocr, or remove [inspection.ocr]")]
    Program(String),
    /// It is there and does not do what tesseract does.
    #[error("`{0}` does not list its languages as tesseract does ({1}); name the tesseract program")]
    Strange(String, String),
    /// Its data for a language.
    #[error("tesseract has no data for `{0}`, only for {1}; install the package tesseract-ocr-{0}")]
    Language(String, String),
}

impl Program {
    /// Finds it, along the search path if it is a name, and sees that it knows these languages.
    pub fn find(name: &str, languages: &[String]) -> Result<Self, Lack> {
        let path = along_the_path(name).ok_or_else(|| Lack::Program(name.to_owned()))?;
        let strange = |what: &str| Lack::Strange(name.to_owned(), what.to_owned());
        let output = Command::new(&path)
            .arg("--list-langs")
            .stdin(Stdio::null())
            .output()
            .map_err(|error: io::Error| strange(&error.to_string()))?;
        // Version 4 lists them on standard error.
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        let (data, known) = listed(&said).ok_or_else(|| strange("it says something else"))?;
        match languages.iter().find(|language| !known.contains(&language.as_str())) {
            Some(missing) => Err(Lack::Language(missing.clone(), known.join(", "))),
            None => Ok(Self { path, data: data.map(PathBuf::from) }),
        }
    }
}

/// The program's file, with all links followed: what is allowed to run is this very file.
fn along_the_path(name: &str) -> Option<PathBuf> {
    let found = if name.contains('/') {
        PathBuf::from(name)
    } else {
        let folders = env::var_os("PATH")?;
        env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file())?
    };
    found.canonicalize().ok().filter(|path| Path::is_file(path))
}

/// `List of available languages in "/usr/share/tesseract-ocr/5/tessdata/" (2):` and a language a line.
fn listed(said: &str) -> Option<(Option<&str>, Vec<&str>)> {
    let (before, after) = said.split_once("List of available languages")?;
    if before.lines().count() > 1 {
        return None;
    }
    let mut lines = after.lines();
    let data = lines.next()?.split('"').nth(1);
    Some((data, lines.map(str::trim).filter(|line| !line.is_empty()).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_are_understood() {
        let five = "List of available languages in \"/usr/share/tesseract-ocr/5/tessdata/\" (2):\neng\njpn\n";
        assert_eq!(listed(five), Some((Some("/usr/share/tesseract-ocr/5/tessdata/"), vec!["eng", "jpn"])));
        assert_eq!(listed("List of available languages (1):\neng\n"), Some((None, vec!["eng"])));
        assert_eq!(listed("sh: unknown option\n"), None);
    }

    #[test]
    fn what_is_missing_is_said() {
        let languages = ["jpn".to_owned()];
        assert_eq!(Program::find("no-such-program", &languages), Err(Lack::Program("no-such-program".to_owned())));
        assert!(matches!(Program::find("/bin/ls", &languages), Err(Lack::Strange(..))));
    }
}
