//! The JSON API under `/api/v1`, a file per resource.

#![expect(unused_qualifications, reason = "what `#[utoipa::path]` makes of `params` has them")]

pub mod activity;
pub mod by_hand;
pub mod changes;
pub mod dead_letters;
pub mod documentation;
pub mod explain;
pub mod export;
pub mod live;
pub mod orders;
pub mod reconciliation;
pub mod replay;
pub mod replays;
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
    let correct = Policy::operator(Scope::Orders);
    let webhooks = Policy::viewer(Scope::Webhooks);
    let dead = Policy::viewer(Scope::DeadLetters);
    let replaying = replays::REPLAYING;
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
        Route::api(export::__path_order, orders, export::order),
        Route::api(export::__path_public_key, orders, export::public_key),
        Route::api(by_hand::__path_acknowledge, correct, by_hand::acknowledge),
        Route::api(by_hand::__path_unlink, correct, by_hand::unlink),
        Route::api(webhooks::__path_search, webhooks, webhooks::search),
        Route::api(webhooks::__path_show, webhooks, webhooks::show),
        Route::api(webhooks::__path_body, Policy::viewer(Scope::PayloadRead), webhooks::body),
        Route::api(dead_letters::__path_search, dead, dead_letters::search),
        Route::api(dead_letters::__path_groups, dead, dead_letters::groups),
        Route::api(dead_letters::__path_show, dead, dead_letters::show),
        Route::api(replay::__path_preview, dead, replay::preview),
        Route::api(replay::__path_replay, replaying, replay::replay),
        Route::api(replays::__path_list, dead, replays::list),
        // A dry run is a look; the handler asks more of whoever means it.
        Route::api(replays::__path_ask, dead, replays::ask),
        Route::api(replays::__path_show, dead, replays::show),
        Route::api(replays::__path_cancel, replaying, replays::cancel),
        Route::api(replays::__path_stream, dead, replays::stream),
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
