//! One limit for all replicas, and what becomes of it without Redis.

use std::num::NonZeroU32;
use std::time::Duration;

use deadpool_redis::redis::{Connection, Script, pipe};
use governor::clock::FakeRelativeClock;
use governor::{Quota, RateLimiter};
use proptest::prelude::*;
use proptest::test_runner::{Config as Runs, TestRunner};
use tokio::time::Instant;
use uuid::Uuid;
use waybill_common::config::{RateLimit, RateLimitPer};
use waybill_ingest::admission::shared::DECIDE;
use waybill_test_support::broker::TestBroker;
use waybill_test_support::proxy::{Proxy, Weather};
use waybill_test_support::redis::TestRedis;

use crate::support::{TestIngest, paid};

/// Some day in 2026; what matters is that a double still counts single microseconds there.
const START_MICROS: u64 = 1_767_268_800_123_457;

/// What Redis decides at these times: how long to wait, 0 being let in.
fn decided_by_redis(
    redis: &mut Connection,
    key: &str,
    quota: (u64, u32),
    times: &[u64],
) -> Vec<u64> {
    let script = Script::new(&format!("local now = tonumber(ARGV[3]){DECIDE}"));
    let mut asked = pipe();
    asked.load_script(&script).ignore();
    for micros in times {
        let mut call = script.key(key);
        call.arg(quota.0).arg(quota.1).arg(START_MICROS + micros);
        asked.invoke_script(&call);
    }
    asked.query(redis).expect("redis is there")
}

/// The same by governor.
fn decided_by_governor((interval, burst): (u64, u32), times: &[u64]) -> Vec<u64> {
    let clock = FakeRelativeClock::default();
    let quota = Quota::with_period(Duration::from_micros(interval)).expect("it is not 0");
    let quota = quota.allow_burst(NonZeroU32::new(burst).expect("it is not 0"));
    let limiter = RateLimiter::direct_with_clock(quota, clock.clone());
    let mut passed = 0;
    let mut decide = |micros: u64| {
        clock.advance(Duration::from_micros(micros - passed));
        passed = micros;
        let now = governor::clock::Clock::now(&clock);
        let wait = limiter.check().map_err(|until| until.wait_time_from(now));
        wait.err()
            .map_or(0, |wait| u64::try_from(wait.as_micros()).expect("it is short"))
    };
    times.iter().map(|micros| decide(*micros)).collect()
}

#[test]
fn redis_and_governor_decide_alike() {
    let redis = TestRedis::new();
    // Gaps around the interval are where decisions differ; a long one makes the budget whole again.
    let gaps = prop::collection::vec((0_u64..=24, 0_u64..3), 1..80);
    let quotas = (1_u64..=90_000_000, 1_u32..=12);
    let mut runner = TestRunner::new(Runs { failure_persistence: None, ..Runs::with_cases(200) });
    let outcome = runner.run(&(quotas, gaps), |(quota, gaps)| {
        let mut now = 0;
        let times: Vec<u64> = gaps
            .into_iter()
            .map(|(eighths, more)| {
                now += quota.0 * eighths / 8 + more;
                now
            })
            .collect();
        let key = format!("{}:rate:{}", redis.config.prefix, Uuid::new_v4());
        let mut connection = redis.connect().unwrap();
        let shared = decided_by_redis(&mut connection, &key, quota, &times);
        prop_assert_eq!(shared, decided_by_governor(quota, &times), "{:?} {:?}", quota, times);
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn a_clock_that_was_set_back_locks_nobody_out_for_longer_than_the_window() {
    let redis = TestRedis::new();
    let mut connection = redis.connect().unwrap();
    let key = format!("{}:rate:set-back", redis.config.prefix);
    let day = 86_400_000_000;
    let waits = decided_by_redis(&mut connection, &key, (1_000_000, 3), &[day, 0, 3_000_000]);
    assert_eq!(waits, [0, 1_000_000, 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_share_one_limit_and_its_keys_expire() -> anyhow::Result<()> {
    let one = TestIngest::start().await?;
    let prefix = one.redis.config.prefix.clone();
    let other = TestIngest::with(|config| config.redis.prefix = prefix).await?;
    // Ready does not mean that Redis is there already.
    for ingest in [&one, &other] {
        ingest.until_redis_is_up().await;
    }
    let mut statuses = Vec::new();
    for number in 0..6 {
        let ingest = if number % 2 == 0 { &one } else { &other };
        statuses.push(limited(ingest, number).await?);
    }
    assert_eq!(statuses, [202, 202, 202, 429, 429, 429]);
    let mut connection = one.redis.connect()?;
    let limits: Vec<String> = one.redis.keys()?;
    let limits: Vec<&String> = limits.iter().filter(|key| key.contains(":rate:")).collect();
    assert_eq!(limits, [&format!("{}:rate:admin:127.0.0.1", one.redis.config.prefix)]);
    let mut asked = pipe();
    let left: (i64,) = asked.pttl(limits[0]).query(&mut connection)?;
    assert!((1..=60_000).contains(&left.0), "{left:?}");
    assert_eq!(one.published().await?.len() + other.published().await?.len(), 3);
    one.finish().await?;
    other.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_redis_hangs_each_replica_counts_for_itself_at_once() -> anyhow::Result<()> {
    let redis = TestRedis::new();
    let (proxy, url) = Proxy::before(redis.config.url.expose()).await?;
    let ingest = TestIngest::between(TestBroker::new(), redis, |config| {
        config.redis.url = url.as_str().into();
        let limit = RateLimit { requests: 20, window_seconds: 86_400, per: RateLimitPer::Ip };
        config.sources.get_mut("admin").unwrap().rate_limit = Some(limit);
    })
    .await?;
    ingest.until_redis_is_up().await;
    for number in 0..18 {
        assert_eq!(limited(&ingest, number).await?, 202);
    }
    proxy.set(Weather::Blackhole);
    let mut slowest = Duration::ZERO;
    for number in 18..38 {
        let began = Instant::now();
        assert_eq!(limited(&ingest, number).await?, 202, "nobody is refused because Redis is away");
        slowest = slowest.max(began.elapsed());
    }
    // 100 ms by `redis.ingest_timeout_ms`, once; the rest is a busy machine's.
    assert!(slowest < Duration::from_millis(600), "{slowest:?}");
    assert_eq!(limited(&ingest, 38).await?, 429, "the local limit is a limit too");
    proxy.set(Weather::Fair);
    ingest.until_redis_is_up().await;
    let mut let_in = 0;
    while limited(&ingest, 39 + let_in).await? == 202 {
        let_in += 1;
    }
    // 18 were counted before; the question that hung may still have reached Redis.
    assert!((1..=2).contains(&let_in), "what was counted before is remembered: {let_in}");
    assert_eq!(ingest.published().await?.len(), 38 + usize::try_from(let_in)?);
    ingest.finish().await
}

async fn limited(ingest: &TestIngest, number: u32) -> anyhow::Result<u16> {
    let body = paid(&format!("TXN_{number}")).to_string();
    let response = ingest
        .send("/webhooks/admin", "Bearer admin-token", body)
        .await?;
    Ok(response.status().as_u16())
}
