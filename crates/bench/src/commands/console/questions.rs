//! What is asked: each question in many forms, at places all over the tables, so that no answer is read from memory alone.

use url::form_urlencoded::byte_serialize;
use uuid::Uuid;
use waybill_operate::cursor::Cursor;

use crate::machine::Database;

/// Forms of one question.
const FORMS: usize = 200;
/// Rows that are drawn from, in pages all over a table.
const DRAWN: f64 = 20_000.0;

pub(super) struct Question {
    pub(super) name: &'static str,
    pub(super) paths: Vec<String>,
}

/// Where the tables are looked into.
struct Places {
    webhooks: Vec<Uuid>,
    received: Vec<String>,
    orders: Vec<Uuid>,
    called: Vec<String>,
}

pub(super) async fn all(database: &mut Database) -> anyhow::Result<Vec<Question>> {
    let places = Places::draw(database).await?;
    let mut questions = webhooks(&places);
    questions.extend(orders(&places));
    Ok(questions)
}

fn webhooks(places: &Places) -> Vec<Question> {
    let list = "/api/v1/webhooks";
    let ids = &places.webhooks;
    vec![
        once("webhooks, first page", list),
        once("webhooks, first 200", "/api/v1/webhooks?limit=200"),
        each("webhooks, deep page", ids, |id| format!("{list}?cursor={}", Cursor::After(*id))),
        each("webhooks, deep page back", ids, |id| {
            format!("{list}?cursor={}", Cursor::Before(*id))
        }),
        each("webhooks, before a time", &places.received, |time| format!("{list}?to={time}")),
        each("webhooks, after a time", &places.received, |time| format!("{list}?from={time}")),
        once("webhooks, one source", "/api/v1/webhooks?source=stripe"),
        each("webhooks, one source, deep", ids, |id| {
            format!("{list}?source=stripe&cursor={}", Cursor::After(*id))
        }),
        each("webhooks, one source, before a time", &places.received, |time| {
            format!("{list}?source=stripe&to={time}")
        }),
        each("webhooks, no such source, before a time", &places.received, |time| {
            format!("{list}?source=nobody&to={time}")
        }),
        once("webhooks, in conflict", "/api/v1/webhooks?verdict=conflict"),
        each("webhooks, in conflict, deep", ids, |id| {
            format!("{list}?verdict=conflict&cursor={}", Cursor::After(*id))
        }),
        once("webhooks, dead", "/api/v1/webhooks?verdict=dead"),
        once("webhooks, dead, of a source", "/api/v1/webhooks?verdict=dead&source=stripe"),
        once("webhooks, retrying", "/api/v1/webhooks?state=retrying"),
        each("webhooks, without a change", ids, |id| {
            format!("{list}?verdict=no_change&cursor={}", Cursor::After(*id))
        }),
        each("webhooks, of an order", &places.orders, |id| format!("{list}?order_id={id}")),
        each("webhooks, of an order, applied", &places.orders, |id| {
            format!("{list}?order_id={id}&verdict=applied")
        }),
        each("webhook, one", ids, |id| format!("{list}/{id}")),
    ]
}

fn orders(places: &Places) -> Vec<Question> {
    let list = "/api/v1/orders";
    let ids = &places.orders;
    vec![
        once("orders, first page", list),
        once("orders, first 200", "/api/v1/orders?limit=200"),
        each("orders, deep page", ids, |id| format!("{list}?cursor={}", Cursor::After(*id))),
        each("orders, deep page back", ids, |id| format!("{list}?cursor={}", Cursor::Before(*id))),
        once("orders, paid", "/api/v1/orders?status=paid"),
        once("orders, refunded", "/api/v1/orders?status=refunded"),
        once("orders, disputed", "/api/v1/orders?status=disputed"),
        each("orders, refunded, deep", ids, |id| {
            format!("{list}?status=refunded&cursor={}", Cursor::After(*id))
        }),
        once("orders, overpaid", "/api/v1/orders?payment=overpaid"),
        once("orders, payment refunded", "/api/v1/orders?payment=refunded"),
        each("orders, payment refunded, deep", ids, |id| {
            format!("{list}?payment=refunded&cursor={}", Cursor::After(*id))
        }),
        once("orders, in conflict", "/api/v1/orders?flag=conflict"),
        each("orders, of a source, deep", ids, |id| {
            format!("{list}?source=stripe&cursor={}", Cursor::After(*id))
        }),
        once("orders, no such source", "/api/v1/orders?source=nobody"),
        each("orders, called", &places.called, |name| format!("{list}?q={}", encoded(name))),
        each("orders, called nothing", &places.called, |name| {
            format!("{list}?q=no-{}", encoded(name))
        }),
        each("orders, by a webhook", &places.webhooks, |id| format!("{list}?q={id}")),
        each("order, one", ids, |id| format!("{list}/{id}")),
        each("order, its trail", ids, |id| format!("{list}/{id}/events")),
        each("order, explained", ids, |id| format!("{list}/{id}/explain")),
    ]
}

fn once(name: &'static str, path: &str) -> Question {
    Question { name, paths: vec![path.to_owned()] }
}

fn each<T>(name: &'static str, places: &[T], path: impl Fn(&T) -> String) -> Question {
    Question { name, paths: places.iter().map(path).collect() }
}

impl Places {
    async fn draw(database: &mut Database) -> anyhow::Result<Self> {
        let uuids = |texts: Vec<String>| {
            let uuids = texts.iter().map(|text| Uuid::try_parse(text));
            uuids.collect::<Result<Vec<_>, _>>()
        };
        let time = "to_char(received_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')";
        Ok(Self {
            webhooks: uuids(drawn(database, "webhooks", "id::text").await?)?,
            received: drawn(database, "webhooks", time).await?,
            orders: uuids(drawn(database, "orders", "id::text").await?)?,
            called: drawn(database, "orders", "external_id").await?,
        })
    }
}

async fn drawn(database: &mut Database, table: &str, column: &str) -> anyhow::Result<Vec<String>> {
    let rows = format!("SELECT count(*)::text AS text FROM {table}");
    let rows: f64 = database.texts(&rows).await?.concat().parse()?;
    let percent = (DRAWN * 100.0 / rows.max(1.0)).min(100.0);
    let draw = format!(
        "SELECT text FROM (SELECT {column} AS text FROM {table} TABLESAMPLE SYSTEM ({percent})) AS drawn \
         WHERE text IS NOT NULL ORDER BY random() LIMIT {FORMS}"
    );
    let drawn = database.texts(&draw).await?;
    anyhow::ensure!(!drawn.is_empty(), "nothing was drawn from {table}");
    Ok(drawn)
}

fn encoded(name: &str) -> String {
    byte_serialize(name.as_bytes()).collect()
}
