//! What operators do to orders by hand, and what they take away to check elsewhere.

use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;
use waybill_common::access::{Role, Scope};
use waybill_common::domain::Reference;
use waybill_common::signing::{PublicKey, SigningKey};
use waybill_common::storage::commit::{Pending, commit};
use waybill_operate::export::check;

use crate::html::faults;
use crate::support::{TestConsole, now, told};

async fn act(
    console: &TestConsole,
    path: &str,
    body: &Value,
) -> anyhow::Result<(StatusCode, Value)> {
    let token = console.token(Role::Operator, &[Scope::Orders]).await?;
    let request = console.with_token(Method::POST, path, &token);
    told(request.json(body).send().await?).await
}

async fn commit_one(console: &TestConsole, pending: Pending) -> anyhow::Result<()> {
    let mut conn = console.database.connection().await?;
    let committed = commit(&mut conn, &[pending], now()).await?;
    anyhow::ensure!(committed.missed.is_empty(), "nobody else writes here");
    Ok(())
}

/// An order that was placed and paid, whose payment was told twice under one key, and differently.
async fn contradicted(console: &TestConsole) -> anyhow::Result<()> {
    console.tell("A-1", &["placed", "paid"]).await?;
    let mut contradiction = console.pending("A-1", "paid", 1)?;
    contradiction.envelope.event.body_sha256 = [9; 32];
    contradiction.envelope.event.webhook_id = Uuid::now_v7();
    commit_one(console, contradiction).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flag_is_acknowledged_with_a_reason_on_the_trail_and_on_record() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    contradicted(&console).await?;
    let path = "/api/v1/orders/A-1/flags/conflict/acknowledge";
    let (status, done) = act(&console, path, &json!({ "reason": "the shop sent a test" })).await?;
    assert_eq!(
        (status, &done["seq"], &done["flags"]),
        (StatusCode::OK, &json!(4), &json!([])),
        "{done}"
    );
    assert_eq!(done["causes"].as_array().map(Vec::len), Some(1));

    let (_, order) = console.get("/api/v1/orders/A-1").await?;
    assert_eq!((&order["flags"], &order["status"]), (&json!([]), &json!("paid")));
    let (_, explained) = console.get("/api/v1/orders/A-1/explain").await?;
    let step = &explained["steps"][3];
    assert_eq!((&step["kind"], &step["source"]), (&json!("acknowledge"), &json!("admin")));
    assert_eq!(step["changed"]["flags"], json!([["conflict"], []]));
    assert!(
        step["rule"]
            .as_str()
            .unwrap()
            .ends_with("the shop sent a test"),
        "{step}"
    );
    let (_, actions) = console.get_as(Role::Operator, "/api/v1/actions").await?;
    let action = &actions["items"][0];
    assert_eq!((&action["action"], &action["id"]), (&json!("acknowledge"), &done["action_id"]));
    assert_eq!((&action["actor"], &action["origin"]), (&json!("token:test"), &json!("127.0.0.1")));

    let (status, again) = act(&console, path, &json!({ "reason": "once more" })).await?;
    assert_eq!((status, &again["code"]), (StatusCode::CONFLICT, &json!("conflict")));
    let (_, verified) = told(
        console
            .with_token(
                Method::POST,
                "/api/v1/orders/A-1/verify",
                &console.token(Role::Viewer, &[Scope::Orders]).await?,
            )
            .send()
            .await?,
    )
    .await?;
    assert_eq!(verified["holds"], true, "{verified}");
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_not_acknowledged() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    contradicted(&console).await?;
    let good = json!({ "reason": "x" });
    for (path, body, status) in [
        ("/api/v1/orders/A-1/flags/conflict/acknowledge", json!({}), 400),
        ("/api/v1/orders/A-1/flags/conflict/acknowledge", json!({ "reason": " " }), 400),
        ("/api/v1/orders/A-1/flags/conflict/acknowledge", json!({ "reason": "x", "more": 1 }), 400),
        ("/api/v1/orders/A-1/flags/beautiful/acknowledge", good.clone(), 400),
        ("/api/v1/orders/nobody/flags/conflict/acknowledge", good.clone(), 404),
        ("/api/v1/orders/A-1/flags/overpaid/acknowledge", good, 409),
    ] {
        let (told, answer) = act(&console, path, &body).await?;
        assert_eq!(told, status, "{path} {body}: {answer}");
    }
    let (_, order) = console.get("/api/v1/orders/A-1").await?;
    assert_eq!(order["flags"], json!(["conflict"]));
    console.finish().await
}

/// The order with a payment that another order's name was told with.
async fn linked(console: &TestConsole) -> anyhow::Result<String> {
    console.tell("A-1", &["placed"]).await?;
    let intent = Reference::foreign("stripe", "payment_intent", "", "pi_1");
    let mut payment = console.pending("A-1", "paid", 7)?;
    payment.envelope.event.order_refs.push(intent.clone());
    commit_one(console, payment).await?;
    Ok(intent.name)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_link_is_previewed_then_undone() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    let name = linked(&console).await?;
    let path = "/api/v1/orders/A-1/unlink";
    let mut body = json!({ "name": name, "reason": "it paid for another order", "dry_run": true });
    let (status, preview) = act(&console, path, &body).await?;
    assert_eq!((status, &preview["rows"]), (StatusCode::OK, &json!([2])), "{preview}");
    assert_eq!(preview["changed"]["status"], json!(["paid", "pending"]));
    assert_eq!((&preview["other"]["captured"], &preview["other_id"]), (&json!(9999), &Value::Null));
    let (_, order) = console.get("/api/v1/orders/A-1").await?;
    assert_eq!(order["status"], "paid", "a preview changes nothing");

    body["dry_run"] = json!(false);
    let (status, done) = act(&console, path, &body).await?;
    assert_eq!((status, &done["changed"]), (StatusCode::OK, &preview["changed"]), "{done}");
    let (_, order) = console.get("/api/v1/orders/A-1").await?;
    assert_eq!((&order["status"], &order["captured"]), (&json!("pending"), &json!(0)));
    let (_, other) = console.get(&format!("/api/v1/orders/{name}")).await?;
    assert_eq!((&other["id"], &other["captured"]), (&done["other_id"], &json!(9999)));
    for called in ["A-1", &name] {
        let (_, explained) = console
            .get(&format!("/api/v1/orders/{called}/explain"))
            .await?;
        let last = explained["steps"].as_array().unwrap().last().unwrap();
        assert!(
            last["rule"]
                .as_str()
                .unwrap()
                .contains("it paid for another order"),
            "{last}"
        );
    }
    assert_eq!(act(&console, path, &body).await?.0, StatusCode::NOT_FOUND, "it is gone");
    body["name"] = json!("order:A-1");
    assert_eq!(act(&console, path, &body).await?.0, StatusCode::CONFLICT, "it is its own");
    console.finish().await
}

async fn export(console: &TestConsole, called: &str) -> anyhow::Result<Response> {
    let token = console.token(Role::Viewer, &[Scope::Orders]).await?;
    let path = format!("/api/v1/orders/{called}/export");
    Ok(console
        .with_token(Method::GET, &path, &token)
        .send()
        .await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exported_trail_holds_without_us_and_holds_no_payload() -> anyhow::Result<()> {
    let key = SigningKey::generate();
    let pem = key.to_pem();
    let console = TestConsole::with(|config| config.console.export_key = pem.into()).await?;
    contradicted(&console).await?;
    linked(&console).await?;
    act(&console, "/api/v1/orders/A-1/flags/conflict/acknowledge", &json!({ "reason": "seen" }))
        .await?;
    let unlink = json!({ "name": "stripe.payment_intent::pi_1", "reason": "wrong" });
    let (_, done) = act(&console, "/api/v1/orders/A-1/unlink", &unlink).await?;
    for called in ["A-1", done["other_id"].as_str().unwrap()] {
        let answer = export(&console, called).await?;
        assert_eq!(answer.status(), StatusCode::OK);
        assert!(
            answer.headers()["content-disposition"]
                .to_str()?
                .starts_with("attachment")
        );
        let file = answer.bytes().await?;
        let checked = check(&file, Some(&key.public()))?;
        assert_eq!(checked.faults, Vec::<String>::new());
        assert!(!String::from_utf8(file.to_vec())?.contains("order_uuid"), "no payload");
    }
    let token = console.token(Role::Viewer, &[Scope::Orders]).await?;
    let public = console
        .with_token(Method::GET, "/api/v1/export-key", &token)
        .send()
        .await?;
    assert_eq!(PublicKey::from_pem(&public.text().await?)?, key.public());
    assert_eq!(export(&console, "nobody").await?.status(), StatusCode::NOT_FOUND);
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_nothing_is_exported_but_in_the_demo() -> anyhow::Result<()> {
    let demo = TestConsole::start().await?;
    demo.tell("A-1", &["placed"]).await?;
    let file = export(&demo, "A-1").await?.bytes().await?;
    assert!(check(&file, None)?.faults.is_empty());
    demo.finish().await?;
    let console = TestConsole::with(|config| {
        config.profile = waybill_common::config::Profile::Production;
    })
    .await?;
    console.tell("A-1", &["placed"]).await?;
    assert_eq!(export(&console, "A-1").await?.status(), StatusCode::CONFLICT);
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_acts_on_the_pages_and_a_viewer_only_looks() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    contradicted(&console).await?;
    let name = linked(&console).await?;
    console.operator("ada", Role::Operator).await?;
    console.operator("vic", Role::Viewer).await?;
    let (ada, vic) = (console.sign_in("ada").await?, console.sign_in("vic").await?);
    let seen = console.shown(&vic, "/orders/A-1").await?;
    assert!(!seen.contains("/acknowledge") && !seen.contains("/unlink?"), "{seen}");
    assert!(seen.contains("/export\""), "{seen}");

    let page = console.shown(&ada, "/orders/A-1").await?;
    assert_eq!(faults(&page), Vec::<String>::new());
    let (_, order) = console.get("/api/v1/orders/A-1").await?;
    let order = order["id"].as_str().unwrap().to_owned();
    let path = format!("/orders/{order}/flags/conflict/acknowledge");
    assert!(page.contains(&format!("action=\"{path}\"")), "{page}");
    assert_eq!(console.submit(&ada, (&path, &[("reason", " ")])).await?.0, 400);
    assert_eq!(console.submit(&vic, (&path, &[("reason", "x")])).await?.0, 403);
    let done = console
        .submit(&ada, (&path, &[("reason", "a <b>test</b>")]))
        .await?;
    assert_eq!(done, (StatusCode::SEE_OTHER, Some(format!("/orders/{order}#step-5"))));
    let page = console.shown(&ada, "/orders/A-1").await?;
    assert_eq!(faults(&page), Vec::<String>::new());
    assert!(page.contains("operator:ada has seen what raises conflict"), "{page}");
    assert!(!page.contains("<b>test"), "reasons are texts");

    let path = format!("/orders/{order}/unlink");
    let look = console
        .shown(&ada, &format!("{path}?name={}", name.replace(':', "%3A")))
        .await?;
    assert_eq!(faults(&look), Vec::<String>::new());
    assert!(look.contains("What leaves") && look.contains(&name), "{look}");
    let form = [("name", name.as_str()), ("reason", "not theirs")];
    let done = console.submit(&ada, (&path, &form)).await?;
    assert_eq!(done, (StatusCode::SEE_OTHER, Some(format!("/orders/{order}#step-6"))));
    for called in ["A-1", name.as_str()] {
        let page = console.shown(&ada, &format!("/orders/{called}")).await?;
        assert_eq!(faults(&page), Vec::<String>::new());
        assert!(page.contains("not theirs") && page.contains("holds"), "{page}");
    }
    console.finish().await
}
