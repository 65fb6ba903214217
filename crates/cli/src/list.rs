//! Printing lists, a page or all of them.

use serde::Serialize;
use waybill_operate::Page;
use waybill_operate::page::LIMIT_MAX;

use crate::arguments::Pages;
use crate::output::{Ending, Output};
use crate::way::Trouble;

impl Pages {
    /// What a page has: whoever wants all of them wants few questions.
    pub(crate) fn limit(&self) -> Option<i64> {
        self.limit.or(self.all.then_some(LIMIT_MAX))
    }
}

/// Asks for a page, or for page after page, and prints each as it comes. `ask` is given where to begin: what the arguments
/// say, then where the page before ended.
///
/// A page that is printed as a whole has its cursors. Of all pages, programs see a line for each item.
pub(crate) async fn print<T: Serialize>(
    pages: &Pages,
    output: &Output,
    mut ask: impl AsyncFnMut(Option<String>) -> Result<Page<T>, Trouble>,
    table: impl Fn(&[T]) -> String,
) -> anyhow::Result<Ending> {
    let mut cursor = pages.cursor.clone();
    loop {
        let page = ask(cursor).await?;
        if !pages.all {
            output.result(&page, |page| table(&page.items))?;
            if let Some(next) = &page.next {
                output.note(&format!("more: --cursor {next}"));
            }
            return Ok(Ending::Well);
        }
        // A page can be empty and not the last: a filter without an index looks at some thousands of rows at a time.
        if !page.items.is_empty() {
            output.items(&page.items, || table(&page.items))?;
        }
        cursor = page.next;
        if cursor.is_none() {
            return Ok(Ending::Well);
        }
    }
}
