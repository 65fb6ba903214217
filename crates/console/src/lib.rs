//! What operators use: the JSON API under `/api/v1` and the web page.
//!
//! What one request meets, in order: its span, [`headers`] (what every answer says to a browser), the [`route`] table,
//! whose every entry has a policy, [`access`] (who is it, may they), then a handler of [`api`] or [`pages`]. What goes
//! wrong is told by [`problem`].

pub mod access;
mod accounts;
pub mod api;
mod app;
pub mod application;
pub mod headers;
mod health;
pub mod page;
pub mod pages;
pub mod problem;
mod queues;
pub mod route;
mod sample;

pub use app::App;
pub use application::Application;
