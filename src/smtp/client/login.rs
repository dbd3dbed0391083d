//! AUTH: how we log in to a smart host (RFC 4954).
//!
//! In: who we are, the file of the secret, what the host offers. Out: logged in, or a [`LoginFault`] that never holds
//! the secret. The file is read for each connection: another program may renew a token, or an administrator a
//! password, without a restart. lettre's SASL serves here: it knows the challenges of LOGIN and the form of XOAUTH2.
//! Deliberately absent: mechanisms that hash the password; under TLS, which is asked for, they protect nothing.

use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};

use super::{
    Timeouts,
    fault::{Fault, LoginFault},
    offers::Offers,
    wire::Wire,
};
use crate::smtp::Reply;

/// LOGIN asks twice, the others once. A server that goes on asking would keep a mail for ever.
const MAX_QUESTIONS: u32 = 2;

/// How we log in; from `next_hop.login`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// Our name there.
    pub user: String,
    /// What proves it.
    pub secret: Secret,
}

/// A file with the secret in its first line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Secret {
    /// A password, for PLAIN or LOGIN.
    Password(PathBuf),
    /// An OAuth 2 access token, for XOAUTH2.
    Token(PathBuf),
}

impl Login {
    /// Logs in.
    pub(super) async fn log_in(&self, wire: &mut Wire, offers: &Offers, times: &Timeouts) -> Result<(), Fault> {
        let loopback = wire.peer().is_ok_and(|address| address.is_loopback());
        if !wire.is_encrypted() && !loopback {
            return Err(LoginFault::PlainText.into());
        }
        let (mechanism, path) = match &self.secret {
            Secret::Password(path) if offers.plain => (Mechanism::Plain, path),
            Secret::Password(path) if offers.login => (Mechanism::Login, path),
            Secret::Password(_) => return Err(LoginFault::NotOffered("PLAIN or LOGIN").into()),
            Secret::Token(path) if offers.xoauth2 => (Mechanism::Xoauth2, path),
            Secret::Token(_) => return Err(LoginFault::NotOffered("XOAUTH2").into()),
        };
        let credentials = Credentials::new(self.user.clone(), secret(path).await?);
        wire.say().push_str(&format!("AUTH {mechanism}"));
        if mechanism.supports_initial_response() {
            let response = mechanism.response(&credentials, None).unwrap_or_default();
            wire.say().push_str(&format!(" {}", BASE64.encode(response.as_bytes())));
        }
        let mut questions = 0;
        loop {
            wire.say().push_str("\r\n");
            let reply = wire.reply("AUTH", times.greeting).await?;
            match reply.code {
                235 => return Ok(()),
                334 if questions < MAX_QUESTIONS => wire.say().push_str(&answer(mechanism, &credentials, &reply)),
                _ => return Err(LoginFault::Refused(reply).into()),
            }
            questions += 1;
        }
    }
}

/// What a challenge is answered with. `*` gives up; XOAUTH2's challenge is an explanation of what was wrong, behind
/// which the refusal comes when it has an empty answer.
fn answer(mechanism: Mechanism, credentials: &Credentials, challenge: &Reply) -> String {
    if mechanism == Mechanism::Xoauth2 {
        return String::new();
    }
    let challenge = BASE64.decode(challenge.lines.concat().trim().as_bytes()).unwrap_or_default();
    match mechanism.response(credentials, Some(&String::from_utf8_lossy(&challenge))) {
        Ok(response) => BASE64.encode(response.as_bytes()),
        Err(_) => "*".to_owned(),
    }
}

/// The first line of a file.
async fn secret(path: &Path) -> Result<String, LoginFault> {
    let name = || path.display().to_string();
    let text = tokio::fs::read_to_string(path).await;
    let text = text.map_err(|source| LoginFault::Unreadable { path: name(), source })?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(line.to_owned()),
        _ => Err(LoginFault::Empty(name())),
    }
}
