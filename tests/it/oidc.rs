//! Logging in to the console through a real provider: the certified `oidc-provider`, on loopback.
//!
//! Needs node and the modules in `target/oidc/node_modules`, which `tests/run` installs as `tests/oidc` pins them. What a
//! real provider never does (swapped nonces, tokens for others, logins of yesterday) is in `src/directory/oidc/tests.rs`.

use std::{
    fs,
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use crate::{
    console::{Browser, Page, hold_one},
    support::{eventually, free_port, relay::Relay, sink::Sink},
};

const APPROVER: &str = "kacho@toho.example.co.jp";
const BACK: &str = "/login/oidc/callback";

/// A provider for `relay`, running.
struct Provider {
    child: Child,
    address: SocketAddr,
    script: String,
    home: TempDir,
}

fn modules() -> PathBuf {
    let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/oidc/node_modules");
    assert!(modules.exists(), "{} is missing; run the tests with tests/run, which installs it", modules.display());
    modules
}

impl Provider {
    fn start(port: u16, relay: &Relay, options: &str) -> Self {
        let redirect = format!("http://{}{BACK}", relay.console);
        let script = format!("{{\"port\": {port}, \"redirect\": {redirect:?}{options}}}");
        let home = tempfile::tempdir().unwrap();
        let child = run(&script, home.path());
        let mut provider = Self { child, address: SocketAddr::from(([127, 0, 0, 1], port)), script, home };
        provider.wait();
        provider
    }

    fn wait(&mut self) {
        eventually("the provider to listen", || {
            assert_eq!(self.child.try_wait().unwrap(), None, "the provider ended at start: {}", self.log());
            TcpStream::connect(self.address).ok()
        });
    }

    fn stop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// The same with another key.
    fn start_again(&mut self) {
        self.child = run(&self.script, self.home.path());
        self.wait();
    }

    fn log(&self) -> String {
        fs::read_to_string(self.home.path().join("log")).unwrap_or_default()
    }

    /// Somebody with a browser of their own is at the page `url` and says that they are `account`: where they are sent.
    fn log_in(&self, url: &str, account: &str) -> String {
        let mut browser = Browser::new(self.address);
        let mut page = browser.get(path_of(url));
        loop {
            let to = page.location.clone();
            assert!(page.status / 100 == 3 && !to.is_empty(), "{} {}", page.status, page.body);
            if to.contains(BACK) {
                return path_of(&to).to_owned();
            }
            page = if to.contains("/interaction/") {
                assert!(browser.get(path_of(&to)).body.contains("name=\"account\""));
                browser.post(path_of(&to), &[("account", account)])
            } else {
                browser.get(path_of(&to))
            };
        }
    }
}

fn run(script: &str, home: &Path) -> Child {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oidc/provider.mjs");
    let mut node = Command::new("node");
    node.arg(program).arg(modules()).arg(script).stdin(Stdio::null()).stdout(Stdio::null());
    node.stderr(fs::File::create(home.join("log")).unwrap());
    let child = node.spawn();
    assert!(child.is_ok(), "node cannot be run ({child:?}); run the tests with tests/run, which installs it");
    child.unwrap()
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- log of the provider ---\n{}", self.log());
        }
    }
}

fn path_of(url: &str) -> &str {
    let rest = url.strip_prefix("http://").map_or(url, |rest| rest.find('/').map_or("/", |at| &rest[at..]));
    assert!(rest.starts_with('/'), "{url}");
    rest
}

/// A relay whose console knows a provider, and the provider.
struct Office {
    relay: Relay,
    provider: Provider,
    sink: Sink,
    _home: TempDir,
}

impl Office {
    fn open(options: &str) -> Self {
        let (sink, port, home) = (Sink::start(), free_port(), tempfile::tempdir().unwrap());
        let secret = home.path().join("secret");
        fs::write(&secret, "the secret of sekisho\n").unwrap();
        // Not the host of the console's address: for a browser they are two sites, as in life.
        let relay = Relay::start_with(
            sink.address,
            &format!(
                "[console.oidc]\nissuer = \"http://localhost:{port}\"\nclient_id = \"sekisho\"\n\
                 client_secret_file = {secret:?}\n"
            ),
        );
        let provider = Provider::start(port, &relay, options);
        Self { relay, provider, sink, _home: home }
    }

    fn browser(&self) -> Browser {
        Browser::new(self.relay.console)
    }

    /// To the provider and back as `account`.
    fn log_in(&self, browser: &mut Browser, account: &str) -> Page {
        let away = browser.get("/login/oidc");
        assert_eq!(away.status, 303, "{}", away.body);
        let back = self.provider.log_in(&away.location, account);
        browser.get(&back)
    }
}

fn is_in(browser: &mut Browser) -> bool {
    let page = browser.get("/held");
    assert!(page.status == 200 || page.location == "/login", "{} {}", page.status, page.location);
    page.status == 200
}

#[test]
#[ignore = "needs node and oidc-provider; tests/run installs them"]
fn an_approver_comes_through_the_provider_and_approves() {
    let office = Office::open("");
    let id = hold_one(&office.relay);
    let mut browser = office.browser();
    let away = browser.get(&format!("/login/oidc?next=/held/{id}"));
    assert!(away.location.contains("code_challenge_method=S256"), "{}", away.location);
    let page = browser.get(&office.provider.log_in(&away.location, "kacho"));
    assert!(page.status == 200 && page.body.contains(&format!("url=/held/{id}\"")), "{}", page.body);
    let csrf = browser.get(&format!("/held/{id}")).field("csrf");
    let done = browser.post(&format!("/held/{id}/approve"), &[("csrf", &csrf), ("comment", "確認済み")]);
    assert_eq!(done.status, 303, "{}", done.body);
    let held = office.relay.wait_for_state("delivered");
    assert_eq!((&held["approvals"][0]["via"], &held["approvals"][0]["person"]), (&"console".into(), &APPROVER.into()));
    eventually("the released mail", || office.sink.to("nencho@zeirishi.example.com").pop());
    let log = office.relay.log();
    assert!(log.contains("logged in through the provider") && log.contains("\"pwd mfa\""), "{log}");
}

#[test]
#[ignore = "needs node and oidc-provider; tests/run installs them"]
fn the_address_may_stand_in_the_id_token_as_well() {
    let office = Office::open(", \"inToken\": true");
    let mut browser = office.browser();
    assert_eq!(office.log_in(&mut browser, "kacho").status, 200);
    assert!(browser.get("/held").body.contains(APPROVER));
}

#[test]
#[ignore = "needs node and oidc-provider; tests/run installs them"]
fn who_is_not_vouched_for_or_not_ours_stays_outside() {
    let office = Office::open("");
    for (account, words) in [
        ("newcomer", "確認済みのメールアドレスがありません"),
        ("outsider", "この組織のものではありません"),
        ("nobody", "取り消されたか"),
    ] {
        let mut browser = office.browser();
        let page = office.log_in(&mut browser, account);
        assert!(page.status == 403 && page.body.contains(words), "{account}: {} {}", page.status, page.body);
        assert!(!is_in(&mut browser), "{account}");
    }
}

#[test]
#[ignore = "needs node and oidc-provider; tests/run installs them"]
fn nothing_of_another_login_works() {
    let office = Office::open("");
    let parts = |path: &str| {
        let value = |name: &str| path.split(['?', '&']).find_map(|pair| pair.strip_prefix(name)).unwrap().to_owned();
        (value("code="), value("state="))
    };
    let begun = |browser: &mut Browser, account: &str| {
        let url = browser.get("/login/oidc").location;
        (office.provider.log_in(&url, account), url)
    };
    let refused = |browser: &mut Browser, path: &str, status: u16| {
        let page = browser.get(path);
        assert_eq!(page.status, status, "{path}: {}", page.body);
        assert!(page.body.contains("もう一度") && !is_in(browser), "{path}: {}", page.body);
    };
    let (mut victim, mut attacker) = (office.browser(), office.browser());
    let mut codes = Vec::new();
    let mut code_of = |path: &str| {
        let (code, state) = parts(path);
        codes.push(code.clone());
        (code, state)
    };

    // Somebody else's answer, in a browser that began nothing, and in one that began its own login.
    let (path, _) = begun(&mut attacker, "kacho");
    code_of(&path);
    refused(&mut victim, &path, 400);
    begun(&mut victim, "kacho");
    refused(&mut victim, &path, 400);

    // A code of one login under the state of another: its verifier and its nonce are the other's.
    let (path, _) = begun(&mut attacker, "kacho");
    let (stolen, _) = code_of(&path);
    let (path, _) = begun(&mut victim, "kacho");
    let (_, state) = code_of(&path);
    refused(&mut victim, &format!("{BACK}?code={stolen}&state={state}"), 502);

    // A code that was made for another client of the same provider.
    let url = victim.get("/login/oidc").location;
    let path = office.provider.log_in(&url.replace("client_id=sekisho", "client_id=another"), "kacho");
    code_of(&path);
    refused(&mut victim, &path, 502);

    // An answer that says to be of another provider, and one that worked already.
    let (path, _) = begun(&mut victim, "kacho");
    let (code, state) = code_of(&path);
    refused(&mut victim, &format!("{BACK}?code={code}&state={state}&iss=http://evil.example"), 403);
    let (path, _) = begun(&mut victim, "kacho");
    let (code, _) = code_of(&path);
    assert_eq!(victim.get(&path).status, 200);
    assert!(is_in(&mut victim));
    assert_eq!(victim.get(&path).status, 400);
    let (path, _) = begun(&mut attacker, "kacho");
    let (_, state) = code_of(&path);
    refused(&mut attacker, &format!("{BACK}?code={code}&state={state}"), 502);

    let log = office.relay.log();
    assert!(log.contains("nobody was logged in"), "{log}");
    assert!(codes.iter().all(|code| !log.contains(code.as_str())), "a code in the log: {log}");
    assert!(!log.contains("the secret of"), "{log}");
}

#[test]
#[ignore = "needs node and oidc-provider; tests/run installs them"]
fn while_the_provider_is_away_passwords_work_and_afterwards_its_new_key() {
    let mut office = Office::open("");
    office.provider.stop();
    let mut browser = office.browser();
    let page = browser.get("/login/oidc");
    assert!(
        page.status == 503 && page.body.contains("パスワードでもログインできます"),
        "{} {}",
        page.status,
        page.body
    );
    let add = office.relay.command(&["user", "add", APPROVER]);
    let password = String::from_utf8(add.stdout).unwrap().trim().split('\t').nth(1).unwrap().to_owned();
    assert_eq!(browser.log_in(APPROVER, &password).status, 303);

    office.provider.start_again();
    eventually("the provider to be asked again", || (browser.get("/login/oidc").status == 303).then_some(()));
    assert_eq!(office.log_in(&mut office.browser(), "kacho").status, 200);
    // What the provider says of itself is kept for a while; its key is not the same any more.
    office.provider.stop();
    office.provider.start_again();
    assert_eq!(office.log_in(&mut office.browser(), "kacho").status, 200);

    assert!(office.relay.command(&["user", "disable", APPROVER]).status.success());
    let mut barred = office.browser();
    assert_eq!(office.log_in(&mut barred, "kacho").status, 403);
    assert!(!is_in(&mut barred));
}

/// The cookies as a browser understands them: the way back begins at a form of another site, which a lax cookie survives
/// and a strict one does not.
#[test]
#[ignore = "needs node and oidc-provider; tests/run installs them"]
fn a_real_browser_goes_all_the_way() {
    let found = ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .find(|name| Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok());
    assert!(found.is_some(), "Chromium is missing; run the tests with tests/run, which installs it");
    let chromium = found.unwrap();
    let office = Office::open(", \"auto\": \"kacho\"");
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new(chromium)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--dump-dom"])
        .args(["--virtual-time-budget=20000", "--timeout=60000"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("http://{}/login/oidc", office.relay.console))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let page = String::from_utf8_lossy(&output.stdout);
    assert!(page.contains(APPROVER) && page.contains("action=\"/logout\""), "{page}\n{}", office.relay.log());
}
