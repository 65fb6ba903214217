//! The page Activity.

use serde_json::json;
use waybill_common::access::Role;
use waybill_common::storage::operator_actions::{self, NewAction};

use crate::html::faults;
use crate::support::{TestConsole, later};

#[tokio::test(flavor = "multi_thread")]
async fn what_people_did_is_listed_and_found() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    console.operator("ada", Role::Operator).await?;
    let browser = console.sign_in("ada").await?;
    let mut conn = console.database.connection().await?;
    let action = NewAction {
        actor: "token:<b>robot</b>",
        action: "replay",
        reason: "because <script>alert(1)</script>",
        origin: "203.0.113.9",
        subject: "order:01890a5d-ac96-774b-bcce-b302099a8057",
        before: Some(json!({"status": "<i>pending</i>"})),
        after: Some(json!({"status": "paid"})),
    };
    operator_actions::record(&mut conn, &action, later(5)).await?;
    let rows = |page: &str| page.matches(r#"<th scope="row""#).count();
    for (query, found) in [
        ("", 2),
        ("actor=operator%3Aada", 1),
        ("action=replay", 1),
        ("action=replay&actor=operator%3Aada", 0),
        ("subject=order%3A01890a5d-ac96-774b-bcce-b302099a8057", 1),
        ("actor=&action=&subject=&from=&to=", 2),
        ("from=2026-01-01T12:00:05", 1),
        ("to=2026-01-01T12:00:05", 1),
        ("limit=1", 1),
    ] {
        let page = console
            .shown(&browser, &format!("/activity?{query}"))
            .await?;
        assert_eq!(rows(&page), found, "{query}");
        assert_eq!(faults(&page), Vec::<String>::new(), "{query}");
    }
    let page = console.shown(&browser, "/activity").await?;
    assert!(page.contains(r#"<a href="/orders/01890a5d-ac96-774b-bcce-b302099a8057">"#), "{page}");
    for hostile in ["<b>robot", "<script>alert", "<i>pending"] {
        assert!(!page.contains(hostile), "{page}");
    }
    console.finish().await
}
