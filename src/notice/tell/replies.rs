//! About requests and answers by mail: not delivered, not understood, too late, refused.

use super::{Head, Telling, console, discreet, ended, facts, held, page};
use crate::{
    language::Language,
    mail::Address,
    notice::{
        Kind, Outcome, Refusal,
        page::{Block, Page, Tone},
        words,
    },
};

/// To who answered: please answer again.
pub(in crate::notice) fn not_understood(t: &Telling<'_>) -> Page {
    let l = t.language();
    let (label, headline, say) = match l {
        Language::Ja => (
            "返信をご確認ください",
            "返信の意味を読み取れませんでした",
            "いただいた返信の1行目から、ご指示を読み取れませんでした。メールの状態は変わっていません。\
             お手数ですが、次のとおり、このメールへの返信としてもう一度お送りください（前の返信先は使えなくなりました）。",
        ),
        Language::En => (
            "Please answer again",
            "Your answer was not understood",
            "The first line of your reply did not say what to do, so nothing has changed. \
             Please send it again as follows, as a reply to this mail: the earlier reply address no longer works.",
        ),
    };
    let mut blocks = vec![facts(t, true)];
    blocks.extend(held::how_to_answer(t));
    page(t, Head { kind: Kind::Unclear, label, headline: headline.to_owned(), tone: Tone::Wait }, say, blocks)
}

/// To who approved by reply: this one is approved on the console only.
pub(in crate::notice) fn on_console(t: &Telling<'_>) -> Page {
    let (label, headline, say) = match t.language() {
        Language::Ja => (
            "画面で承認してください",
            "このメールは、返信では承認できません",
            "このメールの承認には二要素認証が必要です。画面に二要素認証でログインして判断してください。\
             メールの状態は変わっていません。却下は、これまでどおり返信でもできます。",
        ),
        Language::En => (
            "Please approve on the web",
            "This mail cannot be approved by reply",
            "Whoever approves this mail must have logged in with a second factor. Please open it on the web and decide \
             there. Nothing has changed. A reply can still reject it.",
        ),
    };
    let blocks = [facts(t, true)].into_iter().chain(console(t)).collect();
    page(t, Head { kind: Kind::Unclear, label, headline: headline.to_owned(), tone: Tone::Wait }, say, blocks)
}

/// To who answered: it was decided before.
pub(in crate::notice) fn already_decided(t: &Telling<'_>, outcome: &Outcome) -> Page {
    let l = t.language();
    let how = ended::summary(t, outcome);
    let (label, headline, say) = match l {
        Language::Ja => (
            "判断済み",
            "このメールは、すでに判断が終わっています",
            format!("{how}いただいた返信による変更はありません。"),
        ),
        Language::En => {
            ("Already decided", "This mail was already decided", format!("{how} Your reply has changed nothing."))
        }
    };
    let blocks = [facts(t, true)].into_iter().chain(console(t)).collect();
    let head = Head { kind: Kind::Decided, label, headline: headline.to_owned(), tone: Tone::Wait };
    Page { people: ended::people(outcome), ..page(t, head, say, blocks) }
}

/// To the security team: an answer was refused. Neither the subject nor the content of the mail is told.
pub(in crate::notice) fn refused(t: &Telling<'_>, claimed: &str, refusal: Refusal) -> Page {
    let l = t.language();
    let claimed = words::one_line(claimed, 160);
    let (why, next) = match (l, refusal) {
        (Language::Ja, Refusal::WrongPerson) => (
            "返信先は別の人のために作られたものでした。承認依頼が転送されたか、第三者が返信した可能性があります。",
            "心当たりがあるか、承認依頼を受け取った本人に確かめてください。",
        ),
        (Language::Ja, Refusal::OwnMail) => (
            "差出人が、自分のメールを承認しようとしました。自分のメールは承認できません。",
            "必要なら、差出人に理由を確かめてください。",
        ),
        (Language::Ja, Refusal::UnknownToken) => (
            "返信先が正しくないか、すでに使えなくなっています。",
            "同じ通知が続くときは、返信先を推測しようとしている可能性があります。送信元を調べてください。",
        ),
        (Language::En, Refusal::WrongPerson) => (
            "The reply address was made for somebody else. The request may have been forwarded, or a stranger replied.",
            "Please ask the person to whom the request was sent.",
        ),
        (Language::En, Refusal::OwnMail) => (
            "The sender tried to approve their own mail, which nobody can do.",
            "If need be, ask the sender for the reason.",
        ),
        (Language::En, Refusal::UnknownToken) => (
            "The reply address is wrong or no longer valid.",
            "If this happens again and again, somebody may be guessing addresses: look into where the mails come from.",
        ),
    };
    let (label, headline, changed) = match l {
        Language::Ja => ("警告", "承認などの返信を受け付けませんでした", "メールの状態は変わっていません。"),
        Language::En => ("Warning", "An answer by mail was refused", "Nothing has changed."),
    };
    let names = match l {
        Language::Ja => [("返信の差出人（自称）", claimed), ("管理番号", t.story.id.to_string())],
        Language::En => [("The answer says it is from", claimed), ("Reference", t.story.id.to_string())],
    };
    let facts = names.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let opening = format!("{why}{}{changed}", words::pick(l, "", " "));
    let mut blocks = vec![Block::Facts(facts), Block::Steps(vec![next.to_owned()])];
    blocks.extend(console(t));
    let head = Head { kind: Kind::AnswerRefused, label, headline: headline.to_owned(), tone: Tone::Bad };
    discreet(t, head, opening, blocks)
}

/// To the security team: a request did not reach who was asked. Neither the subject nor the content is told.
pub(in crate::notice) fn unasked(t: &Telling<'_>, person: &Address, said: &str) -> Page {
    let l = t.language();
    let (label, headline, say, next) = match l {
        Language::Ja => (
            "警告",
            "承認・確認の依頼を届けられませんでした",
            "判断をお願いするメールが、次の人に届きませんでした。このメールは判断されるまで送信されず、期限を過ぎると差出人に戻ります。",
            "設定にある宛先が正しいか確かめてください。急ぐときは、判断できるほかの人に画面から判断してもらってください。",
        ),
        Language::En => (
            "Warning",
            "A request to decide could not be delivered",
            "The person below was asked to decide about a held mail, and the request did not arrive. \
             The mail is not sent until somebody decides, and goes back to its sender when its time is over.",
            "Check the address in the configuration. If it is urgent, ask another person who may decide to do so \
             on the web or on the command line.",
        ),
    };
    let [who, server, reference, until] = match l {
        Language::Ja => ["依頼の宛先", "サーバーの返答", "管理番号", "期限"],
        Language::En => ["The request was for", "The server said", "Reference", "Until"],
    };
    let facts = vec![
        (who.to_owned(), words::one_line(person.as_str(), 160)),
        (server.to_owned(), words::one_line(said, 300)),
        (reference.to_owned(), t.story.id.to_string()),
        (until.to_owned(), t.when(t.story.deadline)),
    ];
    let mut blocks = vec![Block::Facts(facts), Block::Steps(vec![next.to_owned()])];
    blocks.extend(console(t));
    let head = Head { kind: Kind::RequestUndelivered, label, headline: headline.to_owned(), tone: Tone::Bad };
    discreet(t, head, say, blocks)
}
