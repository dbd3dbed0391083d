//! The European form: the notification of GDPR Article 33 (Regulation (EU) 2016/679), with what its paragraph 3 asks.
//!
//! In: an incident and an order. Out: the [`Report`]. Paragraph 1 gives 72 hours from becoming aware of the breach, and
//! wants reasons for a later notification; paragraph 4 lets the rest be told in phases, which the final stage is. Who knows
//! the day of becoming aware only is given the hours from its beginning.
//! Deliberately absent: the judgement whether a risk to rights and freedoms is likely, which is for people.

use jiff::{SignedDuration, Timestamp};

use super::{
    Block, Incident, Order, Report, Section, Stage,
    duty::{self, Count},
    gap,
    tables::{self, list, table},
    text,
};
use crate::{
    language::Language::{En, Ja},
    notice::words::{self, number, pick},
};

/// How long there is (Article 33 (1)).
const TIME: SignedDuration = SignedDuration::from_hours(72);

pub(super) fn report(incident: &Incident, order: &Order) -> Report {
    let l = order.language;
    let title = match order.stage {
        Stage::Preliminary => pick(
            l,
            "GDPR 第33条に基づく個人データ侵害の通知案",
            "Notification of a personal data breach under GDPR Article 33, draft",
        ),
        Stage::Final => pick(
            l,
            "GDPR 第33条に基づく個人データ侵害の通知案（追加の情報）",
            "Notification of a personal data breach under GDPR Article 33, further information, draft",
        ),
    };
    let make = |ja: &str, en: &str, law: &str, blocks: Vec<Block>| Section {
        title: pick(l, ja, en).to_owned(),
        law: Some(law.to_owned()),
        blocks,
    };
    let sections = vec![
        make("期限", "Deadline", "GDPR 33 (1)", deadline(order)),
        make("(a) 侵害の性質", "(a) Nature of the breach", "GDPR 33 (3) (a)", nature(incident, order)),
        make(
            "(b) 連絡先",
            "(b) Contact point",
            "GDPR 33 (3) (b)",
            vec![gap(
                pick(
                    l,
                    "データ保護責任者その他の連絡先の氏名と連絡先",
                    "name and contact details of the data protection officer or another contact point",
                ),
                pick(l, "監督機関からの照会に答えられる人。", "somebody who can answer the authority."),
            )],
        ),
        make("(c) 起こり得る結果", "(c) Likely consequences", "GDPR 33 (3) (c)", consequences(incident, order)),
        make("(d) 措置", "(d) Measures", "GDPR 33 (3) (d)", measures(incident, order)),
        make(
            "本人への連絡",
            "Communication to the persons",
            "GDPR 34",
            vec![gap(
                pick(l, "本人に連絡したか、しない理由", "whether the persons were told, or why not"),
                pick(
                    l,
                    "自然人の権利及び自由に高いリスクが生じ得るなら、遅滞なく連絡する（34条1項）。例外は34条3項。",
                    "without undue delay if a high risk to their rights and freedoms is likely (Article 34 (1)); exceptions in (3).",
                ),
            )],
        ),
        make(
            "管轄",
            "Competence",
            "GDPR 55, 56",
            vec![gap(
                pick(
                    l,
                    "管轄の監督機関と、本人のいる加盟国",
                    "the competent authority, and the member states of the persons",
                ),
                pick(
                    l,
                    "EU域内に拠点があれば主たる監督機関、なければ本人のいる各加盟国の機関（代理人を通じて）。",
                    "the lead authority of your main establishment in the Union; without one, the authority of each member state \
                 concerned (through your representative).",
                ),
            )],
        ),
    ];
    Report { language: l, title: title.to_owned(), lead: lead(order), sections }
}

fn lead(order: &Order) -> Vec<Block> {
    let l = order.language;
    let about = vec![
        vec![pick(l, "管理者", "Controller").to_owned(), order.organization.clone()],
        vec![pick(l, "侵害を知った日時", "Aware since").to_owned(), words::when_in(order.aware, &order.timezone, l)],
        vec![pick(l, "作成日時", "Drafted").to_owned(), words::when_in(order.now, &order.timezone, l)],
    ];
    let note = pick(
        l,
        "この案は、Sekishoの送信記録から作成した。記録から分からないことは【要確認】としている。自然人の権利及び自由にリスクが生じる見込みが\
         なければ通知は不要だが、その判断も記録する（33条1項・5項）。一度にすべてを伝えられないときは、段階的に伝えてよい（33条4項）。",
        "Drafted from what Sekisho recorded. What the records do not tell is marked [to be filled in]. No notification is due if a \
         risk to the rights and freedoms of people is unlikely, but that judgement is to be documented too (Article 33 (1), (5)). \
         What cannot be told at once may follow in phases (Article 33 (4)).",
    );
    vec![text(note), table(&["", ""], about)]
}

fn deadline(order: &Order) -> Vec<Block> {
    let l = order.language;
    let until = order.aware.checked_add(TIME).unwrap_or(Timestamp::MAX);
    let when = words::when_in(until, &order.timezone, l);
    let mut blocks = vec![text(match (l, order.to_the_hour) {
        (Ja, true) => format!("{when}（侵害を知ってから72時間）。"),
        (Ja, false) => format!("{when}（侵害を知った時刻が分からないため、その日の始まりから72時間）。"),
        (En, true) => format!("{when}: 72 hours after becoming aware of the breach."),
        (En, false) => {
            format!("{when}: 72 hours from the beginning of the day of becoming aware, as the hour is not known.")
        }
    })];
    if order.now > until {
        blocks.push(gap(
            pick(l, "遅延の理由", "reasons for the delay"),
            pick(
                l,
                "72時間を過ぎた通知には、遅延の理由を添える（33条1項）。",
                "the 72 hours are over: a notification must say why (Article 33 (1)).",
            ),
        ));
    }
    blocks
}

fn nature(incident: &Incident, order: &Order) -> Vec<Block> {
    let l = order.language;
    let persons = tables::persons(Count::of(incident), order);
    let kinds = tables::kinds(incident, order);
    let mut blocks = vec![
        text(match l {
            Ja => {
                format!("機密性の侵害: 電子メール{}通が組織外に送信された。", number(incident.leaked().count() as u64))
            }
            En => format!(
                "A breach of confidentiality: {} sent by e-mail outside of the organisation.",
                if incident.leaked().count() == 1 {
                    "one mail was".to_owned()
                } else {
                    format!("{} mails were", incident.leaked().count())
                }
            ),
        }),
        tables::mails(incident, order),
    ];
    blocks.extend(tables::recipients(incident, order));
    blocks.push(text(match l {
        Ja => format!("本人の概数: {persons}。"),
        En => format!("Approximate number of persons: {persons}."),
    }));
    blocks.extend(list(tables::about_persons(incident, order)));
    blocks.push(gap(
        pick(l, "本人の種類", "categories of persons"),
        pick(
            l,
            "顧客、従業員、未成年者など。EU域内の人が含まれるか。",
            "customers, employees, children, …; whether there are people in the Union among them.",
        ),
    ));
    blocks.push(text(match l {
        Ja => format!("個人データの種類: {kinds}。記録の概数は次の表の件数による。"),
        En => format!("Categories of personal data: {kinds}. For the approximate number of records see the table."),
    }));
    blocks.extend(tables::found(incident, order));
    blocks.extend(list(tables::unread(incident, order)));
    blocks
}

fn consequences(incident: &Incident, order: &Order) -> Vec<Block> {
    let l = order.language;
    let mut blocks = Vec::new();
    let special = incident
        .leaked()
        .filter_map(|mail| mail.contents.as_ref())
        .any(|c| c.categories.contains(&crate::inspect::Category::SpecialCare));
    if special {
        blocks.push(text(pick(
            l,
            "特別な種類の個人データ（9条）に当たり得るものを検出している。",
            "What was found may be special categories of personal data (Article 9).",
        )));
    }
    if duty::is_encrypted(incident) {
        blocks.push(text(pick(l, "パスワードで保護された部分がある。", "A part is protected by a password.")));
    }
    blocks.push(gap(
        pick(l, "起こり得る結果", "likely consequences"),
        pick(
            l,
            "なりすまし、財産的被害、差別、信用の毀損などの見込みと重さ。宛先は誰で、開封・転送したか。",
            "how likely and how severe: identity fraud, financial loss, discrimination, damage to reputation; who the recipients are, \
             and whether they opened it or passed it on.",
        ),
    ));
    blocks
}

fn measures(incident: &Incident, order: &Order) -> Vec<Block> {
    let l = order.language;
    let mut blocks = Vec::new();
    let mut told = |ja: &str, en: &str, items: Vec<String>| {
        if let Some(list) = list(items) {
            blocks.extend([text(pick(l, ja, en)), list]);
        }
    };
    told("送信までの判断の記録:", "What is recorded of how it was let go:", tables::decisions(incident, order));
    told("送信前に該当していた規則:", "Rules that matched before it was sent:", tables::rules(incident, order));
    told(
        "送信されなかったもの、組織内の宛先:",
        "Not sent, or sent within the organisation:",
        tables::stayed(incident, order),
    );
    blocks.push(gap(
        pick(l, "講じた措置と予定", "measures taken or proposed"),
        pick(
            l,
            "宛先への削除の依頼と確認、アカウントの保護、再発防止。悪影響を軽減する措置を含む。",
            "deletion asked of the recipients and confirmed, accounts protected, recurrence prevented; with what mitigates adverse \
             effects.",
        ),
    ));
    blocks
}
