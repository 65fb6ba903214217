use super::*;

#[test]
fn a_report_is_read_as_it_was_written() {
    let minute = Timestamp::parse("2026-11-24T10:07:00Z").unwrap();
    let count = Count { source: "stripe".into(), minute, accepted: 3, recovered: 1 };
    let report = Report::new("r-1", vec![count]);
    assert_eq!(Report::decode(&report.encode()).unwrap(), report);
}

#[test]
fn what_is_no_report_is_told_from_what_is_a_newer_one() {
    let newer = br#"{"v":2,"replica":"r","counts":[]}"#;
    assert!(matches!(Report::decode(newer), Err(ReportError::UnknownVersion(2))));
    for odd in [&b"{}"[..], b"not json", br#"{"v":1,"replica":"r","counts":[{"source":"s"}]}"#] {
        assert!(matches!(Report::decode(odd), Err(ReportError::Malformed(_))));
    }
}
