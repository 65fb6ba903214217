//! What is done to orders by hand, and exports that are checked without the database.

use std::fs;
use std::path::Path;

use assert_cmd::assert::Assert;
use uuid::Uuid;
use waybill_common::domain::Reference;
use waybill_common::storage::commit::{Pending, commit};
use waybill_test_support::webhooks::Sender;

use crate::support::{Installation, command};

/// Another event about the order, changed before it is committed.
async fn tell(
    installation: &Installation,
    transaction: &str,
    change: impl FnOnce(&mut Pending),
) -> anyhow::Result<()> {
    let payments = Sender::payments(installation.now);
    let mut pending = Pending {
        envelope: payments.native("A-1", transaction, "paid", 99_99)?,
        namespace: "default".to_owned(),
        attempts: 0,
        replayed: false,
        trace_id: None,
    };
    change(&mut pending);
    let mut conn = installation.database.connection().await?;
    commit(&mut conn, &[pending], installation.now).await?;
    Ok(())
}

/// Contradicts what A-1 was told, so that it raises a flag.
pub(crate) async fn contradict(installation: &Installation) -> anyhow::Result<()> {
    tell(installation, "A-1-paid", |again| again.envelope.event.body_sha256 = [9; 32]).await
}

/// Links A-1 with a payment, by a third row on its trail.
pub(crate) async fn link(installation: &Installation) -> anyhow::Result<Reference> {
    let intent = Reference::foreign("stripe", "payment_intent", "", "pi_1");
    tell(installation, "A-1-more", |linking| {
        let event = &mut linking.envelope.event;
        event.order_refs.push(intent.clone());
        (event.dedup_key, event.webhook_id) = ("linking".to_owned(), Uuid::now_v7());
    })
    .await?;
    Ok(intent)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flag_is_acknowledged_and_the_trail_still_verifies() -> anyhow::Result<()> {
    let installation = Installation::new().await?;
    installation.paid_order("A-1").await?;
    contradict(&installation).await?;
    assert_eq!(
        installation.json(&["orders", "show", "A-1"])?["flags"],
        serde_json::json!(["conflict"])
    );

    let acknowledge = ["orders", "acknowledge", "A-1", "conflict", "--reason", "a test of theirs"];
    let done = installation.json(&acknowledge)?;
    assert_eq!((&done["seq"], &done["flags"]), (&4.into(), &serde_json::json!([])), "{done}");
    installation.waybill(&["verify"]).success();
    installation.waybill(&acknowledge).code(1);
    installation
        .waybill(&["orders", "acknowledge", "nobody", "conflict", "--reason", "x"])
        .code(1);
    installation
        .waybill(&["orders", "acknowledge", "A-1", "beautiful", "--reason", "x"])
        .code(2);
    installation
        .waybill(&["orders", "acknowledge", "A-1", "conflict"])
        .code(2);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_undone_after_a_look_at_what_would_change() -> anyhow::Result<()> {
    let installation = Installation::new().await?;
    installation.paid_order("A-1").await?;
    let intent = link(&installation).await?;
    let unlink = ["orders", "unlink", "A-1", &intent.name, "--reason", "not theirs"];
    let look = installation.json(&[&unlink[..], &["--dry-run"]].concat())?;
    assert_eq!(
        (&look["rows"], &look["other_id"]),
        (&serde_json::json!([3]), &serde_json::Value::Null)
    );
    let shown = printed(
        &installation
            .waybill(&[&unlink[..], &["--dry-run"]].concat())
            .success(),
    );
    let shown = String::from_utf8(shown)?;
    assert!(shown.contains("captured: 199.98 EUR → 99.99 EUR"), "{shown}");
    assert!(shown.contains("other  paid, captured 99.99 EUR, refunded 0.00 EUR"), "{shown}");
    let done = installation.json(&unlink)?;
    assert_eq!(done["rows"], look["rows"]);
    assert!(done["other_id"].is_string(), "{done}");
    installation.waybill(&["verify"]).success();
    installation.waybill(&unlink).code(1);
    Ok(())
}

fn with_key(installation: &Installation, key: &Path, arguments: &[&str]) -> Assert {
    command(arguments)
        .env("DATABASE_URL", installation.database.url())
        .env("WAYBILL__CONSOLE__EXPORT_KEY_FILE", key)
        .assert()
}

fn printed(assert: &Assert) -> Vec<u8> {
    assert.get_output().stdout.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exported_trail_is_checked_without_a_database() -> anyhow::Result<()> {
    let installation = Installation::new().await?;
    installation.paid_order("A-1").await?;
    let folder = tempfile::tempdir()?;
    let at = |name: &str| folder.path().join(name);
    let text = |name: &str| at(name).to_string_lossy().into_owned();
    let (key, public, file) = (at("key.pem"), text("public.pem"), text("export.json"));
    fs::write(&key, printed(&command(&["export-key", "new"]).assert().success()))?;
    fs::write(
        &public,
        printed(&with_key(&installation, &key, &["export-key", "public"]).success()),
    )?;
    with_key(&installation, &key, &["orders", "export", "A-1", "--out", &file]).success();
    let piped = printed(&with_key(&installation, &key, &["orders", "export", "A-1"]).success());
    assert_eq!(piped.last(), Some(&b'\n'));

    // Neither a database nor a valid configuration is needed.
    let offline = |arguments: &[&str]| {
        command(arguments)
            .env("DATABASE_URL", "postgres://nobody@127.0.0.1:1/nothing")
            .env("WAYBILL__WORKER__LANES", "0")
            .assert()
    };
    let well = printed(&offline(&["verify", "--file", &file, "--key", &public]).success());
    assert!(String::from_utf8(well)?.contains("the one given"));
    let unasked = printed(&offline(&["verify", "--file", &file]).success());
    assert!(String::from_utf8(unasked)?.contains("nobody vouches for"));

    let tampered = fs::read_to_string(&file)?.replace("\"captured\":9999", "\"captured\":9998");
    fs::write(at("tampered.json"), tampered)?;
    let found =
        printed(&offline(&["verify", "--file", &text("tampered.json"), "--key", &public]).code(1));
    let found = String::from_utf8(found)?;
    assert!(found.contains("something was changed after it was signed"), "{found}");
    assert!(found.contains("not what its trail folds to: captured"), "{found}");

    fs::write(at("other.pem"), printed(&command(&["export-key", "new"]).assert().success()))?;
    let other =
        printed(&with_key(&installation, &at("other.pem"), &["export-key", "public"]).success());
    fs::write(at("other-public.pem"), other)?;
    offline(&["verify", "--file", &file, "--key", &text("other-public.pem")]).code(1);
    for arguments in [
        vec!["verify", "--file", &text("absent.json")],
        vec!["verify", "--file", &public],
        vec!["verify", "--file", &file, "--key", &file],
        vec!["verify", "--key", &public],
    ] {
        offline(&arguments).code(2);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_good_key_nothing_is_exported_and_a_key_is_never_shown() -> anyhow::Result<()> {
    let installation = Installation::new().await?;
    installation.paid_order("A-1").await?;
    installation.waybill(&["orders", "export", "A-1"]).code(1);
    let folder = tempfile::tempdir()?;
    let key = folder.path().join("key.pem");
    fs::write(&key, "no key")?;
    let refused = with_key(&installation, &key, &["orders", "export", "A-1"]).code(2);
    let told = String::from_utf8(refused.get_output().stderr.clone())?;
    assert!(told.contains("console.export_key must be an Ed25519 private key"), "{told}");
    let pem = printed(&command(&["export-key", "new"]).assert().success());
    fs::write(&key, &pem)?;
    let shown =
        String::from_utf8(printed(&with_key(&installation, &key, &["config", "print"]).success()))?;
    let secret = String::from_utf8(pem)?;
    assert!(!shown.contains(secret.lines().nth(1).unwrap()), "{shown}");
    with_key(&installation, &key, &["orders", "export", "nobody"]).code(1);
    Ok(())
}
