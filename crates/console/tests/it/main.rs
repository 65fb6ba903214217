//! What the console promises, against a real database.

mod access;
mod documentation;
mod looking;
mod orders;
mod replaying;
mod serving;
mod signing_in;
mod support;
