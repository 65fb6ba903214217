//! What every page is like, and what people are told when something does not go.

mod activity;
mod dead_letters;
mod orders;
mod overview;
mod replays;
mod sources;
mod webhooks;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, Response, StatusCode};
use waybill_common::access::Role;
use waybill_console::route::{Audience, table};

use crate::html::faults;
use crate::support::{Browser, PASSWORD, TestConsole};

fn is_page(answer: &Response) -> bool {
    answer.headers()[CONTENT_TYPE] == "text/html; charset=utf-8"
}

/// Where an answer sends the browser.
fn location(answer: &Response) -> &str {
    answer.headers()["location"].to_str().unwrap_or_default()
}

/// What a page offers to those who may: refused to a viewer and without a reason, done with one, and then no more.
async fn check_done_once(
    console: &TestConsole,
    (viewer, operator): (&Browser, &Browser),
    (path, action): (&str, &str),
    (no_reason, reason): (&str, &str),
) -> anyhow::Result<()> {
    let page = console.shown(operator, path).await?;
    assert!(page.contains(&format!("action=\"{action}\"")), "{page}");
    assert_eq!(faults(&page), Vec::<String>::new());
    let submit = async |who, reason| console.submit(who, (action, &[("reason", reason)])).await;
    assert_eq!(submit(viewer, "x").await?.0, 403);
    assert_eq!(submit(operator, no_reason).await?.0, 400);
    let done = (StatusCode::SEE_OTHER, Some(path.to_owned()));
    assert_eq!(submit(operator, reason).await?, done);
    assert_eq!(submit(operator, "again").await?.0, 409);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_runs_or_loads_anything_that_is_not_a_file_of_ours() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    console.operator("ada", Role::Admin).await?;
    console.tell("A-1", &["placed", "paid"]).await?;
    let browser = console.sign_in("ada").await?;
    let webhook = console
        .bury("A-2", "paid", 500)
        .await?
        .envelope
        .event
        .webhook_id;
    let asked = [("reason", "mended"), ("rate", "50")];
    let (_, replay) = console
        .submit(&browser, ("/replays?all=true", &asked))
        .await?;
    let replay = replay.expect("it leads to the replay");
    let mut read = 0;
    for route in table() {
        let elsewhere = ["/assets", "/api"];
        if route.method() != actix_web::http::Method::GET
            || route.audience() != Audience::Person
            || elsewhere.iter().any(|path| route.path().starts_with(path))
        {
            continue;
        }
        let path = route
            .path()
            .replace("{order}", "A-1")
            .replace("{webhook}", &webhook.to_string())
            .replace("/replays/{replay}", &replay);
        let answer = console.page(&browser, &path).await?;
        assert!(is_page(&answer), "{path}");
        let policy = answer.headers()["content-security-policy"].to_str()?;
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{path}");
        assert_eq!(answer.headers()["cache-control"], "no-store", "{path}");
        assert_eq!(faults(&answer.text().await?), Vec::<String>::new(), "{path}");
        read += 1;
    }
    assert!(read >= 8, "only {read} were read");
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_navigation_leads_where_somebody_may_go() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    console.operator("ada", Role::Viewer).await?;
    console.operator("bob", Role::Operator).await?;
    let link = r#"<a href="/activity">Activity</a>"#;
    let browser = console.sign_in("ada").await?;
    assert!(!console.shown(&browser, "/").await?.contains(link), "a viewer may not see it");
    let refused = console.page(&browser, "/activity").await?;
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    let page = refused.text().await?;
    assert!(page.contains("The role operator is needed.") && page.contains("ada"), "{page}");
    assert_eq!(faults(&page), Vec::<String>::new());
    let browser = console.sign_in("bob").await?;
    assert!(console.shown(&browser, "/").await?.contains(link));
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_that_makes_no_sense_is_told_in_a_page() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    console.operator("ada", Role::Operator).await?;
    let browser = console.sign_in("ada").await?;
    for path in [
        "/orders?status=rich",
        "/orders?cursor=x",
        "/orders?colour=red",
        "/orders?from=yesterday",
        "/webhooks?order_id=x",
        "/webhooks?verdict=x",
        "/webhooks/x",
        "/activity?to=%00",
        "/dead-letters?reason=bad+luck",
        "/dead-letters?replay_state=x",
        "/dead-letters?cursor=x",
        "/dead-letters/x",
        "/dead-letters/dry-run?all=true&source=payments",
        "/dead-letters/dry-run?all=perhaps",
        "/dead-letters/dry-run?from=yesterday",
        "/dead-letters/dry-run?webhooks=x",
        "/replays?cursor=x",
        "/replays/x",
    ] {
        let answer = console.page(&browser, path).await?;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{path}");
        let page = answer.text().await?;
        assert!(page.contains("Not understood"), "{path} {page}");
        assert_eq!(faults(&page), Vec::<String>::new(), "{path}");
    }
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_signed_in_is_led_to_the_form_and_back() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    console.operator("ada", Role::Viewer).await?;
    let away = console.http.get(console.url("/?a=1&b=%22")).send().await?;
    assert_eq!(away.status(), StatusCode::SEE_OTHER);
    assert_eq!(location(&away), "/sign-in?next=%2F%3Fa%3D1%26b%3D%2522");
    let form = console
        .http
        .get(console.url(location(&away)))
        .send()
        .await?;
    assert_eq!(form.status(), 200);
    let form = form.text().await?;
    assert!(form.contains(r#"name="next" value="/?a=1&#38;b=%22""#), "{form}");
    let post = console
        .http
        .post(console.url("/sign-in"))
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(format!("name=ada&password={}&next=%2F%3Fa%3D1", PASSWORD.replace(' ', "+")));
    let back = post.send().await?;
    assert_eq!((back.status(), location(&back)), (StatusCode::SEE_OTHER, "/?a=1"));
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_does_not_lead_to_other_sites() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    for next in ["//evil.example", "https://evil.example", "%22%3E%3Cscript%3E"] {
        let form = console
            .http
            .get(console.url(&format!("/sign-in?next={next}")))
            .send()
            .await?;
        let form = form.text().await?;
        assert!(form.contains(r#"name="next" value="""#), "{next}: {form}");
    }
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_form_says_what_was_wrong() -> anyhow::Result<()> {
    let console = TestConsole::with(|config| config.console.account_failures_max = 1).await?;
    console.operator("ada", Role::Viewer).await?;
    let wrong = console.try_to_sign_in("ada", "wrong").await?;
    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
    assert!(is_page(&wrong) && wrong.headers().contains_key("www-authenticate"));
    let page = wrong.text().await?;
    assert!(page.contains("No account has that name and that password."), "{page}");
    assert_eq!(faults(&page), Vec::<String>::new());
    let waiting = console.try_to_sign_in("ada", PASSWORD).await?;
    assert_eq!(waiting.status(), StatusCode::TOO_MANY_REQUESTS);
    assert!(waiting.headers().contains_key("retry-after"));
    assert!(waiting.text().await?.contains("Too many tries"));
    let link = console
        .http
        .get(console.url("/sign-in/nothing"))
        .send()
        .await?;
    assert_eq!(link.status(), StatusCode::UNAUTHORIZED);
    assert!(link.text().await?.contains("This link was used already"));
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_a_page_is_left_for_the_form_when_the_session_is_over() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    for (current, leave_for) in [
        ("http://127.0.0.1/?q=a", "/sign-in?next=%2F%3Fq%3Da"),
        ("https://evil.example//evil.example", "/sign-in"),
        ("\u{0}", "/sign-in"),
    ] {
        let part = console
            .http
            .get(console.url("/"))
            .header("hx-request", "true")
            .header("hx-current-url", current.replace('\0', "not an address"));
        let answer = part.send().await?;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(answer.headers()["hx-redirect"], leave_for, "{current}");
    }
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_to_be_done_is_not_a_page_to_come_back_to() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    let answer = console.http.post(console.url("/sign-out")).send().await?;
    assert_eq!((answer.status(), location(&answer)), (StatusCode::SEE_OTHER, "/sign-in"));
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_told_in_a_page_and_programs_as_ever() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    console.operator("ada", Role::Viewer).await?;
    let browser = console.sign_in("ada").await?;
    let nowhere = console.page(&browser, "/nowhere").await?;
    assert_eq!(nowhere.status(), StatusCode::NOT_FOUND);
    assert!(is_page(&nowhere));
    assert_eq!(faults(&nowhere.text().await?), Vec::<String>::new());
    let deleted = console
        .http
        .request(Method::DELETE, console.url("/sign-in"))
        .header("accept", "text/html");
    let deleted = deleted.send().await?;
    assert_eq!(deleted.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(deleted.headers()["allow"], "GET, POST");
    assert!(is_page(&deleted));
    let forged = console
        .http
        .post(console.url("/sign-out"))
        .header("cookie", &browser.cookie);
    let forged = forged.send().await?;
    assert_eq!(forged.status(), StatusCode::FORBIDDEN);
    let page = forged.text().await?;
    assert!(page.contains("Not from this page") && page.contains("ada"), "{page}");
    assert_eq!(faults(&page), Vec::<String>::new());
    let program = console.page(&browser, "/api/v1/nowhere").await?;
    assert_eq!(program.headers()[CONTENT_TYPE], "application/problem+json");
    console.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_kept_for_good_and_found_by_their_hash_alone() -> anyhow::Result<()> {
    let console = TestConsole::start().await?;
    let form = console.http.get(console.url("/sign-in")).send().await?;
    let form = form.text().await?;
    let addresses: Vec<&str> = form
        .split('"')
        .filter(|part| part.starts_with("/assets/"))
        .collect();
    assert!(addresses.len() >= 4, "{addresses:?}");
    for address in &addresses {
        let file = console.http.get(console.url(address)).send().await?;
        assert_eq!(file.status(), 200, "{address}");
        assert_eq!(file.headers()["cache-control"], "public, max-age=31536000, immutable");
        let media = match address.rsplit_once('.') {
            Some((_, "css")) => "text/css; charset=utf-8",
            Some((_, "svg")) => "image/svg+xml",
            _ => "text/javascript; charset=utf-8",
        };
        assert_eq!(file.headers()[CONTENT_TYPE], media, "{address}");
    }
    let (_, name) = addresses[0].rsplit_once('/').unwrap();
    let old = format!("/assets/0123456789abcdef/{name}");
    for address in [old.as_str(), "/assets/x/../../Cargo.toml", "/assets/x/"] {
        let file = console.http.get(console.url(address)).send().await?;
        assert_eq!(file.status(), 404, "{address}");
    }
    console.finish().await
}
