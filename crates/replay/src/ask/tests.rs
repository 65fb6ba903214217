use waybill_common::storage::dead_letters::DeathReason;

use super::*;

fn refused(filter: &str) -> bool {
    let filter: ReplayFilter = serde_json::from_str(filter).expect("it has the form of a filter");
    matches!(filter.selection(), Err(Refusal::Invalid(_)))
}

#[test]
fn everything_is_replayed_only_where_that_is_said() {
    assert!(refused("{}"));
    assert!(refused(r#"{"all":false}"#));
    assert!(refused(r#"{"all":true,"source":"payments"}"#));
    assert!(!refused(r#"{"all":true}"#));
    assert!(!refused(r#"{"source":"payments"}"#));
}

#[test]
fn a_filter_that_makes_no_sense_is_refused() {
    for filter in [
        r#"{"reason":"bad luck"}"#,
        r#"{"from":"yesterday"}"#,
        r#"{"source":"a\u0000b"}"#,
        r#"{"webhooks":[]}"#,
    ] {
        assert!(refused(filter), "{filter}");
    }
    let many = vec![Uuid::nil(); WEBHOOKS_MAX + 1];
    let named = |count: usize| ReplayFilter {
        webhooks: Some(many[..count].to_vec()),
        ..ReplayFilter::default()
    };
    assert!(named(WEBHOOKS_MAX).selection().is_ok());
    assert!(named(WEBHOOKS_MAX + 1).selection().is_err());
}

#[test]
fn the_rate_has_bounds() {
    assert_eq!(rate(None).unwrap(), RATE);
    assert_eq!((rate(Some(1)).unwrap(), rate(Some(RATE_MAX)).unwrap()), (1, RATE_MAX));
    assert!(rate(Some(0)).is_err() && rate(Some(RATE_MAX + 1)).is_err());
}

#[test]
fn a_reason_that_is_not_needed_is_still_one() {
    let filter = ReplayFilter { all: true, ..ReplayFilter::default() };
    let asked = |reason: Option<&str>| ReplayRequested {
        filter: filter.clone(),
        dry_run: true,
        reason: reason.map(str::to_owned),
        ..ReplayRequested::default()
    };
    assert!(asked(None).read().is_ok() && asked(Some("to see")).read().is_ok());
    for reason in ["", " ", "a\0b"] {
        assert!(asked(Some(reason)).read().is_err(), "{reason:?}");
    }
}

#[test]
fn the_documentation_names_the_reasons_for_a_death() {
    let names: Vec<&str> = DeathReason::ALL
        .iter()
        .map(|reason| reason.as_str())
        .collect();
    let schema = serde_json::to_value(<ReplayFilter as utoipa::PartialSchema>::schema()).unwrap();
    let pattern = &schema["properties"]["reason"]["pattern"];
    assert_eq!(pattern, &serde_json::json!(format!("^({})$", names.join("|"))));
}
