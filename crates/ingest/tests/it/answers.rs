//! What senders are told, to the letter.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{TOKEN, TestIngest, paid, told};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_accepted_webhook_is_told_its_id_and_a_repeat_is_told_so() -> anyhow::Result<()> {
    let ingest = TestIngest::start().await?;
    let (status, body) = told(ingest.pay(&paid("TXN_1")).await?).await?;
    assert_eq!(status, 202);
    let id = Uuid::parse_str(body["webhook_log_id"].as_str().unwrap())?;
    assert_eq!(id.get_version_num(), 7);
    assert!(body["processing_time_ms"].as_f64().unwrap() > 0.0, "{body}");
    assert_eq!(body["message"], "Webhook received and queued for processing");
    assert_eq!((&body["txn_id"], &body["status"]), (&json!("TXN_1"), &json!("queued")));
    assert_eq!(body.as_object().unwrap().len(), 5, "{body}");

    let repeated = told(ingest.pay(&paid("TXN_1")).await?).await?;
    let expected =
        json!({ "message": "Duplicate webhook detected", "status": "ignored", "txn_id": "TXN_1" });
    assert_eq!(repeated, (409, expected));
    assert_eq!(ingest.published().await?.len(), 1);
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_may_answer_its_repeats_with_200() -> anyhow::Result<()> {
    let ingest = TestIngest::start().await?;
    let body = paid("TXN_1").to_string();
    let first = ingest
        .send("/webhooks/quiet", "Bearer quiet-token", body.clone())
        .await?;
    let second = ingest
        .send("/webhooks/quiet", "Bearer quiet-token", body)
        .await?;
    assert_eq!((first.status().as_u16(), second.status().as_u16()), (202, 200));
    assert_eq!(ingest.published().await?.len(), 1);
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_documented_path_leads_to_its_source() -> anyhow::Result<()> {
    let ingest = TestIngest::start().await?;
    for (number, path) in [
        "/webhooks/payments",
        "/webhooks/payment",
        "/api/webhooks/payments",
        "/api/webhooks/payment",
    ]
    .into_iter()
    .enumerate()
    {
        let body = paid(&format!("TXN_{number}")).to_string();
        let response = ingest.send(path, TOKEN, body).await?;
        assert_eq!(response.status(), 202, "{path}");
    }
    let published = ingest.published().await?;
    assert!(
        published
            .iter()
            .all(|envelope| envelope.event.source == "payments")
    );
    assert_eq!(published.len(), 4);
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_failed_authentication_is_answered_alike() -> anyhow::Result<()> {
    let ingest = TestIngest::start().await?;
    let body = paid("TXN_1").to_string();
    let mut answers = Vec::new();
    for (path, authorization) in [
        ("/webhooks/payments", ""),
        ("/webhooks/payments", "Bearer wrong-token"),
        ("/webhooks/payments", "Bearer test-toke"),
        ("/webhooks/payments", "Basic dGVzdC10b2tlbg=="),
        ("/webhooks/payments", "Bearer admin-token"),
        ("/webhooks/stripe", TOKEN),
        ("/webhooks/nobody", TOKEN),
        ("/webhooks/no%00body", TOKEN),
    ] {
        answers.push(told(ingest.send(path, authorization, body.clone()).await?).await?);
    }
    assert_eq!(answers[0].0, 401);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_a_native_webhook_is_told_field_by_field() -> anyhow::Result<()> {
    let ingest = TestIngest::start().await?;
    for (field, value) in [
        ("amount", json!(99.999)),
        ("amount", json!("ten")),
        ("amount", json!(-1)),
        ("order_uuid", json!("not a uuid")),
        ("txn_id", json!("a\u{0}b")),
        ("txn_id", json!("x".repeat(10_000))),
        ("status", json!("no such status")),
        ("timestamp", json!("yesterday")),
        ("timestamp", json!("1999-12-31T23:59:59Z")),
        ("timestamp", json!("2026-01-01T12:10:01Z")),
        ("metadata", json!({ "currency": "XXX" })),
    ] {
        let mut body = paid("TXN_1");
        body[field] = value.clone();
        let (status, answer) = told(ingest.pay(&body).await?).await?;
        assert_eq!(status, 422, "{field}: {value}: {answer}");
        assert_eq!(answer["message"], "The given data was invalid");
        let errors = answer["errors"].as_object().unwrap();
        assert!(errors.keys().any(|name| name.starts_with(field)), "{field}: {value}: {answer}");
    }
    for field in ["order_uuid", "txn_id", "status", "amount", "timestamp"] {
        let mut body = paid("TXN_1");
        body.as_object_mut().unwrap().remove(field);
        let (status, answer) = told(ingest.pay(&body).await?).await?;
        assert_eq!((status, answer["errors"][field].is_array()), (422, true), "{field}: {answer}");
    }
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_json_of_ours_is_400() -> anyhow::Result<()> {
    let ingest = TestIngest::start().await?;
    let depth = 100_000;
    for body in [
        String::new(),
        "not json".to_owned(),
        "{".to_owned(),
        format!("{} trailing", paid("TXN_1")),
        paid("TXN_1")
            .to_string()
            .replacen('{', r#"{"txn_id":"TXN_0","#, 1),
        paid("TXN_1")
            .to_string()
            .replacen('{', r#"{"\u0074xn_id":"TXN_0","#, 1),
        paid("TXN_1").to_string().replace("99.99", "NaN"),
        format!("{}{}", "[".repeat(depth), "]".repeat(depth)),
        paid("TXN_1").to_string().replacen(
            "\"USD\"",
            &format!("{}1{}", "[".repeat(40), "]".repeat(40)),
            1,
        ),
    ] {
        let response = ingest
            .send("/webhooks/payments", TOKEN, body.clone())
            .await?;
        let (status, answer) = told(response).await?;
        let start: String = body.chars().take(60).collect();
        assert_eq!(status, 400, "{start}: {answer}");
        let sentence = answer["message"].as_str().unwrap();
        assert!(!sentence.contains('\n') && !sentence.is_empty(), "{sentence}");
        assert_eq!(answer.as_object().unwrap().len(), 1, "{answer}");
    }
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn amounts_beyond_every_number_are_no_panic() -> anyhow::Result<()> {
    let ingest = TestIngest::start().await?;
    let digits = "9".repeat(400);
    for amount in ["1e400", "1e-400", "-0.001", "\"1e2\"", "9007199254740993", digits.as_str()] {
        let body = paid("TXN_1").to_string().replace("99.99", amount);
        let response = ingest.send("/webhooks/payments", TOKEN, body).await?;
        let status = response.status().as_u16();
        assert!([400, 422].contains(&status), "{amount}: {status}");
    }
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn methods_and_paths_that_do_not_exist_are_told_in_our_form() -> anyhow::Result<()> {
    let ingest = TestIngest::start().await?;
    for (method, path, expected) in [
        (Method::GET, "/webhooks/payments", 405),
        (Method::PUT, "/api/webhooks/payments", 405),
        (Method::OPTIONS, "/webhooks/payments", 405),
        (Method::DELETE, "/webhooks/nobody", 405),
        (Method::POST, "/", 404),
        (Method::POST, "/webhooks", 404),
        (Method::POST, "/webhooks/payments/", 404),
        (Method::POST, "/webhooks/payments/more", 404),
        (Method::GET, "/metrics", 404),
        (Method::GET, "/healthz", 404),
    ] {
        let response = ingest
            .http
            .request(method.clone(), ingest.url(path))
            .send()
            .await?;
        let allow = response.headers().get("allow").cloned();
        let (status, body) = told(response).await?;
        assert_eq!(status, expected, "{method} {path}");
        assert!(body["message"].is_string(), "{body}");
        assert_eq!(allow.is_some_and(|allowed| allowed == "POST"), expected == 405);
    }
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_json_is_read_and_nothing_is_unpacked() -> anyhow::Result<()> {
    let ingest = TestIngest::start().await?;
    for (header, value, expected) in [
        ("content-type", "text/plain", 415),
        ("content-type", "application/json; charset=utf-16", 415),
        ("content-type", "application/x-www-form-urlencoded", 415),
        ("content-type", "Application/JSON; charset=UTF-8", 202),
        ("content-encoding", "gzip", 415),
        ("content-encoding", "identity, br", 415),
        ("content-encoding", "identity", 409),
    ] {
        let request = ingest
            .http
            .post(ingest.url("/webhooks/payments"))
            .header("authorization", TOKEN)
            .header(header, value)
            .body(paid("TXN_1").to_string());
        let response = request.send().await?;
        assert_eq!(response.status().as_u16(), expected, "{header}: {value}");
    }
    assert_eq!(ingest.published().await?.len(), 1);
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_at_the_limit_is_read_and_one_byte_more_is_413() -> anyhow::Result<()> {
    let ingest = TestIngest::with(|config| config.ingest.max_body_bytes = 4096).await?;
    let mut body = paid("TXN_1").to_string();
    body.push_str(&" ".repeat(4096 - body.len()));
    assert_eq!(
        ingest
            .send("/webhooks/payments", TOKEN, body.clone())
            .await?
            .status(),
        202
    );
    let (status, answer) = told(
        ingest
            .send("/webhooks/payments", TOKEN, body.clone() + " ")
            .await?,
    )
    .await?;
    assert_eq!((status, answer["message"].is_string()), (413, true));
    let chunks = vec![Ok::<_, std::io::Error>(body), Ok(" ".to_owned())];
    let request = ingest
        .http
        .post(ingest.url("/webhooks/payments"))
        .header("authorization", TOKEN)
        .body(reqwest::Body::wrap_stream(futures_util::stream::iter(chunks)));
    assert_eq!(request.send().await?.status(), 413);
    assert_eq!(ingest.published().await?.len(), 1);
    ingest.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_correlation_id_is_echoed_or_made() -> anyhow::Result<()> {
    let ingest = TestIngest::start().await?;
    let header = async |given: Option<&str>, body: Value| -> anyhow::Result<String> {
        let mut request = ingest
            .http
            .post(ingest.url("/webhooks/payments"))
            .header("authorization", TOKEN)
            .body(body.to_string());
        if let Some(given) = given {
            request = request.header("x-correlation-id", given);
        }
        let response = request.send().await?;
        Ok(response.headers()["x-correlation-id"].to_str()?.to_owned())
    };
    let mut told_in_body = paid("TXN_2");
    told_in_body["correlation_id"] = json!("CORR_789");
    assert_eq!(header(Some("REQ-1"), paid("TXN_1")).await?, "REQ-1");
    assert_eq!(header(None, told_in_body).await?, "CORR_789");
    let made = header(None, paid("TXN_3")).await?;
    Uuid::parse_str(&made)?;
    let instead = header(Some("<script>"), paid("TXN_4")).await?;
    Uuid::parse_str(&instead)?;
    let refused = header(Some("REQ-5"), json!("no webhook")).await?;
    assert_eq!(refused, "REQ-5");

    let stored: Vec<String> = ingest
        .published()
        .await?
        .into_iter()
        .map(|envelope| envelope.correlation_id)
        .collect();
    assert_eq!(stored, ["REQ-1", "CORR_789", &made, &instead]);
    ingest.finish().await
}
