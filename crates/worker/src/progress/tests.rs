use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds).unwrap()
}

#[test]
fn the_oldest_event_in_hand_is_told_until_all_of_its_moment_have_left() {
    let progress = Progress::new(Instant::now());
    let mut held: Vec<InHand> = [30, 20, 10, 10]
        .map(|seconds| progress.take(at(seconds), Passage::Straight))
        .into();
    let mut oldest = Vec::new();
    while held.pop().is_some() {
        oldest.push(progress.oldest().map(Timestamp::seconds));
    }
    assert_eq!(oldest, [Some(10), Some(20), Some(30), None]);
}

#[test]
fn what_waited_by_our_own_doing_does_not_tell_how_much_waits() {
    let progress = Progress::new(Instant::now());
    let _retried = progress.take(at(10), Passage::Detour);
    assert_eq!((progress.oldest(), progress.oldest_straight()), (Some(at(10)), None));
    let straight = progress.take(at(20), Passage::Straight);
    assert_eq!(progress.oldest_straight(), Some(at(20)));
    drop(straight);
    assert_eq!(progress.oldest_straight(), None);
}

#[test]
fn a_worker_is_stuck_only_when_messages_wait_and_nothing_moved_for_long() {
    let start = Instant::now();
    let progress = Progress::new(start);
    let late = start + STUCK_AFTER;
    assert_eq!(progress.stuck(0, late), None);
    assert_eq!(progress.stuck(1, late), Some(STUCK_AFTER));
    progress.moved(late);
    assert_eq!(progress.stuck(1, late), None);
}
