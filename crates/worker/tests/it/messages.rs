//! Messages that are not simply events: too new, malformed, given up, stranded, suspected.

use lapin::options::{
    BasicGetOptions, BasicRejectOptions, QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::FieldTable;
use uuid::Uuid;
use waybill_common::broker::{Headers, Queue, Route};
use waybill_common::domain::Verdict;
use waybill_common::storage::dead_letters::undecodable_id;
use waybill_test_support::eventually;

use crate::system::{SOON, TestSystem};

const WORK: Route = Route::Work { shard: 0 };
const QUEUE: Queue = Queue::Work { shard: 0 };

#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_a_newer_version_waits_for_a_worker_that_knows_it() -> anyhow::Result<()> {
    let mut system = TestSystem::start().await?;
    let body = br#"{"v":2,"shape":"unknown here"}"#.to_vec();
    let id = Uuid::new_v4();
    system
        .send_bytes(WORK, (id, body.clone()), &Headers::default())
        .await?;
    let waits = Queue::Retry { ms: system.config.retry.unknown_version_ms };
    system.until_ready(waits, 1).await;
    system.stop_worker().await?;

    // Its wait is over, and nobody is there to put it off again.
    system.until_ready(QUEUE, 1).await;
    let message = system.broker.take(QUEUE).await?.expect("it is ready");

    assert_eq!(message.delivery.data, body);
    assert_eq!(
        message
            .properties
            .message_id()
            .as_ref()
            .map(ToString::to_string),
        Some(id.to_string())
    );
    assert!(system.dead_letters().await?.is_empty());
    system.finish(&[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_message_is_a_dead_letter_under_an_id_of_its_bytes() -> anyhow::Result<()> {
    let system = TestSystem::start().await?;
    let body = b"not \xff a message of ours".to_vec();
    for _ in 0..2 {
        system
            .send_bytes(WORK, (Uuid::new_v4(), body.clone()), &Headers::default())
            .await?;
    }
    let good = system.payments.native("A-1", "T-1", "paid", 1_00)?;
    system.publish(&good).await?;
    system.verdicts([&good]).await;

    let letter = eventually(SOON, async || match system.dead_letters().await {
        Ok(letters) if letters.len() == 1 => Ok(letters[0].clone()),
        seen => Err(format!("{seen:?}")),
    })
    .await;

    assert_eq!((letter.webhook_id, letter.reason.as_str()), (undecodable_id(&body), "undecodable"));
    system.finish(&[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_broker_gave_up_is_a_dead_letter_unless_it_was_committed() -> anyhow::Result<()> {
    let system = TestSystem::start().await?;
    let committed = system.payments.native("A-1", "T-1", "paid", 1_00)?;
    let fallen = system.payments.native("A-1", "T-2", "paid", 1_00)?;
    system.publish(&committed).await?;
    system.verdicts([&committed]).await;

    for webhook in [&committed, &fallen] {
        system
            .send(Route::Dead, webhook, &Headers::default())
            .await?;
    }

    assert_eq!(system.verdicts([&committed, &fallen]).await, [Verdict::Applied, Verdict::Dead]);
    assert_eq!(system.dead_letters().await?[0].reason, "crashed");
    system.finish(&[&fallen]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_event_that_is_replayed_comes_to_life_on_its_own_row() -> anyhow::Result<()> {
    let system = TestSystem::start().await?;
    let webhook = system.payments.native("A-1", "T-1", "paid", 1_00)?;
    system
        .send(Route::Dead, &webhook, &Headers::default())
        .await?;
    assert_eq!(system.verdicts([&webhook]).await, [Verdict::Dead]);

    let headers = Headers { replay: Some(Uuid::now_v7()), ..Headers::default() };
    system.send(WORK, &webhook, &headers).await?;

    eventually(SOON, async || match system.verdicts([&webhook]).await[..] {
        [Verdict::Applied] => Ok(()),
        ref seen => Err(format!("{seen:?}")),
    })
    .await;
    assert_eq!(system.log().await?.len(), 1);
    assert_eq!(system.dead_letters().await?[0].replay_state, "replayed");
    system.finish(&[&webhook]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn stranded_messages_go_where_they_belong() -> anyhow::Result<()> {
    let mut system = TestSystem::new().await?;
    let name = system.broker.topology().name(QUEUE);
    system
        .broker
        .channel()
        .await?
        .queue_delete(name.into(), QueueDeleteOptions::default())
        .await?;
    let webhook = system.payments.native("A-1", "T-1", "paid", 1_00)?;
    system.publish(&webhook).await?;
    system.until_ready(Queue::Unrouted, 1).await;

    system.start_worker()?;

    assert_eq!(system.verdicts([&webhook]).await, [Verdict::Applied]);
    system.finish(&[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_came_again_and_again_is_processed_alone() -> anyhow::Result<()> {
    let mut system = TestSystem::new().await?;
    let webhook = system.payments.native("A-1", "T-1", "paid", 1_00)?;
    system.publish(&webhook).await?;
    let channel = system.broker.channel().await?;
    let name = system.broker.topology().name(QUEUE);
    // As if six workers had died with it.
    for _ in 0..6 {
        system.until_ready(QUEUE, 1).await;
        let got = channel
            .basic_get(name.as_str().into(), BasicGetOptions::default())
            .await?
            .expect("it is ready");
        got.reject(BasicRejectOptions { requeue: true }).await?;
    }
    // Hears what goes to the suspects.
    let ear = channel
        .queue_declare(
            "".into(),
            QueueDeclareOptions { exclusive: true, ..Default::default() },
            FieldTable::default(),
        )
        .await?;
    let suspects = format!("{}.suspect", system.config.broker.prefix);
    channel
        .queue_bind(
            ear.name().clone(),
            suspects.into(),
            "".into(),
            QueueBindOptions::default(),
            FieldTable::default(),
        )
        .await?;

    system.start_worker()?;

    assert_eq!(system.verdicts([&webhook]).await, [Verdict::Applied]);
    let heard = channel
        .basic_get(ear.name().clone(), BasicGetOptions { no_ack: true })
        .await?;
    assert!(heard.is_some(), "it did not go to the suspects");
    system.finish(&[]).await
}
