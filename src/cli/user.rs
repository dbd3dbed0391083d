//! `sekisho user`: local accounts of the console.
//!
//! In: an address. Out: a generated password, printed once and kept only as a hash. What an account may do is not
//! said here but in `[approval]`: anybody may have an account, approvers and the security team decide. `hash` is for
//! another kind of user, the programs that log in to send mail: it prints what their file needs.

use std::{
    io::{self, BufRead, IsTerminal, Read, Write},
    process::ExitCode,
    time::Duration,
};

use anyhow::Context;
use clap::{Args, Subcommand};
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

use super::{ConfigFile, Failure, operator::note, show};
use crate::{
    directory::{Account, Accounts, AccountsError, ApiToken, ApiTokens, Factors, Password, Sessions},
    journal::Access,
    mail::Address,
    smtp::server::{self, Users},
    store::Store,
};

/// More than any password may have.
const MOST_INPUT: u64 = 4096;

#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Add an account and print its first password
    Add(Who),
    /// List all accounts
    List {
        #[command(flatten)]
        config: ConfigFile,
        /// One JSON object per account
        #[arg(long)]
        json: bool,
    },
    /// Switch an account off
    Disable(Who),
    /// Print a new password and switch the account on
    Reset(Who),
    /// End every session of a person, whoever vouched for them
    Logout(Who),
    /// Take away a person's second factor, when phone and recovery codes are lost
    ForgetFactor(Who),
    /// Print a new token with which a program uses the API in a person's name
    Token {
        #[command(flatten)]
        who: Who,
        /// What it is for; one of a kind among that person's
        #[arg(long)]
        name: String,
        /// For how long: 90d, 12h
        #[arg(long, default_value = "90d", value_parser = lifetime)]
        expires: Duration,
    },
    /// List all tokens
    Tokens {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// End a token
    EndToken {
        #[command(flatten)]
        who: Who,
        /// Which
        #[arg(long)]
        name: String,
    },
    /// Print the entry of the smtp.users file for a program that sends; its password is read from standard input
    Hash {
        /// The name that the program logs in with
        name: String,
    },
}

#[derive(Debug, Args)]
struct Who {
    #[command(flatten)]
    config: ConfigFile,
    /// The person's mail address, which is also the name to log in with
    address: Address,
}

#[derive(Serialize)]
struct Listed<'a> {
    address: &'a Address,
    disabled: bool,
    created_at: Timestamp,
}

pub(super) async fn run(options: Options) -> Result<ExitCode, Failure> {
    match options.action {
        Action::Add(who) => {
            let store = open(&who.config).await?;
            let password = add(&store, &who.address).await.map_err(|error| explained(&who.address, error))?;
            print_password(&who.address, &password)?;
        }
        Action::Reset(who) => {
            let store = open(&who.config).await?;
            let password = Password::generate().context("a password")?;
            let hash = password.hash().context("a password")?;
            let result = match store.set_account_password(&who.address, &hash).await {
                Ok(()) => store.set_account_disabled(&who.address, false).await,
                error => error,
            };
            result.map_err(|error| explained(&who.address, AddError::Accounts(error)))?;
            print_password(&who.address, password.reveal())?;
        }
        Action::Disable(who) => {
            let store = open(&who.config).await?;
            let result = store.set_account_disabled(&who.address, true).await;
            result.map_err(|error| explained(&who.address, AddError::Accounts(error)))?;
        }
        Action::Logout(who) => {
            let store = open(&who.config).await?;
            let ended = store.end_sessions_of(&who.address, None).await.context("the sessions could not be ended")?;
            note(&store, &who.address, Access::SessionsEnded { sessions: ended }).await?;
            writeln!(io::stdout().lock(), "{}\t{ended} sessions ended", who.address)?;
        }
        Action::ForgetFactor(who) => {
            let store = open(&who.config).await?;
            let removed = store.remove_factor(&who.address).await.context("the second factor could not be removed")?;
            if !removed {
                return Err(Failure::Input(format!("{} has no second factor; nothing was changed", who.address)));
            }
            note(&store, &who.address, Access::FactorRemoved).await?;
            let ended = store.end_sessions_of(&who.address, None).await.context("the sessions could not be ended")?;
            writeln!(io::stdout().lock(), "{}\tsecond factor removed, {ended} sessions ended", who.address)?;
        }
        Action::Token { who, name, expires } => {
            let store = open(&who.config).await?;
            let token = make_token(&store, &who.address, &name, expires).await?;
            note(&store, &who.address, Access::TokenMade).await?;
            writeln!(io::stdout().lock(), "{token}")?;
        }
        Action::Tokens { config } => {
            let zone = config.load()?.config.timezone;
            let tokens = open(&config).await?.api_tokens().await.context("the tokens could not be read")?;
            for ApiToken { who, name, expires_at, .. } in tokens {
                writeln!(io::stdout().lock(), "{who}\t{name}\tuntil {}", show::second(expires_at, &zone))?;
            }
        }
        Action::EndToken { who, name } => {
            let store = open(&who.config).await?;
            if !store.end_api_token(&who.address, &name).await.context("the token could not be ended")? {
                return Err(Failure::Input(format!(
                    "{} has no token {name:?}; `sekisho user tokens` lists them",
                    who.address
                )));
            }
            note(&store, &who.address, Access::TokenEnded).await?;
        }
        Action::Hash { name } => hash(&name)?,
        Action::List { config, json } => {
            let zone = config.load()?.config.timezone;
            list(&open(&config).await?, json, &zone).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn open(config: &ConfigFile) -> Result<Store, Failure> {
    let loaded = config.load()?;
    Ok(Store::open(&loaded.config.store).await.context("the store could not be opened")?)
}

/// Keeps a new token, and gives it.
async fn make_token(store: &Store, who: &Address, name: &str, expires: Duration) -> Result<String, Failure> {
    let token = ApiToken::generate().context("a token")?;
    let hash = ApiToken::hash(&token).context("a token")?;
    let made_at = Timestamp::now();
    let expires_at = made_at.checked_add(expires).context("the end of the token")?;
    let kept = ApiToken { who: who.clone(), name: name.to_owned(), made_at, expires_at };
    match store.put_api_token(&hash, &kept).await {
        Ok(()) => Ok(token),
        Err(AccountsError::Exists) => Err(Failure::Input(format!(
            "{who} has a token {name:?} already; take another name, or end it with `sekisho user end-token`"
        ))),
        Err(error) => Err(Failure::Internal(error.into())),
    }
}

fn lifetime(text: &str) -> Result<Duration, String> {
    let odd = || format!("{text:?} is no time that a token can last; write 12h or 90d, a year at most");
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(odd)?;
    let hours = match unit {
        "h" => 1,
        "d" => 24,
        _ => return Err(odd()),
    };
    let hours = number.parse::<u64>().ok().and_then(|number| number.checked_mul(hours)).ok_or_else(odd)?;
    if (1..=366 * 24).contains(&hours) { Ok(Duration::from_secs(hours * 3_600)) } else { Err(odd()) }
}

/// Why an account was not added.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AddError {
    #[error(transparent)]
    Accounts(#[from] AccountsError),
    #[error(transparent)]
    Password(#[from] crate::directory::PasswordError),
}

/// Adds an account with a generated password, and gives that password.
pub(crate) async fn add(store: &Store, address: &Address) -> Result<String, AddError> {
    let password = Password::generate()?;
    let account = Account {
        address: address.clone(),
        password_hash: password.hash()?,
        disabled: false,
        created_at: Timestamp::now(),
    };
    store.put_account(&account).await?;
    Ok(password.reveal().to_owned())
}

fn explained(address: &Address, error: AddError) -> Failure {
    match error {
        AddError::Accounts(AccountsError::Exists) => Failure::Input(format!(
            "there is an account for {address} already; `sekisho user reset {address}` gives it a new password"
        )),
        AddError::Accounts(AccountsError::Unknown) => Failure::Input(format!(
            "there is no account for {address}; `sekisho user list` shows them, `sekisho user add {address}` makes one"
        )),
        other => Failure::Internal(other.into()),
    }
}

/// Reads one line, so that the password stands in no list of processes and in no history of a shell.
fn hash(name: &str) -> Result<(), Failure> {
    if io::stdin().is_terminal() {
        write!(io::stderr(), "password of {name} (it is shown while you type): ")?;
    }
    let mut password = String::new();
    io::stdin().lock().take(MOST_INPUT).read_line(&mut password)?;
    let password = password.trim_end_matches(['\r', '\n']);
    let hash = server::hash(password).map_err(|error| Failure::Input(error.to_string()))?;
    let entry = format!("[[user]]\nname = {name:?}\npassword = {hash:?}\n");
    if let Err(errors) = Users::parse("the entry", &entry) {
        return Err(Failure::Input(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")));
    }
    write!(io::stdout().lock(), "{entry}")?;
    Ok(())
}

fn print_password(address: &Address, password: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{address}\t{password}")
}

async fn list(store: &Store, json: bool, zone: &TimeZone) -> Result<(), Failure> {
    let accounts = store.accounts().await.context("the accounts could not be read")?;
    let mut out = io::stdout().lock();
    for Account { address, disabled, created_at, .. } in &accounts {
        let listed = Listed { address, disabled: *disabled, created_at: *created_at };
        if json {
            writeln!(out, "{}", serde_json::to_string(&listed).context("JSON")?)?;
        } else {
            let (state, since) = (if *disabled { "disabled" } else { "active" }, show::second(*created_at, zone));
            writeln!(out, "{address}\t{state}\tsince {since}")?;
        }
    }
    Ok(())
}
