//! While a mail is held: to its sender, to those who decide; and what each of them can do.

use super::{Head, Telling, addresses, console, course, facts, findings, page, reasons, recipients, uninspected};
use crate::{
    language::Language,
    notice::{
        Kind,
        page::{Block, Page, Tone},
        words,
    },
    policy::Action,
};

/// To the sender: it is held.
pub(in crate::notice) fn to_sender(t: &Telling<'_>) -> Page {
    let l = t.language();
    let headline = words::pick(l, "メールの送信を保留しました", "Your mail is on hold and has not been sent");
    let not_yet = not_yet(t);
    let opening = match l {
        Language::Ja => {
            format!("次のメールは、送信前の確認で気になる点が見つかったため、{not_yet}内容をお確かめください。")
        }
        Language::En => {
            format!("A check before sending found something in the mail below. {not_yet} Please have a look.")
        }
    };
    let mut blocks = vec![facts(t, false), Block::Para(who_and_until(t))];
    blocks.extend(what_was_seen(t, false));
    blocks.extend(what_the_sender_can_do(t, Waits::Held));
    let label = words::pick(l, "送信保留", "On hold");
    page(t, Head { kind: Kind::Hold, label, headline: headline.to_owned(), tone: Tone::Wait }, opening, blocks)
}

/// To a decider: please decide. The original is attached.
pub(in crate::notice) fn to_decider(t: &Telling<'_>) -> Page {
    let l = t.language();
    let approval = t.story.action == Action::RequireApproval;
    let until = t.when(t.story.deadline);
    let (label, headline) = match (l, approval) {
        (Language::Ja, true) => ("承認依頼", "送信前のメールの承認をお願いします"),
        (Language::Ja, false) => ("確認依頼", "保留中のメールの確認をお願いします"),
        (Language::En, true) => ("Approval needed", "Please approve or reject a mail before it is sent"),
        (Language::En, false) => ("Review needed", "Please release or reject a mail on hold"),
    };
    let opening = match l {
        Language::Ja => format!(
            "次のメールは、あなたの判断を待っています。宛先と内容をご確認のうえ、{until} までに回答してください。\
             期限を過ぎると、送信されずに差出人へ戻ります。"
        ),
        Language::En => format!(
            "The mail below waits for your decision. Please check its recipients and content and answer by {until}. \
             After that it goes back to its sender unsent."
        ),
    };
    let head = Head { kind: Kind::Request, label, headline: headline.to_owned(), tone: Tone::Wait };
    page(t, head, opening, to_decide(t, Vec::new(), true))
}

/// What every decider reads: the mail, `first` what is new about it, how to answer, what was seen.
pub(super) fn to_decide(t: &Telling<'_>, first: Vec<Block>, attached: bool) -> Vec<Block> {
    let l = t.language();
    let mut blocks: Vec<Block> = course::stands_in(t).into_iter().collect();
    blocks.extend(first);
    blocks.push(facts(t, true));
    blocks.extend(course::progress(t));
    blocks.extend(course::reason(t));
    blocks.extend(how_to_decide(t));
    blocks.extend(what_was_seen(t, true));
    let original = if attached {
        words::pick(
            l,
            "元のメールを、そのままの形で添付しています（original.eml）。",
            "The original mail is attached unchanged (original.eml).",
        )
    } else {
        words::pick(
            l,
            "元のメールは、はじめの依頼に添付しています。",
            "The original mail is attached to the first request.",
        )
    };
    blocks.push(Block::Para(original.to_owned()));
    blocks
}

/// To the sender: it goes out at the deadline.
pub(in crate::notice) fn delayed(t: &Telling<'_>) -> Page {
    let l = t.language();
    let (hour, at) = (words::hour(t.story.deadline, &t.voice.timezone), t.when(t.story.deadline));
    let headline = match l {
        Language::Ja => format!("{hour} に送信します。取り消すなら今のうちです"),
        Language::En => format!("Goes out at {hour}; until then you can take it back"),
    };
    let opening = match l {
        Language::Ja => format!(
            "次のメールは、念のため少し時間をおいて、{at} に送信します。問題がなければ、何もする必要はありません。"
        ),
        Language::En => {
            format!(
                "To be on the safe side the mail below is sent a little later, at {at}. If it is right, do nothing."
            )
        }
    };
    let mut blocks = vec![facts(t, false)];
    blocks.extend(what_was_seen(t, false));
    blocks.extend(what_the_sender_can_do(t, Waits::Delayed));
    let label = words::pick(l, "送信待ち", "Sent later");
    page(t, Head { kind: Kind::Delay, label, headline, tone: Tone::Wait }, opening, blocks)
}

/// Why it waits, for whom it is, what is in it, what was not read.
pub(super) fn what_was_seen(t: &Telling<'_>, all_recipients: bool) -> Vec<Block> {
    let mut blocks = reasons(t);
    blocks.extend(recipients(t, all_recipients));
    blocks.extend(findings(t));
    blocks.extend(uninspected(t));
    blocks
}

/// Who does not have it yet.
pub(super) fn not_yet(t: &Telling<'_>) -> &'static str {
    match (t.language(), t.story.sent_to.is_empty()) {
        (Language::Ja, true) => "まだ相手に届いていません。",
        (Language::Ja, false) => "一部の宛先にはまだ届いていません。",
        (Language::En, true) => "It has not reached anybody yet.",
        (Language::En, false) => "It has not reached all of its recipients yet.",
    }
}

/// Who decides, and until when.
pub(super) fn who_and_until(t: &Telling<'_>) -> String {
    let (who, until) = (who_decides(t), t.when(t.story.deadline));
    match t.language() {
        Language::Ja => format!("{who}{until} までに判断されなければ、送信されずにお手元へ戻ります。"),
        Language::En => format!("{who} If nobody decides by {until}, it comes back to you unsent."),
    }
}

fn who_decides(t: &Telling<'_>) -> String {
    let asked = t.still_asked();
    let names = addresses(&asked, 5, t.language());
    let approvers = t.story.action == Action::RequireApproval && !t.story.progress.by_security;
    let (need, given) = (t.story.progress.needed(), t.story.progress.given.len());
    let left = usize::from(need).saturating_sub(given).max(1);
    let who = match (t.language(), approvers) {
        (Language::Ja, true) => "承認者",
        (Language::Ja, false) => "セキュリティ担当",
        (Language::En, true) => "the approvers",
        (Language::En, false) => "the security team",
    };
    match (t.language(), approvers) {
        (Language::Ja, _) if asked.is_empty() => "いま、このメールを判断できる担当者がいません。".to_owned(),
        (Language::En, _) if asked.is_empty() => "At present there is nobody who could decide about it.".to_owned(),
        (Language::Ja, _) if given > 0 => format!("{who}（{names}）のうち、あと{left}人の承認が必要です。"),
        (Language::En, _) if given > 0 => format!("It still needs the approval of {left} of {who} ({names})."),
        (Language::Ja, _) if need > 1 => format!("{who}（{names}）のうち{need}人の承認が必要です。"),
        (Language::En, _) if need > 1 => format!("It needs the approval of {need} of {who} ({names})."),
        (Language::Ja, true) => format!("承認者（{names}）に承認をお願いしています。"),
        (Language::Ja, false) => format!("セキュリティ担当（{names}）が確認しています。"),
        (Language::En, true) => format!("An approver ({names}) has been asked to approve it."),
        (Language::En, false) => format!("The security team ({names}) is looking at it."),
    }
}

/// For what a mail waits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Waits {
    /// A person decides.
    Held,
    /// It goes out by itself.
    Delayed,
}

/// Take it back, give a reason, send it alone where policy allows it, open its page.
pub(super) fn what_the_sender_can_do(t: &Telling<'_>, waits: Waits) -> Vec<Block> {
    let l = t.language();
    let mut steps = Vec::new();
    if t.letter.reply_to.is_some() {
        steps.push(words::pick(
            l,
            "取り消すには：このメールに返信し、本文の1行目に「取消」とだけ書いて送ってください。",
            "To take it back: reply to this mail with the word WITHDRAW alone on the first line.",
        ));
    }
    steps.push(match (l, waits) {
        (Language::Ja, Waits::Held) => {
            "宛先や添付ファイルを間違えていたときは、取り消してから、正しいメールを送り直してください。"
        }
        (Language::Ja, Waits::Delayed) => {
            "送信したあとは取り消せません。間違いに気づいたら、時刻になる前に取り消してください。"
        }
        (Language::En, Waits::Held) => {
            "If a recipient or an attachment was wrong, take it back and send the right mail anew."
        }
        (Language::En, Waits::Delayed) => {
            "Once it is sent it cannot be taken back, so do it before that time if something is wrong."
        }
    });
    if t.letter.reply_to.is_some() && waits == Waits::Held {
        steps.push(words::pick(
            l,
            "このまま送る必要があるときは：このメールに返信し、本文の1行目を「理由：」で始めて、送る理由を書いてください。判断する人に伝わります。",
            "If it has to go out as it is: reply to this mail with REASON: at the beginning of the first line and say \
             why. It is passed on to those who decide.",
        ));
    }
    if t.story.progress.may_release && !t.voice.public_url.is_empty() {
        steps.push(words::pick(
            l,
            "急ぐときは、下の画面で宛先と添付ファイルを一つずつ確かめ、理由を書けば、自分の責任で送信できます（記録され、上司またはセキュリティ担当に知らされます）。",
            "If it is urgent, you may release it yourself on the page below: tick every recipient and attachment and \
             give a reason (it is recorded, and your manager or the security team is told).",
        ));
    }
    let heading = words::pick(l, "あなたができること", "What you can do");
    let steps = steps.into_iter().map(str::to_owned).collect();
    let mut blocks = vec![Block::Heading(heading.to_owned()), Block::Steps(steps)];
    blocks.extend(console(t));
    blocks
}

/// How a decider answers.
pub(super) fn how_to_decide(t: &Telling<'_>) -> Vec<Block> {
    let l = t.language();
    let mut blocks = vec![Block::Heading(words::pick(l, "回答のしかた", "How to answer").to_owned())];
    if t.story.progress.second_factor {
        blocks.push(Block::Steps(with_two_factors(t)));
    } else if t.letter.reply_to.is_some() {
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
    } else {
        let step = words::pick(
            l,
            "はじめの依頼への返信、または画面で回答してください。",
            "Answer by a reply to the first request, or on the web.",
        );
        blocks.push(Block::Steps(vec![step.to_owned()]));
    }
    blocks.extend(console(t));
    blocks
}

/// How a decider answers where a reply is not enough to approve.
fn with_two_factors(t: &Telling<'_>) -> Vec<String> {
    let l = t.language();
    let approve = words::pick(
        l,
        "送信してよいとき：このメールは返信では承認できません。画面に二要素認証でログインして承認してください。",
        "If it may be sent: no reply approves this mail. Please log in on the web with a second factor and approve it there.",
    );
    let reject = words::pick(
        l,
        "送信してはいけないとき：画面で却下するか、このメールに返信し、本文の1行目に「却下」とだけ書いてください。",
        "If it must not be sent: reject it on the web, or reply with the word REJECT alone on the first line.",
    );
    let steps = if t.letter.reply_to.is_some() { vec![approve, reject] } else { vec![approve] };
    steps.into_iter().map(str::to_owned).collect()
}

/// What was asked of the reader, for notices that repeat it.
pub(super) fn how_to_answer(t: &Telling<'_>) -> Vec<Block> {
    match (t.reader_sent_it(), t.story.action) {
        (false, _) => how_to_decide(t),
        (true, Action::Delay) => what_the_sender_can_do(t, Waits::Delayed),
        (true, _) => what_the_sender_can_do(t, Waits::Held),
    }
}
