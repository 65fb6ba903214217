//! The pages Webhooks and Webhook.

use waybill_common::access::{PasswordHash, Role};
use waybill_common::domain::Effect;
use waybill_common::id;
use waybill_common::storage::access::{NewOperator, create_operator};
use waybill_common::storage::commit::commit;

use crate::html::{assert_tells, faults};
use crate::support::{Browser, PASSWORD, TestConsole, now};

/// Somebody who may see raw requests.
async fn trusted(console: &TestConsole) -> anyhow::Result<Browser> {
    let new = NewOperator {
        id: id::at(now()),
        name: "zoe",
        role: Role::Viewer,
        payload_read: true,
        password: Some(&PasswordHash::of(PASSWORD)?),
        identity: None,
    };
    let mut conn = console.database.connection().await?;
    anyhow::ensure!(create_operator(&mut conn, &new, now()).await?);
    console.sign_in("zoe").await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_shows_what_became_of_each_webhook() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    console.operator("ada", Role::Viewer).await?;
    let browser = console.sign_in("ada").await?;
    let empty = console.shown(&browser, "/webhooks").await?;
    assert!(empty.contains("as soon as a worker has committed them"), "{empty}");
    console.tell("A-1", &["placed", "paid"]).await?;
    let mut dead = console.pending("A-1", "paid", 9)?;
    dead.envelope.event.effect = Effect::Unusable { reason: "no amount".into() };
    let mut conn = console.database.connection().await?;
    commit(&mut conn, &[dead], now()).await?;
    let rows = |page: &str| page.matches(r#"<th scope="row" class="break">"#).count();
    let (_, order) = console.get("/api/v1/orders/A-1").await?;
    let order = order["id"].as_str().unwrap();
    for (query, found) in [
        ("", 3),
        ("verdict=applied", 2),
        ("verdict=dead", 1),
        ("source=payments", 3),
        ("source=stripe", 0),
        ("order_id=&source=&verdict=", 3),
        (&format!("order_id={order}"), 2),
        ("to=2026-01-01T12:00", 0),
        ("limit=1", 1),
    ] {
        let page = console
            .shown(&browser, &format!("/webhooks?{query}"))
            .await?;
        assert_eq!(rows(&page), found, "{query}");
        assert_eq!(faults(&page), Vec::<String>::new(), "{query}");
    }
    let page = console.shown(&browser, "/webhooks?verdict=dead").await?;
    assert!(page.contains("no amount") && page.contains("badge-bad"), "{page}");
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_leads_to_its_order_and_its_trace() -> anyhow::Result<()> {
    let console = TestConsole::with(|config| {
        config.console.trace_url = Some("https://traces.example/t/{trace_id}".into());
    })
    .await?;
    console.operator("ada", Role::Viewer).await?;
    let browser = console.sign_in("ada").await?;
    console.tell("A-1", &["placed"]).await?;
    let (_, found) = console.get("/api/v1/webhooks").await?;
    let webhook = &found["items"][0];
    let path = format!("/webhooks/{}", webhook["id"].as_str().unwrap());
    let page = console.shown(&browser, &path).await?;
    let order = format!(r#"href="/orders/{}""#, webhook["order_id"].as_str().unwrap());
    let trace =
        r#"href="https://traces.example/t/0af7651916cd43dd8448eb211c80319c" rel="noreferrer""#;
    assert_tells(&page, &[order.as_str(), trace, webhook["body_sha256"].as_str().unwrap()]);
    assert_eq!(faults(&page), Vec::<String>::new());
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn raw_requests_are_for_whoever_may_see_them_and_each_look_is_on_record() -> anyhow::Result<()>
{
    let console = TestConsole::start().await?;
    console.operator("ada", Role::Admin).await?;
    let browser = console.sign_in("ada").await?;
    console.tell("A-1", &["placed"]).await?;
    let (_, found) = console.get("/api/v1/webhooks").await?;
    let path = format!("/webhooks/{}", found["items"][0]["id"].as_str().unwrap());
    let page = console.shown(&browser, &path).await?;
    assert!(page.contains("To see it you need"), "{page}");
    assert!(!page.contains(&format!("{path}/body")));
    assert_eq!(
        console
            .page(&browser, &format!("{path}/body"))
            .await?
            .status(),
        403
    );

    let trusted = trusted(&console).await?;
    let page = console.shown(&trusted, &path).await?;
    assert!(page.contains(&format!("{path}/body")) && !page.contains("order_uuid"), "{page}");
    let page = console.shown(&trusted, &format!("{path}/body")).await?;
    assert!(page.contains("  &#34;order_uuid&#34;: &#34;A-1&#34;"), "indented: {page}");
    assert_eq!(faults(&page), Vec::<String>::new());
    let page = console
        .shown(&browser, "/activity?action=read_payload")
        .await?;
    assert!(page.contains("operator:zoe") && page.contains(&format!(r#"<a href="{path}">"#)));
    assert_eq!(page.matches("read payload").count(), 1, "{page}");
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_payload_is_text_and_bytes_are_base64() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    let trusted = trusted(&console).await?;
    let mut conn = console.database.connection().await?;
    let bodies: [&[u8]; 3] = [
        b"{\"a\":\"</pre><script>alert(1)</script>\"}",
        b"<img src=x onerror=alert(1)>",
        b"\xff\xfe",
    ];
    let mut pages = Vec::new();
    for (nth, body) in (1..).zip(bodies) {
        let mut pending = console.pending("A-1", "placed", nth)?;
        pending.envelope.event.dedup_key = format!("key-{nth}");
        pending.envelope.body = body.to_vec();
        commit(&mut conn, &[pending], now()).await?;
        let (_, found) = console.get("/api/v1/webhooks").await?;
        let id = found["items"][0]["id"].as_str().unwrap().to_owned();
        let page = console
            .shown(&trusted, &format!("/webhooks/{id}/body"))
            .await?;
        assert_eq!(faults(&page), Vec::<String>::new());
        pages.push(page);
    }
    assert!(pages[0].contains("&#60;/pre&#62;&#60;script&#62;alert(1)"), "{}", pages[0]);
    assert!(pages[0].contains("Indented for reading"));
    assert!(pages[1].contains("&#60;img src=x onerror=alert(1)&#62;"), "{}", pages[1]);
    assert!(!pages[1].contains("Indented for reading"));
    assert!(pages[2].contains("shown in base64") && pages[2].contains("//4="), "{}", pages[2]);
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_is_not_there_is_told_so() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    let trusted = trusted(&console).await?;
    for path in [
        "/webhooks/01890a5d-ac96-774b-bcce-b302099a8057",
        "/webhooks/01890a5d-ac96-774b-bcce-b302099a8057/body",
    ] {
        assert_eq!(console.page(&trusted, path).await?.status(), 404, "{path}");
    }
    console.finish().await
}
