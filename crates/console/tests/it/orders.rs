//! Searching orders.

use reqwest::Method;
use waybill_common::access::{Role, Scope};

use crate::support::{TestConsole, told};

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_database_has_an_empty_page() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    let (status, body) = console.get("/api/v1/orders").await?;
    assert_eq!(status, 200);
    assert_eq!(body, serde_json::json!({"items": [], "next": null, "previous": null}));
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_that_make_no_sense_are_named() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    for (query, parameter) in [
        ("?status=rich", "status"),
        ("?payment=gold", "payment"),
        ("?limit=0", "limit"),
        ("?limit=201", "limit"),
        ("?limit=x", "query"),
        ("?cursor=x", "cursor"),
        ("?from=yesterday", "from"),
        ("?to=1", "to"),
        ("?colour=red", "query"),
    ] {
        let (status, body) = console.get(&format!("/api/v1/orders{query}")).await?;
        assert_eq!((status.as_u16(), body["code"].as_str()), (400, Some("invalid")), "{query}");
        assert!(body["errors"][parameter].is_string(), "{query} {body}");
    }
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn bounds_of_time_may_lie_beyond_all_that_is_kept() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    console.tell("A-1", &["placed"]).await?;
    for (query, found) in [
        ("from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59-01:00", 1),
        ("to=1969-12-31T23:59:59Z", 0),
        ("from=9999-12-31T23:59:60Z", 0),
    ] {
        for list in ["orders", "webhooks", "actions"] {
            let token = console.token(Role::Admin, &[Scope::All]).await?;
            let path = format!("/api/v1/{list}?{query}");
            let answer = console
                .with_token(Method::GET, &path, &token)
                .send()
                .await?;
            let (status, page) = told(answer).await?;
            assert_eq!(status, 200, "{list} {query} {page}");
            let found = if list == "actions" { 0 } else { found };
            assert_eq!(page["items"].as_array().map(Vec::len), Some(found), "{list} {query}");
        }
    }
    let (status, _) = console
        .get("/api/v1/reconciliation?from=0001-01-01T00:00:00Z&to=1970-01-01T00:00:00Z")
        .await?;
    assert_eq!(status, 200);
    console.finish().await
}
