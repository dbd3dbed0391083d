//! `sekisho rules diff` and `sekisho rules replay`: what other rules would change, before they are in force.
//!
//! In: the configuration whose rules are in force, new rules, and the journal's facts about past mails. Out: which rules
//! differ; for whom the decision would be another one, and how often. Both sets decide on the same facts, so that what
//! the journal does not keep (names of attachments, header values, labels) is unknown to both, and a mail of which a rule
//! asks that is counted instead of guessed. Nothing is sent, changed or written.
//! Deliberately absent: the mails. Their content is not kept.

use std::{collections::BTreeMap, fmt::Write as _, path::Path, time::Duration};

use anyhow::Context;
use jiff::Timestamp;
use serde::Serialize;

use super::{Failure, config::Outcome};
use crate::{
    config::{Config, load_all, load_policies},
    journal::{Journal, What},
    mail::MailId,
    policy::{Action, Changed, Difference, FORMAT, Mail, Policies},
    store::Store,
};

/// So many mails are named one by one; the table counts all.
const NAMED: usize = 50;

/// A rule that differs, as JSON.
#[derive(Serialize)]
struct Rule<'a> {
    rule: &'a str,
    before: Option<Action>,
    after: Option<Action>,
    parts: &'a [&'static str],
}

/// A recipient for whom the decision would be another one, as JSON.
#[derive(Serialize)]
struct Row<'a> {
    id: &'a MailId,
    at: Timestamp,
    mail_from: Option<&'a str>,
    recipient: &'a str,
    before: Action,
    after: Action,
    new: &'a [String],
    gone: &'a [String],
}

/// Which rules are other ones.
pub(super) fn diff(config: Option<&Path>, new: &Path, json: bool) -> Result<Outcome, Failure> {
    let (config, current) = match config {
        Some(path) => {
            let loaded = load_all(path)?;
            (Some(loaded.config), loaded.policies)
        }
        None => (None, Policies::compile_all(&[], crate::policy::Settings::default()).map_err(broken)?),
    };
    let new = load_policies(config.as_ref(), new)?;
    let differences = current.differences(&new);
    let mut out = String::new();
    for difference in &differences {
        let Difference { id, before, after, parts } = difference;
        if json {
            let rule = Rule { rule: id, before: *before, after: *after, parts };
            out.push_str(&line(&rule)?);
        } else {
            let _ = writeln!(out, "{difference}");
        }
    }
    if differences.is_empty() && !json {
        out.push_str("the rules are the same\n");
    }
    Ok(Outcome { out, ..Outcome::default() })
}

/// Decides the mails of `since` again.
pub(super) async fn replay(config: &Path, new: &Path, since: Duration, json: bool) -> Result<Outcome, Failure> {
    let loaded = load_all(config)?;
    let new = load_policies(Some(&loaded.config), new)?;
    let from = Timestamp::now().checked_sub(since).unwrap_or(Timestamp::MIN);
    let mut replay = Replay { current: &loaded.policies, new: &new, json, tally: Tally::default() };
    let journal = open(&loaded.config).await?;
    let mut failed = None;
    let walked = journal.walk(from, |record| {
        let What::Mail(mail) = record.what else { return };
        let sender = mail.mail_from.as_ref().map(|sender| sender.as_str().to_owned());
        let passed = mail.passed_before.is_some();
        match mail.facts.filter(|facts| facts.format <= FORMAT) {
            Some(facts) => {
                if let Err(why) = replay.mail((&record.id, record.at, sender.as_deref()), &facts) {
                    failed = Some(why);
                }
            }
            None if passed => {}
            None => replay.tally.without_facts += 1,
        }
    });
    walked.await.context("the journal could not be read")?;
    match failed {
        Some(why) => Err(why),
        None => Ok(Outcome { out: replay.told(), ..Outcome::default() }),
    }
}

async fn open(config: &Config) -> Result<Journal, Failure> {
    let store = Store::open(&config.store).await.context("the store could not be opened")?;
    Ok(Journal::start(store))
}

/// Two sets of rules, and what they made of the mails so far.
struct Replay<'a> {
    current: &'a Policies,
    new: &'a Policies,
    json: bool,
    tally: Tally,
}

#[derive(Default)]
struct Tally {
    mails: usize,
    changed: usize,
    named: String,
    left: usize,
    /// Mails and recipients, by what was decided and what would be.
    kinds: BTreeMap<(Action, Action), (usize, usize)>,
    senders: BTreeMap<String, usize>,
    rules: BTreeMap<(char, String), usize>,
    undecided: usize,
    without_facts: usize,
}

impl Replay<'_> {
    fn mail(&mut self, (id, at, sender): (&MailId, Timestamp, Option<&str>), facts: &Mail) -> Result<(), Failure> {
        let (changes, undecided) = self.current.changed_for(self.new, facts);
        let tally = &mut self.tally;
        tally.mails += 1;
        tally.undecided += usize::from(undecided);
        tally.changed += usize::from(!changes.is_empty());
        for change in &changes {
            let Changed { recipient, before, after, new, gone } = change;
            if self.json {
                let recipient = recipient.as_str();
                let row = Row { id, at, mail_from: sender, recipient, before: *before, after: *after, new, gone };
                tally.named.push_str(&line(&row)?);
            } else if tally.changed <= NAMED {
                let rules = gone.iter().map(|rule| format!("-{rule}")).chain(new.iter().map(|rule| format!("+{rule}")));
                let rules = rules.collect::<Vec<_>>().join(" ");
                let from = sender.unwrap_or("<>");
                let _ = writeln!(tally.named, "{at} {id} {from} → {recipient}: {before} → {after} ({rules})");
            } else {
                tally.left += 1;
            }
        }
        tally.count(&changes, sender);
        Ok(())
    }

    fn told(&self) -> String {
        let Tally { mails, changed, named, left, kinds, senders, rules, undecided, without_facts } = &self.tally;
        if self.json {
            return named.clone();
        }
        let mut out = format!("{mails} mails decided again; {changed} of them would be decided otherwise\n");
        for ((before, after), (mails, recipients)) in kinds {
            let _ = writeln!(out, "  {before} → {after}: {mails} mails, {recipients} recipients");
        }
        for ((sign, rule), mails) in rules {
            let _ = writeln!(out, "  {sign}{rule}: {mails} mails");
        }
        let mut senders: Vec<_> = senders.iter().collect();
        senders.sort_by_key(|(sender, mails)| (std::cmp::Reverse(**mails), (*sender).clone()));
        for (sender, mails) in senders.into_iter().take(10) {
            let _ = writeln!(out, "  sent by {sender}: {mails} mails");
        }
        if *undecided > 0 {
            let _ = writeln!(
                out,
                "  {undecided} mails of which a rule asks what was not read, or what the journal does not keep (names, \
                 header fields, labels)"
            );
        }
        if *without_facts > 0 {
            let _ = writeln!(out, "  {without_facts} mails of an earlier version cannot be decided again");
        }
        out.push_str(named);
        if *left > 0 {
            let _ = writeln!(out, "and {left} recipients more; --json names all");
        }
        out
    }
}

impl Tally {
    fn count(&mut self, changes: &[Changed], sender: Option<&str>) {
        let mut kinds: BTreeMap<(Action, Action), usize> = BTreeMap::new();
        let mut rules = std::collections::BTreeSet::new();
        for change in changes {
            *kinds.entry((change.before, change.after)).or_default() += 1;
            rules.extend(change.new.iter().map(|rule| ('+', rule.clone())));
            rules.extend(change.gone.iter().map(|rule| ('-', rule.clone())));
        }
        for (kind, recipients) in kinds {
            let known = self.kinds.entry(kind).or_default();
            *known = (known.0 + 1, known.1 + recipients);
        }
        for rule in rules {
            *self.rules.entry(rule).or_default() += 1;
        }
        if !changes.is_empty() {
            *self.senders.entry(sender.unwrap_or("<>").to_owned()).or_default() += 1;
        }
    }
}

fn broken(errors: Vec<crate::inspect::RuleError>) -> Failure {
    let lines = errors.iter().map(ToString::to_string).collect();
    Failure::Configuration(crate::config::ConfigErrors { lines })
}

fn line(value: &impl Serialize) -> Result<String, Failure> {
    Ok(serde_json::to_string(value).context("JSON")? + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        inspect::{Inspection, RuleSource},
        mail::{Address, Envelope, Message},
        policy::Settings,
        recipients::{Direction, Recipient},
    };

    fn facts(persons: u32, names: &[&str]) -> Mail {
        let recipients: Vec<Recipient> =
            names.iter().map(|name| Recipient::new(Address::parse(name).unwrap(), Direction::External)).collect();
        let inspection = Inspection { persons, ..Inspection::default() };
        let at = jiff::civil::date(2026, 11, 24).at(10, 0, 0, 0);
        let message = Message::new(*b"Subject: x\r\n\r\n");
        let mail =
            Mail::gather((&Envelope::default(), &message), &inspection, &recipients, at, &Default::default(), &[]);
        // As it comes out of the journal.
        serde_json::from_str(&serde_json::to_string(&mail.without_content()).unwrap()).unwrap()
    }

    #[test]
    fn what_would_change_is_counted_and_named() {
        let text = "[[policy]]\nid = \"personal-data\"\naction = \"hold\"\ntitle = { ja = \"a\", en = \"a\" }\nwhen = { persons = { \
                    min = 2 } }\nmust_match = [{ what = \"a\", persons = 2 }]\nmust_not_match = [{ what = \"b\" }]\n\
                    [[policy]]\nid = \"subject\"\naction = \"hold\"\ntitle = { ja = \"a\", en = \"a\" }\nwhen = { header = { name = \
                    \"Subject\", contains = [\"secret\"] } }\nmust_match = [{ what = \"a\", headers = [[\"Subject\", \"secret\"]] }]\n\
                    must_not_match = [{ what = \"b\" }]\n";
        let source = RuleSource { name: "policies/new.toml".to_owned(), text: text.to_owned() };
        let current = Policies::compile(&[], Settings::default()).unwrap();
        let new = Policies::compile(&[source], Settings::default()).unwrap();
        let id = MailId("01A".to_owned());
        for (json, expected) in
            [(false, "delay → hold: 1 mails, 2 recipients"), (true, "\"before\":\"delay\",\"after\":\"hold\"")]
        {
            let mut replay = Replay { current: &current, new: &new, json, tally: Tally::default() };
            for mail in [facts(0, &["a@x.jp"]), facts(1, &["a@x.jp"]), facts(2, &["a@x.jp", "b@x.jp"])] {
                replay.mail((&id, Timestamp::UNIX_EPOCH, Some("taro@example.co.jp")), &mail).unwrap();
            }
            let told = replay.told();
            assert!(told.contains(expected) && told.contains("b@x.jp"), "{told}");
            if !json {
                assert!(told.starts_with("3 mails decided again; 2 of them would be decided otherwise\n"), "{told}");
                assert!(told.contains("delay → forward: 1 mails, 1 recipients"), "{told}");
                assert!(told.contains("3 mails of which a rule asks"), "{told}");
                assert!(told.contains("sent by taro@example.co.jp: 2 mails"), "{told}");
            }
        }
    }

    #[test]
    fn rules_that_differ_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("new.toml");
        std::fs::write(&file, "[[policy]]\nid = \"personal-data\"\nenabled = false\n").unwrap();
        assert_eq!(diff(None, &file, false).unwrap().out, "- personal-data: delay\n");
        assert!(
            diff(None, &file, true)
                .unwrap()
                .out
                .contains("\"rule\":\"personal-data\",\"before\":\"delay\",\"after\":null")
        );
        std::fs::write(&file, "").unwrap();
        assert_eq!(diff(None, &file, false).unwrap().out, "the rules are the same\n");
    }
}
