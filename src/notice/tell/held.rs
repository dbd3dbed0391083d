//! While a mail is held: to its sender, to those who decide.

use super::{console, facts, findings, page, reasons, recipients, uninspected};
use crate::{
    language::Language,
    notice::{
        Letter, Story, Voice,
        page::{Block, Page, Tone},
        tell::addresses,
        words,
    },
    policy::Action,
};

/// To the sender: it is held.
pub(in crate::notice) fn to_sender(story: &Story, voice: &Voice, letter: &Letter<'_>) -> Page {
    let l = voice.language;
    let who = who_decides(story, voice);
    let until = words::when(story.deadline, voice);
    let headline = words::pick(l, "メールの送信を保留しました", "Your mail is on hold and has not been sent");
    let mut blocks = match l {
        Language::Ja => vec![
            Block::Para(
                "次のメールは、送信前の確認で気になる点が見つかったため、まだ相手に届いていません。\
                 内容をお確かめください。"
                    .to_owned(),
            ),
            facts(story, voice, false),
            Block::Para(format!("{who}{until} までに判断されなければ、送信されずにお手元へ戻ります。")),
        ],
        Language::En => vec![
            Block::Para(
                "A check before sending found something in the mail below, so it has not reached anybody yet. \
                 Please have a look."
                    .to_owned(),
            ),
            facts(story, voice, false),
            Block::Para(format!("{who} If nobody decides by {until}, it comes back to you unsent.")),
        ],
    };
    blocks.extend(what_was_seen(story, voice, false));
    blocks.extend(how_to_withdraw(story, voice, letter, Withdrawal::OfHeld));
    page(story, voice, words::pick(l, "送信保留", "On hold"), headline.to_owned(), Tone::Wait, blocks)
}

/// To a decider: please decide. The original is attached.
pub(in crate::notice) fn to_decider(story: &Story, voice: &Voice, letter: &Letter<'_>) -> Page {
    let l = voice.language;
    let approval = story.action == Action::RequireApproval;
    let until = words::when(story.deadline, voice);
    let (label, headline) = match (l, approval) {
        (Language::Ja, true) => ("承認依頼", "送信前のメールの承認をお願いします"),
        (Language::Ja, false) => ("確認依頼", "保留中のメールの確認をお願いします"),
        (Language::En, true) => ("Approval needed", "Please approve or reject a mail before it is sent"),
        (Language::En, false) => ("Review needed", "Please release or reject a mail on hold"),
    };
    let ask = match l {
        Language::Ja => format!(
            "次のメールは、あなたの判断を待っています。宛先と内容をご確認のうえ、{until} までに回答してください。\
             期限を過ぎると、送信されずに差出人へ戻ります。"
        ),
        Language::En => format!(
            "The mail below waits for your decision. Please check its recipients and content and answer by {until}. \
             After that it goes back to its sender unsent."
        ),
    };
    let mut blocks = vec![Block::Para(ask), facts(story, voice, true)];
    blocks.extend(how_to_decide(story, voice, letter));
    blocks.extend(what_was_seen(story, voice, true));
    let original = words::pick(
        l,
        "元のメールを、そのままの形で添付しています（original.eml）。",
        "The original mail is attached unchanged (original.eml).",
    );
    blocks.push(Block::Para(original.to_owned()));
    page(story, voice, label, headline.to_owned(), Tone::Wait, blocks)
}

/// To the sender: it goes out at the deadline.
pub(in crate::notice) fn delayed(story: &Story, voice: &Voice, letter: &Letter<'_>) -> Page {
    let l = voice.language;
    let (hour, at) = (words::hour(story.deadline, &voice.timezone), words::when(story.deadline, voice));
    let headline = match l {
        Language::Ja => format!("{hour} に送信します。取り消すなら今のうちです"),
        Language::En => format!("Goes out at {hour}; until then you can take it back"),
    };
    let say = match l {
        Language::Ja => format!(
            "次のメールは、念のため少し時間をおいて、{at} に送信します。問題がなければ、何もする必要はありません。"
        ),
        Language::En => {
            format!(
                "To be on the safe side the mail below is sent a little later, at {at}. If it is right, do nothing."
            )
        }
    };
    let mut blocks = vec![Block::Para(say), facts(story, voice, false)];
    blocks.extend(what_was_seen(story, voice, false));
    blocks.extend(how_to_withdraw(story, voice, letter, Withdrawal::OfDelayed));
    page(story, voice, words::pick(l, "送信待ち", "Sent later"), headline, Tone::Wait, blocks)
}

fn what_was_seen(story: &Story, voice: &Voice, all_recipients: bool) -> Vec<Block> {
    let mut blocks = reasons(story, voice);
    blocks.extend(recipients(story, voice, all_recipients));
    blocks.extend(findings(story, voice));
    blocks.extend(uninspected(story, voice));
    blocks
}

fn who_decides(story: &Story, voice: &Voice) -> String {
    let names = addresses(&story.deciders, 5, voice.language);
    match (voice.language, story.action, story.deciders.is_empty()) {
        (Language::Ja, _, true) => "いま、このメールを判断できる担当者がいません。".to_owned(),
        (Language::Ja, Action::RequireApproval, false) => format!("承認者（{names}）に承認をお願いしています。"),
        (Language::Ja, _, false) => format!("セキュリティ担当（{names}）が確認しています。"),
        (Language::En, _, true) => "At present there is nobody who could decide about it.".to_owned(),
        (Language::En, Action::RequireApproval, false) => {
            format!("An approver ({names}) has been asked to approve it.")
        }
        (Language::En, _, false) => format!("The security team ({names}) is looking at it."),
    }
}

#[derive(Clone, Copy)]
enum Withdrawal {
    OfHeld,
    OfDelayed,
}

fn how_to_withdraw(story: &Story, voice: &Voice, letter: &Letter<'_>, of: Withdrawal) -> Vec<Block> {
    let l = voice.language;
    let mut steps = Vec::new();
    if letter.reply_to.is_some() {
        steps.push(match l {
            Language::Ja => {
                "取り消すには：このメールに返信し、本文の1行目に「取消」とだけ書いて送ってください。".to_owned()
            }
            Language::En => {
                "To take it back: reply to this mail with the word WITHDRAW alone on the first line.".to_owned()
            }
        });
    }
    steps.push(match (l, of) {
        (Language::Ja, Withdrawal::OfHeld) => {
            "宛先や添付ファイルを間違えていたときは、取り消してから、正しいメールを送り直してください。".to_owned()
        }
        (Language::Ja, Withdrawal::OfDelayed) => {
            "送信したあとは取り消せません。間違いに気づいたら、時刻になる前に取り消してください。".to_owned()
        }
        (Language::En, Withdrawal::OfHeld) => {
            "If a recipient or an attachment was wrong, take it back and send the right mail anew.".to_owned()
        }
        (Language::En, Withdrawal::OfDelayed) => {
            "Once it is sent it cannot be taken back, so do it before that time if something is wrong.".to_owned()
        }
    });
    let heading = words::pick(l, "あなたができること", "What you can do");
    let mut blocks = vec![Block::Heading(heading.to_owned()), Block::Steps(steps)];
    blocks.extend(console(story, voice));
    blocks
}

/// How a decider answers.
fn how_to_decide(story: &Story, voice: &Voice, letter: &Letter<'_>) -> Vec<Block> {
    let l = voice.language;
    let mut blocks = vec![Block::Heading(words::pick(l, "回答のしかた", "How to answer").to_owned())];
    if letter.reply_to.is_some() {
        let steps: &[&str] = match l {
            Language::Ja => &[
                "送信してよいとき：このメールに返信し、本文の1行目に「承認」とだけ書いてください。",
                "送信してはいけないとき：本文の1行目に「却下」とだけ書いてください。",
                "2行目からは、コメントとして差出人に伝わります。返信先はあなた専用です。転送しないでください。",
            ],
            Language::En => &[
                "If it may be sent: reply to this mail with the word APPROVE alone on the first line.",
                "If it must not be sent: reply with the word REJECT alone on the first line.",
                "Further lines are passed on to the sender as your comment. The reply address is yours alone: \
                 please do not forward this mail.",
            ],
        };
        blocks.push(Block::Steps(steps.iter().map(|&step| step.to_owned()).collect()));
    }
    blocks.extend(console(story, voice));
    blocks
}

/// What was asked of the reader, for notices that repeat it.
pub(super) fn how_to_answer(story: &Story, voice: &Voice, letter: &Letter<'_>) -> Vec<Block> {
    let is_sender = story.sender.as_ref().is_some_and(|sender| sender.same_mailbox(letter.to));
    match (is_sender, story.action) {
        (false, _) => how_to_decide(story, voice, letter),
        (true, Action::Delay) => how_to_withdraw(story, voice, letter, Withdrawal::OfDelayed),
        (true, _) => how_to_withdraw(story, voice, letter, Withdrawal::OfHeld),
    }
}
