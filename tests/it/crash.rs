//! A run that dies between any two calls: the next one finds what was made, makes nothing twice and finishes.

use crate::harness::{Wire, World, desired, stack_of};
use gatestack::kinds::Observation;

/// What stands there, without the ids AWS made up.
fn shape(observation: &Observation) -> Vec<(String, &'static str)> {
    observation
        .live
        .iter()
        .map(|(address, live)| (address.to_string(), live.resource.info().name))
        .collect()
}

async fn dies_at_every_call(before: Option<&str>, text: &str) {
    let clean = World::new();
    if let Some(before) = before {
        clean.apply(before).await;
    }
    clean.apply(text).await;
    let expected = clean.observe(&desired(text)).await;

    let mut calls = 1;
    loop {
        let world = World::new();
        if let Some(before) = before {
            world.apply(before).await;
        }
        let dying = Wire::dying_after(calls, &world);
        let (_, outcome) = world.apply_through(text, dying).await;
        if outcome.failures.is_empty() {
            break;
        }
        world.apply(text).await;
        let after = world.observe(&desired(text)).await;
        assert_eq!(shape(&after), shape(&expected), "died after call {calls}");
        assert!(
            after.obstacles.is_empty(),
            "died after call {calls}: {:?}",
            after.obstacles
        );
        assert_eq!(
            after
                .neighbours
                .iter()
                .map(|neighbours| neighbours.count)
                .sum::<usize>(),
            0,
            "died after call {calls}: something was made twice"
        );
        let again = world.plan(text).await;
        assert!(
            again.is_empty(),
            "died after call {calls}: {:#?}",
            again.changes
        );
        calls += 1;
    }
    assert!(calls > 10, "the run never got going: {calls} calls");
}

#[tokio::test(start_paused = true)]
async fn a_first_apply_can_die_anywhere() {
    dies_at_every_call(None, &stack_of(2, 2)).await;
}

#[tokio::test(start_paused = true)]
async fn a_changing_apply_can_die_anywhere() {
    let before = stack_of(2, 2);
    let after = stack_of(3, 3)
        .replace("burst = 100", "burst = 200")
        .replace("read = \"read\"", "read = \"Read\"");
    dies_at_every_call(Some(&before), &after).await;
}
