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

#[tokio::test]
async fn the_memory_of_failures_is_bounded_and_strangers_in_number_lock_nobody_out() {
    let failures = Failures::new(1);
    let strangers = u64::try_from(OWNERS_MAX).unwrap() + 1_000;
    for number in 0..strangers {
        failures.count(IpAddr::V6(Ipv6Addr::from(u128::from(number) << 64)));
    }
    assert!(failures.remembered() <= OWNERS_MAX);
    failures.count(STRANGER);
    assert!(failures.admit(STRANGER).is_ok());
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
