//! The supervisor's side of publishing: opens channels, hears of incidents, repairs the topology.

use std::sync::Arc;

use futures_util::StreamExt as _;
use lapin::Event;
use tokio::sync::mpsc;
use tokio::time::interval;

use super::connection::{ConnectError, LOOK_EVERY, Line, Link, Role, Session, chain};
use super::lanes::{Incident, LANES, Lane};
use super::publisher::{Desk, PublishError, PublisherState};

/// One publishing connection after another, and what became of it.
pub(super) struct Foreman {
    desk: Arc<Desk>,
    link: Arc<Link>,
    incidents: mpsc::UnboundedReceiver<Incident>,
    report: mpsc::UnboundedSender<Incident>,
    set: u64,
}

impl Foreman {
    pub(super) fn new(desk: Arc<Desk>, link: Arc<Link>) -> Self {
        let (report, incidents) = mpsc::unbounded_channel();
        Self { desk, link, incidents, report, set: 0 }
    }

    /// A fresh set of channels. What is unconfirmed on the old ones may still be confirmed there.
    async fn open(&mut self, line: &Line) -> Result<(), ConnectError> {
        self.set += 1;
        let mut lanes = Vec::with_capacity(LANES);
        for _ in 0..LANES {
            let belongs = (self.set, &self.report);
            lanes.push(Lane::open(&self.link, line, belongs).await?);
        }
        self.desk.open(lanes);
        Ok(())
    }

    /// After an incident: what is missing is declared again before anything is published.
    async fn repair(&mut self, line: &Line) -> Result<(), ConnectError> {
        self.link.declare(&line.connection).await?;
        self.open(line).await
    }

    async fn incident(&mut self, line: &Line, incident: Incident) -> Result<(), ConnectError> {
        let mut broken = self.hear(incident);
        while let Ok(more) = self.incidents.try_recv() {
            broken |= self.hear(more);
        }
        // Nothing can be written to a blocked connection; it is repaired when it is unblocked.
        if broken && !line.connection.status().blocked() {
            return self.repair(line).await;
        }
        Ok(())
    }

    /// Whether it concerns the channels in use.
    fn hear(&self, incident: Incident) -> bool {
        match incident {
            Incident::LaneEnded { set } => set == self.set,
            Incident::Returned(returned) => {
                tracing::error!(
                    webhook.id = %returned.message_id(),
                    exchange = returned.exchange,
                    "topology incident: a message came back, everything is declared again"
                );
                self.desk.publish_again(returned);
                true
            }
        }
    }

    async fn event(&mut self, line: &Line, event: Option<Event>) -> Result<(), ConnectError> {
        match event {
            Some(Event::ConnectionBlocked(reason)) => {
                tracing::warn!(reason, "the broker blocks publishing");
                self.desk
                    .shut(PublishError::Blocked, PublisherState::Blocked(reason));
                Ok(())
            }
            Some(Event::ConnectionUnblocked) => {
                tracing::info!("the broker takes publishes again");
                self.repair(line).await
            }
            // A channel's end: its lane reports it.
            Some(Event::Error(error)) if error.is_amqp_soft_error() => Ok(()),
            Some(Event::Error(error)) => Err(ConnectError::Refused(error)),
            // The stream ends with the connection.
            None => Err(ConnectError::TimedOut),
            Some(_) => Ok(()),
        }
    }
}

impl Role for Foreman {
    async fn drive(&mut self, session: &mut Session) -> String {
        let stop = self.desk.stop().clone();
        let mut look = interval(LOOK_EVERY);
        let line = session.line.clone();
        let mut step = self.open(&line).await;
        loop {
            if let Err(error) = step {
                return chain(&error);
            }
            step = tokio::select! {
                () = stop.cancelled() => return "no longer wanted".into(),
                event = session.events.next() => self.event(&line, event).await,
                Some(incident) = self.incidents.recv() => self.incident(&line, incident).await,
                _ = look.tick() => match line.connection.status().connected() {
                    true => Ok(()),
                    false => return "the connection was lost".into(),
                },
            };
        }
    }

    fn disconnected(&mut self, reason: &str) {
        let state = PublisherState::Disconnected(reason.to_owned());
        self.desk.shut(PublishError::Disconnected, state);
    }
}
