//! What leaves an order with a name that never was its own.
//!
//! Names that others gave hang together where one row tells several of them; whatever tells one of those leaves, and they
//! all leave. The merchant's name stays: it is what the order is. So each row counts for one order, and names decide for
//! which (docs/RULES.md, "Undoing a link").

use std::collections::BTreeSet;

use super::fold::counting;
use super::{Fault, Kind, Record, Row};
use crate::domain::{Facts, Reference, Verdict};

/// An order in two parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaving {
    /// Rows of the trail that leave, by `seq`.
    pub rows: BTreeSet<i64>,
    /// The names that leave; none of them is the merchant's.
    pub names: BTreeSet<String>,
    /// Names of the merchant that those rows tell; they stay.
    pub kept: Vec<Reference>,
    /// What the rows that leave join to, under the names that leave.
    pub facts: Facts,
    /// What the other rows join to.
    pub rest: Facts,
}

impl Leaving {
    /// What leaves with a name; none where no row that counts tells it, or only as the merchant's.
    ///
    /// # Errors
    /// `Unreadable` for the first row whose effect is not of its kind.
    pub fn with(name: &str, trail: &[Row]) -> Result<Option<Self>, Fault> {
        let records: Vec<&Record> = trail.iter().map(|row| &row.record).collect();
        let told = counting(&records)?;
        if !told.iter().any(|(_, facts)| has(facts, name)) {
            return Ok(None);
        }
        let names = hanging_together(name, &told);
        let contradictions: BTreeSet<i64> = records
            .iter()
            .filter(|record| contradicts(record, &names))
            .map(|record| record.seq)
            .collect();
        let mut leaving = Self {
            rows: contradictions,
            names,
            kept: Vec::new(),
            facts: Facts::default(),
            rest: Facts::default(),
        };
        for (seq, facts) in told {
            leaving.sort(seq, facts);
        }
        Ok(Some(leaving))
    }

    fn sort(&mut self, seq: i64, told: Facts) {
        if !self.rows.contains(&seq) && !tells_any(&told, &self.names) {
            self.rest.join(told);
            return;
        }
        self.rows.insert(seq);
        let stays = |reference: &&Reference| reference.merchant && !self.kept.contains(reference);
        let kept: Vec<Reference> = told.references().filter(stays).cloned().collect();
        self.kept.extend(kept);
        self.facts.join(told.under(|reference| !reference.merchant));
    }
}

/// A row of conflict joins no name: it goes where the name goes that it contradicts under.
fn contradicts(record: &Record, names: &BTreeSet<String>) -> bool {
    record.kind == Kind::Event
        && record.verdict == Verdict::Conflict
        && record
            .order_refs
            .iter()
            .any(|told| names.contains(&told.name))
}

fn has(told: &Facts, name: &str) -> bool {
    told.references()
        .any(|told| !told.merchant && told.name == name)
}

fn tells_any(told: &Facts, names: &BTreeSet<String>) -> bool {
    told.references().any(|told| names.contains(&told.name))
}

fn hanging_together(name: &str, told: &[(i64, Facts)]) -> BTreeSet<String> {
    let mut names = BTreeSet::from([name.to_owned()]);
    loop {
        let before = names.len();
        for (_, facts) in told {
            if tells_any(facts, &names) {
                let foreign = facts.references().filter(|told| !told.merchant);
                names.extend(foreign.map(|told| told.name.clone()));
            }
        }
        if names.len() == before {
            return names;
        }
    }
}
