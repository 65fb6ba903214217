use std::collections::BTreeSet;

use waybill_common::config;

use super::*;

const SOURCES: &str = "
profile = 'demo'
[sources.payments]
provider = 'native'
namespace = 'default'
tokens = ['token']
default_currency = 'USD'
[sources.shop]
provider = 'shopify'
namespace = 'default'
secrets = ['secret']
[sources.forge]
provider = 'generic'
namespace = 'default'
secrets = ['another']
";

fn planner(sending: &Sending) -> Planner {
    Planner::new(&config::from_toml(SOURCES).unwrap(), "all", sending).unwrap()
}

fn sending(duplicate: u32) -> Sending {
    Sending { shuffle: true, duplicate, to: None, at_once: 1, seed: Some(7) }
}

/// The merchant's orders that the webhooks name, and the sources that name each.
fn told(plan: &Plan) -> BTreeSet<(String, Arc<str>)> {
    let mut told = BTreeSet::new();
    for webhook in &plan.webhooks {
        let now = Clock::system().now();
        let signed = webhook.adapter.sign(webhook.message.clone(), now);
        let request = signed.request();
        let verified = webhook.adapter.verify(&request, now).unwrap();
        for event in webhook.adapter.parse(&request, &verified, now).unwrap() {
            let names = event.order_refs.iter();
            told.extend(names.filter_map(|name| {
                Some((name.external_id()?.to_owned(), Arc::clone(&webhook.source)))
            }));
        }
    }
    told
}

#[test]
fn every_order_of_a_plan_is_told_of_under_the_id_that_is_printed() {
    let mut planner = planner(&sending(1));
    planner.live_each("all").unwrap();
    planner.live_any().unwrap();
    let plan = planner.finish(&sending(1));
    let names: BTreeSet<_> = told(&plan).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, plan.orders.iter().cloned().collect());
}

#[test]
fn together_every_source_tells_of_the_same_order() {
    let mut planner = planner(&sending(2));
    planner.live_together("all").unwrap();
    let plan = planner.finish(&sending(2));
    let [order] = <[String; 1]>::try_from(plan.orders.clone()).unwrap();
    let sources = ["forge", "payments", "shop"];
    assert_eq!(told(&plan), sources.map(|name| (order.clone(), name.into())).into());
    assert!(plan.webhooks.len().is_multiple_of(2), "each is told twice");
}

#[test]
fn a_scenario_that_nobody_has_is_refused() {
    assert!(planner(&sending(1)).live_together("nonsense").is_err());
}
