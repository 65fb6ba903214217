//! Asking a provider about the object of a hint, and what every answer has in common.

use sha2::{Digest, Sha256};
use waybill_common::domain::{Effect, Fact, Hint, OccurredAt, Origin, Precision, Timestamp, Trust};

use crate::meaning::snapshot;
use crate::{Header, ParseError, Parsed, json};

/// A GET with the source's API key as bearer token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub address: String,
    pub headers: Vec<Header>,
}

impl Question {
    pub(crate) fn new(address: String) -> Self {
        Self { address, headers: Vec::new() }
    }
}

/// What an answer says before its object is understood.
///
/// The key holds the hint's time too: the same state must clear a later hint, which it could not as a duplicate. A fetch
/// that is repeated after a crash and finds another state is another statement, and no contradiction.
pub(crate) fn answer(hint: &Hint, body: &[u8], at: Timestamp) -> Parsed {
    let body_sha256: [u8; 32] = Sha256::digest(body).into();
    let (object, hinted) = (&hint.object, hint.at.micros());
    Parsed {
        account: None,
        dedup_key: Some(format!("{object}@{hinted}:{}", hex::encode(&body_sha256[..8]))),
        body_sha256,
        native_type: "fetched".to_owned(),
        // Whatever clocks say, the question came after the hint.
        occurred_at: OccurredAt {
            at: at.max(hint.at),
            precision: Precision::Us,
            origin: Origin::Received,
        },
        // The provider itself said so, to us.
        trust: Trust::Full,
        order_refs: Vec::new(),
        effect: Effect::Unusable { reason: "not understood".to_owned() },
        correlation_id: None,
        txn_id: None,
        body: None,
    }
}

/// The object's snapshot: it holds no register of its own, but all that was told of the operations on it, and it is the
/// newest word about the object.
pub(crate) fn state(hint: &Hint, book: &str, facts: Vec<Fact>) -> Effect {
    Effect::Snapshot { snapshot: snapshot(hint.object.clone(), book, 0), facts }
}

/// The answer's JSON, if it is about the object that was asked for.
pub(crate) fn object<'a>(body: &'a [u8], id: &str) -> Result<json::Json<'a>, ParseError> {
    let object = json::parse(body).map_err(|why| ParseError::Malformed(why.to_string()))?;
    if object.at("id").text() == Some(id) {
        Ok(object)
    } else {
        Err(ParseError::Malformed("the answer is about another object".into()))
    }
}
