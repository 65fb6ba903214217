//! A whole console on free ports, with a database of its own.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, SET_COOKIE};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, redirect};
use serde_json::Value;
use url::form_urlencoded::Serializer;
use waybill_common::access::{Grant, PasswordHash, Role, Scope, Secret};
use waybill_common::clock::Clock;
use waybill_common::config::{self, Config};
use waybill_common::domain::Timestamp;
use waybill_common::id;
use waybill_common::storage::access::{NewOperator, NewToken, create_operator, create_token};
use waybill_common::storage::commit::{Pending, commit};
use waybill_common::telemetry::Scrape;
use waybill_console::Application;
use waybill_test_support::webhooks::Sender;
use waybill_test_support::{TestDatabase, eventually};

/// Long enough for a busy machine.
pub(crate) const SOON: Duration = Duration::from_secs(10);
/// When every test takes place: 2026-01-01T12:00:00Z.
const NOON_SECONDS: i64 = 1_767_268_800;
pub(crate) const PASSWORD: &str = "correct horse battery";

const CONFIG: &str = r#"
profile = "demo"
# Whoever needs them says so.
[broker]
url = "amqp://127.0.0.1:1/%2f"
[redis]
url = "redis://127.0.0.1:1/0"
[console]
listen = "127.0.0.1:0"
ops_listen = "127.0.0.1:0"
statement_timeout_ms = 10000
[sources.payments]
provider = "native"
tokens = ["test-token"]
default_currency = "USD"
[sources.stripe]
provider = "stripe"
secrets = ["whsec_test"]
order_ref = "/metadata/order_id"
"#;

pub(crate) struct TestConsole {
    pub(crate) application: Application,
    pub(crate) clock: Clock,
    pub(crate) database: TestDatabase,
    pub(crate) http: Client,
    told: AtomicI64,
}

/// A browser's session: what it sends with each request.
pub(crate) struct Browser {
    pub(crate) cookie: String,
    pub(crate) csrf: String,
}

pub(crate) fn now() -> Timestamp {
    Timestamp::from_seconds(NOON_SECONDS).expect("it is in range")
}

/// That many seconds after noon.
pub(crate) fn later(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(NOON_SECONDS + seconds).expect("it is in range")
}

impl TestConsole {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        Self::with(|_| {}).await
    }

    /// Started with a changed configuration, and ready.
    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> anyhow::Result<Self> {
        let database = TestDatabase::new().await?;
        let mut config = config::from_toml(CONFIG)?;
        config.database = database.settings().clone();
        change(&mut config);
        let clock = Clock::fixed_at(now());
        let application = Application::start(config, clock.clone(), Scrape::default())?;
        eventually(SOON, async || application.health.is_ready().then_some(()).ok_or("unready"))
            .await;
        let http = Client::builder()
            .redirect(redirect::Policy::none())
            .build()?;
        Ok(Self { application, clock, database, http, told: AtomicI64::new(0) })
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.application.addr)
    }

    /// A token with that role and these scopes, for an hour.
    pub(crate) async fn token(&self, role: Role, scopes: &[Scope]) -> anyhow::Result<String> {
        let secret = Secret::new("wb_");
        let grant = Grant { role, scopes: scopes.iter().copied().collect() };
        let new = NewToken {
            id: id::at(now()),
            name: "test",
            hash: secret.hash(),
            grant: &grant,
            created_by: "test",
            expires_at: later(3_600),
        };
        let mut conn = self.database.connection().await?;
        create_token(&mut conn, &new, now()).await?;
        Ok(secret.expose().to_owned())
    }

    /// A local operator with the usual password.
    pub(crate) async fn operator(&self, name: &str, role: Role) -> anyhow::Result<()> {
        let new = NewOperator {
            id: id::at(now()),
            name,
            role,
            payload_read: false,
            password: Some(&PasswordHash::of(PASSWORD)?),
            identity: None,
        };
        let mut conn = self.database.connection().await?;
        let created = create_operator(&mut conn, &new, now()).await?;
        anyhow::ensure!(created, "{name} was there already");
        Ok(())
    }

    pub(crate) async fn try_to_sign_in(
        &self,
        name: &str,
        password: &str,
    ) -> anyhow::Result<Response> {
        let form = format!("name={name}&password={}", password.replace(' ', "+"));
        let request = self
            .http
            .post(self.url("/sign-in"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        Ok(request.send().await?)
    }

    pub(crate) async fn sign_in(&self, name: &str) -> anyhow::Result<Browser> {
        let answer = self.try_to_sign_in(name, PASSWORD).await?;
        anyhow::ensure!(answer.status() == StatusCode::SEE_OTHER, "{}", answer.status());
        self.browser(&answer).await
    }

    /// An operator of that role, signed in.
    pub(crate) async fn signed_in(&self, name: &str, role: Role) -> anyhow::Result<Browser> {
        self.operator(name, role).await?;
        self.sign_in(name).await
    }

    /// The session that an answer began.
    pub(crate) async fn browser(&self, answer: &Response) -> anyhow::Result<Browser> {
        let set = answer.headers()[SET_COOKIE].to_str()?;
        let cookie = set.split(';').next().unwrap_or_default().to_owned();
        let me = self
            .http
            .get(self.url("/api/v1/session"))
            .header("cookie", &cookie)
            .send()
            .await?;
        let me: Value = me.json().await?;
        let csrf = me["csrf_token"].as_str().unwrap_or_default().to_owned();
        Ok(Browser { cookie, csrf })
    }

    /// A page, as a browser with that session asks for it.
    pub(crate) async fn page(&self, browser: &Browser, path: &str) -> anyhow::Result<Response> {
        let request = self
            .http
            .get(self.url(path))
            .header("accept", "text/html")
            .header("cookie", &browser.cookie);
        Ok(request.send().await?)
    }

    /// The text of a page that is there.
    pub(crate) async fn shown(&self, browser: &Browser, path: &str) -> anyhow::Result<String> {
        let answer = self.page(browser, path).await?;
        anyhow::ensure!(answer.status() == 200, "{path}: {}", answer.status());
        Ok(answer.text().await?)
    }

    /// Sends a form of one of our pages; where it leads.
    pub(crate) async fn submit(
        &self,
        browser: &Browser,
        (path, fields): (&str, &[(&str, &str)]),
    ) -> anyhow::Result<(StatusCode, Option<String>)> {
        let form = Serializer::new(String::new())
            .append_pair("csrf_token", &browser.csrf)
            .extend_pairs(fields)
            .finish();
        let request = self
            .http
            .post(self.url(path))
            .header("cookie", &browser.cookie)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        let answer = request.send().await?;
        let location = answer.headers().get("location");
        let location = location
            .map(|location| location.to_str().map(str::to_owned))
            .transpose()?;
        Ok((answer.status(), location))
    }

    /// A request with a token.
    pub(crate) fn with_token(&self, method: Method, path: &str, token: &str) -> RequestBuilder {
        self.http
            .request(method, self.url(path))
            .header(AUTHORIZATION, format!("Bearer {token}"))
    }

    /// Gets a path with a token that may look at everything.
    pub(crate) async fn get(&self, path: &str) -> anyhow::Result<(StatusCode, Value)> {
        self.get_as(Role::Viewer, path).await
    }

    /// The same in another role.
    pub(crate) async fn get_as(
        &self,
        role: Role,
        path: &str,
    ) -> anyhow::Result<(StatusCode, Value)> {
        let token = self.token(role, &[Scope::All]).await?;
        told(self.with_token(Method::GET, path, &token).send().await?).await
    }

    /// A native webhook about an order, received that many milliseconds after noon.
    pub(crate) fn pending(&self, order: &str, status: &str, nth: i64) -> anyhow::Result<Pending> {
        let at = Timestamp::from_micros(now().micros() + nth * 1_000)?;
        let transaction =
            if status == "placed" { format!("{order}-placed") } else { format!("{order}-{nth}") };
        let envelope = Sender::payments(at).native(order, &transaction, status, 99_99)?;
        Ok(Pending {
            envelope,
            namespace: "payments".to_owned(),
            attempts: 0,
            replayed: false,
            trace_id: Some("0af7651916cd43dd8448eb211c80319c".into()),
        })
    }

    /// Tells an order these statuses, as a worker commits them.
    pub(crate) async fn tell(&self, order: &str, statuses: &[&str]) -> anyhow::Result<()> {
        let mut conn = self.database.connection().await?;
        for status in statuses {
            let nth = self.told.fetch_add(1, Ordering::SeqCst);
            let pending = self.pending(order, status, nth)?;
            let at = pending.envelope.received_at;
            let committed = commit(&mut conn, &[pending], at).await?;
            anyhow::ensure!(committed.missed.is_empty(), "nobody else writes here");
        }
        Ok(())
    }

    /// Commits a webhook that happened that many milliseconds after noon, whatever was told before.
    pub(crate) async fn tell_late(
        &self,
        order: &str,
        status: &str,
        nth: i64,
    ) -> anyhow::Result<()> {
        let mut conn = self.database.connection().await?;
        let pending = self.pending(order, status, nth)?;
        let now = self.clock.now();
        let committed = commit(&mut conn, &[pending], now).await?;
        anyhow::ensure!(committed.missed.is_empty(), "nobody else writes here");
        Ok(())
    }

    pub(crate) async fn finish(self) -> anyhow::Result<()> {
        anyhow::ensure!(self.application.stop().await, "did not stop in time");
        Ok(())
    }
}

/// The status and the JSON body.
pub(crate) async fn told(response: Response) -> anyhow::Result<(StatusCode, Value)> {
    let status = response.status();
    let text = response.text().await?;
    Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
}
