//! The arithmetic of figures. Pure.

/// The middle value, or the mean of the two in the middle; none of nothing.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(values[middle]),
        _ => Some(f64::midpoint(values[middle - 1], values[middle])),
    }
}

/// The rate of two steps that each event takes one after the other on the same processors: 1 ÷ (1/a + 1/b).
pub(crate) fn in_series(a: f64, b: f64) -> f64 {
    if a <= 0.0 || b <= 0.0 { 0.0 } else { 1.0 / (1.0 / a + 1.0 / b) }
}

/// Events a second in the middle of a run: of commits (microseconds, events) in the order of their time, those after
/// the first tenth of the events and before the last. A start and an end say nothing about the work between.
pub(crate) fn steady_rate(commits: &[(i64, u64)]) -> f64 {
    let all: u64 = commits.iter().map(|(_, events)| events).sum();
    let (mut seen, mut first, mut last) = (0, None, None);
    for (at, events) in commits {
        seen += events;
        if first.is_none() && seen * 10 >= all {
            first = Some((*at, seen));
        }
        if seen * 10 <= all * 9 {
            last = Some((*at, seen));
        }
    }
    match (first, last) {
        (Some((from, before)), Some((to, until))) if to > from => {
            (until - before) as f64 / ((to - from) as f64 / 1e6)
        }
        _ => whole_rate(commits, all),
    }
}

/// Of a run so short that it has no middle.
fn whole_rate(commits: &[(i64, u64)], all: u64) -> f64 {
    match (commits.first(), commits.last()) {
        (Some((from, before)), Some((to, _))) if to > from => {
            (all - before) as f64 / ((to - from) as f64 / 1e6)
        }
        _ => 0.0,
    }
}
