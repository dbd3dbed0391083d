//! Whom a login means, and whether a password is theirs.
//!
//! In: what a person typed. Out: [`Meant`], the one person whom the directory finds by it, or nobody; and whether a password
//! is theirs. These are two steps because a directory knows a person by many spellings (small and capital letters, full-width
//! ones, a login and several addresses), and tries are to be counted by the person. The person is looked for as ourselves,
//! and their password is tried on a connection of its own, which is used for nothing else. None of what was typed is syntax
//! in the question (RFC 4515). An address that two entries have proves nobody: where people may change their own entry,
//! anybody could write another's there. Deliberately absent: how often somebody may try (`console`).

use std::time::Duration;

use ldap3::{Scope, ldap_escape};

use super::{
    LdapError, apart,
    connection::{Budget, Question, Session, is_refusal, said},
    entry::Entry,
    register::{address, is_disabled},
    settings::{Attributes, Settings},
};
use crate::mail::Address;

/// In bytes; nobody's login or password is longer.
const LONGEST: usize = 512;

/// Answers to one question: more than two are no more than two.
const ENOUGH: usize = 3;

/// Somebody whom a login means; nothing is proven yet.
pub struct Meant {
    /// Their address.
    pub address: Address,
    dn: String,
    session: Session,
    settings: Settings,
}

/// The person whose login or address is `login`; none if there is no such person, or their account is switched off.
///
/// # Errors
/// The directory could not be asked.
pub async fn meant(settings: &Settings, login: &str) -> Result<Option<Meant>, LdapError> {
    let login = login.trim().to_owned();
    if !is_sane(&login) {
        return Ok(None);
    }
    let (settings, patience) = (settings.clone(), patience(settings));
    let asking = apart(async move { find(settings, &login).await });
    tokio::time::timeout(patience, asking).await.unwrap_or(Err(LdapError::Late))
}

impl Meant {
    /// Whether `password` is theirs.
    ///
    /// # Errors
    /// The directory could not be asked.
    pub async fn proves(self, password: &str) -> Result<bool, LdapError> {
        // An empty password would be a bind as nobody, which succeeds (RFC 4513, §5.1.2).
        if !is_sane(password) {
            return Ok(false);
        }
        let (password, patience) = (password.to_owned(), patience(&self.settings));
        let trying = apart(async move { self.bind(&password).await });
        tokio::time::timeout(patience, trying).await.unwrap_or(Err(LdapError::Late))
    }

    async fn bind(self, password: &str) -> Result<bool, LdapError> {
        let answer = self.session.again(&self.settings).await?.bind(&self.dn, password).await?;
        match answer.rc {
            0 => Ok(true),
            _ if is_refusal(&answer) => Ok(false),
            _ => Err(LdapError::Failed { base: self.dn, why: said(&answer) }),
        }
    }
}

fn is_sane(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST && !text.contains('\0')
}

/// How long one step may take: several questions, each of which may be as late as the settings allow.
fn patience(settings: &Settings) -> Duration {
    settings.timeout * 4
}

async fn find(settings: Settings, login: &str) -> Result<Option<Meant>, LdapError> {
    let mut session = Session::open(&settings).await?;
    let mut found = search(&settings, &mut session, &with_login(&settings, login)).await?;
    if found.len() > 1 {
        tracing::warn!("two entries of the directory have the login or address that somebody gave; it proves neither");
        return Ok(None);
    }
    let Some(person) = found.pop() else { return Ok(None) };
    let known = address(&person, &settings.attributes).filter(|_| !is_disabled(&person) && !person.dn.is_empty());
    let Some(address) = known else { return Ok(None) };
    let owners = search(&settings, &mut session, &with_address(&settings, address.as_str())).await?;
    if owners.iter().any(|owner| owner.dn != person.dn) {
        tracing::warn!(%address, "two entries of the directory have this address; a login with it proves neither");
        return Ok(None);
    }
    Ok(Some(Meant { address, dn: person.dn, session, settings }))
}

/// The first few people who fit.
async fn search(settings: &Settings, session: &mut Session, filter: &str) -> Result<Vec<Entry>, LdapError> {
    let mut budget = Budget::new(1_000, 1 << 24, settings.timeout * 2);
    let mut found = Vec::new();
    let question =
        Question { base: &settings.base, scope: Scope::Subtree, filter, attributes: settings.attributes.of_person() };
    let take = |entry| {
        if found.len() < ENOUGH {
            found.push(entry);
        }
        Ok(())
    };
    session.each(&question, &mut budget, take).await?;
    Ok(found)
}

fn with_login(settings: &Settings, login: &str) -> String {
    let Attributes { login: names, .. } = &settings.attributes;
    let literal = ldap_escape(login);
    let logins: String = names.iter().map(|name| format!("({name}={literal})")).collect();
    format!("(&{}(|{}{logins}))", settings.filter, address_is(&settings.attributes, login))
}

fn with_address(settings: &Settings, address: &str) -> String {
    format!("(&{}(|{}))", settings.filter, address_is(&settings.attributes, address))
}

fn address_is(attributes: &Attributes, address: &str) -> String {
    let literal = ldap_escape(address);
    let aliases = attributes.aliases.iter().map(|name| format!("({name}={literal})({name}=smtp:{literal})"));
    std::iter::once(format!("({}={literal})", attributes.mail)).chain(aliases).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        let mut settings = Settings::new(vec!["ldap://127.0.0.1:1".parse().unwrap()], "dc=jp".to_owned());
        settings.filter = "(mail=*)".to_owned();
        settings.attributes.aliases = vec!["proxyAddresses".to_owned()];
        settings.attributes.login = vec!["uid".to_owned()];
        settings
    }

    #[test]
    fn what_is_typed_is_never_syntax() {
        let plain = with_login(&settings(), "taro@a.jp");
        assert_eq!(
            plain,
            "(&(mail=*)(|(mail=taro@a.jp)(proxyAddresses=taro@a.jp)(proxyAddresses=smtp:taro@a.jp)(uid=taro@a.jp)))"
        );
        let signs = |text: &str| text.matches(['(', ')', '*', '\\']).count();
        for typed in ["*", "*)(uid=*", "a)(|(mail=*", "taro)(&", "\\2a", "a\\"] {
            let filter = with_login(&settings(), typed);
            assert!(ldap3::parse_filter(&filter).is_ok(), "{filter}");
            // Every sign of syntax in it is a backslash of ours now, four times.
            assert_eq!(signs(&filter), signs(&plain) + 4 * signs(typed), "{filter}");
            assert!(!filter.replace("(mail=*)", "").contains('*'), "{filter}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_login_breaks_the_filter(typed in "\\PC{1,20}") {
            let filter = with_login(&settings(), &typed);
            proptest::prop_assert!(ldap3::parse_filter(&filter).is_ok());
            proptest::prop_assert_eq!(filter.matches('(').count(), with_login(&settings(), "a").matches('(').count());
        }
    }

    #[tokio::test]
    async fn nothing_means_nobody_without_asking() {
        let asked = async |login: &str| meant(&settings(), login).await.map(|meant| meant.is_some());
        for login in ["", "  ", "taro\0", &"x".repeat(600)] {
            assert_eq!(asked(login).await, Ok(false), "{login:?}");
        }
        assert!(matches!(asked("taro").await, Err(LdapError::Unreachable(_))));
        assert!(["", "a\0", &"x".repeat(600)].into_iter().all(|password| !is_sane(password)));
    }
}
