//! Saved plans: what is applied is what was saved, and every change since is noticed.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_apigateway::types::{Op, PatchOperation};
use aws_sdk_cognitoidentityprovider::types::{IdentityProviderTypeType, ResourceServerScopeType};
use base64::Engine as _;
use gatestack::engine::{Purpose, Silent};
use gatestack::kinds::{Desired, Observation};
use gatestack::plan::{self, Inputs, Moved, Options, Plan, Saved, Unreadable};

use crate::support::program::{Folder, Ran, example};
use crate::support::wire::{Fate, Wire};
use crate::support::world::{World, desired, stack_of};

const SMALLEST: &str = include_str!("../../stack.toml");

async fn saved(world: &World, text: &str, options: &Options) -> Saved {
    let desired = desired(text);
    let observation = look(world, &desired, options.destroy).await;
    let plan = plan::plan(&desired, &observation, options).unwrap();
    let inputs = Inputs {
        destroy: options.destroy,
        ..Inputs::default()
    };
    Saved {
        local: true,
        inputs,
        confirmed: false,
        desired,
        observation,
        plan,
    }
}

/// The observation for a plan of this kind.
async fn look(world: &World, desired: &Desired, destroy: bool) -> Observation {
    let purpose = match destroy {
        true => Purpose::Destroy,
        false => Purpose::Make,
    };
    let session = world.session(desired, purpose).await;
    session.observe(&mut Silent).await.unwrap()
}

fn through_a_file(saved: &Saved) -> Saved {
    Saved::from_text(&saved.to_text().unwrap()).unwrap()
}

/// What became of the plan's world, as `address: how` lines.
async fn moved_since(world: &World, saved: &Saved) -> Vec<String> {
    let now = look(world, &saved.desired, saved.plan.destroy).await;
    let saved = through_a_file(saved);
    plan::moved(&saved.plan, &saved.desired, &saved.observation, &now)
        .into_iter()
        .map(|Moved { address, how }| format!("{address}: {how:?}"))
        .collect()
}

fn one_begins(moved: &[String], beginning: &str) {
    assert!(
        moved.iter().any(|line| line.starts_with(beginning)),
        "no {beginning} in {moved:#?}"
    );
}

/// What an id follows in API Gateway's paths.
const COLLECTIONS: &[&str] = &[
    "restapis",
    "resources",
    "authorizers",
    "deployments",
    "usageplans",
    "keys",
    "apikeys",
    "tags",
];

async fn calls_of(world: &World, plan: &Plan) -> Vec<String> {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let heard = calls.clone();
    let wire = Wire::to(world, move |_, operation| {
        let path = operation.split('?').next().unwrap_or_default();
        let parts: Vec<_> = path.split('/').collect();
        // The ids of two AWSs differ.
        let shape: Vec<_> = (0..parts.len())
            .filter(|place| *place == 0 || !COLLECTIONS.contains(&parts[place - 1]))
            .map(|place| parts[place])
            .collect();
        let shape = shape.join("/");
        heard.lock().unwrap().push(shape);
        Fate::Arrives
    });
    let outcome = world.carry_out(plan, wire).await;
    assert!(outcome.failures.is_empty(), "{:#?}", outcome.failures);
    // Which of two calls beside each other is first is a matter of AWS's quotas.
    let mut calls = calls.lock().unwrap().clone();
    calls.sort();
    calls
}

#[tokio::test(start_paused = true)]
async fn a_saved_plan_makes_the_same_calls() {
    let (first, second) = (
        stack_of(2, 2),
        stack_of(3, 1).replace("burst = 100", "burst = 9"),
    );
    let (direct, stored) = (World::new(), World::new());
    for text in [&first, &second] {
        let plan = direct.plan(text).await;
        let saved = through_a_file(&saved(&stored, text, &Options::default()).await);
        let now = stored.observe(&saved.desired).await;
        let renewed = saved.renewed(&saved.replanned().unwrap(), &now).unwrap();
        let (direct, stored) = (
            calls_of(&direct, &plan).await,
            calls_of(&stored, &renewed).await,
        );
        assert!(direct.len() > 3, "{direct:?}");
        assert_eq!(direct, stored);
    }
    assert!(stored.plan(&second).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_stands_still_is_not_stale() {
    let world = World::new();
    let text = stack_of(2, 2);
    for _ in 0..2 {
        let saved = saved(&world, &text, &Options::default()).await;
        assert_eq!(moved_since(&world, &saved).await, [""; 0]);
        world.apply(&text).await;
    }
}

#[tokio::test(start_paused = true)]
async fn everything_that_moves_is_named() {
    let world = World::new();
    let two = stack_of(2, 2);
    world.apply(&two).await;
    let waiting = saved(&world, &stack_of(3, 2), &Options::default()).await;

    // A resource that the plan does not change was edited by hand.
    let plan_id = world.id(&two, "plans.XXXPlan").await;
    let burst = PatchOperation::builder()
        .op(Op::Replace)
        .path("/throttle/burstLimit")
        .value("7")
        .build();
    let console = world.apigateway();
    console
        .update_usage_plan()
        .usage_plan_id(plan_id)
        .patch_operations(burst)
        .send()
        .await
        .unwrap();
    let moved = moved_since(&world, &waiting).await;
    assert_eq!(moved.len(), 1, "{moved:#?}");
    assert!(
        moved[0].starts_with("plans.XXXPlan: Changed(")
            && moved[0].contains("100")
            && moved[0].contains("7"),
        "{moved:#?}"
    );

    // What the plan creates exists meanwhile.
    world.apply(&stack_of(3, 2)).await;
    let moved = moved_since(&world, &waiting).await;
    one_begins(&moved, "partners.insurer2/key: Appeared");
    one_begins(&moved, "partners.insurer2/client: Appeared");

    // Something of the stack appears that no file of this plan names.
    let waiting = saved(&world, &stack_of(3, 2), &Options::default()).await;
    world.apply(&stack_of(4, 2)).await;
    one_begins(
        &moved_since(&world, &waiting).await,
        "partners.insurer3/client: Appeared",
    );

    // Something goes.
    let waiting = saved(&world, &stack_of(4, 2), &Options::default()).await;
    let client = world.id(&stack_of(4, 2), "partners.insurer3/client").await;
    let pool = world.id(&stack_of(4, 2), "user_pool").await;
    world
        .cognito()
        .delete_user_pool_client()
        .user_pool_id(&pool)
        .client_id(client)
        .send()
        .await
        .unwrap();
    one_begins(
        &moved_since(&world, &waiting).await,
        "partners.insurer3/client: Gone",
    );

    // The same again, with other ids.
    world.apply(&stack_of(4, 2)).await;
    one_begins(
        &moved_since(&world, &waiting).await,
        "partners.insurer3/client: MadeAnew",
    );
}

#[tokio::test(start_paused = true)]
async fn another_thing_of_the_same_name_is_another_loss() {
    let world = World::new();
    let text = stack_of(1, 1);
    world.apply(&text).await;
    let pool = world.id(&text, "user_pool").await;
    let plan = world.id(&text, "plans.XXXPlan").await;
    let make = async || {
        let client = world.cognito().create_user_pool_client();
        let client = client.user_pool_id(&pool).client_name("theirs");
        let client = client.send().await.unwrap().user_pool_client.unwrap();
        let key = world.apigateway().create_api_key().name("theirs");
        let key = key.send().await.unwrap().id.unwrap();
        let place = world.apigateway().create_usage_plan_key();
        let place = place.usage_plan_id(&plan).key_id(&key).key_type("API_KEY");
        place.send().await.unwrap();
        (client.client_id.unwrap(), key)
    };
    let (client, key) = make().await;
    let destroy = Options {
        destroy: true,
        ..Options::default()
    };
    let waiting = saved(&world, &text, &destroy).await;
    assert_eq!(moved_since(&world, &waiting).await, [""; 0]);
    let gone = world.cognito().delete_user_pool_client();
    let gone = gone.user_pool_id(&pool).client_id(client);
    gone.send().await.unwrap();
    world
        .apigateway()
        .delete_api_key()
        .api_key(key)
        .send()
        .await
        .unwrap();
    make().await;
    let moved = moved_since(&world, &waiting).await;
    one_begins(&moved, "user_pool: Dependents");
    one_begins(&moved, "plans.XXXPlan: Dependents");
}

/// What Cognito identifies only by name, and is deleted with a pool.
#[derive(Clone, Copy, Debug)]
enum Nameless {
    Group,
    IdentityProvider,
    ResourceServer,
}

impl Nameless {
    async fn make(self, world: &World, pool: &str, scope: &str) {
        let cognito = world.cognito();
        match self {
            Self::Group => {
                let group = cognito.create_group().user_pool_id(pool);
                group.group_name("theirs").send().await.unwrap();
            }
            Self::IdentityProvider => {
                let provider = cognito.create_identity_provider().user_pool_id(pool);
                let provider = provider.provider_name("theirs");
                let provider = provider.provider_type(IdentityProviderTypeType::Google);
                let provider = provider.provider_details("client_id", "theirs");
                let provider = provider.provider_details("client_secret", "theirs");
                let provider = provider.provider_details("authorize_scopes", "openid");
                provider.send().await.unwrap();
            }
            Self::ResourceServer => {
                let scope = ResourceServerScopeType::builder().scope_name(scope);
                let scope = scope.scope_description("theirs").build().unwrap();
                let server = cognito.create_resource_server().user_pool_id(pool);
                let server = server.identifier("theirs").name("theirs");
                server.scopes(scope).send().await.unwrap();
            }
        }
    }

    async fn delete(self, world: &World, pool: &str) {
        let cognito = world.cognito();
        match self {
            Self::Group => {
                let group = cognito.delete_group().user_pool_id(pool);
                group.group_name("theirs").send().await.unwrap();
            }
            Self::IdentityProvider => {
                let provider = cognito.delete_identity_provider().user_pool_id(pool);
                provider.provider_name("theirs").send().await.unwrap();
            }
            Self::ResourceServer => {
                let server = cognito.delete_resource_server().user_pool_id(pool);
                server.identifier("theirs").send().await.unwrap();
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_no_id_is_told_apart_by_what_it_has() {
    let destroy = Options {
        destroy: true,
        ..Options::default()
    };
    for thing in [
        Nameless::Group,
        Nameless::IdentityProvider,
        Nameless::ResourceServer,
    ] {
        let world = World::new();
        let text = stack_of(1, 1);
        world.apply(&text).await;
        let pool = world.id(&text, "user_pool").await;
        thing.make(&world, &pool, "read").await;
        let waiting = saved(&world, &text, &destroy).await;
        assert_eq!(moved_since(&world, &waiting).await, [""; 0], "{thing:?}");
        thing.delete(&world, &pool).await;
        world.clock.sleep(Duration::from_secs(1)).await;
        thing.make(&world, &pool, "write").await;
        let moved = moved_since(&world, &waiting).await;
        one_begins(&moved, "user_pool: Dependents");
    }
}

#[tokio::test(start_paused = true)]
async fn what_comes_in_the_way_is_named() {
    let world = World::new();
    let waiting = saved(&world, &stack_of(1, 1), &Options::default()).await;
    let console = world.apigateway();
    console
        .create_rest_api()
        .name("xxx-api")
        .send()
        .await
        .unwrap();
    one_begins(&moved_since(&world, &waiting).await, "api: InTheWay");
}

#[tokio::test(start_paused = true)]
async fn a_destroy_is_stale_when_more_of_somebody_else_would_go() {
    let world = World::new();
    let text = stack_of(1, 1);
    world.apply(&text).await;
    let everything = Options {
        destroy: true,
        ..Options::default()
    };
    let (destroy, change) = (
        saved(&world, &text, &everything).await,
        saved(&world, &stack_of(2, 1), &Options::default()).await,
    );
    let pool = world.id(&text, "user_pool").await;
    world
        .cognito()
        .create_user_pool_client()
        .user_pool_id(pool)
        .client_name("of the console")
        .send()
        .await
        .unwrap();
    one_begins(
        &moved_since(&world, &destroy).await,
        "user_pool: Dependents",
    );
    assert_eq!(moved_since(&world, &change).await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_no_plan_of_this_version_is_refused() {
    let saved = saved(&World::new(), &stack_of(1, 1), &Options::default()).await;
    let text = saved.to_text().unwrap();
    let refused = |text: &str| Saved::from_text(text).unwrap_err();
    for text in ["", "{}", "[stack]", "{ \"format_version\": \"1.0\" }"] {
        assert!(matches!(refused(text), Unreadable::NotAPlan), "{text}");
    }
    let future = text.replacen("\"gatestack_plan\":4", "\"gatestack_plan\":5", 1);
    assert!(matches!(refused(&future), Unreadable::Format(5)));
    let version = format!("\"version\":\"{}\"", env!("CARGO_PKG_VERSION"));
    let other = text.replacen(&version, "\"version\":\"99.0.0\"", 1);
    assert!(matches!(refused(&other), Unreadable::Version(found) if found == "99.0.0"));
    for damaged in [
        text.replacen("insurer0", "insurer9", 1),
        text[..text.len() / 2].to_owned(),
    ] {
        assert!(matches!(refused(&damaged), Unreadable::Damaged(_)));
    }
    assert!(Saved::from_text(&text).is_ok());
}

fn refused(ran: &Ran, says: &[&str]) {
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    // Long sentences are broken over lines.
    let said = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    for says in says {
        assert!(said.contains(says), "no {says:?} in\n{said}");
    }
}

fn planned(folder: &Folder, more: &[&str]) -> Ran {
    let ran = folder.local(&[&["plan", "--out", "a.plan"], more].concat());
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    ran
}

#[test]
fn a_reviewed_plan_is_applied_without_a_question_and_only_once() {
    let folder = Folder::with(SMALLEST);
    let plan = planned(&folder, &[]);
    assert!(
        plan.stdout
            .ends_with("Next: gatestack --local apply a.plan\n"),
        "{}",
        plan.stdout
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(folder.path().join("a.plan"))
            .unwrap()
            .permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
    }
    let applied = folder.local(&["apply", "a.plan"]);
    assert_eq!(applied.code, 0, "{}{}", applied.stdout, applied.stderr);
    assert!(
        applied.stdout.contains("12 added") && applied.stdout.contains("invoke_url"),
        "{}",
        applied.stdout
    );
    refused(
        &folder.local(&["apply", "a.plan"]),
        &[
            "stale",
            "user_pool: it did not exist, and does now",
            "plan --out a.plan",
        ],
    );
    planned(&folder, &[]);
    let nothing = folder.local(&["apply", "a.plan"]);
    assert_eq!(nothing.code, 0, "{}", nothing.stderr);
    assert!(nothing.stdout.contains("No changes."), "{}", nothing.stdout);
}

#[test]
fn a_stale_plan_says_from_what_to_what() {
    let folder = Folder::with(&example("partner-api"));
    folder.apply(&[]);
    folder.write(&example("partner-api").replace("rate = 50", "rate = 60"));
    planned(&folder, &[]);
    folder.write(&example("partner-api").replace("rate = 50", "rate = 55"));
    folder.apply(&[]);
    folder.write(&example("partner-api").replace("rate = 50", "rate = 60"));
    refused(
        &folder.local(&["apply", "a.plan"]),
        &["plans.XXXPlan: throttle", "50 → 55"],
    );
}

#[test]
fn a_file_that_changed_makes_the_plan_stale_and_none_does_not() {
    let folder = Folder::with(SMALLEST);
    planned(&folder, &[]);
    folder.write(&SMALLEST.replace("partners.acme", "partners.globex"));
    refused(
        &folder.local(&["apply", "a.plan"]),
        &[
            "stack.toml has changed since",
            "partners.acme/key: it is no longer in the file",
        ],
    );
    folder.write(&SMALLEST.replace("\"hello\"", "\"other\""));
    refused(
        &folder.local(&["apply", "a.plan"]),
        &["the plan is for the stack hello", "is the stack other"],
    );
    std::fs::remove_file(folder.path().join("stack.toml")).unwrap();
    let alone = folder.local(&["apply", "a.plan"]);
    assert_eq!(alone.code, 0, "{}{}", alone.stdout, alone.stderr);
}

#[test]
fn a_plan_of_another_file_names_that_file() {
    let folder = Folder::with(SMALLEST);
    let second = SMALLEST.replace("partners.acme", "partners.globex");
    std::fs::write(folder.path().join("v2.toml"), second).unwrap();
    let plan = folder.local(&["plan", "--out", "a.plan", "-f", "v2.toml"]);
    assert_eq!(plan.code, 0, "{}", plan.stderr);
    let without = folder.local(&["apply", "a.plan"]);
    let says = "the plan was made from v2.toml, and stack.toml says something else";
    refused(&without, &[says, "add -f v2.toml"]);
    assert!(
        !without.stderr.contains("has changed"),
        "{}",
        without.stderr
    );
    let with = folder.local(&["apply", "a.plan", "-f", "v2.toml"]);
    assert_eq!(with.code, 0, "{}", with.stderr);
}

#[test]
fn variables_are_saved_with_the_plan() {
    let text = SMALLEST.to_owned()
        + "\n[vars]\nrate = 5\n\n[plans.second]\nthrottle = { rate = \"${var.rate}\", burst = 9 }\n";
    let folder = Folder::with(&text);
    planned(&folder, &["--var", "rate=7"]);
    let wrong = folder.local(&["apply", "a.plan", "--var", "rate=7"]);
    assert_eq!(wrong.code, 64, "{}", wrong.stderr);
    let applied = folder.local(&["apply", "a.plan"]);
    assert_eq!(applied.code, 0, "{}{}", applied.stdout, applied.stderr);
}

#[test]
fn the_local_aws_and_aws_are_not_mixed_up() {
    let folder = Folder::with(SMALLEST);
    planned(&folder, &[]);
    refused(
        &folder.run(&["apply", "a.plan"]),
        &[
            "a.plan was made for the local AWS, and this is AWS",
            "with --local",
        ],
    );
    refused(
        &folder.local(&["apply", "a.plan", "--region", "eu-west-3"]),
        &["the stack is in eu-central-1"],
    );
}

#[test]
fn consent_is_recorded_or_given_later() {
    let without = SMALLEST.split("[partners.acme]").next().unwrap();
    for (to_plan, to_apply) in [
        (&["--allow-delete", "partners.acme"][..], &[][..]),
        (&[], &["--allow-delete", "partners.*"]),
    ] {
        let folder = Folder::with(SMALLEST);
        folder.apply(&[]);
        folder.write(without);
        planned(&folder, to_plan);
        if to_plan.is_empty() {
            refused(
                &folder.local(&["apply", "a.plan", "--yes"]),
                &[
                    "need consent by name",
                    "apply a.plan --allow-delete 'partners.acme'",
                ],
            );
            refused(
                &folder.local(&["apply", "a.plan", "--allow-delete", "partners.nobody"]),
                &["names nothing that this plan changes"],
            );
        }
        let applied = folder.local(&[&["apply", "a.plan"], to_apply].concat());
        assert_eq!(applied.code, 0, "{}{}", applied.stdout, applied.stderr);
    }
}

#[test]
fn a_saved_destroy_takes_the_stacks_name() {
    let folder = Folder::with(SMALLEST);
    folder.apply(&[]);
    planned(&folder, &["--destroy"]);
    refused(
        &folder.local(&["apply", "a.plan", "--yes"]),
        &["by the stack's name", "apply a.plan --confirm hello"],
    );
    refused(
        &folder.local(&["apply", "a.plan", "--confirm", "hullo"]),
        &["--confirm says hullo"],
    );
    let gone = folder.local(&["apply", "a.plan", "--confirm", "hello"]);
    assert_eq!(gone.code, 0, "{}{}", gone.stdout, gone.stderr);
    assert!(gone.stdout.contains("Destroyed: 12"), "{}", gone.stdout);

    folder.apply(&[]);
    planned(&folder, &["--destroy", "--confirm", "hello"]);
    let gone = folder.local(&["apply", "a.plan"]);
    assert_eq!(gone.code, 0, "{}{}", gone.stdout, gone.stderr);
    planned(&folder, &[]);
    refused(
        &folder.local(&["apply", "a.plan", "--confirm", "hello"]),
        &["this is not a destroy plan"],
    );
}

#[test]
fn what_the_plan_has_in_it_is_wrong_usage() {
    let folder = Folder::with(SMALLEST);
    planned(&folder, &[]);
    for more in [
        &["--target", "api"][..],
        &["--adopt", "api"],
        &["--var", "a=b"],
        &["--destroy"],
    ] {
        let ran = folder.local(&[&["apply", "a.plan"], more].concat());
        assert_eq!(ran.code, 64, "{more:?}: {}", ran.stderr);
    }
    for wrong in [
        &["apply", "--confirm", "hello"][..],
        &["plan", "--confirm", "hello"],
        &["plan", "--destroy", "--confirm", "hello"],
    ] {
        assert_eq!(folder.local(wrong).code, 64, "{wrong:?}");
    }
}

#[test]
fn nothing_but_a_plan_is_overwritten_or_applied() {
    let folder = Folder::with(SMALLEST);
    refused(
        &folder.local(&["plan", "--out", "stack.toml"]),
        &["stack.toml is there already, and it is not a plan"],
    );
    assert_eq!(
        std::fs::read_to_string(folder.path().join("stack.toml")).unwrap(),
        SMALLEST
    );
    refused(
        &folder.local(&["apply", "stack.toml"]),
        &["it is not a plan that gatestack saved", "-f FILE"],
    );
    refused(&folder.local(&["apply", "b.plan"]), &["can't read b.plan"]);
    planned(&folder, &[]);
    planned(&folder, &[]);
    let left = std::fs::read_dir(folder.path()).unwrap();
    let names: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert!(
        names
            .iter()
            .all(|name| !name.to_string_lossy().ends_with(".new")),
        "{names:?}"
    );
}

#[test]
fn the_script_of_instances_is_not_in_a_plan_and_has_to_be_at_hand() {
    const SCRIPT: &str = "#!/bin/sh\nexport LICENCE=nobody-should-read-this\n";
    let folder = Folder::with(&example("partner-api"));
    std::fs::write(folder.path().join("backend.sh"), SCRIPT).unwrap();
    assert_eq!(folder.local(&["plan", "--out", "it.plan"]).code, 0);
    let plan = std::fs::read_to_string(folder.path().join("it.plan")).unwrap();
    assert!(!plan.contains("nobody-should-read-this"));

    // Without a stack file the plan can be applied, but can't launch anything.
    let (file, away) = (
        folder.path().join("stack.toml"),
        folder.path().join("away.toml"),
    );
    std::fs::rename(&file, &away).unwrap();
    let ran = folder.local(&["apply", "it.plan"]);
    refused(
        &ran,
        &[
            "load_balancer.targets.instances/1",
            "nothing was written",
            "-f FILE",
        ],
    );
    std::fs::rename(&away, &file).unwrap();

    std::fs::write(folder.path().join("backend.sh"), "another").unwrap();
    refused(
        &folder.local(&["apply", "it.plan"]),
        &["has changed since the plan was made"],
    );
    std::fs::write(folder.path().join("backend.sh"), SCRIPT).unwrap();
    let ran = folder.local(&["apply", "it.plan"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let state = std::fs::read_to_string(folder.path().join(".gatestack/local.json")).unwrap();
    let sent = base64::engine::general_purpose::STANDARD.encode(SCRIPT);
    assert!(state.contains(&sent), "the instances run it");
    assert!(
        !folder
            .everything_written()
            .contains("nobody-should-read-this")
    );
}
