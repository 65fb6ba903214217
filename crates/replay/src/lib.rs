//! Replaying dead letters: the stored raw body is parsed again with today's adapter, and its event goes through the same
//! commit as every other one. The console and the command line both do it by this.
//!
//! **What is guaranteed.** A replay works on the webhook's own row and claims its key, so that it is counted once, whoever
//! replays it and however often: a conditional update decides who acts, and if two acted all the same, the commit finds the
//! second one settled. Nothing of the broker's message is used but what the sender sent.
//!
//! **What if it dies.** Before the commit nothing has happened, and a minute later the letter can be replayed again; as one
//! of many, at once, by whoever goes on with them. After it the letter is marked by the commit itself.
//!
//! [`one`] replays a letter, [`engine`] many of them, [`preview`] shows what either would do, [`ask`] reads what is asked
//! for and [`view`] tells how far it has come.

pub mod ask;
pub mod engine;
pub mod one;
pub mod preview;
pub mod reader;
pub mod view;

mod letter;
mod pace;

pub use engine::Engine;
pub use reader::Reader;
