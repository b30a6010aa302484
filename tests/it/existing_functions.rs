//! Functions that are not the stack's: what lets its API invoke them comes and goes with its routes, and no other statement does.

use gatestack::plan::{Options, Patterns};

use crate::functions::with_functions;
use crate::support::wire::Wire;
use crate::support::world::{World, somebody, stack_of, summary};

const THEIRS: &str = "arn:aws:lambda:eu-west-1:123456789012:function:claims-hello";

/// A stack beside the one that has the functions, with these routes and tables.
fn guest(routes: &str, tables: &str) -> String {
    let stack = stack_of(1, 1)
        .replace("\"claims\"", "\"guest\"")
        .replace("XXX", "YYY")
        .replace("xxx", "yyy")
        .replace("insurer", "broker")
        .replace("[api.routes]\n", &format!("[api.routes]\n{routes}"));
    format!("{stack}\n{tables}")
}

const ROUTE: &str = "\"GET /theirs\" = { function = \"theirs\" }\n";

fn table() -> String {
    format!("[functions.theirs]\nexisting = \"{THEIRS}\"\n")
}

/// The ids of the statements of the function that a guest uses, with the ends of their sources.
async fn statements(world: &World) -> Vec<String> {
    let lambda = somebody!(world, aws_sdk_lambda);
    let policy = lambda.get_policy().function_name(THEIRS).send().await;
    let policy = policy.ok().and_then(|policy| policy.policy);
    let policy = policy.unwrap_or_else(|| r#"{"Statement": []}"#.into());
    let policy: serde_json::Value = serde_json::from_str(&policy).unwrap();
    let statements = policy["Statement"].as_array().unwrap().iter();
    let ends = statements.map(|statement| {
        let source = statement["Condition"]["ArnLike"]["AWS:SourceArn"].as_str();
        let (_, end) = source.unwrap().split_once('/').unwrap();
        end.to_owned()
    });
    let mut ends: Vec<String> = ends.collect();
    ends.sort();
    ends
}

#[tokio::test(start_paused = true)]
async fn nothing_stays_at_a_function_that_is_not_the_stacks() {
    let world = World::new();
    let owner = with_functions("");
    world.apply(&owner).await;
    let text = guest(ROUTE, &table());
    world.apply(&text).await;
    let both = ["prod/GET/hello", "prod/GET/theirs"];
    assert_eq!(statements(&world).await, both);
    assert_eq!(summary(&world.plan(&text).await), [""; 0]);
    assert_eq!(
        summary(&world.plan(&owner).await),
        [""; 0],
        "the owner leaves a guest's statement alone"
    );

    // It would take the guest's way along.
    let gone = Options {
        destroy: true,
        ..Options::default()
    };
    let plan = world.plan_with(&owner, &gone).await.unwrap();
    let going: Vec<&str> = plan
        .going_along
        .iter()
        .map(|one| one.address.as_str())
        .collect();
    assert_eq!(going, ["functions.hello/other_statements"]);

    // Another function answers the route.
    let own = "[functions.own]\nsource = \"examples/m2m-lambda/hello\"\n";
    let moved = guest(&ROUTE.replace("theirs\" }", "own\" }"), own);
    world.apply(&moved).await;
    assert_eq!(statements(&world).await, both[..1]);
    assert_eq!(summary(&world.plan(&moved).await), [""; 0]);

    // It comes back, with its table kept; then its route goes, and at last the table.
    world.apply(&text).await;
    assert_eq!(statements(&world).await, both);
    let routes = guest("", &table());
    world.apply(&routes).await;
    assert_eq!(statements(&world).await, both[..1]);
    world.apply(&text).await;
    let without = guest("", "");
    world.apply(&without).await;
    assert_eq!(statements(&world).await, both[..1]);
    assert_eq!(summary(&world.plan(&without).await), [""; 0]);

    world.apply(&text).await;
    assert_eq!(statements(&world).await, both);
    world.destroy(&without).await;
    assert_eq!(statements(&world).await, both[..1]);
    assert_eq!(summary(&world.plan(&owner).await), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn nothing_stays_wherever_the_run_dies() {
    let owner = with_functions("");
    let text = guest(ROUTE, &table());
    let without = guest("", "");
    let destroy = Options {
        destroy: true,
        allow_delete: Patterns::new(["**".to_owned()]),
        ..Options::default()
    };
    for (then, options) in [(&without, Options::default()), (&text, destroy)] {
        let begin = World::new();
        begin.apply(&owner).await;
        begin.apply(&text).await;
        let plan = begin.plan_with(then, &options).await.unwrap();
        let mut calls = 1;
        loop {
            let world = begin.copy();
            let dying = Wire::dying_after(calls, &world);
            if world.carry_out(&plan, dying).await.failures.is_empty() {
                break;
            }
            world.apply_with(then, &options).await;
            let left = statements(&world).await;
            assert_eq!(left, ["prod/GET/hello"], "died after call {calls}");
            calls += 1;
        }
        assert!(calls > 1, "the run never got going");
    }
}
