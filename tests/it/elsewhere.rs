//! APIs that are not the stack's, or do not say so, and check tokens of its user pool.

use aws_sdk_apigateway::types::{EndpointConfiguration, EndpointType};
use gatestack::plan::{Options, Patterns, Plan};

use crate::support::program::Folder;
use crate::support::scene::replace;
use crate::support::screen::said;
use crate::support::theirs::{authorizer_for, checks_tokens_of};
use crate::support::wire::{Fate, Wire};
use crate::support::world::{World, desired, stack_of, world_in};

fn agreed(destroy: bool, patterns: &[&str]) -> Options {
    Options {
        destroy,
        allow_delete: Patterns::new(patterns.iter().map(|text| (*text).to_owned())),
        ..Options::default()
    }
}

/// The losses that are still to be agreed to, as `address: words`.
fn missing(plan: &Plan) -> Vec<String> {
    let losses = plan.losses_to_confirm();
    let losses = losses.iter();
    losses
        .map(|(address, loss)| format!("{address}: {}", loss.text))
        .collect()
}

/// A stack whose pool may be deleted.
fn unprotected(partners: usize) -> String {
    let pool = "[user_pool]\ndeletion_protection = false\n";
    stack_of(partners, 1).replace("[user_pool]\n", pool)
}

/// The same stack without a user pool.
fn without_a_pool() -> String {
    let text = stack_of(0, 1);
    let (stack, rest) = text.split_once("[user_pool]").unwrap();
    let (_, rest) = rest.split_once("[api]").unwrap();
    let open = r#"requires = "nothing""#;
    let api = rest.replace(
        r#"requires = { scopes = ["xxx-api/read"], api_key = true }"#,
        open,
    );
    format!("{stack}[api]{api}")
}

const FLAG: &str = "user_pool/other_authorizers";

#[tokio::test]
async fn a_pool_whose_tokens_another_api_checks_goes_by_consent_only() {
    let text = unprotected(1);
    let folder = Folder::with(&text);
    folder.apply(&[]);
    let world = world_in(&folder);
    said(
        &folder.local(&["plan", "--destroy", "--out", "early.plan"]),
        0,
    );
    let pool = Box::pin(world.id(&text, "user_pool")).await;
    let other = Box::pin(checks_tokens_of(&world, &pool)).await;

    let calm = said(&folder.local(&["plan"]), 0);
    assert!(!calm.contains(&other), "{calm}");
    let agree = format!("--allow-delete '{FLAG}'");
    let says = [
        "1 authorizer that this stack did not make",
        &format!("Theirs of the API {other} (\"other\")").replace('"', "\\\""),
        &agree,
    ];
    let refused = |ran: &crate::support::program::Ran| {
        let text = said(ran, 1);
        for says in says {
            assert!(text.contains(says), "no {says:?} in\n{text}");
        }
    };
    let destroy = ["destroy", "--confirm", "claims"];
    refused(&folder.local(&destroy));
    let pool_itself = ["--allow-delete", "user_pool"];
    refused(&folder.local(&[&destroy[..], &pool_itself].concat()));
    said(
        &folder.local(&["plan", "--destroy", "--out", "late.plan"]),
        0,
    );
    refused(&folder.local(&["apply", "late.plan", "--confirm", "claims"]));
    // A plan from before says nothing of it, so it is another one now.
    let stale = said(
        &folder.local(&["apply", "early.plan", "--confirm", "claims"]),
        1,
    );
    assert!(stale.contains("takes along 1 authorizer"), "{stale}");
    folder.write(&without_a_pool());
    let own = [
        "user_pool",
        "partners.insurer0",
        "api.routes.\"GET /things0/{id}\"",
    ];
    let own = own.iter().flat_map(|own| ["--allow-delete", own]);
    let apply: Vec<&str> = ["apply", "--yes"].into_iter().chain(own).collect();
    refused(&folder.local(&apply));
    let json = folder.local(&["plan", "--json"]).stdout;
    assert!(
        json.contains(&format!("\"address\":\"{FLAG}\""))
            || json.contains(&format!("\"address\": \"{FLAG}\"")),
        "{json}"
    );
    said(
        &folder.local(&[&apply[..], &["--allow-delete", FLAG]].concat()),
        0,
    );
}

#[tokio::test(start_paused = true)]
async fn an_authorizer_in_our_own_api_that_stays_is_among_them_and_one_that_goes_is_not() {
    let world = World::new();
    let text = unprotected(0);
    Box::pin(world.apply(&text)).await;
    let [pool, api] = [
        world.id(&text, "user_pool").await,
        world.id(&text, "api").await,
    ];
    Box::pin(authorizer_for(&world, &api, &pool)).await;
    let plan = world.plan_with(&text, &agreed(true, &[])).await.unwrap();
    let [only] = &missing(&plan)[..] else {
        panic!("{:?}", missing(&plan));
    };
    assert!(only.starts_with("api/other_authorizers: "), "{only}");
    let (text, options) = (
        without_a_pool(),
        agreed(false, &["user_pool", "api.routes"]),
    );
    let plan = world.plan_with(&text, &options).await.unwrap();
    assert!(
        missing(&plan).iter().any(|one| one.starts_with(FLAG)),
        "{:?}",
        missing(&plan)
    );
}

#[tokio::test(start_paused = true)]
async fn an_api_whose_authorizers_may_not_be_read_is_a_loss_that_nobody_knows() {
    let world = World::new();
    let text = stack_of(0, 1);
    Box::pin(world.apply(&text)).await;
    let other = world.apigateway().create_rest_api().name("other");
    let other = other.send().await.unwrap().id.unwrap();
    let path = format!("/restapis/{other}/authorizers");
    let denied = Wire::to(&world, move |_, operation| {
        match operation.contains(&path) {
            true => Fate::Refused(403, "AccessDeniedException", "not you"),
            false => Fate::Arrives,
        }
    });
    let connection = world.connection_through(denied).await;
    let wanted = desired(&text);
    let reader = connection.reader();
    let look = gatestack::kinds::observe_to_destroy(&reader, &wanted);
    let observation = Box::pin(look).await.unwrap();
    let plan = gatestack::plan::plan(&wanted, &observation, &agreed(true, &[])).unwrap();
    assert_eq!(
        missing(&plan),
        [format!(
            "{FLAG}: authorizers of 1 other API may accept its tokens: these credentials may not read them (apigateway:GET on \
             /restapis/{other}/authorizers)"
        )]
    );
    let plan = gatestack::plan::plan(&wanted, &observation, &agreed(true, &[FLAG])).unwrap();
    assert_eq!(missing(&plan), [""; 0]);
}

/// Takes every tag off an API and gives it another name.
async fn disown(world: &World, api: &str) {
    let console = world.apigateway();
    let described = console.get_rest_api().rest_api_id(api);
    let tags = Box::pin(described.send()).await.unwrap().tags.unwrap();
    let arn = format!("arn:aws:apigateway:eu-west-1::/restapis/{api}");
    let untag = console.untag_resource().resource_arn(arn);
    let keys = tags.into_keys().collect();
    untag.set_tag_keys(Some(keys)).send().await.unwrap();
    let rename = console.update_rest_api().rest_api_id(api);
    let rename = rename.patch_operations(replace("/name", "renamed"));
    Box::pin(rename.send()).await.unwrap();
}

/// A stack in which only the authorizer leads from the API to the rest.
fn without_a_plan() -> String {
    let text = stack_of(0, 1).replace(", api_key = true", "");
    let (text, _) = text.split_once("[plans.").unwrap();
    text.to_owned()
}

#[tokio::test]
async fn an_api_that_lost_its_tags_and_its_name_is_not_made_a_second_time() {
    for (text, because) in [
        (stack_of(1, 1), "a usage plan of this stack is on its stage"),
        (
            without_a_plan(),
            "its authorizer accepts tokens of this stack's user pool",
        ),
    ] {
        let folder = Folder::with(&text);
        folder.apply(&[]);
        let world = world_in(&folder);
        let api = Box::pin(world.id(&text, "api")).await;
        Box::pin(disown(&world, &api)).await;
        for command in ["plan", "output", "history", "rollback"] {
            let told = said(&folder.local(&[command]), 1);
            let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
            for says in [because, &api, "--adopt 'api'"] {
                assert!(told.contains(says), "{command}: no {says:?} in\n{told}");
            }
        }
        let adopted = folder.local(&["apply", "--yes", "--adopt", "api"]);
        assert!(said(&adopted, 0).contains("Applied"), "{}", adopted.stdout);
        assert_eq!(Box::pin(world.id(&text, "api")).await, api);
        assert!(folder.planned().is_empty());
    }
}

#[tokio::test]
async fn somebody_elses_api_that_checks_our_tokens_is_not_taken_for_ours_against_consent() {
    let text = without_a_plan();
    let folder = Folder::with(&text);
    folder.apply(&[]);
    let world = world_in(&folder);
    let [pool, api] = [
        Box::pin(world.id(&text, "user_pool")).await,
        Box::pin(world.id(&text, "api")).await,
    ];
    let other = Box::pin(checks_tokens_of(&world, &pool)).await;
    let gone = world.apigateway().delete_rest_api().rest_api_id(&api);
    gone.send().await.unwrap();
    let stopped = said(&folder.local(&["apply", "--yes"]), 1);
    assert!(stopped.contains("--allow-delete 'api'"), "{stopped}");
    let plan = ["plan", "--allow-delete", "api", "--out", "a.plan"];
    said(&folder.local(&plan), 0);
    let made = folder.local(&["apply", "a.plan", "--yes"]);
    assert!(said(&made, 0).contains("Applied"), "{}", made.stdout);
    let new = Box::pin(world.id(&text, "api")).await;
    assert!(new != other && new != api);
    assert!(folder.planned().is_empty());
}

#[tokio::test(start_paused = true)]
async fn of_very_many_apis_the_likeliest_are_read() {
    let world = World::new();
    let text = without_a_plan();
    Box::pin(world.apply(&text)).await;
    let pool = world.id(&text, "user_pool").await;
    let api = world.id(&text, "api").await;
    let gone = world.apigateway().delete_rest_api().rest_api_id(&api);
    gone.send().await.unwrap();
    let made = |name: String| {
        let regional = EndpointConfiguration::builder().types(EndpointType::Regional);
        let made = world.apigateway().create_rest_api().name(name);
        made.endpoint_configuration(regional.build()).send()
    };
    for number in 0..210 {
        made(format!("other-{number}")).await.unwrap();
    }
    let plan = world.plan(&text).await;
    let [only] = &missing(&plan)[..] else {
        panic!("{:?}", missing(&plan));
    };
    assert!(
        only.starts_with("api: ") && only.contains("of 10 REST APIs without"),
        "{only}"
    );
    // One that kept a mark is read first, however old it is.
    let oldest = world.apigateway().get_rest_apis().limit(500).send().await;
    let oldest = oldest.unwrap();
    let oldest = oldest.items().iter().min_by_key(|api| api.created_date());
    let oldest = oldest.unwrap().id().unwrap();
    authorizer_for(&world, oldest, &pool).await;
    let arn = format!("arn:aws:apigateway:eu-west-1::/restapis/{oldest}");
    let tag = world.apigateway().tag_resource().resource_arn(arn);
    let tag = tag.tags("gatestack:user_pool", "yes");
    tag.send().await.unwrap();
    let problems = world.plan_with(&text, &Options::default()).await;
    let problems = problems.unwrap_err();
    assert!(problems[0].what.contains(oldest), "{problems:?}");
}
