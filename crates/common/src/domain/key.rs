//! What an event is known and sorted by: its deduplication key and its share of the work.

use sha2::{Digest, Sha256};

use super::CanonicalEvent;

/// The deduplication key as Redis and `event_keys` hold it: the first 16 bytes of
/// SHA-256(source ‖ 0x00 ‖ `dedup_key`). No configured name holds a zero byte, so no two events share the text.
#[must_use]
pub fn event_key(source: &str, dedup_key: &str) -> [u8; 16] {
    let hash = Sha256::new()
        .chain_update(source)
        .chain_update([0])
        .chain_update(dedup_key)
        .finalize();
    std::array::from_fn(|index| hash[index])
}

impl CanonicalEvent {
    /// See [`event_key`].
    #[must_use]
    pub fn key(&self) -> [u8; 16] {
        event_key(&self.source, &self.dedup_key)
    }

    /// Which of `parts` this event belongs to, by its first order reference (by its deduplication key, where it has
    /// none). Ingest picks the work queue by it, so events that name an order alike meet.
    ///
    /// # Panics
    /// If there are no parts.
    #[must_use]
    pub fn part_of(&self, parts: usize) -> usize {
        let name = self
            .order_refs
            .first()
            .map_or(&self.dedup_key, |reference| &reference.name);
        let hash = Sha256::digest(name);
        let leading = u64::from_be_bytes(std::array::from_fn(|index| hash[index]));
        let parts = u64::try_from(parts).expect("a usize fits into 64 bits");
        usize::try_from(leading % parts).expect("it is less than a usize")
    }
}

#[cfg(test)]
mod tests;
