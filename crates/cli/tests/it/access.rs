//! `waybill token` and `waybill user`.

use serde_json::json;
use waybill_common::access::Secret;
use waybill_common::storage::access::{operator_by_name, take_link, token_by_hash};
use waybill_common::storage::operator_actions;
use waybill_common::storage::place::Place;

use crate::support::{Installation, command};

#[tokio::test]
async fn a_token_is_shown_once_kept_as_a_hash_and_revoked_for_ever() -> anyhow::Result<()> {
    let installation = Installation::new().await?;
    let arguments = ["token", "create", "shop", "--scope", "changes,orders", "--days", "7"];
    let created = installation.json(&arguments)?;
    let secret = Secret::presented(created["token"].as_str().unwrap());
    assert!(secret.expose().starts_with("wb_"));
    let mut conn = installation.database.connection().await?;
    let kept = token_by_hash(&mut conn, &secret.hash()).await?.unwrap();
    assert_eq!((kept.role.as_str(), kept.scopes.len()), ("viewer", 2));

    let listed = installation.json(&["token", "list"])?;
    assert_eq!((&listed[0]["name"], &listed[0]["state"]), (&json!("shop"), &json!("good")));
    assert!(!listed.to_string().contains(secret.expose()));
    let id = created["id"].as_str().unwrap();
    installation.waybill(&["token", "revoke", id]).success();
    assert_eq!(installation.json(&["token", "list"])?[0]["state"], "revoked");
    installation.waybill(&["token", "revoke", id]).code(1);
    let place = Place { from: None, backward: false, limit: 10 };
    let actions = operator_actions::list(&mut conn, place).await?;
    let actions: Vec<_> = actions
        .iter()
        .map(|action| action.action.as_str())
        .collect();
    assert_eq!(actions, ["revoke_token", "create_token"]);
    Ok(())
}

#[tokio::test]
async fn a_token_without_a_known_scope_is_refused() -> anyhow::Result<()> {
    let installation = Installation::new().await?;
    installation.waybill(&["token", "create", "shop"]).code(2);
    installation
        .waybill(&["token", "create", "shop", "--scope", "everything"])
        .code(2);
    Ok(())
}

#[tokio::test]
async fn the_first_admin_comes_from_the_command_line_and_has_no_default_password()
-> anyhow::Result<()> {
    let installation = Installation::new().await?;
    let create = |password: &str| {
        command(&["user", "create", "ada", "--role", "admin"])
            .env("DATABASE_URL", installation.database.url())
            .write_stdin(password.to_owned())
            .assert()
    };
    create("short\n").code(2);
    create("").code(2);
    create("correct horse battery\n").success();
    create("correct horse battery\n").code(1);
    let mut conn = installation.database.connection().await?;
    let ada = operator_by_name(&mut conn, "ada").await?.unwrap();
    assert_eq!(ada.role, "admin");
    assert!(ada.password_hash.unwrap().starts_with("$argon2id$"));

    let listed = installation.json(&["user", "list"])?;
    assert_eq!(
        (&listed[0]["name"], &listed[0]["signs_in_by"]),
        (&json!("ada"), &json!("password"))
    );
    command(&["user", "password", "ada"])
        .env("DATABASE_URL", installation.database.url())
        .write_stdin("another horse battery\n")
        .assert()
        .success();
    installation.waybill(&["user", "disable", "ada"]).success();
    installation.waybill(&["user", "disable", "ada"]).code(1);
    installation
        .waybill(&["user", "create", "Ada <b>", "--no-password"])
        .code(2);
    Ok(())
}

#[tokio::test]
async fn a_link_is_for_the_demo_and_for_somebody() -> anyhow::Result<()> {
    let installation = Installation::new().await?;
    installation
        .waybill(&["user", "create", "demo", "--no-password"])
        .success();
    installation.waybill(&["user", "link", "demo"]).code(2);
    let demo = |name: &str| {
        command(&["user", "link", name, "--json"])
            .env("DATABASE_URL", installation.database.url())
            .env("WAYBILL__PROFILE", "demo")
            .assert()
    };
    demo("nobody").code(1);
    let printed = demo("demo").success();
    let printed: serde_json::Value = serde_json::from_slice(&printed.get_output().stdout)?;
    let url = printed["url"].as_str().unwrap();
    let secret = Secret::presented(url.strip_prefix("http://127.0.0.1:8080/sign-in/").unwrap());
    let mut conn = installation.database.connection().await?;
    let whose = take_link(&mut conn, &secret.hash(), installation.now).await?;
    assert_eq!(
        whose,
        operator_by_name(&mut conn, "demo")
            .await?
            .map(|demo| demo.id)
    );
    Ok(())
}
