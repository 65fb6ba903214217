//! `orders`: the state, as its facts have it.

mod find;
mod held;
mod put;
mod search;

pub use find::{Order, find, page};
pub use search::{EXAMINED_MAX, Found, Place, Search, Summary, search};

pub(super) use held::{Held, lock};
pub(super) use put::{OrderRow, put};
