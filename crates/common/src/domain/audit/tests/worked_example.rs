//! docs/AUDIT.md is checked against the code, from the text that its readers have.

use super::*;

const PAGE: &str = include_str!("../../../../../../docs/AUDIT.md");

/// The fenced block after a heading.
#[track_caller]
fn block(heading: &str) -> &'static str {
    let (_, after) = PAGE.split_once(heading).expect("the page has this heading");
    let (_, fenced) = after.split_once("```").unwrap();
    let (_, text) = fenced.split_once('\n').unwrap();
    text.split_once("\n```").unwrap().0
}

/// The example's order: placed and paid, one event each.
fn example() -> Writer {
    let mut writer = Writer::new();
    let placed = fact(Operation::Place, "native:payments:T-1", Outcome::Succeeded)
        .usd(9_999)
        .group("native:payments")
        .first(1);
    let captured = fact(Operation::Capture, "stripe:acct_1:pi_1", Outcome::Succeeded)
        .cumulative(9_999)
        .group("stripe:acct_1:pi_1");
    writer.event(
        &event("e:1", 1, placed)
            .sent_by("payments")
            .trust(Trust::Bearer),
    );
    writer.event(&event("evt_1", 2, captured));
    writer
}

#[test]
fn the_worked_example_is_what_the_code_writes() {
    let writer = example();
    let rows = serde_json::from_str::<Vec<Record>>(block("### The records")).unwrap();
    let expected: Vec<Record> = writer.rows.iter().map(|row| row.record.clone()).collect();
    assert_eq!(rows, expected, "{}", serde_json::to_string_pretty(&expected).unwrap());
    let canonical = canonical::to_vec(&rows[0]).unwrap();
    assert_eq!(block("### What is hashed"), String::from_utf8(canonical).unwrap());
    let mut previous = GENESIS;
    let mut hashes = Vec::new();
    for row in &rows {
        previous = row.hash(&previous).unwrap();
        hashes.push(hex::encode(previous));
    }
    assert_eq!(block("### The hashes"), hashes.join("\n"));
}

#[test]
fn the_worked_facts_and_state_are_what_the_records_fold_to() {
    let rows = serde_json::from_str::<Vec<Record>>(block("### The records")).unwrap();
    let facts = fold_trail(&rows).unwrap();
    let told = serde_json::from_str::<Value>(block("### The facts")).unwrap();
    let written = serde_json::to_value(&facts).unwrap();
    assert_eq!(told, written, "{}", serde_json::to_string_pretty(&written).unwrap());
    let told = serde_json::from_str::<Value>(block("### The state")).unwrap();
    let written = serde_json::to_value(facts.derive()).unwrap();
    assert_eq!(told, written, "{}", serde_json::to_string_pretty(&written).unwrap());
}
