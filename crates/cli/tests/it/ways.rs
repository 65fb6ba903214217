//! The two ways to an answer, the database and a console's API, print the same.

use serde_json::Value;
use waybill_common::access::Scope;

use crate::by_hand::{contradict, link};
use crate::support::{Asker, Installation};

/// Something of everything.
async fn installation() -> anyhow::Result<(Installation, Asker)> {
    let installation = Installation::new().await?;
    installation.paid_order("A-1").await?;
    installation.paid_order("A-2").await?;
    installation.dead(3).await?;
    let asker = installation
        .console(&[Scope::All, Scope::PayloadRead])
        .await?;
    Ok((installation, asker))
}

fn text(value: &Value, pointer: &str) -> String {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_else(|| panic!("no {pointer} in {value}"))
        .to_owned()
}

/// By either way, each prints the same and exits alike.
fn compare(asker: &Asker, commands: &[&[&str]]) {
    for arguments in commands {
        let (direct, asked) = (asker.directly(arguments), asker.by_url(arguments));
        assert_eq!(direct.stdout, asked.stdout, "{arguments:?} {asked:?}");
        assert_eq!(direct.status.code(), asked.status.code(), "{arguments:?}");
        assert!(!direct.stdout.is_empty() || arguments.contains(&"--all"), "{arguments:?}");
    }
}

const NOBODY: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

#[tokio::test(flavor = "multi_thread")]
async fn each_look_prints_the_same_json_by_either_way() -> anyhow::Result<()> {
    let (_installation, asker) = installation().await?;
    let first = asker.json(&["orders", "list", "--limit", "1"])?;
    let (order, next) = (text(&first, "/items/0/id"), text(&first, "/next"));
    let webhooks = asker.json(&["webhooks", "list"])?;
    let webhook = text(&webhooks, "/items/0/id");
    let day = ["--from", "2026-01-01T00:00:00Z", "--to", "2026-01-01T12:00:00Z", "--minutes", "60"];
    let commands: &[&[&str]] = &[
        &["orders", "list"],
        &["orders", "list", "--status", "paid", "--limit", "1"],
        &["orders", "list", "--cursor", &next],
        &["orders", "list", "--payment", "paid", "--source", "payments"],
        &["orders", "list", "--source", "nobody"],
        &["orders", "list", "--flag", "conflict"],
        &["orders", "list", "-q", "A-"],
        &["orders", "list", "-q", "A-1"],
        &["orders", "list", "--from", "2026-01-01T00:00:00Z", "--to", "2036-01-01T00:00:00Z"],
        &["orders", "list", "--all", "--limit", "1"],
        &["orders", "list", "--status", "rich"],
        &["orders", "list", "--limit", "0"],
        &["orders", "show", "A-1"],
        &["orders", "show", &order],
        &["orders", "show", "B/2?#%"],
        &["orders", "show", "nobody"],
        &["orders", "events", "A-1"],
        &["orders", "events", "A-1", "--limit", "1"],
        &["orders", "events", "A-1", "--after", "1"],
        &["orders", "events", "A-1", "--all", "--limit", "1"],
        &["orders", "events", "nobody"],
        &["orders", "explain", "A-1"],
        &["orders", "explain", "order:A-2"],
        &["orders", "verify", "A-1"],
        &["orders", "verify", "nobody"],
        &["webhooks", "list"],
        &["webhooks", "list", "--verdict", "applied", "--source", "payments", "--limit", "2"],
        &["webhooks", "list", "--order", &order],
        &["webhooks", "list", "--state", "retrying"],
        &["webhooks", "list", "--state", "odd"],
        &["webhooks", "list", "--from", "2036-01-01T00:00:00Z"],
        &["webhooks", "list", "--all", "--limit", "1"],
        &["webhooks", "list", "--verdict", "good"],
        &["webhooks", "show", &webhook],
        &["webhooks", "show", NOBODY],
        &["webhooks", "body", &webhook],
        &["webhooks", "body", NOBODY],
        &[&["reconcile"], &day[..]].concat(),
        &["reconcile", "--minutes", "0"],
        &["sources"],
    ];
    compare(&asker, commands);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_told_of_in_the_same_way_by_either() -> anyhow::Result<()> {
    let (_installation, asker) = installation().await?;
    let letters = asker.json(&["dead", "list", "--limit", "1"])?;
    let (letter, more) = (text(&letters, "/items/0/webhook_id"), text(&letters, "/next"));
    asker.json(&["dead", "replay", &letter, "--reason", "mended"])?;
    let commands: &[&[&str]] = &[
        &["dead", "list"],
        &["dead", "list", "--cursor", &more],
        &["dead", "list", "--source", "payments", "--reason-class", "unusable", "--limit", "2"],
        &["dead", "list", "--replay-state", "replayed"],
        &["dead", "list", "--replay-state", "none", "--all", "--limit", "1"],
        &["dead", "list", "--reason-class", "bad-luck"],
        &["dead", "list", "--replay-state", "tired"],
        &["dead", "groups"],
        &["dead", "show", &letter],
        &["dead", "show", NOBODY],
        &["dead", "preview", &letter],
        &["dead", "preview", NOBODY],
        &["dead", "replay", &letter, "--reason", "again"],
        &["dead", "replay", &letter, "--reason", " "],
        &["dead", "replay", NOBODY, "--reason", "mended"],
    ];
    compare(&asker, commands);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn replays_are_told_of_in_the_same_way_by_either() -> anyhow::Result<()> {
    let (_installation, asker) = installation().await?;
    let letters = asker.json(&["dead", "list", "--limit", "1"])?;
    let letter = text(&letters, "/items/0/webhook_id");
    let begun = asker.json(&["replay", "start", "--webhook", &letter, "--reason", "mended"])?;
    let replay = text(&begun, "/id");
    let some = format!("{letter},{NOBODY}");
    let commands: &[&[&str]] = &[
        &["replay", "start", "--all", "--dry-run"],
        &["replay", "start", "--source", "payments", "--reason-class", "unusable", "--dry-run"],
        &[
            "replay",
            "start",
            "--native-type",
            "paid",
            "--from",
            "2026-01-01T00:00:00Z",
            "--dry-run",
        ],
        &["replay", "start", "--webhook", &some, "--dry-run"],
        &["replay", "start", "--to", "yesterday", "--dry-run"],
        &["replay", "start", "--reason-class", "bad-luck", "--dry-run"],
        &["replay", "start", "--all", "--rate", "0", "--reason", "mended"],
        &["replay", "start", "--all", "--rate", "501", "--dry-run"],
        &["replay", "start", "--all", "--reason", " "],
        &["replay", "list"],
        &["replay", "list", "--all", "--limit", "1"],
        &["replay", "list", "--limit", "201"],
        &["replay", "show", &replay],
        &["replay", "show", NOBODY],
        &["replay", "watch", &replay],
        &["replay", "watch", NOBODY],
        &["replay", "cancel", &replay, "--reason", "enough"],
        &["replay", "cancel", &replay, "--reason", " "],
        &["replay", "cancel", NOBODY, "--reason", "enough"],
    ];
    compare(&asker, commands);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_done_to_an_order_is_told_in_the_same_words_by_either_way()
-> anyhow::Result<()> {
    let (installation, asker) = installation().await?;
    let intent = link(&installation).await?;
    let commands: &[&[&str]] = &[
        &["orders", "acknowledge", "A-1", "conflict", "--reason", "seen"],
        &["orders", "acknowledge", "A-1", "beautiful", "--reason", "seen"],
        &["orders", "acknowledge", "A-1", "conflict", "--reason", " "],
        &["orders", "acknowledge", "nobody", "conflict", "--reason", "seen"],
        &["orders", "unlink", "A-1", "order:A-1", "--reason", "wrong"],
        &["orders", "unlink", "A-1", "stripe.charge:acct_1:ch_1", "--reason", "wrong"],
        &["orders", "unlink", "A-1", &intent.name, "--reason", "wrong", "--dry-run"],
        &["orders", "unlink", "nobody", "x", "--reason", "wrong"],
        &["orders", "export", "nobody"],
    ];
    compare(&asker, commands);
    Ok(())
}

/// Ids and times are of each doing.
fn without(mut answer: Value, fields: &[&str]) -> Value {
    let object = answer.as_object_mut().expect("an answer is an object");
    for field in fields {
        assert!(object.remove(*field).is_some(), "no {field}");
    }
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_by_either_way_is_told_in_the_same_form() -> anyhow::Result<()> {
    let (mut acknowledged, mut unlinked, mut replayed) = (Vec::new(), Vec::new(), Vec::new());
    for through_a_console in [false, true] {
        let (installation, asker) = installation().await?;
        let intent = link(&installation).await?;
        contradict(&installation).await?;
        let act = |arguments: &[&str]| {
            let ran = match through_a_console {
                true => asker.by_url(arguments),
                false => asker.directly(arguments),
            };
            assert_eq!(ran.status.code(), Some(0), "{ran:?}");
            serde_json::from_slice::<Value>(&ran.stdout)
        };
        let seen = act(&["orders", "acknowledge", "A-1", "conflict", "--reason", "seen"])?;
        acknowledged.push(without(seen, &["order_id", "action_id", "causes"]));
        let undone = act(&["orders", "unlink", "A-1", &intent.name, "--reason", "wrong"])?;
        unlinked.push(without(undone, &["order_id", "action_id", "other_id"]));
        let all = act(&["replay", "start", "--all", "--rate", "500", "--reason", "mended"])?;
        let of_each_doing =
            ["id", "actor", "origin", "created_at", "started_at", "updated_at", "finished_at"];
        replayed.push(without(all, &of_each_doing));
        installation.waybill(&["verify"]).success();
    }
    for told in [&acknowledged, &unlinked, &replayed] {
        assert_eq!(told[0], told[1]);
    }
    assert_eq!(replayed[0]["counts"]["applied"], 3);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_the_same_and_signed_by_either_way() -> anyhow::Result<()> {
    let (_installation, asker) = installation().await?;
    let export = ["orders", "export", "A-1"];
    let exports = [asker.directly(&export), asker.by_url(&export)].map(|ran| {
        let file = tempfile::NamedTempFile::new().expect("there is room for it");
        std::fs::write(file.path(), &ran.stdout).expect("it can be written");
        let checked = asker.directly(&["verify", "--file", &file.path().to_string_lossy()]);
        assert_eq!(checked.status.code(), Some(0), "{checked:?}");
        let export = serde_json::from_slice(&ran.stdout).expect("it is JSON");
        without(export, &["exported_at", "signature"])
    });
    assert_eq!(exports[0], exports[1]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_that_refuses_says_why_in_words() -> anyhow::Result<()> {
    let (installation, _) = installation().await?;
    let asker = installation.console(&[Scope::Orders]).await?;
    let nothing = asker.without_token(&["orders", "list"]);
    let told = String::from_utf8(nothing.stderr)?;
    assert_eq!(nothing.status.code(), Some(2));
    assert!(told.contains("no valid credential") && told.contains("WAYBILL_TOKEN"), "{told}");

    let webhooks = asker.by_url(&["webhooks", "list"]);
    assert_eq!(webhooks.status.code(), Some(2));
    assert!(String::from_utf8(webhooks.stdout)?.contains("is needed"));
    assert_eq!(asker.by_url(&["orders", "list"]).status.code(), Some(0));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_console_is_told_from_one_that_is_away() -> anyhow::Result<()> {
    let (_installation, asker) = installation().await?;
    // It answers, with a page.
    let ops = asker.at(&asker.ops_url(), &["orders", "list"]);
    assert_eq!(ops.status.code(), Some(2));
    assert!(String::from_utf8(ops.stdout)?.contains("not as a Waybill console"));
    let away = asker.at("http://127.0.0.1:1", &["orders", "list"]);
    assert_eq!(away.status.code(), Some(2));
    assert!(String::from_utf8(away.stdout)?.contains("could not reach http://127.0.0.1:1"));
    for address in ["http://192.0.2.1", "ftp://127.0.0.1", "https://name:word@192.0.2.1"] {
        assert_eq!(asker.at(address, &["orders", "list"]).status.code(), Some(2), "{address}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_comes_out_as_it_was_sent_and_the_look_is_recorded_by_either_way()
-> anyhow::Result<()> {
    let (installation, asker) = installation().await?;
    let webhooks = asker.json(&["webhooks", "list"])?;
    let webhook = text(&webhooks, "/items/0/id");
    let body = ["webhooks", "body", webhook.as_str()];
    let sent = asker.json(&body)?;
    let people = installation.waybill(&body).success();
    assert_eq!(people.get_output().stdout, text(&sent, "/body").into_bytes());
    assert_eq!(asker.by_url(&body).status.code(), Some(0));
    let actions = installation.actions().await?;
    let looks: Vec<_> = actions
        .iter()
        .filter(|action| action.action == "read_payload")
        .map(|action| action.actor.as_str())
        .collect();
    assert_eq!(looks, ["token:test", "command line", "command line"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_is_in_no_help_and_in_no_error() -> anyhow::Result<()> {
    let (_installation, asker) = installation().await?;
    let token = asker.token();
    for arguments in [&["orders", "list", "--help"][..], &["orders", "list", "--status", "rich"]] {
        let ran = asker.by_url(arguments);
        let all = [ran.stdout, ran.stderr].concat();
        assert!(!String::from_utf8(all)?.contains(token), "{arguments:?}");
    }
    let pasted = asker.by_url(&["orders", "list", "--token", &format!("{token}\n")]);
    let all = [pasted.stdout, pasted.stderr].concat();
    assert_eq!(pasted.status.code(), Some(2));
    assert!(!String::from_utf8(all)?.contains(token));
    Ok(())
}
