//! Another body with the same CRC-32, as anyone can make one.

const LETTERS: usize = 48;

/// The JSON object with one text in another's place, and a member that nobody reads, chosen such that the checksum stays.
///
/// The checksum is linear: the low bit of each letter flips its own set of the checksum's bits, and 48 of them together
/// reach every value.
pub(crate) fn forge(genuine: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8_lossy(genuine).replace(from, to);
    let open = text.strip_suffix('}').expect("it is an object");
    let mut body = format!("{open},\"x\":\"").into_bytes();
    let letters = body.len();
    body.extend([b'@'; LETTERS]);
    body.extend(b"\"}");
    let now = crc32(&body);
    let columns: Vec<u32> = (0..LETTERS)
        .map(|place| {
            let mut flipped = body.clone();
            flipped[letters + place] ^= 1;
            crc32(&flipped) ^ now
        })
        .collect();
    for place in solve(&columns, now ^ crc32(genuine)) {
        body[letters + place] ^= 1;
    }
    assert_eq!(crc32(&body), crc32(genuine));
    body
}

/// Which columns together are `target` (Gauss, over bits).
fn solve(columns: &[u32], target: u32) -> Vec<usize> {
    let mut basis: Vec<(u32, u64)> = Vec::new();
    let reduce = |basis: &[(u32, u64)], mut value: u32, mut which: u64| {
        for (vector, members) in basis {
            if value ^ vector < value {
                value ^= vector;
                which ^= members;
            }
        }
        (value, which)
    };
    for (place, column) in columns.iter().enumerate() {
        let (value, which) = reduce(&basis, *column, 1 << place);
        if value != 0 {
            basis.push((value, which));
            basis.sort_unstable_by(|a, b| b.cmp(a));
        }
    }
    let (rest, which) = reduce(&basis, target, 0);
    assert_eq!(rest, 0, "48 letters span every checksum");
    (0..columns.len())
        .filter(|place| which >> place & 1 == 1)
        .collect()
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
    }
    !crc
}
