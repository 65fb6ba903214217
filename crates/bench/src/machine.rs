//! What a measurement stands on: servers, the programs under test, the disk.

mod database;
mod disk;
mod growing;
mod program;
mod queues;
mod settings;
mod stage;

pub(crate) use database::{Database, Expected};
pub(crate) use disk::probe_ms;
pub(crate) use growing::{Growing, TABLES};
pub(crate) use program::{Program, Usage};
pub(crate) use queues::Raw;
pub(crate) use settings::{Tweak, sources};
pub(crate) use stage::Stage;
