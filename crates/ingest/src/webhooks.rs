//! One webhook: believed, understood, published, answered, in that order, because a sender that sees 2xx never sends
//! it again.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, TRANSFER_ENCODING};
use actix_web::http::{StatusCode, Version};
use actix_web::web::{Data, Payload};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};
use tokio::time::{Instant, timeout};
use waybill_common::domain::Timestamp;
use waybill_common::domain::envelope::Envelope;
use waybill_common::id;
use waybill_providers::{Answer, Headers, ParseError, Parsed, Receipt, Request, Verified};

use crate::app::App;
use crate::body;
use crate::correlation::CorrelationId;
use crate::edge::Known;
use crate::error::Refusal;
use crate::kept::kept;
use crate::marker::Mark;
use crate::media_type;
use crate::outbox::Outgoing;
use crate::pressure;
use crate::sources::{Source, Sources};
use crate::transmissions::has_one_body;

/// A request that was believed and understood.
struct Understood<'a> {
    source: &'a Source,
    events: Vec<Parsed>,
    received_at: Timestamp,
}

/// Any other method: a handshake, where the source's provider has one.
pub async fn shake_hands(request: HttpRequest, app: Data<App>) -> Result<HttpResponse, Refusal> {
    let sources = app.sources.load_full();
    let client = app.client(&request);
    let source = named(&request, &sources).filter(|source| source.allows(client));
    let raw = Request { headers: raw(request.headers()), query: request.query_string(), body: &[] };
    source
        .and_then(|source| source.adapter.handshake(request.method().as_str(), &raw))
        .map(respond)
        .ok_or(Refusal::WrongMethod)
}

/// `POST /webhooks/{source}`.
pub async fn receive(
    request: HttpRequest,
    payload: Payload,
    app: Data<App>,
) -> Result<HttpResponse, Refusal> {
    let began = Instant::now();
    if !has_plain_framing(&request) {
        return Err(Refusal::OldProtocol(request.version()));
    }
    let client = app.client(&request);
    let sources = app.sources.load_full();
    let found = named(&request, &sources);
    note(&request, client, found);
    app.failures
        .admit(client)
        .map_err(Refusal::TooManyFailures)?;
    let body = body::read(&request, payload, app.body).await?;
    let answer = async {
        let understood = understand(&request, &body, (client, &sources, found), &app).await?;
        accept(&app, &understood, &request, &body, began).await
    };
    timeout(app.answer_within, answer)
        .await
        .unwrap_or(Err(Refusal::Late))
        .map(respond)
}

/// WooCommerce speaks HTTP/1.0, and sends once. Two readers agree where such a request ends if its length is told and
/// it does not come in chunks; nothing follows it, because [its connection ends](crate::edge::attend).
fn has_plain_framing(request: &HttpRequest) -> bool {
    let (version, headers) = (request.version(), request.headers());
    let is_told = headers.contains_key(CONTENT_LENGTH) && !headers.contains_key(TRANSFER_ENCODING);
    version >= Version::HTTP_11 || (version == Version::HTTP_10 && is_told)
}

/// Everything before the broker: verification over the raw bytes, limits, the canonical events.
async fn understand<'a>(
    request: &HttpRequest,
    body: &[u8],
    (client, sources, found): (IpAddr, &'a Arc<Sources>, Option<&'a Source>),
    app: &App,
) -> Result<Understood<'a>, Refusal> {
    let raw = Request { headers: raw(request.headers()), query: request.query_string(), body };
    let now = app.clock.now();
    let (source, verified) = believe((sources, found), client, &raw, now, app)
        .await
        .inspect_err(|_| app.failures.count(client))?;
    app.metrics.verified(&source.name, &verified, now);
    source.secret_uses.count(&verified, now);
    if let Some(requests) = &source.requests
        && source.adapter.retries()
    {
        requests
            .admit(client, &app.redis)
            .await
            .map_err(Refusal::TooManyRequests)?;
    }
    let events = parse(source, &raw, &verified, now, request)?;
    Ok(Understood { source, events, received_at: now })
}

/// The source, if the request is its sender's.
async fn believe<'a>(
    (sources, found): (&'a Arc<Sources>, Option<&'a Source>),
    client: IpAddr,
    request: &Request<'_>,
    now: Timestamp,
    app: &App,
) -> Result<(&'a Source, Verified), Refusal> {
    if let Some(source) = found.filter(|source| source.allows(client)) {
        app.certificates
            .provide((sources, source), client, request, now)
            .await;
    }
    let (source, verified) = sources.verify(found, client, request, now)?;
    if let Some(transmission) = &verified.transmission
        && !has_one_body(&app.redis, &source.name, (transmission, request.body), now).await
    {
        return Err(Refusal::OtherBody);
    }
    Ok((source, verified))
}

fn note(request: &HttpRequest, client: IpAddr, found: Option<&Source>) {
    let source = found.map(|source| source.name.clone());
    request
        .extensions_mut()
        .insert(Known { client, source, webhook_id: None });
}

fn named<'a>(request: &HttpRequest, sources: &'a Sources) -> Option<&'a Source> {
    let name = request.match_info().get("source").unwrap_or_default();
    sources.named(name)
}

fn parse(
    source: &Source,
    raw: &Request<'_>,
    verified: &Verified,
    now: Timestamp,
    request: &HttpRequest,
) -> Result<Vec<Parsed>, Refusal> {
    let media_types = source.adapter.media_types();
    if !media_type::is_one_of(media_types, request.headers().get(CONTENT_TYPE)) {
        return Err(Refusal::MediaType);
    }
    source
        .adapter
        .parse(raw, verified, now)
        .map_err(|error| match error {
            ParseError::Malformed(sentence) => Refusal::Malformed(sentence),
            ParseError::Invalid(errors) => Refusal::Invalid(errors),
        })
}

/// Publishes what is new and waits for the broker's word.
async fn accept(
    app: &App,
    understood: &Understood<'_>,
    request: &HttpRequest,
    body: &[u8],
    began: Instant,
) -> Result<Answer, Refusal> {
    let arrived = Instant::now();
    let Understood { source, events, received_at, .. } = understood;
    let outgoing = app
        .outbox
        .new_ones(understood.outgoing(request, body))
        .await;
    let repeats = events.len() - outgoing.len();
    app.metrics.repeated(&source.name, repeats);
    if let (Some(event), true) = (events.first(), outgoing.is_empty()) {
        return Ok(source.adapter.repeated(event));
    }
    let webhook_id = outgoing
        .first()
        .map_or_else(|| id::at(*received_at), |event| event.envelope.event.webhook_id);
    if let Some(known) = request.extensions_mut().get_mut::<Known>() {
        known.webhook_id = Some(webhook_id);
    }
    publish(app, source, &outgoing, *received_at).await?;
    app.metrics
        .accepted(&source.name, outgoing.len(), arrived.elapsed());
    let processing_ms = milliseconds(began.elapsed());
    Ok(source
        .adapter
        .accepted(&Receipt { webhook_id, events, processing_ms }))
}

/// Returns when the broker has confirmed all of them; the answer is 202 then.
async fn publish(
    app: &App,
    source: &Source,
    outgoing: &[Outgoing],
    received_at: Timestamp,
) -> Result<(), Refusal> {
    let moves_money = outgoing
        .iter()
        .any(|event| pressure::moves_money(&event.envelope.event.effect));
    if app.load.refuses(source, outgoing.len(), moves_money) {
        return Err(Refusal::Load);
    }
    let counting = app.outbox.counts.begin(&source.name, received_at);
    app.outbox
        .publish(outgoing, &counting)
        .await
        .map_err(Refusal::Unconfirmed)?;
    counting.accepted();
    Ok(())
}

impl Understood<'_> {
    /// The events as they are published; each gets its id here.
    fn outgoing(&self, request: &HttpRequest, body: &[u8]) -> Vec<Outgoing> {
        let correlation_id = correlate(request, &self.events);
        let source = self.source;
        let headers = kept(request.headers(), &source.adapter.keeps());
        let provider = source.adapter.provider();
        self.events
            .iter()
            .map(|event| {
                let envelope = Envelope {
                    event: event
                        .clone()
                        .received(id::at(self.received_at), &source.name, provider),
                    received_at: self.received_at,
                    correlation_id: correlation_id.to_string(),
                    body: event.body.clone().unwrap_or_else(|| body.to_vec()),
                    headers: headers.clone(),
                };
                let mark = event.dedup_key.as_ref().map(|_| mark(&envelope));
                Outgoing { envelope, mark }
            })
            .collect()
    }
}

fn mark(envelope: &Envelope) -> Mark {
    Mark { key: envelope.event.key(), body_sha256: envelope.event.body_sha256 }
}

/// The request's id: the header's, else the sender's own in the body, else the one that was made.
fn correlate(request: &HttpRequest, events: &[Parsed]) -> CorrelationId {
    let in_body = || {
        events
            .first()?
            .correlation_id
            .as_deref()
            .and_then(CorrelationId::parse)
    };
    let mut extensions = request.extensions_mut();
    let chosen = CorrelationId::of(request.headers())
        .or_else(in_body)
        .or_else(|| extensions.get::<CorrelationId>().cloned())
        .unwrap_or_else(CorrelationId::made);
    extensions.insert(chosen.clone());
    chosen
}

fn raw(headers: &HeaderMap) -> Headers<'_> {
    headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()))
        .collect()
}

fn respond(answer: Answer) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).expect("adapters answer with HTTP's codes");
    let mut response = HttpResponse::build(status);
    for header in answer.headers {
        response.insert_header(header);
    }
    response.content_type(answer.content_type).body(answer.body)
}

/// With hundredths, as the answer shows it.
#[expect(clippy::float_arithmetic, reason = "a duration for people to read, no money")]
fn milliseconds(took: Duration) -> f64 {
    let hundredths = u32::try_from(took.as_micros() / 10).unwrap_or(u32::MAX);
    f64::from(hundredths) / 100.0
}
