//! Every route × every credential, over the table itself: a new route is tested by being there.

use reqwest::{Method, StatusCode};
use waybill_common::access::{Role, Scope, Secret};
use waybill_common::storage::access::{revoke_token, tokens};
use waybill_console::access::Policy;
use waybill_console::route::{Audience, table};

use crate::support::{TestConsole, later};

/// A route, without the handler.
pub(crate) struct Entry {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) policy: Policy,
    audience: Audience,
}

/// The table, with something in the place of each parameter. Streams have no end, so only their refusals are awaited.
pub(crate) fn entries() -> Vec<Entry> {
    table()
        .iter()
        .map(|route| Entry {
            method: route.method().as_str().parse().expect("a method"),
            path: filled(route.path()),
            policy: route.policy(),
            audience: route.audience(),
        })
        .collect()
}

fn filled(path: &str) -> String {
    path.split('/')
        .map(|part| match part {
            "{webhook}" | "{replay}" => "01890a5d-ac96-774b-bcce-b302099a8057",
            part if part.starts_with('{') => "x",
            part => part,
        })
        .collect::<Vec<_>>()
        .join("/")
}

pub(crate) async fn answered(
    console: &TestConsole,
    entry: &Entry,
    headers: &[(&str, &str)],
) -> anyhow::Result<StatusCode> {
    let request = console
        .http
        .request(entry.method.clone(), console.url(&entry.path));
    let request = headers
        .iter()
        .fold(request, |request, (name, value)| request.header(*name, *value));
    Ok(request.send().await?.status())
}

/// Not let in: told to sign in.
pub(crate) fn is_shut_out(entry: &Entry, status: StatusCode) -> bool {
    match entry.audience {
        Audience::Program => status == StatusCode::UNAUTHORIZED,
        Audience::Person => status == StatusCode::SEE_OTHER,
    }
}

pub(crate) fn is_let_in(status: StatusCode) -> bool {
    ![StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&status)
        && !status.is_server_error()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_good_credential_every_route_but_public_ones_is_shut() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    let expired = console
        .token(Role::Admin, &[Scope::All, Scope::PayloadRead])
        .await?;
    let revoked = console
        .token(Role::Admin, &[Scope::All, Scope::PayloadRead])
        .await?;
    let mut conn = console.database.connection().await?;
    let hash = Secret::presented(&revoked).hash().to_vec();
    let all = tokens(&mut conn).await?;
    let id = all.iter().find(|token| token.hash == hash).unwrap().id;
    assert!(revoke_token(&mut conn, id, later(0)).await?);
    console.clock.set(later(3_600));
    let bearer = |token: &str| format!("Bearer {token}");
    let faults = [
        vec![],
        vec![("authorization", bearer("wb_nothing"))],
        vec![("authorization", bearer(""))],
        vec![("authorization", "Basic YWRhOnNlY3JldA==".to_owned())],
        vec![("authorization", "Bearer".to_owned())],
        vec![("authorization", bearer(&"x".repeat(300)))],
        vec![("authorization", bearer(&expired))],
        vec![("authorization", bearer(&revoked))],
        vec![("cookie", "waybill=nothing".to_owned())],
        vec![("cookie", format!("waybill={revoked}"))],
    ];
    let mut shut = 0;
    for entry in entries().iter().filter(|entry| !entry.policy.is_public()) {
        for fault in &faults {
            let headers: Vec<_> = fault
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            let status = answered(&console, entry, &headers).await?;
            assert!(
                is_shut_out(entry, status),
                "{} {} {fault:?}: {status}",
                entry.method,
                entry.path
            );
            shut += 1;
        }
    }
    assert!(shut > 100, "only {shut} were tried");
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_good_tokens_none_is_taken() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    let token = console
        .token(Role::Admin, &[Scope::All, Scope::PayloadRead])
        .await?;
    let good = format!("Bearer {token}");
    let twice = [("authorization", good.as_str()), ("authorization", good.as_str())];
    for entry in entries().iter().filter(|entry| !entry.policy.is_public()) {
        let status = answered(&console, entry, &twice).await?;
        assert!(is_shut_out(entry, status), "{} {}: {status}", entry.method, entry.path);
    }
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_is_not_made_good_by_a_cookie() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    console.operator("ada", Role::Admin).await?;
    let browser = console.sign_in("ada").await?;
    for entry in entries().iter().filter(|entry| !entry.policy.is_public()) {
        let headers = [("cookie", browser.cookie.as_str()), ("authorization", "Bearer wb_nothing")];
        let status = answered(&console, entry, &headers).await?;
        assert!(is_shut_out(entry, status), "{} {}: {status}", entry.method, entry.path);
    }
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_lets_in_its_role_and_scope_and_nobody_below() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    let mut tried = 0;
    for role in Role::ALL {
        for scope in Scope::ALL {
            let token = console.token(*role, &[*scope]).await?;
            let authorization = format!("Bearer {token}");
            for entry in &entries() {
                let Some((needed_role, needed_scope)) = entry.policy.needs() else { continue };
                let all = *scope == Scope::All && needed_scope != Scope::PayloadRead;
                let may = *role >= needed_role && (*scope == needed_scope || all);
                let status =
                    answered(&console, entry, &[("authorization", &authorization)]).await?;
                let told = format!("{role} {scope}: {} {}: {status}", entry.method, entry.path);
                if may {
                    assert!(is_let_in(status), "{told}");
                } else {
                    assert_eq!(status, StatusCode::FORBIDDEN, "{told}");
                }
                tried += 1;
            }
        }
    }
    assert!(tried > 400, "only {tried} were tried");
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_may_change_something_demands_proof_from_a_session() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    console.operator("ada", Role::Admin).await?;
    let browser = console.sign_in("ada").await?;
    let unsafe_ones = entries().into_iter().filter(|entry| {
        !entry.policy.is_public() && entry.method != Method::GET && entry.method != Method::HEAD
    });
    let mut tried = 0;
    for entry in unsafe_ones {
        let cookie = ("cookie", browser.cookie.as_str());
        for fault in [
            vec![cookie],
            vec![cookie, ("x-csrf-token", "wrong")],
            vec![cookie, ("x-csrf-token", &browser.csrf), ("origin", "https://evil.example")],
            vec![cookie, ("x-csrf-token", &browser.csrf), ("sec-fetch-site", "cross-site")],
        ] {
            let status = answered(&console, &entry, &fault).await?;
            assert_eq!(status, StatusCode::FORBIDDEN, "{} {}", entry.method, entry.path);
            tried += 1;
        }
        if entry.path != "/sign-out" {
            let good = [cookie, ("x-csrf-token", browser.csrf.as_str())];
            assert!(is_let_in(answered(&console, &entry, &good).await?), "{}", entry.path);
        }
    }
    assert!(tried >= 8, "only {tried} were tried");
    console.finish().await
}

#[test]
fn what_is_public_is_known_by_name() {
    let public: Vec<String> = table()
        .iter()
        .filter(|route| route.policy().is_public())
        .map(|route| format!("{} {}", route.method(), route.path()))
        .collect();
    assert_eq!(
        public,
        [
            "GET /api/v1/openapi.json",
            "GET /api/docs/{file:.*}",
            "GET /assets/{version}/{file:.*}",
            "GET /sign-in",
            "POST /sign-in",
            "GET /sign-in/oidc",
            "GET /sign-in/oidc/back",
            "GET /sign-in/{link}",
        ]
    );
}
