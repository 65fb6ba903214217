//! The page Sources.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use actix_web::web::{Bytes, Data, to};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use reqwest::{Response, StatusCode};
use waybill_common::access::Role;
use waybill_common::config::{self, Profile};
use waybill_common::domain::Timestamp;
use waybill_common::domain::counts::{SecretKind, SecretUse};
use waybill_common::shutdown::Shutdown;
use waybill_common::storage::secret_uses;

use crate::html::{assert_tells, faults};
use crate::support::{Browser, TestConsole, later, now};

const DAY: i64 = 86_400;

const SOURCES: &str = r#"
profile = "demo"
[sources.rotating]
provider = "stripe"
secrets = [
    { value = "whsec_the_old_one", not_after = "2026-01-02T00:00:00Z" },
    { value = "whsec_the_new_one", not_before = "2026-01-01T00:00:00Z" },
]
[sources.later]
provider = "stripe"
secrets = ["whsec_this_one", { value = "whsec_another", not_before = "2027-01-01T00:00:00Z" }]
[sources.over]
provider = "native"
live = false
tokens = [{ value = "an-old-token", not_after = "2025-01-01T00:00:00Z" }]
"#;

#[tokio::test(flavor = "multi_thread")]
async fn sources_are_told_with_the_state_of_their_secrets_and_without_them() -> anyhow::Result<()> {
    let sources = config::from_toml(SOURCES)?.sources;
    let console = TestConsole::with(|config| config.sources = sources).await?;
    console.operator("ada", Role::Viewer).await?;
    let browser = console.sign_in("ada").await?;
    let page = console.shown(&browser, "/sources").await?;
    assert_tells(
        &page,
        &[
            "several are in use while one ends",
            "another one follows",
            "none is in use: everything is refused",
            "POST /webhooks/rotating",
            "test mode",
            r#"<time datetime="2026-01-02T00:00:00.000000Z">"#,
            r#"<span class="badge badge-info">not yet</span>"#,
            r#"<span class="badge badge-plain">over</span>"#,
        ],
    );
    for secret in ["whsec_", "an-old-token"] {
        assert!(!page.contains(secret), "{page}");
    }
    assert_eq!(faults(&page), Vec::<String>::new());
    console.finish().await
}

/// A secret of `shop` as a replica that runs tells of it.
fn used(position: u16, used: u64, last: Option<Timestamp>, told_at: Timestamp) -> SecretUse {
    SecretUse {
        source: "shop".into(),
        kind: SecretKind::Secret,
        position,
        since: later(-30 * DAY),
        used,
        last_used_at: last,
        told_at,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_secrets_is_followed_until_the_old_one_can_go() -> anyhow::Result<()> {
    let shop = "profile = 'demo'\n[sources.shop]\nprovider = 'stripe'\n\
                secrets = ['whsec_the_old_one', 'whsec_the_new_one']";
    let sources = config::from_toml(shop)?.sources;
    let console = TestConsole::with(|config| config.sources = sources).await?;
    console.operator("ada", Role::Viewer).await?;
    let browser = console.sign_in("ada").await?;
    let page = console.shown(&browser, "/sources").await?;
    assert!(page.contains("<dd>several are in use</dd>") && page.contains("unknown"), "{page}");

    let mut conn = console.database.connection().await?;
    let old = used(0, 17, Some(later(-3 * DAY)), now());
    secret_uses::report(&mut conn, "r", &[old, used(1, 0, None, now())]).await?;
    let page = console.shown(&browser, "/sources").await?;
    assert_tells(
        &page,
        &[
            "<dd>secret 2 has not been used yet</dd>",
            r#"<span class="badge badge-info">not used yet</span>"#,
            r#"<td class="number">17</td>"#,
            r#"<time datetime="2025-12-29T12:00:00.000000Z">"#,
            r#"counted since <time datetime="2025-12-02T12:00:00.000000Z">"#,
        ],
    );
    assert_eq!(faults(&page), Vec::<String>::new());

    secret_uses::report(&mut conn, "r", &[used(1, 1, Some(later(60)), later(61))]).await?;
    console.clock.set(later(62));
    let page = console.shown(&browser, "/sources").await?;
    assert_tells(
        &page,
        &[
            "<dd>secret 1 is not used any more: it can go</dd>",
            r#"<span class="badge badge-warn">can go</span>"#,
        ],
    );
    let overview = console.shown(&browser, "/").await?;
    assert_tells(
        &overview,
        &[
            r#"<td data-cell="rotation">secret 1 is not used any more: it can go</td>"#,
            r#"<td data-cell="verified"><time datetime="2026-01-01T12:01:00.000000Z">"#,
        ],
    );
    assert_eq!(faults(&overview), Vec::<String>::new());
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_replicas_that_have_ended_told_is_kept_apart() -> anyhow::Result<()> {
    let shop = "profile = 'demo'\n[sources.shop]\nprovider = 'stripe'\nsecrets = ['whsec_one']";
    let sources = config::from_toml(shop)?.sources;
    let console = TestConsole::with(|config| config.sources = sources).await?;
    let mut conn = console.database.connection().await?;
    let ended = used(0, 5, Some(later(-DAY)), later(-DAY));
    secret_uses::report(&mut conn, "ended", &[ended]).await?;
    secret_uses::report(&mut conn, "runs", &[used(0, 0, None, now())]).await?;
    console.operator("ada", Role::Viewer).await?;
    let browser = console.sign_in("ada").await?;
    let page = console.shown(&browser, "/sources").await?;
    let told = r#"before that, what stood there: <time datetime="2025-12-31T12:00:00.000000Z">"#;
    assert!(page.contains(told) && page.contains(">in use<"), "{page}");
    assert!(page.contains(r#"<td class="number">0</td>"#), "{page}");
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_sources_the_page_says_what_to_do() -> anyhow::Result<()> {
    let console = TestConsole::with(|config| config.sources.clear()).await?;
    console.operator("ada", Role::Viewer).await?;
    let browser = console.sign_in("ada").await?;
    let page = console.shown(&browser, "/sources").await?;
    assert!(page.contains("No source is configured"), "{page}");
    assert_eq!(faults(&page), Vec::<String>::new());
    console.finish().await
}

async fn send(
    console: &TestConsole,
    browser: &Browser,
    (source, scenario): (&str, &str),
) -> anyhow::Result<Response> {
    let form = format!("csrf_token={}&scenario={scenario}", browser.csrf);
    let request = console
        .http
        .post(console.url(&format!("/sources/{source}/sample")))
        .header("cookie", &browser.cookie)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form);
    Ok(request.send().await?)
}

/// What came in: the path and the body of each request.
type Came = Arc<Mutex<Vec<(String, Bytes)>>>;

/// Stands where ingest listens, and takes everything.
fn ingest(came: &Came) -> anyhow::Result<(SocketAddr, actix_web::dev::ServerHandle)> {
    let came = Data::new(Arc::clone(came));
    let take = async |request: HttpRequest, body: Bytes, came: Data<Came>| {
        came.lock()
            .expect("nobody panics with it")
            .push((request.path().to_owned(), body));
        HttpResponse::Accepted().finish()
    };
    let server =
        HttpServer::new(move || App::new().app_data(came.clone()).default_service(to(take)));
    let server = server.workers(1).disable_signals().bind("127.0.0.1:0")?;
    let addr = server.addrs()[0];
    let running = server.run();
    let handle = running.handle();
    Shutdown::new().spawn(running);
    Ok((addr, handle))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_sends_a_sample_that_the_sources_own_sender_signed() -> anyhow::Result<()> {
    let came = Came::default();
    let (addr, server) = ingest(&came)?;
    let console = TestConsole::with(|config| config.ingest.listen = addr).await?;
    console.operator("bob", Role::Operator).await?;
    let browser = console.sign_in("bob").await?;
    let page = console.shown(&browser, "/sources").await?;
    assert!(page.contains(r#"action="/sources/payments/sample""#), "{page}");
    let answer = send(&console, &browser, ("payments", "partial-refund")).await?;
    assert_eq!(answer.status(), StatusCode::OK);
    let page = answer.text().await?;
    let came = came.lock().unwrap().clone();
    let told = format!("{0} of {0} webhooks of “partial-refund” were accepted.", came.len());
    assert!(page.contains(&told) && !came.is_empty(), "{page}");
    assert_eq!(faults(&page), Vec::<String>::new());
    assert!(
        came.iter()
            .all(|(path, body)| path == "/webhooks/payments" && body.starts_with(b"{"))
    );
    let activity = console
        .shown(&browser, "/activity?action=send_sample")
        .await?;
    assert!(activity.contains("source:payments") && activity.contains("operator:bob"));
    server.stop(true).await;

    let answer = send(&console, &browser, ("payments", "paid")).await?;
    let page = answer.text().await?;
    assert!(page.contains("0 of") && page.contains("Ingest did not take them"), "{page}");
    for (source, scenario) in [("payments", "nothing"), ("nobody", "paid")] {
        let answer = send(&console, &browser, (source, scenario)).await?;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{source} {scenario}");
    }
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn samples_are_for_operators_and_for_the_demo_only() -> anyhow::Result<()> {
    let demo = TestConsole::start().await?;
    let production = TestConsole::with(|config| config.profile = Profile::Production).await?;
    for (console, role, status) in [(demo, Role::Viewer, 403), (production, Role::Operator, 404)] {
        let browser = console.signed_in("ada", role).await?;
        let page = console.shown(&browser, "/sources").await?;
        assert!(!page.contains("/sample"), "{page}");
        assert_eq!(
            send(&console, &browser, ("payments", "paid"))
                .await?
                .status(),
            status
        );
        console.finish().await?;
    }
    Ok(())
}
