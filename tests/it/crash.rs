//! Death at any moment: of the relay, of a worker, of a next hop, of the disk. Each mail is accounted for exactly once,
//! or more often only where SMTP cannot tell: somebody took it and died before the answer arrived.
//!
//! A fleet of three nodes on one PostgreSQL is let die in the same way, the database with it.
//!
//! Clients behave like a mail server: they send each mail again until it is answered 250. Next hops are processes of
//! their own, which write down each mail before they answer it. Every fifth mail holds a My Number, which may never
//! reach anybody outside, and every tenth is split: a colleague gets it, an outsider does not.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    io::Read,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use crate::support::{
    eventually, free_port,
    postgres::Postgres,
    relay::{self, Relay, Signal},
    sink::{Hop, Sink},
    talk::{self, Talk, letter},
};

const CLIENTS: usize = 6;
/// How many mails the fleet is sent.
const FLEET: &str = "SEKISHO_TEST_FLEET";
/// So many held mails are released in the end.
const RELEASED: usize = 30;
const FROM: &str = "sato@toho.example.co.jp";
const SECRET: &str = "従業員 高橋 由美のマイナンバーは 123456789018 です。";
/// A mail that cannot be sent for so long never can: what died has not come back to life.
const STUCK: Duration = Duration::from_secs(120);
const HOP: &str = "SEKISHO_TEST_HOP";
const LEDGER: &str = "SEKISHO_TEST_LEDGER";

/// How much is tried.
#[derive(Debug, Clone, Copy)]
struct Plan {
    mails: usize,
    moments: usize,
    /// Whether the disk is a small one that can be filled.
    small_disk: bool,
    /// How many nodes there are; several are on one PostgreSQL server.
    nodes: usize,
}

#[test]
fn no_mail_is_lost_by_a_death_at_any_of_twenty_moments() {
    Plan { mails: 500, moments: 20, small_disk: false, nodes: 1 }.run();
}

#[test]
#[ignore = "takes minutes and needs root to mount a small disk; tests/run runs it"]
fn no_mail_is_lost_by_a_death_at_any_of_two_hundred_moments() {
    Plan { mails: 5000, moments: 200, small_disk: true, nodes: 1 }.run();
}

#[test]
#[ignore = "needs PostgreSQL and root; tests/run runs it"]
fn a_fleet_of_three_on_one_database_loses_no_mail_by_any_death() {
    // By hand, for longer: a figure that the README tells.
    let mails = std::env::var(FLEET).map_or(2000, |mails| mails.parse().unwrap());
    Plan { mails, moments: 60.max(mails * 3 / 200), small_disk: false, nodes: 3 }.run();
}

/// The disk was full, and is not any more: the relay takes mail again without a restart.
#[test]
#[ignore = "needs root to mount a small disk; tests/run runs it"]
fn mail_is_taken_again_when_a_full_disk_has_room() {
    let (home, sink) = (tempfile::tempdir().unwrap(), Sink::start());
    let disk = SmallDisk::mount(home.path().join("disk"));
    let data = disk.0.join("data");
    let relay = Relay::start_with(sink.address, &format!("data_dir = {data:?}\nstore.min_free = \"1 MiB\"\n"));
    let send =
        |id: &str| talk::send(relay.smtp, FROM, &["nencho@zeirishi.example.com"], &letter(id, "s", SECRET)).unwrap();
    assert!(send("before").starts_with("250 2.0.0 held"));
    // The disk fills up between MAIL and the end of the message, where nothing can be foreseen.
    let mut talk = Talk::start(relay.smtp).unwrap();
    assert!(talk.say(&format!("MAIL FROM:<{FROM}> BODY=8BITMIME")).unwrap().starts_with("250"));
    assert!(talk.say("RCPT TO:<nencho@zeirishi.example.com>").unwrap().starts_with("250"));
    disk.fill();
    let reply = talk.data(&letter("full", "s", &SECRET.repeat(20_000))).unwrap();
    assert!(reply.starts_with("451 4.3"), "{reply}");
    disk.free();
    eventually("mail to be taken again", || send("after").starts_with("250 2.0.0 held").then_some(()));
}

/// Not a test of its own: the next hop that the tests above start, and kill.
#[test]
#[ignore = "started by the crash tests"]
fn a_next_hop_in_a_process_of_its_own() {
    let (Ok(address), Ok(ledger)) = (std::env::var(HOP), std::env::var(LEDGER)) else { return };
    let listen = address.parse().unwrap();
    let _sink = Sink::start_as(Hop { listen, ledger: Some(ledger.into()), ..Hop::default() });
    // Until whoever started it is gone.
    let _ = std::io::stdin().read(&mut [0]);
}

/// A next hop that can be killed.
struct Victim {
    address: SocketAddr,
    ledger: PathBuf,
    process: Option<Child>,
}

impl Victim {
    fn new(folder: &Path, name: &str) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let mut victim = Self { address, ledger: folder.join(name), process: None };
        victim.live();
        victim
    }

    fn live(&mut self) {
        let process = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "crash::a_next_hop_in_a_process_of_its_own"])
            .env(HOP, self.address.to_string())
            .env(LEDGER, &self.ledger)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.process = Some(process);
        eventually("the next hop to listen", || std::net::TcpStream::connect(self.address).ok());
    }

    fn die(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    fn entries(&self) -> Vec<Entry> {
        let text = fs::read_to_string(&self.ledger).unwrap_or_default();
        text.lines().filter_map(Entry::read).collect()
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        self.die();
    }
}

/// A line of a next hop's ledger.
struct Entry {
    answered: bool,
    /// In milliseconds.
    at: u128,
    id: String,
    to: Vec<String>,
}

impl Entry {
    fn read(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let answered = words.next()? == "answered";
        let at = words.next()?.parse().ok()?;
        Some(Self { answered, at, id: words.next()?.to_owned(), to: words.map(str::to_owned).collect() })
    }
}

/// A disk of a few MiB, for root.
pub(crate) struct SmallDisk(pub(crate) PathBuf);

impl SmallDisk {
    pub(crate) fn mount(at: PathBuf) -> Self {
        fs::create_dir(&at).unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=96m", "tmpfs"]).arg(&at).output().unwrap();
        assert!(mounted.status.success(), "{}", String::from_utf8_lossy(&mounted.stderr));
        Self(at)
    }

    /// Takes all that is free, to the last byte.
    pub(crate) fn fill(&self) {
        let mut filler = fs::File::create(self.0.join("filler")).unwrap();
        for size in [1 << 20, 4096, 1] {
            while std::io::Write::write_all(&mut filler, &vec![0; size]).is_ok() {}
        }
    }

    pub(crate) fn free(&self) {
        fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

/// One mail of the test.
struct Mail {
    id: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Clean,
    Secret,
    Split,
}

impl Mail {
    fn new(number: usize) -> Self {
        let kind = match number % 10 {
            3 => Kind::Split,
            0 | 5 => Kind::Secret,
            _ => Kind::Clean,
        };
        Self { id: format!("m{number}"), kind }
    }

    /// Each recipient is there for this mail alone, so that the hold can be asked for it.
    fn to(&self) -> Vec<String> {
        let id = &self.id;
        match self.kind {
            Kind::Clean => vec![format!("{id}@kita-hoan.example.com")],
            Kind::Secret => vec![format!("{id}@zeirishi.example.com")],
            Kind::Split => vec![format!("{id}@toho.example.co.jp"), format!("{id}@zeirishi.example.com")],
        }
    }

    fn bytes(&self) -> Vec<u8> {
        let text = if self.kind == Kind::Clean { "来週の定例会議は水曜日です。" } else { SECRET };
        letter(&self.id, "s", text)
    }
}

/// How one attempt to send a mail ended.
#[derive(Debug)]
enum Attempt {
    Promised,
    /// 4xx, which must mean that nothing was taken, as far as anybody can know.
    Deferred(String),
    /// The connection ended before an answer came.
    Unanswered,
}

type Attempts = Mutex<HashMap<String, Vec<Attempt>>>;

/// Sends mails until none is left, each until it is promised.
fn client(nodes: &[SocketAddr], mails: &[Mail], next: &AtomicUsize, done: &AtomicUsize, attempts: &Attempts) {
    let mut talk = None;
    // Whoever does not get through at one node goes to the next.
    let mut nodes = nodes.iter().copied().cycle();
    while let Some(mail) = mails.get(next.fetch_add(1, Ordering::SeqCst)) {
        let to = mail.to();
        let to: Vec<&str> = to.iter().map(String::as_str).collect();
        let began = Instant::now();
        loop {
            assert!(
                began.elapsed() < STUCK,
                "{} is not taken any more: {:?}",
                mail.id,
                attempts.lock().unwrap().get(&mail.id).and_then(|all| all.last())
            );
            let Some(open) = talk.as_mut() else {
                talk = nodes.next().and_then(connect);
                continue;
            };
            let attempt = match open.send(FROM, &to, &mail.bytes()) {
                Ok(reply) if reply.starts_with("250") => Attempt::Promised,
                Ok(reply) => {
                    assert!(reply.starts_with('4'), "{}: {reply}", mail.id);
                    Attempt::Deferred(reply)
                }
                Err(_) => Attempt::Unanswered,
            };
            let again = !matches!(attempt, Attempt::Promised);
            attempts.lock().unwrap().entry(mail.id.clone()).or_default().push(attempt);
            if !again {
                break;
            }
            talk = None;
            std::thread::sleep(Duration::from_millis(30));
        }
        done.fetch_add(1, Ordering::SeqCst);
    }
}

/// A connection, or nothing after a short wait.
fn connect(relay: SocketAddr) -> Option<Talk> {
    let open = || -> std::io::Result<Talk> {
        let mut talk = Talk::connect(relay)?;
        let greeted = talk.reply()?.starts_with("220") && talk.say("EHLO client.test")?.starts_with("250");
        if greeted { Ok(talk) } else { Err(std::io::ErrorKind::ConnectionRefused.into()) }
    };
    let opened = open().ok();
    if opened.is_none() {
        std::thread::sleep(Duration::from_millis(30));
    }
    opened
}

/// Has a mail approved at a node, which may find that somebody else has.
fn approve(node: &Relay, id: &str) {
    let began = Instant::now();
    loop {
        let approved = node.command(&["held", "approve", id, "--as", "kacho@toho.example.co.jp"]);
        let said = String::from_utf8_lossy(&approved.stderr).into_owned();
        // The database may be away; then the command says so, and nothing happened that another try does not find.
        if approved.status.success() || said.contains("already") || said.contains("is released") {
            return;
        }
        assert!(began.elapsed() < STUCK, "{id}: {said}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn now() -> u128 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis()
}

/// A fixed series of numbers, so that a failure can be seen again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// All that can die.
struct Stage {
    nodes: Vec<Relay>,
    database: Option<Postgres>,
    hops: [Victim; 2],
    disk: Option<SmallDisk>,
    /// Who died, and when.
    deaths: Vec<(u128, &'static str)>,
}

impl Stage {
    fn set(plan: Plan, home: &Path) -> Self {
        let hops = [Victim::new(home, "first"), Victim::new(home, "second")];
        let disk = plan.small_disk.then(|| SmallDisk::mount(home.join("disk")));
        let mut config = format!("next_hop.hosts = [\"{}\", \"{}\"]\n", hops[0].address, hops[1].address);
        if let Some(disk) = &disk {
            let data = disk.0.join("data");
            config = format!("data_dir = {data:?}\nstore.min_free = \"1 MiB\"\n{config}");
        }
        let database = (plan.nodes > 1).then(Postgres::start);
        if let Some(database) = &database {
            config = format!("{config}store.url = {:?}\n", database.url());
        }
        let mut nodes: Vec<Relay> = Vec::new();
        for _ in 0..plan.nodes {
            let mut node = Relay::configured(hops[0].address, &config);
            if let Some(first) = nodes.first() {
                node.shares_the_key_of(first);
            }
            node.run();
            nodes.push(node);
        }
        Self { nodes, database, hops, disk, deaths: Vec::new() }
    }

    /// Lets something die, and come back.
    fn strike(&mut self, dice: &mut Dice) {
        let at = now();
        let pause = |dice: &mut Dice| std::thread::sleep(Duration::from_millis(dice.below(300)));
        let what = match dice.below(20) {
            0..=4 => {
                let node = usize::try_from(dice.below(self.nodes.len() as u64)).unwrap();
                self.nodes[node].kill();
                self.nodes[node].run();
                "relay"
            }
            5..=10 => {
                let node = usize::try_from(dice.below(self.nodes.len() as u64)).unwrap();
                let workers = self.nodes[node].workers();
                if let Some(worker) = workers.get(usize::try_from(dice.below(2)).unwrap()) {
                    relay::signal(*worker, Signal::KILL);
                }
                "worker"
            }
            11..=14 => {
                self.hops[0].die();
                pause(dice);
                self.hops[0].live();
                "first next hop"
            }
            15..=17 => {
                self.hops[1].die();
                pause(dice);
                self.hops[1].live();
                "second next hop"
            }
            _ => match (&self.disk, &mut self.database) {
                (_, Some(database)) => {
                    database.die();
                    pause(dice);
                    database.live();
                    "database"
                }
                (Some(disk), None) => {
                    disk.fill();
                    pause(dice);
                    disk.free();
                    "disk"
                }
                (None, None) => {
                    self.hops.iter_mut().for_each(Victim::die);
                    pause(dice);
                    self.hops.iter_mut().for_each(Victim::live);
                    "both next hops"
                }
            },
        };
        self.deaths.push((at, what));
    }
}

impl Stage {
    /// Approves so many held mails at two nodes at once, while a third node and the database die: each goes out once.
    #[expect(clippy::print_stdout, reason = "the figures are what the test is for")]
    fn release(&mut self, count: usize) {
        let waiting = self.nodes[0].held().into_iter().filter(|held| held["state"] == "pending").take(count);
        let ids: Vec<String> = waiting.map(|held| held["id"].as_str().unwrap().to_owned()).collect();
        assert_eq!(ids.len(), count);
        let began = Instant::now();
        let Ok([first, second, third]) = self.nodes.get_disjoint_mut([0, 1, 2]) else { return };
        let database = self.database.as_mut().unwrap();
        let deaths = std::thread::scope(|scope| {
            for node in [&*first, &*second] {
                let ids = &ids;
                scope.spawn(move || ids.iter().for_each(|id| approve(node, id)));
            }
            let mut deaths = vec![(now(), "relay")];
            third.kill();
            third.run();
            std::thread::sleep(Duration::from_secs(2));
            deaths.push((now(), "database"));
            database.die();
            database.live();
            deaths
        });
        self.deaths.extend(deaths);
        let out: Vec<String> = eventually("all that was approved to be delivered", || {
            let held = self.nodes[0].held().into_iter().filter(|held| ids.iter().any(|id| held["id"] == **id));
            let held: Vec<_> = held.collect();
            held.iter().all(|held| held["state"] == "delivered").then(|| {
                let to = held.iter().flat_map(|held| held["rcpt_to"].as_array().unwrap());
                to.map(|to| to.as_str().unwrap().to_owned()).collect()
            })
        });
        let entries: Vec<Entry> = self.hops.iter().flat_map(Victim::entries).filter(|entry| !entry.answered).collect();
        let mut twice = 0;
        for to in &out {
            let times: Vec<u128> = entries.iter().filter(|entry| entry.to.contains(to)).map(|entry| entry.at).collect();
            let excused = self.died_within("relay", &times) || self.died_within("database", &times);
            assert!(times.len() == 1 || (times.len() > 1 && excused), "{to}: {} times", times.len());
            twice += times.len() - 1;
        }
        println!(
            "{count} mails approved at two nodes at once in {:.0?}: {} out, {twice} twice",
            began.elapsed(),
            out.len()
        );
    }

    /// Whether `who` died between the first and the last of these moments.
    fn died_within(&self, who: &str, moments: &[u128]) -> bool {
        let (Some(first), Some(last)) = (moments.iter().min(), moments.iter().max()) else { return false };
        self.deaths.iter().any(|(at, dead)| *dead == who && first <= at && at <= last)
    }

    /// How often who died.
    fn dead(&self) -> BTreeMap<&'static str, usize> {
        let mut dead = BTreeMap::new();
        for (_, who) in &self.deaths {
            *dead.entry(*who).or_default() += 1;
        }
        dead
    }
}

impl Plan {
    #[expect(clippy::print_stdout, reason = "the figures are what the test is for")]
    fn run(self) {
        let home = tempfile::tempdir().unwrap();
        let mut stage = Stage::set(self, home.path());
        let mails: Vec<Mail> = (0..self.mails).map(Mail::new).collect();
        let (next, done, attempts) = (AtomicUsize::new(0), AtomicUsize::new(0), Attempts::default());
        let began = Instant::now();
        let nodes: Vec<SocketAddr> = stage.nodes.iter().map(|node| node.smtp).collect();
        std::thread::scope(|scope| {
            for number in 0..CLIENTS {
                let mut nodes = nodes.clone();
                nodes.rotate_left(number % self.nodes);
                let (mails, next, done, attempts) = (&mails, &next, &done, &attempts);
                scope.spawn(move || client(&nodes, mails, next, done, attempts));
            }
            let mut dice = Dice(0x5eed);
            for moment in 0..self.moments {
                // Spread over the mails, and within each mail's own life.
                let due =
                    (moment * self.mails + usize::try_from(dice.below(self.mails as u64)).unwrap()) / self.moments;
                let began = Instant::now();
                while done.load(Ordering::SeqCst) < due {
                    assert!(began.elapsed() < 2 * STUCK, "the clients have given up");
                    std::thread::sleep(Duration::from_millis(2));
                }
                std::thread::sleep(Duration::from_millis(dice.below(25)));
                stage.strike(&mut dice);
            }
        });
        let attempts = attempts.into_inner().unwrap();
        let account = Account::settled(&stage, &mails, &attempts);
        println!(
            "{} mails, {} moments ({:?}) in {:.0?}: {}",
            self.mails,
            self.moments,
            stage.dead(),
            began.elapsed(),
            account.summary()
        );
        // Of all who die, only the relay leaves a mail server without an answer.
        let (unanswered, relays) =
            (attempts.values().flatten(), stage.dead().get("relay").copied().unwrap_or_default());
        let unanswered = unanswered.filter(|a| matches!(a, Attempt::Unanswered)).count();
        assert!(unanswered > relays / 4, "{relays} deaths cut {unanswered} mails: they came at idle moments");
        assert!(account.is_clean(), "{account:#?}");
        if self.nodes > 1 {
            stage.release(RELEASED);
        }
        let verify = stage.nodes[0].command(&["journal", "verify"]);
        assert!(verify.status.success(), "{}", String::from_utf8_lossy(&verify.stderr));
    }
}

/// Where all mails are in the end.
#[derive(Debug, Default)]
struct Account {
    delivered: usize,
    held: usize,
    /// Promised, and nowhere.
    lost: Vec<String>,
    /// Secrets outside.
    leaked: Vec<String>,
    /// Reason → mails that somebody has more than once.
    duplicates: BTreeMap<&'static str, Vec<String>>,
    /// Duplicates without a good reason.
    inexcusable: Vec<String>,
}

impl Account {
    /// Waits until every promised mail is somewhere: what was committed leaves a little later.
    fn settled(stage: &Stage, mails: &[Mail], attempts: &HashMap<String, Vec<Attempt>>) -> Self {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let account = Self::of(stage, mails, attempts);
            if account.lost.is_empty() || Instant::now() > deadline {
                return account;
            }
            std::thread::sleep(Duration::from_millis(500));
        }
    }

    fn of(stage: &Stage, mails: &[Mail], attempts: &HashMap<String, Vec<Attempt>>) -> Self {
        let entries: Vec<Entry> = stage.hops.iter().flat_map(Victim::entries).collect();
        let mut taken: HashMap<&str, Vec<u128>> = HashMap::new();
        let mut unanswered: HashMap<&str, isize> = HashMap::new();
        for entry in &entries {
            *unanswered.entry(&entry.id).or_default() += if entry.answered { -1 } else { 1 };
            for to in entry.to.iter().filter(|_| !entry.answered) {
                taken.entry(to).or_default().push(entry.at);
            }
        }
        let mut held: HashMap<String, usize> = HashMap::new();
        for mail in stage.nodes[0].held() {
            for to in mail["rcpt_to"].as_array().unwrap() {
                *held.entry(to.as_str().unwrap().to_owned()).or_default() += 1;
            }
        }
        let mut account = Self::default();
        for mail in mails {
            let attempts = &attempts[&mail.id];
            for to in mail.to() {
                let times = taken.get(to.as_str()).cloned().unwrap_or_default();
                let out = times.len();
                let kept = held.get(&to).copied().unwrap_or_default();
                account.delivered += out.min(1);
                account.held += kept.min(1);
                if out + kept == 0 {
                    account.lost.push(to.clone());
                }
                if out > 0 && to.ends_with("@zeirishi.example.com") {
                    account.leaked.push(to.clone());
                }
                if out + kept > 1 {
                    let hop_died = unanswered.get(mail.id.as_str()).is_some_and(|count| *count > 0);
                    let died = |who| stage.died_within(who, &times);
                    account.duplicate(&to, hop_died, (died("relay"), died("database")), attempts);
                }
            }
        }
        account
    }

    fn duplicate(&mut self, to: &str, hop_died: bool, died: (bool, bool), attempts: &[Attempt]) {
        let (relay_died, database_died) = died;
        let lost_by_hop = |reply: &String| reply.starts_with("451 4.3.0 next hop") || reply.starts_with("421 4.3");
        let reason = if attempts.iter().any(|attempt| matches!(attempt, Attempt::Unanswered)) {
            "Sekisho died after the mail was taken and before its answer arrived"
        } else if hop_died {
            "a next hop took the mail and died before it answered"
        } else if attempts.iter().any(|a| matches!(a, Attempt::Deferred(reply) if lost_by_hop(reply))) {
            "a next hop died and its answer was lost on the way"
        } else if relay_died {
            "Sekisho died after a next hop took what was in the outbox and before that was noted"
        } else if database_died {
            "the database died after a next hop took it and before that was noted"
        } else {
            self.inexcusable.push(format!("{to}: {attempts:?}"));
            return;
        };
        self.duplicates.entry(reason).or_default().push(to.to_owned());
    }

    fn is_clean(&self) -> bool {
        self.lost.is_empty()
            && self.leaked.is_empty()
            && self.inexcusable.is_empty()
            && self.delivered > 0
            && self.held > 0
    }

    fn summary(&self) -> String {
        let duplicates = self.duplicates.values().map(Vec::len).sum::<usize>() + self.inexcusable.len();
        let mut text = format!(
            "lost {}, leaked uninspected {}, duplicates {duplicates} (delivered {}, held {})",
            self.lost.len(),
            self.leaked.len(),
            self.delivered,
            self.held
        );
        for (reason, mails) in &self.duplicates {
            text.push_str(&format!("\n  {} because {reason}", mails.len()));
        }
        text
    }
}
