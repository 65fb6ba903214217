//! GCRA in Redis: one limit for all replicas, decided in one round trip by Redis's own clock.

use std::sync::LazyLock;
use std::time::Duration;

use deadpool_redis::redis::Script;
use waybill_common::config::RateLimit;

use super::{interval, window};
use crate::redis::Redis;

/// The time is Redis's, so that replicas whose clocks differ still agree.
const NOW: &str = "
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]";

/// Decides one request at `now`; every number is in microseconds and below 2^53, so that Lua counts exactly. Returns how
/// long to wait, 0 being let in.
///
/// What is stored is the theoretical arrival time: when the budget would be whole again. It is never believed to be
/// further away than the whole window, so that a clock that was set back, or a limit that was changed, locks nobody out
/// for longer. Written without an exponent: Lua would round it.
pub const DECIDE: &str = "
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local known = tonumber(redis.call('GET', KEYS[1]) or now)
local whole = math.min(known, now + interval * burst)
local wait = math.max(whole - interval * (burst - 1) - now, 0)
if wait == 0 then whole = math.max(whole, now) + interval end
if whole ~= known then
    redis.call('SET', KEYS[1], string.format('%.0f', whole), 'PX', math.ceil((whole - now) / 1000))
end
return wait";

static SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(&format!("{NOW}{DECIDE}")));

/// How long the request must wait, zero being let in. Absent: Redis did not say.
pub(super) async fn wait(redis: &Redis, key: String, limit: RateLimit) -> Option<Duration> {
    let interval = interval(limit.requests, window(limit));
    let mut call = SCRIPT.prepare_invoke();
    call.key(key)
        .arg(u64::try_from(interval.as_micros()).unwrap_or(u64::MAX))
        .arg(limit.requests);
    redis.call(&call).await.map(Duration::from_micros)
}
