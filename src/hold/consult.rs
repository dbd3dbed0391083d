//! Asking a colleague: somebody of the company who may know, and decides nothing.
//!
//! In: an id, who asks whom what; an opinion. Out: one commit each, with the journal record and the notice that follows. The
//! colleague may see the mail's page, masked as everywhere, from when they are asked until it is decided; never its content.
//! Deliberately absent: any weight of an opinion. Those who decide read it.

use jiff::Timestamp;

use super::{
    Hold, HoldError, State,
    decide::{COMMENT, Decided, mail_of, normal, one},
    rounded, telling,
};
use crate::{
    directory::{Accounts, Role},
    journal::{self, Record, Via},
    mail::Address,
    notice,
    store::{HeldRow, Kind, MailRow, Opinion},
};

/// How many colleagues are asked about one mail: each of them learns of it.
const MOST: usize = 10;

impl Hold {
    /// Asks `colleague` what they think about a held mail. `person` must be somebody who may decide about it now.
    pub async fn ask_colleague(
        &self,
        id: &str,
        person: &Address,
        colleague: &Address,
        question: &str,
        via: Via,
        now: Timestamp,
    ) -> Result<Decided, HoldError> {
        let now = rounded(now);
        let (mut writing, mail, held, person) = self.undecided(id, person, now).await?;
        let question = text(question, &held)?;
        let colleague = self.colleague(&mail, &held, &person, colleague).await?;
        let before = writing.opinions(&held.id).await?;
        let people = self.people();
        if before.len() >= MOST || before.iter().any(|one| people.is_one(&one.person, &colleague)) {
            return Err(HoldError::ColleagueAsked { id: held.id, person: colleague });
        }
        let asked = Opinion { person: colleague, asked_by: person, question, asked_at: now, said: None };
        if !writing.put_question(&held.id, &asked).await? {
            return Err(HoldError::ColleagueAsked { id: held.id, person: asked.person });
        }
        let said = writing.approvals(std::slice::from_ref(&held.id)).await?;
        let story = self.story_so_far(&mail, &held, &said)?;
        let letter = self.letter(&asked.person, None, now);
        let notice = notice::question(&story, self.voice(), &letter, &asked.asked_by, &asked.question);
        self.post(&mut writing, (Some(&mail.id), Some(&held.id)), Kind::Notice, notice, now).await?;
        let mut entry = telling::change(&held, "consulted", Some(&asked.asked_by), via);
        entry.detail = Some(asked.person.canonical());
        journal::append(&mut writing, &[Record::change(mail.id.clone(), now, entry)]).await?;
        writing.commit().await?;
        Ok(Decided { id: held.id, state: held.state })
    }

    /// Keeps what `person`, who was asked, thinks, and tells who asked.
    pub async fn give_opinion(
        &self,
        id: &str,
        person: &Address,
        opinion: &str,
        via: Via,
        now: Timestamp,
    ) -> Result<Decided, HoldError> {
        let now = rounded(now);
        let mut writing = self.store().write().await?;
        let held = one(writing.held_by_prefix(&normal(id)).await?, id)?;
        let mail = mail_of(&mut writing, &held).await?;
        let people = self.people();
        let asked = writing.opinions(&held.id).await?;
        let asked = asked.into_iter().find(|one| one.said.is_none() && people.is_one(&one.person, person));
        let Some(asked) = asked else {
            return Err(HoldError::NotConsulted { id: held.id, person: person.clone() });
        };
        if held.state != State::Pending {
            return Err(HoldError::Decided { id: held.id, state: held.state, since: held.changed_at });
        }
        let opinion = text(opinion, &held)?;
        if !writing.put_opinion(&held.id, &asked.person, &opinion, now).await? {
            return Err(HoldError::NotConsulted { id: held.id, person: person.clone() });
        }
        let said = writing.approvals(std::slice::from_ref(&held.id)).await?;
        let story = self.story_so_far(&mail, &held, &said)?;
        let letter = self.letter(&asked.asked_by, None, now);
        let notice = notice::opinion(&story, self.voice(), &letter, &asked.person, (&asked.question, &opinion));
        self.post(&mut writing, (Some(&mail.id), Some(&held.id)), Kind::Notice, notice, now).await?;
        let entry = telling::change(&held, "opinion", Some(&asked.person), via);
        journal::append(&mut writing, &[Record::change(mail.id.clone(), now, entry)]).await?;
        writing.commit().await?;
        Ok(Decided { id: held.id, state: held.state })
    }

    /// The address under which `colleague` is asked, if they may be: one of the company whom the directory or a list knows,
    /// somebody else than who asks, and nobody who may have had a hand in the mail.
    async fn colleague(
        &self,
        mail: &MailRow,
        held: &HeldRow,
        person: &Address,
        colleague: &Address,
    ) -> Result<Address, HoldError> {
        let people = self.people();
        let known = people.person(colleague).map(|known| known.address.clone());
        let address = known.clone().unwrap_or_else(|| colleague.clone());
        let is_listed = || {
            let lists = self.inner.settings.approvers.iter().chain(&self.inner.settings.security);
            let groups = people.groups().flat_map(|(_, members)| members);
            lists.chain(groups).any(|listed| listed.same_mailbox(colleague))
                || people.with_role(Role::Security).any(|listed| listed.same_mailbox(colleague))
        };
        let ours = self.inner.organization.is_internal(&address);
        let other = !people.is_one(person, colleague) && !self.may_be_own(mail, colleague);
        let has_account = || async {
            let account = self.store().account(colleague).await;
            account.is_ok_and(|account| account.is_some_and(|account| !account.disabled))
        };
        if ours && other && (known.is_some() || is_listed() || has_account().await) {
            return Ok(address);
        }
        Err(HoldError::NotAColleague { id: held.id.clone(), person: colleague.clone() })
    }
}

/// What somebody wrote, as much of it as is kept; it must be something.
pub(super) fn text(text: &str, held: &HeldRow) -> Result<String, HoldError> {
    let text: String = text.trim().chars().take(COMMENT).collect();
    if text.is_empty() { Err(HoldError::NoComment { id: held.id.clone() }) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{
        directory::{People, Person},
        hold::fixture::*,
        policy::Action,
        store::Store,
    };

    const LAWYER: &str = "lawyer@example.co.jp";

    async fn company() -> (tempfile::TempDir, Store, Hold, String) {
        let dir = tempfile::tempdir().unwrap();
        let mut lawyer = Person::new(address(LAWYER));
        lawyer.aliases = vec![address("legal@example.co.jp")];
        let mut taro = Person::new(address(SENDER));
        taro.aliases = vec![address("t.yamada@example.co.jp")];
        let outsider = Person::new(address("advisor@law.example.net"));
        let people = People::new(vec![lawyer, taro, outsider], BTreeMap::new());
        let (store, hold) = hold_with(dir.path(), settings(), people).await;
        let id = hold.take(arrival(vec![group(Action::RequireApproval, &[OUTSIDE])])).await.unwrap().0;
        (dir, store, hold, id)
    }

    #[tokio::test]
    async fn a_colleague_sees_the_page_from_the_question_to_the_decision_and_never_the_content() {
        let (_dir, store, hold, id) = company().await;
        let (boss, lawyer) = (address(BOSS), address(LAWYER));
        assert!(matches!(hold.show_to(&lawyer, &id, noon()).await, Err(HoldError::Unknown(_))));
        // Asked under an alias, told under the name that the directory has.
        let alias = address("Legal@example.co.jp");
        hold.ask_colleague(&id, &boss, &alias, "May they have these?", Via::Console, noon()).await.unwrap();
        let told = outbox(&store).await.into_iter().rfind(|letter| letter.to == [LAWYER]).unwrap();
        assert!(told.text.contains("May they have these?") && !told.text.contains("secret words"), "{}", told.text);
        let file = hold.show_to(&lawyer, &id, noon()).await.unwrap();
        assert!(file.may_give_opinion && !file.may_decide && !file.may_view && !file.may_withdraw);
        let content = hold.original(&id, &lawyer, Via::Console, noon()).await;
        assert!(matches!(content, Err(HoldError::NotForYou { .. })));
        let decided = hold.approve(&id, &lawyer, Via::Console, "", noon()).await;
        assert!(matches!(decided, Err(HoldError::NotADecider { .. })), "an opinion is no decision");

        hold.give_opinion(&id, &lawyer, "The contract allows it.", Via::Console, noon()).await.unwrap();
        let told = outbox(&store).await.into_iter().rfind(|letter| letter.to == [BOSS]).unwrap();
        assert!(told.text.contains("The contract allows it.") && told.text.contains(LAWYER), "{}", told.text);
        let file = hold.show_to(&boss, &id, noon()).await.unwrap();
        let steps: Vec<_> =
            file.history.iter().map(|s| (s.change.as_str(), s.about.as_str(), s.comment.as_str())).collect();
        assert_eq!(steps, [("consulted", LAWYER, "May they have these?"), ("opinion", "", "The contract allows it.")]);
        let twice = hold.give_opinion(&id, &lawyer, "And more.", Via::Console, noon()).await;
        assert!(matches!(twice, Err(HoldError::NotConsulted { .. })));

        hold.reject(&id, &boss, Via::Console, "", noon()).await.unwrap();
        assert!(matches!(hold.show_to(&lawyer, &id, noon()).await, Err(HoldError::Unknown(_))), "access has ended");
        assert_eq!(changes(&store).await, ["mail require_approval", "consulted", "opinion", "rejected"]);
    }

    #[tokio::test]
    async fn only_somebody_of_the_company_who_had_no_hand_in_it_is_asked_and_only_once() {
        let (_dir, store, hold, id) = company().await;
        let ask = |who: &'static str, whom: &'static str, what: &'static str| {
            let (hold, id) = (hold.clone(), id.clone());
            async move { hold.ask_colleague(&id, &address(who), &address(whom), what, Via::Console, noon()).await }
        };
        for (whom, why) in [
            (SENDER, "the sender"),
            ("t.yamada@example.co.jp", "the sender by another name"),
            ("nobody@example.co.jp", "nobody knows them"),
            ("advisor@law.example.net", "outside, though the directory knows them"),
            (OUTSIDE, "a recipient"),
            (BOSS, "oneself"),
        ] {
            let refused = ask(BOSS, whom, "well?").await;
            assert!(matches!(refused, Err(HoldError::NotAColleague { .. })), "{why}");
        }
        assert!(matches!(ask(SENDER, LAWYER, "well?").await, Err(HoldError::OwnMail { .. })));
        assert!(matches!(ask(LAWYER, VICE, "well?").await, Err(HoldError::NotADecider { .. })));
        assert!(matches!(ask(BOSS, LAWYER, " \n").await, Err(HoldError::NoComment { .. })));
        ask(BOSS, SECURITY, "listed, not in the directory").await.unwrap();
        ask(BOSS, LAWYER, "well?").await.unwrap();
        assert!(matches!(ask(VICE, "legal@example.co.jp", "well?").await, Err(HoldError::ColleagueAsked { .. })));
        assert_eq!(changes(&store).await, ["mail require_approval", "consulted", "consulted"]);
        hold.approve(&id, &address(BOSS), Via::Console, "", noon()).await.unwrap();
        assert!(matches!(ask(VICE, LAWYER, "well?").await, Err(HoldError::Decided { .. })));
        let late = hold.give_opinion(&id, &address(LAWYER), "No.", Via::Console, noon()).await;
        assert!(matches!(late, Err(HoldError::Decided { .. })));
    }
}
