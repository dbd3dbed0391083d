//! To who decided about a drill: that it was one.

use super::{Head, Telling, console, facts, page};
use crate::{
    language::Language,
    notice::{
        Kind,
        page::{Page, Tone},
    },
};

/// It was caught, or it would have left.
pub(in crate::notice) fn over(t: &Telling<'_>, caught: bool) -> Page {
    let (label, headline, say) = match (t.language(), caught) {
        (Language::Ja, true) => (
            "訓練でした",
            "訓練のメールを止めました",
            "このメールは、確認の訓練のためにSekishoが作ったものです。架空の個人情報が含まれていました。\
             却下していただいたとおり、実際にも止めるべきメールです。ご協力ありがとうございました。",
        ),
        (Language::Ja, false) => (
            "訓練でした",
            "訓練のメールを承認しました",
            "このメールは、確認の訓練のためにSekishoが作ったもので、送信されていません。架空の個人情報が、\
             これまで送ったことのない宛先に送られようとしていました。実際のメールなら、このまま社外に出ていました。\
             承認の前に、画面で「誰の情報が、何人分、誰に」をお確かめください。",
        ),
        (Language::En, true) => (
            "That was a drill",
            "You stopped a drill",
            "Sekisho made this mail itself, to see whether mails are looked at. It held made-up personal data, and \
             rejecting it was right. Thank you for looking.",
        ),
        (Language::En, false) => (
            "That was a drill",
            "You approved a drill",
            "Sekisho made this mail itself, to see whether mails are looked at; it was not sent. Made-up personal data \
             was about to go to somebody nobody here ever wrote to. Had it been a real mail, it would have left. \
             Before you approve, please see on its page whose data goes, of how many people, and to whom.",
        ),
    };
    let blocks = [facts(t, true)].into_iter().chain(console(t)).collect();
    let tone = if caught { Tone::Good } else { Tone::Wait };
    page(t, Head { kind: Kind::Drill, label, headline: headline.to_owned(), tone }, say, blocks)
}
