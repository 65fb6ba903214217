use super::*;

#[test]
fn only_what_is_safe_in_logs_and_headers_is_repeated() {
    for safe in ["CORR_789", "a", "0f8c-4.2:x", &"x".repeat(128)] {
        assert_eq!(CorrelationId::parse(safe).unwrap().as_str(), safe);
    }
    for unsafe_one in ["", "a b", "a\r\nb", "<b>", "é", "${jndi:x}", &"x".repeat(129)] {
        assert_eq!(CorrelationId::parse(unsafe_one), None, "{unsafe_one:?}");
    }
}

#[test]
fn two_headers_are_none() {
    let mut headers = HeaderMap::new();
    assert_eq!(CorrelationId::of(&headers), None);
    headers.append(HEADER, HeaderValue::from_static("one"));
    assert_eq!(CorrelationId::of(&headers).unwrap().as_str(), "one");
    headers.append(HEADER, HeaderValue::from_static("two"));
    assert_eq!(CorrelationId::of(&headers), None);
}
