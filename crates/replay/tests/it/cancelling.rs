//! Calling a replay off.

use waybill_common::shutdown::Shutdown;
use waybill_common::storage::operator_actions::{self, By};
use waybill_common::storage::place::Place;
use waybill_common::storage::replays::cancel;
use waybill_replay::engine::Ended;

use crate::support::{FAST, World, all, by, later};

fn grace() -> By<'static> {
    by("operator:grace", "wrong filter")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_replay_begins_no_other_letter_and_leaves_none_half_done() -> anyhow::Result<()>
{
    let world = World::new().await?;
    let letters = world.paid(8).await?;
    let id = world.ask(&all(), 10).await?;
    let (engine, stop) = (world.engine(), Shutdown::new());
    let turn = engine.take().await?.expect("a replay waits");
    let (ended, cancelled) = tokio::join!(engine.work(turn, &stop), async {
        world.counted(id, 2).await;
        let mut conn = world.database.connection().await?;
        anyhow::Ok(cancel(&mut conn, id, grace(), later(1)).await?)
    });
    assert!(cancelled?);
    assert_eq!(ended, Ended::NotOurs);
    let replay = world.replay(id).await?;
    assert_eq!(replay.state, "cancelled");
    assert!((2..8).contains(&replay.counts.done()), "{replay:?}");

    let mut replayed = 0;
    for letter in letters {
        match world.standing(letter).await?.replay_state.as_str() {
            "replayed" => replayed += 1,
            state => assert_eq!(state, "none"),
        }
    }
    assert_eq!(replayed, replay.counts.applied, "what was done is counted");
    world.clock.set(later(3_600));
    assert_eq!(engine.take().await?, None, "it never runs again");

    let mut conn = world.database.connection().await?;
    assert!(!cancel(&mut conn, id, grace(), later(2)).await?, "it has ended");
    let place = Place { from: None, backward: false, limit: 10 };
    let actions = operator_actions::list(&mut conn, place).await?;
    let told: Vec<_> = actions
        .iter()
        .map(|action| (action.action.as_str(), action.actor.as_str(), action.reason.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("cancel_replay", "operator:grace", "wrong filter"),
            ("replay_many", "operator:ada", "the adapter is mended"),
        ]
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_cancelled_before_it_began_is_taken_by_nobody() -> anyhow::Result<()> {
    let world = World::new().await?;
    world.paid(1).await?;
    let id = world.ask(&all(), FAST).await?;
    let mut conn = world.database.connection().await?;
    assert!(cancel(&mut conn, id, grace(), later(1)).await?);
    assert_eq!(world.engine().take().await?, None);
    assert!(world.order("A-1").await?.is_none());
    Ok(())
}
