//! Browser sessions: signing in, staying, being shut out.

use reqwest::{Method, StatusCode};
use waybill_common::access::{Role, Secret};
use waybill_common::storage::access::sweep;
use waybill_common::storage::access::{disable_operator, operator_by_name, put_link};

use crate::support::{Browser, PASSWORD, TestConsole, later, now};

async fn knows(console: &TestConsole, browser: &Browser) -> anyhow::Result<StatusCode> {
    let request = console
        .http
        .get(console.url("/api/v1/session"))
        .header("cookie", &browser.cookie);
    Ok(request.send().await?.status())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_signs_in_is_known_until_signing_out() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    console.operator("ada", Role::Operator).await?;
    let browser = console.sign_in("ada").await?;
    assert_eq!(knows(&console, &browser).await?, 200);

    let out = console
        .http
        .post(console.url("/sign-out"))
        .header("cookie", &browser.cookie)
        .header("x-csrf-token", &browser.csrf);
    let answer = out.send().await?;
    assert_eq!(answer.status(), 303);
    assert!(
        answer.headers()["set-cookie"]
            .to_str()?
            .contains("Max-Age=0")
    );
    assert_eq!(knows(&console, &browser).await?, 401);
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() -> anyhow::Result<()> {
    let console = TestConsole::with(|config| {
        config.console.public_url = Some("https://waybill.example.com".into());
    })
    .await?;
    console.operator("ada", Role::Viewer).await?;
    let answer = console.try_to_sign_in("ada", PASSWORD).await?;
    let cookie = answer.headers()["set-cookie"].to_str()?;
    assert!(cookie.starts_with("__Host-waybill="), "{cookie}");
    for attribute in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_failure_to_sign_in_looks_the_same() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    console.operator("ada", Role::Viewer).await?;
    console.operator("gone", Role::Viewer).await?;
    let mut conn = console.database.connection().await?;
    assert!(disable_operator(&mut conn, "gone", now()).await?);
    let mut bodies = Vec::new();
    for (name, password) in
        [("ada", "wrong"), ("nobody", PASSWORD), ("gone", PASSWORD), ("", PASSWORD), ("%00", "x")]
    {
        let answer = console.try_to_sign_in(name, password).await?;
        assert_eq!(answer.status(), 401, "{name}");
        assert!(!answer.headers().contains_key("set-cookie"));
        bodies.push(answer.text().await?);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_fails_too_often_has_to_wait() -> anyhow::Result<()> {
    let console = TestConsole::with(|config| config.console.account_failures_max = 3).await?;
    console.operator("ada", Role::Viewer).await?;
    console.operator("bob", Role::Viewer).await?;
    for _ in 0..3 {
        assert_eq!(console.try_to_sign_in("ada", "wrong").await?.status(), 401);
    }
    let answer = console.try_to_sign_in("Ada", PASSWORD).await?;
    assert_eq!(answer.status(), 429, "even with the right password");
    assert_eq!(answer.headers()["retry-after"], "901");
    assert_eq!(console.try_to_sign_in("bob", PASSWORD).await?.status(), 303, "others do not wait");
    console.clock.set(later(901));
    assert_eq!(console.try_to_sign_in("ada", PASSWORD).await?.status(), 303);
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_fails_too_often_has_to_wait() -> anyhow::Result<()> {
    let console = TestConsole::with(|config| config.console.address_failures_max = 3).await?;
    console.operator("ada", Role::Viewer).await?;
    for nth in 0..3 {
        let answer = console
            .try_to_sign_in(&format!("guess{nth}"), "wrong")
            .await?;
        assert_eq!(answer.status(), 401);
    }
    assert_eq!(console.try_to_sign_in("ada", PASSWORD).await?.status(), 429);
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_when_nobody_is_there_and_in_any_case() -> anyhow::Result<()> {
    let console = TestConsole::with(|config| {
        config.console.session_idle_minutes = 10;
        config.console.session_max_minutes = 30;
    })
    .await?;
    console.operator("ada", Role::Viewer).await?;
    let idle = console.sign_in("ada").await?;
    console.clock.set(later(599));
    assert_eq!(knows(&console, &idle).await?, 200);
    console.clock.set(later(599 + 600));
    assert_eq!(knows(&console, &idle).await?, 401, "idle");

    console.clock.set(now());
    let busy = console.sign_in("ada").await?;
    for minute in 1..30 {
        console.clock.set(later(minute * 60));
        assert_eq!(knows(&console, &busy).await?, 200, "minute {minute}");
    }
    console.clock.set(later(1_800));
    assert_eq!(knows(&console, &busy).await?, 401, "at its end");
    let mut conn = console.database.connection().await?;
    let swept = sweep(&mut conn, later(1_800)).await?;
    assert_eq!(swept, 2);
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_again_ends_the_session_before() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    console.operator("ada", Role::Viewer).await?;
    let first = console.sign_in("ada").await?;
    let again = console
        .http
        .post(console.url("/sign-in"))
        .header("cookie", &first.cookie)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("name=ada&password={}", PASSWORD.replace(' ', "+")));
    let second = console.browser(&again.send().await?).await?;
    assert_ne!(first.cookie, second.cookie);
    assert_eq!(knows(&console, &first).await?, 401);
    assert_eq!(knows(&console, &second).await?, 200);
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_disabled_is_out_at_once() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    console.operator("ada", Role::Admin).await?;
    let browser = console.sign_in("ada").await?;
    let mut conn = console.database.connection().await?;
    assert!(disable_operator(&mut conn, "ada", now()).await?);
    assert!(!disable_operator(&mut conn, "ada", now()).await?, "once is enough");
    assert_eq!(knows(&console, &browser).await?, 401);
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_signs_in_once_and_not_for_long() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    console.operator("ada", Role::Admin).await?;
    let mut conn = console.database.connection().await?;
    let ada = operator_by_name(&mut conn, "ada").await?.unwrap();
    let (link, late) = (Secret::new(""), Secret::new(""));
    put_link(&mut conn, &link.hash(), ada.id, later(60)).await?;
    put_link(&mut conn, &late.hash(), ada.id, now()).await?;
    let follow = async |link: &Secret| {
        let url = console.url(&format!("/sign-in/{}", link.expose()));
        console.http.get(url).send().await
    };
    let answer = follow(&link).await?;
    assert_eq!((answer.status().as_u16(), &answer.headers()["location"]), (303, &"/".parse()?));
    assert_eq!(knows(&console, &console.browser(&answer).await?).await?, 200);
    assert!(!follow(&link).await?.headers().contains_key("set-cookie"), "twice");
    assert!(!follow(&late).await?.headers().contains_key("set-cookie"), "too late");
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn links_are_for_the_demo_only() -> anyhow::Result<()> {
    let console = TestConsole::with(|config| {
        config.profile = waybill_common::config::Profile::Production;
    })
    .await?;
    console.operator("ada", Role::Admin).await?;
    let mut conn = console.database.connection().await?;
    let ada = operator_by_name(&mut conn, "ada").await?.unwrap();
    let link = Secret::new("");
    put_link(&mut conn, &link.hash(), ada.id, later(60)).await?;
    let url = console.url(&format!("/sign-in/{}", link.expose()));
    assert_eq!(console.http.get(url).send().await?.status(), 404);
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn another_site_can_neither_act_for_a_session_nor_sign_in_for_it() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    console.operator("ada", Role::Admin).await?;
    let browser = console.sign_in("ada").await?;
    let out = |headers: &[(&'static str, &str)]| {
        let request = console
            .http
            .request(Method::POST, console.url("/sign-out"))
            .header("cookie", &browser.cookie);
        headers
            .iter()
            .fold(request, |request, (name, value)| request.header(*name, *value))
    };
    let form = ("content-type", "application/x-www-form-urlencoded");
    let token = ("x-csrf-token", browser.csrf.as_str());
    for (headers, body) in [
        (vec![], String::new()),
        (vec![("x-csrf-token", "wrong")], String::new()),
        (vec![token, ("origin", "https://evil.example")], String::new()),
        (vec![token, ("sec-fetch-site", "cross-site")], String::new()),
        (vec![form], "csrf_token=wrong".to_owned()),
        (vec![("content-type", "text/plain")], format!("csrf_token={}", browser.csrf)),
    ] {
        let answer = out(&headers).body(body).send().await?;
        assert_eq!(answer.status(), 403, "{headers:?}");
    }
    let evil = console
        .http
        .post(console.url("/sign-in"))
        .header("sec-fetch-site", "cross-site")
        .header("content-type", "application/x-www-form-urlencoded")
        .body("name=ada&password=x");
    assert_eq!(evil.send().await?.status(), 403);
    assert_eq!(knows(&console, &browser).await?, 200, "nothing happened");
    let own = out(&[form]).body(format!("csrf_token={}", browser.csrf));
    assert_eq!(own.send().await?.status(), 303, "our own form works");
    console.finish().await
}
