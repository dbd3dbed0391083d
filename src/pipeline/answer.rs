//! Mail to ourselves: people's replies to our notices.
//!
//! In: the sender, the secret addresses, the message. Out: what the hold made of it. Deliberately absent: what an answer
//! means (`notice::answer`) and who may give it (`hold`).

use tokio::time::timeout;

use super::{
    Stages,
    incoming::authors,
    outage::{ASKED, in_time},
    refused,
};
use crate::{
    hold::Answered,
    mail::{Address, MailId, Message},
    notice::{Answer, answer},
    smtp::Reply,
};

/// How much of an answer is read, in bytes: its words stand at the top, what it quotes may be large.
const ANSWER: usize = 1 << 20;

impl Stages {
    /// A person's reply to one of our notices. Envelope and From must both say who it is: a mail with the null reverse
    /// path is a machine's, and its From field is anybody's.
    pub(super) async fn answer(
        &self,
        id: &MailId,
        sender: Option<Address>,
        to: &[Address],
        message: &Message,
    ) -> Reply {
        let Some(sender) = sender else { return Reply::new(250, "2.0.0", "an automatic mail decides nothing") };
        let authors = authors(message);
        if authors.is_empty() {
            let reply = Reply::rejected("your answer needs a From field with your own address");
            return refused(id, "an answer without a From field", reply);
        }
        let from: Vec<Address> = std::iter::once(sender).chain(authors).collect();
        let Ok(said) = read_answer(message.clone()).await else {
            return refused(id, "an answer that cannot be read", Reply::internal());
        };
        for secret in to.iter().filter_map(secret_of) {
            match in_time(self.hold.answer(secret, &from, &said, self.hold.now())).await {
                Ok(Answered::Refused(why)) => tracing::warn!(?why, "an answer was refused"),
                Ok(came) => tracing::info!(?came, "an answer came"),
                Err(why) => {
                    tracing::error!(%id, %why, "an answer could not be taken");
                    return refused(id, "an answer that cannot be taken", Reply::internal());
                }
            }
        }
        Reply::new(250, "2.0.0", "your answer was taken")
    }

    /// Whether `address` is a secret reply address of ours. A store that does not answer is no reason to bounce an
    /// answer: it is taken, and the store asked again.
    pub(super) async fn expects(&self, address: &Address) -> bool {
        match secret_of(address) {
            Some(_) if self.store_is_away() => true,
            Some(secret) => {
                matches!(timeout(ASKED, self.hold.expects(secret)).await, Ok(Ok(true)) | Ok(Err(_)) | Err(_))
            }
            None => false,
        }
    }
}

/// Reads an answer where a slow one holds up nobody.
async fn read_answer(message: Message) -> Result<Answer, tokio::task::JoinError> {
    tokio::task::spawn_blocking(move || {
        let bytes = message.bytes();
        if bytes.len() <= ANSWER {
            return answer::parse(&message);
        }
        answer::parse(&Message::new(bytes.get(..ANSWER).unwrap_or_default()))
    })
    .await
}

/// What stands between `sekisho+` and `@` in a secret reply address.
fn secret_of(address: &Address) -> Option<&str> {
    let (name, secret) = address.local().split_once('+')?;
    name.eq_ignore_ascii_case("sekisho").then_some(secret)
}
