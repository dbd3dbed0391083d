//! A record in words: a line of a table, a line of a page, a row of CSV.
//!
//! In: a record, for a page with the language of its reader. Out: fields. Everything in them that comes from outside is
//! harmless where it is read: no control characters on a terminal, no formula in a spreadsheet, which takes a cell that
//! begins with `=` for one (and to some, `+`, `-`, `@` and their wide forms do as well). Deliberately absent: JSON, which
//! is the record itself.

use jiff::{Timestamp, tz::TimeZone};

use super::{Access, Accessed, BrokenOff, Change, Exported, MachineDrill, MailRecord, Record, Removed, Via, What};
use crate::{
    language::Language,
    mail::Address,
    notice::words::{self, number, one_line, pick},
};

/// A cell of a table is cut after so many characters.
const LONGEST: usize = 60;

/// The columns of CSV.
pub const COLUMNS: [&str; 21] = [
    "time",
    "number",
    "id",
    "kind",
    "from",
    "to",
    "persons",
    "persons_min",
    "persons_max",
    "decision",
    "rules",
    "categories",
    "detectors",
    "files",
    "unread",
    "reportable",
    "message_id",
    "next_hop",
    "change",
    "by",
    "detail",
];

/// What a record says, for a reader of one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// What was done, in a word or two.
    pub word: String,
    /// What there is to say of it, in this order.
    pub parts: Vec<String>,
}

/// One line of the table.
pub fn line(record: &Record, zone: &TimeZone) -> String {
    let at = time(record.at, zone);
    let Said { word, parts } = said(record, Language::En, zone);
    let said = match &record.what {
        // The word by which it is sought, and the number in a column of its own.
        What::Mail(mail) => format!("{:<16}  {:>6} people  {}", mail.decision.name(), mail.persons, parts.join("  ")),
        _ => format!("{word}  {}", parts.join("  ")),
    };
    format!("{at}  {}  {}", record.id, said.trim_end())
}

/// A record in words, with times as they are in `zone`.
pub fn said(record: &Record, language: Language, zone: &TimeZone) -> Said {
    let (word, parts) = match &record.what {
        What::Mail(mail) => (words::action(mail.decision, language).to_owned(), mail_parts(mail, language)),
        What::Change(change) => change_parts(change, language, zone),
        What::Access(Accessed { who, access, via, place }) => {
            let from = (!place.is_empty()).then(|| match language {
                Language::Ja => format!("接続元 {}", cell(place)),
                Language::En => format!("from {}", cell(place)),
            });
            let parts = [Some(by(who, *via, language)), from].into_iter().flatten().collect();
            (entry(*access, language).to_owned(), parts)
        }
        What::Rules(change) => {
            let differences: Vec<&str> = change.differences.iter().chain(&change.renewed).map(String::as_str).collect();
            let parts = vec![via_in(change.via, language).to_owned(), one_line(&differences.join("; "), 200)];
            (pick(language, "規則を差し替え", "rules replaced").to_owned(), parts)
        }
        What::Removed(Removed { records, through, .. }) => {
            let said = match language {
                Language::Ja => format!("保存期間の過ぎた {} 件（番号 {through} まで）", number(*records)),
                Language::En => format!("{records} records, up to number {through}: their time was over"),
            };
            (pick(language, "古い記録を削除", "records removed").to_owned(), vec![said])
        }
        What::History(act) => {
            let word = pick(language, "宛先の履歴", "history").to_owned();
            (word, vec![one_line(&act.act, LONGEST), by(&act.by, act.via, language), number(act.count)])
        }
        What::Export(exported) => export_parts(exported, language),
        What::MachineDrill(drill) => drill_parts(drill, language),
    };
    let waited = record.spooled_until.map(|until| match (language, time(until, zone)) {
        (Language::Ja, until) => format!("データベース停止中の記録（{until} に取り込み）"),
        (Language::En, until) => format!("waited in the spool until {until}"),
    });
    let parts = parts.into_iter().chain(waited);
    Said { word, parts: parts.filter(|part| !part.is_empty()).collect() }
}

fn mail_parts(mail: &MailRecord, language: Language) -> Vec<String> {
    let from = mail.mail_from.as_ref().map_or("<>", Address::as_str);
    let to = match mail.rcpt_to.as_slice() {
        [] => pick(language, "宛先なし", "nobody").to_owned(),
        [only] => cell(only.as_str()),
        [first, rest @ ..] => format!("{} (+{})", cell(first.as_str()), rest.len()),
    };
    let mut parts = vec![format!("{} → {to}", cell(from))];
    let comma = pick(language, "、", ", ");
    let listed = |ja: &'static str, en: &'static str, items: Vec<String>| {
        (!items.is_empty()).then(|| format!("{}: {}", pick(language, ja, en), cell(&items.join(comma))))
    };
    let found = mail.categories.iter().map(|category| words::category(*category, language).to_owned());
    parts.extend(listed("検出", "found", found.collect()));
    parts.extend(listed("ファイル", "files", mail.files.iter().map(|file| file.name.clone()).collect()));
    let unread = mail.unread.keys().map(|reason| match language {
        Language::Ja => words::reason(*reason, language).to_owned(),
        Language::En => word(reason),
    });
    parts.extend(listed("未確認", "not read", unread.collect()));
    parts.extend(listed("規則", "rules", rules(mail)));
    parts.extend(mail.passed_before.as_ref().map(|first| match language {
        Language::Ja => format!("{first} として送信を許可済み"),
        Language::En => format!("let go before as {first}"),
    }));
    if mail.not_taken {
        parts.push(pick(language, "次のサーバーが受け取らず", "not taken by the next hop").to_owned());
    }
    parts
}

fn change_parts(change: &Change, language: Language, zone: &TimeZone) -> (String, Vec<String>) {
    let Change { held, change, by: who, via, detail } = change;
    let word = match language {
        Language::Ja => done(change).map_or_else(|| one_line(change, LONGEST), str::to_owned),
        Language::En => one_line(change, LONGEST),
    };
    let whose = match who {
        Some(who) => by(who, *via, language),
        None => via_in(*via, language).to_owned(),
    };
    let broken: Option<BrokenOff> =
        detail.as_ref().filter(|_| change == "broken_off").and_then(|text| text.parse().ok());
    let detail = match broken {
        Some(broken) => broken.said(language, zone),
        None => detail.as_ref().map(|detail| one_line(detail, 200)).unwrap_or_default(),
    };
    (word, vec![whose, held.to_string(), detail])
}

fn time(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn export_parts(exported: &Exported, language: Language) -> (String, Vec<String>) {
    let Exported { by: who, via, format, query, rows, whole, .. } = exported;
    let word = match rows {
        None => pick(language, "記録の書き出しを開始", "export begun"),
        Some(_) => pick(language, "記録を書き出し", "exported"),
    };
    let asked = match query.as_str() {
        "" => pick(language, "すべての記録", "everything").to_owned(),
        query => one_line(query, 200),
    };
    let rows = rows.map(|rows| match (language, whole) {
        (Language::Ja, true) => format!("{} 件", number(rows)),
        (Language::Ja, false) => format!("{} 件（途中まで）", number(rows)),
        (Language::En, true) => format!("{} rows", number(rows)),
        (Language::En, false) => format!("{} rows, broken off", number(rows)),
    });
    (word.to_owned(), vec![by(who, *via, language), format.clone(), asked, rows.unwrap_or_default()])
}

fn drill_parts(drill: &MachineDrill, language: Language) -> (String, Vec<String>) {
    let MachineDrill { by: who, via, node, scenarios, failed, left_uninspected, .. } = drill;
    let word = match (drill.is_well(), language) {
        (true, Language::Ja) => "自己点検（異常なし）",
        (false, Language::Ja) => "自己点検（失敗あり）",
        (true, Language::En) => "machine drill, all well",
        (false, Language::En) => "machine drill, failed",
    };
    let counts = match language {
        Language::Ja => format!("{scenarios} 通、失敗 {failed}、検査漏れ {left_uninspected}"),
        Language::En => format!("{scenarios} mails, {failed} failed, left uninspected: {left_uninspected}"),
    };
    let faults = one_line(&drill.faults.join("; "), 200);
    (word.to_owned(), vec![by(who, *via, language), cell(node), counts, faults])
}

fn by(who: &str, via: Via, language: Language) -> String {
    match language {
        Language::Ja => format!("{}（{}）", cell(who), via_in(via, language)),
        Language::En => format!("by {} ({})", cell(who), via_in(via, language)),
    }
}

fn via_in(via: Via, language: Language) -> &'static str {
    let ja = match via {
        Via::Reply => "返信",
        Via::Console => "コンソール",
        Via::Cli => "コマンド",
        Via::Smtp => "SMTP",
        Via::Signal => "シグナル",
        Via::System => "自動",
    };
    pick(language, ja, via.name())
}

/// The Japanese word for what happened to a held mail.
fn done(change: &str) -> Option<&'static str> {
    Some(match change {
        "approved" => "承認",
        "agreed" => "承認（一人）",
        "released_alone" => "本人が送信",
        "rejected" => "却下",
        "sent_back" => "差し戻し",
        "drill" => "訓練を開始",
        "drill_passed" => "訓練のメールを承認",
        "consulted" => "同僚に意見を依頼",
        "opinion" => "同僚の意見",
        "withdrawn" => "取消",
        "expired" => "期限切れ",
        "released" => "送信へ",
        "delivered" => "送信済み",
        "bounced" => "配信不能",
        "reason" => "理由を記入",
        "reminded" => "催促",
        "escalated" => "ほかの人にも依頼",
        "viewed" => "中身を閲覧",
        "retried" => "再送を受付",
        "refused" => "返信を拒否",
        "destroyed" => "本文を消去",
        "dropped" => "配信を中止",
        "broken_off" => "送信が中断",
        _ => return None,
    })
}

/// How somebody came in.
fn entry(access: Access, language: Language) -> &'static str {
    let (ja, en) = match access {
        Access::LoggedIn { strong: false } => ("ログイン", "logged_in"),
        Access::LoggedIn { strong: true } => ("二要素でログイン", "logged_in with two factors"),
        Access::LoggedOut => ("ログアウト", "logged_out"),
        Access::Locked => ("失敗が続きロック", "locked"),
        Access::SessionsEnded { .. } => ("セッションを終了", "sessions_ended"),
        Access::FactorSet => ("二要素認証を設定", "factor_set"),
        Access::FactorRemoved => ("二要素認証を解除", "factor_removed"),
        Access::RecoveryUsed => ("回復コードを使用", "recovery_used"),
        Access::TokenMade => ("APIトークンを作成", "token_made"),
        Access::TokenEnded => ("APIトークンを終了", "token_ended"),
        Access::ActedAs => ("コマンドで本人として操作", "acted_as"),
    };
    pick(language, ja, en)
}

fn cell(text: &str) -> String {
    one_line(text, LONGEST)
}

/// A value of the shared vocabulary in the word that JSON and rules use for it.
fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

fn rules(mail: &MailRecord) -> Vec<String> {
    let mut rules: Vec<String> = mail.decisions.iter().flat_map(|decided| decided.rules.clone()).collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}

/// One row of CSV, in the order of [`COLUMNS`].
pub fn cells(seq: i64, record: &Record, zone: &TimeZone) -> Vec<String> {
    let mut row = vec![local(record.at, zone), seq.to_string(), record.id.0.clone()];
    match &record.what {
        What::Mail(mail) => row.extend(mail_cells(mail)),
        What::Change(change) => {
            row.push("change".to_owned());
            row.resize(COLUMNS.len() - 3, String::new());
            row.extend([change.change.clone(), change.by.clone().unwrap_or_default()]);
            row.push(change.detail.clone().unwrap_or_default());
        }
        What::Access(accessed) => {
            row.push("access".to_owned());
            row.resize(COLUMNS.len() - 3, String::new());
            row.extend([entry(accessed.access, Language::En).to_owned(), accessed.who.clone(), accessed.place.clone()]);
        }
        What::Removed(removed) => {
            row.push("removed".to_owned());
            row.resize(COLUMNS.len() - 1, String::new());
            row.push(format!("{} records up to number {}", removed.records, removed.through));
        }
        What::History(act) => {
            row.push("history".to_owned());
            row.resize(COLUMNS.len() - 3, String::new());
            row.extend([act.act.clone(), act.by.clone(), act.count.to_string()]);
        }
        What::Export(exported) => {
            row.push("export".to_owned());
            row.resize(COLUMNS.len() - 3, String::new());
            let (word, parts) = export_parts(exported, Language::En);
            row.extend([word, exported.by.clone(), parts.into_iter().skip(1).collect::<Vec<_>>().join(" ")]);
        }
        What::MachineDrill(drill) => {
            row.push("machine_drill".to_owned());
            row.resize(COLUMNS.len() - 3, String::new());
            let (word, parts) = drill_parts(drill, Language::En);
            row.extend([word, drill.by.clone(), parts.into_iter().skip(1).collect::<Vec<_>>().join(" ")]);
        }
        What::Rules(change) => {
            row.push("rules".to_owned());
            row.resize(COLUMNS.len() - 1, String::new());
            row.push(change.differences.iter().chain(&change.renewed).cloned().collect::<Vec<_>>().join("\n"));
        }
    }
    row.into_iter().map(|cell| harmless(&cell)).collect()
}

fn mail_cells(mail: &MailRecord) -> Vec<String> {
    let lines = |items: Vec<String>| items.join("\n");
    let bound = |bound: Option<u32>| bound.map(|bound| bound.to_string()).unwrap_or_default();
    vec![
        "mail".to_owned(),
        mail.mail_from.as_ref().map(Address::to_string).unwrap_or_default(),
        lines(mail.rcpt_to.iter().map(Address::to_string).collect()),
        mail.persons.to_string(),
        bound(mail.persons_min),
        bound(mail.persons_max),
        mail.decision.name().to_owned(),
        lines(rules(mail)),
        lines(mail.categories.iter().map(word).collect()),
        lines(mail.detectors.iter().map(|(detector, count)| format!("{detector} {count}")).collect()),
        lines(mail.files.iter().map(|file| file.name.clone()).collect()),
        lines(mail.unread.iter().map(|(reason, count)| format!("{} {count}", word(reason))).collect()),
        lines(mail.reportable.iter().map(word).collect()),
        mail.message_id.clone().unwrap_or_default(),
        mail.next_hop.clone().unwrap_or_default(),
        String::new(),
        String::new(),
        mail.passed_before.as_ref().map(|first| format!("let go before as {first}")).unwrap_or_default(),
    ]
}

fn local(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// The same with a `'` in front if a spreadsheet would compute it, and without what only a terminal reads.
fn harmless(cell: &str) -> String {
    let cell: String = cell.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect();
    if cell.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠', '\u{fffd}']) {
        format!("'{cell}")
    } else {
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        inspect::{Attachment, Inspection},
        mail::{Envelope, MailId, Message},
        policy::{Action, Group},
    };

    fn mail() -> Record {
        let envelope = Envelope {
            sender: Address::parse("+sato@example.co.jp").ok(),
            recipients: vec![Address::parse("a@out.example").unwrap(), Address::parse("=b@out.example").unwrap()],
            ..Envelope::default()
        };
        let names = ["=HYPERLINK(\"http://evil.example\",\"名簿\").xlsx", "\u{1b}[2Jx\r\ny.pdf"];
        let file = |name: &str| Attachment { kind: "xlsx".to_owned(), name: name.to_owned(), size: 1 };
        let inspection = Inspection { persons: 3, attachments: names.map(file).into(), ..Inspection::default() };
        let groups = [Group::new(Action::Hold, envelope.recipients.clone())];
        let message = Message::new(*b"Message-ID: <@SUM(1)>\r\n\r\n");
        let mail = MailRecord::new("client", &envelope, &message, &inspection, &groups);
        Record::mail(MailId("01A".to_owned()), "2026-11-29T15:30:00Z".parse().unwrap(), mail)
    }

    fn tokyo() -> TimeZone {
        TimeZone::get("Asia/Tokyo").unwrap()
    }

    #[test]
    fn nothing_in_a_cell_is_computed() {
        let record = mail();
        let row = cells(7, &record, &tokyo());
        assert_eq!(row.len(), COLUMNS.len());
        assert_eq!(row[..5], ["2026-11-30T00:30:00+09:00", "7", "01A", "mail", "'+sato@example.co.jp"]);
        assert_eq!(row[5], "a@out.example\n=b@out.example");
        let files = &row[COLUMNS.iter().position(|name| *name == "files").unwrap()];
        assert!(files.starts_with("'=HYPERLINK") && !files.contains(['\u{1b}', '\r']), "{files:?}");
        for cell in ["=1", "+1", "-1", "@SUM(1)", "＝1", " =1", "\t=1", "\r=1"] {
            assert!(harmless(cell).starts_with('\''), "{cell:?}");
        }
        assert_eq!(harmless("sato@example.co.jp"), "sato@example.co.jp");
        let change = Change {
            held: MailId("H".to_owned()),
            change: "dropped".to_owned(),
            by: Some("@sec".to_owned()),
            via: Via::Cli,
            detail: Some("=cmd|' /C calc'!A0".to_owned()),
        };
        let row = cells(8, &Record::change(MailId("01A".to_owned()), Timestamp::UNIX_EPOCH, change), &tokyo());
        assert_eq!(row.len(), COLUMNS.len());
        assert_eq!(row[18..], ["dropped", "'@sec", "'=cmd|' /C calc'!A0"]);
    }

    #[test]
    fn a_line_is_one_line_whatever_is_in_it() {
        let line = line(&mail(), &tokyo());
        assert!(line.starts_with("2026-11-30 00:30:00  01A  hold                   3 people  +sato"), "{line}");
        assert!(line.contains("a@out.example (+1)") && !line.contains(['\n', '\r', '\u{1b}']), "{line}");
    }

    #[test]
    fn both_languages_say_the_same_things() {
        let change = |what: &str| {
            let change = Change {
                held: MailId("H1".to_owned()),
                change: what.to_owned(),
                by: Some("kacho@example.co.jp".to_owned()),
                via: Via::Reply,
                detail: None,
            };
            Record::change(MailId("01A".to_owned()), Timestamp::UNIX_EPOCH, change)
        };
        let ja = said(&change("approved"), Language::Ja, &tokyo());
        assert_eq!((ja.word.as_str(), ja.parts.join(" ").as_str()), ("承認", "kacho@example.co.jp（返信） H1"));
        let waited = Record { spooled_until: Some(Timestamp::UNIX_EPOCH), ..mail() };
        let until = said(&waited, Language::En, &tokyo()).parts.pop().unwrap();
        assert_eq!(until, "waited in the spool until 1970-01-01 09:00:00");
        assert!(said(&waited, Language::Ja, &tokyo()).parts.last().unwrap().contains("1970-01-01 09:00:00"));
        let unknown = said(&change("new\u{1b}[2J"), Language::Ja, &tokyo());
        assert_eq!(unknown.word, "new [2J");
        let exported = Exported {
            by: "audit@example.co.jp".to_owned(),
            via: Via::Console,
            place: "192.0.2.7".to_owned(),
            format: "csv".to_owned(),
            query: "person=a%40b.example".to_owned(),
            rows: Some(1_200),
            whole: true,
        };
        let record = Record::export(MailId("01E".to_owned()), Timestamp::UNIX_EPOCH, exported);
        let en = said(&record, Language::En, &tokyo());
        assert_eq!((en.word.as_str(), en.parts[3].as_str()), ("exported", "1,200 rows"));
        assert_eq!(said(&record, Language::Ja, &tokyo()).parts.len(), en.parts.len());
        assert_eq!(
            cells(1, &record, &tokyo())[18..],
            ["exported", "audit@example.co.jp", "csv person=a%40b.example 1,200 rows"]
        );
        let (ja, en) = (said(&mail(), Language::Ja, &tokyo()), said(&mail(), Language::En, &tokyo()));
        assert_eq!((ja.word.as_str(), en.word.as_str()), ("確認待ち", "waits for the security team"));
        assert_eq!(ja.parts.len(), en.parts.len());
    }
}
