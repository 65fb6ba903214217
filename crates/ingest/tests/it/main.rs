//! What ingest promises, against real servers.

mod accepting;
mod admitting;
mod answers;
mod backpressure;
mod certificates;
mod counting;
mod faults;
mod forging;
mod framing;
mod handshakes;
mod limits;
mod outages;
mod process;
mod reloading;
mod signed;
mod stopping;
mod support;
mod traced;
mod walls;
