//! `orders`: the state, as its facts have it.

mod find;
mod held;
mod put;
mod search;

pub use find::{Order, Summary, find, page};
pub use search::{Found, Search, search};

pub(super) use held::{Held, lock};
pub(super) use put::{OrderRow, put};
