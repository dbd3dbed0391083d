//! The demo's next hop: takes every mail and shows it.
//!
//! In: SMTP, through our own server. Out: the mails, for the story and for the mailbox page. It waits for mails
//! without polling. Deliberately absent: delivery to anybody.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ipnet::IpNet;
use jiff::Timestamp;
use tokio::{net::TcpListener, sync::Notify};
use tokio_util::sync::CancellationToken;

use crate::{
    console::mailbox::{Inbox, Received},
    mail::{Address, MailId, Message, header},
    smtp::{
        Reply,
        server::{self, Gate, MailFrom, Peer, RcptTo, Transaction},
    },
};

/// A mail that arrived.
#[derive(Debug, Clone)]
pub(super) struct Arrived {
    pub at: Timestamp,
    pub from: Option<Address>,
    pub to: Vec<Address>,
    pub message: Message,
}

/// All mails that arrived. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct Mailbox {
    mails: Arc<Mutex<Vec<Arrived>>>,
    grew: Arc<Notify>,
}

impl Mailbox {
    /// Serves SMTP on `listener` until told to stop.
    pub(super) async fn receive(self, listener: TcpListener, stop: CancellationToken) {
        let settings = server::Settings {
            hostname: "mailbox.example".to_owned(),
            listen: Vec::new(),
            allow_from: vec![IpNet::from(IpAddr::from([127, 0, 0, 1]))],
            max_message_size: 100 << 20,
            max_connections: 100,
            ..server::Settings::default()
        };
        server::serve(vec![listener.into()], Arc::new(self), Arc::new(settings), Arc::default(), stop).await;
    }

    /// The first mail to `to` that `wanted` takes, now or within a quarter of a minute.
    pub(super) async fn wait_for(&self, to: &str, wanted: impl Fn(&Arrived) -> bool) -> Option<Arrived> {
        let found = async {
            loop {
                let grew = self.grew.notified();
                let mail = self.mails().into_iter().find(|m| m.to.iter().any(|a| a.as_str() == to) && wanted(m));
                match mail {
                    Some(mail) => return mail,
                    None => grew.await,
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(15), found).await.ok()
    }

    /// Everything that arrived so far.
    pub(super) fn mails(&self) -> Vec<Arrived> {
        self.mails.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Inbox for Mailbox {
    fn received(&self) -> Vec<Received> {
        self.mails().into_iter().map(Received::from).collect()
    }
}

impl From<Arrived> for Received {
    fn from(mail: Arrived) -> Self {
        let subject = mail.message.header("Subject").map(|subject| header::decode(subject.value));
        Self {
            at: mail.at,
            from: mail.from.map(String::from).unwrap_or_default(),
            to: mail.to.into_iter().map(String::from).collect(),
            subject: subject.unwrap_or_default(),
            raw: mail.message.shared(),
        }
    }
}

impl Gate for Mailbox {
    type Transaction = Receiving;

    async fn mail(&self, _peer: &Peer, _id: MailId, from: MailFrom) -> Result<Receiving, Reply> {
        Ok(Receiving { mailbox: self.clone(), from: from.sender, to: Vec::new() })
    }
}

pub(super) struct Receiving {
    mailbox: Mailbox,
    from: Option<Address>,
    to: Vec<Address>,
}

impl Transaction for Receiving {
    async fn recipient(&mut self, recipient: RcptTo) -> Reply {
        self.to.push(recipient.address);
        Reply::recipient_accepted()
    }

    async fn message(self, message: Message) -> Reply {
        let Self { mailbox, from, to } = self;
        let arrived = Arrived { at: Timestamp::now(), from, to, message };
        mailbox.mails.lock().unwrap_or_else(PoisonError::into_inner).push(arrived);
        mailbox.grew.notify_waiters();
        Reply::new(250, "2.0.0", "in the mailbox")
    }

    async fn abandon(self) {}
}
