//! What the targets share: a configured source of every provider, and requests and events made of a fuzzer's bytes.

mod request;
mod sources;
mod told;

pub use request::Raw;
pub use sources::{Source, source};
pub use told::events;

use waybill_common::domain::Timestamp;

/// The time at which everything arrives: that of the recorded requests.
///
/// # Panics
/// Never: it is a time of this century.
#[must_use]
pub fn clock() -> Timestamp {
    Timestamp::from_seconds(1_767_268_800).expect("a time of this century")
}
