//! `[traces]`: who is told what a sample of the mails went through.
//!
//! In: the section, and the folder of the file. Out: [`Settings`], if there is a collector. The file with header lines is read
//! here. Deliberately absent: asking the collector, which may be down when we start.

use std::{fs, path::Path};

use crate::{
    config::{
        document::{Problem, Section},
        value,
    },
    telemetry::traces::{Endpoint, Headers, Settings},
};

/// One mail in a hundred.
const SHARE: f64 = 0.01;

pub(super) fn read(mut section: Section<'_>, folder: &Path, problems: &mut Vec<Problem>) -> Option<Settings> {
    let endpoint = section.read("endpoint", Endpoint::parse);
    let share = section.share("sample").unwrap_or(SHARE);
    let headers = section.read("headers_file", |name| headers(&folder.join(value::something(name)?)));
    for key in ["sample", "headers_file"] {
        if section.has(key) && !section.has("endpoint") {
            let message = "nobody is told anything without a collector; write traces.endpoint too, or remove this";
            section.wrong(key, section.place_of(key), message);
        }
    }
    if headers.is_some() && endpoint.as_ref().is_some_and(Endpoint::may_be_overheard) {
        let message = "what is in it would be sent in the clear to another machine; write an https:// endpoint";
        section.wrong("headers_file", section.place_of("headers_file"), message);
    }
    problems.extend(section.finish());
    Some(Settings { endpoint: endpoint?, share, headers: headers.unwrap_or_default() })
}

fn headers(path: &Path) -> Result<Headers, String> {
    let named = |why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
    let mend = "name a file with lines as \"authorization: Bearer KEY\"";
    let text = fs::read_to_string(path).map_err(|why| named(&format!("{why}; {mend}")))?;
    Headers::parse(&text).map_err(|why| named(&why))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    const LEAST: &str = "hostname = \"sekisho.example.co.jp\"\norganization.domains = [\"example.co.jp\"]\n\
                         next_hop.hosts = [\"127.0.0.1:10026\"]\napproval.security = [\"security@example.co.jp\"]\n";

    fn traces(text: &str, folder: &Path) -> Result<Option<Settings>, String> {
        Config::parse("a.toml", &format!("{LEAST}{text}"), folder)
            .map(|config| config.traces)
            .map_err(|e| e.to_string())
    }

    #[test]
    fn a_collector_is_told_one_mail_in_a_hundred_if_nothing_else_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let read = |text: &str| traces(text, folder.path()).unwrap();
        assert_eq!([read(""), read("[traces]\n")], [None, None]);
        let told = read("[traces]\nendpoint = \"http://127.0.0.1:4318/v1/traces\"\n").unwrap();
        assert_eq!((told.endpoint.to_string().as_str(), told.share), ("http://127.0.0.1:4318/v1/traces", SHARE));
        for (sample, share) in [("0", 0.0), ("1", 1.0), ("0.5", 0.5), ("1e-3", 0.001)] {
            let text = format!("[traces]\nendpoint = \"https://otel.example.co.jp/v1/traces\"\nsample = {sample}\n");
            assert!((read(&text).unwrap().share - share).abs() < f64::EPSILON, "{sample}");
        }
    }

    #[test]
    fn header_lines_come_from_a_file_and_are_in_no_error() {
        let folder = tempfile::tempdir().unwrap();
        let with = |endpoint: &str, lines: &str| {
            fs::write(folder.path().join("headers"), lines).unwrap();
            traces(&format!("[traces]\nendpoint = \"{endpoint}\"\nheaders_file = \"headers\"\n"), folder.path())
        };
        let told = with("https://otel.example.co.jp/v1/traces", "authorization: Bearer s3cret\n").unwrap().unwrap();
        assert!(!format!("{told:?}").contains("s3cret"), "{told:?}");
        let wrong = with("https://otel.example.co.jp/v1/traces", "s3cret\n").unwrap_err();
        assert!(wrong.contains("headers: line 1 is no header line") && !wrong.contains("s3cret"), "{wrong}");
        let clear = with("http://otel.example.co.jp:4318/v1/traces", "a: b\n").unwrap_err();
        assert!(clear.contains("in the clear"), "{clear}");
        assert!(with("http://127.0.0.1:4318/v1/traces", "a: b\n").is_ok());
    }
}
