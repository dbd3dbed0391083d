//! Japan's form: the report of APPI Article 26 (1), with the items of the Enforcement Rules Article 8 (1) (i) to (ix).
//!
//! In: an incident and an order. Out: the [`Report`]. The headings are those of the law; the English ones follow its
//! official English translation in sense. Here stand whether it must be reported and until when; the nine items are in
//! [`items`]. Deliberately absent: what the law asks ([`duty`]), and the sentences that other forms share (`tables`).

mod items;

use super::{
    Block, Incident, Order, Report, Section, Stage,
    duty::{self, Count, Days, Ground, Heading},
    gap,
    tables::{self, table},
    text,
};
use crate::{
    language::Language::{En, Ja},
    notice::words::{self, number, pick},
};

pub(super) fn report(incident: &Incident, order: &Order) -> Report {
    let l = order.language;
    let title = match order.stage {
        Stage::Preliminary => {
            pick(l, "個人データの漏えい等報告書（速報）案", "Report of a leak of personal data (preliminary), draft")
        }
        Stage::Final => {
            pick(l, "個人データの漏えい等報告書（確報）案", "Report of a leak of personal data (final), draft")
        }
    };
    let mut sections = vec![whether(incident, order), deadlines(incident, order)];
    sections.extend(items::items(incident, order));
    if order.stage == Stage::Final {
        sections.push(section(
            order,
            "速報からの変更点",
            "What has changed since the preliminary report",
            None,
            vec![gap(
                pick(l, "速報で報告した内容から変わった点", "what differs from the preliminary report"),
                pick(l, "速報の控えと読み比べる。", "compare it with your copy of the preliminary report."),
            )],
        ));
    }
    Report { language: l, title: title.to_owned(), lead: lead(incident, order), sections }
}

fn lead(incident: &Incident, order: &Order) -> Vec<Block> {
    let l = order.language;
    let aware = if order.to_the_hour {
        words::when_in(order.aware, &order.timezone, l)
    } else {
        day(order.aware.to_zoned(order.timezone.clone()).date(), order)
    };
    let about = vec![
        vec![pick(l, "報告者", "Reported by").to_owned(), order.organization.clone()],
        vec![pick(l, "事態を知った日", "Known since").to_owned(), aware],
        vec![pick(l, "作成日時", "Drafted").to_owned(), words::when_in(order.now, &order.timezone, l)],
        vec![
            pick(l, "対象のメール", "Mails concerned").to_owned(),
            match l {
                Ja => format!("{}通", number(incident.leaked().count() as u64)),
                En => number(incident.leaked().count() as u64),
            },
        ],
    ];
    let note = match (l, order.stage) {
        (Ja, Stage::Preliminary) => {
            "この案は、Sekishoの送信記録から作成した。記録から分からないことは【要確認】としている。速報では、報告の時点で把握している\
             事項を報告すればよい（施行規則8条1項）。提出前に事実と照らし合わせ、個人情報保護委員会のウェブサイトの報告フォーム\
             （権限が委任されている分野では事業所管大臣等）から報告すること。"
        }
        (Ja, Stage::Final) => {
            "この案は、Sekishoの送信記録から作成した。記録から分からないことは【要確認】としている。確報では、施行規則8条1項各号の\
             すべての事項を報告しなければならない（同条2項）。提出前に【要確認】をすべて埋め、事実と照らし合わせること。"
        }
        (En, Stage::Preliminary) => {
            "Drafted from what Sekisho recorded. What the records do not tell is marked [to be filled in]. The preliminary \
             report says what is known at the time (Enforcement Rules Article 8 (1)). Compare it with the facts before it is \
             submitted through the form on the website of the Personal Information Protection Commission (or to the \
             minister to whom its authority is delegated)."
        }
        (En, Stage::Final) => {
            "Drafted from what Sekisho recorded. What the records do not tell is marked [to be filled in]. The final report \
             must cover every item of the Enforcement Rules Article 8 (1) (Article 8 (2)): fill in all that is marked and \
             compare it with the facts before it is submitted."
        }
    };
    vec![text(note), table(&["", ""], about)]
}

/// Whether it must be reported, heading by heading.
fn whether(incident: &Incident, order: &Order) -> Section {
    let l = order.language;
    let head = [
        pick(l, "事態", "Incident"),
        pick(l, "根拠", "Law"),
        pick(l, "該当するか", "Applies?"),
        pick(l, "理由", "Why"),
    ];
    let row = |heading: Heading| {
        let ground = duty::ground(heading, incident, order.malicious);
        let (what, law) = named(heading, order);
        vec![what.to_owned(), law.to_owned(), standing(ground, order).to_owned(), why(heading, ground, incident, order)]
    };
    let whole = match duty::must_report(incident, order.malicious) {
        Ground::Applies => pick(
            l,
            "記録によれば、報告対象事態に該当する。個人情報保護委員会への報告（法26条1項）と本人への通知（同条2項）が必要である。",
            "By the records this must be reported to the Commission (APPI Article 26 (1)) and notified to the persons \
             (Article 26 (2)).",
        ),
        Ground::MayApply => pick(
            l,
            "報告対象事態に該当する可能性がある。下の理由を確認し、該当すれば報告と本人への通知が必要である。",
            "This may have to be reported. Check the reasons below; if one applies, report it and notify the persons.",
        ),
        Ground::NotExcluded | Ground::Unknown => pick(
            l,
            "読み取れた範囲では報告対象事態に該当しないが、読み取れなかった部分があるため、該当しないとは言い切れない。",
            "By what was read this need not be reported; but not everything was read, so that it cannot be excluded.",
        ),
        Ground::NotFound => pick(
            l,
            "記録によれば、不正の目的によるおそれがなければ報告対象事態に該当しない。任意の報告はできる。",
            "By the records this need not be reported, unless a wrongful purpose is possible. It may be reported all the same.",
        ),
    };
    let mut blocks = vec![text(whole), table(&head, Heading::ALL.map(row).into())];
    if duty::is_encrypted(incident) {
        blocks.push(gap(
            pick(l, "暗号化の評価", "whether the encryption counts"),
            pick(
                l,
                "パスワードで保護された部分がある。高度な暗号化その他の措置が講じられた個人データは報告対象から除かれる（施行規則7条1号\
                 括弧書き）。方式の強さと、パスワードが同じ相手に知られていないかを確認する。",
                "A part is protected by a password. Data with advanced encryption or the like is excepted (Enforcement Rules \
                 Article 7 (i), in brackets): check how strong it is, and whether the same people know the password.",
            ),
        ));
    }
    section(
        order,
        "報告の要否",
        "Whether it must be reported",
        Some(("法26条1項、施行規則7条", "APPI Article 26 (1), Enforcement Rules Article 7")),
        blocks,
    )
}

fn named(heading: Heading, order: &Order) -> (&'static str, &'static str) {
    let (ja, en, law_ja, law_en) = match heading {
        Heading::SpecialCare => {
            ("要配慮個人情報が含まれる", "special-care data", "施行規則7条1号", "Enforcement Rules 7 (i)")
        }
        Heading::Financial => (
            "不正利用により財産的被害が生じるおそれがある",
            "data whose misuse may cause financial loss",
            "施行規則7条2号",
            "Enforcement Rules 7 (ii)",
        ),
        Heading::Malicious => (
            "不正の目的をもって行われたおそれがある",
            "a wrongful purpose is possible",
            "施行規則7条3号",
            "Enforcement Rules 7 (iii)",
        ),
        Heading::Number => {
            ("本人の数が1,000人を超える", "more than 1,000 persons", "施行規則7条4号", "Enforcement Rules 7 (iv)")
        }
        Heading::MyNumber => (
            "特定個人情報（マイナンバー）",
            "My Number data",
            "番号法29条の4、同規則2条",
            "My Number Act 29-4 and its Rules 2",
        ),
    };
    (pick(order.language, ja, en), pick(order.language, law_ja, law_en))
}

fn standing(ground: Ground, order: &Order) -> &'static str {
    let (ja, en) = match ground {
        Ground::Applies => ("該当", "yes"),
        Ground::MayApply => ("該当の可能性あり", "perhaps"),
        Ground::NotExcluded => ("否定できない", "not excluded"),
        Ground::NotFound => ("検出なし", "nothing found"),
        Ground::Unknown => ("要確認", "to be checked"),
    };
    pick(order.language, ja, en)
}

fn why(heading: Heading, ground: Ground, incident: &Incident, order: &Order) -> String {
    let l = order.language;
    let count = Count::of(incident);
    let persons = tables::persons(count, order);
    let (ja, en) = match (heading, ground) {
        (Heading::Malicious, Ground::Applies) => {
            ("作成時にそのように指定された。", "it was said so when this was drafted.")
        }
        (Heading::Malicious, _) => (
            "記録からは分からない。従業者による持ち出しや不正アクセスの疑いがあれば該当し、確報の期限は60日になる（--malicious）。",
            "the records do not tell. It applies if an employee may have taken the data away or somebody broke in; the final \
             report is then due within 60 days (--malicious).",
        ),
        (Heading::Number, _) => {
            return match l {
                Ja => format!("本人の数は{persons}。"),
                En => format!("{persons}."),
            };
        }
        (Heading::MyNumber, Ground::Applies | Ground::MayApply) => return my_number(incident, order),
        (_, Ground::Applies) => ("検査で検出した。", "inspection found it."),
        (_, Ground::MayApply) => {
            ("確度の低い検出だけがある。原本で確かめる。", "only hits that are a guess. Look into the original.")
        }
        (_, Ground::NotExcluded) => (
            "読み取れた範囲では検出していないが、読み取れなかった部分がある。",
            "nothing was found in what was read, but not all was read.",
        ),
        (_, Ground::NotFound | Ground::Unknown) => ("検出していない。", "nothing was found."),
    };
    pick(l, ja, en).to_owned()
}

fn my_number(incident: &Incident, order: &Order) -> String {
    let count = number(duty::my_numbers(incident));
    match order.language {
        Ja => format!(
            "マイナンバーを{count}件検出した。本人の数が100人を超える場合、不正の目的によるおそれがある場合などは、番号法に基づく報告も\
             個人情報保護委員会に行う。速報と確報の期限は同じである。該当しない場合も、番号法19条が許す提供であったかを確認する。"
        ),
        En => format!(
            "{count} found. A report under the My Number Act goes to the Commission as well if there are more than 100 persons, \
             if a wrongful purpose is possible, and in some more cases, with the same deadlines. If none applies, check all the \
             same whether its Article 19 allows that they were handed over."
        ),
    }
}

fn deadlines(incident: &Incident, order: &Order) -> Section {
    let l = order.language;
    let aware = order.aware.to_zoned(order.timezone.clone()).date();
    let days = Days::since(aware, order.malicious);
    let mut last = match (l, days.last == days.open) {
        (_, true) => day(days.open, order),
        (Ja, false) => {
            format!("{}（{}日目の{}は閉庁日のため）", day(days.open, order), days.allowed, day(days.last, order))
        }
        (En, false) => {
            format!(
                "{} (day {}, {}, is one on which offices are closed)",
                day(days.open, order),
                days.allowed,
                day(days.last, order)
            )
        }
    };
    let mut soon = match l {
        Ja => format!("{}から{}まで", day(days.third, order), day(days.fifth, order)),
        En => format!("{} to {}", day(days.third, order), day(days.fifth, order)),
    };
    let today = order.now.to_zoned(order.timezone.clone()).date();
    for (until, told) in [(days.fifth, &mut soon), (days.open, &mut last)] {
        if until < today {
            told.push_str(pick(l, "（経過済み）", " (past)"));
        }
    }
    let rows = vec![
        vec![pick(l, "速報", "Preliminary report").to_owned(), soon, pick(
            l,
            "速やかに（施行規則8条1項）。知った日から概ね3〜5日以内で、知った日を1日目とし、土日・祝日も数える（ガイドライン通則編3-5-3-3）。",
            "promptly (Enforcement Rules Article 8 (1)): about 3 to 5 days. The day on which it became known is counted as the \
             first; weekends and holidays count (Guidelines 3-5-3-3).",
        ).to_owned()],
        vec![pick(l, "確報", "Final report").to_owned(), last, match l {
            Ja => format!(
                "知った日を1日目として{}日以内、土日・祝日も数える。末日が閉庁日なら翌開庁日（施行規則8条2項、ガイドライン通則編3-5-3-4）。",
                days.allowed
            ),
            En => format!(
                "within {} days, the day on which it became known being the first; weekends and holidays count, and a last day \
                 on which offices are closed moves on (Enforcement Rules Article 8 (2), Guidelines 3-5-3-4).",
                days.allowed
            ),
        }],
        vec![pick(l, "本人への通知", "Notice to the persons").to_owned(), pick(l, "速やかに", "promptly").to_owned(), pick(
            l,
            "事態の状況に応じて速やかに（法26条2項、施行規則10条）。",
            "promptly, as circumstances allow (APPI Article 26 (2), Enforcement Rules Article 10).",
        ).to_owned()],
    ];
    let head = [pick(l, "報告", "What"), pick(l, "期限", "Until"), pick(l, "数え方", "How it is counted")];
    let mut blocks = vec![table(&head, rows)];
    if duty::must_report(incident, order.malicious) == Ground::NotFound {
        blocks.push(text(pick(
            l,
            "報告対象事態に該当しない場合、これらの期限は適用されない。",
            "If nothing has to be reported, these deadlines do not apply.",
        )));
    }
    section(order, "期限", "Deadlines", Some(("施行規則8条", "Enforcement Rules Article 8")), blocks)
}

fn section(order: &Order, ja: &str, en: &str, law: Option<(&str, &str)>, blocks: Vec<Block>) -> Section {
    Section {
        title: pick(order.language, ja, en).to_owned(),
        law: law.map(|(ja, en)| pick(order.language, ja, en).to_owned()),
        blocks,
    }
}

/// A day with its weekday.
fn day(day: jiff::civil::Date, order: &Order) -> String {
    match order.language {
        En => day.strftime("%a %-d %b %Y").to_string(),
        Ja => {
            const DAYS: [&str; 7] = ["月", "火", "水", "木", "金", "土", "日"];
            let weekday = usize::try_from(day.weekday().to_monday_zero_offset()).ok().and_then(|at| DAYS.get(at));
            format!("{}({})", day.strftime("%Y年%-m月%-d日"), weekday.unwrap_or(&""))
        }
    }
}
