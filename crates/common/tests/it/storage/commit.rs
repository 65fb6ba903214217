//! What a commit does with one batch after another.

use std::collections::BTreeMap;

use diesel::result::Error;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection as _};
use waybill_common::domain::{Effect, Reference, Verdict};
use waybill_common::storage::commit::{Pending, commit, foresee};
use waybill_common::storage::{orders, webhooks};
use waybill_test_support::TestDatabase;

use super::ledger::{fingerprint, text, verdicts, verified};
use super::sender::{again, captured, foreign, now, placed, refunded, webhook};

/// Commits one batch that nobody disturbs; the verdicts in its order.
async fn settle(conn: &mut AsyncPgConnection, batch: &[Pending]) -> anyhow::Result<Vec<Verdict>> {
    let committed = commit(conn, batch, now()).await?;
    assert_eq!(committed.missed, Vec::<usize>::new(), "nobody was in the way");
    assert!(
        committed
            .settled
            .iter()
            .map(|settled| settled.index)
            .eq(0..batch.len())
    );
    Ok(committed
        .settled
        .iter()
        .map(|settled| settled.verdict)
        .collect())
}

#[tokio::test]
async fn a_life_in_the_wrong_order_becomes_one_right_order() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let order = [Reference::order("A-1")];
    let batch = [
        webhook("e3", &order, refunded("r1", 25_00)),
        webhook("e2", &order, captured("c1", 99_99)),
        webhook("e1", &order, placed(99_99)),
    ];
    assert_eq!(settle(&mut conn, &batch).await?, [Verdict::Applied; 3]);

    let [(order, trail)] = verified(&mut conn).await?.try_into().expect("one order");
    assert_eq!(order.status, "partially_refunded");
    assert_eq!((order.captured, order.refunded, order.total), (99_99, 25_00, Some(99_99)));
    assert_eq!((order.version, order.last_seq), (1, 3));
    assert_eq!(order.external_id.as_deref(), Some("A-1"));
    assert_eq!(trail.len(), 3);
    for called in ["A-1", "order:A-1", &order.id.to_string()] {
        let found = orders::find(&mut conn, called).await?;
        assert_eq!(found, std::slice::from_ref(&order), "{called}");
    }
    let logged = webhooks::find(&mut conn, batch[0].envelope.event.webhook_id)
        .await?
        .unwrap();
    assert_eq!((logged.order_id, logged.attempts), (Some(order.id), 1));
    Ok(())
}

#[tokio::test]
async fn what_was_committed_is_delivered_again_and_writes_nothing() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let order = [Reference::order("A-1")];
    let mut batch = vec![
        webhook("e1", &order, placed(10_00)),
        webhook("ping", &[], Effect::Control { control: "ping".into() }),
        webhook("odd", &[], Effect::Unusable { reason: "no amount".into() }),
    ];
    batch.push(again(&batch[0]));
    let mut contradiction = again(&batch[0]);
    contradiction.envelope.event.body_sha256 = [9; 32];
    batch.push(contradiction);
    let first = commit(&mut conn, &batch, now()).await?;
    let verdicts: Vec<Verdict> = first
        .settled
        .iter()
        .map(|settled| settled.verdict)
        .collect();
    use Verdict::{Applied, Conflict, Dead, Duplicate, Ignored};
    assert_eq!(verdicts, [Applied, Ignored, Dead, Duplicate, Conflict]);

    let before = fingerprint(&mut conn).await?;
    let second = commit(&mut conn, &batch, now()).await?;
    assert_eq!(fingerprint(&mut conn).await?, before);
    for (first, second) in first.settled.iter().zip(&second.settled) {
        assert!(second.redelivered && !first.redelivered);
        assert_eq!((first.verdict, &first.reason), (second.verdict, &second.reason));
        assert_eq!(first.order_id, second.order_id);
    }
    Ok(())
}

#[tokio::test]
async fn a_message_that_comes_twice_in_one_batch_is_settled_once() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let sent = webhook("e1", &[Reference::order("A-1")], placed(10_00));
    let odd = webhook("odd", &[], Effect::Unusable { reason: "no amount".into() });
    let batch = [sent.clone(), odd.clone(), sent, odd];
    let committed = commit(&mut conn, &batch, now()).await?;
    let told: Vec<_> = committed
        .settled
        .iter()
        .map(|settled| (settled.verdict, settled.redelivered))
        .collect();
    use Verdict::{Applied, Dead};
    assert_eq!(told, [(Applied, false), (Dead, false), (Applied, true), (Dead, true)]);
    assert_eq!(verdicts(&mut conn).await?.len(), 2);
    Ok(())
}

#[tokio::test]
async fn a_repeat_is_a_duplicate_and_a_contradiction_flags_the_order() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let order = [Reference::order("A-1")];
    let sent = webhook("e1", &order, captured("c1", 10_00));
    assert_eq!(settle(&mut conn, std::slice::from_ref(&sent)).await?, [Verdict::Applied]);
    assert_eq!(settle(&mut conn, &[again(&sent)]).await?, [Verdict::Duplicate]);
    // Even where it names another order: that order is not made.
    let other = webhook("e1", &[Reference::order("B-1")], captured("c1", 11_00));
    assert_eq!(settle(&mut conn, &[other]).await?, [Verdict::Conflict]);

    let [(order, trail)] = verified(&mut conn).await?.try_into().expect("one order");
    assert_eq!((order.captured, order.flags.as_slice()), (10_00, &["conflict".to_owned()][..]));
    assert_eq!(trail.last().unwrap().record.verdict, Verdict::Conflict);
    Ok(())
}

#[tokio::test]
async fn what_the_join_knew_already_is_no_change_but_is_on_the_trail() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let order = [Reference::order("A-1")];
    let batch = [
        webhook("e2", &order, captured("c1", 10_00)),
        webhook("e1", &order, captured("c1", 10_00)),
    ];
    assert_eq!(settle(&mut conn, &batch).await?, [Verdict::Applied, Verdict::NoChange]);
    let [(order, trail)] = verified(&mut conn).await?.try_into().expect("one order");
    assert_eq!((order.status.as_str(), trail.len()), ("paid", 2));
    Ok(())
}

#[tokio::test]
async fn a_transaction_belongs_to_the_order_that_told_it_first() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let charge = foreign("charge", "ch_1");
    let names = |order: &str| [Reference::order(order), charge.clone()];
    let batch = [
        webhook("e1", &names("A-1"), captured("c1", 10_00)),
        webhook("e2", &names("B-1"), captured("c1", 10_00)),
        webhook("e3", &[Reference::order("C-1")], placed(5_00)),
        webhook("e4", &names("C-1"), captured("c1", 10_00)),
    ];
    use Verdict::{Applied, Conflict};
    assert_eq!(settle(&mut conn, &batch).await?, [Applied, Conflict, Applied, Conflict]);

    let orders = verified(&mut conn).await?;
    let known: BTreeMap<_, _> = orders
        .iter()
        .map(|(order, trail)| {
            let name = order.external_id.clone().unwrap_or_default();
            (name, (order.captured, order.flags.contains(&"conflict".to_owned()), trail.len()))
        })
        .collect();
    let expected = [("A-1".to_owned(), (10_00, true, 3)), ("C-1".to_owned(), (0, true, 2))];
    assert_eq!(known, BTreeMap::from(expected), "B-1 was not made");
    Ok(())
}

#[tokio::test]
async fn namespaces_do_not_share_names() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let mut other = webhook("e2", &[Reference::order("A-1")], placed(10_00));
    other.namespace = "elsewhere".into();
    let batch = [webhook("e1", &[Reference::order("A-1")], placed(10_00)), other];
    settle(&mut conn, &batch).await?;
    assert_eq!(verified(&mut conn).await?.len(), 2);
    assert_eq!(orders::find(&mut conn, "A-1").await?.len(), 2);
    Ok(())
}

#[tokio::test]
async fn an_event_that_names_no_order_or_holds_a_zero_is_dead_and_harms_nobody()
-> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let mut odd = webhook("k\0", &[Reference::order("A\u{0}1")], placed(10_00));
    odd.envelope.headers.insert("x".into(), "\0".into());
    odd.envelope.correlation_id = "\0".into();
    odd.envelope.body = b"\0\xff".to_vec();
    let mut innocent = webhook("e1", &[Reference::order("A-1")], placed(10_00));
    innocent.envelope.correlation_id = "c\0".into();
    innocent.trace_id = Some("\0".into());
    let deep = Effect::Control { control: "\0".into() };
    let batch = [odd, webhook("e2", &[], placed(1)), webhook("e3", &[], deep), innocent];
    use Verdict::{Applied, Dead};
    assert_eq!(settle(&mut conn, &batch).await?, [Dead, Dead, Dead, Applied]);
    verified(&mut conn).await?;
    Ok(())
}

#[tokio::test]
async fn a_poisonous_event_leaves_nothing_of_its_batch_behind() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let before = fingerprint(&mut conn).await?;
    // Random, so that it does not compress below what an index row may hold.
    let long: String = (0..400).map(|_| uuid::Uuid::new_v4().to_string()).collect();
    let batch = [
        webhook("e1", &[Reference::order("A-1")], placed(10_00)),
        webhook("e2", &[Reference::order(&long)], placed(10_00)),
    ];
    let error = commit(&mut conn, &batch, now()).await.unwrap_err();
    use waybill_common::storage::failure::Failure;
    assert_eq!(Failure::of(&error), Failure::Data, "{error}");
    assert_eq!(fingerprint(&mut conn).await?, before);
    assert_eq!(settle(&mut conn, &batch[..1]).await?, [Verdict::Applied]);
    Ok(())
}

#[tokio::test]
async fn an_empty_batch_is_no_work() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    assert_eq!(settle(&mut conn, &[]).await?, []);
    Ok(())
}

#[tokio::test]
async fn a_batch_of_any_size_uses_statements_that_were_prepared_before() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    let prepared = "SELECT count(*)::text AS told FROM pg_prepared_statements";
    let mut counts = Vec::new();
    for (round, size) in [(0, 3), (1, 1), (2, 7), (3, 5)] {
        let batch: Vec<Pending> = (0..size)
            .map(|number| {
                let order = [Reference::order(&format!("A-{}", number % 2))];
                let key = format!("e{round}-{number}");
                webhook(&key, &order, captured(&key, 1_00))
            })
            .collect();
        settle(&mut conn, &batch).await?;
        counts.push(text(&mut conn, prepared).await?);
    }
    // The first batch made the orders; the second is the first to lock them. From then on nothing is new.
    assert_eq!(counts[1], counts[3], "{counts:?}");
    Ok(())
}

#[tokio::test]
async fn a_name_that_leads_to_no_order_is_an_error_and_no_panic() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let mut conn = database.connection().await?;
    conn.batch_execute(
        "INSERT INTO order_aliases (namespace, ref, order_id) VALUES ('default', 'order:A-1', gen_random_uuid())",
    )
    .await?;
    let before = fingerprint(&mut conn).await?;
    let batch = [webhook("e1", &[Reference::order("A-1")], placed(10_00))];
    for error in [
        commit(&mut conn, &batch, now()).await.map(|_| ()),
        foresee(&mut conn, &batch, now()).await.map(|_| ()),
    ] {
        let Err(Error::DeserializationError(cause)) = error else { panic!("{error:?}") };
        assert!(cause.to_string().contains("which is not there"), "{cause}");
    }
    assert_eq!(fingerprint(&mut conn).await?, before);
    Ok(())
}
