//! The conversation with the provider.
//!
//! In: [`Settings`], a [`Pending`] login and its [`Answer`]. Out: an [`Identity`]. What the provider says of itself is
//! kept for a while; its keys are asked for anew when a token is signed with one that is not known. Deliberately absent:
//! how it is reached (`http`), and how a setting or an answer is read (`super`).

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::DateTime;
use jiff::Timestamp;
use openidconnect::{
    AccessToken, AdditionalClaims, AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret,
    CsrfToken, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, IdToken, IdTokenClaims,
    IdTokenFields, IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    RequestTokenError, Scope, SignatureVerificationError, StandardErrorResponse, StandardTokenResponse,
    SubjectIdentifier, TokenResponse, UserInfoClaims,
    core::{
        CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreClientAuthMethod, CoreErrorResponseType,
        CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm as Signing,
        CoreProviderMetadata, CoreRevocableToken, CoreRevocationErrorResponse, CoreTokenIntrospectionResponse,
        CoreTokenType,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::{Mutex, Semaphore};

use super::{
    Answer, Identity, LoginError, PENDING, Pending, Settings, check_issuer, check_secret,
    http::{Http, is_private},
    line, read_secret, told,
};

/// By how much the provider's clock may differ from ours, in seconds.
const SKEW: i64 = 60;

/// What the provider says of itself is asked for anew after so long.
const FRESH: Duration = Duration::from_secs(10 * 60);

/// After a failure the provider is left alone for so long; who logs in meanwhile is told the same.
const PAUSE: Duration = Duration::from_secs(5);

/// So many logins are finished at once; the others wait for their turn.
const AT_ONCE: usize = 16;

/// Signatures that are believed: with a key that only the provider has. Not with our shared secret, and never none.
const SIGNED_BY: [Signing; 9] = [
    Signing::RsaSsaPkcs1V15Sha256,
    Signing::RsaSsaPkcs1V15Sha384,
    Signing::RsaSsaPkcs1V15Sha512,
    Signing::RsaSsaPssSha256,
    Signing::RsaSsaPssSha384,
    Signing::RsaSsaPssSha512,
    Signing::EcdsaP256Sha256,
    Signing::EcdsaP384Sha384,
    Signing::EdDsa,
];

/// A provider; shared by all logins.
pub struct Provider {
    settings: Settings,
    issuer: IssuerUrl,
    redirect: RedirectUrl,
    http: Http,
    memory: Mutex<Memory>,
    turns: Semaphore,
}

/// What the provider said of itself, and when it last did not answer.
#[derive(Default)]
struct Memory {
    known: Option<(Instant, Arc<CoreProviderMetadata>)>,
    failed: Option<(Instant, LoginError)>,
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Provider").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Provider {
    /// Checks the settings; asks nobody yet. The provider sends browsers back to `redirect`.
    ///
    /// # Errors
    /// What is wrong with them, and how to mend it.
    pub fn new(settings: Settings, redirect: &str) -> Result<Self, String> {
        check_issuer(&settings.issuer)?;
        check_secret(&settings.client_secret_file)?;
        let issuer = IssuerUrl::new(settings.issuer.clone()).map_err(|error| error.to_string())?;
        let redirect = RedirectUrl::new(redirect.to_owned()).map_err(|error| format!("console.public_url: {error}"))?;
        let http = Http::new().map_err(|error| format!("TLS cannot be set up: {error}"))?;
        Ok(Self { settings, issuer, redirect, http, memory: Mutex::default(), turns: Semaphore::new(AT_ONCE) })
    }

    /// What the button says, if the configuration does.
    pub fn label(&self) -> Option<&str> {
        self.settings.label.as_deref()
    }

    /// Where to send the browser, and what is needed to finish.
    ///
    /// # Errors
    /// The provider cannot be used now.
    pub async fn begin(&self, now: Instant) -> Result<(String, Pending), LoginError> {
        let client = self.client(&*self.known(now).await?, None);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let mut request =
            client.authorize_url(flow, CsrfToken::new_random, Nonce::new_random).set_pkce_challenge(challenge);
        // `openid` is there already.
        for scope in self.settings.scopes.iter().filter(|scope| *scope != "openid") {
            request = request.add_scope(Scope::new(scope.clone()));
        }
        let (url, state, nonce) = request.url();
        Ok((url.into(), Pending { state, nonce, verifier, made_at: now }))
    }

    /// Who has logged in. Takes the pending login, so that it works once.
    ///
    /// # Errors
    /// Anything but a person of ours, proven beyond doubt.
    pub async fn finish(&self, pending: Pending, answer: Answer, now: Instant) -> Result<Identity, LoginError> {
        let code = pending.code_of(answer, &self.settings.issuer, now)?;
        let _turn = self.turns.acquire().await.map_err(|_closed| LoginError::Stale("the server is stopping"))?;
        let secret = read_secret(&self.settings.client_secret_file).await?;
        let known = self.known(now).await?;
        let client = self.client(&known, Some(secret.clone()));
        let tokens = self.exchange(&client, code, pending.verifier).await?;
        let token = tokens.id_token().ok_or_else(|| LoginError::Unproven("there is none".to_owned()))?;
        let claims = match proven(&client, token, &pending.nonce) {
            Err(ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey)) => {
                let renewed = self.renew(&mut *self.memory.lock().await, now).await?;
                proven(&self.client(&renewed, Some(secret)), token, &pending.nonce)
            }
            others => others,
        };
        let claims = claims.map_err(|error| LoginError::Unproven(told(&error)))?;
        if claims.authorized_party().is_some_and(|party| party.as_str() != self.settings.client_id) {
            return Err(LoginError::Unproven("it was made for another client (azp)".to_owned()));
        }
        let mut person = claims_of(claims);
        if !person.contains_key(&self.settings.email_claim) && client.user_info_url().is_some() {
            let more = self.ask_about(&client, tokens.access_token().clone(), claims.subject().clone()).await?;
            person.extend(more);
        }
        Ok(Identity {
            address: self.settings.address_of(&person)?,
            name: person.get("name").and_then(Value::as_str).map(line),
            subject: claims.subject().to_string(),
            issuer: self.settings.issuer.clone(),
            methods: claims.auth_method_refs().into_iter().flatten().map(|method| line(method)).collect(),
            level: claims.auth_context_ref().map(|level| line(level)),
        })
    }

    async fn known(&self, now: Instant) -> Result<Arc<CoreProviderMetadata>, LoginError> {
        let mut memory = self.memory.lock().await;
        if let Some((at, known)) = &memory.known
            && now.saturating_duration_since(*at) < FRESH
        {
            return Ok(Arc::clone(known));
        }
        if let Some((at, failure)) = &memory.failed
            && now.saturating_duration_since(*at) < PAUSE
        {
            return Err(failure.clone());
        }
        self.renew(&mut memory, now).await
    }

    /// Asks the provider anew; whoever else wants to know waits meanwhile for the same answer.
    async fn renew(&self, memory: &mut Memory, now: Instant) -> Result<Arc<CoreProviderMetadata>, LoginError> {
        match self.discover().await {
            Ok(known) => {
                let known = Arc::new(known);
                *memory = Memory { known: Some((now, Arc::clone(&known))), failed: None };
                Ok(known)
            }
            Err(failure) => {
                memory.failed = Some((now, failure.clone()));
                Err(failure)
            }
        }
    }

    async fn discover(&self) -> Result<CoreProviderMetadata, LoginError> {
        let known = CoreProviderMetadata::discover_async(self.issuer.clone(), &self.http)
            .await
            .map_err(|error| LoginError::Unreachable(told(&error)))?;
        if !is_private(known.authorization_endpoint().url()) {
            return Err(LoginError::Unreachable("its page for logging in is not https".to_owned()));
        }
        Ok(known)
    }

    fn client(&self, known: &CoreProviderMetadata, secret: Option<ClientSecret>) -> Client {
        let methods = known.token_endpoint_auth_methods_supported();
        let takes = |method| methods.is_none_or(|methods| methods.contains(&method));
        let post_only =
            !takes(CoreClientAuthMethod::ClientSecretBasic) && takes(CoreClientAuthMethod::ClientSecretPost);
        let proof = if post_only { AuthType::RequestBody } else { AuthType::BasicAuth };
        Client::from_provider_metadata(known.clone(), ClientId::new(self.settings.client_id.clone()), secret)
            .set_redirect_uri(self.redirect.clone())
            .set_auth_type(proof)
    }

    async fn exchange(
        &self,
        client: &Client,
        code: AuthorizationCode,
        verifier: PkceCodeVerifier,
    ) -> Result<Tokens, LoginError> {
        let shown = code.secret().clone();
        let request = client.exchange_code(code).map_err(|error| LoginError::Unreachable(told(&error)))?;
        request.set_pkce_verifier(verifier).request_async(&self.http).await.map_err(|error| match error {
            RequestTokenError::Request(error) => LoginError::Unreachable(told(&error)),
            // Not what is wrong with it, which may quote it.
            RequestTokenError::Parse(error, _) => {
                LoginError::Exchange(format!("its answer is odd at {}", line(&error.path().to_string())))
            }
            // A provider may quote the code in what it describes.
            other => LoginError::Exchange(told(&other).replace(&shown, "…")),
        })
    }

    /// What the provider tells of the person beside the ID token.
    async fn ask_about(
        &self,
        client: &Client,
        token: AccessToken,
        subject: SubjectIdentifier,
    ) -> Result<Map<String, Value>, LoginError> {
        let request = client.user_info(token, Some(subject)).map_err(|error| LoginError::Unreachable(told(&error)))?;
        let told: Result<UserInfoClaims<Others, CoreGenderClaim>, _> = request.request_async(&self.http).await;
        // Not how it is odd, which may quote it.
        told.map(|claims| claims_of(&claims)).map_err(|_odd| {
            LoginError::NoAddress("it stands not in the ID token, and asking for it gave nothing usable".to_owned())
        })
    }
}

/// The claims of a token that is signed by the issuer, for us, fresh, and an answer to `nonce`.
fn proven<'t>(client: &Client, token: &'t Token, nonce: &Nonce) -> Result<&'t Claims, ClaimsVerificationError> {
    let now = Timestamp::now().as_second();
    let longest = i64::try_from(PENDING.as_secs()).unwrap_or(i64::MAX);
    let verifier = client
        .id_token_verifier()
        .set_allowed_algs(SIGNED_BY)
        .set_time_fn(move || DateTime::from_timestamp(now - SKEW, 0).unwrap_or_default())
        .set_issue_time_verifier_fn(move |issued| match issued.timestamp() {
            issued if issued > now + SKEW => Err("it was made in the future; compare the clocks".to_owned()),
            issued if issued < now - longest - SKEW => Err("it was made long before this login".to_owned()),
            _ => Ok(()),
        });
    token.claims(&verifier, nonce)
}

/// All claims of one kind or the other, by name.
fn claims_of(claims: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(claims) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

/// The claims that `openidconnect` has no name for.
#[derive(Debug, Deserialize, Serialize)]
struct Others {
    #[serde(flatten)]
    claims: Map<String, Value>,
}

impl AdditionalClaims for Others {}

type Claims = IdTokenClaims<Others, CoreGenderClaim>;
type Token = IdToken<Others, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, Signing>;
type Fields = IdTokenFields<Others, EmptyExtraTokenFields, CoreGenderClaim, CoreJweContentEncryptionAlgorithm, Signing>;
type Tokens = StandardTokenResponse<Fields, CoreTokenType>;
type Client = openidconnect::Client<
    Others,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;
