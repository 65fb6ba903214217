//! Where a page of a list that is searched begins, and how far one page looks.

use uuid::Uuid;

/// Where a page begins, which way it goes, and how long it is.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub from: Option<Uuid>,
    /// Towards the newer ones; the rows then come in that order.
    pub backward: bool,
    pub limit: i64,
}

/// Rows that one page looks at for a filter without an index.
pub const EXAMINED_MAX: i64 = 5_000;
