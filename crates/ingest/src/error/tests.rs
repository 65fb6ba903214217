use actix_web::body::to_bytes;
use actix_web::error::PayloadError;

use super::*;

async fn told(refusal: &Refusal) -> (u16, String) {
    let response = refusal.error_response();
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body()).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn exhausted(retry_after_ms: u64) -> Exhausted {
    Exhausted {
        retry_after: Duration::from_millis(retry_after_ms),
        limit: 1000,
        window: Duration::from_secs(60),
    }
}

#[actix_web::test]
async fn a_used_up_budget_is_told_to_the_letter() {
    let refusal = Refusal::TooManyRequests(exhausted(11_200));
    assert_eq!(
        told(&refusal).await,
        (
            429,
            r#"{"message":"Too many requests","retry_after":12,"limit":1000,"window":"1 minute(s)"}"#
                .into()
        )
    );
    assert_eq!(refusal.error_response().headers().get(RETRY_AFTER).unwrap(), "12");
}

#[test]
fn whoever_waits_as_long_as_told_is_let_in() {
    for (wait_ms, seconds) in [(0, 1), (1, 1), (1000, 1), (1001, 2), (12_000, 12)] {
        assert_eq!(exhausted(wait_ms).retry_after_seconds(), seconds);
    }
    assert_eq!(window_text(Duration::from_secs(90)), "90 second(s)");
    assert_eq!(window_text(Duration::from_secs(120)), "2 minute(s)");
}

#[actix_web::test]
async fn every_failed_authentication_reads_the_same() {
    let expected = told(&Refusal::UnknownSource).await;
    assert_eq!(expected.0, 401);
    for reason in [
        SignatureError::Missing,
        SignatureError::Malformed,
        SignatureError::TooOld,
        SignatureError::Mismatch,
    ] {
        assert_eq!(told(&Refusal::Signature(reason)).await, expected);
    }
}

#[actix_web::test]
async fn the_senders_are_told_nothing_internal() {
    let inside = PayloadError::Incomplete(Some(std::io::Error::other("/etc/secret")));
    let (status, body) = told(&Refusal::Broken(inside)).await;
    assert_eq!((status, body.contains("secret")), (400, false));
    for error in [PublishError::Blocked, PublishError::Disconnected, PublishError::TimedOut] {
        let (status, body) = told(&Refusal::Unconfirmed(error)).await;
        assert_eq!((status, body.contains("broker")), (503, false));
    }
}

#[test]
fn an_outage_asks_for_a_repeat_and_a_broken_request_ends_the_connection() {
    let outage = Refusal::Late.error_response();
    assert_eq!(outage.headers().get(RETRY_AFTER).unwrap(), "5");
    let load = Refusal::Load.error_response();
    assert_eq!(load.headers().get(RETRY_AFTER).unwrap(), "30");
    assert!(
        !outage
            .head()
            .connection_type()
            .eq(&actix_web::http::ConnectionType::Close)
    );
    let slow = Refusal::TooSlow.error_response();
    assert_eq!(slow.head().connection_type(), actix_web::http::ConnectionType::Close);
    assert_eq!(
        Refusal::WrongMethod
            .error_response()
            .headers()
            .get(ALLOW)
            .unwrap(),
        "POST"
    );
}
