//! The web pages: what people see. Rendered here, from `templates/`, and usable without any script.
//!
//! A page is a file here and a template of its name. It asks the same functions as the API, says its texts in words
//! ([`badge`], [`moment`]), and is put into what every page has around it by [`layout`]. Templates escape whatever they
//! show: payloads are hostile, and none of it is ever markup.

mod activity;
mod amount;
mod assets;
mod badge;
mod changes;
mod dead_letter;
mod dead_letters;
mod death;
mod dry_run;
mod filter;
mod foreseen;
mod layout;
mod moment;
mod order;
mod orders;
mod outcomes;
mod overview;
mod refusal;
mod replay;
mod replays;
mod selected;
mod sign_in;
mod sources;
mod trace;
mod webhook;
mod webhooks;

use actix_web::http::Method;
use waybill_common::access::Scope;

use crate::access::Policy;
use crate::api::replays::REPLAYING;
use crate::route::Route;

pub(crate) use refusal::{refused, refused_anywhere};

/// Every page, on one screen.
#[must_use]
pub fn routes() -> Vec<Route> {
    let signing_in = Policy::public("whoever signs in is not signed in yet");
    let asset = Policy::public("scripts and styles are the same for everybody and hold no data");
    let orders = Policy::viewer(Scope::Orders);
    let webhooks = Policy::viewer(Scope::Webhooks);
    let activity = Policy::operator(Scope::Activity);
    let mut all = vec![
        Route::page(Method::GET, "/assets/{version}/{file:.*}", asset, assets::serve),
        Route::page(Method::GET, "/sign-in", signing_in, sign_in::form),
        Route::page(Method::POST, "/sign-in", signing_in, sign_in::by_password),
        Route::page(Method::GET, "/sign-in/oidc", signing_in, sign_in::oidc::begin),
        Route::page(Method::GET, crate::access::oidc::BACK, signing_in, sign_in::oidc::back),
        Route::page(Method::GET, "/sign-in/{link}", signing_in, sign_in::by_link),
        Route::page(Method::POST, "/sign-out", Policy::known(), sign_in::out),
        Route::page(Method::GET, "/", Policy::viewer(Scope::Stats), overview::show),
        Route::page(Method::GET, "/orders", orders, orders::show),
        Route::page(Method::GET, "/orders/{order}", orders, order::show),
        Route::page(
            Method::POST,
            "/orders/{order}/flags/{flag}/acknowledge",
            order::by_hand::POLICY,
            order::by_hand::acknowledge,
        ),
        Route::page(
            Method::GET,
            "/orders/{order}/unlink",
            order::by_hand::POLICY,
            order::by_hand::look,
        ),
        Route::page(
            Method::POST,
            "/orders/{order}/unlink",
            order::by_hand::POLICY,
            order::by_hand::unlink,
        ),
        Route::page(Method::GET, "/webhooks", webhooks, webhooks::show),
        Route::page(Method::GET, "/webhooks/{webhook}", webhooks, webhook::show),
        Route::page(
            Method::GET,
            "/webhooks/{webhook}/body",
            Policy::viewer(Scope::PayloadRead),
            webhook::body,
        ),
        Route::page(Method::GET, "/sources", Policy::viewer(Scope::Sources), sources::show),
        Route::page(
            Method::POST,
            "/sources/{source}/sample",
            Policy::operator(Scope::Sources),
            sources::send,
        ),
        Route::page(Method::GET, "/activity", activity, activity::show),
    ];
    all.extend(of_dead_letters());
    all
}

fn of_dead_letters() -> Vec<Route> {
    let dead = Policy::viewer(Scope::DeadLetters);
    let replaying = REPLAYING;
    vec![
        Route::page(Method::GET, "/dead-letters", dead, dead_letters::show),
        Route::page(Method::GET, dry_run::PATH, dead, dry_run::show),
        Route::page(Method::GET, "/dead-letters/{webhook}", dead, dead_letter::show),
        Route::page(Method::POST, "/dead-letters/{webhook}/replay", replaying, dead_letter::replay),
        Route::page(Method::GET, replays::PATH, dead, replays::show),
        Route::page(Method::POST, replays::PATH, replaying, replays::begin),
        Route::page(Method::GET, "/replays/{replay}", dead, replay::show),
        Route::page(Method::POST, "/replays/{replay}/cancel", replaying, replay::cancel),
    ]
}
