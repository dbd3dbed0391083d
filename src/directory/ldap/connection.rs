//! A connection to a directory: reached, encrypted, let in; and searched, page by page.
//!
//! In: [`Settings`]. Out: a [`Session`]. Servers are tried in their order until one answers; a server that refuses our
//! password ends the search for one, since each try counts towards the lock of our account. TLS is with a server whose
//! certificate we believe; without it nothing is said, except to this machine. Referrals are counted and not followed:
//! they lead to servers that nobody configured. Deliberately absent: what the entries mean (`register`).

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use ldap3::{
    Ldap, LdapConnAsync, LdapConnSettings, LdapError as Fault, LdapResult, Scope, SearchStream, StdStream,
    adapters::PagedResults,
};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, pem::PemObject},
};
use tokio_util::task::AbortOnDropHandle;

use super::{
    LdapError,
    entry::Entry,
    settings::{ServerUrl, Settings},
    starttls,
};

/// Result codes of RFC 4511, Appendix A.
mod code {
    pub(super) const SIZE_LIMIT_EXCEEDED: u32 = 4;
    pub(super) const REFERRAL: u32 = 10;
    pub(super) const CONSTRAINT_VIOLATION: u32 = 19;
    pub(super) const NO_SUCH_OBJECT: u32 = 32;
    pub(super) const INAPPROPRIATE_AUTHENTICATION: u32 = 48;
    pub(super) const INVALID_CREDENTIALS: u32 = 49;
    pub(super) const INSUFFICIENT_ACCESS: u32 = 50;
    pub(super) const BUSY: u32 = 51;
    pub(super) const UNAVAILABLE: u32 = 52;
    pub(super) const UNWILLING_TO_PERFORM: u32 = 53;
}

/// A server that let us in.
pub(super) struct Session {
    ldap: Ldap,
    url: ServerUrl,
    timeout: Duration,
    page_size: i32,
    /// Ends with the session; the library leaves a server that never hangs up alone otherwise.
    _driver: AbortOnDropHandle<()>,
}

/// What all searches of one reading may cost together.
pub(super) struct Budget {
    entries: usize,
    bytes: usize,
    until: Instant,
}

impl Budget {
    pub(super) fn new(entries: usize, bytes: usize, time: Duration) -> Self {
        Self { entries, bytes, until: Instant::now() + time }
    }

    fn spend(&mut self, entry: &Entry) -> Result<(), LdapError> {
        let entries = self.entries.checked_sub(1).ok_or_else(|| LdapError::TooMuch("a million entries".to_owned()))?;
        let bytes = self.bytes.checked_sub(entry.size()).ok_or_else(|| LdapError::TooMuch("a gigabyte".to_owned()))?;
        (self.entries, self.bytes) = (entries, bytes);
        if Instant::now() < self.until { Ok(()) } else { Err(LdapError::Late) }
    }
}

/// Below where, which entries, and which of their attributes.
#[derive(Debug, Clone)]
pub(super) struct Question<'q> {
    pub(super) base: &'q str,
    pub(super) scope: Scope,
    pub(super) filter: &'q str,
    pub(super) attributes: Vec<String>,
}

impl Session {
    /// The first server that answers, as ourselves.
    pub(super) async fn open(settings: &Settings) -> Result<Self, LdapError> {
        let mut failures = Vec::new();
        for url in &settings.urls {
            match Self::connect(settings, url).await {
                Ok(mut session) => match session.let_in(settings).await {
                    Ok(()) => return Ok(session),
                    Err(LdapError::Unreachable(why)) => failures.push(why),
                    Err(LdapError::Late) => failures.push(format!("{url}: no answer in time")),
                    Err(other) => return Err(other),
                },
                Err(Broken::Settings(why)) => return Err(LdapError::Settings(why)),
                Err(Broken::Server(why)) => failures.push(format!("{url}: {why}")),
            }
        }
        Err(LdapError::Unreachable(failures.join("; ")))
    }

    /// Another connection to the same server, as nobody yet.
    pub(super) async fn again(&self, settings: &Settings) -> Result<Self, LdapError> {
        Self::connect(settings, &self.url).await.map_err(|broken| match broken {
            Broken::Settings(why) => LdapError::Settings(why),
            Broken::Server(why) => LdapError::Unreachable(format!("{}: {why}", self.url)),
        })
    }

    async fn connect(settings: &Settings, url: &ServerUrl) -> Result<Self, Broken> {
        let plain = settings.plain_text && !url.tls_at_once;
        let mut wanted = LdapConnSettings::new();
        if !plain {
            wanted = wanted.set_config(tls(settings.ca.clone()).await.map_err(Broken::Settings)?);
        }
        let reached = timeout(settings.timeout, Self::reach(url, plain, wanted)).await;
        let (connection, ldap) = reached.map_err(|_| Broken::Server("no answer in time".to_owned()))??;
        let driver = tokio::spawn(async move {
            if let Err(why) = connection.drive().await {
                tracing::debug!(%why, "the connection to the directory ended");
            }
        });
        Ok(Self {
            ldap,
            url: url.clone(),
            timeout: settings.timeout,
            page_size: i32::from(settings.page_size),
            _driver: AbortOnDropHandle::new(driver),
        })
    }

    async fn reach(url: &ServerUrl, plain: bool, wanted: LdapConnSettings) -> Result<(LdapConnAsync, Ldap), Broken> {
        let server = |why: std::io::Error| Broken::Server(why.to_string());
        let mut stream = TcpStream::connect((url.host.as_str(), url.port)).await.map_err(server)?;
        if plain && !stream.peer_addr().is_ok_and(|peer| peer.ip().is_loopback()) {
            let why = format!("{url} is another machine, where nothing is said without TLS; remove tls = \"never\"");
            return Err(Broken::Settings(why));
        }
        if !plain && !url.tls_at_once {
            starttls::ask(&mut stream).await.map_err(server)?;
        }
        // The handshake is the library's, on a connection that is ours.
        let scheme = if plain { "ldap" } else { "ldaps" };
        let name = format!("{scheme}://{}", url.authority());
        let wanted = wanted.set_std_stream(StdStream::Tcp(stream.into_std().map_err(server)?));
        LdapConnAsync::with_settings(wanted, &name).await.map_err(|fault| Broken::Server(words(&fault)))
    }

    /// Says who we are, if anybody.
    async fn let_in(&mut self, settings: &Settings) -> Result<(), LdapError> {
        let Some(bind) = &settings.bind else { return Ok(()) };
        let password = first_line(&bind.password_file).await?;
        let answer = self.bind(&bind.dn, &password).await?;
        match answer.rc {
            0 => Ok(()),
            code::BUSY | code::UNAVAILABLE => Err(LdapError::Unreachable(format!("{}: {}", self.url, said(&answer)))),
            _ => Err(LdapError::Refused { who: bind.dn.clone(), why: said(&answer) }),
        }
    }

    /// What the server says to a name and a password, neither of which may be empty: that would be a bind as nobody,
    /// which succeeds (RFC 4513, §5.1.2).
    pub(super) async fn bind(&mut self, dn: &str, password: &str) -> Result<LdapResult, LdapError> {
        if dn.is_empty() || password.is_empty() {
            return Err(LdapError::Settings("nobody is let in without a name and a password".to_owned()));
        }
        let answer = self.ldap.with_timeout(self.timeout).simple_bind(dn, password).await;
        answer.map_err(|fault| self.lost(&fault))
    }

    /// Hands every entry that answers `question` to `take`; how many answers were none.
    pub(super) async fn each(
        &mut self,
        question: &Question<'_>,
        budget: &mut Budget,
        mut take: impl FnMut(Entry) -> Result<(), LdapError> + Send,
    ) -> Result<usize, LdapError> {
        let Question { base, scope, filter, attributes } = question.clone();
        let pages = PagedResults::new(self.page_size);
        let asked = self.ldap.with_timeout(self.timeout);
        let stream = asked.streaming_search_with(pages, base, scope, filter, attributes).await;
        let mut stream = stream.map_err(|fault| self.lost(&fault))?;
        let mut elsewhere = 0;
        while let Some(answer) = next(&mut stream).await.map_err(|fault| self.lost(&fault))? {
            if answer.is_intermediate() {
                continue;
            }
            match Entry::of_answer(answer.0) {
                Some(entry) => {
                    budget.spend(&entry)?;
                    take(entry)?;
                }
                None => elsewhere += 1,
            }
        }
        let end = stream.finish().await;
        match end.rc {
            0 => Ok(elsewhere),
            code::SIZE_LIMIT_EXCEEDED => {
                let why = "the server gives fewer entries than there are; raise its limit for us, or lower page_size";
                Err(LdapError::Failed { base: base.to_owned(), why: why.to_owned() })
            }
            code::REFERRAL => {
                let why = "it refers to another server; name that one in urls".to_owned();
                Err(LdapError::Failed { base: base.to_owned(), why })
            }
            _ => Err(LdapError::Failed { base: base.to_owned(), why: said(&end) }),
        }
    }

    /// The entry called `dn`; none if there is none or it may not be read.
    pub(super) async fn entry(
        &mut self,
        dn: &str,
        attributes: Vec<String>,
        budget: &mut Budget,
    ) -> Result<Option<Entry>, LdapError> {
        let mut found = None;
        let question = Question { base: dn, scope: Scope::Base, filter: "(objectClass=*)", attributes };
        let asked = self.each(&question, budget, |entry| {
            found.get_or_insert(entry);
            Ok(())
        });
        match asked.await {
            Ok(_) => Ok(found),
            Err(LdapError::Failed { .. }) => Ok(None),
            Err(other) => Err(other),
        }
    }

    fn lost(&self, fault: &Fault) -> LdapError {
        match fault {
            Fault::Timeout { .. } => LdapError::Late,
            fault => LdapError::Unreachable(format!("{}: {}", self.url, words(fault))),
        }
    }
}

/// Why a connection did not come about: for a reason of ours, or of the server's.
enum Broken {
    Settings(String),
    Server(String),
}

type Stream = SearchStream<'static, String, Vec<String>>;

async fn next(stream: &mut Stream) -> Result<Option<ldap3::ResultEntry>, Fault> {
    stream.next().await
}

/// How handshakes are done: whom to believe is read anew, since certificates change.
async fn tls(ca: Option<std::path::PathBuf>) -> Result<Arc<ClientConfig>, String> {
    let read = tokio::task::spawn_blocking(move || match ca {
        Some(ca) => certificates(&ca),
        None => {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if roots.is_empty() {
                Err("this system has no CA certificates; name a file in ca".to_owned())
            } else {
                Ok(roots)
            }
        }
    });
    let roots = read.await.map_err(|why| why.to_string())??;
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(|why| why.to_string())?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

/// Whether `path` holds certificates that can be believed.
///
/// # Errors
/// It does not; why, and how to mend it.
pub fn check_ca(path: &Path) -> Result<(), String> {
    certificates(path).map(|_| ())
}

/// The certificates of a PEM file.
fn certificates(path: &Path) -> Result<RootCertStore, String> {
    let wrong = |why: &dyn std::fmt::Display| format!("{}: {why}; name a PEM file with certificates", path.display());
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|why| wrong(&why))? {
        let certificate = certificate.map_err(|why| wrong(&why))?;
        roots.add(certificate).map_err(|why| wrong(&why))?;
    }
    if roots.is_empty() { Err(wrong(&"there is no certificate in it")) } else { Ok(roots) }
}

async fn first_line(path: &Path) -> Result<String, LdapError> {
    let wrong = |why: &dyn std::fmt::Display| {
        LdapError::Settings(format!("{}: {why}; write the password there", path.display()))
    };
    let text = tokio::fs::read_to_string(path).await.map_err(|why| wrong(&why))?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(line.to_owned()),
        _ => Err(wrong(&"the first line is empty")),
    }
}

/// Whether the answer to a bind means that it is not them, and not that the server cannot say.
pub(super) fn is_refusal(answer: &LdapResult) -> bool {
    [
        code::CONSTRAINT_VIOLATION,
        code::NO_SUCH_OBJECT,
        code::INAPPROPRIATE_AUTHENTICATION,
        code::INVALID_CREDENTIALS,
        code::INSUFFICIENT_ACCESS,
        code::UNWILLING_TO_PERFORM,
    ]
    .contains(&answer.rc)
}

/// What a server says, on one line.
pub(super) fn said(answer: &LdapResult) -> String {
    let text: String = answer.text.chars().filter(|c| !c.is_control()).take(200).collect();
    if text.is_empty() { format!("result code {}", answer.rc) } else { format!("result code {}, {text}", answer.rc) }
}

fn words(fault: &Fault) -> String {
    match fault {
        Fault::Io { source } => source.to_string(),
        Fault::Timeout { .. } => "no answer in time".to_owned(),
        Fault::EndOfStream | Fault::ResultRecv { .. } | Fault::OpSend { .. } => "the connection broke".to_owned(),
        Fault::LdapResult { result } => said(result),
        other => other.to_string().chars().filter(|c| !c.is_control()).take(200).collect(),
    }
}

#[cfg(test)]
mod tests;
