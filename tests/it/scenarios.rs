//! Difficult changes of the stack file: the plan is exactly the change, it is applied in an order AWS accepts, and the next plan
//! is empty.

use gatestack::plan::{self, Options, Patterns, Plan};

use crate::support::scene::{Scene, stack};
use crate::support::world::{World, stack_of, summary};

fn agreed() -> Options {
    Options {
        allow_delete: Patterns::new(["*".to_owned()]),
        ..Options::default()
    }
}

/// From one file to the other with consent to everything; then everything is destroyed and nothing is left.
async fn becomes(before: &str, after: &str) -> Plan {
    let world = World::new();
    world.apply(before).await;
    let plan = world.apply_with(after, &agreed()).await;
    let again = world.plan(after).await;
    assert!(again.is_empty(), "{:#?}", again.changes);
    world.destroy(after).await;
    let left = world.look(after).await.live;
    assert!(left.is_empty(), "{:?}", left.keys().collect::<Vec<_>>());
    plan
}

fn order(plan: &Plan) -> Vec<String> {
    let step = |step: &gatestack::plan::Step| {
        format!("{:?} {}", step.action(), step.address).to_lowercase()
    };
    plan.steps.iter().map(step).collect()
}

fn stands_before(plan: &Plan, first: &str, second: &str) {
    let order = order(plan);
    let place = |step: &str| {
        order
            .iter()
            .position(|one| one == step)
            .unwrap_or_else(|| panic!("no {step} in {order:?}"))
    };
    assert!(place(first) < place(second), "{order:?}");
}

fn with_routes(routes: &str) -> String {
    stack().replace("[api.routes]\n", &format!("[api.routes]\n{routes}\n"))
}

#[tokio::test(start_paused = true)]
async fn every_odd_route_converges() {
    for (before, after) in [
        ("", "\"GET /\" = { mock = 200 }"),
        ("\"GET /\" = { mock = 200 }", ""),
        (
            "",
            "\"ANY /{proxy+}\" = { http = \"http://a.example.com/{proxy}\" }",
        ),
        (
            "\"ANY /a/{proxy+}\" = { http = \"http://a.example.com/{proxy}\" }",
            "\"ANY /a/{id}\" = { http = \"http://a.example.com/{id}\" }",
        ),
        (
            "\"GET /a/{x}/b/{y}\" = { mock = 200 }\n\"GET /a/{x}\" = { mock = 200 }",
            "\"GET /a/{y}/b/{x}\" = { mock = 200 }\n\"GET /a/{y}\" = { mock = 200 }",
        ),
        (
            "",
            "\"OPTIONS /things0/{id}\" = { mock = 200, requires = \"nothing\" }",
        ),
        (
            "\"OPTIONS /things0/{id}\" = { http = \"http://a.example.com/{id}\", requires = \"nothing\" }",
            "",
        ),
        (
            "",
            "\"GET /sv/{id}\" = { http = \"http://${stageVariables.backend}/x/{id}\" }",
        ),
    ] {
        Box::pin(becomes(&with_routes(before), &with_routes(after))).await;
    }
}

#[tokio::test(start_paused = true)]
async fn every_body_comes_back_as_it_was_written() {
    for body in [
        "costs $5",
        "#if(true)x#end",
        "\\\"quoted\\\" 'single' $ctx.x",
        "日本語 ü 🎉 $",
        "#set($dollar='x')",
        "a\\nb\\t$",
        "\\\\ $ \\\\\\\\",
    ] {
        let route = format!("\"GET /odd\" = {{ mock = {{ status = 200, body = \"{body}\" }} }}");
        Box::pin(becomes(&stack(), &with_routes(&route))).await;
    }
}

#[tokio::test(start_paused = true)]
async fn names_that_need_quotes_work_and_move() {
    for name in ["a b", "a.b", "a@b=c", "a+b"] {
        let text = |name: &str| {
            format!(
                "{}\n[app_clients.\"{name}\"]\nflows = [\"client_credentials\"]\nscopes = [\"xxx-api/read\"]\n[partners.\"{name}\"]\nplan = \"{name}\"\nscopes = [\"xxx-api/read\"]\n[api_keys.\"{name}\"]\nplan = \"{name}\"\n[plans.\"{name}\"]\n",
                stack_of(1, 1)
            )
        };
        let (before, other) = (text(name), format!("{name} 2"));
        let mut after = text(&other);
        for table in ["app_clients", "partners", "api_keys", "plans"] {
            after.push_str(&format!(
                "[[moved]]\nfrom = '{table}.\"{name}\"'\nto = '{table}.\"{other}\"'\n"
            ));
        }
        let plan = Box::pin(becomes(&before, &after)).await;
        assert!(
            summary(&plan).iter().all(|line| line.starts_with("update")),
            "{:?}",
            summary(&plan)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_replaced_identifier_goes_when_no_client_needs_it_any_more() {
    let after = stack()
        .replace(
            "scopes = { read = \"read\" }",
            "identifier = \"yyy-api\"\nscopes = { read = \"read\" }",
        )
        .replace("xxx-api/read", "yyy-api/read");
    let plan = becomes(&stack(), &after).await;
    stands_before(
        &plan,
        "create resource_servers.xxx-api",
        "update app_clients.web",
    );
    stands_before(
        &plan,
        "update app_clients.web",
        "delete resource_servers.xxx-api",
    );
}

#[tokio::test(start_paused = true)]
async fn an_identifier_under_another_tables_name_needs_a_move() {
    let scene = Scene::new().await;
    let renamed = scene.text.replace(
        "[resource_servers.xxx-api]",
        "[resource_servers.other]\nidentifier = \"xxx-api\"",
    );
    let problems = scene
        .world
        .plan_with(&renamed, &agreed())
        .await
        .unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:#?}");
    assert!(problems[0].help.contains("[[moved]]"), "{problems:#?}");
}

#[tokio::test(start_paused = true)]
async fn without_a_pool_routes_let_go_of_it_first() {
    let unprotected = stack().replace(
        "[user_pool]\n",
        "[user_pool]\ndeletion_protection = false\n",
    );
    let mut without = String::new();
    let mut skipped = false;
    for line in stack().lines() {
        if line.starts_with('[') {
            skipped = ["[user_pool", "[resource_servers", "[app_clients"]
                .iter()
                .any(|table| line.starts_with(table));
        }
        if !skipped {
            without.push_str(line);
            without.push('\n');
        }
    }
    let without = without
        .replace("scopes = [\"xxx-api/read\"], ", "")
        .replace("scopes = [\"xxx-api/read\"]\n", "");
    let plan = becomes(&unprotected, &without).await;
    stands_before(&plan, "update api/deployment", "delete user_pool");

    // A missing table doesn't remove protection that is on today.
    let scene = Scene::new().await;
    let problems = scene
        .world
        .plan_with(&without, &agreed())
        .await
        .unwrap_err();
    assert!(
        problems
            .iter()
            .any(|problem| problem.what.contains("deletion protection")),
        "{problems:#?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_target_brings_what_it_needs_and_a_wrong_one_is_an_error() {
    let world = World::new();
    let target = |text: &str| Options {
        targets: Patterns::new([text.to_owned()]),
        ..Options::default()
    };
    for text in ["partners.nobody", "partner.*"] {
        let problems = world.plan_with(&stack(), &target(text)).await.unwrap_err();
        assert!(problems[0].what.contains(text), "{problems:#?}");
    }
    // A partner needs a plan, a plan a stage, a stage a deployment, and that something to call.
    let plan = world
        .plan_with(&stack(), &target("partners.insurer0"))
        .await
        .unwrap();
    assert!(
        !plan
            .changes
            .keys()
            .any(|address| address.as_str().contains("insurer1"))
    );
    let outcome = world.carry_out(&plan, world.line()).await;
    assert!(outcome.failures.is_empty(), "{:#?}", outcome.failures);
    world.apply(&stack()).await;
    assert!(world.plan(&stack()).await.is_empty());
    // What is named and unchanged is no error.
    let plan = world
        .plan_with(&stack(), &target("partners.insurer0"))
        .await
        .unwrap();
    assert!(plan.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_consent_that_is_used_up_is_no_error_and_a_wrong_one_is() {
    let scene = Scene::new().await;
    let fewer = scene.text.replace(
        "\n[partners.insurer1]\nplan = \"XXXPlan\"\nscopes = [\"xxx-api/read\"]\n",
        "",
    );
    let agree = |text: &str| Options {
        allow_delete: Patterns::new([text.to_owned()]),
        ..Options::default()
    };
    let wrong = scene
        .world
        .plan_with(&fewer, &agree("partners.insurer2"))
        .await;
    assert!(wrong.is_err(), "it is due for another");
    scene
        .world
        .apply_with(&fewer, &agree("partners.insurer1"))
        .await;
    let again = scene
        .world
        .plan_with(&fewer, &agree("partners.insurer1"))
        .await
        .unwrap();
    assert!(again.is_empty());
    assert!(
        scene
            .world
            .plan_with(&fewer, &agree("partner.insurer1"))
            .await
            .is_err()
    );
}

#[tokio::test(start_paused = true)]
async fn somebody_elses_things_that_go_along_are_counted_in_the_plan() {
    let scene = Scene::new().await;
    for name in ["theirs", "more"] {
        let request = scene.world.cognito().create_user_pool_client();
        request
            .user_pool_id(scene.id("user_pool"))
            .client_name(name)
            .send()
            .await
            .unwrap();
    }
    let console = scene.world.apigateway();
    let key = console
        .create_api_key()
        .name("theirs")
        .send()
        .await
        .unwrap();
    console
        .create_usage_plan_key()
        .usage_plan_id(scene.id("plans.XXXPlan"))
        .key_id(key.id().unwrap())
        .key_type("API_KEY")
        .send()
        .await
        .unwrap();
    let options = Options {
        destroy: true,
        ..Options::default()
    };
    let plan = scene.world.plan_with(&scene.text, &options).await.unwrap();
    let notes: Vec<_> = plan
        .notes
        .iter()
        .map(|note| format!("{} {}: {}", note.code, note.address, note.text))
        .collect();
    assert_eq!(
        notes,
        [
            "GS108 plans.XXXPlan/other_keys: 1 API key that this stack did not make (\"theirs\"): they lose their place on the plan, and calls with them get 403",
            "GS108 user_pool/other_clients: 2 app clients that this stack did not make (\"more\", \"theirs\"): their ids and secrets stop working",
        ]
    );
    let outcome = scene.world.carry_out(&plan, scene.world.line()).await;
    assert!(outcome.failures.is_empty(), "{:#?}", outcome.failures);
    let keys = console.get_api_keys().send().await.unwrap();
    assert_eq!(keys.items().len(), 1, "their key stays");
}

#[tokio::test(start_paused = true)]
async fn a_resource_policy_is_named_in_every_plan_and_left() {
    let scene = Scene::new().await;
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"execute-api:Invoke","Resource":"*"}]}"#;
    let request = scene.world.apigateway().update_rest_api();
    request
        .rest_api_id(scene.id("api"))
        .patch_operations(crate::support::scene::replace("/policy", policy))
        .send()
        .await
        .unwrap();
    scene.is_made_good_by(&["update api/deployment"]).await;
    let plan = scene.world.plan(&scene.text).await;
    let codes: Vec<_> = plan.notes.iter().map(|note| &*note.code).collect();
    assert_eq!(codes, ["GS109"]);
}

#[tokio::test(start_paused = true)]
async fn a_thing_made_anew_between_consent_and_apply_is_a_difference() {
    let scene = Scene::new().await;
    let fewer = scene
        .text
        .replace("[api_keys.batch]\nplan = \"XXXPlan\"\n", "");
    let shown = scene.world.plan(&fewer).await;
    let request = scene.world.apigateway().delete_api_key();
    request
        .api_key(scene.id("api_keys.batch"))
        .send()
        .await
        .unwrap();
    scene.world.apply(&scene.text).await;
    let now = scene.world.plan(&fewer).await;
    assert_eq!(summary(&shown), summary(&now));
    let desired = crate::support::world::desired(&fewer);
    let seen = scene.world.observe(&desired).await;
    let moved = plan::moved(&shown, &desired, &scene.before, &seen);
    assert!(!moved.is_empty());
    assert!(plan::moved(&now, &desired, &seen, &seen).is_empty());
}

#[tokio::test(start_paused = true)]
async fn more_clients_keys_and_routes_than_a_page_holds() {
    let text = stack_of(70, 40);
    let world = World::new();
    world.apply(&text).await;
    assert!(world.plan(&text).await.is_empty());
    let fewer = stack_of(1, 1);
    let plan = world.apply_with(&fewer, &agreed()).await;
    assert_eq!(plan.count(gatestack::plan::Action::Delete), 69 * 3 + 39 * 2);
    assert!(world.plan(&fewer).await.is_empty());
}
