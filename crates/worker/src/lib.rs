//! Carries accepted webhooks into PostgreSQL: consume, lock, commit, acknowledge.
//!
//! What one delivery meets, in order: [`consume`] with [`session`] and [`reader`] (channels), [`taken`] (what it is), [`lane`] with [`batch`]
//! (gathered with others), [`process`] (the sequence itself), [`locking`] with [`parked`], [`commit`] with [`bisect`] and
//! [`outcome`], [`settle`]; where it does not end there, [`retry`], [`suspect`], [`dead`], by [`hand_on`]. Beside the events: [`counts`]. Around it:
//! [`breaker`] with [`recovery`], [`unrouted`], [`housekeeping`], [`health`], [`hints`] (asking providers). [`worker`] holds it all together.

mod batch;
mod bisect;
mod breaker;
mod commit;
mod consume;
mod counts;
mod dead;
mod engine;
mod gather;
mod hand_on;
mod health;
mod hints;
mod housekeeping;
mod inbox;
mod lane;
mod locking;
mod metrics;
mod outcome;
mod parked;
mod process;
mod progress;
mod reader;
mod recovery;
mod retry;
mod seats;
mod session;
mod settle;
mod suspect;
mod taken;
mod unrouted;
mod worker;

pub use worker::Worker;
