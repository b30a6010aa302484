//! Access logs: the stack's log group, the stage's setting, and the account's role, which stays after a destroy.

use std::time::Duration;

use aws_local::scenario::TaggingIndex;
use aws_local::{Pace, Service};
use aws_sdk_apigateway::types::{Op, PatchOperation};
use gatestack::aws::Connection;
use gatestack::kinds::{Resource, log_role};
use gatestack::model::Address;
use gatestack::plan::{Action, Options, Patterns};

use crate::support::program::{Folder, example};
use crate::support::world::{ACCOUNT, World, desired, somebody, stack_of, summary};

const GROUP: &str = "/aws/apigateway/claims";

/// A stack whose stage logs its calls.
pub(crate) fn logging(settings: &str) -> String {
    let line = format!("cors = true\naccess_logs = {settings}\n");
    stack_of(1, 1).replace("cors = true\n", &line)
}

fn agreed(to: &str) -> Options {
    Options {
        allow_delete: Patterns::new([to.to_owned()]),
        ..Options::default()
    }
}

/// The names of the Region's log groups, each with the days for which it keeps lines.
async fn groups(world: &World) -> Vec<(String, Option<i32>)> {
    let logs = somebody!(world, aws_sdk_cloudwatchlogs);
    let listed = logs.describe_log_groups().send().await.unwrap();
    let groups = listed.log_groups.unwrap_or_default().into_iter();
    groups
        .map(|group| (group.log_group_name.unwrap(), group.retention_in_days))
        .collect()
}

async fn make_group(world: &World, name: &str) {
    let logs = somebody!(world, aws_sdk_cloudwatchlogs);
    let made = logs.create_log_group().log_group_name(name).send().await;
    made.unwrap();
}

/// The role that API Gateway has in the account.
async fn role(world: &World) -> Option<String> {
    let account = world.apigateway().get_account().send().await.unwrap();
    account.cloudwatch_role_arn
}

/// The stage's log destination.
async fn destination(world: &World) -> Option<String> {
    let api = world.id(&stack_of(1, 1), "api").await;
    let stage = world.apigateway().get_stage().rest_api_id(api);
    let stage = stage.stage_name("prod").send().await.unwrap();
    stage.access_log_settings?.destination_arn
}

fn arn(name: &str) -> String {
    format!("arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:{name}")
}

#[tokio::test(start_paused = true)]
async fn a_stack_makes_its_log_group_and_leaves_the_role() {
    let world = World::new();
    let text = logging("true");
    let plan = world.apply(&text).await;
    for address in ["api.access_logs", "api.access_logs/role"] {
        assert_eq!(plan.changes[&Address::new(address)].action, Action::Create);
    }
    assert!(plan.notes.iter().any(|note| note.code == "GS143"));
    assert!(world.plan(&text).await.is_empty());
    assert_eq!(groups(&world).await, [(GROUP.to_owned(), Some(30))]);
    let logs = somebody!(world, aws_sdk_cloudwatchlogs);
    let tags = logs.list_tags_for_resource().resource_arn(arn(GROUP));
    let tags = tags.send().await.unwrap().tags.unwrap();
    assert_eq!(tags["gatestack:stack"], "claims");
    assert_eq!(tags["gatestack:key"], "api.access_logs");
    assert_eq!(destination(&world).await, Some(arn(GROUP)));
    let expected = format!("arn:aws:iam::{ACCOUNT}:role/{}", log_role::NAME);
    assert_eq!(role(&world).await, Some(expected.clone()));

    let options = Options {
        destroy: true,
        ..agreed("*")
    };
    let plan = world.plan_with(&text, &options).await.unwrap();
    let left = plan.notes.iter().find(|note| note.code == "GS145");
    let left = left.expect("what is left is said");
    assert_eq!(left.address.as_str(), "api.access_logs/role");
    assert!(
        left.text.starts_with("left: the CloudWatch role"),
        "{left:?}"
    );
    assert!(
        !plan
            .changes
            .contains_key(&Address::new("api.access_logs/role"))
    );
    world.destroy(&text).await;
    assert_eq!(groups(&world).await, []);
    assert_eq!(role(&world).await, Some(expected));
    let again = world.plan_with(&text, &options).await.unwrap();
    assert!(again.is_empty() && again.notes.is_empty(), "{again:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_group_goes_after_the_stage_that_writes_to_it() {
    let world = World::new();
    let text = logging("true");
    world.apply(&text).await;
    let options = Options {
        destroy: true,
        ..agreed("*")
    };
    let plan = world.plan_with(&text, &options).await.unwrap();
    let place = |address: &str| {
        let mut steps = plan.steps.iter();
        steps.position(|step| step.address.as_str() == address)
    };
    // The stage is deleted with its API.
    assert!(place("api").unwrap() < place("api.access_logs").unwrap());
    let (without, options) = (stack_of(1, 1), agreed("api.access_logs"));
    let plan = world.plan_with(&without, &options).await.unwrap();
    let place = |address: &str| {
        let mut steps = plan.steps.iter();
        steps.position(|step| step.address.as_str() == address)
    };
    assert!(place("api/stage").unwrap() < place("api.access_logs").unwrap());
}

#[tokio::test(start_paused = true)]
async fn lines_that_are_kept_shorter_are_a_loss() {
    let world = World::new();
    world.apply(&logging("{ retention = \"90d\" }")).await;
    let longer = logging("{ retention = \"365d\" }");
    let plan = world.apply(&longer).await;
    assert_eq!(summary(&plan), ["update api.access_logs"]);
    assert!(plan.missing_consent.is_empty());

    let shorter = logging("true");
    let plan = world.plan(&shorter).await;
    assert_eq!(summary(&plan), ["update api.access_logs"]);
    let loss = &plan.missing_consent[&Address::new("api.access_logs")];
    assert_eq!(
        loss.text,
        "log lines older than 30d: CloudWatch kept them for 365d"
    );
    let plan = world.apply_with(&shorter, &agreed("api.access_logs")).await;
    assert!(plan.missing_consent.is_empty());
    assert_eq!(groups(&world).await, [(GROUP.to_owned(), Some(30))]);
    assert!(world.plan(&shorter).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_group_that_the_file_renames_is_kept_until_it_is_named() {
    let world = World::new();
    for name in ["/calls/one", "/calls/two", "/calls/three"] {
        world
            .apply(&logging(&format!("{{ group = \"{name}\" }}")))
            .await;
        assert_eq!(destination(&world).await, Some(arn(name)));
    }
    // The older ones are found without the index.
    let world = world.with_index(TaggingIndex::Empty);
    let text = logging("{ group = \"/calls/three\" }");
    let plan = world.plan(&text).await;
    assert!(plan.is_empty(), "{:#?}", plan.changes);
    let kept: Vec<String> = plan.kept.iter().map(Address::to_string).collect();
    let (one, two) = ("api.access_logs//calls/one", "api.access_logs//calls/two");
    assert_eq!(kept, [one, two]);
    let plan = world.apply_with(&text, &agreed(one)).await;
    assert_eq!(summary(&plan), [format!("delete {one}")]);
    let names: Vec<String> = groups(&world).await.into_iter().map(|one| one.0).collect();
    assert_eq!(names, ["/calls/three", "/calls/two"]);
    world.destroy(&text).await;
    assert_eq!(groups(&world).await, []);
}

#[tokio::test(start_paused = true)]
async fn a_group_that_is_wanted_no_longer_is_kept_until_it_is_named() {
    let world = World::new();
    world.apply(&logging("{ group = \"/calls\" }")).await;
    let without = stack_of(1, 1);
    let plan = world.apply(&without).await;
    assert_eq!(summary(&plan), ["update api/stage"]);
    assert!(plan.notes.iter().any(|note| note.code == "GS144"));
    assert_eq!(plan.kept, [Address::new("api.access_logs")]);
    assert_eq!(destination(&world).await, None);
    let world = world.with_index(TaggingIndex::Empty);
    assert!(world.plan(&without).await.is_empty());
    world.apply_with(&without, &agreed("api.access_logs")).await;
    assert_eq!(groups(&world).await, []);
    assert!(role(&world).await.is_some(), "the role is the account's");
}

#[tokio::test(start_paused = true)]
async fn access_logs_that_the_file_has_not_are_taken_off() {
    let world = World::new();
    let text = logging("true");
    world.apply(&text).await;
    let without = stack_of(1, 1);
    world.apply(&without).await;
    let api = world.id(&without, "api").await;
    let set = |path: &str, value: &str| {
        let patch = PatchOperation::builder().op(Op::Replace);
        patch.path(path).value(value).build()
    };
    let stage = world.apigateway().update_stage().rest_api_id(api);
    let stage = stage.stage_name("prod");
    let stage = stage.patch_operations(set("/accessLogSettings/destinationArn", &arn("/theirs")));
    let stage = stage.patch_operations(set("/accessLogSettings/format", "$context.requestId"));
    stage.send().await.unwrap();
    // Like every setting with a default in the schema; the end of logging is shown.
    let plan = world.plan(&without).await;
    assert_eq!(summary(&plan), ["update api/stage"]);
    let said = plan.notes.iter().find(|note| note.code == "GS144").unwrap();
    assert!(said.text.ends_with(&arn("/theirs")), "{said:?}");
}

#[tokio::test(start_paused = true)]
async fn a_role_that_is_set_is_neither_changed_nor_made_again() {
    let world = World::new();
    let iam = somebody!(world, aws_sdk_iam);
    let trust = r#"{"Statement": {"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"}}"#;
    let made = iam.create_role().role_name("logs");
    let made = made
        .assume_role_policy_document(trust)
        .send()
        .await
        .unwrap();
    let theirs = made.role.unwrap().arn;
    let policy = aws_facts::arns::PUSH_TO_CLOUDWATCH_LOGS;
    let attach = iam.attach_role_policy().role_name("logs");
    attach.policy_arn(policy).send().await.unwrap();
    let set = PatchOperation::builder()
        .op(Op::Replace)
        .path("/cloudwatchRoleArn")
        .value(&theirs)
        .build();
    let account = world.apigateway().update_account();
    account.patch_operations(set).send().await.unwrap();

    let text = logging("true");
    let plan = world.apply(&text).await;
    assert!(
        !plan
            .changes
            .contains_key(&Address::new("api.access_logs/role"))
    );
    assert!(world.plan(&text).await.is_empty());
    world.destroy(&text).await;
    assert_eq!(role(&world).await, Some(theirs));
    let roles = iam.list_roles().send().await.unwrap().roles;
    assert_eq!(roles.len(), 1, "{roles:?}");
}

#[tokio::test(start_paused = true)]
async fn a_role_of_another_region_is_used_and_a_strangers_is_not() {
    let world = World::new();
    let text = logging("true");
    world.apply(&text).await;
    // As in another Region, where API Gateway has none yet.
    let nothing = PatchOperation::builder()
        .op(Op::Replace)
        .path("/cloudwatchRoleArn")
        .value("")
        .build();
    let account = || world.apigateway().update_account();
    account()
        .patch_operations(nothing.clone())
        .send()
        .await
        .unwrap();
    let plan = world.apply(&text).await;
    assert_eq!(summary(&plan), ["create api.access_logs/role"]);
    assert!(role(&world).await.is_some());

    account().patch_operations(nothing).send().await.unwrap();
    let iam = somebody!(world, aws_sdk_iam);
    let detach = iam.detach_role_policy().role_name(log_role::NAME);
    let policy = aws_facts::arns::PUSH_TO_CLOUDWATCH_LOGS;
    detach.policy_arn(policy).send().await.unwrap();
    iam.delete_role()
        .role_name(log_role::NAME)
        .send()
        .await
        .unwrap();
    let made = iam.create_role().role_name(log_role::NAME);
    let made = made.assume_role_policy_document("{}").send().await;
    made.unwrap();
    let plan = world.plan(&text).await;
    let outcome = world.carry_out(&plan, world.line()).await;
    let said = format!("{:?}", outcome.failures);
    assert!(said.contains("that gatestack did not make"), "{said}");
    let policies = iam.list_attached_role_policies().role_name(log_role::NAME);
    let policies = policies.send().await.unwrap().attached_policies;
    assert_eq!(policies.unwrap_or_default(), [], "it got no permission");
}

#[tokio::test(start_paused = true)]
async fn a_fresh_role_is_waited_for() {
    let world = World::new();
    let service = Service::in_memory(aws_local::Options {
        account: ACCOUNT.into(),
        clock: world.clock.clone(),
        pace: Pace::Realistic { time_scale: 1.0 },
        ..aws_local::Options::default()
    });
    let world = World { service, ..world };
    let text = logging("true");
    let session = world
        .session(&desired(&text), gatestack::engine::Purpose::Make)
        .await;
    let plan = crate::support::world::plan_of(&session, &Options::default()).await;
    let began = world.clock.now();
    let outcome = world.carry_out_in(&session, &plan.unwrap()).await;
    assert!(outcome.failures.is_empty(), "{:#?}", outcome.failures);
    assert_eq!(calls(&session.connection, "UpdateAccount"), 2);
    let took = world.clock.now().duration_since(began).unsigned_abs();
    assert!(took < Duration::from_secs(120), "{took:?}");
}

fn calls(connection: &Connection, operation: &str) -> u64 {
    let all = connection.tally().by_operation().into_iter();
    all.filter(|((_, name), _)| name == operation)
        .map(|(_, times)| times)
        .sum()
}

#[tokio::test(start_paused = true)]
async fn an_existing_group_is_only_written_to() {
    let world = World::new();
    make_group(&world, "/theirs").await;
    let text = logging(&format!("{{ group = \"{}\" }}", arn("/theirs")));
    let plan = world.apply(&text).await;
    assert!(!plan.changes.contains_key(&Address::new("api.access_logs")));
    assert!(
        plan.changes
            .contains_key(&Address::new("api.access_logs/role"))
    );
    assert_eq!(destination(&world).await, Some(arn("/theirs")));
    assert!(world.plan(&text).await.is_empty());
    world.destroy(&text).await;
    assert_eq!(groups(&world).await, [("/theirs".to_owned(), None)]);
}

#[tokio::test(start_paused = true)]
async fn somebody_elses_group_is_in_the_way_until_it_is_adopted() {
    let world = World::new();
    make_group(&world, GROUP).await;
    // Its name begins as the other's does.
    make_group(&world, &format!("{GROUP}-2")).await;
    let text = logging("true");
    let problems = world
        .plan_with(&text, &Options::default())
        .await
        .unwrap_err();
    assert_eq!(problems.len(), 1, "{problems:?}");
    let help = "rename one of the two, or take it over with --adopt 'api.access_logs'";
    assert_eq!(problems[0].help, help);

    let mut wanted = desired(&text);
    let group = Address::new("api.access_logs");
    wanted.adopt = wanted.adopt.and([group.clone()]);
    let plan = world.plan_to(&wanted, &Options::default()).await.unwrap();
    // It had no retention.
    assert!(plan.missing_consent.contains_key(&group));
    let plan = world.plan_to(&wanted, &agreed("api.access_logs")).await;
    let plan = plan.unwrap();
    let change = &plan.changes[&group];
    let fields: Vec<&str> = change.fields.iter().map(|field| field.name).collect();
    assert_eq!(
        (change.action, fields),
        (Action::Update, vec!["retention", "tags"])
    );
    let line = world.line();
    let outcome = world.carry_out(&plan, line).await;
    assert!(outcome.failures.is_empty(), "{:#?}", outcome.failures);
    assert!(world.plan(&text).await.is_empty());

    let other = text.replace("name = \"claims\"", "name = \"other\"");
    let other = other.replace(
        "access_logs = true",
        &format!("access_logs = {{ group = \"{GROUP}\" }}"),
    );
    let problems = world
        .plan_with(&other, &Options::default())
        .await
        .unwrap_err();
    let taken = "the stack \"claims\" has user pool \"XXX Users\", REST API \"xxx-api\", API key \"insurer0\", user pool domain \"xxx-123456789012\", log group \"/aws/apigateway/claims\"";
    let said = problems.iter().any(|problem| problem.what.contains(taken));
    assert!(said, "{problems:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stack_without_access_logs_asks_neither_logs_nor_iam() {
    let world = World::new();
    let text = stack_of(1, 1);
    world.apply(&text).await;
    let session = world
        .session(&desired(&text), gatestack::engine::Purpose::Make)
        .await;
    session
        .observe(&mut gatestack::engine::Silent)
        .await
        .unwrap();
    for operation in ["DescribeLogGroups", "GetAccount", "GetRole"] {
        assert_eq!(calls(&session.connection, operation), 0, "{operation}");
    }
}

#[test]
fn the_default_name_holds_what_a_stacks_name_may_not() {
    let text = logging("true").replace("name = \"claims\"", "name = \"claims @ home\"");
    let desired = desired(&text);
    let Resource::LogGroup(group) = &desired.resources[&Address::new("api.access_logs")].resource
    else {
        panic!("a log group");
    };
    assert_eq!(group.name(), "/aws/apigateway/claims---home");
}

#[test]
fn the_example_from_the_first_apply_to_the_last_trace() {
    let text = example("access-logs");
    let folder = Folder::with(&text);
    folder.apply(&[]);
    assert_eq!(folder.planned(), Vec::<String>::new());
    folder.write(&text.replace("\"90d\"", "\"180d\""));
    assert_eq!(folder.planned(), ["update api.access_logs"]);
    folder.apply(&[]);
    assert_eq!(folder.planned(), Vec::<String>::new());
    let ran = folder.local(&["destroy", "--confirm", "access-logs"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(
        ran.stdout.contains("left: the CloudWatch role"),
        "{}",
        ran.stdout
    );
    let left = folder.local(&["plan", "--destroy"]).stdout;
    assert!(left.contains("Nothing to destroy"), "{left}");
}
