//! `orders`: the state, as its facts have it.

mod called;
mod find;
mod held;
mod put;
mod search;

pub use find::{Order, Summary, find, page};
pub use search::{Search, search};

pub(super) use held::{Held, Remembered, lock, look};
pub(super) use put::{OrderRow, put};
