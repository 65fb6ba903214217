use super::*;

#[test]
fn a_message_that_comes_again_and_again_goes_into_smaller_and_smaller_batches() {
    let limits: Vec<usize> = (0..=7).map(|count| limit(500, count)).collect();
    assert_eq!(limits, [500, 500, 500, 250, 125, 62, 31, 15]);
    assert_eq!(limit(1, 40), 1);
    assert_eq!(limit(usize::MAX, u32::MAX - 1), 1);
}
