//! Transmissions whose signature does not protect the body well enough (`PayPal` signs its CRC-32): each counts for one
//! body, in Redis's memory, for as long as it is believed.
//!
//! The sender's own repeat has the same body and is none of our business here. Without Redis everything is let through:
//! the events' keys in the database decide then, and the order is flagged all the same.

use deadpool_redis::redis::{cmd, pipe};
use sha2::{Digest as _, Sha256};
use waybill_common::domain::Timestamp;
use waybill_providers::Transmission;

use crate::redis::Redis;

/// Whether this is the only body that came under the transmission so far. Remembers it.
pub async fn has_one_body(
    redis: &Redis,
    source: &str,
    (transmission, body): (&Transmission, &[u8]),
    now: Timestamp,
) -> bool {
    let name = hex::encode(Sha256::digest(&transmission.id));
    let key = redis.key("transmission", &format!("{source}:{name}"));
    let hash = hex::encode(Sha256::digest(body));
    let seconds = transmission.until.seconds() - now.seconds();
    let set = {
        let mut set = cmd("SET");
        set.arg(&key)
            .arg(&hash)
            .arg("NX")
            .arg("EX")
            .arg(seconds.max(1));
        set
    };
    let mut ask = pipe();
    ask.add_command(set).ignore().get(&key);
    let known: Option<(Option<String>,)> = redis.run(&ask).await;
    known
        .and_then(|(first,)| first)
        .is_none_or(|first| first == hash)
}
