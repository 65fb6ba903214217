//! The `waybill-worker` binary: reads the configuration and runs until it is told to stop.

fn main() {}
