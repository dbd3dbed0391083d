//! Sending a held mail back to its sender for a change.
//!
//! In: an id, who acts, what is to be changed. Out: a [`Decided`], after one commit as with every decision. The mail is
//! `rejected`, and the record, the notice and the pages say what for: its sender sends another one.
//! Deliberately absent: changing a mail that is held; what is released are the bytes that came.

use jiff::Timestamp;

use super::{
    Hold, HoldError,
    consult::text,
    decide::{Decided, change, heard},
    rounded, telling,
};
use crate::{
    journal::{self, Record, Via},
    mail::Address,
    notice::Outcome,
    store::Change,
};

/// The verdict of whoever sends a mail back for a change, as the store keeps it.
pub(super) const RETURN: &str = "return";

/// The journal's word for that.
pub(super) const SENT_BACK: &str = "sent_back";

impl Hold {
    /// Sends a held mail back to its sender, who is told what to change. It does not go; the same persons may do so.
    pub async fn send_back(
        &self,
        id: &str,
        person: &Address,
        via: Via,
        comment: &str,
        now: Timestamp,
    ) -> Result<Decided, HoldError> {
        let now = rounded(now);
        let (mut writing, mail, held, person) = self.undecided(id, person, now).await?;
        let comment = text(comment, &held)?;
        change(&mut writing, &held, Change::Reject, now).await?;
        let comment = heard(&mut writing, &held, &person, RETURN, via, &comment, now).await?;
        self.catch_drill(&mut writing, (&mail, &held), &person, now).await?;
        let outcome = Outcome::SentBack { by: person.clone(), comment };
        self.tell_outcome(&mut writing, (&mail, &held), &outcome, now).await?;
        let entry = telling::change(&held, SENT_BACK, Some(&person), via);
        journal::append(&mut writing, &[Record::change(held.mail_id, now, entry)]).await?;
        writing.commit().await?;
        Ok(Decided { id: held.id, state: Change::Reject.to() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        hold::{State, fixture::*},
        policy::Action,
        store::Kind,
    };

    #[tokio::test]
    async fn a_mail_sent_back_does_not_go_and_its_sender_reads_what_to_change() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        let id = hold.take(arrival(vec![group(Action::RequireApproval, &[OUTSIDE])])).await.unwrap().0;
        for who in [SENDER, SECURITY, OUTSIDE] {
            hold.send_back(&id, &address(who), Via::Cli, "take out the list", noon()).await.unwrap_err();
        }
        let mute = hold.send_back(&id, &address(BOSS), Via::Cli, " \n ", noon()).await;
        assert!(matches!(mute, Err(HoldError::NoComment { .. })), "what is to be changed?");
        let decided = hold.send_back(&id, &address(BOSS), Via::Cli, "take out the list", noon()).await.unwrap();
        assert_eq!(decided.state, State::Rejected);
        let letters = outbox(&store).await;
        assert!(letters.iter().all(|letter| letter.kind != Kind::Release));
        let told = letters.iter().rfind(|letter| letter.to == [SENDER]).unwrap();
        assert!(
            told.text.contains("take out the list") && told.text.contains("X-Sekisho-Notice: sent_back"),
            "{told:?}"
        );
        let file = hold.show_to(&address(SENDER), &id, noon()).await.unwrap();
        let step = file.history.last().unwrap();
        assert_eq!(
            (step.change.as_str(), step.comment.as_str(), file.sent_back),
            ("sent_back", "take out the list", true)
        );
        let late = hold.approve(&id, &address(VICE), Via::Cli, "", noon()).await;
        assert!(matches!(late, Err(HoldError::Decided { state: State::Rejected, .. })));
        assert_eq!(changes(&store).await, ["mail require_approval", "sent_back"]);
    }
}
