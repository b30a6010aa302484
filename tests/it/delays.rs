//! A slow day on AWS: everything that takes time takes long, new things are not known everywhere, other runs write too. Every
//! example is created, changed and deleted without running a command again.

use std::time::Duration;

use aws_local::{Pace, Scenario};
use gatestack::engine::Silent;
use gatestack::plan::{Action, Options};

use crate::support::certificates::issued;
use crate::support::example::{Example, OVERLAY, PRODUCTION, agreed};
use crate::support::program::example;
use crate::support::world::{World, carried_out};

/// All rules together.
const SLOW: &str = include_str!("../scenarios/slow.toml");

impl World {
    /// A copy of this world with the delays of a scenario.
    fn with_scenario(&self, text: &str) -> Self {
        let scenario = Scenario::from_toml(text).unwrap();
        Self {
            service: self.service.in_memory_copy_with(scenario).unwrap(),
            ..self.clone()
        }
    }
}

async fn slow(overlay: bool) -> Example {
    let mut example = Example::at(Pace::Realistic { time_scale: 1.0 });
    example.world = example.world.with_scenario(SLOW);
    if overlay {
        example.certificate = issued(&example.world.service, PRODUCTION, "*.example.com").await;
        example.overlay = Some(OVERLAY.into());
    }
    example
}

#[tokio::test(start_paused = true)]
async fn the_reference_stack_lives_through_a_slow_day() {
    Box::pin(slow(false)).await.lives().await;
}

#[tokio::test(start_paused = true)]
async fn the_reference_stack_with_its_domains_lives_through_a_slow_day() {
    Box::pin(slow(true)).await.lives().await;
}

#[tokio::test(start_paused = true)]
async fn access_logs_live_through_a_slow_day() {
    let world = World::new().with_scenario(SLOW);
    let before = example("access-logs");
    world.apply(&before).await;
    let after = before.replace("status = 200", "status = 203");
    assert_ne!(before, after);
    world.apply_with(&after, &agreed()).await;
    assert!(world.plan(&after).await.is_empty());
    world.destroy(&after).await;
    // The account's role stays after a destroy.
    let left = world.look(&after).await.live.into_keys();
    let left: Vec<String> = left.map(|address| address.to_string()).collect();
    assert_eq!(left, ["api.access_logs/role"]);
}

#[tokio::test(start_paused = true)]
async fn an_api_from_a_document_lives_through_a_slow_day() {
    let world = World::new().with_scenario(SLOW);
    let before = example("petstore");
    world.apply(&before).await;
    let after = before.replace("\"POST *\" = { ", "\"POST *\" = { timeout = \"5s\", ");
    assert_ne!(before, after);
    world.apply_with(&after, &agreed()).await;
    assert!(world.plan(&after).await.is_empty());
    world.destroy(&after).await;
    assert!(world.look(&after).await.live.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_slow_day_costs_time_and_requests_within_bounds() {
    let mut figures = Vec::new();
    for is_slow in [false, true] {
        let mut example = Example::at(Pace::Realistic { time_scale: 1.0 });
        if is_slow {
            example.world = example.world.with_scenario(SLOW);
        }
        let plan = Box::pin(example.plan_with(&Options::default())).await;
        assert!(
            plan.changes
                .values()
                .all(|change| change.action == Action::Create)
        );
        let connection = example.connection().await;
        let clock = &example.world.clock;
        let began = clock.now();
        let outcome = Box::pin(carried_out(&plan, &connection, clock, &mut Silent)).await;
        assert!(outcome.failures.is_empty(), "{:#?}", outcome.failures);
        let took = clock.now().duration_since(began).unsigned_abs();
        figures.push((took, connection.tally().count()));
    }
    let [(usual, few), (slow, many)] = figures[..] else {
        panic!("two runs")
    };
    assert!(usual >= Duration::from_secs(4 * 60), "{usual:?}");
    // A load balancer that takes four minutes, then a link that takes ten.
    assert!(slow >= Duration::from_secs(14 * 60), "{slow:?}");
    assert!(slow <= Duration::from_secs(20 * 60), "{slow:?}");
    let (few, many) = (few.reads + few.writes, many.reads + many.writes);
    assert!(many <= 2 * few, "{many} requests instead of {few}");
}
