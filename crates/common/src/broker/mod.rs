//! Roads to and from RabbitMQ: what is declared there, publishing with a confirm, consuming in lanes.
//!
//! **Who acts.** A [`Publisher`] and a [`Consumer`] each own one supervised connection: a task connects, declares the
//! topology, watches, and does it all again with full jitter for as long as the service lives. Publishing and
//! consuming never share a connection, because a broker under memory pressure blocks a publishing connection whole,
//! acknowledgements included.
//!
//! **What is guaranteed.** [`Publisher::publish`] says `Ok` only when the broker has taken responsibility; any other
//! end is an error within the confirm's deadline, and the message may or may not arrive: the deduplication copes. A
//! [`Delivery`] that is not acknowledged comes again. Headers are written from an allow-list ([`Headers`]).
//!
//! **What happens if a part dies.** Connection: whatever was unconfirmed fails, streams end, both are built again.
//! Topology: declared again after each connect and after each returned message. Broker blocked: publishing fails at once.

mod connection;
mod consumer;
mod deliveries;
mod delivery;
mod depth;
mod flight;
mod foreman;
mod headers;
mod lanes;
mod ledger;
pub mod once;
mod publisher;
mod returned;
mod topology;

pub use connection::ConnectError;
pub use consumer::{ConsumeError, Consumer, ConsumerState};
pub use deliveries::{Deliveries, Settler};
pub use delivery::{Acker, Delivery, acknowledge};
pub use depth::{Depth, QueueDepth};
pub use headers::Headers;
pub use lapin::Channel;
pub use ledger::{Ledger, Plan};
pub use publisher::{PublishError, Publisher, PublisherState};
pub use topology::{Queue, Route, Topology, TopologyError};
