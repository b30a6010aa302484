//! A run that dies between any two calls: the next one finds everything, creates nothing twice and finishes.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_local::scenario::TaggingIndex;
use gatestack::kinds::Observation;
use gatestack::model::{Address, OutputName};
use gatestack::plan::{Action, Options, Patterns};

use crate::access_logs::logging;
use crate::function_alias::with_alias;
use crate::function_changes::{RENAMED, alone, hello, moved, uncalled};
use crate::functions::with_functions;
use crate::support::scene::stack;
use crate::support::wire::{Fate, Wire};
use crate::support::world::{World, desired, stack_of};

/// What exists, without the ids AWS generated.
fn shape(observation: &Observation) -> Vec<(String, &'static str)> {
    observation
        .live
        .iter()
        .map(|(address, live)| (address.to_string(), live.resource.info().name))
        .collect()
}

/// The ids that partners use.
fn credentials(observation: &Observation) -> BTreeSet<String> {
    observation
        .live
        .values()
        .filter(|live| ["user_pool", "app_client", "api_key"].contains(&live.resource.info().name))
        .filter_map(|live| live.outputs.get(&OutputName::Id).cloned())
        .collect()
}

/// A run and the state before it.
struct Run<'a> {
    before: Option<&'a str>,
    text: &'a str,
    options: Options,
    /// Whether all credentials are kept.
    keeps: bool,
    /// How the tagging API's index lags from the start.
    index: Option<TaggingIndex>,
}

impl<'a> Run<'a> {
    fn first(text: &'a str) -> Self {
        Self {
            before: None,
            text,
            options: Options::default(),
            keeps: true,
            index: None,
        }
    }

    fn under(self, index: TaggingIndex) -> Self {
        Self {
            index: Some(index),
            ..self
        }
    }

    fn change(before: &'a str, text: &'a str) -> Self {
        Self {
            before: Some(before),
            ..Self::first(text)
        }
    }

    fn agreed(self) -> Self {
        Self {
            options: Options {
                allow_delete: Patterns::new(["*".to_owned()]),
                ..Options::default()
            },
            keeps: false,
            ..self
        }
    }

    fn destroy(text: &'a str) -> Self {
        Self {
            before: Some(text),
            text,
            options: Options {
                destroy: true,
                ..Options::default()
            },
            keeps: false,
            index: None,
        }
    }

    async fn dies_at_every_call(&self) {
        self.dies_at_every_call_after(async |_| {}).await;
    }

    /// The same after a change by hand.
    async fn dies_at_every_call_after(&self, by_hand: impl AsyncFn(&World)) {
        let begin = self.world(&by_hand).await;
        let had = credentials(&begin.look(self.text).await);
        let plan = begin.plan_with(self.text, &self.options).await.unwrap();
        let clean = begin.copy();
        self.carry_on(&clean).await;
        let expected = clean.look(self.text).await;
        let left = clean.functions_roles_and_groups().await;

        let mut calls = 1;
        loop {
            let world = begin.copy();
            let dying = Wire::dying_after(calls, &world);
            if world.carry_out(&plan, dying).await.failures.is_empty() {
                break;
            }
            self.carry_on(&world).await;
            let after = world.look(self.text).await;
            assert_eq!(shape(&after), shape(&expected), "died after call {calls}");
            assert!(
                after.obstacles.is_empty() && after.ambiguities.is_empty(),
                "died after call {calls}: {:?} {:?}",
                after.obstacles,
                after.ambiguities
            );
            let twice: usize = after.neighbours.iter().map(|others| others.count).sum();
            assert_eq!(
                twice, 0,
                "died after call {calls}: something was made twice"
            );
            assert_eq!(
                world.functions_roles_and_groups().await,
                left,
                "died after call {calls}"
            );
            assert!(
                !self.keeps || had.is_subset(&credentials(&after)),
                "died after call {calls}: credentials were lost"
            );
            calls += 1;
        }
        assert!(calls > 1, "the run never got going");
    }

    async fn world(&self, by_hand: &impl AsyncFn(&World)) -> World {
        let world = match self.index {
            Some(index) => World::lagging(index),
            None => World::new(),
        };
        if let Some(before) = self.before {
            world.apply(before).await;
        }
        by_hand(&world).await;
        world
    }

    /// Runs it to its end; the plan after it is empty.
    async fn carry_on(&self, world: &World) {
        let plan = world
            .plan_with(self.text, &self.options)
            .await
            .unwrap_or_else(|problems| panic!("{problems:#?}"));
        let outcome = world.carry_out(&plan, world.line()).await;
        assert!(outcome.failures.is_empty(), "{:#?}", outcome.failures);
        let again = world.plan_with(self.text, &self.options).await.unwrap();
        assert!(again.is_empty(), "{:#?}", again.changes);
    }
}

#[tokio::test(start_paused = true)]
async fn a_first_apply_can_die_anywhere() {
    Run::first(&stack_of(2, 2)).dies_at_every_call().await;
}

#[tokio::test(start_paused = true)]
async fn runs_can_die_anywhere_while_the_tagging_index_lags() {
    let behind = TaggingIndex::Behind(Duration::from_secs(300));
    let text = stack_of(1, 1);
    let renamed = text.replace("XXX Users", "YYY Users");
    let first = Run::first(&text).under(TaggingIndex::Empty);
    first.dies_at_every_call().await;
    let change = Run::change(&text, &renamed).under(behind);
    change.dies_at_every_call().await;
    let destroy = Run::destroy(&text).under(TaggingIndex::Empty);
    destroy.dies_at_every_call().await;
}

#[tokio::test(start_paused = true)]
async fn a_log_group_is_found_wherever_a_run_dies() {
    let (named, other) = ("{ group = \"/calls\" }", "{ group = \"/others\" }");
    let without = stack_of(1, 1);
    for settings in ["true", named] {
        let text = logging(settings);
        let first = Run::change(&without, &text).under(TaggingIndex::Empty);
        first.dies_at_every_call().await;
        let last = Run::change(&text, &without).agreed();
        last.under(TaggingIndex::Empty).dies_at_every_call().await;
        let destroy = Run::destroy(&text).under(TaggingIndex::Empty);
        destroy.dies_at_every_call().await;
    }
    let (before, after) = (logging(named), logging(other));
    let renamed = Run::change(&before, &after).under(TaggingIndex::Empty);
    renamed.dies_at_every_call().await;
}

#[tokio::test(start_paused = true)]
async fn a_changing_apply_can_die_anywhere() {
    let before = stack_of(2, 2);
    let after = stack_of(3, 3)
        .replace("burst = 100", "burst = 200")
        .replace("read = \"read\"", "read = \"Read\"");
    Run::change(&before, &after).dies_at_every_call().await;
}

#[tokio::test(start_paused = true)]
async fn things_of_one_name_are_told_apart_wherever_it_dies() {
    let text = stack_of(1, 1)
        + "\n[app_clients.insurer0]\nflows = [\"client_credentials\"]\nscopes = [\"xxx-api/read\"]\n\n[api_keys.insurer0]\nplan = \"XXXPlan\"\n\n[app_clients.web]\nname = \"insurer0\"\nflows = [\"code\"]\ncallback_urls = [\"https://a.example.com/\"]\nscopes = [\"openid\"]\n";
    Run::first(&text).dies_at_every_call().await;
}

#[tokio::test(start_paused = true)]
async fn a_move_of_everything_with_other_changes_can_die_anywhere() {
    let before = stack();
    let mut after = before
        .replace("[app_clients.web]", "[app_clients.portal]")
        .replace("[api_keys.batch]", "[api_keys.nightly]")
        .replace("[partners.insurer0]", "[partners.acme]")
        .replace(
            "[resource_servers.xxx-api]",
            "[resource_servers.policies]\nidentifier = \"xxx-api\"\nname = \"Policies\"",
        )
        .replace("XXXPlan", "Gold")
        .replace("burst = 100", "burst = 200");
    for (from, to) in [
        ("app_clients.web", "app_clients.portal"),
        ("api_keys.batch", "api_keys.nightly"),
        ("partners.insurer0", "partners.acme"),
        ("resource_servers.xxx-api", "resource_servers.policies"),
        ("plans.XXXPlan", "plans.Gold"),
    ] {
        after.push_str(&format!("[[moved]]\nfrom = \"{from}\"\nto = \"{to}\"\n"));
    }
    Run::change(&before, &after).dies_at_every_call().await;
}

#[tokio::test(start_paused = true)]
async fn replacements_can_die_anywhere() {
    let before = stack();
    let after = before
        .replace(
            "scopes = { read = \"read\" }",
            "identifier = \"yyy-api\"\nscopes = { read = \"read\" }",
        )
        .replace("\"xxx-api/read\"", "\"yyy-api/read\"")
        .replace("xxx-${account.id}", "yyy-${account.id}")
        .replace("/things0/{id}", "/things0/{key}")
        .replace("mock = 200", "mock = 204");
    Run::change(&before, &after).dies_at_every_call().await;
}

#[tokio::test(start_paused = true)]
async fn another_plan_and_another_stage_can_die_anywhere() {
    let before = stack();
    let after = before
        .replace("XXXPlan", "Gold")
        .replace("stage = \"prod\"", "stage = \"live\"");
    Run::change(&before, &after)
        .agreed()
        .dies_at_every_call()
        .await;
}

#[tokio::test(start_paused = true)]
async fn leaving_things_out_can_die_anywhere() {
    let before = stack();
    let after = stack_of(1, 1).replace("cors = true\n", "");
    Run::change(&before, &after)
        .agreed()
        .dies_at_every_call()
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_destroy_can_die_anywhere() {
    Run::destroy(&stack()).dies_at_every_call().await;
}

#[tokio::test(start_paused = true)]
async fn dying_while_what_was_deployed_by_hand_is_replaced_is_made_good() {
    let (before, text) = (stack_of(1, 1), stack_of(1, 2));
    let deploys = async |world: &World| {
        let apis = world.apigateway().get_rest_apis().send().await.unwrap();
        let deploy = world.apigateway().create_deployment();
        let deploy = deploy.rest_api_id(apis.items()[0].id().unwrap());
        deploy.stage_name("prod").send().await.unwrap();
    };
    for text in [&before, &text] {
        let run = Run::change(&before, text);
        Box::pin(run.dies_at_every_call_after(&deploys)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn making_a_deleted_client_again_can_die_anywhere() {
    let text = stack();
    Run::change(&text, &text)
        .dies_at_every_call_after(async |world| {
            let pool = world.id(&stack(), "user_pool").await;
            for client in ["partners.insurer0/client", "app_clients.web"] {
                world
                    .cognito()
                    .delete_user_pool_client()
                    .user_pool_id(&pool)
                    .client_id(world.id(&stack(), client).await)
                    .send()
                    .await
                    .unwrap();
            }
        })
        .await;
}

/// A world whose first apply died while it created its partner's client, in which one with that name was then made by hand: its
/// id.
async fn died_before_a_client_of_the_same_name(text: &str, later: Duration) -> (World, String) {
    let world = World::new();
    let client = |_, operation: &str| match operation {
        "CreateUserPoolClient" => Fate::Dies,
        _ => Fate::Arrives,
    };
    let (_, outcome) = world.apply_through(text, Wire::to(&world, client)).await;
    assert!(!outcome.failures.is_empty());
    world.clock.sleep(later).await;
    let pool = world.id(text, "user_pool").await;
    let client = world.cognito().create_user_pool_client();
    let client = client.user_pool_id(&pool).client_name("insurer0");
    let client = client.generate_secret(true).send().await.unwrap();
    (world, client.user_pool_client.unwrap().client_id.unwrap())
}

#[tokio::test(start_paused = true)]
async fn somebody_elses_client_is_not_taken_for_that_of_a_run_that_died() {
    let text = stack_of(1, 1);
    let (world, theirs) = died_before_a_client_of_the_same_name(&text, Duration::ZERO).await;
    let problems = world.plan_with(&text, &Options::default()).await;
    let problems = format!("{:?}", problems.unwrap_err());
    assert!(problems.contains(&theirs), "{problems}");
    assert!(
        problems.contains("--adopt 'partners.insurer0/client'"),
        "{problems}"
    );
    let mut adopting = desired(&text);
    adopting.adopt = adopting
        .adopt
        .and([Address::new("partners.insurer0/client")]);
    let plan = world.plan_to(&adopting, &Options::default()).await.unwrap();
    let taken = &plan.changes[&Address::new("partners.insurer0/client")];
    assert_eq!(taken.action, Action::Update, "{taken:#?}");
}

#[tokio::test(start_paused = true)]
async fn somebody_elses_client_does_not_go_with_a_partner_whose_run_died() {
    let text = stack_of(1, 1);
    let later = Duration::from_secs(3_700);
    let (world, theirs) = died_before_a_client_of_the_same_name(&text, later).await;
    let without = stack_of(0, 1);
    let agreed = Options {
        allow_delete: Patterns::new(["*".to_owned()]),
        ..Options::default()
    };
    world.apply_with(&without, &agreed).await;
    let pool = world.id(&without, "user_pool").await;
    let clients = world.cognito().list_user_pool_clients();
    let clients = clients.user_pool_id(pool).send().await.unwrap();
    let ids = clients.user_pool_clients().iter();
    let ids: Vec<_> = ids.filter_map(|client| client.client_id()).collect();
    assert_eq!(ids, [theirs]);
    assert!(world.plan(&without).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn aliases_can_die_anywhere() {
    let (plain, live) = (with_functions(""), with_alias(""));
    Run::change(&plain, &live).dies_at_every_call().await;
    let changed = with_alias("memory = 256");
    Run::change(&live, &changed).dies_at_every_call().await;
    let renamed = live.replace("\"live\"", "\"next\"");
    Run::change(&live, &renamed).dies_at_every_call().await;
    Run::change(&live, &plain).dies_at_every_call().await;
    Run::destroy(&live).dies_at_every_call().await;
}

#[tokio::test(start_paused = true)]
async fn functions_can_die_anywhere() {
    let text = with_functions("");
    Run::first(&text).dies_at_every_call().await;
    let without = text.replace("{ function = \"hello\" }", "{ function = \"other\" }");
    Run::change(&text, &without).dies_at_every_call().await;
    Run::destroy(&text).dies_at_every_call().await;
}

#[tokio::test(start_paused = true)]
async fn renaming_and_moving_a_function_can_die_anywhere() {
    for stack in [with_functions, with_alias] {
        let text = stack("");
        for after in [stack(RENAMED), moved(&text, "")] {
            let renamed = Run::change(&text, &after).agreed();
            renamed.dies_at_every_call().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn functions_without_a_route_or_an_api_can_die_anywhere() {
    for stack in [uncalled, alone] {
        let (before, after) = (stack(&hello("")), stack(&hello(RENAMED)));
        let index = TaggingIndex::Empty;
        Run::first(&before).dies_at_every_call().await;
        let renamed = Run::change(&before, &after).agreed();
        renamed.under(index).dies_at_every_call().await;
        Run::destroy(&after).dies_at_every_call().await;
    }
}
