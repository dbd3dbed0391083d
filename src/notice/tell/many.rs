//! Many mails in one notice: a mass mailing is held, many decisions are wanted, many mails have ended at once.
//!
//! In: [`OneOfMany`] or [`EndedOne`] for each mail. Out: a [`Notice`] that names every one of them, with the page and the
//! secret address at which it is decided. Deliberately absent: which mails are told together and when (`hold`).

use jiff::Timestamp;

use super::{MOST, addresses, and_more, crowd, ended, section_of};
use crate::{
    language::Language,
    mail::Address,
    notice::{
        EndedOne, Kind, Letter, Notice, OneOfMany, Outcome, Story, Unasked, Voice,
        page::{Block, Item, Tone},
        words,
    },
};

/// To the sender of a mass mailing: `mails`, and `more` that are not named, are held beside those told one by one.
pub(in crate::notice) fn too_many(
    mails: &[OneOfMany],
    more: u32,
    since: Timestamp,
    voice: &Voice,
    letter: &Letter<'_>,
) -> Notice {
    let l = letter.language;
    let count = words::number(total(mails.len()).saturating_add(more));
    let since = words::when_in(since, &voice.timezone, l);
    let headline = match l {
        Language::Ja => format!("ほかに{count}件のメールを保留しています"),
        Language::En => format!("{count} more of your mails are on hold"),
    };
    let opening = match l {
        Language::Ja => format!(
            "{since} から、あなたのメールをほかに{count}件保留しています。数が多いため、1件ずつのお知らせは控えています。判断が終わるまで送信されません（「送信待ち」のメールは、その時刻に送信されます）。"
        ),
        Language::En => format!(
            "Since {since} {count} more of your mails have been put on hold. As there are so many, you are not told of \
             each. None of them goes out before somebody decides, but for those that are only sent later."
        ),
    };
    let mut steps = Vec::new();
    if !voice.public_url.is_empty() {
        steps.push(words::pick(
            l,
            "一覧は画面で見られます。そこで1件ずつ、取り消したり理由を伝えたりできます。",
            "They are listed on the web, where you can take each back or give a reason.",
        ));
    }
    if mails.iter().any(|mail| mail.reply_to.is_some()) {
        steps.push(words::pick(
            l,
            "取り消すには：そのメールの「返信先」あてに、本文の1行目に「取消」とだけ書いて送ってください。",
            "To take one back: write to its reply address below, with the word WITHDRAW alone on the first line.",
        ));
    }
    steps.push(words::pick(
        l,
        "一斉送信に心当たりがないときは、すぐにセキュリティ担当へご連絡ください。",
        "If you sent no mass mailing, tell your security team at once.",
    ));
    let mut items: Vec<Item> = mails.iter().map(|mail| held_item(mail, false, voice, l)).collect();
    if more > 0 {
        items.push(Item::new(and_more(usize::try_from(more).unwrap_or(usize::MAX), l)));
    }
    let mut blocks = vec![Block::Steps(steps.into_iter().map(str::to_owned).collect())];
    blocks.extend(section_of(words::pick(l, "保留しているメール", "Mails on hold"), items));
    let head = crowd::Head { kind: Kind::TooMany, label: words::pick(l, "送信保留", "On hold"), tone: Tone::Wait };
    crowd::send(head, headline, opening, blocks, &name(mails.first().map(|mail| &mail.story)), voice, letter)
}

/// To a decider: all these wait, each with the secret address at which this reader decides about it.
pub(in crate::notice) fn requests(mails: &[OneOfMany], voice: &Voice, letter: &Letter<'_>) -> Notice {
    let l = letter.language;
    let count = words::number(total(mails.len()));
    let headline = match l {
        Language::Ja => format!("{count}件のメールが判断を待っています"),
        Language::En if mails.len() == 1 => "1 mail waits for your decision".to_owned(),
        Language::En => format!("{count} mails wait for your decision"),
    };
    let opening = match l {
        Language::Ja => format!(
            "次の{count}件のメールについて、送信してよいかどうかの判断をお願いします。数が多いため、1件ずつの依頼は控え、まとめてお知らせします。どのメールも、判断されるまで送信されません。"
        ),
        Language::En => {
            "Please decide about each of the mails below whether it may be sent. As there are so many, you are \
                         asked about all of them in one mail. None of them goes out before somebody decides."
                .to_owned()
        }
    };
    let mut steps = Vec::new();
    if !voice.public_url.is_empty() {
        steps.push(words::pick(
            l,
            "画面で1件ずつ中身を確かめ、承認または却下してください（ログインが必要です）。",
            "On the web you can look into each and approve or reject it (login needed).",
        ));
    }
    steps.push(words::pick(
        l,
        "メールで答えるには：そのメールの「返信先」あてに、本文の1行目に「承認」または「却下」とだけ書いて送ってください。2行目からは、コメントとして差出人に伝わります。",
        "To answer by mail: write to its reply address below, with the word APPROVE or REJECT alone on the first line. \
         Further lines are passed on to the sender as your comment.",
    ));
    if mails.iter().any(|mail| mail.story.progress.second_factor) {
        steps.push(words::pick(
            l,
            "二要素認証が必要なメールは、返信では承認できません。返信で承認しようとすると、その旨をお知らせします。",
            "Mails that need a second factor are not approved by reply; whoever tries is told so.",
        ));
    }
    steps.push(words::pick(
        l,
        "返信先はメールごとに違い、あなた専用です。転送しないでください。このお知らせにそのまま返信しても、何も決まりません。",
        "Each mail has a reply address of its own, which is yours alone: please do not forward this mail. A reply to this \
         mail itself decides nothing.",
    ));
    let items = mails.iter().map(|mail| held_item(mail, true, voice, l)).collect();
    let mut blocks = vec![
        Block::Heading(words::pick(l, "回答のしかた", "How to answer").to_owned()),
        Block::Steps(steps.into_iter().map(str::to_owned).collect()),
    ];
    blocks.extend(section_of(words::pick(l, "判断をお願いするメール", "Mails to decide about"), items));
    let head =
        crowd::Head { kind: Kind::Requests, label: words::pick(l, "承認依頼", "Approval"), tone: Tone::Wait };
    crowd::send(head, headline, opening, blocks, &name(mails.first().map(|mail| &mail.story)), voice, letter)
}

/// To the sender: how all these ended, with what was said about each.
pub(in crate::notice) fn outcomes(mails: &[EndedOne], voice: &Voice, letter: &Letter<'_>) -> Notice {
    let l = letter.language;
    let count = words::number(total(mails.len()));
    let headline = match l {
        Language::Ja => format!("{count}件のメールの結果をお知らせします"),
        Language::En if mails.len() == 1 => "What became of one of your mails".to_owned(),
        Language::En => format!("What became of {count} of your mails"),
    };
    let opening = words::pick(
        l,
        "保留していたメールの結果です。数が多いため、まとめてお知らせします。",
        "This is how mails of yours that were on hold have ended. As there are so many, you are told of all in one mail.",
    );
    let items = mails.iter().map(|mail| ended_item(mail, l)).collect();
    let blocks = section_of(words::pick(l, "結果", "Outcomes"), items);
    let good = mails.iter().all(|mail| matches!(mail.outcome, Outcome::Released { .. } | Outcome::Withdrawn));
    let tone = if good { Tone::Good } else { Tone::Bad };
    let head = crowd::Head { kind: Kind::Outcomes, label: words::pick(l, "結果", "Outcome"), tone };
    crowd::send(head, headline, opening.to_owned(), blocks, &name(mails.first().map(|mail| &mail.story)), voice, letter)
}

/// To the security team: requests about all these did not arrive. Neither subjects nor contents are told.
pub(in crate::notice) fn unasked(mails: &[Unasked], voice: &Voice, letter: &Letter<'_>) -> Notice {
    let l = letter.language;
    let count = words::number(total(mails.len()));
    let headline = match l {
        Language::Ja => format!("{count}件の承認・確認の依頼を届けられませんでした"),
        Language::En if mails.len() == 1 => "1 request to decide could not be delivered".to_owned(),
        Language::En => format!("{count} requests to decide could not be delivered"),
    };
    let opening = words::pick(
        l,
        "判断をお願いするメールが届きませんでした。これらのメールは判断されるまで送信されず、期限を過ぎると差出人に戻ります。",
        "Requests to decide about held mails did not arrive. The mails are not sent until somebody decides, and go back to \
         their senders when their time is over.",
    );
    let next = words::pick(
        l,
        "設定にある宛先が正しいか確かめてください。急ぐときは、判断できるほかの人に画面から判断してもらってください。",
        "Check the addresses in the configuration. If it is urgent, ask another person who may decide to do so on the web \
         or on the command line.",
    );
    let items = mails.iter().map(|mail| {
        let until = until(&mail.story, voice, l);
        let said = format!("{}: {}", words::one_line(mail.person.as_str(), 160), words::one_line(&mail.said, 300));
        Item {
            text: mail.story.id.to_string(),
            notes: [said, until].into_iter().chain(page_of(&mail.story, voice, l)).collect(),
        }
    });
    let items = items.collect();
    let mut blocks = vec![Block::Steps(vec![next.to_owned()])];
    blocks.extend(section_of(words::pick(l, "届かなかった依頼", "Requests that did not arrive"), items));
    let label = words::pick(l, "警告", "Warning");
    let head = crowd::Head { kind: Kind::RequestUndelivered, label, tone: Tone::Bad };
    crowd::send(head, headline, opening.to_owned(), blocks, &name(mails.first().map(|mail| &mail.story)), voice, letter)
}

/// What makes a notice's Message-ID its own: several may go to one person at one moment.
fn name(first: Option<&Story>) -> String {
    first.map(|story| story.id.to_string()).unwrap_or_default()
}

fn total(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// One mail that waits; its sender needs not be told who sent it.
fn held_item(mail: &OneOfMany, sender: bool, voice: &Voice, l: Language) -> Item {
    let story = &mail.story;
    let subject = words::subject(&story.subject, l);
    let from = story.sender.as_ref().filter(|_| sender).map(|from| words::one_line(from.as_str(), 160));
    let text = match (from, l) {
        (None, _) => subject,
        (Some(from), Language::Ja) => format!("{subject}（{from}）"),
        (Some(from), Language::En) => format!("{subject} ({from})"),
    };
    let mut notes = vec![until(story, voice, l), to(story, l)];
    notes.extend(because(story, l));
    if story.inspection.persons > 0 {
        let persons = words::persons(story.inspection.persons, l);
        notes.push(match l {
            Language::Ja => format!("個人情報：{persons}"),
            Language::En => format!("personal data of {persons}"),
        });
    }
    if let Some(reason) = story.progress.reason.as_deref().filter(|_| sender) {
        let reason = words::one_line(reason, 500);
        notes.push(match l {
            Language::Ja => format!("差出人の理由：{reason}"),
            Language::En => format!("its sender's reason: {reason}"),
        });
    }
    notes.extend(page_of(story, voice, l));
    if let Some(reply_to) = &mail.reply_to {
        notes.push(match l {
            Language::Ja => format!("返信先： {reply_to}"),
            Language::En => format!("reply address: {reply_to}"),
        });
    }
    Item { text, notes }
}

fn ended_item(mail: &EndedOne, l: Language) -> Item {
    let mut notes = vec![ended_how(&mail.outcome, l), to(&mail.story, l)];
    if let Outcome::Released { comment, .. } | Outcome::Rejected { comment, .. } | Outcome::SentBack { comment, .. } =
        &mail.outcome
    {
        let lines = words::lines(comment, 30, 500).join(" / ");
        if !lines.is_empty() {
            notes.push(format!("{}{lines}", words::pick(l, "コメント：", "comment: ")));
        }
    }
    notes.push(format!("{}{}", words::pick(l, "管理番号：", "reference: "), mail.story.id));
    Item { text: words::subject(&mail.story.subject, l), notes }
}

/// How it ended, and by whom.
pub(super) fn ended_how(outcome: &Outcome, language: Language) -> String {
    let what = match outcome {
        Outcome::Released { .. } => words::pick(language, "送信許可", "released"),
        Outcome::Rejected { .. } => words::pick(language, "却下", "rejected"),
        Outcome::SentBack { .. } => words::pick(language, "差し戻し", "sent back for a change"),
        Outcome::Refused => words::pick(language, "規則により送信不可", "refused by a rule"),
        Outcome::Withdrawn => words::pick(language, "差出人が取消", "taken back by its sender"),
        Outcome::Expired => words::pick(language, "期限切れ", "expired"),
    };
    let by = ended::people(outcome);
    match (by.is_empty(), language) {
        (true, _) => what.to_owned(),
        (false, Language::Ja) => format!("{what}（{}）", addresses(&by, 3, language)),
        (false, Language::En) => format!("{what} ({})", addresses(&by, 3, language)),
    }
}

fn until(story: &Story, voice: &Voice, l: Language) -> String {
    let (state, until) = (words::action(story.action, l), words::when_in(story.deadline, &voice.timezone, l));
    match l {
        Language::Ja => format!("{state}、{until} まで、管理番号：{}", story.id),
        Language::En => format!("{state}, until {until}, reference: {}", story.id),
    }
}

fn to(story: &Story, l: Language) -> String {
    let recipients: Vec<Address> = story.recipients.iter().map(|recipient| recipient.address.clone()).collect();
    format!("{}{}", words::pick(l, "宛先：", "to: "), addresses(&recipients, 3, l))
}

fn because(story: &Story, l: Language) -> Option<String> {
    let titles = story.matched.iter().map(|matched| words::one_line(matched.title.in_language(l), 200));
    let titles: Vec<String> = titles.filter(|title| !title.is_empty()).take(MOST).collect();
    (!titles.is_empty()).then(|| format!("{}{}", words::pick(l, "理由：", "why: "), titles.join("; ")))
}

fn page_of(story: &Story, voice: &Voice, l: Language) -> Option<String> {
    let known = !voice.public_url.is_empty();
    known.then(|| format!("{}{}/held/{}", words::pick(l, "画面： ", "page: "), voice.public_url, story.id))
}
