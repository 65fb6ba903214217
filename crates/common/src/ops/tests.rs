use std::time::Duration;

use super::*;

struct Served {
    address: SocketAddr,
    shutdown: Shutdown,
}

impl Served {
    fn start(health: &Health) -> Self {
        let shutdown = Shutdown::new();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let address = serve(any, health.clone(), Scrape::default(), &shutdown).unwrap();
        Self { address, shutdown }
    }

    async fn get(&self, path: &str) -> (u16, String) {
        let answer = reqwest::get(format!("http://{}{path}", self.address))
            .await
            .unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn finish(self) {
        assert!(self.shutdown.finish(Duration::from_secs(5)).await);
    }
}

#[tokio::test]
async fn a_service_is_ready_when_all_it_needs_is_up() {
    let health = Health::new();
    let (broker, redis) = (health.needs("broker"), health.uses("redis"));
    let served = Served::start(&health);
    assert_eq!(served.get("/readyz").await.0, 503);

    broker.up();
    redis.down("connection refused");
    let lines = "broker: up\nredis: connection refused (not needed to be ready)\n";
    assert_eq!(served.get("/readyz").await, (200, lines.to_owned()));

    broker.down("blocked: low on memory");
    assert_eq!(served.get("/readyz").await.0, 503);
    served.finish().await;
}

#[tokio::test]
async fn a_stopping_service_is_alive_but_not_ready() {
    let health = Health::new();
    let served = Served::start(&health);
    assert_eq!(served.get("/readyz").await.0, 200);
    health.stopping();
    assert_eq!(served.get("/readyz").await, (503, "stopping\n".to_owned()));
    assert_eq!(served.get("/healthz").await.0, 200);
    served.finish().await;
}

#[tokio::test]
async fn a_stuck_service_asks_to_be_started_again() {
    let health = Health::new();
    let served = Served::start(&health);
    health.stuck(Some("no progress for 15 minutes".to_owned()));
    assert_eq!(served.get("/healthz").await, (503, "no progress for 15 minutes\n".to_owned()));
    health.stuck(None);
    assert_eq!(served.get("/healthz").await.0, 200);
    assert_eq!(served.get("/metrics").await.0, 200);
    served.finish().await;
}
