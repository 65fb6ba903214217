//! The built `waybill` against real servers: what it prints, and how it exits.

mod access;
mod checking;
mod looking;
mod support;
