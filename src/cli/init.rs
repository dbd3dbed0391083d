//! `sekisho init`: from nothing to a server that can start, in a few questions.
//!
//! In: flags, and for what they leave out, answers on a terminal. Out: sekisho.toml (the commented one of `deploy/`, with the
//! answers in it), people.toml, partners.toml, the store with its key, the first administrator with password, second factor
//! and recovery codes, and what the mail server must be told. Nothing that is there is written over, and nothing stays that
//! the server would refuse. Deliberately absent: changing an installation; its files are to be
//! edited.

use std::{
    fs::{self, OpenOptions},
    io::{self, IsTerminal, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt, chown},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use clap::Args;
use dialoguer::Input;
use jiff::Timestamp;
use qrcode::{EcLevel, QrCode, render::unicode::Dense1x2};

use super::{Failure, user};
use crate::{
    config::load_all,
    directory::{Factor, Factors, recovery_codes, recovery_hash},
    mail::Address,
    store::{Place, Store, look_at_server},
};

/// The configuration to begin with: every key, explained.
const TEMPLATE: &str = include_str!("../../deploy/sekisho.toml");

/// What the mail server is told: one Postfix, with Sekisho behind its queue.
const POSTFIX: [(&str, &str); 2] = [
    ("main.cf", include_str!("../../deploy/postfix/content-filter/main.cf")),
    ("master.cf", include_str!("../../deploy/postfix/content-filter/master.cf")),
];

/// `sekisho init`.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// Where the configuration goes
    #[arg(long, value_name = "FOLDER", default_value = "/etc/sekisho")]
    folder: PathBuf,
    /// Where the database and the key go
    #[arg(long, value_name = "FOLDER", default_value = "/var/lib/sekisho")]
    data_dir: PathBuf,
    /// This machine's full name
    #[arg(long)]
    hostname: Option<String>,
    /// What the organisation is called
    #[arg(long)]
    organization: Option<String>,
    /// A domain of the organisation; may be said several times
    #[arg(long = "domain", value_name = "DOMAIN")]
    domains: Vec<String>,
    /// Where mail goes from here, host:port
    #[arg(long, value_name = "HOST:PORT")]
    next_hop: Option<String>,
    /// Where the mail server hands mail over
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:10025")]
    listen: String,
    /// Who releases held mail; may be said several times
    #[arg(long, value_name = "ADDRESS")]
    security: Vec<String>,
    /// Who looks after this server
    #[arg(long, value_name = "ADDRESS")]
    administrator: Option<String>,
    /// What notices and the console are written in: ja or en
    #[arg(long, default_value = "ja")]
    language: String,
    /// How people reach the console
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// A PostgreSQL database that several nodes share, as postgres://user@host/database; a file in data_dir if it is left out
    #[arg(long, value_name = "URL")]
    store_url: Option<String>,
    /// Which shipped rules: starter, strict or observe (all only report)
    #[arg(long, default_value = "starter")]
    preset: String,
}

/// All that was answered.
struct Answers {
    hostname: String,
    organization: String,
    domains: Vec<String>,
    next_hop: String,
    security: Vec<String>,
    administrator: Address,
    public_url: String,
}

/// Asks what is not said, writes everything, and says what to do next.
pub(super) async fn run(options: Options) -> Result<ExitCode, Failure> {
    let file = options.folder.join("sekisho.toml");
    for path in [&file, &options.folder.join("people.toml"), &options.data_dir.join("sekisho.db")] {
        if path.exists() {
            let path = path.display();
            return Err(Failure::Input(format!(
                "{path} is there already; change it by hand, or choose another folder"
            )));
        }
    }
    let place = place(&options).await?;
    let answers = answers(&options)?;
    write_all(&options, &answers, &file)?;
    let store = Store::open(place).await.context("the store could not be made")?;
    let admitted = administrator(&store, &answers).await;
    store.close().await;
    tell(&options, &file, &answers, &admitted?)?;
    Ok(ExitCode::SUCCESS)
}

/// Where the store goes. A server is asked first whether it will do, so that nothing is written if it will not.
async fn place(options: &Options) -> Result<Place, Failure> {
    let Some(url) = &options.store_url else { return Ok((&options.data_dir).into()) };
    let refused = |why: String| Failure::Input(format!("--store-url: {why}"));
    let place = Place::on_server(&options.data_dir, url).map_err(refused)?;
    look_at_server(url).await.map_err(|why| refused(why.to_string()))?;
    Ok(place)
}

/// Writes the files, and takes them away again if the server would refuse them.
fn write_all(options: &Options, answers: &Answers, file: &Path) -> Result<(), Failure> {
    let folder = &options.folder;
    let is_new = !folder.exists();
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let texts = [
        (folder.join("people.toml"), people(answers)),
        (folder.join("partners.toml"), PARTNERS.to_owned()),
        (file.to_owned(), configuration(options, answers)),
    ];
    let mut written = Vec::new();
    let done = texts.iter().filter(|(path, _)| !path.exists()).try_for_each(|(path, text)| {
        written.push(path);
        write_new(path, text)
    });
    let done = done.and_then(|()| Ok(load_all(file).map(drop)?));
    if done.is_err() {
        written.into_iter().for_each(|path| drop(fs::remove_file(path)));
        if is_new {
            let _ = fs::remove_dir(folder);
        }
    }
    done
}

fn answers(options: &Options) -> Result<Answers, Failure> {
    let one = |flag: &str, said: Option<&String>, question: &str, usual: Option<String>| -> Result<String, Failure> {
        match said {
            Some(said) => Ok(said.clone()),
            None => asked(flag, question, usual),
        }
    };
    let several =
        |flag: &str, said: &[String], question: &str, usual: Option<String>| -> Result<Vec<String>, Failure> {
            if !said.is_empty() {
                return Ok(said.to_vec());
            }
            let answer = asked(flag, question, usual)?;
            Ok(answer.split([',', ' ', '、']).filter(|word| !word.is_empty()).map(str::to_owned).collect())
        };
    let domains = several("domain", &options.domains, "Domains of the organisation / 組織のドメイン", None)?;
    let first = domains.first().cloned().unwrap_or_default();
    let named = |local: &str| Some(format!("{local}@{first}"));
    let organization = one(
        "organization",
        options.organization.as_ref(),
        "Name of the organisation / 組織の名前",
        Some(first.clone()),
    )?;
    let usual = Some(format!("sekisho.{first}"));
    let hostname = one("hostname", options.hostname.as_ref(), "Full name of this machine / このサーバーの名前", usual)?;
    let usual = Some("127.0.0.1:10026".to_owned());
    let next_hop = one("next-hop", options.next_hop.as_ref(), "Where mail goes from here / 次の中継先", usual)?;
    let security =
        several("security", &options.security, "Who releases held mail / 保留を解除する人", named("security"))?;
    let administrator =
        one("administrator", options.administrator.as_ref(), "Who looks after this server / 管理者", named("admin"))?;
    let administrator = Address::parse(&administrator).map_err(|why| {
        Failure::Input(format!("{administrator} is no mail address ({why}); say another --administrator"))
    })?;
    let usual = Some(format!("https://{hostname}"));
    let public_url = one("public-url", options.public_url.as_ref(), "Address of the console / 画面のアドレス", usual)?;
    Ok(Answers { hostname, organization, domains, next_hop, security, administrator, public_url })
}

/// An answer on the terminal; where there is none, what to say instead.
fn asked(flag: &str, question: &str, usual: Option<String>) -> Result<String, Failure> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(Failure::Input(format!("there is no terminal to ask on; say --{flag}")));
    }
    let input = Input::<String>::new().with_prompt(question);
    let input = match usual {
        Some(usual) => input.default(usual),
        None => input,
    };
    input.interact_text().map_err(|error| Failure::Input(format!("no answer to “{question}” ({error}); say --{flag}")))
}

/// The commented configuration with the answers in it.
fn configuration(options: &Options, answers: &Answers) -> String {
    let text = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let list = |all: &[String]| toml::Value::Array(all.iter().cloned().map(toml::Value::String).collect()).to_string();
    let data_dir = std::path::absolute(&options.data_dir).unwrap_or_else(|_| options.data_dir.clone());
    let values = [
        ("hostname", text(&answers.hostname)),
        ("data_dir", text(&data_dir.display().to_string())),
        ("name", text(&answers.organization)),
        ("domains", list(&answers.domains)),
        ("language", text(&options.language)),
        ("listen", list(std::slice::from_ref(&options.listen))),
        // Mail goes back to the same Postfix, which says for whom it speaks.
        ("xclient_from", if is_here(&answers.next_hop) { list(&["127.0.0.0/8".to_owned()]) } else { list(&[]) }),
        ("hosts", list(std::slice::from_ref(&answers.next_hop))),
        ("security", list(&answers.security)),
        ("[directory]", String::new()),
        ("file", text("people.toml")),
        ("url", text(options.store_url.as_deref().unwrap_or("sqlite"))),
        ("public_url", text(&answers.public_url)),
        ("preset", text(&options.preset)),
    ];
    // In the order of the file: each key is the next one of its name.
    let mut values = values.into_iter().peekable();
    let mut config = String::with_capacity(TEMPLATE.len());
    for line in TEMPLATE.lines() {
        let bare = line.strip_prefix("# ").unwrap_or(line);
        let (found, comment) = match values.peek() {
            Some((key, value)) if value.is_empty() && bare.starts_with(key) => (Some((*key).to_owned()), true),
            Some((key, value)) if bare.split_once(" = ").is_some_and(|(known, _)| known == *key) => {
                (Some(format!("{key} = {value}")), true)
            }
            _ => (None, false),
        };
        match found {
            Some(setting) => {
                values.next();
                config.push_str(&setting);
                if comment && let Some((_, comment)) = bare.split_once(" # ") {
                    config.push_str("  # ");
                    config.push_str(comment);
                }
            }
            None => config.push_str(line),
        }
        config.push('\n');
    }
    config
}

fn people(answers: &Answers) -> String {
    format!(
        "# Who is who: managers, deputies, absences, roles. docs/directory.md tells all keys; SIGHUP takes changes up.\n\
         # 上司・代理・不在・役割を書きます。\n\n[[person]]\naddress = \"{}\"\nroles = [\"administrator\"]\n\n\
         # [[person]]\n# address = \"taro@{domain}\"\n# name = \"山田 太郎\"\n# manager = \"hanako@{domain}\"\n",
        answers.administrator,
        domain = answers.domains.first().map_or("", String::as_str)
    )
}

/// The partners to begin with: none, and how one is written.
const PARTNERS: &str = "# Whom you often write to; Sekisho then knows their domains, and what they may receive. よく連絡する取引先の一覧です。\n\n\
                        # [[partner]]\n# id = \"kita-hoan\"\n# names = [\"北保安サービス株式会社\"]\n# domains = [\"kita-hoan.example.com\"]\n\
                        # may_receive = { categories = [\"contact\"], max_persons = 100 }   # optional\n";

/// For its owner and group only, as it may name passwords later.
fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o640).open(path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.and_then(|()| give_to_group(path)).map_err(|error| {
        Failure::Input(format!(
            "{}: it cannot be written ({error}); run this as root, or choose another folder",
            path.display()
        ))
    })
}

/// What root writes in a folder of the server's group is for that group.
fn give_to_group(path: &Path) -> io::Result<()> {
    let Some(folder) = path.parent().filter(|_| rustix::process::geteuid().is_root()) else { return Ok(()) };
    chown(path, None, Some(fs::metadata(folder)?.gid()))
}

/// How the first administrator gets in.
struct Admitted {
    password: String,
    /// What an authenticator app reads from the picture.
    uri: String,
    typed: String,
    codes: Vec<String>,
}

async fn administrator(store: &Store, answers: &Answers) -> Result<Admitted, Failure> {
    let who = &answers.administrator;
    let password = user::add(store, who).await.context("the administrator's account")?;
    let (factor, codes) = (Factor::generate().context("a second factor")?, recovery_codes().context("recovery codes")?);
    let hashes: Vec<[u8; 32]> = codes.iter().map(|code| recovery_hash(code)).collect();
    store.put_factor(who, &factor, Timestamp::now()).await.context("the second factor")?;
    // Whoever reads this screen has it; there is no code to wait for.
    store.confirm_factor(who, 0, &hashes).await.context("the second factor")?;
    let uri = factor.uri(who, &answers.organization).context("the second factor")?;
    Ok(Admitted { password, uri, typed: factor.typed(), codes })
}

fn tell(options: &Options, file: &Path, answers: &Answers, admitted: &Admitted) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}\n  every key is explained there; `sekisho config check {0}` finds mistakes", file.display())?;
    let data_dir = options.data_dir.display();
    match options.store_url {
        None => writeln!(out, "{data_dir}\n  the database and its key, for their owner only")?,
        Some(_) => writeln!(
            out,
            "{data_dir}\n  seal.key, for its owner only: copy it to every other node before that starts (docs/fleet.md)"
        )?,
    }
    writeln!(out, "\n{}: {}", answers.administrator, admitted.password)?;
    writeln!(
        out,
        "  the first password, shown once. Scan this with an authenticator app, or type {}:\n",
        admitted.typed
    )?;
    let picture = QrCode::with_error_correction_level(&admitted.uri, EcLevel::L).context("a picture")?;
    writeln!(out, "{}", picture.render::<Dense1x2>().quiet_zone(true).build())?;
    writeln!(out, "  recovery codes, each good once: {}", admitted.codes.join("  "))?;
    mail_server(&mut out, options, answers)?;
    let (folder, data_dir) = (options.folder.display(), options.data_dir.display());
    writeln!(out, "\nThen, for the user that the service runs as (sekisho, if a package made it):")?;
    writeln!(out, "    chgrp -R sekisho {folder} && chown -R sekisho: {data_dir}")?;
    writeln!(out, "    sekisho doctor --config {}", file.display())?;
    writeln!(out, "and start the service")?;
    Ok(())
}

/// What the mail server must be told. Only a next hop on this machine is a listener of the same Postfix.
fn mail_server(out: &mut impl Write, options: &Options, answers: &Answers) -> io::Result<()> {
    if !is_here(&answers.next_hop) {
        writeln!(
            out,
            "\nMail goes on to {} from here. Have your mail server send to Sekisho instead: of Postfix,",
            answers.next_hop
        )?;
        writeln!(out, "\n  in /etc/postfix/main.cf:\n\n    relayhost = [{}", bracketed(&options.listen))?;
        return writeln!(out, "\n  deploy/README.md has other ways and other mail servers");
    }
    writeln!(out, "\nOne Postfix, with Sekisho behind its queue (deploy/README.md has other mail servers):")?;
    for (name, lines) in POSTFIX {
        writeln!(out, "\n  append to /etc/postfix/{name}:\n")?;
        let said = lines.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
        said.map(|line| line.replace("127.0.0.1]:10025", &bracketed(&options.listen)))
            .map(|line| line.replace("127.0.0.1:10026", &answers.next_hop))
            .try_for_each(|line| writeln!(out, "    {line}"))?;
    }
    Ok(())
}

fn is_here(next_hop: &str) -> bool {
    ["127.0.0.1:", "localhost:", "[::1]:"].iter().any(|here| next_hop.starts_with(here))
}

/// `127.0.0.1:10025` as Postfix writes it, without the bracket that stands before it.
fn bracketed(listen: &str) -> String {
    listen.rsplit_once(':').map_or_else(|| listen.to_owned(), |(host, port)| format!("{host}]:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(folder: &Path) -> Options {
        Options {
            folder: folder.join("etc"),
            data_dir: folder.join("data"),
            hostname: Some("sekisho.toho.example.co.jp".to_owned()),
            organization: Some("東邦 \"ガス\" 株式会社".to_owned()),
            domains: vec!["toho.example.co.jp".to_owned(), "toho.example.jp".to_owned()],
            next_hop: Some("127.0.0.1:20026".to_owned()),
            listen: "127.0.0.1:20025".to_owned(),
            security: vec!["security@toho.example.co.jp".to_owned()],
            administrator: Some("admin@toho.example.co.jp".to_owned()),
            language: "en".to_owned(),
            public_url: Some("https://sekisho.toho.example.co.jp".to_owned()),
            store_url: None,
            preset: "strict".to_owned(),
        }
    }

    #[tokio::test]
    async fn what_was_answered_is_what_the_server_loads() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(run(options(folder.path())).await.unwrap(), ExitCode::SUCCESS);
        let loaded = load_all(&folder.path().join("etc/sekisho.toml")).unwrap();
        let config = &loaded.config;
        assert_eq!(
            (config.hostname.as_str(), &config.data_dir),
            ("sekisho.toho.example.co.jp", &folder.path().join("data"))
        );
        assert_eq!(
            (config.organization.name.as_str(), config.organization.domains.len()),
            ("東邦 \"ガス\" 株式会社", 2)
        );
        assert_eq!(config.smtp.listen, ["127.0.0.1:20025".parse().unwrap()]);
        assert_eq!(config.smtp.xclient_from.len(), 1, "Postfix on this machine says for whom it speaks");
        assert_eq!(config.console.public_url, "https://sekisho.toho.example.co.jp");
        assert_eq!(config.approval.security.len(), 1);
        assert_eq!(config.language, crate::language::Language::En);
        assert!(loaded.policies.rules().count() > 16, "strict has more rules than starter");
        assert_eq!(loaded.people.people.len(), 1);
        let store = Store::open(&config.data_dir).await.unwrap();
        let factor = store.factor(&Address::parse("admin@toho.example.co.jp").unwrap()).await.unwrap().unwrap();
        assert!(factor.confirmed && factor.recovery_left == 10);
    }

    /// A listener for a next hop elsewhere would be one that nobody speaks to.
    #[test]
    fn the_mail_server_is_told_what_was_answered() {
        let folder = tempfile::tempdir().unwrap();
        let said = |next_hop: &str| {
            let options = Options { next_hop: Some(next_hop.to_owned()), ..options(folder.path()) };
            let (answers, mut out) = (answers(&options).unwrap(), Vec::new());
            mail_server(&mut out, &options, &answers).unwrap();
            String::from_utf8(out).unwrap()
        };
        let here = said("127.0.0.1:20026");
        assert!(here.contains("    127.0.0.1:20026 inet") && here.contains("[127.0.0.1]:20025"), "{here}");
        let elsewhere = said("mx.example.net:25");
        assert!(elsewhere.contains("relayhost = [127.0.0.1]:20025") && !elsewhere.contains("inet n"), "{elsewhere}");
    }

    /// The server is asked before anything is written.
    #[tokio::test]
    async fn a_server_that_will_not_do_is_named_and_one_that_will_is_written_down() {
        let folder = tempfile::tempdir().unwrap();
        let with = |url: &str| Options { store_url: Some(url.to_owned()), ..options(folder.path()) };
        let no_address = run(with("mysql://u@h/d")).await.unwrap_err().to_string();
        assert!(no_address.starts_with("--store-url") && no_address.contains("postgres://"), "{no_address}");
        // Nobody listens on this port of the machine itself.
        let nobody = run(with("postgres://u@127.0.0.1:1/d")).await.unwrap_err().to_string();
        assert!(nobody.contains("postgres://127.0.0.1:1/d cannot be used"), "{nobody}");
        assert!(!folder.path().join("etc").exists() && !folder.path().join("data").exists());
        let Ok(server) = std::env::var("SEKISHO_TEST_POSTGRES") else { return };
        // A schema of its own, as the tests of the store have.
        let schema = format!("init_{}", ulid::Ulid::generate().to_string().to_lowercase());
        let mut administrator = <sqlx::PgConnection as sqlx::Connection>::connect(&server).await.unwrap();
        let make = sqlx::AssertSqlSafe(format!("CREATE SCHEMA {schema}"));
        sqlx::raw_sql(make).execute(&mut administrator).await.unwrap();
        let url = format!("{server}&options=-c%20search_path%3D{schema}");
        assert_eq!(run(with(&url)).await.unwrap(), ExitCode::SUCCESS);
        let loaded = load_all(&folder.path().join("etc/sekisho.toml")).unwrap();
        assert_eq!(loaded.config.store, Place::on_server(&folder.path().join("data"), &url).unwrap());
        assert!(!folder.path().join("data/sekisho.db").exists() && folder.path().join("data/seal.key").is_file());
        let accounts = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {schema}.account"));
        let accounts: i64 = sqlx::query_scalar(accounts).fetch_one(&mut administrator).await.unwrap();
        assert_eq!(accounts, 1);
    }

    #[tokio::test]
    async fn nothing_is_written_over_and_a_wrong_answer_writes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let wrong = Options { next_hop: Some("nowhere".to_owned()), ..options(folder.path()) };
        assert!(run(wrong).await.unwrap_err().to_string().contains("next_hop.hosts"));
        let wrong = Options { administrator: Some("nobody".to_owned()), ..options(folder.path()) };
        assert!(run(wrong).await.unwrap_err().to_string().contains("--administrator"));
        let unsaid = Options { hostname: None, ..options(folder.path()) };
        if !io::stdin().is_terminal() {
            assert!(run(unsaid).await.unwrap_err().to_string().contains("--hostname"));
        }
        assert!(!folder.path().join("etc").exists() && !folder.path().join("data").exists());
        run(options(folder.path())).await.unwrap();
        let again = run(options(folder.path())).await.unwrap_err().to_string();
        assert!(again.contains("is there already"), "{again}");
    }
}
