//! The built `waybill` against real servers: what it prints, and how it exits.

mod access;
mod by_hand;
mod checking;
mod following;
mod looking;
mod manual;
mod replaying;
mod support;
mod ways;
