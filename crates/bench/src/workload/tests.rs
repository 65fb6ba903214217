//! What the workload promises to the figures.

use std::collections::{HashMap, HashSet};

use super::*;

fn orders(webhooks: &[Accepted]) -> HashMap<String, usize> {
    let mut counted = HashMap::new();
    for webhook in webhooks {
        let names = webhook.envelope.event.order_refs.iter();
        let order = names.filter_map(|name| name.external_id()).next().unwrap();
        *counted.entry(order.to_owned()).or_default() += 1;
    }
    counted
}

fn share(orders: &HashMap<String, usize>, name: &str) -> f64 {
    let all: usize = orders.values().sum();
    let those = orders.iter().filter(|(id, _)| id.starts_with(name));
    those.map(|(_, events)| *events).sum::<usize>() as f64 / all as f64
}

#[test]
fn a_tenth_of_the_mix_is_on_ten_orders() -> anyhow::Result<()> {
    let orders = orders(&Traffic::stripe(MIX)?.accepted(8_000)?);
    let hot = share(&orders, "hot");
    assert!((0.08..0.12).contains(&hot), "{hot}");
    assert_eq!(orders.keys().filter(|id| id.starts_with("hot")).count(), 10);
    Ok(())
}

#[test]
fn no_order_gets_more_than_a_thousand_operations() -> anyhow::Result<()> {
    let orders = orders(&Traffic::stripe(ONE_ORDER)?.accepted(12_000)?);
    // Four events tell of a payment's two operations.
    let most = orders.values().max().copied().unwrap();
    assert!((1_800..=2_200).contains(&most), "{most}");
    assert!((0.47..0.53).contains(&share(&orders, "hot")), "{orders:?}");
    Ok(())
}

#[test]
fn one_order_in_a_hundred_events_can_be_locked_by_name() -> anyhow::Result<()> {
    let mut traffic = Traffic::stripe(LEAKY)?;
    let orders = orders(&traffic.accepted(10_000)?);
    let leaky = orders[&traffic.order("leaky", 0)];
    assert!((50..150).contains(&leaky), "{leaky}");
    Ok(())
}

#[test]
fn nothing_is_sent_twice() -> anyhow::Result<()> {
    for mut traffic in [Traffic::stripe(MIX)?, Traffic::native(MIX)?] {
        let sent = traffic.accepted(2_000)?;
        let keys: HashSet<_> = sent.iter().map(|one| one.envelope.event.key()).collect();
        assert_eq!(keys.len(), sent.len());
    }
    Ok(())
}

#[test]
fn requests_are_believed_by_the_adapter_that_receives_them() -> anyhow::Result<()> {
    for mut traffic in [Traffic::stripe(MIX)?, Traffic::native(MIX)?] {
        for request in traffic.requests(20)? {
            let headers = request.headers.iter();
            let headers = headers
                .map(|(name, value)| (name.as_str(), value.as_bytes()))
                .collect();
            let received = waybill_providers::Request { headers, query: "", body: &request.body };
            traffic.adapter.verify(&received, Clock::system().now())?;
        }
    }
    Ok(())
}
