use super::*;

fn topology(shards: u16) -> Topology {
    let broker = config::Broker { prefix: "shop.p".into(), shards, ..Default::default() };
    Topology::new(&broker, &config::Retry::default())
}

#[test]
fn the_delays_are_the_retries_and_both_deferrals_each_once() {
    let delays: Vec<_> = topology(1)
        .queues()
        .into_iter()
        .filter_map(|queue| match queue {
            Queue::Retry { ms } => Some(ms),
            Queue::Work { .. } | Queue::Suspect | Queue::Dead | Queue::Counts | Queue::Unrouted => {
                None
            }
        })
        .collect();
    let expected = [1_000, 5_000, 10_000, 30_000, 60_000, 120_000, 600_000, 1_800_000, 7_200_000];
    assert_eq!(delays[..9], expected);
    assert_eq!(delays[9..], [21_600_000]);
}

#[test]
fn an_address_leads_back_to_its_route() {
    let topology = topology(4);
    let routes = [
        Route::Work { shard: 3 },
        Route::Delay { ms: 5_000, shard: 2 },
        Route::Suspect,
        Route::Dead,
        Route::Counts,
    ];
    for route in routes {
        let (exchange, key) = topology.address(route);
        assert_eq!(topology.route(exchange.as_str(), key.as_str()), Some(route));
    }
    assert_eq!(topology.route("shop.p.unrouted", ""), None);
    assert_eq!(topology.route("shop.p", "x"), None);
    assert_eq!(topology.route("other", "0"), None);
}

#[test]
fn a_delay_that_is_not_declared_becomes_the_next_longer_one() {
    let exchange = |ms| {
        topology(1)
            .address(Route::Delay { ms, shard: 0 })
            .0
            .to_string()
    };
    assert_eq!(exchange(1), "shop.p.retry.1000");
    assert_eq!(exchange(5_001), "shop.p.retry.10000");
    assert_eq!(exchange(u64::MAX), "shop.p.retry.21600000");
}

#[test]
fn names_are_those_that_operators_know() {
    let topology = topology(1);
    let name = |queue| topology.name(queue);
    assert_eq!(name(Queue::Work { shard: 0 }), "shop.p.work.v1.0");
    assert_eq!(name(Queue::Retry { ms: 250 }), "shop.p.retry.v1.250");
    assert_eq!(name(Queue::Suspect), "shop.p.suspect.v1");
    assert_eq!(name(Queue::Dead), "shop.p.dead.v1");
    assert_eq!(name(Queue::Counts), "shop.p.counts.v1");
    assert_eq!(name(Queue::Unrouted), "shop.p.unrouted.v1");
}
