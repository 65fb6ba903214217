use super::*;

const MS: Duration = Duration::from_millis(1);

#[test]
fn a_busy_event_is_tried_again_when_it_is_due() {
    let mut parked = Parked::new(10, 2_000 * MS);
    let now = Instant::now();
    parked.park(Waiting::fresh('a'), 50 * MS, now).unwrap();
    parked.park(Waiting::fresh('b'), 25 * MS, now).unwrap();
    assert_eq!(parked.next_due(), Some(now + 25 * MS));
    assert!(parked.take_due(now + 24 * MS).is_empty());

    let due = parked.take_due(now + 25 * MS);
    assert_eq!(due.len(), 1);
    assert_eq!((due[0].item, due[0].since, due[0].tries), ('b', Some(now), 1));
    assert_eq!(parked.entries.len(), 1);
}

#[test]
fn it_waits_no_longer_than_it_may_counted_from_the_first_time() {
    let mut parked = Parked::new(10, 2_000 * MS);
    let now = Instant::now();
    parked.park(Waiting::fresh('a'), 1_999 * MS, now).unwrap();
    let again = parked.take_due(now + 1_999 * MS).pop().unwrap();
    parked.park(again, MS, now + 1_999 * MS).unwrap();
    let again = parked.take_due(now + 2_000 * MS).pop().unwrap();
    assert_eq!(again.tries, 2);
    assert_eq!(parked.park(again, MS, now + 2_000 * MS), Err('a'));
}

#[test]
fn a_full_set_takes_nothing_more() {
    let mut parked = Parked::new(2, 2_000 * MS);
    let now = Instant::now();
    for item in ['a', 'b'] {
        parked.park(Waiting::fresh(item), MS, now).unwrap();
    }
    assert_eq!(parked.park(Waiting::fresh('c'), MS, now), Err('c'));
    assert_eq!(parked.entries.len(), 2);
}

#[test]
fn what_is_due_comes_out_in_the_order_it_came() {
    let mut parked = Parked::new(10, 2_000 * MS);
    let now = Instant::now();
    for item in ['a', 'b', 'c'] {
        parked.park(Waiting::fresh(item), MS, now).unwrap();
    }
    let order: Vec<char> = parked
        .take_due(now + MS)
        .into_iter()
        .map(|waiting| waiting.item)
        .collect();
    assert_eq!(order, ['a', 'b', 'c']);
    assert!(parked.is_empty());
}
