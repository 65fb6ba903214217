//! Waiting tells what it waited for.

use std::time::Duration;

use waybill_test_support::eventually;

#[tokio::test]
async fn it_returns_what_it_found() {
    let mut looks = 0;
    let found = eventually(Duration::from_secs(5), async || {
        looks += 1;
        if looks == 3 { Ok("found") } else { Err(looks) }
    })
    .await;
    assert_eq!((found, looks), ("found", 3));
}

#[tokio::test]
#[should_panic(expected = "last seen: \"still nothing\"")]
async fn it_fails_with_the_last_thing_it_saw() {
    eventually(Duration::from_millis(50), async || Err::<(), _>("still nothing")).await;
}
