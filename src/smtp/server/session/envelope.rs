//! How a mail begins: MAIL, and the recipients that follow it.
//!
//! In: MAIL and RCPT. Out: a [`Current`] whose transaction has seen every recipient, and one reply for each command,
//! in order. RCPT lines that came in one batch reach the product in one call, so that it can pass them on in one batch
//! too. Deliberately absent: who may send to whom.

use tokio::io::{AsyncRead, AsyncWrite};

use super::{Current, Gate, Patience, Session, Transaction, Turn, new_id};
use crate::{
    mail::{Address, BodyKind, RcptDsn},
    smtp::{
        MailFrom, RcptTo, Reply, Then,
        command::{Command, Recipient},
        server::limits::Met,
    },
};

impl<G: Gate, S: AsyncRead + AsyncWrite + Unpin + Send> Session<G, S> {
    /// MAIL.
    pub(super) async fn mail(&mut self, from: MailFrom, names_author: bool) -> Reply {
        if self.peer.helo.is_empty() {
            return self.counted(Reply::bad_sequence("say EHLO or HELO first"));
        }
        if self.current.is_some() {
            return self.counted(Reply::bad_sequence("a mail is under way; finish it or say RSET"));
        }
        if self.mails >= self.start.settings.max_mails_per_connection {
            return Reply::too_many_mails();
        }
        self.mails += 1;
        let id = self.mail.insert(new_id()).clone();
        if let Some(refusal) = self.may_not_send(from.sender.as_ref()).or_else(|| self.cannot_have(&from, names_author))
        {
            return self.counted(refusal);
        }
        let limit = self.start.settings.max_message_size;
        let size = from.size.unwrap_or_default();
        if size > limit {
            return Reply::too_large(limit);
        }
        if !self.start.budget.has(size) {
            return Reply::no_memory();
        }
        let turn = match from.sender.as_ref().map(|sender| self.start.senders.turn(&sender.counted())) {
            None => Turn::free(),
            Some(Ok(turn)) => turn,
            Some(Err(Met::Rate)) => return Reply::sender_too_fast(),
            Some(Err(Met::Daily)) => return Reply::sender_at_daily_cap(),
        };
        let (smtputf8, binary) = (from.smtputf8, from.body == BodyKind::BinaryMime);
        let begun = self.start.gate.mail(&self.peer, id, from).await;
        // What XFORWARD said was said of this mail.
        self.peer.forwarded = None;
        match begun {
            Ok(transaction) => {
                let reply = transaction.mail_reply();
                self.current = Some(Current {
                    transaction,
                    turn,
                    smtputf8,
                    binary,
                    size,
                    offered: 0,
                    accepted: 0,
                    chunks: None,
                    patience: Patience::from_now(),
                });
                reply
            }
            Err(refusal) => refusal,
        }
    }

    /// The refusal of a parameter that is not on offer in this connection.
    fn cannot_have(&self, from: &MailFrom, names_author: bool) -> Option<Reply> {
        if from.requiretls && self.peer.tls.is_none() {
            return Some(Reply::requiretls_needs_tls());
        }
        if from.body == BodyKind::BinaryMime && !self.start.gate.takes_binary() {
            return Some(Reply::bad_argument("BODY=BINARYMIME is not offered; use 7BIT or 8BITMIME"));
        }
        (names_author && !self.offers_auth()).then(Reply::unknown_parameter)
    }

    /// RCPT, and every RCPT that has come right behind it. All replies but the last are said; that one is returned.
    pub(super) async fn recipients(&mut self, first: Recipient, dsn: RcptDsn) -> Reply {
        let mut batch = vec![self.recipient(first, dsn)];
        while let Some(line) = self.wire.line_at_hand(Command::is_rcpt) {
            let asked = match Command::parse(line) {
                Ok(Command::Rcpt(recipient, dsn)) => self.recipient(recipient, dsn),
                Ok(_) => Err(Reply::internal()),
                Err(refusal) => Err(refusal),
            };
            batch.push(asked);
        }
        if self.current.is_none() {
            return self.without_mail(batch.len());
        }
        let mut last = None;
        let mut batch = batch.into_iter().peekable();
        while batch.peek().is_some() {
            // As many as may be accepted at most; what lies behind them depends on how many are.
            let room = self
                .current
                .as_ref()
                .map_or(0, |current| self.start.settings.max_recipients.saturating_sub(current.accepted));
            let run: Vec<_> = batch.by_ref().take(room.max(1)).collect();
            for reply in self.ask(run, room == 0).await {
                if let Some(said) = last.replace(reply) {
                    self.say(&said);
                }
                if last.as_ref().is_some_and(|reply| reply.then == Then::Close) {
                    return last.unwrap_or_else(Reply::internal);
                }
            }
        }
        last.unwrap_or_else(Reply::internal)
    }

    /// RCPT without MAIL. Who sends them behind a MAIL that is refused, without waiting for the reply (RFC 2920), has made
    /// one error, however many they are.
    fn without_mail(&mut self, count: usize) -> Reply {
        let refusal = self.counted(Reply::bad_sequence("say MAIL first"));
        if refusal.then == Then::Continue {
            (1..count).for_each(|_| self.say(&refusal));
        }
        refusal
    }

    /// One run of recipients, none of which can be one too many unless the mail is `full`: what each is answered.
    async fn ask(&mut self, run: Vec<Result<RcptTo, Reply>>, full: bool) -> Vec<Reply> {
        let (mut asked, mut places) = (Vec::with_capacity(run.len()), Vec::with_capacity(run.len()));
        for recipient in run {
            match recipient {
                Ok(recipient) if !full => {
                    asked.push(recipient);
                    places.push(None);
                }
                Ok(_) => places.push(Some(self.one_too_many())),
                Err(refusal) => places.push(Some(self.counted(refusal))),
            }
        }
        let Some(current) = &mut self.current else {
            return places.into_iter().map(|refusal| refusal.unwrap_or_else(Reply::internal)).collect();
        };
        current.offered += asked.len();
        let mut answers = Vec::new();
        if !asked.is_empty() {
            answers = current.transaction.recipients(asked).await;
            current.patience = Patience::from_now();
        }
        current.accepted += answers.iter().filter(|reply| reply.is_positive()).count();
        let mut answers = answers.into_iter();
        places.into_iter().map(|refusal| refusal.or_else(|| answers.next()).unwrap_or_else(Reply::internal)).collect()
    }

    /// The recipient as the product sees it, or why it does not get to see it.
    fn recipient(&self, recipient: Recipient, dsn: RcptDsn) -> Result<RcptTo, Reply> {
        let Some(current) = &self.current else { return Err(Reply::bad_sequence("say MAIL first")) };
        if current.chunks.is_some() {
            return Err(Reply::bad_sequence("the message has begun; finish it with BDAT LAST or say RSET"));
        }
        let address = match recipient {
            Recipient::Address(address) => address,
            Recipient::Postmaster => Address::parse(&format!("postmaster@{}", self.start.settings.hostname))
                .map_err(|_| Reply::internal())?,
        };
        let original = dsn.orcpt.as_deref().and_then(|orcpt| orcpt.get(..6)).unwrap_or_default();
        let international = !address.as_str().is_ascii() || original.eq_ignore_ascii_case("utf-8;");
        if international && !current.smtputf8 {
            return Err(Reply::smtputf8_needed());
        }
        Ok(RcptTo { address, dsn })
    }

    /// 452; who goes on for as long again is not splitting a mail but filling our time.
    fn one_too_many(&mut self) -> Reply {
        let Some(current) = &mut self.current else { return Reply::internal() };
        current.offered += 1;
        if current.offered > 2 * self.start.settings.max_recipients {
            return self.counted(Reply::too_many_recipients());
        }
        Reply::too_many_recipients()
    }
}
