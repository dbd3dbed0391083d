//! While a decision is under way: reminders, others who are asked, how many have approved, what the sender says.

use super::{Head, Telling, addresses, comment, console, facts, held, page};
use crate::{
    language::Language,
    mail::Address,
    notice::{
        Kind,
        page::{Block, Page, Tone},
        words,
    },
};

/// To a decider who has not spoken.
pub(in crate::notice) fn reminder(t: &Telling<'_>) -> Page {
    let l = t.language();
    let (since, until) = (since(t), t.when(t.story.deadline));
    let (label, headline) = match l {
        Language::Ja => ("再依頼", "あなたの判断を待っているメールがあります"),
        Language::En => ("Reminder", "A mail still waits for your decision"),
    };
    let opening = match l {
        Language::Ja => format!(
            "次のメールは、{since} からあなたの判断を待っています。{until} までに判断されなければ、送信されずに差出人へ戻ります。"
        ),
        Language::En => format!(
            "The mail below has waited for your decision since {since}. If nobody decides by {until}, it goes back to \
             its sender unsent."
        ),
    };
    let head = Head { kind: Kind::Reminder, label, headline: headline.to_owned(), tone: Tone::Wait };
    page(t, head, opening, held::to_decide(t, Vec::new(), false))
}

/// To who is asked because those `before` did not answer.
pub(in crate::notice) fn escalated(t: &Telling<'_>, before: &[Address]) -> Page {
    let l = t.language();
    let (names, since, until) = (addresses(before, 5, l), since(t), t.when(t.story.deadline));
    let (label, headline) = match l {
        Language::Ja => ("承認依頼（代行）", "回答がないため、あなたに判断をお願いします"),
        Language::En => ("Approval needed", "You are asked to decide, as others have not answered"),
    };
    let opening = match l {
        Language::Ja => format!(
            "次のメールは、{names} さんに判断をお願いしましたが、{since} から回答がありません。\
             そのため、あなたに判断をお願いします。{until} までに回答してください。期限を過ぎると、送信されずに差出人へ戻ります。"
        ),
        Language::En => format!(
            "{names} was asked to decide about the mail below and has not answered since {since}. Therefore you are \
             asked now. Please answer by {until}; after that it goes back to its sender unsent."
        ),
    };
    let head = Head { kind: Kind::Escalated, label, headline: headline.to_owned(), tone: Tone::Wait };
    page(t, head, opening, held::to_decide(t, Vec::new(), true))
}

/// To the sender: others were asked, as those `before` did not answer.
pub(in crate::notice) fn asked_others(t: &Telling<'_>, before: &[Address]) -> Page {
    let l = t.language();
    let (names, next) = (addresses(before, 5, l), addresses(&t.story.deciders, 5, l));
    let not_yet = held::not_yet(t);
    let (label, headline) = match l {
        Language::Ja => ("承認者の変更", "別の人にも判断をお願いしました"),
        Language::En => ("Others were asked", "Somebody else was asked to decide about your mail"),
    };
    let opening = match l {
        Language::Ja => {
            format!("次のメールは、{names} さんから回答がないため、{next} さんにも判断をお願いしました。{not_yet}")
        }
        Language::En => format!("{names} has not answered about the mail below, so {next} was asked, too. {not_yet}"),
    };
    still_waiting(t, Kind::AskedOthers, (label, headline), opening)
}

/// To the sender: some have approved, and who is next.
pub(in crate::notice) fn level_passed(t: &Telling<'_>) -> Page {
    let l = t.language();
    let course = &t.story.progress;
    let (need, given) = (course.needed(), course.given.len());
    let (label, headline) = match l {
        Language::Ja => ("承認の途中経過", "承認が進みました。送信まではもう少しお待ちください"),
        Language::En => ("Partly approved", "Your mail was approved in part and still waits"),
    };
    let who = if given == 0 { &course.passed } else { &course.given };
    let who = addresses(who, 5, l);
    let opening = match (l, given) {
        (Language::Ja, 0) => format!("次のメールを、{who} さんが承認しました。次の段階の承認に進みます。"),
        (Language::Ja, _) => format!("次のメールを、{who} さんが承認しました。必要な{need}人のうち{given}人目です。"),
        (Language::En, 0) => format!("{who} approved the mail below, and it goes on to the next level."),
        (Language::En, _) => format!("{who} approved the mail below: {given} of the {need} approvals that it needs."),
    };
    still_waiting(t, Kind::LevelPassed, (label, headline), opening)
}

/// To the sender, or to the security team which decides instead: nobody was found whom policy asks for; `looked_for` says
/// whom, and may be empty.
pub(in crate::notice) fn no_approver(t: &Telling<'_>, looked_for: &str, attached: bool) -> Page {
    let l = t.language();
    let (label, headline) = match l {
        Language::Ja => ("承認者なし", "承認をお願いする人が見つからないため、セキュリティ担当が判断します"),
        Language::En => ("No approver", "No approver was found, so the security team decides"),
    };
    let looked_for = words::one_line(looked_for, 300);
    let whom = match (l, looked_for.is_empty()) {
        (_, true) => String::new(),
        (Language::Ja, false) => format!("（{looked_for}）"),
        (Language::En, false) => format!(" ({looked_for})"),
    };
    let opening = match l {
        Language::Ja => format!(
            "次のメールには承認が必要ですが、規則の定める承認者{whom}が見つかりませんでした。そのため、セキュリティ担当が判断します。"
        ),
        Language::En => format!(
            "The mail below needs an approval, and nobody was found whom the rule asks for{whom}. Therefore the security \
             team decides."
        ),
    };
    if t.reader_sent_it() {
        return still_waiting(t, Kind::NoApprover, (label, headline), opening);
    }
    let step = words::pick(
        l,
        "同じことが続かないように、名簿の上司・グループの登録を確かめてください。",
        "To keep this from happening again, look into the managers and groups of your directory.",
    );
    let head = Head { kind: Kind::NoApprover, label, headline: headline.to_owned(), tone: Tone::Wait };
    page(t, head, opening, held::to_decide(t, vec![Block::Para(step.to_owned())], attached))
}

/// To a decider: the sender gave a reason.
pub(in crate::notice) fn reason_given(t: &Telling<'_>) -> Page {
    let l = t.language();
    let (label, headline) = match l {
        Language::Ja => ("差出人からの理由", "判断待ちのメールについて、差出人から理由が届きました"),
        Language::En => ("Reason given", "The sender of a mail that waits for you gave a reason"),
    };
    let until = t.when(t.story.deadline);
    let opening = match l {
        Language::Ja => format!(
            "あなたの判断を待っている次のメールについて、差出人が送る理由を伝えてきました。{until} までに回答してください。"
        ),
        Language::En => format!(
            "The sender of the mail below, which waits for your decision, says why it has to be sent. Please answer by {until}."
        ),
    };
    let head = Head { kind: Kind::ReasonGiven, label, headline: headline.to_owned(), tone: Tone::Wait };
    page(t, head, opening, held::to_decide(t, Vec::new(), false))
}

/// To the sender's manager or the security team: it was released by its sender alone.
pub(in crate::notice) fn self_released(t: &Telling<'_>) -> Page {
    let l = t.language();
    let (label, headline) = match l {
        Language::Ja => ("差出人による送信", "差出人が自分の確認で送信したメールがあります"),
        Language::En => ("Released by its sender", "A held mail was released by its sender alone"),
    };
    let opening = words::pick(
        l,
        "次のメールは保留されていましたが、差出人が宛先と添付ファイルを確かめ、下の理由を書いて、自分の責任で送信しました。規則で認められた操作です。問題がないか、ご確認ください。",
        "The mail below was on hold. Its sender checked its recipients and attachments, gave the reason below and \
         released it alone, as the rules allow. Please see whether it was right.",
    );
    let mut blocks = vec![facts(t, true)];
    blocks.extend(reason(t));
    blocks.extend(held::what_was_seen(t, true));
    blocks.extend(console(t));
    let head = Head { kind: Kind::SelfReleased, label, headline: headline.to_owned(), tone: Tone::Wait };
    let people = t.story.sender.iter().cloned().collect();
    Page { people, ..page(t, head, opening, blocks) }
}

/// To the sender, whose mail waits as before.
fn still_waiting(t: &Telling<'_>, kind: Kind, (label, headline): (&'static str, &str), opening: String) -> Page {
    let mut blocks = vec![facts(t, false)];
    blocks.extend(progress(t));
    blocks.push(Block::Para(held::who_and_until(t)));
    blocks.extend(held::what_the_sender_can_do(t, held::Waits::Held));
    page(t, Head { kind, label, headline: headline.to_owned(), tone: Tone::Wait }, opening, blocks)
}

/// In whose place the reader is asked.
pub(super) fn stands_in(t: &Telling<'_>) -> Option<Block> {
    let stand_in = t.story.progress.stand_ins.iter().find(|stand_in| stand_in.person.same_mailbox(t.letter.to))?;
    let absent = words::one_line(stand_in.instead_of.as_str(), 160);
    let until = stand_in.until.map(|until| t.when(until));
    Some(Block::Para(match (t.language(), until) {
        (Language::Ja, Some(until)) => {
            format!("{absent} さんが {until} まで不在のため、代わりにあなたへお願いしています。")
        }
        (Language::Ja, None) => format!("{absent} さんが不在のため、代わりにあなたへお願いしています。"),
        (Language::En, Some(until)) => format!("You are asked in place of {absent}, who is away until {until}."),
        (Language::En, None) => format!("You are asked in place of {absent}, who is away."),
    }))
}

/// How far the decision is, where that is more than "one of them decides": approvals, levels, who else was asked.
pub(super) fn progress(t: &Telling<'_>) -> Option<Block> {
    let l = t.language();
    let course = &t.story.progress;
    let mut facts = Vec::new();
    if course.levels > 1 {
        let (level, levels) = (course.level.max(1), course.levels);
        facts.push(match l {
            Language::Ja => ("承認の段階".to_owned(), format!("{levels}段階のうち{level}段階目")),
            Language::En => ("Level".to_owned(), format!("{level} of {levels}")),
        });
    }
    if course.needed() > 1 || !course.given.is_empty() {
        let (given, need, names) = (course.given.len(), course.needed(), addresses(&course.given, 5, l));
        let names = if given == 0 {
            String::new()
        } else {
            format!("{}{names}{}", words::pick(l, "（", " ("), words::pick(l, "）", ")"))
        };
        facts.push(match l {
            Language::Ja => ("承認の数".to_owned(), format!("必要な{need}人のうち{given}人{names}")),
            Language::En => ("Approvals".to_owned(), format!("{given} of {need}{names}")),
        });
    }
    let others: Vec<Address> = t.still_asked().into_iter().filter(|other| !other.same_mailbox(t.letter.to)).collect();
    if !t.reader_sent_it() && !others.is_empty() {
        let name = words::pick(l, "ほかに依頼した人", "Also asked").to_owned();
        facts.push((name, addresses(&others, 5, l)));
    }
    (!facts.is_empty()).then_some(Block::Facts(facts))
}

/// What the sender said.
pub(super) fn reason(t: &Telling<'_>) -> Vec<Block> {
    let Some(said) = &t.story.progress.reason else { return Vec::new() };
    let mut blocks = comment(said, t);
    if let Some(heading @ Block::Heading(_)) = blocks.first_mut() {
        let name = words::pick(t.language(), "差出人の述べた理由", "The sender's reason");
        *heading = Block::Heading(name.to_owned());
    }
    blocks
}

/// Since when those who are asked know of it.
fn since(t: &Telling<'_>) -> String {
    t.when(t.story.progress.asked_at.unwrap_or(t.story.arrived_at))
}
