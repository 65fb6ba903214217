//! An identity provider of the test's own: discovery, authorisation, tokens with real signatures, keys; and every way in which
//! one can be wrong.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Form, Query};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub(crate) const CLIENT: &str = "waybill";
pub(crate) const SECRET: &str = "a secret of + this client";

/// What it does, and how it goes wrong.
pub(crate) struct Habits {
    /// Over the claims that are right.
    pub(crate) claims: Value,
    pub(crate) header: Value,
    pub(crate) key: EcdsaKeyPair,
    pub(crate) kid: String,
    /// Signs with a key that it never published.
    pub(crate) forged: bool,
    pub(crate) unsigned: bool,
    /// What it answers at a path, instead.
    pub(crate) answers: BTreeMap<&'static str, (u16, Value)>,
    /// How often each path was asked for.
    pub(crate) asked: BTreeMap<String, u32>,
    /// By code: challenge, nonce, where back.
    codes: BTreeMap<String, (String, String, String)>,
    now: i64,
    address: Option<SocketAddr>,
}

type Shared = Arc<Mutex<Habits>>;

/// A running one.
pub(crate) struct IdentityProvider {
    habits: Shared,
    server: ServerHandle,
}

fn key() -> EcdsaKeyPair {
    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("the system gives randomness")
}

impl IdentityProvider {
    /// On a free port, at that time of day.
    pub(crate) fn start(now: i64) -> anyhow::Result<Self> {
        let habits: Shared = Arc::new(Mutex::new(Habits {
            claims: json!({}),
            header: json!({}),
            key: key(),
            kid: "first".to_owned(),
            forged: false,
            unsigned: false,
            answers: BTreeMap::new(),
            asked: BTreeMap::new(),
            codes: BTreeMap::new(),
            now,
            address: None,
        }));
        let shared = Data::new(Arc::clone(&habits));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .route("/.well-known/openid-configuration", web::get().to(discovery))
                .route("/authorize", web::get().to(authorize))
                .route("/token", web::post().to(token))
                .route("/keys", web::get().to(keys))
        })
        .workers(1)
        .disable_signals()
        .bind(("127.0.0.1", 0))?;
        habits.lock().expect("nobody panicked").address = server.addrs().first().copied();
        let server = server.run();
        let handle = server.handle();
        #[expect(clippy::disallowed_methods, reason = "it ends with its handle")]
        tokio::spawn(server);
        Ok(Self { habits, server: handle })
    }

    pub(crate) fn issuer(&self) -> String {
        issuer(&self.habits())
    }

    pub(crate) fn habits(&self) -> MutexGuard<'_, Habits> {
        self.habits.lock().expect("nobody panicked")
    }

    /// Other keys from now on.
    pub(crate) fn rotate(&self) {
        let mut habits = self.habits();
        (habits.key, habits.kid) = (key(), "second".to_owned());
    }

    pub(crate) async fn stop(self) {
        self.server.stop(false).await;
    }
}

fn issuer(habits: &Habits) -> String {
    format!("http://{}", habits.address.expect("it is bound"))
}

/// What it was told to answer at this path.
fn instead(habits: &mut Habits, request: &HttpRequest) -> Option<HttpResponse> {
    *habits.asked.entry(request.path().to_owned()).or_default() += 1;
    let (status, body) = habits.answers.get(request.path())?;
    let status = StatusCode::from_u16(*status).expect("a status");
    Some(HttpResponse::build(status).json(body))
}

async fn discovery(request: HttpRequest, habits: Data<Shared>) -> HttpResponse {
    let mut habits = habits.lock().expect("nobody panicked");
    if let Some(other) = instead(&mut habits, &request) {
        return other;
    }
    let issuer = issuer(&habits);
    HttpResponse::Ok().json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
    }))
}

/// As if somebody had signed in at once; refuses what is no code flow with PKCE.
async fn authorize(asked: Query<BTreeMap<String, String>>, habits: Data<Shared>) -> HttpResponse {
    let mut habits = habits.lock().expect("nobody panicked");
    let told = |name: &str| asked.get(name).cloned().unwrap_or_default();
    let good = told("response_type") == "code"
        && told("client_id") == CLIENT
        && told("code_challenge_method") == "S256"
        && told("code_challenge").len() == 43
        && told("scope").split(' ').any(|scope| scope == "openid")
        && told("state").len() >= 32
        && told("nonce").len() >= 32;
    if !good {
        return HttpResponse::BadRequest().body("no code flow with PKCE");
    }
    let code = format!("code-{}", habits.codes.len());
    let trip = (told("code_challenge"), told("nonce"), told("redirect_uri"));
    habits.codes.insert(code.clone(), trip);
    let back = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("code", &code)
        .append_pair("state", &told("state"))
        .append_pair("iss", &issuer(&habits))
        .finish();
    HttpResponse::SeeOther()
        .insert_header(("location", format!("{}?{back}", told("redirect_uri"))))
        .finish()
}

async fn token(
    request: HttpRequest,
    form: Form<BTreeMap<String, String>>,
    habits: Data<Shared>,
) -> HttpResponse {
    let mut habits = habits.lock().expect("nobody panicked");
    if let Some(other) = instead(&mut habits, &request) {
        return other;
    }
    let told = |name: &str| form.get(name).cloned().unwrap_or_default();
    let encoded: String = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    let expected = format!("Basic {}", BASE64_STANDARD.encode(format!("{CLIENT}:{encoded}")));
    let known = request
        .headers()
        .get("authorization")
        .is_some_and(|given| given.as_bytes() == expected.as_bytes());
    // A code is good once.
    let trip = habits.codes.remove(&told("code"));
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(told("code_verifier")));
    match trip {
        Some((challenged, nonce, back))
            if known && challenged == challenge && back == told("redirect_uri") =>
        {
            HttpResponse::Ok().json(json!({ "token_type": "Bearer", "access_token": "x", "id_token": signed(&habits, &nonce) }))
        }
        Some(_) | None => HttpResponse::BadRequest().json(json!({ "error": "invalid_grant" })),
    }
}

fn signed(habits: &Habits, nonce: &str) -> String {
    let mut header = json!({ "alg": "ES256", "typ": "JWT", "kid": habits.kid });
    let mut claims = json!({
        "iss": issuer(habits), "sub": "subject-1", "aud": CLIENT, "nonce": nonce,
        "iat": habits.now, "exp": habits.now + 300,
        "preferred_username": "Ada", "groups": ["everybody", "waybill-operators"],
    });
    merge(&mut header, &habits.header);
    merge(&mut claims, &habits.claims);
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(&header), part(&claims));
    if habits.unsigned {
        return format!("{message}.");
    }
    let other = key();
    let by = if habits.forged { &other } else { &habits.key };
    let signature = by
        .sign(&SystemRandom::new(), message.as_bytes())
        .expect("it signs");
    format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature.as_ref()))
}

/// A null takes a field away.
fn merge(into: &mut Value, over: &Value) {
    for (name, value) in over.as_object().into_iter().flatten() {
        if value.is_null() {
            into.as_object_mut().expect("an object").remove(name);
        } else {
            into[name] = value.clone();
        }
    }
}

async fn keys(request: HttpRequest, habits: Data<Shared>) -> HttpResponse {
    let mut habits = habits.lock().expect("nobody panicked");
    if let Some(other) = instead(&mut habits, &request) {
        return other;
    }
    let point = habits.key.public_key().as_ref().to_vec();
    let text = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    HttpResponse::Ok().json(json!({ "keys": [{
        "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": habits.kid,
        "x": text(&point[1..33]), "y": text(&point[33..]),
    }] }))
}
