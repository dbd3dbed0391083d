//! At the end of a held mail's life: what became of it.

use super::{addresses, comment, delivery, facts, page, reasons, recipients};
use crate::{
    language::Language,
    notice::{
        Delivery, Letter, Notice, Outcome, Story, Voice,
        page::{Block, Page, Tone},
        words,
    },
};

/// The word for it in Message-IDs.
pub(in crate::notice) fn kind(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Released { .. } => "released",
        Outcome::Rejected { .. } => "rejected",
        Outcome::Refused => "refused",
        Outcome::Withdrawn => "withdrawn",
        Outcome::Expired => "expired",
    }
}

/// It ended.
pub(in crate::notice) fn outcome(story: &Story, voice: &Voice, to: &Letter<'_>, outcome: &Outcome) -> Page {
    let l = voice.language;
    let is_sender = story.sender.as_ref().is_some_and(|sender| sender.same_mailbox(to.to));
    let (label, headline, tone) = title(outcome, l);
    let mut blocks = vec![Block::Para(summary(outcome, l)), facts(story, voice, !is_sender)];
    match outcome {
        Outcome::Released { comment: said, .. } | Outcome::Rejected { comment: said, .. } => {
            blocks.extend(comment(said, voice));
        }
        Outcome::Refused | Outcome::Withdrawn | Outcome::Expired => {}
    }
    match outcome {
        Outcome::Released { .. } | Outcome::Withdrawn => {}
        Outcome::Rejected { .. } | Outcome::Refused | Outcome::Expired => {
            blocks.extend(reasons(story, voice));
            blocks.extend(recipients(story, voice, true));
        }
    }
    if is_sender {
        blocks.extend(next_step(outcome, l).map(|step| Block::Steps(vec![step.to_owned()])));
    }
    page(story, voice, label, headline.to_owned(), tone, blocks)
}

fn title(outcome: &Outcome, language: Language) -> (&'static str, &'static str, Tone) {
    match (outcome, language) {
        (Outcome::Released { .. }, Language::Ja) => ("送信許可", "メールの送信が認められました", Tone::Good),
        (Outcome::Released { .. }, Language::En) => {
            ("Released", "Your mail was approved and is on its way", Tone::Good)
        }
        (Outcome::Rejected { .. }, Language::Ja) => ("却下", "メールは却下され、送信されませんでした", Tone::Bad),
        (Outcome::Rejected { .. }, Language::En) => ("Rejected", "The mail was rejected and not sent", Tone::Bad),
        (Outcome::Refused, Language::Ja) => ("送信不可", "規則により、送信されませんでした", Tone::Bad),
        (Outcome::Refused, Language::En) => ("Not sent", "A rule does not let this mail out", Tone::Bad),
        (Outcome::Withdrawn, Language::Ja) => ("取消完了", "メールを取り消しました", Tone::Good),
        (Outcome::Withdrawn, Language::En) => ("Withdrawn", "The mail was taken back and not sent", Tone::Good),
        (Outcome::Expired, Language::Ja) => ("期限切れ", "期限を過ぎたため、送信されませんでした", Tone::Bad),
        (Outcome::Expired, Language::En) => ("Expired", "Nobody decided in time, so the mail was not sent", Tone::Bad),
    }
}

/// How it ended, as one or two sentences.
pub(super) fn summary(outcome: &Outcome, language: Language) -> String {
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
            format!("次のメールは、{} さんが却下しました。相手には届いていません。", words::one_line(by.as_str(), 160))
        }
        (Outcome::Rejected { by, .. }, Language::En) => format!(
            "The mail below was rejected by {}. It has not reached the recipients.",
            words::one_line(by.as_str(), 160)
        ),
        (Outcome::Refused, Language::Ja) => {
            "次のメールは、会社の規則により、下の宛先には送信されませんでした。".to_owned()
        }
        (Outcome::Refused, Language::En) => {
            "A rule of the organisation does not let the mail below out to these recipients.".to_owned()
        }
        (Outcome::Withdrawn, Language::Ja) => {
            "次のメールは、差出人が取り消しました。相手には届いていません。".to_owned()
        }
        (Outcome::Withdrawn, Language::En) => {
            "The mail below was taken back by its sender. It has not reached the recipients.".to_owned()
        }
        (Outcome::Expired, Language::Ja) => {
            "次のメールは、期限までに判断されなかったため、送信されませんでした。相手には届いていません。".to_owned()
        }
        (Outcome::Expired, Language::En) => {
            "Nobody decided about the mail below in time. It was not sent and has not reached the recipients."
                .to_owned()
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
pub(in crate::notice) fn returned(
    story: &Story,
    voice: &Voice,
    to: &Letter<'_>,
    how: &Outcome,
    delivery: &Delivery<'_>,
) -> Notice {
    delivery::report(story, voice, to, "returned", &outcome(story, voice, to, how), delivery)
}
