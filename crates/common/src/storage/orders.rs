//! `orders`: the state, as its facts have it.

mod find;
mod held;
mod put;

pub use find::{Order, find, page};

pub(super) use held::{Held, lock};
pub(super) use put::{OrderRow, put};
