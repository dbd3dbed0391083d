//! OCSF, the Open Cybersecurity Schema Framework, version 1.8.0, as one line of JSON.
//!
//! In: an [`Event`]. Out: a mail as Email Activity (4009) with the profiles `security_control` and `data_classification`; what
//! happens to a held mail as the update or close of a Data Security Finding (2006) whose uid is the held mail's id; logins
//! as Authentication (3002); what people do to rules, history and journal as the base event (0). `metadata.correlation_uid`
//! is the mail's id in the first two. Deliberately absent: anything that the schema has no place for but `unmapped`, which
//! it has for that.

use serde_json::{Map, Value, json};

use super::{
    cef::word,
    event::{Event, Room, client},
};
use crate::{
    inspect::Category,
    journal::{Access, Accessed, Change, MailRecord, Via, What},
    policy::Action,
};

/// The version of the schema.
const SCHEMA: &str = "1.8.0";

/// `finding_info` and `data_security` of Sekisho come from a mail gateway.
const SECURE_EMAIL_GATEWAY: u8 = 6;

/// Action and disposition of the profile `security_control`.
const ALLOWED: (u8, u8) = (1, 1);
const APPROVED: (u8, u8) = (1, 8);
const DELAYED: (u8, u8) = (1, 14);
const QUARANTINED: (u8, u8) = (2, 3);
const DROPPED: (u8, u8) = (2, 6);
const REJECTED: (u8, u8) = (2, 25);
const LOGGED: (u8, u8) = (3, 17);

/// The whole line.
pub(super) fn line(event: &Event<'_>, hostname: &str, room: Room) -> String {
    let own = match &event.record.what {
        What::Mail(mail) => of_mail(event, mail, room),
        What::Change(change) => of_change(event, change, room),
        What::Access(accessed) => of_access(accessed, room),
        What::Rules(_) | What::Removed(_) | What::History(_) | What::Export(_) | What::MachineDrill(_) => {
            of_others(event, room)
        }
    };
    let mut whole = json!({
        "time": event.record.at.as_millisecond(),
        "severity_id": severity(event.severity),
        "message": event.name,
        "metadata": {
            "version": SCHEMA,
            "product": { "name": "Sekisho", "vendor_name": "Sekisho", "version": env!("CARGO_PKG_VERSION") },
            "uid": format!("{hostname}/{}", event.seq),
            "event_code": event.class,
            "log_name": "journal",
            "log_provider": hostname,
            "correlation_uid": event.record.id.0,
            "profiles": profiles(&event.record.what),
        },
    });
    if let (Some(whole), Value::Object(own)) = (whole.as_object_mut(), own) {
        whole.extend(own);
    }
    without_nothing(&mut whole);
    whole.to_string()
}

fn profiles(what: &What) -> &'static [&'static str] {
    match what {
        What::Mail(_) => &["security_control", "data_classification"],
        What::Change(_) => &["security_control"],
        _ => &[],
    }
}

/// The class and the activity, in the five ways in which OCSF says them.
fn class(category: u32, class: u32, activity: u32) -> Map<String, Value> {
    let mut map = Map::new();
    map.insert("category_uid".to_owned(), category.into());
    map.insert("class_uid".to_owned(), class.into());
    map.insert("activity_id".to_owned(), activity.into());
    map.insert("type_uid".to_owned(), (class * 100 + activity).into());
    map
}

fn joined(mut map: Map<String, Value>, more: Value) -> Value {
    if let Value::Object(more) = more {
        map.extend(more);
    }
    Value::Object(map)
}

fn of_mail(event: &Event<'_>, mail: &MailRecord, room: Room) -> Value {
    const MTA_RELAY: u32 = 5;
    let (address, name) = client(&mail.client);
    let (action, disposition) = match mail.decision {
        Action::Forward => ALLOWED,
        Action::Delay => DELAYED,
        Action::Hold | Action::RequireApproval => QUARANTINED,
        Action::Reject => REJECTED,
    };
    let recipients = mail.rcpt_to.iter().map(|to| to.as_str().to_owned());
    let to = listed(room, recipients);
    let rules = mail.decisions.iter().flat_map(|decided| &decided.rules).cloned().collect::<Vec<_>>();
    let file =
        |file: &crate::inspect::Attachment| json!({ "name": room.text(&file.name), "type_id": 1, "size": file.size });
    let from = mail.mail_from.as_ref().map(|from| from.as_str());
    joined(
        class(4, 4009, MTA_RELAY),
        json!({
            "direction_id": 2,
            "protocol_name": "SMTP",
            "status_id": if mail.not_taken { 2 } else { 1 },
            "status_detail": mail.next_hop.as_deref().map(|reply| room.text(reply)),
            "action_id": action,
            "disposition_id": disposition,
            "is_alert": event.severity >= 7,
            "policy": rules.first().map(|rule| json!({ "name": room.text(rule), "is_applied": true })),
            "message_trace_uid": event.record.id.0,
            "src_endpoint": endpoint(address, name, room),
            "email": {
                "uid": event.record.id.0,
                "message_uid": mail.message_id.as_deref().map(|id| room.text(id)),
                "from": from,
                "to": to,
                "smtp_from": from,
                "smtp_to": to,
                "size": mail.size,
                "files": mail.files.iter().take(room.items).map(file).collect::<Vec<_>>(),
                "data_classifications": classifications(mail, room),
            },
            "unmapped": {
                "recipients": mail.rcpt_to.len(),
                "persons": mail.persons,
                "hidden_persons": mail.hidden_persons,
                "reportable": mail.reportable.iter().map(word).collect::<Vec<_>>(),
                "categories": mail.categories.iter().map(word).collect::<Vec<_>>(),
                "uninspected": mail.unread.iter().map(|(why, count)| (why.name().to_owned(), Value::from(*count))).collect::<Map<_, _>>(),
                "decision": mail.decision.name(),
                "decisions": mail.decisions.iter().take(room.items).map(|decided| decided_on(decided, room)).collect::<Vec<_>>(),
                "held": mail.held.iter().take(room.items).map(|id| id.0.clone()).collect::<Vec<_>>(),
            },
        }),
    )
}

fn decided_on(decided: &crate::journal::Decided, room: Room) -> Value {
    json!({
        "action": decided.action.name(),
        "to": listed(room, decided.rcpt_to.iter().map(|to| to.as_str().to_owned())),
        "rules": listed(room, decided.rules.iter().cloned()),
        "reported": listed(room, decided.reported.iter().cloned()),
        "would": decided.would.map(Action::name),
    })
}

/// What was found, as one classification of the mail: the journal keeps how often each detector hit, and of all together
/// what kind it was.
fn classifications(mail: &MailRecord, room: Room) -> Vec<Value> {
    const COMPLETE: u8 = 1;
    const PARTIAL: u8 = 2;
    let any = |wanted: &[Category]| wanted.iter().any(|category| mail.categories.contains(category));
    let category = if any(&[Category::SpecialCare, Category::Specific, Category::Identity, Category::Contact]) {
        1
    } else if any(&[Category::Financial]) {
        3
    } else if any(&[Category::Credential]) {
        6
    } else if any(&[Category::Organizational]) {
        4
    } else {
        return Vec::new();
    };
    let found = |(detector, count): (&String, &u32)| json!({ "type": room.text(detector), "count": count });
    vec![json!({
        "category_id": category,
        "total": mail.detectors.values().map(|count| u64::from(*count)).sum::<u64>(),
        "status_id": if mail.uninspected > 0 { PARTIAL } else { COMPLETE },
        "discovery_details": mail.detectors.iter().take(room.items).map(found).collect::<Vec<_>>(),
    })]
}

fn of_change(event: &Event<'_>, change: &Change, room: Room) -> Value {
    const UPDATE: u32 = 2;
    const CLOSE: u32 = 3;
    const IN_PROGRESS: u8 = 2;
    const RESOLVED: u8 = 4;
    let (action, disposition) = match change.change.as_str() {
        "approved" => APPROVED,
        "released" | "delivered" => ALLOWED,
        "rejected" | "sent_back" => REJECTED,
        "withdrawn" | "expired" => DROPPED,
        _ => LOGGED,
    };
    let ends =
        matches!(change.change.as_str(), "rejected" | "sent_back" | "withdrawn" | "expired" | "delivered" | "bounced");
    joined(
        class(2, 2006, if ends { CLOSE } else { UPDATE }),
        json!({
            "status_id": if ends { RESOLVED } else { IN_PROGRESS },
            "status_detail": change.detail.as_deref().map(|detail| room.text(detail)),
            "action_id": action,
            "disposition_id": disposition,
            "is_alert": event.severity >= 7,
            "finding_info": { "uid": change.held.0, "title": event.name },
            "data_security": { "category_id": 1, "detection_system_id": SECURE_EMAIL_GATEWAY },
            "actor": change.by.as_deref().map(|by| json!({ "user": user(by, room) })),
            "unmapped": { "change": room.text(&change.change), "via": change.via.name() },
        }),
    )
}

fn of_access(accessed: &Accessed, room: Room) -> Value {
    let (activity, name) = match accessed.access {
        Access::LoggedIn { .. } | Access::RecoveryUsed => (1, None),
        Access::LoggedOut => (2, None),
        Access::Locked => (1, None),
        Access::SessionsEnded { .. } => (99, Some("Sessions ended")),
        Access::FactorSet | Access::FactorRemoved => (99, Some("Second factor changed")),
        Access::TokenMade | Access::TokenEnded => (99, Some("API token changed")),
        Access::ActedAs => (99, Some("Acted in somebody's name")),
    };
    let strong = match accessed.access {
        Access::LoggedIn { strong } => Some(strong),
        _ => None,
    };
    let operator = (accessed.via == Via::Cli && !accessed.place.is_empty()).then(|| room.text(&accessed.place));
    joined(
        class(3, 3002, activity),
        json!({
            "activity_name": name,
            "status_id": if accessed.access == Access::Locked { 2 } else { 1 },
            "is_mfa": strong,
            "user": user(&accessed.who, room),
            "service": { "name": "Sekisho console" },
            "src_endpoint": endpoint(accessed.place.parse().ok(), "", room),
            "unmapped": { "via": accessed.via.name(), "operator": operator },
        }),
    )
}

/// What people do to rules, history and journal.
fn of_others(event: &Event<'_>, room: Room) -> Value {
    let told = match &event.record.what {
        What::Rules(change) => json!({
            "via": change.via.name(),
            "rules": change.rules,
            "differences": listed(room, change.differences.iter().cloned()),
            "renewed": listed(room, change.renewed.iter().cloned()),
        }),
        What::Removed(removed) => {
            json!({ "records": removed.records, "through": removed.through, "hash": removed.hash })
        }
        What::History(act) => {
            json!({ "act": act.act, "by": room.text(&act.by), "via": act.via.name(), "count": act.count })
        }
        What::Export(exported) => json!({
            "by": room.text(&exported.by),
            "via": exported.via.name(),
            "place": room.text(&exported.place),
            "format": exported.format,
            "query": room.text(&exported.query),
            "rows": exported.rows,
            "whole": exported.whole,
        }),
        What::MachineDrill(drill) => json!({
            "by": room.text(&drill.by),
            "via": drill.via.name(),
            "node": room.text(&drill.node),
            "scenarios": drill.scenarios,
            "failed": drill.failed,
            "left_uninspected": drill.left_uninspected,
            "faults": listed(room, drill.faults.iter().cloned()),
        }),
        What::Mail(_) | What::Change(_) | What::Access(_) => Value::Null,
    };
    let failed = matches!(&event.record.what, What::MachineDrill(drill) if !drill.is_well());
    let status = if failed { 2 } else { 1 };
    joined(class(0, 0, 99), json!({ "activity_name": event.name, "status_id": status, "unmapped": told }))
}

fn endpoint(address: Option<std::net::IpAddr>, name: &str, room: Room) -> Value {
    let name = (!name.is_empty()).then(|| room.text(name));
    json!({ "ip": address.map(|address| address.to_string()), "hostname": name })
}

fn user(who: &str, room: Room) -> Value {
    let who = room.text(who);
    json!({ "name": who, "email_addr": who.contains('@').then_some(who) })
}

fn listed(room: Room, items: impl Iterator<Item = String>) -> Vec<String> {
    items.take(room.items).map(|item| room.text(&item).to_owned()).collect()
}

/// The six steps of OCSF from Informational to Critical.
fn severity(cef: u8) -> u8 {
    match cef {
        0..=1 => 1,
        2..=3 => 2,
        4..=6 => 3,
        7..=8 => 4,
        _ => 5,
    }
}

/// Takes out what says nothing: nulls, and objects and lists that are empty, then.
fn without_nothing(value: &mut Value) {
    let says_nothing = |value: &Value| match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    };
    match value {
        Value::Object(map) => {
            map.values_mut().for_each(without_nothing);
            map.retain(|_, value| !says_nothing(value));
        }
        Value::Array(items) => items.iter_mut().for_each(without_nothing),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::{super::fixture, *};
    use crate::journal::Record;

    fn event(record: &Record) -> Value {
        let line = line(&Event::of(7, record), "sekisho.example.co.jp", Room::WHOLE);
        assert!(!line.contains(char::is_control), "{line}");
        // For a look at them with a validator of the schema.
        if let Some(file) = std::env::var_os("SEKISHO_OCSF_EVENTS") {
            use std::io::Write as _;
            let mut file = std::fs::OpenOptions::new().append(true).create(true).open(file).unwrap();
            writeln!(file, "{line}").unwrap();
        }
        serde_json::from_str(&line).unwrap()
    }

    #[test]
    fn a_held_mail_is_an_email_activity_that_was_quarantined() {
        let event = event(&fixture::mail(Action::Hold));
        for (pointer, value) in [
            ("/class_uid", json!(4009)),
            ("/category_uid", json!(4)),
            ("/type_uid", json!(400_905)),
            ("/time", json!(1_790_000_000_000_i64)),
            ("/severity_id", json!(3)),
            ("/direction_id", json!(2)),
            ("/action_id", json!(2)),
            ("/disposition_id", json!(3)),
            ("/policy/name", json!("bulk-personal-data")),
            ("/metadata/version", json!("1.8.0")),
            ("/metadata/uid", json!("sekisho.example.co.jp/7")),
            ("/metadata/correlation_uid", json!("M1")),
            ("/email/smtp_from", json!("taro@example.co.jp")),
            ("/email/to/0", json!("a@partner.example.com")),
            ("/email/files/0/name", json!("顧客.xlsx")),
            ("/email/data_classifications/0/discovery_details/0", json!({ "type": "jp.phone", "count": 12 })),
            ("/email/data_classifications/0/status_id", json!(2)),
            ("/src_endpoint", json!({ "ip": "192.0.2.1", "hostname": "mta.example.co.jp" })),
            ("/unmapped/persons", json!(12)),
            ("/unmapped/held/0", json!("H1")),
        ] {
            assert_eq!(event.pointer(pointer), Some(&value), "{pointer} of {event}");
        }
    }

    #[test]
    fn a_released_mail_updates_the_finding_and_a_lock_is_a_failed_logon() {
        let change = event(&fixture::change("approved"));
        assert_eq!(change.pointer("/finding_info/uid"), Some(&json!("H1")));
        assert_eq!((&change["type_uid"], &change["disposition_id"]), (&json!(200_602), &json!(8)));
        assert_eq!(event(&fixture::change("expired"))["activity_id"], json!(3));
        let locked = event(&fixture::access(Access::Locked));
        assert_eq!((&locked["type_uid"], &locked["status_id"]), (&json!(300_201), &json!(2)));
    }

    #[test]
    fn every_kind_of_record_says_what_the_schema_requires() {
        for record in fixture::every_kind() {
            let event = event(&record);
            for required in ["activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid"]
            {
                assert!(!event[required].is_null(), "{required} of {event}");
            }
            let (class, activity) = (event["class_uid"].as_u64().unwrap(), event["activity_id"].as_u64().unwrap());
            assert_eq!(event["type_uid"], json!(class * 100 + activity));
            let own: &[&str] = match class {
                4009 => &["direction_id", "email"],
                2006 => &["finding_info"],
                3002 => &["user", "service"],
                0 => &["activity_name"],
                _ => unreachable!("{event}"),
            };
            assert!(own.iter().all(|required| !event[*required].is_null()), "{event}");
        }
    }
}
