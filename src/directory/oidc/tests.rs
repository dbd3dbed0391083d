//! Whom a provider's word lets in, against one that lies.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::{
    fake::{CLIENT, Fake, SECRET, SUBJECT},
    *,
};

const REDIRECT: &str = "https://sekisho.example.co.jp/login/oidc/callback";

fn provider(fake: &Fake) -> Provider {
    Provider::new(fake.settings(), REDIRECT).unwrap()
}

fn answer(code: &str, state: &str) -> Answer {
    Answer { code: code.to_owned(), state: state.to_owned(), ..Answer::default() }
}

fn claims(value: Value) -> Map<String, Value> {
    let Value::Object(map) = value else { panic!("no object") };
    map
}

/// A whole login, as a browser and a person would do it.
async fn log_in(provider: &Provider, fake: &Fake) -> Result<Identity, LoginError> {
    let now = Instant::now();
    let (url, pending) = provider.begin(now).await?;
    let (code, state) = fake.log_in(&url);
    let done = provider.finish(pending, answer(&code, &state), now).await;
    if let Err(error) = &done {
        let shown = error.to_string();
        assert!(!shown.contains(&code) && !shown.contains(SECRET) && !shown.contains('\n'), "{shown}");
    }
    done
}

#[tokio::test]
async fn a_login_tells_who_it_is() {
    let fake = Fake::start().await;
    fake.script().claims = claims(json!({"amr": ["pwd", "mfa"], "acr": "urn:high"}));
    let provider = provider(&fake);
    let (url, _) = provider.begin(Instant::now()).await.unwrap();
    assert!(url.starts_with(&format!("{}/authorize?", fake.issuer)), "{url}");
    assert!(url.contains("scope=openid+email+profile") && url.contains("%2Flogin%2Foidc%2Fcallback"), "{url}");
    let identity = log_in(&provider, &fake).await.unwrap();
    assert_eq!(identity.address.as_str(), "Hanako@example.co.jp");
    assert_eq!(identity.name.as_deref(), Some("山田 花子"));
    assert_eq!((identity.subject.as_str(), &identity.issuer), (SUBJECT, &fake.issuer));
    assert_eq!(identity.level.as_deref(), Some("urn:high"));
    assert!(identity.is_multi_factor());
    fake.script().claims.clear();
    assert!(!log_in(&provider, &fake).await.unwrap().is_multi_factor());
}

#[tokio::test]
async fn an_answer_that_was_not_asked_for_is_refused_before_anybody_is_asked() {
    let fake = Fake::start().await;
    let (provider, now) = (provider(&fake), Instant::now());
    let other = Answer { iss: Some("https://evil.example".to_owned()), ..answer("c", "") };
    let no = Answer { error: Some("access_denied\n".to_owned()), ..answer("", "") };
    let soon = now + PENDING;
    let late = soon + Duration::from_secs(1);
    for (name, given, at, stale) in [
        ("another state", answer("c", "elsewhere"), now, true),
        ("no state", answer("c", "-"), now, true),
        ("too late", answer("c", ""), late, true),
        ("no code", answer("", ""), soon, true),
        ("another issuer", other, now, false),
        ("a no", no, now, false),
    ] {
        let (url, pending) = provider.begin(now).await.unwrap();
        let (_, state) = fake.log_in(&url);
        let state = match given.state.as_str() {
            "" => state,
            "-" => String::new(),
            wrong => wrong.to_owned(),
        };
        let error = provider.finish(pending, Answer { state, ..given }, at).await.unwrap_err();
        assert_eq!(matches!(error, LoginError::Stale(_)), stale, "{name}: {error}");
        assert!(!error.to_string().contains('\n'), "{error:?}");
    }
    assert!(!fake.script().asked.iter().any(|path| path == "/token"));
}

#[tokio::test]
async fn a_code_works_once_and_for_its_own_login_only() {
    let fake = Fake::start().await;
    let (provider, now) = (provider(&fake), Instant::now());
    let (first, one) = provider.begin(now).await.unwrap();
    let (second, two) = provider.begin(now).await.unwrap();
    let (third, three) = provider.begin(now).await.unwrap();
    let ((code, state), (_, other), (_, last)) = (fake.log_in(&first), fake.log_in(&second), fake.log_in(&third));
    // The victim's code in the attacker's login: PKCE knows.
    let error = provider.finish(two, answer(&code, &other), now).await.unwrap_err();
    assert!(matches!(error, LoginError::Exchange(_)), "{error}");
    assert!(!error.to_string().contains(&code), "{error}");
    for (pending, state) in [(one, state), (three, last)] {
        let error = provider.finish(pending, answer(&code, &state), now).await.unwrap_err();
        assert!(error.to_string().contains("invalid_grant") && !error.to_string().contains(&code), "{error}");
    }
}

#[tokio::test]
async fn a_token_that_proves_nothing_lets_nobody_in() {
    let fake = Fake::start().await;
    let provider = provider(&fake);
    let now = jiff::Timestamp::now().as_second();
    for (name, lie) in [
        ("the nonce of another login", json!({"nonce": "swapped"})),
        ("no nonce", json!({"nonce": null})),
        ("for another client", json!({"aud": "another-client"})),
        ("for us and others", json!({"aud": [CLIENT, "another-client"]})),
        ("for nobody", json!({"aud": null})),
        ("made for another party", json!({"azp": "another-client"})),
        ("of another issuer", json!({"iss": "https://evil.example"})),
        ("run out", json!({"iat": now - 400, "exp": now - 90})),
        ("from the future", json!({"iat": now + 90, "exp": now + 400})),
        ("from long ago", json!({"iat": now - 4000})),
        ("without a subject", json!({"sub": null})),
    ] {
        fake.script().claims = claims(lie);
        let error = log_in(&provider, &fake).await.unwrap_err();
        assert!(matches!(error, LoginError::Unproven(_) | LoginError::Exchange(_)), "{name}: {error}");
    }
    fake.script().claims = claims(json!({"iat": now + 30, "exp": now - 30, "azp": CLIENT}));
    assert!(log_in(&provider, &fake).await.is_ok(), "clocks differ by half a minute");
    fake.script().claims.clear();
    for (name, alg, signs) in [
        ("without a signature", "none", 0),
        ("signed with what we know", "HS256", 0),
        ("signed by another under the same name", "ES256", 1),
    ] {
        (fake.script().alg, fake.script().signs) = (alg, signs);
        let error = log_in(&provider, &fake).await.unwrap_err();
        assert!(matches!(error, LoginError::Unproven(_) | LoginError::Exchange(_)), "{name}: {error}");
    }
}

#[tokio::test]
async fn only_an_address_that_is_vouched_for_and_ours_counts() {
    let fake = Fake::start().await;
    let (strict, mut settings) = (provider(&fake), fake.settings());
    settings.trust_email = true;
    let trusting = Provider::new(settings.clone(), REDIRECT).unwrap();
    settings.email_claim = "upn".to_owned();
    let by_upn = Provider::new(settings, REDIRECT).unwrap();
    for (told, provider, right) in [
        (json!({}), &strict, true),
        (json!({"email_verified": "true"}), &strict, true),
        (json!({"email_verified": false}), &strict, false),
        (json!({"email_verified": null}), &strict, false),
        (json!({"email": null}), &strict, false),
        (json!({"email": "not an address"}), &strict, false),
        (json!({"email_verified": null}), &trusting, true),
        (json!({"email": "hanako@osaka.EXAMPLE.co.jp"}), &strict, true),
        (json!({"email": "hanako@evil.example"}), &strict, false),
        (json!({"email": "hanako@notexample.co.jp"}), &strict, false),
        (json!({"email": "hanako@example.co.jp.evil.example"}), &strict, false),
        (json!({"email": "hanako%evil.example@example.co.jp"}), &strict, false),
        (json!({"upn": "hanako@example.co.jp", "email": "x@evil.example"}), &by_upn, true),
        (json!({"upn": "hanako@evil.example"}), &by_upn, false),
        (json!({}), &by_upn, false),
    ] {
        fake.script().claims = claims(told.clone());
        let done = log_in(provider, &fake).await;
        assert_eq!(done.is_ok(), right, "{told}: {done:?}");
        assert!(matches!(done, Ok(_) | Err(LoginError::NoAddress(_) | LoginError::Foreign(_))), "{told}: {done:?}");
    }
}

#[tokio::test]
async fn an_address_that_is_not_in_the_token_is_asked_for() {
    let fake = Fake::start().await;
    fake.script().claims = claims(json!({"email": null, "email_verified": null}));
    let told = json!({"sub": SUBJECT, "email": "hanako@example.co.jp", "email_verified": true});
    fake.script().userinfo = Some(told.clone());
    let provider = provider(&fake);
    assert_eq!(log_in(&provider, &fake).await.unwrap().address.as_str(), "hanako@example.co.jp");
    let mut another = told;
    another["sub"] = json!("another");
    fake.script().userinfo = Some(another);
    let error = log_in(&provider, &fake).await.unwrap_err();
    assert!(matches!(error, LoginError::NoAddress(_)), "{error}");
}

#[tokio::test]
async fn what_the_provider_says_of_itself_is_kept_and_a_new_key_is_looked_for_once() {
    let fake = Fake::start().await;
    let provider = provider(&fake);
    let asked = |path: &str| fake.script().asked.iter().filter(|asked| asked.ends_with(path)).count();
    for _ in 0..3 {
        log_in(&provider, &fake).await.unwrap();
    }
    assert_eq!((asked("openid-configuration"), asked("/jwks")), (1, 1));
    {
        let mut script = fake.script();
        (script.kid, script.signs) = ("two", 1);
        script.published = vec![("one", 0), ("two", 1)];
    }
    log_in(&provider, &fake).await.unwrap();
    log_in(&provider, &fake).await.unwrap();
    assert_eq!((asked("openid-configuration"), asked("/jwks")), (2, 2));
    fake.script().kid = "three";
    let error = log_in(&provider, &fake).await.unwrap_err();
    assert!(matches!(error, LoginError::Unproven(_)), "{error}");
    assert_eq!(asked("/jwks"), 3);
    provider.begin(Instant::now() + Duration::from_secs(3600)).await.unwrap();
    assert_eq!(asked("/jwks"), 4, "what was said an hour ago is asked for again");
}

#[tokio::test]
async fn a_provider_that_does_not_answer_is_left_alone_for_a_moment() {
    let fake = Fake::start().await;
    fake.script().down = true;
    let (provider, now) = (provider(&fake), Instant::now());
    for _ in 0..3 {
        let error = provider.begin(now).await.unwrap_err();
        assert!(matches!(&error, LoginError::Unreachable(why) if why.contains("502")), "{error}");
    }
    assert_eq!(fake.script().asked.len(), 1);
    fake.script().down = false;
    assert!(provider.begin(now + Duration::from_secs(4)).await.is_err());
    assert!(provider.begin(now + Duration::from_secs(6)).await.is_ok());
}

#[tokio::test]
async fn a_provider_that_is_not_the_one_that_was_named_is_not_used() {
    let fake = Fake::start().await;
    for lie in [
        json!({"issuer": "https://evil.example"}),
        json!({"authorization_endpoint": "http://evil.example/login"}),
        json!({"jwks_uri": "http://evil.example/keys"}),
    ] {
        fake.script().metadata = claims(lie.clone());
        let error = provider(&fake).begin(Instant::now()).await.unwrap_err();
        assert!(matches!(error, LoginError::Unreachable(_)), "{lie}: {error}");
    }
    fake.script().metadata = claims(json!({"token_endpoint": "http://evil.example/token"}));
    let error = log_in(&provider(&fake), &fake).await.unwrap_err();
    assert!(error.to_string().contains("neither https nor on this machine"), "{error}");
}

#[tokio::test]
async fn the_secret_is_sent_as_the_provider_takes_it_and_read_anew() {
    let fake = Fake::start().await;
    fake.script().metadata = claims(json!({"token_endpoint_auth_methods_supported": ["client_secret_post"]}));
    let provider = provider(&fake);
    log_in(&provider, &fake).await.unwrap();
    std::fs::write(fake.secret_file(), "another").unwrap();
    let error = log_in(&provider, &fake).await.unwrap_err();
    assert!(matches!(&error, LoginError::Exchange(why) if why.contains("invalid_client")), "{error}");
    std::fs::write(fake.secret_file(), " \n").unwrap();
    let error = log_in(&provider, &fake).await.unwrap_err();
    assert!(error.to_string().contains("holds no secret; write"), "{error}");
    assert!(Provider::new(fake.settings(), REDIRECT).is_err());
}

#[tokio::test]
async fn secrets_are_not_shown() {
    let fake = Fake::start().await;
    let provider = provider(&fake);
    let (url, pending) = provider.begin(Instant::now()).await.unwrap();
    let (code, state) = fake.log_in(&url);
    let shown = format!("{provider:?} {pending:?} {:?}", answer(&code, &state));
    for secret in [SECRET, &code, &state, pending.nonce.secret(), pending.verifier.secret()] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[test]
fn an_issuer_is_https_or_on_this_machine() {
    for (issuer, right) in [
        ("https://login.microsoftonline.com/0000/v2.0", true),
        ("https://accounts.google.com", true),
        ("http://127.0.0.1:3000", true),
        ("http://localhost:3000/realms/x", true),
        ("http://login.example.com", false),
        ("https://login.example.com/?tenant=x", false),
        ("https://user@login.example.com/", false),
        ("login.example.com", false),
        ("", false),
    ] {
        assert_eq!(check_issuer(issuer).is_ok(), right, "{issuer}");
    }
}
