//! The document that the console serves is the one in the repository, and covers every route.

use std::collections::BTreeSet;
use std::path::Path;

use waybill_console::api::documentation::document;
use waybill_console::route::{Audience, table};

use crate::support::TestConsole;

#[test]
fn the_document_in_the_repository_is_the_one_that_is_served() -> anyhow::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let current = document().to_pretty_json()? + "\n";
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    if kept != current {
        std::fs::write(&path, current)?;
        panic!(
            "docs/openapi.json was old and is written anew: look at the difference and commit it"
        );
    }
    Ok(())
}

#[test]
fn every_route_for_programs_is_documented_and_nothing_else_is() -> anyhow::Result<()> {
    let document = serde_json::to_value(document())?;
    assert_eq!(document["openapi"], "3.1.0");
    let (mut documented, mut ids) = (Vec::new(), BTreeSet::new());
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap().to_owned();
            assert!(ids.insert(id), "two operations have the id of {method} {path}");
            documented.push(format!("{} {path}", method.to_uppercase()));
        }
    }
    let mut served: Vec<String> = table()
        .iter()
        .filter(|route| route.audience() == Audience::Program)
        .map(|route| format!("{} {}", route.method(), route.path()))
        .collect();
    documented.sort();
    served.sort();
    assert_eq!(documented, served);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn document_and_page_come_from_the_console_alone() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    let document = console
        .http
        .get(console.url("/api/v1/openapi.json"))
        .send()
        .await?;
    assert_eq!(document.headers()["content-type"], "application/json");
    let page = console.http.get(console.url("/api/docs/")).send().await?;
    assert_eq!(page.status(), 200);
    let page = page.text().await?;
    assert!(page.contains("swagger-ui") && !page.contains("https://"), "{page}");
    let script = console
        .http
        .get(console.url("/api/docs/swagger-ui-bundle.js"))
        .send()
        .await?;
    assert_eq!(script.status(), 200);
    assert_eq!(
        console
            .http
            .get(console.url("/api/docs/nothing.js"))
            .send()
            .await?
            .status(),
        404
    );
    console.finish().await
}
