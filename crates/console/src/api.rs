//! The JSON API under `/api/v1`, a file per resource.

#![expect(unused_qualifications, reason = "what `#[utoipa::path]` makes of `params` has them")]

pub mod activity;
pub mod changes;
pub mod dead_letters;
pub mod documentation;
pub mod explain;
pub mod live;
pub mod orders;
pub mod reconciliation;
pub mod replay;
pub mod session;
pub mod sources;
pub mod stats;
pub mod trail;
pub mod webhooks;

use actix_web::http::Method;
use waybill_common::access::Scope;

use crate::access::Policy;
use crate::route::Route;

/// Every route of the API, on one screen.
#[must_use]
pub fn routes() -> Vec<Route> {
    let orders = Policy::viewer(Scope::Orders);
    let webhooks = Policy::viewer(Scope::Webhooks);
    let dead = Policy::viewer(Scope::DeadLetters);
    let stats = Policy::viewer(Scope::Stats);
    let changes = Policy::viewer(Scope::Changes);
    let documentation =
        Policy::public("the documentation is the same for everybody and holds no data");
    vec![
        Route::api(session::__path_show, Policy::known(), session::show),
        Route::api(orders::__path_search, orders, orders::search),
        Route::api(orders::__path_show, orders, orders::show),
        Route::api(trail::__path_events, orders, trail::events),
        Route::api(trail::__path_verify, orders, trail::verify),
        Route::api(explain::__path_explain, orders, explain::explain),
        Route::api(webhooks::__path_search, webhooks, webhooks::search),
        Route::api(webhooks::__path_show, webhooks, webhooks::show),
        Route::api(webhooks::__path_body, Policy::viewer(Scope::PayloadRead), webhooks::body),
        Route::api(dead_letters::__path_search, dead, dead_letters::search),
        Route::api(dead_letters::__path_groups, dead, dead_letters::groups),
        Route::api(replay::__path_preview, dead, replay::preview),
        Route::api(replay::__path_replay, Policy::operator(Scope::DeadLetters), replay::replay),
        Route::api(
            reconciliation::__path_show,
            Policy::viewer(Scope::Reconciliation),
            reconciliation::show,
        ),
        Route::api(changes::__path_list, changes, changes::list),
        Route::api(changes::__path_stream, changes, changes::stream),
        Route::api(stats::__path_show, stats, stats::show),
        Route::api(stats::__path_stream, stats, stats::stream),
        Route::api(sources::__path_list, Policy::viewer(Scope::Sources), sources::list),
        Route::api(activity::__path_list, Policy::operator(Scope::Activity), activity::list),
        Route::page(Method::GET, "/api/v1/openapi.json", documentation, documentation::openapi),
        Route::page(Method::GET, "/api/docs/{file:.*}", documentation, documentation::swagger),
    ]
}
