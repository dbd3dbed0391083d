//! What the demo tells: five mails, what became of each, and how an approval lets one out.
//!
//! In: a running relay and the mailbox behind it. Out: lines on the terminal, in its language, and whether everything
//! went as told. Each claim is checked against what really happened before it is printed with a tick.

use std::{
    io::{self, Write},
    net::SocketAddr,
};

use anyhow::Context;
use lettre::{
    address::Envelope as Enveloped,
    transport::smtp::{client::AsyncSmtpConnection, extension::ClientId},
};

use super::{
    mailbox::{Arrived, Mailbox},
    samples::{self, Sample},
};
use crate::{
    language::Language,
    mail::{Message, header},
};

/// Who decides about mail that needs a second person.
pub(super) const APPROVER: &str = "kacho@toho.example.co.jp";
/// The team that releases held mail.
pub(super) const SECURITY: &str = "security@toho.example.co.jp";

pub(super) struct Story {
    pub relay: SocketAddr,
    pub mailbox: Mailbox,
    pub language: Language,
}

impl Story {
    /// Tells it, and whether it went as told.
    pub(super) async fn tell(&self) -> anyhow::Result<bool> {
        let mut well = true;
        self.say("\n関所 Sekisho — 五通のメールの物語\n", "\nSekisho 関所 — the story of five mails\n")?;
        well &= self.gas_company().await?;
        self.say("\n2. 何も問題のないメール", "\n2. A mail in which nothing is wrong")?;
        well &= self.expect(&samples::clean()?, "forwarded").await?;
        self.say("\n3. 宛先が gmai.com（gmail.com の打ち間違い）", "\n3. A slip in the address: gmai.com")?;
        well &= self.expect(&samples::lookalike()?, "held").await?;
        self.say(
            "\n4. 40社の顧客がお互いのアドレスを見られる To",
            "\n4. Forty customers who would see each other in To",
        )?;
        well &= self.expect(&samples::exposed()?, "held").await?;
        self.say("\n5. 本文に全角数字で書かれたマイナンバー", "\n5. A My Number in the text, in full-width digits")?;
        well &= self.expect(&samples::my_number()?, "held").await?;
        let delivered = self.mailbox.mails().iter().filter(|m| m.from.is_some()).count();
        well &= self.check(
            delivered == 2,
            "外へ出たのは2通だけ：問題のない1通と、承認された1通",
            "only two left: the clean one and the approved one",
        )?;
        Ok(well)
    }

    /// Stopped, told, approved by reply, out unchanged.
    async fn gas_company(&self) -> anyhow::Result<bool> {
        self.say(
            "1. ガス会社が委託先に作業予定表（Excel）を送る。2枚目のシートに12,000人の顧客名簿が残っている",
            "1. A gas company mails its contractor a work schedule (Excel); a list of 12,000 customers is still on its second sheet",
        )?;
        let sample = samples::gas_company(samples::GAS_CUSTOMERS)?;
        let mut well = self.expect(&sample, "held").await?;

        let told = self.mailbox.wait_for(samples::SENDER, |_| true).await;
        well &= self.check(told.is_some(), "送信者に保留の通知が届いた", "the sender was told")?;
        if let Some(notice) = told {
            self.quote(&notice)?;
        }
        let Some(request) = self.mailbox.wait_for(APPROVER, |_| true).await else {
            return self.check(false, "承認者に依頼が届いた", "the approver was asked");
        };
        well &= self.check(
            true,
            "承認者（課長）に、理由・宛先・検出箇所・原本つきの依頼が届いた",
            "the approver got the reasons, the recipients, the places, and the original",
        )?;

        let secret = reply_to(&request.message).context("the request names no address to reply to")?;
        self.answer(samples::SENDER, &secret).await?;
        self.say("     送信者本人が「承認」と返信してみる", "     the sender tries to approve it alone")?;
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        let out = self
            .mailbox
            .mails()
            .iter()
            .any(|m| m.to.iter().any(|to| Some(to.as_str()) == sample.to.first().map(String::as_str)));
        well &= self.check(!out, "しかし送信者は承認者になれない", "but the sender can never be the approver")?;

        self.answer(APPROVER, &secret).await?;
        let contractor = sample.to.first().context("the contractor")?;
        let released = self.mailbox.wait_for(contractor, |_| true).await;
        well &= self.check(
            released.is_some(),
            "課長が「承認」と返信し、メールが委託先に届いた",
            "the section chief replied “approve”, and the mail arrived",
        )?;
        let unchanged = released.is_some_and(|mail| mail.message.bytes().ends_with(&sample.bytes));
        well &= self.check(
            unchanged,
            "1バイトも変わっていない（先頭の配送経路ヘッダーを除く）",
            "not a byte of it changed (but for the trace header in front)",
        )?;
        Ok(well)
    }

    /// Sends a sample and checks what the relay answered.
    async fn expect(&self, sample: &Sample, word: &str) -> anyhow::Result<bool> {
        let reply = self.send(sample.from, &sample.to, &sample.bytes).await?;
        let went = reply.contains(word);
        self.check(went, &format!("関所の返答: {reply}"), &format!("Sekisho answered: {reply}"))?;
        if went && word == "held" {
            self.why(sample).await?;
        }
        Ok(went)
    }

    /// The first reason that the sender's notice about `sample` gives.
    async fn why(&self, sample: &Sample) -> anyhow::Result<()> {
        let id = Message::new(sample.bytes.clone()).message_id().unwrap_or_default();
        let about = |mail: &Arrived| mail.message.header("In-Reply-To").is_some_and(|h| header::decode(h.value) == id);
        let notice = self.mailbox.wait_for(samples::SENDER, about).await.context("the sender's notice")?;
        let text = text_of(&notice);
        let reason = text.lines().find_map(|line| line.trim().strip_prefix("- ").or(line.trim().strip_prefix("・")));
        self.say(&format!("     理由: {}", reason.unwrap_or("—")), &format!("     why: {}", reason.unwrap_or("—")))?;
        Ok(())
    }

    async fn answer(&self, from: &str, to: &str) -> anyhow::Result<String> {
        let mail = format!(
            "From: {from}\r\nTo: {to}\r\nSubject: Re:\r\nMIME-Version: 1.0\r\n\
             Content-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n承認\r\n"
        );
        self.send(from, &[to.to_owned()], mail.as_bytes()).await
    }

    /// Sends one mail as a mail server would, and gives the reply, good or bad.
    async fn send(&self, from: &str, to: &[String], mail: &[u8]) -> anyhow::Result<String> {
        let client = ClientId::Domain("mail.toho.example.co.jp".to_owned());
        let mut connection = AsyncSmtpConnection::connect_tokio1(self.relay, None, &client, None, None).await?;
        let to = to.iter().map(|to| to.parse()).collect::<Result<Vec<_>, _>>()?;
        let envelope = Enveloped::new(Some(from.parse()?), to)?;
        // lettre ends the message with a line end of its own.
        let mail = mail.strip_suffix(b"\r\n").unwrap_or(mail);
        let reply = match connection.send(&envelope, mail).await {
            Ok(response) => format!("{} {}", response.code(), response.message().collect::<Vec<_>>().join(" ")),
            Err(error) => match (error.status(), std::error::Error::source(&error)) {
                (Some(code), Some(text)) => format!("{code} {text}"),
                _ => return Err(error.into()),
            },
        };
        let _ = connection.quit().await;
        Ok(reply)
    }

    /// What a person can try now.
    pub(super) fn invite(&self, console: SocketAddr, password: &str) {
        let relay = self.relay;
        let _ = self.say(
            &format!(
                "\nこのまま動き続けます。\n  メールを送る: SMTP で {relay} へ\n  コンソール:   http://{console}/\n    ログイン:   {APPROVER} / {password}\n  届いたメール: http://{console}/mailbox\n終了するには Ctrl+C を押してください。"
            ),
            &format!(
                "\nIt keeps running.\n  send mail:      SMTP to {relay}\n  console:        http://{console}/\n    log in as:    {APPROVER} / {password}\n  what arrived:   http://{console}/mailbox\nPress Ctrl+C to end."
            ),
        );
    }

    fn check(&self, well: bool, ja: &str, en: &str) -> anyhow::Result<bool> {
        let mark = if well { "✓" } else { "✗" };
        self.say(&format!("   {mark} {ja}"), &format!("   {mark} {en}"))?;
        Ok(well)
    }

    /// The text of a notice, as its reader sees it, shortened.
    fn quote(&self, notice: &Arrived) -> io::Result<()> {
        let subject = notice.message.header("Subject").map(|s| header::decode(s.value)).unwrap_or_default();
        let text = text_of(notice);
        let mut out = io::stdout().lock();
        writeln!(out, "     ┌ {subject}")?;
        for line in text.lines().filter(|line| !line.trim().is_empty()).take(16) {
            writeln!(out, "     │ {line}")?;
        }
        writeln!(out, "     └ …")
    }

    fn say(&self, ja: &str, en: &str) -> io::Result<()> {
        let text = match self.language {
            Language::Ja => ja,
            Language::En => en,
        };
        writeln!(io::stdout().lock(), "{text}")
    }
}

fn text_of(mail: &Arrived) -> String {
    let parsed = mail_parser::MessageParser::default().parse(mail.message.bytes());
    parsed.and_then(|mail| mail.body_text(0).map(std::borrow::Cow::into_owned)).unwrap_or_default()
}

fn reply_to(mail: &Message) -> Option<String> {
    let mailboxes = header::mailboxes(mail.header("Reply-To")?.value);
    mailboxes.into_iter().next().map(|mailbox| mailbox.address)
}
