//! What is wrong with a page's HTML: anything that a strict browser would refuse, and what a screen reader would stumble over.

use std::collections::{BTreeMap, BTreeSet};

use html5gum::{StartTag, Token, Tokenizer};

/// Elements that need no end.
const VOID: [&str; 6] = ["br", "hr", "img", "input", "link", "meta"];

/// A page as it was read.
#[derive(Default)]
struct Reading {
    faults: Vec<String>,
    /// Elements that are open, the innermost last.
    open: Vec<String>,
    ids: BTreeSet<String>,
    /// Ids that others name: labels, descriptions, links within the page.
    named: BTreeMap<String, String>,
    controls: Vec<(String, bool)>,
    labelled: BTreeSet<String>,
    seen: BTreeSet<String>,
    tables_without_caption: i32,
}

/// Everything that is wrong; empty for a good page.
pub(crate) fn faults(html: &str) -> Vec<String> {
    let mut reading = Reading::default();
    for token in Tokenizer::new(html) {
        match token.expect("a text can be read") {
            Token::StartTag(tag) => reading.begin(&tag),
            Token::EndTag(tag) => reading.end(&text(&tag.name)),
            Token::String(found) => reading.text(&text(&found)),
            Token::Error(error) => reading.faults.push(format!("it is malformed: {}", *error)),
            Token::Comment(_) | Token::Doctype(_) => {}
        }
    }
    reading.finish()
}

/// The page tells all of it.
#[track_caller]
pub(crate) fn assert_tells(page: &str, all: &[&str]) {
    for told in all {
        assert!(page.contains(told), "{told}\n{page}");
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl Reading {
    fn begin(&mut self, tag: &StartTag<()>) {
        let name = text(&tag.name);
        let attributes: BTreeMap<String, String> = tag
            .attributes
            .iter()
            .map(|(name, value)| (text(name), text(value)))
            .collect();
        self.seen.insert(name.clone());
        for (attribute, value) in &attributes {
            self.attribute(&name, attribute, value);
        }
        let has = |attribute: &str| attributes.contains_key(attribute);
        match name.as_str() {
            "script" if !has("src") => self.fault("a script stands in the page"),
            "style" => self.fault("a style stands in the page"),
            "img" if !has("alt") => self.fault("a picture has no text"),
            "th" if !has("scope") => self.fault("a heading of a table has no scope"),
            "table" => self.tables_without_caption += 1,
            "caption" => self.tables_without_caption -= 1,
            "input" | "select" | "textarea" => self.control(&attributes),
            _ => {}
        }
        if !tag.self_closing && !VOID.contains(&name.as_str()) {
            self.open.push(name);
        }
    }

    fn attribute(&mut self, tag: &str, attribute: &str, value: &str) {
        match attribute {
            "style" => self.fault(&format!("<{tag}> has a style")),
            "id" if !self.ids.insert(value.to_owned()) => {
                self.fault(&format!("two elements are called {value}"));
            }
            "href" | "src" | "action" | "hx-get" | "hx-post" if !is_safe(value) => {
                self.fault(&format!("<{tag}> leads to {value}"));
            }
            "href" if value.len() > 1 && value.starts_with('#') => {
                self.named
                    .insert(value[1..].to_owned(), format!("<{tag} href>"));
            }
            "for" => {
                self.labelled.insert(value.to_owned());
            }
            "aria-labelledby" | "aria-describedby" => {
                for id in value.split_whitespace() {
                    self.named
                        .insert(id.to_owned(), format!("<{tag} {attribute}>"));
                }
            }
            _ if attribute.starts_with("on") || attribute.starts_with("hx-on") => {
                self.fault(&format!("<{tag}> has a handler, {attribute}"));
            }
            _ => {}
        }
    }

    fn control(&mut self, attributes: &BTreeMap<String, String>) {
        if attributes.get("type").is_some_and(|kind| kind == "hidden") {
            return;
        }
        let id = attributes.get("id").cloned().unwrap_or_default();
        let within_label = self.open.iter().any(|name| name == "label");
        let labelled = within_label || attributes.contains_key("aria-label");
        self.controls.push((id, labelled));
    }

    fn end(&mut self, name: &str) {
        if self.open.pop().as_deref() != Some(name) {
            self.fault(&format!("</{name}> ends what did not begin last"));
        }
    }

    fn text(&mut self, text: &str) {
        if self.open.last().is_some_and(|name| name == "script") && !text.trim().is_empty() {
            self.fault("a script has a text");
        }
    }

    fn fault(&mut self, fault: &str) {
        self.faults.push(fault.to_owned());
    }

    fn finish(mut self) -> Vec<String> {
        for (id, by) in std::mem::take(&mut self.named) {
            if !self.ids.contains(&id) {
                self.fault(&format!("{by} names {id}, which is not there"));
            }
        }
        for (id, labelled) in std::mem::take(&mut self.controls) {
            if !labelled && !self.labelled.contains(&id) {
                self.fault(&format!("the control {id:?} has no label"));
            }
        }
        if self.tables_without_caption != 0 {
            self.fault("a table has no caption");
        }
        for needed in ["title", "main", "h1", "footer"] {
            if !self.seen.contains(needed) {
                self.fault(&format!("there is no {needed}"));
            }
        }
        self.faults
    }
}

/// A path of ours, a place in the page, or a configured address elsewhere; never a script.
fn is_safe(address: &str) -> bool {
    let ours = address.starts_with('/') && !address.starts_with("//");
    ours || address.starts_with('#')
        || address.starts_with('?')
        || address.starts_with("https://traces.example/")
}

#[test]
fn a_page_that_runs_or_loads_what_it_must_not_is_found_out() {
    let page = |body: &str| {
        let before = "<title>a</title><main><h1>a</h1>";
        faults(&format!("<!doctype html><html>{before}{body}</main><footer></footer></html>"))
    };
    assert_eq!(page("<p>good &lt;script&gt;</p>"), Vec::<String>::new());
    for bad in [
        "<script>alert(1)</script>",
        "<p style='color:red'>a</p>",
        "<style>p{}</style>",
        "<img src=/a onerror=alert(1) alt=''>",
        "<a href='javascript:alert(1)'>a</a>",
        "<a href='//evil.example'>a</a>",
        "<p hx-on:click='alert(1)'>a</p>",
        "<input id=a>",
        "<table><tr><td>a</td></tr></table>",
        "<p id=a>a</p><p id=a>b</p>",
        "<p aria-labelledby=gone>a</p>",
        "<div><p>a</div>",
    ] {
        assert_ne!(page(bad), Vec::<String>::new(), "{bad}");
    }
}
