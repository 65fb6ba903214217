//! Commands that look at orders and trails.

use diesel_async::SimpleAsyncConnection as _;

use crate::support::Installation;

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_shown_by_either_id_with_its_trail() -> anyhow::Result<()> {
    let installation = Installation::new().await?;
    installation.paid_order("A-1").await?;

    let shown = installation.json(&["orders", "show", "A-1"])?;
    assert_eq!((&shown["status"], &shown["captured"]), (&"paid".into(), &9999.into()));
    let trail = installation.json(&["orders", "events", "A-1"])?;
    assert_eq!(trail["items"][1]["record"]["from_status"], "pending");
    assert_eq!(trail["items"][1]["hash"], shown["head_hash"]);

    let id = shown["id"].as_str().unwrap();
    assert_eq!(installation.json(&["orders", "show", id])?, shown);
    let people = installation.waybill(&["orders", "show", "A-1"]).success();
    let text = String::from_utf8(people.get_output().stdout.clone())?;
    assert!(text.contains("captured 99.99 EUR"), "{text}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_nobody_knows_is_not_found() -> anyhow::Result<()> {
    let installation = Installation::new().await?;
    installation.waybill(&["orders", "show", "nobody"]).code(1);
    installation
        .waybill(&["verify", "--order", "nobody"])
        .code(1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trail_that_somebody_changed_does_not_verify() -> anyhow::Result<()> {
    let installation = Installation::new().await?;
    for order in ["A-1", "A-2"] {
        installation.paid_order(order).await?;
    }
    let clean = installation.json(&["verify"])?;
    assert_eq!((&clean["orders"], &clean["events"]), (&2.into(), &4.into()));
    installation.waybill(&["verify"]).success();

    let change = "ALTER TABLE order_events DISABLE TRIGGER ALL; \
                  UPDATE order_events SET reason = reason || '.' WHERE seq = 2 AND order_id = (SELECT min(id::text)::uuid FROM orders)";
    installation
        .database
        .owner()
        .await?
        .batch_execute(change)
        .await?;
    installation.waybill(&["verify"]).code(1);
    assert_eq!(
        installation.json(&["verify"])?["faults"]
            .as_object()
            .unwrap()
            .len(),
        1
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trail_that_was_cut_with_its_head_is_caught_by_exported_heads() -> anyhow::Result<()> {
    let installation = Installation::new().await?;
    installation.paid_order("A-1").await?;
    let folder = tempfile::tempdir()?;
    let heads = folder.path().join("heads");
    let verify = ["verify", "--heads", heads.to_str().unwrap()];
    installation.waybill(&verify).success();
    installation.waybill(&verify).success();

    let change = "ALTER TABLE order_events DISABLE TRIGGER ALL; DELETE FROM order_events; DELETE FROM orders; \
                  DELETE FROM order_aliases; DELETE FROM order_changes; DELETE FROM event_keys; DELETE FROM webhooks";
    installation
        .database
        .owner()
        .await?
        .batch_execute(change)
        .await?;
    installation.waybill(&["verify"]).success();
    installation.waybill(&verify).code(1);

    std::fs::write(&heads, "not a head\n")?;
    installation.waybill(&verify).code(2);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_hangs_loose_does_not_verify_and_is_named() -> anyhow::Result<()> {
    let installation = Installation::new().await?;
    installation.paid_order("A-1").await?;
    let mut owner = installation.database.owner().await?;
    owner.batch_execute("DELETE FROM event_keys").await?;

    installation.waybill(&["verify"]).code(1);
    let told = installation.json(&["verify"])?;
    assert_eq!(told["faults"].as_object().map(serde_json::Map::len), Some(0));
    assert_eq!(told["loose_ends"][0]["what"], "webhooks that count hold no key");
    assert_eq!(told["loose_ends"][0]["count"], 2);
    // One order alone says nothing of the rest.
    installation
        .waybill(&["verify", "--order", "A-1"])
        .success();

    owner.batch_execute("DROP TABLE event_keys").await?;
    installation.waybill(&["verify"]).code(2);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_cannot_be_read_is_a_fault_and_not_an_error() -> anyhow::Result<()> {
    let installation = Installation::new().await?;
    installation.paid_order("A-1").await?;
    let change =
        "ALTER TABLE order_events DISABLE TRIGGER ALL; UPDATE order_events SET order_refs = '[7]'";
    installation
        .database
        .owner()
        .await?
        .batch_execute(change)
        .await?;
    installation.waybill(&["verify"]).code(1);
    Ok(())
}
