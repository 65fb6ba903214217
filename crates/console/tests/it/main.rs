//! What the console promises, against a real database.

mod orders;
mod serving;
mod signing_in;
mod support;
