//! `[siem]`: who is told what the journal says.
//!
//! In: the section, and the folder of the file. Out: [`Settings`], if there is a server. The files that it names are read
//! here to see that they are what they should be. Deliberately absent: asking the server, which may be down when we start.

use std::path::Path;

use super::doors::certificate;
use crate::{
    config::{
        document::{Problem, Section},
        value,
    },
    siem::{Format, Identity, Records, Server, Settings, check_files},
};

pub(super) fn read(mut section: Section<'_>, folder: &Path, problems: &mut Vec<Problem>) -> Option<Settings> {
    let server = section.read("server", server);
    let formats = [("cef", Format::Cef), ("ocsf", Format::Ocsf)];
    let format = section.read("format", |text| value::word(text, "format", &formats)).unwrap_or(Format::Cef);
    let records = [("all", Records::All), ("notable", Records::Notable)];
    let records = section.read("records", |text| value::word(text, "choice", &records)).unwrap_or(Records::All);
    let ca = section.read("ca", value::something).map(|ca| folder.join(ca));
    let identity = certificate(&mut section, folder);
    let identity = identity.map(|files| Identity { certificate: files.certificate, key: files.key });
    for key in ["format", "records", "ca", "certificate"] {
        if section.has(key) && !section.has("server") {
            let message = "nobody is told anything without a server; write siem.server too, or remove this";
            section.wrong(key, section.place_of(key), message);
        }
    }
    if server.as_ref().is_some_and(|server| !matches!(server, Server::Tls { .. })) {
        for key in ["ca", "certificate"] {
            if section.has(key) {
                let message = "this is for TLS; write server = \"tls://…\", or remove this";
                section.wrong(key, section.place_of(key), message);
            }
        }
    } else if let Err(why) = check_files(ca.as_deref(), None) {
        section.wrong("ca", section.place_of("ca"), &why);
    } else if let Err(why) = check_files(None, identity.as_ref()) {
        section.wrong("certificate", section.place_of("certificate"), &why);
    }
    problems.extend(section.finish());
    Some(Settings { server: server?, format, records, ca, identity })
}

/// `tls://siem.example.co.jp:6514`
fn server(text: &str) -> Result<Server, String> {
    let wrong = || {
        format!(
            "`{text}` is no server; write tls://, tcp:// or udp:// with host and port, as in \
             \"tls://siem.example.co.jp:6514\", or unix:// with a path"
        )
    };
    let (scheme, rest) = text.split_once("://").ok_or_else(wrong)?;
    if scheme == "unix" {
        return if rest.starts_with('/') { Ok(Server::Unix(rest.into())) } else { Err(wrong()) };
    }
    let server = value::host_and_port(rest).map_err(|_| wrong())?;
    let host = server.rsplit_once(':').map_or("", |(host, _)| host);
    let name = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    match scheme {
        "tls" => Ok(Server::Tls { server, name }),
        "tcp" => Ok(Server::Tcp(server)),
        "udp" => Ok(Server::Udp(server)),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn servers_are_read_as_they_are_written() {
        let tls = |server: &str, name: &str| Server::Tls { server: server.to_owned(), name: name.to_owned() };
        assert_eq!(server("tls://siem.example.co.jp:6514"), Ok(tls("siem.example.co.jp:6514", "siem.example.co.jp")));
        assert_eq!(server("tls://[::1]:6514"), Ok(tls("[::1]:6514", "::1")));
        for written in ["tcp://127.0.0.1:514", "udp://siem:514", "unix:///dev/log"] {
            assert_eq!(server(written).unwrap().to_string(), written);
        }
        for wrong in ["", "siem:514", "tcp://siem", "tcp://siem:0", "http://siem:80", "unix://dev/log", "tls://:6514"] {
            assert!(server(wrong).unwrap_err().contains("write tls://"), "{wrong}");
        }
    }

    #[test]
    fn what_the_page_shows_is_read_and_without_a_server_there_is_none() {
        let page = include_str!("../../../docs/siem.md");
        let example = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
        let least = "hostname = \"sekisho.example.co.jp\"\norganization.domains = [\"example.co.jp\"]\n\
                     next_hop.hosts = [\"127.0.0.1:10026\"]\napproval.security = [\"security@example.co.jp\"]\n";
        let siem = |text: &str| Config::parse("a.toml", &format!("{least}{text}"), Path::new("/")).unwrap().siem;
        let shown = siem(example).unwrap();
        assert_eq!((shown.server.to_string().as_str(), shown.format), ("tls://siem.example.co.jp:6514", Format::Ocsf));
        assert_eq!(shown.records, Records::All);
        assert_eq!([siem(""), siem("[siem]\n")], [None, None]);
        let least = siem("[siem]\nserver = \"udp://siem:514\"\n").unwrap();
        assert_eq!((least.format, least.records), (Format::Cef, Records::All));
    }
}
