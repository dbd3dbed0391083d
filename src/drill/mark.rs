//! The mark of a drill mail: an envelope sender that only a holder of the sealing key can write.
//!
//! In: the time, what is to befall the mail. Out: an [`Address`] that is good once and for a minute; and of an envelope
//! sender whether it is one. The mark stands in MAIL, before any next hop is asked, so that a drill mail never has a
//! connection by which it could leave. Anything else at that domain (forged, stale, used before, of another store) is no
//! mark, and no sender either: nobody is there. Deliberately absent: what becomes of a marked mail (`pipeline::marked`).

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use data_encoding::HEXLOWER;
use jiff::{SignedDuration, Timestamp};

use crate::{
    inspect::Fault,
    mail::{Address, AddressError},
    store::Store,
};

/// Where marks live: a domain that can never exist (RFC 2606).
const DOMAIN: &str = "drill.invalid";
/// From whom drill mails seem to be, at a domain of ours: what rules ask of senders is asked of it as well.
pub const SENDER: &str = "sekisho-drill";
const VERSION: &str = "drill1";

/// How long a mark is good: it is made for the command that follows.
const GOOD_FOR: SignedDuration = SignedDuration::from_secs(60);

/// So many bytes of the code stand in the address, whose local part is 64 octets at most (RFC 5321 §4.5.3.1.1).
const CODE: usize = 16;

/// What is to befall a drill mail on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Nothing: it is read and judged.
    Judge,
    /// Something befalls the worker that reads it.
    Fault(Fault),
    /// The next hop is one where nobody listens.
    DeadNextHop,
}

impl Act {
    const ALL: [Self; 4] = [Self::Judge, Self::Fault(Fault::Crash), Self::Fault(Fault::Hang), Self::DeadNextHop];

    fn letter(self) -> &'static str {
        match self {
            Self::Judge => "j",
            Self::Fault(Fault::Crash) => "c",
            Self::Fault(Fault::Hang) => "h",
            Self::DeadNextHop => "n",
        }
    }
}

/// Makes a mark that is good from `now` on.
///
/// # Errors
/// Never: what it writes is an address, and a test sees to that.
pub fn mark(store: &Store, act: Act, now: Timestamp) -> Result<Address, AddressError> {
    let expiry = (now + GOOD_FOR).as_second();
    // The random part of a ULID, so that no two marks of a millisecond are one.
    let nonce = HEXLOWER.encode(ulid::Ulid::generate().to_bytes().get(11..).unwrap_or_default());
    let code = code(store, expiry, &nonce, act);
    let code = HEXLOWER.encode(&code);
    Address::parse(&format!("{VERSION}.{expiry}.{nonce}.{}.{code}@{DOMAIN}", act.letter()))
}

/// A sender that only a mark could be, and that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoMark;

/// Knows marks, and which were used.
#[derive(Debug)]
pub struct Marks {
    store: Store,
    /// Until when each is to be remembered.
    used: Mutex<BTreeMap<String, i64>>,
}

impl Marks {
    /// Those that `store` vouches for.
    pub fn new(store: Store) -> Self {
        Self { store, used: Mutex::default() }
    }

    /// What a sender asks for, if it is a mark that this process has not seen before; from now on it has. None for any other
    /// sender.
    ///
    /// # Errors
    /// It is at the marks' domain, and no mark that is good.
    pub fn recognise(&self, sender: Option<&Address>, now: Timestamp) -> Result<Option<Act>, NoMark> {
        let Some(sender) = sender.filter(|sender| sender.domain().eq_ignore_ascii_case(DOMAIN)) else {
            return Ok(None);
        };
        self.read(sender, now).map(Some).ok_or(NoMark)
    }

    fn read(&self, sender: &Address, now: Timestamp) -> Option<Act> {
        let mut parts = sender.local().split('.');
        let mut next = || parts.next();
        let (version, expiry, nonce, letter, told) = (next()?, next()?, next()?, next()?, next()?);
        if version != VERSION || next().is_some() {
            return None;
        }
        let act = Act::ALL.into_iter().find(|act| act.letter() == letter)?;
        let expiry: i64 = expiry.parse().ok()?;
        let told = HEXLOWER.decode(told.as_bytes()).ok()?;
        let now = now.as_second();
        if expiry <= now || verify_slices_are_equal(&code(&self.store, expiry, nonce, act), &told).is_err() {
            return None;
        }
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.retain(|_, until| *until > now);
        used.insert(nonce.to_owned(), expiry).is_none().then_some(act)
    }
}

fn code(store: &Store, expiry: i64, nonce: &str, act: Act) -> [u8; CODE] {
    let whole = store.vouch(format!("machine drill v1\n{expiry}\n{nonce}\n{}\n", act.letter()).as_bytes());
    let mut code = [0; CODE];
    code.iter_mut().zip(whole).for_each(|(place, byte)| *place = byte);
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn store() -> (tempfile::TempDir, Store) {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        (dir, store)
    }

    fn now() -> Timestamp {
        Timestamp::from_second(1_790_000_000).unwrap()
    }

    #[tokio::test]
    async fn a_mark_is_good_once_and_for_what_it_says() {
        let (_dir, store) = store().await;
        let marks = Marks::new(store.clone());
        for act in Act::ALL {
            let sender = mark(&store, act, now()).unwrap();
            assert!(sender.local().len() <= 64, "{sender}");
            assert_eq!(Address::parse(sender.as_str()).as_ref(), Ok(&sender), "it travels as any address");
            assert_eq!(marks.recognise(Some(&sender), now()), Ok(Some(act)));
            assert_eq!(marks.recognise(Some(&sender), now()), Err(NoMark), "used before");
        }
        let other = Address::parse("sato@toho.example.co.jp").unwrap();
        assert_eq!(marks.recognise(None, now()), Ok(None));
        assert_eq!(marks.recognise(Some(&other), now()), Ok(None));
    }

    #[tokio::test]
    async fn a_stale_mark_is_none() {
        let (_dir, store) = store().await;
        let marks = Marks::new(store.clone());
        let sender = mark(&store, Act::Judge, now()).unwrap();
        assert_eq!(marks.recognise(Some(&sender), now() + GOOD_FOR), Err(NoMark));
        let last = now() + GOOD_FOR - SignedDuration::from_secs(1);
        assert_eq!(marks.recognise(Some(&sender), last), Ok(Some(Act::Judge)));
    }

    #[tokio::test]
    async fn what_was_changed_in_a_mark_makes_it_none() {
        let ((_dir, store), (_other, stranger)) = (store().await, store().await);
        let marks = Marks::new(store.clone());
        let sender = mark(&store, Act::Judge, now()).unwrap();
        let parts: Vec<&str> = sender.local().split('.').collect();
        let with = |place: usize, text: &str| {
            let mut parts = parts.clone();
            parts[place] = text;
            Address::parse(&format!("{}@{DOMAIN}", parts.join("."))).unwrap()
        };
        let later = (now() + SignedDuration::from_hours(1)).as_second().to_string();
        let zeros = "0".repeat(2 * CODE);
        for forged in [
            with(0, "drill2"),
            with(1, &later),
            with(2, "0000000000"),
            with(3, "c"),
            with(3, "x"),
            with(4, &zeros),
            with(4, &parts[4][..30]),
            with(4, &format!("{}.x", parts[4])),
            Address::parse("drill1@drill.invalid").unwrap(),
            mark(&stranger, Act::Judge, now()).unwrap(),
        ] {
            assert_eq!(marks.recognise(Some(&forged), now()), Err(NoMark), "{forged}");
        }
        let elsewhere = Address::parse(&format!("{}@drill.example", sender.local())).unwrap();
        assert_eq!(marks.recognise(Some(&elsewhere), now()), Ok(None));
        assert_eq!(marks.recognise(Some(&sender), now()), Ok(Some(Act::Judge)), "what failed used nothing up");
    }
}
