//! The pages Replays and Replay.

use reqwest::StatusCode;
use uuid::Uuid;
use waybill_common::access::Role;
use waybill_common::storage::dead_letters::{Selection, Turn};
use waybill_common::storage::replays::{NewReplay, Note, Outcome, create, note};
use waybill_operate::Who;
use waybill_test_support::eventually;

use super::check_done_once;
use crate::html::{assert_tells, faults};
use crate::support::{Browser, SOON, TestConsole, later, now};

/// The page of a replay, once it has ended.
async fn ended(console: &TestConsole, browser: &Browser, path: &str) -> String {
    eventually(SOON, async || match console.shown(browser, path).await {
        Ok(page) if !page.contains("replay.js") => Ok(page),
        Ok(page) => Err(page),
        Err(error) => Err(error.to_string()),
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn many_letters_are_replayed_from_their_dry_run_and_the_page_tells_how_far()
-> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    for nth in 0..3 {
        console.bury(&format!("A-{nth}"), "paid", 500 + nth).await?;
    }
    let (ada, vic) = (
        console.signed_in("ada", Role::Operator).await?,
        console.signed_in("vic", Role::Viewer).await?,
    );
    let empty = console.shown(&vic, "/replays").await?;
    assert!(empty.contains("No replay yet"), "{empty}");
    assert_eq!(faults(&empty), Vec::<String>::new());

    let which = "source=payments&from=2026-01-01T12:00";
    let dry = console
        .shown(&ada, &format!("/dead-letters/dry-run?{which}"))
        .await?;
    let begin = "/replays?source=payments&from=2026-01-01T12%3A00%3A00Z";
    assert!(dry.contains(&format!("action=\"{}\"", begin.replace('&', "&#38;"))), "{dry}");
    assert!(dry.contains(r#"name="rate" type="number" min="1" max="500" step="1" value="50""#));

    let asked = [("reason", "a <b>release</b>"), ("rate", "500")];
    for (path, fields) in [
        ("/replays", asked),
        ("/replays?all=true&source=payments", asked),
        (begin, [("reason", " "), ("rate", "500")]),
        (begin, [("reason", "x"), ("rate", "0")]),
        (begin, [("reason", "x"), ("rate", "501")]),
        (begin, [("reason", "x"), ("rate", "fast")]),
    ] {
        let (status, _) = console.submit(&ada, (path, &fields)).await?;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path} {fields:?}");
    }
    assert_eq!(console.submit(&vic, (begin, &asked)).await?.0, StatusCode::FORBIDDEN);
    let (status, location) = console.submit(&ada, (begin, &asked)).await?;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let path = location.expect("it leads to the replay");

    let page = ended(&console, &vic, &path).await;
    assert_tells(
        &page,
        &[
            r#"<span class="badge badge-good">finished</span>"#,
            r#"max="3" value="3""#,
            r#"<td class="number" data-count="applied">3</td>"#,
            "operator:ada",
            "a &#60;b&#62;release",
            "500 in a second, at most",
            r#"<span class="muted">received from</span> <time datetime="2026-01-01T12:00:00.000000Z">"#,
        ],
    );
    assert!(!page.contains("Call it off"), "{page}");
    assert_eq!(faults(&page), Vec::<String>::new());
    let (_, order) = console.get("/api/v1/orders/A-2").await?;
    assert_eq!(order["status"], "paid");

    let list = console.shown(&vic, "/replays").await?;
    assert!(list.contains(&format!(r#"<a href="{path}">"#)) && list.contains("3 of 3"), "{list}");
    assert_eq!(faults(&list), Vec::<String>::new());
    let activity = console.shown(&ada, "/activity?action=replay_many").await?;
    assert!(activity.contains(&format!(r#"<a href="{path}">replay:"#)), "{activity}");
    console.finish().await
}

/// A replay of two letters that somebody else holds, who has counted one of them.
async fn running(console: &TestConsole) -> anyhow::Result<Uuid> {
    let letters =
        [console.bury("A-1", "paid", 500).await?, console.bury("A-2", "paid", 501).await?];
    let holder = Uuid::new_v4();
    let new = NewReplay {
        by: Who { actor: "operator:<i>eve</i>", origin: "127.0.0.1" }.says("<i>mended</i>")?,
        selection: &Selection::default(),
        rate: 1,
        held: Some((holder, later(3_600))),
    };
    let mut conn = console.database.connection().await?;
    let replay = create(&mut conn, &new, now()).await?;
    let counted = Note {
        done: Some((letters[0].envelope.event.webhook_id, Outcome::Missed)),
        error: Some("<b>no room</b>"),
        lease_until: later(3_600),
        now: later(90),
    };
    anyhow::ensure!(note(&mut conn, Turn { replay, holder }, &counted).await?, "it is held");
    Ok(replay)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_that_runs_is_followed_and_called_off_with_a_reason() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    let replay = running(&console).await?;
    let path = format!("/replays/{replay}");
    let (ada, vic) = (
        console.signed_in("ada", Role::Operator).await?,
        console.signed_in("vic", Role::Viewer).await?,
    );
    let seen = console.shown(&vic, &path).await?;
    assert_tells(
        &seen,
        &[
            "/replay.js",
            &format!("data-replay=\"{replay}\""),
            r#"max="2" value="1""#,
            "Load the page again",
            "about 1 s left",
            "&#60;b&#62;no room",
            "every letter",
            r#"data-count="missed">1</td>"#,
        ],
    );
    assert!(!seen.contains("<i>") && !seen.contains("<b>no room"), "{seen}");
    assert!(!seen.contains("Call it off"), "a viewer only watches: {seen}");
    assert_eq!(faults(&seen), Vec::<String>::new());

    let action = format!("{path}/cancel");
    check_done_once(&console, (&vic, &ada), (&path, &action), ("", "too slow")).await?;
    let page = console.shown(&ada, &path).await?;
    assert!(page.contains(r#"<span class="badge badge-plain">cancelled</span>"#), "{page}");
    assert!(!page.contains("replay.js") && !page.contains(&action), "{page}");
    assert_eq!(faults(&page), Vec::<String>::new());
    let activity = console
        .shown(&ada, "/activity?action=cancel_replay")
        .await?;
    assert!(activity.contains("too slow") && activity.contains(&path), "{activity}");
    let nobody = Uuid::nil();
    assert_eq!(
        console
            .page(&ada, &format!("/replays/{nobody}"))
            .await?
            .status(),
        404
    );
    let action = format!("/replays/{nobody}/cancel");
    assert_eq!(console.submit(&ada, (&action, &[("reason", "x")])).await?.0, 404);
    console.finish().await
}
