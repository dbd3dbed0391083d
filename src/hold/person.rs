//! The hold as one person may see it: what the console shows.
//!
//! In: who asks. Out: a [`File`], with what that person may do, and [`Line`]s (`queue`); what is not theirs does not exist
//! for them. A mail is for its sender, for those who may decide about it, for the security team, and, while it waits, for
//! colleagues who were asked about it. What those ask each other its sender does not read.
//! Deliberately absent: pages, and the proof that the person is who they say.

use jiff::{SignedDuration, Timestamp};

use super::{
    Hold, HoldError, State, asking,
    cause::Cause,
    decide::{normal, one},
    drill::DRILL,
    new_id, rounded,
    send_back::{RETURN, SENT_BACK},
    show::HeldSummary,
    telling,
};
use crate::{
    directory::Role,
    journal::{self, Access, Accessed, Record, Via, What},
    mail::Address,
    notice::Story,
    store::{Approval, HeldRow, MailRow, Opinion},
};

/// One held mail in a person's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// As everybody sees it.
    pub summary: HeldSummary,
    /// Whether this person may approve and reject it now.
    pub may_decide: bool,
    /// Whether this person may take it back now.
    pub may_withdraw: bool,
    /// How long until its deadline, if it waits; less than nothing if that is over.
    pub left: Option<SignedDuration>,
    /// Why it is held.
    pub cause: Cause,
}

/// One held mail before a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Everything that may be told.
    pub story: Story,
    /// Where it stands.
    pub state: State,
    /// What happened to it, in order.
    pub history: Vec<Step>,
    /// Whether this person may approve and reject it now.
    pub may_decide: bool,
    /// Whether this person may take it back now.
    pub may_withdraw: bool,
    /// Whether this person may let it go alone now.
    pub may_release_alone: bool,
    /// Whether this person may have others asked as well now.
    pub may_ask_others: bool,
    /// How many have said yes on the present level, and how many must.
    pub tally: (u8, u8),
    /// Why its sender says that it should go; may be empty.
    pub reason: String,
    /// Whether this person may look at its content.
    pub may_view: bool,
    /// Whether this person may ask a colleague about it now.
    pub may_ask_colleague: bool,
    /// Whether this person was asked what they think, and has not said it.
    pub may_give_opinion: bool,
    /// Which colleagues were asked, and what they think; nothing for whoever sees it only as its sender.
    pub opinions: Vec<Opinion>,
    /// Whether it was rejected to be changed.
    pub sent_back: bool,
}

/// One thing that happened to a held mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// When.
    pub at: Timestamp,
    /// Who; nobody if it happened by itself.
    pub by: Option<Address>,
    /// What, in the journal's words: the new state, or `viewed`, `retried`, `refused`, `unasked`, `consulted`, `opinion`.
    pub change: String,
    /// What they wrote.
    pub comment: String,
    /// What it was about, where the change alone does not say it: which place of the mail was looked at, who was
    /// asked.
    pub about: String,
}

impl Hold {
    /// The held mail `id` (or its unambiguous beginning), if `who` may see it.
    pub async fn show_to(&self, who: &Address, id: &str, now: Timestamp) -> Result<File, HoldError> {
        let held = one(self.store().held_by_prefix(&normal(id)).await?, id)?;
        let mail = self.store().mail(&held.mail_id).await?;
        let mail = mail.ok_or_else(|| HoldError::Row(format!("{} belongs to no mail", held.id)))?;
        let said = self.store().approvals(std::slice::from_ref(&held.id)).await?;
        let rights = self.rights(who, &mail, &held, &said, now)?;
        let (opinions, people) = (self.store().opinions(&held.id).await?, self.people());
        let pending = held.state == State::Pending;
        let asked: Vec<&Opinion> = opinions.iter().filter(|one| pending && people.is_one(&one.person, who)).collect();
        if !rights.see && asked.is_empty() {
            return Err(HoldError::Unknown(id.to_owned()));
        }
        let may_give_opinion = asked.iter().any(|one| one.said.is_none());
        // An opinion is for those who decide and those who watch over them, so that it can be frank.
        let opinions = if rights.judge || !asked.is_empty() { opinions } else { Vec::new() };
        Ok(File {
            story: self.story_so_far(&mail, &held, &said)?,
            state: held.state,
            history: self.history(&held, &opinions).await?,
            may_decide: rights.decide,
            may_withdraw: rights.withdraw,
            may_release_alone: rights.release_alone,
            may_ask_others: rights.ask_others,
            tally: asking::tally(&held, &telling::orders(&held)?, &said),
            reason: held.reason.clone(),
            may_view: self.may_view(&mail, &held, &said, who, now)?,
            may_ask_colleague: rights.decide && held.expires_at > now,
            may_give_opinion,
            sent_back: said.iter().any(|one| one.verdict == RETURN),
            opinions,
        })
    }

    /// Writes into the journal how somebody came into the console, or tried to.
    pub async fn note_access(
        &self,
        who: &Address,
        access: Access,
        place: &str,
        via: Via,
        now: Timestamp,
    ) -> Result<(), HoldError> {
        let accessed = Accessed { who: who.canonical(), access, via, place: place.to_owned() };
        let mut writing = self.store().write().await?;
        journal::append(&mut writing, &[Record::access(new_id(), rounded(now), accessed)]).await?;
        Ok(writing.commit().await?)
    }

    /// What happened to `held`, from the journal, with the comments that the journal does not keep.
    async fn history(&self, held: &HeldRow, opinions: &[Opinion]) -> Result<Vec<Step>, HoldError> {
        let approvals = self.store().approvals(std::slice::from_ref(&held.id)).await?;
        let rows = self.store().journal_of(&held.mail_id.0).await?;
        let mut steps = Vec::new();
        for row in rows {
            let record: Record = telling::parse(&row.record)?;
            let What::Change(change) = record.what else { continue };
            // That it is a drill nobody learns before it is decided.
            let tells = change.change == DRILL && held.state == State::Pending;
            if change.held != held.id || tells {
                continue;
            }
            let by = change.by.as_ref();
            let comment = match change.change.as_str() {
                "agreed" | "approved" | "rejected" | SENT_BACK => {
                    approvals.iter().find(|one| Some(&one.person) == by).map(|one: &Approval| one.comment.clone())
                }
                "consulted" => {
                    let asked = opinions.iter().find(|one| Some(one.person.canonical()) == change.detail);
                    asked.map(|one| one.question.clone())
                }
                "opinion" => {
                    let said = opinions.iter().find(|one| Some(&one.person.canonical()) == by);
                    said.and_then(|one| Some(one.said.as_ref()?.0.clone()))
                }
                _ => None,
            };
            let about = change.detail.filter(|_| matches!(change.change.as_str(), "viewed" | "consulted"));
            steps.push(Step {
                at: record.at,
                about: about.unwrap_or_default(),
                by: change.by.and_then(|by| Address::parse(&by).ok()),
                comment: comment.unwrap_or_default(),
                change: change.change,
            });
        }
        Ok(steps)
    }

    pub(super) fn rights(
        &self,
        who: &Address,
        mail: &MailRow,
        held: &HeldRow,
        said: &[Approval],
        now: Timestamp,
    ) -> Result<Rights, HoldError> {
        let deciders = self.deciders(mail, held, said, now)?;
        let people = self.people();
        let is = |list: &[Address]| list.iter().any(|person| people.is_one(person, who));
        let decider = is(&deciders);
        let auditor = people.has_role(who, Role::Auditor);
        let asked = held.asked.iter().any(|asked| people.is_one(&asked.person, who));
        let judge = decider || asked || auditor || is(&self.security());
        let own = self.is_own(mail, who);
        let open = held.state == State::Pending;
        let waits = open && held.release_at.is_none();
        Ok(Rights {
            see: judge || own,
            judge,
            own,
            decide: decider && open,
            withdraw: own && open,
            release_alone: own && waits && telling::orders(held)?.self_release,
            ask_others: own && waits && !held.escalated,
        })
    }
}

pub(super) struct Rights {
    pub(super) see: bool,
    /// Whether the person sees it as somebody who decides or decided about it, or watches over those who do.
    judge: bool,
    /// Whether it is the person's own.
    pub(super) own: bool,
    pub(super) decide: bool,
    pub(super) withdraw: bool,
    release_alone: bool,
    ask_others: bool,
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::{
        directory::{People, Person},
        hold::{Part, Wish, fixture::*},
        journal::Via,
        policy::Action,
    };

    #[tokio::test]
    async fn a_file_is_for_those_whom_it_concerns_and_tells_what_happened() {
        let dir = tempfile::tempdir().unwrap();
        let (_, hold) = hold_in(dir.path(), settings()).await;
        let id = hold.take(arrival(vec![group(Action::RequireApproval, &[OUTSIDE])])).await.unwrap().0;
        let error = hold.show_to(&address("eve@example.co.jp"), &id, noon()).await.unwrap_err();
        assert!(matches!(error, HoldError::Unknown(_)), "{error}");

        hold.original(&id, &address(VICE), Via::Console, noon()).await.unwrap();
        hold.approve(&id, &address(BOSS), Via::Console, "checked", noon()).await.unwrap();
        let file = hold.show_to(&address(SENDER), &id, noon()).await.unwrap();
        assert_eq!((file.state, file.may_decide, file.may_withdraw), (State::Approved, false, false));
        let steps: Vec<_> = file.history.iter().map(|s| (s.change.as_str(), s.comment.as_str())).collect();
        assert_eq!(steps, [("viewed", ""), ("approved", "checked")]);
        assert_eq!(file.history[1].by, Some(address(BOSS)));
    }

    #[tokio::test]
    async fn its_sender_reads_no_question_to_a_colleague_and_no_opinion() {
        let dir = tempfile::tempdir().unwrap();
        let (lawyer, auditor) = ("lawyer@example.co.jp", "auditor@example.co.jp");
        let mut watching = Person::new(address(auditor));
        watching.roles = BTreeSet::from([Role::Auditor]);
        let people = People::new(vec![watching, Person::new(address(lawyer))], BTreeMap::new());
        let (_store, hold) = hold_with(dir.path(), settings(), people).await;
        let id = hold.take(arrival(vec![group(Action::RequireApproval, &[OUTSIDE])])).await.unwrap().0;
        hold.ask_colleague(&id, &address(BOSS), &address(lawyer), "May he?", Via::Console, noon()).await.unwrap();
        hold.give_opinion(&id, &address(lawyer), "He may not.", Via::Console, noon()).await.unwrap();
        for (who, reads) in
            [(SENDER, false), (BOSS, true), (VICE, true), (SECURITY, true), (auditor, true), (lawyer, true)]
        {
            let file = hold.show_to(&address(who), &id, noon()).await.unwrap();
            assert_eq!(file.opinions.len(), usize::from(reads), "{who}");
            let steps: Vec<_> = file.history.iter().map(|s| (s.change.as_str(), s.comment.as_str())).collect();
            let (question, opinion) = if reads { ("May he?", "He may not.") } else { ("", "") };
            assert_eq!(steps, [("consulted", question), ("opinion", opinion)], "{who}");
        }
        hold.reject(&id, &address(BOSS), Via::Console, "not these", noon()).await.unwrap();
        for (who, reads) in [(SENDER, false), (BOSS, true)] {
            let file = hold.show_to(&address(who), &id, noon()).await.unwrap();
            assert_eq!(file.opinions.len(), usize::from(reads), "{who} after the decision");
            assert_eq!(file.history.last().unwrap().comment, "not these", "what the decider says is for all: {who}");
        }
    }

    #[tokio::test]
    async fn a_sender_opens_their_mail_by_any_address_that_is_written_down_as_theirs() {
        let dir = tempfile::tempdir().unwrap();
        let main = address("t.yamada@example.co.jp");
        let mut taro = Person::new(main.clone());
        taro.aliases = vec![address(SENDER)];
        let (_store, hold) = hold_with(dir.path(), settings(), People::new(vec![taro], BTreeMap::new())).await;
        let id = hold.take(arrival(vec![group(Action::RequireApproval, &[OUTSIDE])])).await.unwrap().0;
        let file = hold.show_to(&main, &id, noon()).await.unwrap();
        assert!(file.may_view && !file.may_decide);
        let wish = Wish { part: Part::Own, ..Wish::default() };
        for (who, lines) in [(&main, 1), (&address(SENDER), 1), (&address("t.yamada+x@example.co.jp"), 0)] {
            assert_eq!(hold.leaf(who, &wish, noon()).await.unwrap().lines.len(), lines, "{who}");
        }
        let like = hold.show_to(&address("t.yamada+x@example.co.jp"), &id, noon()).await;
        assert!(matches!(like, Err(HoldError::Unknown(_))), "{like:?}");
        let decided = hold.approve(&id, &main, Via::Console, "", noon()).await;
        assert!(matches!(decided, Err(HoldError::OwnMail { .. })), "{decided:?}");
    }
}
