//! Standard Webhooks: every key, header and signature that may come.

use waybill_providers::{Message, SignatureError};

use crate::support::{CLOCK, clock, source};
use waybill_common::domain::Timestamp;

const SHARED: &str = "provider = 'standard'\nsecrets = ['whsec_c2VjcmV0', 'whsec_b3RoZXI=']";
const PRIVATE: &str =
    "provider = 'standard'\nsecrets = ['whsk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=']";

fn signed(keys: &str, seconds: i64) -> Message {
    let at = Timestamp::from_seconds(seconds).expect("a time");
    source(keys).sign(Message::json("{}").with("webhook-id", "msg_1"), at)
}

fn verify(keys: &str, message: &Message) -> Result<Option<usize>, SignatureError> {
    source(keys)
        .verify(&message.request(), clock())
        .map(|verified| verified.secret)
}

fn renamed(message: &Message, family: [&'static str; 3]) -> Message {
    let mut renamed = Message { headers: Vec::new(), body: message.body.clone() };
    for (name, value) in &message.headers[1..] {
        let name = match *name {
            "webhook-id" => family[0],
            "webhook-timestamp" => family[1],
            _ => family[2],
        };
        renamed = renamed.with(name, value.clone());
    }
    renamed
}

#[test]
fn both_schemes_and_both_families_of_headers_are_believed() {
    assert_eq!(verify(SHARED, &signed(SHARED, CLOCK)), Ok(Some(0)));
    assert_eq!(verify(PRIVATE, &signed(PRIVATE, CLOCK)), Ok(Some(0)));
    let svix = ["svix-id", "svix-timestamp", "svix-signature"];
    assert_eq!(verify(SHARED, &renamed(&signed(SHARED, CLOCK), svix)), Ok(Some(0)));
    // One scheme's signature is none of the other's.
    assert_eq!(verify(SHARED, &signed(PRIVATE, CLOCK)), Err(SignatureError::Mismatch));
    assert_eq!(verify(PRIVATE, &signed(SHARED, CLOCK)), Err(SignatureError::Mismatch));
}

#[test]
fn the_time_may_be_off_by_five_minutes_in_both_directions() {
    for (seconds, expected) in [
        (-301, Err(SignatureError::TooOld)),
        (-300, Ok(Some(0))),
        (300, Ok(Some(0))),
        (301, Err(SignatureError::TooOld)),
    ] {
        assert_eq!(verify(SHARED, &signed(SHARED, CLOCK + seconds)), expected, "{seconds}");
    }
}

#[test]
fn a_list_of_signatures_is_tried_to_its_end_and_no_further() {
    let good = signed(SHARED, CLOCK);
    let signature = good.headers[3].1.clone();
    let of = |list: String| {
        let mut message = good.clone();
        message.headers[3].1 = list;
        verify(SHARED, &message)
    };
    let bad = "v1,AAAA";
    assert_eq!(of(format!("{bad} {bad} {bad} {bad} {signature}")), Ok(Some(0)));
    assert_eq!(
        of(format!("{bad} {bad} {bad} {bad} {bad} {signature}")),
        Err(SignatureError::Malformed)
    );
    for malformed in [String::new(), format!(" {signature}"), format!("{signature} ")] {
        assert_eq!(of(malformed.clone()), Err(SignatureError::Malformed), "{malformed:?}");
    }
    for mismatch in [
        signature.replace("v1,", "v2,"),
        signature.replace("v1,", "v1a,"),
        signature.replace('=', ""),
    ] {
        assert_eq!(of(mismatch.clone()), Err(SignatureError::Mismatch), "{mismatch}");
    }
}

#[test]
fn a_dot_in_the_id_is_refused() {
    let message = Message::json("{}").with("webhook-id", "msg.1");
    let dotted = source(SHARED).sign(message, clock());
    assert_eq!(verify(SHARED, &dotted), Err(SignatureError::Malformed));
}
