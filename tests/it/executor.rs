//! An apply with errors from AWS, with Ctrl-C, and with real durations.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::SharedHttpClient;
use gatestack::apply::{self, Event, Interrupt, Outcome};
use gatestack::plan::Plan;

use crate::support::wire::{Fate, Wire};
use crate::support::world::{World, stack_of};

/// Executes a plan over this client, with a listener that may interrupt.
async fn telling(
    world: &World,
    plan: &Plan,
    client: SharedHttpClient,
    interrupt: &Interrupt,
    tell: &mut dyn FnMut(Event),
) -> Outcome {
    let writer = world.connection_through(client).await.writer();
    apply::run(plan, &writer, &world.clock, interrupt, tell).await
}

#[tokio::test(start_paused = true)]
async fn a_refusal_leaves_out_what_needs_it_and_nothing_else() {
    let world = World::new();
    let text = stack_of(2, 1);
    let wire = Wire::to(&world, |_, operation| {
        if operation == "CreateResourceServer" {
            Fate::Refused(
                403,
                "AccessDeniedException",
                "User is not authorized to perform: cognito-idp:CreateResourceServer",
            )
        } else {
            Fate::Arrives
        }
    });
    let plan = world.plan(&text).await;
    let mut skipped = BTreeMap::new();
    let outcome = telling(&world, &plan, wire, &Interrupt::new(), &mut |event| {
        if let Event::StepSkipped {
            address,
            because_of,
            ..
        } = event
        {
            skipped.insert(address.to_string(), because_of.map(|of| of.to_string()));
        }
    })
    .await;
    let [failure] = &outcome.failures[..] else {
        panic!("{:#?}", outcome.failures)
    };
    assert_eq!(failure.address.as_str(), "resource_servers.xxx-api");
    assert_eq!(failure.error.operation, "CreateResourceServer");
    assert_eq!(failure.error.code.as_deref(), Some("AccessDeniedException"));
    assert_eq!(
        failure.error.request_id.as_deref(),
        Some("11111111-2222-3333-4444-555555555555")
    );
    let because = Some("resource_servers.xxx-api".to_owned());
    assert_eq!(
        skipped,
        BTreeMap::from([
            ("partners.insurer0/client".to_owned(), because.clone()),
            ("partners.insurer1/client".to_owned(), because),
        ])
    );
    assert_eq!(outcome.done + outcome.skipped + 1, plan.steps.len());

    // Running again continues where this one stopped.
    let plan = world.apply(&text).await;
    assert_eq!(plan.changes.len(), 3);
    assert!(world.plan(&text).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_run_starts_nothing_more_and_the_next_one_finishes() {
    let world = World::new();
    let text = stack_of(2, 2);
    let plan = world.plan(&text).await;
    let interrupt = Interrupt::new();
    let (mut started_after, mut stopping) = (0, false);
    let wire = Wire::to(&world, |_, _| Fate::Takes(Duration::from_millis(50)));
    let outcome = telling(
        &world,
        &plan,
        wire,
        &interrupt.clone(),
        &mut |event| match event {
            Event::StepDone { .. } => interrupt.cancel(),
            Event::Stopping { running } => {
                stopping = true;
                assert!(running > 0, "other steps were under way");
            }
            Event::StepStarted { .. } if stopping => started_after += 1,
            _ => {}
        },
    )
    .await;
    assert!(outcome.interrupted && outcome.failures.is_empty());
    assert!(outcome.done >= 1 && outcome.skipped >= 1);
    assert_eq!(
        outcome.done + outcome.skipped,
        plan.steps.len(),
        "what ran was let to finish"
    );
    assert_eq!(started_after, 0);

    world.apply(&text).await;
    assert!(world.plan(&text).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn one_change_at_a_time_in_a_lane_and_the_rest_beside_it() {
    let world = World::new();
    let plan = world.plan(&stack_of(4, 3)).await;
    let wire = Wire::to(&world, |_, _| Fate::Takes(Duration::from_millis(100)));
    let mut running: Vec<usize> = Vec::new();
    let mut most = 0;
    let outcome = telling(
        &world,
        &plan,
        wire,
        &Interrupt::new(),
        &mut |event| match event {
            Event::StepStarted { step, .. } => {
                let lane = plan.steps[step].lane;
                let beside = running
                    .iter()
                    .filter(|other| lane.is_some() && plan.steps[**other].lane == lane);
                assert_eq!(beside.count(), 0, "two changes in {lane:?} at once");
                running.push(step);
                most = most.max(running.len());
            }
            Event::StepDone { step, .. } => running.retain(|other| *other != step),
            _ => {}
        },
    )
    .await;
    assert!(outcome.failures.is_empty(), "{:#?}", outcome.failures);
    assert!(most >= 3, "at most {most} steps ran beside each other");
}

#[tokio::test(start_paused = true)]
async fn two_changes_at_once_are_tried_again_and_a_full_account_is_not() {
    let world = World::new();
    let text = stack_of(1, 1);
    let wire = Wire::to(&world, |number, operation| match operation {
        "CreateResourceServer" if number % 2 == 0 => Fate::Refused(
            400,
            "ConcurrentModificationException",
            "Only one request can be processed at a time",
        ),
        _ => Fate::Arrives,
    });
    let plan = world.plan(&text).await;
    let outcome = world.carry_out(&plan, wire).await;
    assert!(outcome.failures.is_empty(), "{:#?}", outcome.failures);

    let world = World::new();
    let plan = world.plan(&text).await;
    let connection = world
        .connection_through(Wire::to(&world, |_, operation| match operation {
            "CreateUserPool" => Fate::Refused(
                400,
                "LimitExceededException",
                "The maximum number of user pools is reached",
            ),
            _ => Fate::Arrives,
        }))
        .await;
    let outcome = gatestack::apply::run(
        &plan,
        &connection.writer(),
        &world.clock,
        &Interrupt::new(),
        &mut |_| {},
    )
    .await;
    assert_eq!(outcome.failures.len(), 1);
    assert_eq!(
        requests(&connection, "CreateUserPool"),
        1,
        "a quota of things is not a throttle"
    );
}

#[tokio::test(start_paused = true)]
async fn a_hundred_partners_take_what_aws_quotas_allow_and_little_more() {
    let world = World::new();
    let plan = world.plan(&stack_of(100, 50)).await;
    let connection = world.connection_through(world.line()).await;
    let outcome = gatestack::apply::run(
        &plan,
        &connection.writer(),
        &world.clock,
        &Interrupt::new(),
        &mut |_| {},
    )
    .await;
    assert!(outcome.failures.is_empty(), "{:#?}", outcome.failures);
    let calls = connection.tally().count();
    // All requests to API Gateway share ten a second after forty at once; clients go five a second beside them.
    let api_gateway: u64 = connection
        .tally()
        .by_operation()
        .iter()
        .filter(|((service, _), _)| service == "API Gateway")
        .map(|(_, times)| times)
        .sum();
    let bound = Duration::from_millis((api_gateway - 40) * 100 + 5_000);
    assert!(
        outcome.took <= bound,
        "{:?} for {calls:?}, {bound:?} allowed",
        outcome.took
    );
}

fn requests(connection: &gatestack::aws::Connection, operation: &str) -> u64 {
    let sent = connection.tally().by_operation();
    sent.iter()
        .filter(|((_, name), _)| name == operation)
        .map(|(_, times)| times)
        .sum()
}

#[tokio::test(start_paused = true)]
async fn a_ctrl_c_during_the_last_steps_finds_everything_done() {
    let world = World::new();
    let plan = world.plan(&stack_of(1, 1)).await;
    let interrupt = Interrupt::new();
    let mut started = 0;
    let wire = Wire::to(&world, |_, _| Fate::Takes(Duration::from_millis(50)));
    let outcome = telling(&world, &plan, wire, &interrupt.clone(), &mut |event| {
        if let Event::StepStarted { .. } = event {
            started += 1;
            if started == plan.steps.len() {
                interrupt.cancel();
            }
        }
    })
    .await;
    assert_eq!(outcome.done, plan.steps.len());
    assert!(!outcome.interrupted, "nothing was left out");
}

#[tokio::test(start_paused = true)]
async fn a_long_step_is_told_of_at_least_every_fifteen_seconds() {
    let world = World::new();
    let plan = world.plan(&stack_of(1, 1)).await;
    let wire = Wire::to(&world, |_, operation| match operation {
        "CreateUserPool" => Fate::Takes(Duration::from_secs(27)),
        _ => Fate::Arrives,
    });
    let writer = world.connection_through(wire).await.writer();
    let began = tokio::time::Instant::now();
    let mut told = Vec::new();
    let mut tell = |event| {
        if let Event::Waiting { waits } = event {
            let longest = waits[0].clone();
            told.push((began.elapsed().as_secs(), longest));
        }
    };
    // Only a real-time clock has a heartbeat.
    let clock = gatestack::clock::Clock::system();
    let outcome = gatestack::apply::run(&plan, &writer, &clock, &Interrupt::new(), &mut tell).await;
    assert!(outcome.failures.is_empty(), "{:#?}", outcome.failures);
    let pool: Vec<_> = told
        .iter()
        .filter(|(_, wait)| {
            wait.address
                .as_ref()
                .is_some_and(|at| at.as_str() == "user_pool")
        })
        .map(|(at, wait)| (*at, wait.what.as_str(), wait.seconds.as_secs()))
        .collect();
    assert_eq!(
        pool,
        [
            (10, "creating user_pool", 10),
            (20, "creating user_pool", 20)
        ]
    );

    let mut told = 0;
    let mut tell = |event| told += usize::from(matches!(event, Event::Waiting { .. }));
    let world = World::new();
    let wire = Wire::to(&world, |_, _| Fate::Takes(Duration::from_secs(20)));
    let writer = world.connection_through(wire).await.writer();
    let outcome =
        gatestack::apply::run(&plan, &writer, &world.clock, &Interrupt::new(), &mut tell).await;
    assert!(outcome.failures.is_empty(), "{:#?}", outcome.failures);
    assert_eq!(told, 0, "a simulated wait is over at once");
}

#[tokio::test(start_paused = true)]
async fn what_a_request_quota_holds_back_is_told_of() {
    let world = World::new();
    // Usage plans are changed once in twenty seconds.
    let mut text = stack_of(0, 1);
    for number in 0..4 {
        text.push_str(&format!(
            "\n[plans.more{number}]\nthrottle = {{ rate = 1, burst = 1 }}\n"
        ));
    }
    world.apply(&text).await;
    let plan = world.plan(&text.replace("rate = 1,", "rate = 2,")).await;
    let connection = world.connection_through(world.line()).await;
    let clock = gatestack::clock::Clock::system();
    let mut told = std::collections::BTreeSet::new();
    let mut tell = |event| {
        if let Event::Waiting { waits } = event {
            told.extend(waits.into_iter().map(|wait| wait.what));
        }
    };
    let outcome = gatestack::apply::run(
        &plan,
        &connection.writer(),
        &clock,
        &Interrupt::new(),
        &mut tell,
    )
    .await;
    assert!(outcome.failures.is_empty(), "{:#?}", outcome.failures);
    assert!(
        told.iter()
            .any(|what| what.starts_with("the request quota of ")),
        "{told:?}"
    );
}
