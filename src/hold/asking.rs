//! Who decides about a held mail on its present level, and asking them.
//!
//! In: a mail, what was said about it, the directory as it is now. Out: those who may decide, and requests in the outbox,
//! each with a secret address of its own, as part of the same change. The people are worked out anew each time: whoever
//! has left the company or the list decides about nothing any more.
//! Deliberately absent: whom a route reaches (`directory`), and when to ask (`arrival`, `decide`, `nudge`, `sender`).

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Hold, HoldError, drill, telling, token};
use crate::{
    directory::{self, Asked, Panel, People, Question, Role, Rosters},
    language::Language,
    mail::{Address, Message},
    notice,
    policy::{Approver, Escalation, Level, Orders},
    store::{Approval, HeldRow, Kind, MailRow, Purpose, Topic, Writing},
};

/// The verdict of whoever says yes, as the store keeps it.
pub(super) const YES: &str = "approve";

/// How many have said yes on the present level of `held`, and how many must.
pub(super) fn tally(held: &HeldRow, orders: &Orders, said: &[Approval]) -> (u8, u8) {
    let given = said.iter().filter(|approval| approval.level == held.level && approval.verdict == YES).count();
    let needed = orders.levels.get(usize::from(held.level)).map_or(1, |level| level.approvals);
    (u8::try_from(given).unwrap_or(u8::MAX), needed)
}

impl Hold {
    /// The team that releases held mail: that of the configuration and everybody to whom the directory gives the role.
    pub(super) fn security(&self) -> Vec<Address> {
        let people = self.people();
        let mut team = self.inner.settings.security.clone();
        for person in people.with_role(Role::Security) {
            if !team.iter().any(|known| known.same_mailbox(person)) {
                team.push(person.clone());
            }
        }
        team
    }

    /// In which language the directory has `who` told things, if it says so.
    pub fn language_of(&self, who: &Address) -> Option<Language> {
        self.people().person(who).and_then(|person| person.language)
    }

    /// What `who` may do beside what everybody may, by the directory and the lists of the configuration. Only an address
    /// that is written down there has a role: a like spelling may be somebody else's.
    pub fn roles_of(&self, who: &Address) -> BTreeSet<Role> {
        let mut roles = self.people().owner(who).map(|person| person.roles.clone()).unwrap_or_default();
        let listed = |list: &[Address]| list.iter().any(|person| person.same_mailbox(who));
        roles.extend(listed(&self.security()).then_some(Role::Security));
        roles.extend(listed(&self.inner.settings.approvers).then_some(Role::Approver));
        roles
    }

    /// Who is asked about a mail that comes now, by `orders`.
    pub(super) fn first_panel(&self, mail: &Wanting<'_>, orders: &Orders, at: Timestamp) -> Panel {
        let level = orders.levels.first().cloned();
        let level = level.unwrap_or(Level { approvers: Vec::new(), approvals: 1 });
        self.panel_of(&self.people(), mail, &level, &[], at)
    }

    /// Who is asked on the present level of `held`, besides those whom it does not need any more.
    pub(super) fn panel(
        &self,
        mail: &MailRow,
        held: &HeldRow,
        said: &[Approval],
        at: Timestamp,
    ) -> Result<Panel, HoldError> {
        let orders = telling::orders(held)?;
        let (given, needed) = tally(held, &orders, said);
        let approvers = orders.levels.get(usize::from(held.level)).map(|level| level.approvers.clone());
        let level = Level { approvers: approvers.unwrap_or_default(), approvals: needed.saturating_sub(given).max(1) };
        Ok(self.panel_of(&self.people(), &Wanting::of(mail, held)?, &level, &heard(said), at))
    }

    /// Who is asked as well when it takes too long.
    pub(super) fn reserve(
        &self,
        mail: &MailRow,
        held: &HeldRow,
        said: &[Approval],
        at: Timestamp,
    ) -> Result<Panel, HoldError> {
        let escalation = telling::orders(held)?.escalate;
        let to = escalation.map_or_else(|| vec![Approver::Security], |Escalation { to, .. }| to);
        let level = Level { approvers: to, approvals: 1 };
        Ok(self.panel_of(&self.people(), &Wanting::of(mail, held)?, &level, &heard(said), at))
    }

    /// Everybody who may decide about `held` at `at`, those who are away included.
    pub(super) fn deciders(
        &self,
        mail: &MailRow,
        held: &HeldRow,
        said: &[Approval],
        at: Timestamp,
    ) -> Result<Vec<Address>, HoldError> {
        let mut may = self.panel(mail, held, said, at)?.may;
        if held.escalated {
            may.extend(self.reserve(mail, held, said, at)?.may);
        }
        // Whoever was asked for somebody who is back goes on deciding for them: they have the request.
        let stood_in = held.asked.iter().filter(|asked| {
            asked.instead_of.as_ref().is_some_and(|principal| may.iter().any(|person| person.same_mailbox(principal)))
        });
        let deputies: Vec<Address> = stood_in.map(|asked| asked.person.clone()).collect();
        for deputy in deputies {
            if !may.iter().any(|person| person.same_mailbox(&deputy)) && !self.has_spoken(said, &deputy) {
                may.push(deputy);
            }
        }
        Ok(may)
    }

    /// Whether `person` may have said something about the mail, from whatever address. This forbids; it grants nothing.
    pub(super) fn has_spoken(&self, said: &[Approval], person: &Address) -> bool {
        let people = self.people();
        heard(said).iter().any(|heard| people.same(heard, person))
    }

    /// Notes in `held` and in the store who of `panel` is asked now; whoever was asked on this level before is not asked
    /// again.
    pub(super) async fn seat(
        &self,
        writing: &mut Writing,
        held: &mut HeldRow,
        panel: Panel,
    ) -> Result<Vec<Asked>, HoldError> {
        let level = held.level;
        let before =
            |person: &Address| held.asked.iter().any(|asked| asked.level == level && asked.person.same_mailbox(person));
        let fresh = panel.asked.into_iter().filter(|(person, _)| !before(person));
        let fresh: Vec<Asked> = fresh.map(|(person, instead_of)| Asked { person, level, instead_of }).collect();
        held.asked.extend(fresh.iter().cloned());
        writing.set_asked(held).await?;
        Ok(fresh)
    }

    /// Puts a request to each of `asked` into the outbox.
    pub(super) async fn request(
        &self,
        writing: &mut Writing,
        (mail, held): (&MailRow, &HeldRow),
        asked: &[Asked],
        original: Option<&Message>,
        now: Timestamp,
    ) -> Result<(), HoldError> {
        let said = writing.approvals(std::slice::from_ref(&held.id)).await?;
        let story = self.story_so_far(mail, held, &said)?;
        let lost = Message::new(Vec::new());
        for Asked { person, .. } in asked {
            if !self.tells_alone(writing, held, (person, Topic::Request), now).await? {
                continue;
            }
            let reply_to = self.secret(writing, held, person).await?;
            let letter = self.letter(person, Some(&reply_to), now);
            let notice = notice::approval_request(&story, self.voice(), &letter, original.unwrap_or(&lost));
            self.post(writing, (Some(&mail.id), Some(&held.id)), Kind::Notice, notice, now).await?;
        }
        Ok(())
    }

    /// Whether policy names people for the present level, and none of them, or too few, could be asked when it came.
    pub(super) fn nobody_found(&self, mail: &MailRow, held: &HeldRow, said: &[Approval]) -> Result<bool, HoldError> {
        let orders = telling::orders(held)?;
        let named = orders.levels.get(usize::from(held.level)).is_some_and(|level| !level.approvers.is_empty());
        Ok(named && self.panel(mail, held, said, held.created_at)?.filled_up)
    }

    /// Tells the sender, where policy names people for the present level and none of them, or too few, could be asked.
    pub(super) async fn tell_nobody_found(
        &self,
        writing: &mut Writing,
        (mail, held): (&MailRow, &HeldRow),
        said: &[Approval],
        now: Timestamp,
    ) -> Result<(), HoldError> {
        if !self.nobody_found(mail, held, said)? {
            return Ok(());
        }
        let orders = telling::orders(held)?;
        let named = orders.levels.get(usize::from(held.level)).map_or(&[][..], |level| &level.approvers);
        let looked_for = named.iter().cloned().map(String::from).collect::<Vec<_>>().join(", ");
        let story = self.story_so_far(mail, held, said)?;
        let say = |letter: &notice::Letter<'_>| notice::no_approver(&story, self.voice(), letter, &looked_for, None);
        self.tell_sender(writing, (mail, held), say, now).await
    }

    /// A new secret address at which `person` may decide about `held`.
    pub(super) async fn secret(
        &self,
        writing: &mut Writing,
        held: &HeldRow,
        person: &Address,
    ) -> Result<Address, HoldError> {
        let (reply_to, token) = token::make(&self.voice().hostname, &held.id, person, Purpose::Decide)?;
        writing.put_token(&token).await?;
        Ok(reply_to)
    }

    fn panel_of(&self, people: &People, mail: &Wanting<'_>, level: &Level, heard: &[Address], at: Timestamp) -> Panel {
        let rosters = Rosters { security: &self.inner.settings.security, approvers: &self.inner.settings.approvers };
        let today = at.to_zoned(self.voice().timezone.clone()).date();
        let question = Question { action: mail.action, sender: mail.sender, authors: mail.authors, heard, today };
        directory::panel(people, rosters, level, &question)
    }
}

/// A mail that wants somebody to decide.
pub(super) struct Wanting<'a> {
    pub(super) action: crate::policy::Action,
    pub(super) sender: Option<&'a Address>,
    pub(super) authors: &'a [Address],
}

impl<'a> Wanting<'a> {
    fn of(mail: &'a MailRow, held: &HeldRow) -> Result<Self, HoldError> {
        let (sender, authors) = (drill::or_drilled(mail.sender.as_ref(), &mail.peer, &mail.authors), &mail.authors);
        Ok(Self { action: telling::action(&held.action)?, sender, authors })
    }
}

/// Everybody who has said something.
pub(super) fn heard(said: &[Approval]) -> Vec<Address> {
    said.iter().filter_map(|approval| Address::parse(&approval.person).ok()).collect()
}
