//! Changes that go to the disk together: what is promised is there, and nobody takes another one with them.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use super::*;
use crate::store::{Store, Writing};

async fn store() -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    (dir, store)
}

async fn value(store: &Store, name: &str) -> Option<Vec<u8>> {
    let asked = sqlx::query_scalar("SELECT value FROM meta WHERE name = $1").bind(name);
    asked.fetch_optional(store.readers()).await.unwrap()
}

async fn written(store: &Store, name: &str) -> Writing {
    let mut writing = store.write().await.unwrap();
    writing.set_meta(name, b"1").await.unwrap();
    writing
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_that_come_together_are_one_commit_and_each_is_told() {
    let (_dir, store) = store().await;
    let before = store.inner.writers.group().number;
    let first = written(&store, "first").await;
    let told = Arc::new(AtomicUsize::new(0));
    let mut others = tokio::task::JoinSet::new();
    for number in 0..50 {
        let (store, told) = (store.clone(), Arc::clone(&told));
        others.spawn(async move {
            written(&store, &number.to_string()).await.commit().await.unwrap();
            told.fetch_add(1, Ordering::Relaxed);
            assert!(value(&store, &number.to_string()).await.is_some(), "what was promised is there");
        });
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(told.load(Ordering::Relaxed), 0, "nobody is promised anything while a change is open");
    first.commit().await.unwrap();
    others.join_all().await;
    assert!(store.inner.writers.group().number - before <= 5, "{} commits", store.inner.writers.group().number);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_given_up_takes_nobody_with_it() {
    let (_dir, store) = store().await;
    let one = written(&store, "one").await;
    let (second, third) = (store.clone(), store.clone());
    let two = tokio::spawn(async move { drop(written(&second, "two").await) });
    let three = tokio::spawn(async move { written(&third, "three").await.commit().await });
    one.commit().await.unwrap();
    two.await.unwrap();
    three.await.unwrap().unwrap();
    let there = [value(&store, "one").await, value(&store, "two").await, value(&store, "three").await];
    assert_eq!(there.map(|value| value.is_some()), [true, false, true]);
}

#[tokio::test]
async fn what_went_out_is_recorded_ahead_of_all_who_wait_and_takes_along_what_is_complete() {
    let (_dir, store) = store().await;
    let first = written(&store, "first").await;
    let ended = Arc::new(AtomicUsize::new(0));
    let mut waiting = tokio::task::JoinSet::new();
    for number in 0..50 {
        let (store, ended) = (store.clone(), Arc::clone(&ended));
        waiting.spawn(async move {
            written(&store, &number.to_string()).await.commit().await.unwrap();
            ended.fetch_add(1, Ordering::Relaxed);
        });
    }
    let ahead = tokio::spawn({
        let (store, ended) = (store.clone(), Arc::clone(&ended));
        async move {
            let mut writing = store.write_ahead().await.unwrap();
            writing.set_meta("ahead", b"1").await.unwrap();
            writing.commit().await.unwrap();
            ended.load(Ordering::Relaxed)
        }
    });
    // All of them stand in line, the one that goes ahead came last.
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    let first = tokio::spawn(first.commit());
    let before = ahead.await.unwrap();
    assert!(before < 5, "{before} of 50 were let in before");
    first.await.unwrap().unwrap();
    waiting.join_all().await;
    let there = [value(&store, "first").await, value(&store, "ahead").await, value(&store, "49").await];
    assert!(there.iter().all(Option::is_some));
}

/// A stop, a timeout or a client that hangs up may break off whoever asks, between any two words to the database.
#[tokio::test]
async fn whoever_is_broken_off_on_the_way_in_harms_nobody() {
    let (_dir, store) = store().await;
    for polls in 1..=60 {
        let first = written(&store, &polls.to_string()).await;
        let mut asked = Box::pin(store.write());
        let mut poll = async || {
            let mut once = std::pin::pin!(std::future::poll_fn(|context| {
                std::task::Poll::Ready(asked.as_mut().poll(context).is_ready())
            }));
            once.as_mut().await
        };
        assert!(!poll().await, "it stands in line");
        let first = tokio::spawn(first.commit());
        for _ in 0..polls {
            tokio::task::yield_now().await;
            std::thread::sleep(Duration::from_micros(20));
            if poll().await {
                break;
            }
        }
        drop(asked);
        first.await.unwrap().unwrap();
        written(&store, "after").await.commit().await.unwrap();
        assert!(value(&store, &polls.to_string()).await.is_some());
    }
}

#[tokio::test]
async fn one_that_is_given_up_alone_leaves_the_database_to_other_processes() {
    let (dir, store) = store().await;
    drop(written(&store, "one").await);
    let other = Store::open(dir.path()).await.unwrap();
    timeout(Duration::from_secs(5), other.probe()).await.unwrap().unwrap();
    assert_eq!(value(&store, "one").await, None);
}

/// Each engine has its own mind about what is left of a change in which a statement failed.
#[tokio::test]
async fn a_change_that_went_on_after_a_failure_is_promised_only_if_it_is_there() {
    let (_dir, store) = store().await;
    let before = tokio::spawn(written(&store, "before").await.commit());
    tokio::task::yield_now().await;
    let mut failed = written(&store, "failed").await;
    sqlx::query("INSERT INTO meta (name, value) VALUES ('failed', NULL)")
        .execute(&mut *failed.transaction)
        .await
        .unwrap_err();
    let promised = failed.commit().await.is_ok();
    assert_eq!(promised, value(&store, "failed").await.is_some());
    assert_eq!(before.await.unwrap().is_ok(), value(&store, "before").await.is_some());
    written(&store, "after").await.commit().await.unwrap();
    assert!(value(&store, "after").await.is_some());
}

#[tokio::test]
async fn a_commit_that_nobody_waits_for_happens_all_the_same() {
    let (dir, store) = store().await;
    let writing = written(&store, "one").await;
    let committing = tokio::spawn(writing.commit());
    tokio::task::yield_now().await;
    committing.abort();
    let other = Store::open(dir.path()).await.unwrap();
    timeout(Duration::from_secs(5), other.probe()).await.unwrap().unwrap();
    assert!(value(&store, "one").await.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_fails_all_who_were_not_promised_anything_and_nobody_after() {
    let (_dir, store) = store().await;
    if !store.is_a_file() {
        return;
    }
    let mut first = written(&store, "first").await;
    first.tamper("PRAGMA max_page_count = 1").await;
    let behind = tokio::spawn({
        let store = store.clone();
        async move {
            let mut large = store.write().await.unwrap();
            let full = large.set_meta("large", &[7; 1 << 20]).await;
            assert!(matches!(full, Err(StoreError::Full)), "{full:?}");
        }
    });
    tokio::task::yield_now().await;
    let first = tokio::spawn(first.commit());
    behind.await.unwrap();
    let told = first.await.unwrap();
    assert_eq!(told.is_ok(), value(&store, "first").await.is_some(), "{told:?}");
    written(&store, "after").await.commit().await.unwrap();
    assert!(value(&store, "after").await.is_some());
}
