//! Floods: how many connections one address may have, and how much one sender may send.
//!
//! In: addresses, senders and the time. Out: a place that is given back when it is dropped, or the limit that was met.
//! Everything counts in memory and starts anew with the process; every table has a size at which it forgets what
//! weighs least. Deliberately absent: the total of all connections (`listen`), and any view on what is in a mail.
//!
//! Senders are counted in mails, not recipients: `max_recipients` bounds those, and a mail server that splits a mail
//! into several would be counted differently from one that does not. A mail is counted when it is begun, so that many
//! connections cannot pass together, and the count is given back if the mail is not taken: a mail server that tries
//! again because the next hop is away uses up nothing.

use std::{
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use tokio::time::Instant;

/// How many senders are remembered at once.
const SENDERS: usize = 20_000;

/// A table that stays small: when it is full it forgets what is old, or else what weighs least.
#[derive(Debug)]
pub(super) struct Table<K, V> {
    entries: Mutex<HashMap<K, V>>,
    most: usize,
}

impl<K: Eq + Hash + Clone, V> Table<K, V> {
    pub(super) fn new(most: usize) -> Self {
        Self { entries: Mutex::default(), most }
    }

    /// Looks at the entries or changes them in place.
    pub(super) fn with<T>(&self, look: impl FnOnce(&mut HashMap<K, V>) -> T) -> T {
        look(&mut self.entries.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the entry of `key` by what `new` makes of the present one.
    pub(super) fn change(
        &self,
        key: K,
        old: impl Fn(&V) -> bool,
        weight: impl Fn(&V) -> u32,
        new: impl FnOnce(Option<&V>) -> V,
    ) {
        self.with(|entries| {
            if entries.len() >= self.most && !entries.contains_key(&key) {
                entries.retain(|_, entry| !old(entry));
                if entries.len() >= self.most {
                    let lightest = entries.iter().min_by_key(|(_, entry)| weight(entry)).map(|(key, _)| key.clone());
                    lightest.map(|key| entries.remove(&key));
                }
            }
            let entry = new(entries.get(&key));
            entries.insert(key, entry);
        });
    }
}

/// Whom an address counts as: an IPv4 address alone, of IPv6 the whole /64, which is one customer's.
pub(super) fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

/// The connections of each address.
#[derive(Debug, Clone)]
pub(super) struct Connections {
    // Bounded by the limit on all connections: an address without one has no entry.
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
    most: usize,
}

/// One connection's place; free again when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
    address: IpAddr,
}

impl Connections {
    pub(super) fn new(most: usize) -> Self {
        Self { open: Arc::default(), most }
    }

    /// A place for one more connection of this address; none if it has as many as it may have.
    pub(super) fn place(&self, address: IpAddr) -> Option<Place> {
        let address = neighbourhood(address);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.get(&address).copied().unwrap_or_default();
        if count >= self.most {
            return None;
        }
        open.insert(address, count + 1);
        drop(open);
        Some(Place { open: Arc::clone(&self.open), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        match open.get_mut(&self.address) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(open.remove(&self.address)),
        }
    }
}

/// How much one envelope sender may send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SenderLimits {
    /// Mails a minute; a minute's worth may come at once.
    pub rate: Option<u32>,
    /// Mails a day.
    pub daily: Option<u32>,
    /// Where the day begins.
    pub timezone: TimeZone,
}

/// Which limit a sender has met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Met {
    /// Too fast: later.
    Rate,
    /// As much as a day allows.
    Daily,
}

/// What each sender has sent.
#[derive(Debug)]
pub(super) struct Senders {
    limits: SenderLimits,
    table: Table<String, Sent>,
}

#[derive(Debug, Clone, Copy)]
struct Sent {
    /// How many mails may come now.
    allowance: f64,
    at: Instant,
    day: Date,
    today: u32,
}

/// One mail's count; given back when it is dropped before [`Turn::keep`].
#[derive(Debug)]
pub(super) struct Turn(Option<(Arc<Senders>, String)>);

impl Turn {
    /// A turn that counts for nobody: the null sender's.
    pub(super) fn free() -> Self {
        Self(None)
    }

    /// The mail was taken.
    pub(super) fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some((senders, sender)) = self.0.take() {
            senders.give_back(&sender);
        }
    }
}

impl Senders {
    pub(super) fn new(limits: SenderLimits) -> Arc<Self> {
        Arc::new(Self { limits, table: Table::new(SENDERS) })
    }

    /// A turn for one more mail of this sender, by its address as it is counted.
    pub(super) fn turn(self: &Arc<Self>, sender: &str) -> Result<Turn, Met> {
        if self.limits.rate.is_none() && self.limits.daily.is_none() {
            return Ok(Turn::free());
        }
        self.take(sender, Instant::now(), Timestamp::now())?;
        Ok(Turn(Some((Arc::clone(self), sender.to_owned()))))
    }

    fn take(&self, sender: &str, now: Instant, clock: Timestamp) -> Result<(), Met> {
        let today = self.limits.timezone.to_datetime(clock).date();
        let full = f64::from(self.limits.rate.unwrap_or(1));
        let fresh = Sent { allowance: full, at: now, day: today, today: 0 };
        let grown = |sent: &Sent| {
            let seconds = now.saturating_duration_since(sent.at).as_secs_f64();
            let allowance = (sent.allowance + full * seconds / MINUTE.as_secs_f64()).min(full);
            Sent { allowance, at: now, day: today, today: if sent.day == today { sent.today } else { 0 } }
        };
        let mut met = None;
        let idle = |sent: &Sent| sent.day != today && now.saturating_duration_since(sent.at) > MINUTE;
        self.table.change(
            sender.to_owned(),
            idle,
            |sent| sent.today,
            |known| {
                let mut sent = known.map_or(fresh, grown);
                if self.limits.daily.is_some_and(|daily| sent.today >= daily) {
                    met = Some(Met::Daily);
                } else if self.limits.rate.is_some() && sent.allowance < 1.0 {
                    met = Some(Met::Rate);
                } else {
                    sent.allowance -= 1.0;
                    sent.today = sent.today.saturating_add(1);
                }
                sent
            },
        );
        met.map_or(Ok(()), Err)
    }

    fn give_back(&self, sender: &str) {
        let full = f64::from(self.limits.rate.unwrap_or(1));
        self.table.with(|entries| {
            if let Some(sent) = entries.get_mut(sender) {
                sent.allowance = (sent.allowance + 1.0).min(full);
                sent.today = sent.today.saturating_sub(1);
            }
        });
    }
}

const MINUTE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_gets_its_places_back() {
        let connections = Connections::new(2);
        let place = |address: &str| connections.place(address.parse().unwrap());
        let first = place("192.0.2.1").unwrap();
        let second = place("::ffff:192.0.2.1").unwrap();
        assert!(place("192.0.2.1").is_none());
        assert!(place("192.0.2.2").is_some());
        drop(first);
        let third = place("192.0.2.1").unwrap();
        assert!(place("192.0.2.1").is_none());
        drop((second, third));
        assert!(connections.open.lock().unwrap().is_empty());
        let _of_one_customer = (place("2001:db8::1").unwrap(), place("2001:db8::ffff:1:2:3").unwrap());
        assert!(place("2001:db8::2").is_none());
        assert!(place("2001:db8:0:1::2").is_some());
    }

    fn senders(rate: Option<u32>, daily: Option<u32>) -> Arc<Senders> {
        Senders::new(SenderLimits { rate, daily, timezone: TimeZone::get("Asia/Tokyo").unwrap() })
    }

    #[test]
    fn a_minutes_worth_may_come_at_once_and_then_evenly() {
        let senders = senders(Some(6), None);
        let (start, clock) = (Instant::now(), Timestamp::UNIX_EPOCH);
        let take = |seconds: u64| senders.take("a@example.jp", start + Duration::from_secs(seconds), clock);
        for _ in 0..6 {
            assert_eq!(take(0), Ok(()));
        }
        assert_eq!(take(0), Err(Met::Rate));
        assert_eq!(take(9), Err(Met::Rate));
        assert_eq!(take(10), Ok(()));
        assert_eq!(take(10), Err(Met::Rate));
        assert_eq!(senders.take("b@example.jp", start, clock), Ok(()));
        for _ in 0..6 {
            assert_eq!(take(3600), Ok(()));
        }
        assert_eq!(take(3600), Err(Met::Rate));
    }

    #[test]
    fn the_day_begins_at_midnight_of_the_configured_zone() {
        let senders = senders(None, Some(2));
        let take = |clock: &str| senders.take("a@example.jp", Instant::now(), clock.parse().unwrap());
        assert_eq!(take("2026-11-22T14:00:00Z"), Ok(()));
        assert_eq!(take("2026-11-22T14:30:00Z"), Ok(()));
        assert_eq!(take("2026-11-22T14:59:59Z"), Err(Met::Daily));
        assert_eq!(take("2026-11-22T15:00:00Z"), Ok(()));
    }

    #[test]
    fn a_mail_that_is_not_taken_counts_for_nothing() {
        let senders = senders(Some(2), Some(2));
        for _ in 0..10 {
            drop(senders.turn("a@example.jp").unwrap());
        }
        senders.turn("a@example.jp").unwrap().keep();
        let second = senders.turn("a@example.jp").unwrap();
        assert_eq!(senders.turn("a@example.jp").unwrap_err(), Met::Daily);
        drop(second);
        senders.turn("a@example.jp").unwrap().keep();
        assert_eq!(senders.turn("a@example.jp").unwrap_err(), Met::Daily);
        assert!(Turn::free().0.is_none());
    }

    #[test]
    fn without_limits_nothing_is_remembered() {
        let senders = senders(None, None);
        senders.turn("a@example.jp").unwrap().keep();
        assert!(senders.table.with(|entries| entries.is_empty()));
    }

    #[test]
    fn a_full_table_forgets_what_is_old_and_then_what_weighs_least() {
        let table = Table::new(3);
        let put = |key: &'static str, weight: u32| table.change(key, |entry| *entry == 0, |entry| *entry, |_| weight);
        for (key, weight) in [("old", 0), ("light", 1), ("heavy", 9), ("new", 5)] {
            put(key, weight);
        }
        let mut keys: Vec<_> = table.with(|entries| entries.keys().copied().collect());
        keys.sort_unstable();
        assert_eq!(keys, ["heavy", "light", "new"]);
        put("newest", 3);
        assert!(table.with(|entries| !entries.contains_key("light") && entries.contains_key("heavy")));
    }
}
