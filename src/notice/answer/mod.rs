//! What a person's reply says.
//!
//! In: the reply as it came over SMTP. Out: an [`Answer`]: a verdict, taken from the first line that the person
//! wrote, and the further lines as comment. Deliberately absent: who wrote it and whether they may (`hold`).
//! Fails closed: whatever is not exactly a word of consent is no consent. A condition on the same line, a negation,
//! two different verdicts, text that may be quoted: all [`Verdict::Unclear`], and the person is asked again.

mod own;
mod reply;
#[cfg(test)]
mod table;
mod verdict;

use crate::mail::Message;

/// A longer comment is cut, in characters.
const LONGEST_COMMENT: usize = 2_000;

/// What a reply asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Let it go out.
    Approve,
    /// Do not let it go out.
    Reject,
    /// The sender takes it back.
    Withdraw,
    /// The sender says why it has to go out; the reason is the answer's comment, and not empty.
    Reason,
    /// A person wrote something else: tell them how to answer.
    Unclear,
    /// A machine wrote it (out of office, a mailing list, a bounce): do nothing, answer nothing.
    Ignore,
}

/// A reply, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What it asks for.
    pub verdict: Verdict,
    /// What the person wrote beside the word, without quoted text; may be empty, but for a reason.
    pub comment: String,
}

/// The text that the writer of a mail typed into, decoded: its first one that is no attachment, HTML without mark-up and
/// without what it quotes. Empty if there is none.
pub(crate) fn typed(message: &Message) -> String {
    reply::text(message)
}

/// Reads a reply.
pub fn parse(message: &Message) -> Answer {
    if reply::is_automatic(message) {
        return Answer { verdict: Verdict::Ignore, comment: String::new() };
    }
    let lines = own::lines(&reply::text(message));
    let (verdict, comment) = verdict::of(&lines);
    Answer { verdict, comment: comment.chars().take(LONGEST_COMMENT).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Answer {
        parse(&Message::new(bytes))
    }

    fn plain(text: &str) -> Answer {
        read(format!("From: b@a.jp\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}").as_bytes())
    }

    /// What our own request looks like when a mail program quotes it: every word of consent is in it.
    const OURS: &str = "送信前のメールの承認をお願いします\n\n→ 送信してよいとき：このメールに返信し、本文の1行目に「承認」とだけ\n  書いてください。\n承認\nAPPROVE\nOK\n";

    fn quoted() -> String {
        OURS.lines().map(|line| format!("> {line}\n")).collect()
    }

    #[test]
    fn the_first_line_decides() {
        use Verdict::{Approve, Reason, Reject, Unclear, Withdraw};
        for (text, verdict) in [
            ("理由：契約に基づく一覧です", Reason),
            ("理由: 契約に基づく一覧です", Reason),
            ("理由\n契約に基づく一覧です", Reason),
            ("【理由】\n契約に基づく一覧です", Reason),
            ("お疲れ様です。\n送信理由：契約に基づく一覧です", Reason),
            ("reason: our contract asks for it", Reason),
            ("REASON: our contract asks for it", Reason),
            ("Reason - our contract asks for it", Reason),
            ("*Reason:* our contract asks for it", Reason),
            ("却下\n理由：宛先が違います", Reject),
            ("承認\n理由：先方に確認済み", Approve),
            ("取消\n理由：宛先を間違えました", Withdraw),
            ("理由", Unclear),
            ("理由：", Unclear),
            ("reason:\n\n", Unclear),
            ("理由：宛先が違います\n却下", Unclear),
            ("reason: x\n\nWITHDRAW", Unclear),
            ("理由は何ですか？", Unclear),
            ("理由を教えてください", Unclear),
            ("reasonable, approve it", Unclear),
            ("承認", Approve),
            ("承認します", Approve),
            ("承認します。", Approve),
            ("承認いたします。よろしくお願いいたします。", Approve),
            ("「承認」", Approve),
            ("ＯＫ", Approve),
            ("ok!", Approve),
            ("OKです", Approve),
            ("はい", Approve),
            ("　はい。　", Approve),
            ("APPROVE", Approve),
            ("approved", Approve),
            ("Ａｐｐｒｏｖｅ", Approve),
            ("Yes.", Approve),
            ("Yes, approved", Approve),
            ("はい、承認します。", Approve),
            ("OK、お願いします", Approve),
            ("承認、お願いします", Unclear),
            ("承認。よろしくお願いいたします", Unclear),
            ("Approve, please", Unclear),
            ("はい、却下します", Unclear),
            ("Approved, thanks!", Approve),
            ("*Approve*", Approve),
            ("お疲れ様です。\n承認します。\n佐藤", Approve),
            ("山田様\nお世話になっております。\n\n承認", Approve),
            ("Hi,\n\napprove", Approve),
            ("\u{200B}承\u{FEFF}認", Approve),
            ("却下", Reject),
            ("却下します。宛先が違います。", Reject),
            ("否認", Reject),
            ("差戻し", Reject),
            ("差し戻します", Reject),
            ("Reject", Reject),
            ("rejected: wrong customer", Reject),
            ("no", Reject),
            ("No, the attachment is wrong", Reject),
            ("いいえ", Reject),
            ("ＮＧ", Reject),
            ("承認しません", Reject),
            ("承認できません。", Reject),
            ("not approved", Reject),
            ("取消", Withdraw),
            ("取り消し", Withdraw),
            ("取消します", Withdraw),
            ("取り下げます。", Withdraw),
            ("withdraw", Withdraw),
            ("WITHDRAW", Withdraw),
            ("Cancel", Withdraw),
            ("キャンセルします", Withdraw),
            ("ｷｬﾝｾﾙ", Withdraw),
            ("", Unclear),
            ("承認して良いか分かりません", Unclear),
            ("承認？", Unclear),
            ("approve?", Unclear),
            ("承認します。ただし添付は外してください", Unclear),
            ("承認、ではなく却下でお願いします", Unclear),
            ("OK if you remove the attachment", Unclear),
            ("Yes, but remove the attachment first", Unclear),
            ("no problem", Unclear),
            ("No problem, approved", Unclear),
            ("いいえ、問題ありません。承認します", Unclear),
            ("却下しません", Unclear),
            ("取り消さないでください", Unclear),
            ("I do not approve", Unclear),
            ("don't approve", Unclear),
            ("承認 / 却下", Unclear),
            ("承認または却下", Unclear),
            ("承認\n却下", Unclear),
            ("OK\n\n取消", Unclear),
            ("このメールは何ですか？", Unclear),
            ("確認します", Unclear),
            ("少し待って\n承認", Unclear),
        ] {
            assert_eq!(plain(text).verdict, verdict, "{text:?}");
        }
    }

    #[test]
    fn further_lines_are_the_comment() {
        let answer = plain("却下\n\n宛先が違います。\n正しくは北保安様です。\n\n-- \n佐藤花子\n総務部\n");
        assert_eq!(
            (answer.verdict, answer.comment.as_str()),
            (Verdict::Reject, "宛先が違います。\n正しくは北保安様です。")
        );
        let answer = plain("理由：契約に基づく一覧です。\n先方も承知しています。\n\n-- \n佐藤\n");
        let reason = "契約に基づく一覧です。\n先方も承知しています。";
        assert_eq!((answer.verdict, answer.comment.as_str()), (Verdict::Reason, reason));
        let answer = plain("却下します。宛先が違います。\n");
        assert_eq!((answer.verdict, answer.comment.as_str()), (Verdict::Reject, "宛先が違います。"));
        assert_eq!(plain("承認\n\niPhoneから送信\n").comment, "");
        assert_eq!(plain("approve\n\nSent from my iPhone").comment, "");
        assert_eq!(plain(&format!("承認\n{}", "長".repeat(9_000))).comment.chars().count(), LONGEST_COMMENT);
    }

    #[test]
    fn quoted_words_decide_nothing() {
        let q = quoted();
        for (program, quote) in [
            ("Outlook (ja)", format!("-----Original Message-----\nFrom: Sekisho <sekisho@h>\nSent: Monday\n\n{OURS}")),
            (
                "Outlook new",
                format!(
                    "________________________________\n差出人: Sekisho <sekisho@h>\n送信日時: 2026年11月30日\n\n{OURS}"
                ),
            ),
            (
                "Outlook block",
                format!(
                    "差出人: Sekisho <sekisho@h>\n送信日時: 2026年11月30日 18:00\n宛先: b@a.jp\n件名: [承認依頼] 見積\n\n{OURS}"
                ),
            ),
            (
                "Outlook en",
                format!("From: Sekisho <sekisho@h>\nSent: Monday, 30 November 2026 18:00\nTo: b@a.jp\n\n{OURS}"),
            ),
            ("Gmail ja", format!("2026年11月30日(月) 18:00 Sekisho <sekisho@h>:\n\n{q}")),
            ("Gmail en", format!("On Mon, Nov 30, 2026 at 6:00 PM Sekisho <sekisho@h> wrote:\n\n{q}")),
            (
                "Gmail en, wrapped",
                format!("On Mon, Nov 30, 2026 at 6:00 PM Sekisho <\nsekisho@sekisho.example.co.jp> wrote:\n\n{q}"),
            ),
            ("iPhone ja", format!("2026/11/30 18:00、Sekisho <sekisho@h>のメール:\n\n\u{FEFF}{q}")),
            ("iPhone en", format!("On 30 Nov 2026, at 18:00, Sekisho <sekisho@h> wrote:\n\n{q}")),
            ("Gmail, quote without marks", format!("2026年11月30日(月) 18:00 Sekisho <sekisho@h>:\n\n{OURS}")),
            ("Apple, quote without marks", format!("On 30 Nov 2026, at 18:00, Sekisho <sekisho@h> wrote:\n{OURS}")),
            ("docomo", format!("---------- 元のメール ----------\n差出人：Sekisho\n\n{OURS}")),
            ("au", format!("＞{}", OURS.replace('\n', "\n＞"))),
            ("Becky!", format!("On Mon, 30 Nov 2026 18:00:00 +0900\nSekisho <sekisho@h> wrote:\n\n{q}")),
            ("Thunderbird ja", format!("On 2026/11/30 18:00, Sekisho wrote:\n{q}")),
            ("forward", format!("---------- Forwarded message ---------\n{OURS}")),
            ("Yahoo", format!("----- Original Message -----\n{OURS}")),
            ("Outlook.jp", format!("-----元のメッセージ-----\n{OURS}")),
            ("Sekisho wrote", format!("Sekisho さんは書きました:\n{q}")),
            ("indented marks", q.replace("> ", " > ")),
            ("nested marks", q.replace("> ", ">> ")),
        ] {
            assert_eq!(plain(&quote).verdict, Verdict::Unclear, "{program}: nothing but a quote");
            let top = plain(&format!("却下\n宛先違い\n\n{quote}"));
            assert_eq!((top.verdict, top.comment.as_str()), (Verdict::Reject, "宛先違い"), "{program}: on top");
            let crlf = plain(&format!("承認\r\n\r\n{}", quote.replace('\n', "\r\n")));
            assert_eq!((crlf.verdict, crlf.comment.as_str()), (Verdict::Approve, ""), "{program}: CRLF");
        }
    }

    #[test]
    fn an_answer_below_a_marked_quote_counts_only_when_it_stands_apart() {
        let q = quoted();
        let intro = "2026年11月30日(月) 18:00 Sekisho <sekisho@h>:\n";
        assert_eq!(plain(&format!("{intro}{q}\n承認します\n")).verdict, Verdict::Approve);
        assert_eq!(plain(&format!("{q}\n却下\n理由は電話で\n")).comment, "理由は電話で");
        // A program that wraps quoted lines leaves their tails without a mark.
        assert_eq!(
            plain(&format!("{intro}> このメールに返信し、1行目に\n承認\n> とだけ書いてください\n")).verdict,
            Verdict::Unclear
        );
        assert_eq!(plain(&format!("{intro}> このメールに返信し、1行目に\n承認\n")).verdict, Verdict::Unclear);
    }

    #[test]
    fn machines_are_ignored() {
        for header in [
            "Auto-Submitted: auto-replied",
            "Auto-Submitted: auto-generated (vacation)",
            "X-Autoreply: yes",
            "X-Autorespond: yes",
            "Precedence: bulk",
            "Precedence: auto_reply",
            "X-Auto-Response-Suppress: DR, OOF",
            "List-Unsubscribe: <mailto:x@a.jp>",
            "Subject: Re: 【不在】11月24日まで",
            "Subject: 開封済み: [承認依頼] 見積",
            "Subject: Read: [Approval needed]",
            "Precedence: list",
            "List-Id: <all.a.jp>",
            "X-Sekisho-Notice: request",
            "Return-Path: <>",
            "Content-Type: multipart/report; report-type=delivery-status; boundary=x",
            "Subject: 自動応答: [承認依頼] 見積",
            "Subject: =?UTF-8?B?6Ieq5YuV5b+c562UOiDmib/oqo0=?=",
            "Subject: 【自動返信】お休みをいただいております",
            "Subject: 不在通知",
            "Subject: Automatic reply: [Approval needed]",
            "Subject: Out of Office Re: x",
            "From: MAILER-DAEMON@a.jp",
        ] {
            let answer = read(format!("{header}\r\nX-A: b\r\n\r\n承認\r\n").as_bytes());
            assert_eq!(answer.verdict, Verdict::Ignore, "{header}");
        }
        for header in ["Auto-Submitted: no", "Precedence: normal", "Subject: Re: [承認依頼] 自動応答の設定"]
        {
            let answer = read(format!("{header}\r\n\r\n承認\r\n").as_bytes());
            assert_eq!(answer.verdict, Verdict::Approve, "{header}");
        }
    }

    #[test]
    fn japanese_charsets_and_transfer_encodings_are_read() {
        let jis = b"Content-Type: text/plain; charset=ISO-2022-JP\r\nContent-Transfer-Encoding: 7bit\r\n\r\n\x1b$B>5G'$7$^$9!#\x1b(B\r\n";
        assert_eq!(read(jis).verdict, Verdict::Approve);
        let undeclared = b"Subject: x\r\n\r\n\x1b$B5Q2<\x1b(B\r\n\x1b$B08@h$,0c$$$^$9\x1b(B\r\n";
        let answer = read(undeclared);
        assert_eq!((answer.verdict, answer.comment.as_str()), (Verdict::Reject, "宛先が違います"));
        let sjis = b"Content-Type: text/plain; charset=Shift_JIS\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=8F=B3=94F=82=B5=82=DC=82=B7\r\n";
        assert_eq!(read(sjis).verdict, Verdict::Approve);
        let base64 =
            b"Content-Type: text/plain; charset=\"utf-8\"\r\nContent-Transfer-Encoding: base64\r\n\r\n5Y+W5raI\r\n";
        assert_eq!(read(base64).verdict, Verdict::Withdraw);
    }

    #[test]
    fn html_alone_is_read_without_its_quote() {
        let html = |body: &str| {
            read(format!("Content-Type: text/html; charset=utf-8\r\n\r\n<html><body>{body}</body></html>").as_bytes())
        };
        let gmail = "<div dir=\"ltr\">承認</div><br><div class=\"gmail_quote\"><blockquote>却下</blockquote></div>";
        assert_eq!(html(gmail), Answer { verdict: Verdict::Approve, comment: String::new() });
        let outlook = "<p>却下</p><p>宛先違い</p><div style=\"border:none;border-top:solid #E1E1E1 1.0pt\">差出人: x<br>承認</div>";
        assert_eq!(html(outlook), Answer { verdict: Verdict::Reject, comment: "宛先違い".to_owned() });
        assert_eq!(html("<blockquote>承認</blockquote>").verdict, Verdict::Unclear);
        assert_eq!(html("<style>承認</style><script>承認</script><p>確認中</p>").verdict, Verdict::Unclear);
        assert_eq!(html("<!-- 承認 --><p hidden>x</p>").verdict, Verdict::Unclear);
    }

    #[test]
    fn the_first_text_of_a_multipart_is_the_answer() {
        let mail = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n\
            --a\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n却下\r\n--a\r\nContent-Type: text/html\r\n\r\n<p>承認</p>\r\n--a--\r\n\
            --b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\n承認\r\n\
            --b\r\nContent-Type: message/rfc822\r\n\r\nSubject: y\r\n\r\n承認\r\n--b--\r\n";
        assert_eq!(read(mail.as_bytes()).verdict, Verdict::Reject);
        let attached = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: y\r\n\r\n承認\r\n--b--\r\n";
        assert_eq!(read(attached.as_bytes()).verdict, Verdict::Unclear);
    }

    #[test]
    fn rubbish_is_unclear() {
        for bytes in
            [&b""[..], b"\0\0\0", b"\r\n\r\n", &[0xFF; 4096], b"Content-Type: multipart/mixed; boundary=\r\n\r\n--"]
        {
            assert_eq!(read(bytes).verdict, Verdict::Unclear);
        }
    }
}
