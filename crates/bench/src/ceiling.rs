//! What the machine allows: one step of the pipeline at a time, with nothing around it.

mod http;
mod publish;
mod sql;

pub(crate) use http::{http_alone, http_with_publish, http_with_publish_and_markers};
pub(crate) use publish::{publish_alone, publish_by};
pub(crate) use sql::{Slicing, commit_into, sql_alone, sql_alone_into};
