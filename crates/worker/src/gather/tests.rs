use super::*;
use crate::seats::Seats;

impl Item for (u32, char) {
    fn delivery_count(&self) -> u32 {
        self.0
    }

    fn take_seat(&mut self, _: &Seats, lane: usize) -> usize {
        lane
    }
}

struct Lane {
    inbox: Arc<Inbox<(u32, char)>>,
    gatherer: Gatherer<(u32, char)>,
    parked: Parked<(u32, char)>,
}

fn lane(max_events: usize, linger_ms: u64) -> Lane {
    let inbox = Arc::new(Inbox::new(1, Seats::default()));
    let gatherer = Gatherer::new(Arc::clone(&inbox), 0, &config::Batch { max_events, linger_ms });
    Lane { inbox, gatherer, parked: Parked::new(4, Duration::from_secs(2)) }
}

impl Lane {
    fn take(&self, items: &str) {
        self.take_again(0, items);
    }

    fn take_again(&self, delivery_count: u32, items: &str) {
        for item in items.chars() {
            self.inbox.put((delivery_count, item));
        }
    }

    /// The next batch as a word; empty at the end.
    async fn next(&mut self) -> String {
        match self.gatherer.next(&mut self.parked).await {
            Next::Batch(batch) => batch.into_iter().map(|waiting| waiting.item.1).collect(),
            Next::End => String::new(),
        }
    }
}

#[tokio::test]
async fn one_delivery_alone_is_committed_at_once() {
    let mut lane = lane(500, 60_000);
    lane.take("a");
    let began = Instant::now();
    assert_eq!(lane.next().await, "a");
    assert!(began.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn under_load_a_batch_is_filled_for_a_moment() {
    let mut lane = lane(3, 60_000);
    lane.take("ab");
    let inbox = Arc::clone(&lane.inbox);
    let (batch, ()) = tokio::join!(lane.next(), async {
        tokio::task::yield_now().await;
        inbox.put((0, 'c'));
    });
    assert_eq!(batch, "abc");
}

#[tokio::test]
async fn a_full_batch_waits_for_nothing() {
    let mut lane = lane(3, 60_000);
    lane.take("abcde");
    let began = Instant::now();
    assert_eq!(lane.next().await, "abc");
    assert!(began.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn a_batch_that_cannot_be_filled_is_not_waited_for() {
    let mut lane = lane(8, 60_000);
    lane.take("ab");
    lane.take_again(5, "x");
    assert_eq!(lane.next().await, "ab");
}

#[tokio::test]
async fn a_frail_message_makes_its_batch_small() {
    let mut lane = lane(8, 0);
    lane.take("ab");
    lane.take_again(5, "x");
    lane.take("cd");
    // Two are already more than a fifth-time message may have for neighbours.
    assert_eq!(lane.next().await, "ab");
    assert_eq!(lane.next().await, "x");
    assert_eq!(lane.next().await, "cd");
}

#[tokio::test]
async fn what_waited_for_a_lock_joins_beyond_the_size_of_the_batch() {
    let mut lane = lane(2, 0);
    for item in ['p', 'q', 'r'] {
        lane.parked
            .park(Waiting::fresh((0, item)), Duration::ZERO, Instant::now())
            .unwrap();
    }
    lane.take("ab");
    assert_eq!(lane.next().await, "pqrab");
}

#[tokio::test]
async fn what_waits_for_a_lock_is_tried_though_nothing_new_comes() {
    let mut lane = lane(2, 0);
    lane.parked
        .park(Waiting::fresh((0, 'p')), Duration::from_millis(5), Instant::now())
        .unwrap();
    assert_eq!(lane.next().await, "p");
}

#[tokio::test]
async fn a_closed_lane_ends_when_nothing_waits_any_more() {
    let Lane { inbox, mut gatherer, mut parked } = lane(2, 0);
    parked
        .park(Waiting::fresh((0, 'p')), Duration::from_millis(5), Instant::now())
        .unwrap();
    inbox.close();
    assert!(matches!(gatherer.next(&mut parked).await, Next::Batch(batch) if batch.len() == 1));
    assert!(matches!(gatherer.next(&mut parked).await, Next::End));
}
