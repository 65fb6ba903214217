//! Replays against a real database.

mod cancelling;
mod failing;
mod previewing;
mod replaying;
mod selecting;
mod support;
mod taking_over;
