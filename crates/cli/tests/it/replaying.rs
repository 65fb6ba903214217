//! `waybill dead` and `waybill replay`: who counts a letter, and what is left when somebody stops or dies.

use std::process::{Output, Stdio};

use anyhow::Context as _;
use diesel_async::SimpleAsyncConnection as _;
use serde_json::{Value, json};
use tokio::process::{Child, Command};
use tokio::time::timeout;
use uuid::Uuid;
use waybill_common::access::{Role, Scope};
use waybill_common::storage::dead_letters::standing;
use waybill_common::storage::replays::Replay;
use waybill_test_support::eventually;
use waybill_test_support::webhooks::Sender;

use crate::support::{Asker, Installation, SOON, signal};

/// All letters, so slowly that somebody can come in between.
const SLOWLY: [&str; 7] =
    ["replay", "start", "--all", "--rate", "5", "--reason", "the adapter is mended"];
const FAST: [&str; 7] =
    ["replay", "start", "--all", "--rate", "500", "--reason", "the adapter is mended"];

fn start(mut command: Command) -> anyhow::Result<Child> {
    let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    Ok(piped.kill_on_drop(true).spawn()?)
}

async fn ended(child: Child) -> anyhow::Result<Output> {
    timeout(SOON, child.wait_with_output())
        .await
        .context("it did not end")?
        .map_err(Into::into)
}

fn printed(output: &Output) -> anyhow::Result<Value> {
    serde_json::from_slice(&output.stdout).with_context(|| format!("{output:?}"))
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Waits until at least that many letters are counted.
async fn counted(installation: &Installation, letters: i64) -> Replay {
    eventually(SOON, async || {
        let replay = installation.replay().await;
        let replay = replay.map_err(|error| format!("{error:#}"))?;
        let done = replay.counts.done();
        if done >= letters { Ok(replay) } else { Err(format!("{done} are counted")) }
    })
    .await
}

/// Every letter is replayed or waits; none is in anybody's hand. Returns how many were replayed.
async fn replayed(installation: &Installation, letters: &[Uuid]) -> anyhow::Result<i64> {
    let mut conn = installation.database.connection().await?;
    let mut replayed = 0;
    for letter in letters {
        let standing = standing(&mut conn, *letter).await?.context("it is there")?;
        match standing.replay_state.as_str() {
            "replayed" => replayed += 1,
            state => assert_eq!(state, "none"),
        }
    }
    Ok(replayed)
}

/// Each of these orders was paid, once.
fn paid_once(asker: &Asker, orders: usize) -> anyhow::Result<()> {
    for nth in 1..=orders {
        let order = asker.json(&["orders", "show", &format!("D-{nth}")])?;
        assert_eq!((&order["captured"], &order["version"]), (&json!(99_99), &json!("1")));
    }
    Ok(())
}

/// As if half a minute had gone by.
async fn end_the_lease(installation: &Installation) -> anyhow::Result<()> {
    let mut owner = installation.database.owner().await?;
    let past = "UPDATE replays SET lease_until = created_at";
    Ok(owner.batch_execute(past).await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_is_previewed_and_replayed_once() -> anyhow::Result<()> {
    let installation = Installation::new().await?;
    let letters = installation.dead(2).await?;
    let asker = installation.console(&[Scope::All]).await?;
    let letter = letters[0].to_string();
    let untouched = installation.database.fingerprint().await?;
    let preview = asker.json(&["dead", "preview", &letter])?;
    assert_eq!(
        (&preview["verdict"], &preview["effects"][0]["external_id"]),
        (&json!("applied"), &json!("D-1"))
    );
    let people = ended(start(installation.process(&["dead", "preview", &letter]))?).await?;
    assert!(String::from_utf8(people.stdout)?.contains("status: pending → paid"));
    assert_eq!(installation.database.fingerprint().await?, untouched, "a preview writes nothing");

    let replay = ["dead", "replay", &letter, "--reason", "mended"];
    let without_a_reason = asker.directly(&replay[..3]);
    assert_eq!(without_a_reason.status.code(), Some(2));
    let done = asker.directly(&replay);
    assert_eq!((done.status.code(), &printed(&done)?["verdict"]), (Some(0), &json!("applied")));
    let again = asker.directly(&replay);
    assert_eq!(again.status.code(), Some(1));
    let why = &printed(&again)?["error"];
    assert_eq!(why, "it has been replayed, or somebody is replaying it");
    paid_once(&asker, 1)?;

    // Dead as before: that is not well.
    let mut broken = Sender::payments(installation.now).native("D-9", "D-9-paid", "paid", 1_00)?;
    broken.body = b"no JSON".to_vec();
    let broken = installation.bury(broken).await?.to_string();
    let stays = asker.by_url(&["dead", "replay", &broken, "--reason", "mended"]);
    assert_eq!((stays.status.code(), &printed(&stays)?["verdict"]), (Some(1), &json!("dead")));
    let actions = installation.actions().await?;
    let told: Vec<_> = actions
        .iter()
        .map(|action| (action.actor.as_str(), action.action.as_str(), action.reason.as_str()))
        .collect();
    assert_eq!(told, [("token:test", "replay", "mended"), ("command line", "replay", "mended")]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_what_would_happen_and_writes_nothing_by_either_way() -> anyhow::Result<()> {
    let installation = Installation::new().await?;
    installation.dead(3).await?;
    let asker = installation.console(&[Scope::All]).await?;
    // When a token was used last is noted, whatever it was used for.
    let untouched = async || {
        let mut tables = installation.database.fingerprint().await?;
        tables.retain(|table| !table.starts_with("api_tokens "));
        anyhow::Ok(tables)
    };
    let before = untouched().await?;
    let dry = ["replay", "start", "--source", "payments", "--dry-run"];
    for ran in [asker.directly(&dry), asker.by_url(&dry)] {
        let preview = printed(&ran)?;
        assert_eq!((ran.status.code(), &preview["matched"]), (Some(0), &json!(3)));
        assert_eq!(preview["counts"]["applied"], 3);
    }
    let people = ended(start(installation.process(&dry))?).await?;
    let people = String::from_utf8(people.stdout)?;
    assert!(people.contains("3 letters would be replayed"), "{people}");
    assert!(people.contains("D-3") && people.contains("status: pending → paid"), "{people}");
    assert!(people.contains("captured: 0.00 EUR → 99.99 EUR"), "{people}");
    assert_eq!(untouched().await?, before);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn all_letters_are_replayed_and_told_of_by_either_way() -> anyhow::Result<()> {
    for through_a_console in [false, true] {
        let installation = Installation::new().await?;
        installation.dead(6).await?;
        let asker = installation.console(&[Scope::All]).await?;
        let process =
            if through_a_console { asker.process(&FAST) } else { installation.process(&FAST) };
        let ran = ended(start(process)?).await?;
        let (people, beside) = (String::from_utf8(ran.stdout.clone())?, told(&ran));
        assert_eq!(ran.status.code(), Some(0), "{beside}");
        assert!(beside.contains("replaying 6 letters, at most 500 in a second"), "{beside}");
        assert!(people.contains("finished") && people.contains("6 applied"), "{people}");
        paid_once(&asker, 6)?;
        let replay = installation.replay().await?;
        let by = if through_a_console { "token:test" } else { "command line" };
        assert_eq!((replay.actor.as_str(), replay.counts.applied), (by, 6));
        let shown = asker.json(&["replay", "show", &replay.id.to_string()])?;
        assert_eq!((&shown["state"], &shown["done"]), (&json!("finished"), &json!(6)));
        let watched = asker.directly(&["replay", "watch", &replay.id.to_string()]);
        assert_eq!((watched.status.code(), printed(&watched)?), (Some(0), shown));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_that_stay_dead_are_not_well() -> anyhow::Result<()> {
    let installation = Installation::new().await?;
    installation.dead(1).await?;
    let mut broken = Sender::payments(installation.now).native("D-9", "D-9-paid", "paid", 1_00)?;
    broken.body = b"no JSON".to_vec();
    installation.bury(broken).await?;
    let ran = ended(start(installation.process(&[&FAST[..], &["--json"]].concat()))?).await?;
    let replay = printed(&ran)?;
    assert_eq!((ran.status.code(), &replay["state"]), (Some(1), &json!("finished")));
    assert_eq!(
        (&replay["counts"]["applied"], &replay["counts"]["unusable"]),
        (&json!(1), &json!(1))
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_cancels_what_was_begun_and_loses_nothing() -> anyhow::Result<()> {
    for through_a_console in [false, true] {
        let installation = Installation::new().await?;
        let letters = installation.dead(40).await?;
        let asker = installation.console(&[Scope::All]).await?;
        let slowly = [&SLOWLY[..], &["--json"]].concat();
        let process =
            if through_a_console { asker.process(&slowly) } else { installation.process(&slowly) };
        let child = start(process)?;
        counted(&installation, 2).await;
        signal(&child, "INT").await?;
        let ran = ended(child).await?;
        assert_eq!(ran.status.code(), Some(1), "{}", told(&ran));
        let summary = printed(&ran)?;
        assert_eq!(summary["state"], "cancelled");

        let replay = installation.replay().await?;
        let done = replay.counts.done();
        assert!((2..40).contains(&done), "{replay:?}");
        assert_eq!((replay.state.as_str(), &summary["done"]), ("cancelled", &json!(done)));
        assert_eq!(replayed(&installation, &letters).await?, done, "what was done is counted");
        let actions = installation.actions().await?;
        assert_eq!(actions[0].action, "cancel_replay");
        assert_eq!(actions[0].reason, "Ctrl-C at the command line");

        // The rest, another time.
        let rest = asker.directly(&FAST);
        assert_eq!(printed(&rest)?["counts"]["applied"], json!(40 - done));
        paid_once(&asker, 40)?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_leaves_alone_what_is_only_watched() -> anyhow::Result<()> {
    let installation = Installation::new().await?;
    installation.dead(60).await?;
    let asker = installation.console(&[Scope::All]).await?;
    let a_minute = ["replay", "start", "--all", "--rate", "1", "--reason", "mended", "--detach"];
    let begun = asker.by_url(&a_minute);
    assert_eq!(begun.status.code(), Some(0));
    let id = printed(&begun)?["id"].as_str().context("an id")?.to_owned();
    counted(&installation, 1).await;
    for process in
        [asker.process(&["replay", "watch", &id]), installation.process(&["replay", "watch", &id])]
    {
        let child = start(process)?;
        listening(&child).await;
        signal(&child, "INT").await?;
        let ran = ended(child).await?;
        assert_eq!(ran.status.code(), Some(1), "it has not ended");
        assert!(told(&ran).contains(&format!("it goes on: `waybill replay watch {id}`")));
    }
    assert!(installation.replay().await?.is_running());
    let cancel = ["replay", "cancel", &id, "--reason", "enough"];
    assert_eq!(printed(&asker.by_url(&cancel))?["state"], "cancelled");
    let again = asker.directly(&cancel);
    assert_eq!(
        (again.status.code(), &printed(&again)?["error"]),
        (Some(1), &json!("it has ended already"))
    );
    let ended = asker.directly(&["replay", "watch", &id]);
    assert_eq!(ended.status.code(), Some(1), "a cancelled one is not well");
    Ok(())
}

/// Waits until Ctrl-C is heard and no more ends the process by default.
async fn listening(child: &Child) {
    const INTERRUPT: u64 = 1 << 1;
    eventually(SOON, async || {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", child.id().unwrap_or_default()));
        let caught = status.map_err(|error| error.to_string())?;
        let caught = caught.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let mask = u64::from_str_radix(caught.unwrap_or("0").trim(), 16);
        let heard = mask.is_ok_and(|mask| mask & INTERRUPT != 0);
        heard
            .then_some(())
            .ok_or("it does not listen yet".to_owned())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisors_stop_lets_go_and_another_goes_on_at_once() -> anyhow::Result<()> {
    let installation = Installation::new().await?;
    let letters = installation.dead(20).await?;
    let child = start(installation.process(&SLOWLY))?;
    counted(&installation, 2).await;
    signal(&child, "TERM").await?;
    let ran = ended(child).await?;
    let replay = installation.replay().await?;
    assert_eq!(ran.status.code(), Some(1));
    assert!(told(&ran).contains(&format!("`waybill replay resume {}`", replay.id)), "{ran:?}");
    assert!(replay.is_running() && replay.holder.is_none(), "{replay:?}");
    assert_eq!(replayed(&installation, &letters).await?, replay.counts.done());

    let resume = ["replay", "resume", &replay.id.to_string(), "--json"];
    let ran = ended(start(installation.process(&resume))?).await?;
    assert_eq!((ran.status.code(), &printed(&ran)?["counts"]["applied"]), (Some(0), &json!(20)));
    assert_eq!(replayed(&installation, &letters).await?, 20);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_killed_is_followed_by_one_and_no_letter_is_lost() -> anyhow::Result<()> {
    let installation = Installation::new().await?;
    let letters = installation.dead(20).await?;
    let mut child = start(installation.process(&SLOWLY))?;
    let id = counted(&installation, 2).await.id.to_string();
    child.kill().await?;
    let resume = ["replay", "resume", &id, "--json"];
    let early = ended(start(installation.process(&resume))?).await?;
    assert_eq!(early.status.code(), Some(1), "its lease lasts");
    assert!(
        printed(&early)?["error"]
            .to_string()
            .contains("somebody is at work on it")
    );

    end_the_lease(&installation).await?;
    let both = [start(installation.process(&resume))?, start(installation.process(&resume))?];
    let [one, other] = both.map(ended);
    let (one, other) = tokio::try_join!(one, other)?;
    let mut codes = [one.status.code(), other.status.code()];
    codes.sort_unstable();
    assert_eq!(codes, [Some(0), Some(1)], "one of two goes on: {one:?} {other:?}");
    let replay = installation.replay().await?;
    assert_eq!((replay.state.as_str(), replay.counts.done()), ("finished", 20));
    assert_eq!(replay.counts.applied, 20, "each once");
    assert_eq!(replayed(&installation, &letters).await?, 20);
    let ended = ended(start(installation.process(&resume))?).await?;
    assert_eq!(
        (ended.status.code(), &printed(&ended)?["error"]),
        (Some(1), &json!("it has ended already"))
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_goes_on_where_the_command_line_was_killed() -> anyhow::Result<()> {
    let installation = Installation::new().await?;
    installation.dead(20).await?;
    let mut child = start(installation.process(&SLOWLY))?;
    let id = counted(&installation, 2).await.id.to_string();
    child.kill().await?;
    end_the_lease(&installation).await?;
    let asker = installation.console(&[Scope::All]).await?;
    let watched = asker.by_url(&["replay", "watch", &id]);
    assert_eq!(watched.status.code(), Some(0), "{watched:?}");
    assert_eq!(printed(&watched)?["counts"]["applied"], 20);
    paid_once(&asker, 20)
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_at_once_each_letter_is_replayed_by_one() -> anyhow::Result<()> {
    let installation = Installation::new().await?;
    installation.dead(30).await?;
    let fast = [&FAST[..], &["--json"]].concat();
    let both = [start(installation.process(&fast))?, start(installation.process(&fast))?];
    let [one, other] = both.map(ended);
    let (one, other) = tokio::try_join!(one, other)?;
    let [one, other] = [printed(&one)?, printed(&other)?];
    let count = |replay: &Value, outcome: &str| replay["counts"][outcome].as_i64().unwrap_or(-1);
    assert_eq!(count(&one, "applied") + count(&other, "applied"), 30, "{one} {other}");
    assert_eq!(count(&one, "missed") + count(&other, "missed"), 0, "{one} {other}");
    paid_once(&installation.console(&[Scope::All]).await?, 30)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_begun_is_told_in_words() -> anyhow::Result<()> {
    let installation = Installation::new().await?;
    let letters = installation.dead(1).await?;
    let letter = letters[0].to_string();
    let viewer = installation.token(Role::Viewer, &[Scope::All]).await?;
    let asker = installation
        .console(&[Scope::All])
        .await?
        .with_token(viewer);
    let acts = [
        &FAST[..],
        &["dead", "replay", &letter, "--reason", "mended"],
        &["replay", "cancel", &letter, "--reason", "enough"],
        &["orders", "acknowledge", "D-1", "conflict", "--reason", "seen"],
        &["orders", "unlink", "D-1", "x", "--reason", "wrong"],
    ];
    for act in acts {
        let refused = asker.by_url(act);
        assert_eq!(refused.status.code(), Some(2), "{act:?}");
        let why = printed(&refused)?["error"].to_string();
        assert!(
            why.contains("the role operator is needed, and this token does not give it"),
            "{why}"
        );
        let away = asker.at("http://127.0.0.1:1", act);
        assert_eq!(away.status.code(), Some(2), "{act:?}");
        assert!(
            printed(&away)?["error"]
                .to_string()
                .contains("could not reach http://127.0.0.1:1")
        );
    }
    let nothing_said = &["replay", "start", "--reason", "mended"][..];
    for senseless in [
        nothing_said,
        &["replay", "start", "--all", "--source", "payments", "--reason", "mended"],
        &["replay", "start", "--all"],
        &["replay", "start", "--all", "--reason", "mended", "--detach", "--dry-run"],
        &["replay", "start", "--all", "--reason", "mended", "--rate", "fast"],
    ] {
        assert_eq!(asker.directly(senseless).status.code(), Some(2), "{senseless:?}");
    }
    let resumed = asker.by_url(&["replay", "resume", &letter]);
    assert_eq!(resumed.status.code(), Some(2));
    assert!(
        printed(&resumed)?["error"]
            .to_string()
            .contains("a console goes on with replays by itself")
    );
    assert!(installation.replay().await.is_err(), "nothing was begun");
    Ok(())
}
