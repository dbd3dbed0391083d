//! SIGHUP: what a running server takes up without a restart.
//!
//! In: a configuration that was loaded anew and is well. Out: the next mail is judged by it, and a record says so. Deliberately
//! absent: sections that take a restart, which are named instead.

use std::sync::{Arc, PoisonError};

use anyhow::Context;
use jiff::Timestamp;

use super::{Plants, engine::Rules, judgement, nodes::Badge};
use crate::{
    config::{Config, Loaded},
    console::Rulebook,
    directory::Directory,
    journal::{Record, RulesChange, Via},
    mail::MailId,
    notice::Voice,
    pipeline::{Judgement, Past, Stages},
    policy::Policies,
    recipients::Organization,
    smtp::server::Keyring,
    store::Store,
};

/// Replaces rules, partners, people, passwords, texts of notices, the certificate and the users of a running server.
pub struct Reload {
    pub(super) stages: Arc<Stages>,
    pub(super) rulebook: Rules,
    pub(super) keys: Arc<Keyring>,
    pub(super) console_keys: Arc<Keyring>,
    pub(super) organization: Organization,
    pub(super) voice: Voice,
    pub(super) directory: Directory,
    pub(super) store: Store,
    pub(super) badge: Arc<Badge>,
    pub(super) past: Past,
    pub(super) plants: Plants,
    /// As it was at the start, which is what most of it stays.
    pub(super) config: Config,
}

impl Reload {
    /// Starts workers with the new rules and lets the next mail be judged by them. On an error nothing changes. Who
    /// we are stays as it was at the start: judging by new domains and telling by old ones would tell outsiders.
    /// Gives the sections that say something else than at the start, and take a restart to be in force.
    pub async fn apply(&self, loaded: &Loaded) -> anyhow::Result<Vec<&'static str>> {
        let organization = self.organization.clone();
        let judgement = judgement(loaded, Some(&self.store), Some(self.past.clone())).await?;
        let ldap = self.directory.renew_ldap(loaded.config.directory.ldap.clone()).await;
        let ldap = ldap
            .context("nobody can be read with the new [directory.ldap]; mend it, or wait until its server is there")?;
        let before = self.stages.replace_judgement(Judgement { organization, ..judgement });
        let rulebook = Arc::new(Rulebook::new(&loaded.policies, loaded.rules.detectors()));
        *self.rulebook.write().unwrap_or_else(PoisonError::into_inner) = rulebook;
        *self.plants.write().unwrap_or_else(PoisonError::into_inner) = loaded.rules.plants();
        self.keys.replace(loaded.keys.clone());
        if self.config.console_keys == loaded.config.console_keys {
            self.console_keys.replace(loaded.console_keys.clone());
        }
        self.directory.replace_file(loaded.people.clone());
        self.badge.renew(loaded);
        loaded.warnings().iter().for_each(|lack| tracing::warn!("{lack}"));
        let words = self.voice.wording.replace(&loaded.config.wording);
        let renewed = [(words, "texts of notices"), (ldap, "directory.ldap")];
        let renewed = renewed.into_iter().filter(|(is, _)| *is).map(|(_, what)| what.to_owned()).collect();
        self.journal(&before.policies, &loaded.policies, renewed).await;
        Ok(self.config.needs_restart(&loaded.config))
    }

    /// The new rules are in force; a journal that cannot be written closes the gate for the mails after this by itself.
    async fn journal(&self, before: &Policies, now: &Policies, renewed: Vec<String>) {
        let differences = before.differences(now).iter().map(ToString::to_string).collect();
        let change = RulesChange { via: Via::Signal, rules: now.rules().count(), differences, renewed };
        let id = MailId(ulid::Ulid::generate().to_string());
        if let Err(why) = self.stages.journal.record(Record::rules(id, Timestamp::now(), change)).await {
            tracing::error!(%why, "the rules were replaced, but that is not journalled");
        }
    }
}
