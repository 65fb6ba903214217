//! Signing in at an identity provider, and whatever can be wrong with one.

mod provider;

use reqwest::header::{LOCATION, SET_COOKIE};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use url::Url;
use waybill_common::access::Role;
use waybill_common::config::Oidc;
use waybill_common::storage::access::{disable_operator, operator_by_name};
use waybill_common::storage::operator_actions;
use waybill_common::storage::place::Place;
use waybill_test_support::eventually;

use crate::support::{SOON, TestConsole, later, now};
use provider::{CLIENT, IdentityProvider, SECRET};

const PUBLIC: &str = "http://console.test";

struct Stage {
    console: TestConsole,
    provider: IdentityProvider,
}

/// A browser that has begun: its cookie, and what it comes back with.
struct Trip {
    cookie: String,
    back: String,
}

impl Stage {
    async fn set() -> anyhow::Result<Self> {
        let provider = IdentityProvider::start(now().seconds())?;
        let oidc: Oidc = serde_json::from_value(json!({
            "issuer": provider.issuer(), "client_id": CLIENT, "client_secret": SECRET, "label": "Sign in with Example",
            "roles": { "waybill-operators": "operator", "waybill-admins": "admin" }, "payload_read": ["waybill-payload"],
        }))?;
        let console = TestConsole::with(|config| {
            config.console.public_url = Some(PUBLIC.to_owned());
            config.oidc = Some(oidc);
        })
        .await?;
        Ok(Self { console, provider })
    }

    async fn begin(&self, next: &str) -> anyhow::Result<Response> {
        let path = format!("/sign-in/oidc{next}");
        Ok(self
            .console
            .http
            .get(self.console.url(&path))
            .send()
            .await?)
    }

    /// To the provider, which lets everybody in, up to the way back.
    async fn travel(&self, next: &str) -> anyhow::Result<Trip> {
        let begun = self.begin(next).await?;
        anyhow::ensure!(begun.status() == StatusCode::SEE_OTHER, "{}", begun.status());
        let set = begun.headers()[SET_COOKIE].to_str()?.to_owned();
        anyhow::ensure!(set.contains("HttpOnly") && set.contains("SameSite=Lax"), "{set}");
        let cookie = set.split(';').next().unwrap_or_default().to_owned();
        let way = begun.headers()[LOCATION].to_str()?.to_owned();
        let back = self.console.http.get(way).send().await?;
        anyhow::ensure!(back.status() == StatusCode::SEE_OTHER, "the provider: {}", back.status());
        let back = back.headers()[LOCATION].to_str()?.to_owned();
        anyhow::ensure!(back.starts_with(&format!("{PUBLIC}/sign-in/oidc/back?")), "{back}");
        Ok(Trip { cookie, back: back[PUBLIC.len()..].to_owned() })
    }

    async fn come_back(&self, cookie: &str, back: &str) -> anyhow::Result<Response> {
        let request = self.console.http.get(self.console.url(back));
        Ok(request.header("cookie", cookie).send().await?)
    }

    async fn sign_in(&self) -> anyhow::Result<Response> {
        let trip = self.travel("").await?;
        self.come_back(&trip.cookie, &trip.back).await
    }

    async fn finish(self) -> anyhow::Result<()> {
        self.console.finish().await?;
        self.provider.stop().await;
        Ok(())
    }
}

/// The session's cookie, if one was given.
fn session(answer: &Response) -> Option<String> {
    let set = answer.headers().get_all(SET_COOKIE).iter();
    set.filter_map(|value| value.to_str().ok())
        .filter_map(|value| value.split(';').next())
        .find(|cookie| cookie.starts_with("waybill=") && cookie.len() > 20)
        .map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_the_provider_vouches_for_signs_in_with_the_role_of_a_claim() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let page = stage
        .console
        .http
        .get(stage.console.url("/sign-in?next=%2Forders"))
        .send()
        .await?
        .text()
        .await?;
    assert!(page.contains("href=\"/sign-in/oidc?next=%2Forders\""), "{page}");
    assert!(page.contains("Sign in with Example"));

    let trip = stage.travel("?next=%2Forders%3Fstatus%3Dpaid").await?;
    let answer = stage.come_back(&trip.cookie, &trip.back).await?;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(answer.headers()[LOCATION], "/orders?status=paid");
    let gone = answer.headers().get_all(SET_COOKIE).iter().any(|set| {
        set.to_str()
            .is_ok_and(|set| set.starts_with("waybill-oidc=;") && set.contains("Max-Age=0"))
    });
    assert!(gone, "a trip ends once");
    let cookie = session(&answer).expect("a session");
    let me = stage
        .console
        .http
        .get(stage.console.url("/api/v1/session"))
        .header("cookie", &cookie);
    let me: Value = me.send().await?.json().await?;
    assert_eq!((&me["name"], &me["role"]), (&json!("ada"), &json!("operator")), "{me}");
    let mut conn = stage.console.database.connection().await?;
    let place = Place { from: None, backward: false, limit: 1 };
    let action = operator_actions::list(&mut conn, place).await?.remove(0);
    assert_eq!((action.action.as_str(), action.reason.as_str()), ("sign_in", "oidc"));
    stage.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn each_sign_in_gives_the_role_of_now_and_a_session_of_its_own() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let first = session(&stage.sign_in().await?).expect("a session");
    stage.provider.habits().claims =
        json!({ "groups": ["waybill-admins", "waybill-payload", "waybill-operators"] });
    // The browser still has the first session: it ends.
    let trip = stage.travel("").await?;
    let answer = stage
        .come_back(&format!("{}; {first}", trip.cookie), &trip.back)
        .await?;
    let second = session(&answer).expect("a session");
    assert_ne!(first, second);
    let asked = |cookie: &str| {
        stage
            .console
            .http
            .get(stage.console.url("/api/v1/session"))
            .header("cookie", cookie.to_owned())
    };
    assert_eq!(asked(&first).send().await?.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(asked(&second).send().await?.json::<Value>().await?["role"], "admin");
    let mut conn = stage.console.database.connection().await?;
    assert!(
        operator_by_name(&mut conn, "ada")
            .await?
            .is_some_and(|ada| ada.payload_read)
    );
    stage.finish().await
}

/// What is wrong, and what a browser is answered.
fn faults() -> Vec<(&'static str, Value, Value, StatusCode)> {
    let (denied, forbidden) = (StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN);
    let at = |seconds: i64| now().seconds() + seconds;
    let claims = |claims: Value, status| (json!({}), claims, status);
    let header = |header: Value| (header, json!({}), denied);
    let all = [
        ("another nonce", claims(json!({ "nonce": "other" }), denied)),
        ("no nonce", claims(json!({ "nonce": null }), denied)),
        ("another audience", claims(json!({ "aud": "somebody" }), denied)),
        ("several audiences", claims(json!({ "aud": [CLIENT, "somebody"] }), denied)),
        ("given to another", claims(json!({ "aud": [CLIENT], "azp": "somebody" }), denied)),
        ("another issuer", claims(json!({ "iss": "https://evil.example" }), denied)),
        ("expired", claims(json!({ "exp": at(-61) }), denied)),
        ("never expires", claims(json!({ "exp": null }), denied)),
        ("of the future", claims(json!({ "iat": at(62) }), denied)),
        ("not yet", claims(json!({ "nbf": at(62) }), denied)),
        ("nobody", claims(json!({ "sub": "" }), denied)),
        ("a name that is none", claims(json!({ "preferred_username": "a\nb" }), denied)),
        ("another algorithm", header(json!({ "alg": "HS256" }))),
        ("a critical extension", header(json!({ "crit": ["b64"] }))),
        ("an unknown key", header(json!({ "kid": "nobody's" }))),
        ("no role", claims(json!({ "groups": ["everybody"] }), forbidden)),
        ("no claim", claims(json!({ "groups": null }), forbidden)),
        ("a claim that is no text", claims(json!({ "groups": 7 }), forbidden)),
    ];
    all.into_iter()
        .map(|(name, (header, claims, status))| (name, header, claims, status))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_with_anything_wrong_signs_nobody_in() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    for (name, header, claims, status) in faults() {
        (stage.provider.habits().header, stage.provider.habits().claims) = (header, claims);
        let answer = stage.sign_in().await?;
        assert_eq!((answer.status(), session(&answer)), (status, None), "{name}");
        assert!(answer.text().await?.contains("role=\"alert\""), "{name}: a page says so");
    }
    // A clock that is a little wrong is forgiven.
    stage.provider.habits().header = json!({});
    let at = |seconds: i64| now().seconds() + seconds;
    for claims in [json!({ "exp": at(-59) }), json!({ "iat": at(59), "nbf": at(59) })] {
        stage.provider.habits().claims = claims;
        assert!(session(&stage.sign_in().await?).is_some());
    }
    stage.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_without_a_good_signature_signs_nobody_in() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    stage.provider.habits().forged = true;
    assert_eq!(stage.sign_in().await?.status(), StatusCode::UNAUTHORIZED);
    stage.provider.habits().forged = false;
    stage.provider.habits().unsigned = true;
    for alg in ["none", "ES256"] {
        stage.provider.habits().header = json!({ "alg": alg });
        assert_eq!(stage.sign_in().await?.status(), StatusCode::UNAUTHORIZED, "{alg}");
    }
    stage.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_browser_that_began_finishes_and_once_and_soon() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let (mine, another) = (stage.travel("").await?, stage.travel("").await?);
    for (cookie, back, why) in [
        ("", mine.back.clone(), "no cookie"),
        (another.cookie.as_str(), mine.back.clone(), "another browser's"),
        (mine.cookie.as_str(), mine.back.replace("state=", "state=x"), "another state"),
        (mine.cookie.as_str(), "/sign-in/oidc/back?code=code-0".to_owned(), "no state"),
        (mine.cookie.as_str(), "/sign-in/oidc/back".to_owned(), "nothing"),
        ("waybill-oidc=1.2", mine.back.clone(), "no cookie of ours"),
    ] {
        let answer = stage.come_back(cookie, &back).await?;
        assert_eq!((answer.status(), session(&answer)), (StatusCode::UNAUTHORIZED, None), "{why}");
    }
    let mixed_up = stage
        .come_back(&mine.cookie, &mine.back.replace("&iss=", "&iss=x"))
        .await?;
    assert_eq!(mixed_up.status(), StatusCode::SERVICE_UNAVAILABLE, "another issuer's answer");
    assert!(session(&stage.come_back(&mine.cookie, &mine.back).await?).is_some());
    let replayed = stage.come_back(&mine.cookie, &mine.back).await?;
    assert_eq!(
        (session(&replayed), replayed.status().is_success()),
        (None, false),
        "a code is good once"
    );
    stage.console.clock.set(later(601));
    let late = stage.come_back(&another.cookie, &another.back).await?;
    assert_eq!(late.status(), StatusCode::UNAUTHORIZED);
    stage.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_somebody_else_began_is_worth_nothing() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let (mine, stolen) = (stage.travel("").await?, stage.travel("").await?);
    // The state is mine, the code another trip's: its challenge does not fit my verifier.
    let back = mine.back.replace("code=code-0", "code=code-1");
    assert_ne!(back, mine.back);
    let answer = stage.come_back(&mine.cookie, &back).await?;
    assert_eq!((answer.status(), session(&answer)), (StatusCode::SERVICE_UNAVAILABLE, None));
    drop(stolen);
    stage.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_kept_until_a_token_names_another_one() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let asked = |path: &str| {
        stage
            .provider
            .habits()
            .asked
            .get(path)
            .copied()
            .unwrap_or_default()
    };
    for _ in 0..3 {
        assert!(session(&stage.sign_in().await?).is_some());
    }
    assert_eq!((asked("/keys"), asked("/.well-known/openid-configuration")), (1, 1));
    stage.provider.rotate();
    assert_eq!(
        stage.sign_in().await?.status(),
        StatusCode::UNAUTHORIZED,
        "not asked again so soon"
    );
    assert_eq!(asked("/keys"), 1);
    stage.console.clock.set(later(11));
    assert!(session(&stage.sign_in().await?).is_some());
    assert_eq!(asked("/keys"), 2);
    stage.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_down_or_odd_is_told_as_such() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let issuer = stage.provider.issuer();
    let odd_discovery = [
        (500, json!({})),
        (404, json!({})),
        (200, json!({ "issuer": issuer })),
        (
            200,
            json!({ "issuer": "https://evil.example", "authorization_endpoint": "https://e.example", "token_endpoint": "https://e.example", "jwks_uri": "https://e.example" }),
        ),
        (
            200,
            json!({ "issuer": issuer, "authorization_endpoint": "http://e.example", "token_endpoint": "https://e.example", "jwks_uri": "https://e.example" }),
        ),
        (200, json!("x".repeat(300_000))),
    ];
    for answer in odd_discovery {
        stage.provider.habits().answers =
            [("/.well-known/openid-configuration", answer.clone())].into();
        let begun = stage.begin("").await?;
        assert_eq!(begun.status(), StatusCode::SERVICE_UNAVAILABLE, "{}", answer.0);
        assert!(begun.text().await?.contains("cannot be asked"));
    }
    stage.provider.habits().answers.clear();
    for (path, answer) in [
        ("/token", (500, json!({}))),
        ("/token", (200, json!({}))),
        ("/keys", (502, json!({}))),
        ("/keys", (200, json!([]))),
    ] {
        stage.provider.habits().answers = [(path, answer.clone())].into();
        assert_eq!(
            stage.sign_in().await?.status(),
            StatusCode::SERVICE_UNAVAILABLE,
            "{path} {answer:?}"
        );
    }
    let refused = stage.travel("").await?;
    let state = refused
        .back
        .split('&')
        .find(|part| part.starts_with("state="))
        .unwrap();
    let back = format!("/sign-in/oidc/back?error=access_denied&{state}");
    assert_eq!(stage.come_back(&refused.cookie, &back).await?.status(), StatusCode::UNAUTHORIZED);
    let Stage { console, provider } = stage;
    provider.stop().await;
    // A connection that is open already may be served once more.
    let mut hours = 0;
    eventually(SOON, async || {
        hours += 1;
        console.clock.set(later(3_601 * hours));
        let asked = console.http.get(console.url("/sign-in/oidc")).send();
        let status = asked.await.unwrap().status();
        if status == StatusCode::SERVICE_UNAVAILABLE { Ok(()) } else { Err(status) }
    })
    .await;
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_becomes_another_ones_account_or_comes_back_disabled() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    stage.console.operator("ada", Role::Admin).await?;
    let answer = stage.sign_in().await?;
    assert_eq!(
        (answer.status(), session(&answer)),
        (StatusCode::FORBIDDEN, None),
        "ada is a local account"
    );
    stage.provider.habits().claims = json!({ "preferred_username": "grace" });
    assert!(session(&stage.sign_in().await?).is_some());
    let mut conn = stage.console.database.connection().await?;
    disable_operator(&mut conn, "grace", now()).await?;
    assert_eq!(stage.sign_in().await?.status(), StatusCode::FORBIDDEN);
    stage.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_led_to_another_site_and_hosts_are_not_believed() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    for next in [
        "?next=https%3A%2F%2Fevil.example",
        "?next=%2F%2Fevil.example",
        "?next=%2F%5Cevil.example",
        "",
    ] {
        let trip = stage.travel(next).await?;
        let answer = stage.come_back(&trip.cookie, &trip.back).await?;
        assert_eq!(answer.headers()[LOCATION], "/", "{next}");
    }
    let begun = stage
        .console
        .http
        .get(stage.console.url("/sign-in/oidc"))
        .header("host", "evil.example");
    let way = Url::parse(begun.send().await?.headers()[LOCATION].to_str()?)?;
    let back = way
        .query_pairs()
        .find(|(name, _)| name == "redirect_uri")
        .unwrap()
        .1
        .into_owned();
    assert_eq!(back, format!("{PUBLIC}/sign-in/oidc/back"));
    stage.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_provider_there_is_no_such_way_in() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    for path in ["/sign-in/oidc", "/sign-in/oidc/back?code=x&state=y"] {
        assert_eq!(
            console.http.get(console.url(path)).send().await?.status(),
            StatusCode::NOT_FOUND
        );
    }
    let page = console
        .http
        .get(console.url("/sign-in"))
        .send()
        .await?
        .text()
        .await?;
    assert!(!page.contains("/sign-in/oidc"));
    console.finish().await
}
