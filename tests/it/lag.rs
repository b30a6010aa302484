//! With a tagging API whose index is empty, frozen or minutes behind: gatestack finds everything of the stack, and creates
//! nothing twice.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_local::Scenario;
use aws_local::scenario::{Rule, TaggingIndex};
use aws_sdk_cognitoidentityprovider::types::DeletionProtectionType;
use gatestack::engine::Purpose;
use gatestack::kinds::{DOMAIN_MARK, LOAD_BALANCER_MARK};
use gatestack::model::Address;
use gatestack::plan::{Options, Patterns};

use crate::support::example::Example;
use crate::support::road::{Road, stack_with_a_road};
use crate::support::scene::stack;
use crate::support::wire::{Fate, Wire};
use crate::support::world::{World, desired, plan_of, stack_of, summary};

/// How far behind the index is.
const BEHIND: Duration = Duration::from_secs(300);

/// Every way in which the index may lag.
const LAGS: [TaggingIndex; 3] = [
    TaggingIndex::Empty,
    TaggingIndex::Frozen,
    TaggingIndex::Behind(BEHIND),
];

impl World {
    /// A world whose tagging API lags from the start.
    pub(crate) fn lagging(index: TaggingIndex) -> Self {
        World::new().with_index(index)
    }

    /// A copy of this world whose tagging API lags from now on.
    pub(crate) fn with_index(&self, index: TaggingIndex) -> Self {
        let scenario = Scenario::new([Rule::TaggingIndex(index)]);
        Self {
            service: self.service.in_memory_copy_with(scenario).unwrap(),
            ..self.clone()
        }
    }

    fn tagging(&self) -> aws_sdk_resourcegroupstagging::Client {
        let config = aws_sdk_resourcegroupstagging::Config::builder()
            .behavior_version_latest()
            .region(aws_sdk_resourcegroupstagging::config::Region::new(
                "eu-west-1",
            ))
            .credentials_provider(
                aws_sdk_resourcegroupstagging::config::Credentials::from_keys(
                    "someone", "else", None,
                ),
            )
            .http_client(self.line())
            .build();
        aws_sdk_resourcegroupstagging::Client::from_conf(config)
    }

    /// The values of the tag `team` that the index knows.
    async fn teams(&self) -> BTreeSet<String> {
        let answer = self.tagging().get_resources().send().await.unwrap();
        let mappings = answer.resource_tag_mapping_list().iter();
        let tags = mappings.flat_map(|mapping| mapping.tags());
        tags.filter(|tag| tag.key() == "team")
            .map(|tag| tag.value().to_owned())
            .collect()
    }

    /// The names of all user pools.
    async fn pools(&self) -> Vec<String> {
        let answer = self.cognito().list_user_pools().max_results(60).send();
        let pools = answer.await.unwrap().user_pools.unwrap_or_default();
        pools.into_iter().filter_map(|pool| pool.name).collect()
    }

    async fn passes(&self) {
        self.clock.sleep(2 * BEHIND).await;
    }
}

fn agreed(pattern: &str) -> Options {
    Options {
        allow_delete: Patterns::new([pattern.to_owned()]),
        ..Options::default()
    }
}

#[tokio::test(start_paused = true)]
async fn the_index_knows_what_its_rule_says() {
    let old = World::new();
    let make = async |world: &World, name: &str| {
        let request = world.cognito().create_user_pool().pool_name(name);
        let made = request.user_pool_tags("team", name).send().await.unwrap();
        made.user_pool.unwrap().id.unwrap()
    };
    let first = make(&old, "first").await;
    for (index, at_once, later) in [
        (TaggingIndex::Empty, &[][..], &[][..]),
        (TaggingIndex::Frozen, &["first"], &["first"]),
        (TaggingIndex::Behind(BEHIND), &["first"], &["second"]),
    ] {
        let world = old.with_index(index);
        make(&world, "second").await;
        let delete = world.cognito().delete_user_pool().user_pool_id(&first);
        delete.send().await.unwrap();
        let known = |names: &[&str]| names.iter().copied().map(str::to_owned).collect();
        assert_eq!(world.teams().await, known(at_once), "{index:?}");
        world.clock.sleep(BEHIND - Duration::from_secs(1)).await;
        assert_eq!(world.teams().await, known(at_once), "{index:?}");
        world.clock.sleep(Duration::from_secs(1)).await;
        assert_eq!(world.teams().await, known(later), "{index:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_fresh_account_applies_plans_to_nothing_and_is_left_empty() {
    for index in LAGS {
        let world = World::lagging(index);
        let text = stack().replace(
            "[user_pool]\n",
            "[user_pool]\ndeletion_protection = false\n",
        );
        world.apply(&text).await;
        assert!(world.plan(&text).await.is_empty(), "{index:?}");
        world.passes().await;
        assert!(world.plan(&text).await.is_empty(), "{index:?}");
        world.destroy(&text).await;
        assert!(world.look(&text).await.live.is_empty());
        assert_eq!(world.pools().await, [""; 0], "{index:?}");
        let apis = world.apigateway().get_rest_apis().send().await.unwrap();
        assert!(apis.items().is_empty(), "{index:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_renamed_pool_is_renamed() {
    let alone =
        "[stack]\nname = \"claims\"\nregion = \"eu-west-1\"\n[user_pool]\nname = \"XXX Users\"\n";
    for text in [&stack_of(2, 1), alone] {
        for index in LAGS {
            let world = World::lagging(index);
            // Foreign ones, one of them with the new name.
            for other in 0..70 {
                let name = format!("others-{other}");
                let pool = world.cognito().create_user_pool().pool_name(name);
                pool.send().await.unwrap();
            }
            world.apply(text).await;
            let pool = world.id(text, "user_pool").await;
            let renamed = text.replace("XXX Users", "others-3");
            let plan = world.apply(&renamed).await;
            assert_eq!(summary(&plan), ["update user_pool"], "{index:?}");
            assert_eq!(world.id(&renamed, "user_pool").await, pool, "{index:?}");
            assert!(world.plan(&renamed).await.is_empty(), "{index:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_pool_that_left_the_file_is_found_through_the_authorizer() {
    let before = stack_of(1, 1).replace(
        "[user_pool]\n",
        "[user_pool]\ndeletion_protection = false\n",
    );
    let (stack, rest) = before.split_once("[user_pool]").unwrap();
    let (_, api) = rest.split_once("[api]").unwrap();
    let after = format!("{stack}[api]{api}")
        .replace("scopes = [\"xxx-api/read\"], ", "")
        .replace("\nscopes = [\"xxx-api/read\"]\n", "\n");
    for index in LAGS {
        let world = World::lagging(index);
        world.apply(&before).await;
        let plan = world.apply_with(&after, &agreed("*")).await;
        let gone = summary(&plan);
        assert!(gone.contains(&"delete user_pool".to_owned()), "{gone:?}");
        assert_eq!(world.pools().await, [""; 0], "{index:?}");
        assert!(world.plan(&after).await.is_empty(), "{index:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_pool_without_its_tags_is_taken_over_and_never_made_again() {
    for index in LAGS {
        let world = World::lagging(index);
        let text = stack_of(1, 1);
        world.apply(&text).await;
        let pool = world.id(&text, "user_pool").await;
        // An update that says no tags removes them, as an old script does.
        let update = world.cognito().update_user_pool().user_pool_id(&pool);
        let update = update.deletion_protection(DeletionProtectionType::Active);
        update.send().await.unwrap();
        for text in [&text, &text.replace("XXX Users", "Renamed")] {
            let problems = world
                .plan_with(text, &Options::default())
                .await
                .unwrap_err();
            let mut problems = problems.iter();
            let pool = problems.find(|problem| problem.address == Address::new("user_pool"));
            let help = &pool.expect("the pool is one of them").help;
            assert!(help.contains("--adopt 'user_pool'"), "{help}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_index_still_lists_is_not_taken_for_there() {
    let old = World::new();
    let text = stack();
    old.apply(&text).await;
    for index in [TaggingIndex::Frozen, TaggingIndex::Behind(BEHIND)] {
        let world = old.with_index(index);
        world.destroy(&text).await;
        assert!(world.look(&text).await.live.is_empty());
        let plan = world.apply(&text).await;
        assert!(
            summary(&plan)
                .iter()
                .all(|line| line.starts_with("create "))
        );
        assert!(world.plan(&text).await.is_empty(), "{index:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_example_lives_and_goes() {
    for index in LAGS {
        Box::pin(Example::under(index, false)).await.lives().await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_example_lives_and_goes_with_its_overlay() {
    for index in LAGS {
        Box::pin(Example::under(index, true)).await.lives().await;
    }
}

/// The stack with a private backend after its table was removed from the file.
fn without_a_road() -> String {
    let text = stack_with_a_road();
    let (stack, rest) = text.split_once("[load_balancer]").unwrap();
    let (_, api) = rest.split_once("[api]").unwrap();
    format!("{stack}[api]{api}").replace(", via = \"load_balancer\"", "")
}

fn unprotected_road() -> String {
    stack_with_a_road().replace(
        "[load_balancer]\n",
        "[load_balancer]\ndeletion_protection = false\n",
    )
}

const ROAD: [&str; 5] = [
    "delete api/vpc_link",
    "delete load_balancer",
    "delete load_balancer.listeners.80",
    "delete load_balancer.listeners.80/target_group",
    "delete load_balancer/security_group",
];

#[tokio::test(start_paused = true)]
async fn a_load_balancer_that_left_the_file_is_removed() {
    for index in LAGS {
        let road = Road::on(World::lagging(index));
        road.apply(&unprotected_road()).await;
        road.assert_at_rest(&unprotected_road()).await;
        let plan = road.apply_with(&without_a_road(), &agreed("*")).await;
        let lines = summary(&plan);
        for gone in ROAD {
            assert!(lines.contains(&gone.to_owned()), "{index:?}: {lines:?}");
        }
        road.assert_at_rest(&without_a_road()).await;
        road.assert_nothing_is_left().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_load_balancer_goes_wherever_the_run_that_removes_it_dies() {
    let made = Road::on(World::lagging(TaggingIndex::Empty));
    made.apply(&unprotected_road()).await;
    let after = without_a_road();
    let mut calls = 1;
    loop {
        let road = Road::on(made.world.with_index(TaggingIndex::Empty));
        let plan = road.plan(&after, &agreed("*")).await.unwrap();
        let dying = Wire::dying_after(calls, &road.world);
        if road.world.carry_out(&plan, dying).await.failures.is_empty() {
            break;
        }
        road.apply_with(&after, &agreed("*")).await;
        road.assert_at_rest(&after).await;
        road.assert_nothing_is_left().await;
        calls += 1;
    }
    assert!(calls > 5, "the run never got going: {calls}");
}

#[tokio::test(start_paused = true)]
async fn a_load_balancer_that_was_just_begun_goes_when_it_leaves_the_file() {
    let mut calls = 1;
    loop {
        let road = Road::on(World::lagging(TaggingIndex::Empty));
        let plan = road.plan(&unprotected_road(), &Options::default()).await;
        let dying = Wire::dying_after(calls, &road.world);
        let outcome = road.world.carry_out(&plan.unwrap(), dying).await;
        if outcome.failures.is_empty() {
            break;
        }
        road.apply_with(&without_a_road(), &agreed("*")).await;
        road.assert_at_rest(&without_a_road()).await;
        road.assert_nothing_is_left().await;
        calls += 1;
    }
    assert!(calls > 5, "the run never got going: {calls}");
}

#[tokio::test(start_paused = true)]
async fn a_pool_that_nothing_points_to_goes_when_it_leaves_the_file() {
    let api = "[stack]\nname = \"claims\"\nregion = \"eu-west-1\"\n\n[api]\nname = \"claims\"\nstage = \"prod\"\n\n\
               [api.routes]\n\"GET /health\" = { mock = 200, requires = \"nothing\" }\n";
    let pool = "\n[user_pool]\nname = \"claims\"\ndeletion_protection = false\n\n[app_clients.web]\nsecret = false\n\
                auth_flows = [\"user_srp\"]\n";
    for index in LAGS {
        for destroyed in [false, true] {
            let world = World::lagging(index);
            world.apply(&format!("{api}{pool}")).await;
            assert_eq!(world.pools().await, ["claims"]);
            let options = Options {
                destroy: destroyed,
                ..agreed("{user_pool,app_clients.*,api,api/stage}")
            };
            let plan = world.plan_with(api, &options).await.unwrap();
            let client = world.line();
            let outcome = world.carry_out(&plan, client).await;
            assert!(outcome.failures.is_empty(), "{:#?}", outcome.failures);
            assert_eq!(world.pools().await, [""; 0], "{index:?} {destroyed}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn marks_are_written_before_what_they_tell_of() {
    let road = Road::on(World::lagging(TaggingIndex::Empty));
    road.apply(&without_a_road()).await;
    let marks = async || {
        let apis = road
            .world
            .apigateway()
            .get_rest_apis()
            .send()
            .await
            .unwrap();
        let tags = apis.items()[0].tags().cloned().unwrap_or_default();
        [LOAD_BALANCER_MARK, DOMAIN_MARK].map(|mark| tags.contains_key(mark))
    };
    assert_eq!(marks().await, [false, false]);
    let plan = road
        .plan(&unprotected_road(), &Options::default())
        .await
        .unwrap();
    let place = |address: &str| {
        let mut steps = plan.steps.iter();
        steps
            .position(|step| step.address.as_str() == address)
            .unwrap()
    };
    for later in [
        "load_balancer/security_group",
        "load_balancer.listeners.80/target_group",
        "load_balancer",
    ] {
        assert!(place("api") < place(later), "{later}");
    }
    road.apply(&unprotected_road()).await;
    assert_eq!(marks().await, [true, false]);
}

#[tokio::test(start_paused = true)]
async fn a_stack_that_never_had_them_needs_no_right_to_list_links_and_domains() {
    let world = World::lagging(TaggingIndex::Empty);
    let text = stack_of(1, 1);
    let denied = || {
        Wire::to(&world, |_, operation| {
            let path = operation.split('?').next().unwrap_or_default();
            if ["/vpclinks", "/domainnames"]
                .iter()
                .any(|of| path.ends_with(of))
            {
                Fate::Refused(403, "AccessDeniedException", "not you")
            } else {
                Fate::Arrives
            }
        })
    };
    for applied in [false, true] {
        let wanted = desired(&text);
        let session = world.session_through(denied(), &wanted, Purpose::Make);
        let plan = plan_of(&session.await, &Options::default()).await;
        assert_eq!(plan.unwrap().is_empty(), applied);
        world.apply(&text).await;
    }
}
