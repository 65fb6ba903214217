//! What operators can ask, and what they are told: one file per thing that is looked at.
//!
//! The console's API and the command line are two ways to the same questions. Both take the filters that are here, both
//! print the answers that are here, so that a program cannot tell which way it came by an answer.

pub mod by_hand;
pub mod changes;
pub mod cursor;
pub mod dead_letters;
pub mod difference;
pub mod explain;
pub mod export;
pub mod orders;
pub mod page;
pub mod parameter;
pub mod reconciliation;
pub mod refusal;
pub mod sources;
pub mod trail;
pub mod webhooks;
pub mod who;

pub use page::Page;
pub use refusal::Refusal;
pub use who::Who;
