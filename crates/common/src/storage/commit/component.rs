//! Which events of a batch hang together: those that share a name, a key or a webhook, also through others.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::Pending;
use crate::storage::event_keys::Key;
use crate::storage::order_aliases::Name;

/// What two events can have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Shared {
    Webhook(Uuid),
    Key(Key),
    Name(Name),
}

/// The events, among those included, that share anything with what was lost. Each could be planned again without the
/// others; they leave together so that they keep their order of delivery.
pub(super) fn touched_by(
    batch: &[Pending],
    included: &[usize],
    lost: Vec<Shared>,
) -> HashSet<usize> {
    let mut holders: HashMap<Shared, Vec<usize>> = HashMap::new();
    for &index in included {
        for shared in shared_by(&batch[index]) {
            holders.entry(shared).or_default().push(index);
        }
    }
    let (mut touched, mut open) = (HashSet::new(), lost);
    while let Some(shared) = open.pop() {
        for index in holders.remove(&shared).unwrap_or_default() {
            if touched.insert(index) {
                open.extend(shared_by(&batch[index]));
            }
        }
    }
    touched
}

fn shared_by(pending: &Pending) -> Vec<Shared> {
    let event = &pending.envelope.event;
    let own = [Shared::Webhook(event.webhook_id), Shared::Key(event.key())];
    own.into_iter()
        .chain(pending.names().map(Shared::Name))
        .collect()
}
