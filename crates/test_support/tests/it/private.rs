//! Private servers start, crash, come back and leave nothing behind.

use std::net::TcpStream;

use deadpool_redis::redis::{Client, Commands as _};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, SimpleAsyncConnection as _};
use url::Url;
use waybill_common::broker::Queue;
use waybill_test_support::broker::TestBroker;
use waybill_test_support::private::{PrivatePostgres, PrivateRabbit, PrivateRedis, Signal};

/// Whether anybody listens there.
fn listens(url: &str) -> anyhow::Result<bool> {
    let port = Url::parse(url)?.port().unwrap_or_default();
    Ok(TcpStream::connect(("127.0.0.1", port)).is_ok())
}

#[tokio::test]
async fn a_redis_starts_crashes_empty_and_goes() -> anyhow::Result<()> {
    let mut redis = PrivateRedis::start().await?;
    let url = redis.url();
    let () = Client::open(url.as_str())?
        .get_connection()?
        .set("key", "value")?;
    redis.end(Signal::Kill).await?;
    assert!(!listens(&url)?);
    redis.start_again().await?;
    let kept: Option<String> = Client::open(url.as_str())?.get_connection()?.get("key")?;
    assert_eq!(kept, None);
    drop(redis);
    assert!(!listens(&url)?);
    Ok(())
}

#[tokio::test]
async fn a_postgres_starts_crashes_with_its_data_and_goes() -> anyhow::Result<()> {
    let mut postgres = PrivatePostgres::start().await?;
    let url = postgres.url();
    let mut conn = AsyncPgConnection::establish(&url).await?;
    conn.batch_execute("CREATE TABLE kept ()").await?;
    drop(conn);
    postgres.end(Signal::Kill).await?;
    assert!(AsyncPgConnection::establish(&url).await.is_err());
    postgres.start_again().await?;
    let mut conn = AsyncPgConnection::establish(&url).await?;
    conn.batch_execute("SELECT FROM kept").await?;
    drop(conn);
    drop(postgres);
    assert!(!listens(&url)?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rabbit_starts_crashes_with_its_queues_and_goes() -> anyhow::Result<()> {
    let mut rabbit = PrivateRabbit::start().await?;
    let url = rabbit.url();
    let broker = TestBroker::on(&url);
    broker.declare().await?;
    rabbit.end(Signal::Kill).await?;
    assert!(!listens(&url)?);
    rabbit.start_again().await?;
    let mut again = TestBroker::on(&url);
    again.config = broker.config.clone();
    assert_eq!(again.ready(Queue::Work { shard: 0 }).await?, 0);
    assert!(
        rabbit
            .ctl(&["list_queues", "name"])
            .await?
            .contains(&again.config.prefix)
    );
    drop(rabbit);
    assert!(!listens(&url)?);
    Ok(())
}
