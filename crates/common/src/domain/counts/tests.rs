use super::*;

#[test]
fn a_report_is_read_as_it_was_written() {
    let minute = Timestamp::parse("2026-11-24T10:07:00Z").unwrap();
    let count = Count { source: "stripe".into(), minute, accepted: 3, recovered: 1 };
    let report = Report::new("r-1", vec![count]).with_secrets(vec![used()]);
    assert_eq!(Report::decode(&report.encode()).unwrap(), report);
}

fn used() -> SecretUse {
    let at = |text| Timestamp::parse(text).unwrap();
    SecretUse {
        source: "stripe".into(),
        kind: SecretKind::Token,
        position: 1,
        since: at("2026-11-20T09:00:00Z"),
        used: 7,
        last_used_at: Some(at("2026-11-24T10:07:12Z")),
        told_at: at("2026-11-24T10:07:15Z"),
    }
}

#[test]
fn replicas_and_workers_of_the_version_before_understand_each_other() {
    /// The report as it was before it told of secrets.
    #[derive(Serialize, Deserialize)]
    struct Before {
        v: u64,
        replica: String,
        counts: Vec<Count>,
    }
    let old = serde_json::to_vec(&Before { v: 1, replica: "r".into(), counts: vec![] }).unwrap();
    assert_eq!(Report::decode(&old).unwrap(), Report::new("r", vec![]));
    let new = Report::new("r", vec![]).with_secrets(vec![used()]).encode();
    let read: Before = serde_json::from_slice(&new).unwrap();
    assert_eq!((read.v, read.replica.as_str(), read.counts), (1, "r", vec![]));
}

#[test]
fn what_is_no_report_is_told_from_what_is_a_newer_one() {
    let newer = br#"{"v":2,"replica":"r","counts":[]}"#;
    assert!(matches!(Report::decode(newer), Err(ReportError::UnknownVersion(2))));
    for odd in [&b"{}"[..], b"not json", br#"{"v":1,"replica":"r","counts":[{"source":"s"}]}"#] {
        assert!(matches!(Report::decode(odd), Err(ReportError::Malformed(_))));
    }
}
