//! What Waybill's services share: the domain and the roads to PostgreSQL, RabbitMQ and Redis.
//!
//! Walls: [`domain`] does no I/O; [`storage`] and [`broker`] never name each other; only [`config`] reads the
//! environment; only [`clock`] reads the time.

pub mod access;
pub mod age;
pub mod backoff;
pub mod broker;
pub mod client;
pub mod clock;
pub mod config;
pub mod domain;
pub mod fetch;
pub mod id;
pub mod lock;
pub mod ops;
pub mod service;
pub mod shutdown;
pub mod signing;
pub mod storage;
pub mod telemetry;
