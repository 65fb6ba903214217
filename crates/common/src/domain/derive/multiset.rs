//! How often each thing is there.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// Whether something is counted, or counted no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::domain) enum Way {
    Comes,
    Goes,
}

impl Way {
    /// One more, or one less.
    pub(super) fn step(self, count: &mut usize) {
        *count = match self {
            Self::Comes => *count + 1,
            Self::Goes => count
                .checked_sub(1)
                .expect("what goes was counted when it came"),
        };
    }

    pub(super) fn sum(self, sum: &mut i128, amount: i64) {
        match self {
            Self::Comes => *sum += i128::from(amount),
            Self::Goes => *sum -= i128::from(amount),
        }
    }
}

/// What is there no more is not kept: whatever came and went, the same things make the same multiset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Multiset<K>(BTreeMap<K, usize>);

impl<K> Default for Multiset<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord> Multiset<K> {
    pub(super) fn change(&mut self, way: Way, key: K) {
        match self.0.entry(key) {
            Entry::Vacant(free) => way.step(free.insert(0)),
            Entry::Occupied(mut held) => {
                way.step(held.get_mut());
                if *held.get() == 0 {
                    held.remove();
                }
            }
        }
    }

    pub(super) fn has(&self, key: &K) -> bool {
        self.0.contains_key(key)
    }

    /// Everything that is there, once and in order.
    pub(super) fn each(&self) -> impl DoubleEndedIterator<Item = &K> {
        self.0.keys()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
