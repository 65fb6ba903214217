use super::*;

/// Who is over its share after having sent so much.
fn over(sent: &[u64]) -> Vec<bool> {
    let shares: Vec<Share> = sent
        .iter()
        .map(|sent| Share { sent: AtomicU64::new(*sent), ..Share::default() })
        .collect();
    judge(&shares.iter().collect::<Vec<_>>());
    shares
        .iter()
        .map(|share| share.over.load(Ordering::Relaxed))
        .collect()
}

#[test]
fn a_share_is_fair_among_those_that_send() {
    assert_eq!(over(&[900, 100, 0]), [true, false, false]);
    assert_eq!(over(&[500, 500]), [false, false]);
    assert_eq!(over(&[550, 450]), [false, false]);
    assert_eq!(over(&[900, 0]), [false, false], "alone, it takes nothing from anybody");
    assert_eq!(over(&[0, 0]), [false, false]);
    assert_eq!(over(&[]), [false; 0]);
}

#[test]
fn what_was_sent_is_forgotten_by_halves() {
    let (flood, trickle) = (Share::default(), Share::default());
    flood.sent.store(100, Ordering::Relaxed);
    let mut over_for = 0;
    loop {
        trickle.sent.store(10, Ordering::Relaxed);
        judge(&[&flood, &trickle]);
        if !flood.over.load(Ordering::Relaxed) {
            break;
        }
        over_for += 1;
    }
    assert_eq!(over_for, 2);
}
