//! Every route × every state that a session can be in: it is worth what its owner is worth now.

use diesel_async::{AsyncPgConnection, RunQueryDsl as _};
use reqwest::{Method, StatusCode};
use waybill_common::access::{Role, Scope};
use waybill_common::storage::access::{disable_operator, operator_by_name};

use crate::access::{Entry, answered, entries, is_let_in, is_shut_out};
use crate::support::{Browser, TestConsole, later};

async fn is_shut_everywhere(
    console: &TestConsole,
    browser: &Browser,
    why: &str,
) -> anyhow::Result<()> {
    let mut tried = 0;
    for entry in entries().iter().filter(|entry| !entry.policy.is_public()) {
        let headers =
            [("cookie", browser.cookie.as_str()), ("x-csrf-token", browser.csrf.as_str())];
        let status = answered(console, entry, &headers).await?;
        assert!(is_shut_out(entry, status), "{why}: {} {}: {status}", entry.method, entry.path);
        tried += 1;
    }
    assert!(tried > 20, "only {tried} were tried");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ended_lets_in_nowhere() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    console.operator("ada", Role::Admin).await?;
    console.operator("bob", Role::Admin).await?;
    let out = console.sign_in("ada").await?;
    let signed_out = console
        .http
        .post(console.url("/sign-out"))
        .header("cookie", &out.cookie)
        .header("x-csrf-token", &out.csrf)
        .send()
        .await?;
    assert_eq!(signed_out.status(), StatusCode::SEE_OTHER);
    is_shut_everywhere(&console, &out, "signed out").await?;

    let disabled = console.sign_in("bob").await?;
    let mut conn = console.database.connection().await?;
    disable_operator(&mut conn, "bob", later(0)).await?;
    is_shut_everywhere(&console, &disabled, "its owner is disabled").await?;

    let idle = console.sign_in("ada").await?;
    console.clock.set(later(60 * 60));
    is_shut_everywhere(&console, &idle, "idle for an hour").await?;

    let old = console.sign_in("ada").await?;
    for hour in 1..=12 {
        // Used often enough never to be idle.
        console.clock.set(later(60 * 60 + hour * 50 * 60));
        let used = console
            .http
            .get(console.url("/api/v1/session"))
            .header("cookie", &old.cookie);
        assert_eq!(used.send().await?.status(), StatusCode::OK, "after {hour} times fifty minutes");
    }
    console.clock.set(later(13 * 60 * 60));
    is_shut_everywhere(&console, &old, "twelve hours old").await?;
    console.finish().await
}

async fn give_role(conn: &mut AsyncPgConnection, name: &str, role: Role) -> anyhow::Result<()> {
    diesel::sql_query("UPDATE operators SET role = $1 WHERE name = $2")
        .bind::<diesel::sql_types::Text, _>(role.as_str())
        .bind::<diesel::sql_types::Text, _>(name)
        .execute(conn)
        .await?;
    Ok(())
}

/// Whether a person of that role, without permission for raw bodies, may.
fn may(entry: &Entry, role: Role) -> bool {
    let needs = entry.policy.needs();
    needs.is_none_or(|(needed, scope)| role >= needed && scope != Scope::PayloadRead)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_may_what_its_owner_may_now_whatever_he_might_when_it_began() -> anyhow::Result<()>
{
    let console = TestConsole::start().await?;
    console.operator("ada", Role::Admin).await?;
    let browser = console.sign_in("ada").await?;
    let mut conn = console.database.connection().await?;
    assert!(operator_by_name(&mut conn, "ada").await?.is_some());
    let headers = [("cookie", browser.cookie.as_str()), ("x-csrf-token", browser.csrf.as_str())];
    for role in Role::ALL {
        give_role(&mut conn, "ada", *role).await?;
        let entries = entries();
        let all = entries
            .iter()
            .filter(|entry| !entry.policy.is_public() && entry.path != "/sign-out");
        for entry in all {
            let status = answered(&console, entry, &headers).await?;
            let told = format!("{role}: {} {}: {status}", entry.method, entry.path);
            if may(entry, *role) {
                assert!(is_let_in(status), "{told}");
            } else {
                assert_eq!(status, StatusCode::FORBIDDEN, "{told}");
            }
        }
    }
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_proof_of_another_session_proves_nothing() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    console.operator("ada", Role::Admin).await?;
    let (one, other) = (console.sign_in("ada").await?, console.sign_in("ada").await?);
    assert_ne!(one.csrf, other.csrf);
    for entry in entries()
        .iter()
        .filter(|entry| entry.method != Method::GET && !entry.policy.is_public())
    {
        for token in [other.csrf.as_str(), "", &one.csrf[1..]] {
            let headers = [("cookie", one.cookie.as_str()), ("x-csrf-token", token)];
            let status = answered(&console, entry, &headers).await?;
            assert_eq!(status, StatusCode::FORBIDDEN, "{} {}", entry.method, entry.path);
        }
    }
    console.finish().await
}
