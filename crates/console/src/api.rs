//! The JSON API under `/api/v1`, a file per resource.

#![expect(unused_qualifications, reason = "what `#[utoipa::path]` makes of `params` has them")]

pub mod orders;
pub mod session;

use waybill_common::access::Scope;

use crate::access::Policy;
use crate::route::Route;

/// Every route of the API, on one screen.
#[must_use]
pub fn routes() -> Vec<Route> {
    let orders = Policy::viewer(Scope::Orders);
    vec![
        Route::api(session::__path_show, Policy::known(), session::show),
        Route::api(orders::__path_search, orders, orders::search),
    ]
}
