use uuid::Uuid;

use super::*;
use crate::domain::{Effect, OccurredAt, Origin, Precision, Reference, Timestamp, Trust};

fn event(order_refs: Vec<Reference>) -> CanonicalEvent {
    CanonicalEvent {
        webhook_id: Uuid::nil(),
        source: "payments".into(),
        provider: "native".into(),
        account: None,
        dedup_key: "e:1".into(),
        body_sha256: [0; 32],
        native_type: "paid".into(),
        occurred_at: OccurredAt {
            at: Timestamp::from_micros_saturating(0),
            precision: Precision::Us,
            origin: Origin::Event,
        },
        trust: Trust::Bearer,
        order_refs,
        effect: Effect::Control { control: "ping".into() },
    }
}

#[test]
fn the_key_is_the_head_of_the_hash_that_the_design_names() {
    // printf 'payments\0e:1' | sha256sum
    assert_eq!(hex::encode(event_key("payments", "e:1")), "25277619bbf5257ff2a85276f60682da");
    assert_ne!(event_key("payments", "e:1"), event_key("payment", "se:1"));
}

#[test]
fn events_of_one_order_share_their_part_and_orders_spread() {
    let order = |id: u32| event(vec![Reference::order(&id.to_string())]);
    assert_eq!(order(7).part_of(16), order(7).part_of(16));
    let met: std::collections::BTreeSet<_> = (0..200).map(|id| order(id).part_of(16)).collect();
    assert_eq!(met, (0..16).collect());
    assert_eq!(order(7).part_of(1), 0);
}

#[test]
fn an_event_without_an_order_is_sorted_by_its_key() {
    let spread: std::collections::BTreeSet<_> = (0..50)
        .map(|id| CanonicalEvent { dedup_key: id.to_string(), ..event(vec![]) }.part_of(4))
        .collect();
    assert_eq!(spread.len(), 4);
}
