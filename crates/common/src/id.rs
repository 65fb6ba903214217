//! Ids: uuids of version 7, so that new rows go where an index ends.

use uuid::{NoContext, Uuid};

use crate::domain::Timestamp;

/// A new id whose time is the millisecond of `time`. A webhook's is that of its receipt: its row is found by it alone.
///
/// # Panics
/// Never: times lie in the years 1970 to 9999.
#[must_use]
pub fn at(time: Timestamp) -> Uuid {
    let seconds = u64::try_from(time.seconds()).expect("times begin in 1970");
    let nanoseconds = u32::try_from(time.micros() % 1_000_000).expect("less than a second") * 1_000;
    Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, seconds, nanoseconds))
}
