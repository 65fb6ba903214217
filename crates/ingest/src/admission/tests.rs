use std::net::{IpAddr, Ipv6Addr};

use waybill_common::config::{RateLimit, RateLimitPer};

use super::*;

const STRANGER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 9));
const PROVIDER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 7));

#[tokio::test]
async fn only_failures_use_up_the_failing_clients_budget() {
    let failures = Failures::new(3);
    for _ in 0..3 {
        assert!(failures.admit(STRANGER).is_ok());
        failures.count(STRANGER);
    }
    let exhausted = failures.admit(STRANGER).unwrap_err();
    assert_eq!((exhausted.limit, exhausted.window.as_secs()), (3, 60));
    assert!(exhausted.retry_after <= Duration::from_secs(20), "{exhausted:?}");
    for _ in 0..1000 {
        assert!(failures.admit(PROVIDER).is_ok());
    }
    failures.forget_idle();
    assert!(failures.admit(STRANGER).is_err());
}

/// What all that is remembered of strangers may take, by the docs of [`OWNERS_MAX`].
const BYTES_MAX: u64 = 32 * 1024 * 1024;

#[tokio::test]
async fn a_million_strangers_take_bounded_memory_and_lock_nobody_out() {
    let before = resident_bytes();
    let failures = Failures::new(1);
    for number in 0..1_000_000_u32 {
        let stranger = IpAddr::V6(Ipv6Addr::from(u128::from(number) << 64));
        assert!(failures.admit(stranger).is_ok(), "nobody is refused for the others");
        failures.count(stranger);
    }
    let bytes = resident_bytes().saturating_sub(before);
    assert!(bytes <= BYTES_MAX, "{bytes} bytes");
    assert!(failures.remembered() <= OWNERS_MAX);
    assert!(
        failures
            .admit(IpAddr::V6(Ipv6Addr::from(7_u128 << 64)))
            .is_err(),
        "still known"
    );
    failures.count(STRANGER);
    assert!(failures.admit(STRANGER).is_ok());
}

#[test]
fn a_million_clients_of_a_source_take_bounded_memory() {
    let before = resident_bytes();
    let limit = RateLimit { requests: 1, window_seconds: 3_600, per: RateLimitPer::Ip };
    let requests = Requests::new("a", limit);
    for number in 0..1_000_000_u32 {
        let client = IpAddr::V4(std::net::Ipv4Addr::from(number));
        assert!(requests.admit_alone(client).is_ok(), "nobody is refused for the others");
    }
    let bytes = resident_bytes().saturating_sub(before);
    assert!(bytes <= BYTES_MAX, "{bytes} bytes");
}

/// Of this process, as the system counts it.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kilobytes * 1024
}

#[test]
fn each_address_has_a_limit_of_its_own_or_all_share_one() {
    let limit = |per| Requests::new("a", RateLimit { requests: 5, window_seconds: 60, per });
    let own = limit(RateLimitPer::Ip);
    let shared = limit(RateLimitPer::Source);
    for _ in 0..5 {
        assert!(own.admit_alone(STRANGER).is_ok());
        assert!(shared.admit_alone(STRANGER).is_ok());
    }
    let exhausted = own.admit_alone(STRANGER).unwrap_err();
    assert_eq!((exhausted.limit, exhausted.window.as_secs()), (5, 60));
    assert!(exhausted.retry_after > Duration::from_secs(10), "{exhausted:?}");
    assert!(own.admit_alone(PROVIDER).is_ok());
    assert!(shared.admit_alone(PROVIDER).is_err());
}

#[test]
fn limits_at_their_edges_have_a_quota() {
    assert_eq!(quota(u32::MAX, Duration::from_secs(1)).burst_size().get(), u32::MAX);
    assert_eq!(
        quota(1, Duration::from_secs(86_400))
            .replenish_interval()
            .as_secs(),
        86_400
    );
}
