//! People read from a real slapd, and logins that it proves.
//!
//! Needs the program `target/slapd/usr/sbin/slapd`, which `tests/run` unpacks there: installed, Debian's package would
//! start a server of its own. Each test has a slapd of its own, with its own certificate, folder and ports.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use data_encoding::BASE64;
use jiff::Timestamp;
use sekisho::{
    directory::{
        Directory, People, Role, Written,
        ldap::{self, Bind, LdapError, Meant, Settings},
    },
    language::Language,
    mail::Address,
};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::{
    console::Browser,
    support::{
        eventually, free_port,
        relay::Relay,
        sink::Sink,
        talk::{self, letter},
    },
};

const ACCOUNTANT: &str = "nencho@zeirishi.example.com";
const BASE: &str = "dc=example,dc=jp";
const READER: &str = "cn=sekisho,dc=example,dc=jp";

/// More than slapd gives in one answer.
const STAFF: usize = 1_200;

/// A directory server with a company in it.
struct Slapd {
    home: TempDir,
    /// With StartTLS, and with TLS at once.
    ports: (u16, u16),
    server: Option<Child>,
}

fn unpacked(path: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/slapd").join(path);
    assert!(path.exists(), "{} is missing; run the tests with tests/run, which unpacks it", path.display());
    path
}

impl Slapd {
    /// A server with the people of `ldif`, whom only [`READER`] may read.
    fn start(ldif: &str) -> Self {
        let home = tempfile::Builder::new().prefix("slapd").tempdir().unwrap();
        let path = |name: &str| home.path().join(name);
        fs::create_dir(path("data")).unwrap();
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        fs::write(path("cert.pem"), made.cert.pem()).unwrap();
        fs::write(path("key.pem"), made.signing_key.serialize_pem()).unwrap();
        fs::write(path("password"), "reader's own\n").unwrap();
        fs::write(path("slapd.conf"), configuration(home.path())).unwrap();
        fs::write(path("people.ldif"), ldif).unwrap();
        let mut add = Self::program();
        let added = add
            .args(["-T", "add", "-q", "-f"])
            .arg(path("slapd.conf"))
            .arg("-l")
            .arg(path("people.ldif"))
            .output()
            .unwrap();
        assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
        let mut slapd = Self { home, ports: (free_port(), free_port()), server: None };
        slapd.run();
        slapd
    }

    fn program() -> Command {
        let mut command = Command::new(unpacked("usr/sbin/slapd"));
        command.env("LD_LIBRARY_PATH", unpacked("usr/lib").join(format!("{}-linux-gnu", std::env::consts::ARCH)));
        command.stdin(Stdio::null());
        command
    }

    /// Starts the server, and waits until it listens.
    fn run(&mut self) {
        let log = fs::File::options().append(true).create(true).open(self.home.path().join("log")).unwrap();
        let (plain, tls) = self.ports;
        let listen = format!("ldap://127.0.0.1:{plain} ldaps://127.0.0.1:{tls}");
        let server = Self::program()
            .args(["-d", "0", "-h", &listen, "-f"])
            .arg(self.home.path().join("slapd.conf"))
            .stderr(log)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        self.server = Some(server);
        for port in [plain, tls] {
            eventually("slapd to listen", || std::net::TcpStream::connect(("127.0.0.1", port)).ok());
        }
    }

    fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill().unwrap();
            server.wait().unwrap();
        }
    }

    /// A relay that has read this directory.
    fn relay(&self, sink: &Sink, extra: &str) -> Relay {
        let home = self.home.path();
        let extra = format!(
            "organization.domains = [\"example.jp\"]\n{extra}[directory.ldap]\nurls = [\"ldap://localhost:{}\"]\nca = {:?}\n\
             base = \"{BASE}\"\nbind_dn = \"{READER}\"\npassword_file = {:?}\npage_size = 100\n",
            self.ports.0,
            home.join("cert.pem"),
            home.join("password")
        );
        let relay = Relay::start_with(sink.address, &extra);
        eventually("the directory to be read", || {
            let health = Browser::new(relay.console).get("/health").body;
            health.contains("人を 20").then_some(())
        });
        relay
    }

    fn settings(&self, url: &str) -> Settings {
        let (plain, tls) = self.ports;
        let url = url.replace("PLAIN", &plain.to_string()).replace("TLS", &tls.to_string());
        let mut settings = Settings::new(vec![url.parse().unwrap()], BASE.to_owned());
        settings.ca = Some(self.home.path().join("cert.pem"));
        settings.bind = Some(Bind { dn: READER.to_owned(), password_file: self.home.path().join("password") });
        settings.page_size = 100;
        settings
    }
}

impl Drop for Slapd {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            eprintln!("--- log of slapd ---\n{}", fs::read_to_string(self.home.path().join("log")).unwrap_or_default());
        }
    }
}

/// What OpenLDAP lacks of Active Directory.
const ACTIVE_DIRECTORY: &str = "\
    attributetype ( 1.2.840.113556.1.4.8 NAME 'userAccountControl' EQUALITY integerMatch SYNTAX \
    1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )\n\
    attributetype ( 1.2.840.113556.1.2.210 NAME 'proxyAddresses' EQUALITY caseIgnoreMatch SYNTAX \
    1.3.6.1.4.1.1466.115.121.1.15 )\n";

/// Nobody gets more than 150 entries at once.
fn configuration(home: &Path) -> String {
    let schemas = ["core", "cosine", "inetorgperson", "nis"]
        .map(|name| format!("include {}\n", unpacked(&format!("etc/ldap/schema/{name}.schema")).display()));
    let (schemas, home, modules) = (schemas.concat(), home.display(), unpacked("usr/lib/ldap"));
    format!(
        "{schemas}{ACTIVE_DIRECTORY}modulepath {}\nmoduleload back_mdb.so\npidfile {home}/pid\n\
         TLSCertificateFile {home}/cert.pem\nTLSCertificateKeyFile {home}/key.pem\nsecurity simple_bind=1 tls=1\n\
         sizelimit size.soft=150 size.hard=150 size.pr=150 size.prtotal=unlimited\n\
         database mdb\nsuffix \"{BASE}\"\nrootdn \"cn=admin,{BASE}\"\nrootpw secret\ndirectory {home}/data\n\
         access to attrs=userPassword by anonymous auth by * none\n\
         access to * by dn.exact=\"{READER}\" read by anonymous auth by * none\n",
        modules.display()
    )
}

/// One entry of LDIF (RFC 2849); all in base 64, which is right for Japanese and for everything else.
fn entry(dn: &str, lines: &[(&str, &str)]) -> String {
    let line = |(name, value): (&str, &str)| format!("{name}:: {}\n", BASE64.encode(value.as_bytes()));
    let lines = std::iter::once(("dn", dn)).chain(lines.iter().copied());
    lines.map(line).chain(std::iter::once("\n".to_owned())).collect()
}

fn person(dn: &str, lines: &[(&str, &str)]) -> String {
    let always = [("objectClass", "inetOrgPerson"), ("objectClass", "extensibleObject"), ("sn", "x")];
    entry(dn, &[&always, lines].concat())
}

/// A company: people of two departments, a manager outside of the people, groups and 1,200 staff.
fn company() -> String {
    const SALES: &str = "ou=営業部,dc=example,dc=jp";
    let (taro, hanako) = (format!("cn=山田\\, 太郎,{SALES}"), format!("uid=hanako,{SALES}"));
    let mut ldif = [
        entry(BASE, &[("objectClass", "domain"), ("dc", "example")]),
        entry(SALES, &[("objectClass", "organizationalUnit"), ("ou", "営業部")]),
        entry("ou=staff,dc=example,dc=jp", &[("objectClass", "organizationalUnit"), ("ou", "staff")]),
        entry(
            READER,
            &[
                ("objectClass", "organizationalRole"),
                ("objectClass", "simpleSecurityObject"),
                ("cn", "sekisho"),
                ("userPassword", "reader's own"),
            ],
        ),
        person(
            &taro,
            &[
                ("cn", "Taro Yamada"),
                ("cn;lang-ja", "山田太郎"),
                ("cn", "山田, 太郎"),
                ("uid", "yamada"),
                ("mail", "Taro@example.jp"),
                ("proxyAddresses", "SMTP:Taro@example.jp"),
                ("proxyAddresses", "smtp:t.yamada@example.jp"),
                ("preferredLanguage", "ja"),
                ("manager", "UID=Hanako, OU=営業部, DC=example, DC=jp"),
                ("userPassword", "太郎の合言葉"),
            ],
        ),
        person(
            &hanako,
            &[
                ("cn", "Hanako"),
                ("displayName", "Hanako Sato"),
                ("uid", "hanako"),
                ("mail", "hanako@example.jp"),
                ("preferredLanguage", "en-US"),
                ("manager", "cn=boss,dc=example,dc=jp"),
                ("userPassword", "hanako's own"),
            ],
        ),
        // No inetOrgPerson, and so not among the people, but known as a manager.
        entry(
            "cn=boss,dc=example,dc=jp",
            &[
                ("objectClass", "account"),
                ("objectClass", "extensibleObject"),
                ("uid", "boss"),
                ("cn", "boss"),
                ("mail", "boss@example.jp"),
            ],
        ),
        person(&format!("uid=mailless,{SALES}"), &[("cn", "m"), ("uid", "mailless"), ("userPassword", "mailless")]),
        person(
            &format!("uid=double,{SALES}"),
            &[("cn", "d"), ("uid", "double"), ("mail", "HANAKO2@example.jp"), ("userPassword", "double's own")],
        ),
        person(
            &format!("uid=other,{SALES}"),
            &[("cn", "o"), ("uid", "other"), ("mail", "hanako2@example.jp"), ("userPassword", "other's own")],
        ),
        person(
            &format!("uid=gone,{SALES}"),
            &[
                ("cn", "g"),
                ("uid", "gone"),
                ("mail", "gone@example.jp"),
                ("userPassword", "gone"),
                ("userAccountControl", "514"),
            ],
        ),
    ]
    .concat();
    ldif += &groups(&hanako);
    for n in 0..STAFF {
        let (uid, mail, boss) =
            (format!("p{n}"), format!("p{n}@example.jp"), format!("uid=p{},ou=staff,{BASE}", n / 10));
        let lines = [("cn", "社員"), ("uid", &uid), ("mail", &mail), ("manager", &boss)];
        ldif += &person(&format!("uid=p{n},ou=staff,{BASE}"), &lines);
    }
    ldif
}

/// A group with Hanako in a group within it, one of logins, and a reference to another server.
fn groups(hanako: &str) -> String {
    [
        entry(
            "cn=情報セキュリティ,dc=example,dc=jp",
            &[("objectClass", "groupOfNames"), ("cn", "情報セキュリティ"), ("member", "cn=inner,dc=example,dc=jp")],
        ),
        entry(
            "cn=inner,dc=example,dc=jp",
            &[
                ("objectClass", "groupOfNames"),
                ("cn", "inner"),
                ("member", hanako),
                ("member", "cn=nobody,dc=example,dc=jp"),
            ],
        ),
        entry(
            "cn=posix,dc=example,dc=jp",
            &[("objectClass", "posixGroup"), ("cn", "posix"), ("gidNumber", "7"), ("memberUid", "yamada")],
        ),
        entry(
            "cn=elsewhere,dc=example,dc=jp",
            &[
                ("objectClass", "referral"),
                ("objectClass", "extensibleObject"),
                ("cn", "elsewhere"),
                ("ref", "ldap://127.0.0.1:1/dc=elsewhere"),
            ],
        ),
    ]
    .concat()
}

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

/// Whose the password is, where it is that of whom a login means.
async fn proven(meant: Result<Option<Meant>, LdapError>, password: &str) -> Result<Option<Address>, LdapError> {
    let Some(meant) = meant? else { return Ok(None) };
    let address = meant.address.clone();
    Ok(meant.proves(password).await?.then_some(address))
}

#[tokio::test]
#[ignore = "needs slapd; tests/run runs it"]
async fn everybody_is_read_page_by_page_with_starttls_and_with_tls_at_once() {
    let slapd = Slapd::start(&company());
    for url in ["ldap://localhost:PLAIN", "ldaps://localhost:TLS"] {
        let mut settings = slapd.settings(url);
        settings.roles.insert(Role::Security, vec!["CN=情報セキュリティ, dc=example, dc=jp".to_owned()]);
        let (people, oddities) = ldap::read(&settings).await.unwrap();
        // Taro, Hanako, two who are one, and the staff.
        assert_eq!(people.len(), STAFF + 3);
        assert_eq!((oddities.doubles, oddities.disabled, oddities.elsewhere), (1, 1, 2), "{oddities:?}");
        assert_eq!(oddities.roles_without_group, Vec::<String>::new());

        let taro = people.person(&address("t.yamada@example.jp")).unwrap();
        assert_eq!(taro.address.as_str(), "Taro@example.jp");
        assert_eq!((taro.name.as_deref(), taro.language), (Some("山田太郎"), Some(Language::Ja)));
        assert_eq!(people.manager_of(&taro.address), Some(&address("hanako@example.jp")));
        let hanako = people.person(&address("hanako@example.jp")).unwrap();
        assert_eq!((hanako.name.as_deref(), hanako.language), (Some("Hanako Sato"), Some(Language::En)));
        assert_eq!(people.manager_of(&hanako.address), Some(&address("boss@example.jp")), "outside of the filter");
        assert_eq!(people.with_role(Role::Security).collect::<Vec<_>>(), [&hanako.address], "through the inner group");
        assert_eq!(people.group("POSIX"), std::slice::from_ref(&taro.address));
        assert_eq!(people.manager_of(&address("p1199@example.jp")), Some(&address("p119@example.jp")));
    }

    let mut all_at_once = slapd.settings("ldap://localhost:PLAIN");
    all_at_once.page_size = 2_000;
    // The limit holds for a page as well: that the pages above were many is what made them succeed.
    let refused = ldap::read(&all_at_once).await.unwrap_err();
    assert!(matches!(refused, LdapError::Failed { .. }), "{refused}");
}

#[tokio::test]
#[ignore = "needs slapd; tests/run runs it"]
async fn nothing_is_said_to_a_server_that_cannot_be_believed() {
    let slapd = Slapd::start(&company());
    for url in ["ldap://localhost:PLAIN", "ldaps://localhost:TLS"] {
        let mut stranger = slapd.settings(url);
        stranger.ca = None;
        let why = ldap::read(&stranger).await.unwrap_err();
        assert!(matches!(why, LdapError::Unreachable(_)), "{why}");
    }
    // The certificate is for localhost, and this name for the same machine is not in it.
    for url in ["ldap://127.0.0.1:PLAIN", "ldaps://127.0.0.1:TLS"] {
        let why = ldap::read(&slapd.settings(url)).await.unwrap_err();
        assert!(matches!(&why, LdapError::Unreachable(why) if why.contains("certificate")), "{why}");
    }

    // On this machine plain text may be taken; here it is slapd that does not.
    let mut plain = slapd.settings("ldap://127.0.0.1:PLAIN");
    plain.plain_text = true;
    let why = ldap::read(&plain).await.unwrap_err();
    assert!(matches!(why, LdapError::Refused { .. }), "{why}");
}

#[tokio::test]
#[ignore = "needs slapd; tests/run runs it"]
async fn a_wrong_password_a_wrong_base_and_an_anonymous_reader_are_told_apart() {
    let slapd = Slapd::start(&company());
    let right = slapd.settings("ldap://localhost:PLAIN");
    let mut base = right.clone();
    base.base = "dc=example,dc=com".to_owned();
    assert!(matches!(ldap::read(&base).await, Err(LdapError::Failed { .. })));
    let mut nobody = right.clone();
    nobody.bind = None;
    let why = ldap::read(&nobody).await.unwrap_err();
    assert!(matches!(why, LdapError::Nobody | LdapError::Failed { .. }), "{why}");
    fs::write(slapd.home.path().join("password"), "wrong\n").unwrap();
    let why = ldap::read(&right).await.unwrap_err();
    assert!(matches!(&why, LdapError::Refused { who, .. } if who == READER), "{why}");
    assert!(!why.to_string().contains("wrong"), "{why}");
}

#[tokio::test]
#[ignore = "needs slapd; tests/run runs it"]
async fn the_second_server_answers_where_the_first_is_away() {
    let slapd = Slapd::start(&company());
    let mut settings = slapd.settings("ldap://localhost:PLAIN");
    settings.urls.insert(0, format!("ldap://127.0.0.1:{}", free_port()).parse().unwrap());
    assert_eq!(ldap::read(&settings).await.unwrap().0.len(), STAFF + 3);
    let proven = proven(ldap::meant(&settings, "hanako").await, "hanako's own").await;
    assert_eq!(proven, Ok(Some(address("hanako@example.jp"))));
}

#[tokio::test]
#[ignore = "needs slapd; tests/run runs it"]
async fn a_login_proves_who_somebody_is_and_nothing_else_does() {
    let slapd = Slapd::start(&company());
    let settings = slapd.settings("ldap://localhost:PLAIN");
    let login =
        async |login: &str, password: &str| proven(ldap::meant(&settings, login).await, password).await.unwrap();

    let taro = Some(address("Taro@example.jp"));
    for name in ["yamada", "YAMADA", "ｙａｍａｄａ", "taro@EXAMPLE.jp", "t.yamada@example.jp", " yamada "] {
        assert_eq!(login(name, "太郎の合言葉").await, taro, "{name}");
    }
    for wrong in ["", "太郎の合言", "*", "hanako's own", " ", "reader's own"] {
        assert_eq!(login("yamada", wrong).await, None, "{wrong:?}");
    }
    let typed =
        ["*", "yam*", "yamada)(uid=hanako", "*)(|(uid=*", "hanako)(&", "", "ヤマダ", "yamada\0", "\\79amada", "nobody"];
    for typed in typed {
        for password in ["太郎の合言葉", "hanako's own"] {
            assert_eq!(login(typed, password).await, None, "{typed:?}");
        }
    }
    assert_eq!(login("mailless", "mailless").await, None, "nobody knows what address that would be");
    for one_of_two in ["double", "other", "hanako2@example.jp"] {
        for password in ["double's own", "other's own"] {
            assert_eq!(login(one_of_two, password).await, None, "{one_of_two}: the address is two persons'");
        }
    }
    // The reader is no person, and may not log in as one.
    assert_eq!(login("sekisho", "reader's own").await, None);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs slapd; tests/run runs it"]
async fn an_outage_leaves_people_known_with_their_age_also_after_a_restart() {
    let mut slapd = Slapd::start(&company());
    let folder = tempfile::tempdir().unwrap();
    let mut settings = slapd.settings("ldap://localhost:PLAIN");
    settings.refresh = Duration::from_secs(1);
    let text = "[[person]]\naddress = \"taro@example.jp\"\ndeputies = [\"hanako@example.jp\"]\nroles = [\"auditor\"]\n";
    let file = Written::parse("people.toml", text).unwrap();

    let directory = Directory::open(file.clone(), Some(settings.clone()), folder.path());
    assert_eq!((directory.people().len(), directory.health().unwrap().known_at), (1, None), "only the file's");
    assert_eq!(file.warnings(&People::default()).count(), 1);
    let (stop, running) = (CancellationToken::new(), directory.clone());
    let heard = stop.clone();
    let running = tokio::spawn(async move { running.run(heard).await });
    eventually("everybody to be read", || (directory.people().len() == STAFF + 3).then_some(()));
    assert_eq!(file.warnings(&directory.people()).count(), 0);
    let taro = directory.people().person(&address("t.yamada@example.jp")).unwrap().clone();
    assert_eq!((taro.name.as_deref(), &taro.deputies[..]), (Some("山田太郎"), &[address("hanako@example.jp")][..]));
    assert!(taro.roles.contains(&Role::Auditor));
    let kept = folder.path().join("directory.json");
    eventually("everybody to be kept", || kept.exists().then_some(()));
    assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);

    slapd.kill();
    let health =
        eventually("the outage to be noticed", || directory.health().filter(|health| health.trouble.is_some()));
    let known_at = health.known_at.unwrap();
    assert!(known_at < Timestamp::now() && matches!(health.trouble.unwrap().why, LdapError::Unreachable(_)));
    assert_eq!(directory.people().len(), STAFF + 3);
    assert!(directory.meant("yamada").await.is_err(), "a login is not answered from memory");

    let restarted = Directory::open(Written::default(), Some(settings.clone()), folder.path());
    let age = restarted.health().unwrap();
    assert_eq!((age.people, age.known_at), (STAFF + 3, Some(known_at)));
    assert_eq!(restarted.people().manager_of(&taro.address), Some(&address("hanako@example.jp")));
    let mut others = settings;
    others.filter = "(mail=p*)".to_owned();
    assert_eq!(Directory::open(Written::default(), Some(others), folder.path()).people().len(), 0, "other settings");

    slapd.run();
    let again = || directory.health().filter(|health| health.trouble.is_none() && health.known_at > Some(known_at));
    eventually("the directory to be read again", again);
    let proven = proven(directory.meant("yamada").await, "太郎の合言葉").await;
    assert_eq!(proven, Ok(Some(address("Taro@example.jp"))));
    stop.cancel();
    running.await.unwrap();
}

#[test]
#[ignore = "needs slapd; tests/run runs it"]
fn a_manager_in_the_directory_is_asked_logs_in_with_its_password_and_approves() {
    let slapd = Slapd::start(&company());
    let (sink, home) = (Sink::start(), slapd.home.path());
    let policies = home.join("rules/policies");
    fs::create_dir_all(&policies).unwrap();
    let rule = "[[policy]]\nid = \"to-manager\"\naction = \"require_approval\"\ntitle = { ja = \"上長\", en = \"manager\" }\n\
                when = { direction = \"external\" }\napprovers = [\"manager\"]\n\
                must_match = [{ what = \"outside\" }]\nmust_not_match = [{ what = \"inside\", direction = \"internal\" }]\n";
    fs::write(policies.join("own.toml"), rule).unwrap();
    let relay = slapd.relay(&sink, &format!("rules.directory = {:?}\n", home.join("rules")));

    let mail = letter("ldap", "見積書", "お世話になっております。見積書をお送りします。");
    let reply = talk::send(relay.smtp, "t.yamada@example.jp", &[ACCOUNTANT], &mail).unwrap();
    assert!(reply.starts_with("250 2.0.0 held"), "{reply}");
    let held = relay.wait_for_state("pending");
    let id = held["id"].as_str().unwrap();
    let mut browser = Browser::new(relay.console);
    for (password, status) in [("hanako's", 401), ("", 401), ("hanako's own", 303)] {
        let form = browser.get("/login").field("form");
        let fields = [("account", "hanako@example.jp"), ("password", password), ("form", form.as_str()), ("next", "")];
        assert_eq!(browser.post("/login", &fields).status, status, "{password}");
    }
    let csrf = browser.get(&format!("/held/{id}")).field("csrf");
    let done = browser.post(&format!("/held/{id}/approve"), &[("csrf", &csrf), ("comment", "")]);
    assert_eq!(done.status, 303, "{}", done.body);
    eventually("the released mail", || sink.to(ACCOUNTANT).pop());
    assert_eq!(relay.wait_for_state("delivered")["approvals"][0]["person"], "hanako@example.jp");
}

/// The directory knows a person by a login, by several addresses and by many spellings of each.
#[test]
#[ignore = "needs slapd; tests/run runs it"]
fn whoever_has_many_names_is_guessed_at_no_more_often_than_others() {
    let (slapd, sink) = (Slapd::start(&company()), Sink::start());
    let relay = slapd.relay(&sink, "");
    let log_in = |account: &str, password: &str| {
        let mut browser = Browser::new(relay.console);
        let form = browser.get("/login").field("form");
        let fields = [("account", account), ("password", password), ("form", form.as_str()), ("next", "")];
        browser.post("/login", &fields).status
    };
    for name in ["yamada", "ＹＡＭＡＤＡ", "Taro@example.jp", "t.yamada@example.jp", "taro@EXAMPLE.jp"] {
        assert_eq!(log_in(name, "a guess"), 401, "{name}");
    }
    for name in ["yamada", "ｔ.yamada@example.jp", "TARO@example.jp"] {
        assert_eq!(log_in(name, "太郎の合言葉"), 429, "{name}");
    }
    assert_eq!(log_in("hanako", "hanako's own"), 303, "others are not concerned");
}

/// What SIGHUP does when `[directory.ldap]` says something else.
#[tokio::test]
#[ignore = "needs slapd; tests/run runs it"]
async fn another_server_takes_the_place_of_none_only_when_people_can_be_read_from_it() {
    let slapd = Slapd::start(&company());
    let folder = tempfile::tempdir().unwrap();
    let directory = Directory::open(Written::default(), None, folder.path());
    let stop = CancellationToken::new();
    let (reading, heard) = (directory.clone(), stop.clone());
    let reading = tokio::spawn(async move { reading.run(heard).await });
    let good = slapd.settings("ldap://localhost:PLAIN");
    assert_eq!(directory.renew_ldap(Some(good.clone())).await, Ok(true));
    assert_eq!(directory.people().len(), STAFF + 3);
    let gone = Settings { urls: vec!["ldap://127.0.0.1:1".parse().unwrap()], ..good.clone() };
    directory.renew_ldap(Some(gone)).await.unwrap_err();
    let health = directory.health().unwrap();
    assert_eq!((health.people, health.trouble), (STAFF + 3, None), "the old settings stay");
    stop.cancel();
    reading.await.unwrap();
    let again = Directory::open(Written::default(), Some(good), folder.path());
    assert_eq!(again.people().len(), STAFF + 3, "kept for a restart");
}
