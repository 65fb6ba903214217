//! Reading what Linux tells of a process.

use super::*;

#[test]
fn processor_time_is_read_past_any_name() {
    let stat = "42 (a) b (c)) S 1 42 42 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 3 0 7 8 9";
    assert_eq!(cpu_seconds(stat), Some(3.0));
    assert_eq!(cpu_seconds("nothing"), None);
}

#[test]
fn the_peak_of_memory_is_in_mebibytes() {
    assert_eq!(peak_mib("Name:\tx\nVmHWM:\t   65536 kB\nVmRSS:\t 1 kB\n"), Some(64.0));
    assert_eq!(peak_mib("Name:\tx\n"), None);
}

#[test]
fn what_is_not_built_is_told_with_the_word_that_builds_it() {
    let error = beside_us("waybill-nobody").unwrap_err().to_string();
    assert!(error.contains("cargo build --release -p waybill-nobody"), "{error}");
}
