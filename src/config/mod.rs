//! sekisho.toml → a checked [`Config`], and with it everything that is loaded at start and on SIGHUP.
//!
//! In: one TOML file, and the rule folder, partner file and people file that it names. Out: [`Config`] and [`Loaded`], or every
//! error at once, each as `file:line:column: what is wrong; how to mend it`. Unknown keys are errors: a misspelt key
//! would otherwise be a protection that silently is not there. `sekisho config check` uses this very loader.
//! Deliberately absent: environment variables, includes, and defaults on a file that cannot be read.

mod document;
mod lacking;
mod load;
mod marks;
mod read;
mod value;

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use jiff::{civil::Time, tz::TimeZone};
pub use load::{Loaded, load_all, load_policies};
pub use marks::Marks;

use crate::{
    console, directory, hold,
    inspect::sandbox,
    journal::SpoolSettings,
    language::Language,
    notice::Wording,
    outbox, policy,
    recipients::Organization,
    siem,
    smtp::{client, server, server::KeyFiles},
    store::Place,
    telemetry::traces,
};

/// What the file says, checked; every module owns its part.
#[derive(Debug, Clone)]
pub struct Config {
    /// The name we go by in EHLO and in our own addresses.
    pub hostname: String,
    /// Where the database and the key are; absolute if the file's path is.
    pub data_dir: PathBuf,
    /// `[organization]`, and `policy.exposed_recipients`.
    pub organization: Organization,
    /// What notices and pages are written in.
    pub language: Language,
    /// What clock times in them mean.
    pub timezone: TimeZone,
    /// `[smtp]`
    pub smtp: server::Settings,
    /// `smtp.trace_client`: whether trace headers say who handed the mail over.
    pub trace_client: bool,
    /// `[next_hop]`
    pub next_hop: client::Settings,
    /// `[outbox]`
    pub outbox: outbox::Settings,
    /// `[inspection]`
    pub inspection: sandbox::Settings,
    /// `inspection.passwords`: the file with the organisation's passwords.
    pub password_file: Option<PathBuf>,
    /// `inspection.remember_passwords`: how long those that a sender mailed are remembered; zero is not at all.
    pub remember_passwords: Duration,
    /// `inspection.count_quoted`: whether people in the quoted history of a mail are counted.
    pub count_quoted: bool,
    /// `inspection.accept_missing_landlock`: whether a kernel without Landlock counts as well.
    pub accept_missing_landlock: bool,
    /// `[rules]`
    pub rules: RuleFiles,
    /// `[approval]`
    pub approval: hold::Settings,
    /// `[directory]`: where people are known from.
    pub directory: directory::Settings,
    /// `[store]`: `data_dir`, and the server of its database if that is not in there.
    pub store: Place,
    /// `[journal]`: what becomes of records that the store does not take.
    pub spool: SpoolSettings,
    /// `store.min_free`: so many bytes must be free where the store is, or no mail is taken.
    pub min_free: u64,
    /// `[console]`
    pub console: console::Settings,
    /// `[metrics]`: where a monitor may ask what is counted; nowhere if not said.
    pub metrics: Option<SocketAddr>,
    /// `[siem]`: who is told what the journal says; nobody if not said.
    pub siem: Option<siem::Settings>,
    /// `[traces]`: who is told what a sample of the mails went through; nobody if not said.
    pub traces: Option<traces::Settings>,
    /// `drill.at`: when the machine is drilled, every day; never if there is none.
    pub drill_at: Option<Time>,
    /// Where its certificate is; without one it speaks plain HTTP.
    pub console_keys: KeyFiles,
    /// `notice.templates`: the folder with the organisation's own texts.
    pub notice_templates: Option<PathBuf>,
    /// What is in it; nothing before [`load_all`] has read it.
    pub wording: Wording,
    /// `history.max_entries`: how many counters of the history are kept.
    pub history: usize,
    /// `[policy]` and `[calendar]`: which shipped rules there are, whether rules act, what happens at least to every mail,
    /// and when business is done.
    pub policy: policy::Settings,
}

/// A section of the file, and what it says.
type Section = (&'static str, fn(&Config) -> String);

impl Config {
    /// The sections in which `new` says something else that a running server does not take up by itself.
    pub fn needs_restart(&self, new: &Self) -> Vec<&'static str> {
        let hold = |config: &Self| {
            let hold::Settings { security, approvers, expires_after, delay, remind_after, escalate_after, .. } =
                config.approval.clone();
            (security, approvers, expires_after, delay, remind_after, escalate_after)
        };
        let sections: [Section; 16] = [
            ("hostname and data_dir", |c| format!("{:?}", (&c.hostname, &c.data_dir))),
            ("[organization]", |c| format!("{:?}", (&c.organization, c.language, &c.timezone))),
            ("[smtp]", |c| format!("{:?}", (&c.smtp, c.trace_client))),
            ("[next_hop]", |c| format!("{:?}", c.next_hop)),
            ("[outbox]", |c| format!("{:?}", c.outbox)),
            ("[store]", |c| format!("{:?}", (&c.store, c.min_free, c.accept_missing_landlock))),
            ("[journal]", |c| format!("{:?}", c.spool)),
            ("[console]", |c| format!("{:?}", (&c.console, &c.console_keys))),
            ("[metrics]", |c| format!("{:?}", c.metrics)),
            ("[siem]", |c| format!("{:?}", c.siem)),
            ("[traces]", |c| format!("{:?}", c.traces)),
            ("[drill]", |c| format!("{:?}", c.drill_at)),
            ("[history]", |c| format!("{:?}", c.history)),
            ("[retention]", |c| format!("{:?}", c.approval.keep)),
            ("[notice] but for its texts", |c| format!("{:?}", (c.approval.limits, c.approval.digest))),
            ("[calendar] for deadlines and the digest", |c| format!("{:?}", c.approval.calendar)),
        ];
        let mut changed: Vec<&str> =
            sections.into_iter().filter(|(_, of)| of(self) != of(new)).map(|(name, _)| name).collect();
        if hold(self) != hold(new) {
            changed.push("[approval]");
        }
        changed
    }
}

/// Where an organisation's own rules and partners are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RuleFiles {
    /// A folder with `detectors/`, `dictionaries/`, `exact/`, `fingerprints/` and `policies/`.
    pub directory: Option<PathBuf>,
    /// partners.toml
    pub partners: Option<PathBuf>,
}

/// Everything that is wrong with the configuration; at least one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors {
    /// `file:line:column: what is wrong; how to mend it`, in the order of the file.
    pub lines: Vec<String>,
}

impl std::fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.lines.join("\n"))
    }
}

impl std::error::Error for ConfigErrors {}
