//! The kinds of notices, as people who word or preview them call them.
//!
//! In and out: names. Deliberately absent: the notices themselves (`tell`).

use super::wording::Placeholder;
use crate::language::Text;

/// One kind of notice; its name is in Message-IDs, in `X-Sekisho-Notice`, and in the names of files that word it anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// To the sender: the mail is held.
    Hold,
    /// To a decider: please decide.
    Request,
    /// To the sender: it goes out a little later.
    Delay,
    /// To a decider who has not spoken.
    Reminder,
    /// To a decider who is asked because others did not answer.
    Escalated,
    /// To the sender: others were asked.
    AskedOthers,
    /// To the sender: some have approved, and who is next.
    LevelPassed,
    /// To the sender and to the security team: there was nobody to ask.
    NoApprover,
    /// To a decider: the sender gave a reason.
    ReasonGiven,
    /// To the manager or the security team: the sender released it alone.
    SelfReleased,
    /// To a colleague: what do you think?
    Question,
    /// To a decider: what a colleague thinks.
    Opinion,
    /// It was released.
    Released,
    /// It was rejected.
    Rejected,
    /// It was sent back for a change.
    SentBack,
    /// A rule does not let it out.
    Refused,
    /// Its sender took it back.
    Withdrawn,
    /// Nobody decided in time.
    Expired,
    /// It was released and could not be delivered.
    Undeliverable,
    /// It was released and is not delivered yet.
    Delayed,
    /// It went on to a server that does not report.
    Relayed,
    /// An administrator took it out of the outbox.
    Dropped,
    /// To a sender outside: it was not sent.
    NotSent,
    /// To who answered: please answer again.
    Unclear,
    /// To who answered: it was decided before.
    Decided,
    /// To the security team: an answer was refused.
    AnswerRefused,
    /// To the security team: a request was not delivered.
    RequestUndelivered,
    /// To the security team: what waits and what was decided.
    Digest,
    /// To the sender of a mass mailing: more of the same.
    TooMany,
    /// To a decider: many mails wait.
    Requests,
    /// To the sender: how many mails have ended.
    Outcomes,
    /// To who decided: it was a drill.
    Drill,
}

impl Kind {
    /// All of them, in the order of a held mail's life.
    pub const ALL: [Self; 32] = [
        Self::Hold,
        Self::Request,
        Self::Delay,
        Self::Reminder,
        Self::Escalated,
        Self::AskedOthers,
        Self::LevelPassed,
        Self::NoApprover,
        Self::ReasonGiven,
        Self::SelfReleased,
        Self::Question,
        Self::Opinion,
        Self::Released,
        Self::Rejected,
        Self::SentBack,
        Self::Refused,
        Self::Withdrawn,
        Self::Expired,
        Self::Undeliverable,
        Self::Delayed,
        Self::Relayed,
        Self::Dropped,
        Self::NotSent,
        Self::Unclear,
        Self::Decided,
        Self::AnswerRefused,
        Self::RequestUndelivered,
        Self::Digest,
        Self::TooMany,
        Self::Requests,
        Self::Outcomes,
        Self::Drill,
    ];

    /// Its name in files and on the command line.
    pub fn name(self) -> &'static str {
        self.described().0
    }

    /// Who is told what.
    pub fn what(self) -> Text {
        let (_, ja, en) = self.described();
        Text { ja: ja.to_owned(), en: en.to_owned() }
    }

    /// The kind of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// What a text of an organisation's own may name in it. A warning to the security team does not tell the subject, and
    /// a sender outside learns nothing.
    pub fn placeholders(self) -> &'static [Placeholder] {
        use Placeholder::{Deadline, Id, Organization, Page, People, Sender, Subject};
        match self {
            Self::AnswerRefused | Self::RequestUndelivered => &[Organization, Id, Page],
            Self::NotSent => &[Organization, Id],
            Self::Digest | Self::TooMany | Self::Requests | Self::Outcomes => &[Organization, Page],
            Self::Drill => &[Subject, Organization, Id, Page],
            Self::Undeliverable | Self::Delayed | Self::Relayed | Self::Dropped => &[Subject, Sender, Organization, Id],
            Self::Refused => &[Subject, Sender, Organization, Id],
            Self::Released
            | Self::Rejected
            | Self::SentBack
            | Self::Withdrawn
            | Self::Expired
            | Self::Decided
            | Self::SelfReleased => &[Subject, Sender, Organization, Id, Page, People],
            Self::Hold
            | Self::Request
            | Self::Delay
            | Self::Reminder
            | Self::Escalated
            | Self::AskedOthers
            | Self::LevelPassed
            | Self::NoApprover
            | Self::ReasonGiven
            | Self::Question
            | Self::Opinion
            | Self::Unclear => &[Subject, Sender, Deadline, Organization, Id, Page, People],
        }
    }

    fn described(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Hold => ("hold", "差出人へ：保留しました", "to the sender: it is on hold"),
            Self::Request => ("request", "判断する人へ：承認・確認の依頼", "to a decider: please decide"),
            Self::Delay => ("delay", "差出人へ：少しあとで送信します", "to the sender: it goes out a little later"),
            Self::Reminder => ("reminder", "判断する人へ：まだ待っています", "to a decider: it still waits"),
            Self::Escalated => {
                ("escalated", "次に依頼する人へ：判断の依頼", "to who is asked next: please decide instead")
            }
            Self::AskedOthers => ("asked_others", "差出人へ：別の人に依頼しました", "to the sender: others were asked"),
            Self::LevelPassed => {
                ("level_passed", "差出人へ：承認の進みぐあい", "to the sender: how far the approval is")
            }
            Self::NoApprover => (
                "no_approver",
                "差出人とセキュリティ担当へ：承認者が見つかりません",
                "to the sender and the security team: nobody to ask",
            ),
            Self::ReasonGiven => {
                ("reason_given", "判断する人へ：差出人から理由が届きました", "to a decider: the sender gave a reason")
            }
            Self::SelfReleased => (
                "self_released",
                "上司・セキュリティ担当へ：差出人が自分で送信しました",
                "to the manager or the security team: the sender released it alone",
            ),
            Self::Question => ("question", "同僚へ：意見を聞かせてください", "to a colleague: what do you think?"),
            Self::Opinion => ("opinion", "判断する人へ：同僚の意見", "to a decider: what a colleague thinks"),
            Self::Released => ("released", "送信が認められました", "it was released"),
            Self::Rejected => ("rejected", "却下されました", "it was rejected"),
            Self::SentBack => ("sent_back", "差し戻されました", "it was sent back for a change"),
            Self::Refused => ("refused", "規則により送信されません", "a rule does not let it out"),
            Self::Withdrawn => ("withdrawn", "差出人が取り消しました", "its sender took it back"),
            Self::Expired => ("expired", "期限を過ぎました", "nobody decided in time"),
            Self::Undeliverable => ("undeliverable", "差出人へ：届けられません", "to the sender: not delivered"),
            Self::Delayed => ("delayed", "差出人へ：まだ届いていません", "to the sender: not delivered yet"),
            Self::Relayed => ("relayed", "差出人へ：次のサーバーに渡しました", "to the sender: it went on"),
            Self::Dropped => ("dropped", "差出人へ：配信を取りやめました", "to the sender: its delivery was stopped"),
            Self::NotSent => ("not_sent", "社外の差出人へ：送信されません", "to a sender outside: it was not sent"),
            Self::Unclear => ("unclear", "返信した人へ：読み取れません", "to who answered: not understood"),
            Self::Decided => ("decided", "返信した人へ：判断済みです", "to who answered: decided before"),
            Self::AnswerRefused => (
                "answer_refused",
                "セキュリティ担当へ：返信を受け付けませんでした",
                "to the security team: an answer was refused",
            ),
            Self::RequestUndelivered => (
                "request_undelivered",
                "セキュリティ担当へ：依頼が届きません",
                "to the security team: a request was not delivered",
            ),
            Self::Digest => ("digest", "セキュリティ担当へ：毎日のまとめ", "to the security team: the day's digest"),
            Self::TooMany => {
                ("too_many", "差出人へ：ほかにも保留したメールがあります", "to the sender: more mails are held")
            }
            Self::Requests => ("requests", "判断する人へ：まとめての依頼", "to a decider: please decide about many"),
            Self::Drill => ("drill", "判断した人へ：訓練でした", "to who decided: it was a drill"),
            Self::Outcomes => ("outcomes", "差出人へ：まとめての結果", "to the sender: what became of many"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_name_of_its_own_that_a_file_and_a_message_id_may_have() {
        let names: std::collections::BTreeSet<&str> = Kind::ALL.into_iter().map(Kind::name).collect();
        assert_eq!(names.len(), Kind::ALL.len());
        for kind in Kind::ALL {
            assert!(kind.name().bytes().all(|c| c.is_ascii_lowercase() || c == b'_'));
            assert_eq!(Kind::of_name(kind.name()), Some(kind));
            assert!(!kind.what().ja.is_empty() && !kind.what().en.is_empty());
        }
        assert_eq!(Kind::of_name("all"), None, "the file for all of them is called so");
    }

    #[test]
    fn the_manual_lists_every_kind_with_its_placeholders() {
        let manual = include_str!("../../docs/notices.md");
        for kind in Kind::ALL {
            let names: Vec<&str> = kind.placeholders().iter().map(|placeholder| placeholder.name()).collect();
            let Text { ja, en } = kind.what();
            let row = format!("| `{}` | {en}<br>{ja} | {} |", kind.name(), names.join(" "));
            assert!(manual.contains(&row), "{row}");
        }
    }
}
