use std::collections::BTreeMap;

use super::*;
use crate::domain::Status;

/// DOMAIN.md, section 4, with the steps that several normal ones make: from, normal, correction; the rest is anomaly.
const TABLE: &str = "
pending:            requires_action processing failed authorized partially_paid paid completed cancelled expired partially_refunded refunded disputed charged_back |
requires_action:    pending processing failed authorized partially_paid paid completed cancelled expired partially_refunded refunded disputed charged_back |
processing:         pending requires_action failed authorized partially_paid paid completed cancelled expired partially_refunded refunded disputed charged_back |
failed:             pending requires_action processing authorized partially_paid paid completed cancelled expired partially_refunded refunded disputed charged_back |
authorized:         partially_paid paid completed cancelled expired partially_refunded refunded disputed charged_back | processing requires_action
partially_paid:     paid completed partially_refunded refunded cancelled expired disputed charged_back | authorized processing
paid:               completed partially_refunded refunded disputed charged_back | authorized partially_paid processing failed cancelled
completed:          paid partially_refunded refunded disputed charged_back | authorized partially_paid processing failed cancelled
partially_refunded: refunded disputed charged_back | paid completed
refunded:           | partially_refunded paid completed
disputed:           charged_back | paid completed partially_refunded refunded
charged_back:       | paid completed disputed partially_refunded refunded
cancelled:          expired | pending authorized processing paid
expired:            cancelled | pending authorized processing paid
absorbed:           |
";

fn expected() -> BTreeMap<(Status, Status), Label> {
    let mut labels = BTreeMap::new();
    for line in TABLE.trim().lines() {
        let (from, steps) = line.split_once(':').unwrap();
        let (normal, correction) = steps.split_once('|').unwrap();
        for (names, label) in [(normal, Label::Normal), (correction, Label::Correction)] {
            for name in names.split_whitespace() {
                let step = (from.parse().unwrap(), name.parse().unwrap());
                assert_eq!(labels.insert(step, label), None, "{step:?} stands twice");
            }
        }
    }
    labels
}

#[test]
fn every_step_has_the_label_of_the_table() {
    let expected = expected();
    for &from in Status::ALL {
        for &to in Status::ALL {
            let label = label(Some(from), to);
            match (from == to, to) {
                (true, _) => assert_eq!(label, None, "{from} stays"),
                (false, Status::Absorbed) => assert_eq!(label, Some(Label::Normal), "from {from}"),
                (false, _) => {
                    let expected = expected.get(&(from, to)).unwrap_or(&Label::Anomaly);
                    assert_eq!(label, Some(*expected), "from {from} to {to}");
                }
            }
        }
    }
}

#[test]
fn an_orders_first_event_starts_from_pending() {
    for &to in Status::ALL {
        assert_eq!(label(None, to), label(Some(Status::Pending), to));
    }
    assert_eq!(label(None, Status::Pending), None);
}
