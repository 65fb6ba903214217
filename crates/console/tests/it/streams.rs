//! Streams end with what their readers were known by.

use reqwest::{Method, Response, StatusCode};
use tokio::time::timeout;
use uuid::Uuid;
use waybill_common::access::{Role, Scope, Secret};
use waybill_common::storage::access::{disable_operator, revoke_token, tokens};
use waybill_common::storage::dead_letters::Selection;
use waybill_common::storage::replays::{NewReplay, create};
use waybill_operate::Who;

use crate::support::{SOON, TestConsole, later, now};

/// A replay that somebody holds, for hours, and never goes on with: its stream has no end of its own.
async fn held(console: &TestConsole) -> anyhow::Result<Uuid> {
    let new = NewReplay {
        by: Who { actor: "operator:ada", origin: "127.0.0.1" }.says("mended")?,
        selection: &Selection::default(),
        rate: 1,
        held: Some((Uuid::new_v4(), later(24 * 3_600))),
    };
    let mut conn = console.database.connection().await?;
    Ok(create(&mut conn, &new, now()).await?)
}

/// Every stream that there is, opened by one header.
async fn opened(
    console: &TestConsole,
    (name, value): (&str, &str),
    replay: Uuid,
) -> anyhow::Result<Vec<Response>> {
    let mut streams = Vec::new();
    for path in [
        "/api/v1/stream".to_owned(),
        "/api/v1/changes/stream?after=end".to_owned(),
        format!("/api/v1/replays/{replay}/stream"),
    ] {
        let request = console.http.request(Method::GET, console.url(&path));
        let answer = request.header(name, value).send().await?;
        anyhow::ensure!(answer.status() == StatusCode::OK, "{path}: {}", answer.status());
        streams.push(answer);
    }
    Ok(streams)
}

/// Reads streams to their ends.
async fn ended(streams: Vec<Response>, why: &str) -> anyhow::Result<()> {
    for mut stream in streams {
        let path = stream.url().path().to_owned();
        let read = async {
            while stream.chunk().await?.is_some() {}
            Ok::<_, reqwest::Error>(())
        };
        timeout(SOON, read)
            .await
            .map_err(|_elapsed| anyhow::anyhow!("{why}: {path} goes on"))??;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_when_its_reader_would_not_be_let_in_any_more() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    let replay = held(&console).await?;
    let out = console.signed_in("ada", Role::Viewer).await?;
    let disabled = console.signed_in("bob", Role::Viewer).await?;
    let idle = console.signed_in("cat", Role::Viewer).await?;
    let revoked = console.token(Role::Viewer, &[Scope::All]).await?;
    let expired = console.token(Role::Viewer, &[Scope::All]).await?;
    let bearer = |token: &str| format!("Bearer {token}");
    let of_out = opened(&console, ("cookie", &out.cookie), replay).await?;
    let of_disabled = opened(&console, ("cookie", &disabled.cookie), replay).await?;
    let of_idle = opened(&console, ("cookie", &idle.cookie), replay).await?;
    let of_revoked = opened(&console, ("authorization", &bearer(&revoked)), replay).await?;
    let of_expired = opened(&console, ("authorization", &bearer(&expired)), replay).await?;

    let sign_out = console.http.post(console.url("/sign-out"));
    let signed_out = sign_out
        .header("cookie", &out.cookie)
        .header("x-csrf-token", &out.csrf)
        .send()
        .await?;
    assert_eq!(signed_out.status(), StatusCode::SEE_OTHER);
    ended(of_out, "signed out").await?;

    let mut conn = console.database.connection().await?;
    disable_operator(&mut conn, "bob", now()).await?;
    ended(of_disabled, "its owner is disabled").await?;

    let hash = Secret::presented(&revoked).hash().to_vec();
    let all = tokens(&mut conn).await?;
    let id = all.iter().find(|token| token.hash == hash).unwrap().id;
    assert!(revoke_token(&mut conn, id, now()).await?);
    ended(of_revoked, "revoked").await?;

    // An hour after noon the token's time is over, and nobody has asked for anything with the session.
    console.clock.set(later(3_600));
    ended(of_expired, "expired").await?;
    ended(of_idle, "idle for an hour").await?;
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_goes_on_for_whoever_is_still_known() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    let replay = held(&console).await?;
    let gone = console.signed_in("ada", Role::Viewer).await?;
    let stays = console.signed_in("bob", Role::Viewer).await?;
    let of_stays = opened(&console, ("cookie", &stays.cookie), replay).await?;
    let of_gone = opened(&console, ("cookie", &gone.cookie), replay).await?;
    let mut conn = console.database.connection().await?;
    disable_operator(&mut conn, "ada", now()).await?;
    // Whoever came first was judged no later.
    ended(of_gone, "disabled").await?;

    console.tell("A-1", &["placed"]).await?;
    let [_, mut changes, _]: [Response; 3] = of_stays.try_into().expect("there are three");
    let told = async {
        let mut told = String::new();
        while let Some(chunk) = changes.chunk().await? {
            told.push_str(&String::from_utf8_lossy(&chunk));
            if told.contains("event: change") {
                return Ok(true);
            }
        }
        Ok::<_, reqwest::Error>(false)
    };
    assert!(timeout(SOON, told).await??, "it goes on");
    console.finish().await
}
