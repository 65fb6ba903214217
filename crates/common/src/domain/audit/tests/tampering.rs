//! Whatever bit of a row is flipped, it is found.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde::{Deserialize, Serialize};

use super::*;

/// A row as bytes: every column and both hashes.
#[derive(Serialize, Deserialize)]
struct Dump {
    record: Record,
    #[serde(with = "hex::serde")]
    prev_hash: [u8; 32],
    #[serde(with = "hex::serde")]
    hash: [u8; 32],
}

fn dump(row: &Row) -> Vec<u8> {
    let Row { record, prev_hash, hash } = row.clone();
    serde_json::to_vec(&Dump { record, prev_hash, hash }).unwrap()
}

/// None where the bytes are no row any more, which nobody could overlook.
fn restore(bytes: &[u8]) -> Option<Row> {
    let Dump { record, prev_hash, hash } = serde_json::from_slice(bytes).ok()?;
    Some(Row { record, prev_hash, hash })
}

#[test]
fn a_thousand_flipped_bits_are_all_found() {
    let writer = written();
    let stored = writer.stored();
    let mut rng = StdRng::seed_from_u64(7);
    let (mut flips, mut read) = (0, 0);
    while flips < 1_000 {
        let index = rng.random_range(0..writer.rows.len());
        let mut bytes = dump(&writer.rows[index]);
        let bit = rng.random_range(0..bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        let flipped = restore(&bytes);
        // A hex digit in upper case is the same bytes in the database: nothing was changed.
        if flipped.as_ref() == Some(&writer.rows[index]) {
            continue;
        }
        flips += 1;
        let Some(flipped) = flipped else { continue };
        read += 1;
        let mut rows = writer.rows.clone();
        rows[index] = flipped;
        let faults = verify_trail(&rows, &stored);
        assert!(!faults.is_empty(), "bit {bit} of row {index}");
    }
    assert!(read > 300, "most flips must leave a row to judge: {read}");
}

#[test]
fn a_flipped_bit_of_either_hash_is_found() {
    let writer = written();
    let stored = writer.stored();
    for index in 0..writer.rows.len() {
        for bit in (0..256).step_by(7) {
            let mut rows = writer.rows.clone();
            rows[index].hash[bit / 8] ^= 1 << (bit % 8);
            assert!(!verify_trail(&rows, &stored).is_empty());
            let mut rows = writer.rows.clone();
            rows[index].prev_hash[bit / 8] ^= 1 << (bit % 8);
            assert!(!verify_trail(&rows, &stored).is_empty());
        }
    }
}
