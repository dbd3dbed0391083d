//! Asking a colleague, and telling who asked what the colleague thinks.

use super::{Head, Telling, console, facts, held, page};
use crate::{
    language::Language,
    mail::Address,
    notice::{
        Kind,
        page::{Block, Page, Tone},
        words,
    },
};

/// To a colleague: what do you think?
pub(in crate::notice) fn question(t: &Telling<'_>, asker: &Address, question: &str) -> Page {
    let l = t.language();
    let (asker, until) = (words::one_line(asker.as_str(), 160), t.when(t.story.deadline));
    let (label, headline) = match l {
        Language::Ja => ("意見のお願い", "送信前のメールについて、意見を聞かせてください"),
        Language::En => ("Your opinion", "You are asked what you think about a mail that waits"),
    };
    let opening = match l {
        Language::Ja => format!(
            "次のメールを判断する {asker} さんが、あなたの意見を求めています。送信するかどうかを決めるのは {asker} さんです。\
             {until} までにお答えください。"
        ),
        Language::En => format!(
            "{asker}, who decides about the mail below, asks what you think. You decide nothing: {asker} does. Please \
             answer by {until}."
        ),
    };
    let mut blocks = quoted(words::pick(l, "質問", "The question"), question);
    let step = match (l, t.voice.public_url.is_empty()) {
        (Language::Ja, false) => {
            "下の画面を開き、意見を書いてください。画面では、値を伏せた内容を、判断が終わるまで見られます。このメールへの返信は届きません。".to_owned()
        }
        (Language::En, false) => "Open the page below and write what you think. It shows the mail with its values masked, until \
                                  it is decided. A reply to this mail does nothing."
            .to_owned(),
        (Language::Ja, true) => format!("{asker} さんに直接お答えください。このメールへの返信は届きません。"),
        (Language::En, true) => format!("Please answer {asker} directly. A reply to this mail does nothing."),
    };
    blocks.push(Block::Steps(vec![step]));
    blocks.extend(console(t));
    blocks.push(facts(t, true));
    blocks.extend(held::what_was_seen(t, true));
    let head = Head { kind: Kind::Question, label, headline: headline.to_owned(), tone: Tone::Wait };
    page(t, head, opening, blocks)
}

/// To who asked: what a colleague thinks.
pub(in crate::notice) fn opinion(t: &Telling<'_>, colleague: &Address, question: &str, opinion: &str) -> Page {
    let l = t.language();
    let (colleague, until) = (words::one_line(colleague.as_str(), 160), t.when(t.story.deadline));
    let (label, headline) = match l {
        Language::Ja => ("同僚の意見", "たずねていた意見が届きました"),
        Language::En => ("Opinion", "A colleague has answered your question"),
    };
    let opening = match l {
        Language::Ja => {
            format!("次のメールについて、{colleague} さんから意見が届きました。{until} までに判断してください。")
        }
        Language::En => {
            format!("{colleague} has answered what you asked about the mail below. Please decide by {until}.")
        }
    };
    let mut blocks = quoted(words::pick(l, "意見", "The opinion"), opinion);
    blocks.extend(quoted(words::pick(l, "あなたの質問", "Your question"), question));
    blocks.push(facts(t, true));
    blocks.extend(console(t));
    let head = Head { kind: Kind::Opinion, label, headline: headline.to_owned(), tone: Tone::Wait };
    page(t, head, opening, blocks)
}

fn quoted(heading: &str, text: &str) -> Vec<Block> {
    vec![Block::Heading(heading.to_owned()), Block::Quote(words::lines(text, 30, 500))]
}
