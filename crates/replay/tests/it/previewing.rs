//! What a dry run shows, and that it writes nothing.

use serde_json::json;
use waybill_common::domain::Reference;
use waybill_common::storage::commit::{Pending, commit};
use waybill_common::storage::dead_letters::{Body, Burial, DeathReason, Selection, bury};
use waybill_replay::engine::Ended;
use waybill_replay::preview::{self, LETTERS_MAX, ReplayPreview};

use crate::support::{FAST, World, all, later};

/// Looks at what a replay would do, and sees that nothing was written.
async fn previewed(world: &World, selection: &Selection) -> anyhow::Result<ReplayPreview> {
    let before = world.database.fingerprint().await?;
    let mut conn = world.database.connection().await?;
    let preview = preview::of_many(&mut conn, (&world.reader, selection), later(0)).await?;
    assert_eq!(world.database.fingerprint().await?, before, "nothing was written");
    Ok(preview)
}

fn outcomes(preview: &ReplayPreview) -> Vec<&str> {
    preview
        .letters
        .iter()
        .map(|letter| letter.outcome.as_str())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_of_one_order_are_folded_together() -> anyhow::Result<()> {
    let world = World::new().await?;
    world.tell("A-1", "placed").await?;
    for (status, nth) in [("paid", 30), ("refunded", 20)] {
        world
            .bury(world.pending("A-1", status, (nth, 99_99))?)
            .await?;
    }
    world
        .bury(world.pending("B-1", "paid", (10, 1_00))?)
        .await?;
    let preview = previewed(&world, &all()).await?;
    assert_eq!((preview.matched, preview.examined, preview.is_sample), (3, 3, false));
    assert_eq!(preview.counts.applied, 3);
    let [known, new] = &preview.orders[..] else { panic!("two orders: {preview:?}") };
    let known_id = world.order("A-1").await?.unwrap().id;
    assert_eq!((known.order_id, known.external_id.as_deref()), (Some(known_id), Some("A-1")));
    assert_eq!(known.changed["status"], [json!("pending"), json!("refunded")]);
    assert_eq!(known.changed["captured"], [json!(0), json!(99_99)]);
    assert_eq!(known.changed["refunded"], [json!(0), json!(99_99)]);
    assert_eq!((new.order_id, new.external_id.as_deref()), (None, Some("B-1")));
    assert_eq!(preview.letters[0].order.as_ref().unwrap().order_id, Some(known_id));
    assert_eq!(preview.letters[2].order.as_ref().unwrap().order_id, None);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_told_already_is_a_duplicate_and_what_cannot_be_used_says_why()
-> anyhow::Result<()> {
    let world = World::new().await?;
    world.tell("A-1", "paid").await?;
    world
        .bury(world.pending("A-1", "paid", (50, 99_99))?)
        .await?;
    world
        .bury(world.pending("A-1", "paid", (40, 1_00))?)
        .await?;
    let mut broken = world.pending("A-2", "paid", (30, 99_99))?;
    broken.envelope.body = b"no JSON".to_vec();
    world.bury(broken).await?;
    let mut gone = world.pending("A-3", "paid", (20, 99_99))?;
    gone.envelope.event.source = "gone".into();
    world.bury(gone).await?;
    let preview = previewed(&world, &all()).await?;
    assert_eq!(outcomes(&preview), ["duplicate", "conflict", "unusable", "unusable"]);
    assert_eq!(preview.letters[3].rule, "its source is not configured any more");
    let counts = preview.counts;
    assert_eq!((counts.duplicate, counts.conflict, counts.unusable), (1, 1, 2));
    let [order] = &preview.orders[..] else { panic!("the conflict raises a flag: {preview:?}") };
    assert_eq!(order.changed["flags"], [json!([]), json!(["conflict"])]);
    Ok(())
}

/// A letter whose body its adapter does not understand stays the event that it was: here one with two names.
fn linking(world: &World, names: &[Reference], nth: i64) -> anyhow::Result<Pending> {
    let mut pending = world.pending("A-1", "paid", (nth, 99_99))?;
    pending.envelope.event.dedup_key = format!("link-{nth}");
    pending.envelope.event.order_refs = names.to_vec();
    pending.envelope.body = b"no JSON".to_vec();
    Ok(pending)
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_that_would_be_linked_are_shown_as_one() -> anyhow::Result<()> {
    let world = World::new().await?;
    world.tell("A-1", "placed").await?;
    let payment = Reference::foreign("stripe", "charge", "acct_1", "ch_1");
    let mut conn = world.database.connection().await?;
    let early = linking(&world, std::slice::from_ref(&payment), 90)?;
    commit(&mut conn, &[early], later(0)).await?;
    let link = linking(&world, &[Reference::order("A-1"), payment], 80)?;
    world.bury_as_it_is(&link, DeathReason::Exhausted).await?;
    let preview = previewed(&world, &all()).await?;
    let merchants = world.order("A-1").await?.unwrap().id;
    let absorbed = preview
        .orders
        .iter()
        .find(|order| order.order_id != Some(merchants))
        .unwrap();
    let into = absorbed.absorbed_into.as_ref().unwrap();
    assert_eq!((into.order_id, into.external_id.as_deref()), (Some(merchants), Some("A-1")));
    assert_eq!(absorbed.changed["status"], [json!("paid"), json!("absorbed")]);
    let absorbing = preview
        .orders
        .iter()
        .find(|order| order.order_id == Some(merchants))
        .unwrap();
    assert_eq!(absorbing.changed["captured"], [json!(0), json!(99_99)]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shown_is_what_then_happens() -> anyhow::Result<()> {
    let world = World::new().await?;
    world.tell("A-2", "paid").await?;
    world.paid(4).await?;
    let preview = previewed(&world, &all()).await?;
    let id = world.ask(&all(), FAST).await?;
    assert_eq!(world.work().await?, Ended::Finished);
    assert_eq!(preview.counts, world.replay(id).await?.counts.into());
    for order in &preview.orders {
        let name = order.external_id.as_deref().unwrap();
        let stands = world.order(name).await?.unwrap();
        assert_eq!(order.changed["status"][1], json!(stands.status), "{name}");
        assert_eq!(order.changed["captured"][1], json!(stands.captured), "{name}");
    }
    assert_eq!(preview.orders.len(), 3);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_more_letters_than_it_looks_at_it_says_that_it_is_a_sample() -> anyhow::Result<()> {
    let world = World::new().await?;
    let count = i64::try_from(LETTERS_MAX)?;
    let letters: Vec<Pending> = (0..=count)
        .map(|nth| world.pending(&format!("A-{nth}"), "paid", (nth, 1_00)))
        .collect::<anyhow::Result<_>>()?;
    let burials: Vec<Burial<'_>> = letters
        .iter()
        .map(|pending| Burial {
            body: Body::Event(pending),
            reason: DeathReason::Exhausted,
            error: "no".into(),
            attempts: 9,
        })
        .collect();
    let mut conn = world.database.connection().await?;
    bury(&mut conn, &burials, later(0)).await?;
    let preview = previewed(&world, &all()).await?;
    let told = (preview.matched, preview.examined, preview.is_sample);
    assert_eq!(told, (count + 1, count, true));
    Ok(())
}
