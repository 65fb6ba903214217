//! The way from a webhook to its trace, where it is kept elsewhere.

use waybill_common::config::Console;

/// A trace, and where it can be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trace {
    pub(super) id: String,
    pub(super) url: Option<String>,
}

impl Trace {
    /// The address is `console.trace_url` with the id in it. An id that is none, as a broken message may bring, leads nowhere.
    pub(super) fn new(id: String, console: &Console) -> Self {
        let is_one = id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        let template = console.trace_url.as_deref().filter(|_| is_one);
        let url = template.map(|template| template.replace("{trace_id}", &id));
        Self { id, url }
    }
}
