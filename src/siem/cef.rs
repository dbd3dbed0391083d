//! CEF, the Common Event Format (version 0): seven fields between pipes, then `key=value` pairs.
//!
//! In: an [`Event`]. Out: one line. A pipe or backslash in the first fields and an equals sign, backslash or line break in a
//! value are escaped; other control characters become spaces. So nothing that a mail, a client or a next hop says can end
//! a field, begin another or begin another event. Deliberately absent: keys of our own; those of the dictionary have room.

use std::fmt::Write as _;

use serde::Serialize;

use super::event::{Event, Room, client};
use crate::journal::{Accessed, Change, Exported, MailRecord, RulesChange, Via, What};

/// The whole line.
pub(super) fn line(event: &Event<'_>, hostname: &str, room: Room) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let Event { class, name, severity, record, .. } = event;
    let header = [class.as_str(), name].map(in_header).join("|");
    let mut line = Line { text: format!("CEF:0|Sekisho|Sekisho|{}|{header}|{severity}|", in_header(version)), room };
    line.put("rt", &record.at.as_millisecond().to_string());
    line.put("dvchost", hostname);
    line.put("externalId", &record.id.0);
    line.number(3, "journalRecord", u64::try_from(event.seq).unwrap_or_default());
    match &record.what {
        What::Mail(mail) => line.mail(mail),
        What::Change(change) => line.change(change),
        What::Access(accessed) => line.access(accessed),
        What::Rules(change) => line.rules(change),
        What::Export(exported) => line.export(exported),
        What::MachineDrill(drill) => {
            line.put("act", "machine_drill");
            line.put("outcome", if drill.is_well() { "passed" } else { "failed" });
            line.put("suser", &drill.by);
            line.put("app", drill.via.name());
            line.put("shost", &drill.node);
            line.put("cnt", &drill.scenarios.to_string());
            line.number(1, "failed", drill.failed.into());
            line.number(2, "leftUninspected", drill.left_uninspected.into());
            line.text(1, "faults", &room.list(drill.faults.iter().cloned()));
        }
        What::History(act) => {
            line.put("act", &act.act);
            line.put("suser", &act.by);
            line.put("app", act.via.name());
            line.put("cnt", &act.count.to_string());
        }
        What::Removed(removed) => {
            line.put("act", "removed");
            line.put("cnt", &removed.records.to_string());
            line.text(1, "lastHash", &removed.hash);
        }
    }
    line.text
}

/// The line, as far as it is written.
struct Line {
    text: String,
    room: Room,
}

impl Line {
    fn mail(&mut self, mail: &MailRecord) {
        let (address, name) = client(&mail.client);
        self.put("act", mail.decision.name());
        self.put("outcome", if mail.not_taken { "not_taken" } else { mail.decision.name() });
        self.put("app", "SMTP");
        self.put("deviceDirection", "1");
        if let Some(address) = address {
            self.put(if address.is_ipv4() { "src" } else { "c6a2" }, &address.to_string());
            if address.is_ipv6() {
                self.put("c6a2Label", "Source IPv6 Address");
            }
        }
        self.put("shost", name);
        self.put("suser", mail.mail_from.as_ref().map_or("<>", |from| from.as_str()));
        let list = self.room.list(mail.rcpt_to.iter().map(|to| to.as_str().to_owned()));
        self.put("duser", &list);
        self.put("cnt", &mail.rcpt_to.len().to_string());
        self.put("fsize", &mail.size.to_string());
        let files = self.room.list(mail.files.iter().map(|file| file.name.clone()));
        self.put("fname", &files);
        self.number(1, "persons", u64::from(mail.persons));
        self.number(2, "uninspectedParts", u64::from(mail.uninspected));
        self.of_findings(mail);
        let held = self.room.list(mail.held.iter().map(|id| id.0.clone()));
        self.labelled("flexString1", "held", &held);
        self.labelled("flexString2", "messageId", mail.message_id.as_deref().unwrap_or_default());
        if let Some(reply) = &mail.next_hop {
            self.put("msg", reply);
        }
    }

    /// Rules and findings of a mail.
    fn of_findings(&mut self, mail: &MailRecord) {
        let room = self.room;
        let mut rules: Vec<&String> = mail.decisions.iter().flat_map(|decided| &decided.rules).collect();
        let mut reported: Vec<&String> = mail.decisions.iter().flat_map(|decided| &decided.reported).collect();
        for list in [&mut rules, &mut reported] {
            list.sort();
            list.dedup();
        }
        self.text(1, "rules", &room.list(rules.into_iter().cloned()));
        let counted = |(name, count): (&str, &u32)| format!("{name}:{count}");
        let detectors = mail.detectors.iter().map(|(name, count)| counted((name.as_str(), count)));
        self.text(2, "detectors", &room.list(detectors));
        self.text(3, "reportable", &room.list(mail.reportable.iter().map(word)));
        let unread = mail.unread.iter().map(|(reason, count)| counted((reason.name(), count)));
        self.text(4, "uninspected", &room.list(unread));
        if mail.decisions.len() > 1 {
            let decided = mail.decisions.iter().map(|decided| {
                let to = room.list(decided.rcpt_to.iter().map(|to| to.as_str().to_owned()));
                format!("{} {to}", decided.action.name())
            });
            self.text(5, "decisions", &room.list(decided));
        }
        self.text(6, "reportedOnly", &room.list(reported.into_iter().cloned()));
    }

    fn change(&mut self, change: &Change) {
        self.put("act", &change.change);
        self.put("suser", change.by.as_deref().unwrap_or_default());
        self.put("app", change.via.name());
        self.labelled("flexString1", "held", &change.held.0);
        self.put("msg", change.detail.as_deref().unwrap_or_default());
    }

    fn access(&mut self, accessed: &Accessed) {
        self.put("suser", &accessed.who);
        self.put("app", accessed.via.name());
        match accessed.via {
            Via::Cli => self.put("suid", &accessed.place),
            _ => self.place(&accessed.place),
        }
    }

    fn rules(&mut self, change: &RulesChange) {
        self.put("app", change.via.name());
        self.put("cnt", &change.rules.to_string());
        let list = self.room.list(change.differences.iter().cloned());
        self.put("msg", &list);
        let renewed = self.room.list(change.renewed.iter().cloned());
        self.text(1, "renewed", &renewed);
    }

    fn export(&mut self, exported: &Exported) {
        self.put("act", "exported");
        self.put("suser", &exported.by);
        self.put("app", exported.via.name());
        self.place(&exported.place);
        self.put("fileType", &exported.format);
        self.put("request", &exported.query);
        if let Some(rows) = exported.rows {
            self.put("cnt", &rows.to_string());
        }
    }

    fn place(&mut self, place: &str) {
        match place.parse::<std::net::IpAddr>() {
            Ok(address) if address.is_ipv4() => self.put("src", place),
            Ok(_) => {
                self.put("c6a2", place);
                self.put("c6a2Label", "Source IPv6 Address");
            }
            Err(_) => self.put("shost", place),
        }
    }

    fn text(&mut self, number: u8, label: &str, value: &str) {
        self.labelled(&format!("cs{number}"), label, value);
    }

    fn number(&mut self, number: u8, label: &str, value: u64) {
        self.labelled(&format!("cn{number}"), label, &value.to_string());
    }

    fn labelled(&mut self, key: &str, label: &str, value: &str) {
        if !value.is_empty() {
            self.put(key, value);
            self.put(&format!("{key}Label"), label);
        }
    }

    /// One pair. A list is cut already, and gets as much room as its items have together.
    fn put(&mut self, key: &str, value: &str) {
        if value.is_empty() {
            return;
        }
        let space = if self.text.ends_with('|') { "" } else { " " };
        let most = Room { characters: self.room.characters.saturating_mul(self.room.items.max(1)), ..self.room };
        let _ = write!(self.text, "{space}{key}={}", in_value(most.text(value)));
    }
}

/// What stands between two pipes.
fn in_header(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '|' | '\\' => escaped.extend(['\\', c]),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

/// What stands behind an equals sign.
fn in_value(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '=' | '\\' => escaped.extend(['\\', c]),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The word that the journal writes for something.
pub(super) fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{super::fixture, *};
    use crate::policy::Action;

    /// The first seven fields and the pairs of a line, as a collector takes it apart that knows nothing of us.
    fn parsed(line: &str) -> (Vec<String>, BTreeMap<String, String>) {
        let (mut fields, mut field, mut escaped) = (Vec::new(), String::new(), false);
        let mut rest = line.char_indices();
        let mut end = line.len();
        for (at, c) in rest.by_ref() {
            match c {
                _ if escaped => {
                    field.push(c);
                    escaped = false;
                }
                '\\' => escaped = true,
                '|' => fields.push(std::mem::take(&mut field)),
                c => field.push(c),
            }
            if fields.len() == 7 {
                end = at + 1;
                break;
            }
        }
        let extension = &line[end..];
        // An equals sign that no backslash stands before; the word before it is a key.
        let mut starts = Vec::new();
        let bytes = extension.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            match bytes[at] {
                b'\\' => at += 1,
                b'=' => starts.push((extension[..at].rfind(' ').map_or(0, |space| space + 1), at)),
                _ => {}
            }
            at += 1;
        }
        let mut pairs = BTreeMap::new();
        for (number, (start, equals)) in starts.iter().enumerate() {
            let end = starts.get(number + 1).map_or(extension.len(), |(next, _)| next - 1);
            let value = extension[equals + 1..end].replace("\\=", "=").replace("\\n", "\n").replace("\\\\", "\\");
            assert!(pairs.insert(extension[*start..*equals].to_owned(), value).is_none(), "{line}");
        }
        (fields, pairs)
    }

    #[test]
    fn a_held_mail_is_told_with_all_that_a_collector_asks_for() {
        let record = fixture::mail(Action::Hold);
        let line = line(&Event::of(7, &record), "sekisho.example.co.jp", Room::WHOLE);
        let (fields, pairs) = parsed(&line);
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(fields, ["CEF:0", "Sekisho", "Sekisho", version, "mail.hold", "Mail held", "6"]);
        for (key, value) in [
            ("rt", "1790000000000"),
            ("externalId", "M1"),
            ("src", "192.0.2.1"),
            ("shost", "mta.example.co.jp"),
            ("suser", "taro@example.co.jp"),
            ("duser", "a@partner.example.com"),
            ("fname", "顧客.xlsx"),
            ("cn1", "12"),
            ("cn1Label", "persons"),
            ("cn3", "7"),
            ("cs1", "bulk-personal-data"),
            ("cs2", "jp.phone:12"),
            ("cs4", "encrypted:1"),
            ("flexString1", "H1"),
        ] {
            assert_eq!(pairs.get(key).map(String::as_str), Some(value), "{key} of {line}");
        }
    }

    #[test]
    fn nothing_that_others_wrote_ends_a_field_or_begins_another_event() {
        let hostile = "x|y\\|z=1 act=forward suser=boss\r\nCEF:0|Evil|Evil|1|x|y|10|act=forward\u{7}\u{2028}\\";
        let mut record = fixture::mail(Action::Reject);
        let mail = fixture::mail_of(&mut record);
        mail.files[0].name = hostile.to_owned();
        mail.message_id = Some(hostile.to_owned());
        mail.next_hop = Some(hostile.to_owned());
        mail.client = format!("192.0.2.1 {hostile}");
        mail.decisions[0].rules = vec![hostile.to_owned()];
        let text = line(&Event::of(7, &record), hostile, Room::WHOLE);
        assert!(!text.contains(['\r', '\n', '\u{7}', '\u{2028}']), "{text}");
        let (fields, pairs) = parsed(&text);
        assert_eq!((fields.len(), fields[4].as_str()), (7, "mail.reject"));
        assert_eq!((pairs["act"].as_str(), pairs["suser"].as_str()), ("reject", "taro@example.co.jp"));
        assert!(pairs["fname"].contains("CEF:0|Evil") && pairs["msg"].ends_with('\\'), "{pairs:?}");
        let change = fixture::change("approved|10|act=x\n");
        let (fields, pairs) = parsed(&line(&Event::of(8, &change), "h", Room::WHOLE));
        assert_eq!(fields[4..], ["change.approved_10_act_x_", "Held mail changed", "3"]);
        assert_eq!(pairs["act"], "approved|10|act=x\n");
    }

    #[test]
    fn every_kind_of_record_is_a_line_of_known_keys() {
        for record in fixture::every_kind() {
            let (fields, pairs) = parsed(&line(&Event::of(1, &record), "h", Room::WHOLE));
            assert_eq!(fields.len(), 7, "{record:?}");
            assert!(pairs.len() >= 5 && pairs.keys().all(|key| key.chars().all(char::is_alphanumeric)), "{pairs:?}");
        }
    }
}
