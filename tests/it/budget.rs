//! How many requests a plan and an apply may send: counted, not timed.

use crate::existing_pool::{CLAIMS, ORDERS};
use crate::support::example::Example;
use crate::support::world::{World, desired, plan_of, stack_of};
use std::collections::BTreeMap;

use gatestack::engine::{Purpose, Silent};
use gatestack::plan::Options;

async fn reads_of_a_plan(partners: usize, routes: usize) -> (u64, BTreeMap<(String, String), u64>) {
    let world = World::new();
    let text = stack_of(partners, routes);
    world.apply(&text).await;
    let session = world.session(&desired(&text), Purpose::Make).await;
    session.connection.reader().account().await.unwrap();
    session.observe(&mut Silent).await.unwrap();
    let count = session.requests();
    assert_eq!(count.writes, 0, "a plan writes nothing");
    (count.reads, session.connection.tally().by_operation())
}

fn of(requests: &BTreeMap<(String, String), u64>, service: &str, operation: &str) -> u64 {
    requests
        .get(&(service.to_owned(), operation.to_owned()))
        .copied()
        .unwrap_or(0)
}

#[tokio::test(start_paused = true)]
async fn a_plan_of_10_partners_and_5_routes_reads_at_most_44_times() {
    let (reads, by_operation) = reads_of_a_plan(10, 5).await;
    assert!(reads <= 44, "{reads}: {by_operation:#?}");
    assert_eq!(
        of(&by_operation, "API Gateway", "GetResources"),
        1,
        "never one call a route"
    );
}

#[tokio::test(start_paused = true)]
async fn a_plan_of_100_partners_and_50_routes_reads_at_most_135_times() {
    let (reads, by_operation) = reads_of_a_plan(100, 50).await;
    assert!(reads <= 135, "{reads}: {by_operation:#?}");
    assert_eq!(
        of(
            &by_operation,
            "Cognito Identity Provider",
            "DescribeUserPoolClient"
        ),
        100
    );
}

#[tokio::test(start_paused = true)]
async fn the_private_road_fits_into_the_same_numbers() {
    for (partners, routes, most) in [(10, 5, 44), (100, 50, 135)] {
        let example = Example::of(partners, routes).await;
        let (reads, by_operation) = example.reads_of_a_plan().await;
        assert!(reads <= most, "{reads}: {by_operation:#?}");
    }
}

/// The list of all APIs that an apply reads with this many clients in the pool of another stack.
async fn lists_of_apis(clients: usize) -> u64 {
    let world = World::new();
    world.apply(CLAIMS).await;
    let clients = (0..clients).map(|number| {
        format!("[app_clients.c{number}]\nflows = [\"client_credentials\"]\nscopes = [\"orders/read\"]\n")
    });
    let text = format!("{ORDERS}{}", clients.collect::<String>());
    let session = world.open(&text, Purpose::Make).await;
    let plan = plan_of(&session, &Options::default()).await.unwrap();
    let outcome = world.carry_out_in(&session, &plan).await;
    assert!(outcome.failures.is_empty(), "{:#?}", outcome.failures);
    let sent = session.connection.tally().by_operation();
    of(&sent, "API Gateway", "GetRestApis")
}

#[tokio::test(start_paused = true)]
async fn the_marks_on_an_api_are_read_once() {
    let (few, many) = (lists_of_apis(2).await, lists_of_apis(12).await);
    assert!(
        few > 0 && few == many,
        "{few} with 2 clients, {many} with 12"
    );
}
