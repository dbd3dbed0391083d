//! Every way in which a split can be interrupted, with a next hop that does as it is told and a store that can be
//! broken.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::Timestamp;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

use super::*;
use crate::{
    hold::fixture::{OUTSIDE, SENDER, arrival, changes, group, hold_in, outbox, settings},
    policy::{Action, Decision, Group, Verdict},
    smtp::client::{Settings, Timeouts, Tls},
    store::{Kind, State, Store},
};

const INSIDE: &str = "in@example.co.jp";
const ALSO_INSIDE: &str = "also@example.co.jp";

/// Where the next hop misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Mail,
    Rcpt,
    SecondRcpt,
    Data,
    Dot,
}

/// And how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Says(&'static str),
    HangsUp,
    /// It takes the mail and hangs up before it can say so.
    TakesAndHangsUp,
    FallsSilent,
}

/// A next hop that does as it is told.
#[derive(Clone)]
struct Hop {
    address: SocketAddr,
    fault: Arc<Mutex<Option<(Step, Way)>>>,
    took: Arc<Mutex<Vec<Vec<String>>>>,
}

impl Hop {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let hop = Self { address: listener.local_addr().unwrap(), fault: Arc::default(), took: Arc::default() };
        let serving = hop.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().talk(stream));
            }
        });
        hop
    }

    fn fails(&self, fault: Option<(Step, Way)>) {
        *self.fault.lock().unwrap() = fault;
    }

    /// The recipients of each mail that it took.
    fn took(&self) -> Vec<Vec<String>> {
        self.took.lock().unwrap().clone()
    }

    fn next_hop(&self) -> NextHop {
        let settings = Settings {
            hostname: "relay.example.co.jp".to_owned(),
            hosts: vec![self.address.to_string()],
            tls: Tls::Never,
            ..Settings::default()
        };
        let short = Duration::from_millis(200);
        let timeouts = Timeouts { command: short, data: short, message: short, ..Timeouts::default() };
        NextHop::with_timeouts(settings, timeouts).unwrap()
    }

    async fn talk(self, stream: TcpStream) -> Option<()> {
        let (read, mut write) = stream.into_split();
        let mut read = BufReader::new(read);
        write.write_all(b"220 hop ESMTP\r\n").await.ok()?;
        let mut to: Vec<String> = Vec::new();
        loop {
            let mut line = String::new();
            if read.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            let (step, usual) = match line.get(..4)? {
                "EHLO" => (None, "250-hop\r\n250 8BITMIME"),
                "MAIL" => {
                    to.clear();
                    (Some(Step::Mail), "250 2.1.0 ok")
                }
                "RCPT" => {
                    to.push(line.split(['<', '>']).nth(1)?.to_owned());
                    (Some(if to.len() == 2 { Step::SecondRcpt } else { Step::Rcpt }), "250 2.1.5 ok")
                }
                "DATA" => (Some(Step::Data), "354 go"),
                "QUIT" => return None,
                _ => (None, "250 2.0.0 ok"),
            };
            let said = self.say(&mut write, step, usual).await?;
            if line.starts_with("DATA") && said.starts_with("354") {
                while line != ".\r\n" {
                    line.clear();
                    read.read_line(&mut line).await.ok()?;
                }
                if self.fault.lock().unwrap().is_none_or(|(step, way)| step != Step::Dot || way == Way::TakesAndHangsUp)
                {
                    self.took.lock().unwrap().push(to.clone());
                }
                self.say(&mut write, Some(Step::Dot), "250 2.0.0 queued as 1").await?;
            }
        }
    }

    /// Answers as it was told, or as usual.
    async fn say(
        &self,
        write: &mut tokio::net::tcp::OwnedWriteHalf,
        step: Option<Step>,
        usual: &'static str,
    ) -> Option<&'static str> {
        let fault = *self.fault.lock().unwrap();
        let said = match fault.filter(|(at, _)| Some(*at) == step) {
            None => usual,
            Some((_, Way::Says(words))) => words,
            Some((_, Way::HangsUp | Way::TakesAndHangsUp)) => return None,
            Some((_, Way::FallsSilent)) => std::future::pending().await,
        };
        write.write_all(format!("{said}\r\n").as_bytes()).await.ok()?;
        Some(said)
    }
}

/// One relay: its store, its hold, its connections.
struct Relay {
    store: Store,
    hold: Hold,
    next_hop: NextHop,
    splits: Splits,
}

impl Relay {
    async fn open(dir: &Path, hop: &Hop) -> Self {
        let (store, hold) = hold_in(dir, settings()).await;
        Self { store, hold, next_hop: hop.next_hop(), splits: Splits::default() }
    }

    fn split(&self) -> Split<'_> {
        Split { hold: &self.hold, next_hop: &self.next_hop, splits: &self.splits }
    }

    /// What the mail server hears when it brings a mail with these groups.
    async fn bring(&self, groups: Vec<Group>) -> Reply {
        let forward = proof(&groups);
        self.split().carry_out(arrival(groups), &forward, &mut Trail::of_mail("M")).await
    }

    async fn sql(&self, sql: &'static str) {
        let mut writing = self.store.write().await.unwrap();
        writing.tamper(sql).await;
        writing.commit().await.unwrap();
    }

    async fn prepared(&self) -> usize {
        self.store.write().await.unwrap().prepared_before(Timestamp::MAX).await.unwrap().len()
    }

    /// Nothing of any mail is here.
    async fn assert_nothing(&self, when: &str) {
        assert!(self.hold.list(None).await.unwrap().is_empty(), "{when}: held");
        assert!(outbox(&self.store).await.is_empty(), "{when}: somebody was told");
        assert_eq!(self.prepared().await, 0, "{when}: something is still prepared");
        assert!(changes(&self.store).await.is_empty(), "{when}: journalled");
        // Fails, for the number, if there is any mail to insert it for.
        let mut writing = self.store.write().await.unwrap();
        writing.tamper("INSERT INTO meta SELECT 'a mail is left', x'01' FROM mail").await;
    }

    /// The mail is held for one group, once, its people were asked, and it was journalled once.
    async fn assert_held_once(&self, reply: &Reply, when: &str) {
        let list = self.hold.list(Some(State::Pending)).await.unwrap();
        assert_eq!(list.len(), 1, "{when}");
        assert_eq!(*reply, Reply::held(&list[0].id), "{when}");
        assert_eq!(list[0].rcpt_to, [crate::hold::fixture::address(OUTSIDE)], "{when}");
        let letters = outbox(&self.store).await;
        assert!(letters.iter().all(|letter| letter.kind == Kind::Notice), "{when}: {letters:?}");
        assert_eq!(letters.iter().filter(|letter| letter.to == [SENDER]).count(), 1, "{when}");
        assert_eq!(changes(&self.store).await, ["mail hold"], "{when}");
        assert_eq!(self.prepared().await, 0, "{when}");
    }
}

fn proof(groups: &[Group]) -> Forward {
    match Verdict::invented(groups.to_vec()).into_decision() {
        Decision::Split(forward, _) => forward,
        other => panic!("not split: {other:?}"),
    }
}

fn groups() -> Vec<Group> {
    vec![group(Action::Hold, &[OUTSIDE]), group(Action::Forward, &[INSIDE, ALSO_INSIDE])]
}

const BREAK_ACTIVATE: &str =
    "CREATE TRIGGER broken BEFORE INSERT ON held BEGIN SELECT RAISE(ABORT, 'the disk burns'); END";
const BREAK_PREPARE: &str =
    "CREATE TRIGGER broken BEFORE INSERT ON sealed BEGIN SELECT RAISE(ABORT, 'the disk burns'); END";
const BREAK_DISCARD: &str =
    "CREATE TRIGGER broken BEFORE DELETE ON prepared BEGIN SELECT RAISE(ABORT, 'the disk burns'); END";
const MEND: &str = "DROP TRIGGER broken";

#[tokio::test]
async fn both_parts_go_their_own_way_and_the_held_one_is_not_named_to_the_next_hop() {
    let (dir, hop) = (tempfile::tempdir().unwrap(), Hop::start().await);
    let relay = Relay::open(dir.path(), &hop).await;
    let reply = relay.bring(groups()).await;
    relay.assert_held_once(&reply, "usually").await;
    assert_eq!(hop.took(), [[INSIDE, ALSO_INSIDE]]);
    let record = &relay.store.journal_after(0, 9).await.unwrap()[0].record;
    assert!(record.contains("queued as 1"), "{record}");
}

#[tokio::test]
async fn whatever_the_next_hop_refuses_nothing_is_half_done_and_the_retry_does_all_of_it_once() {
    use Step::{Data, Dot, Mail, Rcpt, SecondRcpt};
    use Way::{FallsSilent, HangsUp, Says};
    let mut cases = vec![
        (Mail, Says("451 4.7.1 later"), 451),
        (Mail, Says("452 4.3.1 full"), 451),
        (Mail, Says("550 5.7.1 never"), 550),
        (Rcpt, Says("450 4.2.0 later"), 451),
        // The mail server hears at the retry's RCPT of whom; at the dot it would count for everybody.
        (Rcpt, Says("550 5.1.1 nobody"), 451),
        (SecondRcpt, Says("452 4.5.3 too many"), 451),
        (SecondRcpt, Says("550 5.1.1 nobody"), 451),
        (Data, Says("451 4.3.0 later"), 451),
        (Data, Says("554 5.7.1 never"), 554),
        (Dot, Says("452 4.3.1 full"), 451),
        (Dot, Says("421 4.3.2 going down"), 451),
        (Dot, Says("554 5.6.0 never"), 554),
    ];
    cases.extend(
        [Mail, Rcpt, SecondRcpt, Data, Dot].into_iter().flat_map(|s| [(s, HangsUp, 451), (s, FallsSilent, 451)]),
    );
    for (step, way, code) in cases {
        let when = format!("{step:?} {way:?}");
        let (dir, hop) = (tempfile::tempdir().unwrap(), Hop::start().await);
        let relay = Relay::open(dir.path(), &hop).await;
        hop.fails(Some((step, way)));
        let reply = relay.bring(groups()).await;
        assert_eq!(reply.code, code, "{when}: {reply:?}");
        assert_eq!(hop.took(), Vec::<Vec<String>>::new(), "{when}");
        relay.assert_nothing(&when).await;
        hop.fails(None);
        let reply = relay.bring(groups()).await;
        relay.assert_held_once(&reply, &when).await;
        assert_eq!(hop.took(), [[INSIDE, ALSO_INSIDE]], "{when}");
    }
}

#[tokio::test]
async fn a_next_hop_whose_250_is_lost_gets_it_twice_and_nothing_is_held_twice() {
    let (dir, hop) = (tempfile::tempdir().unwrap(), Hop::start().await);
    let relay = Relay::open(dir.path(), &hop).await;
    hop.fails(Some((Step::Dot, Way::TakesAndHangsUp)));
    assert_eq!(relay.bring(groups()).await.code, 451);
    relay.assert_nothing("the reply was lost").await;
    hop.fails(None);
    let reply = relay.bring(groups()).await;
    relay.assert_held_once(&reply, "the retry").await;
    assert_eq!(hop.took().len(), 2, "SMTP cannot tell (RFC 1047)");
}

#[tokio::test]
async fn a_store_that_cannot_prepare_sends_nothing() {
    let (dir, hop) = (tempfile::tempdir().unwrap(), Hop::start().await);
    let relay = Relay::open(dir.path(), &hop).await;
    relay.sql(BREAK_PREPARE).await;
    assert_eq!(relay.bring(groups()).await, Reply::internal());
    assert!(hop.took().is_empty());
    relay.sql(MEND).await;
    relay.assert_nothing("not prepared").await;
    let reply = relay.bring(groups()).await;
    relay.assert_held_once(&reply, "the retry").await;
    assert_eq!(hop.took().len(), 1);
}

#[tokio::test]
async fn a_store_that_cannot_activate_is_answered_451_and_the_retry_sends_nothing_twice() {
    let (dir, hop) = (tempfile::tempdir().unwrap(), Hop::start().await);
    let relay = Relay::open(dir.path(), &hop).await;
    relay.sql(BREAK_ACTIVATE).await;
    for _ in 0..2 {
        assert_eq!(relay.bring(groups()).await, Reply::internal());
        assert_eq!(hop.took().len(), 1);
        relay.assert_nothing("not activated").await;
    }
    relay.sql(MEND).await;
    let reply = relay.bring(groups()).await;
    relay.assert_held_once(&reply, "the retry").await;
    assert_eq!(hop.took().len(), 1);
    assert!(relay.splits.handed.lock().unwrap().is_empty(), "what is done is forgotten");
}

#[tokio::test]
async fn a_store_that_comes_back_in_a_moment_is_waited_for() {
    let (dir, hop) = (tempfile::tempdir().unwrap(), Hop::start().await);
    let relay = Relay::open(dir.path(), &hop).await;
    relay.sql(BREAK_ACTIVATE).await;
    let mending = async {
        while hop.took().is_empty() {
            sleep(Duration::from_millis(5)).await;
        }
        relay.sql(MEND).await;
    };
    let (reply, ()) = tokio::join!(relay.bring(groups()), mending);
    relay.assert_held_once(&reply, "mended in time").await;
    assert_eq!(hop.took().len(), 1);
}

#[tokio::test]
async fn a_store_that_cannot_discard_shows_nothing_and_the_next_start_clears_up() {
    let (dir, hop) = (tempfile::tempdir().unwrap(), Hop::start().await);
    let relay = Relay::open(dir.path(), &hop).await;
    relay.sql(BREAK_DISCARD).await;
    hop.fails(Some((Step::Dot, Way::Says("554 5.6.0 never"))));
    assert_eq!(relay.bring(groups()).await.code, 554);
    assert_eq!(relay.prepared().await, 1);
    assert!(relay.hold.list(None).await.unwrap().is_empty() && outbox(&relay.store).await.is_empty());
    relay.sql(MEND).await;
    hop.fails(None);
    let reply = relay.bring(groups()).await;
    assert_eq!((reply.code, hop.took().len()), (250, 1), "what is only prepared is no earlier mail");
    let relay = Relay::open(dir.path(), &hop).await;
    assert_eq!(relay.hold.discard_prepared(Timestamp::MAX).await.unwrap(), 1);
    relay.assert_held_once(&reply, "after the next start").await;
}

#[tokio::test]
async fn a_store_that_dies_after_the_next_hop_took_its_part_loses_and_doubles_nothing() {
    let (dir, hop) = (tempfile::tempdir().unwrap(), Hop::start().await);
    let relay = Relay::open(dir.path(), &hop).await;
    // Neither activating nor discarding works.
    relay.sql(BREAK_DISCARD).await;
    assert_eq!(relay.bring(groups()).await, Reply::internal());
    relay.sql(MEND).await;
    let reply = relay.bring(groups()).await;
    assert_eq!((reply.code, hop.took().len()), (250, 1));
    assert_eq!(relay.hold.discard_prepared(Timestamp::MAX).await.unwrap(), 1);
    relay.assert_held_once(&reply, "after the next start").await;
}

#[tokio::test]
async fn the_same_mail_over_many_connections_at_once_goes_out_once_and_is_held_once() {
    let (dir, hop) = (tempfile::tempdir().unwrap(), Hop::start().await);
    let relay = Relay::open(dir.path(), &hop).await;
    let (one, two, three) = tokio::join!(relay.bring(groups()), relay.bring(groups()), relay.bring(groups()));
    assert!(one == two && two == three && one.is_positive(), "{one:?} {two:?} {three:?}");
    assert_eq!((hop.took().len(), relay.hold.list(None).await.unwrap().len()), (1, 1));
    // And a copy that comes when all is done.
    assert_eq!(relay.bring(groups()).await, one);
    assert_eq!(hop.took().len(), 1);
    assert_eq!(changes(&relay.store).await, ["mail hold", "retried", "retried", "retried"]);
}

#[tokio::test]
async fn a_copy_that_waited_for_one_that_failed_does_it_all_itself() {
    let (dir, hop) = (tempfile::tempdir().unwrap(), Hop::start().await);
    let relay = Relay::open(dir.path(), &hop).await;
    relay.sql(BREAK_ACTIVATE).await;
    let mending = async {
        while relay.splits.handed.lock().unwrap().is_empty() {
            sleep(Duration::from_millis(5)).await;
        }
        relay.sql(MEND).await;
    };
    let (one, two, ()) = tokio::join!(relay.bring(groups()), relay.bring(groups()), mending);
    let (failed, done) = if one.is_positive() { (two, one) } else { (one, two) };
    assert_eq!(failed, Reply::internal());
    relay.assert_held_once(&done, "the second copy").await;
    assert_eq!(hop.took().len(), 1);
}

#[tokio::test]
async fn a_process_that_dies_after_preparing_has_promised_nothing() {
    let (dir, hop) = (tempfile::tempdir().unwrap(), Hop::start().await);
    let relay = Relay::open(dir.path(), &hop).await;
    let mail = arrival(groups());
    let key = mail.retry_key().await.unwrap();
    let Preparation::New(prepared) = relay.hold.prepare(mail, key).await.unwrap() else { panic!("a retry") };
    drop((prepared, relay));
    let relay = Relay::open(dir.path(), &hop).await;
    assert_eq!(relay.hold.discard_prepared(Timestamp::MAX).await.unwrap(), 1);
    relay.assert_nothing("after the crash").await;
    let reply = relay.bring(groups()).await;
    relay.assert_held_once(&reply, "the retry").await;
    assert_eq!(hop.took().len(), 1);
}

#[tokio::test]
async fn a_process_that_dies_after_the_next_hops_250_holds_it_once() {
    let (dir, hop) = (tempfile::tempdir().unwrap(), Hop::start().await);
    let relay = Relay::open(dir.path(), &hop).await;
    let (mail, forward) = (arrival(groups()), proof(&groups()));
    let key = mail.retry_key().await.unwrap();
    let Preparation::New(prepared) = relay.hold.prepare(mail, key).await.unwrap() else { panic!("a retry") };
    relay.split().hand_over(prepared.arrival(), &forward, forward.recipients()).await.unwrap();
    drop((prepared, relay));
    let relay = Relay::open(dir.path(), &hop).await;
    assert_eq!(relay.hold.discard_prepared(Timestamp::MAX).await.unwrap(), 1);
    relay.assert_nothing("after the crash").await;
    let reply = relay.bring(groups()).await;
    relay.assert_held_once(&reply, "the retry").await;
    assert_eq!(hop.took().len(), 2, "nobody can know that the next hop has it");
}

#[tokio::test]
async fn a_commit_whose_answer_was_lost_is_not_made_twice() {
    let (dir, hop) = (tempfile::tempdir().unwrap(), Hop::start().await);
    let relay = Relay::open(dir.path(), &hop).await;
    let mail = arrival(groups());
    let key = mail.retry_key().await.unwrap();
    let Preparation::New(prepared) = relay.hold.prepare(mail, key).await.unwrap() else { panic!("a retry") };
    let first = relay.hold.activate(&prepared, "2.0.0 ok").await.unwrap();
    assert_eq!(relay.hold.activate(&prepared, "2.0.0 ok").await.unwrap(), first);
    relay.assert_held_once(&Reply::held(&first.into_id()), "activated twice").await;
    relay.hold.discard(&prepared).await.unwrap();
    assert_eq!(relay.hold.list(None).await.unwrap().len(), 1, "what is ours cannot be discarded");
}

#[tokio::test]
async fn a_retry_that_more_recipients_get_at_once_brings_it_to_those_only() {
    let (dir, hop) = (tempfile::tempdir().unwrap(), Hop::start().await);
    let relay = Relay::open(dir.path(), &hop).await;
    let before = || vec![group(Action::Hold, &[OUTSIDE, ALSO_INSIDE]), group(Action::Forward, &[INSIDE])];
    let after = || vec![group(Action::Hold, &[OUTSIDE]), group(Action::Forward, &[INSIDE, ALSO_INSIDE])];
    relay.sql(BREAK_ACTIVATE).await;
    let in_order = |groups: Vec<Group>| {
        let forward = proof(&groups);
        let mut mail = arrival(groups);
        mail.envelope.recipients.sort_by_key(|address| address.canonical());
        (mail, forward)
    };
    let (mail, forward) = in_order(before());
    assert_eq!(relay.split().carry_out(mail, &forward, &mut Trail::of_mail("M")).await, Reply::internal());
    relay.sql(MEND).await;
    let (mail, forward) = in_order(after());
    let reply = relay.split().carry_out(mail, &forward, &mut Trail::of_mail("M")).await;
    relay.assert_held_once(&reply, "with a new judgement").await;
    assert_eq!(hop.took(), [[INSIDE], [ALSO_INSIDE]]);
}

#[tokio::test]
async fn a_mail_of_which_nothing_waits_is_forwarded_and_returned() {
    let (dir, hop) = (tempfile::tempdir().unwrap(), Hop::start().await);
    let relay = Relay::open(dir.path(), &hop).await;
    let groups = || vec![group(Action::Reject, &[OUTSIDE]), group(Action::Forward, &[INSIDE])];
    let reply = relay.bring(groups()).await;
    assert!(reply.is_positive() && reply.text().contains("forwarded to some"), "{reply:?}");
    assert_eq!(relay.bring(groups()).await, reply);
    let letters = outbox(&relay.store).await;
    assert_eq!((hop.took(), letters.len()), (vec![vec![INSIDE.to_owned()]], 1));
    assert!(letters[0].kind == Kind::Dsn && letters[0].text.contains(OUTSIDE));
}

#[test]
fn what_is_remembered_is_bounded_and_the_oldest_goes_first() {
    let splits = Splits::default();
    let at = |seconds| Timestamp::from_second(seconds).unwrap();
    let handed = |seconds| Handed { at: at(seconds), to: Vec::new(), said: String::new() };
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let key = |number: usize| {
        let mut mail = arrival(groups());
        mail.message = crate::mail::Message::new(format!("Message-ID: <{number}@x>\r\n\r\n").into_bytes());
        runtime.block_on(mail.retry_key()).unwrap()
    };
    let keys: Vec<RetryKey> = (0..=REMEMBERED).map(key).collect();
    for (number, key) in keys.iter().enumerate() {
        splits.remember(*key, handed(i64::try_from(number).unwrap()));
    }
    assert_eq!(splits.handed.lock().unwrap().len(), REMEMBERED);
    assert!(splits.handed(&keys[0]).is_none() && splits.handed(&keys[1]).is_some());
    splits.remember(keys[0], handed(REMEMBERED_FOR.as_secs() * 2));
    assert_eq!(splits.handed.lock().unwrap().len(), 1, "what is too old goes");
}
