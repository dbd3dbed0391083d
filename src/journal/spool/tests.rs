//! The spool by itself, and the journal with it while its store is away.

use std::{fs::OpenOptions, io::Write, os::unix::fs::PermissionsExt, time::Duration};

use tempfile::TempDir;

use super::{files::listed, *};
use crate::{
    journal::{Change, Journal, JournalError, Keeping, Via},
    mail::MailId,
};

const USUAL: Settings = Settings { spools: true, most: 8 << 20 };

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

fn record(number: i64) -> Record {
    let change = Change {
        held: MailId(format!("H{number}")),
        change: "viewed".to_owned(),
        by: Some("sato@toho.example.co.jp".to_owned()),
        via: Via::System,
        detail: None,
    };
    Record::change(MailId(format!("M{number}")), at(number), change)
}

fn records(numbers: std::ops::Range<i64>) -> Vec<Record> {
    numbers.map(record).collect()
}

async fn store() -> (TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    (dir, store)
}

fn open(store: &Store, dir: &TempDir, settings: Settings) -> Spool {
    Spool::open(store.clone(), dir.path(), settings).unwrap()
}

fn files(dir: &TempDir) -> Vec<PathBuf> {
    let mut files = listed(&dir.path().join(FOLDER)).unwrap();
    files.sort();
    files
}

/// Writes records for which nobody made room; all of them, or it is full.
async fn write(spool: &Spool, records: &[Record]) -> Result<(), SpoolError> {
    let written = spool.write(records, 0).await?;
    if written == records.len() { Ok(()) } else { Err(SpoolError::Full) }
}

/// Takes all pages out.
async fn drain(spool: &Spool) -> Vec<Record> {
    let mut all = Vec::new();
    while let Some(page) = spool.oldest().await.unwrap() {
        all.extend(page.records.clone());
        spool.caught_up(page).await.unwrap();
    }
    all
}

/// From now on the store refuses every row of the journal and every probe.
async fn away(store: &Store) {
    let mut writing = store.write().await.unwrap();
    writing.tamper("CREATE TRIGGER no_row BEFORE INSERT ON journal BEGIN SELECT RAISE(ABORT, 'away'); END").await;
    writing.tamper("CREATE TRIGGER no_probe BEFORE UPDATE ON meta BEGIN SELECT RAISE(ABORT, 'away'); END").await;
    writing.tamper("CREATE TRIGGER no_mark BEFORE INSERT ON meta BEGIN SELECT RAISE(ABORT, 'away'); END").await;
    writing.commit().await.unwrap();
}

async fn back(store: &Store) {
    let mut writing = store.write().await.unwrap();
    for trigger in ["no_row", "no_probe", "no_mark"] {
        writing.tamper(&format!("DROP TRIGGER {trigger}")).await;
    }
    writing.commit().await.unwrap();
}

async fn until(what: &str, mut is: impl FnMut() -> bool) {
    let waiting = async {
        while !is() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waiting).await.unwrap_or_else(|_| panic!("waited for {what}"));
}

/// The records of the journal, in the order of the chain, which is whole.
async fn chained(journal: &Journal) -> Vec<Record> {
    let verified = journal.verify().await.unwrap();
    assert_eq!(verified.broken, None);
    journal.after(0, 10_000).await.unwrap().into_iter().map(|(_, record)| record.unwrap()).collect()
}

fn ids(records: &[Record]) -> Vec<String> {
    records.iter().map(|record| record.id.0.clone()).collect()
}

#[tokio::test]
async fn what_is_written_comes_out_in_order_and_is_for_its_owner_alone() {
    let (dir, store) = store().await;
    let spool = open(&store, &dir, USUAL);
    for batch in 0..6 {
        write(&spool, &records(batch * 200..batch * 200 + 200)).await.unwrap();
    }
    let figures = spool.figures();
    assert_eq!((figures.records, figures.written, figures.aside, figures.takes), (1_200, 1_200, 0, true));
    assert!(figures.oldest.is_some() && files(&dir).len() == 2, "{figures:?}");
    for file in files(&dir) {
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(memchr::memmem::find(&fs::read(&file).unwrap(), b"sato@").is_none(), "addresses are sealed");
    }
    assert_eq!(fs::metadata(dir.path().join(FOLDER)).unwrap().permissions().mode() & 0o777, 0o700);
    drop(spool);
    let again = open(&store, &dir, USUAL);
    assert_eq!((again.figures().records, again.figures().oldest), (1_200, figures.oldest));
    let left = Left { records: 1_200, oldest: figures.oldest, aside: 0, locked: 0 };
    assert_eq!(Left::look(dir.path(), Some(&store)).unwrap(), left);
    assert_eq!(drain(&again).await, records(0..1_200));
    assert_eq!((again.figures().records, again.figures().oldest, files(&dir).len()), (0, None, 0));
}

#[tokio::test]
async fn a_last_line_that_is_not_whole_is_told_and_the_file_stays() {
    for end in [&b"AAAA"[..], b"\0\0\0\0\0\0", b"AAAA\n", b"\0\0\n\0\0"] {
        let (dir, store) = store().await;
        write(&open(&store, &dir, USUAL), &records(0..3)).await.unwrap();
        let file = files(&dir).pop().unwrap();
        OpenOptions::new().append(true).open(&file).unwrap().write_all(end).unwrap();
        let spool = open(&store, &dir, USUAL);
        assert_eq!(drain(&spool).await, records(0..3), "{end:?}");
        assert_eq!(spool.figures().aside, 1);
        assert_eq!(files(&dir), [file.with_extension("torn")]);
        // The next start still says so, and reads nothing twice.
        let next = open(&store, &dir, USUAL);
        assert_eq!((next.figures().aside, drain(&next).await.len()), (1, 0));
    }
}

#[tokio::test]
async fn a_file_that_was_changed_is_told_and_gives_what_is_true_in_it() {
    let (dir, store) = store().await;
    write(&open(&store, &dir, USUAL), &records(0..4)).await.unwrap();
    let file = files(&dir).pop().unwrap();
    let whole = fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let altered = format!("{}{}", if lines[2].starts_with('A') { 'B' } else { 'A' }, &lines[2][1..]);
    let cases = [
        (vec![lines[0], lines[1], &altered, lines[3], lines[4]], vec![0, 2, 3]),
        (vec![lines[0], lines[1], lines[3], lines[2], lines[4]], vec![0, 3]),
        (vec![lines[0], lines[1], lines[1], lines[2], lines[4]], vec![0, 3]),
    ];
    for (lines, left) in cases {
        fs::write(&file, lines.join("\n") + "\n").unwrap();
        let spool = open(&store, &dir, USUAL);
        let expected: Vec<Record> = left.into_iter().map(record).collect();
        assert_eq!(drain(&spool).await, expected);
        assert_eq!(files(&dir), [file.with_extension("damaged")]);
        fs::remove_file(file.with_extension("damaged")).unwrap();
        // Mail does not wait for anybody to look.
        assert!(spool.takes());
    }
}

/// Without a key nothing of a file is in the journal, and so nothing may say that it is.
#[tokio::test]
async fn a_file_that_does_not_open_keeps_its_name_and_the_others_are_caught_up() {
    let (dir, store) = store().await;
    write(&open(&store, &dir, USUAL), &records(0..2)).await.unwrap();
    let file = files(&dir).pop().unwrap();
    let whole = fs::read_to_string(&file).unwrap();
    fs::remove_file(&file).unwrap();
    let (_elsewhere, other) = self::store().await;
    let foreign = Spool::open(other.clone(), dir.path(), USUAL).unwrap();
    write(&foreign, &records(2..5)).await.unwrap();
    drop(foreign);
    let foreign = files(&dir).pop().unwrap();
    // A file is one by its name: another's records are not passed off as its own.
    fs::write(file.with_file_name("00000000000000000007.spool"), &whole).unwrap();
    fs::write(file.with_file_name("00000000000000000008.spool"), whole.replacen(' ', "", 1)).unwrap();
    fs::write(file.with_file_name("00000000000000000009.spool"), "\nAAAA\n").unwrap();
    let locked = files(&dir);
    write(&open(&store, &dir, USUAL), &records(5..7)).await.unwrap();
    let left = Left::look(dir.path(), Some(&store)).unwrap();
    assert_eq!((left.locked, left.records, left.aside), (4, 2, 0));
    let spool = open(&store, &dir, USUAL);
    let journal = Journal::start_with(store.clone(), spool.clone());
    journal.record(record(7)).await.unwrap();
    assert_eq!((ids(&chained(&journal).await), files(&dir)), (ids(&records(5..8)), locked.clone()));
    let figures = spool.figures();
    assert_eq!((figures.locked, figures.records, figures.aside, figures.oldest), (4, 0, 0, None));
    assert!(figures.takes && !figures.unread, "mail does not wait for anybody to look");
    // With its own key, it is caught up like any other.
    let owner = Spool::open(other, dir.path(), USUAL).unwrap();
    assert_eq!(drain(&owner).await, records(2..5));
    assert_eq!((owner.figures().locked, files(&dir).contains(&foreign)), (3, false));
}

#[tokio::test]
async fn a_file_that_the_disk_does_not_give_is_asked_for_again_and_what_is_behind_it_waits() {
    let (dir, store) = store().await;
    write(&open(&store, &dir, USUAL), &records(0..2)).await.unwrap();
    let spool = open(&store, &dir, USUAL);
    write(&spool, &records(2..4)).await.unwrap();
    // Root may read anything but a folder.
    let file = files(&dir).remove(0);
    fs::rename(&file, dir.path().join("kept")).unwrap();
    fs::create_dir(&file).unwrap();
    assert!(matches!(spool.oldest().await, Err(SpoolError::Unread { file: unread, .. }) if unread == file));
    assert!(spool.figures().unread && spool.figures().records == 4 && spool.figures().aside == 0);
    let journal = Journal::start_with(store.clone(), spool.clone());
    until("the fault to be noticed", || journal.keeping() == Keeping::Spool).await;
    journal.record(record(4)).await.unwrap();
    assert!(chained(&journal).await.is_empty() && files(&dir).contains(&file));
    fs::remove_dir(&file).unwrap();
    fs::rename(dir.path().join("kept"), &file).unwrap();
    until("the records to be caught up", || journal.keeping() == Keeping::Store).await;
    assert_eq!(ids(&chained(&journal).await), ids(&records(0..5)));
    assert!(!spool.figures().unread && files(&dir).is_empty());
}

#[tokio::test]
async fn a_file_that_somebody_took_away_stops_nothing() {
    let (dir, store) = store().await;
    write(&open(&store, &dir, USUAL), &records(0..2)).await.unwrap();
    let spool = open(&store, &dir, USUAL);
    write(&spool, &records(2..4)).await.unwrap();
    fs::remove_file(files(&dir).remove(0)).unwrap();
    assert_eq!(drain(&spool).await, records(2..4));
    assert_eq!((spool.figures().records, spool.figures().aside), (0, 0));
}

#[tokio::test]
async fn there_is_no_more_room_than_the_bound_says_and_what_is_promised_counts() {
    let (dir, store) = store().await;
    let spool = open(&store, &dir, Settings { spools: true, most: 1 << 20 });
    let mut rooms = Vec::new();
    let refused = loop {
        match spool.reserve(&record(1)).await {
            Ok(room) => rooms.push(room),
            Err(why) => break why,
        }
    };
    assert!(matches!(refused, SpoolError::Full) && rooms.len() > 100, "{refused}, {}", rooms.len());
    assert!(!spool.takes() && !spool.figures().takes);
    // For whom there is room, there is, and for nobody else.
    assert!(matches!(write(&spool, &records(0..100)).await, Err(SpoolError::Full)));
    let written = spool.figures().records;
    assert!(written < 100);
    assert_eq!(spool.write(&records(0..200), 100).await.unwrap(), 100);
    assert_eq!(spool.figures().records, written + 100);
    drop(rooms);
    assert!(spool.takes());
    let full = loop {
        if let Err(why) = write(&spool, &records(0..500)).await {
            break why;
        }
    };
    assert!(matches!(full, SpoolError::Full));
    assert!(spool.figures().bytes <= 1 << 20);
    let written = spool.figures().records;
    assert_eq!(drain(&spool).await.len() as u64, written);
    assert!(spool.takes(), "what was caught up makes room");
}

#[tokio::test]
async fn a_disk_that_takes_nothing_is_found_out_before_and_that_it_does_again() {
    let (dir, store) = store().await;
    let spool = open(&store, &dir, USUAL);
    // A file in the place of the folder: root may write anywhere else.
    let folder = dir.path().join(FOLDER);
    fs::remove_dir(&folder).unwrap();
    fs::write(&folder, "").unwrap();
    assert!(matches!(spool.reserve(&record(1)).await, Err(SpoolError::Disk(_))));
    assert!(matches!(write(&spool, &records(0..1)).await, Err(SpoolError::Disk(_))));
    assert!(!spool.takes());
    spool.probe().await;
    assert!(!spool.takes());
    fs::remove_file(&folder).unwrap();
    spool.probe().await;
    assert!(spool.takes());
    write(&spool, &records(0..1)).await.unwrap();
}

#[tokio::test]
async fn without_on_outage_nothing_is_written_and_what_is_left_is_caught_up() {
    let (dir, store) = store().await;
    write(&open(&store, &dir, USUAL), &records(0..3)).await.unwrap();
    let spool = open(&store, &dir, Settings { spools: false, ..USUAL });
    assert!(!spool.takes() && write(&spool, &records(3..4)).await.is_err());
    let journal = Journal::start_with(store.clone(), spool);
    journal.record(record(3)).await.unwrap();
    assert_eq!(ids(&chained(&journal).await), ["M0", "M1", "M2", "M3"], "first what waited");
    away(&store).await;
    assert!(journal.record(record(4)).await.is_err());
    assert_eq!(journal.keeping(), Keeping::Nowhere);
    assert!(matches!(journal.make_room(&record(5)).await, Err(JournalError::Away)));
    assert!(files(&dir).is_empty());
}

#[tokio::test]
async fn records_of_an_outage_go_into_the_chain_once_in_order_and_with_their_times() {
    let (dir, store) = store().await;
    let journal = Journal::start_with(store.clone(), open(&store, &dir, USUAL));
    journal.record(record(0)).await.unwrap();
    away(&store).await;
    for number in 1..30 {
        journal.record(record(number)).await.unwrap();
    }
    assert_eq!(journal.keeping(), Keeping::Spool);
    drop(journal.make_room(&record(30)).await.unwrap());
    assert_eq!(journal.spooled().unwrap().records, 29);
    assert_eq!(chained(&journal).await.len(), 1);
    back(&store).await;
    until("the store to be seen again", || journal.keeping() == Keeping::Store).await;
    journal.record(record(30)).await.unwrap();
    let all = chained(&journal).await;
    let waited: Vec<bool> = all.iter().map(|record| record.spooled_until.is_some()).collect();
    assert_eq!(waited, (0..31).map(|number| (1..30).contains(&number)).collect::<Vec<_>>());
    let without: Vec<Record> = all.into_iter().map(|record| Record { spooled_until: None, ..record }).collect();
    assert_eq!(without, records(0..31));
    assert_eq!(journal.spooled().unwrap().records, 0);
}

/// Whatever was cut off on its way: the commit was there and its answer was not, or the file did not go.
#[tokio::test]
async fn what_is_in_the_chain_already_is_not_put_there_again() {
    let (dir, store) = store().await;
    let journal = Journal::start(store.clone());
    for record in records(0..3) {
        journal.record(record).await.unwrap();
    }
    let spool = open(&store, &dir, USUAL);
    write(&spool, &records(2..6)).await.unwrap();
    let file = files(&dir).pop().unwrap();
    let kept = fs::read(&file).unwrap();
    drop(spool);
    for _ in 0..2 {
        let journal = Journal::start_with(store.clone(), open(&store, &dir, USUAL));
        until("the spool to be empty", || journal.spooled().unwrap().records == 0).await;
        assert_eq!(ids(&chained(&journal).await), ["M0", "M1", "M2", "M3", "M4", "M5"]);
        // As if the process had died between the commit and the end of the file.
        fs::write(&file, &kept).unwrap();
    }
}

#[tokio::test]
async fn mail_that_comes_while_much_is_caught_up_goes_behind_it() {
    let (dir, store) = store().await;
    let spool = open(&store, &dir, USUAL);
    for batch in 0..5 {
        write(&spool, &records(batch * 512..batch * 512 + 512)).await.unwrap();
    }
    let journal = Journal::start_with(store.clone(), spool);
    let last = journal.clone();
    let coming = tokio::spawn(async move {
        for number in 2_560..2_600 {
            last.record(record(number)).await.unwrap();
        }
    });
    coming.await.unwrap();
    until("the spool to be empty", || journal.spooled().unwrap().records == 0).await;
    assert_eq!(ids(&chained(&journal).await), ids(&records(0..2_600)));
}

#[tokio::test]
async fn a_spool_that_cannot_be_caught_up_yet_waits_for_the_next_time() {
    let (dir, store) = store().await;
    write(&open(&store, &dir, USUAL), &records(0..3)).await.unwrap();
    away(&store).await;
    let journal = Journal::start_with(store.clone(), open(&store, &dir, USUAL));
    until("the outage to be noticed", || journal.keeping() == Keeping::Spool).await;
    journal.record(record(3)).await.unwrap();
    back(&store).await;
    until("the store to be seen again", || journal.keeping() == Keeping::Store).await;
    assert_eq!(ids(&chained(&journal).await), ["M0", "M1", "M2", "M3"]);
}

/// How much disk the open file has beyond its end.
fn allotted(spool: &Spool) -> u64 {
    spool.inner.files().open.as_ref().map_or(0, |(_, open)| open.allotted - open.length)
}

#[tokio::test]
async fn disk_that_was_promised_stays_so_whatever_becomes_of_the_file() {
    let (dir, store) = store().await;
    let spool = open(&store, &dir, USUAL);
    let rooms = [spool.reserve(&record(1)).await.unwrap(), spool.reserve(&record(2)).await.unwrap()];
    let promised = spool.inner.reserved();
    assert!(promised > 2 * ANSWER && allotted(&spool) >= promised);
    write(&spool, &records(0..40)).await.unwrap();
    assert!(allotted(&spool) >= promised, "who was promised none takes none");
    let page = spool.oldest().await.unwrap().unwrap();
    assert!(allotted(&spool) >= promised, "its file is closed");
    spool.caught_up(page).await.unwrap();
    write(&spool, &records(40..41)).await.unwrap();
    spool.inner.files().open.as_mut().unwrap().1.spoilt = true;
    write(&spool, &records(41..42)).await.unwrap();
    assert!(allotted(&spool) >= promised, "its file is spoilt");
    drop(rooms);
    assert_eq!(drain(&spool).await, records(40..42));
    assert_eq!((allotted(&spool), files(&dir).len()), (0, 0));
}

/// Records that come at once, with the room that was made for them; how each ended.
async fn all(journal: &Journal, records: impl Iterator<Item = (i64, Option<Room>)>) -> Vec<Result<(), JournalError>> {
    let recording = records.map(|(number, room)| {
        let journal = journal.clone();
        async move { journal.record_in(room, record(number)).await }
    });
    recording.collect::<tokio::task::JoinSet<_>>().join_all().await
}

/// As much as may waits, and rooms are promised.
async fn full(spool: &Spool) -> Vec<Room> {
    let mut rooms = Vec::new();
    while let Ok(room) = spool.reserve(&record(1)).await {
        rooms.push(room);
    }
    while write(spool, &records(0..1)).await.is_ok() {}
    rooms
}

#[tokio::test]
async fn a_mail_that_left_for_a_promise_has_its_record_whatever_else_is_to_be_written() {
    let (dir, store) = store().await;
    let spool = open(&store, &dir, Settings { spools: true, most: 256 << 10 });
    let journal = Journal::start_with(store.clone(), spool.clone());
    journal.record(record(0)).await.unwrap();
    away(&store).await;
    journal.record(record(1)).await.unwrap();
    let mut rooms = full(&spool).await;
    let before = spool.figures().records;
    assert!(rooms.len() > 20);
    let promised: Vec<Room> = rooms.drain(..20).collect();
    // All of them at once, as in one batch.
    let promised = (100..120).zip(promised).map(|(number, room)| (number, Some(room)));
    let (left, others) = tokio::join!(all(&journal, promised), all(&journal, (200..220).map(|number| (number, None))));
    assert!(left.iter().all(Result::is_ok), "{left:?}");
    // What the first batch gave back may have been room for some of them.
    let refused = others.iter().filter(|other| other.is_err()).count();
    assert!(
        refused > 0 && others.iter().flat_map(|other| other.as_ref().err()).all(|why| why.to_string().contains("full"))
    );
    assert_eq!(spool.figures().records, before + 40 - refused as u64);
    drop(rooms);
    back(&store).await;
    until("the store to be seen again", || journal.keeping() == Keeping::Store).await;
    let chained = ids(&chained(&journal).await);
    assert!((100..120).all(|number| chained.contains(&format!("M{number}"))), "{chained:?}");
}

#[tokio::test]
async fn what_a_full_spool_does_not_take_the_store_is_asked_to_take() {
    let (dir, store) = store().await;
    let spool = open(&store, &dir, USUAL);
    for batch in 0..4 {
        write(&spool, &records(batch * 512..batch * 512 + 512)).await.unwrap();
    }
    drop(spool);
    // While what waits is caught up, more comes, and there is no place for it behind.
    let spool = open(&store, &dir, Settings { spools: true, most: 1 });
    let journal = Journal::start_with(store.clone(), spool);
    let coming = all(&journal, (2_048..2_060).map(|number| (number, None))).await;
    assert!(coming.iter().all(Result::is_ok), "{coming:?}");
    until("the spool to be empty", || journal.spooled().unwrap().records == 0).await;
    let mut chained = ids(&chained(&journal).await);
    let mut expected = ids(&records(0..2_060));
    chained.sort();
    expected.sort();
    assert_eq!(chained, expected);
    assert_eq!(journal.keeping(), Keeping::Store);
}

#[tokio::test]
async fn an_outage_is_sat_out_with_a_full_spool_too_and_not_without_one() {
    let (dir, store) = store().await;
    for (settings, expected) in [
        (USUAL, (Keeping::Spool, true)),
        (Settings { most: 1, ..USUAL }, (Keeping::Nowhere, true)),
        (Settings { spools: false, ..USUAL }, (Keeping::Store, false)),
    ] {
        let journal = Journal::start_with(store.clone(), open(&store, &dir, settings));
        assert!(!journal.sits_out());
        journal.store_is_away();
        assert_eq!((journal.keeping(), journal.sits_out()), expected, "{settings:?}");
    }
}

#[tokio::test]
async fn nobody_is_promised_room_where_nothing_is_spooled_though_the_journal_knows_of_no_outage_yet() {
    let (dir, store) = store().await;
    let bare = Journal::start(store.clone());
    let idle = Journal::start_with(store.clone(), open(&store, &dir, Settings { spools: false, ..USUAL }));
    for journal in [bare, idle] {
        assert_eq!(journal.keeping(), Keeping::Store);
        assert!(matches!(journal.make_room(&record(1)).await, Err(JournalError::Away)));
    }
    let journal = Journal::start_with(store.clone(), open(&store, &dir, Settings { most: 1, ..USUAL }));
    assert!(matches!(journal.make_room(&record(1)).await, Err(JournalError::Spool(SpoolError::Full))));
}
