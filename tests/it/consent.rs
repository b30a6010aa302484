//! What a plan deletes, and the consent to it: each loss by its own name.

use std::collections::BTreeMap;

use aws_sdk_apigateway::types::{IntegrationType, Op, PatchOperation};
use gatestack::model::Address;
use gatestack::plan::{LossOf, Options, Patterns, Plan};

use crate::support::program::Folder;
use crate::support::scene::Scene;
use crate::support::screen::said;
use crate::support::theirs::{in_the_api, in_the_pool, on_the_plan, put_on_plan, their_stage};
use crate::support::world::{World, desired, stack_of, summary, world_in};

fn agreed(patterns: &[&str]) -> Options {
    Options {
        allow_delete: Patterns::new(patterns.iter().map(|text| (*text).to_owned())),
        ..Options::default()
    }
}

fn destroy(patterns: &[&str]) -> Options {
    Options {
        destroy: true,
        ..agreed(patterns)
    }
}

/// The losses that need consent, as `address: words`.
fn losses(plan: &Plan) -> Vec<String> {
    let losses = plan.losses_to_confirm();
    losses
        .iter()
        .map(|(address, loss)| format!("{address}: {}", loss.text))
        .collect()
}

fn names(plan: &Plan) -> Vec<String> {
    plan.losses_to_confirm()
        .keys()
        .map(Address::to_string)
        .collect()
}

/// A client, a resource server, a stage and a key on our plan, made by hand, and another API's stage on our plan.
async fn by_hand(world: &World, text: &str) {
    // Each in a box of its own: together the SDK's futures overflow a thread's stack.
    let [pool, api, plan] = ["user_pool", "api", "plans.XXXPlan"];
    Box::pin(in_the_pool(world, &Box::pin(world.id(text, pool)).await)).await;
    Box::pin(in_the_api(world, &Box::pin(world.id(text, api)).await)).await;
    Box::pin(on_the_plan(world, &Box::pin(world.id(text, plan)).await)).await;
}

async fn planned(scene: &Scene, options: Options) -> Plan {
    Box::pin(scene.world.plan_with(&scene.text, &options))
        .await
        .unwrap()
}

const OTHERS: [&str; 7] = [
    "api/other_stages",
    "plans.XXXPlan/other_keys",
    "plans.XXXPlan/other_stages",
    "user_pool/groups",
    "user_pool/identity_providers",
    "user_pool/other_clients",
    "user_pool/other_resource_servers",
];

#[tokio::test(start_paused = true)]
async fn what_goes_along_with_a_destroy_is_agreed_to_by_its_own_name() {
    let scene = Scene::new().await;
    Box::pin(by_hand(&scene.world, &scene.text)).await;
    let plan = |patterns: &'static [&'static str]| Box::pin(planned(&scene, destroy(patterns)));
    assert_eq!(names(&plan(&[]).await), OTHERS);
    assert_eq!(
        losses(&plan(&[]).await)[3..5],
        [
            "user_pool/groups: 1 group of users that this stack did not make (\"theirs\"): tokens no longer name it",
            "user_pool/identity_providers: 1 identity provider that this stack did not make (\"theirs\"): its users can't sign in \
             any more",
        ]
    );
    assert_eq!(
        losses(&plan(&[]).await)[5],
        "user_pool/other_clients: 1 app client that this stack did not make (\"theirs\"): their ids and secrets stop working"
    );
    // Consent to the pool includes what is the stack's in it.
    assert_eq!(
        names(&plan(&["user_pool", "api", "plans.XXXPlan"]).await),
        OTHERS
    );
    assert_eq!(names(&plan(&["user_pool/other_clients"]).await).len(), 6);
    assert_eq!(names(&plan(&["*/other_*", "user_pool/*"]).await), [""; 0]);
    let told: Vec<String> = plan(&[])
        .await
        .notes
        .iter()
        .map(|note| note.address.to_string())
        .collect();
    assert_eq!(told, OTHERS);
}

#[tokio::test(start_paused = true)]
async fn a_consent_to_what_is_not_there_today_is_no_mistake() {
    let scene = Scene::new().await;
    for pattern in [
        "user_pool/users",
        "plans.XXXPlan/other_keys",
        "api/other_stages",
    ] {
        let plan = scene
            .world
            .plan_with(&scene.text, &destroy(&[pattern]))
            .await;
        assert!(plan.is_ok_and(|plan| names(&plan).is_empty()), "{pattern}");
    }
    let wrong = scene
        .world
        .plan_with(&scene.text, &destroy(&["user_pool/clients"]))
        .await;
    assert!(wrong.unwrap_err()[0].what.contains("names nothing"));
}

#[tokio::test(start_paused = true)]
async fn another_apis_stage_is_not_taken_off_our_plan_without_a_word() {
    let scene = Scene::new().await;
    let plan = scene.id("plans.XXXPlan");
    let theirs = Box::pin(their_stage(&scene.world)).await;
    put_on_plan(&scene.world, &plan, &theirs).await;
    let shown = scene.world.plan(&scene.text).await;
    assert_eq!(summary(&shown), ["update plans.XXXPlan"]);
    assert_eq!(names(&shown), ["plans.XXXPlan/other_stages"]);
    assert!(losses(&shown)[0].contains(&theirs), "{:?}", losses(&shown));
    let agreed = agreed(&["plans.XXXPlan/other_stages"]);
    scene.world.apply_with(&scene.text, &agreed).await;
    assert!(scene.world.plan(&scene.text).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_stage_that_is_gone_from_aws_takes_nothing_from_anybody() {
    let scene = Scene::new().await;
    let delete = scene.world.apigateway().delete_rest_api();
    delete.rest_api_id(scene.id("api")).send().await.unwrap();
    assert_eq!(names(&scene.world.plan(&scene.text).await), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_renamed_plan_takes_the_places_of_others_with_it() {
    let scene = Scene::new().await;
    Box::pin(by_hand(&scene.world, &scene.text)).await;
    let renamed = scene.text.replace("XXXPlan", "Silver");
    let plan = scene.world.plan(&renamed).await;
    assert_eq!(
        names(&plan),
        ["plans.XXXPlan/other_keys", "plans.XXXPlan/other_stages"]
    );
}

#[tokio::test]
async fn a_destroy_says_what_goes_along_and_which_flag_agrees() {
    let text = stack_of(1, 1);
    let folder = Folder::with(&text);
    folder.apply(&[]);
    Box::pin(by_hand(&world_in(&folder), &text)).await;
    let refused = said(&folder.local(&["destroy", "--confirm", "claims"]), 1);
    for says in [
        "7 deletes need consent by name",
        "1 stage that this stack did not make (\"theirs\")",
        "destroy --confirm claims --allow-delete 'api/other_stages' --allow-delete 'plans.XXXPlan/other_keys'",
    ] {
        assert!(refused.contains(says), "no {says:?} in\n{refused}");
    }
    assert!(
        !refused.contains("left alone") && !refused.contains("not touched"),
        "{refused}"
    );

    let plan = said(&folder.local(&["plan", "--destroy", "--out", "a.plan"]), 0);
    assert!(
        plan.contains("--allow-delete 'user_pool/other_clients'"),
        "{plan}"
    );
    let refused = said(
        &folder.local(&["apply", "a.plan", "--confirm", "claims"]),
        1,
    );
    assert!(
        refused.contains("7 deletes need consent by name"),
        "{refused}"
    );

    let json = folder.local(&["plan", "--destroy", "--json"]).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let of_others = |entry: &&serde_json::Value| entry["of"] == "others";
    let missing = json["missing_consent"].as_array().unwrap();
    assert_eq!(missing.iter().filter(of_others).count(), 7, "{json:#}");
    assert_eq!(
        json["going_along"].as_array().map(Vec::len),
        Some(7),
        "{json:#}"
    );

    let gone = folder.local(&[
        "destroy",
        "--confirm",
        "claims",
        "--allow-delete",
        "*/other_*",
        "--allow-delete",
        "user_pool/*",
    ]);
    assert!(said(&gone, 0).contains("Destroyed:"));
}

const OPEN: &str = "requires = \"nothing\"";

fn routes(text: &str) -> String {
    stack_of(1, 0).replace("[api.routes]\n", &format!("[api.routes]\n{text}\n"))
}

fn notes(plan: &Plan) -> BTreeMap<String, String> {
    let notes = plan.notes.iter().filter(|note| note.code == "GS104");
    notes
        .map(|note| (note.address.to_string(), note.text.clone()))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn opening_a_shut_route_needs_consent() {
    let shut = "\"GET /a\" = { mock = 200 }\n\"GET /b\" = { mock = 200 }";
    let a = "api.routes.\"GET /a\"";
    for (before, after, opened) in [
        (shut.to_owned(), format!("\"GET /a\" = {{ mock = 200, {OPEN} }}\n\"GET /b\" = {{ mock = 200 }}"), vec![a]),
        // Removing a requirement makes a route public if it was the last one.
        (
            "\"GET /a\" = { mock = 200, requires = { api_key = true } }".into(),
            "\"GET /a\" = { mock = 200, requires = {} }".into(),
            vec![a],
        ),
        (
            "\"GET /a\" = { mock = 200, requires = { token = \"id\" } }".into(),
            format!("\"GET /a\" = {{ mock = 200, {OPEN} }}"),
            vec![a],
        ),
        (
            shut.into(),
            "\"GET /a\" = { mock = 200, requires = { api_key = true } }\n\"GET /b\" = { mock = 200 }".into(),
            vec![],
        ),
        // Another route answers the same calls.
        (
            "\"ANY /{proxy+}\" = { mock = 200 }".into(),
            format!("\"ANY /{{proxy+}}\" = {{ mock = 200 }}\n\"GET /a\" = {{ mock = 200, {OPEN} }}"),
            vec![a],
        ),
        (
            format!("\"ANY /{{proxy+}}\" = {{ mock = 200, {OPEN} }}\n\"GET /a\" = {{ mock = 200 }}"),
            format!("\"ANY /{{proxy+}}\" = {{ mock = 200, {OPEN} }}"),
            vec![a],
        ),
        (
            "\"GET /a/{x}\" = { mock = 200 }".into(),
            format!("\"GET /a/{{y}}\" = {{ mock = 200, {OPEN} }}"),
            vec!["api.routes.\"GET /a/{y}\""],
        ),
        (
            "\"GET /a/{x}\" = { mock = 200 }".into(),
            "\"GET /a/{y}\" = { mock = 200 }".into(),
            vec![],
        ),
        // A path without a route before is new, and not opened.
        (
            "\"GET /a\" = { mock = 200 }".into(),
            format!("\"GET /a\" = {{ mock = 200 }}\n\"POST /a\" = {{ mock = 200, {OPEN} }}"),
            vec![],
        ),
    ] {
        let world = World::new();
        world.apply(&routes(&before)).await;
        let plan = world.plan(&routes(&after)).await;
        assert_eq!(names(&plan), opened, "{before} → {after}: {:?}", losses(&plan));
        let of = plan.missing_consent.values().all(|loss| loss.of == LossOf::Requirements);
        assert!(of, "{:?}", plan.missing_consent);
        let agreed = world.plan_with(&routes(&after), &agreed(&opened)).await.unwrap();
        assert_eq!(names(&agreed), [""; 0]);
    }
}

/// `S` for a protected route and `O` for a public one.
fn written(list: &[(&str, char)]) -> String {
    let line = |(name, is): &(&str, char)| match is {
        'O' => format!("\"{name}\" = {{ mock = 200, {OPEN} }}"),
        _ => format!("\"{name}\" = {{ mock = 200 }}"),
    };
    let lines: Vec<String> = list.iter().map(line).collect();
    routes(&lines.join("\n"))
}

/// Routes and whether they are protected or public.
type Routes = &'static [(&'static str, char)];

/// Which route answers a call depends on all of them: verbs that `ANY` covers, and paths that overlap. Each with the route that
/// needs consent, and a call that would be admitted.
const ACROSS: [(Routes, Routes, &str, &str); 8] = [
    (
        &[("GET /{proxy+}", 'S')],
        &[("GET /{proxy+}", 'S'), ("ANY /a", 'O')],
        "ANY /a",
        "/a",
    ),
    (
        &[("GET /{proxy+}", 'S')],
        &[("GET /{proxy+}", 'S'), ("ANY /x/{proxy+}", 'O')],
        "ANY /x/{proxy+}",
        "/x/q",
    ),
    (
        &[("GET /{x}/b", 'S')],
        &[("GET /{x}/b", 'S'), ("GET /a/{y}", 'O')],
        "GET /a/{y}",
        "/a/b",
    ),
    (
        &[("ANY /x/{proxy+}", 'S'), ("GET /{proxy+}", 'O')],
        &[("POST /x/{proxy+}", 'S'), ("GET /{proxy+}", 'O')],
        "ANY /x/{proxy+}",
        "/x/foo",
    ),
    (
        &[("ANY /x", 'S'), ("GET /{proxy+}", 'O')],
        &[("POST /x", 'S'), ("GET /{proxy+}", 'O')],
        "ANY /x",
        "/x",
    ),
    (
        &[("ANY /x/{proxy+}", 'S')],
        &[("POST /x/{proxy+}", 'S'), ("GET /{proxy+}", 'O')],
        "GET /{proxy+}",
        "/x/y",
    ),
    (
        &[("GET /a/{x}", 'S'), ("GET /{y}/c", 'O')],
        &[("GET /a/z", 'S'), ("GET /{y}/c", 'O')],
        "GET /a/{x}",
        "/a/c",
    ),
    // A literal path takes calls from a parameter and leaves them to the greedy route.
    (
        &[("GET /{x}/b", 'S'), ("GET /{x}/{rest+}", 'O')],
        &[
            ("GET /{x}/b", 'S'),
            ("GET /{x}/{rest+}", 'O'),
            ("POST /a/b", 'S'),
        ],
        "GET /{x}/{rest+}",
        "/a/b",
    ),
];

/// The status of a call without credentials, at the local AWS of a folder.
fn status_of(folder: &Folder, path: &str) -> u16 {
    let json = folder.local(&["output", "--json"]).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let invoke = json["outputs"]["invoke_url"].as_str().unwrap();
    let host = invoke.split('/').nth(2).unwrap().to_owned();
    folder.served(&[], |url| {
        let curl = std::process::Command::new("curl")
            .args(["-s", "-o", "/dev/null", "-w", "%{http_code}"])
            .args(["-H", &format!("Host: {host}")])
            .arg(format!("{url}/prod{path}"))
            .output()
            .unwrap();
        String::from_utf8(curl.stdout).unwrap().parse().unwrap()
    })
}

#[test]
fn yes_leaves_shut_what_another_route_would_open() {
    for (before, after, name, path) in ACROSS {
        let case = format!("{before:?} → {after:?}");
        let folder = Folder::with(&written(before));
        folder.apply(&[]);
        let shut = status_of(&folder, path);
        assert!([401, 403].contains(&shut), "{case}: {shut}");
        folder.write(&written(after));
        let flag = format!("api.routes.\"{name}\"");
        let refused = said(&folder.local(&["apply", "--yes"]), 1);
        assert!(
            refused.contains("1 change needs consent by name") && refused.contains(&flag),
            "{case}: {refused}"
        );
        assert_eq!(status_of(&folder, path), shut, "{case}");
        folder.apply(&["--allow-delete", &flag]);
        assert_eq!(status_of(&folder, path), 200, "{case}");
        // A rollback to the protected one needs no consent; one to the public one needs it like the apply.
        folder.write(&written(before));
        folder.apply(&[]);
        assert_eq!(status_of(&folder, path), shut, "{case}");
        let refused = said(&folder.local(&["rollback", "--yes"]), 1);
        assert!(refused.contains(&flag), "{case}: {refused}");
        assert_eq!(status_of(&folder, path), shut, "{case}");
    }
}

#[test]
fn yes_opens_nothing() {
    let folder = Folder::with(&routes("\"GET /a\" = { mock = 200 }"));
    folder.apply(&[]);
    folder.write(&routes(&format!("\"GET /a\" = {{ mock = 200, {OPEN} }}")));
    let flag = "--allow-delete 'api.routes.\"GET /a\"'";
    let shown = said(&folder.local(&["plan"]), 0);
    assert!(
        shown.contains(flag) && shown.contains("anyone may call it"),
        "{shown}"
    );
    let refused = said(&folder.local(&["apply", "--yes"]), 1);
    assert!(
        refused.contains("1 change needs consent by name") && refused.contains(flag),
        "{refused}"
    );
    folder.apply(&["--allow-delete", "api.routes.\"GET /a\""]);
}

#[tokio::test(start_paused = true)]
async fn a_new_route_that_is_open_is_said_unless_the_file_says_it() {
    let world = World::new();
    let all_open = stack_of(0, 1).replace(
        "requires = { scopes = [\"xxx-api/read\"], api_key = true }\n",
        "",
    );
    let said: Vec<String> = notes(&world.plan(&all_open).await).into_keys().collect();
    // A preflight is public because browsers send it without a token.
    assert_eq!(said, ["api.routes.\"GET /things0/{id}\""]);
    let on_purpose = all_open.replace("cors = true", &format!("cors = true\n{OPEN}"));
    assert!(notes(&world.plan(&on_purpose).await).is_empty());
    let one = routes(&format!(
        "\"GET /a\" = {{ mock = 200, {OPEN} }}\n\"GET /b\" = {{ mock = 200, requires = {{}} }}"
    ));
    let said: Vec<String> = notes(&world.plan(&one).await).into_keys().collect();
    assert_eq!(said, ["api.routes.\"GET /b\""]);
}

#[tokio::test(start_paused = true)]
async fn removing_most_routes_needs_consent() {
    for (before, after, asks) in [
        (5, 2, true),
        (4, 1, true),
        (6, 3, false),
        (2, 0, false),
        (3, 1, false),
    ] {
        let world = World::new();
        let stays = "\"GET /\" = { mock = 200 }";
        let of = |count: usize| {
            let text = if count == 0 { stays } else { "" };
            stack_of(1, count).replace("[api.routes]\n", &format!("[api.routes]\n{text}\n"))
        };
        world.apply(&of(before)).await;
        let plan = world.plan(&of(after)).await;
        let expected: &[&str] = if asks { &["api.routes"] } else { &[] };
        assert_eq!(names(&plan), expected, "{before} → {after}");
        if !asks {
            continue;
        }
        let text = &losses(&plan)[0];
        assert!(
            text.contains(&format!("{} of {before} routes", before - after)),
            "{text}"
        );
        let removed: Vec<String> = plan
            .changes
            .keys()
            .filter(|address| plan.goes(address) && address.as_str().starts_with("api.routes."))
            .map(Address::to_string)
            .collect();
        let each: Vec<&str> = removed.iter().map(String::as_str).collect();
        for patterns in [&["api.routes"][..], &["api.routes.*"], &each] {
            let plan = world
                .plan_with(&of(after), &agreed(patterns))
                .await
                .unwrap();
            assert_eq!(names(&plan), [""; 0], "{patterns:?}");
        }
        let plan = world
            .plan_with(&of(after), &agreed(&each[1..]))
            .await
            .unwrap();
        assert_eq!(names(&plan), ["api.routes"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_thing_at_an_address_that_no_file_has_stops_everything() {
    let world = World::new();
    let text = stack_of(1, 1);
    world.apply(&text).await;
    let console = world.apigateway();
    for key in [
        "api2",
        "user_pool",
        "load_balancer/instances/9",
        "partners.insurer0",
    ] {
        let made = console
            .create_rest_api()
            .name("theirs")
            .tags("gatestack:stack", "claims")
            .tags("gatestack:key", key)
            .send()
            .await
            .unwrap();
        let id = made.id().unwrap();
        for options in [Options::default(), destroy(&["*"])] {
            let problems = world.plan_with(&text, &options).await.unwrap_err();
            let about = problems
                .iter()
                .find(|problem| problem.address.as_str() == key);
            let about = about.unwrap_or_else(|| panic!("{key}: {problems:#?}"));
            assert!(about.what.contains(&format!("/restapis/{id}")), "{about:?}");
            assert!(about.help.contains("untag-resources"), "{about:?}");
        }
        console
            .delete_rest_api()
            .rest_api_id(id)
            .send()
            .await
            .unwrap();
    }
    assert!(world.plan(&text).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn every_address_of_a_file_is_a_place_of_its_kind() {
    for text in [
        crate::support::scene::stack(),
        crate::support::program::example("partner-api"),
    ] {
        for (address, wanted) in &desired(&text).resources {
            let kind = wanted.resource.info().name;
            assert!(address.is_place_of(kind), "{address} of {kind}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_of_a_partners_name_is_not_ours_without_the_keys_tag() {
    let scene = Scene::new().await;
    let (cognito, console) = (scene.world.cognito(), scene.world.apigateway());
    let (pool, client) = (scene.id("user_pool"), scene.id("partners.insurer0/client"));
    let delete = cognito.delete_user_pool_client().user_pool_id(&pool);
    delete.client_id(&client).send().await.unwrap();
    let untag = console
        .untag_resource()
        .resource_arn(scene.arn("partners.insurer0/key"));
    untag.tag_keys("gatestack:client").send().await.unwrap();
    let made = cognito.create_user_pool_client().user_pool_id(&pool);
    made.client_name("insurer0")
        .generate_secret(true)
        .send()
        .await
        .unwrap();
    let problems = scene
        .world
        .plan_with(&scene.text, &Options::default())
        .await
        .unwrap_err();
    assert_eq!(problems[0].address.as_str(), "partners.insurer0/client");
    assert!(
        problems[0]
            .help
            .contains("--adopt 'partners.insurer0/client'"),
        "{problems:?}"
    );
    // Not even a destroy treats it as the partner's.
    let plan = scene
        .world
        .plan_with(&scene.text, &destroy(&[]))
        .await
        .unwrap();
    assert_eq!(names(&plan), ["user_pool/other_clients"]);
    scene.adopts(&["partners.insurer0/client"]).await;
    assert!(scene.world.plan(&scene.text).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_move_onto_an_existing_partner_makes_no_orphan() {
    let world = World::new();
    let text = stack_of(2, 1);
    world.apply(&text).await;
    let moved = text
        .split("\n[partners.insurer1]")
        .next()
        .unwrap()
        .to_owned()
        + "\n[[moved]]\nfrom = \"partners.insurer1\"\nto = \"partners.insurer0\"\n";
    let problems = world
        .plan_with(&moved, &Options::default())
        .await
        .unwrap_err();
    for problem in &problems {
        assert!(problem.what.contains("`[[moved]]` moves"), "{problem:?}");
        assert!(!problem.help.contains("remove the tags"), "{problem:?}");
        assert!(
            problem.help.contains("--allow-delete 'partners.insurer0'"),
            "{problem:?}"
        );
    }
}

/// A redeployment of one route also publishes changes of the authorizer made by hand.
#[tokio::test(start_paused = true)]
async fn a_target_takes_the_authorizer_along_and_names_what_it_leaves_out() {
    let world = World::new();
    let text = stack_of(1, 2);
    world.apply(&text).await;
    let console = world.apigateway();
    let api = world.id(&text, "api").await;
    let patch = |op: Op, path: &str, value: &str| {
        PatchOperation::builder()
            .op(op)
            .path(path)
            .value(value)
            .build()
    };
    let foreign = world.cognito().create_user_pool().pool_name("theirs");
    let foreign = foreign
        .send()
        .await
        .unwrap()
        .user_pool
        .unwrap()
        .arn
        .unwrap();
    let changed = console.update_authorizer().rest_api_id(&api);
    let changed = changed.authorizer_id(world.id(&text, "api/authorizer").await);
    let changed = changed.patch_operations(patch(Op::Add, "/providerARNs", &foreign));
    changed.send().await.unwrap();
    let resources = console
        .get_resources()
        .rest_api_id(&api)
        .send()
        .await
        .unwrap();
    let mut resources = resources.items().iter();
    let resource = resources
        .find(|one| one.path() == Some("/things1/{id}"))
        .unwrap();
    let changed = console.update_method().rest_api_id(&api);
    let changed = changed
        .resource_id(resource.id().unwrap())
        .http_method("GET");
    let changed = changed.patch_operations(patch(Op::Replace, "/apiKeyRequired", "false"));
    changed.send().await.unwrap();
    let after = text.replace("com/things0/{id}", "com/v2/{id}");
    assert_ne!(after, text);
    let options = Options {
        targets: Patterns::new(["api.routes.\"GET /things0/{id}\"".to_owned()]),
        ..Options::default()
    };
    let plan = world.plan_with(&after, &options).await.unwrap();
    let steps = summary(&plan);
    assert!(
        steps
            .iter()
            .any(|step| step.starts_with("update api/authorizer")),
        "{steps:?}"
    );
    let redeployed = &plan.changes[&Address::new("api/deployment")];
    assert_eq!(redeployed.reasons, ["2 changes below the API"]);
    let open = plan.notes.iter().find(|note| note.code == "GS131").unwrap();
    assert!(
        open.text.contains("until this plan deploys them"),
        "{}",
        open.text
    );
    let note = plan.notes.iter().find(|note| note.code == "GS136").unwrap();
    assert!(note.text.contains("GET /things1/{id}"), "{}", note.text);
    assert!(!note.text.contains("authorizer"), "{}", note.text);
}

/// A route that was made by hand and never deployed: leaving it out of a plan that redeploys would publish it.
#[tokio::test(start_paused = true)]
async fn a_target_publishes_no_open_route_of_others_without_consent() {
    let world = World::new();
    let text = stack_of(1, 1);
    world.apply(&text).await;
    let console = world.apigateway();
    let api = world.id(&text, "api").await;
    let resources = console.get_resources().rest_api_id(&api);
    let resources = resources.send().await.unwrap();
    let mut resources = resources.items().iter();
    let root = resources.find(|one| one.path() == Some("/")).unwrap();
    let made = console.create_resource().rest_api_id(&api);
    let made = made.parent_id(root.id().unwrap()).path_part("admin");
    let made = made.send().await.unwrap();
    let method = console.put_method().rest_api_id(&api);
    let method = method.resource_id(made.id().unwrap()).http_method("GET");
    method.authorization_type("NONE").send().await.unwrap();
    let behind = console.put_integration().rest_api_id(&api);
    let behind = behind.resource_id(made.id().unwrap()).http_method("GET");
    let behind = behind.r#type(IntegrationType::Mock);
    behind.send().await.unwrap();
    let after = text.replace("com/things0/{id}", "com/v2/{id}");
    let all = world.plan(&after).await;
    assert!(all.missing_consent.is_empty(), "{:?}", all.missing_consent);
    let options = Options {
        targets: Patterns::new(["api.routes.\"GET /things0/{id}\"".to_owned()]),
        ..Options::default()
    };
    let plan = world.plan_with(&after, &options).await.unwrap();
    let missing = format!("{:?}", plan.missing_consent);
    assert!(missing.contains("GET /admin"), "{missing}");
    let agreed = Options {
        allow_delete: Patterns::new(["api.routes.\"GET /admin\"".to_owned()]),
        ..options
    };
    let plan = world.plan_with(&after, &agreed).await.unwrap();
    assert!(
        plan.missing_consent.is_empty(),
        "{:?}",
        plan.missing_consent
    );
}
