//! Looking at held mail.
//!
//! In: an id. Out: [`HeldDetail`], all that is known, of which [`HeldSummary`] is the line of `held list --json`; and the original, whose every view is journalled. Deliberately absent: pages and tables.

use jiff::Timestamp;
use serde::Serialize;

use super::{
    Hold, HoldError, asking,
    decide::{mail_of, normal, one},
    drill, rounded,
    stage::{self, Stage},
    telling,
};
use crate::{
    inspect::Inspection,
    journal::{self, Record, Via},
    mail::{Address, Envelope, MailId, Message},
    policy::{Action, Matched},
    recipients::Recipient,
    store::{Approval, HeldRow, MailRow, State},
};

/// One held mail in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeldSummary {
    /// Its name.
    pub id: MailId,
    /// Where it stands.
    pub state: State,
    /// The envelope sender; null for `<>`.
    pub mail_from: Option<Address>,
    /// For whom it is held.
    pub rcpt_to: Vec<Address>,
    /// Decoded.
    pub subject: String,
    /// How many people's data is in it.
    pub persons: u32,
    /// `delay`, `hold` or `require_approval`.
    pub decision: Action,
    /// The rules that matched.
    pub rules: Vec<String>,
    /// Since when.
    pub created_at: Timestamp,
    /// When it goes back to its sender undecided; a delayed mail goes out at this time.
    pub expires_at: Timestamp,
    /// What people said.
    pub approvals: Vec<Approval>,
}

/// Everything about one held mail, except its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeldDetail {
    /// As in a list.
    #[serde(flatten)]
    pub summary: HeldSummary,
    /// The id of the mail, which several held ids share if its recipients fared differently.
    pub mail: MailId,
    /// With its angle brackets.
    pub message_id: Option<String>,
    /// In bytes.
    pub size: u64,
    /// The recipients for whom it is held, with what is wrong with them.
    pub recipients: Vec<Recipient>,
    /// What was found and what was not read.
    pub inspection: Inspection,
    /// Why it is held.
    pub reasons: Vec<Matched>,
    /// Who was asked to decide.
    pub asked: Vec<Address>,
    /// The levels of its route: who was asked on each, who said what, and what is still needed.
    pub levels: Vec<Stage>,
    /// Whether others were asked as well on the present level.
    pub escalated: bool,
    /// Why its sender says that it should go; may be empty.
    pub reason: String,
    /// When its state changed last.
    pub changed_at: Timestamp,
}

/// What of a mail's content somebody wants to see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look<'a> {
    /// All of it, as a file.
    Original,
    /// The mail as its recipients would see it.
    Letter,
    /// What stands at one place where something was found, as the inspection calls that place.
    Place(&'a str),
}

impl Look<'_> {
    /// What the journal says of [`Look::Letter`].
    pub const LETTER: &'static str = "as its recipients would see it";
}

/// The content of a mail, for whoever shows it.
#[derive(Debug, Clone)]
pub struct Content {
    /// Its bytes as they came.
    pub message: Message,
    /// Who sent it to whom.
    pub envelope: Envelope,
}

impl Hold {
    /// Everything about the held mail `id` (or its unambiguous beginning).
    pub async fn show(&self, id: &str) -> Result<HeldDetail, HoldError> {
        let held = one(self.store().held_by_prefix(&normal(id)).await?, id)?;
        let mail = self.store().mail(&held.mail_id).await?;
        let mail = mail.ok_or_else(|| HoldError::Row(format!("{} belongs to no mail", held.id)))?;
        let approvals = self.store().approvals(std::slice::from_ref(&held.id)).await?;
        let story = telling::story(&mail, &held)?;
        let levels = stage::stages(&held, &telling::orders(&held)?, &approvals);
        Ok(HeldDetail {
            levels,
            escalated: held.escalated,
            reason: held.reason.clone(),
            summary: summary(&mail, &held, approvals)?,
            mail: mail.id,
            message_id: mail.message_id,
            size: mail.size,
            recipients: story.recipients,
            inspection: story.inspection,
            reasons: story.matched,
            asked: held.asked.into_iter().map(|asked| asked.person).collect(),
            changed_at: held.changed_at,
        })
    }

    /// The bytes of a held mail as they came.
    pub async fn original(&self, id: &str, person: &Address, via: Via, now: Timestamp) -> Result<Message, HoldError> {
        Ok(self.look(id, person, Look::Original, via, now).await?.message)
    }

    /// The content of a held mail, to be looked at as `look` says. Only its sender, those who may decide about it, and the
    /// security team may see it, and that they did, and what, is journalled before they do.
    pub async fn look(
        &self,
        id: &str,
        person: &Address,
        look: Look<'_>,
        via: Via,
        now: Timestamp,
    ) -> Result<Content, HoldError> {
        let mut writing = self.store().write().await?;
        let held = one(writing.held_by_prefix(&normal(id)).await?, id)?;
        let mail = mail_of(&mut writing, &held).await?;
        let said = writing.approvals(std::slice::from_ref(&held.id)).await?;
        if !self.may_view(&mail, &held, &said, person, now)? {
            return Err(HoldError::NotForYou { id: held.id, person: person.clone() });
        }
        let mut entry = telling::change(&held, "viewed", Some(person), via);
        entry.detail = match look {
            Look::Original => None,
            Look::Letter => Some(Look::LETTER.to_owned()),
            Look::Place(place) => {
                if !is_found(&mail, place)? {
                    return Err(HoldError::NoSuchPlace { id: held.id });
                }
                Some(place.to_owned())
            }
        };
        journal::append(&mut writing, &[Record::change(mail.id.clone(), rounded(now), entry)]).await?;
        writing.commit().await?;
        let recipients = held.rcpt_to.iter().chain(&mail.sent_to).cloned().collect();
        let envelope = Envelope { sender: mail.sender, recipients, ..Envelope::default() };
        Ok(Content { message: Message::new(self.store().unseal(&mail.id.0).await?), envelope })
    }

    /// Whether `person` may look at the content of a mail: whoever sent it, decides about it, has done so, or is of the
    /// security team, each by an address that is written down.
    pub(super) fn may_view(
        &self,
        mail: &MailRow,
        held: &HeldRow,
        said: &[Approval],
        person: &Address,
        now: Timestamp,
    ) -> Result<bool, HoldError> {
        let (deciders, security) = (self.deciders(mail, held, said, now)?, self.security());
        let (heard, people) = (asking::heard(said), self.people());
        let mut trusted = deciders.iter().chain(&security).chain(&heard);
        Ok(self.is_own(mail, person) || trusted.any(|known| people.is_one(known, person)))
    }
}

/// Whether something was found at `place`.
fn is_found(mail: &MailRow, place: &str) -> Result<bool, HoldError> {
    let inspection: Inspection = telling::parse(&mail.inspection)?;
    Ok(inspection.findings.iter().flat_map(|finding| &finding.examples).any(|example| example.place == place))
}

pub(super) fn summary(mail: &MailRow, held: &HeldRow, approvals: Vec<Approval>) -> Result<HeldSummary, HoldError> {
    let matched: Vec<Matched> = telling::parse(&held.matched)?;
    Ok(HeldSummary {
        id: held.id.clone(),
        state: held.state,
        mail_from: drill::or_drilled(mail.sender.as_ref(), &mail.peer, &mail.authors).cloned(),
        rcpt_to: held.rcpt_to.clone(),
        subject: mail.subject.clone(),
        persons: mail.persons,
        decision: telling::action(&held.action)?,
        rules: matched.into_iter().map(|matched| matched.rule).collect(),
        created_at: held.created_at,
        expires_at: held.release_at.unwrap_or(held.expires_at),
        approvals,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::{
        directory::{People, Person, Role},
        hold::fixture::*,
    };

    #[tokio::test]
    async fn the_original_is_shown_to_few_and_every_view_is_journalled() {
        let dir = tempfile::tempdir().unwrap();
        let (store, hold) = hold_in(dir.path(), settings()).await;
        let id = hold.take(arrival(vec![group(Action::RequireApproval, &[OUTSIDE])])).await.unwrap();
        for person in [SENDER, BOSS, SECURITY] {
            let original = hold.original(&id.0, &address(person), Via::Console, noon()).await.unwrap();
            assert_eq!(original.bytes(), BYTES);
        }
        let error = hold.original(&id.0, &address("eve@example.co.jp"), Via::Console, noon()).await.unwrap_err();
        assert!(matches!(error, HoldError::NotForYou { .. }), "{error}");
        assert_eq!(changes(&store).await[1..], ["viewed"; 3]);
    }

    #[tokio::test]
    async fn content_and_roles_are_for_addresses_that_are_written_down_and_not_for_like_ones() {
        let dir = tempfile::tempdir().unwrap();
        let mut boss = Person::new(address(BOSS));
        boss.aliases = vec![address("b.oss@example.co.jp")];
        boss.roles = BTreeSet::from([Role::Auditor]);
        let mut taro = Person::new(address("t.yamada@example.co.jp"));
        taro.aliases = vec![address(SENDER)];
        let people = People::new(vec![boss, taro], BTreeMap::new());
        let (_store, hold) = hold_with(dir.path(), settings(), people).await;
        let id = hold.take(arrival(vec![group(Action::RequireApproval, &[OUTSIDE])])).await.unwrap().0;
        // From now on they see it because they were heard.
        hold.approve(&id, &address(BOSS), Via::Console, "", noon()).await.unwrap();
        for person in [BOSS, "B.oss@example.co.jp", SENDER, "t.yamada@example.co.jp"] {
            let seen = hold.original(&id, &address(person), Via::Console, noon()).await;
            assert!(seen.is_ok(), "{person}: {seen:?}");
        }
        for like in
            ["boss+x@example.co.jp", "b.oss+x@example.co.jp", "taro+x@example.co.jp", "t.yamada+x@example.co.jp"]
        {
            let seen = hold.original(&id, &address(like), Via::Console, noon()).await;
            assert!(matches!(seen, Err(HoldError::NotForYou { .. })), "{like}");
            let shown = hold.show_to(&address(like), &id, noon()).await;
            assert!(matches!(shown, Err(HoldError::Unknown(_))), "{like}");
            assert!(hold.roles_of(&address(like)).is_empty(), "{like}");
        }
        let roles = BTreeSet::from([Role::Approver, Role::Auditor]);
        assert_eq!(hold.roles_of(&address(BOSS)), roles);
        assert_eq!(hold.roles_of(&address("b.oss@example.co.jp")), BTreeSet::from([Role::Auditor]), "not on the list");
    }

    #[tokio::test]
    async fn one_place_is_opened_only_where_something_was_found_and_the_journal_says_which() {
        let dir = tempfile::tempdir().unwrap();
        let (_store, hold) = hold_in(dir.path(), settings()).await;
        let example = crate::inspect::Example {
            masked: "090-****-5678".to_owned(),
            place: "a.xlsx › x!F2".to_owned(),
            hidden: false,
            quoted: false,
            why: None,
        };
        let finding = crate::inspect::Finding {
            detector: "jp.phone".to_owned(),
            title: None,
            category: crate::inspect::Category::Contact,
            confidence: crate::inspect::Confidence::High,
            count: 1,
            examples: vec![example],
        };
        let mut mail = arrival(vec![group(Action::RequireApproval, &[OUTSIDE])]);
        mail.inspection.findings.push(finding);
        let id = hold.take(mail).await.unwrap().0;
        let look = |who: &'static str, look: Look<'static>| {
            let (hold, id) = (hold.clone(), id.clone());
            async move { hold.look(&id, &address(who), look, Via::Console, noon()).await }
        };
        let error = look(BOSS, Look::Place("a.xlsx › x!A1")).await.unwrap_err();
        assert!(matches!(error, HoldError::NoSuchPlace { .. }), "{error}");
        let error = look("eve@example.co.jp", Look::Place("a.xlsx › x!F2")).await.unwrap_err();
        assert!(matches!(error, HoldError::NotForYou { .. }), "{error}");
        let content = look(BOSS, Look::Place("a.xlsx › x!F2")).await.unwrap();
        assert_eq!((content.message.bytes(), content.envelope.recipients), (BYTES, vec![address(OUTSIDE)]));
        look(BOSS, Look::Letter).await.unwrap();
        let file = hold.show_to(&address(BOSS), &id, noon()).await.unwrap();
        let steps: Vec<_> = file.history.iter().map(|step| (step.change.as_str(), step.about.as_str())).collect();
        assert_eq!(steps, [("viewed", "a.xlsx › x!F2"), ("viewed", Look::LETTER)], "what was refused was not seen");
    }
}
