//! The nine items of the Enforcement Rules Article 8 (1).
//!
//! In: an incident and an order. Out: a section for each item: what was recorded, and a gap for what only people know.
//! Deliberately absent: whether it must be reported at all, which stands before them.

use crate::{
    inspect::Category,
    journal::report::{
        Block, Incident, Order, Section,
        duty::{self, Count},
        gap,
        incident::Way,
        tables::{self, list},
        text,
    },
    language::Language::{En, Ja},
    notice::words::{self, number, pick},
};

pub(super) fn items(incident: &Incident, order: &Order) -> Vec<Section> {
    let items: [(&str, &str, Vec<Block>); 9] = [
        ("概要", "Outline", outline(incident, order)),
        (
            "漏えい等が発生し、又は発生したおそれがある個人データの項目",
            "Items of personal data concerned",
            data(incident, order),
        ),
        (
            "漏えい等が発生し、又は発生したおそれがある個人データに係る本人の数",
            "Number of persons concerned",
            people(incident, order),
        ),
        ("原因", "Cause", cause(incident, order)),
        (
            "二次被害又はそのおそれの有無及びその内容",
            "Secondary damage, or the risk of it, and what it is",
            damage(incident, order),
        ),
        ("本人への対応の実施状況", "What was done for the persons", response(order)),
        ("公表の実施状況", "Publication", publication(order)),
        ("再発防止のための措置", "Measures against recurrence", prevention(incident, order)),
        ("その他参考となる事項", "Other matters for reference", other(incident, order)),
    ];
    const ROMAN: [&str; 9] = ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix"];
    let mut sections = Vec::with_capacity(items.len());
    for (at, ((ja, en, blocks), roman)) in items.into_iter().zip(ROMAN).enumerate() {
        let title = format!("{}. {}", at + 1, pick(order.language, ja, en));
        let law = match order.language {
            Ja => format!("施行規則8条1項{}号", at + 1),
            En => format!("Enforcement Rules Article 8 (1) ({roman})"),
        };
        sections.push(Section { title, law: Some(law), blocks });
    }
    sections
}

fn outline(incident: &Incident, order: &Order) -> Vec<Block> {
    let l = order.language;
    let mails = incident.leaked().count();
    let times: Vec<_> = incident.leaked().flat_map(|mail| &mail.left).map(|left| left.at).collect();
    let first = times.iter().min().map(|at| words::when_in(*at, &order.timezone, l)).unwrap_or_default();
    let last = times.iter().max().map(|at| words::when_in(*at, &order.timezone, l)).unwrap_or_default();
    let when = if first == last { first } else { format!("{first}{}{last}", pick(l, "から", " to ")) };
    let (mails, to) = (number(mails as u64), number(times.len() as u64));
    let (persons, kinds) = (tables::persons(Count::of(incident), order), tables::kinds(incident, order));
    let told = match l {
        Ja => format!(
            "{when}、{}から組織外の宛先{to}件に電子メール{mails}通が送信された。検査の記録によれば、これに含まれる個人データの本人の\
             数は{persons}、種類は{kinds}である。",
            order.organization
        ),
        En => format!(
            "{when}: {} sent {mails} {} to {to} {} outside of the organisation. By the record of inspection this contained \
             personal data of {persons}, of these kinds: {kinds}.",
            order.organization,
            if mails == "1" { "e-mail" } else { "e-mails" },
            if to == "1" { "recipient" } else { "recipients" },
        ),
    };
    let mut blocks = vec![text(told), tables::mails(incident, order)];
    blocks.extend(tables::recipients(incident, order));
    blocks.push(gap(
        pick(l, "発覚の経緯", "how it became known"),
        pick(
            l,
            "誰が、いつ、何によって気づいたか（送信者、宛先からの連絡、監査など）と、その後の事実経過。",
            "who noticed, when and by what (the sender, a recipient, an audit, …), and what happened since.",
        ),
    ));
    blocks.push(gap(
        pick(l, "委託の有無", "whether the data was entrusted"),
        pick(
            l,
            "取扱いを委託された個人データであれば委託元も報告の義務を負い、委託元に通知すれば自らの報告は免除される（法26条1項ただし書、\
             施行規則9条）。",
            "If it is handled on behalf of somebody else, that one must report too; who notifies that one need not report \
             (APPI Article 26 (1), proviso, Enforcement Rules Article 9).",
        ),
    ));
    blocks
}

fn data(incident: &Incident, order: &Order) -> Vec<Block> {
    let l = order.language;
    let mut blocks = Vec::new();
    let kinds = tables::kinds(incident, order);
    blocks.push(text(match l {
        Ja => format!("種類: {kinds}。"),
        En => format!("Kinds: {kinds}."),
    }));
    if let Some(found) = tables::found(incident, order) {
        blocks.push(found);
        blocks.push(text(pick(
            l,
            "件数は検出した回数で、人数ではない。値そのものは記録していない。",
            "Times found, not people. The values themselves are not recorded.",
        )));
    }
    blocks.push(gap(
        pick(l, "検出の対象でない項目", "items that no detector looks for"),
        pick(
            l,
            "顧客番号、契約内容、購入履歴など、原本の見出しを見て加える。あわせて、個人情報データベース等を構成する個人データかを確認する。",
            "customer numbers, contracts, purchases and so on: look at the headings of the original. Check as well whether it is \
             personal data of a database (個人データ).",
        ),
    ));
    blocks
}

fn people(incident: &Incident, order: &Order) -> Vec<Block> {
    let l = order.language;
    let persons = tables::persons(Count::of(incident), order);
    let mut blocks = vec![text(match l {
        Ja => format!("{persons}。"),
        En => format!("{}.", capital(&persons)),
    })];
    blocks.extend(list(tables::about_persons(incident, order)));
    blocks.push(gap(
        pick(l, "確定した人数", "the number as established"),
        pick(
            l,
            "原本で数える。速報では概数でよい。1,000人前後なら、超えるかどうかを先に確かめる。",
            "Count in the original; a rough number will do for the preliminary report. Near 1,000, establish first whether it is \
             more.",
        ),
    ));
    blocks
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn cause(incident: &Incident, order: &Order) -> Vec<Block> {
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
        "該当していたが、記録のみの設定のため止めなかった規則:",
        "Rules that matched, but are set to report only, and stopped nothing:",
        tables::reported(incident, order),
    );
    told(
        "送信前に宛先について指摘していたこと:",
        "What was found wrong with recipients before it was sent:",
        tables::issues(incident, order),
    );
    blocks.push(gap(
        pick(l, "直接の原因と背景", "the direct cause, and what led to it"),
        pick(
            l,
            "送信者に聞く（宛先の選択、添付ファイルの取り違え、非表示のシートの見落としなど）。承認した人が何を見て承認したか。定めた手順と、\
             実際との違い。",
            "Ask the sender (a wrong recipient picked, a wrong file attached, a hidden sheet overlooked, …); what whoever approved \
             it had looked at; how practice differs from the procedure.",
        ),
    ));
    blocks
}

fn damage(incident: &Incident, order: &Order) -> Vec<Block> {
    let l = order.language;
    let risk = |category: Category| -> Option<String> {
        let (ja, en) = match category {
            Category::SpecialCare => (
                "病歴等を知られることによる差別や不利益",
                "discrimination by those who learn of illnesses and the like",
            ),
            Category::Financial => {
                ("カード・口座情報の不正利用による財産的被害", "loss by misuse of cards or accounts")
            }
            Category::Specific => (
                "マイナンバーの不正な収集・利用、なりすまし",
                "My Numbers gathered or used without right; identity fraud",
            ),
            Category::Identity => ("なりすまし", "identity fraud"),
            Category::Contact => ("迷惑電話・迷惑メール、詐欺の連絡", "unwanted calls and mail; fraud attempts"),
            Category::Credential => {
                ("不正ログイン。パスワード等は直ちに変更する", "break-ins; change passwords and keys at once")
            }
            Category::Organizational => return None,
        };
        Some(format!("{}: {}", words::category(category, l), pick(l, ja, en)))
    };
    let risks: Vec<String> = tables::categories(incident).into_iter().filter_map(risk).collect();
    let mut blocks = Vec::new();
    if let Some(list) = list(risks) {
        blocks.extend([
            text(pick(l, "含まれるデータの種類から考えられるもの:", "What the kinds of data make conceivable:")),
            list,
        ]);
    }
    blocks.push(gap(
        pick(l, "二次被害の有無", "whether there is secondary damage"),
        pick(
            l,
            "宛先に連絡し、開封・保存・転送の有無を聞き、削除を求めて書面で確認する。閲覧されないうちに全てを回収できたことが確認できれば、\
             漏えいに該当しない（ガイドライン通則編3-5-1、Q&A 6-1）。",
            "Ask the recipients whether it was opened, kept or passed on; have it deleted and get that in writing. If all of it was \
             recovered before anybody had seen it, there was no leak (Guidelines 3-5-1, Q&A 6-1).",
        ),
    ));
    blocks
}

fn response(order: &Order) -> Vec<Block> {
    let l = order.language;
    vec![gap(
        pick(l, "本人への通知", "notice to the persons"),
        pick(
            l,
            "いつ、どの方法で、何人に通知したか、又はその予定。通知する事項は、概要、個人データの項目、原因、二次被害又はそのおそれの有無及び\
             その内容、その他参考となる事項（法26条2項、施行規則10条）。通知が困難なら、代わりの措置。",
            "When, how and how many were notified, or will be: outline, items of data, cause, secondary damage or the risk of it, \
             other matters (APPI Article 26 (2), Enforcement Rules Article 10); or what was done instead, if that is difficult.",
        ),
    )]
}

fn publication(order: &Order) -> Vec<Block> {
    let l = order.language;
    vec![gap(
        pick(l, "公表の有無", "whether it was published"),
        pick(l, "公表した日、方法、内容、又は公表しない理由。", "when, how and what was published, or why it is not."),
    )]
}

fn prevention(incident: &Incident, order: &Order) -> Vec<Block> {
    let l = order.language;
    let left = || incident.leaked().flat_map(|mail| &mail.left);
    let mut advice = Vec::new();
    let mut advise = |applies: bool, ja: &str, en: &str| {
        if applies {
            advice.push(pick(l, ja, en).to_owned());
        }
    };
    advise(
        left().any(|left| left.would.is_some()),
        "該当していた「記録のみ」の規則を有効にする（mode）。有効であれば送信前に止まっていた。",
        "Let the rules that only report act (mode): they would have stopped it.",
    );
    advise(
        left().any(|left| left.way == Way::AtOnce && left.rules.is_empty() && left.reported.is_empty()),
        "どの規則にも該当せずに送信された。同じ内容を止める規則を加え、sekisho rules replay で過去のメールに当てて確かめる。",
        "No rule matched. Add one that stops such mails, and try it on past mails with sekisho rules replay.",
    );
    advise(
        incident.leaked().any(|mail| mail.decided.iter().any(|decision| decision.what == "released_alone")),
        "送信者自身の判断での送信（self_release）を、この種のデータには認めない。",
        "Do not let senders release mails with such data alone (self_release).",
    );
    advise(
        left().any(|left| left.way != Way::AtOnce),
        "保留後に送信が許可された。承認の根拠と、承認する人の確認の方法を見直す。",
        "It was held and let go. Review on what grounds, and how those who approve look at what they approve.",
    );
    advise(
        incident.leaked().any(duty::is_partly_unread),
        "読み取れない添付ファイルを保留する規則（uninspected）を検討する。",
        "Consider a rule that holds what cannot be read (uninspected).",
    );
    let mut blocks = Vec::new();
    if let Some(list) = list(advice) {
        blocks.extend([
            text(pick(
                l,
                "記録から考えられる措置（実施したものだけを報告する）:",
                "Measures that the records suggest (report only what is done):",
            )),
            list,
        ]);
    }
    blocks.push(gap(
        pick(l, "実施した措置と予定", "measures taken and planned"),
        pick(
            l,
            "技術的・組織的・人的な措置を、実施日又は予定日とともに。原因に対応していることを確かめる。",
            "technical and organisational ones and training, with dates. Make sure that they answer the cause.",
        ),
    ));
    blocks
}

fn other(incident: &Incident, order: &Order) -> Vec<Block> {
    let l = order.language;
    let mut blocks = vec![text(pick(l, "検査の範囲:", "How far inspection went:"))];
    blocks.extend(list(tables::unread(incident, order)));
    if let Some(list) = list(tables::stayed(incident, order)) {
        blocks.extend([
            text(pick(
                l,
                "送信されなかったもの、組織内の宛先（漏えいに含めない）:",
                "Not sent, or sent within the organisation (no part of the leak):",
            )),
            list,
        ]);
    }
    blocks.push(text(pick(
        l,
        "この内容は、改ざんを検知できる送信記録に基づく。記録が完全であることは sekisho journal verify で確認できる。",
        "This rests on a journal in which every change shows; sekisho journal verify tells whether it is whole.",
    )));
    blocks.push(gap(
        pick(l, "他の報告先", "who else must be told"),
        pick(
            l,
            "所管官庁、認定個人情報保護団体、取引先、警察、プライバシーマークの審査機関など。海外の本人がいればその国の当局\
             （GDPRは --form gdpr）。",
            "supervising ministries, accredited organisations, partners, the police, the Privacy Mark body; authorities of other \
             countries if people from there are concerned (GDPR: --form gdpr).",
        ),
    ));
    blocks
}
