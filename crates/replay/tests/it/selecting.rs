//! Which letters a filter is about.

use uuid::Uuid;
use waybill_common::domain::Timestamp;
use waybill_common::storage::dead_letters::{DeathReason, Selection, count_waiting, waiting};
use waybill_replay::engine::Ended;
use waybill_replay::one;

use crate::support::{FAST, World, ada, all, later};

fn before_noon(milliseconds: i64) -> Timestamp {
    Timestamp::from_micros_saturating(later(0).micros() - milliseconds * 1_000)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_filter_narrows_it_down() -> anyhow::Result<()> {
    let world = World::new().await?;
    let paid = world
        .bury(world.pending("A-1", "paid", (30, 99_99))?)
        .await?;
    let refunded = world.pending("A-2", "refunded", (20, 99_99))?;
    let refunded = world
        .bury_as_it_is(&refunded, DeathReason::Exhausted)
        .await?;
    let mut elsewhere = world.pending("A-3", "paid", (10, 99_99))?;
    elsewhere.envelope.event.source = "stripe".into();
    let elsewhere = world
        .bury_as_it_is(&elsewhere, DeathReason::Exhausted)
        .await?;
    let mut conn = world.database.connection().await?;
    for (selection, expected) in [
        (all(), vec![paid, refunded, elsewhere]),
        (Selection { source: Some("payments".into()), ..all() }, vec![paid, refunded]),
        (Selection { source: Some("nobody".into()), ..all() }, vec![]),
        (Selection { reason: Some(DeathReason::Unusable), ..all() }, vec![paid]),
        (Selection { native_type: Some("paid".into()), ..all() }, vec![paid, elsewhere]),
        (Selection { from: Some(before_noon(20)), ..all() }, vec![refunded, elsewhere]),
        (Selection { to: Some(before_noon(20)), ..all() }, vec![paid]),
        (
            Selection { webhooks: Some(vec![elsewhere, paid, Uuid::nil()]), ..all() },
            vec![paid, elsewhere],
        ),
        (
            Selection {
                source: Some("payments".into()),
                native_type: Some("refunded".into()),
                from: Some(before_noon(25)),
                ..all()
            },
            vec![refunded],
        ),
    ] {
        let found = waiting(&mut conn, (&selection, later(0)), (None, 10)).await?;
        assert_eq!(found, expected, "{selection:?}");
        let count = count_waiting(&mut conn, &selection, later(0)).await?;
        assert_eq!(usize::try_from(count)?, expected.len());
        let kept: Selection = serde_json::from_value(serde_json::to_value(&selection)?)?;
        assert_eq!(kept, selection, "it is kept as it was asked for");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_selected_is_replayed_and_what_was_replayed_is_not() -> anyhow::Result<()> {
    let world = World::new().await?;
    let letters = world.paid(3).await?;
    let mut conn = world.database.connection().await?;
    one::replay(&mut conn, (&world.reader, letters[0]), ada(), later(0)).await?;
    let some = Selection { webhooks: Some(letters[..2].to_vec()), ..all() };
    world.clock.set(later(1));
    let id = world.ask(&some, FAST).await?;
    assert_eq!(world.work().await?, Ended::Finished);
    let replay = world.replay(id).await?;
    assert_eq!((replay.matched, replay.counts.applied), (1, 1));
    assert_eq!(replay.selection()?, some);
    assert_eq!(world.standing(letters[2]).await?.replay_state, "none");
    Ok(())
}
