//! One works on a replay at a time, and another goes on where it died.

use waybill_common::shutdown::Shutdown;
use waybill_common::storage::commit::commit;
use waybill_common::storage::dead_letters::{self, begin_one_of_many};
use waybill_common::storage::replays::{self, Note, Outcome};
use waybill_replay::engine::{Ended, lease};

use crate::support::{FAST, World, all, later};

#[tokio::test(flavor = "multi_thread")]
async fn of_several_that_look_for_work_one_gets_it() -> anyhow::Result<()> {
    let world = World::new().await?;
    world.paid(1).await?;
    world.ask(&all(), FAST).await?;
    let engines = [world.engine(), world.engine(), world.engine()];
    let (one, two, three) = tokio::join!(engines[0].take(), engines[1].take(), engines[2].take());
    let taken = [one?, two?, three?];
    assert_eq!(taken.iter().flatten().count(), 1, "{taken:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_takes_over_goes_on_behind_the_last_letter_that_is_counted() -> anyhow::Result<()> {
    let world = World::new().await?;
    world.paid(6).await?;
    let id = world.ask(&all(), 10).await?;
    let (dies, stop) = (world.engine(), Shutdown::new());
    let turn = dies.take().await?.expect("a replay waits");
    tokio::select! {
        ended = dies.work(turn, &stop) => panic!("it ended: {ended:?}"),
        _replay = world.counted(id, 2) => {}
    }
    let left = world.replay(id).await?;
    assert!((2..6).contains(&left.counts.done()), "{left:?}");

    let other = world.engine();
    assert_eq!(other.take().await?, None, "its lease lasts");
    world.clock.set(later(31));
    let turn = other.take().await?.expect("the lease ended");
    assert_eq!(other.work(turn, &stop).await, Ended::Finished);
    let replay = world.replay(id).await?;
    assert_eq!((replay.counts.applied, replay.counts.done()), (6, 6));
    assert_eq!(replay.started_at, left.started_at);
    world.paid_once(6).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_whose_holder_died_before_counting_it_is_counted_by_its_verdict()
-> anyhow::Result<()> {
    for committed in [false, true] {
        let world = World::new().await?;
        let letters = world.paid(2).await?;
        let id = world.ask(&all(), FAST).await?;
        let turn = world.engine().take().await?.expect("a replay waits");
        let mut conn = world.database.connection().await?;
        assert!(begin_one_of_many(&mut conn, letters[0], turn, (later(0), later(-60))).await?);
        if committed {
            let message = dead_letters::message(&mut conn, letters[0]).await?.unwrap();
            commit(&mut conn, &[world.reader.read(&message)?], later(0)).await?;
        }
        world.clock.set(later(31));
        assert_eq!(world.work().await?, Ended::Finished);
        let replay = world.replay(id).await?;
        assert_eq!((replay.counts.applied, replay.counts.done()), (2, 2), "{committed}");
        world.paid_once(2).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_taken_for_dead_neither_begins_nor_counts_anything() -> anyhow::Result<()> {
    let world = World::new().await?;
    let letters = world.paid(2).await?;
    let id = world.ask(&all(), FAST).await?;
    let engine = world.engine();
    let former = engine.take().await?.expect("a replay waits");
    world.clock.set(later(31));
    let turn = engine.take().await?.expect("the lease ended");

    let mut conn = world.database.connection().await?;
    let now = world.clock.now();
    assert!(!begin_one_of_many(&mut conn, letters[0], former, (now, later(-60))).await?);
    let done = Some((letters[1], Outcome::Applied));
    let note = Note { done, error: None, lease_until: lease(now), now };
    assert!(!replays::note(&mut conn, former, &note).await?);
    assert!(!replays::finish(&mut conn, former, now).await?);
    replays::release(&mut conn, former).await?;
    assert_eq!(engine.work(former, &Shutdown::new()).await, Ended::NotOurs);
    let replay = world.replay(id).await?;
    assert_eq!((replay.counts.done(), replay.holder), (0, Some(turn.holder)));
    assert_eq!(engine.work(turn, &Shutdown::new()).await, Ended::Finished);
    world.paid_once(2).await
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_stops_lets_another_go_on_at_once() -> anyhow::Result<()> {
    let world = World::new().await?;
    world.paid(6).await?;
    let id = world.ask(&all(), 10).await?;
    let (engine, stop) = (world.engine(), Shutdown::new());
    let turn = engine.take().await?.expect("a replay waits");
    let (ended, _replay) = tokio::join!(engine.work(turn, &stop), async {
        let replay = world.counted(id, 1).await;
        stop.begin();
        replay
    });
    assert_eq!(ended, Ended::Stopped);
    assert!(world.replay(id).await?.counts.done() < 6);
    assert_eq!(world.work().await?, Ended::Finished);
    assert_eq!(world.replay(id).await?.counts.applied, 6);
    world.paid_once(6).await
}
