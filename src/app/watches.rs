//! What is watched for the health report beside mail: the directory and the certificates.
//!
//! In: what is watched. Out: its condition, every few seconds until the end. Deliberately absent: the room there is for mail
//! (`pipeline`), and the nodes (`super::nodes`).

use std::{sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use crate::{
    directory::{self, Directory},
    language::Text,
    smtp::server::Keyring,
    telemetry::health::{Condition, Health},
};

/// Tells in the health report how old the people are that a directory server told, until `stop`.
pub(super) async fn watch_directory(directory: &Directory, health: &Health, stop: CancellationToken) {
    loop {
        let (condition, words) = (Condition::Directory, |ja, en| Text { ja, en });
        match directory.health() {
            None => {
                health.well(condition, words("サーバーは使っていません。".to_owned(), "no server is used".to_owned()))
            }
            Some(directory::Health { people, known_at, trouble }) => {
                let read = known_at.map_or_else(|| "-".to_owned(), |at| format!("{at:.0}"));
                let (ja, en) =
                    (format!("{people} 人を {read} に読み込みました。"), format!("{people} people, read at {read}"));
                match trouble {
                    None => health.well(condition, words(ja, en)),
                    Some(directory::Trouble { why, since, .. }) => health.unwell(
                        condition,
                        words(
                            format!("{ja}{since:.0} から読み込めません（{why}）。最後に読んだ内容で動いています。"),
                            format!(
                                "{en}; since {since:.0} it cannot be read ({why}), and the people known last are used"
                            ),
                        ),
                    ),
                }
            }
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(5)) => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Tells in the health report whether a certificate of ours ends soon or has ended, until `stop`.
pub(super) async fn watch_certificates(keyrings: [Arc<Keyring>; 2], health: &Health, stop: CancellationToken) {
    let text = |ja, en| Text { ja, en };
    loop {
        let complaint = keyrings.iter().find_map(|keys| keys.complaint());
        match complaint.map(|why| text(format!("証明書を確認してください（{why}）。"), why)) {
            Some(words) => health.unwell(Condition::Certificates, words),
            None if keyrings.iter().all(|keys| keys.acceptor().is_none()) => health.well(
                Condition::Certificates,
                text("自身の証明書は設定されていません。".to_owned(), "none of our own is configured".to_owned()),
            ),
            None => health.well(
                Condition::Certificates,
                text("二週間以内に切れるものはありません。".to_owned(), "none ends within two weeks".to_owned()),
            ),
        }
        if stop.run_until_cancelled(tokio::time::sleep(Duration::from_secs(60))).await.is_none() {
            return;
        }
    }
}
