//! About many mails at once: the security team's digest, and what it has in common with other such notices (`many`).
//!
//! In: a [`Digest`], which names mails by id and never by subject or content. Out: a [`Notice`].
//! Deliberately absent: counting (whoever calls knows the store).

use jiff::Timestamp;

use super::{MOST, addresses, and_more, many, section_of, signature};
use crate::{
    language::Language,
    mail::{Address, Message},
    notice::{
        Digest, Kind, Letter, Notice, Voice, Waiting,
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
            .map(|done| Item {
                text: format!("{} {}", when(done.at), done.id),
                notes: vec![many::ended_how(&done.outcome, l)],
            })
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
        let line =
            format!("{title} [{}]{}{}", words::one_line(&rule.rule, 80), words::pick(l, "：", ": "), mails(rule.mails));
        Item::new(line.trim_start())
    });
    let heading = words::pick(l, "規則ごとの件数", "Mails per rule").to_owned();
    blocks.extend(list(heading, rules.collect(), l));
    blocks.extend(beside(digest, l));
    let head = Head { kind: Kind::Digest, label: words::pick(l, "日次まとめ", "Digest"), tone: Tone::Wait };
    let day = letter.now.to_zoned(voice.timezone.clone()).date();
    send(head, headline, opening, blocks, &day.to_string(), voice, letter)
}

/// What a notice about many mails is.
pub(super) struct Head {
    pub(super) kind: Kind,
    /// What stands in brackets in the subject.
    pub(super) label: &'static str,
    pub(super) tone: Tone,
}

/// Writes it, with the list of all held mails at its end; `id` makes its Message-ID its own.
pub(super) fn send(
    Head { kind, label, tone }: Head,
    headline: String,
    opening: String,
    mut blocks: Vec<Block>,
    id: &str,
    voice: &Voice,
    letter: &Letter<'_>,
) -> Notice {
    let l = letter.language;
    blocks.extend(overview(voice, l));
    let page = Page {
        kind,
        language: l,
        subject: format!("[{label}] {headline}"),
        headline,
        tone,
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
    letter::write(voice, letter, &About { id: id.to_owned(), thread: None, values }, page, None::<&Message>)
}

/// What else happened; nothing at all if nothing did.
fn beside(digest: &Digest, l: Language) -> Vec<Block> {
    let counts = [
        (digest.unread, "中身を確認できない部分があったメール", "Mails of which a part could not be read"),
        (digest.refused, "受け付けなかった返信", "Answers that were refused"),
        (digest.unasked, "届かなかった承認・確認の依頼", "Requests to decide that did not arrive"),
        (
            digest.destroyed,
            "保存期間が過ぎて中身を破棄したメール",
            "Mails whose bytes were destroyed, their time being over",
        ),
    ];
    let items: Vec<Item> = counts
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, ja, en)| {
            let count = words::number(count);
            Item::new(match l {
                Language::Ja => format!("{ja}：{count}件"),
                Language::En => format!("{en}: {count}"),
            })
        })
        .collect();
    if items.is_empty() { Vec::new() } else { section_of(words::pick(l, "そのほか", "Also"), items) }
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

/// A heading and its points; said so where there are none.
fn list(heading: String, mut items: Vec<Item>, language: Language) -> Vec<Block> {
    if items.len() > MOST {
        let more = items.len() - MOST;
        items.truncate(MOST);
        items.push(Item::new(and_more(more, language)));
    }
    if items.is_empty() {
        return vec![Block::Heading(heading), Block::Para(words::pick(language, "ありません。", "None.").to_owned())];
    }
    section_of(&heading, items)
}

fn overview(voice: &Voice, language: Language) -> Option<Block> {
    let label =
        words::pick(language, "一覧を画面で見る（ログインが必要です）", "All of them on the web (login needed)");
    overview_url(voice).map(|url| Block::Link { label: label.to_owned(), url })
}

fn overview_url(voice: &Voice) -> Option<String> {
    (!voice.public_url.is_empty()).then(|| format!("{}/held", voice.public_url))
}
