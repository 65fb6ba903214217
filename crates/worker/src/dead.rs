//! Gives events up: a row of the log and a dead letter in one transaction, then the acknowledgement.

use waybill_common::domain::envelope::EnvelopeError;
use waybill_common::storage::commit::Pending;
use waybill_common::storage::dead_letters::{Body, Burial, DeathReason, bury};

use crate::engine::Engine;
use crate::outcome::Outcome;
use crate::session::Session;
use crate::taken::{Event, Hand, Taken};

/// What is said of a message that RabbitMQ gave up: it was handed out more often than anything innocent is.
const FALLEN: &str =
    "the broker gave it up: workers had it in their hands again and again and never settled it";

/// A message to be buried.
struct Dead {
    hand: Hand,
    /// Absent: it could not be read.
    pending: Option<Pending>,
    reason: DeathReason,
    error: String,
    /// Tries that failed.
    attempts: u16,
}

impl Engine {
    /// Events that the database refuses, today and tomorrow.
    pub(crate) async fn bury_refused(
        &self,
        session: &Session,
        refused: Vec<(Event, anyhow::Error)>,
    ) {
        let dead = refused
            .into_iter()
            .map(|(event, cause)| Dead::failed(event, DeathReason::Refused, &cause));
        self.bury(session, dead.collect()).await;
    }

    /// Events that have failed after every delay.
    pub(crate) async fn bury_exhausted(
        &self,
        session: &Session,
        exhausted: Vec<(Event, anyhow::Error)>,
    ) {
        let dead = exhausted
            .into_iter()
            .map(|(event, cause)| Dead::failed(event, DeathReason::Exhausted, &cause));
        self.bury(session, dead.collect()).await;
    }

    /// Messages that are none of ours.
    pub(crate) async fn bury_malformed(
        &self,
        session: &Session,
        malformed: Vec<(Hand, EnvelopeError)>,
    ) {
        let dead = malformed
            .into_iter()
            .map(|(hand, error)| Dead::malformed(hand, error));
        self.bury(session, dead.collect()).await;
    }

    /// A message that came to the queue of the dead. Its row stands where it has a final verdict.
    pub(crate) async fn bury_fallen(&self, session: &Session, taken: Taken) {
        let dead = match taken {
            Taken::Webhook(event) => Dead::fallen(*event),
            Taken::Malformed { hand, error } => Dead::malformed(*hand, error),
            // What it says is not known here; a worker that understands it will bury it.
            Taken::Newer { hand, version } => {
                self.wait_for_newer(session, vec![(*hand, version)]).await;
                return;
            }
        };
        self.bury(session, vec![dead]).await;
    }

    /// Buries and acknowledges, all at once if that is possible, else one by one. Where the database is away nothing is
    /// acknowledged: they come again.
    async fn bury(&self, session: &Session, dead: Vec<Dead>) {
        if dead.is_empty() {
            return;
        }
        let burials: Vec<Burial<'_>> = dead.iter().map(Dead::burial).collect();
        match self.write_burials(&burials).await {
            Ok(()) => self.buried(session, dead).await,
            Err(Outcome::Infrastructure(cause)) => self.outage(&cause),
            Err(Outcome::Transient(_) | Outcome::Permanent(_)) => {
                for dead in dead {
                    self.bury_alone(session, dead).await;
                }
            }
        }
    }

    /// One that is refused as what it is may still be taken as the bytes that it is. What cannot be buried at all waits and
    /// is tried again: it must neither be lost nor hold up others.
    async fn bury_alone(&self, session: &Session, dead: Dead) {
        let written = match self.write_burials(&[dead.burial()]).await {
            Err(Outcome::Permanent(_)) => self.write_burials(&[dead.raw()]).await,
            written => written,
        };
        match written {
            Ok(()) => self.buried(session, vec![dead]).await,
            Err(Outcome::Infrastructure(cause)) => self.outage(&cause),
            Err(Outcome::Transient(cause) | Outcome::Permanent(cause)) => {
                tracing::error!(
                    webhook.id = %dead.hand.message_id(),
                    cause = format!("{cause:#}"),
                    "a dead event cannot be buried: it waits and is tried again"
                );
                let parcel = self.waiting(dead.hand);
                self.hand_on(session, vec![parcel]).await;
            }
        }
    }

    async fn buried(&self, session: &Session, dead: Vec<Dead>) {
        for dead in &dead {
            dead.note(self);
        }
        let hands = dead.into_iter().map(|dead| dead.hand).collect();
        session.acknowledge(hands).await;
    }

    async fn write_burials(&self, burials: &[Burial<'_>]) -> Result<(), Outcome> {
        let now = self.clock.now();
        let mut conn = self.connection().await?;
        let buried = bury(&mut conn, burials, now).await;
        drop(conn);
        match buried {
            Ok(_) => Ok(()),
            Err(error) => Err(self.outcome(error).await),
        }
    }
}

impl Dead {
    fn failed(event: Event, reason: DeathReason, cause: &anyhow::Error) -> Self {
        let (hand, pending) = event.into_parts();
        Self {
            attempts: hand.delivery.headers.attempt.saturating_add(1),
            hand,
            pending: Some(pending),
            reason,
            error: format!("{cause:#}"),
        }
    }

    fn malformed(hand: Hand, error: EnvelopeError) -> Self {
        let error = format!("{:#}", anyhow::Error::from(error));
        Self { hand, pending: None, reason: DeathReason::Undecodable, error, attempts: 0 }
    }

    fn fallen(event: Event) -> Self {
        let (hand, pending) = event.into_parts();
        Self {
            attempts: hand.delivery.headers.attempt,
            hand,
            pending: Some(pending),
            reason: DeathReason::Crashed,
            error: FALLEN.to_owned(),
        }
    }

    fn burial(&self) -> Burial<'_> {
        let body = match &self.pending {
            Some(pending) => Body::Event(pending),
            None => Body::Undecodable(&self.hand.delivery.body),
        };
        Burial { body, ..self.raw() }
    }

    /// As bytes, whatever they mean.
    fn raw(&self) -> Burial<'_> {
        Burial {
            body: Body::Undecodable(&self.hand.delivery.body),
            reason: self.reason,
            error: self.error.clone(),
            attempts: self.attempts,
        }
    }

    fn note(&self, engine: &Engine) {
        engine.metrics.buried(self.reason.as_str());
        let _in_span = self.hand.span.enter();
        self.hand.span.record("otel.status_code", "ERROR");
        tracing::error!(
            reason = self.reason.as_str(),
            attempts = self.attempts,
            error = self.error,
            "an event is dead"
        );
    }
}
