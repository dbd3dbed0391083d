//! Sekisho as it is measured: the release binary with its defaults, in front of the sink.
//!
//! Nothing of the inspection is switched off. The recipient is a partner who may receive the workbook's personal data,
//! and what no reader knows (random bytes) is told and goes out: else these mails would be held.

use std::{fs, net::SocketAddr, path::PathBuf};

use tempfile::TempDir;

pub(crate) use crate::support::relay::Relay as Program;

/// A running Sekisho with its rules.
pub(crate) struct Relay {
    pub(crate) program: Program,
    _rules: TempDir,
    pub(crate) smtp: SocketAddr,
}

impl Relay {
    pub(crate) fn pid(&self) -> u32 {
        self.program.pid()
    }
}

const PARTNERS: &str = r#"
[[partner]]
id = "kita-hoan"
names = ["北保安サービス株式会社"]
domains = ["kita-hoan.example.com"]
may_receive = { categories = ["contact", "identity"], max_persons = 20000 }
"#;

const POLICIES: &str = r#"
[[policy]]
id = "uninspected"
enabled = false
"#;

pub(crate) fn start(sink: SocketAddr) -> Relay {
    let mut relay = configured(sink, "");
    relay.program.run();
    relay
}

/// The same with more settings, not yet started.
pub(crate) fn configured(sink: SocketAddr, more: &str) -> Relay {
    let rules = tempfile::tempdir().unwrap();
    let path = |name: &str| -> PathBuf { rules.path().join(name) };
    fs::write(path("partners.toml"), PARTNERS).unwrap();
    fs::create_dir_all(path("rules/policies")).unwrap();
    fs::write(path("rules/policies/bench.toml"), POLICIES).unwrap();
    let extra = format!(
        "[rules]\npartners = {:?}\ndirectory = {:?}\n[inspection]\nworkers = 0\n[notice]\nto_sender = 20\nto_decider = 50\n{more}",
        path("partners.toml"),
        path("rules")
    );
    let program = Program::configured(sink, &extra);
    Relay { smtp: program.smtp, program, _rules: rules }
}
