//! Many committers at the same orders at the same moment, without locks: every run ends in what the facts say.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Weak};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use uuid::Uuid;
use waybill_common::domain::{Facts, Operation, Outcome, Reference, Told, Verdict};
use waybill_common::storage::Pool;
use waybill_common::storage::commit::{Memory, Pending, commit_with};
use waybill_test_support::follower::Follower;
use waybill_test_support::{TestDatabase, eventually};

use super::beside::{commit_beside, hold_up, open_gate, until_waiting};
use super::ledger::{verdicts, verified};
use super::sender::{again, captured, fact, facts, foreign, now, placed, refunded, webhook};

const SOON: Duration = Duration::from_secs(30);
const ORDERS: usize = 12;
const COMMITTERS: usize = 4;

/// The events of one order: its names are learnt in pieces, some events come under a charge alone.
fn life(number: usize, random: &mut StdRng) -> Vec<Pending> {
    let order = Reference::order(&format!("A-{number}"));
    let intent = foreign("payment_intent", &format!("pi_{number}"));
    let charge = foreign("charge", &format!("ch_{number}"));
    let key = |name: &str| format!("{name}-{number}");
    let authorized = facts(&[fact(Operation::Authorize, &key("a"), Outcome::Succeeded, 50_00)]);
    let failed = facts(&[fact(Operation::Refund, &key("r"), Outcome::Failed, 20_00)]);
    let mut life = vec![
        webhook(&key("placed"), std::slice::from_ref(&order), placed(50_00)),
        webhook(&key("authorized"), std::slice::from_ref(&intent), authorized),
        webhook(&key("captured"), &[intent.clone(), charge.clone()], captured(&key("c"), 50_00)),
        webhook(&key("refunded"), std::slice::from_ref(&charge), refunded(&key("r"), 20_00)),
        webhook(&key("linked"), &[order, intent.clone()], captured(&key("c"), 50_00)),
    ];
    if random.random_bool(0.5) {
        life.push(webhook(&key("failed"), std::slice::from_ref(&charge), failed));
    }
    if random.random_bool(0.3) {
        // Contradicts whichever of the two comes first.
        life.push(webhook(&key("refunded"), &[charge], refunded(&key("r"), 30_00)));
    }
    life
}

/// All lives, shuffled, a fifth of the events sent again, a fifth of the messages delivered again.
fn deck(random: &mut StdRng) -> Vec<Pending> {
    let mut deck: Vec<Pending> = (0..ORDERS)
        .flat_map(|number| life(number, random))
        .collect();
    let repeats: Vec<Pending> = deck
        .iter()
        .filter(|_| random.random_bool(0.2))
        .map(again)
        .collect();
    deck.extend(repeats);
    let redelivered: Vec<Pending> = deck
        .iter()
        .filter(|_| random.random_bool(0.2))
        .cloned()
        .collect();
    deck.extend(redelivered);
    deck.shuffle(random);
    deck
}

/// Takes batches off the deck, commits them, puts back what was missed, until nothing is left. Remembers a few orders, as
/// the lanes of one worker do.
async fn work(
    pool: Pool,
    deck: Arc<Mutex<Vec<Pending>>>,
    memory: Arc<Memory>,
    seed: u64,
) -> anyhow::Result<usize> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut conn = pool.get().await?;
    let mut misses = 0;
    for _round in 0..10_000 {
        let batch: Vec<Pending> = {
            let mut deck = deck.lock().await;
            let left = deck.len().saturating_sub(random.random_range(1..15));
            deck.split_off(left)
        };
        if batch.is_empty() {
            return Ok(misses);
        }
        let committed = commit_with(&mut conn, &batch, now(), &memory).await?;
        assert_eq!(committed.settled.len() + committed.missed.len(), batch.len());
        misses += committed.missed.len();
        deck.lock().await.extend(
            committed
                .missed
                .into_iter()
                .map(|index| batch[index].clone()),
        );
    }
    anyhow::bail!("the misses never end")
}

/// What the orders' facts must be, by the merchant's name, given which events stood.
fn expected(deck: &[Pending], ended: &BTreeMap<Uuid, String>) -> BTreeMap<String, Facts> {
    let unique: HashMap<Uuid, &Pending> = deck
        .iter()
        .map(|pending| (pending.envelope.event.webhook_id, pending))
        .collect();
    let mut orders: BTreeMap<String, Facts> = BTreeMap::new();
    for (id, pending) in unique {
        let event = &pending.envelope.event;
        let (_, number) = event
            .dedup_key
            .rsplit_once('-')
            .expect("keys end in a number");
        let facts = orders.entry(format!("A-{number}")).or_default();
        match ended[&id].as_str() {
            "applied" | "no_change" => {
                facts.join(Facts::of(&Told::from(event)));
            }
            "conflict" => {
                facts.mark_conflict(&event.source, &event.dedup_key);
            }
            "duplicate" => {}
            other => panic!("no event of these can end as {other}"),
        }
    }
    orders
}

/// Reads what changes for as long as anybody commits, and then to the end.
async fn follow(pool: Pool, committing: Weak<Mutex<Vec<Pending>>>) -> anyhow::Result<()> {
    let mut conn = pool.get().await?;
    let mut shop = Follower::new(7);
    while committing.strong_count() > 0 {
        shop.read(&mut conn).await?;
        tokio::task::yield_now().await;
    }
    eventually(SOON, async || {
        shop.read(&mut conn)
            .await
            .map_err(|error| format!("{error:#}"))?;
        let checked = shop.check(&mut conn).await;
        checked.map_err(|error| format!("{error:#}"))
    })
    .await;
    Ok(())
}

async fn check(seed: u64) -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let deck = deck(&mut StdRng::seed_from_u64(seed));
    let shared = Arc::new(Mutex::new(deck.clone()));
    let mut committers = JoinSet::new();
    // Two workers.
    let memories = [(); 2].map(|()| Arc::new(Memory::for_sizes(1..=40)));
    for number in 0..COMMITTERS {
        let seed = seed * 100 + u64::try_from(number)?;
        let memory = Arc::clone(&memories[number % memories.len()]);
        committers.spawn(work(database.pool().clone(), Arc::clone(&shared), memory, seed));
    }
    let following = follow(database.pool().clone(), Arc::downgrade(&shared));
    drop(shared);
    let (misses, followed) = tokio::join!(committers.join_all(), following);
    followed?;
    let misses: Vec<usize> = misses.into_iter().collect::<anyhow::Result<_>>()?;

    let mut conn = database.connection().await?;
    let ended = verdicts(&mut conn).await?;
    let mut found: BTreeMap<String, Facts> = BTreeMap::new();
    for (order, _) in verified(&mut conn).await? {
        if order.absorbed_into.is_none() {
            let name = order
                .external_id
                .clone()
                .expect("every life names its order");
            assert!(found.insert(name, order.stored()?.facts).is_none(), "seed {seed}");
        }
    }
    let expected = expected(&deck, &ended);
    assert!(found.keys().eq(expected.keys()), "seed {seed}");
    for (name, facts) in found {
        assert_eq!(facts, expected[&name], "{name}, seed {seed}, misses {misses:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_commits_what_in_whatever_batches_the_orders_are_what_the_facts_say()
-> anyhow::Result<()> {
    for seed in 0..4 {
        check(seed).await?;
    }
    Ok(())
}

/// The name is not there when names are read, and the order has it when it is locked.
#[tokio::test]
async fn an_order_that_is_named_between_reading_and_lock_is_not_taken_for_another_one()
-> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let (mut owner, mut conn) = (database.owner().await?, database.connection().await?);
    let names = [Reference::order("A-1"), foreign("payment_intent", "pi_1")];
    let provisional = webhook("first", &names[1..], captured("c1", 10_00));
    commit_with(&mut conn, &[provisional], now(), &Memory::default()).await?;
    hold_up(&mut owner, 15_00).await?;

    let naming = webhook("naming", &names, captured("c2", 5_00));
    let mut first = commit_beside(&database, vec![naming]).await?;
    until_waiting(&mut conn, "advisory").await;
    let told = webhook("told", &names, captured("c3", 2_00));
    let mut second = commit_beside(&database, vec![told]).await?;
    until_waiting(&mut conn, "transactionid").await;
    open_gate(&mut owner).await?;

    for beside in [&mut first, &mut second] {
        let committed = beside.join_next().await.expect("it was begun")??;
        let verdicts: Vec<_> = committed
            .settled
            .iter()
            .map(|settled| settled.verdict)
            .collect();
        assert_eq!(verdicts, [Verdict::Applied]);
    }
    let [(order, _)] = verified(&mut conn).await?.try_into().expect("one order");
    assert_eq!((order.external_id.as_deref(), order.captured), (Some("A-1"), 17_00));
    assert_eq!(order.flags, Vec::<String>::new());
    Ok(())
}
