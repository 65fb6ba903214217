use std::collections::BTreeSet;

use anyhow::anyhow;

use super::*;

/// Commits `count` events by `commit`; counts its calls.
fn run(
    count: usize,
    mut commit: impl FnMut(Range<usize>) -> Result<Part<usize>, Outcome>,
) -> (Fates<usize>, usize) {
    let (mut batch, mut calls) = (Bisection::new(count), 0);
    while let Some(part) = batch.next_part() {
        calls += 1;
        let outcome = commit(part.clone());
        batch.note(&part, outcome);
    }
    (batch.fates(), calls)
}

/// Refuses whatever holds any of `poison`.
fn refuse(poison: &[usize]) -> impl FnMut(Range<usize>) -> Result<Part<usize>, Outcome> {
    |part| {
        if poison.iter().any(|index| part.contains(index)) {
            return Err(Outcome::Permanent(anyhow!("refused")));
        }
        let settled = part
            .clone()
            .map(|index| (index - part.start, index))
            .collect();
        Ok(Part { settled, missed: Vec::new() })
    }
}

#[test]
fn every_poisonous_event_is_found_and_its_neighbours_are_committed() {
    for count in 1..=17 {
        for poison in [vec![0], vec![count - 1], vec![count / 2, count - 1], (0..count).collect()] {
            let (fates, _) = run(count, refuse(&poison));
            let hopeless: BTreeSet<usize> = (0..count)
                .filter(|index| matches!(fates.of[*index], Some(Fate::Hopeless(_))))
                .collect();
            assert_eq!(hopeless, poison.iter().copied().collect(), "{count} {poison:?}");
            for index in (0..count).filter(|index| !poison.contains(index)) {
                assert!(
                    matches!(fates.of[index], Some(Fate::Settled(settled)) if settled == index)
                );
            }
        }
    }
}

#[test]
fn a_good_batch_is_one_commit_and_an_empty_one_none() {
    let (fates, calls) = run(500, refuse(&[]));
    assert_eq!((fates.of.len(), calls), (500, 1));
    assert!(fates.outage.is_none());
    assert_eq!(run(0, refuse(&[])).1, 0);
}

#[test]
fn one_poisonous_event_of_500_takes_no_more_than_twenty_commits() {
    let (_, calls) = run(500, refuse(&[321]));
    assert!(calls <= 20, "{calls} commits");
}

#[test]
fn an_outage_ends_it_and_leaves_the_rest_without_a_fate() {
    let mut calls = 0;
    let (fates, _) = run(4, |part| {
        calls += 1;
        match calls {
            1 => Err(Outcome::Transient(anyhow!("slow"))),
            2 => Ok(Part { settled: vec![(0, part.start)], missed: vec![1] }),
            _ => Err(Outcome::Infrastructure(anyhow!("gone"))),
        }
    });
    assert!(matches!(
        fates.of.as_slice(),
        [Some(Fate::Settled(0)), Some(Fate::Missed), None, None]
    ));
    assert_eq!(fates.outage.unwrap().to_string(), "gone");
}

#[test]
fn what_fails_for_the_moment_alone_is_retried() {
    let (fates, _) = run(2, |_| Err(Outcome::Transient(anyhow!("locked by a stranger"))));
    assert!(
        fates
            .of
            .iter()
            .all(|fate| matches!(fate, Some(Fate::Retry(_))))
    );
}
