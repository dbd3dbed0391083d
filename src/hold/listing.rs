//! The held mails one after the other, the newest first, for a shell and for scripts.
//!
//! In: a [`Wanted`]. Out: a [`Listing`], which gives them some at a time, so that a hundred thousand cost no more memory
//! than two hundred. Deliberately absent: what one person may see of them (`queue`).

use std::sync::Arc;

use jiff::Timestamp;

use super::{Hold, HoldError, show};
use crate::{
    journal::Who,
    mail::MailId,
    store::{self, Approval, HeldRow, MailRow, SentBy, State},
};

/// How many mails are in memory at the same time, at most.
const TOGETHER: u32 = 200;

/// Which held mails; all of them by default.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Those in one of these states; in any if there are none.
    pub states: Vec<State>,
    /// Those that somebody sent.
    pub sender: Option<Who>,
    /// Nothing before.
    pub since: Option<Timestamp>,
}

/// Held mails on their way to somebody who reads them all.
#[derive(Debug)]
pub struct Listing {
    hold: Hold,
    wanted: Wanted,
    behind: Option<(Timestamp, MailId)>,
    ended: bool,
}

impl Hold {
    /// The held mails that are `wanted`. One that comes while they are read is not among them.
    pub fn listing(&self, wanted: Wanted) -> Listing {
        Listing { hold: self.clone(), wanted, behind: None, ended: false }
    }
}

impl Listing {
    /// The next of them, `most` at most; none when there are no more.
    pub async fn next(&mut self, most: usize) -> Result<Vec<show::HeldSummary>, HoldError> {
        let mails = self.next_whole(most).await?.into_iter();
        mails.map(|(mail, held, said)| show::summary(&mail, &held, said)).collect()
    }

    /// The same with all that is known of them.
    pub(super) async fn next_whole(
        &mut self,
        most: usize,
    ) -> Result<Vec<(Arc<MailRow>, HeldRow, Vec<Approval>)>, HoldError> {
        let limit = u32::try_from(most).unwrap_or(u32::MAX).min(TOGETHER);
        while !self.ended && limit > 0 {
            let rows = self.hold.store().list_held(&self.asked(limit)).await?;
            self.ended = rows.len() < limit as usize;
            self.behind = rows.last().map(|row| (row.created_at, row.id.clone())).or(self.behind.take());
            let mut mails = self.hold.with_mails(rows).await?;
            // What the database let pass because it does not know the small letters of a name.
            mails.retain(|(mail, _, _)| self.is_from_whom_is_wanted(mail));
            if !mails.is_empty() {
                return Ok(mails);
            }
        }
        Ok(Vec::new())
    }

    fn asked(&self, limit: u32) -> store::Listing<'_> {
        let sender = self.wanted.sender.as_ref().map(|who| match who {
            Who::Address(address) => SentBy::Mailbox(address),
            Who::Domain(domain) => SentBy::Domain(domain),
        });
        let Wanted { states, since, .. } = &self.wanted;
        store::Listing { states, sender, since: *since, behind: self.behind.clone(), limit }
    }

    fn is_from_whom_is_wanted(&self, mail: &MailRow) -> bool {
        let from = |who: &Who| mail.sender.as_ref().is_some_and(|sender| who.is(sender.as_str()));
        self.wanted.sender.as_ref().is_none_or(from)
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::{
        hold::fixture::*,
        mail::{Envelope, Message},
        policy::Action,
    };

    /// Takes a mail of this sender, so many minutes after noon.
    async fn take(hold: &Hold, from: Option<&str>, minutes: i64) -> String {
        let mut mail = arrival(vec![group(Action::Hold, &[OUTSIDE])]);
        // Another mail each time, and not the same one that comes again.
        mail.message = Message::new(format!("Subject: {}\r\n\r\n", mail.id).into_bytes());
        mail.envelope = Envelope { sender: from.map(address), ..mail.envelope };
        mail.at += SignedDuration::from_mins(minutes);
        hold.take(mail).await.unwrap().0
    }

    async fn ids(hold: &Hold, wanted: Wanted, most: usize) -> Vec<String> {
        let (mut listing, mut ids) = (hold.listing(wanted), Vec::new());
        loop {
            let mails = listing.next(most).await.unwrap();
            assert!(mails.len() <= most.min(TOGETHER as usize));
            if mails.is_empty() {
                return ids;
            }
            ids.extend(mails.into_iter().map(|mail| mail.id.0));
        }
    }

    #[tokio::test]
    async fn only_so_many_are_in_memory_and_none_is_left_out_or_comes_twice() {
        let dir = tempfile::tempdir().unwrap();
        let (_, hold) = hold_in(dir.path(), settings()).await;
        let mut taken = Vec::new();
        for number in 0..i64::from(2 * TOGETHER + 3) {
            // Several come in the same minute.
            taken.push((number / 7, take(&hold, Some(SENDER), number / 7).await));
        }
        taken.sort_by(|one, other| other.cmp(one));
        let newest: Vec<String> = taken.into_iter().map(|(_, id)| id).collect();
        for most in [usize::MAX, TOGETHER as usize, 150] {
            assert_eq!(ids(&hold, Wanted::default(), most).await, newest, "{most} at a time");
        }
        // What comes meanwhile is not among them.
        let mut listing = hold.listing(Wanted::default());
        let first = listing.next(1).await.unwrap();
        take(&hold, Some(SENDER), 1_000).await;
        assert_eq!((&first[0].id.0, &listing.next(1).await.unwrap()[0].id.0), (&newest[0], &newest[1]));
        assert!(listing.next(0).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn the_database_narrows_down_by_state_sender_and_time() {
        let dir = tempfile::tempdir().unwrap();
        let (_, hold) = hold_in(dir.path(), settings()).await;
        let mut of = Vec::new();
        for (number, from) in [
            Some("Taro@Example.co.jp"),
            Some("hanako@sub.example.co.jp"),
            Some("jiro@notexample.co.jp"),
            Some("ÉLAN@example.co.jp"),
            Some("p%_x@example.co.jp"),
            None,
        ]
        .into_iter()
        .enumerate()
        {
            of.push(take(&hold, from, i64::try_from(number).unwrap()).await);
        }
        let (taro, hanako, jiro, elan, percent) = (&of[0], &of[1], &of[2], &of[3], &of[4]);
        hold.reject(jiro, &address(SECURITY), crate::journal::Via::Cli, "", noon()).await.unwrap();
        let from = |who: &str| Wanted { sender: Some(who.parse().unwrap()), ..Wanted::default() };
        let state = |states: &[State]| Wanted { states: states.to_vec(), ..Wanted::default() };
        let since = |minutes: i64| Wanted { since: Some(noon() + SignedDuration::from_mins(minutes)), ..state(&[]) };
        for (wanted, expected) in [
            (from("taro@example.CO.JP"), vec![taro]),
            (from("example.co.jp"), vec![percent, elan, hanako, taro]),
            (from("@sub.example.co.jp"), vec![hanako]),
            (from("élan@example.co.jp"), vec![elan]),
            (from("p__x@example.co.jp"), vec![]),
            (from("co.jp"), vec![percent, elan, jiro, hanako, taro]),
            (state(&[State::Rejected]), vec![jiro]),
            (state(&[State::Rejected, State::Expired]), vec![jiro]),
            (state(&[State::Withdrawn]), vec![]),
            (Wanted { states: vec![State::Pending], ..from("co.jp") }, vec![percent, elan, hanako, taro]),
            (since(5), vec![&of[5]]),
            (since(6), vec![]),
            (Wanted { sender: Some("co.jp".parse().unwrap()), ..since(2) }, vec![percent, elan, jiro]),
        ] {
            for most in [1, usize::MAX] {
                assert_eq!(ids(&hold, wanted.clone(), most).await.iter().collect::<Vec<_>>(), expected, "{wanted:?}");
            }
        }
    }
}
