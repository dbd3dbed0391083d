//! Everybody in a directory, read at once.
//!
//! In: [`Settings`]. Out: [`People`] and [`Oddities`]. Persons first, then groups, then the managers who are not among the
//! persons, one by one. Half an answer is none: any error ends the reading. Deliberately absent: what to do then
//! (`current`), and changes only (`persistent search`, DirSync): 100,000 persons take some 20 s.

use std::{collections::VecDeque, time::Duration};

use ldap3::Scope;

use super::{
    LdapError, apart,
    connection::{Budget, Question, Session},
    register::{Oddities, Register},
    settings::Settings,
};
use crate::directory::People;

/// All searches of one reading together.
const MOST_ENTRIES: usize = 1_000_000;
const MOST_BYTES: usize = 1 << 30;
const LONGEST: Duration = Duration::from_secs(600);

/// So many managers outside of base and filter are asked for.
const MOST_MANAGERS: usize = 1_000;

/// So many further parts of long groups are asked for.
const MOST_PARTS: usize = 10_000;

/// Everybody, and what had to be left out.
///
/// # Errors
/// No server answers, or one does not answer all of it.
pub async fn read(settings: &Settings) -> Result<(People, Oddities), LdapError> {
    let settings = settings.clone();
    let reading = apart(async move { everybody(&settings).await });
    tokio::time::timeout(LONGEST, reading).await.unwrap_or(Err(LdapError::Late))
}

async fn everybody(settings: &Settings) -> Result<(People, Oddities), LdapError> {
    let mut session = Session::open(settings).await?;
    let mut budget = Budget::new(MOST_ENTRIES, MOST_BYTES, LONGEST);
    let mut register = Register::new(settings);
    let persons = Question {
        base: &settings.base,
        scope: Scope::Subtree,
        filter: &settings.filter,
        attributes: settings.attributes.of_person(),
    };
    let take = |entry| {
        register.person(&entry);
        Ok(())
    };
    let elsewhere = session.each(&persons, &mut budget, take).await?;
    let elsewhere = elsewhere + groups(settings, &mut session, &mut budget, &mut register).await?;
    for dn in register.unknown_managers().into_iter().take(MOST_MANAGERS) {
        if let Some(entry) = session.entry(&dn, settings.attributes.of_person(), &mut budget).await? {
            register.manager(&dn, &entry);
        }
    }
    let (people, mut oddities) = register.finish();
    oddities.elsewhere += elsewhere;
    if people.is_empty() { Err(LdapError::Nobody) } else { Ok((people, oddities)) }
}

/// The groups, long ones part by part.
async fn groups(
    settings: &Settings,
    session: &mut Session,
    budget: &mut Budget,
    register: &mut Register<'_>,
) -> Result<usize, LdapError> {
    let question = Question {
        base: settings.groups.base.as_deref().unwrap_or(&settings.base),
        scope: Scope::Subtree,
        filter: &settings.groups.filter,
        attributes: ["cn", "member", "uniqueMember", "memberUid"].map(str::to_owned).to_vec(),
    };
    let mut parts = VecDeque::new();
    let take = |entry: super::entry::Entry| {
        parts.extend(entry.all_texts("member").1.map(|next| (entry.dn.clone(), next)));
        register.group(&entry);
        Ok(())
    };
    let elsewhere = session.each(&question, budget, take).await?;
    let mut asked = 0;
    while let Some((dn, next)) = parts.pop_front() {
        asked += 1;
        if asked > MOST_PARTS {
            return Err(LdapError::TooMuch(format!("{MOST_PARTS} parts of groups")));
        }
        let attribute = format!("member;range={next}-*");
        let part = session.entry(&dn, vec![attribute], budget).await?;
        let part =
            part.ok_or_else(|| LdapError::Failed { base: dn.clone(), why: "a group ends in its midst".to_owned() })?;
        register.group(&part);
        // A server that begins anew would go on for ever.
        parts.extend(part.all_texts("member").1.filter(|further| *further > next).map(|further| (dn, further)));
    }
    Ok(elsewhere)
}
