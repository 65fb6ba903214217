use actix_web::ResponseError as _;

use super::Problem;

#[test]
fn what_went_wrong_inside_is_logged_and_never_told() {
    let problem = Problem::Internal(anyhow::anyhow!("column secret does not exist"));
    assert!(problem.log_line().contains("column secret"));
    let body = serde_json::to_string(&problem.body()).unwrap();
    assert!(!body.contains("secret"), "{body}");
    assert_eq!(problem.status_code(), 500);
}

#[test]
fn a_database_that_went_away_is_unavailable_and_any_other_error_is_ours() {
    assert_eq!(Problem::from(diesel::result::Error::NotFound).code(), "internal");
    let closed = diesel::result::Error::DatabaseError(
        diesel::result::DatabaseErrorKind::ClosedConnection,
        Box::new("gone".to_owned()),
    );
    assert_eq!(Problem::from(closed).code(), "unavailable");
}

#[test]
fn who_must_wait_is_told_how_long() {
    let response = Problem::TooMany { retry_after_seconds: 30 }.error_response();
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers().get("retry-after").unwrap(), "30");
}
