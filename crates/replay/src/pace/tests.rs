//! The clock is tokio's, and stands still but for what is waited for.

use std::time::Duration;

use tokio::time::{Instant, advance};

use super::Pace;

/// How long that many letters take.
async fn took(pace: &mut Pace, letters: u32) -> Duration {
    let began = Instant::now();
    for _ in 0..letters {
        pace.turn().await;
    }
    began.elapsed()
}

#[tokio::test(start_paused = true)]
async fn no_second_has_more_letters_than_the_rate() {
    for (rate, letters, seconds) in [(50, 501, 10), (1, 4, 3), (500, 1_001, 2)] {
        assert_eq!(took(&mut Pace::new(rate), letters).await, Duration::from_secs(seconds));
    }
}

#[tokio::test(start_paused = true)]
async fn time_that_was_lost_is_not_made_up_for() {
    let mut pace = Pace::new(50);
    pace.turn().await;
    advance(Duration::from_secs(60)).await;
    let took = took(&mut pace, 51).await;
    assert_eq!(took, Duration::from_secs(1));
}
