//! What people decide about a held mail.
//!
//! In: an id or its unambiguous beginning, who acts, from where, and what they say. Out: a [`Decided`], after one commit
//! that holds the new state, the person's word, the mails that follow from it and the journal record.
//! Deliberately absent: proof that the person is who they say (the caller's), and what the sender may do (`sender`).

use jiff::Timestamp;

use super::{
    Hold, HoldError,
    asking::{self, YES},
    due::original_of,
    outgoing, rounded, telling,
};
use crate::{
    journal::{self, Record, Via},
    mail::{Address, MailId},
    notice::{self, Outcome},
    store::{Approval, Change, HeldRow, MailRow, State, Writing},
};

/// The longest comment that is kept, in characters.
pub(super) const COMMENT: usize = 2000;

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// The whole id.
    pub id: MailId,
    /// Where the mail stands now.
    pub state: State,
}

/// From where somebody says yes, and how sure it is that it is they.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hand {
    /// From where.
    pub via: Via,
    /// Whether they showed a second factor.
    pub two_factors: bool,
}

impl From<Via> for Hand {
    /// Whoever may use the command line has the machine; all others showed one factor until somebody says more.
    fn from(via: Via) -> Self {
        Self { via, two_factors: via == Via::Cli }
    }
}

impl Hold {
    /// Says yes to a held mail. `person` must be among those who may decide, and is never its sender. When as many as
    /// policy wants have said so, on every level of its route, it goes; until then it stays pending.
    pub async fn approve(
        &self,
        id: &str,
        person: &Address,
        hand: impl Into<Hand>,
        comment: &str,
        now: Timestamp,
    ) -> Result<Decided, HoldError> {
        let (now, Hand { via, two_factors }) = (rounded(now), hand.into());
        let (mut writing, mail, mut held, person) = self.undecided(id, person, now).await?;
        if !two_factors && telling::orders(&held)?.second_factor {
            return Err(HoldError::NeedsFactor { id: held.id });
        }
        let person = &person;
        if writing.is_drill(&mail.id).await? {
            return self.pass_drill(writing, (mail, held), (person, via), comment, now).await;
        }
        let comment = heard(&mut writing, &held, person, YES, via, comment, now).await?;
        let (orders, said) = (telling::orders(&held)?, writing.approvals(std::slice::from_ref(&held.id)).await?);
        let (given, needed) = asking::tally(&held, &orders, &said);
        let last_level = usize::from(held.level) + 1 >= orders.levels.len();
        if given >= needed && last_level {
            change(&mut writing, &held, Change::Approve, now).await?;
            writing.put_outbox(&outgoing::release_of(&mail, &held.id, &held.rcpt_to, now)).await?;
            let comments: Vec<&str> = said.iter().map(|one| one.comment.as_str()).filter(|c| !c.is_empty()).collect();
            let by = said.iter().filter_map(|one| Address::parse(&one.person).ok()).collect();
            let comment = if said.len() > 1 { comments.join("\n") } else { comment };
            self.tell_outcome(&mut writing, (&mail, &held), &Outcome::Released { by, comment }, now).await?;
            return conclude(writing, held, Change::Approve, Some(person), via, now).await;
        }
        let mut entry = telling::change(&held, "agreed", Some(person), via);
        entry.detail = Some(format!("{given} of {needed} on level {} of {}", held.level + 1, orders.levels.len()));
        journal::append(&mut writing, &[Record::change(mail.id.clone(), now, entry)]).await?;
        if given >= needed {
            self.next_level(&mut writing, (&mail, &mut held), &said, now).await?;
        }
        let story = self.story_so_far(&mail, &held, &said)?;
        let say = |letter: &notice::Letter<'_>| notice::level_passed(&story, self.voice(), letter);
        self.tell_sender(&mut writing, (&mail, &held), say, now).await?;
        writing.commit().await?;
        Ok(Decided { id: held.id, state: held.state })
    }

    /// Asks those on the next level, where nobody counts who has been heard.
    async fn next_level(
        &self,
        writing: &mut Writing,
        (mail, held): (&MailRow, &mut HeldRow),
        said: &[Approval],
        now: Timestamp,
    ) -> Result<(), HoldError> {
        if !writing.raise_level(&held.id, held.level).await? {
            return Err(HoldError::Decided { id: held.id.clone(), state: held.state, since: held.changed_at });
        }
        held.level += 1;
        // Whoever was asked as well on the level before stands in for nobody on this one.
        held.escalated = false;
        let panel = self.panel(mail, held, said, now)?;
        let original = original_of(self.store(), mail).await?;
        let asked = self.seat(writing, held, panel).await?;
        self.request(writing, (mail, held), &asked, original.as_ref(), now).await?;
        self.tell_nobody_found(writing, (mail, held), said, now).await
    }

    /// Keeps a held mail from going. The same persons may do so.
    pub async fn reject(
        &self,
        id: &str,
        person: &Address,
        via: Via,
        comment: &str,
        now: Timestamp,
    ) -> Result<Decided, HoldError> {
        let now = rounded(now);
        let (mut writing, mail, held, person) = self.undecided(id, person, now).await?;
        let person = &person;
        change(&mut writing, &held, Change::Reject, now).await?;
        let comment = heard(&mut writing, &held, person, "reject", via, comment, now).await?;
        self.catch_drill(&mut writing, (&mail, &held), person, now).await?;
        let outcome = Outcome::Rejected { by: person.clone(), comment };
        self.tell_outcome(&mut writing, (&mail, &held), &outcome, now).await?;
        conclude(writing, held, Change::Reject, Some(person), via, now).await
    }

    /// The held mail `id`, about which `person` may decide now, and the address under which they were asked: a person
    /// decides from any of theirs.
    pub(super) async fn undecided(
        &self,
        id: &str,
        person: &Address,
        now: Timestamp,
    ) -> Result<(Writing, MailRow, HeldRow, Address), HoldError> {
        let mut writing = self.store().write().await?;
        let held = one(writing.held_by_prefix(&normal(id)).await?, id)?;
        let mail = mail_of(&mut writing, &held).await?;
        if self.may_be_own(&mail, person) {
            return Err(HoldError::OwnMail { id: held.id, person: person.clone() });
        }
        let said = writing.approvals(std::slice::from_ref(&held.id)).await?;
        if held.state == State::Pending && self.has_spoken(&said, person) {
            return Err(HoldError::Heard { id: held.id, person: person.clone() });
        }
        let (deciders, people) = (self.deciders(&mail, &held, &said, now)?, self.people());
        let seat = deciders.iter().find(|decider| people.is_one(decider, person)).cloned();
        if seat.is_none() {
            // On a mail that is decided, whoever was asked is told how; a stranger is told nothing.
            let asked = held.asked.iter().any(|asked| people.is_one(&asked.person, person));
            if held.state == State::Pending || !asked {
                return Err(HoldError::NotADecider { id: held.id, person: person.clone(), deciders });
            }
        }
        if held.state != State::Pending {
            return Err(HoldError::Decided { id: held.id, state: held.state, since: held.changed_at });
        }
        if held.expires_at <= now {
            return Err(HoldError::TooLate { id: held.id, deadline: held.expires_at });
        }
        Ok((writing, mail, held, seat.unwrap_or_else(|| person.clone())))
    }

    /// Whether `person` sent it, from whatever address is written down as theirs, and so may see it.
    pub(super) fn is_own(&self, mail: &MailRow, person: &Address) -> bool {
        let people = self.people();
        mail.sender.iter().chain(mail.authors.first()).any(|own| people.is_one(own, person))
    }

    /// Whether `person` may have had a hand in it, and so never decides about it.
    pub(super) fn may_be_own(&self, mail: &MailRow, person: &Address) -> bool {
        let people = self.people();
        mail.sender.iter().chain(&mail.authors).any(|own| people.same(own, person))
    }
}

/// The one held mail of `found`, which were looked up by `id`.
pub(super) fn one(found: Vec<HeldRow>, id: &str) -> Result<HeldRow, HoldError> {
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (Some(held), None) => Ok(held),
        // A whole id is not the beginning of another one: all have the same length.
        (Some(_), Some(_)) => Err(HoldError::Ambiguous(id.to_owned())),
        (None, _) => Err(HoldError::Unknown(id.to_owned())),
    }
}

/// An id as people may type it.
pub(super) fn normal(id: &str) -> String {
    id.trim().to_ascii_uppercase()
}

/// The mail that is held.
pub(super) async fn mail_of(writing: &mut Writing, held: &HeldRow) -> Result<MailRow, HoldError> {
    let mail = writing.mail(&held.mail_id).await?;
    mail.ok_or_else(|| HoldError::Row(format!("{} belongs to no mail", held.id)))
}

/// Changes the state, or says that it was changed before.
pub(super) async fn change(
    writing: &mut Writing,
    held: &HeldRow,
    change: Change,
    now: Timestamp,
) -> Result<(), HoldError> {
    if writing.change_held(&held.id, change, now).await? {
        return Ok(());
    }
    Err(HoldError::Decided { id: held.id.clone(), state: held.state, since: held.changed_at })
}

/// Writes down what changed, and commits.
pub(super) async fn conclude(
    mut writing: Writing,
    held: HeldRow,
    change: Change,
    by: Option<&Address>,
    via: Via,
    now: Timestamp,
) -> Result<Decided, HoldError> {
    let entry = telling::change(&held, change.to().name(), by, via);
    journal::append(&mut writing, &[Record::change(held.mail_id, now, entry)]).await?;
    writing.commit().await?;
    Ok(Decided { id: held.id, state: change.to() })
}

/// Keeps what a person said, and gives back as much of the comment as is kept.
pub(super) async fn heard(
    writing: &mut Writing,
    held: &HeldRow,
    person: &Address,
    verdict: &str,
    via: Via,
    comment: &str,
    at: Timestamp,
) -> Result<String, HoldError> {
    let comment: String = comment.chars().take(COMMENT).collect();
    let approval = Approval {
        held_id: held.id.clone(),
        person: person.canonical(),
        verdict: verdict.to_owned(),
        comment: comment.clone(),
        via: via.name().to_owned(),
        level: held.level,
        at,
    };
    if writing.put_approval(&approval).await? {
        return Ok(comment);
    }
    Err(HoldError::Heard { id: held.id.clone(), person: person.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        hold::{Settings, fixture::*, later},
        policy::Action,
        store::Kind,
    };

    async fn held(hold: &Hold, action: Action) -> String {
        hold.take(arrival(vec![group(action, &[OUTSIDE])])).await.unwrap().0
    }

    #[tokio::test]
    async fn an_approval_releases_the_mail_and_tells_its_sender() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        let id = held(&hold, Action::RequireApproval).await;
        let short = id[..20].to_lowercase();
        let decided =
            hold.approve(&short, &address("Boss@EXAMPLE.co.jp"), Via::Cli, "ok, checked", noon()).await.unwrap();
        assert_eq!((decided.id.0.as_str(), decided.state), (id.as_str(), State::Approved));
        let letters = outbox(&store).await;
        let release: Vec<_> = letters.iter().filter(|letter| letter.kind == Kind::Release).collect();
        assert_eq!((release.len(), release[0].text.as_bytes(), release[0].to[0].as_str()), (1, BYTES, OUTSIDE));
        let outcome = letters.last().unwrap();
        assert!(
            letters.iter().any(|l| l.kind == Kind::Notice && l.to == [SENDER] && l.text.contains(BOSS)),
            "{outcome:?}"
        );
        let approvals = hold.list(None).await.unwrap().remove(0).approvals;
        assert_eq!((approvals[0].person.as_str(), approvals[0].comment.as_str()), (BOSS, "ok, checked"));
        assert_eq!(changes(&store).await, ["mail require_approval", "approved"]);
        let again = hold.approve(&id, &address(VICE), Via::Cli, "", noon()).await.unwrap_err();
        assert!(matches!(again, HoldError::Decided { state: State::Approved, .. }), "{again}");
    }

    #[tokio::test]
    async fn nobody_decides_about_their_own_mail() {
        let dir = tempfile::tempdir().unwrap();
        let everyone = vec![address(SENDER), address(BOSS)];
        let settings = Settings { security: everyone.clone(), approvers: everyone, ..settings() };
        let (_, hold) = hold_in(dir.path(), settings).await;
        for (number, action) in [Action::Hold, Action::RequireApproval].into_iter().enumerate() {
            let mut mail = arrival(vec![group(action, &[&format!("a{number}@x.example.com")])]);
            mail.envelope.sender = Some(address("TARO@example.co.jp"));
            let id = hold.take(mail).await.unwrap().0;
            let error = hold.approve(&id, &address(SENDER), Via::Console, "", noon()).await.unwrap_err();
            assert!(matches!(error, HoldError::OwnMail { .. }), "{error}");
            let error = hold.reject(&id, &address(SENDER), Via::Console, "", noon()).await.unwrap_err();
            assert!(matches!(error, HoldError::OwnMail { .. }), "{error}");
        }
        // The person in the From field wrote it, whoever's envelope it travels in.
        let mut mail = arrival(vec![group(Action::Hold, &["c@x.example.com"])]);
        mail.envelope.sender = Some(address("bounces@example.co.jp"));
        let id = hold.take(mail).await.unwrap().0;
        let error = hold.approve(&id, &address(SENDER), Via::Console, "", noon()).await.unwrap_err();
        assert!(matches!(error, HoldError::OwnMail { .. }), "{error}");
        assert_eq!(hold.show(&id).await.unwrap().asked, [address(BOSS)]);
    }

    #[tokio::test]
    async fn nobody_in_the_header_decides_however_the_address_is_spelt() {
        let dir = tempfile::tempdir().unwrap();
        let everyone = vec![address(SENDER), address(BOSS), address(VICE), address(SECURITY)];
        let settings = Settings { security: everyone.clone(), approvers: everyone, ..settings() };
        let (_, hold) = hold_in(dir.path(), settings).await;
        let mut mail = arrival(vec![group(Action::Hold, &[OUTSIDE])]);
        mail.envelope.sender = Some(address("taro+list@example.co.jp"));
        mail.authors = vec![address("\"Boss\"@example.co.jp"), address("vice@example.co.jp.")];
        let id = hold.take(mail).await.unwrap().0;
        assert_eq!(hold.show(&id).await.unwrap().asked, [address(SECURITY)]);
        for own in [SENDER, BOSS, VICE] {
            let error = hold.approve(&id, &address(own), Via::Console, "", noon()).await.unwrap_err();
            assert!(matches!(error, HoldError::OwnMail { .. }), "{own}: {error}");
            let error = hold.withdraw(&id, &address(own), Via::Console, noon()).await.unwrap_err();
            assert!(matches!(error, HoldError::NotTheSender { .. }), "a like address grants nothing: {own}: {error}");
        }
        hold.approve(&id, &address(SECURITY), Via::Console, "", noon()).await.unwrap();
    }

    #[tokio::test]
    async fn without_another_approver_the_security_team_decides_or_it_waits() {
        let dir = tempfile::tempdir().unwrap();
        let (_, hold) = hold_in(dir.path(), Settings { approvers: vec![address(SENDER)], ..settings() }).await;
        let id = held(&hold, Action::RequireApproval).await;
        assert_eq!(hold.show(&id).await.unwrap().asked, [address(SECURITY)]);
        hold.approve(&id, &address(SECURITY), Via::Cli, "", noon()).await.unwrap();

        let dir = tempfile::tempdir().unwrap();
        let nobody = Settings { approvers: vec![address(SENDER)], security: vec![address(SENDER)], ..settings() };
        let (store, hold) = hold_in(dir.path(), nobody).await;
        let id = held(&hold, Action::RequireApproval).await;
        let shown = hold.show(&id).await.unwrap();
        assert_eq!((shown.summary.state, shown.asked.len()), (State::Pending, 0));
        let to: Vec<String> = outbox(&store).await.into_iter().flat_map(|letter| letter.to).collect();
        assert_eq!(to, [SENDER]);
    }

    #[tokio::test]
    async fn only_those_who_may_decide_do_and_ids_are_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let (_, hold) = hold_in(dir.path(), settings()).await;
        let id = held(&hold, Action::Hold).await;
        for stranger in [BOSS, "eve@example.co.jp"] {
            let error = hold.approve(&id, &address(stranger), Via::Cli, "", noon()).await.unwrap_err();
            assert!(error.to_string().contains(SECURITY), "{error}");
        }
        let error = hold.withdraw(&id, &address(SECURITY), Via::Cli, noon()).await.unwrap_err();
        assert!(matches!(error, HoldError::NotTheSender { .. }), "{error}");
        held(&hold, Action::RequireApproval).await;
        hold.take(arrival(vec![group(Action::Hold, &["b@x.example.com"])])).await.unwrap();
        let error = hold.approve("0", &address(SECURITY), Via::Cli, "", noon()).await.unwrap_err();
        assert!(matches!(error, HoldError::Ambiguous(_)), "{error}");
        for unknown in ["", "ZZZ", "%", "_"] {
            let error = hold.approve(unknown, &address(SECURITY), Via::Cli, "", noon()).await.unwrap_err();
            assert!(matches!(error, HoldError::Unknown(_) | HoldError::Ambiguous(_)), "{unknown}: {error}");
        }
        assert!(hold.list(None).await.unwrap().iter().all(|held| held.state == State::Pending));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn whatever_comes_at_once_has_exactly_one_outcome() {
        let dir = tempfile::tempdir().unwrap();
        let (store, one) = hold_in(dir.path(), settings()).await;
        let (_, two) = hold_in(dir.path(), settings()).await;
        for round in 0..12 {
            let id = one
                .take(arrival(vec![group(Action::RequireApproval, &[&format!("a{round}@x.example.com")])]))
                .await
                .unwrap()
                .0;
            let mut racing = tokio::task::JoinSet::new();
            for number in 0..16 {
                let hold = if number % 2 == 0 { one.clone() } else { two.clone() };
                let id = id.clone();
                racing.spawn(async move {
                    let end = later(noon(), minutes(60));
                    let before = later(noon(), minutes(59));
                    match number % 5 {
                        0 => hold.approve(&id, &address(BOSS), Via::Cli, "", before).await.is_ok(),
                        1 => hold.approve(&id, &address(VICE), Via::Console, "", before).await.is_ok(),
                        2 => hold.reject(&id, &address(VICE), Via::Reply, "", before).await.is_ok(),
                        3 => hold.withdraw(&id, &address(SENDER), Via::Reply, before).await.is_ok(),
                        _ => hold.due(end).await.unwrap().expired == 1,
                    }
                });
            }
            let happened = racing.join_all().await.into_iter().filter(|happened| *happened).count();
            assert_eq!(happened, 1, "round {round}");
            let state = one.show(&id).await.unwrap().summary.state;
            let released = outbox(&store)
                .await
                .iter()
                .filter(|l| l.kind == Kind::Release && l.to[0].starts_with(&format!("a{round}@")))
                .count();
            assert_eq!(released, usize::from(state == State::Approved), "{state}");
            assert!(one.show(&id).await.unwrap().summary.approvals.len() <= 1);
        }
        let ends = changes(&store).await.into_iter().filter(|change| !change.starts_with("mail")).count();
        assert_eq!(ends, 12, "one change a mail in the journal");
    }
}
