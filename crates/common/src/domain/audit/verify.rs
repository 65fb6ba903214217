//! Reads a whole trail again: is each row as it was written, does each follow the one before, and is the order what
//! its trail says?

use uuid::Uuid;

use super::fold::Fold;
use super::{Fault, GENESIS, Record};
use crate::domain::{Facts, OrderState, RULES, Status, label};

/// A row as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub record: Record,
    pub prev_hash: [u8; 32],
    pub hash: [u8; 32],
}

/// The order as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub id: Uuid,
    pub state: OrderState,
    pub facts: Facts,
    pub head_hash: [u8; 32],
    pub absorbed_into: Option<Uuid>,
}

/// Everything that does not hold, in the order of the trail; empty where all holds. `rows` are in the order of `seq`.
#[must_use]
pub fn verify_trail(rows: &[Row], stored: &Stored) -> Vec<Fault> {
    let mut reading = Reading::default();
    for row in rows {
        reading.chain(row, stored.id);
        reading.fold(row);
    }
    reading.end(stored)
}

/// What has been read so far.
#[derive(Default)]
struct Reading<'a> {
    rows: i64,
    head: Option<[u8; 32]>,
    status: Option<Status>,
    fold: Fold<'a>,
    faults: Vec<Fault>,
}

impl<'a> Reading<'a> {
    fn chain(&mut self, row: &Row, order_id: Uuid) {
        let Record { seq, from_status, to_status, .. } = row.record;
        self.rows += 1;
        self.expect(row.record.order_id == order_id, || Fault::ForeignRow { seq });
        let expected = self.rows;
        self.expect(seq == expected, || Fault::Sequence { expected, found: seq });
        let head = self.head.unwrap_or(GENESIS);
        self.expect(row.prev_hash == head, || Fault::BrokenChain { seq });
        match row.record.hash(&row.prev_hash) {
            Ok(hash) => self.expect(row.hash == hash, || Fault::Changed { seq }),
            Err(_) => self.faults.push(Fault::NotCanonical { seq }),
        }
        let before = self.status;
        self.expect(from_status == before, || Fault::Discontinuity {
            seq,
            expected: before,
            found: from_status,
        });
        let deserved = label(from_status, to_status);
        let found = row.record.label;
        self.expect(found == deserved, || Fault::Label { seq, expected: deserved, found });
        self.head = Some(row.hash);
        self.status = Some(to_status);
    }

    fn fold(&mut self, row: &'a Row) {
        let Record { seq, rules, to_status: found, .. } = row.record;
        // Rules that are not known here cannot be judged by those that are.
        if rules != RULES {
            return self.faults.push(Fault::UnknownRules { seq, rules });
        }
        if let Err(fault) = self.fold.take(&row.record) {
            return self.faults.push(fault);
        }
        let expected = self.fold.state().status;
        self.expect(found == expected, || Fault::Status { seq, expected, found });
    }

    fn end(mut self, stored: &Stored) -> Vec<Fault> {
        self.expect(self.rows > 0, || Fault::Empty);
        let head = self.head;
        self.expect(head == Some(stored.head_hash), || Fault::Head);
        self.expect(self.fold.absorbed_into == stored.absorbed_into, || Fault::Absorption);
        self.expect(self.fold.facts == stored.facts, || Fault::Facts);
        let fields = differing(&self.fold.state(), &stored.state);
        self.expect(fields.is_empty(), || Fault::State { fields });
        self.faults
    }

    fn expect(&mut self, holds: bool, fault: impl FnOnce() -> Fault) {
        if !holds {
            self.faults.push(fault());
        }
    }
}

/// Names of the fields whose values differ.
fn differing(expected: &OrderState, found: &OrderState) -> String {
    let object = |state: &OrderState| {
        let value = serde_json::to_value(state).expect("a struct of names and integers");
        value.as_object().cloned().unwrap_or_default()
    };
    let found = object(found);
    let names: Vec<String> = object(expected)
        .into_iter()
        .filter(|(name, value)| found.get(name) != Some(value))
        .map(|(name, _)| name)
        .collect();
    names.join(", ")
}
