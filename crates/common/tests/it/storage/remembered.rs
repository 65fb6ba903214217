//! What a worker remembers of large orders is used where it is what the database has, and only there.

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection as _};
use waybill_common::domain::Reference;
use waybill_common::storage::commit::{Memory, Pending, commit, commit_with};
use waybill_common::storage::orders::{self, Order};
use waybill_test_support::TestDatabase;
use waybill_test_support::database::refuse;

use super::ledger::verified;
use super::sender::{captured, now, webhook};

/// An operation of a cent, under the merchant's name.
fn cent(number: usize) -> Pending {
    let order = [Reference::order("A-1")];
    webhook(&format!("e{number}"), &order, captured(&format!("c{number}"), 1))
}

async fn order(conn: &mut AsyncPgConnection) -> anyhow::Result<Order> {
    let found = orders::find(conn, "A-1").await?;
    let [order] = found.try_into().expect("one order");
    Ok(order)
}

/// An order of a hundred operations, which the memory knows.
async fn large(conn: &mut AsyncPgConnection, memory: &Memory) -> anyhow::Result<()> {
    let batch: Vec<Pending> = (0..100).map(cent).collect();
    let committed = commit_with(conn, &batch, now(), memory).await?;
    assert_eq!(committed.settled.len(), 100);
    Ok(())
}

#[tokio::test]
async fn what_was_just_written_is_not_read_again() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let (mut conn, memory) = (database.connection().await?, Memory::default());
    large(&mut conn, &memory).await?;
    // Nobody but this test changes facts and leaves version and trail as they are: it shows whence they were taken.
    conn.batch_execute("UPDATE orders SET facts = '{}'").await?;
    commit_with(&mut conn, &[cent(100)], now(), &memory).await?;
    assert_eq!(order(&mut conn).await?.captured, 101);
    verified(&mut conn).await?;
    Ok(())
}

#[tokio::test]
async fn what_another_worker_wrote_meanwhile_is_read() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let (mut conn, memory) = (database.connection().await?, Memory::default());
    large(&mut conn, &memory).await?;
    commit(&mut conn, &[cent(100)], now()).await?;
    commit_with(&mut conn, &[cent(101)], now(), &memory).await?;
    assert_eq!(order(&mut conn).await?.captured, 102);
    verified(&mut conn).await?;
    Ok(())
}

#[tokio::test]
async fn an_order_restored_to_another_history_of_the_same_length_is_read() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let (mut conn, memory) = (database.connection().await?, Memory::default());
    large(&mut conn, &memory).await?;
    conn.batch_execute("UPDATE orders SET facts = '{}', head_hash = sha256('another')")
        .await?;
    commit_with(&mut conn, &[cent(100)], now(), &memory).await?;
    assert_eq!(order(&mut conn).await?.captured, 1);
    Ok(())
}

#[tokio::test]
async fn what_was_not_committed_is_not_remembered() -> anyhow::Result<()> {
    let database = TestDatabase::new().await?;
    let (mut conn, memory) = (database.connection().await?, Memory::default());
    large(&mut conn, &memory).await?;
    let mut owner = database.owner().await?;
    owner.batch_execute(&refuse("e100", "23514")).await?;
    // It is planned, and the order's new facts are written, before it is refused.
    commit_with(&mut conn, &[cent(100)], now(), &memory)
        .await
        .unwrap_err();
    commit_with(&mut conn, &[cent(101)], now(), &memory).await?;
    assert_eq!(order(&mut conn).await?.captured, 101);
    verified(&mut conn).await?;
    Ok(())
}
