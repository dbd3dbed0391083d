//! About many mails at once: the security team's digest, and one notice for a mass mailing.
//!
//! In: a [`Digest`], which names mails by id and never by subject or content; or a number. Out: a [`Notice`].
//! Deliberately absent: counting (whoever calls knows the store).

use jiff::Timestamp;

use super::{MOST, addresses, and_more, ended, signature};
use crate::{
    language::Language,
    mail::{Address, Message},
    notice::{
        Digest, Kind, Letter, Notice, Outcome, Voice, Waiting,
        letter::{self, About},
        page::{Block, Item, Page, Prose, Tone},
        wording::Values,
        words,
    },
};

/// To the security team: what waits, how old it is, what was decided, which rules caught how much.
pub(in crate::notice) fn digest(digest: &Digest, voice: &Voice, letter: &Letter<'_>) -> Notice {
    let l = letter.language;
    let when = |at| words::when_in(at, &voice.timezone, l);
    let (waiting, decided) = (digest.waiting.len(), digest.decided.len());
    let headline = match l {
        Language::Ja => format!("保留中 {waiting}件、判断済み {decided}件"),
        Language::En => format!("{waiting} waiting, {decided} decided"),
    };
    let (since, until) = (when(digest.since), when(letter.now));
    let opening = match l {
        Language::Ja => {
            format!("{since} から {until} までのまとめです。件名と内容は書いていません。画面でご確認ください。")
        }
        Language::En => format!("From {since} to {until}. Subjects and contents are left out; see them on the web."),
    };
    let mut oldest: Vec<&Waiting> = digest.waiting.iter().collect();
    oldest.sort_by_key(|waiting| (waiting.arrived_at, waiting.id.clone()));
    let mut blocks = list(
        match l {
            Language::Ja => format!("判断を待っているメール（{waiting}件、古い順）"),
            Language::En => format!("Mails that wait ({waiting}, the oldest first)"),
        },
        oldest.into_iter().map(|waiting| waiting_item(waiting, voice, letter)).collect(),
        l,
    );
    blocks.extend(list(
        match l {
            Language::Ja => format!("判断の終わったメール（{decided}件）"),
            Language::En => format!("Mails that were decided ({decided})"),
        },
        digest
            .decided
            .iter()
            .map(|done| Item { text: format!("{} {}", when(done.at), done.id), notes: vec![became(&done.outcome, l)] })
            .collect(),
        l,
    ));
    let mut rules: Vec<_> = digest.rules.iter().collect();
    rules.sort_by_key(|rule| (std::cmp::Reverse(rule.mails), rule.rule.clone()));
    let mails = |count: u32| match l {
        Language::Ja => format!("{}件", words::number(count)),
        Language::En => words::number(count),
    };
    let rules = rules.into_iter().map(|rule| {
        let title = words::one_line(rule.title.in_language(l), 200);
        Item::new(format!(
            "{title} [{}]{}{}",
            words::one_line(&rule.rule, 80),
            words::pick(l, "：", ": "),
            mails(rule.mails)
        ))
    });
    let heading = words::pick(l, "規則ごとの件数", "Mails per rule").to_owned();
    blocks.extend(list(heading, rules.collect(), l));
    blocks.extend(overview(voice, l));
    let label = words::pick(l, "日次まとめ", "Digest");
    send(Kind::Digest, (label, headline), opening, blocks, voice, letter)
}

/// To the sender of a mass mailing: `more` mails are held beside those that were told one by one, since `since`.
pub(in crate::notice) fn too_many(more: u32, since: Timestamp, voice: &Voice, letter: &Letter<'_>) -> Notice {
    let l = letter.language;
    let (count, since) = (words::number(more), words::when_in(since, &voice.timezone, l));
    let headline = match l {
        Language::Ja => format!("ほかに{count}件のメールを保留しています"),
        Language::En => format!("{count} more of your mails are on hold"),
    };
    let opening = match l {
        Language::Ja => format!(
            "{since} から、あなたのメールをほかに{count}件保留しています。数が多いため、1件ずつのお知らせは控えています。どのメールも、判断されるまで送信されません。"
        ),
        Language::En => format!(
            "Since {since} {count} more of your mails have been put on hold. As there are so many, you are not told of \
             each. None of them goes out before somebody decides."
        ),
    };
    let web = !voice.public_url.is_empty();
    let steps = match (l, web) {
        (Language::Ja, true) => "一覧は画面で見られます。そこで1件ずつ、取り消したり理由を伝えたりできます。",
        (Language::Ja, false) => "一斉送信に心当たりがないときは、すぐにセキュリティ担当へご連絡ください。",
        (Language::En, true) => "They are listed on the web, where you can take each back or give a reason.",
        (Language::En, false) => "If you sent no mass mailing, tell your security team at once.",
    };
    let mut steps = vec![steps.to_owned()];
    if web {
        steps.push(
            words::pick(
                l,
                "一斉送信に心当たりがないときは、すぐにセキュリティ担当へご連絡ください。",
                "If you sent no mass mailing, tell your security team at once.",
            )
            .to_owned(),
        );
    }
    let mut blocks = vec![Block::Steps(steps)];
    blocks.extend(overview(voice, l));
    let label = words::pick(l, "送信保留", "On hold");
    send(Kind::TooMany, (label, headline), opening, blocks, voice, letter)
}

fn send(
    kind: Kind,
    (label, headline): (&str, String),
    opening: String,
    blocks: Vec<Block>,
    voice: &Voice,
    letter: &Letter<'_>,
) -> Notice {
    let l = letter.language;
    let page = Page {
        kind,
        language: l,
        subject: format!("[{label}] {headline}"),
        headline,
        tone: Tone::Wait,
        opening: Prose::line(opening),
        blocks,
        closing: Prose::default(),
        people: Vec::new(),
        footer: vec![
            signature(voice, l),
            words::pick(l, "このメールは自動でお送りしています。", "This mail was sent automatically.").to_owned(),
        ],
    };
    let values = Values {
        organization: words::one_line(&voice.organization, 100),
        page: overview_url(voice).unwrap_or_default(),
        ..Values::default()
    };
    let day = letter.now.to_zoned(voice.timezone.clone()).date();
    letter::write(voice, letter, &About { id: day.to_string(), thread: None, values }, page, None::<&Message>)
}

fn waiting_item(waiting: &Waiting, voice: &Voice, letter: &Letter<'_>) -> Item {
    let l = letter.language;
    let sender = waiting.sender.as_ref().map_or_else(
        || words::pick(l, "（差出人なし）", "(nobody)").to_owned(),
        |sender: &Address| words::one_line(sender.as_str(), 160),
    );
    let age = age(letter.now, waiting.arrived_at, l);
    let until = words::when_in(waiting.deadline, &voice.timezone, l);
    let deciders = match waiting.deciders.is_empty() {
        true => words::pick(l, "なし", "nobody").to_owned(),
        false => addresses(&waiting.deciders, 3, l),
    };
    let persons = (waiting.persons > 0).then(|| words::persons(waiting.persons, l));
    let text = match l {
        Language::Ja => format!("{} {age}（{sender}）", waiting.id),
        Language::En => format!("{} {age} ({sender})", waiting.id),
    };
    let state = words::action(waiting.action, l);
    let mut notes = vec![match l {
        Language::Ja => format!("{state}、期限 {until}、判断する人：{deciders}"),
        Language::En => format!("{state}, until {until}, asked: {deciders}"),
    }];
    notes.extend(persons.map(|persons| match l {
        Language::Ja => format!("個人情報：{persons}"),
        Language::En => format!("personal data of {persons}"),
    }));
    Item { text, notes }
}

/// How long ago, in the largest whole unit.
fn age(now: Timestamp, at: Timestamp, language: Language) -> String {
    let minutes = u64::try_from(now.as_second().saturating_sub(at.as_second()) / 60).unwrap_or(0);
    let (count, ja, en) = match minutes {
        0..60 => (minutes, "分", "min"),
        60..2_880 => (minutes / 60, "時間", "h"),
        _ => (minutes / 1_440, "日", "days"),
    };
    match language {
        Language::Ja => format!("{count}{ja}経過"),
        Language::En => format!("for {count} {en}"),
    }
}

/// How it ended, without what was said.
fn became(outcome: &Outcome, language: Language) -> String {
    let (what, by) = (
        match outcome {
            Outcome::Released { .. } => words::pick(language, "送信許可", "released"),
            Outcome::Rejected { .. } => words::pick(language, "却下", "rejected"),
            Outcome::Refused => words::pick(language, "規則により送信不可", "refused by a rule"),
            Outcome::Withdrawn => words::pick(language, "差出人が取消", "taken back by its sender"),
            Outcome::Expired => words::pick(language, "期限切れ", "expired"),
        },
        ended::people(outcome),
    );
    match (by.is_empty(), language) {
        (true, _) => what.to_owned(),
        (false, Language::Ja) => format!("{what}（{}）", addresses(&by, 3, language)),
        (false, Language::En) => format!("{what} ({})", addresses(&by, 3, language)),
    }
}

/// A heading and its points; said so where there are none.
fn list(heading: String, mut items: Vec<Item>, language: Language) -> Vec<Block> {
    if items.len() > MOST {
        let more = items.len() - MOST;
        items.truncate(MOST);
        items.push(Item::new(and_more(more, language)));
    }
    let body = if items.is_empty() {
        Block::Para(words::pick(language, "ありません。", "None.").to_owned())
    } else {
        Block::List(items)
    };
    vec![Block::Heading(heading), body]
}

fn overview(voice: &Voice, language: Language) -> Option<Block> {
    let label =
        words::pick(language, "一覧を画面で見る（ログインが必要です）", "All of them on the web (login needed)");
    overview_url(voice).map(|url| Block::Link { label: label.to_owned(), url })
}

fn overview_url(voice: &Voice) -> Option<String> {
    (!voice.public_url.is_empty()).then(|| format!("{}/held", voice.public_url))
}
