//! At the end of a held mail's life: what became of it.

use super::{Head, Telling, addresses, comment, console, delivery, facts, page, reasons, recipients};
use crate::{
    language::Language,
    mail::Address,
    notice::{
        Delivery, Kind, Notice, Outcome,
        page::{Block, Page, Tone},
        words,
    },
};

fn kind(outcome: &Outcome) -> Kind {
    match outcome {
        Outcome::Released { .. } => Kind::Released,
        Outcome::Rejected { .. } => Kind::Rejected,
        Outcome::SentBack { .. } => Kind::SentBack,
        Outcome::Refused => Kind::Refused,
        Outcome::Withdrawn => Kind::Withdrawn,
        Outcome::Expired => Kind::Expired,
    }
}

/// Who decided.
pub(super) fn people(outcome: &Outcome) -> Vec<Address> {
    match outcome {
        Outcome::Released { by, .. } => by.clone(),
        Outcome::Rejected { by, .. } | Outcome::SentBack { by, .. } => vec![by.clone()],
        Outcome::Refused | Outcome::Withdrawn | Outcome::Expired => Vec::new(),
    }
}

/// It ended.
pub(in crate::notice) fn outcome(t: &Telling<'_>, outcome: &Outcome) -> Page {
    let l = t.language();
    let (label, headline, tone) = title(outcome, l);
    let mut blocks = vec![facts(t, !t.reader_sent_it())];
    match outcome {
        Outcome::Released { comment: said, .. } | Outcome::Rejected { comment: said, .. } => {
            blocks.extend(comment(said, t));
        }
        Outcome::SentBack { comment: said, .. } => {
            let lines = words::lines(said, 30, 500);
            blocks.push(Block::Heading(words::pick(l, "直していただきたいこと", "What to change").to_owned()));
            blocks.push(Block::Quote(lines));
        }
        Outcome::Refused | Outcome::Withdrawn | Outcome::Expired => {}
    }
    match outcome {
        Outcome::Released { .. } | Outcome::Withdrawn => {}
        Outcome::Rejected { .. } | Outcome::SentBack { .. } | Outcome::Refused | Outcome::Expired => {
            blocks.extend(reasons(t));
            blocks.extend(recipients(t, true));
        }
    }
    if t.reader_sent_it() {
        blocks.extend(next_step(outcome, l).map(|step| Block::Steps(vec![step.to_owned()])));
    }
    // What was never held has no page.
    if *outcome != Outcome::Refused {
        blocks.extend(console(t));
    }
    let head = Head { kind: kind(outcome), label, headline: headline.to_owned(), tone };
    Page { people: people(outcome), ..page(t, head, summary(t, outcome), blocks) }
}

fn title(outcome: &Outcome, language: Language) -> (&'static str, &'static str, Tone) {
    match (outcome, language) {
        (Outcome::Released { .. }, Language::Ja) => ("送信許可", "メールの送信が認められました", Tone::Good),
        (Outcome::Released { .. }, Language::En) => {
            ("Released", "Your mail was approved and is on its way", Tone::Good)
        }
        (Outcome::Rejected { .. }, Language::Ja) => ("却下", "メールは却下され、送信されませんでした", Tone::Bad),
        (Outcome::Rejected { .. }, Language::En) => ("Rejected", "The mail was rejected and not sent", Tone::Bad),
        (Outcome::SentBack { .. }, Language::Ja) => {
            ("差し戻し", "メールを直してください。まだ送信されていません", Tone::Bad)
        }
        (Outcome::SentBack { .. }, Language::En) => {
            ("Change needed", "Please change your mail: it was sent back and has not gone out", Tone::Bad)
        }
        (Outcome::Refused, Language::Ja) => ("送信不可", "規則により、送信されませんでした", Tone::Bad),
        (Outcome::Refused, Language::En) => ("Not sent", "A rule does not let this mail out", Tone::Bad),
        (Outcome::Withdrawn, Language::Ja) => ("取消完了", "メールを取り消しました", Tone::Good),
        (Outcome::Withdrawn, Language::En) => ("Withdrawn", "The mail was taken back and not sent", Tone::Good),
        (Outcome::Expired, Language::Ja) => ("期限切れ", "期限を過ぎたため、送信されませんでした", Tone::Bad),
        (Outcome::Expired, Language::En) => ("Expired", "Nobody decided in time, so the mail was not sent", Tone::Bad),
    }
}

/// How it ended, as one or two sentences.
pub(super) fn summary(t: &Telling<'_>, outcome: &Outcome) -> String {
    let language = t.language();
    // Another group of the same mail may have gone out at once.
    let unreached = match (language, t.story.sent_to.is_empty()) {
        (Language::Ja, true) => "相手には届いていません。",
        (Language::Ja, false) => "保留していた宛先には届いていません。",
        (Language::En, true) => "It has not reached the recipients.",
        (Language::En, false) => "It has not reached the recipients for whom it was held.",
    };
    match (outcome, language) {
        (Outcome::Released { by, .. }, Language::Ja) if by.is_empty() => {
            "次のメールは、送信が認められました。".to_owned()
        }
        (Outcome::Released { by, .. }, Language::En) if by.is_empty() => "The mail below was released.".to_owned(),
        (Outcome::Released { by, .. }, Language::Ja) => {
            format!("次のメールは、{} さんが送信を認めました。これから相手に届きます。", addresses(by, 5, language))
        }
        (Outcome::Released { by, .. }, Language::En) => {
            format!("The mail below was approved by {} and is on its way now.", addresses(by, 5, language))
        }
        (Outcome::Rejected { by, .. }, Language::Ja) => {
            format!("次のメールは、{} さんが却下しました。{unreached}", words::one_line(by.as_str(), 160))
        }
        (Outcome::Rejected { by, .. }, Language::En) => {
            format!("The mail below was rejected by {}. {unreached}", words::one_line(by.as_str(), 160))
        }
        (Outcome::SentBack { by, .. }, Language::Ja) => {
            let by = words::one_line(by.as_str(), 160);
            format!("次のメールは、{by} さんが差し戻しました。直したうえで送り直してください。{unreached}")
        }
        (Outcome::SentBack { by, .. }, Language::En) => {
            let by = words::one_line(by.as_str(), 160);
            format!("The mail below was sent back by {by}: it needs a change before it may go. {unreached}")
        }
        (Outcome::Refused, Language::Ja) => {
            "次のメールは、会社の規則により、下の宛先には送信されませんでした。".to_owned()
        }
        (Outcome::Refused, Language::En) => {
            "A rule of the organisation does not let the mail below out to these recipients.".to_owned()
        }
        (Outcome::Withdrawn, Language::Ja) => {
            format!("次のメールは、差出人が取り消しました。{unreached}")
        }
        (Outcome::Withdrawn, Language::En) => {
            format!("The mail below was taken back by its sender. {unreached}")
        }
        (Outcome::Expired, Language::Ja) => {
            format!("次のメールは、期限までに判断されなかったため、送信されませんでした。{unreached}")
        }
        (Outcome::Expired, Language::En) => {
            format!("Nobody decided about the mail below in time, so it was not sent. {unreached}")
        }
    }
}

fn next_step(outcome: &Outcome, language: Language) -> Option<&'static str> {
    match (outcome, language) {
        (Outcome::Released { .. }, _) => None,
        (Outcome::Rejected { .. }, Language::Ja) => Some(
            "宛先や添付ファイルを直して、必要ならもう一度お送りください。分からないことは、却下した人にお尋ねください。",
        ),
        (Outcome::Rejected { .. }, Language::En) => Some(
            "Mend the recipients or attachments and send it again if it is still needed. \
             If something is unclear, ask the person who rejected it.",
        ),
        (Outcome::SentBack { .. }, Language::Ja) => Some(
            "上の点を直した新しいメールをお送りください。もう一度確認を受けます。分からないことは、差し戻した人にお尋ねください。",
        ),
        (Outcome::SentBack { .. }, Language::En) => Some(
            "Change what is asked for and send it as a new mail; it is checked again. If something is unclear, ask the person \
             who sent it back.",
        ),
        (Outcome::Refused, Language::Ja) => Some(
            "理由に当たるものを取り除いてから、もう一度お送りください。分からないことは、セキュリティ担当にお尋ねください。",
        ),
        (Outcome::Refused, Language::En) => {
            Some("Take out what the reasons name and send it again. If something is unclear, ask your security team.")
        }
        (Outcome::Withdrawn, Language::Ja) => Some("必要なら、内容を直してもう一度お送りください。"),
        (Outcome::Withdrawn, Language::En) => Some("If it is still needed, mend it and send it again."),
        (Outcome::Expired, Language::Ja) => {
            Some("まだ必要なメールなら、判断する人に一声かけてから、もう一度お送りください。")
        }
        (Outcome::Expired, Language::En) => {
            Some("If it is still needed, have a word with those who decide and send it again.")
        }
    }
}

/// It comes back to its sender as a delivery status notice.
pub(in crate::notice) fn returned(t: &Telling<'_>, how: &Outcome, delivery: &Delivery<'_>) -> Notice {
    delivery::report(t, "returned", outcome(t, how), delivery)
}
