//! Drills: a mail of our own making that is to be decided like any other, to see whether anyone looks.
//!
//! In: an [`Arrival`] that nobody sent, who ordered it. Out: a held mail about which those who decide are asked as ever, until
//! one of them does; that person is then told that it was a drill. It never leaves: whoever says yes ends it, and the schema
//! refuses to bring it out. Deliberately absent: its text and how it is judged (`pipeline`); a record as of a mail, for none
//! was sent; reproach.

use jiff::Timestamp;

use super::{Arrival, Hold, HoldError, asking::YES, decide::heard, rounded, telling};
use crate::{
    journal::{self, Record, Via},
    mail::{Address, MailId},
    notice,
    store::{Change, HeldRow, Kind, MailRow, State, Writing},
};

/// What the journal calls a drill when it begins, and when somebody let it pass.
pub(super) const DRILL: &str = "drill";
const PASSED: &str = "drill_passed";

/// From where a drill came, in the place of a client's address; no client is called so.
pub const PEER: &str = "drill";

/// Whose mail it is for those who are asked. A drill has no sender, so that nobody is told of it; who is asked goes by its
/// invented author.
pub(super) fn or_drilled<'a>(sender: Option<&'a Address>, peer: &str, authors: &'a [Address]) -> Option<&'a Address> {
    sender.or_else(|| authors.first().filter(|_| peer == PEER))
}

impl Hold {
    /// Holds a mail that nobody sent, and asks those who decide.
    pub async fn drill(&self, arrival: Arrival, by: &Address) -> Result<MailId, HoldError> {
        let at = rounded(arrival.at);
        let sealed = self.store().seal(&arrival.id.0, arrival.message.shared()).await?;
        let key = arrival.retry_key().await?;
        let mail = super::arrival::mail_row(&arrival, at, key)?;
        let held = self.held_rows(&arrival, at)?;
        let mut writing = self.store().write().await?;
        writing.put_mail(&mail).await?;
        writing.put_sealed(sealed).await?;
        writing.mark_drill(&mail.id, by, at).await?;
        for row in &held {
            writing.put_held(row).await?;
            self.tell_about(&mut writing, &mail, row, &arrival.message).await?;
            let entry = telling::change(row, DRILL, Some(by), Via::Console);
            journal::append(&mut writing, &[Record::change(mail.id.clone(), at, entry)]).await?;
        }
        writing.commit().await?;
        Ok(arrival.id)
    }

    /// Somebody said yes to a drill: it ends here.
    pub(super) async fn pass_drill(
        &self,
        mut writing: Writing,
        (mail, held): (MailRow, HeldRow),
        (person, via): (&Address, Via),
        comment: &str,
        now: Timestamp,
    ) -> Result<super::Decided, HoldError> {
        heard(&mut writing, &held, person, YES, via, comment, now).await?;
        super::decide::change(&mut writing, &held, Change::Withdraw, now).await?;
        let entry = telling::change(&held, PASSED, Some(person), via);
        journal::append(&mut writing, &[Record::change(mail.id.clone(), now, entry)]).await?;
        self.end_drill(&mut writing, (&mail, &held), person, false, now).await?;
        writing.commit().await?;
        Ok(super::Decided { id: held.id, state: State::Withdrawn })
    }

    /// Somebody said no to a mail: if it is a drill, they caught it.
    pub(super) async fn catch_drill(
        &self,
        writing: &mut Writing,
        (mail, held): (&MailRow, &HeldRow),
        person: &Address,
        now: Timestamp,
    ) -> Result<(), HoldError> {
        if writing.is_drill(&mail.id).await? {
            self.end_drill(writing, (mail, held), person, true, now).await?;
        }
        Ok(())
    }

    /// Notes how a drill ended, and tells whoever ended it.
    async fn end_drill(
        &self,
        writing: &mut Writing,
        (mail, held): (&MailRow, &HeldRow),
        person: &Address,
        caught: bool,
        now: Timestamp,
    ) -> Result<(), HoldError> {
        writing.end_drill(&mail.id, &person.canonical(), caught).await?;
        let story = telling::story(mail, held)?;
        let notice = notice::drill(&story, self.voice(), &self.letter(person, None, now), caught);
        self.post(writing, (Some(&mail.id), Some(&held.id)), Kind::Notice, notice, now).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{hold::fixture::*, policy::Action, store::Store};

    async fn drilled() -> (tempfile::TempDir, Store, Hold, MailId) {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        let mut mail = arrival(vec![group(Action::RequireApproval, &[OUTSIDE])]);
        mail.envelope.sender = None;
        mail.peer = PEER.to_owned();
        let id = hold.drill(mail, &address(SECURITY)).await.unwrap();
        (dir, store, hold, id)
    }

    #[tokio::test]
    async fn a_drill_is_asked_about_like_any_mail_and_a_yes_lets_nothing_out() {
        let (_dir, store, hold, id) = drilled().await;
        let asked = outbox(&store).await;
        assert!(asked.iter().any(|letter| letter.to == [BOSS]) && asked.iter().all(|letter| letter.to != [SENDER]));
        let file = hold.show_to(&address(BOSS), &id.0, noon()).await.unwrap();
        assert_eq!(file.story.sender, Some(address(SENDER)), "it looks as if somebody had sent it");
        assert!(file.history.is_empty(), "nobody learns beforehand what it is: {:?}", file.history);
        let decided = hold.approve(&id.0, &address(BOSS), Via::Console, "", noon()).await.unwrap();
        assert_eq!(decided.state, State::Withdrawn);
        assert_eq!(hold.show_to(&address(BOSS), &id.0, noon()).await.unwrap().history.len(), 2);
        assert_eq!(store.releases_of(&id).await, 0);
        assert_eq!(changes(&store).await, ["drill", "drill_passed"]);
        let boss = address(BOSS).canonical();
        assert_eq!(store.drills_since(noon()).await.unwrap(), [(boss.clone(), 0, 1)]);
        let told = outbox(&store).await.into_iter().filter(|letter| letter.to == [BOSS]).count();
        assert_eq!(told, 2, "the request, and that it was a drill");
        assert!(hold.approving(noon()).await.unwrap().iter().all(|one| one.decided == 0), "it is no decision");
        let again = hold.approve(&id.0, &address(VICE), Via::Console, "", noon()).await;
        assert!(matches!(again, Err(HoldError::Decided { .. })), "{again:?}");
    }

    #[tokio::test]
    async fn whoever_rejects_a_drill_has_caught_it() {
        let (_dir, store, hold, id) = drilled().await;
        let (_dir, _, other, another) = drilled().await;
        let decided = other.send_back(&another.0, &address(BOSS), Via::Console, "which list?", noon()).await.unwrap();
        assert_eq!(decided.state, State::Rejected);
        assert_eq!(other.approving(noon()).await.unwrap().iter().map(|one| one.caught).sum::<u32>(), 1);
        let decided = hold.reject(&id.0, &address(BOSS), Via::Reply, "why so many?", noon()).await.unwrap();
        assert_eq!(decided.state, State::Rejected);
        assert_eq!(store.drills_since(noon()).await.unwrap(), [(address(BOSS).canonical(), 1, 0)]);
        let one = hold.approving(noon()).await.unwrap();
        let one = one.iter().find(|one| one.person == BOSS).unwrap();
        assert_eq!((one.caught, one.passed), (1, 0));
    }

    #[tokio::test]
    async fn the_schema_itself_lets_no_drill_out() {
        let (_dir, store, hold, id) = drilled().await;
        let held = store.held_by_prefix(&id.0).await.unwrap().remove(0);
        let mail = store.mail(&held.mail_id).await.unwrap().unwrap();
        let mut writing = store.write().await.unwrap();
        let out = super::super::outgoing::release_of(&mail, &held.id, &held.rcpt_to, noon());
        let refused = writing.put_outbox(&out).await.unwrap_err().to_string();
        assert!(refused.contains("a drill never leaves"), "{refused}");
        drop(writing);
        let (_, other) = (hold, store.releases_of(&id).await);
        assert_eq!(other, 0);
    }
}
