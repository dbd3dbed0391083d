//! `sekisho demo`: the whole story on this machine, with nothing else installed.
//!
//! In: nothing. Out: a real relay with a data directory of its own, a mailbox as next hop, sample mails sent through,
//! what became of each, and then the same servers kept running for a person to try. `--exit` ends with status 0 when
//! the story went as told. Deliberately absent: anything faked. Relay, rules, hold and notices are those of `serve`,
//! started from a configuration file like any other; the answers come in by SMTP.

mod mailbox;
pub mod samples;
mod story;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::Context;
use clap::Args;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tokio_util::sync::CancellationToken;

use self::{mailbox::Mailbox, story::Story};
use super::{Failure, serve::until_told_to_stop, user};
use crate::{app::App, config, console, language::Language, mail::Address};

/// `sekisho demo`.
#[derive(Debug, Args)]
pub struct Options {
    /// End after the story, with status 0 when it went as told
    #[arg(long)]
    exit: bool,
    /// Where the relay listens
    #[arg(long, default_value = "127.0.0.1:2525")]
    smtp: SocketAddr,
    /// Where the console listens
    #[arg(long, default_value = "127.0.0.1:8025")]
    console: SocketAddr,
}

pub(super) async fn run(options: Options) -> Result<ExitCode, Failure> {
    let language = language_of_terminal();
    let home = Home::new()?;
    let stop = CancellationToken::new();
    let mailbox = Mailbox::default();
    let next_hop = TcpListener::bind("127.0.0.1:0").await?;
    let configuration = configuration(&options, &home.0, next_hop.local_addr()?, language);
    let file = home.0.join("sekisho.toml");
    std::fs::write(&file, configuration)?;
    std::fs::write(home.0.join("partners.toml"), PARTNERS)?;

    let receiving = tokio::spawn(mailbox.clone().receive(next_hop, stop.clone()));
    let app =
        App::build(config::load_all(&file)?, Vec::new()).await.context("the demo's relay could not be started")?;
    let approver = Address::parse(story::APPROVER).context("the approver")?;
    let password = user::add(app.store(), &approver).await.context("the approver's account")?;
    let app = app.with_pages(|voice| console::mailbox::router(Arc::new(mailbox.clone()), voice));
    let serving = tokio::spawn(app.run(stop.clone()));

    let story = Story { relay: options.smtp, mailbox, language };
    let went_as_told = story.tell().await?;
    if !options.exit {
        story.invite(options.console, &password);
        until_told_to_stop(&mut signal(SignalKind::terminate())?).await?;
    }
    stop.cancel();
    serving.await.context("the relay died")??;
    receiving.await.context("the mailbox died")?;
    Ok(if went_as_told { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

const PARTNERS: &str = r#"[[partner]]
id = "kita-hoan"
names = ["北保安サービス株式会社", "北保安サービス"]
domains = ["kita-hoan.example.com"]
"#;

/// The demo's configuration; the same keys as anybody's.
fn configuration(options: &Options, home: &Path, next_hop: SocketAddr, language: Language) -> String {
    let language = match language {
        Language::Ja => "ja",
        Language::En => "en",
    };
    format!(
        "hostname = \"sekisho.toho.example.co.jp\"\ndata_dir = {data:?}\n\n\
         [organization]\nname = \"東邦ガス株式会社\"\ndomains = [\"toho.example.co.jp\"]\nlanguage = \"{language}\"\n\n\
         [smtp]\nlisten = [\"{smtp}\"]\n\n[next_hop]\nhosts = [\"{next_hop}\"]\ntls = \"never\"\n\n\
         [rules]\npartners = {partners:?}\n\n\
         [approval]\nsecurity = [\"{security}\"]\napprovers = [\"{approver}\"]\n\n\
         [console]\nlisten = \"{console}\"\npublic_url = \"http://{console}\"\n\n\
         [notice]\nto_sender = 100\nto_decider = 100\n",
        data = home.join("data"),
        smtp = options.smtp,
        partners = home.join("partners.toml"),
        security = story::SECURITY,
        approver = story::APPROVER,
        console = options.console,
    )
}

/// A folder for the demo's data, removed at the end.
struct Home(PathBuf);

impl Home {
    fn new() -> std::io::Result<Self> {
        let home = std::env::temp_dir().join(format!("sekisho-demo-{}", std::process::id()));
        std::fs::create_dir_all(&home)?;
        Ok(Self(home))
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Japanese where the terminal speaks it, else English.
fn language_of_terminal() -> Language {
    let set = |name| std::env::var(name).ok().filter(|value: &String| !value.is_empty());
    let locale = set("LC_ALL").or_else(|| set("LC_MESSAGES")).or_else(|| set("LANG")).unwrap_or_default();
    if locale.starts_with("ja") { Language::Ja } else { Language::En }
}
