use actix_web::test::TestRequest;

use super::*;
use crate::api::orders::OrderFilter;

fn filter(query: &str) -> Result<Filter<OrderFilter>, Problem> {
    Filter::of(&TestRequest::with_uri(&format!("/orders?{query}")).to_http_request())
}

#[test]
fn fields_that_were_left_empty_say_nothing() {
    let asked = filter("q=&status=paid&from=&source=+").unwrap().asked;
    assert_eq!(asked.status.as_deref(), Some("paid"));
    assert_eq!((asked.q, asked.source), (None, None));
    assert!(!filter("q=&from=").unwrap().is_narrow());
}

#[test]
fn times_of_a_form_are_in_utc() {
    for (sent, meant) in [
        ("2026-11-27T15:00", "2026-11-27T15:00:00Z"),
        ("2026-11-27T15:00:01.5", "2026-11-27T15:00:01.500Z"),
        ("2026-11-27T15:00:00%2B01:00", "2026-11-27T15:00:00+01:00"),
        ("yesterday", "yesterday"),
    ] {
        assert_eq!(
            filter(&format!("from={sent}"))
                .unwrap()
                .asked
                .from
                .as_deref(),
            Some(meant)
        );
    }
    assert_eq!(filter("from=2026-11-27T15:00").unwrap().time("from"), "2026-11-27T15:00:00");
}

#[test]
fn links_keep_what_was_asked_and_escape_it() {
    let filter = filter("q=%22%3E%3Cb%3E%26a%3D1&cursor=old&limit=2").unwrap();
    assert_eq!(filter.at("new"), "/orders?q=%22%3E%3Cb%3E%26a%3D1&limit=2&cursor=new");
    assert_eq!(filter.value("q"), "\"><b>&a=1");
}

#[test]
fn what_is_no_field_is_refused() {
    assert!(matches!(filter("colour=red"), Err(Problem::Invalid(_))));
    assert!(matches!(filter("limit=many"), Err(Problem::Invalid(_))));
}
