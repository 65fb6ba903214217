//! What the console promises, against a real database.

mod access;
mod by_hand;
mod dead;
mod documentation;
mod html;
mod looking;
mod oidc;
mod orders;
mod pages;
mod replaying;
mod replaying_many;
mod serving;
mod sessions;
mod signing_in;
mod streams;
mod support;
