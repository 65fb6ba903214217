//! The pages Orders and Order.

use diesel_async::SimpleAsyncConnection as _;
use waybill_common::access::Role;
use waybill_common::domain::Reference;
use waybill_common::storage::commit::commit;

use crate::html::{assert_tells, faults};
use crate::support::{Browser, TestConsole, later, now};

async fn looking() -> anyhow::Result<(TestConsole, Browser)> {
    let console = TestConsole::start().await?;
    console.operator("ada", Role::Viewer).await?;
    let browser = console.sign_in("ada").await?;
    Ok((console, browser))
}

/// The names in a list, in its order.
fn names(page: &str) -> Vec<String> {
    page.split(r#"<th scope="row" class="name"><a href="/orders/"#)
        .skip(1)
        .filter_map(|row| Some(row.split_once('>')?.1.split_once('<')?.0.to_owned()))
        .collect()
}

/// The address of a link with that text.
fn link(page: &str, rel: &str) -> Option<String> {
    let mut anchors = page.split("<a ").skip(1);
    let found = anchors.find(|anchor| anchor.contains(&format!(r#"rel="{rel}""#)))?;
    let address = found.split_once(r#"href=""#)?.1.split_once('"')?.0;
    Some(address.replace("&#38;", "&"))
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_found_and_shown_with_state_and_money() -> anyhow::Result<()> {
    let (console, browser) = looking().await?;
    let empty = console.shown(&browser, "/orders").await?;
    assert!(empty.contains("The first webhook about an order makes it."), "{empty}");
    console.tell("A-1", &["placed"]).await?;
    console.tell("A-2", &["placed", "paid"]).await?;
    let page = console.shown(&browser, "/orders").await?;
    assert_eq!(names(&page), ["A-2", "A-1"]);
    assert!(page.contains(r#"<span class="badge badge-good">paid</span>"#), "{page}");
    assert!(page.contains(r#"<td class="number">99.99 EUR</td>"#), "{page}");
    for (query, found) in [
        ("status=paid", vec!["A-2"]),
        ("status=&payment=unpaid", vec!["A-1"]),
        ("q=A-1&status=&payment=&flag=&source=&from=&to=", vec!["A-1"]),
        ("flag=conflict", vec![]),
        ("source=payments", vec!["A-2", "A-1"]),
        ("from=2026-01-01T12:00", vec!["A-2", "A-1"]),
        ("to=2026-01-01T12:00:00", vec![]),
    ] {
        let page = console.shown(&browser, &format!("/orders?{query}")).await?;
        assert_eq!(names(&page), found, "{query}");
        assert_eq!(faults(&page), Vec::<String>::new(), "{query}");
    }
    let page = console.shown(&browser, "/orders?status=paid").await?;
    assert!(page.contains(r#"<option value="paid" selected>paid</option>"#), "{page}");
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_read_page_by_page_and_keeps_its_filter() -> anyhow::Result<()> {
    let (console, browser) = looking().await?;
    for nth in 0..5 {
        console.tell(&format!("A-{nth}"), &["placed"]).await?;
    }
    let first = console
        .shown(&browser, "/orders?limit=2&status=pending")
        .await?;
    assert_eq!(names(&first), ["A-4", "A-3"]);
    assert_eq!(link(&first, "prev"), None);
    let next = link(&first, "next").unwrap();
    assert!(next.starts_with("/orders?limit=2&status=pending&cursor="), "{next}");
    let second = console.shown(&browser, &next).await?;
    assert_eq!(names(&second), ["A-2", "A-1"]);
    let back = console
        .shown(&browser, &link(&second, "prev").unwrap())
        .await?;
    assert_eq!(names(&back), ["A-4", "A-3"]);
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_shown_with_everything_that_led_to_it() -> anyhow::Result<()> {
    let (console, browser) = looking().await?;
    console.tell("A-1", &["placed", "paid", "disputed"]).await?;
    let page = console.shown(&browser, "/orders/A-1").await?;
    assert_tells(
        &page,
        &[
            "<h1 class=\"break\">A-1</h1>",
            r#"<span class="badge badge-bad">disputed</span>"#,
            "<dt>Captured</dt><dd>99.99 EUR</dd>",
            "<dt>Disputed</dt><dd>99.99 EUR</dd>",
            "<code>order:A-1</code>",
            r#"<span class="badge badge-good">holds</span>"#,
            "3 rows were read again",
            "All 3 events were recorded in the order in which they happened.",
            "0af7651916cd43dd8448eb211c80319c",
            "None. Nothing about this order needs somebody's look.",
        ],
    );
    let became = |field: &str, before: &str, after: &str| {
        let arrow =
            r#"<span aria-hidden="true">→</span><span class="hidden-visually">became</span>"#;
        format!(r#"<span class="muted">{field}</span> {before} {arrow} <strong>{after}</strong>"#)
    };
    assert!(page.contains(&became("status", "pending", "paid")), "{page}");
    assert!(page.contains(&became("captured", "0.00 EUR", "99.99 EUR")), "{page}");
    assert_eq!(faults(&page), Vec::<String>::new());
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_out_of_order_is_seen() -> anyhow::Result<()> {
    let (console, browser) = looking().await?;
    console.clock.set(later(60));
    for (status, nth) in [("placed", 1), ("refunded", 9), ("paid", 5)] {
        console.tell_late("A-1", status, nth).await?;
    }
    let page = console.shown(&browser, "/orders/A-1").await?;
    assert!(
        page.contains("#3 of 3 events was recorded after something that happened later."),
        "{page}"
    );
    // The third event happened second: its line crosses that of the second one.
    assert!(
        page.contains(r#"<line class="way late" x1="168" y1="34" x2="308" y2="122">"#),
        "{page}"
    );
    assert!(page.contains(r#"<line class="way" x1="308" y1="34" x2="168" y2="122">"#), "{page}");
    assert_eq!(page.matches("out of order").count(), 1);
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn flags_are_told_with_what_they_mean_and_found() -> anyhow::Result<()> {
    let (console, browser) = looking().await?;
    console
        .tell("A-1", &["placed", "cancelled", "paid"])
        .await?;
    let page = console.shown(&browser, "/orders/A-1").await?;
    assert!(page.contains("paid after cancel"), "{page}");
    assert!(page.contains("The order was cancelled or deleted, and money of it is still kept."));
    let list = console
        .shown(&browser, "/orders?flag=paid_after_cancel")
        .await?;
    assert_eq!(names(&list), ["A-1"]);
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trail_that_was_touched_is_told_loudly() -> anyhow::Result<()> {
    let (console, browser) = looking().await?;
    console.tell("A-1", &["placed", "paid"]).await?;
    let mut owner = console.database.owner().await?;
    owner
        .batch_execute(
            "ALTER TABLE order_events DISABLE TRIGGER USER; \
             UPDATE order_events SET reason = 'because' WHERE seq = 2",
        )
        .await?;
    let page = console.shown(&browser, "/orders/A-1").await?;
    assert!(page.contains("does not hold"), "{page}");
    assert!(page.contains("row 2 was changed after it was written"), "{page}");
    owner
        .batch_execute("UPDATE order_events SET effect = '{}' WHERE seq = 2")
        .await?;
    let page = console.shown(&browser, "/orders/A-1").await?;
    assert!(page.contains("The steps cannot be shown"), "{page}");
    assert_eq!(faults(&page), Vec::<String>::new());
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_that_became_one_lead_to_each_other() -> anyhow::Result<()> {
    let (console, browser) = looking().await?;
    let foreign = Reference::foreign("stripe", "charge", "", "ch_1");
    let mut early = console.pending("A-1", "paid", 1)?;
    early.envelope.event.order_refs = vec![foreign.clone()];
    console.tell("A-1", &["placed"]).await?;
    let mut link = console.pending("A-1", "shipped", 3)?;
    link.envelope.event.order_refs.push(foreign);
    let mut conn = console.database.connection().await?;
    commit(&mut conn, &[early], now()).await?;
    commit(&mut conn, &[link], now()).await?;
    let page = console.shown(&browser, "/orders/A-1").await?;
    assert!(page.contains("took another order in"), "{page}");
    let other = page.split(r#"<p><a href="/orders/"#).nth(1).unwrap();
    let other = other.split_once('"').unwrap().0;
    let absorbed = console.shown(&browser, &format!("/orders/{other}")).await?;
    assert!(absorbed.contains("It became part of"), "{absorbed}");
    assert!(absorbed.contains("became part of another order"), "{absorbed}");
    assert_eq!(faults(&absorbed), Vec::<String>::new());
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_payload_says_is_text_wherever_it_is_shown() -> anyhow::Result<()> {
    let (console, browser) = looking().await?;
    let hostile = r#""><img src=x onerror=alert(1)><script>alert(2)</script>"#;
    let mut pending = console.pending("A-1", "paid", 1)?;
    let event = &mut pending.envelope.event;
    event.order_refs = vec![Reference::order(hostile)];
    event.native_type = hostile.to_owned();
    event.dedup_key = hostile.to_owned();
    pending.envelope.correlation_id = hostile.to_owned();
    pending.trace_id = Some(hostile.to_owned());
    let mut conn = console.database.connection().await?;
    commit(&mut conn, &[pending], now()).await?;
    let (_, found) = console.get("/api/v1/webhooks").await?;
    let webhook = found["items"][0]["id"].as_str().unwrap();
    let order = found["items"][0]["order_id"].as_str().unwrap();
    let query: String = url::form_urlencoded::byte_serialize(hostile.as_bytes()).collect();
    for path in [
        "/orders".to_owned(),
        format!("/orders?q={query}"),
        format!("/orders?source={query}"),
        format!("/orders/{order}"),
        format!("/orders/{query}").replace('+', "%20"),
        "/webhooks".to_owned(),
        format!("/webhooks?source={query}"),
        format!("/webhooks/{webhook}"),
    ] {
        let page = console.shown(&browser, &path).await?;
        assert!(!page.contains("<img src=x") && !page.contains("<script>alert"), "{path}\n{page}");
        assert!(page.contains("&#60;script&#62;alert(2)"), "{path}\n{page}");
        assert_eq!(faults(&page), Vec::<String>::new(), "{path}");
    }
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_is_not_there_is_told_so() -> anyhow::Result<()> {
    let (console, browser) = looking().await?;
    let answer = console.page(&browser, "/orders/nothing").await?;
    assert_eq!(answer.status(), 404);
    let page = answer.text().await?;
    assert!(page.contains("There is no order of that name."), "{page}");
    assert_eq!(faults(&page), Vec::<String>::new());
    console.finish().await
}
