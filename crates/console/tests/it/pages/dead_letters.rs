//! The pages Dead letters, Dead letter and Dry run.

use reqwest::StatusCode;
use serde_json::json;
use waybill_common::access::Role;
use waybill_common::domain::{Effect, Timestamp};
use waybill_common::storage::commit::{Pending, commit};
use waybill_common::storage::dead_letters::{Body, Burial, DeathReason, begin_replay, bury};

use super::check_done_once;
use crate::html::{assert_tells, faults};
use crate::support::{TestConsole, later, now};

const DRY_RUN: &str = "/dead-letters/dry-run";

fn address(pending: &Pending) -> String {
    format!("/dead-letters/{}", pending.envelope.event.webhook_id)
}

/// A letter that no adapter will ever understand, and whose every text is markup.
async fn hostile(console: &TestConsole) -> anyhow::Result<Pending> {
    let mut pending = console.pending("A-9", "paid", 900)?;
    let markup = "<script>alert(1)</script>";
    pending.envelope.event.native_type = format!("type {markup}");
    pending.envelope.event.effect = Effect::Unusable { reason: format!("rule {markup}") };
    pending.envelope.body = markup.as_bytes().to_vec();
    console
        .bury_as(&pending, DeathReason::Unusable, &format!("error {markup}: cause {markup}"))
        .await?;
    Ok(pending)
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_are_grouped_by_what_is_wrong_and_found() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    let ada = console.signed_in("ada", Role::Viewer).await?;
    let empty = console.shown(&ada, "/dead-letters").await?;
    assert!(empty.contains("Nothing waits") && empty.contains("nothing ever did"), "{empty}");
    assert!(!empty.contains("Dry run of"), "there is nothing to look at");
    assert_eq!(faults(&empty), Vec::<String>::new());

    for nth in 0..3 {
        console.bury("A-1", "paid", 500 + nth).await?;
    }
    let refused = console.pending("A-2", "paid", 700)?;
    console
        .bury_as(&refused, DeathReason::Refused, "the database: a rule")
        .await?;
    let replayed = console.bury("A-3", "paid", 800).await?;
    let bob = console.signed_in("bob", Role::Operator).await?;
    let path = format!("{}/replay", address(&replayed));
    assert_eq!(console.submit(&bob, (&path, &[("reason", "x")])).await?.0, StatusCode::SEE_OTHER);

    let page = console.shown(&ada, "/dead-letters").await?;
    assert_tells(
        &page,
        &[
            r#"<a href="/dead-letters?source=payments&#38;reason=unusable&#38;replay_state=none">"#,
            r#"<a href="/dead-letters/dry-run?source=payments&#38;reason=unusable">"#,
            r#"<td class="number">3</td>"#,
            "The database refused what it says",
            r#"href="/dead-letters/dry-run?all=true">Dry run of all that wait"#,
            r#"<span class="badge badge-good">replayed</span>"#,
        ],
    );
    let rows = |page: &str| {
        page.matches(r#"<th scope="row"><a href="/dead-letters/"#)
            .count()
    };
    for (query, found) in [
        ("", 5),
        ("source=payments", 5),
        ("source=stripe", 0),
        ("reason=unusable", 4),
        ("reason=unusable&replay_state=none", 3),
        ("reason=refused&source=&replay_state=", 1),
        ("replay_state=replayed", 1),
        ("limit=2", 2),
    ] {
        let page = console
            .shown(&ada, &format!("/dead-letters?{query}"))
            .await?;
        assert_eq!(rows(&page), found, "{query}");
        assert_eq!(faults(&page), Vec::<String>::new(), "{query}");
    }
    let page = console.shown(&ada, "/dead-letters?limit=2").await?;
    assert!(page.contains("Older →") && !page.contains("← Newer"), "{page}");
    let page = console
        .shown(&ada, "/dead-letters?replay_state=replayed")
        .await?;
    assert!(!page.contains("Dry run of these"), "none of them waits: {page}");
    let page = console.shown(&ada, "/dead-letters?reason=refused").await?;
    assert!(page.contains(r#"href="/dead-letters/dry-run?reason=refused">Dry run of these"#));
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_shows_what_a_replay_would_do_and_is_replayed_with_a_reason() -> anyhow::Result<()>
{
    let console = TestConsole::start().await?;
    console.tell("A-1", &["placed"]).await?;
    let path = address(&console.bury("A-1", "paid", 500).await?);
    let (ada, vic) = (
        console.signed_in("ada", Role::Operator).await?,
        console.signed_in("vic", Role::Viewer).await?,
    );
    let seen = console.shown(&vic, &path).await?;
    assert_tells(
        &seen,
        &[
            "not understood then",
            "What a replay would do now",
            r#"<span class="muted">status</span> pending"#,
            "<strong>paid</strong>",
            r#"<span class="muted">captured</span> 0.00 EUR"#,
            "<strong>99.99 EUR</strong>",
            "you need the role",
            &path.replace("/dead-letters/", "/webhooks/"),
        ],
    );
    assert!(!seen.contains("/replay\""), "a viewer only looks: {seen}");
    assert_eq!(faults(&seen), Vec::<String>::new());

    let action = format!("{path}/replay");
    check_done_once(&console, (&vic, &ada), (&path, &action), (" ", "a <b>release</b>")).await?;
    let page = console.shown(&ada, &path).await?;
    assert!(page.contains("It was replayed") && page.contains("The order"), "{page}");
    assert!(!page.contains("What a replay would do now") && !page.contains(&action), "{page}");
    assert_eq!(faults(&page), Vec::<String>::new());

    let (_, order) = console.get("/api/v1/orders/A-1").await?;
    assert_eq!((&order["status"], &order["captured"]), (&json!("paid"), &json!(9999)));
    let page = console.shown(&ada, "/activity?action=replay").await?;
    assert!(page.contains("operator:ada") && page.contains("a &#60;b&#62;release"), "{page}");
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_nobody_can_read_says_so_and_offers_no_replay() -> anyhow::Result<()> {
    let console = TestConsole::with(|config| {
        config.sources.remove("payments");
    })
    .await?;
    let path = address(&console.bury("A-1", "paid", 500).await?);
    let ada = console.signed_in("ada", Role::Operator).await?;
    let page = console.shown(&ada, &path).await?;
    assert!(page.contains("its source is not configured any more"), "{page}");
    assert!(!page.contains("action=\"/dead-letters"), "{page}");
    assert_eq!(faults(&page), Vec::<String>::new());
    let page = console.shown(&ada, &format!("{DRY_RUN}?all=true")).await?;
    assert!(page.contains("its source is not configured any more"), "{page}");
    assert!(page.contains("No order would change"), "{page}");
    assert_eq!(faults(&page), Vec::<String>::new());
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_somebody_replays_says_since_when() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    let pending = console.bury("A-1", "paid", 500).await?;
    let mut conn = console.database.connection().await?;
    assert!(begin_replay(&mut conn, pending.envelope.event.webhook_id, (later(5), now())).await?);
    let ada = console.signed_in("ada", Role::Operator).await?;
    let page = console.shown(&ada, &address(&pending)).await?;
    assert!(page.contains("Somebody is replaying it since <time datetime=\"2026-01-01T12:00:05"));
    assert_eq!(faults(&page), Vec::<String>::new());
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_still_unusable_is_text_and_dead_as_before() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    let path = address(&hostile(&console).await?);
    let ada = console.signed_in("ada", Role::Operator).await?;
    for address in [path.as_str(), "/dead-letters", "/dead-letters/dry-run?all=true"] {
        let page = console.shown(&ada, address).await?;
        assert!(!page.contains("<script>alert"), "{page}");
        assert_eq!(faults(&page), Vec::<String>::new(), "{address}");
    }
    let page = console.shown(&ada, &path).await?;
    assert_tells(
        &page,
        &["type &#60;script&#62;alert(1)", "cause &#60;script&#62;", "No order would change"],
    );
    let action = format!("{path}/replay");
    assert_eq!(
        console
            .submit(&ada, (&action, &[("reason", "try")]))
            .await?
            .0,
        303
    );
    let page = console.shown(&ada, &path).await?;
    assert!(page.contains("is dead as before") && page.contains(&action), "{page}");
    assert_eq!(faults(&page), Vec::<String>::new());
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_is_not_there_is_told_so_and_one_whose_month_is_gone_is_shown()
-> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    let ada = console.signed_in("ada", Role::Operator).await?;
    let nowhere = "/dead-letters/01890a5d-ac96-774b-bcce-b302099a8057";
    assert_eq!(console.page(&ada, nowhere).await?.status(), 404);
    assert_eq!(
        console
            .submit(&ada, (&format!("{nowhere}/replay"), &[("reason", "x")]))
            .await?
            .0,
        404
    );
    let path = address(&console.bury("A-1", "paid", 500).await?);
    let mut owner = console.database.owner().await?;
    diesel_async::SimpleAsyncConnection::batch_execute(&mut owner, "DELETE FROM webhooks").await?;
    let page = console.shown(&ada, &path).await?;
    assert!(page.contains("Its month of the log is gone"), "{page}");
    assert_eq!(faults(&page), Vec::<String>::new());
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_shows_the_orders_that_would_change_and_writes_nothing() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    console.tell("A-1", &["placed"]).await?;
    console.bury("A-1", "paid", 500).await?;
    console.bury("A-2", "paid", 501).await?;
    let repeated = console.bury("A-3", "paid", 502).await?;
    // Its sender sent it again, and that one counted.
    let again = console.pending("A-3", "paid", 502)?;
    let mut conn = console.database.connection().await?;
    commit(&mut conn, &[again], Timestamp::from_micros(now().micros() + 1)?).await?;
    let vic = console.signed_in("vic", Role::Viewer).await?;
    for (query, matched) in [
        ("all=true", 3),
        ("source=payments&reason=", 3),
        ("reason=unusable", 3),
        ("native_type=paid", 3),
        ("native_type=refunded", 0),
        ("from=2026-01-01T12:00:00.501&native_type=", 2),
        ("to=2026-01-01T12:00:00.501Z", 1),
        ("source=stripe", 0),
    ] {
        let page = console.shown(&vic, &format!("{DRY_RUN}?{query}")).await?;
        let letters = page
            .matches(r#"class="break"><a href="/dead-letters/"#)
            .count();
        assert_eq!(letters, matched, "{query}\n{page}");
        assert_eq!(page.contains("No letter waits"), matched == 0, "{query}");
        assert_eq!(faults(&page), Vec::<String>::new(), "{query}");
    }
    let page = console.shown(&vic, &format!("{DRY_RUN}?all=true")).await?;
    let duplicate = r#"<span class="badge badge-plain">duplicate</span></th><td class="number">1<"#;
    assert_tells(
        &page,
        &[
            "every letter that waits, whatever is wrong",
            r#"<span class="badge badge-good">applied</span></th><td class="number">2</td>"#,
            duplicate,
            "would begin",
            "<strong>99.99 EUR</strong>",
            r#">A-1</a>"#,
            "you need the role",
            &address(&repeated),
        ],
    );
    assert!(!page.contains(r#"action="/replays"#), "a viewer begins nothing: {page}");
    assert_eq!(console.get("/api/v1/orders/A-2").await?.0, 404, "nothing happened");
    let (_, listed) = console.get("/api/v1/replays").await?;
    assert_eq!(listed["items"], json!([]));

    let nothing = console
        .shown(&vic, &format!("{DRY_RUN}?source=&reason="))
        .await?;
    assert!(nothing.contains("Which letters?"), "everything must be said: {nothing}");
    assert_eq!(faults(&nothing), Vec::<String>::new());
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_of_more_letters_than_it_looks_at_says_so() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    let letters: Vec<Pending> = (0..=500)
        .map(|nth| console.pending(&format!("A-{nth}"), "paid", 500 + nth))
        .collect::<Result<_, _>>()?;
    let burials: Vec<Burial<'_>> = letters
        .iter()
        .map(|pending| Burial {
            body: Body::Event(pending),
            reason: DeathReason::Exhausted,
            error: "no room".into(),
            attempts: 9,
        })
        .collect();
    let mut conn = console.database.connection().await?;
    assert_eq!(bury(&mut conn, &burials, now()).await?.len(), 501);
    let vic = console.signed_in("vic", Role::Viewer).await?;
    let page = console.shown(&vic, &format!("{DRY_RUN}?all=true")).await?;
    assert!(page.contains("the oldest 500 of 501"), "{page}");
    assert!(page.contains(r#"<details class="inside">"#), "many letters are folded away");
    assert_eq!(faults(&page), Vec::<String>::new());
    console.finish().await
}
