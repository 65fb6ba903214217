//! Servers of a test's own, to be killed, stopped and starved as it likes (BROKER.md, section 6). Never the shared ones.
//!
//! Each lives in a folder of its own on ports of its own, as root or as an ordinary user, and goes with its handle: killed
//! by its process id, its folder removed.

mod postgres;
mod process;
mod rabbit;
mod redis;

pub use postgres::PrivatePostgres;
pub use process::{Signal, free_port};
pub use rabbit::PrivateRabbit;
pub use redis::PrivateRedis;
