//! What is told alike in every form: which mails, to whom, what was found, who decided, what was not read.
//!
//! In: an incident and an order. Out: blocks. Deliberately absent: what the law makes of it.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Block, Order,
    duty::Count,
    incident::{Contents, Decision, Hits, Incident, Left, Mail, Way, Why},
};
use crate::{
    inspect::{Category, Reason},
    journal::Via,
    language::Language::{En, Ja},
    mail::Address,
    notice::words::{self, number, pick},
};

/// So many recipients stand in the table; the journal has all.
const LISTED: usize = 50;

/// The mails that left, numbered.
pub(super) fn mails(incident: &Incident, order: &Order) -> Block {
    let l = order.language;
    let head = [
        pick(l, "番号", "No."),
        pick(l, "受付日時", "Received"),
        pick(l, "送信者", "Sender"),
        pick(l, "メールのIDとMessage-ID", "Id and Message-ID"),
        pick(l, "大きさ", "Size"),
        pick(l, "添付ファイル", "Attached files"),
    ];
    let row = |(at, mail): (usize, &Mail)| {
        let files = match mail.contents.as_ref().map(|contents| contents.files.as_slice()) {
            None => pick(l, "記録なし", "not recorded").to_owned(),
            // Records have had bounds for as long as they have named files.
            Some([]) if mail.contents.as_ref().is_some_and(|contents| contents.bounds.is_none()) => {
                pick(l, "記録なし", "not recorded").to_owned()
            }
            Some([]) => pick(l, "なし", "none").to_owned(),
            Some(files) => files.iter().map(|file| file.name.clone()).collect::<Vec<_>>().join(", "),
        };
        let ids = match &mail.message_id {
            Some(message_id) => format!("{} {message_id}", mail.id),
            None => mail.id.to_string(),
        };
        vec![
            (at + 1).to_string(),
            words::when_in(mail.at, &order.timezone, l),
            mail.sender.as_ref().map_or_else(|| "<>".to_owned(), Address::to_string),
            ids,
            size(mail.size, order),
            files,
        ]
    };
    table(&head, incident.leaked().enumerate().map(row).collect())
}

fn size(bytes: u64, order: &Order) -> String {
    match order.language {
        Ja => format!("{}バイト", number(bytes)),
        En => format!("{} bytes", number(bytes)),
    }
}

/// Who got them.
pub(super) fn recipients(incident: &Incident, order: &Order) -> Vec<Block> {
    let l = order.language;
    let head = [
        pick(l, "番号", "No."),
        pick(l, "宛先", "Recipient"),
        pick(l, "送信日時", "Sent"),
        pick(l, "経緯", "How"),
        pick(l, "次のサーバーの応答", "Answer of the next server"),
    ];
    let all = || incident.leaked().enumerate().flat_map(|(at, mail)| mail.left.iter().map(move |left| (at, left)));
    let row = |(at, left): (usize, &Left)| {
        vec![
            (at + 1).to_string(),
            left.to.to_string(),
            words::when_in(left.at, &order.timezone, l),
            way(left.way, order).to_owned(),
            left.reply.clone().unwrap_or_else(|| pick(l, "記録なし", "not recorded").to_owned()),
        ]
    };
    let mut blocks = vec![table(&head, all().take(LISTED).map(row).collect())];
    let rest = all().count().saturating_sub(LISTED);
    if rest > 0 {
        blocks.push(Block::Text(match l {
            Ja => format!(
                "このほか{}件の宛先がある（sekisho journal search --id ID --json で全件を表示）。",
                number(rest as u64)
            ),
            En => format!(
                "And {} more recipients (sekisho journal search --id ID --json shows all).",
                number(rest as u64)
            ),
        }));
    }
    blocks
}

fn way(way: Way, order: &Order) -> &'static str {
    let (ja, en) = match way {
        Way::AtOnce => ("保留されずに送信", "sent without being held"),
        Way::Released => ("保留後に送信", "sent after being held"),
        Way::Underway => {
            ("保留後に送信許可、到達は記録なし", "let go after being held; whether it arrived is not recorded")
        }
    };
    pick(order.language, ja, en)
}

/// What was found, by detector, all mails together; without what is about organisations only.
pub(super) fn found(incident: &Incident, order: &Order) -> Option<Block> {
    let l = order.language;
    let mut all: BTreeMap<&str, Hits> = BTreeMap::new();
    let of_people =
        contents(incident).flat_map(|contents| &contents.detectors).filter(|(_, hits)| !hits.organizational);
    for (detector, hits) in of_people {
        let entry = all.entry(detector).or_default();
        entry.count = entry.count.saturating_add(hits.count);
        entry.confidence = entry.confidence.max(hits.confidence);
    }
    if all.is_empty() {
        return None;
    }
    let head = [
        pick(l, "検出したもの", "What was found"),
        pick(l, "検出した件数", "Times found"),
        pick(l, "確度", "Confidence"),
    ];
    let row = |(detector, Hits { count, confidence, .. }): (&str, Hits)| {
        let sure =
            confidence.map_or(pick(l, "記録なし", "not recorded"), |confidence| words::confidence(confidence, l));
        vec![words::detector(detector, l), number(count), sure.to_owned()]
    };
    Some(table(&head, all.into_iter().map(row).collect()))
}

/// The kinds of personal data, without what is about organisations only.
pub(super) fn categories(incident: &Incident) -> BTreeSet<Category> {
    let mut categories: BTreeSet<Category> =
        contents(incident).flat_map(|contents| contents.categories.iter().copied()).collect();
    categories.remove(&Category::Organizational);
    categories
}

/// The same in words.
pub(super) fn kinds(incident: &Incident, order: &Order) -> String {
    let kinds: Vec<&str> =
        categories(incident).into_iter().map(|category| words::category(category, order.language)).collect();
    if kinds.is_empty() {
        return pick(order.language, "検出なし", "none found").to_owned();
    }
    kinds.join(pick(order.language, "、", ", "))
}

/// How many persons, in one phrase.
pub(super) fn persons(count: Count, order: &Order) -> String {
    let Count { least, most, .. } = count;
    let phrase = match (order.language, least == most) {
        (Ja, true) => format!("{}人", number(most)),
        (Ja, false) => format!("{}人以上{}人以下", number(least), number(most)),
        (En, true) if most == 1 => "1 person".to_owned(),
        (En, true) => format!("{} persons", number(most)),
        (En, false) => format!("between {} and {} persons", number(least), number(most)),
    };
    match (order.language, count.open) {
        (_, false) => phrase,
        (Ja, true) => format!("読み取れた範囲で{phrase}"),
        (En, true) => format!("{phrase} in what was read"),
    }
}

/// Why the number is as sure as it is, a sentence each.
pub(super) fn about_persons(incident: &Incident, order: &Order) -> Vec<String> {
    let l = order.language;
    let (count, several) = (Count::of(incident), incident.leaked().count() > 1);
    let mut said = Vec::new();
    if several {
        said.push(pick(
            l,
            "複数のメールに同じ人が含まれている可能性があるため、下限は最も多いメール1通の人数、上限は各メールの人数の合計である。",
            "The same people may be in several mails: the lower bound is the number in the mail with the most, the upper \
             bound the sum over all mails.",
        ).to_owned());
    } else if let Some(contents) = contents(incident).next()
        && contents.bounds.is_some_and(|(least, most)| least < most)
    {
        said.push(match l {
            Ja => format!(
                "検査による推定は{}人。氏名だけでは同一人物か区別できない人がいるため幅がある。",
                number(contents.persons)
            ),
            En => format!(
                "Inspection counted {}; some have nothing but a name in common, hence the bounds.",
                number(contents.persons)
            ),
        });
    }
    if count.quoted > 0 {
        said.push(match l {
            Ja => format!("上限には、引用部分（過去のメール）だけにある約{}人を含む。", number(count.quoted)),
            En => {
                format!("The upper bound includes about {} who are in quoted earlier mails only.", number(count.quoted))
            }
        });
    }
    let hidden = contents(incident).fold(0_u32, |sum, contents| sum.saturating_add(contents.hidden));
    if hidden > 0 {
        said.push(match l {
            Ja => {
                format!("うち約{}人は、非表示のシートや行など、通常の表示では見えない場所だけにある。", number(hidden))
            }
            En => format!(
                "About {} of them only where a normal reader does not look (hidden sheets, rows, …).",
                number(hidden)
            ),
        });
    }
    if !count.bounded {
        said.push(
            pick(l, "一部のメールには人数の幅の記録がない。", "Of some mails no bounds were recorded.").to_owned(),
        );
    }
    if count.open {
        said.push(
            pick(
                l,
                "読み取れなかった部分に含まれる人数は含まれていない。",
                "People in what was not read are not counted.",
            )
            .to_owned(),
        );
    }
    said
}

/// What could not be read, one statement a mail.
pub(super) fn unread(incident: &Incident, order: &Order) -> Vec<String> {
    let l = order.language;
    let told = |(at, mail): (usize, &Mail)| {
        let name = match l {
            Ja => format!("メール{}", at + 1),
            En => format!("Mail {}", at + 1),
        };
        let Some(contents) = &mail.contents else {
            return Some(format!(
                "{name}: {}",
                pick(l, "内容の検査記録がない。", "there is no record of what is in it.")
            ));
        };
        let read = words::coverage(contents.coverage, l);
        if contents.unread.is_empty() {
            return Some(format!("{name}: {read}"));
        }
        let parts: Vec<String> = contents.unread.iter().map(|(reason, count)| part(*reason, *count, order)).collect();
        Some(format!("{name}: {read} {}", parts.join(pick(l, "", " "))))
    };
    incident.leaked().enumerate().filter_map(told).collect()
}

fn part(reason: Reason, count: u32, order: &Order) -> String {
    let why = words::reason(reason, order.language);
    match order.language {
        Ja => format!("{why}読み取れなかったもの{}件。", number(count)),
        En => format!("Not read, because {why}: {}.", number(count)),
    }
}

/// What people decided, and what nobody had to.
pub(super) fn decisions(incident: &Incident, order: &Order) -> Vec<String> {
    let l = order.language;
    let mut said = Vec::new();
    for (at, mail) in incident.leaked().enumerate() {
        let name = match l {
            Ja => format!("メール{}", at + 1),
            En => format!("Mail {}", at + 1),
        };
        if mail.decided.is_empty() {
            let (ja, en) = if mail.left.iter().all(|left| left.way == Way::AtOnce) {
                ("保留されず、誰の確認も経ずに送信された。", "it was not held, and went out without anybody's review.")
            } else {
                ("送信を許可した人の記録はない。", "nobody is recorded to have let it go.")
            };
            said.push(format!("{name}: {}", pick(l, ja, en)));
        }
        said.extend(mail.decided.iter().map(|decision| format!("{name}: {}", decided(decision, order))));
    }
    said
}

fn decided(decision: &Decision, order: &Order) -> String {
    let l = order.language;
    let Decision { what, by, at, via } = decision;
    let (ja, en) = match what.as_str() {
        "approved" => ("が送信を承認した", "approved it"),
        "agreed" => ("が承認した（ほかの承認者の承認も必要）", "agreed to it (others had to as well)"),
        "released_alone" => ("（送信者）が自身の判断で送信した", "(its sender) let it go alone"),
        "sent_back" => ("が一部の宛先への送信を差し戻した", "sent it back for a change for some recipients"),
        "rejected" => ("が一部の宛先への送信を却下した", "rejected it for some recipients"),
        _ => ("（送信者）が一部の宛先への送信を取り下げた", "(its sender) withdrew it for some recipients"),
    };
    let who = by.as_deref().unwrap_or(pick(l, "記録のない人", "somebody not recorded"));
    let when = words::when_in(*at, &order.timezone, l);
    match l {
        Ja => format!("{when}、{who}{ja}（{}）。", through(*via, order)),
        En => format!("{when}: {who} {en} ({}).", through(*via, order)),
    }
}

fn through(via: Via, order: &Order) -> &'static str {
    let (ja, en) = match via {
        Via::Reply => ("メールの返信", "by reply"),
        Via::Console => ("画面", "in the console"),
        Via::Cli => ("コマンド", "on the command line"),
        Via::Smtp => ("SMTP", "by SMTP"),
        Via::Signal => ("シグナル", "by a signal"),
        Via::System => ("自動", "automatically"),
    };
    pick(order.language, ja, en)
}

/// The rules that had matched, with what they are called.
pub(super) fn rules(incident: &Incident, order: &Order) -> Vec<String> {
    rule_names(incident, order, |left| &left.rules)
}

/// The rules that had matched and only report.
pub(super) fn reported(incident: &Incident, order: &Order) -> Vec<String> {
    rule_names(incident, order, |left| &left.reported)
}

fn rule_names<'a>(incident: &'a Incident, order: &Order, of: impl Fn(&'a Left) -> &'a Vec<String>) -> Vec<String> {
    let ids: BTreeSet<&String> = incident.leaked().flat_map(|mail| &mail.left).flat_map(of).collect();
    let named = |id: &String| match order.titles.get(id) {
        Some(title) => format!("{} ({id})", title.in_language(order.language)),
        None => id.clone(),
    };
    ids.into_iter().map(named).collect()
}

/// What was known to be wrong with recipients before the mail left.
pub(super) fn issues(incident: &Incident, order: &Order) -> Vec<String> {
    let l = order.language;
    let mut said = Vec::new();
    for left in incident.leaked().flat_map(|mail| &mail.left).take(LISTED) {
        for check in &left.issues {
            said.push(format!("{}: {}", left.to, check.what().in_language(l)));
        }
    }
    said.dedup();
    said
}

/// What did not leave: recipients of the same mails, and mails that were named.
pub(super) fn stayed(incident: &Incident, order: &Order) -> Vec<String> {
    let mut by: BTreeMap<(&str, Why), Vec<String>> = BTreeMap::new();
    for mail in &incident.mails {
        for stayed in &mail.stayed {
            by.entry((mail.id.0.as_str(), stayed.why)).or_default().push(stayed.to.to_string());
        }
    }
    let told = |((id, why), to): ((&str, Why), Vec<String>)| {
        let more = to.len().saturating_sub(LISTED);
        let mut shown = to.into_iter().take(LISTED).collect::<Vec<_>>().join(", ");
        if more > 0 {
            shown.push_str(&format!(" (+{more})"));
        }
        format!("{id}: {shown} – {}", words_why(why, order))
    };
    by.into_iter().map(told).collect()
}

/// Why somebody did not get it.
pub(super) fn words_why(why: Why, order: &Order) -> &'static str {
    let (ja, en) = match why {
        Why::Held => ("保留中で、送信されていない", "held, and not sent"),
        Why::Refused => ("規則により拒否され、送信されていない", "refused by policy, and not sent"),
        Why::Rejected => ("承認者が却下し、送信されていない", "rejected, and not sent"),
        Why::Withdrawn => ("送信者が取り下げ、送信されていない", "withdrawn by its sender, and not sent"),
        Why::Expired => ("期限までに判断されず、送信されていない", "not decided in time, and not sent"),
        Why::NotTaken => ("次のサーバーが受け取らず、届いていない", "not taken by the next server, and not delivered"),
        Why::Inside => ("組織内の宛先", "within the organisation"),
    };
    pick(order.language, ja, en)
}

fn contents(incident: &Incident) -> impl Iterator<Item = &Contents> {
    incident.leaked().filter_map(|mail| mail.contents.as_ref())
}

pub(super) fn table(head: &[&str], rows: Vec<Vec<String>>) -> Block {
    Block::Table { head: head.iter().map(|name| (*name).to_owned()).collect(), rows }
}

/// A list, or nothing if it is empty.
pub(super) fn list(items: Vec<String>) -> Option<Block> {
    (!items.is_empty()).then_some(Block::List(items))
}
