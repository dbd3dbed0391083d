//! A provider for the tests that says what a test tells it to, lies included. The real one is in `tests/it/oidc.rs`.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard},
};

use aws_lc_rs::{
    digest,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use axum::{
    Form, Json, Router,
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use jiff::Timestamp;
use openidconnect::url::Url;
use serde_json::{Map, Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

use super::Settings;

pub(crate) const CLIENT: &str = "sekisho";
pub(crate) const SECRET: &str = "a secret / with: odd+letters";
pub(crate) const SUBJECT: &str = "f3a1";

/// What the provider does; changed by tests at any time.
pub(crate) struct Script {
    /// Beside the usual claims or in their place; null takes one away.
    pub(crate) claims: Map<String, Value>,
    /// What the userinfo endpoint says, if there is one.
    pub(crate) userinfo: Option<Value>,
    /// Beside the usual metadata or in its place.
    pub(crate) metadata: Map<String, Value>,
    /// `alg` of the token, and the `kid` that it names.
    pub(crate) alg: &'static str,
    pub(crate) kid: &'static str,
    /// Which key signs, and which are published under which name.
    pub(crate) signs: usize,
    pub(crate) published: Vec<(&'static str, usize)>,
    /// Whether every request fails.
    pub(crate) down: bool,
    /// Every path that was asked for.
    pub(crate) asked: Vec<String>,
    /// Codes that were given out: nonce and PKCE challenge.
    codes: HashMap<String, (String, String)>,
}

pub(crate) struct Fake {
    pub(crate) issuer: String,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
    home: tempfile::TempDir,
}

struct Shared {
    script: Mutex<Script>,
    keys: Vec<EcdsaKeyPair>,
    issuer: String,
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Fake {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let keys = (0..2).map(|_| EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap()).collect();
        let script = Script {
            claims: Map::new(),
            userinfo: None,
            metadata: Map::new(),
            alg: "ES256",
            kid: "one",
            signs: 0,
            published: vec![("one", 0)],
            down: false,
            asked: Vec::new(),
            codes: HashMap::new(),
        };
        let shared = Arc::new(Shared { script: Mutex::new(script), keys, issuer: issuer.clone() });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(metadata))
            .route("/jwks", get(jwks))
            .route("/token", post(token))
            .route("/me", get(me))
            .layer(middleware::from_fn_with_state(Arc::clone(&shared), noted))
            .with_state(Arc::clone(&shared));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("secret"), format!("{SECRET}\n")).unwrap();
        Self { issuer, shared, serving, home }
    }

    pub(crate) fn script(&self) -> MutexGuard<'_, Script> {
        self.shared.script.lock().unwrap()
    }

    pub(crate) fn secret_file(&self) -> PathBuf {
        self.home.path().join("secret")
    }

    /// How we are known to it.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            issuer: self.issuer.clone(),
            client_id: CLIENT.to_owned(),
            client_secret_file: self.secret_file(),
            scopes: ["openid", "email", "profile"].map(str::to_owned).to_vec(),
            email_claim: "email".to_owned(),
            trust_email: false,
            allowed_domains: vec!["example.co.jp".to_owned()],
            label: None,
        }
    }

    /// Somebody logs in at the page `url`: the code and the state that their browser brings back.
    pub(crate) fn log_in(&self, url: &str) -> (String, String) {
        let url = Url::parse(url).unwrap();
        let asked: HashMap<String, String> = url.query_pairs().into_owned().collect();
        assert_eq!(asked["code_challenge_method"], "S256");
        assert_eq!((asked["response_type"].as_str(), asked["client_id"].as_str()), ("code", CLIENT));
        let mut script = self.script();
        let code = format!("code-{}-{}", script.codes.len(), asked["nonce"]);
        script.codes.insert(code.clone(), (asked["nonce"].clone(), asked["code_challenge"].clone()));
        (code, asked["state"].clone())
    }
}

async fn noted(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let down = {
        let mut script = shared.script.lock().unwrap();
        script.asked.push(request.uri().path().to_owned());
        script.down
    };
    if down { StatusCode::BAD_GATEWAY.into_response() } else { next.run(request).await }
}

fn over(usual: Value, other: &Map<String, Value>) -> Value {
    let Value::Object(mut map) = usual else { panic!("no object") };
    map.extend(other.clone());
    map.retain(|_, value| !value.is_null());
    Value::Object(map)
}

async fn metadata(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let (issuer, script) = (&shared.issuer, shared.script.lock().unwrap());
    let usual = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "userinfo_endpoint": script.userinfo.as_ref().map(|_| format!("{issuer}/me")),
        "jwks_uri": format!("{issuer}/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
    });
    Json(over(usual, &script.metadata))
}

async fn jwks(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let script = shared.script.lock().unwrap();
    let keys: Vec<Value> = script
        .published
        .iter()
        .map(|(kid, key)| {
            let point = shared.keys[*key].public_key().as_ref();
            let coordinate = |from: usize| BASE64URL_NOPAD.encode(&point[from..from + 32]);
            json!({"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": kid,
                   "x": coordinate(1), "y": coordinate(33)})
        })
        .collect();
    Json(json!({ "keys": keys }))
}

async fn token(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Form(sent): Form<HashMap<String, String>>,
) -> Response {
    let mut script = shared.script.lock().unwrap();
    let refuse = |what: &str, told: String| {
        (StatusCode::BAD_REQUEST, Json(json!({"error": what, "error_description": told}))).into_response()
    };
    // RFC 6749 2.3.1: both are form-encoded before they are put together.
    let encoded: String = openidconnect::url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    let basic = format!("Basic {}", BASE64.encode(format!("{CLIENT}:{encoded}").as_bytes()));
    let by_header = headers.get("authorization").is_some_and(|value| value.as_bytes() == basic.as_bytes());
    let by_body = sent.get("client_secret").is_some_and(|secret| secret == SECRET);
    if !by_header && !by_body {
        return refuse("invalid_client", "the secret is wrong".to_owned());
    }
    let code = sent.get("code").cloned().unwrap_or_default();
    let Some((nonce, challenge)) = script.codes.remove(&code) else {
        return refuse("invalid_grant", format!("the code {code} is not known"));
    };
    let verifier = sent.get("code_verifier").map_or("", String::as_str);
    if BASE64URL_NOPAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()).as_ref()) != challenge {
        return refuse("invalid_grant", "the verifier is another".to_owned());
    }
    let now = Timestamp::now().as_second();
    let usual = json!({
        "iss": shared.issuer, "aud": CLIENT, "sub": SUBJECT, "iat": now, "exp": now + 300, "nonce": nonce,
        "email": "Hanako@example.co.jp", "email_verified": true, "name": "山田 花子",
    });
    let claims = over(usual, &script.claims);
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let signed = format!("{}.{}", part(&json!({"alg": script.alg, "kid": script.kid, "typ": "JWT"})), part(&claims));
    let signature = match script.alg {
        "none" => String::new(),
        "HS256" => {
            let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, SECRET.as_bytes());
            BASE64URL_NOPAD.encode(aws_lc_rs::hmac::sign(&key, signed.as_bytes()).as_ref())
        }
        _ => {
            let key = &shared.keys[script.signs];
            BASE64URL_NOPAD.encode(key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap().as_ref())
        }
    };
    let id_token = format!("{signed}.{signature}");
    Json(json!({"access_token": "an access token", "token_type": "Bearer", "id_token": id_token})).into_response()
}

async fn me(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Response {
    match (&shared.script.lock().unwrap().userinfo, headers.get("authorization")) {
        (Some(told), Some(token)) if token.as_bytes() == b"Bearer an access token" => {
            Json(told.clone()).into_response()
        }
        _ => StatusCode::UNAUTHORIZED.into_response(),
    }
}
