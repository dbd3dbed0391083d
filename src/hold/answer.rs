//! Decisions by mail: a person replied to a secret address.
//!
//! In: the secret, who wrote, what the reply says. Out: what came of it. Whoever wrote is told when nothing came of it;
//! an answer by the wrong person is refused, journalled, and told to the security team.
//! Deliberately absent: reading the reply (`notice::answer`), and proof of who wrote beyond the secret and the address.

use jiff::Timestamp;

use super::{Hold, HoldError, rounded, telling, token};
use crate::{
    journal::{self, Record, Via},
    mail::{Address, MailId},
    notice::{self, Answer, Outcome, Refusal, Verdict},
    store::{HeldRow, Kind, MailRow, Purpose, State, Token},
};

/// What came of a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// It did what it asked for.
    Done {
        /// The held mail.
        id: MailId,
        /// Where it stands now.
        state: State,
    },
    /// Somebody was faster; whoever wrote is told how it ended.
    TooLate {
        /// The held mail.
        id: MailId,
        /// Where it stands.
        state: State,
    },
    /// It says nothing clear, or what no reply may say; whoever wrote is told how to answer.
    Unclear {
        /// The held mail.
        id: MailId,
    },
    /// A machine wrote it; nothing happened.
    Ignored,
    /// It was refused.
    Refused(Refusal),
}

impl Hold {
    /// Does what a reply asks for. `secret` is what stands between `+` and `@` in the address it was sent to; `from`
    /// are the envelope sender and the author, who must all be the person that the secret was given to, from whichever of
    /// their addresses the directory knows.
    pub async fn answer(
        &self,
        secret: &str,
        from: &[Address],
        answer: &Answer,
        now: Timestamp,
    ) -> Result<Answered, HoldError> {
        let now = rounded(now);
        if answer.verdict == Verdict::Ignore {
            return Ok(Answered::Ignored);
        }
        let Some(token) = self.store().token(&token::hash(secret)).await? else {
            tracing::warn!("a reply came to a secret address that is not known");
            return Ok(Answered::Refused(Refusal::UnknownToken));
        };
        // All of them: a sender to whom an approver forwarded the request could write any From field.
        let people = self.people();
        if from.is_empty() || !from.iter().all(|address| people.is_one(address, &token.person)) {
            return self.refuse(&token, from, Refusal::WrongPerson, now).await;
        }
        let (id, person, comment) = (token.held_id.0.as_str(), &token.person, answer.comment.as_str());
        let decided = match (token.purpose, answer.verdict) {
            (Purpose::Decide, Verdict::Approve) => self.approve(id, person, Via::Reply, comment, now).await,
            (Purpose::Decide, Verdict::Reject) => self.reject(id, person, Via::Reply, comment, now).await,
            (Purpose::Withdraw, Verdict::Withdraw) => self.withdraw(id, person, Via::Reply, now).await,
            (Purpose::Withdraw, Verdict::Approve | Verdict::Reject) => {
                return self.refuse(&token, from, Refusal::OwnMail, now).await;
            }
            (Purpose::Withdraw, Verdict::Reason) => self.give_reason(id, person, comment, Via::Reply, now).await,
            (Purpose::Decide, Verdict::Withdraw | Verdict::Reason) | (_, Verdict::Unclear | Verdict::Ignore) => {
                return self.explain(&token, now).await;
            }
        };
        match decided {
            Ok(decided) => Ok(Answered::Done { id: decided.id, state: decided.state }),
            Err(HoldError::Decided { .. } | HoldError::TooLate { .. } | HoldError::Heard { .. }) => {
                self.tell_too_late(&token, now).await
            }
            Err(HoldError::NeedsFactor { .. }) => self.send_to_console(&token, now).await,
            Err(HoldError::NotADecider { .. }) => self.refuse(&token, from, Refusal::WrongPerson, now).await,
            Err(HoldError::OwnMail { .. }) => self.refuse(&token, from, Refusal::OwnMail, now).await,
            Err(error) => Err(error),
        }
    }

    /// Tells how to answer, at a new secret address: the old one stands in a mail that may have been quoted to others.
    async fn explain(&self, token: &Token, now: Timestamp) -> Result<Answered, HoldError> {
        let (mail, held) = self.subject_of(token).await?;
        if held.state != State::Pending {
            return self.tell_too_late(token, now).await;
        }
        let (reply_to, fresh) = token::make(&self.voice().hostname, &held.id, &token.person, token.purpose)?;
        let letter = self.letter(&token.person, Some(&reply_to), now);
        let notice = notice::answer_not_understood(&telling::story(&mail, &held)?, self.voice(), &letter);
        let mut writing = self.store().write().await?;
        if !writing.replace_token(&token.hash, &fresh).await? {
            // Another reply to the same address was faster, and its writer has been told the new one.
            return Ok(Answered::Refused(Refusal::UnknownToken));
        }
        self.post(&mut writing, (Some(&mail.id), Some(&held.id)), Kind::Notice, notice, now).await?;
        writing.commit().await?;
        Ok(Answered::Unclear { id: held.id })
    }

    /// Tells that no reply approves this one. Its secret address stays: a reply may still reject it.
    async fn send_to_console(&self, token: &Token, now: Timestamp) -> Result<Answered, HoldError> {
        let (mail, held) = self.subject_of(token).await?;
        let story = telling::story(&mail, &held)?;
        let notice = notice::approve_on_console(&story, self.voice(), &self.letter(&token.person, None, now));
        let mut writing = self.store().write().await?;
        self.post(&mut writing, (Some(&mail.id), Some(&held.id)), Kind::Notice, notice, now).await?;
        writing.commit().await?;
        Ok(Answered::Unclear { id: held.id })
    }

    /// Tells how it ended.
    async fn tell_too_late(&self, token: &Token, now: Timestamp) -> Result<Answered, HoldError> {
        let (mail, held) = self.subject_of(token).await?;
        let approvals = self.store().approvals(std::slice::from_ref(&held.id)).await?;
        // Its time may be over without its state having changed yet.
        let expired = (held.expires_at <= now).then_some(Outcome::Expired);
        if let Some(outcome) = telling::outcome_of(&held, &approvals).or(expired) {
            let letter = self.letter(&token.person, None, now);
            let notice = notice::already_decided(&telling::story(&mail, &held)?, self.voice(), &letter, &outcome);
            let mut writing = self.store().write().await?;
            self.post(&mut writing, (Some(&mail.id), Some(&held.id)), Kind::Notice, notice, now).await?;
            writing.commit().await?;
        }
        Ok(Answered::TooLate { id: held.id, state: held.state })
    }

    /// Refuses an answer, writes that down, and tells the security team.
    async fn refuse(
        &self,
        token: &Token,
        from: &[Address],
        refusal: Refusal,
        now: Timestamp,
    ) -> Result<Answered, HoldError> {
        let (mail, held) = self.subject_of(token).await?;
        let story = telling::story(&mail, &held)?;
        let claimed = from.first().map_or("<>", Address::as_str);
        let mut entry = telling::change(&held, "refused", from.first(), Via::Reply);
        entry.detail = Some(format!("{refusal:?}, at the secret address of {}", token.person));
        let mut writing = self.store().write().await?;
        for to in &self.security() {
            let letter = self.letter(to, None, now);
            let notice = notice::refused_answer(&story, self.voice(), &letter, claimed, refusal);
            self.post(&mut writing, (Some(&mail.id), Some(&held.id)), Kind::Notice, notice, now).await?;
        }
        journal::append(&mut writing, &[Record::change(mail.id.clone(), now, entry)]).await?;
        writing.commit().await?;
        Ok(Answered::Refused(refusal))
    }

    /// What a secret address is about.
    async fn subject_of(&self, token: &Token) -> Result<(MailRow, HeldRow), HoldError> {
        let found = self.store().held_by_prefix(&token.held_id.0).await?;
        let held = super::decide::one(found, &token.held_id.0)?;
        let mail = self.store().mail(&held.mail_id).await?;
        let mail = mail.ok_or_else(|| HoldError::Row(format!("{} belongs to no mail", held.id)))?;
        Ok((mail, held))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{hold::fixture::*, policy::Action, store::Store};

    fn says(verdict: Verdict) -> Answer {
        Answer { verdict, comment: "from my phone".to_owned() }
    }

    async fn secret_of(store: &Store, person: &str) -> String {
        outbox(store).await.into_iter().find(|letter| letter.to == [person]).unwrap().secret()
    }

    async fn held() -> (tempfile::TempDir, Store, Hold, MailId) {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        let id = hold.take(arrival(vec![group(Action::RequireApproval, &[OUTSIDE])])).await.unwrap();
        (dir, store, hold, id)
    }

    #[tokio::test]
    async fn an_approver_approves_by_reply_and_the_next_one_hears_of_it() {
        let (_dir, store, hold, id) = held().await;
        let (boss, vice) = (secret_of(&store, BOSS).await, secret_of(&store, VICE).await);
        let from = [address("Boss@example.co.jp")];
        let answered = hold.answer(&boss.to_uppercase(), &from, &says(Verdict::Approve), noon()).await.unwrap();
        assert_eq!(answered, Answered::Done { id: id.clone(), state: State::Approved });
        let said = hold.show(&id.0).await.unwrap().summary.approvals.remove(0);
        assert_eq!((said.via.as_str(), said.comment.as_str()), ("reply", "from my phone"));
        let answered = hold.answer(&vice, &[address(VICE)], &says(Verdict::Reject), noon()).await.unwrap();
        assert_eq!(answered, Answered::TooLate { id: id.clone(), state: State::Approved });
        let told = outbox(&store).await.into_iter().filter(|letter| letter.to == [VICE]).count();
        assert_eq!(told, 2, "the request and how it ended");
    }

    #[tokio::test]
    async fn where_a_rule_wants_two_factors_a_reply_rejects_and_does_not_approve() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        let mut group = group(Action::RequireApproval, &[OUTSIDE]);
        group.matched.iter_mut().for_each(|matched| matched.duties.second_factor = true);
        let id = hold.take(arrival(vec![group])).await.unwrap();
        let boss = address(BOSS);
        let secret = secret_of(&store, BOSS).await;
        let answered =
            hold.answer(&secret, std::slice::from_ref(&boss), &says(Verdict::Approve), noon()).await.unwrap();
        assert_eq!(answered, Answered::Unclear { id: id.clone() });
        let letters = outbox(&store).await;
        let told = letters.iter().filter(|letter| letter.to == [BOSS]).count();
        assert_eq!(
            (told, hold.show(&id.0).await.unwrap().summary.state),
            (2, State::Pending),
            "the request and why not"
        );
        let weak = hold.approve(&id.0, &boss, Via::Console, "", noon()).await;
        assert!(matches!(weak, Err(HoldError::NeedsFactor { .. })), "{weak:?}");
        let stranger = hold.approve(&id.0, &address(SENDER), Via::Console, "", noon()).await;
        assert!(matches!(stranger, Err(HoldError::OwnMail { .. })), "who may not decide is told that: {stranger:?}");
        let strong = crate::hold::Hand { via: Via::Console, two_factors: true };
        assert_eq!(hold.approve(&id.0, &boss, strong, "", noon()).await.unwrap().state, State::Approved);

        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        let mut group = super::super::fixture::group(Action::RequireApproval, &[OUTSIDE]);
        group.matched.iter_mut().for_each(|matched| matched.duties.second_factor = true);
        let id = hold.take(arrival(vec![group])).await.unwrap();
        let secret = secret_of(&store, BOSS).await;
        let answered = hold.answer(&secret, &[boss], &says(Verdict::Reject), noon()).await.unwrap();
        assert_eq!(answered, Answered::Done { id, state: State::Rejected });
    }

    #[tokio::test]
    async fn the_sender_takes_it_back_by_reply_and_cannot_approve_it() {
        let (_dir, store, hold, id) = held().await;
        let secret = secret_of(&store, SENDER).await;
        let from = [address(SENDER)];
        let answered = hold.answer(&secret, &from, &says(Verdict::Approve), noon()).await.unwrap();
        assert_eq!(answered, Answered::Refused(Refusal::OwnMail));
        assert_eq!(hold.show(&id.0).await.unwrap().summary.state, State::Pending);
        let answered = hold.answer(&secret, &from, &says(Verdict::Withdraw), noon()).await.unwrap();
        assert_eq!(answered, Answered::Done { id, state: State::Withdrawn });
        assert_eq!(changes(&store).await, ["mail require_approval", "refused", "withdrawn"]);
    }

    #[tokio::test]
    async fn a_secret_serves_only_its_owner() {
        let (_dir, store, hold, id) = held().await;
        let secret = secret_of(&store, BOSS).await;
        for thief in [SENDER, VICE, "eve@x.example.com"] {
            let answered = hold.answer(&secret, &[address(thief)], &says(Verdict::Approve), noon()).await.unwrap();
            assert_eq!(answered, Answered::Refused(Refusal::WrongPerson), "{thief}");
        }
        let answered = hold.answer(&secret, &[], &says(Verdict::Approve), noon()).await.unwrap();
        assert_eq!(answered, Answered::Refused(Refusal::WrongPerson));
        let unknown = "a".repeat(26);
        let answered = hold.answer(&unknown, &[address(BOSS)], &says(Verdict::Approve), noon()).await.unwrap();
        assert_eq!(answered, Answered::Refused(Refusal::UnknownToken));
        assert_eq!(hold.show(&id.0).await.unwrap().summary.state, State::Pending);
        let alarms = outbox(&store).await.into_iter().filter(|letter| letter.to == [SECURITY]).count();
        assert_eq!(alarms, 4);
        assert_eq!(changes(&store).await[1..], ["refused"; 4]);
    }

    #[tokio::test]
    async fn what_is_unclear_is_asked_again_at_a_new_address_and_what_a_machine_wrote_is_not() {
        let (_dir, store, hold, id) = held().await;
        let secret = secret_of(&store, BOSS).await;
        let from = [address(BOSS)];
        let before = outbox(&store).await.len();
        let answered = hold.answer(&secret, &from, &says(Verdict::Ignore), noon()).await.unwrap();
        assert_eq!((answered, outbox(&store).await.len()), (Answered::Ignored, before));
        let mut secrets = vec![secret];
        for verdict in [Verdict::Unclear, Verdict::Withdraw] {
            let old = secrets.last().unwrap().clone();
            let answered = hold.answer(&old, &from, &says(verdict), noon()).await.unwrap();
            assert_eq!(answered, Answered::Unclear { id: id.clone() });
            let answered = hold.answer(&old, &from, &says(Verdict::Approve), noon()).await.unwrap();
            assert_eq!(answered, Answered::Refused(Refusal::UnknownToken), "an address that was answered is spent");
            let letters = outbox(&store).await.into_iter().filter(|letter| letter.to == [BOSS]);
            let fresh: Vec<String> = letters.map(|l| l.secret()).filter(|secret| !secrets.contains(secret)).collect();
            assert_eq!(fresh.len(), 1, "one new address");
            secrets.extend(fresh);
        }
        assert_eq!(outbox(&store).await.len(), before + 2);
        assert_eq!(hold.show(&id.0).await.unwrap().summary.state, State::Pending);
        let answered = hold.answer(secrets.last().unwrap(), &from, &says(Verdict::Approve), noon()).await.unwrap();
        assert_eq!(answered, Answered::Done { id, state: State::Approved });
    }

    #[tokio::test]
    async fn an_answer_after_the_deadline_is_too_late_and_no_fault() {
        let (_dir, store, hold, id) = held().await;
        let secret = secret_of(&store, BOSS).await;
        let end = crate::hold::later(noon(), minutes(60));
        let answered = hold.answer(&secret, &[address(BOSS)], &says(Verdict::Approve), end).await.unwrap();
        assert_eq!(answered, Answered::TooLate { id, state: State::Pending });
        let told = outbox(&store).await.into_iter().filter(|letter| letter.to == [BOSS]);
        assert_eq!(told.filter(|letter| letter.text.contains("Nobody decided")).count(), 1);
    }

    #[tokio::test]
    async fn a_secret_is_nowhere_in_the_database() {
        let (dir, store, _hold, _id) = held().await;
        let secret = secret_of(&store, BOSS).await;
        store.close().await;
        for file in std::fs::read_dir(dir.path()).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            assert!(memchr::memmem::find(&bytes, secret.as_bytes()).is_none());
        }
    }
}
