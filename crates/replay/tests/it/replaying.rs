//! What becomes of letters, and that each is counted once.

use diesel_async::SimpleAsyncConnection as _;
use waybill_common::domain::Verdict;
use waybill_common::shutdown::Shutdown;
use waybill_common::storage::dead_letters::{Body, Burial, DeathReason, bury, find};
use waybill_common::storage::place::Place;
use waybill_common::storage::replays::Counts;
use waybill_common::storage::{operator_actions, order_events, webhooks};
use waybill_replay::engine::Ended;
use waybill_replay::one;

use crate::support::{FAST, World, ada, all, later};

#[tokio::test(flavor = "multi_thread")]
async fn letters_are_counted_by_what_became_of_them() -> anyhow::Result<()> {
    let world = World::new().await?;
    world.tell("A-2", "paid").await?;
    let mended = world
        .bury(world.pending("A-1", "paid", (90, 99_99))?)
        .await?;
    let repeated = world
        .bury(world.pending("A-2", "paid", (80, 99_99))?)
        .await?;
    let contradicting = world
        .bury(world.pending("A-2", "paid", (70, 1_00))?)
        .await?;
    let mut broken = world.pending("A-3", "paid", (60, 99_99))?;
    broken.envelope.body = b"no JSON".to_vec();
    let broken = world.bury(broken).await?;
    let mut conn = world.database.connection().await?;
    let foreign = Burial {
        body: Body::Undecodable(b"not ours"),
        reason: DeathReason::Undecodable,
        error: "not a message of ours".into(),
        attempts: 0,
    };
    bury(&mut conn, &[foreign], later(0)).await?;

    let id = world.ask(&all(), FAST).await?;
    assert_eq!(world.work().await?, Ended::Finished);
    let replay = world.replay(id).await?;
    let counts = Counts { applied: 1, duplicate: 1, conflict: 1, unusable: 2, ..Counts::default() };
    assert_eq!((replay.state.as_str(), replay.matched, replay.counts), ("finished", 5, counts));
    assert_eq!((replay.holder, replay.lease_until), (None, None));
    for (letter, state, verdict) in [
        (mended, "replayed", Verdict::Applied),
        (repeated, "replayed", Verdict::Duplicate),
        (contradicting, "replayed", Verdict::Conflict),
        (broken, "none", Verdict::Dead),
    ] {
        let standing = world.standing(letter).await?;
        let told = (standing.replay_state.as_str(), standing.verdict, standing.replay_id);
        assert_eq!(told, (state, Some(verdict), Some(id)));
    }
    assert_eq!(world.order("A-1").await?.unwrap().captured, 99_99);
    let error = replay.last_error.unwrap();
    assert!(error.contains("none of ours"), "{error}");

    let place = Place { from: None, backward: false, limit: 10 };
    let actions = operator_actions::list(&mut conn, place).await?;
    let [action] = &actions[..] else { panic!("one action, however many letters") };
    assert_eq!((action.action.as_str(), action.actor.as_str()), ("replay_many", "operator:ada"));
    assert_eq!(action.subject, format!("replay:{id}"));
    assert_eq!(action.after.as_ref().unwrap()["matched"], 5);
    Ok(())
}

/// One trace per webhook, also across a replay: on its row of the log, and on the trail.
#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_keeps_its_trace_whatever_becomes_of_its_letter() -> anyhow::Result<()> {
    let world = World::new().await?;
    let trace = "0af7651916cd43dd8448eb211c80319c";
    let mut letters = Vec::new();
    for (order, body) in [("A-1", None), ("A-2", None), ("A-3", Some("no JSON"))] {
        let mut pending = world.pending(order, "paid", (90, 99_99))?;
        pending.trace_id = Some(trace.to_owned());
        if let Some(body) = body {
            pending.envelope.body = body.into();
        }
        letters.push(world.bury(pending).await?);
    }
    let mut conn = world.database.connection().await?;
    one::replay(&mut conn, (&world.reader, letters[0]), ada(), later(0)).await?;
    world
        .database
        .owner()
        .await?
        .batch_execute("ALTER TABLE orders ADD CONSTRAINT orders_odd CHECK (external_id <> 'A-2')")
        .await?;
    world.clock.set(later(1));
    let id = world.ask(&all(), FAST).await?;
    assert_eq!(world.work().await?, Ended::Finished);
    let counts = world.replay(id).await?.counts;
    assert_eq!((counts.unusable, counts.done()), (2, 2), "refused, and not understood");
    for letter in letters {
        let logged = webhooks::find(&mut conn, letter)
            .await?
            .expect("it is in the log");
        assert_eq!(logged.trace_id.as_deref(), Some(trace), "{}", logged.native_type);
    }
    let order = world.order("A-1").await?.expect("it began");
    let trail = order_events::trail(&mut conn, order.id).await?;
    assert_eq!(trail[0].record.trace_id.as_deref(), Some(trace));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replays_at_once_count_each_letter_once() -> anyhow::Result<()> {
    let world = World::new().await?;
    world.paid(20).await?;
    let ids = [world.ask(&all(), FAST).await?, world.ask(&all(), FAST).await?];
    let (one, other) = tokio::join!(world.work(), world.work());
    assert_eq!((one?, other?), (Ended::Finished, Ended::Finished));
    let [one, other] = [world.replay(ids[0]).await?, world.replay(ids[1]).await?];
    for replay in [&one, &other] {
        assert_eq!((replay.matched, replay.counts.done()), (20, 20), "{replay:?}");
    }
    assert_eq!(one.counts.applied + other.counts.applied, 20);
    assert_eq!(one.counts.elsewhere + other.counts.elsewhere, 20);
    world.paid_once(20).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_somebody_settled_meanwhile_is_theirs() -> anyhow::Result<()> {
    let world = World::new().await?;
    let letters = world.paid(3).await?;
    let id = world.ask(&all(), FAST).await?;
    let mut conn = world.database.connection().await?;
    one::replay(&mut conn, (&world.reader, letters[0]), ada(), later(0)).await?;
    // A webhook that the log knows as settled, though its letter waits.
    world
        .database
        .owner()
        .await?
        .batch_execute(&format!(
            "UPDATE webhooks SET verdict = 'ignored', last_error = NULL WHERE id = '{}'",
            letters[1]
        ))
        .await?;
    assert_eq!(world.work().await?, Ended::Finished);
    let replay = world.replay(id).await?;
    assert_eq!((replay.counts.elsewhere, replay.counts.applied), (2, 1));
    assert_eq!(world.standing(letters[1]).await?.replay_state, "replayed", "nothing is left to do");
    assert!(world.order("A-2").await?.is_none());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_dies_later_is_not_in_it() -> anyhow::Result<()> {
    let world = World::new().await?;
    world.paid(1).await?;
    let id = world.ask(&all(), FAST).await?;
    world.clock.set(later(1));
    let late = world.bury(world.pending("B-1", "paid", (5, 1_00))?).await?;
    assert_eq!(world.work().await?, Ended::Finished);
    let replay = world.replay(id).await?;
    assert_eq!((replay.matched, replay.counts.done()), (1, 1));
    assert_eq!(world.standing(late).await?.replay_state, "none");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_of_nothing_ends_at_once() -> anyhow::Result<()> {
    let world = World::new().await?;
    let id = world.ask(&all(), FAST).await?;
    assert_eq!(world.work().await?, Ended::Finished);
    assert_eq!(world.replay(id).await?.matched, 0);
    assert!(world.engine().take().await?.is_none());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_database_refuses_again_is_dead_again_and_says_why() -> anyhow::Result<()> {
    let world = World::new().await?;
    let letters = world.paid(2).await?;
    world
        .database
        .owner()
        .await?
        .batch_execute("ALTER TABLE orders ADD CONSTRAINT orders_odd CHECK (external_id <> 'A-1')")
        .await?;
    let id = world.ask(&all(), FAST).await?;
    assert_eq!(world.work().await?, Ended::Finished);
    let replay = world.replay(id).await?;
    assert_eq!((replay.counts.unusable, replay.counts.applied), (1, 1));
    let mut conn = world.database.connection().await?;
    let letter = find(&mut conn, letters[0]).await?.unwrap();
    assert_eq!((letter.reason.as_str(), letter.replay_state.as_str()), ("refused", "none"));
    assert!(letter.error.contains("orders_odd"), "{}", letter.error);

    let refused = one::replay(&mut conn, (&world.reader, letters[0]), ada(), later(0)).await?;
    assert_eq!(refused.verdict, "dead");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_engine_takes_what_is_asked_for_and_stops_when_told() -> anyhow::Result<()> {
    let world = World::new().await?;
    world.paid(3).await?;
    let (engine, stop) = (std::sync::Arc::new(world.engine()), Shutdown::new());
    stop.spawn(std::sync::Arc::clone(&engine).run(stop.clone()));
    let id = world.ask(&all(), FAST).await?;
    engine.wake();
    world.counted(id, 3).await;
    assert!(stop.finish(crate::support::SOON).await, "it stops");
    Ok(())
}
