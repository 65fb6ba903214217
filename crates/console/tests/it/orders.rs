//! Searching orders.

use crate::support::TestConsole;

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
