//! The client against a scripted next hop with TLS: whom it believes, what it never says in plain text, and AUTH.

use std::path::Path;

use data_encoding::BASE64;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

use super::{hop::*, *};

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A server whose certificate says `name`, and is over when `expired`.
fn acceptor(authority: &Authority, name: &str, expired: bool) -> TlsAcceptor {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    if expired {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
    }
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// A file in `folder` with the authority's certificate.
fn ca_file(folder: &Path, authority: &Authority) -> PathBuf {
    let path = folder.join("ca.pem");
    std::fs::write(&path, authority.pem()).unwrap();
    path
}

/// A script with STARTTLS before `rest`; the second EHLO offers `inner`.
fn starttls(inner: &'static str, rest: &[(&'static str, &'static str)]) -> Script {
    let plain = [("", "220 hop"), ("EHLO", "250-hop|250-AUTH PLAIN|250 STARTTLS"), ("STARTTLS", "220 go")];
    let ehlo = format!("250-hop|250 {inner}").leak() as &str;
    [&plain[..], &[("EHLO", ehlo)], rest].concat()
}

async fn encrypted(acceptor: TlsAcceptor, script: Script) -> Hop {
    Hop::shaking(vec![script], Shakes::AfterStarttls(acceptor)).await
}

#[tokio::test]
async fn a_certificate_for_the_name_from_the_named_ca_is_believed() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), authority());
    for (name, server_name) in [("127.0.0.1", None), ("mx.example.co.jp", Some("mx.example.co.jp".to_owned()))] {
        let hop = encrypted(acceptor(&authority, name, false), starttls("REQUIRETLS", &mail_to_data("250 ok"))).await;
        let ca = Some(ca_file(folder.path(), &authority));
        let settings = Settings { ca, server_name, ..settings(&[&hop.address], Tls::Verified) };
        assert_eq!(shown(&send(&NextHop::new(settings).unwrap()).await), "250 ok");
        assert_eq!(hop.connections(), 1);
    }
}

#[tokio::test]
async fn a_certificate_that_is_wrong_in_any_way_gets_no_mail_where_it_is_checked() {
    let (folder, good, other) = (tempfile::tempdir().unwrap(), authority(), authority());
    let ca = ca_file(folder.path(), &good);
    for (what, acceptor) in [
        ("wrong name", acceptor(&good, "127.0.0.2", false)),
        ("expired", acceptor(&good, "127.0.0.1", true)),
        ("wrong CA", acceptor(&other, "127.0.0.1", false)),
    ] {
        let hop = encrypted(acceptor, starttls("HELP", &mail_to_data("250 ok"))).await;
        let verified = Settings { ca: Some(ca.clone()), ..settings(&[&hop.address], Tls::Verified) };
        let next_hop = NextHop::new(verified).unwrap();
        assert_eq!(shown(&next_hop.begin(&from("a@b.jp")).await.unwrap_err()), UNAVAILABLE, "{what}");
        assert!(!hop.heard().contains("MAIL"), "{what}");
        for tls in [Tls::Opportunistic, Tls::Required] {
            let next_hop = NextHop::new(settings(&[&hop.address], tls)).unwrap();
            assert_eq!(shown(&send(&next_hop).await), "250 ok", "{what}");
        }
    }
}

#[tokio::test]
async fn opportunistic_tls_is_used_where_it_works() {
    let script = starttls("PIPELINING|250 CHUNKING", &[("MAIL", "250 ok"), ("RCPT", "250 ok"), ("BDAT", "250 ok")]);
    let hop = encrypted(acceptor(&authority(), "anybody", false), script).await;
    let next_hop = NextHop::new(settings(&[&hop.address], Tls::Opportunistic)).unwrap();
    let mut transaction = next_hop.begin(&from("a@b.jp")).await.unwrap();
    transaction.recipient(&to("b@example.com")).await;
    transaction.reset().await;
    assert_eq!(hop.connections(), 1);
}

#[tokio::test]
async fn a_large_message_is_the_same_at_the_other_end_of_tls() {
    let message = b".0123456789\r\n".repeat(200_000);
    let hop = encrypted(acceptor(&authority(), "anybody", false), starttls("HELP", &mail_to_data("250 ok"))).await;
    let next_hop = NextHop::new(settings(&[&hop.address], Tls::Required)).unwrap();
    let mut transaction = next_hop.begin(&from("")).await.unwrap();
    transaction.recipient(&to("b@example.com")).await;
    assert_eq!(shown(&transaction.data(&Pass(b"", message)).await.reply), "250 ok");
    let heard = hop.heard.lock().unwrap();
    assert!(heard.ends_with(&[&b"..0123456789\r\n".repeat(200_000)[..], b".\r\n"].concat()));
}

#[tokio::test]
async fn implicit_tls_starts_at_once_and_never_falls_back() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), authority());
    let script = opened(&mail_to_data("250 ok"));
    let hop = Hop::shaking(vec![script], Shakes::AtOnce(acceptor(&authority, "127.0.0.1", false))).await;
    let host = format!("smtps://{}", hop.address);
    let verified = Settings { ca: Some(ca_file(folder.path(), &authority)), ..settings(&[&host], Tls::Verified) };
    assert_eq!(shown(&send(&NextHop::new(verified).unwrap()).await), "250 ok");
    let plain = Hop::start(vec![opened(&mail_to_data("250 ok"))]).await;
    let next_hop = NextHop::new(settings(&[&format!("smtps://{}", plain.address)], Tls::Opportunistic)).unwrap();
    assert_eq!(shown(&next_hop.begin(&from("a@b.jp")).await.unwrap_err()), UNAVAILABLE);
    assert!(!plain.heard().contains("MAIL"));
}

#[tokio::test]
async fn what_came_before_the_handshake_fails_it() {
    // The injected line comes with the 220; a client that kept it would take it for the answer to its next EHLO.
    let script = vec![
        ("", "220 hop"),
        ("EHLO", "250-hop|250 STARTTLS"),
        ("STARTTLS", "220 go|250-injected|250 SMTPUTF8"),
        ("EHLO", "250 hop"),
        ("MAIL", "250 ok"),
    ];
    for tls in [Tls::Required, Tls::Verified] {
        let hop = encrypted(acceptor(&authority(), "anybody", false), script.clone()).await;
        let next_hop = NextHop::new(settings(&[&hop.address], tls));
        let Ok(next_hop) = next_hop else { continue };
        assert_eq!(shown(&next_hop.begin(&from("a@b.jp")).await.unwrap_err()), UNAVAILABLE);
        assert!(!hop.heard().contains("MAIL"));
    }
}

#[tokio::test]
async fn requiretls_needs_the_offer_and_a_verified_certificate() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), authority());
    let mail = MailFrom { requiretls: true, ..from("a@b.jp") };
    for (tls, offered, goes) in
        [(Tls::Verified, "REQUIRETLS", true), (Tls::Verified, "HELP", false), (Tls::Required, "REQUIRETLS", false)]
    {
        let script = starttls(offered, &[("MAIL FROM:<a@b.jp> REQUIRETLS\r\n", "250 ok")]);
        let hop = encrypted(acceptor(&authority, "127.0.0.1", false), script).await;
        let ca = (tls == Tls::Verified).then(|| ca_file(folder.path(), &authority));
        let next_hop = NextHop::new(Settings { ca, ..settings(&[&hop.address], tls) }).unwrap();
        match next_hop.begin(&mail).await {
            Ok(_) => assert!(goes, "{tls:?} {offered}"),
            Err(refusal) => assert_eq!((refusal, goes), (Reply::requiretls_unsupported(), false)),
        }
    }
}

fn logging_in(hop: &Hop, tls: Tls, secret: Secret) -> NextHop {
    let login = Some(Login { user: "sekisho@b.jp".to_owned(), secret });
    NextHop::new(Settings { login, ..settings(&[&hop.address], tls) }).unwrap()
}

const LOGIN_REFUSED: &str =
    "451 4.7.0 the next hop refuses our login, the mail was not taken; see the log of this relay";

#[tokio::test]
async fn a_smart_host_is_told_who_we_are_in_the_way_that_it_offers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    std::fs::write(&path, "s3cret\n").unwrap();
    let plain = format!("AUTH PLAIN {}\r\n", BASE64.encode(b"\0sekisho@b.jp\0s3cret")).leak() as &str;
    let user = format!("{}\r\n", BASE64.encode(b"sekisho@b.jp")).leak() as &str;
    let password = format!("{}\r\n", BASE64.encode(b"s3cret")).leak() as &str;
    let token = format!("AUTH XOAUTH2 {}\r\n", BASE64.encode(b"user=sekisho@b.jp\x01auth=Bearer s3cret\x01\x01"));
    let token = token.leak() as &str;
    let by_login =
        [("AUTH LOGIN\r\n", "334 VXNlcm5hbWU6"), (user, "334 UGFzc3dvcmQ6"), (password, "235 2.7.0 welcome")];
    for (offered, secret, dialogue) in [
        ("AUTH LOGIN PLAIN XOAUTH2", Secret::Password(path.clone()), &[(plain, "235 2.7.0 welcome")][..]),
        ("AUTH LOGIN", Secret::Password(path.clone()), &by_login),
        ("AUTH PLAIN XOAUTH2", Secret::Token(path.clone()), &[(token, "235 2.7.0 welcome")]),
    ] {
        let script = starttls(offered, &[dialogue, &mail_to_data("250 ok")].concat());
        let hop = encrypted(acceptor(&authority(), "anybody", false), script).await;
        assert_eq!(shown(&send(&logging_in(&hop, Tls::Required, secret)).await), "250 ok", "{offered}");
    }
}

#[tokio::test]
async fn a_login_that_fails_is_451_and_no_mail_is_begun() {
    let folder = tempfile::tempdir().unwrap();
    let (path, none) = (folder.path().join("secret"), folder.path().join("none"));
    std::fs::write(&path, "s3cret").unwrap();
    // A server that only asks, and would let us in if we went on answering.
    let asks_again = [&[("", "334 UGFzc3dvcmQ6"); 20][..], &[("", "235 2.7.0 at last")]].concat();
    for (offered, secret, dialogue) in [
        ("AUTH PLAIN", Secret::Password(path.clone()), &[("AUTH PLAIN", "535 5.7.8 wrong")][..]),
        ("AUTH LOGIN", Secret::Password(path.clone()), &[("AUTH", "334 b2RkPw=="), ("*\r\n", "501 5.7.0 given up")]),
        ("AUTH XOAUTH2", Secret::Token(path.clone()), &[("AUTH", "334 e30="), ("\r\n", "535 5.7.8 expired")]),
        ("AUTH PLAIN", Secret::Password(path.clone()), &asks_again),
        ("AUTH LOGIN", Secret::Password(path.clone()), &asks_again),
        ("AUTH XOAUTH2", Secret::Token(path.clone()), &asks_again),
        ("AUTH XOAUTH2", Secret::Password(path.clone()), &[]),
        ("HELP", Secret::Token(path.clone()), &[]),
        ("AUTH PLAIN", Secret::Password(none), &[]),
    ] {
        let hop = Hop::start(vec![offering(offered, &[dialogue, &[("MAIL", "250 ok")]].concat())]).await;
        let refusal = logging_in(&hop, Tls::Never, secret).begin(&from("a@b.jp")).await.unwrap_err();
        assert_eq!(shown(&refusal), LOGIN_REFUSED, "{offered}");
        assert!(!hop.heard().contains("MAIL"));
    }
}

#[tokio::test]
async fn a_renewed_token_is_read_for_the_next_connection_and_no_fault_tells_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let refusing = || offering("AUTH XOAUTH2", &[("AUTH", "535 5.7.8 no")]);
    let hop = Hop::start(vec![refusing(), refusing()]).await;
    let next_hop = logging_in(&hop, Tls::Never, Secret::Token(path.clone()));
    for token in ["first", "second"] {
        std::fs::write(&path, token).unwrap();
        let refusal = next_hop.begin(&from("a@b.jp")).await.unwrap_err();
        assert!(!format!("{refusal:?}{next_hop:?}").contains(token));
        let said = BASE64.encode(format!("user=sekisho@b.jp\x01auth=Bearer {token}\x01\x01").as_bytes());
        assert!(hop.heard().contains(&said), "{token}");
    }
}
