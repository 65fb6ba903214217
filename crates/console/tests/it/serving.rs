//! Starting, stopping, and what every answer has.

use reqwest::{Method, StatusCode};
use waybill_common::access::{Role, Scope};

use crate::support::{TestConsole, told};

#[tokio::test(flavor = "multi_thread")]
async fn it_is_ready_with_its_database_and_stops_in_time() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    let ready = format!("http://{}/readyz", console.application.ops_addr);
    let answer = console.http.get(ready).send().await?;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.text().await?, "database: up\n");
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_database_it_is_unready_and_says_unavailable() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    let token = console.token(Role::Viewer, &[Scope::All]).await?;
    let mut owner = console.database.owner().await?;
    let shut = "UPDATE pg_database SET datallowconn = false WHERE datname = current_database()";
    diesel_async::SimpleAsyncConnection::batch_execute(
        &mut owner,
        &format!(
            "{shut}; SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ),
    )
    .await?;
    waybill_test_support::eventually(crate::support::SOON, async || {
        let answer = console
            .with_token(Method::GET, "/api/v1/orders", &token)
            .send()
            .await
            .unwrap();
        let (status, body) = told(answer).await.unwrap();
        let away =
            status == StatusCode::SERVICE_UNAVAILABLE && !console.application.health.is_ready();
        let told = body["code"] == "unavailable";
        (away && told).then_some(()).ok_or((status, body))
    })
    .await;
    diesel_async::SimpleAsyncConnection::batch_execute(
        &mut owner,
        "UPDATE pg_database SET datallowconn = true WHERE datname = current_database()",
    )
    .await?;
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_tells_browsers_to_be_strict() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    for path in ["/api/v1/session", "/sign-in/nothing", "/nowhere"] {
        let answer = console.http.get(console.url(path)).send().await?;
        let headers = answer.headers();
        let policy = headers["content-security-policy"].to_str()?;
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
        assert!(!policy.contains("unsafe-inline") && !policy.contains("unsafe-eval"));
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["x-frame-options"], "DENY");
        assert_eq!(headers["referrer-policy"], "same-origin");
        assert_eq!(headers["cross-origin-opener-policy"], "same-origin");
        assert_eq!(headers["cache-control"], "no-store");
        assert!(!headers.contains_key("strict-transport-security"), "{path}");
    }
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn over_https_browsers_are_told_to_stay_there() -> anyhow::Result<()> {
    let console = TestConsole::with(|config| {
        config.console.public_url = Some("https://waybill.example.com".into());
    })
    .await?;
    let answer = console.http.get(console.url("/nowhere")).send().await?;
    assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000");
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_in_the_table_is_not_there() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    let (status, body) = told(console.http.get(console.url("/nowhere")).send().await?).await?;
    assert_eq!((status.as_u16(), body["code"].as_str()), (404, Some("not_found")));
    let answer = console
        .http
        .put(console.url("/api/v1/orders"))
        .send()
        .await?;
    assert_eq!(answer.headers()["allow"], "GET");
    let (status, body) = told(answer).await?;
    assert_eq!((status.as_u16(), body["code"].as_str()), (405, Some("method_not_allowed")));
    console.finish().await
}
