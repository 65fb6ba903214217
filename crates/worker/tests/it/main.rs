//! A real worker against the real servers: each test is a promise of the product.

mod binary;
mod counting;
mod failures;
mod following;
mod hints;
mod locks;
mod messages;
mod outages;
mod reports;
mod stopping;
mod system;
mod telling;
mod traces;
