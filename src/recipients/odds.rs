//! How odd it is that an address is on this mail, in bits, by all that the history says.
//!
//! In: the sender, everybody else on the mail and in its thread, the history. Out: for an address, how many times likelier
//! it is to stand here by mistake than because it was meant, as a power of two: above 0 odd, below it usual. A mistake is
//! thought of as any of the sender's contacts, each as likely as another; what is meant follows four habits, each judged
//! by itself: some contacts get more mail than others; who got mail lately gets mail again; an answer goes to those who
//! were in the thread; and people stand on mails with the people they always stand with. The numbers beside them were
//! taken from who wrote to whom at Enron (the tables of Perry and Wolfe, 2013) and not from the synthetic office, and the
//! shape from Carvalho and Cohen, "Preventing Information Leaks in Email" (SDM 2007).
//! Deliberately absent: what names and texts say; the checks do that.

use super::{
    Day, Facts, Relation, To,
    history::{Numbered, folded},
    new_to_thread::Thread,
};

/// A mail to more people is a mailing, in which nobody is odd.
pub(super) const MAILING: usize = 30;
/// After so many recipients it is known to whom somebody writes.
const SETTLED: f32 = 10.0;
/// At most so many of those around are compared with; a longer thread has had everybody.
const AROUND: usize = 24;

/// One answer in twenty goes to somebody who was not in the thread (5.2 %).
const NEW_IN_THREAD: f32 = 4.3;
/// Somebody of the thread is as much likelier meant.
const OF_THREAD: f32 = -4.3;
/// So often, before anything is known, somebody stands with people of another organisation, in mails …
const STRANGER: f32 = 0.2;
/// … and with people of the same.
const COLLEAGUE: f32 = 0.6;
/// How many mails these are worth.
const BEFORE: f32 = 1.0;
/// So often people stand on one mail who never did before, of two organisations …
const FIRST_TOGETHER: f32 = 0.01;
/// … and of one.
const FIRST_AMONG_COLLEAGUES: f32 = 0.08;
/// A contact taken at random stands with those around in every second mail.
const BY_CHANCE: f32 = 1.0;
/// How much the time since the last mail says, and how much it says of one who got mail today.
const FADES: f32 = 0.7;
const TODAY: f32 = 2.0;
/// What it says that somebody never got mail of this sender.
const NEW: f32 = 2.0;
/// How far the number of mails may speak for or against a contact.
const FREQUENT: f32 = 6.0;

/// The mail's company, and what its sender does.
#[derive(Debug)]
pub(super) struct Odds<'a> {
    /// Whose mail it is, as addresses are counted.
    pub(super) sender: String,
    number: Option<Numbered>,
    /// How many mails the sender sent to anybody, about, and to whom.
    pub(super) sent: f32,
    pub(super) contacts: Vec<(&'a str, f32)>,
    /// Who else is on the mail or in its thread.
    around: Vec<Around>,
    goes_on: bool,
    /// Those of whom the mail itself says that they are new.
    introduced: Vec<String>,
    mailing: bool,
}

#[derive(Debug)]
struct Around {
    number: Option<Numbered>,
    address: String,
    in_thread: bool,
    /// How many mails it got of whomever, about.
    mails: f32,
}

/// What makes an address odd, in bits each.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Odd {
    /// It seldom gets mail of this sender, or got none for long.
    pub(super) seldom: f32,
    /// The thread went on without it.
    pub(super) thread: f32,
    /// It does not go with the others.
    pub(super) company: f32,
    /// How many mails it got of whomever, about, and how many of them with any of the others.
    pub(super) mails: f32,
    pub(super) together: f32,
}

impl Odd {
    pub(super) fn bits(&self) -> f32 {
        self.seldom + self.thread + self.company
    }
}

impl<'a> Odds<'a> {
    pub(super) fn new(facts: &Facts<'a>, thread: &Thread) -> Self {
        let sender = folded(&facts.sender);
        let contacts: Vec<(&str, f32)> = facts.history.of(Relation::Wrote, &sender, facts.today).collect();
        let sent = contacts.iter().map(|(_, weight)| weight).sum();
        let people = facts.recipients.iter().map(|to| (folded(&to.canonical), false));
        let participants = thread.participants().map(|who| (who.to_owned(), true));
        let mailing = facts.recipients.len() > MAILING;
        let mut around: Vec<Around> = Vec::new();
        for (address, in_thread) in participants.take(AROUND).chain(people.take(if mailing { 0 } else { AROUND })) {
            if address != sender && around.iter().all(|known| known.address != address) {
                let mails = facts.weight(Relation::Known, "", &address);
                around.push(Around { number: facts.history.number(&address), address, in_thread, mails });
            }
        }
        let goes_on = thread.goes_on();
        let introduced = facts.recipients.iter().filter(|to| thread.introduces(to));
        let introduced = introduced.map(|to| folded(&to.canonical)).collect();
        Self { number: facts.history.number(&sender), sender, sent, contacts, around, goes_on, introduced, mailing }
    }

    /// How odd a recipient is here; none in a mailing. Of a sender who has hardly sent anything yet nobody knows who gets
    /// mail seldom; who goes with whom is known from colleagues.
    pub(super) fn of(&self, facts: &Facts<'_>, to: &To<'_>) -> Option<Odd> {
        if self.mailing {
            return None;
        }
        let address = folded(&to.canonical);
        let number = facts.history.number(&address);
        let (mails, together) = self.together(facts, number, &address);
        Some(Odd {
            seldom: if self.sent < SETTLED { 0.0 } else { self.seldom(facts, number) },
            thread: if self.introduced.contains(&address) { 0.0 } else { self.thread(&address) },
            company: self.company(to, &address, mails, together),
            mails,
            together,
        })
    }

    /// Everybody else who is on the mail or in its thread.
    pub(super) fn around(&self) -> impl Iterator<Item = &str> {
        self.around.iter().map(|who| who.address.as_str())
    }

    /// Those who were in the thread.
    pub(super) fn participants(&self) -> impl Iterator<Item = &str> {
        self.around.iter().filter(|who| who.in_thread).map(|who| who.address.as_str())
    }

    /// How much likelier a contact taken at random is this one than one to whom the sender writes. One recipient in sixteen
    /// is new to the sender (6.3 %); whoever takes a wrong one takes a contact, or a stranger who is called alike.
    fn seldom(&self, facts: &Facts<'_>, number: Option<Numbered>) -> f32 {
        let counter = self.number.zip(number);
        let counter =
            counter.and_then(|(sender, to)| facts.history.counter_of(Relation::Wrote, sender, to, facts.today));
        let Some((weight, last)) = counter.filter(|(weight, _)| *weight > 0.0) else { return NEW };
        #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^23")]
        let contacts = self.contacts.len() as f32;
        let often = (self.sent / (contacts * weight)).log2().clamp(-FREQUENT, FREQUENT);
        often + FADES * (1.0 + days(facts.today, last)).log2() - TODAY
    }

    fn thread(&self, address: &str) -> f32 {
        match self.around.iter().any(|who| who.in_thread && who.address == address) {
            _ if !self.goes_on => 0.0,
            true => OF_THREAD,
            false => NEW_IN_THREAD,
        }
    }

    /// How many mails an address got, and how many with the one of the others with whom it stood most.
    fn together(&self, facts: &Facts<'_>, number: Option<Numbered>, address: &str) -> (f32, f32) {
        let Some(number) = number else { return (0.0, 0.0) };
        let weight = |relation, from, to| {
            facts.history.counter_of(relation, from, to, facts.today).map_or(0.0, |(weight, _)| weight)
        };
        let nobody = facts.history.number("");
        let mails = nobody.map_or(0.0, |nobody| weight(Relation::Known, nobody, number));
        let others = self.around.iter().filter(|who| who.address != address).filter_map(|who| who.number);
        // A colleague among them who writes to it goes with it too.
        let with = others.map(|who| weight(Relation::Together, number, who) + weight(Relation::Wrote, who, number));
        (mails, with.fold(0.0, f32::max))
    }

    fn company(&self, to: &To<'_>, address: &str, mails: f32, together: f32) -> f32 {
        let mut others = self.around.iter().filter(|who| who.address != address).peekable();
        if others.peek().is_none() {
            return 0.0;
        }
        let of_its_own = |who: &Around| {
            !to.is_private() && who.address.rsplit_once('@').is_some_and(|(_, domain)| domain == to.domain.text)
        };
        let (before, first) = match others.any(of_its_own) {
            true => (COLLEAGUE, FIRST_AMONG_COLLEAGUES),
            false => (STRANGER, FIRST_TOGETHER),
        };
        // Nobody can have been often with people of whom hardly anything is known.
        let known = self.around.iter().filter(|who| who.address != address).map(|who| who.mails).fold(0.0, f32::max);
        let mails = mails.min(known.max(together));
        let share = (together.min(mails) + before) / (mails + before + BEFORE);
        -(first + (1.0 - first) * share).log2() - BY_CHANCE
    }
}

fn days(today: Day, last: Day) -> f32 {
    f32::from(today.since(last))
}
